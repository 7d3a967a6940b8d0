/* SPDX-License-Identifier: Apache-2.0
 *
 * A post as it is worked on, and what readers will see of it.
 */
#include "platform/text/json.h"
#include "services/blog/import_plan.h"
#include "services/blog/write.h"

struct str write_hash(struct arena *a, struct str title, struct str source)
{
	const struct str parts[] = { STR("lexical"), title, source };
	return import_hash(a, parts, 3);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static struct str text_or(struct str s, struct str otherwise)
{
	return s.p ? s : otherwise;
}

static enum status open_document(struct arena *a, struct blog_writing *p, struct err *e)
{
	enum body_format format;
	const struct blog_writing_row *r = p->row;
	if (r->draft_source.p)
		TRY(doc_read(a, r->draft_source, &p->doc, e));
	else if (r->source.p && doc_format(r->format, &format))
		TRY(doc_open(a, format, r->source, &p->doc, e));
	else
		p->doc = doc_new(json_array());
	p->source = r->draft_source.p ? r->draft_source : json_text(a, p->doc);
	return p->source.p ? ST_OK : err_set(e, ST_NOMEM, "no memory for a document");
}

enum status write_open(struct web *w, struct db_conn *c, const struct blog_writer *who, int64_t id,
                       struct blog_writing *out, struct err *e)
{
	struct blog_writing_row *row;
	struct blog_wrote_row *wrote;
	*out = (struct blog_writing){ 0 };
	TRY(q_blog_writing(c, id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such post any more.");
	if (who->author)
		TRY(q_blog_wrote(c, id, who->author, &wrote, e));
	out->row = row;
	out->mine = who->author && wrote->n > 0;
	if (who->level != WRITE_EDITOR && !out->mine)
		return err_set(e, ST_FORBIDDEN, "This is somebody else's post. Editors may change it.");
	out->version = row->version_null ? 0 : row->version;
	out->title = text_or(row->draft_title, row->title);
	TRY(open_document(w->ctx->arena, out, e));
	out->changed = row->draft_hash.p && (!row->revision_hash.p || !str_eq(row->draft_hash, row->revision_hash)) &&
	               !str_eqc(row->status, "draft");
	return ST_OK;
}

void write_close(struct blog_writing *p)
{
	json_decref(p->doc);
}

/* --- rendering ---------------------------------------------------------------------------------------------------- */

struct pictures {
	struct arena *a;
	struct db_conn *c;
};

static bool stored_image(void *arg, struct str url, struct blog_image *out)
{
	struct pictures *p = arg;
	struct blog_media_by_path_row *row;
	struct str origin = import_media_origin(p->a, url);
	if (!origin.p && !str_starts(url, STR("/media/")))
		return false;
	if (q_blog_media_by_path(p->c, origin.p ? origin : url, &row, NULL) != ST_OK || !row)
		return false;
	*out = (struct blog_image){ .src = row->path,
		                    .srcset = row->srcset,
		                    .alt = STR(""),
		                    .width = (int)row->width,
		                    .height = (int)row->height };
	return true;
}

enum status write_body(struct ctx *ctx, enum body_format format, struct str source, struct body *out, struct err *e)
{
	struct blog_setting_row *old_site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_blog_setting(c, STR("import.site_url"), &old_site, e));
	struct pictures p = { ctx->arena, c };
	const struct body_options opt = { .site_url = old_site ? old_site->value : STR(""),
		                          .image = stored_image,
		                          .arg = &p };
	return body_render(ctx->arena, format, source, STR_NULL, &opt, out, e);
}
