/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/id.h"
#include "platform/cache/cache.h"
#include "platform/work/event.h"
#include "services/blog/write.h"

static bool level_of(const struct person *p, enum write_level *out)
{
	static const struct {
		const char *role;
		enum write_level level;
	} levels[] = {
		{ "editor", WRITE_EDITOR },
		{ "author", WRITE_AUTHOR },
		{ "contributor", WRITE_CONTRIBUTOR },
	};
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (person_may(p, "blog", levels[i].role)) {
			*out = levels[i].level;
			return true;
		}
	return false;
}

enum status write_who(struct web *w, struct db_conn *c, struct blog_writer *out, struct err *e)
{
	struct blog_author_of_row *row;
	*out = (struct blog_writer){ .person = w->person, .slug = STR(""), .name = STR("") };
	if (!level_of(w->person, &out->level))
		return err_set(e, ST_FORBIDDEN, "Writing is for those who have been asked to write here.");
	TRY(q_blog_author_of(c, w->person->id, &row, e));
	if (row) {
		out->author = row->id;
		out->slug = row->slug;
		out->name = row->title;
	}
	return ST_OK;
}

static enum status add_author(struct db_conn *c, const struct person *p, int64_t *author, struct err *e)
{
	struct blog_object_by_slug_row *taken;
	struct arena *a = db_arena(c);
	struct str name = p->name.n ? p->name : TR("Author"), base = body_slug(a, name), slug = base;
	int64_t now = clock_now_us();
	*author = id_new();
	if (!base.n)
		slug = base = STR("author");
	for (int n = 2;; n++) {
		TRY(q_blog_object_by_slug(c, STR("author"), slug, &taken, e));
		if (!taken)
			break;
		slug = n > WRITE_SLUG_TRIES ? write_slug_of(a, base, *author)
		                            : arena_strf(a, "%.*s-%d", STR_ARG(base), n);
	}
	TRY(q_blog_object_add(c, *author, STR("author"), slug, name, STR("published"), STR("public"), false, STR(""), 0,
	                      STR(""), STR(""), NULL, STR(""), STR(""), now, now, &now, STR_NULL, STR_NULL, NULL, e));
	return q_blog_profile_put(c, *author, STR(""), STR(""), STR(""), STR(""), STR("{}"), STR(""), NULL, e);
}

enum status write_author(struct db_conn *c, const struct person *p, int64_t *author, struct err *e)
{
	struct blog_author_of_row *row;
	struct blog_author_by_email_row *imported;
	TRY(q_blog_author_of(c, p->id, &row, e));
	if (row) {
		*author = row->id;
		return ST_OK;
	}
	TRY(q_blog_author_by_email(c, p->email, &imported, e));
	if (imported)
		*author = imported->id;
	else
		TRY(add_author(c, p, author, e));
	return q_blog_author_is(c, p->id, *author, NULL, e);
}

bool write_may_edit(const struct blog_writer *who, const struct blog_writing *p)
{
	if (who->level == WRITE_EDITOR || !p)
		return true;
	return p->mine && (who->level == WRITE_AUTHOR || str_eqc(p->row->status, "draft"));
}

bool write_may_publish(const struct blog_writer *who, const struct blog_writing *p)
{
	return who->level != WRITE_CONTRIBUTOR && write_may_edit(who, p);
}

/* --- who leaves ----------------------------------------------------------------------------------------------------
 */

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *person = arg;
	TRY(q_blog_author_forget(c, *person, NULL, e));
	TRY(q_blog_comments_forget(c, *person, NULL, e));
	TRY(q_blog_revisions_forget(c, *person, NULL, e));
	TRY(q_blog_media_forget(c, *person, NULL, e));
	return q_blog_drafts_forget(c, *person, NULL, e);
}

/* What they wrote for the site stays, under the name that it was published with; who it was is no longer known. What
   they said under posts goes. */
enum status blog_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e)
{
	int64_t person;
	if (!str_i64(ev->object, &person))
		return ST_OK;
	TRY(db_write(ctx, ctx->svc->db, tx_forget, &person, e));
	cache_drop_tag(ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}
