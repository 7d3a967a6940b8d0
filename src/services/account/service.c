/* SPDX-License-Identifier: Apache-2.0
 *
 * Account: a member's own pages. This file is its table.
 */
#include "services/account/account.h"

static const struct route routes[] = {
	{ "GET", "/", account_get_home, 0, RATE_READ, 0, 0, "A member's own page" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "auth-menu", account_fragment_auth_menu, 60, true, "" },
	{ 0 },
};

static const struct contract_def *const contracts[] = { &account_contract_menu, NULL };

const struct service service_account = {
	.name = "account",
	.title = "Account",
	.mount = "/account",
	.summary = "A member's own pages, and the sign-in menu of every page",
	.routes = routes,
	.fragments = fragments,
	.contracts = contracts,
};
