/* SPDX-License-Identifier: Apache-2.0
 *
 * What one more edge costs in a graph of 10^3, 10^5 and 10^7 edges, durable (synchronous=FULL).
 *
 *     bench_edges [--url postgresql://…] [--pool CONNECTIONS] [--max EDGES] [--uniform] [FOLDER]
 *
 * The graph is a site's: objects come one after the other, each with three tags (few of them popular), an author, and a
 * place under a recent object. --uniform: every other end is any object, the worst case for a tree on disk.
 * At each size, the median of 5 rounds of: 4 000 more edges in transactions of 1 000; 4 096 more by 256 writers, each
 * edge its own transaction; 20 000 reads of an object's edges.
 *
 * On SQLite the peer runs beside it at each size: the same rows into the same two trees of another file, by a plain
 * loop of prepared INSERTs, 1 000 a commit, and one a commit. Its tables have no triggers, which here keep each post's
 * row in step.
 */
#include <sqlite3.h>
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

struct graph {
	int64_t edges, object;
	uint64_t seed;
};

static struct {
	const char *url;
	unsigned pool; /* 0: the default */
	int64_t max;
	bool uniform;
	struct db *db;
	struct graph graph;
} bench = { .max = 10000000, .graph.seed = 88172645463325252u };

static uint64_t any(struct graph *g, uint64_t below)
{
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return g->seed % below;
}

static struct edge next_edge(struct graph *g)
{
	static const char *const types[] = { "tagged", "tagged", "tagged", "authored-by", "part-of" };
	unsigned k = (unsigned)(g->edges++ % 5);
	if (k == 0)
		g->object++;
	int64_t src = INT64_C(1000000) + g->object, dst;
	uint64_t r = any(g, 1000);
	if (bench.uniform && g->object > 1)
		dst = INT64_C(1000000) + (int64_t)any(g, (uint64_t)g->object - 1);
	else if (k < 3)
		dst = 1 + (int64_t)(r * r / 1000); /* popular tags first */
	else if (k == 3)
		dst = 5000 + (int64_t)(r % 50);
	else
		dst = src - 1 - (int64_t)(r % 100);
	return (struct edge){ src, str_c(types[k]), dst, k };
}

struct batch { size_t n; };

static enum status put_batch(struct db_conn *c, void *arg, struct err *e)
{
	const struct batch *b = arg;
	struct edge *list = ARENA_ARRAY(db_arena(c), struct edge, b->n);
	for (size_t i = 0; i < b->n; i++)
		list[i] = next_edge(&bench.graph);
	return edges_put_all(c, list, b->n, e);
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
	return edge_put(c, x->src, x->type, x->dst, x->ord, e);
}

static struct { unsigned running; struct fiber *waiter; } crowd;

static void writer(void *arg)
{
	for (int i = 0; i < EACH; i++) {
		SCOPED_ARENA *a = arena_new(1u << 20);
		struct ctx ctx;
		struct err e = { 0 };
		struct edge x = next_edge(&bench.graph);
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

/* --- reads -------------------------------------------------------------------------------------------------------- */

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
			check(edges_out(c,
			              INT64_C(1000000) + 1 + (int64_t)any(&bench.graph, (uint64_t)bench.graph.object),
			              STR("tagged"), &ends, &e),
			        &e);
	}
}

/* --- the peer: SQLite without us ---------------------------------------------------------------------------------- */

static struct {
	sqlite3 *h;
	sqlite3_stmt *insert, *begin, *commit;
	struct graph graph;
	int log_pages;
} peer = { .graph.seed = 88172645463325252u };

static void peer_check(int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "bench_edges: peer: %s\n", sqlite3_errmsg(peer.h));
	exit(1);
}

static int peer_on_log(void *arg, sqlite3 *h, const char *name, int pages)
{
	(void)arg, (void)h, (void)name;
	peer.log_pages = pages;
	return SQLITE_OK;
}

static void peer_open(const char *path)
{
	peer_check(sqlite3_open(path, &peer.h));
	/* As the writer of the database layer is set up. */
	peer_check(sqlite3_exec(peer.h,
	        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=268435456; PRAGMA cache_size=-8192;"
	        "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
	        "CREATE TABLE edges (src BIGINT NOT NULL, type TEXT NOT NULL, dst BIGINT NOT NULL, ord BIGINT NOT NULL,"
	        " PRIMARY KEY (src, type, dst)) WITHOUT ROWID; CREATE INDEX edges_back ON edges (dst, type, src, ord)",
	        NULL, NULL, NULL));
	sqlite3_wal_hook(peer.h, peer_on_log, NULL);
	peer_check(sqlite3_prepare_v2(peer.h, "BEGIN IMMEDIATE", -1, &peer.begin, NULL));
	peer_check(sqlite3_prepare_v2(peer.h, "COMMIT", -1, &peer.commit, NULL));
	peer_check(sqlite3_prepare_v2(peer.h,
	        "INSERT INTO edges VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET ord = excluded.ord", -1,
	        &peer.insert, NULL));
}

