/* SPDX-License-Identifier: Apache-2.0
 *
 * What the walkers and the card templates write with: elements, images, foreign HTML, heading ids, bounds.
 */
#include "services/blog/render.h"

#include "platform/text/sanitize.h"

#define NOTE_MAX        200 /* bytes of a note, with its end: our own words and at most 60 characters of the text's */
#define SPANS_MAX       64  /* within each other that are looked at; deeper ones stay, which is no harm */

/* --- elements --------------------------------------------------------------------------------------------------- */

void el_open(struct buf *b, const char *name, const struct el_attr *attrs, size_t n)
{
	buf_putc(b, '<');
	buf_puts(b, name);
	for (size_t i = 0; i < n; i++) {
		if (!attrs[i].value.p)
			continue;
		buf_putc(b, ' ');
		buf_puts(b, attrs[i].name);
		BUF_LIT(b, "=\"");
		if (!strcmp(attrs[i].name, "href") || !strcmp(attrs[i].name, "src"))
			html_url(b, attrs[i].value);
		else
			html_attr(b, attrs[i].value);
		buf_putc(b, '"');
	}
	buf_putc(b, '>');
}

void el_close(struct buf *b, const char *name)
{
	BUF_LIT(b, "</");
	buf_puts(b, name);
	buf_putc(b, '>');
}

static struct str number_or_null(struct arena *a, int n) { return n > 0 ? arena_strf(a, "%d", n) : STR_NULL; }

static void put_img(struct arena *a, struct buf *b, const struct blog_image *im, const char *cls, const char *sizes)
{
	const struct el_attr attrs[] = {
		{ "class", str_c(cls) },
		{ "src", im->src },
		{ "srcset", im->srcset.n ? im->srcset : STR_NULL },
		{ "sizes", im->srcset.n && sizes ? str_c(sizes) : STR_NULL },
		{ "width", im->height > 0 ? number_or_null(a, im->width) : STR_NULL },
		{ "height", im->width > 0 ? number_or_null(a, im->height) : STR_NULL },
		{ "alt", im->alt.p ? im->alt : STR("") },
		{ "title", im->title.n ? im->title : STR_NULL },
		{ "loading", STR("lazy") },
		{ "decoding", STR("async") },
	};
	el_open(b, "img", attrs, sizeof attrs / sizeof *attrs);
}

struct safe_html render_img(struct render *r, const struct blog_image *im, const char *cls, const char *sizes)
{
	struct buf b;
	buf_arena(&b, r->a, BODY_HTML_MAX);
	put_img(r->a, &b, im, cls, sizes);
	r->images++;
	if (!buf_ok(&b)) { /* an element that does not end would take what follows it for its own */
		if (r->status == ST_OK)
			r->status = err_set(r->err, ST_TOO_LARGE, "a picture's text is larger than %zu bytes as HTML",
			                    BODY_HTML_MAX);
		return (struct safe_html){ STR("") };
	}
	return html_from_template(&b);
}

/* --- bounds ----------------------------------------------------------------------------------------------------- */

bool render_count(struct render *r)
{
	if (r->status != ST_OK)
		return false;
	if (++r->nodes > BODY_NODES_MAX)
		r->status = err_set(r->err, ST_TOO_LARGE, "the text has more than %d parts", BODY_NODES_MAX);
	else if (!buf_ok(r->out))
		r->status = err_set(r->err, ST_TOO_LARGE, "the text is larger than %zu bytes as HTML", BODY_HTML_MAX);
	return r->status == ST_OK;
}

void render_note(struct render *r, const char *fmt, ...)
{
	va_list ap;
	char line[NOTE_MAX];
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	struct str note = str_utf8_fit(str_c(line), sizeof line);
	for (unsigned i = 0; i < *r->note_count; i++)
		if (str_eq(r->notes[i], note))
			return; /* each audience meets the same */
	if (*r->note_count < BODY_NOTES_MAX)
		r->notes[(*r->note_count)++] = arena_str(r->a, note);
}

struct str render_url(struct render *r, struct str url) { return body_url(r->a, r->opt, url); }

/* --- foreign HTML ----------------------------------------------------------------------------------------------- */

/* The old site's own addresses, wherever they stand, made root-relative. */
static struct str without_site(struct arena *a, const struct body_options *opt, struct str html)
{
	static const struct str mark = STR_INIT("__GHOST_URL__");
	struct str site = opt ? opt->site_url : STR_NULL;
	if (str_find(html, mark) < 0 && (!site.n || str_find(html, site) < 0))
		return html;
	struct buf b;
	buf_arena(&b, a, html.n + 1);
	while (html.n) {
		struct str own = str_starts(html, mark) ? mark : site.n && str_starts(html, site) ? site : STR_NULL;
		char next = own.n && html.n > own.n ? html.p[own.n] : '\0';
		bool ends = strchr("\"' )#?", next) != NULL; /* NUL too: the end */
		if (!own.n || (next != '/' && !ends)) {
			buf_putc(&b, html.p[0]);
			html = str_skip(html, 1);
			continue;
		}
		if (ends)
			buf_putc(&b, '/');
		html = str_skip(html, own.n);
	}
	return buf_str(&b);
}

