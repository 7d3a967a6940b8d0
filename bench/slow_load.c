/* SPDX-License-Identifier: Apache-2.0
 *
 * Many HTTP/1.1 clients in one thread: slow_load ADDRESS:PORT PATH CLIENTS SECONDS [RATE]
 *
 * RATE 0: each client asks again as soon as it has its answer. Otherwise RATE requests a second in all, in turn from
 * the clients, each answer's time counted from when its request was due: a server that falls behind does not slow its
 * measure down. A client has one request under way. The clock starts when all are connected; then SECONDS, of which the
 * first tenth does not count.
 *
 * With a RATE this thread wakes every millisecond. When it comes STOOD_NS late, its processor was taken away (on a
 * shared machine often all of them): what was under way or due then says nothing of the server and is left out, and
 * counted as such.
 *
 * Prints one line of JSON, times in microseconds. Exit code 1 when an answer was not 200 or a connection broke.
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
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define BATCH 512
#define STOOD_NS (2 * NS_PER_MS)

struct client {
	int fd;
	bool busy;
	int64_t due_ns, asked_ns;
	size_t head_len;
	int64_t body_left; /* -1: in the head */
	char head[2048];
};

static struct client *clients;
static unsigned count, under_way;
static struct sockaddr_in address;
static char request[2048];
static size_t request_len;
static int64_t start_ns, count_from_ns, end_ns, period_ns;
static int ep;
static uint64_t answers, failures, left_out;
static int64_t stood_until_ns;
static double waiting_sum;
static uint64_t waiting_samples;

/* Latencies in buckets of 1/64 of their power of two. */
static uint64_t buckets[64 * 64];

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * S + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void record(int64_t ns)
{
	uint64_t v = ns > 0 ? (uint64_t)ns : 1;
	unsigned e = 63 - (unsigned)__builtin_clzll(v);
	unsigned sub = e >= 6 ? (unsigned)(v >> (e - 6)) & 63 : (unsigned)(v << (6 - e)) & 63;
	buckets[e * 64 + sub]++;
}

static double percentile(double p)
{
	uint64_t seen = 0, want = (uint64_t)((double)answers * p);
	for (unsigned i = 0; i < 64 * 64; i++) {
		seen += buckets[i];
		if (seen > want)
			return (double)(UINT64_C(1) << (i / 64)) * (1 + (i % 64 + 1) / 64.0) / 1000;
	}
	return 0;
}

static void ask(struct client *c, int64_t now)
{
	c->busy = true;
	c->asked_ns = period_ns ? c->due_ns : now;
	c->due_ns += period_ns;
	c->head_len = 0;
	c->body_left = -1;
	under_way++;
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		failures++;
}

/* Status 200 and a length; the rest of the head does not matter. */
static bool head_done(struct client *c, size_t *body_in_head)
{
	char *end = memmem(c->head, c->head_len, "\r\n\r\n", 4);
	if (!end)
		return false;
	*end = 0;
	*body_in_head = c->head_len - (size_t)(end + 4 - c->head);
	char *length = strcasestr(c->head, "\r\ncontent-length:");
	if (strncmp(c->head, "HTTP/1.1 200", 12) || !length) {
		fprintf(stderr, "%.200s\n", c->head);
		failures++;
	}
	c->body_left = length ? atoll(length + 17) : 0;
	return true;
}

static void answered(struct client *c, int64_t now)
{
	c->busy = false;
	under_way--;
	if (now < count_from_ns || now >= end_ns)
		return;
	if (c->asked_ns < stood_until_ns) {
		left_out++;
		return;
	}
	answers++;
	record(now - c->asked_ns);
}

static void broken(struct client *c)
{
	failures++;
	under_way -= c->busy;
	c->busy = true; /* asks no more */
	close(c->fd);
}

