/* SPDX-License-Identifier: Apache-2.0
 *
 * Breaker and rate limiter: what keeps a failure or a crowd from spreading.
 */
#ifndef GH_PLATFORM_LIMITS_H
#define GH_PLATFORM_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"

/* Circuit breaker: `threshold` consecutive failures open it for open_ns; then one probe is let through. Thread-safe. */
struct breaker {
	_Atomic unsigned failures;
	_Atomic int64_t open_until_ns; /* 0: closed. Past it, whoever moves it on is the probe */
	unsigned threshold;
	int64_t open_ns;
};
void breaker_init(struct breaker *b, unsigned threshold /* 3 */, int64_t open_ns /* 30 s */);
bool breaker_allow(struct breaker *b);
void breaker_result(struct breaker *b, bool ok);
bool breaker_is_open(const struct breaker *b);

/* Token bucket (as GCRA: one time per key) per (class, who), in the process; shared through Redis when it is there and
   answers. At most max_keys keys are remembered: of eight candidates the one nearest to full is forgotten. */
struct redis;
struct ratelimit;
struct rate { unsigned per_minute, burst; };
struct rate_result { bool allowed; unsigned limit, remaining; int64_t reset_s, retry_after_s; };
struct ratelimit *ratelimit_new(struct redis *shared /* may be NULL */, size_t max_keys);
void ratelimit_free(struct ratelimit *r);
void ratelimit_take(struct ctx *ctx, struct ratelimit *r, struct str key, const struct rate *rate, unsigned cost,
                    struct rate_result *out);

#endif
