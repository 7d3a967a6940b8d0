/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/suppliers: who things are from, and which persons may change what is theirs.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_contract.h"
#include "gen/market_serve.h"
#include "gen/market_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/tables/tables.h"
#include "platform/text/words.h"
#include "platform/work/event.h"
#include "services/market/admin.h"

enum { SLUG_TRIES = 100 };

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_suppliers_list_row supplier_line;

static enum status suppliers_load(struct web *w, struct db_conn *c, const struct table_ask *ask,
                                  struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_suppliers_list, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static struct str margin_shown(struct web *w, const void *row)
{
	return arena_strf(w->ctx->arena, "%.*s %%",
	                  STR_ARG(market_percent(w->ctx->arena, ((const supplier_line *)row)->margin)));
}

static struct str supplier_admin_url(struct web *w, const void *row)
{
	return market_admin_url(w->ctx, "suppliers", ((const supplier_line *)row)->id, "");
}

static const struct choice states[] = { { "active", "Active", NULL }, { "paused", "Paused", NULL }, { 0 } };
static const struct table_filter filters[] = { { .name = "state", .title = "State", .choices = states }, { 0 } };
static const struct column columns[] = {
	COLUMN(supplier_line, name, TEXT, .title = "Name", .sort = "name"),
	COLUMN(supplier_line, products, NUMBER, .title = "Products"),
	COLUMN(supplier_line, people, NUMBER, .title = "People"),
	COLUMN(supplier_line, margin, NUMBER, .title = "Margin", .text = margin_shown),
	COLUMN(supplier_line, state, STATE, .title = "State", .usual = "active"),
	{ 0 },
};

static void suppliers_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_market_suppliers_above(out, w);
}

static const struct table_desc suppliers = {
	.path = "/admin/suppliers",
	.title = "Suppliers",
	.search = "Name",
	.filters = filters,
	.columns = columns,
	.empty = "There is no supplier yet.",
	.sort = "name",
	.row_size = sizeof(supplier_line),
	.load = suppliers_load,
	.url = supplier_admin_url,
	.above = suppliers_above,
};

enum status market_get_suppliers(struct web *w, struct err *e)
{
	return table_get(w, &suppliers, NULL, e);
}

/* --- one supplier ------------------------------------------------------------------------------------------------- */

struct supplier_form {
	struct str name, about, tax_number, margin, state, people, email;
	bool vat;
};

static const char *margin_problem(struct web *w, const void *values)
{
	struct str margin = ((const struct supplier_form *)values)->margin;
	int64_t points;
	(void)w;
	return !margin.n || market_percent_read(margin, &points) ? NULL : "A percentage like 7 or 5.5, please.";
}

/* Those who have the role; nobody when identity can not be asked. */
static const struct choice *people_choices(struct web *w, const void *values)
{
	struct identity_holders_answer out = { 0 };
	(void)values;
	if (identity_ask_holders(w->ctx, &(struct identity_holders_ask){ STR("market"), STR("supplier") }, &out,
	                         NULL) != ST_OK)
		out.list.count = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, out.list.count + 1);
	for (size_t i = 0; i < out.list.count; i++)
		list[i] = (struct choice){ .value = arena_printf(w->ctx->arena, "%lld",
			                                         (long long)out.list.items[i].person),
			                   .label = arena_cstr(w->ctx->arena, out.list.items[i].name) };
	return list;
}

static const struct field supplier_fields[] = {
	FIELD(struct supplier_form, name, TEXT, .label = "Name", .required = "What is it called?",
	      .max = FORM_TEXT_MAX),
	FIELD(struct supplier_form, about, AREA, .label = "About them", .max = IMPORT_TEXT_MAX),
	FIELD(struct supplier_form, email, EMAIL, .label = "E-mail for orders",
	      .hint = "Gets what was ordered when an order cycle has closed"),
	FIELD(struct supplier_form, margin, TEXT, .label = "Margin", .max = 6, .unit = "%", .check = margin_problem,
	      .hint = "Of a price, what stays with the market"),
	FIELD(struct supplier_form, vat, CHECK, .label = "Registered for value added tax"),
	FIELD(struct supplier_form, tax_number, TEXT, .label = "Tax number", .max = 40),
	FIELD(struct supplier_form, state, CHOICE, .label = "State", .required = "Is it active?", .choices = states),
	FIELD(struct supplier_form, people, WORDS, .label = "Who may change stock and prices of theirs",
	      .choose = people_choices, .hint = "Members with the role Supplier"),
	{ 0 },
};
static const struct form_desc supplier_desc = { .fields = supplier_fields };

