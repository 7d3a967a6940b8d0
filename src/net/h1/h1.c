/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.0 and 1.1 on a connection (RFC 9112). One request is served at a time; those pipelined behind it wait in the
 * input buffer, which bounds them, and answers made without waiting are gathered into one write.
 *
 * `struct h1` belongs to the connection, from h1_open to h1_closed; `q` is the request being served, NULL between two.
 * While a request is served the connection is paused: its body is pulled by h1_read, nothing is pushed.
 */
#include "net/conn/conn.h"

#include <stdlib.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/conn_out.h"
#include "net/conn/request.h"
#include "net/h1/h1_parser.h"

#define BODY_GRACE_NS  (5 * NS_PER_S)
#define HANGUP_NS      (1 * NS_PER_S)
#define UNREAD_BODY    ((uint64_t)64 << 10) /* more than that is not read to save a connection */

enum h1_clock { CLOCK_NONE, CLOCK_HEAD, CLOCK_IDLE, CLOCK_BODY, CLOCK_HANGUP };

struct h1 {
	struct conn *c;
	struct request *q;
	struct h1_head *head; /* of a message whose head is not complete yet; made when one comes in parts */
	enum h1_clock clock;
	enum http_version version;
	bool keep_alive;    /* after this message */
	bool used;          /* at least one request was served */
	bool last;          /* take no further request */

	/* the request's body */
	bool chunked_in, body_done, continue_due, slow;
	uint64_t body_left;
	struct h1_chunks chunks;
	uint64_t body_bytes, body_mark; /* received; and when the clock was set */
	int64_t waited_ns, wait_from_ns;

	/* the answer */
	bool chunked_out, until_close;
	size_t head_len; /* of the head at the end of the connection's queue; 0: it is elsewhere */
};

static const struct stream_ops h1_ops;

static void set_clock(struct h1 *h, enum h1_clock which, int64_t at_ns)
{
	h->clock = which;
	conn_deadline(h->c, at_ns);
}

/* --- refusing ----------------------------------------------------------------------------------------------------- */

