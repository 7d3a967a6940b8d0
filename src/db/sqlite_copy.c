/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of several SQLite files as all of them are at one moment, while others write to them.
 *
 * For that moment every file's writers are held off: then a reader of each begins, and they may go on. What the readers
 * see stays, however long the copying takes. Connections of its own, without the tokenizers and the cache of the
 * engine's: pages are copied as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "db/sqlite.h"

#define COPY_PAGES 512   /* at a time */
#define LOCK_PAUSE_US 50 /* a writer's pause between two commits is short: whoever looks rarely never meets it */
#define LOCK_NS (60 * NS_PER_S)

struct copied { sqlite3 *writers, *reader; int64_t until_ns; };

static int held_off(void *arg, int times)
{
	const struct copied *c = arg;
	usleep(LOCK_PAUSE_US);
	return clock_mono_ns() < c->until_ns;
}

static enum status copy_failed(sqlite3 *h, const char *path, struct err *e)
{
	bool busy = h && (sqlite3_errcode(h) & 0xff) == SQLITE_BUSY;
	return err_set(e, busy ? ST_UNAVAILABLE : ST_IO, "%s: %s", path, h ? sqlite3_errmsg(h) : "no memory");
}

static enum status open_copied(const char *path, struct copied *c, sqlite3 **h, struct err *e)
{
	if (sqlite3_open_v2(path, h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) !=
	        SQLITE_OK)
		return copy_failed(*h, path, e);
	sqlite3_busy_handler(*h, held_off, c);
	return ST_OK;
}

static enum status copy_script(sqlite3 *h, const char *sql, const char *path, struct err *e)
{
	return sqlite3_exec(h, sql, NULL, NULL, NULL) == SQLITE_OK ? ST_OK : copy_failed(h, path, e);
}

/* All of them, then a reader of each, whose snapshot is taken by its first look. */
static enum status one_moment(const char *const *from, struct copied *c, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		c[i].until_ns = clock_mono_ns() + LOCK_NS;
		TRY(open_copied(from[i], &c[i], &c[i].writers, e));
		TRY(open_copied(from[i], &c[i], &c[i].reader, e));
	}
	for (size_t i = 0; i < n; i++)
		TRY(copy_script(c[i].writers, "BEGIN IMMEDIATE", from[i], e));
	for (size_t i = 0; i < n; i++)
		TRY(copy_script(c[i].reader, "BEGIN; PRAGMA schema_version", from[i], e));
	for (size_t i = 0; i < n; i++)
		TRY(copy_script(c[i].writers, "ROLLBACK", from[i], e));
	return ST_OK;
}

static enum status copy_pages(sqlite3 *to, sqlite3 *from, const char *path, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc;
	if (!b)
		return copy_failed(to, path, e);
	while ((rc = sqlite3_backup_step(b, COPY_PAGES)) == SQLITE_OK)
		;
	rc = sqlite3_backup_finish(b);
	return rc == SQLITE_OK ? ST_OK : err_set(e, ST_IO, "%s: %s", path, sqlite3_errstr(rc));
}

static enum status copy_one(const struct copied *c, const char *path, struct err *e)
{
	sqlite3 *to = NULL;
	SCOPED_FD fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ST_IO, "%s", path);
	enum status st = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
	                         ? copy_pages(to, c->reader, path, e)
	                         : copy_failed(to, path, e);
	/* A file that stands by itself: no log beside it. */
	if (st == ST_OK)
		st = copy_script(to, "PRAGMA journal_mode=DELETE", path, e);
	sqlite3_close(to);
	return st == ST_OK && fsync(fd) ? err_errno(e, ST_IO, "%s", path) : st;
}

enum status db_copy_files(const char *const *from, const char *const *to, size_t n, struct err *e)
{
	struct copied *c = calloc(n + 1, sizeof *c);
	enum status st = c ? one_moment(from, c, n, e) : err_set(e, ST_NOMEM, "no memory to copy databases");
	for (size_t i = 0; c && i < n; i++)
		sqlite3_close(c[i].writers);
	for (size_t i = 0; i < n && st == ST_OK; i++)
		st = copy_one(&c[i], to[i], e);
	for (size_t i = 0; c && i < n; i++)
		sqlite3_close(c[i].reader);
	free(c);
	return st;
}
