-- The audit chain (platform/audit/audit.h): entries are added, never changed.
CREATE TABLE audit_log (
  seq     BIGINT NOT NULL PRIMARY KEY,      -- 1, 2, 3 … without gaps
  at      BIGINT NOT NULL,                  -- µs since 1970
  action  TEXT NOT NULL,
  actor   TEXT NOT NULL,
  address TEXT NOT NULL,
  object  TEXT NOT NULL,
  details TEXT NOT NULL,                    -- a canonical JSON object
  prev    TEXT NOT NULL,                    -- hash of the entry before: says which of two was rewritten
  hash    TEXT NOT NULL                     -- SHA-256, hex
);
CREATE INDEX audit_log_actor ON audit_log (actor, seq);
CREATE INDEX audit_log_object ON audit_log (object, seq);

-- The end of the chain: one row, which every writer takes in turn.
CREATE TABLE audit_head (
  id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  seq  BIGINT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE audit_checkpoints (
  seq       BIGINT NOT NULL PRIMARY KEY,
  at        BIGINT NOT NULL,
  hash      TEXT NOT NULL,                  -- of entry seq
  key       TEXT NOT NULL,                  -- Ed25519 public key, hex
  signature TEXT NOT NULL                   -- hex
);
