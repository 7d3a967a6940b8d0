/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store: short-lived sign-in state that must not be lost to cache pressure and must be seen by every process at
 * once. Keys are text with a prefix that says what they are; values are at most 64 KiB; every entry has a time to live.
 *
 *     session:<service>:<h>  a browser's session with one service      sso:<h>      with the identity provider
 *     epoch:<person>         bumped to end all sessions of a person    ended:<sid>  a single sign-on that was ended
 *     grant:<h>   authorization code     par:<h>  pushed request       device:<h>, usercode:<code>
 *     prompt:<h>  a sign-in under way    did_auth:<h>  a silent sign-in that was tried
 *     jti:<h>     seen once              link:<h>  magic link          throttle:<what>  counter
 *
 * <h> is the SHA-256 of a random secret, in hex: what is stored can not be used to sign in.
 *
 * Back ends, by setting auth.store: an SQLite file (auth.db in data_dir; the default of the process that runs federation),
 * redis://… (a Redis of its own, noeviction; never the cache's), or none of them: then asked of federation's process through
 * its signed internal listener. Reads through SQLite are kept in the process as long as the file's data_version stands.
 */
#ifndef GH_PLATFORM_AUTHSTORE_H
#define GH_PLATFORM_AUTHSTORE_H

#include "base/ctx.h"
#include "base/err.h"

struct authstore;
struct platform;

struct authstore *authstore_open(struct platform *p, struct err *e);
void authstore_close(struct authstore *s);

/* Durable (SQLite: committed and synced; Redis: as its appendfsync says) when ST_OK. ttl_s > 0. */
enum status authstore_put(struct ctx *ctx, struct authstore *s, struct str key, struct str value, int64_t ttl_s, struct err *e) MUST_CHECK;
/* Only when there is none: else ST_CONFLICT. For what may happen once. */
enum status authstore_add(struct ctx *ctx, struct authstore *s, struct str key, struct str value, int64_t ttl_s, struct err *e) MUST_CHECK;
/* p NULL: none, or its time is over. In ctx->arena. */
enum status authstore_get(struct ctx *ctx, struct authstore *s, struct str key, struct str *value, struct err *e) MUST_CHECK;
/* Get and remove in one step: of two callers one gets it. */
enum status authstore_take(struct ctx *ctx, struct authstore *s, struct str key, struct str *value, struct err *e) MUST_CHECK;
enum status authstore_drop(struct ctx *ctx, struct authstore *s, struct str key, struct err *e) MUST_CHECK;
/* Add `by` to a counter (0 when there is none); its time to live begins with the first. */
enum status authstore_count(struct ctx *ctx, struct authstore *s, struct str key, int64_t by, int64_t ttl_s, int64_t *now, struct err *e) MUST_CHECK;

#endif
