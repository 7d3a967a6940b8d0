/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored files as visitors get them.
 */
#include "platform/media/media.h"
#include "platform/web/web_app.h"

static enum status get_media(struct web *w, struct err *e)
{
	int fd;
	const char *type;
	TRY(media_open_path(w->ctx->svc->platform->media, web_path(w, "path"), &fd, &type, e));
	/* The name is the hash of the content: it never changes. */
	http_set_header(w->req, "cache-control", STR("public, max-age=31536000, immutable"));
	http_set_header(w->req, "x-content-type-options", STR("nosniff"));
	/* Opened by itself, a picture may not run anything (SVG can carry scripts). */
	http_set_header(w->req, "content-security-policy", STR("default-src 'none'; style-src 'unsafe-inline'; sandbox"));
	http_file(w->req, fd, type);
	return ST_OK;
}

const struct route media_routes[] = {
	{ "GET", "/media/{path:path}", get_media, ROUTE_STREAM, RATE_NONE, 0, 0, "Pictures and files" },
	{ 0 },
};
