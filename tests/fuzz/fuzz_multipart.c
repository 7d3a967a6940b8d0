/* SPDX-License-Identifier: Apache-2.0
 * Multipart bodies: the outcome does not depend on how the bytes are cut. First byte: the size of the pieces. */
#include "fuzz.h"

#include "net/forms/multipart.h"

static enum status run(struct arena *a, struct str body, size_t step, struct multipart **m)
{
	static const struct multipart_limits limits = {
		.parts = 8, .part_header = 256, .field = 512, .fields = 1024, .files = 4, .file = 2048
	};
	if (multipart_new(a, STR("multipart/form-data; boundary=XX"), &limits, "/tmp", m, NULL) != ST_OK)
		abort();
	enum status s = ST_OK;
	for (size_t i = 0; s == ST_OK && i < body.n; i += step)
		s = multipart_feed(*m, str_first(str_skip(body, i), step), NULL);
	return s == ST_OK ? multipart_end(*m, NULL) : s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	SCOPED_ARENA *a = arena_new((size_t)4 << 20);
	struct str body = str_n((const char *)data + 1, n - 1);
	struct multipart *one, *two;
	enum status s = run(a, body, n, &one);
	FUZZ_ASSERT(run(a, body, data[0] % 16 + 1, &two) == s);
	const struct form *f = multipart_fields(one), *g = multipart_fields(two);
	FUZZ_ASSERT(f->count == g->count);
	for (unsigned i = 0; i < f->count; i++)
		FUZZ_ASSERT(str_eq(f->list[i].name, g->list[i].name) && str_eq(f->list[i].value, g->list[i].value));
	unsigned files, again;
	struct upload *u = multipart_uploads(one, &files), *v = multipart_uploads(two, &again);
	FUZZ_ASSERT(files == again);
	for (unsigned i = 0; i < files; i++) {
		FUZZ_ASSERT(str_eq(u[i].filename, v[i].filename) && u[i].size == v[i].size && u[i].size <= 2048);
		FUZZ_ASSERT(u[i].filename.n > 0 && str_chr(u[i].filename, '/') < 0 && str_chr(u[i].filename, '\\') < 0);
		FUZZ_ASSERT(u[i].filename.p[0] != '.');
	}
	return 0;
}
