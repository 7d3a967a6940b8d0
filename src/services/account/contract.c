/* SPDX-License-Identifier: Apache-2.0
 *
 * account/menu.
 */
#include "services/account/contract.h"

#include "services/account/account.h"

static const struct dto_field query_fields[] = {
	{ "person", DTO_INT, offsetof(struct account_menu_query, person), NULL },
	{ "name", DTO_STR, offsetof(struct account_menu_query, name), NULL },
	{ "admin", DTO_BOOL, offsetof(struct account_menu_query, admin), NULL },
	{ 0 },
};
static const struct dto_def query_dto = { "account_menu_query", sizeof(struct account_menu_query), query_fields };

static const struct dto_field entry_fields[] = {
	{ "label", DTO_STR, offsetof(struct account_menu_entry, label), NULL },
	{ "url", DTO_STR, offsetof(struct account_menu_entry, url), NULL },
	{ 0 },
};
static const struct dto_def entry_dto = { "account_menu_entry", sizeof(struct account_menu_entry), entry_fields };

static const struct dto_field menu_fields[] = {
	{ "label", DTO_STR, offsetof(struct account_menu, label), NULL },
	{ "url", DTO_STR, offsetof(struct account_menu, url), NULL },
	{ "entries", DTO_LIST, offsetof(struct account_menu, entries), &entry_dto },
	{ 0 },
};
static const struct dto_def menu_dto = { "account_menu", sizeof(struct account_menu), menu_fields };

static enum status serve(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct account_menu_query *q = in;
	const struct person person = { .id = q->person, .name = q->name, .admin = q->admin };
	account_menu_of(ctx, q->person ? &person : NULL, out);
	return ST_OK;
}

const struct contract_def account_contract_menu = {
	.service = "account", .name = "menu", .kind = CONTRACT_QUERY, .in = &query_dto, .out = &menu_dto, .ttl_s = 10, .serve = serve,
};
