/* SPDX-License-Identifier: Apache-2.0
 *
 * What the queues of a service's database keep, and for how long: handled activities, dead letters, bodies of letters.
 * One row each, so that a table that fills has an end.
 */
#ifndef GH_PLATFORM_RETENTION_H
#define GH_PLATFORM_RETENTION_H

#include "platform/work/event.h"
#include "platform/work/job.h"

/* The job platform.retention: drops what is older than the settings of [retention] say, in small transactions. */
enum status retention_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* Handler of person.deleted: dead letters about that person go. */
enum status retention_forget(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;

#endif
