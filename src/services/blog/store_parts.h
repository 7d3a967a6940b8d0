/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the store: from ids to cards. Included by store*.c and search.c; nobody else.
 */
#ifndef GH_SERVICES_BLOG_STORE_PARTS_H
#define GH_SERVICES_BLOG_STORE_PARTS_H

#include "services/blog/store.h"

enum { STORE_PAGE_MAX = 100, STORE_LIST_MAX = 100000 };

/* "[1,2,3]", as the queries over many objects take it. */
struct store_ids { int64_t *list; size_t count; };
/* In the order of ids; those that are gone are left out. */
enum status store_cards(struct db_conn *c, struct store_ids ids, bool with_links, struct blog_card **out, size_t *count,
                        struct err *e) MUST_CHECK;
struct blog_image store_image(struct str path, struct str srcset, int64_t width, int64_t height, struct str url, struct str alt);
/* Offset of a page, or ST_NOT_FOUND for one that can't exist. */
enum status store_offset(int page, int *size, int64_t *offset, struct err *e) MUST_CHECK;
enum status store_past_end(int page, size_t count, struct err *e) MUST_CHECK;
int store_pages(int64_t total, int size);
const struct blog_social *store_social(struct arena *a, struct str json, size_t *count);

#endif
