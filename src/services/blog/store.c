/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of posts. Each list is two queries, however long it is: the ids, and their cards.
 */
#include "services/blog/store.h"

#include "base/buf.h"
#include "base/clock.h"
#include "gen/blog_sql.h"
#include "services/blog/store_parts.h"

/* --- cards -------------------------------------------------------------------------------------------------------- */

struct blog_image store_image(
        struct str path, struct str srcset, int64_t width, int64_t height, struct str url, struct str alt)
{
	struct blog_image im = { .src = path.n ? path : url, .alt = alt, .srcset = STR("") };
	if (path.n) {
		im.srcset = srcset.p ? srcset : STR("");
		im.width = (int)width;
		im.height = (int)height;
	}
	return im;
}

enum blog_visibility store_visibility(struct str s)
{
	switch (s.n ? s.p[0] : 0) {
	case 'm':
		return BLOG_MEMBERS_ONLY;
	case 't':
		return BLOG_TIERS;
	default:
		return str_eqc(s, "public") ? BLOG_PUBLIC : BLOG_PAID_ONLY;
	}
}

static struct str ids_text(struct arena *a, struct store_ids ids)
{
	struct buf b;
	buf_arena(&b, a, ids.count * 21 + 3);
	buf_putc(&b, '[');
	for (size_t i = 0; i < ids.count; i++) {
		if (i)
			buf_putc(&b, ',');
		buf_put_i64(&b, ids.list[i]);
	}
	buf_putc(&b, ']');
	return buf_str(&b);
}

/* "slug US name" between RS, as the triggers of migration 4 write it. */
static struct blog_ref *refs_of(struct arena *a, struct str links, size_t *count)
{
	struct str one;
	size_t n = 1;
	for (size_t i = 0; i < links.n; i++)
		n += links.p[i] == '\x1e';
	struct blog_ref *refs = ARENA_ARRAY(a, struct blog_ref, n);
	*count = 0;
	while (links.n && str_next(&links, '\x1e', &one)) {
		struct blog_ref *r = &refs[(*count)++];
		r->name = one;
		str_cut(&r->name, '\x1f', &r->slug);
		r->image.src = STR("");
	}
	return refs;
}

void store_card_links(struct arena *a, struct str tags, struct str authors, struct blog_card *card)
{
	card->tags = refs_of(a, tags, &card->tag_count);
	card->authors = refs_of(a, authors, &card->author_count);
}

enum status store_faces(struct db_conn *c, struct blog_card *card, struct err *e)
{
	struct blog_faces_row *rows;
	size_t n;
	TRY(q_blog_faces(c, card->id, &rows, &n, e));
	struct blog_ref *authors = arena_memdup(db_arena(c), card->authors, card->author_count * sizeof *authors);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < card->author_count; k++)
			if (str_eq(rows[i].slug, authors[k].slug))
				authors[k].image = STORE_IMAGE_OF(&rows[i]);
	card->authors = authors;
	return ST_OK;
}

enum status store_cards(struct db_conn *c, struct store_ids ids, struct blog_card **out, size_t *count, struct err *e)
{
	struct blog_cards_row *rows;
	*out = NULL;
	*count = 0;
	if (!ids.count)
		return ST_OK;
	TRY(q_blog_cards(c, ids_text(db_arena(c), ids), &rows, count, e));
	*out = STORE_EACH_OF(STORE_CARD_OF, c, rows, *count);
	return ST_OK;
}

/* --- pages of a list ---------------------------------------------------------------------------------------------- */

enum status store_offset(int page, int *size, int64_t *offset, struct err *e)
{
	if (*size < 1)
		*size = 1;
	if (*size > STORE_PAGE_MAX)
		*size = STORE_PAGE_MAX;
	if (page < 1)
		return err_set(e, ST_NOT_FOUND, "There is no page %d.", page);
	*offset = ((int64_t)page - 1) * *size;
	return ST_OK;
}

enum status store_past_end(int page, size_t count, struct err *e)
{
	return page > 1 && !count ? err_set(e, ST_NOT_FOUND, "There is no page %d here.", page) : ST_OK;
}

int store_pages(int64_t total, int size)
{
	int64_t pages = (total + size - 1) / size;
	return pages < 1 ? 1 : pages > INT32_MAX ? INT32_MAX : (int)pages;
}

static enum status fill_page(struct db_conn *c, struct store_ids ids, int64_t total, int page, int size,
        struct blog_page *out, struct err *e)
{
	struct blog_card *cards;
	TRY(store_past_end(page, ids.count, e));
	*out = (struct blog_page){ .total = total, .number = page, .pages = store_pages(total, size) };
	TRY(store_cards(c, ids, &cards, &out->count, e));
	out->posts = cards;
	return ST_OK;
}

