/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/people/breached.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/config/config.h"
#include "rt/offload.h"

enum {
	COUNT_MAX = 18,                                /* digits: what fits an int64_t */
	LINE = BREACHED_HASH + 1 + COUNT_MAX + 2,      /* longest, with CR LF */
	BLOCK = 4096,
	PLACES = 512,                                  /* that a check looks at: all of a list up to 2 MB */
};

struct list { int fd; int64_t size; };

static void list_close(struct list *l)
{
	if (l->fd >= 0)
		close(l->fd);
}

static enum status list_open(const char *path, struct list *l, struct err *e)
{
	struct stat s;
	l->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0 || fstat(l->fd, &s))
		return err_errno(e, ST_IO, "it can not be read");
	l->size = s.st_size;
	return S_ISREG(s.st_mode) ? ST_OK : err_set(e, ST_IO, "it is not a file");
}

static enum status read_at(
        const struct list *l, int64_t at, int64_t upto, char block[BLOCK], struct str *out, struct err *e)
{
	size_t want = upto - at < BLOCK ? (size_t)(upto - at) : BLOCK, have = 0;
	while (have < want) {
		ssize_t n = pread(l->fd, block + have, want - have, at + (int64_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_errno(e, ST_IO, "it can not be read at byte %lld", (long long)at)
			             : err_set(e, ST_IO, "it became shorter while it was read");
		have += (size_t)n;
	}
	*out = str_n(block, have);
	return ST_OK;
}

/* --- a line ----------------------------------------------------------------------------------------------------- */

struct breached_line { const char *hash; int64_t seen; };

static bool breached_line_parse(struct str s, struct breached_line *out)
{
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	if (s.n < BREACHED_HASH + 2 || s.n > BREACHED_HASH + 1 + COUNT_MAX || s.p[BREACHED_HASH] != ':')
		return false;
	for (size_t i = 0; i < BREACHED_HASH; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'F')))
			return false;
	out->hash = s.p;
	return str_i64(str_skip(s, BREACHED_HASH + 1), &out->seen) && out->seen >= 0;
}

/* Off the front of *rest. ST_NOT_FOUND: no whole line is left; its last needs no newline when *rest goes to the file's
 * end. */
static enum status next_line(struct str *rest, bool to_end, struct breached_line *out)
{
	ptrdiff_t n = str_chr(*rest, '\n');
	if (n < 0 && (!to_end || !rest->n))
		return rest->n > LINE ? ST_CORRUPT : ST_NOT_FOUND;
	struct str text = n < 0 ? *rest : str_first(*rest, (size_t)n);
	*rest = str_skip(*rest, text.n + 1);
	return breached_line_parse(text, out) ? ST_OK : ST_CORRUPT;
}

/* A place in the middle of a line: go on to the next. False: no line is so long. */
static bool skip_line(struct str *rest)
{
	ptrdiff_t n = str_chr(str_first(*rest, LINE), '\n');
	*rest = str_skip(*rest, (size_t)n + 1);
	return n >= 0;
}

static enum status no_list(int64_t at, struct err *e)
{
	return err_set(e, ST_CORRUPT,
	        "after byte %lld there is no line of 40 hexadecimal digits in upper case, a colon and a number",
	        (long long)at);
}

/* --- finding ---------------------------------------------------------------------------------------------------- */

/* From a line's beginning at lo to another's, or the end, at hi. */
static enum status find_within(
        const struct list *l, int64_t lo, int64_t hi, const char *hash, int64_t *seen, struct err *e)
{
	char block[BLOCK];
	struct str rest;
	struct breached_line line;
	enum status st;
	TRY(read_at(l, lo, hi, block, &rest, e));
	while ((st = next_line(&rest, true, &line)) == ST_OK)
		if (!memcmp(hash, line.hash, BREACHED_HASH)) {
			*seen = line.seen > 0 ? line.seen : 1;
			return ST_OK;
		}
	return st == ST_NOT_FOUND ? ST_OK : no_list(lo, e);
}

static enum status list_search(const struct list *l, const char *hash, int64_t *seen, struct err *e)
{
	char block[BLOCK];
	struct breached_line line;
	int64_t lo = 0, hi = l->size;
	while (hi - lo > BLOCK) {
		int64_t mid = lo + (hi - lo) / 2;
		struct str all, rest;
		TRY(read_at(l, mid, mid + 2 * LINE, block, &all, e));
		rest = all;
		if (!skip_line(&rest))
			return no_list(mid, e);
		int64_t start = mid + (rest.p - all.p);
		if (next_line(&rest, false, &line) != ST_OK)
			return no_list(mid, e);
		if (memcmp(hash, line.hash, BREACHED_HASH) < 0)
			hi = start;
		else
			lo = start;
	}
	return find_within(l, lo, hi, hash, seen, e);
}

