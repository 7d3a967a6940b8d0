/* SPDX-License-Identifier: Apache-2.0
 * The sanitiser: what passes, what does not, and that a second pass changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <gumbo.h>

#include "base/buf.h"
#include "platform/text/sanitize.h"

static struct arena *arena;

static int set_up(void **state)
{
	arena = arena_new((size_t)64 << 20);
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	arena_free(arena);
	return 0;
}

static struct str clean(enum sanitize_policy p, struct str in)
{
	struct err e = { 0 };
	struct safe_html once, twice;
	if (sanitize_html(arena, p, in, &once, &e) != ST_OK)
		fail_msg("refused: %s", e.msg);
	assert_int_equal(sanitize_html(arena, p, once.s, &twice, &e), ST_OK);
	if (!str_eq(once.s, twice.s))
		fail_msg("not a fixed point:\n%.*s\n%.*s", STR_ARG(once.s), STR_ARG(twice.s));
	return once.s;
}

struct row { const char *in, *want; };

static void check_rows(enum sanitize_policy p, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str got = clean(p, str_c(rows[i].in));
		if (!str_eqc(got, rows[i].want))
			fail_msg("row %zu\n  in   %s\n  want %s\n  got  %.*s", i, rows[i].in, rows[i].want,
			        STR_ARG(got));
	}
}
#define CHECK_ROWS(p, rows) check_rows(p, rows, sizeof rows / sizeof *rows)

static const struct row article_rows[] = {
	{ "", "" },
	{ "plain & simple", "plain &amp; simple" },
	{ "<p>a<br/>b</p>", "<p>a<br>b</p>" },
	{ "<P CLASS='kg-x evil language-c'>a</P>", "<p class=\"kg-x language-c\">a</p>" },
	{ "<h2 id='top'>T</h2><a href='#top'>up</a><a href='#c-top'>up</a>",
	        "<h2 id=\"top\">T</h2><a href=\"#top\">up</a><a href=\"#c-top\">up</a>" },
	/* ids of the page's own templates are not to be had twice */
	{ "<h2 id='content'>T</h2><a href='#content'>up</a>",
	        "<h2 id=\"c-content\">T</h2><a href=\"#c-content\">up</a>" },
	{ "<a name='%C3%BCber-uns'></a><a id='x' name='y'>z</a><p name='p'>q</p>",
	        "<a id=\"%C3%BCber-uns\"></a><a id=\"x\">z</a><p>q</p>" },
	{ "<a href='https://e.org/?a=1&amp;b=2' target=_blank onclick=x rel='me evil'>l</a>",
	        "<a href=\"https://e.org/?a=1&amp;b=2\" rel=\"me\">l</a>" },
	{ "<a href=' /about '>l</a>", "<a href=\"/about\">l</a>" },
	{ "<img src=/i.png srcset='/i.png 600w, javascript:x 2x,/b.png 2x' sizes='100vw' alt='a\"b' width=12 height=x>",
	        "<img src=\"/i.png\" srcset=\"/i.png 600w, /b.png 2x\" sizes=\"100vw\" alt=\"a&quot;b\" "
	        "width=\"12\">" },
	{ "<pre>\n\nx</pre>", "<pre>\n\nx</pre>" },
	{ "<pre><code class=language-c>if (a &lt; b)\n\tx();</code></pre>",
	        "<pre><code class=\"language-c\">if (a &lt; b)\n\tx();</code></pre>" },
	{ "<table><tr><td style='color:red; text-align: right' colspan=2>1</table>",
	        "<table><tbody><tr><td colspan=\"2\" align=\"right\">1</td></tr></tbody></table>" },
	{ "<details open><summary>s</summary>b</details>", "<details open><summary>s</summary>b</details>" },
	{ "<video src=v.mp4 autoplay loop poster='data:x'><source src=v.webm type=video/webm></video>",
	        "<video src=\"v.mp4\" loop controls><source src=\"v.webm\" type=\"video/webm\"></video>" },
	{ "<source src=x>", "" },
	{ "<figure class='kg-card kg-video-card'><video src=v.mp4></video><div "
	  "class=kg-video-overlay><button>p</button></div>"
	  "<figcaption>c</figcaption></figure>",
	        "<figure class=\"kg-card kg-video-card\"><video src=\"v.mp4\" "
	        "controls></video><figcaption>c</figcaption></figure>" },
	{ "<iframe width=560 height=315 src='https://www.youtube.com/embed/abc?start=3' allowfullscreen></iframe>",
	        "<iframe width=\"560\" height=\"315\" allowfullscreen loading=\"lazy\""
	        " referrerpolicy=\"strict-origin-when-cross-origin\""
	        " sandbox=\"allow-scripts allow-same-origin allow-presentation allow-popups\""
	        " src=\"https://www.youtube-nocookie.com/embed/abc?start=3\"></iframe>" },
	/* a frame of another host is a link: with its words and where they lead, with its title, or its address */
	{ "<iframe src='https://evil.example/x?a&b'></iframe>",
	        "<a href=\"https://evil.example/x?a&amp;b\" rel=\"nofollow noopener\">"
	        "https://evil.example/x?a&amp;b</a>" },
	{ "<iframe src='https://player.example/1' title=' A song '> </iframe>",
	        "<a href=\"https://player.example/1\" rel=\"nofollow noopener\">A song</a>" },
	{ "<iframe src='https://player.example/1' title='T'>By <b>them</b> &amp; us</iframe>",
	        "<a href=\"https://player.example/1\" rel=\"nofollow noopener\">By them &amp; us</a>" },
	{ "<iframe src='https://player.example/1'><a href='https://band.example/a'>Album</a> by "
	  "<a href='/x'>us</a></iframe>",
	        "<a href=\"https://band.example/a\" rel=\"nofollow noopener\">Album by us</a>" },
	{ "<iframe src='https://player.example/1'><a href='javascript:alert(1)'>Album</a></iframe>",
	        "<a href=\"https://player.example/1\" rel=\"nofollow noopener\">Album</a>" },
	{ "<iframe src='https://player.example/0123456789012345678901234567890123456789012345678901234567'></iframe>",
	        "<a href=\"https://player.example/0123456789012345678901234567890123456789012345678901234567\""
	        " rel=\"nofollow noopener\">player.example</a>" },
	/* players of another age */
	{ "<object width='4' height='3'><param name='movie' value='http://www.youtube.com/v/a_B-c&hl=en'>"
	  "<embed src='http://www.youtube.com/v/a_B-c&hl=en' width='4' height='3'></object>",
	        "\n<iframe width=\"4\" height=\"3\" loading=\"lazy\" referrerpolicy=\"strict-origin-when-cross-origin\""
	        " sandbox=\"allow-scripts allow-same-origin allow-presentation allow-popups\""
	        " src=\"https://www.youtube-nocookie.com/embed/a_B-c\"></iframe>" },
	{ "<embed src='//vimeo.com/moogaloop.swf?clip_id=123&amp;server=vimeo.com'>",
	        "<iframe loading=\"lazy\" referrerpolicy=\"strict-origin-when-cross-origin\""
	        " sandbox=\"allow-scripts allow-same-origin allow-presentation allow-popups\""
	        " src=\"https://player.vimeo.com/video/123\"></iframe>" },
	{ "<embed src='https://films.example/p.swf'>",
	        "<a href=\"https://films.example/p.swf\" rel=\"nofollow noopener\">https://films.example/p.swf</a>" },
	{ "<object data='https://films.example/p.swf'></object>",
	        "\n<a href=\"https://films.example/p.swf\" rel=\"nofollow noopener\">https://films.example/p.swf</a>" },
	{ "<object data='https://films.example/p.pdf'>Read <a href='/p.pdf'>it</a></object>",
	        "\nRead <a href=\"/p.pdf\">it</a>\n" },
	{ "<object data='https://www.youtube.com/v/../x'></object><embed src='https://www.youtube.com/v/%41'>",
	        "\n<a href=\"https://www.youtube.com/v/../x\" rel=\"nofollow noopener\">"
	        "https://www.youtube.com/v/../x</a><a href=\"https://www.youtube.com/v/%41\" rel=\"nofollow noopener\">"
	        "https://www.youtube.com/v/%41</a>" },
	/* of drawings and formulas the words */
	{ "<p>Harvest:<svg><title>By year</title><style>a{}</style><g><text x='1'>2023 <tspan>&lt;5 t&gt;</tspan>"
	  "</text></g><script>x()</script></svg></p>",
	        "<p>Harvest:By year 2023 &lt;5 t&gt; </p>" },
	{ "where <math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup><annotation>E=mc^2</annotation>"
	  "</math>.",
	        "where E=mc^2." },
	{ "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>", "a/b" },
	{ "<iframe src='https://www.youtube.com.evil.example/embed/a'></iframe>",
	        "<a href=\"https://www.youtube.com.evil.example/embed/a\" rel=\"nofollow noopener\">"
	        "https://www.youtube.com.evil.example/embed/a</a>" },
	{ "<iframe src='https://www.youtube.com/embed/../redirect?q=x'></iframe>",
	        "<a href=\"https://www.youtube.com/embed/../redirect?q=x\" rel=\"nofollow noopener\">"
	        "https://www.youtube.com/embed/../redirect?q=x</a>" },
	{ "<iframe src='https://x@www.youtube.com/embed/a'></iframe>",
	        "<a href=\"https://x@www.youtube.com/embed/a\" rel=\"nofollow "
	        "noopener\">https://x@www.youtube.com/embed/a</a>" },
	{ "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "" },
	{ "<center>a</center><main>b</main>", "\na\n\nb\n" },
	{ "<custom-element>kept</custom-element>", "kept" },
	{ "<p>a<object><p>b</p></object></p>", "<p>a\n</p><p>b</p>\n<p></p>" },
	{ "a<!-- c --><![CDATA[d]]>e", "ae" },
	{ "x\x01\x02y\x7fz", "x\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbdz" },
	{ "<p title='a&#10;b'>t</p>", "<p title=\"a&#10;b\">t</p>" },
	{ "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd" },
};

