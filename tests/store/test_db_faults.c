/* SPDX-License-Identifier: Apache-2.0
 *
 * The database layer when things break or run out: killed connections, dead replicas, deadlocks, full queues, full
 * disks, two processes that migrate at once, callers on other threads.
 *
 * Started as "test_db_faults --migrate URL" it only migrates: the other process of that test.
 */
#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/internal.h"
#include "fixture_sql.h"
#include "rt/fiber.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

extern char **environ;

struct thing {
	int64_t id;
};

static enum status add_tx(struct db_conn *c, void *arg, struct err *e)
{
	char name[32];
	struct thing *t = arg;
	snprintf(name, sizeof name, "thing %lld", (long long)t->id);
	return q_fixture_thing_add(c, t->id, str_c(name), STR_NULL, STR_NULL, NULL, false, NULL, NULL, e);
}

static enum status add(struct store *t, struct ctx *ctx, int64_t id, struct err *e)
{
	struct thing thing = { id };
	return db_write(ctx, t->db, add_tx, &thing, e);
}

static int64_t count_in(struct ctx *ctx, struct db *db, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	struct fixture_things_count_row *row;
	if (db_read(ctx, db, &c, e) != ST_OK || q_fixture_things_count(c, &row, e) != ST_OK || !row)
		return -1;
	return row->n;
}

static int64_t count(struct store *t)
{
	return count_in(t->ctx, t->db, &t->err);
}

/* A fiber with a context of its own. */
struct worker {
	struct store *t;
	void (*run)(struct worker *w);
	struct ctx ctx;
	struct err err;
	unsigned *alive;
	struct fiber *boss;
	int64_t id, done, failed, refused; /* refused: failed, and nothing of it happened */
	enum status got;
	volatile bool *stop;
};

static void worker_main(void *arg)
{
	struct worker *w = arg;
	SCOPED_ARENA *arena = arena_new(8u << 20);
	ctx_init(&w->ctx, arena);
	w->run(w);
	if (--*w->alive == 0)
		fiber_wake(w->boss);
}

static bool start(struct worker *w)
{
	++*w->alive;
	return fiber_spawn(fiber_loop(fiber_self()), worker_main, w, FIBER_LARGE) != NULL;
}

static void join(const unsigned *alive)
{
	while (*alive)
		if (fiber_park(FIBER_FOREVER) != ST_OK)
			return;
}

/* --- bounded waiting ------------------------------------------------------------------------------------------ */

struct gate {
	_Atomic bool open, entered;
};

static enum status gate_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct gate *g = arg;
	atomic_store(&g->entered, true);
	while (!atomic_load(&g->open)) {
		if (fiber_self())
			TRY(fiber_sleep_ns(NS_PER_MS));
		else
			usleep(1000); /* SQLite's writer thread */
	}
	return ST_OK;
}

static struct gate gate;

static void gate_run(struct worker *w)
{
	w->got = db_write(&w->ctx, w->t->db, gate_tx, &gate, &w->err);
}

static void add_run(struct worker *w)
{
	w->got = add(w->t, &w->ctx, w->id, &w->err);
}

static void small_queue(struct db_config *c)
{
	c->queue = 4;
	c->pool = 1;
}

static bool hold_writer(struct store *t, struct worker *w, unsigned *alive)
{
	gate = (struct gate){ 0 };
	*w = (struct worker){ .t = t, .run = gate_run, .alive = alive, .boss = fiber_self() };
	if (!start(w))
		return false;
	while (!atomic_load(&gate.entered))
		if (fiber_sleep_ns(NS_PER_MS) != ST_OK)
			return false;
	return true;
}

static void queue_is_bounded(struct store *t)
{
	struct worker holder, w[7];
	unsigned alive = 0, ok = 0, refused = 0;
	CHECK(hold_writer(t, &holder, &alive));
	for (int i = 0; i < 7; i++) {
		w[i] = (struct worker){
			.t = t, .run = add_run, .id = i + 1, .alive = &alive, .boss = fiber_self(), .got = ST_COUNT
		};
		CHECK(start(&w[i]));
	}
	CHECK(fiber_sleep_ns(20 * NS_PER_MS) == ST_OK);
	for (int i = 0; i < 7; i++)
		refused += w[i].got == ST_UNAVAILABLE;
	atomic_store(&gate.open, true);
	join(&alive);
	for (int i = 0; i < 7; i++)
		ok += w[i].got == ST_OK;
	CHECK(refused == 3 && ok == 4);
	CHECK(count(t) == 4);
}

