/* SPDX-License-Identifier: Apache-2.0
 *
 * Orders and money: cart with the payment provider's simulator and a seller of this test's own, in one process, on each
 * engine. Every order of what may happen to an order, up to a depth; then all that waits is carried on until nothing
 * moves any more, and the books of all three must agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "cancel/house.h"
#include "gen/platform_sql.h"
#include "services/cart/pay.h"
#include "services/cart/payouts.h"
#include "services/cart/slots.h"
#include "services/sumup/sumup.h"
#include "stall.h"
#include "store.h"
#include "visitor.h"

static int passed, failed;
#define EXPECT(cond) \
	do { \
		if (!(cond)) { \
			printf("       %s:%d: %s (%s)\n", "test_cart.c", __LINE__, #cond, trail); \
			wrong = true; \
		} \
	} while (0)
static char trail[256];
static bool wrong;

/* --- what may happen --------------------------------------------------------------------------------------------- */

struct play { struct ctx *ctx; struct service_instance *cart, *sumup; int64_t order; int64_t now; struct str press; };

static struct sale *sales(struct play *p, int64_t quantity)
{
	struct sale *s = ARENA_NEW(p->ctx->arena, struct sale);
	s->provider = STR("stall");
	s->lines = ARENA_ARRAY(p->ctx->arena, struct sale_line, 1);
	s->lines[0] = (struct sale_line){
		.line = 1, .item = STR("loaf"), .quantity = quantity, .own_price_null = true, .answers = STR("")
	};
	s->count = 1;
	return s;
}

static struct str checkout_name(struct play *p) { return arena_strf(p->ctx->arena, "c%lld", (long long)p->order); }

static enum status tx_order(struct db_conn *c, void *arg, struct err *e)
{
	struct play *p = arg;
	struct str number = arena_strf(db_arena(c), "N%lld", (long long)p->order);
	TRY(q_cart_order_add(c, p->order, number, STR("key"), checkout_name(p), number, 0, 1, NULL, STR("stall/stall"),
	        STR("Stall"), clock_now_us() + CART_HOLD_MIN * 60 * US_PER_S, STR("card"), STR("EUR"), 2 * PRICE,
	        262, STR("Ada"), STR("ada@example.org"), STR(""), STR(""), STR("en"), NULL, clock_now_us(), NULL, e));
	return q_cart_order_line_add(c, p->order, 1, STR("stall"), STR("loaf"), 2, STR("goods"), STR("Loaf"), STR(""),
	        STR(""), STR(""), PRICE, 2 * PRICE, 700, 262, 7, STR("Mill"), 1200, NULL, STR(""), STR(""), 0, 0, NULL,
	        e);
}

static enum status place(struct play *p, struct err *e)
{
	struct sellers_refused r;
	struct buyer b = { 0, STR(""), STR("en"), STR("Ada"), STR("ada@example.org") };
	p->order = id_new();
	TRY(sellers_hold(p->ctx, sales(p, 2), 1, checkout_name(p), 1, &b,
	        clock_now_us() + CART_HOLD_MIN * 60 * US_PER_S, &r, e));
	if (r.any)
		return err_set(e, ST_CONFLICT, "refused");
	return db_write(p->ctx, p->cart->db, tx_order, p, e);
}

static cart_order *order(struct play *p)
{
	cart_order *o = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(p->ctx, p->cart->db, &c, NULL) != ST_OK || q_cart_order_by_id(c, p->order, &o, NULL) != ST_OK)
		abort();
	return o;
}

static cart_payment *last_payment(struct play *p)
{
	cart_payment *list;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(p->ctx, p->cart->db, &c, NULL) != ST_OK ||
	        q_cart_payments_of(c, p->order, &list, &n, NULL) != ST_OK)
		abort();
	return n ? &list[n - 1] : NULL;
}

static void in_sumup(struct play *p, bool paid)
{
	cart_payment *last = last_payment(p);
	if (!last || !last->remote_id.n)
		return;
	p->ctx->svc = p->sumup;
	(void)!sim_pay(p->ctx, last->remote_id, paid, NULL); /* not open any more: the card page says so */
	p->ctx->svc = p->cart;
}

static enum status tx_put_faults(struct db_conn *c, void *arg, struct err *e) { return sim_faults_put(c, arg, e); }

static void fault(struct play *p, const char *json)
{
	struct sim_faults f = { .callbacks = 1 };
	json_t *j = json_parse(str_c(json), 2, NULL);
	p->ctx->svc = p->sumup;
	if (!j || sim_faults_read(j, &f, NULL) != ST_OK)
		abort();
	json_decref(j);
	if (db_write(p->ctx, p->sumup->db, tx_put_faults, &f, NULL) != ST_OK)
		abort();
	p->ctx->svc = p->cart;
}

