/* SPDX-License-Identifier: Apache-2.0
 *
 * See scene.h. What can be put where it is kept is put there, so that a request costs no others before it.
 */
#include "scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "gen/platform_sql.h"
#include "gen/account_sql.h"
#include "gen/blog_sql.h"
#include "gen/cart_sql.h"
#include "gen/events_sql.h"
#include "gen/identity_sql.h"
#include "gen/market_sql.h"
#include "gen/sumup_sql.h"
#include "lib/authenticator.h"
#include "platform/auth/session_int.h"
#include "platform/crypto/seal.h"
#include "platform/media/media.h"
#include "platform/peers/internal.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"
#include "services/identity/admin/admin.h"
#include "services/identity/oauth/oauth_device.h"
#include "services/identity/people/password.h"
#include "services/identity/signin/link.h"
#include "services/identity/signin/second_int.h"
#include "services/identity/signin/totp.h"

#define CALLBACK_ENCODED "https%3A%2F%2Fapp.example%2Fback"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define SEED "twenty bytes of seed"
#define KEPT_S           (30 * 86400) /* of what a request finds: longer than any bound of time that is met */

static struct {
	int64_t people[WHO_COUNT];
	char password[PASSWORD_HASH_MAX];
	char picture[256]; /* path of a variant, below /media/ */
	char upload[1 << 16];
	char jwk[1024], passkey[128]; /* base64url of the key's name */
} made;

static struct authenticator au = { .want = { .origin = STR_INIT("http://localhost"), .rp_id = STR_INIT("localhost") },
	.credential = STR_INIT("the-scene's-passkey") };

static const struct { const char *email, *name, *roles; } cast[WHO_COUNT] = {
	[MEMBER] = { "mara@example.org", "Mara", "" },
	[OWNER] = { "otto@example.org", "Otto", "owner" },
	[NEWCOMER] = { "nell@example.org", "Nell", "" },
};

static void must_at(enum status st, const struct err *e, int line)
{
	if (st == ST_OK)
		return;
	printf("scene.c:%d: %s: %s\n", line, status_info(st)->name, e->msg);
	fflush(stdout);
	abort();
}
#define MUST(call) do { struct err e_ = { 0 }; must_at(call, &e_, __LINE__); } while (0)
#define E (&e_)

int64_t scene_person(enum who who) { return made.people[who]; }

static void put(struct prep *x, enum auth_kind kind, struct str key, struct str owner, struct str value)
{
	const struct auth_entry n = { kind, key, owner, value, auth_expiry_us(KEPT_S) };
	MUST(authstore_put(x->ctx, x->h->p->auth, &n, E));
}

static struct str owner_of(struct prep *x, int64_t person)
{
	return arena_strf(x->ctx->arena, "p:%lld", (long long)person);
}

static void keep(char *out, struct str s)
{
	snprintf(out, sizeof((struct prep *)NULL)->b, "%.*s", STR_ARG(s));
}

static void keep_id(char *out, int64_t id)
{
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	keep(out, str_c(text));
}

/* One write in a database, by whatever fn does. */
static void change(struct prep *x, const char *service, db_tx_fn *fn)
{
	MUST(db_write(x->ctx, platform_service(x->h->p, service)->db, fn, x, E));
}

/* --- once --------------------------------------------------------------------------------------------------- */

static enum status tx_client(struct db_conn *c, void *arg, struct err *e)
{
	static const char
	        metadata[] = "{\"client_name\":\"Scene\",\"redirect_uris\":[\"" SCENE_CALLBACK
	                     "\"],\"grant_types\":[\"authorization_code\",\"refresh_token\","
	                     "\"client_credentials\",\"" DEVICE_GRANT
	                     "\"],\"response_types\":[\"code\"],\"scope\":\"openid profile email offline_access\","
	                     "\"token_endpoint_auth_method\":\"client_secret_post\",\"backchannel_logout_uri\":\"https:"
	                     "//app.example/out\"}";
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(STR(SCENE_SECRET), hash);
	return q_identity_client_add(c, STR(SCENE_CLIENT), STR("oidc"), STR("Scene"), STR("client_secret_post"),
	        str_c(hash), STR(""), str_c(metadata), clock_now_us(), NULL, e);
}

static enum status tx_passkey(struct db_conn *c, void *arg, struct err *e)
{
	return q_identity_passkey_add(
	        c, str_c(made.passkey), made.people[NEWCOMER], str_c(made.jwk), 0, STR("Key"), clock_now_us(), NULL, e);
}

static void make_picture(struct ctx *ctx, struct house *h)
{
	struct media_item item;
	SCOPED_FD fd = open(TEST_ROOT "/tests/fixtures/media/metadata.jpg", O_RDONLY | O_CLOEXEC);
	MUST(media_put_file(ctx, h->p->media, fd, STR(""), MEDIA_LATER, &item, E));
	snprintf(made.picture, sizeof made.picture, "%.*s", STR_ARG(item.variants[0].path));
}

static void make_passkey(struct ctx *ctx)
{
	struct webauthn_credential key;
	const struct authenticator_answer good = { .flags = 0x45 };
	authenticator_init(&au);
	au.a = ctx->arena;
	au.want.challenge = STR("AAAA");
	MUST(webauthn_register(ctx->arena, &au.want, authenticator_client_data(&au, &good, "webauthn.create"),
	        authenticator_attestation(&au, &good), &key, E));
	snprintf(made.jwk, sizeof made.jwk, "%.*s", STR_ARG(key.jwk));
	snprintf(made.passkey, sizeof made.passkey, "%.*s", STR_ARG(key.id));
}

