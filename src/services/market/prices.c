/* SPDX-License-Identifier: Apache-2.0
 *
 * The lowest of the prices that somebody may have, and what things cost before.
 */
#include "services/market/prices.h"

#include "base/clock.h"
#include "services/market/market.h"

static const struct {
	const char *name, *why;
	size_t allowed; /* member of struct sale_buyer */
} lists[] = {
	{ "member", TR_NOOP("Price for members"), offsetof(struct sale_buyer, member) },
	{ "household", TR_NOOP("Price for households"), offsetof(struct sale_buyer, household) },
};

struct sale_price sale_price_of(int64_t usual, const struct offer_cycle *k)
{
	bool lower = k->open && k->price && k->price < usual;
	return (struct sale_price){ lower ? k->price : usual, lower ? TR("Price of this cycle") : STR("") };
}

struct sale_buyer sale_buyer_of(int64_t person, struct str roles)
{
	return (struct sale_buyer){ .member = person != 0, .household = str_has_word(roles, STR("market.household")) };
}

enum status sale_price_for(struct db_conn *c, int64_t variant, int64_t usual, const struct offer_cycle *k,
                           const struct sale_buyer *b, struct sale_price *out, struct err *e)
{
	struct market_list_prices_of_row *rows;
	size_t n;
	*out = sale_price_of(usual, k);
	if (!b->member && !b->household)
		return ST_OK;
	TRY(q_market_list_prices_of(c, variant, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
			bool allowed = *(const bool *)((const char *)b + lists[l].allowed);
			if (allowed && str_eqc(rows[i].list, lists[l].name) && rows[i].price < out->minor)
				*out = (struct sale_price){ rows[i].price, str_c(tr(lists[l].why)) };
		}
	return ST_OK;
}

enum status sale_before(struct db_conn *c, int64_t variant, int64_t price, int64_t was, struct str keeps,
                        int64_t *before, struct err *e)
{
	const int64_t day = INT64_C(86400) * US_PER_S;
	struct market_reduced_since_row *since;
	struct market_lowest_row *low;
	*before = was > price ? was : 0;
	if (!*before || str_eqc(keeps, "perishable"))
		return ST_OK;
	TRY(q_market_reduced_since(c, variant, &since, e));
	if (!since || since->at_null)
		return ST_OK;
	TRY(q_market_lowest(c, variant, since->at - HISTORY_DAYS * day, since->at, &low, e));
	if (!low || low->lowest_null)
		return ST_OK;
	if (low->lowest < *before)
		*before = low->lowest;
	if (*before <= price)
		*before = 0;
	return ST_OK;
}

int64_t sale_percent(int64_t before, int64_t price)
{
	return ((before - price) * 100 + before / 2) / before;
}

struct str sale_list_text(struct ctx *ctx, struct str list, int64_t price, const char currency[4])
{
	struct str money = market_money(ctx, price, currency);
	const char *format = str_eqc(list, "member") ? tr("%.*s for members") : tr("%.*s for households");
	return arena_strf(ctx->arena, format, STR_ARG(money));
}

enum status price_set(struct db_conn *c, int64_t variant, struct str list, int64_t price, bool *changed, struct err *e)
{
	struct market_list_prices_of_row *rows;
	size_t n;
	int64_t was = 0;
	TRY(q_market_list_prices_of(c, variant, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].list, list))
			was = rows[i].price;
	*changed = was != price;
	if (!*changed)
		return ST_OK;
	if (price)
		TRY(q_market_list_price_put(c, variant, list, price, NULL, e));
	else
		TRY(q_market_list_price_drop(c, variant, list, NULL, e));
	return q_market_list_price_changed(c, variant, list, clock_now_us(), price, NULL, e);
}
