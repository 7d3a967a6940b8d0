/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics are found in buckets, each with a lock of its own; a subscriber has a lock, too, taken inside of a bucket's,
 * never the other way round. A message is one piece of memory that all queues and the topic's recent ones share.
 */
#include "platform/hub/hub_int.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

/* --- messages --- */

struct hub_text *hub_text_new(int64_t id, struct str topic, struct str event, struct str data)
{
	struct hub_text *m = malloc(sizeof *m + topic.n + event.n + data.n);
	if (!m)
		return NULL;
	*m = (struct hub_text){ .refs = 1,
		.id = id,
		.topic_n = (uint32_t)topic.n,
		.event_n = (uint32_t)event.n,
		.data_n = (uint32_t)data.n };
	memcpy(m->text, topic.p, topic.n);
	memcpy(m->text + topic.n, event.p, event.n);
	memcpy(m->text + topic.n + event.n, data.p, data.n);
	return m;
}

static struct hub_text *text_ref(struct hub_text *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

void hub_text_unref(struct hub_text *m)
{
	if (m && atomic_fetch_sub(&m->refs, 1) == 1)
		free(m);
}

/* --- topics (under the bucket's lock) --- */

static struct bucket *bucket_of(struct hub *h, struct str topic)
{
	return &h->buckets[str_hash(topic) % BUCKETS];
}

static struct topic *topic_find(struct bucket *b, struct str name)
{
	for (struct topic *t = b->topics; t; t = t->next)
		if (str_eq(str_n(t->name, t->name_n), name))
			return t;
	return NULL;
}

static void forget_recent(struct topic *t)
{
	for (unsigned i = 0; i < t->recent_n; i++)
		hub_text_unref(t->recent[(t->recent_at + i) % HUB_RECENT]);
	t->recent_n = 0;
}

/* Topics that nobody has listened to for a while. */
static void bucket_sweep(struct hub *h, struct bucket *b, int64_t now)
{
	for (struct topic **at = &b->topics, *t; (t = *at);) {
		if (t->subs || now - t->left_ns < HUB_KEEP_NS) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		forget_recent(t);
		free(t);
		atomic_fetch_sub(&h->topics, 1);
	}
}

static struct topic *find_or_make(struct hub *h, struct bucket *b, struct str name)
{
	struct topic *t = topic_find(b, name);
	if (t)
		return t;
	bucket_sweep(h, b, clock_mono_ns());
	t = calloc(1, sizeof *t + name.n);
	if (!t)
		return NULL;
	t->name_n = name.n;
	memcpy(t->name, name.p, name.n);
	t->next = b->topics;
	b->topics = t;
	atomic_fetch_add(&h->topics, 1);
	return t;
}

static void topic_remember(struct topic *t, struct hub_text *m)
{
	if (t->recent_n == HUB_RECENT) {
		hub_text_unref(t->recent[t->recent_at]);
		t->recent_at = (t->recent_at + 1) % HUB_RECENT;
		t->recent_n--;
		t->lost = true;
	}
	t->recent[(t->recent_at + t->recent_n++) % HUB_RECENT] = text_ref(m);
}

/* --- queues --- */

static void drop_all(struct hub_sub *s) /* locked */
{
	for (; s->count; s->count--) {
		hub_text_unref(s->queue[s->head]);
		s->head = (s->head + 1) % HUB_QUEUE;
	}
	s->bytes = 0;
}

/* What does not fit takes the rest with it: whoever missed one thing has to look anyway. */
static void sub_push(struct hub_sub *s, struct hub_text *m)
{
	pthread_mutex_lock(&s->lock);
	if (!s->gap && (s->count == HUB_QUEUE || s->bytes + m->data_n > HUB_QUEUE_BYTES)) {
		drop_all(s);
		s->gap = true;
		atomic_fetch_add(&s->hub->gaps, 1);
	} else if (!s->gap) {
		s->queue[(s->head + s->count++) % HUB_QUEUE] = text_ref(m);
		s->bytes += m->data_n;
		atomic_fetch_add(&s->hub->delivered, 1);
	}
	waitq_wake_all(&s->arrived);
	pthread_mutex_unlock(&s->lock);
}

void hub_gap_all(struct hub *h)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct bucket *b = &h->buckets[i];
		pthread_mutex_lock(&b->lock);
		for (struct topic *t = b->topics; t; t = t->next) {
			forget_recent(t);
			t->lost = true;
			for (struct sub_link *l = t->subs; l; l = l->next) {
				pthread_mutex_lock(&l->sub->lock);
				drop_all(l->sub);
				l->sub->gap = true;
				waitq_wake_all(&l->sub->arrived);
				pthread_mutex_unlock(&l->sub->lock);
			}
		}
		pthread_mutex_unlock(&b->lock);
	}
}

