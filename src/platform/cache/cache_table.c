/* SPDX-License-Identifier: Apache-2.0
 *
 * See cache_table.h. Admission after TinyLFU (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission
 * Policy", 2017): a count-min sketch remembers how often keys were asked for, present or not; a newcomer replaces the
 * clock's victim only when it was asked for more often. So a crawl through the archive does not push out the home page.
 */
#include "platform/cache/cache_table.h"

#include <stdlib.h>

enum { COUNT_MAX = 15, AGE_AFTER = 10 * SKETCH_COLS, BUCKETS_MIN = 64 };

uint64_t cache_tag_hash(struct str tag)
{
	return str_hash(tag);
}

/* --- frequency --- */

static uint8_t *cell(struct cache_table *t, uint64_t hash, unsigned row)
{
	/* Rows from one 64-bit hash by double hashing (Kirsch, Mitzenmacher 2006). */
	uint32_t a = (uint32_t)hash, b = (uint32_t)(hash >> 32) | 1;
	return &t->sketch[row][(a + row * b) % SKETCH_COLS];
}

static unsigned frequency(struct cache_table *t, uint64_t hash)
{
	unsigned least = COUNT_MAX;
	for (unsigned i = 0; i < SKETCH_ROWS; i++)
		if (*cell(t, hash, i) < least)
			least = *cell(t, hash, i);
	return least;
}

static void count(struct cache_table *t, uint64_t hash)
{
	for (unsigned i = 0; i < SKETCH_ROWS; i++)
		if (*cell(t, hash, i) < COUNT_MAX)
			++*cell(t, hash, i);
	if (++t->sketched < AGE_AFTER)
		return;
	t->sketched = 0;
	for (unsigned i = 0; i < SKETCH_ROWS; i++)
		for (unsigned j = 0; j < SKETCH_COLS; j++)
			t->sketch[i][j] /= 2;
}

/* --- table --- */

bool cache_table_init(struct cache_table *t, size_t max_bytes)
{
	*t = (struct cache_table){ .bucket_count = BUCKETS_MIN, .max_bytes = max_bytes };
	t->buckets = calloc(t->bucket_count, sizeof(*t->buckets));
	return t->buckets != NULL;
}

void cache_table_clear(struct cache_table *t)
{
	while (t->hand)
		cache_table_remove(t, t->hand);
}

void cache_table_fini(struct cache_table *t)
{
	cache_table_clear(t);
	free(t->buckets);
}

static void buckets_grow(struct cache_table *t)
{
	size_t n = t->bucket_count * 2;
	struct cache_entry **b = calloc(n, sizeof(*b));
	if (!b)
		return; /* longer chains, nothing worse */
	for (size_t i = 0; i < t->bucket_count; i++) {
		struct cache_entry *e = t->buckets[i];
		while (e) {
			struct cache_entry *next = e->chain;
			e->chain = b[e->hash & (n - 1)];
			b[e->hash & (n - 1)] = e;
			e = next;
		}
	}
	free(t->buckets);
	t->buckets = b;
	t->bucket_count = n;
}

static struct cache_entry *lookup(struct cache_table *t, uint64_t hash, struct str key)
{
	struct cache_entry *e = t->buckets[hash & (t->bucket_count - 1)];
	while (e && !(e->hash == hash && e->key_len == key.n && !memcmp(e->key, key.p, key.n)))
		e = e->chain;
	return e;
}

struct cache_entry *cache_table_find(struct cache_table *t, uint64_t hash, struct str key, int64_t now_ns)
{
	count(t, hash);
	struct cache_entry *e = lookup(t, hash, key);
	if (!e)
		return NULL;
	if (now_ns >= e->hard_ns) {
		cache_table_remove(t, e);
		return NULL;
	}
	e->referenced = true;
	return e;
}

static void tags_unlink(struct cache_entry *e)
{
	for (unsigned i = 0; i < e->tag_count; i++) {
		struct cache_link *l = &e->tags[i];
		*l->prev = l->next;
		if (l->next)
			l->next->prev = l->prev;
	}
}

void cache_table_remove(struct cache_table *t, struct cache_entry *e)
{
	struct cache_entry **at = &t->buckets[e->hash & (t->bucket_count - 1)];
	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	tags_unlink(e);
	if (t->hand == e)
		t->hand = e->next == e ? NULL : e->next;
	e->prev->next = e->next;
	e->next->prev = e->prev;
	t->bytes -= e->bytes;
	t->entries--;
	blob_unref(e->value);
	free(e);
}

