/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/admin/admin.h"

#include "platform/audit/audit.h"
#include "services/identity/people/password.h"

struct person_adding { const struct admin_person *n; char hash[PASSWORD_HASH_MAX]; int64_t id; };

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	struct person_adding *x = arg;
	const struct person_new n = {
		.email = x->n->email, .name = x->n->name, .roles = x->n->roles, .email_verified = true
	};
	TRY(people_add(c, &n, &x->id, e));
	TRY(password_set(c, x->id, x->hash, e));
	struct str roles = x->n->roles.n ? x->n->roles : STR("member");
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.added",
	                .actor = STR("system"),
	                .object = arena_strf(db_arena(c), "%lld", (long long)x->id),
	                .details = arena_strf(
	                        db_arena(c), "{\"by\":\"command line\",\"roles\":\"%.*s\"}", STR_ARG(roles)) },
	        e);
}

enum status admin_add_person(struct ctx *ctx, const struct admin_person *n, int64_t *id, struct err *e)
{
	struct person_adding x = { .n = n };
	TRY(password_check(ctx, n->password, &(struct password_owner){ n->email, n->name }, e));
	TRY(password_hash(ctx, n->password, x.hash, e));
	TRY(db_write(ctx, ctx->svc->db, tx_add, &x, e));
	*id = x.id;
	return ST_OK;
}