static void begin(struct play *p)
{
	struct str url;
	(void)!pay_begin(p->ctx, order(p), STR("card"), &url, NULL);
}
static void begin_unheard(struct play *p)
{
	fault(p, "{\"silent_times\":1}");
	begin(p);
	fault(p, "{\"silent_times\":0}");
}
static void pays(struct play *p) { in_sumup(p, true); }
static void declined(struct play *p) { in_sumup(p, false); }
static void looks(struct play *p)
{
	cart_payment *last = last_payment(p);
	if (last)
		(void)!pay_look(p->ctx, last->id, true, NULL);
}
static void looks_at_nobody(struct play *p)
{
	fault(p, "{\"status\":503,\"status_times\":1}");
	looks(p);
	fault(p, "{\"status_times\":0}");
}
static void cancels(struct play *p)
{
	struct err e = { 0 };
	enum status s = order_cancel(p->ctx, p->order, "buyer", STR(""), &e);
	if (s != ST_OK && s != ST_CONFLICT) /* it has ended already */
		printf("       not cancelled: %s (%s)\n", e.msg, trail), wrong = true;
}
static void time_passes(struct play *p)
{
	p->now += 37 * 60 * US_PER_S;
	clock_fake_us(p->now);
}
static void watch(struct play *p)
{
	(void)!pay_watch(p->ctx, NULL);
}

/* What the queue would do: the completion of the order, if it is due. */
static void completes(struct play *p)
{
	struct str payload = arena_strf(p->ctx->arena, "{\"order\":%lld}", (long long)p->order);
	struct err e = { 0 };
	cart_order *o = order(p);
	if (o->paid >= o->total && cart_complete_job(p->ctx, &(struct job){ .payload = payload }, &e) != ST_OK)
		printf("       not completed: %s (%s)\n", e.msg, trail), wrong = true;
}

struct claimed { struct str payloads[32]; size_t count; struct arena *a; };

static enum status tx_claim_returns(struct db_conn *c, void *arg, struct err *e)
{
	struct claimed *x = arg;
	struct job_claim_row *rows;
	size_t n;
	TRY(q_job_claim(c, INT64_MAX, 1, 32, 1 << 20, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].kind, "cart.return"))
			x->payloads[x->count++] = arena_str(x->a, rows[i].payload);
	return ST_OK;
}

/* What goes back to its seller, twice: a worker may die behind the first. */
static void things_return(struct play *p)
{
	struct claimed x = { .a = p->ctx->arena };
	struct err e = { 0 };
	if (db_write(p->ctx, p->cart->db, tx_claim_returns, &x, &e) != ST_OK)
		abort();
	for (size_t i = 0; i < 2 * x.count; i++)
		if (cart_return_job(p->ctx, &(struct job){ .payload = x.payloads[i / 2] }, &e) != ST_OK)
			printf("       not returned: %s (%s)\n", e.msg, trail), wrong = true;
}
static void others_buy(struct play *p)
{
	struct hold *h = hold_of(STR("others"));
	free_expired(NULL);
	h->sold += stall.on_hand - held(NULL);
	stall.on_hand = held(NULL);
}
static enum status tx_half(struct db_conn *c, void *arg, struct err *e)
{
	struct play *p = arg;
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	TRY(q_cart_order_locked(c, p->order, &o, e));
	TRY(q_cart_order_lines(c, p->order, &lines, &n, e));
	if (!str_eqc(o->supply, "sold") || lines[0].returned >= 2)
		return ST_OK;
	struct refund_line l = { .line = 1, .quantity = 1, .amount = refund_worth(&lines[0], 1) };
	return refund_want(c, o,
	        &(struct refund_wish){
	                .lines = &l, .count = 1, .restock = true, .reason = "withdrawn", .actor = STR("") },
	        e);
}
static void withdraws_one(struct play *p)
{
	if (db_write(p->ctx, p->cart->db, tx_half, p, NULL) != ST_OK)
		printf("       a withdrawal was refused (%s)\n", trail), wrong = true;
}

static const struct move { const char *name; void (*make)(struct play *p);
} moves[] = {
	{ "begin", begin },
	{ "begin-unheard", begin_unheard },
	{ "pay", pays },
	{ "declined", declined },
	{ "look", looks },
	{ "no-answer", looks_at_nobody },
	{ "cancel", cancels },
	{ "time", time_passes },
	{ "watch", watch },
	{ "complete", completes },
	{ "others", others_buy },
	{ "withdraw", withdraws_one },
};
enum { MOVES = sizeof moves / sizeof *moves };

