/* SPDX-License-Identifier: Apache-2.0
 *
 * One request between its protocol and the application: conn.h has its life. All on the connection's loop.
 */
#include "net/conn/conn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "net/conn/request.h"
#include "net/conn/server.h"
#include "net/conn/uri.h"

#define REQUEST_ID_MIN 8  /* of an id that a proxy gives */
#define REQUEST_ID_MAX 26 /* as there is room for in a ctx */

/* --- the head ----------------------------------------------------------------------------------------------------- */

static enum http_method method_of(struct str m)
{
	static const struct { struct str name; enum http_method method; } known[] = {
		{ STR_INIT("GET"), HTTP_GET },
		{ STR_INIT("HEAD"), HTTP_HEAD },
		{ STR_INIT("POST"), HTTP_POST },
		{ STR_INIT("PUT"), HTTP_PUT },
		{ STR_INIT("PATCH"), HTTP_PATCH },
		{ STR_INIT("DELETE"), HTTP_DELETE },
		{ STR_INIT("OPTIONS"), HTTP_OPTIONS },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(m, known[i].name))
			return known[i].method;
	return HTTP_OTHER;
}

static struct str lowered_copy(struct arena *a, struct str s)
{
	size_t i = 0;
	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return s;
	char *p = arena_memdup(a, s.p, s.n);
	for (; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
	return str_n(p, s.n);
}

static bool valid_request_id(struct str s)
{
	if (s.n < REQUEST_ID_MIN || s.n > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
		            c == '_'))
			return false;
	}
	return true;
}

static void from_proxy(struct request *q)
{
	const struct proxy_nets *nets = &q->w->s->proxies;
	if ((!nets->count && !nets->unix_peers) || !proxy_trusts(nets, &q->r.peer))
		return;
	struct str id = http_header(&q->r, "x-request-id");
	if (valid_request_id(id)) {
		memcpy(q->r.ctx.request_id, id.p, id.n);
		q->r.ctx.request_id[id.n] = 0;
	}
	proxy_apply(nets, q->w->s->cfg.proxy_header, &q->r);
}

static bool split_target(struct http_req *r, struct str target)
{
	r->target = target;
	if (target.n == 0)
		target = r->method == HTTP_OPTIONS ? STR("*") : STR("/");
	ptrdiff_t mark = str_chr(target, '?');
	r->raw_path = mark < 0 ? target : str_first(target, (size_t)mark);
	r->query = mark < 0 ? STR_NULL : str_skip(target, (size_t)mark + 1);
	if (mark == 0)
		r->raw_path = STR("/"); /* http://host?query */
	if (str_eq(r->raw_path, STR("*"))) {
		r->path = r->raw_path;
		return r->method == HTTP_OPTIONS && !r->query.p;
	}
	return uri_percent_valid(r->query) && uri_path(r->ctx.arena, r->raw_path, &r->path);
}

struct reading_head { struct request *q; const struct message_head *h; int status; };

static void read_head(void *arg)
{
	struct reading_head *x = arg;
	struct request *q = x->q;
	const struct message_head *h = x->h;
	struct http_req *r = &q->r;
	r->method_name = h->method;
	r->method = method_of(h->method);
	r->version = h->version;
	r->headers = h->headers;
	r->header_count = h->count;
	r->body_len = h->body_len;
	r->secure = h->secure;
	if (!split_target(r, h->target)) {
		x->status = 400;
		return;
	}
	r->host = lowered_copy(r->ctx.arena, h->authority.p ? h->authority : STR(""));
	struct str parent = http_header(r, "traceparent");
	if (parent.p)
		ctx_set_traceparent(&r->ctx, parent);
	from_proxy(q);
}

/* Runs on the loop, outside any guard: so nothing here may unwind. */
int request_head(struct request *q, const struct message_head *h)
{
	struct reading_head x = { .q = q, .h = h };
	return guard_run(read_head, &x) == ST_OK ? x.status : 503;
}

struct request *request_new(struct conn *c, const struct stream_ops *ops, void *stream)
{
	const struct http_limits *l = worker_limits(c->w);
	struct arena *a = arena_new(l->arena);
	struct request *q = a ? arena_try_alloc(a, sizeof *q) : NULL;
	if (!q) {
		arena_free(a);
		return NULL;
	}
	memset(q, 0, offsetof(struct request, out_first));
	memset(&q->body_got, 0, sizeof *q - offsetof(struct request, body_got));
	ctx_init(&q->r.ctx, a);
	q->ops = ops;
	q->conn = c;
	q->w = c->w;
	q->stream = stream;
	q->out = q->out_first;
	q->out_cap = REQUEST_OUT_HEADERS;
	q->answer_len = -1;
	q->r.loop = c->w->loop;
	q->r.peer = c->peer;
	q->r.status = 200;
	q->r.body_max = l->body;
	q->r.start_ns = worker_now(c->w);
	return q;
}

