/* SPDX-License-Identifier: Apache-2.0
 *
 * A product's form as the cells of a file.
 */
#include "services/market/admin.h"

static const struct {
	const char *column;
	size_t at;
} product_texts[] = { { "Title", offsetof(struct product_form, title) },
	              { "Page", offsetof(struct product_form, page) },
	              { "Vendor", offsetof(struct product_form, supplier) },
	              { "Summary", offsetof(struct product_form, summary) },
	              { "Body (HTML)", offsetof(struct product_form, body) },
	              { "Categories", offsetof(struct product_form, categories) },
	              { "Tags", offsetof(struct product_form, tags) },
	              { "Status", offsetof(struct product_form, status) },
	              { "No Withdrawal", offsetof(struct product_form, keeps) },
	              { "Allergens", offsetof(struct product_form, contains) },
	              { "May Contain", offsetof(struct product_form, may_contain) },
	              { "Ingredients", offsetof(struct product_form, ingredients) },
	              { "Origin", offsetof(struct product_form, origin) } },
  option_texts[] = { { "Option1 Name", offsetof(struct product_form, option1) },
	             { "Option2 Name", offsetof(struct product_form, option2) },
	             { "Option3 Name", offsetof(struct product_form, option3) } },
  variant_texts[] = { { "Option1 Value", offsetof(struct product_form, value1) },
	              { "Option2 Value", offsetof(struct product_form, value2) },
	              { "Option3 Value", offsetof(struct product_form, value3) },
	              { "Variant SKU", offsetof(struct product_form, sku) },
	              { "Variant Barcode", offsetof(struct product_form, gtin) },
	              { "Variant Unit", offsetof(struct product_form, unit) } },
  variant_amounts[] = { { "Variant Price", offsetof(struct product_form, price) },
	                { "Variant Compare At Price", offsetof(struct product_form, was) },
	                { "Variant Supplier Price", offsetof(struct product_form, supplier_price) },
	                { "Variant Deposit", offsetof(struct product_form, deposit) },
	                { "Variant Price per kg", offsetof(struct product_form, per_kg) } },
  variant_numbers[] = { { "Variant Content", offsetof(struct product_form, content) },
	                { "Variant Minimum", offsetof(struct product_form, least) },
	                { "Variant Step", offsetof(struct product_form, step) },
	                { "Variant Maximum", offsetof(struct product_form, most) } };
#define ROWS(table) (sizeof(table) / sizeof *(table))

static struct str number_text(struct product_save *s, int64_t n)
{
	return arena_strf(s->reader.a, "%lld", (long long)n);
}

enum status cells_of_product(struct product_save *s, const struct product_form *v, bool options, struct err *e)
{
	int64_t points = 0;
	for (size_t i = 0; i < ROWS(product_texts); i++)
		TRY(save_put(s, product_texts[i].column, *(const struct str *)((const char *)v + product_texts[i].at),
		             e));
	for (size_t i = 0; options && i < ROWS(option_texts); i++)
		TRY(save_put(s, option_texts[i].column, *(const struct str *)((const char *)v + option_texts[i].at),
		             e));
	if (v->vat.n && !market_percent_read(v->vat, &points))
		return err_set(e, ST_INTERNAL, "a percentage that the form took and that is none");
	TRY(save_put(s, "VAT", market_percent(s->reader.a, points), e));
	TRY(save_put(s, "Minimum Age", number_text(s, v->age), e));
	if (str_eqc(v->status, "archived")) /* what it was before comes back */
		return ST_OK;
	return save_put(s, "Published", str_eqc(v->status, "draft") ? STR("false") : STR("true"), e);
}

enum status cells_of_variant(struct product_save *s, const struct product_form *v, bool options, struct err *e)
{
	for (size_t i = options ? 0 : 3; i < ROWS(variant_texts); i++)
		TRY(save_put(s, variant_texts[i].column, *(const struct str *)((const char *)v + variant_texts[i].at),
		             e));
	for (size_t i = 0; i < ROWS(variant_amounts); i++) {
		char text[MONEY_TEXT_MAX];
		struct money m = *(const struct money *)((const char *)v + variant_amounts[i].at);
		memcpy(m.currency, s->ask.currency, sizeof m.currency);
		TRY(save_put(s, variant_amounts[i].column, arena_str(s->reader.a, str_n(text, money_text(&m, text))),
		             e));
	}
	for (size_t i = 0; i < ROWS(variant_numbers); i++)
		TRY(save_put(s, variant_numbers[i].column,
		             number_text(s, *(const int64_t *)((const char *)v + variant_numbers[i].at)), e));
	return ST_OK;
}

enum status cells_of_stock(struct product_save *s, const struct product_form *v, struct err *e)
{
	bool counted = str_eqc(v->stock, "counted");
	TRY(save_put(s, "Variant Inventory Qty", counted ? number_text(s, v->count) : STR(""), e));
	return save_put(s, "Variant Inventory Policy", str_eqc(v->stock, "on_demand") ? STR("continue") : STR("deny"),
	                e);
}
