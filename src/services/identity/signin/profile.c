/* SPDX-License-Identifier: Apache-2.0
 *
 * What account asks for a person: profile, leaving, and all that is kept here; and forgetting those who left.
 */
#include "services/identity/signin/profile.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_serve.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/peers/person_data.h"
#include "platform/peers/site.h"
#include "platform/text/json.h"
#include "platform/text/language.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/identity/oauth/oauth.h"
#include "services/identity/people/people.h"
#include "services/identity/signin/link.h"
#include "services/identity/signin/rights.h"

#define BIO_MAX 500
#define LOG_MAX 1000
#define FORGET_AT_ONCE 50

static struct str id_text_of(struct arena *a, int64_t id)
{
	return arena_strf(a, "%lld", (long long)id);
}

/* --- profile ---------------------------------------------------------------------------------------------------- */

enum status identity_serve_profile(
        struct ctx *ctx, const struct identity_profile_ask *in, struct identity_profile_answer *out, struct err *e)
{
	struct person_record *p;
	TRY(people_load(ctx, in->person, &p, e));
	if (p)
		*out = (struct identity_profile_answer){ true, p->name, p->handle, p->email, p->bio, p->avatar,
			p->locale, p->timezone, p->status, p->leaving_at };
	return ST_OK;
}

static bool handle_ok(struct str h)
{
	if (h.n < 2 || h.n > PERSON_HANDLE_MAX)
		return false;
	for (size_t i = 0; i < h.n; i++)
		if (!((h.p[i] >= 'a' && h.p[i] <= 'z') || (h.p[i] >= '0' && h.p[i] <= '9') || h.p[i] == '_'))
			return false;
	return true;
}

struct update {
	const struct identity_update_profile_ask *in;
	struct identity_update_profile_answer *out;
	struct str name, handle;
};

static enum status update_wrong(struct update *u, const char *field, const char *problem)
{
	u->out->field = str_c(field);
	u->out->problem = str_c(tr(problem));
	return ST_OK;
}

static enum status tx_update(struct db_conn *c, void *arg, struct err *e)
{
	struct update *u = arg;
	const struct identity_update_profile_ask *in = u->in;
	struct identity_handle_owner_row *owner;
	int64_t now = clock_now_us();
	TRY(q_identity_handle_owner(c, u->handle, &owner, e));
	if (owner && owner->id != in->person)
		return update_wrong(u, "handle", "Somebody else has this handle.");
	TRY(q_identity_profile_put(c, in->person, u->name, u->handle, in->bio, in->locale, in->timezone, now, NULL, e));
	if (in->avatar.p)
		TRY(q_identity_avatar_put(c, in->person, in->avatar, now, NULL, e));
	struct str id = id_text_of(db_arena(c), in->person);
	TRY(event_emit(c, "person.changed", id, STR("{}"), e));
	return audit_write(
	        c, &(struct audit_entry){ .action = "person.profile_changed", .actor = id, .object = id }, e);
}

enum status identity_serve_update_profile(struct ctx *ctx, const struct identity_update_profile_ask *in,
                                          struct identity_update_profile_answer *out, struct err *e)
{
	struct update u = { .in = in, .out = out };
	struct person_record *p;
	struct err why = { 0 };
	*out = (struct identity_update_profile_answer){ STR(""), STR("") };
	if (people_clean_name(ctx->arena, u.in->name, &u.name, &why) != ST_OK) {
		u.out->field = STR("name");
		u.out->problem = arena_str(ctx->arena, str_c(why.msg));
		return ST_OK;
	}
	u.handle = u.in->handle;
	if (!handle_ok(u.handle))
		return update_wrong(&u, "handle", "A handle has 2 to 30 of a to z, 0 to 9 and _.");
	if (!str_utf8_valid(u.in->bio) || str_utf8_len(u.in->bio) > BIO_MAX)
		return update_wrong(&u, "bio", "At most 500 characters, please.");
	if (u.in->locale.n && !language_name(u.in->locale).n)
		return update_wrong(&u, "locale", "This language is not known.");
	if (u.in->timezone.n && !clock_zone_listed(u.in->timezone))
		return update_wrong(&u, "timezone", "This time zone is not known.");
	TRY(db_write(ctx, ctx->svc->db, tx_update, &u, e));
	if (u.out->problem.n)
		return ST_OK;
	TRY(people_load(ctx, u.in->person, &p, e));
	return p ? people_refresh(ctx, p, e) : ST_OK;
}

