/* SPDX-License-Identifier: Apache-2.0
 *
 * The job queue from outside: enqueueing, the dead-letter list, starting and stopping. See job_int.h for the inside.
 *
 * job_enqueue knows only the connection: a small table leads from a database to its queue, so that a commit wakes it.
 */
#include "platform/work/job_int.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/cache/redis.h"
#include "platform/text/json.h"

#define DRAIN_PATIENCE_NS (5 * NS_PER_S) /* for what was cancelled to end */
enum {
	QUEUES_MAX = 64,
	PAYLOAD_MAX = 1 << 20,
	KEY_MAX = 512,
	MANY_CHUNK = 2000,
	CHUNK_MAX = 256 << 20 /* bytes of those */
};
#define WAKE_CHANNEL "gh:jobs:wake"

static struct { struct db *db; struct job_queue *q; } registry[QUEUES_MAX];
static pthread_rwlock_t registry_lock = PTHREAD_RWLOCK_INITIALIZER;

static struct job_queue *queue_of(struct db *db)
{
	struct job_queue *q = NULL;
	pthread_rwlock_rdlock(&registry_lock);
	for (int i = 0; i < QUEUES_MAX && !q; i++)
		if (registry[i].db == db)
			q = registry[i].q;
	pthread_rwlock_unlock(&registry_lock);
	return q;
}

static bool registry_set(struct db *db, struct job_queue *from, struct job_queue *to)
{
	bool done = false;
	pthread_rwlock_wrlock(&registry_lock);
	for (int i = 0; i < QUEUES_MAX && !done; i++) {
		if (registry[i].q == from && (!from || registry[i].db == db)) {
			registry[i].db = to ? db : NULL;
			registry[i].q = to;
			done = true;
		}
	}
	pthread_rwlock_unlock(&registry_lock);
	return done;
}

/* --- kinds --- */

static const struct job_def *find_in(const struct job_def *defs, struct str kind)
{
	for (const struct job_def *d = defs; d && d->kind; d++)
		if (str_eqc(kind, d->kind))
			return d;
	return NULL;
}

const struct job_def *job_def_find(const struct job_queue *q, struct str kind)
{
	const struct job_def *d = find_in(q->svc->def->jobs, kind);
	return d ? d : find_in(q->jobs->common, kind);
}

/* --- enqueue --- */

void job_queue_wake(struct job_queue *q)
{
	pthread_mutex_lock(&q->lock);
	if (!q->woken) {
		q->woken = true;
		waitq_wake_one(&q->pull);
	}
	pthread_mutex_unlock(&q->lock);
}

static void after_commit(void *arg)
{
	struct job_queue *q = arg;
	struct platform *p = q->jobs->platform;
	if (q->jobs->started) {
		job_queue_wake(q);
	} else if (p->redis) { /* the workers are elsewhere */
		struct str argv[] = { STR("PUBLISH"), STR(WAKE_CHANNEL), str_c(q->svc->def->name) };
		redis_post(p->redis, 3, argv);
	}
}

static void on_wake(void *arg, struct str service)
{
	struct jobs *j = arg;
	for (unsigned i = 0; i < j->queue_count; i++)
		if (!service.p || str_eqc(service, j->queues[i].svc->def->name))
			job_queue_wake(&j->queues[i]);
}

static enum status job_check(const struct job_queue *q, const struct job_new *j, int64_t *priority, struct err *e)
{
	const struct job_def *d = q ? job_def_find(q, str_c(j->kind)) : NULL;
	if (q && !d)
		return err_set(e, ST_INTERNAL, "there is no job kind \"%s\"", j->kind);
	if (j->payload.n > PAYLOAD_MAX || j->key.n > KEY_MAX)
		return err_set(e, ST_TOO_LARGE, "the payload or key of job \"%s\" is too large", j->kind);
	*priority = j->priority + (d ? d->priority : 0);
	return ST_OK;
}

static struct str payload_of(const struct job_new *j)
{
	return j->payload.p ? j->payload : STR("{}");
}

static enum status add_row(struct db_conn *c, int64_t id, const struct job_new *j, int64_t priority, int64_t run_at,
        int64_t now, int64_t *added, struct err *e)
{
	struct str payload = payload_of(j);
	return q_job_add(c, id, str_c(j->kind), j->key, payload, (int64_t)payload.n, j->person ? &j->person : NULL,
	        priority, run_at <= now, run_at, added, e);
}

