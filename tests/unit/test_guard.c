/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>

#include "base/guard.h"

static int cleaned;
static volatile bool armed = true;
static void clean(int *p)
{
	cleaned += *p;
}

static __attribute__((noinline)) void deep(int n)
{
	__attribute__((cleanup(clean))) int one = 1;
	if (n > 0)
		deep(n - 1);
	else if (armed)
		guard_abort(ST_TOO_LARGE);
	cleaned += 1000; /* never reached */
	(void)one;
}

static void dive(void *arg)
{
	deep(*(int *)arg);
}

static void return_normally(void *arg)
{
	*(int *)arg = 5;
}

static void clean_ups_run_on_the_way(void **state)
{
	int depth = 20, n = 0;
	cleaned = 0;
	assert_int_equal(guard_run(dive, &depth), ST_TOO_LARGE);
	assert_int_equal(cleaned, 21);
	assert_int_equal(guard_run(return_normally, &n), ST_OK);
	assert_int_equal(n, 5);
	assert_ptr_equal(guard_swap(NULL), NULL);
}

static void inner(void *arg)
{
	guard_abort(ST_NOMEM);
}

static void outer(void *arg)
{
	__attribute__((cleanup(clean))) int ten = 10;
	assert_int_equal(guard_run(inner, NULL), ST_NOMEM);
	cleaned += 1;
	(void)ten;
	guard_abort(ST_CONFLICT);
}

static void guards_nest(void **state)
{
	cleaned = 0;
	assert_int_equal(guard_run(outer, NULL), ST_CONFLICT);
	assert_int_equal(cleaned, 11);
}

static void clean_dives(int *p)
{
	int depth = 3;
	assert_int_equal(guard_run(dive, &depth), ST_TOO_LARGE);
}

static void diving_clean_up(void *arg)
{
	__attribute__((cleanup(clean_dives))) int x = 0;
	(void)x;
	guard_abort(ST_NOMEM);
}

static void a_clean_up_may_use_a_guard_itself(void **state)
{
	cleaned = 0;
	assert_int_equal(guard_run(diving_clean_up, NULL), ST_NOMEM);
	assert_int_equal(cleaned, 4);
}

static void *thread(void *arg)
{
	int depth = 50;
	for (int i = 0; i < 200; i++)
		*(int *)arg += guard_run(dive, &depth) == ST_TOO_LARGE;
	return NULL;
}

static void on_a_plain_thread(void **state)
{
	pthread_t t;
	int n = 0;
	cleaned = 0;
	assert_int_equal(pthread_create(&t, NULL, thread, &n), 0);
	pthread_join(t, NULL);
	assert_int_equal(n, 200);
	assert_int_equal(cleaned, 200 * 51);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_ups_run_on_the_way),
		cmocka_unit_test(guards_nest),
		cmocka_unit_test(a_clean_up_may_use_a_guard_itself),
		cmocka_unit_test(on_a_plain_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
