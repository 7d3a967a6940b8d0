/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport connections: see conn.h for their life. Reading and writing are edge-triggered with one registration for
 * life: `readable` and `writable` remember what the last event said until the socket says otherwise, so a request on a
 * kept-alive connection costs one read, one write and no epoll_ctl. The output queue is in conn_out.c.
 */
#include "net/conn/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/conn_out.h"
#include "net/conn/server.h"

#define LINGER_NS    (2 * NS_PER_S)
#define RATE_GRACE_S 5

/* --- deadlines ---------------------------------------------------------------------------------------------------- */

static int64_t earliest(const struct conn *c)
{
	int64_t a = c->proto_deadline_ns, b = c->write_deadline_ns;
	return !a ? b : !b ? a : a < b ? a : b;
}

static void rearm(struct conn *c)
{
	int64_t at = earliest(c);
	if (at && !c->dead && (!c->in_wheel || at + (INT64_C(1) << WHEEL_SHIFT) < c->wheel_at_ns))
		wheel_put(c->w, c, at);
}

void conn_deadline(struct conn *c, int64_t at_ns)
{
	if (c->lingering || c->dead)
		return;
	c->proto_deadline_ns = at_ns;
	rearm(c);
}

void conn_out_waits(struct conn *c, bool waits)
{
	if (!waits) {
		c->write_deadline_ns = 0;
	} else if (!c->write_deadline_ns) {
		c->sent_mark = c->sent_total;
		c->write_deadline_ns = worker_now(c->w) + RATE_GRACE_S * NS_PER_S;
		rearm(c);
	}
}

void conn_wheel_fired(struct conn *c, int64_t now)
{
	if (c->dead)
		return;
	if (c->write_deadline_ns && c->write_deadline_ns <= now) {
		uint64_t rate = worker_limits(c->w)->write_rate;
		if (c->sent_total - c->sent_mark < rate * RATE_GRACE_S) {
			LOG(DEBUG, NULL, "http.slow_reader");
			conn_close(c);
			return;
		}
		c->write_deadline_ns = 0;
		conn_out_waits(c, true);
	}
	if (c->proto_deadline_ns && c->proto_deadline_ns <= now) {
		c->proto_deadline_ns = 0;
		if (c->lingering || c->handshaking || !c->proto || c->finishing)
			conn_close(c);
		else
			c->proto->expired(c);
	}
	rearm(c);
}

/* --- input -------------------------------------------------------------------------------------------------------- */

struct str conn_in(const struct conn *c)
{
	return str_n(c->in ? c->in + c->in_pos : "", c->in_len - c->in_pos);
}

static void in_release(struct conn *c)
{
	if (!c->in)
		return;
	if (c->in_cap == CONN_IN_FIRST)
		pool_put(&c->w->in_pool, c->in);
	else
		free(c->in);
	c->in = NULL;
	c->in_pos = c->in_len = c->in_cap = 0;
}

void conn_consume(struct conn *c, size_t n)
{
	size_t have = c->in_len - c->in_pos;
	c->in_pos += n < have ? n : have;
	if (c->in_pos == c->in_len)
		c->in_pos = c->in_len = 0;
}

/* Room for at least one more byte; false at CONN_IN_MAX or when memory is out. */
static bool in_room(struct conn *c)
{
	if (!c->in) {
		c->in = pool_get(&c->w->in_pool);
		c->in_cap = c->in ? CONN_IN_FIRST : 0;
		return c->in != NULL;
	}
	if (c->in_len < c->in_cap)
		return true;
	if (c->in_pos) {
		memmove(c->in, c->in + c->in_pos, c->in_len - c->in_pos);
		c->in_len -= c->in_pos;
		c->in_pos = 0;
		return true;
	}
	if (c->in_cap >= CONN_IN_MAX)
		return false;
	char *bigger = malloc(c->in_cap * 2);
	if (!bigger)
		return false;
	memcpy(bigger, c->in, c->in_len);
	size_t len = c->in_len, cap = c->in_cap * 2;
	in_release(c);
	c->in = bigger;
	c->in_len = len;
	c->in_cap = cap;
	return true;
}

static ssize_t read_plain(struct conn *c, size_t room)
{
	ssize_t n;
	do
		n = read(c->watch.fd, c->in + c->in_len, room);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		c->readable = false;
		return 0;
	}
	/* A short read has emptied the socket; the next bytes are a new edge (epoll(7)). Not so when FIN is due. */
	if (n > 0 && (size_t)n < room && !c->hup)
		c->readable = false;
	return n > 0 ? n : -1;
}

