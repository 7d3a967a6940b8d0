-- The outbox and the handlers' marks (event.h).

-- name: event_add
-- params: id int, type text, object text, payload text, at int, done bool
-- exec
-- writes
INSERT INTO activities (id, type, object, payload, at, done, run_at) VALUES (:id, :type, :object, :payload, :at, :done, :at);

-- name: event_claim
-- params: now int, lease int, lim int
-- rows: id int, type text, object text, payload text, at int, attempt int
-- writes
-- sqlite:
UPDATE activities SET run_at = :lease, attempt = attempt + 1
WHERE id IN (SELECT id FROM activities WHERE NOT done AND run_at <= :now ORDER BY id LIMIT :lim)
RETURNING id, type, object, payload, at, attempt;
-- postgres:
UPDATE activities SET run_at = :lease, attempt = attempt + 1
WHERE id = ANY (ARRAY(SELECT id FROM activities WHERE NOT done AND run_at <= :now ORDER BY id LIMIT :lim
  FOR UPDATE SKIP LOCKED))
RETURNING id, type, object, payload, at, attempt;

-- name: event_next
-- row: next int?
SELECT MIN(run_at) AS next FROM activities WHERE NOT done;

-- Claims: as in jobs.sql. Another processor that took an event over has counted its attempt up.
-- name: event_done
-- params: claims text
-- exec
-- writes
-- sqlite:
UPDATE activities SET done = true, error = NULL WHERE id IN (SELECT j.id FROM json_each(:claims) AS x JOIN activities AS j ON j.id = x.value ->> 0 AND j.attempt = x.value ->> 1);
-- postgres:
UPDATE activities SET done = true, error = NULL
FROM (SELECT (c ->> 0)::bigint AS id, (c ->> 1)::bigint AS attempt FROM json_array_elements(:claims::json) AS c) AS x
WHERE activities.id = x.id AND activities.attempt = x.attempt;

-- name: event_beat
-- params: claims text, lease int
-- exec
-- writes
-- sqlite:
UPDATE activities SET run_at = :lease WHERE NOT done AND id IN (SELECT j.id FROM json_each(:claims) AS x JOIN activities AS j ON j.id = x.value ->> 0 AND j.attempt = x.value ->> 1);
-- postgres:
UPDATE activities SET run_at = :lease
FROM (SELECT (c ->> 0)::bigint AS id, (c ->> 1)::bigint AS attempt FROM json_array_elements(:claims::json) AS c) AS x
WHERE NOT done AND activities.id = x.id AND activities.attempt = x.attempt;

-- name: event_retry
-- params: id int, attempt int, run_at int, error text?
-- exec
-- writes
UPDATE activities SET run_at = :run_at, error = :error WHERE id = :id AND attempt = :attempt AND NOT done;

-- Another claim that is no attempt of its own: a receiver looks for marks from the second on.
-- name: event_hold
-- params: id int, attempt int, run_at int, error text?
-- exec
-- writes
UPDATE activities SET run_at = :run_at, error = :error, attempt = CASE WHEN attempt > 1 THEN attempt - 1 ELSE 1 END WHERE id = :id AND attempt = :attempt AND NOT done;

-- Claims of a processor that is no more, and whatever waits for a later attempt.
-- name: event_release
-- params: now int
-- exec
-- writes
UPDATE activities SET run_at = :now WHERE NOT done AND run_at > :now;

-- name: event_give_up
-- params: id int, attempt int, error text
-- exec
-- writes
UPDATE activities SET done = true, error = :error WHERE id = :id AND attempt = :attempt AND NOT done;

-- From the beginning, for the handlers that have not marked it.
-- name: event_dead_retry
-- params: id int, now int
-- exec
-- writes
UPDATE activities SET done = false, error = NULL, attempt = 0, run_at = :now WHERE id = :id AND done AND error IS NOT NULL;

-- name: event_dead_drop
-- params: id int
-- exec
-- writes
UPDATE activities SET error = NULL WHERE id = :id AND done AND error IS NOT NULL;

-- name: event_mark
-- params: event int, handler text, at int
-- exec
-- writes
INSERT INTO event_marks (event, handler, at) VALUES (:event, :handler, :at) ON CONFLICT DO NOTHING;

-- name: event_marked
-- params: event int
-- rows: handler text
SELECT handler FROM event_marks WHERE event = :event;

-- name: event_marks_expire
-- params: before int
-- exec
-- writes
DELETE FROM event_marks WHERE at < :before;

-- name: event_counts
-- row: waiting int, given_up int
SELECT (SELECT COUNT(*) FROM activities WHERE NOT done) AS waiting,
       (SELECT COUNT(*) FROM activities WHERE done AND error IS NOT NULL) AS given_up;

-- What is over for long; given up or not.
-- name: event_expire
-- params: before int, lim int
-- exec
-- writes
DELETE FROM activities WHERE id IN (SELECT id FROM activities WHERE done AND at < :before ORDER BY at LIMIT :lim);
