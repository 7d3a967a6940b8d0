/* SPDX-License-Identifier: Apache-2.0
 *
 * What people see of the simulator: the page where they pay; and for tests its API over HTTP and its controls, which
 * are open where the setting sumup.open says so.
 */
#include "base/lang.h"
#include "gen/sumup_tpl.h"
#include "net/client/client.h"
#include "platform/config/config.h"
#include "platform/text/local.h"
#include "services/sumup/sumup.h"

enum { CALLBACK_WAIT_S = 10, BEARER_LEN = 7 };

static enum status pay_page(struct web *w, int status, struct sim_page *v, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(w, "Payment");
	struct money m = money_of(v->c->amount, v->c->currency);
	v->amount = local_money(w->ctx->arena, &m);
	web_no_cache(w);
	w->forms_leave = true; /* back to the shop, which may be elsewhere */
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_sumup_pay(&page, &shell, w, v);
	return web_html(w, status, &page);
}

static enum status checkout_of_path(struct web *w, sim_checkout **x, struct err *e)
{
	TRY(sim_checkout_of(w->ctx, web_path(w, "id"), x, e));
	return *x && (*x)->hosted ? ST_OK : err_set(e, ST_NOT_FOUND, "%s", tr("There is no such payment."));
}

enum status sumup_get_pay(struct web *w, struct err *e)
{
	struct sim_page v = { .w = w, .problem = STR(""), .card = STR("") };
	sim_checkout *x;
	TRY(checkout_of_path(w, &x, e));
	v.c = x;
	return pay_page(w, 200, &v, e);
}

static enum status back_to_shop(struct web *w, const sim_checkout *x)
{
	return x->redirect_url.n ? web_redirect_external(w, 303, x->redirect_url)
	                         : web_redirect(w, 303, web_url(w->ctx, "sumup", "/pay/%.*s", STR_ARG(x->id)));
}

enum status sumup_post_pay(struct web *w, struct err *e)
{
	struct sim_page v = { .w = w, .problem = STR("") };
	sim_checkout *x;
	TRY(web_form_load(w, e));
	TRY(checkout_of_path(w, &x, e));
	v.c = x;
	v.card = str_or_empty(web_form(w, "card"));
	enum sim_outcome outcome = sim_card(v.card, x->amount);
	struct str answer = web_form(w, "challenge");
	if (outcome == SIM_NO_CARD) {
		v.problem = TR("That is not a card number.");
		return pay_page(w, 422, &v, e);
	}
	v.challenge = outcome == SIM_CHALLENGE && !answer.n;
	if (v.challenge)
		return pay_page(w, 200, &v, e);
	bool paid = outcome == SIM_PAID || (outcome == SIM_CHALLENGE && str_eqc(answer, "yes"));
	enum status s = sim_pay(w->ctx, x->id, paid, e);
	if (s == ST_CONFLICT) {
		v.problem = TR("This payment is not open any more. Go back to the shop to see what became of it.");
		return pay_page(w, 409, &v, e);
	}
	TRY(s);
	return back_to_shop(w, x);
}

/* --- for tests ---------------------------------------------------------------------------------------------------- */

static enum status only_open(struct web *w, struct err *e)
{
	return config_bool(w->ctx->svc->platform->config, "sumup", "open")
	               ? ST_OK
	               : err_set(e, ST_NOT_FOUND, "the simulator is not open to others (sumup.open)");
}

enum status sumup_any_api(struct web *w, struct err *e)
{
	struct sim_answer got;
	struct sim_ask ask = { .body = STR("") };
	struct str auth = http_header(w->req, "authorization");
	TRY(only_open(w, e));
	if (w->req->body_len != 0)
		TRY(http_body_all(w->req, SIM_BODY_MAX, &ask.body, e));
	ask.method = str_c(w->route->method);
	ask.path = arena_strf(w->ctx->arena, "/%.*s%s%.*s", STR_ARG(web_path(w, "path")), w->req->query.n ? "?" : "",
	        STR_ARG(w->req->query));
	ask.key = str_ieq(str_first(auth, BEARER_LEN), STR("bearer ")) ? str_skip(auth, BEARER_LEN) : STR("");
	if (!ask.key.n)
		return web_json(w, 401, STR("{\"error_code\":\"NOT_AUTHORIZED\",\"message\":\"Unauthorized\"}"));
	TRY(sim_api(w->ctx, &ask, &got, e));
	if (!got.status) /* the client waits for an answer that does not come */
		return err_set(e, ST_TIMEOUT, "no answer, as was asked for");
	return web_json(w, got.status, got.body);
}

enum status sumup_get_control(struct web *w, struct err *e)
{
	struct sumup_requests_row *rows;
	struct sim_faults f;
	struct buf b;
	size_t n;
	TRY(only_open(w, e));
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(sim_faults_get(c, &f, e));
	TRY(q_sumup_requests(c, SIM_REQUESTS_KEPT, &rows, &n, e));
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "{\"faults\":%.*s,\"requests\":[", STR_ARG(sim_faults_json(w->ctx->arena, &f)));
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "%s{\"status\":%lld", i ? "," : "", (long long)rows[i].status);
		json_put_member(&b, "method", rows[i].method);
		json_put_member(&b, "path", rows[i].path);
		json_put_member(&b, "body", rows[i].body);
		buf_putc(&b, '}');
	}
	BUF_LIT(&b, "]}");
	return web_json(w, 200, buf_str(&b));
}

static enum status tx_control(struct db_conn *c, void *arg, struct err *e)
{
	struct sim_faults f;
	TRY(sim_faults_get(c, &f, e));
	TRY(sim_faults_read(arg, &f, e));
	return sim_faults_put(c, &f, e);
}

enum status sumup_post_control(struct web *w, struct err *e)
{
	struct str body;
	TRY(only_open(w, e));
	TRY(http_body_all(w->req, SIM_BODY_MAX, &body, e));
	SCOPED_JSON *j = json_parse(body, 2, e);
	if (!j)
		return ST_INVALID;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_control, j, e));
	return web_json(w, 200, STR("{}"));
}

/* The provider calls the shop: unsigned, and told again when it is not answered with 2xx. */
enum status sumup_callback_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct http_in in;
	struct buf b;
	SCOPED_JSON *payload = json_parse(j->payload, 2, e);
	if (!payload)
		return ST_CORRUPT;
	struct str url = json_str(payload, "url");
	static const struct http_header headers[] = { { STR_INIT("content-type"), STR_INIT("application/json") } };
	buf_text(&b, ctx->arena);
	BUF_LIT(&b, "{\"event_type\":\"CHECKOUT_STATUS_CHANGED\"");
	json_put_member(&b, "id", json_str(payload, "id"));
	buf_putc(&b, '}');
	const struct http_out out = { .method = "POST", .url = arena_cstr(ctx->arena, url), .headers = headers,
		.header_count = 1, .body = buf_str(&b), .deadline_ns = clock_mono_ns() + CALLBACK_WAIT_S * NS_PER_S };
	/* The shop of this site may be on loopback; anybody else's is fetched like any address of a stranger. */
	struct http_pool *pool = web_is_ours(ctx, url) ? ctx->svc->platform->pool_action : ctx->svc->platform->pool_web;
	TRY(http_fetch(ctx, pool, &out, &in, e));
	return in.status / 100 == 2 ? ST_OK : err_set(e, ST_UPSTREAM, "the shop answered %d", in.status);
}
