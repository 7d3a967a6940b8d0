/* SPDX-License-Identifier: Apache-2.0
 *
 * What Ghost's Markdown has within a line beside CommonMark: addresses that become links, ~sub~, ^sup^, ==mark==,
 * ~~del~~ and footnotes. It works on the parts that md4c found, in one pass each and without searching back, so that
 * the work grows with the text and not with its square. A pair stands in one and the same element.
 */
#include <ctype.h>

#include "platform/text/html.h"
#include "platform/text/sanitize.h"
#include "services/blog/markdown_int.h"

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static bool is_url_char(unsigned char c)
{
	return (c > ' ' || (c > 1 && c < 5)) && c != 0x7f && !strchr("<>\"|`", c); /* 2 to 4: markdown_lines.c */
}

/* How much of s (behind "://") is the address: brackets are whole, what ends a sentence stays outside. */
static size_t url_length(struct str s)
{
	size_t n = 0, end = 0;
	int round = 0, square = 0, curly = 0;
	for (; n < s.n && is_url_char((unsigned char)s.p[n]); n++) {
		char c = s.p[n];
		round += (c == '(') - (c == ')');
		square += (c == '[') - (c == ']');
		curly += (c == '{') - (c == '}');
		if (round < 0 || square < 0 || curly < 0)
			break;
		if (!strchr(".,:;!?'*", c) && !round && !square && !curly)
			end = n + 1;
	}
	return end;
}

static bool is_host_char(unsigned char c) { return isalnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80; }

size_t markdown_link_at(struct str s)
{
	static const struct str schemes[] = { STR_INIT("https://"), STR_INIT("http://"), STR_INIT("ftp://") };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (!str_ieq(str_first(s, schemes[i].n), schemes[i]))
			continue;
		struct str rest = str_skip(s, schemes[i].n);
		size_t n = rest.n && is_host_char((unsigned char)rest.p[0]) ? url_length(rest) : 0;
		return n ? schemes[i].n + n : 0;
	}
	return 0;
}

static bool is_local_char(unsigned char c) { return isalnum(c) || (c && strchr("-+_.&=$", c)); }

/* The e-mail address around the "@" at `at`: its beginning, *n its length; n 0: none. The local part begins behind
   `from`. */
static size_t email_around(struct str s, size_t from, size_t at, size_t *n)
{
	size_t begin = at, end = at + 1, dot = 0;
	while (begin > from && is_local_char((unsigned char)s.p[begin - 1]))
		begin--;
	while (begin < at && strchr("-+_.&=$", s.p[begin]))
		begin++;
	while (end < s.n && is_host_char((unsigned char)s.p[end]) && s.p[end] != '_')
		end++;
	while (end > at + 1 && strchr(".-", s.p[end - 1]))
		end--;
	for (size_t i = at + 1; i < end; i++)
		dot = s.p[i] == '.' ? i : dot;
	*n = begin < at && dot > at + 1 && end - dot > 2 ? end - begin : 0;
	return begin;
}

static struct inline_part *add_copy(struct markdown *m, struct inline_list *to, const struct inline_part *from)
{
	struct inline_part *p = markdown_add(m, to, from->kind);
	if (p)
		*p = *from;
	return p;
}

static void add_piece(struct markdown *m, struct inline_list *to, const struct inline_part *from, struct str text)
{
	struct inline_part *p = text.n ? add_copy(m, to, from) : NULL;
	if (p)
		p->text = text;
}

static void add_link(struct markdown *m, struct inline_list *to, struct str text, const char *before)
{
	struct inline_part *p = markdown_add(m, to, INLINE_HTML);
	struct buf b;
	buf_arena(&b, m->a, 64 + 12 * text.n);
	buf_printf(&b, "<a href=\"%s", before);
	html_attr(&b, text);
	BUF_LIT(&b, "\">");
	html_text(&b, text);
	BUF_LIT(&b, "</a>");
	if (p) {
		p->html = buf_str(&b);
		p->text = text;
	}
	m->full = m->full || !buf_ok(&b);
}

