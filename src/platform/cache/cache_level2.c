/* SPDX-License-Identifier: Apache-2.0
 *
 * See cache_level2.h. Frame: "GH1", then little-endian made, soft and hard (8 bytes each), length of the tags
 * (4 bytes), the tags, the value.
 */
#include "platform/cache/cache_level2.h"

#include <endian.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "platform/cache/cache_table.h"
#include "platform/cache/redis.h"

enum { HEAD = 3 + 3 * 8 + 4, NAME_HEAD = 32, VALUE_MAX = 16 << 20, DROP_KEEP_S = 86400 };

void cache_level2_frame(
        struct buf *out, struct blob *value, int64_t made_us, const struct cache_policy *p, struct str tags)
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
	struct str argv[3 + CACHE_TAGS_MAX] = { STR("MGET"), STR("gh:drop:*"),
		                                arena_strf(ctx->arena, "gh:drop:k%.*s", STR_ARG(key)) };
	unsigned n = 3;
	struct str tags = v->tags, tag;
	while (str_next(&tags, ' ', &tag)) {
		if (!tag.n)
			continue;
		if (n == 3 + CACHE_TAGS_MAX)
			return true;
		argv[n++] = arena_strf(ctx->arena, "gh:drop:t%.*s", STR_ARG(tag));
	}
	struct redis_reply reply;
	if (redis_call(ctx, r, n, argv, &reply, NULL) != ST_OK || reply.kind != REDIS_ARRAY)
		return true;
	for (size_t i = 0; i < reply.count; i++) {
		int64_t at;
		if (reply.items[i].kind == REDIS_STR && str_i64(reply.items[i].s, &at) &&
		        at + CACHE_SKEW_US >= v->made_us)
			return true;
	}
	return false;
}

static struct str name_of(const struct cache_level2 *l, struct str key, char out[CACHE_KEY_MAX + NAME_HEAD])
{
	return str_n(out, (size_t)snprintf(out, CACHE_KEY_MAX + NAME_HEAD, "gh:cache:%016llx:%.*s",
	                                   (unsigned long long)l->site, STR_ARG(key)));
}

/* On the connection of what follows: Redis has it first. */
static void make_good(struct cache_level2 *l)
{
	uint64_t told = atomic_load(&l->lost), lost = redis_lost(l->redis);
	if (lost != told && atomic_compare_exchange_strong(&l->lost, &told, lost))
		cache_level2_drop(l, '*', STR(""));
}

enum status cache_level2_get(struct ctx *ctx, struct cache_level2 *l, struct str key, struct cache_level2_value *out)
{
	if (key.n > CACHE_KEY_MAX || !redis_up(l->redis))
		return ST_NOT_FOUND;
	make_good(l);
	struct str argv[] = { STR("GET"), name_of(l, key, arena_alloc(ctx->arena, CACHE_KEY_MAX + NAME_HEAD)) };
	struct redis_reply reply;
	struct str body;
	TRY(redis_call(ctx, l->redis, 2, argv, &reply, NULL));
	if (reply.kind != REDIS_STR || !cache_level2_unframe(reply.s, out, &body) || out->hard_us <= clock_now_us() ||
	    dropped(ctx, l->redis, key, out))
		return ST_NOT_FOUND;
	out->value = blob_new_large(body.n);
	if (out->value && body.n)
		memcpy(out->value->data, body.p, body.n);
	return out->value ? ST_OK : ST_NOMEM;
}

static unsigned tags_of(struct str tags)
{
	struct str tag;
	unsigned n = 0;
	while (str_next(&tags, ' ', &tag))
		n += tag.n > 0;
	return n;
}

void cache_level2_put(struct cache_level2 *l, struct str key, struct blob *value, int64_t made_us,
        const struct cache_policy *p, struct str tags)
{
	char px[24], name[CACHE_KEY_MAX + NAME_HEAD];
	SCOPED_BUF frame;
	buf_init(&frame, VALUE_MAX);
	cache_level2_frame(&frame, value, made_us, p, tags);
	int64_t ms = p->hard_ns / NS_PER_MS;
	if (!buf_ok(&frame) || tags_of(tags) > CACHE_TAGS_MAX || key.n > CACHE_KEY_MAX || ms < 1 || !redis_up(l->redis))
		return;
	make_good(l);
	int m = snprintf(px, sizeof px, "%lld", (long long)ms);
	struct str argv[] = { STR("SET"), name_of(l, key, name), buf_str(&frame), STR("PX"), str_n(px, (size_t)m) };
	redis_post(l->redis, 5, argv);
}

void cache_level2_drop(struct cache_level2 *l, char kind, struct str name)
{
	char at[24], mark[CACHE_KEY_MAX + NAME_HEAD], ttl[24];
	if (name.n > CACHE_KEY_MAX) { /* no name for a mark: what has it goes with all the rest */
		kind = '*';
		name = STR("");
	}
	int n = snprintf(mark, sizeof mark, "gh:drop:%c%.*s", kind, STR_ARG(name));
	int m = snprintf(at, sizeof at, "%lld", (long long)clock_now_us());
	int k = snprintf(ttl, sizeof ttl, "%d", DROP_KEEP_S);
	struct str set[] = { STR("SET"), str_n(mark, (size_t)n), str_n(at, (size_t)m), STR("EX"),
		str_n(ttl, (size_t)k) };
	redis_post(l->redis, 5, set);
	struct str publish[] = { STR("PUBLISH"), STR(CACHE_DROP_CHANNEL), str_n(mark + 8, (size_t)n - 8) };
	redis_post(l->redis, 3, publish);
}
