/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbox and processors. event_emit writes a row of the service's `activities` table in the same transaction as the
 * change; after the commit the processors are woken. They claim in batches, run each matching handler (each exactly
 * once per event as far as its own database goes: a mark is written with the handler's effect; at least once
 * otherwise), and mark the row done. A crash leaves a claim with a lease that another processor takes over.
 */
#ifndef GH_PLATFORM_EVENT_H
#define GH_PLATFORM_EVENT_H

#include "platform/core/service.h"

struct event {
	int64_t id;
	struct str origin;  /* service */
	struct str type;    /* "post.published" */
	struct str object;  /* id text or IRI of what it is about */
	struct str payload; /* JSON object */
	int64_t at_us;
	unsigned attempt;
	const char *handler; /* whose turn it is, and whether its mark is written: for event_once */
	bool *marked;
};
/* Inside db_write's fn. payload must be a JSON object ≤ 64 KiB. */
enum status event_emit(
        struct db_conn *c, const char *type, struct str object, struct str payload, struct err *e) MUST_CHECK;

/* In a handler's own db_write: writes the handler's mark in the same transaction as its effect. *first false: another
   attempt has done it all, do nothing. Without this call the mark is written after the handler returned, and a crash
   between lets it run again. */
enum status event_once(struct db_conn *c, const struct event *ev, bool *first, struct err *e) MUST_CHECK;

/* A service's processor runs where the service runs. It calls the handlers of services in this process, and delivers to
   the processes of the others by POST /internal/events, each batch in one request. Failures are retried for all of an
   event's handlers that have not marked it: 5 s doubling to 10 min, 12 attempts.

   Events of one origin come in the order in which they were emitted, but for the one that a handler failed on: it comes
   again later, alone. A process that can not be reached gets nothing of an origin until it has what it missed, asked
   every 1 s doubling to 1 min, for as long as it takes. Several processors of one outbox (replicas) share it, each
   batch in order; then, and after the death of a processor of PostgreSQL, batches may change places. */
struct events;
struct events *events_new(struct platform *p, struct err *e); /* after contracts_new */
/* How long a claim is good that nobody renews (60 s). Before events_start. */
void events_configure(struct events *ev, int64_t lease_ns);
enum status events_start(struct events *ev, struct err *e) MUST_CHECK; /* role `events`; on a loop: claim and handle */
void events_wake(struct events *ev);                                   /* look now: any thread */
void events_drain(struct events *ev, int64_t deadline_ns);             /* fiber: stop claiming, finish */
void events_free(struct events *ev);

/* done: events finished here. handled: handlers run. held: waits for a process that was not reached. A look that
 * claimed nothing is counted in empty_claims. */
struct event_stats { uint64_t emitted, claims, empty_claims, done, handled, retried, held, given_up; };
void events_stats(const struct events *ev, struct event_stats *out);

#endif
