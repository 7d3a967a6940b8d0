/* SPDX-License-Identifier: Apache-2.0
 *
 * An audit chain as a file of JSON lines: written, and verified without its database.
 */
#include "platform/audit/audit_int.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/text/jcs.h"

#define LINE_BYTES (128u << 10)
#define LINE_MEMORY (1u << 20)
#define LINE_BESIDE 1024 /* names, numbers and hashes of a line */
#define JSON_WORST  6    /* bytes that JSON may make of one */

_Static_assert(AUDIT_DETAILS_MAX + LINE_BESIDE +
                               JSON_WORST *
                                       (AUDIT_ACTION_MAX + AUDIT_ACTOR_MAX + AUDIT_ADDRESS_MAX + AUDIT_OBJECT_MAX) <
                       LINE_BYTES,
               "the largest entry is a line");
#define ENTRY_MEMBERS 9
#define POINT_MEMBERS 5
#define FIRST_MEMBERS 6

/* --- writing ------------------------------------------------------------------------------------------------ */

struct audit_export { FILE *f; struct buf line; int64_t entries; };

static enum status put_line(struct audit_export *x, struct err *e)
{
	buf_putc(&x->line, '\n');
	bool ok = buf_ok(&x->line) && fwrite(x->line.data, 1, x->line.len, x->f) == x->line.len;
	buf_clear(&x->line);
	return ok ? ST_OK : err_errno(e, ST_IO, "can not write the export");
}

static void put_point(struct buf *b, const struct audit_point *p, const struct str *chain)
{
	buf_printf(b, "{\"at\":%lld", (long long)p->at_us);
	if (chain)
		json_put_member(b, "chain", *chain);
	json_put_member(b, "hash", p->hash);
	json_put_member(b, "key", p->key);
	buf_printf(b, ",\"seq\":%lld", (long long)p->seq);
	json_put_member(b, "signature", p->signature);
	buf_putc(b, '}');
}

static enum status export_row(void *arg, const struct audit_row *r, const struct audit_point *p, struct err *e)
{
	struct audit_export *x = arg;
	struct buf *b = &x->line;
	buf_putc(b, '{');
	json_put_member(b, "action", r->action);
	json_put_member(b, "actor", r->actor);
	json_put_member(b, "address", r->address);
	buf_printf(b, ",\"at\":%lld,\"details\":", (long long)r->at_us);
	buf_putstr(b, r->details);
	json_put_member(b, "hash", r->hash);
	json_put_member(b, "object", r->object);
	json_put_member(b, "prev", r->prev);
	buf_printf(b, ",\"seq\":%lld}", (long long)r->seq);
	TRY(put_line(x, e));
	x->entries++;
	if (!p)
		return ST_OK;
	put_point(b, p, NULL);
	return put_line(x, e);
}

static enum status export_to(struct ctx *ctx, struct db *db, struct audit_export *x, struct err *e)
{
	struct audit_ends ends;
	char key[AUDIT_KEY_HEX + 1], signature[AUDIT_SIGNATURE_HEX + 1];
	struct str chain = str_c(db_name(db));
	TRY(audit_ends(ctx, db, &ends, e));
	if (ends.lost)
		return err_set(e, ST_CORRUPT, "the audit chain of %s has lost its end: see `guildhall audit verify`",
		        db_name(db));
	struct audit_point whole = { .seq = ends.head, .at_us = clock_now_us(), .hash = str_c(ends.hash) };
	audit_sign(chain, &whole, key, signature);
	whole.key = str_c(key);
	whole.signature = str_c(signature);
	put_point(&x->line, &whole, &chain);
	TRY(put_line(x, e));
	TRY(audit_each(ctx, db, AUDIT_FIRST, ends.head, export_row, x, e));
	return fflush(x->f) || fsync(fileno(x->f)) ? err_errno(e, ST_IO, "can not write the export") : ST_OK;
}

enum status audit_export(struct ctx *ctx, struct db *db, const char *path, int64_t *entries, struct err *e)
{
	struct audit_export x = { .f = fopen(path, "wxe") };
	if (!x.f)
		return err_errno(e, ST_IO, "can not make %s", path);
	buf_init(&x.line, LINE_BYTES);
	enum status st = export_to(ctx, db, &x, e);
	buf_fini(&x.line);
	if (fclose(x.f) && st == ST_OK)
		st = err_errno(e, ST_IO, "can not write %s", path);
	if (st != ST_OK)
		unlink(path);
	*entries = x.entries;
	return st;
}

/* --- verifying ---------------------------------------------------------------------------------------------- */

struct reading {
	struct audit_walk w;
	int64_t whole;                   /* entries when the file was made */
	char whole_hash[AUDIT_HASH_HEX + 1];
	int64_t displaced;               /* an entry that was missed: does it stand further on? */
};

static int64_t member_number(const json_t *j, const char *member)
{
	const json_t *v = json_object_get(j, member);
	return json_is_integer(v) ? json_integer_value(v) : -1;
}