/* --- the end of the day ------------------------------------------------------------------------------------------- */

static void settle(struct play *p)
{
	for (int i = 0; i < 8; i++) {
		p->now += 40 * 60 * US_PER_S;
		clock_fake_us(p->now);
		watch(p);
		completes(p);
		watch(p);
		things_return(p);
	}
}

struct books { int64_t order, wrong, taken, given; };

static struct books books_of(struct play *p)
{
	struct books b = { 0 };
	struct cart_ledger_of_order_row *rows;
	struct cart_journal_wrong_row *bad;
	cart_payment *list;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(p->ctx, p->cart->db, &c, NULL) != ST_OK ||
	        q_cart_ledger_of_order(c, p->order, &rows, &n, NULL) != ST_OK)
		abort();
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].account, "order"))
			b.order = rows[i].minor;
	if (q_cart_journal_wrong(c, &bad, &n, NULL) != ST_OK ||
	        q_cart_payments_of(c, p->order, &list, &n, NULL) != ST_OK)
		abort();
	b.wrong = 0;
	db_read_end(&c);
	for (size_t i = 0; i < n; i++) {
		struct sumup_transactions_of_row *t;
		struct sumup_refunds_of_row *r;
		size_t count, back;
		SCOPED_DB_READ s = NULL;
		if (db_read(p->ctx, p->sumup->db, &s, NULL) != ST_OK ||
		        q_sumup_transactions_of(s, list[i].remote_id, &t, &count, NULL) != ST_OK)
			abort();
		for (size_t k = 0; k < count; k++) {
			b.taken += str_eqc(t[k].status, "SUCCESSFUL") ? t[k].amount : 0;
			if (q_sumup_refunds_of(s, t[k].id, &r, &back, NULL) != ST_OK)
				abort();
			for (size_t m = 0; m < back; m++)
				b.given += r[m].amount;
		}
	}
	return b;
}

static void check(struct play *p)
{
	cart_order *o = order(p);
	struct books b = books_of(p);
	struct hold *h = hold_of(checkout_name(p));
	int64_t kept = b.taken - b.given;
	EXPECT(b.order == 0);                                     /* nobody owes anybody */
	EXPECT(o->paid == b.taken && o->refunded == b.given);     /* our books are the provider's */
	EXPECT(!str_eqc(o->supply, "held"));                      /* nothing hangs */
	EXPECT(!h->live);
	EXPECT(kept == h->sold * PRICE);                          /* money for goods, goods for money */
	EXPECT(str_eqc(o->supply, "sold") || h->sold == 0);
	EXPECT(stall.on_hand >= 0 && held(NULL) == 0);
	EXPECT(stall.on_hand + h->sold + hold_of(STR("others"))->sold == STOCK);
}

static void play_one(struct play *p, const int *list, int depth)
{
	struct err e = { 0 };
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct ctx ctx = *p->ctx;
	struct play own = *p;
	ctx.arena = a;
	ctx.deadline_ns = clock_mono_ns() + 60 * NS_PER_S;
	own.ctx = &ctx;
	memset(&stall, 0, sizeof stall);
	stall.on_hand = STOCK;
	trail[0] = 0;
	for (int i = 0; i < depth; i++)
		snprintf(trail + strlen(trail), sizeof trail - strlen(trail), " %s", moves[list[i]].name);
	clock_fake_us(own.now);
	if (place(&own, &e) != ST_OK) {
		printf("       not placed: %s\n", e.msg);
		wrong = true;
		return;
	}
	for (int i = 0; i < depth; i++)
		moves[list[i]].make(&own);
	settle(&own);
	check(&own);
	p->now = own.now;
}

static int depth_wanted;

static void play_all(struct ctx *ctx, void *arg)
{
	struct house *h = arg;
	struct play p = { .ctx = ctx, .now = clock_now_us() };
	int list[8] = { 0 }, count = 0;
	for (unsigned i = 0; i < h->p->service_count; i++) {
		if (!strcmp(h->p->services[i].def->name, "cart"))
			p.cart = &h->p->services[i];
		if (!strcmp(h->p->services[i].def->name, "sumup"))
			p.sumup = &h->p->services[i];
	}
	ctx->svc = p.cart;
	for (int at = 0; at >= 0;) {
		play_one(&p, list, depth_wanted);
		count++;
		for (at = depth_wanted - 1; at >= 0 && ++list[at] == MOVES; at--)
			list[at] = 0;
	}
	clock_fake_us(0);
	printf("       %d orders, every %d of %d moves\n", count, depth_wanted, MOVES);
}

