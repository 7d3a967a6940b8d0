/* SPDX-License-Identifier: Apache-2.0
 *
 * Identity: who people are, how they prove it, and what they let applications do. This file is its table.
 */
#include "gen/identity_serve.h"
#include "gen/identity_sql.h"
#include "platform/work/job.h"
#include "services/identity/admin/admin.h"
#include "services/identity/oauth/oauth.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/oauth/oauth_key.h"
#include "services/identity/oauth/oauth_logout.h"
#include "services/identity/people/breached.h"
#include "services/identity/people/notice.h"
#include "services/identity/signin/email.h"
#include "services/identity/signin/link.h"
#include "services/identity/signin/passkey.h"
#include "services/identity/signin/profile.h"
#include "services/identity/signin/rights.h"
#include "services/identity/signin/second.h"

static const struct route routes[] = {
	/* signing in, signing up */
	{ "GET", "/sign-in", identity_get_sign_in, .help = "Sign in" },
	{ "POST", "/sign-in", identity_post_sign_in, .rate = RATE_SIGN_IN, .help = "Sign in with a password" },
	{ "GET", "/sign-in/second", identity_get_second, .help = "The second step" },
	{ "POST", "/sign-in/second", identity_post_second, .rate = RATE_SIGN_IN, .help = "Its code" },
	{ "GET", "/sign-in/forgot", identity_get_forgot, .help = "Forgotten password" },
	{ "POST", "/sign-in/mail", identity_post_link_mail, .rate = RATE_SIGN_IN,
	        .help = "Mail a link, to sign in or for a new password" },
	{ "GET", "/sign-in/link", identity_get_link, .help = "What a mailed link opens: a button" },
	{ "POST", "/sign-in/link", identity_post_link, .rate = RATE_SIGN_IN, .help = "Follow a mailed link" },
	{ "POST", "/sign-in/passkey/options", identity_post_sign_in_passkey_options, .rate = RATE_READ,
	        .help = "What a passkey is asked" },
	{ "POST", "/sign-in/passkey", identity_post_sign_in_passkey, .rate = RATE_SIGN_IN, .body_max = 49152,
	        .help = "Sign in with a passkey" },
	{ "GET", "/sign-up", identity_get_sign_up, .help = "Sign up, accept an invitation, become the owner" },
	{ "POST", "/sign-up", identity_post_sign_up, .rate = RATE_SIGN_IN, .help = "Make an account" },
	/* a person's own security pages */
	{ "GET", "/identity", identity_get_identity, .flags = ROUTE_AUTH, .help = "Security at a glance" },
	{ "GET", "/identity/password", identity_get_password, .flags = ROUTE_AUTH, .help = "Change the password" },
	{ "POST", "/identity/password", identity_post_password, .flags = ROUTE_AUTH, .rate = RATE_SIGN_IN,
	        .help = "Change it" },
	{ "GET", "/identity/email", identity_get_email, .flags = ROUTE_AUTH, .help = "Change the e-mail address" },
	{ "POST", "/identity/email", identity_post_email, .flags = ROUTE_AUTH, .rate = RATE_SIGN_IN,
	        .help = "Mail a link to the new one" },
	{ "GET", "/identity/two-step", identity_get_two_step, .flags = ROUTE_AUTH, .help = "Two steps" },
	{ "POST", "/identity/two-step", identity_post_two_step, .flags = ROUTE_AUTH,
	        .help = "Set them up, make codes, turn them off" },
	{ "GET", "/identity/passkeys", identity_get_passkeys, .flags = ROUTE_AUTH, .help = "Passkeys" },
	{ "POST", "/identity/passkeys/options", identity_post_passkey_options, .flags = ROUTE_AUTH,
	        .help = "What a new passkey is asked" },
	{ "POST", "/identity/passkeys", identity_post_passkey, .flags = ROUTE_AUTH, .body_max = 49152,
	        .help = "Add a passkey" },
	{ "POST", "/identity/passkeys/remove", identity_post_passkey_remove, .flags = ROUTE_AUTH,
	        .help = "Remove a passkey" },
	{ "GET", "/identity/sessions", identity_get_sessions, .flags = ROUTE_AUTH,
	        .help = "Where a person is signed in" },
	{ "POST", "/identity/sessions", identity_post_sessions, .flags = ROUTE_AUTH, .help = "Sign out there" },
	{ "GET", "/identity/log", identity_get_log, .flags = ROUTE_AUTH, .help = "What was done to an account" },
	{ "GET", "/identity/applications", identity_get_applications, .flags = ROUTE_AUTH,
	        .help = "Applications that were let in" },
	{ "POST", "/identity/applications", identity_post_application, .flags = ROUTE_AUTH,
	        .help = "Take back an application's access" },
	/* OAuth 2.0 and OpenID Connect */
	{ "GET", "/oauth/authorize", identity_get_authorize, .help = "An application asks who you are" },
	{ "POST", "/oauth/authorize", identity_post_authorize, .flags = ROUTE_NO_CSRF, .help = "The same, as a form" },
	{ "POST", "/oauth/consent", identity_post_consent, .flags = ROUTE_AUTH,
	        .help = "Let an application in, or not" },
	{ "POST", "/oauth/refusal", identity_post_refusal, .help = "Tell an application that it gets nothing" },
	{ "POST", "/oauth/token", identity_post_token, .flags = ROUTE_API | ROUTE_NO_CSRF, .rate = RATE_READ,
	        .help = "Codes and refresh tokens into tokens" },
	{ "POST", "/oauth/par", identity_post_par, .flags = ROUTE_API | ROUTE_NO_CSRF, .rate = RATE_READ,
	        .help = "Push an authorization request" },
	{ "POST", "/oauth/register", identity_post_register, .flags = ROUTE_API | ROUTE_NO_CSRF,
	        .help = "Register an application" },
	{ "GET", "/oauth/register/{client:text}", identity_get_registration, .flags = ROUTE_API,
	        .help = "What an application registered" },
	{ "PUT", "/oauth/register/{client:text}", identity_put_registration, .flags = ROUTE_API | ROUTE_NO_CSRF,
	        .help = "Change it" },
	{ "DELETE", "/oauth/register/{client:text}", identity_delete_registration, .flags = ROUTE_API | ROUTE_NO_CSRF,
	        .help = "Remove it" },
	{ "POST", "/api/v1/apps", identity_post_mastodon_app, .flags = ROUTE_API | ROUTE_NO_CSRF,
	        .help = "Register an application of the Mastodon class" },
	{ "POST", "/oauth/device_authorization", identity_post_device, .flags = ROUTE_API | ROUTE_NO_CSRF,
	        .rate = RATE_READ, .help = "A device asks for a code" },
	{ "GET", "/oauth/device", identity_get_device, .flags = ROUTE_AUTH,
	        .help = "Where a device's code is typed in" },
	{ "POST", "/oauth/device", identity_post_device_code, .flags = ROUTE_AUTH, .rate = RATE_SIGN_IN,
	        .help = "Look a device's code up" },
	{ "POST", "/oauth/device/decision", identity_post_device_decision, .flags = ROUTE_AUTH,
	        .help = "Connect a device, or not" },
	{ "GET", "/oauth/end_session", identity_get_end_session, .help = "An application asks to sign out" },
	{ "POST", "/oauth/end_session", identity_post_end_session, .help = "Sign out" },
	{ "POST", "/oauth/introspect", identity_post_introspect, .flags = ROUTE_API | ROUTE_NO_CSRF, .rate = RATE_READ,
	        .help = "What a token is good for" },
	{ "POST", "/oauth/revoke", identity_post_revoke, .flags = ROUTE_API | ROUTE_NO_CSRF, .rate = RATE_READ,
	        .help = "Hand a token back" },
	{ "GET", "/oauth/userinfo", identity_get_userinfo, .flags = ROUTE_API,
	        .help = "Whom an access token stands for" },
	{ "POST", "/oauth/userinfo", identity_get_userinfo, .flags = ROUTE_API | ROUTE_NO_CSRF, .rate = RATE_READ,
	        .help = "The same" },
	{ "GET", "/oauth/jwks", identity_get_jwks, .flags = ROUTE_API, .help = "Public keys" },
	{ "GET", "/.well-known/openid-configuration", identity_get_metadata, .flags = ROUTE_API,
	        .help = "What this server can do" },
	{ "GET", "/.well-known/oauth-authorization-server", identity_get_metadata, .flags = ROUTE_API,
	        .help = "The same (RFC 8414)" },
	/* administration */
	{ "GET", "/admin/members", identity_get_members, .flags = ROUTE_ADMIN, .help = "Members" },
	{ "POST", "/admin/members", identity_post_members, .flags = ROUTE_ADMIN,
	        .help = "Approve, suspend or restore several" },
	{ "GET", "/admin/members.csv", identity_get_members_csv, .flags = ROUTE_ADMIN, .help = "Members as a table" },
	{ "GET", "/admin/members/{id:id}", identity_get_member, .flags = ROUTE_ADMIN, .help = "One member" },
	{ "POST", "/admin/members/{id:id}", identity_post_member, .flags = ROUTE_ADMIN, .help = "Change a member" },
	{ "GET", "/admin/invitations", identity_get_invitations, .flags = ROUTE_ADMIN, .help = "Invitations" },
	{ "POST", "/admin/invitations", identity_post_invitations, .flags = ROUTE_ADMIN,
	        .help = "Invite, send again, take back" },
	{ "GET", "/admin/applications", identity_get_clients, .flags = ROUTE_ADMIN,
	        .help = "Applications that registered themselves", .role = "owner" },
	{ "POST", "/admin/applications", identity_post_clients, .flags = ROUTE_ADMIN,
	        .help = "Remove one, or all that nobody used", .role = "owner" },
	{ "GET", "/admin/audit", identity_get_audit, .flags = ROUTE_ADMIN, .help = "What was done" },
	{ 0 },
};

