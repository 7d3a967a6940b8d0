/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall import ics FILE, guildhall export ics: calendars in, and what is in them out.
 */
#include <stdio.h>

#include "base/fd.h"
#include "main/calendars.h"
#include "services/events/events.h"

static enum status find_events(struct invocation *inv, struct str *slug, struct err *e)
{
	const char *calendar = inv_option(inv, "calendar");
	inv->ctx->svc = platform_service(inv->platform, "events");
	if (!inv->ctx->svc || !inv->ctx->svc->db)
		return err_set(e, ST_CONFIG, "events do not run in this process (server.only)");
	if (!calendar)
		return err_set(e, ST_USAGE, "which calendar? --calendar SLUG");
	*slug = str_c(calendar);
	return ST_OK;
}

enum status import_ics(struct invocation *inv, struct err *e)
{
	struct str slug, file, zone;
	struct ics_file read;
	struct import_counts done;
	TRY(find_events(inv, &slug, e));
	arena_allow(inv->ctx->arena, ICS_MEMORY_MAX);
	TRY(events_calendar_zone(inv->ctx, slug, &zone, e));
	TRY(file_read_text(inv->ctx->arena, inv->args[1], ICS_BYTES_MAX, &file, e));
	TRY(ics_read(inv->ctx->arena, file, zone, &read, e));
	TRY(events_import(inv->ctx, slug, &read, &done, e));
	printf("calendar %.*s: %lld events added, %lld changed, %lld as they were\n", STR_ARG(slug),
	        (long long)done.added, (long long)done.changed, (long long)done.same);
	for (size_t i = 0; i < read.note_count; i++)
		printf("%.*s\n", STR_ARG(read.notes[i]));
	if (read.notes_dropped)
		printf("and %zu more like these\n", read.notes_dropped);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

static enum status print_time(void *arg, int64_t instant, struct err *e)
{
	char text[CLOCK_TEXT_MAX];
	clock_rfc3339(instant * US_PER_S, text);
	return puts(text) < 0 ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

/* "2026-01-31T09:00:00Z" */
static enum status window_end(const char *text, int64_t *s, struct err *e)
{
	int64_t us;
	if (!clock_parse_rfc3339(str_c(text), &us))
		return err_set(e, ST_USAGE, "\"%.100s\" is no time like 2026-01-31T09:00:00Z", text);
	*s = us / US_PER_S - (us % US_PER_S < 0);
	return ST_OK;
}

enum status export_ics(struct invocation *inv, struct err *e)
{
	struct str slug;
	int64_t from = 0, to = 0;
	const char *begin = inv_option(inv, "expand");
	TRY(find_events(inv, &slug, e));
	if (!begin || inv->arg_count != 2)
		return err_set(e, ST_USAGE, "usage: guildhall export ics --calendar SLUG --expand FROM TO");
	TRY(window_end(begin, &from, e));
	TRY(window_end(inv->args[1], &to, e));
	TRY(events_expand(inv->ctx, slug, from, to, print_time, NULL, e));
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}
