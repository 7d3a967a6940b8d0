/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store before its engine: checks, names, and the sweep of what has expired.
 */
#include "platform/auth/store_int.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "db/db.h"
#include "gen/auth_sql.h"
#include "platform/config/config.h"
#include "platform/config/stores.h"
#include "rt/fiber.h"

#define SWEEP_NS (60 * NS_PER_S)
#define SWEEP_BATCH 1000
#define SWEEP_MEMORY (1 << 20)
#define OPEN_MEMORY (64 << 10)
#define SECRET_BYTES 32

struct authstore {
	const struct auth_engine *engine;
	void *self;
	struct db *db; /* ours; NULL on Redis, and on a borrowed one */
	struct fiber *sweeper;
	bool ending;
};

/* What lives for minutes, and is asked for again when it is lost: no reason to wait for the disk. */
static const bool brief[AUTH_KINDS] = {
	[AUTH_LOGIN] = true,
	[AUTH_CODE] = true,
	[AUTH_TOKEN] = true,
	[AUTH_PAR] = true,
	[AUTH_DEVICE] = true,
	[AUTH_USER_CODE] = true,
	[AUTH_PROMPT] = true,
};

static const char *const kind_names[AUTH_KINDS] = {
	[AUTH_SSO] = "sso",
	[AUTH_SESSION] = "session",
	[AUTH_LOGIN] = "login",
	[AUTH_CODE] = "code",
	[AUTH_GRANT] = "grant",
	[AUTH_TOKEN] = "token",
	[AUTH_REFRESH] = "refresh",
	[AUTH_PAR] = "par",
	[AUTH_DEVICE] = "device",
	[AUTH_USER_CODE] = "user-code",
	[AUTH_PROMPT] = "prompt",
	[AUTH_LINK] = "link",
	[AUTH_PERSON] = "person",
	[AUTH_ONCE] = "once",
	[AUTH_FORM] = "form",
};

/* --- secrets ------------------------------------------------------------------------------------------------ */

