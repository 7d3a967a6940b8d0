/* SPDX-License-Identifier: Apache-2.0
 *
 * What the payment provider pays out, asked once a day and matched to orders; and what is still to be given back. The
 * treasurer's pages.
 */
#include "services/cart/payouts.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/tables/tables.h"
#include "services/cart/pay.h"
#include "services/cart/sumup.h"

enum {
	PAYOUTS_AT_ONCE = 500,   /* lines of one answer */
	PAYOUT_TURNS = 20,       /* answers of one account in one run; the next run goes on */
	PAYOUT_BACK_DAYS = 60,   /* how far back the first run looks */
	PAYOUT_AGAIN_DAYS = 7,   /* what was seen already is looked at again: lines come late */
	PAYOUT_DAY_LEN = 10      /* "2026-11-28" */
};
#define DAY_US (86400 * US_PER_S)

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct fetching { struct ctx *ctx; const struct sumup_account *a; const json_t *list; struct str newest; };

static struct str day_text(struct arena *a, int64_t at)
{
	char text[CLOCK_TEXT_MAX];
	clock_rfc3339(at, text);
	return arena_str(a, str_n(text, PAYOUT_DAY_LEN));
}

static bool is_deduction(struct str kind)
{
	return !str_eqc(kind, "PAYOUT");
}

/* From where the provider has the money to the bank. What is none of our orders' has an account of its own, so that
   the provider's stays what orders make of it. */
static enum status book_payout(struct db_conn *c, struct str ref, const struct cart_order_of_code_row *order,
        int64_t amount, int64_t fee, struct str currency, struct err *e)
{
	const struct posting list[] = { { "bank", amount }, { "fees", fee },
		{ order ? "sumup" : "unmatched", -(amount + fee) } };
	return journal_write(c, "payout", ref, 0, currency, list, 3, e);
}

static enum status take_line(struct db_conn *c, const struct fetching *f, const json_t *j, struct err *e)
{
	struct arena *a = db_arena(c);
	struct cart_order_of_code_row *order;
	struct str kind = json_str(j, "type"), code = str_or_empty(json_str(j, "transaction_code"));
	struct str currency = json_str(j, "currency"), day = json_str(j, "date");
	struct money m = money_of(0, currency);
	int64_t added, amount, fee;
	if (!kind.n || day.n != PAYOUT_DAY_LEN || currency.n != sizeof m.currency - 1)
		return err_set(e, ST_UPSTREAM, "a line of the payouts lacks its type, date or currency");
	struct str id = arena_strf(a, "%lld/%.*s/%.*s", (long long)json_integer_value(json_object_get(j, "id")),
	        STR_ARG(kind), STR_ARG(code));
	bool failed = !str_eqc(json_str(j, "status"), "SUCCESSFUL");
	amount = sumup_minor(json_object_get(j, "amount"), m.currency);
	fee = sumup_minor(json_object_get(j, "fee"), m.currency);
	if (is_deduction(kind) && amount > 0)
		amount = -amount;
	TRY(q_cart_order_of_code(c, code, &order, e));
	TRY(q_cart_payout_add(c, id_new(), f->a->merchant, id, kind,
	        failed          ? STR("failed")
	                : order ? STR("matched")
	                        : STR("unmatched"),
	        day, amount, fee, currency, str_or_empty(json_str(j, "reference")), code,
	        order ? order->number : STR(""), clock_now_us(), &added, e));
	if (!added || failed)
		return ST_OK;
	struct str ref = arena_strf(a, "%.*s/%.*s", STR_ARG(f->a->merchant), STR_ARG(id));
	TRY(book_payout(c, ref, order, amount, fee, currency, e));
	return order ? event_emit(c, "payout.received", order->number, STR("{}"), e) : ST_OK;
}

static enum status tx_take(struct db_conn *c, void *arg, struct err *e)
{
	const struct fetching *f = arg;
	size_t i;
	json_t *line;
	json_array_foreach (f->list, i, line)
		TRY(take_line(c, f, line, e));
	return ST_OK;
}

