-- SPDX-License-Identifier: Apache-2.0
-- What becomes of an order after it was placed: less of it, weighed, collected together with another one.
ALTER TABLE orders ADD COLUMN less BIGINT NOT NULL DEFAULT 0;  -- of total: what was taken off its lines since
ALTER TABLE orders ADD COLUMN open_until BIGINT;               -- its buyer may change it until then; NULL: may not
ALTER TABLE orders ADD COLUMN visit TEXT NOT NULL DEFAULT '';  -- press of the order that it is collected with; '': its own
ALTER TABLE order_lines ADD COLUMN grams BIGINT NOT NULL DEFAULT 0;    -- of one, an estimate that is weighed; 0: is not weighed
ALTER TABLE order_lines ADD COLUMN weighed BIGINT;             -- grams of what was left of it then
ALTER TABLE order_lines ADD COLUMN weighed_from BIGINT NOT NULL DEFAULT 0; -- of quantity: returned before it was weighed
ALTER TABLE order_lines ADD COLUMN less BIGINT NOT NULL DEFAULT 0;     -- of total: was weighed less
ALTER TABLE order_lines ADD COLUMN less_vat BIGINT NOT NULL DEFAULT 0; -- of vat
ALTER TABLE order_lines ADD COLUMN less_owed BIGINT NOT NULL DEFAULT 0; -- of what its supplier is owed
ALTER TABLE refunds ADD COLUMN via TEXT NOT NULL DEFAULT '';   -- how, when not the way it was paid: balance, cash, transfer
UPDATE orders SET less = (SELECT COALESCE(SUM(l.refunded), 0) FROM order_lines l WHERE l.order_id = orders.id);
