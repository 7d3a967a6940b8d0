/* SPDX-License-Identifier: Apache-2.0
 *
 * Snippets: kept by the editor, put in again by its slash menu, and the list of them in the administration.
 */
#include "services/blog/snippets.h"

#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_tpl.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "services/blog/library.h"
#include "services/blog/write.h"

/* --- what is done, and told to the record ------------------------------------------------------------------------- */

struct snippet_change {
	struct audit_entry by;
	const char *action; /* of the entry */
	int64_t id, now;
	struct str name, source;
	const struct body *body;
	bool changed;
};

static enum status record(struct db_conn *c, const struct snippet_change *x, struct err *e)
{
	struct buf details;
	struct audit_entry entry = x->by;
	buf_text(&details, db_arena(c));
	buf_puts(&details, "{\"name\":");
	json_put_str(&details, x->name);
	buf_putc(&details, '}');
	entry.action = x->action;
	entry.object = id_str(db_arena(c), x->id);
	entry.details = buf_str(&details);
	return audit_write(c, &entry, e);
}

static enum status is_free(struct db_conn *c, struct str name, int64_t id, struct err *e)
{
	struct blog_snippet_named_row *there;
	TRY(q_blog_snippet_named(c, name, &there, e));
	return there && there->id != id ? err_set(e, ST_CONFLICT, "%s", tr("There is one of this name.")) : ST_OK;
}

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	struct snippet_change *x = arg;
	const struct body *b = x->body;
	struct blog_snippets_count_row *count;
	int64_t revision = id_new();
	struct arena *a = db_arena(c);
	TRY(is_free(c, x->name, 0, e));
	TRY(q_blog_snippets_count(c, &count, e));
	if (count->n >= SNIPPETS_MAX)
		return err_set(e, ST_CONFLICT, tr("A site has at most %d of these."), SNIPPETS_MAX);
	TRY(q_blog_object_add(c, x->id, STR("snippet"), write_slug_of(a, body_slug(a, x->name), x->id), x->name,
	        STR("unlisted"), STR("public"), false, STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), x->now,
	        x->now, NULL, STR_NULL, STR_NULL, NULL, e));
	TRY(q_blog_revision_add(c, revision, x->id, x->now, NULL, x->name, STR("lexical"), x->source, b->html.s,
	        b->member.s, b->visitor.s, b->preview.s, b->plain, b->words, write_hash(a, x->name, x->source), NULL,
	        e));
	TRY(q_blog_revision_current(c, x->id, revision, NULL, e));
	TRY(library_uses(c, x->id, "shown", b->html.s, e));
	return record(c, x, e);
}

static enum status tx_rename(struct db_conn *c, void *arg, struct err *e)
{
	struct snippet_change *x = arg;
	int64_t n = 0;
	TRY(is_free(c, x->name, x->id, e));
	TRY(q_blog_snippet_rename(c, x->id, x->name, x->now, &n, e));
	return n ? record(c, x, e) : err_set(e, ST_NOT_FOUND, "There is no such snippet any more.");
}

static enum status tx_bin(struct db_conn *c, void *arg, struct err *e)
{
	struct snippet_change *x = arg;
	struct blog_object_brief_row *o;
	int64_t n = 0;
	TRY(q_blog_object_brief(c, x->id, &o, e));
	if (o && !strcmp(x->action, "snippet.deleted"))
		TRY(q_blog_snippet_bin(c, x->id, x->now, &n, e));
	else if (o)
		TRY(q_blog_snippet_back(c, x->id, &n, e));
	x->changed = n > 0;
	x->name = o ? o->title : STR("");
	return n ? record(c, x, e) : ST_OK;
}

/* --- the editor --------------------------------------------------------------------------------------------------- */

enum status blog_get_snippet_names(struct web *w, struct err *e)
{
	struct blog_snippet_names_row *rows;
	struct buf b;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_snippet_names(c, SNIPPETS_MAX, &rows, &n, e));
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"snippets\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ",{\"id\":" : "{\"id\":");
		json_put_str(&b, id_str(w->ctx->arena, rows[i].id));
		json_put_member(&b, "name", rows[i].title);
		buf_putc(&b, '}');
	}
	buf_puts(&b, "]}");
	db_read_end(&c);
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}

/* As a document of the editor's, whatever it was written in. */
enum status blog_get_snippet(struct web *w, struct err *e)
{
	SCOPED_JSON *doc = NULL;
	struct blog_snippet_row *row;
	enum body_format format;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_blog_snippet(c, web_path_int(w, "id"), &row, e));
	}
	if (!row || !row->source.p || !doc_format(row->format, &format))
		return err_set(e, ST_NOT_FOUND, "There is no such snippet any more.");
	TRY(doc_open(w->ctx->arena, format, row->source, &doc, e));
	web_no_cache(w);
	return web_json(w, 200, json_text(w->ctx->arena, doc));
}

