/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/recur.h"

enum { DAY_S = 86400, NTH_MAX = 53, YEAR_DAYS = 366, MONTH_DAYS = 31 };

/* --- days --------------------------------------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t day_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void day_parts(int64_t day, int *year, int *month, int *of_month)
{
	day += 719468;
	int64_t era = floor_div(day, 146097), of_era = day - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
	*of_month = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

static bool leap_year(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_length(int year, int month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && leap_year(year));
}

/* 0: Monday */
static int weekday_of(int64_t day)
{
	return (int)((day % 7 + 10) % 7);
}

static bool has_bit(const uint64_t *set, int n)
{
	return set[n >> 6] >> (n & 63) & 1;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const char weekday_names[7][3] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

static int weekday_named(struct str s)
{
	for (int i = 0; i < 7; i++)
		if (str_ieqc(s, weekday_names[i]))
			return i;
	return -1;
}

/* A number with a sign or none, of no more than four digits. */
static bool small_number(struct str s, int least, int most, int *out)
{
	int v = 0, sign = 1;
	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		sign = s.p[0] == '-' ? -1 : 1;
		s = str_skip(s, 1);
	}
	if (!s.n || s.n > 6)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = sign * v;
	return *out >= least && *out <= most;
}

/* Fills sets of numbers up to most, those with a minus into back. */
static bool read_set(struct str value, int most, uint64_t *set, uint64_t *back)
{
	struct str item;
	int n;
	while (str_next(&value, ',', &item)) {
		if (!small_number(item, back ? -most : 1, most, &n) || !n)
			return false;
		uint64_t *into = n < 0 ? back : set;
		n = n < 0 ? -n : n;
		into[n >> 6] |= UINT64_C(1) << (n & 63);
	}
	return true;
}

static bool read_by_day(struct str value, struct recur_rule *r)
{
	struct str item;
	while (str_next(&value, ',', &item)) {
		int n = 0, day = item.n < 2 ? -1 : weekday_named(str_skip(item, item.n - 2));
		struct str number = str_first(item, item.n - 2);
		if (day < 0)
			return false;
		if (!number.n) {
			r->weekdays |= (uint8_t)(1 << day);
			continue;
		}
		if (!small_number(number, -NTH_MAX, NTH_MAX, &n) || !n)
			return false;
		r->has_nth = true;
		*(n < 0 ? &r->nth_back[day] : &r->nth[day]) |= UINT64_C(1) << (n < 0 ? -n : n);
	}
	return true;
}

static bool number_at(struct str s, size_t at, size_t n, int *out)
{
	*out = 0;
	for (size_t i = at; i < at + n; i++) {
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (s.p[i] - '0');
	}
	return true;
}

static bool read_until(struct str s, struct recur_rule *r)
{
	int y, mo, d, h = 23, mi = 59, sec = 59;
	if (!number_at(s, 0, 4, &y) || !number_at(s, 4, 2, &mo) || !number_at(s, 6, 2, &d))
		return false;
	if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > month_length(y, mo))
		return false;
	r->until_is = UNTIL_DATE;
	if (s.n > 8) {
		if ((s.p[8] != 'T' && s.p[8] != 't') || !number_at(s, 9, 2, &h) || !number_at(s, 11, 2, &mi) ||
		    !number_at(s, 13, 2, &sec) || h > 23 || mi > 59 || sec > 60)
			return false;
		bool utc = s.n == 16 && (s.p[15] == 'Z' || s.p[15] == 'z');
		if (!utc && s.n != 15)
			return false;
		r->until_is = utc ? UNTIL_UTC : UNTIL_LOCAL;
	}
	r->until = day_of(y, mo, d) * DAY_S + h * 3600 + mi * 60 + sec;
	return true;
}

enum part {
	FREQ,
	INTERVAL,
	COUNT,
	UNTIL,
	WKST,
	BYMONTH,
	BYMONTHDAY,
	BYYEARDAY,
	BYWEEKNO,
	BYDAY,
	BYSETPOS,
	BYHOUR,
	BYMINUTE,
	BYSECOND,
	PARTS
};
static const char *const part_names[PARTS] = { "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY",
	"BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS", "BYHOUR", "BYMINUTE", "BYSECOND" };

static bool read_freq(struct str value, struct recur_rule *r)
{
	static const char *const names[] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
	for (int i = 0; i < 4; i++)
		if (str_ieqc(value, names[i])) {
			r->freq = (enum recur_freq)i;
			return true;
		}
	return false;
}

