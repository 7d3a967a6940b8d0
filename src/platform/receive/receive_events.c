/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/receive/receive.h"
#include "platform/text/json.h"
#include "platform/work/event_int.h"

enum { EVENTS_MAX = 500 };

static bool event_of(struct str origin, const json_t *row, struct event *out)
{
	const json_t *id = json_array_get(row, 0), *type = json_array_get(row, 1), *object = json_array_get(row, 2),
		     *payload = json_array_get(row, 3), *at = json_array_get(row, 4), *attempt = json_array_get(row, 5);
	if (!json_is_integer(id) || !json_is_string(type) || !json_is_string(object) || !json_is_string(payload) ||
	    !json_is_integer(at) || !json_is_integer(attempt))
		return false;
	*out = (struct event){ .id = json_integer_value(id), .origin = origin, .type = str_c(json_string_value(type)),
			       .object = str_n(json_string_value(object), json_string_length(object)),
			       .payload = str_n(json_string_value(payload), json_string_length(payload)),
			       .at_us = json_integer_value(at), .attempt = (unsigned)json_integer_value(attempt) };
	return true;
}

static void handle_all(
        struct ctx *ctx, struct service_instance *s, struct str origin, const json_t *events, struct buf *out)
{
	static _Atomic uint64_t handled; /* counted by the origin's processor */
	bool first = true;
	for (size_t i = 0; i < json_array_size(events); i++) {
		struct event_task t = { 0 };
		if (!event_of(origin, json_array_get(events, i), &t.ev))
			continue;
		if (event_handle(ctx, s, &t, NULL, &handled))
			continue;
		buf_printf(out, "%s[%lld,", first ? "" : ",", (long long)t.ev.id);
		json_put_str(out, str_c(t.error));
		buf_putc(out, ']');
		first = false;
	}
}

enum status receive_events(struct web *w, struct err *e)
{
	struct str body;
	TRY(receive_body(w, &body, e));
	SCOPED_JSON *j = json_parse(body, 4, e);
	const json_t *events = j ? json_object_get(j, "events") : NULL;
	struct str service = j ? json_str(j, "service") : STR_NULL, origin = j ? json_str(j, "origin") : STR_NULL;
	if (!json_is_array(events) || json_array_size(events) > EVENTS_MAX || !service.p || !origin.p)
		return err_set(e, ST_INVALID, "expected a list of events");
	struct service_instance *s = platform_service(web_platform(w), service.p);
	if (!s || !s->local)
		return err_set(e, ST_NOT_IMPLEMENTED, "that service does not run here");
	struct buf out;
	buf_arena(&out, w->ctx->arena, INTERNAL_BODY_MAX);
	BUF_LIT(&out, "{\"status\":\"OK\",\"failed\":[");
	handle_all(w->ctx, s, origin, events, &out);
	BUF_LIT(&out, "]}");
	return buf_ok(&out) ? web_json(w, 200, buf_str(&out)) : err_set(e, ST_TOO_LARGE, "the answer is too large");
}
