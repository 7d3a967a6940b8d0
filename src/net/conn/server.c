/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: listeners, accepting, limits, draining, figures. See server.h for who touches what.
 *
 * Each loop has a listening socket of its own on the same port (SO_REUSEPORT), so accepting shares nothing; a unix
 * socket has no such thing and is watched by all loops with EPOLLEXCLUSIVE.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/conn_out.h"
#include "net/conn/server.h"

#define BACKLOG      4096
#define ACCEPT_BATCH 64 /* per readiness: the rest at the next turn */

/* --- small parts -------------------------------------------------------------------------------------------------- */

void *pool_get(struct pool *p)
{
	struct pool_item *i = p->first;
	if (!i)
		return malloc(p->size);
	p->first = i->next;
	p->count--;
	return i;
}

void pool_put(struct pool *p, void *item)
{
	struct pool_item *i = item;
	if (!i || p->count >= p->max) {
		free(i);
		return;
	}
	i->next = p->first;
	p->first = i;
	p->count++;
}

void pool_drain(struct pool *p)
{
	while (p->first) {
		struct pool_item *i = p->first;
		p->first = i->next;
		free(i);
	}
	p->count = 0;
}

const struct http_limits *worker_limits(const struct worker *w) { return &w->s->cfg.limits; }
struct loop *worker_loop(const struct worker *w) { return w->loop; }
int64_t worker_now(const struct worker *w) { return loop_now_ns(w->loop); }

const char *worker_date(struct worker *w)
{
	int64_t now = clock_now_us() / US_PER_S;
	if (now != w->date_s) {
		char text[CLOCK_TEXT_MAX];
		clock_http_date(now * US_PER_S, text);
		memcpy(w->date, text, HTTP_DATE_LEN);
		w->date[HTTP_DATE_LEN] = 0;
		w->date_s = now;
	}
	return w->date;
}

struct str worker_error_page(struct worker *w, int status, bool wants_json, const char **type)
{
	const struct http_app *app = &w->s->cfg.app;
	if (app->error_page)
		return app->error_page(status, wants_json, type, app->arg);
	*type = "text/plain; charset=utf-8";
	return str_c(http_reason(status));
}

void worker_count_refused(struct worker *w) { atomic_fetch_add_explicit(&w->refused, 1, memory_order_relaxed); }
void worker_count_cut(struct worker *w) { atomic_fetch_add_explicit(&w->cut, 1, memory_order_relaxed); }

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static enum status parse_unix(struct http_server *s, unsigned i, const char *path, struct err *e)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&s->addr[i];
	if (!*path || strlen(path) >= sizeof un->sun_path)
		return err_set(
		        e, ST_CONFIG, "listen: the path of a unix socket has 1 to %zu bytes", sizeof un->sun_path - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	s->addr_len[i] = sizeof *un;
	s->is_unix[i] = true;
	return ST_OK;
}

static enum status parse_listen(struct http_server *s, unsigned i, const char *addr, struct err *e)
{
	char host[64];
	uint64_t port;
	struct str a = str_c(addr);
	if (!strncmp(addr, "unix:", 5))
		return parse_unix(s, i, addr + 5, e);
	ptrdiff_t colon = str_rchr(a, ':');
	if (colon < 0 || colon >= (ptrdiff_t)sizeof host || !str_u64(str_skip(a, (size_t)colon + 1), &port) ||
	        port > 65535)
		return err_set(e, ST_CONFIG, "listen: \"%s\" is not ADDRESS:PORT", addr);
	struct str h = str_first(a, (size_t)colon);
	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_n(h.p + 1, h.n - 2);
	else if (str_eqc(h, "localhost"))
		h = STR("127.0.0.1");
	else if (h.n == 0 || str_eqc(h, "*"))
		h = STR("0.0.0.0");
	snprintf(host, sizeof host, "%.*s", STR_ARG(h));
	struct sockaddr_in *in = (struct sockaddr_in *)&s->addr[i];
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s->addr[i];
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		s->addr_len[i] = sizeof *in;
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		s->addr_len[i] = sizeof *in6;
	} else {
		return err_set(e, ST_CONFIG, "listen: \"%s\" is no numeric address", host);
	}
	return ST_OK;
}

