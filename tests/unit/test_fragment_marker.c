/* SPDX-License-Identifier: Apache-2.0
 * Fragment markers in pages: found in one pass, not forgeable by content, harmless when damaged. */
#include "unit/unit.h"

#include <stdlib.h>

#include "platform/peers/fragment.h"

static void page(struct buf *b)
{
	buf_init(b, 1 << 20);
	BUF_LIT(b, "<a>");
	html_fragment_marker(b, "account", "auth-menu", STR(""));
	html_fragment_marker(b, "blog", "link-card", STR("id=1&t=a-->:b"));
	BUF_LIT(b, "</a><!--f:0 x y z-->");
}

static void found(void **state)
{
	SCOPED_BUF b;
	page(&b);
	struct str rest = buf_str(&b), text;
	struct fragment_mark m;
	assert_true(fragment_next(&rest, &text, &m));
	assert_true(str_eqc(text, "<a>") && str_eqc(m.service, "account") && str_eqc(m.type, "auth-menu"));
	assert_int_equal(m.params.n, 0);
	assert_true(fragment_next(&rest, &text, &m));
	assert_true(str_eqc(text, "") && str_eqc(m.service, "blog") && str_eqc(m.params, "id%3D1%26t%3Da--%3E%3Ab"));
	assert_false(fragment_next(&rest, &text, &m));
	assert_true(str_eqc(text, "</a><!--f:0 x y z-->"));
	assert_null(rest.p);
}

/* Cut the page anywhere, damage any byte: every step must end, and stay inside the text. */
static void damaged(void **state)
{
	SCOPED_BUF b;
	page(&b);
	for (size_t at = 0; at < b.len; at++) {
		for (int how = 0; how < 3; how++) {
			char *copy = malloc(b.len);
			size_t n = how == 0 ? at : b.len;
			memcpy(copy, b.data, b.len);
			if (how)
				copy[at] = how == 1 ? '9' : ':';
			copy = realloc(copy, n ? n : 1);
			struct str rest = str_n(copy, n), text;
			struct fragment_mark m;
			unsigned steps = 0;
			while (fragment_next(&rest, &text, &m))
				assert_true(++steps <= 2 && m.service.p);
			free(copy);
		}
	}
}

static void empty(void **state)
{
	struct str rest = STR(""), text;
	struct fragment_mark m;
	assert_false(fragment_next(&rest, &text, &m));
	assert_int_equal(text.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(found), cmocka_unit_test(damaged),
		cmocka_unit_test(empty) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
