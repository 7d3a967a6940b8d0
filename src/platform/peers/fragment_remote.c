/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of other processes: POST /internal/fragments
 *
 *     { "service": "account", "person": { "id", "admin", "name", "email", "handle", "roles" } | null,
 *       "pieces": [ { "type": "auth-menu", "params": "a=1&b=2", "cookie": "" }, … ] }
 *     { "status": "OK", "pieces": [ "<nav>…", null, … ] }         in the order asked; null: this one failed
 *
 * All pages that miss the same pieces at the same time share one request: it is a flight of the cache, under the key of
 * its body, and is not kept; its pieces are, each under its own key.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "platform/peers/fragment_int.h"
#include "platform/peers/internal.h"
#include "platform/text/json.h"

enum { ASK_MAX = 256 << 10 };
#define ASK_TIMEOUT (2 * NS_PER_S)

/* --- asking --- */

static void put_head(struct buf *b, const struct service_instance *svc, const struct person *person)
{
	BUF_LIT(b, "{\"service\":");
	json_put_str(b, str_c(svc->def->name));
	BUF_LIT(b, ",\"person\":");
	if (person) {
		buf_printf(b, "{\"id\":%lld,\"admin\":%s,\"name\":", (long long)person->id,
		        person->admin ? "true" : "false");
		json_put_str(b, person->name);
		BUF_LIT(b, ",\"email\":");
		json_put_str(b, person->email);
		BUF_LIT(b, ",\"handle\":");
		json_put_str(b, person->handle);
		BUF_LIT(b, ",\"roles\":");
		json_put_str(b, person->roles);
		buf_putc(b, '}');
	} else {
		BUF_LIT(b, "null");
	}
	BUF_LIT(b, ",\"pieces\":[");
}

static void put_piece(struct buf *b, const struct fragment_piece *p, bool first)
{
	if (!first)
		buf_putc(b, ',');
	BUF_LIT(b, "{\"type\":");
	json_put_str(b, str_c(p->def->type));
	BUF_LIT(b, ",\"params\":");
	json_put_str(b, p->params);
	BUF_LIT(b, ",\"cookie\":");
	json_put_str(b, p->cookie);
	buf_putc(b, '}');
}

static enum status fragments_ask(
        struct ctx *ctx, struct service_instance *svc, struct str body, struct str *answer, struct err *e)
{
	struct platform *p = svc->platform;
	const struct internal_call call = { .to = svc, .pool = p->pool_read, .breaker = internal_breaker(p, svc),
					    .path = "/internal/fragments", .body = body, .timeout_ns = ASK_TIMEOUT };
	atomic_fetch_add(&p->fragments->remote_calls, 1);
	return internal_post(ctx, &call, answer, e);
}

/* The array of an answer, borrowed from *root. */
static enum status open_pieces(struct str answer, json_t **root, const json_t **pieces, struct err *e)
{
	*root = json_parse(answer, 4, e);
	*pieces = *root ? json_object_get(*root, "pieces") : NULL;
	return json_is_array(*pieces) ? ST_OK : err_set(e, ST_UPSTREAM, "not an answer with fragments");
}

static struct blob *blob_of(const json_t *html)
{
	return json_is_string(html) && json_string_length(html) <= FRAGMENT_MAX
		       ? blob_new(json_string_value(html), json_string_length(html))
		       : NULL;
}

enum status fragment_make_remote(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	struct person person;
	struct fragment_piece p;
	struct buf body;
	struct str answer;
	const json_t *pieces;
	SCOPED_JSON *root = NULL;
	fragment_unarg(arg, &p, &person);
	buf_arena(&body, ctx->arena, ASK_MAX);
	put_head(&body, p.svc, p.person);
	put_piece(&body, &p, true);
	BUF_LIT(&body, "]}");
	TRY(fragments_ask(ctx, p.svc, buf_str(&body), &answer, e));
	TRY(open_pieces(answer, &root, &pieces, e));
	*tags = fragment_tags(ctx->arena, &p);
	*out = blob_of(json_array_get(pieces, 0));
	return *out ? ST_OK : err_set(e, ST_UPSTREAM, "service %s could not make %s", p.svc->def->name, p.def->type);
}

void fragment_refresh(struct ctx *ctx, const struct fragment_piece *p)
{
	const struct cache_policy policy = fragment_policy(p->def);
	size_t size;
	struct piece_arg *arg = fragment_arg(ctx->arena, p, &size);
	struct blob *blob = NULL;
	/* Returns the stale one at once, having started the refresh. */
	if (cache_get(ctx, p->svc->platform->cache, p->key, &policy, fragment_make_remote, arg, size, &blob, NULL,
	            NULL) == ST_OK)
		blob_unref(blob);
}

/* --- batches --- */

struct batch_arg {
	struct service_instance *svc;
	/* set by the fiber that asks; others that wait for the same answer do not use it */
	struct cache_moment *asked;
	size_t body_n;
	char body[];
};

