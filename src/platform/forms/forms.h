/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms: fields declared once, in a table. From it come the drawn form, the limits and messages beside each field, what
 * was typed given back on every failure, and the same rules for a JSON body (problem+json with a pointer to each field,
 * RFC 9457 and RFC 6901).
 *
 *	struct address { struct str name, city; bool delivery; };
 *	static const struct field fields[] = {
 *		FIELD(struct address, name, TEXT, .label = "Name", .required = "Whom is it for?", .max = 100),
 *		FIELD(struct address, city, TEXT, .label = "Town", .max = 100),
 *		FIELD(struct address, delivery, CHECK, .label = "Deliver here"),
 *		{ 0 },
 *	};
 *	static const struct form_desc address_form = { .fields = fields };
 *
 * GET: form_show(&f, w, &address_form, &values), then the page with {% call form_fields(f) %}. POST: form_read(…);
 * f.failed: form_refuse. Names are those of the members and of JSON; ids in the page are "f-name", so that two forms of
 * one page want different members.
 */
#ifndef GH_PLATFORM_FORMS_H
#define GH_PLATFORM_FORMS_H

#include <stddef.h>

#include "base/money.h"
#include "platform/web/web.h"

/* Kind, the type of the member that it fills, and what a browser is asked to show. */
enum field_kind {
	FIELD_END,
	FIELD_TEXT,     /* struct str: one line, trimmed */
	FIELD_AREA,     /* struct str: lines, "\r\n" made "\n" */
	FIELD_EMAIL,    /* struct str */
	FIELD_URL,      /* struct str: http or https, or a path of this site */
	FIELD_TEL,      /* struct str */
	FIELD_PASSWORD, /* struct str, not trimmed; never given back */
	FIELD_COLOUR,   /* struct str: "#rrggbb" */
	FIELD_CHOICE,   /* struct str: one of choices */
	FIELD_WORDS,    /* struct str: any of choices, a space between them */
	FIELD_HIDDEN,   /* struct str */
	FIELD_NUMBER,   /* int64_t */
	FIELD_MONEY,    /* struct money; its currency is set before: form_show, form_read leave it */
	FIELD_DATE,     /* int64_t: days since 1970-01-01; FIELD_NO_DATE: none */
	FIELD_CHECK,    /* bool */
	FIELD_FILE,     /* bool: did a file come? It is web_upload's */
};
#define FIELD_NO_DATE INT64_MIN

#define FIELD_TYPE_TEXT struct str
#define FIELD_TYPE_AREA struct str
#define FIELD_TYPE_EMAIL struct str
#define FIELD_TYPE_URL struct str
#define FIELD_TYPE_TEL struct str
#define FIELD_TYPE_PASSWORD struct str
#define FIELD_TYPE_COLOUR struct str
#define FIELD_TYPE_CHOICE struct str
#define FIELD_TYPE_WORDS struct str
#define FIELD_TYPE_HIDDEN struct str
#define FIELD_TYPE_NUMBER int64_t
#define FIELD_TYPE_MONEY struct money
#define FIELD_TYPE_DATE int64_t
#define FIELD_TYPE_CHECK bool
#define FIELD_TYPE_FILE bool

#define FIELD_AT(T, m, type) (offsetof(T, m) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), type) ? 1 : -1]))
/* A row of the table: the member m of T, of a kind; the build fails when the member's type is not the kind's. */
#define FIELD(T, m, K, ...) { .name = #m, .kind = FIELD_##K, .at = FIELD_AT(T, m, FIELD_TYPE_##K), __VA_ARGS__ }

struct choice { const char *value, *label, *hint; };

enum {
	FORM_FIELDS_ROOM = 128,
	FORM_TEXT_MAX = 200,
	FORM_AREA_MAX = 5000,
	FORM_EMAIL_MAX = 254,
	FORM_URL_MAX = 2000,
	FORM_JSON_MAX = 256 << 10
};

