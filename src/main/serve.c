/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall serve, guildhall worker: the long-running forms of the program.
 *
 * main thread: makes the loops, then sleeps until all is over. Loop 0: boot (addresses taken, migrations, services,
 * demo content), signals, drain. All loops: listeners. An address that is taken is told before anything is loaded.
 * Order of the end: readiness says no, listeners drain while queues finish what they have, then the loops stop, then
 * what they used is freed. A boot that is under way is given up. A second SIGTERM ends at once.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "main/command.h"
#include "main/gauges.h"
#include "platform/admin/admin.h"
#include "platform/audit/audit.h"
#include "platform/auth/store.h"
#include "platform/boot/platform.h"
#include "platform/cache/redis.h"
#include "platform/hub/hub.h"
#include "platform/receive/receive.h"
#include "platform/web/web_app.h"
#include "platform/work/background.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define BOOT_MEMORY (256u << 20)
#define SIGN_MEMORY (4u << 20)
#define END_GRACE_NS (5 * NS_PER_S)

struct serving {
	struct invocation *inv;
	struct platform *p;
	struct loops *loops;
	unsigned loop_count, roles;
	struct backgrounds *backgrounds;
	bool public; /* serve; worker has no public listener */
	struct http_server *servers[WEB_ROLES];
	unsigned server_count;
	_Atomic unsigned attaching; /* loops that have not attached yet */
	_Atomic unsigned ending;    /* drains that are not done */
	_Atomic bool failed;
	struct timer failsafe;
	struct fiber *boot; /* while it is under way; loop 0 */
	struct task drain_task; /* to loop 0, from whichever attached last */
	atomic_flag drain_begun;
	sem_t over;
	struct err err;
	pthread_mutex_t err_lock;
};

static void give_up(struct serving *s, const struct err *e)
{
	pthread_mutex_lock(&s->err_lock);
	if (!s->failed)
		s->err = *e;
	s->failed = true;
	pthread_mutex_unlock(&s->err_lock);
	sem_post(&s->over);
}

/* --- listeners ---------------------------------------------------------------------------------------------- */

static struct http_limits limits_of(const struct config *c)
{
	return (struct http_limits){
		.connections = (unsigned)config_int(c, "http", "connections"),
		.in_flight = (unsigned)config_int(c, "http", "in_flight"),
		.target = (size_t)config_bytes(c, "http", "target"),
		.headers = (size_t)config_bytes(c, "http", "headers"),
		.header_count = (unsigned)config_int(c, "http", "header_count"),
		.header_time_ns = config_duration_ns(c, "http", "header_time"),
		.idle_ns = config_duration_ns(c, "http", "idle"),
		.request_ns = config_duration_ns(c, "http", "request_time"),
		.body_rate = (unsigned)config_int(c, "http", "body_rate"),
		.write_rate = (unsigned)config_int(c, "http", "write_rate"),
		.arena = (size_t)config_bytes(c, "http", "arena"),
		.at_work = (unsigned)config_int(c, "http", "at_work"),
		.waiting = (unsigned)config_int(c, "http", "waiting"),
		.memory = (size_t)config_bytes(c, "http", "memory"),
	};
}

static enum status add_server(struct serving *s, enum web_role role, const char *addr, struct err *e)
{
	const struct config *c = s->inv->config;
	struct http_server_config h = { .listen_count = 1,
		.limits = limits_of(c),
		.trusted_proxies = config_str(c, "server", "trusted_proxies"),
		.proxy_header = str_eqc(config_str(c, "server", "proxy_header"), "forwarded")
		        ? HTTP_PROXY_FORWARDED
		        : HTTP_PROXY_X_FORWARDED };
	const char *cert = config_cstr(c, "server", "tls_cert"), *key = config_cstr(c, "server", "tls_key");
	h.listen[0].addr = addr;
	if (role == WEB_PUBLIC && (*cert || *key)) {
		if (!*cert || !*key)
			return err_set(e, ST_CONFIG, "server.tls_cert and server.tls_key come together");
		h.listen[0].cert = cert;
		h.listen[0].key = key;
	}
	web_app_http(s->p->web, role, &h.app);
	struct http_server *server = http_server_new(&h, e);
	if (!server && e->status == ST_CONFLICT)
		return err_set(e, ST_CONFIG,
		        "%s is taken: another program answers there. Choose another with --listen 127.0.0.1:PORT "
		        "(./run --port PORT)",
		        addr);
	if (!server)
		return err_wrap(e, ST_CONFIG, "listening on %s", addr);
	s->servers[s->server_count++] = server;
	return ST_OK;
}

