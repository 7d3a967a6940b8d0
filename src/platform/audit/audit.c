/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain written: hashes, signatures, entries, checkpoints.
 */
#include "platform/audit/audit_int.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/text/jcs.h"
#include "platform/web/web.h"

/* Written once, before there is a second thread. */
static struct { unsigned char public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES]; bool set; } key;

/* --- key and signature -------------------------------------------------------------------------------------- */

void audit_set_secret(struct str secret)
{
	static const char purpose[] = "guildhall audit checkpoints";
	unsigned char seed[crypto_sign_SEEDBYTES];
	crypto_generichash(seed, sizeof seed, (const unsigned char *)purpose, sizeof purpose - 1,
	        (const unsigned char *)secret.p, secret.n);
	crypto_sign_seed_keypair(key.public, key.secret, seed);
	sodium_memzero(seed, sizeof seed);
	key.set = true;
}

void audit_public_key(char out[AUDIT_KEY_HEX + 1])
{
	assert(key.set);
	sodium_bin2hex(out, AUDIT_KEY_HEX + 1, key.public, sizeof key.public);
}

/* What is signed: canonical JSON too, with a member that no entry has. */
static void put_point(struct buf *out, struct str chain, const struct audit_point *p)
{
	buf_printf(out, "{\"at\":%lld,\"chain\":", (long long)p->at_us);
	jcs_put_str(out, chain);
	BUF_LIT(out, ",\"hash\":");
	jcs_put_str(out, p->hash);
	buf_printf(out, ",\"seq\":%lld,\"type\":\"guildhall audit checkpoint\"}", (long long)p->seq);
}

void audit_sign(struct str chain, const struct audit_point *p, char public[AUDIT_KEY_HEX + 1],
        char signature[AUDIT_SIGNATURE_HEX + 1])
{
	unsigned char raw[crypto_sign_BYTES];
	SCOPED_BUF b;
	buf_init(&b, AUDIT_BODY_MAX);
	put_point(&b, chain, p);
	assert(buf_ok(&b));
	audit_public_key(public);
	crypto_sign_detached(raw, NULL, (unsigned char *)b.data, b.len, key.secret);
	sodium_bin2hex(signature, AUDIT_SIGNATURE_HEX + 1, raw, sizeof raw);
}

static bool from_hex(struct str hex, unsigned char *out, size_t n)
{
	size_t got;
	return hex.n == 2 * n && !sodium_hex2bin(out, n, hex.p, hex.n, NULL, &got, NULL) && got == n;
}

bool audit_signed(struct str chain, const struct audit_point *p)
{
	unsigned char raw[crypto_sign_BYTES], public[crypto_sign_PUBLICKEYBYTES];
	SCOPED_BUF b;
	buf_init(&b, AUDIT_BODY_MAX);
	put_point(&b, chain, p);
	return buf_ok(&b) && from_hex(p->signature, raw, sizeof raw) && from_hex(p->key, public, sizeof public) &&
	       !crypto_sign_verify_detached(raw, (unsigned char *)b.data, b.len, public);
}

/* --- hash --------------------------------------------------------------------------------------------------- */

/* prev and seq are the last members in canonical order, so all before them is known before the end of the chain is. */
void audit_body(struct buf *out, struct str chain, const struct audit_row *r)
{
	BUF_LIT(out, "{\"action\":");
	jcs_put_str(out, r->action);
	BUF_LIT(out, ",\"actor\":");
	jcs_put_str(out, r->actor);
	BUF_LIT(out, ",\"address\":");
	jcs_put_str(out, r->address);
	buf_printf(out, ",\"at\":%lld,\"chain\":", (long long)r->at_us);
	jcs_put_str(out, chain);
	BUF_LIT(out, ",\"details\":");
	buf_putstr(out, r->details);
	BUF_LIT(out, ",\"object\":");
	jcs_put_str(out, r->object);
	BUF_LIT(out, ",\"prev\":\"");
}

void audit_hash(struct str body, struct str prev, int64_t seq, char out[AUDIT_HASH_HEX + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char end[48];
	int n = snprintf(end, sizeof end, "\",\"seq\":%lld}", (long long)seq);
	crypto_hash_sha256_state s;
	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, (const unsigned char *)body.p, body.n);
	crypto_hash_sha256_update(&s, (const unsigned char *)prev.p, prev.n);
	crypto_hash_sha256_update(&s, (const unsigned char *)end, (unsigned long long)n);
	crypto_hash_sha256_final(&s, hash);
	sodium_bin2hex(out, AUDIT_HASH_HEX + 1, hash, sizeof hash);
}

/* --- checkpoints -------------------------------------------------------------------------------------------- */

struct logged {
	struct str chain;
	struct audit_point p;
	char key[AUDIT_KEY_HEX + 1], signature[AUDIT_SIGNATURE_HEX + 1];
	};

static void log_checkpoint(void *arg)
{
	const struct logged *k = arg;
	LOG(INFO, NULL, "audit.checkpoint", LT("chain", k->chain), LI("seq", k->p.seq), LI("at", k->p.at_us),
	        LT("hash", k->p.hash), LS("key", k->key), LS("signature", k->signature));
}

static enum status add_checkpoint(struct db_conn *c, int64_t seq, struct str hash, struct err *e)
{
	struct logged *k = ARENA_NEW(db_arena(c), struct logged);
	int64_t added;
	if (!key.set)
		return err_set(e, ST_INTERNAL, "the audit chain has no key: audit_set_secret");
	k->chain = arena_str(db_arena(c), str_c(db_name(db_of(c))));
	k->p = (struct audit_point){ .seq = seq, .at_us = clock_now_us(), .hash = arena_str(db_arena(c), hash) };
	audit_sign(k->chain, &k->p, k->key, k->signature);
	TRY(q_audit_checkpoint_add(c, seq, k->p.at_us, k->p.hash, str_c(k->key), str_c(k->signature), &added, e));
	if (added)
		db_after_commit(c, log_checkpoint, k);
	return ST_OK;
}

