/* SPDX-License-Identifier: Apache-2.0
 *
 * What others may know: of this server (RFC 8414, OpenID Connect Discovery), of a token (RFC 7662), of the person
 * (userinfo); and handing a token back (RFC 7009).
 */
#include "services/identity/oauth/oauth.h"

#include "base/clock.h"
#include "services/identity/oauth/oauth_key.h"
#include "services/identity/people/people.h"

/* --- this server -------------------------------------------------------------------------------------------- */

static void put_url(struct web *w, struct buf *b, const char *name, const char *path)
{
	json_put_member(b, name, arena_strf(w->ctx->arena, "%.*s%s", STR_ARG(w->ctx->svc->base_url), path));
}

static const struct { const char *name, *path; } endpoints[] = {
	{ "authorization_endpoint", "/oauth/authorize" },
	{ "token_endpoint", "/oauth/token" },
	{ "userinfo_endpoint", "/oauth/userinfo" },
	{ "jwks_uri", "/oauth/jwks" },
	{ "introspection_endpoint", "/oauth/introspect" },
	{ "revocation_endpoint", "/oauth/revoke" },
	{ "pushed_authorization_request_endpoint", "/oauth/par" },
	{ "registration_endpoint", "/oauth/register" },
	{ "device_authorization_endpoint", "/oauth/device_authorization" },
	{ "end_session_endpoint", "/oauth/end_session" },
};

/* Lists, as JSON. */
static const struct { const char *name, *value; } facts[] = {
	{ "scopes_supported",
	        "[\"openid\",\"profile\",\"email\",\"offline_access\",\"read\",\"write\",\"follow\",\"push\"]" },
	{ "response_types_supported", "[\"code\"]" },
	{ "response_modes_supported", "[\"query\",\"form_post\"]" },
	{ "grant_types_supported",
	        "[\"authorization_code\",\"refresh_token\",\"client_credentials\",\"urn:ietf:params:oauth:grant-type:"
	        "device_code\"]" },
	{ "subject_types_supported", "[\"public\"]" },
	{ "id_token_signing_alg_values_supported", "[\"ES256\",\"EdDSA\",\"RS256\"]" },
	{ "token_endpoint_auth_methods_supported",
	        "[\"none\",\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"]" },
	{ "token_endpoint_auth_signing_alg_values_supported", "[\"ES256\",\"EdDSA\",\"RS256\"]" },
	{ "introspection_endpoint_auth_methods_supported",
	        "[\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"]" },
	{ "revocation_endpoint_auth_methods_supported",
	        "[\"none\",\"client_secret_basic\",\"client_secret_post\",\"private_key_jwt\"]" },
	{ "code_challenge_methods_supported", "[\"S256\"]" },
	{ "dpop_signing_alg_values_supported", "[\"ES256\",\"EdDSA\",\"RS256\"]" },
	{ "claims_supported",
	        "[\"sub\",\"iss\",\"aud\",\"exp\",\"iat\",\"auth_time\",\"nonce\",\"amr\",\"sid\",\"name\",\"preferred_"
	        "username\",\"locale\",\"zoneinfo\","
	        "\"updated_at\",\"email\",\"email_verified\"]" },
	{ "prompt_values_supported", "[\"none\",\"login\",\"consent\",\"select_account\"]" },
	{ "authorization_response_iss_parameter_supported", "true" },
	{ "backchannel_logout_supported", "true" },
	{ "backchannel_logout_session_supported", "true" },
	{ "claims_parameter_supported", "false" },
	{ "request_parameter_supported", "false" },
	{ "request_uri_parameter_supported", "false" },
};

enum status identity_get_metadata(struct web *w, struct err *e)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "issuer", w->ctx->svc->base_url);
	for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
		put_url(w, &b, endpoints[i].name, endpoints[i].path);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		buf_printf(&b, ",\"%s\":%s", facts[i].name, facts[i].value);
	buf_putc(&b, '}');
	oauth_headers(w);
	http_set_header(w->req, "cache-control", STR("public, max-age=300"));
	return web_json(w, 200, buf_str(&b));
}

enum status identity_get_jwks(struct web *w, struct err *e)
{
	struct str keys;
	TRY(oauth_keys_jwks(w->ctx, &keys, e));
	oauth_headers(w);
	http_set_header(w->req, "cache-control", STR("public, max-age=300"));
	return web_json(w, 200, keys);
}

/* --- a token ------------------------------------------------------------------------------------------------ */

static enum status inactive(struct web *w)
{
	oauth_headers(w);
	return web_json(w, 200, STR("{\"active\":false}"));
}

