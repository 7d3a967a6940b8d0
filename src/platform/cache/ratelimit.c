/* SPDX-License-Identifier: Apache-2.0
 *
 * Rate limiter. The bucket of a key is one number, the theoretical arrival time of the generic cell rate algorithm
 * (ITU-T I.371): how far it lies ahead of now says how much was taken. In the process: a fixed table of eight-way
 * sets, a lock for each group of sets, no allocation after ratelimit_new. Shared: one Lua script in Redis, with
 * Redis' own clock, so that replicas need not agree on the time.
 */
#include "platform/cache/limits.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/cache/redis.h"

enum { WAYS = 8, LOCKS = 64, BURST_MAX = 10000000 };

struct slot {
	uint64_t key;
	int64_t tat; /* nanoseconds, monotonic; 0: free */
};

struct ratelimit {
	struct redis *shared;
	size_t sets; /* a power of two */
	struct slot *slots;
	pthread_mutex_t locks[LOCKS];
	char script_sha[41];
};

/* KEYS[1] the bucket; ARGV: microseconds per token, burst, cost. Answers { new time ahead, allowed }. */
static const char
        script[] = "local t = redis.call('TIME')\n"
                   "local now = t[1] * 1000000 + t[2]\n"
                   "local per, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
                   "local tat = tonumber(redis.call('GET', KEYS[1]) or 0)\n"
                   "if tat < now then tat = now end\n"
                   "local ahead = tat + per * cost - now\n"
                   "if ahead > per * burst then return { ahead, 0 } end\n"
                   "redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000) + 1)\n"
                   "return { ahead, 1 }\n";

struct ratelimit *ratelimit_new(struct redis *shared, size_t max_keys)
{
	struct ratelimit *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->shared = shared;
	r->sets = 1;
	while (r->sets * WAYS < max_keys && r->sets < ((size_t)1 << 24))
		r->sets *= 2;
	r->slots = calloc(r->sets, WAYS * sizeof *r->slots);
	if (!r->slots) {
		free(r);
		return NULL;
	}
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&r->locks[i], NULL);

	unsigned char sha[SHA_DIGEST_LENGTH];
	SHA1((const unsigned char *)script, sizeof script - 1, sha);
	str_hex(r->script_sha, sha, sizeof sha);
	return r;
}

void ratelimit_free(struct ratelimit *r)
{
	if (!r)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&r->locks[i]);
	free(r->slots);
	free(r);
}

/* ahead_ns: the distance of the new arrival time from now, whether it was granted or not. */
static void result_fill(
        struct rate_result *out, const struct rate *rate, int64_t per_ns, int64_t ahead_ns, bool allowed, unsigned cost)
{
	int64_t room_ns = per_ns * rate->burst;
	int64_t used_ns = allowed ? ahead_ns : ahead_ns - per_ns * cost;
	out->allowed = allowed;
	out->limit = rate->burst;
	out->remaining = used_ns >= room_ns ? 0 : (unsigned)((room_ns - used_ns) / per_ns);
	out->reset_s = (used_ns + NS_PER_S - 1) / NS_PER_S;
	out->retry_after_s = allowed ? 0 : (ahead_ns - room_ns + NS_PER_S - 1) / NS_PER_S;
	if (!allowed && out->retry_after_s < 1)
		out->retry_after_s = 1;
}

static struct slot *slot_find(struct slot *set, uint64_t key)
{
	struct slot *oldest = set;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].tat < oldest->tat)
			oldest = &set[i];
	}
	*oldest = (struct slot){ .key = key };
	return oldest;
}

static void take_local(struct ratelimit *r, struct str key, const struct rate *rate, unsigned cost, int64_t per_ns,
		       struct rate_result *out)
{
	/* Keyed SipHash: nobody outside can aim at another's slot. */
	uint64_t h = str_hash(key);
	size_t set = h & (r->sets - 1);
	pthread_mutex_t *lock = &r->locks[set % LOCKS];
	pthread_mutex_lock(lock);
	struct slot *s = slot_find(&r->slots[set * WAYS], h);
	int64_t now = clock_mono_ns();
	int64_t tat = s->tat > now ? s->tat : now;
	int64_t ahead = tat + per_ns * cost - now;
	bool allowed = ahead <= per_ns * rate->burst;
	if (allowed)
		s->tat = now + ahead;
	pthread_mutex_unlock(lock);
	result_fill(out, rate, per_ns, ahead, allowed, cost);
}

static bool take_shared(struct ctx *ctx, struct ratelimit *r, struct str key, const struct rate *rate, unsigned cost,
			int64_t per_ns, struct rate_result *out)
{
	if (!r->shared || !redis_up(r->shared))
		return false;
	struct str argv[] = {
		STR("EVALSHA"),
		str_c(r->script_sha),
		STR("1"),
		arena_strf(ctx->arena, "gh:rate:%.*s", STR_ARG(key)),
		arena_strf(ctx->arena, "%lld", (long long)(per_ns / 1000 ? per_ns / 1000 : 1)),
		arena_strf(ctx->arena, "%u", rate->burst),
		arena_strf(ctx->arena, "%u", cost),
	};
	struct redis_reply reply;
	if (redis_call(ctx, r->shared, 7, argv, &reply, NULL) != ST_OK)
		return false;
	if (reply.kind == REDIS_ERROR && str_starts(reply.s, STR("NOSCRIPT"))) {
		argv[0] = STR("EVAL");
		argv[1] = str_n(script, sizeof script - 1);
		if (redis_call(ctx, r->shared, 7, argv, &reply, NULL) != ST_OK)
			return false;
	}
	if (reply.kind != REDIS_ARRAY || reply.count != 2 || reply.items[0].kind != REDIS_INT ||
	    reply.items[1].kind != REDIS_INT)
		return false;
	int64_t ahead_ns;
	if (__builtin_mul_overflow(reply.items[0].i, (int64_t)1000, &ahead_ns))
		return false;
	result_fill(out, rate, per_ns, ahead_ns, reply.items[1].i != 0, cost);
	return true;
}

void ratelimit_take(struct ctx *ctx, struct ratelimit *r, struct str key, const struct rate *rate, unsigned cost,
		    struct rate_result *out)
{
	if (rate->per_minute == 0) { /* no limit is declared */
		*out = (struct rate_result){ .allowed = true };
		return;
	}
	/* Within these, the products of nanoseconds per token stay below 2^63. */
	struct rate bounded = { rate->per_minute, rate->burst < BURST_MAX ? rate->burst : BURST_MAX };
	if (cost > bounded.burst)
		cost = bounded.burst + 1;
	int64_t per_ns = 60 * NS_PER_S / rate->per_minute;
	if (!take_shared(ctx, r, key, &bounded, cost, per_ns, out))
		take_local(r, key, &bounded, cost, per_ns, out);
}
