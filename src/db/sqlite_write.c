/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite writer: one thread per file, group commit.
 *
 * A caller queues its function and parks; the thread takes what is queued, runs each in a savepoint under one BEGIN
 * IMMEDIATE, commits once (one fsync for all) and wakes the callers. While a batch is on its way to the disk, the next
 * one gathers: the busier, the larger the batches and the cheaper each write.
 *
 * The log is copied into the file when there is nothing else to do; under load that never lasts, so a thread of the
 * offload pool copies beside the commits what the log then holds, and the writer only the rest: it stops for that rest
 * alone, and the log begins anew.
 *
 * A request lies on its caller's stack. Until the thread takes it, the caller may give up and unlink it; from then
 * on the caller stays, shielded, until the outcome is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/sqlite.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "rt/sync.h"

#define BATCH_MAX 512
#define CHECKPOINT_PAGES 1000       /* checkpoint when idle from here on … */
#define CHECKPOINT_IDLE_NS (100 * NS_PER_MS) /* … for so long: the pause between two commits of one caller is none … */
#define CHECKPOINT_FORCE_PAGES 16000 /* … and in any case from here … */
#define CHECKPOINT_WAIT_PAGES 64000  /* … waiting for what goes on beside from here: the log may not grow without end */

enum req_state { REQ_QUEUED, REQ_BEGUN, REQ_DONE }; /* a caller may leave until its request is begun */

struct sq_req {
	struct sq_req *next;
	struct db_conn *c;
	db_tx_fn *fn; /* NULL: only asks whether the thread takes what is queued (sq_ping) */
	void *arg;
	enum status status;
	struct err err;
	enum req_state state; /* under the lock */
	bool in_fiber;
	struct promise done;
};

struct sq_writer {
	struct db *db;
	struct sq_conn *conn;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;    /* the thread waits here */
	pthread_cond_t outcome; /* callers outside a fiber wait here */
	struct sq_req *head, **tail;   /* the queue; under the lock */
	unsigned queued;
	struct sq_req *batch;          /* left the queue to share a commit, not begun yet; under the lock */
	struct sq_req *begun, **begun_tail; /* those of the batch that were begun: the thread's own */
	bool idle, stop;
	enum { BESIDE_NOT, BESIDE_RUNS, BESIDE_DONE } beside; /* a checkpoint on the offload pool; under the lock */
	pthread_cond_t beside_done;
	int checkpointed; /* wal_pages after the last checkpoint */
};

/* --- one transaction of a batch ------------------------------------------------------------------------------- */

/* Deferred foreign keys are due at COMMIT, which belongs to all: whoever leaves one open fails here, alone. */
static enum status check_deferred(struct sq_conn *conn, struct err *e)
{
	int open = 0, high = 0;
	if (sqlite3_db_status(conn->h, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &high, 0) == SQLITE_OK && open)
		return err_set(e, ST_CONFLICT, "this refers to something that is not there");
	return ST_OK;
}

static void write_req_fail(struct sq_req *r, enum status s, const char *msg)
{
	r->status = err_set(&r->err, s, "%s", msg);
}

/* False: SQLite has rolled back the whole batch. */
static bool run_one(struct sq_conn *conn, struct sq_req *r, bool alone)
{
	if (!r->fn)
		return true;
	if (r->c->ctx->deadline_ns && clock_mono_ns() >= r->c->ctx->deadline_ns) {
		write_req_fail(r, ST_TIMEOUT, "the write was still waiting when its time was over");
		return true;
	}
	if (!alone && (r->status = sq_own(conn, SQ_SAVEPOINT, &r->err)) != ST_OK)
		return !sqlite3_get_autocommit(conn->h);
	r->c->sq = conn;
	conn->limit_ns = r->c->unlimited ? 0 : r->c->db->cfg.query_ns;
	r->status = db_call_guarded(r->fn, r->c, r->arg, &r->err);
	conn->limit_ns = 0;
	if (r->status == ST_OK)
		r->status = check_deferred(conn, &r->err);
	if (sqlite3_get_autocommit(conn->h)) {
		if (r->status == ST_OK)
			write_req_fail(r, ST_IO, "the transaction was rolled back by the storage");
		return false;
	}
	if (alone)
		return true;
	if (r->status != ST_OK && sq_own(conn, SQ_ROLLBACK_TO, NULL) != ST_OK)
		return false;
	return sq_own(conn, SQ_RELEASE, NULL) == ST_OK;
}

