/* SPDX-License-Identifier: Apache-2.0
 *
 * The one configuration table: declared rows, what was given for each, and where that came from. Built once by
 * config_load; config_reload replaces the values of live rows only, each atomically, so readers on any thread see the
 * old or the new. Texts are kept until config_free: those replaced as well.
 */
#include "platform/config/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/log.h"
#include "platform/config/config_value.h"
#include "platform/config/suggest.h"

#define CONFIG_FILE_MAX (1 << 20)
#define CONFIG_MEMORY (16 << 20)

struct entry {
	const struct setting *def;
	char *name; /* "section.key" */
	_Atomic(const char *) text;
	_Atomic int64_t num;
	const char *source;
	bool set;
	bool fixed;              /* the environment or --set gave it */
	const char *kept;        /* chosen in the administration; NULL: not */
	const char *base, *base_source; /* what it is without that */
};

struct config {
	struct arena *arena;
	struct entry *entries; /* sorted by name */
	size_t count;
	bool reloading;
	pthread_mutex_t lock; /* of changes: config_reload, config_keep */
};

extern char **environ;

static const struct setting core_settings[] = {
#define X(section, key, kind, fallback, min, max, choices, live, help) \
	{ #section, #key, SET_##kind, fallback, min, max, choices, live, help },
#include "platform/config/settings.def"
#undef X
	{ 0 },
};

static const struct setting service_settings[] = {
#define X(...)
#define SERVICE_X(key, kind, fallback, help) { NULL, #key, SET_##kind, fallback, 0, 0, NULL, 0, help },
#include "platform/config/settings.def"
#undef SERVICE_X
#undef X
	{ 0 },
};

/* --- the table ---------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static size_t count_rows(const struct setting *s)
{
	size_t n = 0;
	while (s && s[n].key)
		n++;
	return n;
}

static void add_row(struct config *c, const char *section, const struct setting *s)
{
	struct setting *own = arena_memdup(c->arena, s, sizeof *s);
	own->section = section;
	c->entries[c->count++] = (struct entry){ .def = own, .name = arena_printf(c->arena, "%s.%s", section, s->key),
		.source = "default" };
}

static enum status declare(struct config *c, const struct service *const *services, struct err *e)
{
	size_t n = count_rows(core_settings);
	for (const struct service *const *s = services; s && *s; s++)
		n += count_rows(service_settings) + count_rows((*s)->settings);
	c->entries = ARENA_ARRAY(c->arena, struct entry, n);
	for (const struct setting *row = core_settings; row->key; row++)
		add_row(c, row->section, row);
	for (const struct service *const *s = services; s && *s; s++) {
		for (const struct setting *row = service_settings; row->key; row++)
			add_row(c, (*s)->name, row);
		for (const struct setting *row = (*s)->settings; row && row->key; row++)
			add_row(c, row->section ? row->section : (*s)->name, row);
	}
	qsort(c->entries, c->count, sizeof *c->entries, by_name);
	for (size_t i = 0; i < c->count; i++) {
		struct entry *row = &c->entries[i];
		if (i && !strcmp(row[-1].name, row->name))
			return err_set(e, ST_CONFIG, "setting %s is declared twice", row->name);
		int64_t num;
		const char *text = row->def->fallback ? row->def->fallback : "";
		if (config_parse_value(row->def, str_c(text), &num, e) != ST_OK)
			return err_wrap(e, ST_CONFIG, "default of %s", row->name);
		row->text = text;
		row->num = num;
	}
	return ST_OK;
}

static struct entry *entry_find(const struct config *c, struct str name)
{
	size_t lo = 0, hi = c->count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = str_cmp(name, str_c(c->entries[mid].name));
		if (!d)
			return &c->entries[mid];
		*(d < 0 ? &hi : &lo) = d < 0 ? mid : mid + 1;
	}
	return NULL;
}

/* --- values ------------------------------------------------------------------------------------------------- */

/* A secret may stand in a file of its own: "file:/run/credentials/…". */
static enum status read_secret(struct config *c, const char *path, const char **text, struct err *e)
{
	char data[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof data);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	if (n < 0)
		return err_errno(e, ST_CONFIG, "can not read %s", path);
	*text = arena_cstr(c->arena, str_trim(str_n(data, (size_t)n)));
	return ST_OK;
}

static enum status set_row(struct config *c, struct entry *row, struct str value, const char *source, struct err *e)
{
	int64_t num;
	const char *text = arena_cstr(c->arena, value);
	if (row->def->kind == SET_SECRET && !strncmp(text, "file:", 5) && read_secret(c, text + 5, &text, e) != ST_OK)
		return err_wrap(e, ST_CONFIG, "%s (%s)", row->name, source);
	if (config_parse_value(row->def, value, &num, e) != ST_OK)
		return err_wrap(e, ST_CONFIG, "%s (%s)", row->name, source);
	row->set = strcmp(source, "default") != 0;
	row->source = arena_cstr(c->arena, str_c(source));
	if (c->reloading && !row->def->live) {
		if (strcmp(row->text, text))
			LOG(WARN, NULL, "config.needs_restart", LS("setting", row->name));
		return ST_OK;
	}
	row->num = num;
	row->text = text;
	return ST_OK;
}

static enum status unknown(const struct config *c, struct str name, const char *source, struct err *e)
{
	struct suggest s;
	suggest_init(&s, name);
	for (size_t i = 0; i < c->count; i++)
		suggest_offer(&s, c->entries[i].name);
	if (s.best)
		return err_set(
		        e, ST_CONFIG, "unknown setting %.*s (%s). Did you mean %s?", STR_ARG(name), source, s.best);
	return err_set(e, ST_CONFIG, "unknown setting %.*s (%s). `guildhall dump settings` lists them all",
	        STR_ARG(name), source);
}

static enum status on_ini_row(
        void *arg, struct str section, struct str key, struct str value, const char *source, struct err *e)
{
	struct config *c = arg;
	struct str name = arena_strf(c->arena, "%.*s.%.*s", STR_ARG(section), STR_ARG(key));
	struct entry *row = entry_find(c, name);
	return row ? set_row(c, row, value, source, e) : unknown(c, name, source, e);
}

static enum status load_file(struct config *c, const char *path, struct err *e)
{
	char *data = NULL;
	enum status st = ST_CONFIG;
	struct stat sb;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &sb) < 0) {
		st = err_errno(e, ST_CONFIG, "can not read the configuration file %s", path);
	} else if (!S_ISREG(sb.st_mode) || sb.st_size > CONFIG_FILE_MAX) {
		st = err_set(e, ST_CONFIG, "%s is no configuration file", path);
	} else {
		data = arena_alloc(c->arena, (size_t)sb.st_size + 1);
		ssize_t n = read(fd, data, (size_t)sb.st_size);
		st = n < 0 ? err_errno(e, ST_CONFIG, "can not read %s", path)
		           : config_parse_ini(path, str_n(data, (size_t)n), on_ini_row, c, e);
	}
	if (fd >= 0)
		close(fd);
	return st;
}

