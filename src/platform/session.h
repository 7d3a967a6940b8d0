/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asks: a browser's session with one service. Federation is the authorization server; every service is its client, with a
 * cookie of its own (`__Host-gh-<service>` over TLS, `gh-<service>` otherwise: HttpOnly, SameSite=Lax, Path=/) and three routes
 * made for it from its service table, below its base path:
 *
 *     GET  /auth/login?next=/path   to federation's /oauth/authorize (code + PKCE + state), &silent=1 with prompt=none
 *     GET  /auth/callback           redeems the code through the contract federation/redeem; new session id (no fixation)
 *     POST /auth/logout             ends the single sign-on, hence every service's session, and the cookie
 *     POST /auth/backchannel        OpenID Connect back-channel logout (for services in the world of other programs' tokens)
 *
 * A session is valid while its entry stands in the auth store, its person's epoch is the one it was made with, and its single
 * sign-on was not ended: checked on every request, from memory when the store says that nothing changed (≤ 5 µs).
 * A route with ROUTE_AUTH sends a visitor's browser through /auth/login; one who is signed in with federation comes
 * back without a question. Where services live on sub-domains, a hint cookie on the parent domain tells that a silent sign-in is
 * worth trying; a 60 s `did_auth` mark stops loops.
 */
#ifndef GH_PLATFORM_SESSION_H
#define GH_PLATFORM_SESSION_H

#include "platform/web.h"

/* The `identify` hook of the dispatcher: *out NULL for a visitor. In the request's arena. */
enum status session_identify(struct web *w, const struct person **out, struct err *e);

/* Made by federation when a browser has proved who it is. sid names the single sign-on, amr how ("pwd", "otp", "hwk", "link"). */
struct session_new { int64_t person; struct str sid; int64_t auth_time_us; struct str amr; };

enum status session_get_login(struct web *w, struct err *e);
enum status session_get_callback(struct web *w, struct err *e);
enum status session_post_logout(struct web *w, struct err *e);
enum status session_post_backchannel(struct web *w, struct err *e);
/* The rows above, mounted by the registry for every service but federation. */
extern const struct route session_routes[];

/* Only a path below one of our own base URLs is a place to return to; else "/" of the service. No open redirect. */
struct str session_safe_next(struct ctx *ctx, struct str next);

#endif
