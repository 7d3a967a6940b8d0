/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of Markdown files: each *.md in it is a post. What it is called by is its slug: the same slug again is the
 * same post. Bodies are CommonMark 0.31 and stay Markdown in the editor. Pictures that they name and that lie in the
 * folder are taken along.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/guard.h"
#include "platform/text/json.h"
#include "services/blog/addresses.h"
#include "services/blog/doc.h"
#include "services/blog/front_matter.h"
#include "services/blog/import_plan.h"

#define RENDER_VERSION "1" /* raised when bodies come out differently: an import then renders anew */
#define FILES_MAX      100000
#define TITLE_MAX      255
#define FILE_MAX       (BODY_SOURCE_MAX + FRONT_MATTER_MAX)

struct text_file {
	struct str name;
	struct front_matter head;
	struct str body, slug;
};

struct folder {
	struct import_run run;
	struct text_file *files;
	size_t count;
};

static struct arena *arena_of(struct folder *f) { return f->run.plan.a; }

/* --- the folder --------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct text_file *x = a, *y = b;
	return str_cmp(x->name, y->name);
}

static enum status list_files(struct folder *f, struct err *e)
{
	DIR *d = opendir(f->run.opt->path);
	size_t room = 0;
	enum status st = ST_OK;
	if (!d)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "%s", f->run.opt->path);
	for (struct dirent *entry; st == ST_OK && (entry = readdir(d));) {
		struct str name = str_c(entry->d_name);
		if (!str_ends(name, STR(".md")) || name.n == 3)
			continue;
		if (f->count == FILES_MAX)
			st = err_set(e, ST_TOO_LARGE, "%s has more than %d texts", f->run.opt->path, FILES_MAX);
		if (f->count == room) {
			struct text_file *more = ARENA_ARRAY(arena_of(f), struct text_file, room ? 2 * room : 64);
			if (room)
				memcpy(more, f->files, room * sizeof *more);
			f->files = more;
			room = room ? 2 * room : 64;
		}
		f->files[f->count++].name = arena_str(arena_of(f), name);
	}
	closedir(d);
	TRY(st);
	if (!f->count)
		return err_set(e, ST_NOT_FOUND, "%s has no *.md in it", f->run.opt->path);
	qsort(f->files, f->count, sizeof *f->files, by_name);
	return ST_OK;
}

/* U+0000 is what CommonMark says it is. */
static struct str without_nul(struct arena *a, struct str s)
{
	struct buf b;
	if (!memchr(s.p, 0, s.n))
		return s;
	buf_arena(&b, a, 3 * s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		buf_puts(&b, s.p[i] ? (char[]){ s.p[i], 0 } : "\xef\xbf\xbd");
	return buf_str(&b);
}

static enum status check_utf8(struct str text, struct err *e)
{
	if (str_utf8_valid(text))
		return ST_OK;
	size_t line = 1;
	for (struct str rest = text, one; rest.n; line++) {
		if (!str_cut(&rest, '\n', &one) || !str_utf8_valid(one))
			break;
	}
	return err_set(e, ST_INVALID, "line %zu: it is not UTF-8", line);
}

static enum status file_read(struct folder *f, struct text_file *t, struct err *e)
{
	int opened;
	struct str all;
	const char *name = arena_cstr(arena_of(f), t->name);
	TRY(media_open_beneath(f->run.opt->path, name, &opened, e));
	SCOPED_FD fd = opened;
	TRY(fd_read_text(arena_of(f), fd, name, FILE_MAX, &all, e));
	TRY(check_utf8(all, e));
	TRY(front_matter_read(arena_of(f), all, &t->head, &t->body, e));
	t->body = without_nul(arena_of(f), t->body);
	return ST_OK;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static struct str stem(struct str name) { return str_first(name, name.n - strlen(".md")); }

/* Every text has an address of its own before the first is rendered. */
static enum status settle_slug(struct folder *f, struct text_file *t, struct err *e)
{
	struct arena *a = arena_of(f);
	struct str given = t->head.slug.n ? t->head.slug : stem(t->name);
	t->slug = body_slug(a, given);
	if (!t->slug.n)
		t->slug = body_slug(a, t->head.title.p ? t->head.title : STR(""));
	if (!t->slug.n)
		return err_set(e, ST_INVALID, "no address can be made of its slug, its name or its title");
	if (blog_is_own_address(a, f->run.ctx->svc, t->slug)) {
		import_note(&f->run.log, IMPORT_POSTS, t->slug,
		        "is an address of this program: \"%.*s-post\" was given", STR_ARG(t->slug));
		t->slug = arena_strf(a, "%.*s-post", STR_ARG(t->slug));
	} else if (t->head.slug.n && !str_eq(t->head.slug, t->slug)) {
		import_note(&f->run.log, IMPORT_POSTS, t->head.slug,
		        "is no address here: \"%.*s\" was made of it", STR_ARG(t->slug));
	}
	return ST_OK;
}

static int by_slug(const void *a, const void *b)
{
	const struct text_file *const *x = a, *const *y = b;
	int c = str_cmp((*x)->slug, (*y)->slug);
	return c ? c : str_cmp((*x)->name, (*y)->name);
}

static enum status no_slug_twice(struct folder *f, struct err *e)
{
	struct text_file **order = ARENA_ARRAY(arena_of(f), struct text_file *, f->count);
	for (size_t i = 0; i < f->count; i++)
		order[i] = &f->files[i];
	qsort(order, f->count, sizeof *order, by_slug);
	for (size_t i = 1; i < f->count; i++)
		if (str_eq(order[i - 1]->slug, order[i]->slug))
			return err_set(e, ST_INVALID, "%.*s and %.*s want the same address, /%.*s/",
			        STR_ARG(order[i - 1]->name), STR_ARG(order[i]->name), STR_ARG(order[i]->slug));
	return ST_OK;
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

/* A picture that lies in the folder: "pictures/mill.jpg" or "./pictures/mill.jpg". */
static bool folder_image(void *arg, struct str url, struct blog_image *out)
{
	struct folder *f = arg;
	while (str_starts(url, STR("./")))
		url = str_skip(url, 2);
	const struct plan_media *m = import_media_beside(f->run.files, url, &f->run.log);
	if (m)
		*out = m->image;
	return m != NULL;
}

/* One card of Markdown: written on as Markdown, and read as CommonMark for ever. */
static struct str markdown_document(struct arena *a, struct str markdown)
{
	json_t *blocks = json_array();
	if (str_trim(markdown).n)
		json_array_append_new(blocks,
		        json_pack("{s:s,s:i,s:s,s:s%}", "type", "markdown", "version", 1, "dialect", "commonmark",
		                "markdown", markdown.p, markdown.n));
	SCOPED_JSON *doc = doc_new(blocks);
	struct str text = json_text(a, doc);
	if (!text.p)
		guard_abort(ST_NOMEM);
	return text;
}

/* The text of a first line "# Title"; else the file's name. */
static struct str title_of(const struct text_file *t)
{
	struct str line = t->body;
	while (line.n && strchr("\r\n", line.p[0]) && line.p[0])
		line = str_skip(line, 1);
	ptrdiff_t end = str_chr(line, '\n');
	line = str_trim(str_first(line, end < 0 ? line.n : (size_t)end));
	if (t->head.title.n)
		return t->head.title;
	return str_starts(line, STR("# ")) ? str_trim(str_skip(line, 2)) : stem(t->name);
}

static struct str tag_origin(struct arena *a, struct str slug)
{
	return arena_strf(a, "markdown:tag:%.*s", STR_ARG(slug));
}

static enum status plan_tag(struct folder *f, struct str name, struct str *origin, struct err *e)
{
	struct plan *plan = &f->run.plan;
	struct str slug = body_slug(plan->a, name);
	if (!slug.n)
		return err_set(e, ST_INVALID, "no address can be made of the tag \"%.*s\"", STR_ARG(str_shown(name)));
	*origin = tag_origin(plan->a, slug);
	for (size_t i = 0; i < plan->object_count; i++)
		if (str_eq(plan->objects[i].origin, *origin))
			return ST_OK;
	struct plan_object *o = plan_object(plan, IMPORT_TAGS, "tag", *origin);
	o->slug = slug;
	o->title = str_utf8_first(name, TITLE_MAX);
	o->created_at = o->updated_at = o->published_at = plan->now;
	o->undated = true;
	/* Whoever called it so first has named it: another spelling is no change. */
	o->hash = import_hash(plan->a, &slug, 1);
	return ST_OK;
}

static enum status plan_tags(struct folder *f, struct err *e)
{
	struct str origin;
	for (size_t i = 0; i < f->count; i++)
		for (size_t k = 0; k < f->files[i].head.tag_count; k++)
			TRY(plan_tag(f, f->files[i].head.tags[k], &origin, e));
	return ST_OK;
}

static struct plan_links links_of(struct folder *f, const struct text_file *t)
{
	struct arena *a = arena_of(f);
	struct str *origins = ARENA_ARRAY(a, struct str, t->head.tag_count + 1);
	for (size_t i = 0; i < t->head.tag_count; i++)
		origins[i] = tag_origin(a, body_slug(a, t->head.tags[i]));
	return (struct plan_links){ origins, t->head.tag_count };
}

static void note_left_out(struct folder *f, const struct text_file *t)
{
	for (size_t i = 0; i < t->head.other_count; i++)
		import_note(&f->run.log, IMPORT_POSTS, t->name, "\"%.*s\" means nothing here and was left out",
		        STR_ARG(str_shown(t->head.other[i])));
}

static enum status plan_text_file(struct folder *f, const struct text_file *t, struct err *e)
{
	struct plan *plan = &f->run.plan;
	const struct body_options opt = { .site_url = f->run.opt->site_url, .image = folder_image, .arg = f };
	struct plan_object *o =
	        plan_object(plan, IMPORT_POSTS, "post", arena_strf(plan->a, "markdown:%.*s", STR_ARG(t->slug)));
	o->slug = t->slug;
	o->title = str_utf8_first(title_of(t), TITLE_MAX);
	o->status = t->head.draft ? STR("draft") : STR("published");
	o->undated = !t->head.date.p;
	o->created_at = o->updated_at = o->published_at = o->undated ? plan->now : t->head.at;
	TRY(plan_render(&f->run, o, BODY_LEXICAL, markdown_document(plan->a, t->body), STR_NULL, &opt, e));
	o->tagged = links_of(f, t);
	o->search = o->body->body.plain;
	o->excerpt = body_excerpt(plan->a, o->search, BODY_EXCERPT_MAX);
	o->reading_min = o->body->body.reading_min;
	note_left_out(f, t);
	struct str *parts = ARENA_ARRAY(plan->a, struct str, t->head.tag_count + 6);
	const struct str fixed[] = { STR(RENDER_VERSION), o->title, o->slug, o->status, t->head.date, o->body->hash };
	memcpy(parts, fixed, sizeof fixed);
	for (size_t i = 0; i < o->tagged.count; i++)
		parts[6 + i] = o->tagged.origins[i];
	o->hash = import_hash(plan->a, parts, 6 + o->tagged.count);
	return ST_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum status each_file(
        struct folder *f, enum status (*what)(struct folder *f, struct text_file *t, struct err *e), struct err *e)
{
	for (size_t i = 0; i < f->count; i++) {
		struct err why = { 0 };
		enum status st = what(f, &f->files[i], &why);
		if (st != ST_OK)
			return err_set(e, st, "%s/%.*s: %s", f->run.opt->path, STR_ARG(f->files[i].name), why.msg);
	}
	return ST_OK;
}

static enum status plan_file(struct folder *f, struct text_file *t, struct err *e)
{
	TRY(plan_text_file(f, t, e));
	if (f->run.opt->progress)
		f->run.opt->progress(f->run.opt->progress_arg, "posts", (size_t)(t - f->files) + 1, f->count);
	return ST_OK;
}

static enum status read_folder(struct import_run *run, struct err *e)
{
	struct folder *f = (struct folder *)run;
	size_t tags = 0;
	TRY(list_files(f, e));
	TRY(each_file(f, file_read, e));
	TRY(each_file(f, settle_slug, e));
	TRY(no_slug_twice(f, e));
	for (size_t i = 0; i < f->count; i++)
		tags += f->files[i].head.tag_count;
	run->plan.objects = ARENA_ARRAY(arena_of(f), struct plan_object, f->count + tags);
	TRY(plan_tags(f, e));
	return each_file(f, plan_file, e);
}

enum status blog_import_markdown(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                                 struct import_report *report, struct err *e)
{
	struct import_options own = *opt;
	own.media_dir = opt->path;
	struct folder f = { .run = { .ctx = ctx, .db = db, .media = media, .opt = &own, .report = report,
	                             .read = read_folder } };
	return import_run(&f.run, "markdown", e);
}
