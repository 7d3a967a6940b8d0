/* SPDX-License-Identifier: Apache-2.0
 *
 * A person's own security pages, /identity/…: what proves who they are, where they are signed in, what was done.
 */
#ifndef GH_SERVICES_IDENTITY_IDENTITY_H
#define GH_SERVICES_IDENTITY_IDENTITY_H

#include "platform/audit/audit.h"
#include "services/identity/signin/signin.h"

/* Credentials are changed only by who has proved who they are in the last ten minutes. *asked: answered with a redirect
 * that asks. */
enum { IDENTITY_RECENT_S = 600 };
enum status identity_recent(struct web *w, bool *asked, struct err *e) MUST_CHECK;

struct overview_view { bool password, two_step; int64_t codes_left; size_t passkeys, sessions; struct str done; };
struct password_view { struct str former, fresh, done; bool has; };
struct session_view { struct str key, agent, since, seen; bool this_one; };
struct sessions_view {
	struct session_view *list;
	size_t count, more /* that are not shown */;
	struct str done;
};
struct log_line { struct str when, what, address; };
struct log_view { struct log_line *lines; size_t count; int64_t older; };

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_identity(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_password(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_password(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_sessions(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_sessions(struct web *w, struct err *e) MUST_CHECK;
enum status identity_get_log(struct web *w, struct err *e) MUST_CHECK;

#endif
