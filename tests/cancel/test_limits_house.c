/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds that are met through the whole house: by a request as long, as late or after as many others as a row says,
 * and by one more. The house is in this process, its clock stands still where a row puts it.
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "gen/identity_contract.h"
#include "gen/identity_sql.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "platform/crypto/jose.h"
#include "platform/media/media.h"
#include "round.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "rt/sync.h"
#include "services/identity/people/notice.h"
#include "services/identity/people/password.h"
#include "services/identity/people/people.h"

#define FORM     "content-type: application/x-www-form-urlencoded\r\n"
#define JSON     "content-type: application/json\r\nx-csrf-token: {csrf}\r\n"
#define INTERNAL "x-guildhall-signature: {a}\r\n"
#define DAY_S    86400

static struct house house;
static char answer[8 << 20], body[ROUND_BODY_MAX], challenge[256];
static int64_t now; /* at which a row begins */

static void must_at(enum status st, const struct err *e, int line)
{
	if (st == ST_OK)
		return;
	printf("test_limits_house.c:%d: %s: %s\n", line, status_info(st)->name, e->msg);
	fflush(stdout);
	abort();
}
#define MUST(call)                                                                                                     \
	do {                                                                                                           \
		struct err e_ = { 0 };                                                                                 \
		must_at(call, &e_, __LINE__);                                                                          \
	} while (0)
#define E (&e_)

/* --- what rows are prepared with ---------------------------------------------------------------------------------- */

/* {a}: n characters, the last of which is another: what was cut, has lost it. */
static void letters(struct prep *x)
{
	memset(x->a, 'x', x->n - 1);
	x->a[x->n - 1] = 'z';
	x->a[x->n] = 0;
}

/* … an address of this site. */
static void address(struct prep *x)
{
	letters(x);
	x->a[0] = '/';
}

/* A number of n digits; in both there is room for one more address. */
static void digits(struct prep *x)
{
	scene_no_address(x);
	memset(x->a, '5', x->n);
	x->a[x->n] = 0;
}

/* … of words: a password that cannot be guessed. */
static void words(struct prep *x)
{
	static const char fill[] = "nine loud geese and seven quiet herons ";
	for (size_t i = 0; i < x->n; i++)
		x->a[i] = fill[i % (sizeof fill - 1)];
	x->a[x->n - 1] = 'z';
	x->a[x->n] = 0;
	scene_password(x);
}

/* The request comes n seconds after what it is about. */
static void late(struct prep *x)
{
	clock_fake_us(now + (int64_t)x->n * US_PER_S);
}
static void late_archive(struct prep *x)
{
	scene_archive(x);
	late(x);
}
static void late_answer(struct prep *x)
{
	scene_answer(x, str_c(challenge));
	late(x);
}

/* A body of n bytes: what it begins with, then blanks, which JSON does not mind. */
static void padded(struct prep *x, struct str text)
{
	memset(body, ' ', x->n);
	memcpy(body, text.p, text.n);
	x->body = str_n(body, x->n);
}
static void long_passkey(struct prep *x)
{
	scene_new_passkey(x);
	padded(x, arena_str(x->ctx->arena, x->body));
}
static void long_form(struct prep *x)
{
	padded(x, STR("{\"title\":\"Millrace\",\"description\":\"Bread\",\"accent\":\"#1a7f5a\",\"lang\":\"en\","
	              "\"timezone\":\"Europe/London\"}"));
}
static void long_contract(struct prep *x)
{
	padded(x, STR("{}"));
	scene_sign(x, "/internal/contracts/blog/site", x->body);
}

/* A list of n between first and last. */
static void listed(struct prep *x, const char *path, const char *first, const char *one, const char *last)
{
	struct buf b;
	buf_arena(&b, x->ctx->arena, sizeof body - 1);
	buf_puts(&b, first);
	for (size_t i = 0; i < x->n; i++)
		buf_printf(&b, "%s%s", i ? "," : "", one);
	buf_puts(&b, last);
	memcpy(body, b.data, b.len + 1);
	x->body = str_n(body, b.len);
	scene_sign(x, path, x->body);
}
static void pieces(struct prep *x)
{
	listed(x, "/internal/fragments", "{\"service\":\"blog\",\"pieces\":[", "{\"type\":\"brand\",\"params\":\"\"}",
	       "]}");
}
static void events(struct prep *x)
{
	listed(x, "/internal/events", "{\"service\":\"account\",\"origin\":\"identity\",\"events\":[",
	       "[1,\"nothing.happened\",\"1\",\"{}\",1,1]", "]}");
}

