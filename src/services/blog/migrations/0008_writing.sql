-- SPDX-License-Identifier: Apache-2.0
-- Writing: what is worked on beside what readers see, who wrote which revision, what lies in the bin, and links to look at a draft.

ALTER TABLE objects ADD COLUMN edited_at BIGINT NOT NULL DEFAULT 0; -- when somebody last worked on it, or an import wrote it
UPDATE objects SET edited_at = updated_at;
CREATE INDEX objects_edited ON objects (edited_at, id) WHERE type IN ('post', 'page');

ALTER TABLE object_meta ADD COLUMN image_focus TEXT NOT NULL DEFAULT ''; -- what of the feature image is never cut off: 'X Y' in per cent

ALTER TABLE revisions ADD COLUMN kind TEXT NOT NULL DEFAULT 'import';    -- import auto saved published restored
ALTER TABLE revisions ADD COLUMN person_id BIGINT;                       -- who made it; NULL: an import, or somebody who has left
ALTER TABLE revisions ADD COLUMN person_name TEXT NOT NULL DEFAULT '';

-- What is being written: one working copy per post, and the number that says whether somebody else has saved meanwhile.
CREATE TABLE drafts (
  object_id   BIGINT NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  version     BIGINT NOT NULL,                   -- one more with each save
  title       TEXT NOT NULL,
  source      TEXT NOT NULL,                     -- Lexical
  hash        TEXT NOT NULL,                     -- of title and source
  person_id   BIGINT,
  person_name TEXT NOT NULL,
  saved_at    BIGINT NOT NULL,
  kept_at     BIGINT NOT NULL                    -- when a revision was last made of it
);

-- Deleted, and not gone: its state comes back with it.
CREATE TABLE bin (
  object_id   BIGINT NOT NULL PRIMARY KEY REFERENCES objects (id) ON DELETE CASCADE,
  status      TEXT NOT NULL,
  at          BIGINT NOT NULL
);

-- Whoever has the address may look; only its hash is kept.
CREATE TABLE preview_links (
  hash        TEXT NOT NULL PRIMARY KEY,
  id          BIGINT NOT NULL UNIQUE,
  object_id   BIGINT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  person_name TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  ends_at     BIGINT NOT NULL
);
CREATE INDEX preview_links_of ON preview_links (object_id, created_at);

-- Which author of the site a person is.
CREATE TABLE author_people (
  person_id   BIGINT NOT NULL PRIMARY KEY,
  object_id   BIGINT NOT NULL UNIQUE REFERENCES objects (id) ON DELETE CASCADE
);
