-- SPDX-License-Identifier: Apache-2.0
-- Baskets, orders, payments, and the journal that all of it adds up to.

-- What somebody means to buy. It holds nothing.
CREATE TABLE baskets (
  id         BIGINT NOT NULL PRIMARY KEY,
  owner      TEXT NOT NULL UNIQUE,          -- "p" and the person's id, or "v" and the hash of the browser's cookie
  created_at BIGINT NOT NULL,
  touched_at BIGINT NOT NULL
);
CREATE INDEX baskets_touched ON baskets (touched_at);

CREATE TABLE basket_lines (
  id        BIGINT NOT NULL PRIMARY KEY,
  basket_id BIGINT NOT NULL REFERENCES baskets (id) ON DELETE CASCADE,
  provider  TEXT NOT NULL,                  -- the seller: a service
  item      TEXT NOT NULL,                  -- the seller's name of it
  quantity  BIGINT NOT NULL CHECK (quantity > 0),
  own_price BIGINT,                         -- pay what you can, minor units
  answers   TEXT NOT NULL DEFAULT '',
  UNIQUE (basket_id, provider, item, answers)
);

-- An order takes the lines of one payment account. Orders of one checkout were placed in one press.
CREATE TABLE orders (
  id          BIGINT NOT NULL PRIMARY KEY,
  number      TEXT NOT NULL UNIQUE,         -- what people say
  secret      TEXT NOT NULL,                -- of the link that shows it without signing in
  press       TEXT NOT NULL,                -- the same press of the button makes the same orders
  part        BIGINT NOT NULL,              -- which of them
  parts       BIGINT NOT NULL,
  checkout    TEXT NOT NULL,                -- what its sellers know it by
  revision    BIGINT NOT NULL,
  person_id   BIGINT,
  account     TEXT NOT NULL,                -- whose money it is: "market/bakery"
  account_name TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('placed', 'closed', 'cancelled')),
  payment     TEXT NOT NULL CHECK (payment IN ('none', 'pending', 'part', 'paid', 'on_hold', 'part_refunded', 'refunded')),
  fulfilment  TEXT NOT NULL CHECK (fulfilment IN ('none', 'packing', 'ready', 'handed_over', 'returned')),
  supply      TEXT NOT NULL CHECK (supply IN ('held', 'sold', 'released')),
  held_until  BIGINT NOT NULL,
  method      TEXT NOT NULL,
  currency    TEXT NOT NULL,
  total       BIGINT NOT NULL,
  vat         BIGINT NOT NULL,
  paid        BIGINT NOT NULL DEFAULT 0,
  refunded    BIGINT NOT NULL DEFAULT 0,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL,
  phone       TEXT NOT NULL,
  note        TEXT NOT NULL,
  lang        TEXT NOT NULL,
  why         TEXT NOT NULL DEFAULT '',     -- of a cancelled one: lapsed, buyer, keeper, lost
  placed_at   BIGINT NOT NULL,
  paid_at     BIGINT,
  ended_at    BIGINT,
  UNIQUE (press, part)
);
CREATE INDEX orders_person ON orders (person_id, id);
CREATE INDEX orders_held ON orders (held_until) WHERE supply = 'held';
CREATE INDEX orders_state ON orders (state, id);

CREATE TABLE order_lines (
  order_id      BIGINT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  line          BIGINT NOT NULL,
  provider      TEXT NOT NULL,
  item          TEXT NOT NULL,
  quantity      BIGINT NOT NULL CHECK (quantity > 0),
  kind          TEXT NOT NULL,
  name          TEXT NOT NULL,
  variant       TEXT NOT NULL,
  url           TEXT NOT NULL,
  picture       TEXT NOT NULL,
  price         BIGINT NOT NULL,            -- of one, taxes in
  total         BIGINT NOT NULL,
  vat_rate      BIGINT NOT NULL,            -- basis points
  vat           BIGINT NOT NULL,            -- this line's part of the sum of its rate
  supplier_id   BIGINT NOT NULL,
  supplier_name TEXT NOT NULL,
  supplier_price BIGINT NOT NULL,
  own_price     BIGINT,
  answers       TEXT NOT NULL,
  keeps         TEXT NOT NULL,              -- why there is no withdrawing from it; "": there is
  cycle         BIGINT NOT NULL,
  returned      BIGINT NOT NULL DEFAULT 0,  -- of quantity
  refunded      BIGINT NOT NULL DEFAULT 0,  -- minor units
  sold_note     TEXT NOT NULL DEFAULT '',
  sold_url      TEXT NOT NULL DEFAULT '',
  sold_code     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (order_id, line)
);

