/* SPDX-License-Identifier: Apache-2.0
 *
 * What the pages of the device flow (RFC 8628) show, and what /oauth/token asks of it.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_DEVICE_H
#define GH_SERVICES_IDENTITY_OAUTH_DEVICE_H

#include "services/identity/oauth/oauth_ask.h"

enum { DEVICE_LIFE_S = 600, DEVICE_INTERVAL_S = 5, DEVICE_CODE_LEN = 9 /* "WDJB-MJHT" */ };
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

struct device_view {
	struct str code, error;    /* as typed; a sentence */
	const char *done;          /* "allowed", "refused"; NULL: not decided */
	struct consent_view consent; /* .ask set once the code is known */
};

/* *error: what the device is to be told (authorization_pending, slow_down, access_denied, expired_token), else *grant
   is filled and the code is used up. */
enum status oauth_device_redeem(struct ctx *ctx, struct str device_code, struct str client, struct oauth_grant *grant,
        const char **error, struct err *e) MUST_CHECK;
/* The scopes of v->ask in plain words. */
void oauth_consent_lines(struct consent_view *v);

#endif
