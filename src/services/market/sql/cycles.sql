-- Order cycles: which one a variant can be had in, how much of it went there, what is open until when; and their administration.

-- The cycle that decides about a variant: of the open ones that which closes first, else the next that opens, else a former one. No row:
-- the variant is in none and can be had at any time.
-- name: market_cycle_of
-- params: variant int, now int
-- row: id int, title text, opens_at int, closes_at int, price int, cap int
SELECT y.id, y.title, y.opens_at, y.closes_at, x.price, x.cap
  FROM cycle_variants x JOIN cycles y ON y.id = x.cycle_id
 WHERE x.variant_id = :variant
 ORDER BY CASE WHEN y.closes_at <= :now THEN 2 WHEN y.opens_at <= :now THEN 0 ELSE 1 END,
          CASE WHEN y.opens_at <= :now THEN y.closes_at ELSE y.opens_at END, y.id
 LIMIT 1;

-- Locks how much of a variant a cycle has.
-- name: market_cycle_cap
-- params: cycle int, variant int
-- row: cap int
-- sqlite:
SELECT cap FROM cycle_variants WHERE cycle_id = :cycle AND variant_id = :variant;
-- postgres:
SELECT cap FROM cycle_variants WHERE cycle_id = :cycle AND variant_id = :variant FOR UPDATE;

-- What was sold of a variant in a cycle or is held there in its time, to a checkout and to all others. At most the cap is counted: nothing else is let in.
-- name: market_cycle_taken
-- params: cycle int, variant int, checkout text, now int
-- row: mine int, others int
SELECT CAST(COALESCE(SUM(CASE WHEN u.checkout = :checkout THEN u.has ELSE 0 END), 0) AS BIGINT) AS mine,
       CAST(COALESCE(SUM(CASE WHEN u.checkout = :checkout THEN 0 ELSE u.has END), 0) AS BIGINT) AS others
  FROM (SELECT t.checkout, CASE WHEN SUM(t.wanted) > SUM(t.sold) THEN SUM(t.wanted) ELSE SUM(t.sold) END AS has
          FROM (SELECT l.checkout, 0 AS wanted, l.quantity - l.returned AS sold FROM sold_lines l
                 WHERE l.cycle_id = :cycle AND l.cycle_id <> 0 AND l.variant_id = :variant
                UNION ALL
                SELECT w.checkout, w.quantity AS wanted, 0 AS sold FROM wanted_lines w
                 WHERE w.cycle_id = :cycle AND w.cycle_id <> 0 AND w.variant_id = :variant
                   AND EXISTS (SELECT 1 FROM holds h JOIN variants v ON v.stock_id = h.stock_id
                                WHERE h.checkout = w.checkout AND v.id = w.variant_id AND h.until_at > :now)) t
         GROUP BY t.checkout) u;

-- products: ids as a JSON array. unbound: how many of its variants can be had at any time.
-- name: market_cycles_of_products
-- params: products text, now int
-- rows: id int, closes_at int?, opens_at int?, bound int, unbound int
-- sqlite:
SELECT v.product_id AS id,
       MAX(CASE WHEN y.opens_at <= :now AND y.closes_at > :now THEN y.closes_at END) AS closes_at,
       MIN(CASE WHEN y.opens_at > :now THEN y.opens_at END) AS opens_at,
       SUM(CASE WHEN y.id IS NULL THEN 0 ELSE 1 END) AS bound, SUM(CASE WHEN y.id IS NULL THEN 1 ELSE 0 END) AS unbound
  FROM json_each(:products) j JOIN variants v ON v.product_id = j.value
       LEFT JOIN cycle_variants x ON x.variant_id = v.id LEFT JOIN cycles y ON y.id = x.cycle_id
 WHERE v.state = 'active' GROUP BY v.product_id;
