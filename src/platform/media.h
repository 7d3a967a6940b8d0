/* SPDX-License-Identifier: Apache-2.0
 *
 * Media storage: files addressed by the SHA-256 of their content, in a folder (two levels), with variants (resized,
 * other formats) made by libvips on the offload pool at import or upload. Metadata is stripped. Served at /media/….
 */
#ifndef GH_PLATFORM_MEDIA_H
#define GH_PLATFORM_MEDIA_H

#include "base/ctx.h"
#include "base/err.h"

struct media;
struct media *media_open(const char *dir, struct err *e);
void media_close(struct media *m);

struct media_variant { int width, height; const char *format; /* "webp" "jpeg" "avif" */ struct str path; uint64_t bytes; };
struct media_item {
	char sha256[65];
	const char *type;          /* "image/jpeg" */
	int width, height;         /* images */
	uint64_t bytes;
	struct media_variant *variants;
	unsigned variant_count;
};
/* Store a file's bytes (≤ max). Images get variants at 320, 640, 960, 1280, 1920 px (never enlarged). Idempotent.
   ST_MEDIA_TYPE for what is not an allowed type by content, ST_TOO_LARGE, ST_CORRUPT for a broken image. */
enum status media_put_file(struct ctx *ctx, struct media *m, const char *path, struct media_item *out, struct err *e) MUST_CHECK;
enum status media_put(struct ctx *ctx, struct media *m, struct str bytes, struct media_item *out, struct err *e) MUST_CHECK;
/* Open a stored file by its URL path below /media/ ("ab/cd/<sha>-640.webp"); *type its media type. Names are checked. */
enum status media_open_path(struct media *m, struct str path, int *fd, const char **type, struct err *e) MUST_CHECK;

#endif
