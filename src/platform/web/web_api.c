/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes for programs: access tokens and their scopes (RFC 6750), scripts of other origins (CORS, Fetch 3.2).
 */
#include "platform/web/web_int.h"

/* What scripts of other origins may send and see of a ROUTE_API beside what they always may (Fetch, 3.2). */
#define CORS_HEADERS "Accept-Version, Authorization, Content-Type, DPoP, Idempotency-Key"
#define CORS_EXPOSED "WWW-Authenticate, DPoP-Nonce, Link, RateLimit, RateLimit-Policy, Retry-After"

/* --- access tokens ------------------------------------------------------------------------------------------- */

bool scope_covers(struct str scopes, const char *wanted)
{
	struct str one, all = str_c(wanted);
	ptrdiff_t colon = str_chr(all, ':');
	if (!all.n || str_has_word(scopes, all))
		return true;
	while (str_next(&scopes, ' ', &one))
		if (colon > 0 && str_eq(one, str_first(all, (size_t)colon)))
			return true;
	return false;
}

void api_challenge(struct web *w, const char *why)
{
	http_set_header(w->req, "www-authenticate", arena_strf(w->ctx->arena, "Bearer%s%s", *why ? " " : "", why));
}

struct str api_token(const struct web *w)
{
	struct str header = http_header(w->req, "authorization");
	bool is = header.n > 7 && str_ieq(str_first(header, 7), STR("Bearer "));
	return is ? str_trim(str_skip(header, 7)) : STR_NULL;
}

enum status api_identify(struct web *w, struct str token, struct err *e)
{
	struct bearer *b = ARENA_NEW(w->ctx->arena, struct bearer);
	enum status st = web_app_of(w)->platform->auth_hooks->bearer(w, token, b, e);
	if (st == ST_NOT_FOUND) {
		api_challenge(w, "error=\"invalid_token\"");
		return err_set(e, ST_UNAUTHENTICATED, "The access token is not valid, or not any more.");
	}
	TRY(st);
	if (!scope_covers(b->scope, w->route->scope)) {
		api_challenge(
		        w, arena_printf(w->ctx->arena, "error=\"insufficient_scope\", scope=\"%s\"", w->route->scope));
		return err_set(e, ST_FORBIDDEN, "This needs an access token with the scope \"%s\".", w->route->scope);
	}
	w->bearer = b;
	w->person = b->person;
	return ST_OK;
}

/* --- scripts of other origins -------------------------------------------------------------------------------- */

void api_headers(struct web *w)
{
	web_header(w, "access-control-allow-origin", STR("*"));
	web_header(w, "access-control-expose-headers", STR(CORS_EXPOSED));
}

void api_preflight(struct web *w, const char *methods)
{
	http_set_header(w->req, "access-control-allow-origin", STR("*"));
	http_set_header(w->req, "access-control-allow-methods", str_c(methods));
	http_set_header(w->req, "access-control-allow-headers", STR(CORS_HEADERS));
	http_set_header(w->req, "access-control-max-age", STR("86400"));
}
