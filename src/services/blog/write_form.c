/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of a post: its text as Markdown for those who write without the editor, and what else is to be said of it.
 */
#include "base/clock.h"
#include "platform/text/language.h"
#include "platform/text/local.h"
#include "services/blog/write.h"

static const struct choice *visibility_choices(struct web *w, const void *values)
{
	static const struct choice usual[] = {
		{ "public", "Everybody", NULL },
		{ "members", "Members", NULL },
		{ "paid", "Supporting members", NULL },
		{ 0 },
	};
	static const struct choice with_tiers[] = {
		{ "public", "Everybody", NULL },
		{ "members", "Members", NULL },
		{ "paid", "Supporting members", NULL },
		{ "tiers", "Some supporting members", NULL },
		{ 0 },
	};
	(void)w;
	return str_eqc(((const struct write_form *)values)->visibility, "tiers") ? with_tiers : usual;
}

static const struct choice *lang_choices(struct web *w, const void *values)
{
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, language_count + 3);
	struct str now = ((const struct write_form *)values)->lang;
	size_t n = 0;
	list[n++] = (struct choice){ .value = "", .label = "The site's" };
	if (now.n && !language_name(now).n) {
		const char *tag = arena_cstr(w->ctx->arena, now);
		list[n++] = (struct choice){ .value = tag, .label = tag };
	}
	for (size_t i = 0; i < language_count; i++)
		list[n++] = (struct choice){ .value = languages[i].tag, .label = languages[i].name };
	return list;
}

static const char *check_time(struct web *w, const void *values)
{
	struct str time = ((const struct write_form *)values)->time;
	int hour, minute;
	(void)w;
	return !time.n || local_hour(time, &hour, &minute) ? NULL : "A time is written like 18:30.";
}

static const char *check_focus(struct web *w, const void *values)
{
	struct str s = ((const struct write_form *)values)->focus, x;
	int64_t a, b;
	(void)w;
	bool ok = !s.n || (str_cut(&s, ' ', &x) && str_i64(x, &a) && str_i64(s, &b) && a >= 0 && a <= 100 && b >= 0 &&
	                   b <= 100);
	return ok ? NULL : "Two numbers from 0 to 100: from the left and from the top.";
}

static const struct field fields[] = {
	FIELD(struct write_form, title, TEXT, .label = "Title", .max = WRITE_TITLE_MAX, .plain = true),
	FIELD(struct write_form, text, AREA, .label = "Text", .max = WRITE_MARKDOWN_MAX, .plain = true,
	      .hint = "Markdown: # heading, **bold**, *italic*, [words](address), - list, > quotation"),
	FIELD(struct write_form, slug, TEXT, .label = "Address", .max = 185,
	      .hint = "Made of the title when it is left empty. Who comes to a former one is led on"),
	FIELD(struct write_form, tags, TEXT, .label = "Topics", .max = 1000,
	      .hint = "With commas between them; the first is the main one"),
	FIELD(struct write_form, excerpt, AREA, .label = "In a sentence or two", .max = WRITE_EXCERPT_MAX,
	      .hint = "In lists, feeds and search; the beginning of the text when it is left empty"),
	FIELD(struct write_form, visibility, CHOICE, .label = "Who may read it",
	      .required = "Please say who may read it.", .choose = visibility_choices),
	FIELD(struct write_form, featured, CHECK, .label = "Put it first"),
	FIELD(struct write_form, image, FILE, .label = "Picture at its head",
	      .accept = "image/jpeg,image/png,image/webp"),
	FIELD(struct write_form, no_image, CHECK, .label = "No picture"),
	FIELD(struct write_form, image_alt, TEXT, .label = "What is to be seen there", .max = WRITE_META_MAX,
	      .hint = "For those who do not see it"),
	FIELD(struct write_form, focus, TEXT, .label = "What is never cut off", .max = 7, .check = check_focus,
	      .hint = "From the left and from the top, in per cent: 50 30"),
	FIELD(struct write_form, lang, CHOICE, .label = "Language", .choose = lang_choices),
	FIELD(struct write_form, no_comments, CHECK, .label = "No comments",
	      .hint = "Those that are there stay"),
	FIELD(struct write_form, meta_title, TEXT, .label = "Title for search engines", .max = WRITE_META_MAX),
	FIELD(struct write_form, meta_description, AREA, .label = "Description for search engines",
	      .max = WRITE_META_MAX),
	FIELD(struct write_form, canonical, URL, .label = "First published at",
	      .hint = "The address that search engines should name instead"),
	FIELD(struct write_form, date, DATE, .label = "Day"),
	FIELD(struct write_form, time, TEXT, .label = "Time", .max = 5, .placeholder = "18:30", .check = check_time),
	FIELD(struct write_form, version, HIDDEN),
	FIELD(struct write_form, with_text, HIDDEN),
	{ 0 },
};
const struct form_desc write_desc = { .fields = fields };

/* "slug US name" between RS, as the triggers write it: the names, with commas. */
static struct str tag_names(struct arena *a, struct str tags)
{
	struct buf b;
	struct str one, slug;
	buf_arena(&b, a, tags.n * 2 + 2);
	while (tags.n && str_next(&tags, '\x1e', &one)) {
		str_cut(&one, '\x1f', &slug);
		buf_puts(&b, b.len ? ", " : "");
		for (size_t i = 0; i < one.n; i++)
			buf_putc(&b, one.p[i] == ',' ? ' ' : one.p[i]);
	}
	return buf_str(&b);
}

struct write_form write_form_of(struct ctx *ctx, const struct blog_writing *p, struct str zone)
{
	struct write_form f = { .visibility = STR("public"),
		                .date = FIELD_NO_DATE,
		                .version = STR("0"),
		                .with_text = STR("1"),
		                .title = STR(""),
		                .text = STR("") };
	const struct blog_writing_row *r = p ? p->row : NULL;
	if (!r)
		return f;
	f.title = p->title;
	f.text = doc_markdown(ctx->arena, p->doc);
	f.slug = r->slug;
	f.tags = tag_names(ctx->arena, r->tags);
	f.excerpt = str_or_empty(r->custom_excerpt);
	f.visibility = r->visibility;
	f.featured = r->featured;
	f.no_comments = r->comments_closed;
	f.image_alt = r->image_alt;
	f.focus = str_or_empty(r->image_focus);
	f.lang = r->lang;
	f.meta_title = str_or_empty(r->meta_title);
	f.meta_description = str_or_empty(r->meta_description);
	f.canonical = str_or_empty(r->canonical_url);
	f.version = arena_strf(ctx->arena, "%lld", (long long)p->version);
	if (str_eqc(r->status, "scheduled") && !r->published_at_null)
		local_day_and_time(ctx->arena, zone, r->published_at, &f.date, &f.time);
	return f;
}
