/* SPDX-License-Identifier: Apache-2.0 */
#include "services/market/save.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/core/service.h"
#include "platform/work/event.h"

bool market_gtin_is(struct str s)
{
	unsigned sum = 0;
	if (s.n != 8 && (s.n < 12 || s.n > GTIN_LEN_MAX))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		sum += (unsigned)(s.p[i] - '0') * ((s.n - i) % 2 ? 1 : 3);
	}
	return sum % 10 == 0;
}

/* --- a product ---------------------------------------------------------------------------------------------------- */

void save_begin(struct product_save *s, struct arena *a, int64_t product, const char currency[4])
{
	*s = (struct product_save){ .product = { .id = product, .some = true } };
	str_print(s->ask.currency, sizeof s->ask.currency, "%s", currency);
	s->ask.name = STR("");
	s->ask.page = STR("");
	s->reader = (struct in_reader){ .a = a, .ask = &s->ask, .out = &s->file, .currency = s->ask.currency };
	s->product.handle = STR("");
	s->product.variants = &s->variant;
	s->file.products = &s->product;
	s->file.count = 1;
	s->file.format = "form";
	s->seen = STR("");
}

enum status save_put(struct product_save *s, const char *column, struct str text, struct err *e)
{
	if (in_column_is_of(column) == OF_PRODUCT)
		return in_set(&s->reader, s->product.v, column, text, 0, e);
	s->product.variant_count = 1;
	return in_set(&s->reader, s->variant.v, column, text, 0, e);
}

struct str save_seen(struct arena *a, const struct market_variants_of_row *v)
{
	return arena_strf(a, "%lld/%lld/%lld/%lld/%lld/%lld/%lld/%lld/%lld/%.*s/%.*s", (long long)v->price,
	                  (long long)v->was, (long long)v->supplier_price, (long long)v->deposit, (long long)v->content,
	                  (long long)v->per_kg, (long long)v->least, (long long)v->step, (long long)v->most,
	                  STR_ARG(v->unit), STR_ARG(v->state));
}

/* Is the variant still what was seen of it? */
static enum status look_at_variant(struct db_conn *c, struct product_save *s, struct err *e)
{
	struct market_variants_of_row *rows;
	size_t n, i = 0;
	TRY(q_market_variants_of(c, s->product.id, &rows, &n, e));
	while (i < n && rows[i].id != s->variant.id)
		i++;
	if (i == n)
		s->outcome = SAVE_GONE;
	else if (s->seen.n && !str_eq(s->seen, save_seen(db_arena(c), &rows[i])))
		s->outcome = SAVE_MEANWHILE;
	return ST_OK;
}

static enum status look_before(struct db_conn *c, struct product_save *s, struct err *e)
{
	struct market_product_locked_row *row = NULL;
	struct market_sku_taken_row *other = NULL;
	const struct in_value *vendor = in_get(s->product.v, "Vendor"), *sku = in_get(s->variant.v, "Variant SKU");
	s->outcome = SAVE_DONE;
	if (s->product.id) {
		TRY(q_market_product_locked(c, s->product.id, &row, e));
		s->outcome = !row ? SAVE_GONE : s->version && s->version != row->version ? SAVE_MEANWHILE : SAVE_DONE;
	}
	if (s->outcome == SAVE_DONE && s->variant.id)
		TRY(look_at_variant(c, s, e));
	if (s->outcome != SAVE_DONE || !sku->text.n)
		return ST_OK;
	TRY(q_market_sku_taken(c,
	                       vendor->there ? vendor->text
	                       : row         ? row->vendor
	                                     : STR(""),
	                       sku->text, s->variant.id, &other, e));
	if (other)
		s->outcome = SAVE_SKU_TAKEN;
	return ST_OK;
}

static enum status tell_product(struct db_conn *c, const char *what, int64_t id, struct audit_entry audit,
                                struct err *e)
{
	audit.action = what;
	audit.object = id_str(db_arena(c), id);
	TRY(event_emit(c, what, audit.object, STR("{}"), e));
	return audit_write(c, &audit, e);
}

static enum status tx_save(struct db_conn *c, void *arg, struct err *e)
{
	struct product_save *s = arg;
	struct import_done done;
	TRY(look_before(c, s, e));
	if (s->outcome != SAVE_DONE)
		return ST_OK;
	TRY(market_write(c, &s->ask, &s->file, &done, e));
	s->saved = done.product;
	return done.same ? ST_OK
	                 : tell_product(c, done.added ? "product.added" : "product.changed", s->saved, s->audit, e);
}

enum status save_product(struct ctx *ctx, struct product_save *s, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_save, s, e);
}

/* --- whether it is for sale --------------------------------------------------------------------------------------- */

struct status_save {
	int64_t product, variant;
	const char *action;
	struct audit_entry audit;
	bool changed;
};