static void readable(struct client *c)
{
	static char sink[65536];
	while (c->busy) {
		bool head = c->body_left < 0;
		ssize_t n = head ? recv(c->fd, c->head + c->head_len, sizeof c->head - 1 - c->head_len, MSG_DONTWAIT)
				 : recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			broken(c);
			return;
		}
		size_t body = (size_t)n;
		if (head) {
			c->head_len += (size_t)n;
			c->head[c->head_len] = 0;
			if (!head_done(c, &body)) {
				if (c->head_len == sizeof c->head - 1) {
					broken(c);
					return;
				}
				continue;
			}
		}
		c->body_left -= (int64_t)body;
		if (c->body_left > 0)
			continue;
		int64_t now = now_ns();
		answered(c, now);
		if (now < end_ns && (!period_ns || c->due_ns <= now))
			ask(c, now);
	}
}

static void join(struct client *c)
{
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.ptr = c };
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev))
		die("epoll_ctl");
}

static void take_turns(void)
{
	struct epoll_event ev[BATCH];
	uint64_t next = 0; /* the request that is due next: of client next % count */
	while (under_way || now_ns() < end_ns) {
		int64_t now = now_ns();
		for (; period_ns && now < end_ns && start_ns + (int64_t)(next * (uint64_t)period_ns / count) <= now;
		        next++) {
			struct client *c = &clients[next % count];
			if (!c->busy && c->due_ns <= now) /* a busy one goes on by itself */
				ask(c, now);
		}
		if (now > end_ns + 10 * S)
			break;
		/* Not a millisecond late for the next one. */
		int64_t left = period_ns ? start_ns + (int64_t)(next * (uint64_t)period_ns / count) - now_ns()
		                         : NS_PER_MS;
		struct timespec wait = { .tv_nsec = left < 0 ? 0 : left < NS_PER_MS ? left : NS_PER_MS };
		int n = epoll_pwait2(ep, ev, BATCH, &wait, NULL);
		int64_t back = now_ns();
		if (period_ns && back - now > NS_PER_MS + STOOD_NS)
			stood_until_ns = back;
		for (int i = 0; i < n; i++)
			readable(ev[i].data.ptr);
		if (now >= count_from_ns && now < end_ns) {
			waiting_sum += under_way;
			waiting_samples++;
		}
	}
}

static void parse(char **argv, int argc, double *seconds, double *rate)
{
	char *colon = strchr(argv[1], ':');
	if (!colon)
		exit(2);
	*colon = 0;
	address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)) };
	if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
		exit(2);
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
	count = (unsigned)atoi(argv[3]);
	*seconds = atof(argv[4]);
	*rate = argc > 5 ? atof(argv[5]) : 0;
	if (n <= 0 || (size_t)n >= sizeof request || !count || *seconds <= 0)
		exit(2);
	request_len = (size_t)n;
}

int main(int argc, char **argv)
{
	double seconds, rate;
	if (argc < 5) {
		fprintf(stderr, "slow_load ADDRESS:PORT PATH CLIENTS SECONDS [RATE]\n");
		return 2;
	}
	parse(argv, argc, &seconds, &rate);
	struct rlimit files = { count + 64, count + 64 };
	if (setrlimit(RLIMIT_NOFILE, &files) && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < count + 64)
		die("open files");
	ep = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(count, sizeof *clients);
	if (ep < 0 || !clients)
		die("start");
	for (unsigned i = 0; i < count; i++)
		join(&clients[i]);
	period_ns = rate > 0 ? (int64_t)((double)S * count / rate) : 0;
	start_ns = now_ns();
	end_ns = start_ns + (int64_t)(seconds * (double)S);
	count_from_ns = start_ns + (end_ns - start_ns) / 10;
	for (unsigned i = 0; i < count; i++) {
		clients[i].due_ns = start_ns + period_ns * i / count;
		if (!period_ns)
			ask(&clients[i], start_ns);
	}
	take_turns();
	double counted = (double)(end_ns - count_from_ns) / (double)S;
	printf("{\"rate\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"under_way\": %.0f, \"unanswered\": "
	       "%u, \"left_out\": %llu, \"failures\": %llu}\n",
	        (double)(answers + left_out) / counted, percentile(0.5), percentile(0.99), percentile(0.999),
	        waiting_samples ? waiting_sum / (double)waiting_samples : 0, under_way, (unsigned long long)left_out,
	        (unsigned long long)failures);
	return failures || under_way;
}
