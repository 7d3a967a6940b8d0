/* SPDX-License-Identifier: Apache-2.0
 *
 * What a variant costs whom: the lowest of the prices that somebody may have, and why it is that one.
 */
#ifndef GH_SERVICES_MARKET_PRICES_H
#define GH_SERVICES_MARKET_PRICES_H

#include "gen/market_sql.h"
#include "services/market/cycles.h"

struct sale_price {
	int64_t minor;
	struct str why; /* "Price of this cycle", in the current language; "": it is the usual one */
};
/* For everybody: the usual price, or that of the open cycle where it is lower. */
struct sale_price sale_price_of(int64_t usual, const struct offer_cycle *k);

#endif
