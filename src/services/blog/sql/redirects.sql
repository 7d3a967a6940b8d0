-- Addresses that lead elsewhere: old ones of this site, and those of the site that it was before.

-- name: blog_redirects
-- params: q text, pattern text
-- list: path text, target text, status int, created_at int
-- sorts: created_at, path
SELECT path, target, status, created_at FROM redirects
 WHERE deleted_at IS NULL AND (:q = '' OR lower(path) LIKE :pattern ESCAPE '!' OR lower(target) LIKE :pattern ESCAPE '!');

-- With or without a slash at its end.
-- name: blog_redirect_from
-- params: path text, other text
-- row: path text, target text, status int
SELECT path, target, status FROM redirects WHERE path IN (:path, :other) AND deleted_at IS NULL
 ORDER BY CASE WHEN path = :path THEN 0 ELSE 1 END LIMIT 1;

-- name: blog_redirects_all
-- rows: path text, target text, status int
SELECT path, target, status FROM redirects WHERE deleted_at IS NULL ORDER BY path;

-- name: blog_redirect_remove
-- params: path text, now int
-- exec
UPDATE redirects SET deleted_at = :now WHERE path = :path AND deleted_at IS NULL;

-- name: blog_redirect_removed
-- params: path text
-- row: path text, target text, status int
SELECT path, target, status FROM redirects WHERE path = :path AND deleted_at IS NOT NULL;

-- name: blog_redirects_sweep
-- params: before int
-- exec
DELETE FROM redirects WHERE deleted_at < :before;
