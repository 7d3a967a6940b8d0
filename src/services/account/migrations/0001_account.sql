-- SPDX-License-Identifier: Apache-2.0
-- What account keeps about a person. People themselves live in identity.
CREATE TABLE addresses (
  id          BIGINT NOT NULL PRIMARY KEY,
  person_id   BIGINT NOT NULL,
  name        TEXT NOT NULL,
  line1       TEXT NOT NULL,
  line2       TEXT NOT NULL DEFAULT '',
  postal_code TEXT NOT NULL DEFAULT '',
  city        TEXT NOT NULL,
  region      TEXT NOT NULL DEFAULT '',
  country     TEXT NOT NULL,                -- ISO 3166-1 alpha-2
  phone       TEXT NOT NULL DEFAULT '',
  delivery    BOOLEAN NOT NULL DEFAULT FALSE,
  billing     BOOLEAN NOT NULL DEFAULT FALSE,
  removed_at  BIGINT,                       -- kept an hour, to be put back
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);
CREATE INDEX addresses_person ON addresses (person_id, created_at);

-- What somebody has chosen; what they have not is the topic's default (struct notice_def).
CREATE TABLE notice_choices (
  person_id  BIGINT NOT NULL,
  topic      TEXT NOT NULL,
  by_mail    BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (person_id, topic)
);

CREATE TABLE exports (
  id         BIGINT NOT NULL PRIMARY KEY,
  person_id  BIGINT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')),
  file       TEXT NOT NULL DEFAULT '',      -- below data_dir/exports
  bytes      BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  ready_at   BIGINT
);
CREATE INDEX exports_person ON exports (person_id, created_at);
