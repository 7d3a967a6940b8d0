/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/guard.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static pthread_t ran_on;
static void where(void *arg)
{
	ran_on = pthread_self();
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static void inline_without_a_pool_or_a_fiber(void **state)
{
	_Atomic int n = 0;
	assert_int_equal(offload(OFFLOAD_PROMPT, where, &n), ST_OK);
	assert_int_equal(n, 1);
	assert_true(pthread_equal(ran_on, pthread_self()));
}

static void elsewhere(void *arg)
{
	assert_int_equal(offload(OFFLOAD_PROMPT, where, arg), ST_OK);
	assert_false(pthread_equal(ran_on, pthread_self()));
}

static void out_of_memory(void *arg)
{
	guard_abort(ST_NOMEM);
}

static void offload_that_aborts(void *arg)
{
	(void)!offload(OFFLOAD_PROMPT, out_of_memory, NULL);
	atomic_fetch_add((_Atomic int *)arg, 100); /* not reached */
}

static void abort_crosses(void *arg)
{
	assert_int_equal(guard_run(offload_that_aborts, arg), ST_NOMEM);
}

static void runs_on_the_pool(void **state)
{
	_Atomic int n = 0;
	struct offload_stats s;
	assert_int_equal(offload_start(2, 100, NULL), ST_OK);
	fiber_main(elsewhere, &n);
	assert_int_equal(n, 1);
	fiber_main(abort_crosses, &n);
	assert_int_equal(n, 1);
	offload_stats(OFFLOAD_PROMPT, &s);
	assert_int_equal(s.done, 2);
	assert_int_equal(s.threads, 2);
	offload_stop();
}

/* --- bounds ----------------------------------------------------------------------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int passed, refused, finished, detached;
static void through_the_gate(void *arg)
{
	pthread_mutex_lock(&gate);
	passed++;
	pthread_mutex_unlock(&gate);
}

static void try_gate(void *arg)
{
	enum status st = offload(OFFLOAD_PROMPT, through_the_gate, NULL);
	if (st == ST_UNAVAILABLE)
		refused++;
	else
		assert_int_equal(st, ST_OK);
	finished++;
}

static void detached_done(void *arg)
{
	assert_ptr_equal(loop_current(), arg);
	detached++;
}

static void crowd(void *arg)
{
	struct loop *l = loop_current();
	struct offload_stats s;
	pthread_mutex_lock(&gate);
	assert_int_equal(offload_detached(OFFLOAD_PROMPT, through_the_gate, detached_done, l), ST_OK);
	do {
		fiber_yield();
		offload_stats(OFFLOAD_PROMPT, &s);
	} while (!s.running);
	for (int i = 0; i < 10; i++)
		assert_non_null(fiber_spawn(l, try_gate, NULL, FIBER_SMALL));
	fiber_yield();
	offload_stats(OFFLOAD_PROMPT, &s);
	assert_int_equal(s.queued, 4);
	assert_int_equal(refused, 6);
	assert_int_equal(finished, 6);
	assert_int_equal(offload_detached(OFFLOAD_PROMPT, through_the_gate, NULL, NULL), ST_UNAVAILABLE);
	pthread_mutex_unlock(&gate);
	while (finished < 10 || !detached)
		fiber_yield();
	assert_int_equal(passed, 5);
}

static void the_queue_is_bounded(void **state)
{
	assert_int_equal(offload_start(1, 4, NULL), ST_OK);
	fiber_main(crowd, NULL);
	offload_stop();
}

static _Atomic int policy;
static void read_policy(void *arg)
{
	policy = sched_getscheduler(0);
}

static void ask_both_lanes(void *arg)
{
	/* The only patient thread is held at the gate; the prompt lane does not notice. */
	_Atomic int n = 0;
	pthread_mutex_lock(&gate);
	assert_int_equal(offload_detached(OFFLOAD_PICTURES, through_the_gate, NULL, NULL), ST_OK);
	assert_int_equal(offload(OFFLOAD_PROMPT, where, &n), ST_OK);
	assert_int_equal(n, 1);
	pthread_mutex_unlock(&gate);
	assert_int_equal(offload(OFFLOAD_PROMPT, read_policy, NULL), ST_OK);
	assert_int_equal(policy, SCHED_OTHER);
	/* On a machine so busy that it was raised, a later one shows it. */
	policy = SCHED_OTHER;
	while (policy != SCHED_IDLE)
		assert_int_equal(offload(OFFLOAD_PICTURES, read_policy, NULL), ST_OK);
}

