/* SPDX-License-Identifier: Apache-2.0
 *
 * The database layer itself: values, transactions, isolation of group commits, deadlines, migrations. What happens
 * when things break is in test_db_faults.c.
 */
#include <limits.h>
#include <semaphore.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/internal.h"
#include "fixture_sql.h"
#include "rt/fiber.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

struct thing {
	int64_t id;
	const char *name;
	enum status then; /* what fn returns after its work */
};

static enum status add_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct thing *t = arg;
	TRY(q_fixture_thing_add(c, t->id, str_c(t->name), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e));
	return t->then == ST_OK ? ST_OK : err_set(e, t->then, "asked to fail");
}

static enum status add(struct store *t, int64_t id, const char *name)
{
	struct thing thing = { id, name, ST_OK };
	return db_write(t->ctx, t->db, add_tx, &thing, &t->err);
}

static int64_t count(struct store *t)
{
	SCOPED_DB_READ c = NULL;
	struct fixture_things_count_row *row;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_fixture_things_count(c, &row, &t->err) != ST_OK || !row)
		return -1;
	return row->n;
}

/* --- values --------------------------------------------------------------------------------------------------- */

static enum status values_tx(struct db_conn *c, void *arg, struct err *e)
{
	const double weight = -0.1;
	const int64_t due = INT64_MIN;
	TRY(q_fixture_thing_add(
	        c, INT64_MAX, STR("größe 🦊"), STR(""), str_n("\0\xff\x01", 3), &weight, true, &due, NULL, e));
	return q_fixture_thing_add(c, 1, STR("nulls"), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e);
}

static void values(struct store *t)
{
	struct fixture_thing_row *r;
	CHECK_OK(db_write(t->ctx, t->db, values_tx, NULL, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_thing(c, INT64_MAX, &r, &t->err));
	CHECK(r && r->id == INT64_MAX && str_eqc(r->name, "größe 🦊"));
	CHECK(r->note.p && r->note.n == 0);
	CHECK(r->data.n == 3 && !memcmp(r->data.p, "\0\xff\x01", 3));
	CHECK(!r->weight_null && r->weight == -0.1 && r->done);
	CHECK(!r->due_null && r->due == INT64_MIN);
	CHECK_OK(q_fixture_thing(c, 1, &r, &t->err));
	CHECK(r && !r->note.p && !r->data.p && r->weight_null && !r->done && r->due_null);
	CHECK_OK(q_fixture_thing(c, 2, &r, &t->err));
	CHECK(!r);
}

static enum status many_tx(struct db_conn *c, void *arg, struct err *e)
{
	for (int i = 1; i <= *(int *)arg; i++) {
		char name[32];
		snprintf(name, sizeof name, "thing %d", i);
		TRY(q_fixture_thing_add(c, i, str_c(name), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e));
	}
	return ST_OK;
}

static enum status sum_until_50(void *arg, const struct fixture_things_row *row)
{
	int64_t *sum = arg;
	*sum += row->id;
	return row->id == 50 ? ST_GONE : ST_OK;
}

static void rows_and_each(struct store *t)
{
	struct fixture_things_row *rows;
	size_t n;
	int64_t sum = 0;
	int many = 100;
	CHECK_OK(db_write(t->ctx, t->db, many_tx, &many, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_things(c, 90, &rows, &n, &t->err));
	CHECK(n == 90 && rows[89].id == 90 && str_eqc(rows[89].name, "thing 90") && str_eqc(rows[0].name, "thing 1"));
	CHECK_STATUS(ST_GONE, q_fixture_things_each(c, 100, sum_until_50, &sum, &t->err));
	CHECK(sum == 50 * 51 / 2);
	CHECK_OK(q_fixture_things(c, 0, &rows, &n, &t->err));
	CHECK(n == 0);
}

struct nested {
	struct db_conn *c;
	int64_t calls;
	struct err err;
};

static enum status nested_row(void *arg, const struct fixture_things_row *row)
{
	struct nested *n = arg;
	struct fixture_things_row *inner;
	size_t count_inner;
	n->calls++;
	return q_fixture_things(n->c, 2, &inner, &count_inner, &n->err); /* the query that is running */
}

static void query_inside_its_own_each(struct store *t)
{
	int many = 5;
	CHECK_OK(db_write(t->ctx, t->db, many_tx, &many, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	struct nested n = { .c = c };
	CHECK_OK(q_fixture_things_each(c, 5, nested_row, &n, &t->err));
	CHECK(n.calls == 5);
}

static void search(struct store *t)
{
	struct fixture_things_search_row *rows;
	size_t n;
	CHECK_OK(add(t, 1, "a quick fox"));
	CHECK_OK(add(t, 2, "a slow fox"));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_things_search(c, STR("quick"), &rows, &n, &t->err));
	CHECK(n == 1 && rows[0].id == 1);
	CHECK_OK(q_fixture_things_search(c, STR("fox"), &rows, &n, &t->err));
	CHECK(n == 2);
}

static void bad_search_is_the_askers_fault(struct store *t)
{
	struct fixture_things_search_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_INVALID, q_fixture_things_search(c, STR("\"unclosed"), &rows, &n, &t->err));
	CHECK_OK(q_fixture_things_search(c, STR("fine"), &rows, &n, &t->err));
}

static enum status counter_tx(struct db_conn *c, void *arg, struct err *e)
{
	return q_fixture_counter_set(c, STR("x"), *(int64_t *)arg, NULL, e);
}

static void wrong_type_is_noticed(struct store *t)
{
	struct fixture_wrong_type_row *row;
	int64_t n = 1;
	CHECK_OK(db_write(t->ctx, t->db, counter_tx, &n, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_CORRUPT, q_fixture_wrong_type(c, &row, &t->err));
	CHECK(strstr(t->err.msg, "column n"));
}

/* --- transactions --------------------------------------------------------------------------------------------- */

static void rollback_leaves_nothing(struct store *t)
{
	struct thing thing = { 1, "one", ST_PRECONDITION };
	CHECK_STATUS(ST_PRECONDITION, db_write(t->ctx, t->db, add_tx, &thing, &t->err));
	CHECK(!strcmp(t->err.msg, "asked to fail"));
	CHECK(count(t) == 0);
	CHECK_OK(add(t, 1, "one"));
	CHECK(count(t) == 1);
}

static enum status bad_part_tx(struct db_conn *c, void *arg, struct err *e)
{
	return q_fixture_part_add(c, 1, *(int64_t *)arg, NULL, e);
}

static void constraints(struct store *t)
{
	int64_t good = 1, bad = -1;
	CHECK_OK(add(t, 1, "one"));
	CHECK_STATUS(ST_CONFLICT, add(t, 2, "one"));
	CHECK_STATUS(ST_CONFLICT, add(t, 1, "two"));
	CHECK_OK(db_write(t->ctx, t->db, bad_part_tx, &good, &t->err));
	CHECK_STATUS(ST_INVALID, db_write(t->ctx, t->db, bad_part_tx, &bad, &t->err));
	CHECK(count(t) == 1);
}

static enum status rename_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct fixture_thing_rename_row **row = arg;
	return q_fixture_thing_rename(c, 1, STR("renamed"), row, e);
}

struct flight { int64_t first; int n, duplicate_at; bool ask_then; };

static enum status flight_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct flight *f = arg;
	struct fixture_things_count_row *row;
	for (int i = 0; i < f->n; i++) {
		char name[32];
		snprintf(name, sizeof name, "flight %d", (int)f->first + (i == f->duplicate_at ? 0 : i));
		TRY(q_fixture_thing_add(c, f->first + i, str_c(name), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e));
	}
	if (!f->ask_then)
		return ST_OK;
	TRY(q_fixture_things_count(c, &row, e));
	return row->n >= f->n ? ST_OK : err_set(e, ST_CORRUPT, "a read of the transaction saw %d rows", (int)row->n);
}

/* Writes whose outcome is not asked for share a round trip on PostgreSQL: the failure of any is the failure of all. */
static void writes_travel_together(struct store *t)
{
	const struct { struct flight flight; enum status want; } rows[] = {
		{ { 1000, 300, -1, true }, ST_OK },          { { 2000, 300, 299, false }, ST_CONFLICT },
		{ { 2000, 300, 5, false }, ST_CONFLICT },    { { 2000, 10, 5, true }, ST_CONFLICT },
		{ { 2000, 10, 9, false }, ST_CONFLICT },     { { 1000, 2, -1, false }, ST_CONFLICT },
		{ { 2000, 1, -1, false }, ST_OK },
	};
	int64_t there = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct flight f = rows[i].flight;
		CHECK_STATUS(rows[i].want, db_write(t->ctx, t->db, flight_tx, &f, &t->err));
		there += rows[i].want == ST_OK ? f.n : 0;
		CHECK(count(t) == there);
	}
}

