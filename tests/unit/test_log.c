/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ctx.h"
#include "base/log.h"

/* Standard error goes into a pipe for the length of one call. */
static int saved, fds[2];
static void capture(void)
{
	assert_int_equal(pipe(fds), 0);
	saved = dup(2);
	dup2(fds[1], 2);
}
static const char *captured(void)
{
	static char text[65536];
	dup2(saved, 2);
	close(saved);
	close(fds[1]);
	ssize_t n = read(fds[0], text, sizeof text - 1);
	close(fds[0]);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static json_t *line(const char *text)
{
	json_error_t e;
	assert_int_equal(text[strlen(text) - 1], '\n');
	json_t *j = json_loads(text, 0, &e);
	if (!j)
		fail_msg("%s: %s", e.text, text);
	return j;
}

static const char *text_of(json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static void json_fields(void **state)
{
	SCOPED_ARENA *a = arena_new(1024);
	struct ctx c;
	ctx_init(&c, a);
	log_setup(LOG_INFO, LOG_JSON);
	capture();
	errno = ENOENT;
	LOG(INFO, &c, "test.event", LS("s", "a\"b\\c\nd\x01"), LI("i", -5), LD("d", 1.5), LD("nan", NAN),
	        LS("none", NULL), LT("bad", STR("x\xffy")));
	assert_int_equal(errno, ENOENT);
	json_t *j = line(captured());
	assert_string_equal(text_of(j, "event"), "test.event");
	assert_string_equal(text_of(j, "level"), "info");
	assert_string_equal(text_of(j, "s"), "a\"b\\c\nd\x01");
	assert_string_equal(text_of(j, "bad"), "x\xef\xbf\xbdy");
	assert_int_equal(json_integer_value(json_object_get(j, "i")), -5);
	assert_true(json_real_value(json_object_get(j, "d")) == 1.5);
	assert_true(json_is_null(json_object_get(j, "none")) && json_is_null(json_object_get(j, "nan")));
	assert_string_equal(text_of(j, "request"), c.request_id);
	assert_int_equal(strlen(text_of(j, "trace")), 32);
	json_decref(j);
}

static void threshold(void **state)
{
	log_setup(LOG_WARN, LOG_JSON);
	capture();
	LOG(INFO, NULL, "quiet");
	LOG(WARN, NULL, "loud");
	json_t *j = line(captured()); /* one line only, or the parser complains */
	assert_string_equal(text_of(j, "event"), "loud");
	json_decref(j);
	enum log_level l;
	assert_true(log_level_parse(STR("DEBUG"), &l) && l == LOG_DEBUG);
	assert_false(log_level_parse(STR("loud"), &l));
}

static void too_long_stays_valid(void **state)
{
	char *big = malloc(3001);
	memset(big, '\x02', 3000);
	big[3000] = 0;
	log_setup(LOG_INFO, LOG_JSON);
	capture();
	LOG(INFO, NULL, "big", LI("first", 1), LS("a", big), LS("b", big), LI("last", 2));
	json_t *j = line(captured());
	assert_true(json_is_true(json_object_get(j, "truncated")));
	assert_int_equal(json_integer_value(json_object_get(j, "first")), 1);
	json_decref(j);
	free(big);
}

static void text_is_one_line_without_commands(void **state)
{
	log_setup(LOG_INFO, LOG_TEXT);
	capture();
	LOG(INFO, NULL, "text.event", LS("name", "evil\n\033[2Jname"), LI("n", 3));
	const char *t = captured();
	assert_non_null(strstr(t, "text.event"));
	assert_non_null(strstr(t, "\"evil\\n\\u001b[2Jname\""));
	assert_ptr_equal(strchr(t, '\n'), t + strlen(t) - 1);
	log_setup(LOG_INFO, LOG_JSON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_fields),
		cmocka_unit_test(threshold),
		cmocka_unit_test(too_long_stays_valid),
		cmocka_unit_test(text_is_one_line_without_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
