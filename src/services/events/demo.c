/* SPDX-License-Identifier: Apache-2.0
 *
 * The demonstration's calendars: what happens in the hall, in the workshop and at the orchard, week by week and year by
 * year. A site that has a calendar is left alone.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "services/events/pages.h"

static enum status load_calendar(struct ctx *ctx, const char *demo_dir, const char *slug, struct err *e)
{
	struct str file;
	struct ics_file read;
	struct import_counts done;
	const char *path = arena_printf(ctx->arena, "%s/events/%s.ics", demo_dir, slug);
	if (access(path, F_OK) && errno == ENOENT) /* a demonstration without a calendar */
		return ST_OK;
	TRY(file_read_text(ctx->arena, path, ICS_BYTES_MAX, &file, e));
	TRY(ics_read(ctx->arena, file, STR(""), &read, e));
	return events_import(ctx, str_c(slug), &read, &done, e);
}

enum status events_demo(struct ctx *ctx, const char *demo_dir, struct err *e)
{
	static const char *const slugs[] = { "hall", "workshop", "orchard" };
	struct events_calendar_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_events_calendars(c, true, &rows, &n, e));
	}
	for (size_t i = 0; !n && i < sizeof slugs / sizeof *slugs; i++)
		TRY(load_calendar(ctx, demo_dir, slugs[i], e));
	return ST_OK;
}
