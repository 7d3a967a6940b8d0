-- SPDX-License-Identifier: Apache-2.0
-- Pictures that lists name elsewhere are fetched into our own media. images.origin: the address that a list named, where src is ours; '': it is as it
-- came. Lists, exports and what an import takes back go by that.
ALTER TABLE images ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX images_by_src ON images (src);
CREATE TABLE pictures (
  src       TEXT NOT NULL PRIMARY KEY,          -- as lists name it
  state     TEXT NOT NULL,                      -- waiting, here, failed
  path      TEXT NOT NULL DEFAULT '',           -- ours
  tries     BIGINT NOT NULL DEFAULT 0,
  next_at   BIGINT NOT NULL,                    -- waiting: not before
  reason    TEXT NOT NULL DEFAULT '',
  import_id BIGINT NOT NULL                     -- that named it last; 0: none
);
CREATE INDEX pictures_waiting ON pictures (next_at) WHERE state = 'waiting';
CREATE INDEX pictures_by_import ON pictures (import_id, state);
