/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall bench: what this machine does with this configuration, each figure with what it means for a co-operative.
 * Works in a folder of its own below the data folder (on PostgreSQL in a schema of its own), which is removed at the
 * end, also when it is interrupted; the site's own data is neither read nor written. Pages are the demonstration's,
 * served to this program itself.
 *
 * One fiber measures, one figure after the other; writers are fibers beside it. Signals are blocked in this program:
 * they are looked for between two rounds of what is measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "main/bench.h"
#include "main/command.h"
#include "net/conn/brotli.h"
#include "net/conn/http.h"
#include "platform/boot/platform.h"
#include "platform/config/stores.h"
#include "platform/text/html.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "rt/sync.h"
#include "services/identity/people/password.h"

#define SCHEMA "guildhall_bench"
#define TOGETHER 64          /* fibers that write, or read, at once */
#define PEOPLE 1000          /* rows that are read */
#define SECONDS_A_PAGE 10    /* that a visitor looks at one */
#define PAGE_BYTES (24 << 10)
#define SECONDS 11           /* for all figures */
#define LOOK_NS (10 * NS_PER_MS)
#define WORK_MEMORY (8u << 20)
#define BENCH_MEMORY (256u << 20)

enum figure {
	F_FSYNC,
	F_WRITE,
	F_WRITES,
	F_READS,
	F_PASSWORD,
	F_ED25519,
	F_ES256,
	F_RSA,
	F_BROTLI,
	F_PAGE,
	F_CACHED,
	FIGURES
};

struct bench {
	struct invocation *inv;
	struct ctx *ctx;
	const char *folder;
	struct db *whole, *db;     /* whole: PostgreSQL's, in which the schema is made */
	struct bench_site *site;   /* NULL: there is no demonstration to serve */
	bool schema, interrupted;
	unsigned cores;
	int64_t each_ns, until_ns, looked_ns;
	double per_s[FIGURES];
};

/* --- for how long ------------------------------------------------------------------------------------------- */

static bool go_on(void *arg)
{
	struct bench *b = arg;
	static const struct timespec none = { 0 };
	sigset_t ends;
	int64_t now = clock_mono_ns();
	if (now - b->looked_ns > LOOK_NS) {
		sigemptyset(&ends);
		sigaddset(&ends, SIGINT);
		sigaddset(&ends, SIGTERM);
		b->looked_ns = now;
		b->interrupted |= sigtimedwait(&ends, NULL, &none) > 0;
	}
	return now < b->until_ns && !b->interrupted;
}

/* once(arg) again and again on this core. */
static double rate(struct bench *b, bool (*once)(void *arg), void *arg)
{
	int64_t begun = clock_mono_ns();
	uint64_t n = 0;
	b->until_ns = begun + b->each_ns;
	do
		if (!once(arg))
			return 0;
	while (++n, go_on(b));
	return (double)n * NS_PER_S / (double)(clock_mono_ns() - begun);
}

/* --- the disk ----------------------------------------------------------------------------------------------- */

static bool append_durably(void *arg)
{
	static const char block[4096];
	int fd = *(int *)arg;
	return write(fd, block, sizeof block) == sizeof block && !fdatasync(fd);
}

static enum status bench_fsync(struct bench *b, double *per_s, struct err *e)
{
	const char *path = arena_printf(b->ctx->arena, "%s/fsync", b->folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ST_IO, "can not make %s", path);
	*per_s = rate(b, append_durably, &fd);
	enum status st = *per_s > 0 ? ST_OK : err_errno(e, ST_IO, "%s can not be written", path);
	close(fd);
	return st;
}

/* --- the database ------------------------------------------------------------------------------------------- */

struct bench_crowd {
	struct bench *b;
	enum status (*once)(struct bench_crowd *x, struct ctx *ctx, struct err *e);
	struct promise over;
	unsigned left;
	uint64_t n;
	enum status st;
	struct err err;
};

static void crowd_leave(struct bench_crowd **x)
{
	if (--(*x)->left == 0)
		promise_set(&(*x)->over);
}