struct waits_row { struct str when; };
static struct db_query waits_query = {
	.name = "waits",
	.col_count = 1,
	.row_size = sizeof(struct waits_row),
	.sql = { "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
	        "SELECT current_setting('synchronous_commit')" },
	.cols = (const struct db_col[]){ { DB_TEXT, false, offsetof(struct waits_row, when), 0, "when" } },
};

static enum status waits_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct waits_row *row;
	TRY(db_row(c, &waits_query, NULL, (void **)&row, e));
	*(struct str *)arg = row->when;
	return ST_OK;
}

static void with_fsync(struct db_config *c)
{
	c->fsync = true;
}

/* Which commits wait for the disk, whatever came before them on the connection. */
static void soon_does_not_wait(struct store *t)
{
	static const char *const want[][2] = { { "2", "1" }, { "on", "off" } };
	const bool soon[] = { false, true, true, false, true, false };
	struct str when;
	for (size_t i = 0; i < COUNT_OF(soon); i++) {
		char name[16];
		struct thing thing = { (int64_t)i + 1, name, ST_OK };
		snprintf(name, sizeof name, "thing %zu", i);
		CHECK_OK((soon[i] ? db_write_soon : db_write)(t->ctx, t->db, waits_tx, &when, &t->err));
		CHECK(str_eqc(when, want[db_engine(t->db)][soon[i]]));
		CHECK_OK(db_write_soon(t->ctx, t->db, add_tx, &thing, &t->err));
		CHECK(count(t) == (int64_t)i + 1);
	}
	struct thing refused = { 100, "refused", ST_PRECONDITION };
	CHECK_STATUS(ST_PRECONDITION, db_write_soon(t->ctx, t->db, add_tx, &refused, &t->err));
	CHECK(count(t) == (int64_t)COUNT_OF(soon));
}

static enum status long_tx(struct db_conn *c, void *arg, struct err *e)
{
	static char text[800000]; /* 200 pages */
	char name[16];
	const int *id = arg;
	memset(text, 'x', sizeof text);
	snprintf(name, sizeof name, "%d", *id);
	return q_fixture_thing_add(c, *id, str_c(name), str_n(text, sizeof text), STR_NULL, NULL, false, NULL, NULL, e);
}

/* Nobody rests here, and the log is far larger in sum than it may become. */
static void log_stays_bounded(struct store *t)
{
	enum { ROUNDS = 600, BOUND = 80000 };
	char path[1100];
	struct stat st;
	for (int i = 1; i <= ROUNDS; i++)
		CHECK_OK(db_write_soon(t->ctx, t->db, long_tx, &i, &t->err));
	snprintf(path, sizeof path, "%s-wal", t->cfg.url + strlen("sqlite:"));
	CHECK(stat(path, &st) == 0 && st.st_size < BOUND * 4096L);
	CHECK(count(t) == ROUNDS);
}

