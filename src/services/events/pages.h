/* SPDX-License-Identifier: Apache-2.0
 *
 * What pages of events show, and the handlers of service.c's tables (pages.c).
 */
#ifndef GH_SERVICES_EVENTS_PAGES_H
#define GH_SERVICES_EVENTS_PAGES_H

#include "gen/events_sql.h"
#include "platform/web/web.h"
#include "services/events/events.h"

enum {
	AGENDA_PAGE = 30,      /* occurrences of a page */
	ENTRY_TIMES = 12,      /* that an entry's page names */
	FEED_KEPT_DAYS = 60,   /* cancelled entries stand in feeds */
	FEED_MAX = 8 << 20
};

/* An occurrence in words. */
struct happening {
	const struct events_calendar_row *cal;
	struct str title, place, url;
	struct str day;      /* "Saturday, 6 December 2026" */
	struct str time;     /* "14:00–17:00"; of whole days "All day", or until when */
	struct str zone;     /* where that is not the site's; "": it is */
	struct str starts, ends; /* RFC 3339 with an offset, or days */
	bool cancelled;
	bool begins;         /* the first of its day in the list */
};
struct agenda_view {
	struct web *w;
	struct page_shell shell;
	const struct events_calendar_row *cal; /* NULL: of all */
	const struct events_calendar_row *calendars;
	size_t calendar_n;
	struct happening *list;
	size_t n;
	struct str next, feed; /* "": none */
	bool later;            /* not the first page */
};
struct entry_view {
	struct web *w;
	struct page_shell shell;
	const struct events_calendar_row *cal;
	const struct events_entries_in_row *row;
	struct str title, place;
	const struct happening *shown; /* NULL: it has no time to come */
	struct happening *list;        /* the next ones */
	size_t n;
};

/* An occurrence in words of the current language, in ctx->arena; site_zone: what is not said (events_site_zone). */
struct happening events_happening(struct ctx *ctx, const struct occurrence *o, struct str site_zone);
struct str events_site_zone(struct ctx *ctx);
/* The address of a calendar's feed, with its key where it needs one. */
struct str events_feed_url(struct ctx *ctx, const struct events_calendar_row *cal);

/* What comes, of all calendars. */
enum status events_get_agenda(struct web *w, struct err *e) MUST_CHECK;
/* What comes of one, or its feed: "choir", "choir.ics". */
enum status events_get_calendar(struct web *w, struct err *e) MUST_CHECK;
/* An entry; at: the instant of one of its times. */
enum status events_get_entry(struct web *w, struct err *e) MUST_CHECK;
/* Fills a site that has no calendar with the demonstration's. */
enum status events_demo(struct ctx *ctx, const char *demo_dir, struct err *e) MUST_CHECK;

#endif
