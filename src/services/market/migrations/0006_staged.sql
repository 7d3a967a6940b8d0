-- SPDX-License-Identifier: Apache-2.0
-- Imports that are looked at before they are taken, taken piece by piece, and taken back (ADR 15).
-- imports.state: reading, mapping, staged, applying, applied, undoing, undone, refused. added, changed, same, missing and refused count what was
-- staged; done what was applied, kept what was not taken back because somebody changed it since.
ALTER TABLE imports ADD COLUMN supplier_id BIGINT;
ALTER TABLE imports ADD COLUMN page TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN missing BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN refused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN ticked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN place BIGINT NOT NULL DEFAULT 0;    -- how far the state that it is in has come
ALTER TABLE imports ADD COLUMN total BIGINT NOT NULL DEFAULT 0;    -- rows there are in all
ALTER TABLE imports ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';   -- JSON: sentences about what was left out
ALTER TABLE imports ADD COLUMN headers TEXT NOT NULL DEFAULT '[]'; -- JSON: of a file whose columns nobody has named yet
ALTER TABLE imports ADD COLUMN problem TEXT NOT NULL DEFAULT '';   -- why it was refused

DROP TABLE import_rows;
-- before: the product as it was ('': it was not there); after: as the list has it ('': it is the same, refused or missing). JSON (import_json.c).
CREATE TABLE import_rows (
  import_id  BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  n          BIGINT NOT NULL,                   -- from 1, in the order of the list
  line       BIGINT NOT NULL,                   -- of the file; 0: it is not in it
  key        TEXT NOT NULL,
  title      TEXT NOT NULL,
  what       TEXT NOT NULL,                     -- new, changed, missing, same, refused
  reason     TEXT NOT NULL,
  ticked     BOOLEAN NOT NULL,
  state      TEXT NOT NULL DEFAULT '',          -- '', applied, undone, kept, failed
  product_id BIGINT NOT NULL,                   -- 0: none yet
  before     TEXT NOT NULL,
  after      TEXT NOT NULL,
  result     TEXT NOT NULL DEFAULT '',          -- hash of the product once it was applied
  stocks     TEXT NOT NULL DEFAULT '',          -- JSON: what lay there then, [[variant, how many], …]
  PRIMARY KEY (import_id, n)
);
CREATE INDEX import_rows_by_kind ON import_rows (import_id, what, n);
CREATE INDEX import_rows_by_product ON import_rows (import_id, product_id);

-- Market pages, suppliers and categories that an import made: they go with it when nothing else is in them.
CREATE TABLE import_made (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  kind      TEXT NOT NULL,                      -- page, supplier, category
  object    BIGINT NOT NULL,
  PRIMARY KEY (import_id, object)
);
-- Which column of ours a supplier's header is; supplier 0: nobody's.
CREATE TABLE import_headers (
  supplier_id BIGINT NOT NULL,
  header      TEXT NOT NULL,                    -- as it stands in the list
  place       TEXT NOT NULL,                    -- the column's name; '': it is left out
  PRIMARY KEY (supplier_id, header)
);
