/* SPDX-License-Identifier: Apache-2.0
 *
 * Order cycles as keepers have them: a list, and a form for each with its three moments and what can be ordered.
 * Moments are the site's, as the page for everybody shows them.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/market_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/tables/tables.h"
#include "platform/text/html.h"
#include "platform/text/local.h"
#include "platform/work/event.h"
#include "services/market/cycles.h"
#include "services/market/market.h"

enum { MOMENTS = 3, NAMED_MOST = 50 /* variants of one product */ };

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_cycles_row cycle_row;

static enum status cycles_load(struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found,
                               struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_cycles, c, ask->search, ask->like, &ask->page);
}

static struct str state_text(struct web *w, const void *row)
{
	const cycle_row *r = row;
	(void)w;
	return cycle_state_words(cycle_state_at(r->opens_at, r->closes_at, r->delivers_at, clock_now_us()));
}

static struct str cycle_url(struct web *w, const void *row)
{
	char id[ID_TEXT_LEN + 1];
	id_text(((const cycle_row *)row)->id, id);
	return web_url(w->ctx, "market", "/admin/cycles/%s", id);
}

struct cycle_dropping {
	int64_t id;
	struct audit_entry audit;
};

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	const struct cycle_dropping *x = arg;
	struct market_cycle_row *row;
	int64_t gone;
	TRY(q_market_cycle(c, x->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such cycle.");
	TRY(q_market_cycle_drop(c, x->id, &gone, e));
	if (!gone)
		return err_set(e, ST_CONFLICT, "Something was ordered in “%.*s”.",
		               STR_ARG(row->title));
	TRY(event_emit(c, "cycle.removed", x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

static enum status cycles_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct cycle_dropping x = { .audit = { .action = "cycle.removed", .object = key } };
	(void)a;
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such cycle.");
	audit_from(w, &x.audit);
	*changed = true;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_drop, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return ST_OK;
}

static void cycles_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_market_cycles_above(out, w);
}

static const struct column columns[] = {
	COLUMN(cycle_row, title, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(cycle_row, title, TEXT, .title = "State", .text = state_text),
	COLUMN(cycle_row, opens_at, MOMENT, .title = "Opens", .sort = "opens", .by = 0, .first_down = true),
	COLUMN(cycle_row, closes_at, MOMENT, .title = "Closes", .sort = "closes", .by = 2, .first_down = true),
	COLUMN(cycle_row, delivers_at, MOMENT, .title = "Delivered"),
	COLUMN(cycle_row, variants, NUMBER, .title = "Variants"),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "drop",
	  .label = "Delete",
	  .done = "Deleted",
	  .confirm = "What is in no other cycle can then be ordered at any time.",
	  .danger = true },
	{ 0 },
};
static const struct table_desc cycles = {
	.path = "/admin/cycles",
	.title = "Order cycles",
	.search = "Name",
	.columns = columns,
	.actions = actions,
	.empty = "There is no cycle: everything can be ordered at any time.",
	.sort = "opens",
	.down = true,
	.row_size = sizeof(cycle_row),
	.load = cycles_load,
	.act = cycles_act,
	.url = cycle_url,
	.above = cycles_above,
};

enum status market_get_admin_cycles(struct web *w, struct err *e)
{
	return table_get(w, &cycles, NULL, e);
}

enum status market_post_admin_cycles(struct web *w, struct err *e)
{
	return table_post(w, &cycles, NULL, e);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const char *check_hour(struct str time)
{
	int hour, minute;
	return local_hour(time, &hour, &minute) ? NULL : "A time is written like 18:30.";
}

static const char *check_opens(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct cycle_form *)values)->opens_time);
}

static const char *check_closes(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct cycle_form *)values)->closes_time);
}

static const char *check_delivers(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct cycle_form *)values)->delivers_time);
}

static const struct choice *suppliers(struct web *w, const void *values)
{
	struct market_suppliers_row *rows;
	size_t n;
	(void)values;
	SCOPED_DB_READ c = NULL;
	if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) || q_market_suppliers(c, &rows, &n, NULL))
		n = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	list[0] = (struct choice){ .value = "", .label = "Nobody" };
	for (size_t i = 0; i < n; i++)
		list[i + 1] = (struct choice){ .value = arena_cstr(w->ctx->arena, rows[i].slug),
			                       .label = arena_cstr(w->ctx->arena, rows[i].name) };
	return list;
}

