/* SPDX-License-Identifier: Apache-2.0
 * Urlencoded forms, cookies, header parameters. */
#include "unit.h"

#include <stdio.h>

#include "net/forms/form.h"

static struct arena *arena;

static int set_up(void **state) { return (arena = arena_new(1 << 20)) ? 0 : -1; }
static int tear_down(void **state)
{
	arena_free(arena);
	return 0;
}

/* Fields as "name=value|name=value", or the name of the failure. */
static void check_form(struct str in, const char *want)
{
	struct form f;
	struct err e = { 0 };
	char got[512] = "";
	enum status s = form_parse(arena, in, 4, &f, &e);
	if (s != ST_OK) {
		assert_string_equal(status_info(s)->name, want);
		assert_true(e.msg[0]);
		return;
	}
	for (unsigned i = 0; i < f.count; i++) {
		size_t n = strlen(got);
		snprintf(got + n, sizeof got - n, "%s%.*s=%.*s", i ? "|" : "", STR_ARG(f.list[i].name),
		        STR_ARG(f.list[i].value));
	}
	assert_string_equal(got, want);
}

static void test_urlencoded(void **state)
{
	check_form(STR(""), "");
	check_form(STR("a=1&b=2"), "a=1|b=2");
	check_form(STR("a=1&&b=2&"), "a=1|b=2");
	check_form(STR("a&b=&=c"), "a=|b=|=c");
	check_form(STR("a=b=c"), "a=b=c");
	check_form(STR("a+b=%63+%C3%A9%2B"), "a b=c \xc3\xa9+");
	check_form(STR("a=1&b=2&c=3&d=4"), "a=1|b=2|c=3|d=4");
	check_form(STR("a=1&b=2&c=3&d=4&e=5"), "TOO_LARGE");
	check_form(STR("a=%"), "INVALID");
	check_form(STR("a=%4"), "INVALID");
	check_form(STR("a=%4g"), "INVALID");
	check_form(STR("a=% 4"), "INVALID");
	check_form(STR("a=%00"), "INVALID");
	check_form(STR("a=\0"), "INVALID");
	check_form(STR("a=%C0%AF"), "INVALID");
	check_form(STR("%ED%A0%80=1"), "INVALID");
	check_form(STR("%E2%82=1&%AC=2"), "INVALID");
}

static void test_get(void **state)
{
	struct form f;
	assert_int_equal(form_parse(arena, STR("a=1&a=2&b="), 9, &f, NULL), ST_OK);
	assert_true(str_eqc(form_get(&f, "a"), "1"));
	assert_true(form_get(&f, "b").p && form_get(&f, "b").n == 0);
	assert_null(form_get(&f, "c").p);
}

static void check_cookie(const char *header, const char *name, const char *want)
{
	struct str got = cookie_get(str_c(header), name);
	if (!want)
		assert_null(got.p);
	else if (!str_eqc(got, want))
		fail_msg("%s gives %.*s", header, STR_ARG(got));
}

static void test_cookies(void **state)
{
	check_cookie("a=1; b=2", "b", "2");
	check_cookie("a=1;b=2", "b", "2");
	check_cookie(" a = \"x y\" ;", "a", "x y");
	check_cookie("a=b=c", "a", "b=c");
	check_cookie("a=", "a", "");
	check_cookie("a=1; a=2", "a", "1");
	check_cookie("a; =x; b c=1; ok=y", "ok", "y");
	check_cookie("ok=y\x01; x=1", "ok", NULL);
	check_cookie("", "a", NULL);
	check_cookie(NULL, "a", NULL);
	check_cookie("aa=1", "a", NULL);
	check_cookie("a=\"", "a", "\"");
}

static void check_params(const char *header, const char *want)
{
	struct header_params p;
	struct str name, value, main_value = header_main(str_c(header), &p);
	char got[512];
	int n = snprintf(got, sizeof got, "%.*s", STR_ARG(main_value)), r;
	while ((r = header_param_next(arena, &p, &name, &value)) > 0)
		n += snprintf(got + n, sizeof got - (size_t)n, "|%.*s=%.*s", STR_ARG(name), STR_ARG(value));
	if (r < 0)
		snprintf(got + n, sizeof got - (size_t)n, "|bad");
	assert_string_equal(got, want);
}

static void test_params(void **state)
{
	check_params("text/html", "text/html");
	check_params("text/html ; charset=utf-8", "text/html|charset=utf-8");
	check_params("a;b=\"c;d\\\"e\\\\f\";g=h", "a|b=c;d\"e\\f|g=h");
	check_params("a;b=\"C:\\new\\x\"", "a|b=C:\\new\\x");
	check_params("a;;b=1;", "a|b=1");
	check_params("a;b", "a|bad");
	check_params("a;b =1", "a|bad");
	check_params("a;b=", "a|bad");
	check_params("a;b=\"x", "a|bad");
	check_params("a;b=\"x\\\"", "a|bad");
	check_params("a;b=\"x\"c=d", "a|bad");
	check_params("a;b=1 c=2", "a|bad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_urlencoded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_get, set_up, tear_down),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test_setup_teardown(test_params, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