#define IDS_OF(c, rows, n)                                                                                    \
	({                                                                                                    \
		struct store_ids ids_ = { ARENA_ARRAY(db_arena(c), int64_t, (n) ? (n) : 1), (n) };            \
		for (size_t i_ = 0; i_ < (n); i_++)                                                           \
			ids_.list[i_] = (rows)[i_].id;                                                        \
		ids_;                                                                                         \
	})

enum status blog_home(struct ctx *ctx, struct db_conn *c, int page, int size, struct blog_page *out, struct err *e)
{
	struct blog_front_row *rows;
	size_t n;
	int64_t offset = 0;
	(void)ctx;
	TRY(store_offset(page, &size, &offset, e));
	TRY(q_blog_front(c, clock_now_us(), size, offset, &rows, &n, e));
	TRY(store_past_end(page, n, e));
	int64_t total = n ? rows[0].total : 0;
	*out = (struct blog_page){ .posts = STORE_EACH_OF(STORE_LISTED_OF, c, rows, n),
		.count = n,
		.total = total,
		.number = page,
		.pages = store_pages(total, size) };
	return ST_OK;
}

enum status blog_featured(struct ctx *ctx, struct db_conn *c, int limit, struct blog_page *out, struct err *e)
{
	struct blog_listed_featured_row *rows;
	size_t n;
	int64_t offset = 0;
	(void)ctx;
	TRY(store_offset(1, &limit, &offset, e));
	TRY(q_blog_listed_featured(c, clock_now_us(), limit, &rows, &n, e));
	return fill_page(c, IDS_OF(c, rows, n), (int64_t)n, 1, limit, out, e);
}

static enum status by_edge(struct db_conn *c, const char *type, int64_t dst, int page, int size, struct blog_page *out,
                           struct err *e)
{
	struct blog_listed_by_edge_row *rows;
	size_t n;
	int64_t offset = 0;
	TRY(store_offset(page, &size, &offset, e));
	TRY(q_blog_listed_by_edge(c, str_c(type), dst, clock_now_us(), size, offset, &rows, &n, e));
	return fill_page(c, IDS_OF(c, rows, n), n ? rows[0].total : 0, page, size, out, e);
}

/* --- tags and authors --------------------------------------------------------------------------------------------- */

static struct blog_meta term_meta(const struct blog_term_by_slug_row *r)
{
	return (struct blog_meta){
		.title = str_or_empty(r->meta_title), .description = str_or_empty(r->meta_description),
		.canonical_url = str_or_empty(r->canonical_url), .og_title = str_or_empty(r->og_title),
		.og_description = str_or_empty(r->og_description), .og_image = str_or_empty(r->og_image),
		.twitter_title = str_or_empty(r->twitter_title),
		.twitter_description = str_or_empty(r->twitter_description),
		.twitter_image = str_or_empty(r->twitter_image),
	};
}

static enum status term(
        struct db_conn *c, const char *type, struct str slug, struct blog_term_by_slug_row **row, struct err *e)
{
	TRY(q_blog_term_by_slug(c, str_c(type), slug, row, e));
	return *row ? ST_OK
	            : err_set(e, ST_NOT_FOUND, "There is no page at this address.");
}

enum status blog_tag(struct ctx *ctx, struct db_conn *c, struct str slug, int page, int size, struct blog_tag *tag,
                     struct blog_page *out, struct err *e)
{
	struct blog_term_by_slug_row *r;
	(void)ctx;
	TRY(term(c, "tag", slug, &r, e));
	TRY(by_edge(c, "tagged", r->id, page, size, out, e));
	*tag = (struct blog_tag){
		.ref = { .id = r->id,
		        .slug = r->slug,
		        .name = r->title,
		        .image = store_image(r->path, r->srcset, r->width, r->height, r->image_url, r->image_alt) },
		.description = r->excerpt,
		.accent = str_or_empty(r->accent),
		.post_count = out->total,
		.meta = term_meta(r),
	};
	return ST_OK;
}

enum status blog_author(struct ctx *ctx, struct db_conn *c, struct str slug, int page, int size,
        struct blog_author *author, struct blog_page *out, struct err *e)
{
	struct blog_term_by_slug_row *r;
	(void)ctx;
	TRY(term(c, "author", slug, &r, e));
	TRY(by_edge(c, "authored-by", r->id, page, size, out, e));
	*author = (struct blog_author){
		.ref = { .id = r->id, .slug = r->slug, .name = r->title,
		         .image = store_image(r->path, r->srcset, r->width, r->height, r->image_url, r->image_alt) },
		.bio = r->excerpt, .location = str_or_empty(r->location), .website = str_or_empty(r->website),
		.cover_url = str_or_empty(r->cover_url), .post_count = out->total, .meta = term_meta(r),
	};
	author->social = store_social(db_arena(c), r->social, &author->social_count);
	return ST_OK;
}

