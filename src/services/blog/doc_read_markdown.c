/* SPDX-License-Identifier: Apache-2.0
 *
 * Markdown as blocks: md4c's events build the document. A picture becomes a block of its own and splits its paragraph;
 * a table becomes an HTML card. Then what is as it was is taken from the document that the text was made of.
 */
#include <ctype.h>
#include <md4c.h>

#include "base/guard.h"
#include "platform/text/sanitize.h"
#include "services/blog/doc.h"

enum { DEPTH_MAX = 40 /* lists within each other; deeper items stand at that depth */, ENTITY_MAX = 64 };

struct reader {
	struct arena *a;
	json_t *blocks;
	json_t *line;             /* borrowed: where text goes; NULL: nowhere */
	json_t *lists[DEPTH_MAX]; /* borrowed: the lists that are open */
	unsigned depth, quotes;
	json_t *quote; /* borrowed */
	json_t *link;  /* borrowed: the children of the open one */
	int format, run_format;
	struct buf run; /* text of run_format, on its way into run_into (borrowed) */
	json_t *run_into;
	struct buf text; /* of code, HTML, a table or a picture's description */
	bool gathering, in_table, full;
	struct str src;
	unsigned images;
	struct str language;
};

/* The character that an entity stands for; what is none stays. */
static struct str entity(struct arena *a, struct str s)
{
	struct str out = STR("");
	if (str_eqc(s, "&nbsp;"))
		return STR("\xc2\xa0");
	return html_to_text(a, s, ENTITY_MAX, &out, NULL) == ST_OK && out.n ? out : s;
}

static struct str address_text(struct reader *r, const MD_ATTRIBUTE *attr)
{
	struct buf b;
	buf_arena(&b, r->a, attr->size + 1);
	for (unsigned i = 0; attr->text && attr->substr_offsets[i] < attr->size; i++) {
		MD_OFFSET from = attr->substr_offsets[i], to = attr->substr_offsets[i + 1];
		struct str s = str_n(attr->text + from, to - from);
		if (attr->substr_types[i] == MD_TEXT_ENTITY)
			s = entity(r->a, s);
		buf_putstr(&b, s);
	}
	return buf_str(&b);
}

static json_t *add_block(struct reader *r, json_t *node)
{
	if (!node || json_array_append_new(r->blocks, node))
		guard_abort(ST_NOMEM);
	return node;
}

static void begin_paragraph(struct reader *r)
{
	r->line = json_object_get(add_block(r, doc_node("paragraph", json_array())), "children");
}

static void gather(struct reader *r)
{
	buf_arena(&r->text, r->a, BODY_SOURCE_MAX);
	r->gathering = true;
}

static void flush_words(struct reader *r);

static void put_node(struct reader *r, json_t *node)
{
	flush_words(r);
	if (!r->line)
		begin_paragraph(r);
	if (json_array_append_new(r->link ? r->link : r->line, node))
		guard_abort(ST_NOMEM);
}

/* Text is gathered as long as nothing about it changes, and becomes one node. */
static void flush_words(struct reader *r)
{
	struct str s = buf_str(&r->run);
	if (!r->run_into || !s.n)
		return;
	r->full = r->full || !buf_ok(&r->run);
	if (json_array_append_new(r->run_into, doc_text(s, r->run_format)))
		guard_abort(ST_NOMEM);
	r->run_into = NULL;
}

