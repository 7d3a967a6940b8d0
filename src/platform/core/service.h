/* SPDX-License-Identifier: Apache-2.0
 *
 * A service is a table. Each src/services/<name>/service.c exports one `const struct service` that points at const
 * tables of all it offers; platform/core/services.def names them. The dispatcher enforces what the flags say, so
 * handlers never repeat it. Boot refuses duplicates and dangling names (registry.c).
 *
 * Tables end with a zeroed row. In a row, what everyone reads without a name comes first (method, pattern, handler);
 * the rest has names:
 *
 *     { "GET", "/posts/{id:id}", blog_get_post, .flags = ROUTE_AUTH, .help = "A post" },
 */
#ifndef GH_PLATFORM_SERVICE_H
#define GH_PLATFORM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "db/db.h"
#include "net/conn/http.h"

struct web;            /* platform/web/web.h: a routed request */
struct platform;
struct fragment_req;   /* platform/peers/fragment.h */
struct event;          /* platform/work/event.h */
struct job;            /* platform/work/job.h */
struct config;         /* platform/config/config.h */
struct contract_def;   /* platform/peers/contract.h */
struct buf;
struct params;         /* platform/core/person.h */
struct person;         /* platform/core/person.h */
struct web_app;        /* platform/web/web_app.h */
struct bearer;         /* platform/web/web.h */

/* --- routes --- */
enum route_flag {
	ROUTE_AUTH = 1 << 0,     /* signed in, else redirect to sign in (HTML) or 401 */
	ROUTE_ADMIN = 1 << 1,    /* an administrator: the same as role "admin" */
	ROUTE_NO_CSRF = 1 << 2,  /* unsafe method without a form token: signed or bearer-authenticated requests */
	ROUTE_CACHE = 1 << 3,    /* GET: the page is the same for everybody, but for pieces per person, and kept
	                            (web_page.c). Its handler does not see who asks: web_own */
	ROUTE_INTERNAL = 1 << 4, /* only with a valid signature between processes, or on the internal listener */
	ROUTE_OPS = 1 << 5,      /* only from loopback or on the operations listener */
	ROUTE_LARGE = 1
	        << 7, /* GET: a page that may need more memory than requests have (a long post, a feed). One that ends
	                 for want of it is made once more with http.large_memory, few at once (http.large_at_once) */
	ROUTE_API = 1 << 8,    /* for programs: failures are problem+json whatever is accepted, never a redirect to sign
	                          in; any origin may ask (CORS; preflights are answered before the handler) */
	ROUTE_STREAM = 1 << 6, /* no request deadline: events, sockets, downloads */
};
enum rate_class {
	RATE_USUAL /* by the method: reading for GET and OPTIONS, else writing */,
	RATE_READ,
	RATE_WRITE,
	RATE_SIGN_IN,
	RATE_NONE
};

/* Pattern: "/", "/tag/{slug:slug}", "/p/{id:id}/edit", "/@{name}", "/{path:path}" (rest of the path, slashes too).
   Types: slug ([a-z0-9-], ≤ 191), int (int64 ≥ 0), id (13 base32), hex, text (one segment), path.
   What stands before a parameter in its segment is part of the pattern, not of the value.
   The most specific route wins: literal segments before ones that begin with a literal, before typed ones before text
   before path. */
struct route {
	const char *method;  /* "GET" serves HEAD too */
	const char *pattern;
	/* Runs in the request's fiber and may wait. ST_OK: it has begun the answer on w (web_page and its like). Any
	   other status: it has not, and the status with e's sentence becomes the answer (errors.def). w and its arena
	   end with the request. */
	enum status (*handle)(struct web *w, struct err *e);
	unsigned flags;
	enum rate_class rate; /* 0: as usual for the method */
	uint32_t body_max;   /* bytes; 0: 64 KiB for methods with a body */
	uint32_t cache_s;    /* ROUTE_CACHE: soft time to live (60) */
	const char *help;    /* one line for the route list */
	const char *scope;   /* an access token (RFC 6750) with this scope, or an outer one of it ("read" of
	                        "read:statuses"), says who asks as well as a session does; "": any token. Then no CSRF
	                        token is asked for, and struct web has .bearer. NULL: sessions alone */
	const char *role;    /* who may (implies ROUTE_AUTH): a role of this service or of the site, or several with a
	                        space between them, of which one is enough; NULL: see flags */
};

enum rate_class route_rate(const struct route *r); /* never RATE_USUAL */

/* --- roles: what a person can be made in this service, beside the site's own (core/person.h) --- */
struct role_def { const char *name /* "keeper" */, *title, *help; };

