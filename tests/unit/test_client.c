/* SPDX-License-Identifier: Apache-2.0
 *
 * The client against a small blocking server in a thread per connection.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "net/client/client.h"
#include "rt/fiber.h"

/* --- the server ------------------------------------------------------------------------------------------------- */

static int port;
static char unix_path[64];
static _Atomic int connections, slow_requests;
static _Atomic long stream_sent;
static _Atomic bool let_go; /* ends slow answers */

static bool say(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool say_text(int fd, const char *text)
{
	return say(fd, text, strlen(text));
}

static bool answer(int fd, const char *status, const char *headers, const char *body, size_t n)
{
	char head[1024];
	snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, n, headers);
	return say_text(fd, head) && say(fd, body, n);
}

static bool gzip_bomb(int fd)
{
	static char zeros[1 << 20], out[1 << 20];
	z_stream z = { 0 };
	deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY);
	z.next_out = (Bytef *)out;
	z.avail_out = sizeof out;
	for (int i = 0; i < 20; i++) {
		z.next_in = (Bytef *)zeros;
		z.avail_in = sizeof zeros;
		deflate(&z, i == 19 ? Z_FINISH : Z_NO_FLUSH);
	}
	size_t n = sizeof out - z.avail_out;
	deflateEnd(&z);
	return answer(fd, "200 OK", "Content-Encoding: gzip\r\n", out, n);
}

