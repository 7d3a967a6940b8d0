/* SPDX-License-Identifier: Apache-2.0
 *
 * Composition: read the page's markers, have what other processes must give (one request per service, together), then
 * write the page once, rendering local pieces in place. Fragments of a fragment are not composed.
 *
 * A piece is described by a flat `piece_arg` without pointers into the request, because a refresh may outlive it.
 */
#include "platform/peers/fragment_int.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "net/forms/form.h"
#include "platform/config/config.h"
#include "platform/peers/internal.h"
#include "platform/text/json.h"

struct fragments *fragments_new(struct platform *p, struct err *e)
{
	struct fragments *f = calloc(1, sizeof *f);
	if (!f) {
		(void)err_set(e, ST_NOMEM, "no memory for fragments");
		return NULL;
	}
	f->platform = p;
	f->keep = p->cache && (!p->config || config_bool(p->config, "cache", "fragments"));
	return f;
}

void fragments_free(struct fragments *f)
{
	free(f);
}

void fragments_stats(const struct fragments *f, struct fragment_stats *out)
{
	*out = (struct fragment_stats){ atomic_load(&f->local), atomic_load(&f->remote_calls),
		atomic_load(&f->missing) };
}

/* Pages of the platform itself, such as errors, have no service. */
/* --- parameters --- */

struct str fragment_decode(struct arena *a, struct str s)
{
	if (str_chr(s, '%') < 0)
		return s;
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool coded = s.p[i] == '%' && s.n - i > 2 && str_hex_value(s.p[i + 1]) >= 0 &&
		             str_hex_value(s.p[i + 2]) >= 0;
		out[n++] = coded ? (char)(str_hex_value(s.p[i + 1]) * 16 + str_hex_value(s.p[i + 2])) : s.p[i];
		i += coded ? 2 : 0;
	}
	out[n] = '\0';
	return str_n(out, n);
}

static struct str query_value(struct str query, struct str name)
{
	struct str pair, key;
	while (query.p && str_next(&query, '&', &pair)) {
		struct str value = pair;
		if (str_cut(&value, '=', &key) && str_eq(key, name))
			return value;
	}
	return STR_NULL;
}

/* The parameters that the fragment knows, in its order, still encoded: two spellings of one piece share a
   key. p NULL: more than FRAGMENT_PARAMS_MAX bytes. */
struct str fragment_params(struct arena *a, const struct fragment_def *def, struct str query)
{
	struct str names = str_c(def->params ? def->params : ""), name;
	struct buf b;
	buf_arena(&b, a, FRAGMENT_PARAMS_MAX);
	while (str_next(&names, ' ', &name)) {
		struct str value = name.n ? query_value(query, name) : STR_NULL;
		if (!value.p)
			continue;
		if (b.len)
			buf_putc(&b, '&');
		buf_putstr(&b, name);
		buf_putc(&b, '=');
		buf_putstr(&b, value);
	}
	return buf_ok(&b) ? buf_str(&b) : STR_NULL;
}

static void params_parse(struct arena *a, struct str query, struct params *out)
{
	unsigned n = 1;
	for (size_t i = 0; i < query.n; i++)
		n += query.p[i] == '&';
	struct param *list = ARENA_ARRAY(a, struct param, n);
	struct str pair;
	out->list = list;
	out->count = 0;
	while (query.n && str_next(&query, '&', &pair)) {
		struct param *p = &list[out->count++];
		p->value = pair;
		(void)str_cut(&p->value, '=', &p->name);
		p->value = fragment_decode(a, p->value);
	}
}

struct str fragment_param(const struct fragment_req *f, const char *name)
{
	for (unsigned i = 0; i < f->params.count; i++)
		if (str_eqc(f->params.list[i].name, name))
			return f->params.list[i].value;
	return STR_NULL;
}

/* --- a piece --- */

const struct fragment_def *fragment_def_find(const struct service_instance *s, struct str type)
{
	for (const struct fragment_def *d = s->def->fragments; d && d->type; d++)
		if (str_eqc(type, d->type))
			return d;
	return NULL;
}

struct cache_policy fragment_policy(const struct fragment_def *def)
{
	return (struct cache_policy){ def->soft_s * NS_PER_S, def->soft_s * NS_PER_S + FRAGMENT_STALE_NS, true };
}

struct str fragment_tags(struct arena *a, const struct fragment_piece *p)
{
	struct str tags = arena_strf(a, "%s %s:%s", p->svc->def->name, p->svc->def->name, p->def->type);
	if (p->person)
		tags = arena_strf(a, "%.*s person:%lld", STR_ARG(tags), (long long)p->person->id);
	if (p->cookie.n)
		tags = arena_strf(a, "%.*s %.*s", STR_ARG(tags), STR_ARG(fragment_cookie_tag(a, p->svc, p->cookie)));
	return tags;
}

