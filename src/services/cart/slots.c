/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/slots.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/tables/tables.h"
#include "platform/text/local.h"

#define VISIT "with-" /* and the number of an order that is collected then */
#define HOUR_US (3600 * US_PER_S)
#define DAY_US (86400 * US_PER_S)

/* --- words -------------------------------------------------------------------------------------------------------- */

static void civil_of(struct ctx *ctx, struct str zone, int64_t us, struct civil *out)
{
	if (!zone.n || !clock_civil_zone(us, arena_cstr(ctx->arena, zone), out))
		clock_civil_utc(us, out);
}

struct str slot_words(struct ctx *ctx, struct str zone, struct str place, int64_t starts_at, int64_t ends_at)
{
	struct civil from, to;
	civil_of(ctx, zone, starts_at, &from);
	civil_of(ctx, zone, ends_at, &to);
	return arena_strf(ctx->arena, "%.*s, %.*s, %02d:%02d–%02d:%02d", STR_ARG(place),
	        STR_ARG(local_date(ctx->arena, &from)), from.hour, from.minute, to.hour, to.minute);
}

struct str slot_zone(struct ctx *ctx)
{
	struct site_answer site;
	site_ask_all(ctx, &site);
	return str_or_empty(site.timezone);
}

static enum status slots_now(struct ctx *ctx, struct cart_slots_open_row **rows, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return q_cart_slots_open(c, clock_now_us(), SLOTS_SHOWN, rows, n, e);
}

bool slots_any(struct ctx *ctx)
{
	struct cart_slots_open_row *rows;
	size_t n;
	return slots_now(ctx, &rows, &n, NULL) == ST_OK && n > 0;
}

/* Orders of this person's that are still to be collected: what is ordered now may come with them. */
static size_t add_visits(struct web *w, struct str zone, struct choice *list)
{
	struct cart_visits_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (!w->person || db_read(w->ctx, w->ctx->svc->db, &c, NULL) != ST_OK ||
	        q_cart_visits(c, w->person->id, clock_now_us(), VISITS_SHOWN, &rows, &n, NULL) != ST_OK)
		return 0;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct choice){ .value = arena_printf(w->ctx->arena, VISIT "%.*s", STR_ARG(rows[i].number)),
			.label = arena_printf(w->ctx->arena, tr("Together with order %.*s: %.*s"),
			        STR_ARG(rows[i].number),
			        STR_ARG(slot_words(w->ctx, zone, rows[i].place, rows[i].starts_at, rows[i].ends_at))) };
	return n;
}

const struct choice *slot_choices(struct web *w, const void *values)
{
	(void)values;
	struct cart_slots_open_row *rows;
	size_t n, count = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, VISITS_SHOWN + SLOTS_SHOWN + 1);
	struct str zone = slot_zone(w->ctx);
	if (slots_now(w->ctx, &rows, &n, NULL) != ST_OK)
		return list;
	count = add_visits(w, zone, list);
	for (size_t i = 0; i < n; i++)
		if (rows[i].taken < rows[i].capacity)
			list[count++] = (struct choice){ .value = id_str(w->ctx->arena, rows[i].id).p,
				.label = arena_cstr(w->ctx->arena, slot_words(w->ctx, zone, rows[i].place,
				                                           rows[i].starts_at, rows[i].ends_at)) };
	return list;
}

static enum status set_slot(struct db_conn *c, int64_t slot, struct str visit, int64_t closes_at,
        const struct slot_wish *x, struct err *e)
{
	for (size_t i = 0; i < x->count; i++)
		TRY(q_cart_order_set_slot(c, x->orders[i], slot, visit, closes_at, NULL, e));
	return ST_OK;
}

static enum status slot_share(struct db_conn *c, const struct slot_wish *x, bool *full, struct err *e)
{
	struct cart_visit_locked_row *v;
	struct str number = str_n(x->chosen.p + strlen(VISIT), x->chosen.n - strlen(VISIT));
	TRY(q_cart_visit_locked(c, number, x->person, &v, e));
	*full = !v || v->removed || v->closes_at <= x->now || !str_eqc(v->state, "placed");
	if (*full)
		return err_set(e, ST_CONFLICT, "%s", tr("That order is not open any more. Please choose a time."));
	return set_slot(c, v->slot_id, v->press, v->closes_at, x, e);
}

