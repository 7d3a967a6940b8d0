/* SPDX-License-Identifier: Apache-2.0
 *
 * What a post was: its revisions, what differs, and bringing one back. And looking at it before others do: as
 * everybody, as a member, or by a link that can be given away and withdrawn, of which only a hash is kept.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_tpl.h"
#include "platform/text/json.h"
#include "services/blog/blog_views.h"
#include "services/blog/goods.h"
#include "services/blog/import_plan.h"
#include "services/blog/store_parts.h"
#include "services/blog/write.h"

enum {
	PAGE_MAX = 40 << 20, /* the arena ends before */
	REVISIONS_SHOWN = 200,
	LINES_COMPARED = 600, /* of each text, between what is equal at both ends; more differ as a whole */
	CONTEXT = 2,          /* equal lines shown around what differs */
	LINKS_MAX = 20,       /* of one post */
	LINK_DAYS = 21,
	TOKEN_BYTES = 18,
	TOKEN_ROOM = TOKEN_BYTES * 4 / 3 + 4,
};

struct history_page {
	struct blog_writer who;
	struct blog_writing post;
	struct str zone;
};
static void history_close(struct history_page *h)
{
	write_close(&h->post);
}
#define SCOPED_HISTORY __attribute__((cleanup(history_close))) struct history_page

static enum status open_history(struct web *w, struct db_conn *c, struct history_page *h, struct err *e)
{
	*h = (struct history_page){ 0 };
	TRY(write_who(w, c, &h->who, e));
	return write_open(w, c, &h->who, web_path_int(w, "id"), &h->post, e);
}

/* --- what differs --------------------------------------------------------------------------------------------------
 */

static struct str *lines_of(struct arena *a, struct str text, size_t *n)
{
	struct str line;
	size_t room = 2;
	for (size_t i = 0; i < text.n; i++)
		room += text.p[i] == '\n';
	struct str *list = ARENA_ARRAY(a, struct str, room);
	*n = 0;
	while (text.n && str_next(&text, '\n', &line))
		if (str_trim(line).n)
			list[(*n)++] = line;
	return list;
}

struct differing {
	struct write_line *list;
	size_t n;
};

static void line_put(struct differing *d, enum write_line_kind kind, struct str text)
{
	d->list[d->n++] = (struct write_line){ kind, text };
}

/* The longest common row of lines, by the table of its lengths from each place on. */
static void compare_middle(struct arena *a, struct differing *d, const struct str *old, size_t n, const struct str *now,
                           size_t m)
{
	if (n > LINES_COMPARED || m > LINES_COMPARED) {
		for (size_t i = 0; i < n; i++)
			line_put(d, WRITE_LINE_GONE, old[i]);
		for (size_t k = 0; k < m; k++)
			line_put(d, WRITE_LINE_NEW, now[k]);
		return;
	}
	uint16_t *len = ARENA_ARRAY(a, uint16_t, (n + 1) * (m + 1));
	memset(len, 0, (n + 1) * (m + 1) * sizeof *len);
#define LEN(i, k) len[(i) * (m + 1) + (k)]
	for (size_t i = n; i--;)
		for (size_t k = m; k--;)
			LEN(i, k) = str_eq(old[i], now[k])          ? (uint16_t)(LEN(i + 1, k + 1) + 1)
			            : LEN(i + 1, k) > LEN(i, k + 1) ? LEN(i + 1, k)
			                                            : LEN(i, k + 1);
	size_t i = 0, k = 0;
	while (i < n || k < m) {
		if (i < n && k < m && str_eq(old[i], now[k]))
			line_put(d, WRITE_LINE_SAME, old[i]), i++, k++;
		else if (k == m || (i < n && LEN(i + 1, k) >= LEN(i, k + 1)))
			line_put(d, WRITE_LINE_GONE, old[i++]);
		else
			line_put(d, WRITE_LINE_NEW, now[k++]);
	}
#undef LEN
}

