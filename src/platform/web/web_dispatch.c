/* SPDX-License-Identifier: Apache-2.0
 *
 * From the HTTP server to a handler and back. On the loop: route, answer assets and cached pages. In the fiber: what
 * the route's flags demand, in the order in which refusing is cheapest (who may, how often, how much, from where), then
 * the handler, then an answer for whatever it returned.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "platform/cache/cache.h"
#include "platform/cache/limits.h"
#include "platform/config/config.h"
#include "platform/core/metrics.h"
#include "platform/peers/internal.h"
#include "platform/web/assets.h"
#include "platform/web/web_int.h"
#include "rt/fiber.h"

#define BODY_MAX (64u << 10)
#define BASE_PATH_MAX 255
#define CSP_MAX  ((size_t)16 << 10)
#define TAGS_MAX 4096

/* --- on the loop -------------------------------------------------------------------------------------------- */

static bool fast(struct http_req *r, void *arg)
{
	struct web_listener *l = arg;
	struct web_note *n = ARENA_NEW(r->ctx.arena, struct web_note);
	char key_buf[PAGE_KEY_MAX];
	n->app = l->app;
	n->role = l->role;
	r->app_data = n;
	if (l->role != WEB_OPS && asset_serve(r)) {
		n->cached = true;
		return true;
	}
	struct match m;
	router_match(l->app->router, r->host, r->method_name, r->path, &m);
	n->entry = m.kind == MATCH_ROUTE ? m.entry : NULL;
	bool kept = l->role != WEB_OPS && page_wanted(n, r), own = kept && page_is_own(n->app, r);
	struct str key = kept && !own ? page_key(n, r, page_lang_tag(n->app, r, NULL), key_buf) : STR_NULL;
	if (key.p && page_serve_fast(n, r, key))
		return true;
	struct web_req *wr = ARENA_NEW(r->ctx.arena, struct web_req);
	wr->note = n;
	wr->match = m;
	wr->page_key = key.p ? arena_str(r->ctx.arena, key) : STR_NULL;
	wr->own = own;
	wr->w.req = r;
	wr->w.ctx = &r->ctx;
	r->ctx.svc = n->entry && n->entry->svc ? n->entry->svc : n->app->front;
	n->wr = wr;
	return own && page_serve_own_fast(wr);
}

/* Requests to one service wait in one line, since they share a store. Calls between services and long-lived answers
   do not wait in it. */
static int line(const struct http_req *r, void *arg)
{
	const struct web_note *n = r->app_data;
	if (!n->entry || !n->entry->svc || (n->entry->route->flags & (ROUTE_OPS | ROUTE_INTERNAL | ROUTE_STREAM)))
		return -1;
	return (int)(n->entry->svc - n->app->platform->services);
}

/* --- what flags demand -------------------------------------------------------------------------------------- */

static bool is_loopback(const struct http_req *r)
{
	if (r->peer.ss_family == AF_UNIX)
		return true;
	if (r->peer.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)&r->peer)->sin_addr.s_addr) >> 24 == 127;
	const struct in6_addr *a = &((const struct sockaddr_in6 *)&r->peer)->sin6_addr;
	return r->peer.ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127));
}

static enum status check_place(struct web *w, struct err *e)
{
	enum web_role role = web_req_of(w)->note->role;
	unsigned flags = w->route->flags;
	if (flags & ROUTE_OPS) {
		/* Behind a proxy that is not in the list of trusted ones, every client has the proxy's address:
		   often loopback. */
		bool proxied = http_header(w->req, "x-forwarded-for").p || http_header(w->req, "forwarded").p ||
		        http_header(w->req, "via").p;
		if (role != WEB_OPS && (!is_loopback(w->req) || proxied))
			return err_set(e, ST_NOT_FOUND, "Only from the machine itself, or on server.ops_listen.");
		return ST_OK;
	}
	if (role == WEB_OPS)
		return err_set(e, ST_NOT_FOUND, "This address serves operations only.");
	/* Whether the signature is good is seen over the body, by the handler. */
	if ((flags & ROUTE_INTERNAL) && role != WEB_INTERNAL && !http_header(w->req, INTERNAL_HEADER).p)
		return err_set(e, ST_NOT_FOUND, "Nothing is kept at this address.");
	return ST_OK;
}

