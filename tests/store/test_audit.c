/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain on each engine: one unbroken chain whoever writes at once, and whatever is done to it behind our back
 * is named.
 */
#include "store.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit_int.h"
#include "rt/fiber.h"
#include "rt/sync.h"

#define LENGTH 600 /* entries of the chain that is tampered with: two checkpoints and some more */
#define WRITERS 256
#define EACH 4

static const struct audit_trust nobody_else;

/* --- writing and reading ------------------------------------------------------------------------------------- */

static enum status tx_write(struct db_conn *c, void *arg, struct err *e)
{
	return audit_write(c, arg, e);
}

static enum status put(struct store *t, const char *action, const char *actor, struct str object, const char *details)
{
	struct audit_entry a = { .action = action,
		.actor = str_c(actor),
		.address = STR("192.0.2.7"),
		.object = object,
		.details = str_c(details) };
	return db_write(t->ctx, t->db, tx_write, &a, &t->err);
}

static enum status list(struct store *t, const struct audit_filter *f, struct audit_row **rows, size_t *n)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(t->ctx, t->db, &c, &t->err));
	return audit_list(c, f, rows, n, &t->err);
}

static void entries_are_listed(struct store *t)
{
	struct audit_row *rows;
	struct audit_verdict v;
	size_t n;
	CHECK_OK(put(t, "person.signed_in", "7", STR("7"), ""));
	CHECK_OK(put(t, "person.signed_out", "7", STR("7"), "{\"b\": 1, \"a\": [1.0, true]}"));
	CHECK_OK(put(t, "post.published", "8", STR("12"), ""));
	CHECK_OK(put(t, "person.sign_in_failed", "", STR("7"), NULL));
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10 }, &rows, &n));
	CHECK(n == 4 && rows[0].seq == 4 && rows[3].seq == 1 && str_eqc(rows[0].actor, "") &&
	        str_eqc(rows[0].prev, "") == false);
	CHECK(str_eqc(rows[2].details, "{\"a\":[1,true],\"b\":1}") && str_eqc(rows[3].prev, AUDIT_ZERO) &&
	        str_eq(rows[2].prev, rows[3].hash));
	CHECK_OK(list(t, &(struct audit_filter){ .max = 2, .before = 4 }, &rows, &n));
	CHECK(n == 2 && rows[0].seq == 3);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .action = STR("person.") }, &rows, &n));
	CHECK(n == 3);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .action = STR("person%") }, &rows, &n));
	CHECK(n == 0);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .actor = STR("7"), .action = STR("person.signed_o") },
	        &rows, &n));
	CHECK(n == 1 && rows[0].seq == 2);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .object = STR("12") }, &rows, &n));
	CHECK(n == 1 && rows[0].seq == 3);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .about = STR("7") }, &rows, &n));
	CHECK(n == 3);
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10, .since_us = clock_now_us() + US_PER_S }, &rows, &n));
	CHECK(n == 0);
	CHECK_OK(list(t, &(struct audit_filter){ .max = AUDIT_LIST_MAX }, &rows, &n));
	CHECK(n == 4);
	CHECK_STATUS(ST_INVALID, list(t, &(struct audit_filter){ .max = AUDIT_LIST_MAX + 1 }, &rows, &n));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 4 && v.checkpoints == 0 && v.signed_upto == 0);
}

