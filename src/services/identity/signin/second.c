/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking for the second step.
 */
#include "services/identity/signin/second.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/crypto/seal.h"
#include "platform/text/json.h"
#include "services/identity/signin/second_int.h"
#include "services/identity/signin/totp.h"

#define PAGE_MAX (256 << 10)
#define WAIT_S 600
#define COOKIE "gh_second"

/* --- between the steps ---------------------------------------------------------------------------------------- */

struct half { int64_t person; struct str amr, next; };

static enum status keep_half(
        struct web *w, const struct person_record *p, const char *amr, struct str next, struct err *e)
{
	struct buf b;
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = auth_secret(w->ctx->arena, hash);
	buf_arena(&b, w->ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld", (long long)p->id);
	json_put_member(&b, "amr", str_c(amr));
	json_put_member(&b, "next", next);
	buf_putc(&b, '}');
	const struct auth_entry n = { AUTH_PROMPT, str_c(hash), arena_strf(w->ctx->arena, "p:%lld", (long long)p->id),
		buf_str(&b), auth_expiry_us(WAIT_S) };
	TRY(authstore_put(w->ctx, w->ctx->svc->platform->auth, &n, e));
	web_set_cookie(w,
	        &(struct cookie){ .name = COOKIE,
	                .value = secret,
	                .path = "/",
	                .max_age_s = WAIT_S,
	                .http_only = true,
	                .lax = true });
	return ST_OK;
}

static enum status load_half(struct web *w, struct half *out, struct str *key, struct err *e)
{
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = web_cookie(w, COOKIE);
	if (!secret.n)
		return err_set(e, ST_NOT_FOUND, "Nobody is between the two steps.");
	auth_hash(secret, hash);
	*key = arena_str(w->ctx->arena, str_c(hash));
	TRY(authstore_get(w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, *key, &n, e));
	SCOPED_JSON *j = json_parse(n.value, 2, e);
	*out = (struct half){ json_integer_value(json_object_get(j, "person")),
		arena_str(w->ctx->arena, json_str(j, "amr")), arena_str(w->ctx->arena, json_str(j, "next")) };
	return out->person ? ST_OK : err_set(e, ST_NOT_FOUND, "Nobody is between the two steps.");
}

static enum status has_second(struct web *w, int64_t person, bool *has, struct err *e)
{
	struct identity_totp_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_totp(c, person, &r, e));
	*has = r != NULL;
	return ST_OK;
}

enum status second_or_done(
        struct web *w, const struct person_record *p, const char *amr, struct str next, struct err *e)
{
	bool has;
	TRY(has_second(w, p->id, &has, e));
	if (!has)
		return signin_done(w, p, amr, next, e);
	TRY(keep_half(w, p, amr, next, e));
	web_no_cache(w);
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/sign-in/second"));
}

/* --- a code ----------------------------------------------------------------------------------------------------- */

void recovery_hash(int64_t person, struct str code, char out[AUTH_HASH_LEN + 1])
{
	char text[64];
	size_t n = (size_t)snprintf(text, sizeof text, "%lld ", (long long)person);
	for (size_t i = 0; i < code.n && n < sizeof text - 1; i++)
		if ((code.p[i] >= 'a' && code.p[i] <= 'z') || (code.p[i] >= '0' && code.p[i] <= '9'))
			text[n++] = code.p[i];
		else if (code.p[i] >= 'A' && code.p[i] <= 'Z')
			text[n++] = (char)(code.p[i] + 32);
	auth_hash(str_n(text, n), out);
}

struct second_attempt { int64_t person, step; char hash[AUTH_HASH_LEN + 1]; struct str address; bool right; };

static enum status tx_attempt(struct db_conn *c, void *arg, struct err *e)
{
	struct second_attempt *x = arg;
	int64_t used = 0;
	TRY(x->step ? q_identity_totp_use(c, x->person, x->step, &used, e)
	            : q_identity_recovery_use(c, x->person, str_c(x->hash), &used, e));
	x->right = used > 0;
	const char *action = !x->right ? "person.second_step_failed"
	        : x->step              ? "person.second_step_passed"
	                               : "person.recovery_code_used";
	return audit_write(c,
	        &(struct audit_entry){ .action = action,
	                .actor = arena_strf(db_arena(c), "%lld", (long long)x->person),
	                .address = x->address },
	        e);
}

enum status second_check(struct web *w, int64_t person, struct str code, bool *right, bool *recovered, struct err *e)
{
	struct identity_totp_row *r;
	struct str seed;
	struct audit_entry from = { 0 };
	struct second_attempt x = { .person = person };
	audit_from(w, &from);
	x.address = from.address;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_identity_totp(c, person, &r, e));
	}
	if (r) {
		TRY(auth_unseal(w->ctx, SECOND_SEAL, r->seed, &seed, e));
		if (!totp_fits(seed, code, clock_now_us(), &x.step))
			recovery_hash(person, code, x.hash);
	}
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_attempt, &x, e));
	*right = r && x.right;
	*recovered = *right && !x.step;
	return ST_OK;
}

/* --- the page --------------------------------------------------------------------------------------------------- */

static enum status second_page(struct web *w, int status, struct str error)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, "One more step");
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_second_page(&b, &shell, w, &(struct second_view){ error });
	return web_html(w, status, &b);
}

static enum status start_again(struct web *w)
{
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/sign-in"));
}

enum status identity_get_second(struct web *w, struct err *e)
{
	struct half half;
	struct str key;
	enum status st = load_half(w, &half, &key, e);
	if (st == ST_NOT_FOUND)
		return start_again(w);
	TRY(st);
	return second_page(w, 200, STR(""));
}

enum status identity_post_second(struct web *w, struct err *e)
{
	struct half half;
	struct str key;
	struct person_record *p;
	struct known_account known;
	bool right, recovered;
	enum status st = load_half(w, &half, &key, e);
	if (st == ST_NOT_FOUND)
		return start_again(w);
	TRY(st);
	struct rate rate = signin_account_rate(w);
	TRY(known_account(w->ctx, half.person, &known, e));
	if (signin_wait(w, "second", arena_strf(w->ctx->arena, "%lld", (long long)half.person), &rate, &known))
		return second_page(w, 429, TR("There were many attempts. Please wait a minute."));
	TRY(second_check(w, half.person, web_form(w, "code"), &right, &recovered, e));
	if (!right)
		return second_page(w, 422,
		        TR("This code does not fit, or was used before. Authenticator apps show a new one every half "
		            "minute."));
	TRY(authstore_drop(w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, key, e));
	web_set_cookie(w,
	        &(struct cookie){ .name = COOKIE,
	                .value = STR(""),
	                .path = "/",
	                .max_age_s = 0,
	                .http_only = true,
	                .lax = true });
	TRY(people_load(w->ctx, half.person, &p, e));
	return p ? signin_done(w, p, arena_printf(w->ctx->arena, "%.*s otp mfa", STR_ARG(half.amr)), half.next, e)
	         : start_again(w);
}
