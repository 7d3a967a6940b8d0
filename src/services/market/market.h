/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: what its templates show, and the handlers of service.c's tables.
 */
#ifndef GH_SERVICES_MARKET_H
#define GH_SERVICES_MARKET_H

#include "gen/market_sql.h"
#include "platform/peers/fragment.h"
#include "platform/web/web.h"
#include "platform/work/event.h"

#endif
