/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of an order before it is handed over, on each engine: less of it, more beside it, weighed, money that
 * goes back another way; the books add up after each step, and its seller has what was given back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "services/cart/pay.h"
#include "services/cart/slots.h"
#include "services/cart/supplies.h"
#include "stall.h"
#include "store.h"
#include "visitor.h"

static int passed, failed;
static bool wrong;
#define EXPECT(cond) \
	do { \
		if (!(cond)) { \
			printf("       %s:%d: %s\n", "test_change.c", __LINE__, #cond); \
			wrong = true; \
		} \
	} while (0)

static const int64_t mara = 7700000000000000088;

struct day { struct house *h; struct service_instance *cart; char number[64]; int64_t order, refund; };

static struct service_instance *instance_of(struct house *h, const char *name)
{
	for (unsigned i = 0; i < h->p->service_count; i++)
		if (!strcmp(h->p->services[i].def->name, name))
			return &h->p->services[i];
	abort();
}

/* An order of three loaves at 19.99, 7 % tax in, as its placing and its sale leave it. */
struct sold { struct day *d; int64_t grams, open_until, cycle; bool person, paid; };

static enum status tx_sold(struct db_conn *c, void *arg, struct err *e)
{
	struct sold *x = arg;
	struct day *d = x->d;
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	int64_t now = clock_now_us(), payment = id_new();
	struct str none = STR(""), number = str_c(d->number), loaf = STR("loaf"), stall_name = STR("stall");
	TRY(q_cart_order_add(c, d->order, number, STR("key"), number, number, 0, 1, x->person ? &mara : NULL,
	        STR("stall/stall"), STR("Stall"), now + 3600 * US_PER_S, STR("cash"), STR("EUR"), 3 * PRICE, 392,
	        STR("Mara"), STR("mara@example.org"), none, none, STR("en"), x->open_until ? &x->open_until : NULL, now,
	        NULL, e));
	TRY(q_cart_order_line_add(c, d->order, 1, stall_name, loaf, 3, STR("goods"), STR("Loaf"), none, none, none,
	        PRICE, 3 * PRICE, 700, 392, 7, STR("Mill"), 1200, NULL, none, none, x->cycle, x->grams, NULL, e));
	TRY(q_cart_order(c, number, &o, e));
	TRY(q_cart_order_lines(c, d->order, &lines, &n, e));
	TRY(q_cart_order_set_supply(c, d->order, STR("held"), STR("sold"), NULL, e));
	TRY(journal_sale(c, o, lines, n, e));
	if (!x->paid)
		return ST_OK;
	TRY(q_cart_payment_add(c, payment, d->order, 1, STR("cash"), number, 3 * PRICE, now, NULL, now, NULL, e));
	TRY(q_cart_payment_settle(c, payment, STR("paid"), none, none, now, NULL, e));
	const struct posting list[] = { { "cash", 3 * PRICE }, { "order", -3 * PRICE } };
	TRY(journal_write(c, "payment", number, d->order, STR("EUR"), list, 2, e));
	return q_cart_order_set_payment(c, d->order, STR("paid"), 3 * PRICE, 0, now, NULL, e);
}

static void sell(struct day *d, struct ctx *ctx, struct sold x)
{
	struct hold *h;
	d->order = id_new();
	snprintf(d->number, sizeof d->number, "N%lld", (long long)d->order);
	memset(&stall, 0, sizeof stall);
	stall.on_hand = STOCK;
	h = hold_of(str_c(d->number));
	h->sold = 3;
	stall.on_hand -= 3;
	x.d = d;
	EXPECT(db_write(ctx, d->cart->db, tx_sold, &x, NULL) == ST_OK);
}

static cart_order *order_now(struct day *d, struct ctx *ctx, cart_order_line **lines)
{
	cart_order *o = NULL;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, d->cart->db, &c, NULL) != ST_OK || q_cart_order_by_id(c, d->order, &o, NULL) != ST_OK ||
	        q_cart_order_lines(c, d->order, lines, &n, NULL) != ST_OK)
		abort();
	return o;
}

