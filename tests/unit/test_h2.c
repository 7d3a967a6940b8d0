/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/2 against a real server on a loopback socket. The client is hand-made, frame by frame (nghttp2 only packs and
 * unpacks its header blocks), so that it can do what no proper client does.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/conn/http.h"
#include "rt/fiber.h"

/* --- the server --------------------------------------------------------------------------------------------------- */

#define BIG ((size_t)1 << 20)
static struct http_server *server;
static struct loops *loops;
static struct blob *big;
static _Atomic unsigned cancelled, handled;

static void handle(struct http_req *r, void *arg)
{
	struct err e;
	struct str body;
	atomic_fetch_add(&handled, 1);
	if (str_eqc(r->path, "/echo")) {
		if (http_body_all(r, 4 << 20, &body, &e) == ST_OK)
			http_send(r, body);
	} else if (str_eqc(r->path, "/wait")) {
		if (fiber_sleep_ns(60 * NS_PER_S) == ST_CANCELLED)
			atomic_fetch_add(&cancelled, 1);
	} else if (str_eqc(r->path, "/soon")) {
		(void)!fiber_sleep_ns(300 * NS_PER_MS);
		http_send(r, STR("soon"));
	} else if (str_eqc(r->path, "/big")) {
		http_send_blob(r, big);
	} else if (str_eqc(r->path, "/copy")) {
		http_send(r, str_n(big->data, BIG)); /* of its own */
	} else if (str_eqc(r->path, "/parts")) {
		if (http_begin(r, -1) != ST_OK)
			return;
		for (size_t i = 0; i < BIG; i += 10000)
			if (http_write(r, big->data + i, BIG - i < 10000 ? BIG - i : 10000) != ST_OK)
				return;
		http_end(r);
	} else if (str_eqc(r->path, "/short")) {
		(void)!http_begin(r, 10);
		(void)!http_write(r, "abc", 3);
	} else if (str_eqc(r->path, "/file")) {
		int fd = memfd_create("file", MFD_CLOEXEC);
		assert_int_equal(write(fd, big->data, BIG), BIG);
		http_send_file(r, fd, 100, 300000);
	} else if (str_eqc(r->path, "/none")) {
		http_status(r, 204);
		http_send(r, STR(""));
	} else if (str_eqc(r->path, "/ignore")) {
		http_send(r, STR("unread"));
	} else {
		http_add_header(r, "X-Host", r->host);
		http_add_header(r, "X-Cookie", http_header(r, "cookie").p ? http_header(r, "cookie") : STR("-"));
		http_add_header(r, "X-Query", r->query.p ? r->query : STR("-"));
		http_send(r, r->path);
	}
}

static bool fast(struct http_req *r, void *arg)
{
	if (!str_eqc(r->path, "/fast"))
		return false;
	http_send(r, STR("fast"));
	return true;
}

static void attach(struct loop *l, void *arg)
{
	if (http_server_attach(server, l, NULL) != ST_OK)
		abort();
}

static int start(void **state)
{
	struct err e;
	struct http_server_config c = { .listen = { { .addr = "127.0.0.1:0" } },
		.listen_count = 1,
		.limits = { .headers = 4096, .target = 200, .header_count = 30, .body = 4 << 20 },
		.app = { .fast = fast, .handle = handle } };
	big = blob_new_large(BIG);
	for (size_t i = 0; i < BIG; i++)
		big->data[i] = (char)(i * 31 >> 3);
	server = http_server_new(&c, &e);
	if (!server)
		fail_msg("%s", e.msg);
	loops = loops_start(1, attach, NULL, &e);
	return loops ? 0 : -1;
}

static int stop(void **state)
{
	loops_stop_join(loops);
	http_server_free(server);
	blob_unref(big);
	return 0;
}

/* --- the client --------------------------------------------------------------------------------------------------- */

struct frame { uint32_t len; uint8_t type, flags; uint32_t id; uint8_t data[1 << 17]; };

struct client {
	int fd;
	nghttp2_hd_deflater *deflate;
	nghttp2_hd_inflater *inflate;
	struct frame f; /* the one last received */
	uint32_t next_id;
};

/* The server may close while we write; what it said before is what counts. */
static void put(struct client *c, const void *p, size_t n)
{
	const char *at = p;
	while (n) {
		ssize_t w = send(c->fd, at, n, MSG_NOSIGNAL);
		if (w <= 0)
			return;
		at += w;
		n -= (size_t)w;
	}
}