static void put_words(struct reader *r, struct str s, int format)
{
	if (!s.n)
		return;
	if (!r->line)
		begin_paragraph(r);
	json_t *into = r->link ? r->link : r->line;
	if (r->run_into != into || r->run_format != format) {
		flush_words(r);
		buf_arena(&r->run, r->a, BODY_SOURCE_MAX);
		r->run_into = into;
		r->run_format = format;
	}
	buf_putstr(&r->run, s);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

static void begin_lines(struct reader *r)
{
	if (r->depth) {
		if (r->line && json_array_size(r->line))
			put_node(r, doc_node("linebreak", NULL));
	} else if (r->quotes) {
		r->line = r->quote;
		if (json_array_size(r->line)) {
			put_node(r, doc_node("linebreak", NULL));
			put_node(r, doc_node("linebreak", NULL));
		}
	} else {
		begin_paragraph(r);
	}
}

static json_t *list_node(bool ordered, unsigned start, bool check)
{
	json_t *list = doc_node("list", json_array());
	json_object_set_new(list, "listType", json_string(check ? "check" : ordered ? "number" : "bullet"));
	json_object_set_new(list, "start", json_integer(ordered ? start : 1));
	json_object_set_new(list, "tag", json_string(ordered ? "ol" : "ul"));
	return list;
}

static json_t *item_node(json_t *list, json_t *children)
{
	json_t *items = json_object_get(list, "children"), *item = doc_node("listitem", children);
	json_object_set_new(item, "value", json_integer((json_int_t)json_array_size(items) + 1));
	json_array_append_new(items, item);
	return item;
}

static void begin_list(struct reader *r, bool ordered, unsigned start)
{
	json_t *list;
	if (r->quotes || r->depth == DEPTH_MAX)
		return;
	list = list_node(ordered, start, false);
	if (!r->depth) {
		add_block(r, list);
	} else {
		json_t *children = json_array();
		json_array_append_new(children, list);
		item_node(r->lists[r->depth - 1], children);
	}
	r->lists[r->depth++] = list;
}

static void begin_item(struct reader *r, const MD_BLOCK_LI_DETAIL *d)
{
	if (!r->depth) { /* in a quotation */
		begin_lines(r);
		put_words(r, STR("– "), 0);
		return;
	}
	json_t *list = r->lists[r->depth - 1], *item = item_node(list, json_array());
	if (d->is_task) {
		json_object_set_new(list, "listType", json_string("check"));
		json_object_set_new(item, "checked", json_boolean(d->task_mark != ' '));
	}
	r->line = json_object_get(item, "children");
}

static void begin_heading(struct reader *r, unsigned level)
{
	char tag[] = { 'h', (char)('0' + level), 0 };
	if (r->depth || r->quotes) {
		begin_lines(r);
		r->format |= 1;
		return;
	}
	json_t *node = add_block(r, doc_node("extended-heading", json_array()));
	json_object_set_new(node, "tag", json_string(tag));
	r->line = json_object_get(node, "children");
}

static int on_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct reader *r = arg;
	flush_words(r);
	switch (type) {
	case MD_BLOCK_QUOTE:
		if (!r->quotes++ && !r->depth)
			r->quote = json_object_get(add_block(r, doc_node("extended-quote", json_array())), "children");
		break;
	case MD_BLOCK_UL:
		begin_list(r, false, 1);
		break;
	case MD_BLOCK_OL:
		begin_list(r, true, ((const MD_BLOCK_OL_DETAIL *)detail)->start);
		break;
	case MD_BLOCK_LI:
		begin_item(r, detail);
		break;
	case MD_BLOCK_HR:
		if (!r->depth && !r->quotes)
			add_block(r, doc_node("horizontalrule", NULL));
		break;
	case MD_BLOCK_H:
		begin_heading(r, ((const MD_BLOCK_H_DETAIL *)detail)->level);
		break;
	case MD_BLOCK_CODE:
		r->language = address_text(r, &((const MD_BLOCK_CODE_DETAIL *)detail)->lang);
		gather(r);
		break;
	case MD_BLOCK_HTML:
		gather(r);
		break;
	case MD_BLOCK_P:
		begin_lines(r);
		break;
	case MD_BLOCK_TABLE:
		gather(r);
		r->in_table = true;
		buf_puts(&r->text, "<table>");
		break;
	case MD_BLOCK_THEAD:
		buf_puts(&r->text, "<thead>");
		break;
	case MD_BLOCK_TBODY:
		buf_puts(&r->text, "<tbody>");
		break;
	case MD_BLOCK_TR:
		buf_puts(&r->text, "<tr>");
		break;
	case MD_BLOCK_TH:
		buf_puts(&r->text, "<th>");
		break;
	case MD_BLOCK_TD:
		buf_puts(&r->text, "<td>");
		break;
	default:
		break;
	}
	return 0;
}

