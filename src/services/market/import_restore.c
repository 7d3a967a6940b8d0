/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking back what an import did: a product as it was, or away with one that was not there. Within a transaction.
 */
#include "base/id.h"
#include "platform/text/json.h"
#include "services/market/import_writer.h"

typedef struct market_variants_of_row variant_row;

/* How many there were of a variant once the import had changed it; false: it was none of its. */
static bool stock_once(const json_t *stocks, int64_t variant, int64_t *n)
{
	size_t i;
	json_t *pair;
	json_array_foreach(stocks, i, pair)
	{
		if (json_integer_value(json_array_get(pair, 0)) != variant)
			continue;
		*n = json_integer_value(json_array_get(pair, 1));
		return true;
	}
	return false;
}

/* The item as it was, but for what was sold or counted since: the difference that the import made is taken back. */
static enum status restore_stock(const struct shelf_back *b, const variant_row *now, const struct in_variant *was,
                                 int64_t once, struct err *e)
{
	struct market_stock_of_row *k;
	TRY(q_market_stock_of(b->c, now->stock_id, &k, e));
	if (!k)
		return err_set(e, ST_INTERNAL, "a variant without a stock item");
	int64_t on_hand = k->on_hand + was->on_hand - once;
	if (on_hand < k->held)
		on_hand = k->held;
	TRY(q_market_stock_set(b->c, now->stock_id, str_c(was->kind), on_hand,
	                       was->imported_null ? NULL : &was->imported, NULL, e));
	if (on_hand == k->on_hand)
		return ST_OK;
	return q_market_move_add(b->c, id_new(), now->stock_id, STR("count"), on_hand - k->on_hand, STR("import"),
	                         b->person ? &b->person : NULL, b->now, NULL, e);
}

/* Whatever hangs on a variant that nobody ever wanted; *gone false: somebody did, and it stays as it is. */
static enum status drop_variant(const struct shelf_back *b, int64_t id, bool *gone, struct err *e)
{
	struct market_variant_unused_row *row;
	TRY(q_market_variant_unused(b->c, id, &row, e));
	*gone = row != NULL;
	if (!row)
		return ST_OK;
	TRY(q_market_variant_prices_drop(b->c, id, NULL, e));
	TRY(q_market_variant_drop(b->c, id, NULL, e));
	TRY(q_market_stock_moves_drop(b->c, row->stock_id, NULL, e));
	return q_market_stock_drop(b->c, row->stock_id, NULL, e);
}

static const struct in_variant *variant_was(const struct in_product *was, int64_t id)
{
	for (size_t i = 0; i < was->variant_count; i++)
		if (was->variants[i].id == id)
			return &was->variants[i];
	return NULL;
}

enum status product_restore(const struct shelf_back *b, int64_t id, const struct in_product *was, struct str stocks,
                            struct err *e)
{
	enum written what;
	variant_row *rows;
	size_t n;
	int64_t once = 0;
	bool gone;
	SCOPED_JSON *counted = json_parse(stocks, 3, NULL);
	TRY(writer_put(b->w, was, &what, &id, e));
	TRY(q_market_variants_of(b->c, id, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		const struct in_variant *v = variant_was(was, rows[i].id);
		bool again = false; /* items are shared, and set once */
		for (size_t k = 0; k < i && !again; k++)
			again = rows[k].stock_id == rows[i].stock_id;
		if (!v)
			TRY(drop_variant(b, rows[i].id, &gone, e));
		else if (v->kind && !again && stock_once(counted, v->id, &once))
			TRY(restore_stock(b, &rows[i], v, once, e));
	}
	return q_market_product_refresh(b->c, id, NULL, e);
}

enum status product_remove(const struct shelf_back *b, int64_t id, struct err *e)
{
	variant_row *rows;
	size_t n;
	bool all = true;
	TRY(q_market_variants_of(b->c, id, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		bool gone;
		TRY(drop_variant(b, rows[i].id, &gone, e));
		all &= gone;
	}
	if (!all) {
		TRY(q_market_product_archive(b->c, id, b->now, NULL, e));
		return q_market_product_refresh(b->c, id, NULL, e);
	}
	TRY(q_market_facets_drop(b->c, id, NULL, e));
	TRY(q_market_images_drop(b->c, id, NULL, e));
	TRY(q_market_search_drop(b->c, id, NULL, e));
	return q_market_product_drop(b->c, id, NULL, e);
}
