/* SPDX-License-Identifier: Apache-2.0
 *
 * What the runtime itself costs: a context switch, a park and wake, a spawn, a wake from another thread, a timer, the
 * memory of a parked fiber. Prints one line each.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "rt/fiber.h"

static void report(const char *what, int64_t from, int64_t n)
{
	printf("%-44s %10.1f ns\n", what, (double)(clock_mono_ns() - from) / (double)n);
}

static long resident_bytes(void)
{
	long pages = 0, ignored;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &ignored, &pages) != 2)
		exit(1);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int64_t left;
static void yielder(void *arg)
{
	while (left-- > 0)
		fiber_yield();
}

static void bench_yield(struct loop *l)
{
	enum { N = 20000000 };
	left = N;
	for (int i = 0; i < 64; i++)
		fiber_spawn(l, yielder, NULL, FIBER_SMALL);
	int64_t from = clock_mono_ns();
	loop_run_until_idle(l);
	report("yield: two switches and the run queue", from, N);
	report("  one switch", from, 2 * (int64_t)N);
}

static struct fiber *ping, *pong;
static void player(void *arg)
{
	struct fiber **other = arg, **mine = other == &pong ? &ping : &pong;
	while (left-- > 0) {
		fiber_wake(*other);
		if (fiber_park(FIBER_FOREVER) != ST_OK)
			break;
	}
	*mine = NULL;
	if (*other)
		fiber_wake(*other);
}

static void bench_park(struct loop *l)
{
	enum { N = 10000000 };
	left = N;
	ping = fiber_spawn(l, player, &pong, FIBER_SMALL);
	pong = fiber_spawn(l, player, &ping, FIBER_SMALL);
	int64_t from = clock_mono_ns();
	loop_run_until_idle(l);
	report("park and wake", from, N);
}

static void nothing(void *arg) {}

static void bench_spawn(struct loop *l)
{
	enum { N = 3000000 };
	int64_t from = clock_mono_ns();
	for (int i = 0; i < N; i += 50) {
		for (int j = 0; j < 50; j++)
			fiber_spawn(l, nothing, NULL, FIBER_SMALL);
		loop_run_until_idle(l);
	}
	report("spawn, run, end", from, N);
}

static void with_deadline(void *arg)
{
	(void)!fiber_park(clock_mono_ns() + 3600 * NS_PER_S);
}

static void bench_memory(struct loop *l, int n)
{
	struct fiber **f = calloc((size_t)n, sizeof(*f));
	char what[64];
	memset(f, 1, (size_t)n * sizeof(*f));
	long before = resident_bytes();
	int64_t from = clock_mono_ns();
	for (int i = 0; i < n; i++)
		if (!(f[i] = fiber_spawn(l, with_deadline, NULL, FIBER_SMALL))) {
			printf("refused after %d fibers\n", i);
			n = i;
		}
	loop_run_until_idle(l);
	snprintf(what, sizeof(what), "%d fibers spawned and parked with a timer", n);
	report(what, from, n);
	printf("%-44s %10.0f bytes\n", "  resident per parked fiber", (double)(resident_bytes() - before) / n);
	from = clock_mono_ns();
	for (int i = 0; i < n; i++)
		fiber_wake(f[i]);
	loop_run_until_idle(l);
	report("  woken and ended", from, n);
	printf("%-44s %10.0f bytes\n", "  resident per fiber that was", (double)(resident_bytes() - before) / n);
	free(f);
}

static _Atomic(struct fiber *) sleeper;
static _Atomic bool quit;
static void *waker(void *arg)
{
	while (!atomic_load(&quit)) {
		struct fiber *f = atomic_exchange(&sleeper, NULL);
		if (f)
			fiber_wake(f);
	}
	return NULL;
}

static void woken_remotely(void *arg)
{
	enum { N = 200000 };
	int64_t from = clock_mono_ns();
	for (int i = 0; i < N; i++) {
		atomic_store(&sleeper, fiber_self());
		(void)!fiber_park(FIBER_FOREVER);
	}
	report("wake from another thread, round trip", from, N);
}

static void bench_arena(void)
{
	enum { N = 5000000 };
	int64_t from = clock_mono_ns();
	for (int i = 0; i < N; i++) {
		struct arena *a = arena_new(1 << 20);
		for (int j = 0; j < 8; j++)
			memset(arena_alloc(a, 200), j, 16);
		arena_free(a);
	}
	report("arena with 8 pieces", from, N);
}

int main(void)
{
	struct err e;
	struct loop *l = loop_new(0, &e);
	pthread_t t;
	if (!l)
		return 1;
	bench_yield(l);
	bench_park(l);
	bench_spawn(l);
	bench_memory(l, 10000);
	bench_memory(l, 90000);
	loop_free(l);
	if (pthread_create(&t, NULL, waker, NULL))
		return 1;
	fiber_main(woken_remotely, NULL);
	atomic_store(&quit, true);
	pthread_join(t, NULL);
	bench_arena();
	return 0;
}
