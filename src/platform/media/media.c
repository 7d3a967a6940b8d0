/* SPDX-License-Identifier: Apache-2.0
 *
 * The store. A file is written under a temporary name, synchronised, renamed; a line of text beside it (NAME.info),
 * written last, says what there is: where it stands the item is complete, and a put that finds it has nothing to do.
 * Whatever a crash leaves is overwritten by the next put of the same content.
 *
 *   ab/cd/abcd….orig        the picture as it came, with all its metadata: never served
 *   ab/cd/abcd…-640.webp    a variant
 *   ab/cd/abcd….pdf         another file, served as it came
 *   ab/cd/abcd….info        type, size, variants; a last line "later" while these are not made yet
 *
 * All file work runs on the offload pool. Thread rule: any fiber of any loop; two puts of the same content at once do
 * the work twice and agree.
 */
#include "platform/media/media.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "platform/media/media_internal.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "rt/sync.h"

enum { SHARES = 256, SHARE_WAITING = 8 /* pictures of one person that wait for their turn; more are refused */,
       MAKERS = 64, MAKER_WAITING = 100 /* requests for a picture that is being made */ };
#define LATER "later\n"
enum { SHA_HEX = 64, WIDTHS = 6, VARIANTS_MAX = 2 * WIDTHS, SNIFF = 4096, COPY = 64 * 1024, INFO_MAX = 4096 };
#define PICTURE_MAX (UINT64_C(64) << 20)
#define FILE_MAX (UINT64_C(256) << 20)
#define SVG_MAX (UINT64_C(1) << 20)

static const int widths[] = { 320, 640, 960, 1280, 1920 };

struct media {
	char dir[MEDIA_PATH_MAX - 128];
	struct helpers helpers;
	/* Of one person one file at a time is worked on, so that nobody's many pictures are in the way of others'. By a
	   hash of who it is: two who share a place wait for each other. */
	struct fsem shares[SHARES];
	struct fsem makers[MAKERS]; /* of variants that are asked for before they are made: by the hash of the picture,
	                               one at a time */
	_Atomic unsigned serial; /* of temporary names */
};

/* --- files ------------------------------------------------------------------------------------------------------ */

