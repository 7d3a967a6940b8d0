/* SPDX-License-Identifier: Apache-2.0
 *
 * What may pass the sanitiser: tables of elements and attributes for each policy, and the filters for values.
 * Everything that is not named here does not pass. Each filter's output passes it unchanged a second time.
 */
#include "platform/text/sanitize_rules.h"

#define ID_MAX 200 /* bytes of an id; a longer one is left out */

/* --- attributes ---------------------------------------------------------------------------------------------- */

#define ATTRS(name) static const struct attr_rule name[]
#define ATTRS_END { NULL, ATTR_TEXT, NULL }

ATTRS(article_global) = {
	{ "id", ATTR_ID, NULL },
	{ "class", ATTR_CLASS, NULL },
	{ "title", ATTR_TEXT, NULL },
	{ "lang", ATTR_TEXT, NULL },
	{ "dir", ATTR_WORD, "ltr rtl auto" },
	{ "aria-label", ATTR_TEXT, NULL },
	{ "aria-hidden", ATTR_WORD, "true false" },
	{ "data-kg-toggle-state", ATTR_WORD, "open close" },
	ATTRS_END,
};
ATTRS(article_a) = {
	{ "href", ATTR_LINK, NULL },
	{ "rel", ATTR_REL, NULL },
	{ "hreflang", ATTR_TEXT, NULL },
	{ "download", ATTR_TEXT, NULL },
	ATTRS_END,
};
ATTRS(img) = {
	{ "src", ATTR_SOURCE, NULL },
	{ "srcset", ATTR_SRCSET, NULL },
	{ "sizes", ATTR_TEXT, NULL },
	{ "alt", ATTR_TEXT, NULL },
	{ "width", ATTR_NUMBER, NULL },
	{ "height", ATTR_NUMBER, NULL },
	{ "loading", ATTR_WORD, "lazy eager" },
	{ "decoding", ATTR_WORD, "async sync auto" },
	ATTRS_END,
};
ATTRS(video) = {
	{ "src", ATTR_SOURCE, NULL }, { "poster", ATTR_SOURCE, NULL }, { "width", ATTR_NUMBER, NULL },
	{ "height", ATTR_NUMBER, NULL }, { "preload", ATTR_WORD, "none metadata auto" }, { "loop", ATTR_FLAG, NULL },
	{ "muted", ATTR_FLAG, NULL }, { "playsinline", ATTR_FLAG, NULL }, ATTRS_END,
};
ATTRS(audio) = {
	{ "src", ATTR_SOURCE, NULL }, { "preload", ATTR_WORD, "none metadata auto" }, { "loop", ATTR_FLAG, NULL },
	{ "muted", ATTR_FLAG, NULL }, ATTRS_END,
};
ATTRS(source) = { { "src", ATTR_SOURCE, NULL }, { "type", ATTR_TEXT, NULL }, ATTRS_END };
ATTRS(track) = {
	{ "src", ATTR_SOURCE, NULL }, { "kind", ATTR_WORD, "subtitles captions descriptions chapters metadata" },
	{ "srclang", ATTR_TEXT, NULL }, { "label", ATTR_TEXT, NULL }, { "default", ATTR_FLAG, NULL }, ATTRS_END,
};
ATTRS(iframe) = {
	{ "width", ATTR_NUMBER, NULL },
	{ "height", ATTR_NUMBER, NULL },
	{ "allowfullscreen", ATTR_FLAG, NULL },
	ATTRS_END,
};
ATTRS(ol) = {
	{ "start", ATTR_NUMBER, NULL }, { "type", ATTR_WORD, "1 a A i I" }, { "reversed", ATTR_FLAG, NULL }, ATTRS_END,
};
ATTRS(li) = { { "value", ATTR_NUMBER, NULL }, ATTRS_END };
ATTRS(cell) = {
	{ "colspan", ATTR_NUMBER, NULL }, { "rowspan", ATTR_NUMBER, NULL },
	{ "scope", ATTR_WORD, "row col rowgroup colgroup" }, { "align", ATTR_ALIGN, "left center right" }, ATTRS_END,
};
ATTRS(span_attr) = { { "span", ATTR_NUMBER, NULL }, ATTRS_END };
ATTRS(details) = { { "open", ATTR_FLAG, NULL }, ATTRS_END };
ATTRS(edit) = { { "cite", ATTR_SOURCE, NULL }, { "datetime", ATTR_TEXT, NULL }, ATTRS_END };
ATTRS(quote) = { { "cite", ATTR_SOURCE, NULL }, ATTRS_END };
ATTRS(time_attr) = { { "datetime", ATTR_TEXT, NULL }, ATTRS_END };

