/* SPDX-License-Identifier: Apache-2.0
 *
 * A document as Markdown that doc_read_markdown.c reads back to the same blocks.
 */
#include <ctype.h>

#include "platform/text/json.h"
#include "services/blog/doc.h"

enum { DEPTH_MAX = 40 /* lists and links within each other; what is deeper is left out */ };
enum { PLACE_NAME_MAX = 60 /* characters of a card's name that are shown */ };
enum { BOLD = 1, EM = 2, STRIKE = 4, CODE = 16 };

struct markdown_out {
	struct buf *out;
	int open[3]; /* formats, outermost first */
	unsigned count;
	struct str spaces; /* that are still to be written: emphasis ends before them */
	bool line_start;
};

static struct str text_of(const json_t *node, const char *member)
{
	json_t *j = json_object_get(node, member);
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

static bool is_type(const json_t *node, const char *type)
{
	return str_eqc(text_of(node, "type"), type);
}

/* --- a line ------------------------------------------------------------------------------------------------------- */

static const char *mark_of(int format)
{
	return format == BOLD ? "**" : format == EM ? "*" : "~~";
}

static void put_spaces(struct markdown_out *w)
{
	buf_putstr(w->out, w->spaces);
	w->spaces = STR("");
}

static void set_format(struct markdown_out *w, int format)
{
	static const int all[] = { BOLD, EM, STRIKE };
	unsigned keep = 0;
	while (keep < w->count && (format & w->open[keep]))
		keep++;
	while (w->count > keep)
		buf_puts(w->out, mark_of(w->open[--w->count]));
	put_spaces(w);
	for (size_t i = 0; i < 3; i++) {
		bool is_open = false;
		for (unsigned k = 0; k < w->count; k++)
			is_open = is_open || w->open[k] == all[i];
		if (!(format & all[i]) || is_open)
			continue;
		buf_puts(w->out, mark_of(all[i]));
		w->open[w->count++] = all[i];
		w->line_start = false;
	}
}

/* What would begin a block if it stood at the head of a line. */
static bool begins_block(struct str s)
{
	size_t digits = 0;
	if (strchr("#>+-=|", s.p[0]))
		return true;
	if (str_starts(s, STR("{{card ")))
		return true;
	while (digits < s.n && isdigit((unsigned char)s.p[digits]))
		digits++;
	return digits && digits < s.n && (s.p[digits] == '.' || s.p[digits] == ')');
}

static void put_escaped(struct markdown_out *w, struct str s)
{
	for (; s.n; s = str_skip(s, 1)) {
		if (w->line_start && isdigit((unsigned char)s.p[0]) && begins_block(s)) {
			while (isdigit((unsigned char)s.p[0])) {
				buf_putc(w->out, s.p[0]);
				s = str_skip(s, 1);
			}
			buf_putc(w->out, '\\');
		} else if (w->line_start && begins_block(s)) {
			buf_putc(w->out, '\\');
		} else if (strchr("\\`*_[]<~&|", s.p[0]) && s.p[0]) {
			buf_putc(w->out, '\\');
		}
		buf_putc(w->out, s.p[0] == '\n' || s.p[0] == '\r' ? ' ' : s.p[0]);
		w->line_start = false;
	}
}

static void put_code(struct markdown_out *w, struct str s)
{
	size_t run = 0, longest = 0;
	for (size_t i = 0; i < s.n; i++) {
		run = s.p[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	bool pad = s.p[0] == '`' || s.p[s.n - 1] == '`' || (s.p[0] == ' ' && s.p[s.n - 1] == ' ');
	for (size_t i = 0; i <= longest; i++)
		buf_putc(w->out, '`');
	buf_puts(w->out, pad ? " " : "");
	buf_putstr(w->out, s);
	buf_puts(w->out, pad ? " " : "");
	for (size_t i = 0; i <= longest; i++)
		buf_putc(w->out, '`');
	w->line_start = false;
}

static void put_text(struct markdown_out *w, const json_t *node)
{
	struct str text = text_of(node, "text");
	int format = (int)json_integer_value(json_object_get(node, "format"));
	size_t before = 0, behind = 0;
	if (!text.n)
		return;
	if (format & CODE) {
		set_format(w, format);
		put_code(w, text);
		return;
	}
	while (before < text.n && text.p[before] == ' ')
		before++;
	while (behind < text.n - before && text.p[text.n - 1 - behind] == ' ')
		behind++;
	struct str inner = str_n(text.p + before, text.n - before - behind);
	if (inner.n) {
		if (before && w->spaces.n == 0)
			w->spaces = str_first(text, before);
		if (w->line_start)
			w->spaces = STR("");
		set_format(w, format);
		put_escaped(w, inner);
		w->spaces = str_skip(text, before + inner.n);
	} else if (!w->line_start) {
		w->spaces = text;
	}
}

static void put_inlines(struct markdown_out *w, const json_t *children, unsigned depth);

static void put_address(struct buf *b, struct str url)
{
	bool plain = url.n > 0;
	for (size_t i = 0; i < url.n; i++)
		plain = plain && !strchr(" ()<>\\\n", url.p[i]);
	if (plain) {
		buf_putstr(b, url);
		return;
	}
	buf_putc(b, '<');
	for (size_t i = 0; i < url.n; i++) {
		if (strchr("<>\\", url.p[i]))
			buf_putc(b, '\\');
		buf_putc(b, url.p[i] == '\n' ? ' ' : url.p[i]);
	}
	buf_putc(b, '>');
}

static void put_inline(struct markdown_out *w, const json_t *node, unsigned depth)
{
	if (is_type(node, "linebreak")) {
		set_format(w, 0);
		buf_puts(w->out, "\\\n");
		w->line_start = true;
	} else if (is_type(node, "link") || is_type(node, "autolink")) {
		set_format(w, 0);
		buf_putc(w->out, '[');
		w->line_start = false;
		put_inlines(w, json_object_get(node, "children"), depth + 1);
		set_format(w, 0);
		buf_puts(w->out, "](");
		put_address(w->out, text_of(node, "url"));
		buf_putc(w->out, ')');
	} else if (text_of(node, "text").n) {
		put_text(w, node);
	} else {
		put_inlines(w, json_object_get(node, "children"), depth + 1);
	}
}

static void put_inlines(struct markdown_out *w, const json_t *children, unsigned depth)
{
	size_t i;
	json_t *node;
	if (depth > DEPTH_MAX)
		return;
	json_array_foreach(children, i, node) put_inline(w, node, depth);
}

static struct str line_of(struct arena *a, const json_t *children)
{
	struct buf b;
	buf_arena(&b, a, BODY_HTML_MAX);
	struct markdown_out w = { .out = &b, .line_start = true, .spaces = STR("") };
	put_inlines(&w, children, 0);
	w.spaces = STR("");
	set_format(&w, 0);
	return buf_str(&b);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

/* Each further line of s begins with these. */
static void put_prefixed(struct buf *out, const char *first, const char *rest, struct str s)
{
	struct str line;
	bool begun = false;
	if (!s.n)
		buf_puts(out, first);
	while (s.n) {
		str_next(&s, '\n', &line);
		buf_puts(out, begun ? "\n" : "");
		buf_puts(out, begun ? rest : first);
		buf_putstr(out, line);
		begun = true;
	}
}

static bool is_list(const json_t *node)
{
	return is_type(node, "list");
}

static void put_list(struct arena *a, struct buf *out, const json_t *list, unsigned depth)
{
	bool ordered = str_eqc(text_of(list, "listType"), "number") || str_eqc(text_of(list, "tag"), "ol");
	bool check = str_eqc(text_of(list, "listType"), "check");
	json_int_t n = json_integer_value(json_object_get(list, "start"));
	json_t *item, *node;
	size_t i, k;
	bool begun = false;
	n = ordered && n > 0 && n < 1000000 ? n : 1;
	json_array_foreach(json_object_get(list, "children"), i, item)
	{
		json_t *children = json_object_get(item, "children"), *line = json_array();
		const char *first = arena_printf(a, "%s", "- "), *rest = "  ";
		if (ordered)
			first = arena_printf(a, "%lld. ", (long long)n), rest = "   ";
		if (check)
			first = json_is_true(json_object_get(item, "checked")) ? "- [x] " : "- [ ] ";
		bool alone = json_array_size(children) == 1 && is_list(json_array_get(children, 0)) && begun;
		json_array_foreach(children, k, node) if (!is_list(node)) json_array_append(line, node);
		struct buf b;
		buf_arena(&b, a, BODY_HTML_MAX);
		if (!alone)
			buf_putstr(&b, line_of(a, line));
		json_decref(line);
		json_array_foreach(children, k, node) if (is_list(node) && depth < DEPTH_MAX)
		{
			buf_puts(&b, b.len ? "\n" : "");
			put_list(a, &b, node, depth + 1);
		}
		buf_puts(out, begun ? "\n" : "");
		put_prefixed(out, alone ? rest : first, rest, buf_str(&b));
		n += !alone;
		begun = true;
	}
}

static void put_fence(struct buf *out, struct str code, struct str language)
{
	size_t run = 0, longest = 2;
	for (size_t i = 0; i < code.n; i++) {
		run = code.p[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	buf_putstr(out, language);
	buf_putc(out, '\n');
	buf_putstr(out, code);
	buf_puts(out, code.n && code.p[code.n - 1] == '\n' ? "" : "\n");
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("+-#_.", s.p[i]))
			return false;
	return true;
}

/* A picture that is nothing but an address and a description. */
static bool is_bare_image(const json_t *node)
{
	static const char *const more[] = { "caption", "href", "title" };
	struct str alt = text_of(node, "alt"), src = text_of(node, "src"), width = text_of(node, "cardWidth");
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (text_of(node, more[i]).n)
			return false;
	return src.n && str_chr(alt, '\n') < 0 && (!width.n || str_eqc(width, "regular"));
}

/* The line that stands for a block which Markdown has no words for. */
static void put_place(struct buf *b, const json_t *node, size_t place)
{
	struct str type = str_utf8_first(text_of(node, "type"), PLACE_NAME_MAX);
	buf_printf(b, "{{card %zu: ", place);
	for (size_t i = 0; i < type.n; i++)
		buf_putc(b, isalnum((unsigned char)type.p[i]) ? type.p[i] : '-');
	buf_puts(b, "}}");
}

struct str doc_block_markdown(struct arena *a, const json_t *node, size_t place)
{
	struct buf b;
	json_t *children = json_object_get(node, "children");
	buf_arena(&b, a, BODY_HTML_MAX);
	if (is_type(node, "paragraph")) {
		buf_putstr(&b, line_of(a, children));
	} else if (is_type(node, "heading") || is_type(node, "extended-heading")) {
		struct str tag = text_of(node, "tag");
		for (int i = tag.n == 2 && tag.p[1] >= '1' && tag.p[1] <= '6' ? tag.p[1] - '0' : 2; i; i--)
			buf_putc(&b, '#');
		buf_putc(&b, ' ');
		struct str line = line_of(a, children), part;
		for (bool more = false; str_next(&line, '\n', &part); more = true)
			buf_printf(&b, "%s%.*s", more ? " " : "", STR_ARG(part));
	} else if (is_type(node, "quote") || is_type(node, "extended-quote")) {
		put_prefixed(&b, "> ", "> ", line_of(a, children));
	} else if (is_list(node)) {
		put_list(a, &b, node, 0);
	} else if (is_type(node, "codeblock") && !text_of(node, "caption").n && is_word(text_of(node, "language"))) {
		put_fence(&b, text_of(node, "code"), text_of(node, "language"));
	} else if (is_type(node, "horizontalrule")) {
		buf_puts(&b, "---");
	} else if (is_type(node, "image") && is_bare_image(node)) {
		struct markdown_out w = { .out = &b, .spaces = STR("") };
		buf_puts(&b, "![");
		put_escaped(&w, text_of(node, "alt"));
		buf_puts(&b, "](");
		put_address(&b, text_of(node, "src"));
		buf_putc(&b, ')');
	} else {
		put_place(&b, node, place);
	}
	return buf_str(&b);
}

struct str doc_markdown(struct arena *a, const json_t *doc)
{
	struct buf b;
	json_t *blocks = doc_blocks(doc), *node;
	size_t i;
	if (json_array_size(blocks) == 1 && is_type(json_array_get(blocks, 0), "markdown"))
		return text_of(json_array_get(blocks, 0), "markdown");
	buf_arena(&b, a, BODY_HTML_MAX);
	json_array_foreach(blocks, i, node)
	{
		struct str text = doc_block_markdown(a, node, i + 1);
		if (!text.n)
			continue;
		/* Two lists behind each other would be one. */
		bool second = i && is_list(node) && is_list(json_array_get(blocks, i - 1));
		buf_puts(&b, b.len ? "\n\n" : "");
		if (second || !doc_settled(a, text).p)
			put_place(&b, node, i + 1);
		else
			buf_putstr(&b, text);
	}
	return buf_str(&b);
}
