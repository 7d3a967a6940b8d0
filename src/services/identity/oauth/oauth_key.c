/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/oauth/oauth_key.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/crypto/seal.h"
#include "platform/work/job.h"
#include "rt/offload.h"

#define PURPOSE "oauth keys"
#define DAY_US (86400 * US_PER_S)
#define WORK_US (90 * DAY_US)
#define PUBLISHED_US (2 * DAY_US)
#define KEPT_US (30 * DAY_US)
#define FRESH_US (60 * US_PER_S) /* another process may have rotated them; two days are enough to notice */
#define KEYS_MAX 32

struct held { char kid[JOSE_THUMBPRINT_LEN + 1]; enum jose_alg alg; bool current; struct jose_key *key; };

/* Of the process. Replaced as a whole, under the lock; signing holds it for reading. */
static struct {
	pthread_rwlock_t lock;
	struct held keys[KEYS_MAX];
	unsigned count;
	int64_t loaded_us;
	} ring = { .lock = PTHREAD_RWLOCK_INITIALIZER };

/* --- the process's copy ------------------------------------------------------------------------------------- */

static enum status key_unpack(struct ctx *ctx, const struct identity_keys_row *r, struct held *out, struct err *e)
{
	struct str der;
	*out = (struct held){ .current = str_eqc(r->state, "current") };
	if (!jose_alg_parse(r->alg, &out->alg) || r->kid.n != JOSE_THUMBPRINT_LEN)
		return err_set(e, ST_CORRUPT, "a stored key is of an unknown kind");
	memcpy(out->kid, r->kid.p, r->kid.n);
	TRY(auth_unseal(ctx, PURPOSE, r->private, &der, e));
	out->key = jose_key_from_private(out->alg, der, e);
	return out->key ? ST_OK : ST_CORRUPT;
}

static void replace(const struct held *keys, unsigned n)
{
	struct held former[KEYS_MAX];
	pthread_rwlock_wrlock(&ring.lock);
	unsigned was = ring.count;
	memcpy(former, ring.keys, sizeof former);
	if (n)
		memcpy(ring.keys, keys, n * sizeof *keys);
	ring.count = n;
	ring.loaded_us = clock_now_us();
	pthread_rwlock_unlock(&ring.lock);
	for (unsigned i = 0; i < was; i++)
		jose_key_free(former[i].key);
}

/* Of more than there is room for, those that were taken out of use longest ago are no longer known: at least what signs
   now and next stays. Returns how many are left. */
static size_t keys_that_fit(struct identity_keys_row *rows, size_t n)
{
	while (n > KEYS_MAX) {
		size_t oldest = n;
		for (size_t i = 0; i < n; i++)
			if (str_eqc(rows[i].state, "past") &&
			    (oldest == n || rows[i].changed_at < rows[oldest].changed_at))
				oldest = i;
		if (oldest == n)
			return KEYS_MAX;
		memmove(&rows[oldest], &rows[oldest + 1], (--n - oldest) * sizeof *rows);
	}
	return n;
}

static enum status keys_load(struct ctx *ctx, struct err *e)
{
	struct identity_keys_row *rows;
	struct held keys[KEYS_MAX] = { 0 };
	size_t n;
	enum status st = ST_OK;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_identity_keys(c, &rows, &n, e));
	}
	unsigned made = 0;
	for (n = keys_that_fit(rows, n); made < n && st == ST_OK; made++)
		st = key_unpack(ctx, &rows[made], &keys[made], e);
	if (st == ST_OK) {
		replace(keys, made);
		return ST_OK;
	}
	for (unsigned i = 0; i < made; i++)
		jose_key_free(keys[i].key);
	return st;
}

/* The ring, locked for reading until the end of the block, also when a request is given up in the middle of it. */
static void unlock(pthread_rwlock_t **held)
{
	if (*held)
		pthread_rwlock_unlock(*held);
}
#define SCOPED_READING __attribute__((cleanup(unlock))) pthread_rwlock_t

