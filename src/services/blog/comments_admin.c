/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/comments: what is said under posts, for those who decide what of it is shown.
 */
#include <string.h>

#include "base/id.h"
#include "platform/tables/tables.h"
#include "services/blog/blog_views.h"
#include "services/blog/comments.h"

typedef struct blog_comments_row comment_row;

static enum status load_comments(struct web *w, struct db_conn *c, const struct table_ask *ask,
        struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, blog_comments, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

/* Markup taken out, for a line of words. */
static struct str words_of(struct arena *a, struct str html)
{
	struct buf b;
	bool inside = false;
	buf_arena(&b, a, html.n + 1);
	for (size_t i = 0; i < html.n; i++) {
		if (html.p[i] == '<')
			inside = true;
		else if (html.p[i] == '>' && inside)
			inside = false;
		else if (!inside)
			buf_putc(&b, html.p[i]);
	}
	return str_trim(buf_str(&b));
}

static struct str words_text(struct web *w, const void *row)
{
	const comment_row *r = row;
	return str_utf8_first(r->text.n ? r->text : words_of(w->ctx->arena, r->html), COMMENT_WORDS_SHOWN);
}

static struct str post_page(struct web *w, const void *row)
{
	const comment_row *r = row;
	struct arena *a = w->ctx->arena;
	return arena_strf(
	        a, "%.*s#comment-%.*s", STR_ARG(blog_post_url(w->ctx, r->slug)), STR_ARG(id_str(a, r->id)));
}

static struct str state_word(struct web *w, const void *row)
{
	static const char *const words[] = { TR_NOOP("waiting"), TR_NOOP("shown"), TR_NOOP("hidden"),
		TR_NOOP("deleted") };
	struct str state = ((const comment_row *)row)->state;
	(void)w;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqc(state, words[i]))
			return str_c(words[i]);
	return state;
}

static const struct { const char *action, *status; } decisions[] = {
	{ "show", "shown" },
	{ "hide", "hidden" },
	{ "delete", "deleted" },
	{ "back", NULL },
};

/* Who is told when this one, which waits, is shown. */
static enum status plan_notices(struct web *w, struct comment_decision *x, struct err *e)
{
	struct blog_comment_get_row *row, *to = NULL;
	struct blog_post_name_row *post;
	struct comment_told told = { .id = x->id, .waited = true };
	struct blog_post_people_row *authors;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_blog_comment_get(c, x->id, &row, e));
		if (!row || !str_eqc(row->status, "waiting"))
			return ST_OK;
		TRY(q_blog_post_name(c, row->object_id, &post, e));
		TRY(q_blog_post_people(c, row->object_id, COMMENT_AUTHORS_TOLD, &authors, &told.author_count, e));
		if (!row->parent_id_null)
			TRY(q_blog_comment_get(c, row->parent_id, &to, e));
	}
	told.post = row->object_id;
	told.slug = post ? post->slug : STR("");
	told.title = post ? post->title : STR("");
	told.name = row->name;
	told.person = row->person_id_null ? 0 : row->person_id;
	told.answered = to && !to->person_id_null ? to->person_id : 0;
	told.answered_comment = to ? to->id : 0;
	told.authors = authors;
	comment_tell_shown(w->ctx, &told, &x->shown);
	return ST_OK;
}

static enum status act_on(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct comment_decision x = { 0 };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such comment any more.");
	for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
		if (!strcmp(a->name, decisions[i].action))
			x.status = decisions[i].status;
	if (x.status && !strcmp(x.status, "shown"))
		TRY(plan_notices(w, &x, e));
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, comment_decide_tx, &x, e));
	*changed = x.changed;
	comment_drop_kept(w->ctx, x.post, x.person);
	return ST_OK;
}

static const struct choice states[] = {
	{ "waiting", TR_NOOP("Waiting"), NULL }, { "shown", TR_NOOP("Shown"), NULL },
	{ "hidden", TR_NOOP("Hidden"), NULL },   { "deleted", TR_NOOP("Deleted"), NULL },
	{ 0 },
};
static const struct table_filter filters[] = {
	{ .name = "state", .title = "State", .choices = states },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(comment_row, text, TEXT, .title = "Words", .text = words_text),
	COLUMN(comment_row, name, TEXT, .title = "By", .sort = "name", .by = 1),
	COLUMN(comment_row, post, TEXT, .title = "Under"),
	COLUMN(comment_row, state, STATE, .title = "State", .usual = "shown", .text = state_word),
	COLUMN(comment_row, created_at, MOMENT, .title = "When", .sort = "when", .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "show", .label = "Show", .done = "Shown", .undo = "back" },
	{ .name = "hide", .label = "Hide", .done = "Hidden", .undo = "back" },
	{ .name = "delete", .label = "Delete", .done = "Deleted", .undo = "back", .danger = true },
	{ .name = "back", .label = "As it was", .done = "As it was before", .hidden = true },
	{ 0 },
};

static const struct table_desc comments = {
	.path = "/admin/comments",
	.title = "Comments",
	.search = "Words, name or post",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "Nothing has been said yet.",
	.sort = "when",
	.down = true,
	.row_size = sizeof(comment_row),
	.load = load_comments,
	.act = act_on,
	.url = post_page,
};

enum status blog_get_comments(struct web *w, struct err *e)
{
	return table_get(w, &comments, NULL, e);
}
enum status blog_post_comments(struct web *w, struct err *e)
{
	return table_post(w, &comments, NULL, e);
}
