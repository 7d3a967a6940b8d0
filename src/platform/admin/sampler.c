/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/admin/sampler.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"

#define PLOTS_MAX 64u
#define LINES_MAX (PLOTS_MAX * PLOT_LINES)
#define MESSAGE_MAX (24u << 10)
#define LABEL_MAX 64

static const struct plot_def own[] = {
	{ "Traffic", "Requests", TR_NOOP("per second"),
	        { { TR_NOOP("answered"), M_HTTP_REQUESTS, "2xx", PLOT_RATE },
	                { TR_NOOP("sent elsewhere"), M_HTTP_REQUESTS, "3xx", PLOT_RATE },
	                { TR_NOOP("refused"), M_HTTP_REQUESTS, "4xx", PLOT_RATE },
	                { TR_NOOP("failed"), M_HTTP_REQUESTS, "5xx", PLOT_RATE } } },
	{ "Traffic", "Time to answer", TR_NOOP("ms"),
	        { { TR_NOOP("half of them"), M_HTTP_DURATION, "*", PLOT_MEDIAN },
	                { TR_NOOP("99 of 100"), M_HTTP_DURATION, "*", PLOT_P99 } } },
	{ "Traffic", "Connections", TR_NOOP("open"),
	        { { TR_NOOP("open"), M_HTTP_OPEN, "", PLOT_LEVEL },
	                { TR_NOOP("requests waiting"), M_HTTP_WAITING, "", PLOT_LEVEL } } },
	{ "Traffic", "Turned away", TR_NOOP("per second"),
	        { { TR_NOOP("before a request"), M_HTTP_REFUSED, "", PLOT_RATE },
	                { TR_NOOP("cut off"), M_HTTP_CUT, "", PLOT_RATE } } },
	{ "Work", "Jobs", TR_NOOP("per second"),
	        { { TR_NOOP("done"), M_JOB_STATE, "done", PLOT_RATE },
	                { TR_NOOP("tried again"), M_JOB_STATE, "retried", PLOT_RATE },
	                { TR_NOOP("given up"), M_JOB_STATE, "dead", PLOT_RATE } } },
	{ "Work", "Queue", TR_NOOP("jobs"),
	        { { TR_NOOP("waiting"), M_JOB_STATE, "waiting", PLOT_LEVEL },
	                { TR_NOOP("running"), M_JOB_STATE, "running", PLOT_LEVEL } } },
	{ "Work", "Letters", TR_NOOP("per second"),
	        { { TR_NOOP("sent"), M_MAIL, "sent", PLOT_RATE },
	                { TR_NOOP("failed"), M_MAIL, "failed", PLOT_RATE } } },
	{ "Work", "Heavy work", TR_NOOP("at once"),
	        { { TR_NOOP("running"), M_OFFLOAD, "*_running", PLOT_LEVEL },
	                { TR_NOOP("waiting"), M_OFFLOAD, "*_queued", PLOT_LEVEL } } },
	{ "Stores", "Reads and writes", TR_NOOP("per second"),
	        { { TR_NOOP("reads"), M_DB_STATE, "*.reads", PLOT_RATE },
	                { TR_NOOP("writes"), M_DB_STATE, "*.writes", PLOT_RATE },
	                { TR_NOOP("commits"), M_DB_STATE, "*.commits", PLOT_RATE } } },
	{ "Stores", "Waiting for a store", TR_NOOP("fibers"),
	        { { TR_NOOP("waiting"), M_DB_STATE, "*.waiting", PLOT_LEVEL },
	                { TR_NOOP("connections in use"), M_DB_STATE, "*.pool_used", PLOT_LEVEL } } },
	{ "Cache", "Found in the cache", TR_NOOP("per second"),
	        { { TR_NOOP("fresh"), M_CACHE_STATE, "hits", PLOT_RATE },
	                { TR_NOOP("stale"), M_CACHE_STATE, "stale", PLOT_RATE },
	                { TR_NOOP("not there"), M_CACHE_STATE, "misses", PLOT_RATE } } },
	{ "Cache", "Size of the cache", TR_NOOP("bytes"),
	        { { TR_NOOP("kept"), M_CACHE_STATE, "bytes", PLOT_LEVEL } } },
	{ "Process", "Memory", TR_NOOP("bytes"),
	        { { TR_NOOP("resident"), M_MEMORY, "resident", PLOT_LEVEL },
	                { TR_NOOP("owed to slow peers"), M_HTTP_OWED, "", PLOT_LEVEL } } },
	{ "Process", "Fibers", TR_NOOP("alive"), { { TR_NOOP("alive"), M_LOOP_FIBERS, "*", PLOT_LEVEL } } },
	{ "Process", "Live updates", TR_NOOP("per second"),
	        { { TR_NOOP("published"), M_HUB, "published", PLOT_RATE },
	                { TR_NOOP("delivered"), M_HUB, "delivered", PLOT_RATE },
	                { TR_NOOP("gaps"), M_HUB, "gaps", PLOT_RATE } } },
	{ "Process", "People listening", TR_NOOP("open"), { { TR_NOOP("open"), M_HUB, "subscribers", PLOT_LEVEL } } },
};

