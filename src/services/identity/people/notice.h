/* SPDX-License-Identifier: Apache-2.0
 *
 * Security notices: a letter to a person about what was done to their account, so that they notice when it was not
 * them. Written as a job with the change it tells of; the job asks account whether the person wants such letters (topic
 * account.security), and sends one when account does not answer. That they were turned off is itself told: nobody
 * silences an account unseen.
 */
#ifndef GH_SERVICES_IDENTITY_NOTICE_H
#define GH_SERVICES_IDENTITY_NOTICE_H

#include "platform/web/web.h"

enum notice_kind {
	NOTICE_BROWSER,
	NOTICE_PASSWORD,
	NOTICE_PASSWORD_RESET,
	NOTICE_EMAIL,
	NOTICE_TWO_STEP_ON,
	NOTICE_TWO_STEP_OFF,
	NOTICE_CODES,
	NOTICE_PASSKEY_ADDED,
	NOTICE_PASSKEY_REMOVED,
	NOTICE_APPLICATION,
	NOTICE_DEVICE,
	NOTICE_LETTERS_ON,
	NOTICE_LETTERS_OFF,
	NOTICE_KINDS
};

/* Inside db_write's fn. w: what did it. name: of the passkey or the application, as others gave it; the former address,
   which is written to as well; "". */
enum status notice_enqueue(struct db_conn *c, const struct web *w, enum notice_kind kind, int64_t person,
        struct str name, struct err *e) MUST_CHECK;
/* Inside db_write's fn: somebody signed in with the browser of w. A notice when others are known of this person, and
 * not this one. */
enum status notice_browser(struct db_conn *c, const struct web *w, int64_t person, struct err *e) MUST_CHECK;

struct event;
enum status notice_choice(
        struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK; /* account: choice.changed */
struct job;
/* The job that writes and sends one notice; ST_OK too when the person is gone or wants none. ST_CORRUPT: its payload is
   none of ours. */
enum status notice_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
