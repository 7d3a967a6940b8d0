/* SPDX-License-Identifier: Apache-2.0
 *
 * The pieces of the blog that pages of every service include.
 */
#include "base/id.h"
#include "gen/blog_tpl.h"
#include "services/blog/blog_http.h"
#include "services/blog/blog_views.h"

static enum status with_site(struct fragment_req *f, struct db_conn **c, struct blog_site *site, struct err *e)
{
	TRY(db_read(f->ctx, f->ctx->svc->db, c, e));
	return blog_site(f->ctx, *c, site, e);
}

enum status blog_fragment_brand(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(blog_brand(f->ctx, c, &site, e));
	tpl_blog_brand(out, f->ctx, &site);
	return ST_OK;
}

/* menu: "primary" or "secondary". */
enum status blog_fragment_nav_tree(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct str menu = fragment_param(f, "menu");
	if (!menu.p)
		menu = STR("primary");
	struct blog_nav nav;
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(blog_nav(f->ctx, c, menu, &nav, e));
	TRY(blog_brand(f->ctx, c, &site, e));
	tpl_blog_nav_tree(out, &nav, site.lang);
	return ST_OK;
}

/* id: of a post. */
enum status blog_fragment_link_card(struct fragment_req *f, struct buf *out, struct err *e)
{
	int64_t id;
	struct blog_card card;
	if (!id_parse(fragment_param(f, "id"), &id))
		return err_set(e, ST_INVALID, "link-card needs the id of a post");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(blog_card_by_id(f->ctx, c, id, &card, e));
	tpl_blog_link_card(out, f->ctx, &card);
	return ST_OK;
}

/* limit: how many of the newest posts (1 to 12). */
enum status blog_fragment_container_cards(struct fragment_req *f, struct buf *out, struct err *e)
{
	int64_t limit;
	if (!str_i64(fragment_param(f, "limit"), &limit) || limit < 1 || limit > 12)
		limit = 3;
	struct blog_site site;
	struct blog_page page;
	SCOPED_DB_READ c = NULL;
	TRY(with_site(f, &c, &site, e));
	TRY(blog_home(f->ctx, c, 1, (int)limit, &page, e));
	tpl_blog_container_cards(out, f->ctx, &site, page.posts, page.count);
	return ST_OK;
}