/* --- as a browser does it ----------------------------------------------------------------------------------------- */

static void basket_of_two(struct house *h)
{
	memset(&stall, 0, sizeof stall);
	stall.on_hand = STOCK;
	cookies[0] = 0;
	EXPECT(ask(h, "POST", "/cart/add", "provider=stall&item=loaf&quantity=2") == 303);
}

static void checkout_form(char *form, size_t room, const char *seen_of)
{
	char key[64], seen[64];
	snprintf(form, room, "key=%s&seen=%s&name=Ada&email=ada%%40example.org&phone=&note=&method=card",
	        between("name=\"key\" value=\"", "\"", key, sizeof key),
	        seen_of ? seen_of : between("name=\"seen\" value=\"", "\"", seen, sizeof seen));
}

/* From the shelf to a paid order, and a second press of the button that makes no second order. */
static void a_visitor_buys(struct house *h)
{
	char form[512], where[512], again[512], number[64];
	basket_of_two(h);
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "Loaf") && strstr(answer, "39.98"));
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200 && strstr(answer, "Order with obligation to pay"));
	EXPECT(strstr(answer, "2.62")); /* of that VAT */
	checkout_form(form, sizeof form, NULL);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 303);
	between("location: ", "\r\n", where, sizeof where);
	EXPECT(strstr(where, "/sumup-sim/pay/"));
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 303);
	EXPECT(!strcmp(between("location: ", "\r\n", again, sizeof again), where));
	EXPECT(held(NULL) == 2);
	const char *pay = strstr(where, "/sumup-sim/");
	EXPECT(ask(h, "POST", pay ? pay : "/", "card=4000000000000000") == 303);
	EXPECT(strstr(between("location: ", "\r\n", again, sizeof again), "/cart/return/"));
	EXPECT(ask(h, "GET", strstr(again, "/cart/") ? strstr(again, "/cart/") : "/", NULL) == 303);
	between("location: ", "\r\n", where, sizeof where);
	EXPECT(ask(h, "GET", where, NULL) == 200 && strstr(answer, "did not go through"));
	between("/cart/orders/", "/", number, sizeof number);
	EXPECT(ask(h, "GET", "/cart/orders/NOTHING", NULL) == 404);
	char path[256];
	snprintf(
	        path, sizeof path, "/cart/orders/%.7s", strstr(where, "/orders/") ? strstr(where, "/orders/") + 8 : "");
	EXPECT(ask(h, "GET", path, NULL) == 404); /* without its key it is nobody's */
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "nothing in it"));
}

/* What changed between looking and pressing is shown, and nothing is ordered. */
static void a_changed_basket_is_shown(struct house *h)
{
	char form[512];
	basket_of_two(h);
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200);
	checkout_form(form, sizeof form, "0123");
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 409 && strstr(answer, "Something changed"));
	EXPECT(strstr(answer, "ada@example.org")); /* nothing typed is lost */
	EXPECT(held(NULL) == 0);
	checkout_form(form, sizeof form, NULL); /* looked at, and pressed once more */
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 303);
	basket_of_two(h);
	stall.on_hand = 1;
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200);
	checkout_form(form, sizeof form, NULL);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 409 && strstr(answer, "Only one is left"));
	EXPECT(held(NULL) == 0);
}

static void a_basket_is_bounded(struct house *h)
{
	char form[2048];
	memset(&stall, 0, sizeof stall);
	stall.on_hand = STOCK;
	cookies[0] = 0;
	for (int i = 0; i <= CART_LINES_MAX; i++) {
		snprintf(form, sizeof form, "provider=stall&item=item-%d&quantity=1", i);
		EXPECT(ask(h, "POST", "/cart/add", form) == (i < CART_LINES_MAX ? 303 : 409));
	}
	EXPECT(ask(h, "POST", "/cart/add", "provider=stall&item=item-1&quantity=9999") == 303);
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "value=\"9999\"")); /* and no more */
	EXPECT(ask(h, "POST", "/cart/add", "provider=stall&item=item-1&quantity=10000") == 422);
	EXPECT(ask(h, "POST", "/cart/add", "provider=stall&item=item-1&quantity=0") == 422);
	EXPECT(ask(h, "POST", "/cart/add", "provider=nobody&item=item-1&quantity=1") == 422);
	snprintf(form, sizeof form, "provider=stall&item=%0*d&quantity=1", CART_ITEM_MAX + 1, 7);
	EXPECT(ask(h, "POST", "/cart/add", form) == 422);
	snprintf(form, sizeof form, "provider=stall&item=a&quantity=1&answers=%0*d", CART_NOTE_MAX + 1, 7);
	EXPECT(ask(h, "POST", "/cart/add", form) == 422);
	EXPECT(ask(h, "POST", "/cart/set", "line=0000000000001&quantity=10000") == 422);
	EXPECT(ask(h, "POST", "/cart/set", "line=0000000000001&quantity=-1") == 422);
	EXPECT(ask(h, "POST", "/cart/set", "line=x&quantity=1") == 400);
}