static const struct field fields[] = {
	FIELD(struct cycle_form, title, TEXT, .label = "Name", .required = "What is it called?", .max = CYCLE_TITLE_MAX,
	      .placeholder = "Bread for Friday"),
	FIELD(struct cycle_form, opens_date, DATE, .label = "Opens on", .required = "When does it open?"),
	FIELD(struct cycle_form, opens_time, TEXT, .label = "Opens at", .max = 5, .placeholder = "18:30",
	      .required = "When does it open?", .check = check_opens),
	FIELD(struct cycle_form, closes_date, DATE, .label = "Closes on", .required = "When does it close?"),
	FIELD(struct cycle_form, closes_time, TEXT, .label = "Closes at", .max = 5, .placeholder = "18:30",
	      .required = "When does it close?", .check = check_closes),
	FIELD(struct cycle_form, delivers_date, DATE, .label = "Delivered on", .required = "When is it delivered?"),
	FIELD(struct cycle_form, delivers_time, TEXT, .label = "Delivered at", .max = 5, .placeholder = "18:30",
	      .required = "When is it delivered?", .check = check_delivers),
	FIELD(struct cycle_form, goods, AREA, .label = "What can be ordered", .max = CYCLE_GOODS_MAX,
	      .hint = "A line for each: SKU or the last part of a product's address; then, if it has one, its price in "
	              "this cycle; then how many there are in all. Like: BR-SD-750; 4.20; 30"),
	FIELD(struct cycle_form, supplier, CHOICE, .label = "And everything from", .choose = suppliers),
	{ 0 },
};
static const struct form_desc cycle_desc = { .fields = fields };

static void put_good(struct buf *b, const struct market_cycle_goods_row *g)
{
	char text[MONEY_TEXT_MAX];
	struct money price = { .minor = g->price };
	str_print(price.currency, sizeof price.currency, "%.*s", STR_ARG(g->currency));
	if (g->sku.n)
		buf_putstr(b, g->sku);
	else
		buf_printf(b, "%lld", (long long)g->variant);
	if (g->price || g->cap)
		buf_puts(b, "; ");
	if (g->price)
		buf_put(b, text, money_text(&price, text));
	if (g->cap)
		buf_printf(b, "; %lld", (long long)g->cap);
	buf_putc(b, '\n');
}

/* A cycle as the form shows it; a new one opens tomorrow for three days. */
static struct cycle_form form_of(const struct cycle_page *p)
{
	const int64_t day = INT64_C(86400) * US_PER_S, now = clock_now_us();
	struct arena *a = p->w->ctx->arena;
	struct cycle_form f = { .title = p->row ? p->row->title : STR(""), .goods = STR(""), .supplier = STR("") };
	struct buf goods;
	local_day_and_time(a, p->zone, p->row ? p->row->opens_at : now + day, &f.opens_date, &f.opens_time);
	local_day_and_time(a, p->zone, p->row ? p->row->closes_at : now + 4 * day, &f.closes_date, &f.closes_time);
	local_day_and_time(a, p->zone, p->row ? p->row->delivers_at : now + 6 * day, &f.delivers_date,
	                   &f.delivers_time);
	if (!p->row)
		f.opens_time = f.closes_time = f.delivers_time = STR("18:00");
	buf_text(&goods, a);
	for (size_t i = 0; i < p->n; i++)
		put_good(&goods, &p->goods[i]);
	f.goods = buf_str(&goods);
	return f;
}

