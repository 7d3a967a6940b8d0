-- The authorization server (identity/oauth.h).

-- name: identity_keys
-- rows: kid text, alg text, state text, private text, created_at int, changed_at int
SELECT kid, alg, state, private, created_at, changed_at FROM oauth_keys ORDER BY alg, created_at;

-- name: identity_key_add
-- params: kid text, alg text, state text, private text, now int
-- exec
INSERT INTO oauth_keys (kid, alg, state, private, created_at, changed_at) VALUES (:kid, :alg, :state, :private, :now, :now)
    ON CONFLICT DO NOTHING;

-- name: identity_key_move
-- params: kid text, former text, state text, now int
-- exec
UPDATE oauth_keys SET state = :state, changed_at = :now WHERE kid = :kid AND state = :former;

-- name: identity_keys_drop_past
-- params: before int
-- exec
DELETE FROM oauth_keys WHERE state = 'past' AND changed_at < :before;

-- name: identity_client
-- params: id text
-- row: id text, kind text, name text, auth_method text, secret_hash text, manage_hash text, metadata text, created_at int, updated_at int, used_at int?
SELECT id, kind, name, auth_method, secret_hash, manage_hash, metadata, created_at, updated_at, used_at FROM oauth_clients WHERE id = :id;

-- name: identity_client_add
-- params: id text, kind text, name text, auth_method text, secret_hash text, manage_hash text, metadata text, now int
-- exec
INSERT INTO oauth_clients (id, kind, name, auth_method, secret_hash, manage_hash, metadata, created_at, updated_at)
     VALUES (:id, :kind, :name, :auth_method, :secret_hash, :manage_hash, :metadata, :now, :now);

-- name: identity_client_put
-- params: id text, name text, auth_method text, metadata text, now int
-- exec
UPDATE oauth_clients SET name = :name, auth_method = :auth_method, metadata = :metadata, updated_at = :now WHERE id = :id;

-- name: identity_client_drop
-- params: id text
-- exec
DELETE FROM oauth_clients WHERE id = :id;

-- name: identity_consent
-- params: person_id int, client_id text
-- row: scope text, given_at int
SELECT scope, given_at FROM oauth_consents WHERE person_id = :person_id AND client_id = :client_id;

-- name: identity_consent_put
-- params: person_id int, client_id text, scope text, now int
-- exec
INSERT INTO oauth_consents (person_id, client_id, scope, given_at) VALUES (:person_id, :client_id, :scope, :now)
    ON CONFLICT (person_id, client_id) DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at;

-- name: identity_consent_drop
-- params: person_id int, client_id text
-- exec
DELETE FROM oauth_consents WHERE person_id = :person_id AND client_id = :client_id;

-- name: identity_consents_of
-- params: person_id int
-- rows: client_id text, name text, kind text, metadata text, scope text, given_at int
SELECT c.client_id, k.name, k.kind, k.metadata, c.scope, c.given_at
  FROM oauth_consents c JOIN oauth_clients k ON k.id = c.client_id WHERE c.person_id = :person_id ORDER BY c.given_at DESC, c.client_id;

-- name: identity_consenting
-- params: client_id text
-- rows: person_id int
SELECT person_id FROM oauth_consents WHERE client_id = :client_id ORDER BY person_id;

-- How many there are, and what goes when there are too many (identity/oauth/oauth_clients.h).

-- name: identity_clients_count
-- row: n int, unused int
SELECT COUNT(*) AS n, COUNT(CASE WHEN used_at IS NULL THEN 1 END) AS unused FROM oauth_clients;

-- name: identity_client_used
-- params: id text, now int, before int
-- exec
UPDATE oauth_clients SET used_at = :now WHERE id = :id AND (used_at IS NULL OR used_at < :before);

-- name: identity_clients_drop_unused
-- params: before int, lim int
-- exec
DELETE FROM oauth_clients
 WHERE id IN (SELECT id FROM oauth_clients WHERE used_at IS NULL AND created_at < :before ORDER BY created_at, id LIMIT :lim);

-- Tokens of the Mastodon class have no end: who let such an application in may use it every day, and it asks for nothing.
-- name: identity_clients_drop_idle
-- params: before int, lim int
-- rows: id text
-- writes
DELETE FROM oauth_clients
 WHERE id IN (SELECT k.id FROM oauth_clients k
               WHERE k.used_at < :before
                 AND NOT (k.kind = 'mastodon' AND EXISTS (SELECT 1 FROM oauth_consents c WHERE c.client_id = k.id))
               ORDER BY k.used_at, k.id LIMIT :lim)
RETURNING id;

-- Of those that nobody lets in, the ones that were of no use for the longest time.
-- name: identity_clients_drop_least
-- params: before int, lim int
-- rows: id text
-- writes
DELETE FROM oauth_clients
 WHERE id IN (SELECT k.id FROM oauth_clients k
               WHERE COALESCE(k.used_at, k.created_at) < :before AND NOT EXISTS (SELECT 1 FROM oauth_consents c WHERE c.client_id = k.id)
               ORDER BY COALESCE(k.used_at, k.created_at), k.id LIMIT :lim)
RETURNING id;

-- name: identity_clients
-- params: q text, pattern text, used text
-- list: id text, kind text, name text, metadata text, created_at int, used_at int?, people int
-- sorts: created_at, name, used_at, people
SELECT k.id, k.kind, k.name, k.metadata, k.created_at, k.used_at, (SELECT COUNT(*) FROM oauth_consents c WHERE c.client_id = k.id) AS people
  FROM oauth_clients k
 WHERE (:q = '' OR LOWER(k.name) LIKE :pattern ESCAPE '!' OR k.id = :q)
   AND (:used = '' OR (:used = 'yes' AND k.used_at IS NOT NULL) OR (:used = 'no' AND k.used_at IS NULL));

-- name: identity_consents_count
-- params: person_id int
-- row: n int
SELECT COUNT(*) AS n FROM oauth_consents WHERE person_id = :person_id;
