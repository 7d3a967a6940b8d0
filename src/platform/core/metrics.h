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

/* The declared table: for `dump metrics`. Returns how many there are. */
struct metric_row { const char *name, *kind, *label, *help; };
size_t metric_rows(struct metric_row *out, size_t max);

#endif
