-- SPDX-License-Identifier: Apache-2.0
-- The shelf: what is for sale, from whom, at what price, how much is left. Money is whole minor units of the page's
-- currency, quantities whole base units; moments are microseconds UTC.

CREATE TABLE pages (
  id         BIGINT NOT NULL PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  title      TEXT NOT NULL,
  intro      TEXT NOT NULL DEFAULT '',         -- safe HTML
  currency   TEXT NOT NULL,                    -- ISO 4217
  account    TEXT NOT NULL DEFAULT '',         -- whose payment account takes the money; '': the site's
  state      TEXT NOT NULL DEFAULT 'open',     -- draft, open, closed
  rank       BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE suppliers (
  id         BIGINT NOT NULL PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL UNIQUE,
  about      TEXT NOT NULL DEFAULT '',
  tax_number TEXT NOT NULL DEFAULT '',
  vat        BOOLEAN NOT NULL DEFAULT FALSE,   -- registered
  margin     BIGINT NOT NULL DEFAULT 0,        -- basis points that a price has above theirs
  minimum    BIGINT NOT NULL DEFAULT 0,        -- of an order to them, minor units
  state      TEXT NOT NULL DEFAULT 'active',   -- active, paused
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE TABLE supplier_people (
  supplier_id BIGINT NOT NULL REFERENCES suppliers (id) ON DELETE CASCADE,
  person      BIGINT NOT NULL,
  PRIMARY KEY (person, supplier_id)
);

-- path: "Clothing > Shirts", as imports and people write it; slug: of the whole path.
CREATE TABLE categories (
  id         BIGINT NOT NULL PRIMARY KEY,
  parent     BIGINT REFERENCES categories (id),
  path       TEXT NOT NULL UNIQUE,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  depth      BIGINT NOT NULL
);

-- What lists show and sort by (price_from to available) follows from the variants: market_product_refresh.
CREATE TABLE products (
  id          BIGINT NOT NULL PRIMARY KEY,
  page_id     BIGINT NOT NULL REFERENCES pages (id),
  supplier_id BIGINT REFERENCES suppliers (id),
  handle      TEXT NOT NULL UNIQUE,
  source      TEXT,                             -- key in the system that it came from: "woo:tea-01"
  title       TEXT NOT NULL,
  body        TEXT NOT NULL,                    -- safe HTML
  summary     TEXT NOT NULL,
  type        TEXT NOT NULL,
  tags        TEXT NOT NULL,                    -- "a, b"
  categories  TEXT NOT NULL,                    -- "A > B, C"; '': the type is
  option1     TEXT NOT NULL,
  option2     TEXT NOT NULL,
  option3     TEXT NOT NULL,
  status      TEXT NOT NULL,                    -- active, draft, archived, unlisted
  published   BOOLEAN NOT NULL,
  contains    TEXT NOT NULL,                    -- allergens of EU 1169/2011, a comma between them
  may_contain TEXT NOT NULL,
  ingredients TEXT NOT NULL,
  origin      TEXT NOT NULL,
  vat         BIGINT NOT NULL,                  -- basis points
  age         BIGINT NOT NULL,                  -- years that a buyer must have; 0: any
  keeps       TEXT NOT NULL,                    -- why it can't be withdrawn from; '': it can
  listed      BOOLEAN NOT NULL,                 -- active and published, with a variant
  price_from  BIGINT NOT NULL,
  price_to    BIGINT NOT NULL,
  available   BOOLEAN NOT NULL,
  image       TEXT NOT NULL,
  image_alt   TEXT NOT NULL,
  version     BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX products_by_source ON products (source);
CREATE INDEX products_by_supplier ON products (supplier_id);
CREATE INDEX products_by_page ON products (page_id, listed, id);
CREATE INDEX products_by_price ON products (page_id, listed, price_from, id);

CREATE TABLE images (
  product_id BIGINT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  rank       BIGINT NOT NULL,
  src        TEXT NOT NULL,
  alt        TEXT NOT NULL,
  PRIMARY KEY (product_id, rank)
);

-- Categories and tags that lists are narrowed down by. A product is in each category above its own, too.
CREATE TABLE facets (
  product_id BIGINT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  page_id    BIGINT NOT NULL,
  kind       TEXT NOT NULL,                     -- category, tag
  slug       TEXT NOT NULL,
  name       TEXT NOT NULL,
  PRIMARY KEY (product_id, kind, slug)
);
CREATE INDEX facets_by_slug ON facets (page_id, kind, slug, product_id);

-- on_hand counts what lies there, held what checkouts hold of it. Only what is counted can run out.
CREATE TABLE stock_items (
  id       BIGINT NOT NULL PRIMARY KEY,
  kind     TEXT NOT NULL,                       -- counted, on_demand, unlimited
  on_hand  BIGINT NOT NULL,
  held     BIGINT NOT NULL DEFAULT 0,
  sold     BIGINT NOT NULL DEFAULT 0,
  imported BIGINT,                              -- what a file said last
  CHECK (held >= 0 AND on_hand >= 0),
  CHECK (kind <> 'counted' OR held <= on_hand)
);
-- Append only; those of an item add up to its on_hand.
CREATE TABLE stock_moves (
  id        BIGINT NOT NULL PRIMARY KEY,
  stock_id  BIGINT NOT NULL REFERENCES stock_items (id),
  kind      TEXT NOT NULL,                      -- sale, return, count, waste, delivery
  quantity  BIGINT NOT NULL,
  reference TEXT NOT NULL,                      -- order, refund, import
  person    BIGINT,
  at        BIGINT NOT NULL
);
CREATE INDEX stock_moves_by_item ON stock_moves (stock_id, id);

CREATE TABLE variants (
  id             BIGINT NOT NULL PRIMARY KEY,
  product_id     BIGINT NOT NULL REFERENCES products (id),
  rank           BIGINT NOT NULL,
  state          TEXT NOT NULL,                 -- active, archived
  value1         TEXT NOT NULL,
  value2         TEXT NOT NULL,
  value3         TEXT NOT NULL,
  sku            TEXT NOT NULL,
  gtin           TEXT NOT NULL,
  price          BIGINT NOT NULL,
  was            BIGINT NOT NULL,               -- 0: no reduction
  supplier_price BIGINT NOT NULL,               -- 0: what the margin leaves
  deposit        BIGINT NOT NULL,
  unit           TEXT NOT NULL,                 -- g, ml, piece
  content        BIGINT NOT NULL,               -- of one, in units
  per_kg         BIGINT NOT NULL,               -- weighed at collection; 0: it is not
  least          BIGINT NOT NULL,               -- of an order
  step           BIGINT NOT NULL,
  most           BIGINT NOT NULL,               -- 0: any number
  stock_id       BIGINT NOT NULL REFERENCES stock_items (id),
  factor         BIGINT NOT NULL,               -- of the stock item, for one
  image          TEXT NOT NULL,
  carried        TEXT NOT NULL                  -- columns of a file that mean nothing here, kept for the way back: JSON
);
CREATE INDEX variants_by_product ON variants (product_id, rank, id);
CREATE INDEX variants_by_stock ON variants (stock_id);
CREATE INDEX variants_by_sku ON variants (sku);

-- What a variant cost from when on. Append only.
CREATE TABLE prices (
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  at         BIGINT NOT NULL,
  price      BIGINT NOT NULL,
  was        BIGINT NOT NULL,
  PRIMARY KEY (variant_id, at)
);

CREATE TABLE holds (
  checkout TEXT NOT NULL,
  stock_id BIGINT NOT NULL REFERENCES stock_items (id),
  revision BIGINT NOT NULL,
  quantity BIGINT NOT NULL,                     -- of the stock item
  until_at BIGINT NOT NULL,
  PRIMARY KEY (checkout, stock_id)
);
CREATE INDEX holds_by_stock ON holds (stock_id, until_at);

-- What a checkout asked for and what came of it, so that the same question has the same answer.
CREATE TABLE checkouts (
  checkout TEXT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL,
  state    TEXT NOT NULL,                       -- held, refused, sold, lapsed, released
  answer   TEXT NOT NULL,                       -- JSON
  at       BIGINT NOT NULL
);
-- What was sold to a checkout, by line: a later revision counts it as its own.
CREATE TABLE sold_lines (
  checkout   TEXT NOT NULL,
  line       BIGINT NOT NULL,
  variant_id BIGINT NOT NULL REFERENCES variants (id),
  quantity   BIGINT NOT NULL,
  returned   BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (checkout, line)
);
CREATE TABLE returns (
  checkout  TEXT NOT NULL,
  reference TEXT NOT NULL,
  at        BIGINT NOT NULL,
  PRIMARY KEY (checkout, reference)
);

-- One row for each file that was taken, and what it changed.
CREATE TABLE imports (
  id        BIGINT NOT NULL PRIMARY KEY,
  name      TEXT NOT NULL,                      -- of the file
  format    TEXT NOT NULL,                      -- shopify, woocommerce, ofn
  state     TEXT NOT NULL,                      -- staged, applied, undone, refused
  added     BIGINT NOT NULL,
  changed   BIGINT NOT NULL,
  same      BIGINT NOT NULL,
  person    BIGINT,
  at        BIGINT NOT NULL
);
-- Of a product: as it was ('': it was not there), and as it is now; a row of the file, as JSON.
CREATE TABLE import_rows (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  line      BIGINT NOT NULL,
  handle    TEXT NOT NULL,
  what      TEXT NOT NULL,                      -- new, changed, same, refused
  reason    TEXT NOT NULL,
  before    TEXT NOT NULL,
  after     TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);
