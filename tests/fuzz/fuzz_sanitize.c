/* SPDX-License-Identifier: Apache-2.0
 * Sanitiser: whatever comes in, what goes out is a fixed point and holds nothing active. First byte: the policy. */
#include "fuzz.h"

#include <gumbo.h>
#include <strings.h>

#include "platform/text/sanitize.h"

static void check(const GumboNode *node)
{
	for (unsigned i = 0; i < node->v.element.children.length; i++) {
		const GumboNode *child = node->v.element.children.data[i];
		if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_WHITESPACE)
			continue;
		FUZZ_ASSERT(child->type == GUMBO_NODE_ELEMENT);
		const GumboElement *el = &child->v.element;
		FUZZ_ASSERT(el->tag_namespace == GUMBO_NAMESPACE_HTML && el->tag != GUMBO_TAG_UNKNOWN);
		FUZZ_ASSERT(el->tag != GUMBO_TAG_SCRIPT && el->tag != GUMBO_TAG_STYLE && el->tag != GUMBO_TAG_FORM);
		for (unsigned a = 0; a < el->attributes.length; a++) {
			const GumboAttribute *attr = el->attributes.data[a];
			FUZZ_ASSERT(strncasecmp(attr->name, "on", 2) && strcasecmp(attr->name, "style"));
			FUZZ_ASSERT(strncasecmp(attr->value, "javascript:", 11) || (strcasecmp(attr->name, "href") &&
				    strcasecmp(attr->name, "src") && strcasecmp(attr->name, "poster")));
		}
		check(child);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	SCOPED_ARENA *a = arena_new((size_t)64 << 20);
	enum sanitize_policy p = (enum sanitize_policy)(data[0] % 3);
	struct str in = str_n((const char *)data + 1, n - 1);
	struct safe_html once, twice;
	struct str text;
	(void)!html_to_text(a, in, 100, &text, NULL);
	if (sanitize_html(a, p, in, &once, NULL) != ST_OK)
		return 0;
	FUZZ_ASSERT(sanitize_html(a, p, once.s, &twice, NULL) == ST_OK);
	FUZZ_ASSERT(str_eq(once.s, twice.s));
	GumboOptions o = kGumboDefaultOptions;
	o.fragment_context = GUMBO_TAG_BODY;
	GumboOutput *tree = gumbo_parse_with_options(&o, once.s.p, once.s.n);
	check(tree->root);
	gumbo_destroy_output(&o, tree);
	return 0;
}
