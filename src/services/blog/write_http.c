/* SPDX-License-Identifier: Apache-2.0
 *
 * /write: the list of posts, and the page of one. Everything works as a form; the editor takes its place where there is
 * JavaScript.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_tpl.h"
#include "net/forms/multipart.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "platform/text/local.h"
#include "services/blog/blog_views.h"
#include "services/blog/write.h"

#define PAGE_MAX (40u << 20) /* a text of the largest size, as a form and as a document; the arena ends before */

/* --- the list ------------------------------------------------------------------------------------------------------
 */

typedef struct blog_writings_row writing_row;

static enum status load_writings(struct web *w, struct db_conn *c, const struct table_ask *ask,
                                 struct table_found *found, struct err *e)
{
	struct blog_writer who;
	TRY(write_who(w, c, &who, e));
	bool own = who.level != WRITE_EDITOR || str_eqc(ask->filter[1], "mine");
	return TABLE_QUERY(found, e, blog_writings, c, ask->search, ask->like, ask->filter[0],
	                   own ? (who.author ? who.author : -1) : 0, &ask->page);
}

static struct str writing_url(struct web *w, const void *row)
{
	char id[ID_TEXT_LEN + 1];
	id_text(((const writing_row *)row)->id, id);
	return web_url(w->ctx, "blog", "/write/%s", id);
}

static struct str title_text(struct web *w, const void *row)
{
	struct str title = ((const writing_row *)row)->title;
	(void)w;
	return str_trim(title).n ? title : TR("Untitled");
}

static struct str kind_text(struct web *w, const void *row)
{
	(void)w;
	return str_eqc(((const writing_row *)row)->type, "page") ? TR("Page") : TR("Post");
}

static struct str authors_text(struct web *w, const void *row)
{
	struct str list = ((const writing_row *)row)->authors, one, slug;
	struct buf b;
	buf_arena(&b, w->ctx->arena, list.n * 2 + 2);
	while (list.n && str_next(&list, '\x1e', &one)) {
		str_cut(&one, '\x1f', &slug);
		buf_puts(&b, b.len ? ", " : "");
		buf_putstr(&b, one);
	}
	return buf_str(&b);
}

static enum status act_on(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	int64_t id;
	if (!id_parse(key, &id))
		return err_set(e, ST_NOT_FOUND, "There is no such post any more.");
	{
		SCOPED_DB_READ c = NULL;
		struct blog_writer who;
		SCOPED_WRITING p = { 0 };
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(write_who(w, c, &who, e));
		TRY(write_open(w, c, &who, id, &p, e));
		if (!write_may_edit(&who, &p))
			return err_set(e, ST_FORBIDDEN, "What is published is deleted by its author or an editor.");
	}
	return write_bin(w, id, !strcmp(a->name, "delete"), changed, e);
}

static const struct choice states[] = {
	{ "draft", TR_NOOP("Drafts"), NULL },        { "scheduled", TR_NOOP("Scheduled"), NULL },
	{ "published", TR_NOOP("Published"), NULL }, { "unlisted", TR_NOOP("Unlisted"), NULL },
	{ "deleted", TR_NOOP("Deleted"), NULL },     { 0 },
};
static const struct choice whose[] = { { "mine", "Mine", NULL }, { 0 } };
static const struct table_filter filters[] = {
	{ .name = "state", .title = "State", .choices = states },
	{ .name = "whose", .title = "Whose", .choices = whose },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(writing_row, title, TEXT, .title = "Title", .sort = "title", .by = 1, .text = title_text),
	COLUMN(writing_row, type, TEXT, .title = "Kind", .text = kind_text),
	COLUMN(writing_row, state, STATE, .title = "State", .usual = "published"),
	COLUMN(writing_row, authors, TEXT, .title = "By", .text = authors_text),
	COLUMN(writing_row, edited_at, MOMENT, .title = "Worked on", .sort = "edited", .first_down = true),
	COLUMN(writing_row, published_at, DAY, .title = "Published"),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "delete", .label = "Delete", .done = "Deleted", .undo = "undelete", .danger = true },
	{ .name = "undelete", .label = "Bring back", .done = "Brought back", .undo = "delete" },
	{ 0 },
};

static void above_list(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_blog_write_above(out, w);
}

static const struct table_desc writings = {
	.path = "/write",
	.title = "Writing",
	.search = "Title",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "There is nothing yet. Begin with a first post.",
	.sort = "edited",
	.down = true,
	.row_size = sizeof(writing_row),
	.load = load_writings,
	.act = act_on,
	.url = writing_url,
	.above = above_list,
};

