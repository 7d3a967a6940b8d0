/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall export --archive FILE: one plain zip of everything that is content. Nothing in it depends on when or where
 * it was made: entries and rows have an order, times are left out, variants of pictures are not in it.
 */
#include "main/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "main/backup.h"
#include "platform/boot/platform.h"
#include "platform/crypto/seal.h"
#include "platform/text/json.h"

#define LINE_MAX_BYTES ((size_t)64 << 20) /* of a row as JSON */
#define COPY_SIZE ((size_t)256 << 10)
#define COMMENT_AT 2 /* bytes of the zip's last record that say how long its comment is */

/* --- what is content ---------------------------------------------------------------------------------------------- */

static const struct { const char *service /* NULL: of each */, *table /* NULL: all */; } own[] = {
	{ NULL, "schema_migrations" },
	{ NULL, "jobs" },
	{ NULL, "jobs_dead" },
	{ NULL, "job_cron" },
	{ NULL, "activities" },
	{ NULL, "event_marks" },
	{ NULL, "mail_bodies" },
	{ NULL, "audit_log" }, /* the chain is signed with this installation's key, and says what was done here */
	{ NULL, "audit_head" },
	{ NULL, "audit_checkpoints" },
	{ NULL, "audit_mark" },
	{ "identity", "oauth_keys" }, /* each installation signs with its own */
	{ "identity", "browsers" },
	{ "account", "exports" },
	{ "account", "inbox" },
	{ "cart", "baskets" },
	{ "cart", "basket_lines" },
	{ "sumup", NULL }, /* a sandbox */
};

static const struct { const char *table, *column; } traces[] = {
	{ "people", "seen_at" },
	{ "passkeys", "used_at" },
	{ "oauth_clients", "used_at" },
};

static const struct { const char *table, *column, *purpose; } sealed[] = {
	{ "totp", "seed", "totp seeds" },
	{ "accounts", "api_key", "cart.account" },
};

bool archive_has_table(const char *service, const char *table)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if ((!own[i].service || !strcmp(own[i].service, service)) &&
		        (!own[i].table || !strcmp(own[i].table, table)))
			return false;
	return true;
}

bool archive_has_column(const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof traces / sizeof *traces; i++)
		if (!strcmp(traces[i].table, table) && !strcmp(traces[i].column, column))
			return false;
	return true;
}

const char *archive_sealed(const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof sealed / sizeof *sealed; i++)
		if (!strcmp(sealed[i].table, table) && !strcmp(sealed[i].column, column))
			return sealed[i].purpose;
	return NULL;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

struct table_dump {
	struct ctx *ctx;
	const struct db_table *t;
	FILE *out;
	struct buf line;
	size_t rows;
	struct err err;
};

static void put_value(struct buf *b, const struct db_value *v)
{
	if (v->null) {
		BUF_LIT(b, "null");
	} else if (v->type == DB_INT) {
		buf_put_i64(b, v->i);
	} else if (v->type == DB_REAL) {
		buf_printf(b, "%.17g", v->d);
	} else if (v->type == DB_BOOL) {
		buf_puts(b, v->b ? "true" : "false");
	} else if (v->type == DB_TEXT) {
		json_put_str(b, v->s);
	} else {
		buf_putc(b, '"');
		for (size_t i = 0; i < v->s.n; i++)
			buf_printf(b, "%02x", (unsigned char)v->s.p[i]);
		buf_putc(b, '"');
	}
}

static enum status put_row(void *arg, const struct db_value *values)
{
	struct table_dump *d = arg;
	bool first = true;
	buf_clear(&d->line);
	for (size_t i = 0; i < d->t->count; i++) {
		struct db_value v = values[i];
		const char *name = d->t->cols[i].name, *purpose = archive_sealed(d->t->name, name);
		if (!archive_has_column(d->t->name, name))
			continue;
		if (purpose && !v.null && v.s.n)
			TRY(auth_unseal(d->ctx, purpose, v.s, &v.s, &d->err));
		buf_printf(&d->line, "%s\"%s\":", first ? "{" : ",", name);
		/* a secret is bytes, not text */
		put_value(&d->line, purpose && !v.null ? &(struct db_value){ .type = DB_BLOB, .s = v.s } : &v);
		first = false;
	}
	BUF_LIT(&d->line, "}\n");
	if (!buf_ok(&d->line))
		return err_set(&d->err, ST_TOO_LARGE, "a row of %s is larger than an archive may hold", d->t->name);
	d->rows++;
	return fwrite(d->line.data, 1, d->line.len, d->out) == d->line.len
	               ? ST_OK
	               : err_errno(&d->err, ST_IO, "the archive's table %s", d->t->name);
}

