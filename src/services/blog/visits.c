/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting visits: what a page tells, added up in the process, and written every few seconds.
 */
#include "services/blog/visits.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/config/config.h"
#include "platform/text/local.h"
#include "services/blog/store.h"

/* What no reader is: programs that look at pages and run their scripts, too. */
static const char *const machines[] = { "bot", "crawl", "spider", "preview", "headless", "lighthouse", "monitor" };

/* --- adding up ---------------------------------------------------------------------------------------------------- */

static unsigned slot_of(const struct visit_sum *one)
{
	uint32_t h = 2166136261u ^ (uint32_t)one->day ^ (one->source ? 77u : 0u); /* FNV-1a */
	for (const char *p = one->key; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return h % (2 * VISITS_PENDING_MAX);
}

bool visit_batch_add(struct visit_batch *b, const struct visit_sum *one)
{
	unsigned at = slot_of(one);
	for (; b->slots[at]; at = (at + 1) % (2 * VISITS_PENDING_MAX)) {
		struct visit_sum *there = &b->list[b->slots[at] - 1];
		if (there->day != one->day || there->source != one->source || strcmp(there->key, one->key) != 0)
			continue;
		there->views += one->views;
		there->visits += one->visits;
		return true;
	}
	if (b->n == VISITS_PENDING_MAX)
		return false;
	b->list[b->n++] = *one;
	b->slots[at] = (uint16_t)b->n;
	return true;
}

static struct visit_batch heard;
static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;

static void hear(const struct visit_sum *list, unsigned n)
{
	pthread_mutex_lock(&heard_lock);
	for (unsigned i = 0; i < n; i++)
		if (!visit_batch_add(&heard, &list[i]))
			break;
	pthread_mutex_unlock(&heard_lock);
}

/* --- what a page tells -------------------------------------------------------------------------------------------- */

static bool is_counting(struct ctx *ctx)
{
	return config_bool(ctx->svc->platform->config, "blog", "visits");
}

struct str visits_url(struct ctx *ctx)
{
	return is_counting(ctx) ? web_url(ctx, "blog", "/visits") : STR("");
}

static bool is_machine(const struct web *w)
{
	struct str agent = http_header(w->req, "user-agent");
	if (!agent.n)
		return true;
	for (size_t i = 0; i < agent.n; i++)
		for (size_t k = 0; k < sizeof machines / sizeof *machines; k++) {
			struct str word = str_c(machines[k]);
			if (str_ieq(str_first(str_skip(agent, i), word.n), word))
				return true;
		}
	return false;
}

/* A host's name and nothing else, in lower case, without "www."; false: it is none. */
static bool host_key(struct str host, char out[VISIT_KEY_MAX + 1])
{
	size_t n = 0;
	if (host.n > 4 && str_ieq(str_first(host, 4), STR("www.")))
		host = str_skip(host, 4);
	if (host.n > VISIT_KEY_MAX)
		return false;
	for (; n < host.n; n++) {
		unsigned char c = (unsigned char)host.p[n];
		if (!isalnum(c) && c != '.' && c != '-')
			return false;
		out[n] = (char)tolower(c);
	}
	out[n] = '\0';
	return true;
}

static bool path_key(struct str path, char out[VISIT_KEY_MAX + 1])
{
	if (!path.n || path.n > VISIT_KEY_MAX || path.p[0] != '/' || memchr(path.p, '\0', path.n))
		return false;
	memcpy(out, path.p, path.n);
	out[path.n] = '\0';
	return true;
}

static int64_t day_now(struct ctx *ctx, struct str zone)
{
	int64_t day;
	struct str time;
	local_day_and_time(ctx->arena, zone, clock_now_us(), &day, &time);
	return day;
}

static enum status site_day(struct ctx *ctx, struct db_conn *c, int64_t *day, struct err *e)
{
	struct blog_site site;
	TRY(blog_site(ctx, c, &site, e));
	*day = day_now(ctx, site.timezone);
	return ST_OK;
}

/* path: of the page; from: host of another site that led there; inside: one was on this site already. */
enum status blog_post_visit(struct web *w, struct err *e)
{
	struct visit_sum sums[2] = { { .views = 1 }, { .visits = 1, .source = true } };
	bool inside;
	TRY(web_form_load(w, e));
	struct str path = web_form(w, "path"), from = web_form(w, "from");
	inside = web_form(w, "inside").n > 0;
	if (path.p && str_starts(path, w->ctx->svc->base_path) && w->ctx->svc->base_path.n > 1)
		path = str_skip(path, w->ctx->svc->base_path.n);
	web_no_cache(w);
	if (!is_counting(w->ctx) || is_machine(w) || !path.p || !path_key(path, sums[0].key) ||
	    !host_key(from.p ? from : STR(""), sums[1].key))
		return web_json(w, 202, STR("{}"));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(site_day(w->ctx, c, &sums[0].day, e));
	}
	sums[0].visits = !inside;
	sums[1].day = sums[0].day;
	hear(sums, inside ? 1 : 2);
	return web_json(w, 202, STR("{}"));
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum { FRONT_PAGE = 0, LISTS = -1, NO_PAGE = -2 };

/* Of an address of ours; NO_PAGE: nobody's, as somebody may have made it up. */
static enum status page_of(struct db_conn *c, struct str path, int64_t *id, struct err *e)
{
	static const char *const lists[] = { "/tag/", "/author/", "/tags/", "/archive/", "/page/" };
	struct blog_visit_page_row *row;
	*id = str_eqc(path, "/") ? FRONT_PAGE : NO_PAGE;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (str_starts(path, str_c(lists[i])))
			*id = LISTS;
	struct str slug = str_skip(path, 1);
	if (str_ends(slug, STR("/")))
		slug.n--;
	if (*id != NO_PAGE || str_chr(slug, '/') >= 0)
		return ST_OK;
	TRY(q_blog_visit_page(c, slug, &row, e));
	if (row)
		*id = row->id;
	return ST_OK;
}

static enum status add_source(struct db_conn *c, const struct visit_sum *s, struct err *e)
{
	struct blog_visit_sources_of_day_row *row;
	TRY(q_blog_visit_sources_of_day(c, s->day, str_c(s->key), &row, e));
	bool room = row->known || row->n < VISIT_SOURCES_MAX;
	return q_blog_visit_source_add(c, s->day, room ? str_c(s->key) : STR("…"), s->visits, NULL, e);
}

enum status visit_write_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct visit_batch *b = arg;
	for (unsigned i = 0; i < b->n; i++) {
		const struct visit_sum *s = &b->list[i];
		int64_t id;
		if (s->source) {
			TRY(add_source(c, s, e));
			continue;
		}
		TRY(page_of(c, str_c(s->key), &id, e));
		if (id != NO_PAGE)
			TRY(q_blog_visit_page_add(c, s->day, id, s->views, s->visits, NULL, e));
	}
	return ST_OK;
}

