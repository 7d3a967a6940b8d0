/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing out, and telling those who asked to be told (OpenID Connect RP-Initiated Logout 1.0, Back-Channel
 * Logout 1.0).
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_LOGOUT_H
#define GH_SERVICES_IDENTITY_OAUTH_LOGOUT_H

#include "services/identity/oauth/oauth.h"

struct job;

/* End a single sign-on: the services see it at their next request, applications without offline_access lose their
   tokens, those with a back-channel address are told by a job. In identity's ctx. ST_OK also when it was over already.
 */
enum status oauth_logout(struct ctx *ctx, struct str sso_key, struct str address, struct err *e) MUST_CHECK;
enum status oauth_backchannel_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

/* host, name: of the address and the application that somebody goes on to; "" : to none. */
struct logout_view { struct str resume_uri, state, client, host, name; };

#endif
