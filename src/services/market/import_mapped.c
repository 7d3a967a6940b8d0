/* SPDX-License-Identifier: Apache-2.0
 *
 * A supplier's own list: whose headers are no known system's, and were said once to be which columns of ours. A row is
 * a product with one variant. An article number that the supplier has here already changes that variant's numbers, and
 * none of its words (staged.c); else the row is known again by its number or, without one, its title.
 */
#include "platform/text/words.h"
#include "services/market/import.h"

const char in_unknown_headers[] =
        "Line 1: these are no columns of Shopify (Handle …), WooCommerce (Type, Regular price …) or the Open Food "
        "Network (producer, price …)";

struct mapped {
	const char *of[CSV_COLUMNS_MAX]; /* column of ours by place in the row; NULL: left out */
	int handle, title, price, sku, vendor;
};

static const char *column_of(const struct in_reader *r, struct str header)
{
	const struct import_ask *ask = r->ask;
	for (size_t i = 0; i < ask->header_count; i++)
		if (str_ieq(ask->headers[i].header, header)) {
			const struct market_column *c = in_column_named(ask->headers[i].column);
			return c ? c->name : NULL;
		}
	const struct market_column *c = in_column_named(header);
	return c ? c->name : NULL;
}

static void find_columns(const struct in_reader *r, struct mapped *m)
{
	const struct csv_row *header = &r->csv.rows[0];
	*m = (struct mapped){ .title = -1, .price = -1, .sku = -1, .vendor = -1 };
	for (size_t i = 0; i < header->n; i++) {
		m->of[i] = column_of(r, str_trim(header->cells[i]));
		struct str name = m->of[i] ? str_c(m->of[i]) : STR("");
		int *place = str_eqc(name, "Title")           ? &m->title
		             : str_eqc(name, "Variant Price") ? &m->price
		             : str_eqc(name, "Variant SKU")   ? &m->sku
		             : str_eqc(name, "Vendor")        ? &m->vendor
		                                              : NULL;
		if (place && *place < 0)
			*place = (int)i;
		else if (place)
			m->of[i] = NULL; /* the first of two that are the same */
	}
}

static enum status read_row(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e)
{
	const struct mapped *m = arg;
	bool fresh;
	struct str sku = str_trim(in_cell(row, m->sku)), title = str_trim(in_cell(row, m->title));
	struct str key = sku.n ? sku : text_slug(r->a, title);
	if (!key.n)
		return err_set(e, ST_INVALID, "Line %zu has neither a title nor an article number", row->line);
	if (!str_trim(in_cell(row, m->price)).n) {
		in_note(r, "Line %zu: \"%.*s\" has no price and was left out", row->line, STR_ARG(str_shown(title)));
		return ST_OK;
	}
	struct str source = arena_strf(r->a, "list:%.*s:%.*s", STR_ARG(r->ask->supplier_slug), STR_ARG(key));
	struct in_product *p = in_product(r, source, row->line, &fresh);
	if (!fresh) {
		r->at = SIZE_MAX; /* the first one stands */
		return err_set(e, ST_INVALID, "Line %zu: line %zu is about the same", row->line, p->line);
	}
	p->handle = STR("");
	p->source = source;
	TRY(in_set(r, p->v, "Source", source, row->line, e));
	TRY(in_width(r, row, e));
	struct in_variant *v = in_variant(r, p, row->line);
	for (size_t i = 0; i < r->csv.rows[0].n; i++)
		if (m->of[i])
			TRY(in_set(r, in_column_is_of(m->of[i]) == OF_PRODUCT ? p->v : v->v, m->of[i],
			           in_cell(row, (int)i), row->line, e));
	return m->vendor < 0 && r->ask->supplier.n ? in_set(r, p->v, "Vendor", r->ask->supplier, row->line, e) : ST_OK;
}

enum status in_mapped(struct in_reader *r, struct err *e)
{
	struct mapped *m = ARENA_NEW(r->a, struct mapped);
	r->out->format = "list";
	find_columns(r, m);
	r->out->unknown = m->title < 0 || m->price < 0;
	if (r->out->unknown)
		return err_set(e, ST_INVALID, "%s", in_unknown_headers);
	for (size_t i = 1; i < r->csv.n; i++)
		TRY(in_row(r, read_row, m, &r->csv.rows[i], e));
	return ST_OK;
}
