/* SPDX-License-Identifier: Apache-2.0
 *
 * Calendars as organisers have them: a list, and a form for each.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/events_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/tables/tables.h"
#include "platform/text/words.h"
#include "platform/work/event.h"
#include "services/events/admin.h"

/* --- choices ------------------------------------------------------------------------------------------------------ */

const struct choice *events_calendar_choices(struct web *w, const struct choice *first)
{
	struct events_calendar_row *rows;
	size_t n, k = 0;
	SCOPED_DB_READ c = NULL;
	if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) != ST_OK ||
	        q_events_calendars_all(c, CALENDARS_MAX, &rows, &n, NULL) != ST_OK)
		n = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	if (first)
		list[k++] = *first;
	for (size_t i = 0; i < n; i++)
		list[k++] = (struct choice){ .value = arena_cstr(w->ctx->arena, rows[i].slug),
			.label = arena_cstr(w->ctx->arena, rows[i].title) };
	return list;
}

const struct choice *events_zone_choices(struct web *w, struct str own, const struct choice *first)
{
	size_t n, k = 0;
	const struct clock_zone *zones = clock_zones(&n);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 3);
	if (first)
		list[k++] = *first;
	if (own.n && !clock_zone_listed(own)) /* an import may bring another of its names */
		list[k++] = (struct choice){ .value = arena_cstr(w->ctx->arena, own),
			.label = arena_cstr(w->ctx->arena, own) };
	for (size_t i = 0; i < n; i++)
		list[k++] = (struct choice){ .value = zones[i].name, .label = zones[i].label };
	return list;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct events_calendars_list_row calendar_row;

static const struct choice visibilities[] = { { "public", "Everybody" }, { "members", "Members" },
	{ "secret", "Whoever knows the address of its feed" }, { 0 } };

static enum status calendars_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, events_calendars_list, c, ask->search, ask->like, &ask->page);
}

static struct str visibility_text(struct web *w, const void *row)
{
	(void)w;
	for (const struct choice *v = visibilities; v->value; v++)
		if (str_eqc(((const calendar_row *)row)->visibility, v->value))
			return str_c(tr(v->label));
	return STR("");
}

static struct str calendar_url(struct web *w, const void *row)
{
	char id[ID_TEXT_LEN + 1];
	id_text(((const calendar_row *)row)->id, id);
	return web_url(w->ctx, "events", "/admin/calendars/%s", id);
}

