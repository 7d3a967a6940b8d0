/* SPDX-License-Identifier: Apache-2.0
 *
 * Live updates: topics, and who listens to them. Whatever is published to a topic reaches every subscriber of it, in
 * this process at once and in the others through the data Redis, where there is one. Nothing is kept for those who are
 * not there: a database is the truth, the hub says that there is something to see. A subscriber that reads too slowly,
 * or was away for longer than the last few messages of a topic, or whose process was cut off from Redis, is told that
 * it missed something (a gap), and looks at the truth again.
 *
 * Publishing is for any thread and never waits. A subscription belongs to the fiber that made it. Bounds: HUB_QUEUE
 * messages and HUB_QUEUE_BYTES for each subscriber, HUB_DATA_MAX bytes in a message, HUB_RECENT messages of a topic for
 * those who come back within HUB_KEEP_NS.
 */
#ifndef GH_PLATFORM_HUB_H
#define GH_PLATFORM_HUB_H

#include "base/ctx.h"
#include "base/err.h"
#include "platform/cache/redis.h"

struct hub;
struct hub_sub;
struct web;

enum {
	HUB_TOPICS_MAX = 32,
	HUB_TOPIC_LEN = 120,
	HUB_EVENT_LEN = 40,
	HUB_DATA_MAX = 32 << 10,
	HUB_QUEUE = 128,
	HUB_QUEUE_BYTES = 256 << 10,
	HUB_RECENT = 64
};
#define HUB_KEEP_NS (30 * NS_PER_S)

/* shared: the data Redis, NULL: this process is alone. NULL with *e: ST_NOMEM. */
struct hub *hub_new(struct redis *shared, struct err *e);
/* No subscriber is left. */
void hub_free(struct hub *h);
/* Every wait for a message ends with ST_UNAVAILABLE, now and from now on: the process is about to end. */
void hub_drain(struct hub *h);

/* topic: 1 to HUB_TOPIC_LEN bytes without blanks; event: its kind for those who listen, "message"; data: JSON as a
   rule. False, with a line in the log, when one of them is too long. */
bool hub_publish(struct hub *h, struct str topic, struct str event, struct str data);

struct hub_message {
	struct str topic, event, data; /* until the next hub_next of this subscription */
	int64_t id;                    /* grows with time; of all processes */
	bool gap;                      /* no message: some were missed. The texts are empty */
};
/* after: id of the last message that was seen, 0: from now on. What came since is given first, or a gap. ST_INVALID:
   too many or too long topics; ST_UNAVAILABLE: draining; ST_NOMEM. */
enum status hub_subscribe(struct hub *h, const struct str *topics, size_t n, int64_t after, struct hub_sub **out,
        struct err *e) MUST_CHECK;
/* Waits until deadline (monotonic). ST_TIMEOUT, ST_CANCELLED, ST_UNAVAILABLE (draining). */
enum status hub_next(struct hub_sub *s, int64_t deadline_ns, struct hub_message *out) MUST_CHECK;
void hub_unsubscribe(struct hub_sub *s); /* NULL is fine */
void hub_unsubscribep(struct hub_sub **s);
#define SCOPED_SUB __attribute__((cleanup(hub_unsubscribep))) struct hub_sub

/* Tells the other processes how many listen here: every ten seconds (boot/common.c). */
void hub_refresh(struct hub *h);
/* How many listen to it: here, and, of a topic that somebody listens to here, in the processes that were heard of in
 * the last 30 s. */
unsigned hub_presence(struct hub *h, struct str topic);

/* Since the process began; topics and subscribers: now, in this process. */
struct hub_stats { uint64_t published, delivered, gaps, from_others; unsigned topics, subscribers; };
void hub_stats(struct hub *h, struct hub_stats *out); /* any thread */

/* --- for handlers ------------------------------------------------------------------------------------------------- */

/* How things stand now, as a message of the stream: event and data, in w's arena. */
typedef enum status hub_now_fn(struct web *w, struct str *event, struct str *data, struct err *e);
/* Answers with server-sent events of these topics until the client leaves or the process drains: `event:` is the
   message's, `id:` lets a browser come back without a gap, "gap" says that something was missed. now: asked once the
   stream listens, and after each gap, so that what happened between a page and its stream is not lost; NULL: whoever
   listens has no use for it. For routes with ROUTE_STREAM. */
enum status hub_stream(struct web *w, const struct str *topics, size_t n, hub_now_fn *now, struct err *e) MUST_CHECK;

#endif
