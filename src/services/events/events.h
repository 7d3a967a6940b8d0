/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside events: calendars in and out of files, and what is kept as series of times.
 */
#ifndef GH_SERVICES_EVENTS_EVENTS_H
#define GH_SERVICES_EVENTS_EVENTS_H

#include "gen/events_sql.h"
#include "platform/core/service.h"
#include "services/events/ics.h"

enum {
	WEEK_S = 7 * 86400,     /* what is shorter and happens once is found by its beginning */
	ENTRIES_AT_ONCE = 200,  /* read in a part */
	EXPAND_AT_ONCE_S = 366 * 86400, /* of a long window, as much as is worked out at once */
	CALENDAR_SLUG_MAX = 60
};

struct import_counts { int64_t added, changed, same; bool made; };

/* Puts what was read into a calendar, which is made where it is missing: all of it, or nothing. */
enum status events_import(struct ctx *ctx, struct str slug, struct ics_file *read, struct import_counts *out,
                          struct err *e) MUST_CHECK;
/* The zone of a calendar; "" where there is none of that slug. In ctx->arena. */
enum status events_calendar_zone(struct ctx *ctx, struct str slug, struct str *zone, struct err *e) MUST_CHECK;
/* Hands on when each occurrence of a calendar begins, from `from` to before `to`, in order; cancelled ones are left
   out. ST_NOT_FOUND: there is no such calendar. */
typedef enum status put_time_fn(void *arg, int64_t instant, struct err *e);
enum status events_expand(struct ctx *ctx, struct str slug, int64_t from, int64_t to, put_time_fn *put, void *arg,
                          struct err *e) MUST_CHECK;

/* What an occurrence is of (struct occurrence's of). */
struct event_source { const struct events_calendar_row *cal; const struct events_entries_in_row *row; };
/* Adds what begins in [from, to), or with overlap goes on in it, of a calendar's published entries and, with cancelled,
   of its cancelled ones, to out, in a, in no order. ST_TOO_LARGE. */
struct events_look { int64_t from, to; bool overlap, cancelled; };
enum status events_window(struct arena *a, struct db_conn *c, const struct events_calendar_row *cal,
        const struct events_look *look, struct occurrences *out, struct err *e) MUST_CHECK;
/* A calendar as iCalendar (RFC 5545, 7986), for a feed: a VEVENT for each series and for each of its changes. */
enum status events_write_ics(struct ctx *ctx, struct db_conn *c, const struct events_calendar_row *cal, struct buf *out,
        struct err *e) MUST_CHECK;

/* A kept entry as a series, in a. zone: its calendar's. c: for its overrides, which are not asked for where wide is 0.
   ST_CORRUPT. */
enum status events_series(struct arena *a, struct db_conn *c, const struct events_entries_in_row *row, struct str zone,
        struct series *out, struct err *e) MUST_CHECK;
/* The rules of a zone by its name; NULL: UTC, or a zone that the system no longer knows. */
const struct zone *events_zone(struct str name);

#endif
