/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asks, and what that person may do; and named values (of a path, of a fragment). Apart from the web, so that what
 * only looks at a person needs no request.
 */
#ifndef GH_PLATFORM_PERSON_H
#define GH_PLATFORM_PERSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct param {
	struct str name, value;
	int64_t num;
};
struct params {
	const struct param *list;
	unsigned count;
};

/* The person asking, as far as a session told. */
struct person {
	int64_t id;
	struct str name, email, handle;
	struct str roles;   /* "admin market.keeper": see person_may */
	struct str zone;    /* IANA time zone, for html_time; "" : not chosen */
	struct str lang;    /* BCP 47, what they chose to read; "" : not chosen */
	bool admin;         /* owner or admin of the site */
	struct str session; /* key of the single sign-on: not secret, but nobody else's business */
	int64_t auth_us;    /* when they proved who they are */
};

/* May p do what `role` of `service` may? Site roles, each with the rights of those after it: owner, admin, editor,
   member (every active person). "market.keeper" is the role `keeper` of the service `market`; admins have them all.
   Of several roles with a space between them any one is enough. role NULL or "": anybody signed in. p NULL: a visitor,
   who may nothing. */
bool person_may(const struct person *p, const char *service, const char *role);

#endif
