-- SPDX-License-Identifier: Apache-2.0
-- Orders, their lines and what happened to them.

-- name: cart_order_add
-- params: id int, number text, secret text, checkout text, press text, part int, parts int, person_id int?, account text, account_name text, held_until int, method text, currency text, total int, vat int, name text, email text, phone text, note text, lang text, open_until int?, now int
-- exec
INSERT INTO orders (id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until,
                    method, currency, total, vat, name, email, phone, note, lang, open_until, placed_at)
     VALUES (:id, :number, :secret, :checkout, :press, :part, :parts, 1, :person_id, :account, :account_name, 'placed', 'none', 'none', 'held', :held_until,
             :method, :currency, :total, :vat, :name, :email, :phone, :note, :lang, :open_until, :now);

-- name: cart_order_line_add
-- params: order_id int, line int, provider text, item text, quantity int, kind text, name text, variant text, url text, picture text, price int, total int, vat_rate int, vat int, supplier_id int, supplier_name text, supplier_price int, own_price int?, answers text, keeps text, cycle int, grams int
-- exec
INSERT INTO order_lines (order_id, line, provider, item, quantity, kind, name, variant, url, picture, price, total, vat_rate, vat, supplier_id,
                         supplier_name, supplier_price, own_price, answers, keeps, cycle, grams)
     VALUES (:order_id, :line, :provider, :item, :quantity, :kind, :name, :variant, :url, :picture, :price, :total, :vat_rate, :vat, :supplier_id,
             :supplier_name, :supplier_price, :own_price, :answers, :keeps, :cycle, :grams);

-- name: cart_order
-- params: number text
-- row: id int, number text, secret text, checkout text, press text, part int, parts int, revision int, person_id int?, account text, account_name text, state text, payment text, fulfilment text, supply text, held_until int, method text, currency text, total int, vat int, paid int, refunded int, name text, email text, phone text, note text, lang text, why text, placed_at int, paid_at int?, ended_at int?, coupon text, discount int, less int, open_until int?
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE number = :number;

-- name: cart_order_by_id
-- params: id int
-- row: like cart_order
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE id = :id;

-- name: cart_order_locked
-- params: id int
-- row: like cart_order
-- sqlite:
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE id = :id;
-- postgres:
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE id = :id FOR UPDATE;

-- name: cart_press_orders
-- params: press text
-- rows: like cart_order
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE press = :press ORDER BY part;

-- name: cart_orders_of_person
-- params: person_id int, before int, lim int
-- rows: like cart_order
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE person_id = :person_id AND id < :before ORDER BY id DESC LIMIT :lim;

-- name: cart_order_lines
-- params: order_id int
-- rows: line int, provider text, item text, quantity int, kind text, name text, variant text, url text, picture text, price int, total int, vat_rate int, vat int, supplier_id int, supplier_name text, supplier_price int, own_price int?, answers text, keeps text, cycle int, returned int, refunded int, sold_note text, sold_url text, sold_code text, discount int, grams int, weighed int?, weighed_from int, less int, less_vat int, less_owed int
SELECT line, provider, item, quantity, kind, name, variant, url, picture, price, total, vat_rate, vat, supplier_id, supplier_name, supplier_price,
       own_price, answers, keeps, cycle, returned, refunded, sold_note, sold_url, sold_code, discount, grams,
       weighed, weighed_from, less, less_vat, less_owed
  FROM order_lines WHERE order_id = :order_id ORDER BY line;

-- name: cart_order_set_payment
-- params: id int, payment text, paid int, refunded int, now int
-- exec
UPDATE orders SET payment = :payment, paid = :paid, refunded = :refunded,
       paid_at = CASE WHEN :payment = 'paid' AND paid_at IS NULL THEN :now ELSE paid_at END WHERE id = :id;

-- name: cart_order_set_supply
-- params: id int, former text, supply text
-- exec
UPDATE orders SET supply = :supply WHERE id = :id AND supply = :former;

-- name: cart_order_revive
-- params: id int, revision int, held_until int
-- exec
UPDATE orders SET revision = :revision, held_until = :held_until, supply = 'held', state = 'placed', why = '', ended_at = NULL WHERE id = :id;

-- name: cart_order_end
-- params: id int, state text, why text, now int
-- exec
UPDATE orders SET state = :state, why = :why, ended_at = :now WHERE id = :id AND state = 'placed';

