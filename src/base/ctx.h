/* SPDX-License-Identifier: Apache-2.0
 *
 * The context of one request, job or message: who asked, what it may still cost, where its memory lives.
 * First parameter of everything that can wait, log or fail. Lives in its own arena.
 */
#ifndef GH_BASE_CTX_H
#define GH_BASE_CTX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* W3C Trace Context, level 1: sent on as `traceparent`. */
struct trace {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t flags; /* bit 0: sampled */
};

struct service_instance; /* platform/core/service.h */
struct db_conn;          /* db/db.h */

struct ctx {
	struct arena *arena;
	int64_t deadline_ns; /* monotonic; 0: none. Every wait made with this ctx ends by then */
	char request_id[27]; /* NUL-terminated; taken from a trusted proxy's X-Request-Id or made here */
	struct trace trace;
	struct service_instance *svc; /* whose code runs; NULL in the platform's own */
	unsigned tx_depth; /* > 0 inside a database transaction: contract, HTTP and fragment calls assert on it */
	struct db_conn *reading; /* innermost read that is open, which others join; db_read's own */
};

void ctx_init(struct ctx *c, struct arena *a); /* fresh request id and trace */
/* Parse a `traceparent` header into c (the span becomes the parent; a new span id is made). False: ignored. */
bool ctx_set_traceparent(struct ctx *c, struct str header);
#define TRACEPARENT_LEN 55
void ctx_traceparent(const struct ctx *c, char out[TRACEPARENT_LEN + 1]);

#endif