static void one_of_many(void *arg)
{
	__attribute__((cleanup(crowd_leave))) struct bench_crowd *x = arg;
	SCOPED_ARENA *a = arena_new(WORK_MEMORY);
	struct ctx ctx;
	struct err e = { 0 };
	enum status st = a ? ST_OK : err_set(&e, ST_NOMEM, "no memory to measure");
	if (a)
		ctx_init(&ctx, a);
	while (st == ST_OK && x->st == ST_OK && go_on(x->b)) {
		st = x->once(x, &ctx, &e);
		x->n += st == ST_OK;
		arena_reset(a);
		fiber_yield();
	}
	if (st != ST_OK && x->st == ST_OK) {
		x->st = st;
		x->err = e;
	}
}

static enum status many(struct bench *b, unsigned fibers,
        enum status (*once)(struct bench_crowd *x, struct ctx *ctx, struct err *e), double *per_s, struct err *e)
{
	struct bench_crowd x = { .b = b, .once = once, .left = 1 };
	int64_t begun = clock_mono_ns();
	promise_init(&x.over);
	b->until_ns = begun + b->each_ns;
	for (unsigned i = 0; i < fibers; i++)
		if (fiber_spawn(loop_current(), one_of_many, &x, FIBER_LARGE))
			x.left++;
	if (--x.left)
		promise_wait_shielded(&x.over);
	*per_s = (double)x.n * NS_PER_S / (double)(clock_mono_ns() - begun);
	return x.st == ST_OK ? ST_OK : err_set(e, x.st, "%s", x.err.msg);
}

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	int64_t id = *(int64_t *)arg;
	struct str text = arena_strf(db_arena(c), "%lld", (long long)id);
	return q_identity_person_add(
	        c, id, text, text, false, text, STR("Somebody"), STR("active"), STR(""), id, NULL, e);
}

static enum status write_one(struct bench_crowd *x, struct ctx *ctx, struct err *e)
{
	int64_t id = id_new();
	return db_write(ctx, x->b->db, tx_add, &id, e);
}

static enum status read_one(struct bench_crowd *x, struct ctx *ctx, struct err *e)
{
	struct identity_person_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, x->b->db, &c, e));
	TRY(q_identity_person(c, 1 + (int64_t)(x->n % PEOPLE), &r, e));
	return r ? ST_OK : err_set(e, ST_INTERNAL, "what was written is not there");
}

static enum status bench_write(struct bench *b, double *per_s, struct err *e)
{
	return many(b, 1, write_one, per_s, e);
}

static enum status bench_writes(struct bench *b, double *per_s, struct err *e)
{
	return many(b, TOGETHER, write_one, per_s, e);
}

static enum status tx_fill(struct db_conn *c, void *arg, struct err *e)
{
	for (int64_t id = 1; id <= PEOPLE; id++)
		TRY(tx_add(c, &id, e));
	return ST_OK;
}

static enum status bench_reads(struct bench *b, double *per_s, struct err *e)
{
	TRY(db_write(b->ctx, b->db, tx_fill, NULL, e));
	return many(b, TOGETHER, read_one, per_s, e);
}

/* --- the processor ------------------------------------------------------------------------------------------ */

static bool hash_password(void *arg)
{
	char out[crypto_pwhash_STRBYTES];
	return !crypto_pwhash_str_alg(
	        out, "bread and roses", 15, PASSWORD_OPS, PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13);
}

static enum status bench_password(struct bench *b, double *per_s, struct err *e)
{
	*per_s = rate(b, hash_password, NULL);
	return *per_s > 0 ? ST_OK : err_set(e, ST_NOMEM, "no memory to hash a password");
}

struct signing { EVP_PKEY *key; const EVP_MD *digest; };

static bool sign_once(void *arg)
{
	static const unsigned char text[300] = "(request-target): post /inbox";
	const struct signing *s = arg;
	unsigned char out[512];
	size_t n = sizeof out;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	bool ok = m && EVP_DigestSignInit(m, NULL, s->digest, NULL, s->key) == 1 &&
	        EVP_DigestSign(m, out, &n, text, sizeof text) == 1;
	EVP_MD_CTX_free(m);
	return ok;
}

