/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/charset.h"

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xf0 | c >> 18));
		buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t unit16(const unsigned char *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* False: half a character. */
static bool from_utf16(struct buf *b, struct str s, bool big)
{
	const unsigned char *p = (const unsigned char *)s.p;
	if (s.n % 2)
		return false;
	for (size_t i = 0; i < s.n; i += 2) {
		uint32_t c = unit16(p + i, big);
		if (c >= 0xdc00 && c < 0xe000)
			return false;
		if (c >= 0xd800 && c < 0xdc00) {
			uint32_t low = i + 3 < s.n ? unit16(p + i + 2, big) : 0;
			if (low < 0xdc00 || low >= 0xe000)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		put_utf8(b, c);
	}
	return true;
}

/* What Windows has where Latin-1 has control characters. */
static const uint16_t windows[32] = { 0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	                              0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
	                              0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	                              0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178 };

static void from_latin(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		put_utf8(b, c >= 0x80 && c < 0xa0 ? windows[c - 0x80] : c);
	}
}

static size_t line_at(struct str s, size_t at)
{
	size_t line = 1;
	for (size_t i = 0; i < at && i < s.n; i++)
		line += s.p[i] == '\n' || (s.p[i] == '\r' && !(i + 1 < s.n && s.p[i + 1] == '\n'));
	return line;
}

enum status charset_utf8(struct arena *a, struct str file, size_t most, struct str *out, struct err *e)
{
	struct buf b;
	bool little = str_starts(file, STR("\xff\xfe")), big = str_starts(file, STR("\xfe\xff"));
	bool marked = str_starts(file, STR("\xef\xbb\xbf"));
	if (!little && !big && file.n >= 4) { /* no mark: a header's first letters are plain ones */
		little = file.p[0] && !file.p[1] && file.p[2] && !file.p[3];
		big = !file.p[0] && file.p[1] && !file.p[2] && file.p[3];
	}
	if (marked)
		file = str_skip(file, 3);
	if (!little && !big && str_utf8_valid(file)) {
		*out = file;
	} else if (marked) {
		return err_set(e, ST_INVALID, "The file says that it is UTF-8, and is not");
	} else {
		buf_arena(&b, a, 3 * most + 8);
		buf_reserve(&b, file.n + file.n / 2);
		if (!little && !big)
			from_latin(&b, file);
		else if (!from_utf16(&b, file, big))
			return err_set(e, ST_INVALID, "The file begins as UTF-16 and does not go on so");
		*out = buf_str(&b);
		if (str_starts(*out, STR("\xef\xbb\xbf")))
			*out = str_skip(*out, 3);
	}
	ptrdiff_t nul = str_chr(*out, 0);
	if (nul >= 0)
		return err_set(e, ST_INVALID, "Line %zu has a NUL character", line_at(*out, (size_t)nul));
	return ST_OK;
}
