/* SPDX-License-Identifier: Apache-2.0
 *
 * The page cache. A page for visitors is kept whole, with its headers, ETag and gzip and brotli variants in one blob,
 * so that the loop answers it without a fiber and without copying it:
 *
 *     struct page_head | lengths and text of each header | identity | gzip | brotli
 *
 * What the process does not have is looked for in level 2 before it is made, by the one fiber that would make it.
 *
 * Any thread; blobs are immutable. A blob may come from another process (level 2), so its offsets are checked.
 */
#include <zlib.h>

#include "base/log.h"
#include "net/conn/brotli.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/web/web_int.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define PAGE_MAGIC 0x32504847u /* "GHP2" */
#define STALE_NS (300 * INT64_C(1000000000))
#define WAIT_NS (2 * INT64_C(1000000000))
#define COMPRESS_MIN 512
#define HEADERS_MAX    ((size_t)16 << 10) /* bytes; a page with more is not kept */
#define BROTLI_QUALITY 5 /* 11 takes fifty times as long for a tenth less */
#define GZIP_LEVEL 6

struct page_head {
	uint32_t magic, headers_len;
	uint32_t off[3], len[3]; /* by enum http_coding; len 0: none */
	char etag[ETAG_MAX];
};

/* Before each header; its name and value follow, each with a NUL. */
struct header_len { uint16_t name, value; };

/* --- keys and flights --------------------------------------------------------------------------------------- */

struct str page_key(const struct web_note *n, const struct http_req *r, char buf[PAGE_KEY_MAX])
{
	const struct platform *p = n->app->platform;
	if (!n->entry || !(n->entry->route->flags & ROUTE_CACHE) || (r->method != HTTP_GET && r->method != HTTP_HEAD) ||
	    r->query.n > PAGE_QUERY_MAX || !p->cache || !config_bool(p->config, "cache", "pages"))
		return STR_NULL;
	struct str cookies = http_header(r, "cookie");
	if (cookies.p && p->identity && str_find(cookies, STR(SESSION_COOKIE_PREFIX)) >= 0)
		return STR_NULL;
	const char *kind = web_kind_of(r), *tag = "";
	enum lang l;
	if (web_lang_asked(n->app, r, &l))
		tag = lang_info(l)->tag;
	const struct str parts[] = {
		STR("page|"),
		n->entry->svc ? str_c(n->entry->svc->def->name) : STR(""),
		STR("|"),
		r->raw_path,
		STR("?"),
		r->query,
		http_header(r, "hx-request").p ? STR("#hx") : STR(""),
		*kind ? STR("#") : STR(""),
		str_c(kind),
		*tag ? STR("@") : STR(""), /* none: in the site's */
		str_c(tag),
	};
	size_t len = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].n >= PAGE_KEY_MAX - len)
			return STR_NULL;
		if (parts[i].n)
			memcpy(buf + len, parts[i].p, parts[i].n);
		len += parts[i].n;
	}
	return str_n(buf, len);
}

void flights_init(struct flights *f)
{
	pthread_mutex_init(&f->lock, NULL);
	waitq_init(&f->landed);
}

/* Slot of hash; with claim, a free one when it is not there. Neighbouring slots only, so a full table claims nothing.
 */
static uint64_t *flight_slot(struct flights *f, uint64_t hash, bool claim)
{
	uint64_t *free_slot = NULL;
	for (unsigned i = 0; i < 8; i++) {
		uint64_t *s = &f->hashes[(hash + i) % FLIGHTS];
		if (*s == hash)
			return s;
		if (!*s && !free_slot)
			free_slot = s;
	}
	return claim ? free_slot : NULL;
}

static bool flying(struct flights *f, uint64_t hash)
{
	pthread_mutex_lock(&f->lock);
	bool yes = flight_slot(f, hash, false) != NULL;
	pthread_mutex_unlock(&f->lock);
	return yes;
}

/* --- sending ------------------------------------------------------------------------------------------------ */

static bool page_head(const struct blob *b, struct page_head *h)
{
	if (b->len < sizeof *h)
		return false;
	memcpy(h, b->data, sizeof *h);
	if (h->magic != PAGE_MAGIC || h->headers_len > b->len - sizeof *h || memchr(h->etag, 0, sizeof h->etag) == NULL)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (h->off[i] > b->len || h->len[i] > b->len - h->off[i])
			return false;
	return true;
}

/* all: the headers of the kept page, which the caller holds until the answer is handed over. */
static bool send_headers(struct http_req *r, struct str all, bool fresh)
{
	struct header_len n;
	while (all.n) {
		if (all.n < sizeof n)
			return false;
		memcpy(&n, all.p, sizeof n);
		all = str_skip(all, sizeof n);
		if (all.n < (size_t)n.name + n.value + 2 || all.p[n.name])
			return false;
		struct str value = str_n(all.p + n.name + 1, n.value);
		if (fresh)
			http_add_kept_header(r, all.p, value);
		else
			http_set_header(r, all.p, value);
		all = str_skip(all, (size_t)n.name + n.value + 2);
	}
	return true;
}