/* --- a batch -------------------------------------------------------------------------------------------------- */

/* Under the lock. Whoever has not been begun may still leave, so that nobody's deadline waits for another's write. */
static struct sq_req *begin_next(struct sq_writer *w)
{
	struct sq_req *r = w->batch;
	if (!r)
		return NULL;
	w->batch = r->next;
	r->next = NULL;
	r->state = REQ_BEGUN;
	*w->begun_tail = r;
	w->begun_tail = &r->next;
	return r;
}

static struct sq_req *begin_next_locked(struct sq_writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct sq_req *r = begin_next(w);
	pthread_mutex_unlock(&w->lock);
	return r;
}

static void fail_begun(struct sq_req *from, enum status s, const char *msg)
{
	for (; from; from = from->next)
		if (from->status == ST_OK && from->fn)
			write_req_fail(from, s, msg);
}

static void writer_rollback(struct sq_conn *conn)
{
	if (!sqlite3_get_autocommit(conn->h) && sq_own(conn, SQ_ROLLBACK, NULL) != ST_OK)
		LOG(ERROR, NULL, "db.rollback_failed", LS("error", sqlite3_errmsg(conn->h)));
}

/* How the rest of the batch is to be committed. */
struct batch_plan { bool alone; enum sq_sync sync; };

/* False: nothing of the batch is left to do. */
static bool batch_plan(struct sq_writer *w, struct batch_plan *plan)
{
	pthread_mutex_lock(&w->lock);
	while (w->batch && !w->batch->fn)
		begin_next(w);
	const struct sq_req *r = w->batch;
	plan->alone = r && !r->next;
	bool any = r != NULL;
	while (r && r->c->soon)
		r = r->next;
	plan->sync = !w->db->cfg.fsync ? SQ_SYNC_NEVER : r ? SQ_SYNC_EACH : SQ_SYNC_CHECKPOINT;
	pthread_mutex_unlock(&w->lock);
	return any;
}

static void run_under_one_commit(struct sq_writer *w, const struct batch_plan *plan)
{
	struct sq_conn *conn = w->conn;
	struct sq_req **first = w->begun_tail, *r;
	struct err err = { 0 };
	if (sq_sync(conn, plan->sync, &err) != ST_OK || sq_own(conn, SQ_BEGIN_IMMEDIATE, &err) != ST_OK) {
		while (begin_next_locked(w))
			continue;
		fail_begun(*first, err.status, err.msg);
		return;
	}
	struct sq_moment before = sq_moment(w->db);
	bool spares_kept = true, failed = false;
	while ((r = begin_next_locked(w))) {
		bool kept = run_one(conn, r, plan->alone);
		failed = r->status != ST_OK;
		spares_kept &= failed || !r->fn || r->c->spares_kept;
		if (kept)
			continue;
		writer_rollback(conn);
		if (!failed) /* its own changes were made, and were rolled back with the batch */
			write_req_fail(r, ST_IO, "the transaction could not be kept");
		fail_begun(*first, r->status, "rolled back together with another write");
		return;
	}
	if (!*first || (plan->alone && failed)) {
		writer_rollback(conn);
	} else if (sq_own(conn, SQ_COMMIT, &err) != ST_OK) {
		writer_rollback(conn);
		fail_begun(*first, err.status, err.msg);
	} else {
		COUNT(w->db, commits);
		sq_version_committed(w->db, before, spares_kept);
	}
}

static void run_batch(struct sq_writer *w, unsigned n)
{
	if (n > atomic_load_explicit(&w->db->count.batch_max, memory_order_relaxed))
		atomic_store_explicit(&w->db->count.batch_max, n, memory_order_relaxed);
	struct batch_plan plan;
	while (batch_plan(w, &plan)) /* again after a batch that was lost, for those that it did not get to */
		run_under_one_commit(w, &plan);
}

static void batch_finish(struct sq_writer *w)
{
	bool outside = false;
	struct sq_req *next;
	pthread_mutex_lock(&w->lock);
	for (struct sq_req *r = w->begun; r; r = next) {
		next = r->next;
		if (r->status != ST_OK)
			COUNT(w->db, rollbacks);
		if (r->in_fiber) {
			promise_set(&r->done); /* its caller may return at once: r is gone */
		} else {
			r->state = REQ_DONE;
			outside = true;
		}
	}
	if (outside)
		pthread_cond_broadcast(&w->outcome);
	w->begun = NULL;
	w->begun_tail = &w->begun;
	pthread_mutex_unlock(&w->lock);
}

