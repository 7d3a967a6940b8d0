-- A person's own profile, leaving and being forgotten.

-- name: identity_profile_put
-- params: id int, name text, handle text, bio text, locale text, timezone text, now int
-- exec
UPDATE people SET name = :name, handle = :handle, bio = :bio, locale = :locale, timezone = :timezone, updated_at = :now WHERE id = :id;

-- name: identity_handle_owner
-- params: handle text
-- row: id int
SELECT id FROM people WHERE handle = :handle;

-- name: identity_avatar_put
-- params: id int, avatar text, now int
-- exec
UPDATE people SET avatar = :avatar, updated_at = :now WHERE id = :id;

-- name: identity_leaving_put
-- params: id int, status text, leaving_at int?, now int
-- exec
UPDATE people SET status = :status, leaving_at = :leaving_at, updated_at = :now WHERE id = :id;

-- name: identity_leaving_due
-- params: now int, lim int
-- rows: id int
SELECT id FROM people WHERE status IN ('leaving', 'suspended') AND leaving_at <= :now ORDER BY leaving_at LIMIT :lim;

-- name: identity_person_drop
-- params: id int
-- exec
DELETE FROM people WHERE id = :id;
