-- SPDX-License-Identifier: Apache-2.0
-- What a payment provider keeps, as far as a shop can see it.
CREATE TABLE checkouts (
  id           TEXT NOT NULL PRIMARY KEY,
  merchant     TEXT NOT NULL,
  reference    TEXT NOT NULL,
  amount       BIGINT NOT NULL,             -- minor units
  currency     TEXT NOT NULL,
  description  TEXT NOT NULL,
  return_url   TEXT NOT NULL,
  redirect_url TEXT NOT NULL,
  hosted       BOOLEAN NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('PENDING', 'PAID', 'FAILED', 'EXPIRED')),
  valid_until  BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  UNIQUE (merchant, reference)
);
CREATE TABLE transactions (
  id          TEXT NOT NULL PRIMARY KEY,
  code        TEXT NOT NULL UNIQUE,
  checkout_id TEXT NOT NULL REFERENCES checkouts (id) ON DELETE CASCADE,
  amount      BIGINT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('SUCCESSFUL', 'FAILED')),
  at          BIGINT NOT NULL
);
CREATE INDEX transactions_checkout ON transactions (checkout_id, at);
CREATE TABLE refunds (
  id             BIGINT NOT NULL PRIMARY KEY,
  transaction_id TEXT NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
  amount         BIGINT NOT NULL,
  at             BIGINT NOT NULL,
  shown_at       BIGINT NOT NULL,           -- when the transaction's events have it
  lost           BOOLEAN NOT NULL           -- acknowledged, and never carried out
);
CREATE INDEX refunds_transaction ON refunds (transaction_id, id);
CREATE TABLE requests (
  id     BIGINT NOT NULL PRIMARY KEY,
  at     BIGINT NOT NULL,
  method TEXT NOT NULL,
  path   TEXT NOT NULL,
  body   TEXT NOT NULL,
  status BIGINT NOT NULL                    -- 0: it was left without an answer
);
-- How it misbehaves: one row, a JSON object (faults.c).
CREATE TABLE faults (
  id       BIGINT NOT NULL PRIMARY KEY,
  document TEXT NOT NULL
);
