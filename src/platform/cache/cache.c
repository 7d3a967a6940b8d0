/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache: shards with a short mutex each, flights (one maker per missing key), level 2, invalidation.
 *
 * A flight belongs to its shard while it is listed there and to everybody who waits for it: counted. Its maker may be
 * unwound or cancelled at any wait; the scoped flight then lands as failed and the next waiter becomes the maker.
 *
 * Staleness. `drops` holds, per hashed tag or key, the number of the last drop. A maker notes the number at its
 * start; what it brings home under a tag dropped since is kept as stale already, never as fresh.
 */
#include "platform/cache/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/cache/cache_level2.h"
#include "platform/cache/cache_table.h"
#include "platform/cache/redis.h"
#include "rt/fiber.h"
#include "rt/sync.h"

enum { DROPS = 4096, SHARDS_DEFAULT = 16, MAKE_ARENA = 16 << 20, WAITS_MAX = 8 };
#define REFRESH_NS (30 * NS_PER_S)
#define REFRESH_RETRY_NS (1 * NS_PER_S)

struct flight {
	struct flight *next;
	uint64_t hash;
	unsigned refs;
	bool landed;
	enum status status;
	struct err err;
	struct blob *value;
	struct waitq waiters;
	size_t key_len;
	char key[];
};

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	struct cache_table table;
	struct flight *flights;
	uint64_t hits, stale, misses, puts;
};

struct cache {
	unsigned shard_count;
	struct shard *shards;
	struct cache_level2 level2;
	_Atomic uint64_t drop_seq;
	_Atomic uint64_t drops[DROPS];
	_Atomic int64_t stale_before_ns; /* invalidations may have been missed: what is older is stale */
	_Atomic uint64_t level2_hits, level2_errors;
};

static struct shard *shard_of(struct cache *c, uint64_t hash)
{
	return &c->shards[(hash >> 40) % c->shard_count];
}

/* --- invalidation --- */

static void note_drop(struct cache *c, uint64_t hash)
{
	uint64_t seq = atomic_fetch_add(&c->drop_seq, 1) + 1;
	atomic_store(&c->drops[hash % DROPS], seq);
}

static bool dropped_since(struct cache *c, uint64_t seq, uint64_t hash, struct str tags)
{
	if (atomic_load(&c->drop_seq) == seq)
		return false;
	if (atomic_load(&c->drops[hash % DROPS]) > seq)
		return true;
	struct str tag;
	while (str_next(&tags, ' ', &tag))
		if (tag.n && atomic_load(&c->drops[cache_tag_hash(tag) % DROPS]) > seq)
			return true;
	return false;
}

struct cache_moment cache_now(const struct cache *c)
{
	return (struct cache_moment){ atomic_load(&c->drop_seq), clock_now_us() };
}

static void drop_tag_here(struct cache *c, struct str tag)
{
	uint64_t hash = cache_tag_hash(tag);
	note_drop(c, hash);
	for (unsigned i = 0; i < c->shard_count; i++) {
		pthread_mutex_lock(&c->shards[i].lock);
		cache_table_drop_tag(&c->shards[i].table, hash);
		pthread_mutex_unlock(&c->shards[i].lock);
	}
}

static void drop_key_here(struct cache *c, struct str key)
{
	uint64_t hash = str_hash(key);
	struct shard *s = shard_of(c, hash);
	note_drop(c, hash);
	pthread_mutex_lock(&s->lock);
	struct cache_entry *e = cache_table_find(&s->table, hash, key, clock_mono_ns());
	if (e)
		cache_table_remove(&s->table, e);
	pthread_mutex_unlock(&s->lock);
}

/* From another process, or our own drop coming back: dropping twice does no harm. */
static void on_drop(void *arg, struct str message)
{
	struct cache *c = arg;
	if (!message.p || str_eq(message, STR("*")))
		atomic_store(&c->stale_before_ns, clock_mono_ns());
	else if (message.n > 1 && message.p[0] == 't')
		drop_tag_here(c, str_skip(message, 1));
	else if (message.n > 1 && message.p[0] == 'k')
		drop_key_here(c, str_skip(message, 1));
}

