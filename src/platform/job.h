/* SPDX-License-Identifier: Apache-2.0
 *
 * The job queue: rows in the service's own database, enqueued in the transaction that causes them. Unique while active by
 * key; priorities; leases (a crashed worker's job is taken over); retries with back-off and jitter for failures whose
 * row in errors.def says retry; the rest, and the last attempt, go to the dead-letter list. Claimed and finished in
 * batches.
 */
#ifndef GH_PLATFORM_JOB_H
#define GH_PLATFORM_JOB_H

#include "platform/service.h"

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
};
/* Inside db_write's fn. *id = 0 when an active job with that key is there already. */
enum status job_enqueue(struct db_conn *c, const struct job_new *j, int64_t *id, struct err *e) MUST_CHECK;
enum status job_enqueue_many(struct db_conn *c, const struct job_new *j, size_t n, size_t *added, struct err *e) MUST_CHECK;

struct jobs;
struct jobs *jobs_new(struct platform *p, struct err *e);
enum status jobs_start(struct jobs *j, struct err *e) MUST_CHECK; /* role `jobs` */
void jobs_drain(struct jobs *j, int64_t deadline_ns);
void jobs_free(struct jobs *j);

struct job_stats { uint64_t enqueued, done, retried, dead; unsigned waiting, running; };
void jobs_stats(const struct jobs *j, struct job_stats *out);

#endif
