/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/rights.h"

#include "base/clock.h"
#include "gen/identity_sql.h"
#include "platform/text/json.h"
#include "platform/work/job.h"
#include "services/identity/oauth/oauth_logout.h"
#include "services/identity/people/people.h"

#define LATER_S 30

enum status rights_later(struct db_conn *c, const struct rights *r, struct err *e)
{
	struct buf b;
	buf_text(&b, db_arena(c));
	buf_printf(&b, "{\"person\":%lld,\"before\":%lld", (long long)r->person, (long long)r->before_us);
	json_put_member(&b, "but", r->but);
	buf_putc(&b, '}');
	return job_enqueue(c,
	        &(struct job_new){ .kind = "people.rights",
	                .payload = buf_str(&b),
	                .run_at_us = clock_now_us() + LATER_S * US_PER_S },
	        NULL, e);
}

/* ctx with an arena of its own, which goes with this call: somebody may have a thousand sign-ons, and a thousand grants
 * to look at for each. */
static struct ctx in_arena(const struct ctx *ctx, struct arena *a)
{
	struct ctx own = *ctx;
	own.arena = a;
	return own;
}

static enum status end_one(struct ctx *ctx, struct str key, struct str address, struct err *e)
{
	SCOPED_ARENA *a = arena_child(ctx->arena);
	struct ctx own = in_arena(ctx, a);
	return a ? oauth_logout(&own, key, address, e) : err_set(e, ST_NOMEM, "no memory to sign out");
}

/* As many as are listed at once. *n: how many that were. */
static enum status end_some(struct ctx *ctx, const struct rights *r, size_t *n, struct err *e)
{
	struct str *keys;
	SCOPED_ARENA *a = arena_child(ctx->arena);
	struct ctx own = in_arena(ctx, a);
	if (!a)
		return err_set(e, ST_NOMEM, "no memory to sign out");
	TRY(sso_list_ended(&own, r->person, r->before_us, r->but, &keys, n, e));
	for (size_t i = 0; i < *n; i++)
		TRY(end_one(&own, keys[i], r->address, e));
	return ST_OK;
}

/* Who is out is out with the first line, however many sign-ons there are; the rest tells applications, and tidies up.
 */
static enum status sign_out(struct ctx *ctx, const struct rights *r, struct err *e)
{
	size_t n;
	TRY(sso_end_before(ctx, r->person, r->before_us, r->but, e));
	do
		TRY(end_some(ctx, r, &n, e));
	while (n);
	return ST_OK;
}

enum status rights_settle(struct ctx *ctx, const struct rights *r, struct err *e)
{
	struct person_record *p;
	struct rights all = *r;
	TRY(people_load(ctx, r->person, &p, e));
	bool out = !p || str_eqc(p->status, "suspended");
	if (out) {
		all.before_us = INT64_MAX;
		all.but = STR("");
	}
	if (all.before_us)
		TRY(sign_out(ctx, &all, e));
	return out ? oauth_revoke_person(ctx, r->person, e) : people_refresh(ctx, p, e);
}

enum status rights_drop_begun(struct ctx *ctx, int64_t person, struct err *e)
{
	struct str owner = arena_strf(ctx->arena, "p:%lld", (long long)person);
	TRY(authstore_drop_owner(ctx, ctx->svc->platform->auth, AUTH_LINK, owner, e));
	return authstore_drop_owner(ctx, ctx->svc->platform->auth, AUTH_PROMPT, owner, e);
}

enum status rights_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	SCOPED_JSON *j = json_parse(job->payload, 2, e);
	if (!j)
		return ST_CORRUPT;
	const struct rights r = { json_integer_value(json_object_get(j, "person")),
		json_integer_value(json_object_get(j, "before")), json_str(j, "but"), STR("") };
	return rights_settle(ctx, &r, e);
}