static const struct setting settings[] = {
	{ "identity", "sign_up", SET_ENUM, "open", .choices = "open approval invitation", .live = true,
	        .help = "Who may make an account: anybody, anybody whom an administrator approves, or who is "
	                "invited." },
	{ "identity", "leaving_days", SET_INT, "14", .max = 365, .live = true,
	        .help = "Days in which somebody who ends their account can still change their mind." },
	{ "identity", "password_min", SET_INT, "10", .min = 8, .max = 64, .live = true,
	        .help = "Shortest password, in characters." },
	{ "identity", "breached_passwords", SET_STR, "",
	        .help = "File of passwords known from break-ins, which nobody can set: Have I Been Pwned's list of "
	                "SHA-1 hashes, ordered by hash. Empty: none." },
	{ "identity", "account_per_minute", SET_INT, "6", .min = 1, .max = 1000000, .live = true,
	        .help = "Attempts to sign in to one account; a browser that was signed in there before has as many of "
	                "its own." },
	{ "identity", "applications_per_hour", SET_INT, "20", .min = 1, .max = 5000, .live = true,
	        .help = "Applications that may be registered from one address in an hour." },
	{ "identity", "applications_max", SET_INT, "5000", .min = 1, .max = 1000000, .live = true,
	        .help = "Registered applications in all; then those make way that nobody lets in." },
	{ "identity", "unused_applications_days", SET_INT, "7", .min = 1, .max = 3650, .live = true,
	        .help = "Days after which a registered application goes that was never used." },
	{ "identity", "account_burst", SET_INT, "12", .min = 1, .max = 1000000, .live = true, .help = "and at once." },
	{ 0 },
};

