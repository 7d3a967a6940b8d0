/* SPDX-License-Identifier: Apache-2.0
 *
 * The dispatcher over a real server on the loopback: what the flags of a route demand, forms and their tokens, the page
 * cache, failures as answers, redirects, cookies. A service of its own, no store.
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

#include "base/clock.h"
#include "platform/auth/session.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/web/web_int.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static struct {
	struct platform p;
	struct service_instance svc;
	struct http_server *server;
	struct loops *loops;
	_Atomic int renders, posted;
	_Atomic bool slow, ended, let_go;
	struct person person;
} t;

/* --- a service ---------------------------------------------------------------------------------------------- */

static enum status get_page(struct web *w, struct err *e)
{
	struct buf b;
	int n = ++t.renders;
	web_cache_tag(w, "numbers");
	for (int i = 0; t.slow && i < 50; i++)
		TRY(fiber_sleep_ns(1000000));
	buf_arena(&b, w->ctx->arena, 65536);
	buf_printf(&b, "<p>render %d of %.*s</p>", n, STR_ARG(web_path(w, "name")));
	for (int i = 0; i < 100; i++)
		buf_puts(&b, "<p>the same again</p>");
	return web_html(w, 200, &b);
}

/* One address, two kinds: what a federated post will be. */
static enum status get_either(struct web *w, struct err *e)
{
	struct buf b;
	web_cache_tag(w, "numbers");
	buf_arena(&b, w->ctx->arena, 256);
	if (web_wants_json(w))
		return web_json(w, 200, STR("{\"kind\":\"json\"}"));
	buf_puts(&b, "<p>kind html</p>");
	return web_html(w, 200, &b);
}

static enum status get_form(struct web *w, struct err *e) { return web_text(w, 200, "text/plain", web_csrf(w)); }

static enum status post_form(struct web *w, struct err *e)
{
	t.posted++;
	TRY(web_form_load(w, e));
	return web_redirect(w, 303, web_form(w, "next"));
}

static enum status get_private(struct web *w, struct err *e) { return web_text(w, 200, "text/plain", w->person->name); }

static enum status get_fail(struct web *w, struct err *e)
{
	int64_t which = web_path_int(w, "which");
	if (which == 1)
		return err_set(e, ST_IO, "the disk under /srv/secret is full");
	if (which == 2)
		return err_set(e, ST_UNPROCESSABLE, "A name is missing");
	if (which == 3)
		return ST_OK; /* without an answer */
	for (;;)
		memset(arena_alloc(w->ctx->arena, 65536), 1, 65536); /* past the request's limit */
}

static enum status get_nonce(struct web *w, struct err *e)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, 256);
	buf_putstr(&b, web_nonce(w));
	return web_html(w, 200, &b);
}

static enum status post_raw(struct web *w, struct err *e)
{
	struct str body;
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	return web_text(w, 200, "text/plain", body);
}

/* n headers of its own, tags of m bytes: /numbered/n?m. */
static enum status get_numbered(struct web *w, struct err *e)
{
	struct buf b;
	int64_t tags = 0;
	char tag[256];
	t.renders++;
	(void)str_i64(w->req->query.p ? w->req->query : STR(""), &tags);
	for (int64_t i = 0, n = web_path_int(w, "n"); i < n; i++)
		web_header(w, arena_printf(w->ctx->arena, "x-%lld", (long long)i), STR("v"));
	for (int64_t left = tags; left > 0; left -= 255) { /* a blank between them */
		memset(tag, 't', sizeof tag);
		tag[left < 254 ? left : 254] = 0;
		web_cache_tag(w, "%s", tag);
	}
	buf_arena(&b, w->ctx->arena, 256);
	buf_puts(&b, "<p>numbered</p>");
	return web_html(w, 200, &b);
}

/* More memory than a request has, and then it waits. */
static enum status get_large(struct web *w, struct err *e)
{
	memset(arena_alloc(w->ctx->arena, 2 << 20), 1, 2 << 20);
	while (!t.let_go)
		TRY(fiber_sleep_ns(1000000));
	return web_text(w, 200, "text/plain", STR("large"));
}

