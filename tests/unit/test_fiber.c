/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/guard.h"
#include "rt/fiber.h"
#include "rt/internal.h"

static struct loop *loop;
static int setup(void **state)
{
	loop = loop_new(0, NULL);
	return loop ? 0 : -1;
}
static int teardown(void **state)
{
	assert_int_equal(fiber_count(loop), 0);
	loop_free(loop);
	return 0;
}

static char trail[256];
static size_t trail_n;
static void mark(char c)
{
	trail[trail_n++] = c;
	trail[trail_n] = 0;
}

static void abc(void *arg)
{
	for (int i = 0; i < 3; i++) {
		mark(*(char *)arg);
		fiber_yield();
	}
}

static void fibers_take_turns(void **state)
{
	trail_n = 0;
	assert_null(fiber_self());
	assert_non_null(fiber_spawn(loop, abc, &(char){ 'a' }, FIBER_SMALL));
	assert_non_null(fiber_spawn(loop, abc, &(char){ 'b' }, FIBER_LARGE));
	assert_int_equal(fiber_count(loop), 2);
	loop_run_until_idle(loop);
	assert_string_equal(trail, "ababab");
}

struct parked {
	struct fiber *f;
	int64_t deadline, own;
	bool shield;
	enum status st, later;
	int wakes, done;
};

static void park(void *arg)
{
	struct parked *p = arg;
	p->f = fiber_self();
	fiber_set_deadline(p->own);
	if (p->shield)
		fiber_shield();
	p->st = fiber_park(p->deadline ? p->deadline : FIBER_FOREVER);
	if (p->shield)
		fiber_unshield();
	p->later = fiber_park(clock_mono_ns() + NS_PER_MS);
	p->done = 1;
}

static void run_parked(struct parked *p)
{
	assert_non_null(fiber_spawn(loop, park, p, FIBER_SMALL));
	loop_run_until_idle(loop);
}

static void finish(struct parked *p)
{
	while (!p->done)
		loop_run_until_idle(loop);
}

static void a_wake_ends_a_park(void **state)
{
	struct parked p = { .done = 0 };
	run_parked(&p);
	fiber_wake(p.f);
	finish(&p);
	assert_int_equal(p.st, ST_OK);
	assert_int_equal(p.later, ST_TIMEOUT);
}

static void self_wake(void *arg)
{
	fiber_wake(fiber_self());
	fiber_wake(fiber_self());
	*(enum status *)arg = fiber_park(FIBER_FOREVER);
	/* two wakes are remembered as one */
	assert_int_equal(fiber_park(1), ST_TIMEOUT);
}

static void a_wake_before_the_park_is_remembered(void **state)
{
	enum status st = ST_INTERNAL;
	assert_non_null(fiber_spawn(loop, self_wake, &st, FIBER_SMALL));
	loop_run_until_idle(loop);
	assert_int_equal(st, ST_OK);
}

static void the_earlier_deadline_counts(void **state)
{
	struct parked p = { .deadline = clock_mono_ns() + NS_PER_MS }, q = { .own = clock_mono_ns() + NS_PER_MS };
	run_parked(&p);
	run_parked(&q);
	finish(&p);
	finish(&q);
	assert_int_equal(p.st, ST_TIMEOUT);
	assert_int_equal(q.st, ST_TIMEOUT);
	assert_int_equal(q.later, ST_TIMEOUT);
}

static void a_shield_holds_deadline_and_cancel_back(void **state)
{
	struct parked p = { .own = clock_mono_ns() + 1, .shield = true };
	run_parked(&p);
	for (int i = 0; i < 100; i++)
		loop_run_until_idle(loop);
	fiber_cancel(p.f);
	loop_run_until_idle(loop);
	assert_int_equal(p.done, 0);
	fiber_wake(p.f);
	finish(&p);
	assert_int_equal(p.st, ST_OK);
	assert_int_equal(p.later, ST_CANCELLED);
}

static void cancel_ends_every_wait(void **state)
{
	struct parked p = { .done = 0 };
	run_parked(&p);
	fiber_cancel(p.f);
	finish(&p);
	assert_int_equal(p.st, ST_CANCELLED);
	assert_int_equal(p.later, ST_CANCELLED);
}