/* n entries about whoever asks. */
static enum status tx_log(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct str id = arena_strf(db_arena(c), "%lld", (long long)x->person);
	struct audit_row *rows;
	size_t there;
	TRY(audit_list(c, &(struct audit_filter){ .about = id, .max = AUDIT_LIST_MAX }, &rows, &there, e));
	for (; there < x->n; there++)
		TRY(audit_write(c, &(struct audit_entry){ .action = "person.signed_in", .actor = id, .object = id },
		                e));
	return ST_OK;
}
static void logged(struct prep *x)
{
	MUST(db_write(x->ctx, x->h->p->identity->db, tx_log, x, E));
}

/* A proof of possession (RFC 9449) that was made now. */
static struct str proof(struct arena *a, const char *method, const char *address, const char *jti)
{
	struct str der, jwk, input;
	unsigned char signature[128], raw[64];
	size_t n = sizeof signature;
	struct buf b;
	struct jose_key *k = jose_key_generate(JOSE_ES256, NULL, NULL);
	buf_arena(&b, a, 1024);
	MUST(jose_key_jwk(k, &b, E));
	jwk = buf_str(&b);
	MUST(jose_key_private(k, a, &der, E));
	jose_key_free(k);
	input = arena_strf(
	        a, "%.*s.%.*s",
	        STR_ARG(base64url(
	                a, arena_strf(a, "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":%.*s}", STR_ARG(jwk)))),
	        STR_ARG(base64url(a, arena_strf(a, "{\"jti\":\"%s\",\"htm\":\"%s\",\"htu\":\"%s\",\"iat\":%lld}", jti,
	                                        method, address, (long long)(now / US_PER_S)))));
	const unsigned char *at = (const unsigned char *)der.p;
	EVP_PKEY *pk = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pk) != 1 ||
	    EVP_DigestSign(md, signature, &n, (const unsigned char *)input.p, input.n) != 1)
		abort();
	at = signature;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)n);
	BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + 32, 32);
	ECDSA_SIG_free(s);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(pk);
	return arena_strf(a, "%.*s.%.*s", STR_ARG(input), STR_ARG(base64url(a, str_n((char *)raw, sizeof raw))));
}
static void late_proof(struct prep *x)
{
	char jti[ID_TEXT_LEN + 1];
	id_text(id_new(), jti);
	struct str made = proof(x->ctx->arena, "POST", "http://localhost/oauth/token", jti);
	snprintf(x->c, sizeof x->c, "%.*s", STR_ARG(made));
	late(x);
}
/* … under a name of n characters. */
static void named_proof(struct prep *x)
{
	letters(x);
	struct str made = proof(x->ctx->arena, "POST", "http://localhost/oauth/token", x->a);
	snprintf(x->c, sizeof x->c, "%.*s", STR_ARG(made));
}
/* {a}: a verifier of n characters, {b} a code that was asked for with it. */
static void verified_code(struct prep *x)
{
	char hash[AUTH_HASH_LEN + 1];
	letters(x);
	auth_hash(str_n(x->a, x->n), hash);
	scene_code_for(x, str_c(hash));
}
static void long_state(struct prep *x)
{
	scene_consented(x);
	letters(x);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define PROFILE(fields) "csrf={csrf}&name=Mara&handle=mara&locale=en&timezone=Europe/Berlin" fields
#define VERIFIED                                                                                                       \
	"client_id=" SCENE_CLIENT "&client_secret=" SCENE_SECRET                                                       \
	"&grant_type=authorization_code&code={b}&redirect_uri=" SCENE_CALLBACK "&code_verifier={a}"
#define ASKED                                                                                                          \
	"/oauth/authorize?response_type=code&client_id=" SCENE_CLIENT                                                  \
	"&redirect_uri=https%3A%2F%2Fapp.example%2Fback&scope=openid&code_challenge_method=S256"                       \
	"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define ADDRESS(fields) "csrf={csrf}&name=Mara&line1=Mill+Lane+1&city=Ousebridge&country=GB" fields

static const struct {
	const char *file, *name;
	size_t most;
	struct sample first; /* method NULL: none */
	struct sample s;     /* want: at the limit */
	int past;
	const char *says, *says_past; /* a part of the answer; with "!" before it: no part of it; NULL: whatever */
} bounds[] = {
	{ "services/account/account.h",
	  "ACCOUNT_ADDRESSES_MAX",
	  20,
	  { 0 },
	  { "account", "POST", "", "/account/addresses", MEMBER, 303, FORM, ADDRESS(""), scene_addresses },
	  422,
	  NULL,
	  "You have 20 addresses" },
	{ "services/account/account.h",
	  "ACCOUNT_EXPORT_DAYS",
	  7 * DAY_S,
	  { 0 },
	  { "account", "GET", "", "/account/data/archive", MEMBER, 200, NULL, NULL, late_archive },
	  404,
	  NULL,
	  NULL },
	{ "services/account/addresses.c",
	  "PHONE_MAX",
	  30,
	  { 0 },
	  { "account", "POST", "", "/account/addresses", MEMBER, 303, FORM, ADDRESS("&phone={a}"), digits },
	  422,
	  NULL,
	  "30" },
	{ "services/account/addresses.c",
	  "CODE_MAX",
	  16,
	  { 0 },
	  { "account", "POST", "", "/account/addresses", MEMBER, 303, FORM, ADDRESS("&postal_code={a}"), digits },
	  422,
	  NULL,
	  "16" },
	{ "services/account/leave.c",
	  "RECENT_S",
	  600,
	  { 0 },
	  { "account", "POST", "", "/account/leave", MEMBER, 303, FORM, "csrf={csrf}&undo=", late },
	  303,
	  "!sign-in?again=1",
	  "sign-in?again=1" },
	{ "platform/search/search.h",
	  "SEARCH_TYPED_MAX",
	  200,
	  { 0 },
	  { "", "GET", "", "/search/?q={a}", VISITOR, 200, NULL, NULL, letters },
	  200,
	  "xz\" placeholder",
	  "xx\" placeholder" },
	{ "services/identity/admin/admin_invite.c",
	  "LIFE_DAYS",
	  14 * DAY_S - 1 /* the last second that it is good in */,
	  { "identity", "POST", "", "/admin/invitations", OWNER, 303, FORM,
	    "csrf={csrf}&email=late@example.org&role=" },
	  { "identity", "GET", "", "/admin/invitations", OWNER, 200, NULL, NULL, late },
	  200,
	  "late@example.org",
	  "!late@example.org" },
	{ "services/identity/oauth/oauth_dpop.c",
	  "WINDOW_S",
	  60,
	  { 0 },
	  { "identity", "POST", "", "/oauth/token", VISITOR, 200, FORM "dpop: {c}\r\n",
	    "client_id=" SCENE_CLIENT "&client_secret=" SCENE_SECRET "&grant_type=client_credentials", late_proof },
	  400,
	  "\"token_type\":\"DPoP\"",
	  "invalid_dpop_proof" },
	{ "services/identity/oauth/oauth_dpop.c",
	  "JTI_MAX",
	  256,
	  { 0 },
	  { "identity", "POST", "", "/oauth/token", VISITOR, 200, FORM "dpop: {c}\r\n",
	    "client_id=" SCENE_CLIENT "&client_secret=" SCENE_SECRET "&grant_type=client_credentials", named_proof },
	  400,
	  "\"token_type\":\"DPoP\"",
	  "invalid_dpop_proof" },
	{ "services/identity/oauth/oauth_code.c",
	  "VERIFIER_MAX",
	  128,
	  { 0 },
	  { "identity", "POST", "", "/oauth/token", VISITOR, 200, FORM, VERIFIED, verified_code },
	  400,
	  NULL,
	  "invalid_grant" },
	{ "services/identity/oauth/oauth_code.c",
	  "VERIFIER_MIN",
	  42,
	  { 0 },
	  { "identity", "POST", "", "/oauth/token", VISITOR, 400, FORM, VERIFIED, verified_code },
	  200,
	  "invalid_grant",
	  NULL },
	{ "services/identity/oauth/oauth_ask.c",
	  "STATE_MAX",
	  2048,
	  { 0 },
	  { "identity", "GET", "", ASKED "&state={a}", MEMBER, 303, NULL, NULL, long_state },
	  303,
	  "code=",
	  "error=invalid_request" },
	{ "services/identity/oauth/oauth_ask.c",
	  "NONCE_MAX",
	  512,
	  { 0 },
	  { "identity", "GET", "", ASKED "&nonce={a}", MEMBER, 303, NULL, NULL, long_state },
	  303,
	  "code=",
	  "error=invalid_request" },
	{ "services/identity/people/people.h",
	  "PERSON_HANDLE_MAX",
	  30,
	  { 0 },
	  { "account", "POST", "", "/account/profile", MEMBER, 303, FORM,
	    "csrf={csrf}&name=Mara&handle={a}&locale=en&timezone=Europe/Berlin", letters },
	  422,
	  NULL,
	  "of at most 30" },
	{ "services/identity/people/people.h",
	  "PASSWORD_MAX",
	  1024,
	  { 0 },
	  { "identity", "POST", "", "/identity/password", MEMBER, 303, FORM,
	    "csrf={csrf}&former=" SCENE_PASSWORD "&fresh={a}", words },
	  422,
	  NULL,
	  "of at most 1024" },
	{ "services/identity/signin/identity.c",
	  "LOG_PAGE",
	  50,
	  { 0 },
	  { "identity", "GET", "", "/identity/log", NEWCOMER, 200, NULL, NULL, logged },
	  200,
	  "!before=",
	  "before=" },
	{ "services/identity/signin/identity.c",
	  "SESSIONS_SHOWN",
	  100,
	  { 0 },
	  { "identity", "GET", "", "/identity/sessions", MEMBER, 200, NULL, NULL, scene_sign_ons },
	  200,
	  "!not shown",
	  "One more is not shown" },
	{ "services/identity/signin/identity.h",
	  "IDENTITY_RECENT_S",
	  600,
	  { 0 },
	  { "identity", "POST", "", "/identity/passkeys/options", MEMBER, 200, JSON, "{}", late },
	  403,
	  NULL,
	  NULL },
	{ "services/identity/signin/identity.h",
	  "IDENTITY_RECENT_S",
	  600,
	  { 0 },
	  { "identity", "POST", "", "/identity/email", MEMBER, 200, FORM, "csrf={csrf}&email=mara.late@example.org",
	    late },
	  303,
	  NULL,
	  "sign-in?again=1&next=%2Fidentity%2Femail" },
	{ "services/identity/signin/passkey.c",
	  "BODY_MAX",
	  48 << 10,
	  { 0 },
	  { "identity", "POST", "", "/identity/passkeys", NEWCOMER, 201, JSON, NULL, long_passkey },
	  413,
	  NULL,
	  NULL },
	{ "services/identity/signin/passkey.c",
	  "ASKED_S",
	  299 /* the last second that an answer counts in */,
	  { "identity", "POST", "", "/identity/passkeys/options", NEWCOMER, 200, JSON, "{}" },
	  { "identity", "POST", "", "/identity/passkeys", NEWCOMER, 201, JSON, NULL, late_answer },
	  400,
	  NULL,
	  "longer than five minutes" },
	{ "services/identity/signin/passkey.c",
	  "PASSKEYS_MAX",
	  20,
	  { 0 },
	  { "identity", "POST", "", "/identity/passkeys", NEWCOMER, 201, JSON, NULL, scene_passkeys },
	  409,
	  NULL,
	  "You have 20 passkeys" },
	{ "services/identity/signin/profile.c",
	  "BIO_MAX",
	  500,
	  { 0 },
	  { "account", "POST", "", "/account/profile", MEMBER, 303, FORM, PROFILE("&bio={a}"), letters },
	  422,
	  NULL,
	  "of at most 500" },
	{ "services/identity/signin/signin.h",
	  "SIGNIN_NEXT_MAX",
	  4096,
	  { 0 },
	  { "identity", "GET", "", "/sign-in?next={a}", VISITOR, 200, NULL, NULL, address },
	  200,
	  "xz\"",
	  "!xz\"" },
	{ "platform/forms/forms.h",
	  "FORM_JSON_MAX",
	  256 << 10,
	  { 0 },
	  { "blog", "POST", "", "/admin/site", OWNER, 200, JSON, NULL, long_form },
	  413,
	  NULL,
	  NULL },
	{ "platform/peers/fragment_int.h",
	  "FRAGMENTS_MAX",
	  256,
	  { 0 },
	  { "", "POST", "", "/internal/fragments", VISITOR, 200, INTERNAL, NULL, pieces },
	  400,
	  "\"pieces\":[",
	  NULL },
	{ "platform/peers/internal.h",
	  "INTERNAL_BODY_MAX",
	  2 << 20,
	  { 0 },
	  { "", "POST", "", "/internal/contracts/blog/site", VISITOR, 200, INTERNAL, NULL, long_contract },
	  413,
	  NULL,
	  NULL },
	{ "platform/receive/receive_events.c",
	  "EVENTS_MAX",
	  500,
	  { 0 },
	  { "", "POST", "", "/internal/events", VISITOR, 200, INTERNAL, NULL, events },
	  400,
	  "\"failed\":[",
	  NULL },
	{ "platform/web/csrf.c",
	  "TOKEN_LIFE_S",
	  DAY_S,
	  { 0 },
	  { "identity", "POST", "", "/sign-in/mail", VISITOR, 200, FORM, "csrf={csrf}&email=nobody@example.org", late },
	  403,
	  NULL,
	  "expired" },
};

static unsigned passed, failures;

static bool is_said(const char *want)
{
	if (!want)
		return true;
	return want[0] == '!' ? !strstr(answer, want + 1) : strstr(answer, want) != NULL;
}

static void keep_challenge(void)
{
	const char *at = strstr(answer, "\"challenge\":\"");
	if (at)
		snprintf(challenge, sizeof challenge, "%.*s", (int)strcspn(at + 13, "\""), at + 13);
}

static bool meets(size_t i, size_t more)
{
	static struct round r;
	int want = more ? bounds[i].past : bounds[i].s.want;
	const char *says = more ? bounds[i].says_past : bounds[i].says;
	clock_fake_us(now);
	if (bounds[i].first.method) {
		r = (struct round){ .s = &bounds[i].first, .n = bounds[i].most + more };
		int got = round_ask(&house, &r, answer, sizeof answer);
		keep_challenge();
		if (got != bounds[i].first.want)
			printf("FAIL %s, first: %d\n", bounds[i].name, got);
	}
	r = (struct round){ .s = &bounds[i].s, .n = bounds[i].most + more };
	int status = round_ask(&house, &r, answer, sizeof answer);
	clock_fake_us(now);
	if (status == want && is_said(says))
		return true;
	printf("FAIL %s %s, %zu: %d instead of %d, \"%s\"?\n%.*s\n", bounds[i].file, bounds[i].name,
	       bounds[i].most + more, status, want, says ? says : "", getenv("GUILDHALL_TEST_VERBOSE") ? 100000 : 100,
	       answer);
	return false;
}

static bool selected(const char *name)
{
	const char *only = getenv("GUILDHALL_TEST_ONLY");
	return !only || strstr(name, only);
}

static void each_bound_and_one_more(void)
{
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		if (!selected(bounds[i].name))
			continue;
		bool good = meets(i, 0) && meets(i, 1);
		printf("%s %s %s\n", good ? "ok  " : "FAIL", bounds[i].file, bounds[i].name);
		passed += good;
		failures += !good;
	}
}