/* Of long runs that are equal only what stands beside a difference. */
static void fold_equal(struct arena *a, struct differing *d)
{
	bool *near = ARENA_ARRAY(a, bool, d->n + 1);
	size_t out = 0;
	for (size_t i = 0; i < d->n; i++) {
		near[i] = false;
		for (size_t k = i > CONTEXT ? i - CONTEXT : 0; k < d->n && k <= i + CONTEXT; k++)
			near[i] = near[i] || d->list[k].kind != WRITE_LINE_SAME;
	}
	for (size_t i = 0; i < d->n; i++)
		if (near[i])
			d->list[out++] = d->list[i];
		else if (!i || near[i - 1])
			d->list[out++] = (struct write_line){ WRITE_LINE_FOLDED, STR("…") };
	d->n = out;
}

static struct differing compare_texts(struct arena *a, struct str was, struct str is)
{
	size_t n, m, head = 0, tail = 0;
	struct str *old = lines_of(a, was, &n), *now = lines_of(a, is, &m);
	struct differing d = { ARENA_ARRAY(a, struct write_line, n + m + 1), 0 };
	while (head < n && head < m && str_eq(old[head], now[head]))
		head++;
	while (tail < n - head && tail < m - head && str_eq(old[n - 1 - tail], now[m - 1 - tail]))
		tail++;
	for (size_t i = 0; i < head; i++)
		line_put(&d, WRITE_LINE_SAME, old[i]);
	compare_middle(a, &d, old + head, n - head - tail, now + head, m - head - tail);
	for (size_t i = n - tail; i < n; i++)
		line_put(&d, WRITE_LINE_SAME, old[i]);
	fold_equal(a, &d);
	return d;
}

/* --- the list ------------------------------------------------------------------------------------------------------
 */

static struct str text_with_title(struct arena *a, struct str title, const json_t *doc)
{
	return arena_strf(a, "# %.*s\n\n%.*s", STR_ARG(title), STR_ARG(doc_markdown(a, doc)));
}

static enum status revision_document(struct web *w, const struct blog_revision_row *r, json_t **doc, struct err *e)
{
	enum body_format format;
	if (!doc_format(r->format, &format))
		return err_set(e, ST_NOT_FOUND, "There is no such revision.");
	return doc_open(w->ctx->arena, format, r->source, doc, e);
}

static enum status find_revision(struct web *w, struct db_conn *c, struct str id, struct blog_revision_row **row,
                                 struct err *e)
{
	int64_t revision;
	*row = NULL;
	if (id.p && id_parse(id, &revision))
		TRY(q_blog_revision(c, revision, web_path_int(w, "id"), row, e));
	return *row ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such revision.");
}

static struct write_revision *revision_views(struct web *w, const struct blog_revisions_row *rows, size_t n)
{
	static const struct {
		const char *kind, *words;
	} kinds[] = {
		{ "import", TR_NOOP("Imported") },       { "auto", TR_NOOP("By itself") },
		{ "saved", TR_NOOP("Saved") },           { "published", TR_NOOP("Published") },
		{ "restored", TR_NOOP("Brought back") },
	};
	struct write_revision *list = ARENA_ARRAY(w->ctx->arena, struct write_revision, n + 1);
	for (size_t i = 0; i < n; i++) {
		list[i] =
		        (struct write_revision){ .id = id_str(w->ctx->arena, rows[i].id),
			                         .who = rows[i].person_name,
			                         .when = html_time(w->ctx->arena, w->person->zone, rows[i].created_at),
			                         .words = rows[i].words,
			                         .shown = rows[i].shown };
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			if (str_eqc(rows[i].kind, kinds[k].kind))
				list[i].kind = str_c(tr(kinds[k].words));
	}
	return list;
}

