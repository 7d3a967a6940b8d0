/* SPDX-License-Identifier: Apache-2.0
 *
 * Assembly. Everything that services share is made here, in the order in which it stands on each other, and taken down
 * in the reverse order.
 */
#include "platform/boot/platform.h"

#include "platform/admin/admin.h"
#include "platform/admin/sampler.h"
#include "platform/admin/settings.h"

#include <assert.h>
#include <errno.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "net/client/client.h"
#include "platform/audit/audit.h"
#include "platform/auth/session.h"
#include "platform/auth/session_cache.h"
#include "platform/boot/registry.h"
#include "platform/cache/cache.h"
#include "platform/cache/limits.h"
#include "platform/cache/redis.h"
#include "platform/hub/hub.h"
#include "platform/config/config.h"
#include "platform/config/stores.h"
#include "platform/mail/mail.h"
#include "platform/media/media.h"
#include "platform/peers/contract.h"
#include "platform/peers/fragment.h"
#include "platform/web/web_app.h"
#include "platform/work/event.h"
#include "platform/work/job.h"

#define SECRET_BYTES 32
#define SITE_MAX        ((size_t)64 << 10) /* bytes of the build's name and all services' addresses */
#define PLATFORM_MEMORY (4 << 20)

struct whole {
	struct platform p;
	struct arena *arena;
};

/* --- folders and the key ------------------------------------------------------------------------------------ */

static enum status make_folder(const char *path, struct err *e)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return ST_OK;
	return err_errno(e, ST_CONFIG, "can not make the folder %s", path);
}

static enum status make_folders(struct whole *w, struct err *e)
{
	static const char *const below[] = { "tmp", "media", "mail" };
	char *dir = arena_cstr(w->arena, config_str(w->p.config, "server", "data_dir"));
	/* Its parents too: `--data /srv/our/site` on a fresh machine. */
	for (char *at = dir + 1; *at; at++)
		if (*at == '/') {
			*at = 0;
			enum status st = make_folder(dir, e);
			*at = '/';
			TRY(st);
		}
	TRY(make_folder(dir, e));
	for (unsigned i = 0; i < sizeof below / sizeof *below; i++)
		TRY(make_folder(arena_printf(w->arena, "%s/%s", dir, below[i]), e));
	w->p.data_dir = str_c(dir);
	return ST_OK;
}

static bool from_hex(struct str hex, unsigned char out[SECRET_BYTES])
{
	if (hex.n != 2 * SECRET_BYTES)
		return false;
	for (unsigned i = 0; i < 2 * SECRET_BYTES; i++) {
		int digit = str_hex_value(hex.p[i]);
		if (digit < 0)
			return false;
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | digit);
	}
	return true;
}

/* Complete or not there at all: another process may look at any time. When one was quicker its file stays, which is no
 * failure. */
static enum status write_secret(const char *path, const char *temp, struct err *e)
{
	char hex[2 * SECRET_BYTES + 1];
	random_hex(hex, SECRET_BYTES);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ST_CONFIG, "can not make %s", temp);
	bool ok = write(fd, hex, 2 * SECRET_BYTES) == 2 * SECRET_BYTES && !fsync(fd);
	ok &= !close(fd);
	ok = ok && (!link(temp, path) || errno == EEXIST);
	enum status st = ok ? ST_OK : err_errno(e, ST_CONFIG, "can not write %s", path);
	unlink(temp);
	return st;
}

static enum status read_secret(const char *path, char hex[2 * SECRET_BYTES + 1], bool *there, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*there = fd >= 0 || errno != ENOENT;
	if (fd < 0)
		return *there ? err_errno(e, ST_CONFIG, "can not read %s", path) : ST_OK;
	ssize_t n = read(fd, hex, 2 * SECRET_BYTES);
	close(fd);
	hex[n > 0 ? n : 0] = 0;
	return ST_OK;
}

static enum status secret_of_folder(struct whole *w, char hex[2 * SECRET_BYTES + 1], struct err *e)
{
	const char *path = arena_printf(w->arena, "%s/secret", w->p.data_dir.p);
	bool there;
	TRY(read_secret(path, hex, &there, e));
	if (there)
		return ST_OK;
	char serial[17];
	random_hex(serial, 8);
	TRY(write_secret(path, arena_printf(w->arena, "%s.%s", path, serial), e));
	TRY(read_secret(path, hex, &there, e));
	return there ? ST_OK : err_set(e, ST_CONFIG, "%s is gone again", path);
}

