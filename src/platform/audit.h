/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain: every action that changes state or rights, one chain in each service's database. An entry's hash is SHA-256 over
 * the canonical JSON (RFC 8785) of
 *
 *     { action, actor, address, at, chain: name of the database, details, object, prev: hash of the entry before, seq }
 *
 * so nobody edits, removes, adds or reorders one without breaking all that follow. Each 256 entries, and at shutdown, the end is
 * signed (Ed25519, a key derived from the site's secret) and logged: whoever keeps that line proves what was cut off after it.
 */
#ifndef GH_PLATFORM_AUDIT_H
#define GH_PLATFORM_AUDIT_H

#include "platform/service.h"

enum { AUDIT_EVERY = 256, AUDIT_HASH_HEX = 64, AUDIT_SIGNATURE_HEX = 128, AUDIT_KEY_HEX = 64, AUDIT_DETAILS_MAX = 16384 };

struct audit_entry {
	const char *action;  /* "person.signed_in": what happened, in the past tense */
	struct str actor;    /* id of the person as text; "" a visitor; "system" */
	struct str address;  /* the client's, or "" */
	struct str object;   /* id or name of what it happened to; "" */
	struct str details;  /* a JSON object without secrets, or "" */
};
/* actor and address of a request. */
void audit_from(struct web *w, struct audit_entry *out);

/* Inside db_write's fn: stands or falls with the change it records. The end of the chain is taken by one transaction at a
   time until it commits, so call it last. */
enum status audit_write(struct db_conn *c, const struct audit_entry *a, struct err *e) MUST_CHECK;
/* For what changes nothing else (a failed sign-in): a transaction of its own, in the database of ctx->svc. */
enum status audit_record(struct ctx *ctx, const struct audit_entry *a, struct err *e) MUST_CHECK;
/* Sign the end of the chain now. */
enum status audit_checkpoint(struct ctx *ctx, struct db *db, struct err *e) MUST_CHECK;

/* At boot, once. */
void audit_set_secret(struct str secret);
/* The public key that checkpoints are verified with, as hex. */
void audit_public_key(char out[AUDIT_KEY_HEX + 1]);

/* --- reading --- */

struct audit_row { int64_t seq, at_us; struct str action, actor, address, object, details, hash; };
struct audit_filter {
	struct str action; /* beginning of it; "" all */
	struct str actor, object;
	struct str about;  /* a person: as actor or object; the other filters are not looked at */
	int64_t before;    /* seq; 0: from the end */
	size_t max;
};
/* Newest first; in db_arena(c). */
enum status audit_list(struct db_conn *c, const struct audit_filter *f, struct audit_row **rows, size_t *n, struct err *e) MUST_CHECK;

/* --- verifying --- */

struct audit_verdict {
	int64_t entries, checkpoints;
	int64_t bad_seq;            /* 0: all is well */
	char why[160];
	char hash[AUDIT_HASH_HEX + 1]; /* of the last good entry */
};
/* ST_OK: looked at all of it; the verdict says what was found. */
enum status audit_verify(struct ctx *ctx, struct db *db, struct audit_verdict *out, struct err *e) MUST_CHECK;
/* An exported chain, line by line. key: hex; "" takes the one named in the file (then only its inner consistency is shown). */
enum status audit_verify_file(struct ctx *ctx, const char *path, struct str key, struct audit_verdict *out, struct err *e) MUST_CHECK;
/* The chain as JSON lines: first { chain, key, seq, hash, signature }, then checkpoints and entries in order. */
enum status audit_export(struct ctx *ctx, struct db *db, const char *path, int64_t *entries, struct err *e) MUST_CHECK;

#endif
