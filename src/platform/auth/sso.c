/* SPDX-License-Identifier: Apache-2.0
 *
 * The single sign-on: made, changed and ended by the identity provider, read by everybody.
 */
#include "platform/auth/session_int.h"

#include "base/clock.h"
#include "base/id.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/text/json.h"

#define LIST_MAX 100
#define SWAP_TRIES 5
#define NAME_MAX_BYTES 400 /* of what a person gives; the rest of an entry is short */

/* --- as text ------------------------------------------------------------------------------------------------ */

static struct str owner_of(struct ctx *ctx, int64_t person)
{
	return arena_strf(ctx->arena, "p:%lld", (long long)person);
}

static struct str sso_text(struct ctx *ctx, const struct sso *s)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld,\"seen\":%lld", (long long)s->person, (long long)s->auth_us, (long long)s->seen_us);
	json_put_member(&b, "sid", s->sid);
	json_put_member(&b, "name", str_utf8_first(s->name, NAME_MAX_BYTES / 4));
	json_put_member(&b, "email", s->email);
	json_put_member(&b, "handle", s->handle);
	json_put_member(&b, "roles", s->roles);
	json_put_member(&b, "zone", s->zone);
	json_put_member(&b, "amr", s->amr);
	json_put_member(&b, "agent", s->agent);
	buf_putc(&b, '}');
	return buf_str(&b);
}

