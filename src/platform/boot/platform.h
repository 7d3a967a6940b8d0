/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting the process's parts together from its configuration.
 *
 *     platform_new → [platform_migrate] → platform_start → web_app_new, jobs_start, events_start … drains … →
 * platform_free
 *
 * platform_new touches no loop and waits for nothing: it opens files and allocates. What waits runs in a fiber.
 */
#ifndef GH_PLATFORM_PLATFORM_H
#define GH_PLATFORM_PLATFORM_H

#include "platform/core/service.h"

/* services: NULL-terminated. Checks their tables, makes the data folder (0700) and its key. The config must outlive it.
 */
struct platform *platform_new(struct config *c, const struct service *const *services, struct err *e);
/* Fiber. Brings the databases of the services that run here up to date; *applied counts. */
enum status platform_migrate(struct ctx *ctx, struct platform *p, unsigned *applied, struct err *e) MUST_CHECK;
/* The sets of one service's database, in order. Returns how many (2). */
size_t platform_migrations_of(const struct service *s, struct db_migration_set out[2]);
/* Fiber. The service's check(), where it runs here and has one. */
enum status platform_check(struct ctx *ctx, struct service_instance *s, struct err *e) MUST_CHECK;
/* Fiber, after the migrations: each service's check(), then each start(). */
enum status platform_start(struct ctx *ctx, struct platform *p, struct err *e) MUST_CHECK;
extern const struct job_def common_jobs[];         /* kinds that every service has */
extern const struct route
        *const platform_routes[]; /* at the root of every host, beside the services'; ends with NULL */
extern const struct background_def common_backgrounds[]; /* of every service with a database, in each process */
extern const struct event_handler common_events[]; /* what every service with a database takes */
/* After loops and offload threads have stopped. */
void platform_free(struct platform *p);

/* base URL and path of a service under this configuration, in a. */
void platform_base(struct arena *a, const struct config *c, const struct service *s, struct str *url, struct str *path);
bool platform_is_local(const struct config *c, const struct service *s);

#endif
