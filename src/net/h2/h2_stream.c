/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP/2 stream: nghttp2's callbacks on one side, the request and its stream_ops on the other.
 *
 * Back-pressure. In: bytes stay in s->in until the application reads them, and only then is the peer given new window,
 * so s->in never exceeds the window we advertise. Out: pieces wait in s->out, up to HIGH_WATER before writers have to
 * wait; nghttp2 pulls from them as the windows allow, blobs going to the connection by reference.
 */
#include "net/h2/h2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/h1/h1_parser.h"

#define HIGH_WATER ((size_t)64 << 10) /* bytes a stream may have queued; the connection has its own */
#define LOW_WATER  ((size_t)16 << 10)
#define INPUT_MAX  ((size_t)1 << 20)  /* the window bounds it: see h2_open */
#define FIELD_COST 32                 /* RFC 9113 6.5.2: what a field counts besides its bytes */
/* A connection whose peer has answers of so much to read first gets no further request started, each one at work
   counting as one of RUNNING_COST: more than browsers and proxies let stand, and small against CONN_OWED_MAX. */
#define START_BELOW  ((size_t)4 << 20)
#define RUNNING_COST ((size_t)64 << 10)
/* A stream without its bytes: our struct, the fields, the first block of the request's arena. */
#define STREAM_COST(l) (sizeof(struct h2_stream) + (l)->header_count * sizeof(struct http_header) + 4096)

static const struct stream_ops h2_ops;

/* --- life --------------------------------------------------------------------------------------------------------- */

static void stream_owes(struct h2_stream *s, size_t more) { conn_owes(s->h->c, &s->owed, s->owed + more); }
static void owes_less(struct h2_stream *s, size_t less) { conn_owes(s->h->c, &s->owed, s->owed - less); }

static void chunk_owes(struct h2_stream *s, struct h2_chunk *k, size_t now)
{
	s->h->out_owed += now - k->owed;
	conn_owes(s->h->c, &s->owed, s->owed + now - k->owed);
	k->owed = now;
}

static void drop_chunk(struct h2_stream *s)
{
	struct h2_chunk *k = s->out;
	s->out = k->next;
	if (!s->out)
		s->out_tail = &s->out;
	s->out_queued -= k->piece.len;
	chunk_owes(s, k, 0);
	piece_drop(&k->piece);
	free(k);
}

static void unhold(struct h2_stream *s)
{
	if (!s->held_prev)
		return;
	*s->held_prev = s->held_next;
	*(s->held_next ? &s->held_next->held_prev : &s->h->held_tail) = s->held_prev;
	s->held_prev = NULL;
}

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id)
{
	const struct http_limits *l = worker_limits(h->c->w);
	struct h2_stream *s = conn_may_owe(h->c, STREAM_COST(l)) ? calloc(1, sizeof *s) : NULL;
	if (!s)
		return NULL;
	s->q = request_new(h->c, &h2_ops, s);
	s->fields = s->q ? arena_try_alloc(s->q->r.ctx.arena, l->header_count * sizeof *s->fields) : NULL;
	if (!s->fields) {
		if (s->q)
			request_free(s->q);
		free(s);
		return NULL;
	}
	s->h = h;
	s->id = id;
	s->cap = l->header_count;
	s->body_len = -1;
	s->out_tail = &s->out;
	buf_init(&s->in, INPUT_MAX);
	s->next = h->streams;
	s->prev = &h->streams;
	if (h->streams)
		h->streams->prev = &s->next;
	h->streams = s;
	h->open++;
	stream_owes(s, STREAM_COST(l));
	return s;
}

static void drop_out(struct h2_stream *s)
{
	while (s->out)
		drop_chunk(s);
}

/* The answer has begun, or none can be sent any more. */
static void not_running(struct h2_stream *s)
{
	s->h->running -= s->running;
	s->running = false;
}

static void release_request(struct h2_stream *s)
{
	struct request *q = s->q;
	s->q = NULL;
	if (!q)
		return;
	not_running(s);
	if (s->finished)
		request_free(q);
	else
		request_gone(q);
}

