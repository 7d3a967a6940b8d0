/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/admin/settings.h"

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "gen/platform_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/text/json.h"

#define PAGE_MAX (1u << 20)

/* --- taking over -------------------------------------------------------------------------------------------------- */

static enum status take_over(struct ctx *ctx, bool at_start, struct err *e)
{
	const struct service *s = ctx->svc->def;
	struct kept_settings_row *rows;
	struct err why = { 0 };
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_kept_settings(c, &rows, &n, e));
	struct config_kept *list = ARENA_ARRAY(ctx->arena, struct config_kept, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct config_kept){ rows[i].name, rows[i].value };
	if (config_keep(ctx->svc->platform->config, s->name, list, n, at_start, &why) != ST_OK)
		LOG(WARN, ctx, "settings.not_taken", LS("service", s->name), LS("why", why.msg));
	return ST_OK;
}

static enum status settings_mark_read(struct ctx *ctx, int64_t *mark, struct err *e)
{
	struct kept_settings_mark_row *m;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_kept_settings_mark(c, &m, e));
	*mark = m->last * 64 + m->n % 64;
	return ST_OK;
}

/* The watch and whoever has just changed something, each on a loop of its own. */
static void set_mark(struct service_instance *s, int64_t mark)
{
	__atomic_store_n(&s->settings_mark, mark, __ATOMIC_RELAXED);
}

enum status settings_load(struct ctx *ctx, struct platform *p, struct err *e)
{
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		if (!s->local || !s->db)
			continue;
		ctx->svc = s;
		int64_t mark = 0;
		enum status st = settings_mark_read(ctx, &mark, e);
		if (st == ST_OK && mark)
			st = take_over(ctx, true, e);
		if (st == ST_OK)
			set_mark(s, mark);
		ctx->svc = NULL;
		TRY(st);
	}
	return ST_OK;
}

enum status settings_watch(struct ctx *ctx, struct err *e)
{
	int64_t mark;
	TRY(settings_mark_read(ctx, &mark, e));
	if (mark == __atomic_load_n(&ctx->svc->settings_mark, __ATOMIC_RELAXED))
		return ST_OK;
	TRY(take_over(ctx, false, e));
	set_mark(ctx->svc, mark);
	cache_drop_tag(ctx->svc->platform->cache, str_c(ctx->svc->def->name));
	return ST_OK;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

/* The rows of a service as a form: a field each, its text in values. */
struct setting_form {
	struct service_instance *svc;
	const struct config_row *rows[FORM_FIELDS_ROOM]; /* by field */
	struct field fields[FORM_FIELDS_ROOM + 1];
	struct str values[FORM_FIELDS_ROOM];
	struct form_desc desc;
	struct form_fill fill;
	size_t n;
};

struct str setting_source(struct web *w, const char *source)
{
	static const char environment[] = "environment ";
	return strncmp(source, environment, strlen(environment)) == 0
	        ? arena_strf(w->ctx->arena, tr("environment %s"), source + strlen(environment))
	        : str_c(tr(source));
}

/* "posts_per_page": "Posts per page"; of the catalogue, as tools/texts.py knows. */
static const char *words_of(struct arena *a, const char *key)
{
	char *text = arena_cstr(a, str_c(key));
	for (char *p = text; *p; p++)
		if (*p == '_')
			*p = ' ';
	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 32);
	return text;
}

static const struct choice *choices_of(struct arena *a, const struct setting *s)
{
	struct str rest = s->kind == SET_BOOL ? STR("yes no") : str_c(s->choices), word;
	struct choice *list = ARENA_ARRAY(a, struct choice, rest.n / 2 + 2);
	for (size_t n = 0; rest.n && str_next(&rest, ' ', &word); n++) {
		list[n].value = arena_cstr(a, word);
		list[n].label = words_of(a, list[n].value);
	}
	return list;
}

