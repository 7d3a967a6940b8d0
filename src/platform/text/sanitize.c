/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of the sanitiser: gumbo's tree → allow-list (sanitize_rules.c) → new text. Nothing recurses: fibers have
 * small stacks and hostile documents are deep.
 *
 * The output is parsed and walked again until it no longer changes. Unwrapping an element can leave a nesting that an
 * HTML parser would rearrange (a paragraph in a paragraph), and exactly that rearranging is what mutation XSS lives on:
 * what leaves here is a fixed point, its meaning is the one that was checked.
 *
 * Memory and work. gumbo's nodes live in an arena of their own with a limit, left by longjmp over gumbo's frames, which
 * hold nothing but that memory. gumbo_destroy_output recurses: the arena's end replaces it. Deep trees cost gumbo
 * quadratic work: for each tag it walks what is open. How much that will be is counted before it begins (work_of),
 * never measured by a clock: the same text gets the same answer on every machine, however busy. Long texts are parsed
 * on the offload pool.
 */
#include "platform/text/sanitize.h"

#include <ctype.h>
#include <setjmp.h>

#include "platform/text/sanitize_rules.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define MAX_DEPTH 256
#define FRAME_WORDS_MAX 4096 /* bytes of what stands in a frame that are looked at */
#define ADDRESS_SHOWN 80     /* bytes of an address that is a link's text; of a longer one its host is */
#define FOREIGN_DEPTH 64 /* of elements in a drawing or formula whose words are taken */
#define MAX_NODES 400000
#define MAX_ROUNDS 6
#define MAX_WORK 1000000000 /* open elements, added up over all tags: about half a second of gumbo's */
#define MAX_OPEN 65536      /* with so many open, MAX_WORK is not far */
#define INLINE_MAX ((size_t)32 << 10) /* more is parsed on the offload pool */

/* --- parsing ------------------------------------------------------------------------------------------------------ */

struct sanitize_tree {
	struct arena *arena;
	GumboOutput *output;
	jmp_buf give_up;
};

static void *tree_alloc(void *arg, size_t n)
{
	struct sanitize_tree *t = arg;
	void *p = arena_try_alloc(t->arena, n);
	if (!p)
		longjmp(t->give_up, 1);
	return p;
}

static void tree_dealloc(void *arg, void *p)
{
	(void)arg;
	(void)p;
}

static void tree_freep(struct sanitize_tree *t) { arena_free(t->arena); }
#define SCOPED_TREE __attribute__((cleanup(tree_freep))) struct sanitize_tree

/* --- what parsing would cost -------------------------------------------------------------------------------------- */

/* Names of the elements that are open, as far as tags alone tell, innermost last. Pessimistic: an end tag closes what
   it stands right behind; what an HTML parser would close besides is kept open here, and so never costs more there than
   it was counted. */
struct opened { uint32_t *names; unsigned n; uint64_t work; };

static uint32_t name_at(struct str s, size_t *n)
{
	uint32_t h = 2166136261u;
	for (*n = 0; *n < s.n && isalnum((unsigned char)s.p[*n]); ++*n)
		h = (h ^ (unsigned char)(s.p[*n] | 0x20)) * 16777619u;
	return h;
}

static bool is_one_of(struct str name, const char *const *list)
{
	for (; *list; list++)
		if (str_ieqc(name, *list))
			return true;
	return false;
}

static const char *const void_names[] = { "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
	"source", "track", "wbr", NULL };
/* Nothing in them is a tag. */
static const char *const raw_names[] = { "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
	NULL };
/* A second one of these ends the first, so that they need no end tag. */
static const char *const implied_names[] = { "p", "li", "dt", "dd", "tr", "td", "th", "option", "rp", "rt", NULL };

/* Behind "</name" of a raw element; the whole rest when it has no end. */
static struct str skip_raw(struct str rest, struct str name)
{
	for (ptrdiff_t at; (at = str_find(rest, STR("</"))) >= 0;) {
		rest = str_skip(rest, (size_t)at + 2);
		if (rest.n >= name.n && !strncasecmp(rest.p, name.p, name.n))
			return str_skip(rest, name.n);
	}
	return str_skip(rest, rest.n);
}

