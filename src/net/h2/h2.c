/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/2 on a connection (RFC 9113), server side, over nghttp2: session, limits, clocks, drain. Requests: h2_stream.c.
 *
 * What a peer can make us do is bounded: streams at once, header bytes and CONTINUATION frames of a block, the
 * compression tables, unread body bytes (windows), queued acknowledgements. What it makes us hold is bounded in bytes:
 * all that nghttp2 allocates for the session, and with streams and answers the connection's sum (owed.c), near which no
 * further request is started (h2_stream.c). Two leaky budgets bound what is legal but abusive:
 *
 *   resets  streams that came to nothing: reset by the peer (rapid reset, CVE-2023-44487), or by us because of an error
 * the peer provoked (MadeYouReset, CVE-2025-8671). Each may have cost a request's work. Streams over the limit, too.
 *   frames  frames that carry nothing: PING, SETTINGS, WINDOW_UPDATE, empty DATA. What we send earns the peer some, as
 * it has to acknowledge with window updates. (PRIORITY and unknown types nghttp2 skips for less than they cost to
 * send.)
 *
 * An empty budget ends the connection: GOAWAY(ENHANCE_YOUR_CALM), counted in http_server_stats.h2_resets_cut.
 *
 * nghttp2 may not be asked to send from inside its own callbacks, so `busy` marks them and output is made afterwards;
 * outside of them it is made once per turn of the loop (task), for all that happened in that turn.
 */
#include "net/h2/h2.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define STREAM_WINDOW     (64 << 10)
#define CONNECTION_WINDOW (1 << 20)
#define CONTINUATIONS_MAX 6 /* below nghttp2's own bound, so that ours answers and counts */
#define ACKS_MAX          100
#define RESETS_BURST      200
#define RESETS_PER_S      20
#define FRAMES_BURST      2000
#define FRAMES_PER_S      200
#define FRAMES_EARNED     4 /* by each DATA frame we send */
#define TINY_DATA         32
#define GRACE_NS          (5 * NS_PER_S) /* the period over which rates are judged */
#define TICK_NS           NS_PER_S
/* Of nghttp2's own memory: the session with its tables, and a stream with the head of its answer. */
#define SESSION_BYTES     ((size_t)1 << 20)
#define STREAM_BYTES      ((size_t)16 << 10)

static void close_over(struct h2 *h);

/* --- budgets ------------------------------------------------------------------------------------------------------ */

static void h2_cut(struct h2 *h, const char *why)
{
	if (h->over)
		return;
	h->over = true;
	LOG(INFO, NULL, "http2.cut", LS("why", why));
	worker_count_cut(h->c->w);
	nghttp2_session_terminate_session(h->ng, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void spend(struct h2 *h, struct h2_budget *b, int64_t burst, int64_t per_s, const char *what)
{
	int64_t now = worker_now(h->c->w), ms = (now - b->at_ns) / NS_PER_MS;
	if (ms > 0) {
		b->level += ms > 600000 ? burst : ms * per_s / 1000;
		if (b->level > burst)
			b->level = burst;
		if (ms * per_s >= 1000)
			b->at_ns = now;
	}
	if (--b->level < 0)
		h2_cut(h, what);
}

static void spend_reset(struct h2 *h) { spend(h, &h->resets, RESETS_BURST, RESETS_PER_S, "resets"); }
static void spend_frame(struct h2 *h) { spend(h, &h->frames, FRAMES_BURST, FRAMES_PER_S, "frames"); }

/* --- nghttp2's callbacks: receiving ------------------------------------------------------------------------------- */

static struct h2_stream *stream_of(struct h2 *h, int32_t id) { return nghttp2_session_get_stream_user_data(h->ng, id); }

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h = arg;
	switch (hd->type) {
	case NGHTTP2_HEADERS:
		h->continuations = 0;
		break;
	case NGHTTP2_CONTINUATION:
		if (++h->continuations > CONTINUATIONS_MAX)
			h2_cut(h, "continuations");
		break;
	case NGHTTP2_DATA:
		if (hd->length < TINY_DATA && !(hd->flags & NGHTTP2_FLAG_END_STREAM))
			spend_frame(h);
		break;
	case NGHTTP2_RST_STREAM: /* whatever its code: a reset with NO_ERROR has cost as much */
		h->peer_reset = hd->stream_id;
		spend_reset(h);
		break;
	default: spend_frame(h);
	}
	return h->over ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h = arg;
	h->block_since_ns = worker_now(h->c->w);
	if (f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0; /* trailers: checked by nghttp2, not kept */
	struct h2_stream *s = h2_stream_new(h, f->hd.stream_id);
	if (!s)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (nghttp2_session_set_stream_user_data(ng, f->hd.stream_id, s) != 0) {
		h2_stream_free(s);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return 0;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name, size_t name_len,
        const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
	struct h2_stream *s = stream_of(arg, f->hd.stream_id);
	if (s && f->headers.cat == NGHTTP2_HCAT_REQUEST)
		h2_stream_field(s, str_n((const char *)name, name_len), str_n((const char *)value, value_len));
	return 0;
}

/* Streams over the limit are refused before they exist: on_stream_close is not called for them. */
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *f, int why, void *arg)
{
	struct h2 *h = arg;
	if (why == NGHTTP2_ERR_REFUSED_STREAM)
		spend_reset(h);
	return h->over ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* By default nghttp2 only leaves ill-formed fields out; then two readers of the message would see different ones. */
static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name, size_t name_len,
			     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h = arg;
	if (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA)
		return 0;
	struct h2_stream *s = stream_of(h, f->hd.stream_id);
	bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (f->hd.type == NGHTTP2_HEADERS)
		h->block_since_ns = 0;
	if (!s)
		return 0;
	if (end)
		h2_stream_end(s);
	if (f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST)
		h2_stream_start(s);
	return h->over ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);
	if (!s)
		nghttp2_session_consume_connection(ng, n);
	else if (!h2_stream_data(s, data, n))
		h2_reset(s, NGHTTP2_INTERNAL_ERROR);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);
	if (code != NGHTTP2_NO_ERROR && id != h->peer_reset)
		spend_reset(h);
	if (s) {
		nghttp2_session_set_stream_user_data(ng, id, NULL);
		h2_stream_free(s);
	}
	return 0;
}

