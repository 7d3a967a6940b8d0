/* SPDX-License-Identifier: Apache-2.0
 *
 * The processor of one outbox: look, claim, hand out, mark. A claim moves run_at to the end of the lease, so a crash
 * needs no rescuer: the rows come up again by themselves.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/work/event_int.h"
#include "platform/work/job_int.h"

enum { BATCH = 64, ATTEMPTS = 12, RUN_ARENA = 32 << 20 };
#define BATCH_NS (10 * NS_PER_S) /* handlers of a batch, but for the last one */
#define IDLE_MAX_NS (10 * NS_PER_S)
/* After a failure of the database itself. */
#define RETRY_FIRST_NS (1 * NS_PER_S)
#define RETRY_MOST_NS (10 * NS_PER_S)
#define HOLD_MAX_US (60 * US_PER_S)
#define MARKS_KEEP_US (7 * 86400 * US_PER_S)
#define MARKS_SWEEP_NS (3600 * NS_PER_S)

struct event_lease {
	struct event_batch *run;
	int64_t renewed_ns;
	bool lost;
};

struct event_batch {
	struct event_stream *s;
	struct event_lease lease;
	struct ctx *ctx;
	struct event_task *tasks;
	size_t n;
	int64_t claimed_us;
	struct event_claim_row *rows;
	unsigned done, retried, held, given_up;
};

static enum status claim_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct event_batch *r = arg;
	r->claimed_us = clock_now_us();
	r->lease.renewed_ns = clock_mono_ns();
	return q_event_claim(
	        c, r->claimed_us, r->claimed_us + r->s->events->lease_ns / 1000, BATCH, &r->rows, &r->n, e);
}

static int by_id(const void *a, const void *b)
{
	const struct event_claim_row *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static enum status batch_claim(struct event_batch *r, struct err *e)
{
	TRY(db_write(r->ctx, r->s->svc->db, claim_tx, r, e));
	atomic_fetch_add(&r->s->claims, 1);
	if (!r->n)
		atomic_fetch_add(&r->s->empty_claims, 1);
	else
		qsort(r->rows, r->n, sizeof *r->rows, by_id); /* the order of emission, as far as one batch goes */
	r->tasks = ARENA_ARRAY(r->ctx->arena, struct event_task, r->n ? r->n : 1);
	struct str origin = str_c(r->s->svc->def->name);
	for (size_t i = 0; i < r->n; i++) {
		const struct event_claim_row *row = &r->rows[i];
		r->tasks[i].ev = (struct event){ .id = row->id,
			.origin = origin,
			.type = row->type,
			.object = row->object,
			.payload = row->payload,
			.at_us = row->at,
			.attempt = (unsigned)row->attempt };
	}
	return ST_OK;
}

static struct str claims_of(struct arena *a, const struct event_batch *r, bool (*wanted)(const struct event_task *t),
                            size_t *n)
{
	struct claim_ref *claims = ARENA_ARRAY(a, struct claim_ref, r->n ? r->n : 1);
	*n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (wanted(&r->tasks[i]))
			claims[(*n)++] = (struct claim_ref){ r->tasks[i].ev.id, r->tasks[i].ev.attempt };
	return claims_text(a, claims, *n);
}

static bool any_task(const struct event_task *t)
{
	return true;
}

static enum status renew_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct event_batch *r = arg;
	size_t n;
	struct str claims = claims_of(db_arena(c), r, any_task, &n);
	return q_event_beat(c, claims, clock_now_us() + r->s->events->lease_ns / 1000, NULL, e);
}

bool event_lease_keep(struct event_lease *l)
{
	struct err e = { 0 };
	int64_t now = clock_mono_ns();
	if (l->lost || now - l->renewed_ns < l->run->s->events->lease_ns / 3)
		return !l->lost;
	if (db_write(l->run->ctx, l->run->s->svc->db, renew_tx, l->run, &e) == ST_OK) {
		l->renewed_ns = now;
		return true;
	}
	/* The lease may end soon and another processor claim the events: running handlers finish, no further one is
	   begun. */
	l->lost = now - l->renewed_ns > l->run->s->events->lease_ns / 3 * 2;
	LOG(WARN, l->run->ctx, "event.lease_failed", LS("error", e.msg));
	return !l->lost;
}