/* One that waits in the queue may give up; nothing of it happens later. */
static void waiting_ends_with_the_deadline(struct store *t)
{
	struct worker holder;
	unsigned alive = 0;
	CHECK(hold_writer(t, &holder, &alive));
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	ctx_init(&ctx, arena);
	ctx.deadline_ns = clock_mono_ns() + 20 * NS_PER_MS;
	enum status s = add(t, &ctx, 1, &t->err);
	atomic_store(&gate.open, true);
	join(&alive);
	CHECK(s == ST_TIMEOUT || s == ST_UNAVAILABLE);
	CHECK(holder.got == ST_OK);
	CHECK(count(t) == 0);
}

static void short_checkout(struct db_config *c)
{
	c->pool = 1;
	c->checkout_ns = 2 * NS_PER_S; /* includes connecting, on a busy machine */
}

static void checkout_times_out(struct store *t)
{
	struct worker holder;
	unsigned alive = 0;
	CHECK(hold_writer(t, &holder, &alive));
	enum status s = add(t, t->ctx, 1, &t->err);
	atomic_store(&gate.open, true);
	join(&alive);
	CHECK_STATUS(ST_UNAVAILABLE, s);
	CHECK_OK(add(t, t->ctx, 2, &t->err));
	CHECK(count(t) == 1);
}

static void quick_recycle(struct db_config *c)
{
	c->pool = 2;
	c->recycle_ns = 1;
}

static void recycled_connections(struct store *t)
{
	for (int i = 1; i <= 5; i++)
		CHECK_OK(add(t, t->ctx, i, &t->err));
	struct db_stats s;
	CHECK(count(t) == 5);
	db_stats(t->db, &s);
	CHECK(s.pool_used == 0);
	CHECK(s.pool_open <= 1); /* the reader's */
}

/* --- PostgreSQL under fire -------------------------------------------------------------------------------------- */

/* Runs one statement as administrator, blocking the loop for a moment. */
static long admin(struct store *t, const char *sql)
{
	PGconn *c = PQconnectdb(t->admin_url);
	PGresult *r = PQexec(c, sql);
	long n = PQresultStatus(r) == PGRES_TUPLES_OK ? PQntuples(r) : PQresultStatus(r) == PGRES_COMMAND_OK ? 0 : -1;
	PQclear(r);
	PQfinish(c);
	return n;
}