enum status blog_get_write(struct web *w, struct err *e)
{
	return table_get(w, &writings, NULL, e);
}
enum status blog_post_write(struct web *w, struct err *e)
{
	return table_post(w, &writings, NULL, e);
}

/* --- the page of one -----------------------------------------------------------------------------------------------
 */

struct write_page {
	struct blog_writer who;
	struct blog_writing post;
	bool fresh;
	struct str type, zone;
	struct str done, problem;
	const struct write_clash *clash;
};
static void opened_close(struct write_page *o)
{
	write_close(&o->post);
}
#define SCOPED_OPENED __attribute__((cleanup(opened_close))) struct write_page

static enum status open_page(struct web *w, struct write_page *o, struct err *e)
{
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	*o = (struct write_page){ .fresh = !web_path_is(w, "id"), .done = STR(""), .problem = STR("") };
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(write_who(w, c, &o->who, e));
	TRY(blog_site(w->ctx, c, &site, e));
	o->zone = site.timezone;
	o->type = str_eqc(web_query(w, "type"), "page") ? STR("page") : STR("post");
	if (o->fresh)
		return ST_OK;
	TRY(write_open(w, c, &o->who, web_path_int(w, "id"), &o->post, e));
	o->type = o->post.row->type;
	return ST_OK;
}

static struct str state_of(const struct write_page *o)
{
	static const struct {
		const char *status, *words;
	} words[] = {
		{ "draft", TR_NOOP("Draft") },
		{ "published", TR_NOOP("Published") },
		{ "scheduled", TR_NOOP("Scheduled") },
		{ "unlisted", TR_NOOP("Unlisted") },
	};
	if (o->fresh)
		return TR("New");
	if (o->post.row->binned)
		return TR("Deleted");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqc(o->post.row->status, words[i].status))
			return str_c(tr(words[i].words));
	return STR("");
}

static struct str page_action(struct web *w, const struct write_page *o)
{
	char id[ID_TEXT_LEN + 1];
	if (o->fresh)
		return web_url(w->ctx, "blog", "/write/new?type=%.*s", STR_ARG(o->type));
	id_text(o->post.row->id, id);
	return web_url(w->ctx, "blog", "/write/%s", id);
}

/* JSON in a script element: "<" stands in its strings alone, and is written so that it ends no element. */
static struct safe_html json_in_script(struct web *w, struct str json)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	buf_reserve(&b, json.n + 1);
	for (size_t i = 0; i < json.n; i++)
		if (json.p[i] == '<')
			buf_puts(&b, "\\u003c");
		else
			buf_putc(&b, json.p[i]);
	return html_from_template(&b);
}

static struct safe_html state_json(struct web *w, const struct write_page *o)
{
	struct buf b;
	char id[ID_TEXT_LEN + 1];
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"version\":");
	buf_put_i64(&b, o->fresh ? 0 : o->post.version);
	if (!o->fresh) {
		id_text(o->post.row->id, id);
		json_put_member(&b, "id", str_c(id));
	}
	json_put_member(&b, "type", o->type);
	json_put_member(&b, "base", web_url(w->ctx, "blog", "/write"));
	if (platform_has(w->ctx->svc->platform, "market"))
		buf_puts(&b, ",\"market\":true");
	json_put_member(&b, "signIn", web_url(w->ctx, "blog", "/auth/login?next=/write"));
	buf_putc(&b, '}');
	return json_in_script(w, buf_str(&b));
}

static enum status page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct write_page *o = arg;
	struct web *w = f->w;
	struct buf out;
	struct page_shell shell = web_shell(w, "Writing");
	(void)e;
	shell.kind = STR("write");
	const struct write_view v = {
		.w = w,
		.who = &o->who,
		.post = o->fresh ? NULL : &o->post,
		.form = f,
		.action = page_action(w, o),
		.type = o->type,
		.zone = o->zone,
		.state = state_of(o),
		.problem = o->problem,
		.done = o->done,
		.document = json_in_script(w, o->fresh ? STR("{\"root\":{\"children\":[]}}") : o->post.source),
		.state_json = state_json(w, o),
		.id = o->fresh ? STR("") : id_str(w->ctx->arena, o->post.row->id),
		.may_publish = write_may_publish(&o->who, o->fresh ? NULL : &o->post),
		.clash = o->clash,
	};
	web_no_cache(w);
	buf_arena(&out, w->ctx->arena, PAGE_MAX);
	tpl_blog_write_page(&out, &shell, &v);
	return web_html(w, status, &out);
}

