/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/people/people.h"

#include <utf8proc.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"
#include "platform/text/unicode.h"
#include "platform/text/url.h"

#define HANDLE_TRIES 200

/* --- texts that people give --------------------------------------------------------------------------------- */

enum status people_email_key(struct arena *a, struct str email, struct str *key, struct err *e)
{
	struct str trimmed = str_trim(email.p ? email : STR(""));
	if (!trimmed.n)
		return err_set(e, ST_UNPROCESSABLE, "Please give an e-mail address.");
	if (trimmed.n > PERSON_EMAIL_MAX || !str_utf8_valid(trimmed) || !email_looks_right(trimmed))
		return err_set(e, ST_UNPROCESSABLE, "This does not look like an e-mail address (name@example.org).");
	*key = unicode_mapped(
	        a, trimmed, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
	return key->n ? ST_OK
	              : err_set(e, ST_UNPROCESSABLE, "This does not look like an e-mail address (name@example.org).");
}

enum status people_clean_name(struct arena *a, struct str name, struct str *clean, struct err *e)
{
	struct str s = str_trim(name.p ? name : STR(""));
	if (!str_utf8_valid(s))
		return err_set(e, ST_UNPROCESSABLE, "This name has characters that can not be read.");
	if (str_utf8_turns(s))
		return err_set(e, ST_UNPROCESSABLE, "This name has a character that turns the text around.");
	s = unicode_mapped(a, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_STRIPCC);
	s = str_trim(s);
	if (!s.n)
		return err_set(e, ST_UNPROCESSABLE, "Please give a name.");
	if (str_utf8_len(s) > PERSON_NAME_MAX)
		return err_set(e, ST_UNPROCESSABLE, "A name has at most %d characters.", PERSON_NAME_MAX);
	*clean = s;
	return ST_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

enum status people_by_id(struct db_conn *c, int64_t id, struct person_record **out, struct err *e)
{
	struct identity_person_row *r;
	TRY(q_identity_person(c, id, &r, e));
	*out = r ? ARENA_NEW(db_arena(c), struct person_record) : NULL;
	if (r)
		**out = (struct person_record){ r->id, r->email, r->handle, r->name, r->status, r->roles, r->bio,
			r->avatar, r->locale, r->timezone, r->email_verified, r->created_at, r->updated_at,
			r->seen_at_null ? 0 : r->seen_at, r->leaving_at_null ? 0 : r->leaving_at };
	return ST_OK;
}

bool people_may_act(const struct person_record *p)
{
	return str_eqc(p->status, "active") || str_eqc(p->status, "leaving");
}

enum status people_load(struct ctx *ctx, int64_t id, struct person_record **out, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	return people_by_id(c, id, out, e);
}

enum status people_by_email(struct db_conn *c, struct str email, struct person_record **out, struct err *e)
{
	struct str key;
	struct identity_person_id_of_row *r;
	*out = NULL;
	if (people_email_key(db_arena(c), email, &key, NULL) != ST_OK)
		return ST_OK;
	TRY(q_identity_person_id_of(c, key, &r, e));
	return r ? people_by_id(c, r->id, out, e) : ST_OK;
}

/* --- signed in ---------------------------------------------------------------------------------------------- */

struct sso people_sso(const struct person_record *p)
{
	return (struct sso){ .person = p->id,
		.name = p->name,
		.email = p->email,
		.handle = p->handle,
		.roles = p->roles,
		.zone = p->timezone,
		.lang = p->locale };
}

enum status people_refresh(struct ctx *ctx, const struct person_record *p, struct err *e)
{
	const struct sso fresh = people_sso(p);
	return sso_refresh_person(ctx, &fresh, e);
}

/* --- adding ------------------------------------------------------------------------------------------------- */

/* "Inês Marques" → "ines_marques"; what has no Latin letters or digits → "member". */
static struct str handle_base(struct arena *a, struct str name)
{
	struct str plain = unicode_mapped(a, name,
	        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
	char *out = arena_alloc(a, PERSON_HANDLE_MAX + 1);
	size_t n = 0;
	bool gap = false;
	for (size_t i = 0; i < plain.n && n < PERSON_HANDLE_MAX - 4; i++) {
		char c = plain.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			if (gap && n)
				out[n++] = '_';
			out[n++] = c;
			gap = false;
		} else {
			gap = true;
		}
	}
	return n ? str_n(out, n) : STR("member");
}

static enum status free_handle(struct db_conn *c, struct str name, struct str *out, struct err *e)
{
	struct arena *a = db_arena(c);
	struct str base = handle_base(a, name);
	struct identity_handles_like_row *taken;
	size_t n;
	struct buf pattern;
	buf_text(&pattern, a);
	for (size_t i = 0; i < base.n; i++)
		buf_printf(&pattern, "%s%c", base.p[i] == '_' ? "!" : "", base.p[i]);
	buf_putc(&pattern, '%');
	TRY(q_identity_handles_like(c, base, buf_str(&pattern), &taken, &n, e));
	for (unsigned try = 1; try <= HANDLE_TRIES; try++) {
		*out = try == 1 ? base : arena_strf(a, "%.*s%u", STR_ARG(base), try);
		bool used = false;
		for (size_t i = 0; i < n && !used; i++)
			used = str_eq(taken[i].handle, *out);
		if (!used)
			return ST_OK;
	}
	char id[ID_TEXT_LEN + 1];
	id_text(id_new(), id);
	*out = arena_strf(a, "m%s", id);
	return ST_OK;
}

enum status people_add(struct db_conn *c, const struct person_new *n, int64_t *id, struct err *e)
{
	struct arena *a = db_arena(c);
	struct str key, name, handle;
	struct identity_person_id_of_row *there;
	int64_t added;
	TRY(people_email_key(a, n->email, &key, e));
	TRY(people_clean_name(a, n->name, &name, e));
	TRY(q_identity_person_id_of(c, key, &there, e));
	if (there)
		return err_set(e, ST_CONFLICT, "This e-mail address has an account already.");
	TRY(free_handle(c, name, &handle, e));
	*id = id_new();
	TRY(q_identity_person_add(c, *id, str_trim(n->email), key, n->email_verified, handle, name,
	        str_c(n->status ? n->status : "active"), n->roles.p ? n->roles : STR(""), clock_now_us(), &added, e));
	return added
	        ? ST_OK
	        : err_set(e, ST_CONFLICT, "Somebody took that address or name at the same moment. Please try again.");
}
