/* SPDX-License-Identifier: Apache-2.0
 *
 * Applications register themselves, so strangers fill their table: how many there may be, and how long one that nobody
 * uses stays.
 *
 *     of one address     setting identity.applications_per_hour
 *     in all             setting identity.applications_max: the one that nobody lets in and that was of no use for the
 *                        longest time makes way; none for OAUTH_CLIENT_FRESH_S after it registered or was used
 *     never used         gone after as many days as the setting identity.unused_applications_days says
 *     not used any more  gone after OAUTH_CLIENT_IDLE_DAYS, when what it was given has long ended; not one whose tokens
 *                        have no end (Mastodon's class) while somebody lets it in
 *     let in by one      OAUTH_CONSENTS_MAX, each of which may be taken back
 *
 * Used is what somebody let in, or what got tokens, exact to a day.
 */
#ifndef GH_SERVICES_IDENTITY_OAUTH_CLIENTS_H
#define GH_SERVICES_IDENTITY_OAUTH_CLIENTS_H

#include "services/identity/oauth/oauth.h"

enum {
	OAUTH_CLIENT_FRESH_S = 3600,
	OAUTH_CLIENT_IDLE_DAYS = 400,
	OAUTH_CLIENT_USED_S = 86400, /* how exact "used" is */
	OAUTH_CONSENTS_MAX = 200,
	OAUTH_CLIENTS_SWEEP = 200,   /* of a transaction */
};

/* One more registration by whoever asks in w: 0, or how many seconds to wait. */
int64_t oauth_clients_wait(struct web *w);
/* Clients that made way: what they got for themselves has no end of its own. */
struct oauth_gone { struct str *ids; size_t n; };
/* Inside db_write's fn, before one more is added: makes room. *full: there is none. max: how many there may be in all.
   *gone: who made way, in db_arena(c), for oauth_clients_gone after the commit. */
enum status oauth_clients_room(
        struct db_conn *c, int64_t max, struct oauth_gone *gone, bool *full, struct err *e) MUST_CHECK;
/* Ends the tokens that those had for themselves. */
enum status oauth_clients_gone(struct ctx *ctx, const struct oauth_gone *gone, struct err *e) MUST_CHECK;

/* It was given tokens. Written down once a day; a failure is logged. */
void oauth_client_used(struct ctx *ctx, const struct oauth_client *c);
/* Inside db_write's fn: somebody lets it in with that scope. ST_CONFLICT, with a sentence: they let in as many as may
 * be. */
enum status oauth_consent_put(
        struct db_conn *c, int64_t person, struct str client, struct str scope, struct err *e) MUST_CHECK;

/* Gone, with all that it was given. by: who did it (audit_from). *people: how many had let it in. ST_OK also when it is
 * gone already. */
struct audit_entry;
enum status oauth_client_remove(
        struct ctx *ctx, struct str id, const struct audit_entry *by, size_t *people, struct err *e) MUST_CHECK;
/* Those never used that registered before that moment; *n: how many they were. by as before; its action says why they
 * went. */
enum status oauth_clients_drop_unused(
        struct ctx *ctx, int64_t before_us, const struct audit_entry *by, int64_t *n, struct err *e) MUST_CHECK;
struct job;
enum status oauth_clients_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK; /* the sweep */

#endif
