/* SPDX-License-Identifier: Apache-2.0
 *
 * What the site says of itself (title, language, colour), asked of whichever service keeps it, so that pages of all
 * services are headed alike.
 */
#ifndef GH_PLATFORM_SITE_H
#define GH_PLATFORM_SITE_H

#include "gen/shapes_contract.h"
#include "platform/core/service.h"

/* Of the first service with a contract "site" (peers/shapes.dto). Without one, or without an answer in its patience,
   every text is empty: pages have a plainer title, nothing else. Texts in ctx->arena. */
void site_ask_all(struct ctx *ctx, struct site_answer *out);

#endif
