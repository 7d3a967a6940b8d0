/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/pay.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "base/log.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "platform/text/json.h"

enum { DUE_AT_ONCE = 50, LAPSE_GRACE_S = 60 };

/* When a provider is asked again, by how often it was: in seconds. At last every hour, until it says. */
static const int looks_s[] = { 2, 3, 5, 10, 30, 60, 300, 1200, 3600 };

static int64_t next_look(int64_t checks, int64_t now_us)
{
	size_t last = sizeof looks_s / sizeof *looks_s - 1;
	return now_us + looks_s[checks > (int64_t)last ? last : (size_t)checks] * US_PER_S;
}

const struct pay_method *pay_method_named(struct str name)
{
	for (const struct pay_method *m = pay_methods; m->name; m++)
		if (str_eqc(name, m->name))
			return m;
	return NULL;
}

/* --- ways that need nobody else ----------------------------------------------------------------------------------- */

static bool cash_offered(struct ctx *ctx, const struct person *p)
{
	(void)p;
	return config_bool(ctx->svc->platform->config, "cart", "cash");
}

static bool transfer_offered(struct ctx *ctx, const struct person *p)
{
	return p && config_str(ctx->svc->platform->config, "cart", "bank_account").n > 0;
}

static bool card_offered(struct ctx *ctx, const struct person *p)
{
	(void)p;
	return config_bool(ctx->svc->platform->config, "cart", "card");
}

static bool balance_offered(struct ctx *ctx, const struct person *p)
{
	(void)ctx;
	return p != NULL;
}

static enum status paid_at_once(
        struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
{
	*out = (struct remote){ .state = REMOTE_PAID, .id = p->reference, .txn = p->reference };
	return ST_OK;
}

static enum status move_balance(struct db_conn *c, const cart_order *o, int64_t amount, int sign, struct err *e)
{
	int64_t changed;
	if (sign < 0)
		return q_cart_balance_add(c, o->person_id, o->currency, amount, NULL, e);
	TRY(q_cart_balance_use(c, o->person_id, o->currency, amount, &changed, e));
	return changed ? ST_OK : err_set(e, ST_CONFLICT, "%s", tr("There is not enough money in your account here."));
}

const struct pay_method pay_methods[] = {
	{ "card", "Card", "You go to the payment provider's page and come back.", .offered = card_offered,
	        .start = sumup_start, .look = sumup_look, .end = sumup_end, .given_back = sumup_given_back,
	        .give_back = sumup_give_back, .account = "sumup" },
	{ "balance", "Money you have here", "What you were given back before, or paid in.", .offered = balance_offered,
	        .start = paid_at_once, .move = move_balance, .account = "balance" },
	{ "cash", "Cash on collection", "You pay when you collect it.", .later = true, .offered = cash_offered,
	        .account = "cash" },
	{ "transfer", "Bank transfer", "You get an account number and what to write on it.", .later = true,
	        .offered = transfer_offered, .account = "bank" },
	{ 0 },
};

/* --- settling ----------------------------------------------------------------------------------------------------- */

static const char *payment_word(const cart_order *o, int64_t paid, int64_t refunded)
{
	if (refunded)
		return refunded >= paid ? "refunded" : "part_refunded";
	return paid >= order_due(o) ? "paid" : paid ? "part" : "none";
}

struct settling { int64_t payment; const struct remote *remote; const char *state; struct str actor; };

struct str pay_account(struct arena *a, const struct pay_method *m, const cart_order *o)
{
	return str_eqc(str_c(m->account), "balance") ? arena_strf(a, "balance:%lld", (long long)o->person_id)
	                                             : str_c(m->account);
}

static enum status book_payment(
        struct db_conn *c, const cart_order *o, const cart_payment *p, const struct pay_method *m, struct err *e)
{
	struct str into = pay_account(db_arena(c), m, o);
	const struct posting list[] = { { into.p, p->amount }, { "order", -p->amount } };
	if (m->move)
		TRY(m->move(c, o, p->amount, 1, e));
	TRY(journal_write(c, "payment", p->reference, o->id, o->currency, list, 2, e));
	TRY(q_cart_order_set_payment(c, o->id, str_c(payment_word(o, o->paid + p->amount, o->refunded)),
	        o->paid + p->amount, o->refunded, clock_now_us(), NULL, e));
	return order_note(c, o->id, STR(""), "paid", p->amount, p->method, e);
}

static enum status tell_paid(struct db_conn *c, const cart_order *o, struct err *e)
{
	return event_emit(c, "order.paid", o->number, STR("{}"), e);
}

static enum status settle_paid(struct db_conn *c, const cart_order *o, const cart_payment *p, struct err *e)
{
	TRY(book_payment(c, o, p, pay_method_named(p->method), e));
	if (o->paid + p->amount >= order_due(o) || str_eqc(o->state, "cancelled"))
		TRY(order_complete_later(c, o->id, e));
	return tell_paid(c, o, e);
}

/* The one way to an end: whoever comes second finds it settled. A payment that was given up and came after all counts.
 */
static enum status tx_settle(struct db_conn *c, void *arg, struct err *e)
{
	const struct settling *s = arg;
	cart_payment *p;
	cart_order *o;
	int64_t changed;
	TRY(q_cart_payment(c, s->payment, &p, e));
	if (!p)
		return err_set(e, ST_NOT_FOUND, "there is no such payment");
	TRY(q_cart_order_locked(c, p->order_id, &o, e));
	TRY(q_cart_payment_settle(
	        c, p->id, str_c(s->state), s->remote->txn, s->remote->why, clock_now_us(), &changed, e));
	if (!changed)
		return ST_OK;
	if (s->remote->code.n)
		TRY(q_cart_payment_code(c, p->id, s->remote->code, NULL, e));
	if (!strcmp(s->state, "paid"))
		return settle_paid(c, o, p, e);
	if (!o->paid)
		TRY(q_cart_order_set_payment(c, o->id, STR("none"), 0, 0, clock_now_us(), NULL, e));
	return order_note(c, o->id, STR("system"), s->state, p->amount, s->remote->why, e);
}

static struct remote texts_there(struct remote r)
{
	struct str *const all[] = { &r.id, &r.url, &r.txn, &r.code, &r.why };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!all[i]->p)
			*all[i] = STR("");
	return r;
}

