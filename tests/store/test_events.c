/* SPDX-License-Identifier: Apache-2.0
 *
 * The outbox on each engine: what is emitted reaches every handler, once as far as a handler cares, whatever fails or
 * is killed. A processor that is killed is this program again, started with --worker.
 */
#include "store.h"

#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "platform/peers/contract.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "platform/work/notify.h"
#include "rt/fiber.h"

static struct { _Atomic unsigned plain, once, effects, star; _Atomic int fail_plain, fail_once; _Atomic bool slow;
	char last[128]; } seen;

static enum status on_plain(struct ctx *ctx, const struct event *ev, struct err *e)
{
	atomic_fetch_add(&seen.plain, 1);
	if (atomic_fetch_sub(&seen.fail_plain, 1) > 0)
		return err_set(e, ST_UPSTREAM, "not yet: %0*dé é é é é é é é é é é é é é é é é é é", 160, 0);
	return ST_OK;
}

/* The effect: a row of job_cron stands for a row of the handler's own. */
static enum status effect_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct event *ev = arg;
	bool first;
	int64_t added;
	TRY(event_once(c, ev, &first, e));
	if (!first)
		return ST_OK;
	char name[32];
	snprintf(name, sizeof name, "effect%lld", (long long)ev->id);
	TRY(q_job_cron_begin(c, str_c(name), 1, &added, e));
	return added ? ST_OK : err_set(e, ST_CORRUPT, "the effect was there already");
}

static enum status on_once(struct ctx *ctx, const struct event *ev, struct err *e)
{
	atomic_fetch_add(&seen.once, 1);
	struct event copy = *ev;
	if (atomic_load(&seen.slow))
		TRY(fiber_sleep_ns(5 * NS_PER_MS));
	TRY(db_write(ctx, ctx->svc->db, effect_tx, &copy, e));
	atomic_fetch_add(&seen.effects, 1);
	/* After the effect was committed: the mark must hold. */
	if (atomic_fetch_sub(&seen.fail_once, 1) > 0)
		return err_set(e, ST_UPSTREAM, "fails after its effect");
	return ST_OK;
}

static enum status on_star(struct ctx *ctx, const struct event *ev, struct err *e)
{
	atomic_fetch_add(&seen.star, 1);
	snprintf(seen.last, sizeof seen.last, "%.*s %.*s %.*s %.*s", STR_ARG(ev->origin), STR_ARG(ev->type),
	        STR_ARG(ev->object), STR_ARG(ev->payload));
	return ST_OK;
}

static const struct event_handler writer_handlers[] = {
	{ .type = "post.published", .name = "plain", .handle = on_plain },
	{ .type = "post.published", .name = "once", .handle = on_once },
	{ 0 },
};
static const struct event_handler reader_handlers[] = { { "*", "writer", "star", on_star }, { 0 } };
static const struct service service_writer = {
	.name = "writer", .title = "W", .mount = "/", .events = writer_handlers
};
static const struct service service_reader = {
	.name = "reader", .title = "R", .mount = "/r", .events = reader_handlers
};
static const struct service service_quiet = { .name = "writer", .title = "Q", .mount = "/" };

struct bed { struct platform p; struct service_instance svc[2]; };

static void bed_end(struct bed *b)
{
	if (b->p.events)
		events_drain(b->p.events, clock_mono_ns() + 10 * NS_PER_S);
	events_free(b->p.events);
	contracts_free(b->p.contracts);
	clock_fake_us(0);
}
#define BED __attribute__((cleanup(bed_end))) struct bed

static bool bed_begin(struct bed *b, struct db *db, const struct service *first, const struct service *second)
{
	*b = (struct bed){ 0 };
	memset(&seen, 0, sizeof seen);
	b->svc[0] = (struct service_instance){ .def = first, .db = db, .platform = &b->p, .local = true };
	b->svc[1] = (struct service_instance){ .def = second, .platform = &b->p, .local = true };
	b->p.services = b->svc;
	b->p.service_count = second ? 2 : 1;
	b->p.contracts = contracts_new(&b->p, NULL);
	b->p.events = b->p.contracts ? events_new(&b->p, NULL) : NULL;
	return b->p.events != NULL;
}

