/* SPDX-License-Identifier: Apache-2.0
 *
 * The answer to a request, whatever the protocol: status, headers, body. See http.h for the contract.
 */
#include "net/conn/conn.h"

#include <strings.h>

#include "base/log.h"
#include "net/conn/request.h"

const char *http_reason(int status)
{
	switch (status) {
#define R(code, text) case code: return text;
		R(100, "Continue")
		R(101, "Switching Protocols") R(103, "Early Hints") R(200, "OK") R(201, "Created") R(202, "Accepted") R(
		        203, "Non-Authoritative Information") R(204, "No Content") R(205, "Reset Content") R(206,
		        "Partial Content") R(207, "Multi-Status") R(300, "Multiple Choices") R(301,
		        "Moved Permanently") R(302, "Found") R(303, "See Other") R(304, "Not Modified") R(307,
		        "Temporary Redirect") R(308, "Permanent Redirect") R(400, "Bad Request") R(401,
		        "Unauthorized") R(402, "Payment Required") R(403, "Forbidden") R(404, "Not Found") R(405,
		        "Method Not Allowed") R(406, "Not Acceptable") R(408, "Request Timeout") R(409, "Conflict")
		        R(410, "Gone") R(411, "Length Required") R(412, "Precondition Failed") R(
		                413, "Content Too Large") R(414, "URI Too Long") R(415, "Unsupported Media Type") R(416,
		                "Range Not Satisfiable") R(417, "Expectation Failed") R(421, "Misdirected Request")
		                R(422, "Unprocessable Content") R(423, "Locked") R(424, "Failed Dependency") R(
		                        425, "Too Early") R(426, "Upgrade Required") R(428, "Precondition Required")
		                        R(429, "Too Many Requests") R(431, "Request Header Fields Too Large")
		                                R(451, "Unavailable For Legal Reasons") R(500, "Internal Server Error")
		                                        R(501, "Not Implemented") R(502, "Bad Gateway")
		                                                R(503, "Service Unavailable") R(504, "Gateway Timeout")
		                                                        R(505, "HTTP Version Not Supported")
		                                                                R(507, "Insufficient Storage")
#undef R
		                                                                        default : return "Unknown";
	}
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

/* Length of a token (RFC 9110 5.6.2), 0 when name is none. On the path of every header of every answer. */
static size_t name_length(const char *name)
{
	static const bool tchar[256] = {
		['!'] = 1,
		['#'] = 1,
		['$'] = 1,
		['%'] = 1,
		['&'] = 1,
		['\''] = 1,
		['*'] = 1,
		['+'] = 1,
		['-'] = 1,
		['.'] = 1,
		['^'] = 1,
		['_'] = 1,
		['`'] = 1,
		['|'] = 1,
		['~'] = 1,
		['0' ... '9'] = 1,
		['A' ... 'Z'] = 1,
		['a' ... 'z'] = 1,
	};
	size_t n = 0;
	while (tchar[(unsigned char)name[n]])
		n++;
	return name[n] ? 0 : n;
}

static bool value_valid(struct str v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '\r' || v.p[i] == '\n' || v.p[i] == 0)
			return false;
	return true;
}

static bool of_the_server(const char *name, size_t n)
{
	switch (n) {
	case 4: return !strcasecmp(name, "date");
	case 10: return !strcasecmp(name, "connection");
	case 14: return !strcasecmp(name, "content-length");
	case 17: return !strcasecmp(name, "transfer-encoding");
	default: return false;
	}
}

void response_header_static(struct request *q, const char *name, struct str value)
{
	if (q->out_count == q->out_cap) {
		struct http_header *more = ARENA_ARRAY(q->r.ctx.arena, struct http_header, q->out_cap * 2);
		memcpy(more, q->out, q->out_count * sizeof *more);
		q->out = more;
		q->out_cap *= 2;
	}
	q->out[q->out_count++] = (struct http_header){ str_c(name), value };
}

