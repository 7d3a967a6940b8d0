/* SPDX-License-Identifier: Apache-2.0
 *
 * What a change of somebody's rights or secrets brings about in the auth store, which no transaction of the database
 * reaches: who is signed in learns of it, is signed out, loses their tokens. Done at once by whoever made the change;
 * and by a job of that change a little later, for the case that the process ended between the two.
 */
#ifndef GH_SERVICES_IDENTITY_RIGHTS_H
#define GH_SERVICES_IDENTITY_RIGHTS_H

#include "platform/web/web.h"

/* Somebody suspended is signed out everywhere, and applications lose what they were given. */
struct rights {
	int64_t person;
	int64_t before_us;   /* sign-ins from before then end; 0: none */
	struct str but;      /* but this one's key; "" */
	struct str address;  /* whose doing it is; "" */
};
/* Inside db_write's fn, with the change. */
enum status rights_later(struct db_conn *c, const struct rights *r, struct err *e) MUST_CHECK;
/* After it. */
enum status rights_settle(struct ctx *ctx, const struct rights *r, struct err *e) MUST_CHECK;
/* Letters with links, and sign-ins between two steps, are of no use any more. */
enum status rights_drop_begun(struct ctx *ctx, int64_t person, struct err *e) MUST_CHECK;

struct job;
/* The job of rights_later: what rights_settle does. */
enum status rights_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
