/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl's multi interface on the loop. Per pool and loop there is one multi handle with its connections; libcurl
 * tells which descriptors and which time it waits for, and is called back on the loop's own stack: TLS handshakes and
 * decompression are too deep for a fiber's. So a fiber that must call into libcurl itself, to resume or to
 * remove a transfer, defers that to the loop and waits.
 *
 * Nothing here may unwind (guard_abort): libcurl's frames are in between. Bodies grow on the heap, bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client/client_internal.h"

enum { EASY_KEEP = 16 };

struct client_loop {
	struct client_loop *next;
	struct http_pool *pool;
	struct loop *loop;
	struct loop_exit exit;
	CURLM *multi;
	struct timer timer;
	unsigned sharers; /* the loop_count that the idle bound was computed for */
	CURL *spare[EASY_KEEP];
	unsigned spares;
};

struct sock {
	struct watch watch;
	struct client_loop *cl;
};

/* --- libcurl ⇄ loop --------------------------------------------------------------------------------------------- */

static void finish_transfers(struct client_loop *cl)
{
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(cl->multi, &left));) {
		struct exchange *x = NULL;
		CURL *easy = m->easy_handle;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
		curl_multi_remove_handle(cl->multi, easy);
		x->attached = false;
		x->code = code;
		x->done = true;
		fiber_wake(x->fiber);
	}
}

static void act(struct client_loop *cl, curl_socket_t fd, int what)
{
	int running;
	curl_multi_socket_action(cl->multi, fd, what, &running);
	finish_transfers(cl);
}

static void sock_ready(struct watch *w, uint32_t events)
{
	struct sock *s = (struct sock *)w;
	int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
	           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	act(s->cl, w->fd, what); /* s may be gone afterwards */
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct client_loop *cl = arg;
	struct sock *s = socket_arg;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			watch_del(&s->watch);
			free(s);
			curl_multi_assign(cl->multi, fd, NULL);
		}
		return 0;
	}
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (s) {
		watch_set(&s->watch, events);
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return -1;
	s->cl = cl;
	if (watch_add(cl->loop, &s->watch, fd, events, sock_ready, NULL) != ST_OK) {
		free(s);
		return -1;
	}
	curl_multi_assign(cl->multi, fd, s);
	return 0;
}

