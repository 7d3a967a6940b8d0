-- What people said to a post.

-- The oldest first, as many as are shown.
-- name: blog_comments_of
-- params: object_id int, lim int
-- rows: id int, name text, html text, created_at int, reply_to text?
SELECT c.id, c.name, c.html, c.created_at, p.name AS reply_to
  FROM comments c LEFT JOIN comments p ON p.id = c.parent_id AND p.status = 'shown'
 WHERE c.object_id = :object_id AND c.status = 'shown' ORDER BY c.created_at, c.id LIMIT :lim;

-- name: blog_comment_by_origin
-- params: origin text
-- row: id int
SELECT id FROM comments WHERE origin = :origin;

-- name: blog_comment_add
-- params: id int, object_id int, parent_id int?, person_id int?, name text, html text, status text, created_at int, origin text?
-- exec
INSERT INTO comments (id, object_id, parent_id, person_id, name, html, status, created_at, origin)
VALUES (:id, :object_id, :parent_id, :person_id, :name, :html, :status, :created_at, :origin)
    ON CONFLICT DO NOTHING;

-- The page above a page, where it can be read.
-- name: blog_page_above
-- params: id int, now int
-- row: slug text, title text
SELECT o.slug, o.title FROM edges e JOIN objects o ON o.id = e.dst
 WHERE e.src = :id AND e.type = 'part-of' AND o.type = 'page' AND o.status <> 'draft' AND o.published_at <= :now
 ORDER BY e.ord LIMIT 1;
