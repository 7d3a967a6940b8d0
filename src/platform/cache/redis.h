/* SPDX-License-Identifier: Apache-2.0
 *
 * Redis on the loop (hiredis, asynchronous): one connection per loop, pipelined, reconnecting with back-off; one more
 * for subscriptions. Every call is bounded (default 250 ms) and behind a breaker, so that a dead Redis costs
 * microseconds. Redis over TLS (rediss://) is refused: Debian 12's hiredis has none.
 */
#ifndef GH_PLATFORM_REDIS_H
#define GH_PLATFORM_REDIS_H

#include "base/ctx.h"
#include "base/err.h"

struct redis;
struct redis *redis_new(
        const char *url /* redis://[user:pass@]host:port/db, unix:/path */, int64_t timeout_ns, struct err *e);
/* Close what this loop has of r, before the loop ends. */
void redis_detach(struct redis *r);
void redis_free(struct redis *r); /* after every loop that used it ended or detached */
/* On a loop: make sure that subscriptions run, without waiting for the first call. */
void redis_start(struct redis *r);

enum redis_kind { REDIS_NIL, REDIS_STR, REDIS_INT, REDIS_ERROR, REDIS_ARRAY };
struct redis_reply { enum redis_kind kind; int64_t i; struct str s; struct redis_reply *items; size_t count; };
/* argv as binary-safe strings; the reply lives in ctx->arena. ST_OK also for an error reply of Redis (kind
 * REDIS_ERROR). */
enum status redis_call(struct ctx *ctx, struct redis *r, unsigned argc, const struct str *argv, struct redis_reply *out,
        struct err *e) MUST_CHECK;
/* Send without waiting for the reply. From any thread: one without a loop hands it to a loop that has a connection. */
void redis_post(struct redis *r, unsigned argc, const struct str *argv);
/* How many of those came to nothing, as far as is known. */
uint64_t redis_lost(const struct redis *r);
/* fn runs on one of the loops for each message of the channel (not to be kept). Resubscribed after a reconnect: fn is
   called with p == NULL then, because messages may have been lost meanwhile. There may be any number, also of one
   channel, and each has its calls until redis_free. channel is copied. ST_NOMEM: not subscribed. */
enum status redis_subscribe(struct redis *r, const char *channel, void (*fn)(void *arg, struct str message), void *arg,
        struct err *e) MUST_CHECK;
bool redis_up(const struct redis *r);

#endif