static struct str count_start(struct opened *o, struct str rest, size_t n, uint32_t hash)
{
	struct str name = str_first(rest, n);
	rest = str_skip(rest, n);
	o->work += o->n + 1;
	if (is_one_of(name, raw_names))
		return skip_raw(rest, name);
	if (is_one_of(name, void_names) || (o->n && o->names[o->n - 1] == hash && is_one_of(name, implied_names)))
		return rest;
	if (o->n < MAX_OPEN)
		o->names[o->n++] = hash;
	else
		o->work = MAX_WORK;
	return rest;
}

static struct str count_tag(struct opened *o, struct str rest) /* behind "<" */
{
	size_t n;
	if (str_starts(rest, STR("!--"))) {
		ptrdiff_t end = str_find(rest, STR("-->"));
		return str_skip(rest, end < 0 ? rest.n : (size_t)end + 3);
	}
	bool ends = rest.n && rest.p[0] == '/';
	if (ends)
		rest = str_skip(rest, 1);
	uint32_t hash = name_at(rest, &n);
	if (!n)
		return rest;
	if (!ends)
		return count_start(o, rest, n, hash);
	o->work += o->n + 1;
	if (o->n && o->names[o->n - 1] == hash)
		o->n--;
	return str_skip(rest, n);
}

static bool work_is_bounded(struct arena *a, struct str in)
{
	struct opened o = { .names = arena_try_alloc(a, MAX_OPEN * sizeof *o.names) };
	if (!o.names)
		return false;
	for (ptrdiff_t at; o.work < MAX_WORK && (at = str_chr(in, '<')) >= 0;)
		in = count_tag(&o, str_skip(in, (size_t)at + 1));
	return o.work < MAX_WORK;
}

static enum status tree_parse(struct sanitize_tree *t, struct str in, struct err *e)
{
	if (in.n > SANITIZE_INPUT_MAX)
		return err_set(e, ST_TOO_LARGE, "This text is larger than %zu MiB", SANITIZE_INPUT_MAX >> 20);
	t->arena = arena_new(((size_t)16 << 20) + in.n * 64);
	if (!t->arena)
		return err_set(e, ST_NOMEM, "Out of memory");
	if (!work_is_bounded(t->arena, in))
		return err_set(e, ST_TOO_LARGE, "This text is nested too deeply or has too many parts");
	if (setjmp(t->give_up))
		return err_set(e, ST_TOO_LARGE, "This text is nested too deeply or has too many parts");
	GumboOptions o = kGumboDefaultOptions;
	o.allocator = tree_alloc;
	o.deallocator = tree_dealloc;
	o.userdata = t;
	o.max_errors = 0;
	o.fragment_context = GUMBO_TAG_DIV;
	t->output = gumbo_parse_with_options(&o, in.p ? in.p : "", in.n);
	return t->output && t->output->root ? ST_OK : err_set(e, ST_TOO_LARGE, "This text could not be parsed");
}

/* --- walking ------------------------------------------------------------------------------------------------------ */

struct sink {
	enum sanitize_policy policy;
	struct buf *out;
	struct sanitize_told *told; /* NULL: nobody asks */
	struct str frame_link;      /* of the words in a frame: where the first link leads */
	bool after_pre; /* a parser drops one newline right after <pre> */
	/* text: */
	bool space;      /* white space is due before the next word */
	bool escaped;
	/* enter: true to visit the children and then call leave. */
	bool (*enter)(struct sink *s, const GumboNode *node);
	void (*leave)(struct sink *s, const GumboNode *node);
	void (*text)(struct sink *s, struct str text);
};

struct place { const GumboNode *node; unsigned next; };

static const GumboVector *children_of(const GumboNode *n)
{
	return n->type == GUMBO_NODE_DOCUMENT ? &n->v.document.children : &n->v.element.children;
}

/* --- drawings and formulas ---------------------------------------------------------------------------------------- */

static bool is_named(const GumboNode *n, const char *name)
{
	GumboStringPiece tag = n->v.element.original_tag;
	if (n->type != GUMBO_NODE_ELEMENT || !tag.data)
		return false;
	gumbo_tag_from_original_text(&tag);
	return str_ieqc(str_n(tag.data, tag.length), name);
}