/* By its digest: a cookie is a secret, and keys and tags go to other places than its owner's browser. */
static struct str cookie_digest(struct arena *a, struct str cookie)
{
	unsigned char hash[32];
	char *hex = arena_alloc(a, 2 * sizeof hash + 1);
	SHA256((const unsigned char *)cookie.p, cookie.n, hash);
	str_hex(hex, hash, sizeof hash);
	return str_n(hex, 2 * sizeof hash);
}

struct str fragment_cookie_tag(struct arena *a, const struct service_instance *s, struct str cookie)
{
	return arena_strf(a, "%s:cookie:%.*s", s->def->name, STR_ARG(cookie_digest(a, cookie)));
}

static bool kept(const struct fragment_piece *p)
{
	return p->svc->platform->fragments->keep && p->def->soft_s > 0;
}

static struct str cookie_of(struct arena *a, const struct fragment_def *def, const struct fragment_who *who)
{
	if (!def->cookie || !who->cookies.p)
		return STR("");
	struct str value = cookie_get(
	        who->cookies, who->secure ? arena_printf(a, "__Host-%s", def->cookie) : def->cookie);
	return value.n && value.n <= COOKIE_VALUE_MAX ? value : STR(""); /* none of ours is longer */
}

bool fragment_piece(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct fragment_piece *out)
{
	struct platform *p = ctx->svc->platform;
	struct service_instance *svc = platform_service(p, arena_cstr(ctx->arena, service));
	const struct fragment_def *def = svc ? fragment_def_find(svc, type) : NULL;
	*out = (struct fragment_piece){ .svc = svc, .def = def };
	if (!def)
		return false;
	out->params = fragment_params(ctx->arena, def, params);
	if (!out->params.p) { /* without them it would be another piece */
		out->def = NULL;
		return false;
	}
	out->person = def->per_person ? who->person : NULL;
	out->cookie = cookie_of(ctx->arena, def, who);
	if (kept(out) || !svc->local)
		out->key = arena_strf(ctx->arena, "f:%s:%s@%s:%lld:%.*s:%.*s", svc->def->name, def->type,
		        lang_info(lang_now())->tag, out->person ? (long long)out->person->id : 0LL,
		        STR_ARG(out->cookie.n ? cookie_digest(ctx->arena, out->cookie) : STR("")),
		        STR_ARG(out->params));
	return true;
}

enum status fragment_render(struct ctx *caller, const struct fragment_piece *p, struct buf *out, struct err *e)
{
	struct ctx ctx = *caller;
	ctx.svc = p->svc;
	struct fragment_req f = { .ctx = &ctx, .def = p->def, .person = p->person, .cookie = p->cookie };
	params_parse(ctx.arena, p->params, &f.params);
	atomic_fetch_add(&p->svc->platform->fragments->local, 1);
	return p->def->render(&f, out, e);
}

/* --- through the cache --- */

static size_t put_text(char *to, size_t at, struct str s)
{
	if (s.n)
		memcpy(to + at, s.p, s.n);
	return at + s.n;
}

/* What a piece is told of the person; the session stays out: pieces sign nobody in. */
struct person_texts { struct str *list[4]; };

static struct person_texts texts_of(struct person *p)
{
	return (struct person_texts){ { &p->name, &p->email, &p->handle, &p->roles } };
}

struct piece_arg *fragment_arg(struct arena *a, const struct fragment_piece *p, size_t *size)
{
	struct person person = p->person ? *p->person : (struct person){ 0 };
	struct person_texts texts = texts_of(&person);
	person.session = person.zone = person.lang = STR_NULL; /* not among what is copied */
	*size = sizeof(struct piece_arg) + p->params.n + p->cookie.n;
	for (unsigned i = 0; i < 4; i++)
		*size += texts.list[i]->n;
	struct piece_arg *arg = arena_zalloc(a, *size);
	*arg = (struct piece_arg){
		.svc = p->svc, .def = p->def, .person = person, .params_n = p->params.n, .cookie_n = p->cookie.n,
		.has_person = p->person != NULL
	};
	size_t at = put_text(arg->text, put_text(arg->text, 0, p->params), p->cookie);
	for (unsigned i = 0; i < 4; i++)
		at = put_text(arg->text, at, *texts.list[i]);
	return arg;
}