static void nap(int64_t ns)
{
	if (fiber_sleep_ns(ns) != ST_OK)
		abort(); /* nobody cancels a test */
}

#define AWAIT(cond)                                                                                           \
	do {                                                                                                  \
		for (int await_ = 0; await_ < 120000 && !(cond); await_++)                                     \
			nap(NS_PER_MS);                                                                       \
		CHECK(cond);                                                                                  \
	} while (0)

struct emit { const char *type, *payload; unsigned n; enum status then; };

static enum status emit_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct emit *m = arg;
	for (unsigned i = 0; i < m->n; i++)
		TRY(event_emit(c, m->type, STR("obj"), str_c(m->payload), e));
	return m->then;
}

static enum status emit(struct store *t, const char *type, const char *payload, unsigned n)
{
	struct emit m = { type, payload, n, ST_OK };
	return db_write(t->ctx, t->db, emit_tx, &m, &t->err);
}

static int64_t waiting(struct store *t)
{
	struct event_counts_row *row = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_event_counts(c, &row, &t->err) != ST_OK || !row)
		return -1;
	return row->waiting + row->given_up * 1000000;
}

static struct event_stats stats(struct bed *b)
{
	struct event_stats s;
	events_stats(b->p.events, &s);
	return s;
}

/* --- tests --- */

static void every_handler_once(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, &service_reader));
	CHECK_OK(emit(t, "post.published", "{\"a\":\"Zoë '\\\"\"}", 200));
	CHECK_OK(events_start(b.p.events, &t->err));
	AWAIT(waiting(t) == 0);
	CHECK(seen.plain == 200 && seen.once == 200 && seen.star == 200);
	CHECK(!strcmp(seen.last, "writer post.published obj {\"a\":\"Zoë '\\\"\"}"));
	/* A commit wakes the processor, at once. */
	CHECK_OK(emit(t, "post.changed", "{}", 1));
	AWAIT(seen.star == 201);
	CHECK(seen.plain == 200);
	AWAIT(stats(&b).done == 201);
}

static void nothing_claimed_in_vain(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	CHECK_OK(events_start(b.p.events, &t->err));
	CHECK_OK(emit(t, "nobody.cares", "{}", 50));
	CHECK(waiting(t) == 0); /* history at once */
	CHECK_OK(emit(t, "post.published", "{}", 3));
	AWAIT(stats(&b).done == 3);
	nap(300 * NS_PER_MS);
	struct event_stats s = stats(&b);
	CHECK(s.claims <= 3 && s.empty_claims == 0 && s.emitted == 53);
	struct db_stats before, after;
	BED q;
	CHECK(bed_begin(&q, t->db, &service_quiet, NULL));
	CHECK_OK(events_start(q.p.events, &t->err));
	events_drain(b.p.events, clock_mono_ns() + NS_PER_S);
	db_stats(t->db, &before);
	nap(300 * NS_PER_MS);
	db_stats(t->db, &after);
	CHECK(before.reads == after.reads && before.writes == after.writes); /* no handler: not one query */
}

static void refused(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	CHECK_STATUS(ST_INVALID, emit(t, "x", "[]", 1));
	CHECK_STATUS(ST_INVALID, emit(t, "x", "{", 1));
	char *large = arena_alloc(t->ctx->arena, 70000);
	memset(large, ' ', 70000);
	memcpy(large, "{}", 2);
	large[69999] = '\0';
	CHECK_STATUS(ST_TOO_LARGE, emit(t, "x", large, 1));
	struct emit m = { "post.published", "{}", 1, ST_CONFLICT };
	CHECK_STATUS(ST_CONFLICT, db_write(t->ctx, t->db, emit_tx, &m, &t->err));
	CHECK(waiting(t) == 0);
}

struct sized { size_t type, object, payload; };

