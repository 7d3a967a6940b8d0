/* SPDX-License-Identifier: Apache-2.0
 *
 * The way out: a site as a Ghost export, which this program and Ghost itself can read, with its pictures as they came.
 *
 *   FOLDER/export.json            posts, pages, tags, authors, tiers, snippets, settings, menus (Ghost 6's tables)
 *   FOLDER/content/images/…       files under the addresses that export.json has for them
 *
 * Not in it: people, their passwords and whatever other services keep.
 */
#ifndef GH_SERVICES_BLOG_EXPORT_H
#define GH_SERVICES_BLOG_EXPORT_H

#include "base/ctx.h"
#include "db/db.h"
#include "platform/media/media.h"

struct export_options {
	size_t row_max;     /* bytes of a post, and of what else is one row; 0: 64 MiB */
	const char *folder; /* must not be there: it is made, and appears under its name when it is complete */
	/* stage: "posts", "pictures"; done so far. NULL: silent. */
	void (*progress)(void *arg, const char *stage, size_t done);
	void *progress_arg;
};
struct export_report {
	size_t posts, pages, tags, authors, files, missing; /* missing: known to the database, not in storage */
};

/* From a fiber, on one snapshot (SQLite). Blocks while it writes: for commands. A failure leaves no folder behind. */
enum status blog_export_ghost(struct ctx *ctx, struct db *db, struct media *media, const struct export_options *opt,
                              struct export_report *report, struct err *e) MUST_CHECK;

#endif
