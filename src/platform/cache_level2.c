/* SPDX-License-Identifier: Apache-2.0
 *
 * See cache_level2.h. Frame: "GH1", then little-endian made, soft and hard (8 bytes each), length of the tags
 * (4 bytes), the tags, the value.
 */
#include "platform/cache_level2.h"

#include <endian.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "platform/redis.h"

enum { HEAD = 3 + 3 * 8 + 4, TAGS_MAX = 32, NAME_MAX = 4096, VALUE_MAX = 16 << 20, DROP_KEEP_S = 86400 };

void cache_level2_frame(struct buf *out, struct blob *value, int64_t made_us, const struct cache_policy *p, struct str tags)
{
	uint64_t t[3] = { htole64((uint64_t)made_us), htole64((uint64_t)(made_us + p->soft_ns / 1000)),
			  htole64((uint64_t)(made_us + p->hard_ns / 1000)) };
	uint32_t n = htole32((uint32_t)tags.n);
	BUF_LIT(out, "GH1");
	buf_put(out, t, sizeof t);
	buf_put(out, &n, sizeof n);
	buf_putstr(out, tags);
	buf_put(out, value->data, value->len);
}

bool cache_level2_unframe(struct str frame, struct cache_level2_value *out, struct str *body)
{
	uint64_t t[3];
	uint32_t n;
	if (frame.n < HEAD || memcmp(frame.p, "GH1", 3) != 0)
		return false;
	memcpy(t, frame.p + 3, sizeof t);
	memcpy(&n, frame.p + 3 + sizeof t, sizeof n);
	struct str rest = str_skip(frame, HEAD);
	n = le32toh(n);
	if (n > rest.n)
		return false;
	out->made_us = (int64_t)le64toh(t[0]);
	out->soft_us = (int64_t)le64toh(t[1]);
	out->hard_us = (int64_t)le64toh(t[2]);
	out->tags = str_first(rest, n);
	*body = str_skip(rest, n);
	return out->made_us >= 0 && out->made_us <= out->soft_us && out->soft_us <= out->hard_us;
}

/* Was the key, or one of the tags, dropped after the value began to be made? Unknown counts as dropped. */
static bool dropped(struct ctx *ctx, struct redis *r, struct str key, const struct cache_level2_value *v)
{
	struct str argv[2 + TAGS_MAX] = { STR("MGET"), arena_strf(ctx->arena, "gh:drop:k%.*s", STR_ARG(key)) };
	unsigned n = 2;
	struct str tags = v->tags, tag;
	while (str_next(&tags, ' ', &tag)) {
		if (!tag.n)
			continue;
		if (n == 2 + TAGS_MAX)
			return true;
		argv[n++] = arena_strf(ctx->arena, "gh:drop:t%.*s", STR_ARG(tag));
	}
	struct redis_reply reply;
	if (redis_call(ctx, r, n, argv, &reply, NULL) != ST_OK || reply.kind != REDIS_ARRAY)
		return true;
	for (size_t i = 0; i < reply.count; i++) {
		int64_t at;
		if (reply.items[i].kind == REDIS_STR && str_i64(reply.items[i].s, &at) && at + CACHE_SKEW_US >= v->made_us)
			return true;
	}
	return false;
}

enum status cache_level2_get(struct ctx *ctx, struct redis *r, struct str key, struct cache_level2_value *out)
{
	if (key.n > NAME_MAX || !redis_up(r))
		return ST_NOT_FOUND;
	struct str argv[] = { STR("GET"), arena_strf(ctx->arena, "gh:cache:%.*s", STR_ARG(key)) };
	struct redis_reply reply;
	struct str body;
	TRY(redis_call(ctx, r, 2, argv, &reply, NULL));
	if (reply.kind != REDIS_STR || !cache_level2_unframe(reply.s, out, &body) || out->hard_us <= clock_now_us() ||
	    dropped(ctx, r, key, out))
		return ST_NOT_FOUND;
	out->value = blob_new(body.p, body.n);
	return out->value ? ST_OK : ST_NOMEM;
}

void cache_level2_put(struct redis *r, struct str key, struct blob *value, int64_t made_us, const struct cache_policy *p,
		      struct str tags)
{
	char px[24], name[NAME_MAX + 16];
	SCOPED_BUF frame;
	buf_init(&frame, VALUE_MAX);
	cache_level2_frame(&frame, value, made_us, p, tags);
	int64_t ms = p->hard_ns / NS_PER_MS;
	if (!buf_ok(&frame) || key.n > NAME_MAX || ms < 1 || !redis_up(r))
		return;
	int n = snprintf(name, sizeof name, "gh:cache:%.*s", STR_ARG(key));
	int m = snprintf(px, sizeof px, "%lld", (long long)ms);
	struct str argv[] = { STR("SET"), str_n(name, (size_t)n), buf_str(&frame), STR("PX"), str_n(px, (size_t)m) };
	redis_post(r, 5, argv);
}

void cache_level2_drop(struct redis *r, char kind, struct str name)
{
	char at[24], mark[NAME_MAX + 16], ttl[24];
	if (name.n > NAME_MAX)
		return;
	int n = snprintf(mark, sizeof mark, "gh:drop:%c%.*s", kind, STR_ARG(name));
	int m = snprintf(at, sizeof at, "%lld", (long long)clock_now_us());
	int k = snprintf(ttl, sizeof ttl, "%d", DROP_KEEP_S);
	struct str set[] = { STR("SET"), str_n(mark, (size_t)n), str_n(at, (size_t)m), STR("EX"), str_n(ttl, (size_t)k) };
	redis_post(r, 5, set);
	struct str publish[] = { STR("PUBLISH"), STR(CACHE_DROP_CHANNEL), str_n(mark + 8, (size_t)n - 8) };
	redis_post(r, 3, publish);
}
