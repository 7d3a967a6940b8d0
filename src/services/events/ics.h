/* SPDX-License-Identifier: Apache-2.0
 *
 * Events out of an iCalendar file (RFC 5545), as calendars of this world write them. A file is read whole and every
 * entry checked before anything is written; what a hostile one may cost is bounded here.
 */
#ifndef GH_SERVICES_EVENTS_ICS_H
#define GH_SERVICES_EVENTS_ICS_H

#include "services/events/series.h"

enum {
	ICS_BYTES_MAX = 16 << 20,
	ICS_MEMORY_MAX = 60 << 20, /* of reading a file, for whoever makes the arena */
	ICS_DEPTH_MAX = 8,
	ICS_EVENTS_MAX = 20000,
	ICS_STEPS_MAX = 2000000, /* periods of rules, of a whole file */
	ICS_ZONES_MAX = 200,     /* VTIMEZONEs */
	ICS_NOTES_MAX = 100,     /* more are counted */
	ICS_UID_MAX = 500,       /* bytes */
	ICS_TITLE_MAX = 300,     /* characters; more is cut off, and said */
	ICS_TEXT_MAX = 20000,
	ICS_PLACE_MAX = 500,
	ICS_URL_MAX = 2000
};

enum ics_status { ICS_CONFIRMED, ICS_TENTATIVE, ICS_CANCELLED };

/* A VEVENT. Texts are "" where it has none. */
struct ics_event {
	size_t line;
	struct str uid, title, text, place, url;
	bool has_id; /* RECURRENCE-ID */
	bool later;  /* and those after it */
	enum ical_kind id_kind;
	int64_t id; /* local time of its series */
	enum ics_status status;
	int64_t sequence;
	bool all_day;
	struct str zone; /* IANA; "UTC"; "": the calendar's own, or a date */
	int64_t start, length;
	struct str rules, dates, except; /* as series.h reads them */
};
/* One UID: a master, or none, and what was changed of it, by RECURRENCE-ID. */
struct ics_series {
	struct ics_event *master; /* NULL: only single occurrences are known */
	struct ics_event **changed;
	size_t changed_count;
	size_t room;
	int64_t last; /* of the rules, local; SERIES_ENDLESS: none */
};
struct ics_file {
	struct str name, zone, colour; /* of the calendar; "" none */
	struct ics_series *series;     /* in the order of the file */
	size_t count;
	struct str *notes; /* what is left out on purpose, in sentences */
	size_t note_count, notes_dropped;
};

/* Reads file, at most ICS_BYTES_MAX, into a. zone: of times that name none; "": the one that the file names for all,
 * else UTC. ST_INVALID and ST_TOO_LARGE name the line. */
enum status ics_read(struct arena *a, struct str file, struct str zone, struct ics_file *out, struct err *e) MUST_CHECK;

/* The IANA zone of Windows' name; NULL: it is none. */
const char *windows_zone(struct str name);

#endif
