-- SPDX-License-Identifier: Apache-2.0
-- Baskets.

-- name: cart_basket
-- params: owner text
-- row: id int, lines int, pieces int
SELECT b.id, COUNT(l.id) AS lines, CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) AS pieces FROM baskets b
  LEFT JOIN basket_lines l ON l.basket_id = b.id WHERE b.owner = :owner GROUP BY b.id;

-- name: cart_basket_make
-- params: id int, owner text, now int
-- row: id int
-- writes
INSERT INTO baskets (id, owner, created_at, touched_at) VALUES (:id, :owner, :now, :now)
    ON CONFLICT (owner) DO UPDATE SET touched_at = excluded.touched_at RETURNING id;

-- name: cart_basket_lines
-- params: owner text, lim int
-- rows: id int, provider text, item text, quantity int, own_price int?, answers text
SELECT l.id, l.provider, l.item, l.quantity, l.own_price, l.answers FROM basket_lines l JOIN baskets b ON b.id = l.basket_id
 WHERE b.owner = :owner ORDER BY l.id LIMIT :lim;

-- name: cart_basket_add
-- params: id int, basket_id int, provider text, item text, quantity int, own_price int?, answers text, most int
-- row: quantity int
-- writes
INSERT INTO basket_lines (id, basket_id, provider, item, quantity, own_price, answers)
     VALUES (:id, :basket_id, :provider, :item, :quantity, :own_price, :answers)
     ON CONFLICT (basket_id, provider, item, answers) DO UPDATE
        SET quantity = CASE WHEN basket_lines.quantity + excluded.quantity > :most THEN :most ELSE basket_lines.quantity + excluded.quantity END,
            own_price = COALESCE(excluded.own_price, basket_lines.own_price)
  RETURNING quantity;

-- name: cart_basket_count
-- params: basket_id int
-- row: n int
SELECT COUNT(*) AS n FROM basket_lines WHERE basket_id = :basket_id;

-- name: cart_basket_set
-- params: owner text, id int, quantity int
-- exec
UPDATE basket_lines SET quantity = :quantity WHERE id = :id AND basket_id = (SELECT b.id FROM baskets b WHERE b.owner = :owner);

-- name: cart_basket_remove
-- params: owner text, id int
-- exec
DELETE FROM basket_lines WHERE id = :id AND basket_id = (SELECT b.id FROM baskets b WHERE b.owner = :owner);

-- name: cart_basket_take
-- params: owner text, provider text, item text, answers text, quantity int
-- exec
UPDATE basket_lines SET quantity = quantity - :quantity
 WHERE provider = :provider AND item = :item AND answers = :answers AND quantity > :quantity
   AND basket_id = (SELECT b.id FROM baskets b WHERE b.owner = :owner);

-- name: cart_basket_drop_line
-- params: owner text, provider text, item text, answers text
-- exec
DELETE FROM basket_lines WHERE provider = :provider AND item = :item AND answers = :answers
   AND basket_id = (SELECT b.id FROM baskets b WHERE b.owner = :owner);

-- name: cart_basket_drop
-- params: owner text
-- exec
DELETE FROM baskets WHERE owner = :owner;

-- name: cart_baskets_old
-- params: before int
-- exec
DELETE FROM baskets WHERE touched_at < :before;
