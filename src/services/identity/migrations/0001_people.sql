-- SPDX-License-Identifier: Apache-2.0
-- People: one row per person of the cooperative's site, whatever they may do on it.
CREATE TABLE people (
  id          BIGINT NOT NULL PRIMARY KEY,
  email       TEXT NOT NULL,                 -- as written by its owner
  email_key   TEXT NOT NULL UNIQUE,          -- folded: what makes it the same address
  email_verified BOOLEAN NOT NULL DEFAULT FALSE,
  handle      TEXT NOT NULL UNIQUE,          -- @handle: a-z 0-9 _
  name        TEXT NOT NULL,
  status      TEXT NOT NULL DEFAULT 'active'
              CHECK (status IN ('pending', 'active', 'suspended', 'leaving')),
  roles       TEXT NOT NULL DEFAULT '',      -- "admin market.keeper", sorted
  bio         TEXT NOT NULL DEFAULT '',
  avatar      TEXT NOT NULL DEFAULT '',      -- path below /media/; '' : initials
  locale      TEXT NOT NULL DEFAULT '',      -- '' : the site's
  timezone    TEXT NOT NULL DEFAULT '',      -- IANA name; '' : the site's
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  seen_at     BIGINT,                        -- last sign-in
  leaving_at  BIGINT                         -- when 'leaving' becomes deletion
);
CREATE INDEX people_listed ON people (created_at, id);
