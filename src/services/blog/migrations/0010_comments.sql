-- SPDX-License-Identifier: Apache-2.0
-- Members comment: their words as they were typed, the thread that a comment stands in, and what was done about it.

CREATE TABLE comments_new (
  id          BIGINT NOT NULL PRIMARY KEY,  -- id_new()
  object_id   BIGINT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  parent_id   BIGINT,                       -- what it replies to; NULL: the post
  thread_id   BIGINT NOT NULL,              -- the comment that its thread begins with: itself, or one that may be gone
  person_id   BIGINT,                       -- NULL: imported
  name        TEXT NOT NULL,
  text        TEXT NOT NULL DEFAULT '',     -- as it was typed; '' : imported
  html        TEXT NOT NULL,                -- safe: made when it was written
  status      TEXT NOT NULL CHECK (status IN ('waiting', 'shown', 'hidden', 'deleted')),
  was         TEXT,                         -- its status before somebody last decided about it: the way back
  created_at  BIGINT NOT NULL,
  edited_at   BIGINT,
  origin      TEXT UNIQUE                   -- 'wxr:<site>:comment:<id>': an import finds its own again
);
WITH RECURSIVE threads (id, thread_id) AS (
  SELECT c.id, c.id FROM comments c WHERE c.parent_id IS NULL OR NOT EXISTS (SELECT 1 FROM comments p WHERE p.id = c.parent_id)
  UNION ALL
  SELECT c.id, t.thread_id FROM threads t JOIN comments c ON c.parent_id = t.id
)
INSERT INTO comments_new (id, object_id, parent_id, thread_id, person_id, name, html, status, created_at, origin)
SELECT c.id, c.object_id, c.parent_id, t.thread_id, c.person_id, c.name, c.html, c.status, c.created_at, c.origin
  FROM comments c JOIN threads t ON t.id = c.id;
DROP TABLE comments;
ALTER TABLE comments_new RENAME TO comments;
CREATE INDEX comments_of ON comments (object_id, status);
CREATE INDEX comments_by_person ON comments (person_id, created_at) WHERE person_id IS NOT NULL;
CREATE INDEX comments_by_time ON comments (created_at, id);

ALTER TABLE object_meta ADD COLUMN comments_closed BOOLEAN NOT NULL DEFAULT FALSE;
