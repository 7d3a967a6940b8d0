/* SPDX-License-Identifier: Apache-2.0
 *
 * multipart/form-data (RFC 7578, RFC 2046 5.1.1), parsed as it arrives: text fields into the arena, files straight to
 * disk. Strict: CRLF line ends, one Content-Disposition with a name per part, no nesting, no transfer encodings.
 *
 * multipart_new → multipart_feed for each piece of the body, of any size → multipart_end → the results. After a failure
 * only multipart_free (or the arena's end) is legal. Files are unlinked: their space is given back with the descriptor.
 */
#ifndef GH_NET_MULTIPART_H
#define GH_NET_MULTIPART_H

#include "net/forms/form.h"

/* A file sent by the client. fd is open for reading and writing, positioned at its start, and closed with the arena
   unless upload_take took it. */
struct upload {
	struct str field;
	struct str filename; /* a bare name without path, control characters or leading dots; never empty. Still the
	                        client's word */
	struct str type;     /* Content-Type as sent, "application/octet-stream" when not; the client's word */
	int fd;
	uint64_t size;
	unsigned char digest[32]; /* SHA-256 of what it holds */
};
int upload_take(struct upload *u); /* the caller closes it; u->fd becomes −1 */

struct multipart_limits { /* 0: the default in parentheses */
	unsigned parts;       /* (200) */
	size_t part_header;   /* bytes of one part's header block (8 KiB) */
	size_t field;         /* bytes of one text field (256 KiB) */
	size_t fields;        /* bytes of all text fields (1 MiB) */
	unsigned files;       /* (32) */
	uint64_t file;        /* bytes of one file (64 MiB) */
};

struct multipart;
/* content_type: the request's header. folder: where files are put (a directory on the disk meant for them).
   ST_MEDIA_TYPE: not multipart/form-data with a valid boundary. */
enum status multipart_new(struct arena *a, struct str content_type, const struct multipart_limits *l,
        const char *folder, struct multipart **out, struct err *e) MUST_CHECK;
/* ST_INVALID: ill-formed; ST_TOO_LARGE: past a limit; ST_IO: the disk. */
enum status multipart_feed(struct multipart *m, struct str bytes, struct err *e) MUST_CHECK;
/* The body is over: ST_INVALID when the closing delimiter has not been seen. */
enum status multipart_end(struct multipart *m, struct err *e) MUST_CHECK;

/* Valid after multipart_end, until the arena ends. A file input left empty by the visitor is no upload. */
const struct form *multipart_fields(const struct multipart *m);
struct upload *multipart_uploads(struct multipart *m, unsigned *count);

/* What is left of a client's file name: see struct upload. In the arena. */
struct str multipart_filename(struct arena *a, struct str sent);

#endif