static void returning(struct store *t)
{
	struct fixture_thing_rename_row *row;
	CHECK_OK(db_write(t->ctx, t->db, rename_tx, &row, &t->err));
	CHECK(!row);
	CHECK_OK(add(t, 1, "one"));
	CHECK_OK(db_write(t->ctx, t->db, rename_tx, &row, &t->err));
	CHECK(row && row->id == 1 && str_eqc(row->name, "renamed"));
	SCOPED_DB_READ c = NULL;
	struct fixture_thing_row *read;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_thing(c, 1, &read, &t->err));
	CHECK(read && str_eqc(read->name, "renamed"));
}

static void writes_need_a_transaction(struct store *t)
{
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_INTERNAL, q_fixture_part_add(c, 1, 1, NULL, &t->err));
}

struct hooked {
	char order[8];
	enum status then;
};

static void hook_a(void *arg)
{
	strcat(((struct hooked *)arg)->order, fiber_self() ? "a" : "?");
}

static void hook_b(void *arg)
{
	strcat(((struct hooked *)arg)->order, "b");
}

static enum status hooked_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct hooked *h = arg;
	db_after_commit(c, hook_a, h);
	db_after_commit(c, hook_b, h);
	TRY(q_fixture_counter_set(c, STR("x"), 1, NULL, e));
	return h->order[0] ? ST_INTERNAL : h->then;
}

static void after_commit(struct store *t)
{
	struct hooked h = { .then = ST_OK };
	CHECK_OK(db_write(t->ctx, t->db, hooked_tx, &h, &t->err));
	CHECK(!strcmp(h.order, "ab"));
	h = (struct hooked){ .then = ST_CONFLICT };
	CHECK_STATUS(ST_CONFLICT, db_write(t->ctx, t->db, hooked_tx, &h, &t->err));
	CHECK(!strcmp(h.order, ""));
}

static enum status greedy_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct thing thing = { 1, "one", ST_OK };
	TRY(add_tx(c, &thing, e));
	memset(arena_alloc(db_arena(c), 1u << 20), 0, 1u << 20);
	return ST_OK;
}

static void arena_limit_rolls_back(struct store *t)
{
	SCOPED_ARENA *small = arena_new(64u << 10);
	struct ctx ctx;
	ctx_init(&ctx, small);
	CHECK_STATUS(ST_NOMEM, db_write(&ctx, t->db, greedy_tx, NULL, &t->err));
	CHECK(count(t) == 0);
	CHECK_OK(add(t, 1, "one"));
}

/* --- group commit --------------------------------------------------------------------------------------------- */

struct crowd {
	struct store *t;
	unsigned alive;
	struct fiber *waiting;
};

struct member {
	struct crowd *crowd;
	int64_t id;
	db_tx_fn *fn;
	enum status want, got;
	struct err err;
};

static enum status member_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct member *m = arg;
	char name[32];
	snprintf(name, sizeof name, "member %d", (int)m->id);
	struct thing thing = { m->id, name, m->want };
	return add_tx(c, &thing, e);
}

static enum status orphan_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct member *m = arg;
	return q_fixture_part_add(c, m->id, 0, NULL, e); /* of a thing that never comes: due at COMMIT */
}

static void member_fiber(void *arg)
{
	struct member *m = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	m->got = db_write(&ctx, m->crowd->t->db, m->fn, m, &m->err);
	if (--m->crowd->alive == 0)
		fiber_wake(m->crowd->waiting);
}

/* One failing transaction harms none of those that share its commit. */
static void neighbours(struct store *t)
{
	struct crowd crowd = { .t = t, .waiting = fiber_self() };
	struct member m[60];
	for (int i = 0; i < 60; i++) {
		m[i] = (struct member){ &crowd, 1000 + i, member_tx, i % 3 == 1 ? ST_PRECONDITION : ST_OK, ST_COUNT };
		if (i % 10 == 5)
			m[i] = (struct member){ &crowd, 5000 + i, orphan_tx, ST_CONFLICT, ST_COUNT };
		crowd.alive++;
		CHECK(fiber_spawn(fiber_loop(fiber_self()), member_fiber, &m[i], FIBER_LARGE));
	}
	while (crowd.alive)
		CHECK(fiber_park(FIBER_FOREVER) == ST_OK);
	int64_t committed = 0;
	for (int i = 0; i < 60; i++) {
		t->err = m[i].err;
		CHECK_STATUS(m[i].want, m[i].got);
		committed += m[i].want == ST_OK;
	}
	CHECK(count(t) == committed);
	struct db_stats stats;
	db_stats(t->db, &stats);
	CHECK(stats.writes >= (uint64_t)committed && stats.rollbacks >= (uint64_t)(60 - committed));
	if (db_engine(t->db) == DB_SQLITE)
		CHECK(stats.batch_max > 10 && stats.commits < 40);
}

static void one_snapshot(struct store *t)
{
	struct fixture_things_count_row *row;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_things_count(c, &row, &t->err));
	CHECK(row->n == 0);
	CHECK_OK(add(t, 1, "one"));
	CHECK_OK(q_fixture_things_count(c, &row, &t->err));
	CHECK(row->n == 0);
	db_read_end(&c);
	CHECK(count(t) == 1);
}