void cache_drop_tag(struct cache *c, struct str tag)
{
	drop_tag_here(c, tag);
	if (c->level2.redis)
		cache_level2_drop(&c->level2, 't', tag);
}

void cache_drop(struct cache *c, struct str key)
{
	drop_key_here(c, key);
	if (c->level2.redis)
		cache_level2_drop(&c->level2, 'k', key);
}

void cache_clear(struct cache *c)
{
	for (unsigned i = 0; i < c->shard_count; i++) {
		pthread_mutex_lock(&c->shards[i].lock);
		cache_table_clear(&c->shards[i].table);
		pthread_mutex_unlock(&c->shards[i].lock);
	}
}

/* --- life --- */

struct cache *cache_new(size_t max_bytes, unsigned shards, struct redis *level2, struct err *e)
{
	struct cache *c = calloc(1, sizeof *c);
	unsigned n = shards ? shards : SHARDS_DEFAULT;
	if (!c || posix_memalign((void **)&c->shards, 64, n * sizeof *c->shards) != 0) {
		free(c);
		(void)err_set(e, ST_NOMEM, "no memory for a cache");
		return NULL;
	}
	memset(c->shards, 0, n * sizeof *c->shards);
	c->level2.redis = level2;
	for (; c->shard_count < n; c->shard_count++) {
		struct shard *s = &c->shards[c->shard_count];
		pthread_mutex_init(&s->lock, NULL);
		if (!cache_table_init(&s->table, max_bytes / n)) {
			cache_free(c);
			(void)err_set(e, ST_NOMEM, "no memory for a cache");
			return NULL;
		}
	}
	if (level2 && redis_subscribe(level2, CACHE_DROP_CHANNEL, on_drop, c, e) != ST_OK) {
		cache_free(c);
		return NULL;
	}
	return c;
}

void cache_share_among(struct cache *c, uint64_t site)
{
	c->level2.site = site;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->shard_count; i++) {
		cache_table_fini(&c->shards[i].table);
		pthread_mutex_destroy(&c->shards[i].lock);
	}
	free(c->shards);
	free(c);
}