/* "new", or an id. */
static enum status load_page(struct web *w, struct cycle_page *p, struct err *e)
{
	struct market_cycle_row *row;
	struct market_cycle_goods_row *goods;
	struct site_answer site;
	*p = (struct cycle_page){ .w = w };
	site_ask_all(w->ctx, &site);
	p->zone = site.timezone;
	if (str_eqc(web_path(w, "cycle"), "new"))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	row = NULL;
	if (id_parse(web_path(w, "cycle"), &p->id))
		TRY(q_market_cycle(c, p->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such cycle.");
	TRY(q_market_cycle_goods(c, p->id, &goods, &p->n, e));
	p->row = row;
	p->goods = goods;
	return ST_OK;
}

static enum status cycle_show(struct form_fill *f, int status, void *arg, struct err *e)
{
	const struct cycle_page *p = arg;
	struct web *w = f->w;
	struct buf out;
	struct page_shell shell = web_shell(w, p->row ? arena_cstr(w->ctx->arena, p->row->title) : "A new cycle");
	(void)e;
	shell.forms = true;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_cycle_form(&out, &shell, p, f);
	return web_html(w, status, &out);
}

enum status market_get_admin_cycle(struct web *w, struct err *e)
{
	struct cycle_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	struct cycle_form values = form_of(&p);
	form_show(&f, w, &cycle_desc, &values);
	return cycle_show(&f, 200, &p, e);
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

struct good {
	int64_t variant, price, cap;
};
struct cycle_saving {
	struct web *w;
	int64_t id;
	bool fresh;
	struct str title;
	int64_t at[MOMENTS]; /* opens, closes, delivers */
	struct good *goods;
	size_t n;
	struct audit_entry audit;
};

static void put_variant(struct cycle_saving *x, int64_t variant, int64_t price, int64_t cap, bool over)
{
	size_t i = 0;
	while (i < x->n && x->goods[i].variant != variant)
		i++;
	if (i == x->n && i < CYCLE_VARIANTS_MAX + 1)
		x->n++;
	else if (!over)
		return;
	x->goods[i] = (struct good){ variant, price, cap };
}

/* "SKU; price; how many" */
static enum status read_good(struct db_conn *c, struct form_fill *f, struct cycle_saving *x, struct str line,
                             int number, struct err *e)
{
	struct market_cycle_named_row *rows;
	struct str name, price, cap = line;
	char currency[4];
	int64_t id = 0, cost = 0, most = 0;
	size_t n;
	if (!str_next(&cap, ';', &name))
		return ST_OK;
	if (!str_next(&cap, ';', &price))
		price = STR("");
	name = str_trim(name);
	price = str_trim(price);
	cap = str_trim(cap);
	(void)str_i64(name, &id);
	TRY(q_market_cycle_named(c, name, id, NAMED_MOST, &rows, &n, e));
	if (!n) {
		form_fault(f, "goods", "Line %d: nothing for sale is called “%.*s”.", number,
		           STR_ARG(name));
		return ST_OK;
	}
	str_print(currency, sizeof currency, "%.*s", STR_ARG(rows[0].currency));
	if (price.n && (!money_parse(price, currency, &cost) || cost < 1))
		form_fault(f, "goods", "Line %d: “%.*s” is no price.", number, STR_ARG(price));
	if (cap.n && (!str_i64(cap, &most) || most < 1 || most > SALE_QUANTITY_MAX))
		form_fault(f, "goods", "Line %d: “%.*s” is no number of things.", number,
		           STR_ARG(cap));
	for (size_t i = 0; i < n && x->n <= CYCLE_VARIANTS_MAX; i++)
		put_variant(x, rows[i].id, cost, most, true);
	return ST_OK;
}

static enum status read_goods(struct form_fill *f, const struct cycle_form *v, struct cycle_saving *x, struct err *e)
{
	struct market_suppliers_row *rows;
	struct market_cycle_supplied_row *all;
	struct str rest = v->goods, line;
	size_t n, count;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->w->ctx, f->w->ctx->svc->db, &c, e));
	for (int number = 1; rest.n && str_next(&rest, '\n', &line); number++)
		if (str_trim(line).n)
			TRY(read_good(c, f, x, str_trim(line), number, e));
	TRY(q_market_suppliers(c, &rows, &n, e));
	for (size_t i = 0; i < n && v->supplier.n; i++)
		if (str_eq(rows[i].slug, v->supplier)) {
			TRY(q_market_cycle_supplied(c, rows[i].id, CYCLE_VARIANTS_MAX + 1, &all, &count, e));
			for (size_t k = 0; k < count && x->n <= CYCLE_VARIANTS_MAX; k++)
				put_variant(x, all[k].id, 0, 0, false);
		}
	if (x->n > CYCLE_VARIANTS_MAX)
		form_fault(f, "goods", "A cycle has at most %d things.", CYCLE_VARIANTS_MAX);
	return ST_OK;
}

static void read_moments(struct form_fill *f, const struct cycle_form *v, struct str zone, struct cycle_saving *x)
{
	const struct {
		const char *field;
		int64_t date;
		struct str time;
	} parts[MOMENTS] = { { "opens_date", v->opens_date, v->opens_time },
		             { "closes_date", v->closes_date, v->closes_time },
		             { "delivers_date", v->delivers_date, v->delivers_time } };
	for (size_t i = 0; i < MOMENTS; i++)
		if (!local_moment(zone, parts[i].date, parts[i].time, &x->at[i]))
			form_fault(f, parts[i].field, "There is no such moment.");
	if (f->failed)
		return;
	if (x->at[1] <= x->at[0])
		form_fault(f, "closes_date", "It closes after it opens.");
	else if (x->at[2] < x->at[1])
		form_fault(f, "delivers_date", "It is delivered after it closes.");
}

/* What is there stays a row, so that whoever waits for its cap finds it; what is not wanted any more goes. */
static enum status write_goods(struct db_conn *c, const struct cycle_saving *x, struct err *e)
{
	struct market_cycle_goods_row *was;
	size_t n;
	TRY(q_market_cycle_goods(c, x->id, &was, &n, e));
	for (size_t i = 0; i < n; i++) {
		bool stays = false;
		for (size_t k = 0; k < x->n && !stays; k++)
			stays = x->goods[k].variant == was[i].variant;
		if (!stays)
			TRY(q_market_cycle_good_drop(c, x->id, was[i].variant, NULL, e));
	}
	for (size_t k = 0; k < x->n; k++) {
		const struct good *g = &x->goods[k];
		int64_t price = 0;
		for (size_t i = 0; i < n; i++)
			if (was[i].variant == g->variant)
				price = was[i].price;
		TRY(q_market_cycle_good_add(c, x->id, g->variant, g->price, g->cap, NULL, e));
		if (price != g->price)
			TRY(q_market_list_price_changed(c, g->variant, x->audit.object, clock_now_us(), g->price, NULL,
			                                e));
	}
	return ST_OK;
}

static enum status tx_save(struct db_conn *c, void *arg, struct err *e)
{
	const struct cycle_saving *x = arg;
	struct market_cycle_row *row;
	int64_t now = clock_now_us(), changed = 1;
	if (x->fresh) {
		TRY(q_market_cycle_add(c, x->id, x->title, x->at[0], x->at[1], x->at[2], now, NULL, e));
	} else {
		TRY(q_market_cycle(c, x->id, &row, e));
		/* One that opens again is told again. */
		int64_t told = row && now >= x->at[1] ? row->told : row && now >= x->at[0] && row->told == 1 ? 1 : 0;
		TRY(q_market_cycle_change(c, x->id, x->title, x->at[0], x->at[1], x->at[2], told, now, &changed, e));
	}
	if (!changed)
		return err_set(e, ST_NOT_FOUND, "There is no such cycle.");
	TRY(write_goods(c, x, e));
	TRY(event_emit(c, "cycle.changed", x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

enum status market_post_admin_cycle(struct web *w, struct err *e)
{
	struct cycle_page p;
	struct form_fill f;
	char id[ID_TEXT_LEN + 1];
	TRY(load_page(w, &p, e));
	struct cycle_form values = form_of(&p);
	TRY(form_read(&f, w, &cycle_desc, &values, e));
	struct cycle_saving x = { .w = w, .id = p.row ? p.id : id_new(), .fresh = !p.row, .title = values.title };
	x.goods = ARENA_ARRAY(w->ctx->arena, struct good, CYCLE_VARIANTS_MAX + 1);
	if (!f.failed)
		read_moments(&f, &values, p.zone, &x);
	if (!f.failed)
		TRY(read_goods(&f, &values, &x, e));
	if (f.failed)
		return form_refuse(&f, cycle_show, &p, e);
	id_text(x.id, id);
	x.audit = (struct audit_entry){ .action = x.fresh ? "cycle.added" : "cycle.changed", .object = str_c(id) };
	audit_from(w, &x.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_save, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market")); /* whoever saved it sees it at once */
	return form_done(&f, web_url(w->ctx, "market", "/admin/cycles"));
}
