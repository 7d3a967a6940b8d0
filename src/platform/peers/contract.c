/* SPDX-License-Identifier: Apache-2.0
 *
 * Contract calls: a function call when the service is here, else cached, signed HTTP. What pages can do without is
 * cached either way.
 */
#include "platform/peers/contract.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lang.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/peers/internal.h"
#include "platform/text/json.h"
#include "rt/fiber.h"

enum { IN_MAX = 1 << 20, SERVICES_MAX = 64, TTL_DEFAULT = 10 };
#define STALE_NS (300 * NS_PER_S)
#define QUERY_TIMEOUT (5 * NS_PER_S)
#define ACTION_TIMEOUT (15 * NS_PER_S)

struct contracts {
	struct platform *platform;
	bool keep; /* what reads answered */
	struct breaker breakers[SERVICES_MAX]; /* by index in platform->services */
	_Atomic uint64_t local, cached, remote, failed;
};

struct contracts *contracts_new(struct platform *p, struct err *e)
{
	struct contracts *c = calloc(1, sizeof *c);
	if (!c || p->service_count > SERVICES_MAX) {
		(void)(c ? err_set(e, ST_CONFIG, "a program has at most %d services", SERVICES_MAX)
		         : err_set(e, ST_NOMEM, "no memory for contracts"));
		free(c);
		return NULL;
	}
	c->platform = p;
	c->keep = !p->config || config_bool(p->config, "cache", "contracts");
	for (unsigned i = 0; i < SERVICES_MAX; i++)
		breaker_init(&c->breakers[i], 3, 30 * NS_PER_S);
	return c;
}

void contracts_free(struct contracts *c)
{
	free(c);
}

void contracts_stats(const struct contracts *c, struct contract_stats *out)
{
	*out = (struct contract_stats){ atomic_load(&c->local), atomic_load(&c->cached), atomic_load(&c->remote),
					atomic_load(&c->failed) };
}

struct breaker *internal_breaker(struct platform *p, const struct service_instance *to)
{
	return &p->contracts->breakers[to - p->services];
}

/* --- calling --- */

static enum status call_local(struct ctx *caller, struct service_instance *to, const struct contract_def *def,
        const void *in, void *out, struct err *e)
{
	struct ctx ctx = *caller; /* same arena, request and deadline; the other service's code */
	ctx.svc = to;
	memset(out, 0, def->out->size);
	return def->serve(&ctx, in, out, e);
}

static enum status contract_post(struct ctx *ctx, struct service_instance *to, const struct contract_def *def,
                                 struct str json, struct str *answer, struct err *e)
{
	struct platform *p = to->platform;
	bool query = def->kind == CONTRACT_QUERY;
	const struct internal_call call = {
		.to = to,
		.pool = query ? p->pool_read : p->pool_action,
		.breaker = internal_breaker(p, to),
		.path = arena_printf(ctx->arena, "/internal/contracts/%s/%s", def->service, def->name),
		.body = json,
		.timeout_ns = query ? QUERY_TIMEOUT : ACTION_TIMEOUT,
	};
	enum status st = internal_post(ctx, &call, answer, e);
	atomic_fetch_add(st == ST_OK ? &p->contracts->remote : &p->contracts->failed, 1);
	return st;
}

/* { "status": "OK", "out": … } */
static enum status open_answer(
        struct arena *a, const struct contract_def *def, struct str answer, void *out, struct err *e)
{
	static const char head[] = "{\"status\":\"OK\",\"out\":";
	size_t n = sizeof head - 1;
	if (!str_starts(answer, STR("{\"status\":\"OK\",\"out\":")) || answer.n < n + 1)
		return err_set(e, ST_UPSTREAM, "%s/%s: not the answer of a contract", def->service, def->name);
	return dto_from_json(a, def->out, str_n(answer.p + n, answer.n - n - 1), out, e);
}

/* The question as JSON to the answer as JSON, here. */
static enum status contract_serve_json(struct ctx *ctx, const struct contract_def *def, struct service_instance *s,
                                       struct str json, struct buf *answer, struct err *e)
{
	void *in = arena_zalloc(ctx->arena, def->in->size), *out = arena_zalloc(ctx->arena, def->out->size);
	TRY(dto_from_json(ctx->arena, def->in, json, in, e));
	TRY(call_local(ctx, s, def, in, out, e));
	BUF_LIT(answer, "{\"status\":\"OK\",\"out\":");
	if (dto_to_json(def->out, out, answer) != ST_OK)
		return err_set(e, ST_TOO_LARGE, "the answer is too large");
	buf_putc(answer, '}');
	return buf_ok(answer) ? ST_OK : err_set(e, ST_TOO_LARGE, "the answer is too large");
}

struct read { struct service_instance *to; const struct contract_def *def; size_t len; char json[]; };

static enum status read_answer(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	const struct read *r = arg;
	struct str json = str_n(r->json, r->len), answer;
	if (r->to->local) {
		struct buf b;
		buf_arena(&b, ctx->arena, INTERNAL_BODY_MAX);
		TRY(contract_serve_json(ctx, r->def, r->to, json, &b, e));
		answer = buf_str(&b);
	} else {
		TRY(contract_post(ctx, r->to, r->def, json, &answer, e));
	}
	*out = blob_new(answer.p, answer.n);
	*tags = str_c(r->to->def->name);
	return *out ? ST_OK : err_set(e, ST_NOMEM, "no memory for an answer");
}

