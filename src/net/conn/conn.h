/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the HTTP server: the seams between a transport connection (`struct conn`: plain or TLS bytes, an output
 * queue), the protocol spoken on it (`struct proto`: h1, h2, ws) and one request (`struct request` behind the public
 * `struct http_req`, served by the protocol through `struct stream_ops`). Only src/net includes this.
 *
 *        socket ── conn.c ── proto (h1.c │ h2.c │ ws.c) ── stream_ops ── request.c, response.c ── application
 *
 * Threads: a connection, its protocol and its requests live on one loop and are touched on that loop's thread only,
 * by its callbacks and by its fibers. Nothing here locks. Nothing here waits, except in request.c and response.c,
 * which park the request's own fiber.
 *
 * Life of a connection:
 *   accept → [TLS handshake] → proto->open → proto->input … → conn_finish (polite) or conn_close (at once)
 *          → at the end of the loop's turn: proto->closed, then the connection is freed.
 * A connection never disappears under its user: conn_close only marks (c->dead); every conn_* call on a dead
 * connection is harmless and drops what it is given. proto->closed is the last call and frees c->state.
 *
 * Life of a request:
 *   request_new → request_head (validates, normalises) → request_start: the application runs, at once (fast) or in a
 *   fiber, and the core calls ops->head, ops->body …, ops->read → when the application is done, ops->finish, exactly
 *   once → the protocol calls request_free when the last byte has been handed to the connection (maybe at once).
 *   Or: request_gone, when the client has gone: the core calls no ops of this request ever again, cancels the
 *   fiber, and frees the request itself. The protocol must forget it there and then.
 */
#ifndef GH_NET_CONN_H
#define GH_NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"
#include "net/conn/http.h"
#include "rt/fiber.h"
#include "rt/loop.h"

struct conn;
struct request;
struct worker; /* the server's part on one loop: server.h */

/* --- pieces of output ----------------------------------------------------------------------------------------- */

/* A counted open file, so that several ranges of one file can be queued. */
struct file_ref {
	unsigned refs;
	int fd;
};
struct file_ref *file_ref_new(int fd); /* takes fd, also when it fails with NULL */
void file_ref_drop(struct file_ref *f);

enum piece_kind {
	PIECE_BYTES, /* borrowed for the duration of the call: the taker sends at once or copies */
	PIECE_BLOB,  /* carries one reference */
	PIECE_FILE,  /* carries one reference */
};
struct body_piece {
	enum piece_kind kind;
	const char *p;         /* BYTES, BLOB: where it starts */
	uint64_t off;          /* FILE */
	uint64_t len;
	struct blob *blob;
	struct file_ref *file;
};
static inline struct body_piece piece_bytes(struct str s)
{
	return (struct body_piece){ PIECE_BYTES, .p = s.p, .len = s.n };
}
void piece_drop(struct body_piece *p); /* gives back the reference */
/* What it holds for the peer that it waits for, in bytes (owed.c): its share of a blob that others hold too, a file's
 * descriptor. */
size_t piece_owed(const struct body_piece *p);

/* --- protocol of a connection ----------------------------------------------------------------------------------- */

struct proto {
	const char *name;
	/* Take over c: make c->state. Bytes may already wait in the input; input() is called for them afterwards.
	   Not ST_OK: the connection is closed (closed() is not called). */
	enum status (*open)(struct conn *c);
	/* There are new bytes (conn_in), or c->eof has become true. Consume what is usable; leave the rest.
	   Queued output is flushed after it returns. */
	void (*input)(struct conn *c);
	/* The output queue has fallen to CONN_LOW_WATER after conn_room said 0. May be NULL. */
	void (*room)(struct conn *c);
	/* The moment set by conn_deadline has passed (it is unset now). Decide: conn_close, conn_finish, a new
	 * deadline. */
	void (*expired)(struct conn *c);
	/* The peer sent FIN (EPOLLRDHUP) while reading is paused: it may be gone, or may just wait. May be NULL.
	   A reset connection is closed by conn.c itself. */
	void (*hangup)(struct conn *c);
	/* The server drains: finish what runs, take nothing new, then conn_finish. Called once, any time after open. */
	void (*drain)(struct conn *c);
	/* The connection is over: request_gone for every request still there, free c->state. */
	void (*closed)(struct conn *c);
};