static bool chunks(int fd, int count, size_t size)
{
	static char piece[65536];
	char head[32];
	if (!say_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kind: Stream\r\n\r\n"))
		return false;
	memset(piece, 'p', sizeof piece);
	for (int i = 0; i < count; i++) {
		snprintf(head, sizeof head, "%zx\r\n", size);
		if (!say_text(fd, head) || !say(fd, piece, size) || !say_text(fd, "\r\n"))
			return false;
		atomic_fetch_add(&stream_sent, (long)size);
	}
	return say_text(fd, "0\r\n\r\n");
}

static bool slow(int fd)
{
	atomic_fetch_add(&slow_requests, 1);
	while (!atomic_load(&let_go))
		usleep(1000);
	return answer(fd, "200 OK", "", "slow", 4);
}

static bool redirect(int fd, const char *path)
{
	char headers[256];
	int n = atoi(path + 3);
	if (n == 0)
		return answer(fd, "200 OK", "", "arrived", 7);
	snprintf(headers, sizeof headers, "Location: %d?x=1\r\n", n - 1);
	return answer(fd, "302 Found", headers, "moved", 5);
}

static bool moved_to(int fd, const char *status, const char *to)
{
	char headers[300];
	snprintf(headers, sizeof headers, "Location: %s\r\n", to);
	return answer(fd, status, headers, "", 0);
}

static bool filled(int fd, const char *before, size_t n, const char *after)
{
	static char fill[1 << 17];
	memset(fill, 'f', sizeof fill);
	assert_true(n <= sizeof fill);
	return say_text(fd, before) && say(fd, fill, n) && say_text(fd, after);
}

/* With so many headers; with so many bytes of them, an end for each; with a location of so many. */
static bool many_heads(int fd, size_t n)
{
	bool ok = say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (size_t i = 1; i < n && ok; i++)
		ok = say_text(fd, "X-A: b\r\n");
	return ok && say_text(fd, "\r\n");
}

static bool large_head(int fd, size_t n)
{
	return filled(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ", n - sizeof "Content-Length: 0" - sizeof "X: ",
	              "\r\n\r\n");
}

static bool far_away(int fd, size_t n)
{
	return filled(fd, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /hello#", n - strlen("/hello#"),
	              "\r\n\r\n");
}

static const struct {
	const char *path;
	bool (*answers)(int fd, size_t n);
} sized[] = {
	{ "/heads/", many_heads },
	{ "/head/", large_head },
	{ "/far/", far_away },
};

static bool respond(int fd, char *request, size_t n)
{
	char path[256] = "", text[256];
	sscanf(request, "%*s %255s", path);
	if (!strcmp(path, "/hello"))
		return answer(fd, "200 OK", "X-One: 1\r\nX-TWO:  two \r\n", "hello", 5);
	if (!strcmp(path, "/echo"))
		return answer(fd, "203 Echo", "", request, n);
	for (size_t i = 0; i < sizeof sized / sizeof *sized; i++)
		if (!strncmp(path, sized[i].path, strlen(sized[i].path)))
			return sized[i].answers(fd, strtoul(path + strlen(sized[i].path), NULL, 10));
	if (!strncmp(path, "/r/", 3))
		return redirect(fd, path);
	if (!strcmp(path, "/away")) {
		snprintf(text, sizeof text, "http://localhost:%d/echo", port);
		return moved_to(fd, "307 Temporary Redirect", text);
	}
	if (!strcmp(path, "/see"))
		return moved_to(fd, "303 See Other", "/echo");
	if (!strcmp(path, "/file"))
		return moved_to(fd, "302 Found", "file:///etc/passwd");
	if (!strcmp(path, "/big"))
		return say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
	if (!strcmp(path, "/chunks"))
		return chunks(fd, 100, 20000);
	if (!strcmp(path, "/bomb"))
		return gzip_bomb(fd);
	if (!strcmp(path, "/slow"))
		return slow(fd);
	if (!strcmp(path, "/early"))
		return say_text(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n") &&
		       answer(fd, "204 No Content", "", "", 0);
	say_text(fd, "what?\r\n\r\n");
	return false;
}

static void *connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	static const size_t room = 1 << 16;
	char *in = malloc(room), *end;
	size_t have = 0;
	atomic_fetch_add(&connections, 1);
	for (;;) {
		ssize_t n = recv(fd, in + have, room - 1 - have, 0);
		if (n <= 0)
			break;
		have += (size_t)n;
		in[have] = 0;
		if (!(end = strstr(in, "\r\n\r\n")))
			continue;
		const char *cl = strcasestr(in, "\r\ncontent-length:");
		size_t want = (size_t)(end + 4 - in) + (cl ? strtoul(cl + 17, NULL, 10) : 0);
		if (have < want)
			continue;
		if (!respond(fd, in, want))
			break;
		have = 0;
	}
	free(in);
	close(fd);
	return NULL;
}

static void *acceptor(void *arg)
{
	for (;;) {
		pthread_t t;
		int fd = accept((int)(intptr_t)arg, NULL, NULL);
		if (fd < 0 || pthread_create(&t, NULL, connection, (void *)(intptr_t)fd))
			return NULL;
		pthread_detach(t);
	}
}

static void serve(int fd)
{
	pthread_t t;
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(pthread_create(&t, NULL, acceptor, (void *)(intptr_t)fd), 0);
	pthread_detach(t);
}

static int start_servers(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), un = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	port = ntohs(a.sin_port);
	serve(fd);
	snprintf(unix_path, sizeof unix_path, "/tmp/gh-test-client-%d", (int)getpid());
	strcpy(u.sun_path, unix_path);
	assert_int_equal(bind(un, (struct sockaddr *)&u, sizeof u), 0);
	serve(un);
	return 0;
}

static int stop_servers(void **state)
{
	unlink(unix_path);
	return 0;
}

/* --- the frame of a test ---------------------------------------------------------------------------------------- */

struct setup {
	struct http_pool *pool;
	struct ctx ctx;
	struct err e;
	struct http_in in;
	char url[256];
};

static struct setup *begin(struct arena *a, const struct http_pool_config *c)
{
	static const struct http_pool_config plain = { .name = "test", .allow_private = true };
	struct setup *s = ARENA_NEW(a, struct setup);
	s->pool = http_pool_new(c ? c : &plain, &s->e);
	assert_non_null(s->pool);
	ctx_init(&s->ctx, a);
	return s;
}

static const char *at(struct setup *s, const char *path)
{
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d%s", port, path);
	return s->url;
}

static enum status get(struct setup *s, const char *path)
{
	struct http_out out = { .url = at(s, path) };
	return http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e);
}

