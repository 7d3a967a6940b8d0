/* SPDX-License-Identifier: Apache-2.0
 *
 * The page of a list: what its address asks for, its rows made into cells, the addresses that lead on.
 */
#include "platform/tables/tables_int.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/platform_tpl.h"
#include "platform/search/search.h"

#define PAGE_MAX (1u << 20)
#define SIDE_MAX (256u << 10) /* what stands before or behind a list */

/* --- what is asked for ------------------------------------------------------------------------------------------ */

const struct choice *table_choices(struct web *w, const struct table_filter *f, size_t *n)
{
	const struct choice *list = f->choose ? f->choose(w) : f->choices;
	for (*n = 0; *n < TABLE_CHOICES_MAX && list[*n].value;)
		++*n;
	return list;
}

/* Only what is offered: anything else in an address narrows nothing. */
static struct str chosen(struct web *w, const struct table_filter *f)
{
	struct str value = web_query(w, f->name);
	size_t n = 0;
	const struct choice *list = value.n || f->always ? table_choices(w, f, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		if (str_eqc(value, list[i].value))
			return value;
	return f->always && n ? str_c(list[0].value) : STR("");
}

/* Where the list is. ending: behind its path. */
static struct str address_of(struct web *w, const struct table_desc *d, const char *ending)
{
	if (d->rooted)
		return arena_strf(w->ctx->arena, "%s%s", d->path, ending);
	return web_url(w->ctx, w->ctx->svc->def->name, "%s%s", d->path, ending);
}

struct db *table_db(struct web *w, const struct table_desc *d, const struct table_ask *ask)
{
	return d->db ? d->db(w, ask) : w->ctx->svc->db;
}

static void read_page(struct web *w, const struct table_desc *d, struct db_page *p, const struct column **sorted)
{
	struct str name = web_query(w, "sort"), key = str_or_empty(web_query(w, "after"));
	int64_t down = 0;
	*sorted = NULL;
	for (const struct column *c = d->columns; c->kind; c++) {
		bool first = c->sort && d->sort && !*sorted && !strcmp(c->sort, d->sort);
		if (first || (c->sort && str_eqc(name, c->sort)))
			*sorted = c;
		if (c->sort && str_eqc(name, c->sort))
			break;
	}
	p->down = web_query_int(w, "down", 0, 1, &down) ? down : d->down;
	p->sort = *sorted ? (*sorted)->by : 0;
	p->lim = TABLE_ROWS + 1;
	p->at_text = str_or_empty(web_query(w, "at"));
	bool at = str_i64(p->at_text, &p->at);
	p->key_text = key;
	p->next = key.n && key.n <= TABLE_KEY_MAX && (d->text_key || id_parse(key, &p->key)) &&
	        (at || (*sorted && (*sorted)->kind < CELL_NUMBER));
}

void table_ask_read(struct web *w, const struct table_desc *d, struct table_ask *ask, const struct column **sorted)
{
	*ask = (struct table_ask){ .search = STR("") };
	if (d->search)
		ask->search = str_utf8_first(str_or_empty(str_trim(web_query(w, "q"))), TABLE_SEARCH_MAX);
	ask->like = search_like(w->ctx->arena, ask->search);
	for (unsigned i = 0; i < TABLE_FILTERS; i++)
		ask->filter[i] = STR("");
	for (unsigned i = 0; d->filters && d->filters[i].name && i < TABLE_FILTERS; i++)
		ask->filter[i] = chosen(w, &d->filters[i]);
	read_page(w, d, &ask->page, sorted);
}

/* --- cells ------------------------------------------------------------------------------------------------------ */

const void *table_member(const struct column *c, const void *row)
{
	return (const char *)row + c->at;
}

struct str table_key(struct arena *a, const struct table_desc *d, const void *row)
{
	if (d->text_key)
		return *(const struct str *)row;
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(*(const int64_t *)row, text);
	return str_n(text, ID_TEXT_LEN);
}

static void cut_words(struct arena *a, struct table_value *v)
{
	struct str rest = v->text, word;
	struct str *list = ARENA_ARRAY(a, struct str, v->text.n / 2 + 1);
	while (rest.n && str_next(&rest, ' ', &word))
		if (word.n)
			list[v->word_n++] = word;
	v->words = list;
}

static struct table_value value_of(struct web *w, const struct column *c, const void *row)
{
	struct arena *a = w->ctx->arena;
	struct table_value v = { .column = c, .text = STR(""), .iso = STR("") };
	const void *m = table_member(c, row);
	int64_t n = c->kind >= CELL_NUMBER ? *(const int64_t *)m : 0;
	if (c->text)
		v.text = c->text(w, row);
	else if (c->kind == CELL_NUMBER)
		v.text = arena_strf(a, "%lld", (long long)n);
	else if (c->kind == CELL_DAY && n)
		v.text = html_day(a, w->person->zone, n);
	else if (c->kind == CELL_MOMENT && n)
		v.text = html_time(a, w->person->zone, n);
	else if (c->kind < CELL_NUMBER)
		v.text = str_or_empty(*(const struct str *)m);
	if (n && (c->kind == CELL_DAY || c->kind == CELL_MOMENT)) {
		char *iso = arena_alloc(a, CLOCK_TEXT_MAX);
		clock_rfc3339(n - n % US_PER_S, iso);
		v.iso = str_c(iso);
	}
	if (c->kind == CELL_WORDS || (c->kind == CELL_STATE && !(c->usual && str_eqc(v.text, c->usual))))
		cut_words(a, &v);
	return v;
}

static struct table_line line_of(struct table_view *v, const void *row)
{
	struct web *w = v->w;
	struct table_value *cells = ARENA_ARRAY(w->ctx->arena, struct table_value, v->column_n);
	struct table_line l = { .key = table_key(w->ctx->arena, v->d, row),
		.url = v->d->url ? v->d->url(w, row) : STR(""),
		.cells = cells };
	size_t n = 0;
	for (const struct column *c = v->d->columns; c->kind; c++)
		if (!c->only_file)
			cells[n++] = value_of(w, c, row);
	l.name = cells[0].text;
	for (unsigned i = 0; i < w->form_.count; i++)
		l.chosen |= str_eqc(w->form_.list[i].name, "key") && str_eq(w->form_.list[i].value, l.key);
	return l;
}

/* --- addresses -------------------------------------------------------------------------------------------------- */

static void put_pair(struct buf *b, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_printf(b, "%s=", name);
	url_encode(b, value);
	buf_putc(b, '&');
}

void table_address(
        struct web *w, const struct table_desc *d, const struct table_ask *ask, const char *ending, struct buf *b)
{
	buf_arena(b, w->ctx->arena, TABLE_ADDRESS_MAX);
	buf_putstr(b, address_of(w, d, ending));
	buf_putc(b, '?');
	put_pair(b, "q", ask->search);
	for (unsigned i = 0; d->filters && d->filters[i].name && i < TABLE_FILTERS; i++)
		put_pair(b, d->filters[i].name, ask->filter[i]);
}

static struct str address_end(struct buf *b)
{
	if (b->len)
		b->len--; /* the last '&', or the '?' */
	return buf_ok(b) ? buf_str(b) : STR("");
}

void table_put_sort(struct buf *b, const struct column *c, bool down)
{
	if (c)
		buf_printf(b, "sort=%s&down=%d&", c->sort, down);
}

static struct str sorted_by(const struct table_view *v, const struct column *c)
{
	struct buf b;
	table_address(v->w, v->d, &v->ask, "", &b);
	table_put_sort(&b, c, c == v->sorted ? !v->ask.page.down : c->first_down);
	return address_end(&b);
}

static struct str here(const struct table_view *v, const char *ending)
{
	struct buf b;
	table_address(v->w, v->d, &v->ask, ending, &b);
	table_put_sort(&b, v->sorted, v->ask.page.down);
	return address_end(&b);
}

/* Behind this row. */
static struct str next_of(const struct table_view *v, const void *last)
{
	struct buf b;
	table_address(v->w, v->d, &v->ask, "", &b);
	table_put_sort(&b, v->sorted, v->ask.page.down);
	if (v->sorted && v->sorted->kind < CELL_NUMBER)
		put_pair(&b, "at", *(const struct str *)table_member(v->sorted, last));
	else if (v->sorted)
		buf_printf(&b, "at=%lld&", (long long)*(const int64_t *)table_member(v->sorted, last));
	put_pair(&b, "after", table_key(v->w->ctx->arena, v->d, last));
	return address_end(&b);
}

/* --- the page --------------------------------------------------------------------------------------------------- */

static void put_heads(struct table_view *v)
{
	struct table_head *heads = ARENA_ARRAY(v->w->ctx->arena, struct table_head, TABLE_COLUMNS_MAX);
	for (const struct column *c = v->d->columns; c->kind && v->column_n < TABLE_COLUMNS_MAX; c++) {
		if (c->only_file)
			continue;
		heads[v->column_n++] = (struct table_head){ .column = c,
			.url = c->sort ? sorted_by(v, c) : STR(""),
			.sorted = c != v->sorted ? NULL : v->ask.page.down ? "descending" : "ascending" };
	}
	v->heads = heads;
}

static void put_narrows(struct table_view *v)
{
	struct table_narrow *list = ARENA_ARRAY(v->w->ctx->arena, struct table_narrow, TABLE_FILTERS);
	v->narrowed = v->ask.search.n;
	for (const struct table_filter *f = v->d->filters; f && f->name && v->narrow_n < TABLE_FILTERS; f++) {
		struct table_narrow *o = &list[v->narrow_n];
		*o = (struct table_narrow){ .filter = f, .value = v->ask.filter[v->narrow_n++] };
		o->choices = table_choices(v->w, f, &o->choice_n);
		v->always |= f->always;
		v->narrowed |= !f->always && o->value.n > 0;
	}
	v->narrows = list;
}

static void put_actions(struct table_view *v)
{
	v->actions = v->d->actions;
	for (const struct table_action *x = v->actions; x && x->name && !x->hidden; x++) {
		v->action_n++;
		v->each |= x->each;
	}
}

static enum status put_lines(struct table_view *v, struct err *e)
{
	struct table_found found = { 0 };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(v->w->ctx, table_db(v->w, v->d, &v->ask), &c, e));
	TRY(v->d->load(v->w, c, &v->ask, &found, e));
	bool more = found.n > TABLE_ROWS;
	const char *rows = found.rows;
	v->n = more ? TABLE_ROWS : found.n;
	struct table_line *lines = ARENA_ARRAY(v->w->ctx->arena, struct table_line, v->n + 1);
	for (size_t i = 0; i < v->n; i++)
		lines[i] = line_of(v, rows + i * v->d->row_size);
	v->lines = lines;
	v->next = more ? next_of(v, rows + (v->n - 1) * v->d->row_size) : STR("");
	return ST_OK;
}