ATTRS(remote_global) = {
	{ "class", ATTR_CLASS, NULL }, { "lang", ATTR_TEXT, NULL }, { "dir", ATTR_WORD, "ltr rtl auto" },
	{ "translate", ATTR_WORD, "no" }, ATTRS_END,
};
ATTRS(remote_a) = { { "href", ATTR_LINK, NULL }, ATTRS_END };
ATTRS(remote_ol) = { { "start", ATTR_NUMBER, NULL }, { "reversed", ATTR_FLAG, NULL }, ATTRS_END };

/* --- elements -------------------------------------------------------------------------------------------------- */

#define KEEP(tag) [GUMBO_TAG_##tag] = { ELEMENT_KEEP, NULL, NULL }
#define KEEP_(tag, attrs) [GUMBO_TAG_##tag] = { ELEMENT_KEEP, attrs, NULL }
#define BREAK(tag) [GUMBO_TAG_##tag] = { ELEMENT_BREAK, NULL, NULL }
#define DROP(tag) [GUMBO_TAG_##tag] = { ELEMENT_DROP, NULL, NULL }

/* Scripts, styles, what a parser reads as raw text, form controls, foreign roots: no part of them is content. */
#define DROPPED_ALWAYS                                                                                                 \
	DROP(SCRIPT), DROP(STYLE), DROP(NOSCRIPT), DROP(TEMPLATE), DROP(TITLE), DROP(HEAD), DROP(BASE), DROP(LINK),    \
	        DROP(META), DROP(PARAM), DROP(CANVAS), DROP(AREA), DROP(MATH), DROP(SVG), DROP(INPUT),    \
	        DROP(SELECT), DROP(DATALIST), DROP(OPTGROUP), DROP(OPTION), DROP(TEXTAREA), DROP(KEYGEN),              \
	        DROP(BGSOUND), DROP(FRAME), DROP(FRAMESET), DROP(NOFRAMES), DROP(ISINDEX), DROP(XMP), DROP(NOEMBED),   \
	        DROP(PLAINTEXT), DROP(BASEFONT), DROP(NEXTID), DROP(SPACER)

#define FRAME_FIXED \
	" loading=\"lazy\" referrerpolicy=\"strict-origin-when-cross-origin\"" \
	" sandbox=\"allow-scripts allow-same-origin allow-presentation allow-popups\""