struct calendar_dropping { int64_t id; struct audit_entry audit; };

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	const struct calendar_dropping *x = arg;
	struct events_calendar_row *row;
	int64_t gone;
	TRY(q_events_calendar_by_id(c, x->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such calendar."));
	TRY(q_events_calendar_drop(c, x->id, &gone, e));
	if (!gone)
		return err_set(e, ST_CONFLICT, tr("“%.*s” still has events."), STR_ARG(row->title));
	TRY(event_emit(c, "calendar.removed", row->slug, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

static enum status calendars_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct calendar_dropping x = { .audit = { .action = "calendar.removed", .object = key } };
	(void)a;
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such calendar."));
	audit_from(w, &x.audit);
	*changed = true;
	return db_write(w->ctx, w->ctx->svc->db, tx_drop, &x, e);
}

static void calendars_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_events_calendars_above(out, w);
}

static const struct column columns[] = {
	COLUMN(calendar_row, title, TEXT, .title = "Name", .sort = "name", .by = 0),
	COLUMN(calendar_row, slug, CODE, .title = "Address"),
	COLUMN(calendar_row, visibility, TEXT, .title = "Who sees it", .text = visibility_text),
	COLUMN(calendar_row, zone, TEXT, .title = "Time zone"),
	COLUMN(calendar_row, entries, NUMBER, .title = "Events"),
	COLUMN(calendar_row, updated_at, MOMENT, .title = "Changed", .sort = "changed", .by = 1, .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "drop", .label = "Delete", .done = "Deleted",
	        .confirm = "Only a calendar without events can be deleted. Whoever subscribed to it gets nothing more.",
	        .danger = true },
	{ 0 },
};
static const struct table_desc calendars = {
	.path = "/admin/calendars",
	.title = "Calendars",
	.search = "Name",
	.columns = columns,
	.actions = actions,
	.empty = "There is no calendar yet.",
	.sort = "name",
	.row_size = sizeof(calendar_row),
	.load = calendars_load,
	.act = calendars_act,
	.url = calendar_url,
	.above = calendars_above,
};

enum status events_get_calendars(struct web *w, struct err *e)
{
	return table_get(w, &calendars, NULL, e);
}

enum status events_post_calendars(struct web *w, struct err *e)
{
	return table_post(w, &calendars, NULL, e);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const struct choice *zones_of(struct web *w, const void *values)
{
	return events_zone_choices(w, ((const struct calendar_form *)values)->zone, NULL);
}

static const char *check_slug(struct web *w, const void *values)
{
	struct str slug = ((const struct calendar_form *)values)->slug;
	return !slug.n || calendar_slug_ok(w->ctx->arena, slug)
	        ? NULL
	        : "Small letters, digits and hyphens; another address than “admin” and “auth”.";
}

static const struct field fields[] = {
	FIELD(struct calendar_form, title, TEXT, .label = "Name", .required = "What is it called?",
	        .max = CALENDAR_TITLE_MAX, .placeholder = "The hall"),
	FIELD(struct calendar_form, slug, TEXT, .label = "Address", .max = CALENDAR_SLUG_MAX, .check = check_slug,
	        .hint = "What stands behind /events/. Empty: made of the name. When it changes, who subscribed must do "
	                "so again"),
	FIELD(struct calendar_form, about, AREA, .label = "In a sentence or two", .max = CALENDAR_ABOUT_MAX),
	FIELD(struct calendar_form, zone, CHOICE, .label = "Time zone", .required = "Whose clocks does it follow?",
	        .choose = zones_of, .hint = "Times are said as the clocks there show them, in summer and in winter"),
	FIELD(struct calendar_form, colour, COLOUR, .label = "Colour"),
	FIELD(struct calendar_form, visibility, CHOICE, .label = "Who sees it", .choices = visibilities,
	        .required = "Who sees it?"),
	{ 0 },
};
static const struct form_desc calendar_desc = { .fields = fields };

/* "new", or an id. */
static enum status load_page(struct web *w, struct calendar_page *p, struct err *e)
{
	int64_t id;
	*p = (struct calendar_page){ .w = w, .feed = STR("") };
	if (str_eqc(web_path(w, "calendar"), "new"))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	if (id_parse(web_path(w, "calendar"), &id))
		TRY(q_events_calendar_by_id(c, id, &p->row, e));
	if (!p->row)
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such calendar."));
	p->feed = events_feed_url(w->ctx, p->row);
	return ST_OK;
}

static struct calendar_form form_of(const struct calendar_page *p)
{
	const struct events_calendar_row *r = p->row;
	struct site_answer site;
	if (r)
		return (struct calendar_form){ r->title, r->slug, r->about, r->zone, r->colour, r->visibility };
	site_ask_all(p->w->ctx, &site);
	return (struct calendar_form){ STR(""), STR(""), STR(""), site.timezone.n ? site.timezone : STR("UTC"),
		STR(CALENDAR_COLOUR), STR("public") };
}

static enum status calendar_show(struct form_fill *f, int status, void *arg, struct err *e)
{
	const struct calendar_page *p = arg;
	struct web *w = f->w;
	struct buf out;
	struct page_shell shell = web_shell(w, p->row ? arena_cstr(w->ctx->arena, p->row->title) : "A new calendar");
	(void)e;
	shell.forms = true;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_events_calendar_form(&out, &shell, p, f);
	return web_html(w, status, &out);
}

enum status events_get_calendar_form(struct web *w, struct err *e)
{
	struct calendar_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	struct calendar_form values = form_of(&p);
	form_show(&f, w, &calendar_desc, &values);
	return calendar_show(&f, 200, &p, e);
}

struct calendar_saving {
	int64_t id;
	bool fresh, taken, full, rekey;
	const struct calendar_form *in;
	struct str slug, key;
	struct audit_entry audit;
};

static enum status tx_save(struct db_conn *c, void *arg, struct err *e)
{
	struct calendar_saving *x = arg;
	const struct calendar_form *in = x->in;
	struct events_calendar_row *there, *all;
	int64_t now = clock_now_us();
	size_t n;
	TRY(q_events_calendar(c, x->slug, &there, e));
	x->taken = there && there->id != x->id;
	TRY(q_events_calendars_all(c, CALENDARS_MAX, &all, &n, e));
	x->full = x->fresh && n == CALENDARS_MAX;
	if (x->taken || x->full)
		return ST_OK;
	if (x->fresh)
		TRY(q_events_calendar_add(c, x->id, x->slug, in->title, in->about, in->zone, in->colour, in->visibility,
		        x->key, now, NULL, e));
	else if (x->rekey)
		TRY(q_events_calendar_rekey(c, x->id, x->key, now, NULL, e));
	else
		TRY(q_events_calendar_change(c, x->id, x->slug, in->title, in->about, in->zone, in->colour,
		        in->visibility, now, NULL, e));
	TRY(event_emit(c, "calendar.changed", x->slug, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

static enum status save(struct web *w, struct calendar_saving *x, struct err *e)
{
	char id[ID_TEXT_LEN + 1];
	id_text(x->id, id);
	x->key = calendar_key(w->ctx->arena);
	x->audit = (struct audit_entry){ .object = arena_str(w->ctx->arena, str_c(id)) };
	x->audit.action = x->fresh ? "calendar.added" : x->rekey ? "calendar.rekeyed" : "calendar.changed";
	audit_from(w, &x->audit);
	return db_write(w->ctx, w->ctx->svc->db, tx_save, x, e);
}

enum status events_post_calendar_form(struct web *w, struct err *e)
{
	struct calendar_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	struct calendar_form values = form_of(&p);
	struct calendar_saving x = { .id = p.row ? p.row->id : id_new(), .fresh = !p.row, .in = &values };
	struct str list = web_url(w->ctx, "events", "/admin/calendars");
	if (p.row && !web_has_json(w)) {
		TRY(web_form_load(w, e));
		x.rekey = str_eqc(str_or_empty(web_form(w, "do")), "rekey");
	}
	if (x.rekey) {
		x.slug = p.row->slug;
		TRY(save(w, &x, e));
		return web_redirect(w, 303, w->req->path);
	}
	TRY(form_read(&f, w, &calendar_desc, &values, e));
	x.slug = values.slug.n ? values.slug
	                       : str_utf8_first(text_slug(w->ctx->arena, values.title), CALENDAR_SLUG_MAX);
	if (!f.failed && !calendar_slug_ok(w->ctx->arena, x.slug))
		form_fault(&f, "slug", "%s", tr("Its name makes no address: say one here."));
	if (!f.failed)
		TRY(save(w, &x, e));
	if (x.taken)
		form_fault(&f, "slug", "%s", tr("Another calendar has this address."));
	if (x.full)
		form_fault(&f, NULL, tr("A site has at most %d calendars."), CALENDARS_MAX);
	return f.failed ? form_refuse(&f, calendar_show, &p, e) : form_done(&f, list);
}