static enum status make_servers(struct serving *s, struct err *e)
{
	const struct config *c = s->inv->config;
	const char *internal = config_cstr(c, "server", "listen_internal"),
	           *ops = config_cstr(c, "server", "ops_listen");
	s->p->version = program_version();
	s->p->web = web_app_new(s->p, platform_routes, e);
	if (!s->p->web)
		return ST_CONFIG;
	if (s->public)
		TRY(add_server(s, WEB_PUBLIC, config_cstr(c, "server", "listen"), e));
	if (*internal)
		TRY(add_server(s, WEB_INTERNAL, internal, e));
	if (*ops)
		TRY(add_server(s, WEB_OPS, ops, e));
	gauges_register(s->p, s->loops, s->servers, s->server_count);
	return ST_OK;
}

static void say_ready(struct serving *s)
{
	int64_t ms = (clock_mono_ns() - s->inv->started_ns) / NS_PER_MS;
	if (s->public) {
		struct service_instance *front = &s->p->services[0];
		for (unsigned i = 0; i < s->p->service_count; i++)
			if (s->p->services[i].local) {
				front = &s->p->services[i];
				break;
			}
		printf("ready %.*s%s %lld\n", STR_ARG(front->base_url), front->base_path.n ? "" : "/", (long long)ms);
	} else {
		printf("ready worker %lld\n", (long long)ms);
	}
	fflush(stdout);
	metric_gauge(M_UP_SINCE, "", clock_now_us() / US_PER_S);
	LOG(INFO, NULL, "serve.ready", LI("ms", ms), LI("loops", s->loop_count));
}

struct attach { struct task task; struct serving *s; struct loop *loop; };

static void attach(struct task *t)
{
	struct attach *a = (struct attach *)t;
	struct serving *s = a->s;
	struct err e = { 0 };
	enum status st = ST_OK;
	for (unsigned i = 0; i < s->server_count && st == ST_OK; i++)
		st = http_server_attach(s->servers[i], a->loop, &e);
	if (st != ST_OK)
		give_up(s, &e);
	else if (--s->attaching > 0)
		;
	else if (s->p->draining)
		loop_post(loops_get(s->loops, 0), &s->drain_task); /* asked for while it started */
	else
		say_ready(s);
	free(a);
}

static enum status attach_all(struct serving *s, struct err *e)
{
	s->attaching = s->loop_count;
	for (unsigned i = 0; i < s->loop_count; i++) {
		struct attach *a = calloc(1, sizeof *a);
		if (!a)
			return err_set(e, ST_NOMEM, "no memory to start");
		*a = (struct attach){ .task = { .run = attach }, .s = s, .loop = loops_get(s->loops, i) };
		loop_post(a->loop, &a->task);
	}
	return ST_OK;
}

/* --- boot --------------------------------------------------------------------------------------------------- */

static enum status load_demo(struct serving *s, struct ctx *ctx, struct err *e)
{
	const char *dir = demo_folder(ctx->arena, s->inv->config);
	for (unsigned i = 0; i < s->p->service_count; i++) {
		struct service_instance *svc = &s->p->services[i];
		if (!svc->local || !svc->def->demo)
			continue;
		ctx->svc = svc;
		enum status st = svc->def->demo(ctx, dir, e);
		ctx->svc = NULL;
		if (st != ST_OK)
			return err_wrap(e, st, "demonstration content of %s from %s", svc->def->name, dir);
	}
	return ST_OK;
}

