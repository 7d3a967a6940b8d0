/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/work/retention.h"

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "platform/config/config.h"
#include "rt/fiber.h"

enum { SWEEP_ROWS = 1000 }; /* of one transaction: others write meanwhile */
/* A body outlives the dead letters of the jobs that name it; a letter is tried for less than a day. */
#define BODY_GRACE_US (2 * 86400 * US_PER_S)

typedef enum status expire_fn(struct db_conn *c, int64_t before, int64_t lim, int64_t *gone, struct err *e);

static const struct kept { const char *setting; int64_t grace_us; expire_fn *expire; } kept[] = {
	{ "activities", 0, q_event_expire },
	{ "dead_letters", 0, q_job_dead_expire },
	{ "dead_letters", BODY_GRACE_US, q_mail_body_expire },
};

struct sweep { const struct kept *kept; int64_t before_us, gone; };

static enum status sweep_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct sweep *s = arg;
	return s->kept->expire(c, s->before_us, SWEEP_ROWS, &s->gone, e);
}

enum status retention_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++) {
		int64_t age_us = config_duration_ns(ctx->svc->platform->config, "retention", kept[i].setting) / 1000 +
		        kept[i].grace_us;
		struct sweep s = { &kept[i], clock_now_us() - age_us, 0 };
		do {
			TRY(db_write(ctx, ctx->svc->db, sweep_tx, &s, e));
			fiber_yield();
		} while (s.gone == SWEEP_ROWS);
	}
	return ST_OK;
}

static enum status forget_tx(struct db_conn *c, void *arg, struct err *e)
{
	return q_job_dead_forget(c, *(const int64_t *)arg, NULL, e);
}

enum status retention_forget(struct ctx *ctx, const struct event *ev, struct err *e)
{
	int64_t person;
	if (!ctx->svc->db || !str_i64(ev->object, &person))
		return ST_OK;
	return db_write(ctx, ctx->svc->db, forget_tx, &person, e);
}
