/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall doctor: look at a deployment and say what to mend. Each check prints one line, ok, warn or fail, and what
 * to do. It changes nothing. Any fail: exit code 1.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "main/command.h"
#include "net/client/client.h"
#include "platform/auth/store.h"
#include "platform/boot/platform.h"
#include "platform/cache/redis.h"
#include "platform/peers/internal.h"

#define CLOCK_SKEW_S 300

enum verdict { OK, WARN, FAIL };

struct exam {
	struct invocation *inv;
	struct platform *p;
	unsigned warned, failed;
};

static void say(struct exam *x, enum verdict v, const char *what, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void say(struct exam *x, enum verdict v, const char *what, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" };
	va_list ap;
	va_start(ap, fmt);
	printf("%-5s %-22s ", words[v], what);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	x->warned += v == WARN;
	x->failed += v == FAIL;
}

/* --- the machine -------------------------------------------------------------------------------------------- */

static void check_files(struct exam *x)
{
	struct rlimit r;
	int64_t wanted = config_int(x->inv->config, "http", "connections") + 512;
	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	if ((int64_t)r.rlim_max < wanted)
		say(x, WARN, "open files",
		        "limit %lld is under http.connections + 512 = %lld: raise it (ulimit -n, LimitNOFILE=)",
		        (long long)r.rlim_max, (long long)wanted);
	else
		say(x, OK, "open files", "limit %lld", (long long)r.rlim_max);
}

static void check_clock(struct exam *x)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	if (clock_now_us() < INT64_C(1735689600) * US_PER_S)
		say(x, FAIL, "clock", "shows a date before 2025: set it, signatures depend on it");
	else if (state < 0)
		say(x, OK, "clock", "set (whether it is kept in step can not be seen here)");
	else if (state == TIME_ERROR)
		say(x, WARN, "clock", "is not kept in step: run an NTP client (systemd-timesyncd, chrony)");
	else
		say(x, OK, "clock", "in step");
}

/* --- the data folder ---------------------------------------------------------------------------------------- */

static void check_mode(struct exam *x, const char *path, mode_t allowed)
{
	struct stat sb;
	if (stat(path, &sb)) {
		if (errno != ENOENT)
			say(x, FAIL, "file modes", "%s can not be looked at: %s", path, strerror(errno));
		return;
	}
	if (sb.st_mode & 0777 & ~allowed)
		say(x, WARN, "file modes", "%s is open to others: chmod %o %s", path, (unsigned)allowed, path);
	else
		say(x, OK, "file modes", "%s", path);
}