#define FETCH_TEST(name)                                                                                               \
	static void name##_fiber(void *arg);                                                                           \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		SCOPED_ARENA *a = arena_new(8 << 20);                                                                  \
		fiber_main(name##_fiber, a);                                                                           \
	}                                                                                                              \
	static void name##_fiber(void *arg)

/* --- tests ------------------------------------------------------------------------------------------------------ */

FETCH_TEST(plain_get_and_reuse)
{
	struct setup *s = begin(arg, NULL);
	struct http_pool_stats st;
	atomic_store(&connections, 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(get(s, "/hello"), ST_OK);
		assert_int_equal(s->in.status, 200);
		assert_true(str_eqc(s->in.body, "hello"));
		assert_true(str_eqc(http_in_header(&s->in, "x-two"), "two"));
		assert_null(http_in_header(&s->in, "x-three").p);
	}
	assert_int_equal(atomic_load(&connections), 1);
	http_pool_stats(s->pool, &st);
	assert_int_equal(st.started, 5);
	assert_int_equal(st.failed, 0);
	assert_int_equal(st.open, 1);
	assert_int_equal(st.in_use, 0);
	http_pool_free(s->pool);
}

FETCH_TEST(what_is_sent)
{
	struct setup *s = begin(arg, NULL);
	struct http_header h[] = { { STR("X-Custom"), STR("v") }, { STR("X-Empty"), STR("") } };
	struct http_out out = {
		.method = "PATCH", .url = at(s, "/echo"), .headers = h, .header_count = 2, .body = STR("payload")
	};
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(s->in.status, 203);
	const char *t = s->in.body.p;
	assert_int_equal(strncmp(t, "PATCH /echo HTTP/1.1\r\n", 22), 0);
	assert_non_null(strstr(t, "\r\nX-Custom: v\r\n"));
	assert_non_null(strstr(t, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(t, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(t, "\r\ntraceparent: 00-"));
	assert_non_null(strstr(t, "\r\nUser-Agent: Guildhall/"));
	assert_null(strcasestr(t, "\r\ncontent-type"));
	assert_null(strcasestr(t, "\r\nexpect"));
	assert_true(str_ends(s->in.body, STR("\r\n\r\npayload")));
	struct http_header bad = { STR("X-Evil"), STR("a\r\nX-Other: b") };
	out.headers = &bad;
	out.header_count = 1;
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_INVALID);
	out = (struct http_out){ .method = "GET /x", .url = at(s, "/echo") };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_INVALID);
	out = (struct http_out){ .method = "HEAD", .url = at(s, "/big") };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(s->in.body.n, 0);
	http_pool_free(s->pool);
}

FETCH_TEST(redirects_are_followed_and_bounded)
{
	struct setup *s = begin(arg, NULL);
	struct http_out out = { .url = at(s, "/r/3"), .max_redirects = 3 };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_true(str_eqc(s->in.body, "arrived"));
	assert_non_null(strstr(s->in.url, "/r/0?x=1"));
	out.max_redirects = 2;
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_UPSTREAM);
	out.max_redirects = 0;
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(s->in.status, 302);
	assert_true(str_eqc(s->in.body, "moved"));
	out = (struct http_out){ .url = at(s, "/file"), .max_redirects = 3 };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_UPSTREAM);

	struct http_header h[] = { { STR("Authorization"), STR("Bearer secret") }, { STR("Accept"), STR("text/x") } };
	out = (struct http_out){ .method = "POST",
		.url = at(s, "/away"),
		.max_redirects = 3,
		.headers = h,
		.header_count = 2,
		.body = STR("kept") };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_null(strstr(s->in.body.p, "secret")); /* another origin */
	assert_non_null(strstr(s->in.body.p, "Accept: text/x"));
	assert_int_equal(strncmp(s->in.body.p, "POST", 4), 0);
	assert_true(str_ends(s->in.body, STR("kept")));
	out.url = at(s, "/see");
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(strncmp(s->in.body.p, "GET", 3), 0);
	assert_non_null(strstr(s->in.body.p, "secret")); /* the same origin */
	http_pool_free(s->pool);
}

