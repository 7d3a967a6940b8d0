/* SPDX-License-Identifier: Apache-2.0
 *
 * Events: calendars, and what happens when. This file is its table.
 */
#include "services/events/events.h"

static const struct route routes[] = {
	{ 0 },
};

const struct service service_events = {
	.name = "events",
	.title = "Events",
	.mount = "/events",
	.summary = "Calendars, and what happens when",
	.routes = routes,
	.migrations = &events_migrations,
};
