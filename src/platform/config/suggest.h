/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean …": the nearest of some known names.
 */
#ifndef GH_PLATFORM_SUGGEST_H
#define GH_PLATFORM_SUGGEST_H

#include "base/str.h"

struct suggest {
	struct str wanted;
	const char *best; /* NULL while nothing was near enough */
	unsigned distance;
};
/* Looks for what is nearest to wanted, which must outlive s. */
void suggest_init(struct suggest *s, struct str wanted);
void suggest_offer(struct suggest *s, const char *name); /* name must outlive s */

/* Edits (insert, delete, replace, swap neighbours) that make a into b; names past 63 bytes count as far apart. */
unsigned edit_distance(struct str a, struct str b);

#endif
