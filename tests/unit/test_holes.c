/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages that are kept for everybody and have holes for what is one's own: visitors, members and browsers with a basket
 * ask for the same page at once, from the loop and in fibers, packed and plain, while pieces and page are dropped under
 * them; each finds what is theirs and nothing of anybody else. And a kept page that was damaged on its way.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "platform/auth/session.h"
#include "platform/config/config.h"
#include "platform/peers/contract.h"
#include "platform/web/web_kept.h"
#include "rt/fiber.h"
#include "rt/offload.h"

enum { CLIENTS = 6, ROUNDS = 300, MEMBERS = 5, BASKETS = 4 };

static struct {
	struct platform p;
	struct service_instance svc;
	struct http_server *server;
	struct loops *loops;
	_Atomic int renders, pieces;
	_Atomic bool peeks; /* may the loop know who asks? */
} t;

/* --- a service ---------------------------------------------------------------------------------------------- */

static void put_marks(struct buf *b)
{
	buf_puts(b, "<p>[");
	html_fragment_marker(b, "here", "who", STR(""));
	buf_puts(b, "]</p><p>(");
	html_fragment_marker(b, "here", "basket", STR(""));
	buf_puts(b, ")</p>");
}

static enum status get_page(struct web *w, struct err *e)
{
	struct buf b;
	t.renders++;
	assert_null(w->person);
	web_cache_tag(w, "numbers");
	buf_arena(&b, w->ctx->arena, 65536);
	for (int i = 0; i < 60; i++)
		buf_printf(&b, "<p>the same again, %d</p>", i);
	put_marks(&b);
	for (int i = 0; i < 60; i++)
		buf_printf(&b, "<p>and below, %d</p>", i);
	put_marks(&b);
	return web_html(w, 200, &b);
}

/* Differs by who reads it. */
static enum status get_gate(struct web *w, struct err *e)
{
	struct buf b;
	t.renders++;
	web_cache_tag(w, "numbers");
	const struct person *who = web_own(w);
	buf_arena(&b, w->ctx->arena, 65536);
	buf_printf(&b, "<h1>%.*s may read</h1>", STR_ARG(who ? who->name : STR("nobody")));
	put_marks(&b);
	put_marks(&b);
	return web_html(w, 200, &b);
}

static enum status get_many(struct web *w, struct err *e)
{
	struct buf b;
	t.renders++;
	buf_arena(&b, w->ctx->arena, 65536);
	for (int64_t i = 0; i < web_path_int(w, "n"); i++)
		html_fragment_marker(&b, "here", "who", STR(""));
	return web_html(w, 200, &b);
}

static enum status piece_who(struct fragment_req *f, struct buf *out, struct err *e)
{
	t.pieces++;
	buf_printf(out, "%.*s", STR_ARG(f->person ? f->person->name : STR("nobody")));
	return ST_OK;
}

static enum status piece_basket(struct fragment_req *f, struct buf *out, struct err *e)
{
	t.pieces++;
	assert_null(f->person); /* it is not per person */
	buf_printf(out, "%.*s", STR_ARG(f->cookie.n ? f->cookie : STR("empty")));
	return ST_OK;
}

/* Longer than a stored block. */
static enum status piece_wide(struct fragment_req *f, struct buf *out, struct err *e)
{
	for (int i = 0; i < 140001; i++)
		buf_putc(out, f->person ? (char)('a' + i % 23) : '-');
	return ST_OK;
}

static enum status get_wide(struct web *w, struct err *e)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, 65536);
	buf_puts(&b, "<");
	html_fragment_marker(&b, "here", "wide", STR(""));
	buf_puts(&b, ">");
	return web_html(w, 200, &b);
}