static bool read_part(enum part part, struct str value, struct recur_rule *r)
{
	uint64_t set[1] = { 0 }, back[1] = { 0 };
	switch (part) {
	case FREQ: return read_freq(value, r);
	case INTERVAL: return small_number(value, 1, RECUR_INTERVAL_MAX, &r->interval);
	case COUNT: return small_number(value, 1, RECUR_COUNT_MAX, &r->count);
	case UNTIL: return read_until(value, r);
	case WKST: return (r->week_start = weekday_named(value)) >= 0;
	case BYMONTH:
		if (!read_set(value, 12, set, NULL))
			return false;
		r->months = (uint16_t)set[0];
		return true;
	case BYMONTHDAY:
		if (!read_set(value, MONTH_DAYS, set, back))
			return false;
		r->month_days = (uint32_t)set[0];
		r->month_days_back = (uint32_t)back[0];
		return true;
	case BYYEARDAY: return read_set(value, YEAR_DAYS, r->year_days, r->year_days_back);
	case BYWEEKNO: return read_set(value, NTH_MAX, &r->weeks, &r->weeks_back);
	case BYDAY: return read_by_day(value, r);
	case BYSETPOS: return r->has_positions = true, read_set(value, YEAR_DAYS, r->positions, r->positions_back);
	default: return false;
	}
}

static enum part part_named(struct str name)
{
	for (int i = 0; i < PARTS; i++)
		if (str_ieqc(name, part_names[i]))
			return (enum part)i;
	return PARTS;
}

enum status recur_parse(struct str text, struct recur_rule *r, struct err *e)
{
	uint32_t seen = 0;
	struct str part;
	*r = (struct recur_rule){ .interval = 1 };
	if (text.n > RECUR_TEXT_MAX)
		return err_set(e, ST_INVALID, "a rule of recurrence has at most %d characters", RECUR_TEXT_MAX);
	for (struct str rest = text; str_next(&rest, ';', &part);) {
		struct str name, value = part;
		if (!part.n && !rest.p) /* "FREQ=DAILY;" */
			break;
		if (!str_cut(&value, '=', &name))
			return err_set(e, ST_INVALID, "\"%.*s\" is no part of a rule", STR_ARG(str_shown(part)));
		enum part is = part_named(name);
		if (is == PARTS && name.n > 2 && str_ieq(str_first(name, 2), STR("X-")))
			continue;
		if (is == PARTS || is >= BYHOUR)
			return err_set(e, ST_INVALID, "rules with %.*s are not supported", STR_ARG(str_shown(name)));
		if (seen >> is & 1)
			return err_set(e, ST_INVALID, "the rule has %s twice", part_names[is]);
		seen |= UINT32_C(1) << is;
		if (!read_part(is, value, r))
			return err_set(
			        e, ST_INVALID, "%s=%.*s can't be followed", part_names[is], STR_ARG(str_shown(value)));
	}
	if (!(seen >> FREQ & 1))
		return err_set(e, ST_INVALID, "the rule has no FREQ");
	if (r->count && r->until_is)
		return err_set(e, ST_INVALID, "the rule has both COUNT and UNTIL");
	if (r->has_nth && (r->freq < RECUR_MONTHLY || r->weeks || r->weeks_back))
		return err_set(e, ST_INVALID, "a numbered BYDAY is for months and years, without BYWEEKNO");
	return ST_OK;
}

/* --- one period's days ----------------------------------------------------------------------------------------------
 *
 * A period is looked through day by day, each day held against all the parts at once. What the rule leaves open is the
 * first day's.
 */

struct defaults {
	uint16_t months;
	uint32_t month_days;
	uint8_t weekdays;
};

static bool any_bit(const uint64_t *set, int words)
{
	uint64_t all = 0;
	for (int i = 0; i < words; i++)
		all |= set[i];
	return all != 0;
}

