/* SPDX-License-Identifier: Apache-2.0
 *
 * How people say that something happens again, and the rule (RFC 5545) that it is. No store, no memory but the caller's
 * arena.
 */
#ifndef GH_SERVICES_EVENTS_REPEAT_H
#define GH_SERVICES_EVENTS_REPEAT_H

#include "services/events/series.h"

enum { REPEAT_EVERY_MAX = 99, REPEAT_TIMES_MAX = 2000 };

struct repeat {
	struct str how;    /* "once", "daily", "weekly", "monthly" (on the date), "weekday" (the second Tuesday), "last"
	                      (the    last Friday of a month), "yearly", "yearday" (the third Saturday of that month);
	                      "rule":    it says    more than can be chosen */
	int64_t every;     /* 1: each, 2: each second … */
	struct str days;   /* of "weekly": "MO TH"; "": that of its beginning */
	struct str months; /* only in these: "11 12 1"; "": in all */
	struct str ends;   /* "never", "day", "times" */
	int64_t until;     /* "day": the last one, counted from 1970 */
	int64_t times;     /* "times" */
};

/* What rules say of a series that begins at start (local); texts in a. */
void repeat_read(struct arena *a, struct str rules, const struct zone *zone, bool all_day, int64_t start,
        struct repeat *out);
/* The rule of it, in a; "": once. r->how is not "rule". */
struct str repeat_rule(struct arena *a, const struct repeat *r, const struct zone *zone, bool all_day, int64_t start);
/* The first time of a rule not before start; start itself where it has none. */
int64_t repeat_first(struct str rule, const struct zone *zone, bool all_day, int64_t start);
/* Rules that end before a time, in a: what parts a series. */
struct str repeat_until_before(
        struct arena *a, struct str rules, const struct zone *zone, bool all_day, int64_t before);
/* Rules with so many times less, of those that count them, in a. */
struct str repeat_fewer(struct arena *a, struct str rules, int64_t fewer);
/* In words, in the current language: "every week", "every 2 months, on the same weekday". */
struct str repeat_words(struct arena *a, const struct repeat *r);

#endif
