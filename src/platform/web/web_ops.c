/* SPDX-License-Identifier: Apache-2.0
 *
 * /healthz: the process turns. /readyz: it may be sent traffic: not draining, its databases answer, its disk is not
 * full. /metrics.
 */
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "platform/cache/redis.h"
#include "platform/config/config.h"
#include "platform/core/metrics.h"
#include "platform/text/json.h"
#include "platform/web/web_int.h"

#define PING_NS (1 * NS_PER_S)
#define METRICS_MAX (4u << 20)

static enum status get_healthz(struct web *w, struct err *e)
{
	web_no_cache(w);
	return web_text(w, 200, "text/plain; charset=utf-8", STR("ok\n"));
}

static void check_row(struct buf *b, const char *name, bool ok, const char *why)
{
	buf_printf(b, "%s{\"name\":\"%s\",\"ok\":%s", b->len > 1 ? "," : "", name, ok ? "true" : "false");
	if (!ok && *why) {
		BUF_LIT(b, ",\"why\":");
		json_put_str(b, str_c(why));
	}
	buf_putc(b, '}');
}

static bool check_stores(struct web *w, struct platform *p, struct buf *b)
{
	bool all = true;
	struct ctx ctx = *w->ctx;
	ctx.deadline_ns = clock_mono_ns() + PING_NS;
	for (unsigned i = 0; i < p->service_count; i++) {
		struct err e = { 0 };
		if (!p->services[i].local || !p->services[i].db)
			continue;
		bool ok = db_ping(&ctx, p->services[i].db, &e) == ST_OK;
		check_row(b, p->services[i].def->name, ok, e.msg);
		all &= ok;
	}
	return all;
}

/* What is written is refused when the disk is full, whatever the stores say before. */
static bool check_disk(struct platform *p, struct buf *b)
{
	struct statvfs s;
	int64_t least = config_bytes(p->config, "server", "disk_min");
	bool ok = !p->data_dir.n || statvfs(p->data_dir.p, &s) || (int64_t)(s.f_bavail * s.f_frsize) >= least;
	check_row(b, "disk", ok, "too little space is free in the data folder (server.disk_min)");
	return ok;
}

static enum status get_readyz(struct web *w, struct err *e)
{
	struct platform *p = web_app_of(w)->platform;
	struct buf checks;
	buf_text(&checks, w->ctx->arena);
	buf_putc(&checks, '[');
	bool draining = p->draining != 0;
	bool ready = check_stores(w, p, &checks);
	ready &= check_disk(p, &checks) && !draining;
	check_row(&checks, "accepting", !draining, "draining");
	/* Without the cache's Redis everything works, only slower; without the sign-in store pages work for
	   visitors. Both are shown, but do not make the process unready. */
	if (p->redis)
		check_row(&checks, "redis", redis_up(p->redis), "caches and limits of this process alone are in use");
	if (p->auth && p->auth_hooks) {
		struct err why = { 0 };
		struct ctx ctx = *w->ctx;
		ctx.deadline_ns = clock_mono_ns() + PING_NS;
		bool ok = p->auth_hooks->ping(&ctx, p, &why) == ST_OK;
		check_row(&checks, "auth", ok, ok ? "" : "nobody can sign in, everybody is a visitor");
	}
	buf_putc(&checks, ']');
	web_no_cache(w);
	struct str body = arena_strf(w->ctx->arena, "{\"status\":\"%s\",\"checks\":%.*s}\n",
	        ready              ? "ready"
	                : draining ? "draining"
	                           : "failing",
	        (int)checks.len, checks.data);
	return web_json(w, ready ? 200 : 503, body);
}

static enum status get_metrics(struct web *w, struct err *e)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, METRICS_MAX);
	metrics_write(&b);
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "more metrics than fit");
	web_no_cache(w);
	return web_text(w, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&b));
}

const struct route ops_routes[] = {
	{ "GET", "/healthz", get_healthz, .flags = ROUTE_OPS, .rate = RATE_NONE, .help = "Alive" },
	{ "GET", "/readyz", get_readyz, .flags = ROUTE_OPS, .rate = RATE_NONE, .help = "Serving, stores reachable" },
	{ "GET", "/metrics", get_metrics, .flags = ROUTE_OPS, .rate = RATE_NONE, .help = "Prometheus metrics" },
	{ 0 },
};
