/* SPDX-License-Identifier: Apache-2.0
 *
 * DTOs and JSON, driven by the field tables of contract.h. Absent text (p NULL) is written as null.
 */
#include "platform/peers/contract.h"
#include "platform/text/json.h"

/* DTO tables are ours and acyclic in practice; a table that contains itself stops here. */
enum { DTO_DEPTH = 8, DTO_ITEMS_MAX = 100000 };

struct dto_list {
	char *items;
	size_t count;
};

static enum status put(const struct dto_def *d, const char *v, struct buf *out, unsigned depth)
{
	if (depth > DTO_DEPTH)
		return ST_INTERNAL;
	buf_putc(out, '{');
	for (const struct dto_field *f = d->fields; f->name; f++) {
		if (f != d->fields)
			buf_putc(out, ',');
		json_put_str(out, str_c(f->name));
		buf_putc(out, ':');
		const void *at = v + f->offset;
		switch (f->kind) {
		case DTO_INT: buf_put_i64(out, *(const int64_t *)at); break;
		case DTO_BOOL: buf_puts(out, *(const bool *)at ? "true" : "false"); break;
		case DTO_STR: {
			const struct str *s = at;
			if (s->p)
				json_put_str(out, *s);
			else
				BUF_LIT(out, "null");
			break;
		}
		case DTO_LIST: {
			const struct dto_list *l = at;
			buf_putc(out, '[');
			for (size_t i = 0; i < l->count; i++) {
				if (i)
					buf_putc(out, ',');
				TRY(put(f->item, l->items + i * f->item->size, out, depth + 1));
			}
			buf_putc(out, ']');
			break;
		}
		}
	}
	buf_putc(out, '}');
	return buf_ok(out) ? ST_OK : ST_TOO_LARGE;
}

enum status dto_to_json(const struct dto_def *d, const void *v, struct buf *out)
{
	return put(d, v, out, 0);
}

static enum status get(struct arena *a, const struct dto_def *d, const json_t *j, char *v, unsigned depth, struct err *e);

static enum status get_list(struct arena *a, const struct dto_field *f, const json_t *j, struct dto_list *l, unsigned depth,
			    struct err *e)
{
	size_t n = json_array_size(j);
	if (n > DTO_ITEMS_MAX)
		return err_set(e, ST_TOO_LARGE, "the list \"%s\" has more than %d members", f->name, DTO_ITEMS_MAX);
	l->items = arena_array(a, n ? n : 1, f->item->size);
	l->count = n;
	for (size_t i = 0; i < n; i++)
		TRY(get(a, f->item, json_array_get(j, i), l->items + i * f->item->size, depth + 1, e));
	return ST_OK;
}

static enum status get_field(struct arena *a, const struct dto_field *f, const json_t *j, char *v, unsigned depth,
			     struct err *e)
{
	static const char *const kinds[] = { "an integer", "true or false", "text", "a list" };
	void *at = v + f->offset;
	if (f->kind == DTO_INT && json_is_integer(j))
		*(int64_t *)at = json_integer_value(j);
	else if (f->kind == DTO_BOOL && json_is_boolean(j))
		*(bool *)at = json_is_true(j);
	else if (f->kind == DTO_STR && json_is_string(j))
		*(struct str *)at = arena_str(a, str_n(json_string_value(j), json_string_length(j)));
	else if (f->kind == DTO_LIST && json_is_array(j))
		return get_list(a, f, j, at, depth, e);
	else
		return err_set(e, ST_INVALID, "member \"%s\" must be %s", f->name, kinds[f->kind]);
	return ST_OK;
}

static enum status get(struct arena *a, const struct dto_def *d, const json_t *j, char *v, unsigned depth, struct err *e)
{
	if (depth > DTO_DEPTH || !json_is_object(j))
		return err_set(e, ST_INVALID, "%s must be a JSON object", d->name);
	for (const struct dto_field *f = d->fields; f->name; f++) {
		const json_t *m = json_object_get(j, f->name);
		if (m && !json_is_null(m))
			TRY(get_field(a, f, m, v, depth, e));
	}
	return ST_OK;
}

enum status dto_from_json(struct arena *a, const struct dto_def *d, struct str json, void *v, struct err *e)
{
	SCOPED_JSON *j = json_parse(json, JSON_DEPTH, e);
	if (!j)
		return ST_INVALID;
	memset(v, 0, d->size);
	return get(a, d, j, v, 0, e);
}
