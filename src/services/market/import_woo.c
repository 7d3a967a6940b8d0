/* SPDX-License-Identifier: Apache-2.0
 *
 * WooCommerce's products, and the Open Food Network's. WooCommerce: simple, external and variable rows are products,
 * variation rows variants of their parent, which may stand behind them. A product is known again by its SKU.
 */
#include <string.h>

#include "platform/text/url.h"
#include "services/market/import.h"

#define OPTIONS 3 /* of a product */

/* --- WooCommerce -------------------------------------------------------------------------------------------------- */

static struct str cell_of(const struct in_reader *r, const struct csv_row *row, const char *column)
{
	return str_trim(in_cell(row, in_column(r, column)));
}

/* One of the words of "simple, virtual"? */
static bool has_type(struct str types, const char *type)
{
	struct str rest = types, one;
	while (str_next(&rest, ',', &one))
		if (str_ieqc(str_trim(one), type))
			return true;
	return false;
}

static struct str source_of(struct in_reader *r, const struct csv_row *row)
{
	struct str sku = cell_of(r, row, "SKU"), id = cell_of(r, row, "ID");
	if (sku.n)
		return arena_strf(r->a, "woo:%.*s", STR_ARG(sku));
	return id.n ? arena_strf(r->a, "woo:id:%.*s", STR_ARG(id))
	            : arena_strf(r->a, "woo:name:%.*s", STR_ARG(cell_of(r, row, "Name")));
}

/* WooCommerce writes line ends of a text as \n. */
static struct str with_lines(struct arena *a, struct str s)
{
	if (str_find(s, STR("\\n")) < 0)
		return s;
	struct buf b;
	buf_arena(&b, a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		bool line = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == 'n';
		buf_putc(&b, line ? '\n' : s.p[i]);
		i += line;
	}
	return buf_str(&b);
}

static const char *numbered(struct in_reader *r, int n, const char *what)
{
	return arena_printf(r->a, "Attribute %d %s", n, what);
}

/* "A\, B" → "A, B" */
static struct str without_escapes(struct arena *a, struct str s)
{
	if (str_find(s, STR("\\,")) < 0)
		return s;
	struct buf b;
	buf_text(&b, a);
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == ','))
			buf_putc(&b, s.p[i]);
	return buf_str(&b);
}

static const char *option_column(int n, bool value)
{
	static const char *const names[2][OPTIONS] = { { "Option1 Name", "Option2 Name", "Option3 Name" },
		                                       { "Option1 Value", "Option2 Value", "Option3 Value" } };
	return names[value][n];
}

static enum status set_names(struct in_reader *r, struct in_product *p, const struct csv_row *row, struct err *e)
{
	int n = 0;
	for (int i = 1; in_column(r, numbered(r, i, "name")) >= 0; i++) {
		struct str name = cell_of(r, row, numbered(r, i, "name"));
		if (!name.n)
			continue;
		if (n == OPTIONS) {
			in_note(r, "Line %zu: the attribute \"%.*s\" was left out: a product has %d", row->line,
			        STR_ARG(str_shown(name)), OPTIONS);
			continue;
		}
		TRY(in_set(r, p->v, option_column(n++, false), name, row->line, e));
	}
	if (!n)
		TRY(in_set(r, p->v, option_column(n++, false), STR("Title"), row->line, e));
	for (; n < OPTIONS; n++)
		TRY(in_set(r, p->v, option_column(n, false), STR(""), row->line, e));
	return ST_OK;
}

static struct str attribute_of(struct in_reader *r, const struct csv_row *row, struct str name)
{
	for (int i = 1; in_column(r, numbered(r, i, "name")) >= 0; i++)
		if (str_ieq(cell_of(r, row, numbered(r, i, "name")), name))
			return without_escapes(r->a, cell_of(r, row, numbered(r, i, "value(s)")));
	return STR("");
}

static enum status set_values(struct in_reader *r, const struct in_product *p, struct in_variant *v,
                              const struct csv_row *row, struct err *e)
{
	for (int n = 0; n < OPTIONS; n++) {
		struct str name = in_get(p->v, option_column(n, false))->text;
		struct str value = str_eqc(name, "Title") ? STR("Default Title")
		                   : name.n               ? attribute_of(r, row, name)
		                                          : STR("");
		TRY(in_set(r, v->v, option_column(n, true), value, row->line, e));
	}
	return ST_OK;
}

