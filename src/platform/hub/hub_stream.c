/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/hub/hub.h"
#include "platform/web/web.h"
#include "platform/web/web_int.h"

#define PING_NS (15 * NS_PER_S) /* proxies cut what is silent for a minute */

static enum status send_message(struct web *w, const struct hub_message *m)
{
	char id[ID_TEXT_LEN + 1], event[HUB_EVENT_LEN + 1];
	if (m->gap)
		return sse_send(w->req, "gap", NULL, STR("{}"));
	id_text(m->id, id);
	snprintf(event, sizeof event, "%.*s", STR_ARG(m->event));
	return sse_send(w->req, event, m->id ? id : NULL, m->data);
}

static enum status send_now(struct web *w, hub_now_fn *now, struct err *e)
{
	struct str event, data;
	if (!now)
		return ST_OK;
	TRY(now(w, &event, &data, e));
	return send_message(w, &(struct hub_message){ .event = event, .data = data });
}

enum status hub_stream(struct web *w, const struct str *topics, size_t n, hub_now_fn *now, struct err *e)
{
	SCOPED_SUB *sub = NULL;
	struct hub_message m;
	int64_t after = 0;
	struct str last = http_header(w->req, "last-event-id");
	if (last.n && !id_parse(last, &after))
		after = 0;
	TRY(hub_subscribe(w->ctx->svc->platform->hub, topics, n, after, &sub, e));
	web_security_headers(w, "text/event-stream");
	TRY(sse_begin(w->req));
	if (w->req->method != HTTP_HEAD)
		TRY(send_now(w, now, e));
	while (w->req->method != HTTP_HEAD) {
		enum status st = hub_next(sub, clock_mono_ns() + PING_NS, &m);
		if (st == ST_TIMEOUT && w->ctx->deadline_ns && clock_mono_ns() >= w->ctx->deadline_ns)
			return st; /* the fiber's own: it would be silent for no time at all, again and again */
		if (st == ST_TIMEOUT)
			TRY(sse_ping(w->req));
		else if (st == ST_UNAVAILABLE)
			break; /* the browser comes back by itself, to whoever answers then */
		else if (st != ST_OK)
			return st;
		else
			TRY(send_message(w, &m));
		if (st == ST_OK && m.gap)
			TRY(send_now(w, now, e));
	}
	http_end(w->req);
	return ST_OK;
}
