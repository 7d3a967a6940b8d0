/* SPDX-License-Identifier: Apache-2.0
 *
 * Mailed links: kept, written, followed.
 */
#include "services/identity/signin/link.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_serve.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/mail/mail.h"
#include "platform/text/json.h"
#include "platform/work/job.h"
#include "platform/work/notify.h"
#include "services/identity/people/notice.h"
#include "services/identity/people/password.h"
#include "services/identity/signin/email.h"
#include "services/identity/signin/rights.h"
#include "services/identity/signin/second.h"

#define PAGE_MAX (256 << 10)
#define LETTERS_PER_MINUTE 2 /* of a kind to one address */
#define LETTERS_AT_ONCE 4

static const char *const kind_names[LINK_KINDS] = { [LINK_SIGN_IN] = "sign-in",
	[LINK_RESET] = "reset",
	[LINK_SIGN_UP] = "sign-up",
	[LINK_OWNER] = "owner",
	[LINK_EMAIL] = "email" };

/* --- kept ------------------------------------------------------------------------------------------------------- */

enum status link_make(struct ctx *ctx, const struct link *l, int64_t life_s, struct str *url, struct err *e)
{
	struct buf b;
	char hash[AUTH_HASH_LEN + 1];
	struct str token = auth_secret(ctx->arena, hash);
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld", (long long)l->person);
	json_put_member(&b, "kind", str_c(kind_names[l->kind]));
	json_put_member(&b, "email", l->email);
	json_put_member(&b, "name", l->name);
	json_put_member(&b, "hash", l->hash);
	json_put_member(&b, "browser", l->browser);
	json_put_member(&b, "next", l->next);
	buf_putc(&b, '}');
	const struct auth_entry n = { AUTH_LINK, str_c(hash),
		l->person ? arena_strf(ctx->arena, "p:%lld", (long long)l->person) : STR_NULL, buf_str(&b),
		auth_expiry_us(life_s) };
	TRY(authstore_put(ctx, ctx->svc->platform->auth, &n, e));
	*url = web_abs_url(ctx, "identity", l->kind == LINK_OWNER ? "/sign-up?owner=%.*s" : "/sign-in/link?token=%.*s",
	        STR_ARG(token));
	return ST_OK;
}

static enum status link_unpack(struct ctx *ctx, const struct auth_entry *n, struct link *out, struct err *e)
{
	struct arena *a = ctx->arena;
	SCOPED_JSON *j = json_parse(n->value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct str kind = json_str(j, "kind");
	*out = (struct link){ .kind = LINK_SIGN_IN,
		.person = json_integer_value(json_object_get(j, "person")),
		.email = arena_str(a, json_str(j, "email")),
		.name = arena_str(a, json_str(j, "name")),
		.hash = arena_str(a, json_str(j, "hash")),
		.browser = arena_str(a, json_str(j, "browser")),
		.next = arena_str(a, json_str(j, "next")) };
	while (out->kind < LINK_KINDS && !str_eqc(kind, kind_names[out->kind]))
		out->kind++;
	return out->kind < LINK_KINDS ? ST_OK : err_set(e, ST_CORRUPT, "a link is of an unknown kind");
}

enum status link_find(struct ctx *ctx, struct str token, struct link *out, struct err *e)
{
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(token.p ? token : STR(""), hash);
	TRY(authstore_get(ctx, ctx->svc->platform->auth, AUTH_LINK, str_c(hash), &n, e));
	return link_unpack(ctx, &n, out, e);
}

enum status link_take(struct ctx *ctx, struct str token, struct link *out, struct err *e)
{
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(token.p ? token : STR(""), hash);
	TRY(authstore_take(ctx, ctx->svc->platform->auth, AUTH_LINK, str_c(hash), &n, e));
	return link_unpack(ctx, &n, out, e);
}

/* --- written ---------------------------------------------------------------------------------------------------- */

struct link_letter { const struct job *job; /* that ends with it; or NULL */ struct mail mail; };

static enum status tx_mail(struct db_conn *c, void *arg, struct err *e)
{
	const struct link_letter *l = arg;
	if (l->job)
		TRY(job_end(c, l->job, e));
	return mail_enqueue(c, &l->mail, e);
}

static struct mail letter_of(struct ctx *ctx, enum lang lang, struct str to, struct str name, const char *subject,
        const char *text, struct str url)
{
	SCOPED_LANG(lang);
	struct str greeting = name.n ? arena_strf(ctx->arena, tr("Hello %.*s,"), STR_ARG(name)) : TR("Hello,");
	return (struct mail){ .to = to,
		.to_name = name,
		.subject = str_c(tr(subject)),
		.text = arena_strf(ctx->arena, "%.*s\n\n%s\n%s%.*s%s\n%s\n", STR_ARG(greeting), tr(text),
		        url.n ? "\n" : "", STR_ARG(url), url.n ? "\n" : "",
		        tr("If this was not you, nothing needs to be done.")) };
}

enum status link_mail(struct ctx *ctx, enum lang lang, struct str to, struct str name, const char *subject,
        const char *text, struct str url, struct err *e)
{
	struct link_letter l = { NULL, letter_of(ctx, lang, to, name, subject, text, url) };
	return db_write(ctx, ctx->svc->db, tx_mail, &l, e);
}

bool link_crowd(struct web *w, enum link_kind kind, struct str key, const struct known_account *of)
{
	static const struct rate letters = { LETTERS_PER_MINUTE, LETTERS_AT_ONCE };
	return signin_wait(w, arena_printf(w->ctx->arena, "mail-%s", kind_names[kind]), key, &letters, of) > 0;
}

/* --- asked for -------------------------------------------------------------------------------------------------- */

enum status link_sent(struct web *w, const struct sent_view *v)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, v->title);
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_link_sent(&b, &shell, w, v);
	return web_html(w, 200, &b);
}

