/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/applications: what registered itself, and taking it away. For owners.
 */
#include "base/clock.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/identity/admin/admin.h"
#include "services/identity/oauth/oauth_ask.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/signin/signin.h"

#define PAGE_MAX (1 << 20)
#define PER_PAGE 50
#define HOSTS_MAX 3 /* that are named of one application */
#define HOSTS_ROOM 1000

/* --- the list ----------------------------------------------------------------------------------------------------- */

/* Where it leads people, each host once: "bread.example.org, 127.0.0.1". */
static struct str hosts_of(struct arena *a, struct str metadata)
{
	SCOPED_JSON *j = json_parse(metadata, JSON_DEPTH, NULL);
	struct str shown[HOSTS_MAX];
	const json_t *uri;
	unsigned n = 0;
	size_t i;
	struct buf b;
	buf_arena(&b, a, HOSTS_ROOM);
	json_array_foreach(json_object_get(j, "redirect_uris"), i, uri) {
		struct str host = oauth_shown_host(a, str_n(json_string_value(uri), json_string_length(uri)));
		bool there = !host.n;
		for (unsigned k = 0; k < n; k++)
			there |= str_eq(shown[k], host);
		if (there)
			continue;
		if (n == HOSTS_MAX) {
			buf_puts(&b, " …");
			break;
		}
		shown[n] = arena_str(a, host);
		buf_printf(&b, "%s%.*s", n ? ", " : "", STR_ARG(str_first(host, HOSTS_ROOM / (HOSTS_MAX + 1))));
		n++;
	}
	return buf_str(&b);
}

static struct client_view view_of(struct arena *a, struct str zone, const struct identity_clients_row *r)
{
	return (struct client_view){ .id = r->id,
		.name = r->name,
		.hosts = hosts_of(a, r->metadata),
		.since = html_day(a, zone, r->created_at),
		.used = r->used_at_null ? STR("") : html_day(a, zone, r->used_at),
		.people = r->people,
		.mastodon = str_eqc(r->kind, "mastodon") };
}

static struct str next_page(struct web *w, struct str q, const struct identity_clients_row *last)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, 4096);
	BUF_LIT(&b, "?q=");
	url_encode(&b, q);
	buf_printf(&b, "&at=%lld&before=%.*s", (long long)last->created_at, STR_ARG(last->id));
	return web_url(w->ctx, "identity", "/admin/applications%.*s", (int)b.len, b.data);
}

static enum status clients_load(struct web *w, struct clients_view *v, struct err *e)
{
	struct identity_clients_row *rows;
	struct identity_clients_count_row *count;
	struct arena *a = w->ctx->arena;
	struct str before = web_query(w, "before");
	int64_t at = INT64_MAX;
	size_t n;
	(void)web_query_int(w, "at", 1, INT64_MAX, &at);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_clients_count(c, &count, e));
	TRY(q_identity_clients(
	        c, v->q, admin_like(a, v->q), at, before.p ? before : STR(""), PER_PAGE + 1, &rows, &n, e));
	v->all = count->n;
	v->unused = count->unused;
	v->count = n > PER_PAGE ? PER_PAGE : n;
	v->list = ARENA_ARRAY(a, struct client_view, v->count);
	for (size_t i = 0; i < v->count; i++)
		v->list[i] = view_of(a, w->person->zone, &rows[i]);
	v->older = n > PER_PAGE ? next_page(w, v->q, &rows[PER_PAGE - 1]) : STR("");
	return ST_OK;
}

/* Only our own words are shown from an address. */
static struct str done_of(struct web *w)
{
	int64_t n;
	if (!web_query_int(w, "removed", 0, INT64_MAX, &n))
		return STR("");
	return n == 1 ? STR("An application was removed.")
	              : arena_strf(w->ctx->arena, "%lld applications were removed.", (long long)n);
}

enum status identity_get_clients(struct web *w, struct err *e)
{
	struct buf b;
	struct str q = str_trim(web_query(w, "q"));
	struct clients_view v = { .q = q.n ? str_utf8_first(q, ADMIN_SEARCH_MAX) : STR(""), .done = done_of(w) };
	struct page_shell shell = signin_shell(w, "Applications");
	TRY(clients_load(w, &v, e));
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_admin_clients(&b, &shell, w, &v);
	return web_html(w, 200, &b);
}

/* --- removing ----------------------------------------------------------------------------------------------------- */

enum status identity_post_clients(struct web *w, struct err *e)
{
	struct audit_entry by = { 0 };
	struct str client = web_form(w, "client"), action = web_form(w, "action");
	size_t people;
	int64_t n = 1;
	audit_from(w, &by);
	if (str_eqc(action, "unused")) {
		by.action = "oauth.unused_clients_removed";
		TRY(oauth_clients_drop_unused(w->ctx, clock_now_us(), &by, &n, e));
	} else if (str_eqc(action, "remove") && client.n) {
		by.action = "oauth.client_removed";
		TRY(oauth_client_remove(w->ctx, client, &by, &people, e));
	} else {
		return err_set(e, ST_INVALID, "This form is not understood.");
	}
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/admin/applications?removed=%lld", (long long)n));
}
