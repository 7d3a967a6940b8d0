/* SPDX-License-Identifier: Apache-2.0
 *
 * Text of settings: numbers with units, choices, and the INI file.
 */
#include "platform/config/config_value.h"

#include <stdio.h>

struct unit { const char *name; int64_t factor; };

static bool parse_unit(struct str s, const struct unit *units, bool bare_zero_only, int64_t *out)
{
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	int64_t n;
	if (!digits || !str_i64(str_first(s, digits), &n))
		return false;
	struct str name = str_trim(str_skip(s, digits));
	if (!name.n) {
		*out = n;
		return !bare_zero_only || n == 0;
	}
	for (; units->name; units++)
		if (str_eqc(name, units->name))
			return !__builtin_mul_overflow(n, units->factor, out);
	return false;
}

bool config_parse_duration(struct str s, int64_t *ns)
{
	static const struct unit units[] = {
		{ "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60 * INT64_C(1000000000) },
		{ "h", 3600 * INT64_C(1000000000) }, { "d", 86400 * INT64_C(1000000000) }, { NULL, 0 },
	};
	return parse_unit(s, units, true, ns);
}

bool config_parse_bytes(struct str s, int64_t *bytes)
{
	static const struct unit units[] = {
		{ "k", 1 << 10 }, { "K", 1 << 10 }, { "KiB", 1 << 10 }, { "M", 1 << 20 }, { "MiB", 1 << 20 },
		{ "G", 1 << 30 }, { "GiB", 1 << 30 }, { NULL, 0 },
	};
	return parse_unit(s, units, false, bytes);
}

static bool parse_bool(struct str s, int64_t *out)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (str_ieqc(s, words[i])) {
			*out = i & 1;
			return true;
		}
	return false;
}

static enum status parse_choice(const struct setting *def, struct str text, int64_t *num, struct err *e)
{
	struct str rest = str_c(def->choices), one;
	for (int64_t i = 0; str_next(&rest, ' ', &one); i++)
		if (str_eq(one, text)) {
			*num = i;
			return ST_OK;
		}
	return err_set(e, ST_CONFIG, "'%.*s' is not one of: %s", STR_ARG(text), def->choices);
}

/* Bounds as a person would write them. */
static void say_bound(enum setting_kind kind, int64_t v, char out[32])
{
	static const struct unit durations[] = { { "d", 86400 * INT64_C(1000000000) },
		{ "h", 3600 * INT64_C(1000000000) }, { "m", 60 * INT64_C(1000000000) }, { "s", 1000000000 },
		{ "ms", 1000000 }, { "us", 1000 }, { "", 1 } };
	static const struct unit sizes[] = { { "G", 1 << 30 }, { "M", 1 << 20 }, { "k", 1 << 10 }, { "", 1 } };
	const struct unit *u = kind == SET_DURATION ? durations : sizes;
	while (*u->name && (v % u->factor || !v))
		u++;
	snprintf(out, 32, "%lld%s", (long long)(kind == SET_INT ? v : v / u->factor), kind == SET_INT ? "" : u->name);
}

enum status config_parse_value(const struct setting *def, struct str text, int64_t *num, struct err *e)
{
	static const char *const wanted[] = { [SET_INT] = "a whole number",
		[SET_BOOL] = "yes or no",
		[SET_DURATION] = "a time such as 250ms, 10s, 30m, 2h or 7d",
		[SET_BYTES] = "a size such as 4096, 64k, 1M or 2G" };
	bool ok = true;
	*num = 0;
	switch (def->kind) {
	case SET_STR:
	case SET_SECRET:
		return ST_OK;
	case SET_ENUM:
		return parse_choice(def, text, num, e);
	case SET_BOOL:
		return parse_bool(text, num)
		        ? ST_OK
		        : err_set(e, ST_CONFIG, "'%.*s' is not %s", STR_ARG(text), wanted[SET_BOOL]);
	case SET_INT:
		ok = str_i64(text, num);
		break;
	case SET_DURATION:
		ok = config_parse_duration(text, num);
		break;
	case SET_BYTES:
		ok = config_parse_bytes(text, num);
		break;
	}
	if (!ok)
		return err_set(e, ST_CONFIG, "'%.*s' is not %s", STR_ARG(text), wanted[def->kind]);
	if ((def->min || def->max) && (*num < def->min || *num > def->max)) {
		char lo[32], hi[32];
		say_bound(def->kind, def->min, lo);
		say_bound(def->kind, def->max, hi);
		return err_set(e, ST_CONFIG, "'%.*s' must be between %s and %s", STR_ARG(text), lo, hi);
	}
	return ST_OK;
}

enum status config_parse_ini(const char *file, struct str text,
                             enum status (*on_row)(void *arg, struct str section, struct str key, struct str value,
                                                   const char *source, struct err *e),
                             void *arg, struct err *e)
{
	struct str section = STR(""), line, key;
	char source[300];
	for (unsigned number = 1; str_next(&text, '\n', &line); number++) {
		line = str_trim(line);
		snprintf(source, sizeof source, "%s:%u", file, number);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (memchr(line.p, 0, line.n) || !str_utf8_valid(line))
			return err_set(e, ST_CONFIG, "%s: not text in UTF-8", source);
		if (line.p[0] == '[') {
			if (line.n < 3 || line.p[line.n - 1] != ']')
				return err_set(e, ST_CONFIG, "%s: [section] expected", source);
			section = str_trim(str_n(line.p + 1, line.n - 2));
			continue;
		}
		struct str value = line;
		if (!str_cut(&value, '=', &key))
			return err_set(e, ST_CONFIG, "%s: key = value expected", source);
		if (!section.n)
			return err_set(e, ST_CONFIG, "%s: a [section] must come before the first key", source);
		value = str_trim(value);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_n(value.p + 1, value.n - 2);
		TRY(on_row(arg, section, str_trim(key), value, source, e));
	}
	return ST_OK;
}