/* Code or HTML that was gathered: a card, or where there is no place for one, its text. */
static void end_gathered(struct reader *r, const char *card, const char *member)
{
	struct str s = buf_str(&r->text);
	r->gathering = false;
	r->full = r->full || !buf_ok(&r->text);
	while (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (r->depth || r->quotes) {
		struct str line;
		while (str_next(&s, '\n', &line)) {
			begin_lines(r);
			put_words(r, line, 16);
			flush_words(r);
		}
		return;
	}
	json_t *node = json_pack("{s:s,s:i,s:s%}", "type", card, "version", 1, member, s.n ? s.p : "", s.n);
	if (!strcmp(card, "codeblock")) {
		json_object_set_new(node, "language", json_stringn(r->language.n ? r->language.p : "", r->language.n));
		json_object_set_new(node, "caption", json_string(""));
	}
	add_block(r, node);
	r->line = NULL;
}

static int on_block_end(MD_BLOCKTYPE type, void *detail, void *arg)
{
	struct reader *r = arg;
	(void)detail;
	flush_words(r);
	switch (type) {
	case MD_BLOCK_QUOTE:
		r->quotes--;
		r->line = NULL;
		break;
	case MD_BLOCK_UL:
	case MD_BLOCK_OL:
		if (r->depth && !r->quotes)
			r->depth--;
		r->line = NULL;
		if (r->depth) { /* what follows in the item around it goes to a new one: Lexical has no other place */
			json_t *items = json_object_get(r->lists[r->depth - 1], "children");
			json_t *item = json_array_get(items, json_array_size(items) - 1);
			r->line = json_object_get(item, "children");
		}
		break;
	case MD_BLOCK_H:
		r->format &= ~(r->depth || r->quotes ? 1 : 0);
		r->line = r->depth ? r->line : NULL;
		break;
	case MD_BLOCK_P:
		r->line = r->depth ? r->line : NULL;
		break;
	case MD_BLOCK_CODE:
		end_gathered(r, "codeblock", "code");
		break;
	case MD_BLOCK_HTML:
		end_gathered(r, "html", "html");
		break;
	case MD_BLOCK_TABLE:
		buf_puts(&r->text, "</table>");
		r->in_table = false;
		end_gathered(r, "html", "html");
		break;
	case MD_BLOCK_THEAD:
		buf_puts(&r->text, "</thead>");
		break;
	case MD_BLOCK_TBODY:
		buf_puts(&r->text, "</tbody>");
		break;
	case MD_BLOCK_TR:
		buf_puts(&r->text, "</tr>");
		break;
	case MD_BLOCK_TH:
		buf_puts(&r->text, "</th>");
		break;
	case MD_BLOCK_TD:
		buf_puts(&r->text, "</td>");
		break;
	default:
		break;
	}
	return r->full;
}

/* --- spans -------------------------------------------------------------------------------------------------------- */

static const struct {
	MD_SPANTYPE type;
	int format;
	const char *el;
} spans[] = {
	{ MD_SPAN_STRONG, 1, "strong" },
	{ MD_SPAN_EM, 2, "em" },
	{ MD_SPAN_DEL, 4, "s" },
	{ MD_SPAN_CODE, 16, "code" },
};

static void put_table_span(struct reader *r, MD_SPANTYPE type, void *detail, bool end)
{
	if (type == MD_SPAN_A && end) {
		buf_puts(&r->text, "</a>");
	} else if (type == MD_SPAN_A) {
		buf_puts(&r->text, "<a href=\"");
		html_attr(&r->text, address_text(r, &((const MD_SPAN_A_DETAIL *)detail)->href));
		buf_puts(&r->text, "\">");
	}
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (spans[i].type == type)
			buf_printf(&r->text, "<%s%s>", end ? "/" : "", spans[i].el);
}

static void begin_link(struct reader *r, const MD_SPAN_A_DETAIL *d)
{
	struct str url = address_text(r, &d->href);
	json_t *link = doc_node("link", json_array());
	json_object_set_new(link, "rel", json_null());
	json_object_set_new(link, "target", json_null());
	json_object_set_new(link, "title", json_null());
	json_object_set_new(link, "url", json_stringn(url.n ? url.p : "", url.n));
	put_node(r, link);
	r->link = json_object_get(link, "children");
}

static int on_span(MD_SPANTYPE type, void *detail, void *arg)
{
	struct reader *r = arg;
	if (r->in_table) {
		put_table_span(r, type, detail, false);
		return 0;
	}
	if (type == MD_SPAN_IMG && !r->images++) {
		r->src = address_text(r, &((const MD_SPAN_IMG_DETAIL *)detail)->src);
		flush_words(r);
		gather(r);
	} else if (type == MD_SPAN_A && !r->images) {
		begin_link(r, detail);
	}
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (spans[i].type == type)
			r->format |= spans[i].format;
	return 0;
}

/* A paragraph that has nothing in it but what has just become a block. */
static void drop_empty(struct reader *r)
{
	size_t n = json_array_size(r->blocks);
	json_t *last = json_array_get(r->blocks, n - 1);
	json_t *children = json_object_get(last, "children");
	if (n && children == r->line && !json_array_size(children) &&
	    str_eqc(str_c(json_string_value(json_object_get(last, "type"))), "paragraph"))
		json_array_remove(r->blocks, n - 1);
}

static void end_image(struct reader *r)
{
	struct str alt = buf_str(&r->text);
	r->gathering = false;
	flush_words(r);
	json_t *node =
	        json_pack("{s:s,s:i,s:s%,s:s%,s:s,s:s}", "type", "image", "version", 1, "src", r->src.n ? r->src.p : "",
	                  r->src.n, "alt", alt.n ? alt.p : "", alt.n, "caption", "", "cardWidth", "regular");
	if (!r->depth && !r->quotes)
		drop_empty(r);
	r->link = NULL;
	add_block(r, node);
	if (!r->depth)
		r->line = NULL; /* what follows begins a new paragraph */
}

static int on_span_end(MD_SPANTYPE type, void *detail, void *arg)
{
	struct reader *r = arg;
	if (r->in_table) {
		put_table_span(r, type, detail, true);
		return 0;
	}
	if (type == MD_SPAN_IMG && !--r->images) {
		end_image(r);
	} else if (type == MD_SPAN_A && !r->images) {
		flush_words(r);
		r->link = NULL;
	}
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		if (spans[i].type == type)
			r->format &= ~spans[i].format;
	return r->full;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
	struct reader *r = arg;
	struct str s = str_n(text, size);
	if (type == MD_TEXT_ENTITY)
		s = entity(r->a, s);
	else if (type == MD_TEXT_NULLCHAR)
		s = STR("\xef\xbf\xbd");
	else if (type == MD_TEXT_SOFTBR)
		s = STR(" ");
	if (r->in_table && type != MD_TEXT_HTML)
		html_text(&r->text, s);
	else if (r->gathering)
		buf_putstr(&r->text, type == MD_TEXT_BR ? STR(" ") : s);
	else if (type == MD_TEXT_BR || (type == MD_TEXT_HTML && str_starts(s, STR("<br"))))
		put_node(r, doc_node("linebreak", NULL));
	else if (type == MD_TEXT_SOFTBR && !json_array_size(r->line) && !r->run_into)
		return 0;
	else
		put_words(r, s, r->format);
	return r->full;
}

static bool read_blocks(struct reader *r, struct str text)
{
	const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEATXHEADERS,
		.enter_block = on_block,
		.leave_block = on_block_end,
		.enter_span = on_span,
		.leave_span = on_span_end,
		.text = on_text,
	};
	return !md_parse(text.p, (MD_SIZE)text.n, &parser, r) && !r->full;
}

