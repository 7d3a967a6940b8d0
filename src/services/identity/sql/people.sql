-- People (identity/people.h) and their passwords.

-- name: identity_person
-- params: id int
-- row: id int, email text, handle text, name text, status text, roles text, bio text, avatar text, locale text, timezone text, email_verified bool, created_at int, updated_at int, seen_at int?, leaving_at int?
SELECT id, email, handle, name, status, roles, bio, avatar, locale, timezone, email_verified, created_at, updated_at, seen_at, leaving_at
  FROM people WHERE id = :id;

-- name: identity_person_id_of
-- params: email_key text
-- row: id int
SELECT id FROM people WHERE email_key = :email_key;

-- name: identity_person_add
-- params: id int, email text, email_key text, email_verified bool, handle text, name text, status text, roles text, now int
-- exec
INSERT INTO people (id, email, email_key, email_verified, handle, name, status, roles, created_at, updated_at)
     VALUES (:id, :email, :email_key, :email_verified, :handle, :name, :status, :roles, :now, :now)
     ON CONFLICT DO NOTHING;

-- name: identity_person_seen
-- params: id int, now int
-- exec
UPDATE people SET seen_at = :now WHERE id = :id;

-- name: identity_person_email
-- params: id int, email text, email_key text, now int
-- exec
UPDATE people SET email = :email, email_key = :email_key, email_verified = true, updated_at = :now WHERE id = :id;

-- name: identity_handles_like
-- params: base text, pattern text
-- rows: handle text
SELECT handle FROM people WHERE handle = :base OR handle LIKE :pattern ESCAPE '!' ORDER BY handle;

-- name: identity_owners
-- row: n int
SELECT COUNT(*) AS n FROM people WHERE ' ' || roles || ' ' LIKE '% owner %' AND status IN ('active', 'leaving');

-- name: identity_password
-- params: person_id int
-- row: hash text, updated_at int
SELECT hash, updated_at FROM passwords WHERE person_id = :person_id;

-- name: identity_password_put
-- params: person_id int, hash text, now int
-- exec
INSERT INTO passwords (person_id, hash, updated_at) VALUES (:person_id, :hash, :now)
    ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at;

-- name: identity_browser
-- params: person_id int, agent text, since int
-- row: known int, same int
SELECT COUNT(*) AS known, COUNT(CASE WHEN agent = :agent AND seen_at >= :since THEN 1 END) AS same FROM browsers WHERE person_id = :person_id;

-- name: identity_browser_put
-- params: person_id int, agent text, now int
-- exec
INSERT INTO browsers (person_id, agent, seen_at) VALUES (:person_id, :agent, :now)
    ON CONFLICT (person_id, agent) DO UPDATE SET seen_at = excluded.seen_at;

-- name: identity_browsers_of
-- params: person_id int
-- rows: agent text, seen_at int
SELECT agent, seen_at FROM browsers WHERE person_id = :person_id ORDER BY seen_at DESC, agent;
