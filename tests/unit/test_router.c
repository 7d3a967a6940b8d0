/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include "base/id.h"
#include "platform/boot/registry.h"
#include "platform/web/router.h"

static enum status handler(struct web *w, struct err *e) { return ST_OK; }

static const struct service blog = { .name = "blog", .title = "Site", .mount = "/", .summary = "x" };
static const struct service account = { .name = "account", .title = "Account", .mount = "/account", .summary = "x" };
static struct service_instance blog_i = { .def = &blog }, account_i = { .def = &account };

static const struct route routes[] = {
	{ "GET", "/", handler },
	{ "GET", "/tag/{slug:slug}", handler },
	{ "GET", "/tag/all", handler },
	{ "GET", "/{slug:slug}", handler },
	{ "GET", "/p/{id:id}", handler },
	{ "GET", "/p/{n:int}", handler },
	{ "GET", "/p/{name:text}", handler },
	{ "POST", "/p/{name:text}", handler },
	{ "GET", "/x/{hash:hex}/{file}", handler },
	{ "GET", "/files/{rest:path}", handler },
	{ "DELETE", "/files/{one:text}", handler },
	{ "GET", "/old/", handler },
	{ "GET", "/@{name}", handler },
	{ "GET", "/@{name}/{id:id}", handler },
	{ "GET", "/@all", handler },
	{ "GET", "/v{n:int}/about", handler },
	{ 0 },
};

static struct router *make(void)
{
	struct err e = { 0 };
	struct router *r = router_new();
	for (const struct route *x = routes; x->method; x++)
		if (router_add(r, STR(""), "", x, &blog_i, &e) != ST_OK)
			fail_msg("%s", e.msg);
	static const struct route front = { "GET", "/", handler }, sub = { "GET", "/orders", handler };
	assert_int_equal(router_add(r, STR(""), "/account", &front, &account_i, &e), ST_OK);
	assert_int_equal(router_add(r, STR(""), "/account", &sub, &account_i, &e), ST_OK);
	return r;
}

static struct match match(struct router *r, const char *method, const char *path)
{
	struct match m = { 0 };
	router_match(r, STR("example.org:8080"), str_c(method), str_c(path), &m);
	return m;
}

static void expect(struct router *r, const char *method, const char *path, const char *pattern)
{
	struct match m = match(r, method, path);
	if (m.kind != MATCH_ROUTE || strcmp(m.entry->pattern, pattern))
		fail_msg("%s %s: kind %d, %s instead of %s", method, path, m.kind, m.entry ? m.entry->pattern : "-",
		        pattern);
}

static void the_most_specific_wins(void **state)
{
	struct router *r = make();
	expect(r, "GET", "/", "/");
	expect(r, "GET", "/tag/all", "/tag/all");
	expect(r, "GET", "/tag/bread", "/tag/{slug:slug}");
	expect(r, "GET", "/bread-on-fridays", "/{slug:slug}");
	expect(r, "GET", "/account", "/account");
	expect(r, "GET", "/account/orders", "/account/orders");
	expect(r, "GET", "/p/42", "/p/{n:int}");
	expect(r, "GET", "/p/Anything at all", "/p/{name:text}");
	expect(r, "HEAD", "/p/42", "/p/{n:int}");
	char id[ID_TEXT_LEN + 1];
	int64_t made = id_new();
	id_text(made, id);
	char path[32] = "/p/";
	memcpy(path + 3, id, sizeof id);
	struct match m = match(r, "GET", path);
	assert_string_equal(m.entry->pattern, "/p/{id:id}");
	assert_int_equal(m.params[0].num, made);
	router_free(r);
}

