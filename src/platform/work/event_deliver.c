/* SPDX-License-Identifier: Apache-2.0
 *
 * Running handlers, and carrying events to those of other processes: POST /internal/events
 *
 *     { "service": "account", "origin": "blog", "events": [ [id, "type", "object", "payload", at, attempt], … ] }
 *     { "status": "OK", "failed": [ [id, "why"], … ] }
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/guard.h"
#include "gen/platform_sql.h"
#include "platform/peers/internal.h"
#include "platform/text/json.h"
#include "platform/work/event_int.h"

#define HANDLER_NS (15 * NS_PER_S)
#define DELIVER_NS (20 * NS_PER_S) /* well within an event's lease (event_run.c), which is renewed before each */

/* --- here --- */

struct marks { struct event_marked_row *rows; size_t n; };

/* Only a repeated event can have marks. */
static enum status marks_read(struct ctx *ctx, struct service_instance *s, const struct event *ev, struct marks *out,
			      struct err *e)
{
	*out = (struct marks){ 0 };
	if (ev->attempt <= 1 || !s->db)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, s->db, &c, e));
	return q_event_marked(c, ev->id, &out->rows, &out->n, e);
}

static bool marked(const struct marks *m, const char *handler)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eqc(m->rows[i].handler, handler))
			return true;
	return false;
}

static enum status mark_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct event *ev = arg;
	return q_event_mark(c, ev->id, str_c(ev->handler), clock_now_us(), NULL, e);
}

struct turn { struct ctx *ctx; const struct event_handler *h; struct event *ev; struct err *e; enum status st; };

static void call_handler(void *arg)
{
	struct turn *t = arg;
	t->st = t->h->handle(t->ctx, t->ev, t->e);
}

static enum status run_handler(struct ctx *caller, struct service_instance *s, const struct event_handler *h,
			       struct event_task *task, struct err *e)
{
	SCOPED_ARENA *arena = arena_new(8 << 20);
	if (!arena)
		return err_set(e, ST_NOMEM, "no memory for a handler");
	struct ctx ctx = *caller;
	struct event ev = task->ev;
	bool has_mark = false;
	ctx.arena = arena;
	ctx.svc = s;
	ctx.deadline_ns = clock_mono_ns() + HANDLER_NS;
	ev.handler = h->name;
	ev.marked = &has_mark;
	struct turn t = { &ctx, h, &ev, e, ST_OK };
	int64_t before = fiber_set_deadline(ctx.deadline_ns);
	enum status guarded = guard_run(call_handler, &t);
	fiber_set_deadline(before);
	if (guarded != ST_OK)
		return err_set(e, guarded, "%s", status_info(guarded)->title);
	TRY(t.st);
	return has_mark || !s->db ? ST_OK : db_write(&ctx, s->db, mark_tx, &ev, e);
}

bool event_handle(struct ctx *ctx, struct service_instance *s, struct event_task *t, struct event_lease *l,
        _Atomic uint64_t *handled)
{
	struct err e = { 0 };
	struct marks marks;
	if (!event_service_takes(s, t->ev.origin, t->ev.type))
		return true;
	bool ok = marks_read(ctx, s, &t->ev, &marks, &e) == ST_OK;
	for (const struct event_handler *const *at = event_takers(s->platform->events, s); ok && *at; at++) {
		const struct event_handler *h = *at;
		if (!event_handler_takes(s, h, t->ev.origin, t->ev.type) || marked(&marks, h->name))
			continue;
		if (l && !event_lease_keep(l)) {
			/* the marks say which handlers ran: another processor continues after them */
			t->skipped = true;
			return true;
		}
		atomic_fetch_add(handled, 1);
		/* When a handler fails the others still run; only the failed one is repeated. */
		if (run_handler(ctx, s, h, t, &e) != ST_OK) {
			str_print(t->error, sizeof t->error, "%s/%s: %s", s->def->name, h->name, e.msg);
			t->failed = true;
		}
	}
	if (!ok)
		str_print(t->error, sizeof t->error, "%s: %s", s->def->name, e.msg);
	return ok && !t->failed;
}

/* --- elsewhere --- */

static void put_event(struct buf *b, const struct event *ev)
{
	buf_printf(b, "[%lld,", (long long)ev->id);
	json_put_str(b, ev->type);
	buf_putc(b, ',');
	json_put_str(b, ev->object);
	buf_putc(b, ',');
	json_put_str(b, ev->payload);
	buf_printf(b, ",%lld,%u]", (long long)ev->at_us, ev->attempt);
}

static void fail_some(struct service_instance *to, struct event_task *tasks, size_t n, const json_t *failed)
{
	for (size_t k = 0; k < json_array_size(failed); k++) {
		const json_t *row = json_array_get(failed, k);
		int64_t id = json_integer_value(json_array_get(row, 0));
		const char *why = json_string_value(json_array_get(row, 1));
		for (size_t i = 0; i < n; i++)
			if (tasks[i].ev.id == id) {
				tasks[i].failed = true;
				str_print(tasks[i].error, sizeof tasks[i].error, "%s: %s", to->def->name,
				         why ? why : "no reason given");
			}
	}
}

/* As many as fit into a request; returns how many tasks that were. *any: something is to be sent. */
static size_t put_events(struct buf *b, struct str origin, struct service_instance *to, const struct event_task *tasks,
        size_t n, bool *any)
{
	size_t i;
	*any = false;
	buf_printf(b, "{\"service\":\"%s\",\"origin\":\"%.*s\",\"events\":[", to->def->name, STR_ARG(origin));
	for (i = 0; i < n && b->len < INTERNAL_BODY_MAX / 2; i++) {
		if (tasks[i].skipped || !event_service_takes(to, tasks[i].ev.origin, tasks[i].ev.type))
			continue;
		if (*any)
			buf_putc(b, ',');
		put_event(b, &tasks[i].ev);
		*any = true;
	}
	BUF_LIT(b, "]}");
	return i;
}

static enum status post_events(struct ctx *ctx, struct service_instance *to, struct str body, struct event_task *tasks,
        size_t n, struct err *e)
{
	struct platform *p = to->platform;
	struct str answer;
	const struct internal_call call = { .to = to, .pool = p->pool_action, .breaker = internal_breaker(p, to),
					    .path = "/internal/events", .body = body, .timeout_ns = DELIVER_NS };
	TRY(internal_post(ctx, &call, &answer, e));
	SCOPED_JSON *j = json_parse(answer, 4, e);
	if (!j)
		return ST_UPSTREAM;
	fail_some(to, tasks, n, json_object_get(j, "failed"));
	return ST_OK;
}

enum status event_deliver_remote(struct ctx *ctx, struct service_instance *to, struct event_task *tasks, size_t n,
        struct event_lease *l, size_t *reached, struct err *e)
{
	struct buf b;
	bool any;
	buf_arena(&b, ctx->arena, INTERNAL_BODY_MAX);
	for (*reached = 0; *reached < n; ) {
		b.len = 0;
		if (!event_lease_keep(l))
			return err_set(e, ST_UNAVAILABLE, "the claim of these events could not be kept");
		size_t taken = put_events(&b, str_c(ctx->svc->def->name), to, tasks + *reached, n - *reached, &any);
		if (any)
			TRY(post_events(ctx, to, buf_str(&b), tasks + *reached, taken, e));
		*reached += taken;
	}
	return ST_OK;
}
