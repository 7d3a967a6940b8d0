-- SPDX-License-Identifier: Apache-2.0
-- What the payment provider paid out, line by line, as it says.
CREATE TABLE payouts (
  id           BIGINT NOT NULL PRIMARY KEY,
  merchant     TEXT NOT NULL,
  remote_id    TEXT NOT NULL,
  kind         TEXT NOT NULL,              -- PAYOUT, REFUND_DEDUCTION, CHARGE_BACK_DEDUCTION, …
  state        TEXT NOT NULL CHECK (state IN ('matched', 'unmatched', 'failed')),
  day          TEXT NOT NULL,              -- "2026-11-28"
  amount       BIGINT NOT NULL,            -- minor units that reached the bank; negative: were taken off
  fee          BIGINT NOT NULL,
  currency     TEXT NOT NULL,
  reference    TEXT NOT NULL,
  code         TEXT NOT NULL,              -- of the transaction
  order_number TEXT NOT NULL,              -- "": none of ours
  seen_at      BIGINT NOT NULL,
  UNIQUE (merchant, remote_id)
);
CREATE INDEX payouts_day ON payouts (day, id);
ALTER TABLE payments ADD COLUMN remote_code TEXT NOT NULL DEFAULT '';
CREATE INDEX payments_code ON payments (remote_code) WHERE remote_code <> '';
