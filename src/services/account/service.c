/* SPDX-License-Identifier: Apache-2.0
 *
 * Account: a member's own pages. This file is its table.
 */
#include "gen/account_sql.h"
#include "platform/work/notify.h"
#include "services/account/account.h"

static const struct route routes[] = {
	{ "GET", "/", account_get_home, .flags = ROUTE_AUTH, .help = "A member's own page" },
	{ "GET", "/profile", account_get_profile, .flags = ROUTE_AUTH, .help = "Name, handle, picture, time zone" },
	{ "POST", "/profile", account_post_profile, .flags = ROUTE_AUTH, .body_max = 11u << 20, .help = "Save them" },
	{ "GET", "/addresses", account_get_addresses, .flags = ROUTE_AUTH, .help = "Addresses" },
	{ "GET", "/addresses/new", account_get_address, .flags = ROUTE_AUTH, .help = "A new one" },
	{ "GET", "/addresses/{id:id}", account_get_address, .flags = ROUTE_AUTH, .help = "Change one" },
	{ "POST", "/addresses", account_post_address, .flags = ROUTE_AUTH, .help = "Save it" },
	{ "POST", "/addresses/remove", account_post_address_remove, .flags = ROUTE_AUTH,
	        .help = "Remove one, or put it back" },
	{ "GET", "/inbox", account_get_inbox, .flags = ROUTE_AUTH, .help = "What happened" },
	{ "POST", "/inbox", account_post_inbox, .flags = ROUTE_AUTH, .help = "All of it was read, or was not" },
	{ "GET", "/inbox/live", account_get_inbox_live, .flags = ROUTE_AUTH | ROUTE_STREAM,
	        .help = "How many are unread, as it changes" },
	{ "POST", "/inbox/digest", account_post_digest, .flags = ROUTE_AUTH,
	        .help = "How often to be written to about all that is new" },
	{ "GET", "/inbox/{id:id}", account_get_inbox_entry, .flags = ROUTE_AUTH, .help = "Go to what it is about" },
	{ "GET", "/notifications", account_get_notices, .flags = ROUTE_AUTH, .help = "What to be written to about" },
	{ "POST", "/notifications", account_post_notices, .flags = ROUTE_AUTH, .help = "Save that" },
	{ "GET", "/data", account_get_export, .flags = ROUTE_AUTH, .help = "All that the site keeps about a person" },
	{ "POST", "/data", account_post_export, .flags = ROUTE_AUTH, .help = "Have an archive made" },
	{ "GET", "/data/archive", account_get_export_file, .flags = ROUTE_AUTH | ROUTE_STREAM, .help = "The archive" },
	{ "GET", "/leave", account_get_leave, .flags = ROUTE_AUTH, .help = "End the account" },
	{ "POST", "/leave", account_post_leave, .flags = ROUTE_AUTH, .help = "End it, or stay" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "auth-menu", account_fragment_auth_menu, .soft_s = 60, .per_person = true },
	{ "language", account_fragment_language, .soft_s = 60, .per_person = true },
	{ 0 },
};

static const struct event_handler events[] = {
	{ .type = NOTICE_EVENT, .origin = "*", .name = "inbox", .handle = account_take_notice },
	{ .type = "person.deleted", .origin = "identity", .name = "forget", .handle = account_forget },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "account.export", .run = account_export_job, .time_s = 60 },
	{ .kind = "account.letter", .run = account_letter_job },
	{ .kind = "account.digest", .run = account_digest_job, .cron = "2 * * * *", .time_s = 120 },
	{ .kind = "account.sweep", .run = account_sweep_job, .cron = "23 * * * *", .time_s = 60 },
	{ 0 },
};

static const struct notice_def notices[] = {
	{ "account.security", "Security", .by_mail = true,
	        .help = "When somebody signs in with a new browser, and when a password, address, second step, passkey "
	                "or application changes." },
	{ "account.data", "Your data", .by_mail = true, .help = "When an archive that you asked for is ready." },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ACCOUNT, "/", "Overview", .exact = true },
	{ PLACE_ACCOUNT, "/profile", "Profile", "Name, picture, handle, language and time zone", .rank = 10 },
	{ PLACE_ACCOUNT, "/addresses", "Addresses", "Where things are delivered to and billed", .rank = 20 },
	{ PLACE_ACCOUNT, "/inbox", "Notifications", "What happened since you were here", .rank = 25 },
	{ PLACE_ACCOUNT, "/notifications", "By e-mail", "What you are written to about", .rank = 30 },
	{ PLACE_ACCOUNT, "/data", "Your data", "Take all of it along", .rank = 90 },
	{ PLACE_MENU, "/", "Your account" },
	{ PLACE_MENU, "/auth/logout", "Sign out", .rank = 100 },
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
	.pages = pages,
	.migrations = &account_migrations,
	.media = true,
};