/* --- headers, for everyone ---------------------------------------------------------------------------------------- */

struct str http_header(const struct http_req *r, const char *name)
{
	size_t n = strlen(name);
	for (unsigned i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];
		if (h->name.n == n && h->name.p[0] == name[0] && !memcmp(h->name.p, name, n))
			return h->value;
	}
	return STR_NULL;
}

bool http_header_has(const struct http_req *r, const char *name, const char *token)
{
	struct str want = str_c(token), nm = str_c(name);
	for (unsigned i = 0; i < r->header_count; i++) {
		if (!str_eq(r->headers[i].name, nm))
			continue;
		struct str rest = r->headers[i].value, field;
		while (str_next(&rest, ',', &field)) {
			field = str_trim(field);
			if (field.n > 2 && !memcmp(field.p, "W/", 2) && field.p[2] == '"')
				field = str_skip(field, 2);
			if (str_ieq(field, want))
				return true;
		}
	}
	return false;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

void request_free(struct request *q)
{
	struct worker *w = q->w;
	const struct http_app *app = &w->s->cfg.app;
	if (q->started) {
		atomic_fetch_sub_explicit(&w->active, 1, memory_order_relaxed);
		if (app->done)
			app->done(&q->r, app->arg);
	}
	arena_free(q->r.ctx.arena);
}

/* Sending may end the stream, and so the client's part (request_gone), under our hands: `running` keeps q until it is
 * seen here. */
static void conclude(struct request *q)
{
	q->running = false;
	if (q->gone) {
		if (!q->r.answered)
			q->r.status = REQUEST_LEFT;
		request_free(q);
		return;
	}
	if (!q->complete && !q->conn->dead && !q->left)
		LOG(WARN, &q->r.ctx, "http.cut", LI("sent", q->r.sent), LI("of", q->answer_len));
	q->ops->finish(q, q->complete);
}

/* The application has returned. */
static void request_ended(struct request *q, enum status st)
{
	q->fiber = NULL;
	line_leave(q);
	if (!q->gone && !q->r.answered && q->left) {
		q->r.status = REQUEST_LEFT; /* its connection is there still: half closed, or about to be found closed
		                             */
	} else if (!q->gone && !q->r.answered) {
		int status = st == ST_OK ? 500 : status_info(st)->http;
		LOG(ERROR, &q->r.ctx, "http.no_answer", LI("status", status), LS("reason", status_info(st)->name));
		response_error(q, status);
	}
	conclude(q);
}

static void call_handle(void *arg)
{
	struct request *q = arg;
	const struct http_app *app = &q->w->s->cfg.app;
	app->handle(&q->r, app->arg);
}

static void in_fiber(void *arg)
{
	struct request *q = arg;
	enum status st = ST_CANCELLED;
	fiber_set_deadline(q->r.ctx.deadline_ns);
	if (!q->gone)
		st = guard_run(call_handle, q);
	q->left |= fiber_cancelled();
	request_ended(q, st);
}

static void call_fast(void *arg)
{
	struct request *q = arg;
	const struct http_app *app = &q->w->s->cfg.app;
	q->in_done = app->fast(&q->r, app->arg);
}

void request_start(struct request *q)
{
	const struct http_app *app = &q->w->s->cfg.app;
	q->started = q->running = true;
	atomic_fetch_add_explicit(&q->w->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&q->w->active, 1, memory_order_relaxed);
	q->r.ctx.deadline_ns = q->r.start_ns + worker_limits(q->w)->request_ns;
	if (app->fast) {
		enum status st = guard_run(call_fast, q);
		if (st != ST_OK || q->in_done || q->r.answered) {
			request_ended(q, st);
			return;
		}
	}
	switch (line_join(q, app->line ? app->line(&q->r, app->arg) : -1)) {
	case LINE_WAIT: return;
	case LINE_FULL: break;
	case LINE_GO:
		if (request_run(q))
			return;
	}
	request_turn_away(q);
}

bool request_run(struct request *q)
{
	q->fiber = fiber_spawn(q->r.loop, in_fiber, q, FIBER_LARGE);
	return q->fiber != NULL;
}

void request_turn_away(struct request *q)
{
	LOG(DEBUG, &q->r.ctx, "http.turned_away");
	response_error(q, 503);
	request_ended(q, ST_OK);
}

void request_refuse(struct request *q, int status)
{
	atomic_fetch_add_explicit(&q->w->refused, 1, memory_order_relaxed);
	q->running = true;
	response_error(q, status);
	conclude(q);
}

void request_wake(struct request *q)
{
	if (q->fiber)
		fiber_wake(q->fiber);
}

void request_cancel(struct request *q)
{
	if (q->fiber && !q->w->stopped) {
		fiber_cancel(q->fiber);
	} else if (q->line_state == LINE_WAITING) {
		line_quit(q);
		if (q->gone)
			request_ended(q, ST_CANCELLED);
		else
			request_turn_away(q);
	}
}

/* What the handler has written now waits for the peer, and counts as memory held for it. */
enum status request_rest(struct request *q)
{
	struct conn *c = q->conn;
	size_t n = arena_used(q->r.ctx.arena);
	if (!conn_may_owe(c, n))
		return ST_UNAVAILABLE;
	conn_owes(c, &q->rest_owed, n);
	line_rest(q);
	enum status st = fiber_park(FIBER_FOREVER);
	line_go_on(q);
	if (q->conn)
		conn_owes(q->conn, &q->rest_owed, 0);
	return st;
}

void request_gone(struct request *q)
{
	conn_owes(q->conn, &q->rest_owed, 0);
	q->gone = true;
	q->ops = NULL;
	q->conn = NULL;
	q->stream = NULL;
	if (q->running)
		request_cancel(q);
	else
		request_free(q);
}

#define BURST ((uint64_t)1 << 20)

void request_progress(struct request *q, size_t n)
{
	struct ctx *c = &q->r.ctx;
	int64_t fresh = worker_now(q->w) + worker_limits(q->w)->request_ns;
	/* Moves the deadline later, never earlier; a request without one, or with a later one set by the
	   application, keeps it. */
	if (c->deadline_ns && fresh > c->deadline_ns) {
		c->deadline_ns = fresh;
		fiber_set_deadline(fresh);
	}
	q->burst += n;
	if (q->burst >= BURST) {
		q->burst = 0;
		fiber_yield();
	}
}

/* --- body --------------------------------------------------------------------------------------------------------- */

enum status http_body_read(struct http_req *r, void *buf, size_t n, size_t *got, struct err *e)
{
	struct request *q = request_of(r);
	*got = 0;
	if (r->body_len > 0 && (uint64_t)r->body_len > r->body_max)
		return err_set(e, ST_TOO_LARGE, "The body has %lld bytes; %zu are accepted", (long long)r->body_len,
		        r->body_max);
	if (n == 0)
		return ST_OK;
	for (;;) {
		if (q->gone || !q->ops->read)
			return err_set(e, ST_CANCELLED, "The client has gone");
		switch (q->ops->read(q, buf, n, got)) {
		case BODY_DATA:
			q->body_got += *got;
			if (q->body_got > r->body_max)
				return err_set(e, ST_TOO_LARGE, "The body has more than %zu bytes", r->body_max);
			request_progress(q, *got);
			return ST_OK;
		case BODY_END:
			return ST_OK;
		case BODY_BAD:
			return err_set(e, ST_INVALID, "The body is not encoded properly");
		case BODY_GONE:
			q->left = true;
			return err_set(e, ST_CANCELLED, "The client went away before the end of the body");
		case BODY_SLOW:
			return err_set(e, ST_REQUEST_TIMEOUT, "The body arrives too slowly");
		case BODY_WAIT:
			break;
		}
		enum status st = request_rest(q);
		if (st == ST_UNAVAILABLE)
			return err_set(e, st, "Too much is held for this connection already");
		if (st != ST_OK)
			return err_set(e, st, "The body did not arrive in time");
	}
}

enum status http_body_all(struct http_req *r, size_t max, struct str *out, struct err *e)
{
	struct arena *a = r->ctx.arena;
	if (max > r->body_max)
		max = r->body_max;
	if (r->body_len > 0 && (uint64_t)r->body_len > max)
		return err_set(
		        e, ST_TOO_LARGE, "The body has %lld bytes; %zu are accepted", (long long)r->body_len, max);
	size_t cap = r->body_len >= 0 ? (size_t)r->body_len : max < 4096 ? max : 4096, len = 0;
	char *p = arena_alloc(a, cap + 1);
	for (;;) {
		if (len == cap && r->body_len < 0) {
			if (cap == max) {
				char extra;
				size_t more;
				TRY(http_body_read(r, &extra, 1, &more, e));
				if (more)
					return err_set(e, ST_TOO_LARGE, "The body has more than %zu bytes", max);
				break;
			}
			size_t bigger = cap < max / 2 ? cap * 2 : max;
			char *np = arena_alloc(a, bigger + 1);
			memcpy(np, p, len);
			p = np;
			cap = bigger;
		}
		if (len == cap)
			break;
		size_t got;
		TRY(http_body_read(r, p + len, cap - len, &got, e));
		if (!got)
			break;
		len += got;
	}
	p[len] = 0;
	*out = str_n(p, len);
	return ST_OK;
}
