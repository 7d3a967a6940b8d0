/* SPDX-License-Identifier: Apache-2.0
 *
 * Markers in pages: <!--gh:KEY:SERVICE:TYPE:LENGTH:PARAMS-->. KEY is random per process, so that no content can hold
 * one; with the length given, the parameters need no escaping.
 */
#include <pthread.h>

#include "base/id.h"
#include "platform/fragment.h"

enum { KEY_BYTES = 12, PREFIX_LEN = 7 + 2 * KEY_BYTES + 1 };

static char prefix[PREFIX_LEN + 1] = "<!--gh:";
static pthread_once_t prefix_once = PTHREAD_ONCE_INIT;

static void make_prefix(void)
{
	random_hex(prefix + 7, KEY_BYTES);
	prefix[PREFIX_LEN - 1] = ':';
	prefix[PREFIX_LEN] = '\0';
}

void html_fragment_marker(struct buf *b, const char *service, const char *type, struct str params)
{
	pthread_once(&prefix_once, make_prefix);
	buf_put(b, prefix, PREFIX_LEN);
	buf_printf(b, "%s:%s:%zu:", service, type, params.n);
	buf_putstr(b, params);
	BUF_LIT(b, "-->");
}

/* Parse behind the prefix; on success *s stands behind the marker. */
static bool parse(struct str *s, struct fragment_mark *m)
{
	struct str rest = *s, len;
	uint64_t n;
	/* Cutting within a bounded head keeps a damaged marker from costing a scan of the page each time. */
	struct str head = str_first(rest, 160);
	if (!str_cut(&head, ':', &m->service) || !str_cut(&head, ':', &m->type) || !str_cut(&head, ':', &len) ||
	    !str_u64(len, &n))
		return false;
	rest = str_skip(rest, (size_t)(head.p - rest.p));
	if (n > rest.n || rest.n - n < 3 || memcmp(rest.p + n, "-->", 3) != 0)
		return false;
	m->params = str_first(rest, n);
	*s = str_skip(rest, n + 3);
	return true;
}

bool fragment_next(struct str *rest, struct str *text, struct fragment_mark *m)
{
	pthread_once(&prefix_once, make_prefix);
	const char *at = rest->n ? memmem(rest->p, rest->n, prefix, PREFIX_LEN) : NULL;
	if (!at) {
		*text = *rest;
		*rest = STR_NULL;
		return false;
	}
	*text = str_n(rest->p, (size_t)(at - rest->p));
	struct str after = str_skip(*rest, text->n + PREFIX_LEN);
	if (!parse(&after, m))
		*m = (struct fragment_mark){ STR(""), STR(""), STR("") };
	*rest = after;
	return true;
}
