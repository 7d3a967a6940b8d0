/* SPDX-License-Identifier: Apache-2.0
 *
 * What an import did, for people and for programs.
 */
#include <stdio.h>

#include "platform/text/json.h"
#include "services/blog/import_plan.h"

#define WHAT_MAX    200 /* characters of what a note is about */
#define WHY_MAX     300 /* bytes of a note, with its end */
#define JSON_WORST  6   /* bytes that JSON may make of one */
#define NOTE_BESIDE 80

_Static_assert(IMPORT_NOTES_MAX *(JSON_WORST *(4 * WHAT_MAX + WHY_MAX) + NOTE_BESIDE) < IMPORT_REPORT_MAX,
               "a report with all its notes fits");

static const char *const kinds[IMPORT_KINDS] = { "posts",    "pages",    "tags",  "authors", "tiers",
	                                         "snippets", "settings", "menus", "media",   "comments", "other" };

const char *import_kind_name(enum import_kind k) { return kinds[k]; }

void import_note(struct import_log *log, enum import_kind kind, struct str what, const char *fmt, ...)
{
	struct import_report *r = log->report;
	char why[WHY_MAX];
	va_list ap;
	if (r->note_count >= IMPORT_NOTES_MAX) {
		r->notes_dropped++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	struct str text = str_utf8_fit(str_c(why), sizeof why);
	log->notes[r->note_count++] = (struct import_note){ kind, arena_str(log->a, str_utf8_first(what, WHAT_MAX)),
		                                            arena_str(log->a, text) };
	r->notes = log->notes;
}

void import_report_text(struct buf *out, const struct import_report *r)
{
	buf_printf(out, "%-10s %8s %8s %10s %8s\n", "", "added", "changed", "unchanged", "skipped");
	for (int k = 0; k < IMPORT_KINDS; k++) {
		const struct import_count *c = &r->counts[k];
		if (c->added + c->changed + c->unchanged + c->skipped)
			buf_printf(out, "%-10s %8u %8u %10u %8u\n", kinds[k], c->added, c->changed, c->unchanged,
			        c->skipped);
	}
	for (size_t i = 0; i < r->note_count; i++)
		buf_printf(out, "%s %.*s: %.*s\n", kinds[r->notes[i].kind], STR_ARG(r->notes[i].what),
		        STR_ARG(r->notes[i].why));
	if (r->notes_dropped)
		buf_printf(out, "and %zu more notes\n", r->notes_dropped);
	if (!r->version.n)
		buf_printf(out, "in %lld ms\n", (long long)(r->took_us / 1000));
	else
		buf_printf(out, "from version %.*s, in %lld ms\n", STR_ARG(r->version), (long long)(r->took_us / 1000));
}

static void put_counts(struct buf *out, const struct import_report *r)
{
	for (int k = 0; k < IMPORT_KINDS; k++) {
		const struct import_count *c = &r->counts[k];
		if (k)
			buf_putc(out, ',');
		json_put_str(out, str_c(kinds[k]));
		buf_printf(out, ":{\"added\":%u,\"changed\":%u,\"unchanged\":%u,\"skipped\":%u}", c->added, c->changed,
		        c->unchanged, c->skipped);
	}
}

void import_report_json(struct buf *out, const struct import_report *r)
{
	BUF_LIT(out, "{\"version\":");
	json_put_str(out, r->version);
	buf_printf(out, ",\"took_ms\":%lld,\"counts\":{", (long long)(r->took_us / 1000));
	put_counts(out, r);
	BUF_LIT(out, "},\"notes\":[");
	for (size_t i = 0; i < r->note_count; i++) {
		if (i)
			buf_putc(out, ',');
		BUF_LIT(out, "{\"kind\":");
		json_put_str(out, str_c(kinds[r->notes[i].kind]));
		BUF_LIT(out, ",\"what\":");
		json_put_str(out, r->notes[i].what);
		BUF_LIT(out, ",\"why\":");
		json_put_str(out, r->notes[i].why);
		buf_putc(out, '}');
	}
	buf_printf(out, "],\"notes_dropped\":%zu}", r->notes_dropped);
}
