/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the web layer: what web_*.c share. A request is one `struct web_req` in its arena from the dispatcher on;
 * handlers see its first member.
 */
#ifndef GH_PLATFORM_WEB_INT_H
#define GH_PLATFORM_WEB_INT_H

#include <pthread.h>

#include "base/lang.h"
#include "platform/cache/cache.h"
#include "platform/peers/fragment.h"
#include "platform/web/router.h"
#include "platform/web/web_app.h"
#include "rt/sync.h"

#define WEB_HEADERS_FIRST 8 /* that a handler sets before more room is made */
#define PAGE_KEY_MAX 1024
#define PAGE_QUERY_MAX 256 /* longer ones are nobody's link: never cached */
#define FLIGHTS 256
#define LARGE_WAITING 64 /* for the memory of a large page; more get 503 */
#define CSP_FORMS "; form-action " /* the last directive, so that it can be left out (web->forms_leave) */

/* Of all fibers that miss a page one renders it; the others wait for that one, or serve the stale page. */
struct flights {
	pthread_mutex_t lock;
	struct waitq landed;
	uint64_t hashes[FLIGHTS]; /* 0: free */
};

struct web_listener { struct web_app *app; enum web_role role; };

struct web_app {
	struct platform *platform;
	struct router *router;
	struct web_listener listeners[WEB_ROLES];
	struct flights flights;
	struct fsem large; /* pages that need more memory than a request has: ROUTE_LARGE */
	struct service_instance *front; /* whose links the platform's own pages make */
	const char **own_cookies;       /* that pieces are kept by, of all services */
	unsigned own_cookie_count;
	struct buf csp;                 /* scripts, styles and fonts by default-src: from here, none inline */
	char *problems[ST_COUNT];       /* what is sent when there is no memory or no request */
	char *pages[LANG_COUNT][ST_COUNT]; /* of a pseudo-language none */
};

/* r->app_data from fast() on. */
struct web_note {
	struct web_app *app;
	enum web_role role;
	const struct route_entry *entry; /* NULL: no route */
	struct web_req *wr;
	bool cached;
};

struct web_req {
	struct web w;
	struct web_note *note;
	struct match match;
	struct http_header first_headers[WEB_HEADERS_FIRST], *headers; /* that the handler set; NULL: the first */
	unsigned header_count, header_room;
	struct buf tags;
	bool negotiated;      /* the handler asked what kind is wanted */
	struct str page_key;  /* p NULL: this answer is not for the page cache */
	bool own;             /* asked by somebody who may have pieces of their own */
	bool personal;        /* the handler looked at who asks: web_own */
	const struct person *who; /* NULL: a visitor. w.person is not told on kept routes */
	struct fragment_holes holes; /* of the page that is being kept */
	uint64_t flight;      /* 0: none claimed */
	struct cache_moment since; /* when the handler began */
};
static inline struct web_req *web_req_of(const struct web *w) { return (struct web_req *)(uintptr_t)w; }
static inline struct web_app *web_app_of(const struct web *w) { return web_req_of(w)->note->app; }

/* Which of the kinds of JSON that addresses are negotiated for is wanted rather than HTML; "": HTML. Part of a kept
   page's key, so that nobody gets what another kind of program was answered. */
const char *web_kind_of(const struct http_req *r);

/* --- web_page.c: the page cache --- */
/* Is it a page that is kept? May who asks have pieces of their own? */
bool page_wanted(const struct web_note *n, const struct http_req *r);
bool page_is_own(const struct web_app *a, const struct http_req *r);
/* Of the language that it is for: "" is the site's. who: NULL, a visitor. */
const char *page_lang_tag(const struct web_app *a, const struct http_req *r, const struct person *who);
/* Its key in that language, or p NULL: too long. Written to buf. */
struct str page_key(const struct web_note *n, const struct http_req *r, const char *tag, char buf[PAGE_KEY_MAX]);
/* Answer from level 1 if that is possible without waiting: a visitor; who has pieces of their own. */
bool page_serve_fast(struct web_note *n, struct http_req *r, struct str key);
bool page_serve_own_fast(struct web_req *wr);
/* In the fiber, before the handler: true when another fiber's page (or a stale one, level 2's) answered. */
bool page_serve(struct web_req *wr, struct err *e);
void page_release(struct web_req *wr); /* the handler is done, whatever it did */
/* May this answer be kept? If so, keeps it and sends it. False: send it yourself. */
bool page_keep_and_send(struct web_req *wr, const char *type, struct str body);
void flights_init(struct flights *f);

/* --- web_out.c --- */
void web_security_headers(struct web *w, const char *type);
/* "\"…\"" of a body: the same in every process. */
#define ETAG_MAX 24
void web_etag(struct str body, char out[ETAG_MAX]);
void web_hsts(const struct web_app *a, struct http_req *r); /* Strict-Transport-Security, on answers over TLS */
bool type_is_html(const char *type);
/* Who asks, as pieces are made for them. */
struct fragment_who web_who(const struct web *w);
/* One piece of who asks; "": it can't be had. In a fiber. */
struct str web_own_piece(struct web *w, const struct fragment_who *who, const struct fragment_hole *hole);

/* --- web_lang.c --- */
/* What the request itself asks for: the choice made in this browser, else Accept-Language. False: neither says. For the
   loop, too. */
bool web_lang_asked(const struct web_app *a, const struct http_req *r, enum lang *out);
/* Sets the language of the running fiber by the request, else by the site; and by the person, once known. */
/* What a person chose to read. For the loop, too. */
bool web_lang_of(const struct web_app *a, const struct person *who, enum lang *out);
void web_lang_choose(struct web *w);
void web_lang_person(struct web *w);

/* --- web_api.c: routes for programs --- */
/* Of a header "Authorization: Bearer …"; p NULL: there is none. */
struct str api_token(const struct web *w);
/* Sets bearer and person of w. ST_UNAUTHENTICATED, ST_FORBIDDEN with the challenge that says why. */
enum status api_identify(struct web *w, struct str token, struct err *e) MUST_CHECK;
void api_challenge(struct web *w, const char *why); /* "error=\"…\"", or "" */
void api_headers(struct web *w); /* of ROUTE_API: any origin may read the answer */
void api_preflight(struct web *w, const char *methods);

/* --- csrf.c --- */
/* ST_CSRF, unless the request is safe. Loads the form. */
enum status csrf_check(struct web *w, struct err *e) MUST_CHECK;
/* What makes a form the one that was sent, in the request's arena: the token that it was drawn with, which no two pages
   share, where it goes, and all its fields. p NULL: it has no token of this browser's, or carries files. */
struct str csrf_sent(struct web *w);

/* --- web_error.c --- */
void web_answer_error(struct web *w, enum status st, const struct err *e);
enum status web_error_build(struct web_app *a, struct err *e) MUST_CHECK; /* fills problems and pages */
void web_error_free(struct web_app *a);
/* In the current language. */
struct str web_error_static(struct web_app *a, int http, bool wants_json, const char **type);

#endif
