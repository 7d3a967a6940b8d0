/* SPDX-License-Identifier: Apache-2.0
 *
 * Ghost's Content API (version 5 and 6, ghost.org/docs/content-api/), read-only: front ends and clients that were made
 * for it work with this site as they are.
 */
#ifndef GH_SERVICES_BLOG_CONTENT_API_H
#define GH_SERVICES_BLOG_CONTENT_API_H

#include "platform/web/web.h"

#define CONTENT_KEY_LEN 26 /* lower-case hex digits: what @tryghost/content-api accepts */

/* The site's key, made the first time, kept in its settings; in ctx->arena. */
enum status content_key(struct ctx *ctx, struct db *db, struct str *out, struct err *e) MUST_CHECK;

/* Handlers of service.c's routes; what one returns, struct route says (platform/core/service.h). */
enum status blog_get_content_list(struct web *w, struct err *e);
enum status blog_get_content_one(struct web *w, struct err *e);
enum status blog_get_content_slug(struct web *w, struct err *e);

#endif
