/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of comments, and the transactions that write them. Each ends with its entry in the audit chain; the words
 * themselves are never in it.
 */
#include "services/blog/comments.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/cache/cache.h"
#include "platform/text/json.h"
#include "platform/work/event.h"

#define HOUR_US (3600 * US_PER_S)

enum status comment_post(struct db_conn *c, int64_t id, enum blog_access access, int64_t now,
        struct blog_commentable_row **post, struct err *e)
{
	TRY(q_blog_commentable(c, id, access, now, post, e));
	if (!*post)
		return err_set(e, ST_NOT_FOUND, "There is no such post any more.");
	if ((*post)->gated)
		return err_set(e, ST_FORBIDDEN, "Comments are for those who may read all of this.");
	if ((*post)->closed)
		return err_set(e, ST_FORBIDDEN, "Comments are closed here.");
	if ((*post)->comments >= COMMENTS_OF_POST_MAX)
		return err_set(e, ST_FORBIDDEN, "There are so many comments here that it takes no more.");
	return ST_OK;
}

enum status comment_answered(
        struct db_conn *c, int64_t post, int64_t id, struct blog_comment_get_row **out, struct err *e)
{
	TRY(q_blog_comment_get(c, id, out, e));
	if (!*out || (*out)->object_id != post || !str_eqc((*out)->status, "shown"))
		return err_set(e, ST_NOT_FOUND, "What you answer is not there any more.");
	return ST_OK;
}

/* Does this one wait? ST_RATE_LIMITED: it is one too many. */
static enum status count_comment(struct db_conn *c, struct comment_new *x, struct err *e)
{
	struct blog_comment_counts_row *counts;
	TRY(q_blog_comment_counts(c, x->person->id, x->now - HOUR_US, &counts, e));
	if (counts->lately >= x->per_hour)
		return err_set(e, ST_RATE_LIMITED,
		        "Those were many comments within an hour. Please come back later; your words are below.");
	if (counts->waiting >= COMMENTS_WAITING_MAX)
		return err_set(e, ST_RATE_LIMITED,
		        "Some comments of yours wait to be looked at. Please come back when they are shown.");
	x->waits = x->first_waits && !counts->good;
	return ST_OK;
}

static enum status send_notices(struct db_conn *c, const struct comment_notices *list, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		TRY(notify_person(c, &list->list[i], e));
	return ST_OK;
}

/* Says that something about the comments of a post changed, to other processes and to the audit chain. */
static enum status record_comment(struct db_conn *c, const struct audit_entry *by, const char *action, int64_t post,
        int64_t comment, struct err *e)
{
	struct buf details;
	struct arena *a = db_arena(c);
	struct audit_entry entry = *by;
	TRY(event_emit(c, action, id_str(a, post), STR("{}"), e));
	buf_text(&details, a);
	buf_puts(&details, "{\"post\":");
	json_put_str(&details, id_str(a, post));
	buf_putc(&details, '}');
	entry.action = action;
	entry.object = id_str(a, comment);
	entry.details = buf_str(&details);
	return audit_write(c, &entry, e);
}

enum status comment_add_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct comment_new *x = arg;
	struct blog_commentable_row *post;
	struct blog_comment_get_row *to = NULL;
	const struct person *p = x->person;
	TRY(comment_post(c, x->post, x->access, x->now, &post, e));
	if (x->answered)
		TRY(comment_answered(c, x->post, x->answered, &to, e));
	TRY(count_comment(c, x, e));
	TRY(q_blog_comment_add(c, x->id, x->post, to ? &to->id : NULL, to ? to->thread_id : x->id, &p->id,
	        p->name.n ? p->name : p->handle, x->text, x->html.s, x->waits ? STR("waiting") : STR("shown"), x->now,
	        STR_NULL, NULL, e));
	TRY(send_notices(c, x->waits ? &x->waiting : &x->shown, e));
	return record_comment(c, &x->by, "comment.added", x->post, x->id, e);
}

enum status comment_change_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct comment_change *x = arg;
	struct blog_comment_get_row *row;
	int64_t n = 0;
	TRY(q_blog_comment_get(c, x->id, &row, e));
	if (row && x->drop)
		TRY(q_blog_comment_drop(c, x->id, x->person, &n, e));
	else if (row)
		TRY(q_blog_comment_edit(c, x->id, x->person, x->text, x->html.s, x->now, &n, e));
	if (!n)
		return err_set(e, ST_NOT_FOUND, "There is no such comment of yours.");
	x->post = row->object_id;
	return record_comment(c, &x->by, x->drop ? "comment.withdrawn" : "comment.edited", x->post, x->id, e);
}

static const char *decided(const char *status)
{
	static const struct { const char *status, *action; } actions[] = {
		{ "shown", "comment.shown" }, { "hidden", "comment.hidden" }, { "deleted", "comment.deleted" },
	};
	for (size_t i = 0; status && i < sizeof actions / sizeof *actions; i++)
		if (!strcmp(status, actions[i].status))
			return actions[i].action;
	return "comment.restored";
}

enum status comment_decide_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct comment_decision *x = arg;
	struct blog_comment_get_row *row;
	int64_t n = 0;
	x->changed = false;
	TRY(q_blog_comment_get(c, x->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such comment any more.");
	x->post = row->object_id;
	x->person = row->person_id_null ? 0 : row->person_id;
	TRY(x->status ? q_blog_comment_decide(c, x->id, str_c(x->status), &n, e)
	              : q_blog_comment_back(c, x->id, &n, e));
	if (!n)
		return ST_OK;
	x->changed = true;
	if (x->status && !strcmp(x->status, "shown") && str_eqc(row->status, "waiting"))
		TRY(send_notices(c, &x->shown, e));
	return record_comment(c, &x->by, decided(x->status), x->post, x->id, e);
}

struct str comment_tag(struct arena *a, struct str post)
{
	return arena_strf(a, "comments:%.*s", STR_ARG(post));
}

void comment_drop_kept(struct ctx *ctx, int64_t post, int64_t person)
{
	struct cache *cache = ctx->svc->platform->cache;
	cache_drop_tag(cache, comment_tag(ctx->arena, id_str(ctx->arena, post)));
	if (person)
		cache_drop_tag(cache, arena_strf(ctx->arena, "person:%lld", (long long)person));
}