void auth_hash(struct str secret, char out[AUTH_HASH_LEN + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)secret.p, secret.n);
	sodium_bin2base64(out, AUTH_HASH_LEN + 1, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

struct str auth_secret(struct arena *a, char hash[AUTH_HASH_LEN + 1])
{
	char *text = arena_alloc(a, 4 * SECRET_BYTES / 3 + 4);
	random_token(text, SECRET_BYTES);
	struct str secret = str_c(text);
	if (hash)
		auth_hash(secret, hash);
	return secret;
}

int64_t auth_expiry_us(int64_t ttl_s)
{
	return clock_now_us() + ttl_s * US_PER_S;
}

/* --- making and ending -------------------------------------------------------------------------------------- */

/* Never a replica: who signed out must not be found signed in there for a while. */
static struct db *open_db(const struct platform *p, struct err *e)
{
	SCOPED_ARENA *a = arena_new(OPEN_MEMORY);
	if (!a) {
		(void)!err_set(e, ST_NOMEM, "no memory for the auth store");
		return NULL;
	}
	return stores_open(a, p, "auth", config_str(p->config, "auth", "url"), NULL, e);
}

struct authstore *authstore_on(struct db *db, struct redis *redis)
{
	struct authstore *as = calloc(1, sizeof *as);
	if (as)
		*as = (struct authstore){ .engine = redis ? &auth_engine_redis : &auth_engine_db,
			.self = redis ? (void *)redis : db };
	return as;
}

struct authstore *authstore_new(struct platform *p, struct err *e)
{
	struct db *db = p->auth_redis ? NULL : open_db(p, e);
	if (!db && !p->auth_redis)
		return NULL;
	struct authstore *as = authstore_on(db, p->auth_redis);
	if (!as) {
		if (db)
			db_close(db);
		(void)!err_set(e, ST_NOMEM, "no memory for the auth store");
		return NULL;
	}
	as->db = db;
	return as;
}

void authstore_free(struct authstore *as)
{
	if (!as)
		return;
	if (as->db)
		db_close(as->db);
	free(as);
}

enum status authstore_migrate(struct ctx *ctx, struct authstore *as, unsigned *applied, struct err *e)
{
	*applied = 0;
	return as->db ? db_migrate(ctx, as->db, &auth_migrations, 1, applied, e) : ST_OK;
}

enum status authstore_migrate_status(
        struct ctx *ctx, struct authstore *as, struct db_migration_state **out, size_t *n, struct err *e)
{
	*n = 0;
	return as->db ? db_migrate_status(ctx, as->db, &auth_migrations, 1, out, n, e) : ST_OK;
}

uint64_t authstore_version(struct authstore *as)
{
	return as->engine == &auth_engine_db ? db_version_kept(as->self) : 0;
}

bool authstore_stats(const struct authstore *as, struct db_stats *out)
{
	if (as->engine == &auth_engine_db)
		db_stats(as->self, out);
	return as->engine == &auth_engine_db;
}

bool auth_is_kept(struct str key)
{
	return str_starts(key, STR("sso:")) || str_starts(key, STR("session:")) || auth_says_of_others(key);
}

bool auth_says_of_others(struct str key)
{
	return str_starts(key, STR("person:"));
}

/* --- the sweep ---------------------------------------------------------------------------------------------- */

static void sweep_once(void *arg)
{
	struct authstore *as = arg;
	size_t swept = SWEEP_BATCH;
	while (swept == SWEEP_BATCH && !as->ending) {
		struct err e = { 0 };
		struct ctx ctx;
		SCOPED_ARENA *a = arena_new(SWEEP_MEMORY);
		if (!a)
			return;
		ctx_init(&ctx, a);
		ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
		enum status st = as->engine->sweep(&ctx, as->self, SWEEP_BATCH, &swept, &e);
		if (st != ST_OK) {
			if (st != ST_CANCELLED)
				LOG(WARN, &ctx, "auth.sweep", LS("error", e.msg));
			return;
		}
	}
}

static void sweeper(void *arg)
{
	struct authstore *as = arg;
	while (!as->ending) {
		if (fiber_sleep_ns(SWEEP_NS) != ST_OK)
			break;
		(void)!fiber_turn("auth.sweep", sweep_once, as); /* the next one comes either way */
	}
	as->sweeper = NULL;
}

enum status authstore_start(struct authstore *as, struct err *e)
{
	if (!as->engine->sweep || as->sweeper)
		return ST_OK;
	as->sweeper = fiber_spawn(loop_current(), sweeper, as, FIBER_SMALL);
	return as->sweeper ? ST_OK : err_set(e, ST_NOMEM, "no fiber for the auth store's sweep");
}

void authstore_stop(struct authstore *as)
{
	as->ending = true;
	if (as->sweeper)
		fiber_cancel(as->sweeper);
}

/* --- entries ------------------------------------------------------------------------------------------------ */

static enum status whole_key(struct ctx *ctx, enum auth_kind kind, struct str key, struct str *out, struct err *e)
{
	assert(kind < AUTH_KINDS);
	if (!key.n || key.n > AUTH_KEY_MAX || !str_utf8_valid(key) || memchr(key.p, 0, key.n))
		return err_set(e, ST_NOT_FOUND, "There is nothing of that name.");
	*out = arena_strf(ctx->arena, "%s:%.*s", kind_names[kind], STR_ARG(key));
	return ST_OK;
}

static enum status row_of(struct ctx *ctx, const struct auth_entry *n, struct auth_row *out, struct err *e)
{
	if (n->value.n > AUTH_VALUE_MAX || n->owner.n > AUTH_KEY_MAX)
		return err_set(e, ST_TOO_LARGE, "%s: more than the auth store takes", kind_names[n->kind]);
	*out = (struct auth_row){ .owner = n->owner.n ? n->owner : STR_NULL, .value = n->value.p ? n->value : STR(""),
				  .expires_us = n->expires_us, .brief = brief[n->kind] };
	return whole_key(ctx, n->kind, n->key, &out->key, e);
}

static void entry_of(enum auth_kind kind, const struct auth_row *r, struct auth_entry *out)
{
	*out = (struct auth_entry){ .kind = kind,
		.key = str_skip(r->key, strlen(kind_names[kind]) + 1),
		.owner = r->owner,
		.value = r->value,
		.expires_us = r->expires_us };
}

static struct auth_span span_of(struct ctx *ctx, enum auth_kind kind, struct str owner)
{
	/* The first key past all keys of a kind: ';' sorts right after ':', and '{' after every letter. */
	if (kind == AUTH_KINDS)
		return (struct auth_span){ owner, STR(""), STR("{") };
	return (struct auth_span){ owner, arena_strf(ctx->arena, "%s:", kind_names[kind]),
		arena_strf(ctx->arena, "%s;", kind_names[kind]) };
}

enum status authstore_put_all(
        struct ctx *ctx, struct authstore *as, const struct auth_entry *n, size_t count, struct err *e)
{
	struct auth_row *rows = ARENA_ARRAY(ctx->arena, struct auth_row, count);
	for (size_t i = 0; i < count; i++)
		TRY(row_of(ctx, &n[i], &rows[i], e));
	return as->engine->put(ctx, as->self, rows, count, e);
}

enum status authstore_put(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct err *e)
{
	return authstore_put_all(ctx, as, n, 1, e);
}

enum status authstore_add(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, bool *added, struct err *e)
{
	struct auth_row row;
	TRY(row_of(ctx, n, &row, e));
	return as->engine->add(ctx, as->self, &row, added, e);
}

enum status authstore_put_new(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct err *e)
{
	bool added;
	TRY(authstore_add(ctx, as, n, &added, e));
	return added ? ST_OK : err_set(e, ST_CONFLICT, "%s: not a new key", kind_names[n->kind]);
}

enum status authstore_swap(struct ctx *ctx, struct authstore *as, const struct auth_entry *n, struct str former,
        bool *swapped, struct err *e)
{
	struct auth_row row;
	TRY(row_of(ctx, n, &row, e));
	return as->engine->swap(ctx, as->self, &row, former, swapped, e);
}

static enum status found_one(
        enum auth_kind kind, const struct auth_row *row, bool found, struct auth_entry *out, struct err *e)
{
	if (!found || row->expires_us <= clock_now_us())
		return err_set(e, ST_NOT_FOUND, "This has been used already, or has expired.");
	entry_of(kind, row, out);
	return ST_OK;
}

typedef enum status row_fn(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e);

static enum status entry_by(struct ctx *ctx, struct authstore *as, row_fn *fn, enum auth_kind kind, struct str key,
        struct auth_entry *out, struct err *e)
{
	struct auth_row row = { 0 };
	bool found = false;
	TRY(whole_key(ctx, kind, key, &row.key, e));
	TRY(fn(ctx, as->self, &row, &found, e));
	return found_one(kind, &row, found, out, e);
}

enum status authstore_get(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key,
        struct auth_entry *out, struct err *e)
{
	return entry_by(ctx, as, as->engine->get, kind, key, out, e);
}

enum status authstore_follow(struct ctx *ctx, struct authstore *as, enum auth_kind from, struct str key,
        enum auth_kind to, struct auth_entry *out, struct err *e)
{
	struct auth_row row = { 0 };
	bool found = false;
	assert(to < AUTH_KINDS);
	TRY(whole_key(ctx, from, key, &row.key, e));
	TRY(as->engine->follow(ctx, as->self, arena_strf(ctx->arena, "%s:", kind_names[to]), &row, &found, e));
	return found_one(to, &row, found, out, e);
}

enum status authstore_take(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key,
        struct auth_entry *out, struct err *e)
{
	return entry_by(ctx, as, as->engine->take, kind, key, out, e);
}

enum status authstore_drop(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str key, struct err *e)
{
	struct str whole;
	if (whole_key(ctx, kind, key, &whole, NULL) != ST_OK)
		return ST_OK; /* nothing can be there */
	return as->engine->drop(ctx, as->self, whole, e);
}

enum status authstore_drop_owner(
        struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str owner, struct err *e)
{
	struct auth_span span = span_of(ctx, kind, owner);
	return owner.n ? as->engine->drop_span(ctx, as->self, &span, e) : ST_OK;
}

enum status authstore_list(struct ctx *ctx, struct authstore *as, enum auth_kind kind, struct str owner, size_t max,
        struct auth_entry **out, size_t *n, struct err *e)
{
	struct auth_span span = span_of(ctx, kind, owner);
	struct auth_row *rows = NULL;
	assert(kind < AUTH_KINDS);
	*n = 0;
	TRY(as->engine->list(ctx, as->self, &span, max, &rows, n, e));
	*out = ARENA_ARRAY(ctx->arena, struct auth_entry, *n);
	for (size_t i = 0; i < *n; i++) {
		rows[i].owner = owner;
		entry_of(kind, &rows[i], &(*out)[i]);
	}
	return ST_OK;
}

enum status authstore_ping(struct ctx *ctx, struct authstore *as, struct err *e)
{
	return as->engine->ping(ctx, as->self, e);
}
