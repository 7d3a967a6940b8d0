/* SPDX-License-Identifier: Apache-2.0
 *
 * The API: checkouts, transactions, refunds, payouts, with the provider's own three shapes of errors.
 */
#include <math.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/core/web_url.h"
#include "platform/web/router.h"
#include "rt/fiber.h"
#include "services/sumup/sumup.h"

enum { PAYOUTS_MAX = 500, FEE_PER_MILLE_10 = 169 /* 1.69 % */, CODE_BYTES = 5, DATE_LEN = 10 };
#define MERCHANT_SIM "MSIM0001"
#define DAY_US (INT64_C(86400) * US_PER_S)

/* --- answers ------------------------------------------------------------------------------------------------------ */

struct call {
	struct ctx *ctx;
	const struct sim_ask *in;
	struct sim_answer out;
	struct sim_faults faults;
	int64_t now;
	struct str part[6]; /* of the path */
	size_t parts;
	struct str query;
	json_t *body;
	struct str about;   /* a parameter of the path */
};

static void sim_answer_with(struct call *k, int status, struct str body)
{
	k->out = (struct sim_answer){ status, body };
}

static void answer_error(struct call *k, int status, const char *code, const char *message, const char *param)
{
	struct buf b;
	buf_text(&b, k->ctx->arena);
	BUF_LIT(&b, "{\"error_code\":");
	json_put_str(&b, str_c(code));
	json_put_member(&b, "message", str_c(message));
	if (param)
		json_put_member(&b, "param", str_c(param));
	buf_putc(&b, '}');
	sim_answer_with(k, status, buf_str(&b));
}

static void put_sim_amount(struct buf *b, const char *name, int64_t minor, struct str currency)
{
	char text[MONEY_TEXT_MAX];
	struct money m = money_of(minor, currency);
	money_text(&m, text);
	buf_printf(b, ",\"%s\":%s", name, text);
}

static void put_time(struct buf *b, const char *name, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	json_put_member(b, name, str_n(text, clock_rfc3339(us / US_PER_S * US_PER_S, text)));
}

static void put_transaction(struct buf *b, const struct sumup_transactions_of_row *t, struct str currency)
{
	BUF_LIT(b, "{\"id\":");
	json_put_str(b, t->id);
	json_put_member(b, "transaction_code", t->code);
	put_sim_amount(b, "amount", t->amount, currency);
	json_put_member(b, "currency", currency);
	json_put_member(b, "status", t->status);
	put_time(b, "timestamp", t->at);
	BUF_LIT(b, ",\"payment_type\":\"ECOM\",\"installments_count\":1}");
}

static enum status put_checkout(struct call *k, struct db_conn *c, struct buf *b, const sim_checkout *x, struct err *e)
{
	struct sumup_transactions_of_row *t;
	size_t n;
	bool over = !str_eqc(x->status, "PAID") && k->now > x->valid_until;
	TRY(q_sumup_transactions_of(c, x->id, &t, &n, e));
	BUF_LIT(b, "{\"id\":");
	json_put_str(b, x->id);
	json_put_member(b, "checkout_reference", x->reference);
	put_sim_amount(b, "amount", x->amount, x->currency);
	json_put_member(b, "currency", x->currency);
	json_put_member(b, "merchant_code", x->merchant);
	json_put_member(b, "description", x->description);
	json_put_member(b, "return_url", x->return_url);
	json_put_member(b, "redirect_url", x->redirect_url);
	json_put_member(b, "status", over ? STR("EXPIRED") : x->status);
	put_time(b, "date", x->created_at);
	put_time(b, "valid_until", x->valid_until);
	if (x->hosted)
		json_put_member(b, "hosted_checkout_url", web_abs_url(k->ctx, "sumup", "/pay/%.*s", STR_ARG(x->id)));
	BUF_LIT(b, ",\"transactions\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? "," : "");
		put_transaction(b, &t[i], x->currency);
	}
	BUF_LIT(b, "]}");
	return ST_OK;
}

/* --- checkouts ---------------------------------------------------------------------------------------------------- */

struct making { struct call *k; struct str id, merchant; int64_t amount, until; int64_t added; };