enum status blog_get_write_revisions(struct web *w, struct err *e)
{
	SCOPED_HISTORY h = { 0 };
	SCOPED_JSON *doc = NULL;
	struct blog_revisions_row *rows;
	struct blog_revision_row *chosen = NULL;
	struct differing d = { NULL, 0 };
	struct str from = web_query(w, "from");
	struct buf out;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(open_history(w, c, &h, e));
	TRY(q_blog_revisions(c, h.post.row->id, REVISIONS_SHOWN, &rows, &n, e));
	if (from.p) {
		TRY(find_revision(w, c, from, &chosen, e));
		TRY(revision_document(w, chosen, &doc, e));
		d = compare_texts(w->ctx->arena, text_with_title(w->ctx->arena, chosen->title, doc),
		                  text_with_title(w->ctx->arena, h.post.title, h.post.doc));
	}
	const struct write_history v = { .w = w,
		                         .post = &h.post,
		                         .id = id_str(w->ctx->arena, h.post.row->id),
		                         .list = revision_views(w, rows, n),
		                         .n = n,
		                         .from = from.p ? from : STR(""),
		                         .lines = d.list,
		                         .line_n = d.n,
		                         .may_restore = write_may_edit(&h.who, &h.post) && !h.post.row->binned };
	struct page_shell shell = web_shell(w, "Revisions");
	web_no_cache(w);
	buf_arena(&out, w->ctx->arena, PAGE_MAX);
	tpl_blog_write_history(&out, &shell, &v);
	return web_html_reading(w, 200, &out, &c);
}

enum status blog_post_write_revisions(struct web *w, struct err *e)
{
	SCOPED_HISTORY h = { 0 };
	SCOPED_JSON *doc = NULL;
	struct blog_revision_row *row;
	struct body body, kept;
	TRY(web_form_load(w, e));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(open_history(w, c, &h, e));
		TRY(find_revision(w, c, web_form(w, "revision"), &row, e));
		TRY(revision_document(w, row, &doc, e));
	}
	if (h.post.row->binned || !write_may_edit(&h.who, &h.post))
		return err_set(e, ST_FORBIDDEN, "This can not be changed by you now.");
	struct write_change x = { .who = &h.who,
		                  .before = &h.post,
		                  .version = h.post.version,
		                  .title = row->title,
		                  .source = json_text(w->ctx->arena, doc),
		                  .what = WRITE_RESTORE,
		                  .type = h.post.row->type,
		                  .body = &body };
	TRY(write_body(w->ctx, BODY_LEXICAL, x.source, &body, e));
	TRY(write_keep_before(w, &h.post, true, &kept, &x, e));
	TRY(write_change(w, &x, e));
	return web_redirect(w, 303, web_url(w->ctx, "blog", "/write/%.*s", STR_ARG(id_str(w->ctx->arena, x.id))));
}

/* --- looking -------------------------------------------------------------------------------------------------------
 */

/* What somebody of that kind reads of it. */
static void show_to(struct blog_post *post, const struct body *b, enum blog_access access)
{
	enum blog_visibility v = post->card.visibility;
	bool open = access == BLOG_PAID || v == BLOG_PUBLIC || (access == BLOG_MEMBER && v == BLOG_MEMBERS_ONLY);
	struct safe_html part = access == BLOG_PAID ? b->html : access == BLOG_MEMBER ? b->member : b->visitor;
	post->gated = !open;
	post->html = open ? part.s.p ? part : b->html : b->preview;
	if (!post->html.s.p)
		post->html.s = STR("");
}