static enum status make_dir(const char *path, struct err *e)
{
	return mkdir(path, 0700) && errno != EEXIST ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

struct media *media_open(const char *dir, struct err *e)
{
	struct media *m = calloc(1, sizeof *m);
	char *whole = make_dir(dir, e) == ST_OK ? realpath(dir, NULL) : NULL;
	if (!m || !whole || strlen(whole) >= sizeof m->dir) {
		err_set(e, ST_IO, "the folder %s for media can not be used", dir);
		free(whole);
		free(m);
		return NULL;
	}
	memcpy(m->dir, whole, strlen(whole) + 1);
	free(whole);
	helpers_init(&m->helpers, m->dir);
	for (unsigned i = 0; i < SHARES; i++)
		fsem_init(&m->shares[i], 1, SHARE_WAITING);
	for (unsigned i = 0; i < MAKERS; i++)
		fsem_init(&m->makers[i], 1, MAKER_WAITING);
	return m;
}

void media_close(struct media *m)
{
	if (!m)
		return;
	helpers_fini(&m->helpers);
	for (unsigned i = 0; i < SHARES; i++)
		fsem_fini(&m->shares[i]);
	for (unsigned i = 0; i < MAKERS; i++)
		fsem_fini(&m->makers[i]);
	free(m);
}

static void temp_path(struct media *m, char out[MEDIA_PATH_MAX])
{
	snprintf(out, MEDIA_PATH_MAX, "%s/tmp-%d-%u", m->dir, (int)getpid(), atomic_fetch_add(&m->serial, 1));
}

/* Two levels keep folders small. */
static void final_path(struct media *m, const char *sha, const char *suffix, char out[MEDIA_PATH_MAX])
{
	snprintf(out, MEDIA_PATH_MAX, "%s/%.2s/%.2s/%s%s", m->dir, sha, sha + 2, sha, suffix);
}

static enum status sync_path(const char *path, struct err *e)
{
	SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

/* Durable once this returns and the folder is synchronised. */
static enum status move_into_place(const char *temp, const char *path, struct err *e)
{
	TRY(sync_path(temp, e));
	return rename(temp, path) ? err_errno(e, ST_IO, "%s", path) : ST_OK;
}

static bool write_all(int fd, const void *p, size_t n)
{
	for (const char *at = p; n;) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		at += w;
		n -= (size_t)w;
	}
	return true;
}

/* --- taking a file in ------------------------------------------------------------------------------------------- */

struct put {
	struct media *m;
	int in; /* a file, or -1 and */
	struct str bytes, name;
	const struct media_type *type;
	char sha[SHA_HEX + 1];
	uint64_t size;
	char original[MEDIA_PATH_MAX]; /* absolute */
	enum media_when when;
	bool urgent; /* somebody looks at the page that it is on */
	bool known;
	char info[INFO_MAX];
	size_t info_len;
	struct media_told looked;
	_Atomic bool gone; /* nobody waits for it any more: what is under way ends */
	enum status st;
	struct err err;
};

static void free_digest(EVP_MD_CTX **md)
{
	EVP_MD_CTX_free(*md);
}

/* The next piece of whichever source; 0 at the end, -1 on failure. */
static ssize_t next_piece(struct put *p, int fd, char *space, const char **piece)
{
	if (fd < 0) {
		size_t n = p->bytes.n - p->size < COPY ? p->bytes.n - p->size : COPY;
		*piece = p->bytes.p + p->size;
		return (ssize_t)n;
	}
	*piece = space;
	return read(fd, space, COPY);
}

static uint64_t size_limit(const struct media_type *t)
{
	return t->picture ? PICTURE_MAX : !strcmp(t->format, "svg") ? SVG_MAX : FILE_MAX;
}

static enum status copy_in(struct put *p, int in, int out, struct err *e)
{
	__attribute__((cleanup(free_digest))) EVP_MD_CTX *md = EVP_MD_CTX_new();
	static _Thread_local char space[COPY];
	unsigned char digest[32];
	const char *piece;
	ssize_t n;
	if (!md || !EVP_DigestInit_ex(md, EVP_sha256(), NULL))
		return err_set(e, ST_NOMEM, "no memory for a hash");
	while ((n = next_piece(p, in, space, &piece)) > 0) {
		if (!p->type && !(p->type = media_sniff_named((const unsigned char *)piece,
		                                              (size_t)n < SNIFF ? (size_t)n : SNIFF, p->name)))
			return err_set(e, ST_MEDIA_TYPE, "this is no kind of file that is kept here");
		p->size += (uint64_t)n;
		if (p->size > size_limit(p->type))
			return err_set(e, ST_TOO_LARGE, "the file is larger than the %llu MiB allowed",
			        (unsigned long long)(size_limit(p->type) >> 20));
		if (!write_all(out, piece, (size_t)n) || !EVP_DigestUpdate(md, piece, (size_t)n))
			return err_errno(e, ST_IO, "media");
	}
	if (n < 0)
		return err_errno(e, ST_IO, "the file can not be read");
	if (!p->type)
		return err_set(e, ST_MEDIA_TYPE, "the file is empty");
	EVP_DigestFinal_ex(md, digest, NULL);
	for (int i = 0; i < 32; i++)
		snprintf(p->sha + 2 * i, 3, "%02x", digest[i]);
	return ST_OK;
}

static bool read_info(struct put *p)
{
	char path[MEDIA_PATH_MAX];
	final_path(p->m, p->sha, ".info", path);
	SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, p->info, sizeof p->info - 1);
	p->info_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static enum status make_dirs(struct put *p, struct err *e)
{
	char path[MEDIA_PATH_MAX];
	snprintf(path, sizeof path, "%s/%.2s", p->m->dir, p->sha);
	TRY(make_dir(path, e));
	snprintf(path, sizeof path, "%s/%.2s/%.2s", p->m->dir, p->sha, p->sha + 2);
	return make_dir(path, e);
}

/* A film says where it was made in boxes that can be emptied where they stand. */
static bool is_film(const struct media_type *t)
{
	return !strcmp(t->format, "mp4") || !strcmp(t->format, "m4a");
}

static enum status take_in(struct put *p, const char *temp, struct err *e)
{
	char suffix[16] = ".orig";
	SCOPED_FD out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_errno(e, ST_IO, "media");
	TRY(copy_in(p, p->in, out, e));
	p->known = read_info(p);
	if (p->known)
		return ST_OK;
	TRY(make_dirs(p, e));
	if (!p->type->picture)
		snprintf(suffix, sizeof suffix, ".%s", p->type->ext);
	final_path(p->m, p->sha, suffix, p->original);
	TRY(move_into_place(temp, p->original, e));
	struct media_ask ask = { .task = p->type->picture ? MEDIA_LOOK : MEDIA_STRIP };
	memcpy(ask.source, p->original, sizeof ask.source);
	snprintf(ask.format, sizeof ask.format, "%s", p->type->format);
	if (p->type->picture)
		return helpers_ask(&p->m->helpers, &ask, NULL, &p->looked, e);
	return is_film(p->type) ? helpers_ask(&p->m->helpers, &ask, NULL, &p->looked, e) : ST_OK;
}

static void take_in_job(void *arg)
{
	struct put *p = arg;
	char temp[MEDIA_PATH_MAX];
	temp_path(p->m, temp);
	p->st = take_in(p, temp, &p->err);
	unlink(temp);
	/* What can not be shown is not kept either. */
	if (p->st != ST_OK && p->original[0])
		unlink(p->original);
}

/* --- variants --------------------------------------------------------------------------------------------------- */

struct variant {
	struct put *p;
	int asked;
	struct media_told told;
	uint64_t webp_bytes, plain_bytes;
	enum status st;
	struct err err;
	unsigned *left; /* variants still being made; with the waiting fiber, of one loop */
	struct fiber *fiber;
};

static enum status variant_file(struct variant *v, const char *temp, const char *ext, uint64_t *bytes, struct err *e)
{
	char suffix[32], path[MEDIA_PATH_MAX];
	struct stat st;
	snprintf(suffix, sizeof suffix, "-%d.%s", v->told.width, ext);
	final_path(v->p->m, v->p->sha, suffix, path);
	TRY(move_into_place(temp, path, e));
	if (stat(path, &st))
		return err_errno(e, ST_IO, "%s", path);
	*bytes = (uint64_t)st.st_size;
	return ST_OK;
}

static enum status make_variant(struct variant *v, struct media_ask *ask, struct err *e)
{
	TRY(helpers_ask(&v->p->m->helpers, ask, &v->p->gone, &v->told, e));
	TRY(variant_file(v, ask->webp, "webp", &v->webp_bytes, e));
	return variant_file(v, ask->plain, v->told.png ? "png" : "jpg", &v->plain_bytes, e);
}

static void variant_job(void *arg)
{
	struct variant *v = arg;
	struct media_ask ask = { .task = MEDIA_VARIANT, .width = v->asked };
	if (atomic_load(&v->p->gone)) {
		v->st = ST_CANCELLED;
		return;
	}
	memcpy(ask.source, v->p->original, sizeof ask.source);
	temp_path(v->p->m, ask.webp);
	temp_path(v->p->m, ask.plain);
	v->st = make_variant(v, &ask, &v->err);
	unlink(ask.webp);
	unlink(ask.plain);
}

static void variant_done(void *arg)
{
	struct variant *v = arg;
	--*v->left;
	if (v->fiber)
		fiber_wake(v->fiber);
}

static unsigned plan_widths(int width, int out[WIDTHS])
{
	unsigned n = 0;
	for (size_t i = 0; i < sizeof widths / sizeof *widths && widths[i] <= width; i++)
		out[n++] = widths[i];
	if (!n || (out[n - 1] < width && width < widths[sizeof widths / sizeof *widths - 1]))
		out[n++] = width;
	return n;
}

static enum status make_variants(struct put *p, struct variant *v, unsigned n, struct err *e)
{
	unsigned left = 0;
	enum status st = ST_OK;
	/* Each on a thread of its own, if the pool has them; a full queue is waited out by doing one ourselves. */
	for (unsigned i = 0; i < n && st == ST_OK; i++) {
		v[i].left = &left;
		v[i].fiber = fiber_self();
		left++;
		if ((p->urgent ? offload_detached_first : offload_detached)(
		            OFFLOAD_PICTURES, variant_job, variant_done, &v[i]) != ST_OK) {
			left--;
			st = offload(OFFLOAD_PICTURES, variant_job, &v[i]);
		}
	}
	/* They write to this stack, so it stays until the last has ended; whoever leaves has them end early. */
	enum status left_by = ST_OK;
	while (left) {
		enum status parked = fiber_park(FIBER_FOREVER);
		if (parked == ST_OK || left_by != ST_OK)
			continue;
		atomic_store(&p->gone, true);
		left_by = parked;
		fiber_shield();
	}
	if (left_by != ST_OK) {
		fiber_unshield();
		return err_set(e, left_by,
		        left_by == ST_TIMEOUT ? "the picture took too long" : "nobody waits for this picture any more");
	}
	if (st != ST_OK)
		return err_set(e, st, "too much work is waiting");
	for (unsigned i = 0; i < n; i++)
		if (v[i].st != ST_OK)
			return err_set(e, v[i].st, "%s", v[i].err.msg);
	return ST_OK;
}

/* --- the info file: what was put, in words ---------------------------------------------------------------------- */

static void info_line(struct put *p, const char *format, int width, int height, uint64_t bytes, const char *suffix)
{
	size_t room = sizeof p->info - p->info_len;
	int n = snprintf(p->info + p->info_len, room, "%s %d %d %llu %s\n", format, width, height,
	        (unsigned long long)bytes, suffix);
	assert(n > 0 && (size_t)n < room); /* VARIANTS_MAX short lines */
	p->info_len += (size_t)n;
}

/* First line: the original. The suffix of a served file is what follows the hash in its name. */
static void compose_info(struct put *p, const struct variant *v, unsigned n)
{
	char suffix[32];
	bool as_it_came = !p->type->picture || n == 0;
	info_line(p, p->type->format, p->looked.width, p->looked.height, p->size, "-");
	if (as_it_came) {
		snprintf(suffix, sizeof suffix, ".%s", p->type->ext);
		info_line(p, p->type->format, p->looked.width, p->looked.height, p->size, suffix);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct media_told *t = &v[i].told;
		snprintf(suffix, sizeof suffix, "-%d.webp", t->width);
		info_line(p, "webp", t->width, t->height, v[i].webp_bytes, suffix);
		snprintf(suffix, sizeof suffix, "-%d.%s", t->width, t->png ? "png" : "jpg");
		info_line(p, t->png ? "png" : "jpeg", t->width, t->height, v[i].plain_bytes, suffix);
	}
}

static enum status write_info(struct put *p, const char *temp, struct err *e)
{
	char path[MEDIA_PATH_MAX], *end;
	final_path(p->m, p->sha, ".info", path);
	{
		SCOPED_FD fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || !write_all(fd, p->info, p->info_len))
			return err_errno(e, ST_IO, "media");
	}
	TRY(move_into_place(temp, path, e));
	end = strrchr(path, '/');
	*end = 0;
	return sync_path(path, e);
}

