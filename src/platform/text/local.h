/* SPDX-License-Identifier: Apache-2.0
 *
 * Days, times, numbers and money as people write them, in the current language (base/lang.h). The patterns are texts of
 * the catalogue, so that a new language needs none of this. Results are in the arena a.
 */
#ifndef GH_PLATFORM_LOCAL_H
#define GH_PLATFORM_LOCAL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/money.h"

/* "November": of 1 to 12; "" otherwise. */
const char *local_month(int month);
/* "Saturday": of 0 (Sunday) to 6; "" otherwise. */
const char *local_weekday(int weekday);
/* "28 November 2026", "28. November 2026" */
struct str local_date(struct arena *a, const struct civil *c);
/* "28 Nov", "28. Nov." */
struct str local_day_month(struct arena *a, const struct civil *c);
/* "November 2026" */
struct str local_year_month(struct arena *a, int year, int month);
/* How long ago: "just now", "5 minutes ago", "2 hours ago", "3 days ago"; from LOCAL_AGO_DAYS days on the day itself;
   "never" for 0. zone: as of html_day (text/html.h), which says the day. */
enum { LOCAL_AGO_DAYS = 30 };
struct str local_ago(struct arena *a, struct str zone, int64_t us, int64_t now_us);
/* A time of day as people type it, "18:30" (0:00 to 23:59); false: it is none. */
bool local_hour(struct str s, int *hour, int *minute);
/* *us: UTC µs of a day (counted from 1970-01-01; INT64_MIN: none) at a time of day ("": at nine) in a zone (IANA; "":
   UTC). False: there is no such day or time. */
bool local_moment(struct str zone, int64_t day, struct str time, int64_t *us);
/* The way back, for a form; the time in a. */
void local_day_and_time(struct arena *a, struct str zone, int64_t us, int64_t *day, struct str *time);
/* "1,234", "1.234" */
struct str local_number(struct arena *a, int64_t n);
/* "€1,234.50", "1.234,50 €"; a currency without a sign of its own by its code: "CHF 12.50", "12,50 CHF". */
struct str local_money(struct arena *a, const struct money *m);

#endif
