/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/audit_int.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/jcs.h"
#include "platform/web.h"

#define CANONICAL_MAX (64 << 10)

static struct { unsigned char public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES]; bool set; } key;

/* --- key ---------------------------------------------------------------------------------------------------- */

void audit_set_secret(struct str secret)
{
	static const char purpose[] = "guildhall audit checkpoints";
	unsigned char seed[crypto_sign_SEEDBYTES];
	crypto_generichash(seed, sizeof seed, (const unsigned char *)purpose, sizeof purpose - 1, (const unsigned char *)secret.p, secret.n);
	crypto_sign_seed_keypair(key.public, key.secret, seed);
	sodium_memzero(seed, sizeof seed);
	key.set = true;
}

void audit_public_key(char out[AUDIT_KEY_HEX + 1])
{
	sodium_bin2hex(out, AUDIT_KEY_HEX + 1, key.public, sizeof key.public);
}

static size_t checkpoint_text(char out[512], struct str chain, int64_t seq, struct str hash)
{
	int n = snprintf(out, 512, "guildhall audit checkpoint\n%.*s\n%lld\n%.*s", (int)(chain.n > 200 ? 200 : chain.n), chain.p, (long long)seq,
	                 (int)(hash.n > AUDIT_HASH_HEX ? AUDIT_HASH_HEX : hash.n), hash.p);
	return (size_t)n;
}

void audit_sign(struct str chain, int64_t seq, struct str hash, char out[AUDIT_SIGNATURE_HEX + 1])
{
	char text[512];
	unsigned char signature[crypto_sign_BYTES];
	size_t n = checkpoint_text(text, chain, seq, hash);
	assert(key.set);
	crypto_sign_detached(signature, NULL, (unsigned char *)text, n, key.secret);
	sodium_bin2hex(out, AUDIT_SIGNATURE_HEX + 1, signature, sizeof signature);
}

bool audit_signed(struct str chain, int64_t seq, struct str hash, struct str signature, struct str key_hex)
{
	char text[512];
	unsigned char raw[crypto_sign_BYTES], public[crypto_sign_PUBLICKEYBYTES];
	size_t n = checkpoint_text(text, chain, seq, hash), got;
	return hash.n == AUDIT_HASH_HEX && signature.n == AUDIT_SIGNATURE_HEX && key_hex.n == AUDIT_KEY_HEX &&
	       !sodium_hex2bin(raw, sizeof raw, signature.p, signature.n, NULL, &got, NULL) && got == sizeof raw &&
	       !sodium_hex2bin(public, sizeof public, key_hex.p, key_hex.n, NULL, &got, NULL) && got == sizeof public &&
	       !crypto_sign_verify_detached(raw, (unsigned char *)text, n, public);
}

/* --- hash --------------------------------------------------------------------------------------------------- */

static enum status put_details(struct buf *out, struct str details, struct err *e)
{
	if (!details.n) {
		BUF_LIT(out, "{}");
		return ST_OK;
	}
	SCOPED_JSON *j = json_parse(details, JSON_DEPTH, e);
	if (!json_is_object(j))
		return err_set(e, ST_INVALID, "details of an audit entry are a JSON object");
	return jcs_put(out, j, e);
}

enum status audit_canonical(struct buf *out, struct str chain, const struct audit_row *r, struct str prev, struct err *e)
{
	const struct { const char *name; struct str value; } texts[] = { { "{\"action\":", r->action }, { ",\"actor\":", r->actor },
		{ ",\"address\":", r->address } };
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_puts(out, texts[i].name);
		jcs_put_str(out, texts[i].value);
	}
	buf_printf(out, ",\"at\":%lld,\"chain\":", (long long)r->at_us);
	jcs_put_str(out, chain);
	BUF_LIT(out, ",\"details\":");
	TRY(put_details(out, r->details, e));
	BUF_LIT(out, ",\"object\":");
	jcs_put_str(out, r->object);
	BUF_LIT(out, ",\"prev\":");
	jcs_put_str(out, prev);
	buf_printf(out, ",\"seq\":%lld}", (long long)r->seq);
	return buf_ok(out) ? ST_OK : err_set(e, ST_TOO_LARGE, "an audit entry is too large");
}