/* --- coupons ------------------------------------------------------------------------------------------------------ */

static struct service_instance *instance_of(struct house *h, const char *name);

static enum status tx_make_coupons(struct db_conn *c, void *arg, struct err *e)
{
	static const struct { const char *code, *account; int64_t percent, amount, least, uses; } all[] = {
		{ "HARVEST10", "", 10, 0, 0, 1 },
		{ "FIVER", "stall/stall", 0, 500, 0, 0 },
		{ "ORCHARD", "market/orchard", 50, 0, 0, 0 },
		{ "LARGE", "", 50, 0, 100000, 0 },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		TRY(q_cart_coupon_add(c, id_new(), str_c(all[i].code), all[i].percent, all[i].amount, STR("EUR"),
		        str_c(all[i].account), all[i].least, NULL, all[i].uses, clock_now_us(), NULL, e));
	return ST_OK;
}

static void make_coupons(struct ctx *ctx, void *arg)
{
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_make_coupons, NULL, NULL) == ST_OK);
}

static enum status tx_use_coupon(struct db_conn *c, void *arg, struct err *e)
{
	return coupon_use(c, STR("HARVEST10"), clock_now_us(), e);
}

static void cancel_newest(struct ctx *ctx, void *arg)
{
	struct cart_orders_row *rows;
	size_t n;
	ctx->svc = instance_of(arg, "cart");
	{
		SCOPED_DB_READ c = NULL;
		if (db_read(ctx, ctx->svc->db, &c, NULL) != ST_OK ||
		        q_cart_orders(c, STR(""), STR("%"), STR("placed"), STR(""), STR(""),
		                &(struct db_page){ .down = true, .lim = 1 }, &rows, &n, NULL) != ST_OK || !n)
			abort();
	}
	EXPECT(order_cancel(ctx, rows[0].id, "buyer", STR(""), NULL) == ST_OK);
}

static void others_use_it(struct ctx *ctx, void *arg)
{
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_use_coupon, NULL, NULL) == ST_OK);
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_use_coupon, NULL, NULL) == ST_CONFLICT);
}

static void a_coupon_takes_off(struct house *h)
{
	static const struct { const char *code, *shown; } all[] = {
		{ "code=nothing", "no coupon of that code" },
		{ "code=ORCHARD", "for other things" },
		{ "code=LARGE", "1,000.00" },
		{ "code=fiver", "34.98" },
		{ "code=+harvest10", "35.98" }, /* 39.98 less 4.00 */
	};
	char form[512];
	house_in_fiber(h, make_coupons, h);
	basket_of_two(h);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		EXPECT(ask(h, "POST", "/cart/coupon", all[i].code) == 303);
		EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, all[i].shown));
	}
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200 && strstr(answer, "35.98") && strstr(answer, "2.35"));
	checkout_form(form, sizeof form, NULL);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 303);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 303); /* once more is the same order, and one use */
	basket_of_two(h);
	EXPECT(ask(h, "POST", "/cart/coupon", "code=HARVEST10") == 303);
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "used up"));
	/* An order that ends before it is paid gives it back. */
	house_in_fiber(h, cancel_newest, h);
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "35.98"));
	/* Somebody else has it between looking and pressing: nothing is ordered, and what it costs now is shown. */
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200);
	checkout_form(form, sizeof form, NULL);
	house_in_fiber(h, others_use_it, h);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 409 && strstr(answer, "39.98"));
	EXPECT(held(NULL) == 0);
	snprintf(form, sizeof form, "code=%0*d", COUPON_MAX + 9, 7); /* cut, and there is none of that code */
	EXPECT(ask(h, "POST", "/cart/coupon", form) == 303);
	EXPECT(ask(h, "GET", "/cart", NULL) == 200 && strstr(answer, "no coupon of that code"));
}

static int64_t slot_id;

