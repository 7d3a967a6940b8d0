/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders to suppliers: what was sold in an order cycle, gathered when it has closed and everybody had time to pay, one
 * for each supplier, sent to them once.
 */
#ifndef GH_SERVICES_CART_SUPPLIES_H
#define GH_SERVICES_CART_SUPPLIES_H

#include "gen/cart_sql.h"
#include "services/cart/cart.h"

enum {
	SUPPLY_LINES_MAX = 5000, /* of one cycle, over all suppliers */
	SUPPLY_AFTER_MIN = CART_HOLD_MIN + 5, /* after the close: who was paying then has paid, or has not */
	SUPPLY_TEXT_MAX = 512 << 10
};

struct supply_line { struct str name, variant; int64_t quantity; };
struct supply_view {
	struct web *w;
	const struct cart_supply_row *s;
	struct supply_line *lines;
	size_t count;
};

/* A cycle of the market's has closed. */
enum status cart_cycle_closed(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;
enum status cart_supplies_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

/* The keepers' list, one of them, and as a table. */
enum status cart_get_supplies(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_supplies(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_supply(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_supply_csv(struct web *w, struct err *e) MUST_CHECK;

#endif