/* A clock that was put back: what was written before is then from the future. */
static void check_written(struct exam *x, const char *dir)
{
	DIR *d = opendir(dir);
	struct timespec newest = { 0 };
	struct stat sb;
	char at[CLOCK_TEXT_MAX];
	for (struct dirent *f; d && (f = readdir(d));)
		if (fstatat(dirfd(d), f->d_name, &sb, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(sb.st_mode) &&
		        sb.st_mtim.tv_sec > newest.tv_sec)
			newest = sb.st_mtim;
	if (d)
		closedir(d);
	if (newest.tv_sec <= clock_now_us() / US_PER_S + CLOCK_SKEW_S)
		return;
	clock_rfc3339(newest.tv_sec * US_PER_S, at);
	say(x, FAIL, "clock",
	        "is behind what was last written in %s (%s): set it, signatures and sessions depend on it", dir, at);
}

static void check_data(struct exam *x)
{
	const char *dir = config_cstr(x->inv->config, "server", "data_dir");
	char probe[4200];
	struct statvfs v;
	struct stat sb;
	if (stat(dir, &sb) || !S_ISDIR(sb.st_mode)) {
		say(x, FAIL, "data folder", "%s is not there: make it, or let `guildhall serve` make it (--data DIR)",
		        dir);
		return;
	}
	snprintf(probe, sizeof probe, "%s/.doctor-%ld", dir, (long)getpid());
	FILE *f = fopen(probe, "wxe");
	if (!f) {
		say(x, FAIL, "data folder", "%s can not be written: %s. Give it to the user that runs guildhall", dir,
		        strerror(errno));
	} else {
		fclose(f);
		unlink(probe);
		say(x, OK, "data folder", "%s can be written", dir);
	}
	if (!statvfs(dir, &v)) {
		unsigned long long mb = (unsigned long long)v.f_bavail * v.f_frsize >> 20;
		say(x,
		        mb < 200            ? FAIL
		                : mb < 2048 ? WARN
		                            : OK,
		        "free space", "%llu MB%s", mb, mb < 2048 ? ": make room, writes fail when it is full" : "");
	}
	check_written(x, dir);
	check_mode(x, dir, 0700);
	snprintf(probe, sizeof probe, "%s/secret", dir);
	check_mode(x, probe, 0600);
}

/* --- stores ------------------------------------------------------------------------------------------------- */

static void check_database(struct exam *x, struct service_instance *s)
{
	struct db_migration_set sets[2];
	struct db_migration_state *list;
	struct err e = { 0 };
	size_t n, pending = 0;
	char what[64];
	snprintf(what, sizeof what, "database %s", s->def->name);
	x->inv->ctx->deadline_ns = clock_mono_ns() + 5 * NS_PER_S;
	if (db_ping(x->inv->ctx, s->db, &e) != ST_OK) {
		say(x, FAIL, what, "does not answer: %s", e.msg);
		return;
	}
	if (db_migrate_status(x->inv->ctx, s->db, sets, platform_migrations_of(s->def, sets), &list, &n, &e) != ST_OK) {
		say(x, FAIL, what, "its migrations can not be read: %s", e.msg);
		return;
	}
	for (size_t i = 0; i < n; i++)
		pending += !list[i].applied;
	if (pending)
		say(x, config_bool(x->inv->config, "database", "migrate") ? WARN : FAIL, what,
		        "%zu of %zu migrations pending: guildhall migrate", pending, n);
	else
		say(x, OK, what, "answers, %zu migrations applied", n);
}

static void check_service(struct exam *x, struct service_instance *s)
{
	struct err e = { 0 };
	char what[64];
	snprintf(what, sizeof what, "settings of %s", s->def->name);
	x->inv->ctx->deadline_ns = clock_mono_ns() + 60 * NS_PER_S;
	if (platform_check(x->inv->ctx, s, &e) != ST_OK)
		say(x, FAIL, what, "%s", e.msg);
	else if (s->local && s->def->check)
		say(x, OK, what, "what they name is there");
}

static void check_redis(struct exam *x, const char *what, struct redis *r)
{
	struct redis_reply reply;
	struct err e = { 0 };
	const struct str ping[] = { STR("PING") };
	if (!r) {
		say(x, OK, what, "not configured: everything works without it");
		return;
	}
	x->inv->ctx->deadline_ns = clock_mono_ns() + 2 * NS_PER_S;
	if (redis_call(x->inv->ctx, r, 1, ping, &reply, &e) != ST_OK || reply.kind == REDIS_ERROR)
		say(x, FAIL, what, "does not answer: %s", e.msg[0] ? e.msg : "refused");
	else
		say(x, OK, what, "answers");
}

/* Who is signed in must not depend on how much is cached. */
static void check_auth_redis(struct exam *x, struct redis *r)
{
	struct redis_reply reply;
	const struct config *c = x->inv->config;
	const struct str ask[] = { STR("CONFIG"), STR("GET"), STR("maxmemory-policy") };
	if (str_eq(config_str(c, "redis", "url"), config_str(c, "redis", "auth_url")))
		say(x, FAIL, "redis (auth)",
		        "is the cache's Redis: give sign-in state one of its own (redis.auth_url)");
	x->inv->ctx->deadline_ns = clock_mono_ns() + 2 * NS_PER_S;
	if (redis_call(x->inv->ctx, r, 3, ask, &reply, NULL) == ST_OK && reply.kind == REDIS_ARRAY &&
	        reply.count == 2 && !str_eqc(reply.items[1].s, "noeviction"))
		say(x, FAIL, "redis (auth)", "forgets when it is full (%.*s): set maxmemory-policy noeviction",
		        STR_ARG(reply.items[1].s));
}

static void check_auth(struct exam *x)
{
	struct err e = { 0 };
	const struct config *c = x->inv->config;
	if (!x->p->auth)
		return;
	x->inv->ctx->deadline_ns = clock_mono_ns() + 5 * NS_PER_S;
	if (authstore_ping(x->inv->ctx, x->p->auth, &e) != ST_OK)
		say(x, FAIL, "auth store", "does not answer: %s", e.msg);
	else if (config_str(c, "server", "only").n && !x->p->auth_redis && !config_str(c, "auth", "url").n &&
	        !config_str(c, "database", "url").n)
		say(x, WARN, "auth store",
		        "this process runs some services only, and keeps sign-ins in its own data folder: name one "
		        "store for all of "
		        "them (auth.url or redis.auth_url), or nobody signed in there is signed in here");
	else
		say(x, OK, "auth store", "answers");
	if (x->p->auth_redis)
		check_auth_redis(x, x->p->auth_redis);
}

/* --- the public face ---------------------------------------------------------------------------------------- */

static X509 *read_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	return cert;
}

