/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking along a chain: is each entry what was written, where it was written, and is what must be signed signed?
 *
 * An entry keeps the hash of the one before it. That is more than a chain needs, but tells an entry that was edited
 * (its own hash does not fit) from one that was rewritten together with its hash (the next one continues another).
 */
#include "platform/audit/audit_int.h"

#include <stdio.h>

#define SEARCH_MAX 100000 /* places that an entry may have been moved from */

void walk_begin(struct audit_walk *w, struct audit_verdict *v, const struct audit_trust *t)
{
	*v = (struct audit_verdict){ .hash = AUDIT_ZERO };
	*w = (struct audit_walk){ .v = v, .trust = t, .known_seen = !t->known_seq };
	buf_init(&w->body, AUDIT_BODY_MAX);
}

void walk_blame(struct audit_walk *w, int64_t seq, const char *fmt, ...)
{
	va_list ap;
	if (w->v->bad_seq)
		return;
	va_start(ap, fmt);
	vsnprintf(w->v->why, sizeof w->v->why, fmt, ap);
	va_end(ap);
	str_utf8_end(w->v->why);
	w->v->bad_seq = seq > 0 ? seq : 1;
}

bool walk_trusts(const struct audit_walk *w, struct str key)
{
	struct str rest = w->trust->keys, one;
	if (*w->own_key && str_ieqc(key, w->own_key))
		return true;
	while (rest.n && str_next(&rest, ',', &one))
		if (str_ieq(str_trim(one), key))
			return true;
	return false;
}

/* The fields do not give the hash. Do they at another place of the chain? */
static void blame_edited(struct audit_walk *w, const struct audit_row *r)
{
	char hash[AUDIT_HASH_HEX + 1];
	for (int64_t seq = 1; seq <= SEARCH_MAX; seq++) {
		audit_hash(buf_str(&w->body), r->prev, seq, hash);
		if (!str_eqc(r->hash, hash))
			continue;
		walk_blame(w, r->seq, "entry %lld is not in its place: it was written as entry %lld", (long long)r->seq,
		        (long long)seq);
		return;
	}
	walk_blame(w, r->seq, "entry %lld was edited: what it says does not give its hash", (long long)r->seq);
}

static bool must_be_signed(struct audit_walk *w)
{
	if (!w->seq || w->seq % AUDIT_EVERY || w->v->signed_upto == w->seq)
		return true;
	walk_blame(w, w->seq, "the checkpoint at entry %lld is missing", (long long)w->seq);
	return false;
}

static void blame_place(struct audit_walk *w, int64_t seq)
{
	if (seq > w->seq)
		walk_blame(w, w->seq + 1, "entry %lld is missing: after %lld comes %lld", (long long)w->seq + 1,
		        (long long)w->seq, (long long)seq);
	else if (seq < 1)
		walk_blame(w, 1, "entry %lld was added by another hand: the first is 1", (long long)seq);
	else
		walk_blame(w, seq, "entry %lld is not in its place: it stands behind entry %lld", (long long)seq,
		        (long long)w->seq);
}

static void note_known(struct audit_walk *w)
{
	if (w->known_seen || w->seq != w->trust->known_seq)
		return;
	w->known_seen = true;
	if (!str_ieqc(w->trust->known_hash, w->v->hash))
		walk_blame(w, w->seq, "entry %lld, or one before it, was rewritten: its hash was known to be another",
		        (long long)w->seq);
}

bool walk_entry(struct audit_walk *w, const struct audit_row *r)
{
	char hash[AUDIT_HASH_HEX + 1];
	if (w->v->bad_seq || !must_be_signed(w))
		return false;
	if (r->seq != w->seq + 1) {
		blame_place(w, r->seq);
		return false;
	}
	buf_clear(&w->body);
	audit_body(&w->body, w->chain, r);
	audit_hash(buf_str(&w->body), r->prev, r->seq, hash);
	if (!buf_ok(&w->body) || !str_eqc(r->hash, hash)) {
		blame_edited(w, r);
		return false;
	}
	if (!str_eqc(r->prev, w->v->hash)) {
		walk_blame(w, w->seq, "entry %lld was rewritten: entry %lld was written after another",
		        (long long)w->seq, (long long)r->seq);
		return false;
	}
	w->seq = r->seq;
	memcpy(w->v->hash, hash, sizeof hash);
	w->v->entries++;
	note_known(w);
	return !w->v->bad_seq;
}

bool walk_point(struct audit_walk *w, const struct audit_point *p)
{
	if (w->v->bad_seq)
		return false;
	if (p->seq != w->seq)
		walk_blame(w, p->seq, "the checkpoint at entry %lld is not in its place", (long long)p->seq);
	else if (!walk_trusts(w, p->key))
		walk_blame(w, p->seq, "the checkpoint at entry %lld is signed with a key that is not trusted (%.16s…)",
		        (long long)p->seq, p->key.n == AUDIT_KEY_HEX ? p->key.p : "none");
	else if (!audit_signed(w->chain, p))
		walk_blame(w, p->seq, "the checkpoint at entry %lld is forged: its signature does not fit",
		        (long long)p->seq);
	else if (!str_eqc(p->hash, w->v->hash))
		walk_blame(w, w->v->signed_upto + 1,
		        "entries were rewritten between %lld and %lld: another end of them was signed",
		        (long long)w->v->signed_upto + 1, (long long)p->seq);
	if (w->v->bad_seq)
		return false;
	w->v->signed_upto = p->seq;
	w->v->checkpoints++;
	return true;
}

void walk_end(struct audit_walk *w, int64_t head_seq, struct str head_hash)
{
	if (!w->v->bad_seq)
		(void)must_be_signed(w);
	if (w->seq < head_seq)
		walk_blame(w, w->seq + 1, "entries %lld to %lld are missing: the chain ends too early",
		        (long long)w->seq + 1, (long long)head_seq);
	else if (w->seq > head_seq)
		walk_blame(w, head_seq + 1, "the record of the chain's end was set back to %lld: entry %lld is there",
		        (long long)head_seq, (long long)w->seq);
	else if (!str_eqc(head_hash, w->v->hash))
		walk_blame(w, w->v->signed_upto < w->seq ? w->v->signed_upto + 1 : w->seq,
		        "entry %lld was rewritten, or one since the checkpoint at %lld: the record of the chain's end "
		        "knows another",
		        (long long)w->seq, (long long)w->v->signed_upto);
	if (!w->known_seen)
		walk_blame(w, w->seq + 1, "entries %lld to %lld are missing: the last was known", (long long)w->seq + 1,
		        (long long)w->trust->known_seq);
	buf_fini(&w->body);
}
