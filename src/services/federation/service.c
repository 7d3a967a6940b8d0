/* SPDX-License-Identifier: Apache-2.0
 *
 * Federation: who people are, here and to the rest of the world. This file is its table.
 */
#include "gen/federation_sql.h"
#include "platform/job.h"
#include "services/federation/admin.h"
#include "services/federation/breached.h"
#include "services/federation/contract.h"
#include "services/federation/email.h"
#include "services/federation/link.h"
#include "services/federation/notice.h"
#include "services/federation/oauth.h"
#include "services/federation/oauth_key.h"
#include "services/federation/oauth_logout.h"
#include "services/federation/passkey.h"
#include "services/federation/profile.h"
#include "services/federation/rights.h"
#include "services/federation/second.h"

static const struct route routes[] = {
	/* signing in, signing up */
	{ "GET", "/sign-in", federation_get_sign_in, 0, RATE_READ, 0, 0, "Sign in" },
	{ "POST", "/sign-in", federation_post_sign_in, 0, RATE_SIGN_IN, 0, 0, "Sign in with a password" },
	{ "GET", "/sign-in/second", federation_get_second, 0, RATE_READ, 0, 0, "The second step" },
	{ "POST", "/sign-in/second", federation_post_second, 0, RATE_SIGN_IN, 0, 0, "Its code" },
	{ "GET", "/sign-in/forgot", federation_get_forgot, 0, RATE_READ, 0, 0, "Forgotten password" },
	{ "POST", "/sign-in/mail", federation_post_link_mail, 0, RATE_SIGN_IN, 0, 0, "Mail a link, to sign in or for a new password" },
	{ "GET", "/sign-in/link", federation_get_link, 0, RATE_READ, 0, 0, "What a mailed link opens: a button" },
	{ "POST", "/sign-in/link", federation_post_link, 0, RATE_SIGN_IN, 0, 0, "Follow a mailed link" },
	{ "POST", "/sign-in/passkey/options", federation_post_sign_in_passkey_options, 0, RATE_READ, 0, 0, "What a passkey is asked" },
	{ "POST", "/sign-in/passkey", federation_post_sign_in_passkey, 0, RATE_SIGN_IN, 49152, 0, "Sign in with a passkey" },
	{ "GET", "/sign-up", federation_get_sign_up, 0, RATE_READ, 0, 0, "Sign up, accept an invitation, become the owner" },
	{ "POST", "/sign-up", federation_post_sign_up, 0, RATE_SIGN_IN, 0, 0, "Make an account" },
	/* a person's own security pages */
	{ "GET", "/identity", federation_get_identity, ROUTE_AUTH, RATE_READ, 0, 0, "Security at a glance" },
	{ "GET", "/identity/password", federation_get_password, ROUTE_AUTH, RATE_READ, 0, 0, "Change the password" },
	{ "POST", "/identity/password", federation_post_password, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Change it" },
	{ "GET", "/identity/email", federation_get_email, ROUTE_AUTH, RATE_READ, 0, 0, "Change the e-mail address" },
	{ "POST", "/identity/email", federation_post_email, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Mail a link to the new one" },
	{ "GET", "/identity/two-step", federation_get_two_step, ROUTE_AUTH, RATE_READ, 0, 0, "Two steps" },
	{ "POST", "/identity/two-step", federation_post_two_step, ROUTE_AUTH, RATE_WRITE, 0, 0, "Set them up, make codes, turn them off" },
	{ "GET", "/identity/passkeys", federation_get_passkeys, ROUTE_AUTH, RATE_READ, 0, 0, "Passkeys" },
	{ "POST", "/identity/passkeys/options", federation_post_passkey_options, ROUTE_AUTH, RATE_WRITE, 0, 0, "What a new passkey is asked" },
	{ "POST", "/identity/passkeys", federation_post_passkey, ROUTE_AUTH, RATE_WRITE, 49152, 0, "Add a passkey" },
	{ "POST", "/identity/passkeys/remove", federation_post_passkey_remove, ROUTE_AUTH, RATE_WRITE, 0, 0, "Remove a passkey" },
	{ "GET", "/identity/sessions", federation_get_sessions, ROUTE_AUTH, RATE_READ, 0, 0, "Where a person is signed in" },
	{ "POST", "/identity/sessions", federation_post_sessions, ROUTE_AUTH, RATE_WRITE, 0, 0, "Sign out there" },
	{ "GET", "/identity/log", federation_get_log, ROUTE_AUTH, RATE_READ, 0, 0, "What was done to an account" },
	{ "GET", "/identity/applications", federation_get_applications, ROUTE_AUTH, RATE_READ, 0, 0, "Applications that were let in" },
	{ "POST", "/identity/applications", federation_post_application, ROUTE_AUTH, RATE_WRITE, 0, 0, "Take back an application's access" },
	/* OAuth 2.0 and OpenID Connect */
	{ "GET", "/oauth/authorize", federation_get_authorize, 0, RATE_READ, 0, 0, "An application asks who you are" },
	{ "POST", "/oauth/consent", federation_post_consent, ROUTE_AUTH, RATE_WRITE, 0, 0, "Let an application in, or not" },
	{ "POST", "/oauth/token", federation_post_token, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Codes and refresh tokens into tokens" },
	{ "OPTIONS", "/oauth/token", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "POST", "/oauth/par", federation_post_par, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Push an authorization request" },
	{ "POST", "/oauth/register", federation_post_register, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Register an application" },
	{ "OPTIONS", "/oauth/register", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/register/{client:text}", federation_get_registration, 0, RATE_READ, 0, 0, "What an application registered" },
	{ "PUT", "/oauth/register/{client:text}", federation_put_registration, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Change it" },
	{ "DELETE", "/oauth/register/{client:text}", federation_delete_registration, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Remove it" },
	{ "POST", "/api/v1/apps", federation_post_mastodon_app, ROUTE_NO_CSRF, RATE_WRITE, 0, 0, "Register an application of the Mastodon class" },
	{ "POST", "/oauth/device_authorization", federation_post_device, ROUTE_NO_CSRF, RATE_READ, 0, 0, "A device asks for a code" },
	{ "GET", "/oauth/device", federation_get_device, ROUTE_AUTH, RATE_READ, 0, 0, "Where a device's code is typed in" },
	{ "POST", "/oauth/device", federation_post_device_code, ROUTE_AUTH, RATE_SIGN_IN, 0, 0, "Look a device's code up" },
	{ "POST", "/oauth/device/decision", federation_post_device_decision, ROUTE_AUTH, RATE_WRITE, 0, 0, "Connect a device, or not" },
	{ "GET", "/oauth/end_session", federation_get_end_session, 0, RATE_READ, 0, 0, "An application asks to sign out" },
	{ "POST", "/oauth/end_session", federation_post_end_session, 0, RATE_WRITE, 0, 0, "Sign out" },
	{ "POST", "/oauth/introspect", federation_post_introspect, ROUTE_NO_CSRF, RATE_READ, 0, 0, "What a token is good for" },
	{ "POST", "/oauth/revoke", federation_post_revoke, ROUTE_NO_CSRF, RATE_READ, 0, 0, "Hand a token back" },
	{ "OPTIONS", "/oauth/revoke", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/userinfo", federation_get_userinfo, 0, RATE_READ, 0, 0, "Whom an access token stands for" },
	{ "POST", "/oauth/userinfo", federation_get_userinfo, ROUTE_NO_CSRF, RATE_READ, 0, 0, "The same" },
	{ "OPTIONS", "/oauth/userinfo", oauth_preflight, 0, RATE_NONE, 0, 0, "Any origin may" },
	{ "GET", "/oauth/jwks", federation_get_jwks, 0, RATE_READ, 0, 0, "Public keys" },
	{ "GET", "/.well-known/openid-configuration", federation_get_metadata, 0, RATE_READ, 0, 0, "What this server can do" },
	{ "GET", "/.well-known/oauth-authorization-server", federation_get_metadata, 0, RATE_READ, 0, 0, "The same (RFC 8414)" },
	/* administration */
	{ "GET", "/admin/members", federation_get_members, ROUTE_ADMIN, RATE_READ, 0, 0, "Members" },
	{ "POST", "/admin/members", federation_post_members, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Approve, suspend or restore several" },
	{ "POST", "/admin/members/undo", federation_post_members_undo, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Undo that" },
	{ "GET", "/admin/members.csv", federation_get_members_csv, ROUTE_ADMIN, RATE_READ, 0, 0, "Members as a table" },
	{ "GET", "/admin/members/{id:id}", federation_get_member, ROUTE_ADMIN, RATE_READ, 0, 0, "One member" },
	{ "POST", "/admin/members/{id:id}", federation_post_member, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Change a member" },
	{ "GET", "/admin/invitations", federation_get_invitations, ROUTE_ADMIN, RATE_READ, 0, 0, "Invitations" },
	{ "POST", "/admin/invitations", federation_post_invitations, ROUTE_ADMIN, RATE_WRITE, 0, 0, "Invite, send again, take back" },
	{ "GET", "/admin/audit", federation_get_audit, ROUTE_ADMIN, RATE_READ, 0, 0, "What was done" },
	{ 0 },
};

static const struct contract_def *const contracts[] = { &federation_contract_redeem, &federation_contract_end, &federation_contract_profile,
	&federation_contract_update_profile, &federation_contract_leave, &federation_contract_person_data, NULL };

static const struct setting settings[] = {
	{ "federation", "sign_up", SET_ENUM, "open", 0, 0, "open approval invitation", true, "Who may make an account: anybody, anybody whom an administrator approves, or who is invited." },
	{ "federation", "leaving_days", SET_INT, "14", 0, 365, NULL, true, "Days in which somebody who ends their account can still change their mind." },
	{ "federation", "password_min", SET_INT, "10", 8, 64, NULL, true, "Shortest password, in characters." },
	{ "federation", "breached_passwords", SET_STR, "", 0, 0, NULL, false, "File of passwords known from break-ins, which nobody can set: Have I Been Pwned's list of SHA-1 hashes, ordered by hash. Empty: none." },
	{ "federation", "account_per_minute", SET_INT, "6", 1, 1000000, NULL, true, "Attempts to sign in to one account." },
	{ "federation", "account_burst", SET_INT, "12", 1, 1000000, NULL, true, "and at once." },
	{ 0 },
};

static const struct event_handler events[] = {
	{ "choice.changed", "account", "tell", notice_choice },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "oauth.keys", .run = oauth_keys_job, .cron = "17 3 * * *", .time_s = 60 },
	{ .kind = "people.forget", .run = federation_forget_job, .cron = "47 * * * *", .time_s = 60 },
	{ .kind = "people.rights", .run = rights_job, .time_s = 30 },
	{ .kind = "link.mail", .run = link_mail_job, .time_s = 15 },
	/* As long as account may take to answer, and a letter to be written. */
	{ .kind = "notice.security", .run = notice_job, .time_s = 30 },
	{ .kind = "oauth.backchannel", .run = oauth_backchannel_job, .time_s = 15, .attempts = 6 },
	{ 0 },
};

const struct service service_federation = {
	.name = "federation",
	.title = "Identity",
	.mount = "/",
	.summary = "Who people are: signing in, applications, members",
	.routes = routes,
	.contracts = contracts,
	.events = events,
	.jobs = jobs,
	.settings = settings,
	.migrations = &federation_migrations,
	.identity = true,
	.check = breached_check,
	.start = oauth_keys_keep,
	.ready = link_tell_owner,
};