static enum status tx_make(struct db_conn *c, void *arg, struct err *e)
{
	struct making *m = arg;
	const json_t *j = m->k->body;
	bool hosted = json_is_true(json_object_get(json_object_get(j, "hosted_checkout"), "enabled"));
	return q_sumup_checkout_add(c, m->id, m->merchant, json_str(j, "checkout_reference"), m->amount,
	        json_str(j, "currency"), str_or_empty(json_str(j, "description")),
	        str_or_empty(json_str(j, "return_url")), str_or_empty(json_str(j, "redirect_url")), hosted, m->until,
	        m->k->now, &m->added, e);
}

/* As a UUID looks (RFC 9562, version 4). */
static struct str new_uuid(struct arena *a)
{
	unsigned char b[16];
	random_bytes(b, sizeof b);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	return arena_strf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
	        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* What is wrong with the request: several things come as a list. False: nothing is. */
static bool checkout_is_wrong(struct call *k, const struct making *m)
{
	struct str reference = json_str(k->body, "checkout_reference"), currency = json_str(k->body, "currency");
	struct buf b;
	unsigned n = 0;
	buf_text(&b, k->ctx->arena);
	const struct { bool wrong; const char *code, *param;
	} checks[] = {
		{ !reference.n || reference.n > SIM_REFERENCE_MAX, reference.n ? "INVALID" : "MISSING",
		        "checkout_reference" },
		{ m->amount <= 0, json_object_get(k->body, "amount") ? "INVALID" : "MISSING", "amount" },
		{ currency.n != 3, currency.n ? "INVALID" : "MISSING", "currency" },
	};
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i].wrong)
			buf_printf(&b, "%s{\"error_code\":\"%s\",\"message\":\"Validation error\",\"param\":\"%s\"}",
			        n++ ? "," : "", checks[i].code, checks[i].param);
	if (n)
		sim_answer_with(
		        k, 400, n > 1 ? arena_strf(k->ctx->arena, "[%.*s]", STR_ARG(buf_str(&b))) : buf_str(&b));
	return n > 0;
}

static int64_t amount_of(const json_t *j, struct str currency)
{
	struct money m = money_of(0, currency);
	double v = json_number_value(json_object_get(j, "amount")) * pow(10, money_digits(m.currency));
	return fabs(v) < 9e15 ? (int64_t)llround(v) : -1;
}

static enum status show_checkout(struct call *k, struct str id, int status, struct err *e)
{
	struct buf b;
	sim_checkout *x;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(k->ctx, k->ctx->svc->db, &c, e));
	TRY(q_sumup_checkout(c, id, &x, e));
	if (!x) {
		answer_error(k, 404, "NOT_FOUND", "Resource not found", NULL);
		return ST_OK;
	}
	buf_text(&b, k->ctx->arena);
	TRY(put_checkout(k, c, &b, x, e));
	sim_answer_with(k, status, buf_str(&b));
	return ST_OK;
}

static enum status post_checkout(struct call *k, struct err *e)
{
	struct str until = json_str(k->body, "valid_until"), merchant = json_str(k->body, "merchant_code");
	struct making m = { .k = k, .id = new_uuid(k->ctx->arena), .until = k->now + SIM_SESSION_MIN * 60 * US_PER_S };
	int64_t asked;
	m.amount = amount_of(k->body, json_str(k->body, "currency"));
	m.merchant = merchant.n ? merchant : STR(MERCHANT_SIM);
	if (checkout_is_wrong(k, &m))
		return ST_OK;
	if (until.n && clock_parse_rfc3339(until, &asked) && asked < m.until)
		m.until = asked;
	TRY(db_write(k->ctx, k->ctx->svc->db, tx_make, &m, e));
	if (!m.added) {
		answer_error(k, 409, "DUPLICATED_CHECKOUT",
		        "Checkout with this checkout reference and pay to email already exists", NULL);
		return ST_OK;
	}
	return show_checkout(k, m.id, 201, e);
}

static bool is_absent(struct call *k)
{
	if (!k->faults.absent_times)
		return false;
	answer_error(k, 404, "NOT_FOUND", "Resource not found", NULL);
	return true;
}

static enum status get_checkout(struct call *k, struct err *e)
{
	return is_absent(k) ? ST_OK : show_checkout(k, k->about, 200, e);
}

