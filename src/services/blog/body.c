/* SPDX-License-Identifier: Apache-2.0
 *
 * One body, rendered for everyone who may see it: once for those who may read all, and again for the others only when
 * some part is not for them. The parsed source lives for the call; the results live in the caller's arena.
 */
#include "services/blog/body.h"

#include "platform/text/json.h"
#include "platform/text/sanitize.h"
#include "services/blog/render.h"

const char *body_format_name(enum body_format f)
{
	static const char *const names[] = { "lexical", "mobiledoc", "html", "markdown" };
	return names[f];
}

struct source {
	enum body_format format;
	struct str text;
	json_t *doc; /* Lexical, Mobiledoc */
};

static void source_fini(struct source *s) { json_decref(s->doc); }

/* --- HTML with Ghost's marks -------------------------------------------------------------------------------------- */

#define PAYWALL_MARK "<!--members-only-->"
#define GATE_BEGIN "<!--kg-gated-block:begin"
#define GATE_END "<!--kg-gated-block:end-->"

/* The attributes of a gate's comment. What can't be read is for those who may read everything. */
static bool gate_open_to(struct str mark, enum audience who)
{
	bool non_member = str_find(mark, STR("nonMember:true")) >= 0;
	bool paying = str_find(mark, STR("status:-free")) >= 0;
	bool any_segment = str_find(mark, STR("memberSegment:\"")) >= 0;
	bool free_too = str_find(mark, STR("\"status:free")) >= 0 || str_find(mark, STR(",status:free")) >= 0;
	if (who == AUDIENCE_VISITOR)
		return non_member;
	return who == AUDIENCE_PAYING ? paying || !any_segment : free_too;
}

/* The parts of html that the audience may see. A gate that is never closed hides the rest. */
static struct str for_audience(struct render *r, struct str html)
{
	struct buf b;
	buf_arena(&b, r->a, html.n + 1);
	ptrdiff_t wall = str_find(html, STR(PAYWALL_MARK));
	r->saw_paywall = r->saw_paywall || wall >= 0;
	if (wall >= 0 && r->to_paywall)
		html = str_first(html, (size_t)wall);
	ptrdiff_t at;
	while ((at = str_find(html, STR(GATE_BEGIN))) >= 0) {
		buf_put(&b, html.p, (size_t)at);
		struct str gate = str_skip(html, (size_t)at);
		ptrdiff_t head = str_find(gate, STR("-->")), end = str_find(gate, STR(GATE_END));
		r->saw_gate = true;
		if (head < 0 || end < head)
			return buf_str(&b);
		if (gate_open_to(str_first(gate, (size_t)head), r->audience))
			buf_put(&b, gate.p + head + 3, (size_t)(end - head) - 3);
		html = str_skip(gate, (size_t)end + sizeof GATE_END - 1);
	}
	buf_putstr(&b, html);
	return buf_str(&b);
}

/* --- one rendering ------------------------------------------------------------------------------------------------ */

/* What an import's report says of the body. */
static void note_told(struct render *r)
{
	const struct { unsigned n; const char *one, *many; } lines[] = {
		{ r->told.forms, "a form was taken out, its text stays", "%u forms were taken out, their text stays" },
		{ r->told.scripts, "a script was taken out", "%u scripts were taken out" },
		{ r->told.frames, "a frame of a host that is not framed here became a link",
		  "%u frames of hosts that are not framed here became links" },
		{ r->told.players, "an object or embed became a link, or is gone",
		  "%u objects or embeds became links, or are gone" },
		{ r->told.drawings, "of a drawing or formula the text stays",
		  "of %u drawings or formulas the text stays" },
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (lines[i].n)
			render_note(r, lines[i].n == 1 ? lines[i].one : lines[i].many, lines[i].n);
}

struct result { struct safe_html html; bool saw_gate, saw_paywall; unsigned images; };

static enum status render_once(struct arena *a, const struct source *s, const struct body_options *opt,
        enum audience who, bool to_paywall, struct body *body, struct result *out, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, BODY_HTML_MAX);
	struct render r = {
		.a = a, .opt = opt, .out = &b, .audience = who, .to_paywall = to_paywall, .err = e,
		.notes = (struct str *)body->notes, .note_count = &body->note_count,
	};
	switch (s->format) {
	case BODY_LEXICAL:
		lexical_render(&r, s->doc);
		break;
	case BODY_MOBILEDOC:
		mobiledoc_render(&r, s->doc);
		break;
	case BODY_HTML:
		buf_putstr(&b, render_foreign(&r, for_audience(&r, s->text)).s);
		break;
	case BODY_MARKDOWN:
		r.legacy_ids = true; /* only Ghost 0 kept bodies as Markdown */
		render_markdown(&r, for_audience(&r, s->text));
		break;
	}
	if (who == AUDIENCE_PAYING && !to_paywall)
		note_told(&r);
	if (r.status == ST_OK && !buf_ok(&b))
		r.status = err_set(e, ST_TOO_LARGE, "the text is larger than %zu bytes as HTML", BODY_HTML_MAX);
	*out = (struct result){ html_from_template(&b), r.saw_gate, r.saw_paywall, r.images };
	return r.status;
}

