/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/front_matter.h"

#include <yaml.h>

#include "base/clock.h"

struct matter {
	struct arena *a;
	yaml_document_t doc;
	struct front_matter *out;
};

static void matter_fini(struct matter *m) { yaml_document_delete(&m->doc); }

/* --- where it is -------------------------------------------------------------------------------------------------- */

static bool is_fence(struct str line) { return str_eqc(line, "---"); }

static struct str line_of(struct str *rest)
{
	struct str line = *rest;
	if (!str_cut(rest, '\n', &line))
		*rest = STR("");
	while (line.n && strchr(" \t\r", line.p[line.n - 1]) && line.p[line.n - 1])
		line.n--;
	return line;
}

/* The YAML between the fences; false: there is none, and all is body. */
static bool cut_matter(struct str text, struct str *yaml, struct str *body)
{
	struct str rest = text;
	*body = text;
	if (!is_fence(line_of(&rest)))
		return false;
	const char *from = rest.p;
	while (rest.n) {
		const char *here = rest.p;
		struct str line = line_of(&rest);
		if (!is_fence(line) && !str_eqc(line, "..."))
			continue;
		*yaml = str_n(from, (size_t)(here - from));
		*body = rest;
		return true;
	}
	return false;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* The first line of YAML is the file's second. */
static size_t line_in_file(const yaml_node_t *n) { return n->start_mark.line + 2; }

static enum status scalar(struct matter *m, const char *name, const yaml_node_t *n, struct str *out, struct err *e)
{
	if (n->type != YAML_SCALAR_NODE)
		return err_set(e, ST_INVALID, "line %zu: %s is no text", line_in_file(n), name);
	*out = arena_str(m->a, str_trim(str_n((const char *)n->data.scalar.value, n->data.scalar.length)));
	if (memchr(out->p, 0, out->n) || str_chr(*out, '\n') >= 0)
		return err_set(e, ST_INVALID, "line %zu: %s is more than a line", line_in_file(n), name);
	return ST_OK;
}

static enum status put_title(struct matter *m, const yaml_node_t *n, struct err *e)
{
	return scalar(m, "title", n, &m->out->title, e);
}

static enum status put_slug(struct matter *m, const yaml_node_t *n, struct err *e)
{
	return scalar(m, "slug", n, &m->out->slug, e);
}

static enum status put_date(struct matter *m, const yaml_node_t *n, struct err *e)
{
	TRY(scalar(m, "date", n, &m->out->date, e));
	if (clock_parse_rfc3339(m->out->date, &m->out->at))
		return ST_OK;
	return err_set(e, ST_INVALID, "line %zu: date is neither a day (2026-01-31) nor a time of RFC 3339",
	        line_in_file(n));
}

static enum status put_draft(struct matter *m, const yaml_node_t *n, struct err *e)
{
	struct str s;
	static const struct { const char *word; bool is; } words[] = { { "true", true }, { "yes", true },
		{ "on", true }, { "false", false }, { "no", false }, { "off", false }, { "", false }, { "null", false },
		{ "~", false } };
	TRY(scalar(m, "draft", n, &s, e));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_ieqc(s, words[i].word)) {
			m->out->draft = words[i].is;
			return ST_OK;
		}
	return err_set(e, ST_INVALID, "line %zu: draft is neither true nor false", line_in_file(n));
}

static enum status tag_add(struct matter *m, const yaml_node_t *n, struct err *e)
{
	struct front_matter *f = m->out;
	struct str tag;
	TRY(scalar(m, "a tag", n, &tag, e));
	if (!tag.n)
		return ST_OK;
	if (f->tag_count == FRONT_MATTER_TAGS)
		return err_set(
		        e, ST_INVALID, "line %zu: there are more than %d tags", line_in_file(n), FRONT_MATTER_TAGS);
	f->tags[f->tag_count++] = tag;
	return ST_OK;
}

/* A list, or one alone. */
static enum status put_tags(struct matter *m, const yaml_node_t *n, struct err *e)
{
	if (n->type == YAML_SCALAR_NODE && !n->data.scalar.length)
		return ST_OK;
	if (n->type != YAML_SEQUENCE_NODE)
		return tag_add(m, n, e);
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
		TRY(tag_add(m, yaml_document_get_node(&m->doc, *i), e));
	return ST_OK;
}

static const struct {
	const char *name;
	enum status (*put)(struct matter *m, const yaml_node_t *n, struct err *e);
} members[] = {
	{ "title", put_title },
	{ "slug", put_slug },
	{ "date", put_date },
	{ "draft", put_draft },
	{ "tags", put_tags },
};

static enum status put_member(struct matter *m, const yaml_node_pair_t *pair, struct err *e)
{
	struct str name;
	TRY(scalar(m, "a name", yaml_document_get_node(&m->doc, pair->key), &name, e));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (str_eqc(name, members[i].name))
			return members[i].put(m, yaml_document_get_node(&m->doc, pair->value), e);
	if (m->out->other_count < FRONT_MATTER_OTHER)
		m->out->other[m->out->other_count++] = name;
	return ST_OK;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static enum status load(struct matter *m, struct str yaml, struct err *e)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return err_set(e, ST_NOMEM, "no memory to read YAML");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.p, yaml.n);
	bool ok = yaml_parser_load(&parser, &m->doc);
	enum status st = ok
	        ? ST_OK
	        : err_set(e, ST_INVALID, "line %zu: what stands between the lines --- is no YAML: %s",
	                  parser.problem_mark.line + 2, parser.problem ? parser.problem : "it ends too early");
	yaml_parser_delete(&parser);
	return st;
}

static enum status read_document(struct matter *m, struct err *e)
{
	yaml_node_t *root = yaml_document_get_root_node(&m->doc);
	if (!root)
		return ST_OK; /* nothing stands there */
	if (root->type == YAML_SCALAR_NODE && !root->data.scalar.length)
		return ST_OK;
	if (root->type != YAML_MAPPING_NODE)
		return err_set(e, ST_INVALID, "line %zu: there are no names with values", line_in_file(root));
	for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++)
		TRY(put_member(m, p, e));
	return ST_OK;
}

enum status front_matter_read(
        struct arena *a, struct str text, struct front_matter *out, struct str *body, struct err *e)
{
	struct str yaml;
	*out = (struct front_matter){ .tags = ARENA_ARRAY(a, struct str, FRONT_MATTER_TAGS),
		.other = ARENA_ARRAY(a, struct str, FRONT_MATTER_OTHER) };
	if (!cut_matter(text, &yaml, body))
		return ST_OK;
	if (yaml.n > FRONT_MATTER_MAX)
		return err_set(e, ST_TOO_LARGE, "line 1: there are more than %zu bytes between the lines ---",
		        FRONT_MATTER_MAX);
	struct matter m = { .a = a, .out = out };
	TRY(load(&m, yaml, e));
	enum status st = read_document(&m, e);
	matter_fini(&m);
	return st;
}