static void h1_refuse(struct h1 *h, int status, const char *why)
{
	struct conn *c = h->c;
	const char *type;
	struct str body = worker_error_page(c->w, status, false, &type);
	char head[512];
	int n = snprintf(head, sizeof head,
	        "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	        status, http_reason(status), worker_date(c->w), type, body.n);
	LOG(DEBUG, NULL, "http.refused", LI("status", status), LS("why", why));
	worker_count_refused(c->w);
	if (n > 0 && (size_t)n < sizeof head)
		conn_put(c, head, (size_t)n);
	conn_put(c, body.p, body.n);
	h->last = true;
	conn_finish(c);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static char *append_bytes(char *to, const void *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}
#define ADD(to, lit) append_bytes((to), "" lit, sizeof(lit) - 1)

static char *add_u64(char *to, uint64_t v)
{
	char digits[20];
	int n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

#define HEAD_OVERHEAD 256 /* status line, Date, Content-Length, Connection and the ends of lines */

static char *write_head(struct h1 *h, struct request *q, char *to, int64_t len, bool end)
{
	const struct http_req *r = &q->r;
	const char *reason = http_reason(r->status);
	to = ADD(to, "HTTP/1.1 ");
	to = add_u64(to, (uint64_t)r->status);
	to = ADD(to, " ");
	to = append_bytes(to, reason, strlen(reason));
	to = ADD(to, "\r\nDate: ");
	to = append_bytes(to, worker_date(h->c->w), HTTP_DATE_LEN);
	to = ADD(to, "\r\n");
	for (unsigned i = 0; i < q->out_count; i++) {
		to = append_bytes(to, q->out[i].name.p, q->out[i].name.n);
		to = ADD(to, ": ");
		to = append_bytes(to, q->out[i].value.p, q->out[i].value.n);
		to = ADD(to, "\r\n");
	}
	if (len >= 0 && r->status != 204 && r->status != 304) {
		to = ADD(to, "Content-Length: ");
		to = add_u64(to, (uint64_t)len);
		to = ADD(to, "\r\n");
	} else if (h->chunked_out) {
		to = ADD(to, "Transfer-Encoding: chunked\r\n");
	}
	if (!h->keep_alive)
		to = ADD(to, "Connection: close\r\n");
	else if (h->version == HTTP_10)
		to = ADD(to, "Connection: keep-alive\r\n");
	return ADD(to, "\r\n");
}

static void h1_head(struct request *q, int64_t len, bool end)
{
	struct h1 *h = q->stream;
	struct conn *c = h->c;
	size_t need = HEAD_OVERHEAD;
	for (unsigned i = 0; i < q->out_count; i++)
		need += q->out[i].name.n + q->out[i].value.n + 4;
	/* A body nobody will read costs the connection: the client learns of it here. */
	if (c->draining || h->last || h->continue_due || (!h->body_done && h->body_left > UNREAD_BODY))
		h->keep_alive = false;
	h->chunked_out = len < 0 && !end && h->version == HTTP_11;
	h->until_close = len < 0 && !end && h->version == HTTP_10;
	if (h->until_close)
		h->keep_alive = false;
	h->head_len = 0;
	if (need <= SEG_DATA) {
		char *to = conn_reserve(c, need);
		if (to) {
			h->head_len = (size_t)(write_head(h, q, to, len, end) - to);
			conn_wrote(c, h->head_len);
		}
		return;
	}
	char *to = malloc(need);
	if (to)
		conn_put(c, to, (size_t)(write_head(h, q, to, len, end) - to));
	else
		conn_close(c);
	free(to);
}

static void h1_flush(struct request *q)
{
	struct conn *c = q->conn;
	/* Sent with the other answers of this turn of the loop, so that a process that reads several of them is
	   woken once. */
	if (!c->pumping) /* else at the end of the batch */
		conn_again(c);
}

/* A body that is a blob, right behind its head: both may be there in one already. */
static void frame(struct h1 *h, struct body_piece *p)
{
	struct conn *c = h->c;
	size_t n = h->head_len;
	h->head_len = 0;
	if (!n || p->kind != PIECE_BLOB || c->ssl || c->dead)
		return;
	struct blob *b = framed_answer(c->w, conn_last(c, n), p);
	if (!b)
		return;
	conn_unwrote(c, n);
	piece_drop(p);
	*p = (struct body_piece){ PIECE_BLOB, .p = b->data, .len = b->len, .blob = b };
}

static void h1_body(struct request *q, struct body_piece *p, bool end)
{
	struct h1 *h = q->stream;
	struct conn *c = h->c;
	bool chunk = h->chunked_out && p->len;
	frame(h, p);
	if (chunk) {
		char size[24];
		conn_put(c, size, (size_t)snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)p->len));
	}
	conn_piece(c, p);
	if (chunk)
		conn_put(c, "\r\n", 2);
	if (h->chunked_out && end)
		conn_put(c, "0\r\n\r\n", 5);
	if (end || c->out_bytes >= CONN_LOW_WATER)
		h1_flush(q);
}

static size_t h1_room(struct request *q)
{
	struct conn *c = q->conn;
	if (c->out_bytes >= CONN_HIGH_WATER)
		conn_flush(c);
	return conn_room(c);
}

/* --- the request's body ------------------------------------------------------------------------------------------- */

static enum body_read h1_read_body(struct h1 *h, void *buf, size_t n, size_t *got)
{
	struct conn *c = h->c;
	struct str in = conn_in(c), data = STR_NULL;
	size_t used;
	if (!h->chunked_in) {
		size_t part = in.n < n ? in.n : n;
		data = str_n(in.p, part < h->body_left ? part : (size_t)h->body_left);
		used = data.n;
		h->body_left -= used;
		h->body_done = h->body_left == 0;
	} else {
		enum h1_result r = h1_chunks_next(&h->chunks, in.p, in.n, n, &used, &data);
		if (r == H1_BAD) {
			LOG(DEBUG, &h->q->r.ctx, "http.bad_chunk", LS("why", h->chunks.why));
			h->keep_alive = false;
			return BODY_BAD;
		}
		h->body_done = r == H1_DONE;
	}
	h->body_bytes += used;
	if (data.n) /* before the buffer may move */
		memcpy(buf, data.p, data.n);
	conn_consume(c, used);
	*got = data.n;
	return data.n ? BODY_DATA : h->body_done ? BODY_END : BODY_WAIT;
}

/* Only the time in which we waited for the client counts against it. */
static void start_waiting(struct h1 *h)
{
	int64_t now = worker_now(h->c->w);
	h->wait_from_ns = now;
	if (h->clock != CLOCK_BODY) {
		h->body_mark = h->body_bytes;
		h->waited_ns = 0;
		set_clock(h, CLOCK_BODY, now + BODY_GRACE_NS);
	}
}

static enum body_read h1_read(struct request *q, void *buf, size_t n, size_t *got)
{
	struct h1 *h = q->stream;
	struct conn *c = h->c;
	if (h->wait_from_ns) {
		h->waited_ns += worker_now(c->w) - h->wait_from_ns;
		h->wait_from_ns = 0;
	}
	if (h->body_done)
		return BODY_END;
	if (h->slow)
		return BODY_SLOW;
	if (h->continue_due) {
		h->continue_due = false;
		conn_put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
		conn_flush(c);
	}
	for (;;) {
		if (conn_in(c).n) {
			enum body_read r = h1_read_body(h, buf, n, got);
			if (r != BODY_WAIT)
				return r;
		}
		ssize_t more = conn_fill(c);
		if (more < 0) {
			h->keep_alive = false;
			return BODY_GONE;
		}
		if (more == 0)
			break;
	}
	if (q->fiber) {
		start_waiting(h);
		conn_await(c);
	}
	return BODY_WAIT;
}

static void body_clock(struct h1 *h)
{
	int64_t now = worker_now(h->c->w);
	int64_t waited = h->waited_ns + (h->wait_from_ns ? now - h->wait_from_ns : 0);
	h->clock = CLOCK_NONE;
	if (!h->q || h->body_done)
		return;
	if (waited < BODY_GRACE_NS) {
		set_clock(h, CLOCK_BODY, now + BODY_GRACE_NS - waited);
		return;
	}
	uint64_t least = (uint64_t)worker_limits(h->c->w)->body_rate * (uint64_t)(BODY_GRACE_NS / NS_PER_S);
	if (h->body_bytes - h->body_mark < least) {
		h->slow = true;
		h->keep_alive = false;
		request_wake(h->q);
		return;
	}
	h->body_mark = h->body_bytes;
	h->waited_ns = 0;
	h->wait_from_ns = h->wait_from_ns ? now : 0;
	set_clock(h, CLOCK_BODY, now + BODY_GRACE_NS);
}

/* --- one request -------------------------------------------------------------------------------------------------- */

static void lower_name(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
}

/* The head moves into the request's arena: the connection's buffer goes on to the next message. */
static int fill_request(struct h1 *h, struct request *q, const struct h1_head *head, size_t used)
{
	struct arena *a = q->r.ctx.arena;
	char *base = arena_try_alloc(a, used + head->count * sizeof(struct http_header) + 16);
	if (!base)
		return 503;
	memcpy(base, conn_in(h->c).p, used);
	struct http_header *fields = (struct http_header *)(base + ((used + 15) & ~(size_t)15));
#define AT(span) str_n(base + (span).off, (span).len)
	for (unsigned i = 0; i < head->count; i++) {
		const struct h1_field *f = &head->fields[i];
		lower_name(base + f->name.off, f->name.len);
		fields[i] = (struct http_header){ AT(f->name), AT(f->value) };
	}
	struct message_head m = {
		.version = head->version,
		.method = AT(head->method),
		.target = AT(head->target),
		.authority = AT(head->authority),
		.headers = fields,
		.count = head->count,
		.body_len = head->body_len,
		.secure = h->c->secure,
	};
#undef AT
	return request_head(q, &m);
}

static void begin_message(struct h1 *h, const struct h1_head *head)
{
	h->version = head->version;
	h->keep_alive = head->keep_alive;
	h->chunked_in = head->body_len < 0;
	h->body_left = head->body_len > 0 ? (uint64_t)head->body_len : h->chunked_in ? UINT64_MAX : 0;
	h->body_done = head->body_len == 0;
	h->continue_due = head->expect_continue && !h->body_done;
	h->chunks = (struct h1_chunks){ 0 };
	h->body_bytes = h->body_mark = 0;
	h->waited_ns = h->wait_from_ns = 0;
	h->slow = h->chunked_out = h->until_close = false;
	h->used = true;
}

static void h1_serve(struct h1 *h, const struct h1_head *head, size_t used)
{
	struct conn *c = h->c;
	struct request *q = request_new(c, &h1_ops, h);
	if (!q) {
		h1_refuse(h, 503, "out of memory");
		return;
	}
	begin_message(h, head);
	int status = fill_request(h, q, head, used);
	conn_consume(c, used);
	h->q = q;
	if (status) {
		h->keep_alive = false;
		request_refuse(q, status);
		return;
	}
	/* Nothing of h->q may be used after this unless it is still there. */
	request_start(q);
	if (h->q) {
		conn_pause(c);
		bool half_closed = c->hup || c->eof;
		set_clock(h, half_closed ? CLOCK_HANGUP : CLOCK_NONE, half_closed ? worker_now(c->w) + HANGUP_NS : 0);
	}
}

/* What is left of the body may be in the buffer already: then the connection can go on. */
static bool skip_body(struct h1 *h, struct request *q)
{
	char sink[4096];
	size_t got;
	if (h->body_done)
		return true;
	if (h->continue_due || h->slow || h->body_bytes > UNREAD_BODY)
		return false;
	for (;;) {
		enum body_read r = conn_in(h->c).n ? h1_read_body(h, sink, sizeof sink, &got) : BODY_WAIT;
		if (r != BODY_DATA)
			return r == BODY_END || h->body_done;
	}
}

static void h1_finish(struct request *q, bool whole)
{
	struct h1 *h = q->stream;
	struct conn *c = h->c;
	bool go_on = whole && h->keep_alive && !h->last && !c->eof && !c->draining && skip_body(h, q);
	h->q = NULL;
	request_free(q);
	if (!whole) {
		/* Without a length only a reset tells the client that this is not the end. */
		struct linger reset = { .l_onoff = 1 };
		if (h->until_close)
			setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		else
			conn_flush(c);
		conn_close(c);
	} else if (!go_on) {
		h->last = true;
		conn_finish(c);
	} else {
		set_clock(h, CLOCK_IDLE, worker_now(c->w) + worker_limits(c->w)->idle_ns);
		conn_resume(c);
	}
}

static const struct stream_ops h1_ops = {
	.head = h1_head, .body = h1_body, .room = h1_room, .flush = h1_flush, .read = h1_read, .finish = h1_finish,
};

/* --- the connection ----------------------------------------------------------------------------------------------- */

/* A head that comes whole, as nearly all do, is parsed in the loop's scratch space; one in parts keeps its own. */
static enum h1_result next_head(struct h1 *h, struct h1_head **head, size_t *used)
{
	static _Thread_local struct h1_head scratch;
	struct str in = conn_in(h->c);
	*head = h->head ? h->head : &scratch;
	if (!h->head)
		h1_head_init(&scratch, worker_limits(h->c->w));
	enum h1_result r = h1_head_parse(*head, in.p, in.n, used);
	if (r != H1_MORE || h->head)
		return r;
	h->head = malloc(sizeof *h->head);
	if (!h->head) {
		scratch.status = 503;
		scratch.why = "out of memory";
		return H1_BAD;
	}
	*h->head = scratch;
	if (h->clock != CLOCK_HEAD && h->used)
		set_clock(h, CLOCK_HEAD, worker_now(h->c->w) + worker_limits(h->c->w)->header_time_ns);
	return r;
}

static void h1_input(struct conn *c)
{
	struct h1 *h = c->state;
	if (h->q) { /* its body waits for this */
		conn_pause(c);
		request_wake(h->q);
		return;
	}
	while (!h->q && !h->last && !c->dead && conn_in(c).n) {
		struct h1_head *head;
		size_t used;
		/* answers are still to be read by the peer: the minimum write rate bounds the time */
		if (conn_room(c) == 0) {
			set_clock(h, CLOCK_NONE, 0);
			conn_pause(c);
			return;
		}
		enum h1_result r = next_head(h, &head, &used);
		if (r == H1_MORE)
			break;
		if (r == H1_BAD)
			h1_refuse(h, head->status, head->why);
		else
			h1_serve(h, head, used);
		free(h->head);
		h->head = NULL;
	}
	if (c->eof && !h->q && !c->dead)
		conn_finish(c);
}

static void h1_room_again(struct conn *c)
{
	struct h1 *h = c->state;
	if (h->q)
		request_wake(h->q);
	else
		conn_resume(c);
}

static void h1_expired(struct conn *c)
{
	struct h1 *h = c->state;
	enum h1_clock which = h->clock;
	h->clock = CLOCK_NONE;
	switch (which) {
	case CLOCK_BODY:
		h->clock = CLOCK_BODY;
		body_clock(h);
		return;
	case CLOCK_HANGUP:
		if (h->q)
			request_cancel(h->q);
		return;
	case CLOCK_HEAD:
		if (h->head)
			h1_refuse(h, 408, "header time");
		else
			conn_finish(c);
		return;
	default:
		if (!h->q && !conn_out_empty(c)) /* not idle: still reading the last answer */
			set_clock(h, CLOCK_IDLE, worker_now(c->w) + worker_limits(c->w)->idle_ns);
		else if (!h->q)
			conn_finish(c);
	}
}

/* FIN while a request is worked on: the client has given up, or has only closed its sending side. The two are told
   apart by waiting a second. */
static void h1_hangup(struct conn *c)
{
	struct h1 *h = c->state;
	if (h->q)
		set_clock(h, CLOCK_HANGUP, worker_now(c->w) + HANGUP_NS);
}

static void h1_drain(struct conn *c)
{
	struct h1 *h = c->state;
	h->keep_alive = false;
	/* an endless answer would keep the process from ending; the client reconnects, to the next process */
	if (h->q && h->q->lasts)
		request_cancel(h->q);
	else if (!h->q && !h->head)
		conn_finish(c);
}

static void h1_closed(struct conn *c)
{
	struct h1 *h = c->state;
	if (h->q)
		request_gone(h->q);
	free(h->head);
	free(h);
}

static enum status h1_open(struct conn *c)
{
	struct h1 *h = calloc(1, sizeof *h);
	if (!h)
		return ST_NOMEM;
	h->c = c;
	h->clock = CLOCK_HEAD; /* running since the connection was accepted */
	c->state = h;
	return ST_OK;
}

const struct proto h1_proto = {
	.name = "http/1.1", .open = h1_open, .input = h1_input, .room = h1_room_again, .expired = h1_expired,
	.hangup = h1_hangup, .drain = h1_drain, .closed = h1_closed,
};

bool h1_upgrade(struct request *q, const struct proto *p, const struct stream_ops *ops, void *state)
{
	if (q->gone || q->ops != &h1_ops || q->r.answered)
		return false;
	struct h1 *h = q->stream;
	struct conn *c = h->c;
	if (c->dead || h->version != HTTP_11 || !h->body_done)
		return false;
	conn_put(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n", 55);
	for (unsigned i = 0; i < q->out_count; i++) {
		conn_put(c, q->out[i].name.p, q->out[i].name.n);
		conn_put(c, ": ", 2);
		conn_put(c, q->out[i].value.p, q->out[i].value.n);
		conn_put(c, "\r\n", 2);
	}
	conn_put(c, "\r\n", 2);
	q->r.status = 101;
	q->r.answered = q->head_sent = q->complete = true;
	q->ops = ops;
	q->stream = state;
	q->r.ctx.deadline_ns = 0;
	fiber_set_deadline(0);
	line_leave(q);
	free(h);
	conn_deadline(c, 0);
	conn_switch(c, p, state);
	conn_flush(c);
	conn_resume(c);
	return true;
}