struct sampled_line { float values[SAMPLES_MAX]; struct metric_sum last; };

struct sampler {
	pthread_mutex_t lock;
	struct plot plots[PLOTS_MAX];
	unsigned plot_count, line_count, at, n;
	int64_t times[SAMPLES_MAX], last_ns;
	struct sampled_line *lines;
	char (*labels)[LABEL_MAX]; /* of services' measures */
	char topic[ID_TEXT_LEN + 16];
};

static void add_plot(struct sampler *s, const struct plot_def *d)
{
	if (s->plot_count == PLOTS_MAX)
		return;
	struct plot *p = &s->plots[s->plot_count++];
	*p = (struct plot){ .def = *d, .first = s->line_count };
	while (p->count < PLOT_LINES && d->lines[p->count].title)
		p->count++;
	s->line_count += p->count;
}

static void add_measures(struct sampler *s, const struct service *def)
{
	for (const struct measure_def *m = def->measures; m && m->name && s->plot_count < PLOTS_MAX; m++) {
		char *label = s->labels[s->plot_count];
		snprintf(label, LABEL_MAX, "%s.%s", def->name, m->name);
		add_plot(s, &(struct plot_def){ def->title, m->title, m->unit,
			            { { m->title, M_SERVICE, label, m->rate ? PLOT_RATE : PLOT_LEVEL } } });
	}
}

