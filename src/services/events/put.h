/* SPDX-License-Identifier: Apache-2.0
 *
 * An entry as a whole: written by files and by forms the same way, and read again to be changed.
 */
#ifndef GH_SERVICES_EVENTS_PUT_H
#define GH_SERVICES_EVENTS_PUT_H

#include "gen/events_sql.h"
#include "services/events/events.h"

#define CALENDAR_COLOUR "#3b6e5a" /* of one that nobody gave a colour */

/* Where entries of a calendar are written: within a transaction, or read. */
struct entry_put {
	struct db_conn *c;
	struct arena *a; /* db_arena(c), or the request's */
	struct str zone; /* the calendar's */
	int64_t now;     /* µs */
};

/* A new entry of a calendar, without anything: its address is made of the title. uid: for ever. */
enum status entry_make(const struct entry_put *p, int64_t calendar, int64_t id, struct str title, struct str uid,
        struct err *e) MUST_CHECK;
/* All of an entry that is there: its texts and times, and what is changed of it, in place of what it had. in->last as
   entry_last makes it. state: "draft", "published", "cancelled". digest: of the file that says so, or "". */
enum status entry_put(const struct entry_put *p, int64_t id, struct str state, const struct ics_series *in,
        struct str digest, struct err *e) MUST_CHECK;
/* The way back, in p->a: row's texts are shared. out->changed has room for one more. No master: its times are only
   those that were changed. */
enum status entry_read(const struct entry_put *p, const struct events_entries_in_row *row, struct ics_series *out,
        struct err *e) MUST_CHECK;
/* Its times without what was changed of them. in has a master. ST_INVALID: a rule or a date is none. */
enum status entry_series(const struct entry_put *p, const struct ics_series *in, struct series *out,
        struct err *e) MUST_CHECK;
/* Works out in->last. ST_INVALID: the rule has not a single day, or takes too long to follow. */
enum status entry_last(const struct entry_put *p, struct ics_series *in, struct err *e) MUST_CHECK;

/* A new secret for a calendar's feed, and a new UID; in a. */
struct str calendar_key(struct arena *a);
struct str entry_uid(struct arena *a);
/* May a calendar have that address? Small letters, digits and hyphens, and nothing that other pages have. */
bool calendar_slug_ok(struct arena *a, struct str slug);

#endif
