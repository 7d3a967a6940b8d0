/* SPDX-License-Identifier: Apache-2.0
 *
 * Urlencoded forms, cookies, header parameters. Nothing here keeps state; all bounded by the input's length.
 */
#include "net/forms/form.h"

static const bool token_chars[256] = {
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true, ['+'] = true,
	['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!token_chars[(unsigned char)s.p[i]])
			return false;
	return s.n > 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoding never grows: `to` has room for s.n bytes. */
static bool form_decode(struct str s, char *to, struct str *out)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int hi = s.n - i > 2 ? hex_value(s.p[i + 1]) : -1,
			    lo = s.n - i > 2 ? hex_value(s.p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return false;
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (!c)
			return false;
		to[n++] = c;
	}
	*out = str_n(to, n);
	return str_utf8_valid(*out);
}

static unsigned count_pieces(struct str in, unsigned stop)
{
	unsigned count = 0;
	struct str piece;
	while (count <= stop && str_next(&in, '&', &piece))
		count += piece.n > 0;
	return count;
}

enum status form_parse(struct arena *a, struct str in, unsigned max_fields, struct form *out, struct err *e)
{
	struct form f = { NULL, 0 };
	if (!in.n) {
		*out = f;
		return ST_OK;
	}
	unsigned count = count_pieces(in, max_fields);
	if (count > max_fields)
		return err_set(e, ST_TOO_LARGE, "The form has more than %u fields", max_fields);
	struct form_field *list = ARENA_ARRAY(a, struct form_field, count ? count : 1);
	char *text = arena_alloc(a, in.n);
	struct str piece, name;
	while (str_next(&in, '&', &piece)) {
		if (!piece.n)
			continue;
		struct form_field *field = &list[f.count];
		bool has_value = str_cut(&piece, '=', &name);
		if (!form_decode(name, text, &field->name))
			return err_set(e, ST_INVALID, "Field %u of the form has an ill-encoded name", f.count + 1);
		text += name.n;
		field->value = STR("");
		if (has_value && !form_decode(piece, text, &field->value))
			return err_set(e, ST_INVALID, "Field %u of the form is ill-encoded", f.count + 1);
		text += has_value ? piece.n : 0;
		f.count++;
	}
	f.list = list;
	*out = f;
	return ST_OK;
}

struct str form_get(const struct form *f, const char *name)
{
	for (unsigned i = 0; i < f->count; i++)
		if (str_eqc(f->list[i].name, name))
			return f->list[i].value;
	return STR_NULL;
}

/* --- cookies ------------------------------------------------------------------------------------------------------ */

static bool is_cookie_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

bool cookie_next(struct str *rest, struct str *name, struct str *value)
{
	struct str pair, n;
	while (rest->p && str_next(rest, ';', &pair)) {
		if (!str_cut(&pair, '=', &n))
			continue;
		n = str_trim(n);
		pair = str_trim(pair);
		if (pair.n >= 2 && pair.p[0] == '"' && pair.p[pair.n - 1] == '"')
			pair = str_n(pair.p + 1, pair.n - 2);
		if (!is_token(n) || !is_cookie_value(pair))
			continue;
		*name = n;
		*value = pair;
		return true;
	}
	return false;
}

struct str cookie_get(struct str header, const char *name)
{
	struct str n, v;
	while (cookie_next(&header, &n, &v))
		if (str_eqc(n, name))
			return v;
	return STR_NULL;
}

/* --- parameters --------------------------------------------------------------------------------------------------- */

static struct str skip_blank(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	return s;
}

struct str header_main(struct str value, struct header_params *params)
{
	ptrdiff_t semi = value.p ? str_chr(value, ';') : -1;
	params->rest = semi < 0 ? STR("") : str_skip(value, (size_t)semi);
	return str_trim(semi < 0 ? value : str_first(value, (size_t)semi));
}

/* After the opening quote. Only \" and \\ are escapes: browsers leave every other backslash of a file name alone. */
static int quoted(struct arena *a, struct str *rest, struct str *value)
{
	size_t end = 0;
	bool escaped = false;
	while (end < rest->n && rest->p[end] != '"') {
		if (rest->p[end] == '\\' && end + 1 < rest->n &&
		        (rest->p[end + 1] == '"' || rest->p[end + 1] == '\\')) {
			escaped = true;
			end++;
		}
		end++;
	}
	if (end >= rest->n)
		return -1;
	struct str raw = str_first(*rest, end);
	*rest = str_skip(*rest, end + 1);
	*value = raw;
	if (!escaped)
		return 1;
	char *text = arena_alloc(a, raw.n);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\' && i + 1 < raw.n && (raw.p[i + 1] == '"' || raw.p[i + 1] == '\\'))
			i++;
		text[n++] = raw.p[i];
	}
	*value = str_n(text, n);
	return 1;
}

int header_param_next(struct arena *a, struct header_params *p, struct str *name, struct str *value)
{
	struct str s = skip_blank(p->rest);
	while (s.n && s.p[0] == ';') /* RFC 9110 allows empty parameters */
		s = skip_blank(str_skip(s, 1));
	if (!s.n)
		return 0;
	if (s.p == p->rest.p)
		return -1; /* no ';' before it */
	size_t n = 0;
	while (n < s.n && token_chars[(unsigned char)s.p[n]])
		n++;
	*name = str_first(s, n);
	s = str_skip(s, n);
	if (!n || !s.n || s.p[0] != '=')
		return -1;
	s = str_skip(s, 1);
	if (s.n && s.p[0] == '"') {
		s = str_skip(s, 1);
		if (quoted(a, &s, value) < 0)
			return -1;
	} else {
		for (n = 0; n < s.n && token_chars[(unsigned char)s.p[n]];)
			n++;
		if (!n)
			return -1;
		*value = str_first(s, n);
		s = str_skip(s, n);
	}
	s = skip_blank(s);
	if (s.n && s.p[0] != ';')
		return -1;
	p->rest = s;
	return 1;
}
