/* SPDX-License-Identifier: Apache-2.0
 *
 * /oauth/authorize (RFC 6749 4.1.1, OpenID Connect Core 3.1.2, RFC 9207). Until client and redirect address are known good,
 * what is wrong is told to the person; afterwards to the client.
 */
#include "services/federation/oauth.h"

#include "platform/html.h"

struct ask {
	struct oauth_client client;
	struct str redirect_uri, state, scope, nonce, challenge, prompt;
};

static enum status send_back(struct web *w, const struct ask *a, const char *name, struct str value)
{
	struct buf to;
	buf_arena(&to, w->ctx->arena, 16384);
	buf_printf(&to, "%.*s%c%s=", STR_ARG(a->redirect_uri), str_chr(a->redirect_uri, '?') < 0 ? '?' : '&', name);
	url_encode(&to, value);
	if (a->state.p) {
		BUF_LIT(&to, "&state=");
		url_encode(&to, a->state);
	}
	BUF_LIT(&to, "&iss=");
	url_encode(&to, w->ctx->svc->base_url);
	web_no_cache(w);
	return web_redirect_external(w, 303, buf_str(&to));
}

static enum status refuse(struct web *w, const struct ask *a, const char *error)
{
	return send_back(w, a, "error", str_c(error));
}

static enum status read_client(struct web *w, struct ask *a, struct err *e)
{
	enum status st = oauth_client_find(w->ctx, web_query(w, "client_id"), &a->client, e);
	if (st == ST_NOT_FOUND)
		return err_set(e, ST_INVALID, "The application that sent you here is not known.");
	TRY(st);
	a->redirect_uri = web_query(w, "redirect_uri");
	if (!a->redirect_uri.n || !str_eq(a->redirect_uri, a->client.redirect_uri))
		return err_set(e, ST_INVALID, "The application that sent you here wants the answer at an address that is not its own.");
	a->state = web_query(w, "state");
	a->scope = web_query(w, "scope");
	a->nonce = web_query(w, "nonce");
	a->challenge = web_query(w, "code_challenge");
	a->prompt = web_query(w, "prompt");
	return ST_OK;
}

static const char *what_is_wrong(struct web *w, const struct ask *a)
{
	if (!str_eqc(web_query(w, "response_type"), "code"))
		return "unsupported_response_type";
	if (a->challenge.n != AUTH_HASH_LEN || !str_eqc(web_query(w, "code_challenge_method"), "S256"))
		return "invalid_request";
	return NULL;
}

static enum status nobody(struct web *w, const struct ask *a)
{
	struct buf next;
	if (str_eqc(a->prompt, "none")) {
		sso_forget(w);
		return refuse(w, a, "login_required");
	}
	buf_arena(&next, w->ctx->arena, 16384);
	url_encode(&next, w->req->target);
	web_no_cache(w);
	return web_redirect(w, 303, web_url(w->ctx, "federation", "/sign-in?next=%.*s", (int)next.len, next.data));
}

enum status federation_get_authorize(struct web *w, struct err *e)
{
	struct ask a = { 0 };
	struct str code;
	TRY(read_client(w, &a, e));
	const char *wrong = what_is_wrong(w, &a);
	if (wrong)
		return refuse(w, &a, wrong);
	if (!w->person)
		return nobody(w, &a);
	const struct oauth_code c = { a.client.id, a.redirect_uri, a.challenge, a.nonce, a.scope, w->person->session };
	TRY(oauth_code_issue(w->ctx, &c, &code, e));
	return send_back(w, &a, "code", code);
}
