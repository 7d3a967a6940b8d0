/* SPDX-License-Identifier: Apache-2.0
 *
 * Fibers and their scheduler. `struct fiber` lies at the top of its own stack, so that a spawn takes nothing but a
 * stack off the loop's free list. The scheduler is the loop's own stack: a fiber switches to it to wait and is
 * switched to from it; fibers never switch to each other.
 *
 * Life: NEW/READY (in the run queue) → RUNNING → PARKED or READY (yield) → … → DONE → stack given back.
 *
 * Waking from another thread. The waker claims f->remote with an exchange and posts f->task; while it is claimed the
 * fiber's memory is kept, even if it finishes by some other wake in the meantime: the task, when it runs, finds a
 * DONE fiber and frees it. The claim itself must fall into the fiber's life, which each waker secures in its own way:
 * waitq by its mutex, promise by its state word.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/lang.h"
#include "base/log.h"
#include "rt/internal.h"

#if RT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if RT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Ready fibers run per turn, by number and by time; then timers and descriptors have theirs: what is answered without a
   fiber must not wait for a crowd of them. */
enum { RUN_BATCH = 64, RUN_CLOCK = 4 /* fibers between looks at the clock */ };
#define RUN_NS (NS_PER_MS / 4)

enum state { READY, RUNNING, PARKED, DONE };

struct fiber {
	unsigned magic;
	enum state state;
	enum fiber_stack size;
	bool woken;      /* a wake that came while not parked */
	bool from_park;  /* READY by the end of a park, not by spawn or yield */
	bool cancelled;
	bool told;       /* of one of its waits, just now */
	unsigned shields;
	enum status result;
	int saved_errno;
	_Atomic bool remote;
	struct loop *loop;
	struct context context;
	struct stack stack;
	void (*fn)(void *);
	void *arg;
	struct guard *guard;
	enum lang lang; /* begins as its maker's */
	int64_t deadline_ns;
	struct timer timer;
	struct task task;
	struct fiber *next, *all_next, *all_prev;
	void *asan_fake, *tsan;
};
#define FIBER_MAGIC 0x66696272u

static void (*wait_watcher)(bool woken);
static _Atomic unsigned limit = 100000;
static _Atomic uint64_t given_up;

void fiber_watch_waits(void (*fn)(bool woken))
{
	wait_watcher = fn;
}

void fiber_limit(unsigned per_loop)
{
	atomic_store(&limit, per_loop);
}

struct fiber *fiber_self(void)
{
	struct loop *l = loop_current();
	return l ? l->running : NULL;
}

static struct fiber *self(void)
{
	struct fiber *f = fiber_self();
	assert(f);
	return f;
}

struct loop *fiber_loop(const struct fiber *f)
{
	return f->loop;
}

unsigned fiber_count(const struct loop *l)
{
	return atomic_load_explicit(&l->fibers, memory_order_relaxed);
}

/* --- switching -------------------------------------------------------------------------------------------------- */

static void make_ready(struct fiber *f)
{
	struct loop *l = f->loop;
	f->state = READY;
	f->next = NULL;
	*l->ready_tail = f;
	l->ready_tail = &f->next;
}

static void to_scheduler(struct fiber *f)
{
	struct loop *l = f->loop;
#if RT_ASAN
	/* A finished fiber hands its fake stack back: NULL. */
	__sanitizer_start_switch_fiber(f->state == DONE ? NULL : &f->asan_fake, l->asan_bottom, l->asan_size);
#endif
#if RT_TSAN
	__tsan_switch_to_fiber(l->tsan_self, 0);
#endif
	context_switch(&f->context, &l->scheduler);
#if RT_ASAN
	__sanitizer_finish_switch_fiber(f->asan_fake, &l->asan_bottom, &l->asan_size);
#endif
}

static void to_fiber(struct loop *l, struct fiber *f)
{
#if RT_ASAN
	__sanitizer_start_switch_fiber(&l->asan_fake, f->stack.base, f->stack.size);
#endif
#if RT_TSAN
	l->tsan_self = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(f->tsan, 0);
#endif
	context_switch(&l->scheduler, &f->context);
#if RT_ASAN
	__sanitizer_finish_switch_fiber(l->asan_fake, NULL, NULL);
#endif
}

