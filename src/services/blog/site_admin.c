/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/site_admin.h"

#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_sql.h"
#include "gen/blog_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/media/media.h"
#include "platform/text/json.h"
#include "platform/text/language.h"
#include "platform/work/event.h"
#include "services/blog/import_plan.h"
#include "services/blog/store.h"

#define PAGE_MAX (512u << 10)

/* --- the site ----------------------------------------------------------------------------------------------------- */

struct site_form { struct str title, description, lang, timezone, accent; bool logo, no_logo, icon, no_icon; };

static const struct choice *lang_choices(struct web *w, const void *values)
{
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, language_count + 2);
	struct str now = ((const struct site_form *)values)->lang;
	size_t n = 0;
	/* What came with an import, like en-GB, stays what it is until something else is chosen. */
	if (now.n && !language_name(now).n) {
		const char *tag = arena_cstr(w->ctx->arena, now);
		list[n++] = (struct choice){ .value = tag, .label = tag };
	}
	for (size_t i = 0; i < language_count; i++)
		list[n++] = (struct choice){ .value = languages[i].tag, .label = languages[i].name };
	return list;
}

static const struct choice *zone_choices(struct web *w, const void *values)
{
	size_t n;
	const struct clock_zone *zones = clock_zones(&n);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	const struct site_form *f = values;
	size_t k = 0;
	if (f->timezone.n && !clock_zone_listed(f->timezone)) /* an import may bring another of its names */
		list[k++] = (struct choice){ .value = arena_cstr(w->ctx->arena, f->timezone),
			.label = arena_cstr(w->ctx->arena, f->timezone) };
	for (size_t i = 0; i < n; i++)
		list[k++] = (struct choice){ .value = zones[i].name, .label = zones[i].label };
	return list;
}

static const struct field site_fields[] = {
	FIELD(struct site_form, title, TEXT, .label = "Name", .required = "A site needs a name.", .max = 100,
	        .hint = "On every page, in feeds and letters"),
	FIELD(struct site_form, description, AREA, .label = "In a sentence or two", .max = 300,
	        .hint = "Under the name, and for search engines"),
	FIELD(struct site_form, logo, FILE, .label = "Logo", .accept = "image/jpeg,image/png,image/webp",
	        .hint = "Wide or square; stands at the head of the front page"),
	FIELD(struct site_form, no_logo, CHECK, .label = "No logo"),
	FIELD(struct site_form, icon, FILE, .label = "Icon", .accept = "image/jpeg,image/png,image/webp",
	        .hint = "Square, at least 64 pixels; in browsers' tabs and beside the name"),
	FIELD(struct site_form, no_icon, CHECK, .label = "No icon"),
	FIELD(struct site_form, accent, COLOUR, .label = "Colour",
	        .hint = "Of buttons and links. It is made darker or lighter where it could not be read"),
	FIELD(struct site_form, lang, CHOICE, .label = "Language", .required = "Please choose a language.",
	        .choose = lang_choices),
	FIELD(struct site_form, timezone, CHOICE, .label = "Time zone", .required = "Please choose a time zone.",
	        .choose = zone_choices),
	{ 0 },
};
static const struct form_desc site_desc = { .fields = site_fields };

static enum status load_site(struct web *w, struct blog_site *site, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(blog_site(w->ctx, c, site, e));
	return ST_OK;
}

static struct site_form values_of(const struct blog_site *s)
{
	return (struct site_form){ .title = s->title,
		.description = s->description,
		.lang = s->lang,
		.timezone = s->timezone,
		.accent = s->accent.n ? s->accent : STR("#1a7f5a") };
}

static enum status site_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct blog_site *site = arg;
	struct page_shell shell = web_shell(f->w, "The site");
	(void)e;
	web_no_cache(f->w);
	buf_arena(&page, f->w->ctx->arena, PAGE_MAX);
	tpl_blog_site_form(&page, &shell, f->w, f, site, web_query(f->w, "done").n > 0);
	return web_html(f->w, status, &page);
}

