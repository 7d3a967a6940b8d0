/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/passkey.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/identity/people/notice.h"
#include "services/identity/signin/webauthn.h"

#define PAGE_MAX (512 << 10)
#define BODY_MAX (48 << 10)
#define ASKED_S 300
#define PASSKEYS_MAX 20
#define NAME_MAX_    60 /* characters */

/* --- what is asked ------------------------------------------------------------------------------------------------ */

/* The question is kept; only an answer to it counts, once. */
static enum status challenge_issue(struct web *w, int64_t person, struct str *challenge, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	*challenge = auth_secret(w->ctx->arena, hash);
	const struct auth_entry n = { AUTH_PROMPT, arena_strf(w->ctx->arena, "passkey:%s", hash), STR_NULL,
		arena_strf(w->ctx->arena, "%lld", (long long)person), auth_expiry_us(ASKED_S) };
	return authstore_put(w->ctx, w->ctx->svc->platform->auth, &n, e);
}

static enum status answered(
        struct web *w, struct str client_data, int64_t person, struct webauthn_expected *x, struct err *e)
{
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	int64_t whose;
	*x = (struct webauthn_expected){ webauthn_challenge(w->ctx->arena, client_data), service_origin(w->ctx->svc),
		service_host(w->ctx->svc) };
	auth_hash(x->challenge.p ? x->challenge : STR(""), hash);
	enum status st = authstore_take(
	        w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, arena_strf(w->ctx->arena, "passkey:%s", hash), &n, e);
	if (st == ST_NOT_FOUND || (st == ST_OK && (!str_i64(n.value, &whose) || whose != person)))
		return err_set(e, ST_INVALID, "This took longer than five minutes. Please try again.");
	return st;
}

static enum status passkeys_load(struct web *w, struct identity_passkeys_of_row **rows, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	return q_identity_passkeys_of(c, w->person->id, rows, n, e);
}

static enum status too_long_ago(struct web *w, struct err *e)
{
	if (clock_now_us() - w->person->auth_us <= IDENTITY_RECENT_S * US_PER_S)
		return ST_OK;
	return err_set(e, ST_FORBIDDEN, "Please sign in again first: this page was open for a while.");
}

static enum status too_many(struct err *e)
{
	return err_set(e, ST_CONFLICT, "You have %d passkeys: please remove one first.", PASSKEYS_MAX);
}

enum status identity_post_passkey_options(struct web *w, struct err *e)
{
	struct identity_passkeys_of_row *rows;
	struct str challenge;
	struct buf b;
	size_t n;
	TRY(too_long_ago(w, e));
	TRY(passkeys_load(w, &rows, &n, e));
	if (n >= PASSKEYS_MAX)
		return too_many(e);
	TRY(challenge_issue(w, w->person->id, &challenge, e));
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "challenge", challenge);
	BUF_LIT(&b, ",\"rp\":{");
	json_put_member(&b, "id", service_host(w->ctx->svc));
	json_put_member(&b, "name", service_host(w->ctx->svc));
	BUF_LIT(&b, "},\"user\":{");
	json_put_member(
	        &b, "id", base64url(w->ctx->arena, arena_strf(w->ctx->arena, "%lld", (long long)w->person->id)));
	json_put_member(&b, "name", w->person->email);
	json_put_member(&b, "displayName", w->person->name);
	BUF_LIT(&b,
	        "},\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7},{\"type\":\"public-key\",\"alg\":-8},{"
	        "\"type\":\"public-key\",\"alg\":-257}],"
	        "\"authenticatorSelection\":{\"residentKey\":\"required\",\"requireResidentKey\":true,"
	        "\"userVerification\":\"required\"},"
	        "\"attestation\":\"none\",\"timeout\":300000,\"excludeCredentials\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"type\":\"public-key\",\"id\":\"%.*s\"}", i ? "," : "", STR_ARG(rows[i].id));
	BUF_LIT(&b, "]}");
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}

enum status identity_post_sign_in_passkey_options(struct web *w, struct err *e)
{
	struct str challenge;
	struct buf b;
	TRY(challenge_issue(w, 0, &challenge, e));
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "challenge", challenge);
	json_put_member(&b, "rpId", service_host(w->ctx->svc));
	BUF_LIT(&b, ",\"userVerification\":\"required\",\"timeout\":300000,\"allowCredentials\":[]}");
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

static enum status read_body(struct web *w, json_t **out, struct err *e)
{
	struct str body;
	TRY(http_body_all(w->req, BODY_MAX, &body, e));
	*out = json_parse(body, 4, e);
	return json_is_object(*out) ? ST_OK : err_set(e, ST_INVALID, "What the browser sent can not be read.");
}

static struct str bytes(struct web *w, const json_t *j, const char *member)
{
	struct str s = json_str(j, member);
	struct str out = s.p ? base64url_decode(w->ctx->arena, s) : STR_NULL;
	return out.p ? out : STR("");
}

struct passkey_adding { struct web *w; struct webauthn_credential *made; struct str name; bool added; };

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	struct passkey_adding *x = arg;
	struct identity_passkeys_of_row *rows;
	int64_t added;
	size_t n;
	TRY(q_identity_passkeys_of(c, x->w->person->id, &rows, &n, e));
	if (n >= PASSKEYS_MAX)
		return too_many(e);
	TRY(q_identity_passkey_add(c, x->made->id, x->w->person->id, x->made->jwk, x->made->sign_count, x->name,
	        clock_now_us(), &added, e));
	if (!added)
		return err_set(e, ST_CONFLICT, "This passkey is known already.");
	TRY(notice_enqueue(c, x->w, NOTICE_PASSKEY_ADDED, x->w->person->id, x->name, e));
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.passkey_added",
	                .actor = arena_strf(db_arena(c), "%lld", (long long)x->w->person->id) },
	        e);
}

