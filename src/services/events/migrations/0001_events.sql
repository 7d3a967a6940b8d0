-- SPDX-License-Identifier: Apache-2.0
-- Calendars, what is in them, and occurrences that differ from their series. Times of the form "local" are seconds since 1970 as if the
-- clock showed UTC; with the zone they are the truth, and instants are worked out when they are asked for.
CREATE TABLE calendars (
  id         BIGINT NOT NULL PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  title      TEXT NOT NULL,
  about      TEXT NOT NULL,
  zone       TEXT NOT NULL,                    -- IANA
  colour     TEXT NOT NULL,                    -- "#rrggbb"
  visibility TEXT NOT NULL CHECK (visibility IN ('public', 'members', 'secret')),
  token      TEXT NOT NULL,                    -- of the feed's address, where it is not public
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE TABLE entries (
  id          BIGINT NOT NULL PRIMARY KEY,
  calendar_id BIGINT NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
  slug        TEXT NOT NULL,
  uid         TEXT NOT NULL,                   -- for ever
  state       TEXT NOT NULL CHECK (state IN ('draft', 'published', 'cancelled')),
  title       TEXT NOT NULL,
  body        TEXT NOT NULL,                   -- plain text
  place       TEXT NOT NULL,
  url         TEXT NOT NULL,
  all_day     BIGINT NOT NULL,
  zone        TEXT NOT NULL,                   -- IANA; '': the calendar's
  start_at    BIGINT NOT NULL,                 -- local
  length_s    BIGINT NOT NULL,
  rules       TEXT NOT NULL,                   -- RRULEs, one a line
  dates_in    TEXT NOT NULL,                   -- RDATE
  dates_out   TEXT NOT NULL,                   -- EXDATE
  bare        BIGINT NOT NULL,                 -- 1: it has no times but those of its overrides
  rules_last  BIGINT NOT NULL,                 -- local: the last time of the rules; endless: 2^63-1
  first_at    BIGINT NOT NULL,                 -- local: nothing of it begins before
  last_at     BIGINT NOT NULL,                 -- local: nothing of it goes on after
  wide        BIGINT NOT NULL,                 -- 1: more than one time, or more than a week
  sequence    BIGINT NOT NULL,
  digest      TEXT NOT NULL,                   -- of what an import wrote; '': changed since
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  UNIQUE (calendar_id, uid),
  UNIQUE (calendar_id, slug)
);
CREATE INDEX entries_single ON entries (calendar_id, start_at) WHERE wide = 0;
CREATE INDEX entries_wide ON entries (calendar_id, last_at) WHERE wide = 1;
CREATE TABLE overrides (
  entry_id  BIGINT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
  id_at     BIGINT NOT NULL,                   -- local time that the series gives it (RECURRENCE-ID)
  later     BIGINT NOT NULL,                   -- 1: and those after it
  cancelled BIGINT NOT NULL,
  title     TEXT NOT NULL,
  body      TEXT NOT NULL,
  place     TEXT NOT NULL,
  url       TEXT NOT NULL,
  all_day   BIGINT NOT NULL,
  zone      TEXT NOT NULL,
  start_at  BIGINT NOT NULL,
  length_s  BIGINT NOT NULL,
  sequence  BIGINT NOT NULL,
  PRIMARY KEY (entry_id, id_at)
);