static const struct element_rule article[GUMBO_TAG_LAST + 1] = {
	DROPPED_ALWAYS,
	KEEP(P),
	KEEP(DIV),
	KEEP(SECTION),
	KEEP(ARTICLE),
	KEEP(ASIDE),
	KEEP(HEADER),
	KEEP(FOOTER),
	KEEP(ADDRESS),
	KEEP(H1),
	KEEP(H2),
	KEEP(H3),
	KEEP(H4),
	KEEP(H5),
	KEEP(H6),
	KEEP(PRE),
	KEEP_(BLOCKQUOTE, quote),
	KEEP_(OL, ol),
	KEEP(UL),
	KEEP_(LI, li),
	KEEP(DL),
	KEEP(DT),
	KEEP(DD),
	KEEP(FIGURE),
	KEEP(FIGCAPTION),
	KEEP(EM),
	KEEP(STRONG),
	KEEP(SMALL),
	KEEP(S),
	KEEP(STRIKE),
	KEEP(CITE),
	KEEP_(Q, quote),
	KEEP(DFN),
	KEEP(ABBR),
	KEEP(ACRONYM),
	KEEP_(TIME, time_attr),
	KEEP(CODE),
	KEEP(VAR),
	KEEP(SAMP),
	KEEP(KBD),
	KEEP(TT),
	KEEP(SUB),
	KEEP(SUP),
	KEEP(I),
	KEEP(B),
	KEEP(U),
	KEEP(MARK),
	KEEP(RUBY),
	KEEP(RB),
	KEEP(RT),
	KEEP(RTC),
	KEEP(RP),
	KEEP(BDI),
	KEEP(BDO),
	KEEP(SPAN),
	KEEP(BIG),
	KEEP_(INS, edit),
	KEEP_(DEL, edit),
	KEEP_(DETAILS, details),
	KEEP(SUMMARY),
	KEEP(TABLE),
	KEEP(CAPTION),
	KEEP_(COLGROUP, span_attr),
	KEEP(TBODY),
	KEEP(THEAD),
	KEEP(TFOOT),
	KEEP(TR),
	KEEP_(TD, cell),
	KEEP_(TH, cell),
	[GUMBO_TAG_A] = { ELEMENT_KEEP, article_a, NULL },
	[GUMBO_TAG_COL] = { ELEMENT_VOID, span_attr, NULL },
	[GUMBO_TAG_HR] = { ELEMENT_VOID, NULL, NULL },
	[GUMBO_TAG_BR] = { ELEMENT_VOID, NULL, NULL },
	[GUMBO_TAG_WBR] = { ELEMENT_VOID, NULL, NULL },
	[GUMBO_TAG_IMG] = { ELEMENT_VOID, img, NULL },
	[GUMBO_TAG_VIDEO] = { ELEMENT_KEEP, video, " controls" },
	[GUMBO_TAG_AUDIO] = { ELEMENT_KEEP, audio, " controls" },
	[GUMBO_TAG_SOURCE] = { ELEMENT_MEDIA, source, NULL },
	[GUMBO_TAG_TRACK] = { ELEMENT_MEDIA, track, NULL },
	/* allow-same-origin is the framed site's own origin, never ours: its player needs its storage. */
	[GUMBO_TAG_IFRAME] = { ELEMENT_EMBED, iframe,
	        FRAME_FIXED },
	[GUMBO_TAG_EMBED] = { ELEMENT_EMBED, iframe, FRAME_FIXED },
	[GUMBO_TAG_OBJECT] = { ELEMENT_OBJECT, iframe, FRAME_FIXED },
	BREAK(CENTER),
	BREAK(MAIN),
	BREAK(NAV),
	BREAK(HGROUP),
	BREAK(MENU),
	BREAK(DIR),
	BREAK(LISTING),
	BREAK(FORM),
	BREAK(FIELDSET),
	BREAK(LEGEND),
	BREAK(MARQUEE),
};

static const struct element_rule remote[GUMBO_TAG_LAST + 1] = {
	DROPPED_ALWAYS,
	DROP(IFRAME),
	DROP(VIDEO),
	DROP(AUDIO),
	DROP(SOURCE),
	DROP(TRACK),
	DROP(OBJECT),
	DROP(EMBED),
	DROP(APPLET),
	DROP(IMG),
	KEEP(P),
	KEEP(SPAN),
	KEEP(DEL),
	KEEP(PRE),
	KEEP(CODE),
	KEEP(EM),
	KEEP(STRONG),
	KEEP(B),
	KEEP(I),
	KEEP(U),
	KEEP(UL),
	KEEP_(OL, remote_ol),
	KEEP_(LI, li),
	KEEP(BLOCKQUOTE),
	[GUMBO_TAG_BR] = { ELEMENT_VOID, NULL, NULL },
	[GUMBO_TAG_A] = { ELEMENT_KEEP, remote_a, " rel=\"nofollow noopener ugc\"" },
};

static const struct element_rule text_only[GUMBO_TAG_LAST + 1] = {
	DROPPED_ALWAYS, DROP(IFRAME), DROP(VIDEO), DROP(AUDIO), DROP(OBJECT), DROP(EMBED), DROP(APPLET),
};

static const bool blocks[GUMBO_TAG_LAST + 1] = {
#define B(tag) [GUMBO_TAG_##tag] = true
	B(P),
	B(DIV),
	B(SECTION),
	B(ARTICLE),
	B(ASIDE),
	B(HEADER),
	B(FOOTER),
	B(ADDRESS),
	B(H1),
	B(H2),
	B(H3),
	B(H4),
	B(H5),
	B(H6),
	B(PRE),
	B(BLOCKQUOTE),
	B(OL),
	B(UL),
	B(LI),
	B(DL),
	B(DT),
	B(DD),
	B(FIGURE),
	B(FIGCAPTION),
	B(DETAILS),
	B(SUMMARY),
	B(TABLE),
	B(CAPTION),
	B(TBODY),
	B(THEAD),
	B(TFOOT),
	B(TR),
	B(TD),
	B(TH),
	B(HR),
	B(BR),
	B(CENTER),
	B(MAIN),
	B(NAV),
	B(HGROUP),
	B(MENU),
	B(DIR),
	B(LISTING),
	B(FORM),
	B(FIELDSET),
	B(LEGEND),
	B(MARQUEE),
	B(VIDEO),
	B(AUDIO),
	B(IFRAME),
	B(OBJECT),
#undef B
};