static enum status show_draft(struct web *w, struct db_conn *c, struct blog_writing *p, enum blog_access access,
                              struct safe_html above, struct err *e)
{
	const struct blog_writing_row *r = p->row;
	struct blog_site site;
	struct body body;
	struct buf out;
	unsigned goods;
	TRY(blog_site(w->ctx, c, &site, e));
	TRY(write_body(w->ctx, BODY_LEXICAL, p->source, &body, e));
	struct blog_post post = { .card = { .id = r->id,
		                            .slug = r->slug,
		                            .title = p->title,
		                            .excerpt = r->custom_excerpt.p ? r->custom_excerpt : STR(""),
		                            .published_at = r->published_at_null ? clock_now_us() : r->published_at,
		                            .reading_min = body.reading_min,
		                            .visibility = store_visibility(r->visibility),
		                            .is_page = str_eqc(r->type, "page"),
		                            .lang = r->lang,
		                            .image = { .src = r->image_path.n ? r->image_path : r->image_url,
		                                       .srcset = r->image_srcset.p ? r->image_srcset : STR(""),
		                                       .alt = r->image_alt } },
		                  .has_custom_excerpt = r->custom_excerpt.n > 0,
		                  .caption = { r->caption.p ? r->caption : STR("") } };
	store_card_links(w->ctx->arena, r->tags, r->authors, &post.card);
	show_to(&post, &body, access);
	post.html = goods_live(w->ctx, post.html, &goods);
	struct page_shell shell = web_shell(w, "Preview");
	shell.title = arena_strf(w->ctx->arena, "%.*s – %.*s", STR_ARG(p->title), STR_ARG(site.title));
	shell.kind = STR("post");
	shell.lang = r->lang.n ? r->lang : site.lang;
	const struct blog_post_view view = { .w = w, .site = &site, .post = &post, .above = above };
	web_no_cache(w);
	buf_arena(&out, w->ctx->arena, PAGE_MAX);
	tpl_blog_post(&out, &shell, &view);
	return web_html_reading(w, 200, &out, &c);
}

static enum status look(struct web *w, struct str made, struct err *e)
{
	static const struct {
		const char *name;
		enum blog_access access;
	} kinds[] = {
		{ "visitor", BLOG_VISITOR },
		{ "member", BLOG_MEMBER },
		{ "paid", BLOG_PAID },
	};
	SCOPED_HISTORY h = { 0 };
	struct str as = web_query(w, "as");
	struct blog_preview_links_row *links;
	struct buf bar;
	size_t n, which = 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(open_history(w, c, &h, e));
	TRY(q_blog_preview_links(c, h.post.row->id, clock_now_us(), LINKS_MAX, &links, &n, e));
	for (size_t i = 0; as.p && i < sizeof kinds / sizeof *kinds; i++)
		which = str_eqc(as, kinds[i].name) ? i : which;
	struct write_link *list = ARENA_ARRAY(w->ctx->arena, struct write_link, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct write_link){ id_str(w->ctx->arena, links[i].id), links[i].person_name,
			                       html_day(w->ctx->arena, w->person->zone, links[i].ends_at) };
	const struct write_look v = { .w = w,
		                      .id = id_str(w->ctx->arena, h.post.row->id),
		                      .as = str_c(kinds[which].name),
		                      .made = made,
		                      .links = list,
		                      .link_n = n };
	buf_arena(&bar, w->ctx->arena, WEB_PAGE_MAX);
	tpl_blog_write_look(&bar, &v);
	return show_draft(w, c, &h.post, kinds[which].access, html_from_template(&bar), e);
}

enum status blog_get_write_preview(struct web *w, struct err *e)
{
	return look(w, STR(""), e);
}

/* --- links ---------------------------------------------------------------------------------------------------------
 */

static struct str token_hash(struct arena *a, struct str token)
{
	const struct str parts[] = { STR("preview"), token };
	return import_hash(a, parts, 2);
}

struct link_change {
	struct web *w;
	int64_t post, link;
	struct str hash;
};

static enum status tx_link(struct db_conn *c, void *arg, struct err *e)
{
	const struct link_change *x = arg;
	struct blog_preview_links_row *links;
	int64_t now = clock_now_us();
	size_t n;
	struct audit_entry entry = { .action = x->link ? "post.link_withdrawn" : "post.link_made",
		                     .object = id_str(db_arena(c), x->post) };
	if (x->link) {
		TRY(q_blog_preview_link_drop(c, x->link, x->post, NULL, e));
	} else {
		TRY(q_blog_preview_links(c, x->post, now, LINKS_MAX, &links, &n, e));
		if (n >= LINKS_MAX)
			return err_set(e, ST_CONFLICT, "A post has at most %d such links. Withdraw one first.",
			               LINKS_MAX);
		TRY(q_blog_preview_link_add(c, x->hash, id_new(), x->post, x->w->person->name, now,
		                            now + LINK_DAYS * INT64_C(86400) * US_PER_S, NULL, e));
	}
	audit_from(x->w, &entry);
	return audit_write(c, &entry, e);
}

