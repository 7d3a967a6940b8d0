/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses: several, one that things are delivered to, one that bills name.
 */
#include <stdlib.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/account_sql.h"
#include "gen/account_tpl.h"
#include "platform/audit/audit.h"
#include "platform/forms/forms.h"
#include "platform/text/unicode.h"
#include "services/account/account.h"

enum { PAGE_MAX = 512 << 10, LINE_MAX_LEN = 100, PHONE_MAX = 30, CODE_MAX = 16 };

static struct str id_of(struct arena *a, int64_t id)
{
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(id, text);
	return str_n(text, ID_TEXT_LEN);
}

static enum status addresses_load(struct web *w, struct address_form **list, size_t *n, struct err *e)
{
	struct account_addresses_row *rows;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_account_addresses(c, w->person->id, &rows, n, e));
	*list = ARENA_ARRAY(w->ctx->arena, struct address_form, *n);
	for (size_t i = 0; i < *n; i++)
		(*list)[i] = (struct address_form){ id_of(w->ctx->arena, rows[i].id), rows[i].name, rows[i].line1,
			rows[i].line2, rows[i].postal_code, rows[i].city, rows[i].region, rows[i].country,
			rows[i].phone, rows[i].delivery, rows[i].billing };
	return ST_OK;
}

enum status account_get_addresses(struct web *w, struct err *e)
{
	struct buf page;
	struct addresses_view v = { .done = STR(""), .removed = STR("") };
	struct page_shell shell = web_shell(w, "Addresses");
	struct str done = web_query(w, "done"), removed = web_query(w, "removed");
	int64_t id;
	TRY(addresses_load(w, &v.list, &v.count, e));
	v.done = str_eqc(done, "saved") ? TR("Saved.") : str_eqc(done, "back") ? TR("It is back.") : STR("");
	if (removed.n && id_parse(removed, &id))
		v.removed = removed;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_addresses(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* --- the form ---------------------------------------------------------------------------------------------------- */

struct named_country { struct choice choice; struct str key; };

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct named_country *)a)->key, ((const struct named_country *)b)->key);
}

/* By their names in the reader's language, an Ä among the As. */
static const struct choice *countries(struct web *w, const void *values)
{
	(void)values;
	struct arena *a = w->ctx->arena;
	struct named_country *all = ARENA_ARRAY(a, struct named_country, account_country_count);
	struct choice *list = ARENA_ARRAY(a, struct choice, account_country_count + 1);
	for (size_t i = 0; i < account_country_count; i++) {
		const char *name = tr(account_countries[i].name);
		all[i] = (struct named_country){ { .value = account_countries[i].code, .label = name }, str_c(name) };
		if (lang_now() != LANG_EN)
			all[i].key = unicode_mapped(a, str_c(name),
			        UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
	}
	if (lang_now() != LANG_EN) /* the table is by English names */
		qsort(all, account_country_count, sizeof *all, by_name);
	for (size_t i = 0; i < account_country_count; i++)
		list[i] = all[i].choice;
	return list;
}

static const struct field fields[] = {
	FIELD(struct address_form, id, HIDDEN, .max = ID_TEXT_LEN),
	FIELD(struct address_form, name, TEXT, .label = "Name", .required = "Whom is it for?", .max = LINE_MAX_LEN,
	        .autocomplete = "name"),
	FIELD(struct address_form, line1, TEXT, .label = "Street and number", .required = "Street and number, please.",
	        .max = LINE_MAX_LEN, .autocomplete = "address-line1"),
	FIELD(struct address_form, line2, TEXT, .label = "Flat, floor, company", .max = LINE_MAX_LEN,
	        .autocomplete = "address-line2"),
	FIELD(struct address_form, postal_code, TEXT, .label = "Postal code", .max = CODE_MAX,
	        .autocomplete = "postal-code"),
	FIELD(struct address_form, city, TEXT, .label = "Town", .required = "A town, please.", .max = LINE_MAX_LEN,
	        .autocomplete = "address-level2"),
	FIELD(struct address_form, region, TEXT, .label = "Region", .max = LINE_MAX_LEN,
	        .autocomplete = "address-level1"),
	FIELD(struct address_form, country, CHOICE, .label = "Country", .required = "Please choose a country.",
	        .choose = countries, .autocomplete = "country"),
	FIELD(struct address_form, phone, TEL, .label = "Telephone", .hint = "For the courier", .max = PHONE_MAX,
	        .autocomplete = "tel"),
	FIELD(struct address_form, delivery, CHECK, .label = "Deliver here"),
	FIELD(struct address_form, billing, CHECK, .label = "Put it on bills"),
	{ 0 },
};
static const struct form_desc address_form = { .fields = fields };

static enum status form_page_of(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct web *w = f->w;
	const struct address_form *values = f->values;
	bool fresh = !values->id.n;
	struct page_shell shell = web_shell(w, fresh ? "A new address" : "Change an address");
	(void)arg;
	(void)e;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_address(&page, &shell, w, f, fresh);
	return web_html(w, status, &page);
}

static struct address_form *own_address(struct address_form *list, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].id, id))
			return &list[i];
	return NULL;
}

