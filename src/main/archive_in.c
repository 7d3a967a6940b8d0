/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall import archive FILE: the site that an archive holds. The file is held against its digest before anything is
 * read, and laid out in a folder beside the site. A site that has something the archive does not have is left alone; in
 * one that has all of it nothing is to be done. What is missing is added to each service in a transaction, after every
 * one of them was tried and taken back.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "main/archive.h"
#include "main/backup.h"
#include "platform/boot/platform.h"
#include "platform/crypto/seal.h"
#include "platform/media/media.h"
#include "platform/text/json.h"
#include "platform/work/event.h"

#define NAME_MAX_BYTES 200
#define ROW_DEPTH 2 /* an object of plain values */

struct archive_in {
	struct invocation *inv;
	struct arena *a;
	const char *file, *stage;
	size_t added, files;
};

static enum status not_ours(const struct archive_in *in, const char *why, struct err *e)
{
	return err_set(e, ST_CORRUPT, "%s is no whole archive of a site: %s", in->file, why);
}

/* --- the zip ------------------------------------------------------------------------------------------------------ */

static enum status check_digest(const struct archive_in *in, int fd, struct err *e)
{
	char stands[ARCHIVE_SEAL + 1] = "", is[ARCHIVE_SEAL + 1];
	struct stat s;
	if (fstat(fd, &s))
		return err_errno(e, ST_IO, "%s", in->file);
	if (s.st_size <= ARCHIVE_SEAL ||
	        pread(fd, stands, ARCHIVE_SEAL, s.st_size - ARCHIVE_SEAL) != ARCHIVE_SEAL)
		return not_ours(in, "it is too short", e);
	TRY(archive_sum(fd, (uint64_t)s.st_size - ARCHIVE_SEAL, is, e));
	return !memcmp(stands, is, ARCHIVE_SEAL) ? ST_OK : not_ours(in, "it ends early, or was changed", e);
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", s.p[i]) || !s.p[i])
			return false;
	return s.n > 0;
}

/* "data/blog/posts.jsonl", "media/<sha>.orig", and nothing that leads elsewhere. */
static bool is_entry(struct str name)
{
	struct str part, rest = name;
	if (str_eqc(name, ARCHIVE_HEAD))
		return true;
	if (name.n > NAME_MAX_BYTES || !str_cut(&rest, '/', &part))
		return false;
	if (str_eqc(part, "media"))
		return str_cut(&rest, '.', &part) && part.n == ARCHIVE_SEAL && is_word(part) && is_word(rest);
	struct str service;
	return str_eqc(part, "data") && str_cut(&rest, '/', &service) && is_word(service) &&
	        str_ends(rest, STR(".jsonl")) && is_word(str_first(rest, rest.n - strlen(".jsonl")));
}

static enum status unpack_entry(struct archive_in *in, struct archive *zip, struct archive_entry *head, struct err *e)
{
	const char *given = archive_entry_pathname(head);
	struct str name = str_c(given ? given : "");
	char part[16 << 10];
	la_ssize_t n;
	if (!is_entry(name) || archive_entry_filetype(head) != AE_IFREG)
		return not_ours(in, "a name in it is none of an archive's", e);
	const char *path = arena_printf(in->a, "%s/%s", in->stage, given);
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' && mkdir(arena_printf(in->a, "%s/%.*s", in->stage, (int)i, given), 0700) &&
		        errno != EEXIST)
			return err_errno(e, ST_IO, "%s", path);
	SCOPED_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? not_ours(in, "an entry is there twice", e) : err_errno(e, ST_IO, "%s", path);
	while ((n = archive_read_data(zip, part, sizeof part)) > 0)
		if (!backup_to_file(&fd, part, (size_t)n))
			return err_errno(e, ST_IO, "%s", path);
	return n ? not_ours(in, "an entry can not be unpacked", e) : ST_OK;
}

static enum status unpack_all(struct archive_in *in, struct archive *zip, int fd, struct err *e)
{
	struct archive_entry *head;
	int rc;
	if (archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK || lseek(fd, 0, SEEK_SET) ||
	        archive_read_open_fd(zip, fd, 64 << 10) != ARCHIVE_OK)
		return not_ours(in, "it is no zip", e);
	while ((rc = archive_read_next_header(zip, &head)) == ARCHIVE_OK)
		TRY(unpack_entry(in, zip, head, e));
	if (rc != ARCHIVE_EOF)
		return not_ours(in, "it can not be read to its end", e);
	return access(arena_printf(in->a, "%s/" ARCHIVE_HEAD, in->stage), F_OK)
	        ? not_ours(in, "it has no " ARCHIVE_HEAD, e)
	        : ST_OK;
}

static enum status unpack(struct archive_in *in, struct err *e)
{
	SCOPED_FD fd = open(in->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "%s", in->file);
	TRY(check_digest(in, fd, e));
	struct archive *zip = archive_read_new();
	enum status st = zip ? unpack_all(in, zip, fd, e) : err_set(e, ST_NOMEM, "no memory to read %s", in->file);
	archive_read_free(zip);
	return st;
}