static const struct row remote_rows[] = {
	{ "<p>Hi <a href='https://e.org' class='u-url mention x' rel=me>@<span class=invisible>a</span></a></p>",
	        "<p>Hi <a href=\"https://e.org\" class=\"u-url mention\" rel=\"nofollow noopener ugc\">@<span "
	        "class=\"invisible\">a</span>"
	        "</a></p>" },
	{ "<h1>Title</h1><div>text</div><img src=x alt=y>", "\nTitle\n\ntext\n" },
	{ "<a href='/local'>l</a><a href='mailto:a@b.c'>m</a>",
	        "<a rel=\"nofollow noopener ugc\">l</a><a rel=\"nofollow noopener ugc\">m</a>" },
	{ "<p id=x style='color:red'>a</p>", "<p>a</p>" },
	{ "<iframe src='https://www.youtube.com/embed/a'></iframe><video src=x></video>", "" },
	{ "<ol start=3 reversed><li value=3>x</li></ol>", "<ol start=\"3\" reversed><li value=\"3\">x</li></ol>" },
};

static const struct row text_rows[] = {
	{ "<p>a &amp; b</p><p>c</p>", "a &amp; b c" },
	{ "<script>x</script>&lt;b&gt;<style>y</style>", "&lt;b&gt;" },
	{ "  a \n\t b  ", "a b" },
};

