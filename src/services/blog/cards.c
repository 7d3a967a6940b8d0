/* SPDX-License-Identifier: Apache-2.0
 *
 * Cards of Ghost's editor, by name: who may see one, whether there is enough of it to show, and its template. Also what
 * templates ask of a card. Payloads are hostile: any field may be missing or of any type.
 */
#include <ctype.h>

#include "gen/blog_cards_tpl.h"
#include "platform/text/sanitize.h"
#include "services/blog/goods.h"
#include "services/blog/markdown.h"
#include "services/blog/render.h"

/* --- fields ----------------------------------------------------------------------------------------------------- */

static struct str text_of(json_t *j)
{
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

struct str card_text(const struct card *k, const char *key) { return text_of(json_object_get(k->j, key)); }
struct str card_url(const struct card *k, const char *key) { return render_url(k->r, card_text(k, key)); }
bool card_has(const struct card *k, const char *key) { return str_trim(card_text(k, key)).n > 0; }

/* A file of the old site is one of ours once it is stored. */
struct str card_file(const struct card *k, const char *key)
{
	struct blog_image stored = { .src = card_url(k, key) };
	if (k->r->opt && k->r->opt->image)
		k->r->opt->image(k->r->opt->arg, stored.src, &stored);
	return stored.src;
}

struct safe_html card_line(const struct card *k, const char *key)
{
	return render_foreign_line(k->r, card_text(k, key));
}

struct safe_html card_blocks(const struct card *k, const char *key)
{
	return (struct safe_html){ render_without_spans(k->r->a, render_foreign(k->r, card_text(k, key)).s) };
}

int64_t card_int(const struct card *k, const char *key)
{
	json_t *j = json_object_get(k->j, key);
	int64_t n = 0;
	double d = json_is_real(j) ? json_real_value(j) : 0;
	if (json_is_integer(j))
		n = json_integer_value(j);
	else if (d > -1e15 && d < 1e15)
		n = (int64_t)d;
	if (json_is_string(j) && !str_i64(text_of(j), &n))
		n = 0;
	return n > 0 ? n : 0;
}

bool card_bool(const struct card *k, const char *key, bool fallback)
{
	json_t *j = json_object_get(k->j, key);
	if (json_is_boolean(j))
		return json_is_true(j);
	return json_is_integer(j) ? json_integer_value(j) != 0 : fallback;
}

struct str card_choice(const struct card *k, const char *key, const char *words)
{
	struct str given = card_text(k, key), rest = str_c(words), word, first = STR_NULL;
	while (str_next(&rest, ' ', &word)) {
		if (str_eq(word, given))
			return word;
		if (!first.p)
			first = word;
	}
	return first;
}

struct card card_sub(const struct card *k, const char *key)
{
	return (struct card){ k->r, json_object_get(k->j, key) };
}

const char *card_sizes(struct str width)
{
	if (str_eqc(width, "full"))
		return "100vw";
	return str_eqc(width, "wide") ? "(min-width: 70rem) 66rem, 100vw" : "(min-width: 44rem) 42rem, 100vw";
}

static int card_pixels(const struct card *k, const char *key)
{
	int64_t n = key ? card_int(k, key) : 0;
	return n < BLOG_PIXELS_MAX ? (int)n : 0;
}

struct safe_html card_img(const struct card *k, const char *src, const char *width, const char *height, const char *cls,
                          const char *sizes)
{
	struct render *r = k->r;
	struct blog_image im = { .src = card_url(k, src) };
	if (!im.src.n)
		return (struct safe_html){ STR("") };
	if (!r->opt || !r->opt->image || !r->opt->image(r->opt->arg, im.src, &im)) {
		im.width = card_pixels(k, width);
		im.height = card_pixels(k, height);
	}
	im.alt = card_text(k, "alt");
	return render_img(r, &im, cls, sizes);
}

struct str body_size_text(struct arena *a, int64_t bytes)
{
	static const char *const units[] = { "bytes", "KB", "MB", "GB" };
	double n = (double)bytes;
	unsigned u = 0;
	while (n >= 1000 && u < 3) {
		n /= 1000;
		u++;
	}
	if (n <= 0)
		return STR("");
	return arena_strf(a, u && n < 10 ? "%.1f %s" : "%.0f %s", n, units[u]);
}

struct str card_bytes(const struct card *k, const char *key)
{
	return body_size_text(k->r->a, card_int(k, key));
}

struct str card_duration(const struct card *k, const char *key)
{
	int64_t s = card_int(k, key);
	return arena_strf(k->r->a, "%lld:%02lld", (long long)(s / 60), (long long)(s % 60));
}

/* Rows of three; where one would be left over alone, the last two share a row. */
struct gallery card_gallery(const struct card *k)
{
	enum { IMAGES_MAX = 60, ROW = 3 };
	json_t *list = json_object_get(k->j, "images"), *j;
	struct card *images = ARENA_ARRAY(k->r->a, struct card, IMAGES_MAX);
	size_t n = 0, i;
	json_array_foreach(list, i, j) {
		struct card im = { k->r, j };
		if (n < IMAGES_MAX && card_has(&im, "src"))
			images[n++] = im;
		else if (n == IMAGES_MAX)
			render_note(k->r, "of a gallery's pictures those after the first %d were left out", IMAGES_MAX);
	}
	struct gallery_row *rows = ARENA_ARRAY(k->r->a, struct gallery_row, IMAGES_MAX);
	size_t count = 0;
	for (size_t at = 0; at < n;) {
		size_t left = n - at, take = left == 4 ? 2 : left < ROW ? left : ROW;
		rows[count++] = (struct gallery_row){ images + at, take };
		at += take;
	}
	return (struct gallery){ rows, count };
}

/* --- cards that need more than a template ------------------------------------------------------------------------- */

static void put_gallery(struct card *k)
{
	if (card_gallery(k).count)
		tpl_card_gallery(k->r->out, k);
}

static void put_html(struct card *k) { buf_putstr(k->r->out, card_blocks(k, "html").s); }

static struct str markdown_heading_id(void *arg, struct str text)
{
	return render_heading_id(arg, text, HEADING_OF_MARKDOWN);
}

static void markdown_notes_left(void *arg)
{
	render_note(arg, "footnotes after the first %d stay as they were typed", MARKDOWN_NOTES_MAX);
}

static void put_markdown_as(struct render *r, struct str source, const struct markdown_options *o)
{
	struct buf b;
	if (r->status != ST_OK)
		return;
	buf_arena(&b, r->a, BODY_HTML_MAX);
	r->status = source.n > BODY_SOURCE_MAX ? err_set(r->err, ST_TOO_LARGE, "the Markdown is too large")
	                                       : markdown_html(r->a, source, o, &b, r->err);
	if (r->status == ST_OK)
		buf_putstr(r->out, render_foreign(r, buf_str(&b)).s);
}

void render_markdown(struct render *r, struct str source)
{
	put_markdown_as(r, source,
	        &(struct markdown_options){ .ghost = true, .heading_id = markdown_heading_id,
	                .notes_left = markdown_notes_left, .arg = r, .set = ++r->markdowns });
}

/* dialect: what a text that was no Ghost's is read as. */
static void put_markdown(struct card *k)
{
	if (str_eqc(card_text(k, "dialect"), "commonmark"))
		put_markdown_as(k->r, card_text(k, "markdown"), &(struct markdown_options){ .ghost = false });
	else
		render_markdown(k->r, card_text(k, "markdown"));
}

/* Of the other site's HTML a frame of a listed host or the text of a quotation may be left; else the link serves. */
static void put_embed(struct card *k)
{
	struct safe_html rest = card_blocks(k, "html");
	struct str text = STR("");
	if (rest.s.n && str_find(rest.s, STR("<iframe")) < 0 && str_find(rest.s, STR("<blockquote")) < 0)
		rest.s = STR("");
	if (rest.s.n && str_find(rest.s, STR("<iframe")) < 0 &&
	    (html_to_text(k->r->a, rest.s, 4096, &text, NULL) != ST_OK || !text.n))
		rest.s = STR("");
	if (rest.s.n || card_url(k, "url").n)
		tpl_card_embed(k->r->out, k, rest);
}

static void put_rule(struct card *k) { tpl_card_rule(k->r->out); }

static void put_paywall(struct card *k)
{
	k->r->saw_paywall = true;
	k->r->stopped = k->r->stopped || k->r->to_paywall;
}

static void put_nothing(struct card *k) { (void)k; }

static void put_transistor(struct card *k)
{
	render_note(k->r, "a Transistor podcast frame was left out: it works for Ghost's members only");
}

#define PUT(name) static void put_##name(struct card *k) { tpl_card_##name(k->r->out, k); }
PUT(image) PUT(bookmark) PUT(button) PUT(callout) PUT(toggle) PUT(code) PUT(file) PUT(audio) PUT(video) PUT(product)
PUT(header) PUT(signup) PUT(call_to_action) PUT(before_after)

static const struct card_kind {
	const char *name;
	void (*put)(struct card *k);
	const char *needs; /* a field without which there is nothing to show; NULL: none */
} kinds[] = {
	{ "image", put_image, "src" },
	{ "gallery", put_gallery, NULL },
	{ "bookmark", put_bookmark, "url" },
	{ "button", put_button, "buttonUrl" },
	{ "callout", put_callout, "calloutText" },
	{ "toggle", put_toggle, NULL },
	{ "html", put_html, "html" },
	{ "markdown", put_markdown, "markdown" },
	{ "card-markdown", put_markdown, "markdown" }, /* Ghost 1 */
	{ "codeblock", put_code, "code" },
	{ "code", put_code, "code" },
	{ "horizontalrule", put_rule, NULL },
	{ "hr", put_rule, NULL },
	{ "file", put_file, "src" },
	{ "audio", put_audio, "src" },
	{ "video", put_video, "src" },
	{ "embed", put_embed, NULL },
	{ "product", put_product, NULL },
	{ "market-product", goods_card, "product" }, /* of ours: the market's */
	{ "header", put_header, NULL },
	{ "signup", put_signup, NULL },
	{ "call-to-action", put_call_to_action, NULL },
	{ "before-after", put_before_after, "beforeImage" },
	{ "paywall", put_paywall, NULL },
	{ "transistor", put_transistor, NULL },
	{ "email", put_nothing, NULL }, /* for e-mail only, never on the web */
	{ "email-cta", put_nothing, NULL },
};

/* --- who may see it ----------------------------------------------------------------------------------------------- */

static bool segment_has(struct str segment, const char *status)
{
	struct str word;
	while (str_next(&segment, ',', &word))
		if (str_eqc(str_trim(word), status))
			return true;
	return false;
}

/* `visibility` as Ghost keeps it, in its three shapes (FORMAT.md of the fixtures). What is malformed is shown to nobody
   but those who may read everything. */
static bool visible_to(const struct card *k, enum audience who)
{
	json_t *v = json_object_get(k->j, "visibility");
	if (!v || json_is_null(v))
		return true;
	if (!json_is_object(v))
		return who == AUDIENCE_PAYING;
	json_t *web = json_object_get(v, "web"), *shown = json_object_get(v, "showOnWeb");
	if (!web)
		return !json_is_true(json_object_get(v, "emailOnly")) && !json_is_false(shown);
	if (!json_is_object(web))
		return who == AUDIENCE_PAYING;
	if (who == AUDIENCE_VISITOR)
		return !json_object_get(web, "nonMember") || json_is_true(json_object_get(web, "nonMember"));
	json_t *segment = json_object_get(web, "memberSegment");
	if (!segment || json_is_null(segment))
		return true;
	return segment_has(text_of(segment), who == AUDIENCE_PAYING ? "status:-free" : "status:free");
}

bool card_render(struct render *r, const char *name, json_t *payload)
{
	struct card k = { r, payload };
	const struct card_kind *kind = NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !kind; i++)
		if (!strcmp(kinds[i].name, name))
			kind = &kinds[i];
	bool all = visible_to(&k, AUDIENCE_PAYING);
	if (visible_to(&k, AUDIENCE_VISITOR) != all || visible_to(&k, AUDIENCE_MEMBER) != all)
		r->saw_gate = true;
	if (!visible_to(&k, r->audience))
		return true;
	if (!kind && card_has(&k, "html")) {
		render_note(r, "\"%.60s\" is no card we know: its HTML was taken", name);
		put_html(&k);
		return true;
	}
	if (!kind)
		return false;
	json_t *needed = kind->needs ? json_object_get(payload, kind->needs) : NULL;
	if (!kind->needs || card_has(&k, kind->needs) || json_is_object(needed))
		kind->put(&k);
	return true;
}
