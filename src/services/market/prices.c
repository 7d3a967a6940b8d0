/* SPDX-License-Identifier: Apache-2.0
 *
 * The lowest of the prices that somebody may have.
 */
#include "services/market/prices.h"

struct sale_price sale_price_of(int64_t usual, const struct offer_cycle *k)
{
	bool lower = k->open && k->price && k->price < usual;
	return (struct sale_price){ lower ? k->price : usual, lower ? TR("Price of this cycle") : STR("") };
}