static void timer_fired(struct timer *t)
{
	struct client_loop *cl = (struct client_loop *)((char *)t - offsetof(struct client_loop, timer));
	act(cl, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct client_loop *cl = arg;
	if (ms < 0)
		timer_cancel(&cl->timer);
	else
		timer_set(cl->loop, &cl->timer, clock_mono_ns() + ms * NS_PER_MS);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void client_loop_free(struct client_loop *cl)
{
	while (cl->spares)
		curl_easy_cleanup(cl->spare[--cl->spares]);
	curl_multi_cleanup(cl->multi); /* closes the idle connections */
	timer_cancel(&cl->timer);
	loop_exit_cancel(&cl->exit);
	free(cl);
}

static void loop_ends(struct loop_exit *x)
{
	struct client_loop *cl = (struct client_loop *)((char *)x - offsetof(struct client_loop, exit));
	struct http_pool *p = cl->pool;
	pthread_mutex_lock(&p->lock);
	for (struct client_loop **at = &p->loops; *at; at = &(*at)->next)
		if (*at == cl) {
			*at = cl->next;
			break;
		}
	atomic_fetch_sub(&p->loop_count, 1);
	pthread_mutex_unlock(&p->lock);
	client_loop_free(cl);
}

void client_loops_free(struct http_pool *p)
{
	for (struct client_loop *cl = p->loops, *next; cl; cl = next) {
		next = cl->next;
		client_loop_free(cl);
	}
}

static struct client_loop *client_loop_new(struct http_pool *p, struct loop *l)
{
	struct client_loop *cl = calloc(1, sizeof *cl);
	if (!cl || !(cl->multi = curl_multi_init())) {
		free(cl);
		return NULL;
	}
	cl->pool = p;
	cl->loop = l;
	cl->timer.fire = timer_fired;
	curl_multi_setopt(cl->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(cl->multi, CURLMOPT_SOCKETDATA, cl);
	curl_multi_setopt(cl->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(cl->multi, CURLMOPT_TIMERDATA, cl);
	loop_at_exit(l, &cl->exit, loop_ends);
	return cl;
}

struct client_loop *client_loop_get(struct http_pool *p, struct loop *l)
{
	struct client_loop *cl;
	pthread_mutex_lock(&p->lock);
	for (cl = p->loops; cl && cl->loop != l; cl = cl->next)
		continue;
	if (!cl && (cl = client_loop_new(p, l))) {
		cl->next = p->loops;
		p->loops = cl;
		atomic_fetch_add(&p->loop_count, 1);
	}
	pthread_mutex_unlock(&p->lock);
	unsigned sharers = atomic_load(&p->loop_count);
	if (cl && cl->sharers != sharers) {
		unsigned keep = p->c.keep / sharers;
		cl->sharers = sharers;
		curl_multi_setopt(cl->multi, CURLMOPT_MAXCONNECTS, (long)(keep ? keep : 1));
	}
	return cl;
}

CURL *client_easy_get(struct client_loop *cl)
{
	return cl->spares ? cl->spare[--cl->spares] : curl_easy_init();
}

/* --- callbacks of a transfer ------------------------------------------------------------------------------------ */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct exchange *x = arg;
	bool local = a->family == AF_UNIX;
	if (local != x->unix_socket || (!local && !x->pool->c.allow_private && http_addr_private(&a->addr))) {
		x->address_refused = true;
		return CURL_SOCKET_BAD;
	}
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	atomic_fetch_add(&x->pool->open, 1);
	return fd;
}

static int close_socket(void *pool, curl_socket_t fd)
{
	atomic_fetch_sub(&((struct http_pool *)pool)->open, 1);
	return close(fd);
}

/* The header block has ended: is a body worth waiting for? */
static bool head_complete(struct exchange *x)
{
	long status = 0;
	curl_off_t length = -1;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return true;
	x->head_ended = true;
	x->discard = x->may_follow &&
	        (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length < 0 || x->no_body || x->discard || status == 204 || status == 304)
		return true;
	if ((uint64_t)length > x->max_body)
		return false;
	if (!x->streaming)
		buf_reserve(&x->body, (size_t)length);
	return buf_ok(&x->body);
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	struct str s = str_n(line, size * n);
	if (x->head_ended)
		return s.n; /* trailers: nobody here may need them */
	if (str_starts(s, STR("HTTP/"))) {
		/* A further response: the final one after 1xx. */
		buf_clear(&x->head);
		x->head_count = 0;
		return s.n;
	}
	if (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		return s.n; /* obs-fold */
	s = str_trim(s);
	if (!s.n && head_complete(x))
		return size * n;
	if (!s.n || ++x->head_count > HEADERS_MAX || str_chr(s, 0) >= 0) {
		x->too_large = true;
		return 0;
	}
	buf_putstr(&x->head, s);
	buf_putc(&x->head, 0);
	if (buf_ok(&x->head))
		return size * n;
	x->too_large = true;
	return 0;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t n = size * count;
	if (x->streaming && x->body.len && x->body.len + n > STREAM_WINDOW) {
		x->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (n > x->max_body - x->body_len) {
		x->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	x->body_len += n;
	if (x->discard)
		return n;
	buf_put(&x->body, p, n);
	if (!buf_ok(&x->body))
		return CURL_WRITEFUNC_ERROR;
	if (x->streaming)
		fiber_wake(x->fiber);
	return n;
}

/* --- calls from the fiber --------------------------------------------------------------------------------------- */

struct loop_call {
	struct task task;
	void (*fn)(struct exchange *x);
	struct exchange *x;
	struct promise done;
};

static void call_run(struct task *t)
{
	struct loop_call *c = (struct loop_call *)t;
	c->fn(c->x);
	promise_set(&c->done);
}

static void on_loop(struct exchange *x, void (*fn)(struct exchange *x))
{
	struct loop_call c = { .task.run = call_run, .fn = fn, .x = x };
	promise_init(&c.done);
	loop_defer(x->cl->loop, &c.task);
	promise_wait_shielded(&c.done);
}

enum status exchange_start(struct exchange *x, struct err *e)
{
	CURL *h = x->easy;
	curl_easy_setopt(h, CURLOPT_PRIVATE, x);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
	/* Kept by the connection, which outlives the exchange. */
	curl_easy_setopt(h, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(h, CURLOPT_CLOSESOCKETDATA, x->pool);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	/* Else the removal of a transfer would wait for its name to be resolved, and the loop with it. */
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
	CURLMcode m = curl_multi_add_handle(x->cl->multi, h);
	if (m != CURLM_OK)
		return err_set(e, ST_UNAVAILABLE, "HTTP client: %s", curl_multi_strerror(m));
	x->attached = true;
	return ST_OK;
}

static void unpause(struct exchange *x)
{
	x->paused = false;
	if (x->attached) {
		curl_easy_pause(x->easy, CURLPAUSE_CONT);
		finish_transfers(x->cl);
	}
}

void exchange_unpause(struct exchange *x)
{
	on_loop(x, unpause);
}

static void exchange_detach(struct exchange *x)
{
	if (x->attached)
		curl_multi_remove_handle(x->cl->multi, x->easy);
	x->attached = false;
}

void exchange_end(struct exchange *x)
{
	if (x->attached)
		on_loop(x, exchange_detach);
	if (x->easy) {
		curl_easy_reset(x->easy);
		if (x->cl->spares < EASY_KEEP)
			x->cl->spare[x->cl->spares++] = x->easy;
		else
			curl_easy_cleanup(x->easy);
		x->easy = NULL;
	}
	curl_slist_free_all(x->headers);
	x->headers = NULL;
	buf_fini(&x->head);
	buf_fini(&x->body);
}
