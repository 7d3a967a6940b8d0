/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database layer does per second, beside the plain way of doing the same in the same run:
 *
 *   durable writes   256 fibers, one small transaction each at a time, against a loop that commits each one itself
 *   reads            by primary key, against the engine's own prepared statement
 *   a slow store     5 000 fibers, each waiting for an answer that takes 5 ms
 *
 *     db_writes FOLDER [SECONDS]      FOLDER on the disk to measure; PostgreSQL from GUILDHALL_TEST_PG (see
 * bench/db.sh)
 */
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fixture_sql.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define WRITERS 256
#define LOOPS_MAX 4

static double seconds = 3;

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e ? e->msg : "");
	exit(1);
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	        (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double status_mb(const char *field)
{
	char line[256];
	double mb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, field, strlen(field)))
			mb = atof(line + strlen(field)) / 1e3;
	if (f)
		fclose(f);
	return mb;
}

/* What is resident now, from where the peak is measured anew: benches before this one mapped whole databases (proc(5),
 * clear_refs). */
static double peak_begin(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "we");
	if (!f || fputs("5", f) < 0 || fclose(f))
		die("/proc/self/clear_refs", NULL);
	return status_mb("VmRSS:");
}

static double peak_mb(void) { return status_mb("VmHWM:"); }

/* --- a crowd of fibers on some loops ---------------------------------------------------------------------------- */

struct crowd {
	struct db *db;
	void (*work)(struct crowd *c, struct ctx *ctx, int64_t id);
	unsigned fibers;
	int64_t until_ns;
	_Atomic int64_t done, next_id;
	_Atomic unsigned alive;
};

static void crowd_fiber(void *arg)
{
	struct crowd *c = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	while (clock_mono_ns() < c->until_ns) {
		struct ctx ctx;
		arena_reset(arena);
		ctx_init(&ctx, arena);
		c->work(c, &ctx, atomic_fetch_add(&c->next_id, 1));
		atomic_fetch_add(&c->done, 1);
	}
	atomic_fetch_sub(&c->alive, 1);
}

/* Operations per second. */
static double crowd_run(struct crowd *c, unsigned loops, double *cpu_us)
{
	struct err e;
	int64_t from = clock_mono_ns();
	double cpu = cpu_seconds();
	c->until_ns = from + (int64_t)(seconds * NS_PER_S);
	atomic_store(&c->alive, c->fibers);
	atomic_store(&c->done, 0);
	struct loops *ls = loops_start(loops, NULL, NULL, &e);
	if (!ls)
		die("loops", &e);
	for (unsigned i = 0; i < c->fibers; i++)
		if (!fiber_spawn_on(loops_get(ls, i % loops), crowd_fiber, c, FIBER_SMALL))
			die("no fiber", NULL);
	while (atomic_load(&c->alive))
		usleep(1000);
	double took = (double)(clock_mono_ns() - from) / 1e9;
	loops_stop_join(ls);
	if (cpu_us)
		*cpu_us = (cpu_seconds() - cpu) * 1e6 / (double)atomic_load(&c->done);
	return (double)atomic_load(&c->done) / took;
}

/* --- writes ------------------------------------------------------------------------------------------------------ */

static enum status add_tx(struct db_conn *c, void *arg, struct err *e)
{
	char name[32];
	int64_t id = *(int64_t *)arg;
	snprintf(name, sizeof name, "thing %lld", (long long)id);
	return q_fixture_counter_set(c, str_c(name), id, NULL, e);
}

static void write_one(struct crowd *c, struct ctx *ctx, int64_t id)
{
	struct err e;
	if (db_write(ctx, c->db, add_tx, &id, &e) != ST_OK)
		die("write", &e);
}

static void exec_sqlite(sqlite3 *h, const char *sql)
{
	char *why = NULL;
	if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, why);
		exit(1);
	}
}