extern const struct proto h1_proto;
/* NULL as long as the program is built without it; see protos.c. Chosen by ALPN "h2" or by the client preface. */
extern const struct proto *const net_h2;
#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* --- connection --------------------------------------------------------------------------------------------------- */

#define CONN_HIGH_WATER ((size_t)64 << 10) /* queued output at which writers wait */
#define CONN_LOW_WATER  ((size_t)16 << 10) /* … and at which they go on */
#define CONN_IN_FIRST   ((size_t)16 << 10) /* input buffer: first size, from the worker's pool */
#define CONN_IN_MAX     ((size_t)64 << 10) /* … and the most; a protocol that needs more of a message reads it in parts */

struct seg; /* a queued piece: conn.c */
typedef struct ssl_st SSL;

struct conn {
	struct watch watch; /* EPOLLIN|EPOLLOUT|EPOLLRDHUP, edge-triggered, registered once */
	struct worker *w;
	const struct proto *proto;
	void *state; /* the protocol's own */
	SSL *ssl;    /* NULL: plain */
	struct sockaddr_storage peer;
	bool secure; /* TLS here */

	/* Read by protocols */
	bool eof;      /* the peer will send no more (all it sent may still be in the input) */
	bool hup;      /* EPOLLRDHUP was seen */
	bool dead;     /* conn_close was called */
	bool finishing;/* conn_finish was called */
	bool draining; /* the server drains */

	/* conn.c's own from here */
	bool readable, writable, paused, want_room, handshaking, lingering, pumping, write_blocked, in_wheel;
	char *in;
	size_t in_pos, in_len, in_cap;
	struct seg *out_first, **out_tail;
	size_t out_bytes; /* in memory: files do not count */
	uint64_t sent_total, sent_mark;
	size_t out_owed; /* of the queue, as piece_owed says */
	size_t owed, owed_told; /* what its protocol and its requests hold; the whole sum as last told to the worker:
	                           owed.c */
	int64_t proto_deadline_ns, write_deadline_ns;
	int64_t wheel_at_ns;
	struct conn *wheel_next, **wheel_prev; /* bucket of the worker's timer wheel */
	struct conn *all_next, **all_prev;     /* the worker's list */
	struct task task;
	bool task_queued;
};

/* Input: the bytes received and not yet consumed. The slice is valid until conn_consume, conn_fill or the return to
   the loop. */
struct str conn_in(const struct conn *c);
void conn_consume(struct conn *c, size_t n);
/* Try to read more, growing the buffer up to CONN_IN_MAX, without waiting: > 0 bytes added, 0 nothing there now or no
   room in the buffer, −1 end of stream or error (c->eof). input() is not called. For readers in a fiber. */
ssize_t conn_fill(struct conn *c);
/* Stop and restart calls of input() and reading from the socket: back-pressure to the peer's window. Resuming takes
   effect before the loop waits again, not inside the call. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/* For a reader that has taken all there was (conn_fill said 0): call input() at the next readiness, not before. */
void conn_await(struct conn *c);

/* Output, in order, never waiting. conn_put copies. conn_piece takes the piece: bytes are sent at once when nothing is
   queued before them and copied otherwise. Nothing is refused for size: writers ask conn_room first and stop at 0. */
void conn_put(struct conn *c, const void *p, size_t n);
/* n writable bytes at the end of the queue (n ≤ 4096); conn_wrote says how many were used. For heads: no copy. NULL
   when memory is out or c is dead: then do not call conn_wrote. */
