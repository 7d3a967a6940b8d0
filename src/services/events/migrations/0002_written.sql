-- SPDX-License-Identifier: Apache-2.0
-- What is deleted can be had back for a while, and a series that was parted knows what it was a part of.
ALTER TABLE entries ADD COLUMN gone_at BIGINT NOT NULL DEFAULT 0;   -- when it was deleted; 0: it is there
ALTER TABLE entries ADD COLUMN related TEXT NOT NULL DEFAULT '';    -- UID of the series that it was parted from
CREATE INDEX entries_changed ON entries (updated_at, id);
CREATE INDEX entries_gone ON entries (gone_at) WHERE gone_at > 0;