void scene_make(struct ctx *ctx, void *house)
{
	struct prep x = { .ctx = ctx, .h = house };
	for (unsigned i = 0; i < WHO_COUNT; i++)
		if (cast[i].email)
			MUST(admin_add_person(ctx,
			        &(struct admin_person){ str_c(cast[i].email), str_c(cast[i].name), STR(SCENE_PASSWORD),
			                str_c(cast[i].roles) },
			        &made.people[i], E));
	MUST(password_hash(ctx, STR(SCENE_PASSWORD), made.password, E));
	make_passkey(ctx);
	change(&x, "identity", tx_client);
	make_picture(ctx, x.h);
}

void scene_end(void) { authenticator_fini(&au); }

/* --- signing in --------------------------------------------------------------------------------------------- */

static enum status tx_active(struct db_conn *c, void *arg, struct err *e)
{
	int64_t id = ((struct prep *)arg)->person;
	TRY(q_identity_leaving_put(c, id, STR("active"), NULL, clock_now_us(), NULL, e));
	return q_identity_person_roles(
	        c, id, id == made.people[OWNER] ? STR("owner") : STR(""), clock_now_us(), NULL, e);
}

/* As they were: active, with the roles of the cast, signed in nowhere, nothing granted. */
static void restore(struct prep *x, int64_t person)
{
	struct prep of = { .ctx = x->ctx, .h = x->h, .person = person };
	change(&of, "identity", tx_active);
	MUST(authstore_drop(
	        x->ctx, x->h->p->auth, AUTH_PERSON, arena_strf(x->ctx->arena, "%lld", (long long)person), E));
	MUST(authstore_drop_owner(x->ctx, x->h->p->auth, AUTH_KINDS, owner_of(x, person), E));
	MUST(authstore_drop_owner(x->ctx, x->h->p->auth, AUTH_GRANT,
	        arena_strf(x->ctx->arena, "pc:%lld:" SCENE_CLIENT, (long long)person), E));
}

static struct str sso_value(struct ctx *ctx, int64_t id)
{
	struct person_record *p;
	struct buf b;
	long long now = clock_now_us();
	char sid[ID_TEXT_LEN + 1];
	MUST(people_load(ctx, id, &p, E));
	id_text(id_new(), sid);
	buf_arena(&b, ctx->arena, 8192);
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld,\"seen\":%lld,\"zone\":\"\",\"amr\":\"pwd\",\"agent\":\"\"",
	        (long long)id, now, now);
	json_put_member(&b, "sid", str_c(sid));
	json_put_member(&b, "name", p->name);
	json_put_member(&b, "email", p->email);
	json_put_member(&b, "handle", p->handle);
	json_put_member(&b, "roles", p->roles);
	buf_putc(&b, '}');
	return buf_str(&b);
}

void scene_sign_in(struct prep *x, enum who who, char *out, size_t max)
{
	char hash[AUTH_HASH_LEN + 1];
	struct ctx ctx = *x->ctx;
	size_t n = strlen(out);
	if (who == VISITOR)
		return;
	x->person = made.people[who];
	restore(x, x->person);
	struct str secret = auth_secret(ctx.arena, hash);
	x->sso = arena_str(ctx.arena, str_c(hash));
	put(x, AUTH_SSO, x->sso, owner_of(x, x->person), sso_value(&ctx, x->person));
	n += (size_t)snprintf(out + n, max - n, "; %s=%.*s", session_cookie_name(&ctx, ctx.svc), STR_ARG(secret));
	for (unsigned i = 0; i < x->h->p->service_count; i++) {
		ctx.svc = &x->h->p->services[i];
		if (ctx.svc == x->h->p->identity)
			continue;
		secret = auth_secret(ctx.arena, hash);
		put(x, AUTH_SESSION, session_key(&ctx, str_c(hash)), sso_sessions_owner(&ctx, x->sso), x->sso);
		n += (size_t)snprintf(
		        out + n, max - n, "; %s=%.*s", session_cookie_name(&ctx, ctx.svc), STR_ARG(secret));
	}
}

void scene_sign_ons(struct prep *x)
{
	for (size_t i = 1; i < x->n; i++) { /* one is whoever asks */
		char hash[AUTH_HASH_LEN + 1];
		(void)auth_secret(x->ctx->arena, hash);
		put(x, AUTH_SSO, arena_str(x->ctx->arena, str_c(hash)), owner_of(x, x->person),
		    sso_value(x->ctx, x->person));
	}
}

/* --- links -------------------------------------------------------------------------------------------------- */

static void link_of(struct prep *x, struct link l)
{
	struct str url;
	MUST(link_make(x->ctx, &l, 600, &url, E));
	ptrdiff_t at = str_find(url, STR("token="));
	keep(x->a, str_skip(url, (size_t)at + 6));
}

static struct str fresh_address(struct prep *x)
{
	char id[ID_TEXT_LEN + 1];
	id_text(id_new(), id);
	return arena_strf(x->ctx->arena, "%s@example.org", id);
}

