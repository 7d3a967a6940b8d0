-- SPDX-License-Identifier: Apache-2.0
-- The authorization server: its keys, its clients, and what people let them do. Codes and tokens are in the auth store.
CREATE TABLE oauth_keys (
  kid        TEXT NOT NULL PRIMARY KEY,
  alg        TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('next', 'current', 'past')), -- published before it signs, and after
  private    TEXT NOT NULL,                    -- sealed PKCS #8
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL                   -- of the state
);
CREATE UNIQUE INDEX oauth_keys_current ON oauth_keys (alg) WHERE state = 'current';
CREATE UNIQUE INDEX oauth_keys_next ON oauth_keys (alg) WHERE state = 'next';

CREATE TABLE oauth_clients (
  id           TEXT NOT NULL PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('oidc', 'mastodon')), -- the two speak different scopes, and never mix
  name         TEXT NOT NULL,
  auth_method  TEXT NOT NULL,                  -- none, client_secret_basic, client_secret_post, private_key_jwt
  secret_hash  TEXT NOT NULL DEFAULT '',
  manage_hash  TEXT NOT NULL DEFAULT '',       -- of the registration access token (RFC 7592)
  metadata     TEXT NOT NULL,                  -- JSON: redirect_uris, grant_types, scope, jwks … (RFC 7591)
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
);

CREATE TABLE oauth_consents (
  person_id  BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  client_id  TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
  scope      TEXT NOT NULL,
  given_at   BIGINT NOT NULL,
  PRIMARY KEY (person_id, client_id)
);
CREATE INDEX oauth_consents_client ON oauth_consents (client_id);
