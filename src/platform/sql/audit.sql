-- The audit chain (platform/audit/audit.h).

-- The next entry. PostgreSQL: one statement moves the end of the chain on, waiting for whoever holds it, and hashes what it
-- found there; :chained is the canonical JSON up to the previous hash. SQLite, which has no SHA-256 but one writer: :chained is the hash.
-- name: audit_append
-- params: chained text, at int, action text, actor text, address text, object text, details text
-- row: seq int, hash text
-- writes
-- sqlite:
INSERT INTO audit_log (seq, at, action, actor, address, object, details, prev, hash)
SELECT h.seq + 1, :at, :action, :actor, :address, :object, :details, h.hash, :chained FROM audit_head h WHERE h.id = 1
RETURNING seq, hash;
-- postgres:
WITH before AS (SELECT id, seq, hash FROM audit_head WHERE id = 1 FOR UPDATE),
     head AS (UPDATE audit_head h SET seq = b.seq + 1,
                     hash = encode(sha256(convert_to(:chained || b.hash || '","seq":' || (b.seq + 1)::text || '}', 'UTF8')), 'hex')
                FROM before b WHERE h.id = b.id RETURNING h.seq, b.hash AS prev, h.hash)
INSERT INTO audit_log (seq, at, action, actor, address, object, details, prev, hash)
SELECT seq, :at, :action, :actor, :address, :object, :details, prev, hash FROM head
RETURNING seq, hash;

-- name: audit_head_read
-- row: seq int, hash text
SELECT seq, hash FROM audit_head WHERE id = 1;

-- name: audit_head_put
-- params: seq int, hash text
-- exec
UPDATE audit_head SET seq = :seq, hash = :hash WHERE id = 1;

-- name: audit_checkpoint_add
-- params: seq int, at int, hash text, key text, signature text
-- exec
INSERT INTO audit_checkpoints (seq, at, hash, key, signature) VALUES (:seq, :at, :hash, :key, :signature) ON CONFLICT (seq) DO NOTHING;

-- name: audit_walk
-- params: after int, upto int, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, prev text, hash text
SELECT seq, at, action, actor, address, object, details, prev, hash FROM audit_log
 WHERE seq > :after AND seq <= :upto ORDER BY seq LIMIT :lim;

-- name: audit_page
-- params: before int, action text, actor text, object text, since int, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, prev text, hash text
SELECT seq, at, action, actor, address, object, details, prev, hash FROM audit_log
 WHERE seq < :before AND at >= :since AND (:action = '' OR substr(action, 1, length(:action)) = :action)
   AND (:actor = '' OR actor = :actor) AND (:object = '' OR object = :object)
 ORDER BY seq DESC LIMIT :lim;

-- name: audit_about_page
-- params: before int, person text, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, prev text, hash text
SELECT seq, at, action, actor, address, object, details, prev, hash FROM audit_log
 WHERE seq < :before AND (actor = :person OR object = :person)
 ORDER BY seq DESC LIMIT :lim;

-- name: audit_checkpoints_between
-- params: after int, upto int, lim int
-- rows: seq int, at int, hash text, key text, signature text
SELECT seq, at, hash, key, signature FROM audit_checkpoints WHERE seq > :after AND seq <= :upto ORDER BY seq LIMIT :lim;

-- One statement, so that PostgreSQL shows all of it as of one moment.
-- name: audit_ends
-- row: head int?, hash text?, last int?, checkpoint int?
SELECT (SELECT seq FROM audit_head WHERE id = 1) AS head, (SELECT hash FROM audit_head WHERE id = 1) AS hash,
       (SELECT MAX(seq) FROM audit_log) AS last, (SELECT MAX(seq) FROM audit_checkpoints) AS checkpoint;

-- name: audit_mark
-- row: seq int, at int, hash text, why text
SELECT seq, at, hash, why FROM audit_mark WHERE id = 1;

-- name: audit_mark_put
-- params: seq int, at int, hash text, why text
-- exec
INSERT INTO audit_mark (id, seq, at, hash, why) VALUES (1, :seq, :at, :hash, :why)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, at = excluded.at, hash = excluded.hash, why = excluded.why;
