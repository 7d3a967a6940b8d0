/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of the administration: declared once, in a table of columns. From it come the drawn table, sorting by a column,
 * filters and search, pages by keyset, what is done to many rows at once (with a question before and a way back after
 * it), and the download as CSV (RFC 4180).
 *
 *	static const struct column columns[] = {
 *		COLUMN(struct identity_members_row, name, TEXT, .title = "Name", .sort = "name", .by = 1),
 *		COLUMN(struct identity_members_row, created_at, DAY, .title = "Since", .sort = "since"),
 *		{ 0 },
 *	};
 *	static const struct table_desc members = { .path = "/admin/members", .title = "Members", .columns = columns,
 *		.load = load_members, … };
 *
 * Three routes: GET path is table_get, POST path is table_post, GET path.csv is table_csv. The rows come from a query
 * that is declared as a list (docs/howto/query.md); the first member of a row is its key.
 */
#ifndef GH_PLATFORM_TABLES_H
#define GH_PLATFORM_TABLES_H

#include <stddef.h>

#include "db/db.h"
#include "platform/forms/forms.h"
#include "platform/web/web.h"

enum {
	TABLE_FILTERS = 4,      /* of a table */
	TABLE_ROWS = 50,        /* on a page */
	TABLE_AT_ONCE = 200,    /* rows that something is done to at once */
	TABLE_SEARCH_MAX = 100, /* characters */
	TABLE_KEY_MAX = 200,    /* bytes of a text key */
	TABLE_CSV_MAX = 8 << 20
};

/* How a cell is shown, and the type of the member that it shows. */
enum cell_kind {
	CELL_END,
	CELL_TEXT,   /* struct str */
	CELL_CODE,   /* struct str: a name for machines */
	CELL_WORDS,  /* struct str: words, each a badge */
	CELL_STATE,  /* struct str: a word; a badge unless it is the usual one (.usual) */
	CELL_PICTURE, /* struct str: the address of a picture that says nothing that the row does not */
	CELL_NUMBER, /* int64_t */
	CELL_DAY,    /* int64_t: UTC µs, as who looks counts days; 0: never */
	CELL_MOMENT, /* int64_t: UTC µs; 0: never */
};
#define CELL_TYPE_TEXT struct str
#define CELL_TYPE_CODE struct str
#define CELL_TYPE_WORDS struct str
#define CELL_TYPE_STATE struct str
#define CELL_TYPE_PICTURE struct str
#define CELL_TYPE_NUMBER int64_t
#define CELL_TYPE_DAY int64_t
#define CELL_TYPE_MOMENT int64_t

struct column {
	const char *title;
	enum cell_kind kind;
	size_t at;
	const char *sort; /* its name in the address, when the list can be sorted by it; NULL: it can not */
	unsigned by;      /* number in the query's "-- sorts:" */
	bool first_down;  /* the first press of its head shows the greatest first */
	const char *usual;
	/* Instead of the member: made for this row, in the request's arena. */
	struct str (*text)(struct web *w, const void *row);
	bool only_file; /* stands in the CSV alone */
};
/* The column of the member m of T; the build fails when the member's type is not the kind's. */
#define COLUMN(T, m, K, ...) { .kind = CELL_##K, .at = FIELD_AT(T, m, CELL_TYPE_##K), __VA_ARGS__ }

/* A choice that narrows the list down. */
struct table_filter {
	const char *name, *title;
	const struct choice *choices; /* ends with { 0 }; "all" stands before them by itself */
	const struct choice *(*choose)(struct web *w); /* instead: made for this request, in its arena */
	bool always; /* one of them is always chosen, the first by itself: there is no "all" */
};

struct table_action {
	const char *name, *label;
	const char *done;    /* what was: "Suspended" */
	const char *confirm; /* asked before it is done: "Their sessions end at once."; NULL: it is done at once */
	const char *undo;    /* name of the action that takes it back; NULL: none does */
	bool each;           /* a button in every row, beside the one for all that are chosen */
	bool danger;
	bool hidden;         /* only another one's undo */
};

/* What of the list is asked for. search, filter: "" where nothing is. */
struct table_ask {
	struct str search, like; /* as typed; and for LIKE :like ESCAPE '!' over lower case: anything with it inside */
	struct str filter[TABLE_FILTERS];
	struct db_page page;
};

