/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain: who did what to what, tamper-evident. Each service database has one (table audit_entries among the platform's
 * tables); an entry is written in the transaction that makes the change, so that neither is without the other.
 *
 * Entry: sequence (1, 2, 3 …), time, actor, action, object, details as canonical JSON (RFC 8785), hash of the previous entry, and
 * SHA-256 over all of it. Every 256 entries, and at shutdown, a checkpoint (sequence, hash, time, Ed25519 signature by the site's
 * audit key) is written, which makes truncation provable. `guildhall audit verify` walks the chains and names the first bad
 * entry; `guildhall audit export` writes one as JSON lines that `audit verify FILE` checks without the database.
 *
 * Actions are dotted names of audit.def: "person.created", "session.started", "session.failed", "credential.added", "role.granted", …
 */
#ifndef GH_PLATFORM_AUDIT_H
#define GH_PLATFORM_AUDIT_H

#include "platform/service.h"

struct audit_entry {
	const char *action;   /* a row of audit.def: asserted */
	int64_t actor;        /* person id; 0: nobody signed in, or the system */
	struct str object;    /* "person:0abc…", "client:…" */
	struct str details;   /* JSON object, ≤ 8 KiB, without secrets; empty: {} */
	struct str address;   /* the asker's address with its last part taken off (/24, /48), or empty */
};
/* Inside db_write's fn. */
enum status audit_write(struct db_conn *c, const struct audit_entry *a, struct err *e) MUST_CHECK;

struct audit_record { int64_t seq, at_us, actor; struct str action, object, details, address, hash; };
struct audit_filter { int64_t actor; struct str action, object; int64_t before_seq; int limit; };
enum status audit_list(struct ctx *ctx, struct db_conn *c, const struct audit_filter *f, const struct audit_record **out, size_t *n, struct err *e) MUST_CHECK;

struct audit_verdict { int64_t entries, checkpoints; int64_t bad_seq; /* 0: none */ char reason[160]; };
enum status audit_verify(struct ctx *ctx, struct db *db, struct audit_verdict *out, struct err *e) MUST_CHECK;
enum status audit_checkpoint(struct ctx *ctx, struct db *db, struct err *e) MUST_CHECK;

#endif
