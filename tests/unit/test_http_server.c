/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP/1.1 server over real loopback sockets: a server on a loop of its own thread, blocking clients here. Sockets
 * have a receive time-out, so that a missing answer is a failure and not a hang; nothing is asserted about speed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "net/conn/http.h"
#include "rt/fiber.h"
#include "rt/loop.h"
#include "rt/offload.h"

#define PAGE_SIZE 12000
#define FILE_SIZE 100000
#define ZEROS     ((16 << 20) + 1)

static struct {
	struct http_server *server;
	struct loops *loops;
	struct blob *page;
	char *zeros; /* ZEROS bytes */
	char file[64];
	_Atomic int cancelled, waiting, finished, done_calls, drained, status /* of the last one that is done */;
	_Atomic long long written;
} t;

/* --- the application ---------------------------------------------------------------------------------------------- */

static bool app_fast(struct http_req *r, void *arg)
{
	if (str_eqc(r->path, "/fast")) {
		http_add_header(r, "Content-Type", STR("text/html"));
		if (r->query.p)
			http_add_header(r, "X-Tag", r->query);
		http_send_blob(r, t.page);
		return true;
	}
	if (str_eqc(r->path, "/fast-copy")) {
		http_send(r, str_n(t.page->data, t.page->len));
		return true;
	}
	return false;
}

static void echo(struct http_req *r)
{
	struct str body;
	struct err e;
	enum status st = http_body_all(r, 1 << 20, &body, &e);
	if (st != ST_OK) {
		http_status(r, status_info(st)->http);
		http_send(r, str_c(e.msg));
	} else {
		http_send(r, body);
	}
}

static void stream(struct http_req *r, int64_t len, size_t total)
{
	static char block[10000];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)('a' + i % 26);
	enum status st = http_begin(r, len);
	for (size_t sent = 0; st == ST_OK && sent < total; sent += sizeof block) {
		st = http_write(r, block, total - sent < sizeof block ? total - sent : sizeof block);
		atomic_fetch_add(&t.written, sizeof block);
	}
	if (st == ST_OK)
		http_end(r);
	else if (st == ST_CANCELLED)
		atomic_fetch_add(&t.cancelled, 1);
}

static void wait_forever(struct http_req *r)
{
	atomic_fetch_add(&t.waiting, 1);
	enum status st = ST_OK;
	while (st == ST_OK)
		st = fiber_park(FIBER_FOREVER);
	if (st == ST_CANCELLED)
		atomic_fetch_add(&t.cancelled, 1);
	http_status(r, status_info(st)->http);
	http_send(r, STR("gave up"));
}

/* As the dispatcher does: who has left is not answered. */
static void answer_who_stays(struct http_req *r)
{
	struct str body;
	struct err e;
	if (http_body_all(r, 1 << 20, &body, &e) != ST_CANCELLED)
		http_send(r, STR("there"));
}

static void show(struct http_req *r)
{
	char peer[HTTP_PEER_MAX], out[600];
	http_peer_text(r, peer);
	snprintf(out, sizeof out, "method=%.*s path=%.*s query=%.*s host=%.*s peer=%s secure=%d id=%s",
	        STR_ARG(r->method_name), STR_ARG(r->path), r->query.p ? (int)r->query.n : 6,
	        r->query.p ? r->query.p : "(none)", STR_ARG(r->host), peer, r->secure, r->ctx.request_id);
	http_send(r, str_c(out));
}

static void app_handle(struct http_req *r, void *arg)
{
	struct str p = r->path;
	if (str_eqc(p, "/echo"))
		echo(r);
	else if (str_eqc(p, "/stays"))
		answer_who_stays(r);
	else if (str_eqc(p, "/chunked"))
		stream(r, -1, 25000);
	else if (str_eqc(p, "/big"))
		stream(r, 50000000, 50000000);
	else if (str_eqc(p, "/short"))
		stream(r, 30000, 10000);
	else if (str_eqc(p, "/wait"))
		wait_forever(r);
	else if (str_eqc(p, "/file"))
		http_file(r, open(t.file, O_RDONLY | O_CLOEXEC), "text/plain");
	else if (str_eqc(p, "/nap")) {
		if (fiber_sleep_ns(50 * NS_PER_MS) == ST_OK)
			http_send(r, STR("rested"));
	} else if (str_eqc(p, "/text")) {
		http_add_header(r, "Content-Type", STR("text/plain"));
		http_send_compressed(r, str_n(t.page->data, t.page->len));
	} else if (str_eqc(p, "/empty")) {
		http_status(r, 204);
		http_send(r, STR(""));
	} else if (str_eqc(p, "/inject")) {
		http_add_header(r, "X-Bad", STR("a\r\nX-Injected: b"));
		http_add_header(r, "Content-Length", STR("0"));
		http_send(r, STR("ok"));
	} else if (str_eqc(p, "/hungry")) {
		while (true)
			memset(arena_alloc(r->ctx.arena, 100000), 1, 100000);
	} else if (str_eqc(p, "/headers")) {
		int64_t n = 0;
		char name[32];
		(void)str_i64(r->query, &n);
		for (int64_t i = 0; i < n; i++) {
			snprintf(name, sizeof name, "X-%lld", (long long)i);
			http_add_header(r, name, STR("v"));
		}
		http_send(r, STR("ok"));
	} else if (str_eqc(p, "/zeros")) {
		int64_t n = 0;
		(void)str_i64(r->query, &n);
		r->ctx.deadline_ns = 0; /* however slow this machine is */
		fiber_set_deadline(0);
		http_add_header(r, "Content-Type", STR("text/plain"));
		http_send_compressed(r, str_n(t.zeros, (size_t)n));
	} else if (str_eqc(p, "/event")) {
		int64_t n = 0;
		(void)str_i64(r->query, &n);
		if (sse_begin(r) == ST_OK) {
			enum status st = sse_send(r, NULL, NULL, str_n(t.zeros, (size_t)n));
			if (st == ST_TOO_LARGE)
				(void)!sse_send(r, "refused", NULL, STR(""));
			http_end(r);
		}
	} else if (str_eqc(p, "/events")) {
		if (sse_begin(r) == ST_OK && sse_send(r, "tick", "7", STR("one\ntwo")) == ST_OK && sse_ping(r) == ST_OK)
			http_end(r);
	} else if (!str_eqc(p, "/silent"))
		show(r);
	atomic_fetch_add(&t.finished, 1);
}

