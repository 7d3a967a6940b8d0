/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/words.h"

#include <utf8proc.h>

#include "base/buf.h"
#include "platform/text/unicode.h"

#define SLUG_MAX  185  /* room for "-12345" below the route's 191 */
#define LOOKED_AT 4096 /* bytes of a title that an address is made of */

/* Decomposed, without marks, folded: "Å" and "å" and "a" give "a"; "ß" gives "ss". */
static struct str search_fold(struct arena *a, struct str s)
{
	struct str folded =
	        unicode_mapped(a, s, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
	return folded.p ? folded : STR("");
}

/* Letters that have no decomposition but a usual spelling. */
static const char *spelling(utf8proc_int32_t c)
{
	static const struct {
		utf8proc_int32_t c;
		const char *as;
	} table[] = {
		{ 0x00e6, "ae" }, { 0x00f0, "d" }, { 0x00f8, "o" }, { 0x00fe, "th" }, { 0x0111, "d" },
		{ 0x0127, "h" },  { 0x0131, "i" }, { 0x0142, "l" }, { 0x0153, "oe" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].c == c)
			return table[i].as;
	return NULL;
}

struct str text_slug(struct arena *a, struct str text)
{
	struct str s = search_fold(a, str_utf8_fit(text, LOOKED_AT));
	struct buf b;
	buf_arena(&b, a, SLUG_MAX + 8);
	bool gap = false;
	for (size_t i = 0; i < s.n && b.len < SLUG_MAX;) {
		utf8proc_int32_t c = 0;
		utf8proc_ssize_t n =
		        utf8proc_iterate((const utf8proc_uint8_t *)s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
		if (n <= 0)
			break;
		i += (size_t)n;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		const char *as = plain ? NULL : spelling(c);
		if (!plain && !as) {
			gap = gap || (c != '\'' && c != 0x2019); /* "don't" is one word */
			continue;
		}
		if (gap && b.len)
			buf_putc(&b, '-');
		gap = false;
		if (as)
			buf_puts(&b, as);
		else
			buf_putc(&b, (char)c);
	}
	return str_first(buf_str(&b), SLUG_MAX);
}

struct str text_excerpt(struct arena *a, struct str plain, size_t max)
{
	struct str s = str_trim(plain);
	struct str cut = str_utf8_first(s, max);
	if (cut.n == s.n)
		return s;
	ptrdiff_t space = str_rchr(cut, ' ');
	if (space > (ptrdiff_t)cut.n / 2)
		cut = str_first(cut, (size_t)space);
	while (cut.n && strchr(" ,;:-", cut.p[cut.n - 1]))
		cut.n--;
	return arena_strf(a, "%.*s…", STR_ARG(cut));
}
