/* SPDX-License-Identifier: Apache-2.0
 *
 * The outbox from outside: emitting, starting, stopping.
 *
 * event_emit knows only the connection: a small table leads from a database to its stream.
 */
#include "platform/work/event_int.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/cache/redis.h"
#include "platform/text/json.h"

enum { STREAMS_MAX = 64, PAYLOAD_MAX = 64 << 10, TYPE_MAX = 100, OBJECT_MAX = 2048 };
#define WAKE_CHANNEL "gh:events:wake"

static struct { struct db *db; struct event_stream *s; } registry[STREAMS_MAX];
static pthread_rwlock_t registry_lock = PTHREAD_RWLOCK_INITIALIZER;

static struct event_stream *stream_of(struct db *db)
{
	struct event_stream *s = NULL;
	pthread_rwlock_rdlock(&registry_lock);
	for (int i = 0; i < STREAMS_MAX && !s; i++)
		if (registry[i].db == db)
			s = registry[i].s;
	pthread_rwlock_unlock(&registry_lock);
	return s;
}

static bool registry_set(struct db *db, struct event_stream *from, struct event_stream *to)
{
	bool done = false;
	pthread_rwlock_wrlock(&registry_lock);
	for (int i = 0; i < STREAMS_MAX && !done; i++) {
		if (registry[i].s == from && (!from || registry[i].db == db)) {
			registry[i].db = to ? db : NULL;
			registry[i].s = to;
			done = true;
		}
	}
	pthread_rwlock_unlock(&registry_lock);
	return done;
}

/* --- who takes what --- */

bool event_handler_takes(
        const struct service_instance *owner, const struct event_handler *h, struct str origin, struct str type)
{
	const char *from = h->origin ? h->origin : owner->def->name;
	return (!strcmp(from, "*") || str_eqc(origin, from)) && (!strcmp(h->type, "*") || str_eqc(type, h->type));
}

bool event_service_takes(const struct service_instance *s, struct str origin, struct str type)
{
	for (const struct event_handler *const *h = event_takers(s->platform->events, s); *h; h++)
		if (event_handler_takes(s, *h, origin, type))
			return true;
	return false;
}

static bool anybody_takes(const struct platform *p, struct str origin, struct str type)
{
	for (unsigned i = 0; i < p->service_count; i++)
		if (event_service_takes(&p->services[i], origin, type))
			return true;
	return false;
}

/* Does any handler take anything of this origin? If not, its outbox is never looked at. */
static bool origin_wanted(const struct events *ev, const char *origin)
{
	const struct platform *p = ev->platform;
	for (unsigned i = 0; i < p->service_count; i++)
		for (const struct event_handler *const *h = event_takers(ev, &p->services[i]); *h; h++)
			if (event_handler_takes(&p->services[i], *h, str_c(origin), str_c((*h)->type)))
				return true;
	return false;
}

const struct event_handler *const *event_takers(const struct events *ev, const struct service_instance *s)
{
	return ev->takers[s - ev->platform->services];
}

static unsigned count_handlers(const struct event_handler *h)
{
	unsigned n = 0;
	while (h && h[n].type)
		n++;
	return n;
}

/* A service's own handlers, then those that every service has. */
static const struct event_handler **takers_of(const struct service_instance *s)
{
	const struct event_handler *own = s->def->events, *common = s->platform->common_events;
	unsigned n = count_handlers(own), m = count_handlers(common);
	const struct event_handler **list = calloc(n + m + 1, sizeof *list);
	for (unsigned i = 0; list && i < n + m; i++)
		list[i] = i < n ? &own[i] : &common[i - n];
	return list;
}

static bool collect_takers(struct events *ev)
{
	const struct platform *p = ev->platform;
	ev->takers = calloc(p->service_count ? p->service_count : 1, sizeof *ev->takers);
	for (unsigned i = 0; ev->takers && i < p->service_count; i++)
		if (!(ev->takers[i] = takers_of(&p->services[i])))
			return false;
	return ev->takers != NULL;
}

/* --- emit --- */

static void stream_wake(struct event_stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->woken = true;
	waitq_wake_all(&s->q);
	pthread_mutex_unlock(&s->lock);
}

static void after_commit(void *arg)
{
	struct event_stream *s = arg;
	struct platform *p = s->events->platform;
	if (s->events->started) {
		stream_wake(s);
	} else if (p->redis) { /* the processor is elsewhere */
		struct str argv[] = { STR("PUBLISH"), STR(WAKE_CHANNEL), str_c(s->svc->def->name) };
		redis_post(p->redis, 3, argv);
	}
}

static enum status check_payload(struct str payload, struct err *e)
{
	if (payload.n > PAYLOAD_MAX)
		return err_set(e, ST_TOO_LARGE, "an event's payload is at most %d KiB", PAYLOAD_MAX >> 10);
	SCOPED_JSON *j = json_parse(payload, JSON_DEPTH, e);
	if (!j)
		return ST_INVALID;
	return json_is_object(j) ? ST_OK : err_set(e, ST_INVALID, "an event's payload must be a JSON object");
}

enum status event_emit(struct db_conn *c, const char *type, struct str object, struct str payload, struct err *e)
{
	struct event_stream *s = stream_of(db_of(c));
	if (!payload.p)
		payload = STR("{}");
	if (strlen(type) > TYPE_MAX || object.n > OBJECT_MAX)
		return err_set(e, ST_TOO_LARGE, "the type or object of an event is too long");
	TRY(check_payload(payload, e));
	/* An event without handlers is stored as done: no processor claims it. */
	bool done = s && !anybody_takes(s->events->platform, str_c(s->svc->def->name), str_c(type));
	TRY(q_event_add(c, id_new(), str_c(type), object.p ? object : STR(""), payload, clock_now_us(), done, NULL, e));
	if (!s)
		return ST_OK;
	atomic_fetch_add(&s->emitted, 1);
	if (!done)
		db_after_commit(c, after_commit, s);
	return ST_OK;
}