void audit_hash_hex(struct str bytes, char out[AUDIT_HASH_HEX + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.n);
	sodium_bin2hex(out, AUDIT_HASH_HEX + 1, hash, sizeof hash);
}

/* --- writing ------------------------------------------------------------------------------------------------ */

struct checkpoint { char chain[64], hash[AUDIT_HASH_HEX + 1], signature[AUDIT_SIGNATURE_HEX + 1]; int64_t seq; };

static void log_checkpoint(void *arg)
{
	const struct checkpoint *k = arg;
	LOG(INFO, NULL, "audit.checkpoint", LS("chain", k->chain), LI("seq", k->seq), LS("hash", k->hash), LS("signature", k->signature));
}

static enum status add_checkpoint(struct db_conn *c, int64_t seq, struct str hash, struct err *e)
{
	struct checkpoint *k = ARENA_NEW(db_arena(c), struct checkpoint);
	int64_t added;
	k->seq = seq;
	snprintf(k->chain, sizeof k->chain, "%s", db_name(db_of(c)));
	snprintf(k->hash, sizeof k->hash, "%.*s", STR_ARG(hash));
	audit_sign(str_c(k->chain), seq, hash, k->signature);
	TRY(q_audit_checkpoint_add(c, seq, hash, clock_now_us(), str_c(k->signature), &added, e));
	if (added)
		db_after_commit(c, log_checkpoint, k);
	return ST_OK;
}

static struct str text_of(struct str s)
{
	return s.p ? s : STR("");
}

static enum status canonical_details(struct db_conn *c, struct str details, struct str *out, struct err *e)
{
	struct buf b;
	*out = STR("");
	if (!details.n)
		return ST_OK;
	buf_arena(&b, db_arena(c), AUDIT_DETAILS_MAX);
	TRY(put_details(&b, details, e));
	*out = buf_str(&b);
	return ST_OK;
}

enum status audit_write(struct db_conn *c, const struct audit_entry *a, struct err *e)
{
	struct audit_head_take_row *head;
	struct buf b;
	char hash[AUDIT_HASH_HEX + 1];
	struct audit_row r = { .at_us = clock_now_us(), .action = str_c(a->action), .actor = text_of(a->actor), .address = text_of(a->address),
			       .object = text_of(a->object) };
	TRY(canonical_details(c, a->details, &r.details, e));
	TRY(q_audit_head_take(c, &head, e));
	if (!head)
		return err_set(e, ST_CORRUPT, "the audit chain of %s has lost its end", db_name(db_of(c)));
	r.seq = head->seq + 1;
	buf_arena(&b, db_arena(c), CANONICAL_MAX);
	TRY(audit_canonical(&b, str_c(db_name(db_of(c))), &r, head->hash, e));
	audit_hash_hex(buf_str(&b), hash);
	TRY(q_audit_add(c, r.seq, r.at_us, r.action, r.actor, r.address, r.object, r.details, str_c(hash), NULL, e));
	if (r.seq % AUDIT_EVERY == 0)
		TRY(add_checkpoint(c, r.seq, str_c(hash), e));
	return q_audit_head_put(c, r.seq, str_c(hash), NULL, e);
}

static enum status tx_record(struct db_conn *c, void *arg, struct err *e)
{
	return audit_write(c, arg, e);
}

enum status audit_record(struct ctx *ctx, const struct audit_entry *a, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_record, (void *)a, e);
}

static enum status tx_checkpoint(struct db_conn *c, void *arg, struct err *e)
{
	struct audit_head_take_row *head;
	TRY(q_audit_head_take(c, &head, e));
	return head && head->seq ? add_checkpoint(c, head->seq, head->hash, e) : ST_OK;
}

enum status audit_checkpoint(struct ctx *ctx, struct db *db, struct err *e)
{
	return db_write(ctx, db, tx_checkpoint, NULL, e);
}

void audit_from(struct web *w, struct audit_entry *out)
{
	char *peer = arena_alloc(w->ctx->arena, HTTP_PEER_MAX);
	http_peer_text(w->req, peer);
	out->address = str_c(peer);
	out->actor = w->person ? arena_strf(w->ctx->arena, "%lld", (long long)w->person->id) : STR("");
}
