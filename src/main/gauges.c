/* SPDX-License-Identifier: Apache-2.0
 *
 * One collector over everything that counts for itself. Runs in the fiber that answers /metrics.
 */
#include "main/gauges.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "net/client/client.h"
#include "platform/cache/cache.h"
#include "platform/hub/hub.h"
#include "platform/work/job.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static struct {
	struct platform *p;
	struct loops *loops;
	struct http_server **servers;
	unsigned server_count;
} seen;

static void sample_memory(void)
{
	char text[256];
	long long size = 0, resident = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = 0;
	if (sscanf(text, "%lld %lld", &size, &resident) != 2)
		return;
	metric_gauge(M_MEMORY, "virtual", size * sysconf(_SC_PAGESIZE));
	metric_gauge(M_MEMORY, "resident", resident * sysconf(_SC_PAGESIZE));
}

static void sample_runtime(void)
{
	static const char *const lane[OFFLOAD_LANES] = { "prompt", "secrets", "pictures" };
	struct offload_stats o;
	char name[32];
	for (unsigned i = 0; i < loops_count(seen.loops); i++) {
		snprintf(name, sizeof name, "%u", i);
		metric_gauge(M_LOOP_FIBERS, name, fiber_count(loops_get(seen.loops, i)));
	}
	for (unsigned i = 0; i < OFFLOAD_LANES; i++) {
		offload_stats((enum offload_lane)i, &o);
		const struct {
			const char *state;
			uint64_t n;
		} all[] = { { "queued", o.queued },
			{ "running", o.running },
			{ "done", o.done },
			{ "refused", o.refused } };
		for (unsigned k = 0; k < sizeof all / sizeof *all; k++) {
			snprintf(name, sizeof name, "%s_%s", lane[i], all[k].state);
			metric_gauge(M_OFFLOAD, name, (int64_t)all[k].n);
		}
	}
}

static void sample_http(void)
{
	struct http_server_stats sum = { 0 }, one;
	for (unsigned i = 0; i < seen.server_count; i++) {
		http_server_stats(seen.servers[i], &one);
		sum.open += one.open;
		sum.accepted += one.accepted;
		sum.refused += one.refused;
		sum.waiting += one.waiting;
		sum.owed += one.owed;
		sum.h2_resets_cut += one.h2_resets_cut;
	}
	metric_gauge(M_HTTP_OPEN, "", sum.open);
	metric_gauge(M_HTTP_ACCEPTED, "", (int64_t)sum.accepted);
	metric_gauge(M_HTTP_REFUSED, "", (int64_t)sum.refused);
	metric_gauge(M_HTTP_WAITING, "", sum.waiting);
	metric_gauge(M_HTTP_OWED, "", (int64_t)sum.owed);
	metric_gauge(M_HTTP_CUT, "", (int64_t)sum.h2_resets_cut);
}

static void sample_db(const struct service_instance *s)
{
	struct db_stats d;
	char label[64];
	db_stats(s->db, &d);
	const struct { const char *what; int64_t v; } rows[] = {
		{ "reads", (int64_t)d.reads },
		{ "writes", (int64_t)d.writes },
		{ "commits", (int64_t)d.commits },
		{ "rollbacks", (int64_t)d.rollbacks },
		{ "retries", (int64_t)d.retries },
		{ "refused", (int64_t)d.refused },
		{ "pool_open", d.pool_open },
		{ "pool_used", d.pool_used },
		{ "waiting", d.waiting },
		{ "batch_max", (int64_t)d.batch_max },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(label, sizeof label, "%s.%s", s->def->name, rows[i].what);
		metric_gauge(M_DB_STATE, label, rows[i].v);
	}
}

static void sample_cache(void)
{
	struct cache_stats c;
	cache_stats(seen.p->cache, &c);
	const struct { const char *what; int64_t v; } rows[] = {
		{ "hits", (int64_t)c.hits },
		{ "stale", (int64_t)c.stale },
		{ "misses", (int64_t)c.misses },
		{ "puts", (int64_t)c.puts },
		{ "evicted", (int64_t)c.evicted },
		{ "refused", (int64_t)c.refused },
		{ "level2_hits", (int64_t)c.level2_hits },
		{ "level2_errors", (int64_t)c.level2_errors },
		{ "bytes", (int64_t)c.bytes },
		{ "entries", (int64_t)c.entries },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		metric_gauge(M_CACHE_STATE, rows[i].what, rows[i].v);
}

static void sample_queues(void)
{
	struct http_pool *const pools[] = { seen.p->pool_read, seen.p->pool_action, seen.p->pool_web };
	struct http_pool_stats h;
	struct job_stats j;
	for (unsigned i = 0; i < 3; i++) {
		http_pool_stats(pools[i], &h);
		metric_gauge(M_POOL_STATE, h.name, h.in_use);
	}
	jobs_stats(seen.p->jobs, &j);
	metric_gauge(M_JOB_STATE, "done", (int64_t)j.done);
	metric_gauge(M_JOB_STATE, "retried", (int64_t)j.retried);
	metric_gauge(M_JOB_STATE, "dead", (int64_t)j.dead);
	metric_gauge(M_JOB_STATE, "waiting", j.waiting);
	metric_gauge(M_JOB_STATE, "running", j.running);
}

static void sample_hub(void)
{
	struct hub_stats h;
	hub_stats(seen.p->hub, &h);
	metric_gauge(M_HUB, "published", (int64_t)h.published);
	metric_gauge(M_HUB, "delivered", (int64_t)h.delivered);
	metric_gauge(M_HUB, "gaps", (int64_t)h.gaps);
	metric_gauge(M_HUB, "topics", h.topics);
	metric_gauge(M_HUB, "subscribers", h.subscribers);
}

static void sample_measures(struct service_instance *s)
{
	char label[64];
	for (const struct measure_def *m = s->local ? s->def->measures : NULL; m && m->name; m++) {
		snprintf(label, sizeof label, "%s.%s", s->def->name, m->name);
		metric_gauge(M_SERVICE, label, m->read(s));
	}
}

static void sample(void *arg)
{
	sample_memory();
	sample_runtime();
	sample_http();
	sample_cache();
	sample_queues();
	sample_hub();
	for (unsigned i = 0; i < seen.p->service_count; i++) {
		if (seen.p->services[i].db)
			sample_db(&seen.p->services[i]);
		sample_measures(&seen.p->services[i]);
	}
}

void gauges_register(struct platform *p, struct loops *loops, struct http_server **servers, unsigned count)
{
	seen.p = p;
	seen.loops = loops;
	seen.servers = servers;
	seen.server_count = count;
	metrics_collector(sample, NULL);
}
