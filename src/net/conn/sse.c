/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events (WHATWG HTML 9.2). A stream outlives the request deadline; its buffer is not the arena's, which
 * would only grow.
 */
#include "base/buf.h"
#include "net/conn/request.h"

#define EVENT_MAX ((size_t)1 << 20)

enum status sse_begin(struct http_req *r)
{
	http_set_header(r, "Content-Type", STR("text/event-stream"));
	http_set_header(r, "Cache-Control", STR("no-store"));
	http_set_header(r, "X-Accel-Buffering", STR("no")); /* nginx: pass each event on at once */
	line_leave(request_of(r));
	request_of(r)->lasts = true;
	r->ctx.deadline_ns = 0;
	fiber_set_deadline(0);
	TRY(http_begin(r, -1));
	return http_flush(r);
}

static bool one_line(const char *s) { return !s || !strpbrk(s, "\r\n"); }

static void put_field(struct buf *b, const char *name, struct str value)
{
	buf_puts(b, name);
	BUF_LIT(b, ": ");
	buf_putstr(b, value);
	buf_putc(b, '\n');
}

/* CRLF, CR and LF each end a line of data. */
static void put_data(struct buf *b, struct str data)
{
	for (;;) {
		size_t n = 0;
		while (n < data.n && data.p[n] != '\r' && data.p[n] != '\n')
			n++;
		put_field(b, "data", str_first(data, n));
		if (n == data.n)
			return;
		bool crlf = data.p[n] == '\r' && n + 1 < data.n && data.p[n + 1] == '\n';
		data = str_skip(data, n + (crlf ? 2 : 1));
	}
}

enum status sse_send(struct http_req *r, const char *event, const char *id, struct str data)
{
	SCOPED_BUF b;
	buf_init(&b, EVENT_MAX);
	if (!one_line(event) || !one_line(id))
		return ST_INVALID;
	if (event)
		put_field(&b, "event", str_c(event));
	if (id)
		put_field(&b, "id", str_c(id));
	put_data(&b, data);
	buf_putc(&b, '\n');
	if (!buf_ok(&b))
		return ST_TOO_LARGE;
	TRY(http_write(r, b.data, b.len));
	return http_flush(r);
}

enum status sse_ping(struct http_req *r)
{
	TRY(http_write(r, ":\n\n", 3));
	return http_flush(r);
}
