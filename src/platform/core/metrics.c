/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters and histograms live in a table of the thread that writes them, so an increment is a look-up and a plain
 * store; readers add the tables up. A thread's table stays in the list when the thread ends: its sums are history. Rows
 * are only ever added, published with a release store; gauges are few and share one mutex.
 */
#include "platform/core/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define SLOTS 256
#define LABELS_MAX 256
#define LABEL_MAX 64
#define COLLECTORS_MAX 32

const int64_t metric_bounds_ns[METRIC_BUCKETS] = { 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
	25000000, 50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000,
	30000000000 };

enum kind { KIND_counter, KIND_gauge, KIND_histogram };
static const struct { enum kind kind; const char *name, *label, *help; } rows[M_COUNT] = {
#define X(NAME, kind, name, label, help) [M_##NAME] = { KIND_##kind, name, label, help },
#include "platform/core/metrics.def"
#undef X
};

struct cell {
	struct cell *next;
	enum metric metric;
	char label[LABEL_MAX];
	_Atomic int64_t value; /* counter; of a histogram the sum in ns */
	_Atomic int64_t count;
	_Atomic int64_t buckets[]; /* histogram only */
};

struct table {
	struct table *next;
	_Atomic(struct cell *) slots[SLOTS];
	unsigned labels[M_COUNT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* tables, gauges, collectors */
static struct table *tables;
static struct table gauges;
static struct { void (*fn)(void *arg); void *arg; } collectors[COLLECTORS_MAX];
static unsigned collector_count;
static _Thread_local struct table *mine;

static unsigned slot_of(enum metric m, const char *label)
{
	uint32_t h = 2166136261u ^ (uint32_t)m;
	for (; *label; label++)
		h = (h ^ (unsigned char)*label) * 16777619u;
	return (h ^ h >> 16) % SLOTS;
}

static struct cell *cell_find(struct table *t, enum metric m, const char *label)
{
	struct cell *c = atomic_load_explicit(&t->slots[slot_of(m, label)], memory_order_acquire);
	while (c && (c->metric != m || strcmp(c->label, label)))
		c = c->next;
	return c;
}

/* NULL when memory is out: the increment is lost, the program goes on. */
static struct cell *find_or_add(struct table *t, enum metric m, const char *label)
{
	char shortened[LABEL_MAX];
	if (strlen(label) >= LABEL_MAX) {
		snprintf(shortened, sizeof shortened, "%.*s", LABEL_MAX - 1, label);
		str_utf8_end(shortened);
		label = shortened;
	}
	struct cell *c = cell_find(t, m, label);
	if (c)
		return c;
	if (t->labels[m] >= LABELS_MAX) {
		label = "other";
		c = cell_find(t, m, label);
		if (c)
			return c;
	}
	c = calloc(1, sizeof *c + (rows[m].kind == KIND_histogram ? METRIC_BUCKETS * sizeof c->buckets[0] : 0));
	if (!c)
		return NULL;
	c->metric = m;
	memcpy(c->label, label, strlen(label) + 1);
	_Atomic(struct cell *) *slot = &t->slots[slot_of(m, label)];
	c->next = atomic_load_explicit(slot, memory_order_relaxed);
	atomic_store_explicit(slot, c, memory_order_release);
	t->labels[m]++;
	return c;
}

static struct table *my_table(void)
{
	if (mine)
		return mine;
	struct table *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	pthread_mutex_lock(&lock);
	t->next = tables;
	tables = t;
	pthread_mutex_unlock(&lock);
	mine = t;
	return t;
}

/* Only the owning thread adds, so no read-modify-write is needed. */
static void bump(_Atomic int64_t *v, int64_t n)
{
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n, memory_order_relaxed);
}

void metric_add_l(enum metric m, const char *label, int64_t n)
{
	struct table *t = my_table();
	struct cell *c = t ? find_or_add(t, m, label) : NULL;
	if (c)
		bump(&c->value, n);
}

void metric_add(enum metric m, int64_t n)
{
	metric_add_l(m, "", n);
}

void metric_observe_ns(enum metric m, const char *label, int64_t ns)
{
	struct table *t = my_table();
	struct cell *c = t ? find_or_add(t, m, label ? label : "") : NULL;
	if (!c || rows[m].kind != KIND_histogram)
		return;
	unsigned i = 0;
	while (i < METRIC_BUCKETS && ns > metric_bounds_ns[i])
		i++;
	if (i < METRIC_BUCKETS)
		bump(&c->buckets[i], 1);
	bump(&c->value, ns);
	bump(&c->count, 1);
}

void metric_gauge(enum metric m, const char *label, int64_t v)
{
	pthread_mutex_lock(&lock);
	struct cell *c = find_or_add(&gauges, m, label ? label : "");
	if (c)
		atomic_store_explicit(&c->value, v, memory_order_relaxed);
	pthread_mutex_unlock(&lock);
}

void metrics_collector(void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&lock);
	if (collector_count < COLLECTORS_MAX) {
		collectors[collector_count].fn = fn;
		collectors[collector_count++].arg = arg;
	} else {
		LOG(ERROR, NULL, "metrics.too_many_collectors", LI("max", COLLECTORS_MAX));
	}
	pthread_mutex_unlock(&lock);
}

