/* SPDX-License-Identifier: Apache-2.0
 *
 * What is saved of an entry: all of a series, one of its times, or all from one of them on (edit_save.c). What was
 * changed of single times stays with them as far as the series still has those.
 */
#ifndef GH_SERVICES_EVENTS_EDIT_H
#define GH_SERVICES_EVENTS_EDIT_H

#include "gen/events_sql.h"
#include "platform/audit/audit.h"
#include "services/events/admin.h"

struct entry_saving {
	int64_t id;              /* of the entry; of a new one, too */
	int64_t made;            /* out: the one that it is now in */
	int64_t calendar;        /* of a new one */
	struct str zone;         /* the calendar's */
	struct str state;        /* "draft", "published", "cancelled" */
	const struct ics_event *master; /* as it is to be; its sequence and UID are the old one's */
	int64_t last;            /* of its rules, as entry_last makes it */
	bool fresh;              /* a new one */
	bool parts;              /* from `at` on: what is before stays as it was */
	int64_t at;
	int64_t seen;            /* the version that was read */
	bool stale;              /* out: somebody else saved another since; nothing was written */
	struct audit_entry audit;
};
/* ST_NOT_FOUND: it is gone. */
enum status events_save_entry(struct ctx *ctx, struct entry_saving *x, struct err *e) MUST_CHECK;

struct time_saving {
	int64_t id, at, seen;
	struct str zone;
	bool out;                        /* it is left out */
	const struct ics_event *change;  /* NULL: as its series says */
	bool stale, full;                /* out; full: no more times of it can differ */
	struct audit_entry audit;
};
/* What is saved of one of its times. ST_NOT_FOUND: the entry is gone. */
enum status events_save_time(struct ctx *ctx, struct time_saving *x, struct err *e) MUST_CHECK;

#endif
