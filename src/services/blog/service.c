/* SPDX-License-Identifier: Apache-2.0
 *
 * The blog: a cooperative's public site. This file is its table.
 */
#include "platform/core/service.h"

#include "base/log.h"
#include "gen/blog_serve.h"
#include "gen/blog_sql.h"
#include "platform/cache/cache.h"
#include "platform/media/media.h"
#include "platform/peers/contract.h"
#include "platform/work/event.h"
#include "services/blog/blog_feeds.h"
#include "services/blog/blog_http.h"
#include "services/blog/comments.h"
#include "services/blog/content_api.h"
#include "services/blog/goods.h"
#include "services/blog/import.h"
#include "services/blog/library.h"
#include "services/blog/redirects.h"
#include "services/blog/site_admin.h"
#include "services/blog/snippets.h"
#include "services/blog/visits.h"
#include "services/blog/write.h"

/* Addresses are those of Ghost, so that a site moved here keeps its links. */
static const struct route routes[] = {
	{ "GET", "/", blog_get_home, .flags = ROUTE_CACHE, .cache_s = 60, .help = "Front page: newest posts" },
	{ "GET", "/page/{page:int}/", blog_get_home, .flags = ROUTE_CACHE, .cache_s = 60, .help = "Older posts" },
	{ "GET", "/{slug:slug}/", blog_get_post, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60,
	        .help = "A post or a page" },
	{ "GET", "/tag/{tag:slug}/", blog_get_tag, .flags = ROUTE_CACHE, .cache_s = 60, .help = "Posts of a topic" },
	{ "GET", "/tag/{tag:slug}/page/{page:int}/", blog_get_tag, .flags = ROUTE_CACHE, .cache_s = 60,
	        .help = "Older posts of a topic" },
	{ "GET", "/author/{author:slug}/", blog_get_author, .flags = ROUTE_CACHE, .cache_s = 60,
	        .help = "Posts of an author" },
	{ "GET", "/author/{author:slug}/page/{page:int}/", blog_get_author, .flags = ROUTE_CACHE, .cache_s = 60,
	        .help = "Older posts of an author" },
	{ "GET", "/tags/", blog_get_topics, .flags = ROUTE_CACHE, .cache_s = 60, .help = "All topics" },
	{ "GET", "/archive/", blog_get_archive, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60,
	        .help = "Everything, by month" },
	{ "GET", "/archive/page/{page:int}/", blog_get_archive, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60,
	        .help = "Older months" },
	{ "GET", "/subscribe/", blog_get_subscribe, .help = "Where sign-up buttons of posts lead" },
	{ "GET", "/write", blog_get_write, .role = WRITE_ROLES, .help = "What is being written" },
	{ "POST", "/write", blog_post_write, .role = WRITE_ROLES, .help = "Delete some of it, and bring it back" },
	{ "GET", "/write/new", blog_get_write_new, .role = WRITE_ROLES, .help = "An empty page" },
	{ "POST", "/write/new", blog_post_write_new, .role = WRITE_ROLES, .body_max = WRITE_BODY_MAX,
	        .help = "Begin a post or a page" },
	{ "GET", "/write/{id:id}", blog_get_write_one, .flags = ROUTE_LARGE, .role = WRITE_ROLES,
	        .help = "The page of one, to write on" },
	{ "POST", "/write/{id:id}", blog_post_write_one, .role = WRITE_ROLES, .body_max = WRITE_BODY_MAX,
	        .help = "Save, publish, schedule, unlist, take back" },
	{ "POST", "/write/new/draft", blog_post_write_begin, .role = WRITE_ROLES, .body_max = WRITE_JSON_MAX,
	        .help = "The editor's first save of a new post" },
	{ "POST", "/write/{id:id}/draft", blog_post_write_draft, .role = WRITE_ROLES, .body_max = WRITE_JSON_MAX,
	        .help = "The editor saves, every few seconds" },
	{ "GET", "/write/{id:id}/live", blog_get_write_live, .flags = ROUTE_STREAM, .role = WRITE_ROLES,
	        .help = "Who else is in the post, and saves of theirs" },
	{ "POST", "/write/{id:id}/here", blog_post_write_here, .role = WRITE_ROLES, .help = "Being in the post" },
	{ "POST", "/write/render", blog_post_write_render, .role = WRITE_ROLES, .body_max = WRITE_JSON_MAX,
	        .help = "A card as readers see it" },
	{ "POST", "/write/blocks", blog_post_write_blocks, .role = WRITE_ROLES, .body_max = WRITE_JSON_MAX,
	        .help = "Markdown as blocks" },
	{ "POST", "/write/upload", blog_post_write_upload, .role = WRITE_ROLES, .body_max = WRITE_UPLOAD_MAX,
	        .help = "A file for a post" },
	{ "GET", "/write/media", blog_get_library_choices, .role = WRITE_ROLES,
	        .help = "Files that the editor offers to choose from" },
	{ "GET", "/write/products", blog_get_write_products, .role = WRITE_ROLES,
	        .help = "Products of the market that the editor offers to choose from" },
	{ "GET", "/write/snippets", blog_get_snippet_names, .role = WRITE_ROLES,
	        .help = "Snippets that the editor offers" },
	{ "POST", "/write/snippets", blog_post_snippet, .role = WRITE_ROLES,
	        .body_max = SNIPPET_SOURCE_MAX + (64 << 10), .help = "Keep some blocks as one" },
	{ "GET", "/write/snippets/{id:id}", blog_get_snippet, .role = WRITE_ROLES, .help = "One, to be put in" },
	{ "GET", "/write/{id:id}/revisions", blog_get_write_revisions, .flags = ROUTE_LARGE, .role = WRITE_ROLES,
	        .help = "What it was, and what differs" },
	{ "POST", "/write/{id:id}/revisions", blog_post_write_revisions, .role = WRITE_ROLES,
	        .help = "Bring one back" },
	{ "GET", "/write/{id:id}/preview", blog_get_write_preview, .flags = ROUTE_LARGE, .role = WRITE_ROLES,
	        .help = "As readers would see it" },
	{ "POST", "/write/{id:id}/links", blog_post_write_links, .role = WRITE_ROLES,
	        .help = "Make or withdraw a link to look at it" },
	{ "GET", "/preview/{token:text}", blog_get_preview, .flags = ROUTE_LARGE, .help = "A draft, by such a link" },
	{ "POST", "/visits", blog_post_visit, .help = "A page tells that it was opened" },
	{ "GET", "/rss/", blog_get_rss, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 300, .help = "RSS 2.0" },
	{ "GET", "/atom.xml", blog_get_atom, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 300, .help = "Atom" },
	{ "GET", "/feed.json", blog_get_json_feed, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 300,
	        .help = "JSON Feed" },
	{ "GET", "/tag/{tag:slug}/rss/", blog_get_rss, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 300,
	        .help = "RSS of a topic" },
	{ "GET", "/author/{author:slug}/rss/", blog_get_rss, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 300,
	        .help = "RSS of an author" },
	{ "GET", "/sitemap.xml", blog_get_sitemap, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 600,
	        .help = "Sitemap" },
	{ "GET", "/sitemaps/{page:int}", blog_get_sitemap_part, .flags = ROUTE_CACHE | ROUTE_LARGE, .cache_s = 600,
	        .help = "A part of a large sitemap" },
	/* Ghost's Content API */
	{ "GET", "/ghost/api/content/{resource:slug}/", blog_get_content_list,
	        .flags = ROUTE_API | ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60,
	        .help = "Posts, pages, tags, authors, tiers or settings, for front ends made for Ghost" },
	{ "GET", "/ghost/api/content/{resource:slug}/{id:text}/", blog_get_content_one,
	        .flags = ROUTE_API | ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60, .help = "One of them by its id" },
	{ "GET", "/ghost/api/content/{resource:slug}/slug/{slug:text}/", blog_get_content_slug,
	        .flags = ROUTE_API | ROUTE_CACHE | ROUTE_LARGE, .cache_s = 60, .help = "One of them by its slug" },
	{ "GET", "/robots.txt", blog_get_robots, .flags = ROUTE_CACHE, .cache_s = 3600, .help = "Robots" },
	{ "GET", "/theme.css", blog_get_theme, .flags = ROUTE_CACHE, .cache_s = 300, .help = "The site's own colour" },
	{ "GET", "/favicon.ico", blog_get_icon, .help = "The site's icon" },
	{ "GET", "/admin/site", blog_get_site_form, .flags = ROUTE_ADMIN, .help = "Name, signs, colour, language" },
	{ "POST", "/admin/site", blog_post_site_form, .flags = ROUTE_ADMIN, .body_max = 24u << 20,
	        .help = "Change them" },
	{ "GET", "/admin/menus", blog_get_menus, .flags = ROUTE_ADMIN, .help = "Menus" },
	{ "POST", "/admin/menus", blog_post_menu, .flags = ROUTE_ADMIN, .help = "Change a menu" },
	{ "GET", "/admin/media", blog_get_library, .role = "editor", .help = "Files, and where they are used" },
	{ "POST", "/admin/media", blog_post_library, .role = "editor", .help = "Delete some, and bring them back" },
	{ "POST", "/admin/media/upload", blog_post_library_upload, .role = "editor", .body_max = LIBRARY_UPLOAD_MAX,
	        .help = "Bring files" },
	{ "GET", "/admin/media/{id:id}", blog_get_library_one, .role = "editor", .help = "A file" },
	{ "POST", "/admin/media/{id:id}", blog_post_library_one, .role = "editor",
	        .help = "Change what it is called, and what is to be seen on it" },
	{ "GET", "/admin/visits", blog_get_visits, .role = "editor", .help = "What was visited" },
	{ "GET", "/admin/visits.csv", blog_get_visits_csv, .role = "editor", .help = "Such a file" },
	{ "GET", "/admin/snippets", blog_get_snippets, .role = "editor", .help = "Snippets" },
	{ "POST", "/admin/snippets", blog_post_snippets, .role = "editor",
	        .help = "Rename one, delete some, and bring them back" },
	{ "GET", "/admin/redirects", blog_get_redirects, .flags = ROUTE_ADMIN,
	        .help = "Addresses that lead elsewhere" },
	{ "POST", "/admin/redirects", blog_post_redirects, .flags = ROUTE_ADMIN,
	        .help = "Add one, change one, take some away" },
	{ "POST", "/admin/redirects/file", blog_post_redirects_file, .flags = ROUTE_ADMIN,
	        .body_max = REDIRECT_FILE_MAX + (64 << 10), .help = "Take over a redirects file of Ghost" },
	{ "GET", "/admin/redirects.json", blog_get_redirects_file, .flags = ROUTE_ADMIN | ROUTE_LARGE,
	        .help = "Such a file" },
	{ "GET", "/comments/on/{id:id}", blog_get_comment_on, .flags = ROUTE_AUTH, .help = "To comment on a post" },
	{ "POST", "/comments/on/{id:id}", blog_post_comment_on, .flags = ROUTE_AUTH,
	        .help = "Comment on a post, or answer (to=) a comment" },
	{ "GET", "/comments/{id:id}", blog_get_comment_own, .flags = ROUTE_AUTH, .help = "A comment of one's own" },
	{ "POST", "/comments/{id:id}", blog_post_comment_own, .flags = ROUTE_AUTH, .help = "Change or delete it" },
	{ "GET", "/admin/comments", blog_get_comments, .role = "editor", .help = "What is said under posts" },
	{ "POST", "/admin/comments", blog_post_comments, .role = "editor", .help = "Show, hide or delete some of it" },
	{ "GET", "/{path:path}", blog_get_anything, .help = "Moved addresses, and help for lost ones" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "brand", blog_fragment_brand, .soft_s = 300 },
	{ "nav-tree", blog_fragment_nav_tree, .soft_s = 60, .params = "menu" },
	{ "link-card", blog_fragment_link_card, .soft_s = 300, .params = "id" },
	{ "container-cards", blog_fragment_container_cards, .soft_s = 30, .params = "limit" },
	{ "comment-box", blog_fragment_comment_box, .soft_s = 60, .per_person = true, .params = "post" },
	{ 0 },
};