enum status slot_take(struct db_conn *c, const struct slot_wish *x, bool *full, struct err *e)
{
	int64_t slot;
	struct cart_slot_locked_row *s;
	struct cart_slot_taken_row *taken;
	if (str_starts(x->chosen, STR(VISIT)))
		return slot_share(c, x, full, e);
	if (!id_parse(x->chosen, &slot))
		return err_set(e, ST_INVALID, "that is no time of collection");
	TRY(q_cart_slot_locked(c, slot, &s, e));
	TRY(q_cart_slot_taken(c, slot, &taken, e));
	*full = !s || s->removed || s->closes_at <= x->now || taken->n >= s->capacity;
	if (*full)
		return err_set(e, ST_CONFLICT, "%s", tr("That time is full. Please choose another one."));
	return set_slot(c, slot, STR(""), s->closes_at, x, e);
}

/* --- the keeper's form -------------------------------------------------------------------------------------------- */

struct slot_form { struct str place, from, to; int64_t day, close_before, capacity; };

static const struct field fields[] = {
	FIELD(struct slot_form, place, TEXT, .label = "Where", .required = "Where is it collected?",
	        .max = SLOT_PLACE_MAX),
	FIELD(struct slot_form, day, DATE, .label = "Day", .required = "On which day?"),
	FIELD(struct slot_form, from, TEXT, .label = "Begins at", .required = "From when on?", .max = 5,
	        .placeholder = "16:00"),
	FIELD(struct slot_form, to, TEXT, .label = "Ends at", .required = "Until when?", .max = 5,
	        .placeholder = "19:00"),
	FIELD(struct slot_form, close_before, NUMBER, .label = "Chosen until so long before", .plain = true, .min = 0,
	        .max = 240, .unit = "hours"),
	FIELD(struct slot_form, capacity, NUMBER, .label = "People at most", .required = "How many people at most?",
	        .min = 1, .max = SLOT_CAPACITY_MAX),
	{ 0 },
};

static void check_times(struct web *w, struct form_fill *f)
{
	const struct slot_form *s = f->values;
	int64_t today = clock_now_us() / DAY_US, from, to, day = s->day == FIELD_NO_DATE ? today : s->day;
	struct str zone = slot_zone(w->ctx);
	bool begins = s->from.n && local_moment(zone, day, s->from, &from);
	bool ends = s->to.n && local_moment(zone, day, s->to, &to);
	if (!begins)
		form_fault(f, "from", "%s", tr("A time of day, as 16:00."));
	if (!ends)
		form_fault(f, "to", "%s", tr("A time of day, as 19:00."));
	else if (begins && to <= from)
		form_fault(f, "to", "%s", tr("It ends before it begins."));
	if (s->day != FIELD_NO_DATE && (s->day < today || s->day > today + SLOT_AHEAD_DAYS))
		form_fault(f, "day", "%s", tr("A day from today on, within a year."));
}

static const struct form_desc slot_form = { .fields = fields, .check = check_times };

/* --- the keeper's list -------------------------------------------------------------------------------------------- */

typedef struct cart_slots_row slot_row;

static enum status slots_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_slots, c, ask->search, ask->like, clock_now_us(),
	        ask->filter[0].n ? ask->filter[0] : STR("coming"), &ask->page);
}

static struct str slot_when(struct web *w, const void *row)
{
	const slot_row *s = row;
	return slot_words(w->ctx, slot_zone(w->ctx), s->place, s->starts_at, s->ends_at);
}

static struct str slot_taken(struct web *w, const void *row)
{
	const slot_row *s = row;
	return arena_strf(w->ctx->arena, tr("%lld of %lld"), (long long)s->taken, (long long)s->capacity);
}

static struct str slot_state(struct web *w, const void *row)
{
	(void)w;
	return ((const slot_row *)row)->removed ? TR("Withdrawn") : TR("Open");
}

struct slot_act { int64_t id; bool removed; int64_t changed; struct audit_entry audit; };