char *conn_reserve(struct conn *c, size_t n);
void conn_wrote(struct conn *c, size_t n);
/* What conn_wrote said last, n bytes, as long as nothing was queued or flushed since: to look at, and to take back. */
struct str conn_last(const struct conn *c, size_t n);
void conn_unwrote(struct conn *c, size_t n);
void conn_piece(struct conn *c, struct body_piece *p);
/* Bytes that may be queued now: CONN_HIGH_WATER − queued, 0 when full; then proto->room is called later. */
size_t conn_room(struct conn *c);
void conn_flush(struct conn *c); /* hand to the socket what it takes; after input() this happens by itself */
bool conn_out_empty(const struct conn *c);

/* What we hold for the peer, in bytes: owed.c. *part is what is counted of one thing (a stream, a session, a request
   that waits), 0 at first; now: what it is from here on. Counting refuses nothing: ask conn_may_owe before, where there
   is a way to say no; a connection that holds too much all the same is closed at its next flush. */
void conn_owes(struct conn *c, size_t *part, size_t now);
bool conn_may_owe(const struct conn *c, size_t more);
size_t conn_owed(const struct conn *c);

/* Ask for proto->expired at that monotonic time; 0: never. Cheap: no timer is touched unless it moves forward past the
   wheel's granularity (a quarter of a second, and as late as that it may fire). */
void conn_deadline(struct conn *c, int64_t at_ns);

/* Flush the queue, shut down the sending side, read and discard what still comes for a bounded time (RFC 9112 9.6),
 * close. */
void conn_finish(struct conn *c);
void conn_close(struct conn *c);
/* Speak another protocol on c from now on (WebSocket after 101). The former protocol must have freed its state. */
void conn_switch(struct conn *c, const struct proto *p, void *state);

/* --- request ------------------------------------------------------------------------------------------------------ */

enum body_read {
	BODY_DATA,  /* *got > 0 bytes */
	BODY_WAIT,  /* none now: request_wake when there may be */
	BODY_END,   /* the whole body has been read */
	BODY_BAD,   /* malformed (chunk sizes, …): ST_INVALID; the connection is of no more use */
	BODY_GONE,  /* the client went away in the middle: ST_CANCELLED */
	BODY_SLOW,  /* below the minimum rate: ST_REQUEST_TIMEOUT */
};

/* How a protocol serves one request. None of these waits. */
struct stream_ops {
	/* Status r.status and the headers q->out[0..out_count) with len bytes of body to follow (−1: unknown) as
	   ops->body; end: none will follow (HEAD, 204, 304, or empty), though len is still what Content-Length says
	   (−1: leave it out). */
	void (*head)(struct request *q, int64_t len, bool end);
	/* The next piece of body, taken; end: it was the last. An empty piece with end just ends. */
	void (*body)(struct request *q, struct body_piece *p, bool end);
	/* How many bytes may be queued now; 0: request_wake when there is room again. */
	size_t (*room)(struct request *q);
	void (*flush)(struct request *q);
	/* Up to n bytes of the request's body. */
	enum body_read (*read)(struct request *q, void *buf, size_t n, size_t *got);
	/* The application is done. whole: the answer is complete; otherwise the message must visibly break (RST_STREAM,
	   a closed connection), so that nobody takes a part for the whole. Leads to request_free. */
	void (*finish)(struct request *q, bool whole);
};

#define REQUEST_OUT_HEADERS 16

enum line_state {
	LINE_NONE,    /* in no line, or no more */
	LINE_WAITING, /* its handler has not begun */
	LINE_AT_WORK,
	LINE_RESTING, /* its handler waits for the client: the place is another's meanwhile */
};

struct request {
	struct http_req r; /* first */
	const struct stream_ops *ops;
	struct conn *conn;
	struct worker *w;
	void *stream; /* the protocol's own */
	struct fiber *fiber; /* while the application runs in one */
	struct request *line_next, **line_prev; /* while it waits: line.c */
	enum line_state line_state;
	unsigned char line;