FETCH_TEST(responses_are_capped)
{
	struct setup *s = begin(arg, NULL);
	struct http_out out = { .url = at(s, "/hello"), .max_body = 5 };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	out.max_body = 4;
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_TOO_LARGE);
	assert_int_equal(get(s, "/big"), ST_TOO_LARGE);
	assert_int_equal(get(s, "/chunks"), ST_TOO_LARGE);
	assert_int_equal(get(s, "/bomb"), ST_TOO_LARGE);
	out = (struct http_out){ .url = at(s, "/chunks"), .max_body = 2000000 };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(s->in.body.n, 2000000);
	assert_int_equal(get(s, "/early"), ST_OK);
	assert_int_equal(s->in.status, 204);
	assert_null(http_in_header(&s->in, "x-early").p);
	http_pool_free(s->pool);
}

/* Each at its limit and one past it: HEADERS_MAX, HEAD_MAX, URL_MAX of a redirect. */
FETCH_TEST(heads_are_bounded)
{
	struct setup *s = begin(arg, NULL);
	static const struct {
		const char *path;
		enum status status;
		const char *says;
	} rows[] = {
		{ "/heads/200", ST_OK, "" },  { "/heads/201", ST_TOO_LARGE, "larger than accepted" },
		{ "/head/65536", ST_OK, "" }, { "/head/65537", ST_TOO_LARGE, "larger than accepted" },
		{ "/far/8192", ST_OK, "" },   { "/far/8193", ST_UPSTREAM, "redirects to no usable URL" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_out out = { .url = at(s, rows[i].path), .max_redirects = 1 };
		enum status st = http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e);
		if (st != rows[i].status || !strstr(s->e.msg, rows[i].says))
			fail_msg("%s: %d %s", rows[i].path, st, s->e.msg);
		assert_true(st != ST_OK || s->in.status == 200);
	}
	http_pool_free(s->pool);
}

struct reader {
	struct setup *s;
	size_t n;
	int calls, stop_after;
	long ahead;
};

static enum status read_slowly(void *arg, const void *p, size_t n)
{
	struct reader *r = arg;
	assert_true(str_eqc(http_in_header(&r->s->in, "x-kind"), "Stream"));
	assert_int_equal(((const char *)p)[n - 1] == 'p', 1);
	r->n += n;
	if (++r->calls == r->stop_after)
		return ST_CONFLICT;
	if (r->calls == 1) {
		/* Nobody reads: the sender must come to a halt, here at what socket buffers and the window hold. */
		long before;
		do {
			before = atomic_load(&stream_sent);
			assert_int_equal(fiber_sleep_ns(30 * NS_PER_MS), ST_OK);
		} while (atomic_load(&stream_sent) != before);
		r->ahead = before;
	}
	return ST_OK;
}

FETCH_TEST(streams_with_back_pressure)
{
	struct setup *s = begin(arg, NULL);
	struct reader r = { .s = s };
	struct http_out out = { .url = at(s, "/chunks"), .max_body = 10 << 20, .on_data = read_slowly, .arg = &r };
	atomic_store(&stream_sent, 0);
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_int_equal(r.n, 2000000);
	assert_null(s->in.body.p);
	assert_true(r.calls > 10);
	r = (struct reader){ .s = s, .stop_after = 2 };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_CONFLICT);
	out.max_body = 100000;
	r = (struct reader){ .s = s };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_TOO_LARGE);
	http_pool_free(s->pool);
}

FETCH_TEST(addresses_are_refused_at_connect)
{
	struct setup *s = begin(arg, &(struct http_pool_config){ .name = "public" });
	atomic_store(&connections, 0);
	assert_int_equal(get(s, "/hello"), ST_FORBIDDEN);
	static const char *const urls[] = { "http://localhost:%d/hello", "http://[::1]:%d/hello", "http://0.0.0.0:%d/",
		"http://2130706433:%d/", "http://0x7f.1:%d/", "http://[::ffff:127.0.0.1]:%d/" };
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		snprintf(s->url, sizeof s->url, urls[i], port);
		struct http_out out = { .url = s->url };
		assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_FORBIDDEN);
	}
	snprintf(s->url, sizeof s->url, "http+unix://%%2Ftmp%%2F%s/hello", unix_path + 5);
	struct http_out out = { .url = s->url };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_FORBIDDEN);
	assert_int_equal(atomic_load(&connections), 0);
	http_pool_free(s->pool);
}

