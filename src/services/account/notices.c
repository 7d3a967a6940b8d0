/* SPDX-License-Identifier: Apache-2.0
 *
 * What somebody wants to be written to about: one switch for each topic that a service declares (struct notice_def).
 * Services that write ask account/choice.
 */
#include "base/clock.h"
#include "base/lang.h"
#include "gen/account_sql.h"
#include "gen/account_tpl.h"
#include "platform/audit/audit.h"
#include "platform/auth/session.h"
#include "platform/text/json.h"
#include "services/account/account.h"

enum { PAGE_MAX = 256 << 10 };

/* The topics of all services that concern this person, NULL: all there are; in a. */
static const struct notice_def **topics(
        const struct platform *p, const struct person *who, struct arena *a, size_t *count)
{
	const struct notice_def **out = NULL;
	size_t n = 0;
	for (int pass = 0; pass < 2; pass++) {
		out = pass ? ARENA_ARRAY(a, const struct notice_def *, n + 1) : NULL;
		n = 0;
		for (unsigned i = 0; i < p->service_count; i++)
			for (const struct notice_def *d = p->services[i].def->notices; d && d->topic; d++) {
				if (who && d->role && !person_may(who, p->services[i].def->name, d->role))
					continue;
				if (out)
					out[n] = d;
				n++;
			}
	}
	*count = n;
	return out;
}

static bool by_mail(const struct notice_def *d, const struct account_choices_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].topic, d->topic))
			return rows[i].by_mail;
	return d->by_mail;
}

static enum status notices_load(struct web *w, struct notices_view *v, struct err *e)
{
	const struct notice_def **defs = topics(w->ctx->svc->platform, w->person, w->ctx->arena, &v->count);
	struct account_choices_row *rows;
	size_t n;
	v->list = ARENA_ARRAY(w->ctx->arena, struct notice_choice, v->count);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_account_choices(c, w->person->id, &rows, &n, e));
	for (size_t i = 0; i < v->count; i++)
		v->list[i] = (struct notice_choice){ defs[i], by_mail(defs[i], rows, n) };
	return ST_OK;
}

enum status account_get_notices(struct web *w, struct err *e)
{
	struct buf page;
	struct notices_view v = { .done = web_query(w, "done").p ? TR("Saved.") : STR("") };
	struct page_shell shell = web_shell(w, "By e-mail");
	TRY(notices_load(w, &v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_notices(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* Others act on it; the chain keeps it. */
static enum status notice_choice_tell(struct db_conn *c, struct web *w, const struct notice_def *d, bool on,
                                      struct err *e)
{
	struct buf b;
	struct str person = arena_strf(db_arena(c), "%lld", (long long)w->person->id);
	struct audit_entry entry = { .action = on ? "person.letters_on" : "person.letters_off" };
	buf_text(&b, db_arena(c));
	buf_printf(&b, "{\"by_mail\":%s", on ? "true" : "false");
	json_put_member(&b, "topic", str_c(d->topic));
	json_put_member(&b, "agent", sso_agent(db_arena(c), w->req));
	buf_putc(&b, '}');
	TRY(event_emit(c, "choice.changed", person, buf_str(&b), e));
	audit_from(w, &entry);
	entry.object = str_c(d->topic);
	return audit_write(c, &entry, e);
}

static enum status tx_choose(struct db_conn *c, void *arg, struct err *e)
{
	struct web *w = arg;
	struct account_choices_row *former;
	size_t had, n;
	const struct notice_def **defs = topics(w->ctx->svc->platform, w->person, db_arena(c), &n);
	TRY(q_account_choices(c, w->person->id, &former, &had, e));
	for (size_t i = 0; i < n; i++) {
		bool on = false;
		for (unsigned f = 0; f < w->form_.count; f++)
			on |= str_eqc(w->form_.list[f].name, "topic") &&
			        str_eqc(w->form_.list[f].value, defs[i]->topic);
		if (on == by_mail(defs[i], former, had))
			continue;
		TRY(q_account_choice_put(c, w->person->id, str_c(defs[i]->topic), on, clock_now_us(), NULL, e));
		TRY(notice_choice_tell(c, w, defs[i], on, e));
	}
	return ST_OK;
}

enum status account_post_notices(struct web *w, struct err *e)
{
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_choose, w, e));
	return web_redirect(w, 303, web_url(w->ctx, "account", "/notifications?done=1"));
}

/* --- account/choice --------------------------------------------------------------------------------------------- */

enum status account_serve_choice(
        struct ctx *ctx, const struct account_choice_ask *in, struct account_choice_answer *out, struct err *e)
{
	struct account_choices_row *rows;
	size_t n, i = 0, count;
	const struct notice_def **defs = topics(ctx->svc->platform, NULL, ctx->arena, &count);
	while (i < count && !str_eqc(in->topic, defs[i]->topic))
		i++;
	if (i == count)
		return err_set(e, ST_NOT_FOUND, "Nobody writes about that.");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_account_choices(c, in->person, &rows, &n, e));
	out->by_mail = by_mail(defs[i], rows, n);
	return ST_OK;
}
