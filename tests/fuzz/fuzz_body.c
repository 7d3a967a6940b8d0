/* SPDX-License-Identifier: Apache-2.0
 * Bodies as editors and old exports hold them. The first byte chooses the format: L M H D (Markdown). */
#include "fuzz.h"

#include "services/blog/body.h"

static bool image(void *arg, struct str url, struct blog_image *out)
{
	*out = (struct blog_image){
		.src = STR("/media/a.jpeg"), .srcset = STR("/media/a.webp 640w"), .width = 640, .height = 480
	};
	return str_starts(url, STR("/content/"));
}

static void check_html(struct safe_html h)
{
	if (!h.s.p)
		return;
	FUZZ_ASSERT(str_utf8_valid(h.s));
	FUZZ_ASSERT(str_find(h.s, STR("<script")) < 0 && str_find(h.s, STR("<style")) < 0 &&
	        str_find(h.s, STR("<svg")) < 0);
	FUZZ_ASSERT(str_find(h.s, STR("<a href=\"javascript:")) < 0 && str_find(h.s, STR("<!--")) < 0);
	FUZZ_ASSERT(h.s.n <= BODY_HTML_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA *a = arena_new((size_t)256 << 20);
	const struct body_options opt = { .site_url = STR("https://old.example"), .image = image };
	struct body b;
	if (!n || n > 1u << 16)
		return 0;
	enum body_format f = data[0] == 'L' ? BODY_LEXICAL
	        : data[0] == 'M'            ? BODY_MOBILEDOC
	        : data[0] == 'D'            ? BODY_MARKDOWN
	                                    : BODY_HTML;
	struct str source = str_n((const char *)data + 1, n - 1);
	if (!str_utf8_valid(source)) /* an import refuses such a file whole */
		return 0;
	if (body_render(a, f, source, STR_NULL, &opt, &b, NULL) != ST_OK)
		return 0;
	check_html(b.html);
	check_html(b.member);
	check_html(b.visitor);
	check_html(b.preview);
	FUZZ_ASSERT(b.note_count <= BODY_NOTES_MAX && b.words >= 0 && b.reading_min >= 0);
	FUZZ_ASSERT(!b.preview.s.p || b.preview.s.n <= BODY_HTML_MAX);
	struct str slug = body_slug(a, source);
	for (size_t i = 0; i < slug.n; i++)
		FUZZ_ASSERT(slug.p[i] == '-' || (slug.p[i] >= '0' && slug.p[i] <= '9') ||
		        (slug.p[i] >= 'a' && slug.p[i] <= 'z'));
	return 0;
}