/* What the journal has of an account, over this order; and no entry of it is lopsided. */
static int64_t book_of(struct day *d, struct ctx *ctx, const char *account)
{
	struct cart_ledger_of_order_row *rows;
	struct cart_journal_wrong_row *bad;
	size_t n, bad_count;
	int64_t minor = 0;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, d->cart->db, &c, NULL) != ST_OK ||
	        q_cart_ledger_of_order(c, d->order, &rows, &n, NULL) != ST_OK ||
	        q_cart_journal_wrong(c, &bad, &bad_count, NULL) != ST_OK)
		abort();
	EXPECT(bad_count == 0);
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].account, account))
			minor = rows[i].minor;
	return minor;
}

/* --- the queue and the clock -------------------------------------------------------------------------------------- */

static struct { char payload[4096], letter[8192]; int64_t refunds[8]; size_t count, returns, letters; } due;

static enum status tx_due(struct db_conn *c, void *arg, struct err *e)
{
	struct job_claim_row *rows;
	struct cart_refunds_due_row *refunds;
	size_t n;
	due.count = due.returns = due.letters = 0;
	TRY(q_job_claim(c, INT64_MAX, 1, 100, 1 << 20, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].kind, "cart.return")) {
			snprintf(due.payload, sizeof due.payload, "%.*s", STR_ARG(rows[i].payload));
			due.returns++;
		} else if (str_eqc(rows[i].kind, "mail.send") &&
		        str_find(rows[i].payload, STR("mill@example.org")) > 0) {
			snprintf(due.letter, sizeof due.letter, "%.*s", STR_ARG(rows[i].payload));
			due.letters++;
		}
	TRY(q_cart_refunds_due(c, INT64_MAX, 8, &refunds, &due.count, e));
	for (size_t i = 0; i < due.count; i++)
		due.refunds[i] = refunds[i].id;
	return ST_OK;
}

static void carry_on(struct day *d, struct ctx *ctx)
{
	EXPECT(db_write(ctx, d->cart->db, tx_due, NULL, NULL) == ST_OK);
	for (int twice = 0; due.returns && twice < 2; twice++) /* a worker may die behind the first */
		EXPECT(cart_return_job(ctx, &(struct job){ .payload = str_c(due.payload) }, NULL) == ST_OK);
	for (size_t i = 0; i < due.count; i++)
		EXPECT(refund_go_on(ctx, due.refunds[i], NULL) == ST_OK);
}

/* --- less of it --------------------------------------------------------------------------------------------------- */

static int change(struct day *d, const char *form)
{
	char path[128];
	snprintf(path, sizeof path, "/cart/orders/%s/change?key=key", d->number);
	return ask(d->h, "POST", path, form);
}

static void sell_paid(struct ctx *ctx, void *arg)
{
	sell(arg, ctx, (struct sold){ .open_until = clock_now_us() + 3600 * US_PER_S, .paid = true });
}
static void sell_unpaid(struct ctx *ctx, void *arg)
{
	sell(arg, ctx, (struct sold){ .open_until = clock_now_us() + 3600 * US_PER_S });
}
static void sell_late(struct ctx *ctx, void *arg)
{
	sell(arg, ctx, (struct sold){ .open_until = clock_now_us() - US_PER_S, .paid = true });
}
static void sell_for_good(struct ctx *ctx, void *arg) { sell(arg, ctx, (struct sold){ .paid = true }); }

static void look_after_change(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	cart_order *o;
	ctx->svc = d->cart;
	carry_on(d, ctx);
	o = order_now(d, ctx, &lines);
	EXPECT(lines[0].returned == 1 && lines[0].refunded == PRICE && order_due(o) == 2 * PRICE);
	EXPECT(o->paid == 3 * PRICE && o->refunded == PRICE && str_eqc(o->payment, "part_refunded"));
	EXPECT(stall.on_hand == 1 && hold_of(str_c(d->number))->sold == 2);
	EXPECT(book_of(d, ctx, "order") == 0 && book_of(d, ctx, "cash") == 2 * PRICE);
	EXPECT(book_of(d, ctx, "vat:700") == -(392 - 392 / 3) && book_of(d, ctx, "supplier:7") == -2400);
}