static void peer_step(sqlite3_stmt *st)
{
	peer_check(sqlite3_step(st));
	peer_check(sqlite3_reset(st));
}

static void peer_put(size_t n, size_t per)
{
	for (size_t done = 0; done < n;) {
		peer_step(peer.begin);
		for (size_t i = 0; i < per && done < n; i++, done++) {
			struct edge x = next_edge(&peer.graph);
			sqlite3_bind_int64(peer.insert, 1, x.src);
			sqlite3_bind_text(peer.insert, 2, x.type.p, (int)x.type.n, SQLITE_STATIC);
			sqlite3_bind_int64(peer.insert, 3, x.dst);
			sqlite3_bind_int64(peer.insert, 4, x.ord);
			peer_step(peer.insert);
		}
		peer_step(peer.commit);
		if (peer.log_pages > 16000)
			sqlite3_wal_checkpoint_v2(peer.h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	}
}

static void peer_close(void)
{
	sqlite3_finalize(peer.insert);
	sqlite3_finalize(peer.begin);
	sqlite3_finalize(peer.commit);
	sqlite3_close(peer.h);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static double us_per(int64_t from_ns, size_t n) { return (double)(clock_mono_ns() - from_ns) / 1000.0 / (double)n; }

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

enum { BATCHED, SINGLE, READING, PEER_BATCHED, PEER_SINGLE, COSTS };
#define PEER_SINGLES 500

static void round_of(double cost[COSTS])
{
	int64_t at = clock_mono_ns();
	put(MEASURED, BATCH);
	cost[BATCHED] = us_per(at, MEASURED);
	at = clock_mono_ns();
	put_crowd();
	cost[SINGLE] = us_per(at, (size_t)WRITERS * EACH);
	at = clock_mono_ns();
	read_some();
	cost[READING] = us_per(at, READS);
	cost[PEER_BATCHED] = cost[PEER_SINGLE] = 0;
	if (!peer.h)
		return;
	at = clock_mono_ns();
	peer_put(MEASURED, BATCH);
	cost[PEER_BATCHED] = us_per(at, MEASURED);
	at = clock_mono_ns();
	peer_put(PEER_SINGLES, 1);
	cost[PEER_SINGLE] = us_per(at, PEER_SINGLES);
}

/* The median of some rounds: other work on the machine should not decide. */
static void measure(double first[COSTS])
{
	double cost[COSTS], all[COSTS][ROUNDS];
	int64_t size = bench.graph.edges;
	for (int r = 0; r < ROUNDS; r++) {
		round_of(cost);
		for (int i = 0; i < COSTS; i++)
			all[i][r] = cost[i];
	}
	for (int i = 0; i < COSTS; i++) {
		qsort(all[i], ROUNDS, sizeof(double), by_size);
		cost[i] = all[i][ROUNDS / 2];
	}
	if (!first[0])
		memcpy(first, cost, sizeof cost);
	printf("%10lld", (long long)size);
	for (int i = 0; i < COSTS; i++)
		if (cost[i] > 0)
			printf(" %11.2f %5.2fx", cost[i], cost[i] / first[i]);
	printf("\n");
	fflush(stdout);
}

static void run(void *arg)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct ctx ctx;
	struct err e = { 0 };
	struct db_config cfg;
	double first[COSTS] = { 0 };
	ctx_init(&ctx, a);
	db_config_default(&cfg);
	cfg.name = "edges";
	cfg.url = bench.url;
	if (bench.pool)
		cfg.pool = bench.pool;
	bench.db = db_open(&cfg, &e);
	check(bench.db ? ST_OK : ST_IO, &e);
	check(db_migrate(&ctx, bench.db, &blog_migrations, 1, NULL, &e), &e);
	if (db_engine(bench.db) == DB_SQLITE) {
		char path[700];
		snprintf(path, sizeof path, "%s-peer", bench.url + strlen("sqlite:"));
		peer_open(path);
	}
	printf("us per edge (and beside the smallest graph)\n%10s %18s %18s %18s", "edges", "1000 a commit",
	        "256 writers", "read 3");
	printf(peer.h ? " %18s %18s\n" : "\n", "loop, 1000", "loop, 1");
	for (int64_t size = 1000; size <= bench.max; size *= 100) {
		if (bench.graph.edges < size)
			put((size_t)(size - bench.graph.edges), FILL_BATCH);
		if (peer.h && peer.graph.edges < size)
			peer_put((size_t)(size - peer.graph.edges), FILL_BATCH);
		measure(first);
	}
	db_close(bench.db);
	if (peer.h)
		peer_close();
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
		else if (!strcmp(argv[i], "--pool") && i + 1 < argc)
			bench.pool = (unsigned)atoi(argv[++i]);
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
		static const char *const ends[] = { "", "-wal", "-shm", "-peer", "-peer-wal", "-peer-shm" };
		for (int i = 0; i < 6; i++) {
			char path[640];
			snprintf(path, sizeof path, "%s%s", bench.url + 7, ends[i]);
			unlink(path);
		}
		*strrchr(url, '/') = '\0';
		rmdir(url + 7);
	}
	return 0;
}
