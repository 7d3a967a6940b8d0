/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody who brings lists: the victim of tests/fault/test_import_kill9.py.
 *
 *     market_lister URL bring FILE        keeps a list, and writes the import's id
 *     market_lister URL go ID             goes on with it until somebody has to decide
 *     market_lister URL turn ID FROM TO   decides, when its state is FROM; and goes on
 *     market_lister URL state ID          writes its state
 *     market_lister URL tell              the catalogue, as a file
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "rt/fiber.h"
#include "services/market/staged.h"
#include "shop.h"

enum { FILE_MAX_BYTES = 4 << 20, MEMORY_MAX_BYTES = 512 << 20 };

static void sure(enum status st, const struct err *e)
{
	if (st == ST_OK)
		return;
	fprintf(stderr, "market_lister: %s\n", e->msg);
	_exit(1);
}

static void bring(struct ctx *ctx, struct db *db, const char *path)
{
	struct err e = { 0 };
	char *bytes = arena_alloc(ctx->arena, FILE_MAX_BYTES);
	FILE *f = fopen(path, "rbe");
	size_t n = f ? fread(bytes, 1, FILE_MAX_BYTES, f) : 0;
	struct import_new new = { .file = str_n(bytes, n), .name = STR("list"), .page = STR(""), .currency = "EUR" };
	if (!f || fclose(f) || !n)
		_exit(1);
	sure(import_begin(ctx, db, &new, &e), &e);
	printf("%lld\n", (long long)new.id);
}

static enum status print_part(void *arg, struct str part, struct err *e)
{
	(void)arg;
	(void)e;
	return fwrite(part.p, 1, part.n, stdout) == part.n ? ST_OK : ST_IO;
}

static void tell_state(struct ctx *ctx, struct db *db, int64_t id)
{
	struct market_import_row *r = NULL;
	struct err e = { 0 };
	SCOPED_DB_READ c = NULL;
	sure(db_read(ctx, db, &c, &e), &e);
	sure(q_market_import(c, id, &r, &e), &e);
	const struct str state = r ? r->state : STR("none");
	printf("%.*s\n", STR_ARG(state));
}

static void act(struct ctx *ctx, struct db *db, char **argv)
{
	struct err e = { 0 };
	const char *what = argv[2];
	int64_t id = argv[3] ? strtoll(argv[3], NULL, 10) : 0;
	if (!strcmp(what, "bring")) {
		bring(ctx, db, argv[3]);
	} else if (!strcmp(what, "go")) {
		sure(import_go_on(ctx, db, id, NULL, &e), &e);
	} else if (!strcmp(what, "turn")) {
		struct import_turn t = { .id = id, .from = argv[4], .to = argv[5] };
		sure(import_turn(ctx, db, &t, &e), &e);
		sure(import_go_on(ctx, db, id, NULL, &e), &e);
	} else if (!strcmp(what, "state")) {
		tell_state(ctx, db, id);
	} else {
		sure(market_export(ctx, print_part, NULL, &e), &e);
	}
}

static void shop_main(void *arg)
{
	char **argv = arg;
	struct shop s;
	struct ctx ctx;
	struct err e = { 0 };
	SCOPED_ARENA *a = arena_new(MEMORY_MAX_BYTES);
	ctx_init(&ctx, a);
	sure(open_shop_at(&s, &ctx, argv[1], &e), &e);
	act(&ctx, s.svc.db, argv);
	fflush(stdout);
	db_close(s.svc.db);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: market_lister URL bring FILE | go ID | turn ID FROM TO | state ID | tell\n");
		return 2;
	}
	log_setup(LOG_ERROR, LOG_TEXT);
	fiber_main(shop_main, argv);
	return 0;
}