/* Events that the other process has not received wait. All events for one process wait until the same moment and
   are claimed in order from then on; one that is claimed earlier may have older ones before it, and waits with
   them. */
static void tasks_hold_back(struct service_instance *to, struct event_task *tasks, size_t n, int64_t until_us,
                            const char *why)
{
	for (size_t i = 0; i < n; i++) {
		struct event_task *t = &tasks[i];
		if (t->skipped || !event_service_takes(to, t->ev.origin, t->ev.type) ||
		        (t->held_until_us && t->held_until_us <= until_us))
			continue;
		t->held_until_us = until_us;
		str_print(t->error, sizeof t->error, "%s: %s", to->def->name, why);
	}
}

struct event_delivery {
	struct event_batch *r;
	struct service_instance *to;
	size_t reached;
	struct err e;
	enum status st;
};

static void call_deliver(void *arg)
{
	struct event_delivery *d = arg;
	d->st = event_deliver_remote(d->r->ctx, d->to, d->r->tasks, d->r->n, &d->r->lease, &d->reached, &d->e);
}

static void deliver_to(struct event_batch *r, unsigned k)
{
	struct service_instance *to = &r->s->events->platform->services[k];
	struct event_hold *h = &r->s->holds[k];
	if (r->claimed_us < h->until_us) {
		tasks_hold_back(to, r->tasks, r->n, h->until_us, "waits for what comes before it");
		return;
	}
	struct event_delivery d = { .r = r, .to = to };
	if (fiber_turn("events.deliver", call_deliver, &d) && d.st == ST_OK) {
		h->failures = 0;
		return;
	}
	int64_t wait_us = US_PER_S << (h->failures < 6 ? h->failures : 6);
	h->failures++;
	h->until_us = clock_now_us() + (wait_us < HOLD_MAX_US ? wait_us : HOLD_MAX_US);
	tasks_hold_back(to, r->tasks + d.reached, r->n - d.reached, h->until_us, d.e.msg);
	LOG(WARN, r->ctx, "event.held", LS("to", to->def->name), LI("failures", h->failures), LS("error", d.e.msg));
}

struct handling { struct event_batch *r; struct service_instance *to; struct event_task *t; bool ok; };

static void call_handle(void *arg)
{
	struct handling *h = arg;
	h->ok = event_handle(h->r->ctx, h->to, h->t, &h->r->lease, &h->r->s->handled);
}

static void handle_here(struct event_batch *r, struct service_instance *to, struct event_task *t)
{
	struct handling h = { .r = r, .to = to, .t = t };
	if (!fiber_turn("events.handle", call_handle, &h))
		str_print(t->error, sizeof t->error, "%s: %s", to->def->name, status_info(ST_NOMEM)->title);
	if (!h.ok)
		t->failed = true;
}

static void batch_deliver(struct event_batch *r)
{
	struct platform *p = r->s->events->platform;
	int64_t until = clock_mono_ns() + BATCH_NS;
	for (size_t i = 0; i < r->n; i++) {
		struct event_task *t = &r->tasks[i];
		t->skipped = clock_mono_ns() > until || fiber_cancelled() || r->lease.lost;
		for (unsigned k = 0; k < p->service_count && !t->skipped; k++)
			if (p->services[k].local)
				handle_here(r, &p->services[k], t);
	}
	for (unsigned k = 0; k < p->service_count; k++)
		if (!p->services[k].local)
			deliver_to(r, k);
}

static int64_t backoff_us(const struct event_task *t)
{
	int64_t us = 5 * US_PER_S;
	for (unsigned i = 1; i < t->ev.attempt && us < 600 * US_PER_S; i++)
		us *= 2;
	return us < 600 * US_PER_S ? us : 600 * US_PER_S;
}

static bool is_done(const struct event_task *t)
{
	return !t->skipped && !t->held_until_us && !t->failed;
}

