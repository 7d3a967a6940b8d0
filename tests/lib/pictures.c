/* SPDX-License-Identifier: Apache-2.0
 *
 * pictures DIR: the same squares of colour in every way that pictures keep colours, for test_colours.mjs. Sixteen
 * squares of 40 pixels, side by side.
 */
#include <stdio.h>
#include <string.h>
#include <vips/vips.h>

enum { SQUARES = 16, SIDE = 40 };

static const unsigned char colours[SQUARES][3] = {
	{ 255, 255, 255 }, { 0, 0, 0 },     { 128, 128, 128 }, { 200, 40, 40 },
	{ 40, 180, 60 },   { 40, 60, 200 }, { 230, 200, 60 },  { 60, 190, 200 },
	{ 180, 70, 170 },  { 250, 230, 210 }, { 20, 30, 50 },  { 90, 120, 80 },
	{ 255, 0, 0 },     { 0, 255, 0 },   { 0, 0, 255 },     { 190, 190, 190 },
};

static const char *dir;

static void must(int bad, const char *what)
{
	if (bad)
		vips_error_exit("%s", what);
}

static char *path_of(const char *name)
{
	static char path[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static VipsImage *squares(void)
{
	static unsigned char pixels[SIDE][SQUARES][SIDE][3];
	for (int y = 0; y < SIDE; y++)
		for (int s = 0; s < SQUARES; s++)
			for (int x = 0; x < SIDE; x++)
				memcpy(pixels[y][s][x], colours[s], 3);
	VipsImage *raw = vips_image_new_from_memory(pixels, sizeof pixels, SQUARES * SIDE, SIDE, 3, VIPS_FORMAT_UCHAR);
	VipsImage *out = NULL;
	must(!raw || vips_copy(raw, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), "squares");
	return out;
}

static void jpeg(VipsImage *im, const char *name, const char *profile)
{
	must(vips_jpegsave(im, path_of(name), "Q", 100, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, "profile",
	                   profile, NULL), name);
}

int main(int argc, char **argv)
{
	VipsImage *im, *cmyk = NULL, *bare = NULL, *grey = NULL, *deep = NULL, *deep_grey = NULL;
	if (argc != 2 || VIPS_INIT(argv[0]))
		return 2;
	dir = argv[1];
	im = squares();
	jpeg(im, "none.jpg", "none");
	jpeg(im, "srgb.jpg", "srgb");
	jpeg(im, "p3.jpg", "p3");
	must(vips_pngsave(im, path_of("none.png"), NULL), "none.png");
	must(vips_pngsave(im, path_of("p3.png"), "profile", "p3", NULL), "p3.png");
	must(vips_pngsave(im, path_of("palette.png"), "palette", TRUE, "dither", 0.0, NULL), "palette.png");
	must(vips_webpsave(im, path_of("none.webp"), "lossless", TRUE, NULL), "none.webp");
	must(vips_webpsave(im, path_of("p3.webp"), "lossless", TRUE, "profile", "p3", NULL), "p3.webp");
	must(vips_icc_transform(im, &cmyk, "cmyk", "input_profile", "srgb", NULL), "cmyk");
	jpeg(cmyk, "cmyk.jpg", "cmyk");
	must(vips_copy(cmyk, &bare, NULL), "bare");
	vips_image_remove(bare, VIPS_META_ICC_NAME);
	must(vips_jpegsave(bare, path_of("cmyk-bare.jpg"), "Q", 100, "strip", TRUE, NULL), "cmyk-bare");
	must(vips_colourspace(im, &grey, VIPS_INTERPRETATION_B_W, NULL), "grey");
	must(vips_jpegsave(grey, path_of("grey.jpg"), "Q", 100, NULL), "grey.jpg");
	must(vips_pngsave(grey, path_of("grey.png"), NULL), "grey.png");
	must(vips_colourspace(im, &deep, VIPS_INTERPRETATION_RGB16, NULL), "16");
	must(vips_pngsave(deep, path_of("deep.png"), NULL), "deep.png");
	must(vips_pngsave(deep, path_of("deep-p3.png"), "profile", "p3", NULL), "deep-p3.png");
	must(vips_colourspace(im, &deep_grey, VIPS_INTERPRETATION_GREY16, NULL), "grey16");
	must(vips_pngsave(deep_grey, path_of("deep-grey.png"), NULL), "deep-grey.png");
	vips_shutdown();
	return 0;
}
