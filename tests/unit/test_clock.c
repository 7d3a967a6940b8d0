/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static const int64_t when = INT64_C(784111777) * US_PER_S; /* the example of RFC 9110 */

static void texts(void **state)
{
	char t[CLOCK_TEXT_MAX];
	assert_int_equal(clock_rfc3339(when, t), 20);
	assert_string_equal(t, "1994-11-06T08:49:37Z");
	clock_rfc3339(when + 42, t);
	assert_string_equal(t, "1994-11-06T08:49:37.000042Z");
	clock_rfc3339(-1, t);
	assert_string_equal(t, "1969-12-31T23:59:59.999999Z");
	assert_int_equal(clock_http_date(when, t), 29);
	assert_string_equal(t, "Sun, 06 Nov 1994 08:49:37 GMT");
	clock_rfc822(when, t);
	assert_string_equal(t, "Sun, 06 Nov 1994 08:49:37 +0000");
}

static void parsing_rfc3339(void **state)
{
	static const struct { const char *text; int64_t us; } good[] = {
		{ "1994-11-06T08:49:37Z", 784111777000000 },   { "1994-11-06t08:49:37z", 784111777000000 },
		{ "1994-11-06 08:49:37", 784111777000000 },    { "1994-11-06T10:49:37+02:00", 784111777000000 },
		{ "1994-11-06T03:19:37-0530", 784111777000000 }, { "1994-11-06T08:49:37.5Z", 784111777500000 },
		{ "1994-11-06T08:49:37.1234567Z", 784111777123456 }, { "1994-11-06", 784080000000000 },
		{ "2000-02-29", 951782400000000 },             { "1969-12-31T23:59:59Z", -1000000 },
	};
	static const char *const bad[] = { "", "1994", "1994-13-01", "1994-02-29", "1900-02-29", "1994-11-06T",
		"1994-11-06T24:00:00Z", "1994-11-06T08:49:37.Z", "1994-11-06T08:49:37+2:00", "1994-11-06T08:49:37Zx",
		"1994-11-06T08:49", "1994-1-06", "-994-11-06" };
	int64_t us;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(clock_parse_rfc3339(str_c(good[i].text), &us));
		assert_int_equal(us, good[i].us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(clock_parse_rfc3339(str_c(bad[i]), &us));
}

static void parsing_http_dates(void **state)
{
	int64_t us;
	static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994" };
	static const char *const bad[] = { "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Xun, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
		"1994-11-06T08:49:37Z", "Sun Nov  6 08:49:37 1994 GMT" };
	clock_fake_us(INT64_C(1790000000) * US_PER_S);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(clock_parse_http_date(str_c(good[i]), &us));
		assert_int_equal(us, when);
	}
	clock_fake_us(0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(clock_parse_http_date(str_c(bad[i]), &us));
}

static void civil_agrees_with_the_system(void **state)
{
	for (int64_t s = -INT64_C(70000000000); s < INT64_C(70000000000); s += 39916801) {
		struct civil c;
		struct tm tm;
		time_t t = s;
		clock_civil_utc(s * US_PER_S, &c);
		gmtime_r(&t, &tm);
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(
		        c.hour * 3600 + c.minute * 60 + c.second, tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
		assert_int_equal(c.weekday, tm.tm_wday);
		assert_int_equal(clock_from_civil_utc(&c), s * US_PER_S);
	}
}

static void zones_to_choose_from(void **state)
{
	size_t n;
	struct civil c;
	const struct clock_zone *list = clock_zones(&n);
	assert_in_range(n, 300, 800);
	assert_string_equal(list[0].name, "UTC");
	for (size_t i = 1; i < n; i++) {
		assert_true(i == 1 || strcmp(list[i - 1].name, list[i].name) < 0);
		assert_true(clock_civil_zone(0, list[i].name, &c));
		assert_null(strchr(list[i].label, '_'));
	}
	assert_true(
	        clock_zone_listed(STR("Europe/Lisbon")) && clock_zone_listed(STR("America/Argentina/Buenos_Aires")));
	assert_false(clock_zone_listed(STR("")) || clock_zone_listed(STR("Nowhere/Land")) ||
	        clock_zone_listed(STR("../Europe/Lisbon")));
}

static void zones_agree_with_the_system(void **state)
{
	static const char *const zones[] = { "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
		"Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia", "Europe/Dublin", "Asia/Tehran", "Etc/UTC" };
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		struct civil c;
		if (!clock_civil_zone(0, zones[z], &c)) {
			print_message("no zone %s on this system\n", zones[z]);
			continue;
		}
		setenv("TZ", zones[z], 1);
		tzset();
		/* beyond 2037 the file's list ends and its rule decides */
		for (int64_t s = -INT64_C(2000000000); s < INT64_C(4000000000); s += 1299709) {
			struct tm tm;
			time_t t = s;
			localtime_r(&t, &tm);
			assert_true(clock_civil_zone(s * US_PER_S, zones[z], &c));
			assert_int_equal(c.day * 86400 + c.hour * 3600 + c.minute * 60 + c.second,
			                 tm.tm_mday * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
			assert_int_equal(c.month, tm.tm_mon + 1);
		}
	}
	struct civil c;
	assert_false(clock_civil_zone(0, "Nowhere/Land", &c));
	assert_false(clock_civil_zone(0, "../../../etc/passwd", &c));
	assert_false(clock_civil_zone(0, "/etc/localtime", &c));
	assert_false(clock_civil_zone(0, "", &c));
	assert_false(clock_civil_zone(0, "Europe", &c));
	assert_false(clock_civil_zone(0, "tzdata.zi", &c));
}

static void fake_and_monotonic(void **state)
{
	clock_fake_us(5);
	assert_int_equal(clock_now_us(), 5);
	clock_fake_us(0);
	assert_true(clock_now_us() > 1700000000 * US_PER_S);
	int64_t a = clock_mono_ns();
	assert_true(clock_mono_ns() >= a);
}

static void letters_dates(void **state)
{
	static const struct { const char *text; int64_t s; } good[] = {
		{ "Fri, 30 Mar 2012 11:18:03 +0000", 1333106283 },
		{ "30 Mar 2012 11:18:03 GMT", 1333106283 },
		{ "Fri, 30 Mar 2012 13:18:03 +0200", 1333106283 },
		{ "Fri, 30 Mar 12 06:18:03 EST ", 1333106283 },
		{ "1 Jan 70 00:00 Z", 0 },
		{ "1 Jan 1970 00:00 -0130", 5400 },
		{ "31 Dec 49 23:59:59 UT", INT64_C(2524607999) },
	};
	static const char *const bad[] = { "", "30 Mar 2012", "30 Mar 2012 11:18", "Fri 30 Mar 2012 11:18:03 GMT",
		"32 Mar 2012 11:18:03 GMT", "30 Foo 2012 11:18:03 GMT", "30 Mar 2012 25:18:03 GMT",
		"30 Mar 2012 11:18:03 +2500", "30 Mar 2012 11:18:03 XYZ", "30 Mar 2012 11:18:03 GMT x" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int64_t us = -1;
		assert_true(clock_parse_rfc2822(str_c(good[i].text), &us));
		assert_int_equal(us, good[i].s * US_PER_S);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t us;
		assert_false(clock_parse_rfc2822(str_c(bad[i]), &us));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_dates),
		cmocka_unit_test(texts),
		cmocka_unit_test(parsing_rfc3339),
		cmocka_unit_test(parsing_http_dates),
		cmocka_unit_test(civil_agrees_with_the_system),
		cmocka_unit_test(zones_agree_with_the_system),
		cmocka_unit_test(zones_to_choose_from),
		cmocka_unit_test(fake_and_monotonic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
