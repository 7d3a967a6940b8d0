/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries from a file into a calendar, in one transaction. What says the same as the last time writes nothing.
 */
#include "services/events/events.h"

#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/db.h"
#include "platform/text/words.h"
#include "platform/work/event.h"

enum { SLUG_TRIES = 9, DIGEST_LEN = 16, TOKEN_LEN = 16 };
#define ZONE_MOST_S (16 * 3600)

struct calendar_writer {
	struct db_conn *c;
	struct arena *a;
	struct str slug;
	struct ics_file *read;
	int64_t calendar, now;
	struct str zone;
	struct import_counts done;
};

/* --- what says the same ------------------------------------------------------------------------------------------- */

static void digest_str(crypto_generichash_state *h, struct str s)
{
	uint64_t n = s.n;
	crypto_generichash_update(h, (const unsigned char *)&n, sizeof n);
	crypto_generichash_update(h, (const unsigned char *)s.p, s.n);
}

static void digest_event(crypto_generichash_state *h, const struct ics_event *ev)
{
	const int64_t numbers[] = { ev->has_id, ev->later, ev->id, ev->status, ev->sequence, ev->all_day, ev->start,
		ev->length };
	const struct str texts[] = { ev->title, ev->text, ev->place, ev->url, ev->zone, ev->rules, ev->dates,
		ev->except };
	crypto_generichash_update(h, (const unsigned char *)numbers, sizeof numbers);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		digest_str(h, texts[i]);
}

static struct str digest_of(struct arena *a, const struct ics_series *s)
{
	crypto_generichash_state h;
	unsigned char out[DIGEST_LEN];
	char *text = arena_alloc(a, 2 * DIGEST_LEN + 1);
	crypto_generichash_init(&h, NULL, 0, DIGEST_LEN);
	if (s->master)
		digest_event(&h, s->master);
	for (size_t i = 0; i < s->changed_count; i++)
		digest_event(&h, s->changed[i]);
	crypto_generichash_final(&h, out, DIGEST_LEN);
	str_hex(text, out, DIGEST_LEN);
	return str_n(text, 2 * DIGEST_LEN);
}

/* --- an entry ----------------------------------------------------------------------------------------------------- */

static enum status free_slug(struct calendar_writer *w, struct str title, int64_t id, struct str *slug, struct err *e)
{
	struct str base = text_slug(w->a, title);
	if (!base.n)
		base = STR("event");
	for (int n = 1; n <= SLUG_TRIES; n++) {
		struct events_slug_taken_row *row;
		*slug = n == 1 ? base : arena_strf(w->a, "%.*s-%d", STR_ARG(base), n);
		TRY(q_events_slug_taken(w->c, w->calendar, *slug, &row, e));
		if (!row->n)
			return ST_OK;
	}
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	*slug = arena_strf(w->a, "%.*s-%s", STR_ARG(base), text);
	return ST_OK;
}

struct series_span { int64_t first, last; bool wide; };

static void span_add(struct series_span *s, int64_t from, int64_t length)
{
	s->first = from < s->first ? from : s->first;
	s->last = from + length > s->last ? from + length : s->last;
}

/* Between which local times all of a series lies, other zones than its own included. */
static enum status span_of(struct calendar_writer *w, const struct ics_series *in, const struct ics_event *of,
        struct series_span *out, struct err *e)
{
	struct series s = { .start = of->start, .all_day = of->all_day };
	*out = (struct series_span){ of->start, of->start + of->length, false };
	s.zone = s.all_day ? NULL : events_zone(of->zone.n ? of->zone : w->zone);
	TRY(series_dates(w->a, of->dates, &s.dates, &s.date_count, e));
	bool endless = of->rules.n && in->last == SERIES_ENDLESS;
	if (of->rules.n && !endless)
		span_add(out, in->last, of->length);
	for (size_t i = 0; i < s.date_count; i++)
		span_add(out, series_date_local(&s, &s.dates[i]),
		        s.dates[i].length >= 0 ? s.dates[i].length : of->length);
	int64_t forth = 0, back = 0, most = of->length;
	for (size_t i = 0; i < in->changed_count; i++) {
		const struct ics_event *c = in->changed[i];
		int64_t shift = c->start - c->id;
		span_add(out, c->start - ZONE_MOST_S, c->length + 2 * ZONE_MOST_S);
		if (!c->later)
			continue;
		forth = shift > forth ? shift : forth;
		back = -shift > back ? -shift : back;
		most = c->length > most ? c->length : most;
	}
	out->first -= back;
	out->last = endless ? SERIES_ENDLESS : out->last + forth + most;
	out->wide = of->rules.n || s.date_count || of->except.n || in->changed_count || of->length > WEEK_S;
	return ST_OK;
}

static enum status put_overrides(struct calendar_writer *w, int64_t entry, const struct ics_series *in, struct err *e)
{
	for (size_t i = 0; i < in->changed_count; i++) {
		const struct ics_event *c = in->changed[i];
		TRY(q_events_override_add(w->c, entry, c->id, c->later, c->status == ICS_CANCELLED, c->title, c->text,
		        c->place, c->url, c->all_day, c->zone, c->start, c->length, c->sequence, NULL, e));
	}
	return ST_OK;
}

