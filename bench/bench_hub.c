/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub under many listeners, for bench/hub.py: each client follows one of TOPICS topics by server-sent events, and
 * messages with the time at which they were published go round the topics.
 *
 *     bench_hub serve ADDRESS:PORT LOOPS TOPICS PER_SECOND [REDIS]   PER_SECOND 0: publishes nothing itself
 *     bench_hub load ADDRESS:PORT CLIENTS TOPICS SECONDS             prints JSON: delivered, missed, gaps, latencies
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/http.h"
#include "platform/hub/hub.h"
#include "rt/loop.h"

#define LIMIT_S 600
#define BUCKETS 100000 /* of 10 µs: one second */
#define BUCKET_NS 10000

/* --- serving -------------------------------------------------------------------------------------------------- */

static struct http_server *server;
static struct hub *hub;
static struct redis *redis;
static sem_t over;
static unsigned topics;
static _Atomic bool ending;

static struct str topic_name(char *out, unsigned i)
{
	return str_n(out, (size_t)snprintf(out, 32, "bench:%u", i % topics));
}

static void follow(struct http_req *r)
{
	SCOPED_SUB *sub = NULL;
	struct hub_message m;
	struct err e = { 0 };
	char name[32];
	struct str topic = topic_name(name, (unsigned)strtoul(r->path.p + 1, NULL, 10));
	r->ctx.deadline_ns = 0;
	if (hub_subscribe(hub, &topic, 1, 0, &sub, &e) != ST_OK || sse_begin(r) != ST_OK)
		return;
	for (enum status st = ST_OK; st == ST_OK;) {
		st = hub_next(sub, INT64_MAX, &m);
		if (st == ST_OK)
			st = sse_send(r, m.gap ? "gap" : "message", NULL, m.gap ? STR("{}") : m.data);
	}
	http_end(r);
}

static void handle(struct http_req *r, void *arg)
{
	follow(r);
}

static void start(struct loop *l, void *arg)
{
	struct err e;
	if (redis)
		redis_start(redis);
	if (http_server_attach(server, l, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
}

static void *publish(void *arg)
{
	int64_t pause_ns = NS_PER_S / *(const unsigned *)arg, next = clock_mono_ns();
	for (unsigned i = 0; !ending; i++) {
		char name[32], text[64];
		next += pause_ns;
		while (clock_mono_ns() < next)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
			        &(struct timespec){ next / NS_PER_S, next % NS_PER_S }, NULL);
		snprintf(text, sizeof text, "%lld %u", (long long)clock_mono_ns(), i / topics);
		hub_publish(hub, topic_name(name, i), STR("message"), str_c(text));
	}
	return NULL;
}

static void drained(void *arg)
{
	sem_post(&over);
}

static void drain(struct task *t)
{
	hub_drain(hub);
	http_server_drain(server, clock_mono_ns() + 10 * NS_PER_S, drained, NULL);
}

static void on_signal(int signo)
{
	ending = true;
	sem_post(&over);
}

static int serve(char **argv)
{
	struct err e = { 0 };
	unsigned rate = (unsigned)atoi(argv[5]);
	pthread_t publisher;
	topics = (unsigned)atoi(argv[4]);
	sem_init(&over, 0, 0);
	signal(SIGTERM, on_signal);
	redis = argv[6] ? redis_new(argv[6], 0, &e) : NULL;
	hub = hub_new(redis, &e);
	struct http_server_config c = { .listen = { { .addr = argv[2] } },
		.listen_count = 1,
		.limits = { .connections = 20000, .at_work = 20000, .request_ns = LIMIT_S * NS_PER_S },
		.app = { .handle = handle } };
	server = hub ? http_server_new(&c, &e) : NULL;
	struct loops *loops = server ? loops_start((unsigned)atoi(argv[3]), start, NULL, &e) : NULL;
	if (!loops || (rate && pthread_create(&publisher, NULL, publish, &rate) != 0)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (!ending)
		sem_wait(&over);
	loop_post(loops_get(loops, 0), &(struct task){ .run = drain });
	sem_wait(&over);
	return 0;
}

/* --- listening ------------------------------------------------------------------------------------------------ */

struct client { int fd; long last /* number of the last message; -1: none yet */; size_t have; char text[4096]; };

static unsigned buckets[BUCKETS + 1];
static uint64_t delivered, missed, gaps;

static void take_line(struct client *c, char *line)
{
	long long at;
	unsigned number;
	if (!strncmp(line, "event: gap", 10))
		gaps++;
	if (sscanf(line, "data: %lld %u", &at, &number) != 2)
		return;
	int64_t took = (clock_mono_ns() - at) / BUCKET_NS;
	buckets[took < 0 ? 0 : took < BUCKETS ? took : BUCKETS]++;
	if (c->last >= 0 && number > (unsigned)c->last + 1)
		missed += number - (unsigned)c->last - 1;
	c->last = number;
	delivered++;
}

static bool client_read(struct client *c)
{
	for (;;) {
		ssize_t n = read(c->fd, c->text + c->have, sizeof c->text - 1 - c->have);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		c->have += (size_t)n;
		c->text[c->have] = 0;
		char *line = c->text, *end;
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take_line(c, line);
		}
		c->have = (size_t)(c->text + c->have - line);
		memmove(c->text, line, c->have);
	}
}

static double percentile(double p)
{
	uint64_t want = (uint64_t)((double)delivered * p), seen = 0;
	for (unsigned i = 0; i <= BUCKETS; i++)
		if ((seen += buckets[i]) > want)
			return (double)i * BUCKET_NS / 1e6;
	return 0;
}

static bool client_open(struct client *c, const struct sockaddr_in *to, unsigned topic)
{
	char head[128];
	int n = snprintf(head, sizeof head, "GET /%u HTTP/1.1\r\nHost: bench\r\n\r\n", topic);
	*c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .last = -1 };
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, sizeof *to) != 0)
		return false;
	if (write(c->fd, head, (size_t)n) != n)
		return false;
	return fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0;
}

