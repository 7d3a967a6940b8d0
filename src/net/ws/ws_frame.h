/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket messages out of bytes (RFC 6455 5), as a server reads them: frames by wslay, then what it leaves to its
 * user: masks demanded, fragments joined, UTF-8 checked as it comes, sizes bounded. Knows nothing of connections.
 */
#ifndef GH_NET_WS_FRAME_H
#define GH_NET_WS_FRAME_H

#include <stdint.h>
#include <wslay/wslay.h>

#include "base/buf.h"

/* UTF-8 (RFC 3629) in pieces. Zero-initialised at the start; valid so far while utf8_feed returns true; whole when need
 * == 0. */
struct utf8_state { uint8_t need, low, high; };
bool utf8_feed(struct utf8_state *s, const uint8_t *p, size_t n);

#define WS_CONTROL_MAX 125

struct ws_decoder {
	wslay_frame_context_ptr frames;
	const uint8_t *in; /* of the running call */
	size_t in_len;
	size_t max;        /* bytes of a message */
	struct buf msg;    /* the message being joined; whole after WS_MESSAGE */
	bool binary;
	bool in_message, in_frame;
	uint8_t opcode, fin;
	uint64_t left; /* of the frame */
	struct utf8_state utf8;
	unsigned empty; /* fragments of the message that held nothing */
	uint8_t control[WS_CONTROL_MAX];
	unsigned control_len;
	unsigned code; /* WS_FAIL: the close code that says why. WS_CLOSE: the peer's (1005 when it gave none) */
};

enum ws_event {
	WS_MORE,    /* all was taken; more bytes are needed */
	WS_MESSAGE, /* d->msg, d->binary: take or clear d->msg before the next call */
	WS_PING,    /* d->control */
	WS_PONG,
	WS_CLOSE,   /* d->code */
	WS_FAIL,    /* d->code; nothing more can be read */
};

/* max_message: bytes of a message; a longer one is WS_FAIL with 1009. False: no memory. fini frees what the decoder
   holds. */
bool ws_decoder_init(struct ws_decoder *d, size_t max_message);
void ws_decoder_fini(struct ws_decoder *d);
/* *used bytes of p were taken. Bytes may stay inside after an event: call again, with n = 0 if need be, until WS_MORE.
 */
enum ws_event ws_decode(struct ws_decoder *d, const char *p, size_t n, size_t *used);

/* The head of an unmasked, unfragmented frame; returns its length. */
#define WS_HEAD_MAX 10
size_t ws_frame_head(uint8_t opcode, uint64_t len, uint8_t out[WS_HEAD_MAX]);
bool ws_close_code_valid(unsigned code); /* may it stand in a close frame? (7.4) */

#endif
