/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/url.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "platform/text/html.h"

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f || strchr("\"<>\\^`{|}#", s.p[i]))
			return false;
	return s.n > 0 && s.n <= URL_MAX;
}

static struct str lowered(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
	return str_n(p, s.n);
}

static void url_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_freep(char **text)
{
	curl_free(*text);
}

static struct str part_of(struct arena *a, CURLU *u, CURLUPart which)
{
	__attribute__((cleanup(curl_freep))) char *text = NULL;
	return curl_url_get(u, which, &text, 0) == CURLUE_OK ? arena_str(a, str_c(text)) : STR_NULL;
}

/* "https://host:port/path": behind "://" up to the path is what decides where it leads. */
static bool parse_authority(struct arena *a, struct str text, struct url *out)
{
	__attribute__((cleanup(url_freep))) CURLU *u = curl_url();
	struct str authority = str_skip(text, out->scheme.n + 3);
	int64_t port = 0;
	size_t n = 0;
	while (n < authority.n && authority.p[n] != '/' && authority.p[n] != '?')
		n++;
	out->rest = str_skip(authority, n);
	authority = str_first(authority, n);
	if (!u || !authority.n || str_chr(authority, '@') >= 0 || str_chr(authority, '%') >= 0 ||
	    curl_url_set(u, CURLUPART_URL, arena_cstr(a, text), CURLU_DISALLOW_USER) != CURLUE_OK)
		return false;
	struct str host = part_of(a, u, CURLUPART_HOST), number = part_of(a, u, CURLUPART_PORT);
	if (!host.n || (number.n && (!str_i64(number, &port) || port < 1 || port > 65535)))
		return false;
	out->host = lowered(a, host);
	out->port = (int)port;
	return true;
}

bool url_parse(struct arena *a, struct str text, struct url *out)
{
	struct str scheme;
	*out = (struct url){ .host = STR(""), .rest = STR("") };
	if (!is_plain(text) || !html_url_scheme(text, &scheme) || scheme.n < 2)
		return false;
	out->scheme = lowered(a, scheme);
	struct str behind = str_skip(text, scheme.n + 1);
	if (str_eqc(out->scheme, "http") || str_eqc(out->scheme, "https"))
		return str_starts(behind, STR("//")) && parse_authority(a, text, out);
	out->rest = behind;
	return behind.n > 0;
}

bool url_is_loopback(const struct url *u)
{
	return str_eqc(u->host, "127.0.0.1") || str_eqc(u->host, "[::1]") || str_eqc(u->host, "localhost");
}

bool url_is_public(struct str text)
{
	struct str scheme, clean = html_url_clean(text);
	if (!clean.n || !html_url_scheme(clean, &scheme) || str_chr(clean, '\\') >= 0)
		return false;
	if (!scheme.p)
		return clean.p[0] == '/' && !(clean.n > 1 && clean.p[1] == '/');
	struct str behind = str_skip(clean, scheme.n + 1);
	return (str_ieqc(scheme, "http") || str_ieqc(scheme, "https")) && behind.n > 2 &&
	       str_starts(behind, STR("//")) && behind.p[2] != '/';
}

/* --- e-mail addresses --------------------------------------------------------------------------------------------- */

/* RFC 5321 4.5.3.1.1, RFC 1035 2.3.4. */
#define LOCAL_PART_MAX 64
#define LABEL_MAX      63

bool email_looks_right(struct str s)
{
	ptrdiff_t at = str_rchr(s, '@');
	if (str_utf8_turns(s) || at < 1 || at > LOCAL_PART_MAX || (size_t)at + 1 >= s.n || str_chr(s, '@') != at)
		return false;
	struct str domain = str_skip(s, (size_t)at + 1), label;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("<>()[],;:\\\"", s.p[i]))
			return false;
	while (str_next(&domain, '.', &label))
		if (!label.n || label.n > LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
	return true;
}
