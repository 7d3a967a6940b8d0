/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/repeat.h"

#include "base/lang.h"

enum { DAY_S = 86400, WEEK_DAYS = 7, MONTHS = 12 };

static const char *const day_codes[WEEK_DAYS] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

struct begin { int year, month, day, weekday, nth; };

static struct begin begin_of(int64_t start)
{
	struct begin b;
	int64_t day = start / DAY_S - (start % DAY_S < 0);
	day_parts(day, &b.year, &b.month, &b.day);
	b.weekday = (int)(((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS); /* 1970 began on a Thursday */
	b.nth = (b.day - 1) / WEEK_DAYS + 1;
	return b;
}

/* --- read --------------------------------------------------------------------------------------------------------- */

static bool has_years(const struct recur_rule *r)
{
	bool any = r->has_positions || r->weeks || r->weeks_back || r->month_days_back;
	for (size_t i = 0; i < sizeof r->year_days / sizeof *r->year_days; i++)
		any |= r->year_days[i] || r->year_days_back[i];
	return any;
}

/* "weekday" or "last": exactly one numbered weekday, the one of its beginning. */
static const char *nth_how(const struct recur_rule *r, const struct begin *b)
{
	int numbered = 0;
	for (int d = 0; d < WEEK_DAYS; d++)
		numbered += r->nth[d] || r->nth_back[d];
	if (numbered != 1 || r->weekdays || r->month_days)
		return NULL;
	if (r->nth[b->weekday] == UINT64_C(1) << b->nth && !r->nth_back[b->weekday])
		return "weekday";
	return r->nth_back[b->weekday] == UINT64_C(1) << 1 && !r->nth[b->weekday] ? "last" : NULL;
}

static const char *how_of(const struct recur_rule *r, const struct begin *b)
{
	bool own_date = !r->weekdays && !r->has_nth && (!r->month_days || r->month_days == UINT32_C(1) << b->day);
	bool own_month = !r->months || r->months == 1 << b->month;
	if (has_years(r) || r->interval > REPEAT_EVERY_MAX || r->count > REPEAT_TIMES_MAX)
		return NULL;
	switch (r->freq) {
	case RECUR_DAILY: return own_date && !r->month_days ? "daily" : NULL;
	case RECUR_WEEKLY:
		return r->month_days || r->has_nth || (r->interval > 1 && r->week_start) ? NULL : "weekly";
	case RECUR_MONTHLY: return r->has_nth ? nth_how(r, b) : own_date ? "monthly" : NULL;
	case RECUR_YEARLY:
		if (!own_month)
			return NULL;
		if (!r->has_nth)
			return own_date && (r->months || !r->month_days) ? "yearly" : NULL;
		const char *nth = r->months ? nth_how(r, b) : NULL;
		return nth && str_eqc(str_c(nth), "weekday") ? "yearday" : NULL;
	}
	return NULL;
}

static void read_end(const struct recur_rule *r, const struct zone *zone, struct repeat *out)
{
	int64_t until = r->until;
	if (r->count) {
		out->ends = STR("times");
		out->times = r->count;
	} else if (r->until_is) {
		if (r->until_is == UNTIL_UTC && zone)
			until += clock_zone_offset(zone, until);
		out->ends = STR("day");
		out->until = until / DAY_S - (until % DAY_S < 0);
	}
}

void repeat_read(
        struct arena *a, struct str rules, const struct zone *zone, bool all_day, int64_t start, struct repeat *out)
{
	struct recur_rule r;
	struct begin b = begin_of(start);
	struct buf days, months;
	*out = (struct repeat){
		.how = STR("once"), .every = 1, .days = STR(""), .months = STR(""), .ends = STR("never"), .times = 10
	};
	out->until = (start / DAY_S) + 365;
	if (!rules.n)
		return;
	const char *how = str_chr(rules, '\n') < 0 && recur_parse(rules, &r, NULL) == ST_OK ? how_of(&r, &b) : NULL;
	out->how = how ? str_c(how) : STR("rule");
	if (!how)
		return;
	out->every = r.interval;
	buf_text(&days, a);
	buf_text(&months, a);
	for (int d = 0; d < WEEK_DAYS; d++)
		if (r.freq == RECUR_WEEKLY && (r.weekdays >> d & 1))
			buf_printf(&days, "%s%s", days.len ? " " : "", day_codes[d]);
	for (int m = 1; r.freq != RECUR_YEARLY && m <= MONTHS; m++)
		if (r.months >> m & 1)
			buf_printf(&months, "%s%d", months.len ? " " : "", m);
	out->days = buf_str(&days);
	out->months = buf_str(&months);
	read_end(&r, all_day ? NULL : zone, out);
}

/* --- written ------------------------------------------------------------------------------------------------------ */

static void put_list(struct buf *b, const char *name, struct str words)
{
	struct str word;
	for (const char *before = name; words.n && str_next(&words, ' ', &word); before = ",")
		if (word.n)
			buf_printf(b, "%s%.*s", before, STR_ARG(word));
}

static void put_until(struct buf *b, const struct zone *zone, bool all_day, int64_t last)
{
	BUF_LIT(b, ";UNTIL=");
	if (all_day)
		ical_put_time(b, ICAL_DATE, last);
	else
		ical_put_time(b, ICAL_UTC, zone ? clock_zone_instant(zone, last) : last);
}

struct str repeat_rule(struct arena *a, const struct repeat *r, const struct zone *zone, bool all_day, int64_t start)
{
	static const struct { const char *how, *freq; } freqs[] = { { "daily", "DAILY" }, { "weekly", "WEEKLY" },
		{ "monthly", "MONTHLY" }, { "weekday", "MONTHLY" }, { "last", "MONTHLY" }, { "yearly", "YEARLY" },
		{ "yearday", "YEARLY" } };
	struct begin from = begin_of(start);
	const char *freq = NULL, *day = day_codes[from.weekday];
	struct buf b;
	for (size_t i = 0; i < sizeof freqs / sizeof *freqs; i++)
		if (str_eqc(r->how, freqs[i].how))
			freq = freqs[i].freq;
	if (!freq)
		return STR("");
	buf_text(&b, a);
	buf_printf(&b, "FREQ=%s", freq);
	if (r->every > 1)
		buf_printf(&b, ";INTERVAL=%lld", (long long)r->every);
	if (str_eqc(r->how, "weekly"))
		put_list(&b, ";BYDAY=", r->days);
	else if (str_eqc(r->how, "weekday"))
		buf_printf(&b, ";BYDAY=%d%s", from.nth, day);
	else if (str_eqc(r->how, "last"))
		buf_printf(&b, ";BYDAY=-1%s", day);
	else if (str_eqc(r->how, "yearday"))
		buf_printf(&b, ";BYMONTH=%d;BYDAY=%d%s", from.month, from.nth, day);
	if (!str_starts(r->how, STR("year")))
		put_list(&b, ";BYMONTH=", r->months);
	if (str_eqc(r->ends, "times"))
		buf_printf(&b, ";COUNT=%lld", (long long)r->times);
	else if (str_eqc(r->ends, "day"))
		put_until(&b, zone, all_day, r->until * DAY_S + (all_day ? 0 : DAY_S - 1));
	return buf_str(&b);
}

int64_t repeat_first(struct str rule, const struct zone *zone, bool all_day, int64_t start)
{
	struct recur_rule r;
	struct recur_walk w;
	int64_t first;
	if (!rule.n || recur_parse(rule, &r, NULL) != ST_OK)
		return start;
	recur_begin(&w, &r, all_day ? NULL : zone, start, start);
	return recur_next(&w, &first) ? first : start;
}

/* Rules, with what `end` writes for each part that says where it ends, and once behind all (part ""). */
typedef void put_end(struct buf *b, struct str part, void *arg);

static struct str each_rule(struct arena *a, struct str rules, put_end *end, void *arg)
{
	struct buf b;
	struct str rule, part;
	buf_text(&b, a);
	while (rules.n && str_next(&rules, '\n', &rule)) {
		const char *before = b.len ? "\n" : "";
		while (rule.n && str_next(&rule, ';', &part)) {
			if (str_starts(part, STR("COUNT=")) || str_starts(part, STR("UNTIL="))) {
				end(&b, part, arg);
				continue;
			}
			buf_printf(&b, "%s%.*s", before, STR_ARG(part));
			before = ";";
		}
		end(&b, STR(""), arg);
	}
	return buf_str(&b);
}

struct before { const struct zone *zone; bool all_day; int64_t last; };

static void end_before(struct buf *b, struct str part, void *arg)
{
	const struct before *x = arg;
	if (!part.n)
		put_until(b, x->zone, x->all_day, x->last);
}

struct str repeat_until_before(
        struct arena *a, struct str rules, const struct zone *zone, bool all_day, int64_t before)
{
	struct before x = { zone, all_day, all_day ? before - DAY_S : before - 1 };
	return each_rule(a, rules, end_before, &x);
}

static void count_fewer(struct buf *b, struct str part, void *arg)
{
	int64_t count;
	if (str_starts(part, STR("COUNT=")) && str_i64(str_skip(part, 6), &count))
		buf_printf(b, ";COUNT=%lld", (long long)(count - *(int64_t *)arg > 0 ? count - *(int64_t *)arg : 1));
	else if (part.n)
		buf_printf(b, ";%.*s", STR_ARG(part));
}

struct str repeat_fewer(struct arena *a, struct str rules, int64_t fewer)
{
	return each_rule(a, rules, count_fewer, &fewer);
}

/* --- in words ----------------------------------------------------------------------------------------------------- */

struct str repeat_words(struct arena *a, const struct repeat *r)
{
	static const struct { const char *how, *each, *every; } words[] = {
		{ "once", TR_NOOP("once"), NULL },
		{ "daily", TR_NOOP("every day"), TR_NOOP("every %lld days") },
		{ "weekly", TR_NOOP("every week"), TR_NOOP("every %lld weeks") },
		{ "monthly", TR_NOOP("every month, on the same date"),
		        TR_NOOP("every %lld months, on the same date") },
		{ "weekday", TR_NOOP("every month, on the same weekday"),
		        TR_NOOP("every %lld months, on the same weekday") },
		{ "last", TR_NOOP("every month, on its last such weekday"),
		        TR_NOOP("every %lld months, on the last such weekday") },
		{ "yearly", TR_NOOP("every year"), TR_NOOP("every %lld years") },
		{ "yearday", TR_NOOP("every year, on the same weekday"),
		        TR_NOOP("every %lld years, on the same weekday") },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eqc(r->how, words[i].how))
			return r->every > 1 && words[i].every
			        ? arena_strf(a, tr(words[i].every), (long long)r->every)
			        : str_c(tr(words[i].each));
	return TR("by a rule of its own");
}
