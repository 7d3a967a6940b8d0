/* SPDX-License-Identifier: Apache-2.0
 *
 * Shopify's products, and our own exports, which have more columns. Rows of one Handle are a product; those with a
 * price are its variants, the others its pictures. A column that means nothing here is carried along with its row.
 */
#include <string.h>

#include "platform/text/json.h"
#include "platform/text/url.h"
#include "services/market/import.h"

enum {
	HANDLE_MAX = 191,    /* bytes */
	MORE_FROM = 1000000, /* position of pictures that have no row: behind those that have */
};

struct shopify {
	int handle, price, image, position, alt, more, page;
	int at[MARKET_COLUMNS_MAX]; /* of the table of columns */
	bool carried[CSV_COLUMNS_MAX];
	bool any_carried;
};

static void find_columns(struct in_reader *r, struct shopify *s)
{
	const struct csv_row *header = &r->csv.rows[0];
	*s = (struct shopify){ .handle = in_column(r, "Handle"),
		               .price = in_column(r, "Variant Price"),
		               .image = in_column(r, "Image Src"),
		               .position = in_column(r, "Image Position"),
		               .alt = in_column(r, "Image Alt Text"),
		               .more = in_column(r, "More Images"),
		               .page = in_column(r, "Page") };
	const int own[] = { s->handle, s->image, s->position, s->alt, s->more };
	for (size_t i = 0; i < header->n; i++)
		s->carried[i] = str_trim(header->cells[i]).n > 0;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (own[i] >= 0)
			s->carried[own[i]] = false;
	for (size_t i = 0; market_columns[i].name; i++)
		if ((s->at[i] = in_column(r, market_columns[i].name)) >= 0)
			s->carried[s->at[i]] = false;
	for (size_t i = 0; i < header->n; i++) {
		s->carried[i] = s->carried[i] && in_column(r, arena_cstr(r->a, str_trim(header->cells[i]))) == (int)i;
		s->any_carried |= s->carried[i];
	}
}

/* The others' columns of a row, as JSON; "" when they are empty. */
static enum status carried_of(struct in_reader *r, const struct shopify *s, const struct csv_row *row, struct str *out,
                              struct err *e)
{
	struct buf b;
	buf_arena(&b, r->a, IMPORT_CARRIED_MAX);
	for (size_t i = 0; i < row->n; i++) {
		if (!s->carried[i] || !row->cells[i].n)
			continue;
		buf_putc(&b, b.len ? ',' : '{');
		json_put_str(&b, str_trim(r->csv.rows[0].cells[i]));
		buf_putc(&b, ':');
		json_put_str(&b, row->cells[i]);
	}
	if (b.len)
		buf_putc(&b, '}');
	*out = buf_str(&b);
	return buf_ok(&b) ? ST_OK : err_set(e, ST_INVALID, "Line %zu: more than can be kept of one row", row->line);
}

/* Pictures beyond those that have a row: [["address","words"], …] */
static enum status more_images(struct in_reader *r, struct in_product *p, struct str cell, size_t line, struct err *e)
{
	if (!cell.n)
		return ST_OK;
	SCOPED_JSON *list = json_parse(cell, 3, NULL);
	size_t i;
	json_t *one;
	if (!json_is_array(list))
		return err_set(e, ST_INVALID, "Line %zu: the column More Images is no list", line);
	json_array_foreach(list, i, one)
	{
		const char *src = json_string_value(json_array_get(one, 0)),
		           *alt = json_string_value(json_array_get(one, 1));
		if (!src || !alt)
			return err_set(e, ST_INVALID, "Line %zu: the column More Images is no list", line);
		in_image(r, p, arena_str(r->a, str_c(src)), arena_str(r->a, str_c(alt)), MORE_FROM + (int64_t)i, line);
	}
	return ST_OK;
}