enum status blog_tags(
        struct ctx *ctx, struct db_conn *c, int limit, const struct blog_tag **tags, size_t *count, struct err *e)
{
	struct blog_tags_listed_row *rows;
	(void)ctx;
	TRY(q_blog_tags_listed(c, clock_now_us(), limit, &rows, count, e));
	struct blog_tag *list = ARENA_ARRAY(db_arena(c), struct blog_tag, *count ? *count : 1);
	for (size_t i = 0; i < *count; i++)
		list[i] = (struct blog_tag){
			.ref = { .id = rows[i].id,
			        .slug = rows[i].slug,
			        .name = rows[i].title,
			        .image = { .src = STR("") } },
			.description = rows[i].excerpt,
			.accent = rows[i].accent,
			.post_count = rows[i].posts,
		};
	*tags = list;
	return ST_OK;
}

enum status blog_authors(
        struct ctx *ctx, struct db_conn *c, int limit, const struct blog_author **authors, size_t *count, struct err *e)
{
	struct blog_authors_listed_row *rows;
	(void)ctx;
	TRY(q_blog_authors_listed(c, clock_now_us(), limit, &rows, count, e));
	struct blog_author *list = ARENA_ARRAY(db_arena(c), struct blog_author, *count ? *count : 1);
	for (size_t i = 0; i < *count; i++) {
		const struct blog_authors_listed_row *r = &rows[i];
		list[i] = (struct blog_author){
			.ref = { .id = r->id,
			        .slug = r->slug,
			        .name = r->title,
			        .image = store_image(
			                r->path, r->srcset, r->width, r->height, r->image_url, r->image_alt) },
			.bio = r->excerpt,
			.location = str_or_empty(r->location),
			.website = str_or_empty(r->website),
			.cover_url = str_or_empty(r->cover_url),
			.post_count = r->posts,
		};
		list[i].social = store_social(db_arena(c), r->social, &list[i].social_count);
	}
	*authors = list;
	return ST_OK;
}

/* --- archive ------------------------------------------------------------------------------------------------------ */

enum status blog_archive(struct ctx *ctx, struct db_conn *c, struct str timezone, int number, int size,
                         const struct blog_archive_month **months, size_t *count, struct blog_page *page, struct err *e)
{
	struct blog_listed_row *rows;
	struct blog_card *cards;
	size_t n;
	(void)ctx;
	*count = 0;
	TRY(q_blog_listed(c, clock_now_us(), size, (int64_t)(number - 1) * size, &rows, &n, e));
	TRY(store_past_end(number, n, e));
	*page = (struct blog_page){
		.number = number, .total = n ? rows[0].total : 0, .pages = store_pages(n ? rows[0].total : 0, size)
	};
	TRY(store_cards(c, IDS_OF(c, rows, n), &cards, &n, e));
	struct blog_archive_month *list = ARENA_ARRAY(db_arena(c), struct blog_archive_month, n ? n : 1);
	const char *zone = timezone.n ? arena_cstr(db_arena(c), timezone) : "Etc/UTC";
	for (size_t i = 0; i < n; i++) {
		struct civil at;
		if (!clock_civil_zone(cards[i].published_at, zone, &at))
			clock_civil_utc(cards[i].published_at, &at);
		struct blog_archive_month *m = *count ? &list[*count - 1] : NULL;
		if (!m || m->year != at.year || m->month != at.month) {
			m = &list[(*count)++];
			*m = (struct blog_archive_month){ .year = at.year, .month = at.month, .posts = &cards[i] };
		}
		m->count++;
	}
	*months = list;
	return ST_OK;
}

/* --- machines ----------------------------------------------------------------------------------------------------- */

enum status blog_location_count(struct ctx *ctx, struct db_conn *c, int64_t *n, struct err *e)
{
	struct blog_location_count_row *row;
	TRY(q_blog_location_count(c, clock_now_us(), &row, e));
	*n = row ? row->n : 0;
	return ST_OK;
}

