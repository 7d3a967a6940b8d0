/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/core/person.h"

#include <stdio.h>
#include <string.h>

static bool may_one(const struct person *p, const char *service, struct str role)
{
	static const char *const site[] = { "owner", "admin", "editor", "member" };
	char own[128];
	for (unsigned i = 0; i < sizeof site / sizeof *site; i++) {
		if (str_has_word(p->roles, str_c(site[i])))
			return true;
		if (str_eqc(role, site[i]))
			return i == sizeof site / sizeof *site - 1; /* every active person is a member */
		if (i == 1 && !str_eqc(role, "editor") && !str_eqc(role, "member"))
			break; /* a service's role: owners and admins have it, others by name */
	}
	int n = snprintf(own, sizeof own, "%s.%.*s", service, STR_ARG(role));
	return n > 0 && (size_t)n < sizeof own && str_has_word(p->roles, str_n(own, (size_t)n));
}

bool person_may(const struct person *p, const char *service, const char *role)
{
	struct str rest = str_c(role ? role : ""), word;
	if (!p || !rest.n)
		return p != NULL;
	while (str_next(&rest, ' ', &word))
		if (may_one(p, service, word))
			return true;
	return false;
}
