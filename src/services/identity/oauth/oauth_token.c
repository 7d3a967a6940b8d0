/* SPDX-License-Identifier: Apache-2.0
 *
 * /oauth/token (RFC 6749 3.2): a table of grant types.
 */
#include "services/identity/oauth/oauth_device.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/oauth/oauth_key.h"

/* What an exchange came to: tokens, or an error as RFC 6749 5.2 spells it. */
struct token_ask {
	struct web *w;
	struct oauth_client client;
	struct str jkt;
	struct oauth_grant grant;
	struct oauth_tokens tokens;
	const char *error, *description;
};

static enum status token_wrong(struct token_ask *x, const char *error, const char *description)
{
	x->error = error;
	x->description = description;
	return ST_OK;
}

/* --- ID token (OpenID Connect Core 2) ------------------------------------------------------------------------ */

/* The left half of the hash that the ID token's algorithm uses; for Ed25519 that is SHA-512. */
static struct str half_hash(struct arena *a, enum jose_alg alg, struct str token)
{
	unsigned char hash[crypto_hash_sha512_BYTES];
	size_t n = alg == JOSE_EDDSA ? crypto_hash_sha512_BYTES : crypto_hash_sha256_BYTES;
	if (alg == JOSE_EDDSA)
		crypto_hash_sha512(hash, (const unsigned char *)token.p, token.n);
	else
		crypto_hash_sha256(hash, (const unsigned char *)token.p, token.n);
	return base64url(a, str_n((char *)hash, n / 2));
}

static void put_amr(struct buf *b, struct str amr)
{
	struct str one;
	bool first = true;
	BUF_LIT(b, ",\"amr\":[");
	while (amr.n && str_next(&amr, ' ', &one)) {
		if (!first)
			buf_putc(b, ',');
		json_put_str(b, one);
		first = false;
	}
	buf_putc(b, ']');
}

static enum status id_token(struct token_ask *x, struct str *out, struct err *e)
{
	struct ctx *ctx = x->w->ctx;
	const struct oauth_grant *g = &x->grant;
	enum jose_alg alg = oauth_client_alg(&x->client);
	struct auth_entry n;
	struct buf b;
	int64_t now = clock_now_us() / US_PER_S;
	buf_text(&b, ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "iss", ctx->svc->base_url);
	json_put_member(&b, "sub", oauth_sub(ctx->arena, g->person));
	json_put_member(&b, "aud", g->client);
	buf_printf(&b, ",\"iat\":%lld,\"exp\":%lld,\"auth_time\":%lld", (long long)now,
	        (long long)now + OAUTH_ID_TOKEN_LIFE_S, (long long)(g->auth_us / US_PER_S));
	if (g->nonce.n)
		json_put_member(&b, "nonce", g->nonce);
	json_put_member(&b, "at_hash", half_hash(ctx->arena, alg, x->tokens.access));
	if (authstore_get(ctx, ctx->svc->platform->auth, AUTH_SSO, g->sso, &n, NULL) == ST_OK) {
		SCOPED_JSON *j = json_parse(n.value, 2, e);
		json_put_member(&b, "sid", json_str(j, "sid"));
		put_amr(&b, json_str(j, "amr"));
	}
	buf_putc(&b, '}');
	return oauth_keys_sign(ctx, alg, STR("JWT"), buf_str(&b), out, e);
}

/* --- the grants --------------------------------------------------------------------------------------------- */

static enum status by_code(struct token_ask *x, struct err *e)
{
	struct web *w = x->w;
	struct oauth_code c;
	struct str grant;
	enum status st = oauth_code_redeem(w->ctx, web_form(w, "code"), x->client.id, web_form(w, "redirect_uri"),
	        web_form(w, "code_verifier"), &c, &grant, e);
	if (st == ST_INVALID)
		return token_wrong(x, "invalid_grant", "The code is not good, or not any more.");
	TRY(st);
	if (c.jkt.n && !str_eq(c.jkt, x->jkt))
		return token_wrong(x, "invalid_dpop_proof", "The code is bound to another key.");
	x->grant = (struct oauth_grant){ grant, c.client, c.scope, c.sso, c.nonce, x->jkt.p ? x->jkt : STR(""),
		c.person, c.auth_us, x->client.mastodon };
	bool refresh = oauth_client_may_use(&x->client, "refresh_token") && scope_has(c.scope, "offline_access");
	return oauth_tokens_issue(w->ctx, &x->grant, refresh, &x->tokens, e);
}

static enum status by_refresh(struct token_ask *x, struct err *e)
{
	struct web *w = x->w;
	const struct oauth_refresh_ask ask = { web_form(w, "refresh_token"), &x->client, x->jkt, web_form(w, "scope") };
	enum status st = oauth_refresh(w->ctx, &ask, &x->grant, &x->tokens, e);
	if (st == ST_INVALID)
		return token_wrong(x, "invalid_grant", "The refresh token is not good, or not any more.");
	return st == ST_FORBIDDEN ? token_wrong(x, "invalid_scope", "More than was granted.") : st;
}

