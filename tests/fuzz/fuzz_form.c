/* SPDX-License-Identifier: Apache-2.0
 * Urlencoded forms, Cookie headers, header parameters, URLs. */
#include "fuzz.h"

#include "net/forms/form.h"
#include "platform/text/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA *a = arena_new((size_t)4 << 20);
	struct str in = str_n((const char *)data, n), name, value, rest;
	struct form f;
	if (form_parse(a, in, 50, &f, NULL) == ST_OK) {
		FUZZ_ASSERT(f.count <= 50);
		for (unsigned i = 0; i < f.count; i++)
			FUZZ_ASSERT(str_utf8_valid(f.list[i].name) && str_utf8_valid(f.list[i].value) &&
				    str_chr(f.list[i].value, '\0') < 0);
	}
	rest = in;
	while (cookie_next(&rest, &name, &value))
		FUZZ_ASSERT(is_token(name) && str_chr(value, '\n') < 0 && str_chr(value, ';') < 0);
	struct header_params p;
	header_main(in, &p);
	while (header_param_next(a, &p, &name, &value) > 0)
		FUZZ_ASSERT(is_token(name));
	SCOPED_BUF b;
	buf_init(&b, n * 8 + 64);
	html_url(&b, in);
	FUZZ_ASSERT(buf_ok(&b) && str_find(buf_str(&b), STR("\"")) < 0);
	buf_clear(&b);
	html_js(&b, in);
	FUZZ_ASSERT(buf_ok(&b) && str_utf8_valid(buf_str(&b)) && str_chr(buf_str(&b), '<') < 0);
	return 0;
}