struct str doc_settled(struct arena *a, struct str text)
{
	struct reader r = { .a = a, .blocks = json_array() };
	struct str out = STR_NULL;
	if (read_blocks(&r, text) && json_array_size(r.blocks) == 1)
		out = doc_block_markdown(a, json_array_get(r.blocks, 0), 0);
	json_decref(r.blocks);
	return out;
}

/* --- what is as it was -------------------------------------------------------------------------------------------- */

struct old_block {
	json_t *node;
	struct str text;
	bool empty, used;
};

/* "{{card 3: …}}" alone in a paragraph: 3; else 0. */
static size_t card_number(struct str text)
{
	int64_t n = 0;
	size_t digits = 0;
	if (str_starts(text, STR("\\{{card ")))
		text = str_skip(text, 1);
	if (!str_starts(text, STR("{{card ")) || !str_ends(text, STR("}}")) || str_chr(text, '\n') >= 0)
		return 0;
	text = str_skip(text, 7);
	while (digits < text.n && isdigit((unsigned char)text.p[digits]))
		digits++;
	return str_i64(str_first(text, digits), &n) && n > 0 ? (size_t)n : 0;
}

static struct old_block *same_words(struct old_block *old, size_t n, struct str text)
{
	for (size_t i = 0; i < n; i++)
		if (!old[i].used && old[i].text.p && str_eq(old[i].text, text))
			return &old[i];
	return NULL;
}