enum status blog_post_snippet(struct web *w, struct err *e)
{
	SCOPED_JSON *in = NULL;
	struct body body;
	struct buf b;
	TRY(write_read_json(w, &in, e));
	json_t *doc = json_object_get(in, "document"), *blocks = doc_blocks(doc);
	struct str name = json_str(in, "name");
	struct snippet_change x = { .action = "snippet.made", .id = id_new(), .now = clock_now_us() };
	x.name = str_trim(name.p ? name : STR(""));
	if (!blocks || !json_array_size(blocks))
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("There is nothing in it."));
	if (!x.name.n || str_utf8_first(x.name, SNIPPET_NAME_MAX).n != x.name.n)
		return err_set(e, ST_UNPROCESSABLE, tr("A name has 1 to %d characters."), SNIPPET_NAME_MAX);
	x.source = json_text(w->ctx->arena, doc);
	if (x.source.n > SNIPPET_SOURCE_MAX)
		return err_set(e, ST_TOO_LARGE, tr("This is too large for a snippet: at most %d kB."),
		        SNIPPET_SOURCE_MAX >> 10);
	TRY(write_body(w->ctx, BODY_LEXICAL, x.source, &body, e));
	x.body = &body;
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_add, &x, e));
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"id\":");
	json_put_str(&b, id_str(w->ctx->arena, x.id));
	json_put_member(&b, "name", x.name);
	buf_putc(&b, '}');
	return web_json(w, 201, buf_str(&b));
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

struct snippet_form { struct str name, id; };

static const struct field fields[] = {
	FIELD(struct snippet_form, name, TEXT, .label = "Name", .required = "What is it to be called?",
	        .max = SNIPPET_NAME_MAX),
	FIELD(struct snippet_form, id, HIDDEN, .max = ID_TEXT_LEN),
	{ 0 },
};
static const struct form_desc rename_desc = { .fields = fields };

typedef struct blog_snippets_row snippet_row;

static enum status load_snippets(struct web *w, struct db_conn *c, const struct table_ask *ask,
        struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, blog_snippets, c, ask->search, ask->like, &ask->page);
}

static enum status act_on(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct snippet_change x = { .now = clock_now_us() };
	x.action = !strcmp(a->name, "back") ? "snippet.back" : "snippet.deleted";
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such snippet any more.");
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_bin, &x, e));
	*changed = x.changed;
	return ST_OK;
}

static struct str rename_url(struct web *w, const void *row)
{
	struct str id = id_str(w->ctx->arena, ((const snippet_row *)row)->id);
	return web_url(w->ctx, "blog", "/admin/snippets?id=%.*s", STR_ARG(id));
}

/* arg: struct form_fill, NULL: none is to be renamed. */
static void above_list(struct buf *out, struct web *w, void *arg)
{
	tpl_blog_snippet_form(out, w, arg, web_query(w, "saved").n > 0);
}

static const struct column columns[] = {
	COLUMN(snippet_row, title, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(snippet_row, words, NUMBER, .title = "Words"),
	COLUMN(snippet_row, edited_at, DAY, .title = "Changed", .sort = "changed", .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "delete", .label = "Delete", .done = "Deleted", .undo = "back", .danger = true },
	{ .name = "back", .label = "Bring back", .done = "Brought back", .hidden = true },
	{ 0 },
};
static const struct table_desc snippets = {
	.path = "/admin/snippets",
	.title = "Snippets",
	.search = "Name",
	.columns = columns,
	.actions = actions,
	.empty = "There are none yet. Choose some blocks in the editor, and keep them.",
	.sort = "name",
	.row_size = sizeof(snippet_row),
	.load = load_snippets,
	.act = act_on,
	.url = rename_url,
	.above = above_list,
};

enum status blog_get_snippets(struct web *w, struct err *e)
{
	struct blog_snippet_row *row = NULL;
	struct snippet_form v;
	struct form_fill f;
	int64_t id;
	if (id_parse(str_or_empty(web_query(w, "id")), &id)) {
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_blog_snippet(c, id, &row, e));
	}
	if (!row)
		return table_get(w, &snippets, NULL, e);
	v = (struct snippet_form){ row->title, id_str(w->ctx->arena, row->id) };
	form_show(&f, w, &rename_desc, &v);
	return table_get(w, &snippets, &f, e);
}

static enum status rename_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &snippets, status, f, STR(""), e);
}

static enum status rename_one(struct web *w, struct err *e)
{
	struct snippet_form v = { STR(""), STR("") };
	struct snippet_change x = { .action = "snippet.renamed", .now = clock_now_us() };
	struct form_fill f;
	struct err why = { 0 };
	TRY(form_read(&f, w, &rename_desc, &v, e));
	if (f.failed)
		return form_refuse(&f, rename_page, NULL, e);
	if (!id_parse(v.id, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such snippet any more.");
	x.name = v.name;
	audit_from(w, &x.by);
	enum status s = db_write(w->ctx, w->ctx->svc->db, tx_rename, &x, &why);
	if (s == ST_CONFLICT) {
		form_fault(&f, "name", "%s", why.msg);
		return form_refuse(&f, rename_page, NULL, e);
	}
	if (s != ST_OK)
		return err_set(e, s, "%s", why.msg);
	return form_done(&f, web_url(w->ctx, "blog", "/admin/snippets?saved=1"));
}

enum status blog_post_snippets(struct web *w, struct err *e)
{
	TRY(web_form_load(w, e));
	return table_is_asked(w) ? table_post(w, &snippets, NULL, e) : rename_one(w, e);
}