void scene_link_sign_in(struct prep *x)
{
	link_of(x,
	        (struct link){ .kind = LINK_SIGN_IN, .person = made.people[MEMBER], .email = STR("mara@example.org") });
}
void scene_link_reset(struct prep *x)
{
	restore(x, made.people[MEMBER]);
	link_of(x,
	        (struct link){ .kind = LINK_RESET, .person = made.people[MEMBER], .email = STR("mara@example.org") });
}
void scene_link_sign_up(struct prep *x)
{
	link_of(x,
	        (struct link){ .kind = LINK_SIGN_UP,
	                .email = fresh_address(x),
	                .name = STR("Anew"),
	                .hash = str_c(made.password) });
}
void scene_link_email(struct prep *x)
{
	link_of(x, (struct link){ .kind = LINK_EMAIL, .person = x->person, .email = fresh_address(x) });
}

/* --- factors ------------------------------------------------------------------------------------------------ */

static struct str secret_under(struct prep *x, char hash[AUTH_HASH_LEN + 1])
{
	return auth_secret(x->ctx->arena, hash);
}

static void code_now(char *out)
{
	char code[TOTP_DIGITS + 1];
	totp_code(STR(SEED), clock_now_us() / US_PER_S / TOTP_STEP_S, code);
	keep(out, str_c(code));
}

static enum status tx_totp(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	return q_identity_totp_put(
	        c, made.people[NEWCOMER], auth_seal(x->ctx, SECOND_SEAL, STR(SEED)), 0, clock_now_us(), NULL, e);
}

void scene_half(struct prep *x)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str secret = secret_under(x, hash);
	change(x, "identity", tx_totp);
	restore(x, made.people[NEWCOMER]);
	put(x, AUTH_PROMPT, str_c(hash), owner_of(x, made.people[NEWCOMER]),
	        arena_strf(x->ctx->arena, "{\"person\":%lld,\"amr\":\"pwd\",\"next\":\"/account\"}",
	                (long long)made.people[NEWCOMER]));
	keep(x->c, arena_strf(x->ctx->arena, "gh_second=%.*s", STR_ARG(secret)));
	code_now(x->a);
}

void scene_two_step(struct prep *x)
{
	char hash[AUTH_HASH_LEN + 1];
	keep(x->a, secret_under(x, hash));
	put(x, AUTH_PROMPT, str_c(hash), owner_of(x, x->person), auth_seal(x->ctx, SECOND_SEAL, STR(SEED)));
	code_now(x->b);
}

static enum status tx_password(struct db_conn *c, void *arg, struct err *e)
{
	return password_set(c, made.people[MEMBER], made.password, e);
}

void scene_password(struct prep *x) { change(x, "identity", tx_password); }

/* A question that was asked, and the answer of the one authenticator that there is. */
static struct str challenge_of(struct prep *x, int64_t person)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str challenge = secret_under(x, hash);
	put(x, AUTH_PROMPT, arena_strf(x->ctx->arena, "passkey:%s", hash), STR_NULL,
	        arena_strf(x->ctx->arena, "%lld", (long long)person));
	return challenge;
}

static void body_of(struct prep *x, struct str text)
{
	static char body[8192];
	snprintf(body, sizeof body, "%.*s", STR_ARG(text));
	x->body = str_c(body);
}

static void put_bytes(struct buf *b, struct arena *a, const char *name, struct str bytes)
{
	json_put_member(b, name, base64url(a, bytes));
}

static struct str assertion(struct arena *a, struct str challenge)
{
	struct buf b;
	const struct authenticator_answer good = { .flags = 0x05 };
	au.a = a;
	au.want.challenge = challenge;
	struct str data = authenticator_data(&au, &good, STR("")),
	           client = authenticator_client_data(&au, &good, "webauthn.get");
	buf_arena(&b, a, 8192);
	BUF_LIT(&b, "{\"next\":\"/account\"");
	put_bytes(&b, a, "id", au.credential);
	put_bytes(&b, a, "clientDataJSON", client);
	put_bytes(&b, a, "authenticatorData", data);
	put_bytes(&b, a, "signature", authenticator_sign(&au, data, client));
	buf_putc(&b, '}');
	return buf_str(&b);
}

static struct str registration(struct arena *a, struct str challenge)
{
	struct buf b;
	const struct authenticator_answer good = { .flags = 0x45 };
	au.a = a;
	au.want.challenge = challenge;
	buf_arena(&b, a, 8192);
	BUF_LIT(&b, "{\"name\":\"Key\"");
	put_bytes(&b, a, "clientDataJSON", authenticator_client_data(&au, &good, "webauthn.create"));
	put_bytes(&b, a, "attestationObject", authenticator_attestation(&au, &good));
	buf_putc(&b, '}');
	return buf_str(&b);
}

static enum status tx_no_passkeys(struct db_conn *c, void *arg, struct err *e)
{
	struct identity_passkey_drop_row *gone;
	return q_identity_passkey_drop(c, str_c(made.passkey), made.people[NEWCOMER], &gone, e);
}

void scene_passkey(struct prep *x)
{
	change(x, "identity", tx_no_passkeys);
	change(x, "identity", tx_passkey);
	restore(x, made.people[NEWCOMER]);
	body_of(x, assertion(x->ctx->arena, challenge_of(x, 0)));
}

void scene_new_passkey(struct prep *x)
{
	change(x, "identity", tx_no_passkeys);
	body_of(x, registration(x->ctx->arena, challenge_of(x, x->person)));
}

