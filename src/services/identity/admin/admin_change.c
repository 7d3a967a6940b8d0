/* SPDX-License-Identifier: Apache-2.0
 *
 * One change to one member, with its guards.
 */
#include "services/identity/admin/admin.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/auth/session.h"
#include "platform/text/json.h"
#include "platform/config/config.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/identity/people/notice.h"
#include "services/identity/signin/link.h"
#include "services/identity/signin/rights.h"

const struct member_action_def member_actions[MEMBER_ACTIONS] = {
	[MEMBER_APPROVE] = { "approve", "Approve", "approved", "Approved.", MEMBER_ACTIONS },
	[MEMBER_SUSPEND] = { "suspend", "Suspend", "suspended", "Suspended.", MEMBER_RESTORE },
	[MEMBER_RESTORE] = { "restore", "Restore", "restored", "Restored.", MEMBER_SUSPEND },
	[MEMBER_REMOVE] = { "remove", "Remove", "removed", "Removed.", MEMBER_KEEP },
	[MEMBER_KEEP] = { "keep", "Keep", "kept", "Kept.", MEMBER_ACTIONS },
	[MEMBER_ONE_STEP] = { "one-step", "Reset the second step", "second_step_reset", "The second step is reset.",
	        MEMBER_ACTIONS },
	[MEMBER_ROLES] = { "roles", "Roles", "changed", "Changed.", MEMBER_ACTIONS },
};

/* Who is leaving can be suspended too, or they would be safe from it for the days of grace; they leave all the same. */
static const struct { const char *from, *to; } moves[MEMBER_ACTIONS] = {
	[MEMBER_APPROVE] = { TR_NOOP("pending"), TR_NOOP("active") },
	[MEMBER_SUSPEND] = { "active leaving", TR_NOOP("suspended") },
	[MEMBER_RESTORE] = { "suspended", "active" },
	[MEMBER_REMOVE] = { "pending active leaving suspended", "suspended" },
	[MEMBER_KEEP] = { "suspended", "active" },
	[MEMBER_ONE_STEP] = { "pending active leaving suspended", "" },
};

struct person_change {
	struct web *w;
	int64_t id;
	enum member_action action;
	struct str roles;
	struct person_record *before;
	bool changed;
};

static bool privileged(struct str roles)
{
	const struct person p = { .roles = roles };
	return person_may(&p, "", "admin");
}

static bool owns(struct str roles)
{
	const struct person p = { .roles = roles };
	return person_may(&p, "", "owner");
}

bool admin_may_change(const struct web *w, struct str roles)
{
	return owns(w->person->roles) || !privileged(roles);
}

static enum status guard(struct db_conn *c, const struct person_change *x, struct err *e)
{
	const struct person_record *p = x->before;
	struct identity_other_owners_row *others;
	bool by_owner = owns(x->w->person->roles),
	     ends = x->action == MEMBER_SUSPEND || x->action == MEMBER_REMOVE,
	     takes_away = ends || (x->action == MEMBER_ROLES && !owns(x->roles));
	if (ends && p->id == x->w->person->id)
		return err_set(e, ST_FORBIDDEN,
		        x->action == MEMBER_REMOVE ? "You end your own account under Account."
		                                   : "You can not suspend yourself.");
	if (!by_owner && (privileged(p->roles) || (x->action == MEMBER_ROLES && privileged(x->roles))) &&
	        p->id != x->w->person->id)
		return err_set(e, ST_FORBIDDEN, "Only an owner changes owners and administrators.");
	if (!by_owner && x->action == MEMBER_ROLES && owns(x->roles))
		return err_set(e, ST_FORBIDDEN, "Only an owner makes owners.");
	if (!takes_away || !owns(p->roles))
		return ST_OK;
	TRY(q_identity_other_owners(c, p->id, &others, e));
	return others->n
	        ? ST_OK
	        : err_set(e, ST_FORBIDDEN, "%.*s is the only owner: make somebody else one first.", STR_ARG(p->name));
}

/* Nobody keeps a way back in: what they invited others to, themselves maybe, goes with their rights. */
static bool loses_rights(const struct person_change *x)
{
	struct str had = x->before->roles;
	return x->action == MEMBER_SUSPEND || x->action == MEMBER_REMOVE ||
	        (x->action == MEMBER_ROLES &&
	                ((owns(had) && !owns(x->roles)) || (privileged(had) && !privileged(x->roles))));
}