static enum status pay_settle(
        struct ctx *ctx, int64_t payment, const struct remote *r, const char *state, struct err *e)
{
	struct settling s = { payment, r, state, STR("system") };
	return db_write(ctx, ctx->svc->db, tx_settle, &s, e);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct opening { int64_t payment; const struct remote *remote; const char *state; int64_t next; int64_t order; };

static enum status tx_open(struct db_conn *c, void *arg, struct err *e)
{
	const struct opening *o = arg;
	return q_cart_payment_open(
	        c, o->payment, str_c(o->state), o->remote->id, o->remote->url, o->next, NULL, e);
}

static enum status tx_checked(struct db_conn *c, void *arg, struct err *e)
{
	const struct opening *o = arg;
	return q_cart_payment_checked(c, o->payment, o->next, NULL, e);
}

/* What the provider said becomes ours. */
static enum status take_word(struct ctx *ctx, const cart_payment *p, struct remote said, bool back, struct err *e)
{
	struct remote r = texts_there(said);
	int64_t now = clock_now_us();
	struct opening o = { p->id, &r, "pending", next_look(p->checks, now), p->order_id };
	switch (r.state) {
	case REMOTE_PAID:
		return pay_settle(ctx, p->id, &r, "paid", e);
	case REMOTE_FAILED: /* the buyer may be trying another card on the provider's page */
		if (back || now > p->until)
			return pay_settle(ctx, p->id, &r, "failed", e);
		break;
	case REMOTE_EXPIRED:
		return pay_settle(ctx, p->id, &r, "expired", e);
	case REMOTE_ABSENT: /* may be late in its books: not before it can not be paid any more */
		if (now > p->until + LAPSE_GRACE_S * US_PER_S)
			return pay_settle(ctx, p->id, &r, "expired", e);
		break;
	case REMOTE_PENDING:
		if (!str_eqc(p->state, "pending"))
			return db_write(ctx, ctx->svc->db, tx_open, &o, e);
	}
	return db_write(ctx, ctx->svc->db, tx_checked, &o, e);
}

static enum status payment_load(struct ctx *ctx, int64_t id, cart_payment **p, cart_order **o, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_cart_payment(c, id, p, e));
	if (!*p)
		return err_set(e, ST_NOT_FOUND, "there is no such payment");
	return q_cart_order_by_id(c, (*p)->order_id, o, e);
}

static bool is_alive(const cart_payment *p)
{
	return str_eqc(p->state, "created") || str_eqc(p->state, "pending") || str_eqc(p->state, "unknown");
}

/* One that failed is closed at the provider, too, before it counts as failed here: paid there later it would be paid
   twice. */
static enum status close_failed(struct ctx *ctx, const struct pay_method *m, const cart_order *o, const cart_payment *p,
        struct remote *r, struct err *e)
{
	struct remote ended = { 0 };
	TRY(m->end(ctx, o, p, &ended, e));
	if (ended.state == REMOTE_PAID)
		*r = ended;
	return ST_OK;
}