/* --- leaving ---------------------------------------------------------------------------------------------------- */

struct profile_leaving { struct ctx *ctx; const struct identity_leave_ask *in; struct identity_leave_answer *out; };

static enum status tx_leave(struct db_conn *c, void *arg, struct err *e)
{
	struct profile_leaving *l = arg;
	struct person_record *p;
	struct identity_other_owners_row *owners;
	int64_t now = clock_now_us(), days = config_int(l->ctx->svc->platform->config, "identity", "leaving_days"),
	        at = now + days * 86400 * US_PER_S;
	const char *from = l->in->undo ? TR_NOOP("leaving") : "active", *to = l->in->undo ? "active" : "leaving";
	struct str id = id_text_of(db_arena(c), l->in->person);
	TRY(people_by_id(c, l->in->person, &p, e));
	TRY(q_identity_other_owners(c, l->in->person, &owners, e));
	const struct person person = { .roles = p ? p->roles : STR("") };
	if (!l->in->undo && person_may(&person, "", "owner") && !owners->n) {
		l->out->problem = TR("You are the only owner: make somebody else one first.");
		return ST_OK;
	}
	l->out->done = p && str_eqc(p->status, from);
	if (!l->out->done)
		return ST_OK;
	TRY(q_identity_leaving_put(c, p->id, str_c(to), l->in->undo ? NULL : &at, now, NULL, e));
	TRY(event_emit(c, l->in->undo ? "person.stayed" : "person.leaving", id, STR("{}"), e));
	/* When the time comes; whoever stays is not found due then. */
	int64_t job;
	if (!l->in->undo)
		TRY(job_enqueue(c,
		        &(struct job_new){ .kind = "people.forget", .key = id, .payload = STR("{}"), .run_at_us = at },
		        &job, e));
	return audit_write(c,
	        &(struct audit_entry){ .action = l->in->undo ? "person.stayed" : "person.leaving",
	                .actor = id,
	                .object = id,
	                .address = l->in->address },
	        e);
}

enum status identity_serve_leave(
        struct ctx *ctx, const struct identity_leave_ask *in, struct identity_leave_answer *out, struct err *e)
{
	struct profile_leaving l = { ctx, in, out };
	out->problem = STR("");
	return db_write(ctx, ctx->svc->db, tx_leave, &l, e);
}

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	struct str id = id_text_of(db_arena(c), *(int64_t *)arg);
	TRY(q_identity_person_drop(c, *(int64_t *)arg, NULL, e));
	TRY(event_emit(c, "person.deleted", id, STR("{}"), e));
	return audit_write(
	        c, &(struct audit_entry){ .action = "person.deleted", .actor = STR("system"), .object = id }, e);
}

/* The last letter: that it is done. */
static enum status tell_end(struct ctx *ctx, const struct person_record *p, struct err *e)
{
	enum lang theirs = lang_of_person(ctx, p->locale);
	SCOPED_LANG(theirs);
	return link_mail(ctx, theirs, p->email, p->name, "Your account has ended",
	        "As it was asked for, your account is ended, and what was kept about you is forgotten. The site is "
	        "still "
	        "there:",
	        web_abs_url(ctx, "identity", "/"), e);
}

static enum status person_forget(struct ctx *ctx, int64_t id, struct err *e)
{
	struct person_record *p;
	TRY(people_load(ctx, id, &p, e));
	/* While it is known yet which applications there are to tell and to stop. */
	TRY(rights_settle(
	        ctx, &(struct rights){ .person = id, .before_us = INT64_MAX, .but = STR(""), .address = STR("") }, e));
	TRY(oauth_revoke_person(ctx, id, e));
	TRY(authstore_drop_owner(
	        ctx, ctx->svc->platform->auth, AUTH_KINDS, arena_strf(ctx->arena, "p:%lld", (long long)id), e));
	TRY(db_write(ctx, ctx->svc->db, tx_forget, &id, e));
	return p ? tell_end(ctx, p, e) : ST_OK;
}

