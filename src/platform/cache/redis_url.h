/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of Redis: redis://[user:password@]host[:port][/db], unix:/path[?db=n]. Percent-encoded where needed.
 */
#ifndef GH_PLATFORM_REDIS_URL_H
#define GH_PLATFORM_REDIS_URL_H

#include "base/err.h"
#include "base/str.h"

struct redis_url { char host[256], path[108], user[128], password[256]; int port, db; };

/* redis://user:password@host:port/db or unix:/path?db=1; percent-encoded parts are decoded. ST_CONFIG: anything else,
   or a part that is too long. */
enum status redis_url_parse(struct str url, struct redis_url *out, struct err *e) MUST_CHECK;

#endif