static enum status identify_any(struct web *w, struct err *e)
{
	const struct platform *p = web_app_of(w)->platform;
	struct str token = w->route->scope ? api_token(w) : STR_NULL;
	if (!p->auth_hooks || (w->route->flags & (ROUTE_OPS | ROUTE_INTERNAL)))
		return ST_OK;
	return token.p ? api_identify(w, token, e) : p->auth_hooks->identify(w, &w->person, e);
}

static enum status web_identify(struct web *w, struct err *e)
{
	unsigned flags = w->route->flags;
	const char *role = w->route->role ? w->route->role : flags & ROUTE_ADMIN ? "admin" : NULL;
	bool asked = (flags & ROUTE_AUTH) || role;
	enum status st = identify_any(w, e);
	web_req_of(w)->who = w->person;
	/* Without the auth store the public part goes on, for visitors. A token that is no good is told to its sender.
	 */
	if (st != ST_OK && (asked || st == ST_UNAUTHENTICATED || st == ST_FORBIDDEN))
		return st;
	if (!asked)
		return ST_OK;
	if (!w->person && w->route->scope)
		api_challenge(w, "");
	if (!w->person)
		return err_set(e, ST_UNAUTHENTICATED, "Please sign in to see this.");
	if (!person_may(w->person, w->ctx->svc->def->name, role))
		return err_set(e, ST_FORBIDDEN, "This needs the role \"%s\", which your account does not have.", role);
	return ST_OK;
}

struct str web_rate_key(const struct web *w, const char *class, char out[WEB_RATE_KEY_MAX])
{
	int n;
	if (w->person) {
		n = snprintf(out, WEB_RATE_KEY_MAX, "%s|p%lld", class, (long long)w->person->id);
	} else if (w->req->peer.ss_family == AF_INET6) {
		const uint8_t *a = ((const struct sockaddr_in6 *)&w->req->peer)->sin6_addr.s6_addr;
		n = snprintf(out, WEB_RATE_KEY_MAX, "%s|%02x%02x:%02x%02x:%02x%02x:%02x%02x", class, a[0], a[1], a[2],
		        a[3], a[4], a[5], a[6], a[7]);
	} else {
		char peer[HTTP_PEER_MAX];
		http_peer_text(w->req, peer);
		n = snprintf(out, WEB_RATE_KEY_MAX, "%s|%s", class, peer);
	}
	return str_n(out, (size_t)n);
}

int64_t web_rate_wait(struct web *w, struct str key, const struct rate *rate, unsigned cost)
{
	const struct platform *p = w->ctx->svc->platform;
	struct rate_result res;
	if (!p->rates || !config_bool(p->config, "rate", "enabled"))
		return 0;
	ratelimit_take(w->ctx, p->rates, key, rate, cost, &res);
	return res.allowed ? 0 : res.retry_after_s > 0 ? res.retry_after_s : 1;
}

