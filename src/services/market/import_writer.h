/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: one product at a time overlaid with what a list says, within a transaction of the caller's; what it
 * was and is, as JSON; and putting back what was. A row's JSON has the shape of struct in_product (import_json.c).
 */
#ifndef GH_SERVICES_MARKET_IMPORT_WRITER_H
#define GH_SERVICES_MARKET_IMPORT_WRITER_H

#include "gen/market_sql.h"
#include "services/market/import.h"

enum written { WRITTEN_NEW, WRITTEN_CHANGED, WRITTEN_SAME };

struct shelf_writer;
/* *out in db_arena(c). import: whose doing it is, which pages, suppliers and categories that are made are noted for; 0:
   nobody's. dry: nothing is written. */
enum status writer_begin(struct db_conn *c, struct import_ask *ask, int64_t import, bool dry, struct shelf_writer **out,
                         struct err *e) MUST_CHECK;
/* *product: its id; 0 where it is new and nothing is written. ST_INVALID: it can't be taken; nothing was written. */
enum status writer_put(struct shelf_writer *w, const struct in_product *in, enum written *what, int64_t *product,
                       struct err *e) MUST_CHECK;
/* The product that a row of a list is about; 0: there is none yet. */
enum status writer_find(
        struct shelf_writer *w, const struct in_product *in, int64_t *product, struct err *e) MUST_CHECK;

enum { CATEGORY_DEPTH = 6 }; /* names in a path */

/* "A > B, C" as they are called now, each once; as it was written where none is called otherwise. In db_arena(c). */
struct str writer_paths(struct shelf_writer *w, struct str paths);
/* The category of that path, made with those above it where they are missing. *id 0: path is "". */
enum status writer_category(struct shelf_writer *w, struct str path, int64_t *id, struct err *e) MUST_CHECK;
/* Puts a product into the categories of those paths, and into those above them; it is in no other. */
enum status writer_categories(
        struct shelf_writer *w, int64_t product, int64_t page, struct str paths, struct err *e) MUST_CHECK;

/* A product as it is now, its variants that are not for sale any more and its stock too. *out NULL: there is none. In
   db_arena(c). */
enum status product_now(struct db_conn *c, int64_t id, struct in_product **out, struct err *e) MUST_CHECK;
/* As JSON, in a. stock: also what lies there. */
struct str product_json(struct arena *a, const struct in_product *p, bool stock);
/* And back, in a. ST_CORRUPT. */
enum status product_of_json(struct arena *a, struct str json, struct in_product **out, struct err *e) MUST_CHECK;
/* What lies there, as JSON: [[variant, how many], …]; in a */
struct str product_stocks(struct arena *a, const struct in_product *p);
struct shelf_back {
	struct db_conn *c;
	struct shelf_writer *w;
	int64_t person, now; /* whose doing it is (0: nobody's), and when */
};
/* Puts a product back to what it was; what was sold since stays sold. stocks: product_stocks once it was changed. */
enum status product_restore(const struct shelf_back *b, int64_t id, const struct in_product *was, struct str stocks,
                            struct err *e) MUST_CHECK;
/* Away with what an import made, as though it had never been; what somebody wanted meanwhile is archived instead. */
enum status product_remove(const struct shelf_back *b, int64_t id, struct err *e) MUST_CHECK;

#endif