/* What stands between the parts of a formula that are set above and below each other. */
static const char *joint_of(const GumboNode *n)
{
	static const struct { const char *name, *joint; } joints[] = {
		{ "msup", "^" }, { "msub", "_" }, { "mfrac", "/" }, { "mover", "^" }, { "munder", "_" },
	};
	for (size_t i = 0; i < sizeof joints / sizeof *joints; i++)
		if (is_named(n, joints[i].name))
			return joints[i].joint;
	return NULL;
}

static bool has_no_words(const GumboNode *n)
{
	static const char *const names[] = { "script", "style", "metadata", "annotation", "annotation-xml" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_named(n, names[i]))
			return true;
	return false;
}

/* Of an SVG or MathML element the words: what a drawing says, and a formula in one line. */
static void foreign_words(struct sink *s, const GumboNode *root)
{
	struct place stack[FOREIGN_DEPTH];
	unsigned depth = 1;
	bool drawing = root->v.element.tag_namespace == GUMBO_NAMESPACE_SVG;
	stack[0] = (struct place){ root, 0 };
	if (s->told)
		s->told->drawings++;
	while (depth) {
		struct place *at = &stack[depth - 1];
		const GumboVector *kids = children_of(at->node);
		if (at->next == kids->length) {
			depth--;
			continue;
		}
		const GumboNode *child = kids->data[at->next++];
		const char *joint = child->type == GUMBO_NODE_ELEMENT && at->next == 2 ? joint_of(at->node) : NULL;
		if (joint)
			s->text(s, str_c(joint));
		if (child->type == GUMBO_NODE_ELEMENT && depth < FOREIGN_DEPTH && !has_no_words(child)) {
			stack[depth++] = (struct place){ child, 0 };
		} else if (child->type == GUMBO_NODE_TEXT) {
			s->text(s, str_trim(str_c(child->v.text.text)));
			s->text(s, drawing ? STR(" ") : STR(""));
		}
	}
}

static enum status sanitize_walk(const GumboNode *root, struct sink *s, struct err *e)
{
	struct place stack[MAX_DEPTH];
	unsigned depth = 1, nodes = 0;
	stack[0] = (struct place){ root, 0 };
	while (depth) {
		struct place *at = &stack[depth - 1];
		const GumboVector *kids = children_of(at->node);
		if (at->next == kids->length) {
			if (--depth)
				s->leave(s, at->node);
			continue;
		}
		const GumboNode *child = kids->data[at->next++];
		if (++nodes > MAX_NODES)
			return err_set(e, ST_TOO_LARGE, "This text has more than %d parts", MAX_NODES);
		switch (child->type) {
		case GUMBO_NODE_TEXT:
		case GUMBO_NODE_WHITESPACE:
		case GUMBO_NODE_CDATA:
			s->text(s, str_c(child->v.text.text));
			break;
		case GUMBO_NODE_ELEMENT:
			if (child->v.element.tag_namespace != GUMBO_NAMESPACE_HTML) {
				foreign_words(s, child);
				break;
			}
			if (!s->enter(s, child))
				break;
			if (depth == MAX_DEPTH)
				return err_set(e, ST_TOO_LARGE, "This text is nested deeper than %d levels", MAX_DEPTH);
			stack[depth++] = (struct place){ child, 0 };
			break;
		case GUMBO_NODE_COMMENT:
		case GUMBO_NODE_TEMPLATE:
		case GUMBO_NODE_DOCUMENT:
			break;
		}
	}
	return buf_ok(s->out) ? ST_OK : err_set(e, ST_TOO_LARGE, "This text grew too large");
}

/* --- text sink ---------------------------------------------------------------------------------------------------- */

static void plain_text(struct sink *s, struct str text)
{
	while (text.n) {
		size_t n = 0;
		while (n < text.n && (unsigned char)text.p[n] > 0x20 && text.p[n] != 0x7f)
			n++;
		if (n) {
			if (s->space && s->out->len)
				buf_putc(s->out, ' ');
			s->space = false;
			if (s->escaped)
				html_text(s->out, str_first(text, n));
			else
				buf_put(s->out, text.p, n);
		}
		if (n < text.n)
			s->space = true;
		text = str_skip(text, n + 1);
	}
}

