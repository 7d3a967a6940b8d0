-- SPDX-License-Identifier: Apache-2.0
-- What happened to a person, as services told (platform/work/notify.h).
CREATE TABLE inbox (
  id        BIGINT NOT NULL PRIMARY KEY,     -- of the last time: newer is greater
  person_id BIGINT NOT NULL,
  topic     TEXT NOT NULL,
  about     TEXT NOT NULL,                   -- the same again is one row
  title     TEXT NOT NULL,
  body      TEXT NOT NULL DEFAULT '',
  url       TEXT NOT NULL DEFAULT '',
  times     BIGINT NOT NULL DEFAULT 1,       -- since it was last read
  written   BOOLEAN NOT NULL DEFAULT FALSE,  -- there was a letter about it
  at        BIGINT NOT NULL,
  read_at   BIGINT
);
CREATE UNIQUE INDEX inbox_about ON inbox (person_id, topic, about);
CREATE INDEX inbox_person ON inbox (person_id, id);
CREATE INDEX inbox_unread ON inbox (person_id, id) WHERE read_at IS NULL;
CREATE INDEX inbox_at ON inbox (at);

-- Who wants one letter about all that is new. No row: none.
CREATE TABLE digests (
  person_id BIGINT NOT NULL PRIMARY KEY,
  every     TEXT NOT NULL CHECK (every IN ('day', 'week')),
  next_at   BIGINT NOT NULL,
  upto      BIGINT NOT NULL DEFAULT 0        -- id of the last that a letter told of
);
CREATE INDEX digests_next ON digests (next_at);