bool fiber_turn(const char *name, void (*fn)(void *arg), void *arg)
{
	enum status st = guard_run(fn, arg);
	if (st == ST_OK)
		return true;
	atomic_fetch_add_explicit(&given_up, 1, memory_order_relaxed);
	LOG(ERROR, NULL, "fiber.given_up", LS("role", name), LS("status", status_info(st)->name));
	return false;
}

uint64_t fibers_given_up(void)
{
	return atomic_load_explicit(&given_up, memory_order_relaxed);
}

#if RT_TSAN
__attribute__((no_sanitize("thread")))
#endif
static void fiber_entry(void *arg)
{
	struct fiber *f = arg;
#if RT_ASAN
	__sanitizer_finish_switch_fiber(NULL, &f->loop->asan_bottom, &f->loop->asan_size);
#endif
	(void)!fiber_turn("fiber", f->fn, f->arg);
	f->state = DONE;
	to_scheduler(f);
	abort();
}

static void fiber_release(struct fiber *f)
{
	struct loop *l = f->loop;
	*(f->all_prev ? &f->all_prev->all_next : &l->all) = f->all_next;
	if (f->all_next)
		f->all_next->all_prev = f->all_prev;
#if RT_TSAN
	__tsan_destroy_fiber(f->tsan);
#endif
	f->magic = 0;
	struct stack stack = f->stack; /* f lies in it */
	stack_put(&l->stacks[f->size], f->size, &stack);
	atomic_fetch_sub_explicit(&l->fibers, 1, memory_order_relaxed);
}

static void fiber_switch_to(struct loop *l, struct fiber *f)
{
	struct guard *outer = guard_swap(f->guard);
	enum lang before = lang_swap(f->lang);
	f->state = RUNNING;
	l->running = f;
	errno = f->saved_errno;
	to_fiber(l, f);
	f->saved_errno = errno;
	l->running = NULL;
	f->guard = guard_swap(outer);
	f->lang = lang_swap(before);
	if (f->state == DONE && !atomic_load(&f->remote))
		fiber_release(f);
}

bool fibers_run(struct loop *l)
{
	int n = 0;
	int64_t until = l->ready ? clock_mono_ns() + RUN_NS : 0;
	for (; l->ready && n < RUN_BATCH; n++) {
		if (n && n % RUN_CLOCK == 0 && clock_mono_ns() >= until)
			break;
		struct fiber *f = l->ready;
		l->ready = f->next;
		if (!l->ready)
			l->ready_tail = &l->ready;
		fiber_switch_to(l, f);
	}
	return n > 0;
}

/* --- spawning --------------------------------------------------------------------------------------------------- */

struct spawn {
	struct task task;
	struct spawn *next;
	struct loop *loop;
	void (*fn)(void *);
	void *arg;
	enum fiber_stack size;
	enum lang lang;
};

static bool reserve(struct loop *l)
{
	if (atomic_fetch_add_explicit(&l->fibers, 1, memory_order_relaxed) <
	    atomic_load_explicit(&limit, memory_order_relaxed))
		return true;
	atomic_fetch_sub_explicit(&l->fibers, 1, memory_order_relaxed);
	return false;
}

static void timed_out(struct timer *t);
static void remote_wake(struct task *t);

static struct fiber *fiber_make(struct loop *l, void (*fn)(void *), void *arg, enum fiber_stack size, enum lang lang)
{
	struct stack stack;
	if (!stack_get(&l->stacks[size], size, &stack))
		return NULL;
	struct fiber *f = (struct fiber *)(stack.base + stack.size - ((sizeof *f + 63) & ~(size_t)63));
	*f = (struct fiber){
		.magic = FIBER_MAGIC,
		.size = size,
		.loop = l,
		.stack = stack,
		.fn = fn,
		.arg = arg,
		.lang = lang,
		.timer.fire = timed_out,
		.task.run = remote_wake,
		.all_next = l->all,
	};
	if (l->all)
		l->all->all_prev = f;
	l->all = f;
	context_make(&f->context, stack.base, (char *)f, fiber_entry, f);
#if RT_TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
	make_ready(f);
	return f;
}