static enum status set_stock(struct in_reader *r, struct in_variant *v, const struct csv_row *row, struct err *e)
{
	struct str stock = cell_of(r, row, "Stock"), there = cell_of(r, row, "In stock?"),
	           more = cell_of(r, row, "Backorders allowed?");
	if (!stock.n && there.n && !str_eqc(there, "1") && !str_ieqc(there, "backorder"))
		stock = STR("0");
	bool goes_on = str_eqc(more, "1") || str_ieqc(more, "notify") || str_ieqc(more, "yes");
	TRY(in_set(r, v->v, "Variant Inventory Qty", stock, row->line, e));
	return in_set(r, v->v, "Variant Inventory Policy", goes_on ? STR("continue") : STR("deny"), row->line, e);
}

static enum status add_variant(struct in_reader *r, struct in_product *p, const struct csv_row *row, struct err *e)
{
	struct str sale = cell_of(r, row, "Sale price"), regular = cell_of(r, row, "Regular price");
	if (!sale.n && !regular.n)
		return ST_OK;
	struct in_variant *v = in_variant(r, p, row->line);
	TRY(set_values(r, p, v, row, e));
	TRY(set_stock(r, v, row, e));
	TRY(in_set(r, v->v, "Variant SKU", cell_of(r, row, "SKU"), row->line, e));
	TRY(in_set(r, v->v, "Variant Price", sale.n ? sale : regular, row->line, e));
	TRY(in_set(r, v->v, "Variant Compare At Price", sale.n ? regular : STR(""), row->line, e));
	int gtin = in_column(r, "GTIN, UPC, EAN, or ISBN");
	return gtin < 0 ? ST_OK : in_set(r, v->v, "Variant Barcode", in_cell(row, gtin), row->line, e);
}

static void add_images(struct in_reader *r, struct in_product *p, const struct csv_row *row)
{
	struct str rest = cell_of(r, row, "Images"), one;
	while (str_next(&rest, ',', &one))
		in_image(r, p, one, STR(""), 0, row->line);
}

static enum status set_product(struct in_reader *r, struct in_product *p, const struct csv_row *row, struct err *e)
{
	struct str long_text = cell_of(r, row, "Description"), brief = cell_of(r, row, "Short description");
	struct str categories = cell_of(r, row, "Categories"), rest = categories, first;
	struct str shown = cell_of(r, row, "Published"), seen = cell_of(r, row, "Visibility in catalog");
	(void)str_cut(&rest, ',', &first);
	bool listed = !seen.n || str_ieqc(seen, "visible") || str_ieqc(seen, "catalog");
	const struct {
		const char *column;
		struct str cell;
	} values[] = {
		{ "Title", cell_of(r, row, "Name") },
		{ "Body (HTML)", with_lines(r->a, long_text.n ? long_text : brief) },
		{ "Summary", long_text.n ? with_lines(r->a, brief) : STR("") },
		{ "Type", str_trim(first) },
		{ "Categories", categories },
		{ "Tags", cell_of(r, row, "Tags") },
		{ "Published", shown },
		{ "Status", listed ? STR("active") : STR("unlisted") },
		{ "Source", p->source },
	};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		if (!strcmp(values[i].column, "Summary") && str_utf8_len(values[i].cell) > IMPORT_TEXT_MAX) {
			in_note(r, "Line %zu: the short description is longer than %d characters and was left out",
			        row->line, IMPORT_TEXT_MAX);
			continue;
		}
		TRY(in_set(r, p->v, values[i].column, values[i].cell, row->line, e));
	}
	int brand = in_column(r, "Brands");
	if (brand >= 0)
		TRY(in_set(r, p->v, "Vendor", in_cell(row, brand), row->line, e));
	p->has_images = true;
	add_images(r, p, row);
	return set_names(r, p, row, e);
}

static enum status read_product(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e)
{
	bool fresh;
	(void)arg;
	struct str types = cell_of(r, row, "Type"), name = cell_of(r, row, "Name"), source = source_of(r, row);
	if (has_type(types, "grouped")) {
		in_note(r, "Line %zu: \"%.*s\" is a group of products and was left out", row->line,
		        STR_ARG(str_shown(name)));
		return ST_OK;
	}
	if (!has_type(types, "simple") && !has_type(types, "variable") && !has_type(types, "external"))
		return err_set(e, ST_INVALID, "Line %zu: a product of the type \"%.*s\" can't be taken", row->line,
		               STR_ARG(str_shown(types)));
	struct in_product *p = in_product(r, source, row->line, &fresh);
	if (!fresh) {
		r->at = SIZE_MAX; /* the first one stands */
		return err_set(e, ST_INVALID, "Line %zu: the product of line %zu has that SKU, too", row->line,
		               p->line);
	}
	p->source = source;
	TRY(in_width(r, row, e));
	if (cell_of(r, row, "ID").n)
		in_alias(r, p, arena_strf(r->a, "woo:id:%.*s", STR_ARG(cell_of(r, row, "ID"))));
	TRY(set_product(r, p, row, e));
	return has_type(types, "variable") ? ST_OK : add_variant(r, p, row, e);
}

