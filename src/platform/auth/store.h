/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store: sign-in state with a time to live (sessions, codes, grants, prompts, what may be used once). Shared
 * by all processes of a site: an SQLite file or PostgreSQL database of its own (auth.url), or a Redis of its own
 * (redis.auth_url, noeviction), never the cache's.
 *
 * An entry is (kind, key, owner, value). Keys that are secrets are given as auth_hash() of them, so that the store
 * holds nothing that signs anybody in. An owner ("p:<person>", "grant:<id>") is what entries are listed and dropped by.
 *
 * An acknowledged change is durable (SQLite, PostgreSQL) or in Redis's hands, and seen by every process at its next
 * look. What lives for minutes (access tokens, codes, sign-ins under way) outlives every process too, but a fall of the
 * machine may take the last of it: its owner asks again. Taking, swapping and dropping are always durable: nothing used
 * or revoked comes back. From fibers, outside transactions. Failures: ST_UNAVAILABLE or ST_TIMEOUT when the store can't
 * be reached; ST_NOT_FOUND for what is not there, or not any more.
 */
#ifndef GH_PLATFORM_AUTH_STORE_H
#define GH_PLATFORM_AUTH_STORE_H

#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"

struct platform;
struct db;
struct redis;
struct authstore;

/* What an entry is; the row gives its name in keys. One list, so that no two kinds meet. */
enum auth_kind {
	AUTH_SSO,      /* somebody signed in at the identity provider; key: hash of the provider's cookie */
	AUTH_SESSION,  /* signed in at a service; key: its name and the hash of its cookie */
	AUTH_LOGIN,    /* a service's sign-in under way; key: hash of its state */
	AUTH_CODE,     /* authorization code; key: hash */
	AUTH_GRANT,    /* what a person let a client do; key: id */
	AUTH_TOKEN,    /* access token; key: hash; owner: its grant */
	AUTH_REFRESH,  /* refresh token; key: hash; owner: its grant */
	AUTH_PAR,      /* pushed authorization request (RFC 9126) */
	AUTH_DEVICE,   /* device code (RFC 8628); key: hash */
	AUTH_USER_CODE, /* its short form; key: the code */
	AUTH_PROMPT,   /* a question to a person that waits for its answer: consent, second factor, passkey challenge */
	AUTH_LINK,     /* mailed: sign-in links, password resets, address changes; key: hash */
	AUTH_PERSON,   /* what is true of a person now, over what their sign-ons say; key: id (sso.c) */
	AUTH_ONCE,     /* seen: jti of assertions and proofs, used TOTP steps */
	AUTH_FORM,     /* a form that was sent: what was answered (once.c) */
	AUTH_KINDS
};

#define AUTH_HASH_LEN 43
#define AUTH_VALUE_MAX 16384
#define AUTH_KEY_MAX 200

struct auth_entry {
	enum auth_kind kind;
	struct str key;     /* 1 to AUTH_KEY_MAX bytes */
	struct str owner;   /* "" or p NULL: nobody's */
	struct str value;   /* at most AUTH_VALUE_MAX bytes; p NULL is "" */
	int64_t expires_us; /* since 1970 */
};

/* base64url of SHA-256 of a random secret, NUL-terminated. */
void auth_hash(struct str secret, char out[AUTH_HASH_LEN + 1]);
/* A new secret of 32 random bytes as base64url (43 characters) in a, and its hash. */
struct str auth_secret(struct arena *a, char hash[AUTH_HASH_LEN + 1]);
int64_t auth_expiry_us(int64_t ttl_s); /* from now */

struct authstore *authstore_new(struct platform *p, struct err *e); /* as configured */
/* On one of the two, borrowed and migrated: for tests and commands. NULL when memory is out. */
struct authstore *authstore_on(struct db *db, struct redis *redis);
void authstore_free(struct authstore *as);
enum status authstore_migrate(struct ctx *ctx, struct authstore *as, unsigned *applied, struct err *e) MUST_CHECK;
struct db_migration_state;
enum status authstore_migrate_status(
        struct ctx *ctx, struct authstore *as, struct db_migration_state **out, size_t *n, struct err *e) MUST_CHECK;
/* On a loop: expired entries are swept from now on. */
enum status authstore_start(struct authstore *as, struct err *e) MUST_CHECK;
void authstore_stop(struct authstore *as); /* on that loop */
enum status authstore_ping(struct ctx *ctx, struct authstore *as, struct err *e) MUST_CHECK;

/* Of the database that it is kept in; false: it is kept in Redis. */
struct db_stats;
bool authstore_stats(const struct authstore *as, struct db_stats *out);

/* Put, replacing what was there. */
enum status authstore_put(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct err *e) MUST_CHECK;
/* Put several, all or none on a database; in order on Redis, where each stands by itself. */
enum status authstore_put_all(
        struct ctx *ctx, struct authstore *as, const struct auth_entry *n, size_t count, struct err *e) MUST_CHECK;
/* Put what is new by its key, which is random: what is kept under authstore_version stays. */
enum status authstore_put_new(
        struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct err *e) MUST_CHECK;
/* Put unless it is there. *added false: it was, and is unchanged. Of many at once one wins. */
enum status authstore_add(
        struct ctx *ctx, struct authstore *as, const struct auth_entry *n, bool *added, struct err *e) MUST_CHECK;
/* Put if it is there with this value. *swapped false: it is not, and nothing changed. */
enum status authstore_swap(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct str former,
        bool *swapped, struct err *e) MUST_CHECK;
/* *out and what it points to in ctx->arena. */
enum status authstore_get(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key,
        struct auth_entry *out, struct err *e) MUST_CHECK;
/* The entry of kind `to` whose key is what the entry (from, key) has as its value, in one question where the engine
 * can. */
enum status authstore_follow(struct ctx *ctx, struct authstore *as, enum auth_kind from, struct str key,
        enum auth_kind to, struct auth_entry *out, struct err *e) MUST_CHECK;
/* Get and drop in one step: of many at once one gets it. */
enum status authstore_take(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key,
        struct auth_entry *out, struct err *e) MUST_CHECK;
/* ST_OK also when it was not there. */
enum status authstore_drop(
        struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key, struct err *e) MUST_CHECK;
/* All of an owner's entries of a kind (AUTH_KINDS: of every kind). */
enum status authstore_drop_owner(
        struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str owner, struct err *e) MUST_CHECK;
/* At most max of an owner's entries of a kind, latest expiry first; in ctx->arena. */
enum status authstore_list(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str owner, size_t max,
                           struct auth_entry **out, size_t *n, struct err *e) MUST_CHECK;

/* The same number as before says that no AUTH_SSO or AUTH_SESSION entry that was there then has changed or gone before
   its time, by whatever process; entries may have been added. 0: can't be told cheaply, ask the store (PostgreSQL,
   Redis). Some nanoseconds. */
uint64_t authstore_version(struct authstore *as);

#endif
