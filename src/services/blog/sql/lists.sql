-- Which objects a list holds, in order. Most lists give ids, and blog_cards fetches their cards, all at once; those of the front page
-- and of a post are asked for most, and give what a list shows of a card by themselves.
-- What is scheduled is published as soon as its time has come: no job has to do anything for it.

-- name: blog_listed
-- params: now int, lim int, off int
-- rows: id int, total int
SELECT id,
       (SELECT count(*) FROM objects WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now) AS total
  FROM objects
 WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now
 ORDER BY published_at DESC, id DESC LIMIT :lim OFFSET :off;

-- name: blog_front
-- params: now int, lim int, off int
-- rows: id int, slug text, title text, excerpt text, published_at int, reading_min int, visibility text, tags text, authors text,
--   image text, image_alt text, srcset text?, width int?, height int?, total int
SELECT o.id, o.slug, o.title, o.excerpt, o.published_at, o.reading_min, o.visibility, o.tags, o.authors,
       COALESCE(m.path, o.image_url) AS image, o.image_alt, m.srcset, m.width, m.height,
       (SELECT count(*) FROM objects WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now) AS total
  FROM objects o LEFT JOIN media m ON m.id = o.image_id
 WHERE o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
 ORDER BY o.published_at DESC, o.id DESC LIMIT :lim OFFSET :off;

-- name: blog_listed_featured
-- params: now int, lim int
-- rows: id int
SELECT id FROM objects
 WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now AND featured
 ORDER BY published_at DESC, id DESC LIMIT :lim;

-- Posts that an edge connects to one object: of a tag, by an author. CROSS JOIN keeps SQLite from walking all posts first.
-- name: blog_listed_by_edge
-- params: type text, dst int, now int, lim int, off int
-- rows: id int, total int
SELECT o.id,
       (SELECT count(*) FROM edges e CROSS JOIN objects o
         WHERE e.dst = :dst AND e.type = :type AND o.id = e.src
           AND o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now) AS total
  FROM edges e CROSS JOIN objects o
 WHERE e.dst = :dst AND e.type = :type AND o.id = e.src
   AND o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
 ORDER BY o.published_at DESC, o.id DESC LIMIT :lim OFFSET :off;

-- name: blog_older
-- params: id int, at int
-- row: slug text, title text
SELECT slug, title FROM objects
 WHERE type = 'post' AND status IN ('published', 'scheduled') AND (published_at, id) < (:at, :id)
 ORDER BY published_at DESC, id DESC LIMIT 1;

-- name: blog_newer
-- params: id int, at int, now int
-- row: slug text, title text
SELECT slug, title FROM objects
 WHERE type = 'post' AND status IN ('published', 'scheduled') AND (published_at, id) > (:at, :id) AND published_at <= :now
 ORDER BY published_at, id LIMIT 1;

-- Those that share most tags, or are said to be related: :lim of them, in no order. One may be there for both reasons.
-- name: blog_related
-- params: id int, now int, lim int
-- rows: id int, slug text, title text, excerpt text, published_at int, reading_min int, visibility text, tags text, authors text,
--   image text, image_alt text, srcset text?, width int?, height int?, weight int
SELECT o.id, o.slug, o.title, o.excerpt, o.published_at, o.reading_min, o.visibility, o.tags, o.authors,
       COALESCE(m.path, o.image_url) AS image, o.image_alt, m.srcset, m.width, m.height, n.weight
  FROM (SELECT s.id, s.weight
          FROM (SELECT t.src AS id, count(*) AS weight
                  FROM edges m JOIN edges t ON t.dst = m.dst AND t.type = 'tagged' AND t.src <> :id
                 WHERE m.src = :id AND m.type = 'tagged' GROUP BY t.src
                UNION ALL
                SELECT r.dst, 100 FROM edges r WHERE r.src = :id AND r.type = 'related') AS s
          CROSS JOIN objects o
         WHERE o.id = s.id AND o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
         ORDER BY s.weight DESC, o.published_at DESC LIMIT :lim) AS n
 CROSS JOIN objects o LEFT JOIN media m ON m.id = o.image_id
 WHERE o.id = n.id;

-- name: blog_cards
-- params: ids text
-- rows: id int, type text, slug text, title text, excerpt text, published_at int, updated_at int, reading_min int,
--   featured bool, visibility text, lang text, image_url text, image_alt text, tags text, authors text, path text?, srcset text?,
--   width int?, height int?
-- sqlite:
SELECT o.id, o.type, o.slug, o.title, o.excerpt, COALESCE(o.published_at, 0) AS published_at, o.updated_at, o.reading_min,
       o.featured, o.visibility, o.lang, o.image_url, o.image_alt, o.tags, o.authors, m.path, m.srcset, m.width, m.height
  FROM json_each(:ids) i CROSS JOIN objects o ON o.id = i.value LEFT JOIN media m ON m.id = o.image_id
 ORDER BY i.key;
-- postgres:
SELECT o.id, o.type, o.slug, o.title, o.excerpt, COALESCE(o.published_at, 0) AS published_at, o.updated_at, o.reading_min,
       o.featured, o.visibility, o.lang, o.image_url, o.image_alt, o.tags, o.authors, m.path, m.srcset, m.width, m.height
  FROM json_array_elements_text(:ids::json) WITH ORDINALITY AS i(value, key)
  JOIN objects o ON o.id = i.value::bigint LEFT JOIN media m ON m.id = o.image_id
 ORDER BY i.key;