/* The product with that SKU, or "id:44". */
static struct in_product *parent_of(struct in_reader *r, struct str parent)
{
	return in_find(r, arena_strf(r->a, "woo:%.*s", STR_ARG(parent)));
}

static enum status read_variation(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e)
{
	(void)arg;
	struct str parent = cell_of(r, row, "Parent");
	struct in_product *p = parent.n ? parent_of(r, parent) : NULL;
	if (!p)
		return err_set(e, ST_INVALID,
		               "Line %zu: there is no product \"%.*s\" that this could be a variation of", row->line,
		               STR_ARG(str_shown(parent)));
	r->at = (size_t)(p - r->out->products);
	TRY(in_width(r, row, e));
	size_t before = p->variant_count;
	TRY(add_variant(r, p, row, e));
	if (p->variant_count == before) {
		in_note(r, "Line %zu: the variation \"%.*s\" has no price and was left out", row->line,
		        STR_ARG(str_shown(cell_of(r, row, "Name"))));
		return ST_OK;
	}
	struct in_variant *v = &p->variants[before];
	struct str images = cell_of(r, row, "Images"), first;
	(void)str_cut(&images, ',', &first);
	if (url_is_public(str_trim(first)))
		TRY(in_set(r, v->v, "Variant Image", first, row->line, e));
	return ST_OK;
}

static const char *const woo_columns[] = { "ID",
	                                   "Type",
	                                   "SKU",
	                                   "Name",
	                                   "Published",
	                                   "Visibility in catalog",
	                                   "Short description",
	                                   "Description",
	                                   "In stock?",
	                                   "Stock",
	                                   "Backorders allowed?",
	                                   "Sale price",
	                                   "Regular price",
	                                   "Categories",
	                                   "Tags",
	                                   "Images",
	                                   "Parent",
	                                   "Brands",
	                                   "GTIN, UPC, EAN, or ISBN",
	                                   NULL };

/* Which columns are not taken, when anything stands in them. */
static void tell_left_out(struct in_reader *r, const char *const *known, const char *also)
{
	const struct csv_row *header = &r->csv.rows[0];
	for (size_t i = 0; i < header->n; i++) {
		struct str name = str_trim(header->cells[i]);
		bool taken = also && str_starts(name, str_c(also)), filled = false;
		for (const char *const *k = known; *k && !taken; k++)
			taken = str_ieqc(name, *k);
		for (size_t row = 1; row < r->csv.n && !taken && !filled; row++)
			filled = in_cell(&r->csv.rows[row], (int)i).n > 0;
		if (filled)
			in_note(r, "The column \"%.*s\" was left out", STR_ARG(str_shown(name)));
	}
}

enum status in_woo(struct in_reader *r, struct err *e)
{
	int type = in_column(r, "Type");
	r->out->format = "woocommerce";
	if (in_column(r, "Name") < 0)
		return err_set(e, ST_INVALID, "Line 1: there is no column Name");
	for (size_t i = 1; i < r->csv.n; i++)
		if (!has_type(in_cell(&r->csv.rows[i], type), "variation"))
			TRY(in_row(r, read_product, NULL, &r->csv.rows[i], e));
	for (size_t i = 1; i < r->csv.n; i++)
		if (has_type(in_cell(&r->csv.rows[i], type), "variation"))
			TRY(in_row(r, read_variation, NULL, &r->csv.rows[i], e));
	tell_left_out(r, woo_columns, "Attribute ");
	return ST_OK;
}

/* --- Open Food Network -------------------------------------------------------------------------------------------- */

static const struct {
	const char *type, *unit;
	int64_t times;
} ofn_units[] = { { "g", "g", 1 },         { "kg", "g", 1000 }, { "t", "g", 1000000 }, { "ml", "ml", 1 },
	          { "cl", "ml", 10 },      { "dl", "ml", 100 }, { "l", "ml", 1000 },   { "kl", "ml", 1000000 },
	          { "items", "piece", 1 }, { "", "piece", 1 } };

