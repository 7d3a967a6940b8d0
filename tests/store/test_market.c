/* SPDX-License-Identifier: Apache-2.0
 *
 * Selling: what checkouts hold, buy and give back, on each store. After every step all stock adds up; the same question
 * again changes nothing; many who want the last ones at once get as many as there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rt/fiber.h"
#include "services/market/cycles.h"
#include "services/market/import.h"
#include "services/market/prices.h"
#include "services/market/sale.h"
#include "shop.h"
#include "store.h"

static const char goods[] = "Handle,Title,Vendor,Variant SKU,Variant Price,Variant Inventory Qty,Variant Inventory "
                            "Policy,Variant Minimum,Variant "
                            "Step,Variant Maximum,Variant Unit,Variant Content,Option1 Value\n"
                            "rye,Rye,Mill,R,3.20,10,deny,1,1,0,g,750,Whole\n"
                            "rye,,,H,1.70,4,deny,1,1,0,g,375,Half\n"
                            "oats,Oats,Mill,O,2.00,100,deny,2,2,6,g,1000,\n"
                            "card,Card,,C,1.00,,continue,1,1,0,piece,1,\n";

static enum status stock_up(struct store *t, const char *csv)
{
	struct import_ask ask = { .file = str_c(csv), .name = STR("test"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(t->ctx->arena, struct in_file);
	struct import_done done;
	return market_import(t->ctx, t->db, &ask, false, read, &done, &t->err);
}

/* A variant's id, as cart names it. */
static struct str item_of(struct store *t, const char *handle, size_t n)
{
	struct market_product_row *p = NULL;
	struct market_variants_of_row *rows = NULL;
	size_t count = 0;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_product_by_handle(c, str_c(handle), &p, NULL) || !p ||
	    q_market_variants_of(c, p->id, &rows, &count, NULL) || n >= count)
		return STR("0");
	return arena_strf(t->ctx->arena, "%lld", (long long)rows[n].id);
}

static struct market_offer_row *offer(struct store *t, struct str item)
{
	struct market_offer_row *o = NULL;
	int64_t id = 0;
	SCOPED_DB_READ c = NULL;
	if (!str_i64(item, &id) || db_read(t->ctx, t->db, &c, NULL) || q_market_offer(c, id, &o, NULL))
		return NULL;
	return o;
}

static bool adds_up(struct store *t)
{
	struct market_stock_wrong_row *rows;
	size_t n = 1;
	SCOPED_DB_READ c = NULL;
	return !db_read(t->ctx, t->db, &c, NULL) && !q_market_stock_wrong(c, 1, &rows, &n, NULL) && !n;
}

static bool left(struct store *t, struct str item, int64_t on_hand, int64_t held)
{
	const struct market_offer_row *o = offer(t, item);
	return o && o->on_hand == on_hand && o->held == held && adds_up(t);
}

static const int64_t later = INT64_C(600) * 1000000;

/* One line of a checkout; "" : held, else why not. */
static struct str hold_until(struct store *t, const char *checkout, int64_t revision, struct str item, int64_t quantity,
                             int64_t until)
{
	struct sale_line line = { .line = 1, .item = item, .quantity = quantity, .answers = STR("") };
	struct hold_ask ask = { .checkout = str_c(checkout), .revision = revision, .roles = STR(""), .until = until };
	struct hold_answer out = { 0 };
	ask.lines.items = &line;
	ask.lines.count = 1;
	enum status st = market_serve_hold(t->ctx, &ask, &out, &t->err);
	if (st != ST_OK)
		return str_c(status_info(st)->name);
	return out.held ? STR("") : out.refused.count ? out.refused.items[0].why : STR("none");
}

static struct str hold(struct store *t, const char *checkout, int64_t revision, struct str item, int64_t quantity)
{
	return hold_until(t, checkout, revision, item, quantity, clock_now_us() + later);
}

static bool commit(struct store *t, const char *checkout, int64_t revision)
{
	struct commit_ask ask = { .checkout = str_c(checkout),
		                  .revision = revision,
		                  .order = STR("A-1"),
		                  .name = STR(""),
		                  .email = STR("") };
	struct commit_answer out = { 0 };
	return market_serve_commit(t->ctx, &ask, &out, &t->err) == ST_OK && out.done;
}