/* An attribute's value as the sanitiser wrote it, unescaped. It writes few entities, and decimal ones. */
static struct str unescape(struct arena *a, struct str s)
{
	static const struct { struct str entity; char c; } table[] = {
		{ STR_INIT("&amp;"), '&' },
		{ STR_INIT("&lt;"), '<' },
		{ STR_INIT("&gt;"), '>' },
		{ STR_INIT("&quot;"), '"' },
		{ STR_INIT("&#39;"), '\'' },
		{ STR_INIT("&#96;"), '`' },
		{ STR_INIT("&#10;"), '\n' },
		{ STR_INIT("&#13;"), '\r' },
	};
	if (str_chr(s, '&') < 0)
		return s;
	struct buf b;
	buf_arena(&b, a, s.n + 1);
	while (s.n) {
		size_t i = 0, n = sizeof table / sizeof *table;
		while (i < n && !str_starts(s, table[i].entity))
			i++;
		buf_putc(&b, i < n ? table[i].c : s.p[0]);
		s = str_skip(s, i < n ? table[i].entity.n : 1);
	}
	return buf_str(&b);
}

/* The next name="value" or name of a tag; false at its end. */
static bool next_attr(struct str *tag, struct str *name, struct str *value)
{
	*tag = str_trim(*tag);
	size_t n = 0;
	while (n < tag->n && tag->p[n] != '=' && tag->p[n] != ' ')
		n++;
	if (!n)
		return false;
	*name = str_first(*tag, n);
	*value = STR_NULL;
	*tag = str_skip(*tag, n);
	if (tag->n < 2 || tag->p[0] != '=' || tag->p[1] != '"')
		return true;
	*tag = str_skip(*tag, 2);
	ptrdiff_t end = str_chr(*tag, '"');
	*value = str_first(*tag, end < 0 ? tag->n : (size_t)end);
	*tag = str_skip(*tag, value->n + 1);
	return true;
}

static void put_stored_img(struct render *r, struct buf *b, struct str attrs)
{
	struct blog_image im = { .src = STR("") };
	struct str name, value, cls = STR_NULL;
	int64_t width = 0, height = 0;
	while (next_attr(&attrs, &name, &value)) {
		if (str_eqc(name, "src"))
			im.src = unescape(r->a, value);
		else if (str_eqc(name, "alt"))
			im.alt = unescape(r->a, value);
		else if (str_eqc(name, "title"))
			im.title = unescape(r->a, value);
		else if (str_eqc(name, "class"))
			cls = unescape(r->a, value);
		else if (str_eqc(name, "width") && str_i64(value, &width) && width > 0 && width < BLOG_PIXELS_MAX)
			im.width = (int)width;
		else if (str_eqc(name, "height") && str_i64(value, &height) && height > 0 && height < BLOG_PIXELS_MAX)
			im.height = (int)height;
	}
	struct blog_image stored = { 0 };
	if (r->opt && r->opt->image && r->opt->image(r->opt->arg, im.src, &stored)) {
		stored.alt = im.alt;
		stored.title = im.title;
		im = stored;
	}
	put_img(r->a, b, &im, cls.p ? arena_cstr(r->a, cls) : NULL, "(min-width: 44rem) 42rem, 100vw");
	r->images++;
}

/* In what the sanitiser wrote, "<img " is an image and nothing else: it escapes "<" everywhere. */
static struct str with_stored_images(struct render *r, struct str html)
{
	if (str_find(html, STR("<img ")) < 0)
		return html;
	struct buf b;
	buf_arena(&b, r->a, BODY_HTML_MAX);
	ptrdiff_t at;
	while ((at = str_find(html, STR("<img "))) >= 0) {
		buf_put(&b, html.p, (size_t)at);
		html = str_skip(html, (size_t)at + 5);
		ptrdiff_t end = str_chr(html, '>');
		struct str attrs = str_first(html, end < 0 ? html.n : (size_t)end);
		html = str_skip(html, attrs.n + 1);
		if (attrs.n && attrs.p[attrs.n - 1] == '/')
			attrs.n--;
		put_stored_img(r, &b, attrs);
	}
	buf_putstr(&b, html);
	if (!buf_ok(&b) && r->status == ST_OK)
		r->status = err_set(r->err, ST_TOO_LARGE, "the text is larger than %zu bytes as HTML", BODY_HTML_MAX);
	return buf_str(&b);
}