static const char kill_sql[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                               " WHERE datname = current_database() AND pid <> pg_backend_pid()";

static void killed_connections(struct store *t)
{
	CHECK_OK(add(t, t->ctx, 1, &t->err));
	CHECK(count(t) == 1);
	CHECK(admin(t, kill_sql) >= 1);
	CHECK(count(t) == 1);
	CHECK_OK(add(t, t->ctx, 2, &t->err));
	CHECK(count(t) == 2);
}

/* However many it gets done. */
static void fresh_ctx(struct worker *w)
{
	struct arena *a = w->ctx.arena;
	arena_reset(a);
	ctx_init(&w->ctx, a);
}

/* What fails at once has not yielded: without a pause it would keep the loop from connecting again. */
static void failed_once(struct worker *w)
{
	w->failed++;
	w->refused += w->err.status != ST_INTERNAL;
	(void)!fiber_sleep_ns(NS_PER_MS);
}

static void read_until_stopped(struct worker *w)
{
	while (!*w->stop) {
		fresh_ctx(w);
		if (count_in(&w->ctx, w->t->db, &w->err) < 0)
			failed_once(w);
		else
			w->done++;
	}
}

static void write_until_stopped(struct worker *w)
{
	for (int64_t i = 0; !*w->stop; i++) {
		fresh_ctx(w);
		if (add(w->t, &w->ctx, w->id + i, &w->err) == ST_OK)
			w->done++;
		else
			failed_once(w);
	}
}

/* Waits until each of the n has got something done: then no statement meets more kills than a round has (two; it is
   sent three times at most), on a machine however busy. */
static bool got_on(const struct worker *w, int n, int64_t times)
{
	int64_t until[12];
	for (int i = 0; i < n; i++)
		until[i] = w[i].done + times;
	for (int i = 0; i < n;) {
		if (w[i].done >= until[i])
			i++;
		else if (fiber_sleep_ns(NS_PER_MS) != ST_OK)
			return false;
	}
	return true;
}

/* Reads never notice, and writes only when COMMIT was on its way; each write that was acknowledged is there. */
static void killed_under_load(struct store *t)
{
	volatile bool stop = false;
	struct worker w[12];
	unsigned alive = 0;
	int64_t acknowledged = 0;
	for (int i = 0; i < 12; i++) {
		w[i] = (struct worker){ .t = t,
			.run = i < 6 ? read_until_stopped : write_until_stopped,
			.id = (i + 1) * 1000000,
			.alive = &alive,
			.boss = fiber_self(),
			.stop = &stop };
		CHECK(start(&w[i]));
	}
	for (int i = 0; i < 8; i++) {
		CHECK(fiber_sleep_ns(40 * NS_PER_MS) == ST_OK && got_on(w, 12, 2));
		CHECK(admin(t, kill_sql) >= 0);
		/* And again while its successors are being opened. */
		CHECK(fiber_sleep_ns(i * NS_PER_MS / 2) == ST_OK);
		CHECK(admin(t, kill_sql) >= 0);
	}
	CHECK(got_on(w, 12, 20));
	stop = true;
	join(&alive);
	for (int i = 0; i < 12; i++) {
		t->err = w[i].err;
		CHECK_STATUS(ST_OK, i < 6 && w[i].failed ? t->err.status : ST_OK);
		CHECK_STATUS(ST_OK, w[i].refused ? t->err.status : ST_OK);
		acknowledged += i < 6 ? 0 : w[i].done;
	}
	CHECK(count(t) >= acknowledged);
}

/* Ends PgBouncer, or starts it again. Its folder is in the URL. */
static bool bouncer(struct store *t, bool end)
{
	char folder[128] = "", path[160];
	const char *host = strstr(t->cfg.url, "host=");
	int pid = 0, status = -1;
	pid_t script;
	if (!host || sscanf(host, "host=%127[^&]", folder) != 1)
		return false;
	if (end) {
		snprintf(path, sizeof path, "%s/bouncer.pid", folder);
		FILE *f = fopen(path, "r");
		bool read = f && fscanf(f, "%d", &pid) == 1;
		if (f)
			fclose(f);
		return read && pid > 1 && kill(pid, SIGKILL) == 0;
	}
	char *argv[] = { (char[]){ TEST_ROOT "/tests/lib/pg.sh" }, (char[]){ "bouncer" }, folder, NULL };
	posix_spawn_file_actions_t quiet;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	bool began = posix_spawn(&script, argv[0], &quiet, NULL, argv, environ) == 0;
	posix_spawn_file_actions_destroy(&quiet);
	while (began && waitpid(script, &status, WNOHANG) == 0) /* the load goes on */
		if (fiber_sleep_ns(NS_PER_MS) != ST_OK)
			return false;
	return began && status == 0;
}

/* The pooler goes and comes back under load. Meanwhile everything is refused as unavailable, but for a COMMIT that was
   on its way; afterwards all goes on by itself. Each write that was acknowledged is there, and none that was refused.
 */
static void killed_pooler(struct store *t)
{
	volatile bool stop = false;
	struct worker w[12];
	unsigned alive = 0;
	int64_t acknowledged = 0, unknown = 0, failed = 0;
	for (int i = 0; i < 12; i++) {
		w[i] = (struct worker){ .t = t,
			.run = i < 6 ? read_until_stopped : write_until_stopped,
			.id = (i + 1) * 1000000,
			.alive = &alive,
			.boss = fiber_self(),
			.stop = &stop };
		CHECK(start(&w[i]));
	}
	for (int i = 0; i < 4; i++) {
		CHECK(got_on(w, 12, 5));
		CHECK(bouncer(t, true));
		CHECK(fiber_sleep_ns(i * 400 * NS_PER_MS) == ST_OK);
		CHECK(bouncer(t, false));
	}
	CHECK(got_on(w, 12, 20));
	stop = true;
	join(&alive);
	for (int i = 0; i < 12; i++) {
		t->err = w[i].err;
		failed += w[i].failed;
		/* The last failure of each; a read is never in doubt. */
		CHECK(!w[i].failed || t->err.status == ST_UNAVAILABLE || (i >= 6 && t->err.status == ST_INTERNAL));
		acknowledged += i < 6 ? 0 : w[i].done;
		unknown += i < 6 ? 0 : w[i].failed - w[i].refused;
	}
	int64_t there = count(t);
	CHECK(failed > 0);
	CHECK(there >= acknowledged && there <= acknowledged + unknown);
}

static void stale_plan(struct store *t)
{
	struct fixture_thing_row *row;
	CHECK_OK(add(t, t->ctx, 1, &t->err));
	for (int i = 0; i < 3; i++) {
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_fixture_thing(c, 1, &row, &t->err));
		CHECK(row && row->id == 1);
		db_read_end(&c);
		CHECK(admin(t, i % 2 ? "ALTER TABLE things ALTER COLUMN note TYPE TEXT"
		                     : "ALTER TABLE things ALTER COLUMN note TYPE VARCHAR(100)") == 0);
	}
}