static enum status load_secret(struct whole *w, struct err *e)
{
	char made[2 * SECRET_BYTES + 1];
	struct str hex = config_str(w->p.config, "server", "secret");
	if (!hex.n) {
		TRY(secret_of_folder(w, made, e));
		hex = str_c(made);
	}
	unsigned char *key = arena_zalloc(w->arena, SECRET_BYTES);
	if (!from_hex(hex, key))
		return err_set(e, ST_CONFIG,
		        "the site's secret must be %d hex digits (server.secret or data_dir/secret)", 2 * SECRET_BYTES);
	w->p.secret = str_n((char *)key, SECRET_BYTES);
	audit_set_secret(w->p.secret);
	return ST_OK;
}

/* --- services ----------------------------------------------------------------------------------------------- */

static struct str origin_of(struct arena *a, const struct config *c)
{
	struct str base = config_str(c, "server", "base_url"), listen = config_str(c, "server", "listen");
	if (base.n) {
		while (base.n && base.p[base.n - 1] == '/')
			base.n--;
		return base;
	}
	ptrdiff_t colon = str_rchr(listen, ':');
	struct str port = colon < 0 || str_starts(listen, STR("unix:")) ? STR("80")
	                                                                : str_skip(listen, (size_t)colon + 1);
	const char *scheme = config_str(c, "server", "tls_cert").n ? "https" : "http";
	bool usual = str_eqc(port, *scheme && scheme[4] ? "443" : "80");
	return arena_strf(a, "%s://localhost%s%.*s", scheme, usual ? "" : ":", usual ? 0 : (int)port.n, port.p);
}

void platform_base(struct arena *a, const struct config *c, const struct service *s, struct str *url, struct str *path)
{
	struct str own = config_str(c, s->name, "base_url"), domain = config_str(c, "server", "domain");
	if (!own.n && domain.n)
		own = arena_strf(a, "https://%s.%.*s", s->name, STR_ARG(domain));
	if (!own.n)
		own = arena_strf(a, "%.*s%s", STR_ARG(origin_of(a, c)), strcmp(s->mount, "/") ? s->mount : "");
	while (own.n && own.p[own.n - 1] == '/')
		own.n--;
	*url = arena_str(a, own);
	ptrdiff_t at = str_find(*url, STR("://"));
	struct str rest = str_skip(*url, at < 0 ? 0 : (size_t)at + 3);
	ptrdiff_t slash = str_chr(rest, '/');
	*path = slash < 0 ? STR("") : str_skip(rest, (size_t)slash);
}

bool platform_is_local(const struct config *c, const struct service *s)
{
	struct str only = config_str(c, "server", "only"), one;
	if (!only.n)
		return true;
	while (str_next(&only, ',', &one))
		if (str_eqc(str_trim(one), s->name))
			return true;
	return false;
}

static enum status check_only(const struct config *c, const struct service *const *services, struct err *e)
{
	struct str only = config_str(c, "server", "only"), one;
	while (only.n && str_next(&only, ',', &one)) {
		bool known = false;
		for (const struct service *const *s = services; *s; s++)
			known |= str_eqc(str_trim(one), (*s)->name);
		if (!known)
			return err_set(e, ST_CONFIG, "server.only names %.*s, which is no service", STR_ARG(one));
	}
	return ST_OK;
}

static enum status open_database(struct whole *w, struct service_instance *s, struct err *e)
{
	const struct config *c = w->p.config;
	const char *name = s->def->name;
	const char *replica = stores_url(w->arena, c, config_str(c, name, "replica"), "replica_url", name);
	s->db = stores_open(w->arena, &w->p, name, config_str(c, name, "database"), replica, e);
	return s->db ? ST_OK : ST_CONFIG;
}

static enum status make_services(struct whole *w, const struct service *const *services, struct err *e)
{
	struct platform *p = &w->p;
	unsigned n = 0;
	while (services[n])
		n++;
	TRY(check_only(p->config, services, e));
	p->services = ARENA_ARRAY(w->arena, struct service_instance, n);
	p->service_count = n;
	for (unsigned i = 0; i < n; i++) {
		struct service_instance *s = &p->services[i];
		s->def = services[i];
		s->platform = p;
		s->local = platform_is_local(p->config, s->def);
		s->remote_url = config_str(p->config, s->def->name, "remote_url");
		platform_base(w->arena, p->config, s->def, &s->base_url, &s->base_path);
		if (s->def->identity)
			p->identity = s;
		if (s->local && s->def->migrations)
			TRY(open_database(w, s, e));
	}
	return ST_OK;
}