/* Empty paragraphs have no words in Markdown: they stay behind what they stood behind. */
static void keep_empty(json_t *out, struct old_block *old, size_t n, size_t from)
{
	for (size_t i = from; i < n && old[i].empty && !old[i].used; i++) {
		old[i].used = true;
		json_array_append(out, old[i].node);
	}
}

/* Each new block for which an old one stands in. Of two old ones with the same words the first serves first. */
static json_t *keep_old(struct arena *a, json_t *blocks, const json_t *base)
{
	json_t *before = doc_blocks(base), *out = json_array(), *node;
	size_t n = json_array_size(before), i;
	struct old_block *old = ARENA_ARRAY(a, struct old_block, n + 1);
	json_array_foreach(before, i, node)
	{
		struct str text = doc_block_markdown(a, node, i + 1);
		old[i] = (struct old_block){ node, text.n ? doc_settled(a, text) : STR_NULL, !text.n, false };
	}
	keep_empty(out, old, n, 0);
	json_array_foreach(blocks, i, node)
	{
		struct str text = doc_block_markdown(a, node, 0);
		size_t card = card_number(text);
		struct old_block *same = card && card <= n ? &old[card - 1] : same_words(old, n, text);
		json_array_append(out, same ? same->node : node);
		if (!same)
			continue;
		same->used = true;
		keep_empty(out, old, n, (size_t)(same - old) + 1);
	}
	json_decref(blocks);
	return out;
}

/* The document around the blocks stays what it was, too. */
static json_t *around(json_t *blocks, const json_t *base)
{
	json_t *doc = base ? json_copy((json_t *)base) : NULL;
	json_t *root = doc ? json_copy(json_object_get(base, "root")) : NULL;
	if (!root) {
		json_decref(doc);
		return doc_new(blocks);
	}
	json_object_set_new(root, "children", blocks);
	json_object_set_new(doc, "root", root);
	return doc;
}

enum status doc_from_markdown(struct arena *a, struct str text, const json_t *base, json_t **out, struct err *e)
{
	struct reader r = { .a = a, .blocks = json_array() };
	json_t *only = json_array_get(doc_blocks(base), 0);
	*out = NULL;
	if (text.n > BODY_SOURCE_MAX) {
		json_decref(r.blocks);
		return err_set(e, ST_TOO_LARGE, "A text has at most %u MB.", BODY_SOURCE_MAX >> 20);
	}
	if (json_array_size(doc_blocks(base)) == 1 &&
	    str_eqc(str_c(json_string_value(json_object_get(only, "type")) ?: ""), "markdown")) {
		json_t *card = json_copy(only); /* it was written so, and stays so */
		json_object_set_new(card, "markdown", json_stringn(text.n ? text.p : "", text.n));
		json_array_append_new(r.blocks, card);
		*out = around(r.blocks, base);
		return ST_OK;
	}
	if (!read_blocks(&r, text)) {
		json_decref(r.blocks);
		return err_set(e, ST_TOO_LARGE, "The Markdown is too large or has too many parts.");
	}
	if (base)
		r.blocks = keep_old(a, r.blocks, base);
	*out = around(r.blocks, base);
	return ST_OK;
}