static void check_certificate(struct exam *x)
{
	const char *path = config_cstr(x->inv->config, "server", "tls_cert"),
	           *key = config_cstr(x->inv->config, "server", "tls_key");
	int days = 0, seconds = 0;
	if (!*path) {
		say(x, OK, "certificate", "none here: TLS is the proxy's, or this is a trial");
		return;
	}
	X509 *cert = read_certificate(path);
	if (!cert) {
		say(x, FAIL, "certificate", "%s can not be read as PEM", path);
		return;
	}
	bool known = ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert));
	X509_free(cert);
	if (!known || days < 0 || seconds < 0)
		say(x, FAIL, "certificate", "%s has expired: renew it, then SIGHUP", path);
	else
		say(x, days < 14 ? WARN : OK, "certificate", "expires in %d days%s", days,
		        days < 14 ? ": renew it, then SIGHUP" : "");
	check_mode(x, key, 0600);
}

/* Is it this site that answers there, with this secret? A contract that nobody has is asked for: who knows the secret
 * says so. */
static void check_secret(struct exam *x, const char *what, struct str origin)
{
	static const char path[] = "/internal/contracts/guildhall/doctor";
	struct ctx *ctx = x->inv->ctx;
	char signature[INTERNAL_SIGNATURE_MAX];
	struct http_in in;
	struct err e = { 0 };
	if (!internal_sign(x->p->secret, "POST", str_c(path), STR("{}"), clock_now_us(), signature))
		return;
	const struct http_header headers[] = { { STR("content-type"), STR("application/json") },
		{ STR(INTERNAL_HEADER), str_c(signature) } };
	const char *url = arena_printf(ctx->arena, "%.*s%s", STR_ARG(origin), path);
	ctx->deadline_ns = clock_mono_ns() + 5 * NS_PER_S;
	if (http_fetch(ctx, x->p->pool_read,
	            &(struct http_out){ .method = "POST",
	                    .url = url,
	                    .headers = headers,
	                    .header_count = 2,
	                    .body = STR("{}"),
	                    .max_body = 1 << 20 },
	            &in, &e) != ST_OK)
		say(x, FAIL, what, "%.*s does not answer (%s): start it, or mend its address", STR_ARG(origin), e.msg);
	else if (in.status == 200 && str_starts(in.body, STR("{\"status\":")))
		say(x, OK, what, "%.*s knows the site's secret", STR_ARG(origin));
	else if (in.status == 403 && str_find(in.body, STR("signature")) >= 0)
		say(x, FAIL, what,
		        "%.*s is another site, or has another secret or time: mend the address, or give both one "
		        "server.secret (data_dir/secret)",
		        STR_ARG(origin));
	else
		say(x, WARN, what,
		        "%.*s answers, but not as this site does (%d to an internal request): does the address name "
		        "it? "
		        "(A proxy that keeps /internal/ to itself looks the same.)",
		        STR_ARG(origin), in.status);
}