static enum status by_itself(struct token_ask *x, struct err *e)
{
	struct web *w = x->w;
	struct str scope = web_form(w, "scope"), all = oauth_client_scope(&x->client);
	if (x->client.auth == OAUTH_AUTH_NONE)
		return token_wrong(
		        x, "unauthorized_client", "Only an application with a secret or a key may act for itself.");
	char id[ID_TEXT_LEN + 1] = "";
	if (x->client.mastodon)
		id_text(id_new(), id);
	x->grant = (struct oauth_grant){ .id = arena_str(w->ctx->arena, str_c(id)),
		.client = x->client.id,
		.jkt = x->jkt.p ? x->jkt : STR(""),
		.scope = scope.n ? scope_and(w->ctx->arena, scope, all) : all,
		.lasting = x->client.mastodon };
	if (scope.n && !x->grant.scope.n)
		return token_wrong(x, "invalid_scope",
		                   "None of these scopes is one that this application may ask for.");
	return oauth_tokens_issue(w->ctx, &x->grant, false, &x->tokens, e);
}

static enum status by_device(struct token_ask *x, struct err *e)
{
	struct web *w = x->w;
	TRY(oauth_device_redeem(w->ctx, web_form(w, "device_code"), x->client.id, &x->grant, &x->error, e));
	if (x->error)
		return ST_OK;
	x->grant.jkt = x->jkt.p ? x->jkt : STR("");
	bool refresh = oauth_client_may_use(&x->client, "refresh_token") && scope_has(x->grant.scope, "offline_access");
	return oauth_tokens_issue(w->ctx, &x->grant, refresh, &x->tokens, e);
}

static const struct grant_type {
	const char *name;
	enum status (*run)(struct token_ask *x, struct err *e);
} grant_types[] = {
	{ "authorization_code", by_code },
	{ "refresh_token", by_refresh },
	{ "client_credentials", by_itself },
	{ DEVICE_GRANT, by_device },
};

/* --- the endpoint ------------------------------------------------------------------------------------------- */

static enum status token_answer(struct token_ask *x, struct err *e)
{
	struct web *w = x->w;
	struct buf b;
	struct str id;
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "access_token", x->tokens.access);
	json_put_member(&b, "token_type", x->grant.jkt.n ? STR("DPoP") : STR("Bearer"));
	if (!x->grant.lasting)
		buf_printf(&b, ",\"expires_in\":%d", OAUTH_TOKEN_LIFE_S);
	json_put_member(&b, "scope", x->grant.scope);
	if (x->tokens.refresh.n)
		json_put_member(&b, "refresh_token", x->tokens.refresh);
	if (x->client.mastodon)
		buf_printf(&b, ",\"created_at\":%lld", (long long)(clock_now_us() / US_PER_S));
	if (x->grant.person && scope_has(x->grant.scope, "openid")) {
		TRY(id_token(x, &id, e));
		json_put_member(&b, "id_token", id);
	}
	buf_putc(&b, '}');
	oauth_headers(w);
	return web_json(w, 200, buf_str(&b));
}

enum status identity_post_token(struct web *w, struct err *e)
{
	struct token_ask x = { .w = w };
	const struct grant_type *type = NULL;
	struct err why = { 0 };
	enum status st = oauth_client_authenticate(w, &x.client, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	struct str name = web_form(w, "grant_type");
	for (size_t i = 0; i < sizeof grant_types / sizeof *grant_types; i++)
		if (str_eqc(name, grant_types[i].name))
			type = &grant_types[i];
	if (!type)
		return oauth_error(w, 400, name.n ? "unsupported_grant_type" : "invalid_request",
			           name.n ? "This grant_type is not offered here." : "There is no grant_type.");
	if (!oauth_client_may_use(&x.client, type->name))
		return oauth_error(w, 400, "unauthorized_client", "This application is not registered for this grant.");
	st = oauth_dpop(w, STR_NULL, &x.jkt, &why);
	if (st == ST_INVALID)
		return oauth_error(w, 400, "invalid_dpop_proof", why.msg);
	TRY(st);
	if (!x.jkt.p && json_is_true(json_object_get(x.client.metadata, "dpop_bound_access_tokens")))
		return oauth_error(w, 400, "invalid_dpop_proof",
		        "This application's tokens are bound to its key: a DPoP proof is needed.");
	TRY(type->run(&x, e));
	if (x.error)
		return oauth_error(w, 400, x.error, x.description);
	oauth_client_used(w->ctx, &x.client);
	return token_answer(&x, e);
}
