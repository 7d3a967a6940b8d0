/* SPDX-License-Identifier: Apache-2.0
 *
 * Documents of the editor: what is opened and not touched is what it was, whatever wrote it; and Markdown, there and
 * back.
 */
#include <stdio.h>

#include "platform/text/json.h"
#include "services/blog/doc.h"
#include "unit/unit.h"

static struct str text_of(json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_NULL;
}

static json_t *read_markdown(struct arena *a, const char *text, const json_t *base)
{
	json_t *doc = NULL;
	struct err e = { 0 };
	if (doc_from_markdown(a, str_c(text), base, &doc, &e) != ST_OK)
		fail_msg("%s", e.msg);
	return doc;
}

static struct str html_of(struct arena *a, const json_t *doc)
{
	struct body b;
	struct err e = { 0 };
	if (body_render(a, BODY_LEXICAL, json_text(a, doc), STR_NULL, NULL, &b, &e) != ST_OK)
		fail_msg("%s", e.msg);
	return b.html.s;
}

/* --- real exports --------------------------------------------------------------------------------------------------
 */

static void each_post(const char *file, void (*check)(struct arena *a, json_t *post))
{
	char path[600];
	snprintf(path, sizeof path, "%s/tests/fixtures/ghost/%s", TEST_ROOT, file);
	SCOPED_JSON *doc = json_load_file(path, 0, NULL);
	json_t *posts =
	               json_object_get(json_object_get(json_array_get(json_object_get(doc, "db"), 0), "data"), "posts"),
	       *post;
	size_t i;
	assert_true(json_array_size(posts) > 0);
	json_array_foreach(posts, i, post)
	{
		SCOPED_ARENA *a = arena_new(64u << 20);
		check(a, post);
	}
}

/* The form's text, sent back untouched, is the very document. */
static void check_untouched(struct arena *a, json_t *post)
{
	json_t *doc, *again;
	struct err e = { 0 };
	if (!text_of(post, "lexical").n)
		return;
	if (doc_open(a, BODY_LEXICAL, text_of(post, "lexical"), &doc, &e) != ST_OK)
		fail_msg("%s", e.msg);
	struct str text = doc_markdown(a, doc);
	again = read_markdown(a, arena_cstr(a, text), doc);
	json_t *block;
	size_t i;
	json_array_foreach(doc_blocks(doc), i, block) {
		json_t *other = json_array_get(doc_blocks(again), i);
		if (!json_equal(block, other))
			fail_msg("%s, block %zu: %s became %s", json_string_value(json_object_get(post, "slug")), i + 1,
			         json_text(a, block).p, other ? json_text(a, other).p : "nothing");
	}
	assert_true(json_equal(doc, again));
	json_decref(doc);
	json_decref(again);
}

static void untouched_is_unchanged(void **state)
{
	each_post("ghost6-lexical.json", check_untouched);
}

/* A document made of Mobiledoc looks to readers as Mobiledoc did. */
static void check_mobiledoc(struct arena *a, json_t *post)
{
	json_t *doc;
	struct body b;
	struct err e = { 0 };
	struct str source = text_of(post, "mobiledoc");
	if (!source.n)
		return;
	if (doc_open(a, BODY_MOBILEDOC, source, &doc, &e) != ST_OK ||
	    body_render(a, BODY_MOBILEDOC, source, STR_NULL, NULL, &b, &e) != ST_OK)
		fail_msg("%s", e.msg);
	struct str plain = STR(""), was = STR("");
	assert_int_equal(html_to_text(a, html_of(a, doc), 1 << 20, &plain, &e), ST_OK);
	assert_int_equal(html_to_text(a, b.html.s, 1 << 20, &was, &e), ST_OK);
	assert_string_equal(arena_cstr(a, plain), arena_cstr(a, was));
	json_decref(doc);
}

static void mobiledoc_reads_the_same(void **state)
{
	each_post("ghost5-mobiledoc.json", check_mobiledoc);
}

