/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects files as Ghost has them: a JSON list of { from, to, permanent }, or YAML with the addresses below 301 and
 * 302. "from" is a regular expression there; what is one address written as such is taken, a pattern of many is not.
 */
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "gen/blog_sql.h"
#include "net/forms/multipart.h"
#include "platform/cache/cache.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/blog/redirects.h"

#define EXPORT_MAX (16u << 20)
#define JSON_DEPTH 4 /* of such a file */
#define SIGNS ".*+?^${}()|[]\\" /* that mean more than themselves */

/* --- patterns ----------------------------------------------------------------------------------------------------- */

struct str redirect_pattern(struct arena *a, struct str path)
{
	struct buf b;
	struct str bare = path.n > 1 && str_ends(path, STR("/")) ? str_first(path, path.n - 1) : path;
	buf_text(&b, a);
	buf_putc(&b, '^');
	for (size_t i = 0; i < bare.n; i++)
		buf_printf(&b, strchr(SIGNS, bare.p[i]) ? "\\%c" : "%c", bare.p[i]);
	buf_puts(&b, "/?$");
	return buf_str(&b);
}

/* The one address that the pattern finds; p NULL: it finds others, too. */
static struct str address_of(struct arena *a, struct str pattern)
{
	struct buf b;
	struct str rest = str_starts(pattern, STR("^")) ? str_skip(pattern, 1) : pattern;
	buf_text(&b, a);
	rest = str_ends(rest, STR("$")) ? str_first(rest, rest.n - 1) : rest;
	rest = str_ends(rest, STR("/?")) ? str_first(rest, rest.n - 1) : rest;
	for (size_t i = 0; i < rest.n; i++) {
		bool escaped = rest.p[i] == '\\' && i + 1 < rest.n;
		i += escaped;
		char c = rest.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (escaped ? word : c != '.' && strchr(SIGNS, c))
			return STR_NULL;
		buf_putc(&b, c);
	}
	return buf_str(&b);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct redirect_reading { struct arena *a; struct redirect_read *list; size_t n; };

static enum status add_read(struct redirect_reading *r, struct str from, struct str to, bool for_good, struct err *e)
{
	if (r->n == REDIRECT_FILE_ROWS)
		return err_set(e, ST_TOO_LARGE, "A file has at most %d redirects.", REDIRECT_FILE_ROWS);
	struct str address = address_of(r->a, from);
	r->list[r->n++] = (struct redirect_read){ address.p ? address : arena_str(r->a, from), arena_str(r->a, to),
		for_good, address.p != NULL };
	return ST_OK;
}

static enum status read_json(struct redirect_reading *r, struct str text, struct err *e)
{
	size_t i;
	json_t *row;
	SCOPED_JSON *list = json_parse(text, JSON_DEPTH, NULL);
	if (!json_is_array(list))
		return err_set(e, ST_INVALID, "This is no redirects file: a list of from and to is expected.");
	json_array_foreach(list, i, row) {
		struct str from = json_str(row, "from"), to = json_str(row, "to");
		if (!from.p || !to.p)
			return err_set(e, ST_INVALID, "Redirect %zu of the file has no from or no to.", i + 1);
		TRY(add_read(r, from, to, json_is_true(json_object_get(row, "permanent")), e));
	}
	return ST_OK;
}

static bool yaml_text(const yaml_node_t *n, struct str *out)
{
	bool ok = n && n->type == YAML_SCALAR_NODE;
	if (ok)
		*out = str_n((const char *)n->data.scalar.value, n->data.scalar.length);
	return ok;
}

static enum status read_status(
        struct redirect_reading *r, yaml_document_t *doc, const yaml_node_t *map, bool for_good, struct err *e)
{
	struct str from, to;
	if (map->type == YAML_SCALAR_NODE && !map->data.scalar.length)
		return ST_OK; /* nothing below it */
	if (map->type != YAML_MAPPING_NODE)
		return err_set(
		        e, ST_INVALID, "Line %zu of the file: addresses are expected.", map->start_mark.line + 1);
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(doc, p->key);
		if (!yaml_text(key, &from) || !yaml_text(yaml_document_get_node(doc, p->value), &to))
			return err_set(e, ST_INVALID, "Line %zu of the file: an address is expected.",
			        map->start_mark.line + 1);
		TRY(add_read(r, from, to, for_good, e));
	}
	return ST_OK;
}

static enum status read_document(struct redirect_reading *r, yaml_document_t *doc, struct err *e)
{
	struct str status;
	const yaml_node_t *root = yaml_document_get_root_node(doc);
	if (!root || root->type != YAML_MAPPING_NODE)
		return err_set(e, ST_INVALID, "This is no redirects file: addresses below 301 and 302 are expected.");
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++) {
		bool known = yaml_text(yaml_document_get_node(doc, p->key), &status) &&
		        (str_eqc(status, "301") || str_eqc(status, "302"));
		if (!known)
			return err_set(
			        e, ST_INVALID, "This is no redirects file: addresses below 301 and 302 are expected.");
		TRY(read_status(r, doc, yaml_document_get_node(doc, p->value), str_eqc(status, "301"), e));
	}
	return ST_OK;
}