static enum status tell_ready(struct serving *s, struct ctx *ctx, struct err *e)
{
	for (unsigned i = 0; s->public && i < s->p->service_count; i++) {
		struct service_instance *svc = &s->p->services[i];
		if (!svc->local || !svc->def->ready)
			continue;
		ctx->svc = svc;
		enum status st = svc->def->ready(ctx, e);
		ctx->svc = NULL;
		TRY(st);
	}
	return ST_OK;
}

static enum status boot(struct serving *s, struct ctx *ctx, struct err *e)
{
	unsigned applied = 0;
	TRY(make_servers(s, e));
	if (config_bool(s->inv->config, "database", "migrate"))
		TRY(platform_migrate(ctx, s->p, &applied, e));
	if (applied)
		LOG(INFO, NULL, "serve.migrated", LI("migrations", applied));
	TRY(platform_start(ctx, s->p, e));
	if (inv_option(s->inv, "demo"))
		TRY(load_demo(s, ctx, e));
	TRY(tell_ready(s, ctx, e));
	if (s->p->auth)
		TRY(authstore_start(s->p->auth, e));
	if (s->roles & ROLE_EVENTS)
		TRY(events_start(s->p->events, e));
	if (s->roles & ROLE_JOBS)
		TRY(jobs_start(s->p->jobs, e));
	TRY(backgrounds_start(s->p, common_backgrounds, &s->backgrounds, e));
	return attach_all(s, e);
}

struct boot_turn { struct serving *s; enum status st; struct err e; };

static void boot_turn(void *arg)
{
	struct boot_turn *t = arg;
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(BOOT_MEMORY);
	if (!a)
		return;
	ctx_init(&ctx, a);
	t->st = boot(t->s, &ctx, &t->e);
}

static void boot_fiber(void *arg)
{
	struct boot_turn t = { .s = arg, .st = ST_NOMEM };
	t.s->boot = fiber_self();
	if (!fiber_turn("boot", boot_turn, &t) || (t.st == ST_NOMEM && !t.e.msg[0]))
		t.st = err_set(&t.e, ST_NOMEM, "no memory to start");
	t.s->boot = NULL;
	if (t.st != ST_OK && t.s->p->draining) {
		sem_post(&t.s->over); /* ended before it began */
	} else if (t.st != ST_OK) {
		t.e.status = t.st;
		give_up(t.s, &t.e);
	}
}

/* --- signals and the end ------------------------------------------------------------------------------------ */

static void sign_chains(void *arg);

static void one_ended(void *arg)
{
	struct serving *s = arg;
	if (--s->ending == 0 && !fiber_spawn_on(loops_get(s->loops, 0), sign_chains, s, FIBER_LARGE))
		sem_post(&s->over);
}

static void end_queues(void *arg)
{
	struct serving *s = arg;
	int64_t until = clock_mono_ns() + config_duration_ns(s->inv->config, "server", "drain");
	backgrounds_drain(s->backgrounds, until);
	if (s->roles & ROLE_JOBS)
		jobs_drain(s->p->jobs, until);
	if (s->roles & ROLE_EVENTS)
		events_drain(s->p->events, until);
	one_ended(s);
}

static void close_audit(void *arg)
{
	struct serving *s = arg;
	SCOPED_ARENA *a = arena_new(SIGN_MEMORY);
	struct ctx ctx;
	if (!a)
		return;
	ctx_init(&ctx, a);
	ctx.deadline_ns = clock_mono_ns() + END_GRACE_NS;
	audit_close(&ctx, s->p);
}

/* All is written that will be. The failsafe is still set. */
static void sign_chains(void *arg)
{
	struct serving *s = arg;
	(void)!fiber_turn("audit.close", close_audit, s); /* chains unsigned at the end are signed at the next start */
	sem_post(&s->over);
}

static void serving_cut(struct timer *t)
{
	struct serving *s = (struct serving *)((char *)t - offsetof(struct serving, failsafe));
	LOG(WARN, NULL, "serve.cut", LI("not_ended", s->ending));
	sem_post(&s->over);
}

