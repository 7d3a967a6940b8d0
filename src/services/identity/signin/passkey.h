/* SPDX-License-Identifier: Apache-2.0
 *
 * /identity/passkeys and signing in with one. The browser's part is web/js/passkeys.js: it asks for options, lets the
 * browser work, and sends what came out, as JSON.
 */
#ifndef GH_SERVICES_IDENTITY_PASSKEY_H
#define GH_SERVICES_IDENTITY_PASSKEY_H

#include "services/identity/signin/identity.h"

struct passkey_view { struct str id, name, since, used; };
struct passkeys_view { struct passkey_view *list; size_t count; struct str done; };

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status identity_get_passkeys(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_passkey_options(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_passkey(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_passkey_remove(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_sign_in_passkey_options(struct web *w, struct err *e) MUST_CHECK;
enum status identity_post_sign_in_passkey(struct web *w, struct err *e) MUST_CHECK;

#endif
