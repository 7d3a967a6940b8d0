-- Second steps, passkeys, invitations.

-- name: identity_totp
-- params: person_id int
-- row: seed text, last_step int
SELECT seed, last_step FROM totp WHERE person_id = :person_id;

-- name: identity_totp_put
-- params: person_id int, seed text, step int, now int
-- exec
INSERT INTO totp (person_id, seed, last_step, created_at) VALUES (:person_id, :seed, :step, :now)
    ON CONFLICT (person_id) DO UPDATE SET seed = excluded.seed, last_step = excluded.last_step, created_at = excluded.created_at;

-- name: identity_totp_use
-- params: person_id int, step int
-- exec
UPDATE totp SET last_step = :step WHERE person_id = :person_id AND last_step < :step;

-- name: identity_totp_drop
-- params: person_id int
-- exec
DELETE FROM totp WHERE person_id = :person_id;

-- name: identity_recovery_add
-- params: person_id int, hash text
-- exec
INSERT INTO recovery_codes (person_id, hash) VALUES (:person_id, :hash) ON CONFLICT DO NOTHING;

-- name: identity_recovery_use
-- params: person_id int, hash text
-- exec
DELETE FROM recovery_codes WHERE person_id = :person_id AND hash = :hash;

-- name: identity_recovery_drop
-- params: person_id int
-- exec
DELETE FROM recovery_codes WHERE person_id = :person_id;

-- name: identity_recovery_left
-- params: person_id int
-- row: n int
SELECT COUNT(*) AS n FROM recovery_codes WHERE person_id = :person_id;

-- name: identity_passkeys_of
-- params: person_id int
-- rows: id text, name text, created_at int, used_at int?
SELECT id, name, created_at, used_at FROM passkeys WHERE person_id = :person_id ORDER BY created_at, id;

-- name: identity_passkey
-- params: id text
-- row: person_id int, jwk text, sign_count int
SELECT person_id, jwk, sign_count FROM passkeys WHERE id = :id;

-- name: identity_passkey_add
-- params: id text, person_id int, jwk text, sign_count int, name text, now int
-- exec
INSERT INTO passkeys (id, person_id, jwk, sign_count, name, created_at) VALUES (:id, :person_id, :jwk, :sign_count, :name, :now)
    ON CONFLICT DO NOTHING;

-- name: identity_passkey_used
-- params: id text, sign_count int, now int
-- exec
UPDATE passkeys SET sign_count = :sign_count, used_at = :now WHERE id = :id;

-- name: identity_passkey_drop
-- params: id text, person_id int
-- row: name text
-- writes
DELETE FROM passkeys WHERE id = :id AND person_id = :person_id RETURNING name;

-- name: identity_person_status
-- params: id int, status text, now int
-- exec
UPDATE people SET status = :status, updated_at = :now WHERE id = :id;

-- name: identity_person_verified
-- params: id int
-- exec
UPDATE people SET email_verified = true WHERE id = :id;

-- name: identity_invitation_by_token
-- params: token_hash text, now int
-- row: id int, email text, roles text
SELECT id, email, roles FROM invitations WHERE token_hash = :token_hash AND accepted_at IS NULL AND expires_at > :now;

-- name: identity_invitation_accept
-- params: id int, now int
-- exec
UPDATE invitations SET accepted_at = :now WHERE id = :id AND accepted_at IS NULL;
