/* SPDX-License-Identifier: Apache-2.0
 *
 * What compiled templates call (see docs/howto/template.md). `struct safe_html` is the only type written raw; only the
 * sanitiser (platform/text/sanitize.h), fragments and other templates make one.
 */
#ifndef GH_PLATFORM_HTML_H
#define GH_PLATFORM_HTML_H

#include "base/buf.h"

struct safe_html { struct str s; };
static inline struct safe_html html_from_template(const struct buf *b) { return (struct safe_html){ buf_str(b) }; }

void html_text(struct buf *b, struct str s);  /* & < > */
void html_attr(struct buf *b, struct str s);  /* and quotes */
void html_url(
        struct buf *b, struct str s); /* attribute holding a URL: relative, or of a scheme as below; else "#" */
void html_js(struct buf *b, struct str s);    /* a JSON string literal, quotes included, safe inside <script> */
/* Numbers as text; a double so that reading it back gives the same. */
void html_i64(struct buf *b, int64_t v);
void html_f64(struct buf *b, double v);

/* By type. A struct safe_html (or any other struct) elsewhere than in text does not compile: nothing there takes it
 * raw. */
#define HTML_FORM_(v, fn) \
	struct str: fn##_str, char *: fn##_c, const char *: fn##_c, double: html_put_f64, float: html_put_f64, \
	default: html_put_i64
#define HTML_TEXT(b, v) _Generic((v), struct safe_html: html_put_safe, HTML_FORM_(v, html_text))((b), (v))
#define HTML_JSON(b, v) _Generic((v), struct safe_html: html_put_safe, HTML_FORM_(v, html_js))((b), (v)) /* in <script type="…json"> */
#define HTML_RCDATA(b, v) _Generic((v), HTML_FORM_(v, html_text))((b), (v)) /* <title>, <textarea> */
#define HTML_ATTR(b, v) _Generic((v), HTML_FORM_(v, html_attr))((b), (v))
#define HTML_URL(b, v) _Generic((v), HTML_FORM_(v, html_url))((b), (v))
#define HTML_URL_VALUE(b, v) _Generic((v), HTML_FORM_(v, url_encode))((b), (v)) /* after "?name=" */
#define HTML_JS(b, v) _Generic((v), HTML_FORM_(v, html_js))((b), (v))

/* Percent-encode a path segment or query value (RFC 3986 unreserved kept). */
void url_encode(struct buf *b, struct str s);

static inline void html_put_safe(struct buf *b, struct safe_html h) { buf_putstr(b, h.s); }
static inline void html_put_i64(struct buf *b, int64_t v) { html_i64(b, v); }
static inline void html_put_f64(struct buf *b, double v) { html_f64(b, v); }
#define HTML_FORMS_(fn)                                                                                       \
	static inline void fn##_str(struct buf *b, struct str s) { fn(b, s); }                                \
	static inline void fn##_c(struct buf *b, const char *c) { fn(b, str_c(c ? c : "")); }
HTML_FORMS_(html_text)
HTML_FORMS_(html_attr)
HTML_FORMS_(html_url)
HTML_FORMS_(html_js)
HTML_FORMS_(url_encode)

/* Without the blanks around it; p NULL when a control character is inside. */
struct str html_url_clean(struct str s);
/* The scheme of a cleaned URL, p NULL for a relative one. False: neither (a colon where a browser might see a scheme).
 */
bool html_url_scheme(struct str url, struct str *scheme);
/* May a link have that scheme: http, https, mailto, tel, webcal and others that can not run a script? */
bool html_scheme_is_link(struct str scheme);

/* Content has ids of its own, which stand beside those of the page's templates: one that a template uses gets "c-"
   before it, any other stays, so that links to it from anywhere lead there. In a when it is not id itself. */
bool html_id_is_reserved(struct str id);
struct str html_content_id(struct arena *a, struct str id);

/* The placeholder that a template's {% fragment %} writes and fragment_compose() replaces. The key is random per
   process, so that content can not forge one:
       <!--f:KEY SP service SP type SP params-->      each percent-encoded (url_encode), params maybe empty */
struct str html_fragment_open(void); /* "<!--f:KEY": what to look for; lives as long as the process */
void html_fragment_marker(struct buf *b, const char *service, const char *type, struct str params);

/* A day and a moment as pages and letters show them, in a and in the current language: "21 November 2026", "21 November
   2026, 09:30 UTC+1"; "never" for 0. zone: of who reads it (struct person), IANA; "" or unknown: UTC. (text/local.c) */
struct str html_day(struct arena *a, struct str zone, int64_t us);
struct str html_time(struct arena *a, struct str zone, int64_t us);

#endif