static enum status passkey_add(struct web *w, const json_t *j, struct err *e)
{
	struct webauthn_expected x;
	struct webauthn_credential made;
	struct str client_data = bytes(w, j, "clientDataJSON"), name = str_trim(json_str(j, "name"));
	TRY(too_long_ago(w, e));
	TRY(answered(w, client_data, w->person->id, &x, e));
	TRY(webauthn_register(w->ctx->arena, &x, client_data, bytes(w, j, "attestationObject"), &made, e));
	struct passkey_adding a = { w, &made,
		                    name.n ? arena_str(w->ctx->arena, str_utf8_first(name, NAME_MAX_)) : TR("Passkey"),
		                    false };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_add, &a, e));
	web_no_cache(w);
	return web_json(w, 201, STR("{\"location\":\"?done=added\"}"));
}

enum status identity_post_passkey(struct web *w, struct err *e)
{
	json_t *j = NULL;
	enum status st = read_body(w, &j, e);
	if (st == ST_OK)
		st = passkey_add(w, j, e);
	json_decref(j);
	return st;
}

struct using { struct str id; int64_t sign_count; };

static enum status tx_used(struct db_conn *c, void *arg, struct err *e)
{
	const struct using *u = arg;
	return q_identity_passkey_used(c, u->id, u->sign_count, clock_now_us(), NULL, e);
}

static enum status passkey_find(
        struct web *w, struct str id, struct identity_passkey_row **key, struct person_record **p, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	*p = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_passkey(c, id, key, e));
	return *key ? people_by_id(c, (*key)->person_id, p, e) : ST_OK;
}

static enum status sign_in(struct web *w, const json_t *j, struct err *e)
{
	struct webauthn_expected x;
	struct identity_passkey_row *key;
	struct person_record *p;
	struct using u = { .id = arena_str(w->ctx->arena, json_str(j, "id")) };
	struct str client_data = bytes(w, j, "clientDataJSON"), next = arena_str(w->ctx->arena, json_str(j, "next"));
	TRY(answered(w, client_data, 0, &x, e));
	TRY(passkey_find(w, u.id, &key, &p, e));
	if (!p)
		return err_set(e, ST_UNPROCESSABLE, "This passkey is not known here. It may have been removed.");
	TRY(webauthn_assert(w->ctx->arena, &x, key->jwk, key->sign_count, client_data, bytes(w, j, "authenticatorData"),
	        bytes(w, j, "signature"), &u.sign_count, e));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_used, &u, e));
	TRY(signin_begin(w, p, "hwk user mfa", e));
	struct buf b;
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "location", next.n && web_is_ours(w->ctx, next) ? next : web_url(w->ctx, "account", "/"));
	buf_putc(&b, '}');
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}

enum status identity_post_sign_in_passkey(struct web *w, struct err *e)
{
	json_t *j = NULL;
	enum status st = read_body(w, &j, e);
	if (st == ST_OK)
		st = sign_in(w, j, e);
	json_decref(j);
	return st;
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

enum status identity_get_passkeys(struct web *w, struct err *e)
{
	struct identity_passkeys_of_row *rows;
	struct passkeys_view v = { .done = STR("") };
	struct buf b;
	struct page_shell shell = signin_shell(w, "Passkeys");
	struct str done = web_query(w, "done");
	bool asked;
	TRY(identity_recent(w, &asked, e));
	if (asked)
		return ST_OK;
	TRY(passkeys_load(w, &rows, &v.count, e));
	v.list = ARENA_ARRAY(w->ctx->arena, struct passkey_view, v.count);
	for (size_t i = 0; i < v.count; i++)
		v.list[i] = (struct passkey_view){ rows[i].id, rows[i].name,
			html_day(w->ctx->arena, w->person->zone, rows[i].created_at),
			rows[i].used_at_null ? STR("") : html_day(w->ctx->arena, w->person->zone, rows[i].used_at) };
	if (done.p)
		v.done = str_eqc(done, "added") ? TR("Added. Next time you can sign in with it.") : TR("Removed.");
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_passkeys(&b, &shell, w, &v);
	return web_html(w, 200, &b);
}

struct passkey_removing { struct web *w; struct str id; };

static enum status tx_remove(struct db_conn *c, void *arg, struct err *e)
{
	const struct passkey_removing *x = arg;
	struct identity_passkey_drop_row *removed;
	TRY(q_identity_passkey_drop(c, x->id, x->w->person->id, &removed, e));
	if (!removed)
		return ST_OK;
	TRY(notice_enqueue(c, x->w, NOTICE_PASSKEY_REMOVED, x->w->person->id, removed->name, e));
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.passkey_removed",
	                .actor = arena_strf(db_arena(c), "%lld", (long long)x->w->person->id) },
	        e);
}

enum status identity_post_passkey_remove(struct web *w, struct err *e)
{
	struct passkey_removing x = { w, web_form(w, "id") };
	bool asked;
	TRY(identity_recent(w, &asked, e));
	if (asked)
		return ST_OK;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_remove, &x, e));
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/identity/passkeys?done=removed"));
}
