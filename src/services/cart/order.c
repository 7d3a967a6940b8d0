/* SPDX-License-Identifier: Apache-2.0
 *
 * An order's own page, for its buyer (signed in, or with the link of the letter) and for keepers; cancelling,
 * withdrawing, paying, ordering again.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"
#include "services/cart/slots.h"

enum { ORDERS_PAGE = 20 };
#define DAY_US (86400 * US_PER_S)

/* --- who may see it ----------------------------------------------------------------------------------------------- */

static bool is_keeper(const struct web *w)
{
	return person_may(w->person, "cart", "host treasurer");
}

static bool same_secret(struct str a, struct str b)
{
	unsigned char differs = a.n != b.n || !a.n;
	for (size_t i = 0; !differs && i < a.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i]);
	return !differs;
}

static struct str key_of(struct web *w)
{
	struct str key = web_query(w, "key");
	return key.n || !w->form_parsed ? key : web_form(w, "key");
}

static enum status order_by_number(struct web *w, struct str number, cart_order **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_cart_order(c, number, out, e));
	bool may = *out && ((w->person && !(*out)->person_id_null && (*out)->person_id == w->person->id) ||
	                           same_secret(key_of(w), (*out)->secret) || is_keeper(w));
	return may ? ST_OK : err_set(e, ST_NOT_FOUND, "%s", tr("There is no such order here."));
}

