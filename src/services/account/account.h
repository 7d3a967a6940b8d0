/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside account: the menu, for the fragment and the contract alike, and the handlers of service.c's tables.
 */
#ifndef GH_SERVICES_ACCOUNT_H
#define GH_SERVICES_ACCOUNT_H

#include "platform/fragment.h"
#include "platform/web.h"
#include "services/account/contract.h"

/* What the menu of that person (NULL: a visitor) says; in ctx->arena. */
void account_menu_of(struct ctx *ctx, const struct person *person, struct account_menu *out);

enum status account_fragment_auth_menu(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status account_get_home(struct web *w, struct err *e) MUST_CHECK;

#endif