/* --- writing ------------------------------------------------------------------------------------------------ */

static void write_label_value(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		if (*s == '\n')
			buf_puts(out, "\\n");
		else
			buf_putc(out, *s);
	}
}

static void write_labels(struct buf *out, const struct cell *c, const char *le)
{
	const char *name = rows[c->metric].label;
	bool labelled = name && *name && *c->label;
	if (!labelled && !le)
		return;
	buf_putc(out, '{');
	if (labelled) {
		buf_printf(out, "%s=\"", name);
		write_label_value(out, c->label);
		buf_printf(out, "\"%s", le ? "," : "");
	}
	if (le)
		buf_printf(out, "le=\"%s\"", le);
	buf_putc(out, '}');
}

static void write_histogram(struct buf *out, const struct cell *c)
{
	const char *name = rows[c->metric].name;
	int64_t sum = 0, count = atomic_load_explicit(&c->count, memory_order_relaxed);
	for (unsigned i = 0; i < METRIC_BUCKETS; i++) {
		char le[32];
		snprintf(le, sizeof le, "%g", (double)metric_bounds_ns[i] / 1e9);
		sum += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket", name);
		write_labels(out, c, le);
		buf_printf(out, " %lld\n", (long long)sum);
	}
	buf_printf(out, "%s_bucket", name);
	write_labels(out, c, "+Inf");
	buf_printf(out, " %lld\n%s_sum", (long long)count, name);
	write_labels(out, c, NULL);
	buf_printf(out, " %.9g\n%s_count", (double)atomic_load_explicit(&c->value, memory_order_relaxed) / 1e9, name);
	write_labels(out, c, NULL);
	buf_printf(out, " %lld\n", (long long)count);
}

static void add_up(struct table *sum, const struct table *t)
{
	for (unsigned i = 0; i < SLOTS; i++)
		for (struct cell *c = atomic_load_explicit(&t->slots[i], memory_order_acquire); c; c = c->next) {
			struct cell *s = find_or_add(sum, c->metric, c->label);
			if (!s)
				continue;
			bump(&s->value, atomic_load_explicit(&c->value, memory_order_relaxed));
			bump(&s->count, atomic_load_explicit(&c->count, memory_order_relaxed));
			for (unsigned k = 0; rows[c->metric].kind == KIND_histogram && k < METRIC_BUCKETS; k++)
				bump(&s->buckets[k], atomic_load_explicit(&c->buckets[k], memory_order_relaxed));
		}
}

