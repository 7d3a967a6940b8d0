/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/work/background.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "rt/fiber.h"
#include "rt/loop.h"
#include "rt/sync.h"

#define TURN_MEMORY (16u << 20)
#define TURN_TIME_S 30
#define CANCEL_PATIENCE_NS (5 * NS_PER_S)
#define RETRY_FIRST_NS (1 * NS_PER_S)
#define RETRY_MOST_NS (60 * NS_PER_S)

struct background {
	struct backgrounds *all;
	struct service_instance *svc;
	const struct background_def *def;
	struct loop *loop;
	struct fiber *fiber; /* NULL: not begun, or ended */
	struct task cancel;
	enum status st; /* of the last turn */
};

struct backgrounds {
	pthread_mutex_t lock;
	struct waitq stop, ended;
	bool stopping;
	unsigned running;
	unsigned count;
	struct background list[];
};

static void background_turn(void *arg)
{
	struct background *b = arg;
	struct err e = { 0 };
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(TURN_MEMORY);
	b->st = ST_NOMEM;
	if (!a)
		return;
	ctx_init(&ctx, a);
	ctx.svc = b->svc;
	ctx.deadline_ns = clock_mono_ns() + (b->def->time_s ? b->def->time_s : TURN_TIME_S) * NS_PER_S;
	b->st = b->def->turn(&ctx, &e);
	if (b->st != ST_OK && b->st != ST_CANCELLED)
		LOG(WARN, &ctx, "background.failed", LS("service", b->svc->def->name), LS("name", b->def->name),
		        LS("why", e.msg));
}

/* True: go on. */
static bool pause(struct background *b, int64_t ns)
{
	struct backgrounds *all = b->all;
	int64_t until = clock_mono_ns() + ns;
	pthread_mutex_lock(&all->lock);
	enum status st = ST_OK;
	while (!all->stopping && st == ST_OK)
		st = waitq_wait(&all->stop, &all->lock, until);
	bool on = !all->stopping && st == ST_TIMEOUT;
	pthread_mutex_unlock(&all->lock);
	return on;
}

static void life(void *arg)
{
	struct background *b = arg;
	struct backoff again = { .first_ns = RETRY_FIRST_NS, .most_ns = RETRY_MOST_NS };
	b->fiber = fiber_self();
	for (int64_t ns = b->def->every_ms * NS_PER_MS; pause(b, ns);) {
		b->st = ST_NOMEM;
		bool through = fiber_turn(b->def->name, background_turn, b);
		if (b->st == ST_CANCELLED || fiber_cancelled())
			break;
		if (through && b->st == ST_OK)
			backoff_went_well(&again);
		ns = through && b->st == ST_OK ? b->def->every_ms * NS_PER_MS : backoff_failed(&again);
	}
	struct backgrounds *all = b->all;
	pthread_mutex_lock(&all->lock);
	b->fiber = NULL;
	all->running--;
	waitq_wake_all(&all->ended);
	pthread_mutex_unlock(&all->lock);
}

static unsigned rows_of(const struct background_def *d)
{
	unsigned n = 0;
	while (d && d[n].name)
		n++;
	return n;
}

static bool is_done_already(const struct backgrounds *all, const struct background_def *d)
{
	for (unsigned i = 0; i < all->count; i++)
		if (all->list[i].def == d)
			return true;
	return false;
}

static void backgrounds_add(struct backgrounds *all, struct service_instance *s, const struct background_def *rows)
{
	struct platform *p = s->platform;
	for (const struct background_def *d = rows; d && d->name; d++) {
		if (d->once && is_done_already(all, d))
			continue;
		struct background *b = &all->list[all->count];
		*b = (struct background){ .all = all, .svc = s, .def = d };
		b->loop = p->loops ? loops_get(p->loops, all->count % loops_count(p->loops)) : loop_current();
		all->count++;
	}
}

enum status backgrounds_start(
        struct platform *p, const struct background_def *common, struct backgrounds **out, struct err *e)
{
	unsigned most = 0;
	for (unsigned i = 0; i < p->service_count; i++)
		most += rows_of(common) + rows_of(p->services[i].def->backgrounds);
	struct backgrounds *all = calloc(1, sizeof *all + most * sizeof *all->list);
	*out = all;
	if (!all)
		return err_set(e, ST_NOMEM, "no memory to start");
	pthread_mutex_init(&all->lock, NULL);
	waitq_init(&all->stop);
	waitq_init(&all->ended);
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		if (!s->local)
			continue;
		backgrounds_add(all, s, s->def->backgrounds);
		backgrounds_add(all, s, s->db ? common : NULL);
	}
	for (unsigned i = 0; i < all->count; i++) {
		pthread_mutex_lock(&all->lock);
		all->running++;
		pthread_mutex_unlock(&all->lock);
		if (fiber_spawn_on(all->list[i].loop, life, &all->list[i], FIBER_LARGE))
			continue;
		pthread_mutex_lock(&all->lock);
		all->running--;
		pthread_mutex_unlock(&all->lock);
		return err_set(e, ST_NOMEM, "no fiber for %s", all->list[i].def->name);
	}
	return ST_OK;
}

static void cancel(struct task *t)
{
	struct background *b = (struct background *)((char *)t - offsetof(struct background, cancel));
	if (b->fiber) /* it ends on this loop: nobody else looks at the same time */
		fiber_cancel(b->fiber);
}

static bool ended_by(struct backgrounds *all, int64_t deadline_ns) /* locked */
{
	while (all->running && waitq_wait(&all->ended, &all->lock, deadline_ns) == ST_OK)
		;
	return !all->running;
}

void backgrounds_drain(struct backgrounds *all, int64_t deadline_ns)
{
	if (!all)
		return;
	pthread_mutex_lock(&all->lock);
	all->stopping = true;
	waitq_wake_all(&all->stop);
	if (!ended_by(all, deadline_ns)) {
		for (unsigned i = 0; i < all->count; i++) {
			all->list[i].cancel.run = cancel;
			loop_post(all->list[i].loop, &all->list[i].cancel);
		}
		(void)ended_by(all, clock_mono_ns() + CANCEL_PATIENCE_NS);
		LOG(WARN, NULL, "background.cancelled", LI("left", all->running));
	}
	pthread_mutex_unlock(&all->lock);
}

void backgrounds_free(struct backgrounds *all)
{
	if (!all)
		return;
	pthread_mutex_destroy(&all->lock);
	free(all);
}
