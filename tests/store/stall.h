/* SPDX-License-Identifier: Apache-2.0
 *
 * A seller of one thing, three of it, for tests of cart: in the test's own process.
 */
#ifndef GH_TESTS_STORE_STALL_H
#define GH_TESTS_STORE_STALL_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gen/shapes_contract.h"
#include "platform/core/service.h"
#include "platform/peers/contract.h"

enum { SERVICES_MAX = 32, STOCK = 3, HOLDS = 64, PRICE = 1999 };
struct hold { char checkout[64]; int64_t revision, quantity, until, sold; bool live; };
/* closes: orders can be changed until then; grams: it is weighed. 0: neither. */
static struct { int64_t on_hand, closes, grams; struct hold hold[HOLDS]; int64_t returned; char references[HOLDS][64];
	size_t reference_count; bool silent; /* its supplier has no address */ } stall;

static int64_t stall_now(void) { return clock_now_us(); }

static struct hold *hold_of(struct str checkout)
{
	for (size_t i = 0; i < HOLDS; i++)
		if (str_eqc(checkout, stall.hold[i].checkout) && stall.hold[i].checkout[0])
			return &stall.hold[i];
	for (size_t i = 0; i < HOLDS; i++)
		if (!stall.hold[i].checkout[0]) {
			snprintf(stall.hold[i].checkout, sizeof stall.hold[i].checkout, "%.*s", STR_ARG(checkout));
			return &stall.hold[i];
		}
	abort();
}

static int64_t held(const struct hold *but)
{
	int64_t sum = 0;
	for (size_t i = 0; i < HOLDS; i++)
		if (&stall.hold[i] != but && stall.hold[i].live)
			sum += stall.hold[i].quantity;
	return sum;
}

static void free_expired(const struct hold *but)
{
	for (size_t i = 0; i < HOLDS; i++)
		if (&stall.hold[i] != but && stall.hold[i].live && stall.hold[i].until < stall_now())
			stall.hold[i].live = false;
}

static enum status stall_quote(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct quote_ask *ask = in;
	struct quote_answer *a = out;
	a->lines.count = ask->lines.count;
	a->lines.items = ARENA_ARRAY(ctx->arena, struct quoted_line, ask->lines.count + 1);
	for (size_t i = 0; i < ask->lines.count; i++)
		a->lines.items[i] = (struct quoted_line){ .line = ask->lines.items[i].line,
			.there = true,
			.most = stall.on_hand,
			.name = STR("Loaf"),
			.page = STR("stall"),
			.page_name = STR("Stall"),
			.price = { PRICE, "EUR" },
			.vat = 700,
			.closes = stall.closes,
			.closes_null = !stall.closes,
			.unit = STR("g"),
			.content = stall.grams,
			.per_kg = PRICE,
			.per_kg_null = !stall.grams,
			.kind = STR("goods") };
	return ST_OK;
}

static enum status stall_hold(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct hold_ask *ask = in;
	struct hold_answer *a = out;
	struct hold *h = hold_of(ask->checkout);
	int64_t want = 0;
	for (size_t i = 0; i < ask->lines.count; i++)
		want += ask->lines.items[i].quantity;
	a->held = h->revision >= ask->revision && (h->live || h->sold);
	if (a->held)
		return ST_OK;
	free_expired(h);
	if (stall.on_hand - held(h) < want - h->sold) {
		a->refused.items = ARENA_ARRAY(ctx->arena, struct refused_line, 1);
		a->refused.items[0] = (struct refused_line){ 1, STR("few"), stall.on_hand - held(h) };
		a->refused.count = 1;
		return ST_OK;
	}
	h->revision = ask->revision, h->quantity = want - h->sold, h->until = ask->until, h->live = true;
	a->held = true;
	return ST_OK;
}

static enum status stall_commit(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct commit_ask *ask = in;
	struct commit_answer *a = out;
	struct hold *h = hold_of(ask->checkout);
	a->done = h->sold > 0 || h->live;
	if (h->live && !h->sold) {
		h->sold = h->quantity;
		stall.on_hand -= h->quantity;
		h->live = false;
	}
	return ST_OK;
}

static enum status stall_release(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct release_ask *ask = in;
	hold_of(ask->checkout)->live = false;
	return ST_OK;
}

static enum status stall_return(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct return_ask *ask = in;
	struct hold *h = hold_of(ask->checkout);
	for (size_t i = 0; i < stall.reference_count; i++)
		if (str_eqc(ask->reference, stall.references[i]))
			return ST_OK;
	snprintf(stall.references[stall.reference_count++], 64, "%.*s", STR_ARG(ask->reference));
	for (size_t i = 0; i < ask->lines.count && h->sold; i++) {
		h->sold -= ask->lines.items[i].quantity;
		stall.on_hand += ask->restock ? ask->lines.items[i].quantity : 0;
	}
	return ST_OK;
}

static enum status stall_supplier_contact(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct supplier_contact_ask *ask = in;
	*(struct supplier_contact_answer *)out = (struct supplier_contact_answer){ .there = ask->supplier == 7,
		.name = STR("Mill"),
		.email = stall.silent ? STR("") : STR("mill@example.org") };
	return ST_OK;
}

#define CONTRACT(what, kind_)                                                                                          \
	static const struct contract_def what##_def = { "stall", #what, kind_, &what##_ask_dto, &what##_answer_dto,    \
		CONTRACT_FRESH, 0, stall_##what }
CONTRACT(quote, CONTRACT_QUERY);
CONTRACT(hold, CONTRACT_ACTION);
CONTRACT(commit, CONTRACT_ACTION);
CONTRACT(release, CONTRACT_ACTION);
CONTRACT(return, CONTRACT_ACTION);
CONTRACT(supplier_contact, CONTRACT_QUERY);
static const struct contract_def *const contracts[] = { &quote_def, &hold_def, &commit_def, &release_def, &return_def,
	&supplier_contact_def, NULL };
static const struct service service_stall = {
	.name = "stall", .title = "Stall", .mount = "/stall", .summary = "", .contracts = contracts
};

#endif