FETCH_TEST(urls_are_checked)
{
	struct setup *s = begin(arg, NULL);
	static const char *const urls[] = { "", "hello", "ftp://127.0.0.1/", "file:///etc/passwd",
		"http://user:pw@127.0.0.1/", "http+unix://relative/x", "http+unix:///x", "http+unix://%2Fa%00b/x" };
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct http_out out = { .url = urls[i] };
		if (http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e) != ST_INVALID)
			fail_msg("%s: %s", urls[i], s->e.msg);
	}
	char url[8194] = "";
	size_t n = (size_t)snprintf(url, sizeof url, "%s#", at(s, "/hello"));
	memset(url + n, 'f', 8192 - n);
	struct http_out out = { .url = url };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	url[8192] = 'f';
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_INVALID);
	assert_non_null(strstr(s->e.msg, "8192"));
	http_pool_free(s->pool);
}

FETCH_TEST(unix_sockets)
{
	struct setup *s = begin(arg, NULL);
	snprintf(s->url, sizeof s->url, "http+unix://%%2Ftmp%%2F%s/hello", unix_path + 5);
	struct http_out out = { .url = s->url };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_OK);
	assert_true(str_eqc(s->in.body, "hello"));
	http_pool_free(s->pool);
}

FETCH_TEST(failures_have_their_status)
{
	struct setup *s = begin(arg, NULL);
	assert_int_equal(get(s, "/garbage"), ST_UPSTREAM);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:1/");
	struct http_out out = { .url = s->url };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_UPSTREAM);
	assert_true(strlen(s->e.msg) > 20);
	out = (struct http_out){ .url = at(s, "/slow"), .deadline_ns = clock_mono_ns() + 20 * NS_PER_MS };
	assert_int_equal(http_fetch(&s->ctx, s->pool, &out, &s->in, &s->e), ST_TIMEOUT);
	s->ctx.deadline_ns = clock_mono_ns() + 20 * NS_PER_MS;
	assert_int_equal(get(s, "/slow"), ST_TIMEOUT);
	http_pool_free(s->pool);
	atomic_store(&let_go, true);
}

struct one {
	struct setup *s;
	struct fiber *f;
	enum status st;
	bool done;
};

static void fetch_slow(void *arg)
{
	struct one *o = arg;
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx c;
	struct http_in in;
	char url[64];
	ctx_init(&c, a);
	snprintf(url, sizeof url, "http://127.0.0.1:%d/slow", port);
	struct http_out out = { .url = url };
	o->f = fiber_self();
	o->st = http_fetch(&c, o->s->pool, &out, &in, NULL);
	o->done = true;
}

FETCH_TEST(bounded_and_cancellable)
{
	struct setup *s = begin(
	        arg, &(struct http_pool_config){ .name = "tight", .allow_private = true, .max = 2, .max_waiting = 1 });
	struct one o[4] = { { s }, { s }, { s }, { s } };
	struct http_pool_stats st;
	atomic_store(&let_go, false);
	atomic_store(&slow_requests, 0);
	for (int i = 0; i < 4; i++)
		assert_non_null(fiber_spawn(loop_current(), fetch_slow, &o[i], FIBER_SMALL));
	while (atomic_load(&slow_requests) < 2)
		assert_int_equal(fiber_sleep_ns(NS_PER_MS), ST_OK);
	http_pool_stats(s->pool, &st);
	assert_int_equal(st.in_use, 2);
	assert_int_equal(st.waiting, 1);
	assert_int_equal(st.refused, 1);
	assert_true(o[3].done);
	assert_int_equal(o[3].st, ST_UNAVAILABLE);
	fiber_cancel(o[0].f); /* its permit goes to the one that waits */
	while (!o[0].done || atomic_load(&slow_requests) < 3)
		assert_int_equal(fiber_sleep_ns(NS_PER_MS), ST_OK);
	assert_int_equal(o[0].st, ST_CANCELLED);
	atomic_store(&let_go, true);
	while (!o[1].done || !o[2].done)
		assert_int_equal(fiber_sleep_ns(NS_PER_MS), ST_OK);
	assert_int_equal(o[1].st, ST_OK);
	assert_int_equal(o[2].st, ST_OK);
	http_pool_free(s->pool);
}