static void cancel_then_wake(void **state)
{
	struct parked p = { .done = 0 };
	run_parked(&p);
	fiber_cancel(p.f);
	fiber_wake(p.f); /* before it ran: the wake must not be lost */
	finish(&p);
	assert_int_equal(p.st, ST_OK);
	assert_int_equal(p.later, ST_CANCELLED);
}

static void sleeper(void *arg)
{
	int64_t from = clock_mono_ns();
	assert_int_equal(fiber_sleep_ns(2 * NS_PER_MS), ST_OK);
	assert_true(clock_mono_ns() - from >= 2 * NS_PER_MS);
	fiber_set_deadline(clock_mono_ns() + NS_PER_MS);
	assert_int_equal(fiber_sleep_ns(INT64_MAX), ST_TIMEOUT);
	*(bool *)arg = true;
}

static void sleeping(void **state)
{
	bool done = false;
	fiber_main(sleeper, &done);
	assert_true(done);
}

static void wait_pipe(void *arg)
{
	int *fd = arg;
	uint32_t ev = 0;
	assert_int_equal(fiber_wait_fd(fd[0], EPOLLIN, clock_mono_ns() + NS_PER_MS, &ev), ST_TIMEOUT);
	assert_int_equal(fiber_wait_fd(fd[1], EPOLLOUT, FIBER_FOREVER, &ev), ST_OK);
	assert_int_equal(ev, EPOLLOUT);
	mark('w');
	assert_int_equal(fiber_wait_fd(fd[0], EPOLLIN, FIBER_FOREVER, &ev), ST_OK);
	assert_int_equal(ev, EPOLLIN);
	mark('r');
	FILE *f = tmpfile();
	assert_int_equal(fiber_wait_fd(fileno(f), EPOLLIN, FIBER_FOREVER, &ev), ST_OK);
	fclose(f);
	assert_int_equal(fiber_wait_fd(-1, EPOLLIN, FIBER_FOREVER, &ev), ST_IO);
	mark('e');
}

static void waiting_for_a_descriptor(void **state)
{
	int fd[2];
	trail_n = 0;
	assert_int_equal(pipe(fd), 0);
	assert_non_null(fiber_spawn(loop, wait_pipe, fd, FIBER_SMALL));
	while (trail_n < 1)
		loop_run_until_idle(loop);
	assert_int_equal(write(fd[1], "x", 1), 1);
	loop_run_until_idle(loop);
	assert_string_equal(trail, "wre");
	close(fd[0]);
	close(fd[1]);
}

static void keep_errno(void *arg)
{
	errno = *(int *)arg;
	fiber_yield();
	assert_int_equal(errno, *(int *)arg);
}

static void errno_is_each_fibers_own(void **state)
{
	int a = ENOENT, b = EAGAIN;
	assert_non_null(fiber_spawn(loop, keep_errno, &a, FIBER_SMALL));
	assert_non_null(fiber_spawn(loop, keep_errno, &b, FIBER_SMALL));
	loop_run_until_idle(loop);
}

static void eat(void *arg)
{
	for (int i = 0; i < 30; i++) {
		memset(arena_alloc(arg, 1000), 1, 1000);
		fiber_yield(); /* guards of several fibers interleave */
	}
}

static void guarded(void *arg)
{
	struct arena *a = arena_new(*(size_t *)arg);
	enum status st = guard_run(eat, a);
	arena_free(a);
	mark(st == ST_NOMEM ? '-' : st == ST_OK ? '+' : '?');
}

static void guards_interleave(void **state)
{
	size_t small = 5000, middle = 20000, big = 100000;
	trail_n = 0;
	fiber_spawn(loop, guarded, &big, FIBER_SMALL);
	fiber_spawn(loop, guarded, &small, FIBER_SMALL);
	fiber_spawn(loop, guarded, &middle, FIBER_SMALL);
	fiber_spawn(loop, guarded, &big, FIBER_SMALL);
	loop_run_until_idle(loop);
	assert_string_equal(trail, "--++");
}

static void paid_at_the_end(char **what)
{
	mark(**what);
}

/* No guard of its own: an arena ends in the middle of it. */
static void unguarded(void *arg)
{
	static char what = 'p';
	__attribute__((cleanup(paid_at_the_end))) char *owed = &what;
	SCOPED_ARENA *a = arena_new(*(size_t *)arg);
	eat(a);
	mark('e');
}

