/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside config: text of a setting to its value.
 */
#ifndef GH_PLATFORM_CONFIG_VALUE_H
#define GH_PLATFORM_CONFIG_VALUE_H

#include "platform/core/service.h"

bool config_parse_duration(struct str s, int64_t *ns);  /* "0" "250ms" "10s" "30m" "2h" "7d"; a unit unless zero */
bool config_parse_bytes(struct str s, int64_t *bytes);  /* "4096" "64k" "1M" "2G", powers of 1024 */
/* Checks kind, bounds and choices. *num is 0 for texts. ST_CONFIG says what is allowed. */
enum status config_parse_value(const struct setting *def, struct str text, int64_t *num, struct err *e) MUST_CHECK;

/* One file: on_row for each key. Lines: [section], key = value, # comment; blank. ST_CONFIG with file and line. */
enum status config_parse_ini(const char *file, struct str text,
                             enum status (*on_row)(void *arg, struct str section, struct str key, struct str value,
                                                   const char *source, struct err *e),
                             void *arg, struct err *e) MUST_CHECK;

#endif