static bool release(struct store *t, const char *checkout, int64_t revision)
{
	struct release_ask ask = { str_c(checkout), revision };
	struct release_answer out;
	return market_serve_release(t->ctx, &ask, &out, &t->err) == ST_OK;
}

static bool give_back(struct store *t, const char *checkout, const char *reference, int64_t quantity, bool restock)
{
	struct back_line line = { 1, quantity };
	struct return_ask ask = { .checkout = str_c(checkout), .reference = str_c(reference), .restock = restock };
	struct return_answer out;
	ask.lines.items = &line;
	ask.lines.count = 1;
	return market_serve_return(t->ctx, &ask, &out, &t->err) == ST_OK;
}

static void a_sale(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0);
	CHECK(left(t, rye, 10, 0));
	for (int again = 0; again < 2; again++) {
		CHECK(str_eqc(hold(t, "a", 1, rye, 7), ""));
		CHECK(left(t, rye, 10, 7));
	}
	CHECK(str_eqc(hold(t, "b", 1, rye, 4), "few"));
	CHECK(str_eqc(hold(t, "b", 1, rye, 1), "few")); /* the same question */
	CHECK(str_eqc(hold(t, "b", 2, rye, 3), ""));
	CHECK(str_eqc(hold(t, "c", 1, rye, 1), "sold_out"));
	/* A later revision says what is wanted in all. */
	CHECK(str_eqc(hold(t, "a", 2, rye, 5), "") && left(t, rye, 10, 8));
	CHECK(str_eqc(hold(t, "a", 1, rye, 7), "CONFLICT"));
	CHECK(!commit(t, "a", 3) && left(t, rye, 10, 8));
	for (int again = 0; again < 2; again++)
		CHECK(commit(t, "a", 2) && left(t, rye, 5, 3));
	CHECK(release(t, "a", 2) && left(t, rye, 5, 3)); /* what was sold stays sold */
	for (int again = 0; again < 2; again++)
		CHECK(release(t, "b", 2) && left(t, rye, 5, 0));
	CHECK(!commit(t, "b", 2) && left(t, rye, 5, 0));
}

static void a_change(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0);
	CHECK(str_eqc(hold(t, "a", 1, rye, 6), "") && commit(t, "a", 1) && left(t, rye, 4, 0));
	/* More: what it was sold counts as its own. */
	CHECK(str_eqc(hold(t, "a", 2, rye, 11), "few") && left(t, rye, 4, 0));
	CHECK(str_eqc(hold(t, "a", 3, rye, 10), "") && left(t, rye, 4, 4));
	CHECK(commit(t, "a", 1)); /* as before */
	CHECK(commit(t, "a", 3) && left(t, rye, 0, 0));
	CHECK(!offer(t, rye)->on_hand && str_eqc(sale_why(offer(t, rye), 1), "sold_out"));
	/* Fewer: the others come back. */
	CHECK(str_eqc(hold(t, "a", 4, rye, 2), "") && left(t, rye, 0, 0) && commit(t, "a", 4) && left(t, rye, 8, 0));
	for (int again = 0; again < 2; again++)
		CHECK(give_back(t, "a", "R-1", 1, true) && left(t, rye, 9, 0));
	CHECK(give_back(t, "a", "R-2", 5, true) && left(t, rye, 10, 0)); /* no more than was sold */
	CHECK(give_back(t, "a", "R-3", 1, true) && left(t, rye, 10, 0));
	CHECK(str_eqc(hold(t, "b", 1, rye, 3), "") && commit(t, "b", 1) && give_back(t, "b", "R-1", 3, false) &&
	      left(t, rye, 7, 0));
}