/* --- what they share ---------------------------------------------------------------------------------------- */

static struct http_pool *make_pool(
        const struct config *c, const char *name, unsigned max, unsigned keep, bool private, struct err *e)
{
	struct http_pool_config h = { .name = name,
		.max = max,
		.keep = keep,
		.max_waiting = 1000,
		.allow_private = private,
		.timeout_ns = config_duration_ns(c, "outbound", "timeout"),
		.connect_ns = config_duration_ns(c, "outbound", "connect") };
	return http_pool_new(&h, e);
}

/* The linker's fingerprint of this program, the first that is loaded. */
static int add_build_id(struct dl_phdr_info *program, size_t size, void *to)
{
	for (unsigned i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &program->dlpi_phdr[i];
		const char *at = (const char *)(program->dlpi_addr + h->p_vaddr), *end = at + h->p_memsz;
		while (h->p_type == PT_NOTE && (size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof *note, *text = name + (note->n_namesz + 3u) / 4 * 4;
			if (note->n_type == NT_GNU_BUILD_ID && !strncmp(name, "GNU", 4))
				buf_put(to, text, note->n_descsz);
			at = text + (note->n_descsz + 3u) / 4 * 4;
		}
	}
	return 1;
}

/* Pages name assets of this build and addresses of this site, so only processes with the same build and addresses
   share them. */
static uint64_t site_number(const struct platform *p)
{
	unsigned char key[crypto_shorthash_KEYBYTES], out[crypto_shorthash_BYTES];
	uint64_t n;
	SCOPED_BUF what;
	buf_init(&what, SITE_MAX);
	dl_iterate_phdr(add_build_id, &what);
	for (unsigned i = 0; i < p->service_count; i++) {
		buf_putstr(&what, p->services[i].base_url);
		buf_putc(&what, '\n');
	}
	assert(buf_ok(&what) && "a number of a part would be another site's too");
	crypto_generichash(key, sizeof key, (const unsigned char *)p->secret.p, p->secret.n, NULL, 0);
	crypto_shorthash(out, (const unsigned char *)what.data, what.len, key);
	memcpy(&n, out, sizeof n);
	return n;
}

static enum status make_stores(struct platform *p, struct err *e)
{
	const struct config *c = p->config;
	int64_t timeout = config_duration_ns(c, "redis", "timeout");
	const char *url = config_cstr(c, "redis", "url"), *auth_url = config_cstr(c, "redis", "auth_url");
	if (*url && !(p->redis = redis_new(url, timeout, e)))
		return err_wrap(e, ST_CONFIG, "redis.url");
	if (*auth_url && !(p->auth_redis = redis_new(auth_url, timeout, e)))
		return err_wrap(e, ST_CONFIG, "redis.auth_url");
	p->cache = cache_new(
	        (size_t)config_bytes(c, "cache", "max_bytes"), (unsigned)config_int(c, "cache", "shards"), p->redis, e);
	if (!p->cache)
		return ST_CONFIG;
	cache_share_among(p->cache, site_number(p));
	if (p->identity) {
		if (!(p->auth = authstore_new(p, e)))
			return err_wrap(e, ST_CONFIG, "the auth store");
		if (!(p->sessions = session_cache_new()))
			return err_set(e, ST_NOMEM, "no memory for sessions");
		p->auth_hooks = &session_hooks;
	}
	p->rates = ratelimit_new(p->redis, (size_t)config_int(c, "rate", "max_keys"));
	if (!p->rates)
		return err_set(e, ST_NOMEM, "no memory for the rate limiter");
	if (!(p->hub = hub_new(p->redis, e)) || !(p->sampler = sampler_new(p, e)))
		return ST_NOMEM;
	return ST_OK;
}

static enum status make_rest(struct whole *w, struct err *e)
{
	struct platform *p = &w->p;
	const struct config *c = p->config;
	unsigned outside = (unsigned)config_int(c, "outbound", "connections");
	p->common_events = common_events;
	p->own_pages = admin_pages;
	p->media = media_open(arena_printf(w->arena, "%s/media", p->data_dir.p), e);
	/* Other processes of the site live in private networks; what users name must not reach there. */
	if (!p->media || !(p->pool_read = make_pool(c, "contract-read", 20, 10, true, e)) ||
	        !(p->pool_action = make_pool(c, "contract-action", 10, 5, true, e)) ||
	        !(p->pool_web = make_pool(
	                  c, "web", outside, outside / 2 + 1, config_bool(c, "outbound", "allow_private"), e)) ||
	        !(p->contracts = contracts_new(p, e)) || !(p->fragments = fragments_new(p, e)) ||
	        !(p->events = events_new(p, e)) || !(p->jobs = jobs_new(p, common_jobs, e)) ||
	        !(p->mailer = mailer_new(p, e)))
		return ST_CONFIG;
	jobs_configure(p->jobs, &(struct job_limits){ .concurrency = (unsigned)config_int(c, "jobs", "workers") });
	return ST_OK;
}

struct platform *platform_new(struct config *c, const struct service *const *services, struct err *e)
{
	struct arena *a = arena_new(PLATFORM_MEMORY);
	if (!a) {
		(void)!err_set(e, ST_NOMEM, "no memory to start");
		return NULL;
	}
	struct whole *w = ARENA_NEW(a, struct whole);
	w->arena = a;
	w->p.config = c;
	w->p.dev = config_bool(c, "server", "dev");
	if (registry_check(services, e) != ST_OK || make_folders(w, e) != ST_OK || load_secret(w, e) != ST_OK ||
	    make_services(w, services, e) != ST_OK || make_stores(&w->p, e) != ST_OK || make_rest(w, e) != ST_OK) {
		platform_free(&w->p);
		return NULL;
	}
	return &w->p;
}

void platform_free(struct platform *p)
{
	if (!p)
		return;
	struct whole *w = (struct whole *)p;
	web_app_free(p->web);
	if (p->mailer)
		mailer_free(p->mailer);
	if (p->jobs)
		jobs_free(p->jobs);
	if (p->events)
		events_free(p->events);
	if (p->fragments)
		fragments_free(p->fragments);
	if (p->contracts)
		contracts_free(p->contracts);
	struct http_pool *const pools[] = { p->pool_web, p->pool_action, p->pool_read };
	for (unsigned i = 0; i < 3; i++)
		if (pools[i])
			http_pool_free(pools[i]);
	if (p->media)
		media_close(p->media);
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].db)
			db_close(p->services[i].db);
	session_cache_free(p->sessions);
	authstore_free(p->auth);
	if (p->rates)
		ratelimit_free(p->rates);
	if (p->cache)
		cache_free(p->cache);
	if (p->auth_redis)
		redis_free(p->auth_redis);
	if (p->redis)
		redis_free(p->redis);
	sampler_free(p->sampler);
	hub_free(p->hub); /* Redis called into it */
	arena_free(w->arena);
}