static _Atomic int across_ok;
static struct http_pool *across;
static void fetch_many(void *arg)
{
	SCOPED_ARENA *a = arena_new(8 << 20);
	for (int i = 0; i < 50; i++) {
		struct ctx c;
		struct http_in in;
		arena_reset(a);
		ctx_init(&c, a);
		struct http_out out = { .url = arena_printf(a, "http://127.0.0.1:%d/hello", port) };
		if (http_fetch(&c, across, &out, &in, NULL) == ST_OK && str_eqc(in.body, "hello"))
			atomic_fetch_add(&across_ok, 1);
		else
			atomic_fetch_add(&across_ok, 1000000);
	}
}

static void loops_share_a_pool(void **state)
{
	struct http_pool_stats st;
	across = http_pool_new(
	        &(struct http_pool_config){ .name = "across", .allow_private = true, .max = 4, .keep = 3 }, NULL);
	struct loops *ls = loops_start(3, NULL, NULL, NULL);
	assert_non_null(ls);
	for (int i = 0; i < 12; i++)
		assert_true(fiber_spawn_on(loops_get(ls, i % 3), fetch_many, NULL, FIBER_SMALL));
	while (atomic_load(&across_ok) < 600)
		usleep(1000);
	http_pool_stats(across, &st);
	assert_true(st.open <= 4 + 3);
	loops_stop_join(ls);
	assert_int_equal(atomic_load(&across_ok), 600);
	http_pool_stats(across, &st);
	assert_int_equal(st.open, 0);
	http_pool_free(across);
}

static void private_addresses(void **state)
{
	static const char *const private_ones[] = { "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255",
		"127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
		"192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
		"2001:2::1", "2001:10::1", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "3ffe::1",
		"5f00::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1" };
	static const char *const public_ones[] = { "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0",
		"192.0.1.1", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"::ffff:8.8.8.8", "2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1",
		"2620:fe::fe", "3fff:1000::1" };
	for (int pass = 0; pass < 2; pass++) {
		size_t n = pass ? sizeof public_ones / sizeof *public_ones : sizeof private_ones / sizeof *private_ones;
		for (size_t i = 0; i < n; i++) {
			const char *t = pass ? public_ones[i] : private_ones[i];
			struct sockaddr_in a = { .sin_family = AF_INET };
			struct sockaddr_in6 b = { .sin6_family = AF_INET6 };
			bool six = strchr(t, ':');
			assert_int_equal(
			        six ? inet_pton(AF_INET6, t, &b.sin6_addr) : inet_pton(AF_INET, t, &a.sin_addr), 1);
			if (http_addr_private(six ? (struct sockaddr *)&b : (struct sockaddr *)&a) == pass)
				fail_msg("%s", t);
		}
	}
	assert_true(http_addr_private(&(struct sockaddr){ .sa_family = AF_UNIX }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_addresses),
		cmocka_unit_test(plain_get_and_reuse),
		cmocka_unit_test(what_is_sent),
		cmocka_unit_test(redirects_are_followed_and_bounded),
		cmocka_unit_test(responses_are_capped),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(streams_with_back_pressure),
		cmocka_unit_test(addresses_are_refused_at_connect),
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(unix_sockets),
		cmocka_unit_test(failures_have_their_status),
		cmocka_unit_test(bounded_and_cancellable),
		cmocka_unit_test(loops_share_a_pool),
	};
	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