static int bound_socket(const struct http_server *s, unsigned i, bool share)
{
	int one = 1;
	int fd = socket(s->addr[i].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (share)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)&s->addr[i], s->addr_len[i])) {
		int keep = errno;
		close(fd);
		errno = keep;
		return -1;
	}
	return fd;
}

static enum status bind_unix(struct http_server *s, unsigned i, struct err *e)
{
	const char *path = ((struct sockaddr_un *)&s->addr[i])->sun_path;
	struct stat st;
	/* A socket file left by a process that has ended is removed; one that answers belongs to a running process
	   and is an error. */
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode)) {
		int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		bool dead = probe >= 0 && connect(probe, (struct sockaddr *)&s->addr[i], s->addr_len[i]) &&
		        errno == ECONNREFUSED;
		if (probe >= 0)
			close(probe);
		if (dead)
			unlink(path);
	}
	s->fd[i] = bound_socket(s, i, false);
	if (s->fd[i] < 0 || listen(s->fd[i], BACKLOG))
		return err_errno(e, ST_CONFIG, "listen on unix:%s", path);
	return ST_OK;
}

static enum status bind_tcp(struct http_server *s, unsigned i, struct err *e)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&s->addr[i]; /* the port is in the same place for IPv6 */
	/* SO_REUSEPORT would let a second server of the same user share the port unnoticed: see first that it is free.
	 */
	if (in->sin_port) {
		int probe = bound_socket(s, i, false);
		if (probe < 0)
			return err_errno(
			        e, errno == EADDRINUSE ? ST_CONFLICT : ST_CONFIG, "listen on %s", s->listen[i].addr);
		close(probe);
	}
	s->fd[i] = bound_socket(s, i, true);
	socklen_t n = s->addr_len[i];
	/* From here on the port is this process's: clients that connect before a loop accepts wait in the listen
	   queue. */
	if (s->fd[i] < 0 || listen(s->fd[i], BACKLOG) || getsockname(s->fd[i], (struct sockaddr *)&s->addr[i], &n))
		return err_errno(e, ST_CONFIG, "listen on %s", s->listen[i].addr);
	s->port[i] = ntohs(in->sin_port);
	return ST_OK;
}

/* --- making and ending -------------------------------------------------------------------------------------------- */

#define DEFAULT(field, value)                                                                                          \
	if (!(field))                                                                                                  \
	(field) = (value)

static void fill_limits(struct http_limits *l)
{
	DEFAULT(l->connections, 10000);
	DEFAULT(l->in_flight, 100);
	DEFAULT(l->target, 8 << 10);
	DEFAULT(l->headers, 32 << 10);
	DEFAULT(l->header_count, 100);
	DEFAULT(l->body, 1 << 20);
	DEFAULT(l->header_time_ns, 10 * NS_PER_S);
	DEFAULT(l->idle_ns, 75 * NS_PER_S);
	DEFAULT(l->request_ns, 30 * NS_PER_S);
	DEFAULT(l->body_rate, 500);
	DEFAULT(l->write_rate, 500);
	DEFAULT(l->arena, 4 << 20);
	DEFAULT(l->at_work, 250);
	DEFAULT(l->waiting, 10000);
	DEFAULT(l->memory, (size_t)256 << 20);
	/* A head and its decoded path always fit. */
	if (l->arena < 256 << 10)
		l->arena = 256 << 10;
}

