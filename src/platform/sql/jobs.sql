-- The job queue (job.h). Claims (id and attempt) are passed as JSON: "[[1,1],[2,3]]". Whoever takes a job over counts its attempt up, so that
-- what the former worker still says of it finds nothing. PostgreSQL expands the list in FROM, where that happens once.

-- name: job_add
-- params: id int, kind text, key text?, payload text, bytes int, person int?, priority int, ready bool, run_at int
-- exec
-- writes
INSERT INTO jobs (id, kind, key, payload, bytes, person, priority, ready, run_at)
VALUES (:id, :kind, :key, :payload, :bytes, :person, :priority, :ready, :run_at)
ON CONFLICT DO NOTHING;

-- jobs: [[id, kind, key, payload, priority, ready, run_at, bytes, person], …]
-- name: job_add_many
-- params: jobs text
-- exec
-- writes
-- sqlite:
INSERT INTO jobs (id, kind, key, payload, priority, ready, run_at, bytes, person)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
FROM json_each(:jobs) WHERE true
ON CONFLICT DO NOTHING;
-- postgres:
INSERT INTO jobs (id, kind, key, payload, priority, ready, run_at, bytes, person)
SELECT (j ->> 0)::bigint, j ->> 1, j ->> 2, j ->> 3, (j ->> 4)::bigint, (j ->> 5)::boolean, (j ->> 6)::bigint, (j ->> 7)::bigint, (j ->> 8)::bigint
FROM json_array_elements(:jobs::json) AS j
ON CONFLICT DO NOTHING;

-- The first ones, as long as their payloads come to fewer than so many bytes; at least one.
-- name: job_claim
-- params: lease int, worker int, lim int, bytes int
-- rows: id int, kind text, key text?, payload text, priority int, attempt int
-- writes
-- sqlite:
UPDATE jobs SET ready = false, run_at = :lease, worker = :worker, attempt = attempt + 1
WHERE id IN (SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY priority DESC, id) - bytes AS before
  FROM (SELECT id, priority, bytes FROM jobs WHERE ready ORDER BY priority DESC, id LIMIT :lim)) WHERE before < :bytes)
RETURNING id, kind, key, payload, priority, attempt;
-- postgres:
UPDATE jobs SET ready = false, run_at = :lease, worker = :worker, attempt = attempt + 1
WHERE ctid = ANY (ARRAY(SELECT place FROM (SELECT place, SUM(bytes) OVER (ORDER BY priority DESC, id) - bytes AS before
  FROM (SELECT ctid AS place, id, priority, bytes FROM jobs WHERE ready ORDER BY priority DESC, id LIMIT :lim FOR UPDATE SKIP LOCKED) AS h) AS w
  WHERE before < :bytes))
RETURNING id, kind, key, payload, priority, attempt;

-- What became due: a planned time, a retry, the lease of a worker that died.
-- name: job_promote
-- params: now int, lim int
-- exec
-- writes
-- sqlite:
UPDATE jobs SET ready = true, worker = NULL
WHERE id IN (SELECT id FROM jobs WHERE NOT ready AND run_at <= :now ORDER BY run_at LIMIT :lim);
-- postgres:
UPDATE jobs SET ready = true, worker = NULL
WHERE ctid = ANY (ARRAY(SELECT ctid FROM jobs WHERE NOT ready AND run_at <= :now ORDER BY run_at LIMIT :lim
  FOR UPDATE SKIP LOCKED));

-- Is there something to do, and when is there next?
-- name: job_outlook
-- row: ready bool, next int?
SELECT EXISTS (SELECT 1 FROM jobs WHERE ready) AS ready, (SELECT MIN(run_at) FROM jobs WHERE NOT ready) AS next;

-- name: job_done
-- params: claims text, worker int
-- exec
-- writes
-- sqlite:
DELETE FROM jobs WHERE id IN (SELECT j.id FROM json_each(:claims) AS x JOIN jobs AS j ON j.id = x.value ->> 0 AND j.attempt = x.value ->> 1) AND worker = :worker;
-- postgres:
DELETE FROM jobs USING (SELECT (c ->> 0)::bigint AS id, (c ->> 1)::bigint AS attempt FROM json_array_elements(:claims::json) AS c) AS x
WHERE jobs.id = x.id AND jobs.attempt = x.attempt AND jobs.worker = :worker;

-- name: job_beat
-- params: claims text, worker int, lease int
-- exec
-- writes
-- sqlite:
UPDATE jobs SET run_at = :lease WHERE id IN (SELECT j.id FROM json_each(:claims) AS x JOIN jobs AS j ON j.id = x.value ->> 0 AND j.attempt = x.value ->> 1) AND worker = :worker;
-- postgres:
UPDATE jobs SET run_at = :lease
FROM (SELECT (c ->> 0)::bigint AS id, (c ->> 1)::bigint AS attempt FROM json_array_elements(:claims::json) AS c) AS x
WHERE jobs.id = x.id AND jobs.attempt = x.attempt AND jobs.worker = :worker;

