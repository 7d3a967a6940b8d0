/* SPDX-License-Identifier: Apache-2.0
 *
 * Pushed authorization requests (RFC 9126): the client hands in its request itself, checked, and sends only its name
 * along.
 */
#include "services/identity/oauth/oauth_ask.h"

#include "platform/text/html.h"

/* What the client pushed without what proves it; with the key its codes are to be bound to (RFC 9449 10.1). */
static struct str pushed_text(struct web *w, const struct oauth_client *c, struct str jkt)
{
	static const char *const left_out[] = { "client_secret", "client_assertion", "client_assertion_type",
		"client_id", "request_uri" };
	struct buf b;
	buf_arena(&b, w->ctx->arena, AUTH_VALUE_MAX);
	BUF_LIT(&b, "client_id=");
	url_encode(&b, c->id);
	for (unsigned i = 0; i < w->form_.count; i++) {
		const struct form_field *f = &w->form_.list[i];
		bool out = false;
		for (size_t j = 0; j < sizeof left_out / sizeof *left_out; j++)
			out |= str_eqc(f->name, left_out[j]);
		if (out || (jkt.p && str_eqc(f->name, "dpop_jkt")))
			continue;
		buf_putc(&b, '&');
		url_encode(&b, f->name);
		buf_putc(&b, '=');
		url_encode(&b, f->value);
	}
	if (jkt.p)
		buf_printf(&b, "&dpop_jkt=%.*s", STR_ARG(jkt));
	return buf_ok(&b) ? buf_str(&b) : STR_NULL;
}

enum status identity_post_par(struct web *w, struct err *e)
{
	struct oauth_client client;
	struct oauth_ask a;
	struct str jkt, text;
	const char *error;
	char hash[AUTH_HASH_LEN + 1];
	struct err why = { 0 };
	enum status st = oauth_client_authenticate(w, &client, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	if (web_form(w, "request_uri").p)
		return oauth_error(w, 400, "invalid_request", "A pushed request has no request_uri.");
	if (oauth_dpop(w, STR_NULL, &jkt, &why) != ST_OK)
		return oauth_error(w, 400, "invalid_dpop_proof", why.msg);
	text = pushed_text(w, &client, jkt);
	if (!text.p)
		return oauth_error(w, 413, "invalid_request", "The request is too large.");
	st = oauth_ask_parse(w, text, &a, &error, &why);
	if (st == ST_INVALID)
		return oauth_error(w, 400, "invalid_request", why.msg);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (error)
		return oauth_error(w, 400, error, a.why ? a.why : "The request can not be taken.");
	struct str name = auth_secret(w->ctx->arena, hash);
	const struct auth_entry n = { AUTH_PAR, str_c(hash), STR_NULL, text, auth_expiry_us(OAUTH_PAR_LIFE_S) };
	TRY(authstore_put(w->ctx, w->ctx->svc->platform->auth, &n, e));
	oauth_headers(w);
	return web_json(w, 201,
	        arena_strf(w->ctx->arena, "{\"request_uri\":\"" OAUTH_PAR_PREFIX "%.*s\",\"expires_in\":%d}",
	                STR_ARG(name), OAUTH_PAR_LIFE_S));
}
