/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <pthread.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <sodium/utils.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;
	return u - 'A' < 26u ? u | 0x20 : u;
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_ieqc(struct str a, const char *c)
{
	return str_ieq(a, str_c(c));
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;
	return d ? d : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_first(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

struct str str_skip(struct str s, size_t n)
{
	if (n > s.n)
		n = s.n;
	return (struct str){ s.p ? s.p + n : NULL, s.n - n };
}

struct str str_first(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	if (!needle.n)
		return 0;
	if (s.n < needle.n)
		return -1;
	const char *p = memmem(s.p, s.n, needle.p, needle.n);
	return p ? p - s.p : -1;
}

ptrdiff_t str_chr(struct str s, char c)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

ptrdiff_t str_rchr(struct str s, char c)
{
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

bool str_cut(struct str *rest, char sep, struct str *head)
{
	ptrdiff_t at = str_chr(*rest, sep);
	if (at < 0) {
		*head = *rest;
		*rest = str_skip(*rest, rest->n);
		return false;
	}
	*head = str_first(*rest, (size_t)at);
	*rest = str_skip(*rest, (size_t)at + 1);
	return true;
}

bool str_next(struct str *rest, char sep, struct str *field)
{
	if (!rest->p)
		return false;
	if (!str_cut(rest, sep, field))
		*rest = STR_NULL;
	return true;
}

bool str_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned char)s.p[i] - '0';
		if (d > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	*out = v;
	return true;
}

bool str_has_word(struct str list, struct str word)
{
	struct str one;
	while (list.n && str_next(&list, ' ', &one))
		if (str_eq(one, word))
			return true;
	return false;
}

bool str_i64(struct str s, int64_t *out)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t u;
	if (!str_u64(neg ? str_skip(s, 1) : s, &u) || u > (uint64_t)INT64_MAX + neg)
		return false;
	*out = (int64_t)(neg ? -u : u);
	return true;
}

bool str_f64(struct str s, double *out)
{
	char tmp[64], *end;
	if (!s.n || s.n >= sizeof tmp)
		return false;
	/* strtod also takes spaces, "inf", "nan" and hexadecimal; numbers here are made of these only. */
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789+-.eE", s.p[i]))
			return false;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = 0;
	int saved = errno;
	errno = 0;
	double d = strtod(tmp, &end);
	bool ok = *end == 0 && !(errno == ERANGE && (d > 1 || d < -1));
	errno = saved;
	if (ok)
		*out = d;
	return ok;
}

/* Length of the well-formed sequence at s (RFC 3629 section 4), 0 when there is none. */
static size_t utf8_seq(const unsigned char *p, size_t n)
{
	unsigned lo = 0x80, hi = 0xbf;
	size_t len;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0) {
		len = 2;
	} else if (p[0] < 0xf0) {
		len = 3;
		lo = p[0] == 0xe0 ? 0xa0 : 0x80; /* no over-long form */
		hi = p[0] == 0xed ? 0x9f : 0xbf; /* no surrogate */
	} else {
		len = 4;
		lo = p[0] == 0xf0 ? 0x90 : 0x80;
		hi = p[0] == 0xf4 ? 0x8f : 0xbf;
	}
	if (n < len || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

int str_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *str_hex(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = p;
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = at[i];
		*out++ = digits[byte >> 4];
		*out++ = digits[byte & 15];
	}
	*out = '\0';
	return out;
}

bool str_is_colour(struct str s, bool brief)
{
	if ((s.n != 7 && !(brief && s.n == 4)) || s.p[0] != '#')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (str_hex_value(s.p[i]) < 0)
			return false;
	return true;
}

bool str_utf8_valid(struct str s)
{
	for (size_t i = 0, step; i < s.n; i += step)
		if (!(step = utf8_seq((const unsigned char *)s.p + i, s.n - i)))
			return false;
	return true;
}

size_t str_utf8_len(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

bool str_utf8_turns(struct str s)
{
	for (size_t i = 0; i + 2 < s.n; i++) {
		const unsigned char *u = (const unsigned char *)s.p + i;
		if (u[0] == 0xe2 &&
		        ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
		                (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9)))
			return true;
	}
	return false;
}

struct str str_utf8_first(struct str s, size_t code_points)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80 && n++ == code_points)
			return str_first(s, i);
	return s;
}

struct str str_utf8_fit(struct str s, size_t bytes)
{
	s = str_first(s, bytes);
	size_t lead = s.n; /* behind the last byte that begins a character */
	while (lead && s.n - lead < 3 && ((unsigned char)s.p[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (!lead)
		return s;
	unsigned char c = (unsigned char)s.p[lead - 1];
	size_t wants = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	return s.n - (lead - 1) < wants ? str_first(s, lead - 1) : s;
}

void str_utf8_end(char *text)
{
	text[str_utf8_fit(str_c(text), SIZE_MAX).n] = 0;
}

static unsigned char hash_key[crypto_shorthash_siphash24_KEYBYTES];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_key_make(void)
{
	random_bytes(hash_key, sizeof hash_key);
}

bool str_base64(struct str text, int variant, void *out, size_t room, size_t *n)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80) /* libsodium 1.0.18 reads each of these as its last letter */
			return false;
	return !sodium_base642bin(out, room, text.p ? text.p : "", text.n, NULL, n, NULL, variant);
}

uint64_t str_hash(struct str s)
{
	uint64_t h;
	pthread_once(&hash_once, hash_key_make);
	crypto_shorthash_siphash24((unsigned char *)&h, (const unsigned char *)s.p, s.n, hash_key);
	return h;
}

void str_print(char *out, size_t room, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(out, room, fmt, args);
	va_end(args);
	str_utf8_end(out);
}
