/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers: pages, texts, redirects, cookies, and the headers that every one of them carries.
 */
#include <assert.h>
#include <stdio.h>

#include "base/id.h"
#include "base/log.h"
#include "platform/config/config.h"
#include "platform/peers/fragment.h"
#include "platform/web/web_int.h"

#define COMPOSED_MAX (64u << 20) /* the arena ends before */

bool type_is_html(const char *type)
{
	return !strncmp(type, "text/html", 9);
}

/* --- headers ------------------------------------------------------------------------------------------------ */

void web_hsts(const struct web_app *a, struct http_req *r)
{
	int64_t seconds = r->secure ? config_duration_ns(a->platform->config, "http", "hsts") / 1000000000 : 0;
	if (seconds)
		http_set_header(
		        r, "strict-transport-security", arena_strf(r->ctx.arena, "max-age=%lld", (long long)seconds));
}

void web_security_headers(struct web *w, const char *type)
{
	struct http_req *r = w->req;
	const struct web_app *a = web_app_of(w);
	http_set_header(r, "x-content-type-options", STR("nosniff"));
	web_hsts(a, r);
	if (!type_is_html(type))
		return;
	http_set_header(r, "content-language", str_c(lang_info(lang_now())->tag));
	http_set_header(r, "vary", STR("accept-language, cookie"));
	struct str csp = buf_str(&a->csp);
	if (w->csp_nonce.p)
		csp = arena_strf(w->ctx->arena, "script-src 'self' 'nonce-%.*s'; style-src 'self' 'nonce-%.*s'; %s",
		        STR_ARG(w->csp_nonce), STR_ARG(w->csp_nonce), a->csp.data);
	if (w->forms_leave)
		csp = str_first(csp, (size_t)str_find(csp, STR(CSP_FORMS)));
	http_set_header(r, "content-security-policy", csp);
	http_set_header(r, "referrer-policy", STR("strict-origin-when-cross-origin"));
	http_set_header(r, "cross-origin-opener-policy", STR("same-origin"));
	http_set_header(r, "permissions-policy", STR("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
}

/* 64 bits of multiply-and-fold: tells versions of a page apart and is no defence against anybody. */
static uint64_t etag_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

void web_etag(struct str body, char out[ETAG_MAX])
{
	uint64_t h = body.n * UINT64_C(0x9e3779b97f4a7c15) + 1, piece[2];
	size_t i = 0;
	for (; i + 16 <= body.n; i += 16) {
		memcpy(piece, body.p + i, 16);
		h = etag_fold(piece[0] ^ UINT64_C(0xa0761d6478bd642f), piece[1] ^ h);
	}
	memset(piece, 0, sizeof piece);
	memcpy(piece, body.p + i, body.n - i);
	h = etag_fold(piece[0] ^ UINT64_C(0xe7037ed1a0b428db), piece[1] ^ h);
	/* Weak: the same page in another content coding has the same tag. */
	snprintf(out, ETAG_MAX, "W/\"%016llx\"", (unsigned long long)h);
}

void web_header(struct web *w, const char *name, struct str value)
{
	struct web_req *wr = web_req_of(w);
	if (!wr->headers) {
		wr->headers = wr->first_headers;
		wr->header_room = WEB_HEADERS_FIRST;
	}
	if (wr->header_count == wr->header_room) {
		struct http_header *more = ARENA_ARRAY(w->ctx->arena, struct http_header, 2 * wr->header_room);
		memcpy(more, wr->headers, wr->header_count * sizeof *more);
		wr->headers = more;
		wr->header_room *= 2;
	}
	wr->headers[wr->header_count++] = (struct http_header){ str_c(name), value };
	http_set_header(w->req, name, value);
}

bool web_is_kept(const struct web *w)
{
	return ((struct web_note *)w->req->app_data)->wr->page_key.p != NULL;
}

const struct person *web_own(struct web *w)
{
	struct web_req *wr = web_req_of(w);
	wr->personal = true;
	if (wr->own) { /* others wait for a page that this will not be */
		page_release(wr);
		wr->page_key = STR_NULL;
	}
	w->person = wr->who;
	return w->person;
}

void web_no_cache(struct web *w)
{
	web_req_of(w)->page_key = STR_NULL;
	http_set_header(w->req, "cache-control", STR("private, no-store"));
}

void web_cache_tag(struct web *w, const char *fmt, ...)
{
	struct web_req *wr = web_req_of(w);
	char tag[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(tag, sizeof tag, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof tag || strchr(tag, ' ')) {
		/* A page whose tag can't be kept could never be dropped. */
		LOG(WARN, w->ctx, "web.cache_tag", LS("tag", tag));
		wr->page_key = STR_NULL;
		return;
	}
	if (wr->tags.len)
		buf_putc(&wr->tags, ' ');
	buf_put(&wr->tags, tag, (size_t)n);
}

struct str web_nonce(struct web *w)
{
	if (!w->csp_nonce.p) {
		char *text = arena_alloc(w->ctx->arena, 32);
		random_token(text, 18);
		w->csp_nonce = str_c(text);
		web_no_cache(w); /* a nonce that is used twice protects nobody */
	}
	return w->csp_nonce;
}

/* --- bodies ------------------------------------------------------------------------------------------------- */

struct fragment_who web_who(const struct web *w)
{
	return (struct fragment_who){ web_req_of(w)->who, http_header(w->req, "cookie"), w->req->secure };
}

struct str web_own_piece(struct web *w, const struct fragment_who *who, const struct fragment_hole *hole)
{
	struct buf out;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	enum status st = fragment_get(w->ctx, who, hole->service, hole->type, hole->params, &out, NULL);
	return st == ST_OK && buf_ok(&out) && out.len ? buf_str(&out) : STR("");
}

/* Of a page that was made for everybody and can't be kept. */
static struct str own_body(struct web *w, struct str body)
{
	const struct web_req *wr = web_req_of(w);
	const struct fragment_who who = web_who(w);
	struct buf out;
	size_t at = 0;
	buf_arena(&out, w->ctx->arena, COMPOSED_MAX);
	for (unsigned i = 0; i < wr->holes.n; i++) {
		const struct fragment_hole *hole = &wr->holes.list[i];
		buf_put(&out, body.p + at, hole->at - at);
		buf_putstr(&out, web_own_piece(w, &who, hole));
		at = hole->at + hole->len;
	}
	buf_putstr(&out, str_skip(body, at));
	return buf_str(&out);
}

static enum status page_finish(struct web *w, int status, const char *type, struct str body)
{
	struct web_req *wr = web_req_of(w);
	struct http_req *r = w->req;
	char etag[ETAG_MAX];
	web_security_headers(w, type);
	if (status == 200 && page_keep_and_send(wr, type, body))
		return ST_OK;
	if (wr->page_key.p && wr->own && wr->holes.n)
		body = own_body(w, body);
	bool get = r->method == HTTP_GET || r->method == HTTP_HEAD;
	bool shared = wr->page_key.p != NULL && !wr->own;
	http_status(r, status);
	http_set_header(r, "content-type", str_c(type));
	if (get && status == 200 && shared) {
		http_set_header(r, "cache-control", STR("no-cache"));
		web_etag(body, etag);
		http_set_header(r, "etag", str_c(etag));
		if (http_conditional(r, str_c(etag), 0))
			return ST_OK;
	} else if (get && !http_header(r, "cookie").p) {
		http_add_header(r, "cache-control", STR("no-cache"));
	} else {
		http_set_header(r, "cache-control", STR("private, no-store"));
	}
	http_send_compressed(r, body);
	return ST_OK;
}

enum status web_html(struct web *w, int status, const struct buf *page)
{
	return web_html_reading(w, status, page, NULL);
}

enum status web_html_reading(struct web *w, int status, const struct buf *page, struct db_conn **reading)
{
	const struct platform *p = web_app_of(w)->platform;
	struct web_req *wr = web_req_of(w);
	struct str body = buf_str(page);
	struct buf composed;
	bool for_all = wr->page_key.p != NULL;
	const struct fragment_who who = for_all ? (struct fragment_who){ 0 } : web_who(w);
	if (!buf_ok(page))
		return ST_NOMEM;
	if (p->fragments) {
		buf_arena(&composed, w->ctx->arena, COMPOSED_MAX);
		TRY(fragment_compose(w->ctx, &who, body, reading, &composed, for_all ? &wr->holes : NULL,
		        &w->fragments_missing, NULL));
		if (!buf_ok(&composed))
			return ST_NOMEM;
		body = buf_str(&composed);
	}
	if (reading) /* compressing waits */
		db_read_end(reading);
	return page_finish(w, status, "text/html; charset=utf-8", body);
}

enum status web_text(struct web *w, int status, const char *type, struct str body)
{
	return page_finish(w, status, type, body);
}

enum status web_text_tagged(struct web *w, const char *type, struct str body)
{
	char tag[ETAG_MAX];
	web_etag(body, tag);
	http_set_header(w->req, "etag", arena_str(w->ctx->arena, str_c(tag)));
	return http_conditional(w->req, str_c(tag), 0) ? ST_OK : page_finish(w, 200, type, body);
}

enum status web_json(struct web *w, int status, struct str json)
{
	return page_finish(w, status, "application/json", json);
}

/* --- redirects ---------------------------------------------------------------------------------------------- */

static bool is_local_path(struct str s)
{
	/* Browsers take "//host" and "/\host" for another host. */
	if (!s.n || s.p[0] != '/' || (s.n > 1 && (s.p[1] == '/' || s.p[1] == '\\')))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == '\\')
			return false;
	return true;
}

bool web_is_ours(struct ctx *ctx, struct str location)
{
	if (is_local_path(location))
		return true;
	const struct platform *p = ctx->svc ? ctx->svc->platform : NULL;
	for (unsigned i = 0; p && i < p->service_count; i++) {
		struct str base = p->services[i].base_url;
		struct str rest = str_skip(location, base.n);
		if (base.n && str_starts(location, base) && (!rest.n || rest.p[0] == '/' || rest.p[0] == '?'))
			return true;
	}
	return false;
}

enum status web_redirect_external(struct web *w, int status, struct str location)
{
	struct buf safe;
	buf_arena(&safe, w->ctx->arena, location.n * 3 + 1);
	for (size_t i = 0; i < location.n; i++) {
		unsigned char c = (unsigned char)location.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\')
			buf_printf(&safe, "%%%02X", c);
		else
			buf_putc(&safe, (char)c);
	}
	http_status(w->req, status);
	http_set_header(w->req, "location", buf_str(&safe));
	if (status != 301 && status != 308)
		http_set_header(w->req, "cache-control", STR("no-store"));
	http_send(w->req, STR(""));
	return ST_OK;
}

enum status web_redirect(struct web *w, int status, struct str location)
{
	if (!web_is_ours(w->ctx, location)) {
		LOG(WARN, w->ctx, "web.redirect_refused", LT("location", location));
		return ST_INVALID;
	}
	return web_redirect_external(w, status, location);
}

/* --- cookies ------------------------------------------------------------------------------------------------ */

static bool cookie_value_ok(struct str v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c <= 0x20 || c >= 0x7f || strchr("\",;\\", c))
			return false;
	}
	return true;
}

void web_set_cookie(struct web *w, const struct cookie *c)
{
	assert(cookie_value_ok(c->value));
	bool prefix = w->req->secure && !c->plain && (!c->path || !strcmp(c->path, "/"));
	struct buf b;
	buf_text(&b, w->ctx->arena);
	/* RFC 6265bis 4.1.3.2: a __Host- cookie can't be set by another host of the domain, nor over plain HTTP. */
	buf_printf(
	        &b, "%s%s=%.*s; Path=%s", prefix ? "__Host-" : "", c->name, STR_ARG(c->value), c->path ? c->path : "/");
	if (c->plain && c->domain.n)
		buf_printf(&b, "; Domain=%.*s", STR_ARG(c->domain));
	if (c->max_age_s >= 0)
		buf_printf(&b, "; Max-Age=%lld", (long long)c->max_age_s);
	if (c->http_only)
		buf_puts(&b, "; HttpOnly");
	if (w->req->secure)
		buf_puts(&b, "; Secure");
	buf_puts(&b, c->lax ? "; SameSite=Lax" : "; SameSite=Strict");
	web_req_of(w)->page_key = STR_NULL;
	http_add_header(w->req, "set-cookie", buf_str(&b));
}