static enum status get_checkouts(struct call *k, struct err *e)
{
	struct buf b;
	sim_checkout *list;
	size_t n;
	struct str name = STR("checkout_reference=");
	if (!str_starts(k->query, name)) {
		answer_error(k, 400, "MISSING", "Validation error", "checkout_reference");
		return ST_OK;
	}
	SCOPED_DB_READ c = NULL;
	TRY(db_read(k->ctx, k->ctx->svc->db, &c, e));
	TRY(q_sumup_checkouts_of(c, str_skip(k->query, name.n), &list, &n, e));
	buf_text(&b, k->ctx->arena);
	buf_putc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? "," : "");
		TRY(put_checkout(k, c, &b, &list[i], e));
	}
	buf_putc(&b, ']');
	sim_answer_with(k, 200, buf_str(&b));
	return ST_OK;
}

struct sim_ending { struct str id; int64_t changed; };

static enum status tx_expire(struct db_conn *c, void *arg, struct err *e)
{
	struct sim_ending *x = arg;
	return q_sumup_checkout_set(c, x->id, STR("EXPIRED"), &x->changed, e);
}

static enum status delete_checkout(struct call *k, struct err *e)
{
	sim_checkout *x;
	struct sim_ending end = { .id = k->about };
	TRY(sim_checkout_of(k->ctx, k->about, &x, e));
	if (!x)
		return show_checkout(k, k->about, 200, e);
	TRY(db_write(k->ctx, k->ctx->svc->db, tx_expire, &end, e));
	if (end.changed)
		return show_checkout(k, k->about, 200, e);
	answer_error(k, 409, "CHECKOUT_PROCESSED", "Checkout is already processed", NULL);
	return ST_OK;
}

/* --- transactions, refunds, payouts ------------------------------------------------------------------------------- */

static enum status transaction_of(struct call *k, struct str id, struct sumup_transactions_of_row **t, sim_checkout **x,
        struct sumup_refunds_of_row **refunds, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(k->ctx, k->ctx->svc->db, &c, e));
	TRY(q_sumup_transaction(c, id, t, e));
	if (!*t)
		return ST_OK;
	TRY(q_sumup_checkout(c, (*t)->checkout_id, x, e));
	return q_sumup_refunds_of(c, id, refunds, n, e);
}

static void answer_no_transaction(struct call *k)
{
	sim_answer_with(k, 404,
	        STR("{\"type\":\"https://developer.sumup.com/problem/not-found\",\"title\":\"Requested resource "
	            "couldn't be "
	            "found.\",\"status\":404}"));
}

static enum status get_transaction(struct call *k, struct err *e)
{
	struct sumup_transactions_of_row *t;
	struct sumup_refunds_of_row *r = NULL;
	sim_checkout *x = NULL;
	struct buf b;
	size_t n = 0;
	struct str name = STR("id=");
	TRY(transaction_of(k, str_starts(k->query, name) ? str_skip(k->query, name.n) : STR(""), &t, &x, &r, &n, e));
	if (!t) {
		answer_no_transaction(k);
		return ST_OK;
	}
	buf_text(&b, k->ctx->arena);
	put_transaction(&b, t, x->currency);
	b.len--; /* its closing brace: more members follow */
	json_put_member(&b, "merchant_code", x->merchant);
	BUF_LIT(&b, ",\"transaction_events\":[");
	unsigned shown = 0;
	for (size_t i = 0; i < n; i++) {
		if (r[i].lost || r[i].shown_at > k->now)
			continue;
		buf_printf(&b, "%s{\"id\":%lld,\"event_type\":\"REFUND\",\"status\":\"REFUNDED\"", shown++ ? "," : "",
		        (long long)r[i].id);
		put_sim_amount(&b, "amount", r[i].amount, x->currency);
		put_time(&b, "timestamp", r[i].at);
		buf_putc(&b, '}');
	}
	BUF_LIT(&b, "]}");
	sim_answer_with(k, 200, buf_str(&b));
	return ST_OK;
}

struct giving { struct call *k; struct str transaction; int64_t amount; bool lost; };

static enum status tx_refund(struct db_conn *c, void *arg, struct err *e)
{
	const struct giving *g = arg;
	return q_sumup_refund_add(c, id_new(), g->transaction, g->amount, g->k->now,
	        g->k->now + g->k->faults.refund_late_s * US_PER_S, g->lost, NULL, e);
}

