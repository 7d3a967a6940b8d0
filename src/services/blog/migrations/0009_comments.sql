-- SPDX-License-Identifier: Apache-2.0
-- What people said to a post. Of imported ones there is the name and the words: addresses and networks are never kept.

CREATE TABLE comments (
  id          BIGINT NOT NULL PRIMARY KEY,  -- id_new()
  object_id   BIGINT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  parent_id   BIGINT,                       -- what it replies to; NULL: the post
  person_id   BIGINT,                       -- NULL: imported, or somebody who has left
  name        TEXT NOT NULL,
  html        TEXT NOT NULL,                -- safe: made when it was written
  status      TEXT NOT NULL CHECK (status IN ('waiting', 'shown', 'hidden')),
  created_at  BIGINT NOT NULL,
  origin      TEXT UNIQUE                   -- 'wxr:<site>:comment:<id>': an import finds its own again
);
CREATE INDEX comments_of ON comments (object_id, created_at, id) WHERE status = 'shown';
CREATE INDEX comments_by_person ON comments (person_id) WHERE person_id IS NOT NULL;
