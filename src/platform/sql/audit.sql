-- The audit chain (platform/audit.h).

-- name: audit_head_take
-- row: seq int, hash text
-- writes
-- sqlite:
SELECT seq, hash FROM audit_head WHERE id = 1;
-- postgres:
SELECT seq, hash FROM audit_head WHERE id = 1 FOR UPDATE;

-- name: audit_head_read
-- row: seq int, hash text
SELECT seq, hash FROM audit_head WHERE id = 1;

-- name: audit_add
-- params: seq int, at int, action text, actor text, address text, object text, details text, hash text
-- exec
INSERT INTO audit_log (seq, at, action, actor, address, object, details, hash)
     VALUES (:seq, :at, :action, :actor, :address, :object, :details, :hash);

-- name: audit_head_put
-- params: seq int, hash text
-- exec
UPDATE audit_head SET seq = :seq, hash = :hash WHERE id = 1;

-- name: audit_checkpoint_add
-- params: seq int, hash text, at int, signature text
-- exec
INSERT INTO audit_checkpoints (seq, hash, at, signature) VALUES (:seq, :hash, :at, :signature) ON CONFLICT (seq) DO NOTHING;

-- name: audit_walk
-- params: after int, upto int, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, hash text
SELECT seq, at, action, actor, address, object, details, hash FROM audit_log
 WHERE seq > :after AND seq <= :upto ORDER BY seq LIMIT :lim;

-- name: audit_page
-- params: before int, action text, actor text, object text, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, hash text
SELECT seq, at, action, actor, address, object, details, hash FROM audit_log
 WHERE seq < :before AND (:action = '' OR substr(action, 1, length(:action)) = :action)
   AND (:actor = '' OR actor = :actor) AND (:object = '' OR object = :object)
 ORDER BY seq DESC LIMIT :lim;

-- name: audit_about_page
-- params: before int, person text, lim int
-- rows: seq int, at int, action text, actor text, address text, object text, details text, hash text
SELECT seq, at, action, actor, address, object, details, hash FROM audit_log
 WHERE seq < :before AND (actor = :person OR object = :person)
 ORDER BY seq DESC LIMIT :lim;

-- name: audit_checkpoints_all
-- params: after int, lim int
-- rows: seq int, hash text, at int, signature text
SELECT seq, hash, at, signature FROM audit_checkpoints WHERE seq > :after ORDER BY seq LIMIT :lim;

-- name: audit_last
-- row: seq int?, checkpoint int?
SELECT (SELECT MAX(seq) FROM audit_log) AS seq, (SELECT MAX(seq) FROM audit_checkpoints) AS checkpoint;