/* Who it is for is looked up by the job: the same work here, and the same time, whether or not somebody has that
 * address. */
static enum status tx_ask(struct db_conn *c, void *arg, struct err *e)
{
	const struct str *payload = arg;
	return job_enqueue(c, &(struct job_new){ .kind = "link.mail", .payload = *payload }, NULL, e);
}

/* The button for a link stands on the sign-in page: there it is said what is missing. */
static enum status no_address(struct web *w, struct str email, const char *why)
{
	const struct signin_view v = { .next = signin_next(w),
		.email = email.p ? email : STR(""),
		.error = arena_str(w->ctx->arena, str_c(why)) };
	return signin_page(w, 422, &v);
}

/* The same page too. A crowd of letters goes to nobody. */
enum status identity_post_link_mail(struct web *w, struct err *e)
{
	struct buf b;
	struct str key, payload, email = web_form(w, "email");
	struct err why = { 0 };
	struct signin_account account;
	bool reset = str_eqc(web_form(w, "what"), "reset");
	if (people_email_key(w->ctx->arena, email, &key, &why) != ST_OK)
		return reset ? identity_get_forgot(w, e) : no_address(w, email, why.msg);
	TRY(signin_find(w, email, &account, e));
	if (!link_crowd(w, reset ? LINK_RESET : LINK_SIGN_IN, key, &account.known)) {
		buf_arena(&b, w->ctx->arena, AUTH_VALUE_MAX);
		buf_printf(&b, "{\"reset\":%s", reset ? "true" : "false");
		json_put_member(&b, "email", key);
		json_put_member(&b, "next", signin_next(w));
		buf_putc(&b, '}');
		payload = buf_str(&b);
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_ask, &payload, e));
	}
	return link_sent(w,
	        &(struct sent_view){ email, "Look in your mail",
	                "If this address has an account, a letter with a link is on its way. The link is good for 15 "
	                "minutes." });
}

static enum status find_person(struct ctx *ctx, struct str email, struct person_record **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return people_by_email(c, email, out, e);
}

enum status link_mail_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	struct person_record *p;
	struct str url;
	SCOPED_JSON *j = json_parse(job->payload, 2, e);
	if (!j)
		return ST_CORRUPT;
	bool reset = json_is_true(json_object_get(j, "reset"));
	TRY(find_person(ctx, json_str(j, "email"), &p, e));
	if (!p || str_eqc(p->status, "suspended"))
		return ST_OK;
	const struct link l = {
		.kind = reset ? LINK_RESET : LINK_SIGN_IN, .person = p->id, .next = json_str(j, "next")
	};
	TRY(link_make(ctx, &l, LINK_LIFE_S, &url, e));
	struct link_letter letter = { job,
		letter_of(ctx, lang_of_person(ctx, p->locale), p->email, p->name,
		        reset ? "Set a new password" : "Your link to sign in",
		        reset ? "With this link you set a new password. It is good once, for 15 minutes."
		              : "With this link you sign in without your password. It is good once, for 15 minutes.",
		        url) };
	letter.mail.person = p->id;
	return db_write(ctx, ctx->svc->db, tx_mail, &letter, e);
}