static const struct setting settings[] = {
	{ "blog", "posts_per_page", SET_INT, "12", .min = 1, .max = 100, .live = true,
	        .help = "Posts on one page of a list." },
	{ "blog", "feed_posts", SET_INT, "15", .min = 1, .max = 200, .live = true, .help = "Posts in a feed." },
	{ "blog", "comments", SET_BOOL, "yes", .live = true,
	        .help = "Whether people who are signed in may comment on posts; what is there is shown either way." },
	{ "blog", "first_comment_waits", SET_BOOL, "yes", .live = true,
	        .help = "The first comment of a person is shown when an editor has looked at it." },
	{ "blog", "comments_per_hour", SET_INT, "20", .min = 1, .max = 1000, .live = true,
	        .help = "Comments of one person in an hour." },
	{ "blog", "visits", SET_BOOL, "yes", .live = true,
	        .help = "Whether visits of pages are counted, as numbers of a day." },
	{ "blog", "visits_days", SET_INT, "730", .min = 1, .max = 3650, .live = true,
	        .help = "For so many days those numbers are kept." },
	{ 0 },
};

/* Whatever changed: pages and fragments of the blog are made anew; of a comment, that post's alone. */
static enum status drop_pages(struct ctx *ctx, const struct event *ev, struct err *e)
{
	if (str_starts(ev->type, STR("comment.")))
		cache_drop_tag(ctx->svc->platform->cache, comment_tag(ctx->arena, ev->object));
	else if (!str_eqc(ev->type, NOTICE_EVENT))
		cache_drop_tag(ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}

static const struct event_handler events[] = {
	{ .type = "*", .origin = "blog", .name = "drop-pages", .handle = drop_pages },
	{ .type = "person.deleted", .origin = "identity", .name = "forget-person", .handle = blog_person_deleted },
	{ 0 },
};

/* Fill an empty site from the demonstration's Ghost export; a site that has anything in it is left alone. */
static enum status demo(struct ctx *ctx, const char *demo_dir, struct err *e)
{
	int64_t changed;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(blog_last_change(ctx, c, &changed, e));
	}
	if (changed)
		return ST_OK;
	struct import_options options = {
		.path = arena_printf(ctx->arena, "%s/millrace.ghost.json", demo_dir),
		.media_dir = arena_printf(ctx->arena, "%s/images/content", demo_dir),
		.unseen = true,
		.pictures_later = true,
	};
	struct import_report report;
	LOG(INFO, ctx, "demo.loading", LS("note", "its pictures are made in all sizes behind it, this once"));
	TRY(blog_import_ghost(ctx, ctx->svc->db, ctx->svc->platform->media, &options, &report, e));
	return write_demo(ctx, e);
}

