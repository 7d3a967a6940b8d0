/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of the services that need no server, store or fiber: see test_limits.c.
 */
#include "unit/limits.h"

#include "services/blog/import_plan.h"
#include "services/blog/markdown.h"
#include "services/blog/render.h"
#include "services/identity/people/people.h"

/* --- blog --------------------------------------------------------------------------------------------------------- */

static enum status lexical(struct arena *a, struct str source, struct body *b, struct err *e)
{
	static const struct body_options options = { .site_url = STR_INIT("") };
	return body_render(a, BODY_LEXICAL, source, STR_NULL, &options, b, e);
}

#define LEXICAL(children) "{\"root\":{\"type\":\"root\",\"children\":[" children "]}}"

static enum status body_bytes(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	return lexical(a, text_of_size(a, LEXICAL(""), n, " ", ""), &b, e);
}

static enum status body_depth(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct str open = text_of(a, "{\"root\":{\"type\":\"root\",\"children\":[],\"x\":", n - 2, "[", ""),
	           close = text_of(a, "", n - 2, "]", "}}");
	return lexical(a, arena_strf(a, "%.*s%.*s", STR_ARG(open), STR_ARG(close)), &b, e);
}

static enum status body_parts(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	return lexical(a,
	               text_of(a, "{\"root\":{\"type\":\"root\",\"children\":[{\"type\":\"horizontalrule\"}", n - 1,
	                       ",{\"type\":\"horizontalrule\"}", "]}}"),
	               &b, e);
}

