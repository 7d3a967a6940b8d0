/* SPDX-License-Identifier: Apache-2.0
 *
 * What the requests of test_cancel are about: people, an application, links, codes; made once, or afresh before each
 * request, since most are good for one use. And the table of the requests themselves.
 */
#ifndef GH_TESTS_SCENE_H
#define GH_TESTS_SCENE_H

#include "house.h"

enum who { VISITOR, MEMBER, OWNER, NEWCOMER /* with two steps and a passkey */, WHO_COUNT };

#define SCENE_PASSWORD "seven quiet herons"
#define SCENE_CLIENT "app-scene"
#define SCENE_SECRET "secret-of-the-scene"
#define SCENE_CALLBACK "https://app.example/back"

/* What a sample's texts may name: {a} {b} {c} {csrf}, {id} of MEMBER as the pages write it. */
struct prep {
	struct ctx *ctx; /* identity's */
	struct house *h;
	int64_t person;  /* who asks; 0: VISITOR */
	struct str sso;  /* key of their sign-on */
	char a[8192], b[4096], c[4096];
	struct str body; /* instead of the sample's; static */
	size_t n;        /* of a bound that is met (test_limits_house) */
};

struct sample {
	const char *service, *method, *pattern; /* of the route; service "": the platform's own */
	const char *path;                       /* as asked */
	enum who who;
	int want;
	const char *headers; /* NULL: none */
	const char *body;    /* NULL: none */
	void (*prepare)(struct prep *x);
	/* A stream: it has no last wait, so many are looked at; the client goes when it has the head of the answer. */
	unsigned endless;
};
extern const struct sample samples[];
extern const size_t sample_count;

/* Once, in a fiber: people and the application. Aborts when something can not be made. */
void scene_make(struct ctx *ctx, void *house);
void scene_end(void);
/* Signs `who` in afresh: cookies of all services are added to out. */
void scene_sign_in(struct prep *x, enum who who, char *out, size_t max);
int64_t scene_person(enum who who);

/* Preparations. */
void scene_link_sign_in(struct prep *x);   /* {a} */
void scene_link_sign_up(struct prep *x);
void scene_link_reset(struct prep *x);
void scene_link_email(struct prep *x);
void scene_half(struct prep *x);           /* {c} cookie, {a} code */
void scene_two_step(struct prep *x);       /* {a} resume, {b} code */
void scene_password(struct prep *x);       /* as it was */
void scene_invitation(struct prep *x);     /* {a} token, {b} id */
void scene_address(struct prep *x);        /* {a} id */
void scene_no_address(struct prep *x);
void scene_archive(struct prep *x);
void scene_stays(struct prep *x);          /* nobody is leaving, all are active */
void scene_suspended(struct prep *x);
void scene_given_up(struct prep *x);
void scene_code(struct prep *x);           /* {a} */
void scene_code_for(struct prep *x, struct str challenge); /* {b} */
void scene_tokens(struct prep *x);         /* {a} access, {b} refresh */
void scene_device(struct prep *x);         /* {a} device code, {b} user code, undecided */
void scene_device_allowed(struct prep *x);
void scene_ask(struct prep *x);            /* {a} resume */
void scene_pushed(struct prep *x);         /* {a} name of a pushed request */
void scene_consented(struct prep *x);
void scene_no_consent(struct prep *x);
void scene_registered(struct prep *x);     /* {a} client, {b} its token */
void scene_login(struct prep *x);          /* {a} state, {b} code, {c} cookie; of the blog */
void scene_category(struct prep *x);        /* {a} a category, {b} a name that none has */
void scene_page(struct prep *x);            /* {a} a market page, {b} an address that none has */
void scene_slug(struct prep *x);            /* {a} such an address */
void scene_login_market(struct prep *x);
void scene_login_account(struct prep *x);  /* the same of account … */
void scene_login_cart(struct prep *x);
void scene_login_events(struct prep *x);
void scene_login_sumup(struct prep *x);
void scene_contract(struct prep *x);       /* {a} signature over the sample's body */
void scene_fragments(struct prep *x);
void scene_events(struct prep *x);
void scene_picture_later(struct prep *x);  /* {a} path of a picture that is not made yet */
void scene_file(struct prep *x);           /* {a} id of a file of the blog that is used nowhere */
void scene_post(struct prep *x);           /* {a} id of a new draft of the blog, {b} of its revision */
void scene_cycle(struct prep *x);          /* {a} id of it */
void scene_import(struct prep *x);
void scene_import(struct prep *x);         /* staged: {a} id */
void scene_product(struct prep *x);        /* on sale: {a} id, {b} of its variant, {c} of its supplier */
void scene_comment(struct prep *x);        /* {a} id of a new post, {b} of the one comment of whoever asks */
void scene_basket(struct prep *x);         /* of MEMBER: {a} id of its line */
void scene_calendar(struct prep *x);       /* "loft", with "choir" each week, once cancelled */
void scene_empty_calendar(struct prep *x); /* {a} its id */
void scene_entry(struct prep *x);          /* each week in "loft": {a} its id, {b} its version */
void scene_order(struct prep *x);          /* of MEMBER, to be paid: {a} its number */
void scene_sold(struct prep *x);           /* the same, paid, sold and invoiced */
void scene_supply(struct prep *x);         /* an order to a supplier */
void scene_payment(struct prep *x);        /* {a} id at the simulated provider */
void scene_upload(struct prep *x);         /* body */
void scene_passkey(struct prep *x);        /* body: an assertion */
void scene_new_passkey(struct prep *x);    /* body: a registration */
void scene_has_passkey(struct prep *x);    /* {a} its id */

/* So many that one more, which the request adds, is prep's n. */
void scene_addresses(struct prep *x);
void scene_passkeys(struct prep *x);                                /* and body: a registration */
void scene_sign_ons(struct prep *x);                                /* n of whoever asks, theirs among them */
void scene_answer(struct prep *x, struct str challenge);            /* body: a registration */
void scene_sign(struct prep *x, const char *path, struct str body); /* {a} the signature of another process */

#define SCENE_CONTRACT_BODY "{}"
#define SCENE_FRAGMENTS_BODY "{\"service\":\"blog\",\"pieces\":[{\"type\":\"brand\",\"params\":\"\"},{\"type\":\"nav-tree\",\"params\":\"menu=main\"}]}"

#endif