static const struct event_handler events[] = {
	{ .type = "choice.changed", .origin = "account", .name = "tell", .handle = notice_choice },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "oauth.keys", .run = oauth_keys_job, .cron = "17 3 * * *", .time_s = 60 },
	{ .kind = "oauth.clients", .run = oauth_clients_job, .cron = "27 3 * * *", .time_s = 60 },
	{ .kind = "people.forget", .run = identity_forget_job, .cron = "47 * * * *", .time_s = 60 },
	{ .kind = "people.rights", .run = rights_job, .time_s = 30 },
	{ .kind = "link.mail", .run = link_mail_job, .time_s = 15 },
	/* As long as account may take to answer, and a letter to be written. */
	{ .kind = "notice.security", .run = notice_job, .time_s = 30 },
	{ .kind = "oauth.backchannel", .run = oauth_backchannel_job, .time_s = 15, .attempts = 6 },
	{ 0 },
};

static const struct notice_def notices[] = {
	{ "identity.approvals", "New accounts", .by_mail = true, .role = "admin",
	        .help = "When somebody waits for an administrator to let them in." },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ADMIN, "/admin/members", "Members", "Who belongs, their roles, who waits", .group = "People" },
	{ PLACE_ADMIN, "/admin/invitations", "Invitations", "Ask people in", .group = "People", .rank = 10 },
	{ PLACE_ADMIN, "/admin/applications", "Applications", "What has registered itself to be let into accounts",
	        .group = "System", .role = "owner", .rank = 40 },
	{ PLACE_ADMIN, "/admin/audit", "What was done", "By whom, when, to what; nobody can change it unseen",
	        .group = "System", .rank = 50 },
	{ PLACE_ACCOUNT, "/identity", "Security", "Password, passkeys, two steps, devices, applications", .rank = 50 },
	{ PLACE_BELOW, "/identity", "Overview", .under = "/identity", .exact = true },
	{ PLACE_BELOW, "/identity/password", "Password", .under = "/identity" },
	{ PLACE_BELOW, "/identity/email", "E-mail", .under = "/identity" },
	{ PLACE_BELOW, "/identity/passkeys", "Passkeys", .under = "/identity" },
	{ PLACE_BELOW, "/identity/two-step", "Two steps", .under = "/identity" },
	{ PLACE_BELOW, "/identity/sessions", "Devices", .under = "/identity" },
	{ PLACE_BELOW, "/identity/applications", "Applications", .under = "/identity" },
	{ PLACE_BELOW, "/identity/log", "Log", .under = "/identity" },
	{ PLACE_MENU, "/identity", "Security", .rank = 20 },
	{ PLACE_MENU, "/admin/", "Administration", .role = "admin", .rank = 30 },
	{ 0 },
};

static const struct search_def searches[] = { { "people", "People" }, { 0 } };

const struct service service_identity = {
	.name = "identity",
	.title = "Identity",
	.mount = "/",
	.summary = "Who people are: signing in, applications, members",
	.routes = routes,
	.searches = searches,
	.contracts = identity_contracts,
	.events = events,
	.jobs = jobs,
	.settings = settings,
	.notices = notices,
	.pages = pages,
	.migrations = &identity_migrations,
	.identity = true,
	.check = breached_check,
	.start = oauth_keys_start,
	.ready = link_tell_owner,
};
