/* SPDX-License-Identifier: Apache-2.0
 *
 * Between h2.c (the connection: nghttp2's session, limits, clocks) and h2_stream.c (one request and its answer). Both
 * live on the connection's loop.
 *
 * A stream exists from HEADERS to nghttp2's on_stream_close. Its request may end earlier (finish, then END_STREAM sent)
 * or with it (the client resets: request_gone). s->q is NULL from then on.
 */
#ifndef GH_NET_H2_H
#define GH_NET_H2_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "net/conn/conn.h"

/* What a peer may do for free: refilled with time, emptied by what costs us more than it costs the peer. */
struct h2_budget { int64_t level, at_ns; };

struct h2_stream;

struct h2 {
	struct conn *c;
	nghttp2_session *ng;
	struct h2_stream *streams;
	unsigned open;              /* streams */
	unsigned running;           /* of these, requests whose application is at work and has not begun to answer */
	struct h2_stream *held, **held_tail; /* requests that wait until the peer has read, the oldest first */
	size_t out_owed;            /* of what the connection holds: answers of streams */
	size_t session_bytes, session_max; /* what nghttp2 has allocated, and may */
	size_t session_owed;        /* … as counted in what the connection holds */
	unsigned continuations;     /* of the header block being received */
	struct h2_budget resets, frames;
	int64_t idle_since_ns;      /* when the last stream ended */
	int64_t clock_ns;           /* what conn_deadline is set to */
	int32_t peer_reset;         /* the stream last reset by the peer */
	int64_t block_since_ns;     /* an unfinished header block; 0: none */
	int64_t window_stall_ns;    /* the connection's window has been shut since; 0: open */
	uint64_t stall_mark;        /* body bytes sent when that began */
	uint64_t sent;              /* body bytes */
	struct task task;
	bool task_queued, closed;   /* closed: freed by the task */
	bool busy;                  /* inside nghttp2: its end sends what was queued */
	bool over;                  /* cut or broken: send what there is, then close */
	bool notice_sent, goaway_sent;
};

struct h2_chunk {
	struct h2_chunk *next;
	struct body_piece piece; /* BLOB or FILE */
	size_t owed;        /* piece_owed, and never more than what is left of a blob */
};

struct h2_stream {
	struct h2 *h;
	struct h2_stream *next, **prev;
	int32_t id;
	struct request *q;

	/* the head being received */
	struct http_header *fields;
	unsigned count, cap;
	size_t header_bytes;
	struct str method, scheme, authority, path;
	int64_t body_len;
	int refuse; /* status to answer with; 0: none */
	size_t owed; /* by the peer for this stream, as counted in what the connection holds */
	struct h2_stream *held_next, **held_prev; /* in h->held; prev NULL: not held back */

	/* body in */
	struct buf in;
	size_t in_pos;
	uint64_t in_total, in_mark;
	int64_t in_clock_ns; /* waiting for the client since; 0: not waiting */
	bool in_end, slow, continue_due;

	/* body out */
	struct h2_chunk *out, **out_tail;
	uint64_t out_queued;  /* bytes */
	uint64_t out_sent, out_mark;
	int64_t out_clock_ns; /* the stream's window has been shut since; 0: open */
	bool out_end, want_room;
	bool running;  /* the application is at work, and has not begun to answer */
	bool finished; /* the application is done */
	bool sent_end;
};

/* h2.c */
void h2_kick(struct h2 *h); /* send what nghttp2 has queued, at the end of this turn or of the callback we are in */
void h2_flush(struct h2 *h);
void h2_reset(struct h2_stream *s, uint32_t code);

/* h2_stream.c */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id); /* NULL: memory is out */
/* One field of the head; what is too much is remembered as a refusal. */
void h2_stream_field(struct h2_stream *s, struct str name, struct str value);
void h2_stream_start(struct h2_stream *s); /* the head is complete */
/* Requests held back: start those that there is room for by now, and refuse those that have waited for too long. */
bool h2_may_start(const struct h2 *h);
void h2_held_start(struct h2 *h);
void h2_held_expire(struct h2 *h, int64_t now);
bool h2_stream_data(struct h2_stream *s, const uint8_t *p, size_t n); /* false: memory is out */
void h2_stream_end(struct h2_stream *s);
void h2_stream_sent_end(struct h2_stream *s);
void h2_stream_free(
        struct h2_stream *s); /* the stream is closed; the request, if still there, learns that the client has gone */
/* Are bytes waiting for the peer's window or for the connection? */
static inline bool h2_stream_pending(const struct h2_stream *s) { return s->out != NULL; }
int h2_stream_send(struct h2_stream *s, const uint8_t head[9], size_t n);

extern const struct proto h2_proto;

#endif
