-- SPDX-License-Identifier: Apache-2.0
-- The media library: what a file is called, what is to be seen on it, who brought it, and where it is used.

ALTER TABLE media ADD COLUMN name TEXT NOT NULL DEFAULT '';        -- as it was called where it came from, or as an editor calls it
ALTER TABLE media ADD COLUMN alt TEXT NOT NULL DEFAULT '';         -- proposed wherever it is chosen
ALTER TABLE media ADD COLUMN person_id BIGINT;                     -- who brought it; NULL: an import, or somebody who has left
ALTER TABLE media ADD COLUMN person_name TEXT NOT NULL DEFAULT '';
ALTER TABLE media ADD COLUMN deleted_at BIGINT;                    -- out of the library; NULL: in it

UPDATE media SET name = COALESCE((SELECT replace(min(g.origin), rtrim(min(g.origin), replace(min(g.origin), '/', '')), '')
                                    FROM media_origins g WHERE g.media_id = media.id), '');

CREATE INDEX media_by_time ON media (created_at, id);
CREATE INDEX media_by_name ON media (name, id);
CREATE INDEX media_by_size ON media (bytes, id);
CREATE INDEX media_by_path ON media (path);
CREATE INDEX objects_by_image ON objects (image_id) WHERE image_id IS NOT NULL;

-- Files in texts: of what readers see (shown), and of the working copy (draft). Written with each of them.
CREATE TABLE media_uses (
  object_id   BIGINT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  place       TEXT NOT NULL CHECK (place IN ('shown', 'draft')),
  media_id    BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
  PRIMARY KEY (object_id, place, media_id)
);
CREATE INDEX media_uses_of ON media_uses (media_id, object_id);

INSERT INTO media_uses (object_id, place, media_id)
SELECT o.id, 'shown', m.id FROM objects o JOIN revisions r ON r.id = o.revision_id JOIN media m ON r.html LIKE '%' || m.sha256 || '%';
INSERT INTO media_uses (object_id, place, media_id)
SELECT d.object_id, 'draft', m.id FROM drafts d JOIN media m ON d.source LIKE '%' || m.sha256 || '%';
