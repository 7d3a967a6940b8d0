/* SPDX-License-Identifier: Apache-2.0
 *
 * Static files of web/, embedded by tools/gen_assets.py and served at /assets/…: the name carries a hash of the
 * content, so the answer is immutable for a year and needs no fiber. asset_url() is in platform/web/web.h.
 */
#ifndef GH_PLATFORM_ASSETS_H
#define GH_PLATFORM_ASSETS_H

#include "net/conn/http.h"

struct asset {
	struct str name;    /* "site.css": whatever folder of web/ it is in */
	struct str url;     /* "/assets/site.3f2a….css" */
	const char *type;
	const char *etag;   /* quoted */
	struct str body[3]; /* by enum http_coding; p NULL: not worth it */
};
extern const struct asset assets_all[]; /* sorted by name */
extern const size_t assets_count;
extern const unsigned short assets_by_url[];

const struct asset *asset_by_name(struct str name); /* NULL: none */
/* By the path of its fingerprinted address. NULL: none. */
const struct asset *asset_by_url(struct str path);
/* Answers when the path is an asset's (GET and HEAD). Never waits. */
bool asset_serve(struct http_req *r);

#endif
