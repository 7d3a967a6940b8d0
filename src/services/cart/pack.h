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
	struct str zone;
};

/* A month of a treasurer's page. */
struct month {
	int64_t from, upto;               /* UTC µs */
	struct str text, words, before, after; /* "2026-11", "November 2026"; its neighbours */
};
/* The one that is asked for ("month=2026-11"), else this one. */
enum status month_of(struct web *w, struct month *out, struct err *e) MUST_CHECK;

/* What a supplier is owed for a month. */
struct statement {
	int64_t supplier, owed, paid, paid_at;
	struct str name, currency;
	const struct cart_statement_lines_row *lines; /* what of theirs was sold */
	size_t count;
};
struct statements_view { struct web *w; struct month month; struct statement *list; size_t count; bool done; };

/* Tax of a month, by rate: what was invoiced less what was credited. */
enum { VAT_RATES_MAX = 32 };
struct vat_row { int64_t rate, gross, vat; struct str currency; };
struct vat_view {
	struct web *w;
	struct vat_row rows[VAT_RATES_MAX];
	size_t count;
	int64_t documents;
	struct month month;
};

#endif
