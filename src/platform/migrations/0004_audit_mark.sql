-- What the nightly verification of the audit chain found last: for people to see, trusted by nobody.
CREATE TABLE audit_mark (
  id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  seq  BIGINT NOT NULL,      -- the last entry that was good
  at   BIGINT NOT NULL,      -- µs since 1970
  hash TEXT NOT NULL,        -- of that entry
  why  TEXT NOT NULL         -- what is wrong behind it, or ''
);
