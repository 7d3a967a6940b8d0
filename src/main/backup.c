/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall backup DIR|FILE.tar: the whole site of one moment, beside a running server.
 *
 * Databases first, all as they are at one moment; then the other files. What is in those a database speaks of was there
 * before it did, and is not changed afterwards: media are named by what is in them.
 */
#include "main/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "db/db.h"
#include "main/command.h"
#include "platform/boot/platform.h"
#include "platform/config/stores.h"

struct backup {
	struct arena *a;
	const struct config *config;
	const char *data, *target, *part; /* part: target's name while it is made */
	struct archive *tar;              /* NULL: a folder is made */
	int tar_fd;
	struct buf manifest;
	size_t databases, files;
	uint64_t bytes;
};

/* --- an entry ----------------------------------------------------------------------------------------------------- */

static bool to_tar(void *arg, const void *p, size_t n)
{
	return archive_write_data(arg, p, n) == (la_ssize_t)n;
}

static enum status tar_entry(struct backup *b, int fd, uint64_t size, struct backup_entry *entry, struct err *e)
{
	struct archive_entry *head = archive_entry_new();
	if (!head)
		return err_set(e, ST_NOMEM, "no memory for the backup");
	archive_entry_set_pathname(head, arena_printf(b->a, "%.*s", STR_ARG(entry->name)));
	archive_entry_set_size(head, (la_int64_t)size);
	archive_entry_set_filetype(head, AE_IFREG);
	archive_entry_set_perm(head, 0600);
	bool ok = archive_write_header(b->tar, head) == ARCHIVE_OK;
	archive_entry_free(head);
	if (!ok)
		return err_set(e, ST_IO, "%s: %s", b->target, archive_error_string(b->tar));
	TRY(backup_pass(&(struct backup_pass){ backup_from_file, &fd, to_tar, b->tar }, entry, e));
	return entry->bytes == size ? ST_OK
	                            : err_set(e, ST_CONFLICT, "%.*s was changed meanwhile", STR_ARG(entry->name));
}

static enum status make_folders_of(struct backup *b, struct str name, struct err *e)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' && mkdir(arena_printf(b->a, "%s/%.*s", b->part, (int)i, name.p), 0700) &&
		        errno != EEXIST)
			return err_errno(e, ST_IO, "%s/%.*s", b->part, (int)i, name.p);
	return ST_OK;
}

