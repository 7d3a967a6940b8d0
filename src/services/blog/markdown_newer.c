/* SPDX-License-Identifier: Apache-2.0
 *
 * What CommonMark 0.31 reads otherwise than md4c: symbols (£, emoji) beside * and _ count as punctuation, comments may
 * have any "--" in them and be as short as "<!-->", and <textarea> begins a block of HTML. As in markdown_lines.c, the
 * source is marked before md4c reads it, by control characters that no text has (those of the source are left out), and
 * what it wrote is as the source had it.
 */
#include <utf8proc.h>

#include "services/blog/markdown_int.h"

#define SYMBOL_MARK "\xe2\x81\x96" /* U+2056, punctuation to everybody; it goes beside \x01 and never alone */
#define BEFORE SYMBOL_MARK "\x01"
#define BEHIND "\x01" SYMBOL_MARK
/* \x02 is a "-" of a comment. */
/* \x03 fills a comment that has nothing in it, \x04 says that a <pre> is a <textarea>. */

static const char marks[] = "\x01\x02\x03\x04";

struct newer {
	struct buf *b;
	struct str s;      /* the source */
	size_t at;
	size_t comment_end; /* within a comment: where its --> stands */
	bool line_began;    /* something of the line that is no mark of a block was seen */
	bool area;          /* a block of <textarea> is open */
};

static bool is_symbol(struct str s, size_t *n)
{
	utf8proc_int32_t c = 0;
	utf8proc_ssize_t got = utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &c);
	*n = got > 0 ? (size_t)got : 1;
	utf8proc_category_t k = got > 0 ? utf8proc_category(c) : UTF8PROC_CATEGORY_CN;
	return c >= 0x80 && k >= UTF8PROC_CATEGORY_SM && k <= UTF8PROC_CATEGORY_SO;
}

static bool is_delimiter(const struct newer *w, size_t at)
{
	return at < w->s.n && (w->s.p[at] == '*' || w->s.p[at] == '_');
}

static void put_letter(struct newer *w)
{
	size_t n;
	bool symbol = is_symbol(str_skip(w->s, w->at), &n);
	if (symbol && w->at && is_delimiter(w, w->at - 1))
		BUF_LIT(w->b, BEFORE);
	buf_put(w->b, w->s.p + w->at, n);
	w->at += n;
	if (symbol && is_delimiter(w, w->at))
		BUF_LIT(w->b, BEHIND);
}

static bool put_if(struct newer *w, const char *from, const char *to)
{
	struct str what = str_c(from);
	if (!str_starts(str_skip(w->s, w->at), what))
		return false;
	buf_puts(w->b, to);
	w->at += what.n;
	return true;
}

static bool begin_comment(struct newer *w)
{
	if (put_if(w, "<!-->", "<!--\x03-->") || put_if(w, "<!--->", "<!--\x03\x03-->"))
		return true;
	if (!put_if(w, "<!--", "<!--"))
		return false;
	ptrdiff_t end = str_find(str_skip(w->s, w->at), STR("-->"));
	w->comment_end = end < 0 ? 0 : w->at + (size_t)end;
	return true;
}

static bool begin_area(struct newer *w)
{
	struct str word = STR("<textarea");
	size_t next = w->at + word.n;
	if (w->line_began || !str_starts(str_skip(w->s, w->at), word) ||
	    (next < w->s.n && !strchr(" \t>\r\n", w->s.p[next])))
		return false;
	return w->area = put_if(w, "<textarea", "<pre \x04");
}

static void put_next(struct newer *w)
{
	char c = w->s.p[w->at];
	if (w->at >= w->comment_end && c == '<') {
		if (begin_comment(w) || begin_area(w))
			return;
		if (w->area && put_if(w, "</textarea>", "\x04</pre>")) {
			w->area = false;
			return;
		}
	}
	if ((unsigned char)c >= 0x80) {
		put_letter(w);
	} else {
		w->at++;
		if (w->at <= w->comment_end && c == '-' && w->line_began)
			buf_putc(w->b, '\x02');
		else if (!c || !strchr(marks, c))
			buf_putc(w->b, c);
	}
}

struct str markdown_newer(struct markdown *m, struct str source)
{
	struct buf b;
	struct newer w = { .b = &b, .s = source };
	buf_arena(&b, m->a, 4 * source.n + 64);
	while (w.at < w.s.n) {
		char c = w.s.p[w.at];
		put_next(&w);
		/* a dash behind a word is no mark of a list, and none of a heading's line */
		w.line_began = c != '\n' && (w.line_began || !strchr(" \t>-\r", c) || !c);
	}
	m->full = m->full || !buf_ok(&b);
	return buf_str(&b);
}

void markdown_as_typed(struct buf *out, struct str html)
{
	static const struct { struct str from, to; } undo[] = {
		{ STR_INIT(BEFORE), STR_INIT("") },
		{ STR_INIT(BEHIND), STR_INIT("") },
		{ STR_INIT("\x02"), STR_INIT("-") },
		{ STR_INIT("--\x03--"), STR_INIT("--") },
		{ STR_INIT("--\x03\x03--"), STR_INIT("---") },
		{ STR_INIT("pre \x04"), STR_INIT("textarea") },
		{ STR_INIT("\x04</pre>"), STR_INIT("</textarea>") },
		{ STR_INIT("\x04&lt;/pre&gt;"), STR_INIT("&lt;/textarea&gt;") },
	};
	while (html.n) {
		size_t i = 0, count = sizeof undo / sizeof *undo;
		bool may = strchr("\xe2\x01\x02-p\x04", html.p[0]) != NULL && html.p[0];
		while (may && i < count && !str_starts(html, undo[i].from))
			i++;
		if (!may || i == count) {
			buf_putc(out, html.p[0]);
			html = str_skip(html, 1);
			continue;
		}
		buf_putstr(out, undo[i].to);
		html = str_skip(html, undo[i].from.n);
	}
}
