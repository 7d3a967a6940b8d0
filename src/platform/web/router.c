/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree of segments. A node has literal children (sorted, found by bisection) and at most one child per parameter
 * type; a route ends at a node with one entry per method. Matching walks the path once and backs up only where a more
 * special pattern led nowhere.
 */
#include "platform/web/router.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"

enum seg_type { SEG_ID, SEG_INT, SEG_HEX, SEG_SLUG, SEG_TEXT, SEG_PATH, SEG_TYPES };
static const char *const type_names[SEG_TYPES] = { "id", "int", "hex", "slug", "text", "path" };

struct node {
	struct str literal;
	bool mount; /* base path of a service: only its routes are below it */
	struct node **literals;
	unsigned literal_count;
	struct node *typed[SEG_TYPES];
	struct node **prefixed; /* "@{name}": the literal is what stands before, the parameter is a child of it */
	unsigned prefixed_count;
	struct route_entry **entries;
	unsigned entry_count;
};

struct route_tree {
	struct str host;
	struct node root;
};

struct router {
	struct arena *arena;
	struct route_tree *trees;
	unsigned tree_count;
	const struct route_entry **all;
	size_t all_count, all_cap;
};

struct segments { struct str at[ROUTE_SEGMENTS_MAX]; unsigned count; };

#define ROUTER_MEMORY (16 << 20)
#define HOSTS_MAX 64

struct router *router_new(void)
{
	struct arena *a = arena_new(ROUTER_MEMORY);
	if (!a)
		return NULL;
	struct router *r = ARENA_NEW(a, struct router);
	r->arena = a;
	r->trees = ARENA_ARRAY(a, struct route_tree, HOSTS_MAX);
	return r;
}

void router_free(struct router *r)
{
	if (r)
		arena_free(r->arena);
}

/* "/a/b" → a, b;  "/" → ""; "/a/" → a, "" */
static bool split(struct str path, struct segments *s)
{
	struct str rest = str_skip(path, 1), one;
	s->count = 0;
	while (str_next(&rest, '/', &one)) {
		if (s->count == ROUTE_SEGMENTS_MAX)
			return false;
		s->at[s->count++] = one;
	}
	return true;
}

/* --- building ----------------------------------------------------------------------------------------------- */

static struct node *literal_child(struct router *r, struct node *n, struct str text)
{
	unsigned at = 0;
	while (at < n->literal_count && str_cmp(n->literals[at]->literal, text) < 0)
		at++;
	if (at < n->literal_count && str_eq(n->literals[at]->literal, text))
		return n->literals[at];
	struct node **grown = ARENA_ARRAY(r->arena, struct node *, n->literal_count + 1);
	if (n->literal_count) { /* else there is nothing to copy, and no address to copy it from */
		memcpy(grown, n->literals, at * sizeof *grown);
		memcpy(grown + at + 1, n->literals + at, (n->literal_count - at) * sizeof *grown);
	}
	grown[at] = ARENA_NEW(r->arena, struct node);
	grown[at]->literal = arena_str(r->arena, text);
	n->literals = grown;
	n->literal_count++;
	return grown[at];
}

static struct node *prefixed_child(struct router *r, struct node *n, struct str prefix)
{
	for (unsigned i = 0; i < n->prefixed_count; i++)
		if (str_eq(n->prefixed[i]->literal, prefix))
			return n->prefixed[i];
	struct node **grown = ARENA_ARRAY(r->arena, struct node *, n->prefixed_count + 1);
	if (n->prefixed_count)
		memcpy(grown, n->prefixed, n->prefixed_count * sizeof *grown);
	struct node *child = ARENA_NEW(r->arena, struct node);
	child->literal = arena_str(r->arena, prefix);
	grown[n->prefixed_count++] = child;
	n->prefixed = grown;
	return child;
}

/* "{name:type}" or "{name}" (text): -1 when it is not understood. */
static int parse_param(struct str seg, struct str *name)
{
	struct str inner = str_n(seg.p + 1, seg.n - 2);
	if (!str_cut(&inner, ':', name))
		return name->n ? SEG_TEXT : -1;
	for (int t = 0; t < SEG_TYPES; t++)
		if (str_eqc(inner, type_names[t]))
			return name->n ? t : -1;
	return -1;
}

