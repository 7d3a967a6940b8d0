/* SPDX-License-Identifier: Apache-2.0
 *
 * Media storage: files addressed by the SHA-256 of their content, in a folder (two levels), with variants (resized,
 * as WebP and as JPEG or PNG) made by libvips at import or upload, several at once. What is served carries no metadata
 * (EXIF, XMP, IPTC, comments, profiles): variants are sRGB, animations are copied without, films have theirs emptied;
 * the original picture is kept beside them and not served. Pictures of more than 100 megapixels, or of many more scans
 * than are usual, are refused before they are unpacked. SVG, PDF and other audio are kept and served as they came.
 *
 * libvips runs in helper processes, not in this one: what is wrong with a picture ends the helper only, which can read
 * and write nothing but the folder; and 20 MB of libraries stay out of the server. The helper is the same program,
 * started as `PROGRAM media-worker DIR`: main() of whoever stores media hands over to media_worker() then.
 */
#ifndef GH_PLATFORM_MEDIA_H
#define GH_PLATFORM_MEDIA_H

#include "base/ctx.h"
#include "base/err.h"

#define MEDIA_WORKER "media-worker"
int media_worker(const char *dir); /* the helper's whole life; returns its exit code */

struct media;
/* Makes the folder when it is missing. Callable outside a fiber. */
struct media *media_open(const char *dir, struct err *e);
void media_close(struct media *m); /* no put is under way */

/* path: below /media/. format: "webp", "jpeg", "png", "gif", "svg"; for other files "pdf", "mp4", …; sizes are 0 when
 * unknown. */
struct media_variant { int width, height; const char *format; struct str path; uint64_t bytes; };
struct media_item {
	char sha256[65];
	const char *type;          /* "image/jpeg" */
	int width, height;         /* images */
	uint64_t bytes;
	struct media_variant *variants;
	unsigned variant_count;
};
/* Store a file (pictures 64 MiB, others 256 MiB at most). Pictures get variants 320, 640, 960, 1280 and 1920 px wide,
   never enlarged, and one of their own width below 1920. Idempotent. The item is in ctx->arena. ST_MEDIA_TYPE for what
   is not an allowed type by content, ST_TOO_LARGE, ST_CORRUPT for a broken picture, ST_IO, ST_UNAVAILABLE. fd: read
   from where it stands, and left to the caller; name: what it is called there ("prices.csv", or ""), which tells kinds
   of downloads that have no bytes of their own. MEDIA_LATER: a picture's variants are named and not made yet, their
   bytes 0: what many pictures need not wait for. Each is made when it is first asked for (media_open_or_make), and all
   by media_finish, which whoever puts it so sees to (job media.finish). */
enum media_when { MEDIA_NOW, MEDIA_LATER };
enum status media_put_file(struct ctx *ctx, struct media *m, int fd, struct str name, enum media_when when,
                           struct media_item *out, struct err *e) MUST_CHECK;
/* Would media_put_file take the file? Reads its beginning and writes nothing. ST_MEDIA_TYPE, ST_IO. */
enum status media_would_take(int fd, struct str name, struct err *e) MUST_CHECK;
/* Is what has this media type to be saved, not shown? */
bool media_is_download(const char *mime);
/* A regular file in a folder that somebody handed us; below: its path from there. No symbolic link on the way is
   followed, and nothing outside of dir is opened. ST_NOT_FOUND, ST_FORBIDDEN for links, ST_IO. *fd is the caller's, -1
   otherwise. */
enum status media_open_beneath(const char *dir, const char *below, int *fd, struct err *e) MUST_CHECK;
/* Makes the variants of a picture that was put for later, and says so on disk. ST_OK also when there is nothing to do.
 */
enum status media_finish(struct ctx *ctx, struct media *m, struct str sha256, struct err *e) MUST_CHECK;
/* whose: the person who brings it, of whom one file at a time is worked on (ST_RATE_LIMITED when too many wait); 0: the
   site itself. A caller that is cancelled, or whose time is over, has the work end: ST_CANCELLED or ST_TIMEOUT, and
   nothing is kept. */
enum status media_put(struct ctx *ctx, struct media *m, int64_t whose, struct str bytes, struct media_item *out,
        struct err *e) MUST_CHECK;
/* The picture as it was put, all its metadata in it: for its owner alone. ST_NOT_FOUND also for files that are no
   pictures: they are served as they came. */
enum status media_open_original(struct media *m, struct str sha256, int *fd, struct err *e) MUST_CHECK;
/* Open a stored file by its URL path below /media/ ("ab/cd/<sha>-640.webp"); *type its media type. Names are checked.
 */
enum status media_open_path(struct media *m, struct str path, int *fd, const char **type, struct err *e) MUST_CHECK;
/* The same, making it first if it is a variant that was put for later: a fiber waits. ST_UNAVAILABLE when many wait for
 * one. */
enum status media_open_or_make(
        struct ctx *ctx, struct media *m, struct str path, int *fd, const char **type, struct err *e) MUST_CHECK;

#endif
