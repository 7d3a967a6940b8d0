/* SPDX-License-Identifier: Apache-2.0
 *
 * Collection windows: chosen at the checkout, as many people each as it has room for.
 */
#ifndef GH_SERVICES_CART_SLOTS_H
#define GH_SERVICES_CART_SLOTS_H

#include "gen/cart_sql.h"
#include "platform/forms/forms.h"

enum {
	SLOTS_SHOWN = 50,        /* that can be chosen among */
	VISITS_SHOWN = 5,        /* orders to collect it with */
	SLOT_PLACE_MAX = 100,    /* characters */
	SLOT_CAPACITY_MAX = 1000,
	SLOT_AHEAD_DAYS = 366
};

/* Is one to be chosen: is any window open, be it full? */
bool slots_any(struct ctx *ctx);
/* Choices of the checkout's field: windows that are open and have room. */
const struct choice *slot_choices(struct web *w, const void *values);
/* "Old mill, 4 December 2026, 16:00–19:00", as who reads it counts hours; in ctx->arena. */
struct str slot_words(struct ctx *ctx, struct str zone, struct str place, int64_t starts_at, int64_t ends_at);
/* Windows are at a place: their hours are the site's, whoever reads them. */
struct str slot_zone(struct ctx *ctx);
/* What was chosen for orders of one press: a value of slot_choices. */
struct slot_wish { struct str chosen; int64_t person /* 0: a visitor */, now; const int64_t *orders; size_t count; };
/* In db_write's fn. *full true, and ST_CONFLICT: it has no room, or is closed. */
enum status slot_take(struct db_conn *c, const struct slot_wish *x, bool *full, struct err *e) MUST_CHECK;

/* The keeper's list, and its form. */
enum status cart_get_slots(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_slots(struct web *w, struct err *e) MUST_CHECK;

#endif