static ssize_t read_tls(struct conn *c, size_t room)
{
	ERR_clear_error();
	int n = SSL_read(c->ssl, c->in + c->in_len, (int)room);
	if (n > 0)
		return n;
	switch (SSL_get_error(c->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		c->readable = false;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		return 0;
	default:
		return -1;
	}
}

ssize_t conn_fill(struct conn *c)
{
	if (c->dead || c->eof)
		return -1;
	if (!c->readable || !in_room(c))
		return 0;
	size_t room = c->in_cap - c->in_len;
	ssize_t n = c->ssl ? read_tls(c, room) : read_plain(c, room);
	if (n > 0)
		c->in_len += (size_t)n;
	if (n < 0) {
		c->eof = true;
		c->readable = false;
	}
	return n;
}

void conn_pause(struct conn *c) { c->paused = true; }

void conn_await(struct conn *c) { c->paused = false; }

static void run_task(struct task *t);

static void queue_task(struct conn *c)
{
	if (c->task_queued)
		return;
	c->task_queued = true;
	c->task.run = run_task;
	loop_defer(c->w->loop, &c->task);
}

void conn_again(struct conn *c) { queue_task(c); }

void conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	if (!c->dead && !c->pumping)
		queue_task(c);
}

static void linger_read(struct conn *c)
{
	/* For LINGER_NS at most: resetting the peer while it sends could take our answer from it before it was read. */
	for (int i = 0; i < 16 && !c->dead; i++) {
		c->in_pos = c->in_len = 0;
		ssize_t n = conn_fill(c);
		if (n < 0)
			conn_close(c);
		if (n <= 0)
			break;
	}
	if (!c->dead && c->readable)
		queue_task(c);
}

/* Read and hand over until the protocol pauses or the socket has nothing more. */
static void pump(struct conn *c)
{
	c->pumping = true;
	/* Another connection's turn comes after a bounded number of reads. */
	for (int turn = 0; !c->dead && !c->paused && !c->finishing; turn++) {
		bool waiting = c->in_len > c->in_pos;
		ssize_t n = 0;
		if (!waiting || turn) {
			if (!c->readable || turn == 8)
				break;
			n = conn_fill(c);
			if (n == 0)
				break;
		}
		c->proto->input(c);
		if (n < 0)
			break;
	}
	c->pumping = false;
	if (c->dead)
		return;
	if (c->finishing && !c->lingering)
		c->in_pos = c->in_len = 0;
	if (c->in_len == c->in_pos)
		in_release(c);
	conn_flush(c);
	if (c->lingering)
		linger_read(c);
	else if (!c->dead && !c->paused && !c->finishing && c->readable && !c->eof && c->in_len < CONN_IN_MAX)
		queue_task(c);
}

/* --- TLS handshake ------------------------------------------------------------------------------------------------ */

static void choose_after_tls(struct conn *c)
{
	const unsigned char *alpn;
	unsigned n;
	SSL_get0_alpn_selected(c->ssl, &alpn, &n);
	const struct proto *p = n == 2 && !memcmp(alpn, "h2", 2) && net_h2 ? net_h2 : &h1_proto;
	conn_switch(c, p, NULL);
}

static void handshake(struct conn *c)
{
	ERR_clear_error();
	int r = SSL_do_handshake(c->ssl);
	if (r == 1) {
		c->handshaking = false;
		choose_after_tls(c);
		return;
	}
	int why = SSL_get_error(c->ssl, r);
	if (why == SSL_ERROR_WANT_READ)
		c->readable = false;
	else if (why != SSL_ERROR_WANT_WRITE)
		conn_close(c);
}

/* --- what protocol? ----------------------------------------------------------------------------------------------- */

/* Cleartext: HTTP/2 with prior knowledge begins with a preface that no HTTP/1 request has (RFC 9113 3.4). */
static void sniff_input(struct conn *c)
{
	struct str in = conn_in(c);
	size_t n = in.n < sizeof H2_PREFACE - 1 ? in.n : sizeof H2_PREFACE - 1;
	if (n == 0 || c->eof) {
		conn_close(c);
		return;
	}
	bool h2 = net_h2 && !memcmp(in.p, H2_PREFACE, n);
	if (h2 && n < sizeof H2_PREFACE - 1)
		return;
	conn_switch(c, h2 ? net_h2 : &h1_proto, NULL);
	if (!c->dead)
		c->proto->input(c);
}

static void sniff_expired(struct conn *c) { conn_close(c); }
static void sniff_drain(struct conn *c) { conn_close(c); }
static enum status sniff_open(struct conn *c) { return ST_OK; }
static void sniff_closed(struct conn *c) {}