static enum status copy_listen(struct http_server *s, unsigned i, const struct http_listen *from, struct err *e)
{
	struct http_listen *to = &s->listen[i];
	to->addr = strdup(from->addr);
	to->cert = from->cert ? strdup(from->cert) : NULL;
	to->key = from->key ? strdup(from->key) : NULL;
	if (!to->addr || (from->cert && !to->cert) || (from->key && !to->key))
		return err_set(e, ST_NOMEM, "no memory for the server");
	if (!from->cert != !from->key)
		return err_set(e, ST_CONFIG, "listen %s: a certificate and a key go together", from->addr);
	TRY(parse_listen(s, i, to->addr, e));
	if (to->cert) {
		SSL_CTX *ctx = tls_ctx_new(to->cert, to->key, e);
		if (!ctx)
			return ST_CONFIG;
		atomic_store(&s->tls[i], ctx);
	}
	return s->is_unix[i] ? bind_unix(s, i, e) : bind_tcp(s, i, e);
}

struct http_server *http_server_new(const struct http_server_config *c, struct err *e)
{
	struct http_server *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ST_NOMEM, "no memory for the server");
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	pthread_mutex_init(&s->lock, NULL);
	for (unsigned i = 0; i < SERVER_LISTEN_MAX; i++)
		s->fd[i] = -1;
	s->cfg = *c;
	s->cfg.trusted_proxies = STR_NULL;
	fill_limits(&s->cfg.limits);
	enum status st = proxy_nets_parse(&s->proxies, c->trusted_proxies, e);
	if (st == ST_OK && (c->listen_count == 0 || c->listen_count > SERVER_LISTEN_MAX))
		st = err_set(e, ST_CONFIG, "a server listens on 1 to %d addresses", SERVER_LISTEN_MAX);
	for (unsigned i = 0; st == ST_OK && i < c->listen_count; i++)
		st = copy_listen(s, i, &c->listen[i], e);
	if (st == ST_OK)
		return s;
	http_server_free(s);
	return NULL;
}

static void worker_free(struct worker *w)
{
	w->draining = false;
	w->stopped = true;
	while (w->all)
		conn_abandon(w->all);
	pool_drain(&w->in_pool);
	pool_drain(&w->seg_pool);
	pool_drain(&w->small_pool);
	pool_drain(&w->conn_pool);
	free(w->tls_scratch);
	framed_sweep(w, true);
	for (unsigned i = 0; i < SERVER_LISTEN_MAX; i++)
		if (w->listener[i].open && !w->s->is_unix[i])
			close(w->listener[i].watch.fd);
	free(w);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_free(s->workers[i]);
	for (unsigned i = 0; i < SERVER_LISTEN_MAX; i++) {
		if (s->fd[i] >= 0 && (s->is_unix[i] || !s->fd_used[i]))
			close(s->fd[i]);
		if (s->fd[i] >= 0 && s->is_unix[i])
			unlink(((struct sockaddr_un *)&s->addr[i])->sun_path);
		SSL_CTX_free(atomic_load(&s->tls[i]));
		free((char *)s->listen[i].addr);
		free((char *)s->listen[i].cert);
		free((char *)s->listen[i].key);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int http_server_port(const struct http_server *s, unsigned i)
{
	return i < s->cfg.listen_count ? s->port[i] : 0;
}

enum status http_server_reload_tls(struct http_server *s, struct err *e)
{
	SSL_CTX *fresh[SERVER_LISTEN_MAX] = { 0 };
	enum status st = ST_OK;
	for (unsigned i = 0; st == ST_OK && i < s->cfg.listen_count; i++)
		if (s->listen[i].cert && !(fresh[i] = tls_ctx_new(s->listen[i].cert, s->listen[i].key, e)))
			st = ST_CONFIG;
	pthread_mutex_lock(&s->lock); /* accepting takes its reference under it */
	for (unsigned i = 0; i < s->cfg.listen_count; i++)
		if (st == ST_OK && fresh[i])
			fresh[i] = atomic_exchange(&s->tls[i], fresh[i]);
	pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->cfg.listen_count; i++)
		SSL_CTX_free(fresh[i]);
	return st;
}

/* --- accepting ---------------------------------------------------------------------------------------------------- */

static void drain_check(struct worker *w);

void worker_conn_gone(struct worker *w)
{
	w->open--;
	atomic_fetch_sub_explicit(&w->s->open, 1, memory_order_relaxed);
	if (w->draining && !w->all)
		drain_check(w);
}

/* Over the limit: a short answer, sent without waiting for anything. */
static void turn_away(struct worker *w, int fd)
{
	static const char busy[] =
	        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n";
	if (send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		LOG(DEBUG, NULL, "http.turned_away");
	close(fd);
	worker_count_refused(w);
}

static void accepted(struct listener *ln, int fd, const struct sockaddr_storage *peer)
{
	struct worker *w = ln->w;
	struct http_server *s = w->s;
	int one = 1;
	atomic_fetch_add_explicit(&w->accepted, 1, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&s->open, 1, memory_order_relaxed) >= s->cfg.limits.connections) {
		atomic_fetch_sub_explicit(&s->open, 1, memory_order_relaxed);
		turn_away(w, fd);
		return;
	}
	w->open++;
	if (!s->is_unix[ln->index])
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!atomic_load_explicit(&s->tls[ln->index], memory_order_relaxed)) {
		conn_new(w, fd, peer, NULL);
		return;
	}
	pthread_mutex_lock(&s->lock);
	SSL_CTX *tls = atomic_load(&s->tls[ln->index]);
	SSL_CTX_up_ref(tls);
	pthread_mutex_unlock(&s->lock);
	conn_new(w, fd, peer, tls);
	SSL_CTX_free(tls);
}

