/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/guard.h"

static void pieces_are_aligned_and_distinct(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char *last = NULL;
	for (size_t n = 0; n < 6000; n += 7) {
		char *p = arena_alloc(a, n);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_ptr_not_equal(p, last);
		memset(p, 0x5a, n);
		if (last && n > 7)
			assert_int_equal(last[0], 0x5a);
		last = p;
		if (n % 700 == 0)
			arena_reset(a), last = NULL;
	}
	arena_free(a);
	arena_free(NULL);
}

static void zeroed_forms(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (int round = 0; round < 3; round++) {
		unsigned char *p = arena_zalloc(a, 5000);
		for (int i = 0; i < 5000; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 5000);
		unsigned *q = ARENA_ARRAY(a, unsigned, 10);
		assert_int_equal(q[9], 0);
		q[9] = 1;
		arena_reset(a);
	}
}

static void limit_is_hard(void **state)
{
	SCOPED_ARENA *a = arena_new(10000);
	void *p = arena_try_alloc(a, 9000);
	assert_non_null(p);
	p = arena_try_alloc(a, 2000);
	assert_null(p);
	p = arena_try_alloc(a, 16);
	assert_non_null(p);
	assert_true(arena_used(a) <= 10000);
	p = arena_try_alloc(a, SIZE_MAX);
	assert_null(p);
	p = arena_try_alloc(a, SIZE_MAX - 8);
	assert_null(p);
	arena_reset(a);
	p = arena_try_alloc(a, 9000);
	assert_non_null(p);
}

static void limit_spans_children(void **state)
{
	SCOPED_ARENA *a = arena_new(20000);
	struct arena *c = arena_child(a), *d = arena_child(c);
	void *p = arena_try_alloc(d, 15000);
	assert_non_null(p);
	p = arena_try_alloc(a, 15000);
	assert_null(p);
	assert_true(arena_used(a) >= 15000 && arena_used(c) >= 15000);
	arena_free(c); /* and d */
	p = arena_try_alloc(a, 15000);
	assert_non_null(p);
}

static int order[8], order_n;
static void note(void *arg)
{
	order[order_n++] = (int)(intptr_t)arg;
}

static void cleanups_run_in_reverse(void **state)
{
	order_n = 0;
	struct arena *a = arena_new(1 << 16), *c = arena_child(a);
	arena_on_free(a, note, (void *)1);
	arena_on_free(a, note, (void *)2);
	arena_on_free(c, note, (void *)3);
	arena_reset(a);
	assert_int_equal(order_n, 3);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 1);
	arena_on_free(a, note, (void *)4);
	arena_free(a);
	assert_int_equal(order_n, 4);
}

static void texts(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 16);
	char big[600];
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	assert_string_equal(arena_printf(a, "%s-%d", "a", 7), "a-7");
	struct str s = arena_strf(a, "%s!", big);
	assert_int_equal(s.n, 600);
	assert_int_equal(s.p[599], '!');
	assert_string_equal(arena_cstr(a, str_n("abcdef", 3)), "abc");
	assert_null(arena_str(a, STR_NULL).p);
	struct str empty = arena_str(a, STR(""));
	assert_non_null(empty.p);
	assert_memory_equal(arena_memdup(a, "pq", 3), "pq", 3);
}

static void plain_forms(void *arg)
{
	struct arena *a = arena_new(4096);
	arena_on_free(*(struct arena **)arg, (void (*)(void *))arena_free, a);
	for (;;)
		arena_alloc(a, 100);
}

static void overflowing_array(void *arg)
{
	arena_array(arg, SIZE_MAX / 2, 4);
}

static void past_the_limit_unwinds(void **state)
{
	SCOPED_ARENA *keeper = arena_new(1 << 16);
	assert_int_equal(guard_run(plain_forms, &keeper), ST_NOMEM);
	assert_int_equal(guard_run(overflowing_array, keeper), ST_NOMEM);
}

static void register_full(void *arg)
{
	arena_on_free(arg, note, (void *)9);
}

static void a_clean_up_that_can_not_be_kept_runs_at_once(void **state)
{
	order_n = 0;
	SCOPED_ARENA *a = arena_new(1000);
	while (arena_try_alloc(a, 1))
		continue;
	assert_int_equal(guard_run(register_full, a), ST_NOMEM);
	assert_int_equal(order_n, 1);
	assert_int_equal(order[0], 9);
}

static void *other_thread(void *arg)
{
	struct arena *a = arg;
	memset(arena_alloc(a, 9000), 1, 9000);
	arena_free(a);
	for (int i = 0; i < 100; i++) {
		a = arena_new(1 << 20);
		for (int j = 0; j < 50; j++)
			memset(arena_alloc(a, 700), j, 700);
		arena_free(a);
	}
	return NULL;
}

static void moves_between_threads(void **state)
{
	pthread_t t;
	struct arena *a = arena_new(1 << 20);
	memset(arena_alloc(a, 3000), 1, 3000);
	assert_int_equal(pthread_create(&t, NULL, other_thread, a), 0);
	pthread_join(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_distinct),
		cmocka_unit_test(zeroed_forms),
		cmocka_unit_test(limit_is_hard),
		cmocka_unit_test(limit_spans_children),
		cmocka_unit_test(cleanups_run_in_reverse),
		cmocka_unit_test(texts),
		cmocka_unit_test(past_the_limit_unwinds),
		cmocka_unit_test(a_clean_up_that_can_not_be_kept_runs_at_once),
		cmocka_unit_test(moves_between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
