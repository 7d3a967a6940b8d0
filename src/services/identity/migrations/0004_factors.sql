-- SPDX-License-Identifier: Apache-2.0
-- Second steps, passkeys, invitations.
CREATE TABLE totp (
  person_id  BIGINT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
  seed       TEXT NOT NULL,                 -- sealed
  last_step  BIGINT NOT NULL,               -- a code is good once
  created_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
  person_id  BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  hash       TEXT NOT NULL,
  PRIMARY KEY (person_id, hash)
);

CREATE TABLE passkeys (
  id         TEXT NOT NULL PRIMARY KEY,     -- credential id, base64url
  person_id  BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  jwk        TEXT NOT NULL,                 -- public key
  sign_count BIGINT NOT NULL,
  name       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at    BIGINT
);
CREATE INDEX passkeys_person ON passkeys (person_id, created_at);

CREATE TABLE invitations (
  id          BIGINT NOT NULL PRIMARY KEY,
  email       TEXT NOT NULL,
  roles       TEXT NOT NULL DEFAULT '',
  token_hash  TEXT NOT NULL UNIQUE,
  invited_by  BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  accepted_at BIGINT
);
CREATE INDEX invitations_listed ON invitations (created_at, id);