static enum status tx_slot(struct db_conn *c, void *arg, struct err *e)
{
	int64_t now = clock_now_us();
	return q_cart_slot_add(c, slot_id, STR("Old mill"), now + 7200 * US_PER_S, now + 9000 * US_PER_S,
	        now + 3600 * US_PER_S, 1, NULL, e);
}

static enum status tx_take_slot(struct db_conn *c, void *arg, struct err *e)
{
	bool *full = arg;
	int64_t order = 1;
	struct slot_wish x = { id_str(db_arena(c), slot_id), 0, clock_now_us(), &order, 1 };
	return slot_take(c, &x, full, e);
}

static enum status tx_no_slot(struct db_conn *c, void *arg, struct err *e)
{
	return q_cart_slot_remove(c, slot_id, true, NULL, e);
}

static struct service_instance *instance_of(struct house *h, const char *name)
{
	for (unsigned i = 0; i < h->p->service_count; i++)
		if (!strcmp(h->p->services[i].def->name, name))
			return &h->p->services[i];
	abort();
}

static void make_slot(struct ctx *ctx, void *arg)
{
	slot_id = id_new();
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_slot, NULL, NULL) == ST_OK);
}

static void slot_is_full(struct ctx *ctx, void *arg)
{
	bool full = false;
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_take_slot, &full, NULL) == ST_CONFLICT && full);
}

static void withdraw_slot(struct ctx *ctx, void *arg)
{
	EXPECT(db_write(ctx, instance_of(arg, "cart")->db, tx_no_slot, NULL, NULL) == ST_OK);
}

/* --- who leaves --------------------------------------------------------------------------------------------------- */

static const int64_t leaver = 7700000000000000077;

static enum status tx_leaver(struct db_conn *c, void *arg, struct err *e)
{
	struct str number = STR("LEAVER"), none = STR("");
	(void)arg;
	return q_cart_order_add(c, id_new(), number, STR("key"), number, number, 0, 1, &leaver, STR("stall/stall"),
	        STR("Stall"), clock_now_us(), STR("card"), STR("EUR"), PRICE, 0, STR("Lea"), STR("lea@example.org"),
	        none, none, STR("en"), NULL, clock_now_us(), NULL, e);
}

static size_t orders_of_leaver(struct ctx *ctx)
{
	cart_order *list;
	size_t n = 0;
	SCOPED_DB_READ c = NULL;
	EXPECT(db_read(ctx, ctx->svc->db, &c, NULL) == ST_OK &&
	        q_cart_orders_all_of(c, leaver, &list, &n, NULL) == ST_OK);
	return n;
}

/* Events name a person by the decimal text of their id (peers/person_data.h). */
static void forget_leaver(struct ctx *ctx, void *arg)
{
	ctx->svc = instance_of(arg, "cart");
	EXPECT(db_write(ctx, ctx->svc->db, tx_leaver, NULL, NULL) == ST_OK && orders_of_leaver(ctx) == 1);
	EXPECT(cart_person_deleted(ctx, &(struct event){ .object = STR("7700000000000000077") }, NULL) == ST_OK);
	EXPECT(orders_of_leaver(ctx) == 0);
}

static void who_leaves_is_forgotten(struct house *h)
{
	house_in_fiber(h, forget_leaver, h);
}

/* Where there are times of collection one is chosen, and each takes as many as it has room for. */
static void a_time_has_room_for_so_many(struct house *h)
{
	char form[640], full[704];
	house_in_fiber(h, make_slot, h);
	basket_of_two(h);
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200 && strstr(answer, "Old mill, "));
	checkout_form(form, sizeof form, NULL);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 422 && strstr(answer, "Please choose when you collect it"));
	char id[ID_TEXT_LEN + 1];
	id_text(slot_id, id);
	checkout_form(form, sizeof form, NULL);
	snprintf(full, sizeof full, "%s&slot=%s", form, id);
	EXPECT(ask(h, "POST", "/cart/checkout", full) == 303);
	house_in_fiber(h, slot_is_full, h);
	basket_of_two(h);
	EXPECT(ask(h, "GET", "/cart/checkout", NULL) == 200 && !strstr(answer, "Old mill, "));
	checkout_form(form, sizeof form, NULL);
	EXPECT(ask(h, "POST", "/cart/checkout", form) == 422 && strstr(answer, "All times of collection are full"));
	snprintf(full, sizeof full, "%s&slot=%s", form, id);
	EXPECT(ask(h, "POST", "/cart/checkout", full) == 422);
	EXPECT(held(NULL) == 0);
	house_in_fiber(h, withdraw_slot, h);
}

