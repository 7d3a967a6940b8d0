/* SPDX-License-Identifier: Apache-2.0
 *
 * The job queue: rows in the service's own database, enqueued in the transaction that causes them. Unique while active
 * by key; priorities; leases (a crashed worker's job is taken over); retries with back-off and jitter for failures
 * whose row in errors.def says retry; the rest, and the last attempt, go to the dead-letter list. Claimed and finished
 * in batches.
 */
#ifndef GH_PLATFORM_JOB_H
#define GH_PLATFORM_JOB_H

#include "platform/core/service.h"

struct job {
	int64_t id;
	struct str kind, key, payload; /* payload: JSON */
	unsigned attempt;              /* from 1 */
};
struct job_new {
	const char *kind;
	struct str key;      /* unique while waiting or running; p NULL: no uniqueness */
	struct str payload;  /* JSON; deterministic */
	int64_t run_at_us;   /* 0: now */
	int8_t priority;     /* added to the kind's */
	int64_t person;      /* about whom it is; 0: nobody. Its dead letter goes with that person */
};
/* Inside db_write's fn. *id = 0 when an active job with that key is there already. */
enum status job_enqueue(struct db_conn *c, const struct job_new *j, int64_t *id, struct err *e) MUST_CHECK;
enum status job_enqueue_many(
        struct db_conn *c, const struct job_new *j, size_t n, size_t *added, struct err *e) MUST_CHECK;
/* Inside db_write's fn, in the database that the job came from: the job ends with this transaction, so that a crash
   after it does not do again what it does. Whatever run() says then, it is over. ST_CONFLICT: another worker took it
   over. */
enum status job_end(struct db_conn *c, const struct job *j, struct err *e) MUST_CHECK;

struct jobs;
/* A queue for each service that runs here and has a database. common: kinds that every queue knows beside its service's
   own; ends with a zeroed row; NULL: none. NULL with *e. */
struct jobs *jobs_new(struct platform *p, const struct job_def *common, struct err *e);
/* Bounds of one process; 0 keeps the default in parentheses. Before jobs_start. */
struct job_limits {
	unsigned concurrency;  /* jobs running at once, per service (64) */
	unsigned batch;        /* claimed at once (500); twice as many are held */
	size_t batch_bytes;    /* of payloads claimed at once (16 MiB, and one more); twice as many are held */
	int64_t lease_ns;      /* (30 s); renewed while a job runs within its time_s */
	int64_t idle_ns;       /* longest pause between looks at an idle queue (10 s) */
	int64_t retry_ns;      /* pause after a failure of the database itself, doubling to ten times that (1 s) */
};
void jobs_configure(struct jobs *j, const struct job_limits *l);
enum status jobs_start(struct jobs *j, struct err *e) MUST_CHECK; /* role `jobs`; on a loop */
void jobs_wake(struct jobs *j);                                   /* look now: any thread */
/* Fiber: stop claiming, hand back what has not begun, wait for the rest; cancel it at the deadline. */
void jobs_drain(struct jobs *j, int64_t deadline_ns);
void jobs_free(struct jobs *j); /* drained, or never started. One that could not be drained in time is left as it is */

/* done … dead: by this process. waiting: claimed here, not begun. */
struct job_stats { uint64_t enqueued, done, retried, dead, claims, empty_claims; unsigned waiting, running; };
void jobs_stats(const struct jobs *j, struct job_stats *out);

/* What the database says, all processes. */
struct job_totals { int64_t ready, later, running, dead; };
enum status jobs_totals(struct ctx *ctx, struct db *db, struct job_totals *out, struct err *e) MUST_CHECK;

/* A job that was given up (the query job_dead_list) comes back, or goes for good. Inside db_write's fn. ST_NOT_FOUND;
 * ST_CONFLICT when an active job has its key. */
enum status job_dead_retry(struct db_conn *c, int64_t id, struct err *e) MUST_CHECK;
enum status job_dead_remove(struct db_conn *c, int64_t id, struct err *e) MUST_CHECK;

#endif