static enum status post_refund(struct call *k, struct err *e)
{
	struct sumup_transactions_of_row *t;
	struct sumup_refunds_of_row *r = NULL;
	sim_checkout *x = NULL;
	size_t n = 0;
	TRY(transaction_of(k, k->about, &t, &x, &r, &n, e));
	if (!t || !str_eqc(t->status, "SUCCESSFUL")) {
		answer_no_transaction(k);
		return ST_OK;
	}
	int64_t left = t->amount;
	for (size_t i = 0; i < n; i++)
		left -= r[i].lost ? 0 : r[i].amount;
	struct giving g = { k, t->id, left, k->faults.refund_lost_times > 0 };
	if (json_object_get(k->body, "amount"))
		g.amount = amount_of(k->body, x->currency);
	if (left <= 0) {
		answer_error(k, 409, "CONFLICT", "The transaction is not refundable in its current state", NULL);
		return ST_OK;
	}
	if (g.amount <= 0 || g.amount > left) {
		struct buf b;
		buf_text(&b, k->ctx->arena);
		BUF_LIT(&b,
		        "{\"type\":\"https://developer.sumup.com/problem/unprocessable\",\"title\":\"The refund is "
		        "more than "
		        "what is left\",\"status\":422,\"errors\":[{\"code\":\"AMOUNT\"");
		put_sim_amount(&b, "max_refundable_amount", left, x->currency);
		BUF_LIT(&b, "}]}");
		sim_answer_with(k, 422, buf_str(&b));
		return ST_OK;
	}
	TRY(db_write(k->ctx, k->ctx->svc->db, tx_refund, &g, e));
	sim_answer_with(k, 201, STR(""));
	return ST_OK;
}

static void put_payout(struct buf *b, const struct sumup_moves_row *t, bool first)
{
	bool paid = str_eqc(t->kind, "PAYOUT");
	int64_t fee = paid ? (t->amount * FEE_PER_MILLE_10 + 5000) / 10000 : 0;
	char date[CLOCK_TEXT_MAX];
	clock_rfc3339(t->at + DAY_US, date);
	buf_printf(b, "%s{\"id\":%lld,\"status\":\"SUCCESSFUL\"", first ? "" : ",", (long long)t->at);
	json_put_member(b, "type", t->kind);
	put_sim_amount(b, "amount", t->amount - fee, t->currency);
	put_sim_amount(b, "fee", fee, t->currency);
	json_put_member(b, "currency", t->currency);
	json_put_member(b, "date", str_n(date, DATE_LEN));
	json_put_member(b, "reference", t->code);
	json_put_member(b, "transaction_code", t->code);
	buf_putc(b, '}');
}

/* A day of the query, as the moment it begins; otherwise: where there is none. */
static int64_t day_of_query(struct call *k, struct str name, int64_t otherwise)
{
	struct str rest = k->query, pair;
	int64_t at;
	while (str_next(&rest, '&', &pair))
		if (str_starts(pair, name) &&
		        clock_parse_rfc3339(
		                arena_strf(k->ctx->arena, "%.*sT00:00:00Z", STR_ARG(str_skip(pair, name.n))), &at))
			return at;
	return otherwise;
}

/* What was paid is paid out a day later, less a fee. */
static enum status get_payouts(struct call *k, struct err *e)
{
	struct sumup_moves_row *list;
	struct buf b;
	size_t n;
	int64_t from = day_of_query(k, STR("start_date="), DAY_US) - DAY_US;
	int64_t upto = day_of_query(k, STR("end_date="), k->now), last = k->now - DAY_US;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(k->ctx, k->ctx->svc->db, &c, e));
	TRY(q_sumup_moves(c, k->about, from, upto < last ? upto : last, PAYOUTS_MAX, &list, &n, e));
	buf_text(&b, k->ctx->arena);
	buf_putc(&b, '[');
	for (size_t i = 0; i < n; i++)
		put_payout(&b, &list[i], i == 0);
	buf_putc(&b, ']');
	sim_answer_with(k, 200, buf_str(&b));
	return ST_OK;
}