/* One that is not done. */
static enum status put_back(struct db_conn *c, struct event_batch *r, const struct event_task *t, int64_t now,
                            struct err *e)
{
	int64_t id = t->ev.id, attempt = t->ev.attempt;
	if (t->skipped)
		return q_event_hold(c, id, attempt, now, STR_NULL, NULL, e);
	if (t->held_until_us) {
		r->held++;
		return q_event_hold(c, id, attempt, t->held_until_us, str_c(t->error), NULL, e);
	}
	if (attempt >= ATTEMPTS) {
		r->given_up++;
		return q_event_give_up(c, id, attempt, str_c(t->error), NULL, e);
	}
	r->retried++;
	return q_event_retry(c, id, attempt, now + backoff_us(t), str_c(t->error), NULL, e);
}

static enum status finish_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct event_batch *r = arg;
	int64_t now = clock_now_us();
	size_t n;
	r->retried = r->held = r->given_up = 0;
	for (size_t i = 0; i < r->n; i++)
		if (!is_done(&r->tasks[i]))
			TRY(put_back(c, r, &r->tasks[i], now, e));
	struct str done = claims_of(db_arena(c), r, is_done, &n);
	r->done = (unsigned)n;
	return n ? q_event_done(c, done, NULL, e) : ST_OK;
}

static void batch_count(struct event_batch *r)
{
	atomic_fetch_add(&r->s->done, r->done);
	atomic_fetch_add(&r->s->retried, r->retried);
	atomic_fetch_add(&r->s->held, r->held);
	atomic_fetch_add(&r->s->given_up, r->given_up);
	for (size_t i = 0; i < r->n; i++) {
		const struct event_task *t = &r->tasks[i];
		if (t->failed)
			LOG(WARN, r->ctx, "event.failed", LT("type", t->ev.type), LI("event", t->ev.id),
			        LI("attempt", t->ev.attempt), LS("error", t->error));
	}
}

static enum status sweep_tx(struct db_conn *c, void *arg, struct err *e)
{
	return q_event_marks_expire(c, clock_now_us() - MARKS_KEEP_US, NULL, e);
}

/* Removes marks that are older than the last possible retry. */
static void marks_sweep(struct event_batch *r)
{
	struct platform *p = r->s->events->platform;
	int64_t now = clock_mono_ns();
	if (r->s->marks_swept_ns && now - r->s->marks_swept_ns < MARKS_SWEEP_NS)
		return;
	r->s->marks_swept_ns = now;
	for (unsigned k = 0; k < p->service_count; k++)
		if (p->services[k].local && p->services[k].db &&
		    db_write(r->ctx, p->services[k].db, sweep_tx, NULL, NULL) != ST_OK)
			return;
}

/* One batch. *more: there may be another at once. */
static enum status batch(struct event_stream *s, bool *more, struct err *e)
{
	SCOPED_ARENA *a = arena_new(RUN_ARENA);
	struct ctx ctx;
	struct event_batch r = { .s = s, .ctx = &ctx };
	r.lease.run = &r;
	*more = false;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory for events");
	ctx_init(&ctx, a);
	ctx.svc = s->svc;
	TRY(batch_claim(&r, e));
	if (!r.n)
		return ST_OK;
	batch_deliver(&r);
	*more = r.n == BATCH;
	TRY(db_write(&ctx, s->svc->db, finish_tx, &r, e));
	batch_count(&r);
	marks_sweep(&r);
	return ST_OK;
}

/* Nanoseconds until something is due: 0 now, INT64_MAX nothing waits. One read. */
static enum status stream_outlook(struct event_stream *s, int64_t *wait_ns, struct err *e)
{
	SCOPED_ARENA *a = arena_new(64 << 10);
	SCOPED_DB_READ c = NULL;
	struct ctx ctx;
	struct event_next_row *row;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory for events");
	ctx_init(&ctx, a);
	ctx.svc = s->svc;
	ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
	TRY(db_read(&ctx, s->svc->db, &c, e));
	TRY(q_event_next(c, &row, e));
	int64_t now = clock_now_us();
	*wait_ns = !row || row->next_null ? INT64_MAX : row->next > now ? clock_ns_of_us(row->next - now) : 0;
	return ST_OK;
}