/* A read inside another is the same one, until something was written that it could not see. */
static void reads_join(struct store *t)
{
	struct fixture_things_count_row *row;
	struct db_stats before, after;
	SCOPED_DB_READ outer = NULL;
	SCOPED_DB_READ inner = NULL;
	db_stats(t->db, &before);
	CHECK_OK(db_read(t->ctx, t->db, &outer, &t->err));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(db_read(t->ctx, t->db, &inner, &t->err));
		CHECK_OK(q_fixture_things_count(inner, &row, &t->err));
		CHECK(row->n == 0);
		db_read_end(&inner);
	}
	db_stats(t->db, &after);
	CHECK(after.reads - before.reads == 1);
	CHECK_OK(add(t, 1, "one"));
	CHECK_OK(db_read(t->ctx, t->db, &inner, &t->err));
	CHECK_OK(q_fixture_things_count(inner, &row, &t->err));
	CHECK(row->n == 1);
	db_read_end(&outer); /* in any order */
	CHECK_OK(q_fixture_things_count(inner, &row, &t->err));
	db_read_end(&inner);
	CHECK(count(t) == 1);
}

/* What is made with an arena of its own may be kept: it must not be older than its making. */
static void reads_with_another_arena_do_not_join(struct store *t)
{
	struct db_stats before, after;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx = *t->ctx;
	SCOPED_DB_READ outer = NULL;
	SCOPED_DB_READ inner = NULL;
	db_stats(t->db, &before);
	CHECK_OK(db_read(t->ctx, t->db, &outer, &t->err));
	ctx = *t->ctx;
	ctx.arena = arena;
	CHECK_OK(db_read(&ctx, t->db, &inner, &t->err));
	db_stats(t->db, &after);
	CHECK(after.reads - before.reads == 2);
	db_read_end(&inner);
}

/* --- time ----------------------------------------------------------------------------------------------------- */

static void deadline_ends_a_scan(struct store *t)
{
	struct fixture_slow_row *row;
	SCOPED_DB_READ c = NULL;
	CHECK(count(t) == 0); /* connected by then */
	t->ctx->deadline_ns = clock_mono_ns() + 50 * NS_PER_MS;
	enum status st = db_read(t->ctx, t->db, &c, &t->err);
	CHECK(st == ST_OK || clock_mono_ns() >= t->ctx->deadline_ns);
	if (st == ST_OK)
		CHECK_STATUS(ST_TIMEOUT, q_fixture_slow(c, 2000, &row, &t->err));
	db_read_end(&c);
	t->ctx->deadline_ns = 0;
	CHECK(count(t) == 0);
}

static void short_statements(struct db_config *c)
{
	c->query_ns = NS_PER_S; /* what is short ends in it on a busy machine */
	c->checkout_ns = 10 * NS_PER_S;
}

static void statement_limit(struct store *t)
{
	struct fixture_slow_row *row;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_TIMEOUT, q_fixture_slow(c, 20000, &row, &t->err));
	db_read_end(&c);
	CHECK(count(t) == 0);
}

static enum status slow_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct fixture_slow_row *row;
	TRY(add_tx(c, &(struct thing){ 1, "one", ST_OK }, e));
	return q_fixture_slow(c, 20000, &row, e);
}

static void statement_limit_in_a_write(struct store *t)
{
	CHECK_STATUS(ST_TIMEOUT, db_write(t->ctx, t->db, slow_tx, NULL, &t->err));
	CHECK(count(t) == 0);
	CHECK_OK(add(t, 1, "one"));
}

struct scan {
	struct store *t;
	enum status got;
	bool ended;
	struct fiber *self;
};

static void scan_fiber(void *arg)
{
	struct scan *s = arg;
	struct fixture_slow_row *row;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	SCOPED_DB_READ c = NULL;
	s->got = db_read(&ctx, s->t->db, &c, NULL);
	if (s->got == ST_OK)
		s->got = q_fixture_slow(c, 2000, &row, NULL);
	s->ended = true;
}

static void two_readers(struct db_config *c)
{
	c->read_pool = 2;
}

/* A point read ends while a scan that began before it goes on, on the same loop; and the scan can be given up. */
static void point_read_beside_a_scan(struct store *t)
{
	struct scan s = { .t = t };
	CHECK_OK(add(t, 1, "one"));
	CHECK(count(t) == 1);
	s.self = fiber_spawn(fiber_loop(fiber_self()), scan_fiber, &s, FIBER_LARGE);
	CHECK(s.self);
	CHECK(fiber_sleep_ns(60 * NS_PER_MS) == ST_OK);
	CHECK(!s.ended);
	for (int i = 0; i < 20; i++)
		CHECK(count(t) == 1);
	CHECK(!s.ended);
	fiber_cancel(s.self);
	while (!s.ended)
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	CHECK(s.got == ST_CANCELLED);
	CHECK(count(t) == 1);
}

/* --- givers up ------------------------------------------------------------------------------------------------ */

struct giver_up { struct store *t; enum status got; bool ended; };

static void write_and_leave(void *arg)
{
	struct giver_up *g = arg;
	struct thing thing = { 7, "left", ST_OK };
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	fiber_cancel(fiber_self()); /* as if its client were gone: the first wait ends at once */
	g->got = db_write(&ctx, g->t->db, add_tx, &thing, NULL);
	g->ended = true;
}

/* The caller of a write leaves before the writer has woken up for it; whoever comes next is served all the same. */
static void a_write_that_left_stops_nobody(struct store *t)
{
	struct ctx soon = *t->ctx;
	for (int i = 0; i < 20; i++) {
		struct giver_up g = { .t = t };
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK); /* the writer has gone to sleep */
		CHECK(fiber_spawn(fiber_loop(fiber_self()), write_and_leave, &g, FIBER_LARGE));
		while (!g.ended)
			fiber_yield();
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK); /* it was woken and found nothing */
		CHECK(g.got == ST_CANCELLED || g.got == ST_OK || g.got == ST_CONFLICT);
		soon.deadline_ns = clock_mono_ns() + 30 * NS_PER_S;
		CHECK_OK(db_ping(&soon, t->db, &t->err));
		char name[16];
		snprintf(name, sizeof name, "next %d", i);
		CHECK_OK(add(t, 1000 + i, name));
	}
}

