/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/oauth/oauth_clients.h"

#include "base/clock.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/cache/limits.h"
#include "platform/config/config.h"
#include "platform/work/job.h"

#define DAY_US (86400 * US_PER_S)

/* --- how many ----------------------------------------------------------------------------------------------------- */

int64_t oauth_clients_wait(struct web *w)
{
	enum {
		MINUTES = 60
	}; /* a registration costs as many parts as an hour has minutes, and so many parts come back each minute */
	char key[WEB_RATE_KEY_MAX];
	unsigned per_hour = (unsigned)config_int(w->ctx->svc->platform->config, "identity", "applications_per_hour");
	const struct rate rate = { per_hour, per_hour * MINUTES };
	return web_rate_wait(w, web_rate_key(w, "application", key), &rate, MINUTES);
}

enum status oauth_clients_room(struct db_conn *c, int64_t max, struct oauth_gone *gone, bool *full, struct err *e)
{
	struct identity_clients_count_row *r;
	struct identity_clients_drop_least_row *dropped;
	TRY(q_identity_clients_count(c, &r, e));
	int64_t over = r->n + 1 - max;
	*full = false;
	*gone = (struct oauth_gone){ 0 };
	if (over <= 0)
		return ST_OK;
	/* More than one where the setting was lowered. */
	TRY(q_identity_clients_drop_least(
	        c, clock_now_us() - OAUTH_CLIENT_FRESH_S * US_PER_S, over, &dropped, &gone->n, e));
	gone->ids = ARENA_ARRAY(db_arena(c), struct str, gone->n + 1);
	for (size_t i = 0; i < gone->n; i++)
		gone->ids[i] = dropped[i].id;
	*full = (int64_t)gone->n < over;
	return ST_OK;
}

enum status oauth_clients_gone(struct ctx *ctx, const struct oauth_gone *gone, struct err *e)
{
	for (size_t i = 0; i < gone->n; i++)
		TRY(oauth_revoke_client(ctx, 0, gone->ids[i], e));
	return ST_OK;
}

/* --- used --------------------------------------------------------------------------------------------------------- */

static enum status put_used(struct db_conn *c, struct str id, struct err *e)
{
	int64_t now = clock_now_us();
	return q_identity_client_used(c, id, now, now - OAUTH_CLIENT_USED_S * US_PER_S, NULL, e);
}

static enum status tx_used(struct db_conn *c, void *arg, struct err *e)
{
	const struct str *id = arg;
	return put_used(c, *id, e);
}

void oauth_client_used(struct ctx *ctx, const struct oauth_client *c)
{
	struct err e = { 0 };
	struct str id = c->id;
	if (clock_now_us() - c->used_us < OAUTH_CLIENT_USED_S * US_PER_S)
		return;
	/* It has its tokens: that they are not counted is no reason to keep them from it. */
	if (db_write(ctx, ctx->svc->db, tx_used, &id, &e) != ST_OK)
		LOG(WARN, ctx, "oauth.use_uncounted", LT("client", id), LS("why", e.msg));
}

enum status oauth_consent_put(struct db_conn *c, int64_t person, struct str client, struct str scope, struct err *e)
{
	struct identity_consent_row *former;
	struct identity_consents_count_row *count;
	TRY(q_identity_consent(c, person, client, &former, e));
	TRY(q_identity_consents_count(c, person, &count, e));
	if (!former && count->n >= OAUTH_CONSENTS_MAX)
		return err_set(e, ST_CONFLICT,
		        "You have let %d applications in, which is as many as may be. Please take some back first.",
		        OAUTH_CONSENTS_MAX);
	TRY(q_identity_consent_put(c, person, client, scope, clock_now_us(), NULL, e));
	return put_used(c, client, e);
}

/* --- gone --------------------------------------------------------------------------------------------------------- */