/* --- where people find a service's pages (core/pages.h) --- */
enum page_place {
	PLACE_ADMIN = 1, /* the administration, by group */
	PLACE_ACCOUNT,   /* tabs of a member's own pages */
	PLACE_MENU,      /* the sign-in menu of every page's header */
	PLACE_BELOW,     /* second row of tabs, of the pages under another one */
};
struct page_row {
	enum page_place place;
	const char *path;    /* of this service: "/admin/members" */
	const char *title, *help;
	const char *group;   /* PLACE_ADMIN: "People"; a group stands once, whoever adds to it */
	const char *under;   /* PLACE_BELOW: path of the page that it is under */
	const char *role;    /* who sees it; NULL: administrators of PLACE_ADMIN, members elsewhere */
	int rank;            /* lower first in its group or row; equal: as declared */
	bool exact;          /* current on this very path alone: it is the beginning of its neighbours' */
};

/* --- first steps: what the owner of a new site is asked to do, on the administration's front page --- */
struct first_step {
	const char *path, *title, *help;
	enum status (*done)(struct ctx *ctx, bool *done, struct err *e); /* in a process that runs the service */
};

/* --- notices: what a service writes to people about, so that they can choose (account's page of notifications) --- */
struct notice_def {
	const char *topic /* "blog.newsletter" */, *title, *help;
	bool by_mail; /* unless somebody chose */
	const char *role; /* of the service or the site: whom it concerns; NULL: everybody */
};

/* --- fragments: pieces of HTML that pages of other services include --- */
struct fragment_def {
	const char *type;    /* "auth-menu" */
	enum status (*render)(struct fragment_req *f, struct buf *out, struct err *e);
	uint32_t soft_s;     /* fresh for so long; then served stale while one refresh runs */
	bool per_person;     /* the cache key has the person in it */
	const char *params;  /* names that are part of the key, space separated: others are dropped */
	const char *cookie;  /* name of a cookie: the piece is its own for who has it ("gh_basket"); NULL: none.
	                        Pieces per person or cookie are holes of a page that is kept for everybody */
};

/* --- events --- */
struct event_handler {
	const char *type;    /* "post.published"; "*" for all */
	const char *origin;  /* service whose activities it takes; NULL: its own; "*": every one's */
	const char *name;    /* unique in the service: one mark per (handler, event) makes it idempotent */
	enum status (*handle)(struct ctx *ctx, const struct event *ev, struct err *e);
};

/* --- jobs --- */
struct job_def {
	const char *kind;    /* "import.ghost" */
	enum status (*run)(struct ctx *ctx, const struct job *j, struct err *e);
	uint16_t attempts;   /* 0: 5 */
	uint16_t time_s;     /* 0: 15; the fiber's deadline and the lease */
	uint32_t backoff_s, backoff_max_s; /* 0: 30 s doubling to 600 s, ±20 % */
	uint16_t at_once;    /* of this kind in one process; 0: as many as there are workers */
	int8_t priority;     /* higher first; 0 */
	const char *cron;    /* "*\/5 * * * *" (UTC) enqueues it by itself, once per tick over all replicas; NULL */
};

/* --- background parts: fibers of a service's own, in each process that runs it (work/background.h) --- */
struct background_def {
	const char *name;    /* "settings.watch" */
	enum status (*turn)(struct ctx *ctx, struct err *e);
	uint32_t every_ms;   /* between turns; after one that failed twice as long each time, from 1 s to 60 s */
	uint16_t time_s;     /* deadline of a turn; 0: 30 */
	bool once;           /* of a row that every service has: one of those in the process does it */
};

/* --- search: kinds of what a service's contract "search" (peers/shapes.dto) finds --- */
struct search_def { const char *kind /* "posts" */, *title /* "Posts" */; };

/* --- measures: what a service counts of its own, in /metrics and as a plot on /admin/operations --- */
struct measure_def {
	const char *name;    /* "orders" */
	const char *title;   /* "Orders placed" */
	const char *unit;    /* "per minute", "open"; of a rate it says what of */
	bool rate;           /* it counts up, and is shown as how much is added each second */
	int64_t (*read)(struct service_instance *s); /* on any loop, every few seconds: without waiting */
};

/* --- settings: rows of the one configuration table --- */
enum setting_kind { SET_STR, SET_INT, SET_BOOL, SET_DURATION /* ns */, SET_BYTES, SET_ENUM, SET_SECRET };
struct setting {
	const char *section, *key;
	enum setting_kind kind;
	const char *fallback;   /* the default, as text */
	int64_t min, max;       /* SET_INT, DURATION, BYTES */
	const char *choices;    /* SET_ENUM, space separated */
	bool live;              /* SIGHUP applies it without a restart */
	const char *help;       /* a sentence */
};