void scene_answer(struct prep *x, struct str challenge)
{
	change(x, "identity", tx_no_passkeys);
	body_of(x, registration(x->ctx->arena, challenge));
}

static enum status tx_more_passkeys(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	for (size_t i = 1; i < x->n; i++)
		TRY(q_identity_passkey_add(c, arena_strf(db_arena(c), "another-%zu", i), x->person, str_c(made.jwk), 0,
		                           STR("Key"), clock_now_us(), NULL, e));
	return ST_OK;
}

/* One less than n: the request adds one. Those of a smaller n are there still. */
void scene_passkeys(struct prep *x)
{
	scene_new_passkey(x);
	change(x, "identity", tx_more_passkeys);
}

void scene_has_passkey(struct prep *x)
{
	change(x, "identity", tx_passkey);
	keep(x->a, str_c(made.passkey));
}

/* --- members ------------------------------------------------------------------------------------------------ */

static enum status tx_invite(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new(), now = clock_now_us();
	char hash[AUTH_HASH_LEN + 1];
	keep(x->a, auth_secret(db_arena(c), hash));
	keep_id(x->b, id);
	return q_identity_invitation_add(
	        c, id, fresh_address(x), STR(""), str_c(hash), made.people[OWNER], now, now + 600 * US_PER_S, NULL, e);
}

void scene_invitation(struct prep *x) { change(x, "identity", tx_invite); }

static enum status tx_suspend(struct db_conn *c, void *arg, struct err *e)
{
	return q_identity_person_status(c, made.people[MEMBER], STR("suspended"), clock_now_us(), NULL, e);
}

/* An event that was given up. */
static enum status tx_given_up(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	keep_id(x->a, id);
	TRY(q_event_add(c, id, STR("loaf.baked"), STR("1"), STR("{}"), clock_now_us(), false, NULL, e));
	return q_event_give_up(c, id, 0, STR("nobody listens"), NULL, e);
}

void scene_given_up(struct prep *x) { change(x, "identity", tx_given_up); }

void scene_stays(struct prep *x) { restore(x, made.people[MEMBER]); }
void scene_suspended(struct prep *x) { change(x, "identity", tx_suspend); }

/* --- account ------------------------------------------------------------------------------------------------ */

static enum status tx_no_address(struct db_conn *c, void *arg, struct err *e)
{
	return q_account_forget_addresses(c, made.people[MEMBER], NULL, e);
}

static enum status tx_address(struct db_conn *c, void *arg, struct err *e)
{
	int64_t id = id_new();
	struct str none = STR("");
	TRY(tx_no_address(c, arg, e));
	keep_id(((struct prep *)arg)->a, id);
	return q_account_address_put(c, id, made.people[MEMBER], STR("Mara"), STR("Mill Lane 1"), none, none,
	        STR("Ousebridge"), none, STR("GB"), none, true, true, clock_now_us(), NULL, e);
}

void scene_no_address(struct prep *x) { change(x, "account", tx_no_address); }
void scene_address(struct prep *x) { change(x, "account", tx_address); }

/* --- cart and payments -------------------------------------------------------------------------------------- */

static struct str mara_owns(struct db_conn *c)
{
	return arena_strf(db_arena(c), "p%lld", (long long)made.people[MEMBER]);
}

static enum status tx_basket(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	struct cart_basket_make_row *b;
	struct cart_basket_add_row *added;
	TRY(q_cart_basket_drop(c, mara_owns(c), NULL, e));
	TRY(q_cart_basket_make(c, id_new(), mara_owns(c), clock_now_us(), &b, e));
	keep_id(x->a, id);
	return q_cart_basket_add(c, id, b->id, STR("nobody"), STR("loaf"), 1, NULL, STR(""), 99, &added, e);
}

static enum status tx_order(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new(), until = clock_now_us() + 3600 * US_PER_S;
	struct str none = STR(""), number = id_str(db_arena(c), id);
	snprintf(x->a, sizeof x->a, "%.*s", STR_ARG(number));
	TRY(q_cart_order_add(c, id, number, STR("key"), number, number, 0, 1, &made.people[MEMBER],
	        STR("market/bakery"), STR("Bakery"), clock_now_us() + 3600 * US_PER_S, STR("card"), STR("EUR"), 400, 26,
	        STR("Mara"), STR("mara@example.org"), none, none, STR("en"), &until, clock_now_us(), NULL, e));
	return q_cart_order_line_add(c, id, 1, STR("nobody"), STR("loaf"), 2, STR("goods"), STR("Loaf"), none, none,
	        none, 200, 400, 700, 26, 0, none, 0, NULL, none, none, 0, 300, NULL, e);
}

static enum status tx_sold(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	TRY(tx_order(c, arg, e));
	TRY(q_cart_order(c, str_c(x->a), &o, e));
	TRY(q_cart_order_lines(c, o->id, &lines, &n, e));
	TRY(q_cart_order_set_supply(c, o->id, STR("held"), STR("sold"), NULL, e));
	TRY(journal_sale(c, o, lines, n, e));
	struct str reference = arena_strf(db_arena(c), "%s-1", x->a);
	int64_t id = id_new();
	TRY(q_cart_payment_add(
	        c, id, o->id, 1, STR("cash"), reference, 400, clock_now_us(), NULL, clock_now_us(), NULL, e));
	TRY(q_cart_payment_settle(c, id, STR("paid"), STR("t"), STR(""), clock_now_us(), NULL, e));
	return q_cart_order_set_payment(c, o->id, STR("paid"), 400, 0, clock_now_us(), NULL, e);
}