static int load(char **argv)
{
	unsigned count = (unsigned)atoi(argv[3]), open = 0;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	char *colon = strchr(argv[2], ':');
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)) };
	*colon = 0;
	inet_pton(AF_INET, argv[2], &to.sin_addr);
	topics = (unsigned)atoi(argv[4]);
	struct client *all = calloc(count, sizeof *all);
	for (; all && open < count; open++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &all[open] };
		if (!client_open(&all[open], &to, open % topics) ||
		        epoll_ctl(ep, EPOLL_CTL_ADD, all[open].fd, &ev) != 0)
			break;
	}
	int64_t warm = clock_mono_ns() + 2 * NS_PER_S, end = warm + atoi(argv[5]) * NS_PER_S;
	unsigned closed = 0;
	while (clock_mono_ns() < end) {
		struct epoll_event ev[256];
		int n = epoll_wait(ep, ev, 256, 100);
		for (int i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;
			if (client_read(c))
				continue;
			closed++;
			close(c->fd);
		}
		if (warm && clock_mono_ns() > warm) { /* what came while all connected does not count */
			warm = 0;
			memset(buckets, 0, sizeof buckets);
			delivered = 0;
		}
	}
	printf("{\"clients\": %u, \"closed\": %u, \"delivered\": %llu, \"missed\": %llu, \"gaps\": %llu, "
	       "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"p999_ms\": %.2f}\n",
	        open, closed, (unsigned long long)delivered, (unsigned long long)missed, (unsigned long long)gaps,
	        percentile(0.5), percentile(0.99), percentile(0.999));
	return 0;
}

int main(int argc, char **argv)
{
	log_setup(LOG_WARN, LOG_TEXT);
	if (argc >= 6 && !strcmp(argv[1], "serve"))
		return serve(argv);
	if (argc == 6 && !strcmp(argv[1], "load"))
		return load(argv);
	fputs("usage: bench_hub serve ADDRESS:PORT LOOPS TOPICS PER_SECOND [REDIS]\n"
	      "       bench_hub load ADDRESS:PORT CLIENTS TOPICS SECONDS\n",
	        stderr);
	return 2;
}
