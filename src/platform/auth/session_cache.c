/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/auth/session_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

#define SLOTS 8192
#define LOCKS 64
#define TEXTS 10

struct kept_session {
	char hash[AUTH_HASH_LEN];
	/* the service whose cookie it is: a session of one service is none of another's */
	const struct service_instance *svc;
	uint64_t version;
	size_t size;
	struct sso s; /* its texts follow each other in text */
	char text[];
};

struct session_cache {
	pthread_mutex_t locks[LOCKS];
	struct kept_session *slots[SLOTS];
};

static void texts_of(struct sso *s, struct str *out[TEXTS])
{
	struct str *all[TEXTS] = { &s->key, &s->sid, &s->name, &s->email, &s->handle, &s->roles, &s->zone, &s->lang,
		&s->amr, &s->agent };
	memcpy(out, all, sizeof all);
}

/* The key is a hash of random bytes, so its first bytes are spread evenly. */
static unsigned slot_of(struct str hash)
{
	uint32_t n;
	memcpy(&n, hash.p, sizeof n);
	return (n * 2654435761u) >> 19;
}
_Static_assert(SLOTS == 1 << (32 - 19), "");

struct session_cache *session_cache_new(void)
{
	struct session_cache *c = calloc(1, sizeof *c);
	for (unsigned i = 0; c && i < LOCKS; i++)
		pthread_mutex_init(&c->locks[i], NULL);
	return c;
}

void session_cache_free(struct session_cache *c)
{
	for (unsigned i = 0; c && i < SLOTS; i++)
		free(c->slots[i]);
	for (unsigned i = 0; c && i < LOCKS; i++)
		pthread_mutex_destroy(&c->locks[i]);
	free(c);
}

bool session_cache_get(struct session_cache *c, const struct service_instance *svc, struct str hash, uint64_t version,
        struct arena *a, struct sso *out)
{
	unsigned slot = slot_of(hash);
	pthread_mutex_t *lock = &c->locks[slot % LOCKS];
	struct kept_session *copy = NULL;
	pthread_mutex_lock(lock);
	const struct kept_session *k = c->slots[slot];
	/* Not past the arena's limit, which would unwind with the lock held. */
	if (k && k->version == version && k->svc == svc && !memcmp(k->hash, hash.p, AUTH_HASH_LEN) &&
	        (copy = arena_try_alloc(a, k->size)))
		memcpy(copy, k, k->size);
	pthread_mutex_unlock(lock);
	if (!copy || copy->s.expires_us <= clock_now_us())
		return false;
	*out = copy->s;
	const char *at = copy->text;
	struct str *texts[TEXTS];
	texts_of(out, texts);
	for (unsigned i = 0; i < TEXTS; i++) {
		texts[i]->p = at;
		at += texts[i]->n;
	}
	return true;
}

void session_cache_put(struct session_cache *c, const struct service_instance *svc, struct str hash, uint64_t version,
        const struct sso *s)
{
	struct sso from = *s;
	struct str *texts[TEXTS];
	size_t size = sizeof(struct kept_session);
	texts_of(&from, texts);
	for (unsigned i = 0; i < TEXTS; i++)
		size += texts[i]->n;
	struct kept_session *k = malloc(size);
	if (!k)
		return;
	memcpy(k->hash, hash.p, AUTH_HASH_LEN);
	k->svc = svc;
	k->version = version;
	k->size = size;
	k->s = from;
	char *at = k->text;
	for (unsigned i = 0; i < TEXTS; i++) {
		if (texts[i]->n)
			memcpy(at, texts[i]->p, texts[i]->n);
		at += texts[i]->n;
	}
	unsigned slot = slot_of(hash);
	pthread_mutex_lock(&c->locks[slot % LOCKS]);
	struct kept_session *former = c->slots[slot];
	c->slots[slot] = k;
	pthread_mutex_unlock(&c->locks[slot % LOCKS]);
	free(former);
}