static enum status sized_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct sized *s = arg;
	struct arena *a = db_arena(c);
	char *type = arena_alloc(a, s->type + 1), *object = arena_alloc(a, s->object),
	     *payload = arena_alloc(a, s->payload);
	memset(type, 't', s->type);
	type[s->type] = '\0';
	memset(object, 'o', s->object);
	memset(payload, ' ', s->payload);
	memcpy(payload, "{}", 2);
	return event_emit(c, type, str_n(object, s->object), str_n(payload, s->payload), e);
}

/* Type, object and payload at their limits (event.c), and one more of each. */
static void as_large_as_may_be(struct store *t)
{
	static const struct { struct sized s; enum status want; } rows[] = {
		{ { 100, 2048, 65536 }, ST_OK },
		{ { 101, 1, 2 }, ST_TOO_LARGE },
		{ { 1, 2049, 2 }, ST_TOO_LARGE },
		{ { 1, 1, 65537 }, ST_TOO_LARGE },
	};
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sized s = rows[i].s;
		CHECK_STATUS(rows[i].want, db_write(t->ctx, t->db, sized_tx, &s, &t->err));
	}
}

struct noticed { size_t about, title, text, url; char letter; };

static enum status notice_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct noticed *n = arg;
	struct str texts[4];
	const size_t lens[4] = { n->about, n->title, n->text, n->url };
	for (int i = 0; i < 4; i++) {
		char *s = arena_alloc(db_arena(c), lens[i] + 1);
		memset(s, n->letter, lens[i]);
		texts[i] = str_n(s, lens[i]);
	}
	return notify_person(c,
	        &(struct notice){ .person = 7, .topic = "writer.news", .about = texts[0], .title = texts[1],
	                .text = texts[2], .url = texts[3] },
	        e);
}

/* Title and text are cut, an address is not; the whole fits whatever is in it (a quote is two bytes in JSON, a control
   character six). */
static void notices_are_cut(struct store *t)
{
	static const struct { struct noticed n; enum status want; } rows[] = {
		{ { 200, 200, 1000, 2000, 'x' }, ST_OK },
		{ { 200, 90000, 90000, 2000, 'x' }, ST_OK },
		{ { 200, 90000, 90000, 2000, '"' }, ST_OK },
		{ { 200, 90000, 90000, 2000, 1 }, ST_OK },
		{ { 201, 1, 1, 1, 'x' }, ST_INVALID },
		{ { 1, 1, 1, 2001, 'x' }, ST_INVALID },
	};
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct noticed n = rows[i].n;
		CHECK_STATUS(rows[i].want, db_write(t->ctx, t->db, notice_tx, &n, &t->err));
	}
}

#define T0 INT64_C(1795000000000000)

/* One handler fails: it alone is called again, later. */
static void a_failure_is_repeated_alone(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, &service_reader));
	clock_fake_us(T0);
	atomic_store(&seen.fail_plain, 2);
	CHECK_OK(emit(t, "post.published", "{}", 1));
	CHECK_OK(events_start(b.p.events, &t->err));
	/* Written down before the clock moves on: the next attempt is counted from then. */
	for (unsigned i = 2; i <= 3; i++) {
		AWAIT(stats(&b).retried == i - 1);
		clock_fake_us(T0 + i * 60 * US_PER_S);
		events_wake(b.p.events);
		AWAIT(seen.plain == i);
	}
	AWAIT(waiting(t) == 0);
	CHECK(seen.plain == 3 && seen.once == 1);
	CHECK(seen.star == 3); /* the reader has no database of its own here: no mark */
}

static void an_effect_is_had_once(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	clock_fake_us(T0);
	atomic_store(&seen.fail_once, 1);
	CHECK_OK(emit(t, "post.published", "{}", 1));
	CHECK_OK(events_start(b.p.events, &t->err));
	AWAIT(stats(&b).retried == 1);
	clock_fake_us(T0 + 600 * US_PER_S);
	events_wake(b.p.events);
	AWAIT(waiting(t) == 0);
	CHECK(seen.effects == 1);
}

