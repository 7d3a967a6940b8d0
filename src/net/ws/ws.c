/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket connections (RFC 6455) over HTTP/1.1: handshake, keep-alive, close handshake, back-pressure. Frames:
 * ws_frame.c.
 *
 * A handler calls ws_accept and then owns the socket for as long as it runs: ws_recv hands it one message at a time,
 * and while one waits to be taken the connection is paused, so a slow handler slows the peer. Losing the peer does not
 * cancel the handler: it learns by ST_GONE and has GONE_GRACE to write down what it must; then it is cancelled.
 *
 * `struct ws` is shared by the connection (until ws_closed), the handler (until its request is freed) and a posted
 * task; the last one frees it. All is used on the connection's loop, except ws_try_send, which any loop may call: it
 * appends to the inbox under `lock` and posts the task that takes the inbox to the connection. `lock` guards inbox,
 * inbox_bytes, posted, shut and the wait queues.
 */
#include <openssl/sha.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/conn.h"
#include "net/forms/form.h"
#include "net/ws/ws_frame.h"
#include "rt/sync.h"

#define DEFAULT_MESSAGE ((size_t)1 << 20)
#define SEND_QUEUE      ((size_t)1 << 20) /* bytes a slow reader may leave waiting before ws_try_send refuses */
#define INBOX_MAX       4096              /* messages in the inbox */
#define KEEP_MESSAGE    ((size_t)16 << 10) /* a buffer that stays between messages */
#define PING_AFTER_NS   (30 * NS_PER_S)
#define PONG_WITHIN_NS  (20 * NS_PER_S)
#define CLOSE_WITHIN_NS (5 * NS_PER_S)
#define GONE_GRACE_NS   (10 * NS_PER_S)
#define PINGS_BURST     50
#define PINGS_PER_S     5

struct ws_out {
	struct ws_out *next;
	struct blob *blob;
	bool binary;
};

struct ws {
	_Atomic unsigned refs;
	struct loop *loop;
	struct conn *c;    /* NULL: the connection is gone */
	struct request *q; /* NULL: the handler has ended */
	struct ws_decoder dec;
	struct buf given;  /* the message that the handler holds */
	bool ready;        /* dec.msg waits to be taken */
	bool close_sent, close_got;
	bool pinged;
	int64_t heard_ns;
	int64_t ping_level, ping_at_ns;
	struct timer grace;

	pthread_mutex_t lock;
	struct waitq readers, writers;
	struct ws_out *inbox, **inbox_tail;
	size_t inbox_bytes;
	unsigned inbox_count;
	bool shut; /* no more sending */
	bool posted;
	struct task task;
	_Atomic size_t out_bytes; /* of the connection, as last seen */
	size_t owed;              /* messages in either direction, as counted in what the connection holds */
};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void drop_inbox(struct ws *w)
{
	while (w->inbox) {
		struct ws_out *o = w->inbox;
		w->inbox = o->next;
		blob_unref(o->blob);
		free(o);
	}
	w->inbox_tail = &w->inbox;
	w->inbox_bytes = w->inbox_count = 0;
}

static void ws_unref(struct ws *w)
{
	if (atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) != 1)
		return;
	drop_inbox(w);
	ws_decoder_fini(&w->dec);
	buf_fini(&w->given);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void wake_all(struct ws *w)
{
	pthread_mutex_lock(&w->lock);
	w->shut |= w->close_sent || !w->c;
	waitq_wake_all(&w->readers);
	waitq_wake_all(&w->writers);
	pthread_mutex_unlock(&w->lock);
}

/* The request's arena ends: the handler has returned. */
static void handler_ended(void *arg)
{
	struct ws *w = arg;
	w->q = NULL;
	timer_cancel(&w->grace);
	ws_unref(w);
}

static void grace_over(struct timer *t)
{
	struct ws *w = (struct ws *)((char *)t - offsetof(struct ws, grace));
	if (w->q)
		request_cancel(w->q);
}

static struct ws *ws_new(struct request *q, size_t max_message)
{
	struct ws *w = calloc(1, sizeof *w);
	if (!w || !ws_decoder_init(&w->dec, max_message ? max_message : DEFAULT_MESSAGE)) {
		free(w);
		return NULL;
	}
	atomic_init(&w->refs, 2); /* the connection's and the handler's */
	w->loop = q->r.loop;
	w->c = q->conn;
	w->q = q;
	buf_init(&w->given, w->dec.max);
	pthread_mutex_init(&w->lock, NULL);
	waitq_init(&w->readers);
	waitq_init(&w->writers);
	w->inbox_tail = &w->inbox;
	w->grace.fire = grace_over;
	w->heard_ns = w->ping_at_ns = worker_now(w->c->w);
	w->ping_level = PINGS_BURST;
	return w;
}

