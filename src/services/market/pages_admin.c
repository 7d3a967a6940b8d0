/* SPDX-License-Identifier: Apache-2.0
 *
 * Market pages as keepers have them: a list in the order in which everybody sees them, and a form for each. A page that
 * gets another address is still found at the former one; one that is deleted can be had back for a month.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/blog_contract.h"
#include "gen/market_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/tables/tables.h"
#include "platform/text/words.h"
#include "platform/work/event.h"
#include "services/market/pages_admin.h"

extern const struct service service_market; /* whose routes an address must not hide */

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_pages_list_row page_line;

static enum status pages_load(struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found,
                              struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_pages_list, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static struct str page_admin_url(struct web *w, const void *row)
{
	return market_admin_url(w->ctx, "pages", ((const page_line *)row)->id, "");
}

static const struct {
	const char *name, *audited;
	enum status (*set)(struct db_conn *c, int64_t id, int64_t now, int64_t *affected, struct err *e);
} turns[] = {
	{ "open", "page.opened", q_market_page_open },   { "close", "page.closed", q_market_page_close },
	{ "hide", "page.hidden", q_market_page_hide },   { "show", "page.shown", q_market_page_show },
	{ "drop", "page.deleted", q_market_page_delete }, { "back", "page.restored", q_market_page_back },
	{ "up", "page.moved", NULL },                     { "down", "page.moved", NULL },
};

/* Places are told anew from 0, so that two pages never have the same one. */
static enum status move_page(struct db_conn *c, int64_t id, bool up, int64_t *affected, struct err *e)
{
	struct market_page_ranks_row *rows;
	size_t n, at = 0;
	TRY(q_market_page_ranks(c, &rows, &n, e));
	while (at < n && rows[at].id != id)
		at++;
	size_t to = up ? at - 1 : at + 1;
	*affected = at < n && to < n; /* before the first: to is the greatest there is */
	if (!*affected)
		return ST_OK;
	struct buf ids;
	buf_text(&ids, db_arena(c));
	for (size_t i = 0; i < n; i++)
		buf_printf(&ids, "%s%lld", i ? "," : "[", (long long)rows[i == at ? to : i == to ? at : i].id);
	buf_putc(&ids, ']');
	return q_market_pages_order(c, buf_str(&ids), NULL, e);
}

static enum status check_empty(struct db_conn *c, int64_t id, struct err *e)
{
	struct market_page_goods_row *goods;
	TRY(q_market_page_goods(c, id, &goods, e));
	if (goods && goods->n)
		return err_set(e, ST_CONFLICT, "“%.*s” still has products: move them or put them away first.",
		               STR_ARG(goods->title));
	return ST_OK;
}

enum status page_turn_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct page_turn *x = arg;
	struct market_page_locked_row *row;
	int64_t affected = 0;
	size_t i = 0;
	while (i < sizeof turns / sizeof *turns - 1 && strcmp(turns[i].name, x->action))
		i++;
	TRY(q_market_page_locked(c, x->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such market page.");
	if (turns[i].set == q_market_page_delete)
		TRY(check_empty(c, x->id, e));
	TRY(turns[i].set ? turns[i].set(c, x->id, clock_now_us(), &affected, e)
	                 : move_page(c, x->id, !strcmp(x->action, "up"), &affected, e));
	x->changed = affected > 0;
	if (!x->changed)
		return ST_OK;
	struct audit_entry audit = x->audit;
	audit.action = turns[i].audited;
	audit.object = id_str(db_arena(c), x->id);
	TRY(event_emit(c, audit.action, audit.object, STR("{}"), e));
	return audit_write(c, &audit, e);
}

static enum status pages_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct page_turn x = { .action = a->name };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such market page.");
	audit_from(w, &x.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, page_turn_tx, &x, e));
	*changed = x.changed;
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return ST_OK;
}

static void pages_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_market_pages_above(out, w);
}

static const struct choice states[] = { { "open", "Open", NULL }, { "closed", "Closed for now", NULL },
	                                { "draft", "Hidden", NULL }, { "deleted", "Deleted", NULL }, { 0 } };
