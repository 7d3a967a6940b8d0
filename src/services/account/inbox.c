/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened to a person: taken from the services that tell of it (platform/work/notify.h), shown as a list with
 * read marks, counted on the badge of every page, and told to the pages that are open.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/account_sql.h"
#include "gen/account_tpl.h"
#include "platform/cache/cache.h"
#include "platform/hub/hub.h"
#include "platform/work/notify.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "services/account/inbox.h"

enum {
	PAGE_MAX = 512 << 10,
	INBOX_MOST = 1000, /* of a person; older ones go */
	INBOX_PAGE = 30,
	UNREAD_SHOWN = 99
};

/* --- taking ----------------------------------------------------------------------------------------------------- */

struct taking {
	const struct event *ev;
	const json_t *told;
	int64_t person;
	bool by_mail, first;
};

static enum status tx_take(struct db_conn *c, void *arg, struct err *e)
{
	struct taking *t = arg;
	TRY(event_once(c, t->ev, &t->first, e));
	if (!t->first)
		return ST_OK;
	int64_t id = id_new();
	bool written = t->by_mail || json_is_true(json_object_get(t->told, "written"));
	struct str about = json_str(t->told, "about");
	if (!about.n)
		about = arena_strf(db_arena(c), "%lld", (long long)id);
	TRY(q_account_inbox_put(c, id, t->person, json_str(t->told, "topic"), about, json_str(t->told, "title"),
	        json_str(t->told, "text"), json_str(t->told, "url"), written, clock_now_us(), NULL, e));
	TRY(q_account_inbox_trim(c, t->person, INBOX_MOST, NULL, e));
	return t->by_mail ? letter_enqueue(c, id, t->person, e) : ST_OK;
}

static enum status unread_of(struct ctx *ctx, int64_t person, int64_t *n, struct err *e)
{
	struct account_inbox_unread_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_account_inbox_unread(c, person, UNREAD_SHOWN + 1, &r, e));
	*n = r->n;
	return ST_OK;
}

static struct str unread_text(struct ctx *ctx, int64_t n)
{
	return arena_strf(ctx->arena, "{\"unread\":%lld}", (long long)n);
}

/* The person's open pages, and the pieces that are kept of them. */
static void tell_pages(struct ctx *ctx, int64_t person)
{
	struct platform *p = ctx->svc->platform;
	char topic[TOPIC_ROOM];
	int64_t n;
	if (p->cache)
		cache_drop_tag(p->cache, arena_strf(ctx->arena, "person:%lld", (long long)person));
	if (!p->hub || unread_of(ctx, person, &n, NULL) != ST_OK)
		return;
	(void)hub_publish(p->hub, inbox_topic(person, topic), STR("unread"), unread_text(ctx, n));
}

enum status account_take_notice(struct ctx *ctx, const struct event *ev, struct err *e)
{
	struct account_choice_answer choice = { 0 };
	struct identity_profile_answer who;
	SCOPED_JSON *j = json_parse(ev->payload, 2, e);
	struct taking t = { .ev = ev, .told = j };
	if (!j)
		return ST_CORRUPT;
	if (!str_i64(ev->object, &t.person) || t.person <= 0 || !json_str(j, "topic").n || !json_str(j, "title").n)
		return err_set(e, ST_CORRUPT, "a notification lacks its person, topic or title");
	/* Nobody is told who is gone: what is kept of a person ends with person.deleted. */
	TRY(identity_ask_profile(ctx, &(struct identity_profile_ask){ t.person }, &who, e));
	if (!who.there)
		return ST_OK;
	const struct account_choice_ask ask = { t.person, json_str(j, "topic") };
	enum status st = account_serve_choice(ctx, &ask, &choice, NULL);
	if (st != ST_OK && st != ST_NOT_FOUND) /* a topic that was there before: shown, not written about */
		return st;
	t.by_mail = choice.by_mail && !json_is_true(json_object_get(j, "written"));
	TRY(db_write(ctx, ctx->svc->db, tx_take, &t, e));
	if (t.first)
		tell_pages(ctx, t.person);
	return ST_OK;
}

/* --- read marks ------------------------------------------------------------------------------------------------- */

/* One of the three: an entry, all up to one, or the marks of a moment taken back. */
struct marking { int64_t id, upto, undo, at, person; };

static enum status tx_mark(struct db_conn *c, void *arg, struct err *e)
{
	const struct marking *m = arg;
	if (m->undo)
		return q_account_inbox_unread_again(c, m->person, m->undo, NULL, e);
	if (m->upto)
		return q_account_inbox_read_all(c, m->person, m->upto, m->at, NULL, e);
	return q_account_inbox_read(c, m->id, m->person, m->at, NULL, e);
}

static enum status mark_read(struct web *w, const struct marking *wanted, struct err *e)
{
	struct marking m = *wanted;
	m.person = w->person->id;
	if (!m.at)
		m.at = clock_now_us();
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_mark, &m, e));
	tell_pages(w->ctx, m.person);
	return ST_OK;
}

/* --- the badge -------------------------------------------------------------------------------------------------- */

struct str inbox_topic(int64_t person, char out[TOPIC_ROOM])
{
	return str_n(out, (size_t)snprintf(out, TOPIC_ROOM, "inbox:%lld", (long long)person));
}

