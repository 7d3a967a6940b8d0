/* SPDX-License-Identifier: Apache-2.0
 *
 * Federation: who people are, here and to the rest of the world. This file is its table.
 */
#include "gen/federation_sql.h"
#include "platform/service.h"
#include "services/federation/contract.h"

static const struct route routes[] = {
	/* signing in, signing up */
	/* a person's own security pages */
	/* OAuth 2.0 and OpenID Connect */
	/* administration */
	{ 0 },
};

static const struct contract_def *const contracts[] = { &federation_contract_end, NULL };

const struct service service_federation = {
	.name = "federation",
	.title = "Identity",
	.mount = "/",
	.summary = "Who people are: signing in, applications, members",
	.routes = routes,
	.contracts = contracts,
	.migrations = &federation_migrations,
	.identity = true,
};