static void lapsed(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0);
	/* Nobody needs it: it stays held, and can still be bought. */
	CHECK(str_eqc(hold_until(t, "a", 1, rye, 8, 1), ""));
	CHECK(str_eqc(hold(t, "b", 1, rye, 2), "") && left(t, rye, 10, 10));
	CHECK(commit(t, "a", 1) && left(t, rye, 2, 2));
	CHECK(release(t, "b", 1) && left(t, rye, 2, 0));
	/* Somebody needs it. */
	CHECK(str_eqc(hold_until(t, "c", 1, rye, 2, 1), "") && str_eqc(hold(t, "d", 1, rye, 1), "") &&
	      left(t, rye, 2, 1));
	CHECK(!commit(t, "c", 1) && left(t, rye, 2, 1));
	CHECK(!commit(t, "c", 1));
	CHECK(str_eqc(hold(t, "c", 2, rye, 1), "") && commit(t, "c", 2) && commit(t, "d", 1) && left(t, rye, 0, 0));
	/* It was taken and is free again: a payment that came late is served. */
	struct str half = item_of(t, "rye", 1);
	CHECK(str_eqc(hold_until(t, "e", 1, half, 4, 1), "") && str_eqc(hold(t, "f", 1, half, 4), "") &&
	      release(t, "f", 1));
	CHECK(commit(t, "e", 1) && left(t, half, 0, 0));
}

