/* SPDX-License-Identifier: Apache-2.0
 *
 * The file itself: size, encoding, nesting, JSON, shape. Every refusal says where: line, column and byte, or the
 * member.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/blog/ghost.h"

#define FILE_DEPTH_MAX 24 /* rows lie at 5; bodies are text */
#define VERSION_LEN    40 /* characters of what the file says that it is */
#define BEGINNING      256 /* bytes by which what is no JSON is known */

struct ghost_upload { char *data; size_t size; };

static void file_fini(struct ghost_upload *f) { free(f->data); }
static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static enum status file_read(struct ghost_upload *f, const char *path, uint64_t max, struct err *e)
{
	__attribute__((cleanup(closep))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ST_INVALID, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ST_INVALID, "%s is not a file", path);
	if ((uint64_t)st.st_size > max)
		return err_set(e, ST_TOO_LARGE, "%s has %lld bytes, at most %llu are read", path, (long long)st.st_size,
		               (unsigned long long)max);
	f->data = malloc((size_t)st.st_size + 1);
	if (!f->data)
		return err_set(e, ST_NOMEM, "no memory for the %lld bytes of %s", (long long)st.st_size, path);
	while (f->size < (size_t)st.st_size) {
		ssize_t n = read(fd, f->data + f->size, (size_t)st.st_size - f->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ST_IO, "%s", path);
		if (n == 0)
			break;
		f->size += (size_t)n;
	}
	return ST_OK;
}

/* --- encoding and nesting ----------------------------------------------------------------------------------------- */

static void position(struct str s, size_t at, unsigned *line, unsigned *column)
{
	size_t start = 0;
	*line = 1;
	for (size_t i = 0; i < at && i < s.n; i++) {
		if (s.p[i] == '\n') {
			++*line;
			start = i + 1;
		}
	}
	*column = (unsigned)(at - start) + 1;
}

static enum status ghost_file_refuse(const char *path, struct str s, size_t at, struct err *e, const char *why)
{
	unsigned line, column;
	position(s, at, &line, &column);
	return err_set(
	        e, ST_INVALID, "%s is no Ghost export: line %u, column %u (byte %zu): %s", path, line, column, at, why);
}