static enum status first_day(struct fetching *f, struct str *day, struct err *e)
{
	struct cart_payout_last_row *last;
	int64_t at;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(q_cart_payout_last(c, f->a->merchant, &last, e));
	struct str begin = arena_strf(f->ctx->arena, "%.*sT00:00:00Z", STR_ARG(last->day));
	if (clock_parse_rfc3339(begin, &at))
		*day = day_text(f->ctx->arena, at - PAYOUT_AGAIN_DAYS * DAY_US);
	else
		*day = day_text(f->ctx->arena, clock_now_us() - PAYOUT_BACK_DAYS * DAY_US);
	return ST_OK;
}

static enum status fetch_once(struct fetching *f, struct str from, size_t *n, struct err *e)
{
	int http;
	SCOPED_JSON *j = NULL;
	struct str today = day_text(f->ctx->arena, clock_now_us());
	struct str path = arena_strf(f->ctx->arena,
	        "/v1.0/merchants/%.*s/payouts?start_date=%.*s&end_date=%.*s&limit=%d&order=asc",
	        STR_ARG(f->a->merchant), STR_ARG(from), STR_ARG(today), PAYOUTS_AT_ONCE);
	TRY(sumup_call(f->ctx, f->a, "GET", path, STR_NULL, &http, &j, e));
	if (http != 200 || !json_is_array(j))
		return err_set(e, ST_UPSTREAM, "the payment provider does not tell its payouts (%d): %.*s", http,
		        STR_ARG(sumup_error(f->ctx->arena, j)));
	f->list = j;
	*n = json_array_size(j);
	if (*n)
		f->newest = arena_str(f->ctx->arena, str_or_empty(json_str(json_array_get(j, *n - 1), "date")));
	return db_write(f->ctx, f->ctx->svc->db, tx_take, f, e);
}

static enum status fetch_account(struct ctx *ctx, const struct sumup_account *a, struct err *e)
{
	struct fetching f = { .ctx = ctx, .a = a, .newest = STR("") };
	struct str from;
	size_t n = PAYOUTS_AT_ONCE;
	TRY(first_day(&f, &from, e));
	for (int i = 0; i < PAYOUT_TURNS && n >= PAYOUTS_AT_ONCE; i++) {
		TRY(fetch_once(&f, from, &n, e));
		if (n >= PAYOUTS_AT_ONCE && str_eq(f.newest, from))
			return err_set(e, ST_UPSTREAM, "more than %d payouts on one day", PAYOUTS_AT_ONCE);
		from = f.newest;
	}
	return ST_OK;
}

/* Every account is asked, whatever becomes of the others; the first failure is told. */
enum status cart_payouts_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct sumup_account *list;
	size_t n;
	enum status all = ST_OK;
	(void)j;
	TRY(sumup_accounts(ctx, &list, &n, e));
	for (size_t i = 0; i < n; i++) {
		enum status s = fetch_account(ctx, &list[i], all == ST_OK ? e : NULL);
		all = all == ST_OK ? s : all;
	}
	return all;
}

/* --- the page of payouts ------------------------------------------------------------------------------------------ */

typedef struct cart_payouts_row payout_row;

static enum status payouts_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_payouts, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static struct str amount_text(struct web *w, const void *row)
{
	const payout_row *p = row;
	return cart_money_text(w->ctx, p->amount, p->currency);
}
static struct str fee_text(struct web *w, const void *row)
{
	const payout_row *p = row;
	return cart_money_text(w->ctx, p->fee, p->currency);
}
static struct str kind_text(struct web *w, const void *row)
{
	static const struct { const char *name, *words; } kinds[] = {
		{ "PAYOUT", "Paid out" },
		{ "REFUND_DEDUCTION", "Taken off for what was given back" },
		{ "CHARGE_BACK_DEDUCTION", "Taken off for a chargeback" },
		{ "DD_RETURN_DEDUCTION", "Taken off for a returned debit" },
		{ "BALANCE_DEDUCTION", "Taken off for what was owed" },
	};
	const payout_row *p = row;
	(void)w;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eqc(p->kind, kinds[i].name))
			return str_c(tr(kinds[i].words));
	return p->kind;
}

