/* SPDX-License-Identifier: Apache-2.0
 *
 * Between request.c, response.c and what is built on them (file.c, encoding.c, sse.c).
 */
#ifndef GH_NET_REQUEST_H
#define GH_NET_REQUEST_H

#include "net/conn/conn.h"

/* Status of a request whose client left before it was answered: for the log and metrics, nobody sees it. */
#define REQUEST_LEFT 499

/* n bytes of body came or went, at the rate that the limits demand or better: the deadline is for the application's own
   time, so it moves on; and a peer that is never slow does not keep the loop to itself. In the request's fiber only. */
void request_progress(struct request *q, size_t n);
/* Park until the peer has done its part (sent or read something: request_wake), the memory of q counted as held for it
   meanwhile. As fiber_park; ST_UNAVAILABLE at once when that would be too much. In the request's fiber only, q->conn
   being there. */
enum status request_rest(struct request *q) MUST_CHECK;
/* Its turn has come: run the application in a fiber. False: there can be no further fiber. */
bool request_run(struct request *q);
/* It has waited too long for its turn, or too many do: 503. q is freed. */
void request_turn_away(struct request *q);
/* Answer with the application's error page. Takes no memory from the arena: that may be what has run out. */
void response_error(struct request *q, int status);
/* Send a whole answer: the head with the piece's length, then the piece (dropped for HEAD and the like). */
void response_piece(struct request *q, struct body_piece *p);
/* Several pieces of len bytes in all; they are taken. */
void response_pieces(struct request *q, struct body_piece *p, unsigned count, uint64_t len);
/* Add without copying: both are static or in the arena. */
void response_header_static(struct request *q, const char *name, struct str value);
bool response_has_header(const struct request *q, const char *name);
struct str response_header(const struct request *q, const char *name);

/* --- blobs: blob.c ------------------------------------------------------------------------------------------------ */

/* The descriptor of the file that holds b, and where in it p (within b) is; -1: it is in no file. */
int blob_file(const struct blob *b, const char *p, uint64_t *off);

/* --- lines: line.c ------------------------------------------------------------------------------------------------ */

enum line_join { LINE_GO, LINE_WAIT, LINE_FULL };
/* line < 0: none, go. LINE_WAIT: request_run is called when its turn comes. */
enum line_join line_join(struct request *q, int line);
void line_quit(struct request *q);  /* while waiting: out of the line; otherwise nothing */
void line_leave(struct request *q); /* the work is done, or never will be: the next one's turn */
void line_rest(struct request *q);  /* before a wait for the client … */
void line_go_on(struct request *q); /* … and after it */

#endif
