-- What people said to a post.

-- Thread by thread, the oldest first, as many as are shown. below: it stands under the comment that its thread begins with.
-- name: blog_comments_of
-- params: object_id int, lim int
-- rows: id int, name text, html text, created_at int, edited_at int?, reply_to text?, below bool
SELECT c.id, c.name, c.html, c.created_at, c.edited_at, p.name AS reply_to,
       CASE WHEN t.id IS NOT NULL AND t.id <> c.id THEN TRUE ELSE FALSE END AS below
  FROM comments c LEFT JOIN comments p ON p.id = c.parent_id AND p.status = 'shown'
  LEFT JOIN comments t ON t.id = c.thread_id AND t.status = 'shown'
 WHERE c.object_id = :object_id AND c.status = 'shown'
 ORDER BY COALESCE(t.created_at, c.created_at), COALESCE(t.id, c.id), CASE WHEN t.id = c.id THEN 0 ELSE 1 END, c.created_at, c.id LIMIT :lim;

-- name: blog_comment_by_origin
-- params: origin text
-- row: id int, thread_id int
SELECT id, thread_id FROM comments WHERE origin = :origin;

-- name: blog_comment_add
-- params: id int, object_id int, parent_id int?, thread_id int, person_id int?, name text, text text, html text, status text, created_at int, origin text?
-- exec
INSERT INTO comments (id, object_id, parent_id, thread_id, person_id, name, text, html, status, created_at, origin)
VALUES (:id, :object_id, :parent_id, :thread_id, :person_id, :name, :text, :html, :status, :created_at, :origin)
    ON CONFLICT DO NOTHING;

-- A post that is read, as whoever may comment on it needs to know it. access: as in blog_post_by_slug.
-- name: blog_commentable
-- params: id int, access int, now int
-- row: id int, slug text, title text, closed bool, gated bool, comments int
SELECT o.id, o.slug, o.title, COALESCE(x.comments_closed, FALSE) AS closed,
       CASE WHEN :access >= 2 OR o.visibility = 'public' OR (:access = 1 AND o.visibility = 'members') THEN FALSE
            ELSE TRUE END AS gated,
       (SELECT COUNT(*) FROM comments c WHERE c.object_id = o.id AND c.status <> 'deleted') AS comments
  FROM objects o LEFT JOIN object_meta x ON x.object_id = o.id
 WHERE o.id = :id AND o.type = 'post' AND o.status <> 'draft' AND o.published_at <= :now;

-- Does a post take no comments any more?
-- name: blog_comments_close
-- params: id int, closed bool
-- exec
UPDATE object_meta SET comments_closed = :closed WHERE object_id = :id;

-- name: blog_comment_get
-- params: id int
-- row: id int, object_id int, parent_id int?, thread_id int, person_id int?, name text, text text, html text, status text, was text?, created_at int
SELECT id, object_id, parent_id, thread_id, person_id, name, text, html, status, was, created_at FROM comments WHERE id = :id;

-- How many of somebody's came since then, how many wait, and how many were found good.
-- name: blog_comment_counts
-- params: person int, since int
-- row: lately int, waiting int, good int
SELECT (SELECT COUNT(*) FROM comments WHERE person_id = :person AND created_at >= :since) AS lately,
       (SELECT COUNT(*) FROM comments WHERE person_id = :person AND status = 'waiting') AS waiting,
       (SELECT COUNT(*) FROM comments WHERE person_id = :person AND status = 'shown') AS good;

-- Somebody's own under a post, the newest first.
-- name: blog_comments_own
-- params: person int, object_id int, lim int
-- rows: id int, html text, status text, created_at int
SELECT id, html, status, created_at FROM comments
 WHERE person_id = :person AND object_id = :object_id AND status <> 'deleted' ORDER BY created_at DESC, id DESC LIMIT :lim;

-- name: blog_comment_edit
-- params: id int, person int, text text, html text, now int
-- exec
UPDATE comments SET text = :text, html = :html, edited_at = :now WHERE id = :id AND person_id = :person AND status <> 'deleted';

-- name: blog_comment_drop
-- params: id int, person int
-- exec
DELETE FROM comments WHERE id = :id AND person_id = :person AND status <> 'deleted';

-- name: blog_comment_decide
-- params: id int, status text
-- exec
UPDATE comments SET was = status, status = :status WHERE id = :id AND status <> :status;

-- name: blog_comment_back
-- params: id int
-- exec
UPDATE comments SET status = was, was = NULL WHERE id = :id AND was IS NOT NULL;

-- Everything of somebody's.
-- name: blog_comments_person
-- params: person int
-- rows: title text, slug text, text text, status text, created_at int
SELECT o.title, o.slug, c.text, c.status, c.created_at FROM comments c JOIN objects o ON o.id = c.object_id
 WHERE c.person_id = :person ORDER BY c.created_at, c.id;

-- name: blog_comments_forget
-- params: person int
-- exec
DELETE FROM comments WHERE person_id = :person;

-- name: blog_post_name
-- params: id int
-- row: slug text, title text
SELECT slug, title FROM objects WHERE id = :id;

-- The people who wrote a post.
-- name: blog_post_people
-- params: id int, lim int
-- rows: person int
SELECT a.person_id AS person FROM edges e JOIN author_people a ON a.object_id = e.dst
 WHERE e.src = :id AND e.type = 'authored-by' ORDER BY e.ord LIMIT :lim;

-- For those who look after them. state: '' all but what was deleted.
-- name: blog_comments
-- params: q text, pattern text, state text
-- list: id int, name text, text text, html text, state text, post text, slug text, object_id int, created_at int
-- sorts: created_at, name
SELECT c.id, c.name, c.text, c.html, c.status AS state, o.title AS post, o.slug, c.object_id, c.created_at
  FROM comments c JOIN objects o ON o.id = c.object_id
 WHERE (:q = '' OR lower(c.name) LIKE :pattern ESCAPE '!' OR lower(c.html) LIKE :pattern ESCAPE '!' OR lower(o.title) LIKE :pattern ESCAPE '!')
   AND ((:state = '' AND c.status <> 'deleted') OR c.status = :state);

-- The page above a page, where it can be read.
-- name: blog_page_above
-- params: id int, now int
-- row: slug text, title text
SELECT o.slug, o.title FROM edges e JOIN objects o ON o.id = e.dst
 WHERE e.src = :id AND e.type = 'part-of' AND o.type = 'page' AND o.status <> 'draft' AND o.published_at <= :now
 ORDER BY e.ord LIMIT 1;