static const struct route routes[] = {
	{ "GET", "/numbered/{n:int}", get_numbered, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60,
	  .help = "x" },
	{ "GET", "/large", get_large, .flags = ROUTE_LARGE, .rate = RATE_NONE, .help = "x" },
	{ "GET", "/page/{name:text}", get_page, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/either", get_either, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/form", get_form, .rate = RATE_NONE, .help = "x" },
	{ "POST", "/form", post_form, .rate = RATE_NONE, .help = "x" },
	{ "GET", "/private", get_private, .flags = ROUTE_AUTH, .rate = RATE_NONE, .help = "x" },
	{ "GET", "/admin", get_private, .flags = ROUTE_ADMIN, .rate = RATE_NONE, .help = "x" },
	{ "GET", "/fail/{which:int}", get_fail, .rate = RATE_NONE, .help = "x" },
	{ "GET", "/nonce", get_nonce, .flags = ROUTE_CACHE, .rate = RATE_NONE, .cache_s = 60, .help = "x" },
	{ "GET", "/api/who", get_private, .flags = ROUTE_API | ROUTE_AUTH, .scope = "read:things", .rate = RATE_NONE,
	        .help = "x" },
	{ "POST", "/api/things", post_form, .flags = ROUTE_API, .scope = "write:things", .rate = RATE_NONE,
	        .help = "x" },
	{ "POST", "/raw", post_raw, .flags = ROUTE_NO_CSRF, .rate = RATE_NONE, .body_max = 1000, .help = "x" },
	{ 0 },
};
static const struct service service = {
	.name = "here", .title = "Here", .mount = "/", .summary = "x", .routes = routes
};
static const struct service *const services[] = { &service, NULL };

static enum status identify(struct web *w, const struct person **out, struct err *e)
{
	struct str who = web_cookie(w, "gh-who");
	if (!who.p)
		return ST_OK;
	t.person = (struct person){ .id = 1, .name = arena_str(w->ctx->arena, who), .admin = str_eqc(who, "root"),
				      .roles = str_eqc(who, "root") ? STR("admin") : STR("") };
	*out = &t.person;
	return ST_OK;
}

/* "read write:things of ada"; "of nobody": an application by itself. */
static enum status bearer(struct web *w, struct str token, struct bearer *out, struct err *e)
{
	ptrdiff_t at = str_find(token, STR("!of!"));
	if (at < 0)
		return ST_NOT_FOUND;
	char *scope = arena_printf(w->ctx->arena, "%.*s", (int)at, token.p);
	for (char *c = scope; *c; c++)
		*c = *c == '!' ? ' ' : *c;
	*out = (struct bearer){ .client = STR("app"), .scope = str_c(scope) };
	struct person *p = ARENA_NEW(w->ctx->arena, struct person);
	*p = (struct person){ .id = 2, .name = arena_str(w->ctx->arena, str_skip(token, (size_t)at + 4)) };
	out->person = str_eqc(p->name, "nobody") ? NULL : p;
	return ST_OK;
}

/* --- a client ----------------------------------------------------------------------------------------------- */

static char answer[200000];

static const char *ask(const char *method, const char *path, const char *headers, const char *body)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(t.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 120 };
	char request[70000];
	int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s",
	        method, path, headers);
	if (*body || !strcmp(method, "POST"))
		n += snprintf(request + n, sizeof request - (size_t)n, "Content-Length: %zu\r\n", strlen(body));
	n += snprintf(request + n, sizeof request - (size_t)n, "\r\n%s", body);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(write(fd, request, (size_t)n), n);
	size_t got = 0;
	for (ssize_t k; got + 1 < sizeof answer && (k = read(fd, answer + got, sizeof answer - 1 - got)) > 0;)
		got += (size_t)k;
	close(fd);
	answer[got] = 0;
	return answer;
}

static void expect(const char *what, bool there)
{
	if ((strcasestr(answer, what) != NULL) != there)
		fail_msg("%s '%s' in:\n%.2000s", there ? "no" : "unexpected", what, answer);
}