struct str inbox_badge(struct ctx *ctx, int64_t person)
{
	int64_t n;
	if (unread_of(ctx, person, &n, NULL) != ST_OK || !n)
		return STR("");
	return arena_strf(ctx->arena, n > UNREAD_SHOWN ? "%d+" : "%d", (int)(n > UNREAD_SHOWN ? UNREAD_SHOWN : n));
}

static enum status unread_now(struct web *w, struct str *event, struct str *data, struct err *e)
{
	int64_t n;
	TRY(unread_of(w->ctx, w->person->id, &n, e));
	*event = STR("unread");
	*data = unread_text(w->ctx, n);
	return ST_OK;
}

enum status account_get_inbox_live(struct web *w, struct err *e)
{
	char topic[TOPIC_ROOM];
	struct str topics[] = { inbox_topic(w->person->id, topic) };
	return hub_stream(w, topics, 1, unread_now, e);
}

/* --- the page --------------------------------------------------------------------------------------------------- */

static enum status inbox_load(struct web *w, struct inbox_view *v, struct err *e)
{
	struct account_inbox_row *rows;
	struct account_digest_row *digest;
	int64_t before = INT64_MAX;
	size_t n;
	struct str from = web_query(w, "before");
	if (from.n && !id_parse(from, &before))
		return err_set(e, ST_INVALID, "That page is not there. The newest are on the first one.");
	v->unread_only = web_query(w, "unread").n > 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_account_inbox(c, w->person->id, before, v->unread_only, INBOX_PAGE + 1, &rows, &n, e));
	TRY(q_account_digest(c, w->person->id, &digest, e));
	v->digest.every = digest ? digest->every : STR("");
	v->count = n > INBOX_PAGE ? INBOX_PAGE : n;
	v->list = ARENA_ARRAY(w->ctx->arena, struct inbox_entry, v->count + 1);
	for (size_t i = 0; i < v->count; i++) {
		v->list[i] = (struct inbox_entry){ id_str(w->ctx->arena, rows[i].id), rows[i].title, rows[i].body,
			html_time(w->ctx->arena, w->person->zone, rows[i].at), rows[i].times, rows[i].read_at_null };
		v->unread |= v->list[i].unread;
	}
	if (v->count)
		v->newest = v->list[0].id;
	if (n > INBOX_PAGE)
		v->older = v->list[v->count - 1].id;
	v->first = !from.n;
	return ST_OK;
}

static enum status inbox_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct web *w = f->w;
	struct inbox_view *v = arg;
	struct buf page;
	struct page_shell shell = web_shell(w, "Notifications");
	v->form = f;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_inbox(&page, &shell, w, v);
	return web_html(w, status, &page);
}

static const struct choice rhythms[] = {
	{ "", "No letter" },
	{ "day", "Every day" },
	{ "week", "Every Monday" },
	{ 0 },
};
static const struct field digest_fields[] = {
	FIELD(struct digest_choice, every, CHOICE, .label = "A letter about all that is new", .choices = rhythms,
	        .plain = true,
	        .hint = "At seven in the morning where you are, about what you have not read and were not written to "
	                "about" ),
	{ 0 },
};
static const struct form_desc digest_form = { .fields = digest_fields };

enum status account_get_inbox(struct web *w, struct err *e)
{
	struct inbox_view v = { 0 };
	struct form_fill f;
	struct str done = web_query(w, "done");
	TRY(inbox_load(w, &v, e));
	if (str_eqc(done, "saved"))
		v.done = TR("Saved.");
	if (str_eqc(done, "read"))
		v.undo = web_query(w, "at");
	form_show(&f, w, &digest_form, &v.digest);
	return inbox_page(&f, 200, &v, e);
}

enum status account_post_digest(struct web *w, struct err *e)
{
	struct inbox_view v = { 0 };
	struct form_fill f;
	TRY(inbox_load(w, &v, e));
	TRY(form_read(&f, w, &digest_form, &v.digest, e));
	if (f.failed)
		return form_refuse(&f, inbox_page, &v, e);
	TRY(digest_choose(w, v.digest.every, e));
	return form_done(&f, web_url(w->ctx, "account", "/inbox?done=saved"));
}

/* Leads to what it is about; to have gone there is to have read it. */
enum status account_get_inbox_entry(struct web *w, struct err *e)
{
	struct account_inbox_row *r = NULL;
	int64_t id = web_path_int(w, "id");
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_account_inbox_entry(c, id, w->person->id, &r, e));
	}
	if (!r)
		return err_set(e, ST_NOT_FOUND, "This notification is not kept any more.");
	TRY(mark_read(w, &(struct marking){ .id = id }, e));
	struct str url = r->url.n && web_is_ours(w->ctx, r->url) ? r->url : web_url(w->ctx, "account", "/inbox");
	return web_redirect(w, 303, url);
}

enum status account_post_inbox(struct web *w, struct err *e)
{
	struct marking m = { .at = clock_now_us() };
	struct str upto = web_form(w, "upto"), undo = web_form(w, "undo");
	if (undo.n ? !str_i64(undo, &m.undo) : !id_parse(upto, &m.upto))
		return err_set(e, ST_INVALID, "It is not said what was read.");
	TRY(mark_read(w, &m, e));
	return web_redirect(w, 303,
	        m.undo ? web_url(w->ctx, "account", "/inbox")
	               : web_url(w->ctx, "account", "/inbox?done=read&at=%lld", (long long)m.at));
}
