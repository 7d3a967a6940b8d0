/* SPDX-License-Identifier: Apache-2.0
 *
 * Price lists and catalogues in, and out again: CSV as Shopify, WooCommerce and the Open Food Network write it, and
 * with columns of our own for what they have no place for.
 *
 * A list is read whole (in_read), every cell checked and every text cleaned, and staged: each product is a row that
 * says what it would change, or why it is refused (staged.h). What somebody approved of it is applied in chunks, each a
 * transaction, and can be taken back. Columns that a file does not have leave what is there.
 */
#ifndef GH_SERVICES_MARKET_IMPORT_H
#define GH_SERVICES_MARKET_IMPORT_H

#include "gen/market_sql.h"
#include "platform/text/csv.h"

enum {
	IMPORT_TEXT_MAX = 1000,        /* characters of a cell that is no body */
	IMPORT_COUNT_MAX = 1000000000, /* of pieces and base units */
	IMPORT_NOTES_MAX = 1000,       /* more are counted */
	IMPORT_CARRIED_MAX = 64 << 10  /* bytes that a row carries along */
};

/* A cell that was read: what it says as text or number; there false: the file has no such column. */
struct in_value {
	struct str text;
	int64_t n;
	bool there;
};

enum column_of { OF_PRODUCT, OF_VARIANT };
enum column_kind {
	COLUMN_TEXT,
	COLUMN_HTML,
	COLUMN_LIST, /* "a, b" */
	COLUMN_FLAG,
	COLUMN_STATUS,
	COLUMN_UNIT,
	COLUMN_NUMBER,
	COLUMN_COUNT,   /* from 1; empty: 1 */
	COLUMN_PERCENT, /* basis points */
	COLUMN_MONEY,
	COLUMN_QUANTITY, /* kind and on_hand together */
	COLUMN_POLICY
};
/* Where a column's value lies in a row of market_product or market_variants_of. */
struct market_column {
	const char *name;
	enum column_of of;
	enum column_kind kind;
	size_t at;
};
extern const struct market_column market_columns[]; /* in the order of an export; ends with { 0 } */
enum { MARKET_COLUMNS_MAX = 48 };

struct in_variant {
	size_t line;
	int64_t id; /* 0: known by its options, else by its SKU */
	bool placed, archived; /* placed: rank and archived are what it is to have (it is put back) */
	int64_t rank;
	const char *kind; /* of its stock, with what a file said of it last: only of what is there. NULL: not known */
	int64_t on_hand, imported;
	bool imported_null;
	struct in_value v[MARKET_COLUMNS_MAX];
	struct str carried /* p NULL: leave */;
};
struct in_image {
	struct str src, alt;
	int64_t position;
};
struct in_product {
	size_t line;
	int64_t id;        /* 0: known by its source, else by its handle */
	bool some;         /* variants that are not among these stay as they are; one without an id is new */
	struct str handle; /* "": made of the title */
	struct str source; /* p NULL: known by its handle */
	struct in_value v[MARKET_COLUMNS_MAX];
	struct in_variant *variants;
	size_t variant_count, variant_room;
	struct in_image *images;
	size_t image_count, image_room;
	bool has_images; /* the file has columns for them */
	bool refused;    /* something in its rows can't be taken */
};
/* What can't be taken: the product (its key in the file; "" when the row names none), the line and why. */
struct in_refusal {
	size_t line;
	struct str key, reason;
};
struct in_file {
	const char *format;
	struct in_product *products;
	size_t count;
	struct str *notes; /* sentences about what is left out on purpose */
	size_t note_count, notes_dropped;
	struct in_refusal *refused; /* their products are not among the others */
	size_t refused_count, refused_room;
	bool unknown; /* its header is none that is known, and has not been mapped */
};
/* A header of a file that is none of a known system's, and the column that it is; column "": it is left out. */
struct in_header {
	struct str header, column;
};

struct in_page {
	struct str slug;
	char currency[4];
};
struct import_ask {
	struct str file;             /* its bytes */
	struct str name;             /* as people know it */
	struct str page;             /* slug of the market page of rows that name none */
	char currency[4];            /* of pages that are made */
	const struct in_page *pages; /* that are there */
	size_t page_count;
	const struct in_header *headers; /* what is known of a supplier's own */
	size_t header_count;
	struct str supplier;      /* whose list it is: of products that name none; "": nobody's */
	struct str supplier_slug; /* "" */
	int64_t person; /* who brings it; 0: the command line */
};
struct import_done {
	int64_t id, added, changed, same;
	int64_t product; /* the last one that was written */
};

