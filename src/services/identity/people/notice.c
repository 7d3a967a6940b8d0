/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/people/notice.h"

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "gen/account_contract.h"
#include "gen/identity_sql.h"
#include "platform/auth/session.h"
#include "platform/mail/mail.h"
#include "platform/work/notify.h"
#include "platform/peers/site.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/identity/people/people.h"

#define TOPIC "account.security"
#define PAYLOAD_MAX 4096
#define GIVEN_NAME_MAX PERSON_EMAIL_MAX /* the longest of what notices are about */
#define BROWSER_DAYS 180  /* not used for so long, a browser is a new one */

/* name: in the queue, where rows outlive the program. label: what the notice's own name is. */
static const struct { const char *name, *subject, *text, *label; } kinds[NOTICE_KINDS] = {
	[NOTICE_BROWSER] = { "browser", "New sign-in to your account",
	        "Somebody signed in to your account with a browser that was not seen there before.", NULL },
	[NOTICE_PASSWORD] = { "password", "Your password was changed",
	        "A new password was set on the security page of your account. Everywhere else you are signed out.",
	        NULL },
	[NOTICE_PASSWORD_RESET] = { "password-reset", "A new password was set",
	        "A new password was set for your account, with a link from a letter to you.", NULL },
	[NOTICE_EMAIL] = { "email", "Your e-mail address was changed",
	        "Letters from your account go to another address from now on, and it is the one to sign in with.",
	        "Former address" },
	[NOTICE_TWO_STEP_ON] = { "two-step-on", "Two steps were turned on",
	        "Signing in to your account asks for a code of an authenticator app from now on.", NULL },
	[NOTICE_TWO_STEP_OFF] = { "two-step-off", "Two steps were turned off",
	        "Signing in to your account does not ask for a second step any more.", NULL },
	[NOTICE_CODES] = { "recovery-codes", "New recovery codes",
	        "New recovery codes were made for your account. The former ones are good no longer.", NULL },
	[NOTICE_PASSKEY_ADDED] = { "passkey-added", "A passkey was added",
	        "A passkey that signs in to your account was added.", "Passkey" },
	[NOTICE_PASSKEY_REMOVED] = { "passkey-removed", "A passkey was removed",
	        "A passkey of your account was removed.", "Passkey" },
	[NOTICE_APPLICATION] = { "application", "An application was let in",
	        "An application was given access to your account.", "Application" },
	[NOTICE_LETTERS_ON] = { "letters-on", "Security letters were turned on",
	        "You are written to about what is done to your account from now on.", NULL },
	[NOTICE_LETTERS_OFF] = { "letters-off", "Security letters were turned off",
	        "You are not written to about what is done to your account any more: this is the last such letter.",
	        NULL },
	[NOTICE_DEVICE] = { "device", "A device was connected",
	        "An application on another device was given access to your account.", "Application" },
};

/* --- with the change -------------------------------------------------------------------------------------------- */

static enum status notice_job_add(struct db_conn *c, enum notice_kind kind, int64_t person, int64_t at_us,
                                  struct str agent, struct str name, struct err *e)
{
	struct buf b;
	buf_arena(&b, db_arena(c), PAYLOAD_MAX);
	buf_printf(&b, "{\"person\":%lld,\"at\":%lld", (long long)person, (long long)at_us);
	json_put_member(&b, "kind", str_c(kinds[kind].name));
	json_put_member(&b, "agent", agent);
	json_put_member(&b, "name", str_utf8_first(name, GIVEN_NAME_MAX));
	buf_putc(&b, '}');
	return job_enqueue(c, &(struct job_new){ .kind = "notice.security", .payload = buf_str(&b) }, NULL, e);
}

enum status notice_enqueue(
        struct db_conn *c, const struct web *w, enum notice_kind kind, int64_t person, struct str name, struct err *e)
{
	return notice_job_add(c, kind, person, clock_now_us(), sso_agent(db_arena(c), w->req), name, e);
}

enum status notice_browser(struct db_conn *c, const struct web *w, int64_t person, struct err *e)
{
	struct identity_browser_row *r;
	struct str agent = sso_agent(db_arena(c), w->req);
	int64_t now = clock_now_us();
	TRY(q_identity_browser(c, person, agent, now - BROWSER_DAYS * 86400 * US_PER_S, &r, e));
	TRY(q_identity_browser_put(c, person, agent, now, NULL, e));
	/* The first of all is whoever made the account. */
	return r->known && !r->same ? notice_enqueue(c, w, NOTICE_BROWSER, person, STR(""), e) : ST_OK;
}

struct letter_choice { const struct event *ev; const json_t *payload; int64_t person; };

static enum status tx_choice(struct db_conn *c, void *arg, struct err *e)
{
	const struct letter_choice *x = arg;
	bool first;
	TRY(event_once(c, x->ev, &first, e));
	if (!first)
		return ST_OK;
	enum notice_kind kind = json_is_true(json_object_get(x->payload, "by_mail")) ? NOTICE_LETTERS_ON
	                                                                             : NOTICE_LETTERS_OFF;
	return notice_job_add(c, kind, x->person, x->ev->at_us, json_str(x->payload, "agent"), STR(""), e);
}

