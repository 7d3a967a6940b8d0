/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever colour a cooperative has: links are read on light and dark ground, and words on buttons.
 */
#include <stdio.h>

#include "services/blog/accent.h"
#include "unit/unit.h"

static struct rgb value_of(struct str css, const char *rule, const char *name)
{
	struct rgb c = { 0 };
	ptrdiff_t at = str_find(css, str_c(rule));
	assert_true(at >= 0);
	struct str rest = str_skip(css, (size_t)at);
	at = str_find(rest, str_c(name));
	assert_true(at >= 0);
	rest = str_skip(rest, (size_t)at + strlen(name));
	size_t n = 0;
	while (n < rest.n && rest.p[n] != ';' && rest.p[n] != '}')
		n++;
	assert_true(rgb_parse(str_first(rest, n), &c));
	return c;
}

static void check_accent(struct arena *a, const char *accent)
{
	const struct rgb paper = { 0xfb, 0xfa, 0xf6 }, night = { 0x17, 0x19, 0x16 };
	struct str css = accent_css(a, str_c(accent));
	struct rgb own = value_of(css, ":root{", "--accent:"), on = value_of(css, ":root{", "--on-accent:");
	double least[] = { rgb_contrast(value_of(css, ":root{", "--accent-ink:"), paper),
		           rgb_contrast(value_of(css, "prefers-color-scheme:dark", "--accent-ink:"), night),
		           rgb_contrast(value_of(css, "[data-theme=\"dark\"]", "--accent-ink:"), night),
		           rgb_contrast(on, own), rgb_contrast(on, value_of(css, ":root{", "--accent-strong:")) };
	for (size_t i = 0; i < sizeof least / sizeof *least; i++)
		if (least[i] < 4.5)
			fail_msg("%s: part %zu has a contrast of %.2f", accent, i, least[i]);
}

static void any_colour_is_read(void **state)
{
	char accent[8];
	for (int r = 0; r <= 255; r += 51)
		for (int g = 0; g <= 255; g += 51)
			for (int b = 0; b <= 255; b += 51) {
				SCOPED_ARENA *a = arena_new(1 << 20);
				snprintf(accent, sizeof accent, "#%02x%02x%02x", r, g, b);
				check_accent(a, accent);
			}
}

static void what_is_good_stays(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct str css = accent_css(a, STR("#1a5f3a"));
	assert_true(str_find(css, STR("--accent:#1a5f3a;--accent-ink:#1a5f3a;--on-accent:#fff")) >= 0);
	assert_true(str_find(accent_css(a, STR("#fd0")), STR("--accent:#ffdd00;")) >= 0);
	assert_true(str_find(accent_css(a, STR("#fd0")), STR("--on-accent:#000")) >= 0);
	assert_int_equal(accent_css(a, STR("red")).n, 0);
	assert_int_equal(accent_css(a, STR("#1a5f3a;}body{display:none")).n, 0);
}

static void contrasts(void **state)
{
	const struct rgb black = { 0, 0, 0 }, white = { 255, 255, 255 }, grey = { 0x76, 0x76, 0x76 };
	assert_true(rgb_contrast(black, white) > 20.99 && rgb_contrast(black, white) < 21.01);
	assert_true(rgb_contrast(white, white) == 1);
	assert_true(rgb_contrast(grey, white) > 4.54 && rgb_contrast(white, grey) < 4.55);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(contrasts), cmocka_unit_test(any_colour_is_read),
		cmocka_unit_test(what_is_good_stays) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