static const struct job_def jobs[] = {
	{ .kind = "blog.publish", .run = blog_publish_due },
	{ 0 },
};

static const struct background_def backgrounds[] = {
	{ .name = "blog.visits", .turn = blog_visits_turn, .every_ms = 3000 },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ADMIN, "/write", "Writing", "Drafts, what is scheduled, and what is published", .group = "Site",
	        .role = WRITE_ROLES, .rank = -10 },
	{ PLACE_MENU, "/write", "Writing", .role = WRITE_ROLES },
	{ PLACE_ADMIN, "/admin/comments", "Comments",
	        "What is said under posts: shown, hidden, or waiting to be looked at",
	        .group = "Site", .role = "editor", .rank = -5 },
	{ PLACE_ADMIN, "/admin/media", "Media", "Pictures and files: what they are called, and where they are used",
	        .group = "Site", .role = "editor", .rank = -7 },
	{ PLACE_ADMIN, "/admin/site", "The site", "Its name, logo, colour, language and time zone", .group = "Site" },
	{ PLACE_ADMIN, "/admin/menus", "Menus", "What stands at the head and the foot of each page", .group = "Site",
	        .rank = 10 },
	{ PLACE_ADMIN, "/admin/visits", "Visits", "Which pages are read, and from where people come",
	        .group = "Site", .role = "editor", .rank = -4 },
	{ PLACE_ADMIN, "/admin/snippets", "Snippets", "Pieces of text that are put into posts again and again",
	        .group = "Site", .role = "editor", .rank = -6 },
	{ PLACE_ADMIN, "/admin/redirects", "Redirects", "Old addresses, and where they lead now", .group = "Site",
	        .rank = 12 },
	{ 0 },
};

