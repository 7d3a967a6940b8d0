/* SPDX-License-Identifier: Apache-2.0
 *
 * The single sign-on: made, changed and ended by the identity provider, read by everybody.
 *
 * An entry says who somebody was when they signed in. What changed since (a role, a name, an end of all sign-ons) is
 * one entry of the person's, AUTH_PERSON, laid over each of them when it is read: so one write is in force everywhere
 * at the next request, however many sign-ons there are. It lives longer than every sign-on that it is about.
 */
#include "platform/auth/session_int.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/text/json.h"

#define LIST_MAX 1000
#define PERSON_LIFE_S (SSO_LIFE_S + 86400)
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
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld,\"seen\":%lld", (long long)s->person, (long long)s->auth_us,
	        (long long)s->seen_us);
	json_put_member(&b, "sid", s->sid);
	json_put_member(&b, "name", str_utf8_first(s->name, NAME_MAX_BYTES / 4));
	json_put_member(&b, "email", s->email);
	json_put_member(&b, "handle", s->handle);
	json_put_member(&b, "roles", s->roles);
	json_put_member(&b, "zone", s->zone);
	json_put_member(&b, "lang", s->lang);
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
		.key = n->key,
		.expires_us = n->expires_us,
		.person = json_integer_value(json_object_get(j, "person")),
		.auth_us = json_integer_value(json_object_get(j, "auth")),
		.seen_us = json_integer_value(json_object_get(j, "seen")),
		.sid = arena_str(a, json_str(j, "sid")),
		.name = arena_str(a, json_str(j, "name")),
		.email = arena_str(a, json_str(j, "email")),
		.handle = arena_str(a, json_str(j, "handle")),
		.roles = arena_str(a, json_str(j, "roles")),
		.zone = arena_str(a, json_str(j, "zone")),
		.lang = arena_str(a, json_str(j, "lang")),
		.amr = arena_str(a, json_str(j, "amr")),
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
	/* The first match counts: browsers also name the older browsers that they are compatible with. */
	static const struct sign browsers[] = { { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" }, { "Edg", "Edge" },
		{ "OPR/", "Opera" }, { "SamsungBrowser/", "Samsung Internet" }, { "Vivaldi/", "Vivaldi" },
		{ "CriOS/", "Chrome" }, { "Chrome/", "Chrome" }, { "Safari/", "Safari" }, { "curl/", "curl" },
		{ NULL, NULL } };
	static const struct sign systems[] = { { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" },
		{ "CrOS", "ChromeOS" }, { "Windows", "Windows" }, { "Mac OS X", "Mac" }, { "Linux", "Linux" },
		{ NULL, NULL } };
	struct str ua = http_header(req, "user-agent");
	const char *browser = ua.p ? named(ua, browsers) : NULL, *system = ua.p ? named(ua, systems) : NULL;
	return arena_strf(a, "%s%s%s",
	        browser          ? browser
	                : system ? TR_NOOP("A browser")
	                         : TR_NOOP("A program"),
	        system ? " on " : "", system ? system : "");
}

struct str sso_agent_shown(struct arena *a, struct str agent)
{
	ptrdiff_t on = str_find(agent, STR(" on "));
	struct str system = on < 0 ? STR("") : str_skip(agent, (size_t)on + 4);
	struct str browser = on < 0 ? agent : str_first(agent, (size_t)on);
	const struct str words[] = { tr_str(browser), system };
	return on < 0 ? words[0] : arena_strf(a, tr("%.*s on %.*s"), STR_ARG(words[0]), STR_ARG(words[1]));
}

/* --- cookies of the provider -------------------------------------------------------------------------------- */

static void set_hint(struct web *w, int64_t max_age_s)
{
	const struct platform *p = w->ctx->svc->platform;
	web_set_cookie(w,
	        &(struct cookie){ .name = SESSION_HINT_COOKIE,
	                .value = max_age_s ? STR("1") : STR(""),
	                .path = "/",
	                .max_age_s = max_age_s,
	                .http_only = true,
	                .lax = true,
	                .plain = true,
	                .domain = site_domain(p) });
}

void sso_forget(struct web *w)
{
	session_set_cookie(w, STR(""), 0);
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
	session_set_cookie(w, secret, SSO_LIFE_S);
	set_hint(w, SSO_LIFE_S);
	return ST_OK;
}

/* --- what is true of the person now -------------------------------------------------------------------------- */

struct overlay { struct sso now; bool known; /* name … zone */ bool out; int64_t before_us; struct str but; };

static struct str person_key(struct ctx *ctx, int64_t person)
{
	return arena_strf(ctx->arena, "%lld", (long long)person);
}

static enum status overlay_parse(struct ctx *ctx, struct str value, struct overlay *out, struct err *e)
{
	SCOPED_JSON *j = json_parse(value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*out = (struct overlay){
		.known = json_str(j, "roles").p != NULL, .out = json_is_true(json_object_get(j, "out")),
		.before_us = json_integer_value(json_object_get(j, "before")), .but = arena_str(a, json_str(j, "but")),
		.now = { .name = arena_str(a, json_str(j, "name")), .email = arena_str(a, json_str(j, "email")),
			 .handle = arena_str(a, json_str(j, "handle")), .roles = arena_str(a, json_str(j, "roles")),
			 .zone = arena_str(a, json_str(j, "zone")), .lang = arena_str(a, json_str(j, "lang")) },
	};
	return ST_OK;
}

static struct str overlay_text(struct ctx *ctx, const struct overlay *o)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"before\":%lld,\"out\":%s", (long long)o->before_us, o->out ? "true" : "false");
	json_put_member(&b, "but", o->but);
	if (o->known) {
		json_put_member(&b, "name", str_utf8_first(o->now.name, NAME_MAX_BYTES / 4));
		json_put_member(&b, "email", o->now.email);
		json_put_member(&b, "handle", o->now.handle);
		json_put_member(&b, "roles", o->now.roles);
		json_put_member(&b, "zone", o->now.zone);
		json_put_member(&b, "lang", o->now.lang);
	}
	buf_putc(&b, '}');
	return buf_str(&b);
}

