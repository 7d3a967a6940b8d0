/* SPDX-License-Identifier: Apache-2.0
 *
 * The media library: every file of the site by its name, with its alternative text and where it is used. Whatever puts
 * a file into the blog's store records it here (an upload, a form, an import); whatever writes a text says which files
 * are in it. Files that are used can not be deleted; deleted ones are out of the library, and come back with an undo or
 * when the same file is brought again. Editors see it at /admin/media, whoever writes chooses from it in the editor.
 */
#ifndef GH_SERVICES_BLOG_LIBRARY_H
#define GH_SERVICES_BLOG_LIBRARY_H

#include "platform/audit/audit.h"
#include "platform/media/media.h"
#include "platform/web/web.h"

enum {
	LIBRARY_NAME_MAX = 200, /* characters */
	LIBRARY_ALT_MAX = 500,
	LIBRARY_USES_SHOWN = 50,        /* posts that are named where a file is used */
	LIBRARY_FILES_IN_TEXT = 2000,   /* different files of one text that are looked for */
	LIBRARY_UPLOAD_MAX = 130 << 20, /* bytes of a request: files and their form; of one file the kind's limit */
	LIBRARY_CHOICES = 24,           /* that the editor is offered at once */
};

struct library_file {
	const struct media_item *item;
	struct str name;             /* as its bringer calls it; its last part is taken; "" : none known */
	const struct person *person; /* who brings it; NULL: an import, or the site */
	int64_t now;
};
/* In a transaction: the row of a stored file, made or found; *id its own. *added (may be NULL): it is new here. */
enum status library_record(struct db_conn *c, const struct library_file *f, int64_t *id, bool *added,
        struct err *e) MUST_CHECK;

/* In a transaction: text (HTML, or a document) is what object shows ("shown") or is being written ("draft"); the files
   of /media/ in it are those that are used there, and no others are any more. */
enum status library_uses(
        struct db_conn *c, int64_t object, const char *place, struct str text, struct err *e) MUST_CHECK;

struct library_edit { int64_t id; struct str name, alt; struct audit_entry by; };
/* Transactions. ST_NOT_FOUND: there is none, or it is deleted. */
enum status library_edit_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;
struct library_removal { int64_t id; bool back; int64_t now; bool changed; struct audit_entry by; };
/* ST_CONFLICT: it is used. ST_NOT_FOUND: there is none. */
enum status library_remove_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* Handlers of service.c's routes (library_http.c). */
enum status blog_get_library(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_library(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_library_upload(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_library_one(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_library_one(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_library_choices(struct web *w, struct err *e) MUST_CHECK; /* JSON, for the editor */

/* --- for the templates --- */
struct blog_media_one_row;
struct library_use { struct str title, url, how; };
struct library_view {
	struct web *w;
	const struct blog_media_one_row *file;
	const struct form_fill *form;
	const char *title;
	struct str id, size, kind, when;
	const struct library_use *uses;
	size_t n;
	bool sign, more, saved;
};

#endif
