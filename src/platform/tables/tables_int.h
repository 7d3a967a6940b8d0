/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside tables: what an address asks for, and addresses of lists.
 */
#ifndef GH_PLATFORM_TABLES_INT_H
#define GH_PLATFORM_TABLES_INT_H

#include "platform/tables/tables.h"

#define TABLE_CHOICES_MAX 200u /* of one filter */
#define TABLE_COLUMNS_MAX 24u
#define TABLE_ADDRESS_MAX 4096u

/* What the request's address asks for; *sorted: the column that it is in the order of. */
void table_ask_read(struct web *w, const struct table_desc *d, struct table_ask *ask, const struct column **sorted);
/* The address of d's list with the search and the filters of ask, ready for more behind it: "…?q=x&" or "…?". ending:
 * behind the path, "" or ".csv". */
void table_address(struct web *w, const struct table_desc *d, const struct table_ask *ask, const char *ending,
        struct buf *out);
struct db *table_db(struct web *w, const struct table_desc *d, const struct table_ask *ask);
/* Behind table_address: the order, "sort=name&down=0&"; nothing when c is NULL. */
void table_put_sort(struct buf *b, const struct column *c, bool down);
const void *table_member(const struct column *c, const void *row);
struct str table_key(struct arena *a, const struct table_desc *d, const void *row);
const struct table_action *table_action_named(const struct table_desc *d, struct str name);
/* The choices of a filter, *n of them. */
const struct choice *table_choices(struct web *w, const struct table_filter *f, size_t *n);

/* What a page tells beside its list. */
struct table_told {
	int status;
	void *arg;
	struct str problem;
	const struct table_action *done, *asking;
	int64_t done_n;
	struct str done_keys;
	const struct str *asked;
	size_t asked_n;
};
enum status table_answer(
        struct web *w, const struct table_desc *d, const struct table_told *t, struct err *e) MUST_CHECK;

#endif