enum status notice_choice(struct ctx *ctx, const struct event *ev, struct err *e)
{
	SCOPED_JSON *j = json_parse(ev->payload, 2, e);
	struct letter_choice x = { .ev = ev, .payload = j };
	if (!j)
		return ST_CORRUPT;
	if (!str_eqc(json_str(j, "topic"), TOPIC) || !str_i64(ev->object, &x.person))
		return ST_OK;
	return db_write(ctx, ctx->svc->db, tx_choice, &x, e);
}

/* --- the letter ------------------------------------------------------------------------------------------------- */

static bool notice_wanted(struct ctx *ctx, int64_t person, enum notice_kind kind)
{
	struct account_choice_answer choice;
	struct err why = { 0 };
	const struct account_choice_ask ask = { person, STR(TOPIC) };
	if (kind == NOTICE_LETTERS_OFF)
		return true;
	if (account_ask_choice(ctx, &ask, &choice, &why) == ST_OK)
		return choice.by_mail;
	LOG(WARN, ctx, "notice.choice_unknown", LI("person", person), LS("why", why.msg));
	return true;
}

/* Whoever registered an application chose its name: it stays one line of text. */
static void put_name(struct buf *b, struct arena *a, const char *label, struct str name)
{
	struct str clean;
	if (label && people_clean_name(a, name, &clean, NULL) == ST_OK)
		buf_printf(b, "%s: %.*s\n", tr(label), STR_ARG(clean));
}

struct notice_letter {
	const struct job *job;
	struct mail mail; /* to p NULL: they want none */
	struct notice told;
	struct str former; /* address; p NULL: it is as it was */
};

static enum status tx_letter(struct db_conn *c, void *arg, struct err *e)
{
	const struct notice_letter *l = arg;
	struct mail to_former = l->mail;
	TRY(job_end(c, l->job, e));
	TRY(notify_person(c, &l->told, e));
	if (!l->mail.to.p)
		return ST_OK;
	TRY(mail_enqueue(c, &l->mail, e));
	to_former.to = l->former;
	return l->former.p ? mail_enqueue(c, &to_former, e) : ST_OK;
}

/* wanted: as a letter, too. Among the person's notifications it is in any case. */
static enum status write_letter(struct ctx *ctx, const struct job *job, const struct person_record *p,
        enum notice_kind kind, bool wanted, const json_t *j, struct err *e)
{
	struct buf b;
	struct arena *a = ctx->arena;
	SCOPED_LANG(lang_of_person(ctx, p->locale));
	buf_text(&b, a);
	buf_printf(&b, tr("Hello %.*s,\n\n%s\n\nWhen: %.*s\nWith: %.*s\n"), STR_ARG(p->name), tr(kinds[kind].text),
	        STR_ARG(html_time(a, p->timezone, json_integer_value(json_object_get(j, "at")))),
	        STR_ARG(sso_agent_shown(a, json_str(j, "agent"))));
	put_name(&b, a, kinds[kind].label, json_str(j, "name"));
	/* Where the address is another, that letter would go to whoever changed it. */
	struct str first = kind == NOTICE_EMAIL
	        ? TR("Tell whoever runs this site, so that your account is closed to others.")
	        : arena_strf(a, tr("Set a new password by letter, which signs everybody else out: %.*s"),
	                  STR_ARG(web_abs_url(ctx, "identity", "/sign-in/forgot")));
	buf_printf(&b,
	        tr("\nIf this was you, nothing needs to be done. If it was not, please do this now:\n\n1. %.*s\n2. On "
	           "your security page, look at passkeys, two steps, applications and what was done: %.*s\n\n"
	           "Whether you get such letters is your choice: %.*s\n"),
	        STR_ARG(first), STR_ARG(web_abs_url(ctx, "identity", "/identity")),
	        STR_ARG(web_abs_url(ctx, "account", "/notifications")));
	struct notice_letter l = { .job = job,
		.told = { .person = p->id,
		        .topic = TOPIC,
		        .title = str_c(tr(kinds[kind].subject)),
		        .text = str_c(tr(kinds[kind].text)),
		        .url = web_url(ctx, "identity", "/identity/log"),
		        .written = wanted } };
	if (wanted) {
		l.mail = (struct mail){ .to = p->email,
			.to_name = p->name,
			.person = p->id,
			.subject = str_c(tr(kinds[kind].subject)),
			.text = buf_str(&b) };
		l.former = kind == NOTICE_EMAIL ? json_str(j, "name") : STR_NULL;
	}
	return db_write(ctx, ctx->svc->db, tx_letter, &l, e);
}

enum status notice_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	struct person_record *p;
	enum notice_kind kind = 0;
	SCOPED_JSON *j = json_parse(job->payload, 2, e);
	if (!j)
		return ST_CORRUPT;
	while (kind < NOTICE_KINDS && !str_eqc(json_str(j, "kind"), kinds[kind].name))
		kind++;
	if (kind == NOTICE_KINDS)
		return err_set(e, ST_CORRUPT, "a notice is of an unknown kind");
	TRY(people_load(ctx, json_integer_value(json_object_get(j, "person")), &p, e));
	return p ? write_letter(ctx, job, p, kind, notice_wanted(ctx, p->id, kind), j, e) : ST_OK;
}
