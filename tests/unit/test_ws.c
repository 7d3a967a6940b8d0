/* SPDX-License-Identifier: Apache-2.0
 * WebSocket: hand-made frames against a real server on a loopback socket. */
#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/conn/http.h"
#include "rt/fiber.h"

static struct http_server *server;
static struct loops *loops;
static _Atomic unsigned gone;

/* Within one turn of the loop, so that nothing goes between: as many as may wait, and one more; then what all bytes
   together may be, in two, and one byte more. Says which were taken. */
static void fill_queue(struct ws *w, struct str what)
{
	struct blob *b = blob_new(NULL, str_eqc(what, "count") ? 0 : 1 << 19);
	int taken = 0;
	memset(b->data, 'q', b->len);
	while (taken < 5000 && ws_try_send(w, false, b) == ST_OK)
		taken++;
	struct blob *one = blob_new("1", 1);
	bool more = ws_try_send(w, false, one) == ST_OK;
	blob_unref(one);
	blob_unref(b);
	char text[40];
	snprintf(text, sizeof text, "%d%s", taken, more ? " and one" : "");
	assert_int_equal(ws_send(w, false, str_c(text)), ST_OK);
}

/* Echoes, until the peer leaves; the text "bye" is answered with a close of ours, "push" through ws_try_send. */
static void handle(struct http_req *r, void *arg)
{
	struct ws_msg m;
	struct ws *w = ws_accept(r, "echo", 1000);
	if (!w)
		return;
	enum status s;
	while ((s = ws_recv(w, &m, FIBER_FOREVER)) == ST_OK) {
		if (str_eqc(m.data, "bye")) {
			ws_close(w, 4000, "done");
		} else if (str_eqc(m.data, "count") || str_eqc(m.data, "bytes")) {
			fill_queue(w, m.data);
		} else if (str_eqc(m.data, "push")) {
			struct blob *b = blob_new("pushed", 6);
			for (int i = 0; i < 3; i++)
				assert_int_equal(ws_try_send(w, false, b), ST_OK);
			blob_unref(b);
		} else if (ws_send(w, m.binary, m.data) != ST_OK) {
			break;
		}
	}
	if (s == ST_GONE)
		atomic_fetch_add(&gone, 1);
}

static void attach(struct loop *l, void *arg)
{
	if (http_server_attach(server, l, NULL) != ST_OK)
		abort();
}

static int start(void **state)
{
	struct err e;
	struct http_server_config c = {
		.listen = { { .addr = "127.0.0.1:0" } }, .listen_count = 1, .app = { .handle = handle }
	};
	server = http_server_new(&c, &e);
	loops = server ? loops_start(1, attach, NULL, &e) : NULL;
	return loops ? 0 : -1;
}

static int stop(void **state)
{
	loops_stop_join(loops);
	http_server_free(server);
	return 0;
}

static void put(int fd, const void *p, size_t n) { (void)!send(fd, p, n, MSG_NOSIGNAL); }

static bool get(int fd, void *p, size_t n)
{
	char *at = p;
	while (n) {
		struct pollfd f = { fd, POLLIN, 0 };
		if (poll(&f, 1, 20000) != 1)
			fail_msg("nothing came in 20 s");
		ssize_t r = recv(fd, at, n, 0);
		if (r <= 0)
			return false;
		at += r;
		n -= (size_t)r;
	}
	return true;
}

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server, 0)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void read_head(int fd, char *to, size_t cap)
{
	size_t n = 0;
	memset(to, 0, cap);
	while (n + 1 < cap && !strstr(to, "\r\n\r\n"))
		assert_true(get(fd, to + n++, 1));
}

