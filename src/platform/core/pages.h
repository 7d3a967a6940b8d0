/* SPDX-License-Identifier: Apache-2.0
 *
 * Where people find things: the administration, an account's tabs and the sign-in menu are made of rows that services
 * declare (struct page_row), so that a service's pages are in them, and are not when it is not there. Rows name a
 * service's own paths; what comes out are links from base URLs.
 */
#ifndef GH_PLATFORM_PAGES_H
#define GH_PLATFORM_PAGES_H

#include "base/arena.h"
#include "platform/core/person.h"
#include "platform/core/service.h"

struct page_link {
	const struct page_row *row;
	struct str url;
	bool current;  /* it, or a page below it, is the one that is shown */
	bool begins;   /* the first of its group */
};

/* The rows of a place that this person may see, by group and rank; in ctx->arena. place PLACE_BELOW: those under
   `under`, a path of the service ctx->svc; otherwise under is NULL. shown: path of the page that is answered ("" :
   none), for .current. person NULL: a visitor. */
struct page_link *pages_of(struct ctx *ctx, const struct person *person, enum page_place place, const char *under,
        struct str shown, size_t *n);

#endif
