/* SPDX-License-Identifier: Apache-2.0
 *
 * audit_writer URL SECRET-FILE FIRST [COUNT]: adds audit entries to identity's chain in a migrated database, with 64
 * fibers. Their objects are the numbers from FIRST on; each is written to standard output after its entry was
 * acknowledged, not before. Without COUNT it runs until it is killed: the victim of tests/fault/test_audit_kill9.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/audit/audit.h"
#include "rt/fiber.h"
#include "rt/sync.h"

#define WRITERS 64
#define SECRET_BYTES 32

static struct { struct db *db; int64_t next, past; unsigned left; struct promise done; } all;

static void fail(const struct err *e)
{
	fprintf(stderr, "audit_writer: %s\n", e->msg);
	exit(1);
}

static enum status tx(struct db_conn *c, void *arg, struct err *e)
{
	return audit_write(c, arg, e);
}

static void write_on(void *arg)
{
	struct err e = { 0 };
	while (all.next < all.past) {
		SCOPED_ARENA *arena = arena_new(1u << 20);
		struct ctx ctx;
		char object[24];
		int n = snprintf(object, sizeof object, "%lld\n", (long long)all.next++);
		struct audit_entry a = { .action = "thing.done",
			.actor = STR("7"),
			.address = STR("192.0.2.9"),
			.object = str_n(object, (size_t)n - 1),
			.details = STR("{\"why\":\"test\"}") };
		ctx_init(&ctx, arena);
		if (db_write(&ctx, all.db, tx, &a, &e) != ST_OK)
			fail(&e);
		if (write(STDOUT_FILENO, object, (size_t)n) != n)
			exit(1);
	}
	if (--all.left == 0)
		promise_set(&all.done);
}

static void read_secret(const char *path)
{
	static char secret[SECRET_BYTES];
	FILE *f = fopen(path, "re");
	for (unsigned i = 0; i < SECRET_BYTES; i++) {
		unsigned byte;
		if (!f || fscanf(f, "%2x", &byte) != 1)
			fail(&(struct err){ .msg = "the secret can not be read" });
		secret[i] = (char)byte;
	}
	fclose(f);
	audit_set_secret(str_n(secret, SECRET_BYTES));
}

static void run(void *arg)
{
	char **argv = arg;
	struct err e = { 0 };
	struct db_config c;
	db_config_default(&c);
	c.name = "identity";
	c.url = argv[1];
	read_secret(argv[2]);
	if (!(all.db = db_open(&c, &e)))
		fail(&e);
	all.next = atoll(argv[3]);
	all.past = argv[4] ? all.next + atoll(argv[4]) : INT64_MAX;
	all.left = WRITERS;
	promise_init(&all.done);
	for (int i = 0; i < WRITERS; i++)
		if (!fiber_spawn(loop_current(), write_on, NULL, FIBER_LARGE))
			exit(1);
	promise_wait_shielded(&all.done);
	db_close(all.db);
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: audit_writer URL SECRET-FILE FIRST [COUNT]\n");
		return 2;
	}
	log_setup(LOG_ERROR, LOG_TEXT);
	fiber_main(run, argv);
	return 0;
}
