-- Selling: what things cost and whether they can be had, and what checkouts hold, buy and give back. Stock items are locked in the order
-- of their ids, after the checkout's own row.

-- name: market_offer
-- params: id int
-- row: id int, state text, value1 text, value2 text, value3 text, price int, was int, supplier_price int, deposit int, unit text, content int,
--   per_kg int, least int, step int, most int, stock_id int, factor int, image text, kind text, on_hand int, held int, handle text, title text,
--   status text, published bool, vat int, age int, keeps text, picture text, page text, page_title text, page_state text, currency text,
--   supplier_id int?, supplier text?, supplier_state text?, margin int?, account text
SELECT v.id, v.state, v.value1, v.value2, v.value3, v.price, v.was, v.supplier_price, v.deposit, v.unit, v.content, v.per_kg, v.least, v.step,
       v.most, v.stock_id, v.factor, v.image, k.kind, k.on_hand, k.held, p.handle, p.title, p.status, p.published, p.vat, p.age, p.keeps,
       p.image AS picture, g.slug AS page, g.title AS page_title, g.state AS page_state, g.currency, s.id AS supplier_id, s.name AS supplier,
       s.state AS supplier_state, s.margin, CASE WHEN g.account = '' THEN g.key ELSE g.account END AS account
  FROM variants v JOIN stock_items k ON k.id = v.stock_id JOIN products p ON p.id = v.product_id JOIN pages g ON g.id = p.page_id
       LEFT JOIN suppliers s ON s.id = p.supplier_id
 WHERE v.id = :id;

-- The checkout's row, made when it is new; whoever has it is alone with the checkout until their transaction ends.
-- name: market_checkout_lock
-- params: checkout text, at int
-- row: revision int, state text, answer text, sold_revision int
-- writes
INSERT INTO checkouts (checkout, revision, state, answer, at) VALUES (:checkout, 0, 'new', '', :at)
    ON CONFLICT (checkout) DO UPDATE SET at = excluded.at
RETURNING revision, state, answer, sold_revision;

-- name: market_checkout_set
-- params: checkout text, revision int, state text, answer text
-- exec
UPDATE checkouts SET revision = :revision, state = :state, answer = :answer WHERE checkout = :checkout;

-- name: market_checkout_sold
-- params: checkout text, revision int
-- exec
UPDATE checkouts SET revision = :revision, sold_revision = :revision, state = 'sold', answer = '' WHERE checkout = :checkout;

-- name: market_wanted_drop
-- params: checkout text
-- exec
DELETE FROM wanted_lines WHERE checkout = :checkout;

-- name: market_wanted_add
-- params: checkout text, line int, variant int, quantity int, cycle int
-- exec
INSERT INTO wanted_lines (checkout, line, variant_id, quantity, cycle_id) VALUES (:checkout, :line, :variant, :quantity, :cycle);

-- name: market_wanted_of
-- params: checkout text
-- rows: line int, variant int, quantity int, cycle_id int, stock_id int, factor int
SELECT w.line, w.variant_id AS variant, w.quantity, w.cycle_id, v.stock_id, v.factor
  FROM wanted_lines w JOIN variants v ON v.id = w.variant_id WHERE w.checkout = :checkout ORDER BY w.line;

-- What it was sold and did not give back, by line.
-- name: market_sold_of
-- params: checkout text
-- rows: line int, variant int, quantity int, returned int, stock_id int, factor int
SELECT l.line, l.variant_id AS variant, l.quantity, l.returned, v.stock_id, v.factor
  FROM sold_lines l JOIN variants v ON v.id = l.variant_id WHERE l.checkout = :checkout ORDER BY l.line;

-- name: market_sold_drop
-- params: checkout text
-- exec
DELETE FROM sold_lines WHERE checkout = :checkout;

-- name: market_sold_add
-- params: checkout text, line int, variant int, quantity int, cycle int
-- exec
INSERT INTO sold_lines (checkout, line, variant_id, quantity, cycle_id) VALUES (:checkout, :line, :variant, :quantity, :cycle);

