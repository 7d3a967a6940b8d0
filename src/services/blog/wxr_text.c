/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of WordPress as it showed them: what stood in paragraphs by blank lines (wpautop), blocks, shortcodes. What
 * comes out is foreign HTML still: the sanitiser repairs and cleans it.
 */
#include "platform/text/html.h"
#include "services/blog/wxr.h"

#define ATTRS_MAX   32 /* of one shortcode; further ones say nothing */
#define GALLERY_MAX 200
#define TAG_MAX     4096 /* bytes of a shortcode's tag */
#define NAME_MAX    64 /* bytes of the name of a shortcode or a tag */
#define NESTED_MAX  16 /* shortcodes in each other; deeper ones are left out with their marks */
#define LOOK_MAX ((size_t)64 << 20) /* bytes that are looked through for ends in all; then nothing has an end any more */

#define TAG_COST 256 /* of these, for each tag that is read on the way */

struct text_work {
	struct arena *a;
	const struct wxr_texts *t;
	unsigned depth;
	size_t left; /* of LOOK_MAX */
};

/* Where what stands in s; -1: nowhere. */
static ptrdiff_t look_for(struct text_work *w, struct str s, const char *what)
{
	s = str_first(s, w->left);
	ptrdiff_t at = str_find(s, str_c(what));
	w->left -= at < 0 ? s.n : (size_t)at;
	return at;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/* --- shortcodes --------------------------------------------------------------------------------------------------- */

struct shortcode {
	struct str name, rest; /* rest: behind the tag */
	struct { struct str name, value; } attrs[ATTRS_MAX];
	size_t count;
	bool closes, alone; /* [/name], [name /] */
};

static void skip_blanks(struct str *s)
{
	while (s->n && is_blank(s->p[0]))
		*s = str_skip(*s, 1);
}

static struct str word(struct str *s)
{
	size_t n = 0;
	while (n < s->n && is_name(s->p[n]))
		n++;
	struct str w = str_first(*s, n);
	*s = str_skip(*s, n);
	return w;
}

/* "…", '…' or bare up to a blank. */
static struct str shortcode_value(struct str *s)
{
	char quote = s->n && (s->p[0] == '"' || s->p[0] == '\'') ? s->p[0] : 0;
	size_t n = 0;
	if (quote)
		*s = str_skip(*s, 1);
	while (n < s->n && (quote ? s->p[n] != quote : !is_blank(s->p[n])))
		n++;
	struct str v = str_first(*s, n);
	*s = str_skip(*s, quote && n < s->n ? n + 1 : n);
	return v;
}

static void read_attrs(struct shortcode *c, struct str inner)
{
	while (skip_blanks(&inner), inner.n) {
		struct str before = inner, name = word(&inner);
		skip_blanks(&inner);
		bool named = name.n && inner.n && inner.p[0] == '=';
		if (named) {
			inner = str_skip(inner, 1);
			skip_blanks(&inner);
		} else {
			inner = before;
			name = STR("");
		}
		struct str v = shortcode_value(&inner);
		if (c->count < ATTRS_MAX) {
			c->attrs[c->count].name = name;
			c->attrs[c->count++].value = v;
		}
		if (inner.p == before.p)
			inner = str_skip(inner, 1);
	}
}

static struct str attr_of(const struct shortcode *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_ieqc(c->attrs[i].name, name))
			return c->attrs[i].value;
	return STR("");
}

/* s begins with "[": is it a tag of a shortcode? */
static bool read_tag(struct str s, struct shortcode *c)
{
	*c = (struct shortcode){ 0 };
	struct str in = str_skip(s, 1), whole = s;
	c->closes = in.n && in.p[0] == '/';
	if (c->closes)
		in = str_skip(in, 1);
	c->name = word(&in);
	char quote = 0;
	size_t n = 0;
	in = str_first(in, TAG_MAX);
	for (; n < in.n && (quote || in.p[n] != ']'); n++) {
		char ch = in.p[n];
		if (quote ? ch == quote : n && in.p[n - 1] == '=' && (ch == '"' || ch == '\''))
			quote = quote ? 0 : ch;
		if (!quote && (ch == '[' || ch == '<'))
			return false;
	}
	if (!c->name.n || c->name.n > NAME_MAX || n == in.n || (n && !is_blank(in.p[0]) && in.p[0] != '/'))
		return false;
	c->rest = str_skip(whole, (size_t)(in.p - whole.p) + n + 1);
	struct str inner = str_trim(str_first(in, n));
	c->alone = str_ends(inner, STR("/"));
	read_attrs(c, str_first(inner, inner.n - c->alone));
	return !c->closes || !inner.n;
}

