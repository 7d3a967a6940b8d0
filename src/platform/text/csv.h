/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables that people bring and take along (RFC 4180), as spreadsheets and shops write them: UTF-8 with or without a
 * mark, UTF-16, Windows' Latin letters; separated by commas, semicolons or tabs; any end of line; rows of any length.
 *
 * Cells that a spreadsheet would take for a formula are written with an apostrophe before them, and lose it when they
 * are read: what is written and read again is what it was.
 */
#ifndef GH_PLATFORM_CSV_H
#define GH_PLATFORM_CSV_H

#include "base/buf.h"

enum {
	CSV_BYTES_MAX = 32 << 20, /* of a file, as it came */
	CSV_CELLS_MAX = 4 << 20,  /* of all rows */
	CSV_COLUMNS_MAX = 1000    /* of one row */
};

struct csv_row {
	const struct str *cells;
	size_t n;
	size_t line; /* where it begins, from 1 */
};
struct csv {
	const struct csv_row *rows;
	size_t n;
};

/* All rows of a file that have anything in them; the first is the header, whose separator is that of all. In a.
   ST_INVALID names the line: a quote that is not closed, text behind one, a NUL, bytes that are no text; ST_TOO_LARGE.
 */
enum status csv_read(struct arena *a, struct str file, struct csv *out, struct err *e) MUST_CHECK;

/* A cell, quoted where it must be, escaped for spreadsheets. Between cells and after rows the caller writes "," and
   "\r\n". */
void csv_put(struct buf *b, struct str cell);
/* A whole number or a decimal one with a point, and a sign or none: what no spreadsheet takes for a formula. */
bool csv_is_number(struct str s);

#endif