struct fiber *fiber_spawn(struct loop *l, void (*fn)(void *arg), void *arg, enum fiber_stack size)
{
	if (!reserve(l))
		return NULL;
	struct fiber *f = fiber_make(l, fn, arg, size, lang_now());
	if (!f)
		atomic_fetch_sub_explicit(&l->fibers, 1, memory_order_relaxed);
	return f;
}

/* Spawns were accepted with a success, so those whose stack could not be mapped are tried again, in order, until it
   can. */
static void backlog_try(struct loop *l)
{
	while (l->backlog) {
		struct spawn *s = l->backlog;
		if (!fiber_make(l, s->fn, s->arg, s->size, s->lang)) {
			timer_set(l, &l->backlog_timer, clock_mono_ns() + 10 * NS_PER_MS);
			return;
		}
		l->backlog = s->next;
		free(s);
	}
	l->backlog_tail = &l->backlog;
}

static void backlog_again(struct timer *t)
{
	backlog_try(t->loop);
}

static void spawn_posted(struct task *t)
{
	struct spawn *s = (struct spawn *)t;
	struct loop *l = s->loop;
	bool first = !l->backlog;
	s->next = NULL;
	*l->backlog_tail = s;
	l->backlog_tail = &s->next;
	if (first)
		backlog_try(l);
}

bool fiber_spawn_on(struct loop *l, void (*fn)(void *arg), void *arg, enum fiber_stack size)
{
	if (!reserve(l))
		return false;
	struct spawn *s = malloc(sizeof *s);
	if (!s) {
		atomic_fetch_sub_explicit(&l->fibers, 1, memory_order_relaxed);
		return false;
	}
	*s = (struct spawn){
		.task.run = spawn_posted, .loop = l, .fn = fn, .arg = arg, .size = size, .lang = lang_now()
	};
	loop_post(l, &s->task);
	return true;
}

void fibers_init(struct loop *l)
{
	l->ready_tail = &l->ready;
	l->backlog_tail = &l->backlog;
	l->backlog_timer.fire = backlog_again;
}

void fibers_fini(struct loop *l)
{
	assert(!l->all && !l->backlog);
	stack_list_fini(&l->stacks[FIBER_SMALL]);
	stack_list_fini(&l->stacks[FIBER_LARGE]);
}

void fibers_cancel_all(struct loop *l)
{
	for (struct fiber *f = l->all; f; f = f->all_next)
		if (f->state != DONE)
			fiber_cancel(f);
}

/* --- waiting ---------------------------------------------------------------------------------------------------- */

static void end_park(struct fiber *f, enum status result)
{
	f->result = result;
	f->from_park = true;
	timer_cancel(&f->timer);
	make_ready(f);
}

static void timed_out(struct timer *t)
{
	struct fiber *f = (struct fiber *)((char *)t - offsetof(struct fiber, timer));
	end_park(f, ST_TIMEOUT);
}

static void wake_here(struct fiber *f)
{
	if (f->state == PARKED)
		end_park(f, ST_OK);
	else if (f->state == READY && f->from_park)
		f->result = ST_OK; /* it has timed out or was cancelled, but does not know yet: the wake must not be
		                      lost */
	else
		f->woken = true;
}

static void remote_wake(struct task *t)
{
	struct fiber *f = (struct fiber *)((char *)t - offsetof(struct fiber, task));
	assert(f->magic == FIBER_MAGIC);
	/* Cleared first: a waker that comes from here on posts again, and the fiber sees what earlier ones wrote. */
	atomic_exchange(&f->remote, false);
	if (f->state == DONE)
		fiber_release(f);
	else
		wake_here(f);
}

bool fiber_wake_begin(struct fiber *f)
{
	return !atomic_exchange(&f->remote, true);
}

void fiber_wake_end(struct fiber *f, bool begun)
{
	if (begun)
		loop_post(f->loop, &f->task);
}

void fiber_wake(struct fiber *f)
{
	assert(f->magic == FIBER_MAGIC);
	if (f->loop == loop_current())
		wake_here(f);
	else
		fiber_wake_end(f, fiber_wake_begin(f));
}

