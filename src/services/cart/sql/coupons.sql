-- SPDX-License-Identifier: Apache-2.0
-- Coupons. One use is one order; it comes back when the order ends before it was sold.

-- name: cart_coupon
-- params: code text
-- row: id int, code text, percent int, amount int, currency text, account text, least int, until int?, uses_most int, used int, stopped bool
SELECT id, code, percent, amount, currency, account, least, until, uses_most, used, stopped FROM coupons WHERE code = :code;

-- name: cart_coupon_add
-- params: id int, code text, percent int, amount int, currency text, account text, least int, until int?, uses_most int, now int
-- exec
INSERT INTO coupons (id, code, percent, amount, currency, account, least, until, uses_most, made_at)
     VALUES (:id, :code, :percent, :amount, :currency, :account, :least, :until, :uses_most, :now) ON CONFLICT (code) DO NOTHING;

-- name: cart_coupon_use
-- params: code text, now int
-- exec
UPDATE coupons SET used = used + 1 WHERE code = :code AND NOT stopped AND (uses_most = 0 OR used < uses_most) AND (until IS NULL OR until >= :now);

-- An order that lives again has it again, if there is one left.
-- name: cart_coupon_use_again
-- params: code text
-- exec
UPDATE coupons SET used = used + 1 WHERE code = :code AND (uses_most = 0 OR used < uses_most);

-- name: cart_coupon_unuse
-- params: code text
-- exec
UPDATE coupons SET used = used - 1 WHERE code = :code AND used > 0;

-- name: cart_coupon_stop
-- params: id int, stopped bool
-- exec
UPDATE coupons SET stopped = :stopped WHERE id = :id AND stopped <> :stopped;

-- name: cart_coupons
-- params: q text, pattern text
-- list: id int, code text, percent int, amount int, currency text, account text, least int, until int?, uses_most int, used int, stopped bool, made_at int
-- sorts: made_at, code
SELECT id, code, percent, amount, currency, account, least, until, uses_most, used, stopped, made_at FROM coupons
 WHERE (:q = '' OR LOWER(code) LIKE :pattern ESCAPE '!');

-- name: cart_basket_coupon
-- params: owner text
-- row: coupon text
SELECT coupon FROM baskets WHERE owner = :owner;

-- name: cart_basket_set_coupon
-- params: owner text, code text
-- exec
UPDATE baskets SET coupon = :code WHERE owner = :owner;

-- name: cart_order_discount
-- params: id int, coupon text, discount int
-- exec
UPDATE orders SET coupon = :coupon, discount = :discount WHERE id = :id;

-- name: cart_order_line_discount
-- params: order_id int, line int, discount int
-- exec
UPDATE order_lines SET discount = :discount WHERE order_id = :order_id AND line = :line;
