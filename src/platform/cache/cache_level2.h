/* SPDX-License-Identifier: Apache-2.0
 *
 * Level 2 of the cache, in Redis. A value is framed with the times (wall clock, microseconds) at which it was made,
 * turns stale and ends, and its tags. A drop leaves the time of the drop under the tag's or key's name for as long as
 * anything older may live, so that it costs O(1) however many entries have the tag; a reader compares. Clocks of
 * processes may differ by CACHE_SKEW_US. What could not be told to Redis may have been a drop: as soon as it answers
 * again, everything older is dropped.
 */
#ifndef GH_PLATFORM_CACHE_LEVEL2_H
#define GH_PLATFORM_CACHE_LEVEL2_H

#include <stdatomic.h>

#include "base/buf.h"
#include "platform/cache/cache.h"

#define CACHE_DROP_CHANNEL "gh:cache:drop"
#define CACHE_SKEW_US (2 * INT64_C(1000000))

struct cache_level2 {
	struct redis *redis; /* NULL: there is no level 2 */
	uint64_t site;
	_Atomic uint64_t lost; /* of redis_lost: made good */
};
struct cache_level2_value {
	struct blob *value;
	int64_t made_us, soft_us, hard_us;
	struct str tags; /* in the arena */
};

/* ST_NOT_FOUND: absent, expired or dropped. The caller unrefs value. */
enum status cache_level2_get(
        struct ctx *ctx, struct cache_level2 *l, struct str key, struct cache_level2_value *out) MUST_CHECK;
void cache_level2_put(struct cache_level2 *l, struct str key, struct blob *value, int64_t made_us,
        const struct cache_policy *p, struct str tags);
/* kind: 't' a tag, 'k' a key, '*' everything (without a name). */
void cache_level2_drop(struct cache_level2 *l, char kind, struct str name);

/* For tests. */
void cache_level2_frame(
        struct buf *out, struct blob *value, int64_t made_us, const struct cache_policy *p, struct str tags);
bool cache_level2_unframe(struct str frame, struct cache_level2_value *out, struct str *body);

#endif