/* What stands up to [/name], and what behind it; false: it is not closed. */
static bool inside(struct text_work *w, const struct shortcode *c, struct str *inner, struct str *rest)
{
	int open = 1;
	struct str s = c->rest;
	for (ptrdiff_t at; (at = look_for(w, s, "[")) >= 0; s = str_skip(s, 1)) {
		struct shortcode tag;
		s = str_skip(s, (size_t)at);
		w->left -= w->left < TAG_COST ? w->left : TAG_COST;
		if (!read_tag(s, &tag) || !str_ieq(tag.name, c->name) || tag.alone)
			continue;
		open += tag.closes ? -1 : 1;
		if (!open) {
			*inner = str_n(c->rest.p, (size_t)(s.p - c->rest.p));
			*rest = tag.rest;
			return true;
		}
	}
	return false;
}

static bool is_http(struct str url) { return str_starts(url, STR("http://")) || str_starts(url, STR("https://")); }

static void put_link(struct buf *b, struct str url)
{
	BUF_LIT(b, "\n\n<p><a href=\"");
	html_attr(b, url);
	BUF_LIT(b, "\">");
	html_text(b, url);
	BUF_LIT(b, "</a></p>\n\n");
}

static void put_picture(struct buf *b, const struct wxr_picture *p)
{
	BUF_LIT(b, "\n\n<figure class=\"kg-card kg-image-card\"><img src=\"");
	html_attr(b, p->url);
	BUF_LIT(b, "\" alt=\"");
	html_attr(b, p->title);
	BUF_LIT(b, "\"></figure>\n\n");
}

static void put_gallery(struct text_work *w, struct buf *b, const struct shortcode *c)
{
	struct str ids = attr_of(c, "ids"), id;
	struct wxr_picture p;
	if (!ids.n)
		ids = attr_of(c, "include");
	for (size_t n = 0; ids.n && n < GALLERY_MAX && str_next(&ids, ',', &id); n++)
		if (w->t->attachment(w->t->arg, str_trim(id), &p))
			put_picture(b, &p);
	if (attr_of(c, "ids").n || attr_of(c, "include").n)
		return;
	for (size_t n = 0; n < GALLERY_MAX && w->t->own(w->t->arg, n, &p); n++)
		put_picture(b, &p);
}

/* The address of the first of these attributes that has one, or the text. */
static struct str shortcode_url(const struct shortcode *c, struct str inner, const char *const *names)
{
	for (; *names; names++)
		if (is_http(attr_of(c, *names)) || str_starts(attr_of(c, *names), STR("/")))
			return attr_of(c, *names);
	for (size_t i = 0; i < c->count; i++)
		if (!c->attrs[i].name.n && is_http(c->attrs[i].value))
			return c->attrs[i].value;
	inner = str_trim(inner);
	return is_http(inner) ? inner : STR("");
}

static void put_player(struct buf *b, const char *kind, struct str url)
{
	buf_printf(b, "\n\n<%s src=\"", kind);
	html_attr(b, url);
	BUF_LIT(b, "\"></");
	buf_puts(b, kind);
	BUF_LIT(b, ">\n\n");
	put_link(b, url);
}

static void put_shortcodes(struct text_work *w, struct buf *b, struct str s);

static void put_caption(struct text_work *w, struct buf *b, const struct shortcode *c, struct str inner)
{
	struct str words = attr_of(c, "caption");
	ptrdiff_t img = str_find(inner, STR("<img"));
	struct str tail = img < 0 ? STR("") : str_skip(inner, (size_t)img);
	ptrdiff_t end = str_chr(tail, '>');
	size_t head = end < 0 ? 0 : (size_t)(tail.p + end + 1 - inner.p);
	if (head && str_starts(str_trim(str_skip(inner, head)), STR("</a>"))) {
		ptrdiff_t a = str_find(str_skip(inner, head), STR("</a>"));
		head += (size_t)a + 4;
	}
	BUF_LIT(b, "\n\n<figure class=\"kg-card kg-image-card\">");
	buf_putstr(b, str_trim(str_first(inner, head)));
	BUF_LIT(b, "<figcaption>");
	if (words.n)
		buf_putstr(b, words);
	put_shortcodes(w, b, str_trim(str_skip(inner, head)));
	BUF_LIT(b, "</figcaption></figure>\n\n");
}

