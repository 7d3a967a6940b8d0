/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies against golden files made from what real Ghosts exported, and against hostile documents.
 * UPDATE_GOLDEN=1 in the environment writes the golden files anew: read the difference before committing it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "services/blog/body.h"
#include "unit/unit.h"

static bool image(void *arg, struct str url, struct blog_image *out)
{
	(void)arg;
	if (!str_starts(url, STR("/content/images/")))
		return false;
	*out = (struct blog_image){ .src = STR("/media/ab/cd/photo.jpeg"),
		.srcset = STR("/media/ab/cd/photo-640.webp 640w"),
		.width = 1200,
		.height = 800 };
	return true;
}

static const struct body_options options = { .site_url = STR_INIT("http://localhost:2368"), .image = image };

static struct str text_of(json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_NULL;
}

static void compare(struct arena *a, const char *name, struct str html)
{
	char path[600];
	snprintf(path, sizeof path, "%s/tests/golden/blog_body/%s.html", TEST_ROOT, name);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fwrite(html.p, 1, html.n, f);
		fclose(f);
		return;
	}
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("no golden file %s", path);
	char *want = arena_alloc(a, 1 << 20);
	size_t n = fread(want, 1, (1 << 20) - 1, f);
	want[n] = '\0';
	fclose(f);
	assert_string_equal(arena_cstr(a, html), want);
}

static void check_post(json_t *post, const char *prefix)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct str source = text_of(post, "lexical");
	enum body_format format = BODY_LEXICAL;
	if (!source.n) {
		source = text_of(post, "mobiledoc");
		format = BODY_MOBILEDOC;
	}
	struct body b;
	struct err e = { 0 };
	enum status st = body_render(a, format, source, STR_NULL, &options, &b, &e);
	if (st != ST_OK)
		fail_msg("%s: %s", json_string_value(json_object_get(post, "slug")), e.msg);
	assert_int_equal(b.format, format);
	char name[300];
	snprintf(name, sizeof name, "%s-%s", prefix, json_string_value(json_object_get(post, "slug")));
	compare(a, name, b.html.s);
	if (b.preview.s.p) {
		strcat(name, ".preview");
		compare(a, name, b.preview.s);
	}
	assert_true(str_utf8_valid(b.html.s));
	assert_int_equal(str_find(b.html.s, STR("__GHOST_URL__")), -1);
	assert_int_equal(str_find(b.html.s, STR("<script")), -1);
}

static void check_export(const char *file, const char *prefix)
{
	char path[600];
	snprintf(path, sizeof path, "%s/tests/fixtures/ghost/%s", TEST_ROOT, file);
	json_t *doc = json_load_file(path, 0, NULL), *post;
	size_t i;
	assert_non_null(doc);
	json_t *posts = json_object_get(
	        json_object_get(json_array_get(json_object_get(doc, "db"), 0), "data"), "posts");
	assert_true(json_array_size(posts) > 0);
	json_array_foreach(posts, i, post)
		check_post(post, prefix);
	json_decref(doc);
}

static void test_ghost6(void **state) { check_export("ghost6-lexical.json", "ghost6"); }
static void test_ghost5(void **state) { check_export("ghost5-mobiledoc.json", "ghost5"); }

/* --- Markdown ----------------------------------------------------------------------------------------------------- */

/* As many as a body may hold: the work grows with the text and not with its square, or this would not end. */
static void repeated(const char *piece, const char *end)
{
	SCOPED_ARENA *a = arena_new(512u << 20);
	struct body b;
	struct buf text;
	struct err e = { 0 };
	buf_arena(&text, a, 1u << 20);
	while (text.len < (128u << 10))
		buf_puts(&text, piece);
	buf_puts(&text, end);
	enum status st = body_render(a, BODY_MARKDOWN, buf_str(&text), STR_NULL, NULL, &b, &e);
	assert_true(st == ST_OK || st == ST_TOO_LARGE);
}