enum status identity_get_forgot(struct web *w, struct err *e)
{
	struct buf b;
	bool posted = w->req->method == HTTP_POST;
	struct str email = posted ? web_form(w, "email") : web_query(w, "email");
	struct signin_view v = { .next = signin_next(w), .email = email.p ? email : STR(""),
		.error = posted ? TR("This does not look like an e-mail address (name@example.org).") : STR("") };
	struct page_shell shell = signin_shell(w, "Forgotten password");
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_link_forgot(&b, &shell, w, &v);
	return web_html(w, posted ? 422 : 200, &b);
}

/* --- followed --------------------------------------------------------------------------------------------------- */

static enum status link_page(struct web *w, int status, const struct link_view *v)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, "Your link");
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_link_page(&b, &shell, w, v);
	return web_html(w, status, &b);
}

static enum status gone(struct web *w)
{
	return link_page(w, 410,
	        &(struct link_view){
	                .error = TR("This link was used before, or is older than it may be. Please ask for another."),
	                .kind = LINK_KINDS });
}

/* Whoever signed up with somebody else's address knows the password that they typed: it counts in their browser alone.
 */
static bool needs_password(struct web *w, const struct link *l)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = web_cookie(w, LINK_BROWSER_COOKIE);
	auth_hash(secret.p ? secret : STR(""), hash);
	return l->kind == LINK_RESET || (l->kind == LINK_SIGN_UP && !(secret.n && str_eqc(l->browser, hash)));
}

/* What opens for whoever asks: the confirmation of another address to one person alone. */
static enum status find_for(struct web *w, struct str token, struct link *out, struct err *e)
{
	TRY(link_find(w->ctx, token, out, e));
	return out->kind == LINK_EMAIL ? email_link_is_own(w, out, e) : ST_OK;
}

enum status identity_get_link(struct web *w, struct err *e)
{
	struct link l;
	struct str token = web_query(w, "token");
	enum status st = find_for(w, token, &l, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? gone(w) : st;
	return link_page(w, 200,
	        &(struct link_view){ .token = token,
	                .email = l.email,
	                .error = STR(""),
	                .kind = l.kind,
	                .password = needs_password(w, &l) });
}

/* A letter that was answered proves the address too. */
struct arrival {
	struct web *w;
	struct person_record *person;
	struct rights rights;
	char hash[PASSWORD_HASH_MAX];
	bool reset;
};

static enum status tx_arrival(struct db_conn *c, void *arg, struct err *e)
{
	const struct arrival *x = arg;
	struct audit_entry entry = { .action = "person.password_reset",
		.actor = arena_strf(db_arena(c), "%lld", (long long)x->person->id) };
	TRY(q_identity_person_verified(c, x->person->id, NULL, e));
	if (!x->reset)
		return ST_OK;
	TRY(password_set(c, x->person->id, x->hash, e));
	TRY(rights_later(c, &x->rights, e));
	TRY(notice_enqueue(c, x->w, NOTICE_PASSWORD_RESET, x->person->id, STR(""), e));
	return audit_write(c, &entry, e);
}

static enum status arrive(struct web *w, const struct link *l, struct err *e)
{
	struct arrival x = { .w = w, .reset = l->kind == LINK_RESET };
	TRY(people_load(w->ctx, l->person, &x.person, e));
	if (!x.person)
		return gone(w);
	if (x.reset) {
		struct audit_entry from = { 0 };
		audit_from(w, &from);
		TRY(password_hash(w->ctx, web_form(w, "password"), x.hash, e));
		x.rights = (struct rights){ x.person->id, clock_now_us(), STR(""), from.address };
	}
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_arrival, &x, e));
	if (x.reset) {
		TRY(rights_drop_begun(w->ctx, x.person->id, e));
		TRY(rights_settle(w->ctx, &x.rights, e));
	}
	return second_or_done(w, x.person, "mail", l->next.n ? l->next : web_url(w->ctx, "account", "/"), e);
}

/* keepers: who is told that somebody waits. */
struct link_joining {
	struct web *w;
	const struct link *l;
	const char *status;
	struct notice *keepers;
	size_t keeper_count;
	int64_t id;
};

