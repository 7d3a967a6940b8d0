-- SPDX-License-Identifier: Apache-2.0
-- A file that is read in the background, until it has been.
CREATE TABLE import_files (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  part      BIGINT NOT NULL,
  bytes     BLOB NOT NULL,
  PRIMARY KEY (import_id, part)
);