static enum status put_entry(
        struct calendar_writer *w, int64_t id, const struct ics_series *in, struct str digest, struct err *e)
{
	const struct ics_event *of = in->master ? in->master : in->changed[0];
	bool bare = !in->master;
	struct series_span span;
	TRY(span_of(w, in, of, &span, e));
	struct str state = !bare && of->status == ICS_CANCELLED ? STR("cancelled") : STR("published");
	TRY(q_events_entry_texts(
	        w->c, id, state, of->title, of->text, of->place, of->url, of->sequence, digest, w->now, NULL, e));
	TRY(q_events_entry_times(w->c, id, of->all_day, of->zone, of->start, of->length, bare ? STR("") : of->rules,
	        bare ? STR("") : of->dates, bare ? STR("") : of->except, bare, in->last, span.first, span.last,
	        span.wide || bare, NULL, e));
	TRY(q_events_overrides_drop(w->c, id, NULL, e));
	return put_overrides(w, id, in, e);
}

static enum status put_series(struct calendar_writer *w, const struct ics_series *in, struct err *e)
{
	const struct ics_event *of = in->master ? in->master : in->changed[0];
	struct events_entry_by_uid_row *there;
	struct str digest = digest_of(w->a, in), slug;
	TRY(q_events_entry_by_uid(w->c, w->calendar, of->uid, &there, e));
	if (there && str_eq(there->digest, digest)) {
		w->done.same++;
		return ST_OK;
	}
	int64_t id = there ? there->id : id_new();
	if (!there) {
		TRY(free_slug(w, of->title, id, &slug, e));
		TRY(q_events_entry_add(w->c, id, w->calendar, slug, of->uid, w->now, NULL, e));
	}
	w->done.added += !there;
	w->done.changed += there != NULL;
	return put_entry(w, id, in, digest, e);
}

/* --- the calendar ------------------------------------------------------------------------------------------------- */

static enum status find_calendar(struct calendar_writer *w, struct err *e)
{
	struct events_calendar_row *cal;
	unsigned char bytes[TOKEN_LEN];
	char token[2 * TOKEN_LEN + 1];
	TRY(q_events_calendar(w->c, w->slug, &cal, e));
	w->done.made = !cal;
	if (cal) {
		w->calendar = cal->id;
		w->zone = cal->zone;
		return ST_OK;
	}
	w->calendar = id_new();
	w->zone = w->read->zone.n ? w->read->zone : STR("UTC");
	randombytes_buf(bytes, sizeof bytes);
	str_hex(token, bytes, sizeof bytes);
	return q_events_calendar_add(w->c, w->calendar, w->slug, w->read->name.n ? w->read->name : w->slug, STR(""),
	        w->zone, STR("#3b6e5a"), STR("public"), str_c(token), w->now, NULL, e);
}

static enum status tx_import(struct db_conn *c, void *arg, struct err *e)
{
	struct calendar_writer *w = arg;
	w->c = c;
	w->a = db_arena(c);
	w->done = (struct import_counts){ 0 };
	TRY(find_calendar(w, e));
	for (size_t i = 0; i < w->read->count; i++)
		TRY(put_series(w, &w->read->series[i], e));
	if (!w->done.added && !w->done.changed && !w->done.made)
		return ST_OK;
	TRY(q_events_calendar_touch(c, w->calendar, w->now, NULL, e));
	return event_emit(c, "calendar.imported", w->slug, STR("{}"), e);
}

enum status events_import(
        struct ctx *ctx, struct str slug, struct ics_file *read, struct import_counts *out, struct err *e)
{
	struct calendar_writer *w = ARENA_NEW(ctx->arena, struct calendar_writer);
	if (!slug.n || slug.n > CALENDAR_SLUG_MAX || !str_eq(text_slug(ctx->arena, slug), slug))
		return err_set(e, ST_INVALID,
		        "\"%.*s\" is no name for a calendar's address: small letters, digits and hyphens, at most %d",
		        STR_ARG(str_shown(slug)), CALENDAR_SLUG_MAX);
	w->slug = slug;
	w->read = read;
	w->now = clock_now_us();
	TRY(db_write(ctx, ctx->svc->db, tx_import, w, e));
	*out = w->done;
	return ST_OK;
}

enum status events_read_file(struct arena *a, const char *path, struct str *out, struct err *e)
{
	char part[1 << 16];
	size_t n;
	struct buf b;
	FILE *f = fopen(path, "rbe");
	if (!f)
		return err_errno(e, ST_NOT_FOUND, "%s can't be read", path);
	buf_arena(&b, a, ICS_BYTES_MAX + 1);
	while (b.len <= ICS_BYTES_MAX && (n = fread(part, 1, sizeof part, f)) > 0)
		buf_put(&b, part, b.len + n > ICS_BYTES_MAX + 1 ? ICS_BYTES_MAX + 1 - b.len : n);
	bool bad = ferror(f);
	fclose(f);
	*out = buf_str(&b);
	if (b.len > ICS_BYTES_MAX)
		return err_set(e, ST_TOO_LARGE, "%s is larger than %d MB", path, ICS_BYTES_MAX >> 20);
	return bad ? err_errno(e, ST_IO, "%s can't be read to its end", path) : ST_OK;
}