/* --- what is here already ----------------------------------------------------------------------------------------- */

/* Is each line of `here` one of `there`? Both are in the same order. */
static bool is_part_of(FILE *here, FILE *there, bool *same)
{
	char *line = NULL, *other = NULL;
	size_t room = 0, other_room = 0;
	bool found = true;
	ssize_t m = 0;
	while (found && getline(&line, &room, here) > 0) {
		found = false;
		while (!found && (m = getline(&other, &other_room, there)) > 0) {
			found = !strcmp(line, other);
			*same = *same && found;
		}
	}
	*same = *same && getline(&other, &other_room, there) <= 0;
	free(line);
	free(other);
	return found;
}

static enum status compare_table(
        struct archive_in *in, const char *service, const char *table, bool *same, struct err *e)
{
	FILE *here = fopen(arena_printf(in->a, "%s/here/%s/%s.jsonl", in->stage, service, table), "re");
	FILE *there = fopen(arena_printf(in->a, "%s/data/%s/%s.jsonl", in->stage, service, table), "re");
	if (!here) {
		if (there)
			fclose(there);
		return err_errno(e, ST_IO, "%s", table);
	}
	bool part = there ? is_part_of(here, there, same) : fgetc(here) == EOF;
	fclose(here);
	if (there)
		fclose(there);
	if (part)
		return ST_OK;
	return err_set(e, ST_CONFLICT,
	        "this site has something of its own that is not in %s (%s, %s): nothing was changed", in->file, service,
	        table);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct service_in {
	struct archive_in *in;
	struct service_instance *s;
	struct db_table *tables;
	size_t count, added;
	bool rehearse, rehearsed;
};

static bool read_value(struct service_in *x, const struct db_table *t, size_t i, const json_t *j, struct db_value *v)
{
	const char *purpose = archive_sealed(t->name, t->cols[i].name);
	struct arena *a = x->in->inv->ctx->arena;
	*v = (struct db_value){ .type = t->cols[i].type, .null = json_is_null(j) };
	if (v->null)
		return true;
	struct str s = json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_NULL;
	if (v->type == DB_BLOB || purpose) {
		char *bytes = s.p && s.n % 2 == 0 ? arena_alloc(a, s.n / 2 + 1) : NULL;
		for (size_t k = 0; bytes && k < s.n; k += 2) {
			if (str_hex_value(s.p[k]) < 0 || str_hex_value(s.p[k + 1]) < 0)
				return false;
			bytes[k / 2] = (char)(str_hex_value(s.p[k]) << 4 | str_hex_value(s.p[k + 1]));
		}
		v->s = str_n(bytes, s.n / 2);
		if (bytes && purpose && s.n)
			v->s = auth_seal(x->in->inv->ctx, purpose, v->s);
		return bytes != NULL;
	}
	switch (v->type) {
	case DB_INT: v->i = json_integer_value(j); return json_is_integer(j);
	case DB_REAL: v->d = json_number_value(j); return json_is_number(j);
	case DB_BOOL: v->b = json_is_true(j); return json_is_boolean(j);
	default: v->s = s; return s.p != NULL;
	}
}

static enum status add_row(
        struct service_in *x, struct db_conn *c, const struct db_table *t, struct str line, struct err *e)
{
	struct db_value values[DB_TABLE_COLUMNS];
	bool wanted[DB_TABLE_COLUMNS] = { false };
	size_t known = 0;
	int64_t added = 0;
	SCOPED_JSON *row = json_parse(line, ROW_DEPTH, NULL);
	if (!json_is_object(row))
		return not_ours(x->in, t->name, e);
	for (size_t i = 0; i < t->count; i++) {
		json_t *j = json_object_get(row, t->cols[i].name);
		if (!j)
			continue;
		known++;
		wanted[i] = read_value(x, t, i, j, &values[i]);
		if (!wanted[i])
			return not_ours(x->in, t->name, e);
	}
	if (known != json_object_size(row))
		return err_set(e, ST_INVALID, "%s was made by a newer version: %s has more than is known here",
		        x->in->file, t->name);
	TRY(db_table_add(c, t, wanted, values, &added, e));
	x->added += (size_t)added;
	return ST_OK;
}

static enum status add_table_rows(struct service_in *x, struct db_conn *c, const struct db_table *t, struct err *e)
{
	const char *service = x->s->def->name;
	FILE *f = fopen(arena_printf(x->in->a, "%s/data/%s/%s.jsonl", x->in->stage, service, t->name), "re");
	char *line = NULL;
	size_t room = 0;
	enum status st = ST_OK;
	if (!f)
		return ST_OK; /* the archive is of a time before this table */
	for (ssize_t n; st == ST_OK && (n = getline(&line, &room, f)) > 0;)
		st = add_row(x, c, t, str_n(line, (size_t)n), e);
	free(line);
	fclose(f);
	return st;
}

static enum status tx_service(struct db_conn *c, void *arg, struct err *e)
{
	struct service_in *x = arg;
	x->added = 0;
	x->rehearsed = false;
	for (size_t i = 0; i < x->count; i++)
		if (archive_has_table(x->s->def->name, x->tables[i].name))
			TRY(add_table_rows(x, c, &x->tables[i], e));
	if (x->rehearse) {
		x->rehearsed = true;
		return err_set(e, ST_CANCELLED, "it was tried");
	}
	return x->added ? event_emit(c, "site.imported", STR(""), STR("{}"), e) : ST_OK;
}

static enum status write_service(struct archive_in *in, struct service_instance *s, bool rehearse, struct err *e)
{
	struct service_in x = { .in = in, .s = s, .rehearse = rehearse };
	struct err why = { 0 };
	struct ctx *ctx = in->inv->ctx;
	ctx->svc = s;
	{
		struct db_table *tables;
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, s->db, &c, e));
		TRY(db_tables(c, &tables, &x.count, e));
		x.tables = ARENA_ARRAY(in->a, struct db_table, x.count + 1);
		for (size_t i = 0; i < x.count; i++) {
			x.tables[i] = tables[i];
			x.tables[i].name = arena_printf(in->a, "%s", tables[i].name);
			x.tables[i].cols = ARENA_ARRAY(in->a, struct db_column, tables[i].count);
			for (size_t k = 0; k < tables[i].count; k++) {
				x.tables[i].cols[k] = tables[i].cols[k];
				x.tables[i].cols[k].name = arena_printf(in->a, "%s", tables[i].cols[k].name);
			}
		}
	}
	enum status st = db_write(ctx, s->db, tx_service, &x, &why);
	if (x.rehearsed || st == ST_OK) {
		in->added += rehearse ? 0 : x.added;
		return ST_OK;
	}
	return err_set(e, st, "%s: %s", s->def->name, why.msg);
}