/* The batch that was heard so far, in ctx->arena, and an empty one in its place; NULL: nothing was. */
static struct visit_batch *heard_so_far(struct ctx *ctx)
{
	pthread_mutex_lock(&heard_lock);
	bool any = heard.n > 0;
	pthread_mutex_unlock(&heard_lock);
	if (!any)
		return NULL;
	struct visit_batch *b = ARENA_NEW(ctx->arena, struct visit_batch);
	pthread_mutex_lock(&heard_lock);
	b->n = heard.n;
	memcpy(b->list, heard.list, heard.n * sizeof *heard.list);
	heard.n = 0;
	memset(heard.slots, 0, sizeof heard.slots);
	pthread_mutex_unlock(&heard_lock);
	return b->n ? b : NULL;
}

struct visits_before { int64_t before; };
static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	const struct visits_before *x = arg;
	TRY(q_blog_visit_pages_sweep(c, x->before, NULL, e));
	return q_blog_visit_sources_sweep(c, x->before, NULL, e);
}

enum status blog_visits_turn(struct ctx *ctx, struct err *e)
{
	struct visit_batch *b = heard_so_far(ctx);
	struct visits_before old;
	if (!b)
		return ST_OK;
	enum status st = db_write(ctx, ctx->svc->db, visit_write_tx, b, e);
	if (st != ST_OK) {
		hear(b->list, b->n); /* for the next turn */
		return st;
	}
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(site_day(ctx, c, &old.before, e));
	}
	old.before -= config_int(ctx->svc->platform->config, "blog", "visits_days");
	return db_write(ctx, ctx->svc->db, tx_sweep, &old, e);
}