/* Where load puts what it found: TABLE_QUERY. */
struct table_found {
	void *rows;
	size_t n;
	enum status (*row)(void *arg, const void *row); /* not NULL: each is handed to it instead */
	void *arg;
};
/* load's query in an expression: TABLE_QUERY(found, e, market_products, c, …the query's own…, &ask->page). _LIKE: one
   that shares the row of another query ("-- list: like"). */
#define TABLE_QUERY(found, e, query, ...) TABLE_QUERY_LIKE(found, e, struct query##_row, query, __VA_ARGS__)
#define TABLE_QUERY_LIKE(found, e, type, query, ...)                                                                   \
	({                                                                                                             \
		type *rows_ = NULL;                                                                                    \
		enum status st_ = (found)->row ? q_##query##_each(__VA_ARGS__, (found)->row, (found)->arg, (e))        \
		                               : q_##query(__VA_ARGS__, &rows_, &(found)->n, (e));                     \
		(found)->rows = rows_;                                                                                 \
		st_;                                                                                                   \
	})

struct table_desc {
	const char *path, *title;
	bool grid;   /* its rows are shown as tiles: of things that are known by their picture */
	bool rooted; /* at the root of every host, as the platform's own pages are; else the service's */
	/* The database that the list is in; NULL: the service's. */
	struct db *(*db)(struct web *w, const struct table_ask *ask);
	const char *search;              /* label of the search field; NULL: no search */
	const struct table_filter *filters; /* ends with { 0 }; NULL: none */
	const struct column *columns;    /* ends with { 0 } */
	const struct table_action
	        *actions;                /* ends with { 0 }, the hidden ones last; NULL: nothing is done to rows here */
	const char *empty;               /* what is said when there is nothing at all */
	const char *sort;                /* the column's .sort that it begins with */
	bool down;
	bool text_key;                   /* the key is a struct str; else an int64_t, written as an id (base/id.h) */
	const char *exported;            /* action of the audit entry for a download; NULL: there is no CSV */
	size_t row_size;
	/* One TABLE_QUERY in c, a read that is open already. */
	enum status (*load)(struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found,
	        struct err *e);
	/* One row. *changed false: it was so before. A ST_FORBIDDEN, ST_NOT_FOUND or ST_CONFLICT is told beside what
	   was done to the others. */
	enum status (*act)(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e);
	/* The page of one row, linked from its first cell. NULL: rows have none. */
	struct str (*url)(struct web *w, const void *row);
	/* HTML before and behind the list. NULL: nothing. */
	void (*above)(struct buf *out, struct web *w, void *arg);
	void (*below)(struct buf *out, struct web *w, void *arg);
};

/* arg: for above and below. */
enum status table_get(struct web *w, const struct table_desc *d, void *arg, struct err *e) MUST_CHECK;
enum status table_post(struct web *w, const struct table_desc *d, void *arg, struct err *e) MUST_CHECK;
enum status table_csv(struct web *w, const struct table_desc *d, struct err *e) MUST_CHECK;
/* The page with an answer's status and a problem to tell ("" : none): for pages that have a form of their own. */
enum status table_show(struct web *w, const struct table_desc *d, int status, void *arg, struct str problem,
        struct err *e) MUST_CHECK;
/* Is the request's form one of the list's (an action on rows), and not the page's own? */
bool table_is_asked(struct web *w);

/* --- for the template --------------------------------------------------------------------------------------------- */

struct table_value { const struct column *column; struct str text, iso; const struct str *words; size_t word_n;
	bool plain; };
struct table_line { struct str key, url, name; bool chosen; const struct table_value *cells; };
struct table_head { const struct column *column; struct str url; const char *sorted; /* for aria-sort;
	NULL: not by it */ };
struct table_narrow { const struct table_filter *filter; struct str value; const struct choice *choices;
	size_t choice_n; };

struct table_view {
	struct web *w;
	const struct table_desc *d;
	struct table_ask ask;
	const struct table_narrow *narrows;
	size_t narrow_n;
	const struct table_head *heads;
	size_t column_n;
	const struct table_line *lines;
	size_t n;
	const struct table_action *actions;
	size_t action_n;
	bool each; /* some action is for each row */
	const struct column *sorted;
	const struct table_action *done, *asking; /* what was done; what is asked about. NULL: nothing */
	int64_t done_n;
	struct str done_keys, problem;
	const struct str *asked; /* keys that are asked about */
	size_t asked_n;
	bool narrowed, always;   /* by search or filter; some filter is always there */
	struct str all, here, csv, next,
	        first; /* addresses; "" : none. here: the same list again, from its beginning */
	struct safe_html above, below;
};

#endif