static bool page_send(struct http_req *r, struct blob *b, bool fresh)
{
	struct page_head h;
	if (!page_head(b, &h) || !send_headers(r, str_n(b->data + sizeof h, h.headers_len), fresh))
		return false;
	web_hsts(
	        ((const struct web_note *)r->app_data)->app, r); /* not kept: the same page also goes out without TLS */
	if (http_conditional(r, str_c(h.etag), 0))
		return true;
	unsigned have = (h.len[HTTP_GZIP] ? 1u << HTTP_GZIP : 0) | (h.len[HTTP_BR] ? 1u << HTTP_BR : 0);
	enum http_coding coding = have ? http_accepts_coding(r, have) : HTTP_IDENTITY;
	if (coding != HTTP_IDENTITY)
		http_set_header(r, "content-encoding", coding == HTTP_BR ? STR("br") : STR("gzip"));
	http_status(r, 200);
	http_send_blob_part(r, b, h.off[coding], h.len[coding]);
	return true;
}

bool page_serve_fast(struct web_note *n, struct http_req *r, struct str key)
{
	struct blob *b = NULL;
	enum cache_state state = cache_peek(n->app->platform->cache, key, &b);
	if (state == CACHE_MISS)
		return false;
	/* A stale page that no fiber is making anew: this request goes on to a fiber, which makes it. */
	bool sent = (state == CACHE_FRESH || flying(&n->app->flights, str_hash(key) | 1)) && page_send(r, b, true);
	blob_unref(b);
	n->cached = sent;
	return sent;
}

/* ST_OK: claimed (wr->flight) or nothing to wait for: look once more, then render. */
static enum status claim_or_wait(struct web_req *wr, uint64_t hash, bool have_stale, bool *serve_stale)
{
	struct flights *f = &wr->note->app->flights;
	enum status st = ST_OK;
	int64_t until = loop_now_ns(fiber_loop(fiber_self())) + WAIT_NS;
	*serve_stale = false;
	pthread_mutex_lock(&f->lock);
	if (!flight_slot(f, hash, false)) {
		uint64_t *s = flight_slot(f, hash, true);
		if (s) {
			*s = hash;
			wr->flight = hash;
		}
	} else if (have_stale) {
		*serve_stale = true;
	} else {
		while (st == ST_OK && flight_slot(f, hash, false))
			st = waitq_wait(&f->landed, &f->lock, until);
	}
	pthread_mutex_unlock(&f->lock);
	return st;
}

/* Another process may have made it. */
static void fetch_shared(struct web_req *wr, struct blob **b, enum cache_state *state)
{
	struct blob *shared;
	if (!cache_fetch(wr->w.ctx, wr->note->app->platform->cache, wr->page_key, &shared))
		return;
	if (*b)
		blob_unref(*b);
	*b = shared;
	*state = CACHE_FRESH;
}

bool page_serve(struct web_req *wr, struct err *e)
{
	struct cache *cache = wr->note->app->platform->cache;
	uint64_t hash = str_hash(wr->page_key) | 1;
	bool sent = false, serve_stale = false;
	struct blob *b = NULL;
	enum cache_state state = cache_peek(cache, wr->page_key, &b);
	if (state != CACHE_FRESH) {
		enum status st = claim_or_wait(wr, hash, state == CACHE_STALE, &serve_stale);
		if (!serve_stale && st == ST_OK) {
			/* Another fiber may have stored the page between the look and the claim, or during the
			   wait. */
			if (b)
				blob_unref(b);
			b = NULL;
			state = cache_peek(cache, wr->page_key, &b);
			if (state != CACHE_FRESH && wr->flight)
				fetch_shared(wr, &b, &state);
		}
	}
	if (b && (state == CACHE_FRESH || serve_stale))
		sent = page_send(wr->w.req, b, false);
	if (b)
		blob_unref(b);
	wr->note->cached = sent;
	return sent;
}

void page_release(struct web_req *wr)
{
	struct flights *f = &wr->note->app->flights;
	if (!wr->flight)
		return;
	pthread_mutex_lock(&f->lock);
	uint64_t *s = flight_slot(f, wr->flight, false);
	if (s)
		*s = 0;
	waitq_wake_all(&f->landed);
	pthread_mutex_unlock(&f->lock);
	wr->flight = 0;
}

/* --- keeping ------------------------------------------------------------------------------------------------ */

struct squeeze { struct str in; char *gz, *br; size_t gz_len, br_len, cap; };

