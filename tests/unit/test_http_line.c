/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines: how many handlers of a kind are at work, who comes next, who never comes. One loop, turned by hand;
 * connections are socket pairs.
 */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/conn/http.h"
#include "net/conn/server.h"
#include "rt/fiber.h"

#define CLIENTS 12

static struct loop *loop;
static struct http_server *server;
static int client[CLIENTS];
static char handled[64]; /* the letter of each request whose handler has begun, in order */
static struct fiber *at_work[128]; /* by letter */

static void handle(struct http_req *r, void *arg)
{
	char letter = r->path.p[1];
	struct str body;
	handled[strlen(handled)] = letter;
	if (r->method == HTTP_POST) {
		if (http_body_all(r, 100, &body, NULL) == ST_OK)
			http_send(r, body);
		return;
	}
	at_work[(int)letter] = fiber_self();
	enum status st = fiber_park(FIBER_FOREVER);
	at_work[(int)letter] = NULL;
	http_status(r, st == ST_OK ? 200 : 504);
	http_send(r, str_n(r->path.p + 1, 1));
}

/* Capitals are in a line of their own, digits in none. */
static int line(const struct http_req *r, void *arg)
{
	char c = r->path.p[1];
	return c >= '0' && c <= '9' ? -1 : c >= 'A' && c <= 'Z' ? 1 : 0;
}

static int start_with(int64_t request_ns)
{
	struct http_server_config c = {
		.listen = { { .addr = "127.0.0.1:0" } }, .listen_count = 1,
		.limits = { .at_work = 2, .waiting = 3, .request_ns = request_ns },
		.app = { .handle = handle, .line = line },
	};
	memset(handled, 0, sizeof handled);
	memset(at_work, 0, sizeof at_work);
	loop = loop_new(0, NULL);
	server = http_server_new(&c, NULL);
	return loop && server && http_server_attach(server, loop, NULL) == ST_OK ? 0 : -1;
}

static int start(void **state) { return start_with(0); }
static int start_short(void **state) { return start_with(100 * INT64_C(1000000)); }

static int stop(void **state)
{
	for (int i = 0; i < CLIENTS; i++)
		if (client[i])
			close(client[i]);
	memset(client, 0, sizeof client);
	loop_run_until_idle(loop);
	struct http_server_stats s;
	http_server_stats(server, &s);
	int left = (int)(s.waiting + s.active);
	loop_free(loop);
	http_server_free(server);
	return left;
}

static void say(int i, const char *text)
{
	assert_int_equal(send(client[i], text, strlen(text), 0), strlen(text));
	loop_run_until_idle(loop);
}

static void ask(int i, char letter)
{
	char text[64];
	int fd[2];
	if (!client[i]) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		client[i] = fd[0];
		server->workers[0]->open++;
		server->open++;
		conn_new(server->workers[0], fd[1], &(struct sockaddr_storage){ .ss_family = AF_UNIX }, NULL);
	}
	snprintf(text, sizeof text, "GET /%c HTTP/1.1\r\nHost: a\r\n\r\n", letter);
	say(i, text);
}

static void finish(char letter)
{
	assert_non_null(at_work[(int)letter]);
	fiber_wake(at_work[(int)letter]);
	loop_run_until_idle(loop);
}

/* 0: none yet. */
static int status_of(int i)
{
	char text[4096];
	int status = 0;
	ssize_t n = recv(client[i], text, sizeof text - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = 0;
	sscanf(text, "HTTP/1.1 %d", &status);
	return status;
}

static unsigned waiting(void)
{
	struct http_server_stats s;
	http_server_stats(server, &s);
	return s.waiting;
}

static void test_turns(void **state)
{
	for (int i = 0; i < 5; i++)
		ask(i, (char)('a' + i));
	assert_string_equal(handled, "ab");
	assert_int_equal(waiting(), 3);
	finish('b');
	assert_string_equal(handled, "abc");
	assert_int_equal(status_of(1), 200);
	assert_int_equal(status_of(2), 0);
	finish('a');
	finish('c');
	assert_string_equal(handled, "abcde");
	ask(0, 'f'); /* who comes again stands behind */
	assert_string_equal(handled, "abcde");
	finish('d');
	assert_string_equal(handled, "abcdef");
}

static void test_others_go_on(void **state)
{
	for (int i = 0; i < 4; i++)
		ask(i, (char)('a' + i));
	ask(4, 'A');
	ask(5, '1');
	ask(6, '2');
	ask(7, '3');
	assert_string_equal(handled, "abA123");
}

static void test_full(void **state)
{
	for (int i = 0; i < 7; i++)
		ask(i, (char)('a' + i));
	assert_int_equal(waiting(), 3);
	assert_int_equal(status_of(5), 503);
	assert_int_equal(status_of(6), 503);
	assert_int_equal(status_of(4), 0);
	finish('a');
	assert_string_equal(handled, "abc");
	ask(5, 'h'); /* the connection is of use again */
	assert_int_equal(waiting(), 3);
}

static void test_client_leaves(void **state)
{
	for (int i = 0; i < 5; i++)
		ask(i, (char)('a' + i));
	close(client[2]); /* first, then last of those who wait */
	close(client[4]);
	client[2] = client[4] = 0;
	loop_run_until_idle(loop);
	assert_int_equal(waiting(), 1);
	ask(5, 'f');
	finish('a');
	finish('b');
	assert_string_equal(handled, "abdf");
}

/* Who waits for its client gives its place up, and needs none to go on. */
static void test_slow_client(void **state)
{
	ask(0, 'a');
	ask(1, '1');
	finish('1'); /* a connection */
	say(1, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12");
	ask(2, 'b');
	ask(3, 'c');
	assert_string_equal(handled, "a1pb");
	say(1, "34");
	(void)!status_of(1);
	assert_string_equal(handled, "a1pb"); /* two still have their places */
	finish('a');
	assert_string_equal(handled, "a1pbc");
	finish('b');
	finish('c');
	ask(4, 'd');
	ask(5, 'e');
	ask(6, 'f');
	assert_string_equal(handled, "a1pbcde");
}

static void test_deadline(void **state)
{
	for (int i = 0; i < 4; i++)
		ask(i, (char)('a' + i));
	int status[4] = { 0 };
	for (int turn = 0; turn < 3000 && !(status[0] && status[1] && status[2] && status[3]); turn++) {
		usleep(10000);
		loop_run_until_idle(loop);
		for (int i = 0; i < 4; i++)
			status[i] = status[i] ? status[i] : status_of(i);
	}
	assert_int_equal(status[0], 504);
	assert_int_equal(status[1], 504);
	/* The deadline of these two passed at the same time: they were answered, begun or not. */
	assert_true(status[2] == 503 || status[2] == 504);
	assert_true(status[3] == 503 || status[3] == 504);
	assert_int_equal(waiting(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, start, stop),
		cmocka_unit_test_setup_teardown(test_others_go_on, start, stop),
		cmocka_unit_test_setup_teardown(test_full, start, stop),
		cmocka_unit_test_setup_teardown(test_client_leaves, start, stop),
		cmocka_unit_test_setup_teardown(test_slow_client, start, stop),
		cmocka_unit_test_setup_teardown(test_deadline, start_short, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