static struct defaults defaults_of(const struct recur_rule *r, int64_t start_day)
{
	struct defaults d = { r->months, r->month_days, r->weekdays };
	bool weeks = r->weeks || r->weeks_back, year_days = any_bit(r->year_days, 6) || any_bit(r->year_days_back, 6);
	bool month_days = r->month_days || r->month_days_back, weekdays = r->weekdays || r->has_nth;
	int y, m, day;
	if (year_days || month_days || weekdays || r->freq == RECUR_DAILY)
		return d;
	day_parts(start_day, &y, &m, &day);
	if (r->freq == RECUR_WEEKLY || weeks) {
		d.weekdays = (uint8_t)(1 << weekday_of(start_day));
		return d;
	}
	d.month_days = UINT32_C(1) << day;
	if (r->freq == RECUR_YEARLY && !r->months)
		d.months = (uint16_t)(1 << m);
	return d;
}

/* The day on which week 1 of a year begins: the first week with four days of the year or more. */
static int64_t first_week(int year, int week_start)
{
	int64_t first = day_of(year, 1, 1);
	int into = (weekday_of(first) - week_start + 7) % 7;
	return into <= 3 ? first - into : first + 7 - into;
}

static bool in_weeks(const struct recur_rule *r, int64_t day, int year)
{
	int64_t begin = first_week(year, r->week_start), next = first_week(year + 1, r->week_start);
	if (day < begin) { /* the last week of the year before */
		next = begin;
		begin = first_week(year - 1, r->week_start);
	} else if (day >= next) { /* week 1 of the year after */
		begin = next;
		next = first_week(year + 2, r->week_start);
	}
	int week = (int)((day - begin) / 7) + 1, weeks = (int)((next - begin) / 7);
	return (r->weeks >> week & 1) || (r->weeks_back >> (weeks + 1 - week) & 1);
}

struct day_at {
	int64_t day;
	int year, month, of_month, month_len, of_year, year_len;
};

static bool nth_fits(const struct recur_rule *r, const struct day_at *d, int weekday)
{
	bool of_year = r->freq == RECUR_YEARLY && !r->months;
	int passed = of_year ? d->of_year : d->of_month, len = of_year ? d->year_len : d->month_len;
	return (r->nth[weekday] >> ((passed - 1) / 7 + 1) & 1) ||
	        (r->nth_back[weekday] >> ((len - passed) / 7 + 1) & 1);
}

static bool day_fits(const struct recur_rule *r, const struct defaults *def, const struct day_at *d)
{
	int weekday = weekday_of(d->day);
	if (def->months && !(def->months >> d->month & 1))
		return false;
	if ((def->month_days || r->month_days_back) && !(def->month_days >> d->of_month & 1) &&
	    !(r->month_days_back >> (d->month_len + 1 - d->of_month) & 1))
		return false;
	if ((def->weekdays || r->has_nth) && !(def->weekdays >> weekday & 1) &&
	        !(r->has_nth && nth_fits(r, d, weekday)))
		return false;
	if ((r->weeks || r->weeks_back) && !in_weeks(r, d->day, d->year))
		return false;
	if ((any_bit(r->year_days, 6) || any_bit(r->year_days_back, 6)) && !has_bit(r->year_days, d->of_year) &&
	    !has_bit(r->year_days_back, d->year_len + 1 - d->of_year))
		return false;
	return true;
}

static void day_look(struct day_at *d, int64_t day)
{
	d->day = day;
	day_parts(day, &d->year, &d->month, &d->of_month);
	d->month_len = month_length(d->year, d->month);
	d->year_len = leap_year(d->year) ? 366 : 365;
	d->of_year = (int)(day - day_of(d->year, 1, 1)) + 1;
}

static void day_go_on(struct day_at *d)
{
	if (d->of_month == d->month_len) {
		day_look(d, d->day + 1);
		return;
	}
	d->day++;
	d->of_month++;
	d->of_year++;
}

/* Keeps those of n days that BYSETPOS names; returns how many. */
static int keep_positions(const struct recur_rule *r, int32_t *days, int n)
{
	int kept = 0;
	for (int i = 0; i < n; i++)
		if (has_bit(r->positions, i + 1) || has_bit(r->positions_back, n - i))
			days[kept++] = days[i];
	return kept;
}

