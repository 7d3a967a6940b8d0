/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole site as one zip, and a site of it (docs/adr/0011-archive.md). archive.c writes, archive_in.c reads.
 */
#ifndef GH_MAIN_ARCHIVE_H
#define GH_MAIN_ARCHIVE_H

#include "db/dump.h"
#include "main/command.h"

#define ARCHIVE_HEAD "archive.json"
#define ARCHIVE_DATA "data/"   /* SERVICE/TABLE.jsonl */
#define ARCHIVE_MEDIA "media/" /* <sha256>.ending */
#define ARCHIVE_SEAL 64        /* hex digits at the very end: SHA-256 of all before them */
#define ARCHIVE_TEXT "{\"format\":1,\"program\":\"guildhall\"}\n"

/* Writes file, whole or not at all: a file of that name is replaced. ST_IO; ST_CORRUPT: something sealed can't be
 * opened. */
enum status archive_export(struct invocation *inv, const char *file, struct err *e) MUST_CHECK;
/* ST_CORRUPT: no whole archive. ST_CONFLICT: the site has something that is not in it. ST_INVALID: of a newer version.
   Nothing has changed then. */
enum status archive_import(struct invocation *inv, const char *file, struct err *e) MUST_CHECK;

/* Is the table, or the column of it, content? What is not is the installation's own: work that waits, who is signed in.
 */
bool archive_has_table(const char *service, const char *table);
bool archive_has_column(const char *table, const char *column);
/* What a column is sealed for; NULL: it is not. Archives hold it open, each site seals it with its own secret. */
const char *archive_sealed(const char *table, const char *column);
/* Every table of a service, one file each, into dir: "TABLE.jsonl". */
enum status archive_dump(
        struct ctx *ctx, struct service_instance *s, const char *dir, size_t *rows, struct err *e) MUST_CHECK;
/* A folder of its own in the data folder's tmp; removed by backup_remove. */
enum status archive_stage(struct invocation *inv, const char **dir, struct err *e) MUST_CHECK;
/* SHA-256 of the first n bytes of a file, in hex. */
enum status archive_sum(int fd, uint64_t n, char out[ARCHIVE_SEAL + 1], struct err *e) MUST_CHECK;

#endif
