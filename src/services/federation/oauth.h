/* SPDX-License-Identifier: Apache-2.0
 *
 * The authorization server: who may ask (clients), what was asked (requests), and the codes that answer.
 */
#ifndef GH_SERVICES_FEDERATION_OAUTH_H
#define GH_SERVICES_FEDERATION_OAUTH_H

#include "platform/auth/session.h"
#include "platform/web.h"

enum { OAUTH_CODE_LIFE_S = 60 };

/* A client: one of the site's own services ("service:blog", known from the service table, asked for no consent), or a row. */
struct oauth_client {
	struct str id;
	struct str name;
	const struct service_instance *service; /* a service of this site; NULL: a client of the database */
	struct str redirect_uri;                /* of a service: the only one */
};
/* ST_NOT_FOUND: nobody has that name. */
enum status oauth_client_find(struct ctx *ctx, struct str id, struct oauth_client *out, struct err *e) MUST_CHECK;

/* What an authorization code stands for: value of AUTH_CODE. Owner: "sso:<key>". */
struct oauth_code { struct str client, redirect_uri, challenge, nonce, scope, sso; };
/* A new code; *code in ctx->arena. */
enum status oauth_code_issue(struct ctx *ctx, const struct oauth_code *c, struct str *code, struct err *e) MUST_CHECK;
/* Once. ST_INVALID: unknown, expired, used, another client's or another address's, or the verifier (RFC 7636) does not fit. */
enum status oauth_code_redeem(struct ctx *ctx, struct str code, struct str client, struct str redirect_uri, struct str verifier,
                              struct oauth_code *out, struct err *e) MUST_CHECK;

enum status federation_get_authorize(struct web *w, struct err *e) MUST_CHECK;

#endif
