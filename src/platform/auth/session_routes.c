/* SPDX-License-Identifier: Apache-2.0
 *
 * A service as client of the identity provider (OAuth 2.0 authorization code with PKCE, RFC 6749 4.1 and RFC 7636; iss,
 * RFC 9207): the routes that every service gets. State lives in the auth store, bound to the browser by a cookie.
 */
#include "platform/auth/session_int.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "gen/platform_tpl.h"
#include "platform/cache/limits.h"
#include "platform/text/html.h"
#include "platform/text/json.h"

#define LOGIN_LIFE_S 600
#define QUIET_S 60
#define PAGE_MAX (256 << 10)
#define LOGINS_PER_MINUTE 300 /* of one address: each is kept for LOGIN_LIFE_S */
#define LOGINS_AT_ONCE 300
#define NEXT_MAX 4096

const struct route session_routes[] = {
	{ "GET", "/auth/login", session_get_login, .help = "Sign in: to the identity provider and back" },
	{ "GET", "/auth/callback", session_get_callback, .help = "The way back from the identity provider" },
	{ "GET", "/auth/logout", session_get_logout, .help = "Asks whether to sign out" },
	{ "POST", "/auth/logout", session_post_logout, .help = "Signs out everywhere in this browser" },
	{ 0 },
};

/* --- addresses ---------------------------------------------------------------------------------------------- */

struct str session_path(struct ctx *ctx, const char *path)
{
	return web_url(ctx, ctx->svc->def->name, "%s", path);
}

struct str session_callback_url(struct ctx *ctx)
{
	return web_abs_url(ctx, ctx->svc->def->name, "/auth/callback");
}

static struct str wanted_next(struct web *w)
{
	struct str next = web_query(w, "next");
	return next.n && next.n <= NEXT_MAX && web_is_ours(w->ctx, next) ? next : session_path(w->ctx, "/");
}

static void put_param(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, "%s%s=", b->len && b->data[b->len - 1] != '?' ? "&" : "", name);
	url_encode(b, value);
}

/* --- the way there ------------------------------------------------------------------------------------------ */

struct login { struct str service, next, verifier, nonce, browser; bool silent; };

static struct str login_text(struct ctx *ctx, const struct login *l)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"silent\":%s", l->silent ? "true" : "false");
	json_put_member(&b, "service", l->service);
	json_put_member(&b, "next", l->next);
	json_put_member(&b, "verifier", l->verifier);
	json_put_member(&b, "nonce", l->nonce);
	json_put_member(&b, "browser", l->browser);
	buf_putc(&b, '}');
	return buf_str(&b);
}

static const char *browser_cookie(struct ctx *ctx)
{
	return arena_printf(ctx->arena, "gh_login_%s", ctx->svc->def->name);
}

/* What ties a sign-in to the browser that began it. The same for all its tabs. */
static struct str browser_of(struct web *w, bool make)
{
	const char *name = browser_cookie(w->ctx);
	struct str secret = web_cookie(w, name);
	char hash[AUTH_HASH_LEN + 1];
	if (!secret.n && !make)
		return STR_NULL;
	if (!secret.n) {
		secret = auth_secret(w->ctx->arena, NULL);
		web_set_cookie(w,
		        &(struct cookie){ .name = name,
		                .value = secret,
		                .path = "/",
		                .max_age_s = LOGIN_LIFE_S,
		                .http_only = true,
		                .lax = true });
	}
	auth_hash(secret, hash);
	return arena_str(w->ctx->arena, str_c(hash));
}

bool session_move_home(struct web *w, enum status *st)
{
	struct str name = w->req->host, home = service_host(w->ctx->svc), query = w->req->query;
	ptrdiff_t colon = str_rchr(name, ':');
	if (colon >= 0 && str_chr(str_skip(name, (size_t)colon), ']') < 0)
		name = str_first(name, (size_t)colon);
	if (str_ieq(name, home) || str_eqc(web_query(w, "home"), "1"))
		return false;
	web_no_cache(w);
	*st = web_redirect(w, 303,
	        arena_strf(w->ctx->arena, "%.*s%.*s?%.*s%shome=1", STR_ARG(service_origin(w->ctx->svc)),
	                STR_ARG(w->req->raw_path), STR_ARG(query), query.n ? "&" : ""));
	return true;
}

