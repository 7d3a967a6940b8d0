/* SPDX-License-Identifier: Apache-2.0
 *
 * Time. Stored times are integer microseconds since 1970-01-01 UTC (`_us`); waits and deadlines are monotonic
 * nanoseconds (`_ns`). Tests may replace the wall clock.
 */
#ifndef GH_BASE_CLOCK_H
#define GH_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define US_PER_S INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* A span of microseconds as nanoseconds; what that does not hold is INT64_MAX, for ever. */
static inline int64_t clock_ns_of_us(int64_t us)
{
	return us > INT64_MAX / 1000 ? INT64_MAX : us < INT64_MIN / 1000 ? INT64_MIN : us * 1000;
}

/* Wall time (µs since 1970, UTC) and monotonic time (ns, of no meaning outside this process). */
int64_t clock_now_us(void);
int64_t clock_mono_ns(void);
/* A fixed wall clock for tests; 0 returns to the real one. */
void clock_fake_us(int64_t now_us);

/* Each writes a NUL-terminated text of fixed length; returns its length. */
#define CLOCK_TEXT_MAX 40
size_t clock_rfc3339(int64_t us, char out[CLOCK_TEXT_MAX]);  /* 2026-11-21T08:30:00Z, .ffffff only when not zero */
size_t clock_http_date(int64_t us, char out[CLOCK_TEXT_MAX]); /* IMF-fixdate, RFC 9110 5.6.7 */
size_t clock_rfc822(int64_t us, char out[CLOCK_TEXT_MAX]);    /* for RSS */

/* RFC 3339, also with an offset, with a space for the T, without zone (taken as UTC), or a date alone. */
bool clock_parse_rfc3339(struct str s, int64_t *us);
bool clock_parse_http_date(struct str s, int64_t *us); /* all three forms of RFC 9110 5.6.7 */
/* As letters and feeds have it (RFC 2822 3.3): "[Fri, ]30 Mar 2012 11:18[:03] +0000", also with GMT, UT, UTC, Z or one
   of America's zones by name, and with a year of two digits. */
bool clock_parse_rfc2822(struct str s, int64_t *us);

/* Civil date in UTC, or in an IANA zone when the system knows it. */
struct civil { int year, month, day, hour, minute, second, weekday; /* 0 = Sunday */ };
void clock_civil_utc(int64_t us, struct civil *out);
bool clock_civil_zone(int64_t us, const char *zone, struct civil *out);
int64_t clock_from_civil_utc(const struct civil *c);

/* A zone's rules, kept for the life of the process; NULL: the system knows no zone of that IANA name. */
struct zone;
const struct zone *clock_zone_of(const char *name);
/* Seconds east of Greenwich at an instant (seconds since 1970). */
int clock_zone_offset(const struct zone *z, int64_t s);
/* The instant of a local time, both in seconds since 1970 (local: as if the clock showed UTC). A time that the zone
   leaves out counts with the offset before the gap, one that comes twice is the first (RFC 5545, 3.3.5). */
int64_t clock_zone_instant(const struct zone *z, int64_t local);
/* The first change of offset after an instant, and the offset from then on. False: there is none before `until`. */
bool clock_zone_change(const struct zone *z, int64_t after, int64_t until, int64_t *at, int *offset);

/* The system's zones that people choose among, by name: one for each place that has its own (zone.tab), and UTC first.
   Read once, kept for the life of the process. */
struct clock_zone { const char *name /* "America/New_York" */, *label /* "America/New York" */; };
const struct clock_zone *clock_zones(size_t *n);
bool clock_zone_listed(struct str name);

#endif
