/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server alone, for bench/http_cached.py: GET / answers one page from memory through fast(), GET /fiber the
 * same from a fiber, anything else 404.
 *
 *     bench_http ADDRESS:PORT LOOPS FILE [CERT KEY]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/conn/http.h"
#include "rt/loop.h"

static struct http_server *server;
static struct blob *page;

static void send_page(struct http_req *r)
{
	http_add_header(r, "Content-Type", STR("text/html"));
	http_add_header(r, "ETag", STR("\"655f2d8c-2ee0\""));
	http_add_header(r, "Last-Modified", STR("Sat, 21 Nov 2026 08:30:00 GMT"));
	http_add_header(r, "Accept-Ranges", STR("bytes"));
	http_send_blob(r, page);
}

static bool fast(struct http_req *r, void *arg)
{
	if (r->path.n != 1)
		return false;
	send_page(r);
	return true;
}

static void handle(struct http_req *r, void *arg)
{
	if (str_eqc(r->path, "/fiber")) {
		send_page(r);
	} else {
		http_status(r, 404);
		http_send(r, STR("not found\n"));
	}
}

static void start(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(server, l, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
}

static bool load(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return false;
	page = blob_new_large((size_t)st.st_size);
	bool ok = page && read(fd, page->data, page->len) == (ssize_t)page->len;
	close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: bench_http ADDRESS:PORT LOOPS FILE [CERT KEY]\n");
		return 2;
	}
	struct http_server_config c = {
		.listen = { { .addr = argv[1], .cert = argc > 4 ? argv[4] : NULL, .key = argc > 5 ? argv[5] : NULL } },
		.listen_count = 1,
		.app = { .fast = fast, .handle = handle },
	};
	if (!load(argv[3])) {
		perror(argv[3]);
		return 1;
	}
	server = http_server_new(&c, &e);
	struct loops *loops = server ? loops_start((unsigned)atoi(argv[2]), start, NULL, &e) : NULL;
	if (!loops) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	printf("ready %d\n", http_server_port(server, 0));
	fflush(stdout);
	for (;;)
		pause();
}
