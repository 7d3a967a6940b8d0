/* SPDX-License-Identifier: Apache-2.0
 *
 * What one more edge costs in a graph of 10^3, 10^5 and 10^7 edges, durable (synchronous=FULL).
 *
 *     bench_edges [--url postgresql://…] [--max EDGES] [--uniform] [FOLDER]
 *
 * The graph is a site's: objects come one after the other, each with three tags (few of them popular), an author, and a
 * place under a recent object. --uniform: every other end is any object, the worst case for a tree on disk.
 * At each size, the median of 5 rounds of: 4 000 more edges in transactions of 1 000; 4 096 more by 256 writers, each edge
 * its own transaction; 20 000 reads of an object's edges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db.h"
#include "gen/blog_sql.h"
#include "rt/fiber.h"
#include "rt/sync.h"
#include "services/blog/edges.h"

#define BATCH 1000
#define FILL_BATCH 20000
#define MEASURED 4000
#define WRITERS 256
#define EACH 16
#define READS 20000
#define ROUNDS 5

static struct {
	const char *url;
	int64_t max;
	bool uniform;
	struct db *db;
	int64_t edges, object;
	uint64_t seed;
	int failed;
} bench = { .max = 10000000, .seed = 88172645463325252u };

static uint64_t any(uint64_t below)
{
	bench.seed ^= bench.seed << 13;
	bench.seed ^= bench.seed >> 7;
	bench.seed ^= bench.seed << 17;
	return bench.seed % below;
}

struct edge { int64_t src, dst, ord; const char *type; };

static struct edge next_edge(void)
{
	static const char *const types[] = { "tagged", "tagged", "tagged", "authored-by", "part-of" };
	unsigned k = (unsigned)(bench.edges++ % 5);
	if (k == 0)
		bench.object++;
	int64_t src = INT64_C(1000000) + bench.object, dst;
	uint64_t r = any(1000);
	if (bench.uniform && bench.object > 1)
		dst = INT64_C(1000000) + (int64_t)any((uint64_t)bench.object - 1);
	else if (k < 3)
		dst = 1 + (int64_t)(r * r / 1000); /* popular tags first */
	else if (k == 3)
		dst = 5000 + (int64_t)(r % 50);
	else
		dst = src - 1 - (int64_t)(r % 100);
	return (struct edge){ src, dst, k, types[k] };
}

struct batch { size_t n; };

static enum status put_batch(struct db_conn *c, void *arg, struct err *e)
{
	const struct batch *b = arg;
	for (size_t i = 0; i < b->n; i++) {
		struct edge x = next_edge();
		TRY(edge_put(c, x.src, str_c(x.type), x.dst, x.ord, e));
	}
	return ST_OK;
}

static void check(enum status st, const struct err *e)
{
	if (st == ST_OK)
		return;
	fprintf(stderr, "bench_edges: %s\n", e->msg);
	exit(1);
}

static void put(size_t n, size_t per)
{
	for (size_t done = 0; done < n; done += per) {
		SCOPED_ARENA *a = arena_new(64u << 20);
		struct ctx ctx;
		struct err e = { 0 };
		struct batch b = { per < n - done ? per : n - done };
		ctx_init(&ctx, a);
		check(db_write(&ctx, bench.db, put_batch, &b, &e), &e);
	}
}

/* --- one edge, one transaction, many writers --------------------------------------------------------------------- */

static enum status put_one(struct db_conn *c, void *arg, struct err *e)
{
	const struct edge *x = arg;
	return edge_put(c, x->src, str_c(x->type), x->dst, x->ord, e);
}

static struct { unsigned running; struct fiber *waiter; } crowd;

static void writer(void *arg)
{
	for (int i = 0; i < EACH; i++) {
		SCOPED_ARENA *a = arena_new(1u << 20);
		struct ctx ctx;
		struct err e = { 0 };
		struct edge x = next_edge();
		ctx_init(&ctx, a);
		check(db_write(&ctx, bench.db, put_one, &x, &e), &e);
	}
	if (--crowd.running == 0)
		fiber_wake(crowd.waiter);
}

static void put_crowd(void)
{
	crowd.waiter = fiber_self();
	crowd.running = WRITERS;
	for (int i = 0; i < WRITERS; i++)
		if (!fiber_spawn(fiber_loop(fiber_self()), writer, NULL, FIBER_LARGE))
			exit(1);
	while (crowd.running)
		if (fiber_park(FIBER_FOREVER) != ST_OK)
			exit(1);
}

