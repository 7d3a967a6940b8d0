/* SPDX-License-Identifier: Apache-2.0
 *
 * DTOs and JSON, driven by the field tables of contract.h. What is not there is written as null.
 */
#include <math.h>

#include "platform/peers/contract.h"
#include "platform/text/json.h"

/* DTO tables are ours and acyclic in practice; a table that contains itself stops here. */
enum { DTO_DEPTH = 8, DTO_ITEMS_MAX = 100000 };

struct dto_list {
	char *items;
	size_t count;
};

/* --- integers of every width -------------------------------------------------------------------------------------- */

static int64_t int_at(const void *at, unsigned size)
{
	switch (size) {
	case 1: return *(const int8_t *)at;
	case 2: return *(const int16_t *)at;
	case 4: return *(const int32_t *)at;
	default: return *(const int64_t *)at;
	}
}

static uint64_t uint_at(const void *at, unsigned size)
{
	switch (size) {
	case 1: return *(const uint8_t *)at;
	case 2: return *(const uint16_t *)at;
	case 4: return *(const uint32_t *)at;
	default: return *(const uint64_t *)at;
	}
}

/* JSON's integers are signed here (jansson): a uint64 is good up to INT64_MAX. */
static bool int_fits(int64_t v, const struct dto_field *f)
{
	unsigned bits = f->size * 8u;
	if (f->kind == DTO_UINT)
		return v >= 0 && (bits == 64 || v < INT64_C(1) << bits);
	return bits == 64 || (v >= -(INT64_C(1) << (bits - 1)) && v < INT64_C(1) << (bits - 1));
}

static void set_int(void *at, unsigned size, int64_t v)
{
	switch (size) {
	case 1: *(int8_t *)at = (int8_t)v; break;
	case 2: *(int16_t *)at = (int16_t)v; break;
	case 4: *(int32_t *)at = (int32_t)v; break;
	default: *(int64_t *)at = v;
	}
}

/* --- to JSON ------------------------------------------------------------------------------------------------------ */

static enum status put_struct(const struct dto_def *d, const char *v, struct buf *out, unsigned depth);
static enum status put_value(const struct dto_field *f, const void *at, struct buf *out, unsigned depth);

static enum status put_list(const struct dto_field *f, const struct dto_list *l, struct buf *out, unsigned depth)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < l->count; i++) {
		if (i)
			buf_putc(out, ',');
		TRY(put_value(f->of, l->items + i * f->of->size, out, depth));
	}
	buf_putc(out, ']');
	return ST_OK;
}

static enum status put_uint(uint64_t v, struct buf *out)
{
	if (v > INT64_MAX)
		return ST_INVALID;
	buf_put_i64(out, (int64_t)v);
	return ST_OK;
}

static enum status put_real(double v, struct buf *out)
{
	if (!isfinite(v))
		return ST_INVALID;
	buf_printf(out, "%.17g", v);
	return ST_OK;
}

static void put_text(struct str s, struct buf *out)
{
	if (s.p)
		json_put_str(out, s);
	else
		BUF_LIT(out, "null");
}

static void put_money(const struct money *m, struct buf *out)
{
	buf_printf(out, "{\"minor\":%lld,\"currency\":", (long long)m->minor);
	json_put_str(out, str_c(m->currency));
	buf_putc(out, '}');
}

static enum status put_value(const struct dto_field *f, const void *at, struct buf *out, unsigned depth)
{
	switch (f->kind) {
	case DTO_INT: buf_put_i64(out, int_at(at, f->size)); return ST_OK;
	case DTO_UINT: return put_uint(uint_at(at, f->size), out);
	case DTO_REAL: return put_real(*(const double *)at, out);
	case DTO_BOOL: buf_puts(out, *(const bool *)at ? "true" : "false"); return ST_OK;
	case DTO_TEXT: put_text(*(const struct str *)at, out); return ST_OK;
	case DTO_MONEY: put_money(at, out); return ST_OK;
	case DTO_STRUCT: return put_struct(f->shape, at, out, depth + 1);
	case DTO_LIST: return put_list(f, at, out, depth);
	}
	return ST_INTERNAL;
}

static enum status put_struct(const struct dto_def *d, const char *v, struct buf *out, unsigned depth)
{
	if (depth > DTO_DEPTH)
		return ST_INTERNAL;
	buf_putc(out, '{');
	for (const struct dto_field *f = d->fields; f->name; f++) {
		if (f != d->fields)
			buf_putc(out, ',');
		json_put_str(out, str_c(f->name));
		buf_putc(out, ':');
		if (f->null_at != DTO_NEVER_NULL && *(const bool *)(v + f->null_at))
			BUF_LIT(out, "null");
		else
			TRY(put_value(f, v + f->offset, out, depth));
	}
	buf_putc(out, '}');
	return buf_ok(out) ? ST_OK : ST_TOO_LARGE;
}

