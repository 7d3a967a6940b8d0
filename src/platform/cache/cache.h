/* SPDX-License-Identifier: Apache-2.0
 *
 * The one cache: pages, fragments, contract reads, cards, summaries. Level 1 in the process, sharded, bounded by bytes,
 * CLOCK replacement with admission by frequency (TinyLFU); level 2 in Redis when configured, behind a breaker: without
 * it everything works. Values are immutable blobs. Entries carry tags; dropping a tag drops its entries here at once
 * and, over Redis pub/sub, in the other processes.
 *
 *     fresh ── soft ──▶ stale: served while one refresh runs ── hard ──▶ gone
 */
#ifndef GH_PLATFORM_CACHE_H
#define GH_PLATFORM_CACHE_H

#include "base/ctx.h"
#include "base/err.h"
#include "net/conn/http.h"

struct cache;
struct redis;

/* max_bytes: of level 1, keys and bookkeeping included; an entry may have a quarter of a shard. shards: 0 for 16. */
struct cache *cache_new(size_t max_bytes, unsigned shards, struct redis *level2 /* may be NULL */, struct err *e);
void cache_free(struct cache *c);
/* Before use: level 2 shares values only among caches that were given the same number, for one Redis may serve several
   sites, and several builds while one replaces the other. Drops are heard by all. */
void cache_share_among(struct cache *c, uint64_t site);

enum cache_state { CACHE_MISS, CACHE_FRESH, CACHE_STALE };
/* Level 1 only, never waits: for the loop's fast path. *out is referenced when not a miss; caller unrefs. */
enum cache_state cache_peek(struct cache *c, struct str key, struct blob **out);

struct cache_policy { int64_t soft_ns, hard_ns; bool level2; };
/* For who makes values outside of cache_get. cache_fetch, after a miss of cache_peek and in a fiber: from level 2, when
   it is fresh there. cache_now: the moment before the source is read; what depends on something that was dropped since
   is not put. */
bool cache_fetch(struct ctx *ctx, struct cache *c, struct str key, struct blob **out);
struct cache_moment { uint64_t seq; int64_t wall_us; };
struct cache_moment cache_now(const struct cache *c);
/* tags: space-separated; copied. Takes a reference of value for itself. since: NULL for what was read from nowhere. */
void cache_put(struct cache *c, struct str key, struct blob *value, const struct cache_policy *p, struct str tags,
               const struct cache_moment *since);
void cache_drop(struct cache *c, struct str key);
/* Drop here and in the other processes. What is being made meanwhile from older data is not kept as fresh. In a fiber
   or on a loop. */
void cache_drop_tag(struct cache *c, struct str tag);
void cache_clear(struct cache *c); /* level 1 of this process */

/* Look up (level 1, then 2), else make. Single flight: of all fibers that miss a key, one makes it, the others wait for
   it (or get the stale value). A stale value is returned at once while a refresh runs in a fiber of its own: so
   make must not use the caller's arena or stack; arg is copied (arg_size bytes) for it. */
/* *tags may lie in ctx->arena. Failures are not cached; a failed refresh is not tried again for a second. */
typedef enum status cache_make_fn(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e);
enum status cache_get(struct ctx *ctx, struct cache *c, struct str key, const struct cache_policy *p,
        cache_make_fn *make, const void *arg, size_t arg_size, struct blob **out, enum cache_state *state,
        struct err *e) MUST_CHECK;

struct cache_stats {
	uint64_t hits, stale, misses, puts, evicted, refused, level2_hits, level2_errors;
	size_t bytes, entries, flights; /* being made */
};
/* Since cache_new, all shards together; bytes and entries are of now. */
void cache_stats(struct cache *c, struct cache_stats *out);

#endif
