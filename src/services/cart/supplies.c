/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/supplies.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/mail/mail.h"
#include "platform/peers/site.h"
#include "platform/tables/tables.h"
#include "platform/text/csv.h"
#include "platform/text/json.h"

/* --- lines -------------------------------------------------------------------------------------------------------- */

static struct str lines_json(struct arena *a, const struct cart_supply_lines_row *rows, size_t n)
{
	struct buf b;
	buf_arena(&b, a, SUPPLY_TEXT_MAX);
	buf_putc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ",[" : "[");
		json_put_str(&b, rows[i].name);
		buf_putc(&b, ',');
		json_put_str(&b, rows[i].variant);
		buf_printf(&b, ",%lld]", (long long)rows[i].quantity);
	}
	buf_putc(&b, ']');
	return buf_ok(&b) ? buf_str(&b) : STR_NULL;
}

static struct supply_line *lines_read(struct arena *a, struct str json, size_t *n)
{
	SCOPED_JSON *list = json_parse(json, 3, NULL);
	*n = json_array_size(list);
	struct supply_line *out = ARENA_ARRAY(a, struct supply_line, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		const json_t *l = json_array_get(list, i);
		out[i].name = arena_str(a, str_c(json_string_value(json_array_get(l, 0))));
		out[i].variant = arena_str(a, str_c(json_string_value(json_array_get(l, 1))));
		out[i].quantity = json_integer_value(json_array_get(l, 2));
	}
	return out;
}

static struct str lines_csv(struct arena *a, const struct supply_line *lines, size_t n)
{
	struct buf b;
	buf_arena(&b, a, SUPPLY_TEXT_MAX);
	buf_puts(&b, tr("Product,Variant,Quantity"));
	BUF_LIT(&b, "\r\n");
	for (size_t i = 0; i < n; i++) {
		csv_put(&b, lines[i].name);
		buf_putc(&b, ',');
		csv_put(&b, lines[i].variant);
		buf_printf(&b, ",%lld\r\n", (long long)lines[i].quantity);
	}
	return buf_str(&b);
}

/* --- the letter --------------------------------------------------------------------------------------------------- */

struct supply_letter { struct str to, name, title; const struct supply_line *lines; size_t count; };

static struct str letter_text(struct arena *a, const struct supply_letter *l)
{
	struct buf b;
	buf_arena(&b, a, SUPPLY_TEXT_MAX);
	buf_printf(
	        &b, tr("Hello %.*s,\n\nthis was ordered from you in “%.*s”:\n\n"), STR_ARG(l->name), STR_ARG(l->title));
	for (size_t i = 0; i < l->count; i++)
		buf_printf(&b, "%lld × %.*s%s%.*s\n", (long long)l->lines[i].quantity, STR_ARG(l->lines[i].name),
		        l->lines[i].variant.n ? ", " : "", STR_ARG(l->lines[i].variant));
	buf_puts(&b, tr("\nThe same comes with this letter as a table.\n"));
	return buf_str(&b);
}

static enum status letter_send(struct db_conn *c, const struct supply_letter *l, struct err *e)
{
	struct arena *a = db_arena(c);
	const struct mail_attachment table = { STR("order.csv"), STR("text/csv; charset=utf-8"),
		lines_csv(a, l->lines, l->count) };
	return mail_enqueue(c, &(struct mail){ .to = l->to, .to_name = l->name,
	                               .subject = arena_strf(a, tr("Our order: %.*s"), STR_ARG(l->title)),
	                               .text = letter_text(a, l), .attachments = &table, .attachment_count = 1 }, e);
}

/* --- made when a cycle has closed --------------------------------------------------------------------------------- */

static enum status tx_closed(struct db_conn *c, void *arg, struct err *e)
{
	return job_enqueue(c, arg, NULL, e);
}

