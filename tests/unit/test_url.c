/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that strangers give: what they are, and what only looks like something else.
 */
#include "unit/unit.h"

#include <string.h>

#include "base/arena.h"
#include "platform/text/url.h"

static void parsed(void **state)
{
	static const struct { const char *text, *scheme, *host; int port; const char *rest; bool loopback; } rows[] = {
		{ "https://rp.example/cb?x=1", "https", "rp.example", 0, "/cb?x=1", false },
		{ "HTTPS://RP.Example:8443", "https", "rp.example", 8443, "", false },
		{ "http://127.0.0.1:49152/cb", "http", "127.0.0.1", 49152, "/cb", true },
		{ "http://localhost/", "http", "localhost", 0, "/", true },
		{ "http://[::1]:7/cb", "http", "[::1]", 7, "/cb", true },
		{ "http://localhost.evil.invalid/", "http", "localhost.evil.invalid", 0, "/", false },
		{ "http://127.0.0.1.evil.invalid/", "http", "127.0.0.1.evil.invalid", 0, "/", false },
		{ "https://evil.invalid?.rp.example/", "https", "evil.invalid", 0, "?.rp.example/", false },
		{ "org.example.app:/cb", "org.example.app", "", 0, "/cb", false },
		{ "JavaScript:alert(1)", "javascript", "", 0, "alert(1)", false },
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct url u;
		if (!url_parse(a, str_c(rows[i].text), &u))
			fail_msg("%s is refused", rows[i].text);
		if (!str_eqc(u.scheme, rows[i].scheme) || !str_eqc(u.host, rows[i].host) || u.port != rows[i].port ||
		        !str_eqc(u.rest, rows[i].rest) || url_is_loopback(&u) != rows[i].loopback)
			fail_msg("%s: %.*s, %.*s, %d, %.*s", rows[i].text, STR_ARG(u.scheme), STR_ARG(u.host), u.port,
			        STR_ARG(u.rest));
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		"https://",
		"https:///path",
		"https:evil",
		"https:/evil",
		"http://localhost@evil.invalid",
		"https://rp.example@evil.invalid/cb",
		"https://user:secret@rp.example/",
		"https://rp.example/#x",
		"https://rp.example/\tx",
		"https://rp.example\\@evil.invalid/",
		"https://rp.example /",
		"https://%6cocalhost/",
		"https://rp.example:0/",
		"https://rp.example:99999/",
		"https://rp.example:x/",
		"//evil.invalid/",
		"/path",
		"x:y",
		"nonsense",
		"https://\xd0\xb0\xd1\x80\xd1\x80.com/",
		"https://rp.example/\"",
		"https://rp.example/<",
		"https://[::1/",
		"http://[::1]evil/",
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	char long_one[URL_MAX + 2];
	struct url u;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (url_parse(a, str_c(rows[i]), &u))
			fail_msg("%s is taken: %.*s", rows[i], STR_ARG(u.host));
	memset(long_one, 'a', sizeof long_one);
	memcpy(long_one, "https://a/", 10);
	assert_true(url_parse(a, str_n(long_one, URL_MAX), &u)); /* at the limit, and one more */
	assert_false(url_parse(a, str_n(long_one, URL_MAX + 1), &u));
}

static void public_ones(void **state)
{
	static const struct { const char *text; bool yes; } rows[] = {
		{ "https://a.example/x.png", true },
		{ "http://a.example/", true },
		{ "/media/x.png", true },
		{ "/", true },
		{ "", false },
		{ "//evil.invalid/x", false },
		{ "javascript:alert(1)", false },
		{ "JAVASCRIPT:alert(1)", false },
		{ " javascript:alert(1)", false },
		{ "java\nscript:alert(1)", false },
		{ "data:image/png;base64,AAAA", false },
		{ "https:/x", false },
		{ "https:///x", false },
		{ "/\\evil.invalid", false },
		{ "file:///etc/passwd", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (url_is_public(str_c(rows[i].text)) != rows[i].yes)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parsed), cmocka_unit_test(refused),
		cmocka_unit_test(public_ones) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