void h2_stream_free(struct h2_stream *s)
{
	struct h2 *h = s->h;
	unhold(s);
	release_request(s);
	drop_out(s);
	/* Bytes nobody read still count against the connection's window. */
	if (s->in.len > s->in_pos)
		nghttp2_session_consume_connection(h->ng, s->in.len - s->in_pos);
	buf_fini(&s->in);
	conn_owes(h->c, &s->owed, 0);
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	free(s);
	if (--h->open == 0)
		h->idle_since_ns = worker_now(h->c->w);
}

/* --- the head ----------------------------------------------------------------------------------------------------- */

static struct str keep_text(struct h2_stream *s, struct str v)
{
	char *p = arena_try_alloc(s->q->r.ctx.arena, v.n + 1);
	if (!p) {
		s->refuse = 503;
		return STR("");
	}
	memcpy(p, v.p, v.n);
	p[v.n] = 0;
	return str_n(p, v.n);
}

static struct str *pseudo(struct h2_stream *s, struct str name)
{
	return str_eq(name, STR(":method"))    ? &s->method
	       : str_eq(name, STR(":path"))    ? &s->path
	       : str_eq(name, STR(":scheme"))  ? &s->scheme
	       : str_eq(name, STR(":authority")) ? &s->authority
						 : NULL;
}

void h2_stream_field(struct h2_stream *s, struct str name, struct str value)
{
	const struct http_limits *l = worker_limits(s->h->c->w);
	if (!s->q || s->refuse)
		return; /* decoded, as the compression state demands, and forgotten */
	s->header_bytes += name.n + value.n + FIELD_COST;
	if (s->header_bytes > l->headers + FIELD_COST * 4) {
		s->refuse = 431;
		return;
	}
	stream_owes(s, name.n + value.n + 2);
	struct str *p = name.n && name.p[0] == ':' ? pseudo(s, name) : NULL;
	if (p) {
		if (p == &s->path && value.n > l->target)
			s->refuse = 414;
		else
			*p = keep_text(s, value);
		return;
	}
	if (s->count == s->cap) {
		s->refuse = 431;
		return;
	}
	s->fields[s->count++] = (struct http_header){ keep_text(s, name), keep_text(s, value) };
}

/* RFC 9113 8.2.3: a Cookie header may come in crumbs; everyone else expects one. */
static bool join_cookies(struct h2_stream *s)
{
	size_t total = 0;
	unsigned crumbs = 0;
	for (unsigned i = 0; i < s->count; i++)
		if (str_eq(s->fields[i].name, STR("cookie"))) {
			total += s->fields[i].value.n + 2;
			crumbs++;
		}
	if (crumbs < 2)
		return true;
	char *p = arena_try_alloc(s->q->r.ctx.arena, total);
	if (!p)
		return false;
	size_t n = 0;
	unsigned kept = 0;
	struct http_header *first = NULL;
	for (unsigned i = 0; i < s->count; i++) {
		struct http_header f = s->fields[i];
		bool cookie = str_eq(f.name, STR("cookie"));
		if (cookie) {
			if (n) {
				memcpy(p + n, "; ", 2);
				n += 2;
			}
			memcpy(p + n, f.value.p, f.value.n);
			n += f.value.n;
		}
		if (!cookie || !first) {
			if (cookie)
				first = &s->fields[kept];
			s->fields[kept++] = f;
		}
	}
	first->value = str_n(p, n);
	s->count = kept;
	return true;
}

static bool path_valid(const struct h2_stream *s)
{
	for (size_t i = 0; i < s->path.n; i++) {
		unsigned char c = (unsigned char)s->path.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
	}
	return s->path.n && (s->path.p[0] == '/' || str_eq(s->path, STR("*")));
}