static void what_clients_send_is_kept(struct store *t)
{
	struct audit_row *rows;
	struct audit_verdict v;
	size_t n;
	char *longest = arena_alloc(t->ctx->arena, 3000);
	memset(longest, 'x', 3000);
	CHECK_OK(put(t, "sign_in.failed", "", str_n("a\0b\xff\xc3\x28\n\"\\", 9), ""));
	CHECK_OK(put(t, "sign_in.failed", "", str_n(longest, 3000), ""));
	CHECK_OK(put(t, "sign_in.failed", "", str_n(longest, AUDIT_OBJECT_MAX), ""));
	CHECK_OK(put(t, "sign_in.failed", "", STR("Bäckerei 🥖 \xed\x9f\xbf"), ""));
	CHECK_OK(list(t, &(struct audit_filter){ .max = 10 }, &rows, &n));
	CHECK(n == 4 && str_eqc(rows[3].object, "a�b��(�\"\\"));
	CHECK(rows[2].object.n == AUDIT_OBJECT_MAX && str_ends(rows[2].object, STR("x…")) &&
	        rows[1].object.n == AUDIT_OBJECT_MAX && str_ends(rows[1].object, STR("xx")));
	CHECK(str_eqc(rows[0].object, "Bäckerei 🥖 \xed\x9f\xbf"));
	CHECK_STATUS(ST_INVALID, put(t, "x", "", STR(""), "[1]"));
	CHECK_STATUS(ST_INVALID, put(t, "x", "", STR(""), "{\"a\":1,\"a\":2}"));
	CHECK_STATUS(ST_INVALID, put(t, "x", "", STR(""), "{\"a\":12345678901234567}"));
	char *large = arena_printf(t->ctx->arena, "{\"a\":\"%20000s\"}", "");
	CHECK_STATUS(ST_TOO_LARGE, put(t, "x", "", STR(""), large));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 4);
}

static enum status tx_fail(struct db_conn *c, void *arg, struct err *e)
{
	TRY(audit_write(c, arg, e));
	return err_set(e, ST_FORBIDDEN, "not this time");
}

static void an_entry_falls_with_its_change(struct store *t)
{
	struct audit_entry a = { .action = "x" };
	struct audit_verdict v;
	CHECK_OK(put(t, "first", "", STR(""), ""));
	CHECK_STATUS(ST_FORBIDDEN, db_write(t->ctx, t->db, tx_fail, &a, &t->err));
	CHECK_OK(put(t, "second", "", STR(""), ""));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 2);
}

static void the_end_is_signed_on_request(struct store *t)
{
	struct audit_verdict v;
	CHECK_OK(audit_checkpoint(t->ctx, t->db, &t->err)); /* nothing to sign */
	for (int i = 0; i < 3; i++)
		CHECK_OK(put(t, "x", "", STR(""), ""));
	for (int i = 0; i < 2; i++)
		CHECK_OK(audit_checkpoint(t->ctx, t->db, &t->err));
	CHECK_OK(put(t, "x", "", STR(""), ""));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 4 && v.checkpoints == 1 && v.signed_upto == 3);
}

/* --- many at once -------------------------------------------------------------------------------------------- */

struct crowd { struct store *t; struct promise done; unsigned left, failed; };

static void write_some(void *arg)
{
	struct crowd *x = arg;
	for (int i = 0; i < EACH; i++) {
		SCOPED_ARENA *arena = arena_new(1 << 20);
		struct ctx ctx;
		struct err e = { 0 };
		struct audit_entry a = { .action = "crowd.wrote", .actor = STR("9"), .details = STR("{\"n\":1}") };
		ctx_init(&ctx, arena);
		if (db_write(&ctx, x->t->db, tx_write, &a, &e) != ST_OK && !x->failed++)
			x->t->err = e;
	}
	if (--x->left == 0)
		promise_set(&x->done);
}

static void many_writers_make_one_chain(struct store *t)
{
	struct crowd x = { .t = t, .left = WRITERS };
	struct audit_verdict v;
	promise_init(&x.done);
	for (unsigned i = 0; i < WRITERS; i++)
		if (!fiber_spawn(loop_current(), write_some, &x, FIBER_SMALL))
			abort();
	promise_wait_shielded(&x.done);
	if (x.failed)
		store_failed(t, __FILE__, __LINE__, t->err.msg);
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == WRITERS * EACH && v.checkpoints == WRITERS * EACH / AUDIT_EVERY &&
	        v.signed_upto == WRITERS * EACH);
}

/* --- tampering ----------------------------------------------------------------------------------------------- */

/* What an attacker with the database does: SQL past everything of ours. */
static bool behind_our_back(struct store *t, const char *sql)
{
	bool ok;
	if (t->admin_url) {
		PGconn *c = PQconnectdb(t->admin_url);
		PGresult *r = PQexec(c, sql);
		ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
		if (!ok)
			printf("       %s", PQerrorMessage(c));
		PQclear(r);
		PQfinish(c);
		return ok;
	}
	sqlite3 *h;
	char *why = NULL;
	ok = sqlite3_open(t->cfg.url + strlen("sqlite:"), &h) == SQLITE_OK &&
	        sqlite3_exec(h, sql, NULL, NULL, &why) == SQLITE_OK;
	if (!ok)
		printf("       %s\n", why ? why : "can not open");
	sqlite3_free(why);
	sqlite3_close(h);
	return ok;
}

