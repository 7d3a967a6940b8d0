/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-up and delivery of embedded files. Constant data: any thread.
 */
#include "platform/web/assets.h"

#include "base/log.h"
#include "platform/web/web.h"

const struct asset *asset_by_name(struct str name)
{
	size_t lo = 0, hi = assets_count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(name, assets_all[mid].name);
		if (!c)
			return &assets_all[mid];
		*(c < 0 ? &hi : &lo) = c < 0 ? mid : mid + 1;
	}
	return NULL;
}

const struct asset *asset_by_url(struct str path)
{
	size_t lo = 0, hi = assets_count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct asset *a = &assets_all[assets_by_url[mid]];
		int c = str_cmp(path, a->url);
		if (!c)
			return a;
		*(c < 0 ? &hi : &lo) = c < 0 ? mid : mid + 1;
	}
	return NULL;
}

const char *asset_url(const char *name)
{
	const struct asset *a = asset_by_name(str_c(name));
	if (!a) {
		LOG(ERROR, NULL, "asset.unknown", LS("name", name));
		return "/assets/missing";
	}
	return a->url.p;
}

bool asset_serve(struct http_req *r)
{
	if (!str_starts(r->path, STR("/assets/")) || (r->method != HTTP_GET && r->method != HTTP_HEAD))
		return false;
	const struct asset *a = asset_by_url(r->path);
	if (!a)
		return false;
	unsigned have = (a->body[HTTP_GZIP].p ? 1u << HTTP_GZIP : 0) | (a->body[HTTP_BR].p ? 1u << HTTP_BR : 0);
	http_add_header(r, "cache-control", STR("public, max-age=31536000, immutable"));
	http_add_header(r, "x-content-type-options", STR("nosniff"));
	/* Fonts and module scripts are fetched in CORS mode by pages of the other services' hosts. */
	http_add_header(r, "access-control-allow-origin", STR("*"));
	http_add_header(r, "cross-origin-resource-policy", STR("cross-origin"));
	if (have)
		http_add_header(r, "vary", STR("accept-encoding"));
	http_add_header(r, "etag", str_c(a->etag));
	if (http_conditional(r, str_c(a->etag), 0))
		return true;
	enum http_coding coding = have ? http_accepts_coding(r, have) : HTTP_IDENTITY;
	if (coding != HTTP_IDENTITY)
		http_add_header(r, "content-encoding", coding == HTTP_BR ? STR("br") : STR("gzip"));
	http_add_header(r, "content-type", str_c(a->type));
	http_send(r, a->body[coding]);
	return true;
}
