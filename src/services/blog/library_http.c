/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/media: the files of the site as tiles, with what is done to them; one of them on a page of its own; what is
 * brought, several at once; and what the editor offers to choose from.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_sql.h"
#include "gen/blog_tpl.h"
#include "net/forms/multipart.h"
#include "platform/search/search.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "services/blog/blog_views.h"
#include "services/blog/body.h"
#include "services/blog/import_plan.h"
#include "services/blog/library.h"

#define PAGE_MAX (512u << 10)

typedef struct blog_library_row file_row;

/* --- what is shown of a file -------------------------------------------------------------------------------------- */

/* The smallest of its sizes; of other files nothing. */
static struct str small_of(struct str type, struct str path, struct str srcset)
{
	ptrdiff_t end = str_chr(srcset, ' ');
	if (!str_starts(type, STR("image/")))
		return STR("");
	return end > 0 ? str_first(srcset, (size_t)end) : path;
}

static const char *kind_of(struct str type)
{
	static const struct { struct str start; const char *word; } kinds[] = {
		{ STR_INIT("image/"), TR_NOOP("Picture") },
		{ STR_INIT("video/"), TR_NOOP("Film") },
		{ STR_INIT("audio/"), TR_NOOP("Sound") },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_starts(type, kinds[i].start))
			return tr(kinds[i].word);
	return tr(TR_NOOP("File"));
}

/* "640 × 480, 12 KB" */
static struct str size_text(struct arena *a, int64_t width, int64_t height, int64_t bytes)
{
	struct str size = body_size_text(a, bytes);
	if (width <= 0)
		return size;
	return arena_strf(a, "%lld × %lld, %.*s", (long long)width, (long long)height, STR_ARG(size));
}

static struct str name_or_kind(struct str name, struct str type)
{
	return name.n ? name : str_c(kind_of(type));
}

static struct str name_cell(struct web *w, const void *row)
{
	(void)w;
	return name_or_kind(((const file_row *)row)->name, ((const file_row *)row)->type);
}

static struct str picture_cell(struct web *w, const void *row)
{
	const file_row *r = row;
	(void)w;
	return small_of(r->type, r->path, r->srcset);
}

static struct str size_cell(struct web *w, const void *row)
{
	const file_row *r = row;
	struct str size = size_text(w->ctx->arena, r->width, r->height, r->bytes);
	return arena_strf(w->ctx->arena, "%s, %.*s", kind_of(r->type), STR_ARG(size));
}

static struct str uses_cell(struct web *w, const void *row)
{
	const file_row *r = row;
	if (!r->uses)
		return str_c(tr("Nowhere"));
	return arena_strf(w->ctx->arena, r->uses == 1 ? tr("In one place") : tr("In %lld places"), (long long)r->uses);
}

static struct str file_page(struct web *w, const void *row)
{
	return web_url(
	        w->ctx, "blog", "/admin/media/%.*s", STR_ARG(id_str(w->ctx->arena, ((const file_row *)row)->id)));
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static enum status load_files(struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found,
        struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, blog_library, c, ask->search, ask->like, ask->filter[0], ask->filter[1],
	        &ask->page);
}

static enum status act_on(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct library_removal x = { .back = !strcmp(a->name, "back"), .now = clock_now_us() };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such file any more.");
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, library_remove_tx, &x, e));
	*changed = x.changed;
	return ST_OK;
}

static const struct choice kinds[] = {
	{ "image", TR_NOOP("Pictures"), NULL }, { "video", TR_NOOP("Films"), NULL },
	{ "audio", TR_NOOP("Sounds"), NULL },   { "file", TR_NOOP("Other files"), NULL },
	{ 0 },
};
static const struct choice places[] = {
	{ "used", TR_NOOP("Used somewhere"), NULL },
	{ "unused", TR_NOOP("Used nowhere"), NULL },
	{ "deleted", TR_NOOP("Deleted"), NULL },
	{ 0 },
};
static const struct table_filter filters[] = {
	{ .name = "kind", .title = "Kind", .choices = kinds },
	{ .name = "shown", .title = "Used", .choices = places },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(file_row, name, TEXT, .title = "Name", .sort = "name", .by = 1, .text = name_cell),
	COLUMN(file_row, path, PICTURE, .title = "Picture", .text = picture_cell),
	COLUMN(file_row, alt, TEXT, .title = "Alternative text"),
	COLUMN(file_row, bytes, NUMBER, .title = "Size", .sort = "size", .by = 2, .first_down = true,
	        .text = size_cell),
	COLUMN(file_row, uses, NUMBER, .title = "Used", .text = uses_cell),
	COLUMN(file_row, person_name, TEXT, .title = "By"),
	COLUMN(file_row, created_at, DAY, .title = "Since", .sort = "since", .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "delete", .label = "Delete", .done = "Deleted", .undo = "back", .danger = true },
	{ .name = "back", .label = "Bring back", .done = "Brought back", .undo = "delete" },
	{ 0 },
};