struct service {
	const char *name;        /* "blog" */
	const char *title;       /* "Site" */
	const char *mount;       /* default path of its base URL: "/" or "/account" */
	const char *summary;
	const struct route *routes;
	const struct fragment_def *fragments;
	const struct contract_def *const *contracts; /* NULL-terminated */
	const struct event_handler *events;
	const struct job_def *jobs;
	const struct background_def *backgrounds;
	const struct setting *settings;
	const struct role_def *roles;
	const struct notice_def *notices;
	const struct page_row *pages;
	const struct first_step *steps;
	const struct measure_def *measures;
	const struct search_def *searches;
	const struct db_migration_set *migrations;
	bool media;              /* keeps pictures and files, served below /media/ of its base URL (media_routes) */
	bool identity;           /* the provider that the others are clients of: one service at most */
	/* Is what the settings name there, and right? Before any start, and by `guildhall doctor`; changes nothing.
	   ST_CONFIG says what to mend. NULL: nothing to look at. */
	enum status (*check)(struct ctx *ctx, struct err *e);
	/* After migrations, before serving, in a fiber. May enqueue jobs, warm caches. NULL: nothing. */
	enum status (*start)(struct ctx *ctx, struct err *e);
	/* When `serve` is about to answer, after start and demo: what whoever started it should know. NULL: nothing. */
	enum status (*ready)(struct ctx *ctx, struct err *e);
	/* Put demonstration content into an empty database (--demo). */
	enum status (*demo)(struct ctx *ctx, const char *demo_dir, struct err *e);
};

/* A service as it runs here: one per service and process. Read-only after boot. */
struct service_instance {
	const struct service *def;
	struct db *db;
	struct platform *platform;
	struct str base_url; /* "https://blog.example.org" or "http://localhost:8080/account": no slash at the end */
	struct str base_path;    /* path part of base_url: "" or "/account" */
	bool local;              /* runs in this process */
	struct str remote_url;   /* !local: where its internal listener answers */
	void *state;             /* the service's own, made by start */
	int64_t settings_mark;   /* of what is kept for it: platform/admin/settings.c's */
};

extern const struct service *const services_all[]; /* NULL-terminated, from services.def */

/* Every cookie that may sign somebody in begins so: the page cache keeps away from requests with one. */
#define SESSION_COOKIE_PREFIX "gh-"

/* What the web layer asks of sign-in, which stands above it (auth/session.c). */
struct auth_hooks {
	/* *out: who asks; NULL: a visitor. A failure: the store can't say. */
	enum status (*identify)(struct web *w, const struct person **out, struct err *e);
	/* Whom an access token stands for, and what it may. ST_NOT_FOUND: none of ours, or not any more. */
	enum status (*bearer)(struct web *w, struct str token, struct bearer *out, struct err *e);
	/* The same as identify without waiting, for the loop. False: it takes a fiber to say. */
	bool (*peek)(struct web *w, const struct person **out);
	/* Should this visitor be signed in silently first? True: answered with a redirect. */
	bool (*silently)(struct web *w);
	/* Where to sign in, coming back to that address of ours; in the request's arena. */
	struct str (*sign_in_url)(struct web *w, struct str back);
	/* Can the auth store be reached within the deadline of ctx? */
	enum status (*ping)(struct ctx *ctx, struct platform *p, struct err *e);
	/* Runs the handler of a form that was sent, unless the very same was sent just now: then that one's answer is
	   given again. sent: what makes it the same. */
	enum status (*once)(struct web *w, struct str sent, enum status (*handle)(struct web *w, struct err *e),
	        struct err *e);
	const struct route *routes; /* of each client, below its mount */
};

/* The process-wide parts that services reach through ctx->svc->platform. Made by main; read-only after boot. */
struct platform {
	struct config *config;
	struct loops *loops;      /* background work is spread over them; NULL: the current loop alone */
	struct service_instance *services;
	unsigned service_count;
	struct cache *cache;
	struct redis *redis;      /* data Redis; NULL: not configured */
	struct redis *auth_redis; /* NULL: not configured */
	struct ratelimit *rates;
	struct hub *hub;          /* live updates */
	struct sampler *sampler;  /* of measures, for /admin/operations; NULL: none */
	struct mailer *mailer;
	struct media *media;
	struct http_pool *pool_read, *pool_action, *pool_web; /* contract reads / actions / the outside world */
	struct jobs *jobs;
	struct events *events;
	const struct page_row *own_pages; /* of the platform itself, in the administration; NULL: none */
	const struct event_handler
	        *common_events; /* what every service with a database takes beside its own; NULL: nothing */
	struct fragments *fragments;
	struct contracts *contracts;
	struct str data_dir;
	struct str secret;        /* 32 bytes: key for tokens and signatures between processes */
	bool dev;
	_Atomic int draining;
	struct web_app *web;
	const char *version;      /* of the program; NULL: not told */
	/* Who asks: auth/session.h. identity: who signs people in; NULL: nobody does, everybody is a visitor. */
	struct authstore *auth;
	struct session_cache *sessions;
	struct service_instance *identity;
	const struct auth_hooks *auth_hooks; /* NULL with identity */
};
/* Of its base URL: "https://id.example.org:8443", and "id.example.org" ("[::1]" for an IPv6 one). */
struct str service_origin(const struct service_instance *s);
struct str service_host(const struct service_instance *s);
struct service_instance *platform_service(struct platform *p, const char *name); /* NULL when unknown */
/* Is the service of that name run here, or by a process that we know of? */
bool platform_has(struct platform *p, const char *name);

#endif