enum status blog_post_write_links(struct web *w, struct err *e)
{
	struct link_change x = { .w = w, .post = web_path_int(w, "id") };
	char token[TOKEN_ROOM];
	TRY(web_form_load(w, e));
	struct str link = web_form(w, "link");
	{
		SCOPED_HISTORY h = { 0 };
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(open_history(w, c, &h, e));
	}
	if (link.n && !id_parse(link, &x.link))
		return err_set(e, ST_NOT_FOUND, "This link has ended or was withdrawn.");
	random_token(token, TOKEN_BYTES);
	x.hash = token_hash(w->ctx->arena, str_c(token));
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_link, &x, e));
	if (x.link)
		return web_redirect(
		        w, 303, web_url(w->ctx, "blog", "/write/%.*s/preview", STR_ARG(id_str(w->ctx->arena, x.post))));
	return look(w, web_abs_url(w->ctx, "blog", "/preview/%s", token), e);
}

enum status blog_get_preview(struct web *w, struct err *e)
{
	SCOPED_WRITING p = { 0 };
	struct blog_preview_link_row *row;
	struct blog_writer everybody = { .level = WRITE_EDITOR };
	struct str token = web_path(w, "token");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_preview_link(c, token_hash(w->ctx->arena, token), clock_now_us(), &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "This link has ended or was withdrawn.");
	TRY(write_open(w, c, &everybody, row->object_id, &p, e));
	if (p.row->binned)
		return err_set(e, ST_NOT_FOUND, "This link has ended or was withdrawn.");
	return show_draft(w, c, &p, BLOG_PAID, (struct safe_html){ STR("") }, e);
}

/* --- the demonstration ---------------------------------------------------------------------------------------------
 */

struct demo_revision {
	int64_t post, at;
	struct str title, source;
	struct body body;
};

static enum status tx_demo(struct db_conn *c, void *arg, struct err *e)
{
	const struct demo_revision *x = arg;
	int64_t id = id_new();
	TRY(q_blog_revision_add(c, id, x->post, x->at, NULL, x->title, STR("lexical"), x->source, x->body.html.s,
	                        x->body.member.s, x->body.visitor.s, x->body.preview.s, x->body.plain, x->body.words,
	                        write_hash(db_arena(c), x->title, x->source), NULL, e));
	return q_blog_revision_told(c, id, STR("saved"), NULL, STR("Ruth Ellery"), NULL, e);
}

/* As it was the day before: without its last block. */
enum status write_demo(struct ctx *ctx, struct err *e)
{
	struct blog_first_draft_row *draft;
	struct blog_writing_row *row;
	SCOPED_JSON *doc = NULL;
	enum body_format format;
	struct demo_revision x;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_blog_first_draft(c, &draft, e));
		if (!draft)
			return ST_OK;
		TRY(q_blog_writing(c, draft->id, &row, e));
	}
	if (!row->source.p || !doc_format(row->format, &format))
		return ST_OK;
	TRY(doc_open(ctx->arena, format, row->source, &doc, e));
	json_t *blocks = doc_blocks(doc);
	if (json_array_size(blocks) < 2)
		return ST_OK;
	json_array_remove(blocks, json_array_size(blocks) - 1);
	x = (struct demo_revision){ .post = row->id,
		                    .at = row->created_at - INT64_C(86400) * US_PER_S,
		                    .title = row->title,
		                    .source = json_text(ctx->arena, doc) };
	TRY(write_body(ctx, BODY_LEXICAL, x.source, &x.body, e));
	return db_write(ctx, ctx->svc->db, tx_demo, &x, e);
}