static void rules(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct str oats = item_of(t, "oats", 0), card = item_of(t, "card", 0);
	const struct {
		int64_t quantity;
		const char *why;
	} cases[] = { { 0, "min" }, { 1, "min" }, { 2, "" },    { 3, "step" },
		      { 6, "" },    { 7, "max" }, { 8, "max" }, { -4, "min" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(str_eqc(hold(t, "a", (int64_t)i + 1, oats, cases[i].quantity), cases[i].why));
	CHECK(str_eqc(hold(t, "b", 1, STR("12345"), 1), "sold_out") &&
	      str_eqc(hold(t, "b", 2, STR("x"), 1), "sold_out"));
	/* On demand there is always more. */
	CHECK(str_eqc(hold(t, "c", 1, card, 1000), "") && commit(t, "c", 1) && adds_up(t));
	CHECK(sale_most(offer(t, card)) == -1);
	CHECK(str_eqc(hold(t, "c", 2, card, SALE_QUANTITY_MAX), "") &&
	      str_eqc(hold(t, "c", 3, card, SALE_QUANTITY_MAX + 1), "max"));
	CHECK(str_eqc(hold_until(t, "d", 1, card, 1, clock_now_us() + (int64_t)SALE_HOLD_S * 1000000 + 60000000),
	              "INVALID"));
}

static void quotes(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct sale_line lines[] = { { .line = 7, .item = item_of(t, "rye", 0), .quantity = 2 },
		                     { .line = 8, .item = STR("99"), .quantity = 1 },
		                     { .line = 9, .item = item_of(t, "rye", 1), .quantity = 5 } };
	struct quote_ask ask = { .roles = STR(""), .lang = STR("en") };
	struct quote_answer out = { 0 };
	ask.lines.items = lines;
	ask.lines.count = 3;
	CHECK_OK(market_serve_quote(t->ctx, &ask, &out, &t->err));
	const struct quoted_line *q = out.lines.items;
	CHECK(out.lines.count == 3 && q[0].there && !q[1].there && q[2].there);
	CHECK(q[0].line == 7 && q[0].price.minor == 320 && !strcmp(q[0].price.currency, "EUR") && q[0].most == 10);
	CHECK(str_eqc(q[0].name, "Rye") && str_eqc(q[0].variant, "Whole") && str_eqc(q[0].supplier_name, "Mill"));
	CHECK(str_eqc(q[0].why, "") && str_eqc(q[2].why, "few") && q[2].most == 4);
	CHECK(str_eqc(q[0].url, "http://localhost/market/shop/rye") && str_eqc(q[0].page, "shop"));
	CHECK(str_eqc(q[0].note, "\xe2\x82\xac"
	                         "4.27 per kg"));
}

static void bounds(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	char name[SALE_KEY_MAX + 2];
	struct str card = item_of(t, "card", 0);
	memset(name, 'x', sizeof name);
	name[SALE_KEY_MAX] = 0;
	CHECK(str_eqc(hold(t, name, 1, card, 1), ""));
	name[SALE_KEY_MAX] = 'x';
	name[SALE_KEY_MAX + 1] = 0;
	CHECK(str_eqc(hold(t, name, 1, card, 1), "INVALID") && str_eqc(hold(t, "", 1, card, 1), "INVALID"));
	struct sale_line *lines = ARENA_ARRAY(t->ctx->arena, struct sale_line, SALE_LINES_MAX + 1);
	for (size_t i = 0; i <= SALE_LINES_MAX; i++)
		lines[i] = (struct sale_line){ .line = (int64_t)i, .item = card, .quantity = 1, .answers = STR("") };
	struct hold_ask ask = { .checkout = STR("many"), .revision = 1, .roles = STR(""), .until = 1 };
	struct quote_ask question = { .roles = STR(""), .lang = STR("en") };
	struct hold_answer out = { 0 };
	struct quote_answer answer = { 0 };
	ask.lines.items = question.lines.items = lines;
	for (size_t n = SALE_LINES_MAX; n <= SALE_LINES_MAX + 1; n++) {
		ask.lines.count = question.lines.count = n;
		CHECK((market_serve_hold(t->ctx, &ask, &out, &t->err) == ST_OK) == (n == SALE_LINES_MAX));
		CHECK((market_serve_quote(t->ctx, &question, &answer, &t->err) == ST_OK) == (n == SALE_LINES_MAX));
	}
}

/* --- cycles ------------------------------------------------------------------------------------------------------- */

/* A clock that the test turns; two cycles of the rye, a minute apart. */
static const int64_t noon = INT64_C(1800000000) * 1000000, minute = INT64_C(60) * 1000000;

struct cycle_made {
	int64_t id, opens, closes, variant, price, cap;
};

static enum status tx_cycle(struct db_conn *c, void *arg, struct err *e)
{
	const struct cycle_made *m = arg;
	TRY(q_market_cycle_add(c, m->id, STR("Friday"), m->opens, m->closes, m->closes + minute, m->opens, NULL, e));
	return q_market_cycle_good_add(c, m->id, m->variant, m->price, m->cap, NULL, e);
}

static void add_cycle(struct store *t, int64_t id, int64_t opens, int64_t closes, struct str item, int64_t price,
                      int64_t cap)
{
	struct cycle_made m = { id, opens, closes, 0, price, cap };
	CHECK(str_i64(item, &m.variant));
	CHECK_OK(db_write(t->ctx, t->db, tx_cycle, &m, &t->err));
}

static struct quoted_line quoted(struct store *t, struct str item, int64_t quantity)
{
	struct sale_line line = { .line = 1, .item = item, .quantity = quantity, .answers = STR("") };
	struct quote_ask ask = { .roles = STR(""), .lang = STR("en") };
	struct quote_answer out = { 0 };
	ask.lines.items = &line;
	ask.lines.count = 1;
	bool got = market_serve_quote(t->ctx, &ask, &out, &t->err) == ST_OK;
	return got ? out.lines.items[0] : (struct quoted_line){ .why = STR("not quoted") };
}

static void states_of_cycles(struct store *t)
{
	(void)t;
	const struct {
		int64_t now;
		enum cycle_state want;
	} cases[] = { { 9, CYCLE_UPCOMING },  { 10, CYCLE_OPEN },      { 19, CYCLE_OPEN },     { 20, CYCLE_CLOSED },
		      { 29, CYCLE_CLOSED }, { 30, CYCLE_DELIVERED }, { 99, CYCLE_DELIVERED } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(cycle_state_at(10, 20, 30, cases[i].now) == cases[i].want);
}

/* Outside of its cycle it can't be had; the clock alone decides. */
static void a_cycle(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	clock_fake_us(noon);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0), half = item_of(t, "rye", 1);
	add_cycle(t, 1, noon + minute, noon + 2 * minute, rye, 280, 0);
	add_cycle(t, 2, noon + 3 * minute, noon + 4 * minute, rye, 990, 0);
	const struct {
		int64_t at;
		const char *why;
		int64_t cycle, price;
	} cases[] = { { 0, "closed", 0, 320 },       { minute, "", 1, 280 },
		      { 2 * minute - 1, "", 1, 280 }, { 2 * minute, "closed", 0, 320 },
		      { 3 * minute, "", 2, 320 },     { 4 * minute, "closed", 0, 320 },
		      { 9 * minute, "closed", 0, 320 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		clock_fake_us(noon + cases[i].at);
		struct quoted_line q = quoted(t, rye, 1);
		CHECK(q.there && str_eqc(q.why, cases[i].why) && q.cycle == cases[i].cycle);
		CHECK(q.price.minor == cases[i].price && q.closes_null == !cases[i].cycle);
		CHECK(!cases[i].cycle || q.closes == noon + (cases[i].cycle == 1 ? 2 : 4) * minute);
		CHECK(str_eqc(hold(t, "a", (int64_t)i + 1, rye, 1), cases[i].why));
		CHECK(str_eqc(quoted(t, half, 1).why, "") && !quoted(t, half, 1).cycle);
	}
	/* The price of the cycle is told. */
	clock_fake_us(noon + minute);
	CHECK(str_find(quoted(t, rye, 1).note, STR("Price of this cycle")) >= 0);
	/* What was held while it was open is sold when it is closed. */
	CHECK(str_eqc(hold(t, "late", 1, rye, 1), ""));
	clock_fake_us(noon + 2 * minute);
	CHECK(commit(t, "late", 1));
	clock_fake_us(0);
}

/* A cap counts what was sold and what is held in its time, of that cycle alone. */
static void caps(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	clock_fake_us(noon);
	CHECK_OK(stock_up(t, goods));
	struct str card = item_of(t, "card", 0);
	add_cycle(t, 1, noon, noon + 10 * minute, card, 0, 5);
	add_cycle(t, 2, noon + 10 * minute, noon + 20 * minute, card, 0, 5);
	CHECK(quoted(t, card, 5).most == 5 && str_eqc(quoted(t, card, 6).why, "few"));
	CHECK(str_eqc(hold(t, "a", 1, card, 6), "few") && str_eqc(hold(t, "a", 2, card, 3), ""));
	CHECK(quoted(t, card, 1).most == 2);
	CHECK(str_eqc(hold(t, "b", 1, card, 3), "few") && str_eqc(hold(t, "b", 2, card, 2), ""));
	CHECK(str_eqc(hold(t, "c", 1, card, 1), "sold_out") && str_eqc(quoted(t, card, 1).why, "sold_out"));
	CHECK(commit(t, "a", 2) && str_eqc(hold(t, "c", 2, card, 1), "sold_out"));
	/* What a checkout has counts as its own; fewer frees the others. */
	CHECK(str_eqc(hold(t, "a", 3, card, 4), "few") && str_eqc(hold(t, "a", 4, card, 2), "") && commit(t, "a", 4));
	CHECK(str_eqc(hold(t, "c", 3, card, 1), "") && release(t, "c", 3));
	/* What comes back can be had again, and what was given up. */
	CHECK(give_back(t, "a", "R-1", 1, true) && quoted(t, card, 1).most == 2);
	CHECK(release(t, "b", 2) && quoted(t, card, 1).most == 4);
	/* A hold whose time is over is in nobody's way, and is sold where there is still room. */
	CHECK(str_eqc(hold_until(t, "d", 1, card, 4, noon + minute), ""));
	clock_fake_us(noon + minute);
	CHECK(str_eqc(hold(t, "e", 1, card, 3), "") && !commit(t, "d", 1));
	CHECK(release(t, "e", 1) && str_eqc(hold(t, "d", 2, card, 4), "") && commit(t, "d", 2));
	CHECK(str_eqc(quoted(t, card, 1).why, "sold_out"));
	/* The next cycle begins anew. */
	clock_fake_us(noon + 10 * minute);
	CHECK(quoted(t, card, 1).most == 5 && str_eqc(hold(t, "f", 1, card, 5), "") && adds_up(t));
	clock_fake_us(0);
}

struct telling {
	char types[200]; /* of what was told since the last look, in order */
};

static int by_event(const void *a, const void *b)
{
	const struct event_claim_row *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static enum status tx_told(struct db_conn *c, void *arg, struct err *e)
{
	struct telling *x = arg;
	struct event_claim_row *rows;
	size_t n;
	x->types[0] = 0;
	TRY(q_event_claim(c, INT64_MAX - 1, INT64_MAX, 100, &rows, &n, e));
	if (n)
		qsort(rows, n, sizeof *rows, by_event); /* claimed in whatever order */
	for (size_t i = 0; i < n; i++)
		str_print(x->types + strlen(x->types), sizeof x->types - strlen(x->types), "%.*s ",
		          STR_ARG(rows[i].type));
	return ST_OK;
}

static bool told(struct store *t, const char *types)
{
	struct telling x;
	for (int again = 0; again < 2; again++)
		if (market_cycles_tell(t->ctx, NULL, &t->err) != ST_OK)
			return false;
	return db_write(t->ctx, t->db, tx_told, &x, &t->err) == ST_OK && !strcmp(x.types, types);
}

static void what_cycles_tell(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	clock_fake_us(noon);
	CHECK_OK(stock_up(t, goods));
	CHECK(told(t, "catalogue.imported "));
	struct str card = item_of(t, "card", 0);
	add_cycle(t, 1, noon + minute, noon + 3 * minute, card, 0, 5);
	CHECK(told(t, ""));
	clock_fake_us(noon + minute);
	CHECK(told(t, "cycle.opened ") && told(t, ""));
	clock_fake_us(noon + 3 * minute);
	CHECK(told(t, "cycle.closed ") && told(t, ""));
	/* Nobody looked while it was open: both are told, in order. */
	add_cycle(t, 2, noon + 4 * minute, noon + 5 * minute, card, 0, 5);
	clock_fake_us(noon + 9 * minute);
	CHECK(told(t, "cycle.opened cycle.closed ") && told(t, ""));
	clock_fake_us(0);
}

/* --- prices ------------------------------------------------------------------------------------------------------- */

struct price_asked {
	struct str item, list;
	int64_t price;
	bool changed;
};

static enum status tx_price(struct db_conn *c, void *arg, struct err *e)
{
	struct price_asked *x = arg;
	int64_t id = 0;
	return str_i64(x->item, &id) ? price_set(c, id, x->list, x->price, &x->changed, e) : ST_INVALID;
}

static bool set_price(struct store *t, struct str item, const char *list, int64_t price)
{
	struct price_asked x = { item, str_c(list), price, false };
	return db_write(t->ctx, t->db, tx_price, &x, &t->err) == ST_OK && x.changed;
}

static void price_lists(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	clock_fake_us(noon);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0);
	int64_t id = 0;
	CHECK(set_price(t, rye, "member", 300) && !set_price(t, rye, "member", 300));
	clock_fake_us(noon + 1);
	CHECK(set_price(t, rye, "household", 290) && set_price(t, rye, "member", 999));
	CHECK(set_price(t, rye, "member", 310));
	add_cycle(t, 1, noon + minute, noon + 2 * minute, rye, 295, 0);
	const struct {
		int64_t at, person;
		const char *roles;
		int64_t price;
		const char *why;
	} cases[] = { { 2, 0, "", 320, "" },
		      { 2, 7, "", 310, "Price for members" },
		      { 2, 7, "keeper market.keeper", 310, "Price for members" },
		      { 2, 7, "market.household", 290, "Price for households" },
		      { minute, 0, "", 295, "Price of this cycle" },
		      { minute, 7, "", 295, "Price of this cycle" },
		      { minute, 7, "market.household", 290, "Price for households" } };
	CHECK(str_i64(rye, &id));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct offer_cycle k;
		struct sale_price price;
		struct sale_buyer who = sale_buyer_of(cases[i].person, str_c(cases[i].roles));
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(cycle_of_variant(c, id, noon + cases[i].at, &k, &t->err));
		CHECK_OK(sale_price_for(c, id, 320, &k, &who, &price, &t->err));
		CHECK(price.minor == cases[i].price && str_eqc(price.why, cases[i].why));
	}
	/* A list that is dearer than what everybody pays says nothing, and one that is taken away is gone. */
	clock_fake_us(noon + 3);
	CHECK(set_price(t, rye, "household", 0) && set_price(t, rye, "member", 400));
	CHECK(quoted(t, rye, 1).price.minor == 320);
	clock_fake_us(0);
}

/* What is said to have been the price: the lowest of the 30 days before the reduction began. */
static void reductions(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	const int64_t day = INT64_C(86400) * 1000000;
	const struct {
		int64_t day, price, was, before; /* before: what is shown on the day after */
	} steps[] = { { 0, 500, 0, 0 },
		      { 40, 450, 0, 0 },
		      { 50, 500, 0, 0 },
		      { 60, 400, 500, 450 },  /* 4.50 was charged within the 30 days */
		      { 70, 300, 500, 450 },  /* further down without a break: as before it began */
		      { 200, 300, 500, 450 }, /* and for as long as it lasts */
		      { 210, 500, 0, 0 },
		      { 220, 450, 500, 0 },   /* 3.00 was charged ten days before: that is no reduction */
		      { 300, 500, 0, 0 },
		      { 340, 450, 600, 500 }, /* and never was it 6.00 */
		      { 350, 450, 440, 0 } };
	char line[200];
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t before = -1, id = 0;
		clock_fake_us(noon + steps[i].day * day);
		snprintf(line, sizeof line,
		         "Handle,Title,Variant Price,Variant Compare At Price\njam,Jam,%lld.%02lld,%lld.%02lld\n",
		         (long long)steps[i].price / 100, (long long)steps[i].price % 100,
		         (long long)steps[i].was / 100, (long long)steps[i].was % 100);
		CHECK_OK(stock_up(t, line));
		struct str jam = item_of(t, "jam", 0);
		CHECK(str_i64(jam, &id));
		clock_fake_us(noon + (steps[i].day + 1) * day);
		{
			SCOPED_DB_READ c = NULL;
			CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
			CHECK_OK(sale_before(c, id, steps[i].price, steps[i].was, STR(""), &before, &t->err));
			CHECK(before == steps[i].before);
			CHECK_OK(sale_before(c, id, steps[i].price, steps[i].was, STR("perishable"), &before, &t->err));
			CHECK(before == (steps[i].was > steps[i].price ? steps[i].was : 0));
		}
		CHECK(quoted(t, jam, 1).was.minor == steps[i].before);
	}
	CHECK(sale_percent(500, 400) == 20 && sale_percent(300, 200) == 33 && sale_percent(200, 199) == 1);
	clock_fake_us(0);
}

static void unit_prices(struct store *t)
{
	const struct {
		int64_t price;
		const char *unit;
		int64_t content, want;
	} cases[] = { { 320, "g", 750, 427 },   { 100, "g", 1000, 100 },
		      { 1, "g", 2000, 1 },      { 1, "g", 2001, 0 },
		      { 299, "ml", 700, 427 },  { 100, "piece", 6, 17 },
		      { 100, "piece", 1, 100 }, { INT64_C(1) << 53, "g", 1, (INT64_C(1) << 53) * 1000 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(sale_unit_price(cases[i].price, str_c(cases[i].unit), cases[i].content) == cases[i].want);
}

/* --- any order ---------------------------------------------------------------------------------------------------- */

static unsigned drawn(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % below;
}

/* Whatever comes in whatever order: all adds up after each step, and nothing is sold twice or lost. */
static void any_order(struct store *t)
{
	struct shop s;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct str rye = item_of(t, "rye", 0);
	int64_t revisions[5] = { 0 };
	unsigned seed = 17;
	for (int step = 0; step < 400; step++) {
		unsigned who = drawn(&seed, 5), what = drawn(&seed, 6);
		char name[8], reference[16];
		snprintf(name, sizeof name, "c%u", who);
		snprintf(reference, sizeof reference, "r%u", drawn(&seed, 40));
		int64_t revision = revisions[who] > 1 && !drawn(&seed, 5) ? revisions[who] - 1 : revisions[who];
		if (what < 2)
			(void)hold(t, name, ++revisions[who], rye, 1 + drawn(&seed, 6));
		else if (what == 2)
			(void)hold_until(t, name, ++revisions[who], rye, 1 + drawn(&seed, 6), 1);
		else if (what == 3 && revision)
			(void)commit(t, name, revision);
		else if (what == 4 && revision)
			CHECK(release(t, name, revision));
		else
			CHECK(give_back(t, name, reference, drawn(&seed, 3), true));
		CHECK(adds_up(t));
		int64_t sold = 0;
		for (unsigned i = 0; i < 5; i++) {
			struct market_sold_of_row *rows;
			size_t n;
			snprintf(name, sizeof name, "c%u", i);
			SCOPED_DB_READ c = NULL;
			CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
			CHECK_OK(q_market_sold_of(c, str_c(name), &rows, &n, &t->err));
			for (size_t k = 0; k < n; k++)
				sold += rows[k].quantity - rows[k].returned;
		}
		CHECK(offer(t, rye)->on_hand + sold == 10);
	}
}

/* --- all at once -------------------------------------------------------------------------------------------------- */

enum { BUYERS = 60 };
struct race {
	struct store *t;
	struct fiber *waiting;
	unsigned running, bought;
	struct str items[2];
};
struct buyer {
	struct race *r;
	unsigned n;
	struct db *db;
};

static void buy(void *arg)
{
	struct buyer *b = arg;
	struct race *r = b->r;
	struct shop s;
	SCOPED_ARENA *a = arena_new(4 << 20);
	struct ctx ctx;
	struct store mine = *r->t;
	char name[16];
	ctx_init(&ctx, a);
	mine.ctx = &ctx;
	mine.db = b->db;
	open_shop(&s, &ctx, b->db);
	snprintf(name, sizeof name, "buyer-%u", b->n);
	/* Both items, named in either order. */
	struct sale_line lines[2] = { { .line = 1, .quantity = 1, .answers = STR("") },
		                      { .line = 2, .quantity = 1, .answers = STR("") } };
	lines[0].item = r->items[b->n % 2];
	lines[1].item = r->items[1 - b->n % 2];
	struct hold_ask ask = {
		.checkout = str_c(name), .revision = 1, .roles = STR(""), .until = clock_now_us() + later
	};
	struct hold_answer out = { 0 };
	ask.lines.items = lines;
	ask.lines.count = 2;
	if (market_serve_hold(&ctx, &ask, &out, NULL) == ST_OK && out.held && commit(&mine, name, 1))
		r->bought++;
	if (!--r->running)
		fiber_wake(r->waiting);
}

static void the_last_ones(struct store *t)
{
	struct shop s;
	struct buyer buyers[BUYERS];
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	struct db *other = db_open(&t->cfg, &t->err); /* as another process has it */
	CHECK(other);
	struct race r = { .t = t,
		          .waiting = fiber_self(),
		          .running = BUYERS,
		          .items = { item_of(t, "rye", 0), item_of(t, "rye", 1) } };
	for (unsigned i = 0; i < BUYERS; i++) {
		buyers[i] = (struct buyer){ &r, i, i % 3 ? t->db : other };
		CHECK(fiber_spawn(fiber_loop(fiber_self()), buy, &buyers[i], FIBER_LARGE));
	}
	while (r.running)
		CHECK(fiber_park(FIBER_FOREVER) == ST_OK);
	db_close(other);
	CHECK(r.bought == 4);
	CHECK(left(t, r.items[0], 6, 0) && left(t, r.items[1], 0, 0));
}

static const struct store_test tests[] = {
	{ "a_sale", a_sale },
	{ "a_change", a_change },
	{ "lapsed", lapsed },
	{ "rules", rules },
	{ "quotes", quotes },
	{ "states_of_cycles", states_of_cycles },
	{ "a_cycle", a_cycle },
	{ "caps", caps },
	{ "what_cycles_tell", what_cycles_tell },
	{ "price_lists", price_lists },
	{ "reductions", reductions },
	{ "bounds", bounds },
	{ "unit_prices", unit_prices },
	{ "any_order", any_order },
	{ "the_last_ones", the_last_ones },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &market_migrations, NULL });
}