static void status_is(int status)
{
	char line[32];
	snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
	if (strncmp(answer, line, strlen(line)))
		fail_msg("not %d: %.2000s", status, answer);
}

static const char *body(void) { return strstr(answer, "\r\n\r\n") + 4; }

/* --- tests -------------------------------------------------------------------------------------------------- */

static void pages_are_kept(void **state)
{
	int before = t.renders;
	ask("GET", "/page/a", "", "");
	status_is(200);
	expect("content-security-policy: default-src 'self'; img-src", true);
	expect("unsafe-", false);
	char first[4000];
	snprintf(first, sizeof first, "%s", body());
	ask("GET", "/page/a", "", "");
	assert_string_equal(body(), first);
	assert_int_equal(t.renders, before + 1);
	ask("GET", "/page/a", "Accept-Encoding: br\r\n", "");
	expect("content-encoding: br", true);
	ask("GET", "/page/a?x=1", "", "");
	assert_int_equal(t.renders, before + 2);
	/* Who has a session gets the same, since nothing in it is a person's own (test_holes). */
	ask("GET", "/page/a", "Cookie: gh-who=me\r\n", "");
	assert_int_equal(t.renders, before + 2);
	assert_string_equal(body(), first);
	cache_drop_tag(t.p.cache, STR("numbers"));
	ask("GET", "/page/a", "", "");
	assert_int_equal(t.renders, before + 3);
}

static void kept_pages_know_what_kind_is_wanted(void **state)
{
	static const struct { const char *accept; bool json; } rows[] = {
		{ "", false },
		{ "Accept: application/json\r\n", true },
		{ "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n", false },
		{ "Accept: application/json;q=0.5, text/html\r\n", false },
		{ "Accept: application/problem+json\r\n", true },
		{ "Accept: */*\r\n", false },
	};
	for (unsigned turn = 0; turn < 2; turn++) /* made, then kept */
		for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
			ask("GET", "/either", rows[i].accept, "");
			status_is(200);
			expect(rows[i].json ? "{\"kind\":\"json\"}" : "<p>kind html</p>", true);
			expect(rows[i].json ? "content-type: application/json" : "content-type: text/html", true);
			expect("vary: accept, accept-language, cookie", true);
		}
	ask("GET", "/page/a", "", "");
	expect("vary: accept-encoding, accept-language, cookie", true); /* nobody negotiates there */
}

struct asker { pthread_t thread; const char *path; int status; };

static void *ask_alone(void *arg)
{
	struct asker *a = arg;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(t.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char request[200], reply[64] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0),
	    n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", a->path);
	if (!connect(fd, (struct sockaddr *)&in, sizeof in) && write(fd, request, (size_t)n) == n &&
	        read(fd, reply, sizeof reply - 1) > 0)
		a->status = (reply[9] - '0') * 100;
	close(fd);
	return NULL;
}

static void one_renders_for_many(void **state)
{
	struct asker askers[12] = { 0 };
	int before = t.renders;
	t.slow = true;
	for (int i = 0; i < 12; i++) {
		askers[i].path = "/page/crowd";
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_alone, &askers[i]), 0);
	}
	for (int i = 0; i < 12; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].status, 200);
	}
	t.slow = false;
	assert_int_equal(t.renders, before + 1);
}

/* The same kept page with and without TLS: only there browsers are told to come back with it. */
static void kept_pages_know_tls(void **state)
{
	for (int i = 0; i < 4; i++) {
		bool secure = i % 2;
		ask("GET", "/page/tls", secure ? "X-Forwarded-Proto: https\r\n" : "", "");
		status_is(200);
		expect("strict-transport-security: max-age=3600", secure);
	}
}

static void a_nonce_is_never_kept(void **state)
{
	char first[64], csp[128];
	ask("GET", "/nonce", "", "");
	snprintf(first, sizeof first, "%s", body());
	snprintf(csp, sizeof csp, "script-src 'self' 'nonce-%s'", first);
	expect(csp, true);
	ask("GET", "/nonce", "", "");
	assert_string_not_equal(body(), first);
}

