/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a staged import, as staged.h says. What each transaction finds decides what it does: two processes that
 * go on with the same import do nothing twice.
 */
#include <sodium/crypto_hash_sha256.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "rt/offload.h"
#include "services/market/import_writer.h"
#include "services/market/pictures.h"
#include "services/market/staged.h"

#define HASH_TEXT (2 * crypto_hash_sha256_BYTES)
enum { SAMPLES = 3, SAMPLE_MAX = 60, OLD_AT_ONCE = 20 };

static const char *const busy_states[] = { "reading", "applying", "undoing", NULL };

bool import_is_busy(struct str state)
{
	for (const char *const *s = busy_states; *s; s++)
		if (str_eqc(state, *s))
			return true;
	return false;
}

/* --- its beginning ------------------------------------------------------------------------------------------------ */

static enum status put_job(struct db_conn *c, int64_t id, struct err *e)
{
	int64_t job;
	const struct job_new j = { .kind = "market.import",
		                   .key = arena_strf(db_arena(c), "import-%lld", (long long)id),
		                   .payload = arena_strf(db_arena(c), "{\"import\":%lld}", (long long)id) };
	return job_enqueue(c, &j, &job, e);
}

static enum status put_audit(struct db_conn *c, const struct audit_entry *from, int64_t id, struct err *e)
{
	struct audit_entry audit = *from;
	audit.object = id_str(db_arena(c), id);
	return audit.action ? audit_write(c, &audit, e) : ST_OK;
}

static enum status tx_begin(struct db_conn *c, void *arg, struct err *e)
{
	struct import_new *n = arg;
	struct str rest = n->file;
	n->id = id_new();
	TRY(q_market_import_add(c, n->id, n->name, STR(""), n->supplier ? &n->supplier : NULL, n->page,
	                        str_c(n->currency), n->person ? &n->person : NULL, clock_now_us(), NULL, e));
	for (int64_t part = 0; rest.n; part++) {
		struct str piece = str_first(rest, rest.n < IMPORT_PART ? rest.n : IMPORT_PART);
		TRY(q_market_import_file_add(c, n->id, part, piece, NULL, e));
		rest = str_skip(rest, piece.n);
	}
	if (n->job)
		TRY(put_job(c, n->id, e));
	return put_audit(c, &n->audit, n->id, e);
}

enum status import_begin(struct ctx *ctx, struct db *db, struct import_new *n, struct err *e)
{
	return db_write(ctx, db, tx_begin, n, e);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct import_under_way {
	struct ctx *ctx;
	struct db *db;
	int64_t id;
	struct market_import_row *row;
	struct import_ask ask;
	struct in_file *read;
	enum status st;
	struct err why;
	size_t place; /* of the next chunk */
	bool over;
};

/* What a file is read with: the market's pages, the supplier and what their headers are. */
static enum status load_ask(struct import_under_way *x, struct err *e)
{
	struct market_pages_row *pages;
	struct market_supplier_row *s = NULL;
	struct market_import_headers_row *headers;
	size_t n;
	struct arena *a = x->ctx->arena;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(x->ctx, x->db, &c, e));
	TRY(q_market_import(c, x->id, &x->row, e));
	if (!x->row)
		return err_set(e, ST_NOT_FOUND, "There is no such import.");
	TRY(q_market_pages(c, &pages, &n, e));
	TRY(q_market_import_headers(c, x->row->supplier_id, &headers, &x->ask.header_count, e));
	if (!x->row->supplier_id_null)
		TRY(q_market_supplier(c, x->row->supplier_id, &s, e));
	struct in_page *known = ARENA_ARRAY(a, struct in_page, n + 1);
	for (size_t i = 0; i < n; i++) {
		known[i].slug = pages[i].slug;
		str_print(known[i].currency, sizeof known[i].currency, "%.*s", STR_ARG(pages[i].currency));
	}
	struct in_header *named = ARENA_ARRAY(a, struct in_header, x->ask.header_count + 1);
	for (size_t i = 0; i < x->ask.header_count; i++)
		named[i] = (struct in_header){ headers[i].header, headers[i].place };
	x->ask.pages = known;
	x->ask.page_count = n;
	x->ask.headers = named;
	x->ask.name = x->row->name;
	x->ask.page = x->row->page.n ? x->row->page : n ? pages[0].slug : STR("shop");
	x->ask.person = x->row->person_null ? 0 : x->row->person;
	x->ask.supplier = s ? s->name : STR("");
	x->ask.supplier_slug = s ? s->slug : STR("");
	str_print(x->ask.currency, sizeof x->ask.currency, "%.*s", STR_ARG(x->row->currency));
	for (size_t i = 0; i < n; i++)
		if (str_eq(known[i].slug, x->ask.page))
			str_print(x->ask.currency, sizeof x->ask.currency, "%s", known[i].currency);
	return ST_OK;
}