/* --- nghttp2's callbacks: sending --------------------------------------------------------------------------------- */

static int send_data(
        nghttp2_session *ng, nghttp2_frame *f, const uint8_t *head, size_t n, nghttp2_data_source *src, void *arg)
{
	return h2_stream_send(src->ptr, head, n);
}

static int on_sent(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h = arg;
	if (f->hd.type == NGHTTP2_DATA && h->frames.level < FRAMES_BURST)
		h->frames.level += FRAMES_EARNED;
	if ((f->hd.type != NGHTTP2_DATA && f->hd.type != NGHTTP2_HEADERS) || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	struct h2_stream *s = stream_of(h, f->hd.stream_id);
	if (!s)
		return 0;
	h2_stream_sent_end(s);
	if (!s->in_end) /* the rest of the request is not wanted (RFC 9113 8.1) */
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, f->hd.stream_id, NGHTTP2_NO_ERROR);
	return 0;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void send_queued(struct h2 *h)
{
	const uint8_t *p;
	h->busy = true;
	while (conn_room(h->c) > 0) {
		ssize_t n = nghttp2_session_mem_send(h->ng, &p);
		if (n < 0)
			h->over = true;
		if (n <= 0)
			break;
		conn_put(h->c, p, (size_t)n);
	}
	h->busy = false;
}

/* After each visit of nghttp2: send, and see whether the connection has come to its end. */
static void h2_settle(struct h2 *h)
{
	struct conn *c = h->c;
	if (c->dead || c->finishing || h->closed)
		return;
	bool was_over = h->over;
	h2_held_start(h);
	send_queued(h);
	if (h->over) {
		if (!was_over)
			send_queued(h); /* the GOAWAY made meanwhile */
		close_over(h);
	} else if (!nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng)) {
		close_over(h);
	} else if (h->goaway_sent && !h->open) {
		close_over(h);
	}
}

static void release_all(struct h2 *h)
{
	while (h->streams) {
		nghttp2_session_set_stream_user_data(h->ng, h->streams->id, NULL);
		h2_stream_free(h->streams);
	}
}

static void close_over(struct h2 *h)
{
	h->over = true;
	release_all(h);
	conn_finish(h->c);
}

void h2_flush(struct h2 *h)
{
	if (h->busy) {
		h2_kick(h);
		return;
	}
	h2_settle(h);
	conn_flush(h->c);
}

static void run_task(struct task *t)
{
	struct h2 *h = (struct h2 *)((char *)t - offsetof(struct h2, task));
	h->task_queued = false;
	if (h->closed) {
		free(h);
		return;
	}
	h2_settle(h);
	conn_flush(h->c);
	if (h->held && h2_may_start(h)) /* what was sent has made room */
		h2_kick(h);
}

void h2_kick(struct h2 *h)
{
	if (h->task_queued || (h->busy && h->c->pumping))
		return; /* input() sends at its end */
	h->task_queued = true;
	h->task.run = run_task;
	loop_defer(worker_loop(h->c->w), &h->task);
}