static struct str done_words(struct web *w)
{
	static const struct {
		const char *name, *words;
	} all[] = {
		{ "save", TR_NOOP("Saved.") },
		{ "publish", TR_NOOP("Published: it is to be seen from now on.") },
		{ "schedule", TR_NOOP("Scheduled.") },
		{ "unlist", TR_NOOP("It can be read by whoever has its address, and stands in no list.") },
		{ "draft", TR_NOOP("It is a draft again, and nobody reads it.") },
	};
	struct str done = web_query(w, "done");
	for (size_t i = 0; done.p && i < sizeof all / sizeof *all; i++)
		if (str_eqc(done, all[i].name))
			return str_c(tr(all[i].words));
	return STR("");
}

static enum status get_page(struct web *w, struct err *e)
{
	SCOPED_OPENED o;
	struct form_fill f;
	TRY(open_page(w, &o, e));
	if (!o.fresh && !write_may_edit(&o.who, &o.post))
		return err_set(e, ST_FORBIDDEN, "What is published is changed by its author or an editor.");
	struct write_form values = write_form_of(w->ctx, o.fresh ? NULL : &o.post, o.zone);
	form_show(&f, w, &write_desc, &values);
	o.done = done_words(w);
	return page(&f, 200, &o, e);
}

enum status blog_get_write_new(struct web *w, struct err *e)
{
	return get_page(w, e);
}
enum status blog_get_write_one(struct web *w, struct err *e)
{
	return get_page(w, e);
}

/* --- saving --------------------------------------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	enum write_do what;
} verbs[] = {
	{ "save", WRITE_SAVE },     { "publish", WRITE_PUBLISH }, { "schedule", WRITE_SCHEDULE },
	{ "unlist", WRITE_UNLIST }, { "draft", WRITE_DRAFT },
};

static size_t verb_of(struct web *w)
{
	struct str name = web_form(w, "do");
	for (size_t i = 0; name.p && i < sizeof verbs / sizeof *verbs; i++)
		if (str_eqc(name, verbs[i].name))
			return i;
	return 0;
}

static struct write_settings settings_of(const struct write_form *v, const struct media_item *image)
{
	return (struct write_settings){ .slug = v->slug,
		                        .tags = v->tags,
		                        .excerpt = v->excerpt,
		                        .visibility = v->visibility,
		                        .lang = v->lang,
		                        .image_alt = v->image_alt,
		                        .focus = v->focus,
		                        .canonical = v->canonical,
		                        .meta_title = v->meta_title,
		                        .meta_description = v->meta_description,
		                        .featured = v->featured,
		                        .no_image = v->no_image,
		                        .no_comments = v->no_comments,
		                        .image = image->variant_count ? image : NULL };
}

/* Is the document what readers see already, word for word? Then there is nothing to make a revision of. */
static bool is_as_shown(struct web *w, const struct write_page *o, const json_t *doc, struct str title)
{
	enum body_format format;
	SCOPED_JSON *shown = NULL;
	const struct blog_writing_row *r = o->post.row;
	if (o->fresh || !r->source.p || !str_eq(title, r->revision_title) || !doc_format(r->format, &format) ||
	    doc_open(w->ctx->arena, format, r->source, &shown, NULL) != ST_OK)
		return false;
	return json_equal(shown, doc);
}

/* What the form says, as a change; its texts are the request's. */
static enum status change_of(struct form_fill *f, const struct write_form *v, struct write_page *o,
                             struct write_change *x, struct body *body, struct body *shown, struct err *e)
{
	struct web *w = f->w;
	SCOPED_JSON *doc = NULL;
	enum body_format format;
	const struct blog_writing_row *r = o->post.row;
	bool typed = str_eqc(v->with_text, "1");
	if (typed)
		TRY(doc_from_markdown(w->ctx->arena, v->text, o->post.doc, &doc, e));
	x->title = typed ? v->title : o->fresh ? STR("") : o->post.title;
	x->source = typed      ? json_text(w->ctx->arena, doc)
	            : o->fresh ? STR("{\"root\":{\"children\":[]}}")
	                       : o->post.source;
	if (x->what != WRITE_SAVE || !is_as_shown(w, o, typed ? doc : o->post.doc, x->title)) {
		TRY(write_body(w->ctx, BODY_LEXICAL, x->source, body, e));
		x->body = body;
	}
	if (r && r->source.p && !str_eq(r->visibility, v->visibility) && doc_format(r->format, &format) &&
	    (x->what == WRITE_SAVE || x->what == WRITE_DRAFT)) {
		TRY(write_body(w->ctx, format, r->source, shown, e));
		x->shown = shown;
	}
	return ST_OK;
}

