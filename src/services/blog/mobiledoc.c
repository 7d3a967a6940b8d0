/* SPDX-License-Identifier: Apache-2.0
 *
 * Mobiledoc 0.3.1 and 0.3.2, as Ghost 1 to 5 wrote it: flat sections of markers that open and close markups by index.
 * Markups are a stack per section or list item: what is still open at its end is closed there.
 */
#include "services/blog/render.h"

#define MARKUPS_MAX 32 /* open at once */

struct doc { json_t *markups, *atoms, *cards; };
struct mobiledoc_stack {
	const char *open[MARKUPS_MAX];
	unsigned count, left_out; /* the innermost, past MARKUPS_MAX */
};

enum { SECTION_MARKUP = 1, SECTION_IMAGE = 2, SECTION_LIST = 3, SECTION_CARD = 10 };
enum { MARKER_TEXT = 0, MARKER_ATOM = 1 };

static struct str text_of(json_t *j)
{
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

static const char *one_of(struct str given, const char *const *names, const char *otherwise)
{
	for (; *names; names++)
		if (str_ieqc(given, *names))
			return *names;
	return otherwise;
}

/* --- markers ------------------------------------------------------------------------------------------------------ */

static void open_markup(struct render *r, const struct doc *d, json_t *index, struct mobiledoc_stack *s)
{
	static const char *const known[] = { "strong", "b", "em", "i", "a", "s", "u", "code", "sub", "sup", "mark",
		"del", "strike", NULL };
	json_t *markup = json_is_integer(index) ? json_array_get(d->markups, (size_t)json_integer_value(index)) : NULL;
	json_t *given = json_array_get(markup, 1);
	const char *el = one_of(text_of(json_array_get(markup, 0)), known, NULL);
	struct el_attr attrs[2];
	size_t n = 0;
	if (s->count >= MARKUPS_MAX) {
		s->left_out++;
		render_note(r, "marks within more than %d others were left out", MARKUPS_MAX);
		return;
	}
	for (size_t i = 0; el && !strcmp(el, "a") && n < 2 && i + 1 < json_array_size(given); i += 2) {
		struct str name = text_of(json_array_get(given, i)), value = text_of(json_array_get(given, i + 1));
		if (str_eqc(name, "href"))
			attrs[n++] = (struct el_attr){ "href", render_url(r, value) };
		else if (str_eqc(name, "rel"))
			attrs[n++] = (struct el_attr){ "rel", value };
	}
	if (el)
		el_open(r->out, el, attrs, n);
	s->open[s->count++] = el; /* an unknown one keeps its place: closing counts it */
}

static void close_markups(struct render *r, struct mobiledoc_stack *s, json_int_t count)
{
	for (; count > 0 && s->left_out; count--)
		s->left_out--;
	for (; count > 0 && s->count; count--) {
		const char *el = s->open[--s->count];
		if (el)
			el_close(r->out, el);
	}
}

static void put_atom(struct render *r, const struct doc *d, json_t *index)
{
	json_t *atom = json_is_integer(index) ? json_array_get(d->atoms, (size_t)json_integer_value(index)) : NULL;
	if (str_eqc(text_of(json_array_get(atom, 0)), "soft-return"))
		el_open(r->out, "br", NULL, 0);
	else
		html_text(r->out, text_of(json_array_get(atom, 1)));
}

static void put_markers(struct render *r, const struct doc *d, json_t *markers)
{
	struct mobiledoc_stack s = { .count = 0 };
	size_t i, k;
	json_t *marker, *index;
	json_array_foreach(markers, i, marker) {
		if (!render_count(r))
			break;
		json_t *opened = json_array_get(marker, 1), *what = json_array_get(marker, 3);
		json_array_foreach(opened, k, index)
			open_markup(r, d, index, &s);
		if (json_integer_value(json_array_get(marker, 0)) == MARKER_ATOM)
			put_atom(r, d, what);
		else
			html_text(r->out, text_of(what));
		close_markups(r, &s, json_integer_value(json_array_get(marker, 2)));
	}
	close_markups(r, &s, (json_int_t)s.left_out + s.count);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static void put_markup_section(struct render *r, const struct doc *d, json_t *section)
{
	static const char *const tags[] = { "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "aside",
		"pull-quote", NULL };
	const char *el = one_of(text_of(json_array_get(section, 1)), tags, "p");
	json_t *markers = json_array_get(section, 2), *marker;
	struct el_attr attr = { "class", STR_NULL };
	struct buf text;
	size_t i;
	if (!json_array_size(markers))
		return;
	bool quote = el[0] == 'b' || el[0] == 'a' || el[1] == 'u';
	if (quote && el[0] != 'b')
		attr.value = STR("kg-blockquote-alt");
	if (el[0] == 'h') {
		buf_arena(&text, r->a, HEADING_TEXT_MAX);
		json_array_foreach(markers, i, marker)
			render_heading_text(&text, text_of(json_array_get(marker, 3)));
		attr = (struct el_attr){ "id", render_heading_id(r, buf_str(&text), HEADING_OF_EDITOR) };
	}
	el_open(r->out, quote ? "blockquote" : el, &attr, 1);
	if (quote)
		el_open(r->out, "p", NULL, 0);
	put_markers(r, d, markers);
	if (quote)
		el_close(r->out, "p");
	el_close(r->out, quote ? "blockquote" : el);
	buf_putc(r->out, '\n');
}

static void put_list_section(struct render *r, const struct doc *d, json_t *section)
{
	const char *el = str_eqc(text_of(json_array_get(section, 1)), "ol") ? "ol" : "ul";
	size_t i;
	json_t *item;
	el_open(r->out, el, NULL, 0);
	json_array_foreach(json_array_get(section, 2), i, item) {
		el_open(r->out, "li", NULL, 0);
		put_markers(r, d, item);
		el_close(r->out, "li");
	}
	el_close(r->out, el);
	buf_putc(r->out, '\n');
}

static void put_image_section(struct render *r, json_t *section)
{
	struct blog_image im = { .src = render_url(r, text_of(json_array_get(section, 1))) };
	if (!im.src.n)
		return;
	if (r->opt && r->opt->image)
		r->opt->image(r->opt->arg, im.src, &im);
	buf_putstr(r->out, render_img(r, &im, "kg-image", NULL).s);
	buf_putc(r->out, '\n');
}

/* What Koenig's beta and version 4 named otherwise. */
static void rename_field(json_t *payload, const char *from, const char *to)
{
	json_t *value = json_object_get(payload, from);
	if (value && !json_object_get(payload, to))
		json_object_set(payload, to, value);
}

static void put_card_section(struct render *r, const struct doc *d, json_t *section)
{
	json_t *index = json_array_get(section, 1);
	json_t *card = json_is_integer(index) ? json_array_get(d->cards, (size_t)json_integer_value(index)) : NULL;
	const char *name = json_string_value(json_array_get(card, 0));
	json_t *payload = json_array_get(card, 1);
	if (!name) {
		render_note(r, "a card without a name was left out");
		return;
	}
	if (!strcmp(name, "image"))
		rename_field(payload, "imageStyle", "cardWidth");
	if (card_render(r, name, payload))
		buf_putc(r->out, '\n');
	else
		render_note(r, "\"%.60s\" is no card we know and was left out", name);
}

void mobiledoc_render(struct render *r, json_t *doc)
{
	const struct doc d = { json_object_get(doc, "markups"), json_object_get(doc, "atoms"),
		json_object_get(doc, "cards") };
	size_t i;
	json_t *section;
	struct str version = text_of(json_object_get(doc, "ghostVersion"));
	r->legacy_ids = !version.n || (version.p[0] < '4' && (version.n < 2 || version.p[1] == '.'));
	json_array_foreach(json_object_get(doc, "sections"), i, section) {
		if (r->stopped || !render_count(r))
			return;
		switch (json_integer_value(json_array_get(section, 0))) {
		case SECTION_MARKUP:
			put_markup_section(r, &d, section);
			break;
		case SECTION_IMAGE:
			put_image_section(r, section);
			break;
		case SECTION_LIST:
			put_list_section(r, &d, section);
			break;
		case SECTION_CARD:
			put_card_section(r, &d, section);
			break;
		default:
			render_note(r, "a section of an unknown kind was left out");
		}
	}
}
