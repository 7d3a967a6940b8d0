-- The job queue, for PostgreSQL. A row is there while the job is active: waiting or running. `ready`: may be claimed now. Otherwise
-- it becomes ready at run_at: because it was asked for later, waits for a retry, or its worker's lease ends.
CREATE TABLE jobs (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT,
  payload TEXT NOT NULL,
  priority BIGINT NOT NULL,
  ready BOOLEAN NOT NULL,
  run_at BIGINT NOT NULL,
  attempt BIGINT NOT NULL DEFAULT 0,
  worker BIGINT,
  error TEXT
);
CREATE INDEX jobs_ready ON jobs (priority DESC, id) WHERE ready;
CREATE INDEX jobs_later ON jobs (run_at) WHERE NOT ready;
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE key IS NOT NULL;

CREATE TABLE jobs_dead (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT,
  payload TEXT NOT NULL,
  priority BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL,
  died_at BIGINT NOT NULL
);

-- The last tick for which a job was enqueued: one row per kind, so that of all replicas one does it.
CREATE TABLE job_cron (
  kind TEXT PRIMARY KEY,
  tick BIGINT NOT NULL
);

-- Rows live for milliseconds: by its share of the table, autovacuum would come far too rarely.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000);
