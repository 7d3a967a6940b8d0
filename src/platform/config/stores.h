/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening databases as the settings of [database] say.
 */
#ifndef GH_PLATFORM_STORES_H
#define GH_PLATFORM_STORES_H

#include "platform/core/service.h"

/* The address of a database, in a. own: the setting that names it alone, "" for none; else the shared one (shared_key
   of [database]) with `name` put in for {service}. NULL: neither is set, so SQLite's file. */
const char *stores_url(
        struct arena *a, const struct config *c, struct str own, const char *shared_key, const char *name);
/* Opens one, called `name` in logs and addresses. own_url: of its own setting, "" for none. replica_url: where reads
   may go; NULL: to the primary. a: for texts, until the call returns. The caller closes it (db_close). NULL with *e. */
struct db *stores_open(struct arena *a, const struct platform *p, const char *name, struct str own_url,
        const char *replica_url, struct err *e);

#endif