static enum status load_supplier(struct web *w, struct supplier_page *v, struct supplier_form *values, struct err *e)
{
	struct market_supplier_row *s;
	struct market_supplier_people_row *people;
	struct buf words;
	size_t n;
	*v = (struct supplier_page){ .w = w, .shell = web_shell(w, "A new supplier") };
	*values = (struct supplier_form){ .margin = STR("0"), .state = STR("active") };
	if (!web_path_is(w, "id"))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_supplier(c, web_path_int(w, "id"), &s, e));
	if (!s)
		return err_set(e, ST_NOT_FOUND, "There is no such supplier.");
	TRY(q_market_supplier_people(c, s->id, &people, &n, e));
	buf_text(&words, w->ctx->arena);
	for (size_t i = 0; i < n; i++)
		buf_printf(&words, "%s%lld", i ? " " : "", (long long)people[i].person);
	v->s = s;
	v->shell = web_shell(w, arena_cstr(w->ctx->arena, s->name));
	*values = (struct supplier_form){ .name = s->name,
		                          .about = s->about,
		                          .tax_number = s->tax_number,
		                          .vat = s->vat,
		                          .margin = market_percent(w->ctx->arena, s->margin),
		                          .state = s->state,
		                          .email = s->email,
		                          .people = buf_str(&words) };
	return ST_OK;
}

static enum status draw_supplier(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct supplier_page *v = arg;
	struct buf page;
	(void)e;
	v->form = f;
	web_no_cache(v->w);
	buf_arena(&page, v->w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_supplier_form(&page, v);
	return web_html(v->w, status, &page);
}

struct supplier_save {
	int64_t id; /* 0: new */
	const struct supplier_form *values;
	int64_t margin, saved;
	struct audit_entry audit;
	bool taken; /* another one has the name */
};

static enum status add_supplier(struct db_conn *c, struct supplier_save *s, int64_t now, struct err *e)
{
	struct market_supplier_slug_row *other = NULL;
	struct str base = text_slug(db_arena(c), s->values->name), slug;
	if (!base.n)
		base = STR("supplier");
	slug = base;
	for (int n = 2; n < SLUG_TRIES; n++) {
		TRY(q_market_supplier_slug(c, slug, &other, e));
		if (!other)
			break;
		slug = arena_strf(db_arena(c), "%.*s-%d", STR_ARG(base), n);
	}
	s->saved = id_new();
	return q_market_supplier_add(c, s->saved, slug, s->values->name, s->values->about, now, NULL, e);
}

static enum status put_people(struct db_conn *c, const struct supplier_save *s, struct err *e)
{
	struct str rest = s->values->people, word;
	int64_t person;
	TRY(q_market_supplier_people_drop(c, s->saved, NULL, e));
	while (rest.n && str_next(&rest, ' ', &word))
		if (str_i64(word, &person))
			TRY(q_market_supplier_person_add(c, s->saved, person, NULL, e));
	return ST_OK;
}

static enum status tx_supplier(struct db_conn *c, void *arg, struct err *e)
{
	struct supplier_save *s = arg;
	const struct supplier_form *v = s->values;
	struct market_supplier_named_row *other;
	int64_t now = clock_now_us();
	TRY(q_market_supplier_named(c, v->name, &other, e));
	s->taken = other && other->id != s->id;
	if (s->taken)
		return ST_OK;
	s->saved = s->id;
	if (!s->id)
		TRY(add_supplier(c, s, now, e));
	TRY(q_market_supplier_change(c, s->saved, v->name, v->about, v->tax_number, v->vat, s->margin, v->state,
	                             str_or_empty(v->email), now, NULL, e));
	TRY(put_people(c, s, e));
	struct audit_entry audit = s->audit;
	audit.action = s->id ? "supplier.changed" : "supplier.added";
	audit.object = id_str(db_arena(c), s->saved);
	TRY(event_emit(c, audit.action, audit.object, STR("{}"), e));
	return audit_write(c, &audit, e);
}

enum status market_get_supplier_form(struct web *w, struct err *e)
{
	struct supplier_page v;
	struct supplier_form values;
	struct form_fill f;
	TRY(load_supplier(w, &v, &values, e));
	form_show(&f, w, &supplier_desc, &values);
	return draw_supplier(&f, 200, &v, e);
}

enum status market_post_supplier_form(struct web *w, struct err *e)
{
	struct supplier_page v;
	struct supplier_form values;
	struct form_fill f;
	TRY(load_supplier(w, &v, &values, e));
	TRY(form_read(&f, w, &supplier_desc, &values, e));
	if (f.failed)
		return form_refuse(&f, draw_supplier, &v, e);
	struct supplier_save s = { .id = v.s ? v.s->id : 0, .values = &values };
	(void)market_percent_read(values.margin, &s.margin);
	audit_from(w, &s.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_supplier, &s, e));
	if (s.taken) {
		form_fault(&f, "name", "Another supplier has that name.");
		return form_refuse(&f, draw_supplier, &v, e);
	}
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return form_done(&f, market_admin_url(w->ctx, "suppliers", s.saved, "?done=saved"));
}

enum status market_serve_supplier_contact(struct ctx *ctx, const struct supplier_contact_ask *in,
                                          struct supplier_contact_answer *out, struct err *e)
{
	struct market_supplier_row *s;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_market_supplier(c, in->supplier, &s, e));
	*out = (struct supplier_contact_answer){ .there = s != NULL, .name = s ? s->name : STR(""),
		                                 .email = s ? s->email : STR("") };
	return ST_OK;
}