static enum status tx_many(struct db_conn *c, void *arg, struct err *e)
{
	for (int i = 1; i <= LENGTH; i++) {
		struct audit_entry a = { .action = "thing.done",
			.actor = STR("5"),
			.address = STR("192.0.2.1"),
			.object = arena_strf(db_arena(c), "%d", i),
			.details = STR("{\"k\":\"v\"}") };
		TRY(audit_write(c, &a, e));
	}
	return ST_OK;
}

static const struct { const char *sql; int64_t bad; const char *why; } tampers[] = {
	{ "UPDATE audit_log SET action = 'nothing' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET actor = '6' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET address = '' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET at = at + 1 WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET object = '4' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET details = '{}' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET details = details || ' ' WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET prev = hash WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET hash = prev WHERE seq = 5", 5, "entry 5 was edited" },
	{ "UPDATE audit_log SET hash = '' WHERE seq = 600", 600, "entry 600 was edited" },
	{ "UPDATE audit_log SET action = 'a', object = '' WHERE seq >= 5", 5, "entry 5 was edited" },
	{ "DELETE FROM audit_log WHERE seq = 1", 1, "entry 1 is missing" },
	{ "DELETE FROM audit_log WHERE seq = 7", 7, "entry 7 is missing" },
	{ "DELETE FROM audit_log WHERE seq > 590", 591, "entries 591 to 600 are missing: the chain ends too early" },
	{ "DELETE FROM audit_log", 1, "entries 1 to 600 are missing" },
	{ "UPDATE audit_log SET seq = -4 WHERE seq = 4; UPDATE audit_log SET seq = 4 WHERE seq = 9; UPDATE audit_log "
	  "SET seq = 9 WHERE seq = -4",
	        4, "entry 4 is not in its place: it was written as entry 9" },
	{ "DELETE FROM audit_log WHERE seq = 7; UPDATE audit_log SET seq = seq - 1000 WHERE seq > 7; UPDATE audit_log "
	  "SET seq = seq + 999 WHERE seq < 0",
	        7, "entry 7 is not in its place: it was written as entry 8" },
	{ "INSERT INTO audit_log SELECT 601, at, action, actor, address, object, details, hash, hash FROM audit_log "
	  "WHERE seq = 600",
	        601, "entry 601 was edited" },
	{ "INSERT INTO audit_log SELECT 0, at, action, actor, address, object, details, prev, hash FROM audit_log "
	  "WHERE seq = 1",
	        1, "entry 0 was added by another hand" },
	{ "DELETE FROM audit_log WHERE seq > 500; UPDATE audit_head SET seq = 500, hash = (SELECT hash FROM audit_log "
	  "WHERE seq = 500)",
	        501, "entries 501 to 512 are missing: the last was signed" },
	{ "UPDATE audit_head SET seq = 599, hash = (SELECT hash FROM audit_log WHERE seq = 599)", 600,
	        "set back to 599" },
	{ "UPDATE audit_head SET seq = 700", 601, "entries 601 to 700 are missing" },
	{ "UPDATE audit_head SET hash = 'ab'", 513, "entry 600 was rewritten, or one since the checkpoint at 512" },
	{ "DELETE FROM audit_head", 601, "record of the chain's end is missing" },
	{ "DELETE FROM audit_checkpoints WHERE seq = 256", 256, "checkpoint at entry 256 is missing" },
	{ "DELETE FROM audit_checkpoints", 256, "checkpoint at entry 256 is missing" },
	{ "UPDATE audit_checkpoints SET at = at + 1 WHERE seq = 512", 512, "checkpoint at entry 512 is forged" },
	{ "UPDATE audit_checkpoints SET hash = (SELECT hash FROM audit_log WHERE seq = 511) WHERE seq = 512", 512,
	        "is forged" },
	{ "UPDATE audit_checkpoints SET signature = replace(signature, '1', '2') WHERE seq = 512", 512, "is forged" },
	{ "UPDATE audit_checkpoints SET signature = '' WHERE seq = 512", 512, "is forged" },
	{ "UPDATE audit_checkpoints SET key = replace(key, substr(key, 1, 1), 'g') WHERE seq = 512", 512,
	        "a key that is not trusted" },
	{ "UPDATE audit_checkpoints SET seq = 511 WHERE seq = 512", 511, "checkpoint at entry 511 is forged" },
	{ "UPDATE audit_checkpoints SET seq = 601 WHERE seq = 512", 512, "checkpoint at entry 512 is missing" },
};

