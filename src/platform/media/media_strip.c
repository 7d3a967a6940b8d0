/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are served as they came, without what their maker's camera or program wrote into them: GIF and WebP
 * animations, MP4 films. Pixels and sound are copied as they are. In the helper process: the files are strangers'.
 *
 * GIF89a: comment, plain text and application extensions go, but for the loop count. WebP (RFC 9649): EXIF, XMP and
 * ICCP chunks go. MP4 (ISO 14496-12): udta and meta of the film and its tracks, and uuid boxes, become free space where
 * they stand, so that no offset changes.
 */
#include "platform/media/media_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes { unsigned char *p; size_t n; };

static unsigned u16(const unsigned char *p) { return p[0] | (unsigned)p[1] << 8; }
static uint32_t u32le(const unsigned char *p) { return u16(p) | (uint32_t)u16(p + 2) << 16; }
static uint32_t u32be(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static uint64_t u64be(const unsigned char *p) { return (uint64_t)u32be(p) << 32 | u32be(p + 4); }

static void put_u32le(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

/* --- GIF ---------------------------------------------------------------------------------------------------------- */

/* The end of a chain of sub-blocks that begins at `at`; 0: cut off. */
static size_t blocks_end(struct bytes in, size_t at)
{
	while (at < in.n && in.p[at])
		at += in.p[at] + 1u;
	return at < in.n ? at + 1 : 0;
}

static size_t colours(unsigned char flags)
{
	return flags & 0x80 ? 3u << ((flags & 7) + 1) : 0;
}

static bool keeps_extension(struct bytes in, size_t at)
{
	unsigned char label = in.p[at + 1];
	if (label == 0xf9) /* how long a frame is shown */
		return true;
	return label == 0xff && in.n - at > 14 && in.p[at + 2] == 11 &&
	        (!memcmp(in.p + at + 3, "NETSCAPE2.0", 11) || !memcmp(in.p + at + 3, "ANIMEXTS1.0", 11));
}

/* The end of the block at `at`; 0: it is cut off. *keep: it goes into the copy. */
static size_t gif_block(struct bytes in, size_t at, bool *keep)
{
	*keep = true;
	switch (in.p[at]) {
	case 0x3b:
		return in.n; /* the end; whatever a program put behind it goes */
	case 0x2c:
		if (in.n - at < 11)
			return 0;
		return blocks_end(in, at + 10 + colours(in.p[at + 9]) + 1);
	case 0x21:
		if (in.n - at < 3)
			return 0;
		*keep = keeps_extension(in, at);
		return blocks_end(in, at + 2);
	default:
		return 0;
	}
}

static bool strip_gif(struct bytes in, struct bytes *out)
{
	if (in.n < 14)
		return false;
	size_t at = 13 + colours(in.p[10]), end;
	if (at >= in.n)
		return false;
	memcpy(out->p, in.p, at);
	out->n = at;
	for (bool keep; at < in.n; at = end) {
		bool over = in.p[at] == 0x3b;
		end = gif_block(in, at, &keep);
		if (!end || end > in.n)
			return false;
		size_t n = over ? 1 : end - at;
		if (keep)
			memcpy(out->p + out->n, in.p + at, n);
		out->n += keep ? n : 0;
	}
	return true;
}

/* --- WebP --------------------------------------------------------------------------------------------------------- */

enum { VP8X_ICC = 0x20, VP8X_EXIF = 0x08, VP8X_XMP = 0x04 };

static bool keeps_chunk(const unsigned char *name)
{
	static const char kept[][5] = { "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF" };
	for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++)
		if (!memcmp(name, kept[i], 4))
			return true;
	return false;
}

static bool strip_webp(struct bytes in, struct bytes *out)
{
	if (in.n < 20)
		return false;
	memcpy(out->p, in.p, 12);
	out->n = 12;
	for (size_t at = 12; at < in.n;) {
		size_t n = in.n - at < 8 ? 0 : 8 + (size_t)u32le(in.p + at + 4);
		n += n & 1;
		if (!n || n > in.n - at)
			return in.n - at < 8 && out->n > 12; /* a byte of padding too few is common */
		if (keeps_chunk(in.p + at)) {
			memcpy(out->p + out->n, in.p + at, n);
			if (!memcmp(in.p + at, "VP8X", 4) && n > 8)
				out->p[out->n + 8] &= (unsigned char)~(VP8X_ICC | VP8X_EXIF | VP8X_XMP);
			out->n += n;
		}
		at += n;
	}
	put_u32le(out->p + 4, (uint32_t)(out->n - 8));
	return true;
}

/* --- MP4 ---------------------------------------------------------------------------------------------------------- */

static bool is_box(const unsigned char *box, const char *name)
{
	return !memcmp(box + 4, name, 4);
}

/* A box with its header; 0: no whole one. *head: bytes before its content. */
static uint64_t box_size(struct bytes in, size_t at, size_t *head)
{
	if (in.n - at < 8)
		return 0;
	uint64_t size = u32be(in.p + at);
	*head = 8;
	if (size == 1 && in.n - at >= 16) {
		size = u64be(in.p + at + 8);
		*head = 16;
	} else if (size == 0) {
		size = in.n - at; /* to the end */
	}
	return size >= *head && size <= in.n - at ? size : 0;
}

static void strip_boxes(struct bytes in, unsigned depth)
{
	size_t head;
	for (size_t at = 0; at < in.n;) {
		uint64_t size = box_size(in, at, &head);
		if (!size)
			return;
		unsigned char *box = in.p + at;
		if (is_box(box, "udta") || is_box(box, "meta") || is_box(box, "uuid")) {
			memcpy(box + 4, "free", 4);
			memset(box + head, 0, size - head);
		} else if (depth < 2 && (is_box(box, "moov") || is_box(box, "trak"))) {
			strip_boxes((struct bytes){ box + head, size - head }, depth + 1);
		}
		at += size;
	}
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static bool map(const char *path, int flags, int prot, struct bytes *out)
{
	struct stat st;
	int fd = open(path, flags | O_CLOEXEC);
	void *p = fd < 0 || fstat(fd, &st) || !st.st_size ? MAP_FAILED
	                                                  : mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		return false;
	*out = (struct bytes){ p, (size_t)st.st_size };
	return true;
}

static bool write_file(const char *path, struct bytes b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0;
	for (size_t at = 0; ok && at < b.n;) {
		ssize_t n = write(fd, b.p + at, b.n - at);
		ok = n > 0;
		at += ok ? (size_t)n : 0;
	}
	return fd >= 0 && !close(fd) && ok;
}

enum status media_strip_webp(unsigned char *p, size_t n, const char *to)
{
	struct bytes in = { p, n }, out = { malloc(n), 0 };
	bool good = out.p && strip_webp(in, &out);
	enum status st = !out.p ? ST_NOMEM : !good ? ST_CORRUPT : write_file(to, out) ? ST_OK : ST_IO;
	free(out.p);
	return st;
}

enum status media_strip(const char *source, const char *to, const char *format)
{
	bool gif = !strcmp(format, "gif"), film = !strcmp(format, "mp4") || !strcmp(format, "m4a");
	struct bytes in, out;
	if (!map(source, film ? O_RDWR : O_RDONLY, film ? PROT_READ | PROT_WRITE : PROT_READ, &in))
		return ST_IO;
	if (film) {
		strip_boxes(in, 0);
		return munmap(in.p, in.n) ? ST_IO : ST_OK;
	}
	out = (struct bytes){ malloc(in.n), 0 };
	bool good = out.p && (gif ? strip_gif(in, &out) : strip_webp(in, &out));
	enum status st = !out.p ? ST_NOMEM : !good ? ST_CORRUPT : write_file(to, out) ? ST_OK : ST_IO;
	free(out.p);
	munmap(in.p, in.n);
	return st;
}