enum status account_get_address(struct web *w, struct err *e)
{
	struct address_form *list;
	struct form_fill f;
	size_t n;
	TRY(addresses_load(w, &list, &n, e));
	struct address_form fresh = { .name = w->person->name,
		.country = n ? list[n - 1].country : STR(""),
		.delivery = n == 0,
		.billing = n == 0 };
	struct address_form *shown = web_path_is(w, "id") ? own_address(list, n, web_path(w, "id")) : &fresh;
	if (!shown)
		return err_set(e, ST_NOT_FOUND, "This address is not there any more.");
	form_show(&f, w, &address_form, shown);
	return form_page_of(&f, 200, NULL, e);
}

/* --- saving ----------------------------------------------------------------------------------------------------- */

static enum status address_record(struct db_conn *c, struct web *w, const char *action, int64_t id, struct err *e)
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
	TRY(q_account_address_put(c, s->id, person, f->name, f->line1, f->line2, f->postal_code, f->city, f->region,
	        f->country, f->phone, f->delivery, f->billing, clock_now_us(), NULL, e));
	if (f->delivery)
		TRY(q_account_address_only_delivery(c, person, s->id, NULL, e));
	if (f->billing)
		TRY(q_account_address_only_billing(c, person, s->id, NULL, e));
	return address_record(c, s->w, "person.address_saved", s->id, e);
}

enum status account_post_address(struct web *w, struct err *e)
{
	struct address_form *list, values = { 0 };
	struct form_fill f;
	struct saving s = { w, &values, 0 };
	size_t n;
	TRY(addresses_load(w, &list, &n, e));
	TRY(form_read(&f, w, &address_form, &values, e));
	if (values.id.n && (!own_address(list, n, values.id) || !id_parse(values.id, &s.id)))
		return err_set(e, ST_NOT_FOUND, "This address is not there any more.");
	if (!values.id.n && n >= ACCOUNT_ADDRESSES_MAX)
		form_fault(&f, NULL, "You have %d addresses: please remove one first.", ACCOUNT_ADDRESSES_MAX);
	if (f.failed)
		return form_refuse(&f, form_page_of, NULL, e);
	if (!values.id.n)
		s.id = id_new();
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_save, &s, e));
	return form_done(&f, web_url(w->ctx, "account", "/addresses?done=saved"));
}

/* --- removing, and putting back ---------------------------------------------------------------------------------- */

struct address_removing { struct web *w; int64_t id, at; bool back; };

static enum status tx_remove(struct db_conn *c, void *arg, struct err *e)
{
	const struct address_removing *r = arg;
	int64_t done;
	TRY(q_account_address_remove(c, r->id, r->w->person->id, r->back ? NULL : &r->at, &done, e));
	return done ? address_record(c, r->w, r->back ? "person.address_put_back" : "person.address_removed", r->id, e)
	            : ST_OK;
}

enum status account_post_address_remove(struct web *w, struct err *e)
{
	struct address_removing r = { .w = w, .at = clock_now_us(), .back = web_form(w, "back").n > 0 };
	struct str id = web_form(w, "id");
	if (!id_parse(id, &r.id))
		return err_set(e, ST_INVALID, "This form is not understood.");
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_remove, &r, e));
	return web_redirect(w, 303,
	        r.back ? web_url(w->ctx, "account", "/addresses?done=back")
	               : web_url(w->ctx, "account", "/addresses?removed=%.*s", STR_ARG(id)));
}