/* --- the door ----------------------------------------------------------------------------------------------------- */

static const struct endpoint { const char *method, *path; bool body; enum status (*run)(struct call *k, struct err *e);
	} endpoints[] = {
	{ "POST", "v0.1/checkouts", true, post_checkout },
	{ "GET", "v0.1/checkouts", false, get_checkouts },
	{ "GET", "v0.1/checkouts/{}", false, get_checkout },
	{ "DELETE", "v0.1/checkouts/{}", false, delete_checkout },
	{ "GET", "v2.1/merchants/*/transactions", false, get_transaction },
	{ "POST", "v1.0/merchants/*/payments/{}/refunds", true, post_refund },
	{ "GET", "v1.0/merchants/{}/payouts", false, get_payouts },
};

/* "{}" is what it is about, "*" anything. */
static bool path_fits(struct call *k, const char *pattern, struct str path)
{
	struct str rest = str_c(pattern), want, have;
	while (str_next(&rest, '/', &want)) {
		bool more = str_next(&path, '/', &have);
		if (!more || !have.n || !(str_eqc(want, "*") || str_eqc(want, "{}") || str_eq(want, have)))
			return false;
		if (str_eqc(want, "{}"))
			k->about = have;
	}
	return !path.p || !path.n;
}

static enum status route_call(struct call *k, struct str path, struct err *e)
{
	for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
		const struct endpoint *p = &endpoints[i];
		if (!str_eqc(k->in->method, p->method) || !path_fits(k, p->path, path))
			continue;
		k->body = k->in->body.n ? json_parse(k->in->body, JSON_DEPTH, NULL) : NULL;
		if (p->body && k->in->body.n && !json_is_object(k->body)) {
			answer_error(k, 400, "INVALID", "The request body is not valid JSON", NULL);
			return ST_OK;
		}
		return p->run(k, e);
	}
	answer_error(k, 404, "NOT_FOUND", "Resource not found", NULL);
	return ST_OK;
}

static bool counts_down(int64_t *n)
{
	if (*n <= 0)
		return false;
	--*n;
	return true;
}

struct sim_beginning { struct call *k; bool broken, silent; };

/* Which faults strike this request: taken off their counts in the same step. */
static enum status tx_faults(struct db_conn *c, void *arg, struct err *e)
{
	struct sim_beginning *b = arg;
	struct call *k = b->k;
	struct sim_faults left;
	bool looks = str_eqc(k->in->method, "GET"), refunds = str_ends(k->in->path, STR("/refunds"));
	TRY(sim_faults_get(c, &k->faults, e));
	left = k->faults;
	b->broken = counts_down(&left.status_times);
	b->silent = !b->broken && counts_down(&left.silent_times);
	if (looks && !b->broken)
		counts_down(&left.absent_times);
	if (refunds && !b->broken)
		counts_down(&left.refund_lost_times);
	return memcmp(&left, &k->faults, sizeof left) ? sim_faults_put(c, &left, e) : ST_OK;
}

static enum status tx_journal(struct db_conn *c, void *arg, struct err *e)
{
	const struct call *k = arg;
	TRY(q_sumup_request_add(
	        c, id_new(), k->now, k->in->method, k->in->path, str_or_empty(k->in->body), k->out.status, NULL, e));
	return q_sumup_requests_keep(c, SIM_REQUESTS_KEPT, NULL, e);
}

static bool key_is_wrong(struct str key)
{
	return str_starts(key, STR("sup_pk_")); /* the public one, as people do */
}

enum status sim_api(struct ctx *ctx, const struct sim_ask *in, struct sim_answer *out, struct err *e)
{
	struct call k = { .ctx = ctx, .in = in };
	struct sim_beginning b = { .k = &k };
	struct str path = str_skip(in->path, 1), rest = path;
	if (in->body.n > SIM_BODY_MAX)
		return err_set(e, ST_TOO_LARGE, "the body is too large");
	str_cut(&rest, '?', &path);
	k.query = rest.p == path.p ? STR("") : str_or_empty(rest);
	TRY(db_write(ctx, ctx->svc->db, tx_faults, &b, e));
	k.now = clock_now_us() + k.faults.clock_s * US_PER_S;
	if (k.faults.latency_ms)
		TRY(fiber_sleep_ns(k.faults.latency_ms * NS_PER_MS));
	if (b.broken)
		sim_answer_with(&k, (int)k.faults.status, STR(""));
	else if (key_is_wrong(in->key))
		answer_error(&k, 401, "NOT_AUTHORIZED", "Unauthorized", NULL);
	else
		TRY(route_call(&k, path, e));
	json_decref(k.body);
	if (b.silent)
		k.out = (struct sim_answer){ 0, STR("") };
	*out = k.out;
	return db_write(ctx, ctx->svc->db, tx_journal, &k, e);
}

