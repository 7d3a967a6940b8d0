/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asked, behind a trusted proxy: one header counts, and of it what trusted ones vouch for. Each case once with
 * either header configured; the request comes from 127.0.0.1, and 127.0.0.1, 10.0.0.0/8 and fd00::/8 are trusted.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "net/conn/server.h"

#define X_FOR   "x-forwarded-for"
#define X_PROTO "x-forwarded-proto"
#define FWD     "forwarded"

struct field { const char *name, *value; };
static const struct { struct field in[4]; const char *x_forwarded, *forwarded; } cases[] = {
	/* The proxy's own word. */
	{ { { X_FOR, "203.0.113.9" }, { X_PROTO, "https" } }, "203.0.113.9 https", "127.0.0.1 http" },
	{ { { FWD, "for=203.0.113.9;proto=https" } }, "127.0.0.1 http", "203.0.113.9 https" },
	{ { { FWD, "For=\"[2001:db8::1]:80\";Proto=HTTPS" } }, "127.0.0.1 http", "2001:db8::1 https" },
	{ { { X_FOR, "2001:db8::1" } }, "2001:db8::1 http", "127.0.0.1 http" },
	{ { { X_FOR, "203.0.113.9:4711" } }, "203.0.113.9 http", "127.0.0.1 http" },
	/* A client put the other header in front of it, and more of the same. */
	{ { { FWD, "for=198.51.100.1;proto=https" }, { X_FOR, "203.0.113.9" }, { X_PROTO, "http" } },
	        "203.0.113.9 http", "198.51.100.1 https" },
	{ { { X_FOR, "198.51.100.1" }, { X_PROTO, "https" }, { FWD, "for=203.0.113.9;proto=http" } },
	        "198.51.100.1 https", "203.0.113.9 http" },
	{ { { X_FOR, "198.51.100.1, 203.0.113.9" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { X_FOR, "198.51.100.1" }, { X_FOR, "203.0.113.9" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { FWD, "for=198.51.100.1;proto=https" }, { FWD, "for=203.0.113.9;proto=http" } }, "127.0.0.1 http",
	        "203.0.113.9 http" },
	{ { { FWD, "for=198.51.100.1;proto=https, for=203.0.113.9;proto=http" } }, "127.0.0.1 http",
	        "203.0.113.9 http" },
	{ { { FWD, "for=\"198.51.100.1, for=203.0.113.9;proto=http" } }, "127.0.0.1 http", "203.0.113.9 http" },
	/* An address that is trusted is a client's word too, unless a trusted one says it. */
	{ { { X_FOR, "10.0.0.7, 203.0.113.9" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { X_FOR, "198.51.100.1, 203.0.113.9, 10.1.2.3" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { X_FOR, "198.51.100.1, 203.0.113.9, ::ffff:10.1.2.3, fd00::5" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { FWD, "for=198.51.100.1, for=203.0.113.9;proto=https, for=10.1.2.3;proto=http" } }, "127.0.0.1 http",
	        "203.0.113.9 https" },
	/* The scheme: of a list the last, which the proxy added. */
	{ { { X_FOR, "203.0.113.9" }, { X_PROTO, "https, http" } }, "203.0.113.9 http", "127.0.0.1 http" },
	{ { { X_FOR, "203.0.113.9" }, { X_PROTO, "http, https" } }, "203.0.113.9 https", "127.0.0.1 http" },
	{ { { X_FOR, "203.0.113.9" }, { X_PROTO, "https" }, { X_PROTO, "http" } }, "203.0.113.9 http",
	        "127.0.0.1 http" },
	{ { { FWD, "for=203.0.113.9" }, { X_PROTO, "https" } }, "127.0.0.1 https", "203.0.113.9 http" },
	/* No address: the last one known stays. */
	{ { { X_FOR, "nonsense" } }, "127.0.0.1 http", "127.0.0.1 http" },
	{ { { X_FOR, "203.0.113.9, unknown" } }, "127.0.0.1 http", "127.0.0.1 http" },
	{ { { X_FOR, "203.0.113.9, , 10.0.0.1" } }, "10.0.0.1 http", "127.0.0.1 http" },
	{ { { FWD, "for=_hidden;proto=https" } }, "127.0.0.1 http", "127.0.0.1 https" },
	/* Headers that look like it. */
	{ { { "x-real-ip", "198.51.100.1" }, { "x-client-ip", "198.51.100.1" }, { "x-forwarded", "for=198.51.100.1" } },
	        "127.0.0.1 http", "127.0.0.1 http" },
};

static void said(const struct proxy_nets *nets, enum http_proxy_header header, const struct field *in,
        char out[HTTP_PEER_MAX + 8])
{
	struct http_header headers[4];
	struct http_req r = { .headers = headers };
	struct sockaddr_in *from = (struct sockaddr_in *)&r.peer;
	char peer[HTTP_PEER_MAX];
	from->sin_family = AF_INET;
	from->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (; r.header_count < 4 && in[r.header_count].name; r.header_count++)
		headers[r.header_count] = (struct http_header){ str_c(in[r.header_count].name),
			str_c(in[r.header_count].value) };
	assert_true(proxy_trusts(nets, &r.peer));
	proxy_apply(nets, header, &r);
	http_peer_text(&r, peer);
	snprintf(out, HTTP_PEER_MAX + 8, "%s %s", peer, r.secure ? "https" : "http");
}

static void one_header_counts(void **state)
{
	struct proxy_nets nets;
	char got[HTTP_PEER_MAX + 8];
	assert_int_equal(proxy_nets_parse(&nets, STR("127.0.0.1, 10.0.0.0/8, fd00::/8"), NULL), ST_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		said(&nets, HTTP_PROXY_X_FORWARDED, cases[i].in, got);
		if (strcmp(got, cases[i].x_forwarded))
			fail_msg("case %zu, x-forwarded-for: %s, not %s", i, got, cases[i].x_forwarded);
		said(&nets, HTTP_PROXY_FORWARDED, cases[i].in, got);
		if (strcmp(got, cases[i].forwarded))
			fail_msg("case %zu, forwarded: %s, not %s", i, got, cases[i].forwarded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_header_counts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
