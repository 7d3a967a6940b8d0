/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside account: what its pages show, and the handlers of service.c's tables.
 */
#ifndef GH_SERVICES_ACCOUNT_H
#define GH_SERVICES_ACCOUNT_H

#include "base/clock.h"
#include "gen/account_serve.h"
#include "gen/identity_contract.h"
#include "platform/peers/fragment.h"
#include "platform/text/language.h"
#include "platform/web/web.h"
#include "platform/work/event.h"
#include "platform/work/job.h"

enum { ACCOUNT_ADDRESSES_MAX = 20, ACCOUNT_EXPORT_DAYS = 7, ACCOUNT_INBOX_DAYS = 365 };

/* What the menu of that person (NULL: a visitor) says; in ctx->arena. */
void account_menu_of(struct ctx *ctx, const struct person *person, struct account_menu_answer *out);

const char *account_hello(struct web *w); /* "Hello Tom Okafor" */
struct home_view { struct str leaving_on; };

struct address_form {
	struct str id, name, line1, line2, postal_code, city, region, country, phone;
	bool delivery, billing;
};
struct addresses_view { struct address_form *list; size_t count; struct str done, removed; };
struct country { const char *code, *name; };
extern const struct country account_countries[];
extern const size_t account_country_count;
struct str account_country(struct str code); /* its name; the code when it is unknown */

struct notices_view { struct str topic; /* those chosen, a space between them */ struct str done; };

struct profile_view {
	struct str name, handle, bio, locale, timezone, kept /* the picture that is there */, done;
	bool avatar, no_avatar;
};

struct export_view { struct str state, made, until; int64_t kib; };
struct leave_view { struct str leaving_on, problem; int64_t days; };

/* Fragments of service.c's table: into out, what stands for f in another service's page. */
enum status account_fragment_language(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status account_fragment_auth_menu(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status account_get_home(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_profile(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_profile(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_addresses(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_address(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_address(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_address_remove(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_notices(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_notices(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_inbox(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_inbox(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_inbox_live(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_inbox_entry(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_digest(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_export(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_export(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_export_file(struct web *w, struct err *e) MUST_CHECK;
enum status account_get_leave(struct web *w, struct err *e) MUST_CHECK;
enum status account_post_leave(struct web *w, struct err *e) MUST_CHECK;

/* Jobs of service.c's table: a person's file is written; those past their days are removed. */
enum status account_export_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* A letter about one notification; letters about all that is new, to whom it is time for. */
enum status account_letter_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
enum status account_digest_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
enum status account_sweep_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* Event NOTICE_EVENT of any service: kept for that person, told to their open pages, written about. */
enum status account_take_notice(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;
/* Event person.deleted of identity: all that is kept here of that person goes. */
enum status account_forget(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;

#endif