struct long_write { struct store *t; sem_t go_on; _Atomic bool begun; bool ended; };

static enum status write_for_long(struct db_conn *c, void *arg, struct err *e)
{
	struct long_write *l = arg;
	atomic_store(&l->begun, true);
	while (sem_wait(&l->go_on))
		continue;
	return ST_OK;
}

static void long_write(void *arg)
{
	struct long_write *l = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	(void)!db_write(&ctx, l->t->db, write_for_long, l, NULL);
	l->ended = true;
}

static enum status write_and_release(struct db_conn *c, void *arg, struct err *e)
{
	struct thing *t = arg;
	TRY(add_tx(c, t, e));
	return db_of(c)->ops->script(c, "RELEASE t", e); /* the writer's own savepoint: its RELEASE has none to end */
}

struct write_in_batch {
	struct store *t;
	struct thing thing;
	db_tx_fn *fn;
	enum status got;
	struct err err;
	bool soon; /* it waits for 100 ms at most */
	bool ended;
};

static void write_in_batch(void *arg)
{
	struct write_in_batch *b = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	ctx.deadline_ns = b->soon ? clock_mono_ns() + 100 * NS_PER_MS : 0;
	b->got = db_write(&ctx, b->t->db, b->fn, &b->thing, &b->err);
	b->ended = true;
}

/* A transaction whose savepoint can not be ended is rolled back with its whole batch, and none of them is told that it
 * was kept. */
static void a_savepoint_that_can_not_end(struct store *t)
{
	struct long_write l = { .t = t };
	struct write_in_batch b[] = {
		{ .t = t, .thing = { 1, "before", ST_OK }, .fn = add_tx },
		{ .t = t, .thing = { 2, "broken", ST_OK }, .fn = write_and_release },
		{ .t = t, .thing = { 3, "after", ST_OK }, .fn = add_tx },
	};
	sem_init(&l.go_on, 0, 0);
	CHECK(fiber_spawn(fiber_loop(fiber_self()), long_write, &l, FIBER_LARGE));
	while (!atomic_load(&l.begun)) /* what comes now is not of its batch */
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	for (unsigned i = 0; i < COUNT_OF(b); i++)
		CHECK(fiber_spawn(fiber_loop(fiber_self()), write_in_batch, &b[i], FIBER_LARGE));
	CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	sem_post(&l.go_on);
	while (!l.ended || !b[0].ended || !b[1].ended || !b[2].ended)
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	sem_destroy(&l.go_on);
	CHECK(b[0].got != ST_OK && b[1].got != ST_OK);
	CHECK(b[2].got == ST_OK);
	CHECK(count(t) == 1);
}

/* Reads answer, and yet nobody can write: a ping says so. */
static void ping_notices_a_writer_that_stands_still(struct store *t)
{
	struct ctx soon = *t->ctx;
	struct long_write l = { .t = t };
	sem_init(&l.go_on, 0, 0);
	CHECK(fiber_spawn(fiber_loop(fiber_self()), long_write, &l, FIBER_LARGE));
	while (!atomic_load(&l.begun)) /* what comes now is not of its batch */
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	soon.deadline_ns = clock_mono_ns() + 50 * NS_PER_MS;
	enum status during = db_ping(&soon, t->db, &t->err);
	sem_post(&l.go_on);
	while (!l.ended)
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	sem_destroy(&l.go_on);
	CHECK_STATUS(ST_TIMEOUT, during);
	CHECK_OK(db_ping(t->ctx, t->db, &t->err));
}

/* A write and a ping that share their batch with a write that stands still leave at their deadline: the thread has not
 * begun them. */
static void deadline_holds_behind_a_long_write(struct store *t)
{
	struct ctx soon = *t->ctx;
	struct long_write first = { .t = t }, second = { .t = t };
	struct write_in_batch beside = { .t = t, .thing = { 1, "in time", ST_OK }, .fn = add_tx, .soon = true };
	sem_init(&first.go_on, 0, 0);
	sem_init(&second.go_on, 0, 0);
	CHECK(fiber_spawn(fiber_loop(fiber_self()), long_write, &first, FIBER_LARGE));
	while (!atomic_load(&first.begun)) /* what comes now is not of its batch */
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	CHECK(fiber_spawn(fiber_loop(fiber_self()), long_write, &second, FIBER_LARGE));
	CHECK(fiber_spawn(fiber_loop(fiber_self()), write_in_batch, &beside, FIBER_LARGE));
	CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	sem_post(&first.go_on); /* the thread takes what is queued meanwhile: the second and those beside it */
	soon.deadline_ns = clock_mono_ns() + 50 * NS_PER_MS;
	enum status ping = db_ping(&soon, t->db, &t->err);
	while (!beside.ended)
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	CHECK(!second.ended);
	sem_post(&second.go_on);
	while (!first.ended || !second.ended)
		CHECK(fiber_sleep_ns(NS_PER_MS) == ST_OK);
	sem_destroy(&first.go_on);
	sem_destroy(&second.go_on);
	CHECK_STATUS(ST_TIMEOUT, ping);
	CHECK_STATUS(ST_TIMEOUT, beside.got);
	CHECK(count(t) == 0);
}

static void one_reader(struct db_config *c)
{
	c->read_pool = 1;
	c->checkout_ns = NS_PER_S; /* connecting included */
}

static void one_patient_reader(struct db_config *c)
{
	c->read_pool = 1;
	c->checkout_ns = 5 * NS_PER_S;
}

static void readers_run_out(struct store *t)
{
	SCOPED_DB_READ first = NULL;
	SCOPED_DB_READ second = NULL;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx other;
	ctx_init(&other, arena);
	CHECK_OK(db_read(t->ctx, t->db, &first, &t->err));
	CHECK_STATUS(ST_TIMEOUT, db_read(&other, t->db, &second, &t->err));
	db_read_end(&first);
	CHECK_OK(db_read(&other, t->db, &second, &t->err));
	db_read_end(&second);
}

