/* SPDX-License-Identifier: Apache-2.0
 *
 * From a request's cookie to the person asking, and what that person may do.
 */
#include "platform/auth/session_int.h"

#include <stdio.h>

#include "base/buf.h"
#include "platform/auth/once.h"
#include "platform/auth/session_cache.h"
#include "platform/peers/internal.h"
#include "platform/text/html.h"

const char *session_cookie_name(struct ctx *ctx, const struct service_instance *svc)
{
	return arena_printf(ctx->arena, SESSION_COOKIE_PREFIX "%s", svc->def->name);
}

void session_set_cookie(struct web *w, struct str secret, int64_t max_age_s)
{
	web_set_cookie(w,
	        &(struct cookie){ .name = session_cookie_name(w->ctx, w->ctx->svc),
	                .value = secret,
	                .path = "/",
	                .max_age_s = max_age_s,
	                .http_only = true,
	                .lax = true });
}

struct str session_key(struct ctx *ctx, struct str hash)
{
	return arena_strf(ctx->arena, "%s.%.*s", ctx->svc->def->name, STR_ARG(hash));
}

static bool is_provider(const struct service_instance *s)
{
	return s == s->platform->identity;
}

/* --- who asks ----------------------------------------------------------------------------------------------- */

static enum status ask_store(struct ctx *ctx, struct str hash, struct sso *out, struct err *e)
{
	struct auth_entry sso;
	if (is_provider(ctx->svc))
		return sso_by_key(ctx, hash, out, e);
	TRY(authstore_follow(ctx, ctx->svc->platform->auth, AUTH_SESSION, session_key(ctx, hash), AUTH_SSO, &sso, e));
	TRY(sso_parse(ctx, &sso, out, e));
	return sso_current_person(ctx, out, e);
}

enum status session_find(struct ctx *ctx, struct str secret, struct sso *out, struct err *e)
{
	const struct platform *p = ctx->svc->platform;
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(secret, hash);
	struct str key = str_n(hash, AUTH_HASH_LEN);
	uint64_t version = authstore_version(p->auth);
	if (version && session_cache_get(p->sessions, ctx->svc, key, version, ctx->arena, out))
		return ST_OK;
	TRY(ask_store(ctx, key, out, e));
	out->key = arena_str(ctx->arena, out->key);
	if (version)
		session_cache_put(p->sessions, ctx->svc, key, version, out);
	return ST_OK;
}

static const struct person *person_of(struct ctx *ctx, const struct sso *s)
{
	struct person *p = ARENA_NEW(ctx->arena, struct person);
	*p = (struct person){ .id = s->person,
		.name = s->name,
		.email = s->email,
		.handle = s->handle,
		.roles = s->roles,
		.zone = s->zone,
		.lang = s->lang,
		.session = s->key,
		.auth_us = s->auth_us };
	p->admin = str_has_word(p->roles, STR("owner")) || str_has_word(p->roles, STR("admin"));
	return p;
}

/* Does the request have a cookie that may sign somebody in? */
static bool may_be_known(const struct web *w)
{
	struct str cookies = http_header(w->req, "cookie");
	return w->ctx->svc && w->ctx->svc->platform->identity && cookies.p &&
	        str_find(cookies, STR(SESSION_COOKIE_PREFIX)) >= 0;
}

static bool session_peek(struct web *w, const struct person **out)
{
	struct sso s;
	char hash[AUTH_HASH_LEN + 1];
	*out = NULL;
	if (!may_be_known(w))
		return true;
	const struct platform *p = w->ctx->svc->platform;
	struct str secret = web_cookie(w, session_cookie_name(w->ctx, w->ctx->svc));
	uint64_t version = secret.n ? authstore_version(p->auth) : 0;
	if (!version) /* known elsewhere perhaps, or the store has to be asked */
		return false;
	auth_hash(secret, hash);
	if (!session_cache_get(p->sessions, w->ctx->svc, str_n(hash, AUTH_HASH_LEN), version, w->ctx->arena, &s) ||
	        sso_is_unseen(&s))
		return false;
	*out = person_of(w->ctx, &s);
	return true;
}

