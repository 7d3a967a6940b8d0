/* SPDX-License-Identifier: Apache-2.0
 *
 * The payment provider's simulator. This file is its table.
 */
#include "services/sumup/sumup.h"

static const struct route routes[] = {
	{ "GET", "/pay/{id}", sumup_get_pay, .help = "The provider's page" },
	{ "POST", "/pay/{id}", sumup_post_pay, .help = "Pay with a test card" },
	{ "GET", "/control", sumup_get_control, .flags = ROUTE_API,
	        .help = "How it misbehaves, and what it was asked" },
	{ "POST", "/control", sumup_post_control, .flags = ROUTE_API | ROUTE_NO_CSRF, .help = "Have it misbehave" },
	{ "GET", "/api/{path:path}", sumup_any_api, .flags = ROUTE_API, .help = "Its API" },
	{ "POST", "/api/{path:path}", sumup_any_api, .flags = ROUTE_API | ROUTE_NO_CSRF, .help = "Its API" },
	{ "DELETE", "/api/{path:path}", sumup_any_api, .flags = ROUTE_API | ROUTE_NO_CSRF, .help = "Its API" },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "sumup.callback", .run = sumup_callback_job, .attempts = 5, .backoff_s = 60, .backoff_max_s = 7200 },
	{ 0 },
};

static const struct setting settings[] = {
	{ "sumup", "open", SET_BOOL, "no", .live = true,
	        .help = "The simulator's API and controls answer to anybody: for tests." },
	{ 0 },
};

const struct service service_sumup = {
	.name = "sumup",
	.title = "Payment simulator",
	.mount = "/sumup-sim",
	.summary = "A payment provider that moves no money, for sites without an account at one",
	.routes = routes,
	.contracts = sumup_contracts,
	.jobs = jobs,
	.settings = settings,
	.migrations = &sumup_migrations,
};