/* What a fiber forgets, the end of its arena gives back. */
static void forgotten_reads_come_back(struct store *t)
{
	for (int i = 0; i < 3; i++) {
		SCOPED_ARENA *arena = arena_new(1u << 20);
		struct ctx ctx;
		struct db_conn *c;
		ctx_init(&ctx, arena);
		CHECK_OK(db_read(&ctx, t->db, &c, &t->err));
	}
}

static void ping(struct store *t)
{
	CHECK_OK(db_ping(t->ctx, t->db, &t->err));
}

/* --- version -------------------------------------------------------------------------------------------------- */

/* Another process adds a thing to this file: see main. */
static bool added_elsewhere(struct store *t, const char *id)
{
	pid_t pid;
	int how;
	char name[] = "test_db", add_flag[] = "--add";
	char *argv[] = { name, add_flag, (char *)t->cfg.url, (char *)id, NULL };
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) != 0)
		return false;
	return waitpid(pid, &how, 0) == pid && how == 0;
}

static void add_here(void *arg)
{
	char **argv = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct store t = { 0 };
	struct ctx ctx;
	ctx_init(&ctx, arena);
	t.ctx = &ctx;
	db_config_default(&t.cfg);
	t.cfg.url = argv[2];
	t.db = db_open(&t.cfg, &t.err);
	t.failed = !t.db || add(&t, atoll(argv[3]), argv[3]) != ST_OK;
	db_close(t.db);
	if (t.failed)
		exit(1);
}

static void version_tells_of_each_commit(struct store *t)
{
	uint64_t before = db_version(t->db), after;
	CHECK(before != 0);
	CHECK(count(t) == 0);
	CHECK(db_version(t->db) == before);
	for (int i = 1; i <= 50; i++, before = after) {
		char name[16];
		snprintf(name, sizeof name, "%d", i);
		CHECK_OK(add(t, i, name));
		CHECK((after = db_version(t->db)) != before);
	}
	struct thing thing = { 100, "refused", ST_PRECONDITION };
	CHECK_STATUS(ST_PRECONDITION, db_write(t->ctx, t->db, add_tx, &thing, &t->err));
	CHECK(db_version(t->db) == before);
	CHECK(added_elsewhere(t, "101"));
	CHECK((after = db_version(t->db)) != before);
	CHECK(count(t) == 51);
	CHECK(db_version(t->db) == after);
}

static enum status spare_tx(struct db_conn *c, void *arg, struct err *e)
{
	db_tx_spares_kept(c);
	return add_tx(c, arg, e);
}

static void version_is_kept_by_who_spares_it(struct store *t)
{
	static const struct { db_tx_fn *fn; enum status then; bool elsewhere, kept; } steps[] = {
		{ add_tx, ST_OK, false, false },
		{ spare_tx, ST_OK, false, true },
		{ spare_tx, ST_OK, false, true },
		{ spare_tx, ST_PRECONDITION, false, true },
		{ add_tx, ST_PRECONDITION, false, true },
		{ NULL, ST_OK, true, false },
		{ spare_tx, ST_OK, false, true },
		{ NULL, ST_OK, true, false },
		{ add_tx, ST_OK, false, false },
		{ spare_tx, ST_OK, false, true },
	};
	uint64_t before = db_version_kept(t->db);
	CHECK(before != 0);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char name[16];
		struct thing thing = { (int64_t)i + 1, name, steps[i].then };
		snprintf(name, sizeof name, "%zu", i + 1);
		if (steps[i].elsewhere)
			CHECK(added_elsewhere(t, name));
		else
			CHECK_STATUS(steps[i].then, db_write(t->ctx, t->db, steps[i].fn, &thing, &t->err));
		uint64_t now = db_version_kept(t->db);
		CHECK(now != 0 && (now == before) == steps[i].kept);
		before = now;
	}
}

/* One that does not spare it, among many under one commit, counts for all. */
static void spare_fiber(void *arg)
{
	struct member *m = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	char name[32];
	snprintf(name, sizeof name, "spare %d", (int)m->id);
	struct thing thing = { m->id, name, ST_OK };
	m->got = db_write(&ctx, m->crowd->t->db, m->fn, &thing, &m->err);
	if (--m->crowd->alive == 0)
		fiber_wake(m->crowd->waiting);
}

static void version_of_a_crowd(struct store *t)
{
	for (int sparing = 0; sparing < 2; sparing++) {
		struct crowd crowd = { .t = t, .waiting = fiber_self() };
		struct member m[40];
		uint64_t before = db_version_kept(t->db);
		for (int i = 0; i < 40; i++, crowd.alive++) {
			m[i] = (struct member){ &crowd, sparing * 100 + i, sparing || i != 20 ? spare_tx : add_tx,
				ST_OK, ST_COUNT };
			CHECK(fiber_spawn(fiber_loop(fiber_self()), spare_fiber, &m[i], FIBER_LARGE));
		}
		while (crowd.alive)
			CHECK(fiber_park(FIBER_FOREVER) == ST_OK);
		for (int i = 0; i < 40; i++)
			CHECK(m[i].got == ST_OK);
		CHECK((db_version_kept(t->db) == before) == sparing);
	}
}

