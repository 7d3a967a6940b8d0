/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the outbox: event.c (emitting, life), event_run.c (the processor), event_deliver.c (handlers, here and
 * elsewhere).
 *
 * A stream is the outbox of one service that runs here; one fiber processes it. Handlers run one after the other in
 * it: what takes long belongs into a job.
 */
#ifndef GH_PLATFORM_EVENT_INT_H
#define GH_PLATFORM_EVENT_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "platform/work/event.h"
#include "rt/fiber.h"
#include "rt/sync.h"

/* Toward a process that was not reached: nothing that was claimed before until_us is delivered. */
struct event_hold { int64_t until_us; unsigned failures; };

/* After a process that died its origin waits this long, for what comes later must not overtake. Renewed before a
   handler or a request to another process when a third of it is over: neither of those takes as long as the rest. */
#define EVENT_LEASE_NS (60 * INT64_C(1000000000))

struct event_stream {
	struct events *events;
	struct service_instance *svc;
	bool wanted; /* some handler, anywhere, takes activities of this service */
	struct event_hold *holds; /* by index in platform->services; the processor's */
	int lock_fd; /* held while events are processed here; -1 */
	pthread_mutex_t lock;
	struct waitq q;
	bool running, woken, stopping;
	int64_t marks_swept_ns;
	_Atomic uint64_t emitted, claims, empty_claims, done, handled, retried, held, given_up;
};

struct events {
	struct platform *platform;
	struct event_stream *streams;
	struct event_hold *holds; /* of each stream, toward each service */
	unsigned stream_count;
	const struct event_handler **
	        *takers;  /* by index in platform->services: what each takes; NULL-terminated lists */
	int64_t lease_ns; /* of a claim */
	bool started, left; /* left: a drain ended before its fibers */
};

/* An event under way, with what came of it. */
struct event_task {
	struct event ev;
	bool failed, skipped; /* skipped: time ran out before its turn */
	int64_t held_until_us; /* 0: no process that takes it is away */
	char error[200];
};

/* The handlers of s: its own and those that every service has. NULL-terminated. */
const struct event_handler *const *event_takers(const struct events *ev, const struct service_instance *s);
bool event_handler_takes(
        const struct service_instance *owner, const struct event_handler *h, struct str origin, struct str type);
/* Does any handler of s take it? */
bool event_service_takes(const struct service_instance *s, struct str origin, struct str type);
/* A batch under way: its claims are kept while handlers take their time. See event_run.c. */
struct event_lease;
/* Longer than a third of the lease since it was renewed? Renews it. False: it could not be kept, so nothing more of the
 * batch is begun. */
bool event_lease_keep(struct event_lease *l);
/* Run the handlers of one service on one event, with l (NULL: none to keep) looked after before each; false and
 * t->error when one failed. */
bool event_handle(struct ctx *ctx, struct service_instance *s, struct event_task *t, struct event_lease *l,
        _Atomic uint64_t *handled);
/* *reached: how many of the tasks that service has seen, from the first on; fewer than n with a failure of the way
 * there. */
enum status event_deliver_remote(struct ctx *ctx, struct service_instance *to, struct event_task *tasks, size_t n,
        struct event_lease *l, size_t *reached, struct err *e) MUST_CHECK;
void event_processor(void *stream);

#endif
