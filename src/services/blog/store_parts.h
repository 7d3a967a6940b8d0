/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the store: from ids to cards. Included by store*.c and search.c; nobody else.
 */
#ifndef GH_SERVICES_BLOG_STORE_PARTS_H
#define GH_SERVICES_BLOG_STORE_PARTS_H

#include "services/blog/store.h"

enum { STORE_PAGE_MAX = 100, FEED_BODY_MAX = 512 << 10 /* of one post in a feed */ };

/* "[1,2,3]", as the queries over many objects take it. */
struct store_ids { int64_t *list; size_t count; };
/* In the order of ids; those that are gone are left out. */
enum status store_cards(
        struct db_conn *c, struct store_ids ids, struct blog_card **out, size_t *count, struct err *e) MUST_CHECK;
enum blog_visibility store_visibility(struct str s);
void store_card_links(struct arena *a, struct str tags, struct str authors, struct blog_card *card);

/* The pictures of a card's authors, which lists do without. */
enum status store_faces(struct db_conn *c, struct blog_card *card, struct err *e) MUST_CHECK;
#define STORE_IMAGE_OF(r) store_image((r)->path, (r)->srcset, (r)->width, (r)->height, (r)->image_url, (r)->image_alt)

/* From a row of any query that has a card's columns. */
#define STORE_CARD_OF(c, r)                                                                                            \
	({                                                                                                             \
		struct blog_card card_ = {                                                                             \
			.id = (r)->id,                                                                                 \
			.is_page = str_eqc((r)->type, "page"),                                                         \
			.slug = (r)->slug,                                                                             \
			.title = (r)->title,                                                                           \
			.excerpt = (r)->excerpt,                                                                       \
			.lang = (r)->lang,                                                                             \
			.published_at = (r)->published_at,                                                             \
			.updated_at = (r)->updated_at,                                                                 \
			.reading_min = (int)(r)->reading_min,                                                          \
			.featured = (r)->featured,                                                                     \
			.visibility = store_visibility((r)->visibility),                                               \
			.image = STORE_IMAGE_OF(r),                                                                    \
		};                                                                                                     \
		store_card_links(db_arena(c), (r)->tags, (r)->authors, &card_);                                        \
		card_;                                                                                                 \
	})
/* From a row of a query that has only what lists show (store.h). */
#define STORE_LISTED_OF(c, r)                                                                                          \
	({                                                                                                             \
		struct blog_card card_ = {                                                                             \
			.id = (r)->id,                                                                                 \
			.slug = (r)->slug,                                                                             \
			.title = (r)->title,                                                                           \
			.excerpt = (r)->excerpt,                                                                       \
			.lang = STR(""),                                                                               \
			.published_at = (r)->published_at,                                                             \
			.reading_min = (int)(r)->reading_min,                                                          \
			.visibility = store_visibility((r)->visibility),                                               \
			.image = { (r)->image, (r)->srcset.p ? (r)->srcset : STR(""), (r)->image_alt, (int)(r)->width, \
			        (int)(r)->height },                                                                    \
		};                                                                                                     \
		store_card_links(db_arena(c), (r)->tags, (r)->authors, &card_);                                        \
		card_;                                                                                                 \
	})
#define STORE_EACH_OF(card_of, c, rows, n)                                                                             \
	({                                                                                                             \
		struct blog_card *cards_ = ARENA_ARRAY(db_arena(c), struct blog_card, (n) ? (n) : 1);                  \
		for (size_t i_ = 0; i_ < (n); i_++)                                                                    \
			cards_[i_] = card_of(c, &(rows)[i_]);                                                          \
		cards_;                                                                                                \
	})
struct blog_image store_image(
        struct str path, struct str srcset, int64_t width, int64_t height, struct str url, struct str alt);
/* Offset of a page, or ST_NOT_FOUND for one that can't exist. */
enum status store_offset(int page, int *size, int64_t *offset, struct err *e) MUST_CHECK;
enum status store_past_end(int page, size_t count, struct err *e) MUST_CHECK;
int store_pages(int64_t total, int size);
const struct blog_social *store_social(struct arena *a, struct str json, size_t *count);

#endif
