/* SPDX-License-Identifier: Apache-2.0
 *
 * See store.h. Databases are made and dropped with libpq directly, outside of what is tested.
 */
#include "store.h"

#include <ftw.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define ARENA_LIMIT (64u << 20)

struct run {
	const struct store_test *test;
	const struct db_migration_set *const *sets;
	struct store store;
	char url[512], admin_url[512], folder[64];
};

void store_failed(struct store *t, const char *file, int line, const char *what)
{
	const char *base = strrchr(file, '/');
	printf("       %s:%d: %s\n", base ? base + 1 : file, line, what);
	t->failed = true;
}

int store_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

bool store_admin(const char *url, const char *format, const char *name)
{
	char sql[256];
	snprintf(sql, sizeof sql, format, name);
	PGconn *c = PQconnectdb(url);
	PGresult *r = PQexec(c, sql);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!ok)
		printf("       %s: %s", sql, PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	return ok;
}

void store_with_database(char *out, size_t n, const char *url, const char *name)
{
	const char *at = strstr(url, "/postgres?");
	snprintf(out, n, "%.*s/%s?%s", at ? (int)(at - url) : 0, url, name, at ? at + strlen("/postgres?") : "");
}

static void in_fiber(void *arg)
{
	struct run *r = arg;
	struct store *t = &r->store;
	SCOPED_ARENA *arena = arena_new(ARENA_LIMIT);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	t->ctx = &ctx;
	struct db_migration_set sets[8];
	size_t n = 0;
	for (; r->sets[n]; n++)
		sets[n] = *r->sets[n];
	t->db = db_open(&t->cfg, &t->err);
	if (!t->db || db_migrate(&ctx, t->db, sets, n, NULL, &t->err) != ST_OK)
		store_failed(t, __FILE__, __LINE__, t->err.msg);
	else
		r->test->run(t);
	db_close(t->db);
}

static void run_one(struct run *r, const char *pg_url)
{
	struct store *t = &r->store;
	static unsigned serial;
	char name[64];
	snprintf(name, sizeof name, "t%d_%u", (int)getpid(), ++serial);
	snprintf(r->folder, sizeof r->folder, "/tmp/gh-store-XXXXXX");
	t->folder = mkdtemp(r->folder);
	db_config_default(&t->cfg);
	t->cfg.name = name;
	t->cfg.url = r->url;
	const char *admin_url = getenv("GUILDHALL_TEST_PG");
	if (pg_url) {
		store_with_database(r->url, sizeof r->url, pg_url, name);
		store_with_database(r->admin_url, sizeof r->admin_url, admin_url, name);
		t->admin_url = r->admin_url;
		t->cfg.pooler = !strcmp(t->engine, "pgbouncer");
		if (!store_admin(admin_url, "CREATE DATABASE %s", name))
			t->failed = true;
	} else {
		snprintf(r->url, sizeof r->url, "sqlite:%s/t.db", t->folder);
	}
	if (r->test->configure)
		r->test->configure(&t->cfg);
	if (!t->failed)
		fiber_main(in_fiber, r);
	if (pg_url)
		store_admin(admin_url, "DROP DATABASE %s WITH (FORCE)", name);
	nftw(r->folder, store_remove, 16, FTW_DEPTH | FTW_PHYS);
}

struct tally {
	unsigned passed, failed, skipped;
};

static bool selected(int argc, char **argv, const char *engine, const char *name)
{
	char full[256];
	snprintf(full, sizeof full, "%s/%s", engine, name);
	for (int i = 1; i < argc; i++)
		if (strstr(full, argv[i]))
			return true;
	return argc < 2;
}

int store_main(
        int argc, char **argv, const struct store_test *tests, size_t n, const struct db_migration_set *const *sets)
{
	const char *engines[] = { "sqlite", "postgres", "pgbouncer" };
	const char *urls[] = { NULL, getenv("GUILDHALL_TEST_PG"), getenv("GUILDHALL_TEST_BOUNCER") };
	struct tally sum = { 0 };
	struct err err;
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_setup(getenv("GUILDHALL_TEST_VERBOSE") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
	if (offload_start(2, 64, &err) != ST_OK)
		return 1;
	for (int engine = 0; engine < 3; engine++) {
		for (size_t i = 0; i < n; i++) {
			if (tests[i].only && strcmp(tests[i].only, engines[engine]) != 0)
				continue;
			if (!selected(argc, argv, engines[engine], tests[i].name))
				continue;
			if (engine && !urls[engine]) {
				sum.skipped++;
				continue;
			}
			struct run r = { .test = &tests[i],
				.sets = sets,
				.store = { .engine = engines[engine], .name = tests[i].name } };
			run_one(&r, urls[engine]);
			printf("  %s %s/%s\n", r.store.failed ? "FAIL" : "ok  ", engines[engine], tests[i].name);
			if (r.store.failed)
				sum.failed++;
			else
				sum.passed++;
		}
	}
	offload_stop();
	printf("%u passed, %u failed, %u skipped\n", sum.passed, sum.failed, sum.skipped);
	return sum.failed ? 1 : 0;
}
