/* SPDX-License-Identifier: Apache-2.0
 *
 * uthash, to be included by this name only: without memory for a table it would call exit(). Here the table is as it
 * was before and the nearest guard is unwound to (base/guard.h): no HASH_ADD under a lock.
 */
#ifndef GH_BASE_TABLE_H
#define GH_BASE_TABLE_H

#include "base/guard.h"

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) guard_abort(ST_NOMEM)
#include <uthash.h>

#endif
