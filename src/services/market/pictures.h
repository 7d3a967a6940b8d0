/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: pictures that lists name elsewhere, fetched into our own media in the background. What another server
 * gives is bounded, nothing inside our networks is asked for, and who does not answer is asked again later, a few
 * times.
 */
#ifndef GH_SERVICES_MARKET_PICTURES_H
#define GH_SERVICES_MARKET_PICTURES_H

#include "gen/market_sql.h"
#include "platform/work/job.h"

enum {
	PICTURE_BYTES_MAX = 10 << 20,
	PICTURE_TRIES = 5,
	PICTURE_AGAIN_S = 60,    /* after the first failure; twice as long after each further one */
	PICTURE_WAIT_S = 30,     /* for one */
	PICTURE_REDIRECTS = 5,
	PICTURES_AT_ONCE = 20,   /* that are looked for in one read */
	PICTURES_TIME_S = 600,   /* of the job; the next one goes on */
	PICTURES_TOLD = 20,      /* failures that an import's page names */
	PICTURE_MEMORY = 64 << 20
};

/* The address that a list named, whether it is ours by now or not. */
static inline struct str picture_as_it_came(const struct market_images_of_row *i)
{
	return i->origin.n ? i->origin : i->src;
}
/* Is it somewhere else, at an address that can be fetched? */
bool picture_is_elsewhere(struct str src);
/* Within a transaction: src shall be fetched, for that import (0: none). *path: where it is here already; p NULL: not
   yet. */
enum status picture_want(
        struct db_conn *c, struct str src, int64_t import, struct str *path, struct err *e) MUST_CHECK;
/* Within a transaction: it is at path of ours now; every product has it from there. */
enum status picture_arrived(struct db_conn *c, struct str src, struct str path, struct err *e) MUST_CHECK;
/* Within a transaction: why it did not come. *again: it is tried once more, later. */
enum status picture_missed(struct db_conn *c, struct str src, int64_t tries, enum status why, bool *again,
                           struct err *e) MUST_CHECK;
/* Within a transaction: somebody looks for what is due. */
enum status pictures_job(struct db_conn *c, struct err *e) MUST_CHECK;
/* Job market.pictures: fetches what is due. */
enum status market_job_pictures(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
