/* SPDX-License-Identifier: Apache-2.0
 *
 * All that the site keeps about a person, as a zip of one JSON file for each service. Made by a job, kept for a week
 * outside of what is public, given to its person alone.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/account_sql.h"
#include "gen/account_tpl.h"
#include "platform/audit/audit.h"
#include "platform/work/notify.h"
#include "platform/peers/person_data.h"
#include "platform/peers/site.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "rt/offload.h"
#include "services/account/account.h"

enum { PAGE_MAX = 256 << 10 };

static const char *folder(struct ctx *ctx)
{
	return arena_printf(ctx->arena, "%.*s/exports", STR_ARG(ctx->svc->platform->data_dir));
}

static enum status last_of(struct web *w, struct account_export_last_row **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	return q_account_export_last(c, w->person->id, out, e);
}

static bool over(const struct account_export_last_row *r)
{
	return !r || clock_now_us() - r->created_at > ACCOUNT_EXPORT_DAYS * 86400 * US_PER_S;
}

/* --- the page --------------------------------------------------------------------------------------------------- */

enum status account_get_export(struct web *w, struct err *e)
{
	struct buf page;
	struct account_export_last_row *r;
	struct export_view v = { STR(""), STR(""), STR(""), 0 };
	struct page_shell shell = web_shell(w, "Your data");
	TRY(last_of(w, &r, e));
	if (!over(r))
		v = (struct export_view){ r->state, html_day(w->ctx->arena, w->person->zone, r->created_at),
			html_day(
			        w->ctx->arena, w->person->zone, r->created_at + ACCOUNT_EXPORT_DAYS * 86400 * US_PER_S),
			(r->bytes + 1023) / 1024 };
	if (str_eqc(v.state, "waiting"))
		http_set_header(w->req, "refresh", STR("2"));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_export(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

static enum status tx_ask(struct db_conn *c, void *arg, struct err *e)
{
	struct web *w = arg;
	int64_t id = id_new(), job;
	struct account_export_last_row *r;
	TRY(q_account_export_last(c, w->person->id, &r, e));
	if (r && str_eqc(r->state, "waiting") && !over(r))
		return ST_OK;
	struct str payload = arena_strf(
	        db_arena(c), "{\"export\":%lld,\"person\":%lld}", (long long)id, (long long)w->person->id);
	TRY(q_account_export_add(c, id, w->person->id, clock_now_us(), NULL, e));
	TRY(job_enqueue(c, &(struct job_new){ .kind = "account.export", .payload = payload }, &job, e));
	struct audit_entry entry = { .action = "person.data_asked" };
	audit_from(w, &entry);
	return audit_write(c, &entry, e);
}

enum status account_post_export(struct web *w, struct err *e)
{
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_ask, w, e));
	return web_redirect(w, 303, web_url(w->ctx, "account", "/data"));
}

enum status account_get_export_file(struct web *w, struct err *e)
{
	struct account_export_last_row *r;
	TRY(last_of(w, &r, e));
	if (over(r) || !str_eqc(r->state, "ready"))
		return err_set(e, ST_NOT_FOUND, "There is no archive. You can have one made.");
	SCOPED_FD fd = open(arena_printf(w->ctx->arena, "%s/%.*s", folder(w->ctx), STR_ARG(r->file)),
	        O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, ST_GONE, "The archive is not there any more. You can have another made.");
	struct audit_entry entry = { .action = "person.data_taken" };
	audit_from(w, &entry);
	TRY(audit_record(w->ctx, &entry, e));
	web_no_cache(w);
	http_set_header(w->req, "content-type", STR("application/zip"));
	http_set_header(w->req, "content-disposition", STR("attachment; filename=\"my-data.zip\""));
	http_status(w->req, 200);
	http_send_file(w->req, fd_take(&fd), 0, r->bytes);
	return ST_OK;
}

/* --- making it -------------------------------------------------------------------------------------------------- */

