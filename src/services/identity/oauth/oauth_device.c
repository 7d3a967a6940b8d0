/* SPDX-License-Identifier: Apache-2.0
 *
 * The device flow (RFC 8628): a television shows a code, a person types it into a browser, the television gets its
 * tokens.
 */
#include "services/identity/oauth/oauth_device.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/people/notice.h"
#include "services/identity/people/people.h"

#define PAGE_MAX (256 << 10)

/* Value of AUTH_DEVICE. */
struct device {
	struct str client, scope, state /* pending, allowed, denied */, sso;
	int64_t person, auth_us, polled_us, interval_s;
};

static struct str device_text(struct ctx *ctx, const struct device *d)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld,\"polled\":%lld,\"interval\":%lld", (long long)d->person,
	        (long long)d->auth_us, (long long)d->polled_us, (long long)d->interval_s);
	json_put_member(&b, "client", d->client);
	json_put_member(&b, "scope", d->scope);
	json_put_member(&b, "state", d->state);
	json_put_member(&b, "sso", d->sso);
	buf_putc(&b, '}');
	return buf_str(&b);
}

static enum status device_unpack(struct ctx *ctx, struct str text, struct device *d, struct err *e)
{
	SCOPED_JSON *j = json_parse(text, 2, e);
	struct arena *a = ctx->arena;
	if (!j)
		return ST_CORRUPT;
	*d = (struct device){ arena_str(a, json_str(j, "client")), arena_str(a, json_str(j, "scope")),
		arena_str(a, json_str(j, "state")), arena_str(a, json_str(j, "sso")),
		json_integer_value(json_object_get(j, "person")), json_integer_value(json_object_get(j, "auth")),
		json_integer_value(json_object_get(j, "polled")), json_integer_value(json_object_get(j, "interval")) };
	return ST_OK;
}

/* --- the device's side ---------------------------------------------------------------------------------------- */

/* Letters that are neither vowels nor look like others (6.1). */
static void make_code(char out[DEVICE_CODE_LEN + 1])
{
	static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
	uint32_t random[8];
	random_bytes(random, sizeof random);
	for (unsigned i = 0, at = 0; i < 8; i++) {
		if (i == 4)
			out[at++] = '-';
		out[at++] = letters[random[i] % (sizeof letters - 1)];
	}
	out[DEVICE_CODE_LEN] = 0;
}