static void app_done(struct http_req *r, void *arg)
{
	t.status = r->status;
	atomic_fetch_add(&t.done_calls, 1);
}

/* --- the client --------------------------------------------------------------------------------------------------- */

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(t.server, 0)) };
	struct timeval patience = { .tv_sec = 30 };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	assert_return_code(connect(fd, (struct sockaddr *)&a, sizeof a), errno);
	return fd;
}

static void put(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0) /* refused in the middle */
			return;
		p += w;
		n -= (size_t)w;
	}
}
static void say(int fd, const char *s) { put(fd, s, strlen(s)); }

struct answer {
	int status;
	char head[4096];
	char *body;
	size_t len;
};

/* Buffered, since pipelined answers come together. */
static char in[1 << 16];
static size_t in_len;

static bool more(int fd)
{
	if (in_len == sizeof in)
		return false;
	ssize_t n = recv(fd, in + in_len, sizeof in - in_len, 0);
	if (n > 0)
		in_len += (size_t)n;
	return n > 0;
}

static void drop(size_t n)
{
	memmove(in, in + n, in_len - n);
	in_len -= n;
}

static const char *field(const struct answer *a, const char *name)
{
	static char value[300];
	char want[100];
	snprintf(want, sizeof want, "\r\n%s: ", name);
	const char *p = strcasestr(a->head, want);
	if (!p)
		return NULL;
	p += strlen(want);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(p, "\r"), p);
	return value;
}

static void body_bytes(int fd, struct answer *a, size_t n)
{
	a->body = realloc(a->body, a->len + n + 1);
	while (n) {
		if (!in_len)
			assert_true(more(fd));
		size_t part = in_len < n ? in_len : n;
		memcpy(a->body + a->len, in, part);
		a->len += part;
		n -= part;
		drop(part);
	}
	a->body[a->len] = 0;
}

static char *line(int fd)
{
	static char out[1000];
	char *nl;
	while (!(nl = memmem(in, in_len, "\r\n", 2)))
		assert_true(more(fd));
	size_t n = (size_t)(nl - in);
	assert_true(n < sizeof out);
	memcpy(out, in, n);
	out[n] = 0;
	drop(n + 2);
	return out;
}

static void read_head(int fd, struct answer *a)
{
	char *end;
	*a = (struct answer){ .body = calloc(1, 1) };
	while (!(end = memmem(in, in_len, "\r\n\r\n", 4)))
		if (!more(fd))
			fail_msg("no answer: %.*s", (int)in_len, in);
	size_t n = (size_t)(end - in) + 4;
	assert_true(n < sizeof a->head);
	memcpy(a->head, in, n);
	a->head[n] = 0;
	drop(n);
	assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
}

static void answer(int fd, struct answer *a, bool head_only)
{
	read_head(fd, a);
	const char *len = field(a, "Content-Length");
	if (head_only || a->status == 204 || a->status == 304 || a->status == 100)
		return;
	if (len) {
		body_bytes(fd, a, strtoul(len, NULL, 10));
		return;
	}
	if (field(a, "Transfer-Encoding")) {
		size_t n;
		while ((n = strtoul(line(fd), NULL, 16))) {
			body_bytes(fd, a, n);
			assert_string_equal(line(fd), "");
		}
		assert_string_equal(line(fd), "");
	}
}

static void forget(struct answer *a) { free(a->body); }

static bool closed(int fd)
{
	while (more(fd))
		in_len = 0;
	return true;
}

static int status_of(const char *request)
{
	struct answer a;
	int fd = dial();
	in_len = 0;
	say(fd, request);
	answer(fd, &a, false);
	forget(&a);
	close(fd);
	return a.status;
}