static enum status load_file(struct import_under_way *x, struct err *e)
{
	struct market_import_file_row *parts;
	struct buf b;
	size_t n;
	SCOPED_DB_READ c = NULL;
	buf_arena(&b, x->ctx->arena, CSV_BYTES_MAX + 1);
	TRY(db_read(x->ctx, x->db, &c, e));
	TRY(q_market_import_file(c, x->id, &parts, &n, e));
	for (size_t i = 0; i < n; i++)
		buf_putstr(&b, parts[i].bytes);
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "the file is larger than %d MB", CSV_BYTES_MAX >> 20);
	x->ask.file = buf_str(&b);
	return ST_OK;
}

static void read_file(void *arg)
{
	struct import_under_way *x = arg;
	x->st = in_read(x->ctx->arena, &x->ask, x->read, &x->why);
}

static struct str notes_json(struct arena *a, const struct in_file *read)
{
	struct buf b;
	size_t dropped = read->notes_dropped;
	buf_text(&b, a);
	BUF_LIT(&b, "[");
	for (size_t i = 0; i < read->note_count; i++) {
		if (i >= IMPORT_NOTES_TOLD) {
			dropped += read->note_count - i;
			break;
		}
		buf_puts(&b, i ? "," : "");
		json_put_str(&b, read->notes[i]);
	}
	if (dropped)
		buf_printf(&b, ",\"and %zu more like these\"", dropped);
	BUF_LIT(&b, "]");
	return buf_str(&b);
}

/* [["header", "cells of the first rows"], …] */
static struct str headers_json(struct arena *a, struct str file, struct err *e)
{
	struct csv csv;
	struct buf b;
	buf_text(&b, a);
	BUF_LIT(&b, "[");
	if (csv_read(a, file, &csv, e) == ST_OK && csv.n)
		for (size_t i = 0; i < csv.rows[0].n && i < IMPORT_HEADERS_MAX; i++) {
			struct buf samples;
			buf_text(&samples, a);
			for (size_t k = 1; k < csv.n && k <= SAMPLES; k++)
				if (in_cell(&csv.rows[k], (int)i).n)
					buf_printf(&samples, "%s%.*s", samples.len ? " · " : "",
					           STR_ARG(str_utf8_first(in_cell(&csv.rows[k], (int)i), SAMPLE_MAX)));
			buf_puts(&b, i ? ",[" : "[");
			json_put_str(&b, str_trim(csv.rows[0].cells[i]));
			BUF_LIT(&b, ",");
			json_put_str(&b, buf_str(&samples));
			BUF_LIT(&b, "]");
		}
	BUF_LIT(&b, "]");
	return buf_str(&b);
}

static enum status tx_refuse(struct db_conn *c, void *arg, struct err *e)
{
	struct import_under_way *x = arg;
	struct market_import_locked_row *now;
	TRY(q_market_import_locked(c, x->id, &now, e));
	if (!now || !str_eqc(now->state, "reading"))
		return ST_OK;
	struct err why = { 0 };
	struct str headers = x->read->unknown ? headers_json(db_arena(c), x->ask.file, &why) : STR("");
	if (headers.n)
		return q_market_import_asks(c, x->id, headers, NULL, e);
	TRY(q_market_import_file_drop(c, x->id, NULL, e));
	return q_market_import_state(c, x->id, STR("refused"), 0, str_c(x->why.msg), NULL, e);
}

/* --- staging ------------------------------------------------------------------------------------------------------ */