enum status order_of(struct web *w, cart_order **out, struct err *e)
{
	return order_by_number(w, web_path(w, "number"), out, e);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

const char *order_state_words(const cart_order *o)
{
	if (str_eqc(o->state, "cancelled"))
		return tr("Cancelled");
	if (str_eqc(o->fulfilment, "handed_over"))
		return tr("Collected");
	if (str_eqc(o->payment, "refunded"))
		return tr("Given back");
	if (str_eqc(o->payment, "part_refunded"))
		return tr("Paid, a part given back");
	if (o->total && o->paid >= order_due(o))
		return tr("Paid");
	if (str_eqc(o->payment, "pending"))
		return tr("Payment under way");
	return str_eqc(o->supply, "sold") ? tr("To be paid") : tr("Waiting for payment");
}

static const struct { const char *what, *words; } event_words[] = {
	{ "placed", "Ordered" },
	{ "paid", "Paid" },
	{ "failed", "A payment failed" },
	{ "expired", "A payment was not made in time" },
	{ "sold", "Confirmed" },
	{ "held_anew", "Kept for you anew" },
	{ "cancelled", "Cancelled" },
	{ "refund_wanted", "To be given back" },
	{ "refunded", "Given back" },
	{ "refund_refused", "The payment provider refused to give it back" },
	{ "changed", "Changed" },
	{ "packed", "Packed" },
	{ "handed_over", "Collected" },
	{ "unpacked", "Not collected after all" },
};

const char *order_event_words(struct str what)
{
	for (size_t i = 0; i < sizeof event_words / sizeof *event_words; i++)
		if (str_eqc(what, event_words[i].what))
			return tr(event_words[i].words);
	return "";
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static enum status others_of_press(struct db_conn *c, struct order_view *v, struct err *e)
{
	cart_order *all;
	size_t n;
	TRY(q_cart_press_orders(c, v->o->press, &all, &n, e));
	cart_order *open = ARENA_ARRAY(db_arena(c), cart_order, n + 1);
	for (size_t i = 0; i < n; i++)
		if (all[i].id != v->o->id && all[i].paid < order_due(&all[i]) && str_eqc(all[i].state, "placed"))
			open[v->other_count++] = all[i];
	v->others = open;
	return ST_OK;
}

static enum status order_load(struct web *w, struct order_view *v, struct err *e)
{
	cart_order_line *lines;
	struct cart_order_events_row *events;
	cart_payment *payments;
	cart_refund *refunds;
	struct cart_invoices_of_row *invoices;
	struct cart_slot_of_row *slot;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_cart_order_lines(c, v->o->id, &lines, &v->count, e));
	TRY(q_cart_order_events(c, v->o->id, &events, &v->event_count, e));
	TRY(q_cart_payments_of(c, v->o->id, &payments, &v->payment_count, e));
	TRY(q_cart_refunds_of(c, v->o->id, &refunds, &v->refund_count, e));
	TRY(q_cart_invoices_of(c, v->o->id, &invoices, &v->invoice_count, e));
	v->lines = lines, v->events = events, v->payments = payments, v->refunds = refunds, v->invoices = invoices;
	TRY(q_cart_slot_of(c, v->o->id, &slot, e));
	TRY(others_of_press(c, v, e));
	db_read_end(&c);
	v->collected = slot ? slot_words(w->ctx, slot_zone(w->ctx), slot->place, slot->starts_at, slot->ends_at)
	                    : STR("");
	return ST_OK;
}

static bool line_may_be_withdrawn(const cart_order_line *l)
{
	return !l->keeps.n && l->returned < l->quantity;
}

static bool may_withdraw(const struct order_view *v)
{
	const cart_order *o = v->o;
	if (!str_eqc(o->supply, "sold") || o->paid_at_null ||
	        clock_now_us() > o->paid_at + CART_WITHDRAW_DAYS * DAY_US || str_eqc(o->state, "cancelled"))
		return false;
	for (size_t i = 0; i < v->count; i++)
		if (line_may_be_withdrawn(&v->lines[i]))
			return true;
	return false;
}

static struct str done_words(struct web *w)
{
	static const struct { const char *name, *words;
	} all[] = {
		{ "unpaid",
		        "The payment could not be begun. Nothing was charged: please try again, or choose another "
		        "way." },
		{ "failed",
		        "The payment did not go through. Nothing was charged: please try again, or choose another "
		        "way." },
		{ "cancelled", "The order is cancelled." },
		{ "withdrawn",
		        "Your withdrawal has arrived. You get it confirmed by e-mail, and your money back the way it "
		        "came." },
		{ "changed", "Your order is changed. You get it confirmed by e-mail." },
		{ "noted", "Noted." },
	};
	struct str done = web_query(w, "done");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (str_eqc(done, all[i].name))
			return str_c(tr(all[i].words));
	return STR("");
}

static struct str failed_why(const struct order_view *v)
{
	const cart_payment *p = v->payment_count ? &v->payments[v->payment_count - 1] : NULL;
	return p && str_eqc(p->state, "failed") ? TR("The payment did not go through. Nothing was charged.") : STR("");
}

enum status order_show(struct web *w, const cart_order *o, int status, struct str problem, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(w, "Order");
	struct order_view v = { .w = w, .o = o, .keeper = is_keeper(w), .problem = problem, .done = done_words(w) };
	TRY(order_load(w, &v, e));
	v.last_why = failed_why(&v);
	v.bank_account = config_str(w->ctx->svc->platform->config, "cart", "bank_account");
	v.may_pay = o->paid < order_due(o) && str_eqc(o->state, "placed");
	v.may_cancel = str_eqc(o->state, "placed") &&
	        (str_eqc(o->supply, "held") || order_is_open(o) ||
	                (o->paid == 0 && str_eqc(o->fulfilment, "none")));
	v.may_change = order_is_open(o);
	v.ways = refund_ways(w->ctx, o, true, &v.way_count);
	v.may_withdraw = may_withdraw(&v);
	v.link = arena_strf(w->ctx->arena, "?key=%.*s", STR_ARG(o->secret));
	shell.forms = true;
	shell.noindex = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_order(&page, &shell, w, &v);
	return web_html(w, status, &page);
}

enum status cart_get_order(struct web *w, struct err *e)
{
	cart_order *o;
	TRY(order_of(w, &o, e));
	return order_show(w, o, 200, STR(""), e);
}

/* --- paying ------------------------------------------------------------------------------------------------------- */

static struct str order_page(struct web *w, const cart_order *o, const char *done)
{
	return arena_strf(w->ctx->arena, "%.*s%s%s", STR_ARG(order_url(w->ctx, o)), *done ? "&done=" : "", done);
}

enum status cart_post_pay(struct web *w, struct err *e)
{
	cart_order *o;
	struct str url;
	TRY(web_form_load(w, e));
	TRY(order_of(w, &o, e));
	struct str method = web_form(w, "method");
	enum status s = pay_begin(w->ctx, o, method.n ? method : o->method, &url, e);
	if (s == ST_CONFLICT || s == ST_UNPROCESSABLE)
		return order_show(w, o, 409, str_c(e->msg), e);
	if (s != ST_OK)
		return web_redirect(w, 303, order_page(w, o, "unpaid"));
	return web_redirect_external(w, 303, url);
}

/* Back from the provider's page. That says nothing about money: the provider is asked. */
enum status cart_get_return(struct web *w, struct err *e)
{
	cart_order *o;
	cart_payment *alive;
	TRY(order_of(w, &o, e));
	TRY(pay_alive(w->ctx, o->id, &alive, e));
	if (alive) /* when it does not answer, the clock asks again */
		(void)!pay_look(w->ctx, alive->id, true, NULL);
	return web_redirect(w, 303, order_page(w, o, ""));
}

struct calling { struct str id; int64_t now; };

static enum status tx_called(struct db_conn *c, void *arg, struct err *e)
{
	const struct calling *x = arg;
	cart_payment *p;
	TRY(q_cart_payment_by_remote(c, x->id, &p, e));
	return p ? q_cart_payment_due_now(c, p->id, x->now, NULL, e) : ST_OK;
}

/* Anybody may call this. It is no proof of anything but that now is a good moment to ask. */
enum status cart_post_hook(struct web *w, struct err *e)
{
	struct str body;
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	SCOPED_JSON *j = json_parse(body, JSON_DEPTH, NULL);
	struct calling x = { json_str(j, "id"), clock_now_us() };
	if (x.id.n && x.id.n <= CART_ITEM_MAX)
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_called, &x, e));
	return web_text(w, 200, "text/plain; charset=utf-8", STR("\n"));
}