static double plain_sqlite_writes(const char *folder)
{
	char path[512];
	sqlite3 *h;
	sqlite3_stmt *begin, *insert, *commit;
	snprintf(path, sizeof path, "%s/plain.db", folder);
	if (sqlite3_open(path, &h) != SQLITE_OK)
		die(path, NULL);
	exec_sqlite(h,
	        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE counters (name TEXT PRIMARY KEY, n "
	        "BIGINT)");
	sqlite3_prepare_v2(h, "BEGIN IMMEDIATE", -1, &begin, NULL);
	sqlite3_prepare_v2(h, "INSERT INTO counters VALUES (?1, ?2)", -1, &insert, NULL);
	sqlite3_prepare_v2(h, "COMMIT", -1, &commit, NULL);
	int64_t from = clock_mono_ns(), until = from + (int64_t)(seconds * NS_PER_S), n = 0;
	for (; clock_mono_ns() < until; n++) {
		char name[32];
		int len = snprintf(name, sizeof name, "thing %lld", (long long)n);
		sqlite3_bind_text(insert, 1, name, len, SQLITE_STATIC);
		sqlite3_bind_int64(insert, 2, n);
		sqlite3_step(begin);
		sqlite3_step(insert);
		sqlite3_step(commit);
		sqlite3_reset(begin);
		sqlite3_reset(insert);
		if (sqlite3_reset(commit) != SQLITE_OK)
			die("plain commit", NULL);
	}
	double rate = (double)n / ((double)(clock_mono_ns() - from) / 1e9);
	sqlite3_finalize(begin);
	sqlite3_finalize(insert);
	sqlite3_finalize(commit);
	sqlite3_close(h);
	return rate;
}

static void exec_pg(PGconn *c, const char *sql)
{
	PGresult *r = PQexec(c, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s: %s", sql, PQerrorMessage(c));
		exit(1);
	}
	PQclear(r);
}

static double plain_pg_writes(const char *url)
{
	PGconn *c = PQconnectdb(url);
	exec_pg(c, "CREATE TABLE plain (name TEXT PRIMARY KEY, n BIGINT)");
	PQclear(PQprepare(c, "b", "BEGIN", 0, NULL));
	PQclear(PQprepare(c, "i", "INSERT INTO plain VALUES ($1, $2)", 2, (const Oid[]){ 25, 20 }));
	PQclear(PQprepare(c, "c", "COMMIT", 0, NULL));
	int64_t from = clock_mono_ns(), until = from + (int64_t)(seconds * NS_PER_S), n = 0;
	for (; clock_mono_ns() < until; n++) {
		char name[32], number[24];
		snprintf(name, sizeof name, "thing %lld", (long long)n);
		snprintf(number, sizeof number, "%lld", (long long)n);
		const char *values[] = { name, number };
		PQclear(PQexecPrepared(c, "b", 0, NULL, NULL, NULL, 0));
		PQclear(PQexecPrepared(c, "i", 2, values, NULL, NULL, 0));
		PGresult *r = PQexecPrepared(c, "c", 0, NULL, NULL, NULL, 0);
		if (PQresultStatus(r) != PGRES_COMMAND_OK)
			die("plain commit", NULL);
		PQclear(r);
	}
	double rate = (double)n / ((double)(clock_mono_ns() - from) / 1e9);
	PQfinish(c);
	return rate;
}

/* --- reads ------------------------------------------------------------------------------------------------------- */

#define NUMBERS 2000

static void read_one(struct crowd *c, struct ctx *ctx, int64_t id)
{
	struct err e;
	struct fixture_counter_row *row;
	char name[32];
	snprintf(name, sizeof name, "thing %lld", (long long)(1 + id % NUMBERS));
	SCOPED_DB_READ h = NULL;
	if (db_read(ctx, c->db, &h, &e) != ST_OK || q_fixture_counter(h, str_c(name), &row, &e) != ST_OK || !row)
		die("read", &e);
}

static double plain_sqlite_reads(const char *folder)
{
	char path[512];
	sqlite3 *h;
	sqlite3_stmt *st;
	snprintf(path, sizeof path, "%s/ours.db", folder);
	sqlite3_open(path, &h);
	sqlite3_prepare_v2(h, "SELECT n FROM counters WHERE name = ?1", -1, &st, NULL);
	int64_t from = clock_mono_ns(), until = from + (int64_t)(seconds * NS_PER_S), n = 0;
	for (; clock_mono_ns() < until; n++) {
		char name[32];
		int len = snprintf(name, sizeof name, "thing %lld", (long long)(1 + n % NUMBERS));
		sqlite3_bind_text(st, 1, name, len, SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_ROW)
			die("plain read", NULL);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	sqlite3_close(h);
	return (double)n / ((double)(clock_mono_ns() - from) / 1e9);
}

/* --- a slow store ------------------------------------------------------------------------------------------------ */

static void sleep_in_store(struct crowd *c, struct ctx *ctx, int64_t id)
{
	struct err e;
	struct fixture_sleep_row *row;
	SCOPED_DB_READ h = NULL;
	if (db_read(ctx, c->db, &h, &e) != ST_OK || q_fixture_sleep(h, 0.005, &row, &e) != ST_OK)
		die("slow read", &e);
}

static void sleep_in_fiber(struct crowd *c, struct ctx *ctx, int64_t id)
{
	if (fiber_sleep_ns(5 * NS_PER_MS) != ST_OK)
		die("sleep", NULL);
}

/* --- the table --------------------------------------------------------------------------------------------------- */


static void migrate(void *arg)
{
	struct err e;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	if (db_migrate(&ctx, arg, &fixture_migrations, 1, NULL, &e) != ST_OK)
		die("migrate", &e);
}

static struct db *open_db(const char *url, unsigned pool, unsigned read_pool)
{
	struct err e;
	struct db_config c;
	db_config_default(&c);
	c.name = "bench";
	c.url = url;
	c.pool = pool;
	c.read_pool = read_pool;
	c.query_ns = c.checkout_ns = 60 * NS_PER_S;
	struct db *db = db_open(&c, &e);
	if (!db)
		die(url, &e);
	return db;
}

static void line(const char *what, double rate, double base, const char *note)
{
	char times[32] = "";
	if (base > 0)
		snprintf(times, sizeof times, "%.1f x", rate / base);
	printf("  %-52s %10.0f /s  %8s  %s\n", what, rate, times, note);
}

static void bench_sqlite(const char *folder)
{
	char url[512], note[96];
	double cpu;
	struct db_stats s;
	snprintf(url, sizeof url, "sqlite:%s/ours.db", folder);
	struct db *db = open_db(url, 1, 8);
	fiber_main(migrate, db);
	printf("SQLite, synchronous=FULL\n");
	double plain = plain_sqlite_writes(folder);
	line("durable writes: plain loop, one commit each", plain, 0, "");
	struct crowd c = { .db = db, .work = write_one, .fibers = WRITERS, .next_id = 1 };
	for (unsigned loops = 1; loops <= 2; loops++) {
		struct db_stats before;
		db_stats(db, &before);
		double rate = crowd_run(&c, loops, &cpu);
		db_stats(db, &s);
		snprintf(note, sizeof note, "%u loop(s), %.1f us CPU, %.0f per commit", loops, cpu,
		         (double)(s.writes - before.writes) / (double)(s.commits - before.commits));
		line("durable writes: 256 fibers", rate, plain, note);
	}
	plain = plain_sqlite_reads(folder);
	line("reads by key: plain prepared statement, one thread", plain, 0, "");
	c = (struct crowd){ .db = db, .work = read_one, .fibers = WRITERS };
	for (unsigned loops = 1; loops <= LOOPS_MAX; loops *= 2) {
		double rate = crowd_run(&c, loops, &cpu);
		snprintf(note, sizeof note, "%u loop(s), %.1f us CPU", loops, cpu);
		line("reads by key: db_read + query + end", rate, plain, note);
	}
	db_close(db);
}

static void bench_postgres(const char *url)
{
	char note[96];
	double cpu;
	struct db *db = open_db(url, 10, 2);
	fiber_main(migrate, db);
	printf("PostgreSQL, fsync on\n");
	double plain = plain_pg_writes(url);
	line("durable writes: plain loop, one connection", plain, 0, "");
	struct crowd c = { .db = db, .work = write_one, .fibers = WRITERS, .next_id = 1 };
	for (unsigned pool = 10; pool <= 40; pool *= 2) {
		db_close(db);
		c.db = db = open_db(url, pool, 2);
		double rate = crowd_run(&c, 2, &cpu);
		snprintf(note, sizeof note, "pool %u, %.1f us CPU", pool, cpu);
		line("durable writes: 256 fibers", rate, plain, note);
	}
	c = (struct crowd){ .db = db, .work = read_one, .fibers = WRITERS };
	for (unsigned loops = 1; loops <= 2; loops++) {
		double rate = crowd_run(&c, loops, &cpu);
		snprintf(note, sizeof note, "%u loop(s), 2 connections each, %.1f us CPU", loops, cpu);
		line("reads by key: pipelined", rate, 0, note);
		db_close(db);
		c.db = db = open_db(url, 10, 2);
	}
	db_close(db);
	db = open_db(url, 10, 40);
	c = (struct crowd){ .db = db, .work = sleep_in_store, .fibers = 5000 };
	double before = peak_begin(), rate = crowd_run(&c, 1, &cpu);
	snprintf(
	        note, sizeof note, "40 connections, memory %.0f, at most %.0f MB, %.1f us CPU", before, peak_mb(), cpu);
	line("5 ms in the store: 5000 fibers, 1 loop", rate, 0, note);
	db_close(db);
}

int main(int argc, char **argv)
{
	struct err e;
	if (argc < 2) {
		fprintf(stderr, "usage: db_writes FOLDER [SECONDS]\n");
		return 2;
	}
	if (argc > 2)
		seconds = atof(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup(LOG_ERROR, LOG_TEXT);
	if (offload_start(2, 64, &e) != ST_OK)
		die("offload", &e);
	struct crowd c = { .work = sleep_in_fiber, .fibers = 5000 };
	double cpu, before = peak_begin(), rate = crowd_run(&c, 1, &cpu);
	char note[96];
	snprintf(note, sizeof note, "memory %.0f, at most %.0f MB, %.1f us CPU", before, peak_mb(), cpu);
	line("5 ms elsewhere: 5000 fibers, 1 loop", rate, 0, note);
	bench_sqlite(argv[1]);
	if (getenv("GUILDHALL_TEST_PG"))
		bench_postgres(getenv("GUILDHALL_TEST_PG"));
	offload_stop();
	return 0;
}
