/* SPDX-License-Identifier: Apache-2.0
 *
 * A client may leave at any moment. For every route of the house: its request is ended at the first wait it makes, then
 * at the second, … until it makes no more; each time while it waits, and once more between the end of the wait and what
 * follows. It is ended as a disconnect ends it: the server closes the connection. A third time its deadline passes
 * there: then the client, who is there, gets an answer that does not call it a failure of ours. Afterwards the house is
 * as it was (`things`), and the same request succeeds.
 *
 *     test_cancel sqlite|postgres|redis [PART/OF]      only every OF-th sample, from the PART-th;
 * GUILDHALL_TEST_ONLY=text: those with it in their name
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <libpq-fe.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "net/client/client.h"
#include "net/conn/server.h"
#include "platform/auth/store.h"
#include "platform/cache/cache.h"
#include "platform/cache/redis.h"
#include "platform/media/media.h"
#include "platform/web/web_int.h"
#include "platform/work/job.h"
#include "round.h"
#include "rt/fiber.h"
#include "rt/offload.h"

enum {
	STREAM_S = 20, /* patience with a stream that is to be ended at a wait */
	WAITS_MAX = 400 /* more than any request makes: it goes round in circles */,
	QUIET_S = 60,
	ANSWER_MAX = 8 << 20
};
enum moment { WHILE_IT_WAITS, WHEN_IT_WAKES, OUT_OF_TIME, MOMENTS };
static const char *const moment_names[MOMENTS] = { "while it waits", "as it wakes", "by its deadline" };

static struct house house;
static char answer[ANSWER_MAX];
static unsigned failures, passed, cancelled_runs, whole_runs;

/* --- the request that is ended --------------------------------------------------------------------------------- */

static struct {
	/* Set by the test's thread between requests. */
	_Atomic bool armed;
	unsigned at; /* which wait; 0: none */
	enum moment moment;
	int body_wanted; /* eventfd: the request waits for its body */
	/* Of the loop. */
	struct fiber *fiber;
	struct request *q;
	unsigned waits;
	_Atomic bool hit;
} target;

static void (*real_handle)(struct http_req *r, void *arg);

/* A thread that is given work by the request is told of it when the request waits for it, no sooner: else it would
   often be done before, and the wait none. One that is ended while it waits takes its work back before the thread knows
   of it. */
static struct { pthread_cond_t *at[8]; unsigned n, turns; bool held; struct task task; } untold;

int __real_pthread_cond_signal(pthread_cond_t *c);
int __wrap_pthread_cond_signal(pthread_cond_t *c);
int __wrap_pthread_cond_signal(pthread_cond_t *c)
{
	if (!target.fiber || fiber_self() != target.fiber || untold.n == sizeof untold.at / sizeof *untold.at)
		return __real_pthread_cond_signal(c);
	untold.at[untold.n++] = c;
	return 0;
}

/* What burns the processor gives way to all else, which here is only the other tests. */
int __wrap_pthread_setschedparam(pthread_t t, int policy, const struct sched_param *p);
int __wrap_pthread_setschedparam(pthread_t t, int policy, const struct sched_param *p)
{
	return 0;
}

static void tell(void)
{
	while (untold.n)
		__real_pthread_cond_signal(untold.at[--untold.n]);
}

/* Two turns on: the request was cancelled in the first, and has run, if that wakes it, in the second. If it does not,
 * the work is done. */
static void tell_later(struct task *t)
{
	if (untold.turns-- > 0) {
		loop_defer(loop_current(), t);
		return;
	}
	untold.held = false;
	tell();
}

static void leave(void)
{
	target.hit = true;
	if (target.moment == OUT_OF_TIME) {
		target.q->r.ctx.deadline_ns = 1; /* of this boot */
		fiber_set_deadline(1);
	} else {
		conn_close(target.q->conn);
	}
	if (target.moment != WHEN_IT_WAKES) {
		untold.turns = 2;
		untold.held = true;
		untold.task.run = tell_later;
		loop_defer(loop_current(), &untold.task);
	}
	/* The server learns of it at the end of the loop's turn: while it waits, that is before anything can end the
	 * wait. */
	while (target.moment == WHEN_IT_WAKES && !target.q->gone)
		fiber_yield();
}