static bool plain_enter(struct sink *s, const GumboNode *node)
{
	const GumboElement *el = &node->v.element;
	if (sanitize_is_block(el->tag))
		s->space = true;
	return sanitize_element(SANITIZE_TEXT, el->tag)->action != ELEMENT_DROP && !sanitize_is_dead_chrome(el);
}

static void plain_leave(struct sink *s, const GumboNode *node)
{
	if (sanitize_is_block(node->v.element.tag))
		s->space = true;
}

/* --- HTML sink ---------------------------------------------------------------------------------------------------- */

static void markup_text(struct sink *s, struct str text)
{
	if (s->after_pre && text.n && text.p[0] == '\n')
		buf_putc(s->out, '\n');
	if (text.n)
		s->after_pre = false;
	while (text.n) { /* without control characters: no parser agrees with another on them */
		size_t n = 0;
		while (n < text.n && ((unsigned char)text.p[n] >= 0x20 || text.p[n] == '\n' || text.p[n] == '\t') &&
		       text.p[n] != 0x7f)
			n++;
		html_text(s->out, str_first(text, n));
		if (n < text.n && text.p[n] == '\r')
			buf_putc(s->out, '\n');
		text = str_skip(text, n + 1);
	}
}

static void put_attributes(struct sink *s, const GumboElement *el, const struct element_rule *rule)
{
	for (const struct attr_rule *a = rule->attrs; a && a->name; a++)
		sanitize_put_attr(s->out, s->policy, a, el);
	for (const struct attr_rule *a = sanitize_global_attrs(s->policy); a->name; a++)
		sanitize_put_attr(s->out, s->policy, a, el);
	if (rule->fixed)
		buf_puts(s->out, rule->fixed);
}

static void put_start_tag(struct sink *s, const GumboElement *el, const struct element_rule *rule)
{
	buf_putc(s->out, '<');
	buf_puts(s->out, gumbo_normalized_tagname(el->tag));
	put_attributes(s, el, rule);
}

/* --- frames and players ------------------------------------------------------------------------------------------- */

static struct str attribute(const GumboElement *el, const char *name)
{
	const GumboAttribute *attr = gumbo_get_attribute(&el->attributes, name);
	return attr ? str_c(attr->value) : STR_NULL;
}

static bool words_enter(struct sink *s, const GumboNode *node)
{
	const GumboElement *el = &node->v.element;
	if (el->tag == GUMBO_TAG_A && !s->frame_link.p)
		s->frame_link = sanitize_absolute_url(attribute(el, "href"));
	return plain_enter(s, node);
}

/* What stands in a frame for browsers without: its words in *words, and where its first link leads in *link, if it has
   one. To a parser it is text. */
static void frame_words(const GumboElement *el, struct buf *words, struct buf *link)
{
	const GumboVector *kids = &el->children;
	const GumboNode *first = kids->length ? kids->data[0] : NULL;
	SCOPED_TREE t = { 0 };
	struct sink s = { .policy = SANITIZE_TEXT, .out = words, .enter = words_enter, .leave = plain_leave,
		.text = plain_text };
	if (!first || (first->type != GUMBO_NODE_TEXT && first->type != GUMBO_NODE_WHITESPACE))
		return;
	struct str inner = str_first(str_c(first->v.text.text), FRAME_WORDS_MAX);
	if (tree_parse(&t, inner, NULL) != ST_OK || sanitize_walk(t.output->root, &s, NULL) != ST_OK)
		buf_clear(words);
	if (s.frame_link.p)
		buf_putstr(link, s.frame_link);
}

/* "https://player.example/…" is "player.example" where nothing better is known and the whole is long. */
static struct str short_address(struct str url)
{
	ptrdiff_t host = str_find(url, STR("//"));
	if (url.n <= ADDRESS_SHOWN || host < 0)
		return url;
	struct str s = str_skip(url, (size_t)host + 2);
	ptrdiff_t end = str_chr(s, '/');
	return end < 0 ? s : str_first(s, (size_t)end);
}

