/* SPDX-License-Identifier: Apache-2.0
 *
 * Account: a member's own pages. This file is its table.
 */
#include "gen/account_sql.h"
#include "services/account/account.h"

static const struct route routes[] = {
	{ "GET", "/", account_get_home, ROUTE_AUTH, RATE_READ, 0, 0, "A member's own page" },
	{ "GET", "/profile", account_get_profile, ROUTE_AUTH, RATE_READ, 0, 0, "Name, handle, picture, time zone" },
	{ "POST", "/profile", account_post_profile, ROUTE_AUTH, RATE_WRITE, 6u << 20, 0, "Save them" },
	{ "GET", "/addresses", account_get_addresses, ROUTE_AUTH, RATE_READ, 0, 0, "Addresses" },
	{ "GET", "/addresses/new", account_get_address, ROUTE_AUTH, RATE_READ, 0, 0, "A new one" },
	{ "GET", "/addresses/{id:id}", account_get_address, ROUTE_AUTH, RATE_READ, 0, 0, "Change one" },
	{ "POST", "/addresses", account_post_address, ROUTE_AUTH, RATE_WRITE, 0, 0, "Save it" },
	{ "POST", "/addresses/remove", account_post_address_remove, ROUTE_AUTH, RATE_WRITE, 0, 0, "Remove one, or put it back" },
	{ "GET", "/notifications", account_get_notices, ROUTE_AUTH, RATE_READ, 0, 0, "What to be written to about" },
	{ "POST", "/notifications", account_post_notices, ROUTE_AUTH, RATE_WRITE, 0, 0, "Save that" },
	{ "GET", "/data", account_get_export, ROUTE_AUTH, RATE_READ, 0, 0, "All that the site keeps about a person" },
	{ "POST", "/data", account_post_export, ROUTE_AUTH, RATE_WRITE, 0, 0, "Have an archive made" },
	{ "GET", "/data/archive", account_get_export_file, ROUTE_AUTH | ROUTE_STREAM, RATE_READ, 0, 0, "The archive" },
	{ "GET", "/leave", account_get_leave, ROUTE_AUTH, RATE_READ, 0, 0, "End the account" },
	{ "POST", "/leave", account_post_leave, ROUTE_AUTH, RATE_WRITE, 0, 0, "End it, or stay" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "auth-menu", account_fragment_auth_menu, 60, true, "" },
	{ 0 },
};


static const struct event_handler events[] = {
	{ "person.deleted", "identity", "forget", account_forget },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "account.export", .run = account_export_job, .time_s = 60 },
	{ .kind = "account.sweep", .run = account_sweep_job, .cron = "23 * * * *", .time_s = 60 },
	{ 0 },
};

static const struct notice_def notices[] = {
	{ "account.security", "Security", "When somebody signs in with a new browser, and when a password, address, second step, passkey or application changes.", true },
	{ 0 },
};

const struct service service_account = {
	.name = "account",
	.title = "Account",
	.mount = "/account",
	.summary = "A member's own pages, and the sign-in menu of every page",
	.routes = routes,
	.fragments = fragments,
	.contracts = account_contracts,
	.events = events,
	.jobs = jobs,
	.notices = notices,
	.migrations = &account_migrations,
	.media = true,
};