static void check_answers(struct exam *x)
{
	struct service_instance *front = NULL;
	struct http_in in;
	struct err e = { 0 };
	for (unsigned i = 0; i < x->p->service_count && !front; i++)
		if (x->p->services[i].local)
			front = &x->p->services[i];
	if (!front)
		return;
	char *url = arena_printf(x->inv->ctx->arena, "%.*s/", STR_ARG(front->base_url));
	x->inv->ctx->deadline_ns = clock_mono_ns() + 5 * NS_PER_S;
	/* The pool that may reach private addresses: the site may well be on one. */
	if (http_fetch(x->inv->ctx, x->p->pool_read,
	            &(struct http_out){ .url = url, .max_body = 8 << 20, .max_redirects = 3 }, &in, &e) != ST_OK) {
		say(x, WARN, "site",
		        "%s does not answer (%s). Is `guildhall serve` running, and does server.base_url name it?", url,
		        e.msg);
		return;
	}
	say(x, in.status < 400 ? OK : FAIL, "site", "%s answers %d%s", url, in.status,
	        in.status < 400 ? "" : ": its log says why");
	check_secret(x, "site's address", str_first(front->base_url, front->base_url.n - front->base_path.n));
}

/* The services of other processes. */
static void check_remotes(struct exam *x)
{
	for (unsigned i = 0; i < x->p->service_count; i++) {
		const struct service_instance *s = &x->p->services[i];
		char what[64];
		snprintf(what, sizeof what, "process of %s", s->def->name);
		if (!s->local && s->remote_url.n)
			check_secret(x, what, s->remote_url);
	}
}

static enum status doctor_command_run(struct invocation *inv, struct err *e)
{
	struct exam x = { .inv = inv };
	if (!inv->config) {
		say(&x, FAIL, "configuration", "%s", inv->config_error.msg);
		return err_set(e, ST_CONFIG, "the configuration must be mended before the rest can be looked at");
	}
	say(&x, OK, "configuration", "%s",
	        inv->config_file ? inv->config_file : "defaults, environment and command line");
	check_files(&x);
	check_clock(&x);
	check_data(&x);
	check_certificate(&x);
	struct err pe = { 0 };
	/* Without a data folder platform_new would make one: a doctor changes nothing. */
	if (!x.failed && !(inv->platform = x.p = platform_new(inv->config, services_all, &pe)))
		say(&x, FAIL, "stores", "%s", pe.msg);
	for (unsigned i = 0; x.p && i < x.p->service_count; i++)
		if (x.p->services[i].db)
			check_database(&x, &x.p->services[i]);
	for (unsigned i = 0; x.p && i < x.p->service_count; i++)
		check_service(&x, &x.p->services[i]);
	if (x.p) {
		check_redis(&x, "redis (data)", x.p->redis);
		check_redis(&x, "redis (auth)", x.p->auth_redis);
		check_auth(&x);
		check_answers(&x);
		check_remotes(&x);
	}
	printf("%u to mend, %u to think about\n", x.failed, x.warned);
	fflush(stdout);
	return x.failed ? err_set(e, ST_INTERNAL, "something needs mending: see above") : ST_OK;
}

const struct command command_doctor = {
	.name = "doctor",
	.usage = "[--config FILE] [--data DIR]",
	.summary = "Look at a deployment and say what to mend",
	.details =
	        "Run it as the user and with the configuration that the server runs with. Exit code 0: nothing failed.",
	.flags = CMD_LOOSE_CONFIG | CMD_FIBER,
	.run = doctor_command_run,
};