static void put_frame_link(struct sink *s, const GumboElement *el, struct str url)
{
	SCOPED_BUF words, link;
	struct str title = str_trim(attribute(el, "title"));
	buf_init(&words, 4 * FRAME_WORDS_MAX);
	buf_init(&link, FRAME_WORDS_MAX);
	frame_words(el, &words, &link);
	struct str text = words.len ? buf_str(&words) : title.n ? title : short_address(url);
	BUF_LIT(s->out, "<a href=\"");
	html_attr(s->out, words.len && link.len ? buf_str(&link) : url);
	BUF_LIT(s->out, "\" rel=\"nofollow noopener\">");
	markup_text(s, text);
	BUF_LIT(s->out, "</a>");
}

/* As a frame of a listed host; false: it is none. */
static bool put_frame(struct sink *s, const GumboElement *el, const struct element_rule *rule, struct str url)
{
	SCOPED_BUF src;
	buf_init(&src, url.n + 64);
	if (!url.p || !sanitize_embed_src(&src, url))
		return false;
	BUF_LIT(s->out, "<iframe");
	put_attributes(s, el, rule);
	BUF_LIT(s->out, " src=\"");
	html_attr(s->out, buf_str(&src));
	BUF_LIT(s->out, "\"></iframe>");
	return true;
}

static void put_embed(struct sink *s, const GumboElement *el, const struct element_rule *rule)
{
	struct str url = sanitize_absolute_url(attribute(el, "src"));
	if (put_frame(s, el, rule, url))
		return;
	if (s->told)
		++*(el->tag == GUMBO_TAG_IFRAME ? &s->told->frames : &s->told->players);
	if (url.p)
		put_frame_link(s, el, url);
}

/* Its address: data, or the parameter that says it; p NULL: none. *stands_in: an embed or other content in it. */
static struct str object_address(const GumboElement *el, bool *stands_in)
{
	struct str url = sanitize_absolute_url(attribute(el, "data"));
	*stands_in = false;
	for (unsigned i = 0; i < el->children.length; i++) {
		const GumboNode *kid = el->children.data[i];
		const GumboElement *k = &kid->v.element;
		bool element = kid->type == GUMBO_NODE_ELEMENT;
		if (element && k->tag == GUMBO_TAG_PARAM) {
			struct str name = attribute(k, "name");
			if (!url.p && (str_ieqc(name, "movie") || str_ieqc(name, "src")))
				url = sanitize_absolute_url(attribute(k, "value"));
		} else if (element || kid->type == GUMBO_NODE_TEXT) {
			*stands_in = true;
		}
	}
	return url;
}

/* True: what it holds is to be shown. */
static bool put_object(struct sink *s, const GumboElement *el, const struct element_rule *rule)
{
	bool stands_in;
	struct str url = object_address(el, &stands_in);
	buf_putc(s->out, '\n');
	if (put_frame(s, el, rule, url))
		return false;
	if (stands_in)
		return true;
	if (s->told)
		s->told->players++;
	if (url.p)
		put_frame_link(s, el, url);
	return false;
}

static bool is_media_part(const GumboNode *node)
{
	const GumboNode *up = node->parent;
	return up && up->type == GUMBO_NODE_ELEMENT &&
	       (up->v.element.tag == GUMBO_TAG_VIDEO || up->v.element.tag == GUMBO_TAG_AUDIO);
}

static bool markup_enter(struct sink *s, const GumboNode *node)
{
	const GumboElement *el = &node->v.element;
	const struct element_rule *rule = sanitize_element(s->policy, el->tag);
	if (s->told && el->tag == GUMBO_TAG_SCRIPT)
		s->told->scripts++;
	if (rule->action == ELEMENT_DROP || sanitize_is_dead_chrome(el))
		return false;
	s->after_pre = false;
	if (s->told && el->tag == GUMBO_TAG_FORM)
		s->told->forms++;
	switch (rule->action) {
	case ELEMENT_OBJECT: return put_object(s, el, rule);
	case ELEMENT_BREAK: buf_putc(s->out, '\n'); return true;
	case ELEMENT_EMBED: put_embed(s, el, rule); return false;
	case ELEMENT_MEDIA:
		if (!is_media_part(node))
			return false;
		/* fall through */
	case ELEMENT_VOID:
		put_start_tag(s, el, rule);
		buf_putc(s->out, '>');
		return false;
	case ELEMENT_KEEP:
		put_start_tag(s, el, rule);
		buf_putc(s->out, '>');
		s->after_pre = el->tag == GUMBO_TAG_PRE;
		return true;
	case ELEMENT_UNWRAP:
	case ELEMENT_DROP: break;
	}
	return true;
}

