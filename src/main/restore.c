/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall restore FOLDER|FILE.tar --data DIR: a site from a backup, into a folder where nothing is.
 *
 * Made beside DIR, held against the manifest, and given its name at the end: killed at any time, DIR is as it was.
 */
#include "main/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/table.h"
#include "main/command.h"
#include "platform/boot/platform.h"
#include "platform/media/media.h"

struct kept_entry { struct backup_entry entry; bool named; UT_hash_handle hh; };

struct restore {
	struct arena *a;
	const char *source, *data, *stage; /* stage: data's name while it is made */
	struct kept_entry *entries;        /* that were read, by name */
	struct str manifest;
	size_t files;
	uint64_t bytes;
};

static enum status not_whole(const struct restore *r, const char *what, struct str name, struct err *e)
{
	return err_set(e, ST_CORRUPT, "%s is no whole backup: %s%.*s", r->source, what, STR_ARG(name));
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* Nothing that leads out of the folder. */
static bool name_ok(struct str name)
{
	if (memchr(name.p, 0, name.n))
		return false;
	for (size_t from = 0, i = 0; i <= name.n; i++) {
		if (i < name.n && name.p[i] != '/')
			continue;
		struct str part = str_n(name.p + from, i - from);
		if (!part.n || str_eqc(part, ".") || str_eqc(part, ".."))
			return false;
		from = i + 1;
	}
	return true;
}

/* Where an entry goes, below the data folder; p NULL: no entry of a backup. */
static struct str place_of(struct str name)
{
	if (!name_ok(name))
		return STR_NULL;
	if (str_starts(name, STR(BACKUP_DATA)))
		return str_skip(name, strlen(BACKUP_DATA));
	struct str file = str_skip(name, strlen(BACKUP_DATABASES));
	return str_starts(name, STR(BACKUP_DATABASES)) && str_chr(file, '/') < 0 ? file : STR_NULL;
}

static enum status open_new(struct restore *r, struct str place, int *fd, struct err *e)
{
	for (size_t i = 0; i < place.n; i++)
		if (place.p[i] == '/' && mkdir(arena_printf(r->a, "%s/%.*s", r->stage, (int)i, place.p), 0700) &&
		        errno != EEXIST)
			return err_errno(e, ST_IO, "%s/%.*s", r->stage, (int)i, place.p);
	const char *path = arena_printf(r->a, "%s/%.*s", r->stage, STR_ARG(place));
	*fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *fd < 0 ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

static enum status entry_keep(struct restore *r, const struct backup_entry *entry, struct err *e)
{
	struct kept_entry *k = ARENA_NEW(r->a, struct kept_entry);
	k->entry = *entry;
	HASH_ADD_KEYPTR(hh, r->entries, k->entry.name.p, k->entry.name.n, k);
	r->files++;
	r->bytes += entry->bytes;
	return ST_OK;
}

/* --- the manifest ------------------------------------------------------------------------------------------------- */

static bool entry_parse(struct str line, struct backup_entry *out)
{
	struct str sha, bytes;
	int64_t n;
	if (!str_cut(&line, ' ', &sha) || !str_cut(&line, ' ', &bytes) || sha.n != BACKUP_SHA_LEN ||
	        !str_i64(bytes, &n) || n < 0)
		return false;
	memcpy(out->sha, sha.p, sha.n);
	out->sha[sha.n] = 0;
	out->bytes = (uint64_t)n;
	out->name = line;
	return true;
}

/* Its lines, without the first and the last; its own digest is right. */
static enum status manifest_check(struct restore *r, struct str *lines, struct err *e)
{
	char sha[BACKUP_SHA_LEN + 1];
	size_t tail = strlen("end ") + BACKUP_SHA_LEN + 1;
	struct str all = r->manifest;
	if (!str_starts(all, STR(BACKUP_HEAD)) || all.n < strlen(BACKUP_HEAD) + tail)
		return not_whole(r, "its " BACKUP_MANIFEST " is none", STR(""), e);
	struct str head = str_n(all.p, all.n - tail);
	backup_sha(head, sha);
	if (!str_eq(str_skip(all, head.n), arena_strf(r->a, "end %s\n", sha)))
		return not_whole(r, "its " BACKUP_MANIFEST " was changed", STR(""), e);
	*lines = str_skip(head, strlen(BACKUP_HEAD));
	return ST_OK;
}

/* Everything that it names is there as it says, and nothing else. */
static enum status entries_check(struct restore *r, struct err *e)
{
	struct str rest, line;
	size_t named = 0;
	TRY(manifest_check(r, &rest, e));
	for (; str_cut(&rest, '\n', &line); named++) {
		struct backup_entry entry;
		struct kept_entry *k = NULL;
		if (!entry_parse(line, &entry))
			return not_whole(r, "its " BACKUP_MANIFEST " can not be read: ", line, e);
		HASH_FIND(hh, r->entries, entry.name.p, entry.name.n, k);
		if (!k || k->named)
			return not_whole(r, "an entry is missing: ", entry.name, e);
		if (strcmp(k->entry.sha, entry.sha) != 0 || k->entry.bytes != entry.bytes)
			return not_whole(r, "an entry was changed: ", entry.name, e);
		k->named = true;
	}
	return named == r->files ? ST_OK : not_whole(r, "there is more in it than it says", STR(""), e);
}

/* --- from a folder ------------------------------------------------------------------------------------------------ */

static bool to_buf(void *arg, const void *p, size_t n)
{
	buf_put(arg, p, n);
	return buf_ok(arg);
}

static enum status folder_manifest(struct restore *r, struct err *e)
{
	struct backup_entry entry = { .name = STR(BACKUP_MANIFEST) };
	struct buf b;
	int opened;
	buf_arena(&b, r->a, BACKUP_MANIFEST_MAX);
	if (media_open_beneath(r->source, BACKUP_MANIFEST, &opened, e) != ST_OK)
		return not_whole(r, "it has no " BACKUP_MANIFEST, STR(""), e);
	SCOPED_FD fd = opened;
	TRY(backup_pass(&(struct backup_pass){ backup_from_file, &fd, to_buf, &b }, &entry, e));
	r->manifest = buf_str(&b);
	return ST_OK;
}

static enum status copy_entry(struct restore *r, struct str name, struct err *e)
{
	struct backup_entry entry = { .name = name };
	struct str place = place_of(name);
	int in, made;
	if (!place.p)
		return not_whole(r, "no name of a file: ", name, e);
	if (media_open_beneath(r->source, arena_printf(r->a, "%.*s", STR_ARG(name)), &in, e) != ST_OK)
		return not_whole(r, "an entry is missing: ", name, e);
	SCOPED_FD from = in;
	TRY(open_new(r, place, &made, e));
	SCOPED_FD to = made;
	TRY(backup_pass(&(struct backup_pass){ backup_from_file, &from, backup_to_file, &to }, &entry, e));
	return entry_keep(r, &entry, e);
}

static enum status from_folder(struct restore *r, struct err *e)
{
	struct str rest, line;
	TRY(folder_manifest(r, e));
	TRY(manifest_check(r, &rest, e));
	while (str_cut(&rest, '\n', &line)) {
		struct backup_entry entry;
		if (!entry_parse(line, &entry))
			return not_whole(r, "its " BACKUP_MANIFEST " can not be read: ", line, e);
		TRY(copy_entry(r, entry.name, e));
	}
	return ST_OK;
}

/* --- from a tar file ---------------------------------------------------------------------------------------------- */

static ssize_t from_archive(void *from, void *p, size_t n)
{
	return archive_read_data(from, p, n);
}

static enum status tar_pass(struct restore *r, struct archive *tar, bool (*sink)(void *, const void *, size_t),
        void *to, struct backup_entry *entry, struct err *e)
{
	enum status st = backup_pass(&(struct backup_pass){ from_archive, tar, sink, to }, entry, e);
	return st == ST_OK || !archive_errno(tar) ? st : not_whole(r, "it ends within ", entry->name, e);
}

static enum status tar_entry(struct restore *r, struct archive *tar, struct archive_entry *head, struct err *e)
{
	const char *path = archive_entry_pathname(head);
	struct backup_entry entry = { .name = arena_str(r->a, str_c(path ? path : "")) };
	struct str place = place_of(entry.name);
	struct kept_entry *k = NULL;
	int made;
	if (str_eqc(entry.name, BACKUP_MANIFEST) && !r->manifest.p) {
		struct buf b;
		buf_arena(&b, r->a, BACKUP_MANIFEST_MAX);
		TRY(tar_pass(r, tar, to_buf, &b, &entry, e));
		r->manifest = buf_str(&b);
		return ST_OK;
	}
	HASH_FIND(hh, r->entries, entry.name.p, entry.name.n, k);
	if (!place.p || k || archive_entry_filetype(head) != AE_IFREG || archive_entry_hardlink(head))
		return not_whole(r, "no name of a file: ", entry.name, e);
	TRY(open_new(r, place, &made, e));
	SCOPED_FD to = made;
	TRY(tar_pass(r, tar, backup_to_file, &to, &entry, e));
	return entry_keep(r, &entry, e);
}

static enum status tar_entries(struct restore *r, struct archive *tar, struct err *e)
{
	struct archive_entry *head;
	int rc;
	if (archive_read_support_format_tar(tar) != ARCHIVE_OK ||
	        archive_read_open_filename(tar, r->source, BACKUP_COPY) != ARCHIVE_OK)
		return err_set(e, ST_CORRUPT, "%s is no backup: %s", r->source, archive_error_string(tar));
	while ((rc = archive_read_next_header(tar, &head)) == ARCHIVE_OK)
		TRY(tar_entry(r, tar, head, e));
	if (rc != ARCHIVE_EOF || !r->manifest.p)
		return not_whole(r, "it has no end", STR(""), e);
	return ST_OK;
}

static enum status from_tar(struct restore *r, struct err *e)
{
	struct archive *tar = archive_read_new();
	enum status st = tar ? tar_entries(r, tar, e) : err_set(e, ST_NOMEM, "no memory to restore");
	archive_read_free(tar);
	return st;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum status restore_make(struct restore *r, bool folder, struct err *e)
{
	TRY(folder ? from_folder(r, e) : from_tar(r, e));
	TRY(entries_check(r, e));
	SCOPED_FD fd = open(r->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) || rename(r->stage, r->data))
		return err_errno(e, ST_IO, "%s", r->data);
	return backup_sync_parent(r->a, r->data, e);
}

static enum status parents(struct restore *r, struct err *e)
{
	for (size_t i = 1; r->data[i]; i++)
		if (r->data[i] == '/' && mkdir(arena_printf(r->a, "%.*s", (int)i, r->data), 0700) && errno != EEXIST)
			return err_errno(e, ST_IO, "%.*s", (int)i, r->data);
	return ST_OK;
}

static enum status restore_command_run(struct invocation *inv, struct err *e)
{
	SCOPED_ARENA *a = arena_new(BACKUP_MANIFEST_MAX * 4);
	struct stat s;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory to restore");
	struct str data = config_str(inv->config, "server", "data_dir");
	while (data.n > 1 && data.p[data.n - 1] == '/')
		data.n--;
	struct restore r = { .a = a, .source = inv->args[0], .data = arena_printf(a, "%.*s", STR_ARG(data)) };
	if (stat(r.source, &s))
		return err_errno(e, ST_NOT_FOUND, "%s", r.source);
	if (!backup_is_free(r.data))
		return err_set(e, ST_CONFLICT, "%s is not empty: a backup is restored where nothing is", r.data);
	if (config_str(inv->config, "database", "url").n)
		return err_set(
		        e, ST_CONFIG, "database.url is set: a backup is of SQLite's files, which it would not use");
	TRY(parents(&r, e));
	SCOPED_FD lock = -1;
	TRY(backup_stage(a, r.data, "restoring", &r.stage, &lock, e));
	enum status st = restore_make(&r, S_ISDIR(s.st_mode), e);
	HASH_CLEAR(hh, r.entries);
	backup_remove(a, r.stage);
	TRY(st);
	printf("%s: %zu files, %llu bytes\n", r.data, r.files, (unsigned long long)r.bytes);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

const struct command command_restore = {
	.name = "restore",
	.usage = "FOLDER|FILE.tar --data DIR",
	.summary = "Make a site of a backup",
	.details = "DIR may be missing or empty, and is there as a whole or not at all. Databases that a setting had "
	           "elsewhere come to lie in DIR.",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_CONFIG,
	.run = restore_command_run,
};
