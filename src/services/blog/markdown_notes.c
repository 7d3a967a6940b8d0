/* SPDX-License-Identifier: Apache-2.0
 *
 * Footnotes of a Markdown text. Definitions ("[^label]: text", further paragraphs four columns in) are taken out before
 * md4c reads the text, which would take them for definitions of links. Those that somebody refers to stand in a list at
 * the end, in the order of their first reference.
 */
#include <stdlib.h>

#include "platform/text/html.h"
#include "services/blog/markdown_int.h"

/* "[^label]: " at the beginning of line: its label; what follows in *first. */
static bool is_definition(struct str line, struct str *label, struct str *first)
{
	size_t skip, n = 2;
	if (markdown_indent(line, &skip) > 3)
		return false;
	struct str s = str_skip(line, skip);
	if (!str_starts(s, STR("[^")))
		return false;
	while (n < s.n && s.p[n] != ' ' && s.p[n] != ']' && s.p[n] != '\n')
		n++;
	if (n == 2 || n + 1 >= s.n || s.p[n] != ']' || s.p[n + 1] != ':')
		return false;
	*label = str_n(s.p + 2, n - 2);
	*first = str_skip(s, n + 2);
	return true;
}

/* A line that ends a paragraph which is not indented, by beginning something else. */
static bool begins_block(struct str line)
{
	size_t skip;
	markdown_indent(line, &skip);
	struct str s = str_skip(line, skip), label, first;
	bool item = s.n > 1 && strchr("-+*", s.p[0]) && s.p[1] == ' ';
	return item || str_starts(s, STR("#")) || str_starts(s, STR(">")) || str_starts(s, STR("```")) ||
	       str_starts(s, STR("~~~")) || str_starts(s, STR("---")) || is_definition(line, &label, &first);
}

/* Does the note go on behind blank lines: is the next line with text four columns in? */
static bool goes_on(struct str rest)
{
	struct str line;
	size_t skip;
	while (markdown_next_line(&rest, &line))
		if (!markdown_is_blank(line))
			return markdown_indent(line, &skip) >= 4;
	return false;
}

static void put_dedented(struct buf *b, struct str line)
{
	unsigned columns = 0;
	size_t i = 0;
	for (; i < line.n && columns < 4 && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		columns += line.p[i] == '\t' ? 4 - columns % 4 : 1;
	buf_putstr(b, str_skip(line, i));
}

/* The text of a note: first, and the lines of *rest that belong to it. */
static struct str note_text(struct markdown *m, struct str first, struct str *rest)
{
	struct buf b;
	bool after_blank = markdown_is_blank(first);
	buf_arena(&b, m->a, first.n + rest->n + 1);
	buf_putstr(&b, str_trim(first));
	buf_putc(&b, '\n');
	for (struct str at = *rest, line; markdown_next_line(&at, &line); *rest = at) {
		size_t skip;
		if (markdown_is_blank(line)) {
			if (!after_blank && !goes_on(at))
				break;
			buf_putc(&b, '\n');
			after_blank = true;
			continue;
		}
		bool inside = markdown_indent(line, &skip) >= 4;
		if (!inside && (after_blank || begins_block(line)))
			break;
		put_dedented(&b, line);
		after_blank = false;
	}
	return buf_str(&b);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static int by_label(const void *a, const void *b)
{
	const struct markdown_note *x = a, *y = b;
	return str_cmp(x->label, y->label);
}

struct markdown_note *markdown_note_named(struct markdown *m, struct str label)
{
	const struct markdown_note wanted = { .label = label };
	return m->defined ? bsearch(&wanted, m->notes, m->defined, sizeof wanted, by_label) : NULL;
}

struct markdown_note *markdown_note_add(struct markdown *m)
{
	if (m->note_count == MARKDOWN_NOTES_MAX) {
		if (m->opt->notes_left)
			m->opt->notes_left(m->opt->arg);
		return NULL;
	}
	if (!m->notes) {
		m->notes = ARENA_ARRAY(m->a, struct markdown_note, MARKDOWN_NOTES_MAX);
		m->by_place = ARENA_ARRAY(m->a, struct markdown_note *, MARKDOWN_NOTES_MAX);
	}
	return &m->notes[m->note_count++];
}

void markdown_refer(struct markdown *m, struct markdown_note *n, struct inline_part *p)
{
	if (!n->place) {
		m->by_place[m->placed] = n;
		n->place = ++m->placed;
	}
	p->number = n->place;
	p->sub = n->references++;
}

struct str markdown_take_notes(struct markdown *m, struct str source)
{
	struct markdown_fence fence = { 0 };
	struct str line, label, first;
	struct buf b;
	if (str_find(source, STR("[^")) < 0)
		return source;
	buf_arena(&b, m->a, source.n + 1);
	while (markdown_next_line(&source, &line)) {
		struct markdown_note *note = NULL;
		markdown_follow_fence(&fence, line);
		if (!fence.open && is_definition(line, &label, &first))
			note = markdown_note_add(m);
		if (note)
			*note = (struct markdown_note){ .label = label, .source = note_text(m, first, &source) };
		buf_putstr(&b, note ? STR("\n") : line);
	}
	if (m->note_count)
		qsort(m->notes, m->note_count, sizeof *m->notes, by_label);
	m->defined = m->note_count;
	m->full = m->full || !buf_ok(&b);
	return buf_str(&b);
}

/* --- the list at the end ------------------------------------------------------------------------------------------ */

struct str markdown_note_id(struct markdown *m, unsigned place)
{
	return m->opt->set > 1 ? arena_strf(m->a, "-%u-%u", m->opt->set, place) : arena_strf(m->a, "%u", place);
}

static void put_back_links(struct markdown *m, const struct markdown_note *n)
{
	struct str id = markdown_note_id(m, n->place);
	for (unsigned i = 0; i < n->references; i++) {
		buf_printf(m->out, " <a href=\"#fnref%.*s", STR_ARG(id));
		if (i)
			buf_printf(m->out, ":%u", i);
		BUF_LIT(m->out, "\" class=\"footnote-backref\">\u21a9\ufe0e</a>");
	}
}

static void put_note(struct markdown *m, struct markdown_note *n)
{
	static const struct str end = STR_INIT("</p>\n");
	struct str id = markdown_note_id(m, n->place);
	buf_printf(m->out, "<li id=\"fn%.*s\" class=\"footnote-item\">", STR_ARG(id));
	if (n->label.p) {
		m->full = !markdown_blocks(m, n->source) || m->full;
	} else {
		BUF_LIT(m->out, "<p>");
		markdown_put_inline(m, &n->inner);
		buf_putstr(m->out, end);
	}
	bool paragraph = buf_ok(m->out) && str_ends(buf_str(m->out), end);
	if (paragraph)
		m->out->len -= end.n;
	put_back_links(m, n);
	buf_putstr(m->out, paragraph ? end : STR(""));
	BUF_LIT(m->out, "</li>\n");
}

void markdown_put_notes(struct markdown *m)
{
	if (!m->placed)
		return;
	BUF_LIT(m->out, "<hr class=\"footnotes-sep\">\n<section class=\"footnotes\">\n<ol class=\"footnotes-list\">\n");
	for (unsigned i = 0; i < m->placed && !m->full; i++) /* a note may refer to another: then there are more */
		put_note(m, m->by_place[i]);
	BUF_LIT(m->out, "</ol>\n</section>\n");
}