static void until(_Atomic int *counter, int value)
{
	for (int i = 0; i < 30000 && atomic_load(counter) < value; i++)
		usleep(1000);
	assert_true(atomic_load(counter) >= value);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: example.org\r\n\r\n"

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void keep_alive_and_fast(void **state)
{
	int fd = dial();
	in_len = 0;
	for (int i = 0; i < 50; i++) {
		struct answer a;
		say(fd, i % 3 == 0 ? GET("/fast") : i % 3 == 1 ? GET("/nap") : GET("/fast-copy"));
		answer(fd, &a, false);
		assert_int_equal(a.status, 200);
		assert_int_equal(a.len, i % 3 == 1 ? 6 : PAGE_SIZE);
		if (i % 3 != 1)
			assert_memory_equal(a.body, t.page->data, PAGE_SIZE);
		assert_non_null(field(&a, "Date"));
		assert_null(field(&a, "Connection"));
		forget(&a);
		if (i > 10 && i % 3 == 1)
			i++;
	}
	close(fd);
}

static void pipelining(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	char *all = calloc(1, 100000);
	for (int i = 0; i < 100; i++)
		strcat(all,
		        i % 10 == 3           ? GET("/nap")
		                : i % 10 == 7 ? "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
		                              : GET("/fast"));
	say(fd, all);
	free(all);
	for (int i = 0; i < 100; i++) {
		answer(fd, &a, false);
		assert_int_equal(a.status, 200);
		assert_int_equal(a.len, i % 10 == 3 ? 6 : i % 10 == 7 ? 3 : PAGE_SIZE);
		forget(&a);
	}
	close(fd);
}

/* Pipelined requests whose answers nobody reads stop being taken, and go on when somebody does. */
static void pipelining_unread(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	struct http_server_stats before, after;
	http_server_stats(t.server, &before);
	for (int i = 0; i < 2000; i++)
		say(fd, GET("/fast"));
	usleep(100000);
	http_server_stats(t.server, &after);
	assert_true(after.requests - before.requests < 2000);
	for (int i = 0; i < 2000; i++) {
		answer(fd, &a, false);
		assert_int_equal(a.len, PAGE_SIZE);
		forget(&a);
	}
	close(fd);
}

/* Pages asked for often are sent together with their heads: each gets its own all the same. */
static void same_page_other_heads(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	for (int i = 0; i < 300; i++)
		say(fd,
		        i % 60 < 25           ? GET("/fast?a")
		                : i % 60 < 50 ? GET("/fast?bb")
		                : i % 2       ? GET("/fast")
		                              : "HEAD /fast?a HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 300; i++) {
		const char *tag = i % 60 < 25 ? "a" : i % 60 < 50 ? "bb" : i % 2 ? NULL : "a";
		bool head = i % 60 >= 50 && i % 2 == 0;
		answer(fd, &a, head);
		assert_int_equal(a.len, head ? 0 : PAGE_SIZE);
		assert_memory_equal(a.body, t.page->data, a.len);
		if (tag)
			assert_string_equal(field(&a, "X-Tag"), tag);
		else
			assert_null(field(&a, "X-Tag"));
		forget(&a);
	}
	close(fd);
}

static void bodies(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	usleep(20000);
	say(fd, "5\r\nhel");
	usleep(20000);
	say(fd, "lo\r\n6;x=y\r\n world\r\n0\r\nTrail: er\r\n\r\n");
	answer(fd, &a, false);
	assert_string_equal(a.body, "hello world");
	forget(&a);

	/* The connection goes on exactly where the body ended; and a large body passes through a small buffer. */
	size_t n = 900000;
	char *big = malloc(n), head[200];
	for (size_t i = 0; i < n; i++)
		big[i] = (char)(i * 7 + i / 251);
	snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", n);
	say(fd, head);
	put(fd, big, n);
	answer(fd, &a, false);
	assert_int_equal(a.len, n);
	assert_memory_equal(a.body, big, n);
	forget(&a);
	free(big);

	/* An unread body that has arrived is skipped. */
	say(fd, "POST /nap HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345" GET("/nap"));
	for (int i = 0; i < 2; i++) {
		answer(fd, &a, false);
		assert_string_equal(a.body, "rested");
		forget(&a);
	}
	close(fd);
}

static void too_large(void **state)
{
	assert_int_equal(status_of("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"), 413);
	assert_int_equal(
	        status_of("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"),
	        413);
}

/* The answer reaches a client that goes on sending what nobody wants. */
static void too_large_while_sending(void **state)
{
	size_t n = 20000000;
	char *big = calloc(1, n);
	struct answer a;
	int fd = dial();
	in_len = 0;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
	put(fd, big, n);
	answer(fd, &a, false);
	assert_int_equal(a.status, 413);
	forget(&a);
	free(big);
	close(fd);
}

static void chunked_out(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, GET("/chunked") GET("/fast"));
	answer(fd, &a, false);
	assert_string_equal(field(&a, "Transfer-Encoding"), "chunked");
	assert_int_equal(a.len, 25000);
	forget(&a);
	answer(fd, &a, false);
	assert_int_equal(a.len, PAGE_SIZE);
	forget(&a);
	close(fd);

	/* HTTP/1.0 knows no chunks: the end of the connection is the end of the body. */
	fd = dial();
	in_len = 0;
	say(fd, "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	read_head(fd, &a);
	assert_null(field(&a, "Transfer-Encoding"));
	assert_string_equal(field(&a, "Connection"), "close");
	body_bytes(fd, &a, 25000);
	assert_int_equal(in_len, 0);
	assert_false(more(fd));
	forget(&a);
	close(fd);
}

static void expect_continue(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	answer(fd, &a, false);
	assert_int_equal(a.status, 100);
	forget(&a);
	say(fd, "hi");
	answer(fd, &a, false);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "hi");
	forget(&a);

	/* Nobody asked for the body: no 100, and the connection can not go on. */
	say(fd, "POST /nap HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	answer(fd, &a, false);
	assert_int_equal(a.status, 200);
	assert_string_equal(field(&a, "Connection"), "close");
	forget(&a);
	close(fd);
}

static void head_and_empty(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd,
	        "HEAD /fast HTTP/1.1\r\nHost: a\r\n\r\nHEAD /chunked HTTP/1.1\r\nHost: a\r\n\r\n" GET("/empty")
	                GET("/nap"));
	answer(fd, &a, true);
	assert_string_equal(field(&a, "Content-Length"), "12000");
	forget(&a);
	answer(fd, &a, true);
	assert_int_equal(a.status, 200);
	forget(&a);
	answer(fd, &a, false);
	assert_int_equal(a.status, 204);
	assert_null(field(&a, "Content-Length"));
	forget(&a);
	answer(fd, &a, false);
	assert_string_equal(a.body, "rested");
	forget(&a);
	close(fd);
}