static enum status tx_supply(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	keep_id(x->a, id);
	return q_cart_supply_add(c, id, id, STR("Friday"), STR("nobody"), 7, STR("Mill"), STR("[[\"Loaf\",\"\",2]]"), 2,
	        STR("unsent"), STR(""), clock_now_us(), NULL, e);
}

static enum status tx_payment(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct str id = id_str(db_arena(c), id_new());
	snprintf(x->a, sizeof x->a, "%.*s", STR_ARG(id));
	return q_sumup_checkout_add(c, id, STR("MSIM0001"), id, 400, STR("EUR"), STR("Order"), STR(""),
	        STR("http://localhost/cart"), true, clock_now_us() + 3600 * US_PER_S, clock_now_us(), NULL, e);
}

static enum status tx_cycle(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new(), now = clock_now_us();
	keep_id(x->a, id);
	return q_market_cycle_add(c, id, STR("Friday"), now, now + US_PER_S, now + 2 * US_PER_S, now, NULL, e);
}

void scene_cycle(struct prep *x) { change(x, "market", tx_cycle); }
static enum status tx_product(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct str none = STR(""), name = id_str(db_arena(c), id_new());
	int64_t page = id_new(), product = id_new(), variant = id_new(), stock = id_new(), supplier = id_new();
	struct market_pages_row *pages;
	size_t n;
	TRY(q_market_pages(c, &pages, &n, e));
	bool there = false;
	for (size_t i = 0; i < n && !there; i++) {
		there = str_eqc(pages[i].slug, "shop");
		page = there ? pages[i].id : page;
	}
	if (!there)
		TRY(q_market_page_add(c, page, STR("shop"), STR("Shop"), none, STR("EUR"), 0, clock_now_us(), NULL, e));
	TRY(q_market_supplier_add(c, supplier, name, name, none, clock_now_us(), NULL, e));
	TRY(q_market_product_add(c, product, page, &supplier, name, STR_NULL, STR("Rye"), none, none, none, none, none,
	        none, none, none, STR("active"), true, none, none, none, none, 700, 0, none, clock_now_us(), NULL, e));
	TRY(q_market_stock_add(c, stock, STR("counted"), 0, NULL, NULL, e));
	TRY(q_market_variant_add(c, variant, product, 0, none, none, none, none, none, 320, 0, 0, 0, STR("g"), 750, 0,
	        1, 1, 0, stock, none, none, NULL, e));
	keep_id(x->a, product);
	keep_id(x->b, variant);
	keep_id(x->c, supplier);
	return q_market_product_refresh(c, product, NULL, e);
}

static enum status tx_import(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct str none = STR("");
	int64_t id = id_new();
	keep_id(x->a, id);
	TRY(q_market_import_add(
	        c, id, STR("list.csv"), STR("list"), NULL, STR("shop"), STR("EUR"), NULL, clock_now_us(), NULL, e));
	TRY(q_market_import_row_add(c, id, 1, 2, STR("rye"), STR("Rye"), STR("new"), none, true, 0, none,
	        STR("{\"variants\":[]}"), NULL, e));
	return q_market_import_state(c, id, STR("staged"), 0, none, NULL, e);
}

#define LOFT_MONDAY INT64_C(1767641400) /* local: Monday, 5 January 2026, 19:30 */

/* An entry of each week from then on. */
static enum status weekly(
        struct db_conn *c, int64_t calendar, int64_t entry, struct str slug, int64_t now, struct err *e)
{
	struct str none = STR("");
	TRY(q_events_entry_add(c, entry, calendar, slug, slug, now, NULL, e));
	TRY(q_events_entry_texts(
	        c, entry, STR("published"), STR("Choir"), none, STR("Loft"), none, 0, none, now, NULL, e));
	return q_events_entry_times(c, entry, false, none, LOFT_MONDAY, 7200, STR("FREQ=WEEKLY"), none, none, false,
	        INT64_MAX, LOFT_MONDAY, INT64_MAX, true, NULL, e);
}

static enum status tx_calendar(struct db_conn *c, void *arg, struct err *e)
{
	struct str none = STR(""), loft = STR("loft"); /* the demonstration has others */
	struct events_calendar_row *there;
	int64_t calendar = id_new(), entry = id_new(), now = clock_now_us(), second = LOFT_MONDAY + 7 * 86400;
	TRY(q_events_calendar(c, loft, &there, e));
	if (there)
		return ST_OK;
	TRY(q_events_calendar_add(c, calendar, loft, STR("Loft"), none, STR("Europe/London"), STR("#3b6e5a"),
	        STR("public"), STR("token"), now, NULL, e));
	TRY(weekly(c, calendar, entry, STR("choir"), now, e));
	return q_events_override_add(
	        c, entry, second, false, true, none, none, none, none, false, none, second, 7200, 1, NULL, e);
}

static enum status tx_entry(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct events_calendar_row *loft;
	int64_t entry = id_new(), now = clock_now_us();
	TRY(tx_calendar(c, arg, e));
	TRY(q_events_calendar(c, STR("loft"), &loft, e));
	keep_id(x->a, entry);
	keep(x->b, arena_strf(db_arena(c), "%lld", (long long)now));
	return weekly(c, loft->id, entry, str_c(x->a), now, e);
}

