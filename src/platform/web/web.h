/* SPDX-License-Identifier: Apache-2.0
 *
 * A routed request as handlers see it: parameters, forms, cookies, who asks; and the answers they give. A handler
 * returns ST_OK after answering, or a failure with a message: the dispatcher makes the error page or problem+json
 * (RFC 9457) from it, by what the client accepts.
 */
#ifndef GH_PLATFORM_WEB_H
#define GH_PLATFORM_WEB_H

#include "base/buf.h"
#include "base/lang.h"
#include "net/forms/multipart.h"
#include "platform/core/person.h"
#include "platform/core/service.h"
#include "platform/core/web_url.h"
#include "platform/text/html.h"

/* An access token that came with a request (RFC 6750). */
struct bearer {
	struct str client, scope;    /* application, and what it was let do: "read write:statuses" */
	const struct person *person; /* NULL: the application itself */
};
/* Is `wanted` among the scopes, or within one: "read:statuses" in "read"? */
bool scope_covers(struct str scopes, const char *wanted);

struct web {
	struct http_req *req;
	struct ctx *ctx;            /* == &req->ctx */
	const struct route *route;
	struct params path;
	const struct person *person; /* NULL: visitor. On routes with ROUTE_CACHE: web_own */
	const struct bearer *bearer; /* the token that said so; NULL: a session did, or nobody */
	struct form query_, form_;   /* parsed at first use: use the functions */
	bool query_parsed, form_parsed;
	struct multipart *multipart;
	struct str csrf;            /* token for forms of this page: web_csrf */
	struct str csp_nonce;       /* for inline style and script: web_nonce */
	bool forms_leave; /* what answers a form of this page may redirect to another site (signing in, consent):
	                     browsers hold every step against form-action */
	unsigned fragments_missing; /* composed without some piece: such a page is not cached */
};

/* --- in --- */
struct str web_path(const struct web *w, const char *name);     /* path parameter; asserts that the pattern has it */
bool web_path_is(const struct web *w, const char *name); /* does the pattern have it? */
int64_t web_path_int(const struct web *w, const char *name);    /* {x:int} and {x:id} */
struct str web_query(struct web *w, const char *name);          /* p NULL when absent; decoded; first of several */
bool web_query_int(struct web *w, const char *name, int64_t min, int64_t max, int64_t *out); /* false: absent or bad */
/* urlencoded or multipart text fields. ST_INVALID for malformed or over-many fields. */
enum status web_form_load(struct web *w, struct err *e) MUST_CHECK;
struct str web_form(struct web *w, const char *name);
/* Uploaded files (multipart/form-data, RFC 7578), streamed to unlinked temporary files on disk: net/forms/multipart.h.
 */
struct upload *web_upload(struct web *w, const char *field);
struct upload *web_uploads(struct web *w, unsigned *n); /* all of them, as they came; none: *n is 0 */
struct str web_cookie(const struct web *w, const char *name);
struct str web_cookie_plain(const struct web *w, const char *name); /* set with .plain */
/* Who is counted, as class and name in out: the member, else the address; of IPv6 the /64, which is what one visitor
 * has. */
enum { WEB_RATE_KEY_MAX = 96 };
struct str web_rate_key(const struct web *w, const char *class, char out[WEB_RATE_KEY_MAX]);
/* One more of what key counts, as dear as cost: 0, or how many seconds to wait. Nothing is counted where the setting
 * rate.enabled is off. */
struct rate;
int64_t web_rate_wait(struct web *w, struct str key, const struct rate *rate, unsigned cost);
bool web_has_json(const struct web *w); /* is the body application/json? */
bool web_wants_json(const struct web *w);
bool web_is_htmx(const struct web *w); /* wants a piece instead of a page: header `HX-Request` */

/* --- out --- */
enum {
	WEB_PAGE_MAX = 512 << 10
}; /* bytes of an ordinary page before it is composed: buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX) */
enum status web_html(struct web *w, int status, const struct buf *page); /* composes fragments, compresses, caches */
/* The same for a page whose read is still open, so that its fragments made here see the same snapshot for nothing. Ends
 * it. */
enum status web_html_reading(struct web *w, int status, const struct buf *page, struct db_conn **reading);
enum status web_text(struct web *w, int status, const char *type, struct str body); /* ETag, conditional, compressed */
/* The same of a 200 that is not kept (ROUTE_CACHE), for programs that ask again and again: 304 when they have it. */
enum status web_text_tagged(struct web *w, const char *type, struct str body);
/* status 301 302 303 307 308. location: a path of this host, or an address below a service's base URL; anything else is
   ST_INVALID, so that no parameter can send a visitor elsewhere. The external form is for addresses that we chose. */
