/* SPDX-License-Identifier: Apache-2.0
 *
 * What the checkout page shows.
 */
#ifndef GH_SERVICES_CART_CHECKOUT_H
#define GH_SERVICES_CART_CHECKOUT_H

#include "gen/cart_sql.h"
#include "services/cart/pay.h"

enum { CHECKOUT_METHODS_MAX = 8 };

struct checkout_form {
	struct str key;  /* of the press: pressed twice it is one order */
	struct str seen; /* digest of the basket that was shown */
	struct str name, email, phone, note, slot, method;
};
struct checkout_shown { const struct basket *b; bool changed; };
struct checkout_view {
	struct web *w;
	const struct basket *b;
	const struct form_fill *f;
	bool changed;
	bool slots;       /* there are times of collection to choose among */
	struct str terms; /* where they stand; "": nowhere */
};

#endif