/* Links to pages that have another address here than they had there. */
static struct str with_moved_links(struct render *r, struct str html)
{
	static const struct str href = STR_INIT(" href=\"/");
	struct buf b;
	if (!r->opt || !r->opt->moved || str_find(html, href) < 0)
		return html;
	buf_arena(&b, r->a, BODY_HTML_MAX);
	for (ptrdiff_t at; (at = str_find(html, href)) >= 0;) {
		size_t from = (size_t)at + href.n - 1;
		struct str value = str_skip(html, from);
		ptrdiff_t end = str_chr(value, '"');
		value = str_first(value, end < 0 ? value.n : (size_t)end);
		buf_put(&b, html.p, from);
		buf_putstr(&b, r->opt->moved(r->opt->arg, value));
		html = str_skip(html, from + value.n);
	}
	buf_putstr(&b, html);
	if (!buf_ok(&b) && r->status == ST_OK)
		r->status = err_set(r->err, ST_TOO_LARGE, "the text is larger than %zu bytes as HTML", BODY_HTML_MAX);
	return buf_str(&b);
}

/* A table may be wider than the page: it gets a place of its own to scroll in, which the keyboard reaches. As with
   images, what looks like its tags in what the sanitiser wrote is its tags. */
static struct str with_scrolling_tables(struct render *r, struct str html)
{
	static const struct str open = STR_INIT("<table"), close = STR_INIT("</table>");
	struct buf b;
	if (str_find(html, open) < 0)
		return html;
	buf_arena(&b, r->a, BODY_HTML_MAX);
	while (html.n) {
		if (str_starts(html, open))
			BUF_LIT(&b, "<div class=\"kg-table\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">");
		bool closes = str_starts(html, close);
		ptrdiff_t next = str_chr(str_skip(html, 1), '<');
		size_t n = closes ? close.n : next < 0 ? html.n : (size_t)next + 1;
		buf_put(&b, html.p, n);
		if (closes)
			BUF_LIT(&b, "</div>");
		html = str_skip(html, n);
	}
	if (!buf_ok(&b) && r->status == ST_OK)
		r->status = err_set(r->err, ST_TOO_LARGE, "the text is larger than %zu bytes as HTML", BODY_HTML_MAX);
	return buf_str(&b);
}

struct safe_html render_foreign(struct render *r, struct str html)
{
	struct safe_html clean = { STR("") };
	if (r->status != ST_OK || !html.n)
		return clean;
	enum status st = sanitize_html_told(
	        r->a, SANITIZE_ARTICLE, without_site(r->a, r->opt, html), &clean, &r->told, r->err);
	if (st != ST_OK) {
		r->status = st;
		return (struct safe_html){ STR("") };
	}
	return (struct safe_html){ with_scrolling_tables(r, with_moved_links(r, with_stored_images(r, clean.s))) };
}

/* The editor wraps each run of text in <span style>, which the sanitiser leaves as a bare <span>: those go, with their
 * ends. */
struct str render_without_spans(struct arena *a, struct str html)
{
	bool bare[SPANS_MAX];
	unsigned depth = 0;
	struct buf b;
	buf_arena(&b, a, html.n + 1);
	if (str_find(html, STR("<span>")) < 0)
		return html;
	while (html.n) {
		ptrdiff_t at = str_chr(html, '<');
		buf_put(&b, html.p, at < 0 ? html.n : (size_t)at);
		html = str_skip(html, at < 0 ? html.n : (size_t)at);
		bool opens = str_starts(html, STR("<span>")) || str_starts(html, STR("<span "));
		bool closes = str_starts(html, STR("</span>"));
		bool drop = false;
		if (opens && depth < SPANS_MAX) {
			drop = bare[depth] = html.p[5] == '>';
			depth++;
		} else if (opens) {
			depth++;
		} else if (closes && depth) {
			depth--;
			drop = depth < SPANS_MAX && bare[depth];
		}
		ptrdiff_t end = str_chr(html, '>');
		size_t n = end < 0 ? html.n : (size_t)end + 1;
		if (!drop)
			buf_put(&b, html.p, n);
		html = str_skip(html, n);
	}
	return buf_str(&b);
}

struct safe_html render_foreign_line(struct render *r, struct str html)
{
	struct str s = str_trim(render_without_spans(r->a, render_foreign(r, html).s));
	/* One paragraph around it all would put a block where a line is wanted. */
	if (str_starts(s, STR("<p")) && s.n > 2 && (s.p[2] == '>' || s.p[2] == ' ') && str_ends(s, STR("</p>"))) {
		ptrdiff_t open_end = str_chr(s, '>');
		struct str inner = str_n(s.p + open_end + 1, s.n - (size_t)open_end - 1 - 4);
		if (str_find(inner, STR("</p>")) < 0)
			s = inner;
	}
	return (struct safe_html){ s };
}