static enum status tx_empty_calendar(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	keep_id(x->a, id);
	return q_events_calendar_add(c, id, str_c(x->a), STR("Yard"), STR(""), STR("UTC"), STR("#3b6e5a"),
	        STR("public"), STR("token"), clock_now_us(), NULL, e);
}

void scene_empty_calendar(struct prep *x) { change(x, "events", tx_empty_calendar); }
void scene_entry(struct prep *x) { change(x, "events", tx_entry); }
void scene_calendar(struct prep *x) { change(x, "events", tx_calendar); }
/* {b}: an address that no page has. */
static enum status tx_page(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	struct str slug = id_str(db_arena(c), id);
	keep_id(x->a, id);
	keep_id(x->b, id_new());
	return q_market_page_add(c, id, slug, STR("Stall"), STR(""), STR("EUR"), 0, clock_now_us(), NULL, e);
}

static enum status tx_category(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	int64_t id = id_new();
	struct str path = id_str(db_arena(c), id);
	keep_id(x->a, id);
	keep_id(x->b, id_new());
	return q_market_category_add(c, id, NULL, path, path, path, 0, NULL, e);
}

void scene_category(struct prep *x) { change(x, "market", tx_category); }
void scene_page(struct prep *x) { change(x, "market", tx_page); }
void scene_slug(struct prep *x) { keep_id(x->a, id_new()); }
void scene_import(struct prep *x) { change(x, "market", tx_import); }
void scene_product(struct prep *x) { change(x, "market", tx_product); }
void scene_basket(struct prep *x) { change(x, "cart", tx_basket); }
void scene_order(struct prep *x) { change(x, "cart", tx_order); }
void scene_sold(struct prep *x) { change(x, "cart", tx_sold); }
void scene_supply(struct prep *x) { change(x, "cart", tx_supply); }
void scene_payment(struct prep *x) { change(x, "sumup", tx_payment); }

static enum status tx_archive(struct db_conn *c, void *arg, struct err *e)
{
	int64_t id = id_new();
	TRY(q_account_export_add(c, id, made.people[MEMBER], clock_now_us(), NULL, e));
	return q_account_export_done(c, id, STR("ready"), STR("scene.zip"), 5, clock_now_us(), NULL, e);
}

static enum status tx_more_addresses(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct str none = STR("");
	TRY(tx_no_address(c, arg, e));
	for (size_t i = 1; i < x->n; i++)
		TRY(q_account_address_put(c, id_new(), made.people[MEMBER], STR("Mara"), STR("Mill Lane 1"), none, none,
		                          STR("Ousebridge"), none, STR("GB"), none, false, false, clock_now_us(), NULL,
		                          e));
	return ST_OK;
}

void scene_addresses(struct prep *x)
{
	change(x, "account", tx_more_addresses);
}

void scene_archive(struct prep *x)
{
	char path[256];
	snprintf(path, sizeof path, "%s/exports", x->h->data);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/exports/scene.zip", x->h->data);
	SCOPED_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (write(fd, "12345", 5) != 5)
		abort();
	change(x, "account", tx_archive);
}

void scene_picture_later(struct prep *x)
{
	char path[512];
	snprintf(path, sizeof path, "%s/media/%s", x->h->data, made.picture);
	unlink(path);
	keep(x->a, str_c(made.picture));
}

static enum status tx_post(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *ids = arg;
	char slug[ID_TEXT_LEN + 1];
	id_text(ids[0], slug);
	int64_t now = clock_now_us();
	TRY(q_blog_object_add(c, ids[0], STR("post"), str_c(slug), STR("A draft"), STR("draft"), STR("public"), false,
	        STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), now, now, NULL, STR_NULL, STR_NULL, NULL, e));
	TRY(q_blog_revision_add(c, ids[1], ids[0], now, NULL, STR("A draft"), STR("markdown"), STR("Words"),
	        STR("Words"), STR_NULL, STR_NULL, STR_NULL, STR("Words"), 1, STR("none"), NULL, e));
	return q_blog_revision_current(c, ids[0], ids[1], NULL, e);
}

void scene_post(struct prep *x)
{
	int64_t ids[] = { id_new(), id_new() };
	MUST(db_write(x->ctx, platform_service(x->h->p, "blog")->db, tx_post, ids, &e_));
	id_text(ids[0], x->a);
	id_text(ids[1], x->b);
}

static enum status tx_file(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *id = arg;
	char hash[65];
	snprintf(hash, sizeof hash, "%064llx", (unsigned long long)*id);
	return q_blog_media_add(c, *id, str_c(hash), STR("image/png"), 4, 3, 5, STR("/media/none.png"), STR(""),
	        clock_now_us(), NULL, e);
}

void scene_file(struct prep *x)
{
	int64_t id = id_new();
	MUST(db_write(x->ctx, platform_service(x->h->p, "blog")->db, tx_file, &id, &e_));
	id_text(id, x->a);
}

struct scene_said { int64_t post, comment, person; };

static enum status tx_said(struct db_conn *c, void *arg, struct err *e)
{
	const struct scene_said *s = arg;
	int64_t ids[] = { s->post, id_new() }, now = clock_now_us();
	TRY(tx_post(c, ids, e));
	TRY(q_blog_object_state(c, s->post, STR("published"), &now, now, NULL, e));
	TRY(q_blog_comments_forget(c, s->person, NULL, e)); /* nobody has said too much */
	return q_blog_comment_add(c, s->comment, s->post, NULL, s->comment, &s->person, STR("Mo"), STR("Words"),
	        STR("<p>Words</p>"), STR("shown"), now, STR_NULL, NULL, e);
}

