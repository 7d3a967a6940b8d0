/* SPDX-License-Identifier: Apache-2.0
 *
 * A live stream from a service's own database: it looks when something was committed, and its memory is that of one
 * turn.
 */
#include "base/clock.h"
#include "platform/web/web_int.h"
#include "rt/fiber.h"

#define TURN_MEMORY (1 << 20)
#define STREAM_PING_NS (15 * NS_PER_S) /* proxies cut what is silent for a minute */

static enum status turn_of(struct web *w, web_turn *turn, void *arg, struct err *e)
{
	SCOPED_ARENA *a = arena_new(TURN_MEMORY);
	struct ctx ctx = *w->ctx;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory for a turn of a stream");
	ctx.arena = a;
	return turn(&ctx, w, arg, e);
}

enum status web_stream(struct web *w, int64_t every_ns, web_turn *turn, void *arg, struct err *e)
{
	uint64_t seen = 0;
	int64_t pinged = clock_mono_ns();
	web_security_headers(w, "text/event-stream");
	TRY(sse_begin(w->req));
	/* A browser comes back by itself, to whoever answers then. */
	while (w->req->method != HTTP_HEAD && !web_app_of(w)->platform->draining) {
		uint64_t version = db_version(w->ctx->svc->db); /* first, then read */
		if (!version || version != seen)
			TRY(turn_of(w, turn, arg, e));
		seen = version;
		if (clock_mono_ns() - pinged > STREAM_PING_NS) {
			TRY(sse_ping(w->req));
			pinged = clock_mono_ns();
		}
		TRY(fiber_sleep_ns(every_ns));
	}
	http_end(w->req);
	return ST_OK;
}