static struct audit_point point_of(const json_t *j)
{
	return (struct audit_point){ member_number(j, "seq"), member_number(j, "at"), json_str(j, "hash"),
		                     json_str(j, "key"), json_str(j, "signature") };
}

static enum status read_first(struct ctx *ctx, struct reading *x, const json_t *j, struct err *e)
{
	const struct audit_point p = point_of(j);
	x->w.chain = arena_str(ctx->arena, json_str(j, "chain"));
	if (!x->w.chain.n || json_object_size(j) != FIRST_MEMBERS || p.key.n != AUDIT_KEY_HEX || p.seq < 0 ||
	        p.hash.n != AUDIT_HASH_HEX)
		return err_set(
		        e, ST_INVALID, "the first line names no chain and key: this is no export of an audit chain");
	if (!walk_trusts(&x->w, p.key))
		return err_set(e, ST_INVALID, "the file is signed with another key: %.*s", STR_ARG(p.key));
	if (!audit_signed(x->w.chain, &p))
		walk_blame(&x->w, p.seq,
		        "the checkpoint of the whole (entry %lld) is forged: its signature does not fit",
		        (long long)p.seq);
	x->whole = p.seq;
	memcpy(x->whole_hash, p.hash.p, AUDIT_HASH_HEX + 1);
	return ST_OK;
}

static enum status take_line(struct reading *x, struct arena *a, const json_t *j)
{
	const json_t *details = json_object_get(j, "details");
	size_t members = json_object_size(j);
	struct buf b;
	if (!details) {
		const struct audit_point p = point_of(j);
		walk_point(&x->w, &p);
		return members == POINT_MEMBERS ? ST_OK : ST_INVALID;
	}
	buf_arena(&b, a, AUDIT_DETAILS_MAX);
	if (members != ENTRY_MEMBERS || !json_is_object(details) || jcs_put(&b, details, NULL) != ST_OK)
		return ST_INVALID;
	const struct audit_row r = {
		member_number(j, "seq"), member_number(j, "at"), json_str(j, "action"), json_str(j, "actor"),
		json_str(j, "address"),  json_str(j, "object"),  buf_str(&b),           json_str(j, "prev"),
		json_str(j, "hash")
	};
	if (!walk_entry(&x->w, &r) && r.seq > x->w.seq + 1 && x->w.v->bad_seq == x->w.seq + 1)
		x->displaced = x->w.seq + 1;
	return ST_OK;
}

/* The first fault is found; whether the entry was removed or moved is not known yet. */
static void look_for_displaced(struct reading *x, const json_t *j)
{
	if (!json_object_get(j, "details") || member_number(j, "seq") != x->displaced)
		return;
	snprintf(x->w.v->why, sizeof x->w.v->why, "entry %lld is not in its place: it stands further on",
	        (long long)x->displaced);
	x->displaced = 0;
}

static enum status read_line(struct ctx *ctx, struct reading *x, struct str line, size_t at, struct err *e)
{
	SCOPED_ARENA *a = arena_new(LINE_MEMORY);
	SCOPED_JSON *j = str_ends(line, STR("\n")) ? json_parse(line, JSON_DEPTH, NULL) : NULL;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory to verify");
	if (x->displaced && j)
		look_for_displaced(x, j);
	else if (at == 1 && json_is_object(j))
		return read_first(ctx, x, j, e);
	else if (at == 1)
		return err_set(
		        e, ST_INVALID, "the first line names no chain and key: this is no export of an audit chain");
	else if (!json_is_object(j) || take_line(x, a, j) != ST_OK)
		walk_blame(&x->w, x->w.seq + 1, "line %zu, where entry %lld is due, is no line of an exported chain",
		        at, (long long)x->w.seq + 1);
	return ST_OK;
}

static enum status read_lines(struct ctx *ctx, FILE *f, struct reading *x, struct err *e)
{
	char *line = arena_alloc(ctx->arena, LINE_BYTES);
	size_t at = 0;
	while ((!x->w.v->bad_seq || x->displaced) && fgets(line, LINE_BYTES, f))
		TRY(read_line(ctx, x, str_c(line), ++at, e));
	if (ferror(f))
		return err_errno(e, ST_IO, "can not read the file");
	return at ? ST_OK : err_set(e, ST_INVALID, "the file is empty");
}

enum status audit_verify_file(
        struct ctx *ctx, const char *path, const struct audit_trust *t, struct audit_verdict *out, struct err *e)
{
	struct reading x = { 0 };
	FILE *f = fopen(path, "re");
	if (!f)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "can not read %s", path);
	walk_begin(&x.w, out, t);
	enum status st = read_lines(ctx, f, &x, e);
	walk_end(&x.w, x.whole, str_c(x.whole_hash));
	if (st == ST_OK && !out->bad_seq)
		out->signed_upto = x.whole;
	fclose(f);
	return st;
}