/* --- reads ---------------------------------------------------------------------------------------------------------- */

static void read_some(void)
{
	for (int done = 0; done < READS; done += 100) {
		SCOPED_ARENA *a = arena_new(16u << 20);
		struct ctx ctx;
		struct err e = { 0 };
		struct edge_ends ends;
		ctx_init(&ctx, a);
		SCOPED_DB_READ c = NULL;
		check(db_read(&ctx, bench.db, &c, &e), &e);
		for (int i = 0; i < 100; i++)
			check(edges_out(c, INT64_C(1000000) + 1 + (int64_t)any((uint64_t)bench.object), STR("tagged"), &ends, &e), &e);
	}
}

static double us_per(int64_t from_ns, size_t n) { return (double)(clock_mono_ns() - from_ns) / 1000.0 / (double)n; }

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void round_of(double cost[3])
{
	int64_t at = clock_mono_ns();
	put(MEASURED, BATCH);
	cost[0] = us_per(at, MEASURED);
	at = clock_mono_ns();
	put_crowd();
	cost[1] = us_per(at, (size_t)WRITERS * EACH);
	at = clock_mono_ns();
	read_some();
	cost[2] = us_per(at, READS);
}

/* The median of some rounds: other work on the machine should not decide. */
static void measure(double first[3])
{
	double cost[3], all[3][ROUNDS];
	int64_t size = bench.edges;
	for (int r = 0; r < ROUNDS; r++) {
		round_of(cost);
		for (int i = 0; i < 3; i++)
			all[i][r] = cost[i];
	}
	for (int i = 0; i < 3; i++) {
		qsort(all[i], ROUNDS, sizeof(double), by_size);
		cost[i] = all[i][ROUNDS / 2];
	}
	if (!first[0])
		memcpy(first, cost, sizeof cost);
	printf("%12lld %14.2f %6.2fx %16.2f %6.2fx %14.2f %6.2fx\n", (long long)size, cost[0], cost[0] / first[0], cost[1],
	       cost[1] / first[1], cost[2], cost[2] / first[2]);
	fflush(stdout);
}

static void run(void *arg)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct ctx ctx;
	struct err e = { 0 };
	struct db_config cfg;
	double first[3] = { 0 };
	ctx_init(&ctx, a);
	db_config_default(&cfg);
	cfg.name = "edges";
	cfg.url = bench.url;
	bench.db = db_open(&cfg, &e);
	check(bench.db ? ST_OK : ST_IO, &e);
	check(db_migrate(&ctx, bench.db, &blog_migrations, 1, NULL, &e), &e);
	printf("%12s %22s %24s %22s\n", "edges", "1000 a commit, us/edge", "256 writers, us/edge", "read 3, us");
	for (int64_t size = 1000; size <= bench.max; size *= 100) {
		if (bench.edges < size)
			put((size_t)(size - bench.edges), FILL_BATCH);
		measure(first);
	}
	db_close(bench.db);
}

int main(int argc, char **argv)
{
	static char url[600];
	const char *folder = "/tmp";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--uniform"))
			bench.uniform = true;
		else if (!strcmp(argv[i], "--url") && i + 1 < argc)
			bench.url = argv[++i];
		else if (!strcmp(argv[i], "--max") && i + 1 < argc)
			bench.max = atoll(argv[++i]);
		else
			folder = argv[i];
	}
	if (!bench.url) {
		snprintf(url, sizeof url, "%s/edges-XXXXXX", folder);
		if (!mkdtemp(url))
			return 1;
		char *dir = strdup(url);
		snprintf(url, sizeof url, "sqlite:%s/edges.db", dir);
		bench.url = url;
		printf("%s, synchronous=FULL%s\n", url, bench.uniform ? ", uniform" : "");
		free(dir);
	}
	log_threshold = LOG_WARN;
	fiber_main(run, NULL);
	if (!strncmp(bench.url, "sqlite:", 7)) {
		static const char *const ends[] = { "", "-wal", "-shm" };
		for (int i = 0; i < 3; i++) {
			char path[640];
			snprintf(path, sizeof path, "%s%s", bench.url + 7, ends[i]);
			unlink(path);
		}
		*strrchr(url, '/') = '\0';
		rmdir(url + 7);
	}
	return 0;
}
