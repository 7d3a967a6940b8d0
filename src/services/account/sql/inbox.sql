-- What happened to a person, and the letters about it.

-- name: account_inbox_put
-- params: id int, person_id int, topic text, about text, title text, body text, url text, written bool, now int
-- exec
INSERT INTO inbox (id, person_id, topic, about, title, body, url, written, at)
     VALUES (:id, :person_id, :topic, :about, :title, :body, :url, :written, :now)
     ON CONFLICT (person_id, topic, about) DO UPDATE SET id = excluded.id, title = excluded.title, body = excluded.body, url = excluded.url,
       written = excluded.written, at = excluded.at, times = CASE WHEN inbox.read_at IS NULL THEN inbox.times + 1 ELSE 1 END, read_at = NULL;

-- name: account_inbox_trim
-- params: person_id int, most int
-- exec
DELETE FROM inbox WHERE person_id = :person_id
   AND id <= (SELECT id FROM inbox WHERE person_id = :person_id ORDER BY id DESC LIMIT 1 OFFSET :most);

-- name: account_inbox
-- params: person_id int, before int, unread bool, most int
-- rows: id int, topic text, title text, body text, url text, times int, at int, read_at int?
SELECT id, topic, title, body, url, times, at, read_at FROM inbox
 WHERE person_id = :person_id AND id < :before AND (read_at IS NULL OR NOT :unread) ORDER BY id DESC LIMIT :most;

-- name: account_inbox_entry
-- params: id int, person_id int
-- row: like account_inbox
SELECT id, topic, title, body, url, times, at, read_at FROM inbox WHERE id = :id AND person_id = :person_id;

-- name: account_inbox_unread
-- params: person_id int, most int
-- row: n int
SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM inbox WHERE person_id = :person_id AND read_at IS NULL LIMIT :most) t;

-- name: account_inbox_read
-- params: id int, person_id int, now int
-- exec
UPDATE inbox SET read_at = :now WHERE id = :id AND person_id = :person_id AND read_at IS NULL;

-- name: account_inbox_read_all
-- params: person_id int, upto int, now int
-- exec
UPDATE inbox SET read_at = :now WHERE person_id = :person_id AND id <= :upto AND read_at IS NULL;

-- name: account_inbox_unread_again
-- params: person_id int, at int
-- exec
UPDATE inbox SET read_at = NULL WHERE person_id = :person_id AND read_at = :at;

-- name: account_inbox_all
-- params: person_id int
-- rows: topic text, title text, body text, url text, at int, read_at int?
SELECT topic, title, body, url, at, read_at FROM inbox WHERE person_id = :person_id ORDER BY id;

-- name: account_inbox_sweep
-- params: before int
-- exec
DELETE FROM inbox WHERE at < :before;

-- name: account_digest
-- params: person_id int
-- row: every text, next_at int, upto int
SELECT every, next_at, upto FROM digests WHERE person_id = :person_id;

-- name: account_digest_put
-- params: person_id int, every text, next_at int, upto int
-- exec
INSERT INTO digests (person_id, every, next_at, upto) VALUES (:person_id, :every, :next_at, :upto)
    ON CONFLICT (person_id) DO UPDATE SET every = excluded.every, next_at = excluded.next_at;

-- name: account_digest_drop
-- params: person_id int
-- exec
DELETE FROM digests WHERE person_id = :person_id;

-- name: account_digests_due
-- params: now int, most int
-- rows: person_id int, every text, next_at int, upto int
SELECT person_id, every, next_at, upto FROM digests WHERE next_at <= :now ORDER BY next_at, person_id LIMIT :most;

-- name: account_digest_next
-- params: person_id int, former int, next_at int, upto int
-- exec
UPDATE digests SET next_at = :next_at, upto = :upto WHERE person_id = :person_id AND next_at = :former;

-- name: account_digest_rows
-- params: person_id int, upto int, most int
-- rows: id int, title text, url text, at int
SELECT id, title, url, at FROM inbox
 WHERE person_id = :person_id AND id > :upto AND read_at IS NULL AND NOT written ORDER BY id DESC LIMIT :most;

-- name: account_forget_inbox
-- params: person_id int
-- exec
DELETE FROM inbox WHERE person_id = :person_id;