static void blob_unrefp(struct blob **b)
{
	if (*b)
		blob_unref(*b);
}

/* Nothing, stale at once: whoever asks next is not kept waiting while the answer is asked for in the background. */
static void remember_silence(struct cache *c, struct str key, struct str tag)
{
	const struct cache_policy policy = { 0, STALE_NS, false };
	struct blob *none = blob_new("", 0);
	if (!none)
		return;
	cache_put(c, key, none, &policy, tag, NULL);
	blob_unref(none);
}

/* cache_get, no longer than the contract has patience for. */
static enum status get_patiently(struct ctx *caller, struct str key, const struct cache_policy *policy,
        const struct read *r, size_t size, struct blob **out, enum cache_state *state, struct err *e)
{
	struct cache *cache = r->to->platform->cache;
	if (!r->def->patience_ms)
		return cache_get(caller, cache, key, policy, read_answer, r, size, out, state, e);
	struct ctx ctx = *caller;
	int64_t until = clock_mono_ns() + r->def->patience_ms * NS_PER_MS;
	ctx.deadline_ns = caller->deadline_ns && caller->deadline_ns < until ? caller->deadline_ns : until;
	int64_t before = fiber_set_deadline(ctx.deadline_ns);
	enum status st = cache_get(&ctx, cache, key, policy, read_answer, r, size, out, state, e);
	fiber_set_deadline(before);
	if (st == ST_OK || st == ST_CANCELLED)
		return st;
	if (cache_peek(cache, key, out) != CACHE_MISS) /* it came meanwhile */
		return ST_OK;
	if (policy->level2)
		remember_silence(cache, key, str_c(r->def->service));
	return st;
}

static enum status call_cached(struct ctx *ctx, struct service_instance *to, const struct contract_def *def,
        struct str json, void *out, struct err *e)
{
	struct platform *p = to->platform;
	const int64_t soft = (def->ttl_s ? def->ttl_s : TTL_DEFAULT) * NS_PER_S;
	const struct cache_policy kept = { soft, soft + STALE_NS, true }, together = { 0, 0, false };
	const struct cache_policy policy = p->contracts->keep ? kept : together;
	size_t size = sizeof(struct read) + json.n;
	struct read *r = arena_alloc(ctx->arena, size);
	*r = (struct read){ to, def, json.n };
	memcpy(r->json, json.p, json.n);
	/* What is said in words is said in the language of who asks. */
	struct str key = arena_strf(ctx->arena, "c:%s/%s@%s:%.*s", def->service, def->name, lang_info(lang_now())->tag,
	        STR_ARG(json));
	__attribute__((cleanup(blob_unrefp))) struct blob *blob = NULL;
	enum cache_state state;
	TRY(get_patiently(ctx, key, &policy, r, size, &blob, &state, e));
	if (!blob->len)
		return err_set(e, ST_UNAVAILABLE, "%s/%s has not been answered lately", def->service, def->name);
	if (state != CACHE_MISS)
		atomic_fetch_add(&p->contracts->cached, 1);
	return open_answer(ctx->arena, def, str_n(blob->data, blob->len), out, e);
}

const struct contract_def *contract_named(const struct service *s, const char *name)
{
	for (const struct contract_def *const *c = s->contracts; c && *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

enum status contract_call(struct ctx *ctx, const struct contract_def *def, const void *in, void *out, struct err *e)
{
	assert(ctx->tx_depth == 0); /* a call may wait for another process: never inside a transaction */
	struct platform *p = ctx->svc ? ctx->svc->platform : NULL;
	struct service_instance *to = p ? platform_service(p, def->service) : NULL;
	if (!to)
		return err_set(e, ST_INTERNAL, "no service \"%s\"", def->service);
	if (to->local && !(def->patience_ms && p->cache)) {
		if (p->contracts)
			atomic_fetch_add(&p->contracts->local, 1);
		return call_local(ctx, to, def, in, out, e);
	}
	struct buf json;
	struct str answer;
	buf_arena(&json, ctx->arena, IN_MAX);
	if (dto_to_json(def->in, in, &json) != ST_OK)
		return err_set(e, ST_TOO_LARGE, "%s/%s: the question is too large", def->service, def->name);
	if (def->kind == CONTRACT_QUERY && def->ttl_s != CONTRACT_FRESH && p->cache)
		return call_cached(ctx, to, def, buf_str(&json), out, e);
	TRY(contract_post(ctx, to, def, buf_str(&json), &answer, e));
	return open_answer(ctx->arena, def, answer, out, e);
}

/* --- serving --- */

static const struct contract_def *contract_find(const struct service_instance *s, struct str name)
{
	const struct contract_def *const *c = s->def->contracts;
	for (; c && *c; c++)
		if (str_eqc(name, (*c)->name))
			return *c;
	return NULL;
}

enum status contract_answer(struct ctx *ctx, struct service_instance *s, struct str name, struct str json,
        struct buf *answer, struct err *e)
{
	const struct contract_def *def = s->local ? contract_find(s, name) : NULL;
	if (!def)
		return err_set(e, ST_NOT_IMPLEMENTED, "%s/%.*s is not served here", s->def->name, STR_ARG(name));
	return contract_serve_json(ctx, def, s, json, answer, e);
}
