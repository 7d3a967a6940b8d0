/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of an order: whole minor units, no floats. Prices have their tax in. What is spread over lines adds up
 * to what was spread, and what comes back piece by piece adds up to what was paid.
 */
#ifndef GH_SERVICES_CART_TOTALS_H
#define GH_SERVICES_CART_TOTALS_H

#include <stddef.h>
#include <stdint.h>

enum { VAT_WHOLE = 10000 /* basis points in one */, TOTALS_LINES_MAX = 128 /* of one order */ };

/* Tax in a gross amount: round half up(gross × rate / (10000 + rate)); rate in basis points. */
int64_t totals_vat_of(int64_t gross, int64_t rate);

/* amount over n parts in proportion to their weights (none negative), by largest remainder; equal remainders: the first
   first. All of amount goes to the parts, unless every weight is 0: then none of it does. */
void totals_spread(int64_t amount, const int64_t *weights, size_t n, int64_t *parts);

struct totals_line { int64_t total, rate, vat; /* vat: out */ };
/* Tax of each rate on the sum of its lines, spread over them. Returns the tax of all. */
int64_t totals_vat(struct totals_line *lines, size_t n);

/* What falls to pieces done+1 … done+some of n, of a total: the differences of floor(total × k / n), so that all pieces
   together are the total. */
int64_t totals_part(int64_t total, int64_t done, int64_t some, int64_t n);

#endif
