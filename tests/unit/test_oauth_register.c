/* SPDX-License-Identifier: Apache-2.0
 *
 * Fault test of dynamic registration: a registration is read and written again with the first, second, third … malloc
 * failing (ours and jansson's: linked with --wrap=malloc), and with an arena that ends sooner or later. Each time it
 * must come to an answer or to the guard, keep all of it or nothing, and leave nothing behind (the leak check is
 * AddressSanitizer's).
 */
#include "services/identity/oauth/oauth_register.c"

#include "base/guard.h"
#include "unit.h"

static int fail_at, allocations;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return ++allocations == fail_at ? NULL : __real_malloc(n);
}

static const char body[] = "{\"client_name\":\"Bread "
                           "Diary\",\"redirect_uris\":[\"https://a.example/cb\",\"http://127.0.0.1:7/"
                           "cb\"],\"grant_types\":[\"authorization_code\","
                           "\"refresh_token\"],\"token_endpoint_auth_method\":\"private_key_jwt\",\"jwks\":{\"keys\":[{"
                           "\"kty\":\"EC\",\"crv\":\"P-256\","
                           "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_"
                           "tue659LNpXW6pCyStikYjKIWI5a0\"}]},\"scope\":\"openid email\","
                           "\"id_token_signed_response_alg\":\"EdDSA\",\"client_uri\":\"https://"
                           "a.example\",\"software_id\":\"1\",\"dpop_bound_access_tokens\":true,"
                           "\"backchannel_logout_uri\":\"https://a.example/"
                           "out\",\"post_logout_redirect_uris\":[\"https://a.example/bye\"]}";
static const char app[] = "{\"client_name\":\"Tusk\",\"redirect_uris\":\"https://a.example/"
                          "cb\\nurn:ietf:wg:oauth:2.0:oob\",\"scopes\":\"read write:statuses\","
                          "\"website\":\"https://a.example\"}";

struct run { struct arena *a; bool mastodon, kept; char *text; };

static void one(void *arg)
{
	struct run *x = arg;
	SCOPED_JSON *metadata = json_object();
	struct registration r = { .a = x->a, .metadata = metadata, .client.mastodon = x->mastodon };
	if (x->mastodon) {
		SCOPED_JSON *in = json_parse(str_c(app), JSON_DEPTH, NULL);
		if (!in || !take_app(&r, in))
			return;
		r.client.name = arena_str(x->a, r.client.name);
	} else {
		take_body(x->a, str_c(body), &r);
	}
	struct str text = r.error ? STR_NULL : json_text(x->a, metadata);
	if (!text.p)
		return;
	x->kept = true;
	x->text = x->text ? x->text : strndup(text.p, text.n);
	assert_true(str_eqc(text, x->text));
}

/* With arenas of that size. The first run has all the memory there is: what it keeps, the others keep too, or nothing.
 */
static unsigned runs(struct run *x, size_t room)
{
	x->a = arena_new(room);
	x->kept = false;
	enum status st = x->a ? guard_run(one, x) : ST_NOMEM;
	arena_free(x->a);
	assert_true(st == ST_OK || (st == ST_NOMEM && !x->kept));
	return st != ST_OK;
}

static void each_allocation_fails_in_turn(void **state)
{
	for (int mastodon = 0; mastodon < 2; mastodon++) {
		struct run x = { .mastodon = mastodon };
		unsigned given_up = fail_at = 0;
		runs(&x, 1 << 20);
		assert_true(x.kept);
		do {
			allocations = 0;
			fail_at++;
			given_up += runs(&x, 1 << 20);
		} while (allocations >= fail_at);
		assert_true(x.kept && given_up > 0 && fail_at > 20);
		free(x.text);
	}
	fail_at = 0;
}

static void the_arena_ends(void **state)
{
	for (int mastodon = 0; mastodon < 2; mastodon++) {
		struct run x = { .mastodon = mastodon };
		unsigned given_up = 0;
		for (size_t room = 1 << 12; room; room -= 16)
			given_up += runs(&x, room);
		assert_true(x.text && given_up > 0);
		free(x.text);
	}
}

/* What one registration may hold: n parts between begin and end, with a comma between them where there are several. */
#define KEY "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define CB "\"redirect_uris\":[\"https://a.example/cb\"]"
static const struct bound { const char *what; unsigned max; const char *begin, *part, *between, *end; } bounds[] = {
	{ "redirect addresses", URIS_MAX, "{\"redirect_uris\":[", "\"https://a.example/cb\"", ",", "]}" },
	{ "addresses after signing out", URIS_MAX, "{" CB ",\"post_logout_redirect_uris\":[",
	        "\"https://a.example/bye\"", ",", "]}" },
	{ "keys", KEYS_MAX, "{" CB ",\"jwks\":{\"keys\":[", KEY, ",", "]}}" },
	{ "grant types", LIST_MAX, "{" CB ",\"grant_types\":[", "\"authorization_code\"", ",", "]}" },
	{ "characters of a name", PERSON_NAME_MAX, "{" CB ",\"client_name\":\"", "\xc3\xa9", "", "\"}" },
	{ "bytes of a text", TEXT_MAX, "{" CB ",\"software_id\":\"", "x", "", "\"}" },
	{ "bytes of an address, but the first 21", URL_MAX - 21, "{\"redirect_uris\":[\"https://a.example/aa/", "x", "",
	        "\"]}" },
};

static bool taken(const struct bound *b, unsigned n)
{
	SCOPED_JSON *metadata = json_object();
	struct arena *a = arena_new(4 << 20);
	struct registration r = { .a = a, .metadata = metadata };
	struct buf text;
	buf_arena(&text, a, BODY_MAX);
	buf_puts(&text, b->begin);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? b->between : "", b->part);
	buf_puts(&text, b->end);
	assert_true(buf_ok(&text));
	take_body(a, buf_str(&text), &r);
	bool ok = !r.error;
	arena_free(a);
	return ok;
}

static void each_bound_holds(void **state)
{
	fail_at = 0;
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
		if (!taken(&bounds[i], bounds[i].max) || taken(&bounds[i], bounds[i].max + 1))
			fail_msg("%s: not %u", bounds[i].what, bounds[i].max);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_bound_holds),
		cmocka_unit_test(each_allocation_fails_in_turn), cmocka_unit_test(the_arena_ends) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