/* --- the thread ----------------------------------------------------------------------------------------------- */

static bool checkpoint_due(struct sq_writer *w, int from_pages)
{
	int pages = w->conn->wal_pages;
	if (pages < w->checkpointed)
		w->checkpointed = 0; /* the log began anew */
	return pages - w->checkpointed >= from_pages;
}

static void checkpoint_on(const struct sq_writer *w, struct sq_conn *c)
{
	int rc = sqlite3_wal_checkpoint_v2(c->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		LOG(WARN, NULL, "db.checkpoint_failed", LS("db", w->db->cfg.name), LS("error", sqlite3_errmsg(c->h)));
}

static void checkpoint(struct sq_writer *w)
{
	checkpoint_on(w, w->conn);
	w->checkpointed = w->conn->wal_pages;
}

static void checkpoint_beside(void *arg)
{
	struct sq_writer *w = arg;
	struct err e = { 0 };
	struct sq_conn *c = sq_conn_open(w->db, SQ_READER, &e);
	if (c) {
		checkpoint_on(w, c);
		sq_conn_close(c);
	} else {
		LOG(WARN, NULL, "db.checkpoint_failed", LS("db", w->db->cfg.name), LS("error", e.msg));
	}
	pthread_mutex_lock(&w->lock);
	w->beside = BESIDE_DONE;
	pthread_cond_signal(&w->beside_done);
	pthread_mutex_unlock(&w->lock);
}

/* Under the lock, let go meanwhile. */
static void wait_beside(struct sq_writer *w)
{
	while (w->beside == BESIDE_RUNS)
		pthread_cond_wait(&w->beside_done, &w->lock);
}

/* Under load, under the lock, let go meanwhile. */
static void checkpoint_under_load(struct sq_writer *w)
{
	if (w->beside == BESIDE_NOT) {
		w->beside = BESIDE_RUNS;
		pthread_mutex_unlock(&w->lock);
		bool runs = offload_detached(OFFLOAD_PROMPT, checkpoint_beside, NULL, w) == ST_OK;
		pthread_mutex_lock(&w->lock);
		if (!runs)
			w->beside = BESIDE_DONE;
	}
	if (checkpoint_due(w, CHECKPOINT_WAIT_PAGES))
		wait_beside(w);
	if (w->beside == BESIDE_RUNS)
		return;
	w->beside = BESIDE_NOT;
	pthread_mutex_unlock(&w->lock);
	checkpoint(w);
	pthread_mutex_lock(&w->lock);
}

/* Under the lock: until there is work, or the end. A caller that woke the thread may have withdrawn by the time it
   runs: whoever comes next must find it idle again, so `idle` is set before each wait and not once. */
static void rest(struct sq_writer *w)
{
	int64_t until_ns = clock_mono_ns() + CHECKPOINT_IDLE_NS;
	struct timespec until = { until_ns / NS_PER_S, until_ns % NS_PER_S };
	while (!w->head && !w->stop) {
		w->idle = true;
		if (!checkpoint_due(w, CHECKPOINT_PAGES)) {
			pthread_cond_wait(&w->work, &w->lock);
		} else if (pthread_cond_clockwait(&w->work, &w->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT &&
		        !w->head && !w->stop) {
			w->idle = false;
			pthread_mutex_unlock(&w->lock);
			checkpoint(w);
			pthread_mutex_lock(&w->lock);
		}
	}
	w->idle = false;
}

/* Under the lock; how many. */
static unsigned writer_next_batch(struct sq_writer *w)
{
	unsigned n = 0;
	struct sq_req **at = &w->head;
	for (; *at && n < BATCH_MAX; n++)
		at = &(*at)->next;
	w->batch = w->head;
	w->head = *at;
	if (!w->head)
		w->tail = &w->head;
	*at = NULL;
	w->queued -= n;
	return n;
}

static void *writer_main(void *arg)
{
	struct sq_writer *w = arg;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		rest(w);
		if (!w->head)
			break;
		unsigned n = writer_next_batch(w);
		pthread_mutex_unlock(&w->lock);
		run_batch(w, n);
		batch_finish(w);
		pthread_mutex_lock(&w->lock);
		if (checkpoint_due(w, CHECKPOINT_FORCE_PAGES))
			checkpoint_under_load(w);
	}
	wait_beside(w);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

enum status sq_writer_start(struct db *db, struct err *e)
{
	struct sq_writer *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ST_NOMEM, "no memory for the writer of %s", db->cfg.name);
	w->db = db;
	w->tail = &w->head;
	w->begun_tail = &w->begun;
	w->conn = sq_conn_open(db, SQ_WRITER, e);
	if (!w->conn) {
		free(w);
		return ST_IO;
	}
	sq_version_map(db->sq, w->conn);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->outcome, NULL);
	pthread_cond_init(&w->beside_done, NULL);
	if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
		sq_conn_close(w->conn);
		free(w);
		return err_set(e, ST_UNAVAILABLE, "no thread for the writer of %s", db->cfg.name);
	}
	db->sq->writer = w;
	return ST_OK;
}

