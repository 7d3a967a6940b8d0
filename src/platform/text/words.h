/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and excerpts made of people's words.
 */
#ifndef GH_PLATFORM_WORDS_H
#define GH_PLATFORM_WORDS_H

#include "base/arena.h"
#include "base/str.h"

/* "Crème brûlée & tea" → "creme-brulee-tea": [a-z0-9-], at most 185 bytes; empty when nothing is left. In a. */
struct str text_slug(struct arena *a, struct str text);
/* The first sentences of a text, at most max code points, cut at a word, "…" when cut; in a, or a part of plain. */
struct str text_excerpt(struct arena *a, struct str plain, size_t max);

#endif
