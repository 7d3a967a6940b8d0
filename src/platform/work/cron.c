/* SPDX-License-Identifier: Apache-2.0
 *
 * See cron.h. The search steps over whole days that can not match, so that five years cost some 1 800 steps.
 */
#include "platform/work/cron.h"

#include "base/clock.h"

#define MINUTE_US (60 * US_PER_S)
#define DAY_US (86400 * US_PER_S)

static bool cron_number(struct str s, unsigned lo, unsigned hi, unsigned *out)
{
	uint64_t v;
	if (!str_u64(s, &v) || v < lo || v > hi)
		return false;
	*out = (unsigned)v;
	return true;
}

/* One item of a list: "*", "5", "1-5", each optionally with a "/step" (with a number: from it to the end). */
static bool item(struct str s, unsigned lo, unsigned hi, uint64_t *bits)
{
	struct str range = s;
	unsigned step = 1, from = lo, to = hi;
	ptrdiff_t slash = str_chr(s, '/');
	if (slash >= 0) {
		if (!cron_number(str_skip(s, (size_t)slash + 1), 1, hi, &step))
			return false;
		range = str_first(s, (size_t)slash);
	}
	if (!str_eqc(range, "*")) {
		ptrdiff_t dash = str_chr(range, '-');
		if (!cron_number(dash < 0 ? range : str_first(range, (size_t)dash), lo, hi, &from))
			return false;
		if (dash >= 0) {
			if (!cron_number(str_skip(range, (size_t)dash + 1), from, hi, &to))
				return false;
		} else if (slash < 0) {
			to = from;
		}
	}
	for (unsigned v = from; v <= to; v += step)
		*bits |= UINT64_C(1) << v;
	return true;
}

static bool cron_field(struct str s, unsigned lo, unsigned hi, uint64_t *bits)
{
	struct str one;
	*bits = 0;
	while (str_next(&s, ',', &one))
		if (!item(one, lo, hi, bits))
			return false;
	return *bits != 0;
}

enum status cron_parse(struct str text, struct cron *out, struct err *e)
{
	static const struct { const char *name; unsigned lo, hi; } fields[5] = {
		{ "minute", 0, 59 }, { "hour", 0, 23 }, { "day", 1, 31 }, { "month", 1, 12 }, { "weekday", 0, 7 },
	};
	uint64_t bits[5];
	bool any[5];
	struct str rest = str_trim(text);
	for (int i = 0; i < 5; i++) {
		rest = str_trim(rest);
		size_t n = 0;
		while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t')
			n++;
		struct str f = str_first(rest, n);
		rest = str_skip(rest, n);
		if (!cron_field(f, fields[i].lo, fields[i].hi, &bits[i]))
			return err_set(e, ST_INVALID, "cron: \"%.*s\" is no %s (%u to %u)", STR_ARG(f), fields[i].name,
				       fields[i].lo, fields[i].hi);
		any[i] = str_eqc(f, "*");
	}
	if (str_trim(rest).n)
		return err_set(e, ST_INVALID, "cron: more than five fields in \"%.*s\"", STR_ARG(text));
	if (bits[4] & (1u << 7))
		bits[4] |= 1; /* both 0 and 7 are Sunday */
	*out = (struct cron){ .minutes = bits[0], .hours = (uint32_t)bits[1], .days = (uint32_t)bits[2],
			      .months = (uint32_t)bits[3], .weekdays = (uint32_t)bits[4], .any_day = any[2],
			      .any_weekday = any[4] };
	return ST_OK;
}

static bool day_matches(const struct cron *c, const struct civil *t)
{
	if (!(c->months >> t->month & 1))
		return false;
	bool day = c->days >> t->day & 1, weekday = c->weekdays >> t->weekday & 1;
	if (!c->any_day && !c->any_weekday)
		return day || weekday;
	return day && weekday;
}

static int64_t search(const struct cron *c, int64_t at, int direction)
{
	int64_t end = at + direction * 5 * 366 * DAY_US;
	while (direction > 0 ? at < end : at > end) {
		struct civil t;
		clock_civil_utc(at, &t);
		if (!day_matches(c, &t)) {
			int64_t day = at - (t.hour * 60 + t.minute) * MINUTE_US;
			at = direction > 0 ? day + DAY_US : day - MINUTE_US;
			continue;
		}
		if ((c->hours >> t.hour & 1) && (c->minutes >> t.minute & 1))
			return at;
		at += direction * MINUTE_US;
	}
	return 0;
}

int64_t cron_next_us(const struct cron *c, int64_t us)
{
	return search(c, us - us % MINUTE_US + MINUTE_US, 1);
}

int64_t cron_last_us(const struct cron *c, int64_t us)
{
	return search(c, us - us % MINUTE_US, -1);
}