static bool alive(const struct ws *w) { return w->c && !w->c->dead; }

/* What it holds of messages; the frames that wait to be read the connection counts itself. */
static void ws_count_owed(struct ws *w)
{
	if (!w->c)
		return;
	pthread_mutex_lock(&w->lock);
	size_t inbox = w->inbox_bytes + w->inbox_count * sizeof(struct ws_out);
	pthread_mutex_unlock(&w->lock);
	conn_owes(w->c, &w->owed, w->dec.msg.cap + w->given.cap + inbox);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void flush(struct ws *w)
{
	if (!w->c->pumping) /* else at the end of the batch */
		conn_flush(w->c);
	if (w->c) {
		(void)conn_room(w->c); /* when it is full, ws_room is called once it no longer is */
		atomic_store_explicit(&w->out_bytes, w->c->out_bytes, memory_order_relaxed);
	}
}

static void put_frame(struct ws *w, uint8_t opcode, const void *p, size_t n)
{
	uint8_t head[WS_HEAD_MAX];
	conn_put(w->c, head, ws_frame_head(opcode, n, head));
	if (n) {
		struct body_piece body = piece_bytes(str_n(p, n));
		conn_piece(w->c, &body);
	}
}

static void put_blob(struct ws *w, bool binary, struct blob *b)
{
	uint8_t head[WS_HEAD_MAX];
	struct body_piece body = { PIECE_BLOB, .p = b->data, .len = b->len, .blob = b };
	conn_put(w->c, head, ws_frame_head(binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME, b->len, head));
	conn_piece(w->c, &body);
}

static void send_inbox(struct ws *w)
{
	pthread_mutex_lock(&w->lock);
	struct ws_out *o = w->inbox;
	w->inbox = NULL;
	w->inbox_tail = &w->inbox;
	w->inbox_bytes = w->inbox_count = 0;
	pthread_mutex_unlock(&w->lock);
	while (o) {
		struct ws_out *next = o->next;
		if (w->c && !w->close_sent)
			put_blob(w, o->binary, o->blob);
		else
			blob_unref(o->blob);
		free(o);
		o = next;
	}
}

static void run_task(struct task *t)
{
	struct ws *w = (struct ws *)((char *)t - offsetof(struct ws, task));
	pthread_mutex_lock(&w->lock);
	w->posted = false;
	pthread_mutex_unlock(&w->lock);
	send_inbox(w);
	ws_count_owed(w);
	if (w->c)
		flush(w);
	ws_unref(w);
}

enum status ws_try_send(struct ws *w, bool binary, struct blob *data)
{
	struct ws_out *o = malloc(sizeof *o);
	enum status s = ST_OK;
	if (!o)
		return ST_NOMEM;
	pthread_mutex_lock(&w->lock);
	size_t waiting = w->inbox_bytes + atomic_load_explicit(&w->out_bytes, memory_order_relaxed);
	if (w->shut)
		s = ST_GONE;
	else if (w->inbox_count >= INBOX_MAX || (waiting && waiting + data->len > SEND_QUEUE))
		s = ST_UNAVAILABLE;
	if (s == ST_OK) {
		*o = (struct ws_out){ NULL, blob_ref(data), binary };
		*w->inbox_tail = o;
		w->inbox_tail = &o->next;
		w->inbox_bytes += data->len;
		w->inbox_count++;
		if (!w->posted) {
			w->posted = true;
			atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
			w->task.run = run_task;
			loop_post(w->loop, &w->task);
		}
	}
	pthread_mutex_unlock(&w->lock);
	if (s != ST_OK)
		free(o);
	return s;
}

enum status ws_send(struct ws *w, bool binary, struct str data)
{
	for (;;) {
		if (!alive(w) || w->close_sent)
			return ST_GONE;
		send_inbox(w); /* what was queued before goes before */
		if (conn_room(w->c) > 0)
			break;
		pthread_mutex_lock(&w->lock);
		enum status s = waitq_wait(&w->writers, &w->lock, FIBER_FOREVER);
		pthread_mutex_unlock(&w->lock);
		TRY(s);
	}
	put_frame(w, binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME, data.p, data.n);
	flush(w);
	return ST_OK;
}

/* --- closing ------------------------------------------------------------------------------------------------------ */

static void put_close(struct ws *w, unsigned code, struct str reason)
{
	uint8_t body[WS_CONTROL_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
	size_t n = code == WSLAY_CODE_NO_STATUS_RCVD ? 0 : 2;
	if (n) {
		reason = str_utf8_fit(reason, sizeof body - 2);
		while (reason.n && !str_utf8_valid(reason)) /* cut in the middle of a character */
			reason.n--;
		memcpy(body + 2, reason.p, reason.n);
		n += reason.n;
	}
	send_inbox(w);
	put_frame(w, WSLAY_CONNECTION_CLOSE, body, n);
	w->close_sent = true;
}

static void start_close(struct ws *w, unsigned code, struct str reason)
{
	if (!alive(w) || w->close_sent)
		return;
	put_close(w, code, reason);
	conn_deadline(w->c, worker_now(w->c->w) + CLOSE_WITHIN_NS);
	conn_resume(w->c); /* the peer's answer may stand behind a message that nobody takes any more */
	flush(w);
	wake_all(w);
}

void ws_close(struct ws *w, unsigned code, const char *reason)
{
	w->ready = false; /* nobody will take it */
	buf_clear(&w->dec.msg);
	start_close(w, code, reason ? str_c(reason) : STR(""));
}

static void finish_close(struct ws *w)
{
	conn_finish(w->c);
	wake_all(w);
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void answer_ping(struct ws *w)
{
	int64_t now = worker_now(w->c->w), ms = (now - w->ping_at_ns) / NS_PER_MS;
	if (ms * PINGS_PER_S >= 1000) {
		w->ping_level += ms > 60000 ? PINGS_BURST : ms * PINGS_PER_S / 1000;
		w->ping_level = w->ping_level < PINGS_BURST ? w->ping_level : PINGS_BURST;
		w->ping_at_ns = now;
	}
	if (--w->ping_level < 0)
		start_close(w, WSLAY_CODE_POLICY_VIOLATION, STR("too many pings"));
	else if (!w->close_sent)
		put_frame(w, WSLAY_PONG, w->dec.control, w->dec.control_len);
}

/* Take events from the bytes that have come until a message is there for the handler. */
static void process(struct ws *w)
{
	while (!w->ready && alive(w) && !w->close_got) {
		size_t used;
		struct str in = conn_in(w->c);
		enum ws_event ev = ws_decode(&w->dec, in.p, in.n, &used);
		conn_consume(w->c, used);
		switch (ev) {
		case WS_MORE: return;
		case WS_PONG: break;
		case WS_PING: answer_ping(w); break;
		case WS_MESSAGE:
			w->ready = !w->close_sent;
			if (w->ready)
				conn_pause(w->c);
			else
				buf_clear(&w->dec.msg);
			break;
		case WS_CLOSE:
		case WS_FAIL:
			w->close_got = true;
			if (!w->close_sent)
				put_close(w, w->dec.code, STR(""));
			finish_close(w);
			return;
		}
	}
}

/* Frames that have arrived already are read before waiting for more. */
static void ws_read_arrived(struct ws *w)
{
	if (w->ready || !alive(w))
		return;
	process(w);
	if (w->ready || !alive(w))
		return;
	if (w->c->eof)
		conn_close(w->c);
	else
		conn_resume(w->c);
}

/* The buffer of a large message is freed after it, and not kept for the rest of the connection. */
static void forget_given(struct ws *w)
{
	if (w->given.cap <= KEEP_MESSAGE) {
		buf_clear(&w->given);
		return;
	}
	buf_fini(&w->given);
	buf_init(&w->given, w->dec.max);
}

enum status ws_recv(struct ws *w, struct ws_msg *out, int64_t deadline_ns)
{
	forget_given(w);
	ws_count_owed(w);
	for (;;) {
		ws_read_arrived(w);
		if (w->ready) {
			struct buf spare = w->given;
			w->given = w->dec.msg;
			w->dec.msg = spare;
			w->ready = false;
			*out = (struct ws_msg){ w->dec.binary, buf_str(&w->given) };
			ws_count_owed(w);
			if (w->close_sent && w->c)
				conn_resume(w->c);
			return ST_OK;
		}
		if (!alive(w) || w->close_sent)
			return ST_GONE;
		pthread_mutex_lock(&w->lock);
		enum status s = waitq_wait(&w->readers, &w->lock, deadline_ns);
		pthread_mutex_unlock(&w->lock);
		TRY(s);
	}
}

/* --- as the connection's protocol --------------------------------------------------------------------------------- */

static void set_clock(struct ws *w)
{
	if (!w->close_sent)
		conn_deadline(w->c, w->heard_ns + PING_AFTER_NS + (w->pinged ? PONG_WITHIN_NS : 0));
}

static enum status ws_open(struct conn *c)
{
	set_clock(c->state);
	return ST_OK;
}

static void ws_input(struct conn *c)
{
	struct ws *w = c->state;
	w->heard_ns = worker_now(c->w);
	w->pinged = false;
	process(w);
	ws_count_owed(w);
	if (w->ready)
		wake_all(w);
	if (c->dead || c->finishing)
		return;
	if (c->eof && !w->ready)
		conn_close(c);
	else
		set_clock(w);
}

static void ws_room(struct conn *c)
{
	struct ws *w = c->state;
	atomic_store_explicit(&w->out_bytes, c->out_bytes, memory_order_relaxed);
	wake_all(w);
}

static void ws_expired(struct conn *c)
{
	struct ws *w = c->state;
	int64_t now = worker_now(c->w);
	if (w->close_sent) {
		conn_close(c);
		return;
	}
	if (w->ready) /* it is we who do not read */
		w->heard_ns = now;
	else if (w->pinged && now - w->heard_ns >= PING_AFTER_NS + PONG_WITHIN_NS) {
		conn_close(c);
		return;
	}
	if (now - w->heard_ns >= PING_AFTER_NS && !w->pinged) {
		w->pinged = true;
		put_frame(w, WSLAY_PING, NULL, 0);
		flush(w);
	}
	if (!c->dead)
		set_clock(w);
}

static void ws_drain(struct conn *c) { start_close(c->state, 1012 /* service restart */, STR("restarting")); }

static void ws_closed(struct conn *c)
{
	struct ws *w = c->state;
	struct request *q = w->q;
	w->c = NULL;
	w->close_sent = true;
	wake_all(w);
	if (q) { /* as request_gone, but without cancelling the handler at once */
		q->gone = true;
		q->ops = NULL;
		q->conn = NULL;
		q->stream = NULL;
		if (loop_current() == w->loop) /* not when the server is freed after its loops */
			timer_set(w->loop, &w->grace, worker_now(q->w) + GONE_GRACE_NS);
	}
	ws_unref(w);
}

static const struct proto ws_proto = {
	.name = "ws", .open = ws_open, .input = ws_input, .room = ws_room, .expired = ws_expired, .drain = ws_drain,
	.closed = ws_closed,
};

static void op_finish(struct request *q, bool whole)
{
	struct ws *w = q->stream;
	start_close(w, WSLAY_CODE_NORMAL_CLOSURE, STR(""));
	request_free(q); /* and with its arena the handler's reference */
}

static void op_flush(struct request *q)
{
	struct ws *w = q->stream;
	flush(w);
}

static const struct stream_ops ws_ops = { .flush = op_flush, .finish = op_finish };

/* --- handshake (RFC 6455 4.2) ------------------------------------------------------------------------------------- */

static bool make_accept(struct str key, char out[32])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t nonce[16], digest[SHA_DIGEST_LENGTH];
	char both[24 + sizeof guid];
	size_t n;
	if (key.n != 24 || !str_base64(key, sodium_base64_VARIANT_ORIGINAL, nonce, sizeof nonce, &n) ||
	        n != sizeof nonce)
		return false;
	memcpy(both, key.p, 24);
	memcpy(both + 24, guid, sizeof guid);
	SHA1((const unsigned char *)both, 24 + sizeof guid - 1, digest);
	sodium_bin2base64(out, 32, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
	return true;
}

static void ws_refuse(struct http_req *r, int status)
{
	http_status(r, status);
	if (status == 426) {
		http_add_header(r, "Upgrade", STR("websocket"));
		http_add_header(r, "Sec-WebSocket-Version", STR("13"));
	}
	http_send(r,
	        status == 426 ? STR("A WebSocket (version 13) is spoken here.\n")
	                      : STR("This is no proper WebSocket handshake.\n"));
}

static unsigned count_header(const struct http_req *r, const char *name)
{
	unsigned n = 0;
	for (unsigned i = 0; i < r->header_count; i++)
		n += str_eqc(r->headers[i].name, name);
	return n;
}

struct ws *ws_accept(struct http_req *r, const char *protocol, size_t max_message)
{
	struct request *q = request_of(r);
	char accept[32];
	if (r->answered)
		return NULL;
	if (r->version != HTTP_11 || !http_header_has(r, "upgrade", "websocket") ||
	        !http_header_has(r, "connection", "upgrade") ||
	        !str_eqc(http_header(r, "sec-websocket-version"), "13")) {
		ws_refuse(r, 426);
		return NULL;
	}
	if (r->method != HTTP_GET || count_header(r, "sec-websocket-key") != 1 ||
	    !make_accept(http_header(r, "sec-websocket-key"), accept)) {
		ws_refuse(r, 400);
		return NULL;
	}
	http_add_header(r, "Upgrade", STR("websocket"));
	http_add_header(r, "Sec-WebSocket-Accept", str_c(accept));
	if (protocol && http_header_has(r, "sec-websocket-protocol", protocol))
		http_add_header(r, "Sec-WebSocket-Protocol", str_c(protocol));
	struct ws *w = q->gone ? NULL : ws_new(q, max_message);
	if (!w) {
		ws_refuse(r, 503);
		return NULL;
	}
	if (!h1_upgrade(q, &ws_proto, &ws_ops, w)) {
		ws_unref(w);
		ws_unref(w);
		ws_refuse(r, 400);
		return NULL;
	}
	arena_on_free(r->ctx.arena, handler_ended, w);
	return w;
}