	/* The answer, as collected by http_status, http_add_header, … Names as the application gave them. */
	struct http_header *out;
	unsigned out_count, out_cap;
	struct http_header out_first[REQUEST_OUT_HEADERS];

	uint64_t body_got;     /* bytes of body the application has read */
	size_t rest_owed;      /* of the arena, while it waits for the peer: counted in what the connection holds */
	uint64_t burst;        /* bytes read or written since others had their turn */
	int64_t answer_len;    /* announced by http_begin; −1 unknown */
	bool head_sent, complete, no_body, gone, running, started, streaming, in_done;
	bool left; /* the client, in the middle of its body or half closed for too long: not answered is no fault then
	            */
	bool lasts;            /* it has no end of its own (server-sent events): ended when the server drains */
	bool wants_json;       /* Accept names application/json or problem+json before text/html */
};
#define request_of(req) ((struct request *)(req))

/* A request in an arena of its own, from the worker's pool. NULL: memory is out. */
struct request *request_new(struct conn *c, const struct stream_ops *ops, void *stream);

/* The head as received. Everything must stay in place until request_free: copy it into q->r.ctx.arena first. Names
   must be lower case already. `authority` is :authority or Host; in HTTP/1.1 an absolute-form target has been
   reduced to origin form by the caller. */
struct message_head {
	enum http_version version;
	struct str method, target, authority;
	struct http_header *headers;
	unsigned count;
	int64_t body_len; /* as http_req.body_len */
	bool secure;      /* the scheme of this connection */
};
/* Fill q->r: method, path (percent-decoded, dot segments removed), query, host, peer and scheme after trusted
   proxies, request id, trace. 0, or the status to refuse with (400; 503: no memory). */
int request_head(struct request *q, const struct message_head *h);
/* Run the application. q may be finished and freed when this returns. */
void request_start(struct request *q);
/* Answer with an error page and finish, without running the application (refused by request_head, by limits). */
void request_refuse(struct request *q, int status);
/* There may be input, room or nothing new: the fiber looks again. */
void request_wake(struct request *q);
void request_gone(struct request *q);
/* Ask the application to give up (its waits return ST_CANCELLED) but let it answer. */
void request_cancel(struct request *q);
void request_free(struct request *q);

/* --- of the server, for protocols --------------------------------------------------------------------------------- */

const struct http_limits *worker_limits(const struct worker *w); /* defaults filled in */
/* The loop that the worker serves on, and its time (monotonic ns, read once per turn). */
struct loop *worker_loop(const struct worker *w);
int64_t worker_now(const struct worker *w);
/* "Sat, 21 Nov 2026 08:30:00 GMT", 29 bytes, renewed once a second. */
const char *worker_date(struct worker *w);
#define HTTP_DATE_LEN 29
/* head and body in one blob, with a reference; NULL: send them as they are. framed.c */
struct blob *framed_answer(struct worker *w, struct str head, const struct body_piece *body);
/* The body of an error answer: the application's page, or a line of text. Static memory. */
struct str worker_error_page(struct worker *w, int status, bool wants_json, const char **type);
void worker_count_refused(struct worker *w);  /* a message refused by the protocol */
void worker_count_cut(struct worker *w);      /* a connection cut for abusing h2 resets or the like */

/* "Not Found"; "Unknown" for codes without a registered phrase. */
const char *http_reason(int status);

/* --- HTTP/1.1, for ws.c ------------------------------------------------------------------------------------------- */

/* Answer 101 with the headers collected in q and hand the connection to p with state; from here on q is served by ops
   (finish and, for those that do not apply, never called: a WebSocket handler does not touch the HTTP answer).
   q->stream becomes state. False when the request did not come by HTTP/1.1 or has a body or an answer already. */
bool h1_upgrade(struct request *q, const struct proto *p, const struct stream_ops *ops, void *state);

#endif
