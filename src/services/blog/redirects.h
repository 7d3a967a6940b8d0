/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects of the site: an address that no page has leads to another one. Changed addresses of posts and imports write
 * them by themselves (write_save.c, import_write.c); administrators see all of them at /admin/redirects, add some, and
 * change or take away any.
 */
#ifndef GH_SERVICES_BLOG_REDIRECTS_H
#define GH_SERVICES_BLOG_REDIRECTS_H

#include "platform/audit/audit.h"
#include "platform/web/web.h"

enum {
	REDIRECT_PATH_MAX = 200,       /* characters */
	REDIRECT_HOPS_MAX = 10,        /* one after another */
	REDIRECT_KEPT_DAYS = 30,       /* what was taken away can be had back so long */
	REDIRECT_FILE_MAX = 2 << 20,   /* bytes of a redirects file */
	REDIRECT_FILE_ROWS = 5000,     /* … and redirects in it */
	REDIRECT_NAMED = 10,           /* of those that are left out */
};

struct redirect_new {
	struct str path, target; /* path: of this site, from its first slash; target: one, too, or a whole address */
	bool for_good;           /* browsers and search engines may remember it (301), else 302 */
	struct audit_entry by;
};
/* Transaction; arg: struct redirect_new. The one that is there is replaced. ST_CONFLICT: it would lead back to where
   one came from, or over more than REDIRECT_HOPS_MAX others. */
enum status redirect_put_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* The same path with its last slash added or taken away; in a. */
struct str redirect_other(struct arena *a, struct str path);

struct redirect_removal { struct str path; struct audit_entry by; int64_t now; bool changed; };
/* Transactions; arg: struct redirect_removal. Back: ST_CONFLICT as above. */
enum status redirect_remove_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;
enum status redirect_back_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* Does it lead to another site? Such targets come from administrators and imports alone, nothing of a request is in
   them. */
bool redirect_is_elsewhere(struct str target);
/* What is wrong with an address to come from (not translated), or NULL. */
const char *redirect_path_fault(struct str path);
/* *taken: a page of the site is shown there, and a redirect would never be followed. */
enum status redirect_is_shadowed(struct web *w, struct str path, bool *taken, struct err *e) MUST_CHECK;
/* The page with a problem told, 422. */
enum status redirects_problem(struct web *w, struct str problem, struct err *e) MUST_CHECK;

/* A redirects file of Ghost, JSON or YAML: each redirect in turn, from as a plain path. plain false: from is a pattern
   that is more than one address, as it stands in the file. ST_INVALID: it is no such file; ST_TOO_LARGE: more than
   REDIRECT_FILE_ROWS. */
struct redirect_read { struct str from, to; bool for_good, plain; };
enum status redirects_read(
        struct arena *a, struct str text, struct redirect_read **out, size_t *n, struct err *e) MUST_CHECK;
/* The pattern by which Ghost finds path, with and without its last slash; in a. */
struct str redirect_pattern(struct arena *a, struct str path);

/* Handlers of service.c's routes. */
enum status blog_get_redirects(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_redirects(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_redirects_file(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_redirects_file(struct web *w, struct err *e) MUST_CHECK;

#endif
