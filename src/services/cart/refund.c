/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving back. What is wanted back is taken off the order's lines at once, so that nothing is given back twice; then
 * its sellers take the things, and what was paid beyond the rest goes back the way it came, or another one. A refund
 * that nobody answered for is asked after, and never sent again by itself.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"
#include "services/cart/totals.h"

enum { LEASE_S = 60 };

static const int looks_s[] = { 1, 5, 30, 300, 3600 };

int64_t refund_part(const cart_order_line *l, int64_t whole, int64_t less, int64_t quantity)
{
	int64_t before = totals_part(whole, 0, l->weighed_from, l->quantity);
	return totals_part(
	        whole - before - less, l->returned - l->weighed_from, quantity, l->quantity - l->weighed_from);
}

int64_t refund_worth(const cart_order_line *l, int64_t quantity)
{
	return refund_part(l, l->total, l->less, quantity);
}

struct refund_line *refund_all(struct arena *a, const cart_order_line *lines, size_t n, size_t *count)
{
	struct refund_line *list = ARENA_ARRAY(a, struct refund_line, n + 1);
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t left = lines[i].quantity - lines[i].returned;
		if (left > 0)
			list[(*count)++] = (struct refund_line){ .line = lines[i].line, .quantity = left,
				.amount = refund_worth(&lines[i], left) };
	}
	return list;
}

/* --- things ------------------------------------------------------------------------------------------------------- */

static enum status things_come_back(
        struct db_conn *c, const cart_order *o, const struct refund_wish *wish, struct err *e)
{
	struct buf b;
	size_t n = 0;
	buf_text(&b, db_arena(c));
	buf_printf(&b, "{\"order\":%lld,\"reference\":\"return-%lld\",\"restock\":%s,\"lines\":[", (long long)o->id,
	        (long long)id_new(), wish->restock ? "true" : "false");
	for (size_t i = 0; i < wish->count; i++)
		if (wish->lines[i].quantity)
			buf_printf(&b, "%s[%lld,%lld]", n++ ? "," : "", (long long)wish->lines[i].line,
			        (long long)wish->lines[i].quantity);
	BUF_LIT(&b, "]}");
	return n ? job_enqueue(c, &(struct job_new){ .kind = "cart.return", .payload = buf_str(&b) }, NULL, e) : ST_OK;
}

struct returning { cart_order *o; cart_order_line *lines; size_t line_count; const json_t *back; };

static struct str return_get(const void *arg, size_t i, struct sale_line *out)
{
	const struct returning *x = arg;
	const json_t *l = json_array_get(x->back, i);
	int64_t line = json_integer_value(json_array_get(l, 0));
	for (size_t k = 0; k < x->line_count; k++)
		if (x->lines[k].line == line) {
			*out = (struct sale_line){ .line = line, .item = x->lines[k].item,
				.quantity = json_integer_value(json_array_get(l, 1)) };
			return x->lines[k].provider;
		}
	return STR("");
}

enum status cart_return_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct returning x = { 0 };
	struct sale *sales;
	SCOPED_JSON *payload = json_parse(j->payload, JSON_DEPTH, e);
	if (!payload)
		return ST_CORRUPT;
	x.back = json_object_get(payload, "lines");
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_cart_order_by_id(c, json_integer_value(json_object_get(payload, "order")), &x.o, e));
		TRY(q_cart_order_lines(c, x.o->id, &x.lines, &x.line_count, e));
	}
	size_t n = sales_of(ctx, return_get, &x, json_array_size(x.back), &sales);
	return sellers_return(ctx, sales, n, x.o->checkout, json_str(payload, "reference"),
	        json_is_true(json_object_get(payload, "restock")), e);
}

/* --- ways ----------------------------------------------------------------------------------------------------- */

const struct choice *refund_ways(struct ctx *ctx, const cart_order *o, bool keeper, size_t *n)
{
	struct choice *list = ARENA_ARRAY(ctx->arena, struct choice, 5);
	*n = 0;
	list[(*n)++] = (struct choice){ "", "The way it was paid", NULL };
	if (!o->person_id_null)
		list[(*n)++] = (struct choice){ "balance", "To the money here, for the next order", NULL };
	if (keeper) {
		list[(*n)++] = (struct choice){ "cash", "In cash", NULL };
		list[(*n)++] = (struct choice){ "transfer", "By transfer", NULL };
	}
	return list;
}

bool refund_may_go(struct ctx *ctx, const cart_order *o, bool keeper, struct str via)
{
	size_t n;
	const struct choice *ways = refund_ways(ctx, o, keeper, &n);
	for (size_t i = 0; i < n; i++)
		if (str_eqc(via, ways[i].value))
			return true;
	return false;
}

