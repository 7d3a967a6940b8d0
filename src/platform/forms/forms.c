/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms: showing them, reading a body of either kind, and the answers.
 */
#include "platform/forms/forms.h"

#include <assert.h>
#include <stdio.h>

#include "base/lang.h"
#include "platform/forms/forms_int.h"
#include "platform/text/json.h"

#define ANSWER_MAX (64u << 10)

static size_t row_of(const struct form_fill *f, const struct field *d)
{
	size_t i = (size_t)(d - f->desc->fields);
	assert(i < FORM_FIELDS_ROOM);
	return i;
}

const struct field *form_field(const struct form_fill *f, const char *name)
{
	const struct field *d = f->desc->fields;
	while (d->kind && strcmp(d->name, name) != 0)
		d++;
	assert(d->kind && "a form has no such field");
	return d;
}

size_t form_count(const struct form_fill *f)
{
	size_t n = 0;
	while (f->desc->fields[n].kind)
		n++;
	return n;
}

/* --- showing ---------------------------------------------------------------------------------------------------- */

void form_show(struct form_fill *f, struct web *w, const struct form_desc *desc, void *values)
{
	*f = (struct form_fill){ .desc = desc, .w = w, .values = values };
	for (const struct field *d = desc->fields; d->kind; d++)
		f->typed[row_of(f, d)] = form_text_of(f, d);
}

struct str form_typed(const struct form_fill *f, const struct field *d)
{
	struct str s = d->kind == FIELD_PASSWORD ? STR("") : f->typed[row_of(f, d)];
	return s.p ? s : STR("");
}

struct str form_wrong(const struct form_fill *f, const struct field *d)
{
	struct str s = f->wrong[row_of(f, d)];
	return s.p ? s : STR("");
}

const char *form_hint(const struct form_fill *f, const struct field *d)
{
	return d->say ? d->say(f->w) : d->hint ? tr(d->hint) : NULL;
}

bool form_is_first_wrong(const struct form_fill *f, const struct field *d)
{
	for (const struct field *before = f->desc->fields; before < d; before++)
		if (f->wrong[row_of(f, before)].n)
			return false;
	return f->wrong[row_of(f, d)].n > 0;
}

const struct choice *form_choices(const struct form_fill *f, const struct field *d, size_t *n)
{
	const struct choice *list = d->choose ? d->choose(f->w, f->values) : d->choices;
	*n = 0;
	while (list && list[*n].value)
		++*n;
	return list;
}

const char *form_input_type(const struct field *d)
{
	static const char *const types[] = { [FIELD_TEXT] = "text",
		[FIELD_EMAIL] = "email",
		[FIELD_URL] = "text",
		[FIELD_TEL] = "tel",
		[FIELD_PASSWORD] = "password",
		[FIELD_COLOUR] = "color",
		[FIELD_HIDDEN] = "hidden",
		[FIELD_NUMBER] = "text",
		[FIELD_MONEY] = "text",
		[FIELD_DATE] = "date",
		[FIELD_CHECK] = "checkbox",
		[FIELD_FILE] = "file" };
	return d->kind < sizeof types / sizeof *types && types[d->kind] ? types[d->kind] : "text";
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

void form_fault(struct form_fill *f, const char *field, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, tr(fmt), ap);
	va_end(ap);
	struct str *at = field ? &f->wrong[row_of(f, form_field(f, field))] : &f->problem;
	f->failed = true;
	if (!at->n && n > 0)
		*at = arena_str(f->w->ctx->arena, str_utf8_fit(str_c(text), sizeof text));
}

/* Browsers send the ends of lines as CR LF. */
static struct str unix_lines(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r')
			out[n++] = s.p[i];
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			out[n++] = '\n';
	return str_trim(str_n(out, n));
}

static struct str all_words(struct form_fill *f, const struct field *d)
{
	struct buf b;
	const struct form *sent = &f->w->form_;
	buf_arena(&b, f->w->ctx->arena, FORM_JSON_MAX);
	for (unsigned i = 0; i < sent->count; i++)
		if (str_eqc(sent->list[i].name, d->name))
			buf_printf(&b, "%s%.*s", b.len ? " " : "", STR_ARG(sent->list[i].value));
	if (!buf_ok(&b))
		form_fault(f, d->name, "At most %d bytes together, please.", FORM_JSON_MAX);
	return buf_str(&b);
}

static struct str sent_text(struct form_fill *f, const struct field *d)
{
	if (d->kind == FIELD_FILE) {
		const struct upload *u = web_upload(f->w, d->name);
		return u ? u->filename : STR("");
	}
	if (d->kind == FIELD_WORDS)
		return all_words(f, d);
	struct str s = web_form(f->w, d->name);
	if (!s.p)
		return STR("");
	return d->kind == FIELD_PASSWORD ? s : d->kind == FIELD_AREA ? unix_lines(f->w->ctx->arena, s) : str_trim(s);
}

static void own_rules(struct form_fill *f)
{
	for (const struct field *d = f->desc->fields; d->kind; d++) {
		const char *why = d->check && !f->wrong[row_of(f, d)].n ? d->check(f->w, f->values) : NULL;
		if (why)
			form_fault(f, d->name, "%s", tr(why));
	}
	if (f->desc->check && !f->failed)
		f->desc->check(f->w, f);
}

enum status form_read(struct form_fill *f, struct web *w, const struct form_desc *desc, void *values, struct err *e)
{
	form_show(f, w, desc, values);
	if (web_has_json(w)) {
		TRY(form_read_json(f, e));
	} else {
		TRY(web_form_load(w, e));
		for (const struct field *d = desc->fields; d->kind; d++) {
			struct str s = sent_text(f, d);
			f->typed[row_of(f, d)] = s;
			form_take_text(f, d, s);
		}
	}
	own_rules(f);
	return ST_OK;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

static void put_error(struct buf *b, const char *field, struct str detail)
{
	buf_puts(b, b->data[b->len - 1] == '[' ? "{\"pointer\":\"#" : ",{\"pointer\":\"#");
	if (field)
		buf_printf(b, "/%s", field);
	BUF_LIT(b, "\",\"detail\":");
	json_put_str(b, detail);
	buf_putc(b, '}');
}

static enum status refuse_program(struct form_fill *f)
{
	struct buf b;
	buf_arena(&b, f->w->ctx->arena, ANSWER_MAX);
	BUF_LIT(&b, ",\"errors\":[");
	if (f->problem.n)
		put_error(&b, NULL, f->problem);
	for (const struct field *d = f->desc->fields; d->kind; d++)
		if (f->wrong[row_of(f, d)].n)
			put_error(&b, d->name, f->wrong[row_of(f, d)]);
	BUF_LIT(&b, "]");
	http_set_header(f->w->req, "cache-control", STR("no-store"));
	web_send_problem(f->w, ST_UNPROCESSABLE, STR(""), STR(""), buf_str(&b));
	return ST_OK;
}

enum status form_refuse(struct form_fill *f, form_page *page, void *arg, struct err *e)
{
	if (web_wants_json(f->w))
		return refuse_program(f);
	return page(f, status_info(ST_UNPROCESSABLE)->http, arg, e);
}

enum status form_done(struct form_fill *f, struct str location)
{
	struct buf b;
	if (!web_wants_json(f->w))
		return web_redirect(f->w, 303, location);
	buf_arena(&b, f->w->ctx->arena, ANSWER_MAX);
	BUF_LIT(&b, "{\"location\":");
	json_put_str(&b, location);
	BUF_LIT(&b, "}\n");
	return web_json(f->w, 200, buf_str(&b));
}
