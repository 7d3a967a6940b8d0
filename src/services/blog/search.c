/* SPDX-License-Identifier: Apache-2.0
 *
 * Search over public text, and what was perhaps meant by an address that leads nowhere.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "gen/blog_sql.h"
#include "platform/search/search.h"
#include "services/blog/body.h"
#include "services/blog/store.h"
#include "services/blog/store_parts.h"

#define HITS_MAX 1000 /* counted and paged through; whoever wants more of them asks more exactly */
#define WEIGHED_MAX 300 /* hits of which each is weighed; of more the newest are shown, on SQLite with those first that have the words in their title */
#define PATH_MAX_ 1024 /* bytes of an address that leads nowhere which are looked at */

/* --- the query ---------------------------------------------------------------------------------------------------- */

enum status blog_search(struct ctx *ctx, struct db_conn *c, struct str query, int page, int size, struct blog_hits *out,
                        struct err *e)
{
	struct blog_search_row *rows;
	struct blog_card *cards;
	struct arena *a = db_arena(c);
	size_t n, count;
	int64_t offset = 0;
	(void)ctx;
	TRY(store_offset(page, &size, &offset, e));
	*out = (struct blog_hits){ .number = page, .pages = 1 };
	struct str q = search_query(a, db_engine(db_of(c)), query, &out->words_left_out);
	if (!q.n)
		return ST_OK;
	TRY(q_blog_search(c, q, clock_now_us(), size, offset, HITS_MAX + 1, WEIGHED_MAX, &rows, &n, e));
	TRY(store_past_end(page, n, e));
	struct store_ids ids = { ARENA_ARRAY(a, int64_t, n + 1), n };
	for (size_t i = 0; i < n; i++)
		ids.list[i] = rows[i].id;
	TRY(store_cards(c, ids, &cards, &count, e));
	struct blog_hit *hits = ARENA_ARRAY(a, struct blog_hit, n + 1);
	for (size_t i = 0, k = 0; i < n && k < count; i++) {
		if (cards[k].id != rows[i].id)
			continue;
		struct blog_hit *h = &hits[out->count++];
		h->card = cards[k++];
		h->title = rows[i].title;
		h->snippet = rows[i].snippet;
	}
	out->list = hits;
	out->more = n && rows[0].total > HITS_MAX;
	out->total = !n ? 0 : out->more ? HITS_MAX : rows[0].total;
	out->pages = store_pages(out->total, size);
	return ST_OK;
}

/* --- suggestions -------------------------------------------------------------------------------------------------- */

#define NAMES_MAX 5000
#define SUGGEST_MAX 10
#define LIKENESS_MIN 0.25

/* Which trigrams a name has, as bits: likeness of two names is then a few instructions, whatever their number. */
struct grams { uint64_t bits[8]; };

static struct grams grams_of(struct str s)
{
	struct grams g = { 0 };
	unsigned h = '-';
	for (size_t i = 0; i <= s.n && i < 200; i++) {
		unsigned char c = i < s.n ? (unsigned char)s.p[i] : '-';
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		h = (h << 8 | (c == ' ' ? '-' : c)) & 0xffffff;
		if (i < 1)
			continue;
		unsigned bit = (h * 2654435761u) >> 23;
		g.bits[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return g;
}

static double likeness(const struct grams *a, const struct grams *b)
{
	int both = 0, sum = 0;
	for (int i = 0; i < 8; i++) {
		both += __builtin_popcountll(a->bits[i] & b->bits[i]);
		sum += __builtin_popcountll(a->bits[i]) + __builtin_popcountll(b->bits[i]);
	}
	return sum ? 2.0 * both / sum : 0;
}

static double best_likeness(const struct grams *wanted, const struct blog_names_row *r)
{
	struct grams slug = grams_of(r->slug), title = grams_of(r->title);
	double by_slug = likeness(wanted, &slug), by_title = likeness(wanted, &title);
	return by_slug > by_title ? by_slug : by_title;
}

static struct blog_suggestion suggestion_of(struct arena *a, const struct blog_names_row *r)
{
	bool top = str_eqc(r->type, "post") || str_eqc(r->type, "page");
	return (struct blog_suggestion){
		.path = top ? arena_strf(a, "/%.*s/", STR_ARG(r->slug))
		            : arena_strf(a, "/%.*s/%.*s/", STR_ARG(r->type), STR_ARG(r->slug)),
		.title = r->title,
	};
}

/* The last segment with something in it: "/2019/05/a-post/" → "a-post". */
static struct str last_segment(struct str path)
{
	struct str segment, last = STR("");
	while (str_next(&path, '/', &segment))
		if (segment.n)
			last = segment;
	return last;
}

enum status blog_suggest(struct ctx *ctx, struct db_conn *c, struct str path, int limit,
        const struct blog_suggestion **out, size_t *count, struct err *e)
{
	struct blog_names_row *rows;
	struct arena *a = db_arena(c);
	struct { double score; size_t row; } best[SUGGEST_MAX];
	size_t n, kept = 0;
	(void)ctx;
	if (limit > SUGGEST_MAX)
		limit = SUGGEST_MAX;
	*count = 0;
	struct str wanted = body_slug(a, last_segment(str_first(path, PATH_MAX_)));
	struct blog_suggestion *list = ARENA_ARRAY(a, struct blog_suggestion, SUGGEST_MAX);
	*out = list;
	if (wanted.n < 2 || limit < 1)
		return ST_OK;
	struct grams g = grams_of(wanted);
	TRY(q_blog_names(c, clock_now_us(), NAMES_MAX, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		double score = best_likeness(&g, &rows[i]);
		if (score < LIKENESS_MIN || (kept == (size_t)limit && score <= best[kept - 1].score))
			continue;
		size_t at = kept < (size_t)limit ? kept++ : kept - 1;
		for (; at && best[at - 1].score < score; at--)
			best[at] = best[at - 1];
		best[at].score = score;
		best[at].row = i;
	}
	for (size_t i = 0; i < kept; i++)
		list[i] = suggestion_of(a, &rows[best[i].row]);
	*count = kept;
	return ST_OK;
}
