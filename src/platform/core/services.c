/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of services, in a file of its own: tests bring their own list and do not link the services.
 */
#include "platform/core/service.h"

#define X(name) extern const struct service service_##name;
#include "platform/core/services.def"
#undef X

const struct service *const services_all[] = {
#define X(name) &service_##name,
#include "platform/core/services.def"
#undef X
	NULL,
};
