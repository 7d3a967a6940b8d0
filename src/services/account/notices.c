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
#include "platform/forms/forms.h"
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

static const struct choice *topics_to_choose(struct web *w, const void *values)
{
	size_t n;
	const struct notice_def **defs = topics(w->ctx->svc->platform, w->person, w->ctx->arena, &n);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 1);
	(void)values;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct choice){ defs[i]->topic, defs[i]->title, defs[i]->help };
	return list;
}

static const struct field notice_fields[] = {
	FIELD(struct notices_view, topic, WORDS, .label = "Write to me about", .choose = topics_to_choose,
	        .plain = true),
	{ 0 },
};
static const struct form_desc notice_form = { .fields = notice_fields };

static enum status notices_load(struct web *w, struct notices_view *v, struct err *e)
{
	struct account_choices_row *rows;
	struct buf b;
	size_t n, count;
	const struct notice_def **defs = topics(w->ctx->svc->platform, w->person, w->ctx->arena, &count);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_account_choices(c, w->person->id, &rows, &n, e));
	buf_text(&b, w->ctx->arena);
	for (size_t i = 0; i < count; i++)
		if (by_mail(defs[i], rows, n))
			buf_printf(&b, "%s%s", b.len ? " " : "", defs[i]->topic);
	v->topic = buf_str(&b);
	return ST_OK;
}

static enum status notices_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct web *w = f->w;
	struct page_shell shell = web_shell(w, "By e-mail");
	(void)e;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_notices(&page, &shell, w, arg, f);
	return web_html(w, status, &page);
}

enum status account_get_notices(struct web *w, struct err *e)
{
	struct form_fill f;
	struct notices_view v = { .done = web_query(w, "done").p ? TR("Saved.") : STR("") };
	TRY(notices_load(w, &v, e));
	form_show(&f, w, &notice_form, &v);
	return notices_page(&f, 200, &v, e);
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

struct topic_choice { struct web *w; struct str topics; };

static enum status tx_choose(struct db_conn *c, void *arg, struct err *e)
{
	const struct topic_choice *x = arg;
	struct web *w = x->w;
	struct account_choices_row *former;
	size_t had, n;
	const struct notice_def **defs = topics(w->ctx->svc->platform, w->person, db_arena(c), &n);
	TRY(q_account_choices(c, w->person->id, &former, &had, e));
	for (size_t i = 0; i < n; i++) {
		bool on = str_has_word(x->topics, str_c(defs[i]->topic));
		if (on == by_mail(defs[i], former, had))
			continue;
		TRY(q_account_choice_put(c, w->person->id, str_c(defs[i]->topic), on, clock_now_us(), NULL, e));
		TRY(notice_choice_tell(c, w, defs[i], on, e));
	}
	return ST_OK;
}

enum status account_post_notices(struct web *w, struct err *e)
{
	struct form_fill f;
	struct notices_view v = { 0 };
	TRY(notices_load(w, &v, e));
	TRY(form_read(&f, w, &notice_form, &v, e));
	if (f.failed)
		return form_refuse(&f, notices_page, &v, e);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_choose, &(struct topic_choice){ w, v.topic }, e));
	return form_done(&f, web_url(w->ctx, "account", "/notifications?done=1"));
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
