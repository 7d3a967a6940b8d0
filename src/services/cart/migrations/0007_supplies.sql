-- SPDX-License-Identifier: Apache-2.0
-- What is ordered from suppliers when an order cycle has closed: once each.
CREATE TABLE supplies (
  id            BIGINT NOT NULL PRIMARY KEY,
  cycle         BIGINT NOT NULL,
  title         TEXT NOT NULL,               -- the cycle's
  provider      TEXT NOT NULL,               -- the seller that knows the supplier
  supplier_id   BIGINT NOT NULL,
  supplier_name TEXT NOT NULL,
  lines         TEXT NOT NULL,               -- JSON: [["Loaf","750 g",12]]
  pieces        BIGINT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('sent', 'unsent')), -- unsent: nobody knows where to
  email         TEXT NOT NULL,
  made_at       BIGINT NOT NULL,
  UNIQUE (cycle, provider, supplier_id)
);
CREATE INDEX order_lines_cycle ON order_lines (cycle) WHERE cycle <> 0;