static bool put_file(struct archive *a, const char *name, struct str text)
{
	struct archive_entry *entry = archive_entry_new();
	if (!entry)
		return false;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)text.n);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, clock_now_us() / US_PER_S, 0);
	bool ok = archive_write_header(a, entry) == ARCHIVE_OK &&
	        archive_write_data(a, text.p, text.n) == (la_ssize_t)text.n;
	archive_entry_free(entry);
	return ok;
}

struct part { const char *name; struct str text; };

/* What each service says. All of it first: asking waits, and writing is not done on the loop. */
static enum status export_collect(struct ctx *ctx, int64_t person, struct part **out, size_t *n, struct err *e)
{
	const struct platform *p = ctx->svc->platform;
	struct part *parts = ARENA_ARRAY(ctx->arena, struct part, p->service_count + 1);
	*out = parts;
	*n = 0;
	parts[(*n)++] = (struct part){ "README.txt",
		TR("All that this site keeps about you: one file for each of its parts, as JSON (text that programs "
		    "and people can read).\n") };
	for (unsigned i = 0; i < p->service_count; i++) {
		const struct contract_def *def = person_data_contract(p->services[i].def);
		struct person_data_answer data = { STR("") };
		if (!def)
			continue;
		TRY(contract_call(ctx, def, &(struct person_data_ask){ person }, &data, e));
		parts[(*n)++] = (struct part){ arena_printf(ctx->arena, "%s.json", p->services[i].def->name),
			data.json };
	}
	return ST_OK;
}

struct writing { const char *path; const struct part *parts; size_t n; int64_t bytes; enum status st; struct err err; };

static bool put_parts(struct archive *a, int fd, const struct writing *w)
{
	bool ok = archive_write_set_format_zip(a) == ARCHIVE_OK && archive_write_open_fd(a, fd) == ARCHIVE_OK;
	for (size_t i = 0; ok && i < w->n; i++)
		ok = put_file(a, w->parts[i].name, w->parts[i].text);
	return ok && archive_write_close(a) == ARCHIVE_OK;
}

static void write_job(void *arg)
{
	struct writing *w = arg;
	struct stat s = { 0 };
	SCOPED_FD fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct archive *a = fd < 0 ? NULL : archive_write_new();
	bool ok = a && put_parts(a, fd, w) && !fsync(fd) && !fstat(fd, &s);
	w->bytes = s.st_size;
	w->st = ok ? ST_OK : err_errno(&w->err, ST_IO, "the archive %s can not be written", w->path);
	if (a)
		archive_write_free(a);
	if (!ok)
		unlink(w->path);
}

static enum status write_archive(struct ctx *ctx, int64_t person, const char *path, int64_t *bytes, struct err *e)
{
	struct part *parts;
	struct writing w = { .path = path };
	TRY(export_collect(ctx, person, &parts, &w.n, e));
	w.parts = parts;
	TRY(offload(OFFLOAD_PROMPT, write_job, &w));
	*bytes = w.bytes;
	return w.st == ST_OK ? ST_OK : err_set(e, w.st, "%s", w.err.msg);
}

struct made { int64_t id; const char *state; struct str file; int64_t bytes, rows; struct notice told; };

static enum status tx_made(struct db_conn *c, void *arg, struct err *e)
{
	struct made *m = arg;
	TRY(q_account_export_done(c, m->id, str_c(m->state), m->file, m->bytes, clock_now_us(), &m->rows, e));
	return m->rows ? notify_person(c, &m->told, e) : ST_OK;
}

/* In the person's language, as far as it is known. */
static void export_told(struct ctx *ctx, int64_t person, bool ready, struct notice *out)
{
	struct identity_profile_answer p = { 0 };
	(void)!identity_ask_profile(ctx, &(struct identity_profile_ask){ person }, &p, NULL);
	SCOPED_LANG(lang_of_person(ctx, p.locale.p ? p.locale : STR("")));
	*out = (struct notice){ .person = person,
		.topic = "account.data",
		.about = STR("archive"),
		.title = ready ? TR("Your archive is ready") : TR("Your archive could not be made"),
		.text = ready ? arena_strf(ctx->arena, tr("It is kept for %d days."), ACCOUNT_EXPORT_DAYS)
		              : TR("Please have it made once more."),
		.url = web_url(ctx, "account", "/data") };
}

