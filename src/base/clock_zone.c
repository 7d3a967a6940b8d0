/* SPDX-License-Identifier: Apache-2.0
 *
 * Civil time in IANA zones, from the system's TZif files (RFC 8536). localtime(3) would do, but its zone is the
 * process's and not the caller's. A zone is parsed once and kept for the life of the process; at most ZONES_MAX.
 */
#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define TZIF_HEAD 44 /* RFC 8536 */

/* No clock was ever further from Greenwich: Manila, until 1844, by 15:56. */
enum { OFFSET_MOST = 16 * 3600 };
enum { ZONES_MAX = 700, NAME_MAX_LEN = 64, FILE_MAX = 1 << 16, FOOTER_MAX = 64 };

/* When a rule of the footer begins: day in one of the three POSIX forms, and seconds after midnight of it. */
struct rule {
	char form; /* 'M' month.week.day, 'J' Julian without leap day, '0' zero-based with it */
	int month, week, day, time;
};

struct zone {
	struct zone *next;
	char name[NAME_MAX_LEN];
	size_t count;
	int64_t *at; /* seconds, ascending; from at[i] on the offset is offset[i] */
	int32_t *offset;
	int32_t before; /* until at[0] */
	bool has_footer, has_dst;
	int std, dst; /* offsets of the footer, seconds east */
	struct rule start, end;
};

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones;
static unsigned zones_count;

/* --- the footer: a POSIX TZ string (RFC 8536 section 3.3) ------------------------------------------------------- */

static bool posix_number(const char **p, int max, int *out)
{
	int v = 0;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p) && v <= max; (*p)++)
		v = v * 10 + (**p - '0');
	*out = v;
	return v <= max;
}