/* Once. While the process starts: the start is given up, or, when it has gone too far for that, followed by this. */
static void drain(struct serving *s)
{
	if (s->boot) {
		LOG(INFO, NULL, "serve.given_up", LS("why", "it was ended while it started"));
		fiber_cancel(s->boot);
		return;
	}
	if (s->attaching || atomic_flag_test_and_set(&s->drain_begun))
		return;
	int64_t until = clock_mono_ns() + config_duration_ns(s->inv->config, "server", "drain");
	LOG(INFO, NULL, "serve.draining", LI("servers", s->server_count));
	hub_drain(s->p->hub);
	s->ending = s->server_count + 1;
	if (s->p->auth)
		authstore_stop(s->p->auth);
	s->failsafe.fire = serving_cut;
	timer_set(loop_current(), &s->failsafe, until + END_GRACE_NS);
	for (unsigned i = 0; i < s->server_count; i++)
		http_server_drain(s->servers[i], until, one_ended, s);
	if (!fiber_spawn(loop_current(), end_queues, s, FIBER_LARGE))
		one_ended(s);
}

static void drain_from_attach(struct task *t)
{
	drain((struct serving *)((char *)t - offsetof(struct serving, drain_task)));
}

static void reload(struct serving *s)
{
	struct err e = { 0 };
	enum log_level level = LOG_INFO;
	if (config_reload(s->inv->config, &s->inv->source, services_all, &e) != ST_OK) {
		LOG(ERROR, NULL, "serve.reload_failed", LS("why", e.msg));
		return;
	}
	(void)log_level_parse(config_str(s->inv->config, "log", "level"), &level);
	log_threshold = level;
	for (unsigned i = 0; i < s->server_count; i++)
		if (http_server_reload_tls(s->servers[i], &e) != ST_OK)
			LOG(ERROR, NULL, "serve.certificate_kept", LS("why", e.msg));
	LOG(INFO, NULL, "serve.reloaded");
}

static void on_signal(int signo, void *arg)
{
	struct serving *s = arg;
	if (signo == SIGHUP) {
		reload(s);
	} else if (signo == SIGTERM || signo == SIGINT) {
		if (s->p->draining++) {
			LOG(WARN, NULL, "serve.ended_at_once");
			_exit(1);
		}
		drain(s);
	}
}

/* --- loops -------------------------------------------------------------------------------------------------- */

static void start_loop(struct loop *l, void *arg)
{
	struct serving *s = arg;
	if (s->p->redis)
		redis_start(s->p->redis);
	if (loop_index(l) != 0)
		return;
	struct err e = { 0 };
	if (loop_signals(l, on_signal, s, &e) != ST_OK)
		give_up(s, &e);
}

static unsigned processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* Port 0: any. Links need the number before the server is there, so one is taken and given back. */
static enum status choose_port(struct invocation *inv, struct err *e)
{
	static char text[64], env_text[96];
	struct str listen = config_str(inv->config, "server", "listen");
	if (!str_ends(listen, STR(":0")))
		return ST_OK;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&in, len) && !getsockname(fd, (struct sockaddr *)&in, &len);
	if (fd >= 0)
		close(fd);
	if (!ok || inv->set_count == SETS_MAX)
		return err_errno(e, ST_CONFIG, "no free port");
	snprintf(text, sizeof text, "%.*s%u", (int)listen.n - 1, listen.p, ntohs(in.sin_port));
	snprintf(env_text, sizeof env_text, "server.listen=%s", text);
	inv->sets[inv->set_count++] = env_text;
	inv->source.set_count = inv->set_count;
	config_free(inv->config);
	inv->config = config_load(&inv->source, services_all, e);
	return inv->config ? ST_OK : ST_CONFIG;
}

