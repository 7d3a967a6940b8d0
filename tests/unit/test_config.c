/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/config/config.h"
#include "platform/config/config_value.h"
#include "platform/config/suggest.h"

static const struct setting blog_settings[] = {
	{ "blog", "posts", SET_INT, "10", .min = 1, .max = 100, .live = true, .help = "Posts on a page" },
	{ "blog", "token", SET_SECRET, "", .help = "A secret" },
	{ 0 },
};
static const struct service blog = { .name = "blog", .title = "Site", .mount = "/", .settings = blog_settings };
static const struct service *const services[] = { &blog, NULL };

static char path[] = "/tmp/gh-config-XXXXXX";

static const char *write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static struct config *load(const char *file, const char *set, struct err *e)
{
	const char *sets[] = { set };
	struct config_source src = {
		.file = file ? write_file(file) : NULL, .sets = sets, .set_count = set != NULL, .environment = true
	};
	return config_load(&src, services, e);
}

static void defaults_and_kinds(void **state)
{
	struct err e = { 0 };
	struct config *c = load(NULL, NULL, &e);
	assert_non_null(c);
	assert_string_equal(config_cstr(c, "server", "listen"), "127.0.0.1:8080");
	assert_int_equal(config_bytes(c, "http", "arena"), 4 << 20);
	assert_int_equal(config_duration_ns(c, "redis", "timeout"), 250000000);
	assert_true(config_bool(c, "database", "fsync"));
	assert_int_equal(config_int(c, "blog", "posts"), 10);
	assert_string_equal(config_cstr(c, "blog", "database"), "");
	assert_string_equal(config_cstr(c, "log", "level"), "info");
	assert_false(config_is_set(c, "server", "listen"));
	config_free(c);
}

static void later_sources_win(void **state)
{
	struct err e = { 0 };
	const char *file =
	        "# comment\n; another\n\n[blog]\nposts = 20\n\n[ server ]\r\nlisten=\"[::1]:9000\"\r\nloops = 2\n";
	struct config *c = load(file, NULL, &e);
	assert_non_null(c);
	assert_int_equal(config_int(c, "blog", "posts"), 20);
	assert_string_equal(config_cstr(c, "server", "listen"), "[::1]:9000");
	config_free(c);
	setenv("GUILDHALL_BLOG_POSTS", "30", 1);
	setenv("GUILDHALL_SERVER_TRUSTED_PROXIES", "10.0.0.0/8", 1);
	c = load(file, NULL, &e);
	assert_int_equal(config_int(c, "blog", "posts"), 30);
	assert_string_equal(config_cstr(c, "server", "trusted_proxies"), "10.0.0.0/8");
	config_free(c);
	c = load(file, "blog.posts=40", &e);
	assert_int_equal(config_int(c, "blog", "posts"), 40);
	assert_int_equal(config_int(c, "server", "loops"), 2);
	assert_true(config_is_set(c, "server", "loops"));
	config_free(c);
	unsetenv("GUILDHALL_BLOG_POSTS");
	unsetenv("GUILDHALL_SERVER_TRUSTED_PROXIES");
}

static void refuse(const char *file, const char *set, const char *part)
{
	struct err e = { 0 };
	assert_null(load(file, set, &e));
	assert_int_equal(e.status, ST_CONFIG);
	if (!strstr(e.msg, part))
		fail_msg("'%s' does not say '%s'", e.msg, part);
}

static void mistakes_are_refused(void **state)
{
	refuse("[server]\nlisen = x\n", NULL, "Did you mean server.listen?");
	refuse("[sever]\nlisten = x\n", NULL, ":2). Did you mean server.listen?");
	refuse("[server]\nzzzzzzzzzz = x\n", NULL, "dump settings");
	refuse("listen = x\n", NULL, ":1: a [section] must come");
	refuse("[server\n", NULL, ":1: [section] expected");
	refuse("[server]\nnonsense\n", NULL, ":2: key = value expected");
	refuse("[server]\nlisten = \xff\n", NULL, "UTF-8");
	refuse("[blog]\nposts = 0\n", NULL, "must be between 1 and 100");
	refuse("[blog]\nposts = ten\n", NULL, "whole number");
	refuse("[blog]\nposts = 99999999999999999999\n", NULL, "whole number");
	refuse(NULL, "http.idle=5", "250ms");
	refuse(NULL, "http.idle=5000s", "between 1s and 1h");
	refuse(NULL, "http.arena=9999999999G", "a size");
	refuse(NULL, "http.arena=1k", "between 64k and 1G");
	refuse(NULL, "server.dev=maybe", "yes or no");
	refuse(NULL, "log.level=loud", "trace debug info warn error");
	refuse(NULL, "listen=1", "section.key=value");
	refuse(NULL, "server.listen", "section.key=value");
	setenv("GUILDHALL_SERVER_LISEN", "x", 1);
	refuse(NULL, NULL, "Did you mean GUILDHALL_SERVER_LISTEN?");
	unsetenv("GUILDHALL_SERVER_LISEN");
	struct config_source src = { .file = "/nonexistent/x.ini" };
	struct err e = { 0 };
	assert_null(config_load(&src, services, &e));
	assert_non_null(strstr(e.msg, "/nonexistent/x.ini"));
}