static void write_info_job(void *arg)
{
	struct put *p = arg;
	char temp[MEDIA_PATH_MAX];
	temp_path(p->m, temp);
	p->st = write_info(p, temp, &p->err);
	unlink(temp);
}

/* "format width height bytes suffix" */
static bool parse_line(struct arena *a, struct put *p, struct str line, struct media_variant *v)
{
	struct str format, w, h, bytes;
	int64_t iw, ih;
	str_cut(&line, ' ', &format);
	str_cut(&line, ' ', &w);
	str_cut(&line, ' ', &h);
	str_cut(&line, ' ', &bytes);
	const struct media_type *t = media_type_of_format(format.p, format.n);
	if (!t || !str_i64(w, &iw) || !str_i64(h, &ih) || !str_u64(bytes, &v->bytes) || !line.n)
		return false;
	v->format = t->format;
	v->width = (int)iw;
	v->height = (int)ih;
	v->path = arena_strf(a, "%.2s/%.2s/%s%.*s", p->sha, p->sha + 2, p->sha, STR_ARG(line));
	return true;
}

static enum status fill_item(struct arena *a, struct put *p, struct media_item *out, struct err *e)
{
	struct str rest = str_n(p->info, p->info_len), line;
	struct media_variant original;
	*out = (struct media_item){ .variants = ARENA_ARRAY(a, struct media_variant, VARIANTS_MAX + 1) };
	memcpy(out->sha256, p->sha, sizeof out->sha256);
	if (!str_cut(&rest, '\n', &line) || !parse_line(a, p, line, &original))
		return err_set(e, ST_CORRUPT, "%s.info is damaged", p->sha);
	out->type = media_type_of_format(original.format, strlen(original.format))->mime;
	out->width = original.width;
	out->height = original.height;
	out->bytes = original.bytes;
	while (rest.n && !str_eqc(rest, LATER) && out->variant_count <= VARIANTS_MAX && str_cut(&rest, '\n', &line)) {
		if (!parse_line(a, p, line, &out->variants[out->variant_count]))
			return err_set(e, ST_CORRUPT, "%s.info is damaged", p->sha);
		out->variant_count++;
	}
	return ST_OK;
}