/* --- changing one's mind ------------------------------------------------------------------------------------------ */

static struct str actor_of(struct web *w)
{
	return w->person ? id_str(w->ctx->arena, w->person->id) : STR("");
}

enum status cart_post_cancel(struct web *w, struct err *e)
{
	cart_order *o;
	TRY(web_form_load(w, e));
	TRY(order_of(w, &o, e));
	if (!is_keeper(w) && str_eqc(o->supply, "sold") && o->paid && !order_is_open(o))
		return order_show(w, o, 409,
		        TR("This order is paid: you can withdraw from it below, or write to its seller."), e);
	enum status s = order_cancel(w->ctx, o->id, is_keeper(w) ? "keeper" : "buyer", actor_of(w), e);
	return s == ST_CONFLICT ? order_show(w, o, 409, str_c(e->msg), e)
	       : s != ST_OK     ? s
	                        : web_redirect(w, 303, order_page(w, o, "cancelled"));
}

struct withdrawing { struct web *w; cart_order *o; cart_order_line *lines; size_t count; struct refund_wish wish;
	struct str text; };

enum status order_lines_load(
        struct ctx *ctx, const cart_order *o, cart_order_line **lines, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return q_cart_order_lines(c, o->id, lines, n, e);
}

static enum status withdraw_page(struct web *w, cart_order *o, int status, struct str problem, bool sure, struct err *e)
{
	struct buf page;
	cart_order_line *lines;
	struct order_view v = { .w = w, .o = o, .problem = problem, .may_pay = sure };
	struct page_shell shell = web_shell(w, "Withdraw");
	TRY(order_lines_load(w->ctx, o, &lines, &v.count, e));
	v.lines = lines;
	v.may_withdraw = may_withdraw(&v);
	v.link = arena_strf(w->ctx->arena, "?key=%.*s", STR_ARG(o->secret));
	shell.forms = true;
	shell.noindex = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_withdraw(&page, &shell, w, &v);
	return web_html(w, status, &page);
}

enum status cart_get_withdraw(struct web *w, struct err *e)
{
	cart_order *o;
	TRY(order_of(w, &o, e));
	return withdraw_page(w, o, 200, STR(""), false, e);
}

static int64_t withdraw_quantity(struct web *w, const cart_order_line *l)
{
	int64_t n = 0;
	struct str typed = web_form(w, arena_printf(w->ctx->arena, "line-%lld", (long long)l->line));
	if (!line_may_be_withdrawn(l) || !typed.n || !str_i64(str_trim(typed), &n) || n < 0)
		return 0;
	return n > l->quantity - l->returned ? l->quantity - l->returned : n;
}

