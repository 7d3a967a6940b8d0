/* SPDX-License-Identifier: Apache-2.0
 *
 * The 14 allergens that EU 1169/2011 (annex II) wants named, and which of them a product's words name. Lists leave out
 * by them. Pure; any thread.
 */
#ifndef GH_SERVICES_MARKET_ALLERGENS_H
#define GH_SERVICES_MARKET_ALLERGENS_H

#include "base/arena.h"
#include "base/str.h"

enum { ALLERGENS = 14, ALLERGEN_TEXT_MAX = 120 };
#define ALLERGENS_ALL ((1U << ALLERGENS) - 1)

struct allergen {
	const char *slug, *title; /* title: to be translated */
	const char *stems;        /* beginnings of words that name it, folded as text_slug does; a blank between them */
};
/* In the order of the law. */
extern const struct allergen market_allergens[ALLERGENS];

/* The allergens that a field like "wheat, hazelnuts (traces)" names: bit i for market_allergens[i]. What stands between
 * two commas and is understood nowhere could be any of them, and so could what is longer than ALLERGEN_TEXT_MAX bytes:
 * all bits. "" and "none": no bit. a: for scratch. */
unsigned market_allergens_in(struct arena *a, struct str text);
/* The allergen of that slug; NULL: there is none. */
const struct allergen *market_allergen_of(struct str slug);

#endif