struct sampler *sampler_new(struct platform *p, struct err *e)
{
	char id[ID_TEXT_LEN + 1];
	struct sampler *s = calloc(1, sizeof *s);
	if (s)
		s->labels = calloc(PLOTS_MAX, sizeof *s->labels);
	if (s && s->labels) {
		for (size_t i = 0; i < sizeof own / sizeof *own; i++)
			add_plot(s, &own[i]);
		for (unsigned i = 0; i < p->service_count; i++)
			if (p->services[i].local)
				add_measures(s, p->services[i].def);
		s->lines = calloc(s->line_count, sizeof *s->lines);
	}
	if (!s || !s->labels || !s->lines) {
		sampler_free(s);
		err_set(e, ST_NOMEM, "no memory for samples");
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	id_text(id_new(), id);
	snprintf(s->topic, sizeof s->topic, "operations.%s", id);
	return s;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	free(s->lines);
	free(s->labels);
	free(s);
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

/* Of what was observed between two sums, in ms: within its bucket as if spread evenly. NAN: nothing was. */
static double quantile(const struct metric_sum *before, const struct metric_sum *now, double q)
{
	int64_t all = now->count - before->count;
	double wanted = q * (double)all, seen = 0, low = 0;
	for (unsigned i = 0; all > 0 && i < METRIC_BUCKETS; i++) {
		double n = (double)(now->buckets[i] - before->buckets[i]), high = (double)metric_bounds_ns[i] / 1e6;
		if (n > 0 && seen + n >= wanted)
			return low + (high - low) * (wanted - seen) / n;
		seen += n;
		low = high;
	}
	return all > 0 ? low : (double)NAN;
}

static float number_of(
        const struct plot_line *l, const struct metric_sum *before, const struct metric_sum *now, double seconds)
{
	double v = (double)now->value;
	if (l->as == PLOT_RATE)
		v = seconds > 0 ? (double)(now->value - before->value) / seconds : (double)NAN;
	else if (l->as != PLOT_LEVEL)
		v = quantile(before, now, l->as == PLOT_MEDIAN ? 0.5 : 0.99);
	return (float)v;
}

static void put_number(struct buf *out, float v)
{
	if (isfinite(v))
		buf_printf(out, "%.6g", (double)v);
	else
		buf_puts(out, "null");
}

static void read_lines(struct sampler *s, const struct metric_snapshot *all, double seconds)
{
	for (unsigned i = 0; i < s->plot_count; i++)
		for (unsigned k = 0; k < s->plots[i].count; k++) {
			const struct plot_line *l = &s->plots[i].def.lines[k];
			struct sampled_line *line = &s->lines[s->plots[i].first + k];
			struct metric_sum now = metric_sum_of(all, l->metric, l->label);
			line->values[s->at] = number_of(l, &line->last, &now, seconds);
			line->last = now;
		}
}

/* Where the newest but i-th stands. */
static unsigned sample_place(const struct sampler *s, unsigned back)
{
	return (s->at + SAMPLES_MAX - 1 - back) % SAMPLES_MAX;
}

static void publish(struct sampler *s, struct hub *hub)
{
	SCOPED_BUF b;
	buf_init(&b, MESSAGE_MAX);
	unsigned now = sample_place(s, 0);
	buf_printf(&b, "{\"time\":%lld,\"values\":[", (long long)s->times[now]);
	for (unsigned i = 0; i < s->line_count; i++) {
		buf_puts(&b, i ? "," : "");
		put_number(&b, s->lines[i].values[now]);
	}
	buf_puts(&b, "]}");
	if (hub && buf_ok(&b))
		(void)hub_publish(hub, str_c(s->topic), STR("sample"), buf_str(&b));
}

void sampler_take(struct sampler *s, struct hub *hub)
{
	struct metric_snapshot *all = metrics_snapshot();
	int64_t now_ns = clock_mono_ns();
	if (!all)
		return;
	pthread_mutex_lock(&s->lock);
	read_lines(s, all, s->last_ns ? (double)(now_ns - s->last_ns) / NS_PER_S : 0);
	s->times[s->at] = clock_now_us() / US_PER_S;
	s->last_ns = now_ns;
	s->at = (s->at + 1) % SAMPLES_MAX;
	s->n += s->n < SAMPLES_MAX;
	publish(s, hub);
	pthread_mutex_unlock(&s->lock);
	metrics_snapshot_free(all);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

size_t sampler_plots(const struct sampler *s, const struct plot **list)
{
	*list = s->plots;
	return s->plot_count;
}

void sampler_write(struct sampler *s, struct buf *out)
{
	pthread_mutex_lock(&s->lock);
	buf_printf(out, "{\"every\":%d,\"keep\":%d,\"times\":[", SAMPLE_S, SAMPLES_MAX);
	for (unsigned i = s->n; i-- > 0;)
		buf_printf(out, "%lld%s", (long long)s->times[sample_place(s, i)], i ? "," : "");
	buf_puts(out, "],\"lines\":[");
	for (unsigned l = 0; l < s->line_count; l++) {
		buf_puts(out, l ? ",[" : "[");
		for (unsigned i = s->n; i-- > 0;) {
			put_number(out, s->lines[l].values[sample_place(s, i)]);
			buf_puts(out, i ? "," : "");
		}
		buf_putc(out, ']');
	}
	buf_puts(out, "]}");
	pthread_mutex_unlock(&s->lock);
}

double sampler_last(struct sampler *s, unsigned line)
{
	pthread_mutex_lock(&s->lock);
	double v = s->n ? (double)s->lines[line].values[sample_place(s, 0)] : (double)NAN;
	pthread_mutex_unlock(&s->lock);
	return v;
}

struct str sampler_topic(const struct sampler *s)
{
	return str_c(s->topic);
}