struct staging {
	int64_t counts[5]; /* of enum staged_as */
};
enum staged_as { AS_NEW, AS_CHANGED, AS_SAME, AS_MISSING, AS_REFUSED };
static const char *const staged_names[] = { "new", "changed", "same", "missing", "refused" };

static struct str row_key(const struct in_product *p)
{
	return p->handle.n ? p->handle : p->source.p ? p->source : STR("");
}

/* An article number of a supplier's list that they have here already: its numbers are the variant's, its words are not.
 */
static enum status match_number(
        struct db_conn *c, const struct import_under_way *x, struct in_product *p, struct err *e)
{
	struct market_variant_by_sku_row *v;
	struct str sku = p->variant_count ? in_get(p->variants[0].v, "Variant SKU")->text : STR("");
	if (strcmp(x->read->format, "list") || !sku.n || x->row->supplier_id_null)
		return ST_OK;
	TRY(q_market_variant_by_sku(c, x->row->supplier_id, sku, &v, e));
	if (!v)
		return ST_OK;
	p->id = v->product;
	p->some = true;
	p->variants[0].id = v->id;
	for (size_t i = 0; market_columns[i].name; i++)
		p->v[i].there = false;
	return ST_OK;
}

static enum status stage_product(struct db_conn *c, struct import_under_way *x, struct shelf_writer *w, int64_t n,
                                 struct in_product *p, struct staging *s, struct err *e)
{
	enum written what;
	struct err why = { 0 };
	struct in_product *was = NULL;
	int64_t id = 0;
	struct str title = in_get(p->v, "Title")->text, before = STR(""), reason = STR("");
	TRY(match_number(c, x, p, e));
	enum status st = writer_put(w, p, &what, &id, &why);
	if (st != ST_OK && st != ST_INVALID)
		return err_set(e, st, "%s", why.msg);
	enum staged_as as = st != ST_OK             ? AS_REFUSED
	                    : what == WRITTEN_NEW     ? AS_NEW
	                    : what == WRITTEN_CHANGED ? AS_CHANGED
	                                              : AS_SAME;
	if (as == AS_REFUSED)
		reason = str_c(why.msg);
	if (as == AS_CHANGED) {
		TRY(product_now(c, id, &was, e));
		before = was ? product_json(db_arena(c), was, true) : STR("");
		title = title.n || !was ? title : in_get(was->v, "Title")->text;
	}
	s->counts[as]++;
	bool ticked = as == AS_NEW || as == AS_CHANGED;
	return q_market_import_row_add(c, x->id, n, (int64_t)p->line, row_key(p), title, str_c(staged_names[as]),
	                               reason, ticked, id, before,
	                               ticked ? product_json(db_arena(c), p, true) : STR(""), NULL, e);
}

static enum status stage_refusal(struct db_conn *c, struct import_under_way *x, int64_t n, const struct in_refusal *r,
                                 struct staging *s, struct err *e)
{
	s->counts[AS_REFUSED]++;
	return q_market_import_row_add(c, x->id, n, (int64_t)r->line, r->key, STR(""), STR("refused"), r->reason, false,
	                               0, STR(""), STR(""), NULL, e);
}

static enum status stage_missing(
        struct db_conn *c, struct import_under_way *x, int64_t n, struct staging *s, struct err *e)
{
	struct market_import_missing_row *rows;
	size_t count;
	if (x->row->supplier_id_null)
		return ST_OK;
	TRY(q_market_import_missing(c, x->id, x->row->supplier_id, &rows, &count, e));
	for (size_t i = 0; i < count; i++) {
		TRY(q_market_import_row_add(c, x->id, n++, 0, rows[i].handle, rows[i].title, STR("missing"), STR(""),
		                            false, rows[i].id, STR(""), STR(""), NULL, e));
		s->counts[AS_MISSING]++;
	}
	return ST_OK;
}

/* Nothing to decide: it is over. */
static enum status end_of_staging(struct db_conn *c, struct import_under_way *x, struct err *e)
{
	struct market_import_row *r;
	TRY(q_market_import_file_drop(c, x->id, NULL, e));
	TRY(q_market_import(c, x->id, &r, e));
	bool nothing = r && !r->added && !r->changed && !r->missing && !r->refused;
	return q_market_import_state(c, x->id, nothing ? STR("applied") : STR("staged"), 0, STR(""), NULL, e);
}