static void given_up_in_the_end(struct store *t)
{
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	clock_fake_us(T0);
	atomic_store(&seen.fail_plain, 1000);
	CHECK_OK(emit(t, "post.published", "{}", 1));
	CHECK_OK(events_start(b.p.events, &t->err));
	for (unsigned i = 1; i <= 12; i++) {
		AWAIT(seen.plain == i);
		AWAIT(stats(&b).retried == i || stats(&b).given_up == 1);
		clock_fake_us(T0 + i * 3600 * US_PER_S);
		events_wake(b.p.events);
	}
	AWAIT(stats(&b).given_up == 1);
	CHECK(waiting(t) == 1000000);
}

/* A process that is away costs no attempts, and holds up nobody here. */
static void who_is_away_is_waited_for(struct store *t)
{
	enum { HOLDS = 30 };
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, &service_reader));
	b.svc[1].local = false; /* and no remote_url: not to be reached */
	clock_fake_us(T0);
	CHECK_OK(emit(t, "post.published", "{}", 2));
	CHECK_OK(events_start(b.p.events, &t->err));
	for (unsigned i = 1; i < HOLDS; i++) {
		AWAIT(stats(&b).held == 2 * i);
		clock_fake_us(T0 + i * 3600 * US_PER_S);
		events_wake(b.p.events);
	}
	AWAIT(stats(&b).held == 2 * HOLDS);
	CHECK(waiting(t) == 2 && seen.plain == 2 && seen.once == 2 && seen.star == 0);
	b.svc[1].local = true;
	clock_fake_us(T0 + HOLDS * 3600 * US_PER_S);
	events_wake(b.p.events);
	AWAIT(waiting(t) == 0);
	CHECK(seen.star == 2 && seen.plain == 2 && stats(&b).given_up == 0 && stats(&b).retried == 0);
}

/* Two processors of one outbox: each event is handled by one of them. */
static void replicas_share(struct store *t)
{
	struct db *other = db_open(&t->cfg, &t->err);
	CHECK(other != NULL);
	{
		BED a, b;
		CHECK(bed_begin(&a, t->db, &service_writer, NULL));
		CHECK(bed_begin(&b, other, &service_writer, NULL));
		CHECK_OK(emit(t, "post.published", "{}", 500));
		CHECK_OK(events_start(a.p.events, &t->err));
		CHECK_OK(events_start(b.p.events, &t->err));
		AWAIT(waiting(t) == 0);
		CHECK(seen.plain == 500 && seen.effects == 500);
	}
	db_close(other);
}

/* --- leases --- */

static struct { _Atomic unsigned turns; int64_t first_us, later_us; } lease;

static int64_t next_due(struct ctx *ctx)
{
	struct event_next_row *row = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, ctx->svc->db, &c, NULL) != ST_OK || q_event_next(c, &row, NULL) != ST_OK || !row)
		return -1;
	return row->next;
}

/* The first one outlasts a third of the lease, so before the second one's turn it is renewed. */
static enum status on_long(struct ctx *ctx, const struct event *ev, struct err *e)
{
	if (atomic_fetch_add(&lease.turns, 1) == 0) {
		lease.first_us = next_due(ctx);
		return fiber_sleep_ns(2100 * NS_PER_MS);
	}
	lease.later_us = next_due(ctx);
	return ST_OK;
}

static const struct event_handler long_handlers[] = { { "post.published", NULL, "long", on_long }, { 0 } };
static const struct service service_long = { .name = "writer", .title = "L", .mount = "/", .events = long_handlers };

static void a_lease_is_renewed_while_handlers_take_long(struct store *t)
{
	BED b;
	lease = (typeof(lease)){ 0 };
	CHECK(bed_begin(&b, t->db, &service_long, NULL));
	events_configure(b.p.events, 6 * NS_PER_S); /* the rest of it is for a busy machine */
	CHECK_OK(emit(t, "post.published", "{}", 2));
	CHECK_OK(events_start(b.p.events, &t->err));
	AWAIT(waiting(t) == 0);
	CHECK(lease.turns == 2);
	CHECK(lease.first_us > 0 && lease.later_us > lease.first_us);
}

static enum status over_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct event_claim_row *rows;
	size_t n;
	const int64_t far = clock_now_us() +
	        86400 * US_PER_S; /* as if the lease were over, and another processor had taken it */
	return q_event_claim(c, far - 1, far, 100, &rows, &n, e);
}