static enum status descend(
        struct router *r, struct node **n, struct str seg, bool last, struct route_entry *entry, struct err *e)
{
	ptrdiff_t brace = str_chr(seg, '{');
	if (brace < 0) {
		if (str_chr(seg, '}') >= 0)
			return err_set(e, ST_CONFIG, "route %s: a } without its {", entry->pattern);
		*n = literal_child(r, *n, seg);
		return ST_OK;
	}
	if (brace > 0) {
		*n = prefixed_child(r, *n, str_first(seg, (size_t)brace));
		seg = str_skip(seg, (size_t)brace);
	}
	struct str name = STR("");
	int type = seg.p[seg.n - 1] == '}' ? parse_param(seg, &name) : -1;
	if (type < 0)
		return err_set(e, ST_CONFIG, "route %s: %.*s is no parameter: {name:id|int|hex|slug|text|path}",
		        entry->pattern, STR_ARG(seg));
	if (type == SEG_PATH && !last)
		return err_set(e, ST_CONFIG, "route %s: a path parameter comes last", entry->pattern);
	if (entry->param_count == ROUTE_PARAMS_MAX)
		return err_set(e, ST_CONFIG, "route %s has over %d parameters", entry->pattern, ROUTE_PARAMS_MAX);
	entry->names[entry->param_count++] = name;
	if (!(*n)->typed[type])
		(*n)->typed[type] = ARENA_NEW(r->arena, struct node);
	*n = (*n)->typed[type];
	return ST_OK;
}

static struct route_tree *tree_for(struct router *r, struct str host)
{
	for (unsigned i = 0; i < r->tree_count; i++)
		if (str_eq(r->trees[i].host, host))
			return &r->trees[i];
	if (r->tree_count == HOSTS_MAX)
		return NULL;
	struct route_tree *t = &r->trees[r->tree_count++];
	t->host = arena_str(r->arena, host);
	return t;
}

static void router_remember(struct router *r, const struct route_entry *entry)
{
	if (r->all_count == r->all_cap) {
		size_t cap = r->all_cap ? r->all_cap * 2 : 64;
		const struct route_entry **grown = ARENA_ARRAY(r->arena, const struct route_entry *, cap);
		if (r->all_count)
			memcpy(grown, r->all, r->all_count * sizeof *grown);
		r->all = grown;
		r->all_cap = cap;
	}
	r->all[r->all_count++] = entry;
}

enum status router_add(struct router *r, struct str host, const char *base, const struct route *route,
                       struct service_instance *svc, struct err *e)
{
	const char *who = svc ? svc->def->name : "platform";
	if (!route->pattern || route->pattern[0] != '/')
		return err_set(e, ST_CONFIG, "%s: route pattern '%s' does not begin with /", who,
		        route->pattern ? route->pattern : "");
	/* The front page of a service below /account is /account itself. */
	bool front = *base && !strcmp(route->pattern, "/");
	struct route_entry *entry = ARENA_NEW(r->arena, struct route_entry);
	entry->route = route;
	entry->svc = svc;
	entry->pattern = arena_printf(r->arena, "%s%s", base, front ? "" : route->pattern);
	struct segments s;
	if (!split(str_c(entry->pattern), &s))
		return err_set(
		        e, ST_CONFIG, "%s: route %s has over %d segments", who, entry->pattern, ROUTE_SEGMENTS_MAX);
	struct route_tree *t = tree_for(r, host);
	if (!t)
		return err_set(e, ST_CONFIG, "%s: over %d hosts", who, HOSTS_MAX);
	struct node *n = &t->root;
	size_t depth = 0;
	for (unsigned i = 0; i < s.count; i++) {
		TRY(descend(r, &n, s.at[i], i + 1 == s.count, entry, e));
		depth += s.at[i].n + 1;
		n->mount |= *base && depth == strlen(base);
	}
	for (unsigned i = 0; i < n->entry_count; i++)
		if (!strcmp(n->entries[i]->route->method, route->method))
			return err_set(e, ST_CONFIG, "%s: route %s %s is taken by %s (%s)", who, route->method,
			        entry->pattern, n->entries[i]->svc ? n->entries[i]->svc->def->name : "platform",
			        n->entries[i]->pattern);
	struct route_entry **grown = ARENA_ARRAY(r->arena, struct route_entry *, n->entry_count + 1);
	if (n->entry_count)
		memcpy(grown, n->entries, n->entry_count * sizeof *grown);
	grown[n->entry_count++] = entry;
	n->entries = grown;
	router_remember(r, entry);
	return ST_OK;
}

