/* SPDX-License-Identifier: Apache-2.0
 *
 * iCalendar's lines (RFC 5545, 3.1 to 3.3): read from text that anybody may have written, and written. What the lines
 * mean is their reader's matter (services/events/ics.h).
 */
#ifndef GH_PLATFORM_ICAL_H
#define GH_PLATFORM_ICAL_H

#include "base/buf.h"

enum {
	ICAL_LINE_MAX = 256 << 10, /* bytes of a line, unfolded */
	ICAL_FOLD = 75,            /* octets of a line as it is written */
	ICAL_LENGTH_MAX_S = 10 * 366 * 86400 /* of a duration */
};

/* A line "NAME;PARAMS:VALUE". */
struct ical_line {
	struct str name, params, value;
	size_t line; /* where it begins in the file, from 1 */
};
struct ical_lines {
	char *text;
	size_t at, n, line;
};

/* Lines of a copy of file in a. */
void ical_begin(struct ical_lines *l, struct arena *a, struct str file);
/* The next line that is not empty, unfolded; ST_NOT_FOUND: there is none. ST_INVALID: no NAME:VALUE; ST_TOO_LARGE; both
   name the line. What *out refers to lives as long as the arena. */
enum status ical_next(struct ical_lines *l, struct ical_line *out, struct err *e) MUST_CHECK;
/* The value of a parameter, without quotes; p NULL: it has none. */
struct str ical_param(const struct ical_line *l, const char *name);
/* A TEXT value without its escapes, in a. */
struct str ical_text(struct arena *a, struct str value);

enum ical_kind { ICAL_DATE, ICAL_LOCAL, ICAL_UTC };
/* "20260131", "20260131T090000", "20260131T090000Z" in seconds since 1970, as if the clock showed UTC. */
bool ical_time(struct str value, enum ical_kind *kind, int64_t *seconds);
/* "PT1H30M", "P1D", "P2W" in seconds; false: none, or less than nothing, or more than ICAL_LENGTH_MAX_S. */
bool ical_duration(struct str value, int64_t *seconds);

/* Writes a line and folds it; head is the name with its parameters. raw: as it stands; text: with escapes. */
void ical_put(struct buf *b, const char *head, struct str raw);
void ical_put_text(struct buf *b, const char *head, struct str text);
/* Writes a time in the form that ical_time reads. */
void ical_put_time(struct buf *b, enum ical_kind kind, int64_t seconds);

#endif