static const struct proto sniff_proto = {
	.name = "sniff", .open = sniff_open, .input = sniff_input, .expired = sniff_expired, .drain = sniff_drain,
	.closed = sniff_closed,
};

void conn_switch(struct conn *c, const struct proto *p, void *state)
{
	c->proto = p;
	c->state = state;
	if (p->open(c) != ST_OK) {
		c->proto = &sniff_proto; /* nothing to close */
		c->state = NULL;
		conn_close(c);
		return;
	}
	if (c->draining)
		p->drain(c);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void ready(struct watch *watch, uint32_t events)
{
	struct conn *c = (struct conn *)((char *)watch - offsetof(struct conn, watch));
	if (c->dead)
		return;
	if (events & (EPOLLERR | EPOLLHUP)) {
		conn_close(c);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP))
		c->readable = true;
	if (events & EPOLLOUT) {
		c->writable = true;
		if (c->out_first && !c->handshaking)
			conn_flush(c);
	}
	bool hup = (events & EPOLLRDHUP) && !c->hup;
	c->hup |= hup;
	if (c->handshaking && !c->dead)
		handshake(c);
	if (c->handshaking || c->dead)
		return;
	pump(c);
	if (hup && !c->dead && c->paused && !c->finishing && c->proto->hangup)
		c->proto->hangup(c);
}

static void destroy(struct conn *c)
{
	struct worker *w = c->w;
	if (c->proto)
		c->proto->closed(c);
	in_release(c);
	if (c->ssl)
		SSL_free(c->ssl);
	*c->all_prev = c->all_next;
	if (c->all_next)
		c->all_next->all_prev = c->all_prev;
	conn_owes_nothing(c);
	pool_put(&w->conn_pool, c);
	worker_conn_gone(w);
}

void conn_abandon(struct conn *c)
{
	if (!c->dead)
		close(c->watch.fd);
	c->dead = true;
	conn_out_drop(c);
	destroy(c);
}

static void run_task(struct task *t)
{
	struct conn *c = (struct conn *)((char *)t - offsetof(struct conn, task));
	c->task_queued = false;
	if (c->dead)
		destroy(c);
	else if (!c->handshaking)
		pump(c);
}

void conn_close(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	watch_del(&c->watch);
	close(c->watch.fd);
	wheel_remove(c->w, c);
	conn_out_drop(c);
	queue_task(c);
}

void conn_finish(struct conn *c)
{
	if (c->dead || c->finishing)
		return;
	c->finishing = true;
	conn_flush(c);
	/* With output still waiting the write rate bounds it; the protocol's deadline no longer applies. */
	if (!c->dead && !c->lingering)
		c->proto_deadline_ns = 0;
}

void conn_out_done(struct conn *c)
{
	if (!c->finishing || c->lingering || c->dead)
		return;
	if (c->ssl && !c->handshaking) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);
	}
	if (c->eof || shutdown(c->watch.fd, SHUT_WR)) {
		conn_close(c);
		return;
	}
	conn_deadline(c, worker_now(c->w) + LINGER_NS);
	c->lingering = true;
	if (!c->pumping)
		queue_task(c);
}

void conn_drain(struct conn *c)
{
	if (c->draining || c->dead)
		return;
	c->draining = true;
	if (c->handshaking)
		conn_close(c);
	else if (!c->finishing)
		c->proto->drain(c);
}

void conn_new(struct worker *w, int fd, const struct sockaddr_storage *peer, SSL_CTX *tls)
{
	struct conn *c = pool_get(&w->conn_pool);
	SSL *ssl = c && tls ? SSL_new(tls) : NULL;
	if (!c || (tls && (!ssl || !SSL_set_fd(ssl, fd))))
		goto fail;
	memset(c, 0, sizeof *c);
	c->w = w;
	c->ssl = ssl;
	c->secure = c->handshaking = ssl != NULL;
	c->peer = *peer;
	c->out_tail = &c->out_first;
	c->writable = true;
	c->proto = &sniff_proto;
	if (watch_add(w->loop, &c->watch, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, ready, NULL) != ST_OK)
		goto fail;
	if (ssl)
		SSL_set_accept_state(ssl);
	c->all_next = w->all;
	c->all_prev = &w->all;
	if (w->all)
		w->all->all_prev = &c->all_next;
	w->all = c;
	conn_deadline(c, worker_now(w) + worker_limits(w)->header_time_ns);
	return;
fail:
	LOG(ERROR, NULL, "http.accept", LS("error", "out of memory or descriptors"));
	SSL_free(ssl);
	pool_put(&w->conn_pool, c);
	close(fd);
	worker_conn_gone(w);
}