static void parameters(void **state)
{
	struct router *r = make();
	struct match m = match(r, "GET", "/x/00ff/a.png");
	assert_int_equal(m.param_count, 2);
	assert_true(str_eqc(m.params[0].name, "hash") && str_eqc(m.params[0].value, "00ff"));
	assert_true(str_eqc(m.params[1].name, "file") && str_eqc(m.params[1].value, "a.png"));
	m = match(r, "GET", "/files/a/b/c.txt");
	assert_true(str_eqc(m.params[0].value, "a/b/c.txt"));
	m = match(r, "GET", "/p/9223372036854775807");
	assert_int_equal(m.params[0].num, INT64_MAX);
	assert_string_equal(match(r, "GET", "/p/9223372036854775808").entry->pattern, "/p/{name:text}");
	router_free(r);
}

/* What stands before a parameter is no part of it. */
static void prefixes(void **state)
{
	struct router *r = make();
	struct match m = match(r, "GET", "/@ada@example.org");
	assert_string_equal(m.entry->pattern, "/@{name}");
	assert_true(str_eqc(m.params[0].value, "ada@example.org"));
	expect(r, "GET", "/@all", "/@all");
	expect(r, "GET", "/v2/about", "/v{n:int}/about");
	assert_int_equal(match(r, "GET", "/v2/about").params[0].num, 2);
	assert_int_equal(match(r, "GET", "/vv/about").kind, MATCH_NONE);
	assert_int_equal(match(r, "GET", "/@").kind, MATCH_NONE);
	expect(r, "GET", "/v2", "/{slug:slug}");
	router_free(r);
}

static void another_method_may_fit_another_pattern(void **state)
{
	struct router *r = make();
	expect(r, "POST", "/p/42", "/p/{name:text}");
	expect(r, "DELETE", "/files/a", "/files/{one:text}");
	struct match m = match(r, "PUT", "/p/42");
	assert_int_equal(m.kind, MATCH_METHOD);
	assert_string_equal(m.allow, "GET, HEAD, POST, OPTIONS");
	m = match(r, "OPTIONS", "/");
	assert_int_equal(m.kind, MATCH_METHOD);
	assert_string_equal(m.allow, "GET, HEAD, OPTIONS");
	router_free(r);
}

static void nothing_there(void **state)
{
	struct router *r = make();
	assert_int_equal(match(r, "GET", "/Not_a_slug").kind, MATCH_NONE);
	assert_int_equal(match(r, "GET", "/x/XYZ/a").kind, MATCH_NONE);
	assert_int_equal(match(r, "GET", "//").kind, MATCH_NONE);
	assert_int_equal(match(r, "GET", "").kind, MATCH_NONE);
	assert_int_equal(match(r, "GET", "/x/00/").kind, MATCH_NONE);
	char deep[200];
	memset(deep, '/', sizeof deep);
	deep[199] = 0;
	assert_int_equal(match(r, "GET", deep).kind, MATCH_NONE);
	router_free(r);
}

static void the_last_slash(void **state)
{
	struct router *r = make();
	struct match m = match(r, "GET", "/tag/bread/");
	assert_int_equal(m.kind, MATCH_SLASH);
	assert_false(m.add_slash);
	assert_int_equal(match(r, "GET", "/account/").kind, MATCH_SLASH);
	/* /old has the slug route, /old/ its own. */
	expect(r, "GET", "/old", "/{slug:slug}");
	expect(r, "GET", "/old/", "/old/");
	router_free(r);
}

static void a_mount_belongs_to_its_service(void **state)
{
	struct err e = { 0 };
	static const struct route slug = { "GET", "/{slug:slug}/", handler }, any = { "GET", "/{rest:path}", handler };
	static const struct route front = { "GET", "/", handler };
	struct router *r = router_new();
	assert_int_equal(router_add(r, STR(""), "", &slug, &blog_i, &e), ST_OK);
	assert_int_equal(router_add(r, STR(""), "", &any, &blog_i, &e), ST_OK);
	assert_int_equal(router_add(r, STR(""), "/account", &front, &account_i, &e), ST_OK);
	assert_int_equal(match(r, "GET", "/account/").kind, MATCH_SLASH);
	assert_int_equal(match(r, "GET", "/account/nothing").kind, MATCH_NONE);
	expect(r, "GET", "/accounts/", "/{slug:slug}/");
	/* A catch-all gives way to the other spelling of a proper route, and takes what is left. */
	struct match m = match(r, "GET", "/bread");
	assert_int_equal(m.kind, MATCH_SLASH);
	assert_true(m.add_slash);
	expect(r, "GET", "/2019/01/old.html", "/{rest:path}");
	expect(r, "GET", "//evil.example", "/{rest:path}");
	router_free(r);
}

