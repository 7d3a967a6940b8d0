/* SPDX-License-Identifier: Apache-2.0
 *
 * Durable audit entries per second, beside plain inserts of as many bytes through the same db_write, 256 fibers each;
 * and how fast a chain is verified.
 *
 *     audit_writes FOLDER [SECONDS]      FOLDER on the disk to measure; PostgreSQL from GUILDHALL_TEST_PG
 * (bench/audit.sh)
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define WRITERS 256
#define LOOPS 2

static double seconds = 3;
static struct { struct db *db; db_tx_fn *fn; int64_t until_ns; _Atomic int64_t done; _Atomic unsigned alive; } crowd;

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e ? e->msg : "");
	exit(1);
}

static enum status tx_audit(struct db_conn *c, void *arg, struct err *e)
{
	struct audit_entry a = { .action = "person.signed_in",
		.actor = STR("1234567890123456789"),
		.address = STR("192.0.2.77"),
		.object = STR("1234567890123456789"),
		.details = STR("{\"method\":\"password\"}") };
	return audit_write(c, &a, e);
}

/* A row of another table of the same database, about as long; later than ever, so that nobody runs it. */
static enum status tx_plain(struct db_conn *c, void *arg, struct err *e)
{
	static const char payload[] =
	        "{\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"hash\":"
	        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"address\":\"192.0.2.77\"}";
	static _Atomic int64_t next = 1;
	return q_job_add(c, atomic_fetch_add(&next, 1), STR("person.signed_in"), STR_NULL, str_c(payload),
	        sizeof(payload) - 1, NULL, 0, false, INT64_MAX, NULL, e);
}

static void write_on(void *arg)
{
	struct err e;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	while (clock_mono_ns() < crowd.until_ns) {
		struct ctx ctx;
		arena_reset(arena);
		ctx_init(&ctx, arena);
		if (db_write(&ctx, crowd.db, crowd.fn, NULL, &e) != ST_OK)
			die("write", &e);
		atomic_fetch_add(&crowd.done, 1);
	}
	atomic_fetch_sub(&crowd.alive, 1);
}

static double rate_of(db_tx_fn *fn)
{
	struct err e;
	int64_t from = clock_mono_ns();
	crowd.fn = fn;
	crowd.until_ns = from + (int64_t)(seconds * NS_PER_S);
	atomic_store(&crowd.alive, WRITERS);
	atomic_store(&crowd.done, 0);
	struct loops *ls = loops_start(LOOPS, NULL, NULL, &e);
	if (!ls)
		die("loops", &e);
	for (unsigned i = 0; i < WRITERS; i++)
		if (!fiber_spawn_on(loops_get(ls, i % LOOPS), write_on, NULL, FIBER_SMALL))
			die("no fiber", NULL);
	while (atomic_load(&crowd.alive))
		usleep(1000);
	double took = (double)(clock_mono_ns() - from) / 1e9;
	loops_stop_join(ls);
	return (double)atomic_load(&crowd.done) / took;
}

static void migrate(void *arg)
{
	struct err e;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	if (db_migrate(&ctx, arg, &platform_migrations, 1, NULL, &e) != ST_OK)
		die("migrate", &e);
}

static void verify(void *arg)
{
	struct err e;
	struct audit_verdict v;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	int64_t from = clock_mono_ns();
	if (audit_verify(&ctx, crowd.db, &(struct audit_trust){ 0 }, &v, &e) != ST_OK)
		die("verify", &e);
	if (v.bad_seq)
		die(v.why, NULL);
	double took = (double)(clock_mono_ns() - from) / 1e9;
	printf("  %-52s %10.0f /s  %lld entries, %lld checkpoints\n", "verified", (double)v.entries / took,
	        (long long)v.entries, (long long)v.checkpoints);
}

static void bench(const char *title, const char *url)
{
	struct err e;
	struct db_config c;
	db_config_default(&c);
	c.name = "bench";
	c.url = url;
	c.checkout_ns = c.query_ns = 60 * NS_PER_S;
	if (!(crowd.db = db_open(&c, &e)))
		die(url, &e);
	fiber_main(migrate, crowd.db);
	double plain = rate_of(tx_plain), audit = rate_of(tx_audit);
	printf("%s\n  %-52s %10.0f /s\n  %-52s %10.0f /s  %.2f x\n", title, "durable plain inserts, 256 fibers", plain,
	        "durable audit entries, 256 fibers", audit, audit / plain);
	fiber_main(verify, NULL);
	db_close(crowd.db);
}

int main(int argc, char **argv)
{
	struct err e;
	char url[512];
	if (argc < 2) {
		fprintf(stderr, "usage: audit_writes FOLDER [SECONDS]\n");
		return 2;
	}
	if (argc > 2)
		seconds = atof(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup(LOG_ERROR, LOG_TEXT);
	audit_set_secret(STR("thirty-two bytes for measurement"));
	if (offload_start(2, 64, &e) != ST_OK)
		die("offload", &e);
	snprintf(url, sizeof url, "sqlite:%s/audit.db", argv[1]);
	bench("SQLite, synchronous=FULL", url);
	if (getenv("GUILDHALL_TEST_PG"))
		bench("PostgreSQL, fsync on, pool 10", getenv("GUILDHALL_TEST_PG"));
	offload_stop();
	return 0;
}
