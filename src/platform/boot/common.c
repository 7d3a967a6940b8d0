/* SPDX-License-Identifier: Apache-2.0
 *
 * What every service has beside its own: jobs that each queue knows, and events that each service with a database
 * takes.
 */
#include "platform/admin/admin.h"
#include "platform/admin/sampler.h"
#include "platform/admin/settings.h"
#include "platform/audit/audit_int.h"
#include "platform/boot/platform.h"
#include "platform/hub/hub.h"
#include "platform/mail/mail_int.h"
#include "platform/receive/receive.h"
#include "platform/search/search.h"
#include "platform/web/web_app.h"
#include "platform/work/retention.h"

const struct route *const platform_routes[] = { ops_routes, receive_routes, search_routes, admin_routes, lang_routes,
	NULL };

const struct job_def common_jobs[] = {
	{ .kind = "mail.send",
	        .run = mail_send_job,
	        .attempts = 10,
	        .time_s = 60,
	        .backoff_s = 60,
	        .backoff_max_s = 7200 },
	{ .kind = "media.finish", .run = media_finish_job, .attempts = 3, .time_s = 120, .at_once = 2, .priority = -5 },
	{ .kind = "audit.verify",
	        .run = audit_verify_job,
	        .attempts = 3,
	        .time_s = 900,
	        .priority = -10,
	        .cron = "41 3 * * *" },
	{ .kind = "platform.retention",
	        .run = retention_job,
	        .attempts = 3,
	        .time_s = 300,
	        .priority = -10,
	        .cron = "17 * * * *" },
	{ 0 },
};

const struct event_handler common_events[] = {
	{ .type = "person.deleted", .origin = "identity", .name = "platform.forget", .handle = retention_forget },
	{ 0 },
};

static enum status refresh_hub(struct ctx *ctx, struct err *e)
{
	struct platform *p = ctx->svc->platform;
	(void)e;
	hub_refresh(p->hub);
	return ST_OK;
}

static enum status take_sample(struct ctx *ctx, struct err *e)
{
	struct platform *p = ctx->svc->platform;
	(void)e;
	sampler_take(p->sampler, p->hub);
	return ST_OK;
}

const struct background_def common_backgrounds[] = {
	{ "hub.refresh", refresh_hub, .every_ms = 10000, .once = true },
	{ "operations.sample", take_sample, .every_ms = SAMPLE_S * 1000, .once = true },
	{ "settings.watch", settings_watch, .every_ms = 5000 },
	{ 0 },
};