static void above_list(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_blog_library_above(out, w, web_query(w, "brought"));
}

static const struct table_desc library = {
	.path = "/admin/media",
	.title = "Media",
	.grid = true,
	.search = "Name or alternative text",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "No file has been brought yet.",
	.sort = "since",
	.down = true,
	.row_size = sizeof(file_row),
	.load = load_files,
	.act = act_on,
	.url = file_page,
	.above = above_list,
};

enum status blog_get_library(struct web *w, struct err *e)
{
	return table_get(w, &library, NULL, e);
}
enum status blog_post_library(struct web *w, struct err *e)
{
	return table_post(w, &library, NULL, e);
}

/* --- what is brought ---------------------------------------------------------------------------------------------- */

struct brought { struct library_file file; int64_t id; struct audit_entry by; };

static enum status tx_bring(struct db_conn *c, void *arg, struct err *e)
{
	struct brought *x = arg;
	TRY(library_record(c, &x->file, &x->id, NULL, e));
	struct audit_entry entry = x->by;
	entry.action = "media.brought";
	entry.object = id_str(db_arena(c), x->id);
	return audit_write(c, &entry, e);
}

/* ST_MEDIA_TYPE, ST_CORRUPT, ST_TOO_LARGE: this one is not taken, others may be. */
static enum status bring(struct web *w, struct upload *u, struct err *e)
{
	struct media_item item = { 0 };
	struct brought x = { .file = { &item, u->filename, w->person, clock_now_us() } };
	TRY(media_put_file(w->ctx, w->ctx->svc->platform->media, u->fd, u->filename, MEDIA_NOW, &item, e));
	audit_from(w, &x.by);
	return db_write(w->ctx, w->ctx->svc->db, tx_bring, &x, e);
}

/* Those that are no files to take are named; what was taken stays. */
static enum status answer_brought(struct web *w, int n, struct str refused, struct err *e)
{
	struct str problem = !refused.n
	        ? str_c(tr("Please choose a file first."))
	        : arena_strf(w->ctx->arena,
	                  tr("These could not be taken, because they are broken, too large or of a kind "
	                     "that is not shown here: %.*s"),
	                  STR_ARG(refused));
	if (n && !refused.n && web_wants_json(w))
		return web_json(w, 200, STR("{}"));
	if (n && !refused.n)
		return web_redirect(w, 303, web_url(w->ctx, "blog", "/admin/media?brought=%d", n));
	if (web_wants_json(w))
		return err_set(e, ST_UNPROCESSABLE, "%.*s", STR_ARG(problem));
	return table_show(w, &library, 422, NULL, problem, e);
}

enum status blog_post_library_upload(struct web *w, struct err *e)
{
	struct buf refused;
	unsigned n;
	int taken = 0;
	TRY(web_form_load(w, e));
	buf_text(&refused, w->ctx->arena);
	struct upload *list = web_uploads(w, &n);
	for (unsigned i = 0; i < n; i++) {
		struct err why = { 0 };
		enum status st = bring(w, &list[i], &why);
		if (st == ST_MEDIA_TYPE || st == ST_CORRUPT || st == ST_TOO_LARGE)
			buf_printf(&refused, "%s%.*s", refused.len ? ", " : "", STR_ARG(list[i].filename));
		else if (st != ST_OK)
			return err_set(e, st, "%s", why.msg);
		else
			taken++;
	}
	return answer_brought(w, taken, buf_str(&refused), e);
}

/* --- one file ----------------------------------------------------------------------------------------------------- */

struct file_form { struct str name, alt; };

static const struct field file_fields[] = {
	FIELD(struct file_form, name, TEXT, .label = "Name", .required = "A file has a name.", .max = LIBRARY_NAME_MAX),
	FIELD(struct file_form, alt, AREA, .label = "Alternative text", .max = LIBRARY_ALT_MAX,
	        .hint = "What is to be seen there, for those who do not see it. Proposed wherever the file is chosen."),
	{ 0 },
};
static const struct form_desc file_desc = { .fields = file_fields };

static struct str how_used(struct str place)
{
	return str_c(str_eqc(place, "image") ? tr("its picture") : str_eqc(place, "draft") ? tr("what is being written")
	                                                                                  : tr("its text"));
}

