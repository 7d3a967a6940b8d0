/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop: epoll for descriptors, a heap for timers, a lock-free stack for tasks posted by other threads (one
 * compare-and-swap to post, one exchange to take all; a poster pays the eventfd's system call only when the
 * loop sleeps), and the fibers' run queue.
 *
 * Sleeping. The loop announces `sleeping`, then looks at `posted` once more; a poster pushes, then looks at `sleeping`.
 * Both are sequentially consistent, so at least one of them sees the other. The eventfd is edge-triggered and
 * never read: each write is an edge of its own.
 *
 * Thread rule: everything on the loop's thread, but loop_post and loop_stop. The loop outlives whoever may post to it.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "rt/internal.h"

static _Thread_local struct loop *current;

struct loop *loop_current(void)
{
	return current;
}

unsigned loop_index(const struct loop *l)
{
	return l->index;
}

int64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

static void woken(struct watch *w, uint32_t events)
{
	/* The posted tasks are taken at the top of the turn. */
}

struct loop *loop_new(unsigned index, struct err *e)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l) {
		err_set(e, ST_NOMEM, "no memory for an event loop");
		return NULL;
	}
	l->index = index;
	l->now_ns = clock_mono_ns();
	l->deferred.tail = &l->deferred.head;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fibers_init(l);
	if (l->epoll_fd < 0 || l->wake_fd < 0)
		err_errno(e, ST_IO, "event loop");
	else if (watch_add(l, &l->wake_watch, l->wake_fd, EPOLLIN | EPOLLET, woken, e) == ST_OK)
		return l;
	loop_free(l);
	return NULL;
}

void loop_at_exit(struct loop *l, struct loop_exit *x, void (*fn)(struct loop_exit *x))
{
	*x = (struct loop_exit){ .loop = l, .next = l->exits, .prev = &l->exits, .fn = fn };
	if (x->next)
		x->next->prev = &x->next;
	l->exits = x;
}

void loop_exit_cancel(struct loop_exit *x)
{
	if (!x->prev)
		return;
	*x->prev = x->next;
	if (x->next)
		x->next->prev = x->prev;
	x->prev = NULL;
}

static void run_exits(struct loop *l)
{
	for (struct loop_exit *x; (x = l->exits);) {
		loop_exit_cancel(x);
		x->fn(x);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (atomic_load(&l->posters))
		sched_yield();
	run_exits(l);
	fibers_fini(l);
	if (l->signals) {
		close(l->signals->watch.fd);
		free(l->signals);
	}
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l->heap);
	free(l);
}

/* --- tasks ------------------------------------------------------------------------------------------------------ */

static void wake(struct loop *l)
{
	if (atomic_load(&l->sleeping) && atomic_exchange(&l->sleeping, false)) {
		uint64_t one = 1;
		/* EAGAIN would mean a counter near 2^64, thus many unseen edges: the loop wakes anyway. */
		while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
			continue;
	}
}

/* The task may end the last fiber, and with it the loop, before its poster is out of here: `posters` holds loop_free
   back until it is. */
void loop_post(struct loop *l, struct task *t)
{
	atomic_fetch_add(&l->posters, 1);
	struct task *head = atomic_load_explicit(&l->posted, memory_order_relaxed);
	do {
		t->next = head;
	} while (!atomic_compare_exchange_weak(&l->posted, &head, t));
	wake(l);
	atomic_fetch_sub(&l->posters, 1);
}

void loop_stop(struct loop *l)
{
	atomic_fetch_add(&l->posters, 1);
	atomic_store(&l->stop, true);
	wake(l);
	atomic_fetch_sub(&l->posters, 1);
}

void loop_defer(struct loop *l, struct task *t)
{
	t->next = NULL;
	*l->deferred.tail = t;
	l->deferred.tail = &t->next;
}

static bool run_list(struct task *t)
{
	bool any = t != NULL;
	for (struct task *next; t; t = next) {
		next = t->next; /* t may be freed, or posted again, by its run */
		t->run(t);
	}
	return any;
}

static bool run_posted(struct loop *l)
{
	if (!atomic_load_explicit(&l->posted, memory_order_relaxed))
		return false;
	struct task *newest = atomic_exchange(&l->posted, NULL), *oldest = NULL;
	for (struct task *next; newest; newest = next) {
		next = newest->next;
		newest->next = oldest;
		oldest = newest;
	}
	return run_list(oldest);
}

/* What is deferred meanwhile waits for the next turn, which then does not sleep. */
static bool run_deferred(struct loop *l)
{
	struct task *t = l->deferred.head;
	l->deferred.head = NULL;
	l->deferred.tail = &l->deferred.head;
	return run_list(t);
}

/* --- descriptors ------------------------------------------------------------------------------------------------ */

enum status watch_add(struct loop *l, struct watch *w, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t),
                      struct err *e)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	*w = (struct watch){ l, fd, events, ready };
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		w->loop = NULL;
		return err_errno(e, ST_IO, "watch descriptor %d", fd);
	}
	return ST_OK;
}

void watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	if (!w->loop || events == w->events)
		return;
	w->events = events;
	epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void watch_del(struct watch *w)
{
	struct loop *l = w->loop;
	if (!l)
		return;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	/* Its event may be in the batch that is being dispatched. */
	for (int i = l->batch_pos; i < l->batch_len; i++)
		if (l->batch[i].data.ptr == w)
			l->batch[i].data.ptr = NULL;
	w->loop = NULL;
}

static int wait_ready(struct loop *l, int64_t wait_ns)
{
	static _Atomic bool no_pwait2;
	if (wait_ns == 0)
		return epoll_wait(l->epoll_fd, l->batch, LOOP_BATCH, 0);
	if (!atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
		struct timespec ts = { wait_ns / NS_PER_S, wait_ns % NS_PER_S };
		int n = epoll_pwait2(l->epoll_fd, l->batch, LOOP_BATCH, wait_ns < 0 ? NULL : &ts, NULL);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		atomic_store_explicit(&no_pwait2, true, memory_order_relaxed);
	}
	int64_t ms = wait_ns < 0 ? -1 : (wait_ns + NS_PER_MS - 1) / NS_PER_MS;
	return epoll_wait(l->epoll_fd, l->batch, LOOP_BATCH, ms > 3600 * 1000 ? 3600 * 1000 : (int)ms);
}

static bool dispatch(struct loop *l, int n)
{
	bool any = false;
	l->batch_len = n > 0 ? n : 0;
	for (l->batch_pos = 0; l->batch_pos < l->batch_len;) {
		struct epoll_event ev = l->batch[l->batch_pos++];
		struct watch *w = ev.data.ptr;
		if (w) {
			any |= w != &l->wake_watch;
			w->ready(w, ev.events);
		}
	}
	l->batch_len = 0;
	return any;
}

/* --- the turn --------------------------------------------------------------------------------------------------- */

static int64_t wait_time(const struct loop *l)
{
	if (l->ready || l->deferred.head || (l->draining && !atomic_load(&l->fibers)))
		return 0;
	if (!l->heap_len)
		return -1;
	int64_t left = l->heap[0].at_ns - clock_mono_ns();
	return left > 0 ? left : 0;
}

void loop_turn(struct loop *l, bool wait, bool *worked)
{
	bool any = run_posted(l);
	if (l->heap_len && l->heap[0].at_ns <= l->now_ns) {
		timers_fire(l);
		any = true;
	}
	any |= fibers_run(l);
	any |= run_deferred(l);
	int64_t ns = wait ? wait_time(l) : 0;
	if (ns) {
		atomic_store(&l->sleeping, true);
		if (atomic_load(&l->posted) || atomic_load(&l->stop))
			ns = 0;
	}
	int n = wait_ready(l, ns);
	atomic_store_explicit(&l->sleeping, false, memory_order_relaxed);
	l->now_ns = clock_mono_ns();
	any |= dispatch(l, n);
	*worked = any;
}

void loop_run(struct loop *l)
{
	struct loop *outer = current;
	bool worked;
	current = l;
	while (!atomic_load(&l->stop))
		loop_turn(l, true, &worked);
	atomic_store(&l->stop, false);
	current = outer;
}

void loop_run_until_idle(struct loop *l)
{
	struct loop *outer = current;
	bool worked = true;
	current = l;
	l->now_ns = clock_mono_ns();
	while (worked || l->ready || l->deferred.head || atomic_load(&l->posted))
		loop_turn(l, false, &worked);
	current = outer;
}

static void timer_ignore(struct timer *t)
{
}

bool loop_drain(struct loop *l, int64_t patience_ns)
{
	struct loop *outer = current;
	int64_t until = clock_mono_ns() + patience_ns;
	struct timer t = { .fire = timer_ignore };
	bool worked;
	current = l;
	l->draining = true;
	fibers_cancel_all(l);
	timer_set(l, &t, until);
	while (atomic_load(&l->fibers) && l->now_ns < until)
		loop_turn(l, true, &worked);
	timer_cancel(&t);
	l->draining = false;
	/* Tasks of remote wakes and detached work may still be queued: their owners are gone or going. */
	run_posted(l);
	bool gone = !atomic_load(&l->fibers);
	if (gone)
		run_exits(l);
	current = outer;
	return gone;
}

/* --- signals ---------------------------------------------------------------------------------------------------- */

static void signalled(struct watch *w, uint32_t events)
{
	struct loop_signals *s = (struct loop_signals *)w;
	struct signalfd_siginfo info;
	while (read(w->fd, &info, sizeof info) == sizeof info)
		s->fn((int)info.ssi_signo, s->arg);
}

enum status loop_signals(struct loop *l, void (*on_signal)(int signo, void *arg), void *arg, struct err *e)
{
	assert(!l->signals);
	struct loop_signals *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ST_NOMEM, "no memory for signals");
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	s->fn = on_signal;
	s->arg = arg;
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	enum status st = fd < 0 ? err_errno(e, ST_IO, "signalfd") : watch_add(l, &s->watch, fd, EPOLLIN, signalled, e);
	if (st != ST_OK) {
		if (fd >= 0)
			close(fd);
		free(s);
		return st;
	}
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	l->signals = s;
	return ST_OK;
}