static void ask_file(int fd, struct answer *a, const char *headers)
{
	char req[500];
	snprintf(req, sizeof req, "GET /file HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
	say(fd, req);
	answer(fd, a, false);
}

static bool write_file(void)
{
	char bytes[FILE_SIZE];
	for (int i = 0; i < FILE_SIZE; i++)
		bytes[i] = (char)('a' + i % 26);
	int fd = open(t.file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = write(fd, bytes, sizeof bytes) == sizeof bytes && !fsync(fd);
	return !close(fd) && ok;
}

/* A file that is not in memory, as after a week without visitors. False: not on this kind of disk. */
static bool cool(void)
{
	unsigned char resident[FILE_SIZE / 4096 + 1];
	unlink(t.file); /* of the one before, sockets may hold pages still */
	assert_true(write_file());
	int fd = open(t.file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	void *map = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_int_equal(mincore(map, FILE_SIZE, resident), 0);
	munmap(map, FILE_SIZE);
	close(fd);
	return !memchr(resident, 1, sizeof resident);
}

static uint64_t offloaded(void)
{
	struct offload_stats s;
	do
		offload_stats(OFFLOAD_PROMPT, &s);
	while (s.queued || s.running);
	return s.done;
}

/* The loop waits for no disk: a thread of the pool reads in what is not in memory, once. */
static void cold_files(void **state)
{
	static const struct {
		const char *range;
		size_t len;
	} cases[] = { { "", FILE_SIZE }, { "Range: bytes=50000-50009\r\n", 10 },
		{ "Range: bytes=0-9,90000-90009\r\n", 0 } };
	struct answer a;
	int fd = dial();
	in_len = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!cool())
			skip();
		uint64_t before = offloaded();
		ask_file(fd, &a, cases[i].range);
		assert_true(cases[i].len == 0 || a.len == cases[i].len);
		forget(&a);
		uint64_t cold = offloaded();
		assert_true(cold > before);
		ask_file(fd, &a, cases[i].range);
		forget(&a);
		assert_int_equal(offloaded(), cold);
	}
	close(fd);
}

static void ranges(void **state)
{
	static const struct { const char *range; int status; size_t len; const char *content; } cases[] = {
		{ "bytes=0-9", 206, 10, "bytes 0-9/100000" },
		{ "bytes=99990-", 206, 10, "bytes 99990-99999/100000" },
		{ "bytes=-5", 206, 5, "bytes 99995-99999/100000" },
		{ "bytes=99999-200000", 206, 1, "bytes 99999-99999/100000" },
		{ "bytes=-200000", 206, 100000, "bytes 0-99999/100000" },
		{ "bytes=100000-", 416, 0, "bytes */100000" },
		{ "bytes=-0", 416, 0, "bytes */100000" },
		{ "bytes=9-0", 200, 100000, NULL },
		{ "bytes=x-y", 200, 100000, NULL },
		{ "bytes=99999999999999999999-", 200, 100000, NULL },
		{ "lines=0-1", 200, 100000, NULL },
		{ "bytes=0-,0-", 200, 100000, NULL },
		{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16", 200,
		        100000, NULL },
	};
	int fd = dial();
	struct answer a;
	in_len = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char h[300];
		snprintf(h, sizeof h, "Range: %s\r\n", cases[i].range);
		ask_file(fd, &a, h);
		if (a.status != cases[i].status || a.len != cases[i].len)
			fail_msg("%s: %d with %zu bytes", cases[i].range, a.status, a.len);
		if (cases[i].content)
			assert_string_equal(field(&a, "Content-Range"), cases[i].content);
		forget(&a);
	}
	ask_file(fd, &a,
	        "Range: bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15\r\n");
	assert_int_equal(a.status, 206);
	forget(&a);
	ask_file(fd, &a, "Range: bytes=0-3, 26-29\r\n");
	assert_int_equal(a.status, 206);
	assert_non_null(strstr(field(&a, "Content-Type"), "multipart/byteranges; boundary="));
	assert_non_null(strstr(a.body, "Content-Range: bytes 0-3/100000\r\n\r\nabcd\r\n--"));
	assert_non_null(strstr(a.body, "Content-Range: bytes 26-29/100000\r\n\r\nabcd\r\n--"));
	forget(&a);
	close(fd);
}