void fragment_unarg(const struct piece_arg *arg, struct fragment_piece *p, struct person *person)
{
	const char *cookie = arg->text + arg->params_n, *at = cookie + arg->cookie_n;
	*person = arg->person;
	struct person_texts texts = texts_of(person);
	for (unsigned i = 0; i < 4; i++) {
		texts.list[i]->p = at;
		at += texts.list[i]->n;
	}
	*p = (struct fragment_piece){ .svc = arg->svc, .def = arg->def, .params = str_n(arg->text, arg->params_n),
			     .person = arg->has_person ? person : NULL, .cookie = str_n(cookie, arg->cookie_n) };
}

static enum status make_local(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	struct person person;
	struct fragment_piece p;
	struct buf b;
	fragment_unarg(arg, &p, &person);
	buf_arena(&b, ctx->arena, FRAGMENT_MAX);
	TRY(fragment_render(ctx, &p, &b, e));
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "fragment %s is too large", p.def->type);
	*tags = fragment_tags(ctx->arena, &p);
	*out = blob_new(b.data ? b.data : "", b.len);
	return *out ? ST_OK : err_set(e, ST_NOMEM, "no memory for a fragment");
}

static void blob_unrefp(struct blob **b)
{
	if (*b)
		blob_unref(*b);
}

/* Through the cache, local or remote. */
enum status fragment_cached(struct ctx *ctx, const struct fragment_piece *p, struct buf *out, struct err *e)
{
	const struct cache_policy policy = fragment_policy(p->def);
	size_t size;
	struct piece_arg *arg = fragment_arg(ctx->arena, p, &size);
	__attribute__((cleanup(blob_unrefp))) struct blob *blob = NULL;
	TRY(cache_get(ctx, p->svc->platform->cache, p->key, &policy, p->svc->local ? make_local : fragment_make_remote,
	        arg, size, &blob, NULL, e));
	buf_put(out, blob->data, blob->len);
	return ST_OK;
}

static enum status write_piece(struct ctx *ctx, struct fragment_piece *p, struct buf *out, struct err *e)
{
	if (p->html) {
		buf_put(out, p->html->data, p->html->len);
		return ST_OK;
	}
	if (!p->svc->local)
		return err_set(e, ST_UNAVAILABLE, "service %s did not give it", p->svc->def->name);
	return kept(p) ? fragment_cached(ctx, p, out, e) : fragment_render(ctx, p, out, e);
}

/* --- a page --- */

struct fragment_page {
	struct ctx *ctx;
	struct fragment_piece *pieces;
	unsigned n, cap;
	struct str rest; /* behind the last piece */
};

static void page_release(struct fragment_page *pg)
{
	for (unsigned i = 0; i < pg->n; i++)
		if (pg->pieces[i].html)
			blob_unref(pg->pieces[i].html);
}

static struct fragment_piece *add_piece(struct fragment_page *pg)
{
	if (pg->n == pg->cap) {
		unsigned cap = pg->cap ? pg->cap * 4 : 8;
		struct fragment_piece *grown = ARENA_ARRAY(pg->ctx->arena, struct fragment_piece, cap);
		if (pg->n)
			memcpy(grown, pg->pieces, pg->n * sizeof *grown);
		pg->pieces = grown;
		pg->cap = cap;
	}
	return &pg->pieces[pg->n++];
}

static bool same_piece(const struct fragment_piece *a, const struct fragment_piece *b)
{
	return a->def && a->svc == b->svc && a->def == b->def && str_eq(a->params, b->params);
}

static void find_pieces(struct fragment_page *pg, const struct fragment_who *who, struct str page)
{
	struct arena *a = pg->ctx->arena;
	struct str before;
	struct fragment_mark m;
	pg->rest = page;
	while (pg->n < FRAGMENTS_MAX && fragment_next(&pg->rest, &before, &m)) {
		struct fragment_piece *p = add_piece(pg);
		fragment_piece(pg->ctx, who, fragment_decode(a, m.service), fragment_decode(a, m.type),
		        fragment_decode(a, m.params), p);
		p->before = before;
	}
	if (!pg->rest.p)
		pg->rest = before;
	/* The array does not grow any more, so pointers into it are valid from here on. */
	for (unsigned i = 0; i < pg->n; i++)
		for (unsigned k = 0; k < i && !pg->pieces[i].same; k++)
			if (same_piece(&pg->pieces[i], &pg->pieces[k]))
				pg->pieces[i].same = &pg->pieces[k];
}

/* Does making the pieces wait: for another process, for the fiber that makes one for the cache, or for a database
   on another host? */
static bool may_wait(const struct fragment_page *pg)
{
	for (unsigned i = 0; i < pg->n; i++) {
		const struct fragment_piece *p = &pg->pieces[i];
		if (p->def && (!p->svc->local || kept(p) || (p->svc->db && db_engine(p->svc->db) != DB_SQLITE)))
			return true;
	}
	return false;
}