/* Offset of the first byte that is not UTF-8; n when all is. */
static size_t bad_utf8(struct str s)
{
	size_t low = 0, high = s.n;
	if (str_utf8_valid(s))
		return s.n;
	while (low < high) { /* a prefix that ends inside a character is invalid too: the search ends at most 3 bytes
		                early */
		size_t mid = low + (high - low) / 2;
		size_t end = mid + 1;
		while (end < s.n && ((unsigned char)s.p[end] & 0xc0) == 0x80 && end < mid + 4)
			end++;
		if (str_utf8_valid(str_first(s, end)))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum status check_text(const char *path, struct str s, struct err *e)
{
	size_t at = 0;
	struct str begin = str_trim(str_first(s, BEGINNING));
	if (!s.n || !begin.n)
		return err_set(e, ST_INVALID, "%s is empty", path);
	if (s.n > 2 && (!memcmp(s.p, "\xff\xfe", 2) || !memcmp(s.p, "\xfe\xff", 2) || !s.p[0] || !s.p[1]))
		return err_set(e, ST_INVALID, "%s is UTF-16: save it as UTF-8, as Ghost wrote it", path);
	if (begin.p[0] == '<')
		return err_set(e, ST_INVALID,
		        "%s is an HTML page and no Ghost export (perhaps the answer of a server that failed)", path);
	if ((at = bad_utf8(s)) < s.n)
		return ghost_file_refuse(path, s, at, e, "this is not UTF-8");
	const char *nul = memchr(s.p, 0, s.n);
	if (nul)
		return ghost_file_refuse(path, s, (size_t)(nul - s.p), e, "there is a NUL byte");
	return ST_OK;
}

static enum status ghost_json_parse(struct ghost *g, const char *path, struct str s, struct err *e)
{
	struct err why = { 0 };
	size_t dropped = 0;
	g->doc = json_parse(json_without_nul(g->a, s, &dropped), FILE_DEPTH_MAX, &why);
	if (dropped)
		import_note(g->log, IMPORT_OTHER, STR("the file"), "has %zu NUL characters, which were left out",
		            dropped);
	if (g->doc)
		return ST_OK;
	return err_set(e, why.status, why.status == ST_NOMEM ? "%s: %s" : "%s is no Ghost export: %s", path, why.msg);
}

/* --- shape -------------------------------------------------------------------------------------------------------- */

static const char *kind_of(const json_t *j)
{
	static const char *const names[] = { "an object", "an array", "text", "a number", "a number", "true", "false",
		"null" };
	return j ? names[json_typeof(j)] : "nothing";
}

static enum status find_data(struct ghost *g, const char *path, json_t **data, const char **where, struct err *e)
{
	json_t *db = json_object_get(g->doc, "db"), *root = g->doc, *meta;
	*where = "data";
	if (!json_is_object(g->doc))
		return err_set(
		        e, ST_INVALID, "%s is no Ghost export: expected an object, found %s", path, kind_of(g->doc));
	if (db) {
		if (!json_is_array(db) || !json_array_size(db))
			return err_set(e, ST_INVALID,
			        "%s is no Ghost export: member \"db\": expected an array with one entry, found %s",
			        path, json_is_array(db) ? "an empty one" : kind_of(db));
		root = json_array_get(db, 0);
		*where = "db[0].data";
	}
	*data = json_object_get(root, "data");
	if (!json_is_object(*data))
		return err_set(e, ST_INVALID, "%s is no Ghost export: member \"%s\": expected an object, found %s",
		        path, *where, kind_of(*data));
	meta = json_object_get(root, "meta");
	g->version = str_utf8_first(ghost_id(g->a, meta, "version"), VERSION_LEN);
	if (!ghost_time(meta, "exported_on", &g->exported_at))
		g->exported_at = g->plan->now;
	return ST_OK;
}

static enum status find_tables(struct ghost *g, const char *path, json_t *data, const char *where, struct err *e)
{
	static const char *const names[GHOST_TABLES] = {
		"posts",
		"posts_meta",
		"tags",
		"posts_tags",
		"users",
		"posts_authors",
		"roles",
		"roles_users",
		"settings",
		"products",
		"posts_products",
		"newsletters",
		"custom_theme_settings",
		"snippets",
	};
	bool any = false;
	for (int t = 0; t < GHOST_TABLES; t++) {
		json_t *j = json_object_get(data, names[t]);
		if (!j || json_is_null(j))
			continue;
		if (!json_is_array(j))
			return err_set(e, ST_INVALID,
			        "%s is no Ghost export: member \"%s.%s\": expected an array, found %s", path, where,
			        names[t], kind_of(j));
		g->tables[t] = j;
		any = true;
	}
	return any
	        ? ST_OK
	        : err_set(e, ST_INVALID,
	                  "%s is no Ghost export: member \"%s\" has none of the tables of one (posts, tags, users …)",
	                  path, where);
}

enum status ghost_open(struct ghost *g, const char *path, uint64_t max, struct err *e)
{
	__attribute__((cleanup(file_fini))) struct ghost_upload f = { NULL, 0 };
	json_t *data = NULL;
	const char *where = "";
	TRY(file_read(&f, path, max, e));
	struct str s = str_n(f.data ? f.data : "", f.size);
	if (str_starts(s, STR("\xef\xbb\xbf"))) /* saved by hand in some editors */
		s = str_skip(s, 3);
	TRY(check_text(path, s, e));
	TRY(ghost_json_parse(g, path, s, e));
	TRY(find_data(g, path, &data, &where, e));
	return find_tables(g, path, data, where, e);
}

void ghost_close(struct ghost *g)
{
	json_decref(g->doc);
	g->doc = NULL;
}
