/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request brought: path parameters, query, form, cookies, preferences.
 */
#include <assert.h>
#include <stdio.h>

#include "platform/config/config.h"
#include "platform/web/web_int.h"

static const struct param *find_param(const struct web *w, const char *name)
{
	for (unsigned i = 0; i < w->path.count; i++)
		if (str_eqc(w->path.list[i].name, name))
			return &w->path.list[i];
	return NULL;
}

bool web_path_is(const struct web *w, const char *name)
{
	return find_param(w, name) != NULL;
}

struct str web_path(const struct web *w, const char *name)
{
	const struct param *p = find_param(w, name);
	assert(p && "the route's pattern has no such parameter");
	return p->value;
}

int64_t web_path_int(const struct web *w, const char *name)
{
	const struct param *p = find_param(w, name);
	assert(p && "the route's pattern has no such parameter");
	return p->num;
}

struct str web_query(struct web *w, const char *name)
{
	if (!w->query_parsed) {
		w->query_parsed = true;
		/* A query is part of an address, and addresses come damaged: what can't be read counts as absent. */
		if (w->req->query.p && form_parse(w->ctx->arena, w->req->query, 100, &w->query_, NULL) != ST_OK)
			w->query_ = (struct form){ 0 };
	}
	return form_get(&w->query_, name);
}

bool web_query_int(struct web *w, const char *name, int64_t min, int64_t max, int64_t *out)
{
	int64_t v;
	struct str s = web_query(w, name);
	if (!s.p || !str_i64(s, &v) || v < min || v > max)
		return false;
	*out = v;
	return true;
}

/* --- forms -------------------------------------------------------------------------------------------------- */

static enum status load_multipart(struct web *w, struct str type, struct err *e)
{
	const struct platform *p = web_app_of(w)->platform;
	char piece[16384];
	struct multipart_limits limits = { .file = (uint64_t)config_bytes(p->config, "media", "max_bytes") };
	const char *folder = arena_printf(w->ctx->arena, "%.*s/tmp", STR_ARG(p->data_dir));
	TRY(multipart_new(w->ctx->arena, type, &limits, folder, &w->multipart, e));
	for (;;) {
		size_t got;
		TRY(http_body_read(w->req, piece, sizeof piece, &got, e));
		if (!got)
			break;
		TRY(multipart_feed(w->multipart, str_n(piece, got), e));
	}
	TRY(multipart_end(w->multipart, e));
	w->form_ = *multipart_fields(w->multipart);
	return ST_OK;
}

enum status web_form_load(struct web *w, struct err *e)
{
	struct header_params params;
	struct str body;
	if (w->form_parsed)
		return ST_OK;
	w->form_parsed = true;
	struct str type = http_header(w->req, "content-type");
	struct str main = type.p ? header_main(type, &params) : STR("");
	if (str_ieqc(main, "multipart/form-data"))
		return load_multipart(w, type, e);
	if (w->req->body_len != 0 && !str_ieqc(main, "application/x-www-form-urlencoded"))
		return err_set(e, ST_MEDIA_TYPE,
		        "A form is expected: application/x-www-form-urlencoded or multipart/form-data");
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	return form_parse(w->ctx->arena, body, FORM_FIELDS_MAX, &w->form_, e);
}

struct str web_form(struct web *w, const char *name)
{
	return form_get(&w->form_, name);
}

struct upload *web_uploads(struct web *w, unsigned *n)
{
	*n = 0;
	return w->multipart ? multipart_uploads(w->multipart, n) : NULL;
}

struct upload *web_upload(struct web *w, const char *field)
{
	unsigned n;
	struct upload *list = web_uploads(w, &n);
	for (unsigned i = 0; i < n; i++)
		if (str_eqc(list[i].field, field))
			return &list[i];
	return NULL;
}

/* --- cookies and preferences -------------------------------------------------------------------------------- */

struct str web_cookie(const struct web *w, const char *name)
{
	char prefixed[96];
	struct str header = http_header(w->req, "cookie");
	if (!header.p)
		return STR_NULL;
	if (w->req->secure) {
		snprintf(prefixed, sizeof prefixed, "__Host-%s", name);
		name = prefixed;
	}
	return cookie_get(header, name);
}

struct str web_cookie_plain(const struct web *w, const char *name)
{
	struct str header = http_header(w->req, "cookie");
	return header.p ? cookie_get(header, name) : STR_NULL;
}

/* The quality that Accept gives a media type: −1 when it is not named. Of wildcards only the full one is looked at. */
static int accept_quality(struct str accept, const char *wanted)
{
	struct str one;
	while (accept.p && str_next(&accept, ',', &one)) {
		struct str params = one, type;
		bool has = str_cut(&params, ';', &type);
		if (!str_ieqc(str_trim(type), wanted))
			continue;
		ptrdiff_t q = has ? str_find(params, STR("q=")) : -1;
		double v = 1;
		if (q >= 0) {
			struct str rest = str_skip(params, (size_t)q + 2), num;
			(void)str_cut(&rest, ';', &num);
			if (!str_f64(str_trim(num), &v))
				v = 1;
		}
		return (int)(v * 1000);
	}
	return -1;
}

const char *web_kind_of(const struct http_req *r)
{
	static const char *const kinds[] = { "application/activity+json", "application/ld+json", "application/json",
		"application/problem+json" };
	struct str accept = http_header(r, "accept");
	int best = accept_quality(accept, "text/html");
	const char *kind = "";
	/* Browsers' Accept headers name none of these types: most requests return here. */
	if (!accept.p || str_find(accept, STR("json")) < 0)
		return kind;
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int q = accept_quality(accept, kinds[i]);
		if (q > best && q > 0) {
			best = q;
			kind = kinds[i];
		}
	}
	return kind;
}

bool web_has_json(const struct web *w)
{
	struct header_params params;
	struct str type = http_header(w->req, "content-type");
	return type.p && str_ieqc(header_main(type, &params), "application/json");
}

bool web_wants_json(const struct web *w)
{
	if (w->route && (w->route->flags & ROUTE_API))
		return true;
	web_req_of(w)->negotiated = true;
	struct str accept = http_header(w->req, "accept");
	int json = accept_quality(accept, "application/json"),
	    problem = accept_quality(accept, "application/problem+json");
	int html = accept_quality(accept, "text/html");
	if (problem > json)
		json = problem;
	if (json > 0)
		return json > html;
	struct str type = http_header(w->req, "content-type");
	return html < 0 && type.p && str_starts(type, STR("application/json"));
}

bool web_is_htmx(const struct web *w)
{
	return str_eqc(http_header(w->req, "hx-request"), "true");
}
