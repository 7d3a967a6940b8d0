/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/auth/once.h"

#include "base/clock.h"
#include "platform/auth/store.h"
#include "platform/crypto/seal.h"
#include "platform/web/web.h"
#include "rt/fiber.h"

#define PURPOSE "form answers"
#define LOOK_NS (50 * NS_PER_MS)
#define KEEP_NS (2 * NS_PER_S)

/* --- an answer, as text: its address, then a line for each cookie ------------------------------------------- */

static struct str answer_of(struct web *w)
{
	struct buf b;
	struct str name, value, to = STR_NULL;
	for (unsigned i = 0; http_header_set_at(w->req, i, &name, &value); i++)
		if (str_eqc(name, "location"))
			to = value;
	if (w->req->status != 303 || !to.n)
		return STR_NULL;
	buf_arena(&b, w->ctx->arena, ONCE_ANSWER_MAX);
	buf_put(&b, to.p, to.n);
	for (unsigned i = 0; http_header_set_at(w->req, i, &name, &value); i++)
		if (str_eqc(name, "set-cookie")) {
			buf_putc(&b, '\n');
			buf_put(&b, value.p, value.n);
		}
	return buf_ok(&b) ? buf_str(&b) : STR_NULL;
}

static enum status answer_again(struct web *w, struct str sealed, struct err *e)
{
	struct str text, to = STR_NULL, cookie;
	TRY(auth_unseal(w->ctx, PURPOSE, sealed, &text, e));
	(void)!str_next(&text, '\n', &to);
	while (str_next(&text, '\n', &cookie))
		http_add_header(w->req, "set-cookie", cookie);
	return web_redirect_external(w, 303, to);
}

/* --- who does it -------------------------------------------------------------------------------------------- */

enum whose { OURS, ANSWERED, UNKNOWN };

/* OURS: the entry is ours, or there is no store to say. ANSWERED: as *st says. */
static enum whose once_claim(struct web *w, struct authstore *as, struct str key, enum status *st, struct err *e)
{
	for (;;) {
		struct auth_entry entry = { .kind = AUTH_FORM, .key = key, .expires_us = auth_expiry_us(ONCE_WORK_S) };
		bool added = false;
		if (authstore_add(w->ctx, as, &entry, &added, e) != ST_OK)
			return UNKNOWN;
		if (added)
			return OURS;
		if (authstore_get(w->ctx, as, AUTH_FORM, key, &entry, e) == ST_OK && entry.value.n) {
			*st = answer_again(w, entry.value, e);
			return ANSWERED;
		}
		*st = fiber_sleep_ns(LOOK_NS);
		if (*st != ST_OK)
			return ANSWERED;
	}
}

static void once_keep(struct web *w, struct authstore *as, struct str key)
{
	struct err e = { 0 };
	struct str answer = answer_of(w);
	struct ctx ctx = *w->ctx;
	ctx.deadline_ns = clock_mono_ns() + KEEP_NS; /* also when the request's time is over */
	if (!answer.p) {
		(void)!authstore_drop(&ctx, as, AUTH_FORM, key, &e);
		return;
	}
	struct auth_entry entry = { .kind = AUTH_FORM, .key = key, .value = auth_seal(w->ctx, PURPOSE, answer),
		.expires_us = auth_expiry_us(ONCE_KEPT_S) };
	(void)!authstore_put(&ctx, as, &entry, &e);
}

static void unshield(bool *shielded)
{
	if (*shielded)
		fiber_unshield();
}

enum status once_handle(
        struct web *w, struct str sent, enum status (*handle)(struct web *w, struct err *e), struct err *e)
{
	struct authstore *as = w->ctx->svc->platform->auth;
	char key[AUTH_HASH_LEN + 1];
	enum status st = ST_OK;
	auth_hash(sent, key);
	enum whose whose = as ? once_claim(w, as, str_n(key, AUTH_HASH_LEN), &st, e) : UNKNOWN;
	if (whose == ANSWERED)
		return st;
	if (whose == UNKNOWN) {
		*e = (struct err){ 0 };
		return handle(w, e);
	}
	__attribute__((cleanup(unshield))) bool shielded = !w->multipart;
	if (shielded)
		fiber_shield();
	st = handle(w, e);
	if (!shielded)
		fiber_shield();
	shielded = true;
	once_keep(w, as, str_n(key, AUTH_HASH_LEN));
	return st;
}
