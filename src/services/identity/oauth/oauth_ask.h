/* SPDX-License-Identifier: Apache-2.0
 *
 * An authorization request on its way: read from the address or pushed before (RFC 9126), kept while its person signs
 * in and decides, and answered at the client's address.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_ASK_H
#define GH_SERVICES_IDENTITY_OAUTH_ASK_H

#include "services/identity/oauth/oauth.h"

enum { OAUTH_ASK_LIFE_S = 900, OAUTH_PAR_LIFE_S = 90 };
#define OAUTH_PAR_PREFIX "urn:ietf:params:oauth:request_uri:"
#define OAUTH_OOB "urn:ietf:wg:oauth:2.0:oob" /* Mastodon's apps without an address: the code is shown */

struct oauth_ask {
	struct oauth_client client;
	struct form params;
	struct str text;                      /* params as they came, form-encoded */
	struct str redirect_uri, state, scope, nonce, challenge, prompt,
	        jkt;     /* scope: what of it the client may ask for */
	const char *why; /* what is wrong, for who made the client; NULL: nothing, or no more than the error says */
	bool form_post;
	int64_t max_age_s;                    /* -1: any */
	int64_t started_us;                   /* when it was first seen: prompt=login means later than this */
};

/* Of this request: its query, or what ?request_uri= or ?resume= name. Until client and redirect address are good, what
   is wrong is ST_INVALID, for the person. Afterwards *error is set to what the client is to be told (RFC 6749 4.1.2.1).
 */
enum status oauth_ask_read(struct web *w, struct oauth_ask *out, const char **error, struct err *e) MUST_CHECK;
/* The same from a form-encoded text that came openly, by the person's browser. */
enum status oauth_ask_open(
        struct web *w, struct str text, struct oauth_ask *out, const char **error, struct err *e) MUST_CHECK;
/* The same from one that the client pushed, or that was kept. */
enum status oauth_ask_parse(
        struct web *w, struct str text, struct oauth_ask *out, const char **error, struct err *e) MUST_CHECK;
/* Keep it; *resume names it in ?resume=. error: what its client is to be told; NULL: nothing is decided. */
enum status oauth_ask_keep(
        struct ctx *ctx, const struct oauth_ask *a, const char *error, struct str *resume, struct err *e) MUST_CHECK;
/* By name; *error as it was kept, or as it is now. ST_INVALID after OAUTH_ASK_LIFE_S. */
enum status oauth_ask_resume(
        struct web *w, struct str resume, struct oauth_ask *out, const char **error, struct err *e) MUST_CHECK;

/* Back to the client with name=value (code or error), state and iss. */
enum status oauth_ask_answer(
        struct web *w, const struct oauth_ask *a, const char *name, struct str value, struct err *e) MUST_CHECK;

/* Where a person is sent with uri, as they would read it: its host; of an application's own scheme that scheme; "" :
   nowhere, the code is shown here. In a. */
struct str oauth_shown_host(struct arena *a, struct str uri);

/* What the consent page shows. */
struct consent_line { const char *title, *help; };
struct consent_view {
	const struct oauth_ask *ask;
	struct str resume, host, site;
	struct consent_line lines[16];
	unsigned line_count;
};
/* The page before an application that nobody let in is told that it gets nothing. words: what it asked for. */
struct refusal_view { const struct oauth_ask *ask; struct str resume, host; const char *words, *error; };

#endif