static bool restore(struct store *t)
{
	return behind_our_back(t,
	        "DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept_log; DELETE FROM audit_head;"
	        "INSERT INTO audit_head SELECT * FROM kept_head; DELETE FROM audit_checkpoints;"
	        "INSERT INTO audit_checkpoints SELECT * FROM kept_checkpoints");
}

static bool make_chain(struct store *t)
{
	return db_write(t->ctx, t->db, tx_many, NULL, &t->err) == ST_OK &&
	        behind_our_back(t,
	                "CREATE TABLE kept_log AS SELECT * FROM audit_log; CREATE TABLE kept_head AS SELECT * FROM "
	                "audit_head;"
	                "CREATE TABLE kept_checkpoints AS SELECT * FROM audit_checkpoints");
}

static void tampering_is_named(struct store *t)
{
	struct audit_verdict v;
	CHECK(make_chain(t));
	for (size_t i = 0; i < sizeof tampers / sizeof *tampers; i++) {
		CHECK(restore(t));
		CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
		CHECK(!v.bad_seq && v.entries == LENGTH && v.checkpoints == 2 && v.signed_upto == 512);
		CHECK(behind_our_back(t, tampers[i].sql));
		CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
		bool ok = v.bad_seq == tampers[i].bad && strstr(v.why, tampers[i].why);
		if (!ok)
			printf("       %s: entry %lld, %s\n", tampers[i].sql, (long long)v.bad_seq, v.why);
		CHECK(ok);
	}
}

/* A better attacker: rewrites entry `first` to `last` with their hashes, and the record of the end. */
static bool rewrite(struct store *t, int64_t first, int64_t last)
{
	struct audit_row *rows;
	size_t n;
	char prev[AUDIT_HASH_HEX + 1];
	struct buf sql, body;
	buf_arena(&sql, t->ctx->arena, 1 << 20);
	if (list(t, &(struct audit_filter){ .max = LENGTH, .before = last + 1 }, &rows, &n) != ST_OK)
		return false;
	for (size_t i = n; i-- > 0;) {
		struct audit_row *r = &rows[i];
		if (r->seq < first)
			continue;
		if (r->seq == first) {
			r->actor = STR("66");
			snprintf(prev, sizeof prev, "%.*s", STR_ARG(r->prev));
		}
		buf_printf(&sql, "UPDATE audit_log SET actor = '%.*s', prev = '%s'", STR_ARG(r->actor), prev);
		buf_arena(&body, t->ctx->arena, AUDIT_BODY_MAX);
		audit_body(&body, str_c(db_name(t->db)), r);
		audit_hash(buf_str(&body), str_c(prev), r->seq, prev);
		buf_printf(&sql, ", hash = '%s' WHERE seq = %lld;", prev, (long long)r->seq);
	}
	if (last == LENGTH)
		buf_printf(&sql, "UPDATE audit_head SET hash = '%s'", prev);
	return buf_ok(&sql) && behind_our_back(t, sql.data);
}

