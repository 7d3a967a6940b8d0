/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragment composition. A page holds markers (html.h: {% fragment %}); fragment_compose finds them in one pass and
 * fills them: a function call when the service is local, else one batched, signed HTTP request per service (POST
 * /internal/fragments), cached with stale-while-revalidate and behind a breaker (3 consecutive failures open it for 30
 * s). A piece that can't be had leaves its place empty; the page never fails for it.
 */
#ifndef GH_PLATFORM_FRAGMENT_H
#define GH_PLATFORM_FRAGMENT_H

#include "base/buf.h"
#include "platform/core/person.h"
#include "platform/core/service.h"
#include "platform/text/html.h"

/* A marker in a page, as html_fragment_marker() wrote it: slices of the page, still percent-encoded. */
struct fragment_mark { struct str service, type, params; };
/* Step through a page once: *text gets what stands before the next marker (all, when there is none: false then), *rest
   what follows it. A damaged marker comes out with empty names. O(length) for a whole page. */
bool fragment_next(struct str *rest, struct str *text, struct fragment_mark *m);

struct fragment_req {
	struct ctx *ctx;
	const struct fragment_def *def;
	struct params params;
	const struct person *person; /* NULL: visitor; set only when def->per_person */
	struct str cookie;           /* value of def->cookie; "": the browser has none */
};
/* A parameter of the piece, decoded; p NULL when it was not given or is not in def->params. */
struct str fragment_param(const struct fragment_req *f, const char *name);

struct fragments;
/* After contracts_new. NULL with *e: no memory. Freed by fragments_free, after the last fiber that composes. */
struct fragments *fragments_new(struct platform *p, struct err *e);
void fragments_free(struct fragments *f);

struct fragment_stats { uint64_t local, remote_calls, missing; };
/* Since fragments_new. */
void fragments_stats(const struct fragments *f, struct fragment_stats *out);

/* Kept pieces carry the tags "<service>" and "<service>:<type>", and "person:<id>" when they are per person. Parameters
   are written like a query string, "id=1&t=x", percent-encoded where needed. */

/* Whose pieces: who is signed in (NULL: a visitor), and the header of cookies (p NULL: none), of which each piece sees
   the one that it names; over TLS that is the one with the prefix "__Host-" (web_set_cookie). */
struct fragment_who { const struct person *person; struct str cookies; bool secure; };

/* Where in a composed page a piece stands that others have another one of. The texts are as fragment_get takes them. */
struct fragment_hole { size_t at, len; struct str service, type, params; };
struct fragment_holes { struct fragment_hole *list; unsigned n; };

/* Append page to out with every marker replaced. *missing counts those left empty. `reading`: a read of ctx that the
   pieces made here may join, or NULL; it is ended before anything is waited for. holes: NULL, or set to where the
   pieces per person or cookie are in out, in order; in ctx->arena. */
enum status fragment_compose(struct ctx *ctx, const struct fragment_who *who, struct str page,
        struct db_conn **reading, struct buf *out, struct fragment_holes *holes, unsigned *missing,
        struct err *e) MUST_CHECK;
/* One piece, through the cache. */
enum status fragment_get(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct buf *out, struct err *e) MUST_CHECK;
/* One piece, if it is in level 1 of the cache and fresh: *html is a reference then. Never waits: for the loop. */
bool fragment_peek(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct blob **html);
/* Tag of the kept pieces of a service that belong to that value of their cookie: for cache_drop_tag, in a. */
struct str fragment_cookie_tag(struct arena *a, const struct service_instance *s, struct str cookie);

#endif