/* The file has the name of its row: one that an attempt before left behind is written anew, and none stays that no row
 * knows. */
enum status account_export_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	SCOPED_JSON *in = json_parse(j->payload, 2, e);
	if (!in)
		return ST_CORRUPT;
	if (mkdir(folder(ctx), 0700) && errno != EEXIST)
		return err_errno(e, ST_IO, "can not make %s", folder(ctx));
	struct made m = { .id = json_integer_value(json_object_get(in, "export")), .state = "ready" };
	m.file = arena_strf(ctx->arena, "%lld.zip", (long long)m.id);
	const char *path = arena_printf(ctx->arena, "%s/%.*s", folder(ctx), STR_ARG(m.file));
	unlink(path);
	int64_t person = json_integer_value(json_object_get(in, "person"));
	enum status st = write_archive(ctx, person, path, &m.bytes, e);
	if (st != ST_OK) {
		if (j->attempt < 5)
			return st;
		m.state = "failed";
		m.file = STR("");
	}
	export_told(ctx, person, st == ST_OK, &m.told);
	TRY(db_write(ctx, ctx->svc->db, tx_made, &m, e));
	if (!m.rows) /* whose data it is left meanwhile */
		unlink(path);
	return ST_OK;
}

/* --- letting go ------------------------------------------------------------------------------------------------- */

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	return q_account_export_drop(c, *(int64_t *)arg, NULL, e);
}

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	TRY(q_account_inbox_sweep(c, clock_now_us() - ACCOUNT_INBOX_DAYS * 86400 * US_PER_S, NULL, e));
	return q_account_addresses_sweep(c, clock_now_us() - 3600 * US_PER_S, NULL, e);
}

/* Archives made before, and those of person (0: nobody). The file goes first: a row without one is looked at again. */
static enum status drop_exports(struct ctx *ctx, int64_t before, int64_t person, struct err *e)
{
	struct account_exports_old_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_account_exports_old(c, before, person, &rows, &n, e));
	}
	for (size_t i = 0; i < n; i++) {
		if (rows[i].file.n && unlink(arena_printf(ctx->arena, "%s/%.*s", folder(ctx), STR_ARG(rows[i].file))) &&
		        errno != ENOENT)
			return err_errno(e, ST_IO, "an archive can not be removed");
		TRY(db_write(ctx, ctx->svc->db, tx_drop, &rows[i].id, e));
	}
	return ST_OK;
}

enum status account_sweep_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	TRY(db_write(ctx, ctx->svc->db, tx_sweep, NULL, e));
	return drop_exports(ctx, clock_now_us() - ACCOUNT_EXPORT_DAYS * 86400 * US_PER_S, 0, e);
}

struct forgetting { const struct event *ev; int64_t person; };

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	const struct forgetting *f = arg;
	bool first;
	TRY(event_once(c, f->ev, &first, e));
	if (!first)
		return ST_OK;
	TRY(q_account_forget_addresses(c, f->person, NULL, e));
	TRY(q_account_forget_inbox(c, f->person, NULL, e));
	TRY(q_account_digest_drop(c, f->person, NULL, e));
	return q_account_forget_choices(c, f->person, NULL, e);
}

enum status account_forget(struct ctx *ctx, const struct event *ev, struct err *e)
{
	struct forgetting f = { .ev = ev };
	if (!str_i64(ev->object, &f.person) || f.person <= 0)
		return ST_OK;
	TRY(drop_exports(ctx, 0, f.person, e));
	return db_write(ctx, ctx->svc->db, tx_forget, &f, e);
}
