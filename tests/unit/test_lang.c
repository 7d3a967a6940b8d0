/* SPDX-License-Identifier: Apache-2.0
 *
 * Languages: which is meant, plural rules, whose language a stack has, and how days, numbers and money are written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/lang.h"
#include "platform/text/html.h"
#include "platform/text/local.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static void tags(void **state)
{
	static const struct { const char *tag; bool found; enum lang lang; } rows[] = {
		{ "en", true, LANG_EN },
		{ "de", true, LANG_DE },
		{ "DE", true, LANG_DE },
		{ "de-AT", true, LANG_DE },
		{ "de-Latn-CH", true, LANG_DE },
		{ "en-US", true, LANG_EN },
		{ "en-XA", true, LANG_XA },
		{ "ar-XB", true, LANG_XB },
		{ "ar", false, LANG_COUNT },
		{ "fr", false, LANG_COUNT },
		{ "deu", false, LANG_COUNT },
		{ "", false, LANG_COUNT },
		{ "-", false, LANG_COUNT },
		{ "*", false, LANG_COUNT },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum lang l = LANG_COUNT;
		assert_int_equal(lang_of_tag(str_c(rows[i].tag), &l), rows[i].found);
		assert_int_equal(l, rows[i].lang);
	}
}

static void negotiation(void **state)
{
	static const struct { const char *header; bool found; enum lang lang; } rows[] = {
		{ "", false, LANG_COUNT },
		{ "*", false, LANG_COUNT },
		{ "fr, it;q=0.5", false, LANG_COUNT },
		{ "de", true, LANG_DE },
		{ "de-DE,de;q=0.9,en;q=0.8", true, LANG_DE },
		{ "en-US,en;q=0.9,de;q=0.8", true, LANG_EN },
		{ "fr,de;q=0.3,en;q=0.7", true, LANG_EN },
		{ "en;q=0.2, de;q=0.25", true, LANG_DE },
		{ "en;q=0, de;q=0.001", true, LANG_DE },
		{ "de;q=0", false, LANG_COUNT },
		{ "de ; q=1.0 , en", true, LANG_DE },
		{ ",,;q=1,de", true, LANG_DE },
		{ "de;q=nonsense", true, LANG_DE },
		{ "en-XA", false, LANG_COUNT }, /* pseudo-languages are not a browser's */
		{ "en-XA,de;q=0.5", true, LANG_DE },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum lang l = LANG_COUNT;
		assert_int_equal(lang_accepted(str_c(rows[i].header), false, &l), rows[i].found);
		assert_int_equal(l, rows[i].lang);
	}
	enum lang l = LANG_COUNT;
	assert_true(lang_accepted(STR("en-XA,de;q=0.5"), true, &l));
	assert_int_equal(l, LANG_XA);
}

static void long_headers_are_cut(void **state)
{
	char header[LANG_ACCEPT_MAX + 8];
	enum lang l = LANG_COUNT;
	memset(header, ',', sizeof header);
	memcpy(header + LANG_ACCEPT_MAX - 2, "de", 2);
	assert_true(lang_accepted(str_n(header, sizeof header), false, &l));
	memset(header, ',', sizeof header);
	memcpy(header + LANG_ACCEPT_MAX, "de", 2);
	assert_false(lang_accepted(str_n(header, sizeof header), false, &l));
}

static void plurals(void **state)
{
	static const struct { enum lang_plurals rule; unsigned forms; const char *of; } rows[] = {
		/* the forms of 0 1 2 3 4 5 10 11 12 14 20 21 22 25 100 101 102 103 111 112 */
		{ PLURAL_NONE, 1, "00000000000000000000" },
		{ PLURAL_ONE_OTHER, 2, "10111111111111111111" },
		{ PLURAL_FRENCH, 2, "00111111111111111111" },
		{ PLURAL_EAST_SLAVIC, 3, "20111222222012201122" },
		{ PLURAL_POLISH, 3, "20111222222212221122" },
		{ PLURAL_CZECH, 3, "20111222222222222222" },
		{ PLURAL_ARABIC, 6, "01233334444444555344" },
	};
	static const int64_t numbers[] = { 0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 20, 21, 22, 25, 100, 101, 102, 103, 111,
		112 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(lang_forms(rows[i].rule), rows[i].forms);
		for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
			assert_int_equal(lang_plural(rows[i].rule, numbers[k]), rows[i].of[k] - '0');
			assert_int_equal(lang_plural(rows[i].rule, -numbers[k]), rows[i].of[k] - '0');
		}
	}
	assert_int_equal(lang_plural(PLURAL_ONE_OTHER, INT64_MIN), 1);
}

/* tests/tools/test_texts.py has the same. */
static void keys(void **state)
{
	assert_int_equal(lang_key("", 0, 0), UINT64_C(0xcbf29ce484222325));
	assert_int_equal(lang_key("Members", 7, 0), UINT64_C(0x9f5a5f23312798f0));
	assert_int_equal(lang_key("Members", 7, 1), UINT64_C(0xf7e91c882ddff7f7));
}

static void texts(void **state)
{
	assert_string_equal(tr("November"), "November");
	SCOPED_LANG(LANG_DE);
	assert_string_equal(tr("March"), "März");
	assert_true(str_eqc(TR("March"), "März"));
	assert_true(str_eqc(tr_str(STR("March")), "März"));
	assert_string_equal(tr("No text of the catalogue"), "No text of the catalogue");
	assert_null(tr(NULL));
	assert_true(str_eqc(tr_str(STR("")), ""));
	struct err e = { 0 };
	assert_int_equal(err_set(&e, ST_NOT_FOUND, "There is no such setting."), ST_NOT_FOUND);
	assert_string_equal(e.msg, "Diese Einstellung gibt es nicht.");
	lang_swap(LANG_XA);
	assert_int_equal(tr("March")[0], '[');
	lang_swap(LANG_DE);
}

