/* SPDX-License-Identifier: Apache-2.0
 *
 * What peers that don't read make a server hold, all together: 16 HTTP/1.1 connections with a small receive buffer ask
 * for answers of eight mebibytes, of a server that may hold 16. (One connection's bound and HTTP/2: test_h2.)
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn/http.h"
#include "rt/loop.h"

#define MIB ((size_t)1 << 20)
enum { UNREAD = 16, ANSWER_MIB = 8, HELD_MIB = 16 }; /* more than the kernel takes for a connection */

static struct http_server *server;
static struct loops *loops;

static void handle(struct http_req *r, void *arg)
{
	if (str_eqc(r->path, "/much")) {
		char *p = arena_alloc(r->ctx.arena, ANSWER_MIB * MIB);
		memset(p, 'm', ANSWER_MIB * MIB);
		http_send(r, str_n(p, ANSWER_MIB * MIB));
	} else {
		http_send(r, STR("little"));
	}
}

static void attach(struct loop *l, void *arg)
{
	if (http_server_attach(server, l, NULL) != ST_OK)
		abort();
}

static int start(void **state)
{
	struct http_server_config c = { .listen = { { .addr = "127.0.0.1:0" } },
		.listen_count = 1,
		.limits = { .memory = HELD_MIB * MIB, .arena = 16 * MIB },
		.app = { .handle = handle } };
	server = http_server_new(&c, NULL);
	loops = server ? loops_start(2, attach, NULL, NULL) : NULL;
	return loops ? 0 : -1;
}

static int stop(void **state)
{
	loops_stop_join(loops);
	http_server_free(server);
	return 0;
}

static int ask(const char *path)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server, 0)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char text[100];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	return fd;
}

static struct http_server_stats stats(void)
{
	struct http_server_stats s;
	http_server_stats(server, &s);
	return s;
}

/* Who reads is answered while the others are held back, and is proof that the loops have gone on. */
static void small_one_is_served(void)
{
	char text[1000];
	ssize_t n;
	int fd = ask("/");
	n = recv(fd, text, sizeof text - 1, 0);
	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, "200 OK"));
	close(fd);
}

static void the_server_holds_no_more_than_it_may(void **state)
{
	int fd[UNREAD];
	size_t most = 0;
	for (int i = 0; i < UNREAD; i++)
		fd[i] = ask("/much");
	/* Each is answered, refused or cut: until then there is more to come. */
	while (stats().requests < UNREAD || stats().active)
		small_one_is_served();
	for (int i = 0; i < 100; i++) {
		small_one_is_served();
		most = stats().owed > most ? stats().owed : most;
	}
	assert_true(most > MIB);
	assert_true(most <= (HELD_MIB + ANSWER_MIB + 1) * MIB);
	for (int i = 0; i < UNREAD; i++)
		close(fd[i]);
	while (stats().open)
		usleep(1000);
	assert_int_equal(stats().owed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_server_holds_no_more_than_it_may) };
	return cmocka_run_group_tests(tests, start, stop);
}
