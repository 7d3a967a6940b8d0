/* SPDX-License-Identifier: Apache-2.0
 *
 * Between request.c, response.c and what is built on them (file.c, encoding.c, sse.c).
 */
#ifndef GH_NET_REQUEST_H
#define GH_NET_REQUEST_H

#include "net/conn.h"

/* n bytes of body came or went, at the rate that the limits demand or better: the deadline is for the application's own
   time, so it moves on; and a peer that is never slow does not keep the loop to itself. In the request's fiber only. */
void request_progress(struct request *q, size_t n);
/* Answer with the application's error page. Takes no memory from the arena: that may be what has run out. */
void response_error(struct request *q, int status);
/* Send a whole answer: the head with the piece's length, then the piece (dropped for HEAD and the like). */
void response_piece(struct request *q, struct piece *p);
/* Several pieces of len bytes in all; they are taken. */
void response_pieces(struct request *q, struct piece *p, unsigned count, uint64_t len);
/* Add without copying: both are static or in the arena. */
void response_header_static(struct request *q, const char *name, struct str value);
bool response_has_header(const struct request *q, const char *name);
struct str response_header(const struct request *q, const char *name);

#endif