/* --- what no request shows ---------------------------------------------------------------------------------------- */

static void check_at(bool good, int line, const char *what)
{
	if (!good)
		printf("FAIL test_limits_house.c:%d: %s\n", line, what);
	failures += !good;
	passed += good;
}
#define CHECK(cond) check_at(cond, __LINE__, #cond)

/* An archive says when its log is not the whole (LOG_MAX). */
static void log_of_an_archive(struct ctx *ctx, void *arg)
{
	struct prep x = { .ctx = ctx, .h = &house, .person = scene_person(NEWCOMER) };
	const struct person_data_ask ask = { .person = x.person };
	for (x.n = 1000; x.n < 1002; x.n++) {
		struct person_data_answer out;
		logged(&x);
		MUST(identity_ask_person_data(ctx, &ask, &out, E));
		CHECK(str_find(out.json, x.n > 1000 ? STR("\"security log is complete\":false")
		                                    : STR("\"security log is complete\":true")) >= 0);
	}
}

static enum status tx_people(struct db_conn *c, void *arg, struct err *e)
{
	struct prep *x = arg;
	struct person_record *p;
	int64_t id;
	for (size_t i = 0; i < x->n; i++)
		TRY(people_add(c,
		               &(struct person_new){ .email = arena_strf(db_arena(c), "ines%zu@example.org", i),
		                                     .name = STR("Inês Marques, Baroness of Ousebridge") },
		               &id, e));
	TRY(people_by_id(c, id, &p, e));
	snprintf(x->a, sizeof x->a, "%.*s", STR_ARG(p->handle));
	return err_set(e, ST_CANCELLED, "nobody stays");
}

