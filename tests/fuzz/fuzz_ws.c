/* SPDX-License-Identifier: Apache-2.0
 * WebSocket frames: the outcome does not depend on how the bytes were cut; text is UTF-8, nothing exceeds its bound.
 * First byte: the size of the pieces. */
#include "fuzz.h"

#include "net/ws/ws_frame.h"

static uint64_t run(const char *p, size_t n, size_t step)
{
	struct ws_decoder d;
	uint64_t trace = 0;
	if (!ws_decoder_init(&d, 500))
		abort();
	for (size_t at = 0; at < n;) {
		size_t used, part = n - at < step ? n - at : step;
		enum ws_event ev;
		do {
			ev = ws_decode(&d, p + at, part, &used);
			FUZZ_ASSERT(used <= part && d.msg.len <= 500 && d.control_len <= WS_CONTROL_MAX);
			at += used;
			part -= used;
			if (ev == WS_MESSAGE) {
				FUZZ_ASSERT(d.binary || str_utf8_valid(buf_str(&d.msg)));
				trace = trace * 31 + d.msg.len;
				buf_clear(&d.msg);
			}
			if (ev != WS_MORE)
				trace = trace * 31 + (unsigned)ev + (ev >= WS_CLOSE ? d.code : 0);
		} while (ev != WS_MORE && ev < WS_CLOSE);
		if (ev >= WS_CLOSE)
			break;
	}
	ws_decoder_fini(&d);
	return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n)
		FUZZ_ASSERT(
		        run((const char *)data + 1, n - 1, n) == run((const char *)data + 1, n - 1, data[0] % 8 + 1));
	return 0;
}