enum status job_enqueue(struct db_conn *c, const struct job_new *j, int64_t *id, struct err *e)
{
	struct job_queue *q = queue_of(db_of(c));
	int64_t priority, now = clock_now_us(), new_id = id_new(), added;
	int64_t run_at = j->run_at_us ? j->run_at_us : now;
	TRY(job_check(q, j, &priority, e));
	TRY(add_row(c, new_id, j, priority, run_at, now, &added, e));
	if (id)
		*id = added ? new_id : 0;
	if (added && q) {
		atomic_fetch_add(&q->enqueued, 1);
		db_after_commit(c, after_commit, q);
	}
	return ST_OK;
}

/* One row of the JSON that job_add_many takes. */
static enum status put_row(
        struct buf *b, const struct job_queue *q, const struct job_new *j, int64_t now, struct err *e)
{
	int64_t priority, run_at = j->run_at_us ? j->run_at_us : now;
	TRY(job_check(q, j, &priority, e));
	buf_putc(b, b->len ? ',' : '[');
	buf_putc(b, '[');
	buf_put_i64(b, id_new());
	buf_putc(b, ',');
	json_put_str(b, str_c(j->kind));
	buf_putc(b, ',');
	if (j->key.p)
		json_put_str(b, j->key);
	else
		BUF_LIT(b, "null");
	buf_putc(b, ',');
	json_put_str(b, payload_of(j));
	buf_printf(b, ",%lld,%s,%lld,%zu,", (long long)priority, run_at <= now ? "true" : "false", (long long)run_at,
	        payload_of(j).n);
	if (j->person)
		buf_put_i64(b, j->person);
	else
		BUF_LIT(b, "null");
	buf_putc(b, ']');
	return ST_OK;
}

static enum status add_chunk(
        struct db_conn *c, const struct job_queue *q, const struct job_new *j, size_t n, size_t *added, struct err *e)
{
	SCOPED_BUF b;
	buf_init(&b, CHUNK_MAX);
	int64_t now = clock_now_us(), k;
	for (size_t i = 0; i < n; i++)
		TRY(put_row(&b, q, &j[i], now, e));
	buf_putc(&b, ']');
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "too much to enqueue at once");
	TRY(q_job_add_many(c, buf_str(&b), &k, e));
	*added += (size_t)k;
	return ST_OK;
}

enum status job_enqueue_many(struct db_conn *c, const struct job_new *j, size_t n, size_t *added, struct err *e)
{
	struct job_queue *q = queue_of(db_of(c));
	size_t total = 0;
	if (db_engine(db_of(c)) == DB_SQLITE) {
		/* No round trips to save: the plain statement is faster than JSON. */
		int64_t priority, one, now = clock_now_us();
		for (size_t i = 0; i < n; i++) {
			int64_t run_at = j[i].run_at_us ? j[i].run_at_us : now;
			TRY(job_check(q, &j[i], &priority, e));
			TRY(add_row(c, id_new(), &j[i], priority, run_at, now, &one, e));
			total += (size_t)one;
		}
	} else {
		for (size_t i = 0; i < n; i += MANY_CHUNK)
			TRY(add_chunk(c, q, j + i, n - i < MANY_CHUNK ? n - i : MANY_CHUNK, &total, e));
	}
	if (added)
		*added = total;
	if (total && q) {
		atomic_fetch_add(&q->enqueued, total);
		db_after_commit(c, after_commit, q);
	}
	return ST_OK;
}

enum status job_end(struct db_conn *c, const struct job *j, struct err *e)
{
	int64_t ended;
	TRY(q_job_end(c, j->id, j->attempt, &ended, e));
	return ended ? ST_OK : err_set(e, ST_CONFLICT, "job %lld is another worker's now", (long long)j->id);
}

struct str claims_text(struct arena *a, const struct claim_ref *claims, size_t n)
{
	struct buf b;
	buf_arena(&b, a, 2 + n * 44);
	buf_putc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, ',');
		buf_putc(&b, '[');
		buf_put_i64(&b, claims[i].id);
		buf_putc(&b, ',');
		buf_put_i64(&b, claims[i].attempt);
		buf_putc(&b, ']');
	}
	buf_putc(&b, ']');
	return buf_str(&b);
}