enum status blog_get_site_form(struct web *w, struct err *e)
{
	struct blog_site site;
	struct form_fill f;
	TRY(load_site(w, &site, e));
	struct site_form values = values_of(&site);
	form_show(&f, w, &site_desc, &values);
	return site_page(&f, 200, &site, e);
}

struct site_change { struct web *w; const struct site_form *values; struct media_item logo, icon; };

static enum status site_setting_put(struct db_conn *c, const char *name, struct str value, struct err *e)
{
	return q_blog_setting_put(c, str_c(name), value, clock_now_us(), NULL, e);
}

/* Of a picture: its address, sizes and variants, each a setting. None: all empty. */
static enum status put_picture(struct db_conn *c, const char *name, const struct media_item *item, struct err *e)
{
	struct arena *a = db_arena(c);
	bool none = !item->variant_count;
	TRY(site_setting_put(c, name, none ? STR("") : import_media_path(a, item), e));
	TRY(site_setting_put(c, arena_printf(a, "%s.srcset", name), none ? STR("") : import_media_srcset(a, item), e));
	TRY(site_setting_put(c, arena_printf(a, "%s.width", name), none ? STR("") : arena_strf(a, "%d", item->width),
	                     e));
	return site_setting_put(c, arena_printf(a, "%s.height", name),
	                        none ? STR("") : arena_strf(a, "%d", item->height), e);
}

static enum status changed(struct db_conn *c, struct web *w, const char *what, struct err *e)
{
	struct audit_entry entry = { .action = "site.changed", .object = str_c(what) };
	TRY(event_emit(c, "site.changed", str_c(what), STR("{}"), e));
	audit_from(w, &entry);
	return audit_write(c, &entry, e);
}

static enum status tx_site(struct db_conn *c, void *arg, struct err *e)
{
	const struct site_change *x = arg;
	const struct site_form *v = x->values;
	TRY(site_setting_put(c, "title", v->title, e));
	TRY(site_setting_put(c, "description", v->description, e));
	TRY(site_setting_put(c, "lang", v->lang, e));
	TRY(site_setting_put(c, "timezone", v->timezone, e));
	TRY(site_setting_put(c, "accent", v->accent, e));
	if (x->logo.variant_count || v->no_logo)
		TRY(put_picture(c, "logo", &x->logo, e));
	if (x->icon.variant_count || v->no_icon)
		TRY(put_picture(c, "icon", &x->icon, e));
	return changed(c, x->w, "site", e);
}

enum status blog_post_site_form(struct web *w, struct err *e)
{
	struct blog_site site;
	struct form_fill f;
	TRY(load_site(w, &site, e));
	struct site_form values = values_of(&site);
	struct site_change x = { .w = w, .values = &values };
	TRY(form_read(&f, w, &site_desc, &values, e));
	TRY(form_picture(&f, "logo", &x.logo, e));
	TRY(form_picture(&f, "icon", &x.icon, e));
	if (f.failed)
		return form_refuse(&f, site_page, &site, e);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_site, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return form_done(&f, web_url(w->ctx, "blog", "/admin/site?done=1"));
}

enum status blog_step_named(struct ctx *ctx, bool *done, struct err *e)
{
	struct blog_setting_row *row;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_blog_setting(c, STR("title"), &row, e));
	*done = row && row->value.n && !str_eqc(row->value, "Guildhall");
	return ST_OK;
}

/* --- menus -------------------------------------------------------------------------------------------------------- */

static const struct { const char *name, *title, *help; } menus[] = {
	{ "primary", "At the head of each page", "Five or six are read; more are not." },
	{ "secondary", "At the foot of each page",
	        "What people look for when they have read all: contact, imprint, statutes." },
};
#define MENUS (sizeof menus / sizeof *menus)

