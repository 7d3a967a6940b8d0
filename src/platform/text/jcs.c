/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8785 over jansson's trees.
 */
#include "platform/text/jcs.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MEMBERS_MAX 4096

/* --- strings (3.2.2.2) -------------------------------------------------------------------------------------- */

void jcs_put_str(struct buf *out, struct str s)
{
	static const char shorts[] = "btn?fr"; /* U+0008 to U+000D; U+000B has none */
	buf_putc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c >= 8 && c <= 13 && c != 11)
			buf_printf(out, "\\%c", shorts[c - 8]);
		else if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}

/* --- numbers (3.2.2.3) -------------------------------------------------------------------------------------- */

/* The fewest digits that read back as v, and n such that v = 0.digits × 10^n. Returns how many. */
static int shortest(double v, char digits[18], int *n)
{
	char text[40];
	int precision = 0;
	do
		snprintf(text, sizeof text, "%.*e", precision, v);
	while (strtod(text, NULL) != v && ++precision < 17);
	int count = 0;
	for (const char *p = text; *p && *p != 'e'; p++)
		if (*p != '.')
			digits[count++] = *p;
	*n = atoi(strchr(text, 'e') + 1) + 1;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	return count;
}

size_t jcs_number(double v, char out[JCS_NUMBER_MAX])
{
	char d[18];
	int n;
	assert(isfinite(v));
	if (v == 0)
		return (size_t)snprintf(out, JCS_NUMBER_MAX, "0"); /* -0 too */
	const char *sign = v < 0 ? "-" : "";
	int k = shortest(fabs(v), d, &n);
	if (k <= n && n <= 21)
		return (size_t)snprintf(out, JCS_NUMBER_MAX, "%s%.*s%.*s", sign, k, d, n - k, "000000000000000000000");
	if (0 < n && n <= 21)
		return (size_t)snprintf(out, JCS_NUMBER_MAX, "%s%.*s.%.*s", sign, n, d, k - n, d + n);
	if (-6 < n && n <= 0)
		return (size_t)snprintf(out, JCS_NUMBER_MAX, "%s0.%.*s%.*s", sign, -n, "00000", k, d);
	return (size_t)snprintf(out, JCS_NUMBER_MAX, "%s%c%s%.*se%c%d", sign, d[0], k > 1 ? "." : "", k - 1, d + 1,
	        n > 0 ? '+' : '-', abs(n - 1));
}

/* --- objects (3.2.3) ---------------------------------------------------------------------------------------- */

struct jcs_member { const char *key; size_t len; const json_t *value; };

/* The order of UTF-16 code units is that of code points, but that surrogates (all beyond U+FFFF) come before U+E000 to
   U+FFFF; of UTF-8, the lead bytes F0 to F4 before EE and EF. Below those, bytes are in order. */
static int utf16_rank(unsigned char c)
{
	return c >= 0xf0 ? c - 2 : c == 0xee || c == 0xef ? c + 5 : c;
}

static int by_utf16(const void *a, const void *b)
{
	const struct jcs_member *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	for (size_t i = 0; i < n; i++)
		if (x->key[i] != y->key[i])
			return utf16_rank((unsigned char)x->key[i]) - utf16_rank((unsigned char)y->key[i]);
	return x->len < y->len ? -1 : x->len > y->len;
}

static void freep(struct jcs_member **m)
{
	free(*m);
}

static enum status put_object(struct buf *out, const json_t *o, struct err *e)
{
	size_t count = json_object_size(o), n = 0;
	if (count > MEMBERS_MAX)
		return err_set(e, ST_TOO_LARGE, "an object of more than %d members", MEMBERS_MAX);
	__attribute__((cleanup(freep))) struct jcs_member *list = calloc(count ? count : 1, sizeof *list);
	if (!list)
		return err_set(e, ST_NOMEM, "no memory for %zu members", count);
	json_t *tree = (json_t *)(uintptr_t)o; /* jansson's iteration is not const, but changes nothing */
	for (void *it = json_object_iter(tree); it && n < count; it = json_object_iter_next(tree, it))
		list[n++] = (struct jcs_member){ json_object_iter_key(it), json_object_iter_key_len(it),
			json_object_iter_value(it) };
	qsort(list, n, sizeof *list, by_utf16);
	buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, ',');
		jcs_put_str(out, str_n(list[i].key, list[i].len));
		buf_putc(out, ':');
		TRY(jcs_put(out, list[i].value, e));
	}
	buf_putc(out, '}');
	return ST_OK;
}

static enum status put_array(struct buf *out, const json_t *a, struct err *e)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (i)
			buf_putc(out, ',');
		TRY(jcs_put(out, json_array_get(a, i), e));
	}
	buf_putc(out, ']');
	return ST_OK;
}

static enum status put_integer(struct buf *out, int64_t v, struct err *e)
{
	if (v > JCS_INT_MAX || v < -JCS_INT_MAX)
		return err_set(e, ST_INVALID, "the number %lld is not exact in JSON: write it as text", (long long)v);
	buf_put_i64(out, v);
	return ST_OK;
}

enum status jcs_put(struct buf *out, const json_t *v, struct err *e)
{
	char number[JCS_NUMBER_MAX];
	switch (json_typeof(v)) {
	case JSON_OBJECT: TRY(put_object(out, v, e)); break;
	case JSON_ARRAY: TRY(put_array(out, v, e)); break;
	case JSON_STRING: jcs_put_str(out, str_n(json_string_value(v), json_string_length(v))); break;
	case JSON_INTEGER: TRY(put_integer(out, json_integer_value(v), e)); break;
	case JSON_REAL: buf_put(out, number, jcs_number(json_real_value(v), number)); break;
	case JSON_TRUE: BUF_LIT(out, "true"); break;
	case JSON_FALSE: BUF_LIT(out, "false"); break;
	case JSON_NULL: BUF_LIT(out, "null"); break;
	}
	return buf_ok(out) ? ST_OK : err_set(e, ST_TOO_LARGE, "more than %zu bytes of JSON", out->max);
}
