/* SPDX-License-Identifier: Apache-2.0
 *
 * When something happens: a first time, rules, single dates more and less, and occurrences that were changed, of local
 * time in a zone. No store, no memory but the caller's arena.
 *
 * An occurrence is known by the local time that its series gives it (RECURRENCE-ID), for ever: also once it was moved.
 */
#ifndef GH_SERVICES_EVENTS_SERIES_H
#define GH_SERVICES_EVENTS_SERIES_H

#include "platform/text/ical.h"
#include "platform/text/recur.h"

enum {
	SERIES_RULES_MAX = 4,
	SERIES_DATES_MAX = 5000,      /* RDATE and EXDATE, each */
	SERIES_OVERRIDES_MAX = 2000,
	SERIES_DATES_TEXT = 24,       /* bytes of a date in a list, at most */
	SERIES_SHIFT_MAX_S = 366 * 86400, /* how far "this and later" moves */
	SERIES_WINDOW_MAX = 200000    /* occurrences of one look */
};
#define SERIES_ENDLESS INT64_MAX

/* A single date of a series: local time, an instant, or a whole day. */
struct series_date {
	enum ical_kind kind;
	int64_t at;
	int64_t length; /* seconds; -1: the series' own */
};
struct series_override {
	int64_t id; /* local */
	bool later; /* so do those after it (THISANDFUTURE) */
	bool cancelled, all_day;
	const struct zone *zone; /* of start; NULL: UTC */
	int64_t start, length;
	const void *of; /* the caller's */
};
struct series {
	const struct zone *zone; /* NULL: UTC */
	bool all_day;
	bool bare; /* nothing but its overrides */
	int64_t start, length;
	struct recur_rule *rules;
	size_t rule_count;
	struct series_date *dates, *except;
	size_t date_count, except_count;
	struct series_override *overrides; /* by id, ascending */
	size_t override_count;
	int64_t last; /* local: the rules' last time (series_last); SERIES_ENDLESS: none, or not looked for */
};
struct occurrence {
	int64_t id;         /* local time that the series gives it */
	int64_t from, to;   /* instants; of whole days: midnights as if UTC, end exclusive */
	int64_t local;      /* when it begins, there */
	bool all_day, cancelled;
	const struct series_override *by; /* that changed it; NULL: nothing */
	const void *of;     /* the caller's: series_window's last parameter */
};
struct occurrences {
	struct occurrence *list;
	size_t n, room;
	bool full; /* there were more than SERIES_WINDOW_MAX */
};

/* Rules, one a line; dates, with spaces between ("20260131T090000", "20260131T080000Z", "20260131", each with
   "/SECONDS"). Results in a. ST_INVALID. */
enum status series_rules(struct arena *a, struct str text, struct series *s, struct err *e) MUST_CHECK;
enum status series_dates(
        struct arena *a, struct str text, struct series_date **out, size_t *n, struct err *e) MUST_CHECK;
/* The way back of one date, after a space where there is one before it. */
void series_put_date(struct buf *b, const struct series_date *d);

/* The local time of a single date: of a whole day of a series with hours, that day at its hour. */
int64_t series_date_local(const struct series *s, const struct series_date *d);

/* The last time of the rules and dates, and whether there is any at all (*any). steps: what it may take, and is less by
   what it took; ST_INVALID: it takes more, or a rule has not a single day. */
enum status series_last(const struct series *s, int64_t *steps, int64_t *last, struct err *e) MUST_CHECK;

/* Adds what begins in [from, to), or with overlap goes on in it, to out in no order; cancelled ones too, marked. The
   list is in a. of: goes into each. */
void series_window(struct arena *a, const struct series *s, int64_t from, int64_t to, bool overlap, const void *of,
                   struct occurrences *out);
/* In the order of their beginning. */
void occurrences_sort(struct occurrences *o);

#endif
