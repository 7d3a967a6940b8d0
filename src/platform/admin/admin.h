/* SPDX-License-Identifier: Apache-2.0
 *
 * The administration: its front page, and the settings. Everything else in it is the services' own: a page is a row of
 * a service's table (struct page_row) and a route; what is to be done first on a new site is a row, too (struct
 * first_step).
 */
#ifndef GH_PLATFORM_ADMIN_H
#define GH_PLATFORM_ADMIN_H

#include "platform/core/pages.h"
#include "platform/web/web.h"

extern const struct route admin_routes[];
extern const struct page_row admin_pages[];

/* --- for the templates --- */
struct admin_step { const struct first_step *step; struct str url; bool done; };
struct admin_home {
	const struct admin_step *steps;
	size_t step_count, open;
	const struct page_link *pages;
	size_t page_count;
};

#endif
