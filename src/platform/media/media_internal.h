/* SPDX-License-Identifier: Apache-2.0
 *
 * Between media.c (the store), media_helper.c (its side of the helpers) and media_worker.c (the helper).
 */
#ifndef GH_PLATFORM_MEDIA_INTERNAL_H
#define GH_PLATFORM_MEDIA_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum { MEDIA_PATH_MAX = 512, MEDIA_PIXELS_MAX = 100 * 1000 * 1000, MEDIA_IDLE_HELPERS = 4 };
/* What unpacking may cost: pixels, times the scans of a progressive JPEG, each of which touches all of them (ten are
 * usual). */
#define MEDIA_COST_MAX (10 * INT64_C(100000000))

enum media_task {
	MEDIA_LOOK,    /* at the header: size, pages, what unpacking would cost */
	MEDIA_VARIANT, /* of that width */
	MEDIA_STRIP,   /* a copy without metadata in `plain`; films: in place. See media_strip.c */
};
/* One packet each way. Paths are absolute. */
struct media_ask {
	enum media_task task;
	int width;
	char format[8]; /* MEDIA_STRIP: of what is stripped */
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
	bool patient; /* it unpacks, and gives way as its lane does; the others only look */
	int policy;   /* its own: sched(7) */
};

struct helpers {
	pthread_mutex_t lock;
	struct helper idle[MEDIA_IDLE_HELPERS];
	unsigned count;
	const char *dir;
};
void helpers_init(struct helpers *h, const char *dir);
void helpers_fini(struct helpers *h);
/* Blocks: on the offload pool only. ST_CORRUPT when the helper died of the picture or took too long. gone: set when
   nobody waits for it any more (NULL: somebody does); the helper is ended then, ST_CANCELLED. */
enum status helpers_ask(struct helpers *h, const struct media_ask *ask, const _Atomic bool *gone,
        struct media_told *told, struct err *e) MUST_CHECK;

/* In the helper. format: "gif", "webp" (source without metadata as `to`), "mp4", "m4a" (in place). ST_CORRUPT, ST_IO,
 * ST_NOMEM. */
enum status media_strip(const char *source, const char *to, const char *format) MUST_CHECK;
/* A WebP in memory, written as `to` without metadata. */
enum status media_strip_webp(unsigned char *p, size_t n, const char *to) MUST_CHECK;

/* In the helper, before it looks at anything: see media_confine.c. dir: the only folder whose files can be opened from
   then on. False: the kernel has no seccomp. */
bool media_confine(const char *dir) MUST_CHECK;

/* Types by content (media_type.c). */
struct media_type {
	const char *format, *ext, *mime;
	bool picture; /* libvips makes variants of it */
	/* Told by its name and these bytes ("": and no NUL): a file to take along. NULL: told by its bytes alone. */
	const char *begins;
};
/* As media_sniff, or by the end of name ("a.csv"; "" when there is none) for what is not told by bytes alone. */
const struct media_type *media_sniff_named(const unsigned char *p, size_t n, struct str name);
const struct media_type *media_sniff(
        const unsigned char *p, size_t n); /* the first bytes (≥ 4 KiB if there are); or NULL */
const struct media_type *media_type_of_ext(const char *ext, size_t n);
const struct media_type *media_type_of_format(const char *format, size_t n);

#endif