/* The log begins anew when it has been checkpointed and nobody reads it: numbers may not come again. */
static void version_outlives_the_log(struct store *t)
{
	uint64_t seen[40];
	for (int i = 0; i < 40; i++) {
		char id[16];
		snprintf(id, sizeof id, "%d", i + 1);
		CHECK_OK(add(t, i + 1, id));
		seen[i] = db_version(t->db);
		for (int k = 0; k < i; k++)
			CHECK(seen[k] != seen[i]);
		sqlite3 *other;
		CHECK(sqlite3_open(t->cfg.url + strlen("sqlite:"), &other) == SQLITE_OK);
		bool truncated = i % 4 ||
		        sqlite3_exec(other, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK;
		sqlite3_close(other);
		CHECK(truncated);
	}
}

static void version_not_known(struct store *t)
{
	CHECK(db_version(t->db) == 0 && db_version_kept(t->db) == 0);
}

/* --- migrations ----------------------------------------------------------------------------------------------- */

static const struct db_migration extra_list[] = {
	{ 1, "first",
	        { "CREATE TABLE extra (a BIGINT); INSERT INTO extra VALUES (1);",
	                "CREATE TABLE extra (a BIGINT); INSERT INTO extra VALUES (1);" } },
	{ 2, "broken",
	        { "INSERT INTO extra VALUES (2); INSERT INTO nowhere VALUES (1);",
	                "INSERT INTO extra VALUES (2); INSERT INTO nowhere VALUES (1);" } },
};
static struct db_query extra_count = {
	.name = "extra", .sql = { "DELETE FROM extra", "DELETE FROM extra" }, .writes = true
};

static enum status count_extra_tx(struct db_conn *c, void *arg, struct err *e)
{
	return db_exec(c, &extra_count, NULL, arg, e);
}

static void migrations(struct store *t)
{
	unsigned applied = 9;
	CHECK_OK(db_migrate(t->ctx, t->db, &fixture_migrations, 1, &applied, &t->err));
	CHECK(applied == 0);
	struct db_migration_state *state;
	size_t n;
	struct db_migration_set sets[] = { fixture_migrations, { "extra", extra_list, 2 } };
	CHECK_OK(db_migrate_status(t->ctx, t->db, sets, 2, &state, &n, &t->err));
	CHECK(n == fixture_migrations.count + 2);
	CHECK(state[0].applied && state[0].applied_us > 0 && !strcmp(state[0].owner, "fixture"));
	CHECK(!state[n - 1].applied && !strcmp(state[n - 1].name, "broken"));
}

static void broken_migration_leaves_nothing(struct store *t)
{
	unsigned applied = 0;
	int64_t rows = 0;
	struct db_migration_set set = { "extra", extra_list, 2 };
	CHECK(db_migrate(t->ctx, t->db, &set, 1, &applied, &t->err) != ST_OK);
	CHECK(applied == 1 && strstr(t->err.msg, "extra/0002_broken"));
	CHECK_OK(db_write(t->ctx, t->db, count_extra_tx, &rows, &t->err));
	CHECK(rows == 1);
}

static void changed_migration_is_refused(struct store *t)
{
	struct db_migration changed[8];
	struct db_migration_set set = { "fixture", changed, fixture_migrations.count };
	memcpy(changed, fixture_migrations.list, sizeof *changed * set.count);
	changed[1].sql[DB_SQLITE] = changed[1].sql[DB_POSTGRES] = "CREATE TABLE other (a BIGINT)";
	CHECK_STATUS(ST_CONFLICT, db_migrate(t->ctx, t->db, &set, 1, NULL, &t->err));
	CHECK(strstr(t->err.msg, "fixture/0002_parts"));
}

/* Hits are marked as the engine marks them, whatever the script, and the shown part is the one with most of them. */
static void hits_are_marked(struct store *t)
{
	static const struct { const char *text, *query, *snippet; } rows[] = {
		{ "One loaf, two loaves", "\"loaf\"", "One \2loaf\3, two loaves" },
		{ "One loaf, two loaves", "\"loa\"*", "One \2loaf\3, two \2loaves\3" },
		{ "loaf", "\"loaf\"", "\2loaf\3" },
		{ "Gr\u00f6\u00dfe und Stra\u00dfe", "\"strasse\"", "Gr\u00f6\u00dfe und \2Stra\u00dfe\3" },
		{ "\u6df1\u5ea6\u5b78\u7fd2", "\"\u5ea6\u5b78\"", "\u6df1\2\u5ea6\u5b78\3\u7fd2" },
		{ "\u5ea6\u5b78\u5ea6\u5b78\u7fd2", "\"\u5ea6\u5b78\" \"\u7fd2\"",
		        "\2\u5ea6\u5b78\3\2\u5ea6\u5b78\3\2\u7fd2\3" },
		{ "a b a b a", "\"a b a\"", "\2a b a b a\3" },
		{ "so und so", "\"so\" \"und\"", "\2so\3 \2und\3 \2so\3" },
		{ "(x) y!", "\"x\" \"y\"*", "(\2x\3) \2y\3!" },
		/* The word alone is at 1, both are at 41. */
		{ "1 crumb 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 "
		  "36 37 38 39 40 crumb crust 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 "
		  "60 61 62 63 64 65 66 67",
		        "\"crust\" \"crumb\"*",
		        "\u202633 34 35 36 37 38 39 40 \2crumb\3 \2crust\3 43 44 45 46 47 48 49 50 51 52 53 54 55 56 "
		        "57 58 59 60 61 62 63 64\u2026" },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 end", "\"end\"",
		        "\u202624 25 26 27 28 29 30 31 \2end\3" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture_marks_row *row;
		char name[512];
		snprintf(name, sizeof name, "%s%s", rows[i].text, i == 1 ? "." : ""); /* no two are called alike */
		CHECK_OK(add(t, (int64_t)i + 1, name));
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_fixture_marks(c, (int64_t)i + 1, str_c(rows[i].query), &row, &t->err));
		CHECK(row);
		char *wanted = arena_printf(t->ctx->arena, "%s%s", rows[i].snippet, i == 1 ? "." : "");
		if (!str_eq(row->marked, row->engine_marked) || !str_eqc(row->snippet, wanted))
			printf("%.*s\n%.*s\n%.*s\n", STR_ARG(row->marked), STR_ARG(row->engine_marked),
			        STR_ARG(row->snippet));
		CHECK(str_eq(row->marked, row->engine_marked));
		CHECK(str_eqc(row->snippet, wanted));
	}
}

