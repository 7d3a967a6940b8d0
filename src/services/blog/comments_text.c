/* SPDX-License-Identifier: Apache-2.0
 *
 * The text of a comment, cut into paragraphs, lines and links; a template writes them.
 */
#include <string.h>

#include "gen/blog_tpl.h"
#include "services/blog/comments.h"

/* Bytes of an address of the web that s begins with; 0: none. What ends a sentence behind it is none of it. */
static size_t address_len(struct str s)
{
	size_t scheme = str_starts(s, STR("https://")) ? 8 : str_starts(s, STR("http://")) ? 7 : 0, n = scheme;
	int open = 0; /* brackets that are closed behind it */
	if (!scheme)
		return 0;
	for (; n < s.n && (unsigned char)s.p[n] > 0x20 && !strchr("<>\"", s.p[n]); n++)
		open += (s.p[n] == '(') - (s.p[n] == ')');
	for (; n > scheme && strchr(".,;:!?'*)]}", s.p[n - 1]) && (s.p[n - 1] != ')' || open < 0); n--)
		open += s.p[n - 1] == ')';
	return n > scheme ? n : 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static size_t cut_line(struct str line, struct comment_piece *out)
{
	size_t n = 0, begun = 0;
	for (size_t i = 0; i < line.n; i++) {
		size_t len = i && is_letter(line.p[i - 1]) ? 0 : address_len(str_skip(line, i));
		if (!len)
			continue;
		if (i > begun)
			out[n++] = (struct comment_piece){ COMMENT_WORDS, str_n(line.p + begun, i - begun) };
		out[n++] = (struct comment_piece){ COMMENT_LINK, str_n(line.p + i, len) };
		begun = i + len;
		i = begun - 1;
	}
	if (begun < line.n)
		out[n++] = (struct comment_piece){ COMMENT_WORDS, str_skip(line, begun) };
	return n;
}

struct safe_html comment_html(struct arena *a, struct str text)
{
	size_t lines = 1, colons = 0, used = 0, n = 0;
	struct str line;
	struct buf out;
	for (size_t i = 0; i < text.n; i++) {
		lines += text.p[i] == '\n';
		colons += text.p[i] == ':'; /* no more links than these */
	}
	struct comment_piece *pieces = ARENA_ARRAY(a, struct comment_piece, 2 * (lines + colons));
	struct comment_paragraph *list = ARENA_ARRAY(a, struct comment_paragraph, lines);
	bool inside = false;
	while (text.p && str_next(&text, '\n', &line)) {
		line = str_trim(line);
		if (line.n && !inside)
			list[n++] = (struct comment_paragraph){ pieces + used, 0 };
		else if (line.n)
			pieces[used++] = (struct comment_piece){ COMMENT_BREAK, STR("") };
		inside = line.n > 0;
		used += cut_line(line, pieces + used);
		if (inside)
			list[n - 1].n = (size_t)(pieces + used - list[n - 1].pieces);
	}
	buf_text(&out, a);
	tpl_blog_comment_text(&out, list, n);
	return html_from_template(&out);
}