enum status identity_post_device(struct web *w, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct oauth_client client;
	char hash[AUTH_HASH_LEN + 1], code[DEVICE_CODE_LEN + 1];
	struct buf b;
	bool added = false;
	enum status st = oauth_client_authenticate(w, &client, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	if (!oauth_client_may_use(&client, DEVICE_GRANT))
		return oauth_error(
		        w, 400, "unauthorized_client", "This application is not registered for the device flow.");
	struct device d = { .client = client.id,
		.scope = web_form(w, "scope").n ? web_form(w, "scope") : STR("openid"),
		.state = STR("pending"),
		.sso = STR(""),
		.interval_s = DEVICE_INTERVAL_S };
	d.scope = scope_and(ctx->arena, d.scope, oauth_client_scope(&client));
	if (!d.scope.n)
		return oauth_error(
		        w, 400, "invalid_scope", "None of these scopes is one that this application may ask for.");
	struct str secret = auth_secret(ctx->arena, hash);
	while (!added) {
		make_code(code);
		const struct auth_entry name = { AUTH_USER_CODE, str_c(code), STR_NULL, str_c(hash),
			auth_expiry_us(DEVICE_LIFE_S) };
		TRY(authstore_add(ctx, ctx->svc->platform->auth, &name, &added, e));
	}
	const struct auth_entry n = { AUTH_DEVICE, str_c(hash), STR_NULL, device_text(ctx, &d),
		auth_expiry_us(DEVICE_LIFE_S) };
	TRY(authstore_put(ctx, ctx->svc->platform->auth, &n, e));
	struct str page = web_abs_url(ctx, "identity", "/oauth/device");
	buf_text(&b, ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "device_code", secret);
	json_put_member(&b, "user_code", str_c(code));
	json_put_member(&b, "verification_uri", page);
	json_put_member(
	        &b, "verification_uri_complete", arena_strf(ctx->arena, "%.*s?user_code=%s", STR_ARG(page), code));
	buf_printf(&b, ",\"expires_in\":%d,\"interval\":%d}", DEVICE_LIFE_S, DEVICE_INTERVAL_S);
	oauth_headers(w);
	return web_json(w, 200, buf_str(&b));
}

static enum status device_pending(struct ctx *ctx, struct auth_entry *n, struct device *d, const char **error,
                                  struct err *e)
{
	int64_t now = clock_now_us();
	bool soon = d->polled_us && now - d->polled_us < d->interval_s * US_PER_S - US_PER_S / 2, swapped;
	struct str former = n->value;
	*error = soon ? "slow_down" : "authorization_pending";
	d->interval_s += soon ? 5 : 0; /* 3.5 */
	d->polled_us = now;
	n->value = device_text(ctx, d);
	/* Decided in this moment: the next poll sees it. */
	return authstore_swap(ctx, ctx->svc->platform->auth, n, former, &swapped, e);
}

enum status oauth_device_redeem(struct ctx *ctx, struct str device_code, struct str client, struct oauth_grant *grant,
        const char **error, struct err *e)
{
	struct authstore *as = ctx->svc->platform->auth;
	char hash[AUTH_HASH_LEN + 1], id[ID_TEXT_LEN + 1];
	struct auth_entry n;
	struct device d;
	*error = "expired_token";
	auth_hash(device_code, hash);
	enum status st = authstore_get(ctx, as, AUTH_DEVICE, str_c(hash), &n, e);
	if (st == ST_NOT_FOUND)
		return ST_OK;
	TRY(st);
	TRY(device_unpack(ctx, n.value, &d, e));
	*error = "invalid_grant";
	if (!str_eq(d.client, client))
		return ST_OK;
	if (str_eqc(d.state, "pending"))
		return device_pending(ctx, &n, &d, error, e);
	st = authstore_take(ctx, as, AUTH_DEVICE, str_c(hash), &n, e);
	if (st == ST_NOT_FOUND)
		return ST_OK;
	TRY(st);
	struct person_record *p;
	TRY(people_load(ctx, d.person, &p, e));
	*error = str_eqc(d.state, "allowed") && p && !str_eqc(p->status, "suspended") ? NULL : "access_denied";
	id_text(id_new(), id);
	*grant = (struct oauth_grant){ .id = arena_str(ctx->arena, str_c(id)),
		.client = d.client,
		.scope = d.scope,
		.sso = d.sso,
		.nonce = STR(""),
		.jkt = STR(""),
		.person = d.person,
		.auth_us = d.auth_us };
	return ST_OK;
}

/* --- the person's side ------------------------------------------------------------------------------------------ */

static enum status device_page(struct web *w, int status, const struct device_view *v)
{
	struct buf b;
	struct page_shell shell = { .title = TR("Connect a device"),
		.kind = STR("account"),
		.noindex = true,
		.forms = true };
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_oauth_device(&b, &shell, w, v);
	return web_html(w, status, &b);
}

enum status identity_get_device(struct web *w, struct err *e)
{
	struct str code = web_query(w, "user_code");
	return device_page(w, 200, &(struct device_view){ .code = code.p ? code : STR(""), .error = STR("") });
}

/* However it was typed: lower case, without the dash, with spaces. */
static struct str tidy(struct web *w, struct str typed)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	for (size_t i = 0; i < typed.n && b.len < DEVICE_CODE_LEN; i++) {
		char c = typed.p[i] >= 'a' && typed.p[i] <= 'z' ? (char)(typed.p[i] - 32) : typed.p[i];
		if (c < 'A' || c > 'Z')
			continue;
		if (b.len == 4)
			buf_putc(&b, '-');
		buf_putc(&b, c);
	}
	return buf_str(&b);
}

struct waiting { struct auth_entry entry; struct device d; struct oauth_ask ask; };