static void who_may(void **state)
{
	ask("GET", "/private", "", "");
	status_is(303);
	expect("location: /auth/login?next=%2Fprivate", true);
	ask("GET", "/private", "Accept: application/json\r\n", "");
	status_is(401);
	expect("urn:guildhall:problem:sign-in-required", true);
	ask("GET", "/private", "Cookie: gh-who=ada\r\n", "");
	status_is(200);
	assert_string_equal(body(), "ada");
	ask("GET", "/admin", "Cookie: gh-who=ada\r\n", "");
	status_is(403);
	ask("GET", "/admin", "Cookie: gh-who=root\r\n", "");
	status_is(200);
}

/* Who brings a token, or a session; scopes within scopes; what programs are told. */
static void programs(void **state)
{
	ask("GET", "/api/who", "Accept: text/html\r\n", "");
	status_is(401);
	expect("www-authenticate: Bearer\r\n", true);
	expect("\"error\":", true);
	expect("access-control-allow-origin: *", true);
	ask("GET", "/api/who", "Authorization: Bearer unknown\r\n", "");
	status_is(401);
	expect("error=\"invalid_token\"", true);
	ask("GET", "/api/who", "Authorization: Bearer read!of!ada\r\n", "");
	status_is(200);
	assert_string_equal(body(), "ada");
	ask("GET", "/api/who", "Authorization: bearer write!read:things!of!ada\r\n", "");
	status_is(200);
	ask("GET", "/api/who", "Authorization: Bearer read:thing!reads!of!ada\r\n", "");
	status_is(403);
	expect("error=\"insufficient_scope\", scope=\"read:things\"", true);
	ask("GET", "/api/who", "Authorization: Bearer read!of!nobody\r\n", "");
	status_is(401);
	ask("GET", "/api/who", "Cookie: gh-who=bob\r\n", "");
	status_is(200);
	/* A session and a token: the token counts. */
	ask("GET", "/api/who", "Cookie: gh-who=bob\r\nAuthorization: Bearer read!of!ada\r\n", "");
	assert_string_equal(body(), "ada");
	/* A route that asks for no token does not look at one. */
	ask("GET", "/private", "Authorization: Bearer read!of!ada\r\n", "");
	status_is(303);
	/* Another site's script can send a token, and nothing in somebody else's name. */
	ask("POST", "/api/things", "Origin: https://elsewhere.example\r\nAuthorization: Bearer write!of!ada\r\n", "");
	status_is(400); /* of the handler, which has nowhere to go */
	ask("POST", "/api/things", "Origin: https://elsewhere.example\r\nCookie: gh-who=bob\r\n", "");
	status_is(403);
	ask("OPTIONS", "/api/things", "Origin: https://elsewhere.example\r\nAccess-Control-Request-Method: POST\r\n",
	        "");
	status_is(204);
	expect("access-control-allow-origin: *", true);
	expect("access-control-allow-methods: POST, OPTIONS", true);
	expect("access-control-allow-headers: Accept-Version, Authorization, Content-Type", true);
	ask("OPTIONS", "/form", "Origin: https://elsewhere.example\r\n", "");
	status_is(204);
	expect("access-control", false);
}

static void token_of(char cookie[128], char token[128])
{
	ask("GET", "/form", "", "");
	status_is(200);
	snprintf(token, 128, "%s", body());
	const char *at = strcasestr(answer, "set-cookie: ") + 12;
	snprintf(cookie, 128, "Cookie: %.*s\r\n", (int)strcspn(at, ";"), at);
}