static void rewriting_is_named(struct store *t)
{
	struct audit_verdict v;
	struct audit_row *row;
	size_t n;
	CHECK(make_chain(t));
	CHECK(rewrite(t, 300, 300));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(v.bad_seq == 300 && strstr(v.why, "entry 300 was rewritten: entry 301 was written after another"));
	CHECK(restore(t) && rewrite(t, 300, LENGTH));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(v.bad_seq == 257 && strstr(v.why, "rewritten between 257 and 512"));
	/* Behind the last checkpoint nothing but a known hash proves it. */
	CHECK(restore(t));
	CHECK_OK(list(t, &(struct audit_filter){ .max = 1 }, &row, &n));
	const struct audit_trust known = { .known_seq = row->seq, .known_hash = row->hash };
	CHECK_OK(audit_verify(t->ctx, t->db, &known, &v, &t->err));
	CHECK(!v.bad_seq);
	CHECK(rewrite(t, 550, LENGTH));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq);
	CHECK_OK(audit_verify(t->ctx, t->db, &known, &v, &t->err));
	CHECK(v.bad_seq == 600 && strstr(v.why, "its hash was known to be another"));
	/* Cut off with all that tells of it. */
	CHECK(restore(t) &&
	        behind_our_back(t,
	                "DELETE FROM audit_log WHERE seq > 500; DELETE FROM audit_checkpoints WHERE seq > 500;"
	                "UPDATE audit_head SET seq = 500, hash = (SELECT hash FROM audit_log WHERE seq = 500)"));
	CHECK_OK(audit_verify(t->ctx, t->db, &known, &v, &t->err));
	CHECK(v.bad_seq == 501 && strstr(v.why, "entries 501 to 600 are missing: the last was known"));
}

static void another_secret_is_another_key(struct store *t)
{
	char key[AUDIT_KEY_HEX + 1];
	struct audit_verdict v;
	audit_public_key(key);
	CHECK(make_chain(t));
	audit_set_secret(STR("another secret of thirty-two byte"));
	CHECK_OK(audit_verify(t->ctx, t->db, &nobody_else, &v, &t->err));
	CHECK(v.bad_seq == 256 && strstr(v.why, "a key that is not trusted"));
	const struct audit_trust former = { .keys = arena_strf(t->ctx->arena, "%064d, %s", 0, key) };
	CHECK_OK(put(t, "x", "", STR(""), ""));
	CHECK_OK(audit_checkpoint(t->ctx, t->db, &t->err));
	CHECK_OK(audit_verify(t->ctx, t->db, &former, &v, &t->err));
	CHECK(!v.bad_seq && v.checkpoints == 3);
	audit_set_secret(STR("a secret of thirty-two bytes ..."));
}

