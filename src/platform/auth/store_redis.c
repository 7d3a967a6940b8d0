/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store in a Redis of its own. An entry is a string "<owner> <expiry in µs>\n<value>" under "gh:auth:<key>"
 * with the entry's own expiry; what an owner has is a sorted set "gh:auth-of:<owner>" of keys by expiry, which may name
 * what is gone. Each change is one script, so nobody sees half of it.
 */
#include "platform/auth/store_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "platform/cache/redis.h"

#define PREFIX "gh:auth:"
#define OWNED "gh:auth-of:"
#define NOW_MS "local now = tonumber(ARGV[1]); "

/* The owner's set has the entry with its expiry, and lasts as long. */
#define OWN "redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1]); " \
	"local left = redis.call('PTTL', KEYS[2]); if left < ttl then redis.call('PEXPIRE', KEYS[2], ttl) end "

/* ARGV: now ms, expiry ms, value, owner, "nx" or "". KEYS: entry, owner's set. */
static const char script_put[] = NOW_MS
	"local ttl = tonumber(ARGV[2]) - now; if ttl < 1 then redis.call('DEL', KEYS[1]); return 1 end; "
	"local ok = ARGV[5] == 'nx' and redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl, 'NX') or "
	"ARGV[5] ~= 'nx' and redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl); if not ok then return 0 end; "
	"if ARGV[4] ~= '' then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now); " OWN "end; return 1";