static void link_text(struct markdown *m, struct inline_list *to, const struct inline_part *from)
{
	struct str s = from->text;
	size_t done = 0;
	for (size_t i = 0; i < s.n && !m->full; i++) {
		size_t n = 0, begin = i;
		bool word = i && isalnum((unsigned char)s.p[i - 1]);
		if (s.p[i] == '@')
			begin = email_around(s, done, i, &n);
		else if (!word && strchr("hHfF", s.p[i]))
			n = markdown_link_at(str_skip(s, i));
		if (!n)
			continue;
		add_piece(m, to, from, str_n(s.p + done, begin - done));
		add_link(m, to, str_n(s.p + begin, n), s.p[i] == '@' ? "mailto:" : "");
		done = begin + n;
		i = done - 1;
	}
	add_piece(m, to, from, str_skip(s, done));
}

/* --- marks -------------------------------------------------------------------------------------------------------- */

static bool is_mark(char c) { return c == '~' || c == '^' || c == '=' || c == '[' || c == ']'; }

/* 1: white space, 2: punctuation, 0: else; of the character that ends before or begins at p. */
static int char_class(const struct markdown *m, const char *p, bool before)
{
	if (before ? p == m->source : p == m->source_end)
		return 1;
	unsigned char c = (unsigned char)(before ? p[-1] : p[0]);
	if (c >= 0x80) {
		const char *at = before ? p - 1 : p;
		while (before && at > m->source && ((unsigned char)*at & 0xc0) == 0x80)
			at--;
		struct str s = str_n(at, (size_t)(m->source_end - at));
		return str_starts(s, STR("\xc2\xa0")) || str_starts(s, STR("\xe3\x80\x80"))    ? 1
		       : str_starts(s, STR("\xe2\x80")) || str_starts(s, STR("\xe3\x80")) ||
		                       str_starts(s, STR("\xc2\xab")) || str_starts(s, STR("\xc2\xbb"))
		               ? 2
		               : 0;
	}
	return isspace(c) ? 1 : ispunct(c) ? 2 : 0;
}

/* As CommonMark's left- and right-flanking runs. */
static void set_flanks(const struct markdown *m, struct inline_part *p)
{
	int before = char_class(m, p->text.p, true), after = char_class(m, p->text.p + p->text.n, false);
	p->opens = after != 1 && (after != 2 || before != 0);
	p->closes = before != 1 && (before != 2 || after != 0);
}

static size_t mark_length(struct str s)
{
	size_t n = 1;
	if (s.p[0] == '^' && s.n > 1 && s.p[1] == '[')
		return 2;
	while ((s.p[0] == '~' || s.p[0] == '=') && n < s.n && s.p[n] == s.p[0])
		n++;
	return n;
}

/* "[^label]" of a note that is defined: its length. */
static size_t note_at(struct markdown *m, struct str s, struct markdown_note **note)
{
	size_t n = 2;
	if (!str_starts(s, STR("[^")))
		return 0;
	while (n < s.n && s.p[n] != ' ' && s.p[n] != ']')
		n++;
	*note = n > 2 && n < s.n ? markdown_note_named(m, str_n(s.p + 2, n - 2)) : NULL;
	return *note ? n + 1 : 0;
}

static void add_mark(struct markdown *m, struct inline_list *to, const struct inline_part *from, struct str text)
{
	/* each two of a run are a mark by themselves; of an odd one the outermost is text */
	bool run = (text.p[0] == '~' && text.n > 1) || text.p[0] == '=';
	bool odd = run && text.n % 2, at_end = odd && char_class(m, text.p, true) == 0;
	while (text.n && !m->full) {
		bool lone = odd && (at_end ? text.n == 1 : true);
		size_t n = lone ? 1 : run ? 2 : text.n;
		add_piece(m, to, from, str_first(text, n));
		if (!m->full)
			to->parts[to->count - 1].kind = lone ? INLINE_LITERAL : INLINE_MARK;
		odd = odd && !lone;
		text = str_skip(text, n);
	}
}

