/* SPDX-License-Identifier: Apache-2.0
 *
 * A cooperative's own colour as a style sheet: whatever it is, links can be read on both grounds and buttons, too.
 */
#ifndef GH_SERVICES_BLOG_ACCENT_H
#define GH_SERVICES_BLOG_ACCENT_H

#include "base/arena.h"
#include "base/str.h"

struct rgb { unsigned char r, g, b; };

/* "#rgb" or "#rrggbb"; false: no colour. */
bool rgb_parse(struct str s, struct rgb *out);
/* WCAG 2: 1 for the same colour to 21 for black on white. */
double rgb_contrast(struct rgb a, struct rgb b);

/* Rules for web/css/site.css: the accent, the ink of links on light and dark ground, and what stands on the accent; in
   a. "" when accent is no colour. */
struct str accent_css(struct arena *a, struct str accent);

#endif