static const struct route routes[] = {
	{ "GET", "/wide", get_wide, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/page", get_page, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/gate", get_gate, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/many/{n:int}", get_many, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ 0 },
};
static const struct fragment_def fragments[] = {
	{ "who", piece_who, .soft_s = 60, .per_person = true },
	{ "wide", piece_wide, .soft_s = 60, .per_person = true },
	{ "basket", piece_basket, .soft_s = 60, .cookie = "gh_basket" },
	{ 0 },
};
static const struct service service = {
	.name = "here", .title = "Here", .mount = "/", .routes = routes, .fragments = fragments
};
static const struct service *const services[] = { &service, NULL };

/* "gh-here=m3": the member with the id 3. */
static enum status identify(struct web *w, const struct person **out, struct err *e)
{
	struct str who = web_cookie(w, "gh-here");
	*out = NULL;
	if (!who.p)
		return ST_OK;
	struct person *p = ARENA_NEW(w->ctx->arena, struct person);
	p->name = arena_str(w->ctx->arena, who);
	p->id = atoi(p->name.p + 1);
	*out = p;
	return ST_OK;
}

static bool peek(struct web *w, const struct person **out)
{
	return t.peeks && identify(w, out, NULL) == ST_OK;
}

static bool never(struct web *w) { return false; }

/* --- a client ----------------------------------------------------------------------------------------------- */

struct answer { char head[8192], body[400000]; size_t body_len; };

static void unzip(struct answer *a)
{
	char *out = malloc(sizeof a->body);
	z_stream z = { .next_in = (unsigned char *)a->body, .avail_in = (unsigned)a->body_len,
		.next_out = (unsigned char *)out, .avail_out = sizeof a->body - 1 };
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* with the right length and checksum */
	assert_int_equal(z.avail_in, 0);
	out[z.total_out] = 0;
	memcpy(a->body, out, z.total_out + 1);
	a->body_len = z.total_out;
	inflateEnd(&z);
	free(out);
}

static void ask(const char *path, const char *headers, struct answer *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(t.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 120 };
	static _Thread_local char all[sizeof a->head + sizeof a->body];
	char request[1024];
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
	        path, headers);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(write(fd, request, (size_t)n), n);
	size_t got = 0;
	for (ssize_t k; got + 1 < sizeof all && (k = read(fd, all + got, sizeof all - 1 - got)) > 0;)
		got += (size_t)k;
	close(fd);
	all[got] = 0;
	const char *body = strstr(all, "\r\n\r\n");
	assert_non_null(body);
	assert_true(!strncmp(all, "HTTP/1.1 200 ", 13));
	snprintf(a->head, sizeof a->head, "%.*s", (int)(body - all), all);
	a->body_len = got - (size_t)(body + 4 - all);
	memcpy(a->body, body + 4, a->body_len + 1);
	if (strcasestr(a->head, "content-encoding: gzip"))
		unzip(a);
}

static void ask_as(const char *path, int member, int basket, bool packed, struct answer *a)
{
	char headers[256], who[32] = "", what[32] = "";
	if (member)
		snprintf(who, sizeof who, "gh-here=m%d; ", member);
	if (basket)
		snprintf(what, sizeof what, "gh_basket=b%d; ", basket);
	snprintf(headers, sizeof headers, "Cookie: %s%sx=y\r\n%s", who, what,
	        packed ? "Accept-Encoding: gzip\r\n" : "");
	ask(path, headers, a);
}

/* Each piece stands twice. */
static bool is_own(const struct answer *a, int member, int basket)
{
	char who[32] = "[nobody]", what[32] = "(empty)";
	if (member)
		snprintf(who, sizeof who, "[m%d]", member);
	if (basket)
		snprintf(what, sizeof what, "(b%d)", basket);
	const char *first = strstr(a->body, who), *second = strstr(a->body, what);
	return first && strstr(first + 1, who) && second && strstr(second + 1, what) &&
	        (strcasestr(a->head, "cache-control: private, no-store") != NULL) == (member || basket) &&
	        (strcasestr(a->head, "\netag:") == NULL) == (member || basket);
}

static void expect_own(const struct answer *a, int member, int basket)
{
	if (!is_own(a, member, basket))
		fail_msg("not for m%d b%d: %s\n%s", member, basket, a->head, a->body);
}

/* --- tests -------------------------------------------------------------------------------------------------- */

static void one_page_for_all(void **state)
{
	static struct answer a;
	for (int peeks = 0; peeks < 2; peeks++) {
		cache_clear(t.p.cache);
		t.peeks = peeks;
		int before = t.renders;
		for (int i = 0; i < 2 * MEMBERS * BASKETS; i++) {
			ask_as("/page", i % MEMBERS, i / MEMBERS % BASKETS, i & 1, &a);
			expect_own(&a, i % MEMBERS, i / MEMBERS % BASKETS);
			assert_non_null(strstr(a.body, "the same again, 59</p><p>["));
			assert_non_null(strstr(a.body, "</p><p>and below, 0<"));
		}
		assert_int_equal(t.renders, before + 1);
	}
	int pieces = t.pieces;
	ask_as("/page", 1, 1, true, &a);
	assert_int_equal(t.pieces, pieces);
	cache_drop_tag(t.p.cache, STR("person:1"));
	ask_as("/page", 2, 1, true, &a);
	assert_int_equal(t.pieces, pieces);
	ask_as("/page", 1, 1, true, &a);
	assert_int_equal(t.pieces, pieces + 1);
	struct arena *arena = arena_new(1 << 16);
	cache_drop_tag(t.p.cache, fragment_cookie_tag(arena, &t.svc, STR("b1")));
	arena_free(arena);
	ask_as("/page", 1, 1, true, &a);
	assert_int_equal(t.pieces, pieces + 2);
}

