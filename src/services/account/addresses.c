/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses: several, one that things are delivered to, one that bills name.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/account_sql.h"
#include "gen/account_tpl.h"
#include "platform/audit/audit.h"
#include "services/account/account.h"

enum { PAGE_MAX = 512 << 10, LINE_MAX_LEN = 100, PHONE_MAX = 30, CODE_MAX = 16 };

static struct str id_of(struct arena *a, int64_t id)
{
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(id, text);
	return str_n(text, ID_TEXT_LEN);
}

static enum status load(struct web *w, struct address_form **list, size_t *n, struct err *e)
{
	struct account_addresses_row *rows;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_account_addresses(c, w->person->id, &rows, n, e));
	*list = ARENA_ARRAY(w->ctx->arena, struct address_form, *n);
	for (size_t i = 0; i < *n; i++)
		(*list)[i] = (struct address_form){ id_of(w->ctx->arena, rows[i].id), rows[i].name, rows[i].line1, rows[i].line2, rows[i].postal_code, rows[i].city,
			rows[i].region, rows[i].country, rows[i].phone, rows[i].delivery, rows[i].billing };
	return ST_OK;
}

enum status account_get_addresses(struct web *w, struct err *e)
{
	struct buf page;
	struct addresses_view v = { .done = STR(""), .removed = STR("") };
	struct page_shell shell = account_shell(w, "Addresses");
	struct str done = web_query(w, "done"), removed = web_query(w, "removed");
	int64_t id;
	TRY(load(w, &v.list, &v.count, e));
	v.done = str_eqc(done, "saved") ? STR("Saved.") : str_eqc(done, "back") ? STR("It is back.") : STR("");
	if (removed.n && id_parse(removed, &id))
		v.removed = removed;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_addresses(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

static enum status form_page(struct web *w, int status, const struct address_view *v)
{
	struct buf page;
	struct page_shell shell = account_shell(w, v->fresh ? "A new address" : "Change an address");
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_address(&page, &shell, w, v);
	return web_html(w, status, &page);
}

static struct address_wrong nothing_wrong(void)
{
	struct str none = STR("");
	return (struct address_wrong){ none, none, none, none, none, none };
}

enum status account_get_address(struct web *w, struct err *e)
{
	struct address_form *list;
	size_t n;
	struct str none = STR("");
	struct address_view v = { .form = { none, w->person->name, none, none, none, none, none, none, none, false, false }, .wrong = nothing_wrong(), .fresh = true };
	TRY(load(w, &list, &n, e));
	if (!web_path_is(w, "id")) {
		v.form.delivery = v.form.billing = n == 0;
		v.form.country = n ? list[n - 1].country : none;
		return form_page(w, 200, &v);
	}
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].id, web_path(w, "id"))) {
			v.form = list[i];
			v.fresh = false;
			return form_page(w, 200, &v);
		}
	return err_set(e, ST_NOT_FOUND, "This address is not there any more.");
}

/* --- saving ----------------------------------------------------------------------------------------------------- */

static struct str text(struct web *w, const char *name)
{
	struct str s = web_form(w, name);
	return s.p ? str_trim(s) : STR("");
}

static struct str too_long(struct str s, size_t max, const char *missing)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ')
			return STR("This has a character that does not belong here.");
	if (!s.n && missing)
		return str_c(missing);
	return str_utf8_len(s) > max ? STR("This is too long.") : STR("");
}

static bool check(struct address_view *v)
{
	const struct address_form *f = &v->form;
	bool known = false;
	for (size_t i = 0; i < account_country_count; i++)
		known |= str_eqc(f->country, account_countries[i].code);
	v->wrong = (struct address_wrong){ .name = too_long(f->name, LINE_MAX_LEN, "Whom is it for?"),
		.line1 = too_long(f->line1, LINE_MAX_LEN, "Street and number, please."), .city = too_long(f->city, LINE_MAX_LEN, "A town, please."),
		.country = known ? STR("") : STR("Please choose a country."), .postal_code = too_long(f->postal_code, CODE_MAX, NULL),
		.phone = too_long(f->phone, PHONE_MAX, NULL) };
	for (size_t i = 0; i < f->phone.n && !v->wrong.phone.n; i++)
		if (!strchr("0123456789+-()/ .", f->phone.p[i]))
			v->wrong.phone = STR("Digits, spaces and + only, please.");
	return !v->wrong.name.n && !v->wrong.line1.n && !v->wrong.city.n && !v->wrong.country.n && !v->wrong.postal_code.n && !v->wrong.phone.n &&
	       !too_long(f->line2, LINE_MAX_LEN, NULL).n && !too_long(f->region, LINE_MAX_LEN, NULL).n;
}

