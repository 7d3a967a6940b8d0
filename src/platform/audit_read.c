/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain read: lists, verification, export. Verifying goes page by page in memory of its own, so a chain may be as long
 * as the disk allows, and what is added meanwhile is not waited for.
 */
#include "platform/audit_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gen/platform_sql.h"
#include "platform/jcs.h"

#define PAGE 1000
#define PAGE_MEMORY (64u << 20)
#define LINE_MAX_BYTES (128 << 10)
#define CANONICAL_MAX (64 << 10)

/* --- lists -------------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct audit_page_row) == sizeof(struct audit_about_page_row) && sizeof(struct audit_page_row) == sizeof(struct audit_walk_row), "");

static struct audit_row row_of(const struct audit_walk_row *r)
{
	return (struct audit_row){ r->seq, r->at, r->action, r->actor, r->address, r->object, r->details, r->hash };
}

enum status audit_list(struct db_conn *c, const struct audit_filter *f, struct audit_row **rows, size_t *n, struct err *e)
{
	int64_t before = f->before > 0 ? f->before : INT64_MAX;
	struct audit_page_row *page;
	struct audit_about_page_row *about;
	const struct audit_walk_row *found;
	struct str none = STR("");
	if (f->about.n) {
		TRY(q_audit_about_page(c, before, f->about, (int64_t)f->max, &about, n, e));
		found = (const struct audit_walk_row *)about;
	} else {
		TRY(q_audit_page(c, before, f->action.n ? f->action : none, f->actor.n ? f->actor : none, f->object.n ? f->object : none,
		                 (int64_t)f->max, &page, n, e));
		found = (const struct audit_walk_row *)page;
	}
	*rows = ARENA_ARRAY(db_arena(c), struct audit_row, *n);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = row_of(&found[i]);
	return ST_OK;
}

/* --- verifying ---------------------------------------------------------------------------------------------- */

struct walk {
	struct audit_verdict *v;
	struct str chain, key;
	int64_t seq; /* of the last good entry */
	struct buf canonical;
};

static void blame(struct walk *w, int64_t seq, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void blame(struct walk *w, int64_t seq, const char *fmt, ...)
{
	va_list ap;
	if (w->v->bad_seq)
		return;
	va_start(ap, fmt);
	vsnprintf(w->v->why, sizeof w->v->why, fmt, ap);
	va_end(ap);
	w->v->bad_seq = seq;
}

static bool entry_holds(struct walk *w, const struct audit_row *r)
{
	char hash[AUDIT_HASH_HEX + 1];
	if (r->seq != w->seq + 1) {
		blame(w, w->seq + 1, "entry %lld is missing", (long long)w->seq + 1);
		return false;
	}
	buf_clear(&w->canonical);
	if (audit_canonical(&w->canonical, w->chain, r, str_c(w->v->hash), NULL) != ST_OK) {
		blame(w, r->seq, "entry %lld can not be read", (long long)r->seq);
		return false;
	}
	audit_hash_hex(buf_str(&w->canonical), hash);
	if (!str_eqc(r->hash, hash)) {
		blame(w, r->seq, "entry %lld was changed, or one before it", (long long)r->seq);
		return false;
	}
	w->seq = r->seq;
	memcpy(w->v->hash, hash, sizeof hash);
	w->v->entries++;
	return true;
}

static void checkpoint_holds(struct walk *w, int64_t seq, struct str hash, struct str signature)
{
	if (!audit_signed(w->chain, seq, hash, signature, w->key))
		blame(w, seq, "the checkpoint at %lld is not signed by this site", (long long)seq);
	else if (seq == w->seq && !str_eqc(hash, w->v->hash))
		blame(w, seq, "the checkpoint at %lld knows another entry", (long long)seq);
	else
		w->v->checkpoints++;
}

/* One page of entries, and the checkpoints among them. */
static enum status verify_page(struct ctx *ctx, struct db *db, struct walk *w, int64_t upto, bool *more, struct err *e)
{
	struct audit_walk_row *rows;
	struct audit_checkpoints_all_row *points;
	size_t n, k, p = 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_audit_walk(c, w->seq, upto, PAGE, &rows, &n, e));
	TRY(q_audit_checkpoints_all(c, w->seq, PAGE, &points, &k, e));
	for (size_t i = 0; i < n; i++) {
		struct audit_row r = row_of(&rows[i]);
		if (!entry_holds(w, &r))
			return ST_OK;
		while (p < k && points[p].seq < r.seq)
			p++;
		if (p < k && points[p].seq == r.seq)
			checkpoint_holds(w, r.seq, points[p].hash, points[p].signature);
		if (w->v->bad_seq)
			return ST_OK;
	}
	*more = n == PAGE;
	return ST_OK;
}

struct ends { int64_t seq, last, checkpoint; char hash[AUDIT_HASH_HEX + 1]; };