static void test_marks_without_end(void **state)
{
	static const char *const pieces[] = { "^[", "~a ", "==", " ==a", "a== ", "~~a ", "[^1]", "[^1]: a\n\n", "[^",
		"]",
		"^[a ", "~a^", "http://a.", "a@", "a@b.", "*~a ", "_==a_ ", "- ~a\n", "|-", "x|\n-|\n", "# a#\n" };
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		repeated(pieces[i], "");
		repeated(pieces[i], "\n\n[^1]: x");
	}
}

/* --- small ones --------------------------------------------------------------------------------------------------- */

static struct body render(struct arena *a, enum body_format f, const char *source)
{
	struct body b;
	struct err e = { 0 };
	if (body_render(a, f, str_c(source), STR_NULL, &options, &b, &e) != ST_OK)
		fail_msg("%s", e.msg);
	return b;
}

#define LEXICAL(children) "{\"root\":{\"type\":\"root\",\"children\":[" children "]}}"
#define TEXT(text, format) "{\"type\":\"text\",\"text\":\"" text "\",\"format\":" #format "}"
#define PARA(text) "{\"type\":\"paragraph\",\"children\":[" TEXT(text, 0) "]}"

static void expect(enum body_format f, const char *source, const char *want)
{
	SCOPED_ARENA *a = arena_new(16u << 20);
	assert_string_equal(arena_cstr(a, str_trim(render(a, f, source).html.s)), want);
}

static void test_runs_share_elements(void **state)
{
	expect(BODY_LEXICAL,
	        LEXICAL("{\"type\":\"paragraph\",\"children\":[" TEXT("a", 1) "," TEXT("b", 3) "," TEXT("c", 2) "]}"),
	        "<p><strong>a<em>b</em></strong><em>c</em></p>");
	expect(BODY_LEXICAL, LEXICAL(TEXT("loose", 0)), "<p>loose</p>");
	expect(BODY_LEXICAL, LEXICAL("{\"type\":\"paragraph\",\"children\":[" TEXT("<b>&", 16) "]}"),
	       "<p><code>&lt;b&gt;&amp;</code></p>");
}

static void test_nested_list_goes_into_the_item_before(void **state)
{
	expect(BODY_LEXICAL,
	       LEXICAL("{\"type\":\"list\",\"listType\":\"number\",\"start\":3,\"children\":["
	               "{\"type\":\"listitem\",\"children\":[" TEXT("a", 0) "]},"
	               "{\"type\":\"listitem\",\"children\":[{\"type\":\"list\",\"listType\":\"bullet\",\"children\":["
	               "{\"type\":\"listitem\",\"children\":[" TEXT("b", 0) "]}]}]}]}"),
	       "<ol start=\"3\"><li>a<ul><li>b</li></ul>\n</li></ol>");
}

static void test_mobiledoc_markups_are_a_stack(void **state)
{
	expect(BODY_MOBILEDOC,
	        "{\"version\":\"0.3.1\",\"ghostVersion\":\"4.0\",\"markups\":[[\"em\"],[\"a\",[\"href\",\"javascript:"
	        "alert(1)\"]]],"
	        "\"atoms\":[[\"soft-return\",\"\",{}]],\"cards\":[],\"sections\":[[1,\"p\",[[0,[0],0,\"a\"],[0,[1],1,"
	        "\"b\"],"
	        "[1,[],0,0],[0,[],1,\"c\"]]]]}",
	        "<p><em>a<a href=\"#\">b</a><br>c</em></p>");
	/* never closed, closed too often, indexes from nowhere */
	expect(BODY_MOBILEDOC,
	        "{\"markups\":[[\"strong\"]],\"sections\":[[1,\"p\",[[0,[0,7,-1,\"x\"],0,\"a\"]]],[1,\"p\",[[0,[],99,"
	        "\"b\"],[1,[],0,5]]]]}",
	        "<p><strong>a</strong></p>\n<p>b</p>");
}

