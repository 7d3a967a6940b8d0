/* SPDX-License-Identifier: Apache-2.0
 *
 * The authorization server (OAuth 2.0, RFC 6749 as RFC 9700 wants it; OpenID Connect Core 1.0): clients, codes, tokens,
 * keys.
 *
 * What lives where: clients, consents and keys in identity's database; codes, grants and tokens in the auth store, by
 * hash. A grant is what one person let one client do in one go; its owner is "pc:<person>:<client>", and its tokens
 * belong to "grant:<id>", so that either goes with all that hangs on it.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_H
#define GH_SERVICES_IDENTITY_OAUTH_H

#include "platform/auth/session.h"
#include "platform/crypto/jose.h"
#include "platform/text/json.h"
#include "platform/web/web.h"

enum {
	OAUTH_CODE_LIFE_S = 60,
	OAUTH_TOKEN_LIFE_S = 3600,
	OAUTH_REFRESH_LIFE_S = 90 * 86400,  /* from its last use */
	OAUTH_OWN_MAX = 5, /* tokens that last, of an application for itself: the oldest ends */
	OAUTH_GRANTS_MAX = 50, /* of one person to one client: the one that was of no use for the longest time ends */
	OAUTH_GRACE_S = 30, /* a refresh token used twice within gives the same successor, as long as that was not used:
	                       the answer was lost */
	OAUTH_ID_TOKEN_LIFE_S = 3600,
	OAUTH_SUB_LEN = 13,
};
/* Of a token without end, which the auth store keeps as it keeps all else: until then. */
#define OAUTH_LASTING_LIFE_S (INT64_C(100) * 366 * 86400)

/* --- errors, as the specifications spell them --- */

/* { "error", "error_description" } with status (RFC 6749 5.2), and a line in the log; 401 adds WWW-Authenticate.
 * Answers; returns ST_OK. */
enum status oauth_error(struct web *w, int status, const char *error, const char *description) MUST_CHECK;
/* no-store. */
void oauth_headers(struct web *w);
/* Load the form, each name at most once (RFC 6749 3.2); JSON and multipart too, which clients of the Mastodon class
   send. ST_INVALID: answered with invalid_request. */
enum status oauth_form(struct web *w) MUST_CHECK;

/* --- clients --- */

enum oauth_auth { OAUTH_AUTH_NONE, OAUTH_AUTH_BASIC, OAUTH_AUTH_POST, OAUTH_AUTH_KEY, OAUTH_AUTHS };
extern const char *const oauth_auth_names[OAUTH_AUTHS]; /* "none", "client_secret_basic" … */

/* A client: one of the site's own services ("service:blog", known from the service table, asked for no consent), or a
 * row. */
struct oauth_client {
	struct str id, name;
	const struct service_instance *service; /* a service of this site; NULL: a client of the database */
	struct str redirect_uri;                /* of a service: the only one */
	bool mastodon;                          /* of the Mastodon class: its own scopes, no OpenID */
	enum oauth_auth auth;
	struct str secret_hash, manage_hash;
	int64_t used_us;                        /* when it was of use last, exact to a day; 0: never */
	int64_t changed_us;                     /* its registration; who let it in before is asked again */
	const json_t *metadata;                 /* RFC 7591; released with ctx->arena; NULL for a service */
};
/* ST_NOT_FOUND: nobody has that name. */
enum status oauth_client_find(struct ctx *ctx, struct str id, struct oauth_client *out, struct err *e) MUST_CHECK;
/* Exactly one of its own; of loopback addresses the port is free (RFC 8252 7.3). */
bool oauth_client_redirects_to(struct arena *a, const struct oauth_client *c, struct str uri); /* a: scratch */
bool oauth_client_may_use(const struct oauth_client *c, const char *grant_type);
struct str oauth_client_scope(const struct oauth_client *c); /* all that it may ask for */
/* What its ID tokens and logout tokens are signed with: RS256 where it named nothing (OpenID Connect Registration 2).
 */
enum jose_alg oauth_client_alg(const struct oauth_client *c);
/* A text of a list in its metadata. */
bool oauth_client_lists(const struct oauth_client *c, const char *member, struct str text);

/* Who calls a back-channel endpoint: by Authorization, form or assertion (RFC 6749 2.3, RFC 7523). The form is loaded.
 *ST_OK and out; ST_UNAUTHENTICATED: answered already with invalid_client. */
enum status oauth_client_authenticate(struct web *w, struct oauth_client *out, struct err *e) MUST_CHECK;

/* --- scopes --- */

/* Is `one` a word of scope? */
bool scope_has(struct str scope, const char *one);
/* "read" has "read:statuses" in it. */
bool scope_within(struct str scope, struct str all); /* every one of scope in all */
struct str scope_and(struct arena *a, struct str scope, struct str all); /* those of scope that all has, once each */