/* Each product of a file, and what of it can't be taken. ST_INVALID: it can't be read at all; out->unknown: for want of
   known headers. *out in a. */
enum status in_read(struct arena *a, const struct import_ask *ask, struct in_file *out, struct err *e) MUST_CHECK;
/* Stages a list and applies all of it, or nothing when a row is refused: ST_INVALID with the first one's line. dry:
   only what would be done. The notes of *read are for whoever asked, and so are its refusals. */
enum status market_import(struct ctx *ctx, struct db *db, struct import_ask *ask, bool dry, struct in_file *read,
                          struct import_done *out, struct err *e) MUST_CHECK;
/* Writes what was read within a transaction of the caller's, who says whose doing it was; no row among the imports. */
enum status market_write(struct db_conn *c, struct import_ask *ask, struct in_file *read, struct import_done *out,
                         struct err *e) MUST_CHECK;
/* The whole catalogue, a header and a row for each variant, handed on in parts. */
enum status market_export(struct ctx *ctx, enum status (*put)(void *arg, struct str part, struct err *e), void *arg,
                          struct err *e) MUST_CHECK;

/* --- inside: one reader for each format -----------------------------------------------------------------------------
 */

struct in_reader {
	struct arena *a;
	const struct import_ask *ask;
	struct csv csv;
	struct in_file *out;
	size_t room;
	struct import_keys *keys; /* products read so far */
	size_t at;                /* the product that the row is of; SIZE_MAX: none */
	const char *currency;     /* of the row that is read */
};
/* What a row says. ST_INVALID refuses it and the product that it is of; the others go on. */
typedef enum status in_row_fn(struct in_reader *r, const void *arg, const struct csv_row *row, struct err *e);
enum status in_row(struct in_reader *r, in_row_fn *fn, const void *arg, const struct csv_row *row,
                   struct err *e) MUST_CHECK;
/* ST_INVALID: a row has more cells than the header, so something has slipped. */
enum status in_width(const struct in_reader *r, const struct csv_row *row, struct err *e) MUST_CHECK;
/* What is said where a header is none that is known. */
extern const char in_unknown_headers[];
/* The column of that name, or NULL. */
const struct market_column *in_column_named(struct str name);

/* ST_INVALID: the file as a whole can't be taken. */
enum status in_mapped(struct in_reader *r, struct err *e) MUST_CHECK;
enum status in_shopify(struct in_reader *r, struct err *e) MUST_CHECK;
enum status in_woo(struct in_reader *r, struct err *e) MUST_CHECK;
enum status in_ofn(struct in_reader *r, struct err *e) MUST_CHECK;

/* Where a column stands in the header, by its name without regard to case; -1: nowhere. */
int in_column(const struct in_reader *r, const char *name);
/* The cell of a row; "" where the row is shorter or column is -1. */
struct str in_cell(const struct csv_row *row, int column);
void in_note(struct in_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The product of that key, made when it is new (*fresh). */
struct in_product *in_product(struct in_reader *r, struct str key, size_t line, bool *fresh);
/* The product of that key, or NULL; another key for one. */
struct in_product *in_find(const struct in_reader *r, struct str key);
void in_alias(struct in_reader *r, const struct in_product *p, struct str key);
struct in_variant *in_variant(struct in_reader *r, struct in_product *p, size_t line);
void in_image(struct in_reader *r, struct in_product *p, struct str src, struct str alt, int64_t position, size_t line);
/* Sets the value of the column of that name by its rules. ST_INVALID names line and column. */
enum status in_set(struct in_reader *r, struct in_value *v, const char *column, struct str cell, size_t line,
                   struct err *e) MUST_CHECK;
/* Whether the column of that name is of the product or of its variants. */
enum column_of in_column_is_of(const char *column);
const struct in_value *in_get(const struct in_value *v, const char *column);
/* A decimal number times `unit`, exactly: "0.25" of 1000 is 250. False: no number, or finer than that. */
bool in_scaled(struct str text, int64_t unit, int64_t *out);

#endif
