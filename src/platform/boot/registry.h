/* SPDX-License-Identifier: Apache-2.0
 *
 * What the services' tables must fulfil before anything starts: names well formed and unique, nothing dangling.
 */
#ifndef GH_PLATFORM_REGISTRY_H
#define GH_PLATFORM_REGISTRY_H

#include "platform/core/service.h"

/* ST_CONFIG names the service, the table and the row. Routes are checked for duplicates by the router. */
enum status registry_check(const struct service *const *services, struct err *e) MUST_CHECK;

#endif
