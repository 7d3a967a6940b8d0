/* SPDX-License-Identifier: Apache-2.0
 *
 * /identity/email: another e-mail address. It counts when a link that was mailed to it is followed by whoever asked,
 * signed in.
 */
#ifndef GH_SERVICES_IDENTITY_EMAIL_H
#define GH_SERVICES_IDENTITY_EMAIL_H

#include "services/identity/signin/link.h"

struct email_view { struct str email, done; };

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_email(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_email(struct web *w, struct err *e) MUST_CHECK;

/* A link of the kind LINK_EMAIL is opened or followed: by who asked for it? ST_UNAUTHENTICATED: by a visitor.
   ST_NOT_FOUND: by somebody else. */
enum status email_link_is_own(const struct web *w, const struct link *l, struct err *e) MUST_CHECK;
/* It was followed, and taken. */
enum status email_change(struct web *w, const struct link *l, struct err *e) MUST_CHECK;

#endif
