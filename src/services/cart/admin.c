/* SPDX-License-Identifier: Apache-2.0
 *
 * What keepers do: look orders up, take money, give back, pack and hand over; and the ledger, which is every member's
 * to read: sums, no names.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/peers/person_data.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "services/cart/pack.h"
#include "services/cart/slots.h"

enum { PACK_MAX = 20000 };

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct cart_orders_row order_row;

static enum status orders_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_orders, c, ask->search, ask->like, ask->filter[0], ask->filter[1],
	        ask->filter[2], &ask->page);
}

static struct str total_text(struct web *w, const void *row)
{
	const order_row *o = row;
	return cart_money_text(w->ctx, o->total, o->currency);
}

static struct str row_url(struct web *w, const void *row)
{
	return web_url(w->ctx, "cart", "/admin/orders/%.*s", STR_ARG(((const order_row *)row)->number));
}

static const struct choice states[] = { { "placed", "Placed" }, { "closed", "Closed" }, { "cancelled", "Cancelled" },
	{ 0 } };
static const struct choice payments[] = { { "none", "Not paid" }, { "pending", "Under way" }, { "paid", "Paid" },
	{ "part_refunded", "Partly given back" }, { "refunded", "Given back" }, { 0 } };
static const struct choice fulfilments[] = { { "none", "To be packed" }, { "ready", "Packed" },
	{ "handed_over", "Collected" }, { 0 } };
static const struct table_filter filters[] = {
	{ .name = "state", .title = "State", .choices = states },
	{ .name = "payment", .title = "Payment", .choices = payments },
	{ .name = "fulfilment", .title = "Collection", .choices = fulfilments },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(order_row, number, CODE, .title = "Number", .sort = "placed", .by = 0, .first_down = true),
	COLUMN(order_row, name, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(order_row, account_name, TEXT, .title = "Sold by"),
	COLUMN(order_row, number, TEXT, .title = "Total", .sort = "total", .by = 2, .text = total_text),
	COLUMN(order_row, payment, STATE, .title = "Payment", .usual = "paid"),
	COLUMN(order_row, fulfilment, STATE, .title = "Collection", .usual = "handed_over"),
	COLUMN(order_row, state, STATE, .title = "State", .usual = "placed"),
	COLUMN(order_row, placed_at, MOMENT, .title = "Placed"),
	{ 0 },
};
static const struct table_desc orders = {
	.path = "/admin/orders",
	.title = "Orders",
	.search = "Number, name or address",
	.filters = filters,
	.columns = columns,
	.empty = "Nobody has ordered anything yet.",
	.sort = "placed",
	.down = true,
	.exported = "order.list_exported",
	.row_size = sizeof(order_row),
	.load = orders_load,
	.url = row_url,
};

enum status cart_get_admin_orders(struct web *w, struct err *e)
{
	return table_get(w, &orders, NULL, e);
}

enum status cart_get_admin_orders_csv(struct web *w, struct err *e)
{
	return table_csv(w, &orders, e);
}

/* --- one order ---------------------------------------------------------------------------------------------------- */

enum status cart_get_admin_order(struct web *w, struct err *e)
{
	cart_order *o;
	TRY(order_of(w, &o, e));
	return order_show(w, o, 200, STR(""), e);
}

struct order_keeping { struct web *w; cart_order *o; const char *former, *next, *what; struct audit_entry audit;
	struct refund_wish wish; };

static enum status tx_fulfil(struct db_conn *c, void *arg, struct err *e)
{
	const struct order_keeping *k = arg;
	int64_t changed;
	TRY(q_cart_order_fulfilment(c, k->o->id, str_c(k->former), str_c(k->next), &changed, e));
	if (!changed)
		return err_set(e, ST_CONFLICT, "%s", tr("Somebody else did that already."));
	TRY(order_note(c, k->o->id, k->audit.actor, k->what, 0, STR(""), e));
	return audit_write(c, &k->audit, e);
}

static enum status fulfil(struct order_keeping *k, const char *next, const char *what, struct err *e)
{
	k->former = arena_cstr(k->w->ctx->arena, k->o->fulfilment);
	k->next = next;
	k->what = what;
	k->audit.action = "order.fulfilment_changed";
	return db_write(k->w->ctx, k->w->ctx->svc->db, tx_fulfil, k, e);
}