static uint32_t listener_events(const struct listener *ln)
{
	return ln->w->s->is_unix[ln->index] ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
}

static void mute(struct listener *ln)
{
	if (!ln->told)
		LOG(WARN, NULL, "http.no_descriptors", LI("open", ln->w->open));
	ln->told = true;
	watch_del(&ln->watch);
	ln->muted = true;
	if (!ln->w->wheel.timer.slot)
		timer_set(ln->w->loop, &ln->w->wheel.timer, worker_now(ln->w) + (INT64_C(1) << WHEEL_SHIFT));
}

static void acceptable(struct watch *watch, uint32_t events)
{
	struct listener *ln = (struct listener *)watch;
	for (int i = 0; i < ACCEPT_BATCH && ln->open; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t n = sizeof peer;
		int fd = accept4(watch->fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			ln->told = false;
			accepted(ln, fd, &peer);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			mute(ln);
		break;
	}
}

static void unmute(struct listener *ln)
{
	if (ln->muted && ln->open &&
	    watch_add(ln->w->loop, &ln->watch, ln->watch.fd, listener_events(ln), acceptable, NULL) == ST_OK)
		ln->muted = false;
}

void worker_tick(struct worker *w)
{
	bool again = false;
	for (unsigned i = 0; i < SERVER_LISTEN_MAX; i++) {
		unmute(&w->listener[i]);
		again |= w->listener[i].muted && w->listener[i].open;
	}
	/* answers framed in an earlier second carry an old date: dropped even when no request comes */
	worker_date(w);
	again |= framed_sweep(w, false);
	if (w->draining)
		drain_check(w);
	if ((again || w->draining) && !w->wheel.timer.slot)
		timer_set(w->loop, &w->wheel.timer, worker_now(w) + (INT64_C(1) << WHEEL_SHIFT));
}

static enum status listen_here(struct worker *w, unsigned i, struct err *e)
{
	struct http_server *s = w->s;
	struct listener *ln = &w->listener[i];
	int fd = s->fd[i];
	*ln = (struct listener){ .w = w, .index = i };
	if (!s->is_unix[i] && s->fd_used[i])
		fd = bound_socket(s, i, true);
	if (fd < 0)
		return err_errno(e, ST_CONFIG, "listen on %s", s->listen[i].addr);
	s->fd_used[i] = true;
	if (!s->is_unix[i] && listen(fd, BACKLOG))
		return err_errno(e, ST_CONFIG, "listen on %s", s->listen[i].addr);
	ln->open = true;
	return watch_add(w->loop, &ln->watch, fd, listener_events(ln), acceptable, e);
}

static void drain_here(struct task *t);

enum status http_server_attach(struct http_server *s, struct loop *l, struct err *e)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ST_NOMEM, "no memory for the server");
	w->s = s;
	w->loop = l;
	w->in_pool = (struct pool){ .max = 64, .size = CONN_IN_FIRST };
	w->seg_pool = (struct pool){ .max = 256, .size = seg_pool_size() };
	w->small_pool = (struct pool){ .max = 1024, .size = seg_small_size() };
	w->conn_pool = (struct pool){ .max = 64, .size = sizeof(struct conn) };
	w->drain_task.run = drain_here;
	for (unsigned i = 0; i < HTTP_LINES; i++)
		line_init(w, &w->lines[i]);
	wheel_start(w);
	enum status st = ST_OK;
	pthread_mutex_lock(&s->lock);
	if (s->worker_count == SERVER_WORKERS_MAX) {
		pthread_mutex_unlock(&s->lock);
		free(w);
		return err_set(e, ST_CONFIG, "a server has at most %d loops", SERVER_WORKERS_MAX);
	}
	s->workers[s->worker_count++] = w;
	for (unsigned i = 0; st == ST_OK && i < s->cfg.listen_count; i++)
		st = listen_here(w, i, e);
	pthread_mutex_unlock(&s->lock);
	return st;
}