/* ST_NOT_FOUND: it is one of those that ended. */
static enum status lay_over(const struct overlay *o, struct sso *s, struct err *e)
{
	if (o->out || (s->auth_us < o->before_us && !str_eq(s->key, o->but)))
		return err_set(e, ST_NOT_FOUND, "Nobody is signed in.");
	if (o->known) {
		s->name = o->now.name;
		s->email = o->now.email;
		s->handle = o->now.handle;
		s->roles = o->now.roles;
		s->zone = o->now.zone;
		s->lang = o->now.lang;
	}
	return ST_OK;
}

static enum status overlay_get(struct ctx *ctx, int64_t person, struct auth_entry *n, struct overlay *o, struct err *e)
{
	TRY(authstore_get(ctx, store_of(ctx), AUTH_PERSON, person_key(ctx, person), n, e));
	return overlay_parse(ctx, n->value, o, e);
}

enum status sso_current_person(struct ctx *ctx, struct sso *s, struct err *e)
{
	struct auth_entry n;
	struct overlay o;
	struct err why = { 0 };
	enum status st = overlay_get(ctx, s->person, &n, &o, &why);
	if (st == ST_NOT_FOUND)
		return ST_OK; /* nothing changed since */
	return st == ST_OK ? lay_over(&o, s, e) : err_set(e, st, "%s", why.msg);
}

typedef void overlay_fn(struct overlay *o, const void *arg);

/* Changes of other requests stay, as in sso_edit(). */
static enum status change_person(struct ctx *ctx, int64_t person, overlay_fn *edit, const void *arg, struct err *e)
{
	for (unsigned i = 0; i < SWAP_TRIES; i++) {
		struct auth_entry former;
		struct overlay o = { .but = STR("") };
		bool done;
		enum status st = overlay_get(ctx, person, &former, &o, e);
		if (st != ST_OK && st != ST_NOT_FOUND)
			return st;
		edit(&o, arg);
		const struct auth_entry n = { AUTH_PERSON, person_key(ctx, person), STR_NULL, overlay_text(ctx, &o),
			auth_expiry_us(PERSON_LIFE_S) };
		TRY(st == ST_OK ? authstore_swap(ctx, store_of(ctx), &n, former.value, &done, e)
		                : authstore_add(ctx, store_of(ctx), &n, &done, e));
		if (!done)
			continue;
		if (ctx->svc->platform->cache)
			cache_drop_tag(
			        ctx->svc->platform->cache, arena_strf(ctx->arena, "person:%lld", (long long)person));
		return ST_OK;
	}
	return err_set(e, ST_CONFLICT, "This account is being changed elsewhere. Please try again.");
}