static enum status dump_table(
        struct ctx *ctx, struct db_conn *c, const struct db_table *t, const char *dir, size_t *rows, struct err *e)
{
	const char *path = arena_printf(ctx->arena, "%s/%s.jsonl", dir, t->name);
	struct table_dump d = { .ctx = ctx, .t = t, .out = fopen(path, "we") };
	if (!d.out)
		return err_errno(e, ST_IO, "%s", path);
	buf_init(&d.line, LINE_MAX_BYTES);
	enum status st = db_table_each(c, t, put_row, &d, e);
	buf_fini(&d.line);
	bool written = !fclose(d.out);
	if (st != ST_OK)
		return d.err.msg[0] ? err_set(e, st, "%s", d.err.msg) : st;
	*rows += d.rows;
	return written ? ST_OK : err_errno(e, ST_IO, "%s", path);
}

enum status archive_dump(struct ctx *ctx, struct service_instance *s, const char *dir, size_t *rows, struct err *e)
{
	struct db_table *tables;
	size_t n;
	const struct service_instance *before = ctx->svc;
	if (mkdir(dir, 0700))
		return err_errno(e, ST_IO, "%s", dir);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, s->db, &c, e));
	TRY(db_tables(c, &tables, &n, e));
	ctx->svc = s;
	for (size_t i = 0; i < n; i++)
		if (archive_has_table(s->def->name, tables[i].name))
			TRY(dump_table(ctx, c, &tables[i], dir, rows, e));
	ctx->svc = (struct service_instance *)before;
	return ST_OK;
}

/* --- the zip ------------------------------------------------------------------------------------------------------ */

struct archive_out {
	struct arena *a;
	struct archive *zip;
	const char *target;
	size_t rows, files;
};

static enum status add_entry(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	struct stat s;
	char part[16 << 10];
	ssize_t n = 0;
	SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &s))
		return err_errno(e, ST_IO, "%s", path);
	struct archive_entry *head = archive_entry_new();
	if (!head)
		return err_set(e, ST_NOMEM, "no memory for the archive");
	archive_entry_set_pathname(head, name);
	archive_entry_set_size(head, s.st_size);
	archive_entry_set_filetype(head, AE_IFREG);
	archive_entry_set_perm(head, 0600);
	bool ok = archive_write_header(o->zip, head) == ARCHIVE_OK;
	archive_entry_free(head);
	while (ok && (n = read(fd, part, sizeof part)) > 0)
		ok = archive_write_data(o->zip, part, (size_t)n) == n;
	return ok && !n ? ST_OK : err_set(e, ST_IO, "%s: %s", o->target, archive_error_string(o->zip) ?: name);
}

static int is_name(const struct dirent *d) { return d->d_name[0] != '.'; }

/* Names in byte order, of which names[i]->d_name are freed by the caller's loop. */
static int by_bytes(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }

typedef enum status found_fn(struct archive_out *o, const char *path, const char *name, struct err *e);

static enum status each_name(struct archive_out *o, const char *dir, found_fn *found, struct err *e)
{
	struct dirent **names = NULL;
	enum status st = ST_OK;
	int n = scandir(dir, &names, is_name, by_bytes);
	if (n < 0)
		return errno == ENOENT ? ST_OK : err_errno(e, ST_IO, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (st == ST_OK)
			st = found(o, arena_printf(o->a, "%s/%s", dir, names[i]->d_name),
			        arena_printf(o->a, "%s", names[i]->d_name), e);
		free(names[i]);
	}
	free(names);
	return st;
}

static enum status add_table(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	const char *service = strrchr(arena_printf(o->a, "%.*s", (int)(strrchr(path, '/') - path), path), '/') + 1;
	return add_entry(o, path, arena_printf(o->a, ARCHIVE_DATA "%s/%s", service, name), e);
}

static enum status add_service(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	(void)name;
	return each_name(o, path, add_table, e);
}

/* A file as it came: of pictures and films "….orig", of others the file itself, which has no part of its name for a
   size, and nothing beside it but ".info". */
static enum status add_media(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	struct str s = str_c(name);
	ptrdiff_t dot = str_chr(s, '.');
	bool original = str_ends(s, STR(".orig"));
	if (dot != ARCHIVE_SEAL || str_ends(s, STR(".info")))
		return ST_OK; /* a variant: "<sha>-640.webp" */
	if (!original && !access(arena_printf(o->a, "%.*s.orig", (int)(strlen(path) - s.n) + (int)dot, path), F_OK))
		return ST_OK;
	o->files++;
	return add_entry(o, path, arena_printf(o->a, ARCHIVE_MEDIA "%s", name), e);
}

static enum status add_media_low(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	struct stat s;
	(void)name;
	return lstat(path, &s) || !S_ISDIR(s.st_mode) ? ST_OK : each_name(o, path, add_media, e);
}

static enum status add_media_high(struct archive_out *o, const char *path, const char *name, struct err *e)
{
	struct stat s;
	return strlen(name) != 2 || lstat(path, &s) || !S_ISDIR(s.st_mode) ? ST_OK
	                                                                   : each_name(o, path, add_media_low, e);
}