/* As many of one name as there are numbers behind it (HANDLE_TRIES); the next has a handle all the same. */
static void handles_of_namesakes(struct ctx *ctx, void *arg)
{
	static struct prep x;
	for (size_t more = 0; more < 2; more++) {
		x.n = 200 + more;
		CHECK(db_write(ctx, house.p->identity->db, tx_people, &x, NULL) == ST_CANCELLED);
		CHECK(strlen(x.a) <= PERSON_HANDLE_MAX);
		CHECK(more ? x.a[0] == 'm' && !strstr(x.a, "ines") : !!strstr(x.a, "ines_marques_baroness_of_o200"));
	}
}

/* A password of PASSWORD_MAX bytes is right, and nothing else that begins so. */
static void long_passwords(struct ctx *ctx, void *arg)
{
	static char typed[4 * 1024 + 2];
	char hash[PASSWORD_HASH_MAX];
	bool right, weak;
	memset(typed, 'p', sizeof typed);
	MUST(password_hash(ctx, str_n(typed, 1024), hash, E));
	MUST(password_verify(ctx, str_n(typed, 1024), str_c(hash), &right, &weak, E));
	CHECK(right);
	for (size_t n = 1025; n <= 4097; n += 1024 - (n == 1025)) {
		MUST(password_verify(ctx, str_n(typed, n), str_c(hash), &right, &weak, E));
		CHECK(!right);
	}
	/* Accents apart from their letters: 1536 bytes as typed, 1024 once they are put together. */
	for (size_t i = 0; i < 512; i++)
		memcpy(typed + 3 * i, "e\xcc\x81", 3);
	MUST(password_hash(ctx, str_n(typed, 1536), hash, E));
	MUST(password_verify(ctx, str_n(typed, 1536), str_c(hash), &right, &weak, E));
	CHECK(right);
}