static enum status bench_signatures(struct bench *b, EVP_PKEY *key, const EVP_MD *digest, double *per_s, struct err *e)
{
	struct signing s = { key, digest };
	*per_s = key ? rate(b, sign_once, &s) : 0;
	EVP_PKEY_free(key);
	return *per_s > 0 ? ST_OK : err_set(e, ST_INTERNAL, "OpenSSL does not sign");
}

static enum status bench_ed25519(struct bench *b, double *per_s, struct err *e)
{
	return bench_signatures(b, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, per_s, e);
}

static enum status bench_es256(struct bench *b, double *per_s, struct err *e)
{
	return bench_signatures(b, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), EVP_sha256(), per_s, e);
}

static enum status bench_rsa(struct bench *b, double *per_s, struct err *e)
{
	return bench_signatures(b, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_sha256(), per_s, e);
}

/* A page of the size that pages have, of words that people read: what the routes of this program say of themselves. */
static struct str make_page(struct arena *a)
{
	struct buf p;
	unsigned n = 0;
	buf_arena(&p, a, 2 * PAGE_BYTES);
	BUF_LIT(&p, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>A page</title><body>");
	while (p.len < PAGE_BYTES)
		for (const struct service *const *s = services_all; *s; s++)
			for (const struct route *r = (*s)->routes; r && r->method && p.len < PAGE_BYTES; r++)
				buf_printf(&p,
				        "<article id=\"a%u\"><h2><a href=\"%s\">%s</a></h2><p class=\"quiet\">%s, "
				        "%s</p></article>\n",
				        n++, r->pattern, r->help, r->method, (*s)->summary);
	return buf_str(&p);
}

static bool compress_once(void *arg)
{
	static char out[4 * PAGE_BYTES];
	const struct str *page = arg;
	return brotli_compress(HTTP_BROTLI_QUALITY, HTTP_BROTLI_WINDOW, *page, out, sizeof out) > 0;
}

static enum status bench_brotli(struct bench *b, double *per_s, struct err *e)
{
	struct str page = make_page(b->ctx->arena);
	*per_s = rate(b, compress_once, &page);
	return *per_s > 0 ? ST_OK : err_set(e, ST_NOMEM, "no memory to compress a page");
}

/* --- pages -------------------------------------------------------------------------------------------------- */

static enum status bench_pages(struct bench *b, bool cached, double *per_s, struct err *e)
{
	b->until_ns = clock_mono_ns() + b->each_ns;
	return bench_site_ask(b->site, cached, go_on, b, per_s, e);
}

static enum status bench_page(struct bench *b, double *per_s, struct err *e)
{
	return bench_pages(b, false, per_s, e);
}

static enum status bench_cached(struct bench *b, double *per_s, struct err *e)
{
	return bench_pages(b, true, per_s, e);
}

/* --- the table ---------------------------------------------------------------------------------------------- */

/* %.0f in meaning: the figure, times the cores it may use. */
static const struct {
	const char *name, *title;
	enum status (*run)(struct bench *b, double *per_s, struct err *e);
	enum { OF_ALL, OF_A_CORE, OF_HALF_THE_CORES } whose;
	const char *meaning;
} figures[FIGURES] = {
	[F_FSYNC] = { "fsyncs", "fsync of 4 KiB", bench_fsync, OF_ALL,
	        "the disk alone: what is said to be kept waits for one of these" },
	[F_WRITE] = { "transactions_alone", "durable transactions, one at a time", bench_write, OF_ALL,
	        "somebody alone saves something %.0f times a second" },
	[F_WRITES] = { "transactions_together", "durable transactions, 64 at once", bench_writes, OF_ALL,
	        "orders, posts or sign-ups in one second when many come together: about %.0f" },
	[F_READS] = { "reads", "reads of a row", bench_reads, OF_A_CORE, "about %.0f reads a second by all cores" },
	[F_PASSWORD] = { "argon2id", "password hashes (argon2id)", bench_password, OF_HALF_THE_CORES,
	        "about %.0f people a second sign in with a password; others do not notice" },
	[F_ED25519] = { "ed25519", "Ed25519 signatures", bench_ed25519, OF_A_CORE,
	        "about %.0f signatures a second by all cores" },
	[F_ES256] = { "es256", "ES256 signatures", bench_es256, OF_A_CORE,
	        "about %.0f sign-ins of applications a second" },
	[F_RSA] = { "rsa2048", "RSA-2048 signatures", bench_rsa, OF_A_CORE,
	        "letters to followers elsewhere: about %.0f a second" },
	[F_BROTLI] = { "brotli", "pages of 24 KiB compressed (brotli)", bench_brotli, OF_A_CORE,
	        "part of each page that is in no cache" },
	[F_PAGE] = { "pages", "front pages in no cache, compressed", bench_page, OF_A_CORE,
	        "about %.0f pages a second by all cores" },
	[F_CACHED] = { "pages_cached", "front pages from the cache", bench_cached, OF_A_CORE,
	        "about %.0f pages a second by all cores" },
};

static double site_wide(const struct bench *b, enum figure f)
{
	unsigned half = b->cores > 2 ? b->cores / 2 : 1;
	return b->per_s[f] * (figures[f].whose == OF_ALL ? 1 : figures[f].whose == OF_A_CORE ? b->cores : half);
}

/* If no page were ever in the cache. */
static double visitors(const struct bench *b)
{
	return site_wide(b, F_PAGE) * SECONDS_A_PAGE;
}

static void print_line(const struct bench *b, enum figure f)
{
	char meaning[160];
	snprintf(meaning, sizeof meaning, figures[f].meaning, site_wide(b, f));
	printf("%-38s %8.0f/s%-8s %s\n", figures[f].title, b->per_s[f], figures[f].whose == OF_ALL ? "" : " a core",
	        meaning);
	fflush(stdout);
}

static void print_json(const struct bench *b, unsigned figures_n)
{
	printf("{\"cores\":%u,\"database\":\"%s\",\"per_second\":{", b->cores,
	        db_engine(b->db) == DB_POSTGRES ? "postgresql" : "sqlite");
	for (unsigned f = 0; f < figures_n; f++)
		printf("%s\"%s\":%.1f", f ? "," : "", figures[f].name, b->per_s[f]);
	printf("}");
	if (b->site)
		printf(",\"visitors\":%.0f", visitors(b));
	printf("}\n");
}

static enum status measure(struct bench *b, struct err *e)
{
	bool json = inv_option(b->inv, "json");
	unsigned n = b->site ? FIGURES : F_PAGE;
	for (enum figure f = 0; f < n; f++) {
		TRY(figures[f].run(b, &b->per_s[f], e));
		if (b->interrupted)
			return err_set(e, ST_CANCELLED, "interrupted");
		if (!json)
			print_line(b, f);
	}
	if (json)
		print_json(b, n);
	else if (b->site)
		printf("\nWith %u %s, about %.0f visitors at once, each opening a page every %d seconds, if no page "
		       "were ever in the cache.\n",
		        b->cores, b->cores == 1 ? "core" : "cores", visitors(b), SECONDS_A_PAGE);
	else
		printf("\nPages are not measured: the demonstration is not installed (server.demo_dir).\n");
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

/* --- a place of its own ------------------------------------------------------------------------------------- */

static enum status open_scratch(struct bench *b, struct err *e)
{
	struct ctx *ctx = b->ctx;
	const struct config *c = b->inv->config;
	struct platform p = { .config = b->inv->config, .data_dir = str_c(b->folder) };
	const char *of_blog = stores_url(ctx->arena, c, config_str(c, "blog", "database"), "url", "blog");
	struct str url = str_c(of_blog ? of_blog : "sqlite:");
	if (str_starts(url, STR("sqlite:"))) {
		url = arena_strf(ctx->arena, "sqlite:%s/bench.db", b->folder);
	} else {
		if (config_bool(c, "database", "pooler"))
			return err_set(e, ST_CONFIG,
			        "a pooler keeps no schema of a session: give the address of PostgreSQL itself (--set "
			        "database.pooler=no --set database.url=…)");
		b->whole = stores_open(ctx->arena, &p, "bench", url, NULL, e);
		if (!b->whole)
			return ST_CONFIG;
		TRY(db_schema(ctx, b->whole, SCHEMA, true, e));
		b->schema = true;
		url = arena_strf(ctx->arena, "%.*s%coptions=-csearch_path%%3D" SCHEMA, STR_ARG(url),
		        str_chr(url, '?') < 0 ? '?' : '&');
	}
	b->db = stores_open(ctx->arena, &p, "bench", url, NULL, e);
	return b->db ? db_migrate(ctx, b->db, &identity_migrations, 1, NULL, e) : ST_CONFIG;
}

static void close_scratch(struct bench *b)
{
	struct err e = { 0 };
	db_close(b->db);
	if (b->schema && db_schema(b->ctx, b->whole, SCHEMA, false, &e) != ST_OK)
		fprintf(stderr, "guildhall: the schema " SCHEMA " could not be removed: %s\n", e.msg);
	db_close(b->whole);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static enum status read_seconds(const struct invocation *inv, int64_t *seconds, struct err *e)
{
	const char *text = inv_option(inv, "seconds");
	*seconds = SECONDS;
	if (text && (!str_i64(str_c(text), seconds) || *seconds < 1 || *seconds > 3600))
		return err_set(e, ST_USAGE, "--seconds takes a number from 1 to 3600");
	return ST_OK;
}

struct bench_fiber { struct bench *b; enum status st; struct err *e; };

static enum status work(struct bench *b, struct err *e)
{
	const char *demo = demo_folder(b->ctx->arena, b->inv->config);
	TRY(open_scratch(b, e));
	if (!access(arena_printf(b->ctx->arena, "%s/millrace.ghost.json", demo), R_OK))
		TRY(bench_site_open(b->ctx, arena_printf(b->ctx->arena, "%s/site", b->folder), demo, &b->site, e));
	return measure(b, e);
}

static void in_fiber(void *arg)
{
	struct bench_fiber *f = arg;
	SCOPED_ARENA *a = arena_new(BENCH_MEMORY);
	struct ctx ctx;
	if (!a) {
		f->st = err_set(f->e, ST_NOMEM, "no memory to measure");
		return;
	}
	ctx_init(&ctx, a);
	f->b->ctx = &ctx;
	f->st = work(f->b, f->e);
	bench_site_end(f->b->site);
	close_scratch(f->b);
}

static enum status bench_command_run(struct invocation *inv, struct err *e)
{
	cpu_set_t set;
	int64_t seconds;
	char folder[4096];
	struct bench b = { .inv = inv,
		.folder = folder,
		.cores = sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set) };
	TRY(read_seconds(inv, &seconds, e));
	log_setup(LOG_WARN, LOG_AUTO); /* its own migrations are no news */
	b.each_ns = seconds * NS_PER_S / FIGURES;
	int n = snprintf(folder, sizeof folder, "%s/bench-XXXXXX", config_cstr(inv->config, "server", "data_dir"));
	if (n >= (int)sizeof folder || !mkdtemp(folder))
		return err_errno(
		        e, ST_IO, "can not make a folder in %s", config_cstr(inv->config, "server", "data_dir"));
	struct bench_fiber f = { &b, offload_start(b.cores < 2 ? 2 : b.cores, 1000, e), e };
	if (f.st == ST_OK) {
		fiber_main(in_fiber, &f);
		offload_stop();
	}
	bench_site_free(b.site);
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		fprintf(stderr, "guildhall: %s could not be removed\n", folder);
	return f.st;
}

static const struct option_def options[] = {
	{ "seconds", "N", NULL, "how long all of it takes (11)" },
	{ "json", NULL, NULL, "print one JSON object" },
	{ 0 },
};

const struct command command_bench = {
	.name = "bench",
	.usage = "[--seconds N] [--json]",
	.summary = "Measure what this machine can do",
	.details = "With the settings of the site, in a folder of its own below the data folder, or a schema of its "
	           "own in PostgreSQL; both are removed at the\n"
	           "end, also when it is interrupted. The site's data is not touched; pages are the demonstration's, "
	           "on SQLite. A site that serves at the same time, and the bench, slow each other.",
	.options = options,
	.flags = CMD_CONFIG,
	.run = bench_command_run,
};