/* RateLimit and RateLimit-Policy as in draft-ietf-httpapi-ratelimit-headers-09. */
static enum status check_rate(struct web *w, struct err *e)
{
	static const char *const names[] = { [RATE_READ] = "read", [RATE_WRITE] = "write", [RATE_SIGN_IN] = "sign-in" };
	static const char *const keys[][2] = { [RATE_READ] = { "read_per_minute", "read_burst" },
		[RATE_WRITE] = { "write_per_minute", "write_burst" },
		[RATE_SIGN_IN] = { "sign_in_per_minute", "sign_in_burst" } };
	const struct platform *p = web_app_of(w)->platform;
	enum rate_class class = route_rate(w->route);
	char key[WEB_RATE_KEY_MAX];
	struct rate_result res;
	if (class == RATE_NONE || !p->rates || (w->route->flags & (ROUTE_OPS | ROUTE_INTERNAL)) ||
	        !config_bool(p->config, "rate", "enabled"))
		return ST_OK;
	struct rate rate = { (unsigned)config_int(p->config, "rate", keys[class][0]),
		(unsigned)config_int(p->config, "rate", keys[class][1]) };
	ratelimit_take(w->ctx, p->rates, web_rate_key(w, names[class], key), &rate, 1, &res);
	struct arena *a = w->ctx->arena;
	http_set_header(w->req, "ratelimit-policy", arena_strf(a, "\"%s\";q=%u;w=60", names[class], rate.per_minute));
	http_set_header(w->req, "ratelimit",
	        arena_strf(a, "\"%s\";r=%u;t=%lld", names[class], res.remaining, (long long)res.reset_s));
	if (res.allowed)
		return ST_OK;
	http_set_header(w->req, "retry-after",
	        arena_strf(a, "%lld", (long long)(res.retry_after_s > 0 ? res.retry_after_s : 1)));
	return err_set(e, ST_RATE_LIMITED, "Please wait %lld seconds.",
	        (long long)(res.retry_after_s > 0 ? res.retry_after_s : 1));
}

static enum status check_body(struct web *w, struct err *e)
{
	size_t max = w->route->body_max ? w->route->body_max : BODY_MAX;
	w->req->body_max = max;
	if (w->req->body_len > 0 && (uint64_t)w->req->body_len > max)
		return err_set(e, ST_TOO_LARGE, "At most %zu bytes are accepted here.", max);
	return ST_OK;
}

static enum status check_all(struct web *w, struct err *e)
{
	TRY(check_place(w, e));
	TRY(check_body(w, e));
	TRY(web_identify(w, e));
	web_lang_person(w);
	TRY(check_rate(w, e));
	if (!(w->route->flags & (ROUTE_NO_CSRF | ROUTE_INTERNAL)) && !w->bearer)
		TRY(csrf_check(w, e));
	return ST_OK;
}

/* --- without a handler -------------------------------------------------------------------------------------- */

static enum status answer_slash(struct web *w, const struct match *m)
{
	struct str path = w->req->raw_path, query = w->req->query;
	if (!m->add_slash)
		path = str_first(path, path.n - 1);
	struct str to = arena_strf(w->ctx->arena, "%.*s%s%s%.*s", STR_ARG(path), m->add_slash ? "/" : "",
	        query.n ? "?" : "", (int)query.n, query.n ? query.p : "");
	bool get = w->req->method == HTTP_GET || w->req->method == HTTP_HEAD;
	return web_redirect(w, get ? 301 : 308, to);
}

static enum status answer_method(struct web *w, const struct match *m, struct err *e)
{
	http_set_header(w->req, "allow", str_c(m->allow));
	if (m->api)
		api_preflight(w, m->allow);
	if (w->req->method != HTTP_OPTIONS)
		return err_set(e, ST_METHOD, "This address takes: %s.", m->allow);
	http_status(w->req, 204);
	http_send(w->req, STR(""));
	return ST_OK;
}

/* --- in the fiber ------------------------------------------------------------------------------------------- */

struct route_run { struct web *w; enum status st; struct err err; };

