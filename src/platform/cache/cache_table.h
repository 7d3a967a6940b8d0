/* SPDX-License-Identifier: Apache-2.0
 *
 * One shard of the cache: a hash table bounded by bytes, CLOCK replacement, admission by frequency, an index by tag.
 * Not thread-safe: cache.c holds the shard's mutex around each call. Times are monotonic nanoseconds.
 */
#ifndef GH_PLATFORM_CACHE_TABLE_H
#define GH_PLATFORM_CACHE_TABLE_H

#include "net/conn/http.h"
#include "platform/cache/cache.h"

struct cache_entry;

struct cache_link {
	/* an entry's place in the list of one of its tags */ struct cache_entry *entry;
	struct cache_link *next, **prev;
	uint64_t tag;
};

struct cache_entry {
	struct cache_entry *chain;        /* in the hash table */
	struct cache_entry *next, *prev;  /* the clock's ring */
	uint64_t hash;
	struct blob *value;
	int64_t made_ns, soft_ns, hard_ns;
	int64_t refresh_ns;               /* do not start a refresh before: set by a failed one */
	size_t bytes;                     /* what it counts for */
	bool referenced;
	uint16_t key_len, tag_count;
	struct cache_link *tags;          /* behind the key, in the same allocation */
	char key[];
};

/* What is longer, or has more tags, is not kept, at either level. */
enum { CACHE_KEY_MAX = 4096, CACHE_TAGS_MAX = 64 };
enum { SKETCH_ROWS = 4, SKETCH_COLS = 1024, TAG_BUCKETS = 256 };

struct cache_table {
	struct cache_entry **buckets;
	size_t bucket_count, entries, bytes, max_bytes;
	struct cache_entry *hand; /* NULL: empty */
	struct cache_link *tags[TAG_BUCKETS];
	uint8_t sketch[SKETCH_ROWS][SKETCH_COLS];
	unsigned sketched;
	uint64_t evicted, refused;
};

/* False: no memory. max_bytes: of keys, values and bookkeeping. fini frees all; clear drops all entries. */
bool cache_table_init(struct cache_table *t, size_t max_bytes);
void cache_table_fini(struct cache_table *t);
void cache_table_clear(struct cache_table *t);

/* Counts the access. NULL when absent or past its hard time. */
struct cache_entry *cache_table_find(struct cache_table *t, uint64_t hash, struct str key, int64_t now_ns);
/* Takes a reference of value. False: not admitted (too large, or everything there is asked for more often). */
bool cache_table_put(struct cache_table *t, uint64_t hash, struct str key, struct blob *value, int64_t now_ns,
                     int64_t soft_ns, int64_t hard_ns, struct str tags);
void cache_table_remove(struct cache_table *t, struct cache_entry *e);
void cache_table_drop_tag(struct cache_table *t, uint64_t tag);

/* What an entry's tags are kept as. */
uint64_t cache_tag_hash(struct str tag);

#endif
