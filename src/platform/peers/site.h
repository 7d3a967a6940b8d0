/* SPDX-License-Identifier: Apache-2.0
 *
 * What the site says of itself (title, language, colour), asked of whichever service keeps it, so that pages of all
 * services are headed alike.
 */
#ifndef GH_PLATFORM_SITE_H
#define GH_PLATFORM_SITE_H

#include "base/lang.h"
#include "gen/shapes_contract.h"
#include "platform/core/service.h"

/* Of the first service with a contract "site" (peers/shapes.dto). Without one, or without an answer in its patience,
   every text is empty: pages have a plainer title, nothing else. Texts in ctx->arena. */
void site_ask_all(struct ctx *ctx, struct site_answer *out);
/* The language that the site is in; English without one of which there is a catalogue. */
enum lang site_lang(struct ctx *ctx);
/* That of a person who chose `locale` (BCP 47; "": did not choose, or nobody known): for letters. */
enum lang lang_of_person(struct ctx *ctx, struct str locale);

#endif