static enum status serving_begin(struct serving *s, struct err *e)
{
	const struct config *c = s->inv->config;
	unsigned cores = processors();
	unsigned threads = (unsigned)config_int(c, "server", "offload_threads");
	s->loop_count = (unsigned)config_int(c, "server", "loops");
	if (!s->loop_count)
		s->loop_count = cores;
	TRY(offload_start(threads   ? threads
	                : cores < 2 ? 2
	                            : cores,
	        (unsigned)config_int(c, "server", "offload_queue"), e));
	s->loops = loops_start(s->loop_count, start_loop, s, e);
	if (!s->loops) {
		offload_stop();
		return ST_INTERNAL;
	}
	s->p->loops = s->loops;
	if (!fiber_spawn_on(loops_get(s->loops, 0), boot_fiber, s, FIBER_LARGE))
		return err_set(e, ST_NOMEM, "no memory to start");
	while (sem_wait(&s->over) && errno == EINTR)
		;
	loops_stop_join(s->loops);
	s->p->loops = NULL;
	offload_stop();
	for (unsigned i = 0; i < s->server_count; i++)
		http_server_free(s->servers[i]);
	backgrounds_free(s->backgrounds);
	if (s->failed) {
		*e = s->err;
		return s->err.status;
	}
	LOG(INFO, NULL, "serve.ended");
	return ST_OK;
}

static enum status run_with(struct invocation *inv, bool public, struct err *e)
{
	struct serving s = { .inv = inv,
		.public = public,
		.drain_task = { .run = drain_from_attach },
		.drain_begun = ATOMIC_FLAG_INIT };
	const char *roles = inv_option(inv, "roles");
	TRY(parse_roles(roles ? roles : "events,jobs", &s.roles, e));
	TRY(choose_port(inv, e));
	inv->platform = s.p = platform_new(inv->config, services_all, e);
	if (!s.p)
		return ST_CONFIG;
	sem_init(&s.over, 0, 0);
	pthread_mutex_init(&s.err_lock, NULL);
	enum status st = serving_begin(&s, e);
	pthread_mutex_destroy(&s.err_lock);
	sem_destroy(&s.over);
	return st;
}

static enum status run_serve(struct invocation *inv, struct err *e)
{
	return run_with(inv, true, e);
}

static enum status run_worker(struct invocation *inv, struct err *e)
{
	return run_with(inv, false, e);
}

static const struct option_def serve_options[] = {
	{ "listen", "ADDR:PORT", "server.listen", "where the public is answered (127.0.0.1:8080); port 0: any" },
	{ "demo", NULL, NULL, "fill an empty site with the demonstration co-operative" },
	{ "roles", "NAMES", NULL, "background work done here: events,jobs (both), or none" },
	{ 0 },
};
static const struct option_def worker_options[] = { { "roles", "NAMES", NULL, "events,jobs (both)" }, { 0 } };

const struct command command_serve = {
	.name = "serve",
	.usage = "[--data DIR] [--listen ADDR:PORT] [--only NAMES] [--demo]",
	.summary = "Serve the site",
	.details = "Prints `ready URL MILLISECONDS` when it answers. SIGTERM finishes what is under way and ends; "
	           "SIGHUP reads the configuration\n"
	           "and the certificate again.",
	.options = serve_options,
	.flags = CMD_CONFIG,
	.run = run_serve,
};
const struct command command_worker = {
	.name = "worker",
	.usage = "[--roles events,jobs] [--only NAMES]",
	.summary = "Do background work only, beside other processes",
	.options = worker_options,
	.flags = CMD_CONFIG,
	.run = run_worker,
};

/* The simulator by itself, for tests of other shops: open to whoever asks, with a folder of its own. */
static const char *const simulator_sets[] = { "server.only=sumup", "sumup.open=yes", "server.data_dir=data/sumup-sim",
	"server.listen=127.0.0.1:8090", "server.base_url=http://localhost:8090", NULL };

const struct command command_sumup_sim = {
	.name = "sumup-sim",
	.usage = "[--data DIR] [--listen ADDR:PORT]",
	.summary = "Run the simulator of the payment provider SumUp by itself",
	.details =
	        "Its API answers at /sumup-sim/api (v0.1 checkouts, v1.0 refunds and payouts, v2.1 transactions), with "
	        "any key that\n"
	        "begins with sup_sk_. GET /sumup-sim/control has the journal of requests and the faults that are set; "
	        "POST sets\n"
	        "them, as JSON: clock_s latency_ms status status_times silent_times absent_times callbacks "
	        "callback_delay_s\n"
	        "forged_times refund_late_s refund_lost_times. No money moves.",
	.options = serve_options,
	.sets = simulator_sets,
	.flags = CMD_CONFIG,
	.run = run_serve,
};
