/* SPDX-License-Identifier: Apache-2.0
 *
 * The blocks of a Markdown text: md4c's events become HTML. What stands in a paragraph, heading or cell is gathered
 * first and written when the block ends (markdown_inline.c). All state is the caller's; no thread of its own.
 */
#include "platform/text/html.h"
#include "services/blog/body.h"
#include "services/blog/markdown_int.h"

#define PARTS_MAX (1u << 16) /* inline parts of one paragraph, heading or cell */

/* --- inline parts ------------------------------------------------------------------------------------------------- */

struct inline_part *markdown_add(struct markdown *m, struct inline_list *list, enum inline_kind kind)
{
	if (list->count == list->room) {
		unsigned room = list->room ? 2 * list->room : 16;
		struct inline_part *more =
		        room <= PARTS_MAX ? arena_try_alloc(m->a, room * sizeof *more) : NULL;
		if (!more) {
			m->full = true;
			return NULL;
		}
		if (list->count)
			memcpy(more, list->parts, list->count * sizeof *more);
		list->parts = more;
		list->room = room;
	}
	struct inline_part *p = &list->parts[list->count++];
	*p = (struct inline_part){ .kind = kind };
	return p;
}

static struct inline_part *line_add(struct markdown *m, enum inline_kind kind)
{
	struct inline_part *p = markdown_add(m, &m->line, kind);
	if (p)
		p->parent = m->open;
	return p;
}

/* An address or a title: entities of the source stay as they are, HTML has the same. */
static void put_attribute(struct buf *b, const MD_ATTRIBUTE *attr)
{
	for (unsigned i = 0; attr->text && attr->substr_offsets[i] < attr->size; i++) {
		MD_OFFSET from = attr->substr_offsets[i], to = attr->substr_offsets[i + 1];
		struct str s = str_n(attr->text + from, to - from);
		if (attr->substr_types[i] == MD_TEXT_ENTITY)
			buf_putstr(b, s);
		else if (attr->substr_types[i] == MD_TEXT_NULLCHAR)
			BUF_LIT(b, "\xef\xbf\xbd");
		else
			html_attr(b, s);
	}
}

static struct str tag_of(struct markdown *m, const char *name, const char *attr, const MD_ATTRIBUTE *address,
                         const MD_ATTRIBUTE *title)
{
	struct buf b;
	buf_arena(&b, m->a, 64 + 6 * ((size_t)address->size + title->size));
	buf_printf(&b, "<%s %s=\"", name, attr);
	put_attribute(&b, address);
	if (title->size) {
		BUF_LIT(&b, "\" title=\"");
		put_attribute(&b, title);
	}
	buf_putc(&b, '"');
	m->full = m->full || !buf_ok(&b);
	return buf_str(&b);
}

static void open_image(struct markdown *m, const MD_SPAN_IMG_DETAIL *d)
{
	struct inline_part *p = m->images++ ? NULL : line_add(m, INLINE_IMAGE);
	if (!p)
		return;
	p->html = tag_of(m, "img", "src", &d->src, &d->title);
	m->image_at = m->line.count - 1;
}

/* The parts behind an image's are its alt: their text is. */
static void close_image(struct markdown *m)
{
	struct buf b;
	if (--m->images || m->full)
		return;
	buf_arena(&b, m->a, 64 + 6 * (size_t)(m->source_end - m->source));
	for (unsigned i = m->image_at + 1; i < m->line.count; i++) {
		struct inline_part *p = &m->line.parts[i];
		if (p->kind == INLINE_TEXT || p->kind == INLINE_LITERAL)
			html_attr(&b, p->text);
		else if (p->kind == INLINE_HTML && p->text.n)
			buf_putstr(&b, p->text); /* an entity */
		else if (p->kind == INLINE_BREAK || p->kind == INLINE_SOFT_BREAK)
			buf_putc(&b, '\n');
		else if (p->kind == INLINE_IMAGE)
			buf_putstr(&b, p->text);
	}
	m->line.parts[m->image_at].text = buf_str(&b);
	m->line.count = m->image_at + 1;
	m->full = m->full || !buf_ok(&b);
}

static int on_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct markdown *m = arg;
	struct inline_part *p;
	if (type == MD_SPAN_IMG) {
		open_image(m, detail);
		return m->full;
	}
	if (m->images)
		return 0;
	if (!(p = line_add(m, INLINE_OPEN)))
		return 1;
	if (type == MD_SPAN_A) {
		const MD_SPAN_A_DETAIL *d = detail;
		struct str tag = tag_of(m, "a", "href", &d->href, &d->title);
		p->html = arena_strf(m->a, "%.*s>", STR_ARG(tag));
		p->is_link = true;
	} else {
		p->html = type == MD_SPAN_EM ? STR("<em>") : type == MD_SPAN_STRONG ? STR("<strong>") : STR("<code>");
	}
	m->open = m->line.count;
	return 0;
}