bool sanitize_is_block(GumboTag tag) { return blocks[tag]; }

const struct element_rule *sanitize_element(enum sanitize_policy p, GumboTag tag)
{
	static const struct element_rule apart = { ELEMENT_BREAK, NULL, NULL };
	const struct element_rule *r = p == SANITIZE_ARTICLE  ? &article[tag]
				       : p == SANITIZE_REMOTE ? &remote[tag]
							      : &text_only[tag];
	return r->action == ELEMENT_UNWRAP && blocks[tag] ? &apart : r;
}

const struct attr_rule *sanitize_global_attrs(enum sanitize_policy p)
{
	return p == SANITIZE_ARTICLE ? article_global : remote_global;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

static bool next_word(struct str *rest, struct str *word)
{
	while (rest->n && is_blank(rest->p[0]))
		*rest = str_skip(*rest, 1);
	size_t n = 0;
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	*word = str_first(*rest, n);
	*rest = str_skip(*rest, n);
	return n > 0;
}

static bool is_word_of(struct str s, const char *words)
{
	struct str rest = str_c(words), w;
	while (next_word(&rest, &w))
		if (str_ieq(s, w))
			return true;
	return false;
}

static bool is_name_char(unsigned char c)
{
	return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '-' || c == '_';
}

static bool is_class_allowed(enum sanitize_policy p, struct str w)
{
	static const char *const article_prefixes[] = { "kg-", "language-", "footnote", "task-list", NULL };
	static const char *const remote_prefixes[] = { "h-", "p-", "u-", "dt-", "e-", NULL };
	static const char remote_words[] = "mention hashtag ellipsis invisible quote-inline";
	bool language = p == SANITIZE_ARTICLE && str_starts(w, STR("language-")); /* c++, c#, asp.net, föö */
	for (size_t i = 0; i < w.n; i++) {
		unsigned char c = (unsigned char)w.p[i];
		if (!is_name_char(c) && !(language && (c >= 0x80 || strchr("+#.", c))))
			return false;
	}
	const char *const *prefix = p == SANITIZE_ARTICLE ? article_prefixes : remote_prefixes;
	for (; *prefix; prefix++)
		if (str_starts(w, str_c(*prefix)))
			return true;
	return p == SANITIZE_REMOTE && is_word_of(w, remote_words);
}

static void put_class(struct buf *v, enum sanitize_policy p, struct str s)
{
	struct str w;
	while (next_word(&s, &w)) {
		if (!is_class_allowed(p, w))
			continue;
		if (v->len)
			buf_putc(v, ' ');
		buf_putstr(v, w);
	}
}

static void put_rel(struct buf *v, struct str s)
{
	struct str w;
	while (next_word(&s, &w)) {
		if (!is_word_of(w, "me tag license author nofollow noopener noreferrer sponsored ugc"))
			continue;
		if (v->len)
			buf_putc(v, ' ');
		buf_putstr(v, w);
	}
}

#define ID_CHARS ":.%~=,;!()*'@+$/?"

/* `extra`: what else than names and non-ASCII may stand in it. */
static bool put_id(struct buf *v, struct str s, const char *extra)
{
	if (!s.n || s.n > ID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (!is_name_char(c) && c < 0x80 && !strchr(extra, c))
			return false;
	}
	if (html_id_is_reserved(s))
		BUF_LIT(v, "c-"); /* as html_content_id */
	buf_putstr(v, s);
	return true;
}

static bool put_number(struct buf *v, struct str s)
{
	s = str_trim(s);
	size_t i = s.n && s.p[0] == '-';
	size_t digits = 0;
	while (i + digits < s.n && (unsigned)(s.p[i + digits] - '0') < 10)
		digits++;
	if (!digits || digits > 9 || i + digits != s.n)
		return false;
	buf_putstr(v, s);
	return true;
}

static bool is_http(struct str scheme) { return str_ieqc(scheme, "http") || str_ieqc(scheme, "https"); }

struct str sanitize_absolute_url(struct str url)
{
	struct str scheme, s = html_url_clean(url);
	if (!s.p || !html_url_scheme(s, &scheme))
		return STR_NULL;
	if (scheme.p ? !is_http(scheme) : !str_starts(s, STR("//")))
		return STR_NULL;
	return s;
}

static bool put_link(struct buf *v, enum sanitize_policy p, struct str url)
{
	struct str scheme, s = html_url_clean(url);
	if (!s.p || !html_url_scheme(s, &scheme))
		return false;
	if (p == SANITIZE_REMOTE) { /* a relative link of a remote text leads nowhere here */
		if (!scheme.p || !is_http(scheme))
			return false;
	} else if (scheme.p && !html_scheme_is_link(scheme)) {
		return false;
	}
	if (s.n > 1 && s.p[0] == '#') {
		buf_putc(v, '#');
		return put_id(v, str_skip(s, 1), ID_CHARS);
	}
	buf_putstr(v, s);
	return true;
}

static bool put_source(struct buf *v, struct str url)
{
	struct str scheme, s = html_url_clean(url);
	if (!s.p || !s.n || !html_url_scheme(s, &scheme) || (scheme.p && !is_http(scheme)))
		return false;
	buf_putstr(v, s);
	return true;
}

/* WHATWG HTML 4.8.4.2.1: candidates "URL [number w|x|h]", separated by commas; a bad one is left out. */
static bool put_srcset(struct buf *v, struct str s)
{
	while (s.n) {
		while (s.n && (is_blank(s.p[0]) || s.p[0] == ','))
			s = str_skip(s, 1);
		struct str url, descriptor = STR("");
		if (!next_word(&s, &url))
			break;
		bool bare = url.p[url.n - 1] == ',';
		while (url.n && url.p[url.n - 1] == ',')
			url.n--;
		if (!bare && !str_cut(&s, ',', &descriptor))
			s = STR("");
		descriptor = str_trim(descriptor);
		bool ok = url.n > 0 && descriptor.n < 12;
		for (size_t i = 0; ok && i < descriptor.n; i++)
			ok = i + 1 < descriptor.n ? strchr("0123456789.", descriptor.p[i]) != NULL
						  : strchr("wxh", descriptor.p[i]) != NULL && i > 0;
		if (!ok)
			continue;
		size_t before = v->len;
		if (before)
			BUF_LIT(v, ", ");
		if (!put_source(v, url)) {
			v->len = before;
			continue;
		}
		if (descriptor.n) {
			buf_putc(v, ' ');
			buf_putstr(v, descriptor);
		}
	}
	return v->len > 0;
}

static struct str style_text_align(struct str style)
{
	struct str declaration, property;
	while (str_next(&style, ';', &declaration))
		if (str_cut(&declaration, ':', &property) && str_ieqc(str_trim(property), "text-align"))
			return str_trim(declaration);
	return STR_NULL;
}

static bool put_text(struct buf *v, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\t' || c == '\r')
			buf_putc(v, ' ');
		else if (c == '\n' || (c >= 0x20 && c != 0x7f))
			buf_putc(v, (char)c);
	}
	return true;
}

