/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/sumup.h"

#include <math.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/sumup_contract.h"
#include "net/client/client.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "platform/crypto/seal.h"
#include "platform/text/html.h"
#include "services/cart/pay.h"

enum { DUPLICATES_MAX = 20 };
#define SIMULATED_MERCHANT "MSIM0001" /* of who has no account */

/* --- calling ------------------------------------------------------------------------------------------------------ */

static enum status call_simulator(struct ctx *ctx, const struct sumup_account *a, const char *method, struct str path,
        struct str body, int *http, struct str *answer, struct err *e)
{
	struct sumup_api_answer got = { 0 };
	const struct sumup_api_ask ask = { .method = str_c(method), .path = path, .key = a->key, .body = body };
	TRY(sumup_do_api(ctx, &ask, &got, e));
	if (!got.status) /* told to be silent */
		return err_set(e, ST_TIMEOUT, "the payment provider did not answer in time");
	*http = (int)got.status;
	*answer = got.body;
	return ST_OK;
}

static enum status call_provider(struct ctx *ctx, const struct sumup_account *a, const char *method, struct str path,
        struct str body, int *http, struct str *answer, struct err *e)
{
	struct http_in in;
	const struct http_header headers[] = {
		{ STR("authorization"), arena_strf(ctx->arena, "Bearer%s%.*s", " ", STR_ARG(a->key)) },
		{ STR("content-type"), STR("application/json") },
		{ STR("accept"), STR("application/json") },
	};
	const struct http_out out = { .method = method,
		.url = arena_printf(ctx->arena, "%.*s%.*s", STR_ARG(a->url), STR_ARG(path)),
		.headers = headers,
		.header_count = 3,
		.body = body,
		.max_body = SUMUP_BODY_MAX,
		.deadline_ns = clock_mono_ns() + SUMUP_WAIT_MS * NS_PER_MS };
	TRY(http_fetch(ctx, ctx->svc->platform->pool_web, &out, &in, e));
	*http = in.status;
	*answer = in.body;
	return ST_OK;
}

enum status sumup_call(struct ctx *ctx, const struct sumup_account *a, const char *method, struct str path,
        struct str body, int *http, json_t **json, struct err *e)
{
	struct str answer = STR("");
	*json = NULL;
	TRY((a->url.n ? call_provider : call_simulator)(ctx, a, method, path, body, http, &answer, e));
	if (*http >= 500)
		return err_set(e, ST_UPSTREAM, "the payment provider answered %d", *http);
	if (answer.n && !(*json = json_parse(answer, JSON_DEPTH, e)) && *http < 300)
		return err_set(e, ST_UPSTREAM, "the payment provider did not answer with JSON");
	return ST_OK;
}

static struct str first_text(const json_t *j, const char *const *names)
{
	for (; *names; names++) {
		struct str s = json_str(j, *names);
		if (s.n)
			return s;
	}
	return STR("");
}

struct str sumup_error(struct arena *a, const json_t *json)
{
	static const char *const names[] = { "message", "detail", "error_message", "title", "error_code", NULL };
	const json_t *one = json_is_array(json) ? json_array_get(json, 0) : json;
	return arena_str(a, str_utf8_first(first_text(one, names), STR_SHOWN_MAX));
}

int64_t sumup_minor(const json_t *amount, const char currency[4])
{
	/* JSON has no other numbers than these; rounded to the minor unit they are exact up to 2^53 of it. */
	return (int64_t)llround(json_number_value(amount) * pow(10, money_digits(currency)));
}

/* --- the card's rows ---------------------------------------------------------------------------------------------- */

static struct sumup_account account_of_settings(struct ctx *ctx)
{
	const struct config *config = ctx->svc->platform->config;
	struct sumup_account a = { config_str(config, "cart", "sumup_url"),
		config_str(config, "cart", "sumup_merchant"), config_str(config, "cart", "sumup_key") };
	if (!a.url.n && !a.merchant.n)
		a.merchant = STR(SIMULATED_MERCHANT);
	return a;
}

enum status sumup_accounts(struct ctx *ctx, struct sumup_account **out, size_t *n, struct err *e)
{
	struct cart_account_keys_row *rows;
	size_t count;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_cart_account_keys(c, &rows, &count, e));
	}
	struct sumup_account *list = ARENA_ARRAY(ctx->arena, struct sumup_account, count + 1);
	*n = 0;
	list[0] = account_of_settings(ctx);
	if (list[0].merchant.n)
		*n = 1;
	for (size_t i = 0; i < count; i++) {
		list[*n] = (struct sumup_account){ .url = list[0].url, .merchant = rows[i].merchant };
		TRY(auth_unseal(ctx, "cart.account", rows[i].api_key, &list[*n].key, e));
		++*n;
	}
	*out = list;
	return ST_OK;
}

