/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be stored, told by its first bytes and never by its name.
 */
#include <string.h>

#include "base/str.h"
#include "platform/media/media_internal.h"

static const struct media_type types[] = {
	{ "jpeg", "jpg", "image/jpeg", true },
	{ "png", "png", "image/png", true },
	{ "webp", "webp", "image/webp", true },
	{ "gif", "gif", "image/gif", true },
	{ "svg", "svg", "image/svg+xml", false },
	{ "pdf", "pdf", "application/pdf", false },
	{ "mp4", "mp4", "video/mp4", false },
	{ "webm", "webm", "video/webm", false },
	{ "mp3", "mp3", "audio/mpeg", false },
	{ "ogg", "ogg", "audio/ogg", false },
	{ "wav", "wav", "audio/wav", false },
	{ "m4a", "m4a", "audio/mp4", false },
	{ "flac", "flac", "audio/flac", false },
};

#define RIFF_NAME 8 /* of what is in a RIFF file, behind its own name and length */

static const struct magic {
	const char *format;
	unsigned at, n;
	const char *bytes;
} magics[] = {
	{ "jpeg", 0, 3, "\xff\xd8\xff" },
	{ "png", 0, 8, "\x89PNG\r\n\x1a\n" },
	{ "webp", RIFF_NAME, 4, "WEBP" },
	{ "wav", RIFF_NAME, 4, "WAVE" },
	{ "gif", 0, 6, "GIF87a" },
	{ "gif", 0, 6, "GIF89a" },
	{ "pdf", 0, 5, "%PDF-" },
	{ "mp4", 4, 8, "ftypisom" },
	{ "mp4", 4, 8, "ftypmp42" },
	{ "mp4", 4, 8, "ftypmp41" },
	{ "mp4", 4, 8, "ftypiso5" },
	{ "mp4", 4, 8, "ftypiso6" },
	{ "mp4", 4, 8, "ftypavc1" },
	{ "mp4", 4, 8, "ftypM4V " },
	{ "webm", 0, 4, "\x1a\x45\xdf\xa3" },
	{ "mp3", 0, 3, "ID3" },
	{ "mp3", 0, 2, "\xff\xfb" },
	{ "ogg", 0, 4, "OggS" },
	{ "m4a", 4, 8, "ftypM4A " },
	{ "flac", 0, 4, "fLaC" },
};

const struct media_type *media_type_of_format(const char *format, size_t n)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eqc(str_n(format, n), types[i].format))
			return &types[i];
	return NULL;
}

const struct media_type *media_type_of_ext(const char *ext, size_t n)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eqc(str_n(ext, n), types[i].ext))
			return &types[i];
	return NULL;
}

/* After a byte order mark, an XML declaration and comments, the first element is svg. A document type is refused: it
   can declare entities. */
static bool is_svg(struct str s)
{
	if (str_starts(s, STR("\xef\xbb\xbf")))
		s = str_skip(s, 3);
	for (;;) {
		s = str_trim(s);
		bool comment = str_starts(s, STR("<!--"));
		if (!comment && !str_starts(s, STR("<?xml")))
			break;
		ptrdiff_t end = str_find(s, comment ? STR("-->") : STR("?>"));
		if (end < 0)
			return false;
		s = str_skip(s, (size_t)end + (comment ? 3 : 2));
	}
	return str_starts(s, STR("<svg")) && s.n > 4 && strchr(" \t\r\n>", s.p[4]);
}

const struct media_type *media_sniff(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		const struct magic *m = &magics[i];
		if (n >= m->at + m->n && !memcmp(p + m->at, m->bytes, m->n) &&
		        (m->at != RIFF_NAME || !memcmp(p, "RIFF", 4)))
			return media_type_of_format(m->format, strlen(m->format));
	}
	return is_svg(str_n((const char *)p, n)) ? media_type_of_format("svg", 3) : NULL;
}
