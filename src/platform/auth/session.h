/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asks. One service is the identity provider (identity: its table has .identity); it signs people in and keeps its
 * own cookie, the single sign-on (AUTH_SSO). Every other service is a client of it with a first-party cookie of its
 * own, gh-<service>, and gets these routes below its mount without doing anything:
 *
 *     GET  /auth/login     to the provider and back: ?next=, ?silent=1 (never asks anything; OpenID Connect
 * prompt=none) GET  /auth/callback  the way back: the code becomes a session (AUTH_SESSION) GET  /auth/logout    asks;
 * POST /auth/logout ends the single sign-on: every service sees that at its next request
 *
 * A session is good while its entry and the single sign-on it came from stand. A page for visitors is fetched silently
 * signed in when the hint cookie says that somebody is signed in here (set by the provider for server.domain, or for
 * its host), the provider is there, and no attempt failed in the last minute (cookie gh_quiet). Top-level redirects
 * only: works with third-party cookies blocked.
 */
#ifndef GH_PLATFORM_AUTH_SESSION_H
#define GH_PLATFORM_AUTH_SESSION_H

#include "gen/shapes_contract.h"
#include "platform/auth/store.h"
#include "platform/web/web.h"

#define SESSION_HINT_COOKIE "gh-known"
#define SESSION_QUIET_COOKIE "gh_quiet" /* not of the prefix: pages for those who failed to sign in silently are everybody's */

enum { SSO_LIFE_S = 30 * 86400, SSO_SEEN_S = 600 /* how exact "last seen" is */ };

/* The single sign-on: value of AUTH_SSO as JSON. Owner: "p:<person>". */
struct sso {
	struct str key;      /* hash of the provider's cookie; sessions refer to it */
	struct str sid;      /* public name (OpenID Connect `sid`) */
	int64_t person;
	struct str name, email, handle;
	struct str roles;    /* "admin market.keeper": see person_may */
	struct str amr;      /* how: "pwd otp", "link", "webauthn" (RFC 8176) */
	struct str zone;     /* the person's time zone, "" : not chosen */
	struct str lang;     /* and language, BCP 47 */
	struct str agent;    /* "Firefox on Linux": what the browser said of itself, without place */
	int64_t auth_us;     /* when the person proved who they are */
	int64_t seen_us;     /* within SSO_SEEN_S */
	int64_t expires_us;
};

/* Cookies belong to a name. A sign-in under another name of the site than its base URL's (127.0.0.1 and localhost)
   would end where its cookies are not seen: it goes on under the right name. True: *st is the redirect's. Once: a proxy
   may hide the name that was asked for. */
bool session_move_home(struct web *w, enum status *st);

/* --- for the identity provider --- */

/* Somebody proved who they are: a new single sign-on with a new secret, the provider's cookie and the hint. A former
   one of this browser ends (session fixation). */
enum status sso_begin(struct web *w, const struct sso *s, struct err *e) MUST_CHECK;
/* What the browser says of itself, in a: struct sso's agent. */
struct str sso_agent(struct arena *a, const struct http_req *req);
/* What sso_agent made, as it is kept, in the current language. */
struct str sso_agent_shown(struct arena *a, struct str agent);
/* Of this request; ST_NOT_FOUND: nobody. */
enum status sso_current(struct web *w, struct sso *out, struct err *e) MUST_CHECK;
/* The person proved it again, or more of it: auth_us and amr. */
enum status sso_update(struct ctx *ctx, const struct sso *s, struct err *e) MUST_CHECK;
/* End one by its key (not of this browser alone), its sessions and unused codes with it. ST_OK also when it is gone
 * already. */
enum status sso_end(struct ctx *ctx, struct str key, struct err *e) MUST_CHECK;
/* From an entry of AUTH_SSO. */
enum status sso_parse(struct ctx *ctx, const struct auth_entry *n, struct sso *out, struct err *e) MUST_CHECK;
enum status sso_list(struct ctx *ctx, int64_t person, struct sso **out, size_t *n, struct err *e) MUST_CHECK;
/* Name, e-mail, handle, roles, time zone or language of fresh->person changed: so they do in all that is signed in, at
   its next request, in every process. Who was kept out may sign in again. */
enum status sso_refresh_person(struct ctx *ctx, const struct sso *fresh, struct err *e) MUST_CHECK;
/* From now on no sign-on of that person is good whose proof is from before before_us (auth_us), but for the one with
   the key `but` ("": none); INT64_MAX: none at all, until sso_refresh_person. However many there are; their entries are
   left for whoever tells clients (sso_end). */
enum status sso_end_before(
        struct ctx *ctx, int64_t person, int64_t before_us, struct str but, struct err *e) MUST_CHECK;
/* Keys of those that sso_end_before(before_us, but) ended and that are still kept, at most 1 000; in ctx->arena: for
 * sso_end. */
enum status sso_list_ended(struct ctx *ctx, int64_t person, int64_t before_us, struct str but, struct str **keys,
        size_t *n, struct err *e) MUST_CHECK;
/* Clear the provider's cookie and the hint of this browser. */
void sso_forget(struct web *w);

/* --- between the provider and its first-party clients: contracts that the provider's table offers --- */

/* <provider>/redeem and <provider>/end: session_redeem and session_end of peers/shapes.dto. */

/* --- for the dispatcher --- */

extern const struct auth_hooks session_hooks; /* core/service.h */
/* Where to sign in and come back to that address of ours; in the request's arena. */
struct str session_sign_in_url(struct web *w, struct str back);
extern const struct route session_routes[];   /* of each client */

#endif