static enum status account_load(struct ctx *ctx, const cart_order *o, struct sumup_account *out, struct err *e)
{
	struct cart_account_row *row;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_cart_account(c, o->account, &row, e));
	}
	*out = account_of_settings(ctx);
	if (!row)
		return ST_OK;
	out->merchant = row->merchant;
	return auth_unseal(ctx, "cart.account", row->api_key, &out->key, e);
}

/* Of its successful transaction: a refund names its id, a payout its code. outside: where a checkout without a list of
   them has it. */
static struct str paid_by(struct arena *a, const json_t *checkout, const char *name, const char *outside)
{
	size_t i;
	json_t *t;
	const json_t *list = json_object_get(checkout, "transactions");
	json_array_foreach (list, i, t)
		if (str_eqc(json_str(t, "status"), "SUCCESSFUL"))
			return arena_str(a, json_str(t, name));
	return arena_str(a, json_str(checkout, outside));
}

static bool has_failed_attempt(const json_t *checkout)
{
	size_t i;
	json_t *t;
	json_array_foreach (json_object_get(checkout, "transactions"), i, t)
		if (str_eqc(json_str(t, "status"), "FAILED"))
			return true;
	return false;
}

/* Only what is ours to the last detail counts: reference, amount, currency, merchant. */
static bool is_that_payment(const struct sumup_account *a, const cart_order *o, const cart_payment *p, const json_t *j)
{
	struct money m = money_of(p->amount, o->currency);
	return str_eq(json_str(j, "checkout_reference"), p->reference) &&
	        str_eq(json_str(j, "currency"), o->currency) &&
	        sumup_minor(json_object_get(j, "amount"), m.currency) == p->amount &&
	        (!a->merchant.n || str_eq(json_str(j, "merchant_code"), a->merchant));
}

static void take_checkout(struct arena *a, const cart_payment *p, const json_t *j, struct remote *out)
{
	struct str status = json_str(j, "status");
	*out = (struct remote){ .id = arena_str(a, json_str(j, "id")),
		.url = arena_str(a, json_str(j, "hosted_checkout_url")),
		.txn = paid_by(a, j, "id", "transaction_id"),
		.code = paid_by(a, j, "transaction_code", "transaction_code"),
		.why = STR("") };
	if (str_eqc(status, "PAID"))
		out->state = REMOTE_PAID;
	else if (str_eqc(status, "EXPIRED"))
		out->state = REMOTE_EXPIRED;
	else if (str_eqc(status, "FAILED"))
		out->state = REMOTE_FAILED, out->why = STR("declined");
	else
		out->state = REMOTE_PENDING, out->why = has_failed_attempt(j) ? STR("declined") : STR("");
	if (!out->url.n)
		out->url = p->remote_url;
}

static enum status find_by_reference(struct ctx *ctx, const struct sumup_account *a, const cart_order *o,
        const cart_payment *p, struct remote *out, struct err *e)
{
	int http;
	size_t i;
	json_t *one;
	SCOPED_JSON *j = NULL;
	struct str path = arena_strf(ctx->arena, "/v0.1/checkouts?checkout_reference=%.*s", STR_ARG(p->reference));
	TRY(sumup_call(ctx, a, "GET", path, STR_NULL, &http, &j, e));
	*out = (struct remote){ .state = REMOTE_ABSENT };
	if (http != 200)
		return http == 404 ? ST_OK : err_set(e, ST_UPSTREAM, "the payment provider answered %d", http);
	json_array_foreach (j, i, one)
		if (i < DUPLICATES_MAX && is_that_payment(a, o, p, one))
			take_checkout(ctx->arena, p, one, out);
	return ST_OK;
}

static void put_amount(struct buf *b, const cart_order *o, int64_t minor)
{
	char text[MONEY_TEXT_MAX];
	struct money m = money_of(minor, o->currency);
	money_text(&m, text);
	buf_printf(b, "\"amount\":%s", text);
}

static struct str checkout_body(
        struct ctx *ctx, const struct sumup_account *a, const cart_order *o, const cart_payment *p)
{
	struct buf b;
	char until[CLOCK_TEXT_MAX];
	clock_rfc3339(p->until / US_PER_S * US_PER_S, until);
	buf_text(&b, ctx->arena);
	buf_putc(&b, '{');
	put_amount(&b, o, p->amount);
	json_put_member(&b, "checkout_reference", p->reference);
	json_put_member(&b, "currency", o->currency);
	json_put_member(&b, "merchant_code", a->merchant);
	json_put_member(&b, "description", arena_strf(ctx->arena, tr("Order %.*s"), STR_ARG(o->number)));
	json_put_member(&b, "return_url", web_abs_url(ctx, "cart", "/hooks/sumup"));
	json_put_member(&b, "redirect_url", web_abs_url(ctx, "cart", "/return/%.*s?key=%.*s", STR_ARG(o->number),
	                                            STR_ARG(o->secret)));
	json_put_member(&b, "valid_until", str_c(until));
	BUF_LIT(&b, ",\"hosted_checkout\":{\"enabled\":true}}");
	return buf_str(&b);
}

