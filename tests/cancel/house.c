/* SPDX-License-Identifier: Apache-2.0
 *
 * See house.h.
 */
#include "house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "platform/admin/admin.h"
#include "platform/boot/platform.h"
#include "platform/cache/redis.h"
#include "platform/config/config.h"
#include "platform/receive/receive.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "store.h"

enum { FIBER_MEMORY = 64 << 20, SETS_MAX = 16, SET_LEN = 640, ANSWER_MS = 60000 };
#define PATIENCE_NS (60 * NS_PER_S) /* then it stands still */

/* --- stores ------------------------------------------------------------------------------------------------- */

/* All databases of the house: of each service that has one, and of sign-in. */
static bool each_database(struct house *h, const char *sql)
{
	char name[64];
	bool ok = true;
	const char *admin = getenv("GUILDHALL_TEST_PG");
	for (const struct service *const *s = h->services; *s; s++) {
		snprintf(name, sizeof name, "h%d_%s", (int)getpid(), (*s)->name);
		if ((*s)->migrations)
			ok = store_admin(admin, sql, name) && ok;
	}
	snprintf(name, sizeof name, "h%d_auth", (int)getpid());
	return store_admin(admin, sql, name) && ok;
}

static bool make_databases(struct house *h)
{
	char name[64];
	const char *url = getenv("GUILDHALL_TEST_PG");
	if (strcmp(h->engine, "postgres"))
		return true;
	snprintf(name, sizeof name, "h%d_{service}", (int)getpid());
	store_with_database(h->database, sizeof h->database, url, name);
	return each_database(h, "CREATE DATABASE %s");
}

/* --- configuration ------------------------------------------------------------------------------------------ */

static bool configure(struct house *h)
{
	static char text[SETS_MAX][SET_LEN];
	const char *sets[SETS_MAX], *redis = getenv("GUILDHALL_TEST_REDIS");
	unsigned n = 0;
	snprintf(text[n++], SET_LEN, "server.data_dir=%s", h->data);
	snprintf(text[n++], SET_LEN, "server.base_url=http://localhost");
	snprintf(text[n++], SET_LEN, "database.fsync=no");
	snprintf(text[n++], SET_LEN, "http.access_log=no");
	snprintf(text[n++], SET_LEN, "rate.enabled=no");
	if (h->database[0])
		snprintf(text[n++], SET_LEN, "database.url=%s", h->database);
	if (!strcmp(h->engine, "redis")) {
		snprintf(text[n++], SET_LEN, "redis.url=%s", redis);
		snprintf(text[n++], SET_LEN, "redis.auth_url=%s", redis);
	}
	for (unsigned i = 0; i < n; i++)
		sets[i] = text[i];
	const struct config_source from = { .sets = sets, .set_count = n };
	h->config = config_load(&from, h->services, &h->err);
	return h->config != NULL;
}

/* --- start -------------------------------------------------------------------------------------------------- */

static void start_loop(struct loop *l, void *arg)
{
	struct house *h = arg;
	h->loop = l;
	if (h->p->redis)
		redis_start(h->p->redis);
}

static enum status fill(struct house *h, struct ctx *ctx, struct err *e)
{
	for (unsigned i = 0; i < h->p->service_count; i++) {
		struct service_instance *s = &h->p->services[i];
		ctx->svc = s;
		if (s->def->demo && h->services == services_all)
			TRY(s->def->demo(ctx, TEST_ROOT "/demo", e));
	}
	return ST_OK;
}

struct boot { struct house *h; bool done; };

static void boot(struct ctx *ctx, void *arg)
{
	struct boot *b = arg;
	struct house *h = b->h;
	unsigned applied;
	ctx->svc = NULL;
	ctx->deadline_ns = 0;
	enum status st = platform_migrate(ctx, h->p, &applied, &h->err);
	if (st == ST_OK)
		st = platform_start(ctx, h->p, &h->err);
	if (st == ST_OK)
		st = fill(h, ctx, &h->err);
	if (st == ST_OK)
		st = http_server_attach(h->server, loop_current(), &h->err);
	b->done = st == ST_OK;
}

