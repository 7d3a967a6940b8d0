/* SPDX-License-Identifier: Apache-2.0
 *
 * The elements of an export, by expat, which opens nothing by itself; entities need a DOCTYPE, which ends the reading.
 */
#include "services/blog/wxr.h"

#include <expat.h>
#include <unistd.h>

#define DEPTH_MAX 32 /* of elements in each other; exports have five */
#define READ_SIZE (64 << 10)
#define NAMESPACE_SIGN ' '

struct xml_reading {
	struct arena *a;
	XML_Parser parser;
	struct wxr_node *root, *stack[DEPTH_MAX];
	struct buf text[DEPTH_MAX];
	size_t text_max;
	int depth;
	const char *refused; /* why it ends */
};

static void stop_reading(struct xml_reading *r, const char *why)
{
	if (!r->refused)
		r->refused = why;
	XML_StopParser(r->parser, XML_FALSE);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool is_digits_and_dots(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789.", s.p[i]) || !s.p[i])
			return false;
	return s.n > 0;
}

/* "https://wordpress.org/export/1.2/excerpt/": the prefix that everybody gives it. */
static const char *prefix_of(struct str uri)
{
	static const struct str export = STR_INIT("//wordpress.org/export/");
	struct str version,
	        rest = str_skip(uri,
	                str_starts(uri, STR("https:"))          ? 6
	                        : str_starts(uri, STR("http:")) ? 5
	                                                        : 0);
	if (str_eqc(rest, "//purl.org/rss/1.0/modules/content/"))
		return "content:";
	if (str_eqc(rest, "//purl.org/dc/elements/1.1/"))
		return "dc:";
	if (!str_starts(rest, export))
		return NULL;
	rest = str_skip(rest, export.n);
	str_cut(&rest, '/', &version);
	if (!is_digits_and_dots(version))
		return NULL;
	return str_eqc(rest, "excerpt/") ? "excerpt:" : !rest.n ? "wp:" : NULL;
}

static struct str name_of(struct arena *a, const char *given)
{
	struct str all = str_c(given);
	ptrdiff_t at = str_rchr(all, NAMESPACE_SIGN);
	if (at < 0)
		return arena_str(a, all);
	const char *prefix = prefix_of(str_first(all, (size_t)at));
	struct str local = str_skip(all, (size_t)at + 1);
	return prefix ? arena_strf(a, "%s%.*s", prefix, STR_ARG(local)) : arena_strf(a, "?%.*s", STR_ARG(local));
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void on_begin(void *arg, const char *name, const char **attrs)
{
	struct xml_reading *r = arg;
	size_t n = 0;
	if (r->depth == DEPTH_MAX) {
		stop_reading(r, "elements are nested deeper than in any export");
		return;
	}
	struct wxr_node *node = ARENA_NEW(r->a, struct wxr_node), *up = r->depth ? r->stack[r->depth - 1] : NULL;
	node->name = name_of(r->a, name);
	node->text = STR("");
	node->line = XML_GetCurrentLineNumber(r->parser);
	while (attrs[n])
		n++;
	node->attrs = ARENA_ARRAY(r->a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		node->attrs[i] = arena_cstr(r->a, str_c(attrs[i]));
	if (!up)
		r->root = node;
	else if (up->last)
		up->last = up->last->next = node;
	else
		up->first = up->last = node;
	buf_arena(&r->text[r->depth], r->a, r->text_max);
	r->stack[r->depth++] = node;
}

static void on_end(void *arg, const char *name)
{
	struct xml_reading *r = arg;
	r->depth--;
	r->stack[r->depth]->text = buf_str(&r->text[r->depth]);
}

static void on_text(void *arg, const char *p, int n)
{
	struct xml_reading *r = arg;
	/* Blanks before the first child are no text of an element that has children. */
	if (r->depth)
		buf_put(&r->text[r->depth - 1], p, (size_t)n);
}

static void on_doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
	stop_reading(arg, "it has a DOCTYPE, which no export has");
}

static enum status broken(struct xml_reading *r, const char *name, struct err *e)
{
	const char *why = r->refused ? r->refused : XML_ErrorString(XML_GetErrorCode(r->parser));
	return err_set(e, ST_INVALID, "%s is no WordPress export: line %lu, column %lu: %s", name,
	        XML_GetCurrentLineNumber(r->parser), XML_GetCurrentColumnNumber(r->parser) + 1, why);
}

static enum status read_all(struct xml_reading *r, int fd, const char *name, uint64_t max, struct err *e)
{
	uint64_t sum = 0;
	ssize_t n;
	do {
		void *part = XML_GetBuffer(r->parser, READ_SIZE);
		if (!part)
			return err_set(e, ST_NOMEM, "no memory to read %s", name);
		n = read(fd, part, READ_SIZE);
		if (n < 0)
			return err_errno(e, ST_IO, "%s", name);
		sum += (uint64_t)n;
		if (sum > max)
			return err_set(e, ST_TOO_LARGE, "%s has more than %llu bytes, which is the most that is read",
			        name, (unsigned long long)max);
		if (XML_ParseBuffer(r->parser, (int)n, n == 0) != XML_STATUS_OK)
			return broken(r, name, e);
	} while (n > 0);
	return ST_OK;
}

static void parser_fini(XML_Parser *p) { XML_ParserFree(*p); }

enum status wxr_read(
        struct arena *a, int fd, const char *name, uint64_t max, struct wxr_node **root, struct err *e)
{
	__attribute__((cleanup(parser_fini))) XML_Parser parser = XML_ParserCreateNS(NULL, NAMESPACE_SIGN);
	struct xml_reading r = { .a = a, .parser = parser, .text_max = max };
	if (!parser)
		return err_set(e, ST_NOMEM, "no memory to read %s", name);
	XML_SetUserData(parser, &r);
	XML_SetElementHandler(parser, on_begin, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	TRY(read_all(&r, fd, name, max, e));
	*root = r.root;
	return ST_OK;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

struct wxr_node *wxr_child(const struct wxr_node *n, const char *name)
{
	for (struct wxr_node *c = n ? n->first : NULL; c; c = c->next)
		if (str_eqc(c->name, name))
			return c;
	return NULL;
}

struct str wxr_text_of(const struct wxr_node *n, const char *name)
{
	const struct wxr_node *c = wxr_child(n, name);
	return c ? c->text : STR("");
}

struct str wxr_attr(const struct wxr_node *n, const char *name)
{
	for (size_t i = 0; n->attrs[i]; i += 2)
		if (!strcmp(n->attrs[i], name))
			return str_c(n->attrs[i + 1]);
	return STR("");
}