static const char *hint_of(struct arena *a, const struct config_row *row)
{
	const struct setting *s = row->setting;
	bool usual = s->fallback && *s->fallback;
	return usual ? arena_printf(a, tr("%s Usually: %s."), tr(s->help), s->fallback) : tr(s->help);
}

static void add_field(struct arena *a, struct setting_form *f, const struct config_row *row)
{
	const struct setting *s = row->setting;
	bool chosen = s->kind == SET_BOOL || s->kind == SET_ENUM;
	f->rows[f->n] = row;
	f->values[f->n] = str_c(row->value);
	f->fields[f->n] = (struct field){ .name = s->key,
		.label = words_of(a, s->key),
		.hint = hint_of(a, row),
		.kind = chosen ? FIELD_CHOICE : FIELD_TEXT,
		.at = f->n * sizeof *f->values,
		.choices = chosen ? choices_of(a, s) : NULL,
		.required = chosen ? "Please choose one of these." : NULL,
		.max = FORM_URL_MAX,
		.plain = true };
	f->n++;
}

/* What people choose, of a service's own section: rows that count at once. The others name files, addresses and stores,
   and are the operator's; secrets are never shown, so they are not changed here either. */
static bool is_own(const struct config_row *row, const struct service *s)
{
	return row->setting->section && !strcmp(row->setting->section, s->name) && row->setting->live &&
	        row->setting->kind != SET_SECRET;
}

static void make_form(
        struct web *w, struct setting_form *f, struct service_instance *svc, const struct config_row *rows, size_t n)
{
	*f = (struct setting_form){ .svc = svc, .desc.fields = f->fields };
	for (size_t i = 0; i < n && f->n < FORM_FIELDS_ROOM; i++)
		if (is_own(&rows[i], svc->def) && !rows[i].fixed)
			add_field(w->ctx->arena, f, &rows[i]);
	form_show(&f->fill, w, &f->desc, f->values);
}

struct settings_page { struct setting_form *failed; struct str saved; };

static struct settings_section section_of(struct web *w, struct service_instance *svc, const struct settings_page *p,
                                          const struct config_row *rows, size_t n)
{
	struct setting_form *f = p->failed && p->failed->svc == svc ? p->failed : NULL;
	struct config_row *fixed = ARENA_ARRAY(w->ctx->arena, struct config_row, n);
	struct settings_section s = { .service = svc->def, .fixed = fixed, .saved = str_eqc(p->saved, svc->def->name) };
	for (size_t i = 0; i < n; i++)
		if (is_own(&rows[i], svc->def) && rows[i].fixed)
			fixed[s.fixed_count++] = rows[i];
	if (!f) {
		f = ARENA_NEW(w->ctx->arena, struct setting_form);
		make_form(w, f, svc, rows, n);
	}
	s.form = f->n ? &f->fill : NULL;
	return s;
}

static enum status draw(struct form_fill *fill, int status, void *arg, struct err *e)
{
	struct web *w = fill->w;
	const struct settings_page *p = arg;
	const struct platform *pl = w->ctx->svc->platform;
	struct config_row *rows;
	struct buf page;
	struct page_shell shell = web_shell(w, "Settings");
	size_t n = config_rows(pl->config, w->ctx->arena, &rows);
	struct settings_view v = { .sections = ARENA_ARRAY(w->ctx->arena, struct settings_section, pl->service_count) };
	struct config_row *rest = ARENA_ARRAY(w->ctx->arena, struct config_row, n);
	(void)e;
	for (unsigned i = 0; i < pl->service_count; i++) {
		if (!pl->services[i].local)
			continue;
		struct settings_section s = section_of(w, &pl->services[i], p, rows, n);
		if (s.form || s.fixed_count)
			v.sections[v.count++] = s;
	}
	for (size_t i = 0; i < n; i++) {
		bool own = false;
		for (unsigned k = 0; k < pl->service_count; k++)
			own |= is_own(&rows[i], pl->services[k].def);
		if (!own)
			rest[v.platform_count++] = rows[i];
	}
	v.platform = rest;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_admin_settings(&page, &shell, w, &v);
	return web_html(w, status, &page);
}