static enum status tx_withdraw(struct db_conn *c, void *arg, struct err *e)
{
	const struct withdrawing *x = arg;
	cart_order *o;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	TRY(refund_want(c, o, &x->wish, e));
	return order_letter(
	        c, o, arena_strf(db_arena(c), tr("Your withdrawal from order %.*s"), STR_ARG(o->number)), x->text, e);
}

/* In two steps, as the law has it: what, and once more whether; then it is acknowledged in writing with its time. */
enum status cart_post_withdraw(struct web *w, struct err *e)
{
	struct withdrawing x = { .w = w };
	struct arena *a = w->ctx->arena;
	char at[CLOCK_TEXT_MAX];
	TRY(web_form_load(w, e));
	TRY(order_of(w, &x.o, e));
	TRY(order_lines_load(w->ctx, x.o, &x.lines, &x.count, e));
	struct order_view v = { .w = w, .o = x.o, .lines = x.lines, .count = x.count };
	if (!may_withdraw(&v))
		return order_show(
		        w, x.o, 409, TR("There is nothing in this order that can be withdrawn from any more."), e);
	struct refund_line *list = ARENA_ARRAY(a, struct refund_line, x.count + 1);
	for (size_t i = 0; i < x.count; i++) {
		int64_t n = withdraw_quantity(w, &x.lines[i]);
		if (n)
			list[x.wish.count++] = (struct refund_line){ .line = x.lines[i].line, .quantity = n,
				.amount = refund_worth(&x.lines[i], n) };
	}
	if (!x.wish.count)
		return withdraw_page(w, x.o, 422, TR("Please say what you withdraw from."), false, e);
	if (!web_form(w, "sure").n)
		return withdraw_page(w, x.o, 200, STR(""), true, e);
	x.wish.lines = list, x.wish.restock = true, x.wish.reason = "withdrawn", x.wish.actor = actor_of(w);
	clock_rfc3339(clock_now_us() / US_PER_S * US_PER_S, at);
	x.text = order_letter_text(w->ctx, x.o, x.lines, x.count,
	        arena_strf(a, tr("your withdrawal arrived at %s. Your money is on its way back."), at));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_withdraw, &x, e));
	return web_redirect(w, 303, order_page(w, x.o, "withdrawn"));
}

enum status cart_get_invoice(struct web *w, struct err *e)
{
	struct buf page;
	cart_order *o;
	struct page_shell shell = web_shell(w, "Invoice");
	struct order_view v = { .w = w };
	TRY(order_of(w, &o, e));
	v.o = o;
	TRY(order_load(w, &v, e));
	if (!v.invoice_count)
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no invoice for this order yet."));
	shell.noindex = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_invoice(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* --- the same once more ------------------------------------------------------------------------------------------- */

enum status cart_post_again(struct web *w, struct err *e)
{
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	TRY(web_form_load(w, e));
	TRY(order_of(w, &o, e));
	TRY(order_lines_load(w->ctx, o, &lines, &n, e));
	TRY(basket_add_again(w, lines, n, e));
	return web_redirect(w, 303, web_url(w->ctx, "cart", "/?done=again"));
}

/* --- a member's orders -------------------------------------------------------------------------------------------- */

enum status cart_get_orders(struct web *w, struct err *e)
{
	struct buf page;
	cart_order *list;
	size_t n;
	int64_t before = INT64_MAX;
	struct page_shell shell = web_shell(w, "Orders");
	struct str from = web_query(w, "before");
	if (from.n && !id_parse(from, &before))
		return err_set(e, ST_INVALID, "%s", tr("That page is not there."));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_orders_of_person(c, w->person->id, before, ORDERS_PAGE + 1, &list, &n, e));
	}
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_orders(&page, &shell, w, list, n > ORDERS_PAGE ? ORDERS_PAGE : n,
	        n > ORDERS_PAGE ? id_str(w->ctx->arena, list[ORDERS_PAGE - 1].id) : STR(""));
	return web_html(w, 200, &page);
}
