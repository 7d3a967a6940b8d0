-- The outbox. A row waits while NOT done, to be claimed from run_at on; a claim moves run_at to the end of its lease.
-- done with an error: given up.
CREATE TABLE activities (
  id BIGINT PRIMARY KEY,
  type TEXT NOT NULL,
  object TEXT NOT NULL,
  payload TEXT NOT NULL,
  at BIGINT NOT NULL,
  done BOOLEAN NOT NULL,
  run_at BIGINT NOT NULL,
  attempt BIGINT NOT NULL DEFAULT 0,
  error TEXT
);
CREATE INDEX activities_due ON activities (run_at) WHERE NOT done;

-- What each handler of this service has handled, of its own and of other services' activities.
CREATE TABLE event_marks (
  event BIGINT NOT NULL,
  handler TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (event, handler)
);
CREATE INDEX event_marks_at ON event_marks (at);
