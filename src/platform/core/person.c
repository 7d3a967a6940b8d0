/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/core/person.h"

#include <stdio.h>
#include <string.h>

bool person_may(const struct person *p, const char *service, const char *role)
{
	static const char *const site[] = { "owner", "admin", "editor", "member" };
	char own[128];
	if (!p || !role || !*role)
		return p != NULL;
	for (unsigned i = 0; i < sizeof site / sizeof *site; i++) {
		if (str_has_word(p->roles, str_c(site[i])))
			return true;
		if (!strcmp(site[i], role))
			return i == sizeof site / sizeof *site - 1; /* every active person is a member */
		if (i == 1 && strcmp(role, "editor") && strcmp(role, "member"))
			break; /* a service's role: owners and admins have it, others by name */
	}
	int n = snprintf(own, sizeof own, "%s.%s", service, role);
	return n > 0 && (size_t)n < sizeof own && str_has_word(p->roles, str_n(own, (size_t)n));
}