/* --- wanting ------------------------------------------------------------------------------------------------------ */

static enum status take_off_line(struct db_conn *c, const cart_order *o, const struct refund_line *l, struct err *e)
{
	int64_t changed;
	TRY(l->quantity ? q_cart_order_line_back(c, o->id, l->line, l->quantity, l->amount, &changed, e)
	                : q_cart_order_line_weighed(
	                          c, o->id, l->line, l->grams, l->amount, l->vat, l->owed, &changed, e));
	return changed ? ST_OK : err_set(e, ST_CONFLICT, "%s", tr("More would be given back than there is."));
}

static enum status take_off_lines(struct db_conn *c, const cart_order *o, const struct refund_wish *wish, int64_t *sum,
        struct err *e)
{
	int64_t changed;
	*sum = 0;
	for (size_t i = 0; i < wish->count; i++) {
		TRY(take_off_line(c, o, &wish->lines[i], e));
		*sum += wish->lines[i].amount;
	}
	if (!*sum)
		return ST_OK;
	TRY(q_cart_order_less(c, o->id, *sum, &changed, e));
	return changed ? ST_OK : err_set(e, ST_CONFLICT, "%s", tr("More would be given back than there is."));
}

/* From the payments that still have some of it, the first first. */
static enum status spread_over_payments(
        struct db_conn *c, const cart_order *o, const struct refund_wish *wish, int64_t sum, struct err *e)
{
	cart_payment *list;
	size_t n;
	int64_t now = clock_now_us();
	TRY(q_cart_payments_of(c, o->id, &list, &n, e));
	for (size_t i = 0; i < n && sum > 0; i++) {
		struct cart_refund_of_payment_row *gone;
		if (!str_eqc(list[i].state, "paid"))
			continue;
		TRY(q_cart_refund_of_payment(c, list[i].id, &gone, e));
		int64_t left = list[i].amount - gone->minor, some = left < sum ? left : sum;
		if (some <= 0)
			continue;
		TRY(q_cart_refund_add(c, id_new(), o->id, list[i].id, some, str_c(wish->reason), wish->actor,
		        str_or_empty(wish->via), now, now, NULL, e));
		sum -= some;
	}
	return sum > 0 ? err_set(e, ST_CONFLICT, "%s", tr("More would be given back than was paid.")) : ST_OK;
}

enum status refund_excess(struct db_conn *c, const cart_order *o, int64_t *minor, struct err *e)
{
	struct cart_refunds_wanted_row *wanted;
	TRY(q_cart_refunds_wanted(c, o->id, &wanted, e));
	*minor = o->paid - wanted->minor - order_due(o);
	return ST_OK;
}

enum status refund_want(struct db_conn *c, const cart_order *o, const struct refund_wish *wish, struct err *e)
{
	int64_t sum, excess;
	cart_order_line *lines;
	size_t n;
	TRY(q_cart_order_lines(c, o->id, &lines, &n, e));
	if (wish->count && str_eqc(o->supply, "sold")) {
		TRY(journal_credit(c, o, lines, n, wish->lines, wish->count, id_new(), e));
		TRY(things_come_back(c, o, wish, e));
	}
	TRY(take_off_lines(c, o, wish, &sum, e));
	TRY(refund_excess(c, o, &excess, e));
	excess += sum;
	int64_t back = wish->all || excess < sum ? excess : sum;
	if (back <= 0) /* it was not paid */
		return ST_OK;
	TRY(spread_over_payments(c, o, wish, back, e));
	return order_note(c, o->id, wish->actor, "refund_wanted", back, str_c(wish->reason), e);
}

/* --- carrying out ------------------------------------------------------------------------------------------------- */

struct refunding {
	cart_refund *r;
	cart_order *o;
	cart_payment *p;
	int64_t already; /* what else was given back of this payment, or is on its way: theirs alone would look like
	                    ours */
	const char *state;
	struct str why;
	bool claimed;
};

static enum status refund_load(struct ctx *ctx, int64_t id, struct refunding *x, struct err *e)
{
	struct cart_refund_beside_row *already;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_cart_refund(c, id, &x->r, e));
	if (!x->r)
		return err_set(e, ST_NOT_FOUND, "there is no such refund");
	TRY(q_cart_order_by_id(c, x->r->order_id, &x->o, e));
	TRY(q_cart_payment(c, x->r->payment_id, &x->p, e));
	TRY(q_cart_refund_beside(c, x->p->id, id, &already, e));
	x->already = already->minor;
	return ST_OK;
}