static enum status tx_slot_act(struct db_conn *c, void *arg, struct err *e)
{
	struct slot_act *x = arg;
	TRY(q_cart_slot_remove(c, x->id, x->removed, &x->changed, e));
	return x->changed ? audit_write(c, &x->audit, e) : ST_OK;
}

static enum status slots_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct slot_act x = { .removed = !strcmp(a->name, "withdraw") };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
	audit_from(w, &x.audit);
	x.audit.action = x.removed ? "slot.withdrawn" : "slot.offered";
	x.audit.object = key;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_slot_act, &x, e));
	*changed = x.changed > 0;
	return ST_OK;
}

static void slots_below(struct buf *out, struct web *w, void *arg)
{
	tpl_cart_slot_form(out, w, arg);
}

static const struct choice shown[] = { { "coming", "Coming" }, { "past", "Past" }, { 0 } };
static const struct table_filter filters[] = { { .name = "shown", .title = "Shown", .choices = shown, .always = true },
	{ 0 } };
static const struct column columns[] = {
	COLUMN(slot_row, place, TEXT, .title = "When and where", .sort = "starts", .by = 0, .text = slot_when),
	COLUMN(slot_row, place, TEXT, .title = "Chosen by", .text = slot_taken),
	COLUMN(slot_row, place, STATE, .title = "State", .usual = "Open", .text = slot_state),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "withdraw", .label = "Withdraw", .done = "Withdrawn", .undo = "offer" },
	{ .name = "offer", .label = "Offer again", .done = "Offered", .undo = "withdraw" },
	{ 0 },
};
static const struct table_desc slots = {
	.path = "/admin/slots",
	.title = "Collection",
	.search = "Where",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "There is no time to collect things yet. Without one, nobody is asked to choose.",
	.sort = "starts",
	.row_size = sizeof(slot_row),
	.load = slots_load,
	.act = slots_act,
	.below = slots_below,
};

enum status cart_get_slots(struct web *w, struct err *e)
{
	struct slot_form values = { .place = STR(""), .from = STR("16:00"), .to = STR("19:00"), .day = FIELD_NO_DATE,
		.close_before = 12, .capacity = 20 };
	struct form_fill f;
	form_show(&f, w, &slot_form, &values);
	return table_get(w, &slots, &f, e);
}

struct slot_adding { struct web *w; int64_t id, from, to, closes; const struct slot_form *in; struct audit_entry audit;
	};

static enum status tx_slot_add(struct db_conn *c, void *arg, struct err *e)
{
	const struct slot_adding *x = arg;
	TRY(q_cart_slot_add(c, x->id, x->in->place, x->from, x->to, x->closes, x->in->capacity, NULL, e));
	return audit_write(c, &x->audit, e);
}

static enum status slot_refused(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &slots, status, f, STR(""), e);
}

static enum status slot_new(struct web *w, struct err *e)
{
	struct slot_form in = { .place = STR("") };
	struct form_fill f;
	TRY(form_read(&f, w, &slot_form, &in, e));
	if (f.failed)
		return form_refuse(&f, slot_refused, NULL, e);
	struct str zone = slot_zone(w->ctx);
	struct slot_adding x = { .w = w, .id = id_new(), .in = &in };
	if (!local_moment(zone, in.day, in.from, &x.from) || !local_moment(zone, in.day, in.to, &x.to))
		return err_set(e, ST_INVALID, "%s", tr("A time of day, as 16:00.")); /* checked by the form before */
	x.closes = x.from - in.close_before * HOUR_US;
	audit_from(w, &x.audit);
	x.audit.action = "slot.added";
	x.audit.object = id_str(w->ctx->arena, x.id);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_slot_add, &x, e));
	return form_done(&f, web_url(w->ctx, "cart", "/admin/slots"));
}

enum status cart_post_slots(struct web *w, struct err *e)
{
	struct slot_form values = { .place = STR(""), .from = STR(""), .to = STR(""), .day = FIELD_NO_DATE };
	struct form_fill f;
	form_show(&f, w, &slot_form, &values);
	return table_is_asked(w) ? table_post(w, &slots, &f, e) : slot_new(w, e);
}
