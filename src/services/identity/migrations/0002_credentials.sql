-- SPDX-License-Identifier: Apache-2.0
-- What proves who somebody is.
CREATE TABLE passwords (
  person_id  BIGINT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
  hash       TEXT NOT NULL,                 -- argon2id, encoded with its parameters
  updated_at BIGINT NOT NULL
);
