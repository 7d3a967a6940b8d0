/* SPDX-License-Identifier: Apache-2.0
 *
 * Has anything been committed? Answered from memory, for callers that keep what they read.
 *
 * Every connection to a file in WAL mode, in every process, maps the same WAL-index, and each commit replaces the
 * header in its first bytes before COMMIT returns (sqlite.org/walformat.html, 2.1). `PRAGMA data_version` compares that
 * same header, but begins and ends a transaction for it: two locks, where six loads do.
 *
 * The mapping is asked of SQLite (xShmMap), not made here: closing a second descriptor of the file would drop the locks
 * that this process holds on it. It lasts as long as the writer's connection, which was there first and goes last.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "db/sqlite.h"

#define INDEX_REGION 32768
#define INDEX_VERSION 3007000u

/* The first of two equal copies; written second, so that it changes last. In the machine's byte order. */
struct wal_index_header {
	uint32_t version, unused;
	uint32_t commits; /* goes up with each; begins anew when the log is recovered */
	uint8_t initialised, big_endian_checksum;
	uint16_t page_size;
	uint32_t last_frame, pages;
	uint32_t frame_checksum[2], salt[2], checksum[2];
};
_Static_assert(sizeof(struct wal_index_header) == 48, "as SQLite lays it out");

void sq_version_map(struct sq_db *db, struct sq_conn *writer)
{
	sqlite3_file *f = NULL;
	void volatile *at = NULL;
	/* A first read makes the connection open the log and its index. */
	if (sqlite3_exec(writer->h, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) != SQLITE_OK)
		return;
	if (sqlite3_file_control(writer->h, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK || !f || !f->pMethods)
		return;
	if (f->pMethods->iVersion < 2 || !f->pMethods->xShmMap)
		return;
	if (f->pMethods->xShmMap(f, 0, INDEX_REGION, 0, &at) == SQLITE_OK)
		db->wal_index = at;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

struct sq_moment sq_moment(const struct db *db)
{
	const volatile struct wal_index_header *shared = db->sq->wal_index;
	if (!shared || shared->version != INDEX_VERSION || !shared->initialised)
		return (struct sq_moment){ 0 };
	/* A header that is being replaced gives a number that is neither the old nor the new one: its holder asks once
	 * more. */
	uint64_t h = 0, word;
	uint32_t commits = 0;
	for (size_t i = 0; i < sizeof *shared / sizeof h; i++) {
		word = atomic_load_explicit((const volatile _Atomic uint64_t *)shared + i, memory_order_acquire);
		h = mix(h, word);
		if (i == offsetof(struct wal_index_header, commits) / sizeof word)
			memcpy(&commits, &word, sizeof commits);
	}
	return (struct sq_moment){ h ? h : 1, commits };
}
_Static_assert(offsetof(struct wal_index_header, commits) % sizeof(uint64_t) == 0, "the first half of a word");

uint64_t sq_version(const struct db *db)
{
	return sq_moment(db).version;
}

/* --- what is kept in spite of commits ------------------------------------------------------------------------- */

/* On the writer's thread, after each commit and before its callers know. Between the end of the lock and here another
   process may have committed: the counter tells, and then the pair stays as it is, equal to no version any more. */
void sq_version_committed(struct db *db, struct sq_moment before, bool spares_kept)
{
	struct sq_kept *k = &db->sq->kept;
	struct sq_moment after = sq_moment(db);
	if (!after.version || after.commits != before.commits + 1)
		return;
	uint64_t now = atomic_load_explicit(&k->now, memory_order_relaxed),
	         as = atomic_load_explicit(&k->as, memory_order_relaxed);
	atomic_fetch_add(&k->changes, 1);
	atomic_store(&k->as, !spares_kept ? after.version : now == before.version ? as : before.version);
	atomic_store(&k->now, after.version);
	atomic_fetch_add(&k->changes, 1);
}

uint64_t sq_version_kept(const struct db *db)
{
	struct sq_kept *k = &db->sq->kept;
	uint64_t version = sq_version(db);
	uint32_t changes = atomic_load(&k->changes);
	uint64_t now = atomic_load(&k->now), as = atomic_load(&k->as);
	return now == version && !(changes & 1) && atomic_load(&k->changes) == changes ? as : version;
}
