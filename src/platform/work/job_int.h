/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the job queue: job.c (enqueueing, tables), job_run.c (claim, run, finish), job_keep.c (leases, cron).
 *
 * A queue is one service's. Its fibers:
 *
 *     puller   claims a batch when there is room, else waits for a wake-up or the next due time
 *     runners  up to `concurrency`, alive while there are claimed jobs; spread over the loops
 *     finisher writes what came out, all there is at once: under load the batches grow by themselves
 *     keeper   renews leases of long jobs, enqueues cron ticks
 *
 * Everything in a queue is under its lock, except what is set before jobs_start.
 */
#ifndef GH_PLATFORM_JOB_INT_H
#define GH_PLATFORM_JOB_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/backoff.h"
#include "platform/work/cron.h"
#include "platform/work/job.h"
#include "rt/fiber.h"
#include "rt/sync.h"

struct job_batch { struct arena *arena; unsigned refs; }; /* the rows of one claim; refs: jobs not finished */

struct job_held { /* claimed by us and not finished */
	struct job_held *next;         /* in waiting or finished */
	struct job_held *held_next, **held_prev;
	struct job_batch *batch;
	struct job job;
	const struct job_def *def;     /* NULL: kind unknown to this program */
	int64_t claimed_ns, until_ns;  /* until: its own deadline once it runs; 0: waiting */
	enum status result;
	char error[200];
};

struct job_list { struct job_held *head, **tail; unsigned count; };

struct job_runner {
	struct job_runner *next;
	struct job_queue *q;
	struct loop *loop;
	struct fiber *fiber;
	struct task cancel;
	bool cancel_posted, cancel_ran;
};

/* How many of a kind with a bound of its own run now. */
struct job_bound { const struct job_def *def; unsigned running; };

struct job_cron { const struct job_def *def; struct cron cron; int64_t next_us; bool known; };

struct job_queue {
	struct jobs *jobs;
	struct service_instance *svc;
	struct job_cron *crons;
	unsigned cron_count;
	struct job_bound *bounds;
	unsigned bound_count;

	pthread_mutex_t lock;
	struct waitq pull, finish, keep, idle;
	struct job_list waiting, finished;
	struct job_held *held;
	unsigned held_count, running, fibers;
	size_t held_bytes; /* of the payloads of what is held */
	struct job_runner *runners;
	unsigned runner_count, next_loop;
	bool woken, stopping;
	bool pulling; /* a claim may still come in: nobody who finishes goes before the puller */
	_Atomic uint64_t enqueued, done, retried, dead, claims, empty_claims;
};

struct jobs {
	struct platform *platform;
	const struct job_def *common; /* kinds of every queue */
	struct job_limits limits;
	int64_t worker; /* this process in the rows' worker column */
	struct job_queue *queues;
	unsigned queue_count;
	bool started, left; /* left: a drain ended before its fibers */
};

const struct job_def *job_def_find(const struct job_queue *q, struct str kind);
void job_queue_wake(struct job_queue *q);
/* Which claim of which row: whoever takes a row over counts its attempt up. */
struct claim_ref { int64_t id, attempt; };
/* "[[1,1],[2,3]]", in a: how queries take a list of claims (sql/jobs.sql). */
struct str claims_text(struct arena *a, const struct claim_ref *claims, size_t n);

/* What no fiber is left to finish, as when a start is given up: it comes again when its lease is over. */
void job_forget_held(struct job_queue *q);
void job_puller(void *queue);
void job_finisher(void *queue);
void job_keeper(void *queue);
enum status job_bounds_init(struct job_queue *q, struct err *e) MUST_CHECK;
enum status job_crons_init(struct job_queue *q, struct err *e) MUST_CHECK;
/* The pause of a queue's fibers after failures. */
struct backoff job_backoff(const struct job_queue *q);
/* A fiber of the queue ends. */
void job_fiber_end(struct job_queue *q);

#endif