void sq_writer_stop(struct db *db)
{
	struct sq_writer *w = db->sq->writer;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	sq_conn_close(w->conn);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->outcome);
	pthread_cond_destroy(&w->beside_done);
	free(w);
}

/* --- callers -------------------------------------------------------------------------------------------------- */

static enum status writer_enqueue(struct sq_writer *w, struct sq_req *r, struct err *e)
{
	struct db *db = w->db;
	pthread_mutex_lock(&w->lock);
	bool accepted = !w->stop && w->queued < db->cfg.queue;
	if (accepted) {
		*w->tail = r;
		w->tail = &r->next;
		w->queued++;
		if (w->idle) {
			w->idle = false; /* one signal is enough */
			pthread_cond_signal(&w->work);
		}
	}
	pthread_mutex_unlock(&w->lock);
	if (accepted)
		return ST_OK;
	COUNT(db, refused);
	return err_set(e, ST_UNAVAILABLE, "%s: too many writes are waiting", db->cfg.name);
}

/* Out of the list, if it is there; where the list ended, *tail follows. */
static bool req_unlink(struct sq_req **list, struct sq_req ***tail, struct sq_req *r)
{
	struct sq_req **at = list;
	while (*at && *at != r)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = r->next;
	if (tail && *tail == &r->next)
		*tail = at;
	return true;
}

/* Before the thread has begun it; false: too late. */
static bool writer_withdraw(struct sq_writer *w, struct sq_req *r)
{
	pthread_mutex_lock(&w->lock);
	bool leaves = r->state == REQ_QUEUED;
	if (leaves && req_unlink(&w->head, &w->tail, r))
		w->queued--;
	else if (leaves)
		req_unlink(&w->batch, NULL, r);
	pthread_mutex_unlock(&w->lock);
	return leaves;
}

static enum status await_in_fiber(struct sq_writer *w, struct sq_req *r)
{
	enum status s = promise_wait(&r->done, r->c->ctx->deadline_ns ? r->c->ctx->deadline_ns : FIBER_FOREVER);
	if (s == ST_OK)
		return r->status;
	if (writer_withdraw(w, r))
		return err_set(&r->err, s, "the write was still waiting when its request ended");
	promise_wait_shielded(&r->done);
	return r->status;
}

static enum status await_outside(struct sq_writer *w, struct sq_req *r)
{
	pthread_mutex_lock(&w->lock);
	while (r->state != REQ_DONE)
		pthread_cond_wait(&w->outcome, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return r->status;
}

enum status sq_write(struct db_conn *c, db_tx_fn *fn, void *arg, struct err *e)
{
	struct sq_writer *w = c->db->sq->writer;
	struct sq_req r = { .c = c, .fn = fn, .arg = arg, .in_fiber = fiber_self() != NULL };
	promise_init(&r.done);
	TRY(writer_enqueue(w, &r, e));
	COUNT(c->db, waiting);
	enum status s = r.in_fiber ? await_in_fiber(w, &r) : await_outside(w, &r);
	UNCOUNT(c->db, waiting);
	if (s != ST_OK && e)
		*e = r.err;
	if (s != ST_OK && e)
		e->status = s;
	return s;
}

enum status sq_ping(struct ctx *ctx, struct db *db, struct err *e)
{
	struct db_conn c = { .db = db, .ctx = ctx };
	struct err why = { 0 };
	enum status s = sq_write(&c, NULL, NULL, &why);
	return s == ST_OK ? ST_OK : err_set(e, s, "%s: the writer takes nothing (%s)", db->cfg.name, why.msg);
}
