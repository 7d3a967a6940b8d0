/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls between the processes of a site are believed by their signature alone: every address under /internal/ takes
 * what is signed for it, and refuses it with anything altered. Over a real server on the loopback, with the answering
 * side's own routes; the clock stands still.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/config/config.h"
#include "platform/receive/receive.h"
#include "rt/offload.h"

#define NOW_US (INT64_C(1790000000) * US_PER_S)
#define WINDOW_US (60 * US_PER_S) /* internal.h: a minute either way */
#define SECRET "0123456789abcdef0123456789abcdef"

static struct { struct platform p; struct service_instance svc; struct http_server *server; struct loops *loops; } t;

static const struct route no_routes[] = { { 0 } };
static const struct service service = {
	.name = "here", .title = "Here", .mount = "/", .summary = "x", .routes = no_routes
};
static const struct service *const services[] = { &service, NULL };

/* --- the addresses, each with a body that it takes ---------------------------------------------------------------- */

static const struct { const char *path, *body; } addresses[] = {
	{ "/internal/contracts/nobody/nothing", "{}" },
	{ "/internal/fragments", "{\"service\":\"here\",\"pieces\":[]}" },
	{ "/internal/events", "{\"service\":\"here\",\"origin\":\"here\",\"events\":[]}" },
};
enum { ADDRESSES = sizeof addresses / sizeof *addresses };

/* --- what may be wrong with a call -------------------------------------------------------------------------------- */

/* signed_as …: what the signature is made of; empty: as it is sent. */
struct call {
	const char *what;
	bool taken;
	const char *secret, *signed_method, *signed_path, *signed_body, *sent_after_path;
	int64_t ahead_us;         /* of the moment that is signed */
	int64_t said_ahead_us;    /* of the one that stands in the header */
	const char *header;       /* instead of a signature; "" : none */
};

static const struct call calls[] = {
	{ .what = "a good one", .taken = true },
	{ .what = "a minute old", .taken = true, .ahead_us = -WINDOW_US, .said_ahead_us = -WINDOW_US },
	{ .what = "of a clock a minute ahead", .taken = true, .ahead_us = WINDOW_US, .said_ahead_us = WINDOW_US },
	{ .what = "another key", .secret = "0123456789abcdef0123456789abcdeF" },
	{ .what = "a key of no length", .secret = "" },
	{ .what = "another body", .signed_body = "{\"service\":\"here\",\"pieces\":[] }" },
	{ .what = "no body signed", .signed_body = "" },
	{ .what = "another path", .signed_path = "/internal/contracts/nobody/nothinG" },
	{ .what = "another method", .signed_method = "GET" },
	{ .what = "a query that was not signed", .sent_after_path = "?x=1" },
	{ .what = "older than a minute", .ahead_us = -WINDOW_US - 1, .said_ahead_us = -WINDOW_US - 1 },
	{ .what = "more than a minute ahead", .ahead_us = WINDOW_US + 1, .said_ahead_us = WINDOW_US + 1 },
	{ .what = "an old one that calls itself new", .ahead_us = -WINDOW_US - 1, .said_ahead_us = 0 },
	{ .what = "no header", .header = "" },
	{ .what = "a header without a signature", .header = "1790000000000000." },
	{ .what = "a header without a time",
	        .header = "0000000000000000000000000000000000000000000000000000000000000000" },
	{ .what = "a signature of noughts",
	        .header = "1790000000000000.0000000000000000000000000000000000000000000000000000000000000000" },
	{ .what = "a time that is no number",
	        .header = "now.0000000000000000000000000000000000000000000000000000000000000000" },
};

/* --- a client ----------------------------------------------------------------------------------------------------- */

/* The value of the header; out is INTERNAL_SIGNATURE_MAX bytes. A key that internal_sign refuses signs nothing: noughts
 * then. */
static void sign(const struct call *c, const char *path, const char *body, char out[INTERNAL_SIGNATURE_MAX])
{
	char sum[INTERNAL_SIGNATURE_MAX];
	long long said = NOW_US + c->said_ahead_us;
	if (!internal_sign(str_c(c->secret ? c->secret : SECRET), c->signed_method ? c->signed_method : "POST",
	            str_c(c->signed_path ? c->signed_path : path), str_c(c->signed_body ? c->signed_body : body),
	            NOW_US + c->ahead_us, sum))
		snprintf(sum, sizeof sum, "0.%064d", 0);
	snprintf(out, INTERNAL_SIGNATURE_MAX, "%lld%s", said, strchr(sum, '.'));
}

/* Status of the answer. */
static int post(const char *path, const char *headers, const char *body)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(t.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 20 };
	char request[2000], answer[4000];
	size_t got = 0;
	int status = 0,
	    n = snprintf(request, sizeof request,
	            "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n%s"
	            "Content-Length: %zu\r\n\r\n%s",
	            path, headers, strlen(body), body);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(write(fd, request, (size_t)n), n);
	for (ssize_t k; got + 1 < sizeof answer && (k = read(fd, answer + got, sizeof answer - 1 - got)) > 0;)
		got += (size_t)k;
	close(fd);
	answer[got] = 0;
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
	return status;
}

