/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/applications: what registered itself, and taking it away. For owners.
 */
#include "base/clock.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/tables/tables.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/identity/admin/admin.h"
#include "services/identity/oauth/oauth_ask.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/signin/signin.h"

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

typedef struct identity_clients_row client_row;

static struct str leads_to(struct web *w, const void *row)
{
	return hosts_of(w->ctx->arena, ((const client_row *)row)->metadata);
}

static enum status clients_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, identity_clients, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static enum status client_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct audit_entry by = { .action = "oauth.client_removed" };
	size_t people;
	(void)a;
	audit_from(w, &by);
	*changed = true;
	return oauth_client_remove(w->ctx, key, &by, &people, e);
}

static const struct choice use[] = { { "yes", "Was used", NULL }, { "no", "Was never used", NULL }, { 0 } };

static const struct table_filter filters[] = { { .name = "used", .title = "Use", .choices = use }, { 0 } };

static const struct column columns[] = {
	COLUMN(client_row, name, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(client_row, kind, STATE, .title = "Kind", .usual = "oauth"),
	COLUMN(client_row, metadata, TEXT, .title = "Leads to", .text = leads_to),
	COLUMN(client_row, people, NUMBER, .title = "People who let it in", .sort = "people", .by = 3,
	        .first_down = true),
	COLUMN(client_row, created_at, DAY, .title = "Registered", .sort = "since", .first_down = true),
	COLUMN(client_row, used_at, DAY, .title = "Last used", .sort = "used", .by = 2, .first_down = true),
	{ 0 },
};

static const struct table_action actions[] = {
	{ .name = "remove",
	        .label = "Remove",
	        .done = "Removed",
	        .each = true,
	        .danger = true,
	        .confirm = "They lose all that people gave them, and have to register and ask again." },
	{ 0 },
};

static void clients_above(struct buf *out, struct web *w, void *arg)
{
	tpl_admin_clients_above(out, w, arg);
}

static void clients_below(struct buf *out, struct web *w, void *arg)
{
	tpl_admin_clients_below(out, w, arg);
}

static const struct table_desc clients = {
	.path = "/admin/applications",
	.title = "Applications",
	.search = "Name or identifier",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "No application has registered yet.",
	.sort = "since",
	.down = true,
	.text_key = true,
	.row_size = sizeof(client_row),
	.load = clients_load,
	.act = client_act,
	.above = clients_above,
	.below = clients_below,
};

static enum status clients_count(struct web *w, struct clients_view *v, struct err *e)
{
	struct identity_clients_count_row *n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_clients_count(c, &n, e));
	*v = (struct clients_view){ .all = n->n, .unused = n->unused, .removed = -1 };
	(void)web_query_int(w, "removed", 0, INT64_MAX, &v->removed);
	return ST_OK;
}

enum status identity_get_clients(struct web *w, struct err *e)
{
	struct clients_view v;
	TRY(clients_count(w, &v, e));
	return table_get(w, &clients, &v, e);
}

/* Those that were never used, all of them; or what the list asks. */
enum status identity_post_clients(struct web *w, struct err *e)
{
	struct clients_view v;
	struct audit_entry by = { .action = "oauth.unused_clients_removed" };
	int64_t n = 0;
	if (table_is_asked(w)) {
		TRY(clients_count(w, &v, e));
		return table_post(w, &clients, &v, e);
	}
	if (!str_eqc(web_form(w, "action"), "unused"))
		return err_set(e, ST_INVALID, "This form is not understood.");
	audit_from(w, &by);
	TRY(oauth_clients_drop_unused(w->ctx, clock_now_us(), &by, &n, e));
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/admin/applications?removed=%lld", (long long)n));
}
