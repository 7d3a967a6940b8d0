/* SPDX-License-Identifier: Apache-2.0
 *
 * See uri.h.
 */
#include "net/conn/uri.h"

bool uri_percent_valid(struct str s)
{
	if (!s.n) /* then p may be NULL, with which no arithmetic is allowed */
		return true;
	for (const char *p = s.p, *end = s.p + s.n; (p = memchr(p, '%', (size_t)(end - p))); p += 3)
		if (end - p < 3 || str_hex_value(p[1]) < 0 || str_hex_value(p[2]) < 0)
			return false;
	return true;
}

static bool percent_decode(char *to, struct str raw, size_t *len)
{
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '%') {
			int hi = raw.n - i > 2 ? str_hex_value(raw.p[i + 1]) : -1,
			    lo = hi < 0 ? -1 : str_hex_value(raw.p[i + 2]);
			if (lo < 0)
				return false;
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (!c)
			return false;
		to[n++] = c;
	}
	*len = n;
	return true;
}

/* In place; p[0] is '/'. Returns the new length. */
static size_t remove_dots(char *p, size_t n)
{
	size_t out = 0;
	for (size_t i = 0; i < n;) {
		size_t end = i + 1; /* the segment is p[i + 1 .. end), p[i] its slash */
		while (end < n && p[end] != '/')
			end++;
		size_t len = end - i - 1;
		bool dot = len == 1 && p[i + 1] == '.', dots = len == 2 && p[i + 1] == '.' && p[i + 2] == '.';
		if (dots)
			while (out && p[--out] != '/')
				;
		if (!dot && !dots) {
			memmove(p + out, p + i, len + 1);
			out += len + 1;
		} else if (end == n) {
			p[out++] = '/'; /* "/a/." and "/a/b/.." name the directory */
		}
		i = end;
	}
	return out;
}

bool uri_path(struct arena *a, struct str raw, struct str *out)
{
	if (raw.n == 0 || raw.p[0] != '/')
		return false;
	bool dots = memmem(raw.p, raw.n, "/.", 2) != NULL;
	if (!dots && !memchr(raw.p, '%', raw.n)) {
		*out = raw;
		return true;
	}
	char *p = arena_alloc(a, raw.n + 1);
	size_t n;
	if (!percent_decode(p, raw, &n) || !str_utf8_valid(str_n(p, n)))
		return false;
	n = remove_dots(p, n);
	p[n] = 0;
	*out = str_n(p, n);
	return true;
}
