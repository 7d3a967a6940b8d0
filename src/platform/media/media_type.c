/* SPDX-License-Identifier: Apache-2.0
 *
 * What may be stored, told by its first bytes. Only a file to take along, which is never shown, may be of a kind that
 * its name says: its bytes must not contradict.
 */
#include <string.h>

#include "base/str.h"
#include "platform/media/media.h"
#include "platform/media/media_internal.h"

#define TEXT_ALONE ""
#define OFFICE "application/vnd.openxmlformats-officedocument."
#define OPEN   "application/vnd.oasis.opendocument."
#define ZIP    "PK\x03\x04"
#define OLE    "\xd0\xcf\x11\xe0"

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
	/* By name, if the bytes agree: files that people take along, and that no browser is to show. */
	{ "zip", "zip", "application/zip", false, ZIP },
	{ "docx", "docx", OFFICE "wordprocessingml.document", false, ZIP },
	{ "xlsx", "xlsx", OFFICE "spreadsheetml.sheet", false, ZIP },
	{ "pptx", "pptx", OFFICE "presentationml.presentation", false, ZIP },
	{ "odt", "odt", OPEN "text", false, ZIP },
	{ "ods", "ods", OPEN "spreadsheet", false, ZIP },
	{ "odp", "odp", OPEN "presentation", false, ZIP },
	{ "epub", "epub", "application/epub+zip", false, ZIP },
	{ "doc", "doc", "application/msword", false, OLE },
	{ "xls", "xls", "application/vnd.ms-excel", false, OLE },
	{ "ppt", "ppt", "application/vnd.ms-powerpoint", false, OLE },
	{ "rtf", "rtf", "application/rtf", false, "{\\rtf" },
	{ "gz", "gz", "application/gzip", false, "\x1f\x8b" },
	{ "7z", "7z", "application/x-7z-compressed", false, "7z\xbc\xaf" },
	{ "txt", "txt", "text/plain", false, TEXT_ALONE },
	{ "md", "md", "text/markdown", false, TEXT_ALONE },
	{ "csv", "csv", "text/csv", false, TEXT_ALONE },
	{ "ics", "ics", "text/calendar", false, TEXT_ALONE },
	{ "vcf", "vcf", "text/vcard", false, TEXT_ALONE },
	{ "gpx", "gpx", "application/gpx+xml", false, TEXT_ALONE },
	{ "kml", "kml", "application/vnd.google-earth.kml+xml", false, TEXT_ALONE },
	{ "json", "json", "application/json", false, TEXT_ALONE },
	{ "geojson", "geojson", "application/geo+json", false, TEXT_ALONE },
	{ "xml", "xml", "application/xml", false, TEXT_ALONE },
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
	{ "mp4", 4, 7, "ftypiso" },
	{ "mp4", 4, 7, "ftypmp4" },
	{ "mp4", 4, 7, "ftypavc" },
	{ "mp4", 4, 7, "ftypM4V" },
	{ "mp4", 4, 7, "ftyp3gp" },
	{ "mp4", 4, 7, "ftyp3g2" },
	{ "mp4", 4, 7, "ftypcmf" },
	{ "mp4", 4, 8, "ftypdash" },
	{ "mp4", 4, 8, "ftypmsdh" },
	{ "mp4", 4, 8, "ftypqt  " },
	{ "mp4", 4, 8, "ftypf4v " },
	{ "mp4", 4, 8, "ftypmmp4" },
	{ "mp4", 4, 8, "ftypMSNV" },
	{ "webm", 0, 4, "\x1a\x45\xdf\xa3" },
	{ "mp3", 0, 3, "ID3" },
	/* MPEG 1, 2 and 2.5, layer III, with and without a checksum */
	{ "mp3", 0, 2, "\xff\xfb" },
	{ "mp3", 0, 2, "\xff\xfa" },
	{ "mp3", 0, 2, "\xff\xf3" },
	{ "mp3", 0, 2, "\xff\xf2" },
	{ "mp3", 0, 2, "\xff\xe3" },
	{ "mp3", 0, 2, "\xff\xe2" },
	{ "ogg", 0, 4, "OggS" },
	{ "m4a", 4, 8, "ftypM4A " },
	{ "m4a", 4, 8, "ftypM4B " },
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

const struct media_type *media_sniff_named(const unsigned char *p, size_t n, struct str name)
{
	const struct media_type *by_bytes = media_sniff(p, n);
	ptrdiff_t dot = str_rchr(name, '.');
	struct str ext = dot < 0 ? STR("") : str_skip(name, (size_t)dot + 1);
	for (size_t i = 0; !by_bytes && i < sizeof types / sizeof *types; i++) {
		const struct media_type *t = &types[i];
		if (!t->begins || !str_ieqc(ext, t->ext))
			continue;
		bool fits = t->begins[0] ? str_starts(str_n((const char *)p, n), str_c(t->begins)) : !memchr(p, 0, n);
		return fits ? t : NULL;
	}
	return by_bytes;
}

bool media_is_download(const char *mime)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(types[i].mime, mime))
			return types[i].begins != NULL;
	return false;
}