enum status sumup_start(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
{
	int http;
	struct sumup_account a;
	SCOPED_JSON *j = NULL;
	TRY(account_load(ctx, o, &a, e));
	TRY(sumup_call(ctx, &a, "POST", STR("/v0.1/checkouts"), checkout_body(ctx, &a, o, p), &http, &j, e));
	if (http == 409) /* it was made before: whoever asked did not hear of it */
		return find_by_reference(ctx, &a, o, p, out, e);
	if (http != 201 && http != 200)
		return err_set(
		        e, ST_CONFLICT, tr("The payment provider refuses: %.*s"), STR_ARG(sumup_error(ctx->arena, j)));
	take_checkout(ctx->arena, p, j, out);
	return ST_OK;
}

enum status sumup_look(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
{
	int http;
	struct sumup_account a;
	SCOPED_JSON *j = NULL;
	TRY(account_load(ctx, o, &a, e));
	if (!p->remote_id.n)
		return find_by_reference(ctx, &a, o, p, out, e);
	struct str path = arena_strf(ctx->arena, "/v0.1/checkouts/%.*s", STR_ARG(p->remote_id));
	TRY(sumup_call(ctx, &a, "GET", path, STR_NULL, &http, &j, e));
	*out = (struct remote){ .state = REMOTE_ABSENT };
	if (http == 404) /* known to come and go */
		return ST_OK;
	if (http != 200 || !is_that_payment(&a, o, p, j))
		return err_set(e, ST_UPSTREAM, "the payment provider does not know this payment (%d)", http);
	take_checkout(ctx->arena, p, j, out);
	return ST_OK;
}

enum status sumup_end(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
{
	int http;
	struct sumup_account a;
	SCOPED_JSON *j = NULL;
	cart_payment known = *p;
	TRY(account_load(ctx, o, &a, e));
	if (!p->remote_id.n) { /* nobody heard whether it was made */
		TRY(find_by_reference(ctx, &a, o, p, out, e));
		if (out->state != REMOTE_PENDING)
			return ST_OK;
		known.remote_id = out->id;
	}
	struct str path = arena_strf(ctx->arena, "/v0.1/checkouts/%.*s", STR_ARG(known.remote_id));
	TRY(sumup_call(ctx, &a, "DELETE", path, STR_NULL, &http, &j, e));
	if (http == 200) {
		*out = (struct remote){ .state = REMOTE_EXPIRED, .id = known.remote_id };
		return ST_OK;
	}
	return sumup_look(ctx, o, &known, out, e); /* 409: it is processed, and may be paid */
}

/* What of a transaction was given back, as its events say: nothing else proves it. */
enum status sumup_given_back(struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t *minor, struct err *e)
{
	int http;
	size_t i;
	json_t *event;
	struct sumup_account a;
	SCOPED_JSON *j = NULL;
	struct money m = money_of(0, o->currency);
	TRY(account_load(ctx, o, &a, e));
	struct str path = arena_strf(ctx->arena, "/v2.1/merchants/%.*s/transactions?id=%.*s", STR_ARG(a.merchant),
	        STR_ARG(p->remote_txn));
	TRY(sumup_call(ctx, &a, "GET", path, STR_NULL, &http, &j, e));
	if (http != 200)
		return err_set(e, ST_UPSTREAM, "the payment provider does not know the transaction (%d)", http);
	*minor = 0;
	json_array_foreach (json_object_get(j, "transaction_events"), i, event)
		if (str_eqc(json_str(event, "event_type"), "REFUND"))
			*minor += sumup_minor(json_object_get(event, "amount"), m.currency);
	return ST_OK;
}

enum status sumup_give_back(struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t minor, struct err *e)
{
	int http;
	struct buf body;
	struct sumup_account a;
	SCOPED_JSON *j = NULL;
	TRY(account_load(ctx, o, &a, e));
	buf_text(&body, ctx->arena);
	buf_putc(&body, '{');
	put_amount(&body, o, minor);
	buf_putc(&body, '}');
	struct str path = arena_strf(ctx->arena, "/v1.0/merchants/%.*s/payments/%.*s/refunds", STR_ARG(a.merchant),
	        STR_ARG(p->remote_txn));
	TRY(sumup_call(ctx, &a, "POST", path, buf_str(&body), &http, &j, e));
	return http < 400 ? ST_OK : err_set(e, ST_CONFLICT, "%.*s", STR_ARG(sumup_error(ctx->arena, j)));
}
