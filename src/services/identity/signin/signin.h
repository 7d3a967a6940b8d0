/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in: what its pages show, and the handlers of service.c's table.
 */
#ifndef GH_SERVICES_IDENTITY_SIGNIN_H
#define GH_SERVICES_IDENTITY_SIGNIN_H

#include "platform/auth/session.h"
#include "platform/cache/limits.h"
#include "platform/web/web.h"
#include "services/identity/people/people.h"
#include "services/identity/signin/known.h"

/* The sign-in page, and what was wrong with what was typed. */
/* Bytes of an address to go to afterwards: fits into what is kept meanwhile, escaped too. */
enum { SIGNIN_NEXT_MAX = 4096 };
struct signin_view {
	struct str next;      /* where to go afterwards: ours, checked */
	struct str email;     /* as typed */
	struct str error;     /* of the whole; "" */
	bool again;           /* somebody signed in proves it once more */
};

/* One more attempt of a kind ("account", "second", "mail-reset") on a key: 0, or how many seconds to wait. A browser
   that the account `of` knows has a budget of its own, so that strangers who use up the key's keep nobody out; of NULL:
   everybody shares the key's. Nothing is counted where limits are off. */
int64_t signin_wait(
        struct web *w, const char *kind, struct str key, const struct rate *rate, const struct known_account *of);
/* Attempts to sign in to one account (settings). */
struct rate signin_account_rate(const struct web *w);

/* Who has an address, and what proves it. Takes as many steps for nobody. */
struct signin_account {
	struct person_record *person; /* NULL: nobody */
	struct str hash;              /* of the password; p NULL: there is none */
	struct known_account known;
};
enum status signin_find(struct web *w, struct str email, struct signin_account *out, struct err *e) MUST_CHECK;

/* Is this right? Takes the same time and gives the same answer whoever asks for whomever. *out NULL: no. Throttled by
 * account. */
enum status signin_by_password(
        struct web *w, struct str email, struct str password, struct person_record **out, struct err *e) MUST_CHECK;
/* Proved: a single sign-on, and a browser that the account knows. amr: RFC 8176. ST_FORBIDDEN, with a sentence, for
 * accounts that are pending or suspended. */
enum status signin_begin(struct web *w, const struct person_record *p, const char *amr, struct err *e) MUST_CHECK;
/* The same, and on to next. */
enum status signin_done(
        struct web *w, const struct person_record *p, const char *amr, struct str next, struct err *e) MUST_CHECK;
/* ?next= or the form's, if it is ours; else the account. */
struct str signin_next(struct web *w);
/* The sign-in page once more, with what was typed and what was wrong. */
enum status signin_page(struct web *w, int status, const struct signin_view *v) MUST_CHECK;
/* The shell of this service's pages. */
struct page_shell signin_shell(struct web *w, const char *title);

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_sign_in(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_sign_in(struct web *w, struct err *e) MUST_CHECK;

#endif