static void forms_need_their_token(void **state)
{
	char cookie[128], token[128], other[128], other_token[128], text[400], headers[400];
	const char *type = "Content-Type: application/x-www-form-urlencoded\r\n";
	token_of(cookie, token);
	token_of(other, other_token);
	int before = t.posted;
	snprintf(headers, sizeof headers, "%s%s", type, cookie);
	snprintf(text, sizeof text, "csrf=%s&next=/page/b", token);
	ask("POST", "/form", headers, text);
	status_is(303);
	expect("location: /page/b", true);
	assert_int_equal(t.posted, before + 1);

	ask("POST", "/form", type, text); /* no cookie */
	status_is(403);
	snprintf(text, sizeof text, "csrf=%s&note=kept+text&password=hunter2",
	        other_token); /* another visitor's token */
	ask("POST", "/form", headers, text);
	status_is(403);
	expect("name=\"note\" value=\"kept text\"", true);
	expect("hunter2", false);
	text[10] = text[10] == 'A' ? 'B' : 'A';
	ask("POST", "/form", headers, text);
	status_is(403);
	/* The browser says that another site sent it: no token helps. */
	snprintf(text, sizeof text, "csrf=%s&next=/", token);
	snprintf(headers, sizeof headers, "%s%sOrigin: https://evil.example\r\n", type, cookie);
	ask("POST", "/form", headers, text);
	status_is(403);
	snprintf(headers, sizeof headers, "%s%sSec-Fetch-Site: cross-site\r\n", type, cookie);
	ask("POST", "/form", headers, text);
	status_is(403);
	snprintf(headers, sizeof headers, "%s%sOrigin: http://localhost\r\n", type, cookie);
	ask("POST", "/form", headers, text);
	status_is(303);
	assert_int_equal(t.posted, before + 2);
}

/* A page that is kept for everybody has no token: the browser's word that it is this origin's is proof. */
static void the_same_origin_is_proof(void **state)
{
	static const struct { const char *headers; int status; } rows[] = {
		{ "Sec-Fetch-Site: same-origin\r\n", 303 },
		{ "Origin: http://localhost\r\n", 303 },
		{ "Sec-Fetch-Site: same-site\r\n", 403 },
		{ "Sec-Fetch-Site: none\r\n", 403 },
		{ "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", 403 },
		{ "Origin: https://localhost\r\n", 403 },
		{ "Origin: http://localhost.evil.example\r\n", 403 },
		{ "Origin: null\r\n", 403 },
		{ "", 403 },
		{ "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost\r\n", 403 },
	};
	char headers[400];
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		int before = t.posted;
		snprintf(headers, sizeof headers, "Content-Type: application/x-www-form-urlencoded\r\n%s",
		        rows[i].headers);
		ask("POST", "/form", headers, "next=/page/b");
		status_is(rows[i].status);
		assert_int_equal(t.posted, before + (rows[i].status == 303));
	}
}

static void redirects_stay_here(void **state)
{
	static const char *const elsewhere[] = { "https://evil.example/", "//evil.example", "/%5Cevil.example", "evil",
		"", "javascript:1", "http://localhost:1.evil.example" };
	char cookie[128], token[128], text[400], headers[400];
	token_of(cookie, token);
	snprintf(headers, sizeof headers, "Content-Type: application/x-www-form-urlencoded\r\n%s", cookie);
	for (unsigned i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		snprintf(text, sizeof text, "csrf=%s&next=%s", token, elsewhere[i]);
		ask("POST", "/form", headers, text);
		status_is(400);
		expect("location:", false);
	}
	snprintf(text, sizeof text, "csrf=%s&next=http://localhost:1/page/x", token);
	ask("POST", "/form", headers, text);
	status_is(303);
	snprintf(text, sizeof text, "csrf=%s&next=/a%%0d%%0aset-cookie:x=y", token);
	ask("POST", "/form", headers, text);
	expect("set-cookie: x", false);
}

/* A query at PAGE_QUERY_MAX is kept, a longer one is nobody's link. */
static void long_queries_are_not_kept(void **state)
{
	char path[400] = "/page/q?x=";
	memset(path + strlen(path), 'q', 254);
	for (int more = 0; more < 2; more++) {
		int before = t.renders;
		ask("GET", path, "", "");
		status_is(200);
		ask("GET", path, "", "");
		assert_int_equal(t.renders, before + 1 + more);
		path[strlen(path)] = 'q';
	}
}

