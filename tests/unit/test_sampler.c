/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples of metrics: what a level, a rate and a quantile of them are; an hour is kept, and no more; services add their
 * own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/admin/sampler.h"
#include "platform/text/json.h"

static int64_t loaves;
static int64_t count_loaves(struct service_instance *s)
{
	(void)s;
	return loaves;
}

static const struct measure_def measures[] = {
	{ "loaves", "Loaves", "on the shelf", .read = count_loaves },
	{ 0 },
};
static const struct service bakery = { .name = "bakery", .title = "Bakery", .measures = measures };

static struct sampler *new_sampler(const struct service *def)
{
	struct err e = { 0 };
	struct service_instance one = { .def = def, .local = true };
	struct platform p = { .services = &one, .service_count = 1 };
	struct sampler *s = sampler_new(&p, &e);
	assert_non_null(s);
	return s;
}

static unsigned line_of(struct sampler *s, const char *plot, const char *title)
{
	const struct plot *list;
	size_t n = sampler_plots(s, &list);
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < list[i].count; k++)
			if (!strcmp(list[i].def.title, plot) && !strcmp(list[i].def.lines[k].title, title))
				return list[i].first + k;
	fail_msg("no line %s of %s", title, plot);
	return 0;
}

static double last(struct sampler *s, const char *plot, const char *title)
{
	return sampler_last(s, line_of(s, plot, title));
}

static void levels_rates_quantiles(void **state)
{
	struct sampler *s = new_sampler(&bakery);
	(void)state;
	assert_true(isnan(last(s, "Memory", "resident")));
	metric_gauge(M_MEMORY, "resident", 1000);
	metric_gauge(M_DB_STATE, "blog.waiting", 2);
	metric_gauge(M_DB_STATE, "account.waiting", 3);
	metric_gauge(M_DB_STATE, "account.pool_used", 7);
	metric_gauge(M_SERVICE, "bakery.loaves", 40);
	metric_add_l(M_HTTP_REQUESTS, "2xx", 10);
	sampler_take(s, NULL);
	assert_true(last(s, "Memory", "resident") == 1000);
	assert_true(last(s, "Waiting for a store", "waiting") == 5); /* of all services */
	assert_true(last(s, "Loaves", "Loaves") == 40);
	assert_true(isnan(last(s, "Requests", "answered"))); /* since when? */
	assert_true(isnan(last(s, "Time to answer", "half of them")));
	metric_add_l(M_HTTP_REQUESTS, "2xx", 5);
	/* 98 within the bucket of 1 to 2.5 ms, two within that of 0.5 to 1 s. */
	for (unsigned i = 0; i < 98; i++)
		metric_observe_ns(M_HTTP_DURATION, "bakery", 2 * NS_PER_MS);
	metric_observe_ns(M_HTTP_DURATION, "bakery", 600 * NS_PER_MS);
	metric_observe_ns(M_HTTP_DURATION, "other", 700 * NS_PER_MS);
	sampler_take(s, NULL);
	assert_true(last(s, "Requests", "answered") > 0);
	assert_true(last(s, "Requests", "failed") == 0);
	double half = last(s, "Time to answer", "half of them"), most = last(s, "Time to answer", "99 of 100");
	assert_true(half > 1 && half < 2.5);
	assert_true(most > 500 && most <= 1000);
	sampler_take(s, NULL); /* nothing since then */
	assert_true(last(s, "Requests", "answered") == 0);
	assert_true(isnan(last(s, "Time to answer", "99 of 100")));
	sampler_free(s);
}

static json_t *written(struct sampler *s)
{
	struct err e = { 0 };
	struct buf b;
	buf_init(&b, 4 << 20);
	sampler_write(s, &b);
	assert_true(buf_ok(&b));
	json_t *j = json_parse(buf_str(&b), 4, &e);
	assert_non_null(j);
	buf_fini(&b);
	return j;
}

static void an_hour_is_kept(void **state)
{
	struct sampler *s = new_sampler(&bakery);
	(void)state;
	json_t *j = written(s);
	assert_int_equal(json_array_size(json_object_get(j, "times")), 0);
	json_decref(j);
	unsigned line = line_of(s, "Loaves", "Loaves");
	for (int i = 1; i <= SAMPLES_MAX + 1; i++) {
		metric_gauge(M_SERVICE, "bakery.loaves", i);
		sampler_take(s, NULL);
		if (i != SAMPLES_MAX && i <= SAMPLES_MAX)
			continue;
		j = written(s);
		const json_t *values = json_array_get(json_object_get(j, "lines"), line);
		assert_int_equal(json_array_size(json_object_get(j, "times")), SAMPLES_MAX);
		assert_int_equal(json_array_size(values), SAMPLES_MAX);
		assert_true(json_number_value(json_array_get(values, 0)) == i - SAMPLES_MAX + 1);
		assert_true(json_number_value(json_array_get(values, SAMPLES_MAX - 1)) == i);
		json_decref(j);
	}
	sampler_free(s);
}

/* More measures than there is room for are in /metrics and have no plot. */
static void bounds(void **state)
{
	static struct measure_def many[101];
	static char names[100][100];
	const struct plot *list;
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(names[i], sizeof names[i], "%090u", i); /* longer than a label */
		many[i] = (struct measure_def){ names[i], names[i], "of them", .read = count_loaves };
	}
	const struct service s_def = { .name = "many", .title = "Many", .measures = many };
	struct sampler *s = new_sampler(&s_def);
	size_t n = sampler_plots(s, &list);
	assert_int_equal(n, 64);
	sampler_take(s, NULL);
	assert_true(sampler_last(s, list[n - 1].first) == 0);
	sampler_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_rates_quantiles),
		cmocka_unit_test(an_hour_is_kept),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