static int on_span_end(MD_SPANTYPE type, void *detail, void *arg)
{
	struct markdown *m = arg;
	(void)detail;
	if (type == MD_SPAN_IMG) {
		close_image(m);
		return m->full;
	}
	if (m->images || !m->open)
		return 0;
	unsigned opened = m->open - 1;
	m->open = m->line.parts[opened].parent;
	struct inline_part *p = line_add(m, INLINE_CLOSE);
	if (!p)
		return 1;
	p->with = opened;
	m->line.parts[opened].with = m->line.count - 1;
	p->is_link = type == MD_SPAN_A;
	p->html = type == MD_SPAN_A        ? STR("</a>")
	          : type == MD_SPAN_EM     ? STR("</em>")
	          : type == MD_SPAN_STRONG ? STR("</strong>")
	                                   : STR("</code>");
	return 0;
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

static void line_end(struct markdown *m)
{
	if (m->line.count && !m->full)
		markdown_put_inline(m, &m->line);
	m->line.count = 0;
	m->open = m->images = 0;
}

static void heading_end(struct markdown *m)
{
	struct str id = STR_NULL;
	if (m->opt->heading_id && !m->full)
		id = m->opt->heading_id(m->opt->arg, markdown_inline_text(m, &m->line));
	buf_printf(m->out, "<h%u", m->heading);
	if (id.n) {
		BUF_LIT(m->out, " id=\"");
		html_attr(m->out, id);
		buf_putc(m->out, '"');
	}
	buf_putc(m->out, '>');
	line_end(m);
	buf_printf(m->out, "</h%u>\n", m->heading);
	m->heading = 0;
}

static void open_code(struct markdown *m, const MD_BLOCK_CODE_DETAIL *d)
{
	BUF_LIT(m->out, "<pre><code");
	if (d->lang.size) {
		BUF_LIT(m->out, " class=\"language-");
		put_attribute(m->out, &d->lang);
		buf_putc(m->out, '"');
	}
	buf_putc(m->out, '>');
}

static void open_cell(struct markdown *m, const char *name, const MD_BLOCK_TD_DETAIL *d)
{
	static const char *const align[] = { "", " align=\"left\"", " align=\"center\"", " align=\"right\"" };
	buf_printf(m->out, "<%s%s>", name, align[d->align]);
}

/* What begins and ends a block, where nothing of it varies. */
static const struct { const char *open, *close; } block_tags[] = {
	[MD_BLOCK_DOC] = { "", "" },
	[MD_BLOCK_QUOTE] = { "<blockquote>\n", "</blockquote>\n" },
	[MD_BLOCK_UL] = { "<ul>\n", "</ul>\n" },
	[MD_BLOCK_OL] = { NULL, "</ol>\n" },
	[MD_BLOCK_LI] = { "<li>", "</li>\n" },
	[MD_BLOCK_HR] = { "<hr>\n", "" },
	[MD_BLOCK_H] = { NULL, NULL },
	[MD_BLOCK_CODE] = { NULL, "</code></pre>\n" },
	[MD_BLOCK_HTML] = { "", "" },
	[MD_BLOCK_P] = { "<p>", "</p>\n" },
	[MD_BLOCK_TABLE] = { "<table>\n", "</table>\n" },
	[MD_BLOCK_THEAD] = { "<thead>\n", "</thead>\n" },
	[MD_BLOCK_TBODY] = { "<tbody>\n", "</tbody>\n" },
	[MD_BLOCK_TR] = { "<tr>\n", "</tr>\n" },
	[MD_BLOCK_TH] = { NULL, "</th>\n" },
	[MD_BLOCK_TD] = { NULL, "</td>\n" },
};

static int on_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct markdown *m = arg;
	line_end(m);
	m->verbatim = type == MD_BLOCK_CODE || type == MD_BLOCK_HTML;
	if (type == MD_BLOCK_H)
		m->heading = ((const MD_BLOCK_H_DETAIL *)detail)->level;
	else if (type == MD_BLOCK_OL && ((const MD_BLOCK_OL_DETAIL *)detail)->start != 1)
		buf_printf(m->out, "<ol start=\"%u\">\n", ((const MD_BLOCK_OL_DETAIL *)detail)->start);
	else if (type == MD_BLOCK_OL)
		BUF_LIT(m->out, "<ol>\n");
	else if (type == MD_BLOCK_CODE)
		open_code(m, detail);
	else if (type == MD_BLOCK_TH || type == MD_BLOCK_TD)
		open_cell(m, type == MD_BLOCK_TH ? "th" : "td", detail);
	else
		buf_puts(m->out, block_tags[type].open);
	return m->full;
}

