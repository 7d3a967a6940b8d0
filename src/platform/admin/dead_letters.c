/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/dead-letters: jobs and events of a service that failed too often, to be tried again or dropped.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/platform_sql.h"
#include "platform/admin/operations.h"
#include "platform/audit/audit.h"
#include "platform/tables/tables.h"
#include "platform/work/event.h"
#include "platform/work/job.h"

#define PAYLOAD_SHOWN 300 /* characters of it */

typedef struct job_dead_list_row letter;

enum { BY_SERVICE, BY_KIND };

static struct service_instance *service_of(struct web *w, struct str name)
{
	const struct platform *p = w->ctx->svc->platform;
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].local && p->services[i].db && str_eqc(name, p->services[i].def->name))
			return &p->services[i];
	return w->ctx->svc;
}

static const struct choice *choose_service(struct web *w)
{
	const struct platform *p = w->ctx->svc->platform;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, p->service_count + 1);
	for (unsigned i = 0, n = 0; i < p->service_count; i++)
		if (p->services[i].local && p->services[i].db)
			list[n++] = (struct choice){ p->services[i].def->name, p->services[i].def->title, NULL };
	return list;
}

static const struct choice kinds[] = { { "jobs", "Jobs", NULL }, { "events", "Events", NULL }, { 0 } };

static const struct table_filter filters[] = {
	[BY_SERVICE] = { .name = "service", .title = "Service", .choose = choose_service, .always = true },
	[BY_KIND] = { .name = "what", .title = "What", .choices = kinds, .always = true },
	{ 0 },
};

static struct db *letters_db(struct web *w, const struct table_ask *ask)
{
	return service_of(w, ask->filter[BY_SERVICE])->db;
}

static enum status letters_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	if (str_eqc(ask->filter[BY_KIND], "events"))
		return TABLE_QUERY_LIKE(found, e, letter, event_dead_list, c, ask->search, ask->like, &ask->page);
	return TABLE_QUERY(found, e, job_dead_list, c, ask->search, ask->like, &ask->page);
}

static struct str payload_of(struct web *w, const void *row)
{
	(void)w;
	return str_utf8_first(((const letter *)row)->payload, PAYLOAD_SHOWN);
}

/* --- what is done to them ----------------------------------------------------------------------------------------- */

struct letter_change { struct web *w; int64_t id, n; bool event, again; };

static enum status tx_letter(struct db_conn *c, void *arg, struct err *e)
{
	struct letter_change *x = arg;
	struct audit_entry entry = { .action = x->event ? (x->again ? "event.tried_again" : "event.dropped")
		                                        : (x->again ? "job.tried_again" : "job.dropped") };
	if (x->event && x->again)
		TRY(q_event_dead_retry(c, x->id, clock_now_us(), &x->n, e));
	else if (x->event)
		TRY(q_event_dead_drop(c, x->id, &x->n, e));
	else
		TRY(x->again ? job_dead_retry(c, x->id, e) : job_dead_remove(c, x->id, e));
	if (x->event && !x->n)
		return err_set(e, ST_NOT_FOUND, "This is there no more.");
	entry.actor = arena_strf(db_arena(c), "%lld", (long long)x->w->person->id);
	entry.object = arena_strf(db_arena(c), "%lld", (long long)x->id);
	return audit_write(c, &entry, e);
}

static enum status letter_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct service_instance *s = service_of(w, web_query(w, "service"));
	struct letter_change x = {
		.w = w, .event = str_eqc(web_query(w, "what"), "events"), .again = a->name[0] == 'r'
	};
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "This is there no more.");
	TRY(db_write(w->ctx, s->db, tx_letter, &x, e));
	*changed = true;
	if (x.again && x.event)
		events_wake(s->platform->events);
	else if (x.again)
		jobs_wake(s->platform->jobs);
	return ST_OK;
}

static const struct column columns[] = {
	COLUMN(letter, kind, CODE, .title = "Kind", .sort = "kind", .by = 1),
	COLUMN(letter, error, TEXT, .title = "Why"),
	COLUMN(letter, object, TEXT, .title = "Of"),
	COLUMN(letter, attempts, NUMBER, .title = "Attempts"),
	COLUMN(letter, at, MOMENT, .title = "Given up", .sort = "at", .first_down = true),
	COLUMN(letter, payload, CODE, .title = "With", .text = payload_of),
	{ 0 },
};

static const struct table_action actions[] = {
	{ .name = "retry", .label = "Try again", .done = "Tried again", .each = true },
	{ .name = "drop",
	        .label = "Drop",
	        .done = "Dropped",
	        .danger = true,
	        .confirm = "What they should have done is never done, and nobody is told." },
	{ 0 },
};

static const struct table_desc dead_letters = {
	.path = "/admin/dead-letters",
	.title = "Given up",
	.rooted = true,
	.db = letters_db,
	.search = "Kind or reason",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "Nothing was given up. Work that fails is tried again for a while by itself, and comes here only when "
	         "that did not help.",
	.sort = "at",
	.down = true,
	.row_size = sizeof(letter),
	.load = letters_load,
	.act = letter_act,
};

enum status dead_letters_get(struct web *w, struct err *e)
{
	return table_get(w, &dead_letters, NULL, e);
}

enum status dead_letters_post(struct web *w, struct err *e)
{
	return table_post(w, &dead_letters, NULL, e);
}