struct pair {
	const char *first, *second;
	bool holds; /* its first lock, or has held it */
};
static struct pair pairs[2]; /* of fibers of one loop */

static enum status pair_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct pair *p = arg;
	struct fixture_counter_lock_row *row;
	TRY(q_fixture_counter_lock(c, str_c(p->first), &row, e));
	int64_t n = row->n + 1;
	p->holds = true;
	while (!pairs[0].holds || !pairs[1].holds)
		TRY(fiber_sleep_ns(NS_PER_MS));
	TRY(q_fixture_counter_set(c, str_c(p->first), n, NULL, e));
	TRY(q_fixture_counter_lock(c, str_c(p->second), &row, e));
	return q_fixture_counter_set(c, str_c(p->second), row->n + 1, NULL, e);
}

static enum status zero_tx(struct db_conn *c, void *arg, struct err *e)
{
	TRY(q_fixture_counter_set(c, STR("a"), 0, NULL, e));
	return q_fixture_counter_set(c, STR("b"), 0, NULL, e);
}

static void pair_run(struct worker *w)
{
	w->got = db_write(&w->ctx, w->t->db, pair_tx, &pairs[w->id], &w->err);
}

static void deadlocks_are_tried_again(struct store *t)
{
	struct worker w[2];
	unsigned alive = 0;
	struct fixture_counter_row *row;
	CHECK_OK(db_write(t->ctx, t->db, zero_tx, NULL, &t->err));
	pairs[0] = (struct pair){ "b", "a", false };
	pairs[1] = (struct pair){ "a", "b", false };
	for (int i = 0; i < 2; i++) {
		w[i] = (struct worker){ .t = t, .run = pair_run, .id = i, .alive = &alive, .boss = fiber_self() };
		CHECK(start(&w[i]));
	}
	join(&alive);
	t->err = w[0].err;
	CHECK_OK(w[0].got);
	t->err = w[1].err;
	CHECK_OK(w[1].got);
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_fixture_counter(c, STR("a"), &row, &t->err));
	CHECK(row->n == 2);
	CHECK_OK(q_fixture_counter(c, STR("b"), &row, &t->err));
	CHECK(row->n == 2);
	struct db_stats stats;
	db_stats(t->db, &stats);
	CHECK(stats.retries >= 1);
}

static enum status swallow_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct thing thing = { 1 };
	TRY(add_tx(c, &thing, e));
	enum status s = add_tx(c, &thing, e); /* there already; and its error goes unheard */
	return s == ST_CONFLICT ? ST_OK : ST_INTERNAL;
}

static void swallowed_errors_do_not_commit(struct store *t)
{
	CHECK_STATUS(ST_INTERNAL, db_write(t->ctx, t->db, swallow_tx, NULL, &t->err));
	CHECK(count(t) == 0);
}

static void dead_replica(struct db_config *c)
{
	c->replica_url = "postgresql:///none?host=/nowhere&user=postgres";
}

static void primary_answers_for_a_dead_replica(struct store *t)
{
	CHECK_OK(add(t, t->ctx, 1, &t->err));
	for (int i = 0; i < 50; i++)
		CHECK(count(t) == 1);
}

static void unreachable_is_said_at_once(struct store *t)
{
	struct db_config c = t->cfg;
	c.url = "postgresql:///none?host=/nowhere&user=postgres";
	struct db *db = db_open(&c, &t->err);
	CHECK(db);
	enum status read = db_ping(t->ctx, db, &t->err);
	enum status again = db_ping(t->ctx, db, NULL);
	struct thing thing = { 1 };
	enum status write = db_write(t->ctx, db, add_tx, &thing, NULL);
	db_close(db);
	CHECK_STATUS(ST_UNAVAILABLE, read);
	CHECK(strstr(t->err.msg, "/nowhere"));
	CHECK(again == ST_UNAVAILABLE && write == ST_UNAVAILABLE);
}

