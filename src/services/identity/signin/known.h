/* SPDX-License-Identifier: Apache-2.0
 *
 * Browsers that an account was signed in from before. Such a browser has budgets of its own for passwords, codes and
 * letters, so that strangers who try an account do not keep its owner out. Nothing is stored: a cookie holds a random
 * name of the browser, and for each account a seal over that name, the account and the moment its password was set:
 * with a new password every other browser is a stranger again.
 *
 *     gh_browser = <name><seal of the account signed in to last><seal of the one before>…
 */
#ifndef GH_SERVICES_IDENTITY_KNOWN_H
#define GH_SERVICES_IDENTITY_KNOWN_H

#include "platform/web/web.h"

enum {
	KNOWN_PART_LEN = 22,       /* of a name or a seal: 128 bits as base64url */
	KNOWN_ACCOUNTS_MAX = 8,    /* of one browser; the one signed in to longest ago is forgotten */
	KNOWN_LIFE_S = 180 * 86400 /* from the last time somebody signed in */
};

/* What a seal is over. */
struct known_account {
	int64_t person;      /* 0: nobody, whom no browser knows */
	int64_t password_us; /* when the password was set; 0: there is none */
};

/* The browser's name when cookie has a seal of that account, borrowed from cookie; else p NULL. The same steps for
 * whatever account. */
struct str known_find(struct str secret, struct str cookie, const struct known_account *of);
/* The cookie with that account's seal in front; what cookie has and is no such cookie is made anew. In a. */
struct str known_add(struct arena *a, struct str secret, struct str cookie, const struct known_account *of);

/* The name of the browser of w, when that account was signed in from it; else p NULL. */
struct str known_browser(struct web *w, const struct known_account *of);
/* It was, just now: sets the cookie. */
enum status known_remember(struct web *w, int64_t person, struct err *e) MUST_CHECK;
/* *out of a person (0: nobody; as many steps). */
enum status known_account(struct ctx *ctx, int64_t person, struct known_account *out, struct err *e) MUST_CHECK;

#endif