static int send_call(const struct call *c, const char *path, const char *body)
{
	char headers[200] = "", signature[INTERNAL_SIGNATURE_MAX], target[200];
	sign(c, path, body, signature);
	if (!c->header || *c->header)
		snprintf(headers, sizeof headers, INTERNAL_HEADER ": %s\r\n", c->header ? c->header : signature);
	snprintf(target, sizeof target, "%s%s", path, c->sent_after_path ? c->sent_after_path : "");
	return post(target, headers, body);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void every_address_takes_what_is_signed_for_it_and_nothing_else(void **state)
{
	for (unsigned i = 0; i < ADDRESSES; i++)
		for (unsigned k = 0; k < sizeof calls / sizeof *calls; k++) {
			int status = send_call(&calls[k], addresses[i].path, addresses[i].body);
			/* Without the header there is no such address at all, for whoever looks around. */
			int refused = calls[k].header && !*calls[k].header ? 404 : 403;
			if (status != (calls[k].taken ? 200 : refused))
				fail_msg("%s: %s got %d", addresses[i].path, calls[k].what, status);
		}
}

/* A signature for one address opens no other. */
static void a_signature_is_good_for_its_address_alone(void **state)
{
	char headers[200], signature[INTERNAL_SIGNATURE_MAX];
	for (unsigned from = 0; from < ADDRESSES; from++)
		for (unsigned to = 0; to < ADDRESSES; to++) {
			sign(&(struct call){ 0 }, addresses[from].path, addresses[to].body, signature);
			snprintf(headers, sizeof headers, INTERNAL_HEADER ": %s\r\n", signature);
			assert_int_equal(post(addresses[to].path, headers, addresses[to].body), from == to ? 200 : 403);
		}
}

/* Each of the routes is in the table above: one that is added without a check of the signature would be noticed. */
static void every_route_is_tried(void **state)
{
	unsigned routes = 0;
	for (const struct route *r = receive_routes; r->method; r++)
		routes++;
	assert_int_equal(routes, ADDRESSES);
}

/* Each character of a signature counts. */
static void a_signature_with_one_character_altered(void **state)
{
	char good[INTERNAL_SIGNATURE_MAX], altered[INTERNAL_SIGNATURE_MAX];
	struct str secret = STR(SECRET), path = STR("/internal/events"), body = STR("{}");
	assert_true(internal_sign(secret, "POST", path, body, NOW_US, good));
	assert_true(internal_verify(secret, "POST", path, body, str_c(good), NOW_US));
	assert_false(internal_verify(STR("short"), "POST", path, body, str_c(good), NOW_US));
	for (size_t i = 0; good[i]; i++) {
		memcpy(altered, good, sizeof altered);
		altered[i] = altered[i] == '1' ? '2' : '1';
		assert_false(internal_verify(secret, "POST", path, body, str_c(altered), NOW_US));
	}
	snprintf(altered, sizeof altered, "%s0", good);
	assert_false(internal_verify(secret, "POST", path, body, str_c(altered), NOW_US));
	assert_false(internal_verify(secret, "POST", path, body, str_first(str_c(good), strlen(good) - 1), NOW_US));
}

/* --- set-up ------------------------------------------------------------------------------------------------------- */

static void attach(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(t.server, l, &e) != ST_OK)
		abort();
}

static int setup(void **state)
{
	static const struct route *const extra[] = { receive_routes, NULL };
	struct err e = { 0 };
	struct config_source src = { 0 };
	clock_fake_us(NOW_US);
	t.p = (struct platform){ .config = config_load(&src, services, &e),
		.secret = STR(SECRET),
		.data_dir = STR("/tmp"),
		.services = &t.svc,
		.service_count = 1 };
	t.svc = (struct service_instance){ .def = &service,
		.platform = &t.p,
		.base_url = STR("http://localhost:1"),
		.base_path = STR(""),
		.local = true };
	t.p.identity = &t.svc;
	t.p.web = t.p.config ? web_app_new(&t.p, extra, &e) : NULL;
	struct http_server_config c = { .listen_count = 1, .limits = { .arena = 16 << 20 } };
	c.listen[0].addr = "127.0.0.1:0";
	if (t.p.web)
		web_app_http(t.p.web, WEB_PUBLIC, &c.app);
	t.server = t.p.web ? http_server_new(&c, &e) : NULL;
	if (!t.server || offload_start(2, 100, &e) != ST_OK || !(t.loops = loops_start(1, attach, NULL, &e))) {
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
	config_free((struct config *)(uintptr_t)t.p.config);
	clock_fake_us(0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_with_one_character_altered),
		cmocka_unit_test(every_route_is_tried),
		cmocka_unit_test(every_address_takes_what_is_signed_for_it_and_nothing_else),
		cmocka_unit_test(a_signature_is_good_for_its_address_alone),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
