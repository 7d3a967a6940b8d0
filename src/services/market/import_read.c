/* SPDX-License-Identifier: Apache-2.0
 *
 * From the bytes of a file to products that can be written: what is common to all formats. A cell is checked by the
 * kind of its column; what can't be taken ends the import with its line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "base/table.h"
#include "platform/text/sanitize.h"
#include "platform/text/url.h"
#include "services/market/save.h"

struct by_key {
	struct str key;
	size_t at;
	UT_hash_handle hh;
};
struct import_keys {
	struct by_key *all;
};

static void forget_keys(void *arg)
{
	struct import_keys *keys = arg;
	HASH_CLEAR(hh, keys->all);
}

int in_column(const struct in_reader *r, const char *name)
{
	const struct csv_row *header = &r->csv.rows[0];
	for (size_t i = 0; i < header->n; i++)
		if (str_ieqc(str_trim(header->cells[i]), name))
			return (int)i;
	return -1;
}

struct str in_cell(const struct csv_row *row, int column)
{
	return column >= 0 && (size_t)column < row->n ? row->cells[column] : STR("");
}

void in_note(struct in_reader *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	if (r->out->note_count == IMPORT_NOTES_MAX) {
		r->out->notes_dropped++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	str_utf8_end(text);
	if (!r->out->notes)
		r->out->notes = ARENA_ARRAY(r->a, struct str, IMPORT_NOTES_MAX);
	r->out->notes[r->out->note_count++] = arena_str(r->a, str_c(text));
}

/* --- lists that grow ---------------------------------------------------------------------------------------------- */

static void *grown(struct arena *a, void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room ? 2 * *room : 1;
	void *more = arena_array(a, *room, size);
	if (count)
		memcpy(more, list, count * size);
	return more;
}

struct in_product *in_find(const struct in_reader *r, struct str key)
{
	struct by_key *found = NULL;
	HASH_FIND(hh, r->keys->all, key.p, key.n, found);
	return found ? &r->out->products[found->at] : NULL;
}

void in_alias(struct in_reader *r, const struct in_product *p, struct str key)
{
	struct by_key *entry = ARENA_NEW(r->a, struct by_key);
	if (in_find(r, key))
		return;
	*entry = (struct by_key){ .key = key, .at = (size_t)(p - r->out->products) };
	HASH_ADD_KEYPTR(hh, r->keys->all, entry->key.p, entry->key.n, entry);
}

struct in_product *in_product(struct in_reader *r, struct str key, size_t line, bool *fresh)
{
	struct in_product *p = in_find(r, key);
	*fresh = !p;
	if (p) {
		r->at = (size_t)(p - r->out->products);
		return p;
	}
	r->at = r->out->count;
	r->out->products = grown(r->a, r->out->products, r->out->count, &r->room, sizeof *p);
	p = &r->out->products[r->out->count++];
	*p = (struct in_product){ .line = line };
	in_alias(r, p, key);
	return p;
}

struct in_variant *in_variant(struct in_reader *r, struct in_product *p, size_t line)
{
	p->variants = grown(r->a, p->variants, p->variant_count, &p->variant_room, sizeof *p->variants);
	struct in_variant *v = &p->variants[p->variant_count++];
	*v = (struct in_variant){ .line = line };
	return v;
}

/* Later positions behind earlier ones; without one, as they come. The same picture counts once. */
void in_image(struct in_reader *r, struct in_product *p, struct str src, struct str alt, int64_t position, size_t line)
{
	src = str_trim(src);
	if (!src.n)
		return;
	if (!url_is_public(src) || src.n > URL_MAX) {
		in_note(r, "Line %zu: the picture \"%.*s\" is no address of the web and was left out", line,
		        STR_ARG(str_shown(src)));
		return;
	}
	for (size_t i = 0; i < p->image_count; i++)
		if (str_eq(p->images[i].src, src))
			return;
	p->images = grown(r->a, p->images, p->image_count, &p->image_room, sizeof *p->images);
	size_t at = p->image_count++;
	for (; at && position && p->images[at - 1].position > position; at--)
		p->images[at] = p->images[at - 1];
	p->images[at] = (struct in_image){ src, alt, position };
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* On one line or several, without blanks around it and control characters in it. */
static struct str cleaned(struct arena *a, struct str s)
{
	s = str_trim(s);
	size_t bad = 0;
	for (size_t i = 0; i < s.n; i++)
		bad += (unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t';
	if (!bad)
		return s;
	char *p = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '\r' && !(i + 1 < s.n && s.p[i + 1] == '\n'))
			c = '\n';
		if ((unsigned char)c >= 0x20 || c == '\n' || c == '\t')
			p[n++] = c;
	}
	return str_trim(str_n(p, n));
}