static void a_fiber_given_up_leaves_the_others(void **state)
{
	size_t small = 5000, big = 100000;
	uint64_t before = fibers_given_up();
	trail_n = 0;
	assert_non_null(fiber_spawn(loop, unguarded, &big, FIBER_SMALL));
	assert_true(fiber_spawn_on(loop, unguarded, &small, FIBER_SMALL));
	loop_run_until_idle(loop);
	assert_string_equal(trail, "pep");
	assert_int_equal(fibers_given_up(), before + 1);
	assert_int_equal(fiber_count(loop), 0);
}

static void turns_go_on(void *arg)
{
	size_t small = 5000, big = 100000;
	assert_false(fiber_turn("test", unguarded, &small));
	assert_true(fiber_turn("test", unguarded, &big));
	mark('.');
}

static void a_turn_given_up_is_not_the_last(void **state)
{
	trail_n = 0;
	assert_non_null(fiber_spawn(loop, turns_go_on, NULL, FIBER_SMALL));
	loop_run_until_idle(loop);
	assert_string_equal(trail, "pep.");
}

static void in_a_loop_of_its_own(void *arg)
{
	fiber_main(unguarded, arg);
	mark('!');
}

/* A command must not report that all is well when its fiber was given up. */
static void fiber_main_hands_it_on(void **state)
{
	size_t small = 5000, big = 100000;
	trail_n = 0;
	assert_int_equal(guard_run(in_a_loop_of_its_own, &small), ST_NOMEM);
	assert_int_equal(guard_run(in_a_loop_of_its_own, &big), ST_OK);
	assert_string_equal(trail, "pep!");
}

enum { MANY = 3000 };
static struct fiber *many[MANY];
static int many_done;
static void one_of_many(void *arg)
{
	intptr_t i = (intptr_t)arg;
	many[i] = fiber_self();
	volatile char deep[9000];
	deep[0] = deep[8999] = (char)i;
	assert_int_equal(fiber_park(i % 2 ? FIBER_FOREVER : clock_mono_ns() + NS_PER_S * 3600), ST_OK);
	assert_int_equal(deep[0], (char)i);
	many_done++;
}

static void thousands(void **state)
{
	for (int round = 0; round < 3; round++) {
		many_done = 0;
		for (intptr_t i = 0; i < MANY; i++)
			assert_non_null(fiber_spawn(loop, one_of_many, (void *)i, FIBER_SMALL));
		loop_run_until_idle(loop);
		assert_int_equal(fiber_count(loop), MANY);
		for (int i = 0; i < MANY; i++)
			fiber_wake(many[i]);
		loop_run_until_idle(loop);
		assert_int_equal(many_done, MANY);
	}
}

static void nothing(void *arg) {}

static void the_limit_refuses(void **state)
{
	fiber_limit(2);
	assert_non_null(fiber_spawn(loop, nothing, NULL, FIBER_SMALL));
	assert_true(fiber_spawn_on(loop, nothing, NULL, FIBER_SMALL));
	assert_null(fiber_spawn(loop, nothing, NULL, FIBER_SMALL));
	assert_false(fiber_spawn_on(loop, nothing, NULL, FIBER_SMALL));
	loop_run_until_idle(loop);
	assert_non_null(fiber_spawn(loop, nothing, NULL, FIBER_SMALL));
	loop_run_until_idle(loop);
	fiber_limit(100000);
}

/* Wakes from a thread race with time-outs; the fiber ends at once, often with the wake's task still on its way. */
struct race {
	pthread_mutex_t lock;
	struct fiber *f;
	bool quit;
};