/* GUILDHALL_SECTION_KEY as it would be for row. */
static void environment_name(const struct entry *row, char out[128])
{
	snprintf(out, 128, "GUILDHALL_%s", row->name);
	for (char *p = out; *p; p++)
		*p = (char)(*p == '.' ? '_' : *p >= 'a' && *p <= 'z' ? *p - 32 : *p);
}

static enum status set_from_environment(struct config *c, struct str name, struct str value, struct err *e)
{
	char env[128];
	struct suggest s;
	char source[160];
	snprintf(source, sizeof source, "environment %.*s", STR_ARG(name));
	suggest_init(&s, name);
	for (size_t i = 0; i < c->count; i++) {
		environment_name(&c->entries[i], env);
		if (str_eqc(name, env))
			return set_row(c, &c->entries[i], value, source, e);
		suggest_offer(&s, arena_cstr(c->arena, str_c(env)));
	}
	return err_set(e, ST_CONFIG, "unknown setting in the environment: %.*s%s%s%s", STR_ARG(name),
	        s.best ? ". Did you mean " : "", s.best ? s.best : "", s.best ? "?" : "");
}

static enum status load_environment(struct config *c, struct err *e)
{
	for (char **v = environ; v && *v; v++) {
		struct str value = str_c(*v), name;
		if (!str_starts(value, STR("GUILDHALL_")) || !str_cut(&value, '=', &name))
			continue;
		TRY(set_from_environment(c, name, value, e));
	}
	return ST_OK;
}

