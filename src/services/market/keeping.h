/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs of the stock.
 */
#ifndef GH_SERVICES_MARKET_KEEPING_H
#define GH_SERVICES_MARKET_KEEPING_H

#include "platform/work/job.h"

/* Gives back what is held an hour after its time: whoever needs it takes it anyway. */
enum status market_sweep(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* Logs stock.wrong for each item whose moves or holds do not add up. */
enum status market_verify(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
