/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/admin/admin.h"

#include "gen/platform_tpl.h"
#include "platform/admin/operations.h"
#include "platform/admin/settings.h"

#define PAGE_MAX (512u << 10)
#define STEPS_MAX 32

static enum status get_home(struct web *w, struct err *e);

const struct route admin_routes[] = {
	{ "GET", "/admin/", get_home, .flags = ROUTE_ADMIN, .help = "The administration" },
	{ "GET", "/admin/settings", settings_get, .flags = ROUTE_ADMIN, .help = "Settings" },
	{ "POST", "/admin/settings", settings_post, .flags = ROUTE_ADMIN, .help = "Change settings of a service" },
	{ "GET", "/admin/operations", operations_get, .flags = ROUTE_ADMIN, .help = "How it runs" },
	{ "GET", "/admin/operations/live", operations_live, .flags = ROUTE_ADMIN | ROUTE_STREAM,
	        .help = "Each sample as it is taken" },
	{ "GET", "/admin/dead-letters", dead_letters_get, .flags = ROUTE_ADMIN, .help = "Work that was given up" },
	{ "POST", "/admin/dead-letters", dead_letters_post, .flags = ROUTE_ADMIN, .help = "Try it again, or drop it" },
	{ 0 },
};

const struct page_row admin_pages[] = {
	{ PLACE_ADMIN, "/admin/", "Overview", .exact = true },
	{ PLACE_ADMIN, "/admin/settings", "Settings", "What can be set, from where it comes, who changed it",
	        .group = "System" },
	{ PLACE_ADMIN, "/admin/operations", "Operations", "Traffic, queues, stores and memory, as they are now",
	        .group = "System", .rank = 5 },
	{ PLACE_ADMIN, "/admin/dead-letters", "Given up", "Work that failed too often: try it again, or drop it",
	        .group = "System", .rank = 6 },
	{ 0 },
};

/* A step of a service that does not answer is shown as open: nothing else here waits for it. */
static bool is_done(struct web *w, struct service_instance *s, const struct first_step *step)
{
	bool done = false;
	struct service_instance *former = w->ctx->svc;
	w->ctx->svc = s;
	enum status st = step->done(w->ctx, &done, NULL);
	w->ctx->svc = former;
	return st == ST_OK && done;
}

static void find_steps(struct web *w, struct admin_home *h)
{
	const struct platform *p = w->ctx->svc->platform;
	struct admin_step *list = ARENA_ARRAY(w->ctx->arena, struct admin_step, STEPS_MAX);
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		for (const struct first_step *step = s->local ? s->def->steps : NULL;
		        step && step->title && h->step_count < STEPS_MAX; step++) {
			bool done = is_done(w, s, step);
			list[h->step_count++] = (struct admin_step){ step,
				web_url(w->ctx, s->def->name, "%s", step->path), done };
			h->open += !done;
		}
	}
	h->steps = list;
}

static enum status get_home(struct web *w, struct err *e)
{
	struct buf page;
	struct admin_home h = { 0 };
	struct page_shell shell = web_shell(w, "Administration");
	(void)e;
	find_steps(w, &h);
	h.pages = pages_of(w->ctx, w->person, PLACE_ADMIN, NULL, STR(""), &h.page_count);
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_admin_home(&page, &shell, w, &h);
	return web_html(w, 200, &page);
}