static enum status read_yaml(struct redirect_reading *r, struct str text, struct err *e)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	if (!yaml_parser_initialize(&parser))
		return err_set(e, ST_NOMEM, "no memory for a file");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	bool ok = yaml_parser_load(&parser, &doc);
	yaml_parser_delete(&parser);
	if (!ok)
		return err_set(e, ST_INVALID, "This is no redirects file: it is neither JSON nor YAML.");
	enum status st = read_document(r, &doc, e);
	yaml_document_delete(&doc);
	return st;
}

enum status redirects_read(struct arena *a, struct str text, struct redirect_read **out, size_t *n, struct err *e)
{
	struct redirect_reading r = { .a = a, .list = ARENA_ARRAY(a, struct redirect_read, REDIRECT_FILE_ROWS) };
	struct str begin = str_trim(text);
	TRY(str_starts(begin, STR("[")) || str_starts(begin, STR("{")) ? read_json(&r, text, e)
	                                                               : read_yaml(&r, text, e));
	*out = r.list;
	*n = r.n;
	return ST_OK;
}

/* --- taking over -------------------------------------------------------------------------------------------------- */

/* Why this one is left out, in the reader's language; NULL: it was taken. */
static enum status put_read(struct web *w, const struct redirect_read *r, const char **why, struct err *e)
{
	struct err told = { 0 };
	bool shadowed = false;
	struct redirect_new x = { .path = r->from, .target = r->to, .for_good = r->for_good };
	bool here = str_starts(r->to, STR("/")) && !str_starts(r->to, STR("//")) && !str_starts(r->to, STR("/\\"));
	const char *fault = r->plain ? redirect_path_fault(r->from) : TR_NOOP("a pattern of many addresses");
	*why = fault ? tr(fault) : !here && !redirect_is_elsewhere(r->to) ? tr("it leads to no address") : NULL;
	if (*why)
		return ST_OK;
	TRY(redirect_is_shadowed(w, r->from, &shadowed, e));
	*why = shadowed ? tr("There is a page at this address, and it is shown.") : NULL;
	if (shadowed)
		return ST_OK;
	audit_from(w, &x.by);
	enum status st = db_write(w->ctx, w->ctx->svc->db, redirect_put_tx, &x, &told);
	if (st == ST_CONFLICT)
		*why = arena_printf(w->ctx->arena, "%s", told.msg);
	return st == ST_OK || st == ST_CONFLICT ? ST_OK : err_set(e, st, "%s", told.msg);
}

static enum status read_upload(struct web *w, struct str *text, struct err *e)
{
	struct upload *u = web_upload(w, "file");
	if (!u || !u->size)
		return err_set(e, ST_INVALID, "Please choose a file first.");
	if (u->size > REDIRECT_FILE_MAX)
		return err_set(e, ST_TOO_LARGE, "A redirects file has at most %d MB.", REDIRECT_FILE_MAX >> 20);
	char *bytes = arena_alloc(w->ctx->arena, (size_t)u->size);
	if (pread(u->fd, bytes, (size_t)u->size, 0) != (ssize_t)u->size)
		return err_set(e, ST_IO, "an upload can not be read again");
	*text = str_n(bytes, (size_t)u->size);
	return str_utf8_valid(*text) ? ST_OK : err_set(e, ST_INVALID, "This is no redirects file: it is no text.");
}

enum status blog_post_redirects_file(struct web *w, struct err *e)
{
	struct redirect_read *list = NULL;
	struct err why = { 0 };
	struct str text = STR("");
	struct buf left;
	size_t n = 0, out = 0;
	TRY(web_form_load(w, e));
	enum status st = read_upload(w, &text, &why);
	if (st == ST_OK)
		st = redirects_read(w->ctx->arena, text, &list, &n, &why);
	if (st == ST_INVALID || st == ST_TOO_LARGE)
		return redirects_problem(w, str_c(why.msg), e);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	buf_text(&left, w->ctx->arena);
	for (size_t i = 0; i < n; i++) {
		const char *fault;
		TRY(put_read(w, &list[i], &fault, e));
		if (fault && out++ < REDIRECT_NAMED)
			buf_printf(&left, "%s%.*s (%s)", left.len ? ", " : "",
			        STR_ARG(str_utf8_first(list[i].from, REDIRECT_PATH_MAX)), fault);
	}
	cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	if (!out)
		return web_redirect(w, 303, web_url(w->ctx, "blog", "/admin/redirects?saved=1"));
	return redirects_problem(w,
	        arena_strf(w->ctx->arena, tr("%zu were taken over, %zu were left out: %.*s"), n - out, out,
	                STR_ARG(buf_str(&left))),
	        e);
}

enum status blog_get_redirects_file(struct web *w, struct err *e)
{
	struct blog_redirects_all_row *rows;
	size_t n;
	struct buf b;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_redirects_all(c, &rows, &n, e));
	buf_arena(&b, w->ctx->arena, EXPORT_MAX);
	buf_puts(&b, "[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ",\n{\"from\":" : "\n{\"from\":");
		json_put_str(&b, redirect_pattern(w->ctx->arena, rows[i].path));
		json_put_member(&b, "to", rows[i].target);
		buf_printf(&b, ",\"permanent\":%s}", rows[i].status == 301 ? "true" : "false");
	}
	buf_puts(&b, "\n]\n");
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}