void cache_table_drop_tag(struct cache_table *t, uint64_t tag)
{
	struct cache_link *l = t->tags[tag % TAG_BUCKETS];
	while (l) {
		/* Removing the entry unlinks all of its links: step over those first. */
		struct cache_link *next = l->next;
		while (next && next->entry == l->entry)
			next = next->next;
		if (l->tag == tag)
			cache_table_remove(t, l->entry);
		l = next;
	}
}

/* The clock's next victim: the first one that was not asked for since the hand last passed, or that has expired. */
static struct cache_entry *victim(struct cache_table *t, int64_t now_ns)
{
	while (t->hand->referenced && t->hand->hard_ns > now_ns) {
		t->hand->referenced = false;
		t->hand = t->hand->next;
	}
	return t->hand;
}

static bool make_room(struct cache_table *t, uint64_t hash, size_t bytes, int64_t now_ns)
{
	unsigned mine = frequency(t, hash);
	while (t->bytes + bytes > t->max_bytes) {
		struct cache_entry *v = victim(t, now_ns);
		if (v->hard_ns > now_ns && frequency(t, v->hash) >= mine && mine < COUNT_MAX) {
			t->hand = v->next; /* another one is asked next time */
			t->refused++;
			return false;
		}
		cache_table_remove(t, v);
		t->evicted++;
	}
	return true;
}

static unsigned count_tags(struct str tags)
{
	unsigned n = 0;
	struct str tag;
	while (n <= CACHE_TAGS_MAX && str_next(&tags, ' ', &tag))
		n += tag.n > 0;
	return n;
}

static void tags_link(struct cache_table *t, struct cache_entry *e, struct str tags)
{
	struct str tag;
	unsigned n = 0;
	while (n < e->tag_count && str_next(&tags, ' ', &tag)) {
		if (!tag.n)
			continue;
		struct cache_link *l = &e->tags[n++];
		l->entry = e;
		l->tag = cache_tag_hash(tag);
		struct cache_link **head = &t->tags[l->tag % TAG_BUCKETS];
		l->prev = head;
		l->next = *head;
		if (*head)
			(*head)->prev = &l->next;
		*head = l;
	}
}

static void insert(struct cache_table *t, struct cache_entry *e)
{
	if (t->entries >= t->bucket_count)
		buckets_grow(t);
	e->chain = t->buckets[e->hash & (t->bucket_count - 1)];
	t->buckets[e->hash & (t->bucket_count - 1)] = e;
	if (t->hand) { /* just behind the hand: the last to be looked at */
		e->next = t->hand;
		e->prev = t->hand->prev;
		e->prev->next = e;
		e->next->prev = e;
	} else {
		t->hand = e->next = e->prev = e;
	}
	t->bytes += e->bytes;
	t->entries++;
}

bool cache_table_put(struct cache_table *t, uint64_t hash, struct str key, struct blob *value, int64_t now_ns,
		     int64_t soft_ns, int64_t hard_ns, struct str tags)
{
	struct cache_entry *old = lookup(t, hash, key);
	if (old)
		cache_table_remove(t, old);
	unsigned n = count_tags(tags);
	size_t links_at = (sizeof(struct cache_entry) + key.n + 15) & ~(size_t)15;
	size_t own = links_at + n * sizeof(struct cache_link);
	size_t bytes = own + blob_bytes(value);
	/* An entry may fill a quarter of its shard: one page can not empty the rest. One with a tag that is not kept
	 * would never be dropped by it. */
	bool fits = key.n <= CACHE_KEY_MAX && n <= CACHE_TAGS_MAX && bytes <= t->max_bytes / 4;
	if (!fits || !make_room(t, hash, bytes, now_ns)) {
		t->refused += !fits;
		return false;
	}
	struct cache_entry *e = malloc(own);
	if (!e)
		return false;
	*e = (struct cache_entry){ .hash = hash, .value = blob_ref(value), .made_ns = now_ns, .soft_ns = soft_ns,
				   .hard_ns = hard_ns, .bytes = bytes, .key_len = (uint16_t)key.n,
				   .tag_count = (uint16_t)n };
	memcpy(e->key, key.p, key.n);
	e->tags = (struct cache_link *)((char *)e + links_at);
	tags_link(t, e, tags);
	insert(t, e);
	return true;
}