static enum status read_image(struct in_reader *r, const struct shopify *s, const struct csv_row *row,
                              struct in_product *p, struct err *e)
{
	int64_t position = 0;
	struct str at = str_trim(in_cell(row, s->position)), alt = str_trim(in_cell(row, s->alt));
	if (at.n && !in_scaled(at, 1, &position))
		return err_set(e, ST_INVALID, "Line %zu: \"%.*s\" is no position of a picture", row->line,
		               STR_ARG(str_shown(at)));
	if (str_utf8_len(alt) > IMPORT_TEXT_MAX)
		return err_set(e, ST_INVALID, "Line %zu: the words for a picture are too long", row->line);
	in_image(r, p, in_cell(row, s->image), alt, position, row->line);
	return more_images(r, p, in_cell(row, s->more), row->line, e);
}

/* A product's own columns count where they are filled first: names of options may stand in a later row. */
static enum status read_values(struct in_reader *r, const struct shopify *s, const struct csv_row *row,
                               enum column_of of, struct in_value *v, bool first, struct err *e)
{
	for (size_t i = 0; market_columns[i].name; i++) {
		struct str cell = in_cell(row, s->at[i]);
		if (market_columns[i].of != of || s->at[i] < 0 ||
		    (of == OF_PRODUCT && !first && (!str_trim(cell).n || v[i].text.n)))
			continue;
		if (of == OF_PRODUCT && !first && market_columns[i].kind != COLUMN_TEXT)
			continue;
		TRY(in_set(r, v, market_columns[i].name, cell, row->line, e));
	}
	return ST_OK;
}

static enum status set_currency(struct in_reader *r, struct str page)
{
	r->currency = r->ask->currency;
	if (!page.n)
		page = r->ask->page;
	for (size_t i = 0; i < r->ask->page_count; i++)
		if (str_eq(r->ask->pages[i].slug, page))
			r->currency = r->ask->pages[i].currency;
	return ST_OK;
}

static enum status check_handle(struct str handle, size_t line, struct err *e)
{
	if (!handle.n)
		return err_set(e, ST_INVALID, "Line %zu has no Handle", line);
	if (handle.n > HANDLE_MAX || handle.p[0] == '.')
		return err_set(e, ST_INVALID, "Line %zu: the handle can't be an address", line);
	for (size_t i = 0; i < handle.n; i++)
		if ((unsigned char)handle.p[i] <= ' ' || strchr("/\\?#%", handle.p[i]))
			return err_set(e, ST_INVALID, "Line %zu: the handle can't be an address", line);
	return ST_OK;
}

static enum status read_row(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e)
{
	const struct shopify *s = arg;
	bool fresh;
	struct str handle = str_trim(in_cell(row, s->handle));
	TRY(check_handle(handle, row->line, e));
	struct in_product *p = in_product(r, handle, row->line, &fresh);
	p->handle = handle;
	TRY(in_width(r, row, e));
	if (fresh) {
		p->has_images = s->image >= 0;
		TRY(set_currency(r, str_trim(in_cell(row, s->page))));
	} else {
		TRY(set_currency(r, in_get(p->v, "Page")->text));
	}
	TRY(read_values(r, s, row, OF_PRODUCT, p->v, fresh, e));
	if (fresh && in_get(p->v, "Source")->text.n)
		p->source = in_get(p->v, "Source")->text;
	TRY(read_image(r, s, row, p, e));
	if (!str_trim(in_cell(row, s->price)).n)
		return ST_OK;
	struct in_variant *v = in_variant(r, p, row->line);
	TRY(read_values(r, s, row, OF_VARIANT, v->v, true, e));
	if (!url_is_public(in_get(v->v, "Variant Image")->text))
		v->v[in_get(v->v, "Variant Image") - v->v].text = STR("");
	return s->any_carried ? carried_of(r, s, row, &v->carried, e) : ST_OK;
}

enum status in_shopify(struct in_reader *r, struct err *e)
{
	struct shopify s;
	r->out->format = "shopify";
	find_columns(r, &s);
	if (s.price < 0)
		return err_set(e, ST_INVALID, "Line 1: there is no column Variant Price");
	for (size_t i = 1; i < r->csv.n; i++)
		TRY(in_row(r, read_row, &s, &r->csv.rows[i], e));
	return ST_OK;
}
