/* SPDX-License-Identifier: Apache-2.0
 *
 * What the editor in the browser asks: a save every few seconds, the preview of a card, Markdown as blocks, files, and
 * who else is in the same post. JSON in, JSON out; the rules are those of the form.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "net/forms/multipart.h"
#include "platform/hub/hub.h"
#include "platform/peers/fragment.h"
#include "platform/text/json.h"
#include "services/blog/goods.h"
#include "services/blog/import_plan.h"
#include "services/blog/library.h"
#include "services/blog/write.h"

enum {
	ANSWER_MAX = 10 << 20, /* bytes of one, with a document in it */
	TAB_MAX = 40,          /* characters of the name that a tab has given itself */
	NAME_SHOWN = 100,      /* characters of a person's name that others are shown */
};

/* --- JSON in -------------------------------------------------------------------------------------------------------
 */

enum status write_read_json(struct web *w, json_t **out, struct err *e)
{
	struct str body;
	size_t dropped = 0;
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	*out = json_parse(json_without_nul(w->ctx->arena, body, &dropped), BODY_DEPTH_MAX + 2, e);
	if (!*out)
		return ST_INVALID;
	return json_is_object(*out) ? ST_OK : err_set(e, ST_INVALID, "An object is expected.");
}

static struct str topic_of(struct web *w, int64_t id)
{
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	return arena_strf(w->ctx->arena, "blog.write.%s", text);
}

/* Tells the others in the post. */
static void tell(struct web *w, int64_t id, const char *event, struct str tab, int64_t version)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"version\":");
	buf_put_i64(&b, version);
	json_put_member(&b, "name", str_utf8_first(w->person->name, NAME_SHOWN));
	json_put_member(&b, "tab", str_utf8_first(tab.p ? tab : STR(""), TAB_MAX));
	buf_putc(&b, '}');
	hub_publish(w->ctx->svc->platform->hub, topic_of(w, id), str_c(event), buf_str(&b));
}

/* --- saving --------------------------------------------------------------------------------------------------------
 */

static enum status answer_saved(struct web *w, int64_t id, int64_t version)
{
	struct buf b;
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"version\":");
	buf_put_i64(&b, version);
	json_put_member(&b, "id", str_c(text));
	json_put_member(&b, "url", web_url(w->ctx, "blog", "/write/%s", text));
	buf_putc(&b, '}');
	return web_json(w, 200, buf_str(&b));
}

/* 409 with what is there now, so that both can be shown. */
static enum status answer_conflict(struct web *w, const struct blog_writer *who, int64_t id, struct err *e)
{
	SCOPED_WRITING p = { 0 };
	struct buf b;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(write_open(w, c, who, id, &p, e));
	}
	buf_arena(&b, w->ctx->arena, ANSWER_MAX);
	buf_puts(&b, "{\"version\":");
	buf_put_i64(&b, p.version);
	json_put_member(&b, "title", p.title);
	json_put_member(&b, "who", p.row->draft_name);
	json_put_member(&b, "when", html_time(w->ctx->arena, w->person->zone, p.row->saved_at));
	json_put_member(&b, "text", doc_markdown(w->ctx->arena, p.doc));
	buf_puts(&b, ",\"document\":");
	buf_putstr(&b, p.source);
	buf_putc(&b, '}');
	return web_json(w, 409, buf_str(&b));
}

enum status write_keep_before(struct web *w, struct blog_writing *p, bool always, struct body *body,
                              struct write_change *x, struct err *e)
{
	const struct blog_writing_row *r = p ? p->row : NULL;
	if (!r || !r->draft_source.p || r->saved_at <= r->kept_at)
		return ST_OK;
	bool others = r->draft_person_null || r->draft_person != w->person->id;
	if (!others && !always)
		return ST_OK;
	TRY(write_body(w->ctx, BODY_LEXICAL, r->draft_source, body, e));
	x->kept = body;
	return ST_OK;
}

struct autosave {
	struct str title, source, tab;
	int64_t version;
	bool keep;
};

static enum status read_autosave(struct web *w, json_t *in, struct autosave *out, struct err *e)
{
	json_t *doc = json_object_get(in, "document"), *version = json_object_get(in, "version");
	struct str title = json_str(in, "title");
	*out = (struct autosave){ .title = str_trim(title.p ? title : STR("")),
		                  .tab = json_str(in, "tab"),
		                  .keep = json_is_true(json_object_get(in, "keep")) };
	if (!doc_blocks(doc) || !json_is_integer(version) || json_integer_value(version) < 0)
		return err_set(e, ST_INVALID, "This is no document: it has no blocks.");
	if (str_utf8_first(out->title, WRITE_TITLE_MAX).n != out->title.n)
		return err_set(e, ST_UNPROCESSABLE, "A title has at most %d characters.", WRITE_TITLE_MAX);
	out->version = json_integer_value(version);
	out->source = json_text(w->ctx->arena, doc);
	if (out->source.n > BODY_SOURCE_MAX)
		return err_set(e, ST_TOO_LARGE, "A text has at most %u MB.", BODY_SOURCE_MAX >> 20);
	return ST_OK;
}