/* --- reading time ------------------------------------------------------------------------------------------------- */

/* Words between blanks; a Chinese, Japanese or Korean character is one by itself. */
static int64_t count_words(struct str s)
{
	int64_t words = 0;
	bool in_word = false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool wide = (c >= 0xe3 && c <= 0xed) && i + 2 < s.n;
		bool blank = c <= ' ';
		words += wide || (!blank && !in_word);
		in_word = !blank && !wide;
		i += wide ? 2 : 0;
	}
	return words;
}

static int reading_minutes(int64_t words, unsigned images)
{
	int64_t seconds = words * 60 / 275;
	for (unsigned i = 0; i < images && i < 1000; i++)
		seconds += i < 9 ? 12 - (int64_t)i : 3;
	int64_t minutes = (seconds + 30) / 60;
	if (!words && !images)
		return 0;
	return minutes < 1 ? 1 : minutes > 10000 ? 10000 : (int)minutes;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static enum status source_parse(struct arena *a, struct source *s, struct err *e)
{
	struct err why = { 0 };
	if (s->text.n > BODY_SOURCE_MAX)
		return err_set(
		        e, ST_TOO_LARGE, "the body has %zu bytes, at most %u are taken", s->text.n, BODY_SOURCE_MAX);
	if (s->format == BODY_HTML || s->format == BODY_MARKDOWN)
		return ST_OK;
	const char *name = body_format_name(s->format);
	size_t dropped = 0;
	s->doc = json_parse(json_without_nul(a, s->text, &dropped), BODY_DEPTH_MAX, &why);
	if (!s->doc)
		return err_set(e, why.status, "the %s document can not be read: %s", name, why.msg);
	json_t *root = json_object_get(s->doc, "root");
	bool ok = s->format == BODY_LEXICAL ? json_is_array(json_object_get(root, "children"))
					    : json_is_array(json_object_get(s->doc, "sections"));
	return ok ? ST_OK
	          : err_set(e, ST_INVALID, "the %s document has no %s", name,
	                    s->format == BODY_LEXICAL ? "root" : "sections");
}

static enum status render_all(struct arena *a, const struct source *s, const struct body_options *opt, struct body *out,
                              struct err *e)
{
	struct result full, other;
	TRY(render_once(a, s, opt, AUDIENCE_PAYING, false, out, &full, e));
	out->html = full.html;
	struct safe_html open = full.html; /* to visitors of a public post */
	if (full.saw_gate) {
		TRY(render_once(a, s, opt, AUDIENCE_MEMBER, false, out, &other, e));
		out->member = other.html;
		TRY(render_once(a, s, opt, AUDIENCE_VISITOR, false, out, &other, e));
		out->visitor = open = other.html;
	}
	if (full.saw_paywall) {
		TRY(render_once(a, s, opt, AUDIENCE_VISITOR, true, out, &other, e));
		out->preview = other.html;
		TRY(html_to_text(a, other.html.s, BODY_SOURCE_MAX, &out->plain_preview, e));
	}
	TRY(html_to_text(a, open.s, BODY_SOURCE_MAX, &out->plain, e));
	struct str all = out->plain;
	if (full.saw_gate)
		TRY(html_to_text(a, full.html.s, BODY_SOURCE_MAX, &all, e));
	out->words = count_words(all);
	out->reading_min = reading_minutes(out->words, full.images);
	return ST_OK;
}

enum status body_render(struct arena *a, enum body_format format, struct str source, struct str fallback,
                        const struct body_options *opt, struct body *out, struct err *e)
{
	__attribute__((cleanup(source_fini))) struct source s = { format, source.p ? source : STR(""), NULL };
	struct err why = { .status = ST_OK };
	*out = (struct body){ .format = format, .notes = ARENA_ARRAY(a, struct str, BODY_NOTES_MAX),
	                      .plain = STR(""), .plain_preview = STR("") };
	enum status st = source_parse(a, &s, &why);
	if (st == ST_OK)
		st = render_all(a, &s, opt, out, &why);
	if (st == ST_OK)
		return ST_OK;
	if (!fallback.n || format == BODY_HTML || st == ST_CANCELLED || st == ST_NOMEM)
		return err_set(e, st, "%s", why.msg);
	const struct source html = { BODY_HTML, fallback, NULL };
	struct str *notes = ARENA_ARRAY(a, struct str, BODY_NOTES_MAX);
	*out = (struct body){
		.format = BODY_HTML, .notes = notes, .note_count = 1, .plain = STR(""), .plain_preview = STR("")
	};
	notes[0] = arena_strf(a, "%s; the HTML beside it was taken", why.msg);
	return render_all(a, &html, opt, out, e);
}

enum status body_inline(
        struct arena *a, struct str html, const struct body_options *opt, struct safe_html *out, struct err *e)
{
	struct str notes[BODY_NOTES_MAX];
	unsigned note_count = 0;
	struct buf b;
	buf_arena(&b, a, 0); /* nothing is written beside what is returned */
	struct render r = { .a = a, .opt = opt, .out = &b, .notes = notes, .note_count = &note_count, .err = e };
	*out = render_foreign_line(&r, html);
	return r.status;
}
