/* SPDX-License-Identifier: Apache-2.0
 *
 * The helper process: takes a packet from standard input, which is a socket, makes what it asks for, answers. It ends
 * when the socket closes, after IDLE_S without work, or after JOBS_MAX pictures, whatever libraries may have leaked.
 *
 * libvips is loaded here by name, not linked: the server is the same program, and loading libvips' hundred libraries at
 * every start would cost it 20 MB and 20 ms. Loaders that libvips itself calls untrusted stay shut, and the process can
 * open nothing outside its folder and do little else (media_confine.c).
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vips/vips.h>

#include "platform/media/media.h"
#include "platform/media/media_internal.h"

/* WebP of less quality shows even colours more than two of 255 beside what they were (tests/e2e/test_colours.mjs). */
enum { IDLE_S = 15, JOBS_MAX = 500, WEBP_QUALITY = 85, WEBP_EFFORT = 3, JPEG_QUALITY = 82 };

#define LIBVIPS "libvips.so.42"
#define FUNCTIONS                                                                                                      \
	F(vips_init)                                                                                                   \
	F(vips_concurrency_set) F(vips_cache_set_max) F(vips_block_untrusted_set) F(vips_image_new_from_file)          \
	        F(vips_image_get_width) F(vips_image_get_height) F(vips_image_get_n_pages) F(vips_image_hasalpha)      \
	                F(vips_image_get_orientation_swap) F(vips_thumbnail) F(vips_image_copy_memory)                 \
	                        F(vips_webpsave_buffer) F(vips_jpegsave) F(vips_pngsave) F(vips_colourspace)           \
	                                F(vips_image_get_typeof) F(vips_image_get_fields) F(vips_image_remove)         \
	                                        F(vips_image_get_interpretation) F(g_strfreev) F(g_free)               \
	                                                F(vips_thumbnail_image) F(vips_invert) F(vips_extract_band)    \
	                                                F(vips_multiply) F(vips_linear1) F(vips_cast) F(vips_copy)     \
	                                                F(vips_error_buffer) F(vips_error_clear) F(g_object_unref)

#define F(name) static __typeof__(&name) p_##name;
FUNCTIONS
#undef F