-- Back, unstarted: the worker stops.
-- name: job_release
-- params: claims text, worker int
-- exec
-- writes
-- sqlite:
UPDATE jobs SET ready = true, worker = NULL, attempt = attempt - 1
WHERE id IN (SELECT j.id FROM json_each(:claims) AS x JOIN jobs AS j ON j.id = x.value ->> 0 AND j.attempt = x.value ->> 1) AND worker = :worker;
-- postgres:
UPDATE jobs SET ready = true, worker = NULL, attempt = jobs.attempt - 1
FROM (SELECT (c ->> 0)::bigint AS id, (c ->> 1)::bigint AS attempt FROM json_array_elements(:claims::json) AS c) AS x
WHERE jobs.id = x.id AND jobs.attempt = x.attempt AND jobs.worker = :worker;

-- name: job_retry
-- params: id int, attempt int, worker int, run_at int, error text
-- exec
-- writes
UPDATE jobs SET run_at = :run_at, worker = NULL, error = :error WHERE id = :id AND attempt = :attempt AND worker = :worker;

-- name: job_bury
-- params: id int, attempt int, worker int, error text, now int
-- exec
-- writes
INSERT INTO jobs_dead (id, kind, key, payload, person, priority, attempts, error, died_at)
SELECT id, kind, key, payload, person, priority, attempt, :error, :now FROM jobs WHERE id = :id AND attempt = :attempt AND worker = :worker
ON CONFLICT DO NOTHING;

-- name: job_end
-- params: id int, attempt int
-- exec
-- writes
DELETE FROM jobs WHERE id = :id AND attempt = :attempt;

-- name: job_counts
-- row: ready int, later int, running int, dead int
SELECT (SELECT COUNT(*) FROM jobs WHERE ready) AS ready,
       (SELECT COUNT(*) FROM jobs WHERE NOT ready AND worker IS NULL) AS later,
       (SELECT COUNT(*) FROM jobs WHERE NOT ready AND worker IS NOT NULL) AS running,
       (SELECT COUNT(*) FROM jobs_dead) AS dead;

-- Work that was given up, as the administration lists it.
-- name: job_dead_list
-- params: q text, pattern text
-- list: id int, kind text, object text, payload text, attempts int, error text, at int
-- sorts: at, kind
SELECT id, kind, COALESCE(key, '') AS object, payload, attempts, error, died_at AS at FROM jobs_dead
 WHERE :q = '' OR LOWER(kind) LIKE :pattern ESCAPE '!' OR LOWER(error) LIKE :pattern ESCAPE '!';

-- name: event_dead_list
-- params: q text, pattern text
-- list: like job_dead_list
-- sorts: at, kind
SELECT id, type AS kind, object, payload, attempt AS attempts, COALESCE(error, '') AS error, at FROM activities
 WHERE done AND error IS NOT NULL AND (:q = '' OR LOWER(type) LIKE :pattern ESCAPE '!' OR LOWER(error) LIKE :pattern ESCAPE '!');

-- name: job_dead_revive
-- params: id int, now int
-- exec
-- writes
INSERT INTO jobs (id, kind, key, payload, bytes, person, priority, ready, run_at)
SELECT id, kind, key, payload, LENGTH(payload), person, priority, true, :now FROM jobs_dead WHERE id = :id
ON CONFLICT DO NOTHING;

-- name: job_dead_delete
-- params: id int
-- exec
-- writes
DELETE FROM jobs_dead WHERE id = :id;

-- name: job_cron_begin
-- params: kind text, tick int
-- exec
-- writes
INSERT INTO job_cron (kind, tick) VALUES (:kind, :tick) ON CONFLICT DO NOTHING;

-- Of all replicas one moves the tick on.
-- name: job_cron_tick
-- params: kind text, tick int
-- exec
-- writes
UPDATE job_cron SET tick = :tick WHERE kind = :kind AND tick < :tick;

-- Is it there?
-- name: job_dead_touch
-- params: id int
-- exec
-- writes
UPDATE jobs_dead SET attempts = attempts WHERE id = :id;

-- name: job_dead_expire
-- params: before int, lim int
-- exec
-- writes
DELETE FROM jobs_dead WHERE id IN (SELECT id FROM jobs_dead WHERE died_at < :before ORDER BY died_at LIMIT :lim);

-- name: job_dead_forget
-- params: person int
-- exec
-- writes
DELETE FROM jobs_dead WHERE person = :person;

-- name: mail_body_add
-- params: hash text, body text, now int
-- exec
-- writes
INSERT INTO mail_bodies (hash, body, used_at) VALUES (:hash, :body, :now)
ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at;

-- name: mail_body
-- params: hash text
-- row: body text
SELECT body FROM mail_bodies WHERE hash = :hash;

-- name: mail_body_expire
-- params: before int, lim int
-- exec
-- writes
DELETE FROM mail_bodies WHERE hash IN (SELECT hash FROM mail_bodies WHERE used_at < :before ORDER BY used_at LIMIT :lim);
