/* SPDX-License-Identifier: Apache-2.0
 * Circuit breaker. Times are 0 or a day, so that nothing depends on how fast this machine is. */
#include "unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "platform/cache/limits.h"

#define DAY (86400 * NS_PER_S)

static void opens_after_consecutive_failures(void **state)
{
	struct breaker b;
	breaker_init(&b, 3, DAY);
	for (int i = 0; i < 10; i++) { /* a success in between begins the count anew */
		breaker_result(&b, false);
		breaker_result(&b, false);
		assert_true(breaker_allow(&b));
		breaker_result(&b, true);
	}
	for (int i = 0; i < 3; i++)
		breaker_result(&b, false);
	assert_true(breaker_is_open(&b));
	assert_false(breaker_allow(&b));
}

static void a_probe_closes_or_reopens(void **state)
{
	struct breaker b;
	breaker_init(&b, 1, 0);
	breaker_result(&b, false);
	assert_false(breaker_is_open(&b)); /* its time is over at once */
	assert_true(breaker_allow(&b));
	b.open_ns = DAY;
	breaker_result(&b, false);
	assert_false(breaker_allow(&b));
	breaker_result(&b, true);
	assert_true(breaker_allow(&b));
}

static struct breaker shared;
static _Atomic int allowed;

static void *ask(void *arg)
{
	for (int i = 0; i < 1000; i++)
		if (breaker_allow(&shared))
			atomic_fetch_add(&allowed, 1);
	return NULL;
}

static void of_many_one_is_the_probe(void **state)
{
	breaker_init(&shared, 1, 0);
	breaker_result(&shared, false);
	shared.open_ns = DAY;
	pthread_t t[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, ask, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(allowed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(opens_after_consecutive_failures),
					    cmocka_unit_test(a_probe_closes_or_reopens),
					    cmocka_unit_test(of_many_one_is_the_probe) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