static bool put_value(struct buf *v, enum sanitize_policy p, const struct attr_rule *rule, struct str s)
{
	switch (rule->kind) {
	case ATTR_TEXT: return put_text(v, s);
	case ATTR_FLAG: return true;
	case ATTR_NUMBER: return put_number(v, s);
	case ATTR_ALIGN:
	case ATTR_WORD:
		s = str_trim(s);
		buf_putstr(v, s);
		return is_word_of(s, rule->words);
	case ATTR_LINK: return put_link(v, p, s);
	case ATTR_SOURCE: return put_source(v, s);
	case ATTR_SRCSET: return put_srcset(v, s);
	case ATTR_CLASS: put_class(v, p, s); return v->len > 0;
	case ATTR_ID: return put_id(v, s, ID_CHARS);
	case ATTR_REL: put_rel(v, s); return v->len > 0;
	}
	return false;
}

void sanitize_put_attr(struct buf *out, enum sanitize_policy p, const struct attr_rule *rule, const GumboElement *el)
{
	const GumboAttribute *attr = gumbo_get_attribute(&el->attributes, rule->name);
	struct str s = attr ? str_c(attr->value) : STR_NULL;
	if (!attr && rule->kind == ATTR_ID && el->tag == GUMBO_TAG_A) /* <a name> of older pages */
		s = (attr = gumbo_get_attribute(&el->attributes, "name")) ? str_c(attr->value) : STR_NULL;
	if (!attr && rule->kind == ATTR_ALIGN && (attr = gumbo_get_attribute(&el->attributes, "style")))
		s = style_text_align(str_c(attr->value));
	if (!s.p)
		return;
	SCOPED_BUF value;
	buf_init(&value, s.n * 2 + 64);
	if (!put_value(&value, p, rule, s))
		return;
	buf_putc(out, ' ');
	buf_puts(out, rule->name);
	if (rule->kind == ATTR_FLAG)
		return;
	BUF_LIT(out, "=\"");
	html_attr(out, buf_str(&value));
	buf_putc(out, '"');
	if (!buf_ok(&value))
		out->failed = true;
}

