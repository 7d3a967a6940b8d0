/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbox and processors. event_emit writes a row of the service's `activities` table in the same transaction as the
 * change; after the commit the processors are woken. They claim in batches, run each matching handler (each exactly
 * once per event as far as its own database goes: a mark is written with the handler's effect; at least once
 * otherwise), and mark the row done. A crash leaves a claim with a lease that another processor takes over.
 */
#ifndef GH_PLATFORM_EVENT_H
#define GH_PLATFORM_EVENT_H

#include "platform/service.h"

struct event {
	int64_t id;
	struct str origin;  /* service */
	struct str type;    /* "post.published" */
	struct str object;  /* id text or IRI of what it is about */
	struct str payload; /* JSON object */
	int64_t at_us;
	unsigned attempt;
};
/* Inside db_write's fn. payload must be a JSON object ≤ 64 KiB. */
enum status event_emit(struct db_conn *c, const char *type, struct str object, struct str payload, struct err *e) MUST_CHECK;

struct events;
struct events *events_new(struct platform *p, struct err *e);
enum status events_start(struct events *ev, struct err *e) MUST_CHECK; /* role `events`: claim and handle */
void events_drain(struct events *ev, int64_t deadline_ns);             /* fiber: stop claiming, finish */
void events_free(struct events *ev);

#endif
