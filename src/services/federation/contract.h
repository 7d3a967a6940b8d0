/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask federation, the identity provider.
 */
#ifndef GH_SERVICES_FEDERATION_CONTRACT_H
#define GH_SERVICES_FEDERATION_CONTRACT_H

#include "platform/contract.h"

/* federation/person: who somebody is, as others may see it. Cached 10 s. ST_NOT_FOUND: no such person, or deleted. */
struct fed_person_query { int64_t person; };
struct fed_person {
	int64_t id;
	struct str name, handle, email, avatar, bio, locale, timezone;
	struct str roles;     /* space separated: "owner admin editor" */
	struct str status;    /* active, pending, suspended, leaving */
	int64_t joined_us;
};
extern const struct contract_def fed_contract_person;

/* The rest (people's own settings, lists for administrators, sessions, audit) is in people.h, for account's pages: account and federation
   share this contract only. Each call names the acting person; federation checks what that person may do. */

#endif