static void on_wait(bool woken)
{
	if (!target.fiber || fiber_self() != target.fiber)
		return;
	if (!woken && target.q->rest_owed)
		eventfd_write(target.body_wanted, 1);
	target.waits += woken;
	bool now = target.moment == WHEN_IT_WAKES ? woken && target.waits == target.at
	                                          : !woken && target.waits + 1 == target.at;
	if (now && !target.hit && target.q->conn)
		leave();
	else if (!untold.held)
		tell();
}

static void handle(struct http_req *r, void *arg)
{
	if (target.armed && !target.fiber) {
		target.q = request_of(r);
		target.waits = 0;
		target.fiber = fiber_self();
	}
	real_handle(r, arg);
	if (target.fiber != fiber_self())
		return;
	target.fiber = NULL;
	if (!untold.held)
		tell();
}

static void wrap(struct http_app *app)
{
	real_handle = app->handle;
	app->handle = handle;
}

/* --- what is to be as it was ------------------------------------------------------------------------------------ */

enum thing {
	FIBERS,
	GIVEN_UP,
	HTTP_OPEN,
	HTTP_ACTIVE,
	HTTP_WAITING,
	HTTP_OWED,
	LINES,
	PAGE_FLIGHTS,
	CACHE_FLIGHTS,
	LARGE_TAKEN,
	LARGE_WAITING_,
	DB_USED,
	DB_WAITING,
	AUTH_USED,
	AUTH_WAITING,
	OPEN_TRANSACTIONS,
	OUTBOUND,
	OUTBOUND_WAITING,
	LANE_QUEUED,
	LANE_RUNNING,
	JOBS_HELD,
	FILES,
	THINGS
};
static const char *const thing_names[THINGS] = { "fibers", "fibers given up", "connections", "requests",
	"requests in line", "bytes owed", "places in lines", "pages being made", "cache entries being made",
	"large pages", "waiting for a large page", "database connections in use", "waiting for a database",
	"sign-in store's connections in use", "waiting for the sign-in store", "transactions open at the server",
	"outbound connections in use", "waiting for an outbound connection", "work queued in lanes",
	"work running in lanes", "jobs held", "files open" };
struct things { int64_t n[THINGS]; };

static void count_http(struct things *t)
{
	struct http_server_stats s;
	http_server_stats(house.server, &s);
	t->n[HTTP_OPEN] = s.open;
	t->n[HTTP_ACTIVE] = s.active;
	t->n[HTTP_WAITING] = s.waiting;
	t->n[HTTP_OWED] = (int64_t)s.owed;
	for (unsigned i = 0; i < HTTP_LINES; i++)
		t->n[LINES] += house.server->workers[0]->lines[i].at_work + house.server->workers[0]->lines[i].waiting;
}

static void count_pages(struct things *t)
{
	struct web_app *a = house.p->web;
	struct cache_stats c;
	for (unsigned i = 0; i < FLIGHTS; i++)
		t->n[PAGE_FLIGHTS] += a->flights.hashes[i] != 0;
	cache_stats(house.p->cache, &c);
	t->n[CACHE_FLIGHTS] = (int64_t)c.flights;
	t->n[LARGE_TAKEN] = -(int64_t)a->large.free;
	t->n[LARGE_WAITING_] = a->large.waiting;
}

static void count_stores(struct things *t)
{
	struct db_stats d;
	for (unsigned i = 0; i < house.p->service_count; i++) {
		if (!house.p->services[i].db)
			continue;
		db_stats(house.p->services[i].db, &d);
		t->n[DB_USED] += d.pool_used;
		t->n[DB_WAITING] += d.waiting;
	}
	if (authstore_stats(house.p->auth, &d)) {
		t->n[AUTH_USED] = d.pool_used;
		t->n[AUTH_WAITING] = d.waiting;
	}
}

