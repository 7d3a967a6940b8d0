/* SPDX-License-Identifier: Apache-2.0
 *
 * The old site's files: an address in its content leads to a file in the folder that came with the export, which goes
 * into our storage once, however often it is used and whichever size was asked for.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/table.h"
#include "gen/blog_sql.h"
#include "platform/text/html.h"
#include "services/blog/import_plan.h"

#define ORIGIN_MAX 1024 /* bytes of the address of a file */

struct known {
	struct plan_media m;
	struct str below; /* where it is in the folder; p NULL: where its origin says */
	UT_hash_handle hh;
};

struct import_media {
	struct ctx *ctx;
	struct arena *a;
	struct media *store;
	const struct import_options *opt;
	struct known *by_origin;
	size_t put;
};

struct import_media *import_media_new(
        struct ctx *ctx, struct arena *a, struct media *m, const struct import_options *opt)
{
	struct import_media *im = ARENA_NEW(a, struct import_media);
	*im = (struct import_media){ .ctx = ctx, .a = a, .store = m, .opt = opt };
	return im;
}

void import_media_fini(struct import_media *im) { HASH_CLEAR(hh, im->by_origin); /* the entries are the arena's */ }

static struct known *media_add(struct import_media *im, struct str origin)
{
	struct known *k = ARENA_NEW(im->a, struct known);
	k->m.origin = arena_str(im->a, origin);
	k->m.image = (struct blog_image){ .src = STR(""), .srcset = STR(""), .alt = STR("") };
	HASH_ADD_KEYPTR(hh, im->by_origin, k->m.origin.p, k->m.origin.n, k);
	return k;
}

enum status import_media_load(struct import_media *im, struct db *db, struct err *e)
{
	struct blog_media_known_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(im->ctx, db, &c, e));
	TRY(q_blog_media_known(c, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		struct known *k = media_add(im, rows[i].origin);
		k->m.id = rows[i].id;
		k->m.image = (struct blog_image){ .src = arena_str(im->a, rows[i].path),
			.srcset = arena_str(im->a, rows[i].srcset),
			.alt = STR(""),
			.width = (int)rows[i].width,
			.height = (int)rows[i].height };
	}
	return ST_OK;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* "a%20b" as "a b". */
static void put_unescaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool escaped = s.p[i] == '%' && i + 2 < s.n && str_hex_value(s.p[i + 1]) >= 0 &&
		               str_hex_value(s.p[i + 2]) >= 0;
		buf_putc(b, escaped ? (char)(str_hex_value(s.p[i + 1]) << 4 | str_hex_value(s.p[i + 2])) : s.p[i]);
		i += escaped ? 2 : 0;
	}
}

struct str import_media_origin(struct arena *a, struct str url)
{
	static const struct str roots[] = { STR_INIT("/content/images/"), STR_INIT("/content/media/"),
		STR_INIT("/content/files/") };
	struct buf b;
	buf_arena(&b, a, ORIGIN_MAX);
	size_t root = 0;
	while (root < 3 && !str_starts(url, roots[root]))
		root++;
	if (root == 3)
		return STR_NULL;
	buf_putstr(&b, roots[root]);
	struct str rest = str_skip(url, roots[root].n), segment;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == '?' || rest.p[i] == '#')
			rest.n = i;
	bool first = true, skip = false;
	while (str_next(&rest, '/', &segment)) {
		if (skip || !segment.n || str_eqc(segment, ".")) {
			skip = false;
			continue;
		}
		if (root == 0 && (str_eqc(segment, "size") || str_eqc(segment, "format")) && rest.p) {
			skip = true; /* and the value behind it */
			continue;
		}
		if (!first)
			buf_putc(&b, '/');
		first = false;
		size_t from = b.len;
		put_unescaped(&b, segment);
		struct str name = buf_ok(&b) ? str_n(b.data + from, b.len - from) : STR("..");
		if (str_eqc(name, "..") || str_chr(name, '/') >= 0 || str_chr(name, '\\') >= 0 ||
		        memchr(name.p, 0, name.n))
			return STR_NULL;
	}
	return buf_ok(&b) && str_utf8_valid(buf_str(&b)) ? buf_str(&b) : STR_NULL;
}

/* The folder may be content/ itself, what holds it, or content/images. -1 with *e: there is none, or it may not be had.
 */
static int open_origin(struct import_media *im, struct str origin, struct err *e)
{
	struct str below_content = str_skip(origin, strlen("/content/")),
	           below_images = str_skip(origin, strlen("/content/images/"));
	const struct str tries[] = { below_content, str_skip(origin, 1), below_images };
	struct err why = { 0 };
	int fd = -1;
	for (size_t i = 0; i < 3; i++) {
		if (i == 2 && !str_starts(origin, STR("/content/images/")))
			break;
		struct err err = { 0 };
		enum status st = media_open_beneath(im->opt->media_dir, arena_cstr(im->a, tries[i]), &fd, &err);
		if (st == ST_OK)
			return fd;
		if (!why.msg[0] || st != ST_NOT_FOUND)
			why = err; /* that it may not be had says more than that it is not there */
	}
	*e = why;
	return -1;
}