static void check_change(struct form_fill *f, const struct write_form *v, const struct write_page *o,
                         struct write_change *x)
{
	bool publishes = x->what == WRITE_PUBLISH || x->what == WRITE_SCHEDULE || x->what == WRITE_UNLIST;
	bool typed = str_eqc(v->with_text, "1");
	if (publishes && typed ? !v->title.n : publishes && (o->fresh || !str_trim(o->post.title).n))
		form_fault(f, "title", "What is published has a title.");
	if (x->what == WRITE_SCHEDULE && !local_moment(o->zone, v->date, v->time, &x->publish_at))
		form_fault(f, "date", "On which day is it to be published?");
	else if (x->what == WRITE_SCHEDULE && x->publish_at <= clock_now_us())
		form_fault(f, "date", "That is in the past: publish it at once, or choose a later time.");
	if (!str_i64(v->version, &x->version) || x->version < 0)
		form_fault(f, NULL, "This form is not whole. Please load the page again.");
}

/* Both texts, and the form with what was typed: sent again, it is saved on top of the other. */
static enum status show_clash(struct form_fill *f, struct write_page *o, const struct write_change *x, struct err *e)
{
	struct web *w = f->w;
	struct write_page now;
	SCOPED_JSON *mine = NULL;
	TRY(open_page(w, &now, e));
	write_close(&o->post);
	*o = now;
	TRY(doc_read(w->ctx->arena, x->source, &mine, e));
	struct write_clash clash = { .who = o->post.row->draft_name,
		                     .when = html_time(w->ctx->arena, w->person->zone, o->post.row->saved_at),
		                     .theirs = arena_strf(w->ctx->arena, "# %.*s\n\n%.*s", STR_ARG(o->post.title),
		                                          STR_ARG(doc_markdown(w->ctx->arena, o->post.doc))),
		                     .mine = arena_strf(w->ctx->arena, "# %.*s\n\n%.*s", STR_ARG(x->title),
		                                        STR_ARG(doc_markdown(w->ctx->arena, mine))) };
	f->typed[form_field(f, "version") - f->desc->fields] =
	        arena_strf(w->ctx->arena, "%lld", (long long)o->post.version);
	o->clash = &clash;
	return page(f, 409, o, e);
}

static enum status post_page(struct web *w, struct err *e)
{
	SCOPED_OPENED o;
	struct form_fill f;
	struct media_item image = { 0 };
	struct body body, shown, kept;
	struct err why = { 0 };
	TRY(open_page(w, &o, e));
	if (!o.fresh && (o.post.row->binned || !write_may_edit(&o.who, &o.post)))
		return err_set(e, ST_FORBIDDEN, "This can not be changed by you now.");
	struct write_form v = write_form_of(w->ctx, o.fresh ? NULL : &o.post, o.zone);
	TRY(form_read(&f, w, &write_desc, &v, e));
	size_t verb = verb_of(w);
	struct write_change x = {
		.who = &o.who, .before = o.fresh ? NULL : &o.post, .type = o.type, .what = verbs[verb].what
	};
	if (x.what != WRITE_SAVE && !write_may_publish(&o.who, x.before))
		return err_set(e, ST_FORBIDDEN, "Publishing is for authors and editors.");
	check_change(&f, &v, &o, &x);
	TRY(form_picture(&f, "image", &image, e));
	if (f.failed)
		return form_refuse(&f, page, &o, e);
	TRY(change_of(&f, &v, &o, &x, &body, &shown, e));
	struct write_settings settings = settings_of(&v, &image);
	settings.image_name = image.variant_count ? web_upload(w, "image")->filename : STR("");
	x.settings = &settings;
	TRY(write_keep_before(w, o.fresh ? NULL : &o.post, false, &kept, &x, e));
	enum status st = write_change(w, &x, &why);
	if (st == ST_CONFLICT && !o.fresh)
		return show_clash(&f, &o, &x, e);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	char id[ID_TEXT_LEN + 1];
	id_text(x.id, id);
	return form_done(&f, web_url(w->ctx, "blog", "/write/%s?done=%s", id, verbs[verb].name));
}

enum status blog_post_write_new(struct web *w, struct err *e)
{
	return post_page(w, e);
}
enum status blog_post_write_one(struct web *w, struct err *e)
{
	return post_page(w, e);
}