static enum status run_route(struct web *w, struct err *e)
{
	struct web_req *wr = web_req_of(w);
	const struct match *m = &wr->match;
	web_lang_choose(w);
	if (wr->note->role == WEB_OPS && m->kind != MATCH_ROUTE)
		return err_set(e, ST_NOT_FOUND, "This address serves operations only.");
	switch (m->kind) {
	case MATCH_NONE:
		return err_set(e, ST_NOT_FOUND, "Nothing is kept at this address.");
	case MATCH_SLASH:
		return answer_slash(w, m);
	case MATCH_METHOD:
		return answer_method(w, m, e);
	case MATCH_ROUTE:
		break;
	}
	w->route = m->entry->route;
	w->path = (struct params){ m->params, m->param_count };
	if (w->route->flags & ROUTE_STREAM) {
		w->ctx->deadline_ns = 0;
		fiber_set_deadline(0);
	}
	if (w->route->flags & ROUTE_API)
		api_headers(w);
	TRY(check_all(w, e));
	const struct auth_hooks *auth = web_app_of(w)->platform->auth_hooks;
	if (!w->person && auth && !(w->route->flags & ROUTE_API) && auth->silently(w))
		return ST_OK;
	if (w->route->flags & ROUTE_CACHE)
		w->person = NULL; /* web_own */
	if (wr->own) {
		char key[PAGE_KEY_MAX];
		struct str name = page_key(wr->note, w->req, page_lang_tag(wr->note->app, w->req, wr->who), key);
		wr->page_key = name.p ? arena_str(w->ctx->arena, name) : STR_NULL;
	}
	if (wr->page_key.p) {
		if (page_serve(wr, e))
			return ST_OK;
		wr->since = cache_now(web_app_of(w)->platform->cache);
	}
	bool form = auth && !(w->route->flags & (ROUTE_NO_CSRF | ROUTE_INTERNAL | ROUTE_STREAM));
	struct str sent = form ? csrf_sent(w) : STR_NULL;
	return sent.p ? auth->once(w, sent, w->route->handle, e) : w->route->handle(w, e);
}

static void route_fiber(void *arg)
{
	struct route_run *x = arg;
	x->st = run_route(x->w, &x->err);
}

static void run_error(void *arg)
{
	struct route_run *x = arg;
	const struct platform *p = web_app_of(x->w)->platform;
	x->w->person = web_req_of(x->w)->who;
	bool api = x->w->route && (x->w->route->flags & ROUTE_API);
	if (x->st == ST_UNAUTHENTICATED && p->auth_hooks && !api && x->w->req->method == HTTP_GET &&
	        !web_wants_json(x->w) &&
	        web_redirect(x->w, 303, p->auth_hooks->sign_in_url(x->w, x->w->req->target)) == ST_OK)
		return;
	web_answer_error(x->w, x->st, x->err.msg[0] ? &x->err : NULL);
}

static void answer_static(struct web *w, enum status st)
{
	const char *type;
	struct str body = web_error_static(web_app_of(w), status_info(st)->http, web_wants_json(w), &type);
	http_status(w->req, status_info(st)->http);
	http_set_header(w->req, "content-type", str_c(type));
	http_set_header(w->req, "cache-control", STR("no-store"));
	http_send(w->req, body);
}

static void give_large(void *arg)
{
	fsem_give(arg);
}

static void run_handler(void *arg)
{
	struct route_run *x = arg;
	x->st = x->w->route->handle(x->w, &x->err);
}

/* Runs the handler once more with a larger arena, of which only few exist. What the first try allocated stays until
   the request ends; its headers and body are written anew. */
static enum status run_large(struct web_req *wr, struct route_run *x)
{
	struct web_app *app = wr->note->app;
	struct ctx *ctx = x->w->ctx;
	enum status st = fsem_take(&app->large, ctx->deadline_ns ? ctx->deadline_ns : FIBER_FOREVER);
	if (st != ST_OK)
		return st == ST_TIMEOUT ? ST_UNAVAILABLE : st;
	arena_allow(ctx->arena, (size_t)config_bytes(app->platform->config, "http", "large_memory"));
	arena_on_free(ctx->arena, give_large, &app->large);
	wr->tags.len = 0;
	wr->header_count = 0;
	x->w->fragments_missing = 0;
	x->err = (struct err){ 0 };
	return guard_run(run_handler, x);
}

/* The handler ran out of memory: it was unwound, or it returned ST_NOMEM from a full buffer or a row that did not
   fit. */
static bool wants_memory(const struct route_run *x, enum status st)
{
	bool short_of_it = st == ST_NOMEM || (st == ST_OK && (x->st == ST_NOMEM || x->st == ST_TOO_LARGE));
	return short_of_it && x->w->route && (x->w->route->flags & ROUTE_LARGE) && !x->w->req->answered;
}

