-- SPDX-License-Identifier: Apache-2.0
-- What is ordered from suppliers.

-- name: cart_supply_lines
-- params: cycle int, lim int
-- rows: provider text, supplier_id int, supplier_name text, name text, variant text, quantity int
SELECT l.provider, l.supplier_id, MAX(l.supplier_name) AS supplier_name, MAX(l.name) AS name, MAX(l.variant) AS variant,
       CAST(SUM(l.quantity - l.returned) AS BIGINT) AS quantity
  FROM order_lines l JOIN orders o ON o.id = l.order_id
 WHERE l.cycle = :cycle AND l.cycle <> 0 AND l.supplier_id <> 0 AND o.state = 'placed' AND o.supply = 'sold'
 GROUP BY l.provider, l.supplier_id, l.item HAVING SUM(l.quantity - l.returned) > 0
 ORDER BY l.provider, l.supplier_id, 4, 5 LIMIT :lim;

-- name: cart_supply_add
-- params: id int, cycle int, title text, provider text, supplier_id int, supplier_name text, lines text, pieces int, state text, email text, now int
-- exec
INSERT INTO supplies (id, cycle, title, provider, supplier_id, supplier_name, lines, pieces, state, email, made_at)
     VALUES (:id, :cycle, :title, :provider, :supplier_id, :supplier_name, :lines, :pieces, :state, :email, :now)
    ON CONFLICT (cycle, provider, supplier_id) DO NOTHING;

-- name: cart_supply
-- params: id int
-- row: id int, title text, provider text, supplier_id int, supplier_name text, lines text, pieces int, state text, email text, made_at int
SELECT id, title, provider, supplier_id, supplier_name, lines, pieces, state, email, made_at FROM supplies WHERE id = :id;

-- name: cart_supply_sent
-- params: id int, email text
-- exec
UPDATE supplies SET state = 'sent', email = :email WHERE id = :id;

-- name: cart_supplies
-- params: q text, pattern text
-- list: id int, title text, supplier_name text, pieces int, state text, email text, made_at int
-- sorts: id, supplier_name
SELECT id, title, supplier_name, pieces, state, email, made_at FROM supplies
 WHERE (:q = '' OR LOWER(title) LIKE :pattern ESCAPE '!' OR LOWER(supplier_name) LIKE :pattern ESCAPE '!');