static enum status tx_stage(struct db_conn *c, void *arg, struct err *e)
{
	struct import_under_way *x = arg;
	struct market_import_locked_row *now;
	struct shelf_writer *w;
	struct staging s = { 0 };
	size_t all = x->read->count + x->read->refused_count;
	TRY(q_market_import_locked(c, x->id, &now, e));
	x->over = !now || !str_eqc(now->state, "reading");
	if (x->over)
		return ST_OK;
	size_t at = (size_t)now->place, end = at + IMPORT_CHUNK < all ? at + IMPORT_CHUNK : all;
	if (!at)
		TRY(q_market_import_begins(c, x->id, str_c(x->read->format), (int64_t)all,
		                           notes_json(db_arena(c), x->read), NULL, e));
	TRY(writer_begin(c, &x->ask, 0, true, &w, e));
	for (; at < end; at++)
		TRY(at < x->read->count
		            ? stage_product(c, x, w, (int64_t)at + 1, &x->read->products[at], &s, e)
		            : stage_refusal(c, x, (int64_t)at + 1, &x->read->refused[at - x->read->count], &s, e));
	x->over = at == all;
	if (x->over)
		TRY(stage_missing(c, x, (int64_t)all + 1, &s, e));
	TRY(q_market_import_counts(c, x->id, (int64_t)at, s.counts[AS_NEW], s.counts[AS_CHANGED], s.counts[AS_SAME],
	                           s.counts[AS_MISSING], s.counts[AS_REFUSED], NULL, e));
	return x->over ? end_of_staging(c, x, e) : ST_OK;
}

/* One transaction, whose memory is given back behind it. */
static enum status in_chunk(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e)
{
	SCOPED_ARENA *a = arena_child(ctx->arena);
	struct ctx part = *ctx;
	part.arena = a;
	return db_write(&part, db, fn, arg, e);
}

static enum status go_on_reading(struct import_under_way *x, struct err *e)
{
	TRY(load_file(x, e));
	TRY(offload(OFFLOAD_PROMPT, read_file, x)); /* pictures give way, and whoever brought it looks on */
	if (x->st != ST_OK && x->st != ST_INVALID && x->st != ST_TOO_LARGE)
		return err_set(e, x->st, "%s", x->why.msg);
	if (x->st != ST_OK)
		return in_chunk(x->ctx, x->db, tx_refuse, x, e);
	while (!x->over)
		TRY(in_chunk(x->ctx, x->db, tx_stage, x, e));
	return ST_OK;
}

/* --- applying ----------------------------------------------------------------------------------------------------- */

static struct str hash_of(struct arena *a, struct str text)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	struct buf b;
	buf_arena(&b, a, HASH_TEXT + 1);
	crypto_hash_sha256(digest, (const unsigned char *)text.p, text.n);
	for (size_t i = 0; i < sizeof digest; i++)
		buf_printf(&b, "%02x", digest[i]);
	return buf_str(&b);
}

static enum status note_applied(struct db_conn *c, const struct import_under_way *x, int64_t n, int64_t product,
                                const struct in_product *was, struct err *e)
{
	struct in_product *now;
	struct arena *a = db_arena(c);
	TRY(product_now(c, product, &now, e));
	if (!now)
		return err_set(e, ST_INTERNAL, "a product is not to be found");
	return q_market_import_row_applied(c, x->id, n, STR("applied"), STR(""), product,
	                                   was ? product_json(a, was, true) : STR(""),
	                                   hash_of(a, product_json(a, now, false)), product_stocks(a, now), NULL, e);
}

static enum status apply_missing(struct db_conn *c, const struct import_under_way *x,
                                 const struct market_import_to_apply_row *r, struct err *e)
{
	struct in_product *was;
	TRY(product_now(c, r->product_id, &was, e));
	if (!was)
		return q_market_import_row_state(
		        c, x->id, r->n, STR("failed"), str_c(TR_NOOP("It is there no more.")), NULL, e);
	TRY(q_market_product_archive(c, r->product_id, clock_now_us(), NULL, e));
	TRY(q_market_product_refresh(c, r->product_id, NULL, e));
	return note_applied(c, x, r->n, r->product_id, was, e);
}