/* First day of the walk's period, and the day after it. False: beyond the calendar. */
static bool period_span(const struct recur_walk *w, int64_t *from, int64_t *to)
{
	const struct recur_rule *r = w->rule;
	int64_t start = floor_div(w->start, DAY_S), by = w->period * r->interval;
	int y, m, d;
	day_parts(start, &y, &m, &d);
	if (r->freq == RECUR_YEARLY) {
		if (y + by > RECUR_YEAR_MAX)
			return false;
		*from = day_of((int)(y + by), 1, 1);
		*to = day_of((int)(y + by) + 1, 1, 1);
	} else if (r->freq == RECUR_MONTHLY) {
		int64_t months = (int64_t)y * 12 + m - 1 + by;
		if (months / 12 > RECUR_YEAR_MAX)
			return false;
		*from = day_of((int)(months / 12), (int)(months % 12) + 1, 1);
		*to = *from + month_length((int)(months / 12), (int)(months % 12) + 1);
	} else if (r->freq == RECUR_WEEKLY) {
		*from = start - (weekday_of(start) - r->week_start + 7) % 7 + 7 * by;
		*to = *from + 7;
		if (!w->period) /* a first week begins with the first day */
			*from = start;
	} else {
		*from = start + by;
		*to = *from + 1;
	}
	return *from < day_of(RECUR_YEAR_MAX + 1, 1, 1);
}

/* The days of the walk's period into w->days. False: beyond the calendar. */
static bool fill_period(struct recur_walk *w)
{
	const struct recur_rule *r = w->rule;
	struct defaults def = defaults_of(r, floor_div(w->start, DAY_S));
	struct day_at d;
	int64_t from, to;
	w->n = w->at = 0;
	if (!period_span(w, &from, &to))
		return false;
	for (day_look(&d, from); d.day < to; day_go_on(&d)) {
		if (r->freq == RECUR_YEARLY && d.of_month == 1 && def.months && !(def.months >> d.month & 1)) {
			day_look(&d, d.day + d.month_len - 1); /* not this month */
			continue;
		}
		if (day_fits(r, &def, &d))
			w->days[w->n++] = (int32_t)d.day;
	}
	if (r->has_positions)
		w->n = keep_positions(r, w->days, w->n);
	return true;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

/* The period that `from` lies in, or one before it. */
static int64_t period_before(const struct recur_walk *w)
{
	int64_t start = floor_div(w->start, DAY_S), from = floor_div(w->from, DAY_S), passed;
	int y, m, d, fy, fm, fd;
	if (from <= start)
		return 0;
	day_parts(start, &y, &m, &d);
	day_parts(from, &fy, &fm, &fd);
	switch (w->rule->freq) {
	case RECUR_YEARLY: passed = fy - y; break;
	case RECUR_MONTHLY: passed = (int64_t)(fy - y) * 12 + fm - m; break;
	case RECUR_WEEKLY: passed = (from - start) / 7; break;
	default: passed = from - start;
	}
	return passed / w->rule->interval;
}

void recur_begin_known(
        struct recur_walk *w, const struct recur_rule *rule, const struct zone *zone, int64_t start, int64_t from)
{
	*w = (struct recur_walk){ .rule = rule, .zone = zone, .start = start, .from = from, .left = -1 };
	w->period = period_before(w) - 1;
}

void recur_begin(
        struct recur_walk *w, const struct recur_rule *rule, const struct zone *zone, int64_t start, int64_t from)
{
	recur_begin_known(w, rule, zone, start, from);
	if (rule->count) {
		w->left = rule->count;
		w->period = -1;
	}
}

static bool past_until(const struct recur_walk *w, int64_t local)
{
	const struct recur_rule *r = w->rule;
	if (r->until_is == UNTIL_UTC)
		return (w->zone ? clock_zone_instant(w->zone, local) : local) > r->until;
	return r->until_is && local > r->until;
}

/* The next period that has days. */
static bool next_period(struct recur_walk *w)
{
	for (int empty = 0; empty < RECUR_EMPTY_MAX; empty++) {
		w->period++;
		if (w->steps_max && w->steps >= w->steps_max) {
			w->gave_up = true;
			return false;
		}
		w->steps++;
		if (!fill_period(w))
			return false;
		if (w->n)
			return true;
	}
	return false;
}

bool recur_next(struct recur_walk *w, int64_t *local)
{
	int64_t time_of_day = w->start - floor_div(w->start, DAY_S) * DAY_S;
	while (!w->done) {
		if (w->at == w->n && !next_period(w))
			break;
		int64_t t = w->days[w->at++] * (int64_t)DAY_S + time_of_day;
		if (t < w->start)
			continue;
		if (past_until(w, t) || w->left == 0)
			break;
		w->left -= w->left > 0;
		if (t < w->from)
			continue;
		*local = t;
		return true;
	}
	w->done = true;
	return false;
}