/* Anybody may call the hook: nothing comes of it. */
static void a_forged_call_does_nothing(struct house *h)
{
	EXPECT(ask(h, "POST", "/cart/hooks/sumup", "{\"event_type\":\"CHECKOUT_STATUS_CHANGED\",\"id\":\"nothing\"}") ==
	        200);
	EXPECT(ask(h, "POST", "/cart/hooks/sumup", "no JSON") == 200);
}

struct bound { struct house *h; };

static int sim_status(struct ctx *ctx, const char *method, const char *path, struct str body)
{
	struct sim_answer got = { 0 };
	struct err e = { 0 };
	if (sim_api(ctx, &(struct sim_ask){ str_c(method), str_c(path), STR("sup_sk_1"), body }, &got, &e) != ST_OK)
		return -(int)e.status;
	return got.status;
}

static void simulator_bounds(struct ctx *ctx, void *arg)
{
	struct house *h = arg;
	struct arena *a = ctx->arena;
	ctx->svc = instance_of(h, "sumup");
	const char *path = "/v0.1/checkouts",
	           *rest = "\",\"amount\":10.5,\"currency\":\"EUR\",\"merchant_code\":\"M\"}";
	EXPECT(sim_status(ctx, "POST", path,
	               arena_strf(a, "{\"checkout_reference\":\"%0*d%s", SIM_REFERENCE_MAX, 1, rest)) == 201);
	EXPECT(sim_status(ctx, "POST", path,
	               arena_strf(a, "{\"checkout_reference\":\"%0*d%s", SIM_REFERENCE_MAX, 1, rest)) == 409);
	EXPECT(sim_status(ctx, "POST", path,
	               arena_strf(a, "{\"checkout_reference\":\"%0*d%s", SIM_REFERENCE_MAX + 1, 1, rest)) == 400);
	EXPECT(sim_status(ctx, "POST", path, arena_strf(a, "{\"x\":\"%0*d\"}", SIM_BODY_MAX, 1)) == -ST_TOO_LARGE);
	struct sim_faults f = { 0 };
	json_t *most = json_parse(STR("{\"latency_ms\":100000}"), 2, NULL),
	       *more = json_parse(STR("{\"latency_ms\":100001}"), 2, NULL);
	EXPECT(sim_faults_read(most, &f, NULL) == ST_OK && sim_faults_read(more, &f, NULL) == ST_INVALID);
	json_decref(most);
	json_decref(more);
	for (int i = 0; i < SIM_REQUESTS_KEPT + 5; i++)
		EXPECT(sim_status(ctx, "GET", "/v0.1/checkouts/none", STR_NULL) == 404);
	struct sumup_requests_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, ctx->svc->db, &c, NULL) != ST_OK ||
	        q_sumup_requests(c, SIM_REQUESTS_KEPT + 100, &rows, &n, NULL) != ST_OK)
		abort();
	EXPECT(n == SIM_REQUESTS_KEPT);
}

static void the_simulator_is_bounded(struct house *h)
{
	house_in_fiber(h, simulator_bounds, h);
}

/* --- what the provider pays out ----------------------------------------------------------------------------------- */

struct paid_out { int64_t bank, fees, sumup, unmatched; size_t lines, matched; };

static struct paid_out books(struct play *p)
{
	struct paid_out out = { 0 };
	struct cart_ledger_row *rows;
	struct cart_payouts_row *lines;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(p->ctx, p->cart->db, &c, NULL) != ST_OK || q_cart_ledger(c, &rows, &n, NULL) != ST_OK ||
	        q_cart_payouts(c, STR(""), STR("%"), STR(""), &(struct db_page){ .lim = 1000 }, &lines, &out.lines,
	                NULL) != ST_OK)
		abort();
	for (size_t i = 0; i < n; i++) {
		out.bank += str_eqc(rows[i].account, "bank") ? rows[i].minor : 0;
		out.fees += str_eqc(rows[i].account, "fees") ? rows[i].minor : 0;
		out.sumup += str_eqc(rows[i].account, "sumup") ? rows[i].minor : 0;
		out.unmatched += str_eqc(rows[i].account, "unmatched") ? rows[i].minor : 0;
	}
	for (size_t i = 0; i < out.lines; i++)
		out.matched += str_eqc(lines[i].state, "matched");
	return out;
}

static void bought(struct play *p)
{
	if (place(p, NULL) != ST_OK)
		abort();
	begin(p);
	pays(p);
	looks(p);
	completes(p);
}

