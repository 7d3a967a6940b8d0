/* SPDX-License-Identifier: Apache-2.0
 *
 * Links, dates and labels as the blog's templates write them. Pure functions of their arguments; results in the
 * request's arena.
 */
#include "services/blog/blog_views.h"

#include "base/clock.h"
#include "platform/text/local.h"
#include "platform/text/url.h"

struct str blog_post_url(struct ctx *ctx, struct str slug)
{
	return web_url_around(ctx, "blog", STR("/"), slug, STR("/"));
}

struct str blog_tag_url(struct ctx *ctx, struct str slug)
{
	return web_url_around(ctx, "blog", STR("/tag/"), slug, STR("/"));
}

struct str blog_author_url(struct ctx *ctx, struct str slug)
{
	return web_url_around(ctx, "blog", STR("/author/"), slug, STR("/"));
}

struct str blog_page_url(struct ctx *ctx, struct str base, int number)
{
	if (number <= 1)
		return web_url(ctx, "blog", "%.*s", STR_ARG(base));
	return web_url(ctx, "blog", "%.*spage/%d/", STR_ARG(base), number);
}

struct str blog_abs(struct ctx *ctx, struct str url)
{
	/* Feeds, maps and heads of pages name it to programs that follow: what is no address of the web is left out
	 * everywhere. */
	if (!url_is_public(url))
		return STR("");
	if (url.p[0] != '/')
		return url;
	/* web_url() gives a path below the origin: what is missing is scheme and host, which end where the base path
	 * begins. */
	struct service_instance *blog = platform_service(ctx->svc->platform, "blog");
	struct str origin = str_first(blog->base_url, blog->base_url.n - blog->base_path.n);
	struct buf b;
	buf_arena(&b, ctx->arena, SIZE_MAX);
	buf_reserve(&b, origin.n + url.n);
	buf_putstr(&b, origin);
	buf_putstr(&b, url);
	return buf_str(&b);
}

static void civil_of(struct ctx *ctx, const struct blog_site *site, int64_t us, struct civil *c)
{
	const char *zone = site->timezone.n ? arena_cstr(ctx->arena, site->timezone) : "UTC";
	if (!clock_civil_zone(us, zone, c))
		clock_civil_utc(us, c);
}

struct str blog_date(struct ctx *ctx, const struct blog_site *site, int64_t us)
{
	struct civil c;
	civil_of(ctx, site, us, &c);
	return local_date(ctx->arena, &c);
}

struct str blog_day_month(struct ctx *ctx, const struct blog_site *site, int64_t us)
{
	struct civil c;
	civil_of(ctx, site, us, &c);
	return local_day_month(ctx->arena, &c);
}

struct str blog_iso(struct ctx *ctx, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	size_t n = clock_rfc3339(us - us % US_PER_S, text);
	return arena_str(ctx->arena, str_n(text, n));
}

struct str blog_rfc822(struct ctx *ctx, int64_t us)
{
	char text[CLOCK_TEXT_MAX];
	size_t n = clock_rfc822(us, text);
	return arena_str(ctx->arena, str_n(text, n));
}

const char *blog_gate_label(enum blog_visibility v)
{
	switch (v) {
	case BLOG_MEMBERS_ONLY:
		return "Members";
	case BLOG_PAID_ONLY:
	case BLOG_TIERS:
		return "Supporters";
	case BLOG_PUBLIC:
		break;
	}
	return NULL;
}

/* Where a handle alone was given, the network's own address is put before it. */
static const struct {
	const char *network, *prefix;
} networks[] = {
	{ "facebook", "https://www.facebook.com/" },  { "twitter", "https://twitter.com/" },
	{ "threads", "https://www.threads.net/@" },   { "bluesky", "https://bsky.app/profile/" },
	{ "youtube", "https://www.youtube.com/" },    { "instagram", "https://www.instagram.com/" },
	{ "linkedin", "https://www.linkedin.com/in/" }, { "tiktok", "https://www.tiktok.com/@" },
};

struct str blog_social_url(struct ctx *ctx, const struct blog_social *s)
{
	if (str_starts(s->value, STR("https://")) || str_starts(s->value, STR("http://")))
		return s->value;
	struct str handle = s->value;
	while (handle.n && (handle.p[0] == '@' || handle.p[0] == '/'))
		handle = str_skip(handle, 1);
	if (str_eqc(s->network, "mastodon")) { /* user@host, or host/@user */
		struct str user, host = handle;
		if (str_chr(handle, '/') >= 0)
			return arena_strf(ctx->arena, "https://%.*s", STR_ARG(handle));
		if (!str_cut(&host, '@', &user))
			return STR("");
		return arena_strf(ctx->arena, "https://%.*s/@%.*s", STR_ARG(host), STR_ARG(user));
	}
	for (size_t i = 0; handle.n && i < sizeof networks / sizeof *networks; i++)
		if (str_eqc(s->network, networks[i].network))
			return arena_strf(ctx->arena, "%s%.*s", networks[i].prefix, STR_ARG(handle));
	return STR("");
}

/* Bytes at s that XML has no place for: C0 controls, and the noncharacters U+FFFE and U+FFFF (EF BF BE, EF BF BF). */
static size_t not_xml(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	return c == 0xef && s.n > 2 && (unsigned char)s.p[1] == 0xbf && (unsigned char)s.p[2] >= 0xbe ? 3 : 0;
}

struct str blog_xml(struct ctx *ctx, struct str s)
{
	size_t i = 0, n, bad;
	while (i < s.n && !not_xml(str_skip(s, i)))
		i++;
	if (i == s.n)
		return s;
	char *out = arena_alloc(ctx->arena, s.n);
	memcpy(out, s.p, n = i);
	for (; i < s.n; i += bad ? bad : 1)
		if (!(bad = not_xml(str_skip(s, i))))
			out[n++] = s.p[i];
	return str_n(out, n);
}