static enum status on_overrun(struct ctx *ctx, const struct event *ev, struct err *e)
{
	atomic_fetch_add(&lease.turns, 1);
	return db_write(ctx, ctx->svc->db, over_tx, NULL, e);
}

static const struct event_handler overrun_handlers[] = { { "post.published", NULL, "overrun", on_overrun }, { 0 } };
static const struct service service_overrun = {
	.name = "writer", .title = "O", .mount = "/", .events = overrun_handlers
};

/* What a processor says of an event that another one has taken over counts for nothing. */
static void an_overrun_event_is_its_successors(struct store *t)
{
	BED b;
	lease = (typeof(lease)){ 0 };
	CHECK(bed_begin(&b, t->db, &service_overrun, NULL));
	CHECK_OK(emit(t, "post.published", "{}", 1));
	CHECK_OK(events_start(b.p.events, &t->err));
	AWAIT(stats(&b).done == 1);
	CHECK(lease.turns == 1);
	CHECK(waiting(t) == 1);
}

/* --- a killed processor --- */

static enum status lapse_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct event_claim_row *rows;
	size_t n;
	int64_t now = clock_now_us();
	/* As if the dead one's lease had ended: take all claims over with a lease that ends now. */
	return q_event_claim(c, now + 3600 * US_PER_S, now, 100000, &rows, &n, e);
}

static void a_killed_processor(struct store *t)
{
	extern char **environ;
	enum { N = 300 };
	BED b;
	CHECK(bed_begin(&b, t->db, &service_writer, NULL));
	CHECK_OK(emit(t, "post.published", "{}", N));
	char *argv[] = { (char *)"test_events", (char *)"--worker", (char *)t->cfg.url,
		(char *)(t->cfg.pooler ? "pooler" : "direct"), NULL };
	for (unsigned kills = 0; kills < 2; kills++) {
		int64_t before = waiting(t);
		pid_t pid;
		CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
		AWAIT(waiting(t) < before);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		CHECK_OK(db_write(t->ctx, t->db, lapse_tx, NULL, &t->err));
	}
	CHECK(waiting(t) > 0);
	CHECK_OK(events_start(b.p.events, &t->err));
	AWAIT(waiting(t) == 0);
	/* Each event's effect is there once: effect_tx fails for good when it is there and the mark is not. */
	CHECK(stats(&b).given_up == 0 && stats(&b).retried == 0);
}

static void worker(void *arg)
{
	char **argv = arg;
	struct err e;
	struct bed b;
	struct db_config cfg;
	db_config_default(&cfg);
	cfg.name = "worker";
	cfg.url = argv[2];
	cfg.pooler = !strcmp(argv[3], "pooler");
	struct db *db = db_open(&cfg, &e);
	if (!db || !bed_begin(&b, db, &service_writer, NULL))
		exit(1);
	atomic_store(&seen.slow, true);
	if (events_start(b.p.events, &e) != ST_OK)
		exit(1);
	for (;;)
		nap(NS_PER_S); /* until killed */
}

static const struct store_test tests[] = {
	{ "every_handler_once", every_handler_once },
	{ "nothing_claimed_in_vain", nothing_claimed_in_vain },
	{ "refused", refused },
	{ "as_large_as_may_be", as_large_as_may_be },
	{ "notices_are_cut", notices_are_cut },
	{ "a_failure_is_repeated_alone", a_failure_is_repeated_alone },
	{ "an_effect_is_had_once", an_effect_is_had_once },
	{ "given_up_in_the_end", given_up_in_the_end },
	{ "who_is_away_is_waited_for", who_is_away_is_waited_for },
	{ "replicas_share", replicas_share },
	{ "a_lease_is_renewed_while_handlers_take_long", a_lease_is_renewed_while_handlers_take_long },
	{ "an_overrun_event_is_its_successors", an_overrun_event_is_its_successors },
	{ "a_killed_processor", a_killed_processor },
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--worker")) {
		fiber_main(worker, argv);
		return 0;
	}
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
			  (const struct db_migration_set *[]){ &platform_migrations, NULL });
}