/* --- SQLite's own ---------------------------------------------------------------------------------------------- */

struct outside {
	struct store *t;
	int64_t id;
	enum status wrote;
	int64_t counted;
};

static void *outside_main(void *arg)
{
	struct outside *o = arg;
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	struct err e;
	ctx_init(&ctx, arena);
	o->wrote = add(o->t, &ctx, o->id, &e);
	o->counted = count_in(&ctx, o->t->db, &e);
	return NULL;
}

static void callers_outside_fibers(struct store *t)
{
	struct outside o[6];
	pthread_t thread[6];
	for (int i = 0; i < 6; i++) {
		o[i] = (struct outside){ t, i + 1, ST_COUNT, -1 };
		CHECK(pthread_create(&thread[i], NULL, outside_main, &o[i]) == 0);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 6; i++)
		CHECK(o[i].wrote == ST_OK && o[i].counted >= 1);
	CHECK(count(t) == 6);
}

static void garbage_is_not_a_database(struct store *t)
{
	char path[256], url[300];
	snprintf(path, sizeof path, "%s/garbage.db", t->folder);
	FILE *f = fopen(path, "w");
	CHECK(f);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	snprintf(url, sizeof url, "sqlite:%s", path);
	struct db_config c = t->cfg;
	c.url = url;
	CHECK(!db_open(&c, &t->err));
	CHECK(t->err.status == ST_CORRUPT && strstr(t->err.msg, path));
}

static void file_is_private(struct store *t)
{
	struct stat st;
	CHECK(stat(t->cfg.url + strlen("sqlite:"), &st) == 0);
	CHECK((st.st_mode & 0777) == 0600);
}

static enum status blob_tx(struct db_conn *c, void *arg, struct err *e)
{
	static const char data[64 << 10];
	char name[32];
	int64_t id = *(int64_t *)arg;
	snprintf(name, sizeof name, "blob %lld", (long long)id);
	return q_fixture_thing_add(c, id, str_c(name), STR_NULL, str_n(data, sizeof data), NULL, false, NULL, NULL, e);
}

/* A disk of two megabytes fills up: writes are refused, what was acknowledged stays, and with room again they go on. */
static void full_disk(struct store *t)
{
	char folder[128], url[200], ballast[160];
	snprintf(folder, sizeof folder, "%s/disk", t->folder);
	snprintf(url, sizeof url, "sqlite:%s/full.db", folder);
	snprintf(ballast, sizeof ballast, "%s/ballast", folder);
	CHECK(mkdir(folder, 0700) == 0);
	if (mount("tmpfs", folder, "tmpfs", 0, "size=3m") != 0) {
		printf("       (no right to mount: full_disk not run)\n");
		return;
	}
	FILE *f = fopen(ballast, "w");
	for (int i = 0; f && i < 1 << 20; i++)
		fputc('x', f);
	if (f)
		fclose(f);
	struct db_config cfg = t->cfg;
	cfg.url = url;
	struct db *db = db_open(&cfg, &t->err);
	int64_t acknowledged = 0, id = 0, found = -1, after = -1;
	enum status s = db ? db_migrate(t->ctx, db, &fixture_migrations, 1, NULL, &t->err) : t->err.status;
	while (s == ST_OK && ++id < 200) {
		s = db_write(t->ctx, db, blob_tx, &id, &t->err);
		acknowledged += s == ST_OK;
	}
	enum status full = s;
	if (db) {
		found = count_in(t->ctx, db, NULL);
		unlink(ballast);
		id = 1000;
		s = db_write(t->ctx, db, blob_tx, &id, &t->err);
		after = count_in(t->ctx, db, NULL);
		db_close(db);
	}
	umount(folder);
	CHECK_STATUS(ST_IO, full);
	CHECK(acknowledged > 3 && found == acknowledged);
	CHECK_OK(s);
	CHECK(after == acknowledged + 1);
}

/* --- two processes ---------------------------------------------------------------------------------------------- */

static const char *self_path;

struct migrator {
	const char *url;
	bool pooler;
	int rc;
};

#define MANY 12
static void many_migrations(struct db_migration list[MANY], char sql[MANY][64])
{
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(sql[i], 64, "CREATE TABLE m%u (a BIGINT)", i);
		list[i] = (struct db_migration){ .number = i + 1, .name = "m", .sql = { sql[i], sql[i] } };
	}
}