enum status pay_look(struct ctx *ctx, int64_t payment, bool back, struct err *e)
{
	cart_payment *p;
	cart_order *o;
	struct remote r = { 0 };
	TRY(payment_load(ctx, payment, &p, &o, e));
	const struct pay_method *m = pay_method_named(p->method);
	if (!is_alive(p) || !m || !m->look)
		return ST_OK;
	struct opening later = { p->id, &r, "unknown", next_look(p->checks, clock_now_us()), o->id };
	enum status s = m->look(ctx, o, p, &r, e);
	if (s == ST_OK && r.state == REMOTE_FAILED && (back || clock_now_us() > p->until))
		s = close_failed(ctx, m, o, p, &r, e);
	if (s == ST_OK)
		return take_word(ctx, p, r, back, e);
	/* No answer is unknown, not unpaid. */
	TRY(db_write(ctx, ctx->svc->db, tx_checked, &later, NULL));
	return s;
}

enum status pay_end(struct ctx *ctx, int64_t payment, bool *paid, struct err *e)
{
	cart_payment *p;
	cart_order *o;
	struct remote r = { .state = REMOTE_EXPIRED };
	TRY(payment_load(ctx, payment, &p, &o, e));
	const struct pay_method *m = pay_method_named(p->method);
	*paid = str_eqc(p->state, "paid");
	if (!is_alive(p))
		return ST_OK;
	if (m && m->end)
		TRY(m->end(ctx, o, p, &r, e));
	*paid = r.state == REMOTE_PAID;
	return take_word(ctx, p, r, true, e);
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

enum status pay_alive(struct ctx *ctx, int64_t order, cart_payment **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return q_cart_payment_alive(c, order, out, e);
}

struct pay_beginning {
	const cart_order *o;
	const struct pay_method *method;
	int64_t payment, now, until, amount;
	struct str reference;
	bool alive; /* there is one already */
};

static enum status tx_begin(struct db_conn *c, void *arg, struct err *e)
{
	struct pay_beginning *b = arg;
	struct cart_payment_last_attempt_row *last;
	cart_payment *alive;
	cart_order *o;
	TRY(q_cart_order_locked(c, b->o->id, &o, e));
	TRY(q_cart_payment_alive(c, o->id, &alive, e));
	b->alive = alive != NULL;
	b->payment = alive ? alive->id : id_new();
	if (alive)
		return ST_OK;
	b->amount = order_due(o) - o->paid;
	if (!str_eqc(o->state, "placed") || b->amount <= 0)
		return err_set(e, ST_CONFLICT, "%s", tr("There is nothing to pay for this order."));
	TRY(q_cart_payment_last_attempt(c, o->id, &last, e));
	b->reference = arena_strf(db_arena(c), "%.*s-%lld", STR_ARG(o->number), (long long)last->n + 1);
	int64_t next = next_look(1, b->now);
	TRY(q_cart_payment_add(c, b->payment, o->id, last->n + 1, str_c(b->method->name), b->reference, b->amount,
	        b->until, &next, b->now, NULL, e));
	return q_cart_order_set_payment(c, o->id, STR("pending"), o->paid, o->refunded, b->now, NULL, e);
}

/* Another way was chosen than the one that is under way: that one ends first. */
static enum status end_other(struct ctx *ctx, const cart_order *o, const char *method, bool *paid, struct err *e)
{
	cart_payment *alive;
	*paid = false;
	TRY(pay_alive(ctx, o->id, &alive, e));
	if (!alive)
		return ST_OK;
	if (str_eqc(alive->method, method) && clock_now_us() < alive->until)
		return pay_look(ctx, alive->id, true, e);
	return pay_end(ctx, alive->id, paid, e);
}

static enum status pay_start(struct ctx *ctx, const struct pay_beginning *b, struct remote *r, struct err *e)
{
	cart_payment *p;
	cart_order *o;
	TRY(payment_load(ctx, b->payment, &p, &o, e));
	if (b->alive && str_eqc(p->state, "pending")) {
		*r = (struct remote){ .state = REMOTE_PENDING, .url = p->remote_url, .id = p->remote_id };
		return ST_OK;
	}
	enum status s = b->method->start(ctx, o, p, r, e);
	if (s == ST_OK)
		return take_word(ctx, p, *r, true, e);
	struct remote none = texts_there((struct remote){ .why = STR("refused") });
	struct opening unknown = { p->id, &none, "unknown", next_look(0, clock_now_us()), o->id };
	bool open = s == ST_TIMEOUT || s == ST_UPSTREAM || s == ST_CANCELLED || s == ST_UNAVAILABLE;
	struct err other = { 0 };
	if (open ? db_write(ctx, ctx->svc->db, tx_open, &unknown, &other) != ST_OK
	         : pay_settle(ctx, p->id, &none, "failed", &other) != ST_OK)
		LOG(WARN, ctx, "cart.payment_left_open", LS("error", other.msg));
	return s;
}

enum status pay_begin(struct ctx *ctx, const cart_order *o, struct str method, struct str *url, struct err *e)
{
	struct remote r = { 0 };
	bool paid;
	const struct pay_method *m = pay_method_named(method);
	*url = order_url(ctx, o);
	if (!m)
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("Please choose how to pay."));
	TRY(end_other(ctx, o, m->name, &paid, e));
	if (paid || m->later)
		return ST_OK;
	struct pay_beginning b = { .o = o, .method = m, .now = clock_now_us() };
	b.until = o->held_until > b.now ? o->held_until - (CART_HOLD_MIN - CART_PAY_MIN) * 60 * US_PER_S : b.now;
	TRY(db_write(ctx, ctx->svc->db, tx_begin, &b, e));
	TRY(pay_start(ctx, &b, &r, e));
	if (r.state == REMOTE_PENDING && r.url.n)
		*url = r.url;
	return ST_OK;
}

