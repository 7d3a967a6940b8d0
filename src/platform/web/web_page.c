/* SPDX-License-Identifier: Apache-2.0
 *
 * The page cache: what is kept for everybody, and who gets it. A visitor gets a kept page as it is, from the loop. Who
 * is signed in, or has a cookie that pieces are kept by, gets the same page with their own pieces in its holes, from
 * the loop, too, as long as everything is at hand (the session, the page, each piece); a fiber sees to what is not.
 *
 * What the process does not have is looked for in level 2 before it is made, by the one fiber that would make it.
 */
#include "base/log.h"
#include "platform/config/config.h"
#include "platform/web/web_kept.h"
#include "rt/fiber.h"

#define STALE_NS (300 * INT64_C(1000000000))
#define WAIT_NS (2 * INT64_C(1000000000))

/* --- keys and flights --------------------------------------------------------------------------------------- */

bool page_wanted(const struct web_note *n, const struct http_req *r)
{
	const struct platform *p = n->app->platform;
	return n->entry && (n->entry->route->flags & ROUTE_CACHE) &&
	        (r->method == HTTP_GET || r->method == HTTP_HEAD) && r->query.n <= PAGE_QUERY_MAX && p->cache &&
	        config_bool(p->config, "cache", "pages");
}

bool page_is_own(const struct web_app *a, const struct http_req *r)
{
	struct str cookies = http_header(r, "cookie"), name, value;
	if (!cookies.p)
		return false;
	while (cookie_next(&cookies, &name, &value)) {
		if (str_starts(name, STR("__Host-")))
			name = str_skip(name, 7);
		if (a->platform->identity && str_starts(name, STR(SESSION_COOKIE_PREFIX)))
			return true;
		for (unsigned i = 0; i < a->own_cookie_count; i++)
			if (str_eqc(name, a->own_cookies[i]))
				return true;
	}
	return false;
}

struct str page_key(const struct web_note *n, const struct http_req *r, const char *tag, char buf[PAGE_KEY_MAX])
{
	const char *kind = web_kind_of(r);
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

const char *page_lang_tag(const struct web_app *a, const struct http_req *r, const struct person *who)
{
	enum lang l;
	return (who && web_lang_of(a, who, &l)) || web_lang_asked(a, r, &l) ? lang_info(l)->tag : "";
}

/* --- answering from what is kept ---------------------------------------------------------------------------- */

bool page_serve_fast(struct web_note *n, struct http_req *r, struct str key)
{
	struct blob *b = NULL;
	struct kept_page k;
	enum cache_state state = cache_peek(n->app->platform->cache, key, &b);
	if (state == CACHE_MISS)
		return false;
	/* A stale page that no fiber is making anew: this request goes on to a fiber, which makes it. */
	bool sent = (state == CACHE_FRESH || flying(&n->app->flights, str_hash(key) | 1)) && kept_open(b, &k) &&
	        kept_send(r, &k, true);
	blob_unref(b);
	n->cached = sent;
	return sent;
}

/* The pieces of who asks, if they are all at hand; the references are the caller's. */
static bool peek_holes(struct web_req *wr, const struct kept_page *k, struct blob *pieces[HOLES_MAX], unsigned *count)
{
	struct fragment_who who = web_who(&wr->w);
	SCOPED_LANG((enum lang)k->head.lang);
	for (*count = 0; *count < kept_holes(k); ++*count) {
		struct fragment_hole hole = kept_hole(k, *count);
		if (!fragment_peek(wr->w.ctx, &who, hole.service, hole.type, hole.params, &pieces[*count]))
			return false;
	}
	return true;
}

static bool send_peeked(struct web_req *wr, const struct kept_page *k)
{
	struct blob *pieces[HOLES_MAX];
	struct str texts[HOLES_MAX];
	unsigned n;
	bool ok = peek_holes(wr, k, pieces, &n);
	for (unsigned i = 0; i < n; i++)
		texts[i] = str_n(pieces[i]->data, pieces[i]->len);
	ok = ok && kept_send_own(wr->w.req, k, texts, true);
	for (unsigned i = 0; i < n; i++)
		blob_unref(pieces[i]);
	return ok;
}

bool page_serve_own_fast(struct web_req *wr)
{
	const struct web_app *a = wr->note->app;
	const struct platform *p = a->platform;
	struct http_req *r = wr->w.req;
	char key[PAGE_KEY_MAX];
	struct blob *b = NULL;
	struct kept_page k;
	if (!r->ctx.svc || !p->fragments || (p->auth_hooks && !p->auth_hooks->peek(&wr->w, &wr->who)))
		return false;
	struct str name = page_key(wr->note, r, page_lang_tag(a, r, wr->who), key);
	enum cache_state state = name.p ? cache_peek(p->cache, name, &b) : CACHE_MISS;
	if (state == CACHE_MISS)
		return false;
	bool sent = state == CACHE_FRESH && kept_open(b, &k) && k.head.parts &&
	        (kept_holes(&k) ? send_peeked(wr, &k) : kept_send(r, &k, true));
	blob_unref(b);
	wr->note->cached = sent;
	return sent;
}

/* In a fiber: pieces that are not at hand are made, and one that can't be had stays empty. */
static bool send_own(struct web_req *wr, const struct kept_page *k)
{
	struct str texts[HOLES_MAX];
	struct fragment_who who = web_who(&wr->w);
	for (unsigned i = 0; i < kept_holes(k); i++) {
		struct fragment_hole hole = kept_hole(k, i);
		texts[i] = web_own_piece(&wr->w, &who, &hole);
	}
	return kept_send_own(wr->w.req, k, texts, false);
}

static bool page_send(struct web_req *wr, struct blob *b)
{
	struct kept_page *k = ARENA_NEW(wr->w.ctx->arena, struct kept_page);
	if (!kept_open(b, k) || (wr->own && !k->head.parts))
		return false;
	return wr->own && kept_holes(k) ? send_own(wr, k) : kept_send(wr->w.req, k, false);
}

/* A kept page that is no use to who asks, since it was made for visitors alone. */
static bool is_for_others(const struct web_req *wr, struct blob *b)
{
	struct kept_page k;
	return wr->own && kept_open(b, &k) && !k.head.parts;
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
	if (b && is_for_others(wr, b)) {
		blob_unref(b);
		wr->page_key = STR_NULL;
		return false;
	}
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
	if (b && (state == CACHE_FRESH || serve_stale) && !is_for_others(wr, b))
		sent = page_send(wr, b);
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

bool page_keep_and_send(struct web_req *wr, const char *type, struct str body)
{
	if (!wr->page_key.p || wr->w.fragments_missing || !buf_ok(&wr->tags) || body.n > UINT32_MAX / 4)
		return false;
	struct blob *b = kept_build(wr, type, body);
	if (!b)
		return false;
	int64_t soft = (int64_t)(wr->w.route->cache_s ? wr->w.route->cache_s : 60) * 1000000000;
	const struct cache_policy policy = { soft, soft + STALE_NS, true };
	/* The data changed while the page was made: it is the answer to requests from before the change, and is not
	   kept for later ones. */
	cache_put(wr->note->app->platform->cache, wr->page_key, b, &policy, buf_str(&wr->tags), &wr->since);
	page_release(wr);
	bool sent = page_send(wr, b);
	blob_unref(b);
	return sent;
}