enum status cart_cycle_closed(struct ctx *ctx, const struct event *ev, struct err *e)
{
	struct buf payload;
	int64_t cycle;
	SCOPED_JSON *said = json_parse(ev->payload, JSON_DEPTH, NULL);
	if (!id_parse(ev->object, &cycle))
		return ST_OK;
	buf_text(&payload, ctx->arena);
	buf_printf(&payload, "{\"cycle\":%lld", (long long)cycle);
	json_put_member(&payload, "title", str_or_empty(json_str(said, "title")));
	buf_putc(&payload, '}');
	struct job_new j = { .kind = "cart.supplies", .payload = buf_str(&payload),
		.run_at_us = clock_now_us() + SUPPLY_AFTER_MIN * 60 * US_PER_S };
	return db_write(ctx, ctx->svc->db, tx_closed, &j, e);
}

struct supplying {
	int64_t cycle;
	struct str title;
	const struct cart_supply_lines_row *rows; /* of one supplier */
	size_t count;
	struct supplier_contact_answer contact;
	struct supply_line *lines;
	struct str json;
};

static enum status tx_supply(struct db_conn *c, void *arg, struct err *e)
{
	const struct supplying *x = arg;
	const struct cart_supply_lines_row *first = x->rows;
	int64_t pieces = 0, added;
	bool sent = x->contact.there && x->contact.email.n;
	for (size_t i = 0; i < x->count; i++)
		pieces += x->rows[i].quantity;
	TRY(q_cart_supply_add(c, id_new(), x->cycle, x->title, first->provider, first->supplier_id,
	        first->supplier_name, x->json, pieces, sent ? STR("sent") : STR("unsent"),
	        sent ? x->contact.email : STR(""), clock_now_us(), &added, e));
	if (!added || !sent) /* another turn made it, or nobody knows where it goes: the page says so */
		return ST_OK;
	return letter_send(
	        c, &(struct supply_letter){ x->contact.email, first->supplier_name, x->title, x->lines, x->count }, e);
}

static enum status supply_one(struct ctx *ctx, struct supplying *x, struct err *e)
{
	TRY(seller_contact(ctx, x->rows->provider, x->rows->supplier_id, &x->contact, e));
	x->json = lines_json(ctx->arena, x->rows, x->count);
	if (!x->json.p)
		return err_set(e, ST_TOO_LARGE, "the order to a supplier is too large");
	x->lines = lines_read(ctx->arena, x->json, &x->count);
	SCOPED_LANG(lang_of_person(ctx, STR("")));
	return db_write(ctx, ctx->svc->db, tx_supply, x, e);
}

enum status cart_supplies_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct cart_supply_lines_row *rows;
	size_t n;
	SCOPED_JSON *payload = json_parse(j->payload, JSON_DEPTH, e);
	if (!payload)
		return ST_CORRUPT;
	struct supplying x = { .cycle = json_integer_value(json_object_get(payload, "cycle")),
		.title = str_or_empty(json_str(payload, "title")) };
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_cart_supply_lines(c, x.cycle, SUPPLY_LINES_MAX + 1, &rows, &n, e));
	}
	if (n > SUPPLY_LINES_MAX)
		return err_set(e, ST_TOO_LARGE, "a cycle with more than %d things", SUPPLY_LINES_MAX);
	for (size_t at = 0; at < n; at += x.count) {
		x.rows = &rows[at];
		for (x.count = 1; at + x.count < n && rows[at + x.count].supplier_id == x.rows->supplier_id &&
		        str_eq(rows[at + x.count].provider, x.rows->provider);)
			x.count++;
		TRY(supply_one(ctx, &x, e));
	}
	return ST_OK;
}

/* --- the keepers' list -------------------------------------------------------------------------------------------- */

typedef struct cart_supplies_row supply_row;

static enum status supplies_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_supplies, c, ask->search, ask->like, &ask->page);
}

static struct str supply_url(struct web *w, const void *row)
{
	return web_url(w->ctx, "cart", "/admin/supplies/%.*s",
	        STR_ARG(id_str(w->ctx->arena, ((const supply_row *)row)->id)));
}

static struct str supply_state(struct web *w, const void *row)
{
	const supply_row *s = row;
	return str_eqc(s->state, "sent") ? arena_strf(w->ctx->arena, tr("Sent to %.*s"), STR_ARG(s->email))
	                                 : TR("Not sent: there is no address");
}

