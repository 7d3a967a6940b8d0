/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the runtime share and nobody else may include.
 */
#ifndef GH_RT_INTERNAL_H
#define GH_RT_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rt/fiber.h"
#include "rt/loop.h"

#if defined(__SANITIZE_ADDRESS__)
#define RT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RT_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define RT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RT_TSAN 1
#endif
#endif
#ifndef RT_ASAN
#define RT_ASAN 0
#endif
#ifndef RT_TSAN
#define RT_TSAN 0
#endif

/* --- stacks (stack.c) ------------------------------------------------------------------------------------------- */

struct stack {
	char *base; /* lowest usable byte, above the guard page */
	size_t size;
};

struct slab;
struct stack_list {
	char **free;               /* bases: cold ones (no pages) first, warm ones (pages kept) after them */
	unsigned cold, warm, room; /* room: of the array, for all stacks there are */
	struct slab *slabs;
};
bool stack_get(struct stack_list *l, enum fiber_stack size, struct stack *out);
void stack_put(struct stack_list *l, enum fiber_stack size, struct stack *s);
void stack_list_fini(struct stack_list *l); /* every stack is back */

/* --- context switch (switch.c) ---------------------------------------------------------------------------------- */

#if !defined(RT_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define RT_UCONTEXT 1
#endif

#ifdef RT_UCONTEXT
#include <ucontext.h>
struct context {
	ucontext_t uc;
};
#else
struct context {
	void *sp;
};
#endif
/* entry(arg) on the stack [base, top) at the first switch to it; entry never returns. */
void context_make(struct context *c, char *base, char *top, void (*entry)(void *arg), void *arg);
void context_switch(struct context *from, struct context *to);

/* --- loop (loop.c, timer.c) ------------------------------------------------------------------------------------- */

enum { LOOP_BATCH = 256 };

struct timer_slot {
	int64_t at_ns; /* beside the pointer, so that sifting stays within the array */
	struct timer *timer;
};

struct task_list {
	struct task *head, **tail;
};

struct loop_signals {
	struct watch watch;
	void (*fn)(int signo, void *arg);
	void *arg;
};

struct loop {
	unsigned index;
	int epoll_fd, wake_fd;
	int64_t now_ns;
	_Atomic bool stop;
	_Atomic unsigned posters;       /* threads inside loop_post or loop_stop */
	_Atomic bool sleeping;          /* in, or about to enter, a wait that a poster must end */
	_Atomic(struct task *) posted;  /* newest first */
	struct task_list deferred;
	struct timer_slot *heap;
	unsigned heap_len, heap_cap;
	struct epoll_event batch[LOOP_BATCH];
	int batch_pos, batch_len;       /* the part not yet dispatched */
	struct watch wake_watch;
	struct loop_signals *signals;
	struct loop_exit *exits;

	/* fibers (fiber.c) */
	struct fiber *running, *ready, **ready_tail, *all;
	_Atomic unsigned fibers;
	bool draining; /* there is nothing to wait for once the last fiber is gone */
	struct spawn *backlog, **backlog_tail; /* accepted by fiber_spawn_on, without a stack as yet */
	struct timer backlog_timer;
	struct stack_list stacks[2];
	struct context scheduler;
	void *tsan_self, *asan_fake;
	const void *asan_bottom;
	size_t asan_size;
};

void timers_fire(struct loop *l);
void loop_turn(struct loop *l, bool wait, bool *worked);
/* Cancel what fibers are left and turn until they are gone; false when some are not after that long. */
bool loop_drain(struct loop *l, int64_t patience_ns);

void fibers_init(struct loop *l);
void fibers_fini(struct loop *l);
bool fibers_run(struct loop *l); /* true when one ran */
void fibers_cancel_all(struct loop *l);

/* A remote wake in two steps, for a waker whose right to f ends in between (promise_set). begin: f is kept until
   end, however soon it finishes. */
bool fiber_wake_begin(struct fiber *f);
void fiber_wake_end(struct fiber *f, bool begun);

#endif