/* --- the dead-letter list --- */

enum status jobs_totals(struct ctx *ctx, struct db *db, struct job_totals *out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	struct job_counts_row *row;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_job_counts(c, &row, e));
	*out = (struct job_totals){ row->ready, row->later, row->running, row->dead };
	return ST_OK;
}

enum status job_dead_retry(struct db_conn *c, int64_t id, struct err *e)
{
	int64_t revived, gone;
	TRY(q_job_dead_revive(c, id, clock_now_us(), &revived, e));
	if (!revived) {
		TRY(q_job_dead_touch(c, id, &gone, e));
		return gone ? err_set(e, ST_CONFLICT, "the same work is in the queue already")
			    : err_set(e, ST_NOT_FOUND, "there is no such job");
	}
	TRY(q_job_dead_delete(c, id, &gone, e));
	struct job_queue *q = queue_of(db_of(c));
	if (q)
		db_after_commit(c, after_commit, q);
	return ST_OK;
}

enum status job_dead_remove(struct db_conn *c, int64_t id, struct err *e)
{
	int64_t gone;
	TRY(q_job_dead_delete(c, id, &gone, e));
	return gone ? ST_OK : err_set(e, ST_NOT_FOUND, "there is no such job");
}

/* --- life --- */

static void queue_init(struct job_queue *q, struct jobs *j, struct service_instance *svc)
{
	q->jobs = j;
	q->svc = svc;
	pthread_mutex_init(&q->lock, NULL);
	waitq_init(&q->pull);
	waitq_init(&q->finish);
	waitq_init(&q->keep);
	waitq_init(&q->idle);
	q->waiting.tail = &q->waiting.head;
	q->finished.tail = &q->finished.head;
}

struct jobs *jobs_new(struct platform *p, const struct job_def *common, struct err *e)
{
	struct jobs *j = calloc(1, sizeof *j);
	struct job_queue *queues = calloc(p->service_count ? p->service_count : 1, sizeof *queues);
	if (!j || !queues) {
		free(j);
		free(queues);
		(void)err_set(e, ST_NOMEM, "no memory for the job queue");
		return NULL;
	}
	j->platform = p;
	j->common = common;
	j->queues = queues;
	j->worker = id_new();
	j->limits = (struct job_limits){ .concurrency = 64,
		.batch = 500,
		.batch_bytes = 16 << 20,
		.lease_ns = 30 * NS_PER_S,
		.idle_ns = 10 * NS_PER_S,
		.retry_ns = NS_PER_S };
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *svc = &p->services[i];
		if (!svc->local || !svc->db)
			continue;
		struct job_queue *q = &queues[j->queue_count++];
		queue_init(q, j, svc);
		enum status st = job_crons_init(q, e);
		if (st == ST_OK)
			st = job_bounds_init(q, e);
		if (st == ST_OK && !registry_set(svc->db, NULL, q))
			st = err_set(e, ST_INTERNAL, "more than %d job queues", QUEUES_MAX);
		if (st != ST_OK) {
			jobs_free(j);
			return NULL;
		}
	}
	return j;
}

void jobs_configure(struct jobs *j, const struct job_limits *l)
{
	if (l->concurrency)
		j->limits.concurrency = l->concurrency;
	if (l->batch)
		j->limits.batch = l->batch;
	if (l->batch_bytes)
		j->limits.batch_bytes = l->batch_bytes;
	if (l->lease_ns)
		j->limits.lease_ns = l->lease_ns;
	if (l->idle_ns)
		j->limits.idle_ns = l->idle_ns;
	if (l->retry_ns)
		j->limits.retry_ns = l->retry_ns;
}

enum status jobs_start(struct jobs *j, struct err *e)
{
	static void (*const fibers[])(void *) = { job_puller, job_finisher, job_keeper };
	j->started = true;
	for (unsigned i = 0; i < j->queue_count; i++) {
		struct job_queue *q = &j->queues[i];
		for (unsigned k = 0; k < sizeof fibers / sizeof *fibers; k++) {
			q->fibers++;
			q->pulling = true;
			if (!fiber_spawn(loop_current(), fibers[k], q, FIBER_LARGE)) {
				q->fibers--;
				return err_set(e, ST_NOMEM, "no memory to start the job queue");
			}
		}
	}
	return j->platform->redis ? redis_subscribe(j->platform->redis, WAKE_CHANNEL, on_wake, j, e) : ST_OK;
}

