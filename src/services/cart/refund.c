/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving back. What is wanted back is taken off the order's lines at once, so that nothing is given back twice; then
 * its sellers take the things, and the way it was paid by takes the money. A refund that nobody answered for is asked
 * after, and never sent again by itself.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"
#include "services/cart/totals.h"

enum { LEASE_S = 60 };

static const int looks_s[] = { 1, 5, 30, 300, 3600 };

int64_t refund_worth(const cart_order_line *l, int64_t quantity)
{
	return totals_part(l->total, l->returned, quantity, l->quantity);
}

struct refund_line *refund_all(struct arena *a, const cart_order_line *lines, size_t n, size_t *count)
{
	struct refund_line *list = ARENA_ARRAY(a, struct refund_line, n + 1);
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t left = lines[i].quantity - lines[i].returned;
		if (left > 0)
			list[(*count)++] = (struct refund_line){ lines[i].line, left, refund_worth(&lines[i], left) };
	}
	return list;
}

static struct str lines_json(struct arena *a, const struct refund_line *list, size_t n)
{
	struct buf b;
	buf_text(&b, a);
	buf_putc(&b, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"line\":%lld,\"quantity\":%lld,\"amount\":%lld}", i ? "," : "",
		        (long long)list[i].line, (long long)list[i].quantity, (long long)list[i].amount);
	buf_putc(&b, ']');
	return buf_str(&b);
}

static struct refund_line *lines_parse(struct arena *a, struct str text, size_t *count)
{
	SCOPED_JSON *j = json_parse(text, 4, NULL);
	struct refund_line *list = ARENA_ARRAY(a, struct refund_line, json_array_size(j) + 1);
	size_t i;
	json_t *l;
	json_array_foreach (j, i, l)
		list[i] = (struct refund_line){ json_integer_value(json_object_get(l, "line")),
			json_integer_value(json_object_get(l, "quantity")),
			json_integer_value(json_object_get(l, "amount")) };
	*count = json_array_size(j);
	return list;
}

/* --- wanting ------------------------------------------------------------------------------------------------------ */

static enum status take_off_lines(struct db_conn *c, const cart_order *o, const struct refund_wish *wish, int64_t *sum,
        struct err *e)
{
	*sum = 0;
	for (size_t i = 0; i < wish->count; i++) {
		const struct refund_line *l = &wish->lines[i];
		int64_t changed;
		TRY(q_cart_order_line_back(c, o->id, l->line, l->quantity, l->amount, &changed, e));
		if (!changed)
			return err_set(e, ST_CONFLICT, "%s", tr("More would be given back than there is."));
		*sum += l->amount;
	}
	return ST_OK;
}

/* From the payments that still have some of it, the first first. */
static enum status spread_over_payments(struct db_conn *c, const cart_order *o, const struct refund_wish *wish,
        int64_t sum, struct str lines, struct err *e)
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
		TRY(q_cart_refund_add(c, id_new(), o->id, list[i].id, some, lines, wish->restock, str_c(wish->reason),
		        wish->actor, now, now, NULL, e));
		sum -= some;
		lines = STR("[]"); /* things come back once */
	}
	return sum > 0 ? err_set(e, ST_CONFLICT, "%s", tr("More would be given back than was paid.")) : ST_OK;
}

enum status refund_want(struct db_conn *c, const cart_order *o, const struct refund_wish *wish, struct err *e)
{
	int64_t sum;
	cart_order_line *lines;
	size_t n;
	TRY(q_cart_order_lines(c, o->id, &lines, &n, e));
	if (wish->count && str_eqc(o->supply, "sold"))
		TRY(journal_credit(c, o, lines, n, wish->lines, wish->count, id_new(), e));
	TRY(take_off_lines(c, o, wish, &sum, e));
	sum += wish->surplus;
	if (sum <= 0) /* it was not paid */
		return ST_OK;
	TRY(spread_over_payments(c, o, wish, sum, lines_json(db_arena(c), wish->lines, wish->count), e));
	return order_note(c, o->id, wish->actor, "refund_wanted", sum, str_c(wish->reason), e);
}

/* --- carrying out ------------------------------------------------------------------------------------------------- */

struct refunding {
	cart_refund *r;
	cart_order *o;
	cart_payment *p;
	cart_order_line *lines;
	size_t line_count;
	struct refund_line *back;
	size_t back_count;
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
	TRY(q_cart_order_lines(c, x->o->id, &x->lines, &x->line_count, e));
	TRY(q_cart_refund_beside(c, x->p->id, id, &already, e));
	x->already = already->minor;
	x->back = lines_parse(ctx->arena, x->r->lines, &x->back_count);
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

static struct str back_get(const void *arg, size_t i, struct sale_line *out)
{
	const struct refunding *x = arg;
	for (size_t k = 0; k < x->line_count; k++)
		if (x->lines[k].line == x->back[i].line) {
			*out = (struct sale_line){ .line = x->lines[k].line, .item = x->lines[k].item,
				.quantity = x->back[i].quantity };
			return x->lines[k].provider;
		}
	return STR("");
}

static enum status tx_restocked(struct db_conn *c, void *arg, struct err *e)
{
	const struct refunding *x = arg;
	return q_cart_refund_restocked(c, x->r->id, NULL, e);
}

static enum status give_things_back(struct ctx *ctx, struct refunding *x, struct err *e)
{
	struct sale *sales;
	struct str reference = arena_strf(ctx->arena, "refund-%lld", (long long)x->r->id);
	if (x->r->restocked)
		return ST_OK;
	size_t n = sales_of(ctx, back_get, x, x->back_count, &sales);
	TRY(sellers_return(ctx, sales, n, x->o->checkout, reference, x->r->restock, e));
	return db_write(ctx, ctx->svc->db, tx_restocked, x, e);
}

static const char *after_refund(const cart_order *o, int64_t refunded)
{
	return refunded >= o->paid ? "refunded" : "part_refunded";
}

static enum status tx_confirmed(struct db_conn *c, struct refunding *x, cart_order *o, struct err *e)
{
	const struct pay_method *m = pay_method_named(x->p->method);
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
	TRY(give_things_back(ctx, &x, e));
	const struct pay_method *m = pay_method_named(x.p->method);
	x.state = "confirmed";
	enum status s = m->given_back ? ask_for_money(ctx, m, &x, e) : ST_OK;
	TRY(db_write(ctx, ctx->svc->db, tx_outcome, &x, NULL));
	return s;
}
