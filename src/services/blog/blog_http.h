/* SPDX-License-Identifier: Apache-2.0
 *
 * The blog's pages and fragments: one handler per route of service.c.
 */
#ifndef GH_SERVICES_BLOG_HTTP_H
#define GH_SERVICES_BLOG_HTTP_H

#include "platform/peers/fragment.h"
#include "platform/web/web.h"
#include "services/blog/store.h"

/* What of gated posts a person may read; NULL: a visitor. */
enum blog_access blog_access_of(const struct person *person);

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status blog_get_home(struct web *w, struct err *e);
enum status blog_get_post(struct web *w, struct err *e);
enum status blog_get_tag(struct web *w, struct err *e);
enum status blog_get_author(struct web *w, struct err *e);
enum status blog_get_topics(struct web *w, struct err *e);
enum status blog_get_archive(struct web *w, struct err *e);
enum status blog_get_subscribe(struct web *w, struct err *e);
enum status blog_get_theme(struct web *w, struct err *e);
enum status blog_get_icon(struct web *w, struct err *e);
enum status blog_get_anything(struct web *w, struct err *e);

/* Fragments of service.c's table: into out, what stands for f in another service's page. */
enum status blog_fragment_brand(struct fragment_req *f, struct buf *out, struct err *e);
enum status blog_fragment_nav_tree(struct fragment_req *f, struct buf *out, struct err *e);
enum status blog_fragment_link_card(struct fragment_req *f, struct buf *out, struct err *e);
enum status blog_fragment_container_cards(struct fragment_req *f, struct buf *out, struct err *e);

#endif
