/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask account.
 */
#ifndef GH_SERVICES_ACCOUNT_CONTRACT_H
#define GH_SERVICES_ACCOUNT_CONTRACT_H

#include "platform/peers/contract.h"

/* account/menu: what a sign-in menu says, for services that draw their own (feeds, clients, e-mail). */
struct account_menu_query { int64_t person; struct str name; bool admin; }; /* person 0: a visitor */
struct account_menu_entry { struct str label, url; };
struct account_menu {
	struct str label, url;
	struct { struct account_menu_entry *items; size_t count; } entries;
};

extern const struct contract_def account_contract_menu;

/* account/choice: does a person want to be written to about a topic (struct notice_def)? ST_NOT_FOUND: no service has that topic. */
struct account_choice_ask { int64_t person; struct str topic; };
struct account_choice { bool by_mail; };
extern const struct contract_def account_contract_choice;

extern const struct contract_def account_contract_person_data; /* platform/peers/person_data.h */

static inline enum status account_ask_menu(struct ctx *ctx, const struct account_menu_query *q, struct account_menu *out,
                                           struct err *e)
{
	return contract_call(ctx, &account_contract_menu, q, out, e);
}

#endif
