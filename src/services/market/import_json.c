/* SPDX-License-Identifier: Apache-2.0
 *
 * A product of an import as JSON, as staged rows keep it: what the list says, or all that there was.
 *
 *	{ "id": 0, "handle": "rye", "source": null, "line": 2, "some": false, "v": { "Title": "Rye", … },
 *	  "images": [["address", "words"], …], "variants": [{ "id": 0, "line": 2, "v": { "Variant Price": 320 }, … }] }
 *
 * Texts are texts and amounts numbers, by the kind of the column. Of what there was, a variant also has its rank and
 * whether it is for sale, and what lies there.
 */
#include <string.h>

#include "platform/text/json.h"
#include "services/market/import_writer.h"
#include "services/market/pictures.h"

enum { JSON_ROW_DEPTH = 6 };

typedef struct market_product_row product_row;
typedef struct market_variants_of_row variant_row;

static bool is_number(enum column_kind kind)
{
	return kind == COLUMN_FLAG || kind == COLUMN_NUMBER || kind == COLUMN_COUNT || kind == COLUMN_PERCENT ||
	       kind == COLUMN_MONEY;
}

/* --- what there is ------------------------------------------------------------------------------------------------ */

static void values_of_row(const void *row, enum column_of of, struct in_value *v)
{
	for (size_t i = 0; market_columns[i].name; i++) {
		const struct market_column *c = &market_columns[i];
		const void *at = (const char *)row + c->at;
		if (c->of != of || c->kind == COLUMN_QUANTITY || c->kind == COLUMN_POLICY)
			continue;
		v[i] = (struct in_value){ .text = STR(""), .there = true };
		if (c->kind == COLUMN_FLAG)
			v[i].n = *(const bool *)at;
		else if (is_number(c->kind))
			v[i].n = *(const int64_t *)at;
		else if (((const struct str *)at)->p)
			v[i].text = *(const struct str *)at;
	}
}

static const char *kind_named(struct str kind)
{
	return str_eqc(kind, "counted") ? "counted" : str_eqc(kind, "on_demand") ? "on_demand" : "unlimited";
}

