/* SPDX-License-Identifier: Apache-2.0
 *
 * Federation: who people are, here and to the rest of the world. This file is its table.
 */
#include "gen/federation_sql.h"
#include "platform/service.h"
#include "services/federation/contract.h"
#include "services/federation/oauth.h"
#include "services/federation/signin.h"

static const struct route routes[] = {
	/* signing in, signing up */
	{ "GET", "/sign-in", federation_get_sign_in, 0, RATE_READ, 0, 0, "Sign in" },
	{ "POST", "/sign-in", federation_post_sign_in, 0, RATE_SIGN_IN, 0, 0, "Sign in with a password" },
	/* a person's own security pages */
	/* OAuth 2.0 and OpenID Connect */
	{ "GET", "/oauth/authorize", federation_get_authorize, 0, RATE_READ, 0, 0, "An application asks who you are" },
	/* administration */
	{ 0 },
};

static const struct contract_def *const contracts[] = { &federation_contract_redeem, &federation_contract_end, NULL };

static const struct setting settings[] = {
	{ "federation", "password_min", SET_INT, "10", 8, 64, NULL, true, "Shortest password, in characters." },
	{ "federation", "account_per_minute", SET_INT, "6", 1, 1000000, NULL, true, "Attempts to sign in to one account." },
	{ "federation", "account_burst", SET_INT, "12", 1, 1000000, NULL, true, "and at once." },
	{ 0 },
};

const struct service service_federation = {
	.name = "federation",
	.title = "Identity",
	.mount = "/",
	.summary = "Who people are: signing in, applications, members",
	.routes = routes,
	.contracts = contracts,
	.settings = settings,
	.migrations = &federation_migrations,
	.identity = true,
};