void h2_reset(struct h2_stream *s, uint32_t code)
{
	nghttp2_submit_rst_stream(s->h->ng, NGHTTP2_FLAG_NONE, s->id, code);
	h2_kick(s->h);
}

/* --- clocks ------------------------------------------------------------------------------------------------------- */

/* Once a second while something runs; the earlier of two moments stays set, or a busy peer would put it off for ever.
 */
static void set_clock(struct h2 *h)
{
	bool active = h->open || h->block_since_ns || h->notice_sent;
	int64_t at = active ? worker_now(h->c->w) + TICK_NS : h->idle_since_ns + worker_limits(h->c->w)->idle_ns;
	if (h->clock_ns && h->clock_ns <= at)
		return;
	h->clock_ns = at;
	conn_deadline(h->c, at);
}

/* The application waits for a body that trickles. */
static void check_body_rate(struct h2_stream *s, int64_t now)
{
	uint64_t least = (uint64_t)worker_limits(s->h->c->w)->body_rate * (GRACE_NS / NS_PER_S);
	if (!s->in_clock_ns || s->slow || s->in_end || now - s->in_clock_ns < GRACE_NS)
		return;
	if (s->in_total - s->in_mark < least) {
		s->slow = true;
		if (s->q)
			request_wake(s->q);
		return;
	}
	s->in_clock_ns = now;
	s->in_mark = s->in_total;
}

/* The peer reads the connection but grants no window for an answer that it asked for. */
static void check_stream_window(struct h2_stream *s, int64_t now)
{
	struct h2 *h = s->h;
	if (!h2_stream_pending(s) || nghttp2_session_get_stream_remote_window_size(h->ng, s->id) > 0) {
		s->out_clock_ns = 0;
	} else if (!s->out_clock_ns) {
		s->out_clock_ns = now;
	} else if (now - s->out_clock_ns >= GRACE_NS) {
		LOG(DEBUG, NULL, "http2.window_stall", LI("stream", s->id));
		h2_reset(s, NGHTTP2_CANCEL);
	}
}

static void check_connection_window(struct h2 *h, bool pending, int64_t now)
{
	uint64_t least = (uint64_t)worker_limits(h->c->w)->write_rate * (GRACE_NS / NS_PER_S);
	if (!pending || nghttp2_session_get_remote_window_size(h->ng) > 0) {
		h->window_stall_ns = 0;
	} else if (!h->window_stall_ns) {
		h->window_stall_ns = now;
		h->stall_mark = h->sent;
	} else if (now - h->window_stall_ns >= GRACE_NS) {
		if (h->sent - h->stall_mark < least)
			h2_cut(h, "window");
		h->window_stall_ns = 0;
	}
}

static void h2_expired(struct conn *c)
{
	struct h2 *h = c->state;
	const struct http_limits *l = worker_limits(c->w);
	int64_t now = worker_now(c->w);
	bool pending = false;
	h->clock_ns = 0;
	h2_held_expire(h, now);
	for (struct h2_stream *s = h->streams; s; s = s->next) {
		check_body_rate(s, now);
		check_stream_window(s, now);
		pending |= h2_stream_pending(s);
	}
	check_connection_window(h, pending, now);
	if (h->block_since_ns && now - h->block_since_ns > l->header_time_ns)
		h2_cut(h, "header time");
	if (!h->open && !h->over && now - h->idle_since_ns >= l->idle_ns) {
		nghttp2_session_terminate_session(h->ng, NGHTTP2_NO_ERROR);
	} else if (h->notice_sent && !h->goaway_sent) {
		/* A tick after the notice: what the client had on its way then has arrived (RFC 9113 6.8). */
		h->goaway_sent = true;
		nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->ng),
		        NGHTTP2_NO_ERROR, NULL, 0);
	}
	h2_settle(h);
	conn_flush(c);
	if (!c->dead && !c->finishing)
		set_clock(h);
}

/* --- nghttp2's memory --------------------------------------------------------------------------------------------- */

/* Before each piece: its size. */
union piece_head { size_t n; max_align_t align; };

static bool session_count(struct h2 *h, size_t now)
{
	if (now > h->session_max)
		return false;
	h->session_bytes = now;
	conn_owes(h->c, &h->session_owed, now);
	return true;
}

static void *ng_realloc(void *p, size_t n, void *arg)
{
	struct h2 *h = arg;
	union piece_head *old = p ? (union piece_head *)p - 1 : NULL, *made = NULL;
	size_t before = old ? old->n : 0, was = h->session_bytes;
	if (n > h->session_max || !session_count(h, was - before + n))
		return NULL;
	made = realloc(old, sizeof *made + n);
	if (!made) {
		(void)!session_count(h, was);
		return NULL;
	}
	made->n = n;
	return made + 1;
}