static void put_frame(struct client *c, uint8_t type, uint8_t flags, uint32_t id, const void *p, size_t n)
{
	uint8_t head[9] = { (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags,
			    (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };
	put(c, head, 9);
	put(c, p, n);
}

static bool get(struct client *c, void *p, size_t n)
{
	char *at = p;
	while (n) {
		struct pollfd fd = { c->fd, POLLIN, 0 };
		ssize_t r = poll(&fd, 1, 20000) == 1 ? recv(c->fd, at, n, 0) : -2;
		if (r == -2)
			fail_msg("nothing came in 20 s");
		if (r <= 0)
			return false;
		at += r;
		n -= (size_t)r;
	}
	return true;
}

static bool next_frame(struct client *c)
{
	uint8_t h[9];
	if (!get(c, h, 9))
		return false;
	c->f.len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
	c->f.type = h[3];
	c->f.flags = h[4];
	c->f.id = ((uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]) & 0x7fffffff;
	assert_true(c->f.len <= sizeof c->f.data);
	return get(c, c->f.data, c->f.len);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void setting(uint8_t *p, uint16_t id, uint32_t v)
{
	const uint8_t s[6] = { (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };
	memcpy(p, s, 6);
}

/* Without a word about the server's settings. */
static struct client *join_unread(uint32_t window)
{
	struct client *c = calloc(1, sizeof *c);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server, 0)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t s[12];
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&a, sizeof a), 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	assert_int_equal(nghttp2_hd_deflate_new(&c->deflate, 4096), 0);
	assert_int_equal(nghttp2_hd_inflate_new(&c->inflate), 0);
	c->next_id = 1;
	put(c, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
	setting(s, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window);
	setting(s + 6, NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
	put_frame(c, NGHTTP2_SETTINGS, 0, 0, s, sizeof s);
	return c;
}

static struct client *join(uint32_t window)
{
	struct client *c = join_unread(window);
	assert_true(next_frame(c));
	assert_int_equal(c->f.type, NGHTTP2_SETTINGS);
	put_frame(c, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	return c;
}

static void leave(struct client *c)
{
	close(c->fd);
	nghttp2_hd_deflate_del(c->deflate);
	nghttp2_hd_inflate_del(c->inflate);
	free(c);
}

static size_t pack(struct client *c, const char *const *fields, uint8_t *to, size_t cap)
{
	nghttp2_nv nv[64];
	size_t n = 0;
	for (; fields[2 * n]; n++)
		nv[n] = (nghttp2_nv){ (uint8_t *)fields[2 * n], (uint8_t *)fields[2 * n + 1], strlen(fields[2 * n]),
				      strlen(fields[2 * n + 1]), 0 };
	ssize_t len = nghttp2_hd_deflate_hd(c->deflate, to, cap, nv, n);
	assert_true(len > 0);
	return (size_t)len;
}

static uint32_t ask_fields(struct client *c, const char *const *fields, uint8_t flags)
{
	uint8_t block[16384];
	size_t n = pack(c, fields, block, sizeof block);
	uint32_t id = c->next_id;
	c->next_id += 2;
	put_frame(c, NGHTTP2_HEADERS, (uint8_t)(NGHTTP2_FLAG_END_HEADERS | flags), id, block, n);
	return id;
}

static uint32_t ask(struct client *c, const char *method, const char *path, uint8_t flags)
{
	const char *const fields[] = { ":method", method, ":scheme", "http", ":path", path, ":authority", "example.org",
		NULL };
	return ask_fields(c, fields, flags);
}
#define GET(c, path) ask(c, "GET", path, NGHTTP2_FLAG_END_STREAM)

static void window_update(struct client *c, uint32_t id, uint32_t by)
{
	const uint8_t p[4] = { (uint8_t)(by >> 24), (uint8_t)(by >> 16), (uint8_t)(by >> 8), (uint8_t)by };
	put_frame(c, NGHTTP2_WINDOW_UPDATE, 0, id, p, 4);
}

static void reset(struct client *c, uint32_t id, uint32_t code)
{
	const uint8_t p[4] = { 0, 0, 0, (uint8_t)code };
	put_frame(c, NGHTTP2_RST_STREAM, 0, id, p, 4);
}

struct answer {
	int status;
	char headers[4096]; /* "name: value\n" … */
	struct buf body;
	bool ended, goaway, closed;
	int reset; /* code, or −1 */
	uint32_t goaway_code;
};

static void unpack(struct client *c, struct answer *a)
{
	const uint8_t *p = c->f.data;
	size_t left = c->f.len;
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(c->inflate, &nv, &flags, p, left, 1);
		assert_true(n >= 0);
		p += n;
		left -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			size_t len = strlen(a->headers);
			snprintf(a->headers + len, sizeof a->headers - len, "%s: %s\n", nv.name, nv.value);
			if (!strcmp((char *)nv.name, ":status"))
				a->status = atoi((char *)nv.value);
		}
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			break;
	}
	nghttp2_hd_inflate_end_headers(c->inflate);
}

/* Take in frames until stream id has ended, the connection is given up, or max bytes of body have come. */
static void hear(struct client *c, uint32_t id, struct answer *a, size_t max)
{
	if (!a->body.max) {
		memset(a, 0, sizeof *a);
		a->reset = -1;
		buf_init(&a->body, 8 << 20);
	}
	while (!a->ended && a->reset < 0 && a->body.len < max) {
		if (!next_frame(c)) {
			a->closed = true;
			return;
		}
		bool mine = c->f.id == id;
		if (c->f.type == NGHTTP2_HEADERS && mine)
			unpack(c, a);
		else if (c->f.type == NGHTTP2_HEADERS)
			unpack(c, &(struct answer){ 0 });
		else if (c->f.type == NGHTTP2_DATA && mine)
			buf_put(&a->body, c->f.data, c->f.len);
		else if (c->f.type == NGHTTP2_RST_STREAM && mine)
			a->reset = (int)be32(c->f.data);
		else if (c->f.type == NGHTTP2_GOAWAY) {
			a->goaway = true;
			a->goaway_code = be32(c->f.data + 4);
		}
		if ((c->f.type == NGHTTP2_HEADERS || c->f.type == NGHTTP2_DATA) && mine &&
		        (c->f.flags & NGHTTP2_FLAG_END_STREAM))
			a->ended = true;
	}
}

static void forget(struct answer *a)
{
	buf_fini(&a->body);
	memset(a, 0, sizeof *a);
}

/* The connection ends with GOAWAY of that code. */
static void expect_goaway(struct client *c, uint32_t code)
{
	struct answer a = { 0 };
	hear(c, UINT32_MAX, &a, SIZE_MAX);
	assert_true(a.goaway);
	assert_int_equal(a.goaway_code, code);
	forget(&a);
	leave(c);
}

static void expect_works(struct client *c)
{
	struct answer a = { 0 };
	hear(c, GET(c, "/still"), &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "/still");
	forget(&a);
}

static unsigned cuts(void)
{
	struct http_server_stats s;
	http_server_stats(server, &s);
	return (unsigned)s.h2_resets_cut;
}

/* --- proper requests ---------------------------------------------------------------------------------------------- */

static void test_get(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	hear(c, GET(c, "/a%20b?q=1"), &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "/a b");
	assert_non_null(strstr(a.headers, "content-length: 4\n"));
	assert_non_null(strstr(a.headers, "date: "));
	assert_non_null(strstr(a.headers, "x-host: example.org\n"));
	assert_non_null(strstr(a.headers, "x-query: q=1\n"));
	forget(&a);
	hear(c, GET(c, "/fast"), &a, SIZE_MAX);
	assert_string_equal(a.body.data, "fast");
	forget(&a);
	hear(c, ask(c, "HEAD", "/x", NGHTTP2_FLAG_END_STREAM), &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body.len, 0);
	assert_non_null(strstr(a.headers, "content-length: 2\n"));
	forget(&a);
	hear(c, GET(c, "/none"), &a, SIZE_MAX);
	assert_int_equal(a.status, 204);
	assert_null(strstr(a.headers, "content-length"));
	forget(&a);
	leave(c);
}

static void test_many_at_once(void **state)
{
	struct client *c = join(65535);
	uint32_t ids[90], done = 0;
	for (int i = 0; i < 90; i++)
		ids[i] = GET(c, i % 3 ? "/soon" : "/fast");
	while (done < 90) {
		assert_true(next_frame(c));
		if (c->f.type == NGHTTP2_DATA && (c->f.flags & NGHTTP2_FLAG_END_STREAM))
			done++;
		assert_true(c->f.type != NGHTTP2_RST_STREAM && c->f.type != NGHTTP2_GOAWAY);
	}
	assert_int_equal(ids[89], 179);
	leave(c);
}

static void check_content(struct answer *a, size_t off, size_t n)
{
	assert_true(a->ended);
	assert_int_equal(a->body.len, n);
	assert_memory_equal(a->body.data, big->data + off, n);
}

/* Both windows are the peer's to open: not a byte more than they allow is sent. */
static void test_windows(void **state)
{
	static const char *const paths[] = { "/big", "/parts" };
	for (int i = 0; i < 2; i++) {
		struct client *c = join(1000);
		struct answer a = { 0 };
		uint32_t id = GET(c, paths[i]);
		hear(c, id, &a, 1000);
		assert_int_equal(a.body.len, 1000);
		window_update(c, id, 100000);
		hear(c, id, &a, 65535);
		assert_int_equal(a.body.len, 65535);
		window_update(c, 0, 1 << 21);
		hear(c, id, &a, 101000);
		assert_int_equal(a.body.len, 101000);
		window_update(c, id, 1 << 21);
		hear(c, id, &a, SIZE_MAX);
		check_content(&a, 0, BIG);
		forget(&a);
		leave(c);
	}
}

static void test_file(void **state)
{
	struct client *c = join(1 << 20);
	struct answer a = { 0 };
	window_update(c, 0, 1 << 20);
	hear(c, GET(c, "/file"), &a, SIZE_MAX);
	check_content(&a, 100, 300000);
	forget(&a);
	leave(c);
}

/* Send a body within the windows that the server grants. */
static void send_body(struct client *c, uint32_t id, size_t n)
{
	size_t sent = 0, stream = 65536, connection = 65535;
	while (sent < n) {
		size_t part = n - sent < 16384 ? n - sent : 16384;
		part = part < stream ? part : stream;
		part = part < connection ? part : connection;
		if (!part) {
			assert_true(next_frame(c));
			if (c->f.type != NGHTTP2_WINDOW_UPDATE)
				continue;
			stream += c->f.id == id ? be32(c->f.data) : 0;
			connection += c->f.id == 0 ? be32(c->f.data) : 0;
			continue;
		}
		put_frame(c, NGHTTP2_DATA, sent + part == n ? NGHTTP2_FLAG_END_STREAM : 0, id, big->data + sent, part);
		sent += part;
		stream -= part;
		connection -= part;
	}
}

static void test_echo(void **state)
{
	struct client *c = join(1 << 21);
	struct answer a = { 0 };
	window_update(c, 0, 1 << 21);
	uint32_t id = ask(c, "POST", "/echo", 0);
	send_body(c, id, 900000);
	hear(c, id, &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	check_content(&a, 0, 900000);
	forget(&a);
	leave(c);
}

/* An answer that needs no body does not wait for it. */
static void test_unread_body(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	uint32_t id = ask(c, "POST", "/ignore", 0);
	put_frame(c, NGHTTP2_DATA, 0, id, big->data, 16384);
	hear(c, id, &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "unread");
	a.ended = false;
	hear(c, id, &a, SIZE_MAX);
	assert_int_equal(a.reset, NGHTTP2_NO_ERROR);
	forget(&a);
	expect_works(c);
	leave(c);
}

static void test_short_answer_breaks(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	hear(c, GET(c, "/short"), &a, SIZE_MAX);
	assert_int_equal(a.reset, NGHTTP2_INTERNAL_ERROR);
	forget(&a);
	expect_works(c);
	leave(c);
}

static void test_expect_continue(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", "/echo", ":authority", "e.org",
				       "expect", "100-continue", NULL };
	uint32_t id = ask_fields(c, fields, 0);
	while (next_frame(c) && c->f.type != NGHTTP2_HEADERS)
		;
	memset(&a, 0, sizeof a);
	unpack(c, &a);
	assert_int_equal(a.status, 100);
	put_frame(c, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, "abc", 3);
	memset(&a, 0, sizeof a);
	hear(c, id, &a, SIZE_MAX);
	assert_string_equal(a.body.data, "abc");
	forget(&a);
	leave(c);
}

static void test_cookie_crumbs(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	const char *const fields[] = { ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "e.org",
		"cookie", "a=1", "accept", "*/*", "cookie", "b=2", "cookie", "c=3", NULL };
	hear(c, ask_fields(c, fields, NGHTTP2_FLAG_END_STREAM), &a, SIZE_MAX);
	assert_non_null(strstr(a.headers, "x-cookie: a=1; b=2; c=3\n"));
	forget(&a);
	leave(c);
}

/* --- improper requests -------------------------------------------------------------------------------------------- */

#define BASE ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "example.org"
struct bad_head { const char *fields[16]; int status; /* or −code of the reset */ };
static const struct bad_head bad_heads[] = {
	{ { BASE, "te", "trailers" }, 200 },
	{ { BASE, "host", "EXAMPLE.org" }, 200 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", "host", "example.org" }, 200 },
	{ { BASE, "connection", "close" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "keep-alive", "1" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "proxy-connection", "x" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "transfer-encoding", "chunked" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "upgrade", "websocket" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "te", "gzip" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "X-Upper", "1" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x y", "1" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", "a\nb: c" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", "a\r\nb: c" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", "a\rb" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", "a\x01" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", " a" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, ":authority", "example.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "host", "example.org", "host", "example.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", "host", "example.org", "host", "other.org" },
	        -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "0", "content-length", "1" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "0, 0" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "0x0" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "18446744073709551616" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/%c0%ae", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/?a=%g0", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "a, b" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "e.org:80x" }, 400 },
	{ { BASE, ":path", "/y" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "x", "1", ":method", "GET" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, ":status", "200" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, ":new", "1" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "x", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "*", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/a b", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "G T", ":scheme", "http", ":path", "/", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "e.org/x" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":method", "GET", ":scheme", "http", ":path", "/" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { ":scheme", "http", ":path", "/", ":authority", "e.org" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "5" }, -NGHTTP2_PROTOCOL_ERROR }, /* and no body */
	{ { BASE, "content-length", "0", "content-length", "0" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "content-length", "+0" }, -NGHTTP2_PROTOCOL_ERROR },
	{ { BASE, "host", "other.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/#x", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/%zz", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/%00", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "ftp", ":path", "/", ":authority", "e.org" }, 400 },
	{ { ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "user@e.org" }, 400 },
	{ { ":method", "CONNECT", ":authority", "e.org:443" }, 501 },
};

static void test_improper_heads(void **state)
{
	for (size_t i = 0; i < sizeof bad_heads / sizeof *bad_heads; i++) {
		struct client *c = join(65535);
		struct answer a = { 0 };
		unsigned before = atomic_load(&handled);
		hear(c, ask_fields(c, bad_heads[i].fields, NGHTTP2_FLAG_END_STREAM), &a, SIZE_MAX);
		int got = a.reset >= 0 ? -a.reset : a.status;
		if (got != bad_heads[i].status)
			fail_msg("row %zu: %d, not %d", i, got, bad_heads[i].status);
		assert_int_equal(atomic_load(&handled) - before, got == 200);
		forget(&a);
		expect_works(c);
		leave(c);
	}
}

static void test_head_limits(void **state)
{
	struct client *c = join(65535);
	struct answer a = { 0 };
	char value[3000], path[300] = "/";
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = 0;
	memset(path + 1, 'p', 250);
	const char *const large[] = { BASE, "a", value, "b", value, NULL };
	hear(c, ask_fields(c, large, NGHTTP2_FLAG_END_STREAM), &a, SIZE_MAX);
	assert_int_equal(a.status, 431);
	forget(&a);
	hear(c, GET(c, path), &a, SIZE_MAX);
	assert_int_equal(a.status, 414);
	forget(&a);
	const char *many[2 * 40] = { BASE };
	for (int i = 4; i < 39; i++) {
		many[2 * i] = "a";
		many[2 * i + 1] = "b";
	}
	hear(c, ask_fields(c, many, NGHTTP2_FLAG_END_STREAM), &a, SIZE_MAX);
	assert_int_equal(a.status, 431);
	forget(&a);
	/* A field of the dynamic table named a thousand times: a byte each here, 3 kB each there. */
	uint8_t block[8000];
	const char *const first[] = { BASE, "bomb", value, NULL };
	size_t n = pack(c, first, block, sizeof block);
	memset(block + n, 0x80 | 62, 1000);
	put_frame(c, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, c->next_id, block, n + 1000);
	hear(c, c->next_id, &a, SIZE_MAX);
	assert_int_equal(a.status, 431);
	c->next_id += 2;
	forget(&a);
	expect_works(c);
	leave(c);
}

static void test_body_length(void **state)
{
	static const struct { const char *length; const char *body; } rows[] = { { "5", "1234" }, { "3", "1234" } };
	for (int i = 0; i < 2; i++) {
		struct client *c = join(65535);
		struct answer a = { 0 };
		const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", "/echo", ":authority",
			"e.org", "content-length", rows[i].length, NULL };
		uint32_t id = ask_fields(c, fields, 0);
		put_frame(c, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, rows[i].body, 4);
		hear(c, id, &a, SIZE_MAX);
		assert_int_equal(a.reset, NGHTTP2_PROTOCOL_ERROR);
		forget(&a);
		expect_works(c);
		leave(c);
	}
}

/* --- attacks ------------------------------------------------------------------------------------------------------ */

static void test_rapid_reset(void **state)
{
	for (int code = 0; code <= 8; code += 8) {
		unsigned before = cuts();
		struct client *c = join(65535);
		for (int i = 0; i < 2000; i++)
			reset(c, GET(c, "/wait"), (uint32_t)code);
		expect_goaway(c, NGHTTP2_ENHANCE_YOUR_CALM);
		assert_int_equal(cuts(), before + 1);
	}
}

/* The peer makes us reset streams whose work has begun (CVE-2025-8671). */
static uint32_t overflow_window(struct client *c)
{
	uint32_t id = GET(c, "/wait");
	window_update(c, id, 0x7fffffff);
	return id;
}

static uint32_t belie_length(struct client *c)
{
	const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", "/wait", ":authority", "e.org",
				       "content-length", "1", NULL };
	uint32_t id = ask_fields(c, fields, 0);
	put_frame(c, NGHTTP2_DATA, 0, id, "two", 3);
	return id;
}

static void test_made_you_reset(void **state)
{
	static uint32_t (*const ways[])(struct client *) = { overflow_window, belie_length };
	for (int k = 0; k < 2; k++) {
		unsigned before = cuts(), resets = 0;
		struct client *c = join(65535);
		struct answer a = { 0 };
		/* One at a time: many at once end the connection as too many streams. */
		for (; resets < 2000 && !a.goaway && !a.closed; resets++) {
			forget(&a);
			hear(c, ways[k](c), &a, SIZE_MAX);
		}
		assert_true(resets > 20 && resets < 1000);
		assert_int_equal(cuts(), before + 1);
		forget(&a);
		leave(c);
	}
}

/* DATA on a stream that the peer has closed: an error of the connection. */
static void test_speaks_after_the_end(void **state)
{
	struct client *c = join(65535);
	put_frame(c, NGHTTP2_DATA, 0, GET(c, "/wait"), "x", 1);
	struct answer a = { 0 };
	hear(c, 1, &a, SIZE_MAX);
	assert_true(a.goaway || a.reset == NGHTTP2_STREAM_CLOSED);
	forget(&a);
	leave(c);
}

static void test_continuation_flood(void **state)
{
	struct client *c = join(65535);
	uint8_t block[16384];
	const char *const fields[] = { BASE, NULL };
	size_t n = pack(c, fields, block, sizeof block);
	put_frame(c, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, block, n);
	for (int i = 0; i < 1000; i++)
		put_frame(c, NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
	expect_goaway(c, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void flood(uint8_t type, uint8_t flags, bool on_stream, const void *p, size_t n)
{
	struct client *c = join(65535);
	uint32_t id = on_stream ? ask(c, "POST", "/wait", 0) : 0;
	for (int i = 0; i < 20000; i++)
		put_frame(c, type, flags, id, p, n);
	struct answer a = { 0 };
	hear(c, UINT32_MAX, &a, SIZE_MAX);
	assert_true(a.closed);
	forget(&a);
	leave(c);
}

static void test_floods(void **state)
{
	unsigned before = cuts();
	flood(NGHTTP2_PING, 0, false, "12345678", 8);
	flood(NGHTTP2_SETTINGS, 0, false, NULL, 0);
	flood(NGHTTP2_DATA, 0, true, NULL, 0);
	flood(NGHTTP2_WINDOW_UPDATE, 0, false, "\0\0\0\1", 4);
	assert_int_equal(cuts(), before + 4);
}

static void test_too_many_streams(void **state)
{
	struct client *c = join(65535);
	for (int i = 0; i < 101; i++)
		GET(c, "/wait");
	expect_goaway(c, NGHTTP2_PROTOCOL_ERROR);
}

/* They are refused one by one as long as the client does not know the limit, but not for ever. */
static void test_streams_over_the_limit(void **state)
{
	struct client *c = join_unread(65535);
	unsigned before = cuts();
	for (int i = 0; i < 2000; i++)
		GET(c, "/wait");
	expect_goaway(c, NGHTTP2_ENHANCE_YOUR_CALM);
	assert_int_equal(cuts(), before + 1);
}

static size_t owed(void)
{
	struct http_server_stats s;
	http_server_stats(server, &s);
	return s.owed;
}

/* Each of n requests has its answer: the whole page, or 503. Returns how many the page. */
static unsigned answers_come(struct client *c, unsigned n)
{
	unsigned pages = 0;
	for (unsigned left = n; left; ) {
		struct answer a = { 0 };
		assert_true(next_frame(c));
		assert_int_not_equal(c->f.type, NGHTTP2_RST_STREAM);
		if (c->f.type == NGHTTP2_HEADERS)
			unpack(c, &a);
		assert_true(!a.status || a.status == 200 || a.status == 503);
		pages += a.status == 200;
		left -= c->f.type == NGHTTP2_DATA && (c->f.flags & NGHTTP2_FLAG_END_STREAM);
	}
	return pages;
}

/* Ninety answers of a mebibyte that nobody reads: what is held of them is bounded. Then they are read, and each has
 * come to its end. */
static void test_answers_never_read(void **state)
{
	struct client *c = join(0x7fffffff), *other = join(65535);
	size_t most = 0;
	window_update(c, 0, 0x7fffffff - 65535);
	for (int i = 0; i < 90; i++)
		GET(c, "/copy");
	for (int i = 0; i < 2000 && (i < 200 || most < BIG); i++) {
		expect_works(other);
		size_t now = owed();
		most = now > most ? now : most;
	}
	assert_in_range(most, BIG, 16 * BIG);
	assert_in_range(answers_come(c, 90), 10, 90);
	leave(c);
	leave(other);
}

/* Bodies that never come whole: what waits for them is bounded, and who asks for more is told so. */
static void test_bodies_never_sent(void **state)
{
	const char *const fields[] = { ":method", "POST", ":scheme", "http", ":path", "/echo", ":authority",
		"example.org", "content-length", "1000000", NULL };
	struct client *c = join(65535);
	unsigned refused = 0;
	for (int i = 0; i < 60; i++)
		ask_fields(c, fields, 0);
	while (refused < 40) {
		struct answer a = { 0 };
		assert_true(next_frame(c));
		if (c->f.type != NGHTTP2_HEADERS)
			continue;
		unpack(c, &a);
		assert_int_equal(a.status, 500);
		refused++;
		assert_true(owed() <= 17 * BIG);
	}
	leave(c);
}

static void wait_for(_Atomic unsigned *n, unsigned at_least)
{
	for (int i = 0; i < 2000 && atomic_load(n) < at_least; i++)
		usleep(10000);
	assert_true(atomic_load(n) >= at_least);
}

static void test_cancel(void **state)
{
	unsigned before = atomic_load(&cancelled);
	struct client *c = join(65535);
	uint32_t one = GET(c, "/wait");
	GET(c, "/wait");
	struct answer a = { 0 };
	hear(c, GET(c, "/soon"), &a, SIZE_MAX); /* by then the others wait */
	forget(&a);
	reset(c, one, NGHTTP2_CANCEL);
	wait_for(&cancelled, before + 1);
	expect_works(c);
	leave(c); /* the other is cancelled with the connection */
	wait_for(&cancelled, before + 2);
}

static void test_tables(void **state)
{
	struct client *c = join(65535);
	uint8_t s[6];
	setting(s, NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0xffffffff);
	put_frame(c, NGHTTP2_SETTINGS, 0, 0, s, 6);
	expect_works(c);
	/* We never allowed more than 4096: a size update to 8192 ends it. */
	put_frame(c, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, c->next_id,
	        "\x3f\xe1\x3f\x82\x84\x86", 6);
	expect_goaway(c, NGHTTP2_COMPRESSION_ERROR);
}

static void test_protocol_errors(void **state)
{
	static const struct { uint8_t type, flags; uint32_t id; struct str data; uint32_t code; } rows[] = {
		{ NGHTTP2_DATA, 0, 0, STR_INIT("x"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_DATA, 0, 5, STR_INIT("x"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, STR_INIT("\x82"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, STR_INIT("\xff\xff\xff\xff\xff\xff\xff"),
		        NGHTTP2_COMPRESSION_ERROR },
		{ NGHTTP2_RST_STREAM, 0, 9, STR_INIT("\0\0\0\0"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_SETTINGS, 0, 0, STR_INIT("12345"), NGHTTP2_FRAME_SIZE_ERROR },
		{ NGHTTP2_SETTINGS, 0, 0, STR_INIT("\0\4\xff\xff\xff\xff"), NGHTTP2_FLOW_CONTROL_ERROR },
		{ NGHTTP2_PING, 0, 0, STR_INIT("1234567"), NGHTTP2_FRAME_SIZE_ERROR },
		{ NGHTTP2_WINDOW_UPDATE, 0, 0, STR_INIT("\0\0\0\0"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_WINDOW_UPDATE, 0, 0, STR_INIT("\x7f\xff\xff\xff"), NGHTTP2_FLOW_CONTROL_ERROR },
		{ NGHTTP2_CONTINUATION, 0, 1, STR_INIT("x"), NGHTTP2_PROTOCOL_ERROR },
		{ NGHTTP2_PUSH_PROMISE, 4, 1, STR_INIT("\0\0\0\2\x82"), NGHTTP2_PROTOCOL_ERROR },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct client *c = join(65535);
		put_frame(c, rows[i].type, rows[i].flags, rows[i].id, rows[i].data.p, rows[i].data.n);
		expect_goaway(c, rows[i].code);
	}
}

/* More than the window that was granted. */
static void test_window_overrun(void **state)
{
	struct client *c = join(65535);
	uint32_t id = ask(c, "POST", "/wait", 0);
	struct answer a = { 0 };
	for (int i = 0; i < 5; i++)
		put_frame(c, NGHTTP2_DATA, 0, id, big->data, 16384);
	hear(c, id, &a, SIZE_MAX);
	assert_true(a.reset == NGHTTP2_FLOW_CONTROL_ERROR || (a.goaway && a.goaway_code == NGHTTP2_FLOW_CONTROL_ERROR));
	forget(&a);
	leave(c);
}

/* A peer that asks and then grants no window does not hold the answer for ever: the stream, then the connection. */
static void test_stalls(void **state)
{
	struct client *c = join(0);
	struct answer a = { 0 };
	hear(c, GET(c, "/big"), &a, SIZE_MAX);
	assert_int_equal(a.reset, NGHTTP2_CANCEL);
	forget(&a);
	leave(c);
	c = join(1 << 20);
	GET(c, "/big");
	expect_goaway(c, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void drained(void *arg) { atomic_store((_Atomic unsigned *)arg, 1); }

static void test_drain(void **state)
{
	static _Atomic unsigned done;
	struct client *c = join(65535), *idle = join(65535);
	struct answer a = { 0 };
	uint32_t id = GET(c, "/soon");
	hear(c, GET(c, "/fast"), &a, SIZE_MAX);
	forget(&a);
	http_server_drain(server, clock_mono_ns() + 20 * NS_PER_S, drained, &done);
	hear(c, id, &a, SIZE_MAX);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body.data, "soon");
	a.ended = false;
	hear(c, UINT32_MAX, &a, SIZE_MAX);
	assert_true(a.closed);
	assert_true(a.goaway);
	assert_int_equal(a.goaway_code, NGHTTP2_NO_ERROR);
	forget(&a);
	leave(c);
	expect_goaway(idle, NGHTTP2_NO_ERROR);
	wait_for(&done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_unread_body),
		cmocka_unit_test(test_short_answer_breaks),
		cmocka_unit_test(test_expect_continue),
		cmocka_unit_test(test_cookie_crumbs),
		cmocka_unit_test(test_improper_heads),
		cmocka_unit_test(test_head_limits),
		cmocka_unit_test(test_body_length),
		cmocka_unit_test(test_rapid_reset),
		cmocka_unit_test(test_made_you_reset),
		cmocka_unit_test(test_speaks_after_the_end),
		cmocka_unit_test(test_continuation_flood),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_too_many_streams),
		cmocka_unit_test(test_streams_over_the_limit),
		cmocka_unit_test(test_answers_never_read),
		cmocka_unit_test(test_bodies_never_sent),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_protocol_errors),
		cmocka_unit_test(test_window_overrun),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_drain),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
