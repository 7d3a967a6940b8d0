-- Jobs are claimed by bytes as well as by count, know whom they are about, and a letter's body is kept once.
ALTER TABLE jobs ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;   -- of the payload
ALTER TABLE jobs ADD COLUMN person BIGINT;                     -- about whom it is: dead letters go with that person
ALTER TABLE jobs_dead ADD COLUMN person BIGINT;
UPDATE jobs SET bytes = LENGTH(payload);
CREATE INDEX jobs_dead_person ON jobs_dead (person) WHERE person IS NOT NULL;
CREATE INDEX jobs_dead_died ON jobs_dead (died_at);
CREATE INDEX activities_at ON activities (at) WHERE done;

-- Long texts of letters, by the hash of what they say: one row for a letter to many.
CREATE TABLE mail_bodies (
  hash TEXT PRIMARY KEY,
  body TEXT NOT NULL,      -- JSON: text, html
  used_at BIGINT NOT NULL  -- when it was last enqueued
);
CREATE INDEX mail_bodies_used ON mail_bodies (used_at);