enum status identity_forget_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct identity_leaving_due_row *due;
	size_t n;
	do {
		{
			SCOPED_DB_READ c = NULL;
			TRY(db_read(ctx, ctx->svc->db, &c, e));
			TRY(q_identity_leaving_due(c, clock_now_us(), FORGET_AT_ONCE, &due, &n, e));
		}
		for (size_t i = 0; i < n; i++)
			TRY(person_forget(ctx, due[i].id, e));
	} while (n == FORGET_AT_ONCE);
	return ST_OK;
}

/* --- all that is kept here ------------------------------------------------------------------------------------- */

static void put_when(struct buf *b, const char *name, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	if (!us)
		return;
	clock_rfc3339(us, text);
	json_put_member(b, name, str_c(text));
}

static void put_person(struct buf *b, const struct person_record *p)
{
	BUF_LIT(b, "\"person\":{");
	const struct {
		const char *name;
		struct str value;
	} members[] = { { "name", p->name }, { "email", p->email }, { "handle", p->handle }, { "status", p->status },
		{ "roles", p->roles }, { "bio", p->bio }, { "avatar", p->avatar }, { "locale", p->locale },
		{ "timezone", p->timezone } };
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_put_member(b, members[i].name, members[i].value);
	put_when(b, "member since", p->created_at);
	put_when(b, "last signed in", p->seen_at);
	buf_putc(b, '}');
}

static enum status put_rest(struct db_conn *c, int64_t id, struct buf *b, struct err *e)
{
	struct identity_consents_of_row *apps;
	struct identity_passkeys_of_row *keys;
	struct identity_browsers_of_row *browsers;
	struct audit_row *log;
	size_t n;
	TRY(q_identity_consents_of(c, id, &apps, &n, e));
	BUF_LIT(b, ",\"applications\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		json_put_member(b, "name", apps[i].name);
		json_put_member(b, "may", apps[i].scope);
		put_when(b, "since", apps[i].given_at);
		buf_putc(b, '}');
	}
	TRY(q_identity_passkeys_of(c, id, &keys, &n, e));
	BUF_LIT(b, "],\"passkeys\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		json_put_member(b, "name", keys[i].name);
		put_when(b, "added", keys[i].created_at);
		buf_putc(b, '}');
	}
	TRY(q_identity_browsers_of(c, id, &browsers, &n, e));
	BUF_LIT(b, "],\"signed in with\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		json_put_member(b, "browser", browsers[i].agent);
		put_when(b, "last", browsers[i].seen_at);
		buf_putc(b, '}');
	}
	TRY(audit_list(c, &(struct audit_filter){ .about = id_text_of(db_arena(c), id), .max = LOG_MAX + 1 }, &log, &n,
	               e));
	buf_printf(b, "],\"security log is complete\":%s,\"security log\":[", n > LOG_MAX ? "false" : "true");
	for (size_t i = 0; i < n && i < LOG_MAX; i++) {
		buf_puts(b, i ? ",{" : "{");
		put_when(b, "when", log[i].at_us);
		json_put_member(b, "what", log[i].action);
		json_put_member(b, "from", log[i].address);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
	return ST_OK;
}

enum status identity_serve_person_data(
        struct ctx *ctx, const struct person_data_ask *in, struct person_data_answer *out, struct err *e)
{
	struct person_record *p;
	struct buf b;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(people_by_id(c, in->person, &p, e));
	buf_arena(&b, ctx->arena, PERSON_DATA_MAX);
	buf_putc(&b, '{');
	if (p) {
		put_person(&b, p);
		TRY(put_rest(c, in->person, &b, e));
	}
	buf_putc(&b, '}');
	out->json = buf_str(&b);
	return buf_ok(&b) ? ST_OK : err_set(e, ST_TOO_LARGE, "more is kept about this person than fits");
}
