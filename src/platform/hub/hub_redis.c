/* SPDX-License-Identifier: Apache-2.0
 *
 * Between processes: one channel of the data Redis. A message is "M process id topic event data", how many listen to a
 * topic here "C process n topic". What Redis loses is lost: on the way back after a connection broke, everybody gets a
 * gap.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "platform/hub/hub_int.h"

#define CHANNEL "gh:hub"
#define HEAD_MAX 256

static void redis_publish(struct hub *h, const char *head, int head_n, struct str rest)
{
	SCOPED_BUF b;
	buf_init(&b, HEAD_MAX + HUB_TOPIC_LEN + HUB_EVENT_LEN + HUB_DATA_MAX);
	buf_put(&b, head, (size_t)head_n);
	buf_putstr(&b, rest);
	if (!buf_ok(&b)) {
		LOG(WARN, NULL, "hub.not_told", LS("why", "no memory"));
		return;
	}
	redis_post(h->redis, 3, (const struct str[]){ STR("PUBLISH"), STR(CHANNEL), buf_str(&b) });
}

void hub_tell_others(struct hub *h, const struct hub_text *m)
{
	char head[HEAD_MAX];
	if (!h->redis)
		return;
	int n = snprintf(head, sizeof head, "M %llx %lld %.*s %.*s ", (unsigned long long)h->process, (long long)m->id,
	        (int)m->topic_n, m->text, (int)m->event_n, m->text + m->topic_n);
	redis_publish(h, head, n, str_n(m->text + m->topic_n + m->event_n, m->data_n));
}

void hub_tell_n(struct hub *h, struct str topic, unsigned n)
{
	char head[HEAD_MAX];
	if (!h->redis)
		return;
	int len = snprintf(head, sizeof head, "C %llx %u ", (unsigned long long)h->process, n);
	redis_publish(h, head, len, topic);
}

void hub_tell_count(struct hub *h, struct str topic)
{
	hub_tell_n(h, topic, hub_count_here(h, topic));
}

void hub_ask_count(struct hub *h, struct str topic)
{
	char head[HEAD_MAX];
	if (!h->redis)
		return;
	int len = snprintf(head, sizeof head, "A %llx 0 ", (unsigned long long)h->process);
	redis_publish(h, head, len, topic);
}

static bool word_cut(struct str *rest, struct str *out)
{
	return str_cut(rest, ' ', out);
}

static bool hex_of(struct str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		int digit = str_hex_value(s.p[i]);
		if (digit < 0 || s.n > 16)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return s.n > 0;
}

static void on_message(void *arg, struct str text)
{
	struct hub *h = arg;
	struct str kind, process_text, number, topic, event;
	uint64_t process;
	int64_t n;
	if (!text.p) {
		hub_gap_all(h);
		return;
	}
	if (!word_cut(&text, &kind) || !word_cut(&text, &process_text) || !word_cut(&text, &number) ||
	        !hex_of(process_text, &process) || !str_i64(number, &n) || process == h->process)
		return;
	if (str_eqc(kind, "C")) {
		if (n >= 0 && n <= UINT32_MAX && text.n && text.n <= HUB_TOPIC_LEN)
			hub_note_others(h, text, process, (unsigned)n);
		return;
	}
	if (str_eqc(kind, "A")) {
		if (text.n && text.n <= HUB_TOPIC_LEN && hub_count_here(h, text))
			hub_tell_count(h, text);
		return;
	}
	if (!str_eqc(kind, "M") || !word_cut(&text, &topic) || !word_cut(&text, &event) || topic.n > HUB_TOPIC_LEN ||
	        event.n > HUB_EVENT_LEN || text.n > HUB_DATA_MAX)
		return;
	struct hub_text *m = hub_text_new(n, topic, event, text);
	if (!m)
		return;
	atomic_fetch_add(&h->from_others, 1);
	hub_deliver(h, m);
	hub_text_unref(m);
}

enum status hub_listen(struct hub *h, struct err *e)
{
	return redis_subscribe(h->redis, CHANNEL, on_message, h, e);
}
