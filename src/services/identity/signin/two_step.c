/* SPDX-License-Identifier: Apache-2.0
 *
 * /identity/two-step: setting the second step up, recovery codes, turning it off.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/crypto/seal.h"
#include "platform/text/json.h"
#include "services/identity/people/notice.h"
#include "services/identity/signin/identity.h"
#include "services/identity/signin/second_int.h"
#include "services/identity/signin/totp.h"

#define PAGE_MAX (512 << 10)
#define SETUP_S 900

static enum status two_step_load(struct web *w, struct two_step_view *v, struct err *e)
{
	struct identity_totp_row *r;
	struct identity_recovery_left_row *left;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_totp(c, w->person->id, &r, e));
	TRY(q_identity_recovery_left(c, w->person->id, &left, e));
	v->on = r != NULL;
	v->codes_left = left->n;
	return ST_OK;
}

static enum status two_step_page(struct web *w, int status, struct two_step_view *v, struct err *e)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, "Two steps");
	TRY(two_step_load(w, v, e));
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_two_step(&b, &shell, w, v);
	return web_html(w, status, &b);
}

enum status identity_get_two_step(struct web *w, struct err *e)
{
	return two_step_page(w, 200, &(struct two_step_view){ .error = STR(""), .done = STR("") }, e);
}

/* --- setting up ------------------------------------------------------------------------------------------------- */

static enum status show_seed(struct web *w, struct str seed, struct two_step_view *v, struct err *e)
{
	struct buf qr;
	const struct service_instance *s = w->ctx->svc;
	ptrdiff_t at = str_find(s->base_url, STR("://"));
	struct str issuer = str_skip(s->base_url, (size_t)(at < 0 ? 0 : at + 3));
	buf_text(&qr, w->ctx->arena);
	TRY(totp_qr(&qr, totp_uri(w->ctx->arena, seed, issuer, w->person->email), &v->qr_size, e));
	v->qr = buf_str(&qr);
	v->seed_text = totp_seed_text(w->ctx->arena, seed, true);
	return ST_OK;
}

static enum status two_step_begin(struct web *w, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1], raw[TOTP_SEED];
	struct two_step_view v = { .error = STR(""), .done = STR("") };
	random_bytes(raw, sizeof raw);
	struct str seed = arena_str(w->ctx->arena, str_n(raw, sizeof raw));
	v.resume = auth_secret(w->ctx->arena, hash);
	const struct auth_entry n = { AUTH_PROMPT, str_c(hash),
		arena_strf(w->ctx->arena, "p:%lld", (long long)w->person->id), auth_seal(w->ctx, SECOND_SEAL, seed),
		auth_expiry_us(SETUP_S) };
	TRY(authstore_put(w->ctx, w->ctx->svc->platform->auth, &n, e));
	TRY(show_seed(w, seed, &v, e));
	return two_step_page(w, 200, &v, e);
}

struct setup {
	struct web *w;
	const char *action;
	enum notice_kind notice;
	struct str sealed;
	int64_t step;
	char codes[RECOVERY_CODES][RECOVERY_LEN + 1];
};

static void make_codes(struct setup *s)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	for (unsigned i = 0; i < RECOVERY_CODES; i++)
		for (unsigned j = 0; j < RECOVERY_LEN; j++)
			s->codes[i][j] = j == 5 ? '-' : letters[randombytes_uniform(sizeof letters - 1)];
}

static enum status tx_setup(struct db_conn *c, void *arg, struct err *e)
{
	struct setup *s = arg;
	int64_t person = s->w->person->id;
	struct audit_entry entry = { .action = s->action, .actor = arena_strf(db_arena(c), "%lld", (long long)person) };
	if (s->sealed.n)
		TRY(q_identity_totp_put(c, person, s->sealed, s->step, clock_now_us(), NULL, e));
	TRY(q_identity_recovery_drop(c, person, NULL, e));
	for (unsigned i = 0; i < RECOVERY_CODES; i++) {
		char hash[AUTH_HASH_LEN + 1];
		recovery_hash(person, str_c(s->codes[i]), hash);
		TRY(q_identity_recovery_add(c, person, str_c(hash), NULL, e));
	}
	TRY(notice_enqueue(c, s->w, s->notice, person, STR(""), e));
	return audit_write(c, &entry, e);
}

static enum status show_codes(struct web *w, struct setup *s, const char *done, struct err *e)
{
	make_codes(s);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_setup, s, e));
	return two_step_page(w, 200,
	                     &(struct two_step_view){ .error = STR(""), .done = str_c(done), .codes = s->codes }, e);
}

static enum status confirm(struct web *w, struct err *e)
{
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	struct str seed, resume = web_form(w, "resume");
	struct setup s = { .w = w, .action = "person.two_step_on", .notice = NOTICE_TWO_STEP_ON };
	auth_hash(resume, hash);
	enum status st = authstore_get(w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, str_c(hash), &n, e);
	if (st == ST_NOT_FOUND ||
	        (st == ST_OK && !str_eq(n.owner, arena_strf(w->ctx->arena, "p:%lld", (long long)w->person->id))))
		return two_step_page(w, 422,
		        &(struct two_step_view){
		                .error = TR("This took longer than a quarter of an hour. Please begin again."),
		                .done = STR("") },
		        e);
	TRY(st);
	TRY(auth_unseal(w->ctx, SECOND_SEAL, n.value, &seed, e));
	if (!totp_fits(seed, web_form(w, "code"), clock_now_us(), &s.step)) {
		struct two_step_view v = { .error = TR("This code does not fit. Is the clock of your phone right?"),
			.done = STR(""),
			.resume = resume };
		TRY(show_seed(w, seed, &v, e));
		return two_step_page(w, 422, &v, e);
	}
	TRY(authstore_drop(w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, str_c(hash), e));
	s.sealed = n.value;
	return show_codes(w, &s,
	        "Two steps are on. Keep these codes somewhere safe: each is good once, when your phone is not at hand.",
	        e);
}

static enum status fresh_codes(struct web *w, struct err *e)
{
	struct setup s = { .w = w, .action = "person.recovery_codes_made", .notice = NOTICE_CODES };
	return show_codes(w, &s, "These are your new recovery codes. The former ones are good no longer.", e);
}

static enum status tx_off(struct db_conn *c, void *arg, struct err *e)
{
	const struct web *w = arg;
	TRY(q_identity_totp_drop(c, w->person->id, NULL, e));
	TRY(q_identity_recovery_drop(c, w->person->id, NULL, e));
	TRY(notice_enqueue(c, w, NOTICE_TWO_STEP_OFF, w->person->id, STR(""), e));
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.two_step_off",
	                .actor = arena_strf(db_arena(c), "%lld", (long long)w->person->id) },
	        e);
}

static enum status off(struct web *w, struct err *e)
{
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_off, w, e));
	return two_step_page(w, 200, &(struct two_step_view){ .error = STR(""), .done = TR("Two steps are off.") }, e);
}

enum status identity_post_two_step(struct web *w, struct err *e)
{
	static const struct { const char *name; enum status (*run)(struct web *w, struct err *e); } steps[] = {
		{ "begin", two_step_begin }, { "confirm", confirm }, { "codes", fresh_codes }, { "off", off } };
	bool asked;
	TRY(identity_recent(w, &asked, e));
	if (asked)
		return ST_OK;
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
		if (str_eqc(web_form(w, "step"), steps[i].name))
			return steps[i].run(w, e);
	return err_set(e, ST_INVALID, "This form is not understood.");
}
