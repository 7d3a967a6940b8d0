/* SPDX-License-Identifier: Apache-2.0
 *
 * db_writer URL FIRST-ID: the victim of tests/fault/test_kill9.py. 64 fibers add things as fast as they can, every
 * other one without waiting for the disk; each id is written to standard output after its write was acknowledged, not
 * before. Runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "fixture_sql.h"
#include "rt/fiber.h"

#define WRITERS 64

struct writer {
	struct db *db;
	int64_t next; /* its ids: next, next + WRITERS, … */
};

static enum status add_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct writer *w = arg;
	char name[32];
	snprintf(name, sizeof name, "thing %lld", (long long)w->next);
	return q_fixture_thing_add(c, w->next, str_c(name), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e);
}

static void fail(const struct err *e)
{
	fprintf(stderr, "db_writer: %s\n", e->msg);
	exit(1);
}

static void write_on(void *arg)
{
	struct writer *w = arg;
	struct err e = { 0 };
	for (;; w->next += WRITERS) {
		SCOPED_ARENA *arena = arena_new(1u << 20);
		struct ctx ctx;
		char line[32];
		ctx_init(&ctx, arena);
		if ((w->next % 2 ? db_write_soon : db_write)(&ctx, w->db, add_tx, w, &e) != ST_OK)
			fail(&e);
		int n = snprintf(line, sizeof line, "%lld\n", (long long)w->next);
		if (write(STDOUT_FILENO, line, (size_t)n) != n)
			exit(1);
	}
}

static void run(void *arg)
{
	char **argv = arg;
	static struct writer writers[WRITERS];
	struct err e = { 0 };
	struct db_config c;
	db_config_default(&c);
	c.name = "victim";
	c.url = argv[1];
	struct db *db = db_open(&c, &e);
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	if (!db || db_migrate(&ctx, db, &fixture_migrations, 1, NULL, &e) != ST_OK)
		fail(&e);
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ db, atoll(argv[2]) + i };
		if (!fiber_spawn(fiber_loop(fiber_self()), write_on, &writers[i], FIBER_LARGE))
			exit(1);
	}
	while (fiber_park(FIBER_FOREVER) == ST_OK)
		continue;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: db_writer URL FIRST-ID\n");
		return 2;
	}
	log_setup(LOG_ERROR, LOG_TEXT);
	fiber_main(run, argv);
	return 1;
}