static int on_block_end(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct markdown *m = arg;
	(void)detail;
	if (type == MD_BLOCK_H) {
		heading_end(m);
		return m->full;
	}
	line_end(m);
	m->verbatim = false;
	buf_puts(m->out, block_tags[type].close);
	return m->full || !buf_ok(m->out);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

/* A character behind a backslash is no mark; md4c gives it by itself. */
static bool is_escaped(const struct markdown *m, struct str s)
{
	return s.n == 1 && s.p > m->source && s.p < m->source_end && s.p[-1] == '\\';
}

static void add_text(struct markdown *m, struct str s)
{
	struct inline_part *last = m->line.count ? &m->line.parts[m->line.count - 1] : NULL;
	enum inline_kind kind = is_escaped(m, s) ? INLINE_LITERAL : INLINE_TEXT;
	if (kind == INLINE_TEXT && last && last->kind == INLINE_TEXT && last->parent == m->open &&
	    last->text.p + last->text.n == s.p) {
		last->text.n += s.n;
		return;
	}
	struct inline_part *p = line_add(m, kind);
	if (p)
		p->text = s;
}

static void add_html(struct markdown *m, struct str html, struct str text)
{
	struct inline_part *p = line_add(m, INLINE_HTML);
	if (p) {
		p->html = html;
		p->text = text;
	}
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE n, void *arg)
{
	struct markdown *m = arg;
	struct str s = str_n(text, n);
	struct inline_part *p;
	if (m->verbatim) {
		if (type == MD_TEXT_HTML)
			buf_putstr(m->out, s);
		else
			html_text(m->out, type == MD_TEXT_NULLCHAR ? STR("\xef\xbf\xbd") : s);
		return !buf_ok(m->out);
	}
	switch (type) {
	case MD_TEXT_NULLCHAR:
		s = STR("\xef\xbf\xbd");
		/* fall through */
	case MD_TEXT_CODE:
		if ((p = line_add(m, INLINE_LITERAL)))
			p->text = s;
		break;
	case MD_TEXT_BR:
		line_add(m, INLINE_BREAK);
		break;
	case MD_TEXT_SOFTBR:
		line_add(m, INLINE_SOFT_BREAK);
		break;
	case MD_TEXT_ENTITY:
		add_html(m, s, s);
		break;
	case MD_TEXT_HTML:
		add_html(m, s, STR(""));
		break;
	default:
		add_text(m, s);
	}
	return m->full;
}

bool markdown_blocks(struct markdown *m, struct str source)
{
	const MD_PARSER parser = {
		.flags = m->opt->ghost ? MD_FLAG_TABLES | MD_FLAG_PERMISSIVEATXHEADERS : 0,
		.enter_block = on_block,
		.leave_block = on_block_end,
		.enter_span = on_span,
		.leave_span = on_span_end,
		.text = on_text,
	};
	m->source = source.p;
	m->source_end = source.p + source.n;
	m->line = (struct inline_list){ 0 };
	m->open = m->heading = m->images = 0;
	m->verbatim = false;
	return !md_parse(source.p, (MD_SIZE)source.n, &parser, m) && !m->full && buf_ok(m->out);
}

enum status markdown_html(
        struct arena *a, struct str source, const struct markdown_options *opt, struct buf *out, struct err *e)
{
	struct markdown m = { .a = a, .opt = opt, .out = out };
	struct buf marked;
	size_t from = out->len;
	buf_arena(&marked, a, BODY_HTML_MAX);
	if (opt->ghost)
		source = markdown_take_notes(&m, markdown_prepare(&m, source));
	else {
		m.out = &marked;
		source = markdown_newer(&m, source);
	}
	if (!m.full && markdown_blocks(&m, source))
		markdown_put_notes(&m);
	m.full = m.full || !buf_ok(&marked);
	if (!opt->ghost)
		markdown_as_typed(out, buf_str(&marked));
	else if (buf_ok(out))
		markdown_unshield(out->data + from, out->len - from);
	return m.full || !buf_ok(out) ? err_set(e, ST_TOO_LARGE, "the Markdown is too large or has too many parts")
	                              : ST_OK;
}
