/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters about what happened: one for each notification of a topic that a person wants letters about, and, for who
 * wants it, one now and then about all that is new.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/account_sql.h"
#include "platform/core/web_url.h"
#include "platform/mail/mail.h"
#include "platform/peers/site.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/account/inbox.h"

enum {
	DIGEST_HOUR = 7,
	DIGEST_LINES = 20, /* of a letter; the others are counted */
	DIGEST_COUNTED = 1000,
	DIGESTS_AT_ONCE = 200, /* in one turn; the rest an hour later */
	MONDAY = 1,
	SEARCH_HOURS = 24 * 9 /* a week, and what a change of the clocks may take */
};
#define HOUR_US (3600 * US_PER_S)

/* --- when ------------------------------------------------------------------------------------------------------- */

int64_t digest_next(int64_t now_us, struct str zone, bool weekly)
{
	char name[64] = "UTC";
	struct civil at;
	int64_t t = (now_us / HOUR_US + 1) * HOUR_US;
	if (zone.n && zone.n < sizeof name)
		memcpy(name, zone.p, zone.n), name[zone.n] = '\0';
	for (int i = 0; i < SEARCH_HOURS; i++, t += HOUR_US) {
		if (!clock_civil_zone(t, name, &at))
			clock_civil_utc(t, &at);
		if (at.hour == DIGEST_HOUR && (!weekly || at.weekday == MONDAY))
			return t;
	}
	return t;
}

struct choosing { struct web *w; struct str every; int64_t next; };

static enum status tx_digest(struct db_conn *c, void *arg, struct err *e)
{
	const struct choosing *x = arg;
	int64_t person = x->w->person->id;
	/* From now on: what is there already was there to be seen. */
	return x->every.n ? q_account_digest_put(c, person, x->every, x->next, id_new(), NULL, e)
	                  : q_account_digest_drop(c, person, NULL, e);
}

enum status digest_choose(struct web *w, struct str every, struct err *e)
{
	struct choosing x = { w, every, digest_next(clock_now_us(), w->person->zone, str_eqc(every, "week")) };
	return db_write(w->ctx, w->ctx->svc->db, tx_digest, &x, e);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static struct str letter_address(struct ctx *ctx, struct str url)
{
	if (!url.n)
		return web_abs_url(ctx, "account", "/inbox");
	return url.p[0] == '/' ? arena_strf(ctx->arena, "%.*s%.*s", STR_ARG(service_origin(ctx->svc)), STR_ARG(url))
	                       : url;
}

enum status letter_enqueue(struct db_conn *c, int64_t id, int64_t person, struct err *e)
{
	struct str payload = arena_strf(
	        db_arena(c), "{\"id\":%lld,\"person\":%lld}", (long long)id, (long long)person);
	return job_enqueue(c, &(struct job_new){ .kind = "account.letter", .payload = payload }, NULL, e);
}

struct letter { const struct job *job; struct mail mail; int64_t person, former, next, upto; };

static enum status tx_send(struct db_conn *c, void *arg, struct err *e)
{
	const struct letter *l = arg;
	if (l->job)
		TRY(job_end(c, l->job, e));
	return mail_enqueue(c, &l->mail, e);
}

static struct mail mail_to(
        const struct identity_profile_answer *p, int64_t person, struct str subject, struct buf *text)
{
	return (struct mail){
		.to = p->email, .to_name = p->name, .person = person, .subject = subject, .text = buf_str(text)
	};
}

static bool may_get_letters(const struct identity_profile_answer *p)
{
	return p->there && (str_eqc(p->status, "active") || str_eqc(p->status, "leaving"));
}

static enum status send_letter(struct ctx *ctx, const struct job *j, int64_t person, const struct account_inbox_row *r,
        struct err *e)
{
	struct identity_profile_answer p;
	struct buf b;
	TRY(identity_ask_profile(ctx, &(struct identity_profile_ask){ person }, &p, e));
	if (!may_get_letters(&p))
		return ST_OK;
	SCOPED_LANG(lang_of_person(ctx, p.locale));
	buf_text(&b, ctx->arena);
	buf_printf(&b, tr("Hello %.*s,\n\n%.*s\n"), STR_ARG(p.name), STR_ARG(r->title));
	if (r->body.n)
		buf_printf(&b, "\n%.*s\n", STR_ARG(r->body));
	buf_printf(&b, "\n%.*s\n", STR_ARG(letter_address(ctx, r->url)));
	buf_printf(&b, tr("\nWhat you are written to about is your choice: %.*s\n"),
	        STR_ARG(web_abs_url(ctx, "account", "/notifications")));
	struct letter l = { .job = j, .mail = mail_to(&p, person, r->title, &b) };
	return db_write(ctx, ctx->svc->db, tx_send, &l, e);
}

enum status account_letter_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct account_inbox_row *r;
	SCOPED_JSON *payload = json_parse(j->payload, 2, e);
	if (!payload)
		return ST_CORRUPT;
	int64_t id = json_integer_value(json_object_get(payload, "id")),
	        person = json_integer_value(json_object_get(payload, "person"));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_account_inbox_entry(c, id, person, &r, e));
	}
	/* Gone, told anew by another one, or read already. */
	return r && r->read_at_null ? send_letter(ctx, j, person, r, e) : ST_OK;
}

