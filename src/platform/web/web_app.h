/* SPDX-License-Identifier: Apache-2.0
 *
 * The application behind the HTTP server: routes requests, enforces what the routes' flags say, answers failures. Made
 * once at boot, read-only afterwards; web_app_http() gives the face that one listener's server wants.
 */
#ifndef GH_PLATFORM_WEB_APP_H
#define GH_PLATFORM_WEB_APP_H

#include "platform/web/web.h"

enum web_role {
	WEB_PUBLIC,
	WEB_INTERNAL, /* other processes of this site: ROUTE_INTERNAL without a signature */
	WEB_OPS,      /* operations: ROUTE_OPS from anywhere */
	WEB_ROLES
};

/* extra: NULL-terminated list of route tables that belong to no service (health, contracts, fragments). */
struct web_app *web_app_new(struct platform *p, const struct route *const *extra, struct err *e);
void web_app_free(struct web_app *a);
void web_app_http(struct web_app *a, enum web_role role, struct http_app *out);
/* The parts of the process that answers w: for handlers of routes that belong to no service. */
struct platform *web_platform(const struct web *w);
struct router;
const struct router *web_app_router(const struct web_app *a);

extern const struct route ops_routes[]; /* /healthz, /readyz, /metrics */
extern const struct route lang_routes[]; /* /site/language: a visitor's choice */
/* /media/{path} of each service whose table says .media. A link names the service that kept the file, for its process
   has it: web_url(ctx, "account", "/media/%.*s", STR_ARG(path)). */
extern const struct route media_routes[];
/* Job media.finish, payload { "sha": … }: the variants of a picture that was put for later (media.h). */
struct job;
enum status media_finish_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