/* Somebody pays at the till: the shop knows nothing of it. */
static void paid_elsewhere(struct play *p)
{
	static const char body[] = "{\"checkout_reference\":\"till-1\",\"amount\":5,\"currency\":\"EUR\","
	                           "\"merchant_code\":\"MSIM0001\"}";
	struct sim_answer got = { 0 };
	p->ctx->svc = p->sumup;
	if (sim_api(p->ctx, &(struct sim_ask){ STR("POST"), STR("/v0.1/checkouts"), STR("sup_sk_1"), str_c(body) },
	            &got, NULL) != ST_OK)
		abort();
	SCOPED_JSON *j = json_parse(got.body, 4, NULL);
	EXPECT(got.status == 201 && sim_pay(p->ctx, json_str(j, "id"), true, NULL) == ST_OK);
	p->ctx->svc = p->cart;
}

static void payouts_in_fiber(struct ctx *ctx, void *arg)
{
	struct house *h = arg;
	struct play p = { .ctx = ctx, .cart = instance_of(h, "cart"), .sumup = instance_of(h, "sumup"),
		.now = clock_now_us() };
	ctx->svc = p.cart;
	memset(&stall, 0, sizeof stall);
	stall.on_hand = 10;
	bought(&p);
	bought(&p);
	cancels(&p);
	settle(&p);
	paid_elsewhere(&p);
	struct paid_out before = books(&p);
	EXPECT(before.sumup > 0 && before.lines == 0);
	/* Nothing is paid out on the same day. */
	EXPECT(cart_payouts_job(ctx, NULL, NULL) == ST_OK && books(&p).lines == 0);
	clock_fake_us(p.now + 3 * 86400 * US_PER_S);
	fault(&p, "{\"status\":503,\"status_times\":1}");
	EXPECT(cart_payouts_job(ctx, NULL, NULL) == ST_UPSTREAM && books(&p).lines == 0);
	fault(&p, "{\"status_times\":0}");
	for (int i = 0; i < 2; i++) { /* the same lines once more are nothing new */
		EXPECT(cart_payouts_job(ctx, NULL, NULL) == ST_OK);
		struct paid_out after = books(&p);
		EXPECT(after.sumup == 0 && after.unmatched == -500);
		EXPECT(after.bank - before.bank + after.fees == before.sumup + 500 && after.fees > 0);
		EXPECT(after.lines == after.matched + 1 && after.matched >= 3);
	}
	clock_fake_us(0);
}

static void what_is_paid_out_is_matched(struct house *h)
{
	house_in_fiber(h, payouts_in_fiber, h);
}

static void what_may_happen(struct house *h)
{
	house_in_fiber(h, play_all, h);
}

static const struct { const char *name; void (*run)(struct house *h); } tests[] = {
	{ "a_visitor_buys", a_visitor_buys },
	{ "a_changed_basket_is_shown", a_changed_basket_is_shown },
	{ "a_basket_is_bounded", a_basket_is_bounded },
	{ "a_coupon_takes_off", a_coupon_takes_off },
	{ "a_time_has_room_for_so_many", a_time_has_room_for_so_many },
	{ "a_forged_call_does_nothing", a_forged_call_does_nothing },
	{ "the_simulator_is_bounded", the_simulator_is_bounded },
	{ "who_leaves_is_forgotten", who_leaves_is_forgotten },
	{ "what_is_paid_out_is_matched", what_is_paid_out_is_matched },
	{ "what_may_happen", what_may_happen },
};

static void on_engine(const char *engine, int depth, const char *only)
{
	const struct service *services[SERVICES_MAX] = { &service_stall };
	struct house h;
	for (size_t i = 0; services_all[i]; i++)
		services[i + 1] = services_all[i];
	depth_wanted = depth;
	bool open = house_open_of(&h, engine, services, NULL);
	failed += !open;
	for (size_t i = 0; open && i < sizeof tests / sizeof *tests; i++) {
		if (only && strcmp(only, tests[i].name) != 0)
			continue;
		wrong = false;
		trail[0] = 0;
		tests[i].run(&h);
		printf("  %s %s/%s\n", wrong ? "FAIL" : "ok  ", engine, tests[i].name);
		failed += wrong;
		passed += !wrong;
	}
	house_close(&h);
}

/* test_cart [test [depth on SQLite [depth on PostgreSQL]]] */
int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	on_engine("sqlite", argc > 2 ? atoi(argv[2]) : 3, only);
	if (getenv("GUILDHALL_TEST_PG"))
		on_engine("postgres", argc > 3 ? atoi(argv[3]) : 2, only);
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