static void web_handle(struct http_req *r, void *arg)
{
	struct web_note *n = r->app_data;
	struct web_req *wr = n->wr;
	struct web *w = &wr->w;
	lang_swap(LANG_EN); /* the fiber may have had another request before */
	buf_arena(&wr->tags, r->ctx.arena, TAGS_MAX);
	struct route_run x = { .w = w };
	enum status st = guard_run(route_fiber, &x);
	if (wants_memory(&x, st))
		st = run_large(wr, &x);
	page_release(wr);
	if (st == ST_OK)
		st = x.st;
	if (st == ST_OK && !r->answered)
		st = err_set(&x.err, ST_INTERNAL, "the handler of %s gave no answer",
		        wr->match.entry ? wr->match.entry->pattern : "");
	if (st == ST_OK || r->answered || st == ST_CANCELLED)
		return;
	x.st = st;
	if (guard_run(run_error, &x) != ST_OK && !r->answered)
		answer_static(w, st);
}

/* --- after the answer --------------------------------------------------------------------------------------- */

static const char *const classes[] = { "other", "1xx", "2xx", "3xx", "4xx", "5xx" };

static void done(struct http_req *r, void *arg)
{
	const struct web_note *n = r->app_data;
	struct web_listener *l = arg;
	int64_t took = clock_mono_ns() - r->start_ns;
	const char *svc = n && n->entry ? (n->entry->svc ? n->entry->svc->def->name : "platform")
	        : n && n->cached        ? "assets"
	                                : "none";
	unsigned class = r->status >= 100 && r->status < 600 ? (unsigned)r->status / 100 : 0;
	metric_add_l(M_HTTP_REQUESTS, classes[class], 1);
	metric_observe_ns(M_HTTP_DURATION, svc, took);
	if (n && n->cached)
		metric_add(M_HTTP_CACHED, 1);
	if (!config_bool(l->app->platform->config, "http", "access_log"))
		return;
	/* The address without its query, and no client address: lines are kept longer than either should be. */
	LOG(INFO, &r->ctx, "http.request", LT("method", r->method_name), LT("path", r->raw_path),
	        LI("status", r->status), LI("bytes", r->sent), LI("us", took / 1000), LS("service", svc),
	        LI("cached", n ? n->cached : 0));
}

static struct str error_page(int status, bool wants_json, const char **type, void *arg)
{
	struct web_listener *l = arg;
	return web_error_static(l->app, status, wants_json, type);
}

/* --- assembly ----------------------------------------------------------------------------------------------- */

/* One host for all means that any name reaches it; with a host each, the name decides. */
static bool one_host(const struct platform *p)
{
	for (unsigned i = 1; i < p->service_count; i++)
		if (!str_eq(service_host(&p->services[i]), service_host(&p->services[0])))
			return false;
	return true;
}

static enum status add_routes(struct web_app *a, const struct route *const *extra, struct err *e)
{
	struct platform *p = a->platform;
	bool single = one_host(p);
	for (; extra && *extra; extra++)
		for (const struct route *r = *extra; r->method; r++)
			TRY(router_add(a->router, STR(""), "", r, NULL, e));
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		char base[BASE_PATH_MAX + 1];
		if (!s->local)
			continue;
		if (s->base_path.n > BASE_PATH_MAX)
			return err_set(e, ST_CONFIG, "the path below which %s is has more than %d bytes", s->def->name,
			               BASE_PATH_MAX);
		snprintf(base, sizeof base, "%.*s", STR_ARG(s->base_path));
		if (!a->front || (!s->base_path.n && a->front->base_path.n))
			a->front = s;
		struct str host = single ? STR("") : service_host(s);
		const struct route *const tables[] = { s->def->routes,
			p->auth_hooks && p->identity != s ? p->auth_hooks->routes : NULL,
			s->def->media ? media_routes : NULL };
		for (unsigned k = 0; k < sizeof tables / sizeof *tables; k++)
			for (const struct route *r = tables[k]; r && r->method; r++)
				TRY(router_add(a->router, host, base, r, s, e));
	}
	return ST_OK;
}