static const struct {
	const char *name, *event;
	enum status (*set)(struct db_conn *c, int64_t id, int64_t now, int64_t *affected, struct err *e);
} statuses[] = {
	{ "publish", "product.published", q_market_product_publish },
	{ "draft", "product.withdrawn", q_market_product_draft },
	{ "archive", "product.archived", q_market_product_archive },
	{ "restore", "product.restored", q_market_product_restore },
};

static enum status tx_status(struct db_conn *c, void *arg, struct err *e)
{
	struct status_save *x = arg;
	struct market_product_locked_row *row;
	int64_t affected = 0;
	size_t i = 0;
	while (i < sizeof statuses / sizeof *statuses - 1 && strcmp(statuses[i].name, x->action))
		i++;
	TRY(q_market_product_locked(c, x->product, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "This product is there no more.");
	if (str_eqc(row->status, "unlisted"))
		return err_set(e, ST_CONFLICT, "Only those who know its address see \"%.*s\": change that on its page.",
		               STR_ARG(str_shown(row->title)));
	TRY(statuses[i].set(c, x->product, clock_now_us(), &affected, e));
	x->changed = affected > 0;
	if (!x->changed)
		return ST_OK;
	TRY(q_market_product_refresh(c, x->product, NULL, e));
	return tell_product(c, statuses[i].event, x->product, x->audit, e);
}

enum status save_status(struct ctx *ctx, int64_t product, const char *action, struct audit_entry *audit, bool *changed,
                        struct err *e)
{
	struct status_save x = { .product = product, .action = action, .audit = *audit };
	TRY(db_write(ctx, ctx->svc->db, tx_status, &x, e));
	*changed = x.changed;
	return ST_OK;
}

static enum status tx_variant_archived(struct db_conn *c, void *arg, struct err *e)
{
	const struct status_save *x = arg;
	struct market_variants_of_row *rows;
	size_t n;
	TRY(q_market_variants_of(c, x->product, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (rows[i].id == x->variant && str_eqc(rows[i].state, "active")) {
			TRY(q_market_variant_archive(c, x->variant, NULL, e));
			TRY(q_market_product_refresh(c, x->product, NULL, e));
			return tell_product(c, "product.changed", x->product, x->audit, e);
		}
	return ST_OK;
}

enum status save_variant_archived(struct ctx *ctx, int64_t product, int64_t variant, struct audit_entry *audit,
                                  struct err *e)
{
	struct status_save x = { .product = product, .variant = variant, .audit = *audit };
	return db_write(ctx, ctx->svc->db, tx_variant_archived, &x, e);
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

struct product_pictures {
	struct market_images_of_row list[PICTURES_MAX + 1];
	size_t n;
};

static void pictures_move(struct product_pictures *p, size_t from, size_t to)
{
	struct market_images_of_row kept = p->list[from];
	p->list[from] = p->list[to];
	p->list[to] = kept;
}

static enum save_outcome pictures_change(struct product_pictures *p, const struct picture_save *s)
{
	size_t i = 0;
	while (i < p->n && !str_eq(p->list[i].src, s->src))
		i++;
	if (s->what == PICTURE_ADD) {
		if (i == p->n && p->n >= PICTURES_MAX)
			return SAVE_MANY;
		p->list[i] = (struct market_images_of_row){ .src = s->src, .alt = s->alt, .origin = STR("") };
		p->n += i == p->n;
		return SAVE_DONE;
	}
	if (i == p->n)
		return SAVE_GONE;
	if (s->what == PICTURE_ALT)
		p->list[i].alt = s->alt;
	else if (s->what == PICTURE_EARLIER && i)
		pictures_move(p, i, i - 1);
	else if (s->what == PICTURE_LATER && i + 1 < p->n)
		pictures_move(p, i, i + 1);
	else if (s->what == PICTURE_GONE)
		memmove(&p->list[i], &p->list[i + 1], (--p->n - i) * sizeof *p->list);
	return SAVE_DONE;
}

static enum status tx_picture(struct db_conn *c, void *arg, struct err *e)
{
	struct picture_save *s = arg;
	struct product_pictures *p = ARENA_NEW(db_arena(c), struct product_pictures);
	struct market_product_locked_row *row;
	struct market_images_of_row *rows;
	size_t n;
	TRY(q_market_product_locked(c, s->product, &row, e));
	TRY(q_market_images_of(c, s->product, &rows, &n, e));
	/* An import may have brought more: they are shown, and not changed here. */
	s->outcome = !row ? SAVE_GONE : n > PICTURES_MAX ? SAVE_MANY : SAVE_DONE;
	if (s->outcome != SAVE_DONE)
		return ST_OK;
	if (n)
		memcpy(p->list, rows, n * sizeof *rows);
	p->n = n;
	s->outcome = pictures_change(p, s);
	if (s->outcome != SAVE_DONE)
		return ST_OK;
	TRY(q_market_images_drop(c, s->product, NULL, e));
	for (size_t i = 0; i < p->n; i++)
		TRY(q_market_image_add(c, s->product, (int64_t)i, p->list[i].src, p->list[i].alt,
		                       p->list[i].origin, NULL, e));
	TRY(q_market_product_refresh(c, s->product, NULL, e));
	return tell_product(c, "product.changed", s->product, s->audit, e);
}

enum status save_picture(struct ctx *ctx, struct picture_save *s, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_picture, s, e);
}

/* --- one cell ----------------------------------------------------------------------------------------------------- */

static enum status audit_cell(struct db_conn *c, const struct cell_save *s, const char *what, int64_t from, int64_t to,
                              struct err *e)
{
	struct audit_entry audit = s->audit;
	audit.action = what;
	audit.object = id_str(db_arena(c), s->variant);
	audit.details = arena_strf(db_arena(c), "{\"from\":%lld,\"to\":%lld}", (long long)from, (long long)to);
	return audit_write(c, &audit, e);
}

static enum status set_price(struct db_conn *c, struct cell_save *s, const struct market_cell_row *cell, struct err *e)
{
	int64_t was = cell->was > s->n ? cell->was : 0;
	s->is = cell->price;
	if (s->seen >= 0 && s->seen != cell->price) {
		s->outcome = SAVE_MEANWHILE;
		return ST_OK;
	}
	if (s->n == cell->price)
		return ST_OK;
	TRY(q_market_variant_price(c, s->variant, s->n, was, NULL, e));
	TRY(q_market_price_add(c, s->variant, clock_now_us(), s->n, was, NULL, e));
	TRY(q_market_product_refresh(c, cell->product, NULL, e));
	TRY(event_emit(c, "price.changed", id_str(db_arena(c), s->variant), STR("{}"), e));
	return audit_cell(c, s, "price.changed", cell->price, s->n, e);
}

static enum status put_count(struct db_conn *c, const struct cell_save *s, int64_t stock_id, const char *kind,
                             int64_t n, int64_t before, struct err *e)
{
	const char *event = !n == !before || strcmp(kind, "counted") ? "stock.counted" : n ? "stock.back" : "stock.out";
	TRY(q_market_stock_count(c, stock_id, str_c(kind), n, NULL, e));
	if (n != before)
		TRY(q_market_move_add(c, id_new(), stock_id, STR("count"), n - before, STR(""), s->by ? &s->by : NULL,
		                      clock_now_us(), NULL, e));
	TRY(q_market_available_refresh(c, stock_id, NULL, e));
	TRY(event_emit(c, event, id_str(db_arena(c), stock_id), STR("{}"), e));
	return audit_cell(c, s, "stock.counted", before, n, e);
}

static enum status set_count(struct db_conn *c, struct cell_save *s, const struct market_cell_row *cell, struct err *e)
{
	struct market_stock_of_row *now;
	const char *kind = s->what == CHANGE_ALWAYS ? "unlimited" : "counted";
	TRY(q_market_stock_of(c, cell->stock_id, &now, e));
	if (!now)
		return err_set(e, ST_INTERNAL, "a variant without a stock item");
	int64_t n = s->what == CHANGE_COUNT ? s->n : s->what == CHANGE_OUT ? now->held : 0;
	s->is = now->on_hand;
	s->held = now->held;
	if (s->what == CHANGE_COUNT && s->seen >= 0 && s->seen != now->on_hand)
		s->outcome = SAVE_MEANWHILE;
	else if (s->what == CHANGE_COUNT && n < now->held)
		s->outcome = SAVE_HELD;
	if (s->outcome != SAVE_DONE || (n == now->on_hand && str_eqc(now->kind, kind)))
		return ST_OK;
	return put_count(c, s, cell->stock_id, kind, n, now->on_hand, e);
}

static enum status tx_cell(struct db_conn *c, void *arg, struct err *e)
{
	struct cell_save *s = arg;
	struct market_cell_row *cell;
	struct market_product_locked_row *locked;
	TRY(q_market_cell(c, s->variant, s->person, &cell, e));
	if (cell && s->what == CHANGE_PRICE) { /* as it is when nobody else changes it */
		TRY(q_market_product_locked(c, cell->product, &locked, e));
		TRY(q_market_cell(c, s->variant, s->person, &cell, e));
	}
	s->outcome = cell ? SAVE_DONE : SAVE_GONE;
	if (!cell)
		return ST_OK;
	return s->what == CHANGE_PRICE ? set_price(c, s, cell, e) : set_count(c, s, cell, e);
}

enum status save_cell(struct ctx *ctx, struct cell_save *s, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_cell, s, e);
}
