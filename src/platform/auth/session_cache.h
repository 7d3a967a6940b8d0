/* SPDX-License-Identifier: Apache-2.0
 *
 * Who was behind a cookie, as long as the auth store has not changed since (authstore_version): a request of somebody
 * signed in costs no query then. Of one process; bounded: a slot holds the last that hashed to it.
 */
#ifndef GH_PLATFORM_AUTH_SESSION_CACHE_H
#define GH_PLATFORM_AUTH_SESSION_CACHE_H

#include "platform/auth/session.h"

struct session_cache;
struct session_cache *session_cache_new(void); /* NULL when memory is out */
void session_cache_free(struct session_cache *c); /* NULL is fine */

/* hash: auth_hash() of svc's cookie. version: of the store now, not 0. *out in a. */
bool session_cache_get(struct session_cache *c, const struct service_instance *svc, struct str hash, uint64_t version,
        struct arena *a, struct sso *out);
/* version: of the store before s was read. */
void session_cache_put(struct session_cache *c, const struct service_instance *svc, struct str hash, uint64_t version,
        const struct sso *s);

#endif
