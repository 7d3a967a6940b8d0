/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service does beside answering, in fibers of its own: struct background_def rows of its table. Each row is a
 * fiber in every process that runs the service: a turn, a pause, a turn, each under a guard and with a deadline of its
 * own, until the process drains. Work that has to be done once over all replicas is a job (work/job.h); this is for
 * what each process needs: watching, polling, keeping a connection.
 */
#ifndef GH_PLATFORM_BACKGROUND_H
#define GH_PLATFORM_BACKGROUND_H

#include "platform/core/service.h"

struct backgrounds;
/* common: rows that every local service with a database has beside its own; ends with { 0 }; NULL: none. On a loop.
 * ST_NOMEM. */
enum status backgrounds_start(
        struct platform *p, const struct background_def *common, struct backgrounds **out, struct err *e) MUST_CHECK;
/* Fiber: no turn begins any more; those under way end, or are cancelled at the deadline (monotonic). b NULL: nothing.
 */
void backgrounds_drain(struct backgrounds *b, int64_t deadline_ns);
void backgrounds_free(struct backgrounds *b); /* when no loop runs any more. NULL is fine */

#endif