static void test_article(void **state) { CHECK_ROWS(SANITIZE_ARTICLE, article_rows); }
static void test_remote(void **state) { CHECK_ROWS(SANITIZE_REMOTE, remote_rows); }
static void test_text(void **state) { CHECK_ROWS(SANITIZE_TEXT, text_rows); }

/* --- attacks: not one of them may leave an active part, whatever else becomes of it ------------------------------- */

static const char *const attacks[] = {
	"<script>alert(1)</script>",
	"<SCRIPT SRC=//e.org/x.js></SCRIPT>",
	"<scr<script>ipt>alert(1)</scr</script>ipt>",
	"<img src=x onerror=alert(1)>",
	"<img src=x onerror\n=alert(1)>",
	"<img/src=x/onerror=alert(1)>",
	"<img src=`x`onerror=alert(1)>",
	"<img src='x' \x0c onerror='alert(1)'>",
	"<a href='javascript:alert(1)'>x</a>",
	"<a href='&#106;avascript:alert(1)'>x</a>",
	"<a href='java&#x0A;script:alert(1)'>x</a>",
	"<a href='java&Tab;script&colon;alert(1)'>x</a>",
	"<a href=' \x01\x02 javascript:alert(1)'>x</a>",
	"<a href='JAVASCRIPT&#58;alert(1)'>x</a>",
	"<a href='vbscript:msgbox(1)'>x</a>",
	"<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
	"<a xlink:href='javascript:alert(1)'>x</a>",
	"<svg onload=alert(1)>",
	"<svg><script>alert(1)</script></svg>",
	"<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
	"<svg><style><img src=x onerror=alert(1)></style></svg>",
	"<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
	"<svg><foreignObject><p><img src=x onerror=alert(1)></p></foreignObject></svg>",
	"<svg><desc><table><td><style><a title=\"</style><img src onerror=alert(1)>\"></style></desc></svg>",
	"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
	"<math><mtext></form><form><mglyph><svg><mtext><style><path id=\"</style><img onerror=alert(1) src>\">",
	"<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
	"<math><annotation-xml encoding='text/html'><style><img src=x "
	"onerror=alert(1)></style></annotation-xml></math>",
	"<math href='javascript:alert(1)'>x</math>",
	"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
	"<noscript><style></noscript><img src=x onerror=alert(1)></style>",
	"<template><img src=x onerror=alert(1)></template>",
	"<div><template shadowrootmode=open><script>alert(1)</script></template></div>",
	"<style><img src=x onerror=alert(1)></style>",
	"<style>*{background:url(javascript:alert(1))}</style>",
	"<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
	"<title><img title=\"</title><img src=x onerror=alert(1)>\"></title>",
	"<xmp><p title=\"</xmp><svg/onload=alert(1)>\">",
	"<noembed><p title=\"</noembed><svg/onload=alert(1)>\">",
	"<noframes><p title=\"</noframes><svg/onload=alert(1)>\">",
	"<iframe><p title=\"</iframe><svg/onload=alert(1)>\">",
	"<plaintext><img src=x onerror=alert(1)>",
	"<!--><img src=x onerror=alert(1)>-->",
	"<!--!><img src=x onerror=alert(1)>-->",
	"<!-- --!><img src=x onerror=alert(1)> -->",
	"<![CDATA[<img src=x onerror=alert(1)>]]>",
	"<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
	"<?xml ><img src=x onerror=alert(1)>?>",
	"<!DOCTYPE x [<!ENTITY y '<img src=x onerror=alert(1)>'>]>&y;",
	"<p style='background:url(javascript:alert(1))'>x</p>",
	"<div style='width:expression(alert(1))'>x</div>",
	"<object data='javascript:alert(1)'></object>",
	"<embed src='javascript:alert(1)'>",
	"<applet code=x></applet>",
	"<base href='javascript:alert(1)//'>",
	"<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
	"<link rel=stylesheet href='javascript:alert(1)'>",
	"<form action='javascript:alert(1)'><input type=submit></form>",
	"<button formaction='javascript:alert(1)'>x</button>",
	"<isindex action='javascript:alert(1)' type=image>",
	"<input autofocus onfocus=alert(1)>",
	"<select autofocus onfocus=alert(1)><option>x</select>",
	"<video><source onerror=alert(1)></video>",
	"<video poster='javascript:alert(1)' src=x></video>",
	"<audio src=x onerror=alert(1)>",
	"<details ontoggle=alert(1) open>x</details>",
	"<marquee onstart=alert(1)>x</marquee>",
	"<body onload=alert(1)>x",
	"<html onmouseover=alert(1)>x",
	"<table background='javascript:alert(1)'><td>x",
	"<bgsound src='javascript:alert(1)'>",
	"<keygen autofocus onfocus=alert(1)>",
	"<frameset onload=alert(1)><frame src='javascript:alert(1)'></frameset>",
	"<iframe src='javascript:alert(1)'></iframe>",
	"<iframe srcdoc='&lt;img src=x onerror=alert(1)&gt;'></iframe>",
	"<iframe src='//evil.example/' onload=alert(1)></iframe>",
	"<img srcset='javascript:alert(1) 1x, x onerror=alert(1) 2x'>",
	"<img alt='`><img src=x onerror=alert(1)>`'>",
	"<img alt=\"x\" title='\"><script>alert(1)</script>'>",
	"<a title='--><img src=x onerror=alert(1)>'>x</a>",
	"<img src=\"x\" alt=\"&quot; onerror=&quot;alert(1)\">",
	"<<img src=x onerror=alert(1)>>",
	"<a<img src=x onerror=alert(1)>>x",
	"</p title='><img src=x onerror=alert(1)>'>",
	"<p><a href=\"x\" \"onclick=alert(1)>x</a>",
	"<b <script>alert(1)</script>0",
	"<table><style><td title=\"</style><img src onerror=alert(1)>\">",
	"<select><noscript></select><img src=x onerror=alert(1)></noscript>",
	"<p><svg><p><style></svg><img src=x onerror=alert(1)></style>",
	"<form id=x></form><button form=x formaction=javascript:alert(1)>X",
	"<img name=getElementById><form name=cookie><input name=attributes></form>",
	"<a id=document href=javascript:alert(1)></a><p id=forms name=body>",
	"<div><div><div><a><a><table><a><td><a><table><a>x",
	"<a><table><a><p><a><div><button><p><button><p>x</a>",
	"<b><i><p></b></i><object><b><table><tr><i><b>x</object></table>",
	"<select><option><table><td></select><p><marquee><p><applet><p>",
	"<dd><object><dd><object><li><button><li></object></button>x",
	"<ruby><rb><rtc><object><rt><ruby><rp>x",
	"<caption><td><col><tr><tbody><table><object><caption><td><table><caption>x",
	"<h1><object><h2><button><h3><p><h1></object>y",
	"<pre>\n\n<object>\n<pre>\n</pre></object></pre>",
	"<p><details><summary><p><object></details><summary>",
	"%3Cscript%3Ealert(1)%3C/script%3E&lt;script&gt;alert(1)&lt;/script&gt;",
	"\xf0\x80\x80\xbcscript>alert(1)</script>",
	"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
	"<img src=x:x onerror=alert(1)>",
	"<x onclick=alert(1)>click</x>",
	"<script/x>alert(1)</script/y>",
	"<script\x0b>alert(1)</script>",
	"<img \x00src=x onerror=alert(1)>",
};