size_t router_entries(const struct router *r, const struct route_entry *const **out)
{
	*out = r->all;
	return r->all_count;
}

/* --- matching ----------------------------------------------------------------------------------------------- */

struct route_walk {
	const struct segments *segs;
	struct str path, method;
	struct match *out;
	unsigned depth; /* parameters taken so far */
	unsigned allow; /* bits of allow_names */
	bool api;
};

static const char *const allow_names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

static unsigned allow_bit(struct str method)
{
	for (unsigned i = 0; i < sizeof allow_names / sizeof *allow_names; i++)
		if (str_eqc(method, allow_names[i]))
			return 1u << i;
	return 0;
}

static bool all_of(struct str s, size_t max, bool (*ok)(char c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!ok(s.p[i]))
			return false;
	return s.n && s.n <= max;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
static bool is_slug(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; }

static bool segment_fits(enum seg_type type, struct str s, int64_t *num)
{
	*num = 0;
	switch (type) {
	case SEG_ID:
		return id_parse(s, num);
	case SEG_INT:
		return all_of(s, 19, is_digit) && str_i64(s, num);
	case SEG_HEX:
		return all_of(s, 256, is_hex);
	case SEG_SLUG:
		return all_of(s, 191, is_slug);
	default:
		return s.n > 0;
	}
}

static bool end_here(struct route_walk *w, const struct node *n)
{
	bool head = str_eq(w->method, STR("HEAD"));
	const struct route_entry *get = NULL;
	for (unsigned i = 0; i < n->entry_count; i++) {
		const char *method = n->entries[i]->route->method;
		w->allow |= allow_bit(str_c(method));
		w->api |= (n->entries[i]->route->flags & ROUTE_API) != 0;
		if (str_eqc(w->method, method)) {
			get = n->entries[i];
			break;
		}
		if (head && !strcmp(method, "GET"))
			get = n->entries[i];
	}
	if (!get)
		return false;
	w->out->entry = get;
	w->out->param_count = w->depth;
	for (unsigned i = 0; i < w->depth; i++)
		w->out->params[i].name = get->names[i];
	return true;
}

static bool route_walk(struct route_walk *w, const struct node *n, unsigned i);

/* *final: the segment begins a service's mount, so that no pattern of another service may take it. */
static bool walk_literal(struct route_walk *w, const struct node *n, unsigned i, bool *final)
{
	unsigned lo = 0, hi = n->literal_count;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		int c = str_cmp(w->segs->at[i], n->literals[mid]->literal);
		if (!c) {
			*final = n->literals[mid]->mount;
			return route_walk(w, n->literals[mid], i + 1);
		}
		*(c < 0 ? &hi : &lo) = c < 0 ? mid : mid + 1;
	}
	return false;
}

/* `segment` is segment i, or what a prefix left of it. */
static bool walk_typed(struct route_walk *w, const struct node *n, unsigned i, struct str segment)
{
	for (enum seg_type t = 0; t < SEG_TYPES; t++) {
		struct str s = segment;
		int64_t num;
		if (t == SEG_PATH) /* the rest of the path, slashes too */
			s = str_skip(w->path, (size_t)(s.p - w->path.p));
		if (!n->typed[t] || w->depth == ROUTE_PARAMS_MAX || !segment_fits(t, s, &num))
			continue;
		w->out->params[w->depth++] = (struct param){ .value = s, .num = num };
		if (t == SEG_PATH ? end_here(w, n->typed[t]) : route_walk(w, n->typed[t], i + 1))
			return true;
		w->depth--;
	}
	return false;
}