static void hosts(void **state)
{
	struct err e = { 0 };
	static const struct route front = { "GET", "/", handler }, health = { "GET", "/healthz", handler };
	struct router *r = router_new();
	assert_int_equal(router_add(r, STR("blog.example.org"), "", &front, &blog_i, &e), ST_OK);
	assert_int_equal(router_add(r, STR("account.example.org"), "", &front, &account_i, &e), ST_OK);
	assert_int_equal(router_add(r, STR(""), "", &health, NULL, &e), ST_OK);
	struct match m = { 0 };
	router_match(r, STR("account.example.org:443"), STR("GET"), STR("/"), &m);
	assert_ptr_equal(m.entry->svc, &account_i);
	router_match(r, STR("blog.example.org"), STR("GET"), STR("/"), &m);
	assert_ptr_equal(m.entry->svc, &blog_i);
	router_match(r, STR("blog.example.org"), STR("GET"), STR("/healthz"), &m);
	assert_int_equal(m.kind, MATCH_ROUTE);
	router_match(r, STR("[::1]:80"), STR("GET"), STR("/"), &m);
	assert_int_equal(m.kind, MATCH_NONE);
	router_free(r);
}

static void bad_patterns(void **state)
{
	static const char *const bad[] = { "x", "/{a:nope}", "/{:int}", "/{}", "/{a", "/a{b}c", "/a}", "/{p:path}/x",
		"/tag/{other:slug}", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}" };
	struct router *r = make();
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };
		struct route route = { "GET", bad[i], handler };
		if (router_add(r, STR(""), "", &route, &account_i, &e) != ST_CONFIG)
			fail_msg("%s was taken", bad[i]);
		if (i == 8)
			assert_non_null(strstr(e.msg, "is taken by blog"));
	}
	router_free(r);
}

static void registry_refuses(void **state)
{
	struct err e = { 0 };
	static const struct route good[] = { { "GET", "/", handler, .help = "x" }, { 0 } };
	static const struct route cached_post[] = { { "POST", "/", handler, .flags = ROUTE_CACHE, .help = "x" },
		{ 0 } };
	static const struct route dangling[] = { { "GET", "/", NULL, .help = "x" }, { 0 } };
	static const struct route nonsense[] = { { "FETCH", "/", handler, .help = "x" }, { 0 } };
	struct service s = { .name = "a", .title = "A", .summary = "x", .mount = "/", .routes = good };
	const struct service *list[] = { &s, NULL, NULL };
	assert_int_equal(registry_check(list, &e), ST_OK);
	const struct route *const bad[] = { cached_post, dangling, nonsense };
	for (unsigned i = 0; i < 3; i++) {
		s.routes = bad[i];
		assert_int_equal(registry_check(list, &e), ST_CONFIG);
	}
	s.routes = good;
	list[1] = &s;
	assert_int_equal(registry_check(list, &e), ST_CONFIG);
	assert_non_null(strstr(e.msg, "twice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_wins),
		cmocka_unit_test(parameters), cmocka_unit_test(prefixes),
		cmocka_unit_test(another_method_may_fit_another_pattern),
		cmocka_unit_test(nothing_there),
		cmocka_unit_test(the_last_slash),
		cmocka_unit_test(a_mount_belongs_to_its_service),
		cmocka_unit_test(hosts),
		cmocka_unit_test(bad_patterns),
		cmocka_unit_test(registry_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
