/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/library.h"

#include <string.h>

#include "base/id.h"
#include "gen/blog_sql.h"
#include "platform/text/json.h"
#include "services/blog/import_plan.h"

#define HASH_LEN 64 /* hex digits of SHA-256 */

/* --- files that come ---------------------------------------------------------------------------------------------- */

/* "kitchen.jpg" of "/content/images/2024/kitchen.jpg". */
static struct str last_part(struct str path)
{
	size_t from = path.n;
	while (from && path.p[from - 1] != '/')
		from--;
	return str_utf8_first(str_or_empty(str_skip(path, from)), LIBRARY_NAME_MAX);
}

enum status library_record(struct db_conn *c, const struct library_file *f, int64_t *id, bool *added, struct err *e)
{
	struct blog_media_by_hash_row *row;
	struct arena *a = db_arena(c);
	const struct media_item *m = f->item;
	int64_t fresh = 0;
	struct str sha = str_c(m->sha256);
	TRY(q_blog_media_add(c, id_new(), sha, str_c(m->type), m->width, m->height, (int64_t)m->bytes,
	        import_media_path(a, m), import_media_srcset(a, m), f->now, &fresh, e));
	TRY(q_blog_media_by_hash(c, sha, &row, e));
	if (!row)
		return err_set(e, ST_INTERNAL, "a stored file is not to be found");
	*id = row->id;
	if (added)
		*added = fresh > 0;
	for (unsigned i = 0; fresh && i < m->variant_count; i++) {
		const struct media_variant *v = &m->variants[i];
		TRY(q_blog_media_variant_add(
		        c, *id, v->path, str_c(v->format), v->width, v->height, (int64_t)v->bytes, NULL, e));
	}
	return q_blog_media_brought(c, sha, last_part(f->name), f->person ? &f->person->id : NULL,
	        f->person ? f->person->name : STR(""), NULL, e);
}

/* --- where they are used ------------------------------------------------------------------------------------------ */

/* The hash behind "/media/ab/cd/", n 0 where none is. */
static struct str hash_at(struct str text)
{
	struct str hash = str_first(str_skip(text, sizeof "/media/ab/cd/" - 1), HASH_LEN);
	for (size_t i = 0; i < hash.n; i++)
		if (str_hex_value(hash.p[i]) < 0)
			return STR_NULL;
	return hash.n == HASH_LEN ? hash : STR_NULL;
}

/* A JSON array of the hashes in text. One picture stands there once for each of its sizes: the same hash behind the
   last one is left out, and the store leaves out the others. */
static struct str hashes_in(struct arena *a, struct str text)
{
	static const char mark[] = "/media/";
	struct str rest = text, last = STR_NULL;
	struct buf b;
	size_t n = 0;
	buf_text(&b, a);
	buf_putc(&b, '[');
	for (const char *at; n < LIBRARY_FILES_IN_TEXT && (at = memmem(rest.p, rest.n, mark, sizeof mark - 1));) {
		rest = str_skip(rest, (size_t)(at - rest.p));
		struct str hash = hash_at(rest);
		rest = str_skip(rest, sizeof mark - 1);
		if (!hash.n || str_eq(hash, last))
			continue;
		buf_printf(&b, "%s\"%.*s\"", n++ ? "," : "", STR_ARG(hash));
		last = hash;
	}
	buf_putc(&b, ']');
	return buf_str(&b);
}

enum status library_uses(struct db_conn *c, int64_t object, const char *place, struct str text, struct err *e)
{
	struct str hashes = hashes_in(db_arena(c), text);
	TRY(q_blog_media_uses_drop(c, object, str_c(place), hashes, NULL, e));
	return q_blog_media_uses_add(c, object, str_c(place), hashes, NULL, e);
}

/* --- what editors do ---------------------------------------------------------------------------------------------- */

static enum status record_action(
        struct db_conn *c, const struct audit_entry *by, const char *action, int64_t id, struct err *e)
{
	struct audit_entry entry = *by;
	entry.action = action;
	entry.object = id_str(db_arena(c), id);
	return audit_write(c, &entry, e);
}

enum status library_edit_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct library_edit *x = arg;
	int64_t n = 0;
	TRY(q_blog_media_told(c, x->id, x->name, x->alt, &n, e));
	return n ? record_action(c, &x->by, "media.changed", x->id, e)
	         : err_set(e, ST_NOT_FOUND, "There is no such file any more.");
}

static enum status is_used(struct db_conn *c, int64_t id, bool *used, struct err *e)
{
	struct blog_media_used_by_row *rows;
	struct blog_media_one_row *row;
	struct blog_media_signs_row *signs;
	size_t n;
	TRY(q_blog_media_one(c, id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such file any more.");
	TRY(q_blog_media_used_by(c, id, 1, &rows, &n, e));
	TRY(q_blog_media_signs(c, row->path, &signs, e));
	*used = n || signs->n;
	return ST_OK;
}

enum status library_remove_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct library_removal *x = arg;
	bool used = false;
	int64_t n = 0;
	x->changed = false;
	TRY(is_used(c, x->id, &used, e));
	if (used && !x->back)
		return err_set(e, ST_CONFLICT, "What is used stays: take it out of the posts first.");
	TRY(x->back ? q_blog_media_back(c, x->id, &n, e) : q_blog_media_delete(c, x->id, x->now, &n, e));
	x->changed = n > 0;
	return n ? record_action(c, &x->by, x->back ? "media.brought_back" : "media.deleted", x->id, e) : ST_OK;
}
