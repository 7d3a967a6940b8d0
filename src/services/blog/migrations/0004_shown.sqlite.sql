-- SPDX-License-Identifier: Apache-2.0
-- What every list shows of a post's tags and authors stands in the post's own row, as `slug US name`, RS between them: a list
-- reads no edges. Triggers keep it what edges and objects say, so that no writer can forget.

ALTER TABLE objects ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE objects ADD COLUMN authors TEXT NOT NULL DEFAULT '';

-- The one place that knows how: UPDATE object_links SET renew = 1 WHERE id = ….
CREATE VIEW object_links AS SELECT id, 0 AS renew FROM objects;
CREATE TRIGGER object_links_renew INSTEAD OF UPDATE ON object_links BEGIN
  UPDATE objects
     SET tags = COALESCE((SELECT group_concat(one, char(30))
                            FROM (SELECT t.slug || char(31) || replace(t.title, char(30), ' ') AS one
                                    FROM edges e CROSS JOIN objects t ON t.id = e.dst
                                   WHERE e.src = NEW.id AND e.type = 'tagged' AND t.status IN ('published', 'scheduled')
                                   ORDER BY e.ord, e.dst)), ''),
         authors = COALESCE((SELECT group_concat(one, char(30))
                               FROM (SELECT t.slug || char(31) || replace(t.title, char(30), ' ') AS one
                                       FROM edges e CROSS JOIN objects t ON t.id = e.dst
                                      WHERE e.src = NEW.id AND e.type = 'authored-by' AND t.status IN ('published', 'scheduled')
                                      ORDER BY e.ord, e.dst)), '')
   WHERE id = NEW.id;
END;

CREATE TRIGGER edges_shown_added AFTER INSERT ON edges WHEN NEW.type IN ('tagged', 'authored-by') BEGIN
  UPDATE object_links SET renew = 1 WHERE id = NEW.src;
END;
CREATE TRIGGER edges_shown_changed AFTER UPDATE ON edges WHEN NEW.type IN ('tagged', 'authored-by') OR OLD.type IN ('tagged', 'authored-by') BEGIN
  UPDATE object_links SET renew = 1 WHERE id IN (NEW.src, OLD.src);
END;
CREATE TRIGGER edges_shown_removed AFTER DELETE ON edges WHEN OLD.type IN ('tagged', 'authored-by') BEGIN
  UPDATE object_links SET renew = 1 WHERE id = OLD.src;
END;

-- Edges may be there before either of their ends.
CREATE TRIGGER objects_shown_added AFTER INSERT ON objects BEGIN
  UPDATE object_links SET renew = 1
   WHERE id IN (SELECT src FROM edges WHERE dst = NEW.id AND type IN ('tagged', 'authored-by')
                UNION ALL SELECT src FROM edges WHERE src = NEW.id AND type IN ('tagged', 'authored-by'));
END;
CREATE TRIGGER objects_shown_changed AFTER UPDATE OF slug, title, status ON objects
  WHEN NEW.slug <> OLD.slug OR NEW.title <> OLD.title OR NEW.status <> OLD.status BEGIN
  UPDATE object_links SET renew = 1 WHERE id IN (SELECT src FROM edges WHERE dst = NEW.id AND type IN ('tagged', 'authored-by'));
END;
CREATE TRIGGER objects_shown_removed AFTER DELETE ON objects BEGIN
  UPDATE object_links SET renew = 1 WHERE id IN (SELECT src FROM edges WHERE dst = OLD.id AND type IN ('tagged', 'authored-by'));
END;

UPDATE object_links SET renew = 1 WHERE id IN (SELECT src FROM edges WHERE type IN ('tagged', 'authored-by'));

-- A menu in its order, from the index alone; settings in one walk.
DROP INDEX nav_items_of;
CREATE INDEX nav_items_of ON nav_items (menu, ord, id, parent_id, label, url);
CREATE TABLE settings_by_name (
  name        TEXT NOT NULL PRIMARY KEY,
  value       TEXT NOT NULL,
  updated_at  BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO settings_by_name (name, value, updated_at) SELECT name, value, updated_at FROM settings;
DROP TABLE settings;
ALTER TABLE settings_by_name RENAME TO settings;