static enum status park(struct fiber *f, int64_t deadline_ns)
{
	if (!f->shields) {
		if (f->cancelled)
			return ST_CANCELLED;
		if (f->deadline_ns && f->deadline_ns < deadline_ns)
			deadline_ns = f->deadline_ns;
	}
	if (f->woken) {
		f->woken = false;
		return ST_OK;
	}
	if (deadline_ns != FIBER_FOREVER) {
		if (deadline_ns <= f->loop->now_ns)
			return ST_TIMEOUT;
		timer_set(f->loop, &f->timer, deadline_ns);
	}
	f->state = PARKED;
	to_scheduler(f);
	f->from_park = false;
	return f->result;
}

static void yield(struct fiber *f)
{
	make_ready(f);
	to_scheduler(f);
}

/* The watcher may yield: it is not told of that. */
static void tell_watcher(struct fiber *f, bool woken)
{
	if (f->told)
		return;
	f->told = true;
	wait_watcher(woken);
	f->told = false;
}

enum status fiber_park(int64_t deadline_ns)
{
	struct fiber *f = self();
	if (!wait_watcher)
		return park(f, deadline_ns);
	tell_watcher(f, false);
	enum status st = park(f, deadline_ns);
	tell_watcher(f, true);
	return st;
}

void fiber_yield(void)
{
	struct fiber *f = self();
	yield(f);
	if (wait_watcher)
		tell_watcher(f, true);
}

void fiber_cancel(struct fiber *f)
{
	assert(f->magic == FIBER_MAGIC);
	f->cancelled = true;
	if (f->state == PARKED && !f->shields)
		end_park(f, ST_CANCELLED);
}

bool fiber_cancelled(void)
{
	return self()->cancelled;
}

int64_t fiber_set_deadline(int64_t deadline_ns)
{
	struct fiber *f = self();
	int64_t old = f->deadline_ns;
	f->deadline_ns = deadline_ns;
	return old;
}

void fiber_shield(void)
{
	self()->shields++;
}

void fiber_unshield(void)
{
	struct fiber *f = self();
	assert(f->shields);
	f->shields--;
}

enum status fiber_sleep_ns(int64_t ns)
{
	struct loop *l = self()->loop;
	int64_t until = clock_mono_ns();
	if (__builtin_add_overflow(until, ns, &until))
		until = FIBER_FOREVER;
	for (;;) {
		enum status st = fiber_park(until);
		if (st == ST_CANCELLED || (st == ST_TIMEOUT && l->now_ns < until))
			return st;
		if (l->now_ns >= until)
			return ST_OK;
	}
}

struct fd_wait {
	struct watch watch;
	struct fiber *fiber;
	uint32_t events;
};

static void fd_ready(struct watch *w, uint32_t events)
{
	struct fd_wait *fw = (struct fd_wait *)w;
	fw->events |= events;
	fiber_wake(fw->fiber);
}

enum status fiber_wait_fd(int fd, uint32_t want, int64_t deadline_ns, uint32_t *events)
{
	struct fd_wait w = { .fiber = self() };
	enum status st = watch_add(w.fiber->loop, &w.watch, fd, want | EPOLLONESHOT, fd_ready, NULL);
	if (st != ST_OK) {
		if (errno != EPERM)
			return st;
		*events = want; /* a regular file: always ready */
		return ST_OK;
	}
	while (!w.events && st == ST_OK)
		st = fiber_park(deadline_ns);
	watch_del(&w.watch);
	if (!w.events)
		return st;
	*events = w.events;
	return ST_OK;
}

/* --- a loop for one fiber --------------------------------------------------------------------------------------- */

struct main_call {
	void (*fn)(void *);
	void *arg;
	struct loop *loop;
	enum status status;
};

static void main_fiber(void *arg)
{
	struct main_call *c = arg;
	c->status = guard_run(c->fn, c->arg);
	loop_stop(c->loop);
}

void fiber_main(void (*fn)(void *arg), void *arg)
{
	struct err e;
	struct main_call c = { fn, arg, loop_new(0, &e), ST_OK };
	if (!c.loop || !fiber_spawn(c.loop, main_fiber, &c, FIBER_LARGE)) {
		LOG(ERROR, NULL, "fiber.main", LS("error", c.loop ? "no stack" : e.msg));
		abort();
	}
	loop_run(c.loop);
	if (loop_drain(c.loop, 10 * NS_PER_S))
		loop_free(c.loop);
	else
		LOG(ERROR, NULL, "fiber.left", LI("fibers", fiber_count(c.loop)));
	if (c.status != ST_OK)
		guard_abort(c.status);
}