/* Those who can let somebody in are told when nobody waited before: not once for each who comes. */
static enum status tell_keepers(struct db_conn *c, const struct link_joining *x, struct err *e)
{
	struct identity_member_counts_row *counts;
	size_t n;
	TRY(q_identity_member_counts(c, &counts, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eqc(counts[i].status, "pending") && counts[i].n > 0)
			return ST_OK;
	for (size_t i = 0; i < x->keeper_count; i++)
		TRY(notify_person(c, &x->keepers[i], e));
	return ST_OK;
}

static enum status tx_join(struct db_conn *c, void *arg, struct err *e)
{
	struct link_joining *x = arg;
	const struct person_new n = {
		.email = x->l->email, .name = x->l->name, .status = x->status, .email_verified = true
	};
	TRY(tell_keepers(c, x, e));
	TRY(people_add(c, &n, &x->id, e));
	TRY(password_set(c, x->id, arena_cstr(db_arena(c), x->l->hash), e));
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.added",
	                .actor = arena_strf(db_arena(c), "%lld", (long long)x->id),
	                .object = arena_strf(db_arena(c), "%lld", (long long)x->id),
	                .details = STR("{\"by\":\"sign-up\"}") },
	        e);
}

/* To each in their language. */
static enum status write_to_keepers(struct ctx *ctx, struct link_joining *x, struct err *e)
{
	struct identity_holders_answer keepers;
	TRY(identity_serve_holders(ctx, &(struct identity_holders_ask){ STR(""), STR("admin") }, &keepers, e));
	const struct identity_holder *list = keepers.list.items;
	x->keeper_count = keepers.list.count;
	x->keepers = ARENA_ARRAY(ctx->arena, struct notice, x->keeper_count + 1);
	for (size_t i = 0; i < x->keeper_count; i++) {
		SCOPED_LANG(lang_of_person(ctx, list[i].locale));
		x->keepers[i] = (struct notice){ .person = list[i].person,
			.topic = "identity.approvals",
			.about = STR("waiting"),
			.title = TR("Somebody waits to be let in"),
			.text = arena_strf(ctx->arena,
			        tr("%.*s (%.*s) has confirmed their address and would like an account. You can approve "
			           "or remove it."),
			        STR_ARG(x->l->name), STR_ARG(x->l->email)),
			.url = web_url(ctx, "identity", "/admin/members?status=pending") };
	}
	return ST_OK;
}

static enum status link_join(struct web *w, struct link *l, bool fresh, struct err *e)
{
	char hash[PASSWORD_HASH_MAX];
	if (fresh) {
		TRY(password_hash(w->ctx, web_form(w, "password"), hash, e));
		l->hash = str_c(hash);
	}
	bool approval = str_eqc(config_str(w->ctx->svc->platform->config, "identity", "sign_up"), "approval");
	struct link_joining x = { .w = w, .l = l, .status = approval ? "pending" : "active" };
	struct person_record *p;
	if (approval)
		TRY(write_to_keepers(w->ctx, &x, e));
	enum status st = db_write(w->ctx, w->ctx->svc->db, tx_join, &x, e);
	if (st == ST_CONFLICT)
		return gone(w);
	TRY(st);
	TRY(people_load(w->ctx, x.id, &p, e));
	if (approval)
		return link_sent(w,
		        &(struct sent_view){ l->email, "Nearly there",
		                "Your address is confirmed. Somebody of the cooperative looks at new accounts; you get "
		                "a letter when yours is open." });
	return signin_done(w, p, "mail", l->next.n ? l->next : web_url(w->ctx, "account", "/"), e);
}

static enum status check_password(struct web *w, const struct link *l, struct err *e)
{
	struct password_owner of = { l->email, l->name };
	struct person_record *p = NULL;
	if (l->person)
		TRY(people_load(w->ctx, l->person, &p, e));
	if (p)
		of = (struct password_owner){ p->email, p->name };
	return password_check(w->ctx, web_form(w, "password"), &of, e);
}

enum status identity_post_link(struct web *w, struct err *e)
{
	struct link l;
	struct err why = { 0 };
	struct str token = web_form(w, "token");
	enum status st = find_for(w, token, &l, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? gone(w) : st;
	/* Nothing is used up by a password that will not do. */
	bool fresh = needs_password(w, &l);
	if (fresh && check_password(w, &l, &why) != ST_OK)
		return link_page(w, 422,
		        &(struct link_view){ .token = token,
		                .email = l.email,
		                .error = str_c(why.msg),
		                .kind = l.kind,
		                .password = true });
	st = link_take(w->ctx, token, &l, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? gone(w) : st;
	switch (l.kind) {
	case LINK_SIGN_UP:
		return link_join(w, &l, fresh, e);
	case LINK_EMAIL:
		return email_change(w, &l, e);
	case LINK_SIGN_IN:
	case LINK_RESET:
		return arrive(w, &l, e);
	default:
		return gone(w);
	}
}