static enum status session_bearer(struct web *w, struct str token, struct bearer *out, struct err *e)
{
	struct session_token_answer t;
	const struct service_instance *provider = w->ctx->svc->platform->identity;
	const struct contract_def *def = provider ? contract_named(provider->def, "token") : NULL;
	if (!def)
		return ST_NOT_FOUND;
	TRY(contract_call(w->ctx, def, &(struct session_token_ask){ token }, &t, e));
	if (!t.there)
		return ST_NOT_FOUND;
	*out = (struct bearer){ .client = t.client, .scope = t.scope };
	if (!t.person)
		return ST_OK;
	out->person = person_of(w->ctx,
	        &(struct sso){ .person = t.person,
	                .name = t.name,
	                .email = t.email,
	                .handle = t.handle,
	                .roles = t.roles,
	                .zone = t.zone,
	                .lang = t.lang,
	                .key = STR("") });
	return ST_OK;
}

static enum status session_identify(struct web *w, const struct person **out, struct err *e)
{
	struct sso s;
	*out = NULL;
	if (!may_be_known(w))
		return ST_OK;
	struct str secret = web_cookie(w, session_cookie_name(w->ctx, w->ctx->svc));
	enum status st = secret.n ? session_find(w->ctx, secret, &s, e) : ST_NOT_FOUND;
	if (st == ST_NOT_FOUND)
		return ST_OK;
	TRY(st);
	sso_saw(w->ctx, &s);
	*out = person_of(w->ctx, &s);
	return ST_OK;
}

/* --- silently ----------------------------------------------------------------------------------------------- */

static bool wants_document(struct web *w)
{
	struct str dest = http_header(w->req, "sec-fetch-dest"), accept = http_header(w->req, "accept");
	if (w->req->method != HTTP_GET || web_is_htmx(w) ||
	        (w->route->flags & (ROUTE_OPS | ROUTE_INTERNAL | ROUTE_STREAM)))
		return false;
	return dest.p ? str_eqc(dest, "document") : accept.p && str_find(accept, STR("text/html")) >= 0;
}

static bool is_auth_route(const struct web *w)
{
	for (const struct route *r = session_routes; r->method; r++)
		if (w->route == r)
			return true;
	return false;
}

/* A redirect to a provider that is not there, or that can remember nothing, would break a page that could be read. */
static bool provider_answers(struct ctx *ctx)
{
	struct service_instance *provider = ctx->svc->platform->identity;
	struct session_end_answer ended;
	const struct session_end_ask nobody = { .sso = STR(""), .address = STR("") };
	if (authstore_ping(ctx, ctx->svc->platform->auth, NULL) != ST_OK)
		return false;
	if (provider->local)
		return true;
	const struct contract_def *def = contract_named(provider->def, "end");
	return def && !breaker_is_open(internal_breaker(ctx->svc->platform, provider)) &&
	        contract_call(ctx, def, &nobody, &ended, NULL) == ST_OK;
}

static bool silently(struct web *w)
{
	const struct service_instance *svc = w->ctx->svc;
	if (!svc || !svc->platform->identity || is_provider(svc) || !web_cookie_plain(w, SESSION_HINT_COOKIE).n ||
	        web_cookie_plain(w, SESSION_QUIET_COOKIE).n || !wants_document(w) || is_auth_route(w) ||
	        !provider_answers(w->ctx))
		return false;
	struct str to = session_sign_in_url(w, w->req->target);
	return web_redirect(w, 303, arena_strf(w->ctx->arena, "%.*s&silent=1", STR_ARG(to))) == ST_OK;
}

struct str session_sign_in_url(struct web *w, struct str back)
{
	struct buf next;
	struct ctx *ctx = w->ctx;
	buf_text(&next, ctx->arena);
	url_encode(&next, back);
	return arena_strf(ctx->arena, "%.*s?next=%.*s",
	        STR_ARG(session_path(ctx, is_provider(ctx->svc) ? "/sign-in" : "/auth/login")), (int)next.len,
	        next.data ? next.data : "");
}

static enum status session_ping(struct ctx *ctx, struct platform *p, struct err *e)
{
	return authstore_ping(ctx, p->auth, e);
}

const struct auth_hooks session_hooks = {
	.identify = session_identify,
	.peek = session_peek,
	.bearer = session_bearer,
	.silently = silently,
	.sign_in_url = session_sign_in_url,
	.ping = session_ping,
	.once = once_handle,
	.routes = session_routes,
};