static int64_t letters_waiting(struct ctx *ctx)
{
	struct job_counts_row *row;
	SCOPED_DB_READ c = NULL;
	MUST(db_read(ctx, house.p->identity->db, &c, E));
	MUST(q_job_counts(c, &row, E));
	return row->ready;
}

static enum status tx_browser(struct db_conn *c, void *arg, struct err *e)
{
	return notice_browser(c, arg, scene_person(MEMBER), e);
}

/* A browser that was used within BROWSER_DAYS is known; after that it is a new one, of which its owner is told. */
static void known_browsers(struct ctx *ctx, void *arg)
{
	struct http_header agent = { STR("user-agent"), STR("Vivaldi/7") };
	struct http_req req = { .headers = &agent, .header_count = 1 };
	struct web w = { .ctx = ctx, .req = &req };
	int64_t days = INT64_C(180) * DAY_S * US_PER_S;
	MUST(db_write(ctx, house.p->identity->db, tx_browser, &w, E));
	clock_fake_us(now + days);
	int64_t before = letters_waiting(ctx);
	MUST(db_write(ctx, house.p->identity->db, tx_browser, &w, E));
	CHECK(letters_waiting(ctx) == before);
	clock_fake_us(now + 2 * days + 1);
	MUST(db_write(ctx, house.p->identity->db, tx_browser, &w, E));
	CHECK(letters_waiting(ctx) == before + 1);
	clock_fake_us(now);
}