enum status settings_get(struct web *w, struct err *e)
{
	struct str saved = web_query(w, "saved");
	struct settings_page p = { .saved = saved.p ? saved : STR("") };
	struct form_fill nothing = { .w = w };
	return draw(&nothing, 200, &p, e);
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

struct settings_change { struct web *w; struct setting_form *form; };

static enum status setting_record(
        struct db_conn *c, struct web *w, const char *name, struct str from, struct str to, struct err *e)
{
	struct audit_entry entry = { .action = "setting.changed", .object = str_c(name) };
	struct buf b;
	buf_arena(&b, db_arena(c), AUDIT_DETAILS_MAX);
	BUF_LIT(&b, "{\"from\":");
	json_put_str(&b, from);
	BUF_LIT(&b, ",\"to\":");
	json_put_str(&b, to);
	buf_putc(&b, '}');
	audit_from(w, &entry);
	entry.details = buf_str(&b);
	return audit_write(c, &entry, e);
}

static enum status tx_change(struct db_conn *c, void *arg, struct err *e)
{
	const struct settings_change *x = arg;
	const struct setting_form *f = x->form;
	int64_t now = clock_now_us();
	for (size_t i = 0; i < f->n; i++) {
		const struct setting *s = f->rows[i]->setting;
		struct str former = str_c(f->rows[i]->value), value = f->values[i];
		const char *name = arena_printf(db_arena(c), "%s.%s", s->section, s->key);
		if (str_eq(former, value))
			continue;
		TRY(q_kept_setting_put(c, str_c(name), value, x->w->person->id, now, NULL, e));
		TRY(setting_record(c, x->w, name, former, value, e));
	}
	return ST_OK;
}

static void settings_check(struct setting_form *f)
{
	struct web *w = f->fill.w;
	for (size_t i = 0; i < f->n; i++) {
		struct err why = { 0 };
		const struct setting *s = f->rows[i]->setting;
		struct str name = arena_strf(w->ctx->arena, "%s.%s", s->section, s->key);
		if (config_check(w->ctx->svc->platform->config, name, f->values[i], &why) != ST_OK)
			form_fault(&f->fill, s->key, "%s", why.msg);
	}
}

static enum status settings_change(struct web *w, struct setting_form *f, struct err *e)
{
	struct service_instance *former = w->ctx->svc;
	struct settings_change x = { w, f };
	w->ctx->svc = f->svc;
	enum status st = db_write(w->ctx, f->svc->db, tx_change, &x, e);
	if (st == ST_OK)
		st = settings_watch(w->ctx, e);
	w->ctx->svc = former;
	return st;
}

enum status settings_post(struct web *w, struct err *e)
{
	const struct platform *pl = w->ctx->svc->platform;
	struct config_row *rows;
	struct setting_form *f = ARENA_NEW(w->ctx->arena, struct setting_form);
	struct str name = web_query(w, "service");
	size_t n = config_rows(pl->config, w->ctx->arena, &rows);
	struct service_instance *svc = name.n
	        ? platform_service((struct platform *)(uintptr_t)pl, arena_cstr(w->ctx->arena, name))
	        : NULL;
	if (!svc || !svc->local || !svc->db)
		return err_set(e, ST_NOT_FOUND, "Settings of that service are not kept here.");
	make_form(w, f, svc, rows, n);
	TRY(form_read(&f->fill, w, &f->desc, f->values, e));
	if (!f->fill.failed)
		settings_check(f);
	struct settings_page p = { .failed = f, .saved = STR("") };
	if (f->fill.failed)
		return form_refuse(&f->fill, draw, &p, e);
	TRY(settings_change(w, f, e));
	return form_done(
	        &f->fill, arena_strf(w->ctx->arena, "/admin/settings?saved=%s#%s", svc->def->name, svc->def->name));
}