static bool is_later(const struct put *p)
{
	return str_ends(str_n(p->info, p->info_len), STR("\n" LATER));
}

/* --- put -------------------------------------------------------------------------------------------------------- */

/* An animation stays what it is, under the name that is served, without what its camera wrote into it. */
static enum status serve_stripped(struct put *p, struct media_ask *ask, struct err *e)
{
	char suffix[16], path[MEDIA_PATH_MAX];
	struct media_told told;
	snprintf(suffix, sizeof suffix, ".%s", p->type->ext);
	final_path(p->m, p->sha, suffix, path);
	TRY(helpers_ask(&p->m->helpers, ask, &p->gone, &told, e));
	return move_into_place(ask->plain, path, e);
}

static void serve_original_job(void *arg)
{
	struct put *p = arg;
	struct media_ask ask = { .task = MEDIA_STRIP };
	memcpy(ask.source, p->original, sizeof ask.source);
	snprintf(ask.format, sizeof ask.format, "%s", p->type->format);
	temp_path(p->m, ask.plain);
	p->st = serve_stripped(p, &ask, &p->err);
	unlink(ask.plain);
}

static enum status run_job(struct put *p, void (*job)(void *), struct err *e)
{
	enum status st = offload(OFFLOAD_PROMPT, job, p);
	if (st != ST_OK)
		return err_set(e, st, "too much work is waiting");
	return p->st == ST_OK ? ST_OK : err_set(e, p->st, "%s", p->err.msg);
}

