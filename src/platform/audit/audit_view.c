/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/audit/audit_view.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/platform_tpl.h"
#include "platform/audit/audit_int.h"

#define PAGE_MAX (1u << 20)
#define PER_PAGE 50
#define LOOK_AT_ONCE 1000 /* entries behind the last verification that are verified while somebody waits */

/* The reader is an administrator; a page rendered without a person has no reader. */
static struct str time_text(struct web *w, int64_t us)
{
	return html_time(w->ctx->arena, w->person ? w->person->zone : STR(""), us);
}

static struct service_instance *choose_chain(struct web *w, struct audit_shown *s)
{
	struct platform *p = w->ctx->svc->platform;
	struct service_instance *chosen = w->ctx->svc;
	struct audit_chain *list = ARENA_ARRAY(
	        w->ctx->arena, struct audit_chain, p->service_count ? p->service_count : 1);
	struct str asked = web_query(w, "chain");
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].db && asked.n && str_eqc(asked, p->services[i].def->name))
			chosen = &p->services[i];
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].db)
			list[s->chain_count++] = (struct audit_chain){ str_c(p->services[i].def->name),
				str_c(p->services[i].def->title), chosen == &p->services[i] };
	s->chains = list;
	s->chain = str_c(chosen->def->name);
	return chosen;
}

static struct str trimmed_or_empty(struct str s)
{
	return s.p ? str_trim(s) : STR("");
}

static struct str page_url(struct web *w, const struct audit_shown *s, int64_t before)
{
	struct buf b;
	const struct {
		const char *name;
		struct str value;
	} given[] = { { "chain", s->chain }, { "action", s->action }, { "actor", s->actor },
		{ "object", s->object } };
	buf_text(&b, w->ctx->arena);
	buf_putstr(&b, s->path);
	buf_putc(&b, '?');
	for (unsigned i = 0; i < 4; i++) {
		if (!given[i].value.n)
			continue;
		buf_printf(&b, "%s=", given[i].name);
		url_encode(&b, given[i].value);
		buf_putc(&b, '&');
	}
	if (before)
		buf_printf(&b, "before=%lld", (long long)before);
	else
		b.len--;
	return buf_ok(&b) ? buf_str(&b) : s->path;
}

static enum status read_lines(struct web *w, const struct audit_look *look, struct db *db, int64_t before,
        struct audit_shown *s, struct err *e)
{
	struct audit_row *rows;
	size_t n;
	const struct audit_filter f = {
		.action = s->action, .actor = s->actor, .object = s->object, .before = before, .max = PER_PAGE + 1
	};
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, db, &c, e));
	TRY(audit_list(c, &f, &rows, &n, e));
	struct audit_line *lines = ARENA_ARRAY(w->ctx->arena, struct audit_line, n ? n : 1);
	if (n > PER_PAGE)
		s->older = page_url(w, s, rows[--n].seq + 1);
	if (before)
		s->newer = page_url(w, s, 0);
	for (size_t i = 0; i < n; i++) {
		const struct audit_row *r = &rows[i];
		lines[i] = (struct audit_line){
			.r = r, .actor_name = STR(""), .object_name = STR(""), .details = r->details.n > 2
		};
		lines[i].at = time_text(w, r->at_us);
		clock_rfc3339(r->at_us - r->at_us % US_PER_S, lines[i].iso);
		if (look->name_of && r->actor.n)
			lines[i].actor_name = trimmed_or_empty(look->name_of(w->ctx, r->actor, look->arg));
		if (look->name_of && r->object.n)
			lines[i].object_name = trimmed_or_empty(look->name_of(w->ctx, r->object, look->arg));
	}
	s->lines = lines;
	s->line_count = n;
	return ST_OK;
}

/* The result of the nightly verification, and of the entries since then when they are few. */
static enum status tell_verified(struct web *w, struct db *db, struct audit_shown *s, struct err *e)
{
	struct audit_mark m;
	struct audit_ends ends;
	struct audit_verdict v;
	struct arena *a = w->ctx->arena;
	TRY(audit_mark_read(w->ctx, db, &m, e));
	TRY(audit_ends(w->ctx, db, &ends, e));
	struct str at = time_text(w, m.at_us);
	if (*m.why) {
		s->bad = arena_str(a, str_c(m.why));
		s->verified = arena_strf(a, tr("Found at %.*s."), STR_ARG(at));
	} else if (ends.head - m.seq > LOOK_AT_ONCE) {
		s->verified = m.seq
		        ? arena_strf(a,
		                  tr("Verified up to entry %lld at %.*s; the %lld since then are verified tonight."),
		                  (long long)m.seq, STR_ARG(at), (long long)(ends.head - m.seq))
		        : TR("Not verified yet: this is done every night.");
	} else {
		TRY(audit_verify_after(w->ctx, db, m.seq, str_c(m.hash), &(struct audit_trust){ 0 }, &v, e));
		if (v.bad_seq)
			s->bad = arena_str(a, str_c(v.why));
		at = time_text(w, clock_now_us());
		s->verified = v.bad_seq
		        ? TR("Found just now.")
		        : arena_strf(a, tr("Verified up to entry %lld at %.*s, signed up to %lld."),
		                  (long long)(m.seq + v.entries), STR_ARG(at), (long long)v.signed_upto);
	}
	return ST_OK;
}

enum status audit_view(struct web *w, const struct audit_look *look, struct err *e)
{
	struct buf page;
	int64_t before = 0;
	struct audit_shown s = { .path = look->path,
		.action = trimmed_or_empty(web_query(w, "action")),
		.actor = trimmed_or_empty(web_query(w, "actor")),
		.object = trimmed_or_empty(web_query(w, "object")),
		.newer = STR(""),
		.older = STR(""),
		.bad = STR(""),
		.verified = STR("") };
	s.filtered = s.action.n || s.actor.n || s.object.n;
	struct db *db = choose_chain(w, &s)->db;
	if (!db)
		return err_set(e, ST_NOT_FOUND, "no audit chain is kept in this process");
	(void)web_query_int(w, "before", 1, INT64_MAX - 1, &before);
	TRY(read_lines(w, look, db, before, &s, e));
	TRY(tell_verified(w, db, &s, e));
	const struct page_shell shell = { .title = look->site_name.n
		        ? arena_strf(w->ctx->arena, tr("What was done – %.*s"), STR_ARG(look->site_name))
		        : TR("What was done"),
		.site_name = look->site_name,
		.kind = STR("admin"),
		.noindex = true,
		.forms = true };
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_audit_page(&page, &shell, w, &s);
	return web_html(w, 200, &page);
}