static void check_url_attr(const char *in, const char *value)
{
	const char *colon = strpbrk(value, ":/?#");
	if (!colon || *colon != ':')
		return;
	struct str scheme = str_n(value, (size_t)(colon - value));
	if (!str_ieqc(scheme, "http") && !str_ieqc(scheme, "https") && !str_ieqc(scheme, "mailto") &&
	        !str_ieqc(scheme, "tel"))
		fail_msg("%s leaves the URL %s", in, value);
}

static void check_harmless_element(const char *in, const GumboElement *el)
{
	static const char allowed[] = " p div section article aside header footer address h1 h2 h3 h4 h5 h6 pre "
	                              "blockquote ol ul li dl dt dd figure"
	                              " figcaption em strong small s strike cite q dfn abbr acronym time code var samp "
	                              "kbd tt sub sup i b u mark ruby rb"
	                              " rt rtc rp bdi bdo span big ins del details summary table caption colgroup "
	                              "tbody thead tfoot tr td th a col hr br"
	                              " wbr img video audio source track iframe ";
	char name[40];
	snprintf(name, sizeof name, " %s ", gumbo_normalized_tagname(el->tag));
	if (el->tag == GUMBO_TAG_UNKNOWN || el->tag_namespace != GUMBO_NAMESPACE_HTML || !strstr(allowed, name))
		fail_msg("%s leaves the element %s", in, name);
	for (unsigned i = 0; i < el->attributes.length; i++) {
		const GumboAttribute *a = el->attributes.data[i];
		if (!strncmp(a->name, "on", 2) || !strcmp(a->name, "style") || !strcmp(a->name, "srcdoc") ||
		        !strcmp(a->name, "name"))
			fail_msg("%s leaves the attribute %s", in, a->name);
		if (!strcmp(a->name, "id") && html_id_is_reserved(str_c(a->value)))
			fail_msg("%s leaves the id %s", in, a->value);
		static const char *const urls[] = { "href", "src", "poster", "srcset", "cite" };
		for (size_t u = 0; u < sizeof urls / sizeof *urls; u++)
			if (!strcmp(a->name, urls[u]))
				check_url_attr(in, a->value);
	}
}