static struct safe_html beside(struct table_view *v, void (*draw)(struct buf *out, struct web *w, void *arg), void *arg)
{
	struct buf b;
	if (!draw)
		return (struct safe_html){ STR("") };
	buf_arena(&b, v->w->ctx->arena, SIDE_MAX);
	draw(&b, v->w, arg);
	return html_from_template(&b);
}

enum status table_answer(struct web *w, const struct table_desc *d, const struct table_told *t, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(w, d->title);
	struct table_view v = { .w = w,
		.d = d,
		.problem = t->problem,
		.done = t->done,
		.done_n = t->done_n,
		.done_keys = t->done_keys,
		.asking = t->asking,
		.asked = t->asked,
		.asked_n = t->asked_n };
	table_ask_read(w, d, &v.ask, &v.sorted);
	put_heads(&v);
	put_narrows(&v);
	put_actions(&v);
	v.all = address_of(w, d, "");
	v.here = here(&v, "");
	v.csv = d->exported ? here(&v, ".csv") : STR("");
	v.first = v.ask.page.next ? v.here : STR("");
	if (!v.asking)
		TRY(put_lines(&v, e));
	v.above = beside(&v, d->above, t->arg);
	v.below = beside(&v, d->below, t->arg);
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_table_page(&page, &shell, &v);
	return web_html(w, t->status, &page);
}

enum status table_show(
        struct web *w, const struct table_desc *d, int status, void *arg, struct str problem, struct err *e)
{
	return table_answer(w, d,
	        &(struct table_told){ .status = status, .arg = arg, .problem = problem, .done_keys = STR("") }, e);
}

/* What was done is told of our own words alone, whatever an address says. */
enum status table_get(struct web *w, const struct table_desc *d, void *arg, struct err *e)
{
	struct table_told t = {
		.status = 200, .arg = arg, .problem = STR(""), .done_keys = str_or_empty(web_query(w, "keys"))
	};
	t.done = table_action_named(d, web_query(w, "done"));
	if (!web_query_int(w, "n", 0, TABLE_AT_ONCE, &t.done_n))
		t.done = NULL;
	return table_answer(w, d, &t, e);
}
