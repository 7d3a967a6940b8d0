/* SPDX-License-Identifier: Apache-2.0
 *
 * Buyers who all want the same few things: the victim of tests/fault/test_market_race.py.
 *
 *     market_buyer URL stock ITEMS EACH     makes the shelf: so many products, so many of each
 *     market_buyer URL buy FIRST COUNT      buyers FIRST, FIRST + 1, …: buyer n holds one of product n % ITEMS and buys
 *                                           it; a number is written once its purchase was acknowledged
 *     market_buyer URL check                a line for each product: on_hand held sold; "wrong N" at the end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "rt/fiber.h"
#include "services/market/import.h"
#include "services/market/sale.h"
#include "shop.h"

enum { AT_ONCE = 32, ITEMS_MAX = 100, LINE_MAX_BYTES = 80 };

struct crowd {
	struct shop shop;
	int64_t items[ITEMS_MAX];
	size_t n;
	struct fiber *waiting;
	unsigned running;
	long next, end;
};

static void give_up(const struct err *e)
{
	fprintf(stderr, "market_buyer: %s\n", e->msg);
	_exit(1);
}

static void find_items(struct ctx *ctx, struct crowd *s)
{
	struct market_product_row *rows;
	struct market_variants_of_row *variants;
	struct err e = { 0 };
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, s->shop.svc.db, &c, &e) || q_market_products_after(c, 0, ITEMS_MAX, &rows, &s->n, &e))
		give_up(&e);
	for (size_t i = 0; i < s->n; i++) {
		if (q_market_variants_of(c, rows[i].id, &variants, &n, &e))
			give_up(&e);
		s->items[i] = variants[0].id;
	}
}

static void make_stock(struct ctx *ctx, struct crowd *s, int items, int each)
{
	struct err e = { 0 };
	struct buf b;
	struct import_done done;
	struct in_file *read = ARENA_NEW(ctx->arena, struct in_file);
	buf_text(&b, ctx->arena);
	BUF_LIT(&b, "Handle,Title,Variant Price,Variant Inventory Qty\n");
	for (int i = 0; i < items; i++)
		buf_printf(&b, "thing-%d,Thing %d,1.00,%d\n", i, i, each);
	struct import_ask ask = { .file = buf_str(&b), .name = STR("race"), .currency = "EUR" };
	if (market_import(ctx, s->shop.svc.db, &ask, false, read, &done, &e) != ST_OK)
		give_up(&e);
}

static void buy_as(struct ctx *ctx, struct crowd *s, long n)
{
	struct err e = { 0 };
	char line[LINE_MAX_BYTES];
	struct str name = arena_strf(ctx->arena, "buyer-%ld", n);
	struct sale_line wants = { .line = 1, .quantity = 1, .answers = STR("") };
	wants.item = arena_strf(ctx->arena, "%lld", (long long)s->items[(size_t)n % s->n]);
	struct hold_ask hold = {
		.checkout = name, .revision = 1, .roles = STR(""), .until = clock_now_us() + 600 * US_PER_S
	};
	hold.lines.items = &wants;
	hold.lines.count = 1;
	struct hold_answer held = { 0 };
	struct commit_ask commit = {
		.checkout = name, .revision = 1, .order = name, .name = STR(""), .email = STR("")
	};
	struct commit_answer sold = { 0 };
	if (market_serve_hold(ctx, &hold, &held, &e) != ST_OK)
		give_up(&e);
	if (!held.held)
		return;
	if (market_serve_commit(ctx, &commit, &sold, &e) != ST_OK)
		give_up(&e);
	int length = snprintf(line, sizeof line, "%ld\n", n);
	if (sold.done && write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(1);
}

static void buy_on(void *arg)
{
	struct crowd *s = arg;
	while (s->next < s->end) {
		long n = s->next++;
		SCOPED_ARENA *a = arena_new(4u << 20);
		struct ctx ctx;
		ctx_init(&ctx, a);
		ctx.svc = &s->shop.svc;
		buy_as(&ctx, s, n);
	}
	if (!--s->running)
		fiber_wake(s->waiting);
}

static void check(struct ctx *ctx, struct crowd *s)
{
	struct market_stock_wrong_row *wrong;
	struct err e = { 0 };
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, s->shop.svc.db, &c, &e) || q_market_stock_wrong(c, ITEMS_MAX, &wrong, &n, &e))
		give_up(&e);
	for (size_t i = 0; i < s->n; i++) {
		struct market_offer_row *o;
		struct market_stock_of_row *k;
		if (q_market_offer(c, s->items[i], &o, &e) || q_market_stock_of(c, o->stock_id, &k, &e))
			give_up(&e);
		printf("%lld %lld %lld\n", (long long)k->on_hand, (long long)k->held, (long long)k->sold);
	}
	printf("wrong %zu\n", n);
	fflush(stdout);
}

static void shop_main(void *arg)
{
	char **argv = arg;
	static struct crowd s;
	struct err e = { 0 };
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct ctx ctx;
	ctx_init(&ctx, a);
	if (open_shop_at(&s.shop, &ctx, argv[1], &e) != ST_OK)
		give_up(&e);
	if (!strcmp(argv[2], "stock"))
		make_stock(&ctx, &s, (int)strtol(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10));
	find_items(&ctx, &s);
	if (!strcmp(argv[2], "check"))
		check(&ctx, &s);
	if (!strcmp(argv[2], "buy")) {
		s.next = strtol(argv[3], NULL, 10);
		s.end = s.next + strtol(argv[4], NULL, 10);
		s.waiting = fiber_self();
		s.running = AT_ONCE;
		for (int i = 0; i < AT_ONCE; i++)
			if (!fiber_spawn(fiber_loop(fiber_self()), buy_on, &s, FIBER_LARGE))
				_exit(1);
		while (s.running && fiber_park(FIBER_FOREVER) == ST_OK)
			continue;
	}
	db_close(s.shop.svc.db);
}

int main(int argc, char **argv)
{
	if (argc < 3 || (strcmp(argv[2], "check") && argc < 5)) {
		fprintf(stderr, "usage: market_buyer URL stock ITEMS EACH | buy FIRST COUNT | check\n");
		return 2;
	}
	log_setup(LOG_ERROR, LOG_TEXT);
	fiber_main(shop_main, argv);
	return 0;
}