static void conditional(void **state)
{
	int fd = dial();
	struct answer a;
	char tag[300], date[300], h[400];
	in_len = 0;
	ask_file(fd, &a, "");
	assert_int_equal(a.status, 200);
	assert_int_equal(a.len, FILE_SIZE);
	snprintf(tag, sizeof tag, "%s", field(&a, "ETag"));
	snprintf(date, sizeof date, "%s", field(&a, "Last-Modified"));
	forget(&a);
	const struct { const char *fmt, *arg; int status; } cases[] = {
		{ "If-None-Match: %s\r\n", tag, 304 },
		{ "If-None-Match: W/%s\r\n", tag, 304 },
		{ "If-None-Match: \"a,b\", %s\r\n", tag, 304 },
		{ "If-None-Match: *\r\n", tag, 304 },
		{ "If-None-Match: \"other\"\r\n", tag, 200 },
		{ "If-Modified-Since: %s\r\n", date, 304 },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", date, 200 },
		{ "If-None-Match: \"other\"\r\nIf-Modified-Since: %s\r\n", date, 200 },
		{ "If-Match: %s\r\n", tag, 200 },
		{ "If-Match: W/%s\r\n", tag, 412 },
		{ "If-Match: \"other\"\r\n", tag, 412 },
		{ "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", tag, 412 },
		{ "Range: bytes=0-0\r\nIf-Range: %s\r\n", tag, 206 },
		{ "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n", tag, 200 },
		{ "Range: bytes=0-0\r\nIf-Range: W/%s\r\n", tag, 200 },
		{ "Range: bytes=0-0\r\nIf-Range: %s\r\n", date, 206 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(h, sizeof h, cases[i].fmt, cases[i].arg);
		ask_file(fd, &a, h);
		if (a.status != cases[i].status)
			fail_msg("%s: %d", h, a.status);
		forget(&a);
	}
	close(fd);
}

static void compression(void **state)
{
	static const struct { const char *accept, *coding; } cases[] = {
		{ "gzip, deflate, br", "br" },
		{ "gzip", "gzip" },
		{ "br;q=0.5, gzip;q=0.9", "gzip" },
		{ "*", "br" },
		{ "br;q=0, *;q=0.1", "gzip" },
		{ "identity", NULL },
		{ "gzip;q=0", NULL },
		{ "gzip;q=2", NULL },
		{ "gzip;q=0.1, identity", NULL },
	};
	int fd = dial();
	in_len = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char req[300];
		struct answer a;
		snprintf(req, sizeof req, "GET /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n\r\n",
		        cases[i].accept);
		say(fd, req);
		answer(fd, &a, false);
		assert_non_null(strstr(field(&a, "Vary"), "Accept-Encoding"));
		const char *coding = field(&a, "Content-Encoding");
		if ((coding == NULL) != (cases[i].coding == NULL) || (coding && strcmp(coding, cases[i].coding)))
			fail_msg("%s: %s", cases[i].accept, coding ? coding : "identity");
		assert_true(coding ? a.len < PAGE_SIZE : a.len == PAGE_SIZE);
		if (coding && !strcmp(coding, "gzip")) {
			char out[PAGE_SIZE];
			z_stream z = { .next_in = (Bytef *)a.body,
				.avail_in = (uInt)a.len,
				.next_out = (Bytef *)out,
				.avail_out = sizeof out };
			inflateInit2(&z, 31);
			assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
			inflateEnd(&z);
			assert_memory_equal(out, t.page->data, PAGE_SIZE);
		}
		forget(&a);
	}
	close(fd);
}

static void ask_for(int fd, const char *path, int64_t n, const char *headers, struct answer *a)
{
	char req[300];
	snprintf(req, sizeof req, "GET %s?%lld HTTP/1.1\r\nHost: a\r\n%s\r\n", path, (long long)n, headers);
	say(fd, req);
	answer(fd, a, false);
	assert_int_equal(a->status, 200);
}