static void count_work(struct things *t)
{
	struct http_pool *const pools[] = { house.p->pool_read, house.p->pool_action, house.p->pool_web };
	struct http_pool_stats h;
	struct offload_stats o;
	struct job_stats j;
	for (unsigned i = 0; i < 3; i++) {
		http_pool_stats(pools[i], &h);
		t->n[OUTBOUND] += h.in_use;
		t->n[OUTBOUND_WAITING] += h.waiting;
	}
	for (unsigned i = 0; i < OFFLOAD_LANES; i++) {
		offload_stats((enum offload_lane)i, &o);
		t->n[LANE_QUEUED] += o.queued;
		t->n[LANE_RUNNING] += o.running;
	}
	jobs_stats(house.p->jobs, &j);
	t->n[JOBS_HELD] = j.running + j.waiting;
}

/* Of PostgreSQL itself: whoever is in a transaction and asks nothing. SQLite's readers give theirs up as they are
 * handed back. */
static int64_t open_transactions(void)
{
	static PGconn *c;
	char sql[256];
	if (!house.database[0])
		return 0;
	if (!c)
		c = PQconnectdb(getenv("GUILDHALL_TEST_PG"));
	snprintf(sql, sizeof sql,
	        "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'h%d!_%%' ESCAPE '!' AND state LIKE 'idle in "
	        "transaction%%'",
	        (int)getpid());
	PGresult *r = PQexec(c, sql);
	int64_t n = PQresultStatus(r) == PGRES_TUPLES_OK ? atoi(PQgetvalue(r, 0, 0)) : -1;
	PQclear(r);
	return n;
}

/* Files and folders, not sockets: those of pools come and go. */
static int64_t open_files(void)
{
	char path[64], to[256];
	int64_t files = 0;
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof path, "/proc/self/fd/%.20s", e->d_name);
		ssize_t n = readlink(path, to, sizeof to - 1);
		to[n > 0 ? n : 0] = 0;
		files += n > 0 && to[0] == '/' && !strstr(to, "/data/") && !strstr(to, "/proc/");
	}
	if (d)
		closedir(d);
	return files;
}

static void count(struct ctx *ctx, void *arg)
{
	struct things *t = arg;
	*t = (struct things){ 0 };
	t->n[FIBERS] = fiber_count(house.loop);
	t->n[GIVEN_UP] = (int64_t)fibers_given_up();
	count_http(t);
	count_pages(t);
	count_stores(t);
	count_work(t);
	t->n[FILES] = open_files();
}

static void count_all(struct things *t)
{
	house_in_fiber(&house, count, t);
	t->n[OPEN_TRANSACTIONS] = open_transactions();
}

/* Waits until all is as before: what goes on for a moment after its request (work of a lane, a connection that lingers)
 * may. */
static bool settles(const struct things *before, const char *name)
{
	struct things now;
	int64_t until = clock_mono_ns() + QUIET_S * NS_PER_S;
	do {
		count_all(&now);
		if (!memcmp(before, &now, sizeof now))
			return true;
		usleep(200);
	} while (clock_mono_ns() < until);
	for (unsigned i = 0; i < THINGS; i++)
		if (now.n[i] != before->n[i])
			printf("FAIL %s: %s: %lld, before %lld\n", name, thing_names[i], (long long)now.n[i],
			        (long long)before->n[i]);
	return false;
}

/* --- one request -------------------------------------------------------------------------------------------------- */

/* The body goes when it is waited for, so that this is a wait too; or the answer comes without. */
static void send_body(int fd, const char *body, size_t n)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLIN }, { .fd = target.body_wanted, .events = POLLIN } };
	eventfd_t wanted;
	(void)poll(p, 2, QUIET_S * 1000);
	if (p[1].revents & POLLIN) {
		eventfd_read(target.body_wanted, &wanted);
		house_send(fd, body, n);
	}
}

/* A stream that is to be ended at a wait. Its signs of life would go on for ever: a wait that has not come by then is
   none of its own. */