static struct str marked(struct store *t, int64_t id, struct str name, struct str query, bool snippet)
{
	struct fixture_marks_row *row = NULL;
	struct thing thing = { id, arena_cstr(t->ctx->arena, name), ST_OK };
	if (db_write(t->ctx, t->db, add_tx, &thing, &t->err) != ST_OK)
		return STR("not added");
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK ||
	        q_fixture_marks(c, id, query, &row, &t->err) != ST_OK || !row)
		return STR("not found");
	return snippet ? row->snippet : row->marked;
}

/* So many words are marked, so many bytes of words kept, and so much of a text looked through, and no more. */
static void marks_are_bounded(struct store *t)
{
	struct buf text, query;
	buf_arena(&text, t->ctx->arena, 1 << 20);
	buf_arena(&query, t->ctx->arena, 1 << 20);
	for (int i = 1; i <= 65; i++) {
		buf_printf(&text, "%sw%d", i > 1 ? " . " : "", i);
		buf_printf(&query, " \"w%d\"", i);
	}
	struct str got = marked(t, 1, buf_str(&text), buf_str(&query), false);
	CHECK(str_find(got, STR("\2w64\3")) >= 0 && str_find(got, STR("\2w65\3")) < 0);
	for (int more = 0; more < 2; more++) { /* 2048 bytes of words, and one more */
		text.len = 0;
		query.len = 0;
		for (int i = 0; i < 4; i++) {
			buf_printf(&query, "%s\"", i ? " " : "");
			for (int k = 0; k < 511 + (i < 3 || more); k++) {
				buf_putc(&query, (char)('a' + i));
				buf_putc(&text, (char)('a' + i));
			}
			buf_puts(&query, "\"");
			buf_putc(&text, ' ');
		}
		buf_puts(&query, " \"z\"");
		buf_puts(&text, "z");
		got = marked(t, 2 + more, buf_str(&text), buf_str(&query), false);
		CHECK(str_find(got, STR("\2d")) >= 0 && (str_find(got, STR("\2z\3")) >= 0) == !more);
	}
	for (int more = 0; more < 2; more++) { /* the word ends with what is looked through; and a byte behind it */
		text.len = 0;
		while (text.len < (64 << 10) - 7u + (unsigned)more)
			buf_putc(&text, text.len % 2 ? ' ' : '1');
		buf_puts(&text, " needle here");
		got = marked(t, 4 + more, buf_str(&text), STR("\"needle\""), true);
		CHECK((str_find(got, STR("\2needl")) >= 0) == !more);
	}
}

static const struct store_test tests[] = {
	{ "ping", ping },
	{ "a_write_that_left_stops_nobody", a_write_that_left_stops_nobody },
	{ "a_savepoint_that_can_not_end", a_savepoint_that_can_not_end, "sqlite" },
	{ "ping_notices_a_writer_that_stands_still", ping_notices_a_writer_that_stands_still, "sqlite" },
	{ "deadline_holds_behind_a_long_write", deadline_holds_behind_a_long_write, "sqlite" },
	{ "hits_are_marked", hits_are_marked, "sqlite" },
	{ "marks_are_bounded", marks_are_bounded, "sqlite" },
	{ "values", values },
	{ "rows_and_each", rows_and_each },
	{ "query_inside_its_own_each", query_inside_its_own_each },
	{ "search", search },
	{ "bad_search_is_the_askers_fault", bad_search_is_the_askers_fault, "sqlite" },
	{ "wrong_type_is_noticed", wrong_type_is_noticed },
	{ "rollback_leaves_nothing", rollback_leaves_nothing },
	{ "constraints", constraints },
	{ "writes_travel_together", writes_travel_together },
	{ "soon_does_not_wait", soon_does_not_wait, NULL, with_fsync },
	{ "log_stays_bounded", log_stays_bounded, "sqlite" },
	{ "returning", returning },
	{ "writes_need_a_transaction", writes_need_a_transaction },
	{ "after_commit", after_commit },
	{ "arena_limit_rolls_back", arena_limit_rolls_back },
	{ "neighbours", neighbours },
	{ "one_snapshot", one_snapshot, "sqlite" },
	{ "reads_join", reads_join },
	{ "reads_with_another_arena_do_not_join", reads_with_another_arena_do_not_join },
	{ "deadline_ends_a_scan", deadline_ends_a_scan },
	{ "statement_limit", statement_limit, "sqlite", short_statements },
	{ "statement_limit", statement_limit, "postgres", short_statements },
	{ "statement_limit_in_a_write", statement_limit_in_a_write, NULL, short_statements },
	{ "point_read_beside_a_scan", point_read_beside_a_scan, NULL, two_readers },
	{ "readers_run_out", readers_run_out, "sqlite", one_reader },
	{ "forgotten_reads_come_back", forgotten_reads_come_back, NULL, one_patient_reader },
	{ "version_tells_of_each_commit", version_tells_of_each_commit, "sqlite" },
	{ "version_is_kept_by_who_spares_it", version_is_kept_by_who_spares_it, "sqlite" },
	{ "version_of_a_crowd", version_of_a_crowd, "sqlite" },
	{ "version_outlives_the_log", version_outlives_the_log, "sqlite" },
	{ "version_not_known", version_not_known, "postgres" },
	{ "migrations", migrations },
	{ "broken_migration_leaves_nothing", broken_migration_leaves_nothing },
	{ "changed_migration_is_refused", changed_migration_is_refused },
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--add")) {
		fiber_main(add_here, argv);
		return 0;
	}
	return store_main(
	        argc, argv, tests, COUNT_OF(tests), (const struct db_migration_set *[]){ &fixture_migrations, NULL });
}