static void look_at_unpaid(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	ctx->svc = d->cart;
	carry_on(d, ctx);
	cart_order *o = order_now(d, ctx, &lines);
	EXPECT(due.count == 0 && order_due(o) == 2 * PRICE && stall.on_hand == 1);
	EXPECT(book_of(d, ctx, "order") == 2 * PRICE);
	EXPECT(pay_received(ctx, o, STR("cash"), STR(""), NULL) == ST_OK);
	o = order_now(d, ctx, &lines);
	EXPECT(o->paid == 2 * PRICE && str_eqc(o->payment, "paid") && book_of(d, ctx, "order") == 0);
	EXPECT(pay_received(ctx, o, STR("cash"), STR(""), NULL) == ST_CONFLICT);
}

/* Cancelled when nothing was paid: its seller has it again. */
static void cancel_unpaid(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	ctx->svc = d->cart;
	EXPECT(order_cancel(ctx, d->order, "buyer", STR(""), NULL) == ST_OK);
	carry_on(d, ctx);
	cart_order *o = order_now(d, ctx, &lines);
	EXPECT(str_eqc(o->state, "cancelled") && order_due(o) == 0 && book_of(d, ctx, "order") == 0);
	EXPECT(stall.on_hand == STOCK && hold_of(str_c(d->number))->sold == 0);
}

static void an_order_is_made_less(struct house *h, struct day *d)
{
	house_in_fiber(h, sell_paid, d);
	EXPECT(change(d, "line-1=3") == 422 && strstr(answer, "Nothing is changed"));
	EXPECT(change(d, "line-1=0") == 422 && strstr(answer, "Cancel the order instead"));
	EXPECT(change(d, "line-1=4") == 422 && strstr(answer, "from 0 to 3"));
	EXPECT(change(d, "line-1=-1") == 422 && change(d, "line-1=x") == 422);
	EXPECT(change(d, "line-1=2&via=balance") == 422 && change(d, "line-1=2&via=cash") == 422); /* whose? */
	EXPECT(change(d, "line-1=2") == 303);
	house_in_fiber(h, look_after_change, d);
	house_in_fiber(h, sell_unpaid, d);
	EXPECT(change(d, "line-1=2&via=") == 303);
	house_in_fiber(h, look_at_unpaid, d);
	house_in_fiber(h, sell_unpaid, d);
	house_in_fiber(h, cancel_unpaid, d);
	house_in_fiber(h, sell_late, d);
	EXPECT(change(d, "line-1=2") == 409 && strstr(answer, "too late"));
	house_in_fiber(h, sell_for_good, d);
	EXPECT(change(d, "line-1=2") == 409);
}

/* --- another way back --------------------------------------------------------------------------------------------- */

static enum status tx_half_to_balance(struct db_conn *c, void *arg, struct err *e)
{
	struct day *d = arg;
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	TRY(q_cart_order_locked(c, d->order, &o, e));
	TRY(q_cart_order_lines(c, d->order, &lines, &n, e));
	struct refund_line l = { .line = 1, .quantity = 1, .amount = refund_worth(&lines[0], 1) };
	return refund_want(c, o,
	        &(struct refund_wish){
	                .lines = &l, .count = 1, .reason = "changed", .actor = STR(""), .via = STR("balance") },
	        e);
}

static int64_t balance_of_mara(struct day *d, struct ctx *ctx)
{
	struct cart_balance_row *b;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, d->cart->db, &c, NULL) != ST_OK || q_cart_balance(c, mara, STR("EUR"), &b, NULL) != ST_OK)
		abort();
	return b ? b->minor : 0;
}