/* Is it one at all? "[sic]" is none: it has neither attributes nor an end. */
static bool is_shortcode(const struct shortcode *c, bool closed)
{
	static const char *const known[] = { "gallery", "caption", "wp_caption", "embed", "audio", "video", "playlist",
		"more", "contact-form", "contact-form-7", NULL };
	for (size_t i = 0; known[i]; i++)
		if (str_ieqc(c->name, known[i]))
			return true;
	bool compound = str_chr(c->name, '_') >= 0 || str_chr(c->name, '-') >= 0, named = false;
	for (size_t i = 0; i < c->count; i++)
		named |= c->attrs[i].name.n || is_http(c->attrs[i].value);
	return c->closes || c->alone || closed || named || (compound && !c->count);
}

static void put_shortcode(struct text_work *w, struct buf *b, const struct shortcode *c, struct str inner)
{
	static const char *const audio[] = { "src", "mp3", "m4a", "ogg", "wav", "wma", NULL },
	                         *const video[] = { "src", "mp4", "m4v", "webm", "ogv", "flv", NULL },
	                         *const any[] = { "src", "url", "href", NULL };
	struct str url;
	if (str_ieqc(c->name, "caption") || str_ieqc(c->name, "wp_caption"))
		put_caption(w, b, c, inner);
	else if (str_ieqc(c->name, "gallery"))
		put_gallery(w, b, c);
	else if (str_ieqc(c->name, "audio") && (url = shortcode_url(c, inner, audio)).n)
		put_player(b, "audio", url);
	else if (str_ieqc(c->name, "video") && (url = shortcode_url(c, inner, video)).n)
		put_player(b, "video", url);
	else if (str_ieqc(c->name, "embed") && (url = shortcode_url(c, inner, any)).n)
		put_link(b, url);
	else {
		w->t->left_out(w->t->arg, c->name);
		if (!str_trim(inner).n && (url = shortcode_url(c, inner, any)).n)
			put_link(b, url);
		put_shortcodes(w, b, inner);
	}
}

/* In tags and comments of HTML nothing is a shortcode. */
static size_t html_tag_length(struct text_work *w, struct str s)
{
	if (str_starts(s, STR("<!--"))) {
		ptrdiff_t end = look_for(w, s, "-->");
		return end < 0 ? 1 : (size_t)end + 3;
	}
	if (s.n < 2 || !(is_name(s.p[1]) || s.p[1] == '/'))
		return 1;
	ptrdiff_t end = look_for(w, s, ">");
	return end < 0 ? 1 : (size_t)end + 1;
}

static void put_shortcodes(struct text_work *w, struct buf *b, struct str s)
{
	if (++w->depth > NESTED_MAX)
		s = STR("");
	while (s.n) {
		struct shortcode c;
		struct str inner = STR("");
		if (str_starts(s, STR("[["))) { /* written so to be seen: "[[gallery]]" */
			ptrdiff_t end = look_for(w, s, "]]");
			if (end > 0 && read_tag(str_skip(s, 1), &c)) {
				buf_put(b, s.p + 1, (size_t)end);
				s = str_skip(s, (size_t)end + 2);
				continue;
			}
		}
		if (s.p[0] == '[' && read_tag(s, &c)) {
			struct str rest = c.rest;
			bool single = str_ieqc(c.name, "gallery") || str_ieqc(c.name, "playlist");
			bool closed = !c.closes && !c.alone && !single && inside(w, &c, &inner, &rest);
			if (is_shortcode(&c, closed)) {
				if (!c.closes)
					put_shortcode(w, b, &c, inner);
				s = rest;
				continue;
			}
		}
		size_t n = s.p[0] == '<' ? html_tag_length(w, s) : 1;
		buf_put(b, s.p, n);
		s = str_skip(s, n);
	}
	w->depth--;
}