struct field {
	const char *name, *label, *hint;
	enum field_kind kind;
	size_t at;                 /* offset in the values */
	const char *required;      /* what is said when it is missing; NULL: it may be */
	int64_t min, max; /* characters of a text; bounds of a number or of minor units. max 0: FORM_…_MAX, or none of a
	                     number */
	const char *(*say)(struct web *w); /* instead of hint: made for this request, in its arena and language */
	bool fixed;                /* shown, and not to be changed here */
	bool plain;                /* not marked as one that may be left empty */
	const char *autocomplete;  /* HTML's token; NULL: none said */
	const char *placeholder, *accept /* of a file */, *unit /* behind a number: "days" */;
	const struct choice *choices;                                         /* ends with { 0 } */
	const struct choice *(*choose)(
	        struct web *w, const void *values); /* instead: made for this request, in its arena */
	/* A rule of its own, when the general ones hold: what is wrong, or NULL. */
	const char *(*check)(struct web *w, const void *values);
};

struct form_fill;

struct form_desc {
	const struct field *fields; /* ends with { 0 } */
	/* Rules between fields: form_fault on them. NULL: none. */
	void (*check)(struct web *w, struct form_fill *f);
};

/* A form as it is filled: on the handler's stack, its texts in the request's arena. */
struct form_fill {
	const struct form_desc *desc;
	struct web *w;
	void *values;
	struct str typed[FORM_FIELDS_ROOM]; /* by row of the table */
	struct str wrong[FORM_FIELDS_ROOM]; /* what is wrong with it; empty: nothing */
	struct str problem;                 /* with the form as a whole */
	bool failed;
};

/* To show what values hold. */
void form_show(struct form_fill *f, struct web *w, const struct form_desc *desc, void *values);

/* Reads the request's body, a form or JSON, into values by the rules. ST_OK also when they do not hold: then f->failed
   is set, and a field that is wrong keeps its former value. Fields that are absent: a form's are empty, JSON's keep
   what values had. Members of JSON that no field has are refused. Failures: the body's own (ST_INVALID, ST_TOO_LARGE,
   ST_MEDIA_TYPE). */
enum status form_read(
        struct form_fill *f, struct web *w, const struct form_desc *desc, void *values, struct err *e) MUST_CHECK;

/* Say what is wrong with a field; field NULL: with the form. The first word about a field stays. */
void form_fault(struct form_fill *f, const char *field, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The answer to a form that failed: 422 with page's, or problem+json with a pointer and a detail for each field. page
 * draws with the given status. */
typedef enum status form_page(struct form_fill *f, int status, void *arg, struct err *e);
enum status form_refuse(struct form_fill *f, form_page *page, void *arg, struct err *e) MUST_CHECK;

/* The answer to one that was taken: 303 to location, or for programs 200 with {"location": …}. */
enum status form_done(struct form_fill *f, struct str location) MUST_CHECK;

/* The picture that came in a FILE field, put into the media store of ctx->svc. item->variant_count is 0 when none came,
   and when what came can not be taken: then the field says so (at most FORM_PICTURE_MAX bytes; JPEG, PNG, WebP and
   GIF). Failures: the store's own. */
enum { FORM_PICTURE_MAX = 10 << 20 };
struct media_item; /* platform/media/media.h */
enum status form_picture(struct form_fill *f, const char *field, struct media_item *item, struct err *e) MUST_CHECK;

/* The row of that name; asserts that there is one. */
const struct field *form_field(const struct form_fill *f, const char *name);

/* --- for the templates --- */
size_t form_count(const struct form_fill *f); /* fields */
/* What stands in the field: as it was typed, or what the values hold; in the request's arena. */
struct str form_typed(const struct form_fill *f, const struct field *d);
/* Its hint, in the reader's language; NULL: none. */
const char *form_hint(const struct form_fill *f, const struct field *d);
/* What is wrong with it; empty: nothing. */
struct str form_wrong(const struct form_fill *f, const struct field *d);
bool form_is_first_wrong(const struct form_fill *f, const struct field *d); /* gets the focus */
/* Its choices, made for the request where the row says so; *n: how many. */
const struct choice *form_choices(const struct form_fill *f, const struct field *d, size_t *n);
const char *form_input_type(const struct field *d); /* of <input> */
int64_t form_max(const struct field *d);           /* characters; 0: not a text */

#endif