/* A picture that turns out to be broken only when it is unpacked: what can not be shown is not kept either. */
static void drop_job(void *arg)
{
	struct variant *v = arg;
	unlink(v->p->original);
	for (unsigned i = 0; i < WIDTHS && v[i].p; i++) {
		char suffix[32], path[MEDIA_PATH_MAX];
		snprintf(suffix, sizeof suffix, "-%d.webp", v[i].told.width);
		final_path(v->p->m, v->p->sha, suffix, path);
		unlink(path);
		snprintf(suffix, sizeof suffix, "-%d.%s", v[i].told.width, v[i].told.png ? "png" : "jpg");
		final_path(v->p->m, v->p->sha, suffix, path);
		unlink(path);
	}
}

static void give_share(struct fsem **share)
{
	if (*share)
		fsem_give(*share);
}

static enum status take_share(struct ctx *ctx, struct media *m, int64_t whose, struct fsem **share, struct err *e)
{
	struct fsem *s = &m->shares[(uint64_t)whose * UINT64_C(0x9e3779b97f4a7c15) >> 56];
	if (!whose || !fiber_self())
		return ST_OK;
	enum status st = fsem_take(s, ctx->deadline_ns ? ctx->deadline_ns : FIBER_FOREVER);
	if (st == ST_OK)
		*share = s;
	return st == ST_UNAVAILABLE
	        ? err_set(e, ST_RATE_LIMITED,
	                  "Several pictures of yours are still being made ready. Please try again in a minute.")
	        : st;
}

/* What libvips will make of it, as far as the header tells. */
static struct media_told foreseen(const struct media_told *looked, int width)
{
	int height = (int)lround((double)looked->height * width / looked->width);
	return (struct media_told){ .width = width, .height = height < 1 ? 1 : height, .png = looked->png };
}

static enum status write_later(struct put *p, const struct variant *v, unsigned n, struct err *e)
{
	compose_info(p, v, n);
	memcpy(p->info + p->info_len, LATER, sizeof LATER);
	p->info_len += sizeof LATER - 1;
	return run_job(p, write_info_job, e);
}

static enum status make_all(struct put *p, struct variant *v, unsigned n, struct err *e)
{
	enum status made = make_variants(p, v, n, e);
	if ((made == ST_CORRUPT || made == ST_CANCELLED || made == ST_TIMEOUT) &&
	        offload(OFFLOAD_PROMPT, drop_job, v) != ST_OK)
		drop_job(v);
	return made;
}

