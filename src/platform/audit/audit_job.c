/* SPDX-License-Identifier: Apache-2.0
 *
 * The nightly look at the audit chain of each service.
 */
#include "platform/audit/audit_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"

enum status audit_mark_read(struct ctx *ctx, struct db *db, struct audit_mark *out, struct err *e)
{
	struct audit_mark_row *r;
	SCOPED_DB_READ c = NULL;
	*out = (struct audit_mark){ .hash = AUDIT_ZERO };
	TRY(db_read(ctx, db, &c, e));
	TRY(q_audit_mark(c, &r, e));
	if (!r || r->hash.n != AUDIT_HASH_HEX)
		return ST_OK;
	out->seq = r->seq;
	out->at_us = r->at;
	snprintf(out->hash, sizeof out->hash, "%.*s", STR_ARG(r->hash));
	snprintf(out->why, sizeof out->why, "%.*s", STR_ARG(str_utf8_fit(r->why, sizeof out->why - 1)));
	return ST_OK;
}

static enum status tx_mark(struct db_conn *c, void *arg, struct err *e)
{
	const struct audit_mark *m = arg;
	return q_audit_mark_put(c, m->seq, m->at_us, str_c(m->hash), str_c(m->why), NULL, e);
}

enum status audit_verify_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct audit_verdict v;
	struct db *db = ctx->svc->db;
	struct audit_mark m = { .at_us = clock_now_us() };
	TRY(audit_verify(ctx, db, &(struct audit_trust){ 0 }, &v, e));
	m.seq = v.entries;
	snprintf(m.hash, sizeof m.hash, "%s", v.hash);
	snprintf(m.why, sizeof m.why, "%s", v.why);
	if (v.bad_seq)
		LOG(ERROR, ctx, "audit.broken", LS("chain", db_name(db)), LI("seq", v.bad_seq), LS("why", v.why));
	else
		LOG(INFO, ctx, "audit.verified", LS("chain", db_name(db)), LI("entries", v.entries),
		        LI("signed_upto", v.signed_upto), LS("hash", v.hash));
	return db_write(ctx, db, tx_mark, &m, e);
}
