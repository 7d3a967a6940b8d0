-- All that the site's owner may take along (export_ghost.c), in the order of making.

-- name: blog_export_objects
-- params: type text
-- rows: id int, origin text?, guid text?, slug text, title text, status text, visibility text, featured bool, excerpt text, lang text, template text,
--   image text?, image_url text, image_alt text, created_at int, updated_at int, published_at int?, custom_excerpt text, caption text,
--   meta_title text, meta_description text, og_title text, og_description text, og_image text, twitter_title text,
--   twitter_description text, twitter_image text, canonical_url text, accent text, code_head text, code_foot text, email text,
--   role text, location text, website text, social text, cover_url text, format text, source text, html text
SELECT o.id, o.origin, o.guid, o.slug, o.title, o.status, o.visibility, o.featured, o.excerpt, o.lang, o.template, m.path AS image, o.image_url,
       o.image_alt, o.created_at, o.updated_at, o.published_at,
       coalesce(x.custom_excerpt, '') AS custom_excerpt, coalesce(x.caption, '') AS caption, coalesce(x.meta_title, '') AS meta_title,
       coalesce(x.meta_description, '') AS meta_description, coalesce(x.og_title, '') AS og_title,
       coalesce(x.og_description, '') AS og_description, coalesce(x.og_image, '') AS og_image,
       coalesce(x.twitter_title, '') AS twitter_title, coalesce(x.twitter_description, '') AS twitter_description,
       coalesce(x.twitter_image, '') AS twitter_image, coalesce(x.canonical_url, '') AS canonical_url, coalesce(x.accent, '') AS accent,
       coalesce(x.code_head, '') AS code_head, coalesce(x.code_foot, '') AS code_foot,
       coalesce(p.email, '') AS email, coalesce(p.role, '') AS role, coalesce(p.location, '') AS location,
       coalesce(p.website, '') AS website, coalesce(p.social, '{}') AS social, coalesce(p.cover_url, '') AS cover_url,
       coalesce(r.format, '') AS format, coalesce(r.source, '') AS source, coalesce(r.html, '') AS html
  FROM objects o
  LEFT JOIN object_meta x ON x.object_id = o.id
  LEFT JOIN author_profiles p ON p.object_id = o.id
  LEFT JOIN revisions r ON r.id = o.revision_id
  LEFT JOIN media m ON m.id = o.image_id
 WHERE o.type = :type AND (o.type <> 'snippet' OR NOT EXISTS (SELECT 1 FROM bin b WHERE b.object_id = o.id))
 ORDER BY o.created_at, o.id;

-- Both ends of each edge, with what their names in the export are made of.
-- name: blog_export_links
-- params: type text
-- rows: src int, src_guid text?, dst int, origin text?, ord int
SELECT e.src, s.guid AS src_guid, e.dst, d.origin, e.ord FROM edges e JOIN objects s ON s.id = e.src JOIN objects d ON d.id = e.dst
 WHERE e.type = :type AND s.type IN ('post', 'page')
 ORDER BY e.src, e.ord, e.dst;

-- Each stored file by each address it came from; those that were put here have none.
-- name: blog_export_media
-- rows: sha256 text, type text, path text, origin text?
SELECT m.sha256, m.type, m.path, g.origin FROM media m LEFT JOIN media_origins g ON g.media_id = m.id ORDER BY m.id, g.origin;
