/* SPDX-License-Identifier: Apache-2.0
 *
 * What a variant costs whom: the lowest of the prices that somebody may have, and why it is that one; and what it cost
 * before. A list's price is told to everybody, and the basket charges it to those who may have it.
 */
#ifndef GH_SERVICES_MARKET_PRICES_H
#define GH_SERVICES_MARKET_PRICES_H

#include "gen/market_sql.h"
#include "services/market/cycles.h"

enum { PRICES_SHOWN = 12 /* former prices of a variant, on its page */ };

struct sale_price {
	int64_t minor;
	struct str why; /* "Price of this cycle", in the current language; "": it is the usual one */
};
/* For everybody: the usual price, or that of the open cycle where it is lower. */
struct sale_price sale_price_of(int64_t usual, const struct offer_cycle *k);
/* Who buys. */
struct sale_buyer {
	bool member, household;
};
/* person: 0 a visitor; roles: as contracts have them. */
struct sale_buyer sale_buyer_of(int64_t person, struct str roles);
/* The lowest that the buyer may have. */
enum status sale_price_for(struct db_conn *c, int64_t variant, int64_t usual, const struct offer_cycle *k,
                           const struct sale_buyer *b, struct sale_price *out, struct err *e) MUST_CHECK;

/* What a reduced variant cost before: the lowest price of the 30 days before the reduction began, no more than `was`
   says; perishable goods (keeps) have what `was` says. *before 0: it is not reduced, whatever is said. */
enum status sale_before(struct db_conn *c, int64_t variant, int64_t price, int64_t was, struct str keeps,
                        int64_t *before, struct err *e) MUST_CHECK;
/* By how many per cent price is below before, rounded half up; before > 0. */
int64_t sale_percent(int64_t before, int64_t price);

/* "€3.60 for members", in ctx->arena. list: as price_set. */
struct str sale_list_text(struct ctx *ctx, struct str list, int64_t price, const char currency[4]);

/* Inside db_write's fn: the price of a list from now on, 0: none; the change goes into the history. *changed false: it
   was so before. list: member, household. */
enum status price_set(struct db_conn *c, int64_t variant, struct str list, int64_t price, bool *changed,
                      struct err *e) MUST_CHECK;

/* What a form of the list's page holds, and its handlers. */
struct price_form {
	struct str name, list, price;
};
enum status market_get_admin_prices(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_admin_prices(struct web *w, struct err *e) MUST_CHECK;

#endif
