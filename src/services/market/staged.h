/* SPDX-License-Identifier: Apache-2.0
 *
 * Staged imports (ADR 15): a list is kept as it came, read in the background into rows, looked at, applied in whole or
 *in part, and taken back. Each step is a transaction of IMPORT_CHUNK rows that says how far it came: whoever goes on
 *after the end of a process (a job, or the command) does so there, and comes to the same state.
 *
 *	reading → (mapping → reading) → staged → applying → applied → undoing → undone;  refused
 */
#ifndef GH_SERVICES_MARKET_STAGED_H
#define GH_SERVICES_MARKET_STAGED_H

#include "gen/market_sql.h"
#include "platform/audit/audit.h"
#include "platform/work/job.h"
#include "services/market/import.h"

#define IMPORT_MEMORY_MAX ((size_t)1 << 30)
enum {
	IMPORT_CHUNK = 500,         /* products in one transaction */
	IMPORT_PART = 1 << 20,      /* bytes of a file in one row of its table */
	IMPORT_NOTES_TOLD = 100,    /* sentences that are kept with an import */
	IMPORT_NAME_MAX = 200,      /* characters of a file's name */
	IMPORT_HEADERS_MAX = 60,    /* columns that a person is asked about */
	IMPORT_KEPT_DAYS = 180,     /* how long it can be taken back */
	IMPORT_PAGE = 50,           /* rows on a page */
	IMPORT_TIME_S = 600         /* of the job; what is not done then goes on with the next attempt */
};

/* A list to stage. supplier 0: nobody's; then nothing of the shelf is missing in it. */
struct import_new {
	struct str file, name, page;
	char currency[4];
	int64_t supplier, person;
	bool job;                  /* goes on in the background by itself */
	struct audit_entry audit;  /* action NULL: none */
	int64_t id;                /* made by import_begin */
};
enum status import_begin(struct ctx *ctx, struct db *db, struct import_new *n, struct err *e) MUST_CHECK;
/* Goes on with what is to be done of it until it has to wait for somebody. read: NULL, or where what was read of the
   file is handed to. */
enum status import_go_on(struct ctx *ctx, struct db *db, int64_t id, struct in_file *read, struct err *e) MUST_CHECK;
/* Is more to be done than waiting for a person? */
bool import_is_busy(struct str state);

/* What a person decides. The import's state must be from: *done false where it is not any more. */
struct import_turn {
	int64_t id;
	const char *from, *to;
	bool job;
	struct audit_entry audit; /* action NULL: none */
	bool done;
};
enum status import_turn(struct ctx *ctx, struct db *db, struct import_turn *t, struct err *e) MUST_CHECK;
/* Ticks of a page: those of shown that are in ticked are, the others are not; all: 1 tick all that needs no look of its
   own, −1 none. Only while it is staged. */
struct import_ticks {
	int64_t id;
	const int64_t *shown;
	const bool *ticked;
	size_t n;
	int all;
};
enum status import_tick(struct ctx *ctx, struct db *db, struct import_ticks *t, struct err *e) MUST_CHECK;
/* Says what the headers are, remembers it for the supplier, and reads on. *done as above. */
enum status import_map(struct ctx *ctx, struct db *db, int64_t id, int64_t supplier, const struct in_header *headers,
                       size_t n, bool *done, struct err *e) MUST_CHECK;

/* Jobs: market.import goes on with one; market.imports sees to those that nobody goes on with, and lets go of old rows.
 */
enum status market_job_import(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
enum status market_job_imports(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

/* Handlers of the administration (staged_admin.c). */
enum status market_get_imports(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_imports(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_import(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_import(struct web *w, struct err *e) MUST_CHECK;

#endif