/* One for each kind of card that nobody knows. */
static enum status body_notes(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct buf text;
	buf_arena(&text, a, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s{\"type\":\"odd%zu\"}", i ? "," : "{\"root\":{\"type\":\"root\",\"children\":[",
		           i);
	buf_puts(&text, "]}}");
	TRY(lexical(a, buf_str(&text), &b, e));
	return b.note_count == n ? ST_OK : err_set(e, ST_TOO_LARGE, "%u notes", b.note_count);
}

static enum status gallery(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct str text = text_of(
	        a, "{\"root\":{\"type\":\"root\",\"children\":[{\"type\":\"gallery\",\"images\":[{\"src\":\"/a.png\"}",
	        n - 1, ",{\"src\":\"/a.png\"}", "]}]}}");
	TRY(lexical(a, text, &b, e));
	return b.note_count ? err_set(e, ST_TOO_LARGE, "%.*s", STR_ARG(b.notes[0])) : ST_OK;
}

static enum status slug(struct arena *a, size_t n, struct err *e)
{
	return body_slug(a, text_of(a, "", n, "s", "")).n == n ? ST_OK : err_set(e, ST_TOO_LARGE, "cut");
}

/* What could not be kept is noted: a note is a refusal here. */
static enum status noted(const struct body *b, struct err *e)
{
	return b->note_count ? err_set(e, ST_TOO_LARGE, "%.*s", STR_ARG(b->notes[0])) : ST_OK;
}

/* n times what opens, a text, n times what closes; around it all a document. */
static enum status nested(struct arena *a, size_t n, const char *open, const char *inner, const char *close,
                          struct err *e)
{
	struct body b;
	struct str o = text_of(a, "", n, open, ""), c = text_of(a, "", n, close, "");
	TRY(lexical(a, arena_strf(a, LEXICAL("%.*s%s%.*s"), STR_ARG(o), inner, STR_ARG(c)), &b, e));
	return noted(&b, e);
}

#define PARAGRAPH(children) "{\"type\":\"paragraph\",\"children\":[" children "]}"
#define TEXT(text)          "{\"type\":\"text\",\"text\":\"" text "\"}"
#define ITEM                "{\"type\":\"listitem\",\"children\":["
#define LIST                "{\"type\":\"list\",\"children\":[" ITEM

static enum status blocks_deep(struct arena *a, size_t n, struct err *e)
{
	return nested(a, n, "{\"type\":\"quote\",\"children\":[", PARAGRAPH(TEXT("x")), "]}", e);
}

static enum status text_deep(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct str open = text_of(a, "", n, "{\"type\":\"link\",\"url\":\"/a\",\"children\":[", ""),
	           close = text_of(a, "", n, "]}", "");
	TRY(lexical(a, arena_strf(a, LEXICAL(PARAGRAPH("%.*s" TEXT("x") "%.*s")), STR_ARG(open), STR_ARG(close)), &b,
	            e));
	return noted(&b, e);
}

/* The outermost one is not within another. */
static enum status lists_deep(struct arena *a, size_t n, struct err *e)
{
	return nested(a, n + 1, LIST, TEXT("x"), "]}]}", e);
}

/* "&" is five bytes of HTML, so that the source is not too large first; three and five more are the paragraph's. */
static enum status html_bytes(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct str text = text_of(a, "", (n - 8) / 5, "&", ""), rest = text_of(a, "", (n - 8) % 5, "x", "");
	TRY(lexical(a,
	            arena_strf(a, LEXICAL(PARAGRAPH("{\"type\":\"text\",\"text\":\"%.*s%.*s\"}")), STR_ARG(text),
	                       STR_ARG(rest)),
	            &b, e));
	return b.html.s.n == n ? ST_OK : err_set(e, ST_INTERNAL, "%zu bytes", b.html.s.n);
}

static enum status heading_ids(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct buf text;
	buf_arena(&text, a, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s{\"type\":\"heading\",\"children\":[" TEXT("h%zu") "]}", i ? "," : "", i);
	TRY(lexical(a, arena_strf(a, LEXICAL("%.*s"), STR_ARG(buf_str(&text))), &b, e));
	return noted(&b, e);
}

/* A character behind a backslash is a part by itself. */
static enum status markdown_parts(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	return body_render(a, BODY_MARKDOWN, text_of(a, "", n, "\\!", ""), STR_NULL, NULL, &b, e);
}

static enum status markdown_notes(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct buf text;
	buf_arena(&text, a, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "a[^%zu]\n\n[^%zu]: note\n\n", i, i);
	TRY(body_render(a, BODY_MARKDOWN, buf_str(&text), STR_NULL, NULL, &b, e));
	return noted(&b, e);
}

/* A heading is longer than what its address is made of: that comes from what fits. */
static enum status heading_text(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	struct str text = text_of_size(a, "", n - 4, ".", "");
	TRY(lexical(a,
	            arena_strf(a, LEXICAL("{\"type\":\"heading\",\"children\":[" TEXT("%.*s") "," TEXT("last") "]}"),
	                       STR_ARG(text)),
	            &b, e));
	return str_find(b.html.s, STR(" id=\"last\"")) >= 0
	               ? ST_OK
	               : err_set(e, ST_TOO_LARGE, "%.*s", STR_ARG(str_first(b.html.s, 20)));
}

static enum status marks(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	static const struct body_options options = { .site_url = STR_INIT("") };
	struct str source = text_of(a, "{\"markups\":[[\"em\"]],\"sections\":[[1,\"p\",[[0,[0", n - 1, ",0", "],");
	TRY(body_render(a, BODY_MOBILEDOC, arena_strf(a, "%.*s%zu,\"x\"]]]]}", STR_ARG(source), n), STR_NULL, &options,
	                &b, e));
	return noted(&b, e);
}

static enum status spans(struct arena *a, size_t n, struct err *e)
{
	struct str open = text_of(a, "", n, "<span>", "x"), close = text_of(a, "", n, "</span>", ""),
	           left = render_without_spans(a, arena_strf(a, "%.*s%.*s", STR_ARG(open), STR_ARG(close)));
	return str_eqc(left, "x") ? ST_OK : err_set(e, ST_TOO_LARGE, "%.*s", STR_ARG(left));
}

/* --- what an import says ------------------------------------------------------------------------------------------ */

static struct import_report note(struct arena *a, size_t n, struct str what, struct str why)
{
	struct import_report report = { .version = STR("6") };
	struct import_log log = { a, &report, ARENA_ARRAY(a, struct import_note, IMPORT_NOTES_MAX) };
	for (size_t i = 0; i < n; i++)
		import_note(&log, IMPORT_POSTS, what, "%.*s", STR_ARG(why));
	return report;
}

/* Worst bytes of a JSON text: the whole report is to fit in all the same. */
static enum status notes(struct arena *a, size_t n, struct err *e)
{
	struct import_report r = note(a, n, text_of(a, "", 1000, "\1", ""), text_of(a, "", 1000, "\1", ""));
	struct buf json, text;
	buf_arena(&json, a, IMPORT_REPORT_MAX);
	buf_arena(&text, a, IMPORT_REPORT_MAX);
	import_report_json(&json, &r);
	import_report_text(&text, &r);
	assert_true(buf_ok(&json) && buf_ok(&text) && r.note_count == (n < IMPORT_NOTES_MAX ? n : IMPORT_NOTES_MAX));
	ptrdiff_t more = str_find(buf_str(&text), STR("and 1 more notes"));
	return more < 0 ? ST_OK : err_set(e, ST_TOO_LARGE, "%.*s", STR_ARG(str_skip(buf_str(&text), (size_t)more)));
}

static enum status note_what(struct arena *a, size_t n, struct err *e)
{
	struct str what = text_of(a, "", n, "\xc3\xa9", "");
	return str_eq(note(a, 1, what, STR("x")).notes[0].what, what) ? ST_OK : err_set(e, ST_TOO_LARGE, "cut");
}

/* Cut between characters, where there is one that does not fit whole. */
static enum status note_why(struct arena *a, size_t n, struct err *e)
{
	struct str why = text_of_size(a, "", n, "x", "\xc3\xa9"), got = note(a, 1, STR("x"), why).notes[0].why;
	assert_true(str_utf8_valid(got));
	return str_eq(got, why) ? ST_OK : err_set(e, ST_TOO_LARGE, "cut");
}

/* --- identity ----------------------------------------------------------------------------------------------------- */

static enum status person_name(struct arena *a, size_t n, struct err *e)
{
	struct str clean;
	return people_clean_name(a, text_of(a, "", n, "\xc3\xa9", ""), &clean, e);
}

static enum status person_email(struct arena *a, size_t n, struct err *e)
{
	struct str key;
	struct buf b;
	buf_arena(&b, a, 1000);
	buf_puts(&b, "me@");
	while (b.len < n - 4)
		buf_putc(&b, (b.len - 3) % 60 == 59 ? '.' : 'a');
	buf_puts(&b, ".org");
	return people_email_key(a, buf_str(&b), &key, e);
}

static enum status local_part(struct arena *a, size_t n, struct err *e)
{
	struct str key;
	return people_email_key(a, text_of(a, "", n, "a", "@b.org"), &key, e);
}

static enum status domain_label(struct arena *a, size_t n, struct err *e)
{
	struct str key;
	return people_email_key(a, text_of(a, "a@", n, "b", ".org"), &key, e);
}

/* What a picture says of its width; beyond the bound it is not said again. */
static enum status pixels(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	static const char image[] = LEXICAL("{\"type\":\"image\",\"src\":\"/a.png\",\"width\":%zu,\"height\":10}");
	TRY(lexical(a, arena_strf(a, image, n), &b, e));
	return str_find(b.html.s, arena_strf(a, "width=\"%zu\"", n)) >= 0 ? ST_OK
	                                                                  : err_set(e, ST_TOO_LARGE, "not said");
}

/* A picture's text may be long: its element ends all the same, or there is none. One more character than there is
   room for is many more bytes here, since each is five as HTML. */
static enum status picture_text(struct arena *a, size_t n, struct err *e)
{
	struct body b;
	static const char image[] = LEXICAL("{\"type\":\"image\",\"src\":\"/a.png\",\"alt\":\"%.*s\"}");
	struct str alt = text_of(a, "", n > BODY_HTML_MAX ? n / 5 : 100000, "&", "");
	TRY(lexical(a, arena_strf(a, image, STR_ARG(alt)), &b, e));
	return str_find(b.html.s, STR("decoding=\"async\">")) >= 0 ? ST_OK : err_set(e, ST_CORRUPT, "an open element");
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct limit limits[] = {
	{ "platform/text/words.c", "SLUG_MAX", 185, slug, ST_TOO_LARGE, "cut" },
	{ "services/blog/body.h", "BODY_SOURCE_MAX", BODY_SOURCE_MAX, body_bytes, ST_TOO_LARGE, "at most 8388608" },
	{ "services/blog/body.h", "BODY_NODES_MAX", BODY_NODES_MAX, body_parts, ST_TOO_LARGE, "100000 parts" },
	{ "services/blog/body.h", "BODY_NOTES_MAX", BODY_NOTES_MAX, body_notes, ST_TOO_LARGE, "32 notes" },
	{ "services/blog/cards.c", "IMAGES_MAX", 60, gallery, ST_TOO_LARGE, "after the first 60 were left out" },
	{ "services/blog/body.h", "BODY_DEPTH_MAX", BODY_DEPTH_MAX, body_depth, ST_INVALID, "deep" },
	{ "services/blog/body.h", "BODY_HTML_MAX", BODY_HTML_MAX, html_bytes, ST_TOO_LARGE,
	  "larger than 4194304 bytes" },
	{ "services/blog/lexical.c", "INLINE_DEPTH_MAX", 40, text_deep, ST_TOO_LARGE, "text nested more than 40 deep" },
	{ "services/blog/lexical.c", "INLINE_DEPTH_MAX", 40, lists_deep, ST_TOO_LARGE,
	  "lists nested more than 40 deep" },
	{ "services/blog/lexical.c", "INLINE_DEPTH_MAX", 40, blocks_deep, ST_TOO_LARGE,
	  "blocks nested more than 40 deep" },
	{ "services/blog/mobiledoc.c", "MARKUPS_MAX", 32, marks, ST_TOO_LARGE, "more than 32 others" },
	{ "services/blog/markdown.c", "PARTS_MAX", 1 << 16, markdown_parts, ST_TOO_LARGE, "too many parts" },
	{ "services/blog/markdown.h", "MARKDOWN_NOTES_MAX", MARKDOWN_NOTES_MAX, markdown_notes, ST_TOO_LARGE,
	  "after the first 1000" },
	{ "services/blog/headings.c", "HEADING_IDS_MAX", 512, heading_ids, ST_TOO_LARGE, "after the first 512" },
	{ "services/blog/render.c", "SPANS_MAX", 64, spans, ST_TOO_LARGE, "<span>x</span>" },
	{ "services/blog/render.h", "HEADING_TEXT_MAX", HEADING_TEXT_MAX, heading_text, ST_TOO_LARGE, "id=\"las\"" },
	{ "services/blog/import.h", "IMPORT_NOTES_MAX", IMPORT_NOTES_MAX, notes, ST_TOO_LARGE, "and 1 more notes" },
	{ "services/blog/import_report.c", "WHAT_MAX", 200, note_what, ST_TOO_LARGE, "cut" },
	{ "services/blog/import_report.c", "WHY_MAX", 299, note_why, ST_TOO_LARGE, "cut" }, /* its end is in it */
	{ "platform/text/url.c", "LOCAL_PART_MAX", 64, local_part, ST_UNPROCESSABLE,
	  "does not look like" },
	{ "platform/text/url.c", "LABEL_MAX", 63, domain_label, ST_UNPROCESSABLE, "does not look like" },
	{ "services/blog/store.h", "BLOG_PIXELS_MAX", BLOG_PIXELS_MAX - 1, pixels, ST_TOO_LARGE, "not said" },
	{ "services/blog/body.h", "BODY_HTML_MAX", BODY_HTML_MAX, picture_text, ST_TOO_LARGE, "a picture's text" },
	{ "services/identity/people/people.h", "PERSON_NAME_MAX", PERSON_NAME_MAX, person_name, ST_UNPROCESSABLE,
	  "at most 100" },
	{ "services/identity/people/people.h", "PERSON_EMAIL_MAX", PERSON_EMAIL_MAX, person_email, ST_UNPROCESSABLE,
	  "" },
};

static void each_limit_and_one_more(void **state)
{
	limits_meet(limits, sizeof limits / sizeof *limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_limit_and_one_more) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