-- What happened to an order. Only added to.
CREATE TABLE order_events (
  id       BIGINT NOT NULL PRIMARY KEY,
  order_id BIGINT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  at       BIGINT NOT NULL,
  actor    TEXT NOT NULL,                   -- id of a person, "" the buyer without one, "system"
  what     TEXT NOT NULL,
  amount   BIGINT NOT NULL DEFAULT 0,
  note     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX order_events_order ON order_events (order_id, id);

-- One attempt to pay. At most one of an order is alive.
CREATE TABLE payments (
  id         BIGINT NOT NULL PRIMARY KEY,
  order_id   BIGINT NOT NULL REFERENCES orders (id),
  attempt    BIGINT NOT NULL,
  method     TEXT NOT NULL,
  reference  TEXT NOT NULL UNIQUE,          -- "<order number>-<attempt>"
  amount     BIGINT NOT NULL CHECK (amount > 0),
  state      TEXT NOT NULL CHECK (state IN ('created', 'pending', 'unknown', 'paid', 'failed', 'expired')),
  remote_id  TEXT NOT NULL DEFAULT '',
  remote_url TEXT NOT NULL DEFAULT '',
  remote_txn TEXT NOT NULL DEFAULT '',      -- what a refund names
  why        TEXT NOT NULL DEFAULT '',
  until      BIGINT NOT NULL,               -- the provider takes no money after that
  checks     BIGINT NOT NULL DEFAULT 0,
  next_at    BIGINT,                        -- when the provider is asked again; NULL: it is settled
  created_at BIGINT NOT NULL,
  settled_at BIGINT,
  UNIQUE (order_id, attempt)
);
CREATE UNIQUE INDEX payments_alive ON payments (order_id) WHERE state IN ('created', 'pending', 'unknown');
CREATE INDEX payments_next ON payments (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX payments_remote ON payments (remote_id);

CREATE TABLE refunds (
  id         BIGINT NOT NULL PRIMARY KEY,
  order_id   BIGINT NOT NULL REFERENCES orders (id),
  payment_id BIGINT NOT NULL REFERENCES payments (id),
  amount     BIGINT NOT NULL CHECK (amount > 0),
  state      TEXT NOT NULL CHECK (state IN ('wanted', 'sent', 'confirmed', 'refused', 'unknown')),
  lines      TEXT NOT NULL,                 -- JSON: [{"line":1,"quantity":2,"amount":480}]
  restock    BOOLEAN NOT NULL,
  restocked  BOOLEAN NOT NULL DEFAULT FALSE,
  reason     TEXT NOT NULL,
  actor      TEXT NOT NULL,
  checks     BIGINT NOT NULL DEFAULT 0,
  next_at    BIGINT,
  why        TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  settled_at BIGINT
);
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_next ON refunds (next_at) WHERE next_at IS NOT NULL;

-- Numbers without gaps: the next one is taken in the transaction that issues.
CREATE TABLE series (
  name TEXT NOT NULL PRIMARY KEY,
  last BIGINT NOT NULL
);

-- Invoices and credit notes, as they were issued. Never changed.
CREATE TABLE invoices (
  id        BIGINT NOT NULL PRIMARY KEY,
  series    TEXT NOT NULL,
  number    BIGINT NOT NULL,
  kind      TEXT NOT NULL CHECK (kind IN ('invoice', 'credit')),
  order_id  BIGINT NOT NULL REFERENCES orders (id),
  refund_id BIGINT,
  total     BIGINT NOT NULL,
  vat       BIGINT NOT NULL,
  currency  TEXT NOT NULL,
  document  TEXT NOT NULL,                  -- JSON of all that it says
  issued_at BIGINT NOT NULL,
  UNIQUE (series, number)
);
CREATE UNIQUE INDEX invoices_of_order ON invoices (order_id) WHERE kind = 'invoice';
CREATE UNIQUE INDEX invoices_of_refund ON invoices (refund_id) WHERE refund_id IS NOT NULL;

-- The journal. Postings of an entry add up to 0; nothing is changed, a mistake is reversed by another entry.
CREATE TABLE entries (
  id       BIGINT NOT NULL PRIMARY KEY,
  at       BIGINT NOT NULL,
  what     TEXT NOT NULL,                   -- sale, payment, refund, credit
  ref      TEXT NOT NULL,                   -- what it follows from: once each
  order_id BIGINT,
  UNIQUE (what, ref)
);
CREATE TABLE postings (
  entry_id BIGINT NOT NULL REFERENCES entries (id),
  account  TEXT NOT NULL,                   -- order, sales, vat:2000, supplier:17, sumup, cash, bank, balance:…
  amount   BIGINT NOT NULL,                 -- positive: debit
  currency TEXT NOT NULL,
  PRIMARY KEY (entry_id, account)
);
CREATE INDEX postings_account ON postings (account, entry_id);

-- Money that a person has here.
CREATE TABLE balances (
  person_id BIGINT NOT NULL,
  currency  TEXT NOT NULL,
  minor     BIGINT NOT NULL CHECK (minor >= 0),
  PRIMARY KEY (person_id, currency)
);

-- Whose money an order is: keyed as sellers name it ("market/bakery"). What has no row uses the settings.
CREATE TABLE accounts (
  name       TEXT NOT NULL PRIMARY KEY,
  merchant   TEXT NOT NULL,
  api_key    TEXT NOT NULL,                 -- sealed
  updated_at BIGINT NOT NULL
);