static bool load_vips(void)
{
	void *lib = dlopen(LIBVIPS, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
#define F(name)                                                                                                        \
	if (!(p_##name = (__typeof__(p_##name))dlsym(lib, #name)))                                                     \
		return false;
	FUNCTIONS
#undef F
	if (p_vips_init(MEDIA_WORKER))
		return false;
	/* Several helpers run beside each other: more threads in each would only get in each other's way. */
	p_vips_concurrency_set(1);
	p_vips_cache_set_max(0);
	p_vips_block_untrusted_set(TRUE);
	return true;
}

static void unref(VipsImage **image)
{
	if (*image)
		p_g_object_unref(*image);
}
#define SCOPED_IMAGE __attribute__((cleanup(unref))) VipsImage

static void told_fail(struct media_told *t, enum status st, const char *what)
{
	t->status = st;
	snprintf(t->message, sizeof t->message, "%s", what);
	for (char *p = t->message; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	if (p_vips_error_clear)
		p_vips_error_clear();
}

/* Of a progressive JPEG: each scan goes over all pixels. Anything else: 1. */
static int64_t scans_of(const char *path)
{
	static unsigned char space[64 << 10];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char last = 0;
	int64_t scans = 0;
	ssize_t n;
	for (bool first = true; (n = fd < 0 ? 0 : read(fd, space, sizeof space)) > 0; first = false) {
		if (first && (n < 2 || space[0] != 0xff || space[1] != 0xd8))
			break;
		for (ssize_t i = 0; i < n; i++) {
			scans += last == 0xff &&
			        space[i] == 0xda; /* SOS; entropy-coded data never holds it (T.81, B.1.1.5) */
			last = space[i];
		}
	}
	if (fd >= 0)
		close(fd);
	return scans ? scans : 1;
}

static void probe_picture(const struct media_ask *a, struct media_told *t)
{
	/* Reads the header only. */
	SCOPED_IMAGE *image = p_vips_image_new_from_file(a->source, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	if (!image) {
		told_fail(t, ST_CORRUPT, p_vips_error_buffer());
		return;
	}
	bool turned = p_vips_image_get_orientation_swap(image);
	int w = p_vips_image_get_width(image), h = p_vips_image_get_height(image);
	t->width = turned ? h : w;
	t->height = turned ? w : h;
	t->pages = p_vips_image_get_n_pages(image);
	t->png = p_vips_image_hasalpha(image);
	if ((int64_t)w * h > MEDIA_PIXELS_MAX)
		told_fail(t, ST_TOO_LARGE, "the picture has too many pixels");
	else if (w * (int64_t)h * scans_of(a->source) > MEDIA_COST_MAX)
		told_fail(t, ST_TOO_LARGE,
		        "the picture would take too long to unpack: please save it as a JPEG that is not progressive");
}

/* Where it was taken, with what, by whom; and the profile, for the pixels are sRGB by now. */
static void forget_metadata(VipsImage *image)
{
	static const char *const kinds[] = { "exif", "xmp", "iptc", "icc", "photoshop", "png-comment", "gif-comment",
		"heif", "webp", "orientation", "jpeg" };
	gchar **names = p_vips_image_get_fields(image);
	for (gchar **name = names; name && *name; name++)
		for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (!strncmp(*name, kinds[i], strlen(kinds[i]))) {
				p_vips_image_remove(image, *name);
				break;
			}
	p_g_strfreev(names);
}

/* Inks without a profile, as browsers show them: what each ink and black together leave of the light. */
static VipsImage *light_of(VipsImage *inks)
{
	SCOPED_IMAGE *light = NULL, *colours = NULL, *black = NULL, *product = NULL, *scaled = NULL, *bytes = NULL;
	VipsImage *out = NULL;
	if (p_vips_invert(inks, &light, NULL) || p_vips_extract_band(light, &colours, 0, "n", 3, NULL) ||
	    p_vips_extract_band(light, &black, 3, NULL) || p_vips_multiply(colours, black, &product, NULL) ||
	    p_vips_linear1(product, &scaled, 1.0 / 255, 0, NULL) ||
	    p_vips_cast(scaled, &bytes, VIPS_FORMAT_UCHAR, NULL) ||
	    p_vips_copy(bytes, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
		return NULL;
	return out;
}

static VipsImage *shrink_inks(const struct media_ask *a, VipsImage *head)
{
	SCOPED_IMAGE *rgb = light_of(head);
	VipsImage *out = NULL;
	if (!rgb || p_vips_thumbnail_image(
	                    rgb, &out, a->width, "height", VIPS_MAX_COORD, "size", VIPS_SIZE_DOWN, NULL))
		return NULL;
	return out;
}

/* In sRGB. Only what has a profile of its own is converted by it: a picture without one means sRGB already, and the way
   through another space and back would change it. */
static VipsImage *shrink(const struct media_ask *a)
{
	SCOPED_IMAGE *head = p_vips_image_new_from_file(
	        a->source, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
	VipsImage *small = NULL, *out = NULL;
	if (!head)
		return NULL;
	bool profile = p_vips_image_get_typeof(head, VIPS_META_ICC_NAME) != 0,
	     cmyk = p_vips_image_get_interpretation(head) == VIPS_INTERPRETATION_CMYK;
	if (cmyk && !profile)
		return shrink_inks(a, head);
	/* fail_on: a truncated picture is an error, not one with a grey half. */
	int bad = profile ? p_vips_thumbnail(a->source, &small, a->width, "height", VIPS_MAX_COORD, "size",
	                                    VIPS_SIZE_DOWN, "export_profile", "srgb", "import_profile",
	                                    cmyk ? "cmyk" : "srgb", "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL)
	                          : p_vips_thumbnail(a->source, &small, a->width, "height", VIPS_MAX_COORD, "size",
	                                    VIPS_SIZE_DOWN, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
	if (bad || p_vips_colourspace(small, &out, VIPS_INTERPRETATION_sRGB, NULL))
		out = NULL;
	if (small)
		p_g_object_unref(small);
	return out;
}

static void make_variant(const struct media_ask *a, struct media_told *t)
{
	SCOPED_IMAGE *small = shrink(a);
	if (!small) {
		told_fail(t, ST_CORRUPT, p_vips_error_buffer());
		return;
	}
	SCOPED_IMAGE *image = p_vips_image_copy_memory(small); /* decoded once for two encoders */
	if (!image) {
		told_fail(t, ST_CORRUPT, p_vips_error_buffer());
		return;
	}
	forget_metadata(image);
	t->width = p_vips_image_get_width(image);
	t->height = p_vips_image_get_height(image);
	t->png = p_vips_image_hasalpha(image);
	/* libvips writes an Exif block of its own into each WebP, asked to or not. */
	void *webp = NULL;
	size_t webp_n = 0;
	int bad = p_vips_webpsave_buffer(
	        image, &webp, &webp_n, "Q", WEBP_QUALITY, "effort", WEBP_EFFORT, "strip", TRUE, NULL);
	if (!bad)
		bad = media_strip_webp(webp, webp_n, a->webp) != ST_OK;
	p_g_free(webp);
	if (!bad)
		bad = t->png ? p_vips_pngsave(image, a->plain, "compression", 9, "strip", TRUE, NULL)
		             : p_vips_jpegsave(image, a->plain, "Q", JPEG_QUALITY, "optimize_coding", TRUE, "interlace",
		                       TRUE, "strip", TRUE, NULL);
	if (bad)
		told_fail(t, ST_IO, p_vips_error_buffer());
}

static void strip(const struct media_ask *a, struct media_told *t)
{
	t->status = media_strip(a->source, a->plain, a->format);
	if (t->status != ST_OK)
		snprintf(t->message, sizeof t->message, "the file can not be read");
}

int media_worker(const char *dir)
{
	static void (*const tasks[])(const struct media_ask *a, struct media_told *t) = {
		[MEDIA_LOOK] = probe_picture, [MEDIA_VARIANT] = make_variant, [MEDIA_STRIP] = strip,
	};
	umask(0077);
	const char *missing = load_vips() ? NULL : "libvips is not installed";
	if (!media_confine(dir))
		missing = "the helper can not be confined on this system";
	for (int jobs = 0; jobs < JOBS_MAX; jobs++) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		static struct media_ask ask;
		struct media_told told = { .status = ST_OK };
		if (poll(&p, 1, IDLE_S * 1000) <= 0 || recv(STDIN_FILENO, &ask, sizeof ask, 0) != sizeof ask)
			break;
		if (missing)
			told_fail(&told, ST_NOT_IMPLEMENTED, missing);
		else
			tasks[ask.task < sizeof tasks / sizeof *tasks ? ask.task : MEDIA_LOOK](&ask, &told);
		if (send(STDIN_FILENO, &told, sizeof told, MSG_NOSIGNAL) != sizeof told)
			break;
	}
	/* Without the libraries' own farewells: they take their time and nothing of theirs outlives the process. */
	_exit(0);
}