static bool route_walk(struct route_walk *w, const struct node *n, unsigned i)
{
	if (i == w->segs->count)
		return end_here(w, n);
	bool final = false;
	if (walk_literal(w, n, i, &final))
		return true;
	if (final)
		return false;
	struct str s = w->segs->at[i];
	for (unsigned k = 0; k < n->prefixed_count; k++) {
		const struct node *p = n->prefixed[k];
		if (str_starts(s, p->literal) && walk_typed(w, p, i, str_skip(s, p->literal.n)))
			return true;
	}
	return walk_typed(w, n, i, s);
}

static bool match_path(const struct route_tree *t, struct str method, struct str path, struct match *out,
                       unsigned *allow)
{
	struct segments segs;
	if (!path.n || path.p[0] != '/' || !split(path, &segs))
		return false;
	struct route_walk w = { .segs = &segs, .path = path, .method = method, .out = out };
	bool found = route_walk(&w, &t->root, 0);
	*allow |= w.allow;
	out->api |= w.api;
	return found;
}

static void write_allow(struct match *out, unsigned allow)
{
	if (allow & 1)
		allow |= 2; /* GET serves HEAD */
	allow |= 1u << 6;
	for (unsigned i = 0; i < sizeof allow_names / sizeof *allow_names; i++)
		if (allow & (1u << i)) {
			size_t at = strlen(out->allow);
			snprintf(out->allow + at, sizeof out->allow - at, "%s%s", at ? ", " : "", allow_names[i]);
		}
}

static bool takes_anything(const struct route_entry *e)
{
	size_t n = strlen(e->pattern);
	return n > 6 && !strcmp(e->pattern + n - 6, ":path}");
}

/* Is there a route for the path with its last slash added or taken away? One that takes anything does not count. */
static bool match_slash(const struct route_tree *t, struct str method, struct str path, struct match *out)
{
	char with[4096];
	unsigned allow = 0;
	struct match other = { 0 };
	bool has = path.n > 1 && path.p[path.n - 1] == '/';
	/* "//host/" must never become a Location: browsers read it as another site's address. */
	if (!path.n || path.n + 1 > sizeof with || str_find(path, STR("//")) >= 0)
		return false;
	memcpy(with, path.p, path.n);
	with[path.n] = '/';
	if (!match_path(t, method, str_n(with, has ? path.n - 1 : path.n + 1), &other, &allow) ||
	    takes_anything(other.entry))
		return false;
	out->add_slash = !has;
	out->entry = other.entry;
	return true;
}

static const struct route_tree *tree_of_host(const struct router *r, struct str host)
{
	ptrdiff_t colon = str_rchr(host, ':');
	if (colon >= 0 && str_chr(str_skip(host, (size_t)colon), ']') < 0)
		host = str_first(host, (size_t)colon);
	for (unsigned i = 0; i < r->tree_count; i++)
		if (r->trees[i].host.n && str_eq(r->trees[i].host, host))
			return &r->trees[i];
	return NULL;
}

void router_match(const struct router *r, struct str host, struct str method, struct str path, struct match *out)
{
	const struct route_tree *order[2] = { tree_of_host(r, host), NULL };
	unsigned allow = 0;
	for (unsigned i = 0; i < r->tree_count; i++)
		if (!r->trees[i].host.n)
			order[1] = &r->trees[i];
	out->kind = MATCH_NONE;
	out->entry = NULL;
	out->param_count = 0;
	out->allow[0] = 0;
	out->api = false;
	for (unsigned i = 0; i < 2; i++)
		if (order[i] && match_path(order[i], method, path, out, &allow)) {
			/* The spelling of a proper route comes before a catch-all. */
			bool other = takes_anything(out->entry) && match_slash(order[i], method, path, out);
			out->kind = other ? MATCH_SLASH : MATCH_ROUTE;
			return;
		}
	if (allow) {
		out->kind = MATCH_METHOD;
		write_allow(out, allow);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		if (order[i] && match_slash(order[i], method, path, out)) {
			out->kind = MATCH_SLASH;
			return;
		}
}