static const struct first_step steps[] = {
	{ "/admin/site", "Name the site", "What it is called, in a sentence what it is, a logo and a colour.",
	        blog_step_named },
	{ "/admin/menus", "Make a menu", "What people should find from every page.", blog_step_menu },
	{ 0 },
};

static const struct role_def roles[] = {
	{ "supporter", "Supporter", "Reads what is for supporting members." },
	{ "author", "Author", "Writes and publishes posts of their own." },
	{ "contributor", "Contributor", "Writes drafts, which authors and editors publish." },
	{ 0 },
};
static const struct notice_def notices[] = {
	{ "blog.comments", "Comments", "Somebody commented on what you wrote, or answered you.", .by_mail = true },
	{ "blog.moderation", "Comments that wait", "Somebody's first comment waits to be looked at.", .by_mail = true,
	        .role = "editor" },
	{ 0 },
};
static const struct search_def searches[] = { { "posts", "Posts and pages" }, { 0 } };

const struct service service_blog = {
	.name = "blog",
	.title = "Site",
	.mount = "/",
	.summary = "The public site: posts, pages, topics, feeds, search",
	.routes = routes,
	.fragments = fragments,
	.searches = searches,
	.contracts = blog_contracts,
	.events = events,
	.jobs = jobs,
	.backgrounds = backgrounds,
	.settings = settings,
	.pages = pages,
	.roles = roles,
	.notices = notices,
	.steps = steps,
	.migrations = &blog_migrations,
	.media = true,
	.demo = demo,
};