static bool make_server(struct house *h, void (*wrap)(struct http_app *app))
{
	struct http_server_config c = { .listen_count = 1, .listen[0].addr = "127.0.0.1:0" };
	h->p->web = web_app_new(h->p, platform_routes, &h->err);
	if (!h->p->web)
		return false;
	web_app_http(h->p->web, WEB_PUBLIC, &c.app);
	if (wrap)
		wrap(&c.app);
	h->server = http_server_new(&c, &h->err);
	return h->server != NULL;
}

static bool open_all(struct house *h, void (*wrap)(struct http_app *app))
{
	struct boot b = { .h = h };
	if (!make_databases(h) || !configure(h) || !(h->p = platform_new(h->config, h->services, &h->err)) ||
	        !make_server(h, wrap) || !(h->loops = loops_start(1, start_loop, h, &h->err)))
		return false;
	h->p->loops = h->loops;
	h->loop = loops_get(h->loops, 0);
	house_in_fiber(h, boot, &b);
	return b.done;
}

bool house_open(struct house *h, const char *engine, void (*wrap)(struct http_app *app))
{
	return house_open_of(h, engine, services_all, wrap);
}

bool house_open_of(struct house *h, const char *engine, const struct service *const *services,
        void (*wrap)(struct http_app *app))
{
	*h = (struct house){ .engine = engine, .services = services };
	snprintf(h->folder, sizeof h->folder, "/tmp/gh-house-XXXXXX");
	if (!mkdtemp(h->folder))
		return false;
	snprintf(h->data, sizeof h->data, "%s/data", h->folder);
	bool ok = open_all(h, wrap);
	if (!ok)
		printf("the house can not be opened on %s: %s\n", engine, h->err.msg);
	return ok;
}

void house_close(struct house *h)
{
	if (h->loops)
		loops_stop_join(h->loops);
	if (h->p)
		h->p->loops = NULL;
	if (h->server)
		http_server_free(h->server);
	platform_free(h->p);
	config_free(h->config);
	if (h->database[0])
		(void)each_database(h, "DROP DATABASE %s WITH (FORCE)");
	if (h->folder[0])
		nftw(h->folder, store_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- in a fiber --------------------------------------------------------------------------------------------- */

struct call { struct house *h; void (*fn)(struct ctx *ctx, void *arg); void *arg; sem_t over; };

static void call_in_fiber(void *arg)
{
	struct call *c = arg;
	{
		SCOPED_ARENA *a = arena_new(FIBER_MEMORY);
		struct ctx ctx;
		ctx_init(&ctx, a);
		ctx.deadline_ns = clock_mono_ns() + PATIENCE_NS;
		ctx.svc = c->h->p->identity ? c->h->p->identity : &c->h->p->services[0];
		c->fn(&ctx, c->arg);
	}
	sem_post(&c->over);
}

void house_in_fiber(struct house *h, void (*fn)(struct ctx *ctx, void *arg), void *arg)
{
	struct call c = { .h = h, .fn = fn, .arg = arg };
	sem_init(&c.over, 0, 0);
	if (!fiber_spawn_on(h->loop, call_in_fiber, &c, FIBER_LARGE))
		abort();
	while (sem_wait(&c.over) && errno == EINTR)
		;
	sem_destroy(&c.over);
}

/* --- the client --------------------------------------------------------------------------------------------- */

int house_connect(const struct house *h)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(h->server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof in)) {
		perror("the house does not answer");
		abort();
	}
	return fd;
}

void house_send(int fd, const char *p, size_t n)
{
	for (ssize_t k; n && ((k = send(fd, p, n, MSG_NOSIGNAL)) > 0 || errno == EINTR);)
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
}

static int read_answer(int fd, char *out, size_t max, size_t *got, bool head_only)
{
	ssize_t k = 1;
	*got = 0;
	out[0] = 0;
	while (k > 0 && *got + 1 < max && !(head_only && strstr(out, "\r\n\r\n"))) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, ANSWER_MS) == 0)
			return -1;
		k = read(fd, out + *got, max - 1 - *got);
		if (k > 0)
			*got += (size_t)k;
		out[*got] = 0;
	}
	return *got > 12 && !strncmp(out, "HTTP/1.1 ", 9) ? atoi(out + 9) : 0;
}

int house_read(int fd, char *out, size_t max, size_t *got) { return read_answer(fd, out, max, got, false); }

int house_read_head(int fd, char *out, size_t max, size_t *got) { return read_answer(fd, out, max, got, true); }