/* Returns how long to sleep; -1: it failed. */
static int64_t stream_look(struct event_stream *s, int64_t *idle_ns)
{
	struct err e = { 0 };
	int64_t wait_ns = 0;
	bool more = true;
	enum status st = stream_outlook(s, &wait_ns, &e);
	if (st == ST_OK && wait_ns == 0) {
		while (st == ST_OK && more && !s->stopping)
			st = batch(s, &more, &e);
		*idle_ns = 0;
		if (st == ST_OK)
			return 0;
	}
	if (st != ST_OK) {
		LOG(WARN, NULL, "events.failed", LS("service", s->svc->def->name), LS("error", e.msg));
		return -1;
	}
	*idle_ns = *idle_ns ? (*idle_ns * 2 < IDLE_MAX_NS ? *idle_ns * 2 : IDLE_MAX_NS) : 100 * NS_PER_MS;
	return wait_ns < *idle_ns ? wait_ns + NS_PER_MS : *idle_ns;
}

/* --- what a dead one left ---------------------------------------------------------------------------------------- */

/* Is this the only processor of a database that is a file? The lock goes with the process, however that ends. */
static bool alone(struct event_stream *s)
{
	const struct platform *p = s->events->platform;
	char path[4096];
	if (db_engine(s->svc->db) != DB_SQLITE || !p->data_dir.n)
		return false;
	snprintf(path, sizeof path, "%.*s/%s.events", STR_ARG(p->data_dir), s->svc->def->name);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return false;
	bool first = !flock(s->lock_fd, LOCK_EX | LOCK_NB);
	return !flock(s->lock_fd, LOCK_SH) && first;
}

static enum status release_tx(struct db_conn *c, void *arg, struct err *e)
{
	return q_event_release(c, clock_now_us(), NULL, e);
}

/* Claims of a process that is gone come up again when their lease ends; later ones would be before them. */
static void take_over(void *stream)
{
	struct event_stream *s = stream;
	SCOPED_ARENA *a = alone(s) ? arena_new(64 << 10) : NULL;
	struct err e = { 0 };
	struct ctx ctx;
	if (!a)
		return;
	ctx_init(&ctx, a);
	ctx.svc = s->svc;
	if (db_write(&ctx, s->svc->db, release_tx, NULL, &e) != ST_OK)
		LOG(WARN, &ctx, "events.failed", LS("service", s->svc->def->name), LS("error", e.msg));
}

struct look_turn { struct event_stream *s; int64_t idle_ns, wait_ns; };

static void look_turn(void *arg)
{
	struct look_turn *t = arg;
	t->wait_ns = stream_look(t->s, &t->idle_ns);
}

void event_processor(void *stream)
{
	struct event_stream *s = stream;
	struct look_turn t = { .s = s };
	struct backoff b = { .first_ns = RETRY_FIRST_NS, .most_ns = RETRY_MOST_NS };
	bool cancelled = false;
	(void)!fiber_turn("events.take_over", take_over, s); /* at worst their leases end by themselves */
	pthread_mutex_lock(&s->lock);
	while (!s->stopping && !cancelled) {
		s->woken = false;
		pthread_mutex_unlock(&s->lock);
		if (fiber_turn("events.look", look_turn, &t) && t.wait_ns >= 0)
			backoff_went_well(&b);
		else
			t.wait_ns = backoff_failed(&b);
		int64_t until = clock_mono_ns() + t.wait_ns;
		pthread_mutex_lock(&s->lock);
		enum status st = ST_OK;
		while (t.wait_ns && !s->woken && !s->stopping && st == ST_OK)
			st = waitq_wait(&s->q, &s->lock, until);
		cancelled = st == ST_CANCELLED;
	}
	s->running = false;
	waitq_wake_all(&s->q);
	pthread_mutex_unlock(&s->lock);
}
