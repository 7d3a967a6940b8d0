/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a Ghost export (what it looks like: tests/fixtures/ghost/FORMAT.md): the reverse of ghost_*.c. Row by row, so
 * that a large site needs no more memory than its longest post.
 *
 * What was imported keeps the ids that it came with, so that the way there and back again ends where it began.
 */
#include "services/blog/export.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "gen/blog_sql.h"
#include "platform/text/json.h"
#include "services/blog/ghost.h"
#include "services/blog/goods.h"

#define ROW_MAX ((size_t)64 << 20)
#define ROW_SHOWN 100 /* characters by which a row that is too large can be found */
#define ROLES "owner administrator editor author contributor"

struct export_file { struct str path, origin; UT_hash_handle hh; };

struct ghost_export {
	struct ctx *ctx;
	struct db_conn *c;
	struct media *media;
	const struct export_options *opt;
	struct export_report *report;
	struct arena *row; /* of one row; reset after it */
	struct export_file *files;
	FILE *out;
	bool first; /* of its table, or of its row */
	const char *folder; /* while it is made */
	struct buf b;
};

typedef struct blog_export_objects_row object;

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void begin_table(struct ghost_export *x, const char *name)
{
	fprintf(x->out, "%s\n\"%s\":[", x->first ? "" : ",", name);
	x->first = true;
}

static void end_table(struct ghost_export *x)
{
	fputs("]", x->out);
	x->first = false;
}

static size_t row_max(const struct export_options *o)
{
	return o->row_max ? o->row_max : ROW_MAX;
}

static enum status too_large(const struct ghost_export *x, struct str begins, struct err *e)
{
	return err_set(e, ST_TOO_LARGE, "a row of more than %zu bytes can not be exported: %.*s …", row_max(x->opt),
	               STR_ARG(str_utf8_first(str_trim(begins), ROW_SHOWN)));
}

static void begin_row(struct ghost_export *x)
{
	buf_arena(&x->b, x->row, row_max(x->opt));
	buf_puts(&x->b, x->first ? "\n{" : ",\n{");
	x->first = false;
}

static enum status end_row(struct ghost_export *x, struct err *e)
{
	buf_putc(&x->b, '}');
	if (!buf_ok(&x->b))
		return too_large(x, buf_str(&x->b), e);
	fwrite(x->b.data, 1, x->b.len, x->out);
	arena_reset(x->row);
	return ferror(x->out) ? err_errno(e, ST_IO, "%s/export.json", x->folder) : ST_OK;
}

static void put_text(struct ghost_export *x, const char *key, struct str s) { json_put_member(&x->b, key, s); }

static void put_raw(struct ghost_export *x, const char *key, const char *value)
{
	buf_printf(&x->b, "%s\"%s\":%s", x->b.data[x->b.len - 1] == '{' ? "" : ",", key, value);
}

/* Ghost has null where nothing was said. */
static void put_maybe(struct ghost_export *x, const char *key, struct str s)
{
	s.n ? put_text(x, key, s) : put_raw(x, key, "null");
}

