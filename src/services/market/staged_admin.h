/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: what the pages of staged imports show.
 */
#ifndef GH_SERVICES_MARKET_STAGED_ADMIN_H
#define GH_SERVICES_MARKET_STAGED_ADMIN_H

#include "gen/market_sql.h"
#include "services/market/admin.h"
#include "services/market/staged.h"

enum { IMPORT_UPLOAD_MAX = CSV_BYTES_MAX + (8 << 20), IMPORT_DIFFS = 6 /* of a row, shown at once */ };

struct import_form {
	bool list; /* did a file come? */
	struct str supplier, page;
};
/* A cell that is to be another. */
struct import_diff {
	const char *label;
	struct str before, after;
};
struct import_line {
	const struct market_import_rows_row *row;
	const struct import_diff *diffs;
	size_t n, more;      /* more: how many are not shown */
	bool can;            /* be ticked */
};
struct import_column {
	struct str header, samples, place;
};
/* A kind of rows to look at alone. */
struct import_kind {
	const char *name, *label;
	int64_t count;
	struct str url;
	bool chosen;
};
struct import_page {
	struct web *w;
	struct page_shell shell;
	const struct market_import_row *i;
	char currency[4];
	struct str when, url, next, problem;
	struct import_kind kinds[6];
	struct import_line *lines;
	size_t n;
	struct str *notes;
	size_t note_count;
	struct import_column *columns;
	size_t column_count;
	int64_t all, so_far; /* of the progress */
	const struct market_pictures_of_import_row *pictures;
	const struct market_pictures_failed_row *missed; /* some of the pictures that did not come */
	size_t missed_count;
	bool fetching; /* more pictures are to come */
};
/* What a column of a file may be; ends with { 0 }. */
extern const struct choice import_places[];

#endif
