/* SPDX-License-Identifier: Apache-2.0
 *
 * Fibers: stackful coroutines bound to the loop that spawned them. Requests, jobs and activities each run in one,
 * so service code is plain sequential C. A fiber's stack has a guard page; an idle one costs a few KiB.
 *
 * Waiting. A fiber waits only in fiber_park or in what is built on it. A wait ends by fiber_wake (ST_OK, possibly
 * spurious: always re-check your condition), by the earlier of its own and the fiber's deadline (ST_TIMEOUT), or by
 * fiber_cancel (ST_CANCELLED, on this and every later wait). Between fiber_shield and fiber_unshield, cancellation
 * and the fiber's deadline are held back: for waits whose stack is in somebody else's hands.
 *
 * Giving up. Every fiber is under a guard (base/guard.h): where an arena ends and no guard nearer catches it, the fiber
 * ends, `cleanup` attributes running, with a line in the log, and all others go on. So what a fiber owes to others (a
 * count, a promise, a lock of its own) it pays in a clean-up; and what is to go on for ever puts a guard around each
 * turn (fiber_turn), since otherwise the first one given up would be its last.
 */
#ifndef GH_RT_FIBER_H
#define GH_RT_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "rt/loop.h"

struct fiber;

enum fiber_stack { FIBER_SMALL /* 64 KiB */, FIBER_LARGE /* 256 KiB */ };

/* Starts fn(arg) on l (this thread's loop) at the next turn. The handle is valid until fn returns: whoever keeps it
   must learn of that from fn. NULL when memory or the loop's fiber limit (fiber_limit) is exhausted. */
struct fiber *fiber_spawn(struct loop *l, void (*fn)(void *arg), void *arg, enum fiber_stack size);
/* The same from any thread; false when refused. */
bool fiber_spawn_on(struct loop *l, void (*fn)(void *arg), void *arg, enum fiber_stack size);
void fiber_limit(unsigned per_loop); /* default 100 000 */
/* One turn of a fiber that goes on for ever, under a guard of its own: false, with a line in the log, when it was given
   up. name: of the role, for that line. */
bool fiber_turn(const char *name, void (*fn)(void *arg), void *arg) MUST_CHECK;
uint64_t fibers_given_up(void); /* fibers and turns, since the process began */

struct fiber *fiber_self(void); /* NULL outside a fiber */
/* Of a fiber that has not ended. */
struct loop *fiber_loop(const struct fiber *f);

#define FIBER_FOREVER INT64_MAX
/* Waits until fiber_wake (ST_OK), the deadline (monotonic ns) or the fiber's own (ST_TIMEOUT), or fiber_cancel
   (ST_CANCELLED). In a fiber. */
enum status fiber_park(int64_t deadline_ns) MUST_CHECK;
void fiber_wake(struct fiber *f); /* any thread, any number of times; a wake before the park is remembered */
void fiber_cancel(struct fiber *f); /* the fiber's loop's thread */
/* Has the running fiber been cancelled? Also while a shield holds it back. */
bool fiber_cancelled(void);
int64_t fiber_set_deadline(int64_t deadline_ns); /* of the running fiber; 0: none; returns the former */
/* Until the unshield neither cancelling nor the fiber's own deadline ends a wait: for what has to be finished. */
void fiber_shield(void);
void fiber_unshield(void); /* nests */

void fiber_yield(void); /* let others run; not a cancellation point */
/* ST_OK after that time; ST_TIMEOUT, ST_CANCELLED as fiber_park. */
enum status fiber_sleep_ns(int64_t ns) MUST_CHECK;
/* Wait until fd is ready; *events gets what epoll reported. One waiter per descriptor. */
enum status fiber_wait_fd(int fd, uint32_t want, int64_t deadline_ns, uint32_t *events) MUST_CHECK;

unsigned fiber_count(const struct loop *l); /* alive on this loop */

/* For tests that end a fiber's waits at a chosen one: fn is told of each wait of every fiber, in that fiber: before it
   parks (woken false), and when a park or a yield is over, whatever ended it (woken true). fn may yield, of which it is
   not told. NULL: nobody is told. Set while no loop runs. */
void fiber_watch_waits(void (*fn)(bool woken));

/* Run fn in a fiber on a temporary loop of the calling thread until it returns: for commands and tests. What is given
   up there goes on unwinding here: to the caller's guard. */
void fiber_main(void (*fn)(void *arg), void *arg);

#endif
