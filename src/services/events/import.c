/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries from a file into a calendar, in one transaction. What says the same as the last time writes nothing.
 */
#include "services/events/put.h"

#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/db.h"
#include "platform/work/event.h"

enum { DIGEST_LEN = 16 };

struct calendar_writer {
	struct entry_put put;
	struct str slug;
	struct ics_file *read;
	int64_t calendar;
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

static enum status put_series(struct calendar_writer *w, const struct ics_series *in, struct err *e)
{
	const struct ics_event *of = in->master ? in->master : in->changed[0];
	struct events_entry_by_uid_row *there;
	const struct entry_put *p = &w->put;
	struct str digest = digest_of(p->a, in);
	TRY(q_events_entry_by_uid(p->c, w->calendar, of->uid, &there, e));
	bool gone = there && there->gone_at;
	if (there && !gone && str_eq(there->digest, digest)) {
		w->done.same++;
		return ST_OK;
	}
	int64_t id = there ? there->id : id_new();
	if (!there)
		TRY(entry_make(p, w->calendar, id, of->title, of->uid, e));
	if (gone) /* what was deleted and is brought again is wanted again */
		TRY(q_events_entry_restore(p->c, id, NULL, e));
	w->done.added += !there || gone;
	w->done.changed += there && !gone;
	bool cancelled = in->master && of->status == ICS_CANCELLED;
	return entry_put(p, id, cancelled ? STR("cancelled") : STR("published"), in, digest, e);
}

/* --- the calendar ------------------------------------------------------------------------------------------------- */

static enum status find_calendar(struct calendar_writer *w, struct err *e)
{
	struct events_calendar_row *cal;
	TRY(q_events_calendar(w->put.c, w->slug, &cal, e));
	w->done.made = !cal;
	if (cal) {
		w->calendar = cal->id;
		w->put.zone = cal->zone;
		return ST_OK;
	}
	w->calendar = id_new();
	w->put.zone = w->read->zone.n ? w->read->zone : STR("UTC");
	return q_events_calendar_add(w->put.c, w->calendar, w->slug, w->read->name.n ? w->read->name : w->slug, STR(""),
	        w->put.zone, STR(CALENDAR_COLOUR), STR("public"), calendar_key(w->put.a), w->put.now, NULL, e);
}

static enum status tx_import(struct db_conn *c, void *arg, struct err *e)
{
	struct calendar_writer *w = arg;
	w->put.c = c;
	w->put.a = db_arena(c);
	w->done = (struct import_counts){ 0 };
	TRY(find_calendar(w, e));
	for (size_t i = 0; i < w->read->count; i++)
		TRY(put_series(w, &w->read->series[i], e));
	if (!w->done.added && !w->done.changed && !w->done.made)
		return ST_OK;
	TRY(q_events_calendar_touch(c, w->calendar, w->put.now, NULL, e));
	return event_emit(c, "calendar.imported", w->slug, STR("{}"), e);
}

enum status events_import(
        struct ctx *ctx, struct str slug, struct ics_file *read, struct import_counts *out, struct err *e)
{
	struct calendar_writer *w = ARENA_NEW(ctx->arena, struct calendar_writer);
	if (!calendar_slug_ok(ctx->arena, slug))
		return err_set(e, ST_INVALID,
		        "\"%.*s\" is no name for a calendar's address: small letters, digits and hyphens, at most %d",
		        STR_ARG(str_shown(slug)), CALENDAR_SLUG_MAX);
	w->slug = slug;
	w->read = read;
	w->put.now = clock_now_us();
	TRY(db_write(ctx, ctx->svc->db, tx_import, w, e));
	*out = w->done;
	return ST_OK;
}