enum status identity_post_introspect(struct web *w, struct err *e)
{
	struct oauth_client client;
	struct oauth_token t;
	struct buf b;
	enum status st = oauth_client_authenticate(w, &client, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	if (client.auth == OAUTH_AUTH_NONE)
		return oauth_error(
		        w, 401, "invalid_client", "Only an application with a secret or a key may ask about tokens.");
	st = oauth_token_find(w->ctx, web_form(w, "token"), &t, e);
	/* A client learns of its own tokens; whoever else asks learns nothing. A resource server is registered with the
	 * scope "introspect". */
	if (st == ST_NOT_FOUND ||
	        (st == ST_OK && !str_eq(t.grant.client, client.id) &&
	                !scope_has(oauth_client_scope(&client), "introspect")))
		return inactive(w);
	TRY(st);
	buf_text(&b, w->ctx->arena);
	BUF_LIT(&b, "{\"active\":true");
	json_put_member(&b, "client_id", t.grant.client);
	json_put_member(&b, "scope", t.grant.scope);
	json_put_member(&b, "iss", w->ctx->svc->base_url);
	json_put_member(&b, "sub", t.grant.person ? oauth_sub(w->ctx->arena, t.grant.person) : t.grant.client);
	if (!t.grant.lasting)
		buf_printf(&b, ",\"exp\":%lld", (long long)(t.expires_us / US_PER_S));
	buf_printf(&b, ",\"iat\":%lld", (long long)(t.issued_us / US_PER_S));
	if (!t.refresh)
		json_put_member(&b, "token_type", t.grant.jkt.n ? STR("DPoP") : STR("Bearer"));
	if (t.grant.jkt.n) {
		BUF_LIT(&b, ",\"cnf\":{");
		json_put_member(&b, "jkt", t.grant.jkt);
		buf_putc(&b, '}');
	}
	buf_putc(&b, '}');
	oauth_headers(w);
	return web_json(w, 200, buf_str(&b));
}

enum status identity_post_revoke(struct web *w, struct err *e)
{
	struct oauth_client client;
	struct oauth_token t;
	struct str token;
	enum status st = oauth_client_authenticate(w, &client, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	token = web_form(w, "token");
	if (!token.n)
		return oauth_error(w, 400, "invalid_request", "There is no token.");
	st = oauth_token_find(w->ctx, token, &t, e);
	if (st == ST_OK && str_eq(t.grant.client, client.id))
		/* A refresh token takes its grant along (RFC 7009 2.1), an access token goes alone. */
		TRY(t.refresh ? oauth_grant_revoke(w->ctx, t.grant.id, e) : oauth_token_drop(w->ctx, token, e));
	else if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	oauth_headers(w);
	return web_json(w, 200, STR("{}")); /* RFC 7009 has no body; Mastodon's clients read this one */
}

/* --- the person --------------------------------------------------------------------------------------------- */

static enum status challenge(struct web *w, const char *scheme, const char *error)
{
	oauth_headers(w);
	http_set_header(w->req, "www-authenticate",
	        arena_strf(w->ctx->arena, "%s%s%s%s", scheme, error ? " error=\"" : "", error ? error : "",
	                error ? "\"" : ""));
	return web_json(w, 401, STR("{\"error\":\"invalid_token\"}")) == ST_OK ? ST_UNAUTHENTICATED : ST_INTERNAL;
}

enum status oauth_bearer(struct web *w, struct oauth_token *out, struct err *e)
{
	struct str header = http_header(w->req, "authorization"), token, jkt;
	bool dpop = header.n > 5 && str_ieq(str_first(header, 5), STR("DPoP "));
	const char *scheme = dpop ? "DPoP" : "Bearer";
	if (!dpop && !(header.n > 7 && str_ieq(str_first(header, 7), STR("Bearer "))))
		return challenge(w, scheme, NULL);
	token = str_trim(str_skip(header, dpop ? 5 : 7));
	enum status st = oauth_token_find(w->ctx, token, out, e);
	if (st == ST_NOT_FOUND || (st == ST_OK && out->refresh))
		return challenge(w, scheme, "invalid_token");
	TRY(st);
	/* A bound token is no bearer token, and the other way round (RFC 9449 7.1). */
	if (dpop != (out->grant.jkt.n > 0))
		return challenge(w, out->grant.jkt.n ? "DPoP" : "Bearer", "invalid_token");
	if (!dpop)
		return ST_OK;
	st = oauth_dpop(w, token, &jkt, NULL);
	return st == ST_OK && jkt.p && str_eq(jkt, out->grant.jkt) ? ST_OK : challenge(w, "DPoP", "invalid_dpop_proof");
}

static void put_profile(struct web *w, struct buf *b, const struct person_record *p)
{
	json_put_member(b, "name", p->name);
	json_put_member(b, "preferred_username", p->handle);
	if (p->locale.n)
		json_put_member(b, "locale", p->locale);
	if (p->timezone.n)
		json_put_member(b, "zoneinfo", p->timezone);
	if (p->avatar.n)
		json_put_member(b, "picture", web_abs_url(w->ctx, "account", "/media/%.*s", STR_ARG(p->avatar)));
	buf_printf(b, ",\"updated_at\":%lld", (long long)(p->updated_at / US_PER_S));
}

enum status identity_get_userinfo(struct web *w, struct err *e)
{
	struct oauth_token t;
	struct person_record *p;
	struct buf b;
	enum status st = oauth_bearer(w, &t, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	if (!t.grant.person || !scope_has(t.grant.scope, "openid"))
		return oauth_error(w, 403, "insufficient_scope", "This token says nothing about a person.");
	TRY(people_load(w->ctx, t.grant.person, &p, e));
	if (!p || str_eqc(p->status, "suspended"))
		return challenge(w, "Bearer", "invalid_token") == ST_UNAUTHENTICATED ? ST_OK : ST_INTERNAL;
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "sub", oauth_sub(w->ctx->arena, p->id));
	if (scope_has(t.grant.scope, "profile"))
		put_profile(w, &b, p);
	if (scope_has(t.grant.scope, "email")) {
		json_put_member(&b, "email", p->email);
		buf_printf(&b, ",\"email_verified\":%s", p->email_verified ? "true" : "false");
	}
	buf_putc(&b, '}');
	oauth_headers(w);
	return web_json(w, 200, buf_str(&b));
}