static const struct table_filter filters[] = { { .name = "state", .title = "State", .choices = states }, { 0 } };
static const struct column columns[] = {
	COLUMN(page_line, title, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(page_line, slug, CODE, .title = "Address"),
	COLUMN(page_line, products, NUMBER, .title = "Products"),
	COLUMN(page_line, currency, CODE, .title = "Currency"),
	COLUMN(page_line, state, STATE, .title = "State", .usual = "open"),
	COLUMN(page_line, rank, NUMBER, .title = "Place", .sort = "place", .by = 0),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "up", .label = "Further up", .done = "Moved up", .undo = "down", .each = true },
	{ .name = "down", .label = "Further down", .done = "Moved down", .undo = "up", .each = true },
	{ .name = "hide", .label = "Hide", .done = "Hidden", .undo = "show" },
	{ .name = "show", .label = "Show", .done = "Shown", .undo = "hide" },
	{ .name = "close", .label = "Close", .done = "Closed for now", .undo = "open" },
	{ .name = "open", .label = "Open again", .done = "Opened", .undo = "close" },
	{ .name = "drop", .label = "Delete", .done = "Deleted", .undo = "back", .danger = true },
	{ .name = "back", .label = "Bring back", .done = "Brought back", .undo = "drop" },
	{ 0 },
};
static const struct table_desc pages = {
	.path = "/admin/pages",
	.title = "Market pages",
	.search = "Name or address",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "There is no market page yet: the first product makes one, or you do.",
	.sort = "place",
	.row_size = sizeof(page_line),
	.load = pages_load,
	.act = pages_act,
	.url = page_admin_url,
	.above = pages_above,
};

enum status market_get_admin_pages(struct web *w, struct err *e)
{
	return table_get(w, &pages, NULL, e);
}

enum status market_post_admin_pages(struct web *w, struct err *e)
{
	return table_post(w, &pages, NULL, e);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const struct choice page_states[] = { { "open", "Open", NULL },
	{ "closed", "Closed: to be seen, not to be bought from", NULL }, { "draft", "Hidden", NULL }, { 0 } };
static const struct choice layouts[] = { { "cards", "Pictures side by side", NULL },
	                                 { "lines", "A line for each", NULL }, { 0 } };

/* Whose payment account takes the money: the page's own, or another page's. */
static const struct choice *account_choices(struct web *w, const void *values)
{
	struct market_page_keys_row *rows = NULL;
	int64_t own = 0;
	size_t n = 0, count = 0;
	(void)values;
	{
		SCOPED_DB_READ c = NULL;
		if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) || q_market_page_keys(c, &rows, &n, NULL))
			n = 0;
	}
	if (web_path_is(w, "id"))
		own = web_path_int(w, "id");
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	list[count++] = (struct choice){ .value = "", .label = "Its own" };
	for (size_t i = 0; i < n; i++)
		if (rows[i].id != own)
			list[count++] = (struct choice){ .value = arena_cstr(w->ctx->arena, rows[i].key),
				                         .label = arena_printf(w->ctx->arena, tr("That of %.*s"),
				                                               STR_ARG(rows[i].title)) };
	return list;
}

/* Pages of the site; what it is bound to now stays, also when the blog can not be asked. */
static const struct choice *container_choices(struct web *w, const void *values)
{
	struct str now = ((const struct page_form *)values)->container;
	struct blog_pages_answer out = { 0 };
	bool there = !now.n;
	size_t count = 0;
	if (blog_ask_pages(w->ctx, &out, NULL) != ST_OK)
		out.pages.count = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, out.pages.count + 3);
	list[count++] = (struct choice){ .value = "", .label = "Beside none" };
	for (size_t i = 0; i < out.pages.count; i++) {
		struct str id = id_str(w->ctx->arena, out.pages.items[i].id);
		there |= str_eq(id, now);
		list[count++] = (struct choice){ .value = id.p,
			                         .label = arena_cstr(w->ctx->arena, out.pages.items[i].title) };
	}
	if (!there)
		list[count++] = (struct choice){ .value = arena_cstr(w->ctx->arena, now),
			                         .label = "The one it is beside now" };
	return list;
}

static bool is_hidden(struct str slug)
{
	static const char *const of_all[] = { "media", "auth" }; /* routes that the platform adds to each service */
	for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
		if (str_eqc(slug, of_all[i]))
			return true;
	for (const struct route *r = service_market.routes; r->method; r++) {
		struct str rest = str_skip(str_c(r->pattern), 1), first;
		if (slug.n && str_next(&rest, '/', &first) && str_eq(first, slug))
			return true;
	}
	return false;
}