static enum status read_ends(struct ctx *ctx, struct db *db, struct ends *out, struct err *e)
{
	struct audit_head_read_row *head;
	struct audit_last_row *last;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_audit_head_read(c, &head, e));
	TRY(q_audit_last(c, &last, e));
	*out = (struct ends){ .seq = head ? head->seq : -1, .last = last && !last->seq_null ? last->seq : 0,
			      .checkpoint = last && !last->checkpoint_null ? last->checkpoint : 0 };
	if (head)
		snprintf(out->hash, sizeof out->hash, "%.*s", STR_ARG(head->hash));
	return ST_OK;
}

static enum status verify_all(struct ctx *ctx, struct db *db, struct walk *w, struct err *e)
{
	struct ends ends;
	TRY(read_ends(ctx, db, &ends, e));
	int64_t upto = ends.last > ends.seq ? ends.last : ends.seq;
	for (bool more = true; more && !w->v->bad_seq;) {
		struct ctx page = *ctx;
		SCOPED_ARENA *a = arena_new(PAGE_MEMORY);
		if (!a)
			return err_set(e, ST_NOMEM, "no memory to verify");
		page.arena = a;
		more = false;
		TRY(verify_page(&page, db, w, upto, &more, e));
	}
	/* Entries may have been added between the three looks: only less than was known is a loss. */
	if (ends.seq < 0)
		blame(w, w->seq + 1, "the record of the chain's end is missing");
	else if (w->seq < ends.seq)
		blame(w, w->seq + 1, "the chain ends at %lld, but %lld entries were written", (long long)w->seq, (long long)ends.seq);
	else if (w->seq == ends.seq && strcmp(ends.hash, w->v->hash))
		blame(w, w->seq, "the record of the chain's end knows another entry %lld", (long long)w->seq);
	if (w->seq < ends.checkpoint)
		blame(w, w->seq + 1, "a checkpoint at %lld stands, but the chain ends at %lld", (long long)ends.checkpoint, (long long)w->seq);
	return ST_OK;
}

enum status audit_verify(struct ctx *ctx, struct db *db, struct audit_verdict *out, struct err *e)
{
	char key[AUDIT_KEY_HEX + 1];
	*out = (struct audit_verdict){ .hash = AUDIT_ZERO };
	audit_public_key(key);
	struct walk w = { .v = out, .chain = str_c(db_name(db)), .key = str_c(key) };
	buf_init(&w.canonical, CANONICAL_MAX);
	enum status st = verify_all(ctx, db, &w, e);
	buf_fini(&w.canonical);
	return st;
}

/* --- a file ------------------------------------------------------------------------------------------------- */

/* First line: what the file says it is. *expected: how many entries it was made with. */
static enum status read_first(struct ctx *ctx, struct walk *w, const json_t *j, int64_t *expected, struct err *e)
{
	struct str key = json_str(j, "key");
	w->chain = arena_str(ctx->arena, json_str(j, "chain"));
	*expected = json_integer_value(json_object_get(j, "seq"));
	if (!w->chain.n || key.n != AUDIT_KEY_HEX)
		return err_set(e, ST_INVALID, "the first line names no chain and key: this is no export of an audit chain");
	if (w->key.n && !str_ieq(w->key, key))
		return err_set(e, ST_INVALID, "the file was signed with another key (%.*s)", STR_ARG(key));
	w->key = arena_str(ctx->arena, key);
	if (*expected && !audit_signed(w->chain, *expected, json_str(j, "hash"), json_str(j, "signature"), w->key))
		blame(w, *expected, "the checkpoint of the whole is not signed with the key it names");
	return ST_OK;
}

static struct str details_text(struct arena *a, const json_t *j)
{
	struct buf b;
	const json_t *d = json_object_get(j, "details");
	if (!json_is_object(d) || !json_object_size(d))
		return STR("");
	buf_arena(&b, a, AUDIT_DETAILS_MAX);
	return jcs_put(&b, d, NULL) == ST_OK ? buf_str(&b) : STR("?");
}

static void take_line(struct walk *w, struct arena *a, const json_t *j)
{
	const json_t *action = json_object_get(j, "action");
	int64_t seq = json_integer_value(json_object_get(j, "seq"));
	if (action) {
		const struct audit_row r = { seq, json_integer_value(json_object_get(j, "at")), json_str(j, "action"), json_str(j, "actor"),
			json_str(j, "address"), json_str(j, "object"), details_text(a, j), json_str(j, "hash") };
		entry_holds(w, &r);
	} else {
		checkpoint_holds(w, seq, json_str(j, "hash"), json_str(j, "signature"));
	}
}

static enum status read_lines(struct ctx *ctx, FILE *f, struct walk *w, struct err *e)
{
	static const char no_line[] = "line %zu is not a line of an exported audit chain";
	char *line = arena_alloc(ctx->arena, LINE_MAX_BYTES);
	int64_t expected = 0;
	for (size_t number = 1; !w->v->bad_seq && fgets(line, LINE_MAX_BYTES, f); number++) {
		size_t n = strlen(line);
		SCOPED_ARENA *a = arena_new(1 << 20);
		SCOPED_JSON *j = n && line[n - 1] == '\n' ? json_parse(str_n(line, n), JSON_DEPTH, NULL) : NULL;
		if (!a)
			return err_set(e, ST_NOMEM, "no memory to verify");
		if (!json_is_object(j))
			return err_set(e, ST_INVALID, no_line, number);
		if (number == 1)
			TRY(read_first(ctx, w, j, &expected, e));
		else
			take_line(w, a, j);
	}
	if (!w->chain.n)
		return err_set(e, ST_INVALID, no_line, (size_t)1);
	if (!w->v->bad_seq && w->seq < expected)
		blame(w, w->seq + 1, "the file ends at %lld, but was made with %lld entries", (long long)w->seq, (long long)expected);
	return ST_OK;
}