/* "a,b , a" → "a, b" */
static struct str as_list(struct arena *a, struct str s)
{
	struct buf b;
	struct str rest = s, part;
	buf_text(&b, a);
	while (str_next(&rest, ',', &part)) {
		part = cleaned(a, part);
		struct str had = buf_str(&b), one;
		bool twice = !part.n;
		while (!twice && had.n && str_next(&had, ',', &one))
			twice = str_eq(str_trim(one), part);
		if (!twice)
			buf_printf(&b, "%s%.*s", b.len ? ", " : "", STR_ARG(part));
	}
	return buf_str(&b);
}

static enum status as_html(struct in_reader *r, struct str cell, struct in_value *v, size_t line, struct err *e)
{
	struct safe_html html;
	struct str s = str_trim(cell);
	if (s.n && !memchr(s.p, '<', s.n) && !memchr(s.p, '&', s.n) && !memchr(s.p, '>', s.n)) {
		v->text = cleaned(r->a, s);
		return ST_OK;
	}
	if (sanitize_html(r->a, SANITIZE_ARTICLE, s, &html, e) != ST_OK)
		return err_set(e, ST_INVALID, "Line %zu: the description is too large", line);
	v->text = str_trim(html.s);
	return ST_OK;
}

static bool flag_of(struct str cell, int64_t *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true },   { "1", true },  { "yes", true }, { "", true },
		      { "false", false }, { "0", false }, { "-1", false }, { "no", false } };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_ieqc(cell, words[i].word)) {
			*out = words[i].value;
			return true;
		}
	return false;
}

static bool lower_word(struct str cell, const char *const *words, struct str *out)
{
	for (; *words; words++)
		if (str_ieqc(cell, *words)) {
			*out = str_c(*words);
			return true;
		}
	return false;
}

bool in_scaled(struct str text, int64_t unit, int64_t *out)
{
	struct str rest = text, whole;
	int64_t n = 0, fraction = 0, part = unit;
	bool point = str_cut(&rest, '.', &whole);
	if (!whole.n || whole.n > 12 || !csv_is_number(whole) || whole.p[0] == '-' || !str_i64(whole, &n) ||
	    (point && !rest.n))
		return false;
	for (size_t i = 0; point && i < rest.n; i++) {
		if (rest.p[i] < '0' || rest.p[i] > '9')
			return false;
		if (rest.p[i] == '0')
			part = part % 10 ? part : part / 10;
		else if (part % 10)
			return false;
		else
			fraction += (rest.p[i] - '0') * (part /= 10);
	}
	*out = n * unit + fraction;
	return *out <= IMPORT_COUNT_MAX;
}

static const char *const statuses[] = { "active", "draft", "archived", "unlisted", NULL };
static const char *const units[] = { "g", "ml", "piece", NULL };
static const char *const policies[] = { "deny", "continue", NULL };

/* What is wrong with a cell; NULL: nothing. */
static const char *value_of(struct in_reader *r, enum column_kind kind, struct str cell, struct in_value *v)
{
	switch (kind) {
	case COLUMN_FLAG:
		return flag_of(cell, &v->n) ? NULL : "is neither true nor false";
	case COLUMN_STATUS:
		if (!cell.n)
			cell = STR("active");
		return lower_word(cell, statuses, &v->text) ? NULL : "is none of active, draft, archived, unlisted";
	case COLUMN_UNIT:
		if (!cell.n)
			cell = STR("piece");
		return lower_word(cell, units, &v->text) ? NULL : "is none of g, ml, piece";
	case COLUMN_POLICY:
		if (!cell.n)
			cell = STR("deny");
		return lower_word(cell, policies, &v->text) ? NULL : "is neither deny nor continue";
	case COLUMN_NUMBER:
		return !cell.n || in_scaled(cell, 1, &v->n) ? NULL : "is no whole number";
	case COLUMN_COUNT:
		if (!cell.n)
			cell = STR("1");
		return in_scaled(cell, 1, &v->n) && v->n ? NULL : "is no whole number from 1 on";
	case COLUMN_PERCENT:
		return !cell.n || (in_scaled(cell, 100, &v->n) && v->n <= 10000) ? NULL : "is no percentage";
	case COLUMN_MONEY:
		if (!cell.n)
			return NULL;
		if (!money_parse(cell, r->currency, &v->n))
			return "is no amount of money of this currency";
		return v->n < 0 ? "is less than nothing" : NULL;
	case COLUMN_QUANTITY:
		v->text = cell;
		if (cell.n && cell.p[0] == '-' && in_scaled(str_skip(cell, 1), 1, &v->n)) {
			v->n = -v->n;
			return NULL;
		}
		return !cell.n || in_scaled(cell, 1, &v->n) ? NULL : "is no whole number";
	case COLUMN_LIST:
		v->text = as_list(r->a, cell);
		break;
	case COLUMN_TEXT:
	case COLUMN_HTML:
		v->text = cleaned(r->a, cell);
		break;
	}
	return str_utf8_len(v->text) > IMPORT_TEXT_MAX ? "is too long" : NULL;
}

