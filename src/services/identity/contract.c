/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "gen/identity_serve.h"
#include "gen/identity_sql.h"
#include "platform/core/web_url.h"
#include "platform/search/search.h"
#include "services/identity/oauth/oauth_logout.h"
#include "services/identity/people/people.h"

#define PEOPLE_COUNTED 1000
#define HOLDERS_MAX 1000

enum status identity_serve_redeem(
        struct ctx *ctx, const struct session_redeem_ask *in, struct session_redeem_answer *out, struct err *e)
{
	struct oauth_code c;
	struct str grant; /* services get a session instead */
	TRY(oauth_code_redeem(ctx, in->code, arena_strf(ctx->arena, "service:%.*s", STR_ARG(in->service)),
	        in->redirect_uri, in->verifier, &c, &grant, e));
	*out = (struct session_redeem_answer){ .sso = c.sso, .nonce = c.nonce };
	return ST_OK;
}

enum status identity_serve_end(
        struct ctx *ctx, const struct session_end_ask *in, struct session_end_answer *out, struct err *e)
{
	out->there = in->sso.n > 0;
	return out->there ? oauth_logout(ctx, in->sso, in->address, e) : ST_OK;
}

enum status identity_serve_token(
        struct ctx *ctx, const struct session_token_ask *in, struct session_token_answer *out, struct err *e)
{
	struct oauth_token t;
	struct person_record *p = NULL;
	enum status st = oauth_token_find(ctx, in->token, &t, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	/* One that is bound to a key says nothing without a proof (RFC 9449), which is given to identity alone. */
	if (t.refresh || t.grant.jkt.n)
		return ST_OK;
	if (t.grant.person)
		TRY(people_load(ctx, t.grant.person, &p, e));
	if (t.grant.person && (!p || !people_may_act(p)))
		return ST_OK;
	*out = (struct session_token_answer){ .there = true, .client = t.grant.client, .scope = t.grant.scope };
	if (!p)
		return ST_OK;
	out->person = p->id;
	out->name = p->name;
	out->handle = p->handle;
	out->email = p->email;
	out->roles = p->roles;
	out->zone = p->timezone;
	out->lang = p->locale;
	return ST_OK;
}

enum status identity_serve_holders(struct ctx *ctx, const struct identity_holders_ask *in,
        struct identity_holders_answer *out, struct err *e)
{
	struct identity_people_holding_row *rows;
	size_t n;
	const char *service = arena_cstr(ctx->arena, in->service), *role = arena_cstr(ctx->arena, in->role);
	const struct person owner = { .id = 1, .roles = STR("owner") }, admin = { .id = 1, .roles = STR("admin") },
	                    plain = { .id = 1, .roles = STR("") };
	if (!*role || !person_may(&owner, service, role))
		return err_set(e, ST_INVALID, "there is no role \"%s\"", role);
	struct str word = *service ? arena_strf(ctx->arena, "%s.%s", service, role) : str_c(role);
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_identity_people_holding(c, person_may(&plain, service, role), person_may(&admin, service, role),
		        word, HOLDERS_MAX + 1, &rows, &n, e));
	}
	out->more = n > HOLDERS_MAX;
	out->list.count = n > HOLDERS_MAX ? HOLDERS_MAX : n;
	struct identity_holder *list = ARENA_ARRAY(ctx->arena, struct identity_holder, n + 1);
	for (size_t i = 0; i < out->list.count; i++)
		list[i] = (struct identity_holder){ rows[i].id, rows[i].name, rows[i].handle, rows[i].email,
			rows[i].locale };
	out->list.items = list;
	return ST_OK;
}

/* Administrators find people, and nobody else does: who is a member is not for everybody to know. */
enum status identity_serve_search(
        struct ctx *ctx, const struct search_ask *in, struct search_answer *out, struct err *e)
{
	const struct person who = { .id = in->person, .roles = in->roles };
	struct identity_people_found_row *rows;
	struct search_found *found = ARENA_NEW(ctx->arena, struct search_found);
	size_t n;
	if (!in->person || !person_may(&who, "", "admin") || !in->words.n)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_identity_people_found(c, search_like(ctx->arena, in->words), in->size,
	        (int64_t)(in->page - 1) * in->size, PEOPLE_COUNTED + 1, &rows, &n, e));
	struct search_hit *list = ARENA_ARRAY(ctx->arena, struct search_hit, n + 1);
	for (size_t i = 0; i < n; i++) {
		char id[ID_TEXT_LEN + 1];
		id_text(rows[i].id, id);
		list[i] = (struct search_hit){ rows[i].name, arena_strf(ctx->arena, "@%.*s", STR_ARG(rows[i].handle)),
			web_url(ctx, "identity", "/admin/members/%s", id), rows[i].email };
	}
	int64_t total = n ? rows[0].total : 0;
	bool more = total > PEOPLE_COUNTED;
	*found = (struct search_found){ STR("people"), more ? PEOPLE_COUNTED : total, more, { list, n } };
	out->kinds.items = found;
	out->kinds.count = 1;
	return ST_OK;
}