/* --- codes --- */

/* What an authorization code stands for: value of AUTH_CODE. */
struct oauth_code { struct str client, redirect_uri, challenge, nonce, scope, sso, jkt; int64_t person, auth_us; };
/* A new code; *code in ctx->arena. */
enum status oauth_code_issue(struct ctx *ctx, const struct oauth_code *c, struct str *code, struct err *e) MUST_CHECK;
/* Once: a second time revokes what the first got. ST_INVALID: unknown, expired, used, another client's or another
   address's, or the verifier (RFC 7636) does not fit. *grant: id for the grant that is to be made of it. */
enum status oauth_code_redeem(struct ctx *ctx, struct str code, struct str client, struct str redirect_uri,
        struct str verifier, struct oauth_code *out, struct str *grant, struct err *e) MUST_CHECK;

/* --- grants and tokens --- */

struct oauth_grant {
	struct str id;       /* "": of client_credentials that end by themselves, which are not listed anywhere */
	struct str client, scope, sso, nonce;
	struct str jkt;      /* bound to this key (RFC 9449); "" : bearer */
	int64_t person;      /* 0: the client itself */
	int64_t auth_us;
	bool lasting; /* Mastodon's class knows no refresh: its tokens have no end, and outlast the sign-on */
};
struct oauth_token { struct oauth_grant grant; int64_t issued_us, expires_us; bool refresh; };

/* Written when its first tokens are: by oauth_tokens_issue. */
struct oauth_tokens { struct str access, refresh; /* "" : none */ };
enum status oauth_tokens_issue(
        struct ctx *ctx, const struct oauth_grant *g, bool refresh, struct oauth_tokens *out, struct err *e) MUST_CHECK;
/* ST_NOT_FOUND: no token of ours, or not any more. */
enum status oauth_token_find(struct ctx *ctx, struct str token, struct oauth_token *out, struct err *e) MUST_CHECK;
/* A refresh (RFC 6749 6), as it was asked for. */
struct oauth_refresh_ask {
	struct str token;
	const struct oauth_client *client;
	struct str jkt;   /* thumbprint of the key that was proved along; p NULL: none was */
	struct str scope; /* of the new access token; empty: the grant's */
};
/* Rotation. *grant is what the new access token stands for, *out the tokens, both in ctx->arena. ST_INVALID: the token
   is not good; one that was used longer than OAUTH_GRACE_S ago, or whose successor was used, ends the whole grant.
   ST_FORBIDDEN: more scope than was granted; nothing is used up by that. */
enum status oauth_refresh(struct ctx *ctx, const struct oauth_refresh_ask *ask, struct oauth_grant *grant,
        struct oauth_tokens *out, struct err *e) MUST_CHECK;
enum status oauth_grant_revoke(struct ctx *ctx, struct str id, struct err *e) MUST_CHECK;
/* What was good once came a second time, from a thief or the victim: the grant ends, and the chain says so. client: a
 * known one's. */
enum status oauth_grant_stolen(struct ctx *ctx, const char *action, int64_t person, struct str client, struct str id,
        struct err *e) MUST_CHECK;
/* All that a person let a client do, or every client; consents stay. */
enum status oauth_revoke_client(struct ctx *ctx, int64_t person, struct str client, struct err *e) MUST_CHECK;
enum status oauth_revoke_person(struct ctx *ctx, int64_t person, struct err *e) MUST_CHECK;
enum status oauth_token_drop(struct ctx *ctx, struct str token, struct err *e) MUST_CHECK; /* an access token alone */

/* Of a resource request: Authorization: Bearer or DPoP. ST_OK and *out, or ST_UNAUTHENTICATED answered already. */
enum status oauth_bearer(struct web *w, struct oauth_token *out, struct err *e) MUST_CHECK;

/* `sub`: the person's id as text. */
struct str oauth_sub(struct arena *a, int64_t person);

/* --- proof of possession (RFC 9449), oauth_dpop.c --- */

/* The DPoP header of this request, if there is one: *jkt its key's thumbprint, p NULL without. access: the token that
   it must be bound to (ath), or p NULL. ST_INVALID with a sentence: not a good proof, or one that was seen. */
enum status oauth_dpop(struct web *w, struct str access, struct str *jkt, struct err *e) MUST_CHECK;

/* --- the rows of service.c --- */

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_authorize(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_authorize(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_consent(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_refusal(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_token(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_introspect(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_revoke(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_userinfo(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_par(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_register(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_registration(struct web *w, struct err *e) MUST_CHECK;
enum status identity_put_registration(struct web *w, struct err *e) MUST_CHECK;
enum status identity_delete_registration(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_mastodon_app(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_device(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_device(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_device_code(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_device_decision(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_end_session(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_end_session(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_applications(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_application(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_jwks(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_metadata(struct web *w, struct err *e) MUST_CHECK;

#endif
