/* SPDX-License-Identifier: Apache-2.0
 *
 * One search over all services: /search/ at the root of every host asks each service that has a contract "search"
 * (peers/shapes.dto) and shows what they found, by kind (struct search_def). A service that does not answer in time is
 * left out, and that is said. What a person may not see the service does not find.
 */
#ifndef GH_PLATFORM_SEARCH_H
#define GH_PLATFORM_SEARCH_H

#include "db/db.h"
#include "gen/shapes_contract.h"
#include "platform/web/web.h"

enum {
	SEARCH_WORDS_MAX = 8,   /* of a query; further ones are left out, and that is said */
	SEARCH_WORD_MAX = 64,   /* bytes of a word that are compared; of a longer one whatever begins so is found */
	SEARCH_TYPED_MAX = 200, /* characters of a query that are looked at */
	SEARCH_FEW = 4,         /* hits of each kind beside other kinds */
	SEARCH_PAGE = 15        /* hits of one kind on a page */
};

extern const struct route search_routes[];

/* --- for services that answer ------------------------------------------------------------------------------------- */

/* A query in the language of the engine's full text search (SQLite FTS5, PostgreSQL to_tsquery): all words wanted, the
   last may be the beginning of one (a letter alone is a word: too much begins with it). Made of letters and digits
   alone, so it is safe in any text. "" : no word in it. */
struct str search_query(struct arena *a, enum db_engine engine, struct str typed, bool *left_out);

/* For LIKE … ESCAPE '!' over lower case: anything with `typed` in it. */
struct str search_like(struct arena *a, struct str typed);

/* Around the hits in a found text; no stored text contains them. */
#define SEARCH_HIT_OPEN '\2'
#define SEARCH_HIT_CLOSE '\3'

/* --- for the template --------------------------------------------------------------------------------------------- */

struct search_piece { struct str text; bool hit; };
/* A found text cut at its marks, in a. */
const struct search_piece *search_pieces(struct arena *a, struct str text, size_t *count);

struct search_part {
	const struct search_def *def;
	struct str url;
	const struct search_found *found;
	size_t shown; /* of its hits */
};
struct search_view {
	struct web *w;
	struct str typed, kind;
	const struct search_part *parts; /* kinds with hits */
	size_t count;
	bool left_out, missing;          /* more words than are looked for; some service did not answer */
	int64_t page, pages;
	struct str all, prev, next;      /* addresses; "" : none */
};

#endif
