/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats by language. A pattern is the English one, looked up like any other text: how digits are grouped is read off
 * the translation of a sample number.
 */
#include "platform/text/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "platform/text/html.h"

#define MINUTE_US (60 * US_PER_S)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)
#define DIGITS_ROOM 80 /* 19 digits, a separator of up to 4 bytes after each three */

/* --- days ------------------------------------------------------------------------------------------------------- */

const char *local_month(int month)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
		"September", "October", "November", "December" };
	return month >= 1 && month <= 12 ? tr(months[month - 1]) : "";
}

const char *local_weekday(int weekday)
{
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
		"Saturday" };
	return weekday >= 0 && weekday < 7 ? tr(days[weekday]) : "";
}

struct str local_date(struct arena *a, const struct civil *c)
{
	return arena_strf(a, tr("%d %s %d"), c->day, local_month(c->month), c->year);
}

struct str local_day_month(struct arena *a, const struct civil *c)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
		"Nov", "Dec" };
	return arena_strf(a, tr("%d %s"), c->day, c->month >= 1 && c->month <= 12 ? tr(months[c->month - 1]) : "");
}

struct str local_year_month(struct arena *a, int year, int month)
{
	return arena_strf(a, tr("%s %d"), local_month(month), year);
}

/* Returns how many minutes the zone is ahead of UTC. */
static int civil_of(struct arena *a, struct str zone, int64_t us, struct civil *c)
{
	if (!zone.n || !clock_civil_zone(us, arena_cstr(a, zone), c))
		clock_civil_utc(us, c);
	int64_t ahead_us = clock_from_civil_utc(c) - (us - us % US_PER_S);
	return (int)(ahead_us / MINUTE_US);
}

bool local_hour(struct str s, int *hour, int *minute)
{
	int64_t h, m;
	struct str hours;
	if (!str_cut(&s, ':', &hours) || !str_i64(hours, &h) || !str_i64(s, &m) || h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*hour = (int)h;
	*minute = (int)m;
	return true;
}

bool local_moment(struct str zone, int64_t day, struct str time, int64_t *us)
{
	struct civil c;
	char name[64];
	int hour = 9, minute = 0;
	if (day == INT64_MIN || (time.n && !local_hour(time, &hour, &minute)) || zone.n >= sizeof name)
		return false;
	memcpy(name, zone.p ? zone.p : "", zone.n);
	name[zone.n] = 0;
	int64_t wanted = day * 86400 * US_PER_S + (hour * 60 + minute) * MINUTE_US, guess = wanted;
	for (int i = 0; i < 2; i++) { /* the second look is for days on which clocks change */
		if (!clock_civil_zone(guess, name, &c))
			break;
		guess += wanted - clock_from_civil_utc(&c);
	}
	*us = guess;
	return true;
}

void local_day_and_time(struct arena *a, struct str zone, int64_t us, int64_t *day, struct str *time)
{
	struct civil c;
	civil_of(a, zone, us, &c);
	*time = arena_strf(a, "%02d:%02d", c.hour, c.minute);
	c.hour = c.minute = c.second = 0;
	*day = clock_from_civil_utc(&c) / (86400 * US_PER_S);
}

struct str html_day(struct arena *a, struct str zone, int64_t us)
{
	struct civil c;
	if (!us)
		return TR("never");
	civil_of(a, zone, us, &c);
	return local_date(a, &c);
}

struct str html_time(struct arena *a, struct str zone, int64_t us)
{
	struct civil c;
	if (!us)
		return TR("never");
	int ahead = civil_of(a, zone, us, &c), minutes = abs(ahead);
	char mark[16] = "";
	if (ahead)
		snprintf(mark, sizeof mark, minutes % 60 ? "%c%d:%02d" : "%c%d", ahead < 0 ? '-' : '+',
		        minutes / 60 % 100, minutes % 60);
	return arena_strf(a, tr("%.*s, %02d:%02d UTC%s"), STR_ARG(local_date(a, &c)), c.hour, c.minute, mark);
}

struct str local_ago(struct arena *a, struct str zone, int64_t us, int64_t now_us)
{
	int64_t ago = now_us - us;
	if (!us || ago >= LOCAL_AGO_DAYS * DAY_US)
		return html_day(a, zone, us);
	if (ago < MINUTE_US)
		return TR("just now");
	long long minutes = ago / MINUTE_US, hours = ago / HOUR_US, days = ago / DAY_US;
	if (!hours)
		return arena_strf(a, trn("%lld minute ago", "%lld minutes ago", minutes), minutes);
	if (!days)
		return arena_strf(a, trn("%lld hour ago", "%lld hours ago", hours), hours);
	return arena_strf(a, trn("%lld day ago", "%lld days ago", days), days);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

struct separators { struct str group, point; };

/* What stands between the digits of the sample 1,234.5. */
static struct separators separators(void)
{
	struct str sample = TR("1,234.5");
	ptrdiff_t two = str_chr(sample, '2'), four = str_chr(sample, '4'), five = str_chr(sample, '5');
	if (two < 1 || four < two || five < four)
		return (struct separators){ STR(","), STR(".") };
	return (struct separators){ str_n(sample.p + 1, (size_t)two - 1),
		str_n(sample.p + four + 1, (size_t)(five - four) - 1) };
}

static void put_grouped(struct buf *b, uint64_t n, struct str group)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_putstr(b, group);
		buf_putc(b, digits[i]);
	}
}

static uint64_t size_of(int64_t n)
{
	return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

struct str local_number(struct arena *a, int64_t n)
{
	struct buf b;
	buf_arena(&b, a, DIGITS_ROOM);
	if (n < 0)
		buf_putc(&b, '-');
	put_grouped(&b, size_of(n), separators().group);
	return buf_str(&b);
}

static const char *sign_of(const char currency[4])
{
	static const struct { const char *code, *sign; } signs[] = { { "EUR", "€" }, { "GBP", "£" }, { "USD", "$" },
		{ "JPY", "¥" } };
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (!strcmp(currency, signs[i].code))
			return signs[i].sign;
	return NULL;
}

struct str local_money(struct arena *a, const struct money *m)
{
	struct buf b;
	const struct separators s = separators();
	unsigned digits = money_digits(m->currency);
	uint64_t unit = 1, n = size_of(m->minor);
	const char *sign = sign_of(m->currency);
	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	buf_arena(&b, a, DIGITS_ROOM);
	put_grouped(&b, n / unit, s.group);
	if (digits) {
		buf_putstr(&b, s.point);
		buf_printf(&b, "%0*llu", (int)digits, (unsigned long long)(n % unit));
	}
	const char *minus = m->minor < 0 ? "-" : "", *amount = arena_cstr(a, buf_str(&b));
	if (!*m->currency)
		return arena_strf(a, "%s%s", minus, amount);
	/* Minus, sign or code, amount; a language that has them in another order says "%1$s%3$s %2$s". */
	return sign ? arena_strf(a, tr("%s%s%s"), minus, sign, amount)
	            : arena_strf(a, tr("%s%s %s"), minus, m->currency, amount);
}