static void check_harmless(const char *in, const GumboNode *node)
{
	for (unsigned i = 0; i < node->v.element.children.length; i++) {
		const GumboNode *child = node->v.element.children.data[i];
		if (child->type == GUMBO_NODE_ELEMENT) {
			check_harmless_element(in, &child->v.element);
			check_harmless(in, child);
		} else if (child->type != GUMBO_NODE_TEXT && child->type != GUMBO_NODE_WHITESPACE) {
			fail_msg("%s leaves a node of type %d", in, child->type);
		}
	}
}

static void check_attack(enum sanitize_policy p, struct str in)
{
	struct str out = clean(p, in);
	GumboOptions o = kGumboDefaultOptions;
	o.fragment_context = GUMBO_TAG_BODY;
	GumboOutput *tree = gumbo_parse_with_options(&o, out.p, out.n);
	check_harmless(in.p, tree->root);
	gumbo_destroy_output(&o, tree);
}

static void test_attacks(void **state)
{
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
		for (int p = SANITIZE_ARTICLE; p <= SANITIZE_TEXT; p++)
			check_attack((enum sanitize_policy)p, str_c(attacks[i]));
}

/* Each attack inside each wrapper that changes how a parser reads it. */
static void test_attacks_wrapped(void **state)
{
	static const char *const wrappers[][2] = {
		{ "<table>", "</table>" },
		{ "<table><tr><td>", "" },
		{ "<select>", "</select>" },
		{ "<svg><desc>", "" },
		{ "<math><mi>", "</math>" },
		{ "<p><button>", "</p>" },
		{ "<a href=x>", "</a>" },
		{ "<pre>\n", "" },
		{ "<b><object>", "</b>" },
		{ "<ul><li><template>", "</template>" },
	};
	for (size_t w = 0; w < sizeof wrappers / sizeof *wrappers; w++)
		for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
			SCOPED_BUF b;
			buf_init(&b, 4096);
			buf_puts(&b, wrappers[w][0]);
			buf_puts(&b, attacks[i]);
			buf_puts(&b, wrappers[w][1]);
			check_attack(SANITIZE_ARTICLE, buf_str(&b));
			check_attack(SANITIZE_REMOTE, buf_str(&b));
			arena_reset(arena);
		}
}