/* What nghttp2 has not checked already: it knows pseudo-headers, names, values and connection-specific fields. */
static int check_head(struct h2_stream *s, struct message_head *m)
{
	if (s->refuse)
		return s->refuse;
	if (str_eq(s->method, STR("CONNECT")))
		return 501;
	if (!path_valid(s) || (!str_ieqc(s->scheme, "http") && !str_ieqc(s->scheme, "https")) || !join_cookies(s))
		return 400;
	struct str host = STR_NULL;
	for (unsigned i = 0; i < s->count; i++) {
		struct http_header *f = &s->fields[i];
		uint64_t len;
		if (str_eq(f->name, STR("host")))
			host = f->value;
		else if (str_eq(f->name, STR("content-length")) && s->body_len < 0 && str_u64(f->value, &len) &&
		        len <= INT64_MAX)
			s->body_len = (int64_t)len;
		else if (str_eq(f->name, STR("expect")))
			s->continue_due = str_ieqc(f->value, "100-continue") && !s->in_end;
	}
	if (!s->authority.p)
		s->authority = host;
	else if (host.p && !str_ieq(host, s->authority))
		/* Host and :authority differ: a proxy on the way may have judged the request by the other one */
		return 400;
	if (!s->authority.p || !http_authority_valid(s->authority))
		return 400;
	if (s->in_end)
		s->body_len = 0;
	*m = (struct message_head){ .version = HTTP_2,
		.method = s->method,
		.target = s->path,
		.authority = s->authority,
		.headers = s->fields,
		.count = s->count,
		.body_len = s->body_len,
		.secure = s->h->c->secure };
	return 0;
}

bool h2_may_start(const struct h2 *h)
{
	return h->c->out_owed + h->out_owed + h->running * RUNNING_COST < START_BELOW;
}

static void stream_start(struct h2_stream *s)
{
	s->running = true;
	s->h->running++;
	request_start(s->q);
}

static void hold_back(struct h2_stream *s)
{
	struct h2 *h = s->h;
	s->held_next = NULL;
	s->held_prev = h->held_tail;
	*h->held_tail = s;
	h->held_tail = &s->held_next;
}

void h2_stream_start(struct h2_stream *s)
{
	struct message_head m;
	struct request *q = s->q;
	int status = check_head(s, &m);
	if (!status)
		status = request_head(q, &m);
	if (status)
		request_refuse(q, status);
	else if (h2_may_start(s->h))
		stream_start(s);
	else
		hold_back(s);
}

void h2_held_start(struct h2 *h)
{
	while (h->held && !h->c->dead && h2_may_start(h)) {
		struct h2_stream *s = h->held;
		unhold(s);
		stream_start(s);
	}
}

void h2_held_expire(struct h2 *h, int64_t now)
{
	while (h->held && now - h->held->q->r.start_ns >= worker_limits(h->c->w)->request_ns) {
		struct h2_stream *s = h->held;
		unhold(s);
		request_refuse(s->q, 503);
	}
}

/* --- body in ------------------------------------------------------------------------------------------------------ */

bool h2_stream_data(struct h2_stream *s, const uint8_t *p, size_t n)
{
	struct h2 *h = s->h;
	s->in_total += n;
	if (!s->q || s->finished) {
		nghttp2_session_consume_connection(h->ng, n);
		return true;
	}
	if (s->in_pos == s->in.len) {
		buf_clear(&s->in);
		s->in_pos = 0;
	}
	if (!conn_may_owe(h->c, n))
		return false;
	buf_put(&s->in, p, n);
	stream_owes(s, n);
	request_wake(s->q);
	return buf_ok(&s->in);
}

void h2_stream_end(struct h2_stream *s)
{
	s->in_end = true;
	if (s->q)
		request_wake(s->q);
}

static void send_continue(struct h2_stream *s)
{
	static const nghttp2_nv status = { (uint8_t *)":status", (uint8_t *)"100", 7, 3,
					   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };
	s->continue_due = false;
	if (!s->q->head_sent)
		nghttp2_submit_headers(s->h->ng, NGHTTP2_FLAG_NONE, s->id, NULL, &status, 1, NULL);
	h2_kick(s->h);
}

