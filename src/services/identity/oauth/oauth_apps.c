/* SPDX-License-Identifier: Apache-2.0
 *
 * /identity/applications: what a person let in, and taking it back.
 */
#include "services/identity/oauth/oauth_apps.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/text/html.h"

#define PAGE_MAX (512 << 10)

static enum status apps_load(struct web *w, struct apps_view *v, struct err *e)
{
	struct identity_consents_of_row *rows;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_consents_of(c, w->person->id, &rows, &v->count, e));
	v->apps = ARENA_ARRAY(w->ctx->arena, struct app_view, v->count);
	for (size_t i = 0; i < v->count; i++) {
		struct app_view *a = &v->apps[i];
		a->ask.scope = rows[i].scope;
		a->consent.ask = &a->ask;
		oauth_consent_lines(&a->consent);
		a->client = rows[i].client_id;
		a->name = rows[i].name;
		a->since = html_day(w->ctx->arena, w->person->zone, rows[i].given_at);
	}
	return ST_OK;
}

enum status identity_get_applications(struct web *w, struct err *e)
{
	struct buf page;
	struct apps_view v = { .removed = web_query(w, "removed") };
	struct page_shell shell = {
		.title = TR("Applications"), .kind = STR("account"), .noindex = true, .forms = true
	};
	TRY(apps_load(w, &v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_apps(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

struct apps_removal { struct web *w; struct str client; };

static enum status tx_remove(struct db_conn *c, void *arg, struct err *e)
{
	const struct apps_removal *r = arg;
	struct audit_entry entry = { .action = "oauth.revoked",
		.object = r->client,
		.actor = arena_strf(db_arena(c), "%lld", (long long)r->w->person->id) };
	TRY(q_identity_consent_drop(c, r->w->person->id, r->client, NULL, e));
	return audit_write(c, &entry, e);
}

enum status identity_post_application(struct web *w, struct err *e)
{
	struct apps_removal r = { w, web_form(w, "client") };
	if (!r.client.n)
		return err_set(e, ST_INVALID, "No application was named.");
	/* Its tokens first: a consent without tokens can be taken back again. */
	TRY(oauth_revoke_client(w->ctx, w->person->id, r.client, e));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_remove, &r, e));
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/identity/applications?removed=1"));
}