enum status audit_verify_file(struct ctx *ctx, const char *path, struct str key, struct audit_verdict *out, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "can not read %s", path);
	*out = (struct audit_verdict){ .hash = AUDIT_ZERO };
	struct walk w = { .v = out, .key = key };
	buf_init(&w.canonical, CANONICAL_MAX);
	enum status st = read_lines(ctx, f, &w, e);
	buf_fini(&w.canonical);
	fclose(f);
	return st;
}

/* --- export ------------------------------------------------------------------------------------------------- */

static void put_hashed(struct buf *b, struct str hash, struct str signature)
{
	json_put_member(b, "hash", hash);
	if (signature.p)
		json_put_member(b, "signature", signature);
	BUF_LIT(b, "}\n");
}

static void put_entry(struct buf *b, const struct audit_walk_row *r)
{
	buf_printf(b, "{\"seq\":%lld,\"at\":%lld", (long long)r->seq, (long long)r->at);
	json_put_member(b, "action", r->action);
	json_put_member(b, "actor", r->actor);
	json_put_member(b, "address", r->address);
	json_put_member(b, "object", r->object);
	buf_printf(b, ",\"details\":%s", r->details.n ? "" : "{}");
	buf_putstr(b, r->details);
	put_hashed(b, r->hash, STR_NULL);
}

static enum status export_page(struct ctx *ctx, struct db *db, FILE *f, int64_t *seq, int64_t upto, size_t *n, struct err *e)
{
	struct audit_walk_row *rows;
	struct audit_checkpoints_all_row *points;
	struct buf b;
	size_t k, p = 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_audit_walk(c, *seq, upto, PAGE, &rows, n, e));
	TRY(q_audit_checkpoints_all(c, *seq, PAGE, &points, &k, e));
	buf_arena(&b, ctx->arena, LINE_MAX_BYTES);
	for (size_t i = 0; i < *n; i++) {
		buf_clear(&b);
		put_entry(&b, &rows[i]);
		while (p < k && points[p].seq < rows[i].seq)
			p++;
		if (p < k && points[p].seq == rows[i].seq) {
			buf_printf(&b, "{\"seq\":%lld,\"at\":%lld", (long long)points[p].seq, (long long)points[p].at);
			put_hashed(&b, points[p].hash, points[p].signature);
		}
		if (!buf_ok(&b) || fwrite(b.data, 1, b.len, f) != b.len)
			return err_errno(e, ST_IO, "can not write the export");
		*seq = rows[i].seq;
	}
	return ST_OK;
}

static enum status export_to(struct ctx *ctx, struct db *db, FILE *f, int64_t *entries, struct err *e)
{
	struct ends ends;
	struct buf b;
	char key[AUDIT_KEY_HEX + 1], signature[AUDIT_SIGNATURE_HEX + 1];
	struct str chain = str_c(db_name(db));
	int64_t seq = 0;
	size_t n = PAGE;
	TRY(read_ends(ctx, db, &ends, e));
	audit_public_key(key);
	audit_sign(chain, ends.seq, str_c(ends.hash), signature);
	buf_arena(&b, ctx->arena, 4096);
	buf_putc(&b, '{');
	json_put_member(&b, "chain", chain);
	json_put_member(&b, "key", str_c(key));
	buf_printf(&b, ",\"seq\":%lld", (long long)ends.seq);
	put_hashed(&b, str_c(ends.hash), str_c(signature));
	if (fwrite(b.data, 1, b.len, f) != b.len)
		return err_errno(e, ST_IO, "can not write the export");
	while (n == PAGE) {
		struct ctx page = *ctx;
		SCOPED_ARENA *a = arena_new(PAGE_MEMORY);
		if (!a)
			return err_set(e, ST_NOMEM, "no memory to export");
		page.arena = a;
		TRY(export_page(&page, db, f, &seq, ends.seq, &n, e));
	}
	*entries = seq;
	return fflush(f) || fsync(fileno(f)) ? err_errno(e, ST_IO, "can not write the export") : ST_OK;
}

enum status audit_export(struct ctx *ctx, struct db *db, const char *path, int64_t *entries, struct err *e)
{
	FILE *f = fopen(path, "wxe");
	if (!f)
		return err_errno(e, ST_IO, "can not make %s", path);
	enum status st = export_to(ctx, db, f, entries, e);
	if (fclose(f) && st == ST_OK)
		st = err_errno(e, ST_IO, "can not write %s", path);
	if (st != ST_OK)
		unlink(path);
	return st;
}