/* Who let it in: their consents go with it, their grants do not by themselves. */
static enum status load_people(
        struct ctx *ctx, struct str client, struct identity_consenting_row **people, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return q_identity_consenting(c, client, people, n, e);
}

struct clients_removal {
	const struct audit_entry *by;
	struct str id;
	int64_t before_us, gone;
	struct oauth_gone idle;
};

static enum status tx_remove(struct db_conn *c, void *arg, struct err *e)
{
	struct clients_removal *r = arg;
	struct audit_entry entry = *r->by;
	entry.object = r->id;
	TRY(q_identity_client_drop(c, r->id, &r->gone, e));
	return r->gone ? audit_write(c, &entry, e) : ST_OK;
}

enum status oauth_client_remove(
        struct ctx *ctx, struct str id, const struct audit_entry *by, size_t *people, struct err *e)
{
	struct identity_consenting_row *rows;
	struct clients_removal r = { .by = by, .id = id };
	TRY(load_people(ctx, id, &rows, people, e));
	TRY(db_write(ctx, ctx->svc->db, tx_remove, &r, e));
	for (size_t i = 0; i < *people; i++)
		TRY(oauth_revoke_client(ctx, rows[i].person_id, id, e));
	return oauth_revoke_client(ctx, 0, id, e);
}

static enum status swept(struct db_conn *c, const struct clients_removal *r, struct err *e)
{
	struct audit_entry entry = *r->by;
	if (!r->gone)
		return ST_OK;
	entry.details = arena_strf(db_arena(c), "{\"count\":%lld}", (long long)r->gone);
	return audit_write(c, &entry, e);
}

static enum status tx_unused(struct db_conn *c, void *arg, struct err *e)
{
	struct clients_removal *r = arg;
	TRY(q_identity_clients_drop_unused(c, r->before_us, OAUTH_CLIENTS_SWEEP, &r->gone, e));
	return swept(c, r, e);
}

static enum status tx_idle(struct db_conn *c, void *arg, struct err *e)
{
	struct clients_removal *r = arg;
	struct identity_clients_drop_idle_row *rows;
	TRY(q_identity_clients_drop_idle(c, r->before_us, OAUTH_CLIENTS_SWEEP, &rows, &r->idle.n, e));
	r->gone = (int64_t)r->idle.n;
	r->idle.ids = ARENA_ARRAY(db_arena(c), struct str, r->idle.n + 1);
	for (size_t i = 0; i < r->idle.n; i++)
		r->idle.ids[i] = rows[i].id;
	return swept(c, r, e);
}

static enum status clients_remove_batches(struct ctx *ctx, db_tx_fn *step, struct clients_removal *r, int64_t *n,
                                          struct err *e)
{
	*n = 0;
	do {
		TRY(db_write(ctx, ctx->svc->db, step, r, e));
		TRY(oauth_clients_gone(ctx, &r->idle, e));
		*n += r->gone;
	} while (r->gone == OAUTH_CLIENTS_SWEEP);
	return ST_OK;
}

enum status oauth_clients_drop_unused(
        struct ctx *ctx, int64_t before_us, const struct audit_entry *by, int64_t *n, struct err *e)
{
	struct clients_removal r = { .by = by, .before_us = before_us };
	return clients_remove_batches(ctx, tx_unused, &r, n, e);
}

enum status oauth_clients_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	int64_t n, now = clock_now_us(),
	           days = config_int(ctx->svc->platform->config, "identity", "unused_applications_days");
	const struct audit_entry unused = { .action = "oauth.unused_clients_swept", .actor = STR("system") },
	                         idle = { .action = "oauth.idle_clients_swept", .actor = STR("system") };
	struct clients_removal r = { .by = &idle, .before_us = now - OAUTH_CLIENT_IDLE_DAYS * DAY_US };
	TRY(oauth_clients_drop_unused(ctx, now - days * DAY_US, &unused, &n, e));
	return clients_remove_batches(ctx, tx_idle, &r, &n, e);
}
