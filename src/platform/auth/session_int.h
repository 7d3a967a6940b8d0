/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside sign-in: what sso.c, session.c and session_routes.c share.
 */
#ifndef GH_PLATFORM_AUTH_SESSION_INT_H
#define GH_PLATFORM_AUTH_SESSION_INT_H

#include "platform/auth/session.h"

/* "gh-blog" in ctx->arena. */
const char *session_cookie_name(struct ctx *ctx, const struct service_instance *svc);
/* The cookie of that name, of w's service; max_age_s 0: it is taken back. */
void session_set_cookie(struct web *w, struct str secret, int64_t max_age_s);
/* Key of AUTH_SESSION: the service's name with the hash of its cookie, so that no other service's cookie fits. */
struct str session_key(struct ctx *ctx, struct str hash);

/* Who is behind that cookie of ctx->svc; from memory while the store is as it was. ST_NOT_FOUND: nobody. */
enum status session_find(struct ctx *ctx, struct str secret, struct sso *out, struct err *e) MUST_CHECK;

/* Lays what is true of the person now over what s says. ST_NOT_FOUND: s is one of those that ended. */
enum status sso_current_person(struct ctx *ctx, struct sso *s, struct err *e) MUST_CHECK;
enum status sso_by_key(struct ctx *ctx, struct str key, struct sso *out, struct err *e) MUST_CHECK;
/* Is it long that it was last seen? Then sso_saw has to be told. */
bool sso_is_unseen(const struct sso *s);
void sso_saw(struct ctx *ctx, const struct sso *s); /* keep seen_us within SSO_SEEN_S */
struct str sso_sessions_owner(struct ctx *ctx, struct str key); /* owner of the sessions that came from it */

/* Where an auth path of this service is: "/account/auth/login"; absolute: for redirect URIs. */
struct str session_path(struct ctx *ctx, const char *path);
struct str session_callback_url(struct ctx *ctx);

enum status session_get_login(struct web *w, struct err *e) MUST_CHECK;
enum status session_get_callback(struct web *w, struct err *e) MUST_CHECK;
enum status session_get_logout(struct web *w, struct err *e) MUST_CHECK;
enum status session_post_logout(struct web *w, struct err *e) MUST_CHECK;

#endif
