/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics in Prometheus' text format. One row in metrics.def per metric declares its name, kind, labels and help.
 * Counters and histograms are per-thread and summed when read: an increment is one store without contention.
 */
#ifndef GH_PLATFORM_METRICS_H
#define GH_PLATFORM_METRICS_H

#include "base/buf.h"

enum metric {
#define X(NAME, kind, name, label, help) M_##NAME,
#include "platform/core/metrics.def"
#undef X
	M_COUNT
};
/* Adds to a counter without a label. */
void metric_add(enum metric m, int64_t n);
/* label: a short string from a bounded set (service, kind, status class); past 256 values they share "other". */
void metric_add_l(enum metric m, const char *label, int64_t n);
void metric_observe_ns(enum metric m, const char *label, int64_t ns); /* histogram, 50 µs … 30 s */
void metric_gauge(enum metric m, const char *label, int64_t v);
/* Sampled at scrape time: fn calls metric_gauge. */
void metrics_collector(void (*fn)(void *arg), void *arg);
void metrics_write(struct buf *out);

/* All values at one moment, those of collectors too. */
struct metric_snapshot;
struct metric_snapshot *metrics_snapshot(void); /* NULL: no memory */
void metrics_snapshot_free(struct metric_snapshot *s); /* NULL is fine */
enum { METRIC_BUCKETS = 18 };
extern const int64_t metric_bounds_ns[METRIC_BUCKETS]; /* upper bounds of a histogram's buckets */
/* value: of a counter or gauge, or the sum of a histogram in ns. count: observations, those above all buckets too. */
struct metric_sum { int64_t value, count, buckets[METRIC_BUCKETS]; };
/* The values of m added up whose label is this one, or ends with what stands behind a "*" ("*": all of them). */
struct metric_sum metric_sum_of(const struct metric_snapshot *s, enum metric m, const char *label);

/* The declared table: for `dump metrics`. Returns how many there are. */
struct metric_row { const char *name, *kind, *label, *help; };
size_t metric_rows(struct metric_row *out, size_t max);

#endif
