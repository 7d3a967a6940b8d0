/* SPDX-License-Identifier: Apache-2.0
 *
 * What /admin/operations draws: every SAMPLE_S seconds the metrics of this process (core/metrics.def, and the measures
 * that services declare) become one number for each line of each plot, kept for an hour. Each sample is published to
 * the hub, so that a page that is open moves on.
 */
#ifndef GH_PLATFORM_SAMPLER_H
#define GH_PLATFORM_SAMPLER_H

#include "platform/core/metrics.h"
#include "platform/core/service.h"
#include "platform/hub/hub.h"

enum { SAMPLE_S = 10, SAMPLES_MAX = 360, PLOT_LINES = 4 };

enum plot_as {
	PLOT_LEVEL,  /* as it is */
	PLOT_RATE,   /* of what counts up: how much each second */
	PLOT_MEDIAN, /* of a histogram: of what was observed since the last sample, in ms */
	PLOT_P99
};
struct plot_line { const char *title; enum metric metric; const char *label;
	/* as metric_sum_of takes it */ enum plot_as as; };
struct plot_def { const char *group, *title, *unit; struct plot_line lines[PLOT_LINES]; };

/* A plot, and where its lines are among all: numbers first … first + count - 1. */
struct plot { struct plot_def def; unsigned first, count; };

struct sampler;
/* The platform's own plots and one for each measure of a local service. NULL with *e: ST_NOMEM. */
struct sampler *sampler_new(struct platform *p, struct err *e);
void sampler_free(struct sampler *s); /* NULL is fine */
/* One sample, now. hub NULL: nobody hears of it. */
void sampler_take(struct sampler *s, struct hub *hub);

size_t sampler_plots(const struct sampler *s, const struct plot **list); /* lives as long as s */
/* {"every":10,"keep":360,"times":[…],"lines":[[…],…]} appended to out: times in seconds since 1970, null where nothing
 * was observed. */
void sampler_write(struct sampler *s, struct buf *out);
/* The newest value of a line; NAN: none. */
double sampler_last(struct sampler *s, unsigned line);
/* Topic of this process's samples. */
struct str sampler_topic(const struct sampler *s);

#endif
