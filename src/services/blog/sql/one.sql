-- One object by its slug, with what its own page shows; who may read which body is decided here and nowhere else.

-- access: 0 a visitor, 1 a member, 2 a paying member.
-- name: blog_post_by_slug
-- params: slug text, access int, now int
-- row: id int, type text, slug text, title text, excerpt text, published_at int, updated_at int, reading_min int,
--   featured bool, visibility text, lang text, image_url text, image_alt text, tags text, authors text, path text?, srcset text?,
--   width int?, height int?, template text, caption text?, custom_excerpt text?, meta_title text?, meta_description text?,
--   og_title text?, og_description text?, og_image text?, twitter_title text?, twitter_description text?, twitter_image text?,
--   canonical_url text?, html text?, gated bool, comments_closed bool
SELECT o.id, o.type, o.slug, o.title, o.excerpt, COALESCE(o.published_at, 0) AS published_at, o.updated_at, o.reading_min,
       o.featured, o.visibility, o.lang, o.image_url, o.image_alt, o.tags, o.authors, m.path, m.srcset, m.width, m.height,
       o.template, x.caption, x.custom_excerpt, x.meta_title, x.meta_description,
       x.og_title, x.og_description, x.og_image, x.twitter_title, x.twitter_description, x.twitter_image, x.canonical_url,
       CASE WHEN :access >= 2 THEN r.html
            WHEN :access = 1 AND o.visibility IN ('public', 'members') THEN COALESCE(r.html_member, r.html)
            WHEN o.visibility = 'public' THEN COALESCE(r.html_public, r.html)
            ELSE r.html_preview END AS html,
       CASE WHEN :access >= 2 OR o.visibility = 'public' OR (:access = 1 AND o.visibility = 'members') THEN FALSE
            ELSE TRUE END AS gated, COALESCE(x.comments_closed, FALSE) AS comments_closed
  FROM objects o LEFT JOIN media m ON m.id = o.image_id LEFT JOIN object_meta x ON x.object_id = o.id
  LEFT JOIN revisions r ON r.id = o.revision_id
 WHERE o.slug = :slug AND o.type IN ('post', 'page') AND o.status <> 'draft' AND o.published_at <= :now
 ORDER BY o.type DESC LIMIT 1;

-- name: blog_card_visible
-- params: id int, now int
-- row: id int
SELECT id FROM objects
 WHERE id = :id AND type IN ('post', 'page') AND status IN ('published', 'scheduled', 'unlisted') AND published_at <= :now;

-- Bodies as a visitor may read them, and where they came from.
-- Without those that are longer than max: what a feed carries has an end.
-- name: blog_public_bodies
-- params: ids text, max int
-- rows: id int, html text?, gated bool, origin text?, guid text?, cut bool
-- sqlite:
SELECT b.id, CASE WHEN LENGTH(b.html) <= :max THEN b.html END AS html, b.gated, b.origin, b.guid, COALESCE(LENGTH(b.html), 0) > :max AS cut
  FROM (SELECT o.id, CASE WHEN o.visibility = 'public' THEN COALESCE(r.html_public, r.html) ELSE r.html_preview END AS html,
       o.visibility <> 'public' AS gated, o.origin, o.guid, i.key
  FROM json_each(:ids) i CROSS JOIN objects o ON o.id = i.value LEFT JOIN revisions r ON r.id = o.revision_id) AS b
 ORDER BY b.key;
-- postgres:
SELECT b.id, CASE WHEN LENGTH(b.html) <= :max THEN b.html END AS html, b.gated, b.origin, b.guid, COALESCE(LENGTH(b.html), 0) > :max AS cut
  FROM (SELECT o.id, CASE WHEN o.visibility = 'public' THEN COALESCE(r.html_public, r.html) ELSE r.html_preview END AS html,
       o.visibility <> 'public' AS gated, o.origin, o.guid, i.key
  FROM json_array_elements_text(:ids::json) WITH ORDINALITY AS i(value, key)
  JOIN objects o ON o.id = i.value::bigint LEFT JOIN revisions r ON r.id = o.revision_id) AS b
 ORDER BY b.key;

-- A tag or an author.
-- name: blog_term_by_slug
-- params: type text, slug text
-- row: id int, slug text, title text, excerpt text, image_url text, image_alt text, path text?, srcset text?, width int?,
--   height int?, accent text?, meta_title text?, meta_description text?, og_title text?, og_description text?,
--   og_image text?, twitter_title text?, twitter_description text?, twitter_image text?, canonical_url text?,
--   location text?, website text?, social text?, cover_url text?
SELECT o.id, o.slug, o.title, o.excerpt, o.image_url, o.image_alt, m.path, m.srcset, m.width, m.height, x.accent,
       x.meta_title, x.meta_description, x.og_title, x.og_description, x.og_image, x.twitter_title, x.twitter_description,
       x.twitter_image, x.canonical_url, p.location, p.website, p.social, p.cover_url
  FROM objects o LEFT JOIN media m ON m.id = o.image_id LEFT JOIN object_meta x ON x.object_id = o.id
  LEFT JOIN author_profiles p ON p.object_id = o.id
 WHERE o.type = :type AND o.slug = :slug AND o.status IN ('published', 'scheduled');

-- Where an old address leads: a redirect, or a file that an import took over.
-- name: blog_redirect
-- params: path text
-- row: target text, status int
SELECT target, status FROM redirects WHERE path = :path AND deleted_at IS NULL
UNION ALL
SELECT m.path, 301 FROM media_origins g JOIN media m ON m.id = g.media_id WHERE g.origin = :path
LIMIT 1;

-- name: blog_site_pages
-- params: now int, lim int
-- rows: id int, title text
SELECT id, title FROM objects WHERE type = 'page' AND status IN ('published', 'scheduled') AND published_at <= :now ORDER BY title, id LIMIT :lim;
