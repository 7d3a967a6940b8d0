/* SPDX-License-Identifier: Apache-2.0
 *
 * What a variant costs and whether it can be had, for cart's questions and for pages.
 */
#ifndef GH_SERVICES_MARKET_SALE_H
#define GH_SERVICES_MARKET_SALE_H

#include "base/money.h"
#include "gen/market_serve.h"
#include "gen/market_sql.h"

enum {
	SALE_LINES_MAX = 500,        /* of a checkout */
	SALE_QUANTITY_MAX = 1000000, /* of a line */
	SALE_HOLD_S = 7 * 24 * 3600, /* longest hold */
	SALE_KEY_MAX = 100           /* bytes of a checkout's or refund's name */
};

/* How many of the offer can be had now; -1: any number. */
int64_t sale_most(const struct market_offer_row *o);
/* Why so many can't be had; "": they can. p NULL: it is not for sale. */
struct str sale_why(const struct market_offer_row *o, int64_t quantity);
/* "500 g / red"; "" where there is one only. In a. */
struct str sale_options(struct arena *a, struct str value1, struct str value2, struct str value3);
/* price × 1000 ÷ content of g and ml, rounded half up; of pieces the price of one. */
int64_t sale_unit_price(int64_t price, struct str unit, int64_t content);
/* The same for people: "4.20 € per kg"; "" for a single piece. In a. */
struct str sale_unit_text(struct arena *a, const struct money *price, struct str unit, int64_t content);

#endif