static void lanes_do_not_wait_for_each_other(void **state)
{
	assert_int_equal(offload_start(1, 4, NULL), ST_OK);
	fiber_main(ask_both_lanes, NULL);
	offload_stop();
}

/* A job that does not end, as on processors that never rest: its thread is raised, and idle again for the next. */
static void until_raised(void *arg)
{
	assert_int_equal(sched_getscheduler(0), SCHED_IDLE);
	while (sched_getscheduler(0) != SCHED_OTHER)
		usleep(1000);
	passed = getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void starve(void *arg)
{
	passed = 0;
	assert_int_equal(offload(OFFLOAD_PICTURES, until_raised, NULL), ST_OK);
	assert_int_equal(passed, 10);
	policy = SCHED_OTHER;
	while (policy != SCHED_IDLE)
		assert_int_equal(offload(OFFLOAD_PICTURES, read_policy, NULL), ST_OK);
}

static void patience_has_an_end(void **state)
{
	struct rlimit may;
	assert_int_equal(getrlimit(RLIMIT_NICE, &may), 0);
	if (may.rlim_cur < 10 && geteuid() != 0)
		skip(); /* not allowed here: the threads stay idle */
	assert_int_equal(offload_start(1, 10, NULL), ST_OK);
	fiber_main(starve, NULL);
	offload_stop();
}

static void slow_count(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static _Atomic int order[4], next_order;

static void note_order(void *arg)
{
	order[next_order++] = (int)(intptr_t)arg;
}

static void what_is_urgent_goes_first(void **state)
{
	assert_int_equal(offload_start(1, 10, NULL), ST_OK);
	pthread_mutex_lock(&gate);
	assert_int_equal(offload_detached(OFFLOAD_PICTURES, through_the_gate, NULL, NULL), ST_OK);
	struct offload_stats s;
	do
		offload_stats(OFFLOAD_PICTURES, &s);
	while (!s.running);
	assert_int_equal(offload_detached(OFFLOAD_PICTURES, note_order, NULL, (void *)1), ST_OK);
	assert_int_equal(offload_detached(OFFLOAD_PICTURES, note_order, NULL, (void *)2), ST_OK);
	assert_int_equal(offload_detached_first(OFFLOAD_PICTURES, note_order, NULL, (void *)3), ST_OK);
	pthread_mutex_unlock(&gate);
	offload_stop();
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 1);
	assert_int_equal(order[2], 2);
}

static void leave_the_queue(void *arg)
{
	int *turn = arg;
	fiber_cancel(fiber_self());
	*turn = offload(OFFLOAD_SECRETS, note_order, (void *)9) == ST_CANCELLED;
}

static void withdraws(void *arg)
{
	int left = 0;
	struct offload_stats s;
	pthread_mutex_lock(&gate);
	assert_int_equal(offload_detached(OFFLOAD_SECRETS, through_the_gate, NULL, NULL), ST_OK);
	do
		offload_stats(OFFLOAD_SECRETS, &s);
	while (!s.running);
	int before = next_order;
	assert_non_null(fiber_spawn(loop_current(), leave_the_queue, &left, FIBER_SMALL));
	while (!left)
		fiber_yield();
	offload_stats(OFFLOAD_SECRETS, &s);
	assert_int_equal(s.queued, 0);
	assert_int_equal(s.withdrawn, 1);
	pthread_mutex_unlock(&gate);
	assert_int_equal(offload(OFFLOAD_SECRETS, note_order, (void *)1), ST_OK);
	assert_int_equal(next_order, before + 1);
}

static void who_left_is_not_worked_for(void **state)
{
	next_order = 0;
	assert_int_equal(offload_start(1, 10, NULL), ST_OK);
	fiber_main(withdraws, NULL);
	offload_stop();
}

static void stop_finishes_what_is_queued(void **state)
{
	_Atomic int n = 0;
	assert_int_equal(offload_start(3, 1000, NULL), ST_OK);
	for (int i = 0; i < 500; i++)
		assert_int_equal(offload_detached(OFFLOAD_PROMPT, slow_count, i % 2 ? slow_count : NULL, &n), ST_OK);
	offload_stop();
	assert_int_equal(n, 750);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_without_a_pool_or_a_fiber),
		cmocka_unit_test(runs_on_the_pool),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(lanes_do_not_wait_for_each_other),
		cmocka_unit_test(patience_has_an_end),
		cmocka_unit_test(what_is_urgent_goes_first),
		cmocka_unit_test(who_left_is_not_worked_for),
		cmocka_unit_test(stop_finishes_what_is_queued),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