static int open_below(struct import_media *im, struct str below, struct err *e)
{
	int fd;
	return media_open_beneath(im->opt->media_dir, arena_cstr(im->a, below), &fd, e) == ST_OK ? fd : -1;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static bool is_format(const char *format, const char *wanted) { return format && !strcmp(format, wanted); }

/* The largest variant of the kind that every browser shows; failing that, the largest. */
struct str import_media_path(struct arena *a, const struct media_item *item)
{
	const struct media_variant *best = NULL;
	for (unsigned i = 0; i < item->variant_count; i++) {
		const struct media_variant *v = &item->variants[i];
		bool common = !is_format(v->format, "webp") && !is_format(v->format, "avif");
		bool best_common = best && !is_format(best->format, "webp") && !is_format(best->format, "avif");
		if (!best || (common && !best_common) || (common == best_common && v->width > best->width))
			best = v;
	}
	return best ? arena_strf(a, "/media/%.*s", STR_ARG(best->path)) : STR("");
}

struct str import_media_srcset(struct arena *a, const struct media_item *item)
{
	struct buf b;
	bool webp = false;
	buf_text(&b, a);
	for (unsigned i = 0; i < item->variant_count; i++)
		webp = webp || is_format(item->variants[i].format, "webp");
	for (unsigned i = 0; i < item->variant_count; i++) {
		const struct media_variant *v = &item->variants[i];
		if (v->width <= 0 || (webp && !is_format(v->format, "webp")))
			continue;
		buf_printf(&b, "%s/media/%.*s %dw", b.len ? ", " : "", STR_ARG(v->path), v->width);
	}
	return buf_ok(&b) ? buf_str(&b) : STR("");
}

static void close_opened(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void store(struct import_media *im, struct known *k, struct import_log *log)
{
	struct err err = { 0 };
	struct import_count *count = &log->report->counts[IMPORT_MEDIA];
	__attribute__((cleanup(close_opened))) int fd = -1;
	if (!im->opt->media_dir || !im->store)
		(void)!err_set(&err, ST_NOT_FOUND, "no folder of pictures was given");
	else
		fd = k->below.p ? open_below(im, k->below, &err) : open_origin(im, k->m.origin, &err);
	struct media_item *item = ARENA_NEW(im->a, struct media_item);
	enum media_when when = im->opt->pictures_later ? MEDIA_LATER : MEDIA_NOW;
	if (fd >= 0 && im->opt->dry_run && media_would_take(fd, k->m.origin, &err) == ST_OK) {
		count->added++;
		return;
	}
	if (fd < 0 || im->opt->dry_run ||
	    media_put_file(im->ctx, im->store, fd, k->m.origin, when, item, &err) != ST_OK) {
		count->skipped++;
		import_note(log, IMPORT_MEDIA, k->m.origin, "%s", err.msg);
		return;
	}
	k->m.item = item;
	k->m.image = (struct blog_image){ .src = import_media_path(im->a, item),
		.srcset = import_media_srcset(im->a, item),
		.alt = STR(""),
		.width = item->width,
		.height = item->height };
	im->put++;
	if (im->opt->progress)
		im->opt->progress(im->opt->progress_arg, "pictures", im->put, im->put);
}

const struct plan_media *import_media_find(struct import_media *im, struct str url, struct import_log *log)
{
	struct known *k = NULL;
	struct str origin = import_media_origin(im->a, url);
	if (!origin.p)
		return NULL;
	HASH_FIND(hh, im->by_origin, origin.p, origin.n, k);
	if (!k) {
		k = media_add(im, origin);
		store(im, k, log);
	}
	return k->m.image.src.n ? &k->m : NULL;
}

/* A path in the folder, as an address in a text has it; p NULL: it is another address. */
static struct str path_beside(struct arena *a, struct str url)
{
	struct str scheme;
	struct buf b;
	if (!url.n || url.p[0] == '/' || url.p[0] == '#' || !html_url_scheme(url, &scheme) || scheme.p)
		return STR_NULL;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '?' || url.p[i] == '#')
			url.n = i;
	buf_arena(&b, a, ORIGIN_MAX);
	put_unescaped(&b, url);
	struct str path = buf_str(&b);
	bool ok = buf_ok(&b) && path.n && str_utf8_valid(path) && !memchr(path.p, 0, path.n);
	return ok ? path : STR_NULL;
}

const struct plan_media *import_media_beside(struct import_media *im, struct str url, struct import_log *log)
{
	struct known *k = NULL;
	struct str path = path_beside(im->a, url);
	if (!path.p)
		return NULL;
	struct str origin = arena_strf(im->a, "beside:%.*s", STR_ARG(path));
	struct err why = { 0 };
	HASH_FIND(hh, im->by_origin, origin.p, origin.n, k);
	if (!k) {
		int fd = open_below(im, path, &why);
		if (fd < 0)
			return NULL; /* an address like any other */
		close(fd);
		k = media_add(im, origin);
		k->below = path;
		store(im, k, log);
	}
	return k->m.image.src.n ? &k->m : NULL;
}

void import_media_list(const struct import_media *im, struct plan *plan)
{
	struct known *k, *next;
	plan->media = ARENA_ARRAY(plan->a, struct plan_media *, HASH_COUNT(im->by_origin) + 1);
	HASH_ITER(hh, im->by_origin, k, next)
		if (k->m.item)
			plan->media[plan->media_count++] = &k->m;
}

/* --- hashes ------------------------------------------------------------------------------------------------------- */

struct str import_hash(struct arena *a, const struct str *parts, size_t n)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	for (size_t i = 0; ok && i < n; i++) {
		uint64_t size = parts[i].p ? parts[i].n : UINT64_MAX;
		ok = EVP_DigestUpdate(md, &size, sizeof size) &&
		        EVP_DigestUpdate(md, parts[i].p ? parts[i].p : "", parts[i].n);
	}
	ok = ok && EVP_DigestFinal_ex(md, digest, &len);
	EVP_MD_CTX_free(md);
	struct buf b;
	buf_arena(&b, a, 2 * EVP_MAX_MD_SIZE + 1);
	for (unsigned i = 0; ok && i < len; i++)
		buf_printf(&b, "%02x", digest[i]);
	return buf_str(&b);
}