static void *racer(void *arg)
{
	struct race *r = arg;
	for (bool quit = false; !quit;) {
		pthread_mutex_lock(&r->lock);
		if (r->f)
			fiber_wake(r->f);
		quit = r->quit;
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

static void racing(void *arg)
{
	struct race *r = arg;
	pthread_mutex_lock(&r->lock);
	r->f = fiber_self();
	pthread_mutex_unlock(&r->lock);
	enum status st = fiber_park(clock_mono_ns() + 20000);
	assert_true(st == ST_OK || st == ST_TIMEOUT);
	pthread_mutex_lock(&r->lock);
	r->f = NULL;
	pthread_mutex_unlock(&r->lock);
}

static void race_main(void *arg)
{
	struct loop *l = fiber_loop(fiber_self());
	for (int i = 0; i < 3000; i++) {
		assert_non_null(fiber_spawn(l, racing, arg, FIBER_SMALL));
		while (fiber_count(l) > 1)
			assert_int_equal(fiber_sleep_ns(1000), ST_OK);
	}
}

static void remote_wakes_race_with_the_end(void **state)
{
	struct race r = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, racer, &r), 0);
	fiber_main(race_main, &r);
	pthread_mutex_lock(&r.lock);
	r.quit = true;
	pthread_mutex_unlock(&r.lock);
	pthread_join(t, NULL);
}

static void wait_for_ever(void *arg)
{
	*(enum status *)arg = fiber_park(FIBER_FOREVER);
}

static void leave_one_behind(void *arg)
{
	assert_non_null(fiber_spawn(loop_current(), wait_for_ever, arg, FIBER_SMALL));
	fiber_yield();
}

static void the_end_cancels_what_is_left(void **state)
{
	enum status st = ST_OK;
	fiber_main(leave_one_behind, &st);
	assert_int_equal(st, ST_CANCELLED);
}

static void overflown(int signo)
{
	_exit(7);
}

static int deeper(volatile char *above, int n)
{
	volatile char here[4096];
	here[n % 4096] = above[0];
	return n ? deeper(here, n - 1) + here[0] : 0;
}

static void overflow(void *arg)
{
	char first[4096] = { 0 };
	deeper(first, 1000);
}

#define OVERFLOW_MODE "--overflow"
static int overflow_mode(void)
{
	const struct sigaction a = { .sa_handler = overflown, .sa_flags = SA_ONSTACK };
	sigaction(SIGSEGV, &a, NULL);
	struct loops *ls = loops_start(1, NULL, NULL, NULL);
	if (ls && fiber_spawn_on(loops_get(ls, 0), overflow, NULL, FIBER_LARGE))
		pause();
	return 1;
}

/* The fault of a fiber whose stack is used up can be handled: there is another stack for it. */
static void a_stack_that_is_used_up(void **state)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		/* A program of its own: a copy of one that has had threads can not start any under ThreadSanitizer. */
		execl("/proc/self/exe", "test_fiber", OVERFLOW_MODE, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* It does not sleep until its patience ends, an hour from now, because the last fiber ended just before. */
static void a_drain_ends_with_its_last_fiber(void **state)
{
	enum status st = ST_OK;
	assert_non_null(fiber_spawn(loop, wait_for_ever, &st, FIBER_SMALL));
	assert_true(loop_drain(loop, 3600 * NS_PER_S));
	assert_int_equal(st, ST_CANCELLED);
}

#define WITH_LOOP(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], OVERFLOW_MODE))
		return overflow_mode();
	const struct CMUnitTest tests[] = {
		WITH_LOOP(fibers_take_turns),
		WITH_LOOP(a_wake_ends_a_park),
		WITH_LOOP(a_wake_before_the_park_is_remembered),
		WITH_LOOP(the_earlier_deadline_counts),
		WITH_LOOP(a_shield_holds_deadline_and_cancel_back),
		WITH_LOOP(cancel_ends_every_wait),
		WITH_LOOP(cancel_then_wake),
		cmocka_unit_test(sleeping),
		WITH_LOOP(waiting_for_a_descriptor),
		WITH_LOOP(errno_is_each_fibers_own),
		WITH_LOOP(guards_interleave),
		WITH_LOOP(a_fiber_given_up_leaves_the_others),
		WITH_LOOP(a_turn_given_up_is_not_the_last),
		cmocka_unit_test(fiber_main_hands_it_on),
		WITH_LOOP(thousands),
		WITH_LOOP(the_limit_refuses),
		cmocka_unit_test(remote_wakes_race_with_the_end),
		cmocka_unit_test(the_end_cancels_what_is_left),
		WITH_LOOP(a_drain_ends_with_its_last_fiber),
		cmocka_unit_test(a_stack_that_is_used_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