void jobs_wake(struct jobs *j)
{
	on_wake(j, STR_NULL);
	for (unsigned i = 0; i < j->queue_count; i++) { /* the wall clock may have been set: cron looks too */
		pthread_mutex_lock(&j->queues[i].lock);
		waitq_wake_one(&j->queues[i].keep);
		pthread_mutex_unlock(&j->queues[i].lock);
	}
}

struct backoff job_backoff(const struct job_queue *q)
{
	return (struct backoff){ .first_ns = q->jobs->limits.retry_ns, .most_ns = 10 * q->jobs->limits.retry_ns };
}

void job_fiber_end(struct job_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->fibers--;
	waitq_wake_all(&q->idle);
	pthread_mutex_unlock(&q->lock);
}

static void run_cancel(struct task *t)
{
	struct job_runner *r = (struct job_runner *)((char *)t - offsetof(struct job_runner, cancel));
	fiber_cancel(r->fiber);
	pthread_mutex_lock(&r->q->lock);
	r->cancel_ran = true;
	waitq_wake_all(&r->q->idle);
	pthread_mutex_unlock(&r->q->lock);
}

static void queue_stop(struct job_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stopping = true;
	waitq_wake_all(&q->pull);
	waitq_wake_all(&q->keep);
	waitq_wake_all(&q->finish);
	pthread_mutex_unlock(&q->lock);
}

static void queue_wait(struct job_queue *q, int64_t deadline_ns)
{
	pthread_mutex_lock(&q->lock);
	while (q->runner_count && waitq_wait(&q->idle, &q->lock, deadline_ns) == ST_OK)
		;
	for (struct job_runner *r = q->runners; r; r = r->next) {
		if (r->cancel_posted || !r->fiber)
			continue;
		r->cancel_posted = true;
		r->cancel.run = run_cancel;
		loop_post(r->loop, &r->cancel);
	}
	/* What is cancelled ends soon; the finisher writes it as a retry. */
	int64_t patience = clock_mono_ns() + DRAIN_PATIENCE_NS;
	while ((q->runner_count || q->fibers) && waitq_wait(&q->idle, &q->lock, patience) == ST_OK)
		;
	if (q->runner_count || q->fibers) {
		LOG(WARN, NULL, "jobs.drain_incomplete", LS("service", q->svc->def->name), LI("running", q->running));
		q->jobs->left = true;
	}
	pthread_mutex_unlock(&q->lock);
}

void jobs_drain(struct jobs *j, int64_t deadline_ns)
{
	if (!j->started)
		return;
	for (unsigned i = 0; i < j->queue_count; i++)
		queue_stop(&j->queues[i]);
	for (unsigned i = 0; i < j->queue_count; i++)
		queue_wait(&j->queues[i], deadline_ns);
}

void jobs_free(struct jobs *j)
{
	/* Fibers that the drain left behind still look into it: it ends with the process. */
	if (!j || j->left)
		return;
	for (unsigned i = 0; i < j->queue_count; i++) {
		struct job_queue *q = &j->queues[i];
		registry_set(q->svc->db, q, NULL);
		job_forget_held(q);
		pthread_mutex_destroy(&q->lock);
		free(q->crons);
		free(q->bounds);
	}
	free(j->queues);
	free(j);
}

void jobs_stats(const struct jobs *j, struct job_stats *out)
{
	*out = (struct job_stats){ 0 };
	for (unsigned i = 0; i < j->queue_count; i++) {
		struct job_queue *q = &j->queues[i];
		out->enqueued += atomic_load(&q->enqueued);
		out->done += atomic_load(&q->done);
		out->retried += atomic_load(&q->retried);
		out->dead += atomic_load(&q->dead);
		out->claims += atomic_load(&q->claims);
		out->empty_claims += atomic_load(&q->empty_claims);
		pthread_mutex_lock(&q->lock);
		out->waiting += q->waiting.count;
		out->running += q->running;
		pthread_mutex_unlock(&q->lock);
	}
}