static void squeeze(void *arg)
{
	struct squeeze *s = arg;
	z_stream z = { 0 };
	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
		z.next_in = (unsigned char *)(uintptr_t)s->in.p;
		z.avail_in = (unsigned)s->in.n;
		z.next_out = (unsigned char *)s->gz;
		z.avail_out = (unsigned)s->cap;
		s->gz_len = deflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
		deflateEnd(&z);
	}
	s->br_len = brotli_compress(BROTLI_QUALITY, 18, s->in, s->br, s->cap);
}

static bool page_compressible(const char *type)
{
	return !strncmp(type, "text/", 5) || strstr(type, "json") || strstr(type, "xml") || strstr(type, "javascript");
}

static void put_header(struct buf *b, const char *name, struct str value)
{
	size_t len = strlen(name);
	if (len > UINT16_MAX || value.n > UINT16_MAX) {
		b->failed = true; /* then the page is not kept */
		return;
	}
	const struct header_len n = { (uint16_t)len, (uint16_t)value.n };
	buf_put(b, &n, sizeof n);
	buf_put(b, name, n.name + 1);
	buf_putstr(b, value);
	buf_putc(b, 0);
}

static void put_headers(struct web_req *wr, const char *type, bool varies, const char *etag, struct buf *b)
{
	static const struct str vary[2][2] = {
		{ STR_INIT("accept-language, cookie"), STR_INIT("accept-encoding, accept-language, cookie") },
		{ STR_INIT("accept, accept-language, cookie"),
		        STR_INIT("accept-encoding, accept, accept-language, cookie") },
	};
	put_header(b, "content-type", str_c(type));
	put_header(b, "cache-control", STR("no-cache"));
	put_header(b, "x-content-type-options", STR("nosniff"));
	put_header(b, "vary", vary[wr->negotiated][varies]);
	if (type_is_html(type)) {
		put_header(b, "content-language", str_c(lang_info(lang_now())->tag));
		put_header(b, "content-security-policy", buf_str(&wr->note->app->csp));
		put_header(b, "referrer-policy", STR("strict-origin-when-cross-origin"));
		put_header(b, "cross-origin-opener-policy", STR("same-origin"));
		put_header(
		        b, "permissions-policy", STR("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
	}
	for (unsigned i = 0; i < wr->header_count; i++)
		put_header(b, wr->headers[i].name.p, wr->headers[i].value);
	put_header(b, "etag", str_c(etag));
}

static struct blob *build(struct web_req *wr, const char *type, struct str body)
{
	struct arena *a = wr->w.ctx->arena;
	struct squeeze s = { .in = body, .cap = body.n };
	struct page_head h = { .magic = PAGE_MAGIC };
	struct buf headers;
	if (body.n >= COMPRESS_MIN && page_compressible(type)) {
		s.gz = arena_alloc(a, s.cap);
		s.br = arena_alloc(a, s.cap);
		if (offload(OFFLOAD_PROMPT, squeeze, &s) != ST_OK)
			s.gz_len = s.br_len = 0;
	}
	buf_arena(&headers, a, HEADERS_MAX);
	web_etag(body, h.etag);
	put_headers(wr, type, s.gz_len || s.br_len, h.etag, &headers);
	h.headers_len = (uint32_t)headers.len;
	const struct str parts[3] = { body, str_n(s.gz, s.gz_len), str_n(s.br, s.br_len) };
	uint32_t at = (uint32_t)(sizeof h + headers.len);
	for (unsigned i = 0; i < 3; i++) {
		h.off[i] = at;
		h.len[i] = (uint32_t)parts[i].n;
		at += h.len[i];
	}
	struct blob *b = buf_ok(&headers) ? blob_new_large(at) : NULL;
	if (!b)
		return NULL;
	memcpy(b->data, &h, sizeof h);
	memcpy(b->data + sizeof h, headers.data, headers.len);
	for (unsigned i = 0; i < 3; i++)
		if (parts[i].n)
			memcpy(b->data + h.off[i], parts[i].p, parts[i].n);
	return b;
}

bool page_keep_and_send(struct web_req *wr, const char *type, struct str body)
{
	if (!wr->page_key.p || wr->w.person || wr->w.fragments_missing || !buf_ok(&wr->tags) || body.n > UINT32_MAX / 4)
		return false;
	struct blob *b = build(wr, type, body);
	if (!b)
		return false;
	int64_t soft = (int64_t)(wr->w.route->cache_s ? wr->w.route->cache_s : 60) * 1000000000;
	const struct cache_policy policy = { soft, soft + STALE_NS, true };
	/* The data changed while the page was made: it is the answer to requests from before the change, and is not
	   kept for later ones. */
	cache_put(wr->note->app->platform->cache, wr->page_key, b, &policy, buf_str(&wr->tags), &wr->since);
	page_release(wr);
	bool sent = page_send(wr->w.req, b, false);
	blob_unref(b);
	return sent;
}
