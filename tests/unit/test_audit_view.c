/* SPDX-License-Identifier: Apache-2.0
 *
 * The administrator's view of an audit chain, over a real server and database: filters, pages, what is known of the
 * chain's wholeness, and hostile texts in it.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/audit/audit_int.h"
#include "platform/audit/audit_view.h"
#include "platform/boot/platform.h"
#include "platform/config/config.h"
#include "platform/web/web_app.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define ENTRIES 120

static struct { struct platform *p; struct http_server *server; struct loops *loops; char folder[64], set[128];
	struct err e; } t;

static struct str name_of(struct ctx *ctx, struct str id, void *arg)
{
	return str_eqc(id, "7") ? STR("Ada <Lovelace>") : STR("");
}

static enum status get_audit(struct web *w, struct err *e)
{
	const struct audit_look look = {
		.path = STR("/admin/audit"), .site_name = STR("Millrace"), .name_of = name_of
	};
	return audit_view(w, &look, e);
}

static const struct route routes[] = { { "GET", "/admin/audit", get_audit, .rate = RATE_NONE, .help = "x" }, { 0 } };
static const struct db_migration_set no_migrations = { .owner = "here" };
static const struct service service = {
	.name = "here", .title = "Here", .mount = "/", .summary = "x", .routes = routes, .migrations = &no_migrations
};
static const struct service *const services[] = { &service, NULL };

/* --- a client ----------------------------------------------------------------------------------------------- */

static char answer[400000];

static void ask(const char *path)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_server_port(t.server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 20 };
	char request[1024];
	int n = snprintf(
	            request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path),
	    fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(write(fd, request, (size_t)n), n);
	size_t got = 0;
	for (ssize_t k; got + 1 < sizeof answer && (k = read(fd, answer + got, sizeof answer - 1 - got)) > 0;)
		got += (size_t)k;
	close(fd);
	answer[got] = 0;
	assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
}

static void has(const char *what, bool there)
{
	if ((strstr(answer, what) != NULL) != there)
		fail_msg("%s '%s' in:\n%.6000s", there ? "no" : "unexpected", what, answer);
}

static int rows(void)
{
	int n = 0;
	for (const char *at = answer; (at = strstr(at, "<tr id=")); at++)
		n++;
	return n;
}

static void sql(const char *text)
{
	sqlite3 *h;
	char path[256];
	snprintf(path, sizeof path, "%s/here.db", t.folder);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(h);
}

/* --- tests -------------------------------------------------------------------------------------------------- */

static void newest_first_page_by_page(void **state)
{
	ask("/admin/audit");
	assert_int_equal(rows(), 50);
	has("id=\"e120\"", true);
	has("id=\"e70\"", false);
	has("Verified up to entry 120 at ", true);
	has("/admin/audit?chain=here&amp;before=71", true);
	has(">Newest<", false);
	has("private, no-store", true);
	ask("/admin/audit?before=71");
	has("id=\"e70\"", true);
	has("id=\"e71\"", false);
	has(">Newest<", true);
	ask("/admin/audit?chain=here&before=21");
	assert_int_equal(rows(), 20);
	has(">Older<", false);
	ask("/admin/audit?before=x&chain=nowhere");
	assert_int_equal(rows(), 50);
}

static void filters_are_kept(void **state)
{
	ask("/admin/audit?action=person.&actor=7");
	assert_int_equal(rows(), 1);
	has("value=\"person.\"", true);
	has("Show all", true);
	ask("/admin/audit?action=thing.");
	has("action=thing.&amp;before=", true);
	ask("/admin/audit?object=nobody");
	assert_int_equal(rows(), 0);
	has("Nothing was recorded that fits", true);
}

static void texts_are_texts(void **state)
{
	ask("/admin/audit?action=person.");
	has("Ada &lt;Lovelace&gt;", true);
	has("<script>", false);
	has("&lt;script&gt;alert(1)", true);
	has("object=%3Cscript%3Ealert%281%29", true);
	has("<details>", true);
	ask("/admin/audit?actor=%22%3E%3Cscript%3E&object=%FF&action=%00");
	has("<script>", false);
}

static void tampering_is_shown(void **state)
{
	sql("UPDATE audit_log SET actor = '8' WHERE seq = 33");
	ask("/admin/audit");
	has("This record was tampered with.", true);
	has("entry 33 was edited", true);
	sql("UPDATE audit_log SET actor = '5' WHERE seq = 33");
	ask("/admin/audit");
	has("tampered", false);
}

/* --- set-up ------------------------------------------------------------------------------------------------- */

static enum status tx_fill(struct db_conn *c, void *arg, struct err *e)
{
	const struct audit_entry first = { .action = "person.signed_in",
		.actor = STR("7"),
		.object = STR("<script>alert(1)</script>"),
		.address = STR("192.0.2.1"),
		.details = STR("{\"a\":\"</pre><script>\"}") };
	TRY(audit_write(c, &first, e));
	for (int i = 1; i < ENTRIES; i++)
		TRY(audit_write(c,
		        &(struct audit_entry){ .action = "thing.done", .actor = STR("5"), .object = STR("x y") }, e));
	return ST_OK;
}

static void fill(void *arg)
{
	SCOPED_ARENA *a = arena_new(8 << 20);
	struct ctx ctx;
	unsigned applied;
	ctx_init(&ctx, a);
	if (platform_migrate(&ctx, t.p, &applied, &t.e) == ST_OK)
		(void)!db_write(&ctx, t.p->services[0].db, tx_fill, NULL, &t.e);
}

static void attach(struct loop *l, void *arg)
{
	if (http_server_attach(t.server, l, &t.e) != ST_OK)
		abort();
}

static int setup(void **state)
{
	snprintf(t.folder, sizeof t.folder, "/tmp/gh-view-XXXXXX");
	snprintf(t.set, sizeof t.set, "server.data_dir=%s", mkdtemp(t.folder));
	struct config_source src = { .sets = (const char *[]){ t.set }, .set_count = 1 };
	struct http_server_config c = { .listen_count = 1, .limits = { .arena = 8 << 20 } };
	c.listen[0].addr = "127.0.0.1:0";
	struct config *config = config_load(&src, services, &t.e);
	if (config && offload_start(2, 100, &t.e) == ST_OK && (t.p = platform_new(config, services, &t.e)))
		fiber_main(fill, NULL);
	if (t.p && !*t.e.msg && (t.p->web = web_app_new(t.p, NULL, &t.e))) {
		web_app_http(t.p->web, WEB_PUBLIC, &c.app);
		t.server = http_server_new(&c, &t.e);
	}
	if (!t.server || !(t.loops = loops_start(1, attach, NULL, &t.e))) {
		print_error("%s\n", t.e.msg);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	loops_stop_join(t.loops);
	offload_stop();
	http_server_free(t.server);
	struct config *config = (struct config *)(uintptr_t)t.p->config;
	platform_free(t.p);
	config_free(config);
	snprintf(command, sizeof command, "rm -rf %s", t.folder);
	return system(command);
}

int main(void)
{
	log_setup(LOG_ERROR, LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_first_page_by_page),
		cmocka_unit_test(filters_are_kept),
		cmocka_unit_test(texts_are_texts),
		cmocka_unit_test(tampering_is_shown),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
