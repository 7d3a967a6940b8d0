/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of what lasts, for tests/e2e/test_disconnects.py, since no page of the site lasts yet: GET /events sends
 * events until its client leaves, /socket echoes over WebSocket, /large answers 8 MiB in pieces, POST /echo answers
 * what it was sent; GET /counts tells what is under way.
 *
 *     streams LOOPS       prints "ready http://127.0.0.1:PORT/ 0"; SIGTERM ends it
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/http.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define LARGE (8u << 20)
#define BODY_MAX (1u << 20)
#define TICK_NS (2 * NS_PER_MS)
#define DRAIN_NS (10 * NS_PER_S)

static struct http_server *server;
static struct loops *loops;
static sem_t over;

static void send_events(struct http_req *r)
{
	static const char text[2000] = { [0 ... 1998] = 'e' };
	enum status st = sse_begin(r);
	while (st == ST_OK) {
		st = sse_send(r, "tick", NULL, str_c(text));
		if (st == ST_OK)
			st = fiber_sleep_ns(TICK_NS);
	}
}

static void echo_socket(struct http_req *r)
{
	struct ws_msg m;
	struct ws *w = ws_accept(r, NULL, 64 << 10);
	while (w && ws_recv(w, &m, FIBER_FOREVER) == ST_OK)
		if (ws_send(w, m.binary, m.data) != ST_OK)
			break;
}

static void send_large(struct http_req *r)
{
	static const char piece[64 << 10];
	enum status st = http_begin(r, LARGE);
	for (size_t sent = 0; st == ST_OK && sent < LARGE; sent += sizeof piece)
		st = http_write(r, piece, sizeof piece);
	if (st == ST_OK)
		http_end(r);
}

static void echo_body(struct http_req *r)
{
	struct str body;
	struct err e = { 0 };
	if (http_body_all(r, BODY_MAX, &body, &e) == ST_OK)
		http_send(r, body);
}

static void send_counts(struct http_req *r)
{
	struct http_server_stats s;
	unsigned fibers = 0;
	http_server_stats(server, &s);
	for (unsigned i = 0; i < loops_count(loops); i++)
		fibers += fiber_count(loops_get(loops, i));
	http_send(r,
	        arena_strf(r->ctx.arena, "{\"open\":%u,\"active\":%u,\"waiting\":%u,\"owed\":%zu,\"fibers\":%u}\n",
	                s.open, s.active, s.waiting, s.owed, fibers));
}

static void handle(struct http_req *r, void *arg)
{
	static const struct { const char *path; void (*answer)(struct http_req *r); } paths[] = {
		{ "/events", send_events },
		{ "/socket", echo_socket },
		{ "/large", send_large },
		{ "/echo", echo_body },
		{ "/counts", send_counts },
	};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (str_eqc(r->path, paths[i].path)) {
			paths[i].answer(r);
			return;
		}
	http_status(r, 404);
	http_send(r, STR("not found\n"));
}

static void drained(void *arg)
{
	sem_post(&over);
}

static void on_signal(int signo, void *arg)
{
	if (signo == SIGTERM)
		http_server_drain(server, clock_mono_ns() + DRAIN_NS, drained, NULL);
}

static void start(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(server, l, &e) != ST_OK ||
	        (loop_index(l) == 0 && loop_signals(l, on_signal, NULL, &e) != ST_OK)) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct http_server_config c = { .listen_count = 1,
		.listen[0].addr = "127.0.0.1:0",
		.limits.memory = (size_t)64 << 20,
		.app.handle = handle };
	struct err e = { 0 };
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	log_setup(LOG_ERROR, LOG_TEXT);
	sem_init(&over, 0, 0);
	server = http_server_new(&c, &e);
	if (!server || offload_start(2, 64, &e) != ST_OK ||
	        !(loops = loops_start(argc > 1 ? (unsigned)atoi(argv[1]) : 2, start, NULL, &e))) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	printf("ready http://127.0.0.1:%d/ 0\n", http_server_port(server, 0));
	fflush(stdout);
	while (sem_wait(&over) && errno == EINTR)
		;
	loops_stop_join(loops);
	offload_stop();
	http_server_free(server);
	return 0;
}
