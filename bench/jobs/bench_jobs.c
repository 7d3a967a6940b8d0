/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures the job queue on one database:  bench_jobs URL JOBS [FIBERS [BATCH [CONCURRENCY]]]
 * Prints one JSON line: jobs per second enqueued in bulk, enqueued one per transaction from many fibers, and processed
 * (claimed, run, deleted; the job itself does nothing but count). The database must be new. Everything is durable.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "platform/work/job.h"
#include "rt/fiber.h"
#include "rt/sync.h"

enum { CHUNK = 1000, BULK_FIBERS = 4 };

static _Atomic uint64_t ran;

static enum status noop(struct ctx *ctx, const struct job *j, struct err *e)
{
	atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
	return ST_OK;
}

static const struct job_def kinds[] = { { .kind = "bench", .run = noop }, { 0 } };
static const struct service service_bench = { .name = "bench", .title = "Bench", .mount = "/", .jobs = kinds };

static struct {
	const char *url;
	long jobs, fibers;
	struct job_limits limits;
	struct service_instance svc;
	struct platform p;
	pthread_mutex_t lock;
	struct waitq q;
	unsigned alive;
	_Atomic long left;
	double bulk, single, processed;
} B = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void must(enum status st, const struct err *e)
{
	if (st == ST_OK)
		return;
	fprintf(stderr, "bench_jobs: %s: %s\n", status_info(st)->name, e->msg);
	exit(1);
}

static enum status add_chunk(struct db_conn *c, void *arg, struct err *e)
{
	static struct job_new jobs[CHUNK];
	static _Atomic bool ready;
	if (!atomic_load(&ready)) {
		for (int i = 0; i < CHUNK; i++)
			jobs[i] = (struct job_new){ .kind = "bench", .payload = STR("{\"id\":1}") };
		atomic_store(&ready, true);
	}
	return job_enqueue_many(c, jobs, CHUNK, NULL, e);
}

static enum status add_one(struct db_conn *c, void *arg, struct err *e)
{
	struct job_new j = { .kind = "bench", .payload = STR("{\"id\":1}") };
	return job_enqueue(c, &j, NULL, e);
}

static void work(void *arg)
{
	db_tx_fn *fn = arg;
	long step = fn == add_chunk ? CHUNK : 1;
	struct arena *a = arena_new(32 << 20);
	while (atomic_fetch_sub(&B.left, step) > 0) {
		struct ctx ctx;
		struct err e = { 0 };
		ctx_init(&ctx, a);
		ctx.svc = &B.svc;
		must(db_write(&ctx, B.svc.db, fn, NULL, &e), &e);
		arena_reset(a);
	}
	arena_free(a);
	pthread_mutex_lock(&B.lock);
	B.alive--;
	waitq_wake_all(&B.q);
	pthread_mutex_unlock(&B.lock);
}

static double timed(db_tx_fn *fn, long jobs, unsigned fibers)
{
	int64_t start = clock_mono_ns();
	atomic_store(&B.left, jobs);
	B.alive = fibers;
	for (unsigned i = 0; i < fibers; i++)
		if (!fiber_spawn(loop_current(), work, fn, FIBER_LARGE))
			exit(1);
	pthread_mutex_lock(&B.lock);
	while (B.alive)
		if (waitq_wait(&B.q, &B.lock, FIBER_FOREVER) != ST_OK)
			exit(1);
	pthread_mutex_unlock(&B.lock);
	return (double)jobs / ((double)(clock_mono_ns() - start) / 1e9);
}

static double process(long jobs)
{
	struct err e = { 0 };
	struct job_stats s = { 0 };
	must(jobs_start(B.p.jobs, &e), &e);
	int64_t start = clock_mono_ns();
	while (s.done < (uint64_t)jobs) {
		must(fiber_sleep_ns(NS_PER_MS), &e);
		jobs_stats(B.p.jobs, &s);
	}
	double seconds = (double)(clock_mono_ns() - start) / 1e9;
	jobs_drain(B.p.jobs, clock_mono_ns() + 5 * NS_PER_S);
	if (atomic_load(&ran) != (uint64_t)jobs)
		fprintf(stderr, "bench_jobs: %llu runs of %ld jobs\n", (unsigned long long)ran, jobs);
	return (double)jobs / seconds;
}

static void run(void *arg)
{
	struct err e = { 0 };
	struct db_config cfg;
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(16 << 20);
	ctx_init(&ctx, a);
	db_config_default(&cfg);
	cfg.name = "bench";
	cfg.url = B.url;
	cfg.query_ns = 60 * NS_PER_S;
	B.svc.db = db_open(&cfg, &e);
	if (!B.svc.db)
		must(e.status, &e);
	must(db_migrate(&ctx, B.svc.db, &platform_migrations, 1, NULL, &e), &e);
	B.p.jobs = jobs_new(&B.p, NULL, &e);
	jobs_configure(B.p.jobs, &B.limits);
	waitq_init(&B.q);
	B.bulk = timed(add_chunk, B.jobs, BULK_FIBERS);
	B.single = timed(add_one, B.jobs / 4, (unsigned)B.fibers);
	B.processed = process(B.jobs + B.jobs / 4);
	struct job_totals t;
	must(jobs_totals(&ctx, B.svc.db, &t, &e), &e);
	if (t.ready + t.later + t.running + t.dead)
		fprintf(stderr, "bench_jobs: the queue is not empty afterwards\n");
	jobs_free(B.p.jobs);
	db_close(B.svc.db);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench_jobs URL JOBS [FIBERS [BATCH [CONCURRENCY]]]\n");
		return 2;
	}
	B.url = argv[1];
	B.jobs = atol(argv[2]) / CHUNK * CHUNK;
	B.fibers = argc > 3 ? atol(argv[3]) : 256;
	B.limits.batch = argc > 4 ? (unsigned)atol(argv[4]) : 0;
	B.limits.concurrency = argc > 5 ? (unsigned)atol(argv[5]) : 0;
	B.svc = (struct service_instance){ .def = &service_bench, .platform = &B.p, .local = true };
	B.p.services = &B.svc;
	B.p.service_count = 1;
	fiber_main(run, NULL);
	printf("{\"jobs\":%ld,\"enqueue_bulk\":%.0f,\"enqueue_each\":%.0f,\"fibers\":%ld,\"processed\":%.0f}\n", B.jobs,
	        B.bulk, B.single, B.fibers, B.processed);
	return 0;
}
