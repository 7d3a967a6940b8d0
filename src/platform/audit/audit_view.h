/* SPDX-License-Identifier: Apache-2.0
 *
 * The administrator's audit view as a piece that any service can mount: newest first, filters, pages, and how far the
 * chain is known to be whole. It reads its own query: ?chain=&action=&actor=&object=&before=.
 *
 *     { "GET", "/admin/audit", identity_get_audit, .flags = ROUTE_ADMIN, .help = "What was done" },
 *
 *     const struct audit_look look = { .path = web_url(w->ctx, "identity", "/admin/audit"), .name_of = name_of };
 *     return audit_view(w, &look, e);
 */
#ifndef GH_PLATFORM_AUDIT_VIEW_H
#define GH_PLATFORM_AUDIT_VIEW_H

#include "base/clock.h"
#include "platform/audit/audit.h"
#include "platform/web/web.h"

struct audit_look {
	struct str path;      /* of this page: where the form and the links go */
	struct str site_name; /* for the title; "" leaves it out */
	/* The name of a person by the id that is an actor or object; "" when it is none. NULL: ids are shown. Asked
	   once for each row, so remember or take it from what is read anyway. */
	struct str (*name_of)(struct ctx *ctx, struct str id, void *arg);
	void *arg;
};
/* Answers with the page: chains of this process's services, ctx->svc's first. */
enum status audit_view(struct web *w, const struct audit_look *look, struct err *e) MUST_CHECK;

/* --- for the template --- */

struct audit_line {
	const struct audit_row *r;
	struct str at;
	char iso[CLOCK_TEXT_MAX];
	struct str actor_name, object_name;
	bool details;
};
struct audit_chain { struct str name, title; bool chosen; };
struct audit_shown {
	struct str path, chain, action, actor, object;
	bool filtered;
	const struct audit_chain *chains;
	size_t chain_count;
	const struct audit_line *lines;
	size_t line_count;
	struct str newer, older; /* URLs or "" */
	struct str bad;          /* what is wrong with the chain, or "" */
	struct str verified;     /* "Verified up to entry 512, …" */
};

#endif
