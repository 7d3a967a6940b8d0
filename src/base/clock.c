/* SPDX-License-Identifier: Apache-2.0
 *
 * Civil time is counted in 400-year eras beginning on 1 March, so that the leap day ends the year and no table of
 * months is needed (the proleptic Gregorian calendar, as RFC 3339 has it).
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t fake_us;

int64_t clock_now_us(void)
{
	int64_t fake = atomic_load_explicit(&fake_us, memory_order_relaxed);
	if (fake)
		return fake;
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

void clock_fake_us(int64_t now_us)
{
	atomic_store(&fake_us, now_us);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = floor_div(y, 400), year = y - era * 400;
	int64_t day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

void clock_civil_utc(int64_t us, struct civil *out)
{
	int64_t s = floor_div(us, US_PER_S), days = floor_div(s, 86400);
	int sec = (int)(s - days * 86400);
	int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2));
	out->hour = sec / 3600;
	out->minute = sec / 60 % 60;
	out->second = sec % 60;
	out->weekday = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
}

int64_t clock_from_civil_utc(const struct civil *c)
{
	return (days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second) *
	        US_PER_S;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* n digits of v, and what follows them. */
static char *put_digits(char *to, int v, int n, char after)
{
	for (int i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	to[n] = after;
	return to + n + 1;
}

/* Without printf: pages, feeds and logs are full of them. */
size_t clock_rfc3339(int64_t us, char out[CLOCK_TEXT_MAX])
{
	struct civil c;
	clock_civil_utc(us, &c);
	int frac = (int)(us - floor_div(us, US_PER_S) * US_PER_S);
	/* RFC 3339 has years of four digits only. */
	char *to = put_digits(out, c.year < 0 ? 0 : c.year > 9999 ? 9999 : c.year, 4, '-');
	to = put_digits(to, c.month, 2, '-');
	to = put_digits(to, c.day, 2, 'T');
	to = put_digits(to, c.hour, 2, ':');
	to = put_digits(to, c.minute, 2, ':');
	to = put_digits(to, c.second, 2, frac ? '.' : 'Z');
	if (frac)
		to = put_digits(to, frac, 6, 'Z');
	*to = 0;
	return (size_t)(to - out);
}

static size_t imf(int64_t us, char out[CLOCK_TEXT_MAX], const char *zone)
{
	struct civil c;
	clock_civil_utc(us, &c);
	return (size_t)snprintf(out, CLOCK_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d %s", day_names[c.weekday], c.day,
	                        month_names[c.month - 1], c.year, c.hour, c.minute, c.second, zone);
}

size_t clock_http_date(int64_t us, char out[CLOCK_TEXT_MAX])
{
	return imf(us, out, "GMT");
}

size_t clock_rfc822(int64_t us, char out[CLOCK_TEXT_MAX])
{
	return imf(us, out, "+0000");
}

/* --- parsing ---------------------------------------------------------------------------------------------------- */

/* Exactly n digits off the front. */
static bool digits(struct str *s, size_t n, int *out)
{
	int v = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	*out = v;
	return true;
}

static bool lit(struct str *s, const char *one_of)
{
	if (!s->n || !s->p[0] || !strchr(one_of, s->p[0]))
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool match_name(struct str *s, const char (*names)[4], int count, int *index)
{
	for (int i = 0; i < count; i++)
		if (str_starts(*s, str_n(names[i], 3))) {
			*s = str_skip(*s, 3);
			*index = i;
			return true;
		}
	return false;
}

static bool in_range(const struct civil *c)
{
	static const int lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (c->month < 1 || c->month > 12 || c->hour > 23 || c->minute > 59 || c->second > 60)
		return false;
	bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
	return c->day >= 1 && c->day <= lengths[c->month - 1] + (c->month == 2 && leap);
}

static bool time_of_day(struct str *s, struct civil *c)
{
	return digits(s, 2, &c->hour) && lit(s, ":") && digits(s, 2, &c->minute) && lit(s, ":") &&
	        digits(s, 2, &c->second);
}

bool clock_parse_rfc3339(struct str s, int64_t *us)
{
	struct civil c = { 0 };
	int64_t frac = 0, offset = 0;
	if (!digits(&s, 4, &c.year) || !lit(&s, "-") || !digits(&s, 2, &c.month) || !lit(&s, "-") ||
	        !digits(&s, 2, &c.day))
		return false;
	if (s.n) {
		if (!lit(&s, "Tt ") || !time_of_day(&s, &c))
			return false;
		if (lit(&s, ".")) {
			int64_t unit = US_PER_S / 10;
			if (!s.n || s.p[0] < '0' || s.p[0] > '9')
				return false;
			for (; s.n && s.p[0] >= '0' && s.p[0] <= '9'; s = str_skip(s, 1), unit /= 10)
				frac += (s.p[0] - '0') * unit;
		}
		bool minus = s.n && s.p[0] == '-';
		int oh, om;
		if (s.n && !lit(&s, "Zz")) {
			if (!lit(&s, "+-") || !digits(&s, 2, &oh) || (lit(&s, ":"), !digits(&s, 2, &om)) || oh > 23 ||
			        om > 59)
				return false;
			offset = (oh * 60 + om) * (minus ? -60 : 60);
		}
	}
	if (s.n || !in_range(&c))
		return false;
	*us = clock_from_civil_utc(&c) - offset * US_PER_S + frac;
	return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool parse_imf(struct str s, struct civil *c)
{
	int wday;
	if (!match_name(&s, day_names, 7, &wday) || !lit(&s, ",") || !lit(&s, " ") || !digits(&s, 2, &c->day) ||
	    !lit(&s, " ") || !match_name(&s, month_names, 12, &c->month) || !lit(&s, " ") || !digits(&s, 4, &c->year) ||
	    !lit(&s, " "))
		return false;
	c->month++;
	return time_of_day(&s, c) && str_eq(s, STR(" GMT"));
}

/* "Sunday, 06-Nov-94 08:49:37 GMT": a year that seems more than 50 years ahead is in the past. */
static bool parse_rfc850(struct str s, struct civil *c)
{
	int wday, yy;
	struct str name;
	if (!str_cut(&s, ',', &name) || !match_name(&name, day_names, 7, &wday) || !str_ends(name, STR("day")) ||
	    !lit(&s, " ") || !digits(&s, 2, &c->day) || !lit(&s, "-") || !match_name(&s, month_names, 12, &c->month) ||
	    !lit(&s, "-") || !digits(&s, 2, &yy) || !lit(&s, " "))
		return false;
	c->month++;
	struct civil now;
	clock_civil_utc(clock_now_us(), &now);
	c->year = now.year - now.year % 100 + yy;
	if (c->year > now.year + 50)
		c->year -= 100;
	return time_of_day(&s, c) && str_eq(s, STR(" GMT"));
}

/* "Sun Nov  6 08:49:37 1994" */
static bool parse_asctime(struct str s, struct civil *c)
{
	int wday;
	if (!match_name(&s, day_names, 7, &wday) || !lit(&s, " ") || !match_name(&s, month_names, 12, &c->month) ||
	    !lit(&s, " "))
		return false;
	c->month++;
	if (!(lit(&s, " ") ? digits(&s, 1, &c->day) : digits(&s, 2, &c->day)) || !lit(&s, " "))
		return false;
	return time_of_day(&s, c) && lit(&s, " ") && digits(&s, 4, &c->year) && s.n == 0;
}

/* "+0530", or a zone of RFC 2822 by its name: seconds ahead of UTC. */
static bool zone_offset(struct str s, int *offset)
{
	static const struct { const char *name; int hours; } names[] = { { "GMT", 0 }, { "UT", 0 }, { "UTC", 0 },
		{ "Z", 0 }, { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 },
		{ "PST", -8 }, { "PDT", -7 } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		*offset = names[i].hours * 3600;
		if (str_ieqc(s, names[i].name))
			return true;
	}
	bool minus = s.n && s.p[0] == '-';
	int h, m;
	if (!lit(&s, "+-") || !digits(&s, 2, &h) || !digits(&s, 2, &m) || s.n || h > 23 || m > 59)
		return false;
	*offset = (h * 60 + m) * (minus ? -60 : 60);
	return true;
}

static struct str after_blanks(struct str s)
{
	while (s.n && s.p[0] == ' ')
		s = str_skip(s, 1);
	return s;
}

/* Four digits, or two: those of 1950 to 2049. */
static bool short_year(struct str *s, int *year)
{
	if (digits(s, 4, year))
		return true;
	if (!digits(s, 2, year))
		return false;
	*year += *year < 50 ? 2000 : 1900;
	return true;
}

bool clock_parse_rfc2822(struct str s, int64_t *us)
{
	struct civil c = { 0 };
	int ignored, offset;
	s = str_trim(s);
	if (match_name(&s, day_names, 7, &ignored) && !lit(&s, ","))
		return false;
	s = after_blanks(s);
	if (!digits(&s, 2, &c.day) && !digits(&s, 1, &c.day))
		return false;
	s = after_blanks(s);
	if (!match_name(&s, month_names, 12, &c.month))
		return false;
	c.month++;
	s = after_blanks(s);
	if (!short_year(&s, &c.year) || !lit(&s, " "))
		return false;
	s = after_blanks(s);
	if (!digits(&s, 2, &c.hour) || !lit(&s, ":") || !digits(&s, 2, &c.minute) ||
	    (lit(&s, ":") && !digits(&s, 2, &c.second)) || !zone_offset(after_blanks(s), &offset) || !in_range(&c))
		return false;
	*us = clock_from_civil_utc(&c) - offset * US_PER_S;
	return true;
}

bool clock_parse_http_date(struct str s, int64_t *us)
{
	struct civil c = { 0 };
	if (!parse_imf(s, &c) && !parse_rfc850(s, &c) && !parse_asctime(s, &c))
		return false;
	if (!in_range(&c))
		return false;
	*us = clock_from_civil_utc(&c);
	return true;
}