static void migrate_main(void *arg)
{
	struct migrator *m = arg;
	struct db_migration list[MANY];
	char sql[MANY][64];
	many_migrations(list, sql);
	struct db_migration_set set = { "many", list, MANY };
	SCOPED_ARENA *arena = arena_new(1u << 20);
	struct ctx ctx;
	struct err e;
	struct db_config c;
	ctx_init(&ctx, arena);
	db_config_default(&c);
	c.name = "other";
	c.url = m->url;
	c.pooler = m->pooler;
	struct db *db = db_open(&c, &e);
	unsigned applied = 0;
	m->rc = !db || db_migrate(&ctx, db, &set, 1, &applied, &e) != ST_OK ? 255 : (int)applied;
	if (m->rc == 255)
		fprintf(stderr, "%s\n", e.msg);
	db_close(db);
}

/* Each migration is applied by exactly one of four processes that start together. */
static void processes_migrate_at_once(struct store *t)
{
	pid_t pid[4];
	int sum = 0;
	char verb[] = "--migrate", pooler[] = "pooler";
	char *argv[] = { (char *)self_path, verb, (char *)t->cfg.url, t->cfg.pooler ? pooler : NULL, NULL };
	for (int i = 0; i < 4; i++)
		CHECK(posix_spawn(&pid[i], self_path, NULL, NULL, argv, environ) == 0);
	for (int i = 0; i < 4; i++) {
		int status;
		CHECK(waitpid(pid[i], &status, 0) == pid[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= MANY);
		sum += WEXITSTATUS(status);
	}
	CHECK(sum == MANY);
}

static enum status forget_tx(struct db_conn *c, void *arg, struct err *e)
{
	TRY(db_of(c)->ops->migration_lock(c, e));
	return db_of(c)->ops->script(c, "DROP TABLE schema_migrations", e);
}

/* A database without any is made whole by one of them. */
static void processes_make_a_database_at_once(struct store *t)
{
	CHECK_OK(db_write(t->ctx, t->db, forget_tx, NULL, &t->err));
	processes_migrate_at_once(t);
}

static const struct store_test tests[] = {
	{ "queue_is_bounded", queue_is_bounded, NULL, small_queue },
	{ "waiting_ends_with_the_deadline", waiting_ends_with_the_deadline, NULL, small_queue },
	{ "checkout_times_out", checkout_times_out, "postgres", short_checkout },
	{ "checkout_times_out", checkout_times_out, "pgbouncer", short_checkout },
	{ "recycled_connections", recycled_connections, "postgres", quick_recycle },
	{ "killed_connections", killed_connections, "postgres" },
	{ "killed_connections", killed_connections, "pgbouncer" },
	{ "killed_under_load", killed_under_load, "postgres" },
	{ "killed_under_load", killed_under_load, "pgbouncer" },
	{ "killed_pooler", killed_pooler, "pgbouncer" },
	{ "stale_plan", stale_plan, "postgres" },
	{ "stale_plan", stale_plan, "pgbouncer" },
	{ "deadlocks_are_tried_again", deadlocks_are_tried_again, "postgres" },
	{ "deadlocks_are_tried_again", deadlocks_are_tried_again, "pgbouncer" },
	{ "swallowed_errors_do_not_commit", swallowed_errors_do_not_commit, "postgres" },
	{ "primary_answers_for_a_dead_replica", primary_answers_for_a_dead_replica, "postgres", dead_replica },
	{ "unreachable_is_said_at_once", unreachable_is_said_at_once, "postgres" },
	{ "callers_outside_fibers", callers_outside_fibers, "sqlite" },
	{ "garbage_is_not_a_database", garbage_is_not_a_database, "sqlite" },
	{ "file_is_private", file_is_private, "sqlite" },
	{ "full_disk", full_disk, "sqlite" },
	{ "processes_migrate_at_once", processes_migrate_at_once },
	{ "processes_make_a_database_at_once", processes_make_a_database_at_once },
};

int main(int argc, char **argv)
{
	self_path = "/proc/self/exe";
	if (argc >= 3 && !strcmp(argv[1], "--migrate")) {
		log_setup(LOG_ERROR, LOG_TEXT);
		struct migrator m = { .url = argv[2], .pooler = argc > 3 };
		fiber_main(migrate_main, &m);
		return m.rc;
	}
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *const[]){ &fixture_migrations, NULL });
}
