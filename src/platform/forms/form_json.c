/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a program: an object whose members are the form's fields. A value becomes the text that a person would
 * type, and goes through the same rules; a member that is no field is refused, so that a misspelt one is not lost in
 * silence.
 */
#include <stdio.h>

#include "base/lang.h"
#include "platform/forms/forms_int.h"
#include "platform/text/json.h"

static const struct field *find_field(const struct form_fill *f, const char *name)
{
	for (const struct field *d = f->desc->fields; d->kind; d++)
		if (!strcmp(d->name, name) && d->kind != FIELD_FILE)
			return d;
	return NULL;
}

static bool words_of(struct arena *a, const json_t *list, struct str *out)
{
	struct buf b;
	size_t i;
	json_t *word;
	buf_arena(&b, a, FORM_JSON_MAX);
	json_array_foreach((json_t *)(uintptr_t)list, i, word) {
		if (!json_is_string(word) || strchr(json_string_value(word), ' '))
			return false;
		buf_printf(&b, "%s%s", i ? " " : "", json_string_value(word));
	}
	*out = buf_str(&b);
	return buf_ok(&b);
}

/* The text that stands for it. False: of another type than the field's. */
static bool text_of(struct arena *a, const struct field *d, const json_t *v, struct str *out)
{
	*out = STR("");
	if (json_is_null(v))
		return true;
	switch (d->kind) {
	case FIELD_CHECK:
		*out = json_is_true(v) ? STR("1") : STR("");
		return json_is_boolean(v);
	case FIELD_NUMBER:
		*out = arena_strf(a, "%lld", (long long)json_integer_value(v));
		return json_is_integer(v);
	case FIELD_WORDS:
		return json_is_array(v) && words_of(a, v, out);
	default:
		if (!json_is_string(v))
			return false;
		*out = arena_str(a, str_n(json_string_value(v), json_string_length(v)));
		if (d->kind != FIELD_PASSWORD)
			*out = str_trim(*out);
		return true;
	}
}

static const char *kind_wanted(enum field_kind k)
{
	return k == FIELD_CHECK     ? TR_NOOP("true or false")
	        : k == FIELD_NUMBER ? TR_NOOP("a whole number")
	        : k == FIELD_WORDS  ? TR_NOOP("a list of words")
	                            : TR_NOOP("a text");
}

enum status form_read_json(struct form_fill *f, struct err *e)
{
	struct str body, typed;
	const char *name;
	json_t *v;
	TRY(http_body_all(
	        f->w->req, FORM_JSON_MAX < f->w->req->body_max ? FORM_JSON_MAX : f->w->req->body_max, &body, e));
	SCOPED_JSON *in = json_parse(body, JSON_DEPTH, e);
	if (!in)
		return e && e->status ? e->status : ST_INVALID;
	if (!json_is_object(in))
		return err_set(e, ST_INVALID, "An object is expected, with a member for each field.");
	json_object_foreach(in, name, v) {
		const struct field *d = find_field(f, name);
		if (!d)
			return err_set(e, ST_INVALID, "There is no field \"%.100s\" here.", name);
		if (!text_of(f->w->ctx->arena, d, v, &typed)) {
			form_fault(f, d->name, "This should be %s.", tr(kind_wanted(d->kind)));
			continue;
		}
		f->typed[d - f->desc->fields] = typed;
	}
	for (const struct field *d = f->desc->fields; d->kind; d++)
		if (!f->wrong[d - f->desc->fields].n && d->kind != FIELD_FILE)
			form_take_text(f, d, f->typed[d - f->desc->fields]);
	return ST_OK;
}
