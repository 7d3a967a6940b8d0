/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords known from break-ins elsewhere, refused when a password is set: the setting identity.breached_passwords
 * names a file as Have I Been Pwned gives it for download, lines of
 *
 *     SHA-1 as 40 hexadecimal digits in upper case ":" how often it was seen
 *
 * sorted by hash, of any length. It is searched in its place, a dozen to forty small reads on the offload pool, and
 * opened anew each time, so that a newer one may be renamed into its place while the server runs.
 */
#ifndef GH_SERVICES_IDENTITY_BREACHED_H
#define GH_SERVICES_IDENTITY_BREACHED_H

#include "platform/core/service.h"

enum { BREACHED_HASH = 40 };

/* How often the password was seen; 0: not, or there is no list, or it can not be read (logged: that keeps nobody from a
 * password). */
int64_t breached_seen(struct ctx *ctx, struct str password);
/* The setting's file is looked at in some hundred places. ST_CONFIG: it is missing, not such a list, or not sorted. */
enum status breached_check(struct ctx *ctx, struct err *e) MUST_CHECK;

/* --- for tests; these block ------------------------------------------------------------------------------------- */

/* *seen 0: not in it. ST_CORRUPT: it is no such list where it was looked at. */
enum status breached_find(const char *path, const char hash[BREACHED_HASH], int64_t *seen, struct err *e) MUST_CHECK;
enum status breached_check_file(const char *path, struct err *e) MUST_CHECK; /* ST_IO, ST_CORRUPT */

#endif