static enum status load_one(struct web *w, struct library_view *v, struct err *e)
{
	struct blog_media_one_row *row;
	struct blog_media_used_by_row *uses;
	struct blog_media_signs_row *signs;
	struct arena *a = w->ctx->arena;
	int64_t id = web_path_int(w, "id");
	*v = (struct library_view){ .w = w };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_media_one(c, id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such file any more.");
	TRY(q_blog_media_used_by(c, id, LIBRARY_USES_SHOWN + 1, &uses, &v->n, e));
	TRY(q_blog_media_signs(c, row->path, &signs, e));
	struct library_use *list = ARENA_ARRAY(a, struct library_use, v->n + 1);
	v->more = v->n > LIBRARY_USES_SHOWN;
	v->n -= v->more;
	for (size_t i = 0; i < v->n; i++) {
		bool text = str_eqc(uses[i].type, "post") || str_eqc(uses[i].type, "page");
		struct str url = web_url(w->ctx, "blog", "/write/%.*s", STR_ARG(id_str(a, uses[i].id)));
		list[i] = (struct library_use){ uses[i].title.n ? uses[i].title : str_c(tr("Untitled")),
			text ? url : STR(""), how_used(uses[i].place) };
	}
	v->uses = list;
	v->file = row;
	v->sign = signs->n > 0;
	v->id = id_str(a, id);
	v->size = size_text(a, row->width, row->height, row->bytes);
	v->kind = str_c(kind_of(row->type));
	v->when = html_day(a, w->person->zone, row->created_at);
	v->saved = web_query(w, "saved").n > 0;
	return ST_OK;
}

static enum status one_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct library_view *v = arg;
	v->title = arena_cstr(f->w->ctx->arena, name_or_kind(v->file->name, v->file->type));
	struct page_shell shell = web_shell(f->w, v->title);
	(void)e;
	v->form = f;
	web_no_cache(f->w);
	buf_arena(&page, f->w->ctx->arena, PAGE_MAX);
	tpl_blog_library_one(&page, &shell, v);
	return web_html(f->w, status, &page);
}

enum status blog_get_library_one(struct web *w, struct err *e)
{
	struct library_view v;
	struct form_fill f;
	TRY(load_one(w, &v, e));
	struct file_form values = { v.file->name, v.file->alt };
	form_show(&f, w, &file_desc, &values);
	return one_page(&f, 200, &v, e);
}

enum status blog_post_library_one(struct web *w, struct err *e)
{
	struct library_view v;
	struct form_fill f;
	TRY(load_one(w, &v, e));
	struct file_form values = { v.file->name, v.file->alt };
	TRY(form_read(&f, w, &file_desc, &values, e));
	if (f.failed)
		return form_refuse(&f, one_page, &v, e);
	struct library_edit x = { .id = v.file->id, .name = values.name, .alt = values.alt };
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, library_edit_tx, &x, e));
	return form_done(&f, web_url(w->ctx, "blog", "/admin/media/%.*s?saved=1", STR_ARG(v.id)));
}

/* --- to choose from ----------------------------------------------------------------------------------------------- */

static void put_choice(struct buf *b, const file_row *r)
{
	buf_printf(b, "%s{\"width\":%lld,\"height\":%lld,\"bytes\":%lld", b->data[b->len - 1] == '[' ? "" : ",",
	        (long long)r->width, (long long)r->height, (long long)r->bytes);
	json_put_member(b, "src", r->path);
	json_put_member(b, "small", small_of(r->type, r->path, r->srcset));
	json_put_member(b, "name", name_or_kind(r->name, r->type));
	json_put_member(b, "alt", r->alt);
	json_put_member(b, "type", r->type);
	buf_putc(b, '}');
}

enum status blog_get_library_choices(struct web *w, struct err *e)
{
	struct arena *a = w->ctx->arena;
	file_row *rows;
	size_t n;
	struct buf b;
	struct str q = str_utf8_first(str_or_empty(str_trim(web_query(w, "q"))), TABLE_SEARCH_MAX);
	struct str kind = str_eqc(web_query(w, "kind"), "image") ? STR("image") : STR("");
	struct db_page page = { .down = true, .lim = LIBRARY_CHOICES + 1, .at_text = STR(""), .key_text = STR("") };
	page.next = str_i64(str_or_empty(web_query(w, "at")), &page.at) &&
	        id_parse(str_or_empty(web_query(w, "after")), &page.key);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_library(c, q, search_like(a, q), kind, STR(""), &page, &rows, &n, e));
	bool more = n > LIBRARY_CHOICES;
	n -= more;
	buf_arena(&b, a, PAGE_MAX);
	buf_puts(&b, "{\"files\":[");
	for (size_t i = 0; i < n; i++)
		put_choice(&b, &rows[i]);
	buf_putc(&b, ']');
	if (more)
		buf_printf(&b, ",\"next\":\"at=%lld&after=%.*s\"", (long long)rows[n - 1].created_at,
		        STR_ARG(id_str(a, rows[n - 1].id)));
	buf_putc(&b, '}');
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}
