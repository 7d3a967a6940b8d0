/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading markers (html_fragment_marker writes them): the process's random opening, then service, type and parameters,
 * each percent-encoded behind a space, then "-->".
 */
#include "platform/peers/fragment.h"

enum { MARK_MAX = 8192 };

/* Parse behind the opening; on success *s stands behind the marker. */
static bool marker_parse(struct str *s, struct fragment_mark *m)
{
	/* Within a bounded head, so that a damaged marker does not cost a scan of the page each time. */
	struct str head = str_first(*s, MARK_MAX), rest;
	ptrdiff_t end = str_chr(head, '>');
	if (end < 3 || memcmp(head.p + end - 2, "--", 2) != 0 || head.p[0] != ' ')
		return false;
	rest = str_n(head.p + 1, (size_t)end - 3);
	if (!str_cut(&rest, ' ', &m->service) || !str_cut(&rest, ' ', &m->type))
		return false;
	m->params = rest;
	*s = str_skip(*s, (size_t)end + 1);
	return true;
}

/* By its second byte, which hardly anything else in a page has: memmem would hash the whole opening at each call. */
static const char *find_open(struct str s, struct str open)
{
	for (size_t from = 1; from < s.n;) {
		ptrdiff_t at = str_chr(str_skip(s, from), open.p[1]);
		if (at < 0)
			break;
		from += (size_t)at;
		if (str_starts(str_skip(s, from - 1), open))
			return s.p + from - 1;
		from++;
	}
	return NULL;
}

bool fragment_next(struct str *rest, struct str *text, struct fragment_mark *m)
{
	struct str open = html_fragment_open();
	const char *at = find_open(*rest, open);
	if (!at) {
		*text = *rest;
		*rest = STR_NULL;
		return false;
	}
	*text = str_n(rest->p, (size_t)(at - rest->p));
	struct str after = str_skip(*rest, text->n + open.n);
	if (!marker_parse(&after, m))
		*m = (struct fragment_mark){ STR(""), STR(""), STR("") };
	*rest = after;
	return true;
}