static enum status set_content(struct in_reader *r, struct in_variant *v, const struct csv_row *row, struct err *e)
{
	struct str units = cell_of(r, row, "units"), type = cell_of(r, row, "unit_type");
	int64_t content = 1;
	size_t i = 0;
	while (i < sizeof ofn_units / sizeof *ofn_units && !str_ieqc(type, ofn_units[i].type))
		i++;
	if (i == sizeof ofn_units / sizeof *ofn_units)
		return err_set(e, ST_INVALID, "Line %zu: \"%.*s\" in the column unit_type is no unit", row->line,
		               STR_ARG(str_shown(type)));
	if (units.n && (!in_scaled(units, ofn_units[i].times, &content) || !content))
		return err_set(e, ST_INVALID, "Line %zu: \"%.*s\" in the column units is no content", row->line,
		               STR_ARG(str_shown(units)));
	TRY(in_set(r, v->v, "Variant Unit", str_c(ofn_units[i].unit), row->line, e));
	return in_set(r, v->v, "Variant Content", arena_strf(r->a, "%lld", (long long)content), row->line, e);
}

static struct str variant_name(struct in_reader *r, const struct csv_row *row)
{
	struct str shown = cell_of(r, row, "display_name"), units = cell_of(r, row, "units");
	struct str type = cell_of(r, row, "unit_type"), unit = cell_of(r, row, "variant_unit_name");
	if (shown.n)
		return shown;
	return units.n ? arena_strf(r->a, "%.*s %.*s", STR_ARG(units), STR_ARG(type.n ? type : unit))
	               : STR("Default Title");
}

static enum status read_ofn(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e)
{
	(void)arg;
	bool fresh,
	        demand = str_eqc(cell_of(r, row, "on_demand"), "1") || str_ieqc(cell_of(r, row, "on_demand"), "true");
	struct str producer = cell_of(r, row, "producer"), name = cell_of(r, row, "name"),
	           price = cell_of(r, row, "price");
	struct str source = arena_strf(r->a, "ofn:%.*s/%.*s", STR_ARG(producer), STR_ARG(name));
	if (!name.n || !price.n)
		return err_set(e, ST_INVALID, "Line %zu has no %s", row->line, name.n ? "price" : "name");
	struct in_product *p = in_product(r, source, row->line, &fresh);
	const struct {
		const char *column;
		struct str cell;
	} own[] = { { "Title", name },
		    { "Vendor", producer },
		    { "Type", cell_of(r, row, "category") },
		    { "Body (HTML)", cell_of(r, row, "description") },
		    { "Source", source },
		    { "Option1 Name", STR("Title") } };
	for (size_t i = 0; fresh && i < sizeof own / sizeof *own; i++)
		TRY(in_set(r, p->v, own[i].column, own[i].cell, row->line, e));
	p->source = source;
	TRY(in_width(r, row, e));
	struct in_variant *v = in_variant(r, p, row->line);
	TRY(set_content(r, v, row, e));
	const struct {
		const char *column;
		struct str cell;
	} of_one[] = { { "Option1 Value", variant_name(r, row) },
		       { "Variant SKU", cell_of(r, row, "sku") },
		       { "Variant Price", price },
		       { "Variant Inventory Qty", demand ? STR("") : cell_of(r, row, "on_hand") },
		       { "Variant Inventory Policy", demand ? STR("continue") : STR("deny") } };
	for (size_t i = 0; i < sizeof of_one / sizeof *of_one; i++)
		TRY(in_set(r, v->v, of_one[i].column, of_one[i].cell, row->line, e));
	return ST_OK;
}

static const char *const ofn_columns[] = { "producer",    "sku",       "name",      "display_name",      "category",
	                                   "description", "units",     "unit_type", "variant_unit_name", "price",
	                                   "on_hand",     "on_demand", NULL };

enum status in_ofn(struct in_reader *r, struct err *e)
{
	r->out->format = "ofn";
	if (in_column(r, "name") < 0)
		return err_set(e, ST_INVALID, "Line 1: there is no column name");
	for (size_t i = 1; i < r->csv.n; i++)
		TRY(in_row(r, read_ofn, NULL, &r->csv.rows[i], e));
	tell_left_out(r, ofn_columns, NULL);
	return ST_OK;
}
