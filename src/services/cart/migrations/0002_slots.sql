-- SPDX-License-Identifier: Apache-2.0
-- When and where things are collected.
CREATE TABLE slots (
  id        BIGINT NOT NULL PRIMARY KEY,
  place     TEXT NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at   BIGINT NOT NULL,
  closes_at BIGINT NOT NULL,                -- chosen until then
  capacity  BIGINT NOT NULL CHECK (capacity > 0), -- people at most
  removed   BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX slots_starts ON slots (starts_at);
ALTER TABLE orders ADD COLUMN slot_id BIGINT;
CREATE INDEX orders_slot ON orders (slot_id) WHERE slot_id IS NOT NULL;
CREATE INDEX invoices_issued ON invoices (issued_at);