enum status web_redirect(struct web *w, int status, struct str location);
enum status web_redirect_external(struct web *w, int status, struct str location);
bool web_is_ours(struct ctx *ctx, struct str location); /* would web_redirect take it? For ?next=… */
/* Answers with problem+json (RFC 9457) of st, with this request's id. detail, instance: "" leaves them out. more:
   members behind them, each beginning with a comma, or "". */
void web_send_problem(struct web *w, enum status st, struct str detail, struct str instance, struct str more);
enum status web_json(struct web *w, int status, struct str json);
void web_cache_tag(struct web *w, const char *fmt, ...)
        PRINTF_LIKE(2, 3); /* the cached page goes when this tag is dropped */
void web_no_cache(struct web *w);
/* A response header that a cached page keeps. value must outlive the answer. At most 8. */
void web_header(struct web *w, const char *name, struct str value);

/* A live stream (server-sent events) on a route with ROUTE_STREAM: begins the answer, then calls turn at once and again
   whenever something was committed to the service's database, looking every every_ns, until the client leaves or the
   process ends. turn sends with sse_send(w->req, …); its ctx has memory for that turn alone (1 MiB). Returns why it
   ended: ST_CANCELLED as a rule. */
typedef enum status web_turn(struct ctx *ctx, struct web *w, void *arg, struct err *e);
enum status web_stream(struct web *w, int64_t every_ns, web_turn *turn, void *arg, struct err *e);

struct cookie {
	const char *name;
	struct str value;
	const char *path;
	int64_t max_age_s;  /* <0: session, 0: delete */
	bool http_only, lax;
	bool plain;         /* never the __Host- prefix: read by web_cookie_plain */
	struct str domain;  /* plain only: other hosts below it get it too; "" : this host alone */
};
void web_set_cookie(
        struct web *w, const struct cookie *c); /* Secure and the __Host- prefix when the request is secure */

/* Hidden-field token bound to the visitor's cookie (double submit, HMAC-signed); checked by the dispatcher. */
struct str web_csrf(struct web *w);
/* Who asks for a page that is kept for everybody (ROUTE_CACHE). Such a handler is not told (w->person is NULL), because
   what it writes is for all; what is one's own comes in by fragments. One that needs to know, for this page differs by
   who reads it, asks here: w->person is set, and the page is kept for visitors alone. */
const struct person *web_own(struct web *w);
bool web_is_kept(const struct web
                *w); /* may this answer be kept and shown to everybody? Then it has nothing of one visitor in it */
struct str web_nonce(struct web *w);

/* The languages that people choose among here, *n of them; in ctx->arena. */
const struct lang_info *const *web_langs(struct ctx *ctx, size_t *n);

/* Fingerprinted URL of an embedded asset ("site.css" → "/assets/site.3f2a….css"). */
const char *asset_url(const char *name);

/* --- the shell: what stands around the content of every page of every service ---------------------------------- */

/* Filled by the handler, written by tpl_shell_open/_close (platform/templates/shell.html). Brand, menus and sign-in
   menu come in as fragments, so the shell is the same whichever process renders it. Empty strings leave their element
   out. */
struct page_shell {
	struct str title;           /* the whole <title>: "Bread on Fridays – Millrace" */
	struct str site_name, description;
	struct str lang;            /* BCP 47, of what the site says itself; "": that of its words around */
	struct str canonical, prev, next; /* absolute URLs */
	struct str image, image_alt; /* absolute URL, and what is to be seen there */
	int image_width, image_height; /* 0: not known */
	struct str og_type;         /* "article"; "website" when empty */
	struct str og_title, og_description; /* for those who share the page; empty: title and description */
	struct str twitter_title, twitter_description, twitter_image; /* empty: as before */
	struct str feed;            /* URL of the page's own RSS feed */
	struct str kind;            /* class of <body>: "home", "post" */
	struct str visits;          /* where the page tells that it was opened; "" or p NULL: nowhere */
	bool noindex;
	bool forms;                 /* the page has forms or tables: forms.css */
	struct safe_html head_extra; /* JSON-LD and the like, made by a template */
};
/* Of a page with forms, tables or a person's own things: "Members – Millrace", not for search engines. */
struct page_shell web_shell(struct web *w, const char *title);
/* Of a page for everybody: kind is its class, description "" its title. */
struct page_shell web_public_shell(struct web *w, struct str title, struct str description, const char *kind);

#endif
