/* SPDX-License-Identifier: Apache-2.0
 *
 * Between media.c (the store), media_helper.c (its side of the helpers) and media_worker.c (the helper).
 */
#ifndef GH_PLATFORM_MEDIA_INTERNAL_H
#define GH_PLATFORM_MEDIA_INTERNAL_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { MEDIA_PATH_MAX = 512, MEDIA_PIXELS_MAX = 100 * 1000 * 1000, MEDIA_IDLE_HELPERS = 4 };

/* One packet each way. width 0: only look at the picture. Paths are absolute. */
struct media_ask {
	int width;
	char source[MEDIA_PATH_MAX];
	char webp[MEDIA_PATH_MAX], plain[MEDIA_PATH_MAX]; /* files to write: WebP, and PNG with transparency or JPEG */
};
struct media_told {
	enum status status;
	int width, height, pages; /* of the picture as shown, or of the variant */
	bool png;                 /* plain has transparency */
	char message[256];
};

struct helper {
	pid_t pid;
	int fd;
};

struct helpers {
	pthread_mutex_t lock;
	struct helper idle[MEDIA_IDLE_HELPERS];
	unsigned count;
	const char *dir;
};
void helpers_init(struct helpers *h, const char *dir);
void helpers_fini(struct helpers *h);
/* Blocks: on the offload pool only. ST_CORRUPT when the helper died of the picture or took too long. */
enum status helpers_ask(struct helpers *h, const struct media_ask *ask, struct media_told *told, struct err *e) MUST_CHECK;

/* Types by content (media_type.c). */
struct media_type {
	const char *format, *ext, *mime;
	bool picture; /* libvips makes variants of it */
};
const struct media_type *media_sniff(const unsigned char *p, size_t n); /* the first bytes (≥ 4 KiB if there are); or NULL */
const struct media_type *media_type_of_ext(const char *ext, size_t n);
const struct media_type *media_type_of_format(const char *format, size_t n);

#endif