/* --- money that a keeper got -------------------------------------------------------------------------------------- */

struct received { const cart_order *o; const struct pay_method *method; struct str actor; };

static enum status tx_received(struct db_conn *c, void *arg, struct err *e)
{
	const struct received *x = arg;
	struct cart_payment_last_attempt_row *last;
	struct remote none = texts_there((struct remote){ 0 });
	cart_payment *alive;
	cart_order *o;
	int64_t now = clock_now_us(), id = id_new();
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	TRY(q_cart_payment_alive(c, o->id, &alive, e));
	if (alive || o->paid >= order_due(o) || str_eqc(o->state, "cancelled"))
		return err_set(
		        e, ST_CONFLICT, "%s", tr("There is nothing to pay for this order, or a payment is under way."));
	TRY(q_cart_payment_last_attempt(c, o->id, &last, e));
	struct str reference = arena_strf(db_arena(c), "%.*s-%lld", STR_ARG(o->number), (long long)last->n + 1);
	TRY(q_cart_payment_add(c, id, o->id, last->n + 1, str_c(x->method->name), reference, order_due(o) - o->paid,
	        now, NULL, now, NULL, e));
	struct settling s = { id, &none, "paid", x->actor };
	return tx_settle(c, &s, e);
}

enum status pay_received(struct ctx *ctx, const cart_order *o, struct str method, struct str actor, struct err *e)
{
	struct received x = { o, pay_method_named(method), actor };
	if (!x.method || !x.method->later)
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("Cash or a transfer: please choose."));
	return db_write(ctx, ctx->svc->db, tx_received, &x, e);
}

/* --- the clock ---------------------------------------------------------------------------------------------------- */

struct due { struct cart_payments_due_row *payments; struct cart_refunds_due_row *refunds;
	struct cart_orders_lapsed_row *lapsed; size_t payment_count, refund_count, lapsed_count; };

static enum status due_load(struct ctx *ctx, struct due *d, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	int64_t now = clock_now_us();
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_cart_payments_due(c, now, DUE_AT_ONCE, &d->payments, &d->payment_count, e));
	TRY(q_cart_refunds_due(c, now, DUE_AT_ONCE, &d->refunds, &d->refund_count, e));
	return q_cart_orders_lapsed(c, now - LAPSE_GRACE_S * US_PER_S, DUE_AT_ONCE, &d->lapsed, &d->lapsed_count, e);
}

static void watch_failed(struct ctx *ctx, const char *what, int64_t id, const struct err *e)
{
	LOG(WARN, ctx, "cart.later", LS("what", what), LI("id", id), LS("error", e->msg));
}

enum status pay_watch(struct ctx *ctx, struct err *e)
{
	struct due d;
	struct err own = { 0 };
	TRY(due_load(ctx, &d, e));
	for (size_t i = 0; i < d.payment_count; i++)
		if (pay_look(ctx, d.payments[i].id, false, &own) != ST_OK)
			watch_failed(ctx, "payment", d.payments[i].id, &own);
	for (size_t i = 0; i < d.refund_count; i++)
		if (refund_go_on(ctx, d.refunds[i].id, &own) != ST_OK)
			watch_failed(ctx, "refund", d.refunds[i].id, &own);
	for (size_t i = 0; i < d.lapsed_count; i++)
		if (order_cancel(ctx, d.lapsed[i].id, "lapsed", STR("system"), &own) != ST_OK)
			watch_failed(ctx, "lapse", d.lapsed[i].id, &own);
	return ST_OK;
}
