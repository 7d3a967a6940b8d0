/* SPDX-License-Identifier: Apache-2.0
 *
 * SumUp's API as far as a shop needs it (developer.sumup.com: checkouts v0.1, refunds v1.0, transactions v2.1). The
 * card's rows of pay.h stand on it. Answers of the simulator, embedded, come by a contract of the service sumup;
 * everybody else's by HTTPS.
 */
#ifndef GH_SERVICES_CART_SUMUP_H
#define GH_SERVICES_CART_SUMUP_H

#include "base/ctx.h"
#include "base/err.h"
#include "platform/text/json.h"

enum { SUMUP_BODY_MAX = 256 << 10, SUMUP_WAIT_MS = 10000 };

/* Whose account, and where. */
struct sumup_account { struct str url /* "" : the simulator of this site */, merchant, key; };

/* One call. *http: its status; *body: its JSON, owned by the caller, NULL for an empty one. ST_TIMEOUT, ST_UPSTREAM,
   ST_UNAVAILABLE: no answer, so nobody knows whether it was carried out. */
enum status sumup_call(struct ctx *ctx, const struct sumup_account *a, const char *method, struct str path,
        struct str body, int *http, json_t **json, struct err *e) MUST_CHECK;
/* What an error of any of its three shapes says: {error_code, message}, a list of such, problem+json; in a. */
struct str sumup_error(struct arena *a, const json_t *json);

/* Every account that is paid to: the settings' (or the simulator's), then those of pages. In ctx->arena. */
enum status sumup_accounts(struct ctx *ctx, struct sumup_account **out, size_t *n, struct err *e) MUST_CHECK;

/* An amount in major units, as its JSON has it: exact for all that money_parse takes. */
int64_t sumup_minor(const json_t *amount, const char currency[4]);

#endif