enum status archive_sum(int fd, uint64_t n, char out[ARCHIVE_SEAL + 1], struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *part = malloc(COPY_SIZE);
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	uint64_t at = 0;
	bool ok = part && sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL);
	while (ok && at < n) {
		ssize_t got = pread(fd, part, n - at < COPY_SIZE ? n - at : COPY_SIZE, (off_t)at);
		ok = got > 0 && EVP_DigestUpdate(sum, part, (size_t)got);
		at += got > 0 ? (uint64_t)got : 0;
	}
	ok = ok && EVP_DigestFinal_ex(sum, digest, &len);
	EVP_MD_CTX_free(sum);
	free(part);
	if (!ok)
		return err_errno(e, ST_IO, "the archive");
	str_hex(out, digest, len);
	return ST_OK;
}

/* The last record of a zip ends with the length of a comment and the comment: there the digest of the file stands. */
static enum status seal_zip(int fd, struct err *e)
{
	char digest[ARCHIVE_SEAL + 1];
	const unsigned char length[COMMENT_AT] = { ARCHIVE_SEAL, 0 };
	off_t end = lseek(fd, 0, SEEK_END);
	if (end < COMMENT_AT || pwrite(fd, length, COMMENT_AT, end - COMMENT_AT) != COMMENT_AT)
		return err_errno(e, ST_IO, "the archive");
	TRY(archive_sum(fd, (uint64_t)end, digest, e));
	return pwrite(fd, digest, ARCHIVE_SEAL, end) == ARCHIVE_SEAL && !fsync(fd) ? ST_OK
	                                                                         : err_errno(e, ST_IO, "the archive");
}

static enum status write_head(struct archive_out *o, const char *stage, struct err *e)
{
	const char *path = arena_printf(o->a, "%s/" ARCHIVE_HEAD, stage);
	FILE *f = fopen(path, "we");
	if (!f || fputs(ARCHIVE_TEXT, f) < 0 || fclose(f))
		return err_errno(e, ST_IO, "%s", path);
	return add_entry(o, path, ARCHIVE_HEAD, e);
}

static enum status write_zip(struct invocation *inv, struct archive_out *o, const char *stage, int fd, struct err *e)
{
	const char *media = arena_printf(o->a, "%.*s/media", STR_ARG(inv->platform->data_dir));
	if (archive_write_set_format_zip(o->zip) != ARCHIVE_OK || archive_write_set_bytes_in_last_block(o->zip, 1) ||
	        archive_write_open_fd(o->zip, fd) != ARCHIVE_OK)
		return err_set(e, ST_IO, "%s: %s", o->target, archive_error_string(o->zip));
	TRY(write_head(o, stage, e));
	TRY(each_name(o, arena_printf(o->a, "%s/data", stage), add_service, e));
	TRY(each_name(o, media, add_media_high, e));
	return archive_write_close(o->zip) == ARCHIVE_OK
	               ? ST_OK
	               : err_set(e, ST_IO, "%s: %s", o->target, archive_error_string(o->zip));
}

enum status archive_stage(struct invocation *inv, const char **dir, struct err *e)
{
	struct arena *a = inv->ctx->arena;
	const char *tmp = arena_printf(a, "%.*s/tmp", STR_ARG(inv->platform->data_dir));
	if (mkdir(tmp, 0700) && errno != EEXIST)
		return err_errno(e, ST_IO, "%s", tmp);
	*dir = backup_beside(a, arena_printf(a, "%s/archive", tmp), "stage");
	if (mkdir(*dir, 0700) || mkdir(arena_printf(a, "%s/data", *dir), 0700))
		return err_errno(e, ST_IO, "%s", *dir);
	return ST_OK;
}

static enum status export_staged(struct invocation *inv, struct archive_out *o, const char *stage, struct err *e)
{
	const char *part = backup_beside(o->a, o->target, "part");
	struct platform *p = inv->platform;
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].db)
			TRY(archive_dump(inv->ctx, &p->services[i],
			        arena_printf(o->a, "%s/data/%s", stage, p->services[i].def->name), &o->rows, e));
	SCOPED_FD fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ST_IO, "%s", part);
	enum status st = write_zip(inv, o, stage, fd, e);
	if (st == ST_OK)
		st = seal_zip(fd, e);
	if (st == ST_OK && rename(part, o->target))
		st = err_errno(e, ST_IO, "%s", o->target);
	if (st != ST_OK)
		unlink(part);
	return st;
}

enum status archive_export(struct invocation *inv, const char *file, struct err *e)
{
	const char *stage;
	struct archive_out o = { .a = inv->ctx->arena, .zip = archive_write_new(), .target = file };
	if (!o.zip)
		return err_set(e, ST_NOMEM, "no memory for the archive");
	enum status st = archive_stage(inv, &stage, e);
	if (st == ST_OK) {
		st = export_staged(inv, &o, stage, e);
		backup_remove(o.a, stage);
	}
	archive_write_free(o.zip);
	TRY(st);
	printf("%s: %zu rows, %zu files\n", file, o.rows, o.files);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}
