/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done by a mailed link: signing in, setting a new password, confirming an address at sign-up or another one
 * later, accepting an invitation, becoming the owner of an empty site. A link is good once, for a while. Opening it
 * only shows a button: programs that look at links in mail use nothing up.
 */
#ifndef GH_SERVICES_IDENTITY_LINK_H
#define GH_SERVICES_IDENTITY_LINK_H

#include "platform/peers/site.h"
#include "services/identity/signin/signin.h"

enum { LINK_LIFE_S = 900, LINK_SIGN_UP_LIFE_S = 86400, LINK_OWNER_LIFE_S = 86400 };

enum link_kind { LINK_SIGN_IN, LINK_RESET, LINK_SIGN_UP, LINK_OWNER, LINK_EMAIL, LINK_KINDS };

/* Value of AUTH_LINK. hash: of the password, at sign-up; browser: of the cookie of who typed it. */
struct link { enum link_kind kind; int64_t person; struct str email, name, hash, browser, next; };
#define LINK_BROWSER_COOKIE "gh_sign_up"
/* A new one; *url in ctx->arena, absolute. */
enum status link_make(struct ctx *ctx, const struct link *l, int64_t life_s, struct str *url, struct err *e) MUST_CHECK;
enum status link_find(struct ctx *ctx, struct str token, struct link *out, struct err *e) MUST_CHECK; /* ST_NOT_FOUND */
enum status link_take(struct ctx *ctx, struct str token, struct link *out, struct err *e) MUST_CHECK;
/* A letter: greeting, text, the link, how long it is good. In the outbox on ST_OK. lang: its reader's; subject and text
   are English ones of the catalogue, or made in that language. */
enum status link_mail(struct ctx *ctx, enum lang lang, struct str to, struct str name, const char *subject,
        const char *text, struct str url, struct err *e) MUST_CHECK;
/* Of many letters of a kind to one address (or about one person: key) the later ones are not written; one more of them
   is counted. Each kind has a budget, and a browser that the account `of` knows one of its own (of NULL: none has), so
   that who asks for others' letters closes no way in. */
bool link_crowd(struct web *w, enum link_kind kind, struct str key, const struct known_account *of);
struct job;
enum status link_mail_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

struct link_view { struct str token, email, error; enum link_kind kind; bool password; /* a new one is asked for */ };
struct sent_view { struct str email; const char *title, *text; };
/* The page after a letter. */
enum status link_sent(struct web *w, const struct sent_view *v) MUST_CHECK;
/* OPEN, APPROVAL, CLOSED: the setting identity.sign_up (CLOSED: by invitation). INVITED, OWNER: by a token that proves
 * it. */
enum sign_up_way { SIGN_UP_OPEN, SIGN_UP_APPROVAL, SIGN_UP_CLOSED, SIGN_UP_INVITED, SIGN_UP_OWNER };
struct sign_up_view {
	struct str email, name, password, next, token; /* token: of an invitation or an owner's link; "" */
	bool fixed_email;                              /* known from the invitation */
	enum sign_up_way way;
};

/* Told on standard error when the site has no owner: the link that makes the first visitor one. */
enum status link_tell_owner(struct ctx *ctx, struct err *e) MUST_CHECK;

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_link(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_link(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_link_mail(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_forgot(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_sign_up(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_sign_up(struct web *w, struct err *e) MUST_CHECK;

#endif