static enum status folder_entry(struct backup *b, int fd, struct backup_entry *entry, struct err *e)
{
	const char *path = arena_printf(b->a, "%s/%.*s", b->part, STR_ARG(entry->name));
	TRY(make_folders_of(b, entry->name, e));
	SCOPED_FD out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_errno(e, ST_IO, "%s", path);
	TRY(backup_pass(&(struct backup_pass){ backup_from_file, &fd, backup_to_file, &out }, entry, e));
	return fsync(out) ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

static enum status add_file(struct backup *b, const char *path, struct str name, struct err *e)
{
	struct backup_entry entry = { .name = name };
	struct stat s;
	SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return ST_OK; /* a letter that went out, an archive of somebody's data that is over */
	if (fd < 0 || fstat(fd, &s))
		return err_errno(e, ST_IO, "%s", path);
	if (str_chr(name, '\n') >= 0)
		return err_set(e, ST_INVALID, "%s: no name for a backup", path);
	TRY(b->tar ? tar_entry(b, fd, (uint64_t)s.st_size, &entry, e) : folder_entry(b, fd, &entry, e));
	buf_printf(&b->manifest, "%s %llu %.*s\n", entry.sha, (unsigned long long)entry.bytes, STR_ARG(name));
	b->files++;
	b->bytes += entry.bytes;
	return ST_OK;
}

/* --- databases ---------------------------------------------------------------------------------------------------- */

struct copies { const char **from, **to, **name; size_t n; };

static enum status add_database(
        struct backup *b, struct copies *c, const char *name, struct str own, struct err *e)
{
	const char *url = stores_url(b->a, b->config, own, "url", name);
	const char *path = url ? url + strlen("sqlite:") : arena_printf(b->a, "%s/%s.db", b->data, name);
	if (url && strncmp(url, "sqlite:", 7) != 0)
		return err_set(e, ST_CONFIG,
		        "the database %s is PostgreSQL's, which backs up its own (pg_dump of each database); "
		        "`guildhall export --archive FILE` takes the site along from either",
		        name);
	if (access(path, F_OK))
		return ST_OK; /* never used */
	c->from[c->n] = path;
	c->name[c->n] = name;
	c->to[c->n++] = arena_printf(b->a, "%s/copy-%s.db", b->part, name);
	return ST_OK;
}

static enum status add_databases(struct backup *b, struct err *e)
{
	struct copies c = { .n = 1 /* the auth store */ };
	for (const struct service *const *s = services_all; *s; s++)
		c.n++;
	const char ***lists[] = { &c.from, &c.to, &c.name };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		*lists[i] = ARENA_ARRAY(b->a, const char *, c.n);
	c.n = 0;
	bool auth = !config_str(b->config, "redis", "auth_url").n;
	for (const struct service *const *s = services_all; *s; s++)
		if ((*s)->migrations)
			TRY(add_database(b, &c, (*s)->name, config_str(b->config, (*s)->name, "database"), e));
	if (auth)
		TRY(add_database(b, &c, "auth", config_str(b->config, "auth", "url"), e));
	else
		fprintf(stderr, "Who is signed in is in Redis and not in the backup: people sign in anew.\n");
	if (!c.n)
		return err_set(e, ST_NOT_FOUND, "%s: there is no site", b->data);
	TRY(db_copy_files(c.from, c.to, c.n, e));
	for (size_t i = 0; i < c.n; i++) {
		TRY(add_file(b, c.to[i], arena_strf(b->a, BACKUP_DATABASES "%s.db", c.name[i]), e));
		unlink(c.to[i]);
	}
	b->databases = c.n;
	return ST_OK;
}

/* --- the other files ---------------------------------------------------------------------------------------------- */

static bool is_database(struct str name)
{
	return str_ends(name, STR(".db")) || str_ends(name, STR(".db-wal")) || str_ends(name, STR(".db-shm")) ||
	        str_ends(name, STR(".db-journal"));
}

static bool left_out(struct str below, struct str name, unsigned depth)
{
	return str_eqc(name, ".") || str_eqc(name, "..") || str_starts(name, STR("tmp-")) ||
	        (!depth && (str_eqc(name, "tmp") || is_database(name)));
}

static enum status add_folder(struct backup *b, struct str below, unsigned depth, struct err *e);

static enum status add_found(struct backup *b, struct str below, struct str name, unsigned depth, struct err *e)
{
	struct str there = arena_strf(b->a, "%.*s%s%.*s", STR_ARG(below), below.n ? "/" : "", STR_ARG(name));
	const char *path = arena_printf(b->a, "%s/%.*s", b->data, STR_ARG(there));
	struct stat s;
	if (lstat(path, &s))
		return errno == ENOENT ? ST_OK : err_errno(e, ST_IO, "%s", path);
	if (S_ISDIR(s.st_mode))
		return add_folder(b, there, depth + 1, e);
	if (!S_ISREG(s.st_mode))
		return ST_OK;
	return add_file(b, path, arena_strf(b->a, BACKUP_DATA "%.*s", STR_ARG(there)), e);
}

static enum status add_folder(struct backup *b, struct str below, unsigned depth, struct err *e)
{
	struct dirent **names = NULL;
	enum status st = ST_OK;
	const char *path = arena_printf(b->a, "%s/%.*s", b->data, STR_ARG(below));
	if (depth > BACKUP_DEPTH_MAX)
		return err_set(e, ST_TOO_LARGE, "%s: more than %d folders within each other", path, BACKUP_DEPTH_MAX);
	int n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return errno == ENOENT ? ST_OK : err_errno(e, ST_IO, "%s", path);
	for (int i = 0; i < n; i++) {
		struct str name = arena_str(b->a, str_c(names[i]->d_name));
		free(names[i]);
		if (st == ST_OK && !left_out(below, name, depth))
			st = add_found(b, below, name, depth, e);
	}
	free(names);
	return st;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum status add_manifest(struct backup *b, struct err *e)
{
	char sha[BACKUP_SHA_LEN + 1];
	const char *path = arena_printf(b->a, "%s/manifest", b->part);
	struct backup_entry entry = { .name = STR(BACKUP_MANIFEST) };
	backup_sha(buf_str(&b->manifest), sha);
	buf_printf(&b->manifest, "end %s\n", sha);
	if (!buf_ok(&b->manifest))
		return err_set(e, ST_TOO_LARGE, "there are too many files for one backup");
	SCOPED_FD fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !backup_to_file(&fd, b->manifest.data, b->manifest.len) || lseek(fd, 0, SEEK_SET))
		return err_errno(e, ST_IO, "%s", path);
	TRY(b->tar ? tar_entry(b, fd, b->manifest.len, &entry, e) : folder_entry(b, fd, &entry, e));
	unlink(path);
	return ST_OK;
}

static enum status begin_tar(struct backup *b, struct err *e)
{
	const char *path = arena_printf(b->a, "%s/whole.tar", b->part);
	b->tar_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	b->tar = b->tar_fd < 0 ? NULL : archive_write_new();
	bool ok = b->tar && archive_write_set_format_pax_restricted(b->tar) == ARCHIVE_OK &&
	        archive_write_open_fd(b->tar, b->tar_fd) == ARCHIVE_OK;
	return ok ? ST_OK : err_errno(e, ST_IO, "%s", path);
}

static enum status sync_folders(struct backup *b, struct err *e)
{
	SCOPED_FD fd = open(b->part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || syncfs(fd) ? err_errno(e, ST_IO, "%s", b->part) : ST_OK;
}

/* It gets its name, which is the last that happens. */
static enum status name_it(struct backup *b, struct err *e)
{
	if (b->tar && (archive_write_close(b->tar) != ARCHIVE_OK || fsync(b->tar_fd)))
		return err_errno(e, ST_IO, "%s", b->target);
	TRY(sync_folders(b, e));
	const char *whole = b->tar ? arena_printf(b->a, "%s/whole.tar", b->part) : b->part;
	if (rename(whole, b->target))
		return err_errno(e, ST_IO, "%s", b->target);
	return backup_sync_parent(b->a, b->target, e);
}

static enum status backup_make(struct backup *b, bool tar, struct err *e)
{
	if (tar)
		TRY(begin_tar(b, e));
	TRY(add_databases(b, e));
	TRY(add_folder(b, STR(""), 0, e));
	TRY(add_manifest(b, e));
	return name_it(b, e);
}

/* Within the data folder the next backup would have it in it. */
static enum status not_within(struct backup *b, struct err *e)
{
	char *data = realpath(b->data, NULL);
	if (!data)
		return err_errno(e, ST_NOT_FOUND, "%s", b->data);
	ptrdiff_t slash = str_rchr(str_c(b->target), '/');
	char *parent = realpath(slash < 0 ? "." : arena_printf(b->a, "%.*s", slash ? (int)slash : 1, b->target), NULL);
	size_t n = strlen(data);
	enum status st = !parent ? err_errno(e, ST_NOT_FOUND, "the folder of %s", b->target)
	                 : !strncmp(parent, data, n) && (!parent[n] || parent[n] == '/')
	                         ? err_set(e, ST_USAGE, "a backup is not kept within the data folder: %s", b->target)
	                         : ST_OK;
	free(data);
	free(parent);
	return st;
}

static enum status backup_command_run(struct invocation *inv, struct err *e)
{
	SCOPED_ARENA *a = arena_new(BACKUP_MANIFEST_MAX * 4);
	SCOPED_BUF manifest;
	buf_init(&manifest, BACKUP_MANIFEST_MAX);
	if (!a)
		return err_set(e, ST_NOMEM, "no memory for the backup");
	struct str target = str_c(inv->args[0]);
	while (target.n > 1 && target.p[target.n - 1] == '/')
		target.n--;
	struct backup b = { .a = a,
		.config = inv->config,
		.data = config_cstr(inv->config, "server", "data_dir"),
		.target = arena_printf(a, "%.*s", STR_ARG(target)),
		.tar_fd = -1,
		.manifest = manifest };
	bool tar = str_ends(target, STR(".tar"));
	if (tar ? !access(b.target, F_OK) : !backup_is_free(b.target))
		return err_set(e, ST_CONFLICT, "%s is there already", b.target);
	TRY(not_within(&b, e));
	SCOPED_FD lock = -1;
	TRY(backup_stage(a, b.target, "part", &b.part, &lock, e));
	buf_puts(&b.manifest, BACKUP_HEAD);
	enum status st = backup_make(&b, tar, e);
	manifest = b.manifest;
	if (b.tar)
		archive_write_free(b.tar);
	if (b.tar_fd >= 0)
		close(b.tar_fd);
	backup_remove(a, b.part);
	TRY(st);
	printf("%s: %zu databases, %zu files, %llu bytes\n", b.target, b.databases, b.files,
	        (unsigned long long)b.bytes);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

const struct command command_backup = {
	.name = "backup",
	.usage = "FOLDER|FILE.tar",
	.summary = "Copy the whole site of one moment",
	.details =
	        "Databases, media, mail and the site's secret, while the server runs. FOLDER or FILE.tar is there when "
	        "all of it is, and not\n"
	        "before. `guildhall restore` makes a site of it. It holds secrets and passwords' hashes: keep it as "
	        "carefully as the site itself.",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_CONFIG,
	.run = backup_command_run,
};