static enum status load_sets(struct config *c, const struct config_source *src, struct err *e)
{
	for (unsigned i = 0; i < src->set_count; i++) {
		struct str value = str_c(src->sets[i]), name;
		if (!str_cut(&value, '=', &name) || str_chr(name, '.') < 1)
			return err_set(e, ST_CONFIG, "--set %s: section.key=value expected", src->sets[i]);
		struct entry *row = entry_find(c, name);
		TRY(row ? set_row(c, row, value, "--set", e) : unknown(c, name, "--set", e));
	}
	return ST_OK;
}

static void fix_rows(struct config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *source = c->entries[i].source;
		c->entries[i].fixed = source && (!strcmp(source, "--set") || !strncmp(source, "environment", 11));
	}
}

static enum status load_all(struct config *c, const struct config_source *src, struct err *e)
{
	if (src->file)
		TRY(load_file(c, src->file, e));
	if (src->environment)
		TRY(load_environment(c, e));
	TRY(load_sets(c, src, e));
	fix_rows(c);
	return ST_OK;
}

struct config *config_load(const struct config_source *src, const struct service *const *services, struct err *e)
{
	struct arena *a = arena_new(CONFIG_MEMORY);
	if (!a) {
		(void)!err_set(e, ST_NOMEM, "no memory for the configuration");
		return NULL;
	}
	struct config *c = ARENA_NEW(a, struct config);
	c->arena = a;
	pthread_mutex_init(&c->lock, NULL);
	if (declare(c, services, e) != ST_OK || load_all(c, src, e) != ST_OK) {
		arena_free(a);
		return NULL;
	}
	return c;
}

enum status config_reload(
        struct config *c, const struct config_source *src, const struct service *const *services, struct err *e)
{
	/* Everything is read into a second table first: a mistake in the file must not leave half of it applied. */
	struct config *fresh = config_load(src, services, e);
	if (!fresh)
		return ST_CONFIG;
	pthread_mutex_lock(&c->lock);
	c->reloading = true;
	for (size_t i = 0; i < c->count; i++) {
		struct entry *row = &c->entries[i], *now = &fresh->entries[i];
		if (row->kept && !now->fixed) { /* it counts for more than the file */
			row->base = arena_cstr(c->arena, str_c(now->text));
			row->base_source = arena_cstr(c->arena, str_c(now->source));
		} else if (strcmp(row->text, now->text)) {
			(void)!set_row(c, row, str_c(now->text), now->source, NULL);
		}
	}
	c->reloading = false;
	pthread_mutex_unlock(&c->lock);
	config_free(fresh);
	return ST_OK;
}

/* --- what is kept ------------------------------------------------------------------------------------------- */

enum status config_check(const struct config *c, struct str name, struct str value, struct err *e)
{
	int64_t num;
	const struct entry *row = entry_find(c, name);
	return row ? config_parse_value(row->def, value, &num, e)
	           : err_set(e, ST_NOT_FOUND, "There is no such setting.");
}

static const struct config_kept *kept_of(const struct entry *row, const struct config_kept *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(list[i].name, row->name))
			return &list[i];
	return NULL;
}