static enum status tx_give_back(struct db_conn *c, void *arg, struct err *e)
{
	struct order_keeping *k = arg;
	cart_order *o;
	TRY(q_cart_order_locked(c, k->o->id, &o, e));
	TRY(refund_want(c, o, &k->wish, e));
	return audit_write(c, &k->audit, e);
}

static enum status give_back(struct order_keeping *k, struct err *e)
{
	struct web *w = k->w;
	cart_order_line *lines;
	size_t n;
	TRY(order_lines_load(w->ctx, k->o, &lines, &n, e));
	struct refund_line *list = ARENA_ARRAY(w->ctx->arena, struct refund_line, n + 1);
	for (size_t i = 0; i < n; i++) {
		int64_t some = 0, left = lines[i].quantity - lines[i].returned;
		struct str typed = web_form(w, arena_printf(w->ctx->arena, "line-%lld", (long long)lines[i].line));
		if (typed.n && (!str_i64(str_trim(typed), &some) || some < 0 || some > left))
			return err_set(e, ST_CONFLICT, tr("Of %.*s at most %lld can be given back."),
			        STR_ARG(lines[i].name), (long long)left);
		if (some)
			list[k->wish.count++] = (struct refund_line){ .line = lines[i].line,
				.quantity = some, .amount = refund_worth(&lines[i], some) };
	}
	if (!k->wish.count)
		return err_set(e, ST_CONFLICT, "%s", tr("Please say what is given back."));
	k->wish.lines = list;
	k->wish.via = web_form(w, "via");
	if (!refund_may_go(w->ctx, k->o, true, k->wish.via))
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("Please choose how it goes back."));
	k->wish.restock = web_form(w, "restock").n > 0;
	k->wish.reason = "keeper";
	k->wish.actor = k->audit.actor;
	k->audit.action = "order.refund_wanted";
	return db_write(w->ctx, w->ctx->svc->db, tx_give_back, k, e);
}

static enum status weigh(struct order_keeping *k, struct err *e)
{
	int64_t line, grams;
	if (!str_i64(web_form(k->w, "line"), &line) || !str_i64(str_trim(web_form(k->w, "grams")), &grams))
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("Please say its weight in whole grams."));
	return order_weigh(k->w->ctx, k->o, line, grams, &k->audit, e);
}

static enum status keeper_act(struct order_keeping *k, struct str what, struct err *e)
{
	struct web *w = k->w;
	if (str_eqc(what, "cash") || str_eqc(what, "transfer")) {
		k->audit.action = "order.money_received";
		TRY(pay_received(w->ctx, k->o, what, k->audit.actor, e));
		return audit_record(w->ctx, &k->audit, e);
	}
	if (str_eqc(what, "cancel")) {
		k->audit.action = "order.cancelled";
		TRY(order_cancel(w->ctx, k->o->id, "keeper", k->audit.actor, e));
		return audit_record(w->ctx, &k->audit, e);
	}
	if (str_eqc(what, "ready"))
		return fulfil(k, "ready", "packed", e);
	if (str_eqc(what, "handed_over"))
		return fulfil(k, "handed_over", "handed_over", e);
	if (str_eqc(what, "undo"))
		return fulfil(k, "none", "unpacked", e);
	if (str_eqc(what, "weigh"))
		return weigh(k, e);
	if (str_eqc(what, "give_back"))
		return give_back(k, e);
	return err_set(e, ST_UNPROCESSABLE, "%s", tr("What to do is not said."));
}

enum status cart_post_admin_order(struct web *w, struct err *e)
{
	struct order_keeping k = { .w = w };
	TRY(web_form_load(w, e));
	TRY(order_of(w, &k.o, e));
	audit_from(w, &k.audit);
	k.audit.object = k.o->number;
	enum status s = keeper_act(&k, web_form(w, "do"), e);
	if (s == ST_CONFLICT || s == ST_UNPROCESSABLE)
		return order_show(w, k.o, s == ST_CONFLICT ? 409 : 422, str_c(e->msg), e);
	TRY(s);
	struct str back = web_form(w, "back");
	return web_redirect(w, 303,
	        back.n && web_is_ours(w->ctx, back)
	                ? back
	                : web_url(w->ctx, "cart", "/admin/orders/%.*s?done=noted", STR_ARG(k.o->number)));
}

