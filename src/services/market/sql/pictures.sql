-- Pictures that lists name elsewhere, on their way into our media.

-- One that failed is tried anew when another list names it.
-- name: market_picture_want
-- params: src text, import_id int, now int
-- exec
INSERT INTO pictures (src, state, next_at, import_id) VALUES (:src, 'waiting', :now, :import_id)
    ON CONFLICT (src) DO UPDATE SET import_id = excluded.import_id, next_at = excluded.next_at, tries = 0, reason = '', state = 'waiting'
 WHERE pictures.state <> 'here';

-- name: market_picture_known
-- params: src text
-- row: path text
SELECT path FROM pictures WHERE src = :src AND state = 'here';

-- name: market_pictures_due
-- params: now int, lim int
-- rows: src text, tries int
SELECT src, tries FROM pictures WHERE state = 'waiting' AND next_at <= :now ORDER BY next_at, src LIMIT :lim;

-- name: market_picture_here
-- params: src text, path text
-- exec
UPDATE pictures SET state = 'here', path = :path, reason = '' WHERE src = :src AND state <> 'here';

-- name: market_picture_later
-- params: src text, tries int, next_at int, reason text
-- exec
UPDATE pictures SET tries = :tries, next_at = :next_at, reason = :reason WHERE src = :src AND state = 'waiting';

-- name: market_picture_failed
-- params: src text, tries int, reason text
-- exec
UPDATE pictures SET state = 'failed', tries = :tries, reason = :reason WHERE src = :src AND state = 'waiting';

-- name: market_pictures_again
-- params: import_id int, now int
-- exec
UPDATE pictures SET state = 'waiting', tries = 0, next_at = :now WHERE import_id = :import_id AND state IN ('failed', 'waiting');

-- The picture of each product that lists show first, before its own row is changed.
-- name: market_products_picture
-- params: src text, path text
-- exec
UPDATE products SET image = :path WHERE image = :src AND id IN (SELECT i.product_id FROM images i WHERE i.src = :src);

-- name: market_images_picture
-- params: src text, path text
-- exec
UPDATE images SET src = :path, origin = :src WHERE src = :src;

-- name: market_pictures_of_import
-- params: import_id int
-- row: n int, here int, failed int
SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN state = 'here' THEN 1 ELSE 0 END), 0) AS here,
       COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS failed
  FROM pictures WHERE import_id = :import_id;

-- name: market_pictures_failed
-- params: import_id int, lim int
-- rows: src text, reason text
SELECT src, reason FROM pictures WHERE import_id = :import_id AND state = 'failed' ORDER BY src LIMIT :lim;
