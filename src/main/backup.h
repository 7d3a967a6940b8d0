/* SPDX-License-Identifier: Apache-2.0
 *
 * A backup: the whole site of one moment, as a folder or as one tar file of the same entries.
 *
 *     databases/NAME.db   a copy of each database
 *     data/…              the rest of the data folder: media, mail, the site's secret
 *     MANIFEST            "guildhall backup 1", a line "SHA-256 BYTES NAME" for each entry, and a last line
 *                         "end SHA-256" of all before it
 *
 * It is made under another name and gets its own when it is whole and on the disk. Written by backup.c, read by
 * restore.c.
 */
#ifndef GH_MAIN_BACKUP_H
#define GH_MAIN_BACKUP_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define BACKUP_MANIFEST  "MANIFEST"
#define BACKUP_HEAD      "guildhall backup 1\n"
#define BACKUP_DATABASES "databases/"
#define BACKUP_DATA      "data/"
#define BACKUP_MANIFEST_MAX ((size_t)256 << 20) /* a million files with long names */

enum { BACKUP_SHA_LEN = 64, BACKUP_COPY = 64 << 10, BACKUP_DEPTH_MAX = 32 /* folders within folders */ };

struct backup_entry { char sha[BACKUP_SHA_LEN + 1]; uint64_t bytes; struct str name; };

/* Bytes that are passed on once. A source returns how many it put into p, 0 at the end, less when they can't be read; a
   sink false when it can't take them. */
struct backup_pass {
	ssize_t (*source)(void *from, void *p, size_t n);
	void *from;
	bool (*sink)(void *to, const void *p, size_t n);
	void *to;
};
/* To the end of the source. Fills in sha and bytes of *entry. ST_IO: one of the two failed, errno saying why. */
enum status backup_pass(const struct backup_pass *p, struct backup_entry *entry, struct err *e) MUST_CHECK;
/* SHA-256 of a text, as hex. */
void backup_sha(struct str text, char out[BACKUP_SHA_LEN + 1]);
/* A source and a sink: the descriptor that the pointer is to. */
ssize_t backup_from_file(void *from, void *p, size_t n);
bool backup_to_file(void *to, const void *p, size_t n);

/* "NAME.word-…" in a: beside path, and nobody else's. */
const char *backup_beside(struct arena *a, const char *path, const char *word);
/* A new folder "NAME.word-…" (*out, in a) beside path, and nobody else's: as long as *fd is open, which the caller
   closes. Those of processes that were killed are removed first. ST_IO: it can not be made. */
enum status backup_stage(struct arena *a, const char *path, const char *word, const char **out, int *fd, struct err *e)
        MUST_CHECK;
/* Is there nothing at path, or an empty folder? */
bool backup_is_free(const char *path);
/* The folder that path stands in, synchronised. */
enum status backup_sync_parent(struct arena *a, const char *path, struct err *e) MUST_CHECK;
/* A folder with all that is in it; what can't be removed stays. */
void backup_remove(struct arena *a, const char *path);

#endif