/* --- bounds ------------------------------------------------------------------------------------------------------- */

static enum status clean_repeated(const char *piece, size_t count)
{
	SCOPED_BUF b;
	buf_init(&b, (size_t)8 << 20);
	for (size_t i = 0; i < count; i++)
		buf_puts(&b, piece);
	assert_true(buf_ok(&b));
	struct err e = { 0 };
	struct safe_html out;
	enum status s = sanitize_html(arena, SANITIZE_ARTICLE, buf_str(&b), &out, &e);
	assert_true((s == ST_OK) == (e.msg[0] == '\0'));
	arena_reset(arena);
	return s;
}

static void test_bounds(void **state)
{
	assert_int_equal(clean_repeated("<div>", 200), ST_OK);
	assert_int_equal(clean_repeated("<div>", 300), ST_TOO_LARGE);
	assert_int_equal(clean_repeated("<div>", 100000), ST_TOO_LARGE);
	assert_int_equal(clean_repeated("<div><select></div></select>", 30000), ST_TOO_LARGE);
	assert_int_equal(
	        clean_repeated("<b a=1><i><p>", 10000), ST_OK);     /* of one kind, three at most are taken up again */
	assert_int_equal(clean_repeated("<svg><g>", 20000), ST_OK); /* dropped as a whole, its depth never walked */
	assert_int_equal(clean_repeated("<p>paragraph</p>", 20000), ST_OK);
	assert_int_equal(clean_repeated("0123456789abcdef", (4 << 16) + 1), ST_TOO_LARGE);
	assert_int_equal(clean_repeated("<a href='x", 20000), ST_OK);
	assert_int_equal(clean_repeated("&amp", 100000), ST_OK);
}

