/* SPDX-License-Identifier: Apache-2.0
 *
 * People: who has an account here. An e-mail address is the same whatever its case and Unicode form (email_key); a
 * handle is a-z, 0-9 and _, up to 30, and never given to a second person.
 */
#ifndef GH_SERVICES_IDENTITY_PEOPLE_H
#define GH_SERVICES_IDENTITY_PEOPLE_H

#include "platform/auth/session.h"

enum { PERSON_EMAIL_MAX = 254, PERSON_NAME_MAX = 100 /* code points */, PERSON_HANDLE_MAX = 30, PASSWORD_MAX = 1024 };

struct person_record {
	int64_t id;
	struct str email, handle, name, status, roles, bio, avatar, locale, timezone;
	bool email_verified;
	int64_t created_at, updated_at; /* µs */
	int64_t seen_at, leaving_at;    /* 0: never */
};

/* The address as it is compared, in a. ST_UNPROCESSABLE with a sentence for the field. */
enum status people_email_key(struct arena *a, struct str email, struct str *key, struct err *e) MUST_CHECK;
/* A name as it is shown, of a person or an application: trimmed, without control characters. ST_UNPROCESSABLE, with a
   sentence: it is empty, too long, or turns the text around. */
enum status people_clean_name(struct arena *a, struct str name, struct str *clean, struct err *e) MUST_CHECK;

/* *out NULL: nobody. */
enum status people_by_id(struct db_conn *c, int64_t id, struct person_record **out, struct err *e) MUST_CHECK;
enum status people_load(
        struct ctx *ctx, int64_t id, struct person_record **out, struct err *e) MUST_CHECK; /* in a read of its own */
enum status people_by_email(struct db_conn *c, struct str email, struct person_record **out, struct err *e) MUST_CHECK;

/* May they do anything here: not suspended, not waiting to be let in? */
bool people_may_act(const struct person_record *p);

/* Who is signed in as p: what signing in puts into a single sign-on, and how a change gets into those that are there.
 */
struct sso people_sso(const struct person_record *p);
enum status people_refresh(struct ctx *ctx, const struct person_record *p, struct err *e) MUST_CHECK;

/* Inside db_write's fn. Cleans name, folds the address, makes the handle from the name. ST_CONFLICT: the address has an
 * account. */
struct person_new { struct str email, name, roles; const char *status; bool email_verified; };
enum status people_add(struct db_conn *c, const struct person_new *n, int64_t *id, struct err *e) MUST_CHECK;

#endif