enum status event_once(struct db_conn *c, const struct event *ev, bool *first, struct err *e)
{
	int64_t added;
	TRY(q_event_mark(c, ev->id, str_c(ev->handler), clock_now_us(), &added, e));
	*first = added != 0;
	*ev->marked = true;
	return ST_OK;
}

/* --- life --- */

void events_configure(struct events *ev, int64_t lease_ns)
{
	ev->lease_ns = lease_ns;
}

struct events *events_new(struct platform *p, struct err *e)
{
	struct events *ev = calloc(1, sizeof *ev);
	size_t n = p->service_count ? p->service_count : 1;
	struct event_stream *streams = calloc(n, sizeof *streams);
	struct event_hold *holds = calloc(n * n, sizeof *holds);
	if (!ev || !streams || !holds) {
		free(ev);
		free(streams);
		free(holds);
		(void)err_set(e, ST_NOMEM, "no memory for events");
		return NULL;
	}
	ev->platform = p;
	ev->lease_ns = EVENT_LEASE_NS;
	ev->streams = streams;
	ev->holds = holds;
	if (!collect_takers(ev)) {
		(void)err_set(e, ST_NOMEM, "no memory for events");
		events_free(ev);
		return NULL;
	}
	for (unsigned i = 0; i < p->service_count; i++) {
		struct service_instance *svc = &p->services[i];
		if (!svc->local || !svc->db)
			continue;
		struct event_stream *s = &streams[ev->stream_count++];
		s->events = ev;
		s->svc = svc;
		s->holds = holds + i * n;
		s->lock_fd = -1;
		s->wanted = origin_wanted(ev, svc->def->name);
		pthread_mutex_init(&s->lock, NULL);
		waitq_init(&s->q);
		if (!registry_set(svc->db, NULL, s)) {
			(void)err_set(e, ST_INTERNAL, "more than %d event streams", STREAMS_MAX);
			events_free(ev);
			return NULL;
		}
	}
	return ev;
}

static void on_wake(void *arg, struct str service)
{
	struct events *ev = arg;
	for (unsigned i = 0; i < ev->stream_count; i++)
		if (!service.p || str_eqc(service, ev->streams[i].svc->def->name))
			stream_wake(&ev->streams[i]);
}

enum status events_start(struct events *ev, struct err *e)
{
	ev->started = true;
	for (unsigned i = 0; i < ev->stream_count; i++) {
		struct event_stream *s = &ev->streams[i];
		if (!s->wanted)
			continue;
		s->running = true;
		if (!fiber_spawn(loop_current(), event_processor, s, FIBER_LARGE)) {
			s->running = false;
			return err_set(e, ST_NOMEM, "no memory to start the events of %s", s->svc->def->name);
		}
	}
	return ev->platform->redis ? redis_subscribe(ev->platform->redis, WAKE_CHANNEL, on_wake, ev, e) : ST_OK;
}

void events_wake(struct events *ev)
{
	on_wake(ev, STR_NULL);
}

void events_drain(struct events *ev, int64_t deadline_ns)
{
	for (unsigned i = 0; i < ev->stream_count; i++) {
		struct event_stream *s = &ev->streams[i];
		pthread_mutex_lock(&s->lock);
		s->stopping = true;
		waitq_wake_all(&s->q);
		pthread_mutex_unlock(&s->lock);
	}
	for (unsigned i = 0; i < ev->stream_count; i++) {
		struct event_stream *s = &ev->streams[i];
		pthread_mutex_lock(&s->lock);
		while (s->running && waitq_wait(&s->q, &s->lock, deadline_ns) == ST_OK)
			;
		if (s->running) {
			LOG(WARN, NULL, "events.drain_incomplete", LS("service", s->svc->def->name));
			ev->left = true;
		}
		pthread_mutex_unlock(&s->lock);
	}
}

void events_free(struct events *ev)
{
	/* Fibers that the drain left behind still look into it: it ends with the process. */
	if (!ev || ev->left)
		return;
	for (unsigned i = 0; i < ev->stream_count; i++) {
		registry_set(ev->streams[i].svc->db, &ev->streams[i], NULL);
		pthread_mutex_destroy(&ev->streams[i].lock);
		if (ev->streams[i].lock_fd >= 0)
			close(ev->streams[i].lock_fd);
	}
	for (unsigned i = 0; ev->takers && i < ev->platform->service_count; i++)
		free(ev->takers[i]);
	free(ev->takers);
	free(ev->streams);
	free(ev->holds);
	free(ev);
}

void events_stats(const struct events *ev, struct event_stats *out)
{
	*out = (struct event_stats){ 0 };
	for (unsigned i = 0; i < ev->stream_count; i++) {
		const struct event_stream *s = &ev->streams[i];
		out->emitted += atomic_load(&s->emitted);
		out->claims += atomic_load(&s->claims);
		out->empty_claims += atomic_load(&s->empty_claims);
		out->done += atomic_load(&s->done);
		out->handled += atomic_load(&s->handled);
		out->retried += atomic_load(&s->retried);
		out->held += atomic_load(&s->held);
		out->given_up += atomic_load(&s->given_up);
	}
}