static enum status tx_checkpoint(struct db_conn *c, void *arg, struct err *e)
{
	struct audit_head_read_row *head;
	TRY(q_audit_head_read(c, &head, e));
	return head && head->seq ? add_checkpoint(c, head->seq, head->hash, e) : ST_OK;
}

enum status audit_checkpoint(struct ctx *ctx, struct db *db, struct err *e)
{
	return db_write(ctx, db, tx_checkpoint, NULL, e);
}

void audit_close(struct ctx *ctx, struct platform *p)
{
	for (unsigned i = 0; i < p->service_count; i++) {
		struct err e = { 0 };
		if (p->services[i].db && audit_checkpoint(ctx, p->services[i].db, &e) != ST_OK)
			LOG(WARN, ctx, "audit.not_signed", LS("chain", db_name(p->services[i].db)), LS("why", e.msg));
	}
}

/* --- entries ------------------------------------------------------------------------------------------------ */

/* Length of what may stay as it is at the beginning of s: a visible character; 0: it may not. */
static size_t proper(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	return n <= s.n && c >= 0x20 && c != 0x7f && str_utf8_valid(str_first(s, n)) ? n : 0;
}

static struct str clean(struct arena *a, struct str s, size_t max)
{
	struct buf b;
	size_t at = 0, n = 1;
	while (at < s.n && at <= max && (n = proper(str_skip(s, at))))
		at += n;
	if (at == s.n && at <= max)
		return s.p ? s : STR("");
	buf_arena(&b, a, max + 8);
	for (at = 0; at < s.n; at += n) {
		struct str rest = str_skip(s, at);
		n = proper(rest);
		struct str put = n ? str_first(rest, n) : STR("\xef\xbf\xbd");
		n = n ? n : 1;
		if (b.len + put.n + (at + n < s.n ? 3 : 0) > max) {
			BUF_LIT(&b, "…");
			break;
		}
		buf_putstr(&b, put);
	}
	return buf_str(&b);
}

static enum status canonical_details(struct arena *a, struct str details, struct str *out, struct err *e)
{
	struct buf b;
	*out = STR("{}");
	if (!details.n)
		return ST_OK;
	SCOPED_JSON *j = json_parse(details, JSON_DEPTH, e);
	if (!json_is_object(j))
		return err_set(e, ST_INVALID, "details of an audit entry are a JSON object");
	buf_arena(&b, a, AUDIT_DETAILS_MAX);
	TRY(jcs_put(&b, j, e));
	*out = buf_str(&b);
	return ST_OK;
}

static enum status chain_append(struct db_conn *c, const struct audit_row *r, struct str chained,
        struct audit_append_row **added, struct err *e)
{
	TRY(q_audit_append(c, chained, r->at_us, r->action, r->actor, r->address, r->object, r->details, added, e));
	return *added ? ST_OK : err_set(e, ST_CORRUPT, "the audit chain of %s has lost its end", db_name(db_of(c)));
}

/* The single writer has the end of the chain for itself. */
static enum status append_sqlite(
        struct db_conn *c, const struct audit_row *r, struct str body, struct audit_append_row **added, struct err *e)
{
	struct audit_head_read_row *head;
	char hash[AUDIT_HASH_HEX + 1];
	TRY(q_audit_head_read(c, &head, e));
	if (head)
		audit_hash(body, head->hash, head->seq + 1, hash);
	TRY(chain_append(c, r, head ? str_c(hash) : STR(""), added, e));
	return q_audit_head_put(c, (*added)->seq, (*added)->hash, NULL, e);
}

enum status audit_write(struct db_conn *c, const struct audit_entry *a, struct err *e)
{
	struct arena *mem = db_arena(c);
	struct audit_append_row *added;
	struct buf body;
	assert(a->action && strlen(a->action) <= AUDIT_ACTION_MAX);
	struct audit_row r = { .at_us = clock_now_us(),
		.action = str_c(a->action),
		.actor = clean(mem, a->actor, AUDIT_ACTOR_MAX),
		.address = clean(mem, a->address, AUDIT_ADDRESS_MAX),
		.object = clean(mem, a->object, AUDIT_OBJECT_MAX) };
	TRY(canonical_details(mem, a->details, &r.details, e));
	buf_arena(&body, mem, AUDIT_BODY_MAX);
	audit_body(&body, str_c(db_name(db_of(c))), &r);
	if (!buf_ok(&body))
		return err_set(e, ST_TOO_LARGE, "an audit entry is too large");
	if (db_engine(db_of(c)) == DB_SQLITE)
		TRY(append_sqlite(c, &r, buf_str(&body), &added, e));
	else
		TRY(chain_append(c, &r, buf_str(&body), &added, e));
	return added->seq % AUDIT_EVERY ? ST_OK : add_checkpoint(c, added->seq, added->hash, e);
}

static enum status tx_record(struct db_conn *c, void *arg, struct err *e)
{
	return audit_write(c, arg, e);
}

enum status audit_record(struct ctx *ctx, const struct audit_entry *a, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_record, (void *)a, e);
}

void audit_from(struct web *w, struct audit_entry *out)
{
	char *peer = arena_alloc(w->ctx->arena, HTTP_PEER_MAX);
	http_peer_text(w->req, peer);
	out->address = str_c(peer);
	out->actor = w->person ? arena_strf(w->ctx->arena, "%lld", (long long)w->person->id) : STR("");
}
