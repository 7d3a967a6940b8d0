-- Sign-in state (platform/auth/store.h). What has expired is not there, swept or not.

-- name: auth_put
-- params: key text, owner text?, value text, expires int
-- exec
INSERT INTO auth_entries (key, owner, value, expires_at) VALUES (:key, :owner, :value, :expires)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, value = excluded.value, expires_at = excluded.expires_at;

-- name: auth_add
-- params: key text, owner text?, value text, expires int, now int
-- exec
INSERT INTO auth_entries (key, owner, value, expires_at) VALUES (:key, :owner, :value, :expires)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, value = excluded.value, expires_at = excluded.expires_at
 WHERE auth_entries.expires_at <= :now;

-- name: auth_swap
-- params: key text, former text, value text, expires int, now int
-- exec
UPDATE auth_entries SET value = :value, expires_at = :expires WHERE key = :key AND value = :former AND expires_at > :now;

-- name: auth_get
-- params: key text, now int
-- row: owner text?, value text, expires_at int
SELECT owner, value, expires_at FROM auth_entries WHERE key = :key AND expires_at > :now;

-- name: auth_follow
-- params: key text, prefix text, now int
-- row: key text, owner text?, value text, expires_at int
SELECT b.key, b.owner, b.value, b.expires_at FROM auth_entries a JOIN auth_entries b ON b.key = :prefix || a.value
 WHERE a.key = :key AND a.expires_at > :now AND b.expires_at > :now;

-- name: auth_take
-- params: key text
-- row: owner text?, value text, expires_at int
-- writes
DELETE FROM auth_entries WHERE key = :key RETURNING owner, value, expires_at;

-- name: auth_drop
-- params: key text
-- exec
DELETE FROM auth_entries WHERE key = :key;

-- name: auth_drop_owner
-- params: owner text, first text, past text
-- exec
DELETE FROM auth_entries WHERE owner = :owner AND key >= :first AND key < :past;

-- name: auth_list
-- params: owner text, first text, past text, now int, lim int
-- rows: key text, value text, expires_at int
SELECT key, value, expires_at FROM auth_entries
 WHERE owner = :owner AND key >= :first AND key < :past AND expires_at > :now
 ORDER BY expires_at DESC, key LIMIT :lim;

-- name: auth_sweep
-- params: now int, lim int
-- exec
-- sqlite:
DELETE FROM auth_entries WHERE key IN (SELECT key FROM auth_entries WHERE expires_at <= :now LIMIT :lim);
-- postgres:
DELETE FROM auth_entries WHERE key = ANY (ARRAY(SELECT key FROM auth_entries WHERE expires_at <= :now LIMIT :lim
  FOR UPDATE SKIP LOCKED));
