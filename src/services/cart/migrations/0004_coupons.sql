-- SPDX-License-Identifier: Apache-2.0
-- Coupons: something off what is bought.
CREATE TABLE coupons (
  id        BIGINT NOT NULL PRIMARY KEY,
  code      TEXT NOT NULL UNIQUE,            -- capitals and digits
  percent   BIGINT NOT NULL CHECK (percent BETWEEN 0 AND 100), -- 0: an amount
  amount    BIGINT NOT NULL CHECK (amount >= 0),               -- minor units
  currency  TEXT NOT NULL,
  account   TEXT NOT NULL,                   -- whose goods: "market/bakery"; "": everybody's
  least     BIGINT NOT NULL,                 -- what they must come to
  until     BIGINT,
  uses_most BIGINT NOT NULL,                 -- orders; 0: any number
  used      BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0 AND (uses_most = 0 OR used <= uses_most)),
  stopped   BOOLEAN NOT NULL DEFAULT FALSE,
  made_at   BIGINT NOT NULL
);
ALTER TABLE baskets ADD COLUMN coupon TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN coupon TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN discount BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_lines ADD COLUMN discount BIGINT NOT NULL DEFAULT 0; -- is off total already