void cache_stats(struct cache *c, struct cache_stats *out)
{
	*out = (struct cache_stats){ .level2_hits = atomic_load(&c->level2_hits),
				     .level2_errors = atomic_load(&c->level2_errors) };
	for (unsigned i = 0; i < c->shard_count; i++) {
		struct shard *s = &c->shards[i];
		pthread_mutex_lock(&s->lock);
		out->hits += s->hits;
		out->stale += s->stale;
		out->misses += s->misses;
		out->puts += s->puts;
		out->evicted += s->table.evicted;
		out->refused += s->table.refused;
		out->bytes += s->table.bytes;
		out->entries += s->table.entries;
		for (const struct flight *f = s->flights; f; f = f->next)
			out->flights++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* --- level 1 --- */

/* Under the shard's lock. */
static enum cache_state shard_look_up(struct cache *c, struct shard *s, uint64_t hash, struct str key, int64_t now,
			     struct blob **out, bool *refresh)
{
	struct cache_entry *e = cache_table_find(&s->table, hash, key, now);
	if (!e) {
		s->misses++;
		return CACHE_MISS;
	}
	*out = blob_ref(e->value);
	bool stale = now >= e->soft_ns || e->made_ns < atomic_load(&c->stale_before_ns);
	if (refresh) {
		*refresh = stale && now >= e->refresh_ns;
		if (*refresh)
			e->refresh_ns = now + REFRESH_NS + REFRESH_RETRY_NS;
	}
	s->hits += !stale;
	s->stale += stale;
	return stale ? CACHE_STALE : CACHE_FRESH;
}

enum cache_state cache_peek(struct cache *c, struct str key, struct blob **out)
{
	uint64_t hash = str_hash(key);
	struct shard *s = shard_of(c, hash);
	pthread_mutex_lock(&s->lock);
	enum cache_state st = shard_look_up(c, s, hash, key, clock_mono_ns(), out, NULL);
	pthread_mutex_unlock(&s->lock);
	return st;
}

struct span { int64_t now, soft, hard; };

/* False: made from what was dropped since; old says whether it is kept then, as stale. A drop is noted before it goes
   through the shards: it is seen here, or finds what was put here. */
static bool put_local(struct cache *c, uint64_t hash, struct str key, struct blob *value, struct span t,
        struct str tags, uint64_t seq, bool old)
{
	struct shard *s = shard_of(c, hash);
	pthread_mutex_lock(&s->lock);
	bool current = !dropped_since(c, seq, hash, tags);
	if (current || old)
		s->puts += cache_table_put(&s->table, hash, key, value, t.now, current ? t.soft : t.now, t.hard, tags);
	pthread_mutex_unlock(&s->lock);
	return current;
}

void cache_put(struct cache *c, struct str key, struct blob *value, const struct cache_policy *p, struct str tags,
	       const struct cache_moment *since)
{
	const struct cache_moment m = since ? *since : cache_now(c);
	int64_t now = clock_mono_ns();
	bool current = put_local(c, str_hash(key), key, value, (struct span){ now, now + p->soft_ns, now + p->hard_ns },
	        tags, m.seq, false);
	if (current && c->level2.redis && p->level2)
		cache_level2_put(&c->level2, key, value, m.wall_us, p, tags);
}

/* --- flights --- */

struct landing { struct shard *shard; struct flight *f; }; /* the maker's hold on its flight */

static void flight_unref(struct flight *f) /* shard locked */
{
	if (--f->refs > 0)
		return;
	if (f->value)
		blob_unref(f->value);
	free(f);
}

static void land(struct landing *l)
{
	struct flight *f = l->f;
	if (!f)
		return;
	pthread_mutex_lock(&l->shard->lock);
	struct flight **at = &l->shard->flights;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->landed = true;
	waitq_wake_all(&f->waiters);
	flight_unref(f);
	pthread_mutex_unlock(&l->shard->lock);
	l->f = NULL;
}

static struct flight *flight_find(struct shard *s, uint64_t hash, struct str key)
{
	struct flight *f = s->flights;
	while (f && !(f->hash == hash && f->key_len == key.n && !memcmp(f->key, key.p, key.n)))
		f = f->next;
	return f;
}

static struct flight *flight_start(struct shard *s, uint64_t hash, struct str key)
{
	struct flight *f = calloc(1, sizeof *f + key.n + 1);
	if (!f)
		return NULL;
	f->hash = hash;
	f->refs = 1;
	f->status = ST_CANCELLED; /* until told otherwise */
	f->key_len = key.n;
	memcpy(f->key, key.p, key.n);
	waitq_init(&f->waiters);
	f->next = s->flights;
	s->flights = f;
	return f;
}

static int64_t ctx_deadline(const struct ctx *ctx)
{
	return ctx->deadline_ns ? ctx->deadline_ns : FIBER_FOREVER;
}

/* Under the lock; waits until the fiber that makes the value has ended, and takes its result. */
static enum status flight_wait(struct ctx *ctx, struct shard *s, struct flight *f, struct blob **out, struct err *e)
{
	enum status st = ST_OK;
	f->refs++;
	while (!f->landed && st == ST_OK)
		st = waitq_wait(&f->waiters, &s->lock, ctx_deadline(ctx));
	if (f->landed) {
		st = f->status;
		if (f->value)
			*out = blob_ref(f->value);
		else if (e)
			*e = f->err;
	}
	flight_unref(f);
	return st;
}

/* --- make --- */

struct cache_making {
	struct cache *cache;
	struct str key;
	uint64_t hash;
	const struct cache_policy *policy;
	cache_make_fn *make;
	const void *arg;
};

/* From level 2 when it is there. A stale one does not count: who asks is about to make it anew. */
bool cache_fetch(struct ctx *ctx, struct cache *c, struct str key, struct blob **out)
{
	struct cache_level2_value v;
	uint64_t seq = atomic_load(&c->drop_seq);
	if (!c->level2.redis)
		return false;
	enum status st = cache_level2_get(ctx, &c->level2, key, &v);
	if (st != ST_OK) {
		if (st != ST_NOT_FOUND)
			atomic_fetch_add(&c->level2_errors, 1);
		return false;
	}
	int64_t now = clock_mono_ns(), wall = clock_now_us();
	int64_t soft = now + (v.soft_us - wall) * 1000, hard = now + (v.hard_us - wall) * 1000;
	if (soft <= now ||
	        !put_local(c, str_hash(key), key, v.value, (struct span){ now, soft, hard }, v.tags, seq, false)) {
		blob_unref(v.value);
		return false;
	}
	atomic_fetch_add(&c->level2_hits, 1);
	*out = v.value;
	return true;
}

static enum status make_value(struct ctx *caller, const struct cache_making *m, struct blob **out, struct err *e)
{
	struct cache *c = m->cache;
	SCOPED_ARENA *arena = arena_new(MAKE_ARENA);
	if (!arena)
		return err_set(e, ST_NOMEM, "no memory to fill the cache");
	struct ctx ctx = *caller;
	ctx.arena = arena;
	if (m->policy->level2 && cache_fetch(&ctx, c, m->key, out))
		return ST_OK;
	struct cache_moment since = cache_now(c);
	struct str tags = STR_NULL;
	TRY(m->make(&ctx, m->arg, out, &tags, e));
	int64_t now = clock_mono_ns();
	const struct span t = { now, now + m->policy->soft_ns, now + m->policy->hard_ns };
	bool current = put_local(c, m->hash, m->key, *out, t, tags, since.seq, true);
	if (current && c->level2.redis && m->policy->level2)
		cache_level2_put(&c->level2, m->key, *out, since.wall_us, m->policy, tags);
	return ST_OK;
}

static enum status fly(struct ctx *ctx, const struct cache_making *m, struct flight *f, struct blob **out,
                       struct err *e)
{
	__attribute__((cleanup(land))) struct landing l = { shard_of(m->cache, m->hash), f };
	struct err err = { 0 };
	struct blob *value = NULL;
	enum status st = make_value(ctx, m, &value, &err);
	pthread_mutex_lock(&l.shard->lock);
	f->status = st;
	f->err = err;
	if (st == ST_OK)
		f->value = blob_ref(value);
	pthread_mutex_unlock(&l.shard->lock);
	if (st == ST_OK)
		*out = value;
	else if (e)
		*e = err;
	return st;
}

/* --- refresh in the background --- */

struct refresh {
	struct cache_making m;
	struct cache_policy policy;
	struct flight *flight;
	struct service_instance *svc;
	struct trace trace;
	_Alignas(max_align_t) char bytes[]; /* arg, then key */
};

struct refresh_turn { struct refresh *r; struct arena *arena; bool made; };

static void refresh_turn(void *arg)
{
	struct refresh_turn *t = arg;
	struct ctx ctx;
	struct blob *out = NULL;
	ctx_init(&ctx, t->arena);
	ctx.svc = t->r->svc;
	ctx.trace = t->r->trace;
	ctx.deadline_ns = clock_mono_ns() + REFRESH_NS;
	fiber_set_deadline(ctx.deadline_ns);
	if (fly(&ctx, &t->r->m, t->r->flight, &out, NULL) != ST_OK)
		return;
	blob_unref(out);
	t->made = true;
}

/* After a failure the stale value is served for a while, so that not every request tries to make it again. */
static void refresh_failed(const struct refresh *r)
{
	struct shard *s = shard_of(r->m.cache, r->m.hash);
	int64_t now = clock_mono_ns();
	pthread_mutex_lock(&s->lock);
	struct cache_entry *e = cache_table_find(&s->table, r->m.hash, r->m.key, now);
	if (e)
		e->refresh_ns = now + REFRESH_RETRY_NS;
	pthread_mutex_unlock(&s->lock);
}

static void refresh_run(void *arg)
{
	struct refresh *r = arg;
	struct refresh_turn t = { .r = r, .arena = arena_new(64 << 10) };
	if (!t.arena) {
		struct landing unstarted = { shard_of(r->m.cache, r->m.hash), r->flight };
		land(&unstarted);
	} else if (!fiber_turn("cache.refresh", refresh_turn, &t) || !t.made) {
		refresh_failed(r);
	}
	arena_free(t.arena);
	free(r);
}

/* Under the lock, with a stale value in hand: nobody waits for this. */
static struct refresh *refresh_prepare(struct ctx *ctx, const struct cache_making *m, struct shard *s, size_t arg_size)
{
	if (flight_find(s, m->hash, m->key))
		return NULL;
	struct refresh *r = calloc(1, sizeof *r + arg_size + m->key.n + 1);
	struct flight *f = r ? flight_start(s, m->hash, m->key) : NULL;
	if (!f) {
		free(r);
		return NULL;
	}
	r->m = *m;
	r->policy = *m->policy;
	r->m.policy = &r->policy;
	if (arg_size)
		memcpy(r->bytes, m->arg, arg_size);
	memcpy(r->bytes + arg_size, m->key.p, m->key.n);
	r->m.arg = r->bytes;
	r->m.key = str_n(r->bytes + arg_size, m->key.n);
	r->flight = f;
	r->svc = ctx->svc;
	r->trace = ctx->trace;
	return r;
}

static void refresh_start(struct refresh *r, struct shard *s)
{
	if (!r || fiber_spawn(loop_current(), refresh_run, r, FIBER_LARGE))
		return;
	struct landing l = { s, r->flight };
	land(&l);
	free(r);
}

/* --- get --- */

/* One attempt; ST_CANCELLED with the own fiber not cancelled means: the maker gave up, try again. */
static enum status get_once(struct ctx *ctx, const struct cache_making *m, size_t arg_size, struct blob **out,
			    enum cache_state *state, bool *waited, struct err *e)
{
	struct shard *s = shard_of(m->cache, m->hash);
	bool refresh = false;
	*waited = false;
	pthread_mutex_lock(&s->lock);
	*state = shard_look_up(m->cache, s, m->hash, m->key, clock_mono_ns(), out, &refresh);
	if (*state != CACHE_MISS) {
		struct refresh *r = refresh ? refresh_prepare(ctx, m, s, arg_size) : NULL;
		pthread_mutex_unlock(&s->lock);
		refresh_start(r, s);
		return ST_OK;
	}
	struct flight *f = flight_find(s, m->hash, m->key);
	if (f) {
		*waited = true;
		enum status st = flight_wait(ctx, s, f, out, e);
		pthread_mutex_unlock(&s->lock);
		return st;
	}
	f = flight_start(s, m->hash, m->key);
	pthread_mutex_unlock(&s->lock);
	if (!f)
		return err_set(e, ST_NOMEM, "no memory to fill the cache");
	return fly(ctx, m, f, out, e);
}

enum status cache_get(struct ctx *ctx, struct cache *c, struct str key, const struct cache_policy *p,
        cache_make_fn *make, const void *arg, size_t arg_size, struct blob **out, enum cache_state *state,
        struct err *e)
{
	struct cache_making m = { c, key, str_hash(key), p, make, arg };
	enum cache_state ignored;
	if (!state)
		state = &ignored;
	for (int i = 0; i < WAITS_MAX; i++) {
		bool waited;
		enum status st = get_once(ctx, &m, arg_size, out, state, &waited, e);
		/* The maker's own limits (its client left, its memory ran out) are no reason for us to fail. */
		bool again = waited && (st == ST_CANCELLED || st == ST_NOMEM || st == ST_TIMEOUT) &&
		        !fiber_cancelled() && (!ctx->deadline_ns || clock_mono_ns() < ctx->deadline_ns);
		if (!again)
			return st;
	}
	return err_set(e, ST_UNAVAILABLE, "too many attempts to make this failed");
}