enum status dto_to_json(const struct dto_def *d, const void *v, struct buf *out)
{
	return put_struct(d, v, out, 0);
}

/* --- from JSON ---------------------------------------------------------------------------------------------------- */

static enum status get_struct(
        struct arena *a, const struct dto_def *d, const json_t *j, char *v, unsigned depth, struct err *e);
static enum status get_value(
        struct arena *a, const struct dto_field *f, const json_t *j, void *at, unsigned depth, struct err *e);

static enum status member_wrong(const struct dto_field *f, struct err *e)
{
	static const char *const kinds[] = { "an integer", "an integer, 0 or more", "a number", "true or false", "text",
		"money", "an object", "a list" };
	return err_set(e, ST_INVALID, "member \"%s\" must be %s", f->name, kinds[f->kind]);
}

static enum status get_list(
        struct arena *a, const struct dto_field *f, const json_t *j, struct dto_list *l, unsigned depth, struct err *e)
{
	size_t n = json_array_size(j);
	if (n > DTO_ITEMS_MAX)
		return err_set(e, ST_TOO_LARGE, "the list \"%s\" has more than %d members", f->name, DTO_ITEMS_MAX);
	l->items = arena_array(a, n ? n : 1, f->of->size);
	l->count = n;
	for (size_t i = 0; i < n; i++)
		TRY(get_value(a, f->of, json_array_get(j, i), l->items + i * f->of->size, depth, e));
	return ST_OK;
}

static enum status get_int(const struct dto_field *f, const json_t *j, void *at, struct err *e)
{
	if (!json_is_integer(j))
		return member_wrong(f, e);
	if (!int_fits(json_integer_value(j), f))
		return err_set(e, ST_INVALID, "member \"%s\" does not fit into %u bits%s", f->name, f->size * 8u,
		        f->kind == DTO_UINT ? " without a sign" : "");
	set_int(at, f->size, json_integer_value(j));
	return ST_OK;
}

static bool is_currency(struct str s)
{
	bool upper = s.n == 0 || s.n == 3;
	for (size_t i = 0; i < s.n && upper; i++)
		upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
	return upper;
}

static enum status get_money(const struct dto_field *f, const json_t *j, struct money *m, struct err *e)
{
	const json_t *minor = json_object_get(j, "minor");
	struct str currency = json_str(j, "currency");
	if (!json_is_integer(minor) || !currency.p || !is_currency(currency))
		return member_wrong(f, e);
	m->minor = json_integer_value(minor);
	memcpy(m->currency, currency.p, currency.n);
	return ST_OK;
}

static enum status get_value(
        struct arena *a, const struct dto_field *f, const json_t *j, void *at, unsigned depth, struct err *e)
{
	switch (f->kind) {
	case DTO_INT:
	case DTO_UINT:
		return get_int(f, j, at, e);
	case DTO_REAL:
		*(double *)at = json_number_value(j);
		return json_is_number(j) ? ST_OK : member_wrong(f, e);
	case DTO_BOOL:
		*(bool *)at = json_is_true(j);
		return json_is_boolean(j) ? ST_OK : member_wrong(f, e);
	case DTO_TEXT:
		if (!json_is_string(j))
			return member_wrong(f, e);
		*(struct str *)at = arena_str(a, str_n(json_string_value(j), json_string_length(j)));
		return ST_OK;
	case DTO_MONEY:
		return get_money(f, j, at, e);
	case DTO_STRUCT:
		return json_is_object(j) ? get_struct(a, f->shape, j, at, depth + 1, e) : member_wrong(f, e);
	case DTO_LIST:
		return json_is_array(j) ? get_list(a, f, j, at, depth, e) : member_wrong(f, e);
	}
	return ST_INTERNAL;
}

static enum status get_struct(
        struct arena *a, const struct dto_def *d, const json_t *j, char *v, unsigned depth, struct err *e)
{
	if (depth > DTO_DEPTH || !json_is_object(j))
		return err_set(e, ST_INVALID, "%s must be a JSON object", d->name);
	for (const struct dto_field *f = d->fields; f->name; f++) {
		const json_t *m = json_object_get(j, f->name);
		bool none = !m || json_is_null(m);
		if (f->null_at != DTO_NEVER_NULL)
			*(bool *)(v + f->null_at) = none;
		if (!none)
			TRY(get_value(a, f, m, v + f->offset, depth, e));
	}
	return ST_OK;
}

enum status dto_from_json(struct arena *a, const struct dto_def *d, struct str json, void *v, struct err *e)
{
	SCOPED_JSON *j = json_parse(json, JSON_DEPTH, e);
	if (!j)
		return ST_INVALID;
	memset(v, 0, d->size);
	return get_struct(a, d, j, v, 0, e);
}
