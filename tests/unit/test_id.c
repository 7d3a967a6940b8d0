/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/id.h"

static void texts_sort_like_numbers(void **state)
{
	static const int64_t ids[] = { 1, 31, 32, 1 << 20, INT64_C(1) << 40, INT64_MAX - 1, INT64_MAX };
	char last[ID_TEXT_LEN + 1] = "", t[ID_TEXT_LEN + 1];
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		int64_t back;
		id_text(ids[i], t);
		assert_int_equal(strlen(t), ID_TEXT_LEN);
		assert_true(strcmp(last, t) < 0);
		assert_true(id_parse(str_c(t), &back));
		assert_int_equal(back, ids[i]);
		strcpy(last, t);
	}
	assert_string_equal(t, "7zzzzzzzzzzzz");
}

static void parsing_refuses(void **state)
{
	static const char *const bad[] = { "", "7zzzzzzzzzzz", "7zzzzzzzzzzzzz", "8000000000000", "0000000000000",
		"000000000000u", "00000000000 1", "00000000000-1" };
	int64_t id;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(id_parse(str_c(bad[i]), &id));
	assert_true(id_parse(STR("000000000001O"), &id));
	assert_int_equal(id, 32);
	assert_false(id_parse(str_n("000000000000\0", 13), &id));
}

static void increasing_even_when_the_clock_is_not(void **state)
{
	int64_t last = 0;
	id_set_node(5);
	clock_fake_us(INT64_C(1800000000) * US_PER_S);
	for (int i = 0; i < 20000; i++) {
		if (i == 10000)
			clock_fake_us(INT64_C(1799999000) * US_PER_S);
		int64_t id = id_new();
		assert_true(id > last);
		assert_int_equal(id >> 12 & 1023, 5);
		last = id;
	}
	assert_in_range(id_time_us(last) / US_PER_S, 1800000000, 1800000001);
	clock_fake_us(0);
}

enum { THREADS = 4, EACH = 20000 };
static int64_t made[THREADS * EACH];
static void *maker(void *arg)
{
	int64_t *out = arg;
	for (int i = 0; i < EACH; i++)
		out[i] = id_new();
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void unique_across_threads(void **state)
{
	pthread_t t[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, maker, made + i * EACH), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	qsort(made, THREADS * EACH, sizeof *made, by_value);
	for (int i = 1; i < THREADS * EACH; i++)
		assert_true(made[i - 1] < made[i]);
}

static void randomness(void **state)
{
	char hex[65], token[64];
	for (size_t n = 0; n <= 32; n++) {
		random_hex(hex, n);
		assert_int_equal(strlen(hex), 2 * n);
		assert_int_equal(strspn(hex, "0123456789abcdef"), 2 * n);
		random_token(token, n);
		assert_int_equal(strlen(token), (4 * n + 2) / 3);
		assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		        strlen(token));
	}
	char a[33], b[33];
	random_hex(a, 16);
	random_hex(b, 16);
	assert_string_not_equal(a, b);
}

static void contexts(void **state)
{
	SCOPED_ARENA *a = arena_new(1024);
	struct ctx c, d;
	char t[TRACEPARENT_LEN + 1];
	ctx_init(&c, a);
	ctx_init(&d, a);
	assert_int_equal(strlen(c.request_id), 26);
	assert_string_not_equal(c.request_id, d.request_id);
	static const char in[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
	assert_true(ctx_set_traceparent(&c, str_c(in)));
	ctx_traceparent(&c, t);
	assert_int_equal(strlen(t), TRACEPARENT_LEN);
	assert_memory_equal(t, in, 36);
	assert_memory_not_equal(t + 36, in + 36, 16); /* a span of its own */
	assert_string_equal(t + 52, "-01");
	assert_true(ctx_set_traceparent(&c, STR("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-future")));
	static const char *const bad[] = { "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
		"00x4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(ctx_set_traceparent(&c, str_c(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_sort_like_numbers), cmocka_unit_test(parsing_refuses),
		cmocka_unit_test(increasing_even_when_the_clock_is_not), cmocka_unit_test(unique_across_threads),
		cmocka_unit_test(randomness), cmocka_unit_test(contexts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
