-- SPDX-License-Identifier: Apache-2.0
-- Collection: windows, and how full they are. Orders of one press are one visit, and one that is collected with another one is part of that one's.

-- name: cart_slots_open
-- params: now int, lim int
-- rows: id int, place text, starts_at int, ends_at int, closes_at int, capacity int, taken int
SELECT s.id, s.place, s.starts_at, s.ends_at, s.closes_at, s.capacity,
       (SELECT COUNT(DISTINCT CASE WHEN o.visit = '' THEN o.press ELSE o.visit END) FROM orders o WHERE o.slot_id = s.id AND o.state <> 'cancelled') AS taken
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
SELECT COUNT(DISTINCT CASE WHEN visit = '' THEN press ELSE visit END) AS n FROM orders WHERE slot_id = :id AND state <> 'cancelled';

-- name: cart_order_set_slot
-- params: order_id int, slot_id int, visit text, open_until int
-- exec
UPDATE orders SET slot_id = :slot_id, visit = :visit,
       open_until = CASE WHEN open_until IS NULL OR open_until > :open_until THEN :open_until ELSE open_until END
 WHERE id = :order_id;

-- name: cart_visits
-- params: person_id int, now int, lim int
-- rows: number text, place text, starts_at int, ends_at int
SELECT o.number, s.place, s.starts_at, s.ends_at FROM orders o JOIN slots s ON s.id = o.slot_id
 WHERE o.person_id = :person_id AND o.state = 'placed' AND o.visit = '' AND o.fulfilment = 'none' AND s.closes_at > :now AND NOT s.removed
 ORDER BY s.starts_at, o.id LIMIT :lim;

-- name: cart_visit_locked
-- params: number text, person_id int
-- row: slot_id int, press text, state text, closes_at int, removed bool
-- sqlite:
SELECT s.id AS slot_id, o.press, o.state, s.closes_at, s.removed FROM orders o JOIN slots s ON s.id = o.slot_id
 WHERE o.number = :number AND o.person_id = :person_id AND o.visit = '';
-- postgres:
SELECT s.id AS slot_id, o.press, o.state, s.closes_at, s.removed FROM orders o JOIN slots s ON s.id = o.slot_id
 WHERE o.number = :number AND o.person_id = :person_id AND o.visit = '' FOR UPDATE OF s;

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
       (SELECT COUNT(DISTINCT CASE WHEN o.visit = '' THEN o.press ELSE o.visit END) FROM orders o WHERE o.slot_id = s.id AND o.state <> 'cancelled') AS taken, s.removed
  FROM slots s
 WHERE (:q = '' OR LOWER(s.place) LIKE :pattern ESCAPE '!') AND ((:shown = 'coming' AND s.ends_at >= :now) OR (:shown = 'past' AND s.ends_at < :now));
