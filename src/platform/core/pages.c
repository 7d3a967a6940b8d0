/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/core/pages.h"

#include <stdlib.h>

#include "platform/core/web_url.h"

#define ROWS_MAX 256

/* The order of the administration. A group that is not here comes last. */
static const char *const groups[] = { "", "Site", "People", "Shop", "Events", "Letters", "Conversation", "Media",
	"System" };

static int group_rank(const char *group)
{
	int n = sizeof groups / sizeof *groups;
	for (int i = 0; group && i < n; i++)
		if (!strcmp(group, groups[i]))
			return i;
	return group ? n : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct page_link *x = a, *y = b;
	int gx = group_rank(x->row->group), gy = group_rank(y->row->group);
	if (gx != gy)
		return gx < gy ? -1 : 1;
	if (x->row->rank != y->row->rank)
		return x->row->rank < y->row->rank ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row; /* as declared */
}

static bool may_see(const struct person *person, const struct service *s, const struct page_row *row)
{
	const char *role = row->role ? row->role : row->place == PLACE_ADMIN ? "admin" : "";
	return person && person_may(person, s->name, role);
}

static bool is_below(struct str shown, struct str page)
{
	return str_eq(shown, page) ||
	        (page.n > 1 && str_starts(shown, page) && (shown.p[page.n] == '/' || page.p[page.n - 1] == '/'));
}

static bool shows(struct ctx *ctx, const struct service *s, const struct page_row *row, struct str shown)
{
	struct str path = web_url(ctx, s->name, "%s", row->path);
	if (!shown.n)
		return false;
	if (row->exact ? str_eq(shown, path) : is_below(shown, path))
		return true;
	for (const struct page_row *r = row->place == PLACE_BELOW ? NULL : s->pages; r && r->place; r++)
		if (r->place == PLACE_BELOW && !strcmp(r->under, row->path) &&
		        is_below(shown, web_url(ctx, s->name, "%s", r->path)))
			return true;
	return false;
}

static const char *group_of(const struct page_link *l)
{
	return l->row->group ? l->row->group : "";
}

struct page_link *pages_of(struct ctx *ctx, const struct person *person, enum page_place place, const char *under,
        struct str shown, size_t *n)
{
	const struct platform *p = ctx->svc->platform;
	struct page_link *list = ARENA_ARRAY(ctx->arena, struct page_link, ROWS_MAX);
	*n = 0;
	for (const struct page_row *row = under ? NULL : p->own_pages; row && row->place && *n < ROWS_MAX; row++)
		if (row->place == place && may_see(person, ctx->svc->def, row))
			list[(*n)++] = (struct page_link){ .row = row,
				.url = str_c(row->path), /* at the root of every host */
				.current = row->exact ? str_eqc(shown, row->path) : is_below(shown, str_c(row->path)) };
	for (unsigned i = 0; i < p->service_count; i++) {
		const struct service *s = p->services[i].def;
		if (under && s != ctx->svc->def)
			continue;
		for (const struct page_row *row = s->pages; row && row->place && *n < ROWS_MAX; row++)
			if (row->place == place && may_see(person, s, row) && (!under || !strcmp(row->under, under)))
				list[(*n)++] = (struct page_link){ .row = row,
					.url = web_url(ctx, s->name, "%s", row->path),
					.current = shows(ctx, s, row, shown) };
	}
	qsort(list, *n, sizeof *list, by_place);
	for (size_t i = 0; i < *n; i++)
		list[i].begins = !i || strcmp(group_of(&list[i]), group_of(&list[i - 1])) != 0;
	return list;
}
