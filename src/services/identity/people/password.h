/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords: argon2id (RFC 9106; 19 MiB, 2 passes), computed beside the loops by at most half of the processors at once
 * and at the lowest priority, so that a crowd signing in slows nobody who reads. Unicode forms of a password count as
 * one (NFKC).
 */
#ifndef GH_SERVICES_IDENTITY_PASSWORD_H
#define GH_SERVICES_IDENTITY_PASSWORD_H

#include "platform/core/service.h"

#define PASSWORD_HASH_MAX 128
/* OWASP's second choice of equals: what the smallest server can do twice at once. */
#define PASSWORD_OPS 2
#define PASSWORD_MEMORY ((size_t)19 << 20)

/* Whose it is to be: p NULL, not known. */
struct password_owner { struct str email, name; };
/* Good enough to be set? ST_UNPROCESSABLE with a sentence for the field. Not in a transaction. */
enum status password_check(
        struct ctx *ctx, struct str password, const struct password_owner *of, struct err *e) MUST_CHECK;
/* What password_check wants, for whoever is about to choose one. In ctx->arena. */
struct str password_rule(struct ctx *ctx);
struct web;
const char *password_hint(struct web *w); /* the same, of a form's field */
/* ST_UNAVAILABLE: too many at once. */
enum status password_hash(struct ctx *ctx, struct str password, char out[PASSWORD_HASH_MAX], struct err *e) MUST_CHECK;
/* hash p NULL: nobody's; takes as long and says no. *weak: right, but hashed with less than today's work: hash it
 * again. */
enum status password_verify(
        struct ctx *ctx, struct str password, struct str hash, bool *right, bool *weak, struct err *e) MUST_CHECK;

/* Inside db_write's fn. */
enum status password_set(struct db_conn *c, int64_t person, const char *hash, struct err *e) MUST_CHECK;

#endif
