/* SPDX-License-Identifier: Apache-2.0
 *
 * Links from one service into another, made from base URLs only: so a service may move to another path, host or process
 * without a change in any page.
 */
#ifndef GH_PLATFORM_WEB_URL_H
#define GH_PLATFORM_WEB_URL_H

#include "platform/core/service.h"

/* Absolute or relative link into a service: web_url(w->ctx, "blog", "/tag/%s", slug). Path is made from the base URL.
 */
struct str web_url(struct ctx *ctx, const char *service, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for the links that a page has by the dozen, without a format: before, segment and after make the path. */
struct str web_url_around(
        struct ctx *ctx, const char *service, struct str before, struct str segment, struct str after);
struct str web_abs_url(struct ctx *ctx, const char *service, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The domain that all hosts of the site are below; "" when there is one host, or none in common. For cookies. */
struct str site_domain(const struct platform *p);

#endif
