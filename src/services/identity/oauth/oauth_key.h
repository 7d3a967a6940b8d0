/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that ID tokens and logout tokens are signed with: one of each algorithm at work, its successor published two
 * days before it takes over, its predecessor for 30 days after.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_KEY_H
#define GH_SERVICES_IDENTITY_OAUTH_KEY_H

#include "platform/core/service.h"
#include "platform/crypto/jose.h"

struct job;

/* At start: reads the keys. Where one is missing it asks for the job, so that a new site answers before it has made its
   RSA key; whoever needs one of them earlier makes it (oauth_keys_sign, oauth_keys_jwks). */
enum status oauth_keys_start(struct ctx *ctx, struct err *e) MUST_CHECK;
/* Makes what is missing. Daily as job `oauth.keys`. */
enum status oauth_keys_keep(struct ctx *ctx, struct err *e) MUST_CHECK;
enum status oauth_keys_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* Signed with the key at work of that algorithm. */
enum status oauth_keys_sign(struct ctx *ctx, enum jose_alg alg, struct str typ, struct str payload, struct str *out,
        struct err *e) MUST_CHECK;
/* Did one of our keys, present or past, sign it? */
bool oauth_keys_signed(struct ctx *ctx, const struct jwt *t);
/* { "keys": [ … ] } in ctx->arena. */
enum status oauth_keys_jwks(struct ctx *ctx, struct str *out, struct err *e) MUST_CHECK;

#endif