/* A member's first look keeps the page for the others, too. */
static void made_by_a_member(void **state)
{
	static struct answer a;
	cache_clear(t.p.cache);
	t.peeks = true;
	int before = t.renders;
	ask_as("/page", 4, 0, true, &a);
	expect_own(&a, 4, 0);
	ask_as("/page", 0, 0, false, &a);
	expect_own(&a, 0, 0);
	assert_int_equal(t.renders, before + 1);
}

static void a_page_that_differs_is_kept_for_visitors(void **state)
{
	static struct answer a;
	cache_clear(t.p.cache);
	for (int peeks = 0; peeks < 2; peeks++) {
		t.peeks = peeks;
		for (int i = 0; i < 3; i++) {
			int before = t.renders;
			ask_as("/gate", i, 1, true, &a);
			expect_own(&a, i, 1);
			char title[32] = "<h1>nobody may";
			if (i)
				snprintf(title, sizeof title, "<h1>m%d may", i);
			assert_non_null(strstr(a.body, title));
			assert_int_equal(t.renders, before + 1); /* each time: somebody with something of their own */
		}
		int before = t.renders;
		ask_as("/gate", 0, 0, true, &a);
		assert_int_equal(t.renders, before + !peeks);
		assert_non_null(strstr(a.body, "<h1>nobody may"));
	}
}

static _Atomic int others;

static void *client(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	struct answer *a = malloc(sizeof *a);
	for (int i = 0; i < ROUNDS; i++) {
		int member = rand_r(&seed) % MEMBERS, basket = rand_r(&seed) % BASKETS;
		ask_as(rand_r(&seed) % 4 ? "/page" : "/gate", member, basket, rand_r(&seed) & 1, a);
		others += !is_own(a, member, basket);
		for (const char *at = a->body; (at = strpbrk(at, "[(")); at++) {
			bool right = *at == '[' ? (member ? atoi(at + 2) == member : at[1] == 'n')
			                        : (basket ? atoi(at + 2) == basket : at[1] == 'e');
			others += !right;
		}
		if (i % 16 == 0)
			t.peeks = rand_r(&seed) & 1;
		if (i % 32 == 0)
			cache_drop_tag(t.p.cache, rand_r(&seed) & 1 ? STR("numbers") : STR("here:who"));
	}
	free(a);
	return NULL;
}

static void nobody_gets_anothers_part(void **state)
{
	pthread_t threads[CLIENTS];
	for (uintptr_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, client, (void *)(i + 1)), 0);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(others, 0);
}

/* Whatever is in it: looked at, never past its end. */
static void damaged_pages(void **state)
{
	static struct answer a;
	struct blob *kept = NULL;
	struct kept_page k;
	unsigned seed = 7, opened = 0;
	cache_clear(t.p.cache);
	ask_as("/page", 0, 0, false, &a);
	assert_int_equal(cache_peek(t.p.cache, STR("page|here|/page?"), &kept), CACHE_FRESH);
	assert_true(kept_open(kept, &k));
	assert_int_equal(kept_holes(&k), 4);
	for (int i = 0; i < 20000; i++) {
		size_t n = i % 3 ? kept->len : (size_t)rand_r(&seed) % kept->len;
		struct blob *b = blob_new(kept->data, n);
		size_t reach = i % 2 ? sizeof(struct kept_head) : n; /* the head decides most */
		for (int flips = 1 + rand_r(&seed) % 4; n && flips--;)
			b->data[(size_t)rand_r(&seed) % (reach < n ? reach : n)] ^= (char)(1 << rand_r(&seed) % 8);
		if (kept_open(b, &k)) {
			opened++;
			for (unsigned h = 0; h < kept_holes(&k); h++) {
				struct fragment_hole hole = kept_hole(&k, h);
				(void)str_hash(hole.service);
				(void)str_hash(hole.type);
				(void)str_hash(hole.params);
				(void)str_hash(str_n(b->data + k.parts[h].packed, k.parts[h].packed_len));
				(void)str_hash(str_n(b->data + k.parts[h].at, k.parts[h].len));
			}
		}
		blob_unref(b);
	}
	assert_true(opened > 100);
	blob_unref(kept);
}