#define ASK "GET / HTTP/1.1\r\nHost: e.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static int join(void)
{
	char head[1000];
	int fd = dial();
	put(fd, STR(ASK KEY "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, echo\r\n\r\n").p,
	    sizeof(ASK KEY "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, echo\r\n\r\n") - 1);
	read_head(fd, head, sizeof head);
	assert_int_equal(strncmp(head, "HTTP/1.1 101 ", 13), 0);
	assert_non_null(strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")); /* RFC 6455 1.3 */
	assert_non_null(strstr(head, "Sec-WebSocket-Protocol: echo"));
	return fd;
}

static void frame(int fd, uint8_t first, const void *p, size_t n)
{
	uint8_t b[70000] = { first };
	size_t at = 2;
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	if (n < 126) {
		b[1] = (uint8_t)(0x80 | n);
	} else {
		b[1] = 0x80 | 126;
		b[at++] = (uint8_t)(n >> 8);
		b[at++] = (uint8_t)n;
	}
	memcpy(b + at, mask, 4);
	at += 4;
	for (size_t i = 0; i < n; i++)
		b[at + i] = ((const uint8_t *)p)[i] ^ mask[i & 3];
	put(fd, b, at + n);
}

/* One unmasked frame from the server: its first byte, or −1 at the end. */
static int hear(int fd, char *to, size_t *n)
{
	uint8_t h[2], len[2];
	if (!get(fd, h, 2))
		return -1;
	*n = h[1];
	if (h[1] == 126) {
		assert_true(get(fd, len, 2));
		*n = (size_t)len[0] << 8 | len[1];
	}
	assert_true(*n < 2000 && get(fd, to, *n));
	to[*n] = 0;
	return h[0];
}

static void expect(int fd, int first, const char *want)
{
	char got[2001];
	size_t n;
	assert_int_equal(hear(fd, got, &n), first);
	assert_string_equal(got, want);
}

/* A close frame with that code, then the end. */
static void expect_close(int fd, unsigned code)
{
	char got[2001];
	size_t n;
	int first;
	while ((first = hear(fd, got, &n)) != 0x88 && first >= 0)
		;
	assert_int_equal(first, 0x88);
	unsigned said = n >= 2 ? (unsigned)(uint8_t)got[0] << 8 | (uint8_t)got[1] : 1005;
	assert_int_equal(said, code);
	assert_int_equal(hear(fd, got, &n), -1);
	close(fd);
}

static void test_handshake(void **state)
{
	static const struct { struct str ask; const char *status; } rows[] = {
		{ STR_INIT("GET / HTTP/1.1\r\nHost: e.org\r\n\r\n"), "426" },
		{ STR_INIT(ASK KEY "Sec-WebSocket-Version: 8\r\n\r\n"), "426" },
		{ STR_INIT(ASK "Sec-WebSocket-Version: 13\r\n\r\n"), "400" },
		{ STR_INIT(ASK KEY KEY "Sec-WebSocket-Version: 13\r\n\r\n"), "400" },
		{ STR_INIT(ASK "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"), "400" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char head[1000];
		int fd = dial();
		put(fd, rows[i].ask.p, rows[i].ask.n);
		read_head(fd, head, sizeof head);
		assert_memory_equal(head + 9, rows[i].status, 3);
		close(fd);
	}
}

static void test_messages(void **state)
{
	char large[1001];
	memset(large, 'x', 1000);
	large[1000] = 0;
	int fd = join();
	frame(fd, 0x81, "hello", 5);
	expect(fd, 0x81, "hello");
	frame(fd, 0x82, "bin", 3);
	expect(fd, 0x82, "bin");
	frame(fd, 0x81, "", 0);
	expect(fd, 0x81, "");
	frame(fd, 0x81, large, 1000);
	expect(fd, 0x81, large);
	/* in fragments, a ping between, a character cut in two */
	frame(fd, 0x01, "a\xc3", 2);
	frame(fd, 0x89, "p", 1);
	frame(fd, 0x00, "\xa9", 1);
	frame(fd, 0x80, "b", 1);
	expect(fd, 0x8a, "p");
	expect(fd, 0x81, "a\xc3\xa9" "b");
	frame(fd, 0x81, "push", 4);
	for (int i = 0; i < 3; i++)
		expect(fd, 0x81, "pushed");
	for (int i = 0; i < 50; i++)
		frame(fd, 0x81, "many", 4);
	for (int i = 0; i < 50; i++)
		expect(fd, 0x81, "many");
	frame(fd, 0x88, "\x03\xe8", 2);
	expect_close(fd, 1000);
}

/* SEND_QUEUE, INBOX_MAX: what waits is bounded in messages and in bytes; one more is refused to whoever sends it. */
static void test_queue_is_bounded(void **state)
{
	char got[2001];
	size_t n;
	int fd = join();
	frame(fd, 0x81, "count", 5);
	for (int i = 0; i < 4096; i++) {
		assert_int_equal(hear(fd, got, &n), 0x81);
		assert_int_equal(n, 0);
	}
	expect(fd, 0x81, "4096");
	frame(fd, 0x81, "bytes", 5);
	static char half[1 << 19];
	for (int i = 0; i < 2; i++) {
		uint8_t head[10];
		assert_true(get(fd, head, sizeof head));
		assert_int_equal(head[1], 127);
		assert_true(get(fd, half, sizeof half));
	}
	expect(fd, 0x81, "2");
	close(fd);
}

static void test_byte_by_byte(void **state)
{
	int fd = join();
	const uint8_t f[] = { 0x81, 0x82, 0, 0, 0, 0, 'h', 'i' };
	for (size_t i = 0; i < sizeof f; i++) {
		put(fd, &f[i], 1);
		usleep(1000);
	}
	expect(fd, 0x81, "hi");
	close(fd);
}

static void test_our_close(void **state)
{
	int fd = join();
	frame(fd, 0x81, "bye", 3);
	char got[2001];
	size_t n;
	assert_int_equal(hear(fd, got, &n), 0x88);
	assert_memory_equal(got, "\x0f\xa0" "done", 6);
	frame(fd, 0x81, "late", 4); /* ignored */
	frame(fd, 0x88, "\x0f\xa0", 2);
	assert_int_equal(hear(fd, got, &n), -1);
	close(fd);
}

static void test_violations(void **state)
{
	static const struct { struct str bytes; unsigned code; } raw[] = {
		{ STR_INIT("\x81\x02hi"), 1002 },                     /* not masked */
		{ STR_INIT("\xc1\x80\0\0\0\0"), 1002 },               /* RSV1 */
		{ STR_INIT("\x83\x80\0\0\0\0"), 1002 },               /* opcode 3 */
		{ STR_INIT("\x8b\x80\0\0\0\0"), 1002 },               /* opcode 11 */
		{ STR_INIT("\x80\x80\0\0\0\0"), 1002 },               /* continues nothing */
		{ STR_INIT("\x01\x80\0\0\0\0\x81\x80\0\0\0\0"), 1002 }, /* a message inside a message */
		{ STR_INIT("\x09\x80\0\0\0\0"), 1002 },               /* ping in fragments */
		{ STR_INIT("\x89\xfe\0\x7e\0\0\0\0"), 1002 },         /* long ping */
		{ STR_INIT("\x81\xfe\0\x05\0\0\0\0hello"), 1002 },    /* length not minimal */
		{ STR_INIT("\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0"), 1002 }, /* 2^63 */
		{ STR_INIT("\x88\x81\0\0\0\0x"), 1002 },              /* half a close code */
		{ STR_INIT("\x88\x82\0\0\0\0\x03\xed"), 1002 },       /* 1005 may not be sent */
		{ STR_INIT("\x88\x83\0\0\0\0\x03\xe8\xff"), 1007 },   /* reason not UTF-8 */
		{ STR_INIT("\x81\x81\0\0\0\0\xff"), 1007 },
		{ STR_INIT("\x81\x82\0\0\0\0\xc0\xaf"), 1007 },
		{ STR_INIT("\x81\x83\0\0\0\0\xed\xa0\x80"), 1007 },
		{ STR_INIT("\x81\x82\0\0\0\0\xe2\x82"), 1007 },       /* cut off */
		{ STR_INIT("\x82\xfe\x03\xe9\0\0\0\0x"), 1009 },       /* 1001 bytes */
		{ STR_INIT("\x88\x80\0\0\0\0"), 1005 },               /* proper, without a code */
	};
	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
		int fd = join();
		put(fd, raw[i].bytes.p, raw[i].bytes.n);
		expect_close(fd, raw[i].code);
	}
}

static void test_floods(void **state)
{
	int fd = join();
	for (int i = 0; i < 200; i++)
		frame(fd, 0x89, "", 0);
	expect_close(fd, 1008);
	fd = join();
	frame(fd, 0x01, "", 0);
	for (int i = 0; i < 200; i++)
		frame(fd, 0x00, "", 0);
	expect_close(fd, 1008);
}

static void wait_for(_Atomic unsigned *n, unsigned at_least)
{
	for (int i = 0; i < 2000 && atomic_load(n) < at_least; i++)
		usleep(10000);
	assert_true(atomic_load(n) >= at_least);
}

/* The handler of a peer that vanishes learns of it, and is not cancelled. */
static void test_peer_vanishes(void **state)
{
	unsigned before = atomic_load(&gone);
	int fd = join();
	frame(fd, 0x81, "x", 1);
	expect(fd, 0x81, "x");
	close(fd);
	wait_for(&gone, before + 1);
}

static void drained(void *arg) { atomic_store((_Atomic unsigned *)arg, 1); }

static void test_drain(void **state)
{
	static _Atomic unsigned done;
	int fd = join();
	frame(fd, 0x81, "x", 1);
	expect(fd, 0x81, "x");
	http_server_drain(server, clock_mono_ns() + 20 * NS_PER_S, drained, &done);
	char got[2001];
	size_t n;
	assert_int_equal(hear(fd, got, &n), 0x88);
	assert_memory_equal(got, "\x03\xf4", 2); /* 1012 */
	frame(fd, 0x88, "\x03\xf4", 2);
	assert_int_equal(hear(fd, got, &n), -1);
	close(fd);
	wait_for(&done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_our_close),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_peer_vanishes),
		cmocka_unit_test(test_drain),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