/* From the cache, or into the batch of its service. */
static void have_remote(struct fragment_page *pg)
{
	struct platform *pl = pg->ctx->svc->platform;
	bool wanted = false;
	for (unsigned i = 0; i < pg->n; i++) {
		struct fragment_piece *p = &pg->pieces[i];
		if (!p->def || p->svc->local || p->same)
			continue;
		enum cache_state st = kept(p) ? cache_peek(pl->cache, p->key, &p->html) : CACHE_MISS;
		if (st == CACHE_MISS && kept(p) && cache_fetch(pg->ctx, pl->cache, p->key, &p->html))
			st = CACHE_FRESH;
		if (st == CACHE_STALE)
			fragment_refresh(pg->ctx, p);
		wanted |= st == CACHE_MISS;
	}
	if (wanted)
		fragment_fetch(pg->ctx, pg->pieces, pg->n);
}

/* False: its place stays empty. */
static bool compose_piece(struct fragment_page *pg, struct fragment_piece *p, struct buf *out)
{
	struct err why = { 0 };
	buf_putstr(out, p->before);
	size_t at = out->len;
	if (p->same && p->same->len && buf_reserve(out, p->same->len)) {
		buf_put(out, out->data + p->same->at, p->same->len);
		p->at = at;
		p->len = p->same->len;
		return true;
	}
	if (p->def && write_piece(pg->ctx, p, out, &why) == ST_OK) {
		p->at = at;
		p->len = out->len - at;
		return true;
	}
	if (out->len > at) { /* what the failed render had written already */
		out->len = at;
		out->data[at] = '\0';
	}
	LOG(DEBUG, pg->ctx, "fragment.missing", LS("service", p->svc ? p->svc->def->name : ""),
	        LS("type", p->def ? p->def->type : ""), LS("error", why.msg));
	return false;
}

/* Of a page whose pieces are all there: what somebody else has another one of. */
static void list_holes(const struct fragment_page *pg, struct fragment_holes *holes)
{
	holes->list = ARENA_ARRAY(pg->ctx->arena, struct fragment_hole, pg->n ? pg->n : 1);
	holes->n = 0;
	for (unsigned i = 0; i < pg->n; i++) {
		const struct fragment_piece *p = &pg->pieces[i];
		if (p->def && (p->def->per_person || p->def->cookie))
			holes->list[holes->n++] = (struct fragment_hole){
				p->at, p->len, str_c(p->svc->def->name), str_c(p->def->type), p->params
			};
	}
}

enum status fragment_compose(struct ctx *ctx, const struct fragment_who *who, struct str page,
        struct db_conn **reading, struct buf *out, struct fragment_holes *holes, unsigned *missing, struct err *e)
{
	assert(ctx->tx_depth == 0);
	__attribute__((cleanup(page_release))) struct fragment_page pg = { .ctx = ctx };
	unsigned lacking = 0;
	struct str text;
	struct fragment_mark m;
	find_pieces(&pg, who, page);
	if (reading && may_wait(&pg))
		db_read_end(reading);
	have_remote(&pg);
	buf_reserve(out, page.n + FRAGMENTS_ROOM);
	for (unsigned i = 0; i < pg.n; i++)
		lacking += !compose_piece(&pg, &pg.pieces[i], out);
	for (; fragment_next(&pg.rest, &text, &m); lacking++) /* more than FRAGMENTS_MAX */
		buf_putstr(out, text);
	buf_putstr(out, text);
	if (lacking)
		atomic_fetch_add(&ctx->svc->platform->fragments->missing, lacking);
	if (missing)
		*missing = lacking;
	if (holes)
		list_holes(&pg, holes);
	return buf_ok(out) ? ST_OK : err_set(e, ST_TOO_LARGE, "the page is too large");
}

enum status fragment_get(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct buf *out, struct err *e)
{
	assert(ctx->tx_depth == 0);
	struct fragment_page pg = { .ctx = ctx, .n = 1, .pieces = ARENA_NEW(ctx->arena, struct fragment_piece) };
	if (!fragment_piece(ctx, who, service, type, params, pg.pieces))
		return err_set(e, ST_NOT_FOUND, "there is no fragment %.*s/%.*s", STR_ARG(service), STR_ARG(type));
	if (!pg.pieces->svc->local)
		have_remote(&pg);
	enum status st = write_piece(ctx, pg.pieces, out, e);
	page_release(&pg);
	return st;
}

bool fragment_peek(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct blob **html)
{
	struct fragment_piece p;
	if (!fragment_piece(ctx, who, service, type, params, &p) || !kept(&p))
		return false;
	enum cache_state state = cache_peek(p.svc->platform->cache, p.key, html);
	if (state == CACHE_STALE)
		blob_unref(*html);
	return state == CACHE_FRESH;
}
