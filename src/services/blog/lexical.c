/* SPDX-License-Identifier: Apache-2.0
 *
 * Lexical documents, as Ghost 5 and 6 write them: a tree of typed nodes. The walk recurses, bounded by BODY_DEPTH_MAX,
 * which was checked on the text before it was parsed; any field may be missing or of any type.
 */
#include "services/blog/render.h"

#define INLINE_DEPTH_MAX 40
#define FORMATS 8

/* Text formats, outermost first. Runs keep what they share open, so that "a<b>b</b>" followed by bold is one element.
 */
static const struct { int bit; const char *el; } formats[FORMATS] = {
	{ 1, "strong" },
	{ 2, "em" },
	{ 8, "u" },
	{ 4, "s" },
	{ 128, "mark" },
	{ 32, "sub" },
	{ 64, "sup" },
	{ 16, "code" },
};

struct runs { int open[FORMATS]; unsigned count; }; /* indexes into formats, outermost first */

static void blocks(struct render *r, json_t *children, unsigned depth);
static void inlines(struct render *r, json_t *children, struct runs *runs, unsigned depth);

static const char *type_of(json_t *node)
{
	const char *type = json_string_value(json_object_get(node, "type"));
	return type ? type : "";
}

static struct str text_of(json_t *node, const char *key)
{
	json_t *j = json_object_get(node, key);
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

static bool is_type(json_t *node, const char *type) { return !strcmp(type_of(node), type); }

/* --- runs of text ------------------------------------------------------------------------------------------------ */

static void close_runs(struct render *r, struct runs *runs, unsigned keep)
{
	while (runs->count > keep)
		el_close(r->out, formats[runs->open[--runs->count]].el);
}

static void set_format(struct render *r, struct runs *runs, int64_t format)
{
	unsigned keep = 0;
	while (keep < runs->count && (format & formats[runs->open[keep]].bit))
		keep++;
	close_runs(r, runs, keep);
	for (int i = 0; i < FORMATS; i++) {
		bool is_open = false;
		for (unsigned k = 0; k < runs->count; k++)
			is_open = is_open || runs->open[k] == i;
		if (!(format & formats[i].bit) || is_open)
			continue;
		el_open(r->out, formats[i].el, NULL, 0);
		runs->open[runs->count++] = i;
	}
}

static void put_text(struct render *r, json_t *node, struct runs *runs)
{
	struct str text = text_of(node, "text");
	if (!text.n)
		return;
	set_format(r, runs, json_integer_value(json_object_get(node, "format")));
	html_text(r->out, text);
}

static void put_link(struct render *r, json_t *node, struct runs *runs, unsigned depth)
{
	struct str url = render_url(r, text_of(node, "url")), rel = text_of(node, "rel");
	const struct el_attr attrs[] = { { "href", url }, { "rel", rel.n ? rel : STR_NULL } };
	struct runs inner = { 0 };
	close_runs(r, runs, 0);
	if (url.n)
		el_open(r->out, "a", attrs, 2);
	inlines(r, json_object_get(node, "children"), &inner, depth + 1);
	close_runs(r, &inner, 0);
	if (url.n)
		el_close(r->out, "a");
}

static bool is_inline(json_t *node)
{
	static const char *const types[] = { "text", "extended-text", "linebreak", "tab", "link", "autolink", "tk",
		"zwnj", "at-link", "at-link-search" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (is_type(node, types[i]))
			return true;
	return false;
}

static void put_inline(struct render *r, json_t *node, struct runs *runs, unsigned depth)
{
	if (is_type(node, "linebreak"))
		el_open(r->out, "br", NULL, 0);
	else if (is_type(node, "link") || is_type(node, "autolink"))
		put_link(r, node, runs, depth);
	else if (is_type(node, "zwnj") || is_type(node, "at-link") || is_type(node, "at-link-search"))
		return; /* the editor's own */
	else if (text_of(node, "text").n)
		put_text(r, node, runs);
	else
		inlines(r, json_object_get(node, "children"), runs, depth + 1);
}

static void inlines(struct render *r, json_t *children, struct runs *runs, unsigned depth)
{
	size_t i;
	json_t *node;
	if (depth > INLINE_DEPTH_MAX) {
		render_note(r, "text nested more than %d deep was left out", INLINE_DEPTH_MAX);
		return;
	}
	json_array_foreach(children, i, node) {
		if (!render_count(r))
			return;
		put_inline(r, node, runs, depth);
	}
}

static void put_line(struct render *r, json_t *children, unsigned depth)
{
	struct runs runs = { 0 };
	inlines(r, children, &runs, depth);
	close_runs(r, &runs, 0);
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

static void gather_text(json_t *children, struct buf *text, unsigned depth)
{
	size_t i;
	json_t *node;
	if (depth > INLINE_DEPTH_MAX)
		return;
	json_array_foreach(children, i, node) {
		render_heading_text(text, text_of(node, "text"));
		gather_text(json_object_get(node, "children"), text, depth + 1);
	}
}

static void put_element(struct render *r, const char *el, json_t *node, const struct el_attr *attr, unsigned depth)
{
	el_open(r->out, el, attr, attr ? 1 : 0);
	put_line(r, json_object_get(node, "children"), depth);
	el_close(r->out, el);
	buf_putc(r->out, '\n');
}

static void put_paragraph(struct render *r, json_t *node, unsigned depth)
{
	if (json_array_size(json_object_get(node, "children")))
		put_element(r, "p", node, NULL, depth);
}

static void put_heading(struct render *r, json_t *node, unsigned depth)
{
	static const char *const tags[] = { "h1", "h2", "h3", "h4", "h5", "h6" };
	const char *el = "h2";
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (str_eqc(text_of(node, "tag"), tags[i]))
			el = tags[i];
	struct buf text;
	buf_arena(&text, r->a, HEADING_TEXT_MAX);
	gather_text(json_object_get(node, "children"), &text, 0);
	struct el_attr id = { "id", render_heading_id(r, buf_str(&text), HEADING_OF_EDITOR) };
	put_element(r, el, node, &id, depth);
}

static void put_quote(struct render *r, json_t *node, unsigned depth)
{
	struct el_attr cls = { "class", is_type(node, "aside") ? STR("kg-blockquote-alt") : STR_NULL };
	json_t *children = json_object_get(node, "children");
	el_open(r->out, "blockquote", &cls, 1);
	if (json_array_size(children) && !is_inline(json_array_get(children, 0)))
		blocks(r, children, depth + 1);
	else
		put_element(r, "p", node, NULL, depth);
	el_close(r->out, "blockquote");
	buf_putc(r->out, '\n');
}

/* A nested list stands in an item of its own, which belongs into the item before. */
static json_t *lone_list(json_t *item)
{
	json_t *children = json_object_get(item, "children"), *first = json_array_get(children, 0);
	return json_array_size(children) == 1 && is_type(first, "list") ? first : NULL;
}

static void put_list(struct render *r, json_t *node, unsigned depth);

static void put_item(struct render *r, json_t *item, bool check, unsigned depth)
{
	struct el_attr cls = { "class", STR_NULL };
	if (check)
		cls.value = json_is_true(json_object_get(item, "checked")) ? STR("kg-task kg-task-done")
		                                                           : STR("kg-task");
	json_t *children = json_object_get(item, "children"), *node;
	struct runs runs = { 0 };
	size_t i;
	el_open(r->out, "li", &cls, 1);
	json_array_foreach(children, i, node) {
		if (!render_count(r))
			break;
		if (is_inline(node)) {
			put_inline(r, node, &runs, depth + 1);
			continue;
		}
		close_runs(r, &runs, 0);
		if (is_type(node, "list"))
			put_list(r, node, depth + 1);
		else
			put_line(r, json_object_get(node, "children"), depth + 1);
	}
	close_runs(r, &runs, 0);
}

static void put_list(struct render *r, json_t *node, unsigned depth)
{
	bool ordered = str_eqc(text_of(node, "listType"), "number") || str_eqc(text_of(node, "tag"), "ol");
	bool check = str_eqc(text_of(node, "listType"), "check");
	json_int_t start = json_integer_value(json_object_get(node, "start"));
	struct el_attr attrs[] = {
		{ "start", ordered && start > 1 && start < 1000000 ? arena_strf(r->a, "%d", (int)start) : STR_NULL },
		{ "class", check ? STR("kg-tasks") : STR_NULL },
	};
	if (depth > INLINE_DEPTH_MAX) {
		render_note(r, "lists nested more than %d deep were left out", INLINE_DEPTH_MAX);
		return;
	}
	json_t *items = json_object_get(node, "children"), *item;
	bool open = false;
	size_t i;
	el_open(r->out, ordered ? "ol" : "ul", attrs, 2);
	json_array_foreach(items, i, item) {
		json_t *nested = lone_list(item);
		if (!render_count(r))
			break;
		if (nested && open) {
			put_list(r, nested, depth + 1);
			continue;
		}
		if (open)
			el_close(r->out, "li");
		put_item(r, item, check, depth);
		open = true;
	}
	if (open)
		el_close(r->out, "li");
	el_close(r->out, ordered ? "ol" : "ul");
	buf_putc(r->out, '\n');
}

static const struct { const char *type; void (*put)(struct render *r, json_t *node, unsigned depth); } elements[] = {
	{ "paragraph", put_paragraph },    { "heading", put_heading }, { "extended-heading", put_heading },
	{ "quote", put_quote },            { "extended-quote", put_quote }, { "aside", put_quote },
	{ "list", put_list },
};

/* Nobody knows the type: what it holds is kept as text where there is any. */
static void put_unknown(struct render *r, json_t *node, unsigned depth)
{
	json_t *children = json_object_get(node, "children");
	if (json_array_size(children)) {
		render_note(r, "\"%.60s\" is nothing we know: its text was kept", type_of(node));
		if (is_inline(json_array_get(children, 0)))
			put_paragraph(r, node, depth);
		else
			blocks(r, children, depth + 1);
	} else {
		render_note(r, "\"%.60s\" is no card we know and was left out", type_of(node));
	}
}

static void put_block(struct render *r, json_t *node, unsigned depth)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
		if (is_type(node, elements[i].type)) {
			elements[i].put(r, node, depth);
			return;
		}
	}
	if (card_render(r, type_of(node), node))
		buf_putc(r->out, '\n');
	else
		put_unknown(r, node, depth);
}

static void blocks(struct render *r, json_t *children, unsigned depth)
{
	struct runs loose = { 0 };
	bool in_paragraph = false;
	size_t i;
	json_t *node;
	if (depth > INLINE_DEPTH_MAX) {
		render_note(r, "blocks nested more than %d deep were left out", INLINE_DEPTH_MAX);
		return;
	}
	json_array_foreach(children, i, node) {
		if (r->stopped || !render_count(r))
			break;
		if (!json_is_object(node)) {
			render_note(r, "something that is no node was left out");
			continue;
		}
		bool line = is_inline(node); /* text that stands in no paragraph gets one */
		if (in_paragraph && !line) {
			close_runs(r, &loose, 0);
			el_close(r->out, "p");
		} else if (line && !in_paragraph) {
			el_open(r->out, "p", NULL, 0);
		}
		in_paragraph = line;
		if (line)
			put_inline(r, node, &loose, depth);
		else
			put_block(r, node, depth);
	}
	if (in_paragraph) {
		close_runs(r, &loose, 0);
		el_close(r->out, "p");
	}
}

void lexical_render(struct render *r, json_t *doc)
{
	blocks(r, json_object_get(json_object_get(doc, "root"), "children"), 0);
}