-- postgres:
SELECT v.product_id AS id,
       MAX(CASE WHEN y.opens_at <= :now AND y.closes_at > :now THEN y.closes_at END) AS closes_at,
       MIN(CASE WHEN y.opens_at > :now THEN y.opens_at END) AS opens_at,
       CAST(SUM(CASE WHEN y.id IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS bound,
       CAST(SUM(CASE WHEN y.id IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unbound
  FROM json_array_elements_text(CAST(:products AS json)) AS j (value) JOIN variants v ON v.product_id = CAST(j.value AS BIGINT)
       LEFT JOIN cycle_variants x ON x.variant_id = v.id LEFT JOIN cycles y ON y.id = x.cycle_id
 WHERE v.state = 'active' GROUP BY v.product_id;

-- What is not over.
-- name: market_cycles_shown
-- params: now int, lim int
-- rows: id int, title text, opens_at int, closes_at int, delivers_at int
SELECT id, title, opens_at, closes_at, delivers_at FROM cycles WHERE delivers_at > :now ORDER BY opens_at, id LIMIT :lim;

-- name: market_cycle_products
-- params: cycle int, lim int
-- rows: handle text, title text, page text, currency text, price int
SELECT p.handle, p.title, g.slug AS page, g.currency,
       MIN(CASE WHEN x.price > 0 AND x.price < v.price THEN x.price ELSE v.price END) AS price
  FROM cycle_variants x JOIN variants v ON v.id = x.variant_id JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
 WHERE x.cycle_id = :cycle AND v.state = 'active' AND p.listed AND g.state <> 'draft'
 GROUP BY p.id, p.handle, p.title, g.slug, g.currency ORDER BY p.title, p.id LIMIT :lim;

-- --- what is told ---

-- name: market_cycles_untold
-- params: now int, lim int
-- rows: id int, title text, opens_at int, closes_at int, told int
SELECT id, title, opens_at, closes_at, told FROM cycles
 WHERE told < 2 AND opens_at <= :now AND (told = 0 OR closes_at <= :now) ORDER BY opens_at, id LIMIT :lim;

-- name: market_cycle_told
-- params: id int, was int, told int
-- exec
UPDATE cycles SET told = :told WHERE id = :id AND told = :was;

-- --- administration ---

-- name: market_cycles
-- params: q text, pattern text
-- list: id int, title text, opens_at int, closes_at int, delivers_at int, variants int
-- sorts: opens_at, title, closes_at
SELECT y.id, y.title, y.opens_at, y.closes_at, y.delivers_at, (SELECT COUNT(*) FROM cycle_variants x WHERE x.cycle_id = y.id) AS variants
  FROM cycles y WHERE (:q = '' OR lower(y.title) LIKE :pattern ESCAPE '!');

-- name: market_cycle
-- params: id int
-- row: id int, title text, opens_at int, closes_at int, delivers_at int, told int
SELECT id, title, opens_at, closes_at, delivers_at, told FROM cycles WHERE id = :id;

-- name: market_cycle_add
-- params: id int, title text, opens int, closes int, delivers int, now int
-- exec
INSERT INTO cycles (id, title, opens_at, closes_at, delivers_at, created_at, updated_at) VALUES (:id, :title, :opens, :closes, :delivers, :now, :now);

-- name: market_cycle_change
-- params: id int, title text, opens int, closes int, delivers int, told int, now int
-- exec
UPDATE cycles SET title = :title, opens_at = :opens, closes_at = :closes, delivers_at = :delivers, told = :told, updated_at = :now WHERE id = :id;

-- A cycle that nothing was ordered in.
-- name: market_cycle_drop
-- params: id int
-- exec
DELETE FROM cycles WHERE id = :id AND NOT EXISTS (SELECT 1 FROM sold_lines l WHERE l.cycle_id = :id AND l.cycle_id <> 0)
   AND NOT EXISTS (SELECT 1 FROM wanted_lines w WHERE w.cycle_id = :id AND w.cycle_id <> 0);

-- name: market_cycle_goods
-- params: id int
-- rows: variant int, sku text, handle text, title text, value1 text, value2 text, value3 text, currency text, usual int, price int, cap int
SELECT v.id AS variant, v.sku, p.handle, p.title, v.value1, v.value2, v.value3, g.currency, v.price AS usual, x.price, x.cap
  FROM cycle_variants x JOIN variants v ON v.id = x.variant_id JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
 WHERE x.cycle_id = :id ORDER BY p.title, p.id, v.rank, v.id;

-- name: market_cycle_good_drop
-- params: id int, variant int
-- exec
DELETE FROM cycle_variants WHERE cycle_id = :id AND variant_id = :variant;

-- name: market_cycle_good_add
-- params: cycle int, variant int, price int, cap int
-- exec
INSERT INTO cycle_variants (cycle_id, variant_id, price, cap) VALUES (:cycle, :variant, :price, :cap)
    ON CONFLICT (cycle_id, variant_id) DO UPDATE SET price = excluded.price, cap = excluded.cap;

-- What somebody calls a SKU, the address of a product, or a variant's id.
-- name: market_cycle_named
-- params: name text, id int, lim int
-- rows: id int, currency text
SELECT v.id, g.currency FROM variants v JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
 WHERE v.state = 'active' AND ((v.sku = :name AND v.sku <> '') OR p.handle = :name OR v.id = :id) ORDER BY v.id LIMIT :lim;

-- name: market_cycle_supplied
-- params: supplier int, lim int
-- rows: id int
SELECT v.id FROM variants v JOIN products p ON p.id = v.product_id
 WHERE p.supplier_id = :supplier AND v.state = 'active' AND p.status = 'active' ORDER BY v.id LIMIT :lim;