static void set_run_flanks(struct markdown *m, struct inline_list *to, unsigned first, struct str run)
{
	struct inline_part whole = { .text = run };
	set_flanks(m, &whole);
	for (unsigned i = first; i < to->count; i++) {
		to->parts[i].opens = whole.opens;
		to->parts[i].closes = whole.closes;
	}
}

static void split_marks(struct markdown *m, struct inline_list *to, const struct inline_part *from)
{
	struct str s = from->text;
	size_t done = 0;
	for (size_t i = 0; i < s.n && !m->full;) {
		struct markdown_note *note = NULL;
		size_t n = is_mark(s.p[i]) ? note_at(m, str_skip(s, i), &note) : 0;
		if (!is_mark(s.p[i])) {
			i++;
			continue;
		}
		add_piece(m, to, from, str_n(s.p + done, i - done));
		if (note) {
			struct inline_part *p = add_copy(m, to, from);
			if (p) {
				p->text = str_n(s.p + i, n);
				p->kind = INLINE_NOTE_REF;
				p->with = (unsigned)(note - m->notes);
			}
		} else {
			n = mark_length(str_skip(s, i));
			unsigned first = to->count;
			add_mark(m, to, from, str_n(s.p + i, n));
			set_run_flanks(m, to, first, str_n(s.p + i, n));
		}
		i = done = i + n;
	}
	add_piece(m, to, from, str_skip(s, done));
}

/* --- from md4c's parts to ours ------------------------------------------------------------------------------------ */

static bool opens_link(struct str html) { return str_starts(html, STR("<a ")) || str_starts(html, STR("<a>")); }

/* One step over all text of the list; links: not where a link is already. Places and partners are set anew. */
static void each_text(struct markdown *m, struct inline_list *list, bool links,
                      void (*step)(struct markdown *m, struct inline_list *to, const struct inline_part *from))
{
	struct inline_list to = { 0 };
	unsigned open = 0, in_link = 0;
	for (unsigned i = 0; i < list->count && !m->full; i++) {
		struct inline_part *p = &list->parts[i];
		if (p->kind == INLINE_CLOSE && open)
			open = to.parts[open - 1].parent;
		p->parent = open;
		if (p->kind == INLINE_TEXT && (!links || !in_link)) {
			step(m, &to, p);
			continue;
		}
		in_link += (p->kind == INLINE_OPEN && p->is_link) || (p->kind == INLINE_HTML && opens_link(p->html));
		bool ends = (p->kind == INLINE_CLOSE && p->is_link) ||
		            (p->kind == INLINE_HTML && str_starts(p->html, STR("</a>")));
		in_link -= in_link && ends;
		add_copy(m, &to, p);
		if (p->kind == INLINE_OPEN)
			open = to.count;
	}
	*list = to;
}

static bool has_space(const struct inline_part *p)
{
	if (p->kind == INLINE_BREAK || p->kind == INLINE_SOFT_BREAK)
		return true;
	for (size_t i = 0; (p->kind == INLINE_TEXT || p->kind == INLINE_LITERAL) && i < p->text.n; i++)
		if (isspace((unsigned char)p->text.p[i]) && !(i && p->text.p[i - 1] == '\\'))
			return true;
	return false;
}

static bool is_single(const struct inline_part *p, char c)
{
	return p->kind == INLINE_MARK && p->text.n == 1 && p->text.p[0] == c;
}

static void make_pair(struct inline_list *l, unsigned from, unsigned to, const char *open, const char *close)
{
	l->parts[from].kind = l->parts[to].kind = INLINE_HTML;
	l->parts[from].html = str_c(open);
	l->parts[to].html = str_c(close);
	l->parts[from].text = l->parts[to].text = STR("");
}