static bool skip_name(const char **p)
{
	const char *from = *p;
	if (**p == '<') {
		while (**p && **p != '>')
			(*p)++;
		return *(*p)++ == '>';
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - from >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool hms(const char **p, int *out)
{
	int sign = **p == '-' ? -1 : 1, h, m = 0, s = 0;
	*p += **p == '-' || **p == '+';
	if (!posix_number(p, 167, &h))
		return false;
	if (**p == ':' && (++*p, !posix_number(p, 59, &m)))
		return false;
	if (**p == ':' && (++*p, !posix_number(p, 59, &s)))
		return false;
	*out = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool parse_rule(const char **p, struct rule *r)
{
	if (*(*p)++ != ',')
		return false;
	r->form = **p == 'M' || **p == 'J' ? *(*p)++ : '0';
	if (r->form == 'M') {
		if (!posix_number(p, 12, &r->month) || *(*p)++ != '.' || !posix_number(p, 5, &r->week) ||
		    *(*p)++ != '.' || !posix_number(p, 6, &r->day) || r->month < 1 || r->week < 1)
			return false;
	} else if (!posix_number(p, 365, &r->day)) {
		return false;
	}
	r->time = 2 * 3600;
	return **p != '/' || (++*p, hms(p, &r->time));
}

static bool parse_footer(const char *p, struct zone *z)
{
	if (!skip_name(&p) || !hms(&p, &z->std))
		return false;
	z->std = -z->std; /* POSIX counts west of Greenwich */
	if (!*p)
		return true;
	z->dst = z->std + 3600;
	if (!skip_name(&p))
		return false;
	if (*p && *p != ',') {
		if (!hms(&p, &z->dst))
			return false;
		z->dst = -z->dst;
	}
	z->has_dst = true;
	return parse_rule(&p, &z->start) && parse_rule(&p, &z->end) && !*p;
}

/* Seconds since 1970 of the rule's beginning in that year, as if the clocks showed UTC. */
static int64_t rule_at(const struct rule *r, int year)
{
	struct civil c = { .year = year, .month = 1, .day = 1 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int add = r->day;
	if (r->form == 'J') {
		add += -1 + (leap && r->day >= 60);
	} else if (r->form == 'M') {
		c.month = r->month;
		struct civil first;
		clock_civil_utc(clock_from_civil_utc(&c), &first);
		add = (r->day - first.weekday + 7) % 7 + (r->week - 1) * 7;
		struct civil next = { .year = year + (r->month == 12), .month = r->month % 12 + 1, .day = 1 };
		int length = (int)((clock_from_civil_utc(&next) - clock_from_civil_utc(&c)) / US_PER_S / 86400);
		while (add >= length) /* week 5 is the last, be it the fourth */
			add -= 7;
	}
	return clock_from_civil_utc(&c) / US_PER_S + add * INT64_C(86400) + r->time;
}

static int footer_offset(const struct zone *z, int64_t s)
{
	if (!z->has_dst)
		return z->std;
	struct civil c;
	clock_civil_utc((s + z->std) * US_PER_S, &c);
	int64_t from = rule_at(&z->start, c.year) - z->std, to = rule_at(&z->end, c.year) - z->dst;
	bool summer = from < to ? s >= from && s < to : s >= from || s < to;
	return summer ? z->dst : z->std;
}

/* --- the file --------------------------------------------------------------------------------------------------- */

static uint64_t be(const unsigned char *p, int n)
{
	uint64_t v = 0;
	while (n--)
		v = v << 8 | *p++;
	return v;
}

struct header {
	size_t isut, isstd, leap, time, type, chars;
};

static bool parse_header(const unsigned char *p, size_t n, struct header *h)
{
	if (n < TZIF_HEAD || memcmp(p, "TZif", 4) || p[4] < '2')
		return false;
	size_t *fields[] = { &h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars };
	for (int i = 0; i < 6; i++) {
		*fields[i] = be(p + 20 + 4 * i, 4);
		if (*fields[i] > FILE_MAX)
			return false;
	}
	return h->type > 0;
}

static size_t data_size(const struct header *h, size_t time_size)
{
	return h->time * (time_size + 1) + h->type * 6 + h->chars + h->leap * (time_size + 4) + h->isstd + h->isut;
}

static bool parse_data(const unsigned char *p, const struct header *h, struct zone *z)
{
	const unsigned char *index = p + h->time * 8, *types = index + h->time;
	z->at = calloc(h->time + 1, sizeof *z->at);
	z->offset = calloc(h->time + 1, sizeof *z->offset);
	if (!z->at || !z->offset)
		return false;
	z->before = (int32_t)be(types, 4);
	for (size_t i = 0; i < h->time; i++) {
		if (index[i] >= h->type)
			return false;
		z->at[i] = (int64_t)be(p + 8 * i, 8);
		z->offset[i] = (int32_t)be(types + 6 * index[i], 4);
		if (i && z->at[i] <= z->at[i - 1])
			return false;
	}
	z->count = h->time;
	return true;
}

static bool parse_tzif(const unsigned char *p, size_t n, struct zone *z)
{
	struct header h;
	if (!parse_header(p, n, &h))
		return false;
	size_t skip = 44 + data_size(&h, 4); /* the first block is of 32-bit times, for old readers */
	if (skip > n || !parse_header(p + skip, n - skip, &h))
		return false;
	p += skip + 44;
	n -= skip + 44;
	size_t size = data_size(&h, 8);
	if (size > n || !parse_data(p, &h, z))
		return false;
	struct str footer = str_trim(str_n((const char *)p + size, n - size));
	char text[FOOTER_MAX];
	if (footer.n && footer.n < sizeof text) {
		memcpy(text, footer.p, footer.n);
		text[footer.n] = 0;
		z->has_footer = parse_footer(text, z);
	}
	return true;
}

static bool name_ok(const char *name)
{
	size_t n = strnlen(name, NAME_MAX_LEN);
	if (!n || n == NAME_MAX_LEN || name[0] == '/' || strstr(name, ".."))
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+-/", *p))
			return false;
	return true;
}

static bool zone_read(const char *name, struct zone *z)
{
	char path[NAME_MAX_LEN + 32];
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	struct stat st;
	unsigned char *bytes = malloc(FILE_MAX);
	ssize_t n = bytes && !fstat(fd, &st) && S_ISREG(st.st_mode) ? read(fd, bytes, FILE_MAX) : -1;
	close(fd);
	bool ok = n > 0 && parse_tzif(bytes, (size_t)n, z);
	free(bytes);
	return ok;
}

static const struct zone *zone_get(const char *name)
{
	struct zone *z;
	pthread_mutex_lock(&zones_lock);
	for (z = zones; z && strcmp(z->name, name); z = z->next)
		continue;
	if (!z && zones_count < ZONES_MAX && (z = calloc(1, sizeof *z))) {
		snprintf(z->name, sizeof z->name, "%s", name);
		if (zone_read(name, z)) {
			z->next = zones;
			zones = z;
			zones_count++;
		} else {
			free(z->at);
			free(z->offset);
			free(z);
			z = NULL;
		}
	}
	pthread_mutex_unlock(&zones_lock);
	return z;
}

const struct zone *clock_zone_of(const char *name)
{
	return name_ok(name) ? zone_get(name) : NULL;
}

/* How many of the file's changes are not after s. */
static size_t changes_until(const struct zone *z, int64_t s)
{
	size_t lo = 0, hi = z->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (z->at[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int clock_zone_offset(const struct zone *z, int64_t s)
{
	size_t passed = changes_until(z, s);
	if (passed == z->count && z->has_footer)
		return footer_offset(z, s);
	return passed ? z->offset[passed - 1] : z->before;
}

int64_t clock_zone_instant(const struct zone *z, int64_t local)
{
	int before = clock_zone_offset(z, local - OFFSET_MOST), after = clock_zone_offset(z, local + OFFSET_MOST);
	if (before == after || clock_zone_offset(z, local - before) == before)
		return local - before;
	return clock_zone_offset(z, local - after) == after ? local - after : local - before;
}

/* The footer's next change: of this year and the next, the first after `after`. */
static int64_t footer_change(const struct zone *z, int64_t after)
{
	struct civil c;
	int64_t first = INT64_MAX;
	clock_civil_utc(after * US_PER_S, &c);
	for (int year = c.year - 1; year <= c.year + 1; year++) {
		int64_t at[] = { rule_at(&z->start, year) - z->std, rule_at(&z->end, year) - z->dst };
		for (int i = 0; i < 2; i++)
			if (at[i] > after && at[i] < first)
				first = at[i];
	}
	return first;
}

bool clock_zone_change(const struct zone *z, int64_t after, int64_t until, int64_t *at, int *offset)
{
	int was = clock_zone_offset(z, after);
	for (size_t i = changes_until(z, after); i < z->count; i++) {
		if (z->at[i] >= until)
			return false;
		if (z->offset[i] != was) {
			*at = z->at[i];
			*offset = z->offset[i];
			return true;
		}
	}
	if (z->has_footer && z->has_dst && z->std != z->dst) {
		*at = footer_change(z, z->count && after < z->at[z->count - 1] ? z->at[z->count - 1] : after);
		*offset = clock_zone_offset(z, *at);
		return *at < until;
	}
	return false;
}

bool clock_civil_zone(int64_t us, const char *name, struct civil *out)
{
	const struct zone *z = clock_zone_of(name);
	if (!z)
		return false;
	clock_civil_utc(us + clock_zone_offset(z, us / US_PER_S - (us % US_PER_S < 0)) * US_PER_S, out);
	return true;
}
