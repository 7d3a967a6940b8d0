/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of recurrence (RFC 5545, 3.3.10) over local time: DAILY to YEARLY with every BY part but those of the clock.
 * A rule is read into sets of bits, walked period by period, and may be entered anywhere without walking from its
 * beginning. No memory is taken but the caller's structs.
 *
 * Times are seconds since 1970 as if the clock showed UTC ("local"); a zone is the caller's matter, except that an
 * UNTIL in UTC is compared as an instant. Where the RFC leaves something open (weeks of two years, BYSETPOS in the
 * first week), this does as dateutil and rrule.js do; tests/e2e/test_recurrence.py says where it does not, and why.
 */
#ifndef GH_PLATFORM_RECUR_H
#define GH_PLATFORM_RECUR_H

#include "base/clock.h"
#include "base/err.h"

enum {
	RECUR_TEXT_MAX = 1000,     /* bytes of a rule's text */
	RECUR_COUNT_MAX = 100000,  /* COUNT */
	RECUR_INTERVAL_MAX = 10000,
	RECUR_EMPTY_MAX = 20000,   /* periods in a row without a day, after which a rule has no more */
	RECUR_YEAR_MIN = 1583,     /* of the first day: the Gregorian calendar's first whole year */
	RECUR_YEAR_MAX = 9999
};

enum recur_freq { RECUR_DAILY, RECUR_WEEKLY, RECUR_MONTHLY, RECUR_YEARLY };
enum recur_until { UNTIL_NEVER, UNTIL_DATE, UNTIL_LOCAL, UNTIL_UTC };

/* Bit n of a set stands for n; those counted from the end have sets of their own. Weekdays: 0 is Monday. */
struct recur_rule {
	enum recur_freq freq;
	int interval, count; /* count 0: none */
	enum recur_until until_is;
	int64_t until; /* seconds, inclusive; of a date: its last second */
	int week_start;
	uint16_t months;
	uint32_t month_days, month_days_back;
	uint64_t year_days[6], year_days_back[6];
	uint64_t weeks, weeks_back;
	uint8_t weekdays;
	bool has_nth;
	uint64_t nth[7], nth_back[7]; /* of a weekday: which of its month or year */
	bool has_positions;
	uint64_t positions[6], positions_back[6];
};

/* Reads "FREQ=WEEKLY;BYDAY=MO,TH". ST_INVALID says what is wrong with it. */
enum status recur_parse(struct str text, struct recur_rule *out, struct err *e) MUST_CHECK;

/* A walk through the times of a rule. */
struct recur_walk {
	const struct recur_rule *rule;
	const struct zone *zone; /* for an UNTIL in UTC; NULL: UTC itself */
	int64_t start, from;     /* local; what is before `from` is passed over */
	int64_t period;          /* which one, from 0 */
	int64_t left;            /* of COUNT; -1: no end */
	int64_t steps;           /* periods that were looked at so far, for whoever bounds it */
	int64_t steps_max;       /* 0: none; past it the walk ends, and `gave_up` */
	bool done, gave_up;
	int at, n;               /* within the period's days */
	int32_t days[366];
};

/* Begins at the first time of the rule not before `from`. With a COUNT it walks from the beginning, unless last is
   known (recur_last), which is then the end instead. rule and zone stay the caller's. */
void recur_begin(struct recur_walk *w, const struct recur_rule *rule, const struct zone *zone, int64_t start,
                 int64_t from);
void recur_begin_known(struct recur_walk *w, const struct recur_rule *rule, const struct zone *zone, int64_t start,
                       int64_t from);
/* The next time. False: there is none. */
bool recur_next(struct recur_walk *w, int64_t *local);

/* A day as it is counted from 1970, and the way back. */
int64_t day_of(int year, int month, int day);
void day_parts(int64_t day, int *year, int *month, int *of_month);

#endif