static enum status apply_row(struct db_conn *c, const struct import_under_way *x, struct shelf_writer *w,
                             const struct market_import_to_apply_row *r, struct err *e)
{
	struct in_product *in, *was = NULL;
	enum written what;
	struct err why = { 0 };
	int64_t product;
	if (str_eqc(r->what, "missing"))
		return apply_missing(c, x, r, e);
	TRY(product_of_json(db_arena(c), r->after, &in, e));
	TRY(writer_find(w, in, &product, e));
	if (product)
		TRY(product_now(c, product, &was, e));
	enum status st = writer_put(w, in, &what, &product, &why);
	if (st == ST_INVALID)
		return q_market_import_row_state(c, x->id, r->n, STR("failed"), str_c(why.msg), NULL, e);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (what == WRITTEN_SAME)
		return q_market_import_row_state(c, x->id, r->n, STR("applied"), STR(""), NULL, e);
	return note_applied(c, x, r->n, product, was, e);
}

static enum status tell_import(struct db_conn *c, int64_t id, size_t n, struct err *e)
{
	return n ? event_emit(c, "catalogue.imported", id_str(db_arena(c), id), STR("{}"), e) : ST_OK;
}

static enum status tx_apply(struct db_conn *c, void *arg, struct err *e)
{
	struct import_under_way *x = arg;
	struct market_import_locked_row *now;
	struct market_import_to_apply_row *rows;
	struct shelf_writer *w;
	size_t n;
	TRY(q_market_import_locked(c, x->id, &now, e));
	x->over = !now || !str_eqc(now->state, "applying");
	if (x->over)
		return ST_OK;
	TRY(q_market_import_to_apply(c, x->id, now->place, IMPORT_CHUNK, &rows, &n, e));
	TRY(writer_begin(c, &x->ask, x->id, false, &w, e));
	for (size_t i = 0; i < n; i++)
		TRY(apply_row(c, x, w, &rows[i], e));
	x->over = n < IMPORT_CHUNK;
	if (n)
		TRY(q_market_import_applied(c, x->id, rows[n - 1].n, (int64_t)n, NULL, e));
	if (x->over) {
		TRY(q_market_import_state(c, x->id, STR("applied"), 0, STR(""), NULL, e));
		TRY(pictures_job(c, e));
	}
	return tell_import(c, x->id, n, e);
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

static enum status undo_row(struct db_conn *c, const struct shelf_back *back, int64_t import,
                            const struct market_import_to_undo_row *r, int64_t *kept, struct err *e)
{
	struct in_product *now, *was;
	struct arena *a = db_arena(c);
	TRY(product_now(c, r->product_id, &now, e));
	if (!now || !str_eq(hash_of(a, product_json(a, now, false)), r->result)) {
		++*kept;
		return q_market_import_row_state(
		        c, import, r->n, STR("kept"), str_c(TR_NOOP("It was changed since.")), NULL, e);
	}
	if (r->before.n) {
		struct err why = { 0 };
		TRY(product_of_json(a, r->before, &was, e));
		enum status st = product_restore(back, r->product_id, was, r->stocks, &why);
		if (st == ST_INVALID) { /* where it was is gone */
			++*kept;
			return q_market_import_row_state(c, import, r->n, STR("kept"), str_c(why.msg), NULL, e);
		}
		if (st != ST_OK)
			return err_set(e, st, "%s", why.msg);
	} else {
		TRY(product_remove(back, r->product_id, e));
	}
	return q_market_import_row_state(c, import, r->n, STR("undone"), STR(""), NULL, e);
}

/* Pages, suppliers and categories that it made and nothing is in any more. */
static enum status drop_made(struct db_conn *c, int64_t import, struct err *e)
{
	struct market_import_made_row *rows;
	size_t n;
	TRY(q_market_import_made(c, import, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(str_eqc(rows[i].kind, "page")       ? q_market_page_drop_empty(c, rows[i].object, NULL, e)
		    : str_eqc(rows[i].kind, "supplier") ? q_market_supplier_drop_empty(c, rows[i].object, NULL, e)
		                                        : q_market_category_drop_empty(c, rows[i].object, NULL, e));
	return ST_OK;
}

static enum status tx_undo(struct db_conn *c, void *arg, struct err *e)
{
	struct import_under_way *x = arg;
	struct market_import_locked_row *now;
	struct market_import_to_undo_row *rows;
	struct shelf_back back = { .c = c, .person = x->ask.person, .now = clock_now_us() };
	int64_t kept = 0;
	size_t n;
	TRY(q_market_import_locked(c, x->id, &now, e));
	x->over = !now || !str_eqc(now->state, "undoing");
	if (x->over)
		return ST_OK;
	TRY(q_market_import_to_undo(c, x->id, now->place, IMPORT_CHUNK, &rows, &n, e));
	TRY(writer_begin(c, &x->ask, 0, false, &back.w, e));
	for (size_t i = 0; i < n; i++)
		TRY(undo_row(c, &back, x->id, &rows[i], &kept, e));
	x->over = n < IMPORT_CHUNK;
	if (n)
		TRY(q_market_import_undone(c, x->id, rows[n - 1].n, kept, NULL, e));
	if (x->over) {
		TRY(drop_made(c, x->id, e));
		TRY(q_market_import_state(c, x->id, STR("undone"), 0, STR(""), NULL, e));
	}
	return tell_import(c, x->id, n, e);
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

enum status import_go_on(struct ctx *ctx, struct db *db, int64_t id, struct in_file *read, struct err *e)
{
	struct import_under_way x = { .ctx = ctx, .db = db, .id = id, .read = read };
	arena_allow(ctx->arena, IMPORT_MEMORY_MAX);
	if (!read)
		x.read = ARENA_NEW(ctx->arena, struct in_file);
	TRY(load_ask(&x, e));
	if (str_eqc(x.row->state, "reading"))
		return go_on_reading(&x, e);
	db_tx_fn *step = str_eqc(x.row->state, "applying") ? tx_apply
	        : str_eqc(x.row->state, "undoing")         ? tx_undo
	                                                   : NULL;
	while (step && !x.over)
		TRY(in_chunk(ctx, db, step, &x, e));
	return ST_OK;
}

static enum status tx_turn(struct db_conn *c, void *arg, struct err *e)
{
	struct import_turn *t = arg;
	struct market_import_locked_row *now;
	TRY(q_market_import_locked(c, t->id, &now, e));
	t->done = now && str_eqc(now->state, t->from);
	if (!t->done)
		return ST_OK;
	TRY(q_market_import_state(c, t->id, str_c(t->to), 0, STR(""), NULL, e));
	if (t->job)
		TRY(put_job(c, t->id, e));
	return put_audit(c, &t->audit, t->id, e);
}

enum status import_turn(struct ctx *ctx, struct db *db, struct import_turn *t, struct err *e)
{
	return db_write(ctx, db, tx_turn, t, e);
}

static enum status tx_tick(struct db_conn *c, void *arg, struct err *e)
{
	struct import_ticks *t = arg;
	struct market_import_locked_row *now;
	TRY(q_market_import_locked(c, t->id, &now, e));
	if (!now || !str_eqc(now->state, "staged"))
		return ST_OK;
	for (size_t i = 0; i < t->n; i++)
		TRY(q_market_import_tick(c, t->id, t->shown[i], t->ticked[i], NULL, e));
	if (t->all)
		TRY(q_market_import_tick_all(c, t->id, t->all > 0, NULL, e));
	return q_market_import_count_ticked(c, t->id, NULL, e);
}

enum status import_tick(struct ctx *ctx, struct db *db, struct import_ticks *t, struct err *e)
{
	return db_write(ctx, db, tx_tick, t, e);
}

struct header_mapping {
	int64_t id, supplier;
	const struct in_header *headers;
	size_t n;
	bool done;
};

static enum status tx_map(struct db_conn *c, void *arg, struct err *e)
{
	struct header_mapping *m = arg;
	struct market_import_locked_row *now;
	TRY(q_market_import_locked(c, m->id, &now, e));
	m->done = now && str_eqc(now->state, "mapping");
	if (!m->done)
		return ST_OK;
	for (size_t i = 0; i < m->n; i++)
		TRY(q_market_import_header_put(c, m->supplier, m->headers[i].header, m->headers[i].column, NULL, e));
	TRY(q_market_import_state(c, m->id, STR("reading"), 0, STR(""), NULL, e));
	return put_job(c, m->id, e);
}

enum status import_map(struct ctx *ctx, struct db *db, int64_t id, int64_t supplier, const struct in_header *headers,
                       size_t n, bool *done, struct err *e)
{
	struct header_mapping m = { .id = id, .supplier = supplier, .headers = headers, .n = n };
	TRY(db_write(ctx, db, tx_map, &m, e));
	*done = m.done;
	return ST_OK;
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

enum status market_job_import(struct ctx *ctx, const struct job *j, struct err *e)
{
	SCOPED_JSON *payload = json_parse(j->payload, 2, NULL);
	return import_go_on(ctx, ctx->svc->db, json_integer_value(json_object_get(payload, "import")), NULL, e);
}

static enum status tx_look_after(struct db_conn *c, void *arg, struct err *e)
{
	struct market_imports_under_way_row *rows;
	struct market_imports_old_row *old;
	size_t n;
	(void)arg;
	TRY(q_market_imports_under_way(c, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(put_job(c, rows[i].id, e));
	TRY(pictures_job(c, e));
	TRY(q_market_imports_old(
	        c, clock_now_us() - (int64_t)IMPORT_KEPT_DAYS * 86400 * US_PER_S, OLD_AT_ONCE, &old, &n, e));
	for (size_t i = 0; i < n; i++) {
		TRY(q_market_import_rows_drop(c, old[i].id, NULL, e));
		TRY(q_market_import_file_drop(c, old[i].id, NULL, e));
	}
	return ST_OK;
}

enum status market_job_imports(struct ctx *ctx, const struct job *j, struct err *e)
{
	(void)j;
	return db_write(ctx, ctx->svc->db, tx_look_after, NULL, e);
}

/* --- at once ------------------------------------------------------------------------------------------------------ */

static enum status finish_others(struct ctx *ctx, struct db *db, struct err *e)
{
	struct market_imports_under_way_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, db, &c, e));
		TRY(q_market_imports_under_way(c, &rows, &n, e));
	}
	for (size_t i = 0; i < n; i++)
		TRY(import_go_on(ctx, db, rows[i].id, NULL, e));
	return ST_OK;
}

static enum status load_import(struct ctx *ctx, struct db *db, int64_t id, struct market_import_row **row,
                               struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_market_import(c, id, row, e));
	return *row ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such import.");
}

/* Whole or not at all: why it was not, as the first row says it. */
static enum status refuse_whole(struct ctx *ctx, struct db *db, const struct market_import_row *r, struct err *e)
{
	struct market_import_refusals_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_market_import_refusals(c, r->id, 1, &rows, &n, e));
	return err_set(e, ST_INVALID, "%.*s", STR_ARG(n ? rows[0].reason : r->problem));
}

enum status market_import(struct ctx *ctx, struct db *db, struct import_ask *ask, bool dry, struct in_file *read,
                          struct import_done *out, struct err *e)
{
	struct import_new new = { .file = ask->file, .name = ask->name, .page = ask->page, .person = ask->person };
	struct market_import_row *r;
	memcpy(new.currency, ask->currency, sizeof new.currency);
	arena_allow(ctx->arena, IMPORT_MEMORY_MAX);
	TRY(finish_others(ctx, db, e));
	TRY(import_begin(ctx, db, &new, e));
	TRY(import_go_on(ctx, db, new.id, read, e));
	TRY(load_import(ctx, db, new.id, &r, e));
	struct import_turn turn = { .id = new.id, .from = "staged", .to = r->refused || dry ? "refused" : "applying" };
	if (str_eqc(r->state, "mapping"))
		turn.from = "mapping", turn.to = "refused";
	TRY(import_turn(ctx, db, &turn, e));
	*out = (struct import_done){ .id = new.id, .added = r->added, .changed = r->changed, .same = r->same };
	if (str_eqc(r->state, "mapping"))
		return err_set(e, ST_INVALID, "%s", in_unknown_headers);
	if (dry)
		return str_eqc(r->state, "refused") ? refuse_whole(ctx, db, r, e) : ST_OK;
	if (r->refused || str_eqc(r->state, "refused"))
		return refuse_whole(ctx, db, r, e);
	return import_go_on(ctx, db, new.id, NULL, e);
}