-- name: cart_order_fulfilment
-- params: id int, former text, fulfilment text
-- exec
UPDATE orders SET fulfilment = :fulfilment WHERE id = :id AND fulfilment = :former;

-- name: cart_order_sold
-- params: order_id int, line int, note text, url text, code text
-- exec
UPDATE order_lines SET sold_note = :note, sold_url = :url, sold_code = :code WHERE order_id = :order_id AND line = :line;

-- name: cart_order_line_back
-- params: order_id int, line int, quantity int, amount int
-- exec
UPDATE order_lines SET returned = returned + :quantity, refunded = refunded + :amount
 WHERE order_id = :order_id AND line = :line AND returned + :quantity <= quantity AND refunded + :amount <= total;

-- name: cart_order_less
-- params: id int, some int
-- exec
UPDATE orders SET less = less + :some WHERE id = :id AND less + :some <= total;

-- name: cart_order_line_weighed
-- params: order_id int, line int, grams int, less int, less_vat int, less_owed int
-- exec
UPDATE order_lines SET weighed = :grams, weighed_from = returned, less = :less, less_vat = :less_vat, less_owed = :less_owed, refunded = refunded + :less
 WHERE order_id = :order_id AND line = :line AND weighed IS NULL AND returned < quantity AND refunded + :less <= total;

-- name: cart_orders_lapsed
-- params: now int, lim int
-- rows: id int
SELECT id FROM orders WHERE supply = 'held' AND held_until < :now AND paid < total - less ORDER BY held_until, id LIMIT :lim;

-- name: cart_order_event_add
-- params: id int, order_id int, at int, actor text, what text, amount int, note text
-- exec
INSERT INTO order_events (id, order_id, at, actor, what, amount, note) VALUES (:id, :order_id, :at, :actor, :what, :amount, :note);

-- name: cart_order_events
-- params: order_id int
-- rows: id int, at int, actor text, what text, amount int, note text
SELECT id, at, actor, what, amount, note FROM order_events WHERE order_id = :order_id ORDER BY id;

-- name: cart_orders
-- params: q text, pattern text, state text, payment text, fulfilment text
-- list: id int, number text, name text, email text, account_name text, state text, payment text, fulfilment text, currency text, total int, placed_at int
-- sorts: id, name, total
SELECT id, number, name, email, account_name, state, payment, fulfilment, currency, total, placed_at FROM orders
 WHERE (:q = '' OR LOWER(number) LIKE :pattern ESCAPE '!' OR LOWER(name) LIKE :pattern ESCAPE '!' OR LOWER(email) LIKE :pattern ESCAPE '!')
   AND (:state = '' OR state = :state) AND (:payment = '' OR payment = :payment) AND (:fulfilment = '' OR fulfilment = :fulfilment);

-- name: cart_order_forget
-- params: person_id int
-- exec
UPDATE orders SET person_id = NULL, name = '', email = '', phone = '', note = '' WHERE person_id = :person_id;

-- name: cart_pack
-- params: lim int
-- rows: id int, number text, name text, phone text, note text, account_name text, fulfilment text, total int, paid int, less int, currency text, line int, quantity int, returned int, grams int, weighed int?, item_name text, variant text, supplier_name text, place text?, starts_at int?, ends_at int?
SELECT o.id, o.number, o.name, o.phone, o.note, o.account_name, o.fulfilment, o.total, o.paid, o.less, o.currency, l.line, l.quantity, l.returned,
       l.grams, l.weighed,       l.name AS item_name, l.variant, l.supplier_name, s.place, s.starts_at, s.ends_at
  FROM orders o JOIN order_lines l ON l.order_id = o.id LEFT JOIN slots s ON s.id = o.slot_id
 WHERE o.state = 'placed' AND o.supply = 'sold' AND o.fulfilment IN ('none', 'packing', 'ready')
 ORDER BY COALESCE(s.starts_at, 0), LOWER(o.name), o.id, l.line LIMIT :lim;

-- name: cart_orders_all_of
-- params: person_id int
-- rows: like cart_order
SELECT id, number, secret, checkout, press, part, parts, revision, person_id, account, account_name, state, payment, fulfilment, supply, held_until, method,
       currency, total, vat, paid, refunded, name, email, phone, note, lang, why, placed_at, paid_at, ended_at, coupon, discount, less, open_until
  FROM orders WHERE person_id = :person_id ORDER BY id;

-- name: cart_orders_open
-- row: n int
SELECT COUNT(*) AS n FROM orders WHERE supply = 'held';