enum status blog_locations(struct ctx *ctx, struct db_conn *c, int limit, int64_t skip,
        const struct blog_location **out, size_t *count, struct err *e)
{
	struct blog_locations_row *rows;
	(void)ctx;
	TRY(q_blog_locations(c, clock_now_us(), limit, skip, &rows, count, e));
	struct blog_location *list = ARENA_ARRAY(db_arena(c), struct blog_location, *count ? *count : 1);
	for (size_t i = 0; i < *count; i++) {
		char t = rows[i].type.n > 1 ? rows[i].type.p[1] : 0; /* pOst pAge tAg aUthor */
		list[i] = (struct blog_location){
			.kind = t == 'o'              ? BLOG_LOC_POST
			        : t == 'u'            ? BLOG_LOC_AUTHOR
			        : rows[i].type.n == 3 ? BLOG_LOC_TAG
			                              : BLOG_LOC_PAGE,
			.slug = rows[i].slug,
			.updated_at = rows[i].updated_at,
			.image = rows[i].path.n ? rows[i].path : rows[i].image_url,
		};
	}
	*out = list;
	return ST_OK;
}

static enum status feed_ids(
        struct db_conn *c, struct str tag, struct str author, int limit, struct store_ids *ids, struct err *e)
{
	struct blog_listed_by_edge_row *by;
	struct blog_listed_row *all;
	struct blog_term_by_slug_row *t;
	size_t n;
	if (!tag.p && !author.p) {
		TRY(q_blog_listed(c, clock_now_us(), limit, 0, &all, &n, e));
		*ids = IDS_OF(c, all, n);
		return ST_OK;
	}
	TRY(term(c, tag.p ? "tag" : "author", tag.p ? tag : author, &t, e));
	TRY(q_blog_listed_by_edge(
	        c, tag.p ? STR("tagged") : STR("authored-by"), t->id, clock_now_us(), limit, 0, &by, &n, e));
	*ids = IDS_OF(c, by, n);
	return ST_OK;
}

struct str blog_uuid(struct arena *a, int64_t id)
{
	unsigned long long n = (unsigned long long)id;
	return arena_strf(a, "00000000-0000-8000-%04llx-%012llx", 0x8000 | (n >> 48 & 0x3fff), n & 0xffffffffffff);
}

/* The one that a post came with, from wherever, goes on being its own: readers know it by that. */
static struct str uuid_of(struct arena *a, struct str origin, int64_t id)
{
	static const struct str ghost = STR_INIT("ghost:");
	struct str own = str_starts(origin, ghost) ? str_skip(origin, ghost.n) : STR("");
	bool is_uuid = own.n == 36;
	for (size_t i = 0; is_uuid && i < own.n; i++)
		is_uuid = i == 8 || i == 13 || i == 18 || i == 23
		        ? own.p[i] == '-'
		        : str_hex_value(own.p[i]) >= 0;
	return is_uuid ? own : blog_uuid(a, id);
}

enum status blog_feed(struct ctx *ctx, struct db_conn *c, struct str tag, struct str author, int limit,
                      const struct blog_feed_item **out, size_t *count, struct err *e)
{
	struct blog_public_bodies_row *bodies;
	struct blog_card *cards;
	struct store_ids ids;
	size_t n;
	(void)ctx;
	if (limit > STORE_PAGE_MAX)
		limit = STORE_PAGE_MAX;
	TRY(feed_ids(c, tag, author, limit, &ids, e));
	TRY(store_cards(c, ids, &cards, count, e));
	for (size_t i = 0; i < *count; i++)
		TRY(store_faces(c, &cards[i], e));
	TRY(q_blog_public_bodies(c, ids_text(db_arena(c), ids), FEED_BODY_MAX, &bodies, &n, e));
	struct blog_feed_item *list = ARENA_ARRAY(db_arena(c), struct blog_feed_item, *count ? *count : 1);
	for (size_t i = 0; i < *count; i++) {
		list[i] = (struct blog_feed_item){ .card = cards[i], .html = { STR("") } };
		for (size_t k = 0; k < n; k++) {
			if (bodies[k].id != cards[i].id)
				continue;
			list[i].html = (struct safe_html){ str_or_empty(bodies[k].html) };
			list[i].gated = bodies[k].gated;
			list[i].cut = bodies[k].cut;
			list[i].uuid = uuid_of(db_arena(c), bodies[k].origin, cards[i].id);
			list[i].guid = bodies[k].guid.n
			                       ? bodies[k].guid
			                       : arena_strf(db_arena(c), "urn:uuid:%.*s", STR_ARG(list[i].uuid));
		}
	}
	*out = list;
	return ST_OK;
}

enum status blog_last_change(struct ctx *ctx, struct db_conn *c, int64_t *us, struct err *e)
{
	struct blog_last_change_row *row;
	(void)ctx;
	TRY(q_blog_last_change(c, clock_now_us(), &row, e));
	*us = row ? row->us : 0;
	return ST_OK;
}