static enum status device_find(struct web *w, struct str code, struct waiting *out, struct err *e)
{
	static const char unknown[] = "This code is not known, or not any more. Please look at the device again.";
	struct auth_entry name;
	struct authstore *as = w->ctx->svc->platform->auth;
	enum status st = authstore_get(w->ctx, as, AUTH_USER_CODE, code, &name, e);
	if (st == ST_OK)
		st = authstore_get(w->ctx, as, AUTH_DEVICE, name.value, &out->entry, e);
	if (st == ST_OK)
		st = device_unpack(w->ctx, out->entry.value, &out->d, e);
	if (st == ST_OK && str_eqc(out->d.state, "pending"))
		st = oauth_client_find(w->ctx, out->d.client, &out->ask.client, e);
	else if (st == ST_OK)
		st = ST_NOT_FOUND;
	out->ask.scope = out->d.scope;
	return st == ST_NOT_FOUND ? err_set(e, ST_NOT_FOUND, unknown) : st;
}

enum status identity_post_device_code(struct web *w, struct err *e)
{
	struct waiting wait = { 0 };
	struct err why = { 0 };
	struct device_view v = { .code = tidy(w, web_form(w, "user_code")), .error = STR("") };
	enum status st = device_find(w, v.code, &wait, &why);
	if (st == ST_NOT_FOUND) {
		v.error = str_c(why.msg);
		return device_page(w, 422, &v);
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	v.consent.ask = &wait.ask;
	oauth_consent_lines(&v.consent);
	return device_page(w, 200, &v);
}

struct decision {
	struct web *w;
	const struct oauth_client *client;
	struct str scope;
	struct audit_entry audit;
	bool allow;
};

/* Listed among applications, where it can be taken back; what the application was let do before stays. */
static enum status put_consent(struct db_conn *c, const struct decision *d, struct err *e)
{
	struct identity_consent_row *former;
	struct str scope = d->scope;
	TRY(q_identity_consent(c, d->w->person->id, d->client->id, &former, e));
	if (former) {
		struct str both = arena_strf(db_arena(c), "%.*s %.*s", STR_ARG(former->scope), STR_ARG(scope));
		scope = scope_and(db_arena(c), both, both);
	}
	return oauth_consent_put(c, d->w->person->id, d->client->id, scope, e);
}

static enum status tx_decision(struct db_conn *c, void *arg, struct err *e)
{
	const struct decision *d = arg;
	if (d->allow) {
		TRY(put_consent(c, d, e));
		TRY(notice_enqueue(c, d->w, NOTICE_DEVICE, d->w->person->id, d->client->name, e));
	}
	return audit_write(c, &d->audit, e);
}

/* The device may ask in the same moment, which changes its entry too. */
static enum status decide(struct web *w, struct str code, struct waiting *wait, bool allow, struct err *e)
{
	bool swapped = false;
	for (unsigned i = 0; i < 5 && !swapped; i++) {
		TRY(device_find(w, code, wait, e));
		struct str former = wait->entry.value;
		wait->d.state = allow ? STR("allowed") : STR("denied");
		wait->d.person = w->person->id;
		wait->d.auth_us = w->person->auth_us;
		wait->d.sso = w->person->session;
		wait->entry.value = device_text(w->ctx, &wait->d);
		TRY(authstore_swap(w->ctx, w->ctx->svc->platform->auth, &wait->entry, former, &swapped, e));
	}
	return swapped ? ST_OK
	               : err_set(e, ST_NOT_FOUND, "The device asked again in that moment. Please press once more.");
}

enum status identity_post_device_decision(struct web *w, struct err *e)
{
	struct waiting wait = { 0 };
	struct err why = { 0 };
	bool allow = str_eqc(web_form(w, "decision"), "allow");
	struct decision decision = { .w = w, .client = &wait.ask.client, .allow = allow };
	struct device_view v = {
		.code = tidy(w, web_form(w, "user_code")), .error = STR(""), .done = allow ? "allowed" : "refused"
	};
	enum status st = device_find(w, v.code, &wait, &why);
	if (st == ST_OK) {
		audit_from(w, &decision.audit);
		decision.audit.action = allow ? "oauth.device_allowed" : "oauth.device_refused";
		decision.audit.object = wait.d.client;
		decision.scope = wait.d.scope;
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_decision, &decision, e));
		st = decide(w, v.code, &wait, allow, &why);
	}
	if (st == ST_NOT_FOUND) {
		v.done = NULL;
		v.error = str_c(why.msg);
		return device_page(w, 422, &v);
	}
	return st == ST_OK ? device_page(w, 200, &v) : err_set(e, st, "%s", why.msg);
}