static enum status ring_lock_read(struct ctx *ctx, pthread_rwlock_t **held, struct err *e)
{
	pthread_rwlock_rdlock(&ring.lock);
	*held = &ring.lock;
	if (clock_now_us() - ring.loaded_us < FRESH_US)
		return ST_OK;
	bool have = ring.count > 0;
	pthread_rwlock_unlock(&ring.lock);
	*held = NULL;
	enum status st = keys_load(ctx, e);
	if (st != ST_OK && !have)
		return st;
	pthread_rwlock_rdlock(&ring.lock);
	*held = &ring.lock;
	return ST_OK;
}

static bool ring_whole(void)
{
	unsigned current = 0;
	for (unsigned i = 0; i < ring.count; i++)
		current += ring.keys[i].current;
	return current == JOSE_ALGS;
}

/* ring_lock_read, when there is a key at work of each algorithm: a new site makes them now. */
static enum status ring_lock_whole(struct ctx *ctx, pthread_rwlock_t **held, struct err *e)
{
	TRY(ring_lock_read(ctx, held, e));
	if (ring_whole())
		return ST_OK;
	unlock(held);
	*held = NULL;
	TRY(oauth_keys_keep(ctx, e));
	return ring_lock_read(ctx, held, e);
}

enum status oauth_keys_sign(
        struct ctx *ctx, enum jose_alg alg, struct str typ, struct str payload, struct str *out, struct err *e)
{
	SCOPED_READING *held = NULL;
	TRY(ring_lock_whole(ctx, &held, e));
	const struct held *k = NULL;
	for (unsigned i = 0; i < ring.count; i++)
		if (ring.keys[i].alg == alg && ring.keys[i].current)
			k = &ring.keys[i];
	return k ? jose_sign(ctx->arena, k->key, typ, str_c(k->kid), payload, out, e)
	         : err_set(e, ST_INTERNAL, "there is no key for %s", jose_alg_names[alg]);
}

bool oauth_keys_signed(struct ctx *ctx, const struct jwt *t)
{
	bool yes = false;
	SCOPED_READING *held = NULL;
	if (ring_lock_read(ctx, &held, NULL) != ST_OK)
		return false;
	for (unsigned i = 0; i < ring.count && !yes; i++)
		yes = str_eqc(t->kid, ring.keys[i].kid) && jwt_signed_by(t, ring.keys[i].key);
	return yes;
}

enum status oauth_keys_jwks(struct ctx *ctx, struct str *out, struct err *e)
{
	struct buf b;
	enum status st = ST_OK;
	SCOPED_READING *held = NULL;
	buf_text(&b, ctx->arena);
	TRY(ring_lock_whole(ctx, &held, e));
	BUF_LIT(&b, "{\"keys\":[");
	for (unsigned i = 0; i < ring.count && st == ST_OK; i++) {
		if (i)
			buf_putc(&b, ',');
		st = jose_key_jwk(ring.keys[i].key, &b, e);
		if (st == ST_OK)
			b.len--; /* its closing brace */
		buf_printf(&b, ",\"kid\":\"%s\",\"alg\":\"%s\",\"use\":\"sig\"}", ring.keys[i].kid,
		        jose_alg_names[ring.keys[i].alg]);
	}
	BUF_LIT(&b, "]}");
	*out = buf_str(&b);
	return st;
}

/* --- keeping them ------------------------------------------------------------------------------------------- */

struct key_making { enum jose_alg alg; const _Atomic int *give_up; struct jose_key *key; struct err err; };

static void key_make(void *arg)
{
	struct key_making *m = arg;
	m->key = jose_key_generate(m->alg, m->give_up, &m->err);
}

struct key_change { const char *kid, *former, *state; struct str alg, private; bool drop_past; };

static enum status tx_change(struct db_conn *c, void *arg, struct err *e)
{
	const struct key_change *x = arg;
	int64_t now = clock_now_us(), affected = 1;
	if (x->drop_past)
		TRY(q_identity_keys_drop_past(c, now - KEPT_US, &affected, e));
	else if (x->former)
		TRY(q_identity_key_move(c, str_c(x->kid), str_c(x->former), str_c(x->state), now, &affected, e));
	else
		TRY(q_identity_key_add(c, str_c(x->kid), x->alg, str_c(x->state), x->private, now, &affected, e));
	if (!affected)
		return ST_OK;
	return audit_write(c,
	        &(struct audit_entry){ .action = x->drop_past ? "oauth.keys_dropped"
	                        : x->former                   ? "oauth.key_changed"
	                                                      : "oauth.key_made",
	                .actor = STR("system"),
	                .object = str_c(x->kid ? x->kid : ""),
	                .details = x->state ? arena_strf(db_arena(c), "{\"state\":\"%s\"}", x->state) : STR("") },
	        e);
}

