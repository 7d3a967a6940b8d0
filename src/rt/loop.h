/* SPDX-License-Identifier: Apache-2.0
 *
 * One event loop (epoll) per core. Everything of a loop is used on its own thread only, except loop_post and
 * loop_stop. Life cycle: loop_new → (watches, timers, fibers) → loop_run on the loop's thread until loop_stop →
 * loop_free once no fiber is left.
 *
 * An iteration: take posted tasks, fire due timers, run ready fibers (bounded), wait for readiness, call watches.
 */
#ifndef GH_RT_LOOP_H
#define GH_RT_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct loop;

/* A loop for the thread that will run it; index: its number, for loop_index. NULL with *e: ST_NOMEM, ST_IO (no
   descriptors). */
struct loop *loop_new(unsigned index, struct err *e);
/* Stopped, its fibers gone. NULL is fine. */
void loop_free(struct loop *l);
/* Runs on the calling thread until loop_stop. */
void loop_run(struct loop *l);
/* Returns when idle: no ready fiber, no posted task, nothing due. For unit tests. */
void loop_run_until_idle(struct loop *l);
void loop_stop(struct loop *l);       /* any thread */
struct loop *loop_current(void);      /* of this thread, or NULL */
unsigned loop_index(const struct loop *l);
int64_t loop_now_ns(const struct loop *l); /* monotonic, read once per iteration */

/* A unit of work queued on a loop; embedded in its owner, which keeps it alive until it ran. */
struct task {
	struct task *next;
	void (*run)(struct task *t);
};
void loop_post(struct loop *l, struct task *t);  /* any thread; wakes the loop; never fails */
void loop_defer(struct loop *l, struct task *t); /* this loop's thread: before the next wait */

/* fn runs on the loop's thread once its last fiber is gone, the newest first: for what is kept per loop (connections,
   handles with watches). Embedded in its owner, which may take it back. */
struct loop_exit {
	struct loop *loop;
	struct loop_exit *next, **prev;
	void (*fn)(struct loop_exit *x);
};
void loop_at_exit(struct loop *l, struct loop_exit *x, void (*fn)(struct loop_exit *x));
void loop_exit_cancel(struct loop_exit *x); /* fine when it has run */

/* Readiness of a descriptor, level-triggered unless events has EPOLLET. Embedded in its owner. */
struct watch {
	struct loop *loop;
	int fd;
	uint32_t events; /* EPOLLIN | EPOLLOUT | … as registered */
	void (*ready)(struct watch *w, uint32_t events);
};
enum status watch_add(struct loop *l, struct watch *w, int fd, uint32_t events,
                      void (*ready)(struct watch *, uint32_t), struct err *e) MUST_CHECK;
void watch_set(struct watch *w, uint32_t events); /* no system call when unchanged */
void watch_del(struct watch *w);                  /* safe inside any watch's ready(); fd stays open */

/* One-shot timer in the loop's heap. Embedded in its owner; zero-initialised means unset. */
struct timer {
	struct loop *loop;
	int64_t at_ns;
	unsigned slot; /* position in the heap + 1; 0: not set */
	void (*fire)(struct timer *t);
};
void timer_set(struct loop *l, struct timer *t, int64_t at_ns); /* sets or moves; t->fire is the caller's */
void timer_cancel(struct timer *t);                             /* fine when not set */

/* The process's loops: started once, joined once. start(loop, arg) runs on each loop's thread before it turns. */
struct loops;
struct loops *loops_start(unsigned count, void (*start)(struct loop *l, void *arg), void *arg, struct err *e);
unsigned loops_count(const struct loops *ls);
struct loop *loops_get(struct loops *ls, unsigned i);
void loops_stop_join(struct loops *ls); /* stops all, joins all, frees */

/* SIGTERM, SIGINT, SIGHUP, SIGUSR1 delivered on one loop through signalfd (block them in main before any thread). */
enum status loop_signals(struct loop *l, void (*on_signal)(int signo, void *arg), void *arg, struct err *e) MUST_CHECK;

#endif
