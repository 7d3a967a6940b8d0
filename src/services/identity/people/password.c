/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/people/password.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "platform/config/config.h"
#include "platform/text/unicode.h"
#include "rt/offload.h"
#include "rt/sync.h"
#include "services/identity/people/breached.h"
#include "services/identity/people/guess.h"
#include "services/identity/people/people.h"

#define PASSWORD_TYPED_MAX (4 * PASSWORD_MAX) /* bytes as they come, before accents are put together with letters */
#define WAITING_MAX 64
#define WAIT_NS (5 * NS_PER_S)

_Static_assert(crypto_pwhash_STRBYTES <= PASSWORD_HASH_MAX, "");

static struct fsem cooks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* What is compared when there is no account: the hash of 32 random bytes that nobody kept, with the work of a real one.
 */
static const char nobodys[crypto_pwhash_STRBYTES] =
        "$argon2id$v=19$m=19456,t=2,p=1$tb548tRAr5YS7Xba3baykQ$LVNoOonU0tVFPOQNwGV9zMRhpqevYDYClLSafq0GYzI";

static void prepare(void)
{
	cpu_set_t set;
	unsigned n = sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
	fsem_init(&cooks, n > 2 ? n / 2 : 1, WAITING_MAX);
	assert(crypto_pwhash_str_needs_rehash(nobodys, PASSWORD_OPS, PASSWORD_MEMORY) == 0 &&
	        "other parameters need another hash of nobody's");
}

struct hash_work { struct str password; const char *hash; char out[crypto_pwhash_STRBYTES]; int result; };

static void compute(void *arg)
{
	struct hash_work *w = arg;
	w->result = w->hash ? crypto_pwhash_str_verify(w->hash, w->password.p, w->password.n)
	                    : crypto_pwhash_str_alg(w->out, w->password.p, w->password.n, PASSWORD_OPS, PASSWORD_MEMORY,
	                              crypto_pwhash_ALG_ARGON2ID13);
}

static enum status hash_on_lane(struct ctx *ctx, struct hash_work *w, struct err *e)
{
	static const char busy[] = "Many people are signing in at this moment. Please try again in a few seconds.";
	int64_t until = clock_mono_ns() + WAIT_NS;
	pthread_once(&once, prepare);
	if (ctx->deadline_ns && ctx->deadline_ns < until)
		until = ctx->deadline_ns;
	enum status st = fsem_take(&cooks, until);
	if (st == ST_UNAVAILABLE || st == ST_TIMEOUT)
		return err_set(e, ST_UNAVAILABLE, busy);
	TRY(st);
	st = offload(OFFLOAD_SECRETS, compute, w);
	fsem_give(&cooks);
	return st == ST_UNAVAILABLE || st == ST_TIMEOUT ? err_set(e, ST_UNAVAILABLE, busy) : st;
}

static struct str normal(struct ctx *ctx, struct str password)
{
	struct str normal = unicode_mapped(ctx->arena, password, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
	return normal.p ? normal : password;
}

enum status password_check(struct ctx *ctx, struct str password, const struct password_owner *of, struct err *e)
{
	int64_t min = config_int(ctx->svc->platform->config, "identity", "password_min");
	struct str s = normal(ctx, password.p ? password : STR(""));
	if ((int64_t)str_utf8_len(s) < min)
		return err_set(e, ST_UNPROCESSABLE,
		        "At least %lld characters, please: a short sentence is easy to remember and hard to guess.",
		        (long long)min);
	if (s.n > PASSWORD_MAX)
		return err_set(e, ST_UNPROCESSABLE, "At most %d bytes are accepted.", PASSWORD_MAX);
	const char *guessed = guess_reason(ctx->arena, s, of->email, of->name);
	if (guessed)
		return err_set(e, ST_UNPROCESSABLE, "%s", tr(guessed));
	int64_t seen = breached_seen(ctx, s);
	if (seen)
		return err_set(e, ST_UNPROCESSABLE,
		        "This password was found in break-ins elsewhere (%lld times), so it is tried first. Please "
		        "choose another.",
		        (long long)seen);
	return ST_OK;
}

struct str password_rule(struct ctx *ctx)
{
	return arena_strf(ctx->arena,
	        tr("At least %lld characters, and more than a common word, a name or a row of keys. A short sentence "
	           "is easy to remember and hard to guess."),
	        (long long)config_int(ctx->svc->platform->config, "identity", "password_min"));
}

const char *password_hint(struct web *w)
{
	return arena_cstr(w->ctx->arena, password_rule(w->ctx));
}

enum status password_hash(struct ctx *ctx, struct str password, char out[PASSWORD_HASH_MAX], struct err *e)
{
	struct hash_work w = { .password = normal(ctx, password) };
	TRY(hash_on_lane(ctx, &w, e));
	if (w.result)
		return err_set(e, ST_NOMEM, "no memory to hash a password");
	memcpy(out, w.out, sizeof w.out);
	return ST_OK;
}

enum status password_verify(
        struct ctx *ctx, struct str password, struct str hash, bool *right, bool *weak, struct err *e)
{
	*right = *weak = false;
	/* Too long a one is nobody's, and takes as long as any other. */
	struct str typed = normal(ctx, str_first(password.p ? password : STR(""), PASSWORD_TYPED_MAX));
	bool too_long = password.n > PASSWORD_TYPED_MAX || typed.n > PASSWORD_MAX;
	struct hash_work w = { .password = str_first(typed, PASSWORD_MAX),
		               .hash = hash.p ? arena_cstr(ctx->arena, hash) : nobodys };
	TRY(hash_on_lane(ctx, &w, e));
	*right = hash.p && w.result == 0 && !too_long;
	*weak = *right && crypto_pwhash_str_needs_rehash(w.hash, PASSWORD_OPS, PASSWORD_MEMORY) == 1;
	return ST_OK;
}

enum status password_set(struct db_conn *c, int64_t person, const char *hash, struct err *e)
{
	return q_identity_password_put(c, person, str_c(hash), clock_now_us(), NULL, e);
}