/* --- passwords that wait ------------------------------------------------------------------------------------------ */

enum { WAITING = 64 };
static struct {
	sem_t held, let_go;
	unsigned begun, ended;
	enum status last;
} cooks;

static void stand(void *arg)
{
	sem_post(&cooks.held);
	while (sem_wait(&cooks.let_go))
		;
}

static void hash_one(void *arg)
{
	char hash[PASSWORD_HASH_MAX];
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	ctx_init(&ctx, a);
	ctx.svc = house.p->identity;
	cooks.begun++;
	cooks.last = password_hash(&ctx, STR("a password that waits"), hash, NULL);
	cooks.ended++;
}

static unsigned at_the_stove(void)
{
	cpu_set_t set;
	unsigned n = sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
	return n > 2 ? n / 2 : 1;
}

static void spawn(unsigned n)
{
	unsigned before = cooks.begun;
	for (unsigned i = 0; i < n; i++)
		if (!fiber_spawn(loop_current(), hash_one, NULL, FIBER_LARGE))
			abort();
	while (cooks.begun < before + n)
		fiber_yield();
}

/* Threads that hash stand still: as many wait as may (WAITING_MAX), the next is refused at once; and nobody waits for
   ever (WAIT_NS). Where this machine stood still meanwhile, so that some gave up before all had come, it is done again.
 */