void http_add_header(struct http_req *r, const char *name, struct str value)
{
	struct request *q = request_of(r);
	size_t n = name_length(name);
	if (q->head_sent || !n || of_the_server(name, n) || !value_valid(value)) {
		LOG(ERROR, &r->ctx, "http.header_dropped", LS("name", name), LI("late", q->head_sent));
		return;
	}
	/* One allocation for both. */
	char *p = arena_alloc(r->ctx.arena, n + 1 + value.n + 1);
	memcpy(p, name, n + 1);
	if (value.n)
		memcpy(p + n + 1, value.p, value.n);
	p[n + 1 + value.n] = 0;
	response_header_static(q, p, str_n(p + n + 1, value.n));
}

void http_add_kept_header(struct http_req *r, const char *name, struct str value)
{
	response_header_static(request_of(r), name, value);
}

void http_set_header(struct http_req *r, const char *name, struct str value)
{
	struct request *q = request_of(r);
	unsigned kept = 0;
	struct str nm = str_c(name);
	for (unsigned i = 0; i < q->out_count; i++)
		if (!str_ieq(q->out[i].name, nm))
			q->out[kept++] = q->out[i];
	q->out_count = kept;
	http_add_header(r, name, value);
}

bool http_header_set_at(const struct http_req *r, unsigned i, struct str *name, struct str *value)
{
	const struct request *q = request_of((struct http_req *)r);
	if (i >= q->out_count)
		return false;
	*name = q->out[i].name;
	*value = q->out[i].value;
	return true;
}

struct str response_header(const struct request *q, const char *name)
{
	struct str nm = str_c(name);
	for (unsigned i = 0; i < q->out_count; i++)
		if (str_ieq(q->out[i].name, nm))
			return q->out[i].value;
	return STR_NULL;
}

bool response_has_header(const struct request *q, const char *name) { return response_header(q, name).p != NULL; }

void http_status(struct http_req *r, int status)
{
	if (status < 200 || status > 599) {
		LOG(ERROR, &r->ctx, "http.bad_status", LI("status", status));
		status = 500;
	}
	r->status = status;
}

#define SMALL_ANSWER ((size_t)8 << 10) /* held in any case */

/* --- whole answers ------------------------------------------------------------------------------------------------ */

static bool bodiless(const struct http_req *r)
{
	return r->method == HTTP_HEAD || r->status == 204 || r->status == 304;
}

/* False: nobody is there to answer, or it has been done already. */
static bool first_answer(struct request *q)
{
	if (q->r.answered) {
		LOG(ERROR, &q->r.ctx, "http.second_answer", LI("status", q->r.status));
		return false;
	}
	q->r.answered = true;
	q->head_sent = true;
	q->no_body = bodiless(&q->r);
	if (q->gone) /* whatever the application returns for it: no answer was sent */
		q->r.status = REQUEST_LEFT;
	return !q->gone;
}

static void send_pieces(struct request *q, struct body_piece *p, unsigned count, uint64_t len)
{
	q->complete |= q->gone;
	if (first_answer(q)) {
		bool end = q->no_body || len == 0;
		q->answer_len = (int64_t)len;
		q->ops->head(q, (int64_t)len, end);
		if (!end)
			q->r.sent = len;
		for (unsigned i = 0; i < count && !end; i++)
			q->ops->body(q, &p[i], i + 1 == count);
		if (end)
			q->ops->flush(q);
		q->complete = true;
	}
	for (unsigned i = 0; i < count; i++)
		piece_drop(&p[i]);
}

/* Whether the peer may make us hold so much more; otherwise it is told, in few words, to read first. */
static bool may_hold(struct request *q, const struct body_piece *p, unsigned count)
{
	size_t n = 0;
	for (unsigned i = 0; i < count; i++)
		n += piece_owed(&p[i]);
	return n <= SMALL_ANSWER || !q->conn || bodiless(&q->r) || conn_may_owe(q->conn, n);
}

void response_pieces(struct request *q, struct body_piece *p, unsigned count, uint64_t len)
{
	if (!q->gone && !q->r.answered && !may_hold(q, p, count)) {
		LOG(INFO, &q->r.ctx, "http.unread", LI("held", conn_owed(q->conn)));
		for (unsigned i = 0; i < count; i++)
			piece_drop(&p[i]);
		response_error(q, 503);
		return;
	}
	send_pieces(q, p, count, len);
}

