-- What Ghost's Content API gives to anybody (content_api.c): the published, and of bodies what a visitor may read. Conditions, order and
-- page are put behind the first two statements.

-- name: blog_content
-- params: type text, now int
-- rows: id int, origin text?, guid text?, slug text, title text, status text, visibility text, featured bool, excerpt text, lang text, template text,
--   image text?, image_url text, image_alt text, reading_min int, created_at int, updated_at int, published_at int?, custom_excerpt text,
--   caption text, meta_title text, meta_description text, og_title text, og_description text, og_image text, twitter_title text,
--   twitter_description text, twitter_image text, canonical_url text, accent text, location text, website text, social text, cover_url text,
--   html text?, plain text?
SELECT o.id, o.origin, o.guid, o.slug, o.title, o.status, o.visibility, o.featured,
       CASE WHEN o.visibility = 'public' OR o.type NOT IN ('post', 'page') THEN o.excerpt ELSE '' END AS excerpt,
       o.lang, o.template, m.path AS image, o.image_url, o.image_alt, o.reading_min, o.created_at, o.updated_at, o.published_at,
       coalesce(x.custom_excerpt, '') AS custom_excerpt, coalesce(x.caption, '') AS caption, coalesce(x.meta_title, '') AS meta_title,
       coalesce(x.meta_description, '') AS meta_description, coalesce(x.og_title, '') AS og_title,
       coalesce(x.og_description, '') AS og_description, coalesce(x.og_image, '') AS og_image,
       coalesce(x.twitter_title, '') AS twitter_title, coalesce(x.twitter_description, '') AS twitter_description,
       coalesce(x.twitter_image, '') AS twitter_image, coalesce(x.canonical_url, '') AS canonical_url, coalesce(x.accent, '') AS accent,
       coalesce(p.location, '') AS location, coalesce(p.website, '') AS website, coalesce(p.social, '{}') AS social,
       coalesce(p.cover_url, '') AS cover_url,
       CASE WHEN o.visibility = 'public' THEN coalesce(r.html_public, r.html) ELSE '' END AS html,
       CASE WHEN o.visibility = 'public' THEN r.plain ELSE '' END AS plain
  FROM objects o LEFT JOIN object_meta x ON x.object_id = o.id LEFT JOIN author_profiles p ON p.object_id = o.id
  LEFT JOIN revisions r ON r.id = o.revision_id LEFT JOIN media m ON m.id = o.image_id
 WHERE o.type = :type AND (o.type NOT IN ('post', 'page') OR (o.status IN ('published', 'scheduled') AND o.published_at <= :now));

-- name: blog_content_count
-- params: type text, now int
-- row: n int
SELECT COUNT(*) AS n FROM objects o LEFT JOIN object_meta x ON x.object_id = o.id LEFT JOIN author_profiles p ON p.object_id = o.id
 WHERE o.type = :type AND (o.type NOT IN ('post', 'page') OR (o.status IN ('published', 'scheduled') AND o.published_at <= :now));

-- name: blog_content_linked
-- params: src int, type text
-- rows: like blog_content
SELECT o.id, o.origin, o.guid, o.slug, o.title, o.status, o.visibility, o.featured, o.excerpt, o.lang, o.template, m.path AS image, o.image_url,
       o.image_alt, o.reading_min, o.created_at, o.updated_at, o.published_at,
       coalesce(x.custom_excerpt, '') AS custom_excerpt, coalesce(x.caption, '') AS caption, coalesce(x.meta_title, '') AS meta_title,
       coalesce(x.meta_description, '') AS meta_description, coalesce(x.og_title, '') AS og_title,
       coalesce(x.og_description, '') AS og_description, coalesce(x.og_image, '') AS og_image,
       coalesce(x.twitter_title, '') AS twitter_title, coalesce(x.twitter_description, '') AS twitter_description,
       coalesce(x.twitter_image, '') AS twitter_image, coalesce(x.canonical_url, '') AS canonical_url, coalesce(x.accent, '') AS accent,
       coalesce(p.location, '') AS location, coalesce(p.website, '') AS website, coalesce(p.social, '{}') AS social,
       coalesce(p.cover_url, '') AS cover_url, '' AS html, '' AS plain
  FROM edges e JOIN objects o ON o.id = e.dst LEFT JOIN object_meta x ON x.object_id = o.id LEFT JOIN author_profiles p ON p.object_id = o.id
  LEFT JOIN media m ON m.id = o.image_id
 WHERE e.src = :src AND e.type = :type ORDER BY e.ord, e.dst;

-- How many posts have that tag or author.
-- name: blog_content_uses
-- params: dst int, type text, now int
-- row: n int
SELECT COUNT(*) AS n FROM edges e JOIN objects s ON s.id = e.src
 WHERE e.dst = :dst AND e.type = :type AND s.type = 'post' AND s.status IN ('published', 'scheduled') AND s.published_at <= :now;
