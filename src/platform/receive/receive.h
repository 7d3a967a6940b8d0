/* SPDX-License-Identifier: Apache-2.0
 *
 * The answering side of calls between the processes of one site (peers/internal.h): POST
 * /internal/contracts/<service>/<name>, /internal/fragments, /internal/events. A handler reads the body and checks the
 * signature over it first (receive_body), so the dispatcher needs to check nothing but refuses early what lacks the
 * header.
 */
#ifndef GH_PLATFORM_RECEIVE_H
#define GH_PLATFORM_RECEIVE_H

#include "platform/peers/internal.h"
#include "platform/web/web_app.h"

extern const struct route receive_routes[]; /* ends with a zeroed row */

/* The body of a signed request, in its arena; its trace goes on in w->ctx. ST_FORBIDDEN without a good signature. */
enum status receive_body(struct web *w, struct str *body, struct err *e) MUST_CHECK;
/* Tells the asking side of st and e->msg, under HTTP status 200. */
enum status receive_refuse(struct web *w, enum status st, const struct err *e) MUST_CHECK;

/* The handlers of receive_routes. A failure of what was asked is an answer of theirs (receive_refuse); their own are
   of the transport. */
enum status receive_contract(struct web *w, struct err *e) MUST_CHECK;
enum status receive_fragments(struct web *w, struct err *e) MUST_CHECK;
enum status receive_events(struct web *w, struct err *e) MUST_CHECK;

#endif