static struct str payout_order(struct web *w, const void *row)
{
	const payout_row *p = row;
	return p->order_number.n ? web_url(w->ctx, "cart", "/admin/orders/%.*s", STR_ARG(p->order_number)) : STR("");
}

static void payouts_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_cart_payouts_head(out, w, web_query(w, "done").n > 0);
}

static const struct choice payout_states[] = { { "matched", "Of an order" }, { "unmatched", "Of no order here" },
	{ "failed", "Failed" }, { 0 } };
static const struct table_filter payout_filters[] = {
	{ .name = "state", .title = "State", .choices = payout_states },
	{ 0 },
};
static const struct column payout_columns[] = {
	COLUMN(payout_row, day, TEXT, .title = "Day", .sort = "day", .by = 0, .first_down = true),
	COLUMN(payout_row, kind, TEXT, .title = "What", .text = kind_text),
	COLUMN(payout_row, order_number, CODE, .title = "Order"),
	COLUMN(payout_row, currency, TEXT, .title = "Amount", .text = amount_text),
	COLUMN(payout_row, currency, TEXT, .title = "Fee", .text = fee_text),
	COLUMN(payout_row, state, STATE, .title = "State", .usual = "matched"),
	COLUMN(payout_row, reference, CODE, .title = "Reference"),
	COLUMN(payout_row, code, CODE, .title = "Transaction", .only_file = true),
	COLUMN(payout_row, merchant, CODE, .title = "Merchant code", .only_file = true),
	{ 0 },
};
static const struct table_desc payouts = {
	.path = "/admin/payouts",
	.title = "Payouts",
	.search = "Order, reference or transaction",
	.filters = payout_filters,
	.columns = payout_columns,
	.empty = "Nothing was paid out yet. The payment provider is asked every night.",
	.sort = "day",
	.down = true,
	.exported = "payout.list_exported",
	.row_size = sizeof(payout_row),
	.load = payouts_load,
	.url = payout_order,
	.above = payouts_above,
};

enum status cart_get_payouts(struct web *w, struct err *e)
{
	return table_get(w, &payouts, NULL, e);
}
enum status cart_get_payouts_csv(struct web *w, struct err *e)
{
	return table_csv(w, &payouts, e);
}

static enum status tx_ask(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	return job_enqueue(c, &(struct job_new){ .kind = "cart.payouts", .payload = STR("{}") }, NULL, e);
}

enum status cart_post_payouts(struct web *w, struct err *e)
{
	TRY(web_form_load(w, e));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_ask, NULL, e));
	return web_redirect(w, 303, web_url(w->ctx, "cart", "/admin/payouts?done=asked"));
}

/* --- what is to be given back ------------------------------------------------------------------------------------- */

typedef struct cart_refunds_row refund_row;

static enum status refunds_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_refunds, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static struct str refund_amount(struct web *w, const void *row)
{
	const refund_row *r = row;
	return cart_money_text(w->ctx, r->amount, r->currency);
}
static struct str refund_order(struct web *w, const void *row)
{
	return web_url(w->ctx, "cart", "/admin/orders/%.*s", STR_ARG(((const refund_row *)row)->number));
}

/* What can be done with one: from which state, how it goes then; from NULL: its provider is asked. */
static const struct refund_deed { const char *name, *from, *via, *audit; } refund_deeds[] = {
	{ "ask", NULL, "", "refund.asked_after" },
	{ "anew", "sent", "", "refund.sent_anew" },
	{ "anew", "unknown", "", "refund.sent_anew" },
	{ "anew", "refused", "", "refund.sent_anew" },
	{ "balance", "refused", "balance", "refund.paid_otherwise" },
	{ "cash", "refused", "cash", "refund.paid_otherwise" },
	{ "transfer", "refused", "transfer", "refund.paid_otherwise" },
};

struct refund_act { struct ctx *ctx; int64_t id; const char *name; int64_t changed; struct audit_entry audit; };

