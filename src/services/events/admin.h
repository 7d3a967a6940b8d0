/* SPDX-License-Identifier: Apache-2.0
 *
 * What organisers see and change: calendars (admin_calendars.c), the list of entries (admin_entries.c), an entry, one
 * of its times, and all from one of them on (edit.c). What templates show is here.
 */
#ifndef GH_SERVICES_EVENTS_ADMIN_H
#define GH_SERVICES_EVENTS_ADMIN_H

#include "gen/events_sql.h"
#include "platform/forms/forms.h"
#include "services/events/pages.h"
#include "services/events/put.h"
#include "services/events/repeat.h"

enum {
	CALENDARS_MAX = 100,      /* of a site; that many can be chosen among */
	CALENDAR_TITLE_MAX = 100, /* characters */
	CALENDAR_ABOUT_MAX = 1000,
	ENTRY_TITLE_MAX = 200,
	ENTRY_BODY_MAX = 10000,
	ENTRY_PLACE_MAX = 300,
	ENTRY_SHOWN_TIMES = 20, /* times of a series that its page lists */
	ENTRY_LEFT_OUT = 50,    /* days that are left out, which it lists */
	ENTRY_PREVIEW = 8,      /* times that a form says before it is saved */
	GONE_DAYS = 30          /* that a deleted entry can be had back */
};

/* --- calendars --- */
struct calendar_form { struct str title, slug, about, zone, colour, visibility; };
struct calendar_page {
	struct web *w;
	struct events_calendar_row *row; /* NULL: a new one */
	struct str feed;
};
/* All of them, as choices by their address; first: what stands before them, or NULL. In the request's arena. */
const struct choice *events_calendar_choices(struct web *w, const struct choice *first);
/* The system's zones, and `own` where it is none of those; first as above. */
const struct choice *events_zone_choices(struct web *w, struct str own, const struct choice *first);

/* Handlers of service.c's routes: the list, and the form of one or of "new". */
enum status events_get_calendars(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_calendars(struct web *w, struct err *e) MUST_CHECK;
enum status events_get_calendar_form(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_calendar_form(struct web *w, struct err *e) MUST_CHECK;

/* --- entries --- */
/* The list of all calendars' entries, and what is done to many of them. */
enum status events_get_entries(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_entries(struct web *w, struct err *e) MUST_CHECK;
/* Deleted ones go for good after GONE_DAYS. */
enum status events_job_sweep(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

/* --- one of them --- */
struct entry_form {
	struct str calendar, title, state, place, body, url, zone, start_time, end_time;
	bool all_day;
	int64_t start_date, end_date;
	struct str how, days, months, ends;
	int64_t every, until, times;
	struct str seen; /* the version that was read: who saves another one's work is told */
};
struct time_form {
	struct str what; /* "on", "cancelled", "out" */
	struct str title, place, body, start_time, end_time, seen;
	int64_t start_date, end_date;
};
struct entry_page {
	struct web *w;
	const struct events_calendar_row *cal; /* NULL: of a new one, which the form chooses */
	const struct events_entries_in_row *row; /* NULL: a new one */
	struct ics_series is;
	int64_t at;                 /* of one of its times; of "this and later" where it begins */
	bool parts;                 /* this and later */
	bool single;                /* one time */
	bool out;                   /* that time is left out */
	struct ics_event *change;   /* of that time; NULL: it is as its series says */
	struct happening shown;     /* that time */
	struct happening *times;    /* the next ones */
	int64_t *ids;               /* by which each is known */
	size_t n;
	struct happening *left;     /* days that are left out */
	int64_t *left_ids;
	size_t left_n;
	struct happening *preview;  /* what the form says, unsaved */
	size_t preview_n;
	bool previewed, endless;
};

/* "new", or an id. */
enum status events_get_entry_form(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_entry_form(struct web *w, struct err *e) MUST_CHECK;
/* One of its times, and those after it. */
enum status events_get_entry_later(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_entry_later(struct web *w, struct err *e) MUST_CHECK;
enum status events_get_entry_time(struct web *w, struct err *e) MUST_CHECK;
enum status events_post_entry_time(struct web *w, struct err *e) MUST_CHECK;
/* The page of an entry in the administration; more: "", "/times/…". */
struct str events_entry_admin_url(struct ctx *ctx, int64_t id, struct str more);

#endif
