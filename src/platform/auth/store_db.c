/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store in a database, SQLite or PostgreSQL.
 */
#include "platform/auth/store_int.h"

#include "base/clock.h"
#include "db/db.h"
#include "gen/auth_sql.h"

static void touches(struct db_conn *c, struct str key)
{
	if (!auth_is_kept(key))
		db_tx_spares_kept(c);
}

struct rows { const struct auth_row *rows; size_t n; };

static enum status tx_put(struct db_conn *c, void *arg, struct err *e)
{
	const struct rows *x = arg;
	bool kept = false;
	for (size_t i = 0; i < x->n; i++)
		kept |= auth_is_kept(x->rows[i].key);
	if (!kept)
		db_tx_spares_kept(c);
	for (size_t i = 0; i < x->n; i++)
		TRY(q_auth_put(c, x->rows[i].key, x->rows[i].owner, x->rows[i].value, x->rows[i].expires_us, NULL, e));
	return ST_OK;
}

static enum status store_db_put(struct ctx *ctx, void *self, const struct auth_row *rows, size_t n, struct err *e)
{
	struct rows x = { rows, n };
	bool brief = true;
	for (size_t i = 0; i < n; i++)
		brief &= rows[i].brief;
	return brief ? db_write_soon(ctx, self, tx_put, &x, e) : db_write(ctx, self, tx_put, &x, e);
}

struct row_change { const struct auth_row *in; struct auth_row *out; struct str key, former; int64_t now; bool yes; };

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	struct row_change *x = arg;
	int64_t affected;
	if (!auth_says_of_others(x->in->key))
		db_tx_spares_kept(c); /* what is there stays as it is */
	TRY(q_auth_add(c, x->in->key, x->in->owner, x->in->value, x->in->expires_us, x->now, &affected, e));
	x->yes = affected > 0;
	return ST_OK;
}

static enum status store_db_add(struct ctx *ctx, void *self, const struct auth_row *row, bool *added, struct err *e)
{
	struct row_change x = { .in = row, .now = clock_now_us() };
	TRY(db_write(ctx, self, tx_add, &x, e));
	*added = x.yes;
	return ST_OK;
}

static enum status tx_swap(struct db_conn *c, void *arg, struct err *e)
{
	struct row_change *x = arg;
	int64_t affected;
	touches(c, x->in->key);
	TRY(q_auth_swap(c, x->in->key, x->former, x->in->value, x->in->expires_us, x->now, &affected, e));
	x->yes = affected > 0;
	return ST_OK;
}

static enum status store_db_swap(
        struct ctx *ctx, void *self, const struct auth_row *row, struct str former, bool *swapped, struct err *e)
{
	struct row_change x = { .in = row, .former = former, .now = clock_now_us() };
	TRY(db_write(ctx, self, tx_swap, &x, e));
	*swapped = x.yes;
	return ST_OK;
}

static enum status store_db_get(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e)
{
	struct auth_get_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, self, &c, e));
	TRY(q_auth_get(c, row->key, clock_now_us(), &r, e));
	*found = r != NULL;
	if (r)
		*row = (struct auth_row){ row->key, r->owner, r->value, r->expires_at };
	return ST_OK;
}

static enum status store_db_follow(
        struct ctx *ctx, void *self, struct str prefix, struct auth_row *row, bool *found, struct err *e)
{
	struct auth_follow_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, self, &c, e));
	TRY(q_auth_follow(c, row->key, prefix, clock_now_us(), &r, e));
	*found = r != NULL;
	if (r)
		*row = (struct auth_row){ r->key, r->owner, r->value, r->expires_at };
	return ST_OK;
}

static enum status tx_take(struct db_conn *c, void *arg, struct err *e)
{
	struct row_change *x = arg;
	struct auth_take_row *r;
	touches(c, x->key);
	TRY(q_auth_take(c, x->key, &r, e));
	x->yes = r != NULL;
	if (r)
		*x->out = (struct auth_row){ x->key, r->owner, r->value, r->expires_at };
	return ST_OK;
}

static enum status store_db_take(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e)
{
	struct row_change x = { .out = row, .key = row->key };
	TRY(db_write(ctx, self, tx_take, &x, e));
	*found = x.yes;
	return ST_OK;
}

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	touches(c, *(struct str *)arg);
	return q_auth_drop(c, *(struct str *)arg, NULL, e);
}

static enum status store_db_drop(struct ctx *ctx, void *self, struct str key, struct err *e)
{
	return db_write(ctx, self, tx_drop, &key, e);
}

static enum status tx_drop_span(struct db_conn *c, void *arg, struct err *e)
{
	const struct auth_span *s = arg;
	return q_auth_drop_owner(c, s->owner, s->first, s->past, NULL, e);
}

static enum status drop_span(struct ctx *ctx, void *self, const struct auth_span *s, struct err *e)
{
	return db_write(ctx, self, tx_drop_span, (void *)s, e);
}

static enum status store_db_list(struct ctx *ctx, void *self, const struct auth_span *s, size_t max,
                                 struct auth_row **rows, size_t *n, struct err *e)
{
	struct auth_list_row *found;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, self, &c, e));
	TRY(q_auth_list(c, s->owner, s->first, s->past, clock_now_us(), (int64_t)max, &found, n, e));
	*rows = ARENA_ARRAY(ctx->arena, struct auth_row, *n);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = (struct auth_row){
			.key = found[i].key, .value = found[i].value, .expires_us = found[i].expires_at
		};
	return ST_OK;
}

static enum status store_db_ping(struct ctx *ctx, void *self, struct err *e)
{
	return db_ping(ctx, self, e);
}

struct sweeping { int64_t now, max, swept; };

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	struct sweeping *x = arg;
	db_tx_spares_kept(c); /* nobody is found by what has expired */
	return q_auth_sweep(c, x->now, x->max, &x->swept, e);
}

static enum status store_db_sweep(struct ctx *ctx, void *self, size_t max, size_t *swept, struct err *e)
{
	struct sweeping x = { .now = clock_now_us(), .max = (int64_t)max };
	TRY(db_write(ctx, self, tx_sweep, &x, e));
	*swept = (size_t)x.swept;
	return ST_OK;
}

const struct auth_engine auth_engine_db = {
	.put = store_db_put,
	.add = store_db_add,
	.swap = store_db_swap,
	.get = store_db_get,
	.follow = store_db_follow,
	.take = store_db_take,
	.drop = store_db_drop,
	.drop_span = drop_span,
	.list = store_db_list,
	.ping = store_db_ping,
	.sweep = store_db_sweep,
};