/* What is larger than COMPRESS_MAX goes as it is. */
static void largest_compressed(void **state)
{
	struct answer a;
	int fd = dial();
	in_len = 0;
	for (int more = 0; more < 2; more++) {
		ask_for(fd, "/zeros", ZEROS - 1 + more, "Accept-Encoding: gzip\r\n", &a);
		assert_true(more ? !field(&a, "Content-Encoding") && a.len == ZEROS
		                 : field(&a, "Content-Encoding") && a.len < 100000);
		forget(&a);
	}
	close(fd);
}

/* More than there is room for at first (REQUEST_OUT_HEADERS): all of them go. */
static void many_headers(void **state)
{
	struct answer a;
	int fd = dial();
	in_len = 0;
	for (int n = 14; n < 18; n++) {
		ask_for(fd, "/headers", n, "", &a);
		for (int i = 0; i < n; i++) {
			char name[32];
			snprintf(name, sizeof name, "X-%d", i);
			assert_non_null(field(&a, name));
		}
		forget(&a);
	}
	close(fd);
}

/* "data: ", its end and that of the event are of it (EVENT_MAX). */
static void largest_event(void **state)
{
	struct answer a;
	int fd = dial();
	in_len = 0;
	ask_for(fd, "/event", (1 << 20) - 8, "", &a);
	assert_int_equal(a.len, 1 << 20);
	forget(&a);
	ask_for(fd, "/event", (1 << 20) - 7, "", &a);
	assert_string_equal(a.body, "event: refused\ndata: \n\n");
	forget(&a);
	close(fd);
}

static void faults_of_the_application(void **state)
{
	struct answer a;
	int fd = dial();
	in_len = 0;
	say(fd, GET("/silent") GET("/inject") GET("/hungry") GET("/nap"));
	answer(fd, &a, false);
	assert_int_equal(a.status, 500);
	forget(&a);
	answer(fd, &a, false);
	assert_int_equal(a.status, 200);
	assert_null(field(&a, "X-Injected"));
	assert_null(field(&a, "X-Bad"));
	assert_string_equal(a.body, "ok");
	forget(&a);
	answer(fd, &a, false);
	assert_int_equal(a.status, 503);
	forget(&a);
	answer(fd, &a, false);
	assert_int_equal(a.status, 200);
	forget(&a);
	/* Fewer bytes than announced: the connection breaks in the middle of the body. */
	say(fd, GET("/short"));
	read_head(fd, &a);
	body_bytes(fd, &a, 10000);
	assert_int_equal(in_len, 0);
	assert_false(more(fd));
	forget(&a);
	close(fd);
}