-- name: market_sold_returned
-- params: checkout text, line int, quantity int
-- exec
UPDATE sold_lines SET returned = returned + :quantity WHERE checkout = :checkout AND line = :line AND returned + :quantity <= quantity;

-- name: market_hold_of
-- params: checkout text, stock_id int
-- row: quantity int
SELECT quantity FROM holds WHERE checkout = :checkout AND stock_id = :stock_id;

-- name: market_holds_of
-- params: checkout text
-- rows: stock_id int, quantity int
SELECT stock_id, quantity FROM holds WHERE checkout = :checkout ORDER BY stock_id;

-- name: market_hold_put
-- params: checkout text, stock_id int, revision int, quantity int, until_at int
-- exec
INSERT INTO holds (checkout, stock_id, revision, quantity, until_at) VALUES (:checkout, :stock_id, :revision, :quantity, :until_at)
    ON CONFLICT (checkout, stock_id) DO UPDATE SET revision = excluded.revision, quantity = excluded.quantity, until_at = excluded.until_at;

-- name: market_hold_drop
-- params: checkout text, stock_id int
-- exec
DELETE FROM holds WHERE checkout = :checkout AND stock_id = :stock_id;

-- What others hold of it although their time is over.
-- name: market_holds_over
-- params: checkout text, stock_id int, now int
-- row: quantity int
SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) AS quantity FROM holds WHERE stock_id = :stock_id AND until_at <= :now AND checkout <> :checkout;

-- name: market_holds_free
-- params: checkout text, stock_id int, now int
-- exec
DELETE FROM holds WHERE stock_id = :stock_id AND until_at <= :now AND checkout <> :checkout;

-- name: market_stock_hold
-- params: id int, more int
-- exec
UPDATE stock_items SET held = held + :more WHERE id = :id;

-- name: market_stock_move
-- params: id int, on_hand int, held int, sold int
-- exec
UPDATE stock_items SET on_hand = on_hand + :on_hand, held = held + :held, sold = sold + :sold WHERE id = :id;

-- Whether lists show the products of a stock item as there.
-- name: market_available_refresh
-- params: stock_id int
-- exec
UPDATE products SET available = EXISTS (SELECT 1 FROM variants v JOIN stock_items k ON k.id = v.stock_id
                                         WHERE v.product_id = products.id AND v.state = 'active' AND (k.kind <> 'counted' OR k.on_hand >= v.factor))
 WHERE id IN (SELECT product_id FROM variants WHERE stock_id = :stock_id);

-- name: market_return_add
-- params: checkout text, reference text, at int
-- exec
INSERT INTO returns (checkout, reference, at) VALUES (:checkout, :reference, :at) ON CONFLICT DO NOTHING;

-- Holds whose time is over, for the sweeper: whoever needs them takes them anyway.
-- name: market_holds_stale
-- params: before int, lim int
-- rows: checkout text, revision int
SELECT DISTINCT h.checkout, c.revision FROM holds h JOIN checkouts c ON c.checkout = h.checkout WHERE h.until_at <= :before LIMIT :lim;

-- Stock items that do not add up: nobody should ever see one.
-- name: market_stock_wrong
-- params: lim int
-- rows: id int, kind text, on_hand int, held int, moved int, holds int
SELECT k.id, k.kind, k.on_hand, k.held,
       CAST(COALESCE((SELECT SUM(m.quantity) FROM stock_moves m WHERE m.stock_id = k.id), 0) AS BIGINT) AS moved,
       CAST(COALESCE((SELECT SUM(h.quantity) FROM holds h WHERE h.stock_id = k.id), 0) AS BIGINT) AS holds
  FROM stock_items k
 WHERE k.held <> COALESCE((SELECT SUM(h.quantity) FROM holds h WHERE h.stock_id = k.id), 0)
    OR k.on_hand <> COALESCE((SELECT SUM(m.quantity) FROM stock_moves m WHERE m.stock_id = k.id), 0)
 LIMIT :lim;