static void edit_known(struct overlay *o, const void *arg)
{
	o->now = *(const struct sso *)arg;
	o->known = true;
	o->out = false;
}

enum status sso_refresh_person(struct ctx *ctx, const struct sso *fresh, struct err *e)
{
	return change_person(ctx, fresh->person, edit_known, fresh, e);
}

struct ending { int64_t before_us; struct str but; };

static void edit_ending(struct overlay *o, const void *arg)
{
	const struct ending *x = arg;
	if (x->before_us == INT64_MAX) {
		o->out = true;
		o->known = false; /* nothing is kept of a person who was deleted */
	} else if (x->before_us > o->before_us) {
		o->before_us = x->before_us;
		o->but = x->but;
	}
}

enum status sso_end_before(struct ctx *ctx, int64_t person, int64_t before_us, struct str but, struct err *e)
{
	const struct ending x = { before_us, but.p ? but : STR("") };
	return change_person(ctx, person, edit_ending, &x, e);
}

/* --- one of them --------------------------------------------------------------------------------------------- */

enum status sso_by_key(struct ctx *ctx, struct str key, struct sso *out, struct err *e)
{
	struct auth_entry n;
	TRY(authstore_get(ctx, store_of(ctx), AUTH_SSO, key, &n, e));
	TRY(sso_parse(ctx, &n, out, e));
	return sso_current_person(ctx, out, e);
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

/* edit is applied to the newest value and stored only if that is unchanged; otherwise once more, so that changes of
   other requests stay. */
typedef void edit_fn(struct sso *s, const void *arg);

static enum status sso_edit(struct ctx *ctx, struct str key, edit_fn *edit, const void *arg, struct err *e)
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
	return sso_edit(ctx, s->key, edit_proof, s, e);
}

static void edit_seen(struct sso *s, const void *arg)
{
	s->seen_us = *(const int64_t *)arg;
}

bool sso_is_unseen(const struct sso *s)
{
	return clock_now_us() - s->seen_us > SSO_SEEN_S * US_PER_S;
}

void sso_saw(struct ctx *ctx, const struct sso *s)
{
	int64_t now = clock_now_us();
	if (sso_is_unseen(s))
		(void)!sso_edit(ctx, s->key, edit_seen, &now, NULL);
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
	struct auth_entry *entries, over;
	struct overlay o = { .but = STR("") };
	size_t count;
	enum status st = overlay_get(ctx, person, &over, &o, e);
	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	TRY(authstore_list(ctx, store_of(ctx), AUTH_SSO, owner_of(ctx, person), LIST_MAX, &entries, &count, e));
	*out = ARENA_ARRAY(ctx->arena, struct sso, count);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		struct sso *s = &(*out)[*n];
		TRY(sso_parse(ctx, &entries[i], s, e));
		*n += lay_over(&o, s, NULL) == ST_OK;
	}
	return ST_OK;
}

enum status sso_list_ended(
        struct ctx *ctx, int64_t person, int64_t before_us, struct str but, struct str **keys, size_t *n, struct err *e)
{
	struct auth_entry *entries;
	size_t count;
	TRY(authstore_list(ctx, store_of(ctx), AUTH_SSO, owner_of(ctx, person), LIST_MAX, &entries, &count, e));
	*keys = ARENA_ARRAY(ctx->arena, struct str, count);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		struct sso s;
		TRY(sso_parse(ctx, &entries[i], &s, e));
		if (s.auth_us < before_us && !str_eq(s.key, but))
			(*keys)[(*n)++] = s.key;
	}
	return ST_OK;
}