/* Suspended, and forgotten when the days are over; kept, they are as they were before. */
static enum status put_removal(struct db_conn *c, const struct person_change *x, int64_t now, struct err *e)
{
	bool removed = x->action == MEMBER_REMOVE;
	int64_t days = config_int(x->w->ctx->svc->platform->config, "identity", "leaving_days"),
	        at = now + days * 86400 * US_PER_S;
	struct str id = arena_strf(db_arena(c), "%lld", (long long)x->id);
	const struct job_new forget = { .kind = "people.forget", .key = id, .payload = STR("{}"), .run_at_us = at };
	TRY(q_identity_leaving_put(c, x->id, str_c(moves[x->action].to), removed ? &at : NULL, now, NULL, e));
	TRY(event_emit(c, removed ? "person.leaving" : "person.stayed", id, STR("{}"), e));
	return removed ? job_enqueue(c, &forget, NULL, e) : ST_OK;
}

static enum status put_one_step(struct db_conn *c, const struct person_change *x, struct err *e)
{
	TRY(q_identity_totp_drop(c, x->id, NULL, e));
	TRY(q_identity_recovery_drop(c, x->id, NULL, e));
	return notice_enqueue(c, x->w, NOTICE_TWO_STEP_OFF, x->id, STR(""), e);
}

static enum status put_change(struct db_conn *c, const struct person_change *x, int64_t now, struct err *e)
{
	bool leaves = x->action == MEMBER_RESTORE && x->before->leaving_at;
	if (x->action == MEMBER_ROLES)
		return q_identity_person_roles(c, x->id, x->roles, now, NULL, e);
	if (x->action == MEMBER_REMOVE || x->action == MEMBER_KEEP)
		return put_removal(c, x, now, e);
	if (x->action == MEMBER_ONE_STEP)
		return put_one_step(c, x, e);
	return q_identity_person_status(
	        c, x->id, leaves ? STR("leaving") : str_c(moves[x->action].to), now, NULL, e);
}

static enum status tx_change(struct db_conn *c, void *arg, struct err *e)
{
	struct person_change *x = arg;
	int64_t now = clock_now_us();
	struct audit_entry entry = { 0 };
	TRY(people_by_id(c, x->id, &x->before, e));
	if (!x->before)
		return err_set(e, ST_NOT_FOUND, "There is nobody of that name any more.");
	x->changed = x->action == MEMBER_ROLES ? !str_eq(x->before->roles, x->roles)
	                                       : str_has_word(str_c(moves[x->action].from), x->before->status) &&
	                                                 (x->action != MEMBER_KEEP || x->before->leaving_at);
	if (!x->changed)
		return ST_OK;
	TRY(guard(c, x, e));
	TRY(put_change(c, x, now, e));
	if (loses_rights(x))
		TRY(q_identity_invitations_drop_of(c, x->id, NULL, e));
	TRY(rights_later(c, &(struct rights){ .person = x->id, .but = STR("") }, e));
	struct buf b;
	buf_text(&b, db_arena(c));
	buf_putc(&b, '{');
	if (x->action == MEMBER_ROLES) {
		json_put_member(&b, "from", x->before->roles);
		json_put_member(&b, "to", x->roles);
	}
	buf_putc(&b, '}');
	entry.action = arena_printf(db_arena(c), "member.%s", member_actions[x->action].done);
	entry.actor = arena_strf(db_arena(c), "%lld", (long long)x->w->person->id);
	entry.object = arena_strf(db_arena(c), "%lld", (long long)x->id);
	entry.details = buf_str(&b);
	return audit_write(c, &entry, e);
}

/* What signed-in browsers and the person themselves learn of it. */
static enum status change_tell(const struct person_change *x, struct err *e)
{
	struct ctx *ctx = x->w->ctx;
	const struct person_record *p = x->before;
	struct audit_entry from = { 0 };
	audit_from(x->w, &from);
	if (x->action == MEMBER_APPROVE)
		return link_mail(ctx, lang_of_person(ctx, p->locale), p->email, p->name, "Your account is open",
		        "Your account was approved. You can sign in:", web_abs_url(ctx, "identity", "/sign-in"), e);
	return rights_settle(ctx, &(struct rights){ .person = p->id, .but = STR(""), .address = from.address }, e);
}

enum status admin_change(
        struct web *w, int64_t person, enum member_action action, struct str roles, bool *changed, struct err *e)
{
	struct person_change x = { .w = w, .id = person, .action = action, .roles = roles.p ? roles : STR("") };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_change, &x, e));
	*changed = x.changed;
	return x.changed ? change_tell(&x, e) : ST_OK;
}