/* As a visitor, and not asked again for a while. */
static enum status go_on_quietly(struct web *w, struct str next)
{
	web_set_cookie(w,
	        &(struct cookie){ .name = SESSION_QUIET_COOKIE,
	                .value = STR("1"),
	                .path = "/",
	                .max_age_s = QUIET_S,
	                .http_only = true,
	                .lax = true,
	                .plain = true });
	web_no_cache(w);
	return web_redirect(w, 303, next);
}

/* Strangers who begin signing in and never end it don't fill the store. */
static enum status too_many_logins(struct web *w, const struct login *l, bool *answered, struct err *e)
{
	static const struct rate rate = { LOGINS_PER_MINUTE, LOGINS_AT_ONCE };
	char key[WEB_RATE_KEY_MAX];
	long long wait = (long long)web_rate_wait(w, web_rate_key(w, "login", key), &rate, 1);
	*answered = wait > 0;
	if (!wait)
		return ST_OK;
	if (l->silent)
		return go_on_quietly(w, l->next);
	http_set_header(w->req, "retry-after", arena_strf(w->ctx->arena, "%lld", wait));
	return err_set(e, ST_RATE_LIMITED, "Many people sign in from where you are. Please wait %lld seconds.", wait);
}

enum status session_get_login(struct web *w, struct err *e)
{
	bool answered;
	enum status moved;
	if (session_move_home(w, &moved))
		return moved;
	struct ctx *ctx = w->ctx;
	struct platform *p = ctx->svc->platform;
	char state_hash[AUTH_HASH_LEN + 1], challenge[AUTH_HASH_LEN + 1];
	struct str state = auth_secret(ctx->arena, state_hash);
	struct login l = { .service = str_c(ctx->svc->def->name),
		.next = wanted_next(w),
		.verifier = auth_secret(ctx->arena, challenge),
		.nonce = auth_secret(ctx->arena, NULL),
		.browser = browser_of(w, true),
		.silent = str_eqc(web_query(w, "silent"), "1") };
	if (w->person)
		return web_redirect(w, 303, l.next);
	TRY(too_many_logins(w, &l, &answered, e));
	if (answered)
		return ST_OK;
	TRY(authstore_put(ctx, p->auth,
	        &(struct auth_entry){
	                AUTH_LOGIN, str_c(state_hash), STR_NULL, login_text(ctx, &l), auth_expiry_us(LOGIN_LIFE_S) },
	        e));
	struct buf to;
	buf_text(&to, ctx->arena);
	buf_printf(&to, "%.*s/oauth/authorize?", STR_ARG(p->identity->base_url));
	put_param(&to, "response_type", STR("code"));
	put_param(&to, "client_id", arena_strf(ctx->arena, "service:%s", ctx->svc->def->name));
	put_param(&to, "redirect_uri", session_callback_url(ctx));
	put_param(&to, "scope", STR("openid profile email"));
	put_param(&to, "state", state);
	put_param(&to, "nonce", l.nonce);
	put_param(&to, "code_challenge", str_c(challenge));
	put_param(&to, "code_challenge_method", STR("S256"));
	if (l.silent)
		put_param(&to, "prompt", STR("none"));
	web_no_cache(w);
	return web_redirect_external(w, 303, buf_str(&to));
}

/* --- the way back ------------------------------------------------------------------------------------------- */