/* "\\ " is how a blank gets into one. */
static struct str without_escapes(struct markdown *m, struct str s)
{
	struct buf b;
	if (str_find(s, STR("\\ ")) < 0)
		return s;
	buf_arena(&b, m->a, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\\' || i + 1 == s.n || s.p[i + 1] != ' ')
			buf_putc(&b, s.p[i]);
	return buf_str(&b);
}

/* ~sub~ and ^sup^: nothing but visible characters between, none of which is a mark. From `at`; where to go on. */
static unsigned small_pair(struct markdown *m, struct inline_list *l, unsigned at)
{
	char c = l->parts[at].text.p[0];
	unsigned i = at + 1;
	while (i < l->count && !has_space(&l->parts[i]) && l->parts[i].parent >= l->parts[at].parent &&
	       !(is_single(&l->parts[i], c) && l->parts[i].parent == l->parts[at].parent))
		i++;
	bool found = i < l->count && i > at + 1 && is_single(&l->parts[i], c) &&
	             l->parts[i].parent == l->parts[at].parent;
	if (!found) {
		l->parts[at].kind = INLINE_LITERAL;
		return at + 1;
	}
	make_pair(l, at, i, c == '~' ? "<sub>" : "<sup>", c == '~' ? "</sub>" : "</sup>");
	for (unsigned k = at + 1; k < i; k++) {
		if (l->parts[k].kind == INLINE_TEXT)
			l->parts[k].text = without_escapes(m, l->parts[k].text);
		else if (l->parts[k].kind == INLINE_MARK || l->parts[k].kind == INLINE_NOTE_REF)
			l->parts[k].kind = INLINE_LITERAL;
	}
	return i + 1;
}

/* The "]" of each "^[" in its `with`, by one pass. */
static void match_brackets(struct markdown *m, struct inline_list *l)
{
	unsigned *open = arena_try_alloc(m->a, (l->count + 1) * sizeof *open), depth = 0;
	if (!open) {
		m->full = true;
		return;
	}
	for (unsigned i = 0; i < l->count; i++) {
		struct inline_part *p = &l->parts[i];
		while (depth && p->parent < l->parts[open[depth - 1]].parent)
			depth--; /* the element that it stands in has ended */
		if (p->kind != INLINE_MARK)
			continue;
		if (p->text.p[p->text.n - 1] == '[') {
			p->with = 0;
			open[depth++] = i;
		} else if (is_single(p, ']') && depth && l->parts[open[depth - 1]].parent == p->parent) {
			l->parts[open[--depth]].with = i;
		}
	}
}

/* "^[…]": what is between becomes a note of its own. Returns where to go on. */
static unsigned inline_note(struct markdown *m, struct inline_list *l, unsigned at)
{
	struct inline_part *p = &l->parts[at];
	unsigned end = p->with;
	struct markdown_note *note = end > at + 1 ? markdown_note_add(m) : NULL;
	if (!note) {
		p->kind = INLINE_LITERAL;
		return at + 1;
	}
	note->inner = (struct inline_list){ &l->parts[at + 1], end - at - 1, 0 };
	p->kind = INLINE_NOTE_REF;
	markdown_refer(m, note, p);
	p->with = end; /* what is between is not written here */
	return end + 1;
}

/* Left to right, as the text is read: what stands within one of these is not looked at again. */
static void small_marks(struct markdown *m, struct inline_list *l)
{
	for (unsigned i = 0; i < l->count && !m->full;) {
		struct inline_part *p = &l->parts[i];
		if (p->kind == INLINE_NOTE_REF) {
			markdown_refer(m, &m->notes[p->with], p);
			p->with = 0;
			i++;
		} else if (p->kind == INLINE_MARK && p->text.n == 2 && p->text.p[0] == '^') {
			i = inline_note(m, l, i);
		} else if (is_single(p, '~') || is_single(p, '^')) {
			i = small_pair(m, l, i);
		} else {
			i++;
		}
	}
}

struct mark_stack { unsigned *at, count; };

static void mark_pairs_add(struct inline_list *l, struct mark_stack *s, struct mark_stack *other, unsigned i)
{
	struct inline_part *p = &l->parts[i];
	bool del = p->text.p[0] == '~';
	if (p->closes && s->count && l->parts[s->at[s->count - 1]].parent == p->parent) {
		unsigned from = s->at[--s->count];
		make_pair(l, from, i, del ? "<s>" : "<mark>", del ? "</s>" : "</mark>");
		while (other->count && other->at[other->count - 1] > from)
			other->count--; /* it would end outside of what is marked now */
	} else if (p->opens) {
		s->at[s->count++] = i;
	}
}

/* ~~del~~ and ==mark==. */
static void mark_pairs(struct markdown *m, struct inline_list *l)
{
	unsigned *room = arena_try_alloc(m->a, 2 * (l->count + 1) * sizeof *room);
	struct mark_stack del = { room, 0 }, mark = { room ? room + l->count + 1 : NULL, 0 };
	m->full = m->full || !room;
	for (unsigned i = 0; i < l->count && !m->full; i++) {
		struct inline_part *p = &l->parts[i];
		while (del.count && p->parent < l->parts[del.at[del.count - 1]].parent)
			del.count--;
		while (mark.count && p->parent < l->parts[mark.at[mark.count - 1]].parent)
			mark.count--;
		if (p->kind == INLINE_NOTE_REF && p->with) {
			i = p->with;
			continue;
		}
		if (p->kind == INLINE_MARK && p->text.n == 2 && p->text.p[0] != '^')
			mark_pairs_add(l, p->text.p[0] == '~' ? &del : &mark, p->text.p[0] == '~' ? &mark : &del, i);
	}
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void put_note_ref(struct markdown *m, const struct inline_part *p)
{
	struct str id = markdown_note_id(m, p->number);
	buf_printf(m->out, "<sup class=\"footnote-ref\"><a href=\"#fn%.*s\" id=\"fnref%.*s", STR_ARG(id), STR_ARG(id));
	if (p->sub)
		buf_printf(m->out, ":%u", p->sub);
	buf_printf(m->out, "\">[%u", p->number);
	if (p->sub)
		buf_printf(m->out, ":%u", p->sub);
	BUF_LIT(m->out, "]</a></sup>");
}

static void put_part(struct markdown *m, const struct inline_part *p)
{
	switch (p->kind) {
	case INLINE_TEXT:
	case INLINE_LITERAL:
	case INLINE_MARK:
		html_text(m->out, p->text);
		break;
	case INLINE_HTML:
	case INLINE_OPEN:
	case INLINE_CLOSE:
		buf_putstr(m->out, p->html);
		break;
	case INLINE_IMAGE:
		buf_putstr(m->out, p->html);
		BUF_LIT(m->out, " alt=\"");
		buf_putstr(m->out, p->text);
		BUF_LIT(m->out, "\">");
		break;
	case INLINE_SOFT_BREAK:
		buf_puts(m->out, m->opt->ghost ? "<br>\n" : "\n");
		break;
	case INLINE_BREAK:
		BUF_LIT(m->out, "<br>\n");
		break;
	case INLINE_NOTE_REF:
		put_note_ref(m, p);
		break;
	}
}

void markdown_put_inline(struct markdown *m, struct inline_list *list)
{
	struct inline_list l = *list;
	if (m->opt->ghost) {
		each_text(m, &l, true, link_text);
		each_text(m, &l, false, split_marks);
		match_brackets(m, &l);
		if (!m->full)
			small_marks(m, &l);
		mark_pairs(m, &l);
	}
	for (unsigned i = 0; i < l.count && !m->full; i++) {
		put_part(m, &l.parts[i]);
		if (l.parts[i].kind == INLINE_NOTE_REF && l.parts[i].with)
			i = l.parts[i].with;
	}
}

struct str markdown_inline_text(struct markdown *m, const struct inline_list *list)
{
	struct buf b;
	struct str s;
	buf_arena(&b, m->a, 64 + 2 * (size_t)(m->source_end - m->source));
	for (unsigned i = 0; i < list->count; i++) {
		const struct inline_part *p = &list->parts[i];
		if (p->kind == INLINE_HTML && p->text.n && html_to_text(m->a, p->html, p->html.n, &s, NULL) == ST_OK)
			buf_putstr(&b, s); /* an entity */
		else
			buf_putstr(&b, p->kind == INLINE_HTML ? p->html : p->text);
	}
	return buf_str(&b);
}