/* Open formatting elements are taken up again in each paragraph: the tree is the product of both counts. */
static void test_bounds_formatting(void **state)
{
	SCOPED_BUF b;
	buf_init(&b, (size_t)1 << 20);
	buf_puts(&b, "<p>");
	for (int i = 0; i < 200; i++)
		buf_printf(&b, "<b title=%d>", i);
	for (int i = 0; i < 20000; i++)
		buf_puts(&b, "<p>x");
	struct safe_html out;
	assert_int_equal(sanitize_html(arena, SANITIZE_ARTICLE, buf_str(&b), &out, NULL), ST_TOO_LARGE);
}

static void check_to_text(const char *in, size_t max, const char *want)
{
	struct str out;
	assert_int_equal(html_to_text(arena, str_c(in), max, &out, NULL), ST_OK);
	if (!str_eqc(out, want))
		fail_msg("%s gives %.*s", in, STR_ARG(out));
}

static void test_to_text(void **state)
{
	check_to_text("<h1>A</h1><p>b <em>c</em>d</p>\n<ul><li>e<li>f</ul>", 100, "A b cd e f");
	check_to_text("<p>a &lt;b&gt; &amp; c</p><script>no</script><iframe>no</iframe>", 100, "a <b> & c");
	check_to_text("a<br>b", 100, "a b");
	check_to_text("h\xc3\xa9llo", 2, "h");
	check_to_text("h\xc3\xa9llo", 3, "h\xc3\xa9");
	check_to_text("", 10, "");
}

static size_t letters_left(struct arena *a, const char *before, size_t n, const char *repeated, const char *after)
{
	struct buf in;
	struct safe_html out;
	size_t letters = 0;
	buf_arena(&in, a, 1 << 20);
	buf_puts(&in, before);
	for (size_t i = 0; i < n; i++)
		buf_puts(&in, repeated);
	buf_puts(&in, after);
	assert_int_equal(sanitize_html(a, SANITIZE_ARTICLE, buf_str(&in), &out, NULL), ST_OK);
	for (size_t i = 0; i < out.s.n; i++)
		letters += out.s.p[i] == 'Q';
	return letters;
}

/* The words of frames and drawings are looked at so far. */
static void test_words_have_bounds(void **state)
{
	SCOPED_ARENA *a = arena_new(64 << 20);
	assert_int_equal(letters_left(a, "<iframe src='//h.example/'>", 4096, "Q", "</iframe>"), 4096);
	assert_int_equal(letters_left(a, "<iframe src='//h.example/'>", 4097, "Q", "</iframe>"), 4096);
	assert_int_equal(letters_left(a, "<svg>", 63, "<g>", "Q</svg>"), 1); /* the root is one more */
	assert_int_equal(letters_left(a, "<svg>", 64, "<g>", "Q</svg>"), 0);
	/* an address as a link's text: 80 bytes with the scheme */
	assert_int_equal(letters_left(a, "<iframe src='https://h.example/", 62, "Q", "'></iframe>"), 2 * 62);
	assert_int_equal(letters_left(a, "<iframe src='https://h.example/", 63, "Q", "'></iframe>"), 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_article, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remote, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attacks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attacks_wrapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds_formatting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_to_text, set_up, tear_down),
		cmocka_unit_test(test_words_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