/* --- draining ----------------------------------------------------------------------------------------------------- */

static void drain_check(struct worker *w)
{
	struct http_server *s = w->s;
	if (!w->draining)
		return;
	if (w->all && worker_now(w) >= s->drain_deadline_ns)
		for (struct conn *c = w->all; c; c = c->all_next)
			conn_close(c);
	if (w->all)
		return;
	w->draining = false;
	if (atomic_fetch_sub(&s->draining_workers, 1) == 1 && s->drained)
		s->drained(s->drained_arg);
}

static void drain_here(struct task *t)
{
	struct worker *w = (struct worker *)((char *)t - offsetof(struct worker, drain_task));
	for (unsigned i = 0; i < w->s->cfg.listen_count; i++) {
		struct listener *ln = &w->listener[i];
		if (!ln->open)
			continue;
		/* Connections that the kernel has accepted already are served. */
		acceptable(&ln->watch, EPOLLIN);
		ln->open = false;
		watch_del(&ln->watch);
		if (!w->s->is_unix[i])
			close(ln->watch.fd);
	}
	w->draining = true;
	for (struct conn *c = w->all, *next; c; c = next) {
		next = c->all_next;
		conn_drain(c);
	}
	worker_tick(w);
}

void http_server_drain(struct http_server *s, int64_t deadline_ns, void (*done)(void *arg), void *arg)
{
	pthread_mutex_lock(&s->lock);
	bool first = !s->draining;
	unsigned n = s->worker_count;
	s->draining = true;
	if (first) {
		s->drain_deadline_ns = deadline_ns;
		s->drained = done;
		s->drained_arg = arg;
		atomic_store(&s->draining_workers, n);
	}
	pthread_mutex_unlock(&s->lock);
	if (!first)
		return;
	if (!n && done)
		done(arg);
	for (unsigned i = 0; i < n; i++)
		loop_post(s->workers[i]->loop, &s->workers[i]->drain_task);
}

void http_server_stats(const struct http_server *cs, struct http_server_stats *out)
{
	struct http_server *s = (struct http_server *)cs;
	*out = (struct http_server_stats){ .open = atomic_load_explicit(&s->open, memory_order_relaxed) };
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < s->worker_count; i++) {
		struct worker *w = s->workers[i];
		out->accepted += atomic_load_explicit(&w->accepted, memory_order_relaxed);
		out->requests += atomic_load_explicit(&w->requests, memory_order_relaxed);
		out->refused += atomic_load_explicit(&w->refused, memory_order_relaxed);
		out->h2_resets_cut += atomic_load_explicit(&w->cut, memory_order_relaxed);
		out->active += atomic_load_explicit(&w->active, memory_order_relaxed);
		out->waiting += atomic_load_explicit(&w->waiting, memory_order_relaxed);
		out->owed += atomic_load_explicit(&w->owed, memory_order_relaxed);
	}
	pthread_mutex_unlock(&s->lock);
}