static const char *check_slug(struct web *w, const void *values)
{
	struct str slug = ((const struct page_form *)values)->slug;
	if (slug.n && !str_eq(text_slug(w->ctx->arena, slug), slug))
		return "Small letters, digits and hyphens, please.";
	return is_hidden(slug) ? "The market itself has this address." : NULL;
}

static const char *check_currency(struct web *w, const void *values)
{
	struct str currency = ((const struct page_form *)values)->currency;
	bool letters = currency.n == PAGE_CURRENCY_LEN;
	(void)w;
	for (size_t i = 0; i < currency.n; i++)
		letters &= currency.p[i] >= 'A' && currency.p[i] <= 'Z';
	return letters ? NULL : "Three letters, like EUR or CHF.";
}

static const struct field page_fields[] = {
	FIELD(struct page_form, title, TEXT, .label = "Name", .required = "What is it called?", .max = PAGE_TITLE_MAX),
	FIELD(struct page_form, slug, TEXT, .label = "Address", .max = PAGE_SLUG_MAX, .check = check_slug,
	        .hint = "The last part of its address; left empty, it is made of the name. The former address leads "
	                "here."),
	FIELD(struct page_form, intro, AREA, .label = "About it", .max = PAGE_INTRO_MAX),
	FIELD(struct page_form, layout, CHOICE, .label = "How it shows things", .required = "How does it show things?",
	        .choices = layouts),
	FIELD(struct page_form, state, CHOICE, .label = "State", .required = "Is it open?", .choices = page_states),
	FIELD(struct page_form, currency, TEXT, .label = "Currency", .required = "Which currency?",
	        .max = PAGE_CURRENCY_LEN, .check = check_currency,
	        .hint = "Can be changed while nothing on the page has a price"),
	FIELD(struct page_form, account, CHOICE, .label = "Payment account", .choose = account_choices,
	        .hint = "Whose account gets what is paid here"),
	FIELD(struct page_form, container, CHOICE, .label = "Beside which page of the site",
	        .choose = container_choices, .hint = "There the shop is shown with its newest things"),
	{ 0 },
};
static const struct form_desc page_desc = { .fields = page_fields };

static enum status load_page_form(struct web *w, struct page_page *v, struct page_form *values, struct err *e)
{
	struct market_page_row *p;
	*v = (struct page_page){ .w = w, .shell = web_shell(w, "A new market page") };
	*values = (struct page_form){ .title = STR(""), .slug = STR(""), .intro = STR(""), .account = STR(""),
		.container = STR(""), .layout = STR("cards"), .state = STR("draft"),
		.currency = config_str(w->ctx->svc->platform->config, "market", "currency") };
	if (!web_path_is(w, "id"))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_page(c, web_path_int(w, "id"), &p, e));
	if (!p || p->deleted_at)
		return err_set(e, ST_NOT_FOUND, "There is no such market page.");
	v->p = p;
	v->shell = web_shell(w, arena_cstr(w->ctx->arena, p->title));
	*values = (struct page_form){ .title = p->title, .slug = p->slug, .intro = p->intro, .account = p->account,
		.container = p->container ? id_str(w->ctx->arena, p->container) : STR(""), .layout = p->layout,
		.state = p->state, .currency = p->currency };
	return ST_OK;
}

static enum status draw_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct page_page *v = arg;
	struct buf page;
	(void)e;
	v->form = f;
	web_no_cache(v->w);
	buf_arena(&page, v->w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_page_form(&page, v);
	return web_html(v->w, status, &page);
}