static int read_stream(int fd, size_t *got)
{
	static char rest[4096];
	int status = house_read_head(fd, answer, sizeof answer, got);
	int64_t until = clock_mono_ns() + STREAM_S * NS_PER_S;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (!target.hit && clock_mono_ns() < until)
		if (poll(&p, 1, 50) > 0 && read(fd, rest, sizeof rest) <= 0)
			return status;
	while (target.hit)
		if (poll(&p, 1, QUIET_S * 1000) <= 0)
			return -1; /* it was ended, and goes on */
		else if (read(fd, rest, sizeof rest) <= 0)
			return status;
	return status;
}

/* at 0: nothing ends it. Returns the answer's status, 0: none, -1: it stands still. */
static int ask(struct round *r, unsigned at, enum moment moment)
{
	static char head[ROUND_HEAD_MAX], body[1 << 17];
	size_t body_len = SIZE_MAX, got;
	eventfd_t stale;
	round_prepare(&house, r);
	if (r->x.body.p || r->s->body)
		body_len = round_body(r, body, sizeof body);
	size_t head_len = round_head(r, body_len, head);
	while (eventfd_read(target.body_wanted, &stale) == 0)
		;
	target.at = at;
	target.moment = moment;
	target.hit = false;
	target.armed = true;
	int fd = house_connect(&house);
	house_send(fd, head, head_len);
	if (body_len != SIZE_MAX && body_len)
		send_body(fd, body, body_len);
	/* A stream has no time limit of its own: what runs out of time before it began is a stream all the same. */
	bool head_only = r->s->endless && (!at || moment == OUT_OF_TIME);
	int status = head_only       ? house_read_head(fd, answer, sizeof answer, &got)
	             : r->s->endless ? read_stream(fd, &got)
	                             : house_read(fd, answer, sizeof answer, &got);
	/* Its head was there before it came to its wait: left now, it would be taken for the next request. */
	int64_t until = clock_mono_ns() + STREAM_S * NS_PER_S;
	while (head_only && at && !target.hit && clock_mono_ns() < until)
		usleep(1000);
	close(fd);
	target.armed = false;
	return status;
}

/* --- all its waits ------------------------------------------------------------------------------------------------ */

static char running[512]; /* for the line that a standstill ends with */

static void on_abort(int signo)
{
	dprintf(1, "FAIL after %s\n", running);
}

static bool succeeds(struct round *r, const struct things *before, const char *name)
{
	int status = ask(r, 0, WHILE_IT_WAITS);
	whole_runs++;
	if (status == r->s->want)
		return !before || settles(before, name);
	printf("FAIL %s: %d instead of %d\n%.1500s\n", name, status, r->s->want, answer);
	return false;
}

/* False: something is wrong. *more: it made so many waits. */
static bool end_at(struct round *r, unsigned at, enum moment moment, const struct things *before, bool *more)
{
	snprintf(running, sizeof running, "%s: %s %s (%s), ended at wait %u, %s", house.engine, r->s->method,
	        r->s->path, r->s->service, at, moment_names[moment]);
	int status = ask(r, at, moment);
	*more = target.hit;
	if (!*more)
		return true;
	cancelled_runs++;
	if (status < 0) {
		printf("FAIL %s: it stands still\n", running);
		return false;
	}
	if (moment == OUT_OF_TIME && (!status || status == 500)) {
		printf("FAIL %s: answered with %d\n", running, status);
		return false;
	}
	return settles(before, running) && succeeds(r, before, running);
}

/* On SQLite each wait is ended at every moment; elsewhere, where a request waits for a server each time, at one of them
   by turns. */
static bool every_moment(void)
{
	return !strcmp(house.engine, "sqlite");
}

static bool end_at_each_wait(struct round *r, unsigned moment, const struct things *before, unsigned *waits)
{
	static unsigned turn;
	const unsigned most = r->s->endless ? r->s->endless : WAITS_MAX;
	bool more = true, good = true;
	*waits = 0;
	while (more && good && *waits < most) {
		unsigned m = every_moment() ? moment : turn++ % MOMENTS;
		good = end_at(r, *waits + 1, (enum moment)m, before, &more);
		*waits += more;
	}
	if (good && *waits == WAITS_MAX)
		printf("FAIL %s: %s %s (%s): no end of its waits\n", house.engine, r->s->method, r->s->path,
		        r->s->service);
	return good && *waits < WAITS_MAX;
}

