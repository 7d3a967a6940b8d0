/* SPDX-License-Identifier: Apache-2.0
 *
 * What administrators do: add people, look after members, invite. Everything is audited in the transaction that does
 * it. The site always has an active owner; only owners make or unmake owners and administrators; nobody suspends
 * themselves.
 */
#ifndef GH_SERVICES_IDENTITY_ADMIN_H
#define GH_SERVICES_IDENTITY_ADMIN_H

#include "platform/web/web.h"
#include "services/identity/people/people.h"

/* A person with a confirmed address and a password, active at once. In identity's ctx. ST_UNPROCESSABLE: address, name
   or password, with a sentence; ST_CONFLICT: the address has an account. */
struct admin_person { struct str email, name, password, roles; };
enum status admin_add_person(struct ctx *ctx, const struct admin_person *n, int64_t *id, struct err *e) MUST_CHECK;

/* --- changes to a member --- */

/* Removed members are suspended, and forgotten after the days that who leaves has; until then they can be kept. */
enum member_action {
	MEMBER_APPROVE,
	MEMBER_SUSPEND,
	MEMBER_RESTORE,
	MEMBER_REMOVE,
	MEMBER_KEEP,
	MEMBER_ONE_STEP, /* without the second step: they lost their phone, and the codes */
	MEMBER_ROLES,
	MEMBER_ACTIONS
};
struct member_action_def {
	const char *name, *label;
	const char *done;        /* of the audit chain: "member.suspended" */
	const char *told;        /* to whoever did it */
	enum member_action undo; /* MEMBER_ACTIONS: none */
};
extern const struct member_action_def member_actions[MEMBER_ACTIONS];
/* By the person of this request. roles: for MEMBER_ROLES, all that they shall have. ST_OK also when nothing is to be
 *changed: then changed is false. ST_FORBIDDEN, with a sentence: a guard. */
/* May the person of w change owners and administrators, or is p none? */
bool admin_may_change(const struct web *w, struct str roles);
enum status admin_change(struct web *w, int64_t person, enum member_action action, struct str roles, bool *changed,
        struct err *e) MUST_CHECK;

/* --- what the pages show --- */

struct role_choice { struct str name, title, help; bool has, locked; }; /* title, help: in the current language */
struct member_view { struct str id, name, email, handle, status, roles, since, seen; };
struct member_page_view {
	struct member_view person;
	struct role_choice *roles;
	size_t role_count, sessions;
	struct str done, problem;
	struct str leaving;  /* the day on which they are forgotten; "" */
	const char *undo;    /* the action that undoes what was done; NULL: none */
	struct str *was;     /* roles before they were changed, to go back to */
	size_t was_count;
	bool roles_changed;
	bool self, two_steps;
	bool may;            /* owners and administrators are an owner's */
};
/* How many applications there are, and how many of them were never used; how many were just removed, or -1. */
struct clients_view { int64_t all, unused, removed; };

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_members(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_members(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_members_csv(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_member(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_member(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_invitations(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_invitations(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_clients(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_clients(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_audit(struct web *w, struct err *e) MUST_CHECK;

#endif
