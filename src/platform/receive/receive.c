/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/receive/receive.h"

#include "base/clock.h"
#include "platform/peers/contract.h"
#include "platform/text/json.h"

/* Whatever http.arena is, the largest question fits, and for who has signed it the largest answer. */
#define BODY_MEMORY   (INTERNAL_BODY_MAX + (1u << 20))
#define ANSWER_MEMORY (8u * INTERNAL_BODY_MAX)

const struct route receive_routes[] = {
	{ "POST", "/internal/contracts/{service:text}/{name:text}", receive_contract,
	  .flags = ROUTE_INTERNAL | ROUTE_NO_CSRF, .rate = RATE_NONE, .body_max = INTERNAL_BODY_MAX,
	  .help = "A contract's query or action, for other processes of this site" },
	{ "POST", "/internal/fragments", receive_fragments,
	  .flags = ROUTE_INTERNAL | ROUTE_NO_CSRF, .rate = RATE_NONE, .body_max = INTERNAL_BODY_MAX,
	  .help = "Pieces of HTML, for other processes of this site" },
	{ "POST", "/internal/events", receive_events,
	  .flags = ROUTE_INTERNAL | ROUTE_NO_CSRF, .rate = RATE_NONE, .body_max = INTERNAL_BODY_MAX,
	  .help = "Activities delivered to a service's handlers, from other processes of this site" },
	{ 0 },
};

enum status receive_body(struct web *w, struct str *body, struct err *e)
{
	struct platform *p = web_platform(w);
	struct str signature = http_header(w->req, INTERNAL_HEADER);
	if (!signature.p)
		return err_set(e, ST_FORBIDDEN, "this address is for the other processes of this site");
	arena_allow(w->ctx->arena, BODY_MEMORY);
	TRY(http_body_all(w->req, INTERNAL_BODY_MAX, body, e));
	if (!internal_verify(p->secret, "POST", w->req->target, *body, signature, clock_now_us()))
		return err_set(e, ST_FORBIDDEN, "the signature does not fit; do the clocks agree, and server.secret?");
	arena_allow(w->ctx->arena, ANSWER_MEMORY);
	(void)ctx_set_traceparent(w->ctx, http_header(w->req, "traceparent"));
	return ST_OK;
}

enum status receive_refuse(struct web *w, enum status st, const struct err *e)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "{\"status\":\"%s\",\"message\":", status_info(st)->name);
	json_put_str(&b, str_c(e->msg[0] ? e->msg : status_info(st)->title));
	buf_putc(&b, '}');
	return web_json(w, 200, buf_str(&b));
}

enum status receive_contract(struct web *w, struct err *e)
{
	struct str body;
	TRY(receive_body(w, &body, e));
	struct str service = web_path(w, "service"), name = web_path(w, "name");
	struct service_instance *s = platform_service(web_platform(w), arena_cstr(w->ctx->arena, service));
	struct err why = { 0 };
	struct buf answer;
	buf_arena(&answer, w->ctx->arena, INTERNAL_BODY_MAX);
	enum status st = s ? contract_answer(w->ctx, s, name, body, &answer, &why)
	                   : err_set(&why, ST_NOT_IMPLEMENTED, "there is no service %.*s", STR_ARG(service));
	return st == ST_OK ? web_json(w, 200, buf_str(&answer)) : receive_refuse(w, st, &why);
}