/* A page with more holes than are kept (HOLES_MAX) is made for each who has something of their own. */
static void many_holes(void **state)
{
	static struct answer a;
	char path[32];
	cache_clear(t.p.cache);
	for (int n = HOLES_MAX; n < HOLES_MAX + 2; n++) {
		int before = t.renders;
		snprintf(path, sizeof path, "/many/%d", n);
		for (int i = 0; i < 4; i++) {
			ask_as(path, 1 + i % 2, 0, true, &a);
			assert_int_equal(a.body_len, n * 2);
			assert_int_equal(a.body[2 * n - 1], '1' + i % 2);
		}
		assert_int_equal(t.renders - before, n == HOLES_MAX ? 1 : 4);
	}
}

static void wide_pieces(void **state)
{
	struct answer *a = malloc(sizeof *a);
	cache_clear(t.p.cache);
	for (int i = 0; i < 8; i++) {
		ask_as("/wide", 1, 0, i & 1, a);
		assert_int_equal(a->body_len, 140003);
		for (int k = 0; k < 140001; k++)
			assert_int_equal(a->body[1 + k], 'a' + k % 23);
	}
	free(a);
}

/* A cookie of more bytes than any of ours is nobody's (COOKIE_VALUE_MAX). */
static void long_cookies(void **state)
{
	struct answer *a = malloc(sizeof *a);
	char headers[256] = "Cookie: gh_basket=";
	size_t n = strlen(headers);
	for (size_t len = 128; len < 130; len++) {
		memset(headers + n, 'v', len);
		strcpy(headers + n + len, "\r\n");
		ask("/page", headers, a);
		assert_int_equal(strstr(a->body, "(empty)") == NULL, len == 128);
	}
	free(a);
}

/* --- set-up ------------------------------------------------------------------------------------------------- */

static void attach(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(t.server, l, &e) != ST_OK)
		abort();
}

static int setup(void **state)
{
	struct err e = { 0 };
	struct config_source src = { 0 };
	static struct auth_hooks hooks;
	static const struct service provider = { .name = "provider", .identity = true };
	static struct service_instance provider_here = { .def = &provider, .platform = &t.p, .local = true };
	t.p.config = config_load(&src, services, &e);
	t.p.cache = cache_new(16 << 20, 4, NULL, &e);
	t.p.secret = STR("0123456789abcdef0123456789abcdef");
	t.p.data_dir = STR("/tmp");
	hooks = (struct auth_hooks){ .identify = identify, .peek = peek, .silently = never };
	t.p.auth_hooks = &hooks;
	t.p.identity = &provider_here;
	t.svc = (struct service_instance){ .def = &service,
		.platform = &t.p,
		.base_url = STR("http://localhost:1"),
		.base_path = STR(""),
		.local = true };
	t.p.services = &t.svc;
	t.p.service_count = 1;
	t.p.fragments = fragments_new(&t.p, &e);
	t.p.web = web_app_new(&t.p, NULL, &e);
	struct http_server_config c = { .listen_count = 1,
		.limits = { .arena = 4 << 20, .request_ns = 600 * NS_PER_S } };
	c.listen[0].addr = "127.0.0.1:0";
	if (t.p.web)
		web_app_http(t.p.web, WEB_PUBLIC, &c.app);
	t.server = t.p.web ? http_server_new(&c, &e) : NULL;
	if (!t.server || offload_start(2, 100, &e) != ST_OK || !(t.loops = loops_start(2, attach, NULL, &e))) {
		print_error("%s\n", e.msg);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	loops_stop_join(t.loops);
	offload_stop();
	http_server_free(t.server);
	web_app_free(t.p.web);
	fragments_free(t.p.fragments);
	cache_free(t.p.cache);
	config_free((struct config *)(uintptr_t)t.p.config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_for_all),
		cmocka_unit_test(made_by_a_member),
		cmocka_unit_test(a_page_that_differs_is_kept_for_visitors),
		cmocka_unit_test(nobody_gets_anothers_part),
		cmocka_unit_test(damaged_pages),
		cmocka_unit_test(many_holes),
		cmocka_unit_test(wide_pieces),
		cmocka_unit_test(long_cookies),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