void response_piece(struct request *q, struct body_piece *p) { response_pieces(q, p, 1, p->len); }

void http_send(struct http_req *r, struct str body)
{
	struct body_piece p = piece_bytes(body);
	response_piece(request_of(r), &p);
}

void http_send_blob(struct http_req *r, struct blob *body)
{
	http_send_blob_part(r, body, 0, body->len);
}

void http_send_blob_part(struct http_req *r, struct blob *body, size_t off, size_t len)
{
	struct body_piece p = { PIECE_BLOB, .p = body->data + off, .len = len, .blob = blob_ref(body) };
	response_piece(request_of(r), &p);
}

void http_send_file(struct http_req *r, int fd, uint64_t off, uint64_t len)
{
	struct file_ref *f = file_ref_new(fd);
	struct body_piece p = { PIECE_FILE, .off = off, .len = len, .file = f };
	if (f)
		response_piece(request_of(r), &p);
	else if (!r->answered)
		response_error(request_of(r), 503);
}

void response_error(struct request *q, int status)
{
	const char *type;
	struct str accept = http_header(&q->r, "accept");
	q->wants_json = accept.n && memmem(accept.p, accept.n, "json", 4) && !memmem(accept.p, accept.n, "html", 4);
	struct str body = worker_error_page(q->w, status, q->wants_json, &type);
	q->out = q->out_first;
	q->out_count = 0;
	q->out_cap = REQUEST_OUT_HEADERS;
	q->r.status = status;
	response_header_static(q, "Content-Type", str_c(type));
	response_header_static(q, "Cache-Control", STR("no-store"));
	struct body_piece p = piece_bytes(body);
	send_pieces(q, &p, 1, p.len);
}

/* --- answers in parts --------------------------------------------------------------------------------------------- */

enum status http_begin(struct http_req *r, int64_t len)
{
	struct request *q = request_of(r);
	if (r->answered)
		return ST_INTERNAL;
	if (!first_answer(q))
		return ST_CANCELLED;
	q->answer_len = len;
	q->streaming = true;
	q->ops->head(q, len, q->no_body || len == 0);
	return ST_OK;
}

static enum status wait_room(struct request *q, size_t *room)
{
	for (;;) {
		if (q->gone || !q->ops || (q->conn && q->conn->dead))
			return ST_CANCELLED;
		*room = q->ops->room(q);
		if (*room)
			return ST_OK;
		TRY(request_rest(q));
	}
}

enum status http_write(struct http_req *r, const void *data, size_t n)
{
	struct request *q = request_of(r);
	const char *from = data;
	if (!q->streaming || (q->answer_len >= 0 && n > (uint64_t)q->answer_len - r->sent))
		return ST_INTERNAL;
	if (q->no_body) {
		r->sent += n;
		return q->gone ? ST_CANCELLED : ST_OK;
	}
	while (n) {
		size_t room;
		TRY(wait_room(q, &room));
		size_t part = n < room ? n : room;
		struct body_piece p = piece_bytes(str_n(from, part));
		r->sent += part;
		q->ops->body(q, &p, false);
		from += part;
		n -= part;
		request_progress(q, part);
	}
	return ST_OK;
}

enum status http_flush(struct http_req *r)
{
	struct request *q = request_of(r);
	if (q->gone || (q->conn && q->conn->dead))
		return ST_CANCELLED;
	q->ops->flush(q);
	return ST_OK;
}

void http_end(struct http_req *r)
{
	struct request *q = request_of(r);
	if (!q->streaming || q->complete)
		return;
	/* Shorter than announced: left incomplete, which the protocol makes visible. */
	if (q->answer_len >= 0 && r->sent != (uint64_t)q->answer_len && !q->no_body)
		return;
	q->complete = true;
	if (q->gone || q->no_body || q->answer_len == 0)
		return;
	struct body_piece none = piece_bytes(STR(""));
	q->ops->body(q, &none, true);
}
