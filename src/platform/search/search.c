/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/search/search.h"

#include "base/clock.h"
#include "gen/platform_tpl.h"
#include "platform/peers/contract.h"

#define PAGE_MAX (512u << 10)
#define PARTS_MAX 64u
#define PAGES_MAX 1000
#define ASK_NS (600 * NS_PER_MS) /* of each service: one that is away does not hold up the others */
#define ADDRESS_MAX 2048u

static enum status get_search(struct web *w, struct err *e);

const struct route search_routes[] = {
	{ "GET", "/search/", get_search, .help = "Search over all services" },
	{ 0 },
};

/* --- asking ------------------------------------------------------------------------------------------------------- */

static const struct search_def *kind_of(const struct service *s, struct str kind)
{
	for (const struct search_def *d = s->searches; d && d->kind; d++)
		if (str_eqc(kind, d->kind))
			return d;
	return NULL;
}

static void add_part(
        struct search_view *v, struct search_part *list, const struct service *s, const struct search_found *f)
{
	const struct search_def *def = kind_of(s, f->kind);
	if (!def || !f->total || v->count == PARTS_MAX)
		return;
	struct str kind = arena_strf(v->w->ctx->arena, "%s.%s", s->name, def->kind);
	list[v->count++] = (struct search_part){ .def = def, .found = f, .url = kind };
}

/* "blog.posts": is the kind that is chosen this service's? *kind: what it calls it. */
static bool is_asked(const struct search_view *v, const struct service *s, struct str *kind)
{
	struct str rest = v->kind, service;
	*kind = STR("");
	if (!v->kind.n)
		return true;
	if (!str_cut(&rest, '.', &service) || !str_eqc(service, s->name))
		return false;
	*kind = rest;
	return true;
}

static void ask_service(struct search_view *v, struct search_part *list, const struct service *s)
{
	const struct contract_def *def = contract_named(s, "search");
	const struct person *p = v->w->person;
	struct search_ask ask = { .words = v->typed,
		.page = (int32_t)v->page,
		.size = SEARCH_PAGE,
		.person = p ? p->id : 0,
		.roles = p ? p->roles : STR("") };
	struct search_answer *found = ARENA_NEW(v->w->ctx->arena, struct search_answer);
	struct ctx ctx = *v->w->ctx;
	if (!def || !is_asked(v, s, &ask.kind))
		return;
	int64_t until = clock_mono_ns() + ASK_NS;
	if (!ctx.deadline_ns || ctx.deadline_ns > until)
		ctx.deadline_ns = until;
	if (contract_call(&ctx, def, &ask, found, NULL) != ST_OK) {
		v->missing = true;
		return;
	}
	v->left_out |= found->left_out;
	for (size_t i = 0; i < found->kinds.count; i++)
		add_part(v, list, s, &found->kinds.items[i]);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static struct str address(const struct search_view *v, struct str kind, int64_t page)
{
	struct buf b;
	buf_arena(&b, v->w->ctx->arena, ADDRESS_MAX);
	BUF_LIT(&b, "/search/?q=");
	url_encode(&b, v->typed);
	if (kind.n) {
		BUF_LIT(&b, "&in=");
		url_encode(&b, kind);
	}
	if (page > 1)
		buf_printf(&b, "&page=%lld", (long long)page);
	return buf_str(&b);
}

static void put_addresses(struct search_view *v, struct search_part *list)
{
	struct str kind = v->kind.n ? v->kind : v->count ? list[0].url : STR("");
	for (size_t i = 0; i < v->count; i++)
		list[i].url = address(v, list[i].url, 1);
	v->all = address(v, STR(""), 1);
	v->prev = v->page > 1 ? address(v, kind, v->page - 1) : STR("");
	v->next = v->page < v->pages ? address(v, kind, v->page + 1) : STR("");
}

static void search_all(struct search_view *v)
{
	const struct platform *p = v->w->ctx->svc->platform;
	struct search_part *list = ARENA_ARRAY(v->w->ctx->arena, struct search_part, PARTS_MAX);
	v->parts = list;
	v->pages = 1;
	for (unsigned i = 0; v->typed.n && i < p->service_count; i++)
		ask_service(v, list, p->services[i].def);
	/* Of one kind as many as a page takes, whether it was chosen or is the only one. */
	for (size_t i = 0; i < v->count; i++)
		list[i].shown = v->count > 1 && list[i].found->hits.count > SEARCH_FEW ? SEARCH_FEW
		                                                                       : list[i].found->hits.count;
	if (v->count == 1)
		v->pages = (list[0].found->total + SEARCH_PAGE - 1) / SEARCH_PAGE;
	put_addresses(v, list);
}

static enum status get_search(struct web *w, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(w, "Search");
	struct search_view v = { .w = w, .typed = str_or_empty(str_trim(web_query(w, "q"))),
		.kind = str_first(str_or_empty(web_query(w, "in")), SEARCH_WORD_MAX), .page = 1 };
	(void)e;
	v.typed = str_trim(str_utf8_first(v.typed, SEARCH_TYPED_MAX));
	(void)web_query_int(w, "page", 1, PAGES_MAX, &v.page);
	if (!v.kind.n)
		v.page = 1;
	search_all(&v);
	shell.forms = false;
	shell.kind = STR("search");
	if (w->person)
		web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_search_page(&page, &shell, &v);
	return web_html(w, 200, &page);
}