static void put_time(struct ghost_export *x, const char *key, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	size_t n = clock_rfc3339(us / 1000 * 1000, text);
	put_text(x, key, str_n(text, n));
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static struct str hex_id(struct ghost_export *x, int64_t id) { return ghost_id_of(x->row, STR(""), id); }

/* Of a post or page: what it was called there, so that readers of its feed go on knowing it. */
static struct str post_id_of(struct ghost_export *x, struct str guid, int64_t id)
{
	return guid.n ? guid : hex_id(x, id);
}

struct str ghost_id_of(struct arena *a, struct str origin, int64_t id)
{
	struct str rest = origin, kind, type;
	if (!str_starts(origin, STR("ghost:")) || !str_cut(&rest, ':', &kind) || !str_cut(&rest, ':', &type) || !rest.n)
		return arena_strf(a, "%024llx", (unsigned long long)id);
	return rest;
}

struct str ghost_uuid_of(struct arena *a, struct str origin, int64_t id)
{
	struct str rest = origin, kind;
	bool theirs = str_starts(origin, STR("ghost:")) && str_cut(&rest, ':', &kind) && rest.n;
	return theirs ? rest : blog_uuid(a, id);
}

/* An address of ours as the file has it. */
static struct str export_address(struct ghost_export *x, struct str url)
{
	struct export_file *f = NULL;
	HASH_FIND(hh, x->files, url.p, url.n, f);
	return f ? arena_strf(x->row, "__GHOST_URL__%.*s", STR_ARG(f->origin)) : url;
}

static void put_address(struct ghost_export *x, const char *key, struct str url)
{
	put_maybe(x, key, export_address(x, url));
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static void put_dates(struct ghost_export *x, const object *o)
{
	put_time(x, "created_at", o->created_at);
	put_time(x, "updated_at", o->updated_at);
}

static void put_image(struct ghost_export *x, const char *key, const object *o)
{
	put_address(x, key, o->image.n ? o->image : o->image_url);
}

static void put_sharing(struct ghost_export *x, const object *o)
{
	put_maybe(x, "meta_title", o->meta_title);
	put_maybe(x, "meta_description", o->meta_description);
	put_maybe(x, "og_title", o->og_title);
	put_maybe(x, "og_description", o->og_description);
	put_address(x, "og_image", o->og_image);
	put_maybe(x, "twitter_title", o->twitter_title);
	put_maybe(x, "twitter_description", o->twitter_description);
	put_address(x, "twitter_image", o->twitter_image);
}

static void put_code(struct ghost_export *x, const object *o)
{
	put_maybe(x, "codeinjection_head", o->code_head);
	put_maybe(x, "codeinjection_foot", o->code_foot);
	put_maybe(x, "canonical_url", o->canonical_url);
}

/* Ghost's editor opens no text with a card that it does not know. */
static struct str lexical_of(struct ghost_export *x, const object *o)
{
	return goods_for_ghost(x->row, o->source, service_origin(x->ctx->svc));
}

static void put_body(struct ghost_export *x, const object *o)
{
	bool html = str_eqc(o->format, "html"), markdown = str_eqc(o->format, "markdown");
	put_maybe(x, "lexical", str_eqc(o->format, "lexical") ? lexical_of(x, o) : STR(""));
	put_maybe(x, "mobiledoc", str_eqc(o->format, "mobiledoc") ? o->source : STR(""));
	if (markdown)
		put_text(x, "markdown", o->source); /* Ghost knows it no more: it takes the HTML */
	put_maybe(x, "html", html ? o->source : markdown ? o->html : STR(""));
}

static enum status export_post(struct ghost_export *x, const object *o, bool page, struct err *e)
{
	begin_row(x);
	put_text(x, "id", post_id_of(x, o->guid, o->id));
	put_text(x, "uuid", ghost_uuid_of(x->row, o->origin, o->id));
	put_text(x, "title", o->title);
	put_text(x, "slug", o->slug);
	put_body(x, o);
	put_image(x, "feature_image", o);
	put_raw(x, "featured", o->featured ? "1" : "0");
	put_text(x, "type", page ? STR("page") : STR("post"));
	put_text(x, "status", str_eqc(o->status, "unlisted") ? STR("draft") : o->status);
	put_maybe(x, "locale", o->lang);
	put_text(x, "visibility", o->visibility);
	put_maybe(x, "custom_excerpt", o->custom_excerpt);
	put_maybe(x, "custom_template", o->template);
	put_code(x, o);
	put_dates(x, o);
	if (o->published_at_null)
		put_raw(x, "published_at", "null");
	else
		put_time(x, "published_at", o->published_at);
	return end_row(x, e);
}

static enum status post_meta(struct ghost_export *x, const object *o, struct err *e)
{
	begin_row(x);
	put_text(x, "id", hex_id(x, o->id));
	put_text(x, "post_id", post_id_of(x, o->guid, o->id));
	put_sharing(x, o);
	put_maybe(x, "feature_image_alt", o->image_alt);
	put_maybe(x, "feature_image_caption", o->caption);
	put_raw(x, "email_only", "0");
	return end_row(x, e);
}

static enum status tag(struct ghost_export *x, const object *o, struct err *e)
{
	begin_row(x);
	put_text(x, "id", ghost_id_of(x->row, o->origin, o->id));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_maybe(x, "description", o->excerpt);
	put_image(x, "feature_image", o);
	put_text(x, "visibility", str_eqc(o->status, "unlisted") ? STR("internal") : STR("public"));
	put_sharing(x, o);
	put_code(x, o);
	put_maybe(x, "accent_color", o->accent);
	put_dates(x, o);
	return end_row(x, e);
}

static enum status author(struct ghost_export *x, const object *o, struct err *e)
{
	const char *network;
	json_t *handle;
	SCOPED_JSON *social = json_parse(o->social, 2, NULL);
	begin_row(x);
	put_text(x, "id", ghost_id_of(x->row, o->origin, o->id));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_text(x, "email", o->email.n ? o->email : arena_strf(x->row, "%.*s@author.invalid", STR_ARG(o->slug)));
	put_image(x, "profile_image", o);
	put_address(x, "cover_image", o->cover_url);
	put_maybe(x, "bio", o->excerpt);
	put_maybe(x, "website", o->website);
	put_maybe(x, "location", o->location);
	json_object_foreach(social, network, handle)
		if (json_is_string(handle))
			put_text(x, network, str_c(json_string_value(handle)));
	put_maybe(x, "meta_title", o->meta_title);
	put_maybe(x, "meta_description", o->meta_description);
	put_text(x, "status", STR("active"));
	put_text(x, "visibility", STR("public"));
	put_dates(x, o);
	return end_row(x, e);
}

/* Whose role it is: ROLES has them in order, and their place is their id. */
static unsigned role_number(struct str role)
{
	struct str rest = STR(ROLES), one;
	unsigned n = 1;
	for (; str_next(&rest, ' ', &one); n++)
		if (str_eq(one, role))
			return n;
	return n - 1; /* unknown: the least, contributor */
}

static enum status author_role(struct ghost_export *x, const object *o, struct err *e)
{
	begin_row(x);
	put_text(x, "id", hex_id(x, o->id));
	put_text(x, "role_id", hex_id(x, role_number(o->role)));
	put_text(x, "user_id", ghost_id_of(x->row, o->origin, o->id));
	return end_row(x, e);
}

static enum status tier(struct ghost_export *x, const object *o, struct err *e)
{
	begin_row(x);
	put_text(x, "id", ghost_id_of(x->row, o->origin, o->id));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_maybe(x, "description", o->excerpt);
	put_raw(x, "active", "1");
	put_text(x, "type", STR("paid"));
	put_text(x, "visibility", STR("public"));
	put_dates(x, o);
	return end_row(x, e);
}

static enum status snippet(struct ghost_export *x, const object *o, struct err *e)
{
	begin_row(x);
	put_text(x, "id", ghost_id_of(x->row, o->origin, o->id));
	put_text(x, "name", o->title);
	put_maybe(x, "lexical", str_eqc(o->format, "lexical") ? lexical_of(x, o) : STR(""));
	put_maybe(x, "mobiledoc", str_eqc(o->format, "mobiledoc") ? o->source : STR(""));
	put_dates(x, o);
	return end_row(x, e);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

struct export_walk {
	struct ghost_export *x;
	enum status (*write)(struct ghost_export *x, const object *o, struct err *e);
	size_t *count;
	struct err *e;
};

static enum status each_object(void *arg, const struct blog_export_objects_row *o)
{
	struct export_walk *w = arg;
	TRY(w->write(w->x, o, w->e));
	if (w->count && w->x->opt->progress)
		w->x->opt->progress(w->x->opt->progress_arg, "posts", ++*w->count);
	else if (w->count)
		++*w->count;
	return ST_OK;
}

static enum status as_post(struct ghost_export *x, const object *o, struct err *e)
{
	return export_post(x, o, false, e);
}
static enum status as_page(struct ghost_export *x, const object *o, struct err *e)
{
	return export_post(x, o, true, e);
}

static enum status objects(struct ghost_export *x, const char *type, size_t *count,
                           enum status (*write)(struct ghost_export *x, const object *o, struct err *e), struct err *e)
{
	struct export_walk w = { x, write, count, e };
	return q_blog_export_objects_each(x->c, str_c(type), each_object, &w, e);
}

struct link_walk { struct ghost_export *x; const char *target; struct err *e; size_t n; };

static enum status each_link(void *arg, const struct blog_export_links_row *l)
{
	struct link_walk *w = arg;
	struct ghost_export *x = w->x;
	begin_row(x);
	put_text(x, "id", hex_id(x, (int64_t)++w->n));
	put_text(x, "post_id", post_id_of(x, l->src_guid, l->src));
	put_text(x, w->target, ghost_id_of(x->row, l->origin, l->dst));
	buf_printf(&x->b, ",\"sort_order\":%lld", (long long)l->ord);
	return end_row(x, w->e);
}

static enum status all_objects(struct ghost_export *x, struct err *e)
{
	struct export_report *r = x->report;
	static const struct { const char *table, *type, *target; } links[] = {
		{ "posts_tags", "tagged", "tag_id" },
		{ "posts_authors", "authored-by", "author_id" },
		{ "posts_products", "requires", "product_id" },
	};
	begin_table(x, "posts");
	TRY(objects(x, "post", &r->posts, as_post, e));
	TRY(objects(x, "page", &r->pages, as_page, e));
	end_table(x);
	begin_table(x, "posts_meta");
	TRY(objects(x, "post", NULL, post_meta, e));
	TRY(objects(x, "page", NULL, post_meta, e));
	end_table(x);
	const struct {
		const char *table, *type;
		size_t *count;
		enum status (*write)(struct ghost_export *, const object *, struct err *);
	} rest[] = {
		{ "tags", "tag", &r->tags, tag },
		{ "users", "author", &r->authors, author },
		{ "roles_users", "author", NULL, author_role },
		{ "products", "tier", NULL, tier },
		{ "snippets", "snippet", NULL, snippet },
	};
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		begin_table(x, rest[i].table);
		TRY(objects(x, rest[i].type, rest[i].count, rest[i].write, e));
		end_table(x);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct link_walk w = { x, links[i].target, e, 0 };
		begin_table(x, links[i].table);
		TRY(q_blog_export_links_each(x->c, str_c(links[i].type), each_link, &w, e));
		end_table(x);
	}
	return ST_OK;
}

static enum status roles(struct ghost_export *x, struct err *e)
{
	struct str rest = STR(ROLES), one;
	begin_table(x, "roles");
	for (int64_t n = 1; str_next(&rest, ' ', &one); n++) {
		begin_row(x);
		put_text(x, "id", hex_id(x, n));
		put_text(x, "name", arena_strf(x->row, "%c%.*s", one.p[0] - 'a' + 'A', (int)one.n - 1, one.p + 1));
		TRY(end_row(x, e));
	}
	end_table(x);
	return ST_OK;
}

/* --- the site ----------------------------------------------------------------------------------------------------- */

static enum status put_setting(struct ghost_export *x, int64_t n, const char *key, struct str value, struct err *e)
{
	begin_row(x);
	put_text(x, "id", hex_id(x, n));
	put_text(x, "key", str_c(key));
	put_text(x, "value", value);
	return end_row(x, e);
}

/* Menus are a setting of Ghost's; it has one level. */
static enum status menu(struct ghost_export *x, int64_t n, const char *name, const char *key, struct err *e)
{
	struct blog_nav_row *rows;
	size_t count;
	struct buf b;
	TRY(q_blog_nav(x->c, str_c(name), &rows, &count, e));
	buf_arena(&b, x->row, row_max(x->opt));
	buf_putc(&b, '[');
	for (size_t i = 0; i < count; i++) {
		buf_puts(&b, i ? ",{" : "{");
		json_put_member(&b, "label", rows[i].label);
		json_put_member(&b, "url", rows[i].url);
		buf_putc(&b, '}');
	}
	buf_putc(&b, ']');
	return buf_ok(&b) ? put_setting(x, n, key, buf_str(&b), e) : too_large(x, buf_str(&b), e);
}

static enum status export_settings(struct ghost_export *x, struct err *e)
{
	struct blog_settings_row *rows;
	size_t count;
	int64_t n = 0;
	TRY(q_blog_settings(x->c, &rows, &count, e));
	begin_table(x, "settings");
	for (size_t i = 0; i < count; i++) {
		const char *key = ghost_setting_key(rows[i].name);
		if (key)
			TRY(put_setting(x, ++n, key, export_address(x, rows[i].value), e));
	}
	TRY(menu(x, ++n, "primary", "navigation", e));
	TRY(menu(x, ++n, "secondary", "secondary_navigation", e));
	end_table(x);
	return ST_OK;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static enum status make_folders(const char *path, struct err *e)
{
	char part[4096];
	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		int n = snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
		if (n < 0 || (size_t)n >= sizeof part)
			return err_set(e, ST_INVALID, "%s is too long", path);
		if (mkdir(part, 0777) && errno != EEXIST)
			return err_errno(e, ST_IO, "%s", part);
	}
	return ST_OK;
}

static enum status copy(int from, const char *path, struct err *e)
{
	char piece[65536];
	TRY(make_folders(path, e));
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ssize_t n = to < 0 ? -1 : 1;
	while (n > 0 && (n = read(from, piece, sizeof piece)) > 0)
		if (write(to, piece, (size_t)n) != n)
			n = -1;
	int failed = n < 0 ? errno ? errno : ENOSPC : 0;
	if (to >= 0 && close(to) && !failed)
		failed = errno;
	errno = failed;
	return failed ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

static enum status one_file(struct ghost_export *x, const struct blog_export_media_row *m, struct str origin,
                            struct err *e)
{
	int fd;
	const char *type;
	struct err why = { 0 };
	enum status st = media_open_original(x->media, m->sha256, &fd, &why);
	if (st == ST_NOT_FOUND)
		st = media_open_path(x->media, str_skip(m->path, strlen("/media/")), &fd, &type, &why);
	if (st != ST_OK) {
		x->report->missing++;
		return ST_OK;
	}
	st = copy(fd, arena_printf(x->ctx->arena, "%s%.*s", x->folder, STR_ARG(origin)), e);
	close(fd);
	x->report->files++;
	if (x->opt->progress)
		x->opt->progress(x->opt->progress_arg, "pictures", x->report->files);
	return st;
}

static struct str extension(struct str type)
{
	static const char *const odd[][2] = { { "image/jpeg", "jpg" }, { "image/svg+xml", "svg" },
		{ "audio/mpeg", "mp3" }, { "audio/mp4", "m4a" } };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (str_eqc(type, odd[i][0]))
			return str_c(odd[i][1]);
	ptrdiff_t slash = str_chr(type, '/');
	return str_skip(type, slash < 0 ? 0 : (size_t)slash + 1);
}

struct file_walk { struct ghost_export *x; struct err *e; };

static enum status each_file(void *arg, const struct blog_export_media_row *m)
{
	struct file_walk *w = arg;
	struct ghost_export *x = w->x;
	struct arena *a = x->ctx->arena;
	struct export_file *f = NULL;
	struct str origin = m->origin.n
	        ? arena_str(a, m->origin)
	        : arena_strf(a, "/content/images/%.*s.%.*s", STR_ARG(m->sha256), STR_ARG(extension(m->type)));
	HASH_FIND(hh, x->files, m->path.p, m->path.n, f);
	if (!f) {
		f = ARENA_NEW(a, struct export_file);
		*f = (struct export_file){ .path = arena_str(a, m->path), .origin = origin };
		HASH_ADD_KEYPTR(hh, x->files, f->path.p, f->path.n, f);
	}
	return one_file(x, m, origin, w->e);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static enum status write_json(struct ghost_export *x, struct err *e)
{
	const char *path = arena_printf(x->ctx->arena, "%s/export.json", x->folder);
	x->out = fopen(path, "we");
	if (!x->out)
		return err_errno(e, ST_IO, "%s", path);
	fprintf(x->out, "{\"db\":[{\"meta\":{\"exported_on\":%lld,\"version\":\"6.0.0\"},\"data\":{",
	        (long long)(clock_now_us() / 1000));
	x->first = true;
	enum status st = all_objects(x, e);
	if (st == ST_OK)
		st = roles(x, e);
	if (st == ST_OK)
		st = export_settings(x, e);
	fputs("\n}}]}\n", x->out);
	bool failed = fflush(x->out) || fsync(fileno(x->out));
	failed |= fclose(x->out) != 0;
	return st != ST_OK ? st : failed ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

static enum status write_folder(struct ghost_export *x, struct db *db, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(x->ctx, db, &c, e));
	x->c = c;
	struct file_walk w = { x, e };
	TRY(q_blog_export_media_each(c, each_file, &w, e));
	return write_json(x, e);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static void remove_tree(const char *folder)
{
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		LOG(WARN, NULL, "export.left", LS("folder", folder));
}

enum status blog_export_ghost(struct ctx *ctx, struct db *db, struct media *media, const struct export_options *opt,
                              struct export_report *report, struct err *e)
{
	struct stat st;
	SCOPED_ARENA *row = arena_new(3 * ROW_MAX);
	if (!row)
		return err_set(e, ST_NOMEM, "no memory for an export");
	if (lstat(opt->folder, &st) == 0)
		return err_set(e, ST_CONFLICT, "%s is there already: name a folder that is to be made", opt->folder);
	*report = (struct export_report){ 0 };
	struct ghost_export x = { .ctx = ctx, .media = media, .opt = opt, .report = report, .row = row,
			    .folder = arena_printf(ctx->arena, "%s.part-%d", opt->folder, (int)getpid()) };
	if (mkdir(x.folder, 0700))
		return err_errno(e, ST_IO, "%s", x.folder);
	enum status done = write_folder(&x, db, e);
	HASH_CLEAR(hh, x.files); /* the entries are the arena's */
	if (done == ST_OK && rename(x.folder, opt->folder))
		done = err_errno(e, ST_IO, "%s", opt->folder);
	if (done != ST_OK)
		remove_tree(x.folder);
	return done;
}
