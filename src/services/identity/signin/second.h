/* SPDX-License-Identifier: Apache-2.0
 *
 * The second step: a code of an authenticator app, or one of ten recovery codes. Who has set it up is asked after a
 * password or a mailed link; a passkey is two steps in one.
 */
#ifndef GH_SERVICES_IDENTITY_SECOND_H
#define GH_SERVICES_IDENTITY_SECOND_H

#include "services/identity/signin/signin.h"

enum { RECOVERY_CODES = 10, RECOVERY_LEN = 11 /* "k3v9t-m2xqa" */ };

struct second_view { struct str error; };

struct two_step_view {
	bool on;
	int64_t codes_left;
	struct str error, done;
	struct str seed_text, qr, resume;      /* while it is set up */
	unsigned qr_size;
	char (*codes)[RECOVERY_LEN + 1];       /* fresh ones, shown once */
};

/* The first step is proved: the second where there is one, else done. */
enum status second_or_done(
        struct web *w, const struct person_record *p, const char *amr, struct str next, struct err *e) MUST_CHECK;

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_second(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_second(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_two_step(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_two_step(struct web *w, struct err *e) MUST_CHECK;

#endif