/* A menu as a form: a label, an address and a place for each entry, and some to add. */
struct menu_form {
	struct str label[MENU_ROWS_MAX + MENU_SPARE], url[MENU_ROWS_MAX + MENU_SPARE];
	int64_t place[MENU_ROWS_MAX + MENU_SPARE];
	bool below[MENU_ROWS_MAX + MENU_SPARE]; /* stands below the last one before it that does not */
	struct field fields[MENU_FIELDS * (MENU_ROWS_MAX + MENU_SPARE) + 1];
	struct form_desc desc;
	struct form_fill fill;
	size_t rows;
};

static void menu_fields(struct web *w, struct menu_form *m, const char *menu)
{
	struct arena *a = w->ctx->arena;
	for (size_t i = 0; i < m->rows; i++) {
		struct field *d = &m->fields[MENU_FIELDS * i];
		d[0] = (struct field){ .name = arena_printf(a, "%s_label_%zu", menu, i + 1),
			.label = "Words",
			.kind = FIELD_TEXT,
			.max = MENU_LABEL_MAX,
			.plain = true,
			.at = offsetof(struct menu_form, label) + i * sizeof(struct str) };
		d[1] = (struct field){ .name = arena_printf(a, "%s_url_%zu", menu, i + 1),
			.label = "Leads to",
			.kind = FIELD_URL,
			.plain = true,
			.at = offsetof(struct menu_form, url) + i * sizeof(struct str) };
		d[2] = (struct field){ .name = arena_printf(a, "%s_place_%zu", menu, i + 1),
			.label = "Place",
			.kind = FIELD_NUMBER,
			.min = 1,
			.max = 999,
			.plain = true,
			.at = offsetof(struct menu_form, place) + i * sizeof(int64_t) };
		d[3] = (struct field){ .name = arena_printf(a, "%s_below_%zu", menu, i + 1),
			.label = "Below the one before",
			.kind = FIELD_CHECK,
			.plain = true,
			.at = offsetof(struct menu_form, below) + i * sizeof(bool) };
		m->place[i] = (int64_t)(i + 1) * 10;
	}
	m->desc.fields = m->fields;
}

static size_t entries_of(const struct blog_nav_item *items, size_t count)
{
	size_t n = count;
	for (size_t i = 0; i < count; i++)
		n += entries_of(items[i].children, items[i].child_count);
	return n;
}

/* What is deeper than one level stands on that one. */
static void add_entries(struct web *w, struct menu_form *m, const struct blog_nav_item *items, size_t count, bool below)
{
	for (size_t i = 0; i < count && m->rows < MENU_ROWS_MAX; i++) {
		m->label[m->rows] = arena_str(w->ctx->arena, items[i].label);
		m->url[m->rows] = arena_str(w->ctx->arena, items[i].url);
		m->below[m->rows++] = below;
		add_entries(w, m, items[i].children, items[i].child_count, true);
	}
}

static enum status load_menu(struct web *w, const char *name, struct menu_form *m, struct err *e)
{
	struct blog_nav nav;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(blog_nav(w->ctx, c, str_c(name), &nav, e));
	*m = (struct menu_form){ 0 };
	add_entries(w, m, nav.items, nav.count, false);
	m->rows += MENU_SPARE;
	menu_fields(w, m, name);
	form_show(&m->fill, w, &m->desc, m);
	return ST_OK;
}

struct menus_page { size_t failed; struct menu_form *form; /* NULL: none failed */ };

static enum status menus_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	const struct menus_page *p = arg;
	struct web *w = f->w;
	struct menu_view views[MENUS];
	struct str saved = web_query(w, "saved");
	struct page_shell shell = web_shell(w, "Menus");
	for (size_t i = 0; i < MENUS; i++) {
		struct menu_form *m = p->form && p->failed == i ? p->form : ARENA_NEW(w->ctx->arena, struct menu_form);
		if (m != p->form)
			TRY(load_menu(w, menus[i].name, m, e));
		views[i] = (struct menu_view){ menus[i].name, menus[i].title, menus[i].help, &m->fill, m->rows,
			saved.p && str_eqc(saved, menus[i].name) };
	}
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_blog_menus(&page, &shell, w, views, MENUS);
	return web_html(w, status, &page);
}

