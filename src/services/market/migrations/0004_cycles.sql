-- SPDX-License-Identifier: Apache-2.0
-- Order cycles: what can be ordered from when until when, at which price, and how much of it. The state of one follows from the clock.
CREATE TABLE cycles (
  id          BIGINT NOT NULL PRIMARY KEY,
  title       TEXT NOT NULL,
  opens_at    BIGINT NOT NULL,
  closes_at   BIGINT NOT NULL,
  delivers_at BIGINT NOT NULL,                  -- from then on it is over
  told        BIGINT NOT NULL DEFAULT 0,        -- 1: that it opened, 2: that it closed, too
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  CHECK (opens_at < closes_at AND closes_at <= delivers_at)
);
CREATE INDEX cycles_by_end ON cycles (delivers_at);
CREATE INDEX cycles_untold ON cycles (opens_at) WHERE told < 2;
-- A variant that is in any can be had only while one of them is open.
CREATE TABLE cycle_variants (
  cycle_id   BIGINT NOT NULL REFERENCES cycles (id) ON DELETE CASCADE,
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  price      BIGINT NOT NULL,                   -- 0: the usual one
  cap        BIGINT NOT NULL,                   -- of all orders in the cycle; 0: any number
  PRIMARY KEY (cycle_id, variant_id)
);
CREATE INDEX cycle_variants_by_variant ON cycle_variants (variant_id, cycle_id);
-- In which cycle a line was wanted and sold; 0: in none.
ALTER TABLE wanted_lines ADD COLUMN cycle_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sold_lines ADD COLUMN cycle_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX wanted_lines_by_cycle ON wanted_lines (cycle_id, variant_id) WHERE cycle_id <> 0;
CREATE INDEX sold_lines_by_cycle ON sold_lines (cycle_id, variant_id) WHERE cycle_id <> 0;