static enum status put_new(struct put *p, struct err *e)
{
	struct variant v[WIDTHS] = { 0 };
	int asked[WIDTHS];
	unsigned n = 0;
	if (p->type->picture && p->looked.pages > 1) {
		TRY(run_job(p, serve_original_job, e));
	} else if (p->type->picture) {
		n = plan_widths(p->looked.width, asked);
		for (unsigned i = 0; i < n; i++)
			v[i] = (struct variant){ .p = p, .asked = asked[i], .told = foreseen(&p->looked, asked[i]) };
		if (p->when == MEDIA_LATER)
			return write_later(p, v, n, e);
		TRY(make_all(p, v, n, e));
	}
	compose_info(p, v, n);
	return run_job(p, write_info_job, e);
}

static enum status store_upload(struct ctx *ctx, struct put *p, struct media_item *out, struct err *e)
{
	assert(ctx->tx_depth == 0);
	TRY(run_job(p, take_in_job, e));
	if (!p->known)
		TRY(put_new(p, e));
	else if (p->when == MEDIA_NOW && is_later(p))
		TRY(media_finish(ctx, p->m, str_c(p->sha), e));
	return fill_item(ctx->arena, p, out, e);
}

enum status media_would_take(int fd, struct str name, struct err *e)
{
	unsigned char space[SNIFF];
	ssize_t n = pread(fd, space, sizeof space, 0);
	if (n < 0)
		return err_errno(e, ST_IO, "the file can not be read");
	return media_sniff_named(space, (size_t)n, name)
	               ? ST_OK
	               : err_set(e, ST_MEDIA_TYPE, "this is no kind of file that is kept here");
}

enum status media_put_file(struct ctx *ctx, struct media *m, int fd, struct str name, enum media_when when,
                           struct media_item *out, struct err *e)
{
	struct put *p = ARENA_NEW(ctx->arena, struct put);
	p->m = m;
	p->in = fd;
	p->name = name;
	p->when = when;
	return store_upload(ctx, p, out, e);
}

enum status media_put(
        struct ctx *ctx, struct media *m, int64_t whose, struct str bytes, struct media_item *out, struct err *e)
{
	__attribute__((cleanup(give_share))) struct fsem *share = NULL;
	TRY(take_share(ctx, m, whose, &share, e));
	struct put *p = ARENA_NEW(ctx->arena, struct put);
	p->m = m;
	p->in = -1;
	p->bytes = bytes;
	return store_upload(ctx, p, out, e);
}

/* --- later ------------------------------------------------------------------------------------------------------- */

static bool all_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

static void read_info_job(void *arg)
{
	struct put *p = arg;
	p->known = read_info(p);
	p->st = ST_OK;
}

/* What is known of a picture by its hash, without its bytes. ST_NOT_FOUND: nothing. */
static enum status recall(struct ctx *ctx, struct media *m, struct str sha256, struct put **out, struct err *e)
{
	struct put *p = ARENA_NEW(ctx->arena, struct put);
	struct media_variant original;
	struct str rest, line;
	if (sha256.n != SHA_HEX || !all_hex(sha256))
		return err_set(e, ST_NOT_FOUND, "there is no such file");
	p->m = m;
	memcpy(p->sha, sha256.p, SHA_HEX);
	TRY(run_job(p, read_info_job, e));
	rest = str_n(p->info, p->info_len);
	if (!p->known || !str_cut(&rest, '\n', &line) || !parse_line(ctx->arena, p, line, &original))
		return err_set(e, ST_NOT_FOUND, "there is no such file");
	p->type = media_type_of_format(original.format, strlen(original.format));
	p->size = original.bytes;
	p->looked = (struct media_told){ .width = original.width, .height = original.height, .pages = 1 };
	final_path(m, p->sha, ".orig", p->original);
	*out = p;
	return ST_OK;
}

enum status media_finish(struct ctx *ctx, struct media *m, struct str sha256, struct err *e)
{
	struct variant v[WIDTHS] = { 0 };
	int asked[WIDTHS];
	struct put *p;
	TRY(recall(ctx, m, sha256, &p, e));
	if (!is_later(p))
		return ST_OK;
	unsigned n = plan_widths(p->looked.width, asked);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct variant){ .p = p, .asked = asked[i] };
	TRY(make_variants(p, v, n, e));
	p->info_len = 0;
	compose_info(p, v, n);
	return run_job(p, write_info_job, e);
}

