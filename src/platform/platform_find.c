/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding a service by name, apart from the assembly: what only needs this does not link all of the platform.
 */
#include "platform/service.h"

struct service_instance *platform_service(struct platform *p, const char *name)
{
	for (unsigned i = 0; i < p->service_count; i++)
		if (!strcmp(p->services[i].def->name, name))
			return &p->services[i];
	return NULL;
}
