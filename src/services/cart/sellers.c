/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/sellers.h"

#include "base/clock.h"
#include "base/log.h"
#include "platform/peers/contract.h"

static const char *const asked[] = { "quote", "hold", "commit", "release", "return" };

const struct service *seller_named(struct ctx *ctx, struct str provider)
{
	const struct platform *p = ctx->svc->platform;
	for (unsigned i = 0; i < p->service_count; i++) {
		const struct service *s = p->services[i].def;
		if (!str_eqc(provider, s->name))
			continue;
		for (unsigned k = 0; k < sizeof asked / sizeof *asked; k++)
			if (!contract_named(s, asked[k]))
				return NULL;
		return s;
	}
	return NULL;
}

static size_t lines_of(struct str provider, sale_get *get, const void *arg, size_t n, struct sale_line *out)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		if (str_eq(get(arg, i, &out[count]), provider))
			count++;
	return count;
}

size_t sales_of(struct ctx *ctx, sale_get *get, const void *arg, size_t n, struct sale **out)
{
	const struct platform *p = ctx->svc->platform;
	struct sale *list = ARENA_ARRAY(ctx->arena, struct sale, SELLERS_MAX);
	size_t count = 0;
	for (unsigned i = 0; i < p->service_count && count < SELLERS_MAX; i++) {
		struct str name = str_c(p->services[i].def->name);
		if (!seller_named(ctx, name))
			continue;
		struct sale *s = &list[count];
		s->provider = name;
		s->lines = ARENA_ARRAY(ctx->arena, struct sale_line, n + 1);
		s->count = lines_of(name, get, arg, n, s->lines);
		count += s->count > 0;
	}
	*out = list;
	return count;
}

/* Asks within a time of its own, so that a seller that is away holds nobody up. */
static enum status seller_ask(
        struct ctx *ctx, struct str provider, const char *what, const void *in, void *out, struct err *e)
{
	struct ctx own = *ctx;
	const struct service *s = seller_named(ctx, provider);
	int64_t until = clock_mono_ns() + SELLER_WAIT_MS * NS_PER_MS;
	if (!s)
		return err_set(e, ST_UNAVAILABLE, "nobody sells by the name %.*s", STR_ARG(provider));
	if (!own.deadline_ns || own.deadline_ns > until)
		own.deadline_ns = until;
	return contract_call(&own, contract_named(s, what), in, out, e);
}

enum status seller_quote(
        struct ctx *ctx, const struct sale *s, const struct buyer *b, struct quote_answer *out, struct err *e)
{
	struct quote_ask q = { .person = b->person, .roles = b->roles, .lang = b->lang };
	q.lines.items = s->lines;
	q.lines.count = s->count;
	return seller_ask(ctx, s->provider, "quote", &q, out, e);
}

enum status sellers_hold(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision,
        const struct buyer *b, int64_t until_us, struct sellers_refused *refused, struct err *e)
{
	*refused = (struct sellers_refused){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct hold_answer got = { 0 };
		struct hold_ask h = { .checkout = checkout, .revision = revision, .person = b->person,
			.roles = b->roles, .until = until_us };
		h.lines.items = s[i].lines;
		h.lines.count = s[i].count;
		TRY(seller_ask(ctx, s[i].provider, "hold", &h, &got, e));
		if (got.held)
			continue;
		*refused = (struct sellers_refused){ true, s[i].provider, got.refused.items, got.refused.count };
		return ST_OK;
	}
	return ST_OK;
}

enum status sellers_commit(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision,
        struct str order, const struct buyer *b, struct sellers_sold *out, struct err *e)
{
	out->answers = ARENA_ARRAY(ctx->arena, struct commit_answer, n + 1);
	out->done = true;
	for (size_t i = 0; i < n && out->done; i++) {
		const struct commit_ask c = { .checkout = checkout, .revision = revision, .order = order,
			.person = b->person, .name = b->name, .email = b->email };
		TRY(seller_ask(ctx, s[i].provider, "commit", &c, &out->answers[i], e));
		out->done = out->answers[i].done;
	}
	return ST_OK;
}

enum status sellers_release(
        struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision, struct err *e)
{
	enum status worst = ST_OK;
	for (size_t i = 0; i < n; i++) { /* one that is away does not keep the others from it */
		struct release_answer got = { 0 };
		enum status st = seller_ask(
		        ctx, s[i].provider, "release", &(struct release_ask){ checkout, revision }, &got, e);
		worst = st == ST_OK ? worst : st;
	}
	return worst;
}

enum status sellers_return(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, struct str reference,
        bool restock, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct return_answer got = { 0 };
		struct return_ask r = { .checkout = checkout, .reference = reference, .restock = restock };
		r.lines.items = ARENA_ARRAY(ctx->arena, struct back_line, s[i].count + 1);
		for (size_t k = 0; k < s[i].count; k++)
			r.lines.items[k] = (struct back_line){ s[i].lines[k].line, s[i].lines[k].quantity };
		r.lines.count = s[i].count;
		TRY(seller_ask(ctx, s[i].provider, "return", &r, &got, e));
	}
	return ST_OK;
}

enum status seller_contact(struct ctx *ctx, struct str provider, int64_t supplier, struct supplier_contact_answer *out,
        struct err *e)
{
	const struct service *s = seller_named(ctx, provider);
	*out = (struct supplier_contact_answer){ .there = false };
	if (s && !contract_named(s, "supplier_contact"))
		return ST_OK;
	return seller_ask(ctx, provider, "supplier_contact", &(struct supplier_contact_ask){ supplier }, out, e);
}