static int by_metric_and_label(const void *a, const void *b)
{
	const struct cell *x = *(struct cell *const *)a, *y = *(struct cell *const *)b;
	return x->metric != y->metric ? (int)x->metric - (int)y->metric : strcmp(x->label, y->label);
}

static size_t list_cells(struct table *t, struct cell **list, size_t max)
{
	size_t n = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		for (struct cell *c = atomic_load(&t->slots[i]); c && n < max; c = c->next)
			list[n++] = c;
	qsort(list, n, sizeof *list, by_metric_and_label);
	return n;
}

static void write_table(struct buf *out, struct table *t)
{
	size_t max = (size_t)M_COUNT * (LABELS_MAX + 1);
	struct cell **list = malloc(max * sizeof *list);
	size_t n = list ? list_cells(t, list, max) : 0;
	for (size_t i = 0; i < n; i++) {
		static const char *const kinds[] = { "counter", "gauge", "histogram" };
		const struct cell *c = list[i];
		if (!i || list[i - 1]->metric != c->metric)
			buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", rows[c->metric].name, rows[c->metric].help,
			        rows[c->metric].name, kinds[rows[c->metric].kind]);
		if (rows[c->metric].kind == KIND_histogram) {
			write_histogram(out, c);
			continue;
		}
		buf_puts(out, rows[c->metric].name);
		write_labels(out, c, NULL);
		buf_printf(out, " %lld\n", (long long)atomic_load(&c->value));
	}
	free(list);
}

static void free_cells(struct table *t)
{
	for (unsigned i = 0; i < SLOTS; i++)
		for (struct cell *c = atomic_load(&t->slots[i]), *next; c; c = next) {
			next = c->next;
			free(c);
		}
}

/* --- reading ------------------------------------------------------------------------------------------------ */

struct metric_snapshot { struct table sum; };

struct metric_snapshot *metrics_snapshot(void)
{
	/* Collectors call metric_gauge, so not under the lock. */
	pthread_mutex_lock(&lock);
	unsigned n = collector_count;
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < n; i++)
		collectors[i].fn(collectors[i].arg);
	struct metric_snapshot *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	pthread_mutex_lock(&lock);
	for (const struct table *t = tables; t; t = t->next)
		add_up(&s->sum, t);
	add_up(&s->sum, &gauges);
	pthread_mutex_unlock(&lock);
	return s;
}

void metrics_snapshot_free(struct metric_snapshot *s)
{
	if (s)
		free_cells(&s->sum);
	free(s);
}

static bool label_fits(const char *label, const char *wanted)
{
	if (*wanted != '*')
		return !strcmp(label, wanted);
	size_t n = strlen(label), end = strlen(wanted + 1);
	return n >= end && !strcmp(label + n - end, wanted + 1);
}

struct metric_sum metric_sum_of(const struct metric_snapshot *s, enum metric m, const char *label)
{
	struct metric_sum sum = { 0 };
	for (unsigned i = 0; i < SLOTS; i++)
		for (struct cell *c = atomic_load(&s->sum.slots[i]); c; c = c->next) {
			if (c->metric != m || !label_fits(c->label, label))
				continue;
			sum.value += atomic_load(&c->value);
			sum.count += atomic_load(&c->count);
			for (unsigned k = 0; rows[m].kind == KIND_histogram && k < METRIC_BUCKETS; k++)
				sum.buckets[k] += atomic_load(&c->buckets[k]);
		}
	return sum;
}

void metrics_write(struct buf *out)
{
	struct metric_snapshot *s = metrics_snapshot();
	if (s)
		write_table(out, &s->sum);
	metrics_snapshot_free(s);
}

size_t metric_rows(struct metric_row *out, size_t max)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	for (size_t i = 0; i < M_COUNT && i < max; i++)
		out[i] = (struct metric_row){ rows[i].name, kinds[rows[i].kind], rows[i].label ? rows[i].label : "",
			rows[i].help };
	return M_COUNT;
}