/* One that was refused counts as not given back: what else was given back meanwhile may leave nothing of it. */
static enum status check_excess(struct db_conn *c, const struct refund_act *x, const cart_refund *r,
        const struct refund_deed *d, struct err *e)
{
	cart_order *o;
	int64_t minor;
	TRY(q_cart_order_locked(c, r->order_id, &o, e));
	if (!refund_may_go(x->ctx, o, true, str_c(d->via)))
		return err_set(e, ST_CONFLICT, "%s", tr("Whoever ordered has no account here to keep money in."));
	TRY(refund_excess(c, o, &minor, e));
	return strcmp(d->from, "refused") != 0 || minor >= r->amount
	        ? ST_OK
	        : err_set(e, ST_CONFLICT, "%s", tr("It was given back with something else meanwhile."));
}

static enum status tx_refund_act(struct db_conn *c, void *arg, struct err *e)
{
	struct refund_act *x = arg;
	cart_refund *r;
	int64_t now = clock_now_us();
	TRY(q_cart_refund(c, x->id, &r, e));
	for (size_t i = 0; r && i < sizeof refund_deeds / sizeof *refund_deeds; i++) {
		const struct refund_deed *d = &refund_deeds[i];
		if (strcmp(d->name, x->name) != 0 || (d->from && !str_eqc(r->state, d->from)))
			continue;
		if (d->from)
			TRY(check_excess(c, x, r, d, e));
		TRY(d->from ? q_cart_refund_anew(c, x->id, r->state, str_c(d->via), now, &x->changed, e)
		            : q_cart_refund_ask(c, x->id, now, &x->changed, e));
		x->audit.action = d->audit;
	}
	return x->changed ? audit_write(c, &x->audit, e) : ST_OK;
}

static enum status refunds_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct refund_act x = { .ctx = w->ctx, .name = a->name };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
	audit_from(w, &x.audit);
	x.audit.object = key;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_refund_act, &x, e));
	*changed = x.changed > 0;
	return ST_OK;
}

static const struct choice refund_states[] = { { "open", "Not confirmed" }, { "refused", "Refused" },
	{ "confirmed", "Confirmed" }, { 0 } };
static const struct table_filter refund_filters[] = {
	{ .name = "state", .title = "State", .choices = refund_states, .always = true },
	{ 0 },
};
static const struct column refund_columns[] = {
	COLUMN(refund_row, number, CODE, .title = "Order"),
	COLUMN(refund_row, name, TEXT, .title = "Name"),
	COLUMN(refund_row, currency, TEXT, .title = "Amount", .text = refund_amount),
	COLUMN(refund_row, state, STATE, .title = "State", .usual = "confirmed"),
	COLUMN(refund_row, why, TEXT, .title = "What the provider says"),
	COLUMN(refund_row, created_at, MOMENT, .title = "Wanted", .sort = "wanted", .by = 0),
	{ 0 },
};
static const struct table_action refund_actions[] = {
	{ .name = "ask", .label = "Ask now", .done = "Asked" },
	{ .name = "anew",
	        .label = "Send again",
	        .done = "Sent again",
	        .danger = true,
	        .confirm =
	                "Only when the provider's own pages show that it was not given back: who got it already would "
	                "get it twice." },
	{ .name = "balance", .label = "Keep it here for them", .done = "Kept here for them" },
	{ .name = "cash", .label = "Given in cash", .done = "Given in cash" },
	{ .name = "transfer", .label = "Transferred", .done = "Transferred" },
	{ 0 },
};
static const struct table_desc refunds = {
	.path = "/admin/refunds",
	.title = "Given back",
	.search = "Order or name",
	.filters = refund_filters,
	.columns = refund_columns,
	.actions = refund_actions,
	.empty = "All that was to be given back is confirmed.",
	.sort = "wanted",
	.row_size = sizeof(refund_row),
	.load = refunds_load,
	.act = refunds_act,
	.url = refund_order,
};

enum status cart_get_refunds(struct web *w, struct err *e)
{
	return table_get(w, &refunds, NULL, e);
}
enum status cart_post_refunds(struct web *w, struct err *e)
{
	return table_post(w, &refunds, NULL, e);
}
