/* SPDX-License-Identifier: Apache-2.0
 * Escapers: what each context must not let through. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "platform/text/html.h"

typedef void escaper(struct buf *b, struct str s);

static void check(escaper *fn, struct str in, const char *want)
{
	SCOPED_BUF b;
	buf_init(&b, 4096);
	fn(&b, in);
	buf_putc(&b, '\0');
	assert_true(buf_ok(&b));
	assert_string_equal(b.data, want);
}

static void test_text(void **state)
{
	check(html_text, STR("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
	check(html_text, STR("\"quoted\" 'stays'"), "\"quoted\" 'stays'");
	check(html_text, STR("a\0b"), "a\xef\xbf\xbd"
				      "b");
	check(html_text, STR(""), "");
}

static void test_attr(void **state)
{
	check(html_attr, STR("\" onload='x' `y`"), "&quot; onload=&#39;x&#39; &#96;y&#96;");
	check(html_attr, STR("a\r\nb&<>"), "a&#13;&#10;b&amp;&lt;&gt;");
}

static void test_url(void **state)
{
	check(html_url, STR("https://e.org/?a=1&b=2"), "https://e.org/?a=1&amp;b=2");
	check(html_url, STR(" /path?x=\"y\" "), "/path?x=&quot;y&quot;");
	check(html_url, STR("mailto:a@e.org"), "mailto:a@e.org");
	check(html_url, STR("tel:+31"), "tel:+31");
	check(html_url, STR("page#a:b"), "page#a:b");
	check(html_url, STR("HTTPS://E.org"), "HTTPS://E.org");
	check(html_url, STR(""), "");
	static const char *const bad[] = {
		"javascript:alert(1)",
		"JaVaScRiPt:alert(1)",
		" \x01javascript:alert(1)",
		"java\nscript:alert(1)",
		"java\tscript:alert(1)",
		"data:text/html,<script>",
		"vbscript:x",
		"file:///etc/passwd",
		"blob:https://e.org/1",
		"java script:alert(1)",
		":alert(1)",
		"a%20b:c",
		"\xc2\xa0javascript:alert(1)",
		"x\x7f",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check(html_url, str_c(bad[i]), "#");
}

static void test_js(void **state)
{
	check(html_js, STR("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
	check(html_js, STR("</script><!-- & '"), "\"\\u003c/script\\u003e\\u003c!-- \\u0026 \\u0027\"");
	check(html_js, STR("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
	check(html_js, STR("\x01\x7f\0"), "\"\\u0001\\u007f\\u0000\"");
	/* overlong, surrogate, cut off, beyond U+10FFFF */
	check(html_js, STR("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check(html_js, STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check(html_js, STR("\xe2\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check(html_js, STR("\xf4\x90\x80\x80!"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!\"");
	check(html_js, STR("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
}

static void check_f64(double v, const char *want)
{
	SCOPED_BUF b;
	buf_init(&b, 64);
	html_f64(&b, v);
	assert_string_equal(b.data, want);
}

static void test_numbers(void **state)
{
	check_f64(0.1, "0.1");
	check_f64(0.1 + 0.2, "0.30000000000000004");
	check_f64(-1e300, "-1e+300");
	check_f64(NAN, "0");
	check_f64(INFINITY, "0");
	SCOPED_BUF b;
	buf_init(&b, 64);
	html_i64(&b, INT64_MIN);
	assert_string_equal(b.data, "-9223372036854775808");
}

static void test_url_encode(void **state)
{
	check(url_encode, STR("a b/c?d&e=~f\xc3\xa9"), "a%20b%2Fc%3Fd%26e%3D~f%C3%A9");
}

static void test_generic(void **state)
{
	SCOPED_BUF b;
	buf_init(&b, 256);
	HTML_TEXT(&b, "<c>");
	HTML_TEXT(&b, STR("<s>"));
	HTML_TEXT(&b, 7);
	HTML_TEXT(&b, 2.5);
	HTML_TEXT(&b, ((struct safe_html){ STR("<b>") }));
	assert_string_equal(b.data, "&lt;c&gt;&lt;s&gt;72.5<b>");
}

static void test_moments(void **state)
{
	static const struct { const char *zone, *day, *time; } rows[] = {
		{ "", "20 November 2026", "20 November 2026, 20:05 UTC" },
		{ "UTC", "20 November 2026", "20 November 2026, 20:05 UTC" },
		{ "Europe/Lisbon", "20 November 2026", "20 November 2026, 20:05 UTC" },
		{ "Europe/Berlin", "20 November 2026", "20 November 2026, 21:05 UTC+1" },
		{ "Asia/Kolkata", "21 November 2026", "21 November 2026, 01:35 UTC+5:30" },
		{ "America/St_Johns", "20 November 2026", "20 November 2026, 16:35 UTC-3:30" },
		{ "Nowhere/Land", "20 November 2026", "20 November 2026, 20:05 UTC" },
	};
	const int64_t us = INT64_C(1795205142123456); /* 2026-11-20T20:05:42Z */
	struct arena *a = arena_new(1 << 16);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(arena_cstr(a, html_day(a, str_c(rows[i].zone), us)), rows[i].day);
		assert_string_equal(arena_cstr(a, html_time(a, str_c(rows[i].zone), us)), rows[i].time);
	}
	/* Half a year earlier it is summer there. */
	assert_string_equal(arena_cstr(a, html_time(a, STR("Europe/Berlin"), us - 180 * 86400 * US_PER_S)),
	        "24 May 2026, 22:05 UTC+2");
	assert_string_equal(arena_cstr(a, html_time(a, STR("Europe/Berlin"), 0)), "never");
	arena_free(a);
}

static void test_marker(void **state)
{
	SCOPED_BUF b;
	buf_init(&b, 256);
	html_fragment_marker(&b, "account", "auth-menu", STR("a=1&b=--> x"));
	struct str open = html_fragment_open();
	assert_int_equal(open.n, 6 + 32);
	assert_true(str_starts(buf_str(&b), open));
	assert_string_equal(b.data + open.n, " account auth-menu a%3D1%26b%3D--%3E%20x-->");
	assert_true(str_eq(open, html_fragment_open()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text), cmocka_unit_test(test_attr), cmocka_unit_test(test_url),
		cmocka_unit_test(test_js), cmocka_unit_test(test_numbers), cmocka_unit_test(test_url_encode),
		cmocka_unit_test(test_generic), cmocka_unit_test(test_moments), cmocka_unit_test(test_marker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
