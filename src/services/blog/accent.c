/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/accent.h"

#include <math.h>

#define CONTRAST_WANTED 4.5 /* of text (WCAG 2, 1.4.3) */

/* Grounds of web/css/site.css: paper, and the accent's wash on it, which is darker or lighter by so much. */
struct ground { struct rgb paper, towards; double wash; };
static const struct ground light = { { 0xfb, 0xfa, 0xf6 }, { 0, 0, 0 }, 0.09 },
			   dark = { { 0x17, 0x19, 0x16 }, { 255, 255, 255 }, 0.22 };

bool rgb_parse(struct str s, struct rgb *out)
{
	if (!str_is_colour(s, true))
		return false;
	unsigned char v[6];
	size_t digits = s.n - 1;
	for (size_t i = 0; i < 6; i++)
		v[i] = (unsigned char)str_hex_value(s.p[1 + (digits == 3 ? i / 2 : i)]);
	*out = (struct rgb){ (unsigned char)(v[0] << 4 | v[1]), (unsigned char)(v[2] << 4 | v[3]),
		             (unsigned char)(v[4] << 4 | v[5]) };
	return true;
}

static double linear(unsigned char c)
{
	double v = c / 255.0;
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(struct rgb c) { return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b); }

double rgb_contrast(struct rgb a, struct rgb b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
	return x > y ? x / y : y / x;
}

/* share of a, the rest of b: as color-mix(in srgb). */
static struct rgb rgb_mix(struct rgb a, double share, struct rgb b)
{
	return (struct rgb){ (unsigned char)lround(a.r * share + b.r * (1 - share)),
		             (unsigned char)lround(a.g * share + b.g * (1 - share)),
		             (unsigned char)lround(a.b * share + b.b * (1 - share)) };
}

/* The accent, as far towards black or white as it takes to be read on that ground. */
static struct rgb ink_on(const struct ground *g, struct rgb accent)
{
	struct rgb wash = rgb_mix(accent, g->wash, g->paper), ink = accent;
	for (double share = 1; share > 0; share -= 0.02) {
		ink = rgb_mix(accent, share, g->towards);
		if (rgb_contrast(ink, g->paper) >= CONTRAST_WANTED && rgb_contrast(ink, wash) >= CONTRAST_WANTED)
			return ink;
	}
	return g->towards;
}

static const char *hex_of(struct arena *a, struct rgb c) { return arena_printf(a, "#%02x%02x%02x", c.r, c.g, c.b); }

struct str accent_css(struct arena *a, struct str accent)
{
	static const struct rgb black = { 0, 0, 0 }, white = { 255, 255, 255 };
	struct rgb c;
	if (!rgb_parse(accent, &c))
		return STR("");
	bool on_white = rgb_contrast(c, white) >= CONTRAST_WANTED;
	const char *ink = hex_of(a, ink_on(&light, c)), *dark_ink = hex_of(a, ink_on(&dark, c));
	return arena_strf(a,
	                  "@media screen{:root{--accent:%s;--accent-ink:%s;--on-accent:%s;--accent-strong:%s}}\n"
	                  "@media screen and (prefers-color-scheme:dark){:root:not([data-theme=\"light\"])"
	                  "{--accent-ink:%s}}\n"
	                  "@media screen{:root[data-theme=\"dark\"]{--accent-ink:%s}}\n",
	                  hex_of(a, c), ink, on_white ? "#fff" : "#000",
	                  hex_of(a, rgb_mix(c, 0.86, on_white ? black : white)), dark_ink, dark_ink);
}