enum status sso_parse(struct ctx *ctx, const struct auth_entry *n, struct sso *out, struct err *e)
{
	SCOPED_JSON *j = json_parse(n->value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*out = (struct sso){
		.key = n->key, .expires_us = n->expires_us,
		.person = json_integer_value(json_object_get(j, "person")),
		.auth_us = json_integer_value(json_object_get(j, "auth")),
		.seen_us = json_integer_value(json_object_get(j, "seen")),
		.sid = arena_str(a, json_str(j, "sid")), .name = arena_str(a, json_str(j, "name")),
		.email = arena_str(a, json_str(j, "email")), .handle = arena_str(a, json_str(j, "handle")),
		.roles = arena_str(a, json_str(j, "roles")), .zone = arena_str(a, json_str(j, "zone")), .amr = arena_str(a, json_str(j, "amr")),
		.agent = arena_str(a, json_str(j, "agent")),
	};
	return out->person ? ST_OK : err_set(e, ST_CORRUPT, "a single sign-on names no person");
}

static struct auth_entry entry_of(struct ctx *ctx, const struct sso *s)
{
	return (struct auth_entry){ AUTH_SSO, s->key, owner_of(ctx, s->person), sso_text(ctx, s), s->expires_us };
}

/* --- what a browser says of itself -------------------------------------------------------------------------- */

struct sign { const char *in, *name; };

static const char *named(struct str text, const struct sign *list)
{
	for (; list->in; list++)
		if (str_find(text, str_c(list->in)) >= 0)
			return list->name;
	return NULL;
}

struct str sso_agent(struct arena *a, const struct http_req *req)
{
	/* The first that fits: every browser also claims to be its ancestors. */
	static const struct sign browsers[] = { { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" }, { "Edg", "Edge" }, { "OPR/", "Opera" },
		{ "SamsungBrowser/", "Samsung Internet" }, { "Vivaldi/", "Vivaldi" }, { "CriOS/", "Chrome" }, { "Chrome/", "Chrome" },
		{ "Safari/", "Safari" }, { "curl/", "curl" }, { NULL, NULL } };
	static const struct sign systems[] = { { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "CrOS", "ChromeOS" },
		{ "Windows", "Windows" }, { "Mac OS X", "Mac" }, { "Linux", "Linux" }, { NULL, NULL } };
	struct str ua = http_header(req, "user-agent");
	const char *browser = ua.p ? named(ua, browsers) : NULL, *system = ua.p ? named(ua, systems) : NULL;
	return arena_strf(a, "%s%s%s", browser ? browser : system ? "A browser" : "A program", system ? " on " : "", system ? system : "");
}

/* --- cookies of the provider -------------------------------------------------------------------------------- */

/* The domain that all hosts of the site are below; "" when there is one host, or none in common. */
static struct str common_domain(const struct platform *p)
{
	struct str first = service_host(&p->services[0]), common = first;
	bool many = false;
	for (unsigned i = 1; i < p->service_count; i++) {
		struct str host = service_host(&p->services[i]);
		many |= !str_eq(host, first);
		while (common.n && !str_eq(host, common) && !(str_ends(host, common) && host.p[host.n - common.n - 1] == '.')) {
			ptrdiff_t dot = str_chr(common, '.');
			common = dot < 0 ? STR("") : str_skip(common, (size_t)dot + 1);
		}
	}
	return many && str_chr(common, '.') > 0 ? common : STR("");
}

static void set_hint(struct web *w, int64_t max_age_s)
{
	const struct platform *p = w->ctx->svc->platform;
	web_set_cookie(w, &(struct cookie){ .name = SESSION_HINT_COOKIE, .value = max_age_s ? STR("1") : STR(""), .path = "/",
		.max_age_s = max_age_s, .http_only = true, .lax = true, .plain = true, .domain = common_domain(p) });
}

static void set_provider_cookie(struct web *w, struct str secret, int64_t max_age_s)
{
	web_set_cookie(w, &(struct cookie){ .name = session_cookie_name(w->ctx, w->ctx->svc), .value = secret, .path = "/",
		.max_age_s = max_age_s, .http_only = true, .lax = true });
}

void sso_forget(struct web *w)
{
	set_provider_cookie(w, STR(""), 0);
	set_hint(w, 0);
}

/* --- life --------------------------------------------------------------------------------------------------- */

static struct authstore *store_of(const struct ctx *ctx)
{
	return ctx->svc->platform->auth;
}

enum status sso_begin(struct web *w, const struct sso *s, struct err *e)
{
	struct ctx *ctx = w->ctx;
	char hash[AUTH_HASH_LEN + 1], sid[ID_TEXT_LEN + 1];
	struct sso fresh = *s, former;
	if (sso_current(w, &former, NULL) == ST_OK)
		TRY(sso_end(ctx, former.key, e));
	struct str secret = auth_secret(ctx->arena, hash);
	id_text(id_new(), sid);
	fresh.key = str_c(hash);
	fresh.sid = str_c(sid);
	fresh.auth_us = fresh.seen_us = clock_now_us();
	fresh.expires_us = auth_expiry_us(SSO_LIFE_S);
	if (!fresh.agent.n)
		fresh.agent = sso_agent(ctx->arena, w->req);
	struct auth_entry n = entry_of(ctx, &fresh);
	TRY(authstore_put_new(ctx, store_of(ctx), &n, e));
	set_provider_cookie(w, secret, SSO_LIFE_S);
	set_hint(w, SSO_LIFE_S);
	return ST_OK;
}

enum status sso_by_key(struct ctx *ctx, struct str key, struct sso *out, struct err *e)
{
	struct auth_entry n;
	TRY(authstore_get(ctx, store_of(ctx), AUTH_SSO, key, &n, e));
	return sso_parse(ctx, &n, out, e);
}

enum status sso_current(struct web *w, struct sso *out, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = web_cookie(w, session_cookie_name(w->ctx, w->ctx->svc->platform->identity));
	if (!secret.n)
		return err_set(e, ST_NOT_FOUND, "Nobody is signed in.");
	auth_hash(secret, hash);
	return sso_by_key(w->ctx, arena_str(w->ctx->arena, str_c(hash)), out, e);
}

/* What another changed meanwhile stays: edit runs over the newest, until nobody came between. */
typedef void edit_fn(struct sso *s, const void *arg);

static enum status change(struct ctx *ctx, struct str key, edit_fn *edit, const void *arg, struct err *e)
{
	for (unsigned i = 0; i < SWAP_TRIES; i++) {
		struct auth_entry former;
		struct sso s;
		bool swapped;
		TRY(authstore_get(ctx, store_of(ctx), AUTH_SSO, key, &former, e));
		TRY(sso_parse(ctx, &former, &s, e));
		edit(&s, arg);
		struct auth_entry n = entry_of(ctx, &s);
		TRY(authstore_swap(ctx, store_of(ctx), &n, former.value, &swapped, e));
		if (swapped)
			return ST_OK;
	}
	return err_set(e, ST_CONFLICT, "This sign-in is being changed elsewhere. Please try again.");
}

static void edit_proof(struct sso *s, const void *arg)
{
	const struct sso *from = arg;
	s->auth_us = from->auth_us;
	s->amr = from->amr;
}

enum status sso_update(struct ctx *ctx, const struct sso *s, struct err *e)
{
	return change(ctx, s->key, edit_proof, s, e);
}

static void edit_seen(struct sso *s, const void *arg)
{
	s->seen_us = *(const int64_t *)arg;
}

void sso_saw(struct ctx *ctx, const struct sso *s)
{
	int64_t now = clock_now_us();
	if (now - s->seen_us > SSO_SEEN_S * US_PER_S)
		(void)!change(ctx, s->key, edit_seen, &now, NULL);
}

struct str sso_sessions_owner(struct ctx *ctx, struct str key)
{
	return arena_strf(ctx->arena, "sso:%.*s", STR_ARG(key));
}

enum status sso_end(struct ctx *ctx, struct str key, struct err *e)
{
	TRY(authstore_drop(ctx, store_of(ctx), AUTH_SSO, key, e));
	/* Its sessions, and codes that nobody came with yet. */
	return authstore_drop_owner(ctx, store_of(ctx), AUTH_KINDS, sso_sessions_owner(ctx, key), e);
}

enum status sso_list(struct ctx *ctx, int64_t person, struct sso **out, size_t *n, struct err *e)
{
	struct auth_entry *entries;
	TRY(authstore_list(ctx, store_of(ctx), AUTH_SSO, owner_of(ctx, person), LIST_MAX, &entries, n, e));
	*out = ARENA_ARRAY(ctx->arena, struct sso, *n);
	for (size_t i = 0; i < *n; i++)
		TRY(sso_parse(ctx, &entries[i], &(*out)[i], e));
	return ST_OK;
}

static void edit_person(struct sso *s, const void *arg)
{
	const struct sso *from = arg;
	s->name = from->name;
	s->email = from->email;
	s->handle = from->handle;
	s->roles = from->roles;
	s->zone = from->zone;
}

enum status sso_refresh_person(struct ctx *ctx, const struct sso *fresh, struct err *e)
{
	struct sso *list;
	size_t n;
	TRY(sso_list(ctx, fresh->person, &list, &n, e));
	for (size_t i = 0; i < n; i++) {
		enum status st = change(ctx, list[i].key, edit_person, fresh, e);
		if (st != ST_OK && st != ST_NOT_FOUND)
			return st;
	}
	cache_drop_tag(ctx->svc->platform->cache, arena_strf(ctx->arena, "person:%lld", (long long)fresh->person));
	return ST_OK;
}
