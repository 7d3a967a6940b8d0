/* SPDX-License-Identifier: Apache-2.0
 *
 * Events: calendars, and what happens when. This file is its table.
 */
#include "services/events/admin.h"
#include "platform/work/job.h"

static const struct route routes[] = {
	{ "GET", "/", events_get_agenda, .help = "What comes" },
	{ "GET", "/{calendar}", events_get_calendar, .flags = ROUTE_LARGE,
	        .help = "What comes of a calendar; .ics: its feed" },
	{ "GET", "/{calendar:slug}/{entry:slug}", events_get_entry, .help = "An event" },
	{ "GET", "/admin/calendars", events_get_calendars, .role = "organiser", .help = "Calendars" },
	{ "POST", "/admin/calendars", events_post_calendars, .role = "organiser", .help = "Delete some" },
	{ "GET", "/admin/calendars/{calendar}", events_get_calendar_form, .role = "organiser",
	        .help = "A calendar, or a new one" },
	{ "POST", "/admin/calendars/{calendar}", events_post_calendar_form, .role = "organiser",
	        .help = "Save it, or give its feed another key" },
	{ "GET", "/admin/entries", events_get_entries, .role = "organiser", .help = "Events of all calendars" },
	{ "POST", "/admin/entries", events_post_entries, .role = "organiser",
	        .help = "Publish, cancel, delete some, or bring them back" },
	{ "GET", "/admin/entries/{entry}", events_get_entry_form, .role = "organiser",
	        .help = "An event, or a new one" },
	{ "POST", "/admin/entries/{entry}", events_post_entry_form, .role = "organiser",
	        .help = "Save all of it, or look at its times" },
	{ "GET", "/admin/entries/{entry:id}/from/{at:int}", events_get_entry_later, .role = "organiser",
	        .help = "All from one of its times on" },
	{ "POST", "/admin/entries/{entry:id}/from/{at:int}", events_post_entry_later, .role = "organiser",
	        .help = "Part it there" },
	{ "GET", "/admin/entries/{entry:id}/times/{at:int}", events_get_entry_time, .role = "organiser",
	        .help = "One of its times" },
	{ "POST", "/admin/entries/{entry:id}/times/{at:int}", events_post_entry_time, .role = "organiser",
	        .help = "Move, cancel, leave out that time" },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "events.sweep", .run = events_job_sweep, .cron = "40 3 * * *" },
	{ 0 },
};

static const struct role_def roles[] = {
	{ "organiser", "Organiser", "Keeps calendars, and what happens in them." },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ADMIN, "/admin/entries", "Events", "What happens when, and where", .group = "Events",
	        .role = "organiser", .rank = 10 },
	{ PLACE_ADMIN, "/admin/calendars", "Calendars", "What events stand in, and who sees them", .group = "Events",
	        .role = "organiser", .rank = 20 },
	{ 0 },
};

const struct service service_events = {
	.name = "events",
	.title = "Events",
	.mount = "/events",
	.summary = "Calendars, and what happens when",
	.routes = routes,
	.jobs = jobs,
	.roles = roles,
	.pages = pages,
	.migrations = &events_migrations,
	.demo = events_demo,
};