static void each_night_is_remembered(struct store *t)
{
	struct service_instance svc = { .db = t->db };
	struct audit_mark m;
	struct audit_verdict v;
	t->ctx->svc = &svc;
	CHECK_OK(audit_mark_read(t->ctx, t->db, &m, &t->err));
	CHECK(m.seq == 0 && str_eqc(STR(AUDIT_ZERO), m.hash) && !*m.why);
	CHECK(make_chain(t));
	CHECK_OK(audit_verify_job(t->ctx, NULL, &t->err));
	CHECK_OK(audit_mark_read(t->ctx, t->db, &m, &t->err));
	CHECK(m.seq == LENGTH && m.at_us && !*m.why);
	for (int i = 0; i < 300; i++)
		CHECK_OK(put(t, "x", "", STR(""), ""));
	CHECK_OK(audit_verify_after(t->ctx, t->db, m.seq, str_c(m.hash), &nobody_else, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 300 && v.checkpoints == 1 && v.signed_upto == 768);
	CHECK(behind_our_back(t, "UPDATE audit_log SET actor = 'y' WHERE seq = 700"));
	CHECK_OK(audit_verify_after(t->ctx, t->db, m.seq, str_c(m.hash), &nobody_else, &v, &t->err));
	CHECK(v.bad_seq == 700);
	CHECK_OK(audit_verify_job(t->ctx, NULL, &t->err));
	CHECK_OK(audit_mark_read(t->ctx, t->db, &m, &t->err));
	CHECK(m.seq == 699 && strstr(m.why, "entry 700 was edited"));
	CHECK(behind_our_back(t,
	        "DELETE FROM audit_log WHERE seq > 650; UPDATE audit_head SET seq = 650; DELETE FROM audit_checkpoints "
	        "WHERE seq > 650"));
	CHECK_OK(audit_verify_after(t->ctx, t->db, m.seq, str_c(m.hash), &nobody_else, &v, &t->err));
	CHECK(v.bad_seq);
	t->ctx->svc = NULL;
}

/* --- files --------------------------------------------------------------------------------------------------- */

static const struct { const char *what, *sed; int64_t bad; const char *why; } files[] = {
	{ "action", "6s/thing.done/thing.undone/", 5, "entry 5 was edited" },
	{ "actor", "6s/\"actor\":\"5\"/\"actor\":\"6\"/", 5, "entry 5 was edited" },
	{ "address", "6s/192.0.2.1/192.0.2.2/", 5, "entry 5 was edited" },
	{ "at", "6s/\"at\":\\(.\\)/\"at\":2/", 5, "entry 5 was edited" },
	{ "details", "6s/\"k\":\"v\"/\"k\":\"w\"/", 5, "entry 5 was edited" },
	{ "object", "6s/\"object\":\"5\"/\"object\":\"4\"/", 5, "entry 5 was edited" },
	{ "hash", "6s/\"hash\":\"..../\"hash\":\"zzzz/", 5, "entry 5 was edited" },
	{ "prev", "6s/\"prev\":\"..../\"prev\":\"zzzz/", 5, "entry 5 was edited" },
	{ "a member more", "6s/}$/,\"x\":1}/", 5, "no line of an exported chain" },
	{ "no JSON", "6s/,/;/", 5, "no line of an exported chain" },
	{ "removed", "6d", 5, "entry 5 is missing" },
	{ "moved", "6{h;d};20{G}", 5, "entry 5 is not in its place: it stands further on" },
	{ "twice", "6p", 5, "entry 5 is not in its place: it stands behind entry 5" },
	{ "cut off", "600,$d", 597, "are missing" },
	{ "cut off in a line", "603s/}$//", 600, "no line of an exported chain" },
	{ "checkpoint gone", "258d", 256, "checkpoint at entry 256 is missing" },
	{ "checkpoint's time", "258s/\"at\":./\"at\":2/", 256, "checkpoint at entry 256 is forged" },
	{ "checkpoint's signature", "258s/\"signature\":\"..../\"signature\":\"zzzz/", 256,
	        "checkpoint at entry 256 is forged" },
	{ "the whole's count", "1s/\"seq\":600/\"seq\":599/", 599, "checkpoint of the whole (entry 599) is forged" },
};

static bool shell(const char *fmt, ...) PRINTF_LIKE(1, 2);
static bool shell(const char *fmt, ...)
{
	char command[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	return system(command) == 0;
}

static void files_are_verified(struct store *t)
{
	char key[AUDIT_KEY_HEX + 1], *path = arena_printf(t->ctx->arena, "%s/x.jsonl", t->folder),
	                             *bad = arena_printf(t->ctx->arena, "%s/bad.jsonl", t->folder);
	struct audit_verdict v;
	int64_t n;
	audit_public_key(key);
	const struct audit_trust trust = { .keys = str_c(key) };
	CHECK(make_chain(t));
	CHECK_OK(audit_export(t->ctx, t->db, path, &n, &t->err));
	CHECK(n == LENGTH);
	CHECK_STATUS(ST_IO, audit_export(t->ctx, t->db, path, &n, &t->err)); /* nothing is overwritten */
	CHECK_OK(audit_verify_file(t->ctx, path, &trust, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == LENGTH && v.checkpoints == 2 && v.signed_upto == LENGTH);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		CHECK(shell("sed '%s' %s > %s && ! cmp -s %s %s", files[i].sed, path, bad, path, bad));
		CHECK_OK(audit_verify_file(t->ctx, bad, &trust, &v, &t->err));
		if (v.bad_seq != files[i].bad || !strstr(v.why, files[i].why))
			printf("       %s: entry %lld, %s\n", files[i].what, (long long)v.bad_seq, v.why);
		CHECK(v.bad_seq == files[i].bad && strstr(v.why, files[i].why));
	}
	const struct audit_trust other = { .keys = arena_strf(t->ctx->arena, "%064d", 0) };
	CHECK_STATUS(ST_INVALID, audit_verify_file(t->ctx, path, &other, &v, &t->err));
	CHECK_STATUS(ST_INVALID, audit_verify_file(t->ctx, path, &nobody_else, &v, &t->err));
	CHECK_STATUS(ST_INVALID, audit_verify_file(t->ctx, "/dev/null", &trust, &v, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, audit_verify_file(t->ctx, "/nonexistent", &trust, &v, &t->err));
}

static char *filled(struct store *t, size_t n, char with)
{
	char *text = arena_alloc(t->ctx->arena, n + 1);
	memset(text, with, n);
	text[n] = 0;
	return text;
}

/* The largest entry there is goes out and is verified; one byte more is refused; a file that says it holds a longer
   line than any entry makes is none of ours. */
static void the_largest_entry_is_a_line(struct store *t)
{
	char key[AUDIT_KEY_HEX + 1], *path = arena_printf(t->ctx->arena, "%s/x.jsonl", t->folder);
	const size_t beside = strlen("{\"a\":\"\"}");
	struct audit_verdict v;
	int64_t n;
	audit_public_key(key);
	const struct audit_trust trust = { .keys = str_c(key) };
	struct str object = str_n(filled(t, AUDIT_OBJECT_MAX, '\1'), AUDIT_OBJECT_MAX);
	for (size_t more = 0; more < 2; more++)
		CHECK_STATUS(more ? ST_TOO_LARGE : ST_OK,
		             put(t, filled(t, AUDIT_ACTION_MAX, 'a'), filled(t, AUDIT_ACTOR_MAX, '\1'), object,
		                 arena_printf(t->ctx->arena, "{\"a\":\"%s\"}",
		                              filled(t, AUDIT_DETAILS_MAX - beside + more, 'x'))));
	CHECK_OK(audit_export(t->ctx, t->db, path, &n, &t->err));
	CHECK_OK(audit_verify_file(t->ctx, path, &trust, &v, &t->err));
	CHECK(!v.bad_seq && v.entries == 1);
	CHECK(shell("sed '2s/\"a\":\"/&%s/' %s > %s.b", filled(t, 900, 'y'), path, path) &&
	      shell("for i in 1 2 3 4 5 6 7 8; do sed '2s/yyy*/&&/' %s.b > %s.c && mv %s.c %s.b; done", path, path,
	            path, path));
	CHECK_OK(audit_verify_file(t->ctx, arena_printf(t->ctx->arena, "%s.b", path), &trust, &v, &t->err));
	CHECK(v.bad_seq == 1 && strstr(v.why, "no line of an exported chain"));
}

/* Rewritten behind the last checkpoint of the database: the signature of the whole knows. */
static void a_rewritten_end_of_a_file_is_named(struct store *t)
{
	char key[AUDIT_KEY_HEX + 1], *a = arena_printf(t->ctx->arena, "%s/a.jsonl", t->folder),
	                             *b = arena_printf(t->ctx->arena, "%s/b.jsonl", t->folder);
	struct audit_verdict v;
	int64_t n;
	audit_public_key(key);
	const struct audit_trust trust = { .keys = str_c(key) };
	CHECK(make_chain(t));
	CHECK_OK(audit_export(t->ctx, t->db, a, &n, &t->err));
	CHECK(rewrite(t, 550, LENGTH));
	CHECK_OK(audit_export(t->ctx, t->db, b, &n, &t->err));
	CHECK(shell("head -1 %s > %s.c && tail -n +2 %s >> %s.c", a, b, b, b));
	CHECK_OK(audit_verify_file(t->ctx, arena_printf(t->ctx->arena, "%s.c", b), &trust, &v, &t->err));
	CHECK(v.bad_seq == 513 && strstr(v.why, "rewritten"));
}

static const struct store_test tests[] = {
	{ "entries_are_listed", entries_are_listed },
	{ "what_clients_send_is_kept", what_clients_send_is_kept },
	{ "an_entry_falls_with_its_change", an_entry_falls_with_its_change },
	{ "the_end_is_signed_on_request", the_end_is_signed_on_request },
	{ "many_writers_make_one_chain", many_writers_make_one_chain },
	{ "tampering_is_named", tampering_is_named },
	{ "rewriting_is_named", rewriting_is_named },
	{ "another_secret_is_another_key", another_secret_is_another_key },
	{ "each_night_is_remembered", each_night_is_remembered },
	{ "files_are_verified", files_are_verified },
	{ "the_largest_entry_is_a_line", the_largest_entry_is_a_line },
	{ "a_rewritten_end_of_a_file_is_named", a_rewritten_end_of_a_file_is_named },
};

int main(int argc, char **argv)
{
	audit_set_secret(STR("a secret of thirty-two bytes ..."));
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){ &platform_migrations, NULL });
}
