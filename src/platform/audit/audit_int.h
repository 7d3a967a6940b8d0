/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the audit chain: hashing and signing, which writing and verifying share; and the walk along a chain, which
 * verifying a database and a file share.
 */
#ifndef GH_PLATFORM_AUDIT_INT_H
#define GH_PLATFORM_AUDIT_INT_H

#include "base/buf.h"
#include "platform/audit/audit.h"

#define AUDIT_ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define AUDIT_BODY_MAX (64u << 10)

/* The canonical JSON of an entry up to where prev goes; details as they stand. */
void audit_body(struct buf *out, struct str chain, const struct audit_row *r);
void audit_hash(struct str body, struct str prev, int64_t seq, char out[AUDIT_HASH_HEX + 1]);

struct audit_point { int64_t seq, at_us; struct str hash, key, signature; };
/* Fills key and signature, as NUL-terminated hex. */
void audit_sign(struct str chain, const struct audit_point *p, char key[AUDIT_KEY_HEX + 1],
        char signature[AUDIT_SIGNATURE_HEX + 1]);
bool audit_signed(struct str chain, const struct audit_point *p);

/* walk_begin → (walk_entry → [walk_point])… → walk_end; after the first fault nothing more is looked at. */
struct audit_walk {
	struct audit_verdict *v;
	const struct audit_trust *trust;
	struct str chain;
	char own_key[AUDIT_KEY_HEX + 1]; /* "": none is trusted but those of trust->keys */
	int64_t seq;                     /* the last entry walked */
	bool known_seen;
	struct buf body;
};
void walk_begin(struct audit_walk *w, struct audit_verdict *v, const struct audit_trust *t);
bool walk_entry(struct audit_walk *w, const struct audit_row *r); /* false: the fault is in the verdict */
bool walk_point(struct audit_walk *w, const struct audit_point *p); /* of the entry walked last */
/* head: what the chain's own record of its end says. Releases. */
void walk_end(struct audit_walk *w, int64_t head_seq, struct str head_hash);
void walk_blame(struct audit_walk *w, int64_t seq, const char *fmt, ...) PRINTF_LIKE(3, 4); /* the first counts */
bool walk_trusts(const struct audit_walk *w, struct str key);

/* audit_read.c: entries after `after` to upto in order, with their checkpoints (p NULL: none). Non-OK stops and is
 * returned. */
enum status audit_each(struct ctx *ctx, struct db *db, int64_t after, int64_t upto,
        enum status (*entry)(void *arg, const struct audit_row *r, const struct audit_point *p, struct err *e),
        void *arg, struct err *e) MUST_CHECK;
#define AUDIT_FIRST INT64_MIN /* what stands before 1, though nothing should */
/* As of one moment. lost: there is no record of the end. */
struct audit_ends { int64_t head, last, checkpoint; bool lost; char hash[AUDIT_HASH_HEX + 1]; };
enum status audit_ends(struct ctx *ctx, struct db *db, struct audit_ends *out, struct err *e) MUST_CHECK;
/* audit_verify from an entry that was good before: its seq and hash. 0 and AUDIT_ZERO: from the beginning. */
enum status audit_verify_after(struct ctx *ctx, struct db *db, int64_t after, struct str hash,
        const struct audit_trust *t, struct audit_verdict *out, struct err *e) MUST_CHECK;

/* audit_job.c. What the nightly look found last. */
struct audit_mark { int64_t seq, at_us; char hash[AUDIT_HASH_HEX + 1]; char why[200]; /* "" good up to seq */ };
enum status audit_mark_read(struct ctx *ctx, struct db *db, struct audit_mark *out, struct err *e) MUST_CHECK;
struct job;
enum status audit_verify_job(struct ctx *ctx, const struct job *j, struct err *e);

#endif