/* --- in a fiber --------------------------------------------------------------------------------------------- */

size_t platform_migrations_of(const struct service *s, struct db_migration_set out[2])
{
	out[0] = platform_migrations;
	out[1] = *s->migrations;
	return 2;
}

enum status platform_migrate(struct ctx *ctx, struct platform *p, unsigned *applied, struct err *e)
{
	*applied = 0;
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		struct db_migration_set sets[2];
		unsigned n = 0;
		if (!s->db)
			continue;
		enum status st = db_migrate(ctx, s->db, sets, platform_migrations_of(s->def, sets), &n, e);
		if (st != ST_OK)
			return err_wrap(e, st, "migrating the database of %s", s->def->name);
		*applied += n;
	}
	if (p->auth) {
		unsigned n = 0;
		enum status st = authstore_migrate(ctx, p->auth, &n, e);
		if (st != ST_OK)
			return err_wrap(e, st, "migrating the auth store");
		*applied += n;
	}
	return ST_OK;
}

enum status platform_check(struct ctx *ctx, struct service_instance *s, struct err *e)
{
	if (!s->local || !s->def->check)
		return ST_OK;
	ctx->svc = s;
	enum status st = s->def->check(ctx, e);
	ctx->svc = NULL;
	return st;
}

enum status platform_start(struct ctx *ctx, struct platform *p, struct err *e)
{
	assert(p->secret.n == SECRET_BYTES);
	TRY(settings_load(ctx, p, e));
	for (unsigned i = 0; i < p->service_count; i++)
		TRY(platform_check(ctx, &p->services[i], e));
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *s = &p->services[i];
		if (!s->local || !s->def->start)
			continue;
		ctx->svc = s;
		enum status st = s->def->start(ctx, e);
		ctx->svc = NULL;
		if (st != ST_OK)
			return err_wrap(e, st, "starting %s", s->def->name);
	}
	return ST_OK;
}