static void to_the_balance(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	ctx->svc = d->cart;
	sell(d, ctx, (struct sold){ .person = true, .paid = true });
	int64_t before = balance_of_mara(d, ctx);
	EXPECT(db_write(ctx, d->cart->db, tx_half_to_balance, d, NULL) == ST_OK);
	carry_on(d, ctx);
	cart_order *o = order_now(d, ctx, &lines);
	EXPECT(balance_of_mara(d, ctx) == before + PRICE && o->refunded == PRICE);
	EXPECT(stall.on_hand == 0 && hold_of(str_c(d->number))->sold == 2); /* it can not be sold again */
	EXPECT(book_of(d, ctx, "balance:7700000000000000088") == -PRICE && book_of(d, ctx, "cash") == 3 * PRICE);
	EXPECT(book_of(d, ctx, "order") == 0);
}

static void money_goes_back_another_way(struct house *h, struct day *d)
{
	house_in_fiber(h, to_the_balance, d);
}

/* --- weighed ------------------------------------------------------------------------------------------------------ */

static void weigh(struct day *d, struct ctx *ctx, int64_t grams, enum status want)
{
	struct audit_entry audit = { .actor = STR("system"), .action = "order.weighed", .object = str_c(d->number),
		.address = STR("") };
	cart_order_line *lines;
	EXPECT(order_weigh(ctx, order_now(d, ctx, &lines), 1, grams, &audit, NULL) == want);
}

static void by_weight(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	cart_order *o;
	ctx->svc = d->cart;
	sell(d, ctx, (struct sold){ .grams = 500, .paid = true, .open_until = clock_now_us() + 3600 * US_PER_S });
	weigh(d, ctx, 1000001, ST_UNPROCESSABLE);
	weigh(d, ctx, -1, ST_UNPROCESSABLE);
	weigh(d, ctx, 1200, ST_OK); /* a fifth is missing of 1500 g: 11.99(4) of 59.97 */
	carry_on(d, ctx);
	o = order_now(d, ctx, &lines);
	EXPECT(lines[0].weighed == 1200 && lines[0].less == 1199 && order_due(o) == 3 * PRICE - 1199);
	EXPECT(o->refunded == 1199 && str_eqc(o->fulfilment, "packing") && !order_is_open(o));
	EXPECT(book_of(d, ctx, "order") == 0 && book_of(d, ctx, "supplier:7") == -(3600 - 720));
	EXPECT(book_of(d, ctx, "vat:700") == -(392 - 78));
	EXPECT(stall.on_hand == 0 && due.returns == 0); /* no loaf came back */
	weigh(d, ctx, 1000, ST_CONFLICT);
	/* all of it given back is what was paid for it, less what was given back for its weight */
	EXPECT(order_cancel(ctx, d->order, "keeper", STR(""), NULL) == ST_OK);
	carry_on(d, ctx);
	o = order_now(d, ctx, &lines);
	EXPECT(o->refunded == 3 * PRICE && order_due(o) == 0 && stall.on_hand == STOCK);
	const char *const accounts[] = { "order", "cash", "vat:700", "supplier:7", "sales" };
	for (size_t i = 0; i < 5; i++)
		EXPECT(book_of(d, ctx, accounts[i]) == 0);
}

/* One was taken off before: a fifth of what is left is a fifth of two. */
static void weighed_after_a_change(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	ctx->svc = d->cart;
	sell(d, ctx, (struct sold){ .grams = 500, .paid = true, .person = true });
	EXPECT(db_write(ctx, d->cart->db, tx_half_to_balance, d, NULL) == ST_OK);
	carry_on(d, ctx);
	weigh(d, ctx, 800, ST_OK);
	carry_on(d, ctx);
	EXPECT(order_due(order_now(d, ctx, &lines)) == 2 * PRICE - 800 && book_of(d, ctx, "order") == 0);
	EXPECT(db_write(ctx, d->cart->db, tx_half_to_balance, d, NULL) == ST_OK);
	carry_on(d, ctx);
	EXPECT(order_due(order_now(d, ctx, &lines)) == 1599 && lines[0].returned == 2);
	EXPECT(order_cancel(ctx, d->order, "keeper", STR(""), NULL) == ST_OK);
	carry_on(d, ctx);
	EXPECT(order_due(order_now(d, ctx, &lines)) == 0);
	const char *const accounts[] = { "order", "vat:700", "supplier:7", "sales" };
	for (size_t i = 0; i < 4; i++)
		EXPECT(book_of(d, ctx, accounts[i]) == 0);
}