static void mobiledoc_of_many_marks(void **state)
{
	SCOPED_ARENA *a = arena_new(8u << 20);
	struct buf b;
	struct err e = { 0 };
	json_t *doc;
	for (unsigned n = 32; n <= 33; n++) { /* all open; then one more, which is left out with its text kept */
		buf_arena(&b, a, 1 << 20);
		buf_puts(&b,
		         "{\"markups\":[[\"em\"],[\"strong\"]],\"atoms\":[],\"cards\":[],\"sections\":[[1,\"p\",[[0,[");
		for (unsigned i = 0; i < n; i++)
			buf_printf(&b, "%s%d", i ? "," : "", i == 32);
		buf_printf(&b, "],%u,\"word\"]]]]}", n);
		assert_int_equal(doc_open(a, BODY_MOBILEDOC, buf_str(&b), &doc, &e), ST_OK);
		json_t *text = json_array_get(json_object_get(json_array_get(doc_blocks(doc), 0), "children"), 0);
		assert_string_equal(json_string_value(json_object_get(text, "text")), "word");
		assert_int_equal(json_integer_value(json_object_get(text, "format")), 2);
		json_decref(doc);
	}
}

static void other_formats_are_one_card(void **state)
{
	SCOPED_ARENA *a = arena_new(1u << 20);
	json_t *doc;
	assert_int_equal(doc_open(a, BODY_HTML, STR("<p>As <b>it</b> was</p>"), &doc, NULL), ST_OK);
	assert_string_equal(json_string_value(json_object_get(json_array_get(doc_blocks(doc), 0), "html")),
	                    "<p>As <b>it</b> was</p>");
	json_decref(doc);
	assert_int_equal(doc_open(a, BODY_MARKDOWN, STR("# a\n\nb[^1]"), &doc, NULL), ST_OK);
	assert_string_equal(arena_cstr(a, doc_markdown(a, doc)), "# a\n\nb[^1]");
	json_t *changed = read_markdown(a, "# other", doc);
	assert_string_equal(json_string_value(json_object_get(json_array_get(doc_blocks(changed), 0), "markdown")),
	                    "# other");
	json_decref(doc);
	json_decref(changed);
	assert_int_equal(doc_read(a, STR("{\"root\":{}}"), &doc, NULL), ST_INVALID);
	assert_int_equal(doc_read(a, STR("[1]"), &doc, NULL), ST_INVALID);
}

/* --- Markdown ------------------------------------------------------------------------------------------------------
 */

/* What people write, and what it comes back as when that is another way to write the same. */
static const struct {
	const char *text, *back, *html;
} texts[] = {
	{ "Words.", NULL, "<p>Words.</p>\n" },
	{ "# One\n\n## Two", NULL, "<h1 id=\"one\">One</h1>\n<h2 id=\"two\">Two</h2>\n" },
	{ "**bold** *em* ~~gone~~ `code`", NULL,
	  "<p><strong>bold</strong> <em>em</em> <s>gone</s> <code>code</code></p>\n" },
	{ "**bold *both***", NULL, "<p><strong>bold <em>both</em></strong></p>\n" },
	{ "[words](https://a.example/b)", NULL, "<p><a href=\"https://a.example/b\">words</a></p>\n" },
	{ "- a\n- b\n  - c\n- d", NULL, "<ul><li>a</li><li>b<ul><li>c</li></ul>\n</li><li>d</li></ul>\n" },
	{ "3. a\n4. b", NULL, "<ol start=\"3\"><li>a</li><li>b</li></ol>\n" },
	{ "> a\\\n> b", NULL, "<blockquote><p>a<br>b</p>\n</blockquote>\n" },
	{ "```c\nint a;\n\nint b;\n```", NULL, NULL },
	{ "a\n\n---\n\nb", NULL, "<p>a</p>\n<hr>\n\n<p>b</p>\n" },
	{ "![A loaf](/media/a.jpg)", NULL, NULL },
	{ "before ![x](/a.jpg) after", "before\n\n![x](/a.jpg)\n\nafter", NULL },
	{ "one\ntwo", "one two", "<p>one two</p>\n" },
	{ "1\\. no list", NULL, "<p>1. no list</p>\n" },
	{ "\\# no heading \\*no em\\* \\[no link\\]", NULL, "<p># no heading *no em* [no link]</p>\n" },
	{ "a &amp; b &copy; &lt;c>", "a \\& b \xc2\xa9 \\<c>", "<p>a &amp; b \xc2\xa9 &lt;c&gt;</p>\n" },
	{ "- [ ] to do\n- [x] done", NULL, NULL },
	{ "<div>raw</div>", "{{card 1: html}}", NULL },
	{ "| a | b |\n|---|---|\n| *c* | d |", "{{card 1: html}}", NULL },
	{ "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", NULL, "<p>\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a</p>\n" },
};

