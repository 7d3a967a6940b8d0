-- SPDX-License-Identifier: Apache-2.0
-- Collection: windows, and how full they are. Orders of one press are one visit.

-- name: cart_slots_open
-- params: now int, lim int
-- rows: id int, place text, starts_at int, ends_at int, closes_at int, capacity int, taken int
SELECT s.id, s.place, s.starts_at, s.ends_at, s.closes_at, s.capacity,
       (SELECT COUNT(DISTINCT o.press) FROM orders o WHERE o.slot_id = s.id AND o.state <> 'cancelled') AS taken
  FROM slots s WHERE s.closes_at > :now AND NOT s.removed ORDER BY s.starts_at, s.id LIMIT :lim;

-- name: cart_slot_locked
-- params: id int
-- row: id int, capacity int, closes_at int, removed bool
-- sqlite:
SELECT id, capacity, closes_at, removed FROM slots WHERE id = :id;
-- postgres:
SELECT id, capacity, closes_at, removed FROM slots WHERE id = :id FOR UPDATE;

-- name: cart_slot_taken
-- params: id int
-- row: n int
SELECT COUNT(DISTINCT press) AS n FROM orders WHERE slot_id = :id AND state <> 'cancelled';

-- name: cart_order_set_slot
-- params: order_id int, slot_id int
-- exec
UPDATE orders SET slot_id = :slot_id WHERE id = :order_id;

-- name: cart_slot_of
-- params: order_id int
-- row: place text, starts_at int, ends_at int
SELECT s.place, s.starts_at, s.ends_at FROM slots s JOIN orders o ON o.slot_id = s.id WHERE o.id = :order_id;

-- name: cart_slot_add
-- params: id int, place text, starts_at int, ends_at int, closes_at int, capacity int
-- exec
INSERT INTO slots (id, place, starts_at, ends_at, closes_at, capacity) VALUES (:id, :place, :starts_at, :ends_at, :closes_at, :capacity);

-- name: cart_slot_remove
-- params: id int, removed bool
-- exec
UPDATE slots SET removed = :removed WHERE id = :id AND removed <> :removed;

-- name: cart_slots
-- params: q text, pattern text, now int, shown text
-- list: id int, place text, starts_at int, ends_at int, closes_at int, capacity int, taken int, removed bool
-- sorts: starts_at, place
SELECT s.id, s.place, s.starts_at, s.ends_at, s.closes_at, s.capacity,
       (SELECT COUNT(DISTINCT o.press) FROM orders o WHERE o.slot_id = s.id AND o.state <> 'cancelled') AS taken, s.removed
  FROM slots s
 WHERE (:q = '' OR LOWER(s.place) LIKE :pattern ESCAPE '!') AND ((:shown = 'coming' AND s.ends_at >= :now) OR (:shown = 'past' AND s.ends_at < :now));