void hub_deliver(struct hub *h, struct hub_text *m)
{
	struct str name = str_n(m->text, m->topic_n);
	struct bucket *b = bucket_of(h, name);
	pthread_mutex_lock(&b->lock);
	struct topic *t = topic_find(b, name);
	if (t && !t->subs && clock_mono_ns() - t->left_ns >= HUB_KEEP_NS) {
		bucket_sweep(h, b, clock_mono_ns());
		t = NULL;
	}
	if (t) {
		topic_remember(t, m);
		for (struct sub_link *l = t->subs; l; l = l->next)
			sub_push(l->sub, m);
	}
	pthread_mutex_unlock(&b->lock);
}

static bool good(struct str topic, struct str event, struct str data)
{
	return topic.n && topic.n <= HUB_TOPIC_LEN && str_chr(topic, ' ') < 0 && event.n && event.n <= HUB_EVENT_LEN &&
	        str_chr(event, ' ') < 0 && data.n <= HUB_DATA_MAX;
}

bool hub_publish(struct hub *h, struct str topic, struct str event, struct str data)
{
	struct hub_text *m = good(topic, event, data) ? hub_text_new(id_new(), topic, event, data) : NULL;
	if (!m) {
		LOG(WARN, NULL, "hub.not_published", LT("topic", topic), LI("bytes", data.n));
		return false;
	}
	atomic_fetch_add(&h->published, 1);
	hub_deliver(h, m);
	hub_tell_others(h, m);
	hub_text_unref(m);
	return true;
}

/* --- subscribing --- */

/* What came to t since `after`, which the subscriber has seen. */
static void catch_up(struct hub_sub *s, struct topic *t, int64_t after) /* bucket locked */
{
	unsigned from = 0, seen = 0;
	/* Behind the very message, when it was of this topic: those of other processes may come a little out of their
	 * order. */
	for (unsigned i = 0; i < t->recent_n; i++)
		if (t->recent[(t->recent_at + i) % HUB_RECENT]->id == after)
			seen = i + 1;
	while (!seen && from < t->recent_n && t->recent[(t->recent_at + from) % HUB_RECENT]->id <= after)
		from++;
	if (seen)
		from = seen;
	/* Nothing older than `after` is there: whether something was lost between, nobody knows. */
	if (from == 0 && (t->lost || t->made_id > after)) {
		pthread_mutex_lock(&s->lock);
		drop_all(s);
		s->gap = true;
		pthread_mutex_unlock(&s->lock);
		return;
	}
	for (; from < t->recent_n; from++)
		sub_push(s, t->recent[(t->recent_at + from) % HUB_RECENT]);
}

static enum status sub_join(struct hub_sub *s, struct str topic, int64_t after, struct err *e)
{
	struct hub *h = s->hub;
	struct bucket *b = bucket_of(h, topic);
	struct sub_link *l = &s->links[s->link_count];
	pthread_mutex_lock(&b->lock);
	struct topic *t = find_or_make(h, b, topic);
	if (t) {
		if (!t->made_id)
			t->made_id = id_new();
		*l = (struct sub_link){ .sub = s, .topic = t, .bucket = b, .next = t->subs, .at = &t->subs };
		if (t->subs)
			t->subs->at = &l->next;
		t->subs = l;
		t->count++;
		s->link_count++;
		if (after)
			catch_up(s, t, after);
	}
	pthread_mutex_unlock(&b->lock);
	if (!t)
		return err_set(e, ST_NOMEM, "no memory for a topic");
	hub_tell_count(h, topic);
	hub_ask_count(h, topic);
	return ST_OK;
}