static enum status tx_claim(struct db_conn *c, void *arg, struct err *e)
{
	struct refunding *x = arg;
	int64_t changed, until = clock_now_us() + LEASE_S * US_PER_S;
	TRY(q_cart_refund_claim(c, x->r->id, x->r->next_at, until, &changed, e));
	x->claimed = changed > 0;
	return ST_OK;
}

static const char *after_refund(const cart_order *o, int64_t refunded)
{
	return refunded >= o->paid ? "refunded" : "part_refunded";
}

/* The way it was paid, unless another one was asked for. */
static const struct pay_method *way_back(const struct refunding *x)
{
	return pay_method_named(x->r->via.n ? x->r->via : x->p->method);
}

static enum status tx_confirmed(struct db_conn *c, struct refunding *x, cart_order *o, struct err *e)
{
	const struct pay_method *m = way_back(x);
	int64_t refunded = o->refunded + x->r->amount;
	struct arena *a = db_arena(c);
	struct str from = pay_account(a, m, o);
	const struct posting list[] = { { "order", x->r->amount }, { from.p, -x->r->amount } };
	if (m->move)
		TRY(m->move(c, o, x->r->amount, -1, e));
	TRY(journal_write(c, "refund", id_str(a, x->r->id), o->id, o->currency, list, 2, e));
	TRY(q_cart_order_set_payment(
	        c, o->id, str_c(after_refund(o, refunded)), o->paid, refunded, clock_now_us(), NULL, e));
	TRY(order_note(c, o->id, x->r->actor, "refunded", x->r->amount, x->r->reason, e));
	return event_emit(c, "order.refunded", o->number, STR("{}"), e);
}

static enum status tx_outcome(struct db_conn *c, void *arg, struct err *e)
{
	struct refunding *x = arg;
	cart_order *o;
	int64_t changed, now = clock_now_us();
	size_t last = sizeof looks_s / sizeof *looks_s - 1;
	bool open = !strcmp(x->state, "sent") || !strcmp(x->state, "unknown") || !strcmp(x->state, "wanted");
	int64_t next = now + looks_s[x->r->checks > (int64_t)last ? last : (size_t)x->r->checks] * US_PER_S;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	TRY(q_cart_refund_set(
	        c, x->r->id, str_c(x->state), x->why, open ? &next : NULL, open ? NULL : &now, &changed, e));
	if (!changed || open)
		return ST_OK;
	return !strcmp(x->state, "confirmed")
	        ? tx_confirmed(c, x, o, e)
	        : order_note(c, o->id, STR("system"), "refund_refused", x->r->amount, x->why, e);
}

static enum status tx_sending(struct db_conn *c, void *arg, struct err *e)
{
	struct refunding *x = arg;
	int64_t next = clock_now_us() + LEASE_S * US_PER_S;
	return q_cart_refund_set(c, x->r->id, STR("sent"), STR(""), &next, NULL, NULL, e);
}

/* Money that others keep: they are asked before anything is sent, and what was sent once is never sent again. */
static enum status ask_for_money(struct ctx *ctx, const struct pay_method *m, struct refunding *x, struct err *e)
{
	int64_t back;
	x->state = x->r->state.p[0] == 'w' ? "wanted" : x->r->state.p[0] == 's' ? "sent" : "unknown";
	TRY(m->given_back(ctx, x->o, x->p, &back, e));
	if (back >= x->already + x->r->amount) {
		x->state = "confirmed";
		return ST_OK;
	}
	if (!str_eqc(x->r->state, "wanted"))
		return ST_OK;
	TRY(db_write(
	        ctx, ctx->svc->db, tx_sending, x, e)); /* before it leaves: a crash behind this sends nothing twice */
	struct err why = { 0 };
	enum status s = m->give_back(ctx, x->o, x->p, x->r->amount, &why);
	x->state = s == ST_OK ? "sent" : s == ST_CONFLICT ? "refused" : "unknown";
	x->why = arena_str(ctx->arena, str_c(why.msg));
	return ST_OK;
}

enum status refund_go_on(struct ctx *ctx, int64_t refund, struct err *e)
{
	struct refunding x = { .why = STR("") };
	TRY(refund_load(ctx, refund, &x, e));
	if (x.r->next_at_null)
		return ST_OK;
	TRY(db_write(ctx, ctx->svc->db, tx_claim, &x, e)); /* another process may be at it */
	if (!x.claimed)
		return ST_OK;
	const struct pay_method *m = way_back(&x);
	x.state = "confirmed";
	enum status s = m->given_back ? ask_for_money(ctx, m, &x, e) : ST_OK;
	TRY(db_write(ctx, ctx->svc->db, tx_outcome, &x, NULL));
	return s;
}