enum status market_get_admin_page(struct web *w, struct err *e)
{
	struct page_page v;
	struct page_form values;
	struct form_fill f;
	TRY(load_page_form(w, &v, &values, e));
	form_show(&f, w, &page_desc, &values);
	return draw_page(&f, 200, &v, e);
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

/* *taken: another page has the address. A deleted one keeps it as long as it can be had back. */
static enum status look_at_address(struct db_conn *c, struct page_save *s, struct err *e)
{
	struct market_page_at_row *other;
	TRY(q_market_page_at(c, s->slug, &other, e));
	if (other && other->id != s->id)
		s->outcome = other->deleted_at ? PAGE_TAKEN_DELETED : PAGE_TAKEN;
	return ST_OK;
}

static enum status add_page(struct db_conn *c, struct page_save *s, int64_t now, struct err *e)
{
	struct market_page_ranks_row *rows;
	size_t n;
	TRY(q_market_page_ranks(c, &rows, &n, e));
	if (n >= PAGES_MAX) {
		s->outcome = PAGE_MANY;
		return ST_OK;
	}
	s->saved = id_new();
	return q_market_page_add(c, s->saved, s->slug, s->values->title, STR(""), s->values->currency,
	        n ? rows[n - 1].rank + 1 : 0, now, NULL, e);
}

/* What is there is locked first: a price that is put in meanwhile waits, or is seen. */
static enum status look_at_page(struct db_conn *c, struct page_save *s, struct market_page_row **was, struct err *e)
{
	struct market_page_locked_row *row;
	TRY(q_market_page_locked(c, s->id, &row, e));
	*was = NULL;
	if (row && !row->deleted_at)
		TRY(q_market_page(c, s->id, was, e));
	if (!*was)
		return err_set(e, ST_NOT_FOUND, "There is no such market page.");
	if ((*was)->priced && !str_eq((*was)->currency, s->values->currency))
		s->outcome = PAGE_PRICED;
	return ST_OK;
}

enum status page_save_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct page_save *s = arg;
	const struct page_form *v = s->values;
	struct market_page_row *was = NULL;
	int64_t now = clock_now_us(), container = 0;
	s->outcome = PAGE_SAVED;
	s->saved = s->id;
	TRY(look_at_address(c, s, e));
	if (s->id && s->outcome == PAGE_SAVED)
		TRY(look_at_page(c, s, &was, e));
	if (!s->id && s->outcome == PAGE_SAVED)
		TRY(add_page(c, s, now, e));
	if (s->outcome != PAGE_SAVED)
		return ST_OK;
	TRY(q_market_page_address_drop(c, s->slug, NULL, e));
	if (was && !str_eq(was->slug, s->slug))
		TRY(q_market_page_address_put(c, was->slug, s->id, NULL, e));
	if (v->container.n)
		(void)id_parse(v->container, &container);
	TRY(q_market_page_change(c, s->saved, s->slug, v->title, v->intro, v->currency, v->account, v->state, v->layout,
	        container, now, NULL, e));
	struct audit_entry audit = s->audit;
	audit.action = s->id ? "page.changed" : "page.added";
	audit.object = id_str(db_arena(c), s->saved);
	TRY(event_emit(c, audit.action, audit.object, STR("{}"), e));
	return audit_write(c, &audit, e);
}

static void say_outcome(struct form_fill *f, const struct page_save *s)
{
	if (s->outcome == PAGE_TAKEN)
		form_fault(f, "slug", "Another market page has this address.");
	else if (s->outcome == PAGE_TAKEN_DELETED)
		form_fault(f, "slug", "A deleted market page has this address: bring it back, or choose another.");
	else if (s->outcome == PAGE_PRICED)
		form_fault(f, "currency",
		        "There are prices on this page: they would mean other amounts. Make a page of its own for the "
		        "other currency.");
	else if (s->outcome == PAGE_MANY)
		form_fault(f, NULL, "There are %d market pages, and there can't be more.", PAGES_MAX);
}

enum status market_post_admin_page(struct web *w, struct err *e)
{
	struct page_page v;
	struct page_form values;
	struct form_fill f;
	TRY(load_page_form(w, &v, &values, e));
	TRY(form_read(&f, w, &page_desc, &values, e));
	struct page_save s = { .id = v.p ? v.p->id : 0, .values = &values, .slug = values.slug };
	if (!f.failed && !s.slug.n) {
		s.slug = text_slug(w->ctx->arena, values.title);
		if (!s.slug.n || s.slug.n > PAGE_SLUG_MAX || is_hidden(s.slug))
			form_fault(&f, "slug", "An address can't be made of this name: write one, please.");
	}
	if (f.failed)
		return form_refuse(&f, draw_page, &v, e);
	audit_from(w, &s.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, page_save_tx, &s, e));
	say_outcome(&f, &s);
	if (f.failed)
		return form_refuse(&f, draw_page, &v, e);
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return form_done(&f, market_admin_url(w->ctx, "pages", s.saved, "?done=saved"));
}