enum status hub_subscribe(
        struct hub *h, const struct str *topics, size_t n, int64_t after, struct hub_sub **out, struct err *e)
{
	*out = NULL;
	if (!n || n > HUB_TOPICS_MAX)
		return err_set(e, ST_INVALID, "One to %d topics can be listened to at once.", HUB_TOPICS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!good(topics[i], STR("x"), STR("")))
			return err_set(e, ST_INVALID, "This is not the name of a topic.");
	if (atomic_load(&h->draining))
		return err_set(e, ST_UNAVAILABLE, "This server is about to stop.");
	struct hub_sub *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ST_NOMEM, "no memory for a subscription");
	s->hub = h;
	pthread_mutex_init(&s->lock, NULL);
	waitq_init(&s->arrived);
	hub_list_add(h, s);
	for (size_t i = 0; i < n; i++) {
		enum status st = sub_join(s, topics[i], after, e);
		if (st != ST_OK) {
			hub_unsubscribe(s);
			return st;
		}
	}
	*out = s;
	return ST_OK;
}

static void sub_leave(struct sub_link *l)
{
	struct topic *t = l->topic;
	char name[HUB_TOPIC_LEN];
	size_t n = t->name_n;
	memcpy(name, t->name, n);
	pthread_mutex_lock(&l->bucket->lock);
	*l->at = l->next;
	if (l->next)
		l->next->at = l->at;
	if (--t->count == 0)
		t->left_ns = clock_mono_ns();
	pthread_mutex_unlock(&l->bucket->lock);
	hub_tell_count(l->sub->hub, str_n(name, n));
}

void hub_unsubscribe(struct hub_sub *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->link_count; i++)
		sub_leave(&s->links[i]);
	hub_list_drop(s->hub, s);
	drop_all(s);
	hub_text_unref(s->shown);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void hub_unsubscribep(struct hub_sub **s)
{
	hub_unsubscribe(*s);
}

enum status hub_next(struct hub_sub *s, int64_t deadline_ns, struct hub_message *out)
{
	enum status st = ST_OK;
	*out = (struct hub_message){ .topic = STR(""), .event = STR(""), .data = STR("") };
	pthread_mutex_lock(&s->lock);
	hub_text_unref(s->shown);
	s->shown = NULL;
	while (!s->count && !s->gap && !atomic_load(&s->hub->draining) && st == ST_OK)
		st = waitq_wait(&s->arrived, &s->lock, deadline_ns);
	if (s->gap) {
		s->gap = false;
		out->gap = true;
		st = ST_OK;
	} else if (s->count) {
		s->shown = s->queue[s->head];
		s->head = (s->head + 1) % HUB_QUEUE;
		s->count--;
		s->bytes -= s->shown->data_n;
		st = ST_OK;
	} else if (atomic_load(&s->hub->draining)) {
		st = ST_UNAVAILABLE;
	}
	pthread_mutex_unlock(&s->lock);
	if (s->shown)
		*out = (struct hub_message){ .id = s->shown->id, .topic = str_n(s->shown->text, s->shown->topic_n),
			.event = str_n(s->shown->text + s->shown->topic_n, s->shown->event_n),
			.data = str_n(s->shown->text + s->shown->topic_n + s->shown->event_n, s->shown->data_n) };
	return st;
}

/* --- all subscribers --- */

void hub_list_add(struct hub *h, struct hub_sub *s)
{
	pthread_mutex_lock(&h->lock);
	s->all_next = h->all;
	s->all_at = &h->all;
	if (h->all)
		h->all->all_at = &s->all_next;
	h->all = s;
	h->subscribers++;
	pthread_mutex_unlock(&h->lock);
}

