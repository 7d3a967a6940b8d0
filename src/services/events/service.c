/* SPDX-License-Identifier: Apache-2.0
 *
 * Events: calendars, and what happens when. This file is its table.
 */
#include "services/events/pages.h"

static const struct route routes[] = {
	{ "GET", "/", events_get_agenda, .help = "What comes" },
	{ "GET", "/{calendar}", events_get_calendar, .flags = ROUTE_LARGE,
	        .help = "What comes of a calendar; .ics: its feed" },
	{ "GET", "/{calendar:slug}/{entry:slug}", events_get_entry, .help = "An event" },
	{ 0 },
};

const struct service service_events = {
	.name = "events",
	.title = "Events",
	.mount = "/events",
	.summary = "Calendars, and what happens when",
	.routes = routes,
	.migrations = &events_migrations,
	.demo = events_demo,
};