void scene_comment(struct prep *x)
{
	struct scene_said s = { id_new(), id_new(), x->person };
	MUST(db_write(x->ctx, platform_service(x->h->p, "blog")->db, tx_said, &s, &e_));
	id_text(s.post, x->a);
	id_text(s.comment, x->b);
}

/* A picture that was not there before: what follows its end is nobody's. */
void scene_upload(struct prep *x)
{
	static const char head[] =
	        "--edge\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n"
	        "--edge\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nMara\r\n--edge\r\ncontent-disposition: "
	        "form-data; name=\"handle\"\r\n\r\nmara\r\n"
	        "--edge\r\ncontent-disposition: form-data; "
	        "name=\"timezone\"\r\n\r\nEurope/Berlin\r\n--edge\r\ncontent-disposition: form-data; "
	        "name=\"locale\"\r\n\r\nen\r\n"
	        "--edge\r\ncontent-disposition: form-data; name=\"avatar\"; filename=\"a.png\"\r\ncontent-type: "
	        "image/png\r\n\r\n";
	struct buf b;
	char picture[40000], id[ID_TEXT_LEN + 1];
	SCOPED_FD fd = open(TEST_ROOT "/tests/fixtures/media/metadata.png", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, picture, sizeof picture);
	id_text(id_new(), id);
	buf_arena(&b, x->ctx->arena, sizeof made.upload);
	buf_puts(&b, head);
	buf_put(&b, picture, (size_t)n);
	buf_puts(&b, id);
	buf_puts(&b, "\r\n--edge--\r\n");
	if (n <= 0 || !buf_ok(&b))
		abort();
	memcpy(made.upload, b.data, b.len);
	x->body = str_n(made.upload, b.len);
}

/* --- the authorization server -------------------------------------------------------------------------------- */

static enum status tx_consent(struct db_conn *c, void *arg, struct err *e)
{
	return q_identity_consent_put(c, made.people[MEMBER], STR(SCENE_CLIENT),
	        STR("openid profile email offline_access"), clock_now_us(), NULL, e);
}

static enum status tx_no_consent(struct db_conn *c, void *arg, struct err *e)
{
	return q_identity_consent_drop(c, made.people[MEMBER], STR(SCENE_CLIENT), NULL, e);
}

void scene_consented(struct prep *x)
{
	scene_tokens(x);
	change(x, "identity", tx_consent);
}

void scene_no_consent(struct prep *x) { change(x, "identity", tx_no_consent); }

static struct str as_asked(struct prep *x)
{
	return arena_strf(x->ctx->arena,
	        "client_id=%s&response_type=code&redirect_uri=%s&scope=openid&code_challenge=%s"
	        "&code_challenge_method=S256",
	        SCENE_CLIENT, CALLBACK_ENCODED, CHALLENGE);
}

void scene_ask(struct prep *x)
{
	struct str resume;
	const struct oauth_ask asked = { .text = as_asked(x), .started_us = clock_now_us() };
	scene_no_consent(x);
	MUST(oauth_ask_keep(x->ctx, &asked, NULL, &resume, E));
	keep(x->a, resume);
}

void scene_pushed(struct prep *x)
{
	char hash[AUTH_HASH_LEN + 1];
	scene_no_consent(x);
	keep(x->a, secret_under(x, hash));
	put(x, AUTH_PAR, str_c(hash), STR_NULL, as_asked(x));
}

static struct str signed_in(struct prep *x)
{
	static char cookies[2048];
	cookies[0] = 0;
	if (!x->sso.n)
		scene_sign_in(x, MEMBER, cookies, sizeof cookies);
	return x->sso;
}

static void code_for(
        struct prep *x, const char *client, struct str back, struct str challenge, struct str nonce, char *out)
{
	struct str code;
	const struct oauth_code c = { .client = str_c(client),
		.redirect_uri = back,
		.challenge = challenge,
		.nonce = nonce,
		.scope = STR("openid profile email offline_access"),
		.sso = signed_in(x),
		.jkt = STR(""),
		.person = made.people[MEMBER],
		.auth_us = clock_now_us() };
	MUST(oauth_code_issue(x->ctx, &c, &code, E));
	keep(out, code);
}

void scene_code(struct prep *x) { code_for(x, SCENE_CLIENT, STR(SCENE_CALLBACK), STR(CHALLENGE), STR(""), x->a); }

void scene_code_for(struct prep *x, struct str challenge)
{
	code_for(x, SCENE_CLIENT, STR(SCENE_CALLBACK), arena_str(x->ctx->arena, challenge), STR(""), x->b);
}

void scene_tokens(struct prep *x)
{
	struct oauth_tokens t;
	char id[ID_TEXT_LEN + 1];
	id_text(id_new(), id);
	const struct oauth_grant g = { .id = str_c(id),
		.client = STR(SCENE_CLIENT),
		.scope = STR("openid profile email offline_access"),
		.sso = signed_in(x),
		.nonce = STR(""),
		.jkt = STR(""),
		.person = made.people[MEMBER],
		.auth_us = clock_now_us() };
	MUST(oauth_tokens_issue(x->ctx, &g, true, &t, E));
	keep(x->a, t.access);
	keep(x->b, t.refresh);
}