static void keep_row(struct config *c, struct entry *row, const struct config_kept *kept, bool at_start)
{
	if (row->fixed || (!kept && !row->kept) || (kept && row->kept && str_eqc(kept->value, row->kept)))
		return;
	if (!row->kept) {
		row->base = row->text;
		row->base_source = row->source;
	}
	row->kept = kept ? arena_cstr(c->arena, kept->value) : NULL;
	const char *text = kept ? row->kept : row->base;
	const char *source = kept ? TR_NOOP("the administration") : row->base_source;
	if (row->def->live || at_start)
		(void)!set_row(c, row, str_c(text), source, NULL); /* it was checked */
}

static bool in_section(const struct entry *row, const char *section)
{
	size_t n = strlen(section);
	return !strncmp(row->name, section, n) && row->name[n] == '.';
}

enum status config_keep(
        struct config *c, const char *section, const struct config_kept *list, size_t n, bool at_start, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (entry_find(c, list[i].name)) /* one that a later version had is left alone */
			TRY(config_check(c, list[i].name, list[i].value, e));
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++)
		if (in_section(&c->entries[i], section))
			keep_row(c, &c->entries[i], kept_of(&c->entries[i], list, n), at_start);
	pthread_mutex_unlock(&c->lock);
	return ST_OK;
}

void config_free(struct config *c)
{
	if (c)
		arena_free(c->arena);
}

/* --- reading ------------------------------------------------------------------------------------------------ */

/* As strcmp(section.key, name), without writing it down: settings are read several times per request. */
static int compare(const char *section, const char *key, const char *name)
{
	while (*section && *section == *name)
		section++, name++;
	if (*section || *name != '.')
		return (*section ? (unsigned char)*section : '.') - (unsigned char)*name;
	return strcmp(key, name + 1);
}

static const struct entry *want(const struct config *c, const char *section, const char *key)
{
	size_t lo = 0, hi = c->count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int d = compare(section, key, c->entries[mid].name);
		if (!d)
			return &c->entries[mid];
		*(d < 0 ? &hi : &lo) = d < 0 ? mid : mid + 1;
	}
	LOG(ERROR, NULL, "config.undeclared", LS("section", section), LS("key", key));
	assert(!"a setting is read that no table declares");
	return NULL;
}

static int64_t want_num(const struct config *c, const char *section, const char *key, enum setting_kind kind)
{
	const struct entry *row = want(c, section, key);
	assert(row->def->kind == kind);
	return row->num;
}

const char *config_cstr(const struct config *c, const char *section, const char *key)
{
	const struct entry *row = want(c, section, key);
	assert(row->def->kind == SET_STR || row->def->kind == SET_ENUM || row->def->kind == SET_SECRET);
	return row->text;
}

struct str config_str(const struct config *c, const char *section, const char *key)
{
	return str_c(config_cstr(c, section, key));
}

int64_t config_int(const struct config *c, const char *section, const char *key)
{
	return want_num(c, section, key, SET_INT);
}

bool config_bool(const struct config *c, const char *section, const char *key)
{
	return want_num(c, section, key, SET_BOOL);
}

int64_t config_duration_ns(const struct config *c, const char *section, const char *key)
{
	return want_num(c, section, key, SET_DURATION);
}

int64_t config_bytes(const struct config *c, const char *section, const char *key)
{
	return want_num(c, section, key, SET_BYTES);
}

bool config_is_set(const struct config *c, const char *section, const char *key)
{
	return want(c, section, key)->set;
}

size_t config_rows(const struct config *c, struct arena *a, struct config_row **out)
{
	struct config_row *rows = ARENA_ARRAY(a, struct config_row, c->count);
	pthread_mutex_t *lock = &((struct config *)(uintptr_t)c)->lock;
	pthread_mutex_lock(lock);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *row = &c->entries[i];
		const char *text = row->text;
		bool hide = row->def->kind == SET_SECRET && *text;
		rows[i] = (struct config_row){ row->def, row->name, hide ? "(secret)" : text, row->source, row->fixed };
	}
	pthread_mutex_unlock(lock);
	*out = rows;
	return c->count;
}