static void asked_twice(const char *path, int renders)
{
	int before = t.renders;
	for (int i = 0; i < 2; i++) {
		ask("GET", path, "", "");
		status_is(200);
	}
	if (t.renders != before + renders)
		fail_msg("%.40s…: %d renders, not %d", path, t.renders - before, renders);
}

/* A page whose key has 1023 bytes is kept (PAGE_KEY_MAX), one whose tags have 4096 (TAGS_MAX), one with more headers
   than there is room for at first (WEB_HEADERS_FIRST) with all of them. One byte more and it is made each time. */
static void what_is_kept_is_bounded(void **state)
{
	char path[1100] = "/page/", header[32];
	size_t beside = strlen("page|here|?"), n = strlen(path);
	memset(path + n, 'k', 1023 - beside - n);
	asked_twice(path, 1);
	path[1023 - beside] = 'k';
	asked_twice(path, 2);
	asked_twice("/numbered/0?4096", 1);
	asked_twice("/numbered/0?4097", 2);
	asked_twice("/numbered/1000", 1);
	asked_twice("/numbered/1500", 2); /* more headers than are kept: 16 KiB of them (HEADERS_MAX) */
	for (int headers = 8; headers < 18; headers++) {
		snprintf(path, sizeof path, "/numbered/%d", headers);
		asked_twice(path, 1);
		for (int i = 0; i < headers; i++) {
			snprintf(header, sizeof header, "\r\nx-%d: v\r\n", i);
			expect(header, true);
		}
	}
}

/* Browsers are told of every service that has a host of its own, however many they are; of more than fit (CSP_MAX), at
   the start, whoever runs it. */
static void csp_names_every_service(void **state)
{
	enum { MANY = 80 };
	static struct service_instance list[MANY];
	static char urls[MANY][80];
	struct err e = { 0 };
	struct platform p = { .config = t.p.config, .services = list };
	for (int i = 0; i < MANY; i++) {
		snprintf(urls[i], sizeof urls[i], "https://a-service-with-a-long-name-%d.cooperative.example.org", i);
		list[i] = (struct service_instance){
			.def = &service, .platform = &p, .base_url = str_c(urls[i]), .base_path = STR("")
		};
	}
	p.service_count = 40;
	struct web_app *a = web_app_new(&p, NULL, &e);
	assert_non_null(a);
	for (int i = 0; i < 40; i++)
		assert_true(str_find(buf_str(&a->csp), str_c(urls[i])) > 0);
	web_app_free(a);
	p.service_count = MANY;
	assert_null(web_app_new(&p, NULL, &e));
	assert_non_null(strstr(e.msg, "addresses"));
}

/* Addresses of a service lie below a path of as many bytes, and of no more (BASE_PATH_MAX). */
static void long_base_paths(void **state)
{
	static char path[257] = "/";
	struct err e = { 0 };
	struct service_instance one = t.svc;
	struct platform p = { .config = t.p.config, .services = &one, .service_count = 1 };
	memset(path + 1, 'p', 255);
	one.local = true;
	for (size_t n = 255; n < 257; n++) {
		one.base_path = str_n(path, n);
		struct web_app *a = web_app_new(&p, NULL, &e);
		assert_int_equal(a != NULL, n == 255);
		web_app_free(a);
	}
	assert_non_null(strstr(e.msg, "255 bytes"));
}

/* With no place left for who makes a page, whoever asks makes it (FLIGHTS). */
static void pages_when_all_flights_are_taken(void **state)
{
	struct flights *f = &t.p.web->flights;
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < FLIGHTS; i++)
		f->hashes[i] = UINT64_MAX - i;
	pthread_mutex_unlock(&f->lock);
	asked_twice("/page/full", 1);
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_true(f->hashes[i] == UINT64_MAX - i);
	memset(f->hashes, 0, sizeof f->hashes);
	pthread_mutex_unlock(&f->lock);
	asked_twice("/page/free", 1);
}

