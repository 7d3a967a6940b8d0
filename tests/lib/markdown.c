/* SPDX-License-Identifier: Apache-2.0
 *
 * Markdown texts from standard input, each ended by a NUL, as HTML to standard output in the same way: for comparing
 * with other renderers. markdown (commonmark | ghost | body): "body" is what a post shows of a card, sanitised.
 */
#include <stdio.h>
#include <stdlib.h>

#include "services/blog/body.h"
#include "services/blog/markdown.h"

static void put(struct str html)
{
	fwrite(html.p, 1, html.n, stdout);
	fputc('\0', stdout);
}

/* As a card of a Lexical body. */
static struct str as_body(struct arena *a, struct str text)
{
	struct buf doc, copy;
	struct body b;
	struct err e = { 0 };
	buf_arena(&doc, a, 64 << 20);
	buf_arena(&copy, a, 16 << 20);
	BUF_LIT(&doc, "{\"root\":{\"children\":[{\"type\":\"markdown\",\"markdown\":\"");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == '"' || c == '\\')
			buf_printf(&doc, "\\u%04x", c);
		else
			buf_putc(&doc, text.p[i]);
	}
	BUF_LIT(&doc, "\"}]}}");
	if (body_render(a, BODY_LEXICAL, buf_str(&doc), STR_NULL, NULL, &b, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	return b.html.s;
}

static struct str as_markdown(struct arena *a, struct str text, bool ghost)
{
	struct buf b;
	struct err e = { 0 };
	const struct markdown_options o = { .ghost = ghost };
	buf_arena(&b, a, 16 << 20);
	if (markdown_html(a, text, &o, &b, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	return buf_str(&b);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	char *line = NULL;
	size_t room = 0;
	for (ssize_t n; (n = getdelim(&line, &room, '\0', stdin)) > 0;) {
		SCOPED_ARENA *a = arena_new(256u << 20);
		struct str text = str_n(line, (size_t)n - (line[n - 1] == '\0'));
		put(!strcmp(kind, "body") ? as_body(a, text) : as_markdown(a, text, !strcmp(kind, "ghost")));
	}
	free(line);
	return 0;
}
