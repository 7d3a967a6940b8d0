/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/unicode.h"

#include <sodium.h>
#include <stdlib.h>
#include <utf8proc.h>

struct mapping { utf8proc_uint8_t *text; utf8proc_ssize_t n; };

static void mapping_end(struct mapping *m)
{
	if (m->text && m->n > 0)
		sodium_memzero(m->text, (size_t)m->n);
	free(m->text);
}

struct str unicode_mapped(struct arena *a, struct str s, int options)
{
	__attribute__((cleanup(mapping_end))) struct mapping m = { NULL, 0 };
	m.n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &m.text, (utf8proc_option_t)options);
	return m.n < 0 ? STR_NULL : arena_str(a, str_n((const char *)m.text, (size_t)m.n));
}
