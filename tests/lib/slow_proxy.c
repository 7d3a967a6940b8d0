/* SPDX-License-Identifier: Apache-2.0
 *
 * A proxy that makes a store slow: every piece of an answer is held back for DELAY milliseconds, however many are under
 * way (latency, not bandwidth). For tests and benchmarks:
 *
 *     slow_proxy LISTEN_PORT unix:/path/of/socket|HOST_IPV4:PORT DELAY_MS
 *
 * Prints "ready" when it listens; ends on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PIECE_MAX 65536

struct body_piece {
	struct body_piece *next;
	int64_t due_ns;
	size_t len, sent;
	char data[];
};

struct side {
	int fd;
	struct pair *pair;
	bool server;
};

struct pair {
	struct side client, server;
	struct body_piece *head, **tail; /* answers on their way to the client */
	struct pair *prev, *next;
	bool ended;
};

static struct pair pairs = { .prev = &pairs, .next = &pairs };
static int ep;
static int64_t delay_ns;

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int target_connect(const char *target)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} a = { 0 };
	socklen_t len;
	if (!strncmp(target, "unix:", 5)) {
		a.un.sun_family = AF_UNIX;
		snprintf(a.un.sun_path, sizeof a.un.sun_path, "%s", target + 5);
		len = sizeof a.un;
	} else {
		char host[64];
		const char *colon = strrchr(target, ':');
		if (!colon || (size_t)(colon - target) >= sizeof host)
			return -1;
		memcpy(host, target, (size_t)(colon - target));
		host[colon - target] = 0;
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
		if (inet_pton(AF_INET, host, &a.in.sin_addr) != 1)
			return -1;
		len = sizeof a.in;
	}
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, &a.any, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void watch(struct side *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };
	if (epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &ev))
		die("epoll_ctl");
}

static void pair_end(struct pair *p)
{
	if (p->ended)
		return;
	p->ended = true;
	close(p->client.fd);
	close(p->server.fd);
}

static void pair_free(struct pair *p)
{
	for (struct body_piece *x = p->head, *next; x; x = next) {
		next = x->next;
		free(x);
	}
	p->prev->next = p->next;
	p->next->prev = p->prev;
	free(p);
}

static void accept_one(int listener, const char *target)
{
	int fd = accept(listener, NULL, NULL);
	if (fd < 0)
		return;
	int server = target_connect(target), one = 1;
	struct pair *p = calloc(1, sizeof *p);
	if (server < 0 || !p) {
		close(fd);
		if (server >= 0)
			close(server);
		free(p);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	p->client = (struct side){ fd, p, false };
	p->server = (struct side){ server, p, true };
	p->tail = &p->head;
	p->prev = pairs.prev;
	p->next = &pairs;
	p->prev->next = p;
	pairs.prev = p;
	watch(&p->client);
	watch(&p->server);
}

static bool send_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t done = send(fd, data, n, MSG_NOSIGNAL);
		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return true;
}

static void readable(struct side *s)
{
	struct pair *p = s->pair;
	struct body_piece *x = malloc(sizeof *x + PIECE_MAX);
	if (!x)
		die("malloc");
	ssize_t n = recv(s->fd, x->data, PIECE_MAX, 0);
	if (n <= 0) {
		free(x);
		pair_end(p);
		return;
	}
	if (!s->server) { /* requests pass at once */
		if (!send_all(p->server.fd, x->data, (size_t)n))
			pair_end(p);
		free(x);
		return;
	}
	struct body_piece *fit = realloc(x, sizeof *x + (size_t)n);
	x = fit ? fit : x;
	x->next = NULL;
	x->len = (size_t)n;
	x->due_ns = now_ns() + delay_ns;
	*p->tail = x;
	p->tail = &x->next;
}

/* Hand on what is due; the time until the next is, in ms, or -1. */
static int deliver(void)
{
	int64_t now = now_ns(), nearest = INT64_MAX;
	for (struct pair *p = pairs.next, *next; p != &pairs; p = next) {
		next = p->next;
		while (!p->ended && p->head && p->head->due_ns <= now) {
			struct body_piece *x = p->head;
			if (!send_all(p->client.fd, x->data, x->len))
				pair_end(p);
			p->head = x->next;
			if (!p->head)
				p->tail = &p->head;
			free(x);
		}
		if (p->ended)
			pair_free(p);
		else if (p->head && p->head->due_ns < nearest)
			nearest = p->head->due_ns;
	}
	if (nearest == INT64_MAX)
		return -1;
	int64_t ms = (nearest - now + 999999) / 1000000;
	return ms < 0 ? 0 : (int)ms;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: slow_proxy LISTEN_PORT unix:PATH|HOST:PORT DELAY_MS\n");
		return 2;
	}
	delay_ns = (int64_t)(strtod(argv[3], NULL) * 1e6);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(argv[1], NULL, 10)),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 512))
		die("listen");
	ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
		die("epoll");
	puts("ready");
	fflush(stdout);
	for (int wait = -1;;) {
		struct epoll_event got[64];
		int n = epoll_wait(ep, got, 64, wait);
		for (int i = 0; i < n; i++) {
			struct side *s = got[i].data.ptr;
			if (!s)
				accept_one(listener, argv[2]);
			else if (!s->pair->ended)
				readable(s);
		}
		wait = deliver();
	}
}
