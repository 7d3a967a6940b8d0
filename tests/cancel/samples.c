/* SPDX-License-Identifier: Apache-2.0
 *
 * A request for every route that there is, more for those that do several things. A route without one fails the test:
 * add a row to samples.def of its service, and to scene.c what it needs to succeed. Routes that several services share
 * (signing in) need one of one of them.
 */
#include "scene.h"

#define FORM "content-type: application/x-www-form-urlencoded\r\n"
#define JSON "content-type: application/json\r\nx-csrf-token: {csrf}\r\n"
#define CLIENT "client_id=" SCENE_CLIENT "&client_secret=" SCENE_SECRET
#define PROOF "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636, appendix B: the challenge of … */
#define PROVES "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* … this verifier */
#define REGISTRATION "{\"client_name\":\"Another\",\"redirect_uris\":[\"https://another.example/back\"],\"token_endpoint_auth_method\":\"none\"}"

const struct sample samples[] = {
	/* --- the platform's own --- */
	{ "", "GET", "/healthz", "/healthz", VISITOR, 200 },
	{ "", "GET", "/readyz", "/readyz", VISITOR, 200 },
	{ "", "GET", "/metrics", "/metrics", VISITOR, 200 },
	{ "", "POST", "/internal/contracts/{service:text}/{name:text}", "/internal/contracts/blog/site", VISITOR, 200,
	        "x-guildhall-signature: {a}\r\n", SCENE_CONTRACT_BODY, scene_contract },
	{ "", "POST", "/internal/fragments", "/internal/fragments", VISITOR, 200, "x-guildhall-signature: {a}\r\n",
	        SCENE_FRAGMENTS_BODY, scene_fragments },
	{ "", "POST", "/internal/events", "/internal/events", VISITOR, 200, "x-guildhall-signature: {a}\r\n", NULL,
	        scene_events },

	{ "", "POST", "/site/language", "/site/language", VISITOR, 303, FORM, "lang=de" },
	{ "", "GET", "/admin/", "/admin/", OWNER, 200 },
	{ "", "GET", "/admin/settings", "/admin/settings", OWNER, 200 },
	{ "", "POST", "/admin/settings", "/admin/settings?service=blog", OWNER, 303, FORM,
	        "csrf={csrf}&posts_per_page=11&feed_posts=15&comments=yes&first_comment_waits=yes"
	        "&comments_per_hour=20&visits=yes&visits_days=730" },
	{ "", "GET", "/admin/operations", "/admin/operations", OWNER, 200 },
	{ "", "GET", "/admin/operations/live", "/admin/operations/live?of=operations.x", OWNER, 200, .endless = 1 },
	{ "", "GET", "/admin/dead-letters", "/admin/dead-letters?service=identity&what=events", OWNER, 200, NULL, NULL,
	        scene_given_up },
	{ "", "POST", "/admin/dead-letters", "/admin/dead-letters?service=identity&what=events", OWNER, 303, FORM,
	        "csrf={csrf}&do=retry&key={a}", scene_given_up },
	{ "", "POST", "/admin/dead-letters", "/admin/dead-letters?service=identity&what=events", OWNER, 303, FORM,
	        "csrf={csrf}&do=drop&key={a}&sure=1", scene_given_up },
	{ "", "GET", "/search/", "/search/?q=bread", VISITOR, 200 },
	{ "", "GET", "/search/", "/search/?q=mara&in=identity.people", OWNER, 200 },
	{ "", "POST", "/site/language", "/site/language", VISITOR, 303, FORM, "lang=de" },

/* --- the services' --- */
#include "samples_all.h"
};
const size_t sample_count = sizeof samples / sizeof *samples;