static void passwords_that_wait(struct ctx *ctx, void *arg)
{
	struct offload_stats o;
	bool shown = false;
	sem_init(&cooks.held, 0, 0);
	sem_init(&cooks.let_go, 0, 0);
	offload_stats(OFFLOAD_SECRETS, &o);
	for (unsigned i = 0; i < o.threads; i++)
		if (offload_detached(OFFLOAD_SECRETS, stand, NULL, NULL) != ST_OK)
			abort();
	for (unsigned i = 0; i < o.threads; i++)
		while (sem_trywait(&cooks.held))
			MUST(fiber_sleep_ns(NS_PER_MS));
	unsigned most = at_the_stove() + WAITING;
	while (!shown) {
		cooks.begun = cooks.ended = 0;
		spawn(most);
		unsigned refused = cooks.ended;
		spawn(1);
		shown = !refused && cooks.ended == 1 && cooks.last == ST_UNAVAILABLE;
		/* Those at the stove are out of this bound: their work lies in the lane. */
		while (cooks.ended < WAITING + 1)
			MUST(fiber_sleep_ns(10 * NS_PER_MS));
		CHECK(cooks.last == ST_UNAVAILABLE);
		if (shown)
			break;
		for (unsigned i = 0; i < o.threads; i++)
			sem_post(&cooks.let_go);
		while (cooks.ended < most + 1)
			MUST(fiber_sleep_ns(NS_PER_MS));
		printf("     again: somebody gave up before all had come\n");
		for (unsigned i = 0; i < o.threads; i++)
			if (offload_detached(OFFLOAD_SECRETS, stand, NULL, NULL) != ST_OK)
				abort();
		for (unsigned i = 0; i < o.threads; i++)
			while (sem_trywait(&cooks.held))
				MUST(fiber_sleep_ns(NS_PER_MS));
	}
	for (unsigned i = 0; i < o.threads; i++)
		sem_post(&cooks.let_go);
	while (cooks.ended < most + 1)
		MUST(fiber_sleep_ns(NS_PER_MS));
	CHECK(cooks.last == ST_OK);
}

static const struct {
	const char *name;
	void (*fn)(struct ctx *ctx, void *arg);
} others[] = {
	{ "log_of_an_archive", log_of_an_archive },     { "handles_of_namesakes", handles_of_namesakes },
	{ "long_passwords", long_passwords },           { "known_browsers", known_browsers },
	{ "passwords_that_wait", passwords_that_wait },
};

/* --- all of it ---------------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	struct err e;
	if (argc == 3 && !strcmp(argv[1], MEDIA_WORKER))
		return media_worker(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	log_setup(getenv("GUILDHALL_TEST_VERBOSE") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
	if (offload_start(2, 64, &e) != ST_OK)
		return 1;
	now = clock_now_us() / US_PER_S * US_PER_S;
	clock_fake_us(now);
	if (house_open(&house, "sqlite", NULL)) {
		house_in_fiber(&house, scene_make, &house);
		round_learn_token(&house);
		each_bound_and_one_more();
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			if (selected(others[i].name))
				house_in_fiber(&house, others[i].fn, NULL);
	} else {
		failures++;
	}
	house_close(&house);
	scene_end();
	offload_stop();
	printf("%u passed, %u failed\n", passed, failures);
	return failures ? 1 : 0;
}