enum status product_now(struct db_conn *c, int64_t id, struct in_product **out, struct err *e)
{
	struct arena *a = db_arena(c);
	product_row *p;
	variant_row *rows;
	struct market_images_of_row *images;
	size_t n, image_count;
	*out = NULL;
	TRY(q_market_product(c, id, &p, e));
	if (!p)
		return ST_OK;
	TRY(q_market_variants_of(c, id, &rows, &n, e));
	TRY(q_market_images_of(c, id, &images, &image_count, e));
	struct in_product *in = ARENA_NEW(a, struct in_product);
	*in = (struct in_product){ .id = id, .handle = p->handle, .source = p->source,
		                   .has_images = true, .variant_count = n, .image_count = image_count };
	values_of_row(p, OF_PRODUCT, in->v);
	in->variants = ARENA_ARRAY(a, struct in_variant, n + 1);
	for (size_t i = 0; i < n; i++) {
		in->variants[i] = (struct in_variant){ .id = rows[i].id,
			                               .placed = true,
			                               .rank = rows[i].rank,
			                               .archived = !str_eqc(rows[i].state, "active"),
			                               .kind = kind_named(rows[i].kind),
			                               .on_hand = rows[i].on_hand,
			                               .imported = rows[i].imported,
			                               .imported_null = rows[i].imported_null,
			                               .carried = rows[i].carried };
		values_of_row(&rows[i], OF_VARIANT, in->variants[i].v);
	}
	in->images = ARENA_ARRAY(a, struct in_image, image_count + 1);
	for (size_t i = 0; i < image_count; i++)
		in->images[i] = (struct in_image){ picture_as_it_came(&images[i]), images[i].alt, 0 };
	*out = in;
	return ST_OK;
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static void put_number(struct buf *b, const char *name, int64_t n)
{
	buf_printf(b, ",\"%s\":%lld", name, (long long)n);
}

static void put_values(struct buf *b, const struct in_value *v)
{
	bool any = false;
	BUF_LIT(b, ",\"v\":{");
	for (size_t i = 0; market_columns[i].name; i++) {
		const struct market_column *c = &market_columns[i];
		if (!v[i].there)
			continue;
		buf_printf(b, "%s\"%s\":", any ? "," : "", c->name);
		any = true;
		if (is_number(c->kind) || (c->kind == COLUMN_QUANTITY && v[i].text.n))
			buf_put_i64(b, v[i].n);
		else
			json_put_str(b, v[i].text);
	}
	BUF_LIT(b, "}");
}

static void put_variant(struct buf *b, const struct in_variant *v, bool stock)
{
	buf_printf(b, "{\"id\":%lld", (long long)v->id);
	put_number(b, "line", (int64_t)v->line);
	if (v->placed) {
		put_number(b, "rank", v->rank);
		put_number(b, "archived", v->archived);
	}
	if (v->carried.p)
		json_put_member(b, "carried", v->carried);
	put_values(b, v->v);
	if (stock && v->kind) {
		json_put_member(b, "kind", str_c(v->kind));
		put_number(b, "on_hand", v->on_hand);
		if (!v->imported_null)
			put_number(b, "imported", v->imported);
	}
	BUF_LIT(b, "}");
}

struct str product_json(struct arena *a, const struct in_product *p, bool stock)
{
	struct buf b;
	buf_text(&b, a);
	buf_printf(&b, "{\"id\":%lld", (long long)p->id);
	put_number(&b, "line", (int64_t)p->line);
	put_number(&b, "some", p->some);
	json_put_member(&b, "handle", p->handle);
	if (p->source.p)
		json_put_member(&b, "source", p->source);
	put_values(&b, p->v);
	if (p->has_images) {
		BUF_LIT(&b, ",\"images\":[");
		for (size_t i = 0; i < p->image_count; i++) {
			buf_puts(&b, i ? ",[" : "[");
			json_put_str(&b, p->images[i].src);
			BUF_LIT(&b, ",");
			json_put_str(&b, p->images[i].alt);
			BUF_LIT(&b, "]");
		}
		BUF_LIT(&b, "]");
	}
	BUF_LIT(&b, ",\"variants\":[");
	for (size_t i = 0; i < p->variant_count; i++) {
		buf_puts(&b, i ? "," : "");
		put_variant(&b, &p->variants[i], stock);
	}
	BUF_LIT(&b, "]}");
	return buf_str(&b);
}

struct str product_stocks(struct arena *a, const struct in_product *p)
{
	struct buf b;
	buf_text(&b, a);
	for (size_t i = 0; i < p->variant_count; i++)
		buf_printf(&b, "%s[%lld,%lld]", i ? "," : "[", (long long)p->variants[i].id,
		           (long long)p->variants[i].on_hand);
	buf_puts(&b, p->variant_count ? "]" : "[]");
	return buf_str(&b);
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static int64_t number_in(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static struct str text_in(struct arena *a, const json_t *j)
{
	return json_is_string(j) ? arena_str(a, str_n(json_string_value(j), json_string_length(j))) : STR_NULL;
}

static void read_values(struct arena *a, const json_t *from, struct in_value *v)
{
	for (size_t i = 0; market_columns[i].name; i++) {
		const json_t *j = json_object_get(from, market_columns[i].name);
		if (!j)
			continue;
		v[i] = (struct in_value){ .text = STR(""), .there = true };
		if (json_is_string(j))
			v[i].text = text_in(a, j);
		else
			v[i].n = json_integer_value(j);
		if (market_columns[i].kind == COLUMN_QUANTITY && !json_is_string(j))
			v[i].text = arena_strf(a, "%lld", (long long)v[i].n);
	}
}

static void read_variant(struct arena *a, const json_t *j, struct in_variant *v)
{
	const json_t *kind = json_object_get(j, "kind"), *imported = json_object_get(j, "imported");
	*v = (struct in_variant){ .id = number_in(j, "id"),
		                  .line = (size_t)number_in(j, "line"),
		                  .placed = json_object_get(j, "rank") != NULL,
		                  .rank = number_in(j, "rank"),
		                  .archived = number_in(j, "archived") != 0,
		                  .kind = kind ? kind_named(text_in(a, kind)) : NULL,
		                  .on_hand = number_in(j, "on_hand"),
		                  .imported = json_integer_value(imported),
		                  .imported_null = !imported,
		                  .carried = text_in(a, json_object_get(j, "carried")) };
	read_values(a, json_object_get(j, "v"), v->v);
}

enum status product_of_json(struct arena *a, struct str text, struct in_product **out, struct err *e)
{
	SCOPED_JSON *j = json_parse(text, JSON_ROW_DEPTH, NULL);
	const json_t *variants = json_object_get(j, "variants"), *images = json_object_get(j, "images");
	struct in_product *p = ARENA_NEW(a, struct in_product);
	if (!json_is_array(variants))
		return err_set(e, ST_CORRUPT, "a staged row is broken");
	*p = (struct in_product){ .id = number_in(j, "id"),
		                  .line = (size_t)number_in(j, "line"),
		                  .some = number_in(j, "some") != 0,
		                  .handle = text_in(a, json_object_get(j, "handle")),
		                  .source = text_in(a, json_object_get(j, "source")),
		                  .has_images = images != NULL,
		                  .variant_count = json_array_size(variants),
		                  .image_count = json_array_size(images) };
	read_values(a, json_object_get(j, "v"), p->v);
	p->variants = ARENA_ARRAY(a, struct in_variant, p->variant_count + 1);
	for (size_t i = 0; i < p->variant_count; i++)
		read_variant(a, json_array_get(variants, i), &p->variants[i]);
	p->images = ARENA_ARRAY(a, struct in_image, p->image_count + 1);
	for (size_t i = 0; i < p->image_count; i++)
		p->images[i] = (struct in_image){ text_in(a, json_array_get(json_array_get(images, i), 0)),
			                          text_in(a, json_array_get(json_array_get(images, i), 1)), 0 };
	*out = p;
	return ST_OK;
}
