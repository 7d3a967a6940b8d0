/* SPDX-License-Identifier: Apache-2.0
 *
 * Ending an account: asked for by who has just proved who they are, undone for two weeks, then forgotten by every
 * service.
 */
#include "base/clock.h"
#include "gen/account_tpl.h"
#include "platform/config/config.h"
#include "platform/text/html.h"
#include "services/account/account.h"

enum { PAGE_MAX = 256 << 10, RECENT_S = 600 };

static enum status leave_page(struct web *w, int status, struct str problem, struct err *e)
{
	struct buf b;
	struct identity_profile_answer p;
	struct page_shell shell = web_shell(w, "End your account");
	struct leave_view v = { STR(""), problem,
		config_int(w->ctx->svc->platform->config, "identity", "leaving_days") };
	TRY(identity_ask_profile(w->ctx, &(struct identity_profile_ask){ w->person->id }, &p, e));
	if (p.leaving_us)
		v.leaving_on = html_day(w->ctx->arena, w->person->zone, p.leaving_us);
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_account_leave(&b, &shell, w, &v);
	return web_html(w, status, &b);
}

enum status account_get_leave(struct web *w, struct err *e)
{
	return leave_page(w, 200, STR(""), e);
}

/* Signing in again at the provider, and back here with a fresh session. */
static enum status prove_it(struct web *w)
{
	struct buf back, next;
	buf_text(&back, w->ctx->arena);
	buf_text(&next, w->ctx->arena);
	url_encode(&back, web_url(w->ctx, "account", "/leave"));
	url_encode(&next, web_abs_url(w->ctx, "account", "/auth/login?again=1&next=%.*s", (int)back.len, back.data));
	return web_redirect(
	        w, 303, web_url(w->ctx, "identity", "/sign-in?again=1&next=%.*s", (int)next.len, next.data));
}

enum status account_post_leave(struct web *w, struct err *e)
{
	struct identity_leave_answer left;
	char address[HTTP_PEER_MAX];
	bool undo = web_form(w, "undo").n > 0;
	if (!undo && clock_now_us() - w->person->auth_us > RECENT_S * US_PER_S)
		return prove_it(w);
	http_peer_text(w->req, address);
	const struct identity_leave_ask ask = { w->person->id, undo, str_c(address) };
	TRY(identity_do_leave(w->ctx, &ask, &left, e));
	if (left.problem.n)
		return leave_page(w, 409, left.problem, e);
	return web_redirect(w, 303, web_url(w->ctx, "account", undo ? "/" : "/leave"));
}
