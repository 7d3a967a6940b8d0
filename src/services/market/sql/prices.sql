-- Price lists, and what things cost before.

-- name: market_list_prices_of
-- params: variant int
-- rows: list text, price int
SELECT list, price FROM list_prices WHERE variant_id = :variant ORDER BY list;

-- name: market_list_price_put
-- params: variant int, list text, price int
-- exec
INSERT INTO list_prices (variant_id, list, price) VALUES (:variant, :list, :price)
    ON CONFLICT (variant_id, list) DO UPDATE SET price = excluded.price;

-- name: market_list_price_drop
-- params: variant int, list text
-- exec
DELETE FROM list_prices WHERE variant_id = :variant AND list = :list;

-- name: market_list_price_changed
-- params: variant int, list text, at int, price int
-- exec
INSERT INTO list_price_changes (variant_id, list, at, price) VALUES (:variant, :list, :at, :price)
    ON CONFLICT (variant_id, list, at) DO UPDATE SET price = excluded.price;

-- The key of a row is "variant list".
-- name: market_list_prices
-- params: q text, pattern text, which text
-- list: key text, title text, value1 text, value2 text, value3 text, sku text, list text, price int, usual int, currency text, page text, handle text
-- sorts: title, price
SELECT CAST(x.variant_id AS TEXT) || ' ' || x.list AS key, p.title, v.value1, v.value2, v.value3, v.sku, x.list, x.price, v.price AS usual, g.currency,
       g.slug AS page, p.handle
  FROM list_prices x JOIN variants v ON v.id = x.variant_id JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
 WHERE (:q = '' OR lower(p.title) LIKE :pattern ESCAPE '!' OR lower(v.sku) LIKE :pattern ESCAPE '!') AND (:which = '' OR x.list = :which);

-- What it cost, newest first.
-- name: market_prices_of
-- params: variant int, lim int
-- rows: at int, price int
SELECT at, price FROM prices WHERE variant_id = :variant ORDER BY at DESC LIMIT :lim;

-- Since when it is reduced without a break; NULL: it is not.
-- name: market_reduced_since
-- params: variant int
-- row: at int?
SELECT MIN(r.at) AS at FROM prices r
 WHERE r.variant_id = :variant AND r.was > r.price
   AND r.at > COALESCE((SELECT MAX(u.at) FROM prices u WHERE u.variant_id = :variant AND u.was <= u.price), 0);
