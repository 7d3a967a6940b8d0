/* SPDX-License-Identifier: Apache-2.0
 *
 * What keepers and suppliers change: a product, a variant, pictures, a count, a price. Each is one transaction, with an
 * event and an audit entry in it; cells are checked and written as those of a file are (import.h).
 */
#ifndef GH_SERVICES_MARKET_SAVE_H
#define GH_SERVICES_MARKET_SAVE_H

#include "gen/market_sql.h"
#include "platform/audit/audit.h"
#include "services/market/import.h"

enum {
	PICTURES_MAX = 20,     /* of a product */
	GTIN_LEN_MAX = 14,     /* digits */
	PRICE_MAX = 100000000, /* of one, in minor units */
	MARGIN_MAX = 10000,    /* basis points */
	FORGET_MOVES_SHOWN = 1000
};

/* What came of it. Nothing was written but for SAVE_DONE. */
enum save_outcome {
	SAVE_DONE,
	SAVE_GONE,      /* it is not there, or is not this person's */
	SAVE_MEANWHILE, /* it is not any more what was seen */
	SAVE_SKU_TAKEN, /* another variant of the supplier has the number */
	SAVE_HELD,      /* checkouts hold more than that */
	SAVE_MANY       /* pictures */
};

/* Digits of a GTIN-8, 12, 13 or 14 with the right last one. */
bool market_gtin_is(struct str s);

/* A product, or one of its variants, as it is to be. */
struct product_save {
	struct import_ask ask;
	struct in_file file;
	struct in_reader reader;
	struct in_product product;
	struct in_variant variant;
	struct audit_entry audit;
	int64_t version; /* that was seen; 0: any */
	struct str seen; /* a variant's numbers that were seen (save_seen); "" : any */
	enum save_outcome outcome;
	int64_t saved; /* the product's id */
};
/* product 0: a new one. currency: of its page. s and a outlive save_product. */
void save_begin(struct product_save *s, struct arena *a, int64_t product, const char currency[4]);
/* A cell of the product or of its variant, by the column's name in a file (columns.c). ST_INVALID: it can't be that. */
enum status save_put(struct product_save *s, const char *column, struct str text, struct err *e) MUST_CHECK;
/* Also its variant, where a cell of one was put: s->variant.id, or a new one. */
enum status save_product(struct ctx *ctx, struct product_save *s, struct err *e) MUST_CHECK;
/* A variant's numbers, to see later whether they are still the same. In a. */
struct str save_seen(struct arena *a, const struct market_variants_of_row *v);

/* publish, draft, archive, restore. *changed false: it was so before. */
enum status save_status(struct ctx *ctx, int64_t product, const char *action, struct audit_entry *audit, bool *changed,
                        struct err *e) MUST_CHECK;
/* A variant is not for sale any more. */
enum status save_variant_archived(struct ctx *ctx, int64_t product, int64_t variant, struct audit_entry *audit,
                                  struct err *e) MUST_CHECK;

/* add: a new picture (src, alt). Otherwise of the one with that src: alt is set; earlier, later: it moves; gone: it
   goes. */
enum picture_change { PICTURE_ADD, PICTURE_ALT, PICTURE_EARLIER, PICTURE_LATER, PICTURE_GONE };
struct picture_save {
	int64_t product;
	enum picture_change what;
	struct str src, alt;
	struct audit_entry audit;
	enum save_outcome outcome;
};
enum status save_picture(struct ctx *ctx, struct picture_save *s, struct err *e) MUST_CHECK;

/* A cell of a variant. count: the item is counted, and so many are there; out: as few as are held; always: not counted
   any more; price. */
enum cell_change { CHANGE_COUNT, CHANGE_OUT, CHANGE_ALWAYS, CHANGE_PRICE };
struct cell_save {
	int64_t variant;
	int64_t person; /* whose products alone; 0: any */
	int64_t by;     /* who counted */
	enum cell_change what;
	int64_t n;    /* pieces, or minor units */
	int64_t seen; /* what the cell was; -1: any */
	struct audit_entry audit;
	enum save_outcome outcome;
	int64_t is, held; /* what it is now, when the outcome says so */
};
enum status save_cell(struct ctx *ctx, struct cell_save *s, struct err *e) MUST_CHECK;

#endif