static enum status tx_rotate(struct db_conn *c, void *arg, struct err *e)
{
	struct key_change *both = arg;
	TRY(tx_change(c, &both[0], e));
	return tx_change(c, &both[1], e);
}

static enum status add_key(struct ctx *ctx, enum jose_alg alg, const char *state, struct err *e)
{
	struct key_making m = { .alg = alg, .give_up = &ctx->svc->platform->draining };
	struct str der;
	char *kid = arena_alloc(ctx->arena, JOSE_THUMBPRINT_LEN + 1);
	TRY(offload(OFFLOAD_SECRETS, key_make, &m));
	if (!m.key)
		return err_set(e, m.err.status, "%s", m.err.msg);
	enum status st = jose_key_thumbprint(m.key, kid, e);
	if (st == ST_OK)
		st = jose_key_private(m.key, ctx->arena, &der, e);
	jose_key_free(m.key);
	TRY(st);
	struct key_change x = {
		.kid = kid, .state = state, .alg = str_c(jose_alg_names[alg]), .private = auth_seal(ctx, PURPOSE, der)
	};
	return db_write(ctx, ctx->svc->db, tx_change, &x, e);
}

static const struct identity_keys_row *key_row_find(
        const struct identity_keys_row *rows, size_t n, enum jose_alg alg, const char *state)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].alg, jose_alg_names[alg]) && str_eqc(rows[i].state, state))
			return &rows[i];
	return NULL;
}

static enum status keep_one(
        struct ctx *ctx, const struct identity_keys_row *rows, size_t n, enum jose_alg alg, struct err *e)
{
	const struct identity_keys_row *current = key_row_find(rows, n, alg, "current"),
	                               *next = key_row_find(rows, n, alg, "next");
	int64_t now = clock_now_us();
	if (!current)
		return add_key(ctx, alg, "current", e);
	if (!next)
		return now - current->changed_at > WORK_US ? add_key(ctx, alg, "next", e) : ST_OK;
	if (now - next->changed_at < PUBLISHED_US)
		return ST_OK;
	struct key_change both[] = {
		{ .kid = arena_cstr(ctx->arena, current->kid), .former = "current", .state = "past" },
		{ .kid = arena_cstr(ctx->arena, next->kid), .former = "next", .state = "current" }
	};
	return db_write(ctx, ctx->svc->db, tx_rotate, both, e);
}

static bool any_outlived(const struct identity_keys_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].state, "past") && rows[i].changed_at < clock_now_us() - KEPT_US)
			return true;
	return false;
}

enum status oauth_keys_keep(struct ctx *ctx, struct err *e)
{
	struct identity_keys_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_identity_keys(c, &rows, &n, e));
	}
	for (unsigned i = 0; i < JOSE_ALGS; i++)
		TRY(keep_one(ctx, rows, n, (enum jose_alg)i, e));
	struct key_change drop = { .drop_past = true };
	if (any_outlived(rows, n))
		TRY(db_write(ctx, ctx->svc->db, tx_change, &drop, e));
	return keys_load(ctx, e);
}

static enum status tx_ask_for_keys(struct db_conn *c, void *arg, struct err *e)
{
	const struct job_new j = { .kind = "oauth.keys", .key = STR("start"), .payload = STR("{}") };
	return job_enqueue(c, &j, NULL, e);
}

enum status oauth_keys_start(struct ctx *ctx, struct err *e)
{
	TRY(keys_load(ctx, e));
	return ring_whole() ? ST_OK : db_write(ctx, ctx->svc->db, tx_ask_for_keys, NULL, e);
}

enum status oauth_keys_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	return oauth_keys_keep(ctx, e);
}