static void more_than_expected(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	cart_order_line *lines;
	ctx->svc = d->cart;
	sell(d, ctx, (struct sold){ .grams = 500, .paid = true });
	weigh(d, ctx, 1800, ST_OK);
	carry_on(d, ctx);
	EXPECT(due.count == 0 && order_due(order_now(d, ctx, &lines)) == 3 * PRICE && lines[0].weighed == 1800);
	sell(d, ctx, (struct sold){ .paid = true });
	weigh(d, ctx, 100, ST_CONFLICT); /* is not sold by weight */
}

static void what_is_weighed_costs_its_weight(struct house *h, struct day *d)
{
	house_in_fiber(h, by_weight, d);
	house_in_fiber(h, weighed_after_a_change, d);
	house_in_fiber(h, more_than_expected, d);
}

/* --- together ----------------------------------------------------------------------------------------------------- */

struct visit { int64_t slot; struct slot_wish wish; bool full; };

static enum status tx_visit_slot(struct db_conn *c, void *arg, struct err *e)
{
	struct visit *x = arg;
	int64_t now = clock_now_us();
	x->slot = id_new();
	return q_cart_slot_add(c, x->slot, STR("Mill"), now + 7200 * US_PER_S, now + 9000 * US_PER_S,
	        now + 3600 * US_PER_S, 1, NULL, e);
}

static enum status tx_take(struct db_conn *c, void *arg, struct err *e)
{
	struct visit *x = arg;
	return slot_take(c, &x->wish, &x->full, e);
}

static enum status take(struct day *d, struct ctx *ctx, struct visit *x, const char *chosen, int64_t person)
{
	x->wish = (struct slot_wish){ str_c(chosen), person, clock_now_us(), &d->order, 1 };
	return db_write(ctx, d->cart->db, tx_take, x, NULL);
}

static void together(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	struct visit x = { 0 };
	char with[80];
	cart_order_line *lines;
	ctx->svc = d->cart;
	EXPECT(db_write(ctx, d->cart->db, tx_visit_slot, &x, NULL) == ST_OK);
	sell(d, ctx, (struct sold){ .person = true, .paid = true });
	EXPECT(take(d, ctx, &x, arena_cstr(ctx->arena, id_str(ctx->arena, x.slot)), mara) == ST_OK);
	EXPECT(order_is_open(order_now(d, ctx, &lines))); /* as long as the time can be chosen */
	snprintf(with, sizeof with, "with-%s", d->number);
	sell(d, ctx, (struct sold){ .person = true });
	EXPECT(take(d, ctx, &x, arena_cstr(ctx->arena, id_str(ctx->arena, x.slot)), mara) == ST_CONFLICT && x.full);
	EXPECT(take(d, ctx, &x, with, mara + 1) == ST_CONFLICT); /* is not theirs */
	EXPECT(take(d, ctx, &x, with, 0) == ST_CONFLICT);
	EXPECT(take(d, ctx, &x, "with-", mara) == ST_CONFLICT);
	EXPECT(take(d, ctx, &x, with, mara) == ST_OK); /* one visit: it is not full for that */
	EXPECT(take(d, ctx, &x, "nothing", mara) == ST_INVALID);
}

static void more_is_collected_together(struct house *h, struct day *d)
{
	house_in_fiber(h, together, d);
}

/* --- ordered from suppliers --------------------------------------------------------------------------------------- */

static enum status supplies(struct day *d, struct ctx *ctx, int64_t cycle)
{
	char payload[100];
	snprintf(payload, sizeof payload, "{\"cycle\":%lld,\"title\":\"Friday\"}", (long long)cycle);
	return cart_supplies_job(ctx, &(struct job){ .payload = str_c(payload) }, NULL);
}