/* --- paragraphs --------------------------------------------------------------------------------------------------- */

static const char
        blocks[] = " table thead tfoot caption col colgroup tbody tr td th div dl dd dt ul ol li pre form map "
                   "area blockquote address style p h1 h2 h3 h4 h5 h6 hr fieldset legend section article "
                   "aside hgroup header footer nav figure figcaption details menu summary script iframe "
                   "video audio object ",
        whole[] = " pre script style textarea svg iframe object video audio ",
        holders[] = " div blockquote section article aside header footer nav form details address ";

static bool is_in(const char *list, struct str name)
{
	char want[NAME_MAX + 3] = " ";
	if (!name.n || name.n > NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		want[i + 1] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
	want[name.n + 1] = ' ';
	want[name.n + 2] = 0;
	return strstr(list, want) != NULL;
}

static struct str tag_name(struct str s, bool *closes)
{
	struct str in = str_skip(s, 1);
	*closes = in.n && in.p[0] == '/';
	if (*closes)
		in = str_skip(in, 1);
	return word(&in);
}

static size_t whole_length(struct text_work *w, struct str s, struct str name, size_t tag)
{
	struct str rest = str_skip(s, tag);
	for (ptrdiff_t at; (at = look_for(w, rest, "</")) >= 0; rest = str_skip(rest, (size_t)at + 2)) {
		struct str end = str_skip(rest, (size_t)at + 2);
		if (!str_ieq(word(&end), name))
			continue;
		ptrdiff_t close = str_chr(end, '>');
		return close < 0 ? s.n : (size_t)(end.p + close + 1 - s.p);
	}
	return tag;
}

/* Blank lines where a paragraph can't go on. Newlines of what is whole (<pre>) become '\x01'. */

static void put_apart(struct text_work *w, struct buf *b, struct str s)
{
	while (s.n) {
		if (s.p[0] != '<') {
			if (s.p[0] != '\r' && s.p[0] != '\x01')
				buf_putc(b, s.p[0]);
			s = str_skip(s, 1);
			continue;
		}
		bool closes;
		size_t n = html_tag_length(w, s);
		struct str name = tag_name(s, &closes);
		bool block = n > 1 && is_in(blocks, name), keep = !closes && n > 1 && is_in(whole, name);
		if (keep)
			n = whole_length(w, s, name, n);
		if (block && (!closes || is_in(holders, name)))
			BUF_LIT(b, "\n\n");
		for (size_t i = 0; i < n; i++)
			if (s.p[i] != '\r')
				buf_putc(b, s.p[i] == '\n' && (keep || block) ? '\x01' : s.p[i]);
		if (block && (closes || keep || is_in(holders, name) || str_ieqc(name, "hr")))
			BUF_LIT(b, "\n\n");
		s = str_skip(s, n);
	}
}

static void put_chunk(struct text_work *w, struct buf *b, struct str chunk)
{
	bool closes;
	chunk = str_trim(chunk);
	if (!chunk.n)
		return;
	bool block = chunk.p[0] == '<' && is_in(blocks, tag_name(chunk, &closes));
	bool bare = chunk.p[0] == '<' && str_starts(chunk, STR("<!--")) && html_tag_length(w, chunk) == chunk.n;
	if (!block && !bare)
		BUF_LIT(b, "<p>");
	for (size_t i = 0; i < chunk.n; i++) {
		bool in_text = chunk.p[i] == '\n' && !(i && chunk.p[i - 1] == '>' && block);
		if (in_text && !block && !str_ends(str_first(chunk, i), STR("<br />")))
			BUF_LIT(b, "<br>");
		buf_putc(b, chunk.p[i] == '\x01' ? '\n' : chunk.p[i]);
	}
	if (!block && !bare)
		BUF_LIT(b, "</p>");
	buf_putc(b, '\n');
}

/* An address alone in its line is shown as what it leads to: here, as a link. */
static bool is_lone_url(struct str chunk)
{
	chunk = str_trim(chunk);
	for (size_t i = 0; i < chunk.n; i++)
		if (is_blank(chunk.p[i]) || chunk.p[i] == '<' || chunk.p[i] == '"')
			return false;
	return is_http(chunk);
}

static void put_paragraphs(struct text_work *w, struct buf *b, struct str s)
{
	struct buf apart;
	buf_arena(&apart, w->a, 3 * s.n + 64);
	put_apart(w, &apart, s);
	struct str rest = buf_str(&apart);
	while (rest.n) {
		size_t n = 0, blank = 0;
		while (n < rest.n) { /* up to a line with nothing in it */
			blank = 0;
			if (rest.p[n] == '\n') {
				size_t to = n + 1;
				while (to < rest.n && (rest.p[to] == ' ' || rest.p[to] == '\t'))
					to++;
				if (to == rest.n || rest.p[to] == '\n')
					blank = to - n;
			}
			if (blank)
				break;
			n++;
		}
		if (is_lone_url(str_first(rest, n)))
			put_link(b, str_trim(str_first(rest, n)));
		else
			put_chunk(w, b, str_first(rest, n));
		rest = str_skip(rest, n + (blank ? blank : 1));
	}
	if (!buf_ok(&apart))
		b->failed = true;
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

/* The name in "<!-- wp:paragraph {…} -->"; p NULL: it is another comment. */
static struct str block_mark(struct text_work *w, struct str s, bool *closes, bool *alone, size_t *n)
{
	ptrdiff_t end = str_starts(s, STR("<!--")) ? look_for(w, s, "-->") : -1;
	if (end < 0)
		return STR_NULL;
	struct str in = str_trim(str_n(s.p + 4, (size_t)end - 4));
	*n = (size_t)end + 3;
	*closes = str_starts(in, STR("/wp:"));
	*alone = str_ends(in, STR("/"));
	if (!*closes && !str_starts(in, STR("wp:")))
		return STR_NULL;
	in = str_skip(in, *closes ? 4 : 3);
	size_t k = 0;
	while (k < in.n && (is_name(in.p[k]) || in.p[k] == '/'))
		k++;
	struct str name = str_first(in, k);
	if (str_ends(name, STR("/")))
		name.n--;
	return str_starts(name, STR("core/")) ? str_skip(name, 5) : name;
}

/* Of an embedding block the address alone stands in its wrapper. */
static void put_block_html(struct buf *b, struct str s)
{
	struct str line;
	while (s.n) {
		bool more = str_cut(&s, '\n', &line);
		if (is_lone_url(more ? line : s))
			put_link(b, str_trim(more ? line : s));
		else
			buf_putstr(b, more ? line : s);
		if (!more)
			return;
		buf_putc(b, '\n');
	}
}

static void put_blocks(struct text_work *w, struct buf *b, struct str s)
{
	int depth = 0;
	bool free_form = false;
	while (s.n) {
		bool closes = false, alone = false;
		size_t n = 0, at = 0;
		struct str name = STR_NULL;
		for (; at < s.n && !name.p; at += !name.p)
			name = s.p[at] == '<' ? block_mark(w, str_skip(s, at), &closes, &alone, &n) : STR_NULL;
		struct str text = str_first(s, at);
		if (str_trim(text).n && (!depth || free_form))
			put_paragraphs(w, b, text);
		else
			put_block_html(b, text);
		s = str_skip(s, at + n);
		if (!name.p)
			return;
		depth += alone ? 0 : closes ? -(depth > 0) : 1;
		free_form = str_eqc(name, "freeform") && !closes;
		if (alone && !str_eqc(name, "more") && !str_eqc(name, "nextpage"))
			w->t->left_out(w->t->arg, name);
	}
}

struct str wxr_html(struct arena *a, struct str content, const struct wxr_texts *t)
{
	struct text_work w = { .a = a, .t = t, .left = LOOK_MAX };
	struct buf plain, out;
	buf_arena(&plain, a, 8 * content.n + (1u << 20));
	buf_arena(&out, a, 32 * content.n + (4u << 20));
	put_shortcodes(&w, &plain, content);
	if (str_find(content, STR("<!-- wp:")) >= 0)
		put_blocks(&w, &out, buf_str(&plain));
	else
		put_paragraphs(&w, &out, buf_str(&plain));
	if (!buf_ok(&plain) || !buf_ok(&out))
		return STR_NULL;
	return buf_str(&out);
}