static enum status make_batch(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	const struct batch_arg *b = arg;
	struct str answer;
	*b->asked = cache_now(b->svc->platform->cache);
	TRY(fragments_ask(ctx, b->svc, str_n(b->body, b->body_n), &answer, e));
	*out = blob_new(answer.p, answer.n);
	return *out ? ST_OK : err_set(e, ST_NOMEM, "no memory for fragments");
}

static bool wants(const struct fragment_piece *p, const struct service_instance *svc)
{
	return p->def && p->svc == svc && !p->svc->local && !p->html;
}

/* Menus stand twice on some pages: ask once. */
static bool seen(const struct fragment_piece *pieces, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (pieces[k].def && pieces[k].svc == pieces[i].svc && str_eq(pieces[k].key, pieces[i].key))
			return true;
	return false;
}

static struct batch_arg *batch_new(struct ctx *ctx, const struct fragment_piece *pieces, unsigned n,
        struct service_instance *svc, struct cache_moment *asked, size_t *size)
{
	const struct person *person = NULL;
	struct buf b;
	bool first = true;
	buf_arena(&b, ctx->arena, ASK_MAX);
	for (unsigned i = 0; i < n && !person; i++)
		if (wants(&pieces[i], svc))
			person = pieces[i].person;
	put_head(&b, svc, person);
	for (unsigned i = 0; i < n; i++) {
		if (!wants(&pieces[i], svc) || seen(pieces, i))
			continue;
		put_piece(&b, &pieces[i], first);
		first = false;
	}
	BUF_LIT(&b, "]}");
	if (!buf_ok(&b))
		return NULL;
	*size = sizeof(struct batch_arg) + b.len;
	struct batch_arg *arg = arena_alloc(ctx->arena, *size);
	*arg = (struct batch_arg){ svc, asked, b.len };
	memcpy(arg->body, b.data, b.len);
	return arg;
}

/* asked: NULL when another fiber asked, and keeps them. */
static void share(struct ctx *ctx, struct fragment_piece *pieces, unsigned n, unsigned from, struct blob *html,
        const struct cache_moment *asked)
{
	struct fragment_piece *p = &pieces[from];
	struct platform *pl = p->svc->platform;
	if (asked && pl->fragments->keep && p->def->soft_s) {
		const struct cache_policy policy = fragment_policy(p->def);
		cache_put(pl->cache, p->key, html, &policy, fragment_tags(ctx->arena, p), asked);
	}
	for (unsigned i = from; i < n; i++)
		if (pieces[i].def && pieces[i].svc == p->svc && !pieces[i].html && str_eq(pieces[i].key, p->key))
			pieces[i].html = blob_ref(html);
}

static void hand_out(struct ctx *ctx, struct fragment_piece *pieces, unsigned n, struct service_instance *svc,
                     struct str answer, const struct cache_moment *asked)
{
	const json_t *list;
	SCOPED_JSON *root = NULL;
	size_t k = 0;
	if (open_pieces(answer, &root, &list, NULL) != ST_OK)
		return;
	/* Equal fragments share one answer: the order of the answers is decided before that. */
	bool *ours = ARENA_ARRAY(ctx->arena, bool, n);
	for (unsigned i = 0; i < n; i++)
		ours[i] = wants(&pieces[i], svc) && !seen(pieces, i);
	for (unsigned i = 0; i < n; i++) {
		if (!ours[i])
			continue;
		struct blob *html = blob_of(json_array_get(list, k++));
		if (!html)
			continue;
		share(ctx, pieces, n, i, html, asked);
		blob_unref(html);
	}
}

static void fetch_from(struct ctx *ctx, struct fragment_piece *pieces, unsigned n, struct service_instance *svc)
{
	const struct cache_policy flight_only = { 0, 0, false };
	struct cache *cache = svc->platform->cache;
	struct cache_moment asked = { 0 };
	size_t size;
	struct batch_arg *arg = batch_new(ctx, pieces, n, svc, &asked, &size);
	struct str answer;
	if (!arg)
		return;
	if (!cache) {
		if (fragments_ask(ctx, svc, str_n(arg->body, arg->body_n), &answer, NULL) == ST_OK)
			hand_out(ctx, pieces, n, svc, answer, NULL);
		return;
	}
	struct blob *blob = NULL;
	struct str key = arena_strf(ctx->arena, "fb:%.*s", (int)arg->body_n, arg->body);
	if (cache_get(ctx, cache, key, &flight_only, make_batch, arg, size, &blob, NULL, NULL) != ST_OK)
		return;
	hand_out(ctx, pieces, n, svc, str_n(blob->data, blob->len), asked.wall_us ? &asked : NULL);
	blob_unref(blob);
}

void fragment_fetch(struct ctx *ctx, struct fragment_piece *pieces, unsigned n)
{
	struct platform *p = ctx->svc->platform;
	for (unsigned s = 0; s < p->service_count; s++)
		for (unsigned i = 0; i < n; i++)
			if (wants(&pieces[i], &p->services[s])) {
				fetch_from(ctx, pieces, n, &p->services[s]);
				break;
			}
}