static void try_sample(const struct sample *s)
{
	static struct round r;
	struct things before;
	int64_t began = clock_mono_ns();
	char name[256];
	unsigned waits = 0;
	r = (struct round){ .s = s };
	snprintf(name, sizeof name, "%s: %s %s (%s)", house.engine, s->method, s->path, s->service);
	/* Twice: what is opened or kept at the first use is there then. */
	if (!succeeds(&r, NULL, name) || !succeeds(&r, NULL, name)) {
		failures++;
		return;
	}
	do {
		usleep(1000);
		count_all(&before);
	} while (before.n[HTTP_OPEN] || before.n[HTTP_ACTIVE] || before.n[LANE_RUNNING] || before.n[LANE_QUEUED]);
	for (unsigned m = 0; m < (every_moment() ? MOMENTS : 1); m++)
		if (!end_at_each_wait(&r, m, &before, &waits)) {
			failures++;
			return;
		}
	passed++;
	printf("ok   %s %s %s: %u waits, %lld ms\n", house.engine, s->method, s->path, waits,
	        (long long)((clock_mono_ns() - began) / NS_PER_MS));
}

/* --- many pictures ------------------------------------------------------------------------------------------------ */

enum { UPLOADS = 12 };

/* Every thread of the pictures' lane stands in one of these until it is let go. */
static sem_t held, let_go;

static void stand(void *arg)
{
	sem_post(&held);
	while (sem_wait(&let_go) && errno == EINTR)
		;
}

static void hold_pictures(struct ctx *ctx, void *threads)
{
	for (unsigned i = 0; i < *(unsigned *)threads; i++)
		if (offload_detached(OFFLOAD_PICTURES, stand, NULL, NULL) != ST_OK)
			abort();
}

static struct offload_stats pictures(void)
{
	struct offload_stats o;
	offload_stats(OFFLOAD_PICTURES, &o);
	return o;
}

static unsigned active(void)
{
	struct http_server_stats s;
	http_server_stats(house.server, &s);
	return s.active;
}

static unsigned kept;

static int count_kept(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	kept += type == FTW_F;
	return 0;
}

static unsigned files_kept(void)
{
	char path[128];
	kept = 0;
	snprintf(path, sizeof path, "%s/media", house.data);
	nftw(path, count_kept, 16, FTW_PHYS);
	return kept;
}

static const struct sample *sample_of(const char *pattern, const char *part)
{
	for (size_t i = 0; i < sample_count; i++)
		if (!strcmp(samples[i].method, "POST") && !strcmp(samples[i].pattern, pattern) &&
		        strstr(samples[i].body ? samples[i].body : "", part))
			return &samples[i];
	abort();
}

/* One member's pictures wait before a lane in which nothing moves: somebody else signs in all the same. Their senders
   leave: of what waited nothing is done when the lane moves again, and nothing is kept. */
static void pictures_hold_up_nobody(void)
{
	static char head[ROUND_HEAD_MAX], body[1 << 17];
	static struct round upload, sign_in;
	struct offload_stats before = pictures();
	unsigned threads = before.threads, files = files_kept();
	int fds[UPLOADS];
	upload = (struct round){ .s = sample_of("/account/profile", "") };
	while (upload.s->body)
		upload.s++;
	sign_in = (struct round){ .s = sample_of("/sign-in", "quiet") };
	sem_init(&held, 0, 0);
	sem_init(&let_go, 0, 0);
	house_in_fiber(&house, hold_pictures, &threads);
	for (unsigned i = 0; i < threads; i++)
		sem_wait(&held);
	round_prepare(&house, &upload);
	for (unsigned i = 0; i < UPLOADS; i++) {
		size_t n = round_fill(&upload, upload.x.body, body, sizeof body);
		body[n - 20] = (char)('a' + i); /* behind the picture's end: another one each */
		fds[i] = house_connect(&house);
		house_send(fds[i], head, round_head(&upload, n, head));
		house_send(fds[i], body, n);
	}
	while (!pictures().queued) /* the first of them is in the lane, the others wait for their share */
		usleep(1000);
	bool good = succeeds(&sign_in, NULL, "a sign-in beside pictures that stand still") &&
	        pictures().done == before.done;
	for (unsigned i = 0; i < UPLOADS; i++)
		close(fds[i]);
	while (active() > 1) /* the one in the lane stays until its work is taken from it */
		usleep(1000);
	for (unsigned i = 0; i < threads; i++)
		sem_post(&let_go);
	while (active() || pictures().queued || pictures().running)
		usleep(1000);
	if (files_kept() != files)
		printf("FAIL pictures: %u files are kept of those who left\n", files_kept() - files);
	good = files_kept() == files && succeeds(&upload, NULL, "a picture after those who left") && good;
	printf("%s %s pictures hold up nobody\n", good ? "ok  " : "FAIL", house.engine);
	failures += !good;
	passed += good;
}