static enum status autosave(struct web *w, int64_t id, struct err *e)
{
	SCOPED_JSON *in = NULL;
	SCOPED_WRITING p = { 0 };
	struct blog_writer who;
	struct autosave a;
	struct body body, kept;
	struct err why = { 0 };
	TRY(write_read_json(w, &in, e));
	TRY(read_autosave(w, in, &a, e));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(write_who(w, c, &who, e));
		if (id)
			TRY(write_open(w, c, &who, id, &p, e));
	}
	if (id && (p.row->binned || !write_may_edit(&who, &p)))
		return err_set(e, ST_FORBIDDEN, "This can not be changed by you now.");
	if (id && p.version != a.version)
		return answer_conflict(w, &who, id, e);
	if (id && p.version && str_eq(p.row->draft_hash, write_hash(w->ctx->arena, a.title, a.source)))
		return answer_saved(w, id, p.version);
	struct write_change x = { .who = &who,
		                  .before = id ? &p : NULL,
		                  .version = a.version,
		                  .title = a.title,
		                  .source = a.source,
		                  .what = WRITE_AUTO,
		                  .type = str_eqc(web_query(w, "type"), "page") ? STR("page") : STR("post") };
	if (id && p.version && p.row->kept_at + WRITE_KEEP_US <= clock_now_us()) {
		TRY(write_body(w->ctx, BODY_LEXICAL, a.source, &body, e));
		x.body = &body;
	}
	TRY(write_keep_before(w, id ? &p : NULL, a.keep, &kept, &x, e));
	enum status st = write_change(w, &x, &why);
	if (st == ST_CONFLICT && id)
		return answer_conflict(w, &who, id, e);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	tell(w, x.id, "saved", a.tab, x.new_version);
	return answer_saved(w, x.id, x.new_version);
}

enum status blog_post_write_begin(struct web *w, struct err *e)
{
	return autosave(w, 0, e);
}
enum status blog_post_write_draft(struct web *w, struct err *e)
{
	return autosave(w, web_path_int(w, "id"), e);
}

/* --- who else is here ----------------------------------------------------------------------------------------------
 */

static enum status may_look(struct web *w, struct err *e)
{
	SCOPED_WRITING p = { 0 };
	struct blog_writer who;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(write_who(w, c, &who, e));
	return write_open(w, c, &who, web_path_int(w, "id"), &p, e);
}

enum status blog_get_write_live(struct web *w, struct err *e)
{
	TRY(may_look(w, e));
	struct str topic = topic_of(w, web_path_int(w, "id"));
	return hub_stream(w, &topic, 1, NULL, e);
}

enum status blog_post_write_here(struct web *w, struct err *e)
{
	SCOPED_JSON *in = NULL;
	TRY(write_read_json(w, &in, e));
	TRY(may_look(w, e));
	bool gone = json_is_true(json_object_get(in, "gone"));
	tell(w, web_path_int(w, "id"), gone ? "gone" : "here", json_str(in, "tab"), 0);
	return web_json(w, 200, STR("{}"));
}

/* --- cards and Markdown --------------------------------------------------------------------------------------------
 */

enum status blog_post_write_render(struct web *w, struct err *e)
{
	SCOPED_JSON *in = NULL;
	struct body body;
	struct buf b, page;
	unsigned goods, missing;
	TRY(write_read_json(w, &in, e));
	json_t *node = json_object_get(in, "node");
	if (!json_is_object(node))
		return err_set(e, ST_INVALID, "An object is expected.");
	json_t *blocks = json_array();
	json_array_append(blocks, node);
	SCOPED_JSON *doc = doc_new(blocks);
	TRY(write_body(w->ctx, BODY_LEXICAL, json_text(w->ctx->arena, doc), &body, e));
	buf_arena(&b, w->ctx->arena, ANSWER_MAX);
	struct safe_html live = goods_live(w->ctx, body.html, &goods);
	buf_arena(&page, w->ctx->arena, ANSWER_MAX);
	TRY(fragment_compose(w->ctx, &(struct fragment_who){ .secure = w->req->secure }, live.s, NULL, &page, NULL,
	        &missing, e));
	buf_puts(&b, "{\"html\":");
	json_put_str(&b, buf_str(&page));
	buf_putc(&b, '}');
	return web_json(w, 200, buf_str(&b));
}

enum status blog_post_write_blocks(struct web *w, struct err *e)
{
	SCOPED_JSON *in = NULL, *doc = NULL;
	TRY(write_read_json(w, &in, e));
	struct str text = json_str(in, "markdown");
	TRY(doc_from_markdown(w->ctx->arena, text.p ? text : STR(""), NULL, &doc, e));
	return web_json(w, 200, json_text(w->ctx->arena, doc));
}

/* --- files ---------------------------------------------------------------------------------------------------------
 */

struct upload_put { struct library_file file; int64_t id; };

static enum status tx_upload(struct db_conn *c, void *arg, struct err *e)
{
	struct upload_put *x = arg;
	return library_record(c, &x->file, &x->id, NULL, e);
}

enum status blog_post_write_upload(struct web *w, struct err *e)
{
	struct media_item item = { 0 };
	struct err why = { 0 };
	struct buf b;
	TRY(web_form_load(w, e));
	struct upload *u = web_upload(w, "file");
	if (!u || !u->size)
		return err_set(e, ST_INVALID, "There is no file in it.");
	{
		SCOPED_DB_READ c = NULL;
		struct blog_writer who;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(write_who(w, c, &who, e));
	}
	enum status st =
	        media_put_file(w->ctx, w->ctx->svc->platform->media, u->fd, u->filename, MEDIA_NOW, &item, &why);
	if (st == ST_MEDIA_TYPE || st == ST_CORRUPT)
		return err_set(e, ST_MEDIA_TYPE,
		               "This file can not be shown here: it is broken, or of a kind that is not taken.");
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	struct upload_put x = { .file = { &item, u->filename, w->person, clock_now_us() } };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_upload, &x, e));
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "{\"width\":%d,\"height\":%d,\"bytes\":%llu", item.width, item.height,
	           (unsigned long long)item.bytes);
	json_put_member(&b, "src", import_media_path(w->ctx->arena, &item));
	json_put_member(&b, "type", str_c(item.type));
	json_put_member(&b, "name", u->filename);
	buf_putc(&b, '}');
	return web_json(w, 200, buf_str(&b));
}
