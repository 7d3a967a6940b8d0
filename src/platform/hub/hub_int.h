/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the hub: between topics, other processes and streams.
 */
#ifndef GH_PLATFORM_HUB_INT_H
#define GH_PLATFORM_HUB_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "platform/hub/hub.h"
#include "rt/sync.h"

enum { BUCKETS = 1024, OTHERS_MAX = 16 };
#define OTHERS_LIFE_NS (30 * NS_PER_S)

/* A message, shared by all who have it: topic, event and data one after the other. */
struct hub_text { _Atomic unsigned refs; int64_t id; uint32_t topic_n, event_n, data_n; char text[]; };

struct sub_link { struct hub_sub *sub; struct topic *topic; struct bucket *bucket; struct sub_link *next, **at; };
struct other { uint64_t process; unsigned n; int64_t heard_ns; };

struct topic {
	struct topic *next;
	struct sub_link *subs;
	unsigned count;
	int64_t made_id; /* first subscriber: nothing before it was remembered */
	int64_t left_ns; /* when the last one left */
	struct hub_text *recent[HUB_RECENT];
	unsigned recent_at, recent_n;
	bool lost;       /* something was forgotten since it was made */
	struct other others[OTHERS_MAX];
	size_t name_n;
	char name[];
};

struct bucket { pthread_mutex_t lock; struct topic *topics; };

struct hub_sub {
	struct hub *hub;
	struct hub_sub *all_next, **all_at;
	pthread_mutex_t lock;
	struct waitq arrived;
	struct hub_text *queue[HUB_QUEUE], *shown;
	unsigned head, count;
	size_t bytes;
	bool gap;
	unsigned link_count;
	struct sub_link links[HUB_TOPICS_MAX];
};

struct hub {
	struct redis *redis;
	uint64_t process; /* of many: its own messages come back from Redis, too */
	_Atomic bool draining;
	_Atomic uint64_t published, delivered, gaps, from_others;
	_Atomic unsigned topics;
	pthread_mutex_t lock; /* of the list of all */
	struct hub_sub *all;
	unsigned subscribers;
	struct bucket buckets[BUCKETS];
};

struct hub_text *hub_text_new(int64_t id, struct str topic, struct str event, struct str data); /* NULL: no memory */
void hub_text_unref(struct hub_text *m);
void hub_deliver(struct hub *h, struct hub_text *m); /* to those in this process */
void hub_gap_all(struct hub *h);                     /* everybody may have missed something */
void hub_list_add(struct hub *h, struct hub_sub *s);
void hub_list_drop(struct hub *h, struct hub_sub *s);
unsigned hub_count_here(struct hub *h, struct str topic);
void hub_note_others(struct hub *h, struct str topic, uint64_t process, unsigned n);

/* hub_redis.c */
enum status hub_listen(struct hub *h, struct err *e) MUST_CHECK;
void hub_tell_others(struct hub *h, const struct hub_text *m);
void hub_tell_count(struct hub *h, struct str topic);
void hub_tell_n(struct hub *h, struct str topic, unsigned n); /* how many there are here; takes no lock */
void hub_ask_count(struct hub *h, struct str topic);           /* of the others */

#endif
