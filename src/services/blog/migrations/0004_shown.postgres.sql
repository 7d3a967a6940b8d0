-- SPDX-License-Identifier: Apache-2.0
-- What every list shows of a post's tags and authors stands in the post's own row, as `slug US name`, RS between them: a list
-- reads no edges. Triggers keep it what edges and objects say, so that no writer can forget.

ALTER TABLE objects ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE objects ADD COLUMN authors TEXT NOT NULL DEFAULT '';

CREATE FUNCTION object_links(of BIGINT, kind TEXT) RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT COALESCE(string_agg(t.slug || chr(31) || replace(t.title, chr(30), ' '), chr(30) ORDER BY e.ord, e.dst), '')
    FROM edges e JOIN objects t ON t.id = e.dst
   WHERE e.src = of AND e.type = kind AND t.status IN ('published', 'scheduled')
$$;

CREATE FUNCTION edges_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE objects SET tags = object_links(id, 'tagged'), authors = object_links(id, 'authored-by') WHERE id IN (NEW.src, OLD.src);
  RETURN NULL;
END
$$;
CREATE TRIGGER edges_shown_added AFTER INSERT ON edges
  FOR EACH ROW WHEN (NEW.type IN ('tagged', 'authored-by')) EXECUTE FUNCTION edges_shown();
CREATE TRIGGER edges_shown_changed AFTER UPDATE ON edges
  FOR EACH ROW WHEN (NEW.type IN ('tagged', 'authored-by') OR OLD.type IN ('tagged', 'authored-by')) EXECUTE FUNCTION edges_shown();
CREATE TRIGGER edges_shown_removed AFTER DELETE ON edges
  FOR EACH ROW WHEN (OLD.type IN ('tagged', 'authored-by')) EXECUTE FUNCTION edges_shown();

-- Edges may be there before either of their ends.
CREATE FUNCTION objects_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE objects SET tags = object_links(id, 'tagged'), authors = object_links(id, 'authored-by')
   WHERE id IN (SELECT src FROM edges WHERE dst IN (NEW.id, OLD.id) AND type IN ('tagged', 'authored-by')
                UNION ALL SELECT src FROM edges WHERE src = NEW.id AND type IN ('tagged', 'authored-by'));
  RETURN NULL;
END
$$;
CREATE TRIGGER objects_shown_added AFTER INSERT ON objects FOR EACH ROW EXECUTE FUNCTION objects_shown();
CREATE TRIGGER objects_shown_changed AFTER UPDATE OF slug, title, status ON objects
  FOR EACH ROW WHEN (NEW.slug <> OLD.slug OR NEW.title <> OLD.title OR NEW.status <> OLD.status) EXECUTE FUNCTION objects_shown();
CREATE TRIGGER objects_shown_removed AFTER DELETE ON objects FOR EACH ROW EXECUTE FUNCTION objects_shown();

UPDATE objects SET tags = object_links(id, 'tagged'), authors = object_links(id, 'authored-by')
 WHERE id IN (SELECT src FROM edges WHERE type IN ('tagged', 'authored-by'));

-- A menu in its order, from the index alone.
DROP INDEX nav_items_of;
CREATE INDEX nav_items_of ON nav_items (menu, ord, id) INCLUDE (parent_id, label, url);
