/* SPDX-License-Identifier: Apache-2.0
 *
 * What /metrics samples when it is asked: memory, loops, stores, pools, queues.
 */
#ifndef GH_MAIN_GAUGES_H
#define GH_MAIN_GAUGES_H

#include "platform/core/metrics.h"
#include "platform/core/service.h"

/* Once per process. servers must stay as long as metrics are asked for. */
void gauges_register(struct platform *p, struct loops *loops, struct http_server **servers, unsigned count);

#endif