/* --- cards and embeds --------------------------------------------------------------------------------------------- */

bool sanitize_is_dead_chrome(const GumboElement *el)
{
	const GumboAttribute *attr = gumbo_get_attribute(&el->attributes, "class");
	struct str rest = attr ? str_c(attr->value) : STR_NULL, w;
	while (rest.p && next_word(&rest, &w))
		if (is_word_of(w, "kg-audio-player kg-video-overlay kg-video-player-container kg-video-player"))
			return true;
	return false;
}

struct embed_host { const char *host, *path, *to; };
static const struct embed_host embed_hosts[] = {
	{ "www.youtube-nocookie.com", "/embed/", "https://www.youtube-nocookie.com" },
	{ "youtube-nocookie.com", "/embed/", "https://www.youtube-nocookie.com" },
	{ "www.youtube.com", "/embed/", "https://www.youtube-nocookie.com" },
	{ "youtube.com", "/embed/", "https://www.youtube-nocookie.com" },
	{ "player.vimeo.com", "/video/", "https://player.vimeo.com" },
	{ "www.openstreetmap.org", "/export/embed.html", "https://www.openstreetmap.org" },
};

/* Flash is gone, but the films are there: "/v/ID&hl=en" and "/moogaloop.swf?clip_id=ID" named them. */
static bool put_old_player(struct buf *src, struct str host, struct str path)
{
	static const char *const tubes[] = { "www.youtube.com", "youtube.com", "www.youtube-nocookie.com",
		"youtube-nocookie.com" };
	static const struct str clip = STR_INIT("clip_id=");
	size_t n = 0;
	struct str id = STR("");
	bool vimeo = str_ieqc(host, "vimeo.com") || str_ieqc(host, "www.vimeo.com");
	for (size_t i = 0; i < sizeof tubes / sizeof *tubes; i++)
		if (str_ieqc(host, tubes[i]) && str_starts(path, STR("/v/")))
			id = str_skip(path, 3);
	ptrdiff_t at = vimeo && str_starts(path, STR("/moogaloop.swf")) ? str_find(path, clip) : -1;
	if (at >= 0)
		id = str_skip(path, (size_t)at + clip.n);
	while (n < id.n && is_name_char((unsigned char)id.p[n]))
		n++;
	if (!n || (n < id.n && !strchr("?&", id.p[n])))
		return false;
	buf_puts(src, vimeo ? "https://player.vimeo.com/video/" : "https://www.youtube-nocookie.com/embed/");
	buf_putstr(src, str_first(id, n));
	return true;
}

bool sanitize_embed_src(struct buf *src, struct str url)
{
	struct str s = sanitize_absolute_url(url), scheme = STR_NULL;
	if (!s.p || !html_url_scheme(s, &scheme))
		return false;
	s = str_skip(s, scheme.p ? scheme.n + 1 : 0);
	if (!str_starts(s, STR("//")))
		return false;
	s = str_skip(s, 2);
	ptrdiff_t slash = str_chr(s, '/');
	if (slash < 0)
		return false;
	struct str host = str_first(s, (size_t)slash), path = str_skip(s, (size_t)slash);
	ptrdiff_t query = str_chr(path, '?');
	struct str bare = query < 0 ? path : str_first(path, (size_t)query);
	/* ".." or an encoded character could leave the player's folder for a redirector. */
	if (str_find(bare, STR("..")) >= 0 || str_chr(bare, '%') >= 0 || str_chr(path, '\\') >= 0)
		return false;
	for (size_t i = 0; i < sizeof embed_hosts / sizeof *embed_hosts; i++) {
		const struct embed_host *h = &embed_hosts[i];
		if (!str_ieqc(host, h->host) || !str_starts(path, str_c(h->path)))
			continue;
		buf_puts(src, h->to);
		buf_putstr(src, path);
		return true;
	}
	return put_old_player(src, host, path);
}