/* One has the memory of a large page, LARGE_WAITING wait for it, one more is sent away. */
static void few_wait_for_memory(void **state)
{
	struct asker askers[1 + LARGE_WAITING] = { 0 };
	struct fsem *large = &t.p.web->large;
	t.let_go = false;
	for (unsigned i = 0; i < 1 + LARGE_WAITING; i++) {
		askers[i].path = "/large";
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_alone, &askers[i]), 0);
	}
	for (unsigned waiting = 0; waiting < LARGE_WAITING;) {
		usleep(1000);
		pthread_mutex_lock(&large->lock);
		waiting = large->waiting;
		pthread_mutex_unlock(&large->lock);
	}
	ask("GET", "/large", "", "");
	status_is(503);
	t.let_go = true;
	for (unsigned i = 0; i < 1 + LARGE_WAITING; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].status, 200);
	}
}

static void bodies_are_capped(void **state)
{
	char big[1200];
	memset(big, 'x', sizeof big);
	big[1000] = 0;
	ask("POST", "/raw", "", big);
	status_is(200);
	big[1000] = 'x';
	big[1001] = 0;
	ask("POST", "/raw", "", big);
	status_is(413);
}

static void failures_are_answers(void **state)
{
	ask("GET", "/fail/1", "Accept: application/json\r\n", "");
	status_is(503);
	expect("application/problem+json", true);
	expect("/srv/secret", false);
	expect("retry-after: 5", true);
	ask("GET", "/fail/2", "", "");
	status_is(422);
	expect("A name is missing", true);
	expect("text/html", true);
	ask("GET", "/fail/3", "", "");
	status_is(500);
	ask("GET", "/fail/4", "", "");
	status_is(503);
	ask("GET", "/nowhere<script>", "", "");
	expect("<script>", false);
	ask("GET", "/page/a", "", ""); /* and it goes on */
	status_is(200);
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
	struct config_source src = { .sets = (const char *const[]){ "http.hsts=1h" }, .set_count = 1 };
	t.p.config = config_load(&src, services, &e);
	t.p.cache = cache_new(16 << 20, 4, NULL, &e);
	t.p.secret = STR("0123456789abcdef0123456789abcdef");
	t.p.data_dir = STR("/tmp");
	static struct auth_hooks hooks;
	hooks = session_hooks;
	hooks.identify = identify;
	hooks.bearer = bearer;
	t.p.auth_hooks = &hooks;
	static const struct service provider = { .name = "provider", .identity = true };
	static struct service_instance provider_here = { .def = &provider, .platform = &t.p, .local = true };
	t.p.identity = &provider_here;
	t.svc = (struct service_instance){ .def = &service,
		.platform = &t.p,
		.base_url = STR("http://localhost:1"),
		.base_path = STR(""),
		.local = true };
	t.p.services = &t.svc;
	t.p.service_count = 1;
	t.p.web = web_app_new(&t.p, NULL, &e);
	struct http_server_config c = { .listen_count = 1,
		                        .limits = { .arena = 1 << 20, .request_ns = 600 * NS_PER_S } };
	c.listen[0].addr = "127.0.0.1:0";
	c.trusted_proxies = STR("127.0.0.1");
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
	cache_free(t.p.cache);
	config_free((struct config *)(uintptr_t)t.p.config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_kept),          cmocka_unit_test(kept_pages_know_what_kind_is_wanted),
		cmocka_unit_test(kept_pages_know_tls),     cmocka_unit_test(one_renders_for_many),
		cmocka_unit_test(a_nonce_is_never_kept),   cmocka_unit_test(who_may),
		cmocka_unit_test(programs),
		cmocka_unit_test(forms_need_their_token),  cmocka_unit_test(the_same_origin_is_proof),
		cmocka_unit_test(redirects_stay_here),     cmocka_unit_test(long_queries_are_not_kept),
		cmocka_unit_test(what_is_kept_is_bounded), cmocka_unit_test(csp_names_every_service),
		cmocka_unit_test(long_base_paths),         cmocka_unit_test(pages_when_all_flights_are_taken),
		cmocka_unit_test(few_wait_for_memory),     cmocka_unit_test(bodies_are_capped),
		cmocka_unit_test(failures_are_answers),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
