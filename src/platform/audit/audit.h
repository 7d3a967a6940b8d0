/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain: every action that changes state or rights, one chain in each service's database. An entry's hash is
 * SHA-256 over the canonical JSON (RFC 8785) of
 *
 *     { action, actor, address, at, chain: name of the database, details, object, prev: hash of the entry before, seq }
 *
 * so nobody edits, removes, adds or reorders one without breaking all that follow. Every 256th entry, and the last at
 * shutdown, is signed (Ed25519, a key derived from the site's secret) in the same transaction, and logged: who rewrites
 * the database can not make the signatures, and whoever keeps the log proves what was cut off with them (audit_verify's
 * `known`).
 *
 * docs/howto/audit.md; `guildhall audit`.
 */
#ifndef GH_PLATFORM_AUDIT_H
#define GH_PLATFORM_AUDIT_H

#include "platform/core/service.h"

enum {
	AUDIT_EVERY = 256,
	AUDIT_HASH_HEX = 64,
	AUDIT_SIGNATURE_HEX = 128,
	AUDIT_KEY_HEX = 64,
	AUDIT_ACTION_MAX = 64,
	AUDIT_ACTOR_MAX = 64,
	AUDIT_ADDRESS_MAX = 64,
	AUDIT_OBJECT_MAX = 512,
	AUDIT_DETAILS_MAX = 16384, /* bytes */
	AUDIT_LIST_MAX = 100000,
};

struct audit_entry {
	const char *action;  /* "person.signed_in": what happened, in the past tense; ≤ AUDIT_ACTION_MAX */
	struct str actor;    /* id of the person as text; "" a visitor; "system" */
	struct str address;  /* the client's, or "" */
	struct str object;   /* id or name of what it happened to; "" */
	struct str details;  /* a JSON object without secrets, or "" */
};
/* actor and address of a request. */
void audit_from(struct web *w, struct audit_entry *out);

/* Inside db_write's fn: stands or falls with the change it records. On PostgreSQL the end of the chain belongs to one
   transaction from here to its commit, and the others wait: make it fn's last statement. What a client sent may stand
   in actor, address and object as it came: too long a text is cut, and bytes that are no text become U+FFFD, rather
   than the entry lost. ST_INVALID, ST_TOO_LARGE: details are not a JSON object, or too long. */
enum status audit_write(struct db_conn *c, const struct audit_entry *a, struct err *e) MUST_CHECK;
/* For what changes nothing else (a failed sign-in): a transaction of its own, in the database of ctx->svc. */
enum status audit_record(struct ctx *ctx, const struct audit_entry *a, struct err *e) MUST_CHECK;
/* Sign the end of the chain now, unless it is. */
enum status audit_checkpoint(struct ctx *ctx, struct db *db, struct err *e) MUST_CHECK;
/* The same for every service of this process, at its end. What fails is logged. */
void audit_close(struct ctx *ctx, struct platform *p);

/* Once, before anything is written: the key is derived from it. */
void audit_set_secret(struct str secret);
/* The public key that checkpoints are verified with, as hex. */
void audit_public_key(char out[AUDIT_KEY_HEX + 1]);

/* --- reading ------------------------------------------------------------------------------------------------ */

struct audit_row { int64_t seq, at_us; struct str action, actor, address, object, details, prev, hash; };
struct audit_filter {
	struct str action; /* beginning of it; "" all */
	struct str actor, object;
	struct str about;  /* a person: as actor or object; the other filters are not looked at, before is */
	int64_t since_us;
	int64_t before;    /* seq; 0: from the end */
	size_t max;        /* at most AUDIT_LIST_MAX, else ST_INVALID */
};
/* Newest first; in db_arena(c). */
enum status audit_list(
        struct db_conn *c, const struct audit_filter *f, struct audit_row **rows, size_t *n, struct err *e) MUST_CHECK;

/* --- verifying ---------------------------------------------------------------------------------------------- */

/* keys: public keys in hex that are trusted beside the site's own, separated by commas: those of secrets it had before.
   known: a checkpoint from a log or an earlier look that the chain must contain; seq 0: none. */
struct audit_trust { struct str keys; int64_t known_seq; struct str known_hash; };

struct audit_verdict {
	int64_t entries, checkpoints;
	int64_t signed_upto;           /* last entry that a checkpoint covers */
	int64_t bad_seq;               /* the first entry that is not as it was written; 0: all are */
	char why[200];
	char hash[AUDIT_HASH_HEX + 1]; /* of the last good entry */
};
/* ST_OK: looked at all of it; the verdict says what was found. Reads what was there when it began. */
enum status audit_verify(struct ctx *ctx, struct db *db, const struct audit_trust *t, struct audit_verdict *out,
        struct err *e) MUST_CHECK;
/* An exported chain, with no other trust than that in t->keys (the site's own key is not looked at). ST_INVALID: not
   such a file, or signed with another key. */
enum status audit_verify_file(struct ctx *ctx, const char *path, const struct audit_trust *t, struct audit_verdict *out,
        struct err *e) MUST_CHECK;
/* A new file of JSON lines: first a checkpoint of the whole { at, chain, hash, key, seq, signature }, then entries,
   each with its checkpoint behind it where it has one. */
enum status audit_export(struct ctx *ctx, struct db *db, const char *path, int64_t *entries, struct err *e) MUST_CHECK;

#endif