/* --- packing ------------------------------------------------------------------------------------------------------ */

static struct pack_product *product_of(struct pack_view *v, const struct cart_pack_row *r)
{
	for (size_t i = 0; i < v->product_count; i++)
		if (str_eq(v->products[i].name, r->item_name) && str_eq(v->products[i].variant, r->variant) &&
		        str_eq(v->products[i].supplier, r->supplier_name))
			return &v->products[i];
	v->products[v->product_count] = (struct pack_product){ r->item_name, r->variant, r->supplier_name, 0 };
	return &v->products[v->product_count++];
}

static void sum_products(struct arena *a, struct pack_view *v)
{
	v->products = ARENA_ARRAY(a, struct pack_product, v->count + 1);
	for (size_t i = 0; i < v->count; i++)
		product_of(v, &v->rows[i])->quantity += v->rows[i].quantity - v->rows[i].returned;
}

enum status cart_get_pack(struct web *w, struct err *e)
{
	struct buf page;
	struct pack_view v = { .w = w };
	struct page_shell shell = web_shell(w, "Packing list");
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_pack(c, PACK_MAX, &v.rows, &v.count, e));
	}
	v.zone = slot_zone(w->ctx);
	sum_products(w->ctx->arena, &v);
	shell.forms = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PACK_PAGE_MAX);
	tpl_cart_pack(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

enum status cart_get_ledger(struct web *w, struct err *e)
{
	struct buf page;
	struct cart_ledger_row *rows;
	struct cart_journal_wrong_row *wrong;
	size_t n, wrongs;
	struct page_shell shell = web_shell(w, "Ledger");
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_ledger(c, &rows, &n, e));
		TRY(q_cart_journal_wrong(c, &wrong, &wrongs, e));
	}
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_ledger(&page, &shell, w, rows, n, wrongs);
	return web_html(w, 200, &page);
}

/* --- people ------------------------------------------------------------------------------------------------------- */

enum status cart_serve_person_data(
        struct ctx *ctx, const struct person_data_ask *in, struct person_data_answer *out, struct err *e)
{
	cart_order *list;
	size_t n;
	struct buf b;
	char at[CLOCK_TEXT_MAX];
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_cart_orders_all_of(c, in->person, &list, &n, e));
	buf_arena(&b, ctx->arena, PERSON_DATA_MAX);
	BUF_LIT(&b, "{\"orders\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "%s{\"total\":%lld,\"paid\":%lld,\"refunded\":%lld", i ? "," : "",
		        (long long)list[i].total, (long long)list[i].paid, (long long)list[i].refunded);
		json_put_member(&b, "number", list[i].number);
		json_put_member(&b, "currency", list[i].currency);
		json_put_member(&b, "state", list[i].state);
		json_put_member(&b, "name", list[i].name);
		json_put_member(&b, "email", list[i].email);
		json_put_member(&b, "phone", list[i].phone);
		json_put_member(&b, "note", list[i].note);
		json_put_member(&b, "placed", str_n(at, clock_rfc3339(list[i].placed_at, at)));
		buf_putc(&b, '}');
	}
	BUF_LIT(&b, "]}");
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "this person has too many orders for one answer");
	out->json = buf_str(&b);
	return ST_OK;
}

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *person = arg;
	TRY(q_cart_basket_drop(c, arena_strf(db_arena(c), "p%lld", (long long)*person), NULL, e));
	return q_cart_order_forget(c, *person, NULL, e);
}

/* What was bought stays in the books; who bought it does not. */
enum status cart_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e)
{
	int64_t person;
	if (!str_i64(ev->object, &person))
		return ST_OK;
	return db_write(ctx, ctx->svc->db, tx_forget, &person, e);
}

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	return q_cart_baskets_old(c, clock_now_us() - CART_BASKET_DAYS * INT64_C(86400) * US_PER_S, NULL, e);
}

enum status cart_sweep_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_sweep, NULL, e);
}
