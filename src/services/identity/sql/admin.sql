-- Members and invitations, as administrators see them.

-- name: identity_members
-- params: q text, pattern text, status text, role text
-- list: id int, email text, handle text, name text, status text, roles text, created_at int, seen_at int?
-- sorts: created_at, name, seen_at
SELECT id, email, handle, name, status, roles, created_at, seen_at FROM people
 WHERE (:q = '' OR LOWER(name) LIKE :pattern ESCAPE '!' OR email_key LIKE :pattern ESCAPE '!' OR handle LIKE :pattern ESCAPE '!')
   AND (:status = '' OR status = :status) AND (:role = '' OR ' ' || roles || ' ' LIKE '% ' || :role || ' %');

-- name: identity_people_found
-- params: pattern text, lim int, off int, most int
-- rows: id int, name text, handle text, email text, total int
SELECT p.id, p.name, p.handle, p.email,
       (SELECT COUNT(*) FROM (SELECT 1 FROM people o WHERE LOWER(o.name) LIKE :pattern ESCAPE '!' OR o.email_key LIKE :pattern ESCAPE '!'
                                  OR o.handle LIKE :pattern ESCAPE '!' LIMIT :most) f) AS total
  FROM people p
 WHERE LOWER(p.name) LIKE :pattern ESCAPE '!' OR p.email_key LIKE :pattern ESCAPE '!' OR p.handle LIKE :pattern ESCAPE '!'
 ORDER BY p.id DESC LIMIT :lim OFFSET :off;

-- name: identity_member_counts
-- rows: status text, n int
SELECT status, COUNT(*) AS n FROM people GROUP BY status ORDER BY status;

-- Who has a role, or one above it.
-- name: identity_people_holding
-- params: everybody bool, admins bool, word text, most int
-- rows: id int, name text, handle text, email text, locale text
SELECT id, name, handle, email, locale FROM people
 WHERE status IN ('active', 'leaving')
   AND (:everybody OR ' ' || roles || ' ' LIKE '% owner %' OR (:admins AND ' ' || roles || ' ' LIKE '% admin %')
        OR ' ' || roles || ' ' LIKE '% ' || :word || ' %')
 ORDER BY name, id LIMIT :most;

-- name: identity_person_roles
-- params: id int, roles text, now int
-- exec
UPDATE people SET roles = :roles, updated_at = :now WHERE id = :id;

-- Two owners who go at the same moment wait for each other: else each would be counted by the other.
-- name: identity_other_owners
-- params: id int
-- row: n int
-- writes
-- sqlite:
SELECT COUNT(*) AS n FROM people WHERE id <> :id AND status = 'active' AND ' ' || roles || ' ' LIKE '% owner %';
-- postgres:
SELECT COUNT(*) AS n
  FROM (SELECT id FROM people WHERE status = 'active' AND ' ' || roles || ' ' LIKE '% owner %' ORDER BY id FOR UPDATE) o WHERE id <> :id;

-- name: identity_invitations
-- params: now int, q text, pattern text
-- list: id int, email text, roles text, created_at int, expires_at int, by_name text?
-- sorts: created_at, email, expires_at
SELECT i.id, i.email, i.roles, i.created_at, i.expires_at, p.name AS by_name
  FROM invitations i LEFT JOIN people p ON p.id = i.invited_by
 WHERE i.accepted_at IS NULL AND i.expires_at > :now AND (:q = '' OR LOWER(i.email) LIKE :pattern ESCAPE '!');

-- name: identity_invitation_add
-- params: id int, email text, roles text, token_hash text, invited_by int, now int, expires int
-- exec
INSERT INTO invitations (id, email, roles, token_hash, invited_by, created_at, expires_at)
     VALUES (:id, :email, :roles, :token_hash, :invited_by, :now, :expires);

-- name: identity_invitation_drop
-- params: id int
-- row: email text, roles text
-- writes
DELETE FROM invitations WHERE id = :id AND accepted_at IS NULL RETURNING email, roles;

-- name: identity_invitations_drop_to
-- params: email_key text
-- rows: roles text
-- writes
DELETE FROM invitations WHERE LOWER(email) = LOWER(:email_key) AND accepted_at IS NULL RETURNING roles;

-- name: identity_invitations_drop_of
-- params: person int
-- exec
DELETE FROM invitations WHERE invited_by = :person AND accepted_at IS NULL;
