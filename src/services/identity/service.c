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
	{ "GET", "/sign-in", identity_get_sign_in, 0, RATE_READ, 0, 0, "Sign in" },
	{ "POST", "/sign-in", identity_post_sign_in, 0, RATE_SIGN_IN, 0, 0, "Sign in with a password" },
	{ "GET", "/sign-in/second", identity_get_second, 0, RATE_READ, 0, 0, "The second step" },
	{ "POST", "/sign-in/second", identity_post_second, 0, RATE_SIGN_IN, 0, 0, "Its code" },
	{ "GET", "/sign-in/forgot", identity_get_forgot, 0, RATE_READ, 0, 0, "Forgotten password" },
	{ "POST", "/sign-in/mail", identity_post_link_mail, 0, RATE_SIGN_IN, 0, 0, "Mail a link, to sign in or for a new password" },
	{ "GET", "/sign-in/link", identity_get_link, 0, RATE_READ, 0, 0, "What a mailed link opens: a button" },
	{ "POST", "/sign-in/link", identity_post_link, 0, RATE_SIGN_IN, 0, 0, "Follow a mailed link" },
	{ "POST", "/sign-in/passkey/options", identity_post_sign_in_passkey_options, 0, RATE_READ, 0, 0, "What a passkey is asked" },
	{ "POST", "/sign-in/passkey", identity_post_sign_in_passkey, 0, RATE_SIGN_IN, 49152, 0, "Sign in with a passkey" },
	{ "GET", "/sign-up", identity_get_sign_up, 0, RATE_READ, 0, 0, "Sign up, accept an invitation, become the owner" },
	{ "POST", "/sign-up", identity_post_sign_up, 0, RATE_SIGN_IN, 0, 0, "Make an account" },
	/* a person's own security pages */
	{ "GET", "/identity", identity_get_identity, ROUTE_AUTH, RATE_READ, 0, 0, "Security at a glance" },
	{ "GET", "/identity/password", identity_get_password, ROUTE_AUTH, RATE_READ, 0, 0, "Change the password" },
	{ "POST", "/identity/password", identity_post_password, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Change it" },
	{ "GET", "/identity/email", identity_get_email, ROUTE_AUTH, RATE_READ, 0, 0, "Change the e-mail address" },
	{ "POST", "/identity/email", identity_post_email, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Mail a link to the new one" },
	{ "GET", "/identity/two-step", identity_get_two_step, ROUTE_AUTH, RATE_READ, 0, 0, "Two steps" },
	{ "POST", "/identity/two-step", identity_post_two_step, ROUTE_AUTH, RATE_WRITE, 0, 0, "Set them up, make codes, turn them off" },
	{ "GET", "/identity/passkeys", identity_get_passkeys, ROUTE_AUTH, RATE_READ, 0, 0, "Passkeys" },
	{ "POST", "/identity/passkeys/options", identity_post_passkey_options, ROUTE_AUTH, RATE_WRITE, 0, 0, "What a new passkey is asked" },
	{ "POST", "/identity/passkeys", identity_post_passkey, ROUTE_AUTH, RATE_WRITE, 49152, 0, "Add a passkey" },
	{ "POST", "/identity/passkeys/remove", identity_post_passkey_remove, ROUTE_AUTH, RATE_WRITE, 0, 0, "Remove a passkey" },
	{ "GET", "/identity/sessions", identity_get_sessions, ROUTE_AUTH, RATE_READ, 0, 0, "Where a person is signed in" },
	{ "POST", "/identity/sessions", identity_post_sessions, ROUTE_AUTH, RATE_WRITE, 0, 0, "Sign out there" },
	{ "GET", "/identity/log", identity_get_log, ROUTE_AUTH, RATE_READ, 0, 0, "What was done to an account" },
	{ "GET", "/identity/applications", identity_get_applications, ROUTE_AUTH, RATE_READ, 0, 0, "Applications that were let in" },
	{ "POST", "/identity/applications", identity_post_application, ROUTE_AUTH, RATE_WRITE, 0, 0, "Take back an application's access" },
	/* OAuth 2.0 and OpenID Connect */
	{ "GET", "/oauth/authorize", identity_get_authorize, 0, RATE_READ, 0, 0, "An application asks who you are" },
	{ "POST", "/oauth/consent", identity_post_consent, ROUTE_AUTH, RATE_WRITE, 0, 0, "Let an application in, or not" },
	{ "POST", "/oauth/refusal", identity_post_refusal, 0, RATE_WRITE, 0, 0, "Tell an application that it gets nothing" },
	{ "POST", "/oauth/token", identity_post_token, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Codes and refresh tokens into tokens" },
	{ "OPTIONS", "/oauth/token", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "POST", "/oauth/par", identity_post_par, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Push an authorization request" },
	{ "POST", "/oauth/register", identity_post_register, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Register an application" },
	{ "OPTIONS", "/oauth/register", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/register/{client:text}", identity_get_registration, 0, RATE_READ, 0, 0, "What an application registered" },
	{ "PUT", "/oauth/register/{client:text}", identity_put_registration, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Change it" },
	{ "DELETE", "/oauth/register/{client:text}", identity_delete_registration, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Remove it" },
	{ "POST", "/api/v1/apps", identity_post_mastodon_app, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Register an application of the Mastodon class" },
	{ "POST", "/oauth/device_authorization", identity_post_device, ROUTE_NO_CSRF, RATE_READ, 0, 0, "A device asks for a code" },
	{ "GET", "/oauth/device", identity_get_device, ROUTE_AUTH, RATE_READ, 0, 0, "Where a device's code is typed in" },
	{ "POST", "/oauth/device", identity_post_device_code, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Look a device's code up" },
	{ "POST", "/oauth/device/decision", identity_post_device_decision, ROUTE_AUTH, RATE_WRITE, 0, 0, "Connect a device, or not" },
	{ "GET", "/oauth/end_session", identity_get_end_session, 0, RATE_READ, 0, 0, "An application asks to sign out" },
	{ "POST", "/oauth/end_session", identity_post_end_session, 0, RATE_WRITE, 0, 0, "Sign out" },
	{ "POST", "/oauth/introspect", identity_post_introspect, ROUTE_NO_CSRF, RATE_READ, 0, 0, "What a token is good for" },
	{ "POST", "/oauth/revoke", identity_post_revoke, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Hand a token back" },
	{ "OPTIONS", "/oauth/revoke", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/userinfo", identity_get_userinfo, 0, RATE_READ, 0, 0, "Whom an access token stands for" },
	{ "POST", "/oauth/userinfo", identity_get_userinfo, ROUTE_NO_CSRF, RATE_READ, 0, 0, "The same" },
	{ "OPTIONS", "/oauth/userinfo", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/jwks", identity_get_jwks, 0, RATE_READ, 0, 0, "Public keys" },
	{ "GET", "/.well-known/openid-configuration", identity_get_metadata, 0, RATE_READ, 0, 0, "What this server can do" },
	{ "GET", "/.well-known/oauth-authorization-server", identity_get_metadata, 0, RATE_READ, 0, 0, "The same (RFC 8414)" },
	/* administration */
	{ "GET", "/admin/members", identity_get_members, ROUTE_ADMIN, RATE_READ, 0, 0, "Members" },
	{ "POST", "/admin/members", identity_post_members, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Approve, suspend or restore several" },
	{ "POST", "/admin/members/undo", identity_post_members_undo, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Undo that" },
	{ "GET", "/admin/members.csv", identity_get_members_csv, ROUTE_ADMIN, RATE_READ, 0, 0, "Members as a table" },
	{ "GET", "/admin/members/{id:id}", identity_get_member, ROUTE_ADMIN, RATE_READ, 0, 0, "One member" },
	{ "POST", "/admin/members/{id:id}", identity_post_member, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Change a member" },
	{ "GET", "/admin/invitations", identity_get_invitations, ROUTE_ADMIN, RATE_READ, 0, 0, "Invitations" },
	{ "POST", "/admin/invitations", identity_post_invitations, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Invite, send again, take back" },
	{ "GET", "/admin/applications", identity_get_clients, ROUTE_ADMIN, RATE_READ, 0, 0, "Applications that registered themselves", "owner" },
	{ "POST", "/admin/applications", identity_post_clients, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Remove one, or all that nobody used", "owner" },
	{ "GET", "/admin/audit", identity_get_audit, ROUTE_ADMIN, RATE_READ, 0, 0, "What was done" },
	{ 0 },
};


static const struct setting settings[] = {
	{ "identity", "sign_up", SET_ENUM, "open", 0, 0, "open approval invitation", true, "Who may make an account: anybody, anybody whom an administrator approves, or who is invited." },
	{ "identity", "leaving_days", SET_INT, "14", 0, 365, NULL, true, "Days in which somebody who ends their account can still change their mind." },
	{ "identity", "password_min", SET_INT, "10", 8, 64, NULL, true, "Shortest password, in characters." },
	{ "identity", "breached_passwords", SET_STR, "", 0, 0, NULL, false, "File of passwords known from break-ins, which nobody can set: Have I Been Pwned's list of SHA-1 hashes, ordered by hash. Empty: none." },
	{ "identity", "account_per_minute", SET_INT, "6", 1, 1000000, NULL, true, "Attempts to sign in to one account; a browser that was signed in there before has as many of its own." },
	{ "identity", "applications_per_hour", SET_INT, "20", 1, 5000, NULL, true, "Applications that may be registered from one address in an hour." },
	{ "identity", "applications_max", SET_INT, "5000", 1, 1000000, NULL, true, "Registered applications in all; then those make way that nobody lets in." },
	{ "identity", "unused_applications_days", SET_INT, "7", 1, 3650, NULL, true, "Days after which a registered application goes that was never used." },
	{ "identity", "account_burst", SET_INT, "12", 1, 1000000, NULL, true, "and at once." },
	{ 0 },
};

static const struct event_handler events[] = {
	{ "choice.changed", "account", "tell", notice_choice },
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

const struct service service_identity = {
	.name = "identity",
	.title = "Identity",
	.mount = "/",
	.summary = "Who people are: signing in, applications, members",
	.routes = routes,
	.contracts = identity_contracts,
	.events = events,
	.jobs = jobs,
	.settings = settings,
	.migrations = &identity_migrations,
	.identity = true,
	.check = breached_check,
	.start = oauth_keys_keep,
	.ready = link_tell_owner,
};