static bool list_own_cookies(struct web_app *a)
{
	const struct platform *p = a->platform;
	for (int pass = 0; pass < 2; pass++) {
		a->own_cookie_count = 0;
		for (unsigned i = 0; i < p->service_count; i++)
			for (const struct fragment_def *f = p->services[i].def->fragments; f && f->type; f++) {
				if (f->cookie && pass)
					a->own_cookies[a->own_cookie_count] = f->cookie;
				a->own_cookie_count += f->cookie != NULL;
			}
		if (!pass && !(a->own_cookies = calloc(a->own_cookie_count + 1, sizeof *a->own_cookies)))
			return false;
	}
	return true;
}

/* False: so many services, or so long addresses, that browsers can not be told of them. */
static bool build_csp(struct web_app *a)
{
	SCOPED_BUF origins;
	const struct platform *p = a->platform;
	bool several = false;
	for (unsigned i = 1; i < p->service_count; i++)
		several |= !str_eq(service_origin(&p->services[i]), service_origin(&p->services[0]));
	buf_init(&origins, CSP_MAX);
	for (unsigned i = 0; several && i < p->service_count; i++)
		buf_printf(&origins, " %.*s", STR_ARG(service_origin(&p->services[i])));
	const char *others = buf_str(&origins).p;
	/* Pictures and sound of federated and imported posts come from anywhere; scripts from here alone. */
	buf_init(&a->csp, CSP_MAX);
	buf_printf(&a->csp,
	           "default-src 'self'%s; img-src 'self' data: https:%s; media-src 'self' https:%s; "
	           "frame-src 'self' https://www.youtube-nocookie.com https://player.vimeo.com; object-src 'none'; "
	           "base-uri 'none'; "
	           "frame-ancestors 'self'" CSP_FORMS "'self'%s",
	           others, others, others, others);
	return buf_ok(&origins) && buf_ok(&a->csp);
}

struct web_app *web_app_new(struct platform *p, const struct route *const *extra, struct err *e)
{
	struct web_app *a = calloc(1, sizeof *a);
	if (a)
		a->router = router_new();
	if (!a || !a->router) {
		free(a);
		(void)!err_set(e, ST_NOMEM, "no memory for the routes");
		return NULL;
	}
	a->platform = p;
	flights_init(&a->flights);
	fsem_init(&a->large, (unsigned)config_int(p->config, "http", "large_at_once"), LARGE_WAITING);
	for (unsigned i = 0; i < WEB_ROLES; i++)
		a->listeners[i] = (struct web_listener){ a, (enum web_role)i };
	if (!list_own_cookies(a)) {
		(void)!err_set(e, ST_NOMEM, "no memory for the routes");
		web_app_free(a);
		return NULL;
	}
	if (add_routes(a, extra, e) != ST_OK || web_error_build(a, e) != ST_OK) {
		web_app_free(a);
		return NULL;
	}
	if (!build_csp(a)) {
		(void)!err_set(e, ST_CONFIG, "the services' addresses are longer than %zu bytes together", CSP_MAX / 4);
		web_app_free(a);
		return NULL;
	}
	return a;
}

void web_app_free(struct web_app *a)
{
	if (!a)
		return;
	web_error_free(a);
	free(a->own_cookies);
	buf_fini(&a->csp);
	router_free(a->router);
	pthread_mutex_destroy(&a->flights.lock);
	fsem_fini(&a->large);
	free(a);
}

void web_app_http(struct web_app *a, enum web_role role, struct http_app *out)
{
	*out = (struct http_app){ .fast = fast,
		.handle = web_handle,
		.line = line,
		.error_page = error_page,
		.done = done,
		.arg = &a->listeners[role] };
}

const struct router *web_app_router(const struct web_app *a)
{
	return a->router;
}

struct platform *web_platform(const struct web *w)
{
	return web_app_of(w)->platform;
}
