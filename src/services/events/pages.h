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
	MONTH_DAY_SHOWN = 5,   /* of a day of a month; the others are counted */
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
	struct str list_url, month_url;
	bool later;            /* not the first page */
};
struct month_day {
	int day;
	bool inside, today;      /* of the month that is shown; the day that it is */
	struct str name, url;    /* in words; the list from there on */
	struct happening *list;
	size_t n;
	int64_t more;            /* not in list */
};
struct month_view {
	struct web *w;
	struct page_shell shell;
	const struct events_calendar_row *cal; /* NULL: of all */
	int year, month;
	int64_t first;           /* the first day that is shown, counted from 1970 */
	struct month_day *days;
	size_t n;                /* whole weeks */
	struct str title, before, after, list_url;
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

/* The month that a request asks for (month=2026-12; else this one), of the calendars of `of`. Ends the read. */
enum status events_month_page(struct web *w, struct db_conn **c, const struct agenda_view *of,
        struct err *e) MUST_CHECK;

/* What comes, of all calendars. */
enum status events_get_agenda(struct web *w, struct err *e) MUST_CHECK;
/* What comes of one, or its feed: "choir", "choir.ics". */
enum status events_get_calendar(struct web *w, struct err *e) MUST_CHECK;
/* An entry; at: the instant of one of its times. */
enum status events_get_entry(struct web *w, struct err *e) MUST_CHECK;
/* Fills a site that has no calendar with the demonstration's. */
enum status events_demo(struct ctx *ctx, const char *demo_dir, struct err *e) MUST_CHECK;

#endif