enum status breached_find(const char *path, const char hash[BREACHED_HASH], int64_t *seen, struct err *e)
{
	__attribute__((cleanup(list_close))) struct list l = { -1, 0 };
	*seen = 0;
	TRY(list_open(path, &l, e));
	return list_search(&l, hash, seen, e);
}

/* --- checking --------------------------------------------------------------------------------------------------- */

struct breached_walk { int64_t start; /* of the last line seen; -1: none */ char hash[BREACHED_HASH]; };

static enum status walk_block(const struct list *l, int64_t at, struct breached_walk *w, struct err *e)
{
	char block[BLOCK];
	struct str all, rest;
	struct breached_line line;
	enum status st;
	TRY(read_at(l, at, l->size, block, &all, e));
	bool to_end = at + (int64_t)all.n == l->size;
	rest = all;
	if (at && !skip_line(&rest))
		return no_list(at, e);
	while ((st = next_line(&rest, to_end, &line)) == ST_OK) {
		int64_t start = at + (line.hash - block);
		if (start <= w->start)
			continue;
		if (w->start >= 0 && memcmp(line.hash, w->hash, BREACHED_HASH) <= 0)
			return err_set(e, ST_CORRUPT,
			        "it is not sorted by hash: the line at byte %lld belongs before the one at byte %lld",
			        (long long)start, (long long)w->start);
		w->start = start;
		memcpy(w->hash, line.hash, BREACHED_HASH);
	}
	return st == ST_NOT_FOUND ? ST_OK : no_list(at, e);
}

enum status breached_check_file(const char *path, struct err *e)
{
	struct breached_walk w = { .start = -1 };
	int64_t step = BLOCK - LINE, last;
	__attribute__((cleanup(list_close))) struct list l = { -1, 0 };
	TRY(list_open(path, &l, e));
	if (!l.size)
		return err_set(e, ST_CORRUPT, "it is empty");
	if (l.size / PLACES > step)
		step = l.size / PLACES;
	last = l.size > BLOCK ? l.size - BLOCK : 0;
	for (int64_t at = 0; at < last; at += step)
		TRY(walk_block(&l, at, &w, e));
	return walk_block(&l, last, &w, e);
}

/* --- as it is set ----------------------------------------------------------------------------------------------- */

static const char *set_path(const struct ctx *ctx)
{
	return config_cstr(ctx->svc->platform->config, "identity", "breached_passwords");
}

struct breached_work {
	const char *path;
	char hash[2 * SHA_DIGEST_LENGTH + 1];
	int64_t seen;
	enum status st;
	struct err err;
};

static void work_find(void *arg)
{
	struct breached_work *w = arg;
	w->st = breached_find(w->path, w->hash, &w->seen, &w->err);
}

static void work_check(void *arg)
{
	struct breached_work *w = arg;
	w->st = breached_check_file(w->path, &w->err);
}

int64_t breached_seen(struct ctx *ctx, struct str password)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	struct breached_work w = { .path = set_path(ctx) };
	if (!*w.path)
		return 0;
	SHA1((const unsigned char *)password.p, password.n, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(w.hash + 2 * i, 3, "%02X", digest[i]);
	if (offload(OFFLOAD_SECRETS, work_find, &w) != ST_OK)
		w.st = err_set(&w.err, ST_UNAVAILABLE, "too much waits for the offload pool");
	if (w.st != ST_OK)
		LOG(ERROR, ctx, "password.list_unread", LS("file", w.path), LS("why", w.err.msg));
	return w.st == ST_OK ? w.seen : 0;
}

enum status breached_check(struct ctx *ctx, struct err *e)
{
	struct breached_work w = { .path = set_path(ctx) };
	if (!*w.path)
		return ST_OK;
	TRY(offload(OFFLOAD_SECRETS, work_check, &w));
	if (w.st == ST_OK)
		return ST_OK;
	return err_set(e, ST_CONFIG,
	        "identity.breached_passwords = %s: %s. It must be the list of SHA-1 hashes that is ordered by hash",
	        w.path, w.err.msg);
}
