/* SPDX-License-Identifier: Apache-2.0
 *
 * From host, path and method to a route. A tree of path segments per host, built once at boot from the tables of all
 * services that run here; read-only afterwards, so any thread may match. Matching allocates nothing.
 *
 * Where several patterns fit, the first segment that differs decides: literal before id, int, hex, slug, text, path.
 */
#ifndef GH_PLATFORM_ROUTER_H
#define GH_PLATFORM_ROUTER_H

#include "platform/web/web.h"

#define ROUTE_PARAMS_MAX 8
#define ROUTE_SEGMENTS_MAX 24

struct route_entry {
	const struct route *route;
	struct service_instance *svc; /* NULL: the platform's own */
	const char *pattern;          /* with the base path of the service */
	struct str names[ROUTE_PARAMS_MAX];
	unsigned param_count;
};

enum match_kind {
	MATCH_NONE,
	MATCH_ROUTE,
	MATCH_METHOD,  /* the path is known, the method is not: allow */
	MATCH_SLASH,   /* with or without the last slash there is a route: redirect there */
};
struct match {
	enum match_kind kind;
	const struct route_entry *entry;
	struct param params[ROUTE_PARAMS_MAX];
	unsigned param_count;
	bool api;           /* some route of the path is a ROUTE_API */
	char allow[64];     /* MATCH_METHOD: "GET, HEAD, OPTIONS"; also set for MATCH_ROUTE with OPTIONS */
	bool add_slash;     /* MATCH_SLASH */
};

struct router;
struct router *router_new(void); /* NULL when memory is out */
/* After the last match. NULL is fine. */
void router_free(struct router *r);
/* host: lower case, without port; "" for all hosts. base: path in front of every pattern: "" or "/account".
   ST_CONFIG: pattern not understood, or method and pattern taken already (says by whom). */
enum status router_add(struct router *r, struct str host, const char *base, const struct route *route,
                       struct service_instance *svc, struct err *e) MUST_CHECK;

/* host as in http_req. Params point into path. */
void router_match(const struct router *r, struct str host, struct str method, struct str path, struct match *out);

/* All entries in order of registration: for `dump routes`. */
size_t router_entries(const struct router *r, const struct route_entry *const **out);

#endif