/* --- paying ------------------------------------------------------------------------------------------------------- */

enum status sim_checkout_of(struct ctx *ctx, struct str id, sim_checkout **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return q_sumup_checkout(c, id, out, e);
}

enum sim_outcome sim_card(struct str number, int64_t amount)
{
	char digits[24];
	size_t n = 0;
	for (size_t i = 0; i < number.n; i++)
		if (number.p[i] >= '0' && number.p[i] <= '9' && n < sizeof digits)
			digits[n++] = number.p[i];
	struct str card = str_n(digits, n);
	if (n < 12)
		return SIM_NO_CARD;
	if (amount == 4201 || amount == 4276 || amount == 4291 || amount == 1100)
		return SIM_DECLINED;
	return str_eqc(card, "4200000000000042")    ? SIM_CHALLENGE
	        : str_eqc(card, "4200000000000091") ? SIM_PAID
	                                            : SIM_DECLINED;
}

struct paying { struct str checkout; bool paid; int64_t now; bool late; };

static enum status send_callbacks(
        struct db_conn *c, const sim_checkout *x, const struct sim_faults *f, struct err *e)
{
	for (int64_t i = 0; i < f->callbacks + f->forged_times; i++) {
		struct buf b;
		int64_t id;
		struct str about = i < f->callbacks ? x->id : new_uuid(db_arena(c));
		buf_text(&b, db_arena(c));
		BUF_LIT(&b, "{\"url\":");
		json_put_str(&b, x->return_url);
		json_put_member(&b, "id", about);
		buf_putc(&b, '}');
		struct job_new j = { .kind = "sumup.callback", .payload = buf_str(&b),
			.run_at_us = clock_now_us() + f->callback_delay_s * US_PER_S };
		TRY(job_enqueue(c, &j, &id, e));
	}
	return ST_OK;
}

static enum status tx_pay(struct db_conn *c, void *arg, struct err *e)
{
	struct paying *p = arg;
	struct sim_faults f;
	sim_checkout *x;
	char code[CODE_BYTES * 2 + 1];
	int64_t changed;
	random_hex(code, CODE_BYTES);
	TRY(sim_faults_get(c, &f, e));
	TRY(q_sumup_checkout(c, p->checkout, &x, e));
	p->late = !x || clock_now_us() + f.clock_s * US_PER_S > x->valid_until;
	if (p->late)
		return ST_OK;
	TRY(q_sumup_checkout_set(c, x->id, p->paid ? STR("PAID") : STR("FAILED"), &changed, e));
	p->late = !changed;
	if (p->late)
		return ST_OK;
	TRY(q_sumup_transaction_add(c, new_uuid(db_arena(c)), str_c(code), x->id, x->amount,
	        p->paid ? STR("SUCCESSFUL") : STR("FAILED"), clock_now_us() + f.clock_s * US_PER_S, NULL, e));
	return x->return_url.n ? send_callbacks(c, x, &f, e) : ST_OK;
}

enum status sim_pay(struct ctx *ctx, struct str checkout, bool paid, struct err *e)
{
	struct paying p = { .checkout = checkout, .paid = paid };
	TRY(db_write(ctx, ctx->svc->db, tx_pay, &p, e));
	return p.late ? err_set(e, ST_CONFLICT, "This payment is not open any more.") : ST_OK;
}

enum status sumup_serve_api(
        struct ctx *ctx, const struct sumup_api_ask *in, struct sumup_api_answer *out, struct err *e)
{
	struct sim_answer got;
	TRY(sim_api(ctx, &(struct sim_ask){ in->method, in->path, in->key, in->body }, &got, e));
	out->status = got.status;
	out->body = got.body;
	return ST_OK;
}