static void targets(void **state)
{
	static const struct { const char *target; int status; const char *want; } cases[] = {
		{ "/a/./b/../c", 200, "path=/a/c " },
		{ "/%2e%2e/%2E/x", 200, "path=/x " },
		{ "/a%2fb/..", 200, "path=/a/ " },
		{ "/../../etc", 200, "path=/etc " },
		{ "/a/..", 200, "path=/ " },
		{ "/...", 200, "path=/... " },
		{ "/caf%C3%A9?q=%20", 200, "path=/caf\xc3\xa9 query=q=%20" },
		{ "/?", 200, "path=/ query= " },
		{ "http://EXAMPLE.org/x", 200, "path=/x query=(none) host=example.org" },
		{ "http://example.org?x", 200, "path=/ query=x host=example.org" },
		{ "/%", 400, NULL },
		{ "/%4", 400, NULL },
		{ "/%zz", 400, NULL },
		{ "/%00", 400, NULL },
		{ "/%ff", 400, NULL },
		{ "/%c0%ae", 400, NULL },
		{ "/?a=%", 400, NULL },
		{ "/?a=%g0", 400, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char req[300];
		struct answer a;
		int fd = dial();
		in_len = 0;
		snprintf(req, sizeof req, "GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", cases[i].target);
		say(fd, req);
		answer(fd, &a, false);
		if (a.status != cases[i].status || (cases[i].want && !strstr(a.body, cases[i].want)))
			fail_msg("%s: %d %s", cases[i].target, a.status, a.body);
		forget(&a);
		close(fd);
	}
	assert_int_equal(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

/* What the parser's own tests refuse, refused on the wire too: answered, and the connection closed. */
static void hostile(void **state)
{
	static const struct { const char *in; int status; } cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		        400 },
		{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET /\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
		{ "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501 },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
		        400 },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a\n\r\nhello\r\n0\r\n\r\n",
		        400 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char req[400];
		struct answer a;
		int fd = dial();
		in_len = 0;
		/* A request smuggled behind it is never seen. */
		snprintf(req, sizeof req, "%s" GET("/fast"), cases[i].in);
		say(fd, req);
		answer(fd, &a, false);
		if (a.status != cases[i].status)
			fail_msg("%s: %d", cases[i].in, a.status);
		forget(&a);
		assert_int_equal(in_len, 0);
		assert_false(more(fd));
		close(fd);
	}
}

static void slow_head_is_cut(void **state)
{
	int fd = dial();
	in_len = 0;
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\n");
	/* One byte now and then does not help: the time is for the whole head. */
	int sent = 0;
	while (sent < 3000 && recv(fd, in, sizeof in, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
		say(fd, sent % 10 ? "x" : "x: y\r\n");
		usleep(10000);
		sent++;
	}
	assert_true(sent < 3000);
	assert_memory_equal(in, "HTTP/1.1 408 ", 13);
	close(fd);
}

static void slow_body_is_cut(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
	answer(fd, &a, false);
	assert_int_equal(a.status, 408);
	assert_true(closed(fd));
	forget(&a);
	close(fd);
}

static void idle_is_closed(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, GET("/fast"));
	answer(fd, &a, false);
	forget(&a);
	assert_false(more(fd));
	close(fd);
}

/* The writer waits for the reader: little more than the sockets' buffers is ever made. */
static void back_pressure(void **state)
{
	int fd = dial();
	struct answer a;
	long long before, now;
	in_len = 0;
	atomic_store(&t.written, 0);
	say(fd, GET("/big"));
	read_head(fd, &a);
	do {
		before = atomic_load(&t.written);
		usleep(100000);
		now = atomic_load(&t.written);
	} while (now != before);
	assert_true(now < 30000000);
	body_bytes(fd, &a, 50000000);
	assert_memory_equal(a.body + 49990000, "abcdefg", 7);
	forget(&a);
	close(fd);
}

static void cancelled_client(void **state)
{
	struct linger reset = { .l_onoff = 1 };
	int was = atomic_load(&t.cancelled), waiting = atomic_load(&t.waiting);
	/* Reset: at once. */
	int fd = dial();
	say(fd, GET("/wait"));
	until(&t.waiting, waiting + 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	until(&t.cancelled, was + 1);
	/* Closed: after the grace for clients that only closed their half. */
	fd = dial();
	say(fd, GET("/wait"));
	until(&t.waiting, waiting + 2);
	close(fd);
	until(&t.cancelled, was + 2);
	/* In the middle of a large answer. */
	fd = dial();
	in_len = 0;
	say(fd, GET("/big"));
	assert_true(more(fd));
	close(fd);
	until(&t.cancelled, was + 3);
}

/* It is no failure of ours, neither in the answer nor in what is counted; whether its connection is half closed or
 * gone. */
static void who_leaves_within_the_body_gets_no_failure(void **state)
{
	int was = t.done_calls, fd = dial();
	in_len = 0;
	say(fd, "POST /stays HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
	shutdown(fd, SHUT_WR);
	assert_false(more(fd));
	assert_int_equal(in_len, 0);
	close(fd);
	until(&t.done_calls, was + 1);
	assert_int_equal(t.status, 499);
	/* The application answers all the same: that was sent to nobody. */
	int cancelled = t.cancelled;
	was = t.done_calls;
	fd = dial();
	int waiting = t.waiting;
	say(fd, GET("/wait"));
	until(&t.waiting, waiting + 1);
	close(fd);
	until(&t.cancelled, cancelled + 1);
	until(&t.done_calls, was + 1);
	assert_int_equal(t.status, 499);
}

static void half_close_is_answered(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, GET("/nap"));
	shutdown(fd, SHUT_WR);
	answer(fd, &a, false);
	assert_int_equal(a.status, 200);
	forget(&a);
	assert_false(more(fd));
	close(fd);
}

static void deadline(void **state)
{
	assert_int_equal(status_of(GET("/wait")), 504);
}

static void trusted_proxy(void **state)
{
	static const struct { const char *headers, *want;
	} cases[] = {
		{ "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n", "peer=203.0.113.9 secure=1" },
		{ "X-Forwarded-For: 1.2.3.4, 203.0.113.9, 10.1.2.3\r\n", "peer=203.0.113.9 secure=0" },
		{ "X-Forwarded-For: nonsense\r\n", "peer=127.0.0.1" },
		{ "Forwarded: for=\"[2001:db8::1]:80\";proto=https\r\nX-Forwarded-For: 9.9.9.9\r\n",
		  "peer=9.9.9.9 secure=0" },
		{ "X-Request-Id: abcdefgh-1234\r\n", "id=abcdefgh-1234" },
		/* At REQUEST_ID_MIN and REQUEST_ID_MAX; beyond them one is made here, which begins with the time. */
		{ "X-Request-Id: abcdefgh\r\n", "id=abcdefgh" },
		{ "X-Request-Id: abcdefg\r\n", "id=01" },
		{ "X-Request-Id: abcdefghijklmnopqrstuvwxyz\r\n", "id=abcdefghijklmnopqrstuvwxyz" },
		{ "X-Request-Id: abcdefghijklmnopqrstuvwxyz0\r\n", "id=01" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char req[300];
		struct answer a;
		int fd = dial();
		in_len = 0;
		snprintf(req, sizeof req, "GET /who HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].headers);
		say(fd, req);
		answer(fd, &a, false);
		if (!strstr(a.body, cases[i].want))
			fail_msg("%s: %s", cases[i].headers, a.body);
		forget(&a);
		close(fd);
	}
}

static void events(void **state)
{
	int fd = dial();
	struct answer a;
	in_len = 0;
	say(fd, GET("/events"));
	answer(fd, &a, false);
	assert_string_equal(a.body, "event: tick\nid: 7\ndata: one\ndata: two\n\n:\n\n");
	forget(&a);
	close(fd);
}

static void drained(void *arg) { atomic_store(&t.drained, 1); }

/* Last: what runs is finished, what is idle is closed, nobody new is let in. */
static void drain(void **state)
{
	struct answer a;
	int idle = dial(), busy = dial(), stuck = dial(), waiting = atomic_load(&t.waiting);
	in_len = 0;
	/* A client that asks and never reads can not hold the server up: its write rate ends it. */
	for (int i = 0; i < 2000; i++)
		say(stuck, GET("/fast"));
	say(idle, GET("/fast"));
	answer(idle, &a, false);
	forget(&a);
	say(busy, GET("/wait"));
	until(&t.waiting, waiting + 1);
	http_server_drain(t.server, clock_mono_ns() + 60 * NS_PER_S, drained, NULL);
	assert_false(more(idle));
	assert_int_equal(atomic_load(&t.drained), 0);
	answer(busy, &a, false);
	assert_int_equal(a.status, 504); /* its own deadline */
	assert_string_equal(field(&a, "Connection"), "close");
	forget(&a);
	assert_false(more(busy));
	close(busy);
	close(idle);
	until(&t.drained, 1);
	close(stuck);
	struct http_server_stats s;
	http_server_stats(t.server, &s);
	assert_int_equal(s.open, 0);
	assert_int_equal(s.active, 0);
	assert_int_equal(s.requests, atomic_load(&t.done_calls));
}

/* --- set-up ------------------------------------------------------------------------------------------------------- */

static void start(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(t.server, l, &e) != ST_OK)
		abort();
}

static int set_up(void **state)
{
	struct err e = { 0 };
	struct http_server_config c = {
		.listen = { { .addr = "127.0.0.1:0" } },
		.listen_count = 1,
		.trusted_proxies = STR_INIT("127.0.0.1, 10.0.0.0/8"),
		.limits = { .arena = 24 << 20,
		            .header_time_ns = 5 * NS_PER_S,
		            .idle_ns = 5 * NS_PER_S,
		            .request_ns = 8 * NS_PER_S },
		.app = { .fast = app_fast, .handle = app_handle, .done = app_done },
	};
	t.zeros = malloc(ZEROS);
	t.page = blob_new_large(PAGE_SIZE);
	memset(t.zeros, '0', ZEROS);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		t.page->data[i] = (char)('a' + i % 26);
	strcpy(t.file, "/tmp/test_http_XXXXXX");
	close(mkstemp(t.file));
	unlink(t.file);
	if (!write_file())
		return -1;
	t.server = http_server_new(&c, &e);
	if (!t.server) {
		fprintf(stderr, "%s\n", e.msg);
		return -1;
	}
	if (offload_start(2, 100, &e) != ST_OK)
		return -1;
	t.loops = loops_start(2, start, NULL, &e);
	return t.loops ? 0 : -1;
}

static int tear_down(void **state)
{
	loops_stop_join(t.loops);
	offload_stop();
	http_server_free(t.server);
	blob_unref(t.page);
	free(t.zeros);
	unlink(t.file);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1) /* one test by name */
		cmocka_set_test_filter(argv[1]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keep_alive_and_fast),
		cmocka_unit_test(pipelining),
		cmocka_unit_test(pipelining_unread),
		cmocka_unit_test(same_page_other_heads),
		cmocka_unit_test(bodies),
		cmocka_unit_test(too_large),
		cmocka_unit_test(too_large_while_sending),
		cmocka_unit_test(chunked_out),
		cmocka_unit_test(expect_continue),
		cmocka_unit_test(head_and_empty),
		cmocka_unit_test(cold_files),
		cmocka_unit_test(ranges),
		cmocka_unit_test(conditional),
		cmocka_unit_test(compression),
		cmocka_unit_test(largest_compressed),
		cmocka_unit_test(many_headers),
		cmocka_unit_test(largest_event),
		cmocka_unit_test(faults_of_the_application),
		cmocka_unit_test(targets),
		cmocka_unit_test(hostile),
		cmocka_unit_test(slow_head_is_cut),
		cmocka_unit_test(slow_body_is_cut),
		cmocka_unit_test(idle_is_closed),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(cancelled_client),
		cmocka_unit_test(who_leaves_within_the_body_gets_no_failure),
		cmocka_unit_test(half_close_is_answered),
		cmocka_unit_test(deadline),
		cmocka_unit_test(trusted_proxy),
		cmocka_unit_test(events),
		cmocka_unit_test(drain),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
