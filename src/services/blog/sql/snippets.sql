-- Snippets: pieces of text that writers put in again and again. Objects of the type "snippet"; a deleted one lies in the bin.

-- name: blog_snippets
-- params: q text, pattern text
-- list: id int, title text, words int, edited_at int
-- sorts: edited_at, title
SELECT o.id, o.title, (SELECT r.words FROM revisions r WHERE r.id = o.revision_id) AS words, o.edited_at FROM objects o
 WHERE o.type = 'snippet' AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.object_id = o.id)
   AND (:q = '' OR lower(o.title) LIKE :pattern ESCAPE '!');

-- name: blog_snippet_names
-- params: lim int
-- rows: id int, title text
SELECT o.id, o.title FROM objects o
 WHERE o.type = 'snippet' AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.object_id = o.id) ORDER BY o.title, o.id LIMIT :lim;

-- name: blog_snippet
-- params: id int
-- row: id int, title text, format text?, source text?
SELECT o.id, o.title, r.format, r.source FROM objects o LEFT JOIN revisions r ON r.id = o.revision_id
 WHERE o.id = :id AND o.type = 'snippet' AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.object_id = o.id);

-- name: blog_snippet_named
-- params: title text
-- row: id int
SELECT o.id FROM objects o
 WHERE o.type = 'snippet' AND o.title = :title AND NOT EXISTS (SELECT 1 FROM bin b WHERE b.object_id = o.id) ORDER BY o.id LIMIT 1;

-- name: blog_snippets_count
-- row: n int
SELECT COUNT(*) AS n FROM objects WHERE type = 'snippet';

-- name: blog_snippet_rename
-- params: id int, title text, now int
-- exec
UPDATE objects SET title = :title, updated_at = :now, edited_at = :now WHERE id = :id AND type = 'snippet';

-- name: blog_snippet_bin
-- params: id int, now int
-- exec
INSERT INTO bin (object_id, status, at) SELECT id, status, :now FROM objects WHERE id = :id AND type = 'snippet' ON CONFLICT DO NOTHING;

-- name: blog_snippet_back
-- params: id int
-- exec
DELETE FROM bin WHERE object_id IN (SELECT id FROM objects WHERE id = :id AND type = 'snippet');