-- Pictures of a post's authors.
-- name: blog_faces
-- params: src int
-- rows: slug text, image_url text, image_alt text, path text?, srcset text?, width int?, height int?
SELECT o.slug, o.image_url, o.image_alt, m.path, m.srcset, m.width, m.height
  FROM edges e CROSS JOIN objects o LEFT JOIN media m ON m.id = o.image_id
 WHERE e.src = :src AND e.type = 'authored-by' AND o.id = e.dst;

-- name: blog_tags_listed
-- params: now int, lim int
-- rows: id int, slug text, title text, excerpt text, accent text, posts int
SELECT t.id, t.slug, t.title, t.excerpt, COALESCE(x.accent, '') AS accent, count(*) AS posts
  FROM objects t JOIN edges e ON e.dst = t.id AND e.type = 'tagged' JOIN objects o ON o.id = e.src
  LEFT JOIN object_meta x ON x.object_id = t.id
 WHERE t.type = 'tag' AND t.status IN ('published', 'scheduled')
   AND o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
 GROUP BY t.id, t.slug, t.title, t.excerpt, x.accent
 ORDER BY posts DESC, t.title LIMIT :lim;

-- name: blog_authors_listed
-- params: now int, lim int
-- rows: id int, slug text, title text, excerpt text, image_url text, image_alt text, path text?, srcset text?, width int?,
--   height int?, location text?, website text?, social text?, cover_url text?, posts int
SELECT a.id, a.slug, a.title, a.excerpt, a.image_url, a.image_alt, m.path, m.srcset, m.width, m.height,
       p.location, p.website, p.social, p.cover_url, n.posts
  FROM (SELECT e.dst, count(*) AS posts FROM edges e JOIN objects o ON o.id = e.src
         WHERE e.type = 'authored-by' AND o.type = 'post' AND o.status IN ('published', 'scheduled') AND o.published_at <= :now
         GROUP BY e.dst) AS n
  JOIN objects a ON a.id = n.dst LEFT JOIN media m ON m.id = a.image_id LEFT JOIN author_profiles p ON p.object_id = a.id
 WHERE a.type = 'author' AND a.status IN ('published', 'scheduled')
 ORDER BY n.posts DESC, a.title LIMIT :lim;

-- name: blog_locations
-- params: now int, lim int, off int
-- rows: type text, slug text, updated_at int, image_url text, path text?
SELECT o.type, o.slug, o.updated_at, o.image_url, m.path
  FROM objects o LEFT JOIN media m ON m.id = o.image_id
 WHERE o.status IN ('published', 'scheduled')
   AND ((o.type IN ('post', 'page') AND o.published_at <= :now)
     OR (o.type IN ('tag', 'author') AND EXISTS (
           SELECT 1 FROM edges e CROSS JOIN objects p
            WHERE p.id = e.src AND e.dst = o.id AND e.type = CASE o.type WHEN 'tag' THEN 'tagged' ELSE 'authored-by' END
              AND p.type = 'post' AND p.status IN ('published', 'scheduled') AND p.published_at <= :now)))
 ORDER BY CASE o.type WHEN 'page' THEN 1 WHEN 'post' THEN 2 WHEN 'tag' THEN 3 ELSE 4 END, o.published_at DESC, o.id DESC
 LIMIT :lim OFFSET :off;

-- name: blog_location_count
-- params: now int
-- row: n int
SELECT count(*) AS n
  FROM objects o
 WHERE o.status IN ('published', 'scheduled')
   AND ((o.type IN ('post', 'page') AND o.published_at <= :now)
     OR (o.type IN ('tag', 'author') AND EXISTS (
           SELECT 1 FROM edges e CROSS JOIN objects p
            WHERE p.id = e.src AND e.dst = o.id AND e.type = CASE o.type WHEN 'tag' THEN 'tagged' ELSE 'authored-by' END
              AND p.type = 'post' AND p.status IN ('published', 'scheduled') AND p.published_at <= :now)));

-- Slugs and titles to compare a missing address with: newest first, so that a limit drops the oldest.
-- name: blog_names
-- params: now int, lim int
-- rows: type text, slug text, title text
SELECT type, slug, title FROM objects
 WHERE type IN ('post', 'page', 'tag', 'author') AND status IN ('published', 'scheduled') AND (published_at IS NULL OR published_at <= :now)
 ORDER BY updated_at DESC LIMIT :lim;

-- name: blog_last_change
-- params: now int
-- row: us int
-- sqlite:
SELECT max(COALESCE((SELECT max(updated_at) FROM objects WHERE updated_at <= :now), 0),
           COALESCE((SELECT max(published_at) FROM objects WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now), 0),
           COALESCE((SELECT max(updated_at) FROM settings), 0)) AS us;
-- postgres:
SELECT greatest(COALESCE((SELECT max(updated_at) FROM objects WHERE updated_at <= :now), 0),
           COALESCE((SELECT max(published_at) FROM objects WHERE type = 'post' AND status IN ('published', 'scheduled') AND published_at <= :now), 0),
           COALESCE((SELECT max(updated_at) FROM settings), 0)) AS us;
