/* SPDX-License-Identifier: Apache-2.0
 *
 * See ws_frame.h. wslay parses and unmasks frames and refuses ill-formed ones (length not minimal, long or fragmented
 * control frames); it hands their payload over in pieces as it arrives.
 */
#include "net/ws/ws_frame.h"

#define EMPTY_FRAGMENTS_MAX 64
#define KEEP_BUFFER         ((size_t)64 << 10) /* a larger one is given back after its message */

bool utf8_feed(struct utf8_state *s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];
		if (s->need) {
			if (c < s->low || c > s->high)
				return false;
			s->need--;
			s->low = 0x80;
			s->high = 0xbf;
		} else if (c >= 0x80) {
			if (c < 0xc2 || c > 0xf4)
				return false;
			s->need = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
			/* No overlong form, no surrogate, nothing past U+10FFFF. */
			s->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
			s->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		}
	}
	return true;
}

bool ws_close_code_valid(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

size_t ws_frame_head(uint8_t opcode, uint64_t len, uint8_t out[WS_HEAD_MAX])
{
	size_t n = len < 126 ? 0 : len <= 0xffff ? 2 : 8;
	out[0] = 0x80 | opcode;
	out[1] = n == 0 ? (uint8_t)len : n == 2 ? 126 : 127;
	for (size_t i = 0; i < n; i++)
		out[2 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	return 2 + n;
}

static ssize_t take_input(uint8_t *buf, size_t len, int flags, void *arg)
{
	struct ws_decoder *d = arg;
	size_t n = len < d->in_len ? len : d->in_len;
	if (!n)
		return -1; /* for now: the frame parser keeps its place */
	memcpy(buf, d->in, n);
	d->in += n;
	d->in_len -= n;
	return (ssize_t)n;
}

bool ws_decoder_init(struct ws_decoder *d, size_t max_message)
{
	static const struct wslay_frame_callbacks callbacks = { .recv_callback = take_input };
	memset(d, 0, sizeof *d);
	d->max = max_message;
	buf_init(&d->msg, max_message);
	return wslay_frame_context_init(&d->frames, &callbacks, d) == 0;
}

void ws_decoder_fini(struct ws_decoder *d)
{
	if (d->frames)
		wslay_frame_context_free(d->frames);
	buf_fini(&d->msg);
}

static enum ws_event frame_fail(struct ws_decoder *d, unsigned code)
{
	d->code = code;
	return WS_FAIL;
}

static enum ws_event begin_frame(struct ws_decoder *d, const struct wslay_frame_iocb *f)
{
	bool control = wslay_is_ctrl_frame(f->opcode);
	if (!f->mask || f->rsv)
		return frame_fail(d, WSLAY_CODE_PROTOCOL_ERROR);
	if (control ? f->opcode > WSLAY_PONG || !f->fin || f->payload_length > WS_CONTROL_MAX
	            : f->opcode > WSLAY_BINARY_FRAME)
		return frame_fail(d, WSLAY_CODE_PROTOCOL_ERROR);
	if (!control && (f->opcode == WSLAY_CONTINUATION_FRAME) != d->in_message)
		return frame_fail(d, WSLAY_CODE_PROTOCOL_ERROR);
	if (!control && f->payload_length > d->max - d->msg.len)
		return frame_fail(d, WSLAY_CODE_MESSAGE_TOO_BIG);
	if (!control && f->opcode != WSLAY_CONTINUATION_FRAME) {
		d->in_message = true;
		d->binary = f->opcode == WSLAY_BINARY_FRAME;
		d->utf8 = (struct utf8_state){ 0 };
		d->empty = 0;
	}
	if (!control && !f->fin && !f->payload_length && ++d->empty > EMPTY_FRAGMENTS_MAX)
		return frame_fail(d, WSLAY_CODE_POLICY_VIOLATION);
	d->in_frame = true;
	d->opcode = f->opcode;
	d->fin = f->fin;
	d->left = f->payload_length;
	d->control_len = 0;
	return WS_MORE;
}

static enum ws_event frame_data(struct ws_decoder *d, const uint8_t *p, size_t n)
{
	d->left -= n;
	if (wslay_is_ctrl_frame(d->opcode)) {
		if (n)
			memcpy(d->control + d->control_len, p, n); /* begin_frame has bounded the sum */
		d->control_len += (unsigned)n;
		return WS_MORE;
	}
	if (!d->binary && !utf8_feed(&d->utf8, p, n))
		return frame_fail(d, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	buf_put(&d->msg, p, n);
	return buf_ok(&d->msg) ? WS_MORE : frame_fail(d, WSLAY_CODE_INTERNAL_SERVER_ERROR);
}

static enum ws_event close_frame(struct ws_decoder *d)
{
	struct utf8_state reason = { 0 };
	unsigned code = d->control_len >= 2 ? (unsigned)d->control[0] << 8 | d->control[1] : WSLAY_CODE_NO_STATUS_RCVD;
	if (d->control_len == 1 || (d->control_len && !ws_close_code_valid(code)))
		return frame_fail(d, WSLAY_CODE_PROTOCOL_ERROR);
	if (d->control_len > 2 && (!utf8_feed(&reason, d->control + 2, d->control_len - 2) || reason.need))
		return frame_fail(d, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	d->code = code;
	return WS_CLOSE;
}

static enum ws_event end_frame(struct ws_decoder *d)
{
	d->in_frame = false;
	switch (d->opcode) {
	case WSLAY_CONNECTION_CLOSE: return close_frame(d);
	case WSLAY_PING: return WS_PING;
	case WSLAY_PONG: return WS_PONG;
	default: break;
	}
	if (!d->fin)
		return WS_MORE;
	if (!d->binary && d->utf8.need)
		return frame_fail(d, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	d->in_message = false;
	return WS_MESSAGE;
}

enum ws_event ws_decode(struct ws_decoder *d, const char *p, size_t n, size_t *used)
{
	enum ws_event ev = WS_MORE;
	d->in = (const uint8_t *)p;
	d->in_len = n;
	if (!d->in_message && d->msg.len == 0 && d->msg.cap > KEEP_BUFFER) {
		buf_fini(&d->msg);
		buf_init(&d->msg, d->max);
	}
	while (ev == WS_MORE) {
		struct wslay_frame_iocb f;
		memset(&f, 0, sizeof f);
		ssize_t got = wslay_frame_recv(d->frames, &f);
		if (got == WSLAY_ERR_WANT_READ)
			break;
		if (got < 0)
			ev = frame_fail(d, WSLAY_CODE_PROTOCOL_ERROR);
		if (ev == WS_MORE && !d->in_frame)
			ev = begin_frame(d, &f);
		if (ev == WS_MORE)
			ev = frame_data(d, f.data, f.data_length);
		if (ev == WS_MORE && d->left == 0)
			ev = end_frame(d);
	}
	*used = n - d->in_len;
	return ev;
}