static void *ng_malloc(size_t n, void *arg) { return ng_realloc(NULL, n, arg); }

static void *ng_calloc(size_t count, size_t size, void *arg)
{
	size_t n;
	void *p = __builtin_mul_overflow(count, size, &n) ? NULL : ng_realloc(NULL, n, arg);
	return p ? memset(p, 0, n) : NULL;
}

static void ng_free(void *p, void *arg)
{
	struct h2 *h = arg;
	union piece_head *old = p ? (union piece_head *)p - 1 : NULL;
	if (old)
		(void)!session_count(h, h->session_bytes - old->n);
	free(old);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *cb;
	if (nghttp2_session_callbacks_new(&cb) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
	return cb;
}

static nghttp2_option *make_option(void)
{
	nghttp2_option *o;
	if (nghttp2_option_new(&o) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_max_outbound_ack(o, ACKS_MAX);
	nghttp2_option_set_max_deflate_dynamic_table_size(o, 4096);
	return o;
}

static int start_session(struct h2 *h)
{
	const struct http_limits *l = worker_limits(h->c->w);
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->in_flight },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)l->headers },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 }, /* no tree of priorities to keep for a peer */
	};
	nghttp2_session_callbacks *cb = make_callbacks();
	nghttp2_option *o = make_option();
	nghttp2_mem mem = {
		.mem_user_data = h, .malloc = ng_malloc, .free = ng_free, .calloc = ng_calloc, .realloc = ng_realloc
	};
	int r = cb && o ? nghttp2_session_server_new3(&h->ng, cb, h, o, &mem) : NGHTTP2_ERR_NOMEM;
	if (r == 0)
		r = nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
	if (r == 0)
		r = nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(o);
	return r;
}

static enum status h2_open(struct conn *c)
{
	struct h2 *h = calloc(1, sizeof *h);
	if (!h)
		return ST_NOMEM;
	h->c = c;
	h->idle_since_ns = h->resets.at_ns = h->frames.at_ns = worker_now(c->w);
	h->resets.level = RESETS_BURST;
	h->frames.level = FRAMES_BURST;
	h->held_tail = &h->held;
	h->session_max = SESSION_BYTES + worker_limits(c->w)->in_flight * STREAM_BYTES;
	if (start_session(h) != 0) {
		nghttp2_session_del(h->ng);
		free(h);
		return ST_NOMEM;
	}
	c->state = h;
	h2_settle(h);
	set_clock(h);
	return ST_OK;
}

static void h2_input(struct conn *c)
{
	struct h2 *h = c->state;
	struct str in = conn_in(c);
	if (in.n) {
		h->busy = true;
		ssize_t n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)in.p, in.n);
		h->busy = false;
		conn_consume(c, in.n);
		if (n < 0 && !h->over) {
			LOG(DEBUG, NULL, "http2.broken", LS("why", nghttp2_strerror((int)n)));
			/* acknowledgements that the peer does not read, and nghttp2's own records */
			if (n == NGHTTP2_ERR_FLOODED)
				h2_cut(h, "flood");
			if (n == NGHTTP2_ERR_NOMEM)
				h2_cut(h, "memory");
			h->over = true;
			nghttp2_session_terminate_session(h->ng, NGHTTP2_INTERNAL_ERROR);
		}
	}
	h2_settle(h);
	if (!c->dead && !c->finishing)
		set_clock(h);
	/* Without window updates nothing can be finished: the client has left. */
	if (c->eof && !c->finishing)
		conn_close(c);
}

static void h2_room(struct conn *c) { h2_kick(c->state); }

static void h2_drain(struct conn *c)
{
	struct h2 *h = c->state;
	h->notice_sent = true;
	nghttp2_submit_shutdown_notice(h->ng);
	/* nothing runs, so the connection ends now; a request that is just being sent is retried by the client */
	if (!h->open) {
		h->goaway_sent = true;
		nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->ng),
		        NGHTTP2_NO_ERROR, NULL, 0);
	}
	for (struct h2_stream *s = h->streams; s; s = s->next)
		if (s->q && s->q->lasts)
			request_cancel(s->q);
	set_clock(h);
	h2_kick(h);
}

static void h2_closed(struct conn *c)
{
	struct h2 *h = c->state;
	h->over = true;
	release_all(h);
	nghttp2_session_del(h->ng);
	h->ng = NULL;
	h->closed = true;
	if (!h->task_queued)
		free(h);
}

const struct proto h2_proto = {
	.name = "h2",
	.open = h2_open,
	.input = h2_input,
	.room = h2_room,
	.expired = h2_expired,
	.drain = h2_drain,
	.closed = h2_closed,
};