static enum status record(struct db_conn *c, struct web *w, const char *action, int64_t id, struct err *e)
{
	struct audit_entry entry = { .action = action };
	audit_from(w, &entry);
	entry.object = id_of(db_arena(c), id);
	return audit_write(c, &entry, e);
}

struct saving { struct web *w; const struct address_form *f; int64_t id; };

static enum status tx_save(struct db_conn *c, void *arg, struct err *e)
{
	const struct saving *s = arg;
	const struct address_form *f = s->f;
	int64_t person = s->w->person->id;
	TRY(q_account_address_put(c, s->id, person, f->name, f->line1, f->line2, f->postal_code, f->city, f->region, f->country, f->phone, f->delivery,
	                          f->billing, clock_now_us(), NULL, e));
	if (f->delivery)
		TRY(q_account_address_only_delivery(c, person, s->id, NULL, e));
	if (f->billing)
		TRY(q_account_address_only_billing(c, person, s->id, NULL, e));
	return record(c, s->w, "person.address_saved", s->id, e);
}

enum status account_post_address(struct web *w, struct err *e)
{
	struct address_form *list;
	size_t n;
	struct address_view v = { .form = { text(w, "id"), text(w, "name"), text(w, "line1"), text(w, "line2"), text(w, "postal_code"), text(w, "city"),
		text(w, "region"), text(w, "country"), text(w, "phone"), web_form(w, "delivery").n > 0, web_form(w, "billing").n > 0 } };
	struct saving s = { w, &v.form, 0 };
	TRY(load(w, &list, &n, e));
	v.fresh = !v.form.id.n;
	if (!v.fresh) {
		bool own = false;
		for (size_t i = 0; i < n; i++)
			own |= str_eq(list[i].id, v.form.id);
		if (!own || !id_parse(v.form.id, &s.id))
			return err_set(e, ST_NOT_FOUND, "This address is not there any more.");
	} else if (n >= ACCOUNT_ADDRESSES_MAX) {
		return err_set(e, ST_CONFLICT, "You have %d addresses: please remove one first.", ACCOUNT_ADDRESSES_MAX);
	} else {
		s.id = id_new();
	}
	if (!check(&v))
		return form_page(w, 422, &v);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_save, &s, e));
	return web_redirect(w, 303, web_url(w->ctx, "account", "/addresses?done=saved"));
}

/* --- removing, and putting back ---------------------------------------------------------------------------------- */

struct removing { struct web *w; int64_t id, at; bool back; };

static enum status tx_remove(struct db_conn *c, void *arg, struct err *e)
{
	const struct removing *r = arg;
	int64_t done;
	TRY(q_account_address_remove(c, r->id, r->w->person->id, r->back ? NULL : &r->at, &done, e));
	return done ? record(c, r->w, r->back ? "person.address_put_back" : "person.address_removed", r->id, e) : ST_OK;
}

enum status account_post_address_remove(struct web *w, struct err *e)
{
	struct removing r = { .w = w, .at = clock_now_us(), .back = web_form(w, "back").n > 0 };
	struct str id = web_form(w, "id");
	if (!id_parse(id, &r.id))
		return err_set(e, ST_INVALID, "This form is not understood.");
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_remove, &r, e));
	return web_redirect(w, 303, r.back ? web_url(w->ctx, "account", "/addresses?done=back") : web_url(w->ctx, "account", "/addresses?removed=%.*s", STR_ARG(id)));
}
