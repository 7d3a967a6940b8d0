/* SPDX-License-Identifier: Apache-2.0
 *
 * Secrets that must be read again (private keys, seeds of one-time codes), kept sealed under a key made of the site's
 * secret and their purpose: a stolen database alone opens nothing. XSalsa20-Poly1305 (libsodium secretbox), base64url.
 */
#ifndef GH_PLATFORM_AUTH_SEAL_H
#define GH_PLATFORM_AUTH_SEAL_H

#include "platform/core/service.h"

/* Sealed and authenticated with a key of the site's secret for that purpose, as base64url in ctx->arena. */
struct str auth_seal(struct ctx *ctx, const char *purpose, struct str plain);
/* ST_CORRUPT: sealed under another secret or purpose, or damaged. */
enum status auth_unseal(
        struct ctx *ctx, const char *purpose, struct str sealed, struct str *plain, struct err *e) MUST_CHECK;

#endif
