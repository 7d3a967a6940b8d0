/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x syntax: heads and chunked bodies that are accepted or refused. Each is fed whole, and cut at every byte
 * from a buffer of exactly that size, so that a read past the end is seen by AddressSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/h1/h1_parser.h"

#define H "Host: example.org\r\n"

struct head_case {
	const char *what;
	struct str in;
	int status; /* 0: accepted */
};
#define CASE(what, text, status) { what, STR_INIT(text), status }

static const struct head_case heads[] = {
	CASE("plain", "GET / HTTP/1.1\r\n" H "\r\n", 0),
	CASE("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0),
	CASE("one empty line before", "\r\nGET / HTTP/1.1\r\n" H "\r\n", 0),
	CASE("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400),
	CASE("empty value", "GET / HTTP/1.1\r\n" H "X:\r\n\r\n", 0),
	CASE("white space round a value", "GET / HTTP/1.1\r\n" H "X: \t a \t\r\n\r\n", 0),
	CASE("obs-text in a value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa9\r\n\r\n", 0),
	CASE("query as browsers send it", "GET /a?b={x}|[y]^`z HTTP/1.1\r\n" H "\r\n", 0),
	CASE("body", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", 0),
	CASE("chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n", 0),
	CASE("Host with port", "GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n", 0),
	CASE("Host IPv6", "GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n", 0),
	CASE("absolute form", "GET http://example.org/x HTTP/1.1\r\n" H "\r\n", 0),
	CASE("absolute form, case", "GET HTTP://Example.ORG HTTP/1.1\r\n" H "\r\n", 0),
	CASE("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0),
	CASE("Expect", "PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 0),
	CASE("unusual method", "PROPFIND / HTTP/1.1\r\n" H "\r\n", 0),

	CASE("HTTP/0.9", "GET /\r\n", 400),
	CASE("HTTP/0.9 said so", "GET / HTTP/0.9\r\n" H "\r\n", 505),
	CASE("HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 505),
	CASE("HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 505),
	CASE("HTTP/1.10", "GET / HTTP/1.10\r\n" H "\r\n", 400),
	CASE("http lower case", "GET / http/1.1\r\n" H "\r\n", 400),
	CASE("no version", "GET / \r\n" H "\r\n", 400),
	CASE("two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 400),
	CASE("tab for space", "GET\t/ HTTP/1.1\r\n" H "\r\n", 400),
	CASE("space in the target", "GET /a b HTTP/1.1\r\n" H "\r\n", 400),
	CASE("space after the version", "GET / HTTP/1.1 \r\n" H "\r\n", 400),
	CASE("space before the method", " GET / HTTP/1.1\r\n" H "\r\n", 400),
	CASE("bad method token", "G@T / HTTP/1.1\r\n" H "\r\n", 400),
	CASE("method with colon", "GET: / HTTP/1.1\r\n" H "\r\n", 400),
	CASE("endless method", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n" H "\r\n", 501),
	CASE("CONNECT", "CONNECT example.org:443 HTTP/1.1\r\n" H "\r\n", 501),
	CASE("GET *", "GET * HTTP/1.1\r\n" H "\r\n", 400),
	CASE("target without slash", "GET index.html HTTP/1.1\r\n" H "\r\n", 400),
	CASE("fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 400),
	CASE("backslash in the target", "GET /a\\b HTTP/1.1\r\n" H "\r\n", 400),
	CASE("raw UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400),
	CASE("NUL in the target", "GET /\0 HTTP/1.1\r\n" H "\r\n", 400),
	CASE("DEL in the target", "GET /\x7f HTTP/1.1\r\n" H "\r\n", 400),
	CASE("bare LF after the request line", "GET / HTTP/1.1\n" H "\r\n", 400),
	CASE("bare LF after a field", "GET / HTTP/1.1\r\nHost: example.org\n\r\n", 400),
	CASE("bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", 400),
	CASE("bare CR in a value", "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 400),
	CASE("CR CR LF", "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", 400),
	CASE("bare CR in the request line", "GET /\r HTTP/1.1\r\n" H "\r\n", 400),
	CASE("NUL in a value", "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", 400),
	CASE("NUL in a name", "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n", 400),
	CASE("control in a value", "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", 400),
	CASE("DEL in a value", "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", 400),
	CASE("space before the colon", "GET / HTTP/1.1\r\nHost : example.org\r\n\r\n", 400),
	CASE("tab before the colon", "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n", 400),
	CASE("no colon", "GET / HTTP/1.1\r\n" H "Nothing\r\n\r\n", 400),
	CASE("empty name", "GET / HTTP/1.1\r\n" H ": a\r\n\r\n", 400),
	CASE("folded line", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400),
	CASE("folded first line", "GET / HTTP/1.1\r\n " H "\r\n", 400),
	CASE("no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400),
	CASE("two Hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 400),
	CASE("two Hosts in 1.0", "GET / HTTP/1.0\r\n" H "Host: b\r\n\r\n", 400),
	CASE("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
	CASE("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
	CASE("Host with userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
	CASE("Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
	CASE("Host with a bad port", "GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n", 400),
	CASE("absolute form, other Host", "GET http://other.org/ HTTP/1.1\r\n" H "\r\n", 400),
	CASE("absolute form, userinfo", "GET http://u@example.org/ HTTP/1.1\r\n" H "\r\n", 400),
	CASE("absolute form, other scheme", "GET ftp://example.org/ HTTP/1.1\r\n" H "\r\n", 400),
	CASE("absolute form, no authority", "GET http:///x HTTP/1.1\r\n" H "\r\n", 400),
	CASE("differing Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
	CASE("same Content-Length twice", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
	        400),
	CASE("Content-Length list", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 400),
	CASE("signed Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", 400),
	CASE("negative Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", 400),
	CASE("hexadecimal Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 400),
	CASE("empty Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400),
	CASE("spaced Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: 1 0\r\n\r\n", 400),
	CASE("overflowing Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n", 400),
	CASE("Content-Length with chunked",
	        "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	CASE("chunked with Content-Length",
	        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
	CASE("chunked twice",
	        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	CASE("chunked listed twice", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n", 501),
	CASE("unknown coding", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
	CASE("identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 501),
	CASE("xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 501),
	CASE("vertical tab before chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \vchunked\r\n\r\n", 400),
	CASE("chunked in 1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 400),
	CASE("unknown expectation", "POST / HTTP/1.1\r\n" H "Expect: cake\r\n\r\n", 417),
	CASE("TLS hello", "\x16\x03\x01\x02", 400),
	CASE("shared prefix of h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
};

/* The result when the first n bytes lie in an allocation of n bytes. */
static enum h1_result parse_exact(struct h1_head *h, const char *in, size_t n, size_t *used)
{
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, in, n);
	enum h1_result r = h1_head_parse(h, copy, n, used);
	free(copy);
	return r;
}

static void check_head(const struct head_case *c, struct h1_head *h, enum h1_result r, size_t used)
{
	if (c->status == 0 && (r != H1_DONE || used != c->in.n))
		fail_msg("%s: refused with %d %s", c->what, r == H1_BAD ? h->status : 0,
		        r == H1_BAD ? h->why : "(more)");
	if (c->status != 0 && (r != H1_BAD || h->status != c->status))
		fail_msg("%s: expected %d, got %d", c->what, c->status, r == H1_BAD ? h->status : -(int)r);
}

static void heads_whole_and_bytewise(void **state)
{
	(void)state;
	const struct http_limits none = { 0 };
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const struct head_case *c = &heads[i];
		struct h1_head h;
		size_t used = 0, n = 0;
		h1_head_init(&h, &none);
		enum h1_result r = parse_exact(&h, c->in.p, c->in.n, &used);
		check_head(c, &h, r, used);

		h1_head_init(&h, &none);
		r = H1_MORE;
		while (r == H1_MORE && n < c->in.n)
			r = parse_exact(&h, c->in.p, ++n, &used);
		check_head(c, &h, r, used);
	}
}

static void spans(void **state)
{
	(void)state;
	static const char in[] = "POST http://Example.org/a?b HTTP/1.1\r\nhost: example.org\r\nX-Y:  v w \r\n"
	                         "Content-Length: 12\r\nConnection: foo , close\r\n\r\nnext";
	struct h1_head h;
	size_t used;
	h1_head_init(&h, &(struct http_limits){ 0 });
	assert_int_equal(h1_head_parse(&h, in, sizeof in - 1, &used), H1_DONE);
	assert_int_equal(used, sizeof in - 1 - 4);
	assert_memory_equal(in + h.method.off, "POST", h.method.len);
	assert_int_equal(h.target.len, 4);
	assert_memory_equal(in + h.target.off, "/a?b", 4);
	assert_memory_equal(in + h.authority.off, "Example.org", h.authority.len);
	assert_int_equal(h.count, 4);
	assert_int_equal(h.fields[1].value.len, 3);
	assert_memory_equal(in + h.fields[1].value.off, "v w", 3);
	assert_int_equal(h.body_len, 12);
	assert_false(h.keep_alive);
}

static void keep_alive(void **state)
{
	(void)state;
	static const struct { const char *in; bool keep; } t[] = {
		{ "GET / HTTP/1.1\r\n" H "\r\n", true },
		{ "GET / HTTP/1.1\r\n" H "Connection: Close\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct h1_head h;
		size_t used;
		h1_head_init(&h, &(struct http_limits){ 0 });
		assert_int_equal(h1_head_parse(&h, t[i].in, strlen(t[i].in), &used), H1_DONE);
		assert_int_equal(h.keep_alive, t[i].keep);
	}
}

/* Limits hold for unfinished lines too: nobody waits for the end of a line that is already too long. */
static void limits(void **state)
{
	(void)state;
	const struct http_limits l = { .target = 1000, .headers = 2000, .header_count = 10 };
	static char in[70000];
	struct h1_head h;
	size_t used;
	memset(in, 'a', sizeof in);
	memcpy(in, "GET /", 5);
	h1_head_init(&h, &l);
	assert_int_equal(h1_head_parse(&h, in, 1000, &used), H1_MORE);
	assert_int_equal(h1_head_parse(&h, in, 1100, &used), H1_BAD);
	assert_int_equal(h.status, 414);

	memcpy(in + 1001, " HTTP/1.1\r\n", 11); /* 1001 - 4 = 997 bytes of target */
	h1_head_init(&h, &l);
	assert_int_equal(h1_head_parse(&h, in, 1012 + 2000, &used), H1_MORE);
	assert_int_equal(h1_head_parse(&h, in, 1012 + 2001, &used), H1_BAD);
	assert_int_equal(h.status, 431);

	size_t n = (size_t)snprintf(in, sizeof in, "GET / HTTP/1.1\r\n" H);
	for (int i = 0; i < 10; i++)
		n += (size_t)snprintf(in + n, sizeof in - n, "X-%d: y\r\n", i);
	h1_head_init(&h, &l);
	assert_int_equal(h1_head_parse(&h, in, n, &used), H1_BAD);
	assert_int_equal(h.status, 431);
}

struct chunk_case {
	const char *what;
	struct str in;
	const char *out; /* NULL: refused */
};
#define CHUNKS(what, text, out) { what, STR_INIT(text), out }

static const struct chunk_case chunk_cases[] = {
	CHUNKS("empty", "0\r\n\r\n", ""),
	CHUNKS("one", "5\r\nhello\r\n0\r\n\r\n", "hello"),
	CHUNKS("two, upper and lower hex", "A\r\n0123456789\r\nb\r\nabcdefghijk\r\n0\r\n\r\n", "0123456789abcdefghijk"),
	CHUNKS("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"),
	CHUNKS("extensions", "5;a;b=c;d=\"e;\\\"f\"\r\nhello\r\n0;x\r\n\r\n", "hello"),
	CHUNKS("trailers", "5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 5\r\n\r\n", "hello"),
	CHUNKS("line ends in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"),

	CHUNKS("0x5", "0x5\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("signed", "+5\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("negative", "-5\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("empty size", "\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("space after the size", "5 \r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("space before the size", " 5\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("largest that overflows", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("bare LF after the size", "5\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("bare CR in an extension", "5;a=\"\r\"\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("bare LF after the data", "5\r\nhello\n0\r\n\r\n", NULL),
	CHUNKS("bare CR after the data", "5\r\nhello\rx0\r\n\r\n", NULL),
	CHUNKS("data longer than its size", "3\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("NUL in an extension", "5;\0\r\nhello\r\n0\r\n\r\n", NULL),
	CHUNKS("bare LF after a trailer", "0\r\nX: y\n\r\n", NULL),
	CHUNKS("folded trailer", "0\r\nX: y\r\n z\r\n\r\n", NULL),
	CHUNKS("space in a trailer's name", "0\r\nX : y\r\n\r\n", NULL),
	CHUNKS("bare LF at the end", "0\r\n\n", NULL),
};

static void check_chunks(const struct chunk_case *c, size_t step)
{
	struct h1_chunks k = { 0 };
	char out[256];
	size_t n = 0, pos = 0, have = 0;
	enum h1_result r = H1_MORE;
	while (r != H1_BAD && r != H1_DONE) {
		if (r == H1_MORE) {
			if (have == c->in.n)
				break;
			have = have + step < c->in.n ? have + step : c->in.n;
		}
		size_t used = 0, len = have - pos;
		struct str d = STR_NULL;
		char *copy = malloc(len ? len : 1);
		memcpy(copy, c->in.p + pos, len);
		r = h1_chunks_next(&k, copy, len, 3, &used, &d);
		assert_true(used <= len);
		if (r == H1_DATA) {
			assert_true(d.n <= 3 && n + d.n <= sizeof out);
			memcpy(out + n, d.p, d.n);
			n += d.n;
		}
		pos += used;
		free(copy);
	}
	if (!c->out && r != H1_BAD)
		fail_msg("chunks %s (step %zu): not refused", c->what, step);
	if (c->out && (r != H1_DONE || pos != c->in.n || n != strlen(c->out) || memcmp(out, c->out, n)))
		fail_msg("chunks %s (step %zu): result %d %s", c->what, step, (int)r, k.why ? k.why : "");
}

static void chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof chunk_cases / sizeof *chunk_cases; i++)
		for (size_t step = 1; step < 64; step = step * 2 + 1)
			check_chunks(&chunk_cases[i], step);
}

static void chunk_limits(void **state)
{
	(void)state;
	static char in[10000];
	struct h1_chunks k = { 0 };
	struct str d;
	size_t used;
	memset(in, 'a', sizeof in);
	memcpy(in, "5;", 2);
	assert_int_equal(h1_chunks_next(&k, in, 1000, 100, &used, &d), H1_MORE);
	assert_int_equal(h1_chunks_next(&k, in, 1100, 100, &used, &d), H1_BAD);

	memset(&k, 0, sizeof k);
	assert_int_equal(h1_chunks_next(&k, "0\r\n", 3, 100, &used, &d), H1_MORE);
	size_t lines = 0;
	enum h1_result r = H1_MORE;
	while (r == H1_MORE && lines++ < 10000)
		r = h1_chunks_next(&k, "X: yyyyyyyyyyyyyyy\r\n", 20, 100, &used, &d);
	assert_int_equal(r, H1_BAD);
	assert_true(lines < 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_whole_and_bytewise), cmocka_unit_test(spans), cmocka_unit_test(keep_alive),
		cmocka_unit_test(limits), cmocka_unit_test(chunks), cmocka_unit_test(chunk_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
