-- The media library: files, what they are called, and where they are used.

-- name: blog_library
-- params: q text, pattern text, kind text, shown text
-- list: id int, name text, alt text, type text, width int, height int, bytes int, path text, srcset text, person_name text, created_at int,
--   uses int
-- sorts: created_at, name, bytes
SELECT m.id, m.name, m.alt, m.type, m.width, m.height, m.bytes, m.path, m.srcset, m.person_name, m.created_at,
       (SELECT count(*) FROM (SELECT u.object_id FROM media_uses u WHERE u.media_id = m.id
                               UNION SELECT o.id FROM objects o WHERE o.image_id = m.id
                               UNION ALL SELECT 0 FROM settings s WHERE s.name IN ('logo', 'icon') AND s.value = m.path) x) AS uses
  FROM media m
 WHERE (:q = '' OR lower(m.name) LIKE :pattern ESCAPE '!' OR lower(m.alt) LIKE :pattern ESCAPE '!')
   AND (:kind = '' OR (:kind = 'file' AND m.type NOT LIKE 'image/%' AND m.type NOT LIKE 'video/%' AND m.type NOT LIKE 'audio/%')
        OR m.type LIKE :kind || '/%')
   AND ((:shown = 'deleted' AND m.deleted_at IS NOT NULL)
        OR (:shown <> 'deleted' AND m.deleted_at IS NULL
            AND (:shown = '' OR (:shown = 'used') = (EXISTS (SELECT 1 FROM media_uses u WHERE u.media_id = m.id)
                                                     OR EXISTS (SELECT 1 FROM objects o WHERE o.image_id = m.id)
                                                     OR EXISTS (SELECT 1 FROM settings s WHERE s.name IN ('logo', 'icon') AND s.value = m.path)))));

-- name: blog_media_one
-- params: id int
-- row: id int, sha256 text, name text, alt text, type text, width int, height int, bytes int, path text, srcset text, person_name text,
--   created_at int, deleted_at int?
SELECT id, sha256, name, alt, type, width, height, bytes, path, srcset, person_name, created_at, deleted_at FROM media WHERE id = :id;

-- name: blog_media_used_by
-- params: id int, lim int
-- rows: id int, type text, slug text, title text, status text, place text
SELECT o.id, o.type, o.slug, o.title, o.status, u.place FROM media_uses u JOIN objects o ON o.id = u.object_id WHERE u.media_id = :id
UNION
SELECT o.id, o.type, o.slug, o.title, o.status, 'image' FROM objects o WHERE o.image_id = :id
 ORDER BY 4, 1, 6 LIMIT :lim;

-- Is it the site's own sign?
-- name: blog_media_signs
-- params: path text
-- row: n int
SELECT count(*) AS n FROM settings WHERE name IN ('logo', 'icon') AND value = :path;

-- name: blog_media_told
-- params: id int, name text, alt text
-- exec
UPDATE media SET name = :name, alt = :alt WHERE id = :id AND deleted_at IS NULL;

-- Whoever brings it again brings it back; its first name stays.
-- name: blog_media_brought
-- params: sha256 text, name text, person int?, person_name text
-- exec
UPDATE media SET deleted_at = NULL, name = CASE WHEN name = '' THEN :name ELSE name END,
                 person_id = COALESCE(person_id, :person), person_name = CASE WHEN person_id IS NULL AND person_name = '' THEN :person_name ELSE person_name END
 WHERE sha256 = :sha256;

-- name: blog_media_delete
-- params: id int, now int
-- exec
UPDATE media SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL;

-- name: blog_media_back
-- params: id int
-- exec
UPDATE media SET deleted_at = NULL WHERE id = :id AND deleted_at IS NOT NULL;

-- name: blog_media_forget
-- params: person int
-- exec
UPDATE media SET person_id = NULL, person_name = '' WHERE person_id = :person;

-- hashes: a JSON array.
-- name: blog_media_uses_drop
-- params: object_id int, place text, hashes text
-- exec
-- sqlite:
DELETE FROM media_uses WHERE object_id = :object_id AND place = :place
   AND media_id NOT IN (SELECT m.id FROM json_each(:hashes) h JOIN media m ON m.sha256 = h.value);
-- postgres:
DELETE FROM media_uses WHERE object_id = :object_id AND place = :place
   AND media_id NOT IN (SELECT m.id FROM json_array_elements_text(:hashes::json) h(value) JOIN media m ON m.sha256 = h.value);

-- name: blog_media_uses_add
-- params: object_id int, place text, hashes text
-- exec
-- sqlite:
INSERT INTO media_uses (object_id, place, media_id)
SELECT :object_id, :place, m.id FROM json_each(:hashes) h JOIN media m ON m.sha256 = h.value WHERE true
    ON CONFLICT DO NOTHING;
-- postgres:
INSERT INTO media_uses (object_id, place, media_id)
SELECT :object_id, :place, m.id FROM json_array_elements_text(:hashes::json) h(value) JOIN media m ON m.sha256 = h.value
    ON CONFLICT DO NOTHING;
