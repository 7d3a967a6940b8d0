/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration: one INI file, over it the environment (GUILDHALL_SECTION_KEY), over it --set section.key=value. One
 * declared table (settings.def and each service's settings) gives type, bounds, default and help; unknown keys are
 * refused with the nearest known one. A secret's value may be file:PATH.
 *
 * To add a setting: one row in platform/config/settings.def, or in the service's table; nothing else.
 */
#ifndef GH_PLATFORM_CONFIG_H
#define GH_PLATFORM_CONFIG_H

#include "platform/core/service.h"

struct config;
struct config_source {
	const char *file; /* NULL: none */
	const char *const *sets; /* "section.key=value" */
	unsigned set_count;
	bool environment;
};

struct config *config_load(
        const struct config_source *src, const struct service *const *services, struct err *e); /* ST_CONFIG */
/* Read everything again; apply the rows that are `live`, log the others that differ. A mistake changes nothing. */
enum status config_reload(struct config *c, const struct config_source *src, const struct service *const *services,
                          struct err *e) MUST_CHECK;
void config_free(struct config *c);

/* What people chose in the administration: over the defaults and the file, under the environment and --set. Any thread.
   names: "section.key"; all of section's that are kept: what was kept of it before and is not in the list is as the
   file says again. at_start: rows that are not live change too; later they are noted for the next start. ST_CONFIG: a
   value that the row does not take; nothing is changed. */
struct config_kept { struct str name, value; };
enum status config_keep(struct config *c, const char *section, const struct config_kept *list, size_t n, bool at_start,
        struct err *e) MUST_CHECK;
/* Would that row take it? ST_NOT_FOUND: no such row. */
enum status config_check(const struct config *c, struct str name, struct str value, struct err *e) MUST_CHECK;

/* Each asserts that the key is declared with that kind. Strings live as long as the config; "" when not set. */
struct str config_str(const struct config *c, const char *section, const char *key);
const char *config_cstr(const struct config *c, const char *section, const char *key);
int64_t config_int(const struct config *c, const char *section, const char *key);
bool config_bool(const struct config *c, const char *section, const char *key);
int64_t config_duration_ns(const struct config *c, const char *section, const char *key); /* "10s" "30m" "250ms" "7d" */
int64_t config_bytes(const struct config *c, const char *section, const char *key);       /* "64k" "1M" "2G" */
bool config_is_set(const struct config *c, const char *section, const char *key); /* not the default */

/* Every setting with its value (secrets masked) and where it came from: `guildhall dump settings`. */
struct config_row {
	const struct setting *setting;
	const char *name, *value, *source; /* name: "section.key" */
	bool fixed;   /* given by the environment or --set: nobody changes it here */
};
size_t config_rows(const struct config *c, struct arena *a, struct config_row **out);

#endif