static void markdown_there_and_back(void **state)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		SCOPED_ARENA *a = arena_new(1u << 20);
		SCOPED_JSON *doc = read_markdown(a, texts[i].text, NULL);
		assert_string_equal(arena_cstr(a, doc_markdown(a, doc)), texts[i].back ? texts[i].back : texts[i].text);
		if (texts[i].html)
			assert_string_equal(arena_cstr(a, html_of(a, doc)), texts[i].html);
		SCOPED_JSON *again = read_markdown(a, arena_cstr(a, doc_markdown(a, doc)), doc);
		assert_true(json_equal(doc, again));
	}
}

/* Cards and what Markdown has no words for stay, wherever the text around them moves. */
static void what_is_not_touched_is_kept_whole(void **state)
{
	SCOPED_ARENA *a = arena_new(1u << 20);
	json_t *doc;
	static const char source[] =
	        "{\"root\":{\"children\":["
	        "{\"type\":\"paragraph\",\"children\":[{\"type\":\"extended-text\",\"text\":\"under\",\"format\":8}],"
	        "\"x\":1},"
	        "{\"type\":\"unknown-card\",\"payload\":{\"deep\":[1,2.5,null]}},"
	        "{\"type\":\"paragraph\",\"children\":[{\"type\":\"extended-text\",\"text\":\"end\",\"format\":0}]}"
	        "],\"direction\":\"rtl\"},\"more\":true}";
	assert_int_equal(doc_read(a, str_c(source), &doc, NULL), ST_OK);
	assert_string_equal(arena_cstr(a, doc_markdown(a, doc)), "under\n\n{{card 2: unknown-card}}\n\nend");
	SCOPED_JSON *moved = read_markdown(a, "new\n\n{{card 2: unknown-card}}\n\nunder", doc);
	json_t *was = doc_blocks(doc), *is = doc_blocks(moved);
	assert_int_equal(json_array_size(is), 3);
	assert_true(json_equal(json_array_get(is, 1), json_array_get(was, 1)));
	assert_true(json_equal(json_array_get(is, 2), json_array_get(was, 0)));
	assert_true(json_is_true(json_object_get(moved, "more")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(moved, "root"), "direction")), "rtl");
	json_decref(doc);
}

static void deep_lists(void **state)
{
	SCOPED_ARENA *a = arena_new(64u << 20);
	for (unsigned depth = 40; depth <= 41; depth++) {
		struct buf b;
		buf_arena(&b, a, 1 << 20);
		for (unsigned i = 0; i < depth; i++) {
			for (unsigned k = 0; k < i; k++)
				buf_puts(&b, "  ");
			buf_printf(&b, "- item%u\n", i);
		}
		SCOPED_JSON *doc = read_markdown(a, arena_cstr(a, buf_str(&b)), NULL);
		struct str text = json_text(a, doc);
		unsigned lists = 0;
		for (struct str rest = text; str_find(rest, STR("\"listType\"")) >= 0; lists++)
			rest = str_skip(rest, (size_t)str_find(rest, STR("\"listType\"")) + 5);
		assert_int_equal(lists, 40);
		assert_true(str_find(text, arena_strf(a, "item%u", depth - 1)) >= 0); /* it stands one level up */
		assert_true(str_find(doc_markdown(a, doc), arena_strf(a, "item%u", depth - 1)) >= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(untouched_is_unchanged),
		                            cmocka_unit_test(mobiledoc_reads_the_same),
		                            cmocka_unit_test(mobiledoc_of_many_marks),
		                            cmocka_unit_test(other_formats_are_one_card),
		                            cmocka_unit_test(markdown_there_and_back),
		                            cmocka_unit_test(what_is_not_touched_is_kept_whole),
		                            cmocka_unit_test(deep_lists) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