struct supply_act { struct web *w; const struct cart_supply_row *s; struct supplier_contact_answer contact;
	struct supply_line *lines; size_t count; struct audit_entry audit; };

static enum status tx_send_again(struct db_conn *c, void *arg, struct err *e)
{
	const struct supply_act *x = arg;
	TRY(q_cart_supply_sent(c, x->s->id, x->contact.email, NULL, e));
	TRY(letter_send(c,
	        &(struct supply_letter){ x->contact.email, x->s->supplier_name, x->s->title, x->lines, x->count }, e));
	return audit_write(c, &x->audit, e);
}

static enum status supply_load(struct web *w, int64_t id, const struct cart_supply_row **out, struct err *e)
{
	struct cart_supply_row *s;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_cart_supply(c, id, &s, e));
	*out = s;
	return s ? ST_OK : err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
}

static enum status supplies_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct supply_act x = { .w = w };
	int64_t id;
	(void)a;
	if (!id_parse(key, &id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
	TRY(supply_load(w, id, &x.s, e));
	TRY(seller_contact(w->ctx, x.s->provider, x.s->supplier_id, &x.contact, e));
	if (!x.contact.there || !x.contact.email.n)
		return err_set(e, ST_CONFLICT, tr("%.*s has no address for orders yet."), STR_ARG(x.s->supplier_name));
	x.lines = lines_read(w->ctx->arena, x.s->lines, &x.count);
	audit_from(w, &x.audit);
	x.audit.action = "supply.sent";
	x.audit.object = key;
	SCOPED_LANG(lang_of_person(w->ctx, STR("")));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_send_again, &x, e));
	*changed = true;
	return ST_OK;
}

static const struct column columns[] = {
	COLUMN(supply_row, supplier_name, TEXT, .title = "Supplier", .sort = "supplier", .by = 1),
	COLUMN(supply_row, title, TEXT, .title = "Order cycle"),
	COLUMN(supply_row, pieces, NUMBER, .title = "Pieces"),
	COLUMN(supply_row, state, TEXT, .title = "State", .text = supply_state),
	COLUMN(supply_row, made_at, MOMENT, .title = "Made", .sort = "made", .by = 0, .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "send", .label = "Send", .done = "Sent", .confirm = "Whoever got it already gets it once more." },
	{ 0 },
};
static const struct table_desc supplies = {
	.path = "/admin/supplies",
	.title = "Orders to suppliers",
	.search = "Supplier or order cycle",
	.columns = columns,
	.actions = actions,
	.empty = "Nothing was ordered from a supplier yet. That happens by itself when an order cycle has closed.",
	.sort = "made",
	.down = true,
	.row_size = sizeof(supply_row),
	.load = supplies_load,
	.act = supplies_act,
	.url = supply_url,
};

enum status cart_get_supplies(struct web *w, struct err *e)
{
	return table_get(w, &supplies, NULL, e);
}
enum status cart_post_supplies(struct web *w, struct err *e)
{
	return table_post(w, &supplies, NULL, e);
}

/* --- one of them -------------------------------------------------------------------------------------------------- */

static enum status view_load(struct web *w, struct supply_view *v, struct err *e)
{
	int64_t id;
	*v = (struct supply_view){ .w = w };
	if (!id_parse(web_path(w, "id"), &id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
	TRY(supply_load(w, id, &v->s, e));
	v->lines = lines_read(w->ctx->arena, v->s->lines, &v->count);
	return ST_OK;
}

enum status cart_get_supply(struct web *w, struct err *e)
{
	struct buf page;
	struct supply_view v;
	struct page_shell shell = web_shell(w, "Order to a supplier");
	TRY(view_load(w, &v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_supply(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

enum status cart_get_supply_csv(struct web *w, struct err *e)
{
	struct supply_view v;
	TRY(view_load(w, &v, e));
	web_no_cache(w);
	web_header(w, "content-disposition", STR("attachment; filename=\"order.csv\""));
	return web_text(w, 200, "text/csv; charset=utf-8", lines_csv(w->ctx->arena, v.lines, v.count));
}