/* What is within more marks than are kept loses its own, and closes its own: those around it stay open. */
static void test_marks_left_out_are_closed(void **state)
{
	SCOPED_ARENA *a = arena_new(1u << 20);
	struct buf source, want;
	buf_arena(&source, a, 4096);
	buf_arena(&want, a, 4096);
	BUF_LIT(&source, "{\"ghostVersion\":\"4.0\",\"markups\":[[\"em\"],[\"strong\"]],\"sections\":[[1,\"p\",[[0,[");
	BUF_LIT(&want, "<p>");
	for (int i = 0; i < 32; i++) {
		BUF_LIT(&source, "0,");
		BUF_LIT(&want, "<em>");
	}
	BUF_LIT(&source, "1],1,\"a\"],[0,[],32,\"b\"],[0,[],0,\"c\"]]]]}");
	BUF_LIT(&want, "ab");
	for (int i = 0; i < 32; i++)
		BUF_LIT(&want, "</em>");
	BUF_LIT(&want, "c</p>");
	expect(BODY_MOBILEDOC, source.data, want.data);
}

static void test_addresses(void **state)
{
	SCOPED_ARENA *a = arena_new(1u << 20);
	static const struct { const char *in, *want; } table[] = {
		{ "__GHOST_URL__/hall/", "/hall/" },
		{ "__GHOST_URL__", "/" },
		{ "http://localhost:2368/a", "/a" },
		{ "http://localhost:2368.example/a", "http://localhost:2368.example/a" },
		{ "#/portal/signup", "/subscribe" },
		{ "#/portal/signin", "/account" },
		{ "/#/search", "/search" },
		{ " https://example.org/ ", "https://example.org/" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_string_equal(arena_cstr(a, body_url(a, &options, str_c(table[i].in))), table[i].want);
}

static void test_slugs_and_excerpts(void **state)
{
	SCOPED_ARENA *a = arena_new(1u << 20);
	static const struct { const char *in, *want; } table[] = {
		{ "Crème brûlée & tea", "creme-brulee-tea" }, { "Don’t -- stop!", "dont-stop" },
		{ "Straße Ærø Łódź", "strasse-aero-lodz" },   { "日本語", "" },
		{ "  --x--  ", "x" },                         { "\xff\xfe", "" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_string_equal(arena_cstr(a, body_slug(a, str_c(table[i].in))), table[i].want);
	assert_string_equal(arena_cstr(a, body_excerpt(a, STR("one two three, four"), 14)), "one two three…");
	assert_string_equal(arena_cstr(a, body_excerpt(a, STR("short"), 14)), "short");
}

/* --- who sees what ------------------------------------------------------------------------------------------------ */

/* Each version of Ghost had rules of its own, and old links go by them. */
static void test_heading_ids(void **state)
{
#define MOBILEDOC_HEADING(version, text) \
	"{\"version\":\"0.3.1\"," version "\"markups\":[],\"atoms\":[],\"cards\":[]," \
	"\"sections\":[[1,\"h2\",[[0,[],0,\"" text "\"]]]]}"
	expect(BODY_LEXICAL,
	        LEXICAL("{\"type\":\"heading\",\"tag\":\"h2\",\"children\":[" TEXT("Über uns: a_b - c!", 0) "]}"),
	        "<h2 id=\"%C3%BCber-uns-abc\">Über uns: a_b - c!</h2>");
	expect(BODY_MOBILEDOC, MOBILEDOC_HEADING("\"ghostVersion\":\"4.0\",", "Über uns?"),
	        "<h2 id=\"%C3%BCber-uns\">Über uns?</h2>");
	expect(BODY_MOBILEDOC, MOBILEDOC_HEADING("\"ghostVersion\":\"3.42\",", "Heading two, & more"),
	        "<h2 id=\"heading-two-more\">Heading two, &amp; more</h2>");
	expect(BODY_MOBILEDOC, MOBILEDOC_HEADING("", "Über uns?"), "<h2 id=\"-ber-uns\">Über uns?</h2>");
	expect(BODY_MARKDOWN, "## Heading two, `more`",
	        "<h2 id=\"headingtwomore\">Heading two, <code>more</code></h2>");
	expect(BODY_MARKDOWN, "# One\n# One", "<h1 id=\"one\">One</h1>\n<h1 id=\"one-1\">One</h1>");
	/* an id that the page itself has */
	expect(BODY_MARKDOWN, "# Content\n[up](#content)",
	        "<h1 id=\"c-content\">Content</h1>\n<p><a href=\"#c-content\">up</a></p>");
}

static void test_paywall_splits(void **state)
{
	SCOPED_ARENA *a = arena_new(16u << 20);
	struct body b = render(a, BODY_LEXICAL, LEXICAL(PARA("open") ",{\"type\":\"paywall\"}," PARA("secret")));
	assert_int_equal(str_find(b.preview.s, STR("secret")), -1);
	assert_true(str_find(b.preview.s, STR("open")) >= 0);
	assert_true(str_find(b.html.s, STR("secret")) >= 0);
	assert_string_equal(arena_cstr(a, b.plain_preview), "open");
	b = render(a, BODY_HTML, "<p>open</p><!--members-only--><p>secret</p>");
	assert_int_equal(str_find(b.preview.s, STR("secret")), -1);
	assert_true(str_find(b.html.s, STR("secret")) >= 0);
}

static void test_gated_cards(void **state)
{
	SCOPED_ARENA *a = arena_new(16u << 20);
	struct body b = render(a, BODY_LEXICAL,
	        LEXICAL(PARA("open") ",{\"type\":\"html\",\"html\":\"<p>paying</p>\",\"visibility\":{\"web\":"
	                             "{\"nonMember\":false,\"memberSegment\":\"status:-free\"},\"email\":{"
	                             "\"memberSegment\":\"\"}}}"));
	assert_true(str_find(b.html.s, STR("paying")) >= 0);
	assert_int_equal(str_find(b.member.s, STR("paying")), -1);
	assert_int_equal(str_find(b.visitor.s, STR("paying")), -1);
	assert_int_equal(str_find(b.plain, STR("paying")), -1);
	b = render(a, BODY_HTML,
	        "<p>open</p><!--kg-gated-block:begin nonMember:false memberSegment:\"status:free,status:-free\" "
	        "--><p>members</p>"
	        "<!--kg-gated-block:end--><p>after</p><!--kg-gated-block:begin nonMember:true");
	assert_true(str_find(b.html.s, STR("members")) >= 0);
	assert_true(str_find(b.member.s, STR("members")) >= 0);
	assert_int_equal(str_find(b.visitor.s, STR("members")), -1);
	assert_true(str_find(b.visitor.s, STR("after")) >= 0);
}

/* --- hostile ------------------------------------------------------------------------------------------------------ */

static void test_depth_falls_back(void **state)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	struct buf deep;
	buf_arena(&deep, a, 1u << 20);
	for (int i = 0; i < 5000; i++)
		buf_puts(&deep, "{\"root\":[");
	struct body b;
	struct err e = { 0 };
	assert_int_equal(body_render(a, BODY_LEXICAL, buf_str(&deep), STR_NULL, &options, &b, &e), ST_INVALID);
	assert_non_null(strstr(e.msg, "deep"));
	assert_int_equal(body_render(a, BODY_LEXICAL, buf_str(&deep), STR("<p>kept</p>"), &options, &b, &e), ST_OK);
	assert_int_equal(b.format, BODY_HTML);
	assert_int_equal(b.note_count, 1);
	assert_true(str_find(b.html.s, STR("kept")) >= 0);
}

static void test_wrong_types_do_no_harm(void **state)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	static const char *const values[] = { "null", "7", "-1e300", "\"x\"", "[]", "[[[]]]", "{}", "{\"children\":{}}",
		"true" };
	static const char *const types[] = { "paragraph", "heading", "list", "listitem", "link", "quote", "image",
		"gallery", "bookmark", "button", "callout", "toggle", "html", "markdown", "codeblock", "file", "audio",
		"video", "embed", "product", "header", "signup", "call-to-action", "before-after", "paywall",
		"nobody-knows" };
	static const char *const fields[] = { "children", "src", "url", "html", "images", "metadata", "caption", "text",
		"tag", "visibility", "start", "format", "width", "beforeImage", "markdown", "code" };
	struct body b;
	for (size_t t = 0; t < sizeof types / sizeof *types; t++)
		for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
			for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
				arena_reset(a);
				struct str s = arena_strf(a, LEXICAL("%s,{\"type\":\"%s\",\"%s\":%s}"), values[v],
				        types[t], fields[f], values[v]);
				assert_int_equal(body_render(a, BODY_LEXICAL, s, STR_NULL, &options, &b, NULL), ST_OK);
				s = arena_strf(a,
				        "{\"markups\":%s,\"atoms\":%s,\"cards\":[[\"%s\",{\"%s\":%s}],%s],\"sections\":"
				        "[[10,0],[10,1],%s,[1,%s,%s],[3,%s,%s]]}",
				        values[v], values[v], types[t], fields[f], values[v], values[v], values[v],
				        values[v], values[v], values[v], values[v]);
				assert_int_equal(
				        body_render(a, BODY_MOBILEDOC, s, STR_NULL, &options, &b, NULL), ST_OK);
			}
}

static void test_scripts_stay_out(void **state)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	static const char evil[] = "\\\"><script>x()</script><img src=x onerror=x()>javascript:x()";
	static const char *const shapes[] = {
		LEXICAL("{\"type\":\"image\",\"src\":\"%s\",\"alt\":\"%s\",\"caption\":\"%s\",\"href\":\"javascript:x()"
		        "\",\"cardWidth\":\"%s\"}"),
		LEXICAL("{\"type\":\"html\",\"html\":\"%s\"},{\"type\":\"markdown\",\"markdown\":\"%s "
		        "[a](javascript:x())\"},"
		        "{\"type\":\"codeblock\",\"code\":\"%s\",\"language\":\"%s\"}"),
		LEXICAL("{\"type\":\"embed\",\"html\":\"<iframe "
		        "src='https://evil.example/'></iframe>%s\",\"url\":\"%s\"},"
		        "{\"type\":\"callout\",\"calloutText\":\"%s\",\"calloutEmoji\":\"%s\"}"),
		LEXICAL("{\"type\":\"button\",\"buttonUrl\":\"javascript:x()//%s\",\"buttonText\":\"%s\"},"
		        "{\"type\":\"bookmark\",\"url\":\"%s\",\"metadata\":{\"title\":\"%s\"}}"),
	};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct str s = arena_strf(a, shapes[i], evil, evil, evil, evil);
		struct body b = render(a, BODY_LEXICAL, arena_cstr(a, s));
		assert_int_equal(str_find(b.html.s, STR("<script")), -1);
		assert_int_equal(str_find(b.html.s, STR("<img src=\"x\" onerror")), -1);
		assert_int_equal(str_find(b.html.s, STR("\"javascript:")), -1);
		assert_int_equal(str_find(b.html.s, STR("evil.example")), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slugs_and_excerpts),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_runs_share_elements),
		cmocka_unit_test(test_nested_list_goes_into_the_item_before),
		cmocka_unit_test(test_mobiledoc_markups_are_a_stack),
		cmocka_unit_test(test_marks_left_out_are_closed),
		cmocka_unit_test(test_paywall_splits),
		cmocka_unit_test(test_gated_cards),
		cmocka_unit_test(test_ghost6),
		cmocka_unit_test(test_ghost5),
		cmocka_unit_test(test_marks_without_end),
		cmocka_unit_test(test_heading_ids),
		cmocka_unit_test(test_depth_falls_back),
		cmocka_unit_test(test_wrong_types_do_no_harm),
		cmocka_unit_test(test_scripts_stay_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