const struct market_column *in_column_named(struct str name)
{
	const struct market_column *c = market_columns;
	while (c->name && !str_eqc(name, c->name))
		c++;
	return c->name ? c : NULL;
}

static const struct market_column *column_named(const char *name)
{
	const struct market_column *c = market_columns;
	while (c->name && strcmp(c->name, name))
		c++;
	return c;
}

enum column_of in_column_is_of(const char *column)
{
	return column_named(column)->of;
}

enum status in_set(struct in_reader *r, struct in_value *v, const char *column, struct str cell, size_t line,
                   struct err *e)
{
	const struct market_column *c = column_named(column);
	struct in_value *at = &v[c - market_columns];
	*at = (struct in_value){ .text = STR(""), .there = true };
	if (c->kind == COLUMN_HTML)
		return as_html(r, cell, at, line, e);
	const char *wrong =
	        value_of(r, c->kind, c->kind == COLUMN_TEXT || c->kind == COLUMN_LIST ? cell : str_trim(cell), at);
	if (wrong)
		return err_set(e, ST_INVALID, "Line %zu: \"%.*s\" in the column %s %s", line, STR_ARG(str_shown(cell)),
		               column, wrong);
	if (!strcmp(column, "Variant Barcode") && at->text.n && line && !market_gtin_is(at->text))
		in_note(r, "Line %zu: the barcode \"%.*s\" is no GTIN: its last digit does not fit, or its length",
		        line, STR_ARG(str_shown(at->text)));
	if (c->kind == COLUMN_QUANTITY && at->n < 0) {
		in_note(r, "Line %zu: a stock of %.*s was taken as 0", line, STR_ARG(str_shown(cell)));
		at->n = 0;
	}
	return ST_OK;
}

const struct in_value *in_get(const struct in_value *v, const char *column)
{
	return &v[column_named(column) - market_columns];
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

enum status in_width(const struct in_reader *r, const struct csv_row *row, struct err *e)
{
	return row->n <= r->csv.rows[0].n ? ST_OK : err_set(e, ST_INVALID, "Line %zu has more cells than the header",
	                                                    row->line);
}

static struct str key_of(const struct in_product *p)
{
	return p->source.p ? p->source : p->handle.n ? p->handle : in_get(p->v, "Variant SKU")->text;
}

static void in_refuse(struct in_reader *r, struct str key, size_t line, const char *why)
{
	struct in_file *f = r->out;
	f->refused = grown(r->a, f->refused, f->refused_count, &f->refused_room, sizeof *f->refused);
	f->refused[f->refused_count++] = (struct in_refusal){ line, key, arena_str(r->a, str_c(why)) };
}

enum status in_row(struct in_reader *r, in_row_fn *fn, const void *arg, const struct csv_row *row, struct err *e)
{
	struct err why = { 0 };
	r->at = SIZE_MAX;
	enum status st = fn(r, arg, row, &why);
	if (st == ST_OK)
		return ST_OK;
	if (st != ST_INVALID)
		return err_set(e, st, "%s", why.msg);
	struct in_product *p = r->at == SIZE_MAX ? NULL : &r->out->products[r->at];
	if (p)
		p->refused = true;
	in_refuse(r, p ? key_of(p) : STR(""), row->line, why.msg);
	return ST_OK;
}

static enum status check_products(struct in_reader *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->out->count; i++) {
		struct in_product *p = &r->out->products[i];
		if (p->refused)
			continue;
		if (!p->variant_count) {
			in_note(r, "Line %zu: \"%.*s\" has no price and was left out", p->line,
			        STR_ARG(str_shown(in_get(p->v, "Title")->text)));
			continue;
		}
		if (in_get(p->v, "Title")->there && !in_get(p->v, "Title")->text.n) {
			in_refuse(r, key_of(p), p->line,
			       arena_printf(r->a, "Line %zu: the product has no title", p->line));
			continue;
		}
		r->out->products[kept++] = *p;
	}
	r->out->count = kept;
	return ST_OK;
}

enum status in_read(struct arena *a, const struct import_ask *ask, struct in_file *out, struct err *e)
{
	struct in_reader r = { .a = a, .ask = ask, .out = out, .currency = ask->currency };
	r.keys = ARENA_NEW(a, struct import_keys);
	arena_on_free(a, forget_keys, r.keys);
	*out = (struct in_file){ 0 };
	TRY(csv_read(a, ask->file, &r.csv, e));
	if (!r.csv.n)
		return err_set(e, ST_INVALID, "Line 1: the file is empty");
	enum status st;
	if (in_column(&r, "Handle") >= 0)
		st = in_shopify(&r, e);
	else if (in_column(&r, "Regular price") >= 0 && in_column(&r, "Type") >= 0)
		st = in_woo(&r, e);
	else if (in_column(&r, "producer") >= 0 && in_column(&r, "price") >= 0)
		st = in_ofn(&r, e);
	else
		st = in_mapped(&r, e);
	TRY(st);
	return check_products(&r);
}