/* --- every route -------------------------------------------------------------------------------------------------- */

static bool is_for(const struct sample *s, const struct route_entry *e)
{
	return !strcmp(s->service, e->svc ? e->svc->def->name : "") && !strcmp(s->method, e->route->method) &&
	        !strcmp(s->pattern, e->pattern);
}

/* Routes that services share are the same row for each: one sample will do. */
static bool has_sample(const struct route_entry *e, const struct route_entry *const *entries, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; entries[k]->route == e->route && i < sample_count; i++)
			if (is_for(&samples[i], entries[k]))
				return true;
	const char *service = e->svc ? e->svc->def->name : NULL;
	printf("FAIL no sample for %s %s: add one to %s%s\n", e->route->method, e->pattern,
	        service ? service : "tests/cancel/samples.c", service ? "/samples.def" : "");
	return false;
}

static void check_samples(void)
{
	const struct route_entry *const *entries;
	size_t n = router_entries(web_app_router(house.p->web), &entries);
	for (size_t i = 0; i < n; i++)
		failures += !has_sample(entries[i], entries, n);
	for (size_t i = 0; i < sample_count; i++) {
		size_t k = 0;
		while (k < n && !is_for(&samples[i], entries[k]))
			k++;
		if (k < n)
			continue;
		printf("FAIL the sample %s %s of %s is for no route\n", samples[i].method, samples[i].pattern,
		        samples[i].service);
		failures++;
	}
}

static bool selected(size_t i, const char *part)
{
	char name[512];
	const char *only = getenv("GUILDHALL_TEST_ONLY");
	unsigned k = 1, of = 1;
	if (part)
		sscanf(part, "%u/%u", &k, &of);
	snprintf(name, sizeof name, "%s %s %s", samples[i].service, samples[i].method, samples[i].path);
	return i % of == k - 1 && (!only || strstr(name, only));
}

static int run_engine(const char *engine, const char *part)
{
	const char *needs = !strcmp(engine, "postgres") ? "GUILDHALL_TEST_PG"
	        : !strcmp(engine, "redis")              ? "GUILDHALL_TEST_REDIS"
	                                                : NULL;
	struct err e;
	if (needs && !getenv(needs))
		return 77;
	if (offload_start(2, 64, &e) != ST_OK)
		return 1;
	target.body_wanted = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fiber_watch_waits(on_wait);
	if (!house_open(&house, engine, wrap)) {
		failures++;
	} else {
		house_in_fiber(&house, scene_make, &house);
		check_samples();
		round_learn_token(&house);
		for (size_t i = 0; i < sample_count; i++)
			if (selected(i, part))
				try_sample(&samples[i]);
		if (!strcmp(engine, "sqlite") && !getenv("GUILDHALL_TEST_ONLY"))
			pictures_hold_up_nobody();
	}
	house_close(&house);
	scene_end();
	offload_stop();
	close(target.body_wanted);
	printf("%u requests ended, %u whole ones\n%u passed, %u failed\n", cancelled_runs, whole_runs, passed,
	        failures);
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], MEDIA_WORKER))
		return media_worker(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGABRT, on_abort);
	log_setup(getenv("GUILDHALL_TEST_VERBOSE") ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
	return run_engine(argc > 1 ? argv[1] : "sqlite", argc > 2 ? argv[2] : NULL);
}