/* ARGV: now ms, first, past, "drop" or a number. KEYS: owner's set. */
static const char script_span[] = NOW_MS
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now); local out = {}; local keys = redis.call('ZREVRANGE', "
        "KEYS[1], 0, -1); "
        "for _, k in ipairs(keys) do if k >= ARGV[2] and k < ARGV[3] then "
        "if ARGV[4] == 'drop' then redis.call('DEL', k); redis.call('ZREM', KEYS[1], k) "
        "elseif #out < 2 * tonumber(ARGV[4]) then local v = redis.call('GET', k); if v then out[#out + 1] = k; "
        "out[#out + 1] = v end end "
        "end end; return out";

static enum status call(
        struct ctx *ctx, void *self, unsigned argc, const struct str *argv, struct redis_reply *out, struct err *e)
{
	TRY(redis_call(ctx, self, argc, argv, out, e));
	if (out->kind == REDIS_ERROR)
		return err_set(e, ST_UNAVAILABLE, "the auth store refused: %.*s", STR_ARG(out->s));
	return ST_OK;
}

static struct str ms_text(struct ctx *ctx, int64_t us)
{
	return arena_strf(ctx->arena, "%lld", (long long)(us / 1000));
}

static struct str key_of(struct ctx *ctx, const char *prefix, struct str key)
{
	return arena_strf(ctx->arena, "%s%.*s", prefix, STR_ARG(key));
}

static struct str packed(struct ctx *ctx, const struct auth_row *r)
{
	return arena_strf(
	        ctx->arena, "%.*s %lld\n%.*s", STR_ARG(r->owner), (long long)r->expires_us, STR_ARG(r->value));
}

static enum status put_one(
        struct ctx *ctx, void *self, const struct auth_row *r, const char *how, bool *done, struct err *e)
{
	struct redis_reply reply;
	struct str owner = r->owner.p ? r->owner : STR("");
	const struct str argv[] = { STR("EVAL"), str_c(script_put), STR("2"), key_of(ctx, PREFIX, r->key),
		key_of(ctx, OWNED, owner), ms_text(ctx, clock_now_us()), ms_text(ctx, r->expires_us), packed(ctx, r),
		owner, str_c(how) };
	TRY(call(ctx, self, sizeof argv / sizeof *argv, argv, &reply, e));
	*done = reply.kind == REDIS_INT && reply.i == 1;
	return ST_OK;
}

static enum status store_redis_put(struct ctx *ctx, void *self, const struct auth_row *rows, size_t n, struct err *e)
{
	bool done;
	for (size_t i = 0; i < n; i++)
		TRY(put_one(ctx, self, &rows[i], "", &done, e));
	return ST_OK;
}

static enum status store_redis_add(struct ctx *ctx, void *self, const struct auth_row *row, bool *added, struct err *e)
{
	return put_one(ctx, self, row, "nx", added, e);
}

/* ARGV: now ms, expiry ms, value, former value, owner. KEYS: entry, owner's set. Values begin after the first line. */
static const char script_swap[] = NOW_MS
        "local ttl = tonumber(ARGV[2]) - now; local v = redis.call('GET', KEYS[1]); if ttl < 1 or not v then return 0 "
        "end; "
        "local at = string.find(v, '\\n', 1, true); if not at or string.sub(v, at + 1) ~= ARGV[4] then return 0 end; "
        "redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl); if ARGV[5] ~= '' then " OWN "end; return 1";

static enum status store_redis_swap(
        struct ctx *ctx, void *self, const struct auth_row *r, struct str former, bool *swapped, struct err *e)
{
	struct redis_reply reply;
	struct str owner = r->owner.p ? r->owner : STR("");
	const struct str argv[] = { STR("EVAL"), str_c(script_swap), STR("2"), key_of(ctx, PREFIX, r->key),
		key_of(ctx, OWNED, owner), ms_text(ctx, clock_now_us()), ms_text(ctx, r->expires_us), packed(ctx, r),
		former, owner };
	TRY(call(ctx, self, sizeof argv / sizeof *argv, argv, &reply, e));
	*swapped = reply.kind == REDIS_INT && reply.i == 1;
	return ST_OK;
}

static enum status auth_row_unpack(struct str text, struct auth_row *row, struct err *e)
{
	struct str head, owner;
	if (!str_cut(&text, '\n', &head) || !str_cut(&head, ' ', &owner) || !str_i64(head, &row->expires_us))
		return err_set(e, ST_CORRUPT, "an entry of the auth store can not be read");
	row->owner = owner.n ? owner : STR_NULL;
	row->value = text;
	return ST_OK;
}

static enum status fetch(
        struct ctx *ctx, void *self, const char *command, struct auth_row *row, bool *found, struct err *e)
{
	struct redis_reply reply;
	const struct str argv[] = { str_c(command), key_of(ctx, PREFIX, row->key) };
	TRY(call(ctx, self, 2, argv, &reply, e));
	*found = reply.kind == REDIS_STR;
	return *found ? auth_row_unpack(reply.s, row, e) : ST_OK;
}

static enum status store_redis_get(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e)
{
	return fetch(ctx, self, "GET", row, found, e);
}

/* Two steps: an entry that is ended between them is not found, as if it had ended before both. */
static enum status store_redis_follow(
        struct ctx *ctx, void *self, struct str prefix, struct auth_row *row, bool *found, struct err *e)
{
	TRY(store_redis_get(ctx, self, row, found, e));
	if (!*found || row->expires_us <= clock_now_us()) {
		*found = false;
		return ST_OK;
	}
	row->key = arena_strf(ctx->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(row->value));
	return store_redis_get(ctx, self, row, found, e);
}

static enum status store_redis_take(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e)
{
	return fetch(ctx, self, "GETDEL", row, found, e);
}

static enum status store_redis_drop(struct ctx *ctx, void *self, struct str key, struct err *e)
{
	struct redis_reply reply;
	const struct str argv[] = { STR("DEL"), key_of(ctx, PREFIX, key) };
	return call(ctx, self, 2, argv, &reply, e);
}

static enum status span(struct ctx *ctx, void *self, const struct auth_span *s, struct str what,
        struct redis_reply *reply, struct err *e)
{
	const struct str argv[] = { STR("EVAL"), str_c(script_span), STR("1"), key_of(ctx, OWNED, s->owner),
		ms_text(ctx, clock_now_us()), key_of(ctx, PREFIX, s->first), key_of(ctx, PREFIX, s->past), what };
	return call(ctx, self, sizeof argv / sizeof *argv, argv, reply, e);
}

static enum status drop_span(struct ctx *ctx, void *self, const struct auth_span *s, struct err *e)
{
	struct redis_reply reply;
	return span(ctx, self, s, STR("drop"), &reply, e);
}

static enum status store_redis_list(struct ctx *ctx, void *self, const struct auth_span *s, size_t max,
                                    struct auth_row **rows, size_t *n, struct err *e)
{
	struct redis_reply reply;
	TRY(span(ctx, self, s, arena_strf(ctx->arena, "%zu", max), &reply, e));
	*n = 0;
	*rows = ARENA_ARRAY(ctx->arena, struct auth_row, reply.count / 2);
	for (size_t i = 0; i + 1 < reply.count; i += 2) {
		struct auth_row *r = &(*rows)[*n];
		r->key = str_skip(reply.items[i].s, strlen(PREFIX));
		TRY(auth_row_unpack(reply.items[i + 1].s, r, e));
		++*n;
	}
	return ST_OK;
}

static enum status store_redis_ping(struct ctx *ctx, void *self, struct err *e)
{
	struct redis_reply reply;
	const struct str argv[] = { STR("PING") };
	return call(ctx, self, 1, argv, &reply, e);
}

const struct auth_engine auth_engine_redis = {
	.put = store_redis_put,
	.add = store_redis_add,
	.swap = store_redis_swap,
	.get = store_redis_get,
	.follow = store_redis_follow,
	.take = store_redis_take,
	.drop = store_redis_drop,
	.drop_span = drop_span,
	.list = store_redis_list,
	.ping = store_redis_ping,
};
