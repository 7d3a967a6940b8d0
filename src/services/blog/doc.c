/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/doc.h"

#include "base/guard.h"
#include "platform/text/json.h"

json_t *doc_text(struct str text, int format)
{
	return json_pack("{s:i,s:i,s:s,s:s,s:s%,s:s,s:i}", "detail", 0, "format", format, "mode", "normal", "style", "",
	                 "text", text.n ? text.p : "", text.n, "type", "extended-text", "version", 1);
}

json_t *doc_node(const char *type, json_t *children)
{
	if (!children)
		return json_pack("{s:s,s:i}", "type", type, "version", 1);
	return json_pack("{s:o,s:n,s:s,s:i,s:s,s:i}", "children", children, "direction", "format", "", "indent", 0,
	                 "type", type, "version", 1);
}

json_t *doc_new(json_t *blocks)
{
	return json_pack("{s:o}", "root", doc_node("root", blocks));
}

json_t *doc_blocks(const json_t *doc)
{
	json_t *blocks = json_object_get(json_object_get(doc, "root"), "children");
	return json_is_array(blocks) ? blocks : NULL;
}

bool doc_format(struct str name, enum body_format *out)
{
	for (int f = BODY_LEXICAL; f <= BODY_MARKDOWN; f++)
		if (str_eqc(name, body_format_name((enum body_format)f))) {
			*out = (enum body_format)f;
			return true;
		}
	return false;
}

static enum status source_json(struct arena *a, struct str source, json_t **out, struct err *e)
{
	struct err why = { 0 };
	size_t dropped = 0;
	if (source.n > BODY_SOURCE_MAX)
		return err_set(e, ST_TOO_LARGE, "A text has at most %u MB.", BODY_SOURCE_MAX >> 20);
	*out = json_parse(json_without_nul(a, source, &dropped), BODY_DEPTH_MAX, &why);
	return *out ? ST_OK : err_set(e, ST_INVALID, "This is no document: %s", why.msg);
}

enum status doc_read(struct arena *a, struct str source, json_t **out, struct err *e)
{
	TRY(source_json(a, source, out, e));
	if (doc_blocks(*out))
		return ST_OK;
	json_decref(*out);
	*out = NULL;
	return err_set(e, ST_INVALID, "This is no document: it has no blocks.");
}

static json_t *card_of(const char *type, const char *member, struct str text)
{
	json_t *blocks = json_array();
	if (str_trim(text).n)
		json_array_append_new(blocks,
		                      json_pack("{s:s,s:i,s:s%}", "type", type, "version", 1, member, text.p, text.n));
	return doc_new(blocks);
}

enum status doc_open(struct arena *a, enum body_format format, struct str source, json_t **out, struct err *e)
{
	size_t dropped = 0;
	if (format == BODY_LEXICAL)
		return doc_read(a, source, out, e);
	if (format == BODY_MOBILEDOC) {
		SCOPED_JSON *m = NULL;
		TRY(source_json(a, source, &m, e));
		*out = doc_from_mobiledoc(m);
	} else {
		struct str text = json_without_nul(a, source.p ? source : STR(""), &dropped);
		*out = format == BODY_HTML ? card_of("html", "html", text) : card_of("markdown", "markdown", text);
	}
	if (!*out)
		guard_abort(ST_NOMEM);
	return ST_OK;
}
