/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens: taken apart, put together, judged. Keys are in jose_key.c.
 */
#include "platform/crypto/jose_int.h"

#include <sodium.h>

#include "base/clock.h"

const char *const jose_alg_names[JOSE_ALGS] = {
	[JOSE_ES256] = "ES256", [JOSE_EDDSA] = "EdDSA", [JOSE_RS256] = "RS256"
};

bool jose_alg_parse(struct str name, enum jose_alg *out)
{
	for (unsigned i = 0; i < JOSE_ALGS; i++)
		if (str_eqc(name, jose_alg_names[i])) {
			*out = (enum jose_alg)i;
			return true;
		}
	return false;
}

struct str base64url(struct arena *a, struct str s)
{
	size_t room = sodium_base64_encoded_len(s.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = arena_alloc(a, room);
	sodium_bin2base64(out, room, (const unsigned char *)s.p, s.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return str_c(out);
}

struct str base64url_decode(struct arena *a, struct str text)
{
	size_t n;
	unsigned char *out = arena_alloc(a, text.n + 1);
	if (!str_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out, text.n + 1, &n))
		return STR_NULL;
	out[n] = 0;
	return str_n((char *)out, n);
}

/* --- putting together --------------------------------------------------------------------------------------- */

enum status jose_sign(struct arena *a, const struct jose_key *k, struct str typ, struct str kid, struct str payload,
        struct str *out, struct err *e)
{
	struct buf b;
	struct str signature;
	buf_arena(&b, a, JOSE_TOKEN_MAX);
	buf_putc(&b, '{');
	json_put_member(&b, "alg", str_c(jose_alg_names[jose_key_alg(k)]));
	if (typ.n)
		json_put_member(&b, "typ", typ);
	if (kid.n)
		json_put_member(&b, "kid", kid);
	buf_putc(&b, '}');
	struct str head = base64url(a, buf_str(&b));
	struct str input = arena_strf(a, "%.*s.%.*s", STR_ARG(head), STR_ARG(base64url(a, payload)));
	TRY(jose_key_sign(k, a, input, &signature, e));
	*out = arena_strf(a, "%.*s.%.*s", STR_ARG(input), STR_ARG(base64url(a, signature)));
	return out->n <= JOSE_TOKEN_MAX ? ST_OK : err_set(e, ST_TOO_LARGE, "a token is too large");
}

/* --- taking apart ------------------------------------------------------------------------------------------- */

static json_t *object_of(struct arena *a, struct str part)
{
	struct str text = base64url_decode(a, part);
	json_t *j = text.p ? json_parse(text, JOSE_DEPTH, NULL) : NULL;
	if (!j || json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

static struct str text_of(const json_t *j, const char *member)
{
	struct str s = json_str(j, member);
	return s.p ? s : STR("");
}

enum status jwt_parse(struct arena *a, struct str token, struct jwt *out, struct err *e)
{
	static const char bad[] = "This is not a signed token that is understood here.";
	struct str rest = token, head, payload;
	*out = (struct jwt){ 0 };
	if (token.n > JOSE_TOKEN_MAX || !str_cut(&rest, '.', &head) || !str_cut(&rest, '.', &payload) ||
	        str_chr(rest, '.') >= 0)
		return err_set(e, ST_INVALID, bad);
	out->input = str_n(token.p, head.n + 1 + payload.n);
	out->signature = base64url_decode(a, rest);
	out->header = object_of(a, head);
	out->payload = out->header ? object_of(a, payload) : NULL;
	/* Critical extensions (RFC 7515 4.1.11): there is none that we know. */
	if (!out->signature.n || !out->payload || json_object_get(out->header, "crit") ||
	        !jose_alg_parse(json_str(out->header, "alg"), &out->alg)) {
		jwt_fini(out);
		return err_set(e, ST_INVALID, bad);
	}
	out->kid = text_of(out->header, "kid");
	out->typ = text_of(out->header, "typ");
	return ST_OK;
}

void jwt_fini(struct jwt *t)
{
	json_decref(t->header);
	json_decref(t->payload);
	t->header = t->payload = NULL;
}

bool jwt_signed_by(const struct jwt *t, const struct jose_key *k)
{
	return jose_key_alg(k) == t->alg && jose_key_verify(k, t->input, t->signature);
}

/* --- judging ------------------------------------------------------------------------------------------------ */

/* NumericDate: seconds, maybe with a fraction. False: there, and no such number. */
static bool date_of(const json_t *j, const char *member, bool *there, double *out)
{
	const json_t *v = json_object_get(j, member);
	*there = v != NULL;
	*out = v ? json_number_value(v) : 0;
	return !v || (json_is_number(v) && *out >= 0 && *out < 1e11);
}

enum status jwt_in_time(const struct jwt *t, int64_t skew_s, bool need_exp, struct err *e)
{
	double now = (double)clock_now_us() / US_PER_S, exp, nbf, iat, skew = (double)skew_s;
	bool has_exp, has_nbf, has_iat;
	if (!date_of(t->payload, "exp", &has_exp, &exp) || !date_of(t->payload, "nbf", &has_nbf, &nbf) ||
	        !date_of(t->payload, "iat", &has_iat, &iat))
		return err_set(e, ST_INVALID, "A time in this token can not be read.");
	if ((need_exp && !has_exp) || (has_exp && exp + skew <= now))
		return err_set(e, ST_INVALID, "This token has expired.");
	if ((has_nbf && nbf > now + skew) || (has_iat && iat > now + skew))
		return err_set(e, ST_INVALID, "This token is from the future.");
	return ST_OK;
}

bool jwt_is_for(const struct jwt *t, struct str audience)
{
	const json_t *aud = json_object_get(t->payload, "aud"), *one;
	size_t i;
	if (json_is_string(aud))
		return str_eq(str_n(json_string_value(aud), json_string_length(aud)), audience);
	json_array_foreach((json_t *)(uintptr_t)aud, i, one)
		if (json_is_string(one) && str_eq(str_n(json_string_value(one), json_string_length(one)), audience))
			return true;
	return false;
}
