/* SPDX-License-Identifier: Apache-2.0
 *
 * The columns of a catalogue as a file: what imports take and exports write, in one table.
 */
#include <stddef.h>

#include "services/market/import.h"

#define P(name, member, kind)                                                                                          \
	{                                                                                                              \
		name, OF_PRODUCT, COLUMN_##kind, offsetof(struct market_product_row, member)                           \
	}
#define V(name, member, kind)                                                                                          \
	{                                                                                                              \
		name, OF_VARIANT, COLUMN_##kind, offsetof(struct market_variants_of_row, member)                       \
	}

/* Shopify's names where it has the column, in its order. */
const struct market_column market_columns[] = {
	P("Title", title, TEXT),
	P("Body (HTML)", body, HTML),
	P("Vendor", vendor, TEXT),
	P("Type", type, TEXT),
	P("Tags", tags, LIST),
	P("Published", published, FLAG),
	P("Option1 Name", option1, TEXT),
	V("Option1 Value", value1, TEXT),
	P("Option2 Name", option2, TEXT),
	V("Option2 Value", value2, TEXT),
	P("Option3 Name", option3, TEXT),
	V("Option3 Value", value3, TEXT),
	V("Variant SKU", sku, TEXT),
	V("Variant Inventory Qty", on_hand, QUANTITY),
	V("Variant Inventory Policy", kind, POLICY),
	V("Variant Price", price, MONEY),
	V("Variant Compare At Price", was, MONEY),
	V("Variant Barcode", gtin, TEXT),
	V("Variant Image", image, TEXT),
	P("Status", status, STATUS),
	/* ours */
	P("Page", page, TEXT),
	P("Source", source, TEXT),
	P("Categories", categories, LIST),
	P("Summary", summary, TEXT),
	P("Allergens", contains, LIST),
	P("May Contain", may_contain, LIST),
	P("Ingredients", ingredients, TEXT),
	P("Origin", origin, TEXT),
	P("VAT", vat, PERCENT),
	P("Minimum Age", age, NUMBER),
	P("No Withdrawal", keeps, TEXT),
	V("Variant Supplier Price", supplier_price, MONEY),
	V("Variant Deposit", deposit, MONEY),
	V("Variant Unit", unit, UNIT),
	V("Variant Content", content, COUNT),
	V("Variant Price per kg", per_kg, MONEY),
	V("Variant Minimum", least, COUNT),
	V("Variant Step", step, COUNT),
	V("Variant Maximum", most, NUMBER),
	{ 0 },
};
_Static_assert(sizeof market_columns / sizeof *market_columns <= MARKET_COLUMNS_MAX, "a value for each column");