static const struct config_row *row_of(const struct config_row *rows, size_t n, const char *section, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].setting->section, section) && !strcmp(rows[i].setting->key, key))
			return &rows[i];
	fail();
	return NULL;
}

static void secrets_are_masked_and_may_stand_in_a_file(void **state)
{
	struct err e = { 0 };
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct config_row *rows;
	struct config *c = load(NULL, "blog.token=hunter2", &e);
	size_t n = config_rows(c, a, &rows);
	assert_string_equal(row_of(rows, n, "blog", "token")->value, "(secret)");
	assert_string_equal(row_of(rows, n, "blog", "token")->source, "--set");
	assert_string_equal(row_of(rows, n, "server", "secret")->value, "");
	assert_string_equal(config_cstr(c, "blog", "token"), "hunter2");
	config_free(c);
	char set[64];
	snprintf(set, sizeof set, "blog.token=file:%s", write_file("  s3cret\n"));
	c = load(NULL, set, &e);
	assert_string_equal(config_cstr(c, "blog", "token"), "s3cret");
	config_free(c);
	refuse(NULL, "blog.token=file:/nonexistent", "can not read /nonexistent");
}

static void reload_applies_live_rows_only(void **state)
{
	struct err e = { 0 };
	struct config *c = load("[blog]\nposts = 5\n[server]\nloops = 1\n", NULL, &e);
	struct config_source src = { .file = write_file("[blog]\nposts = 6\n[server]\nloops = 3\n") };
	assert_int_equal(config_reload(c, &src, services, &e), ST_OK);
	assert_int_equal(config_int(c, "blog", "posts"), 6);
	assert_int_equal(config_int(c, "server", "loops"), 1);
	src.file = write_file("[blog]\nposts = 7\n[server]\nloop = 3\n");
	assert_int_equal(config_reload(c, &src, services, &e), ST_CONFIG);
	assert_int_equal(config_int(c, "blog", "posts"), 6);
	src.file = write_file("");
	assert_int_equal(config_reload(c, &src, services, &e), ST_OK);
	assert_int_equal(config_int(c, "blog", "posts"), 10);
	config_free(c);
}

static void durations_and_sizes(void **state)
{
	int64_t v;
	assert_true(config_parse_duration(STR("90m"), &v));
	assert_int_equal(v, INT64_C(5400000000000));
	assert_true(config_parse_duration(STR("0"), &v));
	assert_true(config_parse_duration(STR("7 d"), &v));
	assert_false(config_parse_duration(STR("10"), &v));
	assert_false(config_parse_duration(STR("-1s"), &v));
	assert_false(config_parse_duration(STR("999999999999d"), &v));
	assert_false(config_parse_duration(STR(""), &v));
	assert_true(config_parse_bytes(STR("2G"), &v));
	assert_int_equal(v, INT64_C(2147483648));
	assert_false(config_parse_bytes(STR("2T"), &v));
}

static void distances(void **state)
{
	assert_int_equal(edit_distance(STR("listen"), STR("listen")), 0);
	assert_int_equal(edit_distance(STR("listen"), STR("lisetn")), 1);
	assert_int_equal(edit_distance(STR("listen"), STR("lisen")), 1);
	assert_int_equal(edit_distance(STR(""), STR("abc")), 3);
	assert_int_equal(edit_distance(STR("kitten"), STR("sitting")), 3);
}

static int setup(void **state)
{
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) { return unlink(path); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_and_sizes),
		cmocka_unit_test(distances),
		cmocka_unit_test(defaults_and_kinds),
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(secrets_are_masked_and_may_stand_in_a_file),
		cmocka_unit_test(reload_applies_live_rows_only),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
