/* SPDX-License-Identifier: Apache-2.0
 *
 * Mobiledoc as a document: sections become blocks, markups become formats and links, cards keep what they hold. The
 * input is hostile: any place may be missing or of any type.
 */
#include "services/blog/doc.h"

enum { OPEN_MAX = 32 /* markups open at once; deeper ones are left out, their text stays */ };
enum { SECTION_MARKUP = 1, SECTION_IMAGE = 2, SECTION_LIST = 3, SECTION_CARD = 10 };

static struct str text_of(const json_t *j)
{
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

static const struct {
	const char *tag;
	int format;
} formats[] = {
	{ "strong", 1 }, { "b", 1 }, { "em", 2 },    { "i", 2 },    { "s", 4 },    { "strike", 4 },
	{ "del", 4 },    { "u", 8 }, { "code", 16 }, { "sub", 32 }, { "sup", 64 }, { "mark", 128 },
};

struct markups {
	const json_t *open[OPEN_MAX];
	unsigned count, beyond;
};

static int format_now(const struct markups *m)
{
	int format = 0;
	for (unsigned i = 0; i < m->count; i++)
		for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
			if (str_ieqc(text_of(json_array_get(m->open[i], 0)), formats[k].tag))
				format |= formats[k].format;
	return format;
}

static const json_t *link_now(const struct markups *m)
{
	for (unsigned i = m->count; i--;)
		if (str_ieqc(text_of(json_array_get(m->open[i], 0)), "a"))
			return m->open[i];
	return NULL;
}

static json_t *link_node(const json_t *markup)
{
	json_t *link = doc_node("link", json_array());
	const json_t *given = json_array_get(markup, 1);
	json_object_set_new(link, "rel", json_null());
	json_object_set_new(link, "target", json_null());
	json_object_set_new(link, "title", json_null());
	json_object_set_new(link, "url", json_string(""));
	for (size_t i = 0; i + 1 < json_array_size(given); i += 2) {
		json_t *value = json_array_get(given, i + 1);
		if (str_eqc(text_of(json_array_get(given, i)), "href") && json_is_string(value))
			json_object_set(link, "url", value);
		else if (str_eqc(text_of(json_array_get(given, i)), "rel") && json_is_string(value))
			json_object_set(link, "rel", value);
	}
	return link;
}

static void close_some(struct markups *m, json_int_t n)
{
	for (; n > 0 && m->beyond; n--)
		m->beyond--;
	for (; n > 0 && m->count; n--)
		m->count--;
}

static json_t *atom_node(const json_t *doc, const json_t *index, int format)
{
	const json_t *atom = json_is_integer(index)
	                             ? json_array_get(json_object_get(doc, "atoms"), (size_t)json_integer_value(index))
	                             : NULL;
	if (str_eqc(text_of(json_array_get(atom, 0)), "soft-return"))
		return doc_node("linebreak", NULL);
	return doc_text(text_of(json_array_get(atom, 1)), format);
}

static json_t *marker_line(const json_t *doc, const json_t *markers)
{
	struct markups m = { .count = 0 };
	json_t *line = json_array(), *marker, *index, *link = NULL;
	const json_t *linked = NULL;
	size_t i, k;
	json_array_foreach(markers, i, marker)
	{
		json_array_foreach(json_array_get(marker, 1), k, index)
		{
			json_t *markup = json_is_integer(index) ? json_array_get(json_object_get(doc, "markups"),
			                                                         (size_t)json_integer_value(index))
			                                        : NULL;
			if (m.count < OPEN_MAX)
				m.open[m.count++] = markup;
			else
				m.beyond++;
		}
		bool atom = json_integer_value(json_array_get(marker, 0)) == 1;
		json_t *what = json_array_get(marker, 3);
		const json_t *now = link_now(&m);
		if (now != linked) {
			link = now ? link_node(now) : NULL;
			linked = now;
			if (link)
				json_array_append_new(line, link);
		}
		json_t *node = atom ? atom_node(doc, what, format_now(&m)) : doc_text(text_of(what), format_now(&m));
		json_array_append_new(link ? json_object_get(link, "children") : line, node);
		close_some(&m, json_integer_value(json_array_get(marker, 2)));
	}
	return line;
}

static json_t *markup_block(const json_t *doc, const json_t *section)
{
	struct str tag = text_of(json_array_get(section, 1));
	json_t *line = marker_line(doc, json_array_get(section, 2)), *node;
	if (tag.n == 2 && (tag.p[0] == 'h' || tag.p[0] == 'H') && tag.p[1] >= '1' && tag.p[1] <= '6') {
		char level[] = { 'h', tag.p[1], 0 };
		node = doc_node("extended-heading", line);
		json_object_set_new(node, "tag", json_string(level));
		return node;
	}
	if (str_ieqc(tag, "blockquote"))
		return doc_node("extended-quote", line);
	if (str_ieqc(tag, "aside") || str_ieqc(tag, "pull-quote"))
		return doc_node("aside", line);
	return doc_node("paragraph", line);
}

static json_t *list_block(const json_t *doc, const json_t *section)
{
	bool ordered = str_ieqc(text_of(json_array_get(section, 1)), "ol");
	json_t *items = json_array(), *item, *list = doc_node("list", items);
	size_t i;
	json_array_foreach(json_array_get(section, 2), i, item)
	{
		json_t *node = doc_node("listitem", marker_line(doc, item));
		json_object_set_new(node, "value", json_integer((json_int_t)i + 1));
		json_array_append_new(items, node);
	}
	json_object_set_new(list, "listType", json_string(ordered ? "number" : "bullet"));
	json_object_set_new(list, "start", json_integer(1));
	json_object_set_new(list, "tag", json_string(ordered ? "ol" : "ul"));
	return list;
}

/* A card's name and what it holds, in one object; a member of its own that is called "type" gives way. */
static json_t *card_block(const json_t *doc, const json_t *index)
{
	static const struct {
		const char *old, *now;
	} names[] = {
		{ "card-markdown", "markdown" },
		{ "code", "codeblock" },
		{ "hr", "horizontalrule" },
	};
	const json_t *card = json_is_integer(index)
	                             ? json_array_get(json_object_get(doc, "cards"), (size_t)json_integer_value(index))
	                             : NULL;
	struct str name = text_of(json_array_get(card, 0));
	json_t *payload = json_array_get(card, 1);
	if (!name.n)
		return NULL;
	json_t *node = json_is_object(payload) ? json_copy(payload) : json_object();
	json_t *type = json_stringn(name.p, name.n);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqc(name, names[i].old)) {
			json_decref(type);
			type = json_string(names[i].now);
		}
	json_object_set_new(node, "type", type);
	json_object_set_new(node, "version", json_integer(1));
	return node;
}

static json_t *image_block(const json_t *section)
{
	return json_pack("{s:s,s:i,s:O}", "type", "image", "version", 1, "src",
	                 json_is_string(json_array_get(section, 1)) ? json_array_get(section, 1) : json_null());
}

json_t *doc_from_mobiledoc(const json_t *mobiledoc)
{
	json_t *blocks = json_array(), *section, *block;
	size_t i;
	json_array_foreach(json_object_get(mobiledoc, "sections"), i, section)
	{
		switch (json_integer_value(json_array_get(section, 0))) {
		case SECTION_MARKUP:
			block = markup_block(mobiledoc, section);
			break;
		case SECTION_LIST:
			block = list_block(mobiledoc, section);
			break;
		case SECTION_CARD:
			block = card_block(mobiledoc, json_array_get(section, 1));
			break;
		case SECTION_IMAGE:
			block = image_block(section);
			break;
		default:
			block = NULL;
		}
		if (block)
			json_array_append_new(blocks, block);
	}
	return doc_new(blocks);
}