static void device(struct prep *x, const char *state)
{
	static unsigned serial;
	char hash[AUTH_HASH_LEN + 1], code[DEVICE_CODE_LEN + 1];
	unsigned n = ++serial;
	keep(x->a, secret_under(x, hash));
	for (unsigned i = 0; i < DEVICE_CODE_LEN; i++, n /= i == 5 ? 1 : 20)
		code[i] = i == 4 ? '-' : "BCDFGHJKLMNPQRSTVWXZ"[n % 20];
	code[DEVICE_CODE_LEN] = 0;
	keep(x->b, str_c(code));
	put(x, AUTH_USER_CODE, str_c(code), STR_NULL, str_c(hash));
	put(x, AUTH_DEVICE, str_c(hash), STR_NULL,
	        arena_strf(x->ctx->arena,
	                "{\"person\":%lld,\"auth\":%lld,\"polled\":0,\"interval\":5,\"client\":\"" SCENE_CLIENT
	                "\",\"scope\":\"openid\",\"state\":\"%s\",\"sso\":\"%.*s\"}",
	                (long long)made.people[MEMBER], (long long)clock_now_us(), state, STR_ARG(signed_in(x))));
}

void scene_device(struct prep *x) { device(x, "pending"); }
void scene_device_allowed(struct prep *x) { device(x, "allowed"); }

struct registering { struct prep *x; char id[64], hash[AUTH_HASH_LEN + 1]; };

static enum status tx_register(struct db_conn *c, void *arg, struct err *e)
{
	static const char metadata[] =
	        "{\"client_name\":\"Another\",\"redirect_uris\":[\"https://another.example/"
	        "back\"],\"grant_types\":[\"authorization_code\"],"
	        "\"response_types\":[\"code\"],\"scope\":\"openid\",\"token_endpoint_auth_method\":\"none\"}";
	const struct registering *r = arg;
	TRY(q_identity_client_add(c, str_c(r->id), STR("oidc"), STR("Another"), STR("none"), STR(""), str_c(r->hash),
	        str_c(metadata), clock_now_us(), NULL, e));
	return q_identity_consent_put(c, made.people[MEMBER], str_c(r->id), STR("openid"), clock_now_us(), NULL, e);
}

void scene_registered(struct prep *x)
{
	struct registering r = { .x = x };
	char id[ID_TEXT_LEN + 1];
	id_text(id_new(), id);
	snprintf(r.id, sizeof r.id, "app-%s", id);
	keep(x->a, str_c(r.id));
	keep(x->b, secret_under(x, r.hash));
	MUST(db_write(x->ctx, x->h->p->identity->db, tx_register, &r, E));
}

/* A sign-in that a service began, as the provider answered it. */
static void login_at(struct prep *x, const char *service)
{
	char hash[AUTH_HASH_LEN + 1], browser[AUTH_HASH_LEN + 1], challenge[AUTH_HASH_LEN + 1];
	struct ctx ctx = *x->ctx;
	ctx.svc = platform_service(x->h->p, service);
	struct str secret = secret_under(x, browser), verifier = secret_under(x, challenge);
	keep(x->a, secret_under(x, hash));
	keep(x->c, arena_strf(ctx.arena, "gh_login_%s=%.*s", service, STR_ARG(secret)));
	put(x, AUTH_LOGIN, str_c(hash), STR_NULL,
	        arena_strf(ctx.arena,
	                "{\"silent\":false,\"service\":\"%s\",\"next\":\"/"
	                "\",\"verifier\":\"%.*s\",\"nonce\":\"n\",\"browser\":\"%s\"}",
	                service, STR_ARG(verifier), browser));
	code_for(x, arena_printf(ctx.arena, "service:%s", service), session_callback_url(&ctx),
	        arena_str(ctx.arena, str_c(challenge)), STR("n"), x->b);
}

void scene_login(struct prep *x) { login_at(x, "blog"); }
void scene_login_account(struct prep *x) { login_at(x, "account"); }
void scene_login_market(struct prep *x) { login_at(x, "market"); }
void scene_login_cart(struct prep *x) { login_at(x, "cart"); }
void scene_login_events(struct prep *x) { login_at(x, "events"); }
void scene_login_sumup(struct prep *x) { login_at(x, "sumup"); }

/* --- other processes ----------------------------------------------------------------------------------------- */

void scene_sign(struct prep *x, const char *path, struct str body)
{
	char signature[INTERNAL_SIGNATURE_MAX];
	if (!internal_sign(x->h->p->secret, "POST", str_c(path), body, clock_now_us(), signature))
		abort();
	keep(x->a, str_c(signature));
}

void scene_contract(struct prep *x)
{
	scene_sign(x, "/internal/contracts/blog/site", STR(SCENE_CONTRACT_BODY));
}
void scene_fragments(struct prep *x)
{
	scene_sign(x, "/internal/fragments", STR(SCENE_FRAGMENTS_BODY));
}

/* One that was not handled before. */
void scene_events(struct prep *x)
{
	body_of(x,
	        arena_strf(x->ctx->arena,
	                "{\"service\":\"account\",\"origin\":\"identity\",\"events\":[[%lld,\"person.deleted\",\"123\","
	                "\"{}\",1,1]]}",
	                (long long)id_new()));
	scene_sign(x, "/internal/events", x->body);
}
