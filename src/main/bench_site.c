/* SPDX-License-Identifier: Apache-2.0 */
#include "main/bench.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/boot/platform.h"
#include "platform/config/config.h"
#include "platform/web/web_app.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "rt/sync.h"
#include "services/blog/import.h"

#define ON_THE_WAY 16
#define LINE_MAX_LEN 4096
#define END_NS (2 * NS_PER_S)

struct bench_site { struct config *config; struct platform *platform; struct http_server *server; };

/* --- the site ----------------------------------------------------------------------------------------------- */

static enum status fill(struct ctx *ctx, struct platform *p, const char *demo, struct err *e)
{
	struct service_instance *blog = platform_service(p, "blog"), *before = ctx->svc;
	/* Without its pictures, which take long to resize and are in no page. */
	const struct import_options options = { .path = arena_printf(ctx->arena, "%s/millrace.ghost.json", demo),
		.site_url = STR("") };
	struct import_report report;
	ctx->svc = blog;
	enum status st = blog_import_ghost(ctx, blog->db, p->media, &options, &report, e);
	ctx->svc = before;
	return st;
}

static enum status site_begin(struct bench_site *s, struct ctx *ctx, const char *folder, const char *demo,
                              struct err *e)
{
	const char *const sets[] = { arena_printf(ctx->arena, "server.data_dir=%s", folder), "rate.enabled=no",
		"http.access_log=no" };
	const struct config_source source = { .sets = sets, .set_count = sizeof sets / sizeof *sets };
	struct http_server_config h = { .listen_count = 1, .listen[0].addr = "127.0.0.1:0" };
	unsigned applied;
	s->config = config_load(&source, services_all, e);
	s->platform = s->config ? platform_new(s->config, services_all, e) : NULL;
	if (!s->platform)
		return ST_CONFIG;
	TRY(platform_migrate(ctx, s->platform, &applied, e));
	TRY(platform_start(ctx, s->platform, e));
	TRY(fill(ctx, s->platform, demo, e));
	s->platform->web = web_app_new(s->platform, NULL, e);
	if (!s->platform->web)
		return ST_CONFIG;
	web_app_http(s->platform->web, WEB_PUBLIC, &h.app);
	s->server = http_server_new(&h, e);
	return s->server ? http_server_attach(s->server, loop_current(), e) : ST_CONFIG;
}

enum status bench_site_open(
        struct ctx *ctx, const char *folder, const char *demo, struct bench_site **out, struct err *e)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return err_set(e, ST_NOMEM, "no memory to measure");
	if (mkdir(folder, 0700))
		return err_errno(e, ST_IO, "can not make %s", folder);
	return site_begin(*out, ctx, folder, demo, e);
}

static void site_ended(void *arg)
{
	promise_set(arg);
}

void bench_site_end(struct bench_site *s)
{
	struct promise over;
	if (!s || !s->server)
		return;
	promise_init(&over);
	http_server_drain(s->server, clock_mono_ns() + END_NS, site_ended, &over);
	promise_wait_shielded(&over);
}

void bench_site_free(struct bench_site *s)
{
	if (!s)
		return;
	http_server_free(s->server);
	platform_free(s->platform);
	config_free(s->config);
	free(s);
}

/* --- who asks ----------------------------------------------------------------------------------------------- */

struct asking {
	int port;
	bool cached;
	bool (*go_on)(void *arg);
	void *arg;
	uint64_t n;
	double per_s;
	const char *wrong;
	};

static bool send_some(const struct asking *x, int fd)
{
	char out[ON_THE_WAY * 128];
	size_t n = 0;
	for (unsigned i = 0; i < ON_THE_WAY; i++) {
		char query[32] = "";
		if (!x->cached)
			snprintf(query, sizeof query, "?ask=%llu", (unsigned long long)x->n + i);
		n += (size_t)snprintf(out + n, sizeof out - n,
		        "GET /%s HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Encoding: br\r\n\r\n",
		        query);
	}
	return send(fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool read_answer(FILE *in)
{
	char line[LINE_MAX_LEN];
	long length = -1;
	if (!fgets(line, sizeof line, in) || strncmp(line, "HTTP/1.1 200 ", 13))
		return false;
	while (fgets(line, sizeof line, in) && strcmp(line, "\r\n"))
		if (!strncasecmp(line, "content-length:", 15))
			length = strtol(line + 15, NULL, 10);
	for (size_t n;
	        length > 0 && (n = fread(line, 1, length < LINE_MAX_LEN ? (size_t)length : sizeof line, in)) > 0;)
		length -= (long)n;
	return length == 0;
}

static void request_fiber(void *arg)
{
	struct asking *x = arg;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)x->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *in = fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof to) ? fdopen(fd, "r") : NULL;
	int64_t begun = clock_mono_ns();
	while (in && !x->wrong && x->go_on(x->arg)) {
		if (!send_some(x, fd))
			x->wrong = "what was asked";
		for (unsigned i = 0; i < ON_THE_WAY && !x->wrong; i++, x->n++)
			if (!read_answer(in))
				x->wrong = "its answer";
	}
	x->per_s = (double)x->n * NS_PER_S / (double)(clock_mono_ns() - begun);
	if (!in)
		x->wrong = "a connection";
	if (in)
		fclose(in);
	else if (fd >= 0)
		close(fd);
}

enum status bench_site_ask(
        struct bench_site *s, bool cached, bool (*go_on)(void *arg), void *arg, double *per_s, struct err *e)
{
	struct asking x = { .port = http_server_port(s->server, 0), .cached = cached, .go_on = go_on, .arg = arg };
	TRY(offload(OFFLOAD_PROMPT, request_fiber, &x));
	*per_s = x.per_s;
	return x.wrong ? err_set(e, ST_IO, "the demonstration's front page: %s is missing", x.wrong) : ST_OK;
}