static enum status begun_here(struct web *w, struct login *l, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	struct str state = web_query(w, "state"), browser = browser_of(w, false);
	static const char late[] = "This sign-in was begun elsewhere, took longer than ten minutes, or is done "
	                           "already. Please sign in again.";
	if (!state.n || !browser.n)
		return err_set(e, ST_INVALID, late);
	auth_hash(state, hash);
	enum status st = authstore_take(ctx, ctx->svc->platform->auth, AUTH_LOGIN, str_c(hash), &n, e);
	if (st == ST_NOT_FOUND)
		return err_set(e, ST_INVALID, late);
	TRY(st);
	SCOPED_JSON *j = json_parse(n.value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*l = (struct login){ arena_str(a, json_str(j, "service")), arena_str(a, json_str(j, "next")),
		arena_str(a, json_str(j, "verifier")), arena_str(a, json_str(j, "nonce")),
		arena_str(a, json_str(j, "browser")), json_is_true(json_object_get(j, "silent")) };
	if (!str_eqc(l->service, ctx->svc->def->name) || !str_eq(l->browser, browser))
		return err_set(e, ST_INVALID, late);
	/* Mix-up (RFC 9207): an answer with another issuer is refused. */
	if (!str_eq(web_query(w, "iss"), ctx->svc->platform->identity->base_url))
		return err_set(e, ST_INVALID,
		        "This answer did not come from the place where you sign in. Please sign in again.");
	return ST_OK;
}

/* A session that this browser had here before ends, whichever person's it was. */
static enum status drop_former(struct web *w, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = web_cookie(w, session_cookie_name(w->ctx, w->ctx->svc));
	if (!secret.n)
		return ST_OK;
	auth_hash(secret, hash);
	return authstore_drop(w->ctx, w->ctx->svc->platform->auth, AUTH_SESSION, session_key(w->ctx, str_c(hash)), e);
}

static enum status begin_session(struct web *w, struct str sso_key, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct sso s;
	char hash[AUTH_HASH_LEN + 1];
	TRY(sso_by_key(ctx, sso_key, &s, e));
	TRY(drop_former(w, e));
	struct str secret = auth_secret(ctx->arena, hash);
	struct auth_entry n = { AUTH_SESSION, session_key(ctx, str_c(hash)), sso_sessions_owner(ctx, s.key), s.key,
		s.expires_us };
	TRY(authstore_put_new(ctx, ctx->svc->platform->auth, &n, e));
	session_set_cookie(w, secret, (s.expires_us - clock_now_us()) / US_PER_S);
	return ST_OK;
}

static enum status refused(struct web *w, const struct login *l, struct str error, struct err *e)
{
	if (l->silent)
		return go_on_quietly(w, l->next);
	LOG(INFO, w->ctx, "session.refused", LT("error", error));
	if (str_eqc(error, "access_denied"))
		return web_redirect(w, 303, l->next);
	return err_set(e, ST_UNAVAILABLE, "Signing in did not work this time. Please try again.");
}

enum status session_get_callback(struct web *w, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct login l = { 0 };
	struct session_redeem_answer who = { 0 };
	struct str error = web_query(w, "error"), code = web_query(w, "code");
	web_no_cache(w);
	TRY(begun_here(w, &l, e));
	if (error.p || !code.n)
		return refused(w, &l, error.p ? error : STR("no code"), e);
	const struct session_redeem_ask ask = { l.service, code, session_callback_url(ctx), l.verifier };
	TRY(contract_call(ctx, contract_named(ctx->svc->platform->identity->def, "redeem"), &ask, &who, e));
	if (who.nonce.n != l.nonce.n || sodium_memcmp(who.nonce.p, l.nonce.p, l.nonce.n))
		return err_set(e, ST_INVALID, "This answer belongs to another sign-in. Please sign in again.");
	TRY(begin_session(w, who.sso, e));
	return web_redirect(w, 303, l.next);
}

/* --- out ---------------------------------------------------------------------------------------------------- */

enum status session_get_logout(struct web *w, struct err *e)
{
	struct buf page;
	struct page_shell shell = {
		.title = TR("Sign out"), .kind = STR("account"), .noindex = true
	};
	if (!w->person)
		return web_redirect(w, 303, session_path(w->ctx, "/"));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_sign_out(&page, &shell, w);
	return web_html(w, 200, &page);
}

enum status session_post_logout(struct web *w, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct session_end_answer ended;
	char address[HTTP_PEER_MAX];
	if (w->person) {
		http_peer_text(w->req, address);
		const struct session_end_ask end = { w->person->session, str_c(address) };
		enum status st = contract_call(
		        ctx, contract_named(ctx->svc->platform->identity->def, "end"), &end, &ended, e);
		/* The provider does not answer: the session here is ended all the same, but other applications are
		   not told. */
		if (st != ST_OK)
			TRY(sso_end(ctx, w->person->session, e));
	}
	session_set_cookie(w, STR(""), 0);
	web_no_cache(w);
	return web_redirect(w, 303, web_url(ctx, "blog", "/"));
}
