/* SPDX-License-Identifier: Apache-2.0
 *
 * What the packing list shows: what is to be handed over, by person, and how much of each thing that is in all.
 */
#ifndef GH_SERVICES_CART_PACK_H
#define GH_SERVICES_CART_PACK_H

#include "gen/cart_sql.h"
#include "services/cart/pay.h"

enum { PACK_PAGE_MAX = 4 << 20 };

struct pack_product { struct str name, variant, supplier; int64_t quantity; };
struct pack_view {
	struct web *w;
	struct cart_pack_row *rows; /* by person and order */
	size_t count;
	struct pack_product *products;
	size_t product_count;
};

#endif
