-- SPDX-License-Identifier: Apache-2.0
-- Sign-in state (platform/auth/store.h). Keys are hashes of secrets, never secrets.
CREATE TABLE auth_entries (
  key        TEXT NOT NULL PRIMARY KEY,      -- "<kind>:<key>"
  owner      TEXT,
  value      TEXT NOT NULL,
  expires_at BIGINT NOT NULL                 -- µs since 1970
);
CREATE INDEX auth_entries_owned ON auth_entries (owner, key) WHERE owner IS NOT NULL;
CREATE INDEX auth_entries_expire ON auth_entries (expires_at);
