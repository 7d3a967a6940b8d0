/* SPDX-License-Identifier: Apache-2.0
 *
 * What an owner sets of the site: its name, signs, colour and language, and its menus.
 */
#ifndef GH_SERVICES_BLOG_SITE_ADMIN_H
#define GH_SERVICES_BLOG_SITE_ADMIN_H

#include "platform/forms/forms.h"
#include "platform/web/web.h"

enum { MENU_ROWS_MAX = 29, MENU_SPARE = 3, MENU_LABEL_MAX = 60, MENU_FIELDS = 4 /* of an entry */ };
struct menu_view { const char *name, *title, *help; struct form_fill *form; size_t rows; bool saved; };

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status blog_get_site_form(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_site_form(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_menus(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_menu(struct web *w, struct err *e) MUST_CHECK;

/* First steps: has the site a name of its own, and a menu? */
enum status blog_step_named(struct ctx *ctx, bool *done, struct err *e) MUST_CHECK;
enum status blog_step_menu(struct ctx *ctx, bool *done, struct err *e) MUST_CHECK;

#endif