void hub_list_drop(struct hub *h, struct hub_sub *s)
{
	pthread_mutex_lock(&h->lock);
	*s->all_at = s->all_next;
	if (s->all_next)
		s->all_next->all_at = s->all_at;
	h->subscribers--;
	pthread_mutex_unlock(&h->lock);
}

void hub_drain(struct hub *h)
{
	atomic_store(&h->draining, true);
	pthread_mutex_lock(&h->lock);
	for (struct hub_sub *s = h->all; s; s = s->all_next) {
		pthread_mutex_lock(&s->lock);
		waitq_wake_all(&s->arrived);
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_unlock(&h->lock);
}

unsigned hub_count_here(struct hub *h, struct str topic)
{
	struct bucket *b = bucket_of(h, topic);
	pthread_mutex_lock(&b->lock);
	struct topic *t = topic_find(b, topic);
	unsigned n = t ? t->count : 0;
	pthread_mutex_unlock(&b->lock);
	return n;
}

void hub_note_others(struct hub *h, struct str topic, uint64_t process, unsigned n)
{
	struct bucket *b = bucket_of(h, topic);
	int64_t now = clock_mono_ns();
	pthread_mutex_lock(&b->lock);
	struct topic *t = topic_find(b, topic);
	struct other *free_row = NULL, *own = NULL;
	for (unsigned i = 0; t && i < OTHERS_MAX; i++) {
		struct other *o = &t->others[i];
		if (o->process == process)
			own = o;
		else if (!free_row && (!o->process || now - o->heard_ns > OTHERS_LIFE_NS))
			free_row = o;
	}
	if (!own)
		own = free_row;
	if (own)
		*own = (struct other){ process, n, now };
	pthread_mutex_unlock(&b->lock);
}

void hub_refresh(struct hub *h)
{
	for (unsigned i = 0; h->redis && i < BUCKETS; i++) {
		struct bucket *b = &h->buckets[i];
		pthread_mutex_lock(&b->lock);
		for (struct topic *t = b->topics; t; t = t->next)
			if (t->count)
				hub_tell_n(h, str_n(t->name, t->name_n), t->count);
		pthread_mutex_unlock(&b->lock);
	}
}

unsigned hub_presence(struct hub *h, struct str topic)
{
	struct bucket *b = bucket_of(h, topic);
	int64_t now = clock_mono_ns();
	pthread_mutex_lock(&b->lock);
	struct topic *t = topic_find(b, topic);
	unsigned n = t ? t->count : 0;
	for (unsigned i = 0; t && i < OTHERS_MAX; i++)
		if (t->others[i].process && now - t->others[i].heard_ns <= OTHERS_LIFE_NS)
			n += t->others[i].n;
	pthread_mutex_unlock(&b->lock);
	return n;
}

void hub_stats(struct hub *h, struct hub_stats *out)
{
	pthread_mutex_lock(&h->lock);
	*out = (struct hub_stats){ h->published, h->delivered, h->gaps, h->from_others, h->topics, h->subscribers };
	pthread_mutex_unlock(&h->lock);
}

struct hub *hub_new(struct redis *shared, struct err *e)
{
	struct hub *h = calloc(1, sizeof *h);
	if (!h) {
		(void)!err_set(e, ST_NOMEM, "no memory for the hub");
		return NULL;
	}
	h->redis = shared;
	random_bytes(&h->process, sizeof h->process);
	pthread_mutex_init(&h->lock, NULL);
	for (unsigned i = 0; i < BUCKETS; i++)
		pthread_mutex_init(&h->buckets[i].lock, NULL);
	if (shared && hub_listen(h, e) != ST_OK) {
		hub_free(h);
		return NULL;
	}
	return h;
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct topic *t = h->buckets[i].topics, *next; t; t = next) {
			next = t->next;
			forget_recent(t);
			free(t);
		}
		pthread_mutex_destroy(&h->buckets[i].lock);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
}