static void markup_leave(struct sink *s, const GumboNode *node)
{
	GumboTag tag = node->v.element.tag;
	const struct element_rule *rule = sanitize_element(s->policy, tag);
	s->after_pre = false;
	if (rule->action == ELEMENT_BREAK || rule->action == ELEMENT_OBJECT) {
		buf_putc(s->out, '\n');
	} else if (rule->action == ELEMENT_KEEP) {
		BUF_LIT(s->out, "</");
		buf_puts(s->out, gumbo_normalized_tagname(tag));
		buf_putc(s->out, '>');
	}
}

/* --- both --------------------------------------------------------------------------------------------------------- */

struct pass {
	enum sanitize_policy policy;
	bool escaped;
	struct str in;
	struct buf *out;
	struct sanitize_told *told;
	struct err err;
	enum status st;
};

static enum status pass_here(struct pass *x, struct err *e)
{
	struct sink s = { .policy = x->policy, .out = x->out, .escaped = x->escaped, .told = x->told };
	if (x->policy == SANITIZE_TEXT)
		s.enter = plain_enter, s.leave = plain_leave, s.text = plain_text;
	else
		s.enter = markup_enter, s.leave = markup_leave, s.text = markup_text;
	SCOPED_TREE t = { 0 };
	TRY(tree_parse(&t, x->in, e));
	return sanitize_walk(t.output->root, &s, e);
}

static void pass_job(void *arg)
{
	struct pass *x = arg;
	x->st = pass_here(x, &x->err);
}

static enum status pass(enum sanitize_policy p, bool escaped, struct str in, struct buf *out,
                        struct sanitize_told *told, struct err *e)
{
	struct pass x = { .policy = p, .escaped = escaped, .in = in, .out = out, .told = told };
	if (in.n <= INLINE_MAX || !fiber_self())
		return pass_here(&x, e);
	enum status st = offload(OFFLOAD_PROMPT, pass_job, &x);
	if (st == ST_UNAVAILABLE) /* the pool is full: done on this thread instead */
		return pass_here(&x, e);
	TRY(st);
	return x.st == ST_OK ? ST_OK : err_set(e, x.st, "%s", x.err.msg);
}

enum status sanitize_html(struct arena *a, enum sanitize_policy p, struct str in, struct safe_html *out, struct err *e)
{
	return sanitize_html_told(a, p, in, out, NULL, e);
}

enum status sanitize_html_told(struct arena *a, enum sanitize_policy p, struct str in, struct safe_html *out,
                               struct sanitize_told *told, struct err *e)
{
	SCOPED_BUF one, two;
	size_t max = in.n * 8 + 65536;
	buf_init(&one, max);
	buf_init(&two, max);
	struct buf *next = &one, *last = &two;
	struct str now = in;
	bool stable = false;
	for (unsigned round = 0; round < MAX_ROUNDS && !stable; round++) {
		buf_clear(next);
		TRY(pass(p, true, now, next, round ? NULL : told, e));
		stable = str_eq(buf_str(next), now);
		now = buf_str(next);
		struct buf *spare = last;
		last = next;
		next = spare;
	}
	if (!stable) { /* each pass changes it again: only its text is kept */
		buf_clear(next);
		TRY(pass(SANITIZE_TEXT, true, now, next, NULL, e));
		now = buf_str(next);
	}
	out->s = arena_str(a, now);
	return ST_OK;
}

enum status html_to_text(struct arena *a, struct str in, size_t max, struct str *out, struct err *e)
{
	SCOPED_BUF text;
	buf_init(&text, in.n * 4 + 64);
	TRY(pass(SANITIZE_TEXT, false, in, &text, NULL, e));
	*out = arena_str(a, str_utf8_fit(buf_str(&text), max));
	return ST_OK;
}
