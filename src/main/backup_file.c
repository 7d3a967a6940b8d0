/* SPDX-License-Identifier: Apache-2.0
 *
 * What making and reading a backup share: bytes with their digest, names, folders.
 */
#include "main/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/id.h"

#define SERIAL_LEN 16   /* of what is being made, in hex */
#define OPEN_FOLDERS 16 /* at once, while a tree is removed */

void backup_sha(struct str text, char out[BACKUP_SHA_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_Digest(text.p, text.n, digest, &n, EVP_sha256(), NULL);
	str_hex(out, digest, n);
}

static bool pass_all(const struct backup_pass *p, EVP_MD_CTX *sum, uint64_t *bytes)
{
	char part[BACKUP_COPY];
	ssize_t n;
	while ((n = p->source(p->from, part, sizeof part)) > 0) {
		if (!EVP_DigestUpdate(sum, part, (size_t)n) || !p->sink(p->to, part, (size_t)n))
			return false;
		*bytes += (uint64_t)n;
	}
	return n == 0;
}

enum status backup_pass(const struct backup_pass *p, struct backup_entry *entry, struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	entry->bytes = 0;
	bool ok = sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) && pass_all(p, sum, &entry->bytes) &&
	        EVP_DigestFinal_ex(sum, digest, &n);
	EVP_MD_CTX_free(sum);
	if (!ok)
		return err_errno(e, ST_IO, "%.*s", STR_ARG(entry->name));
	str_hex(entry->sha, digest, n);
	return ST_OK;
}

ssize_t backup_from_file(void *from, void *p, size_t n)
{
	const int *fd = from;
	return read(*fd, p, n);
}

bool backup_to_file(void *to, const void *p, size_t n)
{
	const int *fd = to;
	for (const char *at = p; n;) {
		ssize_t done = write(*fd, at, n);
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* "NAME.word-" of path. */
static struct str stage_name(struct arena *a, const char *path, const char *word)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	return arena_strf(a, "%.*s.%s-", (int)n, path, word);
}

const char *backup_beside(struct arena *a, const char *path, const char *word)
{
	char serial[SERIAL_LEN + 1];
	random_hex(serial, SERIAL_LEN / 2);
	return arena_printf(a, "%.*s%s", STR_ARG(stage_name(a, path, word)), serial);
}

/* Locked by whoever makes it, and by nobody when that process is gone. */
static void remove_left_behind(struct arena *a, struct str stage)
{
	glob_t found;
	struct buf pattern;
	buf_arena(&pattern, a, 2 * stage.n + 32);
	for (size_t i = 0; i < stage.n; i++) {
		if (strchr("\\*?[", stage.p[i]))
			buf_putc(&pattern, '\\');
		buf_putc(&pattern, stage.p[i]);
	}
	for (int i = 0; i < SERIAL_LEN; i++)
		buf_putc(&pattern, '?');
	buf_putc(&pattern, 0);
	if (!buf_ok(&pattern) || glob(pattern.data, GLOB_NOSORT, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		SCOPED_FD fd = open(found.gl_pathv[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			backup_remove(a, found.gl_pathv[i]);
	}
	globfree(&found);
}

enum status backup_stage(struct arena *a, const char *path, const char *word, const char **out, int *fd, struct err *e)
{
	remove_left_behind(a, stage_name(a, path, word));
	*out = backup_beside(a, path, word);
	*fd = -1;
	if (mkdir(*out, 0700))
		return err_errno(e, ST_IO, "%s", *out);
	*fd = open(*out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd >= 0 && !flock(*fd, LOCK_EX | LOCK_NB) ? ST_OK : err_errno(e, ST_IO, "%s", *out);
}

bool backup_is_free(const char *path)
{
	struct stat s;
	if (lstat(path, &s))
		return errno == ENOENT;
	DIR *d = S_ISDIR(s.st_mode) ? opendir(path) : NULL;
	size_t n = 0;
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return d && n <= 2; /* itself and its parent */
}

enum status backup_sync_parent(struct arena *a, const char *path, struct err *e)
{
	struct str all = str_c(path);
	while (all.n > 1 && all.p[all.n - 1] == '/')
		all.n--;
	ptrdiff_t slash = str_rchr(all, '/');
	const char *parent = slash < 0 ? "." : slash == 0 ? "/" : arena_printf(a, "%.*s", (int)slash, path);
	SCOPED_FD fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? err_errno(e, ST_IO, "%s", parent) : ST_OK;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	(void)remove(path);
	return 0;
}

void backup_remove(struct arena *a, const char *path)
{
	(void)nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
