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
	buf_arena(&b, db_arena(c), 1024);
	buf_printf(&b, "{\"person\":%lld,\"before\":%lld", (long long)r->person, (long long)r->before_us);
	json_put_member(&b, "but", r->but);
	buf_putc(&b, '}');
	return job_enqueue(c, &(struct job_new){ .kind = "people.rights", .payload = buf_str(&b), .run_at_us = clock_now_us() + LATER_S * US_PER_S }, NULL, e);
}

/* Who is out is out with the first line, however many sign-ons there are; the rest tells applications, and tidies up. */
static enum status sign_out(struct ctx *ctx, const struct rights *r, struct err *e)
{
	struct str *keys;
	size_t n;
	TRY(sso_end_before(ctx, r->person, r->before_us, r->but, e));
	do {
		TRY(sso_list_ended(ctx, r->person, r->before_us, r->but, &keys, &n, e));
		for (size_t i = 0; i < n; i++)
			TRY(oauth_logout(ctx, keys[i], r->address, e));
	} while (n);
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
	const struct rights r = { json_integer_value(json_object_get(j, "person")), json_integer_value(json_object_get(j, "before")), json_str(j, "but"), STR("") };
	return rights_settle(ctx, &r, e);
}