/* The one of that width; its file appears under its name, whoever asks for it next finds it. */
static enum status make_one(struct put *p, int width, struct err *e)
{
	struct variant v = { .p = p, .asked = width };
	p->urgent = true;
	return make_variants(p, &v, 1, e);
}

/* --- serving ---------------------------------------------------------------------------------------------------- */

/* "ab/cd/<64 hex>[-<digits>].<ext>" and nothing else reaches the file system. */
static const struct media_type *served_name(struct str path)
{
	struct str sha = str_first(str_skip(path, 6), SHA_HEX), rest = str_skip(path, 6 + SHA_HEX), number;
	uint64_t width;
	if (path.n < 6 + SHA_HEX + 2 || path.p[2] != '/' || path.p[5] != '/' || !all_hex(sha) ||
	        memcmp(path.p, sha.p, 2) || memcmp(path.p + 3, sha.p + 2, 2) || !str_cut(&rest, '.', &number))
		return NULL;
	if (number.n && (number.p[0] != '-' || number.n > 6 || !str_u64(str_skip(number, 1), &width)))
		return NULL;
	return media_type_of_ext(rest.p, rest.n);
}

static enum status open_stored(const char *path, int *fd, struct err *e)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd >= 0)
		return ST_OK;
	return errno == ENOENT ? err_set(e, ST_NOT_FOUND, "there is no such file") : err_errno(e, ST_IO, "media");
}

enum status media_open_original(struct media *m, struct str sha256, int *fd, struct err *e)
{
	char sha[SHA_HEX + 1], path[MEDIA_PATH_MAX];
	if (sha256.n != SHA_HEX || str_chr(sha256, '/') >= 0)
		return err_set(e, ST_NOT_FOUND, "there is no such file");
	memcpy(sha, sha256.p, SHA_HEX);
	sha[SHA_HEX] = 0;
	final_path(m, sha, ".orig", path);
	return open_stored(path, fd, e);
}

enum status media_open_path(struct media *m, struct str path, int *fd, const char **type, struct err *e)
{
	char whole[MEDIA_PATH_MAX];
	const struct media_type *t = served_name(path);
	if (!t)
		return err_set(e, ST_NOT_FOUND, "there is no such file");
	snprintf(whole, sizeof whole, "%s/%.*s", m->dir, STR_ARG(path));
	*type = t->mime;
	return open_stored(whole, fd, e);
}

/* The width in "ab/cd/<64 hex>-640.webp"; 0: it has none. */
static int width_in(struct str path)
{
	struct str rest = str_skip(path, 6 + SHA_HEX), number;
	uint64_t width = 0;
	(void)str_cut(&rest, '.', &number);
	return number.n > 1 && str_u64(str_skip(number, 1), &width) && width <= INT16_MAX ? (int)width : 0;
}

static bool is_planned(const struct put *p, int width)
{
	int asked[WIDTHS];
	unsigned n = plan_widths(p->looked.width, asked);
	for (unsigned i = 0; i < n; i++)
		if (asked[i] == width)
			return true;
	return false;
}

enum status media_open_or_make(
        struct ctx *ctx, struct media *m, struct str path, int *fd, const char **type, struct err *e)
{
	struct put *p;
	enum status st = media_open_path(m, path, fd, type, e);
	int width = st == ST_NOT_FOUND && served_name(path) ? width_in(path) : 0;
	if (!width || !fiber_self())
		return st;
	TRY(recall(ctx, m, str_first(str_skip(path, 6), SHA_HEX), &p, e));
	if (!is_later(p) || !is_planned(p, width))
		return err_set(e, ST_NOT_FOUND, "there is no such file");
	__attribute__((cleanup(give_share))) struct fsem *turn = NULL;
	struct fsem *maker = &m->makers[(unsigned char)p->sha[0] % MAKERS ^ (unsigned char)p->sha[1] % MAKERS];
	TRY(fsem_take(maker, ctx->deadline_ns ? ctx->deadline_ns : FIBER_FOREVER));
	turn = maker;
	if (media_open_path(m, path, fd, type, NULL) == ST_OK) /* whoever was before us made it */
		return ST_OK;
	TRY(make_one(p, width, e));
	return media_open_path(m, path, fd, type, e);
}