/* --- whose ------------------------------------------------------------------------------------------------------ */

static enum lang seen[4];

static void look(void *arg)
{
	*(enum lang *)arg = lang_now();
}

static void child(void *arg)
{
	seen[1] = lang_now();
	lang_swap(LANG_XA);
	fiber_yield();
	seen[2] = lang_now();
}

static void parent(void *arg)
{
	seen[0] = lang_now();
	SCOPED_LANG(LANG_DE);
	assert_non_null(fiber_spawn(fiber_loop(fiber_self()), child, NULL, FIBER_SMALL));
	fiber_yield();
	assert_int_equal(lang_now(), LANG_DE);
	fiber_yield();
	assert_int_equal(lang_now(), LANG_DE);
	assert_int_equal(offload(OFFLOAD_PROMPT, look, &seen[3]), ST_OK);
}

static void each_stack_has_its_own(void **state)
{
	assert_int_equal(offload_start(1, 16, NULL), ST_OK);
	fiber_main(parent, NULL);
	offload_stop();
	assert_int_equal(seen[0], LANG_EN);
	assert_int_equal(seen[1], LANG_DE);
	assert_int_equal(seen[2], LANG_XA);
	assert_int_equal(seen[3], LANG_DE);
	assert_int_equal(lang_now(), LANG_EN);
	{
		SCOPED_LANG(LANG_DE);
		assert_int_equal(lang_now(), LANG_DE);
	}
	assert_int_equal(lang_now(), LANG_EN);
}

/* --- formats ---------------------------------------------------------------------------------------------------- */

static void says(struct arena *a, struct str text, const char *wanted)
{
	assert_string_equal(arena_cstr(a, text), wanted);
}

static void days(void **state)
{
	const int64_t us = INT64_C(1795205142123456); /* 2026-11-20T20:05:42Z */
	const int64_t minute = 60 * US_PER_S, hour = 60 * minute, day = 24 * hour;
	static const struct civil c = { .year = 2026, .month = 3, .day = 1 };
	struct arena *a = arena_new(1 << 16);
	says(a, local_date(a, &c), "1 March 2026");
	says(a, local_day_month(a, &c), "1 Mar");
	says(a, local_year_month(a, 2026, 12), "December 2026");
	assert_string_equal(local_month(0), "");
	assert_string_equal(local_month(13), "");
	says(a, local_ago(a, STR(""), 0, us), "never");
	says(a, local_ago(a, STR(""), us + minute, us), "just now");
	says(a, local_ago(a, STR(""), us - minute, us), "1 minute ago");
	says(a, local_ago(a, STR(""), us - 2 * hour, us), "2 hours ago");
	says(a, local_ago(a, STR(""), us - (LOCAL_AGO_DAYS * day - 1), us), "29 days ago");
	says(a, local_ago(a, STR(""), us - LOCAL_AGO_DAYS * day, us), "21 October 2026");
	SCOPED_LANG(LANG_DE);
	says(a, local_date(a, &c), "1. März 2026");
	says(a, local_day_month(a, &c), "1. März");
	says(a, html_time(a, STR("Europe/Berlin"), us), "20. November 2026, 21:05 UTC+1");
	says(a, html_day(a, STR("Europe/Berlin"), us), "20. November 2026");
	says(a, local_ago(a, STR(""), us, us), "gerade eben");
	says(a, local_ago(a, STR(""), us - minute, us), "vor 1 Minute");
	says(a, local_ago(a, STR(""), us - 3 * day, us), "vor 3 Tagen");
	says(a, local_ago(a, STR(""), 0, us), "nie");
	arena_free(a);
}

static void numbers(void **state)
{
	static const struct { int64_t n; const char *en, *de; } rows[] = {
		{ 0, "0", "0" },
		{ 999, "999", "999" },
		{ 1000, "1,000", "1.000" },
		{ -1234567, "-1,234,567", "-1.234.567" },
		{ INT64_MIN, "-9,223,372,036,854,775,808", "-9.223.372.036.854.775.808" },
	};
	static const struct { struct money m; const char *en, *de; } amounts[] = {
		{ { 123450, "EUR" }, "€1,234.50", "1.234,50\u00a0€" },
		{ { -5, "EUR" }, "-€0.05", "-0,05\u00a0€" },
		{ { 1250, "CHF" }, "CHF 12.50", "12,50\u00a0CHF" },
		{ { 500, "JPY" }, "¥500", "500\u00a0¥" },
		{ { 1234, "KWD" }, "KWD 1.234", "1,234\u00a0KWD" },
		{ { 1250, "" }, "12.50", "12,50" },
	};
	struct arena *a = arena_new(1 << 16);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		says(a, local_number(a, rows[i].n), rows[i].en);
		SCOPED_LANG(LANG_DE);
		says(a, local_number(a, rows[i].n), rows[i].de);
	}
	for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
		says(a, local_money(a, &amounts[i].m), amounts[i].en);
		SCOPED_LANG(LANG_DE);
		says(a, local_money(a, &amounts[i].m), amounts[i].de);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags),
		cmocka_unit_test(negotiation),
		cmocka_unit_test(long_headers_are_cut),
		cmocka_unit_test(plurals),
		cmocka_unit_test(keys),
		cmocka_unit_test(texts),
		cmocka_unit_test(each_stack_has_its_own),
		cmocka_unit_test(days),
		cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