/* --- about all that is new -------------------------------------------------------------------------------------- */

static enum status tx_digest_done(struct db_conn *c, void *arg, struct err *e)
{
	const struct letter *l = arg;
	int64_t changed;
	TRY(q_account_digest_next(c, l->person, l->former, l->next, l->upto, &changed, e));
	/* Another process wrote it, or the choice was another meanwhile. */
	return changed && l->mail.to.n ? mail_enqueue(c, &l->mail, e) : ST_OK;
}

static void put_digest(struct ctx *ctx, struct buf *b, struct str name, const struct account_digest_rows_row *rows,
        size_t n, struct str zone)
{
	buf_printf(b, tr("Hello %.*s,\n\nthis is new since the last letter:\n"), STR_ARG(name));
	for (size_t i = 0; i < n && i < DIGEST_LINES; i++)
		buf_printf(b, "\n%.*s\n%.*s\n%.*s\n", STR_ARG(rows[i].title),
		        STR_ARG(html_time(ctx->arena, zone, rows[i].at)), STR_ARG(letter_address(ctx, rows[i].url)));
	if (n > DIGEST_LINES)
		buf_printf(b, trn("\nAnd one more.\n", "\nAnd %lld more.\n", (int64_t)(n - DIGEST_LINES)),
		        (long long)(n - DIGEST_LINES));
	buf_printf(b, tr("\nAll of them, and how often you get this letter: %.*s\n"),
	        STR_ARG(web_abs_url(ctx, "account", "/inbox")));
}

static enum status digest_write(struct ctx *ctx, const struct account_digests_due_row *d, struct err *e)
{
	struct identity_profile_answer p;
	struct account_digest_rows_row *rows;
	struct buf b;
	size_t n;
	TRY(identity_ask_profile(ctx, &(struct identity_profile_ask){ d->person_id }, &p, e));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_account_digest_rows(c, d->person_id, d->upto, DIGEST_COUNTED, &rows, &n, e));
	}
	struct letter l = { .person = d->person_id,
		.former = d->next_at,
		.next = digest_next(clock_now_us(), p.timezone, str_eqc(d->every, "week")),
		.upto = n ? rows[0].id : d->upto };
	SCOPED_LANG(lang_of_person(ctx, p.locale));
	if (n && may_get_letters(&p)) {
		buf_text(&b, ctx->arena);
		put_digest(ctx, &b, p.name, rows, n, p.timezone);
		l.mail = mail_to(&p, d->person_id,
		        arena_strf(ctx->arena, trn("One new notification", "%lld new notifications", (int64_t)n),
		                (long long)n),
		        &b);
	}
	return db_write(ctx, ctx->svc->db, tx_digest_done, &l, e);
}

enum status account_digest_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct account_digests_due_row *due;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_account_digests_due(c, clock_now_us(), DIGESTS_AT_ONCE, &due, &n, e));
	}
	for (size_t i = 0; i < n; i++)
		TRY(digest_write(ctx, &due[i], e));
	return ST_OK;
}