enum status blog_get_menus(struct web *w, struct err *e)
{
	struct form_fill nothing = { .w = w };
	struct menus_page p = { 0 };
	return menus_page(&nothing, 200, &p, e);
}

struct menu_change { struct web *w; const struct menu_form *form; const char *name; };

/* The next entry by place, of those not written yet. */
static size_t next_row(const struct menu_form *m, const bool *written)
{
	size_t best = m->rows;
	for (size_t i = 0; i < m->rows; i++)
		if (!written[i] && m->label[i].n && (best == m->rows || m->place[i] < m->place[best]))
			best = i;
	return best;
}

static enum status tx_menu(struct db_conn *c, void *arg, struct err *e)
{
	const struct menu_change *x = arg;
	const struct menu_form *m = x->form;
	bool written[MENU_ROWS_MAX + MENU_SPARE] = { false };
	int64_t ord = 0, above = 0;
	TRY(q_blog_nav_clear(c, str_c(x->name), NULL, e));
	for (size_t i; (i = next_row(m, written)) < m->rows; written[i] = true) {
		int64_t id = id_new();
		bool below = m->below[i] && above;
		TRY(q_blog_nav_add(
		        c, id, str_c(x->name), below ? &above : NULL, ord++, m->label[i], m->url[i], NULL, e));
		above = below ? above : id;
	}
	return changed(c, x->w, x->name, e);
}

static enum status check_menu(struct web *w, struct menu_form *m, const char *name, struct err *e)
{
	struct blog_nav nav;
	size_t entries = 0;
	for (size_t i = 0; i < m->rows; i++) {
		entries += m->label[i].n > 0;
		if (m->label[i].n && !m->url[i].n)
			form_fault(&m->fill, m->fields[MENU_FIELDS * i + 1].name, "Where does it lead?");
		if (!m->label[i].n && m->url[i].n)
			form_fault(&m->fill, m->fields[MENU_FIELDS * i].name, "What does it say?");
	}
	if (entries > MENU_ROWS_MAX)
		form_fault(&m->fill, NULL, "At most %d entries: nobody finds anything among more.", MENU_ROWS_MAX);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(blog_nav(w->ctx, c, str_c(name), &nav, e));
	size_t all = entries_of(nav.items, nav.count);
	if (all > MENU_ROWS_MAX) /* an import brought it: what is not shown is not lost */
		form_fault(&m->fill, NULL,
		        "This menu has %zu entries, more than can be changed here. Nothing was changed.", all);
	return ST_OK;
}

enum status blog_post_menu(struct web *w, struct err *e)
{
	size_t which = 0;
	struct str name = web_query(w, "menu");
	while (which < MENUS && !(name.p && str_eqc(name, menus[which].name)))
		which++;
	if (which == MENUS)
		return err_set(e, ST_NOT_FOUND, "There is no such menu.");
	struct menu_form *read = ARENA_NEW(w->ctx->arena, struct menu_form);
	read->rows = MENU_ROWS_MAX + MENU_SPARE; /* as many as the page may have had */
	menu_fields(w, read, menus[which].name);
	TRY(form_read(&read->fill, w, &read->desc, read, e));
	TRY(check_menu(w, read, menus[which].name, e));
	struct menus_page p = { which, read };
	if (read->fill.failed)
		return form_refuse(&read->fill, menus_page, &p, e);
	struct menu_change x = { w, read, menus[which].name };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_menu, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return form_done(&read->fill, web_url(w->ctx, "blog", "/admin/menus?saved=%s", menus[which].name));
}

enum status blog_step_menu(struct ctx *ctx, bool *done, struct err *e)
{
	struct blog_nav nav;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_nav(ctx, c, STR("primary"), &nav, e));
	*done = nav.count > 0;
	return ST_OK;
}