static struct cart_supplies_row *supplies_now(struct day *d, struct ctx *ctx, size_t *n)
{
	struct cart_supplies_row *rows;
	const struct db_page page = { .lim = 100 };
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, d->cart->db, &c, NULL) != ST_OK ||
	        q_cart_supplies(c, STR(""), STR("%"), &page, &rows, n, NULL) != ST_OK)
		abort();
	return rows;
}

static void from_suppliers(struct ctx *ctx, void *arg)
{
	struct day *d = arg;
	size_t before, n;
	char id[ID_TEXT_LEN + 1];
	ctx->svc = d->cart;
	int64_t cycle = id_new(), later = id_new();
	supplies_now(d, ctx, &before);
	sell(d, ctx, (struct sold){ .cycle = cycle, .person = true, .paid = true });
	EXPECT(db_write(ctx, d->cart->db, tx_half_to_balance, d, NULL) == ST_OK);
	sell(d, ctx, (struct sold){ .cycle = cycle });
	sell(d, ctx, (struct sold){ .cycle = later });
	carry_on(d, ctx);
	EXPECT(supplies(d, ctx, cycle) == ST_OK && supplies(d, ctx, cycle) == ST_OK);
	const struct cart_supplies_row *rows = supplies_now(d, ctx, &n);
	EXPECT(n == before + 1 && rows[n - 1].pieces == 5 && str_eqc(rows[n - 1].state, "sent"));
	carry_on(d, ctx);
	EXPECT(due.letters == 1); /* once, and with a table: its text is in a row beside the job */
	EXPECT(strstr(due.letter, "Our order: Friday") && strstr(due.letter, "\"body\":"));
	stall.silent = true;
	EXPECT(supplies(d, ctx, later) == ST_OK);
	rows = supplies_now(d, ctx, &n);
	EXPECT(n == before + 2 && rows[n - 1].pieces == 3 && str_eqc(rows[n - 1].state, "unsent"));
	carry_on(d, ctx);
	EXPECT(due.letters == 0);
	EXPECT(supplies(d, ctx, 0) == ST_OK && supplies(d, ctx, id_new()) == ST_OK); /* nothing was sold in them */
	supplies_now(d, ctx, &n);
	EXPECT(n == before + 2);
	id_text(later, id);
	EXPECT(cart_cycle_closed(ctx, &(struct event){ .object = str_c(id), .payload = STR("{\"title\":\"Friday\"}") },
	               NULL) == ST_OK);
	EXPECT(cart_cycle_closed(ctx, &(struct event){ .object = STR("?"), .payload = STR("{}") }, NULL) == ST_OK);
}

static void what_a_cycle_sold_is_ordered(struct house *h, struct day *d)
{
	house_in_fiber(h, from_suppliers, d);
}

static const struct { const char *name; void (*run)(struct house *h, struct day *d); } tests[] = {
	{ "an_order_is_made_less", an_order_is_made_less },
	{ "money_goes_back_another_way", money_goes_back_another_way },
	{ "what_is_weighed_costs_its_weight", what_is_weighed_costs_its_weight },
	{ "more_is_collected_together", more_is_collected_together },
	{ "what_a_cycle_sold_is_ordered", what_a_cycle_sold_is_ordered },
};

static void on_engine(const char *engine)
{
	const struct service *services[SERVICES_MAX] = { &service_stall };
	struct house h;
	for (size_t i = 0; services_all[i]; i++)
		services[i + 1] = services_all[i];
	bool open = house_open_of(&h, engine, services, NULL);
	failed += !open;
	for (size_t i = 0; open && i < sizeof tests / sizeof *tests; i++) {
		struct day d = { .h = &h, .cart = instance_of(&h, "cart") };
		wrong = false;
		tests[i].run(&h, &d);
		printf("  %s %s/%s\n", wrong ? "FAIL" : "ok  ", engine, tests[i].name);
		failed += wrong;
		passed += !wrong;
	}
	house_close(&h);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	on_engine("sqlite");
	if (getenv("GUILDHALL_TEST_PG"))
		on_engine("postgres");
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