/* --- media -------------------------------------------------------------------------------------------------------- */

static enum status put_media(struct archive_in *in, struct err *e)
{
	struct arena *a = in->a;
	const char *dir = arena_printf(a, "%s/media", in->stage);
	struct media_item item;
	struct dirent **names = NULL;
	enum status st = ST_OK;
	int n = scandir(dir, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		if (st == ST_OK && name[0] != '.') {
			SCOPED_FD fd = open(arena_printf(a, "%s/%s", dir, name), O_RDONLY | O_CLOEXEC);
			st = fd < 0 ? err_errno(e, ST_IO, "%s", name)
			            : media_put_file(in->inv->ctx, in->inv->platform->media, fd,
			                      arena_strf(a, "%s", name), MEDIA_LATER, &item, e);
			if (st == ST_OK && memcmp(item.sha256, name, ARCHIVE_SEAL) != 0)
				st = not_ours(in, "a file is another than its name says", e);
			in->files++;
		}
		free(names[i]);
	}
	free(names);
	return st;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum status compare_all(struct archive_in *in, bool *same, struct err *e)
{
	struct platform *p = in->inv->platform;
	size_t rows = 0;
	if (mkdir(arena_printf(in->a, "%s/here", in->stage), 0700))
		return err_errno(e, ST_IO, "%s", in->stage);
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		struct dirent **names = NULL;
		const char *dir = arena_printf(in->a, "%s/here/%s", in->stage, s->def->name);
		if (!s->db)
			continue;
		TRY(archive_dump(in->inv->ctx, s, dir, &rows, e));
		int n = scandir(dir, &names, NULL, alphasort);
		enum status st = ST_OK;
		for (int k = 0; k < n; k++) {
			struct str name = str_c(names[k]->d_name);
			if (st == ST_OK && str_ends(name, STR(".jsonl")))
				st = compare_table(in, s->def->name,
				        arena_printf(in->a, "%.*s", (int)name.n - 6, name.p), same, e);
			free(names[k]);
		}
		free(names);
		TRY(st);
	}
	return ST_OK;
}

static enum status import_staged(struct archive_in *in, struct err *e)
{
	struct platform *p = in->inv->platform;
	bool same = true;
	TRY(unpack(in, e));
	TRY(compare_all(in, &same, e));
	if (!same)
		for (unsigned i = 0; i < p->service_count; i++)
			if (p->services[i].db)
				TRY(write_service(in, &p->services[i], true, e));
	TRY(put_media(in, e));
	if (!same)
		for (unsigned i = 0; i < p->service_count; i++)
			if (p->services[i].db)
				TRY(write_service(in, &p->services[i], false, e));
	return ST_OK;
}

enum status archive_import(struct invocation *inv, const char *file, struct err *e)
{
	struct archive_in in = { .inv = inv, .a = inv->ctx->arena, .file = file };
	TRY(archive_stage(inv, &in.stage, e));
	enum status st = import_staged(&in, e);
	backup_remove(in.a, in.stage);
	TRY(st);
	printf("%s: %zu rows added, %zu files\n", file, in.added, in.files);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}