static enum body_read op_read(struct request *q, void *buf, size_t n, size_t *got)
{
	struct h2_stream *s = q->stream;
	size_t have = s->in.len - s->in_pos;
	if (have) {
		n = n < have ? n : have;
		memcpy(buf, s->in.data + s->in_pos, n);
		s->in_pos += n;
		owes_less(s, n);
		s->in_clock_ns = 0;
		nghttp2_session_consume(s->h->ng, s->id, n);
		h2_kick(s->h);
		*got = n;
		return BODY_DATA;
	}
	if (s->in_end)
		return BODY_END;
	if (s->slow)
		return BODY_SLOW;
	if (s->continue_due)
		send_continue(s);
	if (!s->in_clock_ns) {
		s->in_clock_ns = worker_now(s->h->c->w);
		s->in_mark = s->in_total;
	}
	return BODY_WAIT;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static bool is_connection_field(struct str name)
{
	static const char *const names[] = { "connection", "keep-alive", "proxy-connection", "transfer-encoding",
		"upgrade" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_ieqc(name, names[i]))
			return true;
	return false;
}

static nghttp2_nv nv_of(struct str name, struct str value)
{
	return (nghttp2_nv){ (uint8_t *)name.p, (uint8_t *)value.p, name.n, value.n, NGHTTP2_NV_FLAG_NONE };
}

static struct str lower_into(char **scratch, struct str s)
{
	char *p = *scratch;
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	*scratch += s.n;
	return str_n(p, s.n);
}

static ssize_t read_out(
        nghttp2_session *ng, int32_t id, uint8_t *buf, size_t max, uint32_t *flags, nghttp2_data_source *src, void *arg)
{
	struct h2_stream *s = src->ptr;
	if (!s->out && !s->out_end)
		return NGHTTP2_ERR_DEFERRED;
	size_t n = s->out_queued < max ? (size_t)s->out_queued : max;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n == s->out_queued && s->out_end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static int submit_head(struct h2_stream *s, nghttp2_nv *nv, size_t count, bool end)
{
	nghttp2_data_provider body = { .source.ptr = s, .read_callback = read_out };
	return nghttp2_submit_response(s->h->ng, s->id, nv, count, end ? NULL : &body);
}

static void op_head(struct request *q, int64_t len, bool end)
{
	struct h2_stream *s = q->stream;
	size_t names = 0;
	not_running(s);
	for (unsigned i = 0; i < q->out_count; i++)
		names += q->out[i].name.n;
	/* Not from the arena: an answer must also be possible when the arena is exhausted. */
	char status[16], length[24];
	nghttp2_nv *nv = malloc((q->out_count + 3) * sizeof *nv + names);
	if (!nv) {
		h2_reset(s, NGHTTP2_INTERNAL_ERROR);
		return;
	}
	char *scratch = (char *)(nv + q->out_count + 3);
	size_t n = 0;
	int digits = snprintf(status, sizeof status, "%d", q->r.status);
	nv[n++] = nv_of(STR(":status"), str_n(status, (size_t)digits));
	nv[n++] = nv_of(STR("date"), str_n(worker_date(s->h->c->w), HTTP_DATE_LEN));
	if (len >= 0 && q->r.status != 204 && q->r.status != 304) {
		digits = snprintf(length, sizeof length, "%lld", (long long)len);
		nv[n++] = nv_of(STR("content-length"), str_n(length, (size_t)digits));
	}
	for (unsigned i = 0; i < q->out_count; i++)
		if (!is_connection_field(q->out[i].name))
			nv[n++] = nv_of(lower_into(&scratch, q->out[i].name), q->out[i].value);
	s->out_end = end;
	if (submit_head(s, nv, n, end) != 0)
		h2_reset(s, NGHTTP2_INTERNAL_ERROR);
	free(nv);
	h2_kick(s->h);
}

/* Bytes become a blob of their own: they wait for the peer's window. */
static struct body_piece own_piece(struct body_piece *p)
{
	struct body_piece own = *p;
	if (p->kind == PIECE_BYTES) {
		struct blob *b = blob_new(p->p, (size_t)p->len);
		own = b ? (struct body_piece){ PIECE_BLOB, .p = b->data, .len = p->len, .blob = b }
		        : (struct body_piece){ 0 };
	}
	*p = (struct body_piece){ 0 };
	return own;
}

static void op_body(struct request *q, struct body_piece *p, bool end)
{
	struct h2_stream *s = q->stream;
	uint64_t len = p->len;
	size_t costs = piece_owed(p);
	if (len && !s->out_end) {
		struct h2_chunk *k = conn_may_owe(s->h->c, costs) ? malloc(sizeof *k) : NULL;
		struct body_piece own = k ? own_piece(p) : (struct body_piece){ 0 };
		if (own.len != len) {
			piece_drop(p);
			free(k);
			h2_reset(s, NGHTTP2_INTERNAL_ERROR);
			return;
		}
		*k = (struct h2_chunk){ NULL, own, 0 };
		*s->out_tail = k;
		s->out_tail = &k->next;
		s->out_queued += len;
		chunk_owes(s, k, costs);
	} else {
		piece_drop(p);
	}
	s->out_end |= end;
	nghttp2_session_resume_data(s->h->ng, s->id);
	h2_kick(s->h);
}

static size_t op_room(struct request *q)
{
	struct h2_stream *s = q->stream;
	if (s->out_queued < HIGH_WATER)
		return HIGH_WATER - (size_t)s->out_queued;
	s->want_room = true;
	return 0;
}

static void op_flush(struct request *q)
{
	struct h2_stream *s = q->stream;
	h2_flush(s->h);
}

static void op_finish(struct request *q, bool whole)
{
	struct h2_stream *s = q->stream;
	s->finished = true;
	if (!whole) {
		drop_out(s);
		h2_reset(s, NGHTTP2_INTERNAL_ERROR);
	}
	/* The output still to be sent is a copy, or holds a reference: so the request's memory can be freed now. */
	release_request(s);
}

static const struct stream_ops h2_ops = {
	.head = op_head, .body = op_body, .room = op_room, .flush = op_flush, .read = op_read, .finish = op_finish,
};

/* --- body out ----------------------------------------------------------------------------------------------------- */

/* File bytes are read now: the connection bounds what it queues by memory, and over TLS they are read anyway. */
static bool file_piece(const struct body_piece *p, size_t n, struct body_piece *out)
{
	struct blob *b = blob_new(NULL, n);
	size_t have = 0;
	while (b && have < n) {
		ssize_t got = pread(p->file->fd, b->data + have, n - have, (off_t)(p->off + have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			blob_unref(b);
			return false;
		}
		have += (size_t)got;
	}
	*out = (struct body_piece){ PIECE_BLOB, .p = b ? b->data : NULL, .len = n, .blob = b };
	return b != NULL;
}

static bool send_part(struct h2_stream *s, size_t n)
{
	struct h2_chunk *k = s->out;
	struct body_piece part;
	if (k->piece.kind == PIECE_FILE) {
		if (!file_piece(&k->piece, n, &part))
			return false;
		k->piece.off += n;
	} else {
		part = (struct body_piece){ PIECE_BLOB, .p = k->piece.p, .len = n, .blob = blob_ref(k->piece.blob) };
		k->piece.p += n;
	}
	k->piece.len -= n;
	if (k->piece.kind == PIECE_BLOB && k->owed > k->piece.len)
		chunk_owes(s, k, (size_t)k->piece.len);
	s->out_queued -= n;
	s->out_sent += n;
	s->h->sent += n;
	conn_piece(s->h->c, &part);
	if (!k->piece.len)
		drop_chunk(s);
	return true;
}

/* One DATA frame: its 9 bytes of head, then n bytes of what is queued. */
int h2_stream_send(struct h2_stream *s, const uint8_t head[9], size_t n)
{
	if (conn_room(s->h->c) == 0)
		return NGHTTP2_ERR_WOULDBLOCK;
	if (n > s->out_queued)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* dropped meanwhile: the stream breaks */
	conn_put(s->h->c, head, 9);
	while (n) {
		size_t part = s->out->piece.len < n ? (size_t)s->out->piece.len : n;
		if (!send_part(s, part))
			return NGHTTP2_ERR_CALLBACK_FAILURE; /* the frame's head is out: nothing but the connection can
			                                        break */
		n -= part;
	}
	s->out_clock_ns = 0;
	if (s->want_room && s->out_queued <= LOW_WATER && s->q) {
		s->want_room = false;
		request_wake(s->q);
	}
	return 0;
}

void h2_stream_sent_end(struct h2_stream *s)
{
	s->sent_end = true;
}
