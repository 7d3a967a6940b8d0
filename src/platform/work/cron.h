/* SPDX-License-Identifier: Apache-2.0
 *
 * Cron expressions, five fields (POSIX crontab: minute hour day month weekday), in UTC. Lists, ranges and steps;
 * weekday 0 or 7 is Sunday; names are not taken. When both day and weekday are restricted, either suffices.
 */
#ifndef GH_PLATFORM_CRON_H
#define GH_PLATFORM_CRON_H

#include "base/err.h"
#include "base/str.h"

struct cron {
	uint64_t minutes;
	uint32_t hours, days, months, weekdays; /* bit n: value n */
	bool any_day, any_weekday;
};

/* Five fields of numbers, *, lists, ranges and steps, in UTC. ST_INVALID: not that; the message says which field. */
enum status cron_parse(struct str text, struct cron *out, struct err *e) MUST_CHECK;
/* The first tick later than us, the last one at or before it; 0 when there is none within five years. */
int64_t cron_next_us(const struct cron *c, int64_t us);
int64_t cron_last_us(const struct cron *c, int64_t us);

#endif
