/* SPDX-License-Identifier: Apache-2.0
 *
 * Cross-site request forgery. A browser says where a request comes from (Sec-Fetch-Site, Origin), and no page can make
 * it say something else: "elsewhere" is refused, this very origin is proof. So a form works on a page that is kept for
 * everybody. Whoever says neither needs the token that forms carry, bound to a random cookie of the visitor (signed
 * double submit): base64url of salt(8) expiry(4) HMAC-SHA-256(secret, purpose cookie salt expiry)(20). The salt differs
 * each time, so that compression of a page tells nothing about the token (BREACH). A body of JSON is proof too: no form
 * has one, and scripts of other sites are asked for permission first, which nobody gives.
 */
#include <openssl/hmac.h>
#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/web/web_int.h"

#define COOKIE_NAME "gh_form"
#define COOKIE_BYTES 18
#define COOKIE_LEN 24
#define SALT 8
#define MAC 20
#define RAW (SALT + 4 + MAC)
#define TOKEN_LIFE_S (24 * 3600)
#define SIGNED_MAX   128 /* bytes of the cookie that count; ours are shorter */

static void token_sign(const struct web *w, struct str cookie, const unsigned char *head, unsigned char out[MAC])
{
	struct str secret = web_app_of(w)->platform->secret;
	unsigned char msg[4 + SIGNED_MAX + SALT + 4] = "form", mac[EVP_MAX_MD_SIZE];
	size_t n = cookie.n < SIGNED_MAX ? cookie.n : SIGNED_MAX;
	unsigned mac_len = 0;
	memcpy(msg + 4, cookie.p, n);
	memcpy(msg + 4 + n, head, SALT + 4);
	HMAC(EVP_sha256(), secret.p, (int)secret.n, msg, 4 + n + SALT + 4, mac, &mac_len);
	memcpy(out, mac, MAC);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
_Static_assert(RAW % 4 == 0, "");
#define TOKEN_LEN ((RAW * 8 + 5) / 6)

static void encode(const unsigned char *raw, char out[TOKEN_LEN])
{
	unsigned bits = 0, acc = 0, n = 0;
	for (unsigned i = 0; i < RAW; i++) {
		acc = acc << 8 | raw[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = alphabet[acc >> (bits - 6) & 63];
	}
	if (bits)
		out[n++] = alphabet[acc << (6 - bits) & 63];
}

static bool token_decode(struct str s, unsigned char raw[RAW])
{
	unsigned bits = 0, acc = 0, n = 0;
	if (s.n != TOKEN_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;
		if (!at)
			return false;
		acc = acc << 6 | (unsigned)(at - alphabet);
		bits += 6;
		if (bits >= 8 && n < RAW) {
			raw[n++] = (unsigned char)(acc >> (bits - 8));
			bits -= 8;
		}
	}
	return n == RAW;
}

struct str web_csrf(struct web *w)
{
	if (w->csrf.p)
		return w->csrf;
	web_no_cache(w);
	struct str cookie = web_cookie(w, COOKIE_NAME);
	if (!cookie.p || cookie.n != COOKIE_LEN) {
		unsigned char fresh[COOKIE_BYTES];
		char *text = arena_alloc(w->ctx->arena, 32);
		random_token(text, sizeof fresh);
		cookie = str_c(text);
		web_set_cookie(w,
		        &(struct cookie){ .name = COOKIE_NAME,
		                .value = cookie,
		                .path = "/",
		                .max_age_s = -1,
		                .http_only = true,
		                .lax = true });
	}
	unsigned char raw[RAW];
	uint32_t expires = (uint32_t)(clock_now_us() / US_PER_S + TOKEN_LIFE_S);
	random_bytes(raw, SALT);
	memcpy(raw + SALT, &expires, 4);
	token_sign(w, cookie, raw, raw + SALT + 4);
	char *out = arena_alloc(w->ctx->arena, TOKEN_LEN + 1);
	encode(raw, out);
	out[TOKEN_LEN] = 0;
	w->csrf = str_n(out, TOKEN_LEN);
	return w->csrf;
}

static bool token_holds(const struct web *w, struct str token)
{
	unsigned char raw[RAW], mac[MAC];
	uint32_t expires;
	struct str cookie = web_cookie(w, COOKIE_NAME);
	if (!cookie.p || cookie.n != COOKIE_LEN || !token.p || !token_decode(token, raw))
		return false;
	memcpy(&expires, raw + SALT, 4);
	token_sign(w, cookie, raw, mac);
	return CRYPTO_memcmp(mac, raw + SALT + 4, MAC) == 0 && (int64_t)expires * US_PER_S >= clock_now_us();
}

/* Did the browser itself say that another site made it send this? */
static bool from_elsewhere(const struct web *w)
{
	struct str site = http_header(w->req, "sec-fetch-site");
	if (site.p && (str_eqc(site, "cross-site") || str_eqc(site, "none")))
		return str_eqc(site, "cross-site");
	struct str origin = http_header(w->req, "origin");
	if (!origin.p)
		return false;
	ptrdiff_t at = str_find(origin, STR("://"));
	struct str host = at < 0 ? origin : str_skip(origin, (size_t)at + 3);
	if (str_ieq(host, w->req->host))
		return false;
	const struct platform *p = web_app_of(w)->platform;
	for (unsigned i = 0; i < p->service_count; i++) {
		const struct service_instance *s = &p->services[i];
		if (str_eq(origin, str_first(s->base_url, s->base_url.n - s->base_path.n)))
			return false;
	}
	return true;
}

/* Did it say that a page of this very origin made it send this? */
static bool from_here(const struct web *w)
{
	struct str site = http_header(w->req, "sec-fetch-site"), origin = http_header(w->req, "origin");
	if (site.p)
		return str_eqc(site, "same-origin");
	struct str scheme = w->req->secure ? STR("https://") : STR("http://");
	return origin.p && str_starts(origin, scheme) && str_ieq(str_skip(origin, scheme.n), w->req->host);
}

enum status csrf_check(struct web *w, struct err *e)
{
	enum http_method m = w->req->method;
	if (m == HTTP_GET || m == HTTP_HEAD || m == HTTP_OPTIONS)
		return ST_OK;
	if (from_elsewhere(w))
		return err_set(e, ST_CSRF, "This form was sent from another site.");
	if (from_here(w) || web_has_json(w))
		return web_has_json(w) ? ST_OK : web_form_load(w, e);
	struct str token = http_header(w->req, "x-csrf-token");
	if (!token.p) {
		TRY(web_form_load(w, e));
		token = web_form(w, "csrf");
	}
	if (!token_holds(w, token))
		return err_set(e, ST_CSRF,
		        "The form was open for a long time, or cookies are switched off. Nothing was lost: please send "
		        "it again.");
	return ST_OK;
}

struct str csrf_sent(struct web *w)
{
	struct buf b;
	if (w->req->method != HTTP_POST || !w->form_parsed || !token_holds(w, web_form(w, "csrf")))
		return STR_NULL;
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "%.*s %.*s %lld", STR_ARG(w->req->host), STR_ARG(w->req->target),
	        w->person ? (long long)w->person->id : 0);
	for (unsigned i = 0; i < w->form_.count; i++) {
		struct str name = w->form_.list[i].name, value = w->form_.list[i].value;
		buf_printf(&b, " %zu:%.*s %zu:", name.n, STR_ARG(name), value.n);
		buf_put(&b, value.p, value.n);
	}
	unsigned files = 0;
	const struct upload *list = w->multipart ? multipart_uploads(w->multipart, &files) : NULL;
	for (unsigned i = 0; i < files; i++) {
		buf_printf(&b, " %zu:%.*s %zu:%.*s ", list[i].field.n, STR_ARG(list[i].field), list[i].filename.n,
		        STR_ARG(list[i].filename));
		buf_put(&b, list[i].digest, sizeof list[i].digest);
	}
	return buf_str(&b);
}
