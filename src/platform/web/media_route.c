/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored files as visitors get them.
 */
#include "platform/media/media.h"
#include "platform/text/json.h"
#include "platform/web/web_app.h"
#include "platform/work/job.h"

static enum status get_media(struct web *w, struct err *e)
{
	int fd;
	const char *type;
	TRY(media_open_or_make(w->ctx, w->ctx->svc->platform->media, web_path(w, "path"), &fd, &type, e));
	/* The name is the hash of the content: it never changes. */
	http_set_header(w->req, "cache-control", STR("public, max-age=31536000, immutable"));
	http_set_header(w->req, "x-content-type-options", STR("nosniff"));
	/* Opened by itself, a picture may not run anything (SVG can carry scripts). */
	http_set_header(
	        w->req, "content-security-policy", STR("default-src 'none'; style-src 'unsafe-inline'; sandbox"));
	if (media_is_download(type))
		http_set_header(w->req, "content-disposition", STR("attachment"));
	http_file(w->req, fd, type);
	return ST_OK;
}

enum status media_finish_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	SCOPED_JSON *payload = json_parse(j->payload, 2, e);
	struct media *m = ctx->svc->platform->media;
	if (!payload || !m)
		return payload ? ST_OK : ST_CORRUPT;
	enum status st = media_finish(ctx, m, json_str(payload, "sha"), e);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

const struct route media_routes[] = {
	{ "GET", "/media/{path:path}", get_media, .flags = ROUTE_STREAM, .rate = RATE_NONE,
	        .help = "Pictures and files" },
	{ 0 },
};
